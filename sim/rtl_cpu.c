/* SPDX-License-Identifier: MIT */
/* rtl_cpu.c - see rtl_cpu.h. */
#include <stddef.h>

#include "rtl_cpu.h"
#ifndef LXA_RTL_NEEDS
#include "lxa_rtl_needs.h"
#endif

#define NEED(feature)					\
	do {						\
		if (!__builtin_cpu_supports(feature))	\
			return feature;			\
	} while (0);

const char *rtl_cpu_lacks(void)
{
	LXA_RTL_NEEDS
	return NULL;
}
