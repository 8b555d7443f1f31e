/* SPDX-License-Identifier: MIT */
/*
 * plan_match.c - finds the nodes that one device layer covers: a convolution or matrix product with quantized input and
 * weights (the head, plan_head.c), what follows it up to the next quantizer (the chain), and one max-pool among them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

void plan_layer_free(struct plan_layer *l)
{
	if (!l)
		return;
	plan_split_free(l);
	lxa_layer_free(&l->layer);
	free(l->w.codes);
	free(l->w.unit);
	free(l->unit);
	free(l->bias);
	free(l->out_unit);
	free(l);
}

static int is_affine(const struct lxa_plan *p, const struct lxa_node *n, int value, int ndim, uint32_t out_c,
		     double *tmp)
{
	int other;

	if (!plan_onnx_op(n, "Add") && !plan_onnx_op(n, "Mul") && !plan_onnx_op(n, "Sub") && !plan_onnx_op(n, "Div"))
		return 0;
	if ((plan_onnx_op(n, "Sub") || plan_onnx_op(n, "Div")) && n->in[0] != value)
		return 0;
	other = n->in[0] == value ? n->in[1] : n->in[0];
	return plan_const(p, other) && plan_const_channels(plan_const(p, other), ndim, out_c, tmp);
}

static int bn_constant(const struct lxa_plan *p, const struct lxa_node *n)
{
	int i;

	for (i = 1; i < 5; i++)
		if (i >= n->n_in || !plan_const(p, n->in[i]) || plan_const(p, n->in[i])->ndim != 1)
			return 0;	/* more dimensions: spatial = 0, a value for each pixel */
	return 1;
}

/*
 * Activations that never fall and that float arithmetic computes without falling either: few levels behind them become thresholds, and a
 * Clip right before a quantizer narrows its range (plan_fold.c).
 */
static int is_monotone(const struct lxa_plan *p, const struct lxa_node *n, int value)
{
	int i;

	if (n->in[0] != value)
		return 0;
	for (i = 1; i < n->n_in; i++)
		if (n->in[i] >= 0 && !plan_const(p, n->in[i]))
			return 0;
	if (plan_onnx_op(n, "LeakyRelu"))
		return lxa_node_float(n, "alpha", 0.01f) >= 0;
	if (plan_onnx_op(n, "HardSigmoid"))
		return lxa_node_float(n, "alpha", 0.2f) > 0;
	return plan_onnx_op(n, "Clip");
}

/* Node `next`, which reads the chain's `value`, as one more of the chain: 1, or 0 where the chain ends before it. */
static int take_node(const struct lxa_plan *p, struct plan_layer *l, int next, int value, double *tmp)
{
	const struct lxa_node *n = &p->g->nodes[next];
	uint32_t out_c = (uint32_t)p->g->values[value].t.dims[1];
	int res;

	if (n->n_out != 1)
		return 0;
	if (plan_onnx_op(n, "MaxPool") && l->ndim >= 3 && l->pool < 0 && l->res < 0) {
		l->pool = l->n_nodes;
		return 1;
	}
	if (l->quant >= 0)
		return 0;
	if (plan_is_quantizer(n) && n->in[0] == value) {
		l->quant = l->n_nodes;
		return 1;
	}
	if (plan_onnx_op(n, "QuantizeLinear")) {
		res = n->in[0] == value ? plan_consumer(p, n->out[0]) : -1;
		return res >= 0 && plan_enc_pair(p, n, &p->g->nodes[res]);
	}
	if (plan_onnx_op(n, "Relu") || plan_onnx_op(n, "Identity") || is_monotone(p, n, value))
		return 1;
	if (plan_onnx_op(n, "BatchNormalization"))
		return bn_constant(p, n);
	if (is_affine(p, n, value, l->ndim, out_c, tmp))
		return 1;
	res = plan_onnx_op(n, "Add") && l->pool < 0 && l->res < 0 ? plan_res_operand(p, n, value, l) : -1;
	if (res < 0)
		return 0;
	l->res = l->n_nodes;
	l->res_value = res;
	return 1;
}

/* Collect nodes behind the head until the quantizer and a max-pool right behind it. 1 when a quantizer ends them. */
static int follow(const struct lxa_plan *p, struct plan_layer *l, double *tmp)
{
	int value = p->g->nodes[l->nodes[0]].out[0], next;

	l->pool = l->quant = -1;
	plan_res_clear(l);
	while (l->n_nodes < PLAN_MAX_CHAIN && (next = plan_consumer(p, value)) >= 0 && take_node(p, l, next, value, tmp)) {
		l->nodes[l->n_nodes++] = next;
		value = p->g->nodes[next].out[0];
	}
	return l->quant >= 0;
}

static int pool_axis(const struct lxa_node *n, int i, int nd, int64_t in, int64_t out, uint8_t *k, uint8_t *s, uint8_t *b,
		     uint8_t *e)
{
	int64_t kk = plan_attr_at(n, "kernel_shape", (size_t)i, 1);
	int64_t ss = plan_attr_at(n, "strides", (size_t)i, 1), pb, pe;

	plan_axis_pads(n, i, nd, in, out, kk, ss, &pb, &pe);
	/*
	 * ceil_mode may ask for more at the end than pads say, rounding down for less: take what the output's size
	 * needs
	 */
	pe = (out - 1) * ss + kk - in - pb;
	if (pe < 0)
		pe = 0;
	if (plan_attr_at(n, "dilations", (size_t)i, 1) != 1 || kk < 1 || kk > 15 || ss < 1 || ss > 15 || pb >= kk ||
	    pe >= kk)
		return 0;
	*k = (uint8_t)kk;
	*s = (uint8_t)ss;
	*b = (uint8_t)pb;
	*e = (uint8_t)pe;
	return (in + pb + pe - kk) / ss + 1 == out;
}

/* The pool's window, and the input under it, fit the scratchpads; what is too big even without one is split, which rules it out. */
static int pool_fits(const struct lxa_plan *p, const struct lxa_job *j)
{
	struct lxa_layout y;
	uint32_t h, w;

	lxa_layout(&p->caps, j, &y);
	return lxa_tile_choose(&p->caps, j, &y, &h, &w);
}

/* 1 when the device can do the layer's pool; sets it in the job. */
static int take_pool(const struct lxa_plan *p, const struct plan_layer *l, struct lxa_job *j)
{
	const struct lxa_node *n = &p->g->nodes[l->nodes[l->pool]];
	const struct lxa_tensor *x = &p->g->values[n->in[0]].t, *o = &p->g->values[n->out[0]].t;
	int nd = x->ndim - 2, w = nd - 1;	/* the last axis are the columns */

	if (!(p->caps.modes & LXA_CFG_MODES_POOL_MASK) ||
	    !pool_axis(n, w, nd, x->dims[2 + w], o->dims[2 + w], &j->pool_w, &j->pool_sx, &j->pool_pl, &j->pool_pr))
		return 0;
	return (nd == 1 || pool_axis(n, 0, nd, x->dims[2], o->dims[2], &j->pool_h, &j->pool_sy, &j->pool_pt, &j->pool_pb)) &&
	       pool_fits(p, j);
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
	if (l->res >= n)
		plan_res_clear(l);
}

static int take_chain(const struct lxa_plan *p, struct plan_layer *l, struct lxa_job *j, struct lxa_err *err)
{
	double *tmp = calloc(j->out_c, sizeof(*tmp));
	struct lxa_err why = { "" };
	uint32_t channel;
	int found;

	if (!tmp)
		return lxa_err_set(err, -ENOMEM, "out of memory");
	found = follow(p, l, tmp);
	free(tmp);
	no_pool(j);
	if (l->pool >= 0 && !take_pool(p, l, j)) {
		no_pool(j);
		if (l->pool < l->quant)
			found = 0;
		else
			cut(l, l->pool);
		l->pool = -1;
		snprintf(l->note, sizeof(l->note), "the pool stays on the CPU: its window is not one of the device's, or too big");
	}
	if (l->res >= 0 && !pool_fits(p, j)) {	/* it will be split, and parts have a residual of their own */
		found = 0;
		snprintf(l->note, sizeof(l->note), "float output: it is too big for one job, and then takes no residual in");
	}
	if (found && plan_enc_node(p, l->nodes[l->quant], &l->out_enc, &why)) {
		found = 0;
		snprintf(l->note, sizeof(l->note), "float output: %.140s", why.text);
	}
	if (found && l->pool >= 0 && l->pool < l->quant && plan_negative_after(p, l, l->pool, &channel)) {
		found = 0;
		snprintf(l->note, sizeof(l->note),
			 "float output: channel %u is scaled by a negative number after the max-pool",
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

/* Formats in the job; bits of weights on bit planes where a block holds several groups need a second plane, for the zeros between. */
void plan_formats(const struct lxa_plan *p, struct plan_layer *l, struct lxa_job *j)
{
	struct lxa_layout y;

	j->pool_h = j->pool_w = j->pool_sy = j->pool_sx = 1;

	j->act_fmt = l->in_enc.fmt;
	j->wgt_fmt = l->w.fmt;
	if (j->act_fmt == LXA_FMT_N4 && j->wgt_fmt == LXA_WFMT_B1) {
		lxa_layout(&p->caps, j, &y);
		if (y.diagonal) {
			j->wgt_fmt = l->w.fmt = LXA_WFMT_BITS;
			l->w.bits = 2;
			l->w.is_signed = 1;
		}
	}
	j->conv_flags = (l->in_enc.sqrt2 ? LXA_CONV_ACT_SQRT2 : 0) | (l->w.sqrt2 ? LXA_CONV_WGT_SQRT2 : 0);
	if (j->act_fmt == LXA_FMT_N4) {
		j->act_bits = (uint8_t)l->in_enc.bits;
		j->conv_flags |= l->in_enc.is_signed ? LXA_CONV_ACT_SIGNED : 0;
	}
	if (j->wgt_fmt == LXA_WFMT_BITS) {
		j->wgt_bits = (uint8_t)l->w.bits;
		j->conv_flags |= l->w.is_signed ? LXA_CONV_WGT_SIGNED : 0;
	}
}

int plan_match(const struct lxa_plan *p, int head, struct plan_layer *l, struct lxa_err *err)
{
	const struct lxa_node *n = &p->g->nodes[head];
	struct plan_matrix m = { 0 };
	struct lxa_job j = { 0 };
	uint32_t c;
	int ret;

	l->nodes[l->n_nodes++] = head;
	if (!plan_head_known(p, head))
		return lxa_err_set(err, -EOPNOTSUPP, "its shape is not known before it runs");
	/* a job's images are the run's: the first dimension must not be anything else */
	if (p->g->values[n->in[0]].t.ndim < 1 || p->g->values[n->in[0]].t.dims[0] != p->batch)
		return lxa_err_set(err, -EOPNOTSUPP, "the first dimension of its input is not the number of images");
	if (p->batch < 1 || p->batch > 65535)
		return lxa_err_set(err, -EOPNOTSUPP, "a batch of %lld images is more than a job can say",
				   (long long)p->batch);
	ret = plan_onnx_op(n, "Conv") ? plan_head_conv(p, n, l, &j, &m, err) : plan_head_matrix(p, n, l, &j, &m, err);
	if (!ret)
		ret = plan_enc_value(p, l->in_value, &l->in_enc, err);
	if (!ret)
		ret = plan_weights(p, n->in[1], &m, &l->in_enc, &l->w, err);
	if (ret)
		return ret;
	plan_formats(p, l, &j);
	l->unit = calloc(j.out_c, sizeof(*l->unit));
	l->out_unit = calloc(j.out_c, sizeof(*l->out_unit));
	if (!l->unit || !l->out_unit)
		return lxa_err_set(err, -ENOMEM, "out of memory");
	for (c = 0; c < j.out_c; c++)
		l->unit[c] = l->w.unit[c] * l->in_enc.unit / (lxa_layer_dual(&j) ? 32768 : 1);
	ret = plan_head_bias(p, n, l, j.out_c, err);
	if (!ret)
		ret = take_chain(p, l, &j, err);
	if (!ret)
		ret = plan_pack(p, l, &j, err);
	if (!ret)
		ret = lxa_layer_begin(&l->layer, &p->caps, &j, l->in_enc.max, l->w.codes, err);
	if (!ret && !lxa_bound_offset(&l->layer, l->in_enc.offset))
		ret = lxa_err_set(err, -EOPNOTSUPP, "its input's zero point or offset does not go with its padding or weights: 0 would be a value of its own");
	if (!ret)
		ret = plan_fold(p, l, err);
	if (!ret && !l->layer.fits)
		ret = plan_split(l, err);
	return ret;
}
