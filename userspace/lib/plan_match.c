/* SPDX-License-Identifier: MIT */
/*
 * plan_match.c - finds the nodes that one device layer covers: a convolution or matrix product with quantized input and
 * weights (the head), what follows it up to the next quantizer (the chain), and one max-pool among them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

static int onnx_op(const struct lxa_node *n, const char *op)
{
	return lxa_domain_is_onnx(n->domain) && !strcmp(n->op, op);
}

int plan_is_head(const struct lxa_node *n)
{
	return onnx_op(n, "Conv") || onnx_op(n, "Gemm") || onnx_op(n, "MatMul");
}

void plan_layer_free(struct plan_layer *l)
{
	if (!l)
		return;
	lxa_layer_free(&l->layer);
	free(l->w.codes);
	free(l->w.unit);
	free(l->unit);
	free(l->bias);
	free(l->out_unit);
	free(l);
}

uint64_t plan_node_macs(const struct lxa_plan *p, int node)
{
	const struct lxa_node *n = &p->g->nodes[node];
	const struct lxa_tensor *w, *o;
	int64_t macs, batch;

	if (!plan_is_head(n) || n->n_in < 2)
		return 0;
	w = &p->g->values[n->in[1]].t;
	o = &p->g->values[n->out[0]].t;
	if (!p->g->values[n->in[1]].known || !p->g->values[n->out[0]].known || o->ndim < 1 || w->ndim < 2)
		return 0;
	batch = o->dims[0] > 0 ? o->dims[0] : 1;
	macs = lxa_tensor_count(o) / batch;
	if (onnx_op(n, "Conv"))
		return (uint64_t)(macs * (lxa_tensor_count(w) / w->dims[0]));
	if (onnx_op(n, "Gemm"))
		return (uint64_t)(macs * w->dims[lxa_node_int(n, "transB", 0) ? 1 : 0]);
	return (uint64_t)(macs * w->dims[w->ndim - 2]);
}

/* ---- the head -------------------------------------------------------------------------------------------- */

static int fits(int64_t v, int64_t max)
{
	return v >= 0 && v <= max;
}

static int64_t attr_at(const struct lxa_node *n, const char *name, size_t i, int64_t dflt)
{
	const struct lxa_attr *a = lxa_node_attr(n, name);

	return a && a->type == LXA_ATTR_INTS && i < a->n ? a->ints[i] : dflt;
}

/* Padding of axis i (0 rows, 1 columns), whatever way the node says it; the sizes are those shape inference found. */
static void axis_pads(const struct lxa_node *n, int i, int64_t in, int64_t out, int64_t k, int64_t s, int64_t *begin, int64_t *end)
{
	const char *mode = lxa_node_string(n, "auto_pad", "NOTSET");
	int64_t total = (out - 1) * s + k - in;

	*begin = *end = 0;
	if (!strcmp(mode, "NOTSET")) {
		*begin = attr_at(n, "pads", (size_t)i, 0);
		*end = attr_at(n, "pads", (size_t)i + 2, 0);
	} else if (!strncmp(mode, "SAME", 4) && total > 0) {
		*begin = !strcmp(mode, "SAME_LOWER") ? (total + 1) / 2 : total / 2;
		*end = total - *begin;
	}
}

static int head_conv(const struct lxa_plan *p, const struct lxa_node *n, struct plan_layer *l, struct lxa_job *j,
		     struct plan_matrix *m, struct lxa_err *err)
{
	const struct lxa_tensor *x = &p->g->values[n->in[0]].t, *w = &p->g->values[n->in[1]].t;
	const struct lxa_tensor *o = &p->g->values[n->out[0]].t;
	int64_t k[2], s[2], d[2], pb[2], pe[2];
	int i;

	if (x->ndim != 4 || w->ndim != 4)
		return lxa_err_set(err, -EOPNOTSUPP, "it is a %d-dimensional convolution, the device takes 2", x->ndim - 2);
	for (i = 0; i < 2; i++) {
		k[i] = w->dims[2 + i];
		s[i] = attr_at(n, "strides", (size_t)i, 1);
		d[i] = attr_at(n, "dilations", (size_t)i, 1);
		axis_pads(n, i, x->dims[2 + i], o->dims[2 + i], (k[i] - 1) * d[i] + 1, s[i], &pb[i], &pe[i]);
		if (!fits(k[i], 255) || !fits(s[i], 255) || !fits(d[i], 255) || !fits(pb[i], 255) || !fits(pe[i], 255))
			return lxa_err_set(err, -EOPNOTSUPP, "kernel, stride, dilation or padding is beyond what a job can say");
	}
	for (i = 1; i < 4; i++)
		if (!fits(x->dims[i], 65535) || !fits(o->dims[i], 65535))
			return lxa_err_set(err, -EOPNOTSUPP, "a size is above 65535");
	l->in_value = n->in[0];
	l->ndim = 4;
	j->in_c = (uint16_t)x->dims[1];
	j->in_h = (uint16_t)x->dims[2];
	j->in_w = (uint16_t)x->dims[3];
	j->out_c = (uint16_t)w->dims[0];
	j->groups = (uint16_t)lxa_node_int(n, "group", 1);
	j->kh = (uint8_t)k[0];
	j->kw = (uint8_t)k[1];
	j->sy = (uint8_t)s[0];
	j->sx = (uint8_t)s[1];
	j->dy = (uint8_t)d[0];
	j->dx = (uint8_t)d[1];
	j->pad_t = (uint8_t)pb[0];
	j->pad_l = (uint8_t)pb[1];
	j->pad_b = (uint8_t)pe[0];
	j->pad_r = (uint8_t)pe[1];
	m->out_c = j->out_c;
	m->n = (uint32_t)(lxa_tensor_count(w) / w->dims[0]);
	m->so = m->n;
	m->si = 1;
	return 0;
}

/* A matrix product's input that was flattened from an image: the image, so that a kernel of its size can be used. */
static int unflatten(const struct lxa_plan *p, int value, int64_t k, int64_t *c, int64_t *h, int64_t *w)
{
	int node = p->g->values[value].producer;
	const struct lxa_tensor *t;

	*c = k;
	*h = *w = 1;
	while (node >= 0 && (onnx_op(&p->g->nodes[node], "Flatten") || onnx_op(&p->g->nodes[node], "Reshape") ||
			     onnx_op(&p->g->nodes[node], "Identity"))) {
		int from = p->g->nodes[node].in[0];

		t = &p->g->values[from].t;
		if (t->ndim == 4 && t->dims[0] == p->g->values[value].t.dims[0] && t->dims[1] * t->dims[2] * t->dims[3] == k) {
			if (t->dims[2] > 11 || t->dims[3] > 11)
				return value;
			*c = t->dims[1];
			*h = t->dims[2];
			*w = t->dims[3];
			return from;
		}
		node = p->g->values[from].producer;
	}
	return value;
}

static int head_matrix(const struct lxa_plan *p, const struct lxa_node *n, struct plan_layer *l, struct lxa_job *j,
		       struct plan_matrix *m, struct lxa_err *err)
{
	const struct lxa_tensor *x = &p->g->values[n->in[0]].t, *w = &p->g->values[n->in[1]].t;
	int trans = onnx_op(n, "Gemm") && lxa_node_int(n, "transB", 0);
	int64_t k, c, h, wd, oc;

	if (x->ndim != 2 || w->ndim != 2 || lxa_node_int(n, "transA", 0))
		return lxa_err_set(err, -EOPNOTSUPP, "it is not a product of images by a matrix of weights");
	k = w->dims[trans ? 1 : 0];
	oc = w->dims[trans ? 0 : 1];
	l->in_value = unflatten(p, n->in[0], k, &c, &h, &wd);
	if (!fits(c, 65535) || !fits(oc, 65535))
		return lxa_err_set(err, -EOPNOTSUPP, "a size is above 65535");
	l->ndim = 2;
	j->in_c = (uint16_t)c;
	j->in_h = j->kh = (uint8_t)h;
	j->in_w = j->kw = (uint8_t)wd;
	j->out_c = (uint16_t)oc;
	j->groups = 1;
	j->sy = j->sx = j->dy = j->dx = 1;
	m->out_c = j->out_c;
	m->n = (uint32_t)k;
	m->so = trans ? (size_t)k : 1;
	m->si = trans ? 1 : (size_t)oc;
	return 0;
}

/* The head's own bias (third input) and Gemm's alpha and beta. */
static int head_bias(const struct lxa_plan *p, const struct lxa_node *n, struct plan_layer *l, uint32_t out_c, struct lxa_err *err)
{
	const struct lxa_tensor *b = n->n_in > 2 && n->in[2] >= 0 ? plan_const(p, n->in[2]) : NULL;
	float beta = onnx_op(n, "Gemm") ? lxa_node_float(n, "beta", 1) : 1;
	double alpha = onnx_op(n, "Gemm") ? lxa_node_float(n, "alpha", 1) : 1;
	double *v;
	uint32_t c;

	for (c = 0; c < out_c; c++)
		l->unit[c] *= alpha;
	if (n->n_in < 3 || n->in[2] < 0)
		return 0;
	v = calloc(out_c, sizeof(*v));
	l->bias = calloc(out_c, sizeof(*l->bias));
	if (!v || !l->bias) {
		free(v);
		return lxa_err_set(err, -ENOMEM, "out of memory");
	}
	if (!b || b->dtype != LXA_F32 || !(b->ndim == 1 && b->dims[0] == out_c ? plan_const_channels(b, 2, out_c, v) :
					   plan_const_channels(b, l->ndim, out_c, v))) {
		free(v);
		return lxa_err_set(err, -EOPNOTSUPP, "its bias is not one constant a channel");
	}
	for (c = 0; c < out_c; c++)
		l->bias[c] = beta * (float)v[c];
	free(v);
	return 0;
}

/* ---- the chain ------------------------------------------------------------------------------------------- */

static int is_affine(const struct lxa_plan *p, const struct lxa_node *n, int value, int ndim, uint32_t out_c, double *tmp)
{
	int other;

	if (onnx_op(n, "BatchNormalization"))
		return 1;
	if (!onnx_op(n, "Add") && !onnx_op(n, "Mul") && !onnx_op(n, "Sub") && !onnx_op(n, "Div"))
		return 0;
	if ((onnx_op(n, "Sub") || onnx_op(n, "Div")) && n->in[0] != value)
		return 0;
	other = n->in[0] == value ? n->in[1] : n->in[0];
	return plan_const(p, other) && plan_const_channels(plan_const(p, other), ndim, out_c, tmp);
}

static int bn_constant(const struct lxa_plan *p, const struct lxa_node *n)
{
	int i;

	for (i = 1; i < 5; i++)
		if (i >= n->n_in || !plan_const(p, n->in[i]))
			return 0;
	return 1;
}

/* Collect nodes behind the head until the quantizer and a max-pool right behind it. 1 when a quantizer ends them. */
static int follow(const struct lxa_plan *p, struct plan_layer *l, uint32_t out_c, double *tmp)
{
	int value = p->g->nodes[l->nodes[0]].out[0], next;

	l->pool = l->quant = -1;
	while (l->n_nodes < PLAN_MAX_CHAIN && (next = plan_consumer(p, value)) >= 0) {
		const struct lxa_node *n = &p->g->nodes[next];

		if (n->n_out != 1)
			break;
		if (onnx_op(n, "MaxPool") && l->ndim == 4 && l->pool < 0)
			l->pool = l->n_nodes;
		else if (l->quant >= 0)
			break;
		else if (plan_is_quantizer(n) && n->in[0] == value)
			l->quant = l->n_nodes;
		else if (!onnx_op(n, "Relu") && !onnx_op(n, "Identity") && !is_affine(p, n, value, l->ndim, out_c, tmp))
			break;
		if (onnx_op(n, "BatchNormalization") && !bn_constant(p, n))
			break;
		l->nodes[l->n_nodes++] = next;
		value = n->out[0];
	}
	return l->quant >= 0;
}

static int pool_axis(const struct lxa_node *n, int i, int64_t in, int64_t out, uint8_t *k, uint8_t *s, uint8_t *b, uint8_t *e)
{
	int64_t kk = attr_at(n, "kernel_shape", (size_t)i, 1), ss = attr_at(n, "strides", (size_t)i, 1), pb, pe;

	axis_pads(n, i, in, out, kk, ss, &pb, &pe);
	/* ceil_mode may ask for more at the end than pads say, rounding down for less: take what the output's size needs */
	pe = (out - 1) * ss + kk - in - pb;
	if (pe < 0)
		pe = 0;
	if (attr_at(n, "dilations", (size_t)i, 1) != 1 || kk < 1 || kk > 15 || ss < 1 || ss > 15 || pb >= kk || pe >= kk)
		return 0;
	*k = (uint8_t)kk;
	*s = (uint8_t)ss;
	*b = (uint8_t)pb;
	*e = (uint8_t)pe;
	return (in + pb + pe - kk) / ss + 1 == out;
}

/* 1 when the device can do the layer's pool; sets it in the job. */
static int take_pool(const struct lxa_plan *p, const struct plan_layer *l, struct lxa_job *j)
{
	const struct lxa_node *n = &p->g->nodes[l->nodes[l->pool]];
	const struct lxa_tensor *x = &p->g->values[n->in[0]].t, *o = &p->g->values[n->out[0]].t;

	return (p->caps.modes & LXA_CFG_MODES_POOL_MASK) &&
	       pool_axis(n, 0, x->dims[2], o->dims[2], &j->pool_h, &j->pool_sy, &j->pool_pt, &j->pool_pb) &&
	       pool_axis(n, 1, x->dims[3], o->dims[3], &j->pool_w, &j->pool_sx, &j->pool_pl, &j->pool_pr);
}

static void no_pool(struct lxa_job *j)
{
	j->pool_h = j->pool_w = j->pool_sy = j->pool_sx = 1;
	j->pool_pt = j->pool_pb = j->pool_pl = j->pool_pr = 0;
}

/* Cut the chain to its first n nodes; the output becomes float unless the quantizer is among them. */
static void cut(struct plan_layer *l, int n)
{
	l->n_nodes = n;
	if (l->quant >= n)
		l->quant = -1;
	if (l->pool >= n)
		l->pool = -1;
}

static int take_chain(const struct lxa_plan *p, struct plan_layer *l, struct lxa_job *j, struct lxa_err *err)
{
	double *tmp = calloc(j->out_c, sizeof(*tmp));
	struct lxa_err why = { "" };
	uint32_t channel;
	int found;

	if (!tmp)
		return lxa_err_set(err, -ENOMEM, "out of memory");
	found = follow(p, l, j->out_c, tmp);
	free(tmp);
	no_pool(j);
	if (l->pool >= 0 && !take_pool(p, l, j)) {
		no_pool(j);
		if (l->pool < l->quant)
			found = 0;
		else
			cut(l, l->pool);
		l->pool = -1;
		snprintf(l->note, sizeof(l->note), "the pool stays on the CPU: its window is not one of the device's");
	}
	if (found && plan_enc_node(p, l->nodes[l->quant], &l->out_enc, &why)) {
		found = 0;
		snprintf(l->note, sizeof(l->note), "float output: %.140s", why.text);
	}
	if (found && l->pool >= 0 && l->pool < l->quant && plan_negative_after(p, l, l->pool, &channel)) {
		found = 0;
		snprintf(l->note, sizeof(l->note), "float output: channel %u is scaled by a negative number after the max-pool",
			 channel);
	}
	if (!found) {	/* the sums themselves, pooled when that is what comes next */
		cut(l, l->pool == 1 ? 2 : 1);
		if (l->pool < 0)
			no_pool(j);
	}
	l->out_value = p->g->nodes[l->nodes[l->n_nodes - 1]].out[0];
	return 0;
}

static void set_formats(struct plan_layer *l, struct lxa_job *j)
{
	j->act_fmt = l->in_enc.fmt;
	j->wgt_fmt = l->w.fmt;
	j->pad_mode = LXA_PAD_ZERO;
	j->conv_flags = (l->in_enc.sqrt2 ? LXA_CONV_ACT_SQRT2 : 0) | (l->w.sqrt2 ? LXA_CONV_WGT_SQRT2 : 0);
}

int plan_match(const struct lxa_plan *p, int head, struct plan_layer *l, struct lxa_err *err)
{
	const struct lxa_node *n = &p->g->nodes[head];
	struct plan_matrix m = { 0 };
	struct lxa_job j = { 0 };
	uint32_t c;
	int ret;

	l->nodes[l->n_nodes++] = head;
	if (!p->g->values[n->in[0]].known || !p->g->values[n->in[1]].known || !p->g->values[n->out[0]].known)
		return lxa_err_set(err, -EOPNOTSUPP, "its shape is not known before it runs");
	ret = onnx_op(n, "Conv") ? head_conv(p, n, l, &j, &m, err) : head_matrix(p, n, l, &j, &m, err);
	if (!ret)
		ret = plan_enc_value(p, l->in_value, &l->in_enc, err);
	if (!ret)
		ret = plan_weights(p, n->in[1], &m, &l->in_enc, &l->w, err);
	if (ret)
		return ret;
	set_formats(l, &j);
	l->unit = calloc(j.out_c, sizeof(*l->unit));
	l->out_unit = calloc(j.out_c, sizeof(*l->out_unit));
	if (!l->unit || !l->out_unit)
		return lxa_err_set(err, -ENOMEM, "out of memory");
	for (c = 0; c < j.out_c; c++)
		l->unit[c] = l->w.unit[c] * l->in_enc.unit / (lxa_layer_dual(&j) ? 32768 : 1);
	ret = head_bias(p, n, l, j.out_c, err);
	if (!ret)
		ret = take_chain(p, l, &j, err);
	if (!ret)
		ret = lxa_layer_begin(&l->layer, &p->caps, &j, l->in_enc.max, l->w.codes, err);
	if (!ret)
		ret = plan_fold(p, l, err);
	return ret;
}
