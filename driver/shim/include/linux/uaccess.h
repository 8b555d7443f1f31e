/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* User memory. Copies go through the kernel (process_vm_readv on the own process), so a bad pointer is -EFAULT, not a crash. */
#ifndef SHIM_LINUX_UACCESS_H
#define SHIM_LINUX_UACCESS_H

#include <linux/types.h>
#include <linux/errno.h>
#include <linux/kernel.h>

/* Value: bytes that could not be copied. */
unsigned long __must_check copy_from_user(void *to, const void __user *from, unsigned long n);
unsigned long __must_check copy_to_user(void __user *to, const void *from, unsigned long n);
unsigned long __must_check clear_user(void __user *to, unsigned long n);
int __must_check copy_struct_from_user(void *dst, size_t ksize, const void __user *src, size_t usize);
int check_zeroed_user(const void __user *from, size_t size);

#define get_user(x, ptr) ({								\
	typeof(*(ptr)) __gu = 0;							\
	int __ge = copy_from_user(&__gu, (ptr), sizeof(__gu)) ? -EFAULT : 0;		\
	(x) = __gu;									\
	__ge; })
#define put_user(x, ptr) ({								\
	typeof(*(ptr)) __pu = (x);							\
	copy_to_user((ptr), &__pu, sizeof(__pu)) ? -EFAULT : 0; })

#endif
