/* SPDX-License-Identifier: MIT */
/*
 * cpu_qlinear.c - QuantizeLinear and DequantizeLinear.
 *
 * x / scale is rounded to float (an int32 x is divided in double), then to the nearest integer, ties to even; the zero point
 * is added after that, and the sum limited to the type. For float8 the quotient plus the zero point is cast.
 */
#include <errno.h>
#include <math.h>

#include "dtype.h"
#include "ops.h"
#include "qlinear.h"

static int is_byte(enum lxa_dtype t)
{
	return t == LXA_INT8 || t == LXA_UINT8;
}

/*
 * The common case: floats to bytes, the same scale along a run of elements. The sum with the zero point is exact in float
 * wherever it is not limited, so the result is that of the general loop below.
 */
static void quantize_bytes(struct lxa_tensor *y, const float *x, int64_t at, int64_t n, float scale, float zero)
{
	float lo = y->dtype == LXA_INT8 ? -128 : 0, hi = lo + 255;
	uint8_t *to = (uint8_t *)y->data + at;
	int64_t i;

	for (i = 0; i < n; i++) {
		float v = rintf(x[at + i] / scale) + zero;

		v = v < lo ? lo : v > hi ? hi : v == v ? v : 0;	/* a NaN is 0 */
		to[i] = (uint8_t)(int)v;
	}
}

static void dequantize_bytes(float *y, const struct lxa_tensor *x, int64_t at, int64_t n, float scale, int zero)
{
	const uint8_t *from = (const uint8_t *)x->data + at;
	int64_t i;

	if (x->dtype == LXA_UINT8)
		for (i = 0; i < n; i++)
			y[at + i] = (float)(from[i] - zero) * scale;
	else
		for (i = 0; i < n; i++)
			y[at + i] = (float)((int8_t)from[i] - zero) * scale;
}

/* x / scale + zero, rounded to an integer in between when `whole`; y is what holds it. */
static int quantize(struct lxa_op_ctx *c, struct lxa_tensor *y, int whole)
{
	const struct lxa_tensor *x = c->in[0], *scale = c->in[1], *zero = c->n_in > 2 ? c->in[2] : NULL;
	struct lxa_grain g;
	int64_t o, i, k, at = 0;
	int ret = lxa_grain_parse(c, &g);

	if (ret)
		return ret;
	if (!g.block && x->dtype == LXA_F32 && scale->dtype == LXA_F32 && is_byte(y->dtype)) {
		for (o = 0; o < g.outer * g.len; o++, at += g.inner) {
			int64_t p = g.per_axis ? o % g.len : 0;

			quantize_bytes(y, x->data, at, g.inner, ((const float *)scale->data)[p],
				       zero ? (float)lxa_real_get(zero, p) : 0);
		}
		return 0;
	}
	for (o = 0; o < g.outer; o++)
		for (i = 0; i < g.len; i++)
			for (k = 0; k < g.inner; k++, at++) {
				int64_t p = lxa_grain_index(&g, o, i, k);
				double v = lxa_real_get(x, at), s = lxa_real_get(scale, p);
				double q = x->dtype == LXA_INT32 ? v / s : (double)((float)v / (float)s);

				lxa_real_put(y, at, (whole ? rint(q) : q) + (zero ? lxa_real_get(zero, p) : 0));
			}
	return 0;
}

LXA_OP_EXEC(quantize_linear)
{
	struct lxa_tensor y = c->out[0];
	int ret;

	if (!lxa_dtype_is_float(y.dtype))
		return quantize(c, &y, 1);
	y.dtype = LXA_F32;
	if (lxa_tensor_alloc(&y))
		return lxa_op_err(c, -ENOMEM, "no memory for the quotients");
	ret = quantize(c, &y, 0);
	if (!ret)
		lxa_convert(&c->out[0], &y, lxa_node_int(c->n, "saturate", 1) != 0);
	lxa_tensor_free(&y);
	return ret;
}

LXA_OP_EXEC(dequantize_linear)
{
	const struct lxa_tensor *x = c->in[0], *scale = c->in[1], *zero = c->n_in > 2 ? c->in[2] : NULL;
	struct lxa_grain g;
	int64_t o, i, k, at = 0;
	int ret = lxa_grain_parse(c, &g);

	if (ret)
		return ret;
	if (!g.block && scale->dtype == LXA_F32 && c->out[0].dtype == LXA_F32 && is_byte(x->dtype)) {
		for (o = 0; o < g.outer * g.len; o++, at += g.inner) {
			int64_t p = g.per_axis ? o % g.len : 0;

			dequantize_bytes(c->out[0].data, x, at, g.inner, ((const float *)scale->data)[p],
					 zero ? (int)lxa_real_get(zero, p) : 0);
		}
		return 0;
	}
	for (o = 0; o < g.outer; o++)
		for (i = 0; i < g.len; i++)
			for (k = 0; k < g.inner; k++, at++) {
				int64_t p = lxa_grain_index(&g, o, i, k);
				double v = lxa_real_get(x, at) - (zero ? lxa_real_get(zero, p) : 0);

				lxa_real_put(&c->out[0], at, (double)((float)v * (float)lxa_real_get(scale, p)));
			}
	return 0;
}
