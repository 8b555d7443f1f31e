/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Whose call this is. */
#ifndef SHIM_LINUX_CRED_H
#define SHIM_LINUX_CRED_H

#include <linux/uidgid.h>
#include <unistd.h>

static inline kuid_t current_uid(void) { return (kuid_t){ getuid() }; }

#endif
