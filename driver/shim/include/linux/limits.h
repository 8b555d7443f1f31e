/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Integer limits. */
#ifndef SHIM_LINUX_LIMITS_H
#define SHIM_LINUX_LIMITS_H

#include_next <linux/limits.h>
#include <limits.h>

#define U8_MAX 0xffu
#define U16_MAX 0xffffu
#define U32_MAX 0xffffffffu
#define U64_MAX 0xffffffffffffffffull
#define S32_MAX 0x7fffffff
#define S64_MAX 0x7fffffffffffffffll
#define S8_MIN (-128)
#define S8_MAX 127
#define S16_MAX 0x7fff
#define S32_MIN (-S32_MAX - 1)
#define S64_MIN (-S64_MAX - 1)

#endif
