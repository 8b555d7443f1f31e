/* SPDX-License-Identifier: MIT */
/* quant_ops.c - LogQuant, Quant, Trunc and MultiThreshold on single values; see quant_ops.h. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "quant_ops.h"

int lxa_domain_is_onnx(const char *domain)
{
	return !*domain || !strcmp(domain, "ai.onnx");
}

int lxa_domain_is_qonnx(const char *domain)
{
	/* One operator set under the names that its exporters have given it. */
	return !strcmp(domain, "qonnx.custom_op.general") || !strcmp(domain, "onnx.brevitas") ||
	       !strcmp(domain, "finn.custom_op.general");
}

enum lxa_quantizer lxa_quantizer_of(const struct lxa_node *n)
{
	if (!strcmp(n->domain, "lxa") && !strcmp(n->op, "LogQuant"))
		return LXA_QUANTIZER_LOG;
	if (!lxa_domain_is_qonnx(n->domain))
		return LXA_QUANTIZER_NONE;
	if (!strcmp(n->op, "Quant") || !strcmp(n->op, "IntQuant"))
		return LXA_QUANTIZER_QUANT;
	if (!strcmp(n->op, "BipolarQuant"))
		return LXA_QUANTIZER_BIPOLAR;
	if (!strcmp(n->op, "MultiThreshold"))
		return LXA_QUANTIZER_THRESHOLDS;
	return LXA_QUANTIZER_NONE;
}

/*
 * |x| = 2^k * m / 2^23 with the 24-bit integer m in 2^23 .. 2^24 - 1. Then
 *
 *	Round(s * log2|x|) = s * k + (number of j in 1..s   with m >= 2^23 * 2^((2j-1) / 2s))	nearest
 *	Floor(s * log2|x|) = s * k + (number of j in 1..s-1 with m >= 2^23 * 2^(j / s))		floor
 *
 * Every one of these bounds is irrational (its exponent, in lowest terms, has a denominator above 1), so that an
 * integer m is never equal to one, and comparing with the bound rounded up to an integer decides exactly. The tables
 * hold these integers, made with exact integer roots. No libm function takes part: the result is the same on every
 * machine.
 */
static const uint32_t nearest_up[LXA_LOGQ_MAX_STEPS + 1][LXA_LOGQ_MAX_STEPS] = {
	[1] = { 11863284 },
	[2] = { 9975793, 14107901 },
	[3] = { 9415895, 11863284, 14946801 },
	[4] = { 9147842, 10878679, 12937003, 15384775 },
	[5] = { 8990688, 10327588, 11863284, 13627334, 15653697 },
	[6] = { 8887421, 9975793, 11197449, 12568711, 14107901, 15835584 },
	[7] = { 8814386, 9731871, 10744857, 11863284, 13098127, 14461505, 15966796 },
	[8] = { 8760004, 9552852, 10417459, 11360319, 12388516, 13509773, 14732511, 16065918 },
};

static const uint32_t floor_up[LXA_LOGQ_MAX_STEPS + 1][LXA_LOGQ_MAX_STEPS] = {
	[2] = { 11863284 },
	[3] = { 10568984, 13316086 },
	[4] = { 9975793, 11863284, 14107901 },
	[5] = { 9635981, 11068835, 12714753, 14605415 },
	[6] = { 9415895, 10568984, 11863284, 13316086, 14946801 },
	[7] = { 9261775, 10225828, 11290230, 12465424, 13762944, 15195522 },
	[8] = { 9147842, 9975793, 10878679, 11863284, 12937003, 14107901, 15384775 },
};

/* 2^23 * 2^(j / s), rounded to nearest: the mantissa of a code's value. */
static const uint32_t power[LXA_LOGQ_MAX_STEPS + 1][LXA_LOGQ_MAX_STEPS] = {
	[1] = { 8388608 },
	[2] = { 8388608, 11863283 },
	[3] = { 8388608, 10568984, 13316085 },
	[4] = { 8388608, 9975792, 11863283, 14107901 },
	[5] = { 8388608, 9635980, 11068835, 12714752, 14605415 },
	[6] = { 8388608, 9415894, 10568984, 11863283, 13316085, 14946800 },
	[7] = { 8388608, 9261774, 10225828, 11290229, 12465424, 13762943, 15195522 },
	[8] = { 8388608, 9147842, 9975792, 10878679, 11863283, 12937002, 14107901, 15384775 },
};

int lxa_logq_parse(const struct lxa_node *n, struct lxa_logq *p, struct lxa_err *err)
{
	const char *rounding = lxa_node_string(n, "rounding", "NEAREST");
	int64_t bits = lxa_node_int(n, "bits", 4), is_signed = lxa_node_int(n, "signed", 0);
	int64_t steps = lxa_node_int(n, "steps_per_octave", 1);

	if (is_signed != 0 && is_signed != 1)
		return lxa_err_set(err, -EINVAL, "node '%s' (%s): signed is %lld, must be 0 or 1", n->name, n->op,
				   (long long)is_signed);
	if (bits < 1 + is_signed || bits > LXA_LOGQ_MAX_BITS)
		return lxa_err_set(err, -EINVAL, "node '%s' (%s): bits is %lld, must be %lld to %d", n->name, n->op,
				   (long long)bits, (long long)is_signed + 1, LXA_LOGQ_MAX_BITS);
	if (steps < 1 || steps > LXA_LOGQ_MAX_STEPS)
		return lxa_err_set(err, -EINVAL, "node '%s' (%s): steps_per_octave is %lld, must be 1 to %d", n->name,
				   n->op, (long long)steps, LXA_LOGQ_MAX_STEPS);
	if (strcmp(rounding, "NEAREST") && strcmp(rounding, "FLOOR"))
		return lxa_err_set(err, -EINVAL, "node '%s' (%s): rounding is \"%s\", must be \"NEAREST\" or \"FLOOR\"",
				   n->name, n->op, rounding);
	p->bits = (int)bits;
	p->is_signed = (int)is_signed;
	p->steps = (int)steps;
	p->rounding = strcmp(rounding, "FLOOR") ? LXA_LOGQ_NEAREST : LXA_LOGQ_FLOOR;
	return 0;
}

int lxa_logq_levels(const struct lxa_logq *p)
{
	return 1 << (p->bits - p->is_signed);
}

int lxa_logq_sfsr(const struct lxa_logq *p, float fsr, int *sfsr)
{
	/* Exact: a float times a small integer, in double. */
	double v = (double)fsr * p->steps;
	int lowest;

	if (!(fabs(v) < 4096) || v != floor(v))
		return -EINVAL;
	lowest = (int)v - lxa_logq_levels(p) + 1;
	/* Largest value below 2^128, smallest at least float's smallest subnormal. */
	if ((int)v - 1 >= 128 * p->steps || lowest < -149 * p->steps)
		return -EINVAL;
	*sfsr = (int)v;
	return 0;
}

int lxa_logq_exponent(const struct lxa_logq *p, float x)
{
	const uint32_t *up = p->rounding == LXA_LOGQ_FLOOR ? floor_up[p->steps] : nearest_up[p->steps];
	int n = p->rounding == LXA_LOGQ_FLOOR ? p->steps - 1 : p->steps;
	uint32_t u, m;
	int j, k, e;

	memcpy(&u, &x, sizeof(u));
	m = u & 0x7fffff;
	k = (int)(u >> 23 & 0xff) - 127;
	if (k == -127) {
		/* Subnormal: m * 2^-149. Bring the leading one to bit 23. */
		int shift = __builtin_clz(m | 1) - 8;

		m <<= shift;
		k = -126 - shift;
	} else {
		m |= 0x800000;
	}
	e = p->steps * k;
	for (j = 0; j < n && m >= up[j]; j++)
		e++;
	return e;
}

int lxa_logquant_code(const struct lxa_logq *p, int sfsr, float x, int *negative)
{
	int levels = lxa_logq_levels(p), q;

	*negative = 0;
	if (isnan(x))
		return -EDOM;
	if (x == 0 || (x < 0 && !p->is_signed))
		return 0;
	q = isinf(x) ? levels - 1 : lxa_logq_exponent(p, x) - (sfsr - levels);
	if (q <= 0)
		return 0;
	*negative = x < 0;
	return q < levels ? q : levels - 1;
}

float lxa_logquant_value(const struct lxa_logq *p, int sfsr, int q, int negative)
{
	int e, octave, step;
	float v;

	if (q <= 0)
		return 0;
	e = sfsr - lxa_logq_levels(p) + q;
	step = ((e % p->steps) + p->steps) % p->steps;
	octave = (e - step) / p->steps;
	v = ldexpf((float)power[p->steps][step], octave - 23);
	return negative ? -v : v;
}

static int parse_rounding(const char *s, enum lxa_rounding *r)
{
	static const struct {
		const char *name;
		enum lxa_rounding r;
	} names[] = {
		{ "ROUND", LXA_ROUND_HALF_EVEN }, { "HALF_EVEN", LXA_ROUND_HALF_EVEN }, { "CEIL", LXA_ROUND_CEIL },
		{ "FLOOR", LXA_ROUND_FLOOR }, { "ROUND_TO_ZERO", LXA_ROUND_TO_ZERO }, { "DOWN", LXA_ROUND_TO_ZERO },
		{ "UP", LXA_ROUND_AWAY }, { "HALF_UP", LXA_ROUND_HALF_UP }, { "HALF_DOWN", LXA_ROUND_HALF_DOWN },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcasecmp(s, names[i].name)) {
			*r = names[i].r;
			return 0;
		}
	}
	return -EINVAL;
}

static int quant_attrs(const struct lxa_node *n, const char *dflt, struct lxa_quant *p, struct lxa_err *err)
{
	const char *rounding = lxa_node_string(n, "rounding_mode", dflt);

	p->is_signed = lxa_node_int(n, "signed", 1) != 0;
	p->narrow = lxa_node_int(n, "narrow", 0) != 0;
	if (parse_rounding(rounding, &p->rounding))
		return lxa_err_set(err, -EINVAL, "node '%s' (%s): rounding_mode \"%s\" is not known", n->name, n->op,
				   rounding);
	return 0;
}

static void range(int is_signed, int narrow, float bits, float *min, float *max)
{
	/* Bit widths need not be whole (a count of levels that is no power of two), hence exp2. */
	if (is_signed) {
		*min = -exp2f(bits - 1) + (narrow ? 1 : 0);
		*max = exp2f(bits - 1) - 1;
	} else {
		*min = 0;
		*max = exp2f(bits) - (narrow ? 2 : 1);
	}
}

int lxa_quant_bits(const struct lxa_node *n, float bitwidth, struct lxa_quant *p, struct lxa_err *err)
{
	if (!(bitwidth >= 1 && bitwidth <= 32))
		return lxa_err_set(err, -EINVAL, "node '%s' (%s): the bit width is %g, must be 1 to 32", n->name, n->op,
				   (double)bitwidth);
	p->bits = bitwidth;
	p->bipolar = p->is_signed && bitwidth == 1;
	if (p->bipolar) {
		p->min = -1;
		p->max = 1;
	} else {
		range(p->is_signed, p->narrow, bitwidth, &p->min, &p->max);
	}
	return 0;
}

int lxa_quant_parse(const struct lxa_node *n, float bitwidth, struct lxa_quant *p, struct lxa_err *err)
{
	int ret = quant_attrs(n, "ROUND", p, err);

	return ret ? ret : lxa_quant_bits(n, bitwidth, p, err);
}

float lxa_round_as(enum lxa_rounding r, float x)
{
	switch (r) {
	case LXA_ROUND_HALF_EVEN:
		return rintf(x);
	case LXA_ROUND_CEIL:
		return ceilf(x);
	case LXA_ROUND_FLOOR:
		return floorf(x);
	case LXA_ROUND_TO_ZERO:
		return truncf(x);
	case LXA_ROUND_AWAY:
		return copysignf(ceilf(fabsf(x)), x);
	case LXA_ROUND_HALF_UP:
		return copysignf(floorf(fabsf(x) + 0.5f), x);
	case LXA_ROUND_HALF_DOWN:
		return copysignf(ceilf(fabsf(x) - 0.5f), x);
	}
	return x;
}

float lxa_quant_code(const struct lxa_quant *p, float scale, float zeropt, float x)
{
	float y = x / scale + zeropt;

	if (isnan(y))
		return y;
	if (p->bipolar)
		return y >= 0 ? 1 : -1;
	/* Clip, then round: QONNX's order, which matters where a bound is not whole. */
	if (y > p->max)
		y = p->max;
	if (y < p->min)
		y = p->min;
	return lxa_round_as(p->rounding, y);
}

float lxa_quant_value(const struct lxa_quant *p, float scale, float zeropt, float code)
{
	(void)p;
	return (code - zeropt) * scale;
}

int lxa_trunc_parse(const struct lxa_node *n, int version, struct lxa_trunc *p, struct lxa_err *err)
{
	memset(p, 0, sizeof(*p));
	p->version = version;
	return quant_attrs(n, "FLOOR", &p->q, err);
}

float lxa_trunc_value(const struct lxa_trunc *p, float scale, float zeropt, float in_bits, float out_scale, float out_bits,
		      float x)
{
	float y = rintf(x / scale + zeropt), divisor, min, max;

	if (p->version == 1) {
		y = lxa_round_as(p->q.rounding, y / exp2f(in_bits - out_bits));
		return (y - zeropt) * scale;
	}
	divisor = exp2f(rintf(log2f(out_scale / scale)));
	range(p->q.is_signed, p->q.narrow, out_bits, &min, &max);
	y /= divisor;
	if (y > max)
		y = max;
	if (y < min)
		y = min;
	return (lxa_round_as(p->q.rounding, y) - zeropt / divisor) * out_scale;
}

int lxa_mthresh_parse(const struct lxa_node *n, struct lxa_mthresh *p, struct lxa_err *err)
{
	const char *layout = lxa_node_string(n, "data_layout", "NCHW");

	p->scale = lxa_node_float(n, "out_scale", 1);
	p->bias = lxa_node_float(n, "out_bias", 0);
	p->nhwc = !strcmp(layout, "NHWC");
	if (!p->nhwc && strcmp(layout, "NCHW") && *layout)
		return lxa_err_set(err, -EINVAL, "node '%s' (%s): data_layout \"%s\" is not known", n->name, n->op, layout);
	return 0;
}

int lxa_mthresh_axis(const struct lxa_mthresh *p, const struct lxa_tensor *x, const struct lxa_tensor *thresholds)
{
	int axis = x->ndim == 2 || (x->ndim == 4 && !p->nhwc) ? 1 : x->ndim - 1;
	int64_t channels = thresholds->dims[0];

	if (!x->ndim || thresholds->ndim != 2)
		return -1;
	if (channels == 1 || x->dims[axis] == channels)
		return axis;
	return x->ndim > 2 && !p->nhwc && x->dims[1] == channels ? 1 : -1;
}

int64_t lxa_mthresh_count(const float *thresholds, int64_t n, float x)
{
	int64_t count = 0, i;

	for (i = 0; i < n; i++)
		count += x >= thresholds[i];
	return count;
}
