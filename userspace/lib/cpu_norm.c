/* SPDX-License-Identifier: MIT */
/* cpu_norm.c - BatchNormalization. */
#include <math.h>
#include <string.h>

#include "ops.h"

/*
 * (x - mean) / sqrt(var + eps) * scale + B, each step rounded to float, in this order. oneDNN multiplies by a
 * reciprocal, which rounds otherwise; folding into thresholds has to meet exactly these results.
 */
LXA_OP_EXEC(batch_norm)
{
	const struct lxa_tensor *x = c->in[0];
	const float *scale = c->in[1]->data, *bias = c->in[2]->data, *mean = c->in[3]->data, *var = c->in[4]->data;
	float eps = lxa_node_float(c->n, "epsilon", 1e-5f);
	int64_t channels = x->ndim > 1 ? x->dims[1] : 1, inner = 1, outer = x->dims[0], o, ch, i;
	int d;

	for (d = 2; d < x->ndim; d++)
		inner *= x->dims[d];
	for (o = 0; o < outer; o++) {
		for (ch = 0; ch < channels; ch++) {
			const float *from = (const float *)x->data + (o * channels + ch) * inner;
			float *to = (float *)c->out[0].data + (o * channels + ch) * inner;
			float root = sqrtf(var[ch] + eps);

			for (i = 0; i < inner; i++)
				to[i] = (from[i] - mean[ch]) / root * scale[ch] + bias[ch];
		}
	}
	return 0;
}
