/* SPDX-License-Identifier: MIT */
/* cpu_norm.c - BatchNormalization, InstanceNormalization, LRN. */
#include <math.h>
#include <string.h>

#include "cpu_dnnl.h"
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
	if (!lxa_batch_norm_spatial(c)) {
		/* A value for each element is a channel for each element. */
		channels *= inner;
		inner = 1;
	}
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

LXA_OP_EXEC(instance_norm)
{
	const struct lxa_tensor *x = c->in[0];
	const float *scale = c->in[1]->data, *bias = c->in[2]->data, *from = x->data;
	double eps = (double)lxa_node_float(c->n, "epsilon", 1e-5f);
	float *to = c->out[0].data;
	int64_t planes = x->dims[0] * x->dims[1], n = 1, p, i;
	int d;

	for (d = 2; d < x->ndim; d++)
		n *= x->dims[d];
	for (p = 0; p < planes; p++, from += n, to += n) {
		double mean = 0, var = 0, factor;

		for (i = 0; i < n; i++)
			mean += (double)from[i];
		mean /= (double)n;
		for (i = 0; i < n; i++)
			var += ((double)from[i] - mean) * ((double)from[i] - mean);
		factor = (double)scale[p % x->dims[1]] / sqrt(var / (double)n + eps);
		for (i = 0; i < n; i++)
			to[i] = (float)(((double)from[i] - mean) * factor + (double)bias[p % x->dims[1]]);
	}
	return 0;
}

/* x / (bias + alpha / size * sum of the squares of `size` neighbouring channels)^beta. */
LXA_OP_EXEC(lrn)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t size = lxa_node_int(c->n, "size", 1), channels = x->dims[1], inner = 1, n, ch, k, i;
	float alpha = lxa_node_float(c->n, "alpha", 1e-4f), beta = lxa_node_float(c->n, "beta", 0.75f);
	float bias = lxa_node_float(c->n, "bias", 1);
	int d;

	for (d = 2; d < x->ndim; d++)
		inner *= x->dims[d];
	for (n = 0; n < x->dims[0]; n++) {
		const float *from = (const float *)x->data + n * channels * inner;
		float *to = (float *)c->out[0].data + n * channels * inner;

		for (ch = 0; ch < channels; ch++) {
			int64_t first = ch > (size - 1) / 2 ? ch - (size - 1) / 2 : 0;
			int64_t last = size / 2 < channels - 1 - ch ? ch + size / 2 : channels - 1;

			for (i = 0; i < inner; i++) {
				float sum = 0;

				for (k = first; k <= last; k++)
					sum += from[k * inner + i] * from[k * inner + i];
				to[ch * inner + i] = from[ch * inner + i] / powf(bias + alpha / (float)size * sum, beta);
			}
		}
	}
	return 0;
}
