/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Kernel log on stderr; LXA_SHIM_LOG sets the level shown (0..7, default 4: warnings and worse). */
#ifndef SHIM_LINUX_PRINTK_H
#define SHIM_LINUX_PRINTK_H

#include <linux/compiler.h>

#define KERN_LEVEL_ERR 3
#define KERN_LEVEL_WARN 4
#define KERN_LEVEL_NOTICE 5
#define KERN_LEVEL_INFO 6
#define KERN_LEVEL_DEBUG 7

void shim_printk(int level, const char *fmt, ...) __printf(2, 3);
int shim_ratelimit(long *last_ns);

#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif
#define pr_err(fmt, ...) shim_printk(KERN_LEVEL_ERR, pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...) shim_printk(KERN_LEVEL_WARN, pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice(fmt, ...) shim_printk(KERN_LEVEL_NOTICE, pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...) shim_printk(KERN_LEVEL_INFO, pr_fmt(fmt), ##__VA_ARGS__)
#define pr_debug(fmt, ...) shim_printk(KERN_LEVEL_DEBUG, pr_fmt(fmt), ##__VA_ARGS__)

#endif
