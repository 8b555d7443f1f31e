/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* From a member to its struct. */
#ifndef SHIM_LINUX_CONTAINER_OF_H
#define SHIM_LINUX_CONTAINER_OF_H

#include <stddef.h>

#define container_of(ptr, type, member) ({				\
	const typeof(((type *)0)->member) *__mp = (ptr);		\
	(type *)((char *)(uintptr_t)__mp - offsetof(type, member)); })
#define typeof_member(T, m) typeof(((T *)0)->m)

#endif
