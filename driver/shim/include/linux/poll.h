/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Readiness. */
#ifndef SHIM_LINUX_POLL_H
#define SHIM_LINUX_POLL_H

#include <linux/wait.h>
#include <linux/fs.h>

#define EPOLLIN ((__poll_t)0x001)
#define EPOLLPRI ((__poll_t)0x002)
#define EPOLLOUT ((__poll_t)0x004)
#define EPOLLERR ((__poll_t)0x008)
#define EPOLLHUP ((__poll_t)0x010)
#define EPOLLRDNORM ((__poll_t)0x040)
#define EPOLLWRNORM ((__poll_t)0x100)

struct poll_table_struct;
typedef void (*poll_queue_proc)(struct file *file, wait_queue_head_t *wq, struct poll_table_struct *pt);
typedef struct poll_table_struct { poll_queue_proc qproc; } poll_table;

static inline void poll_wait(struct file *file, wait_queue_head_t *wq, poll_table *pt)
{
	if (pt && pt->qproc && wq)
		pt->qproc(file, wq, pt);
}

#endif
