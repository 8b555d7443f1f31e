/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* min, max, clamp: types must agree, as in the kernel. */
#ifndef SHIM_LINUX_MINMAX_H
#define SHIM_LINUX_MINMAX_H

#define __shim_cmp(x, y, op) ({			\
	typeof(x) __cx = (x);			\
	typeof(y) __cy = (y);			\
	(void)(&__cx == &__cy);			\
	__cx op __cy ? __cx : __cy; })
#define min(x, y) __shim_cmp(x, y, <)
#define max(x, y) __shim_cmp(x, y, >)
#define min_t(type, x, y) ({ type __tx = (x), __ty = (y); __tx < __ty ? __tx : __ty; })
#define max_t(type, x, y) ({ type __tx = (x), __ty = (y); __tx > __ty ? __tx : __ty; })
#define min3(x, y, z) min((typeof(x))min(x, y), z)
#define max3(x, y, z) max((typeof(x))max(x, y), z)
#define clamp(v, lo, hi) min((typeof(v))max(v, lo), hi)
#define clamp_t(type, v, lo, hi) min_t(type, max_t(type, v, lo), hi)
#define swap(a, b) do { typeof(a) __sw = (a); (a) = (b); (b) = __sw; } while (0)

#endif
