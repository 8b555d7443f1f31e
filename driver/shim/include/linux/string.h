/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* String and memory functions: libc's, and the kernel's additions. */
#ifndef SHIM_LINUX_STRING_H
#define SHIM_LINUX_STRING_H

#include <linux/types.h>
#include <string.h>
#include <stdio.h>

ssize_t strscpy(char *dst, const char *src, size_t size);
void *memchr_inv(const void *p, int c, size_t n);
static inline void memzero_explicit(void *p, size_t n)
{
	memset(p, 0, n);
	barrier();
}

#endif
