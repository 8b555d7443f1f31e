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

struct shim_file;

/* log.c */
void shim_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
bool shim_strict(void);

/* mem.c: everything that the driver must give back is tracked; `kind` says what it is in a leak report. */
void shim_track_add(const char *kind, const void *p, size_t size, const char *site);
size_t shim_track_del(const char *kind, const void *p);	/* its size; aborts when it is not tracked */
unsigned int shim_track_report(void);			/* prints and forgets all; how many there were */
unsigned int shim_track_count(void);			/* how many things are held now */
bool shim_should_fail(const char *site);		/* fail_nth */
void shim_mem_reset(void);				/* child of a fork */

/* xarray.c */
void shim_ida_reset(void);

/* uaccess.c: user memory that is not this process's (task_struct.user). Value: bytes that could not be copied. */
struct shim_user {
	unsigned long (*read)(struct shim_user *u, void *to, uintptr_t from, unsigned long n);
	unsigned long (*write)(struct shim_user *u, uintptr_t to, const void *from, unsigned long n);
	bool nice;			/* may it CAP_SYS_NICE? */
};
bool shim_user_writable(void __user *to, size_t n);

/* wait.c, workqueue.c */
u64 shim_now_ns(void);
/*
 * Waking a thread that sleeps takes 5 to 20 us, longer than most waits here. So whoever waits first looks for a while,
 * giving the processor away between looks, but only where the wait before was short. *long_waits remembers that.
 */
bool shim_look(bool *long_waits, bool (*done)(const void *arg), const void *arg);	/* true: done */
void shim_waited(bool *long_waits, u64 since_ns);
void shim_cond_init(pthread_cond_t *c);			/* on CLOCK_MONOTONIC */
struct timespec shim_timespec(u64 ns);
int shim_thread_create(pthread_t *t, const char *name, void *(*fn)(void *), void *arg);	/* 0 or -EAGAIN */
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
struct shim_arena *shim_arena_create(void);		/* NULL: no memory */
int shim_arena_fd(struct shim_arena *a);
void shim_arena_put(struct shim_arena *a);
void shim_dma_limit(u64 bytes);				/* of all buffers together; beyond it there is no memory */
void shim_dma_usage(u64 *bytes, unsigned int *n);

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
int shim_open(const char *path, const struct host_options *opt, int flags, struct shim_file **out, char *err, size_t err_len);
bool shim_known(const char *path);	/* this path has a device already */
int shim_unbind(struct shim_dev *sd);
int shim_shutdown(struct shim_dev *sd);

/* shim.c: the file of a path "sim:..."; lxa_open_error() says what was wrong */
int shim_open_sim(const char *path, int flags, struct shim_file **out);

/* ../daemon/client.c: a file of a daemon's; a descriptor or -errno */
int shim_client_open(const char *socket, int flags, char *err, size_t err_len);
int shim_client_control(int fd, const char *command, char *reply, size_t len);	/* -ENOTTY: not a daemon's file */
void shim_client_fork(bool before);
void shim_client_reset(void);

/* file.c: open files and their descriptors */
struct shim_file {
	struct file f;
	struct inode inode;
	struct shim_dev *dev;
	int refs;			/* descriptors, mappings, calls under way */
	bool dead;			/* of a process that forked */
	int user_fd;			/* the program's descriptor, until it gets it (-1) */
	int set_fd, clear_fd;		/* what makes it readable, and our own duplicate of it */
	struct shim_poll *poll;
};
int shim_file_create(struct shim_dev *sd, int flags, struct shim_file **out);	/* open, without a descriptor yet */
struct shim_file *shim_file_remote(const struct file_operations *fops, void *private_data, int flags);	/* the daemon's */
int shim_fd_make(struct shim_file *sf, int flags);	/* its descriptor; takes over the reference, also on failure */
int shim_fd_install(struct shim_file *sf, int fd);	/* the same for one that is there; on failure nothing is taken */
struct shim_file *shim_fget(int fd);	/* NULL: not ours */
void shim_fput(struct shim_file *sf);
void shim_fhold(struct shim_file *sf);
int shim_fd_dup(int oldfd, int newfd);	/* newfd has become a duplicate of oldfd (whatever it was) */
bool shim_fd_forget(int fd);		/* before close(); false: not ours */
void shim_fd_forget_range(unsigned int first, unsigned int last);
unsigned int shim_files_open(void);
void shim_file_reset(void);

/* poll.c: the descriptor follows what the driver's poll says */
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
