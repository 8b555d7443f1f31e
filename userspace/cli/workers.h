/* SPDX-License-Identifier: MIT */
/*
 * workers.h - the images of `lxa run --jobs N`, spread over N sessions. Each worker has a device (a simulated one of its own),
 * a plan and a thread; they share nothing but the model and the progress bar. Worker k takes the k-th part of the images, so
 * the outputs, put one behind the other, are those of a single worker.
 */
#ifndef LXA_CLI_WORKERS_H
#define LXA_CLI_WORKERS_H

#include "cli.h"


struct worker {
	struct cli_session s;		/* the first worker's is the caller's */
	int64_t first, n;		/* images */
	struct lxa_tensor in[CLI_MAX_FILES];	/* parts of the caller's */
	struct lxa_tensor out[CLI_MAX_FILES];	/* of res.images images */
	struct lxa_run_result res;
};

struct workers {
	int n;
	struct worker *w;
	struct lxa_profile *profile;	/* NULL: none; the caller's thread is attached to it */
	int stopped;			/* by stop(): some images were not run */
	double wall_s;
	struct lxa_run_result res;	/* of all */
};

/*
 * Run in[] on o->jobs workers at most (one where the images cannot be parted). Stops early when stop() becomes non-zero, and
 * when a worker fails: the first that did says why.
 */
int workers_run(struct workers *ws, const struct cli_options *o, const struct cli_session *s, const struct lxa_tensor *in,
		int (*stop)(void), struct lxa_err *err);

/* The workers' outputs, one behind the other; out[] is freed by the caller. */
int workers_join(const struct workers *ws, struct lxa_tensor *out, struct lxa_err *err);

void workers_report(const struct workers *ws, int entry, struct lxa_layer_report *r); /* lxa_plan_report of all, added up */
void workers_free(struct workers *ws);	/* leaves the caller's session open */

#endif
