/* SPDX-License-Identifier: MIT */
/*
 * exec.c - runs a plan, batch by batch: CPU nodes one after the other, device layers collected into one array of jobs
 * that is submitted when the CPU needs a result. A value exists as floats, as packed codes, or as both; it is
 * converted when the other form is first asked for. exec_dev.c has the jobs, exec_io.c inputs and outputs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exec.h"

void exec_progress(struct run *r)
{
	if (r->opt->progress && r->opt->progress(r->opt->ctx, (uint64_t)r->done, (uint64_t)r->total))
		r->stop = 1;
}

const char *exec_layer_name(const struct lxa_plan *p, int layer)
{
	return p->g->nodes[p->layers[layer]->nodes[0]].name;
}

/* ---- layers ------------------------------------------------------------------------------- */

/*
 * A layer on the CPU, node by node in float: for a batch with values that have no code, such as a Sign's 0. What the
 * layers behind it need is made from the floats.
 */
static int run_layer_float(struct run *r, const struct plan_layer *l)
{
	int i, ret = 0;

	for (i = 0; !ret && i < l->n_nodes; i++)
		ret = exec_node(r, l->nodes[i]);
	return ret;
}

static int run_layer(struct run *r, int layer)
{
	struct plan_layer *l = r->p->layers[layer];
	struct plan_slot *in = &r->p->slots[l->in_value], *out = &r->p->slots[l->out_value];
	const struct lxa_tensor *t;
	struct exec_span start;
	int ret, exact;

	if (!in->have_packed) {
		ret = exec_value_float(r, l->in_value, &t);
		if (ret)
			return ret;
		if (t->ndim < 1 || t->dims[0] != r->n)
			return lxa_err_set(r->err, -EINVAL, "%s: the input of %s does not have one part an image",
					   r->p->g->path, exec_layer_name(r->p, layer));
		ret = exec_cpu_begins(r, LXA_PREP_WRITE);
		if (ret)
			return ret;
		start = exec_time();
		exact = plan_encode(r->p, in->reader, t, plan_packed(r->p, l->in_value));
		exec_took(r, start, &l->rep.encode_s, PROF_ENCODE, exec_layer_name(r->p, layer), NULL);
		exec_cpu_ends(r);
		if (!exact)
			return run_layer_float(r, l);
		in->have_packed = 1;
	}
	out->have_packed = 1;
	if (r->p->dev && l->n_parts)
		return exec_run_parts(r, layer);
	if (r->p->dev) {
		r->pending[r->n_pending++] = layer;
		return 0;
	}
	start = exec_time();
	lxa_kernel_run(l->layer.kernel, (uint32_t)r->n, plan_packed(r->p, l->in_value),
		       plan_packed(r->p, l->out_value));
	exec_took(r, start, &l->rep.seconds, PROF_CPU, exec_layer_name(r->p, layer), "kernel");
	exec_count_work(r, l);
	return 0;
}

/* ---- batches ---------------------------------------------------------------------- */

static void reset_slots(struct lxa_plan *p)
{
	int v;

	for (v = 0; v < p->g->n_values; v++)
		plan_slot_clear(p, v);
}

static int run_batch(struct run *r, const struct lxa_tensor *in, struct lxa_tensor *out)
{
	uint64_t span = prof_start();
	int ret, i;

	ret = exec_load_inputs(r, in);
	for (i = 0; !ret && i < r->p->g->n_nodes; i++) {
		const struct lxa_plan_entry *e = &r->p->nodes[i].e;

		if (e->constant || r->p->nodes[i].unused)
			continue;
		if (e->place == LXA_PLACE_CPU)
			ret = exec_cpu(r, i);
		else if (e->head)
			ret = run_layer(r, e->layer);
	}
	if (!ret)
		ret = exec_flush(r);
	if (!ret)
		ret = exec_store_outputs(r, out);
	r->n_pending = 0;
	reset_slots(r->p);
	prof_span(span, PROF_RUN, "batch", NULL, r->n);
	return ret;
}

static int most_jobs(const struct lxa_plan *p)
{
	int i, most = p->n_layers;

	for (i = 0; i < p->n_layers; i++)
		most = p->layers[i]->n_parts > most ? p->layers[i]->n_parts : most;
	return most;
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
	r.pending = calloc((size_t)p->n_layers + 1, sizeof(*r.pending));
	r.jobs = calloc((size_t)most_jobs(p) + 1, sizeof(*r.jobs));
	if (!ret && (!r.pending || !r.jobs))
		ret = lxa_err_set(err, -ENOMEM, "out of memory");
	while (!ret && !r.stop && r.done < r.total) {
		r.n = r.total - r.done < p->batch ? r.total - r.done : p->batch;
		ret = run_batch(&r, in, out);
		if (!ret) {
			r.done += r.n;
			exec_progress(&r);
		}
	}
	if (!ret && r.done < r.total)
		ret = lxa_err_set(err, -EINTR, "stopped after %lld of %lld images", (long long)r.done,
				  (long long)r.total);
	r.res.images = (uint64_t)r.done;
	if (res)
		*res = r.res;
	free(r.pending);
	free(r.jobs);
	return ret;
}
