/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* BUG aborts; WARN prints once with its place and, in test mode (LXA_SHIM_STRICT), aborts too. */
#ifndef SHIM_LINUX_BUG_H
#define SHIM_LINUX_BUG_H

#include <linux/compiler.h>
#include <linux/types.h>

void shim_bug(const char *file, int line, const char *what) __attribute__((noreturn));
bool shim_warn(const char *file, int line, const char *what);

#define BUG() shim_bug(__FILE__, __LINE__, "BUG()")
#define BUG_ON(c) do { if (unlikely(c)) shim_bug(__FILE__, __LINE__, #c); } while (0)
#define WARN_ON(c) ({ bool __wc = !!(c); if (unlikely(__wc)) shim_warn(__FILE__, __LINE__, #c); __wc; })
#define WARN_ON_ONCE(c) WARN_ON(c)
#define WARN(c, fmt, ...) ({ bool __wc = !!(c); if (unlikely(__wc)) shim_warn(__FILE__, __LINE__, fmt); __wc; })
#define WARN_ONCE(c, fmt, ...) WARN(c, fmt, ##__VA_ARGS__)

#endif
