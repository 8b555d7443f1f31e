/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* 64-bit division helpers. */
#ifndef SHIM_LINUX_MATH64_H
#define SHIM_LINUX_MATH64_H

#include <linux/math.h>

static inline u64 div_u64(u64 a, u32 b) { return a / b; }
static inline s64 div_s64(s64 a, s32 b) { return a / b; }
static inline u64 div64_u64(u64 a, u64 b) { return a / b; }
#define do_div(n, base) ({ u32 __rem = (u32)((n) % (u32)(base)); (n) /= (u32)(base); __rem; })

#endif
