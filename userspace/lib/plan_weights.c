/* SPDX-License-Identifier: MIT */
/*
 * plan_weights.c - constant weights, after their quantizer, become the device's codes with one unit per output channel.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* The element of a constant that ONNX's broadcasting pairs with element `at` of tensor t. */
static float broadcast_at(const struct lxa_tensor *c, const struct lxa_tensor *t, size_t at)
{
	size_t index = 0, stride = 1;
	int d;

	for (d = t->ndim - 1; d >= 0; d--) {
		size_t i = at % (size_t)t->dims[d];
		int cd = d - (t->ndim - c->ndim);

		at /= (size_t)t->dims[d];
		if (cd >= 0) {
			index += (c->dims[cd] == 1 ? 0 : i) * stride;
			stride *= (size_t)c->dims[cd];
		}
	}
	return ((const float *)c->data)[index];
}

/* Input i of quantizer n, one value per output channel; a constant is needed that is the same within each channel. */
static int per_channel(const struct lxa_plan *p, const struct lxa_node *n, int i, const struct lxa_tensor *t,
		       const struct plan_matrix *m, float *out, struct lxa_err *err)
{
	const struct lxa_tensor *c = i < n->n_in ? plan_const(p, n->in[i]) : NULL;
	uint32_t oc, k;

	if (!c || c->dtype != LXA_F32 || c->ndim > t->ndim || !lxa_tensor_count(c))
		return lxa_err_set(err, -EOPNOTSUPP, "%s: input %d is not a constant that goes with the weights",
				   n->name, i);
	for (oc = 0; oc < m->out_c; oc++) {
		out[oc] = broadcast_at(c, t, oc * m->so);
		for (k = 1; k < m->n; k++)
			if (broadcast_at(c, t, oc * m->so + k * m->si) != out[oc])
				return lxa_err_set(err, -EOPNOTSUPP, "%s: input %d changes within output channel %u",
						   n->name, i,
						   oc);
	}
	return 0;
}

static int from_log(const struct lxa_plan *p, const struct lxa_node *n, const struct lxa_tensor *t,
		    const struct plan_matrix *m,
		    float *tmp, struct plan_weights *w, struct lxa_err *err)
{
	const float *x = t->data;
	struct lxa_logq q;
	uint32_t oc, i;
	int ret = lxa_logq_parse(n, &q, err), sfsr, negative, code;

	if (!ret && q.steps > 2)
		ret = lxa_err_set(err, -EOPNOTSUPP, "%s has %d steps an octave, the device 1 or 2", n->name, q.steps);
	if (!ret && lxa_logq_levels(&q) - 1 > (q.steps == 2 ? 32 : 16))
		ret = lxa_err_set(err, -EOPNOTSUPP, "%s: %d-bit log weights span more than the device's 16 octaves",
				  n->name,
				  q.bits);
	if (!ret)
		ret = per_channel(p, n, 1, t, m, tmp, err);
	if (ret)
		return ret;
	q.rounding = LXA_LOGQ_NEAREST;	/* these are the quantizer's values already: find their codes, do not round again */
	for (oc = 0; oc < m->out_c; oc++) {
		if (lxa_logq_sfsr(&q, tmp[oc], &sfsr))
			return lxa_err_set(err, -EOPNOTSUPP, "%s: fsr %g of channel %u is out of range", n->name,
					   tmp[oc], oc);
		w->unit[oc] = exp2((double)(sfsr - lxa_logq_levels(&q) + 1) / q.steps);
		for (i = 0; i < m->n; i++) {
			code = lxa_logquant_code(&q, sfsr, x[oc * m->so + i * m->si], &negative);
			if (code < 0)
				return lxa_err_set(err, -EOPNOTSUPP, "%s: a weight is not a number", n->name);
			w->codes[oc * (size_t)m->n + i] = (int8_t)(code | (negative ? 0x80 : 0));
		}
	}
	w->fmt = LXA_WFMT_LOG;
	w->sqrt2 = q.steps == 2;
	snprintf(w->text, sizeof(w->text), "log%d%s", q.bits, w->sqrt2 ? "/2" : "");
	return 0;
}

static int from_quant(const struct lxa_plan *p, const struct lxa_node *n, const struct lxa_tensor *t,
		      const struct plan_matrix *m, float *tmp, struct plan_weights *w, struct lxa_err *err)
{
	const float *x = t->data;
	uint32_t oc, i;
	int ret;

	ret = per_channel(p, n, 1, t, m, tmp, err);
	if (ret)
		return ret;
	for (oc = 0; oc < m->out_c; oc++) {
		/* positive, like all units: a max-pool on the sums must be one on the values */
		w->unit[oc] = fabsf(tmp[oc]);
		for (i = 0; i < m->n; i++) {
			float v = roundf(x[oc * m->so + i * m->si] / fabsf(tmp[oc]));

			if (!(v >= -128 && v <= 127))
				return lxa_err_set(err, -EOPNOTSUPP, "%s: a weight needs more than 8 bits", n->name);
			if (v * fabsf(tmp[oc]) != x[oc * m->so + i * m->si])
				return lxa_err_set(err, -EOPNOTSUPP, "%s: its zero point is no whole number", n->name);
			w->codes[oc * (size_t)m->n + i] = (int8_t)v;
		}
	}
	w->fmt = LXA_WFMT_S8;
	return 0;
}

/*
 * Let each channel's smallest log code be 1: the same values in a larger unit. Its sums become as small as they can
 * be, so that more layers are within the accumulator's bounds.
 */
static void normalize(struct plan_weights *w, const struct plan_matrix *m)
{
	uint32_t oc, i;

	for (oc = 0; oc < m->out_c; oc++) {
		int8_t *c = w->codes + (size_t)oc * m->n;
		int least = 128;

		for (i = 0; i < m->n; i++)
			if (c[i] & 0x7f && (c[i] & 0x7f) < least)
				least = c[i] & 0x7f;
		if (least == 128)
			continue;
		for (i = 0; i < m->n; i++)
			if (c[i] & 0x7f)
				c[i] = (int8_t)(c[i] - (least - 1));
		w->unit[oc] *= exp2((least - 1) / (w->sqrt2 ? 2.0 : 1.0));
	}
}

/* Signs, or integers that are all powers of two, as log codes: for lanes that shift. */
static int to_log(struct plan_weights *w, const struct plan_matrix *m)
{
	size_t i, n = (size_t)m->out_c * m->n;

	for (i = 0; i < n; i++) {
		int v = abs(w->codes[i]);

		if (v & (v - 1))
			return 0;
	}
	for (i = 0; i < n; i++) {
		int v = abs(w->codes[i]);

		w->codes[i] = (int8_t)(v ? (__builtin_ctz((unsigned int)v) + 1) | (w->codes[i] < 0 ? 0x80 : 0) : 0);
	}
	w->fmt = LXA_WFMT_LOG;
	w->sqrt2 = 0;
	normalize(w, m);
	return 1;
}

/* The integers that all weights are; 0: base sqrt(2), or too large to be worth it. */
static int integers(const struct plan_weights *w, const struct plan_matrix *m, int *lo, int *hi)
{
	size_t i, n = (size_t)m->out_c * m->n;

	*lo = *hi = 0;
	for (i = 0; i < n; i++) {
		int v = w->codes[i], q = v & 0x7f;

		if (w->fmt == LXA_WFMT_LOG) {
			if (w->sqrt2 || q > 8)
				return 0;
			v = q ? (v < 0 ? -1 : 1) << (q - 1) : 0;
		}
		*lo = v < *lo ? v : *lo;
		*hi = v > *hi ? v : *hi;
	}
	return 1;
}

/* As bit planes, where four are enough. */
static int to_bits(struct plan_weights *w, const struct plan_matrix *m)
{
	size_t i, n = (size_t)m->out_c * m->n;
	int lo, hi;

	if (!integers(w, m, &lo, &hi) || plan_width(lo, hi) > 4)
		return 0;
	for (i = 0; w->fmt == LXA_WFMT_LOG && i < n; i++) {
		int q = w->codes[i] & 0x7f;

		w->codes[i] = (int8_t)(q ? (w->codes[i] < 0 ? -1 : 1) * (1 << (q - 1)) : 0);
	}
	w->fmt = LXA_WFMT_BITS;
	w->bits = plan_width(lo, hi);
	w->is_signed = lo < 0;
	w->sqrt2 = 0;
	return 1;
}

/* Integers that are all -1 and +1. */
static int to_signs(struct plan_weights *w, const struct plan_matrix *m)
{
	size_t i, n = (size_t)m->out_c * m->n;

	for (i = 0; i < n; i++)
		if (w->fmt != LXA_WFMT_S8 || abs(w->codes[i]) != 1)
			return 0;
	w->fmt = LXA_WFMT_B1;
	return 1;
}

static int on_planes(const struct plan_enc *act, const struct plan_matrix *m, struct plan_weights *w, struct lxa_err *err)
{
	if (w->fmt == LXA_WFMT_B1 || to_signs(w, m) || to_bits(w, m))
		return 0;
	if (act->fmt == LXA_FMT_B1)
		return lxa_err_set(err, -EOPNOTSUPP, "binary activations with %s weights: the XNOR lanes take weights of 1 to 4 bits", w->text);
	return lxa_err_set(err, -EOPNOTSUPP, "%s activations with %s weights: bit planes are 1 to 4", act->text, w->text);
}

/* Bring the weights into a format that the activations' lanes take. */
static int pair(const struct plan_enc *act, const struct plan_matrix *m, struct plan_weights *w, struct lxa_err *err)
{
	int is_log = act->fmt == LXA_FMT_LOG4 || act->fmt == LXA_FMT_LOG8;

	if (act->fmt == LXA_FMT_B1 || act->fmt == LXA_FMT_N4)
		return on_planes(act, m, w, err);
	if (w->fmt == LXA_WFMT_LOG || (is_log && w->fmt == LXA_WFMT_S8))
		return 0;
	if (to_log(w, m))
		return 0;
	return lxa_err_set(err, -EOPNOTSUPP,
			   "%s activations with %s weights need multiplications, the device only shifts",
			   act->text, w->text);
}

int plan_weights(const struct lxa_plan *p, int value, const struct plan_matrix *m, const struct plan_enc *act,
		 struct plan_weights *w, struct lxa_err *err)
{
	const struct lxa_tensor *t = plan_const(p, value);
	int producer = p->g->values[value].producer, ret = 0, lo, hi;
	const struct lxa_node *n = producer < 0 ? NULL : &p->g->nodes[producer];
	float *tmp;

	if (!t)
		return lxa_err_set(err, -EOPNOTSUPP, "its weights are not constant");
	if (t->dtype != LXA_F32)
		return lxa_err_set(err, -EOPNOTSUPP, "its weights are not float");
	w->codes = malloc((size_t)m->out_c * m->n);
	w->unit = calloc(m->out_c, sizeof(*w->unit));
	tmp = calloc(m->out_c, sizeof(*tmp));
	if (!w->codes || !w->unit || !tmp) {
		free(tmp);
		return lxa_err_set(err, -ENOMEM, "out of memory for weights");
	}
	if (n && lxa_quantizer_of(n) == LXA_QUANTIZER_LOG)
		ret = from_log(p, n, t, m, tmp, w, err);
	else if (n && lxa_quantizer_of(n) == LXA_QUANTIZER_QUANT)
		ret = from_quant(p, n, t, m, tmp, w, err);
	else if (!plan_plain_weights(t, m, w))
		ret = lxa_err_set(err, -EOPNOTSUPP, "its weights are not quantized (no LogQuant, BipolarQuant or Quant makes them, and they are "
				  "no signs, powers of two or small integers times one scale a channel)");
	free(tmp);
	if (ret)
		return ret;
	if (!*w->text && integers(w, m, &lo, &hi))
		snprintf(w->text, sizeof(w->text), "int%d", plan_width(lo, hi));
	if (w->fmt == LXA_WFMT_LOG)
		normalize(w, m);
	return pair(act, m, w, err);
}
