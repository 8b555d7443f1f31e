// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Readiness. The descriptor a program polls is one end of a socket pair; it must be readable just when the driver's poll says
 * so. (No eventfd: a client of the daemon has the same one, and could make a write or read of it sleep here.)
 * At open the driver's poll is called once to learn its wait queues, and a waiter stays on each of them. A wake-up may
 * come under the driver's locks, so it only marks the file; a thread then asks the driver and sets the descriptor.
 */
#include <linux/poll.h>

#include "shim.h"

#include <stdlib.h>
#include <sys/socket.h>

#define MAX_QUEUES 4

struct shim_poll {
	poll_table pt;			/* first: the driver hands it back to add_queue() */
	struct shim_file *sf;
	struct {
		struct wait_queue_entry e;
		wait_queue_head_t *wq;
	} q[MAX_QUEUES];
	unsigned int n;
	pthread_mutex_t ready_lock;	/* guards signalled and what is in the socket */
	bool signalled;
	struct list_head link;		/* in `marked`; guarded by lock */
	bool is_marked, gone;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER, idle = PTHREAD_COND_INITIALIZER;
static LIST_HEAD(marked);
static struct shim_poll *busy;
static bool runs;

unsigned int shim_poll_sync(struct shim_file *sf)
{
	struct shim_poll *p = sf->poll;
	unsigned int mask;
	bool cleared;
	char c = 0;

	if (!p)		/* the daemon's: it does the following over there */
		return sf->f.f_op->poll(&sf->f, NULL);
	pthread_mutex_lock(&p->ready_lock);
	do {		/* once more after clearing: on_wake() has done nothing meanwhile */
		mask = sf->f.f_op->poll(&sf->f, NULL);
		cleared = false;
		if (mask && !p->signalled) {
			WRITE_ONCE(p->signalled, send(sf->set_fd, &c, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1);
		} else if (!mask && p->signalled) {
			recv(sf->clear_fd, &c, 1, MSG_DONTWAIT);
			WRITE_ONCE(p->signalled, false);
			smp_mb();
			cleared = true;
		}
	} while (cleared);
	pthread_mutex_unlock(&p->ready_lock);
	return mask;
}

static void *poll_main(void *arg)
{
	struct shim_poll *p;

	pthread_mutex_lock(&lock);
	for (;;) {
		while (list_empty(&marked))
			pthread_cond_wait(&wake, &lock);
		p = list_first_entry(&marked, struct shim_poll, link);
		list_del_init(&p->link);
		p->is_marked = false;
		busy = p;
		pthread_mutex_unlock(&lock);
		shim_poll_sync(p->sf);
		pthread_mutex_lock(&lock);
		busy = NULL;
		pthread_cond_broadcast(&idle);
	}
	return NULL;
}

static int on_wake(struct wait_queue_entry *e, unsigned int mode, int flags, void *key)
{
	struct shim_poll *p = e->private;

	if (READ_ONCE(p->signalled))
		return 0;	/* readable as it is: who reads looks again */
	pthread_mutex_lock(&lock);
	if (!p->is_marked && !p->gone) {
		p->is_marked = true;
		list_add_tail(&p->link, &marked);
		pthread_cond_signal(&wake);
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

static void add_queue(struct file *file, wait_queue_head_t *wq, poll_table *pt)
{
	struct shim_poll *p = container_of(pt, struct shim_poll, pt);

	if (p->n == MAX_QUEUES)
		shim_die("poll on more than %d wait queues", MAX_QUEUES);
	p->q[p->n].wq = wq;
	p->q[p->n].e = (struct wait_queue_entry) { .private = p, .func = on_wake };
	add_wait_queue(wq, &p->q[p->n].e);
	p->n++;
}

int shim_poll_attach(struct shim_file *sf)
{
	pthread_t t;
	struct shim_poll *p;

	if (!sf->f.f_op->poll)
		shim_die("the driver has no poll: its descriptor could never become ready");
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->sf = sf;
	p->pt.qproc = add_queue;
	pthread_mutex_init(&p->ready_lock, NULL);
	INIT_LIST_HEAD(&p->link);
	sf->poll = p;
	pthread_mutex_lock(&lock);
	if (!runs) {
		runs = true;
		shim_thread_start(&t, "shim-poll", poll_main, NULL);
		pthread_detach(t);	/* lives as long as the process */
	}
	pthread_mutex_unlock(&lock);
	sf->f.f_op->poll(&sf->f, &p->pt);
	shim_poll_sync(sf);
	return 0;
}

/* Afterwards neither a wake-up nor the thread touches the file. */
void shim_poll_detach(struct shim_file *sf)
{
	struct shim_poll *p = sf->poll;
	unsigned int i;

	if (!p)
		return;
	for (i = 0; i < p->n; i++)
		remove_wait_queue(p->q[i].wq, &p->q[i].e);
	pthread_mutex_lock(&lock);
	p->gone = true;
	if (p->is_marked)
		list_del_init(&p->link);
	while (busy == p)
		pthread_cond_wait(&idle, &lock);
	pthread_mutex_unlock(&lock);
	pthread_mutex_destroy(&p->ready_lock);
	sf->poll = NULL;
	free(p);
}

void shim_poll_reset(void)
{
	lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	wake = idle = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	INIT_LIST_HEAD(&marked);
	busy = NULL;
	runs = false;
}
