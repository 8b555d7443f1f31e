/* SPDX-License-Identifier: MIT */
/* exec_time.c - where a run's host time goes: into the layers' reports always, into a profile when the thread has one. */
#include <time.h>

#include "exec.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct exec_span exec_time(void)
{
	return (struct exec_span){ now(), prof_start() };
}

void exec_took(const struct run *r, struct exec_span s, double *seconds, enum prof_kind kind, const char *name, const char *op)
{
	*seconds += now() - s.start;
	prof_span(s.prof, kind, name, op, r->n);
}

void exec_driver_took(struct run *r, struct exec_span s, const struct lxa_job *jobs, int n)
{
	double seconds = now() - s.start;
	uint64_t all = 0;
	int i;

	for (i = 0; i < r->p->n_layers; i++)
		all += r->p->layers[i]->new_cycles;
	for (i = 0; i < n && all; i++) {
		struct plan_layer *l = r->p->layers[jobs[i].user];

		l->rep.driver_s += seconds * (double)l->new_cycles / (double)all;
		l->new_cycles = 0;	/* a layer of several jobs has it all with the first */
	}
}
