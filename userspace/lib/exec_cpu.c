/* SPDX-License-Identifier: MIT */
/* exec_cpu.c - the CPU half of a run: nodes, steps of oneDNN, and a value's forms. */
#include <errno.h>
#include <stdio.h>
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

int exec_cpu_takes(struct run *r, struct lxa_bo *bo, uint32_t flags)
{
	int ret;

	while ((ret = lxa_bo_prep(bo, flags, WAIT_SLICE_MS)) == -ETIMEDOUT)
		exec_progress(r);
	return ret ? lxa_err_set(r->err, ret, "%s: the buffer cannot be taken: %s", r->p->g->path, strerror(-ret)) : 0;
}

/* Plain floats from oneDNN's layout. */
static int unblock(struct run *r, struct plan_batch *b, int value)
{
	struct lxa_tensor t = r->p->g->values[value].t;
	struct dnn_prog *g;
	dnnl_status_t status;
	int ret = dnn_prog(r->p->dnn, b->n, &g, r->err);

	if (ret)
		return ret;
	t.data = NULL;
	t.dims[0] = b->n;
	if (lxa_tensor_alloc(&t))
		return lxa_err_set(r->err, -ENOMEM, "out of memory for %s", r->p->g->values[value].name);
	status = dnn_to_plain(r->p->dnn, g, value, b->v[value].blk->data, t.data);
	b->v[value].t = t;
	return status == dnnl_success ? 0 : dnn_error(r, r->p->g->values[value].producer, status);
}

/* What a layer left in the device's memory. */
static int decode(struct run *r, struct plan_batch *b, int value)
{
	const struct plan_slot *s = &r->p->slots[value];
	struct plan_value *v = &b->v[value];
	struct plan_layer *l = r->p->layers[s->maker];
	struct exec_span start;
	int ret = 0;

	if (v->made == PLAN_QUEUED)
		ret = exec_submit(r);
	while (!ret && v->made == PLAN_QUEUED)
		ret = exec_poll(r, 1);
	if (!ret && r->p->dev)
		ret = exec_cpu_takes(r, v->bo, LXA_PREP_READ);
	if (ret)
		return ret;
	start = exec_time();
	ret = plan_decode(r->p, l, b->n, v->packed, &v->t, r->err);
	exec_took(b->n, start, &l->rep.decode_s, PROF_DECODE, exec_layer_name(r->p, s->maker), NULL);
	if (r->p->dev)
		lxa_bo_fini(v->bo);
	exec_did(r, b, PLAN_DID_DECODE, s->maker);
	return ret;
}

int exec_value_float(struct run *r, struct plan_batch *b, int value, const struct lxa_tensor **t)
{
	struct plan_value *v = &b->v[value];
	int ret = 0;

	*t = plan_const(r->p, value);
	if (*t)
		return 0;
	if (!v->t.data && !v->blk && !v->have_packed && v->made == PLAN_NOT_YET && is_view(r->p, r->p->g->values[value].producer))
		ret = exec_node(r, b, r->p->g->values[value].producer);
	if (!ret && !v->t.data && v->blk)
		ret = unblock(r, b, value);
	if (!ret && !v->t.data)
		ret = v->have_packed || v->made == PLAN_QUEUED ? decode(r, b, value) :
		      lxa_err_set(r->err, -EINVAL, "%s: value %s was never computed", r->p->g->path,
				  r->p->g->values[value].name);
	*t = &v->t;
	return ret;
}

/* ---- nodes --------------------------------------------------------------------------------------------------------- */

int exec_node(struct run *r, struct plan_batch *b, int node)
{
	const struct lxa_node *n = &r->p->g->nodes[node];
	struct plan_node *pn = &r->p->nodes[node];
	const struct lxa_tensor **in = calloc((size_t)n->n_in + 1, sizeof(*in));
	struct lxa_tensor *out = calloc((size_t)n->n_out + 1, sizeof(*out));
	int i, ret = in && out ? 0 : lxa_err_set(r->err, -ENOMEM, "out of memory");
	struct exec_span start;

	for (i = 0; !ret && i < n->n_in; i++)
		if (n->in[i] >= 0)
			ret = exec_value_float(r, b, n->in[i], &in[i]);
	start = exec_time();
	if (!ret)
		ret = lxa_cpu_exec(r->p->cpu, r->p->g, node, in, out, r->err);
	for (i = 0; !ret && i < n->n_out; i++) {
		if (n->out[i] < 0) {
			lxa_tensor_free(&out[i]);
			continue;
		}
		plan_value_drop(b, n->out[i]);
		b->v[n->out[i]].t = out[i];
		b->v[n->out[i]].made = PLAN_READY;
	}
	exec_took(b->n, start, &pn->rep.seconds, PROF_CPU, n->name, n->op);
	pn->rep.images += (uint64_t)b->n;
	pn->rep.macs += pn->e.macs * (uint64_t)b->n;
	free(in);
	free(out);
	if (!ret)
		exec_did(r, b, PLAN_DID_NODE, node);
	return ret;
}

/* ---- steps of oneDNN ------------------------------------------------------------------------------------------- */

/* The value in the layout that the program has for it; 1: it has another shape than planned. */
static int blocked(struct run *r, struct plan_batch *b, struct dnn_prog *g, int value, const void **data)
{
	struct plan_value *pv = &b->v[value];
	struct dnn_val *v = &g->vals[value];
	const struct lxa_tensor *t;
	dnnl_status_t status;
	int ret;

	if (!pv->blk) {
		ret = exec_value_float(r, b, value, &t);
		if (ret)
			return ret;
		if (!dnn_fits(g, value, t))
			return 1;
		*data = t->data;
		if (v->plain)
			return 0;
		pv->blk = dnn_buf_get(r->p->dnn, v->bytes);
		status = pv->blk ? dnn_from_plain(r->p->dnn, g, value, t->data, pv->blk->data) : dnnl_out_of_memory;
		if (status != dnnl_success)
			return dnn_error(r, r->p->g->values[value].producer, status);
	}
	*data = pv->blk->data;
	return 0;
}

/* Where the result goes: for a sum that nobody else reads the summand's own place. */
static struct dnn_buf *place(struct run *r, struct plan_batch *b, const struct dnn_prog *g, int step)
{
	const struct dnn_step *st = &r->p->dnn->steps[step];
	struct plan_value *sum = st->sum ? &b->v[st->in[1]] : NULL;
	struct dnn_buf *buf;

	if (!sum || !sum->blk || sum->keep != 1 || g->ops[step].reorder[1] || st->in[0] == st->in[1])
		return dnn_buf_get(r->p->dnn, g->vals[st->out].bytes);
	buf = sum->blk;
	sum->blk = NULL;
	return buf;
}

static int run_step(struct run *r, struct plan_batch *b, struct dnn_prog *g, int step)
{
	const struct dnn_step *st = &r->p->dnn->steps[step];
	const void *in[DNN_MAX_IN];
	struct dnn_buf *out;
	dnnl_status_t status;
	int i, ret;

	for (i = 0; i < st->n_in; i++) {
		ret = blocked(r, b, g, st->in[i], &in[i]);
		if (ret)
			return ret;
	}
	out = place(r, b, g, step);
	status = out ? dnn_run(r->p->dnn, g, step, in, out->data) : dnnl_out_of_memory;
	if (status != dnnl_success) {
		dnn_buf_put(r->p->dnn, out);
		return dnn_error(r, st->nodes[0], status);
	}
	b->v[st->out].blk = out;
	b->v[st->out].made = PLAN_READY;
	return 0;
}

/* A step's operators, for the time line. */
static void step_ops(const struct run *r, const struct dnn_step *st, char *text, size_t room)
{
	size_t at = 0;
	int i;

	for (i = 0; i < st->n_nodes && at < room; i++)
		at += (size_t)snprintf(text + at, room - at, "%s%s", i ? ", " : "", r->p->nodes[st->nodes[i]].e.op);
}

int exec_step(struct run *r, struct plan_batch *b, int step)
{
	const struct dnn_step *st = &r->p->dnn->steps[step];
	struct plan_node *head;
	struct dnn_prog *g;
	struct exec_span start = exec_time();
	char ops[160] = "";
	int i, ret = dnn_prog(r->p->dnn, b->n, &g, r->err);

	if (ret)
		return ret;
	ret = g->ops[step].off ? 1 : run_step(r, b, g, step);
	if (ret == 1) {			/* not what oneDNN can do: one by one */
		for (i = 0, ret = 0; !ret && i < st->n_nodes; i++)
			ret = exec_node(r, b, st->nodes[i]);
		return ret;
	}
	/* the time goes to the node that names the step */
	for (i = 0; i < st->n_nodes; i++) {
		struct plan_node *pn = &r->p->nodes[st->nodes[i]];

		pn->rep.images += (uint64_t)b->n;
		pn->rep.macs += pn->e.macs * (uint64_t)b->n;
	}
	head = &r->p->nodes[dnn_head(st)];
	if (start.prof)
		step_ops(r, st, ops, sizeof(ops));
	exec_took(b->n, start, &head->rep.seconds, PROF_CPU, head->e.name, ops);
	if (!ret)
		exec_did(r, b, PLAN_DID_NODE, dnn_head(st));
	return ret;
}
