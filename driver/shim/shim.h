/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * shim.h - what the runtime's own files share; neither the driver nor a user of the shim includes it.
 *
 * Lock order, outermost first: loader (module.c) > file table > mappings > everything of the driver's > a wait queue >
 * poll list, work queues, tracker (leaves). The runtime's own locks are plain pthread mutexes; the driver's are checked ones.
 */
#ifndef SHIM_SHIM_H
#define SHIM_SHIM_H

#include <linux/device.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/platform_device.h>
#include <linux/poll.h>

#include <pthread.h>
#include <poll.h>

#include "host.h"

/* log.c */
void shim_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
bool shim_strict(void);

/* mem.c: everything that the driver must give back is tracked; `kind` says what it is in a leak report. */
void shim_track_add(const char *kind, const void *p, size_t size, const char *site);
size_t shim_track_del(const char *kind, const void *p);	/* its size; aborts when it is not tracked */
unsigned int shim_track_report(void);			/* prints and forgets all; how many there were */
bool shim_should_fail(const char *site);		/* fail_nth */
void shim_mem_reset(void);				/* child of a fork */

/* xarray.c */
void shim_ida_reset(void);

/* wait.c, workqueue.c */
u64 shim_now_ns(void);
void shim_cond_init(pthread_cond_t *c);			/* on CLOCK_MONOTONIC */
struct timespec shim_timespec(u64 ns);
void shim_thread_start(pthread_t *t, const char *name, void *(*fn)(void *), void *arg);
void shim_workqueue_stop(void);				/* the timer's thread */
void shim_workqueue_reset(void);

/* irq.c */
unsigned int shim_irq_attach(struct host_dev *h);	/* its number */
void shim_irq_detach(unsigned int irq);
void shim_irq_reset(void);

/* io.c, dma.c */
void *shim_io_attach(struct host_dev *h);		/* a cookie for its registers */
void shim_io_detach(void *cookie);
void shim_io_reset(void);
void shim_dma_reset(void);

/* device.c: the platform bus with the simulated devices on it */
struct shim_dev {
	struct platform_device pdev;
	struct host_dev *host;
	char name[32];
	char *path;			/* as given to lxa_open() */
	unsigned int irq;
	void *regs;
	bool bound;
	struct address_space mapping;	/* the one inode of the device node */
	struct list_head link;
};
int shim_dev_create(const char *path, const struct host_options *opt, struct shim_dev **out, char *err, size_t err_len);
int shim_dev_bind(struct shim_dev *sd);
void shim_dev_unbind(struct shim_dev *sd);
void shim_dev_shutdown(struct shim_dev *sd);
void shim_dev_destroy(struct shim_dev *sd);
struct shim_dev *shim_dev_find(const char *path);	/* NULL: any */
void shim_dev_flush(void);
void shim_dev_reset(void);

/* misc.c */
struct miscdevice *shim_misc_find(struct device *parent);	/* NULL: none */
void shim_misc_reset(void);

/* module.c: load on demand; the loader's lock guards the list of devices */
int shim_open(const char *path, const struct host_options *opt, int flags, char *err, size_t err_len);
bool shim_known(const char *path);	/* this path has a device already */
int shim_unbind(struct shim_dev *sd);
int shim_shutdown(struct shim_dev *sd);

/* file.c: open files and their descriptors */
struct shim_file {
	struct file f;
	struct inode inode;
	struct shim_dev *dev;
	int refs;			/* descriptors, mappings, calls under way */
	bool dead;			/* of a process that forked */
	int efd;			/* our own duplicate of the eventfd */
	struct shim_poll *poll;
};
int shim_file_open(struct shim_dev *sd, int flags);
struct shim_file *shim_fget(int fd);	/* NULL: not ours */
void shim_fput(struct shim_file *sf);
void shim_fhold(struct shim_file *sf);
int shim_fd_dup(int oldfd, int newfd);	/* newfd has become a duplicate of oldfd (whatever it was) */
bool shim_fd_forget(int fd);		/* before close(); false: not ours */
void shim_fd_forget_range(unsigned int first, unsigned int last);
unsigned int shim_files_open(void);
void shim_file_reset(void);

/* poll.c: the eventfd follows what the driver's poll says */
int shim_poll_attach(struct shim_file *sf);
void shim_poll_detach(struct shim_file *sf);
unsigned int shim_poll_sync(struct shim_file *sf);	/* now; the driver's mask */
void shim_poll_reset(void);

/* vma.c: user mappings of device memory */
void *shim_mmap(void *addr, size_t len, int prot, int flags, struct shim_file *sf, u64 off, int *error);
bool shim_munmap(void *addr, size_t len, int *error);	/* false: nothing of ours there, nothing done */
unsigned int shim_vmas(void);
void shim_vma_reset(void);

/* System calls that the preload library must not catch. */
int sys_close(int fd);
ssize_t sys_read(int fd, void *buf, size_t len);
ssize_t sys_write(int fd, const void *buf, size_t len);
int sys_dup_cloexec(int fd);
void *sys_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off);
int sys_munmap(void *addr, size_t len);
int sys_poll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask);

#endif
