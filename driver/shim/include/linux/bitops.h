/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Atomic and plain bit operations on arrays of long. */
#ifndef SHIM_LINUX_BITOPS_H
#define SHIM_LINUX_BITOPS_H

#include <linux/bits.h>

#define BITS_TO_LONGS(n) (((n) + 63) / 64)
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]

static inline void set_bit(long nr, unsigned long *p) { __atomic_fetch_or(p + nr / 64, BIT(nr % 64), __ATOMIC_RELAXED); }
static inline void clear_bit(long nr, unsigned long *p) { __atomic_fetch_and(p + nr / 64, ~BIT(nr % 64), __ATOMIC_RELAXED); }
static inline bool test_bit(long nr, const unsigned long *p)
{
	return __atomic_load_n(p + nr / 64, __ATOMIC_RELAXED) >> (nr % 64) & 1;
}
static inline bool test_and_set_bit(long nr, unsigned long *p)
{
	return __atomic_fetch_or(p + nr / 64, BIT(nr % 64), __ATOMIC_SEQ_CST) >> (nr % 64) & 1;
}
static inline bool test_and_clear_bit(long nr, unsigned long *p)
{
	return __atomic_fetch_and(p + nr / 64, ~BIT(nr % 64), __ATOMIC_SEQ_CST) >> (nr % 64) & 1;
}
static inline int fls(unsigned int x) { return x ? 32 - __builtin_clz(x) : 0; }
static inline int fls64(u64 x) { return x ? 64 - __builtin_clzll(x) : 0; }
static inline unsigned long __ffs(unsigned long x) { return (unsigned long)__builtin_ctzl(x); }
static inline unsigned int hweight32(u32 x) { return (unsigned int)__builtin_popcount(x); }
static inline unsigned int hweight64(u64 x) { return (unsigned int)__builtin_popcountll(x); }

#endif
