/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Symbols are exported by nothing here: the object is linked. */
#ifndef SHIM_LINUX_EXPORT_H
#define SHIM_LINUX_EXPORT_H

#define EXPORT_SYMBOL(s)
#define EXPORT_SYMBOL_GPL(s)

#endif
