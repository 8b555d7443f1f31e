/* SPDX-License-Identifier: MIT */
/*
 * plan_res.c - additions of two branches in the output stage of the later one: the residual operand (rtl/README.md section 4).
 *
 * The other branch is a tensor in one of the formats that the device reads there: log codes or bytes, left by an earlier layer or encoded
 * by the CPU. Sum and residual are each rounded to the unit of v, so that unit has to be small: with log outputs it is (2^-12 of code 1);
 * with thresholds it is chosen so; an 8-bit output is v itself, and then the residual must be a whole multiple of it.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

void plan_res_clear(struct plan_layer *l)
{
	struct lxa_job *j = &l->layer.job;

	l->res = l->res_value = -1;
	j->res_mode = LXA_RES_NONE;
	j->res_fmt = j->res_shift = 0;
	j->res_mult = 0;
	j->conv_flags &= ~LXA_CONV_RES_SQRT2;
}

static int same_shape(const struct lxa_tensor *a, const struct lxa_tensor *b)
{
	return a->ndim == b->ndim && !memcmp(a->dims, b->dims, (size_t)a->ndim * sizeof(a->dims[0]));
}

/* A border of zeros adds values that log codes have, and integers that have a code for 0. */
static int pads_zeros(const struct lxa_plan *p, const struct lxa_node *n)
{
	const struct lxa_tensor *v = n->n_in > 2 ? plan_const(p, n->in[2]) : NULL;

	if (!plan_onnx_op(n, "Pad") || strcmp(lxa_node_string(n, "mode", "constant"), "constant") || n->in[0] < 0)
		return 0;
	if (n->n_in < 3 || n->in[2] < 0)
		return lxa_node_float(n, "value", 0) == 0;
	return v && v->dtype == LXA_F32 && lxa_tensor_count(v) == 1 && *(const float *)v->data == 0;
}

int plan_res_operand(const struct lxa_plan *p, const struct lxa_node *n, int value, struct plan_layer *l)
{
	int other = n->in[0] == value ? n->in[1] : n->in[0], from = other, node, padded = 0;
	struct lxa_err why = { "" };

	if (n->n_in != 2 || other < 0 || other == value || plan_const(p, other) || !(p->caps.modes & LXA_CFG_MODES_RES_MASK) ||
	    !p->caps.shift_oc || !p->caps.shift_ic || !p->g->values[other].known || !p->g->values[value].known ||
	    !same_shape(&p->g->values[other].t, &p->g->values[value].t) || p->g->values[other].t.dims[0] != p->batch)
		return -1;
	while ((node = p->g->values[from].producer) >= 0 && (plan_only_moves(&p->g->nodes[node]) || pads_zeros(p, &p->g->nodes[node]))) {
		padded |= plan_onnx_op(&p->g->nodes[node], "Pad");
		from = p->g->nodes[node].in[0];
	}
	if (node < 0 || !plan_is_quantizer(&p->g->nodes[node]) || plan_enc_node(p, node, &l->res_enc, &why))
		return -1;
	if (l->res_enc.fmt > LXA_FMT_S8 || (padded && l->res_enc.offset))
		return -1;
	return other;
}

int plan_res_scale(struct plan_layer *l, double r, int whole)
{
	const struct plan_enc *e = &l->res_enc;
	int is_log = e->kind == LXA_QUANTIZER_LOG;
	struct lxa_job *j = &l->layer.job;
	double m = r * e->unit, near = rint(m);
	struct lxa_channel ch = { 0 };

	if (whole) {	/* scales are floats: as near to whole as those can be */
		if (fabs(m - near) > 0x1p-22 * fabs(m) || fabs(near) > 32767 || near == 0 || (is_log && e->sqrt2))
			return 0;
		ch.mult = (int32_t)near;
		ch.shift = is_log ? 15 : 0;
	} else if (!plan_scale(is_log ? m / 32768 : m, 0, &ch)) {
		return 0;
	}
	j->res_mode = LXA_RES_VALUE;
	j->res_fmt = e->fmt;
	j->res_mult = (int16_t)ch.mult;
	j->res_shift = (uint8_t)ch.shift;
	j->conv_flags |= is_log && e->sqrt2 ? LXA_CONV_RES_SQRT2 : 0;
	return 1;
}

/* The largest value the residual can have. */
static double largest(const struct plan_enc *e)
{
	if (e->kind == LXA_QUANTIZER_LOG)
		return e->unit * exp2((e->max - 1) / (e->sqrt2 ? 2.0 : 1.0));
	return e->unit * fmax(abs(e->lo + e->offset), abs(e->hi + e->offset));
}

/* The unit of v: a power of two, so that scales that are some are exact, as small as multipliers and 31 bits allow. */
static double choose_unit(const struct plan_layer *l, const struct plan_affine *f, double most)
{
	double top = most / 0x1p30, a = 0;
	uint32_t c;

	for (c = 0; c < l->layer.job.out_c; c++)
		a = fmax(a, fabs(f->a[c]));
	if (l->res_enc.kind != LXA_QUANTIZER_LOG)
		a = fmax(a, l->res_enc.unit);
	top = fmax(top, a / 16384);
	return top > 0 && isfinite(top) ? exp2(ceil(log2(top))) : 0;
}

static int32_t threshold(double y)
{
	return y <= INT32_MIN ? LXA_THR_ALWAYS : y >= INT32_MAX ? LXA_THR_NEVER : (int32_t)ceil(y);
}

static int on_scale(struct plan_layer *l, const struct plan_affine *f, int levels, const float *y, double unit, struct lxa_channel *chan)
{
	uint32_t n = l->layer.job.out_c, c;
	int i;

	for (c = 0; c < n; c++) {
		chan[c] = (struct lxa_channel){ 0 };
		if (f->a[c] != 0 && !plan_scale(f->a[c] / unit, 0, &chan[c]))
			return 0;
		for (i = 0; i < levels; i++)	/* what the chain adds is in the thresholds, where it is not rounded to whole sums */
			chan[c].thr[i] = threshold(((double)y[(size_t)i * n + c] - f->b[c]) / unit);
	}
	return plan_res_scale(l, 1 / unit, 0);
}

int plan_res_thresholds(const struct lxa_plan *p, struct plan_layer *l, int levels, struct lxa_channel *chan, struct lxa_err *err)
{
	uint32_t n = l->layer.job.out_c, c;
	struct plan_affine f = { .a = calloc(n, sizeof(double)), .b = calloc(n, sizeof(double)) };
	float *y = calloc((size_t)levels * n, sizeof(*y));
	double most = 0, unit;
	int ret = f.a && f.b && y ? 1 : -ENOMEM;

	if (ret > 0)
		ret = plan_collapse(p, l, l->res + 1, &f);
	for (c = 0; ret > 0 && c < n; c++)
		most = fmax(most, fabs(f.a[c]) * (double)l->layer.bound[c] + fabs(f.b[c]));
	most += largest(&l->res_enc);
	unit = ret > 0 ? choose_unit(l, &f, most) : 0;
	if (ret > 0 && (unit == 0 || most > 0x1p100))
		ret = 0;
	if (ret > 0) {
		ret = plan_thresholds_behind(p, l, l->res, levels, (float)most, y, err);
		ret = ret ? ret : on_scale(l, &f, levels, y, unit, chan);
	}
	if (ret > 0)
		snprintf(l->note, sizeof(l->note), "thresholds on sum and residual, each to 2^-15 of its scale and half of %g", unit);
	free(f.a);
	free(f.b);
	free(y);
	return ret == 0 ? lxa_err_set(err, -EOPNOTSUPP, "its sums and the residual have no common scale") : ret < 0 ? ret : 0;
}
