// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Preload library: an unmodified program's open("/dev/lxa0"), ioctl, mmap, poll, read, close and dup reach the driver in
 * this process, or in a daemon. LXA_DEVICE says which device (default "sim:rtl"; see lxa_shim.h for the form). Nothing is started before
 * the first open. select() and epoll need no help: the descriptor is readable when the driver's poll says so.
 * Calls on anything else go on to libc. A program that makes raw system calls is not seen.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "lxa_shim.h"

#define DEVICE_NODE "/dev/lxa"

/* The next definition of a function, looked up once. */
#define NEXT(name) ({							\
	static typeof(&name) fn;					\
	typeof(&name) f = __atomic_load_n(&fn, __ATOMIC_RELAXED);	\
	if (!f) {							\
		f = (typeof(&name))dlsym(RTLD_NEXT, #name);		\
		__atomic_store_n(&fn, f, __ATOMIC_RELAXED);		\
	}								\
	f; })

/*
 * A sanitizer's own start calls open, mmap and the like before anything instrumented may run, the shim included: until
 * our constructor has run there is nothing of ours, and what libc does is done by system call.
 */
static bool ready;

static __attribute__((constructor)) void get_ready(void)
{
	ready = true;
}

static struct shim_file *ours(int fd)
{
	return ready ? shim_fget(fd) : NULL;
}

static int result(long ret)
{
	if (ret >= 0)
		return (int)ret;
	errno = (int)-ret;
	return -1;
}

/* ---- open ------------------------------------------------------------------------------------------------------------ */

/* /dev/lxa0 is the device of LXA_DEVICE; there is no other. */
static bool is_node(const char *path)
{
	const char *volatile p = path;		/* libc calls it nonnull; a program's NULL is for libc to refuse */

	return p && !strcmp(p, DEVICE_NODE "0");
}

static int open_node(int flags)
{
	const char *dev = getenv("LXA_DEVICE");
	int fd;

	if (!dev || !*dev)
		dev = "sim:rtl";
	if (strncmp(dev, "sim:", 4) && strncmp(dev, "unix:", 5))
		return result(-ENOENT);		/* a path here would come back to us */
	fd = lxa_open(dev, flags);
	if (fd < 0 && getenv("LXA_SHIM_LOG"))
		dprintf(STDERR_FILENO, "lxa-preload: %s: %s\n", dev, lxa_open_error());
	return result(fd);
}

static mode_t mode_of(int flags, va_list ap)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(ap, mode_t) : 0;
}

#define CATCH_OPEN(name)						\
int name(const char *path, int flags, ...)				\
{									\
	va_list ap;							\
	mode_t mode;							\
									\
	if (is_node(path))						\
		return open_node(flags);				\
	va_start(ap, flags);						\
	mode = mode_of(flags, ap);					\
	va_end(ap);							\
	return ready ? NEXT(name)(path, flags, mode) : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);				\
}
CATCH_OPEN(open)
CATCH_OPEN(open64)

#define CATCH_OPENAT(name)						\
int name(int dir, const char *path, int flags, ...)			\
{									\
	va_list ap;							\
	mode_t mode;							\
									\
	if (is_node(path))						\
		return open_node(flags);				\
	va_start(ap, flags);						\
	mode = mode_of(flags, ap);					\
	va_end(ap);							\
	return ready ? NEXT(name)(dir, path, flags, mode) : (int)syscall(SYS_openat, dir, path, flags, mode);			\
}
CATCH_OPENAT(openat)
CATCH_OPENAT(openat64)

/* What _FORTIFY_SOURCE makes of them. */
int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open64(path, flags); }
int __openat_2(int dir, const char *path, int flags) { return openat(dir, path, flags); }
int __openat64_2(int dir, const char *path, int flags) { return openat64(dir, path, flags); }

/* ---- calls on a descriptor ----------------------------------------------------------------------------------------------- */

int ioctl(int fd, unsigned long cmd, ...)
{
	struct shim_file *sf = ours(fd);
	va_list ap;
	void *arg;
	int ret;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (!sf)
		return NEXT(ioctl)(fd, cmd, arg);
	ret = shim_do_ioctl(sf, cmd, arg);
	shim_fput(sf);
	return result(ret);
}

ssize_t read(int fd, void *buf, size_t len)
{
	struct shim_file *sf = ours(fd);
	ssize_t ret;

	if (!ready)
		return syscall(SYS_read, fd, buf, len);
	if (!sf)
		return NEXT(read)(fd, buf, len);
	ret = shim_do_read(sf, buf, len);
	shim_fput(sf);
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

ssize_t __read_chk(int fd, void *buf, size_t len, size_t room)
{
	if (len > room)
		abort();
	return read(fd, buf, len);
}

int close(int fd)
{
	if (!ready)
		return (int)syscall(SYS_close, fd);
	shim_fd_forget(fd);
	return NEXT(close)(fd);
}

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4u
#endif

int close_range(unsigned int first, unsigned int last, int flags)
{
	if (ready && !((unsigned int)flags & CLOSE_RANGE_CLOEXEC) && first <= last)
		shim_fd_forget_range(first, last);
	return (int)syscall(SYS_close_range, first, last, flags) < 0 ? -1 : 0;
}

void closefrom(int first)
{
	if (ready)
		shim_fd_forget_range(first < 0 ? 0 : (unsigned int)first, ~0u);
	NEXT(closefrom)(first);
}

/* ---- memory ------------------------------------------------------------------------------------------------------------------ */

static void *map(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	struct shim_file *sf = flags & MAP_ANONYMOUS ? NULL : ours(fd);
	void *at;
	int error = 0;

	if (!ready)
		return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, off);
	if (flags & MAP_FIXED)
		shim_munmap(addr, len, &error);	/* what it replaces may be ours */
	if (!sf)
		return NEXT(mmap)(addr, len, prot, flags, fd, off);
	at = shim_do_mmap(addr, len, prot, flags, sf, (uint64_t)off, &error);
	shim_fput(sf);
	if (error)
		errno = -error;
	return at;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	return map(addr, len, prot, flags, fd, off);
}

void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off64_t off)
{
	return map(addr, len, prot, flags, fd, off);
}

int munmap(void *addr, size_t len)
{
	int error = 0;

	if (!ready)
		return (int)syscall(SYS_munmap, addr, len);
	if (shim_munmap(addr, len, &error))
		return result(error);
	return NEXT(munmap)(addr, len);
}

/* ---- duplicates ---------------------------------------------------------------------------------------------------------------- */

/* newfd >= 0 has become a duplicate of fd. */
static int duplicated(int fd, int newfd)
{
	int ret;

	if (newfd < 0 || newfd == fd)
		return newfd;
	ret = shim_fd_dup(fd, newfd);
	if (!ret)
		return newfd;
	NEXT(close)(newfd);
	return result(ret);
}

int dup(int fd) { return duplicated(fd, NEXT(dup)(fd)); }
int dup2(int fd, int newfd) { return duplicated(fd, NEXT(dup2)(fd, newfd)); }
int dup3(int fd, int newfd, int flags) { return duplicated(fd, NEXT(dup3)(fd, newfd, flags)); }

#define CATCH_FCNTL(name)						\
int name(int fd, int cmd, ...)						\
{									\
	va_list ap;							\
	void *arg;							\
	int ret;							\
									\
	va_start(ap, cmd);						\
	arg = va_arg(ap, void *);					\
	va_end(ap);							\
	ret = NEXT(name)(fd, cmd, arg);					\
	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC ? duplicated(fd, ret) : ret; \
}
CATCH_FCNTL(fcntl)
CATCH_FCNTL(fcntl64)

/* ---- poll ------------------------------------------------------------------------------------------------------------------------ */

/* libc calls fds write-only, which would make the compiler doubt our looking at them. */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

static bool any_ours(const struct pollfd *fds, nfds_t n)
{
	for (nfds_t i = 0; i < n; i++) {
		struct shim_file *sf = ours(fds[i].fd);

		if (sf) {
			shim_fput(sf);
			return true;
		}
	}
	return false;
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	if (!any_ours(fds, n))
		return NEXT(ppoll)(fds, n, timeout, mask);
	return result(shim_do_poll(fds, n, timeout, mask));
}

int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct timespec ts = { timeout_ms / 1000, timeout_ms % 1000 * 1000000l };

	if (!any_ours(fds, n))
		return NEXT(poll)(fds, n, timeout_ms);
	return result(shim_do_poll(fds, n, timeout_ms < 0 ? NULL : &ts, NULL));
}

int __poll_chk(struct pollfd *fds, nfds_t n, int timeout_ms, size_t room)
{
	if (n > room / sizeof(*fds))
		abort();
	return poll(fds, n, timeout_ms);
}

int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t room)
{
	if (n > room / sizeof(*fds))
		abort();
	return ppoll(fds, n, timeout, mask);
}
