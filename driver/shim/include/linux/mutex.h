/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Mutexes with an owner: self-deadlock, release by another and use in atomic context abort. */
#ifndef SHIM_LINUX_MUTEX_H
#define SHIM_LINUX_MUTEX_H

#include <linux/types.h>
#include <linux/lockdep.h>
#include <pthread.h>

struct task_struct;
struct mutex {
	pthread_mutex_t m;
	struct task_struct *owner;
};
#define DEFINE_MUTEX(n) struct mutex n = { .m = PTHREAD_MUTEX_INITIALIZER }

void mutex_init(struct mutex *m);
void mutex_destroy(struct mutex *m);
void mutex_lock(struct mutex *m);
int __must_check mutex_lock_interruptible(struct mutex *m);
int mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_is_locked(struct mutex *m);

#endif
