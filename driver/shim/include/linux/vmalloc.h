/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* vzalloc() and vfree() are with their like. */
#include <linux/slab.h>
