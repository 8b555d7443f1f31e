/* SPDX-License-Identifier: MIT */
/*
 * exec.h - the state of one lxa_plan_run() (private to exec*.c).
 *
 * exec.c begins and ends batches, exec_task.c knows what can be run next and runs it, exec_cpu.c has the CPU half,
 * exec_dev.c the jobs, exec_check.c their check, exec_io.c the caller's tensors, exec_mem.c a batch's memory.
 */
#ifndef LXA_LIB_EXEC_H
#define LXA_LIB_EXEC_H

#include "plan.h"
#include "profile.h"

#define WAIT_SLICE_MS 100	/* between two looks at the stop request */

/* A layer on its way through the device. */
struct flight {
	struct plan_batch *b;
	int layer;
	int n_jobs;
	uint64_t seqno;			/* of its last job, once it is submitted */
};

struct job_range {
	uint64_t first, last;
};

struct run {
	struct lxa_plan *p;
	const struct lxa_run_options *opt;
	struct lxa_run_result res;
	int64_t done, begun, total;	/* images */
	int stop;
	double told;			/* when progress was */
	uint64_t turn;			/* for the profile: when the oldest batch became that */
	struct plan_batch *batch[2];	/* under way, the oldest first */
	int n_batches;
	struct flight *flights;		/* submitted ones first, in the order of their jobs; then those collected */
	int n_flights, n_submitted;
	struct lxa_job *jobs;		/* room for all that can be collected */
	struct job_range *ranges;	/* one a submission whose records are not all read; room for one a job */
	int n_ranges;
	uint64_t last;			/* number of the last job; 0: none yet */
	int job_failed;			/* the error is a job's */
	struct lxa_err *err;
};

static inline void exec_did(const struct run *r, const struct plan_batch *b, enum plan_did what, int index)
{
	if (r->p->watch.did)
		r->p->watch.did(r->p->watch.ctx, what, index, b->first);
}

/* ---- exec.c ---- */
const char *exec_layer_name(const struct lxa_plan *p, int layer);
void exec_progress(struct run *r);	/* tells the caller, who may ask to stop */

/* ---- exec_task.c ---- */
/* Runs what can be run, or waits for the device; batches under way are not all done. */
int exec_advance(struct run *r);
int exec_feeds_device(const struct run *r, const struct plan_batch *b); /* some of its layers have not been handed over */

/* ---- exec_time.c ---- */
/* A stretch of host time: added to *seconds of a report, and a span of the profile when there is one. */
struct exec_span {
	double start;
	uint64_t prof;
};
double exec_now(void);
struct exec_span exec_time(void);
void exec_took(int64_t images, struct exec_span s, double *seconds, enum prof_kind kind, const char *name, const char *op);

/* ---- exec_cpu.c ---- */
/* The value as floats, made from another form if need be. */
int exec_value_float(struct run *r, struct plan_batch *b, int value, const struct lxa_tensor **t);
int exec_node(struct run *r, struct plan_batch *b, int node);
int exec_step(struct run *r, struct plan_batch *b, int step);
int exec_cpu_takes(struct run *r, struct lxa_bo *bo, uint32_t flags);

/* ---- exec_dev.c ---- */
int exec_jobs_alloc(struct run *r);
int exec_collect(struct run *r, struct plan_batch *b, int layer); /* its input is, or will be, in the device's memory */
int exec_submit(struct run *r);		/* what was collected */
int exec_poll(struct run *r, int wait);	/* layers that have ended; wait: for one at least */
int exec_drain(struct run *r, int ret);	/* nothing of ours is under way any more; the error to return */
void exec_count_work(const struct plan_batch *b, struct plan_layer *l);

/* ---- exec_check.c ---- */
void exec_check(struct run *r, struct plan_batch *b, int layer);

/* ---- exec_io.c ---- */
int exec_check_input(const struct lxa_plan *p, int i, const struct lxa_tensor *t, int64_t total, struct lxa_err *err);
int exec_load_inputs(struct run *r, struct plan_batch *b, const struct lxa_tensor *in);
int exec_store_outputs(struct run *r, struct plan_batch *b, struct lxa_tensor *out);

#endif
