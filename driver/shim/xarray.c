// SPDX-License-Identifier: GPL-2.0 OR MIT
/* xarray and IDA on one sorted table. */
#include <linux/xarray.h>
#include <linux/idr.h>

#include "shim.h"

void xa_init_flags(struct xarray *xa, unsigned int flags)
{
	*xa = (struct xarray) { .flags = flags };
	spin_lock_init(&xa->xa_lock);
}

/* Position of the first slot whose index is >= index. */
static unsigned int lower(const struct xarray *xa, unsigned long index)
{
	unsigned int lo = 0, hi = xa->count, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (xa->slots[mid].index < index)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void *xa_load(struct xarray *xa, unsigned long index)
{
	void *entry = NULL;
	unsigned int at;

	spin_lock(&xa->xa_lock);
	at = lower(xa, index);
	if (at < xa->count && xa->slots[at].index == index)
		entry = xa->slots[at].entry;
	spin_unlock(&xa->xa_lock);
	return entry;
}

void *xa_erase(struct xarray *xa, unsigned long index)
{
	struct shim_xa_slot *dead = NULL;
	void *entry = NULL;
	unsigned int at;

	spin_lock(&xa->xa_lock);
	at = lower(xa, index);
	if (at < xa->count && xa->slots[at].index == index) {
		entry = xa->slots[at].entry;
		memmove(xa->slots + at, xa->slots + at + 1, (xa->count - at - 1) * sizeof(*xa->slots));
		if (!--xa->count) {
			dead = xa->slots;
			xa->slots = NULL;
			xa->room = 0;
		}
	}
	spin_unlock(&xa->xa_lock);
	kfree(dead);
	return entry;
}

void xa_destroy(struct xarray *xa)
{
	struct shim_xa_slot *dead;

	spin_lock(&xa->xa_lock);
	dead = xa->slots;
	xa->slots = NULL;
	xa->count = xa->room = 0;
	spin_unlock(&xa->xa_lock);
	kfree(dead);
}

bool xa_empty(const struct xarray *xa)
{
	return !READ_ONCE(xa->count);
}

/* The lowest free index in [min, max]; false when there is none. Slots with consecutive indices are skipped by bisection. */
static bool find_free(const struct xarray *xa, unsigned long min, unsigned long max, unsigned long *index)
{
	unsigned int start = lower(xa, min), lo = start, hi = xa->count, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (xa->slots[mid].index - min == mid - start)
			lo = mid + 1;
		else
			hi = mid;
	}
	*index = min + (lo - start);
	return *index <= max;
}

/* Make room for one more without holding the lock over an allocation. */
static int reserve(struct xarray *xa, gfp_t gfp)
{
	struct shim_xa_slot *more, *old = NULL;
	unsigned int room;

	spin_lock(&xa->xa_lock);
	room = xa->room;
	if (xa->count < room) {
		spin_unlock(&xa->xa_lock);
		return 0;
	}
	spin_unlock(&xa->xa_lock);
	room = room ? room * 2 : 16;
	more = kmalloc_array(room, sizeof(*more), gfp);
	if (!more)
		return -ENOMEM;
	spin_lock(&xa->xa_lock);
	if (room > xa->room) {
		if (xa->count)
			memcpy(more, xa->slots, xa->count * sizeof(*more));
		old = xa->slots;
		xa->slots = more;
		xa->room = room;
		more = NULL;
	}
	spin_unlock(&xa->xa_lock);
	kfree(old);
	kfree(more);
	return 0;
}

int xa_alloc(struct xarray *xa, u32 *id, void *entry, struct xa_limit limit, gfp_t gfp)
{
	unsigned long index, min = limit.min;
	unsigned int at;
	int ret = 0;

	if (!(xa->flags & XA_FLAGS_ALLOC) || !entry)
		shim_die("xa_alloc on an array without XA_FLAGS_ALLOC, or of NULL");
	if (xa->flags == XA_FLAGS_ALLOC1 && !min)
		min = 1;
	for (;;) {
		ret = reserve(xa, gfp);
		if (ret)
			return ret;
		spin_lock(&xa->xa_lock);
		if (xa->count < xa->room)
			break;
		spin_unlock(&xa->xa_lock);	/* somebody took the place */
	}
	if (find_free(xa, min, limit.max, &index)) {
		at = lower(xa, index);
		memmove(xa->slots + at + 1, xa->slots + at, (xa->count - at) * sizeof(*xa->slots));
		xa->slots[at] = (struct shim_xa_slot) { index, entry };
		xa->count++;
		*id = (u32)index;
	} else {
		ret = -EBUSY;
	}
	spin_unlock(&xa->xa_lock);
	return ret;
}

void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max)
{
	void *entry = NULL;
	unsigned int at;

	spin_lock(&xa->xa_lock);
	at = lower(xa, *index);
	if (at < xa->count && xa->slots[at].index <= max) {
		*index = xa->slots[at].index;
		entry = xa->slots[at].entry;
	}
	spin_unlock(&xa->xa_lock);
	return entry;
}

void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max)
{
	unsigned long next = *index + 1;
	void *entry;

	if (!next)
		return NULL;
	entry = xa_find(xa, &next, max);
	if (entry)
		*index = next;
	return entry;
}

/* ---- IDA ----------------------------------------------------------------------------------------------------- */

#define MAX_IDAS 8

/* The driver's static ones, for a child of fork() to empty: their memory belongs to the parent's bookkeeping. */
static struct ida *idas[MAX_IDAS];

static void remember(struct ida *ida)
{
	struct ida *free_slot;
	int i;

	for (i = 0; i < MAX_IDAS; i++) {
		free_slot = NULL;
		if (__atomic_compare_exchange_n(&idas[i], &free_slot, ida, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
		    free_slot == ida)
			return;
	}
	shim_die("more than %d IDAs", MAX_IDAS);
}

void shim_ida_reset(void)
{
	for (int i = 0; i < MAX_IDAS && idas[i]; i++)
		xa_init_flags(&idas[i]->xa, idas[i]->xa.flags);
}

int ida_alloc_range(struct ida *ida, unsigned int min, unsigned int max, gfp_t gfp)
{
	u32 id;
	int ret;

	remember(ida);
	ret = xa_alloc(&ida->xa, &id, ida, XA_LIMIT(min, max), gfp);

	return ret ? (ret == -EBUSY ? -ENOSPC : ret) : (int)id;
}

void ida_free(struct ida *ida, unsigned int id)
{
	if (!xa_erase(&ida->xa, id))
		shim_die("ida_free of %u, which is not taken", id);
}

void ida_destroy(struct ida *ida)
{
	xa_destroy(&ida->xa);
}
