/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Compile-time checks. */
#ifndef SHIM_LINUX_BUILD_BUG_H
#define SHIM_LINUX_BUILD_BUG_H

#define BUILD_BUG_ON(c) _Static_assert(!(c), "BUILD_BUG_ON: " #c)
#define BUILD_BUG_ON_MSG(c, m) _Static_assert(!(c), m)
#undef static_assert
#define __shim_sa(e, m, ...) _Static_assert(e, m)
#define static_assert(e, ...) __shim_sa(e, ##__VA_ARGS__, #e)

#endif
