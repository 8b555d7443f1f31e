// SPDX-License-Identifier: MIT
/* layer_simple.c - the layers without parameters: ReLU, max-pool, activation quantizers, the 8-bit input. */
#include "layer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t size_in(const struct layer *l)
{
	return (size_t)l->batch * shape_size(l->in);
}

static int same_init(struct layer *l, struct dnn *d, struct rng *r, struct lxa_err *err)
{
	l->out = l->in;
	return 0;
}

static int relu_forward(struct layer *l, const float *x, enum mode mode)
{
	size_t n = size_in(l);

	for (size_t i = 0; i < n; i++)
		l->y[i] = x[i] > 0.0f ? x[i] : 0.0f;
	return 0;
}

static int relu_backward(struct layer *l, const float *x, const float *dy, float *dx)
{
	size_t n = size_in(l);

	if (!dx)
		return 0;
	for (size_t i = 0; i < n; i++)
		dx[i] = x[i] > 0.0f ? dy[i] : 0.0f;
	return 0;
}

static void relu_emit(const struct layer *l, struct lxa_onnx *m, const char *in, const char *out)
{
	lxa_onnx_node(m, l->name, "", "Relu", in, out);
}

const struct layer_ops layer_relu = { "relu", same_init, relu_forward, relu_backward, relu_emit };

/* Max-pool with stride = window; rows and columns that do not fill a window are left out, as ONNX does by default. */
static int pool_init(struct layer *l, struct dnn *d, struct rng *r, struct lxa_err *err)
{
	if (l->number < 1 || l->number > 15 || l->number > l->in.h || l->number > l->in.w)
		return lxa_err_set(err, -EINVAL, "%s: a window of %d on %dx%d", l->name, l->number, l->in.h, l->in.w);
	l->out = (struct shape){ l->in.h / l->number, l->in.w / l->number, l->in.c };
	l->from = calloc((size_t)l->batch, shape_size(l->out));
	return l->from ? 0 : lxa_err_set(err, -ENOMEM, "%s: out of memory", l->name);
}

/* Offset of channel 0 in position k of the window that gives output pixel p (counted over the whole batch). */
static size_t window(const struct layer *l, size_t p, int k)
{
	size_t ow = (size_t)l->out.w, oh = (size_t)l->out.h, num = (size_t)l->number;
	size_t ox = p % ow, oy = p / ow % oh, n = p / ow / oh;

	return ((n * (size_t)l->in.h + oy * num + (size_t)k / num) * (size_t)l->in.w + ox * num + (size_t)k % num) *
	       (size_t)l->in.c;
}

static int pool_forward(struct layer *l, const float *x, enum mode mode)
{
	size_t pixels = (size_t)l->batch * (size_t)l->out.h * (size_t)l->out.w, c = (size_t)l->in.c;

	for (size_t p = 0; p < pixels; p++) {
		float *y = l->y + p * c;
		uint8_t *from = l->from + p * c;

		memcpy(y, x + window(l, p, 0), c * sizeof(float));
		memset(from, 0, c);
		for (int k = 1; k < l->number * l->number; k++) {
			const float *in = x + window(l, p, k);

			for (size_t i = 0; i < c; i++) {
				from[i] = in[i] > y[i] ? (uint8_t)k : from[i];
				y[i] = in[i] > y[i] ? in[i] : y[i];
			}
		}
	}
	return 0;
}

static int pool_backward(struct layer *l, const float *x, const float *dy, float *dx)
{
	size_t pixels = (size_t)l->batch * (size_t)l->out.h * (size_t)l->out.w, c = (size_t)l->in.c;

	if (!dx)
		return 0;
	memset(dx, 0, size_in(l) * sizeof(float));
	for (size_t p = 0; p < pixels; p++)
		for (int k = 0; k < l->number * l->number; k++) {
			float *to = dx + window(l, p, k);

			for (size_t i = 0; i < c; i++)
				to[i] = l->from[p * c + i] == k ? dy[p * c + i] : 0.0f;
		}
	return 0;
}

static void pool_emit(const struct layer *l, struct lxa_onnx *m, const char *in, const char *out)
{
	const int64_t k[] = { l->number, l->number };

	lxa_onnx_node(m, l->name, "", "MaxPool", in, out);
	lxa_onnx_attr_ints(m, "kernel_shape", 2, k);
	lxa_onnx_attr_ints(m, "strides", 2, k);
}

const struct layer_ops layer_pool = { "pool", pool_init, pool_forward, pool_backward, pool_emit };

static int quant_init(struct layer *l, struct dnn *d, struct rng *r, struct lxa_err *err)
{
	l->out = l->in;
	return l->q ? 0 : lxa_err_set(err, -EINVAL, "%s: which quantizer?", l->name);
}

static int quant_forward(struct layer *l, const float *x, enum mode mode)
{
	quantizer_forward(l->q, x, l->y, size_in(l));
	return 0;
}

static int quant_backward(struct layer *l, const float *x, const float *dy, float *dx)
{
	if (dx)
		quantizer_backward(l->q, x, dy, dx, size_in(l));
	return 0;
}

static void quant_emit(const struct layer *l, struct lxa_onnx *m, const char *in, const char *out)
{
	l->q->ops->emit(l->q, m, l->name, in, out, 4);
}

const struct layer_ops layer_quant = { "act", quant_init, quant_forward, quant_backward, quant_emit };

/* The pixels are integers 0..255 already; the node says so to whoever reads the file. */
static int input_forward(struct layer *l, const float *x, enum mode mode)
{
	memcpy(l->y, x, size_in(l) * sizeof(float));
	return 0;
}

static int input_backward(struct layer *l, const float *x, const float *dy, float *dx)
{
	if (dx)
		memcpy(dx, dy, size_in(l) * sizeof(float));
	return 0;
}

static void input_emit(const struct layer *l, struct lxa_onnx *m, const char *in, const char *out)
{
	char names[3][64], inputs[256];
	static const char *const part[] = { "scale", "zeropt", "bits" };
	static const float value[] = { 1.0f, 0.0f, 8.0f };

	for (int i = 0; i < 3; i++) {
		snprintf(names[i], sizeof(names[i]), "%s.%s", l->name, part[i]);
		lxa_onnx_scalar(m, names[i], value[i]);
	}
	snprintf(inputs, sizeof(inputs), "%s %s %s %s", in, names[0], names[1], names[2]);
	lxa_onnx_node(m, l->name, "qonnx.custom_op.general", "Quant", inputs, out);
	lxa_onnx_attr_int(m, "signed", 0);
	lxa_onnx_attr_int(m, "narrow", 0);
	lxa_onnx_attr_string(m, "rounding_mode", "ROUND");
}

const struct layer_ops layer_input = { "input", same_init, input_forward, input_backward, input_emit };
