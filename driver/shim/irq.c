// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Interrupt lines. The device's callback only notes the level; a thread for each requested line calls the hard handler
 * (with the "hard interrupt" mark, so that sleeping there aborts) and then the threaded part, until the level falls.
 * A pulse that is over before the thread looks is still delivered once: that is how a spurious interrupt arrives.
 */
#include <linux/interrupt.h>

#include "shim.h"

#define LINES 64u
#define FIRST_IRQ 32u
#define MAX_UNHANDLED 10000u
#define FALL_NS 50000u		/* for the line to fall after it was acknowledged */

struct line {
	struct host_dev *host;		/* NULL: free */
	irq_handler_t hard, thread_fn;
	void *dev_id;
	const char *name;
	pthread_t thread;
	pthread_mutex_t lock;		/* guards what follows */
	pthread_cond_t wake, quiet;
	int level, pulse;
	unsigned int changes;		/* of the level */
	int disabled;
	bool running, stop, requested;
	bool long_waits;		/* the line's thread alone */
	unsigned int unhandled;
};

static struct line lines[LINES];
static pthread_mutex_t lines_lock = PTHREAD_MUTEX_INITIALIZER;	/* guards which lines are taken */

static struct line *line_of(unsigned int irq)
{
	if (irq < FIRST_IRQ || irq >= FIRST_IRQ + LINES || !lines[irq - FIRST_IRQ].host)
		shim_die("interrupt %u does not exist", irq);
	return &lines[irq - FIRST_IRQ];
}

static void on_level(void *ctx, int level)
{
	struct line *l = ctx;

	pthread_mutex_lock(&l->lock);
	l->level = level;
	l->pulse |= level;
	WRITE_ONCE(l->changes, l->changes + 1);
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->lock);
}

unsigned int shim_irq_attach(struct host_dev *h)
{
	unsigned int i;
	struct line *l;

	pthread_mutex_lock(&lines_lock);
	for (i = 0; i < LINES && lines[i].host; i++)
		;
	if (i == LINES)
		shim_die("no interrupt line left: at most %u devices in one process", LINES);
	l = &lines[i];
	memset(l, 0, sizeof(*l));
	l->host = h;
	pthread_mutex_init(&l->lock, NULL);
	shim_cond_init(&l->wake);
	pthread_cond_init(&l->quiet, NULL);
	pthread_mutex_unlock(&lines_lock);
	host_set_irq(h, on_level, l);
	return FIRST_IRQ + i;
}

/* The device must be gone: its thread calls on_level(). */
void shim_irq_detach(unsigned int irq)
{
	struct line *l = line_of(irq);

	if (l->requested)
		shim_die("interrupt %u (%s) was not freed", irq, l->name);
	pthread_mutex_lock(&lines_lock);
	pthread_mutex_destroy(&l->lock);
	pthread_cond_destroy(&l->wake);
	pthread_cond_destroy(&l->quiet);
	l->host = NULL;
	pthread_mutex_unlock(&lines_lock);
}

/* Without the line's lock. */
static irqreturn_t run_handlers(struct line *l, int irq)
{
	struct task_struct *t = current;
	irqreturn_t ret;

	t->hardirq = 1;
	ret = l->hard ? l->hard(irq, l->dev_id) : IRQ_WAKE_THREAD;
	t->hardirq = 0;
	if (ret == IRQ_WAKE_THREAD) {
		if (!l->thread_fn)
			shim_die("interrupt %d (%s): IRQ_WAKE_THREAD without a threaded handler", irq, l->name);
		ret = l->thread_fn(irq, l->dev_id);
	}
	if (t->atomic_depth || t->irqs_off)
		shim_die("interrupt %d (%s): handler returned with a spinlock held", irq, l->name);
	return ret;
}

struct look {
	const struct line *l;
	unsigned int changes;
};

static bool has_changed(const void *arg)
{
	const struct look *k = arg;

	return READ_ONCE(k->l->changes) != k->changes;
}

/* With the lock held, which is dropped meanwhile. */
static void look_for_change(struct line *l, unsigned int changes)
{
	const struct look k = { l, changes };

	pthread_mutex_unlock(&l->lock);
	shim_look(&l->long_waits, has_changed, &k);
	pthread_mutex_lock(&l->lock);
}

static void wait_for_work(struct line *l)
{
	unsigned int changes = l->changes;
	u64 start = shim_now_ns();

	look_for_change(l, changes);
	while (l->changes == changes && !l->stop && (l->disabled || !(l->level || l->pulse)))
		pthread_cond_wait(&l->wake, &l->lock);
	shim_waited(&l->long_waits, start);
}

/*
 * With the lock held: the device's thread lowers the line a moment after the acknowledging write; asking again at once would
 * only keep it from doing so. Whatever the line does next ends the wait.
 */
static void wait_for_fall(struct line *l, unsigned int changes)
{
	struct timespec end = shim_timespec(shim_now_ns() + FALL_NS);

	if (l->level && l->changes == changes)
		look_for_change(l, changes);
	while (l->level && l->changes == changes && !l->stop)
		if (pthread_cond_timedwait(&l->wake, &l->lock, &end))
			return;
}

static void *irq_main(void *arg)
{
	struct line *l = arg;
	int irq = (int)(FIRST_IRQ + (unsigned int)(l - lines));
	unsigned int changes;
	irqreturn_t ret;

	pthread_mutex_lock(&l->lock);
	while (!l->stop) {
		if (l->disabled || !(l->level || l->pulse)) {
			wait_for_work(l);
			continue;
		}
		l->pulse = 0;
		l->running = true;
		changes = l->changes;
		pthread_mutex_unlock(&l->lock);
		ret = run_handlers(l, irq);
		pthread_mutex_lock(&l->lock);
		l->running = false;
		l->unhandled = ret == IRQ_NONE ? l->unhandled + 1 : 0;
		if (l->unhandled >= MAX_UNHANDLED) {
			shim_printk(KERN_LEVEL_ERR, "irq %d (%s): nobody cared; switched off", irq, l->name);
			l->disabled++;
		}
		pthread_cond_broadcast(&l->quiet);
		wait_for_fall(l, changes);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

int request_threaded_irq(unsigned int irq, irq_handler_t hard, irq_handler_t thread, unsigned long flags,
			 const char *name, void *dev_id)
{
	struct line *l = line_of(irq);

	might_sleep();
	if (!hard && !thread)
		return -EINVAL;
	if (!hard && !(flags & IRQF_ONESHOT))
		return -EINVAL;		/* as the kernel: a level line would storm */
	if (shim_should_fail("request_threaded_irq"))
		return -ENOMEM;
	if (l->requested)
		return -EBUSY;
	l->hard = hard;
	l->thread_fn = thread;
	l->dev_id = dev_id;
	l->name = name;
	l->stop = false;
	l->disabled = 0;
	l->unhandled = 0;
	l->requested = true;
	shim_track_add("irq", l, sizeof(*l), name);
	shim_thread_start(&l->thread, "shim-irq", irq_main, l);
	return 0;
}

const void *free_irq(unsigned int irq, void *dev_id)
{
	struct line *l = line_of(irq);

	might_sleep();
	if (!l->requested || l->dev_id != dev_id)
		shim_die("interrupt %u is freed by somebody who did not request it", irq);
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->lock);
	pthread_join(l->thread, NULL);
	l->requested = false;
	shim_track_del("irq", l);
	return l->name;
}

void synchronize_irq(unsigned int irq)
{
	struct line *l = line_of(irq);

	might_sleep();
	if (l->requested && pthread_equal(l->thread, pthread_self()))
		shim_die("synchronize_irq(%u) in its own handler", irq);
	pthread_mutex_lock(&l->lock);
	while (l->running)
		pthread_cond_wait(&l->quiet, &l->lock);
	pthread_mutex_unlock(&l->lock);
}

void disable_irq_nosync(unsigned int irq)
{
	struct line *l = line_of(irq);

	pthread_mutex_lock(&l->lock);
	l->disabled++;
	pthread_mutex_unlock(&l->lock);
}

void disable_irq(unsigned int irq)
{
	disable_irq_nosync(irq);
	synchronize_irq(irq);
}

void enable_irq(unsigned int irq)
{
	struct line *l = line_of(irq);

	pthread_mutex_lock(&l->lock);
	if (l->disabled-- <= 0)
		shim_die("enable_irq(%u) without disable_irq", irq);
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->lock);
}

void shim_irq_reset(void)
{
	memset(lines, 0, sizeof(lines));
	lines_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}
