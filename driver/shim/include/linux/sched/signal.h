/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Signals: see linux/sched.h. */
#ifndef SHIM_LINUX_SCHED_SIGNAL_H
#define SHIM_LINUX_SCHED_SIGNAL_H

#include <linux/sched.h>

#endif
