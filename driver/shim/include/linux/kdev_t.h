/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Device numbers. */
#ifndef SHIM_LINUX_KDEV_T_H
#define SHIM_LINUX_KDEV_T_H

#include <linux/types.h>

#define MINORBITS 20
#define MINOR(dev) ((unsigned int)((dev) & ((1u << MINORBITS) - 1)))

#endif
