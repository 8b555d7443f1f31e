/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Ticks of CLOCK_MONOTONIC, 1000 a second. */
#ifndef SHIM_LINUX_JIFFIES_H
#define SHIM_LINUX_JIFFIES_H

#include <linux/types.h>

#define HZ 1000
unsigned long shim_jiffies(void);
#define jiffies shim_jiffies()
static inline unsigned long msecs_to_jiffies(unsigned int ms) { return ms; }
static inline unsigned int jiffies_to_msecs(unsigned long j) { return (unsigned int)j; }
static inline unsigned long usecs_to_jiffies(unsigned int us) { return (us + 999u) / 1000u; }
static inline unsigned long nsecs_to_jiffies(u64 ns) { return (unsigned long)(ns / 1000000u); }
#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)
#define time_is_before_jiffies(a) time_after(jiffies, a)

#endif
