/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Wait queues. */
#ifndef SHIM_LINUX_WAIT_H
#define SHIM_LINUX_WAIT_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/sched.h>
#include <linux/errno.h>
#include <linux/kernel.h>

struct wait_queue_entry;
typedef int (*wait_queue_func_t)(struct wait_queue_entry *e, unsigned int mode, int flags, void *key);

struct wait_queue_entry {
	void *private;
	wait_queue_func_t func;
	struct list_head entry;
};
typedef struct wait_queue_head {
	spinlock_t lock;
	struct list_head head;
} wait_queue_head_t;

#define DECLARE_WAIT_QUEUE_HEAD(n) \
	wait_queue_head_t n = { .lock = __SPIN_LOCK_UNLOCKED(n), .head = LIST_HEAD_INIT(n.head) }

void init_waitqueue_head(wait_queue_head_t *wq);
void add_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *e);
void remove_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *e);
bool waitqueue_active(wait_queue_head_t *wq);
void shim_wake_up(wait_queue_head_t *wq);
/* No exclusive waiters here, so all forms wake all. */
#define wake_up(wq) shim_wake_up(wq)
#define wake_up_all(wq) shim_wake_up(wq)
#define wake_up_interruptible(wq) shim_wake_up(wq)
#define wake_up_interruptible_all(wq) shim_wake_up(wq)

int shim_wake_task(struct wait_queue_entry *e, unsigned int mode, int flags, void *key);
void prepare_to_wait(wait_queue_head_t *wq, struct wait_queue_entry *e, int state);
void finish_wait(wait_queue_head_t *wq, struct wait_queue_entry *e);

/* Value: ticks left (at least 1) when the condition came true, 0 on time-out, -ERESTARTSYS on a signal. */
#define __shim_wait(wq, condition, tstate, ticks) ({					\
	struct wait_queue_entry __we = { .private = current, .func = shim_wake_task };	\
	long __wt = (ticks);								\
	INIT_LIST_HEAD(&__we.entry);							\
	for (;;) {									\
		prepare_to_wait(&(wq), &__we, (tstate));				\
		if (condition) {							\
			__wt = __wt ? __wt : 1;						\
			break;								\
		}									\
		if (!__wt)								\
			break;								\
		if ((tstate) == TASK_INTERRUPTIBLE && signal_pending(current)) {	\
			__wt = -ERESTARTSYS;						\
			break;								\
		}									\
		__wt = schedule_timeout(__wt);						\
	}										\
	finish_wait(&(wq), &__we);							\
	__wt; })

#define wait_event(wq, c) do {								\
	might_sleep();									\
	if (!(c))									\
		(void)__shim_wait(wq, c, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);	\
} while (0)
#define wait_event_interruptible(wq, c) ({						\
	long __wr = 0;									\
	might_sleep();									\
	if (!(c))									\
		__wr = __shim_wait(wq, c, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);	\
	(int)(__wr < 0 ? __wr : 0); })
#define wait_event_timeout(wq, c, ticks) ({						\
	might_sleep();									\
	__shim_wait(wq, c, TASK_UNINTERRUPTIBLE, ticks); })
#define wait_event_interruptible_timeout(wq, c, ticks) ({				\
	might_sleep();									\
	__shim_wait(wq, c, TASK_INTERRUPTIBLE, ticks); })

#endif
