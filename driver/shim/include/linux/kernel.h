/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The usual bundle. */
#ifndef SHIM_LINUX_KERNEL_H
#define SHIM_LINUX_KERNEL_H

#include <linux/types.h>
#include <linux/limits.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/container_of.h>
#include <linux/build_bug.h>
#include <linux/bug.h>
#include <linux/printk.h>
#include <linux/log2.h>
#include <linux/string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ALIGN(x, a) (((x) + ((typeof(x))(a) - 1)) & ~((typeof(x))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((typeof(x))(a) - 1))
#define IS_ALIGNED(x, a) (((x) & ((typeof(x))(a) - 1)) == 0)
#define PTR_ALIGN(p, a) ((typeof(p))ALIGN((unsigned long)(p), (a)))
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define lower_32_bits(n) ((u32)((n) & 0xffffffff))
#define u64_to_user_ptr(x) ((void __user *)(uintptr_t)(u64)(x))

/* Device memory is little-endian, and so is every machine that the shim runs on. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the shim needs a little-endian machine");
static inline u32 cpu_to_le32(u32 x) { return x; }
static inline u32 le32_to_cpu(u32 x) { return x; }
static inline u64 cpu_to_le64(u64 x) { return x; }
static inline u64 le64_to_cpu(u64 x) { return x; }

/* Sleeping here is allowed: aborts when a spinlock is held or in a hard interrupt. */
void shim_might_sleep(const char *file, int line);
#define might_sleep() shim_might_sleep(__FILE__, __LINE__)
#define might_sleep_if(c) do { if (c) might_sleep(); } while (0)


#endif
