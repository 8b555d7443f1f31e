// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The current task, spinlocks, mutexes, and the rules about where one may sleep. */
#include "shim.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

struct task_struct *shim_current(void)
{
	static __thread struct task_struct self;

	if (!self.pid) {
		self.pid = (pid_t)syscall(SYS_gettid);
		pthread_mutex_init(&self.lock, NULL);
		shim_cond_init(&self.cond);
	}
	return &self;
}

void shim_might_sleep(const char *file, int line)
{
	struct task_struct *t = shim_current();

	if (t->hardirq)
		shim_die("%s:%d: may sleep, called in a hard interrupt handler", file, line);
	if (t->atomic_depth)
		shim_die("%s:%d: may sleep, called with %d spinlock(s) held", file, line, t->atomic_depth);
	if (t->irqs_off)
		shim_die("%s:%d: may sleep, called with interrupts off", file, line);
}

/* ---- spinlocks ------------------------------------------------------------------------------------------------ */

void spin_lock_init(spinlock_t *l)
{
	*l = (spinlock_t) { .m = PTHREAD_MUTEX_INITIALIZER };
}

/* A lock that a hard handler takes must never be held with interrupts on: the handler could come in between. */
static void check_irq_use(spinlock_t *l, struct task_struct *t)
{
	if (t->hardirq)
		WRITE_ONCE(l->in_hardirq, 1);
	else if (!t->irqs_off)
		WRITE_ONCE(l->in_irqs_on, 1);
	if (READ_ONCE(l->in_hardirq) && READ_ONCE(l->in_irqs_on))
		shim_die("spinlock %p is taken in a hard interrupt handler and with interrupts on: deadlock", (void *)l);
}

/* Held for a moment only: sleeping is for the case that its owner does not run. */
static void lock_slowly(spinlock_t *l)
{
	for (int i = 0; i < 100; i++) {
		sched_yield();
		if (!pthread_mutex_trylock(&l->m))
			return;
	}
	pthread_mutex_lock(&l->m);
}

void spin_lock(spinlock_t *l)
{
	struct task_struct *t = shim_current();

	if (READ_ONCE(l->owner) == t)
		shim_die("spinlock %p is taken twice by one thread", (void *)l);
	check_irq_use(l, t);
	t->atomic_depth++;
	if (pthread_mutex_trylock(&l->m))
		lock_slowly(l);
	WRITE_ONCE(l->owner, t);
}

int spin_trylock(spinlock_t *l)
{
	struct task_struct *t = shim_current();

	if (pthread_mutex_trylock(&l->m))
		return 0;
	check_irq_use(l, t);
	t->atomic_depth++;
	WRITE_ONCE(l->owner, t);
	return 1;
}

void spin_unlock(spinlock_t *l)
{
	struct task_struct *t = shim_current();

	if (READ_ONCE(l->owner) != t)
		shim_die("spinlock %p is released by a thread that does not hold it", (void *)l);
	WRITE_ONCE(l->owner, NULL);
	pthread_mutex_unlock(&l->m);
	t->atomic_depth--;
}

void spin_lock_irq(spinlock_t *l)
{
	struct task_struct *t = shim_current();

	if (t->irqs_off)
		shim_die("spin_lock_irq with interrupts off already: its unlock would turn them on");
	t->irqs_off = 1;
	spin_lock(l);
}

void spin_unlock_irq(spinlock_t *l)
{
	spin_unlock(l);
	shim_current()->irqs_off = 0;
}

unsigned long shim_spin_lock_irqsave(spinlock_t *l)
{
	struct task_struct *t = shim_current();
	unsigned long flags = (unsigned long)t->irqs_off;

	t->irqs_off = 1;
	spin_lock(l);
	return flags;
}

void spin_unlock_irqrestore(spinlock_t *l, unsigned long flags)
{
	spin_unlock(l);
	shim_current()->irqs_off = (int)flags;
}

void shim_assert_spin_held(const struct spinlock *l, const char *file, int line)
{
	if (READ_ONCE(l->owner) != shim_current())
		shim_die("%s:%d: spinlock %p should be held here", file, line, (const void *)l);
}

/* ---- mutexes --------------------------------------------------------------------------------------------------- */

void mutex_init(struct mutex *m)
{
	*m = (struct mutex) { .m = PTHREAD_MUTEX_INITIALIZER };
}

void mutex_destroy(struct mutex *m)
{
	if (READ_ONCE(m->owner))
		shim_die("mutex %p is destroyed while it is held", (void *)m);
}

void mutex_lock(struct mutex *m)
{
	struct task_struct *t = shim_current();

	might_sleep();
	if (READ_ONCE(m->owner) == t)
		shim_die("mutex %p is taken twice by one thread", (void *)m);
	pthread_mutex_lock(&m->m);
	WRITE_ONCE(m->owner, t);
}

int mutex_lock_interruptible(struct mutex *m)
{
	mutex_lock(m);
	return 0;
}

int mutex_trylock(struct mutex *m)
{
	if (shim_current()->hardirq)
		shim_die("mutex_trylock in a hard interrupt handler");
	if (pthread_mutex_trylock(&m->m))
		return 0;
	WRITE_ONCE(m->owner, shim_current());
	return 1;
}

void mutex_unlock(struct mutex *m)
{
	if (READ_ONCE(m->owner) != shim_current())
		shim_die("mutex %p is released by a thread that does not hold it", (void *)m);
	WRITE_ONCE(m->owner, NULL);
	pthread_mutex_unlock(&m->m);
}

bool mutex_is_locked(struct mutex *m)
{
	return READ_ONCE(m->owner);
}

void shim_assert_mutex_held(const struct mutex *m, const char *file, int line)
{
	if (READ_ONCE(m->owner) != shim_current())
		shim_die("%s:%d: mutex %p should be held here", file, line, (const void *)m);
}
