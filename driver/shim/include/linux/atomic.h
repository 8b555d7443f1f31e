/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Atomic counters on the compiler's builtins. */
#ifndef SHIM_LINUX_ATOMIC_H
#define SHIM_LINUX_ATOMIC_H

#include <linux/types.h>

#define ATOMIC_INIT(i) { (i) }
#define ATOMIC64_INIT(i) { (i) }

#define __SHIM_ATOMIC(pfx, T, V)								\
static inline V pfx##_read(const T *a) { return __atomic_load_n(&a->counter, __ATOMIC_RELAXED); }	\
static inline V pfx##_read_acquire(const T *a) { return __atomic_load_n(&a->counter, __ATOMIC_ACQUIRE); } \
static inline void pfx##_set(T *a, V v) { __atomic_store_n(&a->counter, v, __ATOMIC_RELAXED); }	\
static inline void pfx##_set_release(T *a, V v) { __atomic_store_n(&a->counter, v, __ATOMIC_RELEASE); } \
static inline void pfx##_add(V v, T *a) { __atomic_fetch_add(&a->counter, v, __ATOMIC_RELAXED); } \
static inline void pfx##_sub(V v, T *a) { __atomic_fetch_sub(&a->counter, v, __ATOMIC_RELAXED); } \
static inline void pfx##_inc(T *a) { pfx##_add(1, a); }						\
static inline void pfx##_dec(T *a) { pfx##_sub(1, a); }						\
static inline V pfx##_add_return(V v, T *a) { return __atomic_add_fetch(&a->counter, v, __ATOMIC_SEQ_CST); } \
static inline V pfx##_sub_return(V v, T *a) { return __atomic_sub_fetch(&a->counter, v, __ATOMIC_SEQ_CST); } \
static inline V pfx##_inc_return(T *a) { return pfx##_add_return(1, a); }			\
static inline V pfx##_dec_return(T *a) { return pfx##_sub_return(1, a); }			\
static inline bool pfx##_dec_and_test(T *a) { return pfx##_sub_return(1, a) == 0; }		\
static inline V pfx##_xchg(T *a, V v) { return __atomic_exchange_n(&a->counter, v, __ATOMIC_SEQ_CST); } \
static inline V pfx##_cmpxchg(T *a, V o, V n)							\
{												\
	__atomic_compare_exchange_n(&a->counter, &o, n, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	return o;										\
}

__SHIM_ATOMIC(atomic, atomic_t, int)
__SHIM_ATOMIC(atomic64, atomic64_t, s64)

/* Fences for code that pairs with the device; the simulator sits behind real locks anyway. */
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#define mb() smp_mb()
#define rmb() smp_rmb()
#define wmb() smp_wmb()
#define dma_rmb() smp_rmb()
#define dma_wmb() smp_wmb()
#define smp_mb__before_atomic() smp_mb()
#define smp_mb__after_atomic() smp_mb()

#endif
