// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Work queues (a thread each) and delayed work (one thread for all timers).
 * One lock guards every queue and timer; it is a leaf: no work function runs under it.
 */
#include <linux/workqueue.h>

#include "shim.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>

struct workqueue_struct {
	char name[16];
	pthread_t thread;
	struct list_head work;
	struct work_struct *running;
	pthread_cond_t wake;		/* work came, or stop */
	bool stop;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t idle = PTHREAD_COND_INITIALIZER;	/* some work has ended */
static LIST_HEAD(timers);				/* delayed works, soonest first */
static pthread_cond_t timer_wake;
static pthread_t timer_thread;
static bool timer_runs, timer_stop;

int shim_thread_create(pthread_t *t, const char *name, void *(*fn)(void *), void *arg)
{
	sigset_t all, old;
	int ret;

	/* The program's signals belong to the program's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(t, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!ret)
		pthread_setname_np(*t, name);
	return -ret;
}

void shim_thread_start(pthread_t *t, const char *name, void *(*fn)(void *), void *arg)
{
	int ret = shim_thread_create(t, name, fn, arg);

	if (ret)
		shim_die("cannot start thread %s: %s", name, strerror(-ret));
}

void shim_init_work(struct work_struct *w, work_func_t fn)
{
	*w = (struct work_struct) { .func = fn };
	INIT_LIST_HEAD(&w->entry);
}

void shim_init_delayed_work(struct delayed_work *w, work_func_t fn)
{
	*w = (struct delayed_work) { .timer_pending = 0 };
	shim_init_work(&w->work, fn);
	INIT_LIST_HEAD(&w->timer);
}

/* ---- the queue's thread -------------------------------------------------------------------------------------------- */

static void *worker(void *arg)
{
	struct workqueue_struct *wq = arg;
	struct work_struct *w;

	pthread_mutex_lock(&lock);
	for (;;) {
		while (list_empty(&wq->work) && !wq->stop)
			pthread_cond_wait(&wq->wake, &lock);
		if (list_empty(&wq->work))
			break;
		w = list_first_entry(&wq->work, struct work_struct, entry);
		list_del_init(&w->entry);
		w->pending = 0;
		wq->running = w;
		pthread_mutex_unlock(&lock);
		w->func(w);		/* may free w */
		if (current->atomic_depth || current->irqs_off)
			shim_die("work of queue %s returned with a spinlock held", wq->name);
		pthread_mutex_lock(&lock);
		wq->running = NULL;
		pthread_cond_broadcast(&idle);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

struct workqueue_struct *shim_alloc_workqueue(const char *fmt, ...)
{
	struct workqueue_struct *wq;
	va_list ap;

	might_sleep();
	if (shim_should_fail("alloc_workqueue"))
		return NULL;
	wq = calloc(1, sizeof(*wq));
	if (!wq)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(wq->name, sizeof(wq->name), fmt, ap);
	va_end(ap);
	INIT_LIST_HEAD(&wq->work);
	pthread_cond_init(&wq->wake, NULL);
	shim_track_add("workqueue", wq, sizeof(*wq), "alloc_workqueue");
	shim_thread_start(&wq->thread, wq->name, worker, wq);
	return wq;
}

static void push(struct workqueue_struct *wq, struct work_struct *w)
{
	if (wq->stop)
		shim_die("work is queued on %s, which is being destroyed", wq->name);
	w->wq = wq;
	w->pending = 1;
	list_add_tail(&w->entry, &wq->work);
	pthread_cond_signal(&wq->wake);
}

/* Called and returns with the lock held. */
static void wait_not_running(struct work_struct *w)
{
	struct workqueue_struct *wq = w->wq;

	while (wq && wq->running == w) {
		if (pthread_equal(pthread_self(), wq->thread))
			shim_die("work waits for itself (queue %s)", wq->name);
		pthread_cond_wait(&idle, &lock);
	}
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *w)
{
	bool queued;

	pthread_mutex_lock(&lock);
	queued = !w->pending;
	if (queued)
		push(wq, w);
	pthread_mutex_unlock(&lock);
	return queued;
}

bool flush_work(struct work_struct *w)
{
	might_sleep();
	pthread_mutex_lock(&lock);
	while (w->pending)
		pthread_cond_wait(&idle, &lock);
	wait_not_running(w);
	pthread_mutex_unlock(&lock);
	return true;
}

void flush_workqueue(struct workqueue_struct *wq)
{
	might_sleep();
	pthread_mutex_lock(&lock);
	while (!list_empty(&wq->work) || wq->running)
		pthread_cond_wait(&idle, &lock);
	pthread_mutex_unlock(&lock);
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	struct delayed_work *d;

	might_sleep();
	flush_workqueue(wq);
	pthread_mutex_lock(&lock);
	list_for_each_entry(d, &timers, timer)
		if (d->wq == wq)
			shim_die("queue %s is destroyed while delayed work waits for it", wq->name);
	wq->stop = true;
	pthread_cond_signal(&wq->wake);
	pthread_mutex_unlock(&lock);
	pthread_join(wq->thread, NULL);
	shim_track_del("workqueue", wq);
	pthread_cond_destroy(&wq->wake);
	free(wq);
}

/* ---- delayed work ---------------------------------------------------------------------------------------------------- */

static void *timer_main(void *arg)
{
	struct delayed_work *d;
	struct timespec ts;

	pthread_mutex_lock(&lock);
	while (!timer_stop) {
		if (list_empty(&timers)) {
			pthread_cond_wait(&timer_wake, &lock);
			continue;
		}
		d = list_first_entry(&timers, struct delayed_work, timer);
		if (shim_now_ns() < d->expires_ns) {
			ts = shim_timespec(d->expires_ns);
			pthread_cond_timedwait(&timer_wake, &lock, &ts);
			continue;
		}
		list_del_init(&d->timer);
		d->timer_pending = 0;
		push(d->wq, &d->work);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* With the lock held. The work is marked pending from here on. */
static void arm(struct workqueue_struct *wq, struct delayed_work *d, unsigned long ticks)
{
	struct delayed_work *at;

	d->wq = wq;
	if (!ticks) {
		push(wq, &d->work);
		return;
	}
	if (!timer_runs) {
		shim_cond_init(&timer_wake);
		timer_runs = true;
		timer_stop = false;
		shim_thread_start(&timer_thread, "shim-timer", timer_main, NULL);
	}
	if (ticks > HZ * 86400ul * 365ul)
		ticks = HZ * 86400ul * 365ul;
	d->work.pending = 1;
	d->timer_pending = 1;
	d->expires_ns = shim_now_ns() + (u64)ticks * (1000000000u / HZ);
	list_for_each_entry(at, &timers, timer)
		if (at->expires_ns > d->expires_ns)
			break;
	list_add_tail(&d->timer, &at->timer);
	pthread_cond_signal(&timer_wake);
}

/* With the lock held: no timer, not in a queue any more; whether it was either. */
static bool disarm(struct delayed_work *d)
{
	bool was = d->work.pending;

	if (d->timer_pending)
		list_del_init(&d->timer);
	else if (d->work.pending)
		list_del_init(&d->work.entry);
	d->timer_pending = 0;
	d->work.pending = 0;
	pthread_cond_broadcast(&idle);	/* whoever flushes waits for it no more */
	return was;
}

bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *d, unsigned long ticks)
{
	bool queued;

	pthread_mutex_lock(&lock);
	queued = !d->work.pending;
	if (queued)
		arm(wq, d, ticks);
	pthread_mutex_unlock(&lock);
	return queued;
}

bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *d, unsigned long ticks)
{
	bool was;

	pthread_mutex_lock(&lock);
	was = disarm(d);
	arm(wq, d, ticks);
	pthread_mutex_unlock(&lock);
	return was;
}

bool cancel_delayed_work(struct delayed_work *d)
{
	bool was;

	pthread_mutex_lock(&lock);
	was = disarm(d);
	pthread_mutex_unlock(&lock);
	return was;
}

/* A work that queues itself again while it is waited for is taken out again: two rounds are enough, it runs at most once more. */
bool cancel_delayed_work_sync(struct delayed_work *d)
{
	bool was;

	might_sleep();
	pthread_mutex_lock(&lock);
	was = disarm(d);
	do {
		wait_not_running(&d->work);
	} while (disarm(d));
	pthread_mutex_unlock(&lock);
	return was;
}

bool cancel_work_sync(struct work_struct *w)
{
	bool was = false;

	might_sleep();
	pthread_mutex_lock(&lock);
	do {
		if (w->pending) {
			list_del_init(&w->entry);
			w->pending = 0;
			was = true;
			pthread_cond_broadcast(&idle);
		}
		wait_not_running(w);
	} while (w->pending);
	pthread_mutex_unlock(&lock);
	return was;
}

void shim_workqueue_stop(void)
{
	pthread_mutex_lock(&lock);
	if (!timer_runs) {
		pthread_mutex_unlock(&lock);
		return;
	}
	timer_stop = true;
	timer_runs = false;
	pthread_cond_signal(&timer_wake);
	pthread_mutex_unlock(&lock);
	pthread_join(timer_thread, NULL);
}

void shim_workqueue_reset(void)
{
	lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	idle = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	INIT_LIST_HEAD(&timers);
	timer_runs = false;
}
