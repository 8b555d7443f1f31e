/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Reference counts that abort on use after free, underflow and overflow (the kernel warns and saturates). */
#ifndef SHIM_LINUX_REFCOUNT_H
#define SHIM_LINUX_REFCOUNT_H

#include <linux/atomic.h>
#include <linux/bug.h>

typedef struct refcount_struct { atomic_t refs; } refcount_t;
#define REFCOUNT_INIT(n) { .refs = ATOMIC_INIT(n) }

static inline void refcount_set(refcount_t *r, int n) { atomic_set(&r->refs, n); }
static inline unsigned int refcount_read(const refcount_t *r) { return (unsigned int)atomic_read(&r->refs); }
static inline void refcount_inc(refcount_t *r) { BUG_ON(atomic_inc_return(&r->refs) <= 1); }
static inline void refcount_add(int n, refcount_t *r) { BUG_ON(atomic_add_return(n, &r->refs) <= n); }
static inline bool refcount_inc_not_zero(refcount_t *r)
{
	int old = atomic_read(&r->refs);

	while (old && !__atomic_compare_exchange_n(&r->refs.counter, &old, old + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
	return old != 0;
}
static inline bool refcount_dec_and_test(refcount_t *r)
{
	int left = atomic_dec_return(&r->refs);

	BUG_ON(left < 0);
	return left == 0;
}
static inline void refcount_dec(refcount_t *r) { BUG_ON(atomic_dec_return(&r->refs) <= 0); }

#endif
