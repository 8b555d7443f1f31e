/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Sleeping and short busy waits. */
#ifndef SHIM_LINUX_DELAY_H
#define SHIM_LINUX_DELAY_H

#include <linux/types.h>

void usleep_range(unsigned long min_us, unsigned long max_us);
void msleep(unsigned int ms);
void udelay(unsigned long us);
void ndelay(unsigned long ns);

#endif
