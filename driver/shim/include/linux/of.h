/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Device-tree matching needs only the table types here. */
#ifndef SHIM_LINUX_OF_H
#define SHIM_LINUX_OF_H

#include <linux/mod_devicetable.h>

#endif
