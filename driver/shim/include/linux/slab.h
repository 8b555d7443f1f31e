/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Memory: libc's malloc, tracked by place of allocation; every one may be made to fail (lxa_shim_fail_nth). */
#ifndef SHIM_LINUX_SLAB_H
#define SHIM_LINUX_SLAB_H

#include <linux/types.h>
#include <linux/overflow.h>

#define GFP_KERNEL 0x1u
#define GFP_ATOMIC 0x2u
#define GFP_NOWAIT 0x4u
#define __GFP_ZERO 0x100u
#define __GFP_NOWARN 0x200u
#define __GFP_ACCOUNT 0x400u
#define GFP_KERNEL_ACCOUNT (GFP_KERNEL | __GFP_ACCOUNT)

void *shim_alloc(size_t n, size_t size, gfp_t gfp, const char *site) __attribute__((malloc, warn_unused_result));
void shim_free(const void *p);

#define __SHIM_STR1(x) #x
#define __SHIM_STR(x) __SHIM_STR1(x)
#define __SHIM_SITE __FILE__ ":" __SHIM_STR(__LINE__)

#define kmalloc(size, gfp) shim_alloc(1, (size), (gfp), __SHIM_SITE)
#define kzalloc(size, gfp) shim_alloc(1, (size), (gfp) | __GFP_ZERO, __SHIM_SITE)
#define kmalloc_array(n, size, gfp) shim_alloc((n), (size), (gfp), __SHIM_SITE)
#define kcalloc(n, size, gfp) shim_alloc((n), (size), (gfp) | __GFP_ZERO, __SHIM_SITE)
#define kvmalloc(size, gfp) kmalloc(size, gfp)
#define kvzalloc(size, gfp) kzalloc(size, gfp)
#define kvmalloc_array(n, size, gfp) kmalloc_array(n, size, gfp)
#define kvcalloc(n, size, gfp) kcalloc(n, size, gfp)
#define vmalloc(size) kmalloc(size, GFP_KERNEL)
#define vzalloc(size) kzalloc(size, GFP_KERNEL)
#define kfree(p) shim_free(p)
#define kvfree(p) shim_free(p)
#define vfree(p) shim_free(p)

#endif
