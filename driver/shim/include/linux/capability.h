/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What the caller may do: in this process everything, in the daemon what the client's credentials say. */
#ifndef SHIM_LINUX_CAPABILITY_H
#define SHIM_LINUX_CAPABILITY_H

#include <linux/types.h>

#define CAP_SYS_NICE 23
bool capable(int cap);

#endif
