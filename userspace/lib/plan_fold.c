/* SPDX-License-Identifier: MIT */
/*
 * plan_fold.c - the output stage of a layer from the nodes behind it.
 *
 * Few levels (bits, up to 15 thresholds of a linear quantizer) become exact thresholds (plan_thresh.c). Log and 8-bit
 * outputs take the chain as y = a * T + b per channel: multiplier, shift and bias approximate it with a relative error
 * of a of at most 2^-15 and of b of half a unit of T; a code can then differ from the float chain's only where y lies
 * that close to a rounding boundary. A chain that is not such a line (ReLU before an addition), or has channels that
 * do not depend on T, goes to thresholds too, if its quantizer has at most 16 levels; else the layer ends with its
 * sums.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

#define LOG_FRACTION 12		/* code 1 of a log output is v = 2^12, if the multiplier allows */

/* Scale and offset that one node applies, per channel. 0: it is none of the affine ones. */
static int node_affine(const struct lxa_plan *p, const struct lxa_node *n, int value, int ndim, uint32_t channels,
		       double *s,
		       double *o)
{
	double *v = calloc(channels, 4 * sizeof(*v));
	float eps = lxa_node_float(n, "epsilon", 1e-5f);
	int other = n->n_in > 1 && n->in[0] != value ? n->in[0] : n->n_in > 1 ? n->in[1] : -1, i, ok = v != NULL;
	uint32_t c;

	if (ok && plan_onnx_op(n, "BatchNormalization")) {
		for (i = 0; ok && i < 4; i++)
			ok = plan_const_channels(plan_const(p, n->in[1 + i]), 2, channels, v + (size_t)i * channels);
		for (c = 0; ok && c < channels; c++) {
			s[c] = v[c] / sqrt(v[3 * channels + c] + (double)eps);
			o[c] = v[channels + c] - v[2 * channels + c] * s[c];
		}
	} else if (ok && (plan_onnx_op(n, "Add") || plan_onnx_op(n, "Sub") || plan_onnx_op(n, "Mul") ||
			  plan_onnx_op(n, "Div"))) {
		ok = plan_const(p, other) && plan_const_channels(plan_const(p, other), ndim, channels, v);
		for (c = 0; ok && c < channels; c++) {
			s[c] = plan_onnx_op(n, "Mul") ? v[c] : plan_onnx_op(n, "Div") ? 1 / v[c] : 1;
			o[c] = plan_onnx_op(n, "Add") ? v[c] : plan_onnx_op(n, "Sub") ? -v[c] : 0;
		}
	} else {
		ok = 0;
	}
	free(v);
	return ok;
}

/* 1 when some channel is scaled by a negative number between node `from` and the quantizer. */
int plan_negative_after(const struct lxa_plan *p, const struct plan_layer *l, int from, uint32_t *channel)
{
	const struct lxa_tensor *o = &p->g->values[p->g->nodes[l->nodes[0]].out[0]].t;
	uint32_t channels = (uint32_t)o->dims[1], c;
	double *s = calloc(channels, 2 * sizeof(*s));
	int i, found = s == NULL;

	*channel = 0;
	for (i = from + 1; !found && i < l->quant; i++) {
		const struct lxa_node *n = &p->g->nodes[l->nodes[i]];
		int value = p->g->nodes[l->nodes[i - 1]].out[0];

		if (!node_affine(p, n, value, l->ndim, channels, s, s + channels))
			continue;
		for (c = 0; !found && c < channels; c++) {
			found = s[c] < 0;
			*channel = c;
		}
	}
	free(s);
	return found;
}

/* Bounds of a Clip, which newer opsets have as inputs. 0: they are not constant. */
static int clip_bounds(const struct lxa_plan *p, const struct lxa_node *n, float *lo, float *hi)
{
	float *bound[2] = { lo, hi };
	int i;

	*lo = lxa_node_float(n, "min", -INFINITY);
	*hi = lxa_node_float(n, "max", INFINITY);
	for (i = 1; i < n->n_in && i < 3; i++) {
		const struct lxa_tensor *t = n->in[i] < 0 ? NULL : plan_const(p, n->in[i]);

		if (n->in[i] >= 0 && (!t || t->dtype != LXA_F32 || lxa_tensor_count(t) != 1))
			return 0;
		if (t)
			*bound[i - 1] = *(const float *)t->data;
	}
	return *lo <= *hi;
}

int plan_collapse(const struct lxa_plan *p, const struct plan_layer *l, int end, struct plan_affine *f)
{
	uint32_t channels = l->layer.job.out_c, c;
	double *s = calloc(channels, 2 * sizeof(*s));
	int i, ok = 1;

	if (!s)
		return -ENOMEM;
	f->r = 0;
	for (c = 0; c < channels; c++) {
		f->a[c] = l->unit[c];
		f->b[c] = l->bias ? l->bias[c] : 0;
	}
	for (i = 1; ok && i < end; i++) {
		const struct lxa_node *n = &p->g->nodes[l->nodes[i]];

		if (i == l->pool || plan_onnx_op(n, "Identity") || plan_onnx_op(n, "QuantizeLinear"))	/* the quantizer's first half */
			continue;
		if (f->clip) {		/* must be the last */
			ok = 0;
			break;
		}
		if (plan_onnx_op(n, "Clip")) {
			ok = clip_bounds(p, n, &f->lo, &f->hi);
			f->clip = 1;
			continue;
		}
		if (plan_onnx_op(n, "Relu")) {
			f->relu = 1;
			continue;
		}
		if (i == l->res) {
			ok = !f->relu;	/* clipped before, not after */
			f->r = 1;
			for (c = 0; c < channels; c++)
				f->b[c] += l->res_enc.offset * l->res_enc.unit;
			continue;
		}
		ok = node_affine(p, n, p->g->nodes[l->nodes[i - 1]].out[0], l->ndim, channels, s, s + channels);
		for (c = 0; ok && c < channels; c++) {
			if (f->relu && (s[c] <= 0 || s[channels + c] != 0))
				ok = 0;	/* the kink would move */
			if (f->r != 0 && s[c] != s[0])
				ok = 0;	/* the residual has one scale for all channels */
			f->a[c] *= s[c];
			f->b[c] = f->b[c] * s[c] + s[channels + c];
		}
		f->r *= ok ? s[0] : 1;
	}
	if (!ok)
		f->relu = 0;		/* what follows can make negative values again */
	free(s);
	for (c = 0; ok && c < channels; c++)
		ok = isfinite(f->a[c]) && isfinite(f->b[c]);
	return ok;
}

int plan_scale(double m, double k, struct lxa_channel *ch)
{
	double bias = rint(k / m), mult;
	int e, shift;

	frexp(m, &e);			/* |m| in [2^(e-1), 2^e) */
	shift = 15 - e;
	if (shift < 0)
		return 0;
	if (shift > 62)
		shift = 62;
	mult = rint(ldexp(m, shift));
	if (mult > 32767 || mult < -32768) {	/* rounded up to the next power of two */
		if (!shift)
			return 0;
		mult = rint(ldexp(m, --shift));
	}
	if (!(fabs(bias) < 0x1p47))
		return 0;
	ch->bias = (int64_t)bias;
	ch->mult = (int32_t)mult;
	ch->shift = (uint32_t)shift;
	return 1;
}

static int fold_log(struct plan_layer *l, const struct plan_affine *f, struct lxa_channel *chan)
{
	const struct plan_enc *e = &l->out_enc;
	struct lxa_job *j = &l->layer.job;
	int steps = e->sqrt2 ? 2 : 1, g = LOG_FRACTION, top;
	double most = 0, scale;
	int steps_off;
	uint32_t c;

	/* v = y / unit * 2^g: every multiplier below 2^15, the largest code below 2^32 */
	for (c = 0; c < j->out_c; c++)
		most = fmax(most, fabs(f->a[c]) / e->unit);
	if (l->res >= 0 && l->res_enc.kind != LXA_QUANTIZER_LOG)
		most = fmax(most, fabs(f->r) * l->res_enc.unit / e->unit);
	while (g > 0 && ldexp(most, g) >= 32767)
		g--;
	for (top = (e->max - 1 + steps - 1) / steps; g + top > 31; )
		g--;
	if (g < 0)
		return 0;
	/* in half octaves, so that 1 is a whole power of two: scales that are powers of two stay exact, ties included */
	steps_off = g * steps - (steps == 2 && g > 0 && (e->sfsr - e->max) % 2 ? 1 : 0);
	scale = exp2((double)steps_off / steps) / e->unit;
	for (c = 0; c < j->out_c; c++)
		if (!plan_scale(f->a[c] * scale, f->b[c] * scale, &chan[c]))
			return 0;
	if (l->res >= 0 && !plan_res_scale(l, f->r * scale, 0))
		return 0;
	if (f->clip && f->lo > 0)
		return 0;		/* codes have no lower bound but 0 */
	j->kind = LXA_KIND_LOG;
	j->out_fmt = e->max <= 15 ? LXA_OFMT_N4 : LXA_OFMT_B8;
	j->log_max = (uint8_t)e->max;
	if (f->clip && isfinite(f->hi)) {
		int negative, code = lxa_logquant_code(&e->logq, e->sfsr, f->hi, &negative);

		if (code < 1)
			return 0;
		j->log_max = (uint8_t)code;
	}
	j->log_off = (int8_t)(1 - steps_off);
	j->conv_flags |= (e->sqrt2 ? LXA_CONV_OUT_SQRT2 : 0) |
			 (e->logq.rounding == LXA_LOGQ_NEAREST ? LXA_CONV_OUT_NEAREST : 0);
	snprintf(l->note, sizeof(l->note), "log output: scale to 2^-15, code 1 is 2^%g", (double)steps_off / steps);
	return 1;
}

/* The code of a bound, within lo..hi, as the quantizer rounds. */
static int32_t byte_code(const struct plan_enc *e, float x, int32_t lo, int32_t hi)
{
	double q = x / e->scale, code = (e->quant.rounding == LXA_ROUND_HALF_UP ? copysign(floor(fabs(q) + 0.5), q) : rint(q)) - e->offset;

	return code <= lo ? lo : code >= hi ? hi : (int32_t)code;
}

static int fold_int8(struct plan_layer *l, const struct plan_affine *f, struct lxa_channel *chan)
{
	const struct plan_enc *e = &l->out_enc;
	struct lxa_job *j = &l->layer.job;
	uint32_t c;

	if (e->quant.rounding != LXA_ROUND_HALF_EVEN && e->quant.rounding != LXA_ROUND_HALF_UP)
		return 0;
	for (c = 0; c < j->out_c; c++)
		if (!plan_scale(f->a[c] / e->scale, f->b[c] / e->scale - e->offset, &chan[c]))
			return 0;
	if (l->res >= 0 && !plan_res_scale(l, f->r / e->scale, 1)) {
		snprintf(l->note, sizeof(l->note), "float output: the residual's scale %g is no whole multiple of the output's %g, both would be rounded",
			 f->r * l->res_enc.unit, e->scale);
		return 0;
	}
	j->kind = LXA_KIND_INT8;
	j->out_fmt = LXA_OFMT_B8;
	j->clamp_lo = f->relu && e->lo < -e->offset ? -e->offset : e->lo;
	j->clamp_hi = e->hi;
	if (f->clip) {			/* what the bounds become: nothing beyond them is reached */
		j->clamp_lo = byte_code(e, f->lo, j->clamp_lo, j->clamp_hi);
		j->clamp_hi = byte_code(e, f->hi, j->clamp_lo, j->clamp_hi);
	}
	snprintf(l->note, sizeof(l->note), "8-bit output: scale to 2^-15, rounds half up");
	return 1;
}

/* The sums themselves, shifted right where they need more than 32 bits; the rest of the chain is the CPU's. */
static void fold_int32(struct plan_layer *l, struct lxa_channel *chan)
{
	struct lxa_job *j = &l->layer.job;
	uint32_t c;

	for (c = 0; c < j->out_c; c++) {
		chan[c] = (struct lxa_channel){ .mult = 1 };
		while (l->layer.bound[c] >> chan[c].shift > INT32_MAX - 1)
			chan[c].shift++;
		l->out_unit[c] = ldexp(l->unit[c], (int)chan[c].shift);
	}
	j->kind = LXA_KIND_INT32;
	j->out_fmt = LXA_OFMT_W32;
	j->clamp_lo = INT32_MIN;
	j->clamp_hi = INT32_MAX;
}

/* Thresholds, where the quantizer has few enough levels. 1 done, 0 not possible. */
static int fold_thresholds(const struct lxa_plan *p, struct plan_layer *l, int relu, struct lxa_channel *chan,
			   struct lxa_err *err)
{
	const struct plan_enc *e = &l->out_enc;
	struct lxa_job *j = &l->layer.job;
	int levels = e->hi, ret;

	if ((e->lo < 0 && !relu) || levels > 15 || levels < 1)
		return 0;
	ret = l->res >= 0 ? plan_res_thresholds(p, l, levels, chan, err) : plan_thresholds(p, l, levels, chan, err);
	if (ret)
		return ret;
	j->kind = LXA_KIND_THRESH;
	j->nthr = (uint8_t)levels;
	j->out_fmt = e->fmt == LXA_FMT_B1 ? LXA_OFMT_B1 : e->fmt == LXA_FMT_LOG4 || e->fmt == LXA_FMT_N4 ? LXA_OFMT_N4 : LXA_OFMT_B8;
	j->conv_flags |= e->fmt == LXA_FMT_N4 ? LXA_CONV_OUT_LINEAR : 0;
	return 1;
}

/* 1: the chain's quantizer is in the output stage; 0: it cannot be, l->note says why. */
static int fold_quantizer(const struct lxa_plan *p, struct plan_layer *l, struct lxa_channel *chan, struct lxa_err *err)
{
	uint32_t n = l->layer.job.out_c;
	struct plan_affine f = { .a = calloc(n, sizeof(double)), .b = calloc(n, sizeof(double)) };
	int ret = f.a && f.b ? plan_collapse(p, l, l->quant, &f) : -ENOMEM, line = ret;
	uint32_t c;

	for (c = 0; line > 0 && c < n; c++)
		line = f.a[c] != 0;	/* else no bias can say what it is */
	if (ret >= 0) {
		ret = 0;
		*l->note = 0;
		if (line && l->out_enc.kind == LXA_QUANTIZER_LOG)
			ret = fold_log(l, &f, chan);
		if (!ret)
			ret = fold_thresholds(p, l, f.relu, chan, err);
		if (!ret && line && l->out_enc.kind == LXA_QUANTIZER_QUANT && (l->out_enc.fmt == LXA_FMT_U8 || l->out_enc.fmt == LXA_FMT_S8))
			ret = fold_int8(l, &f, chan);
		if (!ret && !*l->note)
			snprintf(l->note, sizeof(l->note),
				 "float output: the output stage cannot express what leads to %s",
				 p->g->nodes[l->nodes[l->quant]].name);
		if (ret == -EOPNOTSUPP) {
			snprintf(l->note, sizeof(l->note), "float output: %.140s", err->text);
			ret = 0;
		}
	}
	free(f.a);
	free(f.b);
	return ret;
}

int plan_fold(const struct lxa_plan *p, struct plan_layer *l, struct lxa_err *err)
{
	struct lxa_job *j = &l->layer.job;
	struct lxa_channel *chan = l->layer.chan;
	int ret = l->quant >= 0 ? fold_quantizer(p, l, chan, err) : 0;

	if (ret < 0)
		return ret;
	if (!ret) {
		/* without the quantizer only a pool right behind the head stays */
		if (l->pool != 1) {
			l->pool = -1;
			j->pool_h = j->pool_w = j->pool_sy = j->pool_sx = 1;
			j->pool_pt = j->pool_pb = j->pool_pl = j->pool_pr = 0;
		}
		l->n_nodes = l->pool == 1 ? 2 : 1;
		l->quant = -1;
		plan_res_clear(l);
		l->out_value = p->g->nodes[l->nodes[l->n_nodes - 1]].out[0];
		memset(chan, 0, j->out_c * sizeof(*chan));
		fold_int32(l, chan);
	}
	snprintf(l->what, sizeof(l->what), "%s x %s -> %s", l->in_enc.text, l->w.text,
		 l->quant >= 0 ? l->out_enc.text : "int32");
	return lxa_layer_finish(&l->layer, chan, err);
}
