/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Work queues: one thread each, so every queue is ordered. Delayed work is timed by one shared thread. */
#ifndef SHIM_LINUX_WORKQUEUE_H
#define SHIM_LINUX_WORKQUEUE_H

#include <linux/list.h>
#include <linux/atomic.h>
#include <linux/jiffies.h>

struct workqueue_struct;
struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);

struct work_struct {
	work_func_t func;
	struct list_head entry;
	struct workqueue_struct *wq;	/* while queued or running; guarded by the runtime's lock */
	int pending;
};
struct delayed_work {
	struct work_struct work;
	struct list_head timer;
	u64 expires_ns;
	struct workqueue_struct *wq;
	int timer_pending;
};

void shim_init_work(struct work_struct *w, work_func_t fn);
void shim_init_delayed_work(struct delayed_work *w, work_func_t fn);
#define INIT_WORK(w, fn) shim_init_work((w), (fn))
#define INIT_DELAYED_WORK(w, fn) shim_init_delayed_work((w), (fn))

struct workqueue_struct *shim_alloc_workqueue(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#define alloc_ordered_workqueue(fmt, flags, ...) shim_alloc_workqueue(fmt, ##__VA_ARGS__)
#define WQ_MEM_RECLAIM 0
void destroy_workqueue(struct workqueue_struct *wq);
void flush_workqueue(struct workqueue_struct *wq);

bool queue_work(struct workqueue_struct *wq, struct work_struct *w);
bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *w, unsigned long ticks);
bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *w, unsigned long ticks);
bool cancel_work_sync(struct work_struct *w);
bool cancel_delayed_work_sync(struct delayed_work *w);
bool cancel_delayed_work(struct delayed_work *w);
bool flush_work(struct work_struct *w);

#endif
