/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* References to an address space: there is one, and it stays. */
#ifndef SHIM_LINUX_SCHED_MM_H
#define SHIM_LINUX_SCHED_MM_H

#include <linux/mm.h>

static inline void mmgrab(struct mm_struct *mm) { }
static inline void mmdrop(struct mm_struct *mm) { }

#endif
