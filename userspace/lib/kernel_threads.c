/* SPDX-License-Identifier: MIT */
/*
 * kernel_threads.c - a few threads that wait for work. Work comes in calls of well under a millisecond, so a thread that has
 * finished looks for more for a moment before it sleeps.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "kernel.h"

#define LOOKS 50

struct kpool {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	atomic_uint round;	/* calls of kpool_run so far */
	uint32_t threads, started, busy;
	int stop;
	void (*run)(void *ctx, uint32_t thread);
	void *ctx;
	pthread_t tid[];
};

struct start {
	struct kpool *p;
	uint32_t thread;
};

static void *loop(void *arg)
{
	struct kpool *p = ((struct start *)arg)->p;
	uint32_t thread = ((struct start *)arg)->thread, seen = 0;
	int i;

	free(arg);
	for (;;) {
		for (i = 0; i < LOOKS && atomic_load(&p->round) == seen; i++)
			sched_yield();
		pthread_mutex_lock(&p->lock);
		while (!p->stop && atomic_load(&p->round) == seen)
			pthread_cond_wait(&p->work, &p->lock);
		seen = atomic_load(&p->round);
		if (p->stop) {
			pthread_mutex_unlock(&p->lock);
			return NULL;
		}
		pthread_mutex_unlock(&p->lock);
		p->run(p->ctx, thread);
		pthread_mutex_lock(&p->lock);
		if (!--p->busy)
			pthread_cond_signal(&p->done);
		pthread_mutex_unlock(&p->lock);
	}
}

struct kpool *kpool_create(uint32_t threads)
{
	struct kpool *p = calloc(1, sizeof(*p) + threads * sizeof(p->tid[0]));
	struct start *s;

	if (!p)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->done, NULL);
	p->threads = threads;
	for (p->started = 1; p->started < threads; p->started++) {
		s = malloc(sizeof(*s));
		if (!s)
			break;
		*s = (struct start){ p, p->started };
		if (pthread_create(&p->tid[p->started], NULL, loop, s)) {
			free(s);
			break;
		}
	}
	if (p->started < threads) {
		kpool_free(p);
		return NULL;
	}
	return p;
}

uint32_t kpool_threads(const struct kpool *p)
{
	return p->threads;
}

void kpool_free(struct kpool *p)
{
	uint32_t i;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = 1;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (i = 1; i < p->started; i++)
		pthread_join(p->tid[i], NULL);
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->done);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void kpool_run(struct kpool *p, void (*run)(void *ctx, uint32_t thread), void *ctx)
{
	pthread_mutex_lock(&p->lock);
	p->run = run;
	p->ctx = ctx;
	p->busy = p->threads - 1;
	atomic_fetch_add(&p->round, 1);
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	run(ctx, 0);
	pthread_mutex_lock(&p->lock);
	while (p->busy)
		pthread_cond_wait(&p->done, &p->lock);
	pthread_mutex_unlock(&p->lock);
}
