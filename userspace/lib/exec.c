/* SPDX-License-Identifier: MIT */
/*
 * exec.c - runs a plan, batch by batch: CPU nodes one after the other, device layers collected into one array of jobs
 * that is submitted when the CPU needs a result. A value exists as floats, as packed codes, or as both; it is
 * converted when the other form is first asked for. exec_dev.c has the jobs, exec_io.c inputs and outputs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exec.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void exec_progress(struct run *r)
{
	if (r->opt->progress && r->opt->progress(r->opt->ctx, (uint64_t)r->done, (uint64_t)r->total))
		r->stop = 1;
}

const char *exec_layer_name(const struct lxa_plan *p, int layer)
{
	return p->g->nodes[p->layers[layer]->nodes[0]].name;
}

/* ---- CPU nodes -------------------------------------------------------------------------------------------------- */

static int run_cpu(struct run *r, int node);

/* A node that is run only when a layer falls back to the CPU: a Flatten or Pad that the device reads past. */
static int is_view(const struct lxa_plan *p, int node)
{
	const struct plan_node *n = node < 0 ? NULL : &p->nodes[node];
	int i;

	if (!n || n->e.place == LXA_PLACE_CPU)
		return n && n->unused;
	for (i = 0; i < p->layers[n->e.layer]->n_nodes; i++)
		if (p->layers[n->e.layer]->nodes[i] == node)
			return 0;
	return 1;
}

/* The float form of a value, made from the packed one when there is no other. */
int exec_value_float(struct run *r, int value, const struct lxa_tensor **t)
{
	struct plan_slot *s = &r->p->slots[value];
	int ret;

	*t = plan_const(r->p, value);
	if (*t)
		return 0;
	if (!s->t.data && !s->have_packed && is_view(r->p, r->p->g->values[value].producer)) {
		ret = run_cpu(r, r->p->g->values[value].producer);
		if (ret)
			return ret;
	}
	if (!s->t.data) {
		if (!s->have_packed)
			return lxa_err_set(r->err, -EINVAL, "%s: value %s was never computed", r->p->g->path,
					   r->p->g->values[value].name);
		ret = exec_cpu_begins(r, LXA_PREP_READ);
		if (ret)
			return ret;
		ret = plan_decode(r->p, r->p->layers[s->maker], r->n, plan_packed(r->p, value), &s->t, r->err);
		exec_cpu_ends(r);
		if (ret)
			return ret;
	}
	*t = &s->t;
	return 0;
}

static int run_cpu(struct run *r, int node)
{
	const struct lxa_node *n = &r->p->g->nodes[node];
	struct plan_node *pn = &r->p->nodes[node];
	const struct lxa_tensor **in = calloc((size_t)n->n_in + 1, sizeof(*in));
	struct lxa_tensor *out = calloc((size_t)n->n_out + 1, sizeof(*out));
	int i, ret = in && out ? 0 : lxa_err_set(r->err, -ENOMEM, "out of memory");
	double start;

	for (i = 0; !ret && i < n->n_in; i++)
		if (n->in[i] >= 0)
			ret = exec_value_float(r, n->in[i], &in[i]);
	start = now();
	if (!ret)
		ret = lxa_cpu_exec(r->p->cpu, r->p->g, node, in, out, r->err);
	for (i = 0; !ret && i < n->n_out; i++) {
		if (n->out[i] >= 0)
			r->p->slots[n->out[i]].t = out[i];
		else
			lxa_tensor_free(&out[i]);
	}
	pn->rep.seconds += now() - start;
	pn->rep.images += (uint64_t)r->n;
	pn->rep.macs += pn->e.macs * (uint64_t)r->n;
	free(in);
	free(out);
	return ret;
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
		ret = run_cpu(r, l->nodes[i]);
	return ret;
}

static int run_layer(struct run *r, int layer)
{
	struct plan_layer *l = r->p->layers[layer];
	struct plan_slot *in = &r->p->slots[l->in_value], *out = &r->p->slots[l->out_value];
	double start;
	int ret, exact;

	if (!in->have_packed) {
		if (!in->t.data)
			return lxa_err_set(r->err, -EINVAL, "%s: the input of %s was never computed", r->p->g->path,
					   exec_layer_name(r->p, layer));
		if (in->t.ndim < 1 || in->t.dims[0] != r->n)
			return lxa_err_set(r->err, -EINVAL, "%s: the input of %s does not have one part an image",
					   r->p->g->path, exec_layer_name(r->p, layer));
		ret = exec_cpu_begins(r, LXA_PREP_WRITE);
		if (ret)
			return ret;
		exact = plan_encode(r->p, in->reader, &in->t, plan_packed(r->p, l->in_value));
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
	start = now();
	lxa_kernel_run(l->layer.kernel, (uint32_t)r->n, plan_packed(r->p, l->in_value),
		       plan_packed(r->p, l->out_value));
	l->rep.seconds += now() - start;
	exec_count_work(r, l);
	return 0;
}

/* ---- batches ---------------------------------------------------------------------- */

static void reset_slots(struct lxa_plan *p)
{
	int v;

	for (v = 0; v < p->g->n_values; v++) {
		lxa_tensor_free(&p->slots[v].t);
		p->slots[v].have_packed = 0;
	}
}

static int run_batch(struct run *r, const struct lxa_tensor *in, struct lxa_tensor *out)
{
	int ret, i;

	ret = exec_load_inputs(r, in);
	for (i = 0; !ret && i < r->p->g->n_nodes; i++) {
		const struct lxa_plan_entry *e = &r->p->nodes[i].e;

		if (e->constant || r->p->nodes[i].unused)
			continue;
		if (e->place == LXA_PLACE_CPU)
			ret = run_cpu(r, i);
		else if (e->head)
			ret = run_layer(r, e->layer);
	}
	if (!ret)
		ret = exec_flush(r);
	if (!ret)
		ret = exec_store_outputs(r, out);
	r->n_pending = 0;
	reset_slots(r->p);
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
