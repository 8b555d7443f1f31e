/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Arrays of pointers: a sorted table under a spinlock. XA_FLAGS_ALLOC(1) tracks free indices from 0 (1). */
#ifndef SHIM_LINUX_XARRAY_H
#define SHIM_LINUX_XARRAY_H

#include <linux/types.h>
#include <linux/spinlock.h>
#include <linux/slab.h>
#include <linux/limits.h>

struct shim_xa_slot {
	unsigned long index;
	void *entry;
};
struct xarray {
	spinlock_t xa_lock;
	unsigned int flags;
	unsigned int count, room;
	struct shim_xa_slot *slots;	/* count of them, rising indices */
};
struct xa_limit { u32 max, min; };

#define XA_FLAGS_ALLOC 1u
#define XA_FLAGS_ALLOC1 3u
#define XA_LIMIT(lo, hi) (struct xa_limit) { .min = (lo), .max = (hi) }
#define xa_limit_32b XA_LIMIT(0, UINT_MAX)
#define xa_limit_31b XA_LIMIT(0, INT_MAX)
#define DEFINE_XARRAY_FLAGS(n, f) struct xarray n = { .xa_lock = __SPIN_LOCK_UNLOCKED(n), .flags = (f) }
#define DEFINE_XARRAY_ALLOC(n) DEFINE_XARRAY_FLAGS(n, XA_FLAGS_ALLOC)

void xa_init_flags(struct xarray *xa, unsigned int flags);
static inline void xa_init(struct xarray *xa) { xa_init_flags(xa, 0); }
void xa_destroy(struct xarray *xa);
void *xa_load(struct xarray *xa, unsigned long index);
void *xa_erase(struct xarray *xa, unsigned long index);
int __must_check xa_alloc(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, gfp_t gfp);
void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max);
void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max);
bool xa_empty(const struct xarray *xa);

#define xa_for_each(xa, index, entry)						\
	for (index = 0, entry = xa_find(xa, &index, ULONG_MAX); entry;		\
	     entry = xa_find_after(xa, &index, ULONG_MAX))

#endif
