/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Differences between kernel versions: the only place for them. Written for 6.1; the shim calls itself 6.1 too.
 */
#ifndef LXA_COMPAT_H
#define LXA_COMPAT_H

#include <linux/version.h>

/* 6.11 made platform_driver.remove return nothing. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
typedef void lxa_remove_t;
#define LXA_REMOVE_DONE
#else
typedef int lxa_remove_t;
#define LXA_REMOVE_DONE 0
#endif

#endif
