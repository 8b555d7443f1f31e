// SPDX-License-Identifier: MIT
/*
 * quant_log.c - logarithmic quantizers: lxa.LogQuant forward, exactly, and its straight-through estimator.
 *
 * lxa_logquant_code() defines the codes. Called for each of millions of values it would dominate the training time,
 * so the smallest float of each code is found with it once per range, and values are then compared with these bounds:
 * the same function, since the code never falls as |x| grows.
 */
#include "quantizer.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SFSR_MIN (-64)		/* 64 / s octaves around 1: far beyond any weight */
#define SFSR_MAX 63
#define LEVELS 256		/* at most: of 8 bits */

struct bounds {
	int made, levels;
	float from[LEVELS];		/* the smallest |x| with this code; [0] is 0 */
	float value[LEVELS];
};

static float float_of(uint32_t bits)
{
	float x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

static float smallest_with_code(const struct lxa_logq *p, int sfsr, int code)
{
	uint32_t lo = 0, hi = 0x7f7fffff;	/* as bits: floats >= 0 are ordered as integers */
	int neg;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (lxa_logquant_code(p, sfsr, float_of(mid), &neg) >= code)
			hi = mid;
		else
			lo = mid;
	}
	return float_of(hi);
}

static void make_bounds(struct quantizer *q, int sfsr)
{
	struct bounds *b = (struct bounds *)q->priv + (sfsr - SFSR_MIN);
	int levels = lxa_logq_levels(&q->p.log);

	if (b->made)
		return;
	b->levels = levels;
	for (int i = 1; i < levels; i++) {
		b->from[i] = smallest_with_code(&q->p.log, sfsr, i);
		b->value[i] = lxa_logquant_value(&q->p.log, sfsr, i, 0);
	}
	b->made = 1;
}

static const struct bounds *bounds(const struct quantizer *q, int channel)
{
	return (const struct bounds *)q->priv + (q->sfsr[channel] - SFSR_MIN);
}

/* The range whose top code is the largest |x| of the channel, rounded. */
static int range_of(const struct quantizer *q, const float *x, size_t n)
{
	float max = 0.0f;
	int s;

	for (size_t i = 0; i < n; i++)
		max = fabsf(x[i]) > max ? fabsf(x[i]) : max;
	if (!isfinite(max))
		return SFSR_MAX;
	s = max > 0.0f ? lxa_logq_exponent(&q->p.log, max) + 1 : 0;
	return s < SFSR_MIN ? SFSR_MIN : s > SFSR_MAX ? SFSR_MAX : s;
}

static int log_prepare(struct quantizer *q, const float *x, size_t per_channel)
{
	if (!q->priv)
		q->priv = calloc(SFSR_MAX - SFSR_MIN + 1, sizeof(struct bounds));
	if (!q->priv)
		return -ENOMEM;
	if (lxa_logq_levels(&q->p.log) > LEVELS)
		return -EINVAL;
	for (int c = 0; c < q->channels; c++) {
		if (!q->p.dynamic)
			q->sfsr[c] = (int)(q->p.fsr * (float)q->p.log.steps);
		else if (x)
			q->sfsr[c] = range_of(q, x + (size_t)c * per_channel, per_channel);
		q->scale[c] = (float)q->sfsr[c] / (float)q->p.log.steps;
		make_bounds(q, q->sfsr[c]);
	}
	return 0;
}

static void log_forward(const struct quantizer *q, int channel, const float *x, float *y, size_t n)
{
	const struct bounds *b = bounds(q, channel);
	float block[64];

	/* Level by level over a small block, so that the compiler can use vectors. */
	for (size_t i = 0; i < n; i += 64) {
		size_t m = n - i < 64 ? n - i : 64;

		for (size_t j = 0; j < m; j++)
			block[j] = 0.0f;
		for (int l = 1; l < b->levels; l++) {
			float from = b->from[l], value = b->value[l];

			for (size_t j = 0; j < m; j++)
				block[j] = (q->p.log.is_signed ? fabsf(x[i + j]) : x[i + j]) >= from ? value : block[j];
		}
		for (size_t j = 0; j < m; j++)
			y[i + j] = q->p.log.is_signed && x[i + j] < 0.0f ? 0.0f - block[j] : block[j]; /* never -0 */
	}
}

/*
 * As if the quantizer were the identity up to its largest value and constant beyond: dx = dy where |x| is below the
 * largest value times half a step; unsigned: and x > 0. With a range taken from the data nothing is beyond.
 */
static void log_backward(const struct quantizer *q, int channel, const float *x, const float *dy, float *dx, size_t n)
{
	const struct bounds *b = bounds(q, channel);
	float top = q->p.dynamic ? INFINITY : b->value[b->levels - 1] * exp2f(0.5f / (float)q->p.log.steps);
	float low = q->p.log.is_signed ? -top : 0.0f;

	for (size_t i = 0; i < n; i++)
		dx[i] = x[i] > low && x[i] < top ? dy[i] : 0.0f;
}

static void log_emit(const struct quantizer *q, struct lxa_onnx *m, const char *name, const char *in, const char *out,
		     int ndim)
{
	int64_t dims[LXA_MAX_DIMS] = { q->channels, 1, 1, 1, 1, 1, 1, 1 };
	char fsr_name[64], inputs[192];

	snprintf(fsr_name, sizeof(fsr_name), "%s.fsr", name);
	snprintf(inputs, sizeof(inputs), "%s %s", in, fsr_name);
	lxa_onnx_f32(m, fsr_name, q->p.per_channel ? ndim : 0, dims, q->scale);
	lxa_onnx_node(m, name, "lxa", "LogQuant", inputs, out);
	lxa_onnx_attr_int(m, "bits", q->p.log.bits);
	lxa_onnx_attr_int(m, "signed", q->p.log.is_signed);
	lxa_onnx_attr_int(m, "steps_per_octave", q->p.log.steps);
	lxa_onnx_attr_string(m, "rounding", q->p.log.rounding == LXA_LOGQ_NEAREST ? "NEAREST" : "FLOOR");
}

const struct quantizer_ops quantizer_log = { log_prepare, log_forward, log_backward, log_emit };
