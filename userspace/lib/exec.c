/* SPDX-License-Identifier: MIT */
/*
 * exec.c - runs a plan: batches of images begin, are worked on and end. Two are under way where there is a device, so
 * that it and the CPU work at the same time; exec.h says where the rest is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exec.h"

void exec_progress(struct run *r)
{
	r->told = exec_now();
	if (r->opt->progress && r->opt->progress(r->opt->ctx, (uint64_t)r->done, (uint64_t)r->total))
		r->stop = 1;
}

const char *exec_layer_name(const struct lxa_plan *p, int layer)
{
	return p->g->nodes[p->layers[layer]->nodes[0]].name;
}

/* ---- batches ------------------------------------------------------------------------------------------------------- */

static void forget(struct plan_batch *b)
{
	int v;

	for (v = 0; v < b->p->g->n_values; v++) {
		plan_value_drop(b, v);
		b->v[v].have_packed = b->v[v].busy = 0;
		b->v[v].made = PLAN_NOT_YET;
		b->v[v].keep = b->p->slots[v].keep;
	}
	memset(b->done, 0, (size_t)b->p->n_tasks);
	memset(b->on_device, 0, (size_t)b->p->n_layers);
	b->split_busy = b->under_way = b->from = 0;
	b->left = b->p->n_tasks;
}

/* The next batch of images, in memory that no other has. */
static int begin(struct run *r, const struct lxa_tensor *in)
{
	struct plan_batch *b = &r->p->batches[0];

	if (r->n_batches && r->batch[0] == b)
		b = &r->p->batches[1];
	b->first = r->begun;
	b->n = r->total - r->begun < r->p->batch ? r->total - r->begun : r->p->batch;
	forget(b);
	r->begun += b->n;
	r->batch[r->n_batches++] = b;
	return exec_load_inputs(r, b, in);
}

/* The oldest one is done: batches end in the order of their images. */
static int end(struct run *r, struct lxa_tensor *out)
{
	struct plan_batch *b = r->batch[0];
	int ret = exec_store_outputs(r, b, out);

	if (ret)
		return ret;
	forget(b);
	/* a batch's span is its turn as the oldest: spans of a thread must not overlap */
	prof_span(r->turn, PROF_RUN, "batch", NULL, b->n);
	r->turn = prof_start();
	r->done += b->n;
	r->batch[0] = r->batch[1];
	r->n_batches--;
	exec_progress(r);
	return 0;
}

static int run_batches(struct run *r, const struct lxa_tensor *in, struct lxa_tensor *out)
{
	int ret = 0, depth = 1;
	struct lxa_err none;

	/* without memory for a second one they go one after the other */
	if (r->p->dev && r->p->n_layers && r->total > r->p->batch && !r->p->watch.serial && !plan_mem_batch(r->p, 1, &none))
		depth = 2;
	while (!ret) {
		while (!ret && !r->stop && r->n_batches < depth && r->begun < r->total)
			ret = begin(r, in);
		if (ret || !r->n_batches)
			break;
		if (!r->batch[0]->left && !r->batch[0]->under_way)
			ret = end(r, out);
		else
			ret = exec_advance(r);
	}
	return ret;
}

/* The layers' kernels on so many threads. */
static int use_threads(struct lxa_plan *p, uint32_t threads, struct lxa_err *err)
{
	struct kpool *pool = NULL;
	int i, ret = 0;

	if ((threads ? threads : 1) == (p->pool ? kpool_threads(p->pool) : 1))
		return 0;
	if (threads > 1 && !(pool = kpool_create(threads)))
		return lxa_err_set(err, -ENOMEM, "%s: %u threads cannot be started", p->g->path, threads);
	for (i = 0; i < p->n_layers; i++)
		if (p->layers[i]->layer.kernel && lxa_kernel_threads(p->layers[i]->layer.kernel, pool))
			ret = lxa_err_set(err, -ENOMEM, "%s: out of memory for %u threads", p->g->path, threads);
	kpool_free(p->pool);
	p->pool = pool;
	return ret;
}

int lxa_plan_run(struct lxa_plan *p, const struct lxa_tensor *in, struct lxa_tensor *out,
		 const struct lxa_run_options *opt,
		 struct lxa_run_result *res, struct lxa_err *err)
{
	static const struct lxa_run_options none;
	struct run r = { .p = p, .opt = opt ? opt : &none, .err = err };
	int i, ret = 0;

	for (i = 0; i < p->g->n_out; i++)
		memset(&out[i], 0, sizeof(out[i]));
	r.total = p->g->n_in && in[0].ndim > 0 ? in[0].dims[0] : 1;
	for (i = 0; !ret && i < p->g->n_in; i++)
		ret = exec_check_input(p, i, &in[i], r.total, err);
	if (!ret && (r.total < 1 || (p->fixed && r.total % p->batch)))
		ret = lxa_err_set(err, -EINVAL,
				  "%s: %lld images do not fill batches of %lld, which the model is made for",
				  p->g->path, (long long)r.total, (long long)p->batch);
	if (!ret)
		ret = use_threads(p, r.opt->threads, err);
	if (!ret)
		ret = exec_jobs_alloc(&r);
	r.told = exec_now();
	r.turn = prof_start();
	if (!ret)
		ret = run_batches(&r, in, out);
	if (ret)
		ret = exec_drain(&r, ret);
	while (r.n_batches)
		forget(r.batch[--r.n_batches]);
	if (!ret && r.done < r.total)
		ret = lxa_err_set(err, -EINTR, "stopped after %lld of %lld images", (long long)r.done,
				  (long long)r.total);
	r.res.images = (uint64_t)r.done;
	if (res)
		*res = r.res;
	free(r.flights);
	free(r.jobs);
	free(r.ranges);
	return ret;
}
