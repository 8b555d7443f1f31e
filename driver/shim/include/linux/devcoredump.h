/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Device coredumps: files in the folder that LXA_COREDUMP names, 64 a process at most; without it they are dropped. */
#ifndef SHIM_LINUX_DEVCOREDUMP_H
#define SHIM_LINUX_DEVCOREDUMP_H

#include <linux/device.h>

void dev_coredumpv(struct device *dev, void *data, size_t len, gfp_t gfp);	/* frees data */

#endif
