// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Device coredumps become files: LXA_COREDUMP/<device>-<process>-<n>.core. The kernel would keep the first until it has been read. */
#include <linux/devcoredump.h>
#include <linux/vmalloc.h>

#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define DUMPS_MAX 64u

static bool write_all(int fd, const char *p, size_t len)
{
	ssize_t n;

	for (; len; p += n, len -= (size_t)n) {
		n = sys_write(fd, p, len);
		if (n <= 0)
			return false;
	}
	return true;
}

/* Under a name of its own first: who looks into the folder sees whole files only. */
static void save(struct device *dev, const char *dir, unsigned int nr, const void *data, size_t len)
{
	char path[512], tmp[sizeof(path) + 4];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s-%d-%u.core", dir, dev_name(dev), (int)getpid(), nr) >= (int)sizeof(path))
		return;
	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		dev_warn(dev, "coredump %s: %s\n", tmp, strerror(errno));
		return;
	}
	if (!write_all(fd, data, len))
		dev_warn(dev, "coredump %s: %s\n", tmp, strerror(errno));
	else if (!rename(tmp, path))
		dev_info(dev, "coredump in %s: read it with `lxa coredump`\n", path);
	sys_close(fd);
}

void dev_coredumpv(struct device *dev, void *data, size_t len, gfp_t gfp)
{
	static unsigned int count;
	const char *dir = getenv("LXA_COREDUMP");
	unsigned int nr;

	if (dir && *dir) {
		nr = __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
		if (nr < DUMPS_MAX)
			save(dev, dir, nr, data, len);
	}
	vfree(data);
}
