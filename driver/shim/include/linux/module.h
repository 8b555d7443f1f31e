/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Modules: init and exit functions and parameters register themselves with the shim's loader before main(). */
#ifndef SHIM_LINUX_MODULE_H
#define SHIM_LINUX_MODULE_H

#include <linux/init.h>
#include <linux/types.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/mod_devicetable.h>

struct module { const char *name; };
extern struct module shim_this_module;
#define THIS_MODULE (&shim_this_module)

struct shim_param {			/* one module parameter */
	const char *name;
	void *var;
	bool is_signed;			/* 32 bits either way */
	struct shim_param *next;
};
void shim_register_module(int (*init)(void), void (*exit)(void));
void shim_register_param(struct shim_param *p);

#define module_init(fn) static int (*const __shim_init)(void) = fn
#define module_exit(fn)							\
	static __attribute__((constructor)) void __shim_ctor(void)		\
	{									\
		shim_register_module(__shim_init, fn);				\
	}									\
	static int (*const __shim_init)(void)

#define __shim_check_uint(p) _Generic((p), unsigned int *: false)
#define __shim_check_int(p) _Generic((p), int *: true)
#define module_param_named(pname, v, type, perm)				\
	static __attribute__((constructor)) void __shim_param_##pname(void)	\
	{									\
		static struct shim_param p = { .name = #pname, .var = &(v) };	\
		p.is_signed = __shim_check_##type(&(v));			\
		shim_register_param(&p);					\
	}
#define module_param(v, type, perm) module_param_named(v, v, type, perm)

#define __shim_tag(n) _Static_assert(1, n)
#define MODULE_LICENSE(s) __shim_tag("")
#define MODULE_AUTHOR(s) __shim_tag("")
#define MODULE_DESCRIPTION(s) __shim_tag("")
#define MODULE_VERSION(s) __shim_tag("")
#define MODULE_PARM_DESC(n, s) __shim_tag("")
#define MODULE_ALIAS(s) __shim_tag("")
#define MODULE_DEVICE_TABLE(type, t) __shim_tag("")

#endif
