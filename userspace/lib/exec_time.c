/* SPDX-License-Identifier: MIT */
/* exec_time.c - where a run's host time goes: into the layers' reports always, into a profile when the thread has one. */
#include <time.h>

#include "exec.h"

double exec_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct exec_span exec_time(void)
{
	return (struct exec_span){ exec_now(), prof_start() };
}

void exec_took(int64_t images, struct exec_span s, double *seconds, enum prof_kind kind, const char *name, const char *op)
{
	*seconds += exec_now() - s.start;
	prof_span(s.prof, kind, name, op, images);
}
