/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* calls.h - system calls on a file of the shim, for the door (shim.c) and the preload library. -errno on failure. */
#ifndef SHIM_CALLS_H
#define SHIM_CALLS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct shim_file;

struct shim_file *shim_fget(int fd);	/* NULL: not ours */
void shim_fput(struct shim_file *sf);
int shim_fd_dup(int oldfd, int newfd);
bool shim_fd_forget(int fd);
void shim_fd_forget_range(unsigned int first, unsigned int last);

int shim_do_ioctl(struct shim_file *sf, unsigned long cmd, void *arg);
ssize_t shim_do_read(struct shim_file *sf, void *buf, size_t len);
int shim_do_poll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask);
void *shim_do_mmap(void *addr, size_t len, int prot, int flags, struct shim_file *sf, uint64_t off, int *error);
bool shim_munmap(void *addr, size_t len, int *error);

#endif
