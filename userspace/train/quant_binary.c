// SPDX-License-Identifier: MIT
/* quant_binary.c - binary quantizers: QONNX's BipolarQuant forward, and its straight-through estimator. */
#include "quantizer.h"

#include <math.h>
#include <stdio.h>

static int binary_prepare(struct quantizer *q, const float *x, size_t per_channel)
{
	for (int c = 0; c < q->channels; c++) {
		double sum = 0.0;

		if (!q->p.scaled || !x) {
			q->scale[c] = 1.0f;
			continue;
		}
		for (size_t i = 0; i < per_channel; i++)
			sum += fabsf(x[(size_t)c * per_channel + i]);
		q->scale[c] = (float)(sum / (double)per_channel);
		if (!(q->scale[c] > 0.0f))	/* a channel of zeros: a scale of 0 would be no quantizer */
			q->scale[c] = 1.0f;
	}
	return 0;
}

static void binary_forward(const struct quantizer *q, int channel, const float *x, float *y, size_t n)
{
	float a = q->scale[channel];

	for (size_t i = 0; i < n; i++)
		y[i] = lxa_bipolar_value(a, x[i]);
}

/*
 * As if it were the identity clipped to [-1, 1], times alpha, which counts as a constant:
 * dx = alpha * dy where |x| < 1.
 */
static void binary_backward(const struct quantizer *q, int channel, const float *x, const float *dy, float *dx,
			    size_t n)
{
	float a = q->scale[channel];

	for (size_t i = 0; i < n; i++)
		dx[i] = fabsf(x[i]) < 1.0f ? a * dy[i] : 0.0f;
}

static void binary_emit(const struct quantizer *q, struct lxa_onnx *m, const char *name, const char *in,
			const char *out, int ndim)
{
	int64_t dims[LXA_MAX_DIMS] = { q->channels, 1, 1, 1, 1, 1, 1, 1 };
	char scale[64], inputs[192];

	snprintf(scale, sizeof(scale), "%s.scale", name);
	snprintf(inputs, sizeof(inputs), "%s %s", in, scale);
	lxa_onnx_f32(m, scale, q->p.per_channel ? ndim : 0, dims, q->scale);
	lxa_onnx_node(m, name, "qonnx.custom_op.general", "BipolarQuant", inputs, out);
}

const struct quantizer_ops quantizer_binary = { binary_prepare, binary_forward, binary_backward, binary_emit };
