/* SPDX-License-Identifier: MIT */
/* exec.h - the state of one lxa_plan_run() (private to exec*.c). */
#ifndef LXA_LIB_EXEC_H
#define LXA_LIB_EXEC_H

#include "plan.h"
#include "profile.h"

#define WAIT_SLICE_MS 100	/* between two looks at the stop request */

struct run {
	struct lxa_plan *p;
	const struct lxa_run_options *opt;
	struct lxa_run_result res;
	int64_t done, total;		/* images */
	int64_t n;			/* of this batch */
	int stop;
	int *pending;			/* layers whose jobs are not submitted yet */
	int n_pending;
	struct lxa_job *jobs;
	struct lxa_err *err;
};

/* ---- exec.c ---- */
const char *exec_layer_name(const struct lxa_plan *p, int layer);
void exec_progress(struct run *r);	/* tells the caller, who may ask to stop */

/* ---- exec_cpu.c ---- */
int exec_value_float(struct run *r, int value, const struct lxa_tensor **t); /* made from another form if need be */
int exec_node(struct run *r, int node);	/* this node alone */
int exec_cpu(struct run *r, int node);	/* the node, or the step that it ends */

/* ---- exec_time.c ---- */
/* A stretch of host time: added to *seconds of a report, and a span of the profile when there is one. */
struct exec_span {
	double start;
	uint64_t prof;
};
struct exec_span exec_time(void);
void exec_took(const struct run *r, struct exec_span s, double *seconds, enum prof_kind kind, const char *name, const char *op);
/* What submitting jobs and waiting for them took, shared by their layers once their records are accounted for. */
void exec_driver_took(struct run *r, struct exec_span s, const struct lxa_job *jobs, int n);

/* ---- exec_dev.c ---- */
int exec_flush(struct run *r);		/* runs every job that was collected */
int exec_cpu_begins(struct run *r, uint32_t flags); /* lets the CPU at the values' buffer: nothing may be under way */
void exec_cpu_ends(struct run *r);
int exec_run_parts(struct run *r, int layer); /* a layer of several jobs */
void exec_count_work(const struct run *r, struct plan_layer *l);

/* ---- exec_io.c ---- */
int exec_check_input(const struct lxa_plan *p, int i, const struct lxa_tensor *t, int64_t total, struct lxa_err *err);
int exec_load_inputs(struct run *r, const struct lxa_tensor *in);
int exec_store_outputs(struct run *r, struct lxa_tensor *out);

#endif
