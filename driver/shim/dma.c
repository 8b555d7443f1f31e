// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Coherent DMA memory. It lies in a sparse memfd, an arena, so that a user's mmap can show the same pages: one for all, and
 * in the daemon one for each client, which gets the descriptor and so sees its own buffers alone. Three different
 * addresses lead to a page: the driver's, the device's (a mapping of its own, handed to the host interface) and the bus
 * address, which is a number in a window of its own. Using one in place of another cannot work by accident, and what the
 * device does to memory is no data race of threads, as on hardware. A page of nothing lies between two buffers, and bus
 * addresses come round again as late as possible. Freed memory is unmapped everywhere and its pages are given back.
 */
#include <linux/dma-mapping.h>

#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BUS_BASE 0x40000000ull
#define WINDOW (1ull << 34)		/* then round again */

struct shim_arena {
	int fd;
	u64 size;
	int refs;			/* its maker, each buffer */
};

struct dma_buf {
	struct list_head link;		/* rising offsets */
	struct shim_arena *arena;
	u64 off;			/* bus address - BUS_BASE, and the place in the arena */
	size_t size;			/* whole pages */
	void *cpu, *device;
	struct device *dev;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(bufs);
static struct shim_arena common = { .fd = -1, .refs = 1 };
static u64 cursor;
static u64 used, limit_bytes = ~0ull;	/* of all buffers */
static unsigned int buffers;

/* ---- arenas --------------------------------------------------------------------------------------------------------- */

/* Whoever gets the descriptor must not be able to take pages away under the device. */
static int arena_init(struct shim_arena *a)
{
	a->fd = memfd_create("lxa-dma", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	a->size = 0;
	if (a->fd < 0)
		return -ENOMEM;
	if (!fcntl(a->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL))
		return 0;
	sys_close(a->fd);
	a->fd = -1;
	return -ENOMEM;
}

struct shim_arena *shim_arena_create(void)
{
	struct shim_arena *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->refs = 1;
	if (!arena_init(a))
		return a;
	free(a);
	return NULL;
}

int shim_arena_fd(struct shim_arena *a)
{
	return a->fd;
}

void shim_arena_put(struct shim_arena *a)
{
	bool last;

	pthread_mutex_lock(&lock);
	last = !--a->refs;
	pthread_mutex_unlock(&lock);
	if (!last)
		return;
	sys_close(a->fd);
	free(a);
}

/* With the lock held. */
static int arena_grow(struct shim_arena *a, u64 end)
{
	if (a->fd < 0 && arena_init(a))
		return -ENOMEM;
	if (end > a->size) {
		end = round_up(end, (u64)1 << 26);
		if (ftruncate(a->fd, (off_t)end))
			return -ENOMEM;
		a->size = end;
	}
	return 0;
}

void shim_dma_limit(u64 bytes)
{
	WRITE_ONCE(limit_bytes, bytes);
}

void shim_dma_usage(u64 *bytes, unsigned int *n)
{
	pthread_mutex_lock(&lock);
	*bytes = used;
	*n = buffers;
	pthread_mutex_unlock(&lock);
}

/* ---- buffers -------------------------------------------------------------------------------------------------------- */

int dma_set_mask_and_coherent(struct device *dev, u64 mask)
{
	if (mask < BUS_BASE + PAGE_SIZE)
		return -EIO;
	dev->dma_mask = mask;
	return 0;
}

/* A hole of size bytes at or above `from`, below the limit: its offset, and the buffer to insert before. */
static bool find_hole(u64 from, size_t size, u64 limit, u64 *off, struct list_head **before)
{
	struct dma_buf *b;
	u64 at = from;

	list_for_each_entry(b, &bufs, link) {
		if (b->off + b->size + PAGE_SIZE <= at)
			continue;
		if (b->off >= at + size + PAGE_SIZE)
			break;
		at = b->off + b->size + PAGE_SIZE;
	}
	*off = at;
	*before = &b->link;
	return at + size <= limit;
}

/* With a page behind it that nobody may touch: a driver that runs over the end faults. */
static void *map_arena(const struct shim_arena *a, size_t size, u64 off)
{
	void *at = sys_mmap(NULL, size + PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return at;
	if (sys_mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, a->fd, (off_t)off) != MAP_FAILED)
		return at;
	sys_munmap(at, size + PAGE_SIZE);
	return MAP_FAILED;
}

static void unmap_arena(void *at, size_t size)
{
	sys_munmap(at, size + PAGE_SIZE);
}

/* With the lock held. */
static int place(struct dma_buf *b)
{
	u64 limit = min_t(u64, WINDOW, b->dev->dma_mask - BUS_BASE + 1);
	struct list_head *before;

	if (b->size > READ_ONCE(limit_bytes) || used > READ_ONCE(limit_bytes) - b->size)
		return -ENOMEM;
	if (!find_hole(cursor, b->size, limit, &b->off, &before) && !find_hole(0, b->size, limit, &b->off, &before))
		return -ENOMEM;
	if (arena_grow(b->arena, b->off + b->size))
		return -ENOMEM;
	cursor = b->off + b->size + PAGE_SIZE;
	list_add_tail(&b->link, before);
	b->arena->refs++;
	used += b->size;
	buffers++;
	return 0;
}

static void unplace(struct dma_buf *b)
{
	pthread_mutex_lock(&lock);
	list_del(&b->link);
	used -= b->size;
	buffers--;
	pthread_mutex_unlock(&lock);
	shim_arena_put(b->arena);
}

static int map_both(struct dma_buf *b)
{
	int ret = -ENOMEM;

	b->cpu = map_arena(b->arena, b->size, b->off);
	if (b->cpu == MAP_FAILED)
		return ret;
	b->device = map_arena(b->arena, b->size, b->off);
	if (b->device == MAP_FAILED)
		goto unmap_cpu;
	ret = host_dma_map(b->dev->host, BUS_BASE + b->off, b->device, b->size, HOST_DMA_READ | HOST_DMA_WRITE);
	if (!ret)
		return 0;
	unmap_arena(b->device, b->size);
unmap_cpu:
	unmap_arena(b->cpu, b->size);
	return ret;
}

void *shim_dma_alloc(struct device *dev, size_t size, dma_addr_t *dma, gfp_t gfp, const char *site)
{
	struct dma_buf *b;
	int ret;

	might_sleep_if(gfp & GFP_KERNEL);
	if (!dev->dma_mask)
		shim_die("%s: dma_alloc_coherent before dma_set_mask", site);
	if (!size || size > WINDOW || shim_should_fail(site))
		return NULL;
	b = calloc(1, sizeof(*b));
	if (!b)
		return NULL;
	b->dev = dev;
	b->arena = current->arena ? current->arena : &common;
	b->size = PAGE_ALIGN(size);
	pthread_mutex_lock(&lock);
	ret = place(b);
	pthread_mutex_unlock(&lock);
	if (ret)
		goto free_buf;
	if (map_both(b))
		goto unplace;
	shim_track_add("dma buffer", b->cpu, size, site);
	*dma = BUS_BASE + b->off;
	return b->cpu;
unplace:
	unplace(b);
free_buf:
	free(b);
	return NULL;
}

/* The buffer, checked against everything that the caller says about it. */
static struct dma_buf *find_buf(const char *what, struct device *dev, const void *cpu, dma_addr_t dma, size_t size)
{
	struct dma_buf *b, *found = NULL;

	/* By its bus address, which is there as soon as it is in the list; cpu comes a moment later. */
	pthread_mutex_lock(&lock);
	list_for_each_entry(b, &bufs, link)
		if (b->off + BUS_BASE == dma)
			found = b;
	if (!found || found->cpu != cpu)	/* wrong anyway: by what */
		list_for_each_entry(b, &bufs, link)
			if (b->cpu == cpu)
				found = b;
	pthread_mutex_unlock(&lock);
	if (!found || found->cpu != cpu)
		shim_die("%s: %p is no DMA buffer", what, cpu);
	if (found->dev != dev || found->off + BUS_BASE != dma || found->size != PAGE_ALIGN(size))
		shim_die("%s: DMA buffer %p: device, bus address %#llx or size %zu is not the one of its allocation",
			 what, cpu, (unsigned long long)dma, size);
	return found;
}

void dma_free_coherent(struct device *dev, size_t size, void *cpu, dma_addr_t dma)
{
	struct dma_buf *b;
	int ret;

	might_sleep();		/* the kernel's may, too */
	if (!cpu)
		return;
	b = find_buf("dma_free_coherent", dev, cpu, dma, size);
	shim_track_del("dma buffer", cpu);
	ret = host_dma_unmap(dev->host, BUS_BASE + b->off, b->size);
	if (ret)
		shim_die("dma_free_coherent: the device does not know bus address %#llx (%d)", (unsigned long long)dma, ret);
	unmap_arena(b->cpu, b->size);
	unmap_arena(b->device, b->size);
	if (fallocate(b->arena->fd, 3 /* KEEP_SIZE | PUNCH_HOLE */, (off_t)b->off, (off_t)b->size))
		shim_die("cannot give memory back: %s", strerror(errno));
	unplace(b);
	free(b);
}

int dma_mmap_coherent(struct device *dev, struct vm_area_struct *vma, void *cpu, dma_addr_t dma, size_t size)
{
	struct dma_buf *b = find_buf("dma_mmap_coherent", dev, cpu, dma, size);
	size_t len = vma->vm_end - vma->vm_start;
	u64 skip = (u64)vma->vm_pgoff << PAGE_SHIFT;
	int prot = 0;

	if (skip >= b->size || len > b->size - skip)
		return -ENXIO;
	prot |= vma->vm_flags & VM_READ ? PROT_READ : 0;
	prot |= vma->vm_flags & VM_WRITE ? PROT_WRITE : 0;
	vma->shim_off = b->off + skip;
	if (current->user)	/* the daemon's client does it, in its own address space */
		return b->arena == current->arena ? 0 : -ENXIO;
	if (sys_mmap((void *)vma->vm_start, len, prot, MAP_SHARED | MAP_FIXED, b->arena->fd, (off_t)vma->shim_off) == MAP_FAILED)
		return -EAGAIN;
	return 0;
}

/* A child of a fork starts an arena of its own: the old one is its parent's memory. */
void shim_dma_reset(void)
{
	lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	INIT_LIST_HEAD(&bufs);
	if (common.fd >= 0)
		sys_close(common.fd);
	common = (struct shim_arena) { .fd = -1, .refs = 1 };
	cursor = used = 0;
	buffers = 0;
}
