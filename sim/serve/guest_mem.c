/* SPDX-License-Identifier: MIT */
/* guest_mem.c - maps the file that is the guest's memory. */
#include "guest_mem.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

int guest_mem_map(struct guest_mem *m, int fd, uint64_t addr, uint64_t size, uint64_t offset)
{
	struct stat st;
	void *map;

	if (!size || addr + (size - 1) < addr || offset > SIZE_MAX - size)
		return -EINVAL;
	/* A mapping past the end of its file would be a SIGBUS later. */
	if (fstat(fd, &st))
		return -errno;
	if (st.st_size < 0 || (uint64_t)st.st_size < offset + size)
		return -EINVAL;
	map = mmap(NULL, offset + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	*m = (struct guest_mem) {
		.addr = addr, .size = size, .host = (uint8_t *)map + offset, .map = map, .map_len = offset + size,
	};
	return 0;
}

void guest_mem_unmap(struct guest_mem *m)
{
	if (m->map)
		munmap(m->map, m->map_len);
	memset(m, 0, sizeof(*m));
}

void *guest_ptr(const struct guest_mem *m, uint64_t addr, uint64_t len)
{
	if (!m->host || addr < m->addr || len > m->size || addr - m->addr > m->size - len)
		return NULL;
	return m->host + (addr - m->addr);
}
