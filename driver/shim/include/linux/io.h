/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Registers. An __iomem pointer is a cookie inside a PROT_NONE mapping: only these functions can use it. */
#ifndef SHIM_LINUX_IO_H
#define SHIM_LINUX_IO_H

#include <linux/types.h>
#include <linux/atomic.h>

u32 readl(const volatile void __iomem *addr);
void writel(u32 val, volatile void __iomem *addr);

#endif
