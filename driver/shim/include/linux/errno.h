/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Error numbers: the UAPI ones and the kernel-internal ones that never reach user space. */
#ifndef SHIM_LINUX_ERRNO_H
#define SHIM_LINUX_ERRNO_H

#include_next <linux/errno.h>

#define ERESTARTSYS 512
#define ENOIOCTLCMD 515
#define EPROBE_DEFER 517
#define ENOTSUPP 524

#endif
