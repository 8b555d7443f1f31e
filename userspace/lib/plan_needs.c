/* SPDX-License-Identifier: MIT */
/*
 * plan_needs.c - what a node on the CPU would need for the device to take it, all of it and not the first obstacle only; and how
 * many bytes a node moves.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* Add one more thing to the list. */
static void __attribute__((format(printf, 2, 3))) want(struct plan_node *n, const char *fmt, ...)
{
	size_t at = strlen(n->needs);
	va_list ap;

	if (at + 3 >= sizeof(n->needs))
		return;
	if (at)
		at += (size_t)snprintf(n->needs + at, sizeof(n->needs) - at, "; ");
	va_start(ap, fmt);
	vsnprintf(n->needs + at, sizeof(n->needs) - at, fmt, ap);
	va_end(ap);
}

static void most(struct plan_node *n, const char *what, int64_t v, int64_t limit)
{
	if (v > limit)
		want(n, "a %s of at most %lld (it is %lld)", what, (long long)limit, (long long)v);
}

/* Geometry of a convolution; 1 when it could be a job. */
static int geometry(const struct lxa_plan *p, int node, struct plan_node *pn)
{
	static const char *const axes[2][3] = { { "kernel height", "vertical stride", "vertical dilation" },
						{ "kernel width", "horizontal stride", "horizontal dilation" } };
	const struct lxa_node *n = &p->g->nodes[node];
	const struct lxa_tensor *x = &p->g->values[n->in[0]].t, *w = &p->g->values[n->in[1]].t;
	int i, nd = x->ndim - 2, before = (int)strlen(pn->needs);

	if (!plan_onnx_op(n, "Conv")) {
		if (x->ndim != 2 || w->ndim != 2)
			want(pn, "one row of its input an image, and a matrix of weights: a Flatten or Reshape before it");
		return (int)strlen(pn->needs) == before;
	}
	if (nd < 1 || nd > 2) {
		want(pn, "1 or 2 spatial dimensions (it has %d)", nd);
		return 0;
	}
	for (i = 0; i < nd; i++) {
		const char *const *name = axes[2 - nd + i];

		most(pn, name[0], w->dims[2 + i], 11);
		most(pn, name[1], plan_attr_at(n, "strides", (size_t)i, 1), 4);
		most(pn, name[2], plan_attr_at(n, "dilations", (size_t)i, 1), 31);
		most(pn, i == nd - 1 ? "width" : "height", x->dims[2 + i], 65535);
	}
	most(pn, "number of channels", x->dims[1] > w->dims[0] ? x->dims[1] : w->dims[0], 65535);
	return (int)strlen(pn->needs) == before;
}

/* Which weights go with the activations it has; e NULL: with those it would have. */
static void other_weights(struct plan_node *pn, const struct plan_enc *e)
{
	if (!e)
		want(pn, "its weights quantized: by LogQuant (5 bits) for the shift lanes, by BipolarQuant or, where the input has 1 to 4 bits, by "
		     "Quant of 1 to 4 bits for the XNOR lanes");
	else if (e->fmt == LXA_FMT_B1 || e->fmt == LXA_FMT_N4)
		want(pn, "weights of BipolarQuant or of Quant with 1 to 4 bits: it would go to the XNOR lanes");
	else if (e->fmt == LXA_FMT_LOG4 || e->fmt == LXA_FMT_LOG8)
		want(pn, "weights of LogQuant (5 bits, or 6 in half octaves) or of Quant with up to 8 bits: it would go to the shift lanes");
	else if (e->hi - e->lo < 16)
		want(pn, "weights of LogQuant (5 bits): it would go to the shift lanes; or of Quant with 1 to 4 bits: to the XNOR lanes");
	else
		want(pn, "weights of LogQuant (5 bits): it would go to the shift lanes; or input and weights of Quant with 1 to 4 bits: to the XNOR "
		     "lanes; or its input from LogQuant");
}

/* Which quantizers before it go with the weights it has; fmt < 0: it has none that are quantized. */
static void other_input(const struct lxa_plan *p, struct plan_node *pn, int value, int fmt)
{
	int from = p->g->values[value].producer;

	want(pn, "%s behind %.60s", fmt == LXA_WFMT_S8 ? "a LogQuant (its weights are integers of up to 8 bits)" :
	     fmt == LXA_WFMT_LOG ? "a Quant of up to 8 bits or a LogQuant" : "a Quant of up to 8 bits, a LogQuant or a BipolarQuant",
	     from < 0 ? "the model's input" : p->g->nodes[from].name);
}

/* The format of its weights, were its input bytes; -1: they are in none. */
static int weight_format(const struct lxa_plan *p, const struct lxa_node *n, struct plan_node *pn)
{
	struct plan_layer l = { .quant = -1, .pool = -1 };
	const struct plan_enc any = { .fmt = LXA_FMT_U8, .hi = 255 };
	struct plan_matrix m = { 0 };
	struct lxa_job j = { 0 };
	struct lxa_err why = { "" };
	int fmt = -1;

	if (plan_onnx_op(n, "Conv") ? plan_head_conv(p, n, &l, &j, &m, &why) : plan_head_matrix(p, n, &l, &j, &m, &why))
		want(pn, "otherwise: %.200s", why.text);
	else if (!plan_weights(p, n->in[1], &m, &any, &l.w, &why) || *l.w.text)
		fmt = l.w.fmt;
	free(l.w.codes);
	free(l.w.unit);
	return fmt;
}

/* Weights and activations are of formats that go together. */
static int pair(const struct plan_enc *e, int fmt)
{
	if (e->fmt == LXA_FMT_LOG4 || e->fmt == LXA_FMT_LOG8 || e->fmt == LXA_FMT_N4)
		return fmt >= 0;
	return e->fmt == LXA_FMT_B1 ? fmt == LXA_WFMT_B1 || fmt == LXA_WFMT_LOG : fmt == LXA_WFMT_LOG;
}

static void head(struct lxa_plan *p, int node, struct plan_node *pn)
{
	const struct lxa_node *n = &p->g->nodes[node];
	struct lxa_err why = { "" };
	struct plan_enc e;
	int fmt = -1, from;

	if (!plan_head_known(p, node)) {
		want(pn, "shapes that do not depend on its data");
		return;
	}
	from = p->g->values[n->in[0]].producer;
	if (geometry(p, node, pn) && plan_const(p, n->in[1]))
		fmt = weight_format(p, n, pn);
	if (!plan_const(p, n->in[1]))
		want(pn, "weights that are constant");
	if (!plan_enc_value(p, n->in[0], &e, &why)) {
		if (plan_const(p, n->in[1]) && !pair(&e, fmt))
			other_weights(pn, &e);
	} else {
		if (from >= 0 && plan_is_quantizer(&p->g->nodes[from]))
			want(pn, "an input that the device has a format for (%.120s)", why.text);
		else
			other_input(p, pn, n->in[0], fmt);
		if (fmt < 0 && plan_const(p, n->in[1]))
			other_weights(pn, NULL);
	}
	if (!*pn->needs)
		want(pn, "what stands in its way to be otherwise: the reason says it");
}

/* What layers take in behind them. */
static int follows(const struct lxa_node *n)
{
	static const char *const ops[] = { "BatchNormalization", "Relu", "Add", "Mul", "Sub", "Div", "Identity", "MaxPool", "Clip", "LeakyRelu",
					   "HardSigmoid" };
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (plan_onnx_op(n, ops[i]))
			return 1;
	return 0;
}

/* A node behind a head, which could be part of its output stage. */
static void part(struct lxa_plan *p, int node, struct plan_node *pn)
{
	int at = node, quantizer = node, next;

	while (at >= 0 && follows(&p->g->nodes[at]))
		at = p->g->nodes[at].n_in ? p->g->values[p->g->nodes[at].in[0]].producer : -1;
	if (at < 0 || !plan_is_head(&p->g->nodes[at]))
		return;
	if (p->nodes[at].e.place == LXA_PLACE_CPU) {
		want(pn, "%.60s on the device and a quantizer behind", p->g->nodes[at].name);
		return;
	}
	while ((next = plan_consumer(p, p->g->nodes[quantizer].out[0])) >= 0 && follows(&p->g->nodes[next]))
		quantizer = next;
	if (next < 0 || !plan_is_quantizer(&p->g->nodes[next]))
		want(pn, "a quantizer behind, up to which nothing else reads: then the output stage of %.60s takes it in", p->g->nodes[at].name);
}

/* Integer operators, whose products the device has as those of floats between quantizers only. */
static int is_integer(const struct lxa_node *n)
{
	return plan_onnx_op(n, "QLinearConv") || plan_onnx_op(n, "ConvInteger") || plan_onnx_op(n, "QLinearMatMul") ||
	       plan_onnx_op(n, "MatMulInteger");
}

void plan_needs(struct lxa_plan *p, int node)
{
	const struct lxa_node *n = &p->g->nodes[node];
	struct plan_node *pn = &p->nodes[node];

	if (pn->e.place == LXA_PLACE_DEVICE || pn->e.constant || pn->unused)
		return;
	pn->e.bytes = plan_cpu_bytes(p, node);
	if (plan_is_head(n) && n->n_in >= 2 && n->in[0] >= 0 && n->in[1] >= 0)
		head(p, node, pn);
	else if (follows(n))
		part(p, node, pn);
	else if (is_integer(n))
		want(pn, "DequantizeLinear, %s and QuantizeLinear in its place, with weights that are powers of two times a scale a channel",
		     strstr(n->op, "Conv") ? "Conv" : "MatMul");
}

/* ---- bytes --------------------------------------------------------------------------------------------------------- */

static uint64_t tensor_bytes(const struct lxa_plan *p, int value)
{
	const struct lxa_tensor *c = value < 0 ? NULL : plan_const(p, value), *t = value < 0 ? NULL : c ? c : &p->g->values[value].t;

	if (!t || (!c && !p->g->values[value].known))
		return 0;
	return (uint64_t)lxa_tensor_count(t) * lxa_dtype_size(t->dtype) / (c ? 1 : (uint64_t)p->batch);
}

uint64_t plan_cpu_bytes(const struct lxa_plan *p, int node)
{
	const struct lxa_node *n = &p->g->nodes[node];
	uint64_t bytes = 0;
	int i;

	for (i = 0; i < n->n_in; i++)
		bytes += tensor_bytes(p, n->in[i]);
	for (i = 0; i < n->n_out; i++)
		bytes += tensor_bytes(p, n->out[i]);
	return bytes;
}

/* Rows or columns of input that the tiles along one axis read, those that two of them need twice. */
static uint64_t read_along(uint32_t out, uint32_t tile, uint32_t pool, uint32_t pool_s, uint32_t pool_p, uint32_t conv, uint32_t s, uint32_t ek,
			   uint32_t pad, uint32_t in)
{
	uint64_t sum = 0;
	uint32_t at;

	for (at = 0; at < out; at += tile) {
		uint32_t n = out - at < tile ? out - at : tile;
		int64_t c0 = (int64_t)at * pool_s - pool_p, c1 = c0 + (int64_t)(n - 1) * pool_s + pool, i0, i1;

		c0 = c0 < 0 ? 0 : c0;
		c1 = c1 > conv ? conv : c1;
		i0 = c0 * s - pad;
		i1 = (c1 - 1) * s + ek - pad;
		i0 = i0 < 0 ? 0 : i0;
		i1 = i1 > in ? in : i1;
		sum += i1 > i0 ? (uint64_t)(i1 - i0) : 0;
	}
	return sum;
}

static uint64_t job_bytes(const struct lxa_caps *caps, const struct lxa_job *j, const struct lxa_layout *y)
{
	uint32_t h = j->tile_h, w = j->tile_w;
	uint64_t tiles, rows, cols, records = LXA_DESC_BYTES + 4 * LXA_CPL_WORDS;

	if (!h && !lxa_tile_choose(caps, j, y, &h, &w))
		return 0;
	tiles = (uint64_t)lxa_div_up(y->out_h, h) * lxa_div_up(y->out_w, w);
	rows = read_along(y->out_h, h, j->pool_h, j->pool_sy, j->pool_pt, y->conv_h, j->sy, y->ekh, j->pad_t, j->in_h);
	cols = read_along(y->out_w, w, j->pool_w, j->pool_sx, j->pool_pl, y->conv_w, j->sx, y->ekw, j->pad_l, j->in_w);
	return records + tiles * (y->wgt_bytes + y->par_bytes) + rows * cols * y->in_px +
	       (uint64_t)y->out_h * y->out_w * (y->out_px + y->res_px);
}

uint64_t plan_device_bytes(const struct lxa_plan *p, const struct plan_layer *l)
{
	uint64_t bytes = 0;
	int i;

	if (!l->n_parts)
		return job_bytes(&p->caps, &l->layer.job, &l->layer.lay);
	for (i = 0; i < l->n_parts; i++)
		bytes += job_bytes(&p->caps, &l->parts[i].job, &l->parts[i].lay);
	return bytes;
}
