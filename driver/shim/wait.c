// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Sleeping and waking: task states, wait queues, and the clock. */
#include <linux/wait.h>
#include <linux/delay.h>
#include <linux/ktime.h>

#include "shim.h"

#include <sched.h>
#include <time.h>

/* ---- the clock -------------------------------------------------------------------------------------------------- */

u64 shim_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000u + (u64)ts.tv_nsec;
}

u64 ktime_get_ns(void)
{
	return shim_now_ns();
}

unsigned long shim_jiffies(void)
{
	return shim_now_ns() / (1000000000u / HZ);
}

struct timespec shim_timespec(u64 ns)
{
	return (struct timespec) { .tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u) };
}

void shim_cond_init(pthread_cond_t *c)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(c, &attr);
	pthread_condattr_destroy(&attr);
}

#define LOOK_NS 100000u

bool shim_look(bool *long_waits, bool (*done)(const void *arg), const void *arg)
{
	u64 end;

	if (*long_waits)
		return false;
	end = shim_now_ns() + LOOK_NS;
	do {
		if (done(arg))
			return true;
		sched_yield();
	} while (shim_now_ns() < end);
	return false;
}

void shim_waited(bool *long_waits, u64 since_ns)
{
	*long_waits = shim_now_ns() - since_ns > LOOK_NS;
}

static void sleep_ns(u64 ns)
{
	struct timespec ts = shim_timespec(ns);

	while (nanosleep(&ts, &ts))
		;
}

void usleep_range(unsigned long min_us, unsigned long max_us)
{
	might_sleep();
	sleep_ns(min_us * 1000u);
}

void msleep(unsigned int ms)
{
	might_sleep();
	sleep_ns(ms * 1000000ull);
}

/* A busy wait in the kernel; here the device needs the CPU to get on. */
void udelay(unsigned long us)
{
	sleep_ns(us * 1000u);
}

void ndelay(unsigned long ns)
{
	sleep_ns(ns);
}

void cpu_relax(void)
{
	sched_yield();
}

void cond_resched(void)
{
	might_sleep();
	sched_yield();
}

/* ---- tasks --------------------------------------------------------------------------------------------------------- */

void set_current_state(int state)
{
	struct task_struct *t = current;

	pthread_mutex_lock(&t->lock);
	WRITE_ONCE(t->state, state);
	pthread_mutex_unlock(&t->lock);
}

static bool is_awake(const void *arg)
{
	const struct task_struct *t = arg;

	return READ_ONCE(t->state) == TASK_RUNNING;
}

/* Sleep until somebody wakes this task, at most `ticks`. */
long schedule_timeout(long ticks)
{
	struct task_struct *t = current;
	u64 end = 0, now = shim_now_ns();
	bool forever = ticks == MAX_SCHEDULE_TIMEOUT;
	struct timespec ts;

	might_sleep();
	if (!forever && __builtin_add_overflow(now, (u64)ticks * (1000000000u / HZ), &end))
		forever = true;
	if (!forever && (u64)ticks > U64_MAX / 2 / (1000000000u / HZ))
		forever = true;
	ts = shim_timespec(end);
	if (forever || end - now > LOOK_NS)
		shim_look(&t->long_waits, is_awake, t);
	pthread_mutex_lock(&t->lock);
	while (t->state != TASK_RUNNING) {
		if (forever) {
			pthread_cond_wait(&t->cond, &t->lock);
		} else if (pthread_cond_timedwait(&t->cond, &t->lock, &ts)) {
			WRITE_ONCE(t->state, TASK_RUNNING);
		}
	}
	pthread_mutex_unlock(&t->lock);
	shim_waited(&t->long_waits, now);
	if (forever)
		return ticks;
	now = shim_now_ns();
	return now < end ? (long)((end - now + 1000000000u / HZ - 1) / (1000000000u / HZ)) : 0;
}

void schedule(void)
{
	schedule_timeout(MAX_SCHEDULE_TIMEOUT);
}

int wake_up_process(struct task_struct *t)
{
	int woken;

	pthread_mutex_lock(&t->lock);
	woken = t->state != TASK_RUNNING;
	WRITE_ONCE(t->state, TASK_RUNNING);
	if (woken)
		pthread_cond_signal(&t->cond);
	pthread_mutex_unlock(&t->lock);
	return woken;
}

/*
 * Special to user space: no signal interrupts a thread that waits here; a fatal one ends the process anyway. What the
 * daemon does for a client that has gone is interrupted.
 */
bool signal_pending(struct task_struct *t)
{
	return READ_ONCE(t->signalled);
}

void shim_interrupt(struct task_struct *t)
{
	WRITE_ONCE(t->signalled, 1);
	wake_up_process(t);
}

/* ---- wait queues ----------------------------------------------------------------------------------------------------- */

void init_waitqueue_head(wait_queue_head_t *wq)
{
	spin_lock_init(&wq->lock);
	INIT_LIST_HEAD(&wq->head);
}

void add_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *e)
{
	unsigned long flags;

	spin_lock_irqsave(&wq->lock, flags);
	list_add_tail(&e->entry, &wq->head);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void remove_wait_queue(wait_queue_head_t *wq, struct wait_queue_entry *e)
{
	unsigned long flags;

	spin_lock_irqsave(&wq->lock, flags);
	list_del_init(&e->entry);
	spin_unlock_irqrestore(&wq->lock, flags);
}

bool waitqueue_active(wait_queue_head_t *wq)
{
	return !list_empty(&wq->head);
}

void shim_wake_up(wait_queue_head_t *wq)
{
	struct wait_queue_entry *e, *n;
	unsigned long flags;

	spin_lock_irqsave(&wq->lock, flags);
	list_for_each_entry_safe(e, n, &wq->head, entry)
		e->func(e, 0, 0, NULL);
	spin_unlock_irqrestore(&wq->lock, flags);
}

int shim_wake_task(struct wait_queue_entry *e, unsigned int mode, int flags, void *key)
{
	return wake_up_process(e->private);
}

/* Queue first, then set the state, both before the caller looks at its condition: a wake-up cannot fall between. */
void prepare_to_wait(wait_queue_head_t *wq, struct wait_queue_entry *e, int state)
{
	unsigned long flags;

	spin_lock_irqsave(&wq->lock, flags);
	if (list_empty(&e->entry))
		list_add_tail(&e->entry, &wq->head);
	set_current_state(state);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void finish_wait(wait_queue_head_t *wq, struct wait_queue_entry *e)
{
	set_current_state(TASK_RUNNING);
	remove_wait_queue(wq, e);
}
