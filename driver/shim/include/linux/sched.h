/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The current task, sleeping and waking. A task is a thread; its state is guarded by its own lock. */
#ifndef SHIM_LINUX_SCHED_H
#define SHIM_LINUX_SCHED_H

#include <linux/types.h>
#include <pthread.h>

#define TASK_RUNNING 0
#define TASK_INTERRUPTIBLE 1
#define TASK_UNINTERRUPTIBLE 2
#define MAX_SCHEDULE_TIMEOUT __LONG_MAX__

struct shim_user;
struct shim_arena;
struct task_struct {
	pid_t pid;
	int state;
	bool long_waits;		/* no use in looking for a while before sleeping */
	int signalled;			/* shim_interrupt(): interruptible waits end */
	struct shim_user *user;		/* whose memory user pointers mean; NULL: this process's */
	struct shim_arena *arena;	/* where its DMA buffers lie; NULL: the common one */
	int atomic_depth;		/* spinlocks held */
	int hardirq;			/* in a hard interrupt handler */
	int irqs_off;
	pthread_mutex_t lock;
	pthread_cond_t cond;
};
struct task_struct *shim_current(void);
#define current shim_current()

void set_current_state(int state);
#define __set_current_state(s) set_current_state(s)
void schedule(void);
long schedule_timeout(long ticks);
int wake_up_process(struct task_struct *t);
bool signal_pending(struct task_struct *t);
void shim_interrupt(struct task_struct *t);	/* for good: its thread is going to end */
static inline bool fatal_signal_pending(struct task_struct *t) { return false; }
void cond_resched(void);
static inline bool need_resched(void) { return false; }
void cpu_relax(void);		/* here the device needs the CPU to get on */

#endif
