/* SPDX-License-Identifier: MIT */
/*
 * plan_head.c - the geometry of a layer's head: ONNX's Conv, Gemm and MatMul in the terms of a job, with the Pad or
 * Flatten before it, where the device can read what lies before that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

int plan_onnx_op(const struct lxa_node *n, const char *op)
{
	return lxa_domain_is_onnx(n->domain) && !strcmp(n->op, op);
}

int plan_is_head(const struct lxa_node *n)
{
	return plan_onnx_op(n, "Conv") || plan_onnx_op(n, "Gemm") || plan_onnx_op(n, "MatMul");
}

int plan_head_known(const struct lxa_plan *p, int node)
{
	const struct lxa_node *n = &p->g->nodes[node];

	return n->in[0] >= 0 && n->in[1] >= 0 && n->out[0] >= 0 && p->g->values[n->in[0]].known && p->g->values[n->in[1]].known &&
	       p->g->values[n->out[0]].known;
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
	if (plan_onnx_op(n, "Conv"))
		return (uint64_t)(macs * (lxa_tensor_count(w) / w->dims[0]));
	if (plan_onnx_op(n, "Gemm"))
		return (uint64_t)(macs * w->dims[lxa_node_int(n, "transB", 0) ? 1 : 0]);
	return (uint64_t)(macs * w->dims[w->ndim - 2]);
}

static int fits(int64_t v, int64_t max)
{
	return v >= 0 && v <= max;
}

int64_t plan_attr_at(const struct lxa_node *n, const char *name, size_t i, int64_t dflt)
{
	const struct lxa_attr *a = lxa_node_attr(n, name);

	return a && a->type == LXA_ATTR_INTS && i < a->n ? a->ints[i] : dflt;
}

/* Padding of spatial axis i of nd, whatever way the node says it; the sizes are those shape inference found. */
void plan_axis_pads(const struct lxa_node *n, int i, int nd, int64_t in, int64_t out, int64_t k, int64_t s, int64_t *begin,
		    int64_t *end)
{
	const char *mode = lxa_node_string(n, "auto_pad", "NOTSET");
	int64_t total = (out - 1) * s + k - in;

	*begin = *end = 0;
	if (!strcmp(mode, "NOTSET")) {
		*begin = plan_attr_at(n, "pads", (size_t)i, 0);
		*end = plan_attr_at(n, "pads", (size_t)(i + nd), 0);
	} else if (!strncmp(mode, "SAME", 4) && total > 0) {
		*begin = !strcmp(mode, "SAME_LOWER") ? (total + 1) / 2 : total / 2;
		*end = total - *begin;
	}
}

/*
 * A Pad node right before the convolution: its border becomes the job's. Zeros go with any format; +-1 (a binary
 * value) is the XNOR lanes' own padding. How float frameworks write networks that were trained with such borders.
 */
static void take_pad(const struct lxa_plan *p, struct plan_layer *l, struct lxa_job *j)
{
	int node = p->g->values[l->in_value].producer, i;
	const struct lxa_node *n = node < 0 ? NULL : &p->g->nodes[node];
	const struct lxa_tensor *pads = n && n->n_in > 1 ? plan_const(p, n->in[1]) : NULL;
	const struct lxa_tensor *v = n && n->n_in > 2 ? plan_const(p, n->in[2]) : NULL, *x;
	struct lxa_err why = { "" };
	struct plan_enc e;
	const int64_t *b;
	float value = 0;

	if (!n || !plan_onnx_op(n, "Pad") || strcmp(lxa_node_string(n, "mode", "constant"), "constant") ||
	    n->n_in > 3 || !pads ||
	    pads->dtype != LXA_INT64 || lxa_tensor_count(pads) != 8)
		return;
	if (n->n_in > 2 && n->in[2] >= 0) {
		if (!v || v->dtype != LXA_F32 || lxa_tensor_count(v) != 1)
			return;
		value = *(const float *)v->data;
	}
	b = pads->data;
	for (i = 0; i < 8; i++)
		if (b[i] < 0 || b[i] + 255 > 510 || (i % 4 < 2 && b[i]))
			return;
	if (value != 0) {
		if (plan_enc_value(p, n->in[0], &e, &why) || e.fmt != LXA_FMT_B1 ||
		    (value != e.scale && value != -e.scale) || j->pad_t || j->pad_l || j->pad_b || j->pad_r)
			return;
		j->pad_mode = value > 0 ? LXA_PAD_PLUS : LXA_PAD_MINUS;
	}
	if (b[2] + j->pad_t > 255 || b[3] + j->pad_l > 255 || b[6] + j->pad_b > 255 || b[7] + j->pad_r > 255)
		return;
	x = &p->g->values[n->in[0]].t;
	l->in_value = n->in[0];
	j->in_h = (uint16_t)x->dims[2];
	j->in_w = (uint16_t)x->dims[3];
	j->pad_t = (uint8_t)(j->pad_t + b[2]);
	j->pad_l = (uint8_t)(j->pad_l + b[3]);
	j->pad_b = (uint8_t)(j->pad_b + b[6]);
	j->pad_r = (uint8_t)(j->pad_r + b[7]);
}

int plan_head_conv(const struct lxa_plan *p, const struct lxa_node *n, struct plan_layer *l, struct lxa_job *j,
		     struct plan_matrix *m, struct lxa_err *err)
{
	const struct lxa_tensor *x = &p->g->values[n->in[0]].t, *w = &p->g->values[n->in[1]].t;
	const struct lxa_tensor *o = &p->g->values[n->out[0]].t;
	int64_t in[2] = { 1, 1 }, k[2] = { 1, 1 }, s[2] = { 1, 1 }, d[2] = { 1, 1 }, pb[2] = { 0 }, pe[2] = { 0 };
	int i, a, nd = x->ndim - 2;

	if (nd < 1 || nd > 2 || w->ndim != x->ndim)
		return lxa_err_set(err, -EOPNOTSUPP, "it is a %d-dimensional convolution, the device takes 1 and 2", nd);
	for (i = 0; i < nd; i++) {	/* one dimension is one row */
		a = 2 - nd + i;
		in[a] = x->dims[2 + i];
		k[a] = w->dims[2 + i];
		s[a] = plan_attr_at(n, "strides", (size_t)i, 1);
		d[a] = plan_attr_at(n, "dilations", (size_t)i, 1);
		plan_axis_pads(n, i, nd, in[a], o->dims[2 + i], (k[a] - 1) * d[a] + 1, s[a], &pb[a], &pe[a]);
		if (!fits(k[a], 255) || !fits(s[a], 255) || !fits(d[a], 255) || !fits(pb[a], 255) || !fits(pe[a], 255))
			return lxa_err_set(err, -EOPNOTSUPP,
					   "kernel, stride, dilation or padding is beyond what a job can say");
	}
	for (i = 1; i < x->ndim; i++)
		if (!fits(x->dims[i], 65535) || !fits(o->dims[i], 65535))
			return lxa_err_set(err, -EOPNOTSUPP, "a size is above 65535");
	l->in_value = n->in[0];
	l->ndim = x->ndim;
	j->in_c = (uint16_t)x->dims[1];
	j->in_h = (uint16_t)in[0];
	j->in_w = (uint16_t)in[1];
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
	if (nd == 2)
		take_pad(p, l, j);
	return 0;
}

/* A matrix product's input that was flattened from an image: the image, so that a kernel of its size can be used. */
static int unflatten(const struct lxa_plan *p, int value, int64_t k, int64_t *c, int64_t *h, int64_t *w)
{
	int node = p->g->values[value].producer;
	const struct lxa_tensor *t;

	*c = k;
	*h = *w = 1;
	while (node >= 0 && (plan_onnx_op(&p->g->nodes[node], "Flatten") ||
			     plan_onnx_op(&p->g->nodes[node], "Reshape") ||
			     plan_onnx_op(&p->g->nodes[node], "Identity"))) {
		int from = p->g->nodes[node].in[0];

		t = &p->g->values[from].t;
		if ((t->ndim == 4 || t->ndim == 3) && t->dims[0] == p->g->values[value].t.dims[0]) {
			int64_t rows = t->ndim == 4 ? t->dims[2] : 1, columns = t->dims[t->ndim - 1];

			if (t->dims[1] * rows * columns != k || rows > 11 || columns > 11)
				return value;
			*c = t->dims[1];
			*h = rows;
			*w = columns;
			return from;
		}
		node = p->g->values[from].producer;
	}
	return value;
}

int plan_head_matrix(const struct lxa_plan *p, const struct lxa_node *n, struct plan_layer *l, struct lxa_job *j,
		       struct plan_matrix *m, struct lxa_err *err)
{
	const struct lxa_tensor *x = &p->g->values[n->in[0]].t, *w = &p->g->values[n->in[1]].t;
	int trans = plan_onnx_op(n, "Gemm") && lxa_node_int(n, "transB", 0);
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
int plan_head_bias(const struct lxa_plan *p, const struct lxa_node *n, struct plan_layer *l, uint32_t out_c,
		   struct lxa_err *err)
{
	const struct lxa_tensor *b = n->n_in > 2 && n->in[2] >= 0 ? plan_const(p, n->in[2]) : NULL;
	float beta = plan_onnx_op(n, "Gemm") ? lxa_node_float(n, "beta", 1) : 1;
	double alpha = plan_onnx_op(n, "Gemm") ? lxa_node_float(n, "alpha", 1) : 1;
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
