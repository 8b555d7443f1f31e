/* SPDX-License-Identifier: MIT */
/* exec_cpu.c - the CPU half of a run: nodes one by one, steps of oneDNN, and a value's forms. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dnn.h"
#include "exec.h"

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

static int dnn_error(struct run *r, int node, dnnl_status_t s)
{
	return lxa_err_set(r->err, s == dnnl_out_of_memory ? -ENOMEM : -EIO, "%s: node %s: oneDNN: %s", r->p->g->path,
			   r->p->g->nodes[node].name, s == dnnl_out_of_memory ? "out of memory" : "failed");
}

/* Plain floats from oneDNN's layout. */
static int unblock(struct run *r, int value)
{
	struct plan_slot *s = &r->p->slots[value];
	struct lxa_tensor t = r->p->g->values[value].t;
	struct dnn_prog *g;
	dnnl_status_t status;
	int ret = dnn_prog(r->p->dnn, r->n, &g, r->err);

	if (ret)
		return ret;
	t.data = NULL;
	t.dims[0] = r->n;
	if (lxa_tensor_alloc(&t))
		return lxa_err_set(r->err, -ENOMEM, "out of memory for %s", r->p->g->values[value].name);
	status = dnn_to_plain(r->p->dnn, g, value, s->blk->data, t.data);
	s->t = t;
	return status == dnnl_success ? 0 : dnn_error(r, r->p->g->values[value].producer, status);
}

/* The float form of a value, made from the packed one when there is no other. */
int exec_value_float(struct run *r, int value, const struct lxa_tensor **t)
{
	struct plan_slot *s = &r->p->slots[value];
	struct exec_span start;
	int ret;

	*t = plan_const(r->p, value);
	if (*t)
		return 0;
	if (!s->t.data && !s->have_packed && is_view(r->p, r->p->g->values[value].producer)) {
		ret = exec_node(r, r->p->g->values[value].producer);
		if (ret)
			return ret;
	}
	if (!s->t.data && s->blk) {
		ret = unblock(r, value);
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
		start = exec_time();
		ret = plan_decode(r->p, r->p->layers[s->maker], r->n, plan_packed(r->p, value), &s->t, r->err);
		exec_took(r, start, &r->p->layers[s->maker]->rep.decode_s, PROF_DECODE, exec_layer_name(r->p, s->maker),
			  NULL);
		exec_cpu_ends(r);
		if (ret)
			return ret;
	}
	*t = &s->t;
	return 0;
}

int exec_node(struct run *r, int node)
{
	const struct lxa_node *n = &r->p->g->nodes[node];
	struct plan_node *pn = &r->p->nodes[node];
	const struct lxa_tensor **in = calloc((size_t)n->n_in + 1, sizeof(*in));
	struct lxa_tensor *out = calloc((size_t)n->n_out + 1, sizeof(*out));
	int i, ret = in && out ? 0 : lxa_err_set(r->err, -ENOMEM, "out of memory");
	struct exec_span start;

	for (i = 0; !ret && i < n->n_in; i++)
		if (n->in[i] >= 0)
			ret = exec_value_float(r, n->in[i], &in[i]);
	start = exec_time();
	if (!ret)
		ret = lxa_cpu_exec(r->p->cpu, r->p->g, node, in, out, r->err);
	for (i = 0; !ret && i < n->n_out; i++) {
		if (n->out[i] >= 0)
			r->p->slots[n->out[i]].t = out[i];
		else
			lxa_tensor_free(&out[i]);
	}
	exec_took(r, start, &pn->rep.seconds, PROF_CPU, n->name, n->op);
	pn->rep.images += (uint64_t)r->n;
	pn->rep.macs += pn->e.macs * (uint64_t)r->n;
	free(in);
	free(out);
	return ret;
}

/* ---- steps of oneDNN ------------------------------------------------------------------------------------------- */

/* The value in the layout that the program has for it; 1: it has another shape than planned. */
static int blocked(struct run *r, struct dnn_prog *g, int value, const void **data)
{
	struct plan_slot *s = &r->p->slots[value];
	struct dnn_val *v = &g->vals[value];
	const struct lxa_tensor *t;
	dnnl_status_t status;
	int ret;

	if (!s->blk) {
		ret = exec_value_float(r, value, &t);
		if (ret)
			return ret;
		if (!dnn_fits(g, value, t))
			return 1;
		*data = t->data;
		if (v->plain)
			return 0;
		s->blk = dnn_buf_get(r->p->dnn, v->bytes);
		status = s->blk ? dnn_from_plain(r->p->dnn, g, value, t->data, s->blk->data) : dnnl_out_of_memory;
		if (status != dnnl_success)
			return dnn_error(r, r->p->dnn->steps[0].nodes[0], status);
	}
	*data = s->blk->data;
	return 0;
}

static int run_step(struct run *r, struct dnn_prog *g, int step)
{
	const struct dnn_step *st = &r->p->dnn->steps[step];
	const void *in[DNN_MAX_IN];
	struct dnn_buf *out;
	dnnl_status_t status;
	int i, ret;

	for (i = 0; i < st->n_in; i++) {
		ret = blocked(r, g, st->in[i], &in[i]);
		if (ret)
			return ret;
	}
	out = dnn_buf_get(r->p->dnn, g->vals[st->out].bytes);
	status = out ? dnn_run(r->p->dnn, g, step, in, out->data) : dnnl_out_of_memory;
	if (status == dnnl_success) {
		r->p->slots[st->out].blk = out;
		return 0;
	}
	dnn_buf_put(r->p->dnn, out);
	return dnn_error(r, st->nodes[0], status);
}

static int exec_step(struct run *r, int step)
{
	const struct dnn_step *st = &r->p->dnn->steps[step];
	struct dnn_prog *g;
	struct exec_span start = exec_time();
	int i, ret = dnn_prog(r->p->dnn, r->n, &g, r->err);

	if (ret)
		return ret;
	ret = g->ops[step].off ? 1 : run_step(r, g, step);
	if (ret == 1) {			/* not what oneDNN can do: one by one */
		for (i = 0, ret = 0; !ret && i < st->n_nodes; i++)
			ret = exec_node(r, st->nodes[i]);
		return ret;
	}
	/* the time to the node that names the step: what it took in costs next to nothing */
	for (i = 0; i < st->n_nodes; i++) {
		struct plan_node *pn = &r->p->nodes[st->nodes[i]];

		pn->rep.images += (uint64_t)r->n;
		pn->rep.macs += pn->e.macs * (uint64_t)r->n;
		if (st->kind == DNN_FC ? pn->e.macs != 0 : !i)
			exec_took(r, start, &pn->rep.seconds, PROF_CPU, pn->e.name, pn->e.op);
	}
	return ret;
}

int exec_cpu(struct run *r, int node)
{
	int step = r->p->dnn->step_of[node];
	const struct dnn_step *st = step < 0 ? NULL : &r->p->dnn->steps[step];

	if (!st)
		return exec_node(r, node);
	/* once all its operands can be there */
	return st->nodes[st->n_nodes - 1] == node ? exec_step(r, step) : 0;
}
