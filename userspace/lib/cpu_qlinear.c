/* SPDX-License-Identifier: MIT */
/*
 * cpu_qlinear.c - QuantizeLinear and DequantizeLinear.
 *
 * x / scale is rounded to float (an int32 x is divided in double), then to the nearest integer, ties to even; the zero point
 * is added after that.
 */
#include <math.h>

#include "elem.h"
#include "ops.h"
#include "qlinear.h"

LXA_OP_EXEC(quantize_linear)
{
	const struct lxa_tensor *x = c->in[0], *zero = c->n_in > 2 ? c->in[2] : NULL;
	const float *scale = c->in[1]->data, *v = x->data;
	struct lxa_grain g;
	int64_t o, i, k, at = 0;
	int ret = lxa_grain_parse(c, &g);

	if (ret)
		return ret;
	for (o = 0; o < g.outer; o++)
		for (i = 0; i < g.len; i++)
			for (k = 0; k < g.inner; k++, at++) {
				int64_t p = lxa_grain_index(&g, o, i, k);
				double q = x->dtype == LXA_F32 ? (double)rintf(v[at] / scale[p]) :
					   rint((double)lxa_elem_int(x, at) / (double)scale[p]);

				lxa_elem_saturate(&c->out[0], at, q, zero ? lxa_elem_int(zero, p) : 0);
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

				out[at] = (float)(lxa_elem_int(x, at) - (zero ? lxa_elem_int(zero, p) : 0)) * scale[p];
			}
	return 0;
}
