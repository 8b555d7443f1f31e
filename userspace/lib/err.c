/* SPDX-License-Identifier: MIT */
/* err.c - error sentences: a code and a text that names what and where. */
#include <stdarg.h>
#include <stdio.h>

#include "graph.h"

int lxa_err_set(struct lxa_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return code;
}
