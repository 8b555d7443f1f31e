/* SPDX-License-Identifier: MIT */
/* guest_mem.h - the guest's memory in our address space, and the only way from its addresses to our pointers. */
#ifndef LXA_SERVE_GUEST_MEM_H
#define LXA_SERVE_GUEST_MEM_H

#include <stddef.h>
#include <stdint.h>

struct guest_mem {
	uint64_t addr, size;		/* guest physical, and by the guest's choice its "user" address, too */
	uint8_t *host;			/* where addr is here */
	void *map;
	size_t map_len;
};

/* Map size bytes from offset of the file; the descriptor stays the caller's. Negative errno. */
int guest_mem_map(struct guest_mem *m, int fd, uint64_t addr, uint64_t size, uint64_t offset);
void guest_mem_unmap(struct guest_mem *m);

/* NULL unless all of [addr, addr + len) is guest memory. */
void *guest_ptr(const struct guest_mem *m, uint64_t addr, uint64_t len);

#endif
