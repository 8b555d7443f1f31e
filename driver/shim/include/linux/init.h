/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Sections do not exist here: markers only. */
#ifndef SHIM_LINUX_INIT_H
#define SHIM_LINUX_INIT_H

#define __init
#define __exit
#define __initdata

#endif
