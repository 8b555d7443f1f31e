// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * System calls for the runtime itself, past the preload library's versions of them. Sanitizers must see memory being
 * mapped, so there mmap and munmap are the sanitizer's, which come next after the preload library's.
 */
#include "shim.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int sys_close(int fd)
{
	return (int)syscall(SYS_close, fd);
}

ssize_t sys_read(int fd, void *buf, size_t len)
{
	return syscall(SYS_read, fd, buf, len);
}

ssize_t sys_write(int fd, const void *buf, size_t len)
{
	return syscall(SYS_write, fd, buf, len);
}

int sys_dup_cloexec(int fd)
{
	return (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3);
}

void *sys_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
	typeof(&mmap) next = (typeof(&mmap))dlsym(RTLD_NEXT, "mmap");

	return next(addr, len, prot, flags, fd, off);
#else
	return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, off);
#endif
}

int sys_munmap(void *addr, size_t len)
{
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
	typeof(&munmap) next = (typeof(&munmap))dlsym(RTLD_NEXT, "munmap");

	return next(addr, len);
#else
	return (int)syscall(SYS_munmap, addr, len);
#endif
}

int sys_poll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	struct timespec left;

	if (timeout)
		left = *timeout;
	return (int)syscall(SYS_ppoll, fds, n, timeout ? &left : NULL, mask, _NSIG / 8);
}
