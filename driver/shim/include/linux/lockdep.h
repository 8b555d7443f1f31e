/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Owner checks, always on. */
#ifndef SHIM_LINUX_LOCKDEP_H
#define SHIM_LINUX_LOCKDEP_H

struct spinlock;
struct mutex;
void shim_assert_spin_held(const struct spinlock *l, const char *file, int line);
void shim_assert_mutex_held(const struct mutex *m, const char *file, int line);
#define lockdep_assert_held(l) _Generic((l),				\
	struct spinlock *: shim_assert_spin_held,			\
	const struct spinlock *: shim_assert_spin_held,			\
	struct mutex *: shim_assert_mutex_held,				\
	const struct mutex *: shim_assert_mutex_held)((const void *)(l), __FILE__, __LINE__)

#endif
