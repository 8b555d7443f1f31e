/* SPDX-License-Identifier: MIT */
/*
 * plan_enc.c - which device codes a quantizer's values are. The codes come from quant_ops.c, as do the floats of the
 * CPU reference: the two cannot disagree.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plan.h"

static int is_sign(const struct lxa_node *n)
{
	return lxa_domain_is_onnx(n->domain) && !strcmp(n->op, "Sign");
}

/* Whatever made the integers that it reads: its values are theirs, less the zero point, times the scale. */
static int is_dequantize(const struct lxa_node *n)
{
	return lxa_domain_is_onnx(n->domain) && !strcmp(n->op, "DequantizeLinear");
}

int plan_is_quantizer(const struct lxa_node *n)
{
	return lxa_quantizer_of(n) != LXA_QUANTIZER_NONE || is_sign(n) || is_dequantize(n);
}

/* A constant input that holds one value for the whole tensor. */
static int scalar_input(const struct lxa_plan *p, const struct lxa_node *n, int i, float *v)
{
	const struct lxa_tensor *t = i < n->n_in ? plan_const(p, n->in[i]) : NULL;
	int64_t k, count;

	if (!t || !(count = lxa_tensor_count(t)))
		return 0;
	for (k = 0; k < count; k++) {
		float f;

		switch (t->dtype) {	/* a bit width or zero point may be an integer */
		case LXA_F32: f = ((const float *)t->data)[k]; break;
		case LXA_INT32: f = (float)((const int32_t *)t->data)[k]; break;
		case LXA_INT64: f = (float)((const int64_t *)t->data)[k]; break;
		case LXA_INT8: f = ((const int8_t *)t->data)[k]; break;
		case LXA_UINT8: f = ((const uint8_t *)t->data)[k]; break;
		default: return 0;
		}
		if (k && f != *v)
			return 0;
		*v = f;
	}
	return 1;
}

static int enc_log(const struct lxa_plan *p, const struct lxa_node *n, struct plan_enc *e, struct lxa_err *err)
{
	float fsr;
	int ret = lxa_logq_parse(n, &e->logq, err);

	if (ret)
		return ret;
	if (e->logq.is_signed)
		return lxa_err_set(err, -EOPNOTSUPP, "its log activations (%s) are signed, the device's are not",
				   n->name);
	if (e->logq.steps > 2)
		return lxa_err_set(err, -EOPNOTSUPP, "%s has %d steps an octave, the device 1 or 2", n->name,
				   e->logq.steps);
	if (!scalar_input(p, n, 1, &fsr))
		return lxa_err_set(err, -EOPNOTSUPP, "%s: fsr is not one constant for the whole tensor", n->name);
	if (lxa_logq_sfsr(&e->logq, fsr, &e->sfsr))
		return lxa_err_set(err, -EOPNOTSUPP, "%s: fsr %g is out of range", n->name, fsr);
	e->sqrt2 = e->logq.steps == 2;
	e->max = lxa_logq_levels(&e->logq) - 1;
	if (e->max > (e->sqrt2 ? 32 : 16))
		return lxa_err_set(err, -EOPNOTSUPP, "%s: %d-bit log codes span more than the device's 16 octaves",
				   n->name,
				   e->logq.bits);
	e->hi = e->max;
	e->fmt = e->max <= 15 ? LXA_FMT_LOG4 : LXA_FMT_LOG8;
	e->unit = exp2((double)(e->sfsr - lxa_logq_levels(&e->logq) + 1) / e->logq.steps);
	snprintf(e->text, sizeof(e->text), "log%d%s", e->logq.bits, e->sqrt2 ? "/2" : "");
	return 0;
}

/* Format, range and offset for integers lo..hi times e->scale. 0: none holds them. */
static int enc_integers(const struct lxa_plan *p, int node, int lo, int hi, struct plan_enc *e)
{
	enum plan_store store = hi - lo < 16 ? plan_store(p, node, lo, hi) : PLAN_STORE_BYTES;

	e->fmt = lo < 0 ? LXA_FMT_S8 : LXA_FMT_U8;
	if (store == PLAN_STORE_OFFSET_NIBBLES || store == PLAN_STORE_OFFSET_BYTES || lo < -128 || hi > (lo < 0 ? 127 : 255))
		e->offset = lo;		/* what a zero point does; where there is padding it is found out later */
	e->lo = lo - e->offset;
	e->hi = hi - e->offset;
	e->max = e->hi > -e->lo ? e->hi : -e->lo;
	if (store == PLAN_STORE_NIBBLES || store == PLAN_STORE_OFFSET_NIBBLES) {
		e->fmt = LXA_FMT_N4;
		e->bits = plan_width(e->lo, e->hi);
		e->is_signed = e->lo < 0;
	} else if (e->offset) {
		e->fmt = LXA_FMT_U8;
	}
	return e->hi <= 255;
}

static int enc_quant(const struct lxa_plan *p, const struct lxa_node *n, struct plan_enc *e, struct lxa_err *err)
{
	float zp, bits;
	int ret;

	if (!scalar_input(p, n, 1, &e->scale) || !scalar_input(p, n, 2, &zp) || !scalar_input(p, n, 3, &bits))
		return lxa_err_set(err, -EOPNOTSUPP,
				   "%s: scale, zero point or bit width is not one constant for the whole tensor",
				   n->name);
	ret = lxa_quant_parse(n, bits, &e->quant, err);
	if (ret)
		return ret;
	/* a bit width need not be whole: what the bounds become when values at them are rounded */
	if (!e->quant.bipolar) {
		e->quant.min = lxa_quant_code(&e->quant, 1, 0, e->quant.min);
		e->quant.max = lxa_quant_code(&e->quant, 1, 0, e->quant.max);
	}
	if (zp != rintf(zp) || fabsf(zp) > 255 || (e->quant.bipolar && zp != 0))
		return lxa_err_set(err, -EOPNOTSUPP, "%s has the zero point %g, the device takes whole numbers", n->name, zp);
	if (!(e->scale > 0) || !isfinite(e->scale))
		return lxa_err_set(err, -EOPNOTSUPP, "%s has the scale %g", n->name, e->scale);
	e->unit = e->scale;
	if (e->quant.bipolar) {
		e->fmt = LXA_FMT_B1;
		e->max = e->hi = 1;
		snprintf(e->text, sizeof(e->text), "b1");
		return 0;
	}
	if (!(e->quant.max - e->quant.min <= 255) ||
	    !enc_integers(p, (int)(n - p->g->nodes), (int)(e->quant.min - zp), (int)(e->quant.max - zp), e))
		return lxa_err_set(err, -EOPNOTSUPP, "%s has %g bits, the device takes 8", n->name, bits);
	snprintf(e->text, sizeof(e->text), "%c%g", e->quant.min < 0 ? 's' : 'u', bits);
	return 0;
}

static int enc_bipolar(const struct lxa_plan *p, const struct lxa_node *n, struct plan_enc *e, struct lxa_err *err)
{
	e->scale = 1;
	if (e->kind == LXA_QUANTIZER_BIPOLAR && !scalar_input(p, n, 1, &e->scale))
		return lxa_err_set(err, -EOPNOTSUPP, "%s: scale is not one constant for the whole tensor", n->name);
	if (!(e->scale > 0) || !isfinite(e->scale))
		return lxa_err_set(err, -EOPNOTSUPP, "%s has the scale %g", n->name, e->scale);
	e->fmt = LXA_FMT_B1;
	e->max = e->hi = 1;
	e->unit = e->scale;
	snprintf(e->text, sizeof(e->text), "b1");
	return 0;
}

/* MultiThreshold: the number of thresholds reached, as an integer or, of one that makes +v and -v, as a bit. */
static int enc_thresholds(const struct lxa_plan *p, const struct lxa_node *n, struct plan_enc *e, struct lxa_err *err)
{
	const struct lxa_tensor *t = plan_const(p, n->in[1]);
	double first;

	if (!t)
		return lxa_err_set(err, -EOPNOTSUPP, "%s: its thresholds are not constant", n->name);
	if (lxa_mthresh_parse(n, &e->multi, err))
		return -EINVAL;
	if (!p->g->values[n->in[0]].known || lxa_mthresh_axis(&e->multi, &p->g->values[n->in[0]].t, t) != 1)
		return lxa_err_set(err, -EOPNOTSUPP, "%s: its channels are not the second dimension", n->name);
	e->scale = e->multi.scale;
	e->unit = e->scale;
	first = (double)e->multi.bias / e->scale;
	if (!(e->scale > 0) || !isfinite(e->scale) || !isfinite(first))
		return lxa_err_set(err, -EOPNOTSUPP, "%s has the scale %g", n->name, e->scale);
	if (t->dims[1] == 1 && first == -0.5) {
		e->scale = lxa_mthresh_value(&e->multi, 1);
		e->unit = e->scale;
		e->fmt = LXA_FMT_B1;
		e->max = e->hi = 1;
		snprintf(e->text, sizeof(e->text), "b1");
		return 0;
	}
	if (first != rint(first) || fabs(first) > 255)
		return lxa_err_set(err, -EOPNOTSUPP, "%s: its offset of %g is no multiple of its scale %g", n->name, e->multi.bias, e->scale);
	e->first = (int)first;
	if (t->dims[1] > 255 || !enc_integers(p, (int)(n - p->g->nodes), e->first, e->first + (int)t->dims[1], e))
		return lxa_err_set(err, -EOPNOTSUPP, "%s has %lld thresholds, the device takes 255", n->name, (long long)t->dims[1]);
	snprintf(e->text, sizeof(e->text), "%c%d", e->first < 0 ? 's' : 'u', plan_width(e->first, e->first + (int)t->dims[1]));
	return 0;
}

/* DequantizeLinear: bytes of either sign with one scale and zero point. */
static int enc_dequantize(const struct lxa_plan *p, const struct lxa_node *n, struct plan_enc *e, struct lxa_err *err)
{
	int type = p->g->values[n->in[0]].known ? (int)p->g->values[n->in[0]].t.dtype : 0, lo = type == LXA_INT8 ? -128 : 0;
	float zp = 0;

	if (type != LXA_INT8 && type != LXA_UINT8)
		return lxa_err_set(err, -EOPNOTSUPP, "%s: its integers are not of 8 bits", n->name);
	if (!scalar_input(p, n, 1, &e->scale) || (n->n_in > 2 && n->in[2] >= 0 && !scalar_input(p, n, 2, &zp)))
		return lxa_err_set(err, -EOPNOTSUPP, "%s: scale or zero point is not one constant for the whole tensor", n->name);
	if (!(e->scale > 0) || !isfinite(e->scale))
		return lxa_err_set(err, -EOPNOTSUPP, "%s has the scale %g", n->name, e->scale);
	e->kind = LXA_QUANTIZER_QUANT;
	e->quant.rounding = LXA_ROUND_HALF_EVEN;
	e->unit = e->scale;
	enc_integers(p, (int)(n - p->g->nodes), lo - (int)zp, lo + 255 - (int)zp, e);
	snprintf(e->text, sizeof(e->text), "%s", lo ? "s8" : "u8");
	return 0;
}

int plan_enc_pair(const struct lxa_plan *p, const struct lxa_node *q, const struct lxa_node *dq)
{
	float s[2], z[2] = { 0, 0 };

	return plan_onnx_op(q, "QuantizeLinear") && is_dequantize(dq) && scalar_input(p, q, 1, &s[0]) && scalar_input(p, dq, 1, &s[1]) &&
	       s[0] == s[1] && (q->n_in < 3 || q->in[2] < 0 || scalar_input(p, q, 2, &z[0])) &&
	       (dq->n_in < 3 || dq->in[2] < 0 || scalar_input(p, dq, 2, &z[1])) && z[0] == z[1];
}

int plan_enc_node(const struct lxa_plan *p, int node, struct plan_enc *e, struct lxa_err *err)
{
	const struct lxa_node *n = &p->g->nodes[node];

	memset(e, 0, sizeof(*e));
	e->kind = lxa_quantizer_of(n);
	switch (e->kind) {
	case LXA_QUANTIZER_LOG:
		return enc_log(p, n, e, err);
	case LXA_QUANTIZER_QUANT:
		return enc_quant(p, n, e, err);
	case LXA_QUANTIZER_THRESHOLDS:
		return enc_thresholds(p, n, e, err);
	default:
		return is_dequantize(n) ? enc_dequantize(p, n, e, err) : enc_bipolar(p, n, e, err);
	}
}

int plan_only_moves(const struct lxa_node *n)
{
	static const char *const ops[] = { "MaxPool", "Flatten", "Reshape", "Identity", "Dropout", "Squeeze",
					  "Unsqueeze",
					   "Transpose", "Slice" };
	size_t i;

	for (i = 0; lxa_domain_is_onnx(n->domain) && i < sizeof(ops) / sizeof(ops[0]); i++)
		if (!strcmp(n->op, ops[i]))
			return 1;
	return 0;
}

int plan_enc_value(const struct lxa_plan *p, int value, struct plan_enc *e, struct lxa_err *err)
{
	int node = p->g->values[value].producer;

	while (node >= 0 && plan_only_moves(&p->g->nodes[node]))
		node = p->g->values[p->g->nodes[node].in[0]].producer;
	if (node < 0)
		return lxa_err_set(err, -EOPNOTSUPP, "its input is not quantized");
	if (!plan_is_quantizer(&p->g->nodes[node]))
		return lxa_err_set(err, -EOPNOTSUPP, "its input comes from %s (%s), not from a quantizer",
				   p->g->nodes[node].name,
				   p->g->nodes[node].op);
	return plan_enc_node(p, node, e, err);
}

/*
 * x is a value that the quantizer has made: the code is the nearest, whatever the quantizer's own rounding. (Rounding
 * down would lose a step where the float is a little below the code's exact value, as 3 * 0.1f / 0.1f or sqrt(2) are.)
 */
int plan_enc_code(const struct plan_enc *e, float x)
{
	struct lxa_logq nearest = e->logq;
	int negative, q;

	if (e->fmt == LXA_FMT_B1)
		return x >= 0;
	if (e->kind == LXA_QUANTIZER_QUANT) {
		float code = rintf(x / e->scale) - (float)e->offset;

		return fabsf(code) <= 255 ? (int)code : 0;
	}
	if (e->kind == LXA_QUANTIZER_THRESHOLDS) {
		double count = rint(((double)x - e->multi.bias) / e->multi.scale) + e->first - e->offset;

		return fabs(count) <= 255 ? (int)count : 0;
	}
	nearest.rounding = LXA_LOGQ_NEAREST;
	q = lxa_logquant_code(&nearest, e->sfsr, x, &negative);
	return q < 0 ? 0 : q;
}

float plan_enc_float(const struct plan_enc *e, int code)
{
	if (e->fmt == LXA_FMT_B1)
		return code ? e->scale : -e->scale;
	if (e->kind == LXA_QUANTIZER_QUANT)
		return lxa_quant_value(&e->quant, e->scale, 0, (float)(code + e->offset));
	if (e->kind == LXA_QUANTIZER_THRESHOLDS)
		return lxa_mthresh_value(&e->multi, code + e->offset - e->first);
	return lxa_logquant_value(&e->logq, e->sfsr, code, 0);
}
