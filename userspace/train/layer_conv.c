// SPDX-License-Identifier: MIT
/* layer_conv.c - convolution and fully connected layer, with quantized weights. */
#include "layer.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t weights(const struct layer *l)
{
	return l->par[0].n;
}

/* Uniform with the variance 2 / fan-in that keeps the size of what passes. */
static void start_weights(struct layer *l, struct rng *r)
{
	float bound = sqrtf(6.0f / (float)(weights(l) / (size_t)l->number));

	for (size_t i = 0; i < weights(l); i++)
		l->par[0].v[i] = bound * rng_sym(r);
	l->par[0].clip = l->q ? l->q->p.clip : 0.0f;
}

static int init(struct layer *l, struct dnn *d, struct rng *r, int kh, int kw, struct lxa_err *err)
{
	struct dnn_conv_shape s = {
		.n = l->batch, .ih = l->in.h, .iw = l->in.w, .ic = l->in.c, .oc = l->number, .kh = kh, .kw = kw,
		.pad = l->pad, .oh = l->in.h + 2 * l->pad - kh + 1, .ow = l->in.w + 2 * l->pad - kw + 1,
	};
	size_t n = (size_t)s.oc * (size_t)s.ic * (size_t)kh * (size_t)kw;

	if (s.oh < 1 || s.ow < 1)
		return lxa_err_set(err, -EINVAL, "%s: a %dx%d kernel is larger than its input", l->name, kh, kw);
	l->out = (struct shape){ s.oh, s.ow, s.oc };
	l->macs = n * (uint64_t)s.oh * (uint64_t)s.ow;
	l->wq = calloc(n, sizeof(float));
	l->wg = calloc(n, sizeof(float));
	if (!l->wq || !l->wg || param_alloc(&l->par[0], n))
		return lxa_err_set(err, -ENOMEM, "%s: out of memory", l->name);
	start_weights(l, r);
	return dnn_conv_create(d, &s, &l->conv, err);
}

static int conv_init(struct layer *l, struct dnn *d, struct rng *r, struct lxa_err *err)
{
	return init(l, d, r, l->kernel, l->kernel, err);
}

static int conv_forward(struct layer *l, const float *x, enum mode mode)
{
	int ret = quantizer_prepare(l->q, l->par[0].v, weights(l));

	if (ret)
		return ret;
	quantizer_forward(l->q, l->par[0].v, l->wq, weights(l));
	return dnn_conv_forward(l->conv, x, l->wq, l->y);
}

static int conv_backward(struct layer *l, const float *x, const float *dy, float *dx)
{
	int ret = dnn_conv_backward_weights(l->conv, x, dy, l->wg);

	if (ret)
		return ret;
	quantizer_backward(l->q, l->par[0].v, l->wg, l->par[0].g, weights(l));
	return dx ? dnn_conv_backward_data(l->conv, dy, l->wq, dx) : 0;
}

/* The quantized weights are stored: the quantizer node behind them leaves them as they are. */
static void emit_weights(const struct layer *l, struct lxa_onnx *m, int ndim, const int64_t *dims, char *name, size_t n)
{
	char node[64], raw[64];

	snprintf(raw, sizeof(raw), "%s.weight", l->name);
	lxa_onnx_f32(m, raw, ndim, dims, l->wq);
	snprintf(name, n, "%s", raw);
	if (!l->q)
		return;
	snprintf(node, sizeof(node), "%s.wquant", l->name);
	snprintf(name, n, "%s.q", raw);
	l->q->ops->emit(l->q, m, node, raw, name, ndim);
}

static void conv_emit(const struct layer *l, struct lxa_onnx *m, const char *in, const char *out)
{
	const int64_t dims[] = { l->number, l->in.c, l->kernel, l->kernel };
	const int64_t pads[] = { l->pad, l->pad, l->pad, l->pad }, ones[] = { 1, 1 };
	char w[80], inputs[160];

	emit_weights(l, m, 4, dims, w, sizeof(w));
	snprintf(inputs, sizeof(inputs), "%s %s", in, w);
	lxa_onnx_node(m, l->name, "", "Conv", inputs, out);
	lxa_onnx_attr_ints(m, "kernel_shape", 2, dims + 2);
	lxa_onnx_attr_ints(m, "pads", 4, pads);
	lxa_onnx_attr_ints(m, "strides", 2, ones);
}

const struct layer_ops layer_conv = { "conv", conv_init, conv_forward, conv_backward, conv_emit };

/*
 * A fully connected layer: the kernel covers the input, so that OIHW weights are the rows that Flatten + Gemm expect.
 */
static int fc_init(struct layer *l, struct dnn *d, struct rng *r, struct lxa_err *err)
{
	int ret;

	l->pad = 0;
	ret = init(l, d, r, l->in.h, l->in.w, err);
	if (!ret && param_alloc(&l->par[1], (size_t)l->number))
		ret = lxa_err_set(err, -ENOMEM, "%s: out of memory", l->name);
	return ret;
}

static int fc_forward(struct layer *l, const float *x, enum mode mode)
{
	int ret = conv_forward(l, x, mode);

	for (int i = 0; i < l->batch; i++)
		for (int c = 0; c < l->number; c++)
			l->y[i * l->number + c] += l->par[1].v[c];
	return ret;
}

static int fc_backward(struct layer *l, const float *x, const float *dy, float *dx)
{
	for (int c = 0; c < l->number; c++) {
		float sum = 0.0f;

		for (int i = 0; i < l->batch; i++)
			sum += dy[i * l->number + c];
		l->par[1].g[c] = sum;
	}
	return conv_backward(l, x, dy, dx);
}

static void fc_emit(const struct layer *l, struct lxa_onnx *m, const char *in, const char *out)
{
	const int64_t dims[] = { l->number, (int64_t)shape_size(l->in) };
	char w[80], flat[64], bias[64], node[64], inputs[256];

	snprintf(node, sizeof(node), "%s.flatten", l->name);
	snprintf(flat, sizeof(flat), "%s.in", l->name);
	lxa_onnx_node(m, node, "", "Flatten", in, flat);
	lxa_onnx_attr_int(m, "axis", 1);
	emit_weights(l, m, 2, dims, w, sizeof(w));
	snprintf(bias, sizeof(bias), "%s.bias", l->name);
	lxa_onnx_f32(m, bias, 1, dims, l->par[1].v);
	snprintf(inputs, sizeof(inputs), "%s %s %s", flat, w, bias);
	lxa_onnx_node(m, l->name, "", "Gemm", inputs, out);
	lxa_onnx_attr_int(m, "transB", 1);
}

const struct layer_ops layer_fc = { "fc", fc_init, fc_forward, fc_backward, fc_emit };
