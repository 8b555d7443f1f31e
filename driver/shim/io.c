// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Registers behind cookies: a PROT_NONE page stands for each device's register page, so a raw dereference faults. */
#include <linux/io.h>

#include "shim.h"

#include <sys/mman.h>

#define MAX_MAPS 64u

static struct io_map {
	uintptr_t base;			/* 0: free */
	struct host_dev *host;
} maps[MAX_MAPS];
static pthread_mutex_t maps_lock = PTHREAD_MUTEX_INITIALIZER;

void *shim_io_attach(struct host_dev *h)
{
	void *cookie = sys_mmap(NULL, HOST_REG_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i;

	if (cookie == MAP_FAILED)
		shim_die("no address space for registers");
	pthread_mutex_lock(&maps_lock);
	for (i = 0; i < MAX_MAPS && maps[i].base; i++)
		;
	if (i == MAX_MAPS)
		shim_die("too many devices: at most %u in one process", MAX_MAPS);
	maps[i].host = h;
	smp_store_release(&maps[i].base, (uintptr_t)cookie);
	pthread_mutex_unlock(&maps_lock);
	return cookie;
}

void shim_io_detach(void *cookie)
{
	unsigned int i;

	pthread_mutex_lock(&maps_lock);
	for (i = 0; i < MAX_MAPS; i++)
		if (maps[i].base == (uintptr_t)cookie)
			WRITE_ONCE(maps[i].base, 0);
	pthread_mutex_unlock(&maps_lock);
	sys_munmap(cookie, HOST_REG_BYTES);
}

static struct host_dev *find(const volatile void *addr, u32 *off)
{
	uintptr_t a = (uintptr_t)addr, base;
	unsigned int i;

	for (i = 0; i < MAX_MAPS; i++) {
		base = smp_load_acquire(&maps[i].base);
		if (base && a >= base && a < base + HOST_REG_BYTES) {
			*off = (u32)(a - base);
			if (*off % 4)
				shim_die("register access at offset %#x: not a multiple of 4", *off);
			return maps[i].host;
		}
	}
	shim_die("register access through %p, which is no __iomem pointer (or the driver has left the device)", (const void *)addr);
}

u32 readl(const volatile void __iomem *addr)
{
	u32 off;
	struct host_dev *h = find(addr, &off);

	return host_read32(h, off);
}

void writel(u32 val, volatile void __iomem *addr)
{
	u32 off;
	struct host_dev *h = find(addr, &off);

	host_write32(h, off, val);
}

void shim_io_reset(void)
{
	memset(maps, 0, sizeof(maps));
	maps_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}
