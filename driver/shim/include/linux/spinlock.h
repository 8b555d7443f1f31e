/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Spinlocks: pthread mutexes with an owner. Taking one twice, releasing another's, sleeping under one, and mixing hard-interrupt use with interrupts-on use abort. */
#ifndef SHIM_LINUX_SPINLOCK_H
#define SHIM_LINUX_SPINLOCK_H

#include <linux/types.h>
#include <linux/lockdep.h>
#include <linux/atomic.h>
#include <pthread.h>

struct task_struct;
typedef struct spinlock {
	pthread_mutex_t m;
	struct task_struct *owner;
	int in_hardirq, in_irqs_on;	/* seen so far */
} spinlock_t;

#define __SPIN_LOCK_UNLOCKED(n) { .m = PTHREAD_MUTEX_INITIALIZER }
#define DEFINE_SPINLOCK(n) spinlock_t n = __SPIN_LOCK_UNLOCKED(n)

void spin_lock_init(spinlock_t *l);
void spin_lock(spinlock_t *l);
int spin_trylock(spinlock_t *l);
void spin_unlock(spinlock_t *l);
void spin_lock_irq(spinlock_t *l);
void spin_unlock_irq(spinlock_t *l);
unsigned long shim_spin_lock_irqsave(spinlock_t *l);
void spin_unlock_irqrestore(spinlock_t *l, unsigned long flags);
#define spin_lock_irqsave(l, flags) ((flags) = shim_spin_lock_irqsave(l))
#define spin_lock_bh(l) spin_lock(l)
#define spin_unlock_bh(l) spin_unlock(l)

#endif
