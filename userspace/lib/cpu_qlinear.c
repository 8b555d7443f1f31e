/* SPDX-License-Identifier: MIT */
/*
 * cpu_qlinear.c - QuantizeLinear and DequantizeLinear.
 *
 * x / scale is rounded to float (an int32 x is divided in double), then to the nearest integer, ties to even; the zero point
 * is added after that. To float8 it is rounded once, and the attribute saturate decides what is beyond its range.
 */
#include <math.h>

#include "dtype.h"
#include "ops.h"
#include "qlinear.h"

LXA_OP_EXEC(quantize_linear)
{
	const struct lxa_tensor *x = c->in[0], *zero = c->n_in > 2 ? c->in[2] : NULL;
	const float *scale = c->in[1]->data, *v = x->data;
	struct lxa_grain g;
	int64_t o, i, k, at = 0;
	int ret = lxa_grain_parse(c, &g), saturate = lxa_node_int(c->n, "saturate", 1) != 0;
	int float8 = lxa_dtype_is_float8(c->out[0].dtype);

	if (ret)
		return ret;
	for (o = 0; o < g.outer; o++)
		for (i = 0; i < g.len; i++)
			for (k = 0; k < g.inner; k++, at++) {
				int64_t p = lxa_grain_index(&g, o, i, k);
				double z = zero ? lxa_real_get(zero, p) : 0, q;

				if (float8) {
					q = lxa_real_get(x, at) / (double)scale[p] + z;
					lxa_real_put_as(&c->out[0], at, q, saturate);
					continue;
				}
				q = x->dtype == LXA_F32 ? (double)rintf(v[at] / scale[p]) :
					   rint((double)((const int32_t *)x->data)[at] / (double)scale[p]);
				lxa_real_put(&c->out[0], at, isnan(q) ? z : q + z);
			}
	return 0;
}

LXA_OP_EXEC(dequantize_linear)
{
	const struct lxa_tensor *x = c->in[0], *zero = c->n_in > 2 ? c->in[2] : NULL;
	const float *scale = c->in[1]->data;
	float *out = c->out[0].data;
	struct lxa_grain g;
	int64_t o, i, k, at = 0;
	int ret = lxa_grain_parse(c, &g);

	if (ret)
		return ret;
	for (o = 0; o < g.outer; o++)
		for (i = 0; i < g.len; i++)
			for (k = 0; k < g.inner; k++, at++) {
				int64_t p = lxa_grain_index(&g, o, i, k);

				out[at] = (float)(lxa_real_get(x, at) - (zero ? lxa_real_get(zero, p) : 0)) * scale[p];
			}
	return 0;
}
