/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Arithmetic that says when it wrapped. */
#ifndef SHIM_LINUX_OVERFLOW_H
#define SHIM_LINUX_OVERFLOW_H

#include <linux/types.h>

#define check_add_overflow(a, b, d) __builtin_add_overflow(a, b, d)
#define check_sub_overflow(a, b, d) __builtin_sub_overflow(a, b, d)
#define check_mul_overflow(a, b, d) __builtin_mul_overflow(a, b, d)

static inline size_t size_mul(size_t a, size_t b)
{
	size_t r;

	return __builtin_mul_overflow(a, b, &r) ? SIZE_MAX : r;
}
static inline size_t size_add(size_t a, size_t b)
{
	size_t r;

	return __builtin_add_overflow(a, b, &r) ? SIZE_MAX : r;
}
static inline size_t array_size(size_t a, size_t b) { return size_mul(a, b); }
#define struct_size(p, member, n) size_add(sizeof(*(p)), size_mul((n), sizeof(*(p)->member)))
#define flex_array_size(p, member, n) size_mul((n), sizeof(*(p)->member))

#endif
