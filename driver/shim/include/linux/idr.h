/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Small numbers handed out, lowest first. */
#ifndef SHIM_LINUX_IDR_H
#define SHIM_LINUX_IDR_H

#include <linux/xarray.h>

struct ida { struct xarray xa; };
#define DEFINE_IDA(n) struct ida n = { .xa = { .xa_lock = __SPIN_LOCK_UNLOCKED(n), .flags = XA_FLAGS_ALLOC } }

int __must_check ida_alloc_range(struct ida *ida, unsigned int min, unsigned int max, gfp_t gfp);
#define ida_alloc(ida, gfp) ida_alloc_range(ida, 0, INT_MAX, gfp)
#define ida_alloc_max(ida, max, gfp) ida_alloc_range(ida, 0, max, gfp)
void ida_free(struct ida *ida, unsigned int id);
void ida_destroy(struct ida *ida);

#endif
