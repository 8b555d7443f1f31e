/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Firmware properties: the ones that the simulated device states. */
#ifndef SHIM_LINUX_PROPERTY_H
#define SHIM_LINUX_PROPERTY_H

#include <linux/types.h>

struct device;
int device_property_read_string(const struct device *dev, const char *name, const char **val);

#endif
