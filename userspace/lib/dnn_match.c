/* SPDX-License-Identifier: MIT */
/* dnn_match.c - which nodes of the CPU half become steps of oneDNN; see dnn.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dnn.h"
#include "ops.h"

/* ---- nodes and values ------------------------------------------------------------------------------------------ */

static const struct lxa_tensor *shape(const struct dnn *d, int value)
{
	return &d->p->g->values[value].t;
}

/* A float value with one part an image. */
static int is_batch(const struct dnn *d, int value, int min_dims)
{
	const struct lxa_value *v = &d->p->g->values[value];

	return v->known && !plan_const(d->p, value) && v->t.dtype == LXA_F32 && v->t.ndim >= min_dims && v->t.ndim <= 5 &&
	       v->t.dims[0] == d->batch && lxa_tensor_count(&v->t) > 0;
}

static int same_dims(const struct lxa_tensor *a, const struct lxa_tensor *b)
{
	return a->ndim == b->ndim && !memcmp(a->dims, b->dims, (size_t)a->ndim * sizeof(a->dims[0]));
}

static const float *const_f32(const struct dnn *d, const struct lxa_node *n, int i, int64_t count)
{
	const struct lxa_tensor *t = i < n->n_in ? plan_const(d->p, n->in[i]) : NULL;

	return t && t->dtype == LXA_F32 && (count < 0 || lxa_tensor_count(t) == count) ? t->data : NULL;
}

/* A node that the executor would run by itself, and that no step has. */
static int is_open(const struct dnn *d, int node)
{
	const struct plan_node *pn = &d->p->nodes[node];

	return pn->e.place == LXA_PLACE_CPU && !pn->e.constant && !pn->unused && d->step_of[node] < 0;
}

/* The one node that goes on with the value, if it is open; else -1. */
static int next_open(const struct dnn *d, int value)
{
	int node = plan_consumer(d->p, value);

	return node >= 0 && is_open(d, node) && d->p->g->nodes[node].n_out >= 1 ? node : -1;
}

int dnn_ctx(const struct lxa_plan *p, const struct lxa_node *n, struct dnn_ctx *x)
{
	int i;

	memset(&x->c, 0, sizeof(x->c));
	if (n->n_in > LXA_MAX_INPUTS)
		return 0;
	for (i = 0; i < n->n_in; i++) {
		const struct lxa_tensor *t = plan_const(p, n->in[i]);

		if (n->in[i] >= 0)
			x->t[i] = t ? *t : p->g->values[n->in[i]].t;
		x->in[i] = n->in[i] < 0 ? NULL : &x->t[i];
	}
	x->c = (struct lxa_op_ctx){ .cpu = p->cpu, .g = p->g, .n = n, .in = x->in, .n_in = n->n_in, .err = &x->err };
	return 1;
}

static void add_node(struct dnn *d, struct dnn_step *s, int node)
{
	s->nodes[s->n_nodes++] = node;
	d->step_of[node] = d->n_steps;
	s->out = d->p->g->nodes[node].out[0];
}

static int add_step(struct dnn *d, const struct dnn_step *s)
{
	d->steps[d->n_steps] = *s;
	d->maker[s->out] = d->n_steps;
	return ++d->n_steps;
}

/* ---- activations ----------------------------------------------------------------------------------------------- */

static int bound(const struct dnn *d, const struct lxa_node *n, int i, const char *attr, float dflt, float *v)
{
	const float *f;

	*v = lxa_node_float(n, attr, dflt);
	if (i >= n->n_in || n->in[i] < 0)
		return 1;
	f = const_f32(d, n, i, 1);
	if (f)
		*v = *f;
	return f != NULL;
}

static int clip(const struct dnn *d, const struct lxa_node *n, struct dnn_act *a)
{
	a->alg = dnnl_eltwise_clip;
	return bound(d, n, 1, "min", -3.4028235e38f, &a->alpha) && bound(d, n, 2, "max", 3.4028235e38f, &a->beta) &&
	       a->alpha <= a->beta;
}

/* exact: only those that round as the operator itself does. */
static int activation(const struct dnn *d, const struct lxa_node *n, int exact, struct dnn_act *a)
{
	static const struct {
		const char *op, *alpha;
		dnnl_alg_kind_t alg;
		float dflt;
		int exact;
	} some[] = {
		{ "Relu", NULL, dnnl_eltwise_relu, 0, 1 },
		{ "LeakyRelu", "alpha", dnnl_eltwise_relu, 0.01f, 1 },
		{ "Elu", "alpha", dnnl_eltwise_elu, 1, 0 },
		{ "Sigmoid", NULL, dnnl_eltwise_logistic, 0, 0 },
		{ "Tanh", NULL, dnnl_eltwise_tanh, 0, 0 },
		{ "HardSwish", NULL, dnnl_eltwise_hardswish, 0, 0 },
	};
	size_t i;

	memset(a, 0, sizeof(*a));
	if (!lxa_domain_is_onnx(n->domain))
		return 0;
	if (!strcmp(n->op, "Clip"))
		return a->on = clip(d, n, a);
	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		if (strcmp(n->op, some[i].op) || (exact && !some[i].exact))
			continue;
		a->alg = some[i].alg;
		a->alpha = some[i].alpha ? lxa_node_float(n, some[i].alpha, some[i].dflt) : some[i].dflt;
		return a->on = 1;
	}
	return 0;
}

static void take_activation(struct dnn *d, struct dnn_step *s)
{
	int node = next_open(d, s->out);

	if (node >= 0 && activation(d, &d->p->g->nodes[node], s->exact, &s->act))
		add_node(d, s, node);
}

/* ---- convolutions and matrix products ---------------------------------------------------------------------- */

/* Weights that a node computed are quantized, and so are values that trace back to a quantizer: sums are exact. */
static int is_exact(const struct dnn *d, int x, int w)
{
	struct lxa_err why;
	struct plan_enc e;

	return d->p->g->values[w].producer >= 0 || !plan_enc_value(d->p, x, &e, &why) ||
	       (d->maker[x] >= 0 && d->steps[d->maker[x]].exact);
}

/* The convolution's weights and bias with a BatchNormalization behind it. */
static int fold_norm(struct dnn *d, struct dnn_step *s, const struct lxa_node *n, int64_t ch, int64_t each)
{
	const float *v[5];
	int i;
	int64_t c, k;

	for (i = 1; i < 5; i++) {
		v[i] = const_f32(d, n, i, ch);
		if (!v[i])
			return 0;
	}
	s->wgt = malloc((size_t)(ch * each) * sizeof(float));
	s->bias = malloc((size_t)ch * sizeof(float));
	if (!s->wgt || !s->bias) {
		free(s->wgt);
		free(s->bias);
		s->wgt = s->bias = NULL;
		return 0;		/* it stays a node of its own */
	}
	for (c = 0; c < ch; c++) {
		double f = (double)v[1][c] / sqrt((double)v[4][c] + (double)lxa_node_float(n, "epsilon", 1e-5f));

		s->bias[c] = (float)(((s->use_bias ? (double)s->use_bias[c] : 0) - (double)v[3][c]) * f + (double)v[2][c]);
		for (k = 0; k < each; k++)
			s->wgt[c * each + k] = (float)((double)s->use_wgt[c * each + k] * f);
	}
	s->use_wgt = s->wgt;
	s->use_bias = s->bias;
	return 1;
}

static void take_norm(struct dnn *d, struct dnn_step *s, int64_t ch, int64_t each)
{
	int node = next_open(d, s->out);
	const struct lxa_node *n = node < 0 ? NULL : &d->p->g->nodes[node];

	if (n && plan_onnx_op(n, "BatchNormalization") && n->n_out == 1 && n->in[0] == s->out && !s->exact &&
	    !lxa_node_int(n, "training_mode", 0) && fold_norm(d, s, n, ch, each))
		add_node(d, s, node);
}

static void take_add(struct dnn *d, struct dnn_step *s)
{
	int node = next_open(d, s->out), other;
	const struct lxa_node *n = node < 0 ? NULL : &d->p->g->nodes[node];

	if (!n || s->exact || !plan_onnx_op(n, "Add") || n->in[0] == n->in[1])
		return;
	other = n->in[n->in[0] == s->out];
	if (!is_batch(d, other, 1) || !same_dims(shape(d, other), shape(d, s->out)))
		return;
	s->in[s->n_in++] = other;
	s->sum = 1;
	add_node(d, s, node);
}

static int conv(struct dnn *d, int node)
{
	const struct lxa_node *n = &d->p->g->nodes[node];
	struct dnn_step s = { .kind = DNN_CONV };
	const struct lxa_tensor *w = n->n_in > 1 ? plan_const(d->p, n->in[1]) : NULL;
	struct dnn_ctx x;

	if (!w || w->dtype != LXA_F32 || !is_batch(d, n->in[0], 3) || !is_batch(d, n->out[0], 3) ||
	    !dnn_ctx(d->p, n, &x) || lxa_window_parse(&x.c, w->dims + 2, 0, &s.w))
		return 0;
	s.use_wgt = w->data;
	if (n->n_in > 2 && n->in[2] >= 0 && !(s.use_bias = const_f32(d, n, 2, w->dims[0])))
		return 0;
	s.group = lxa_node_int(n, "group", 1);
	s.in[s.n_in++] = n->in[0];
	s.exact = is_exact(d, n->in[0], n->in[1]);
	add_node(d, &s, node);
	take_norm(d, &s, w->dims[0], lxa_tensor_count(w) / w->dims[0]);
	take_add(d, &s);
	take_activation(d, &s);
	return add_step(d, &s);
}

/* Flatten from axis 1, or a Reshape to that: the product can read what lies before it. */
static int flat(const struct dnn *d, int value)
{
	int node = d->p->g->values[value].producer;
	const struct lxa_node *n = node < 0 ? NULL : &d->p->g->nodes[node];

	if (!n || !is_open(d, node) || d->p->uses[value] != 1 || d->maker[n->in[0]] < 0 || !is_batch(d, n->in[0], 3) ||
	    shape(d, value)->ndim != 2)
		return -1;
	if (!plan_onnx_op(n, "Reshape") && !(plan_onnx_op(n, "Flatten") && lxa_node_int(n, "axis", 1) == 1))
		return -1;
	return node;
}

static int fc(struct dnn *d, int node)
{
	const struct lxa_node *n = &d->p->g->nodes[node];
	int gemm = plan_onnx_op(n, "Gemm"), before;
	const struct lxa_tensor *w = n->n_in > 1 ? plan_const(d->p, n->in[1]) : NULL;
	struct dnn_step s = { .kind = DNN_FC };
	int64_t k;

	if (!w || w->dtype != LXA_F32 || w->ndim != 2 || !is_batch(d, n->in[0], 2) || !is_batch(d, n->out[0], 2) ||
	    shape(d, n->in[0])->ndim != 2 || shape(d, n->out[0])->ndim != 2)
		return 0;
	if (gemm && (lxa_node_int(n, "transA", 0) || lxa_node_float(n, "alpha", 1) != 1 || lxa_node_float(n, "beta", 1) != 1))
		return 0;
	s.by_rows = !gemm || !lxa_node_int(n, "transB", 0);
	k = shape(d, n->in[0])->dims[1];
	if (w->dims[!s.by_rows] != k || is_exact(d, n->in[0], n->in[1]))
		return 0;
	s.use_wgt = w->data;
	if (n->n_in > 2 && n->in[2] >= 0 && !(s.use_bias = const_f32(d, n, 2, w->dims[s.by_rows])))
		return 0;
	s.in[s.n_in++] = n->in[0];
	before = flat(d, n->in[0]);
	if (before >= 0) {
		s.in[0] = d->p->g->nodes[before].in[0];
		s.flat = 1;
		add_node(d, &s, before);
	}
	add_node(d, &s, node);
	take_activation(d, &s);
	return add_step(d, &s);
}

/* ---- what goes on in a step's layout ------------------------------------------------------------------------ */

static int pool(struct dnn *d, int node, struct dnn_step *s)
{
	const struct lxa_node *n = &d->p->g->nodes[node];
	int max = plan_onnx_op(n, "MaxPool"), global = plan_onnx_op(n, "GlobalAveragePool"), i, ceil, include;
	struct dnn_ctx x;

	if ((!max && !global && !plan_onnx_op(n, "AveragePool")) || n->n_out != 1 || (s->exact && !max) ||
	    !is_batch(d, s->in[0], 3) || !dnn_ctx(d->p, n, &x))
		return 0;
	s->kind = DNN_POOL;
	if (global) {
		s->alg = dnnl_pooling_avg_exclude_padding;
		s->w.nd = x.t[0].ndim - 2;
		for (i = 0; i < s->w.nd; i++) {
			s->w.in[i] = s->w.kernel[i] = x.t[0].dims[2 + i];
			s->w.out[i] = s->w.stride[i] = s->w.dilation[i] = 1;
		}
		return 1;
	}
	ceil = lxa_node_int(n, "ceil_mode", 0) != 0;
	include = lxa_node_int(n, "count_include_pad", 0) != 0;
	if ((!max && ceil && include) || lxa_window_parse(&x.c, NULL, ceil, &s->w))
		return 0;
	s->alg = max ? dnnl_pooling_max : include ? dnnl_pooling_avg_include_padding : dnnl_pooling_avg_exclude_padding;
	/* as in cpu_pool.c: what the last window reaches beyond the padding is padding to oneDNN */
	for (i = 0; i < s->w.nd; i++) {
		int64_t reach = (s->w.out[i] - 1) * s->w.stride[i] + (s->w.kernel[i] - 1) * s->w.dilation[i] + 1;

		if (s->w.pad_end[i] < reach - s->w.in[i] - s->w.pad_begin[i])
			s->w.pad_end[i] = reach - s->w.in[i] - s->w.pad_begin[i];
	}
	return 1;
}

static int add(struct dnn *d, int node, struct dnn_step *s)
{
	const struct lxa_node *n = &d->p->g->nodes[node];

	if (!plan_onnx_op(n, "Add") || n->in[0] < 0 || n->in[1] < 0 || !is_batch(d, n->in[0], 1) || !is_batch(d, n->in[1], 1) ||
	    !same_dims(shape(d, n->in[0]), shape(d, n->in[1])))
		return 0;
	s->kind = DNN_ADD;
	s->in[1] = n->in[n->in[0] == s->in[0]];
	s->n_in = 2;
	return 1;
}

static int norm(struct dnn *d, int node, struct dnn_step *s)
{
	const struct lxa_node *n = &d->p->g->nodes[node];
	int64_t ch, c;
	int i;

	if (!plan_onnx_op(n, "BatchNormalization") || n->n_out != 1 || s->exact || n->in[0] != s->in[0] || !is_batch(d, s->in[0], 2) ||
	    lxa_node_int(n, "training_mode", 0))
		return 0;
	ch = shape(d, s->in[0])->dims[1];
	for (i = 1; i < 5; i++)
		if (!const_f32(d, n, i, ch))
			return 0;
	for (c = 0; c < ch; c++)
		if (!(const_f32(d, n, 4, ch)[c] >= 0))
			return 0;
	s->kind = DNN_NORM;
	s->norm = n;
	return 1;
}

static int concat(struct dnn *d, int node, struct dnn_step *s)
{
	const struct lxa_node *n = &d->p->g->nodes[node];
	int i;

	if (!plan_onnx_op(n, "Concat") || n->n_in > DNN_MAX_IN || !is_batch(d, n->out[0], 3))
		return 0;
	i = (int)lxa_node_int(n, "axis", d->p->g->opset < 4 ? 1 : 0);
	if (i != 1 && i != 1 - shape(d, n->out[0])->ndim)
		return 0;
	for (i = 0; i < n->n_in; i++)
		if (n->in[i] < 0 || !is_batch(d, n->in[i], 3) || d->maker[n->in[i]] < 0)
			return 0;
	s->kind = DNN_CONCAT;
	for (i = 0; i < n->n_in; i++)
		s->in[i] = n->in[i];
	s->n_in = n->n_in;
	return 1;
}

/* One node of a move; the move so far is what the node reads. */
static int move_node(const struct dnn *d, const struct lxa_node *n, struct dnn_move *m)
{
	struct lxa_slice sl;
	struct lxa_pads pads;
	struct dnn_ctx x;
	int i;

	if (!dnn_ctx(d->p, n, &x) || x.t[0].ndim < 3)
		return 0;
	for (i = 1; i < n->n_in; i++)
		if (n->in[i] >= 0 && !plan_const(d->p, n->in[i]))
			return 0;
	if (plan_onnx_op(n, "Slice")) {
		if (lxa_slice_parse(&x.c, &sl) || sl.start[0] || sl.step[0] != 1 || sl.count[0] != x.t[0].dims[0])
			return 0;
		for (i = 1; i < x.t[0].ndim; i++) {
			/* a slice of padding would need two intervals */
			if (m->pad[i] || x.t[0].dims[i] != m->len[i] || sl.count[i] < 1)
				return 0;
			m->start[i] += sl.start[i] * m->step[i];
			m->step[i] *= sl.step[i];
			m->len[i] = sl.count[i];
		}
		return 1;
	}
	if (!plan_onnx_op(n, "Pad") || strcmp(lxa_node_string(n, "mode", "constant"), "constant") ||
	    lxa_node_float(n, "value", 0) != 0 || lxa_pad_parse(&x.c, &pads) || pads.begin[0] || pads.end[0])
		return 0;
	if (n->n_in > 2 && n->in[2] >= 0 && (!const_f32(d, n, 2, 1) || *const_f32(d, n, 2, 1) != 0))
		return 0;
	for (i = 1; i < x.t[0].ndim; i++) {
		if (pads.begin[i] < 0 || pads.end[i] < 0)
			return 0;
		m->pad[i] += pads.begin[i];
	}
	return 1;
}

static int move(struct dnn *d, int node, struct dnn_step *s)
{
	const struct lxa_tensor *x = shape(d, s->in[0]);
	int i;

	if (!is_batch(d, s->in[0], 3) || d->p->g->nodes[node].in[0] != s->in[0] || !is_batch(d, d->p->g->nodes[node].out[0], 3))
		return 0;
	for (i = 1; i < x->ndim; i++) {
		s->move.len[i] = x->dims[i];
		s->move.step[i] = 1;
	}
	if (!move_node(d, &d->p->g->nodes[node], &s->move))
		return 0;
	s->kind = DNN_MOVE;
	return 1;
}

static void take_moves(struct dnn *d, struct dnn_step *s)
{
	struct dnn_move m;
	int node;

	while (s->n_nodes < DNN_MAX_NODES && (node = next_open(d, s->out)) >= 0) {
		m = s->move;
		if (!move_node(d, &d->p->g->nodes[node], &m))
			return;
		s->move = m;
		add_node(d, s, node);
	}
}

/* A node behind a step: it goes on in the step's layout, where oneDNN has the operator. */
static int follow(struct dnn *d, int node)
{
	const struct lxa_node *n = &d->p->g->nodes[node];
	struct dnn_step s = { .n_in = 1 };
	int i;

	for (i = 0; i < n->n_in && (n->in[i] < 0 || d->maker[n->in[i]] < 0); i++)
		;
	if (i == n->n_in || n->n_out < 1 || !is_batch(d, n->in[i], 1) || !is_batch(d, n->out[0], 1))
		return 0;
	s.in[0] = n->in[i];
	for (i = 0; i < n->n_in; i++)
		if (n->in[i] >= 0 && d->maker[n->in[i]] >= 0)
			s.exact |= d->steps[d->maker[n->in[i]]].exact;
	if (activation(d, n, s.exact, &s.act) && n->in[0] == s.in[0])
		s.kind = DNN_ACT;
	else if (memset(&s.act, 0, sizeof(s.act)), !pool(d, node, &s) && !add(d, node, &s) && !norm(d, node, &s) &&
		 !concat(d, node, &s) && !move(d, node, &s))
		return 0;
	add_node(d, &s, node);
	if (s.kind == DNN_ADD)
		take_activation(d, &s);
	if (s.kind == DNN_MOVE)
		take_moves(d, &s);
	return add_step(d, &s);
}

int dnn_plan(struct lxa_plan *p, struct lxa_err *err)
{
	struct dnn *d = calloc(1, sizeof(*d));
	int i;

	p->dnn = d;
	if (d) {
		d->p = p;
		d->batch = p->batch;
		d->steps = calloc((size_t)p->g->n_nodes + 1, sizeof(*d->steps));
		d->step_of = malloc(((size_t)p->g->n_nodes + 1) * sizeof(*d->step_of));
		d->maker = malloc(((size_t)p->g->n_values + 1) * sizeof(*d->maker));
	}
	if (!d || !d->steps || !d->step_of || !d->maker)
		return lxa_err_set(err, -ENOMEM, "%s: out of memory", p->g->path);
	for (i = 0; i < p->g->n_nodes; i++)
		d->step_of[i] = -1;
	for (i = 0; i < p->g->n_values; i++)
		d->maker[i] = -1;
	for (i = 0; i < p->g->n_nodes; i++) {
		const struct lxa_node *n = &p->g->nodes[i];

		if (!is_open(d, i) || n->n_in < 1 || n->in[0] < 0 || n->out[0] < 0)
			continue;
		if (plan_onnx_op(n, "Conv"))
			conv(d, i);
		else if (plan_onnx_op(n, "Gemm") || plan_onnx_op(n, "MatMul"))
			fc(d, i);
		else
			follow(d, i);
	}
	return 0;
}

void dnn_free(struct dnn *d)
{
	struct dnn_packed *k;
	int i;

	if (!d)
		return;
	while (d->progs)
		dnn_prog_free(d, d->progs);
	for (i = 0; d->steps && i < d->n_steps; i++) {
		while ((k = d->steps[i].packed)) {
			d->steps[i].packed = k->next;
			dnnl_memory_destroy(k->mem);
			free(k);
		}
		free(d->steps[i].wgt);
		free(d->steps[i].bias);
	}
	while (d->free) {
		struct dnn_buf *b = d->free;

		d->free = b->next;
		free(b->data);
		free(b);
	}
	free(d->steps);
	free(d->step_of);
	free(d->maker);
	free(d);
}
