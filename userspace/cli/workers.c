// SPDX-License-Identifier: MIT
/* workers.c - see workers.h. */
#include "workers.h"
#include "progress.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What the threads of one run share. */
struct team {
	struct workers *ws;
	const struct cli_options *o;
	int (*stop)(void);
	pthread_mutex_t lock;		/* guards what follows */
	struct progress bar;
	uint64_t done;
	int failed;			/* a worker did: the others need not go on */
	struct lxa_err err;		/* why */
	int rc;
};

struct member {
	struct team *team;
	struct worker *w;
	pthread_t thread;
	uint64_t done;
};

/* ---- parts ----------------------------------------------------------------------------------------------- */

static int64_t images(const struct lxa_tensor *t)
{
	return t->ndim ? t->dims[0] : 1;
}

/* How many workers there can be: every input has one part an image, and whole batches where the model wants those. */
static int count(const struct cli_options *o, const struct lxa_plan *p, const struct lxa_tensor *in)
{
	int64_t n = images(&in[0]) / (lxa_plan_batch_fixed(p) ? lxa_plan_batch(p) : 1);

	for (int i = 0; i < lxa_plan_inputs(p); i++)
		if (!in[i].ndim || images(&in[i]) != images(&in[0]))
			return 1;
	return n < 1 ? 1 : n < o->jobs ? (int)n : o->jobs;
}

static void part(const struct workers *ws, int k, const struct lxa_plan *p, const struct lxa_tensor *in)
{
	struct worker *w = &ws->w[k];
	int64_t total = images(&in[0]), unit = lxa_plan_batch_fixed(p) && ws->n > 1 ? lxa_plan_batch(p) : 1;

	w->first = total / unit * k / ws->n * unit;
	w->n = (k + 1 == ws->n ? total : total / unit * (k + 1) / ws->n * unit) - w->first;
	for (int i = 0; i < lxa_plan_inputs(p); i++) {
		w->in[i] = in[i];
		if (ws->n == 1)
			continue;
		w->in[i].dims[0] = w->n;
		w->in[i].data = (uint8_t *)in[i].data +
				(size_t)(lxa_tensor_count(&in[i]) / total * w->first) * lxa_dtype_size(in[i].dtype);
	}
}

/* ---- threads --------------------------------------------------------------------------------------------- */

static int on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct member *m = ctx;
	struct team *t = m->team;
	int stop;

	(void)total;
	pthread_mutex_lock(&t->lock);
	t->done += done - m->done;
	m->done = done;
	progress_update(&t->bar, t->done);
	stop = t->stop() || t->failed;
	pthread_mutex_unlock(&t->lock);
	return stop;
}

static void *work(void *arg)
{
	struct member *m = arg;
	struct team *t = m->team;
	struct worker *w = m->w;
	struct lxa_run_options opt = { .check = t->o->check && w->s.dev, .progress = on_progress, .ctx = m,
				       .threads = (uint32_t)t->o->threads };
	struct lxa_err err = { "" };
	char name[32];
	int rc = 0;

	snprintf(name, sizeof(name), "worker %d", (int)(w - t->ws->w));
	if (w != t->ws->w)
		rc = lxa_profile_attach(t->ws->profile, name, &err);
	if (!rc)
		rc = lxa_plan_run(w->s.plan, w->in, w->out, &opt, &w->res, &err);

	pthread_mutex_lock(&t->lock);
	if (rc == -EINTR) {
		t->ws->stopped = 1;
	} else if (rc && !t->failed) {
		t->failed = 1;
		t->rc = rc;
		if (t->ws->n > 1)
			lxa_err_set(&t->err, rc, "images %lld to %lld: %s", (long long)w->first,
				    (long long)(w->first + w->n - 1), err.text);
		else
			t->err = err;
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* The first worker is this thread. A thread that cannot be made fails the run; those that were are waited for. */
static void run_team(struct team *t, struct member *m)
{
	int started, n = t->ws->n;

	for (int k = 0; k < n; k++)
		m[k] = (struct member){ .team = t, .w = &t->ws->w[k] };
	for (started = 1; started < n; started++) {
		int rc = pthread_create(&m[started].thread, NULL, work, &m[started]);

		if (!rc)
			continue;
		pthread_mutex_lock(&t->lock);
		t->failed = 1;
		t->rc = lxa_err_set(&t->err, -rc, "a thread cannot be made: %s", strerror(rc));
		pthread_mutex_unlock(&t->lock);
		break;
	}
	if (started == n)
		work(&m[0]);
	while (--started > 0)
		pthread_join(m[started].thread, NULL);
}

static void sum_results(struct workers *ws)
{
	for (int k = 0; k < ws->n; k++) {
		const struct lxa_run_result *r = &ws->w[k].res;

		if (!ws->res.mismatches && r->mismatches)
			memcpy(ws->res.first_mismatch, r->first_mismatch, sizeof(r->first_mismatch));
		ws->res.images += r->images;
		ws->res.mismatches += r->mismatches;
		ws->res.compared += r->compared;
		ws->res.cycles += r->cycles;
	}
}

int workers_run(struct workers *ws, const struct cli_options *o, const struct cli_session *s, const struct lxa_tensor *in,
		int (*stop)(void), struct lxa_err *err)
{
	struct team t = { .ws = ws, .o = o, .stop = stop, .lock = PTHREAD_MUTEX_INITIALIZER };
	struct member *m;
	int k, rc = 0;

	ws->n = count(o, s->plan, in);
	ws->w = calloc((size_t)ws->n, sizeof(*ws->w));
	m = calloc((size_t)ws->n, sizeof(*m));
	if (!ws->w || !m)
		rc = lxa_err_set(err, -ENOMEM, "no memory for %d workers", ws->n);
	for (k = 0; !rc && k < ws->n; k++) {
		part(ws, k, s->plan, in);
		if (k)
			rc = cli_session_again(o, s, k, &ws->w[k].s, err);
		else
			ws->w[k].s = *s;
	}
	if (!rc) {
		progress_start(&t.bar, "images", (uint64_t)images(&in[0]));
		run_team(&t, m);
		ws->wall_s = progress_now() - t.bar.start;
		progress_end(&t.bar);
		rc = t.rc;
		if (rc)
			*err = t.err;
		sum_results(ws);
	}
	free(m);
	return rc;
}

/* ---- results --------------------------------------------------------------------------------------------- */

static int join(const struct workers *ws, int i, struct lxa_tensor *out, struct lxa_err *err)
{
	uint8_t *at;

	*out = ws->w[0].out[i];
	if (ws->n == 1) {		/* handed over as it is */
		ws->w[0].out[i].data = NULL;
		return 0;
	}
	out->data = NULL;
	out->dims[0] = 0;
	for (int k = 0; k < ws->n; k++) {
		const struct lxa_tensor *t = &ws->w[k].out[i];

		if (t->ndim < 1 || images(t) != ws->w[k].n)
			return lxa_err_set(err, -EINVAL, "output %d does not have one part an image: it cannot be had with --jobs", i);
		out->dims[0] += t->dims[0];
	}
	if (lxa_tensor_alloc(out))
		return lxa_err_set(err, -ENOMEM, "no memory for output %d", i);
	at = out->data;
	for (int k = 0; k < ws->n; k++) {
		const struct lxa_tensor *t = &ws->w[k].out[i];
		size_t bytes = (size_t)lxa_tensor_count(t) * lxa_dtype_size(t->dtype);

		memcpy(at, t->data, bytes);
		at += bytes;
	}
	return 0;
}

int workers_join(const struct workers *ws, struct lxa_tensor *out, struct lxa_err *err)
{
	int rc = 0;

	for (int i = 0; !rc && i < lxa_plan_outputs(ws->w[0].s.plan); i++)
		rc = join(ws, i, &out[i], err);
	return rc;
}

void workers_report(const struct workers *ws, int entry, struct lxa_layer_report *r)
{
	const struct lxa_plan_entry *e = lxa_plan_entry(ws->w[0].s.plan, entry);

	lxa_plan_report(ws->w[0].s.plan, entry, r);
	for (int k = 1; k < ws->n; k++) {
		struct lxa_layer_report a;

		lxa_plan_report(ws->w[k].s.plan, entry, &a);
		r->images += a.images, r->macs += a.macs, r->seconds += a.seconds;
		r->encode_s += a.encode_s, r->decode_s += a.decode_s, r->driver_s += a.driver_s, r->check_s += a.check_s;
		r->jobs += a.jobs, r->cycles += a.cycles, r->busy += a.busy;
		r->st_wgt += a.st_wgt, r->st_act += a.st_act, r->st_rd += a.st_rd, r->st_out += a.st_out;
		r->st_wr += a.st_wr, r->st_pipe += a.st_pipe, r->st_cmd += a.st_cmd;
		r->rd_bytes += a.rd_bytes, r->wr_bytes += a.wr_bytes;
		r->compared += a.compared, r->mismatches += a.mismatches;
	}
	if (r->cycles && e->lane_macs)
		r->utilization = (double)r->macs / ((double)r->cycles * e->lane_macs);
	if (r->utilization > 1)		/* as in lxa_plan_report() */
		r->utilization = 1;
}

void workers_free(struct workers *ws)
{
	for (int k = 0; ws->w && k < ws->n; k++) {
		for (int i = 0; i < CLI_MAX_FILES; i++)
			lxa_tensor_free(&ws->w[k].out[i]);
		if (k)
			cli_session_close(&ws->w[k].s);
	}
	free(ws->w);
	ws->w = NULL;
}
