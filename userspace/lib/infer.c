/* SPDX-License-Identifier: MIT */
/*
 * infer.c - types and shapes of every value of a graph.
 *
 * Nodes are in topological order, so one pass does. Values that describe shapes (the results of Shape, and of Gather,
 * Concat, ... on such; also as floats, for sizes that are scaled) are computed on the way, because a later Reshape or
 * Resize may need them; all other constants are left alone, as the planner wants to see a quantizer in front of its weights. The outputs of an unknown operator stay
 * unknown, and so does what depends on them.
 */
#include <errno.h>
#include <string.h>

#include "graph_priv.h"

#define FOLD_MAX 4096	/* elements: shapes are short, a table of indices is not worth computing twice */

int lxa_graph_set_input(struct lxa_graph *g, int i, int ndim, const int64_t *dims, struct lxa_err *err)
{
	struct lxa_tensor *t;
	char want[160];
	int d;

	if (i < 0 || i >= g->n_in)
		return lxa_err_set(err, -EINVAL, "%s: there is no input %d", g->path, i);
	t = &g->values[g->in[i]].t;
	if (ndim != t->ndim)
		return lxa_err_set(err, -EINVAL, "%s: input '%s' has %d dimensions, not %d", g->path,
				   g->values[g->in[i]].name, t->ndim, ndim);
	for (d = 0; d < ndim; d++)
		if (dims[d] < 0 || (t->dims[d] >= 0 && t->dims[d] != dims[d] && !(d == 0 && g->values[g->in[i]].free_batch)))
			return lxa_err_set(err, -EINVAL, "%s: input '%s' cannot have the shape %s: dimension %d is %lld",
					   g->path, g->values[g->in[i]].name, lxa_dims_str(ndim, dims, want), d,
					   (long long)t->dims[d]);
	for (d = 0; d < ndim; d++)
		t->dims[d] = dims[d];
	return 0;
}

static int infer_inputs(struct lxa_graph *g, int64_t batch, struct lxa_err *err)
{
	char buf[160];
	int i, d;

	for (i = 0; i < g->n_in; i++) {
		struct lxa_value *v = &g->values[g->in[i]];

		if (v->free_batch && batch > 0)
			v->t.dims[0] = batch;
		for (d = 0; d < v->t.ndim; d++)
			if (v->t.dims[d] < 0)
				return lxa_err_set(err, -EINVAL, "%s: input '%s': dimension %d is not fixed by the file and was "
						   "not given", g->path, v->name, d);
		if (lxa_tensor_count(&v->t) < 0)
			return lxa_err_set(err, -EINVAL, "%s: input '%s' is too large (%s)", g->path, v->name,
					   lxa_dims_str(v->t.ndim, v->t.dims, buf));
		v->known = 1;
	}
	return 0;
}

static int is_shape_op(const struct lxa_node *n)
{
	return !strcmp(n->op, "Shape") || !strcmp(n->op, "Size");
}

/* 1 when an input was computed from shapes. */
static int of_shapes(const struct lxa_graph *g, const struct lxa_node *n)
{
	int i;

	for (i = 0; i < n->n_in; i++)
		if (n->in[i] >= 0 && g->values[n->in[i]].of_shapes)
			return 1;
	return is_shape_op(n);
}

/*
 * 1 when the node's outputs describe shapes and can be computed now: they are integers, or lists or single values that come from
 * shapes (never convolutions or pools, which would need an engine).
 */
static int foldable(const struct lxa_op_ctx *c, int from_shapes)
{
	int i;

	for (i = 0; i < c->n_out; i++) {
		const struct lxa_tensor *t = &c->out[i];

		if (t->dtype != LXA_INT64 && t->dtype != LXA_INT32 && !(from_shapes && t->ndim <= 1))
			return 0;
		if (lxa_tensor_count(t) > FOLD_MAX)
			return 0;
	}
	if (is_shape_op(c->n))
		return 1;
	for (i = 0; i < c->n_in; i++)
		if (c->in[i] && !c->in[i]->data)
			return 0;
	return 1;
}

static int infer_node(struct lxa_graph *g, const struct lxa_node *n, struct lxa_err *err)
{
	const struct lxa_opdef *op = lxa_op_find(n);
	const struct lxa_tensor *in[LXA_MAX_INPUTS];
	struct lxa_tensor out[LXA_MAX_OUTPUTS] = { 0 };
	struct lxa_op_ctx c = { .g = g, .n = n, .in = in, .n_in = n->n_in, .out = out, .n_out = n->n_out, .err = err };
	int i, ret, from_shapes = of_shapes(g, n);

	if (!op)
		return 0;
	if (n->n_in > LXA_MAX_INPUTS || n->n_out > LXA_MAX_OUTPUTS)
		return lxa_op_err(&c, -EINVAL, "has %d inputs and %d outputs, at most %d and %d are supported", n->n_in,
				  n->n_out, LXA_MAX_INPUTS, LXA_MAX_OUTPUTS);
	for (i = 0; i < n->n_in; i++) {
		in[i] = n->in[i] < 0 ? NULL : &g->values[n->in[i]].t;
		if (in[i] && !g->values[n->in[i]].known)
			return 0;
	}
	ret = lxa_op_infer(op, &c);
	if (!ret && foldable(&c, from_shapes))
		ret = lxa_op_exec(op, &c);
	if (ret)
		return ret;
	for (i = 0; i < n->n_out; i++) {
		if (n->out[i] < 0) {
			lxa_tensor_free(&out[i]);
			continue;
		}
		g->values[n->out[i]].t = out[i];
		g->values[n->out[i]].known = 1;
		g->values[n->out[i]].of_shapes = from_shapes && out[i].data;
	}
	return 0;
}

int lxa_graph_infer(struct lxa_graph *g, int64_t batch, struct lxa_err *err)
{
	int i, ret;

	if (batch < 1 || batch > 1 << 20)
		return lxa_err_set(err, -EINVAL, "%s: batch size %lld is not possible", g->path, (long long)batch);
	/* Forget what an earlier call with another batch found. */
	for (i = 0; i < g->n_values; i++) {
		if (g->values[i].producer < 0)
			continue;
		lxa_tensor_free(&g->values[i].t);
		g->values[i].known = 0;
	}
	ret = infer_inputs(g, batch, err);
	for (i = 0; i < g->n_nodes && !ret; i++)
		ret = infer_node(g, &g->nodes[i], err);
	return ret;
}
