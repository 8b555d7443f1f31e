/* SPDX-License-Identifier: MIT */
/*
 * exec_dev.c - the device's half of a run: layers are collected, submitted together, and end in the order of their jobs.
 * An error leaves nothing under way: exec_drain() waits for every job of the run, for their buffers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "exec.h"

/* ---- records ----------------------------------------------------------------------------------------------------- */

static void account(struct run *r, struct plan_layer *l, const struct lxa_event *ev)
{
	struct lxa_layer_report *rep = &l->rep;

	rep->jobs++;
	rep->cycles += ev->cycles;
	rep->busy += ev->busy;
	rep->st_wgt += ev->st_wgt;
	rep->st_act += ev->st_act;
	rep->st_rd += ev->st_rd;
	rep->st_out += ev->st_out;
	rep->st_wr += ev->st_wr;
	rep->st_pipe += ev->st_pipe;
	rep->st_cmd += ev->st_cmd;
	rep->rd_bytes += ev->rd_bytes;
	rep->wr_bytes += ev->wr_bytes;
	r->res.cycles += ev->cycles;
}

/*
 * The layer's MACs, not those of the jobs' records: records cut time at the moments when jobs begin, so that some of a
 * job's MACs can be in its neighbour's (rtl/PROGRAMMING.md, 3).
 */
void exec_count_work(const struct plan_batch *b, struct plan_layer *l)
{
	l->rep.images += (uint64_t)b->n;
	l->rep.macs += lxa_layer_macs(&l->layer) * (uint64_t)b->n;
}

static const char *job_fault(int error)
{
	switch (error) {
	case -ETIMEDOUT:
		return "the device hung and was reset";
	case -EFAULT:
		return "it reached outside its buffers";
	case -EIO:
		return "a bus error, or a reset because of another job";
	case -ECANCELED:
		return "it was cancelled";
	default:
		return strerror(-error);
	}
}

static int job_failed(struct run *r, int error, const char *layer)
{
	if (r->job_failed)
		return error;
	r->job_failed = 1;
	return lxa_err_set(r->err, error, "%s: %s%s failed on %s: %s", r->p->g->path, layer ? "layer " : "", layer ? layer : "a job",
			   lxa_device_path(r->p->dev), job_fault(error));
}

/* The records that can be read of this run's jobs; a device's jobs may be several runs'. Returns the first failure. */
static int read_events(struct run *r)
{
	struct lxa_event ev;
	int n = 0, ret = 0, i;

	for (i = 0; i < r->n_ranges && n >= 0; i++) {
		while ((n = lxa_event_take(r->p->dev, r->ranges[i].first, r->ranges[i].last, &ev)) > 0) {
			account(r, r->p->layers[ev.user], &ev);
			prof_job_name(r->p->dev, ev.seqno, exec_layer_name(r->p, (int)ev.user));
			if (ev.error && !ret)
				ret = job_failed(r, ev.error, exec_layer_name(r->p, (int)ev.user));
		}
	}
	if (!ret && n < 0)
		ret = lxa_err_set(r->err, n, "%s: records of %s cannot be read: %s", r->p->g->path, lxa_device_path(r->p->dev),
				  strerror(-n));
	return ret;
}

/* Jobs up to `seqno` have ended and their records were read. */
static void forget_ranges(struct run *r, uint64_t seqno)
{
	int i, kept = 0;

	for (i = 0; i < r->n_ranges; i++)
		if (r->ranges[i].last > seqno)
			r->ranges[kept++] = r->ranges[i];
	r->n_ranges = kept;
}

/* ---- submission -------------------------------------------------------------------------------------------------- */

/* Two batches of every layer at most are collected or under way. */
int exec_jobs_alloc(struct run *r)
{
	size_t jobs = 0;
	int i;

	for (i = 0; i < r->p->n_layers; i++)
		jobs += r->p->layers[i]->n_parts ? (size_t)r->p->layers[i]->n_parts : 1;
	r->flights = calloc(2 * (size_t)r->p->n_layers + 1, sizeof(*r->flights));
	r->jobs = calloc(2 * jobs + 1, sizeof(*r->jobs));
	r->ranges = calloc(2 * jobs + 1, sizeof(*r->ranges));
	return r->flights && r->jobs && r->ranges ? 0 : lxa_err_set(r->err, -ENOMEM, "out of memory");
}

static void layer_job(const struct flight *f, struct lxa_job *j)
{
	const struct plan_batch *b = f->b;
	const struct plan_layer *l = b->p->layers[f->layer];

	*j = l->layer.job;
	j->batch = (uint16_t)b->n;
	j->act.handle = lxa_bo_handle(b->v[l->in_value].bo);
	j->out.handle = lxa_bo_handle(b->v[l->out_value].bo);
	j->wgt.handle = j->par.handle = lxa_bo_handle(b->p->consts);
	j->act.offset = j->out.offset = 0;
	j->wgt.offset = l->wgt_at;
	j->par.offset = l->par_at;
	if (l->res_value >= 0)
		j->res.handle = lxa_bo_handle(b->v[l->res_value].bo);
}

/* The parts of a layer that is too big for one job: the CPU puts their inputs next to each other. */
static int gather(struct run *r, struct plan_batch *b, int layer)
{
	struct plan_layer *l = r->p->layers[layer];
	struct exec_span start;
	int ret = exec_cpu_takes(r, b->v[l->in_value].bo, LXA_PREP_READ);

	if (!ret)
		ret = exec_cpu_takes(r, b->split, LXA_PREP_WRITE);
	if (ret)
		return ret;
	start = exec_time();
	plan_split_gather(b, l);
	exec_took(b->n, start, &l->rep.encode_s, PROF_ENCODE, exec_layer_name(r->p, layer), "gather");
	lxa_bo_fini(b->split);
	lxa_bo_fini(b->v[l->in_value].bo);
	b->split_busy = 1;
	return 0;
}

int exec_collect(struct run *r, struct plan_batch *b, int layer)
{
	struct plan_layer *l = r->p->layers[layer];
	int ret = l->n_parts ? gather(r, b, layer) : 0;

	if (ret)
		return ret;
	/* what the parts leave is put together when they have ended; other jobs' outputs later jobs can read */
	b->v[l->out_value].have_packed = !l->n_parts;
	b->v[l->out_value].made = PLAN_QUEUED;
	b->v[l->in_value].busy++;
	if (l->res_value >= 0)
		b->v[l->res_value].busy++;
	b->v[l->out_value].busy++;
	b->under_way++;
	b->on_device[layer] = 1;
	r->flights[r->n_flights++] = (struct flight){ .b = b, .layer = layer, .n_jobs = l->n_parts ? l->n_parts : 1 };
	return 0;
}

/* As many as the driver takes at once; while it has too many of ours, wait for those. */
static int submit_jobs(struct run *r, const struct lxa_job *jobs, int n)
{
	uint64_t seqno = 0;
	int ret, job_error;

	ret = lxa_job_submit(r->p->dev, jobs, (uint32_t)n, &seqno, r->err);
	while (ret == -EAGAIN && r->last) {
		ret = lxa_job_wait(r->p->dev, r->last, WAIT_SLICE_MS, &job_error);
		exec_progress(r);
		if (!ret && job_error)
			return job_failed(r, job_error, NULL);
		if (!ret || ret == -ETIMEDOUT)
			ret = lxa_job_submit(r->p->dev, jobs, (uint32_t)n, &seqno, r->err);
	}
	if (ret)
		return ret;
	r->ranges[r->n_ranges++] = (struct job_range){ seqno - (uint64_t)n + 1, seqno };
	r->last = seqno;
	return 0;
}

/* The host's time for flights from..to - 1, shared. */
static void driver_took(struct run *r, double start, int from, int to)
{
	double each = (exec_now() - start) / (to > from ? to - from : 1);

	for (; from < to; from++)
		r->p->layers[r->flights[from].layer]->rep.driver_s += each;
}

int exec_submit(struct run *r)
{
	uint64_t max = 1, seqno;
	int i, k, n = 0, ret = 0, first, some, at = 0, from = r->n_submitted;
	double start = exec_now();

	for (i = r->n_submitted; i < r->n_flights; i++)
		for (k = 0; k < r->flights[i].n_jobs; k++, n++) {
			const struct flight *f = &r->flights[i];

			if (r->p->layers[f->layer]->n_parts)
				plan_split_job(f->b, r->p->layers[f->layer], k, &r->jobs[n]);
			else
				layer_job(f, &r->jobs[n]);
			r->jobs[n].user = (uint64_t)f->layer;
		}
	if (lxa_device_param(r->p->dev, LXA_PARAM_MAX_JOBS, &max) || !max)
		max = 1;
	for (first = 0; !ret && first < n; first += some) {
		some = n - first < (int)max ? n - first : (int)max;
		ret = submit_jobs(r, r->jobs + first, some);
		/* a flight whose last job is among them has its number */
		seqno = r->last - (uint64_t)some;
		for (i = r->n_submitted; !ret && i < r->n_flights && at + r->flights[i].n_jobs <= first + some; i++) {
			at += r->flights[i].n_jobs;
			r->flights[i].seqno = seqno + (uint64_t)(at - first);
			r->n_submitted = i + 1;
			exec_did(r, r->flights[i].b, PLAN_DID_SUBMIT, r->flights[i].layer);
		}
	}
	driver_took(r, start, from, r->n_submitted);
	return ret;
}

/* ---- completion --------------------------------------------------------------------------------------------------- */

static int scatter(struct run *r, struct plan_batch *b, int layer)
{
	struct plan_layer *l = r->p->layers[layer];
	struct exec_span start;
	int ret = exec_cpu_takes(r, b->split, LXA_PREP_READ);

	if (!ret)
		ret = exec_cpu_takes(r, b->v[l->out_value].bo, LXA_PREP_WRITE);
	if (ret)
		return ret;
	start = exec_time();
	plan_split_scatter(b, l);
	exec_took(b->n, start, &l->rep.decode_s, PROF_DECODE, exec_layer_name(r->p, layer), "scatter");
	lxa_bo_fini(b->split);
	lxa_bo_fini(b->v[l->out_value].bo);
	b->split_busy = 0;
	return 0;
}

/* The oldest layer under way has ended. */
static int landed(struct run *r)
{
	struct flight f = r->flights[0];
	struct plan_layer *l = r->p->layers[f.layer];
	int ret = l->n_parts ? scatter(r, f.b, f.layer) : 0;

	f.b->v[l->in_value].busy--;
	if (l->res_value >= 0)
		f.b->v[l->res_value].busy--;
	f.b->v[l->out_value].busy--;
	f.b->v[l->out_value].have_packed = 1;
	f.b->v[l->out_value].made = PLAN_READY;
	f.b->under_way--;
	exec_count_work(f.b, l);
	memmove(r->flights, r->flights + 1, (size_t)(r->n_flights - 1) * sizeof(*r->flights));
	r->n_flights--;
	r->n_submitted--;
	exec_did(r, f.b, PLAN_DID_END, f.layer);
	return ret;
}

int exec_poll(struct run *r, int wait)
{
	int ret = 0, job_error;
	double start;

	while (!ret && r->n_submitted) {
		start = exec_now();
		/* a job that hangs is ended by the driver: this loop ends */
		while ((ret = lxa_job_wait(r->p->dev, r->flights[0].seqno, wait ? WAIT_SLICE_MS : 0, &job_error)) == -ETIMEDOUT) {
			if (!wait)
				return 0;
			exec_progress(r);
		}
		if (ret)
			return lxa_err_set(r->err, ret, "%s: waiting for %s failed: %s", r->p->g->path,
					   lxa_device_path(r->p->dev), strerror(-ret));
		driver_took(r, start, 0, 1);
		ret = read_events(r);
		forget_ranges(r, r->flights[0].seqno);
		if (!ret && job_error)
			ret = job_failed(r, job_error, NULL);
		if (!ret)
			ret = landed(r);
		wait = 0;
	}
	return ret;
}

int exec_drain(struct run *r, int ret)
{
	int job_error = 0, failed, waited, known = r->job_failed;

	if (!r->p->dev || !r->last)
		return ret;
	while ((waited = lxa_job_wait(r->p->dev, r->last, WAIT_SLICE_MS, &job_error)) == -ETIMEDOUT)
		exec_progress(r);
	/* a job's fault explains whatever went wrong behind it, such as a submission that was refused */
	failed = read_events(r);
	if (known)
		return ret;
	if (failed && r->job_failed)
		return failed;
	if (!waited && job_error)
		return job_failed(r, job_error, NULL);
	return ret;
}
