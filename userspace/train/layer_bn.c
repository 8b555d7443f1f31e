// SPDX-License-Identifier: MIT
/*
 * layer_bn.c - batch normalization, forward and backward, with running statistics for inference.
 *
 * Sums go over slices of the rows in float and then over the slices in double: fast, and exact enough for many rows.
 */
#include "layer.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICES 64
#define MAX_C 1024

static int bn_init(struct layer *l, struct dnn *d, struct rng *r, struct lxa_err *err)
{
	size_t c = (size_t)l->in.c;

	if (l->in.c > MAX_C)
		return lxa_err_set(err, -EINVAL, "%s: %d channels, at most %d", l->name, l->in.c, MAX_C);
	l->out = l->in;
	l->momentum = 0.1f;
	l->mean = calloc(c, sizeof(float));
	l->inv = calloc(c, sizeof(float));
	l->run_mean = calloc(c, sizeof(float));
	l->run_var = calloc(c, sizeof(float));
	if (!l->mean || !l->inv || !l->run_mean || !l->run_var || param_alloc(&l->par[0], c) ||
	    param_alloc(&l->par[1], c))
		return lxa_err_set(err, -ENOMEM, "%s: out of memory", l->name);
	for (size_t i = 0; i < c; i++)
		l->par[0].v[i] = l->run_var[i] = 1.0f;
	return 0;
}

static size_t rows(const struct layer *l)
{
	return (size_t)l->batch * (size_t)l->in.h * (size_t)l->in.w;
}

/* a[c] = sum of x and b[c] = sum of x * z over the rows; z NULL: x - shift[c] stands for both. */
static void two_sums(const struct layer *l, const float *x, const float *z, const float *shift, double *a, double *b)
{
	float pa[MAX_C], pb[MAX_C];
	size_t n = rows(l), c = (size_t)l->in.c;

	memset(a, 0, c * sizeof(*a));
	memset(b, 0, c * sizeof(*b));
	for (size_t s = 0; s < SLICES; s++) {
		memset(pa, 0, c * sizeof(float));
		memset(pb, 0, c * sizeof(float));
		for (size_t r = n * s / SLICES; r < n * (s + 1) / SLICES; r++) {
			for (size_t i = 0; i < c; i++) {
				float v = z ? x[r * c + i] : x[r * c + i] - shift[i];

				pa[i] += v;
				pb[i] += v * (z ? z[r * c + i] - shift[i] : v);
			}
		}
		for (size_t i = 0; i < c; i++) {
			a[i] += (double)pa[i];
			b[i] += (double)pb[i];
		}
	}
}

/* Mean and variance of the batch. The first row is subtracted first: squares of small numbers keep their digits. */
static void statistics(struct layer *l, const float *x)
{
	double a[MAX_C], b[MAX_C], n = (double)rows(l);

	two_sums(l, x, NULL, x, a, b);
	for (int i = 0; i < l->in.c; i++) {
		double m = a[i] / n, var = b[i] / n - m * m;

		var = var > 0.0 ? var : 0.0;
		l->mean[i] = (float)(x[i] + m);
		l->inv[i] = (float)(1.0 / sqrt(var + (double)BN_EPS));
		l->run_mean[i] += l->momentum * (l->mean[i] - l->run_mean[i]);
		l->run_var[i] += l->momentum * ((float)var - l->run_var[i]);
	}
}

static int bn_forward(struct layer *l, const float *x, enum mode mode)
{
	size_t n = rows(l), c = (size_t)l->in.c;
	float scale[MAX_C], shift[MAX_C];

	if (mode == MODE_TRAIN)
		statistics(l, x);
	for (size_t i = 0; i < c; i++) {
		float inv = mode == MODE_TRAIN ? l->inv[i] : 1.0f / sqrtf(l->run_var[i] + BN_EPS);

		scale[i] = l->par[0].v[i] * inv;
		shift[i] = l->par[1].v[i] - (mode == MODE_TRAIN ? l->mean[i] : l->run_mean[i]) * scale[i];
	}
	for (size_t r = 0; r < n; r++)
		for (size_t i = 0; i < c; i++)
			l->y[r * c + i] = x[r * c + i] * scale[i] + shift[i];
	return 0;
}

/*
 * With xh = (x - mean) * inv: dgamma = sum dy * xh, dbeta = sum dy,
 * dx = gamma * inv * (dy - dbeta / n - xh * dgamma / n).
 */
static int bn_backward(struct layer *l, const float *x, const float *dy, float *dx)
{
	size_t n = rows(l), c = (size_t)l->in.c;
	float k[3][MAX_C];
	double a[MAX_C], b[MAX_C];

	two_sums(l, dy, x, l->mean, a, b);
	for (size_t i = 0; i < c; i++) {
		double dgamma = b[i] * (double)l->inv[i], scale = (double)(l->par[0].v[i] * l->inv[i]);

		l->par[0].g[i] = (float)dgamma;
		l->par[1].g[i] = (float)a[i];
		k[0][i] = (float)scale;
		k[1][i] = (float)(-scale * dgamma / (double)n * (double)l->inv[i]);
		k[2][i] = (float)(-scale * a[i] / (double)n - (double)k[1][i] * (double)l->mean[i]);
	}
	if (!dx)
		return 0;
	for (size_t r = 0; r < n; r++)
		for (size_t i = 0; i < c; i++)
			dx[r * c + i] = k[0][i] * dy[r * c + i] + k[1][i] * x[r * c + i] + k[2][i];
	return 0;
}

static void bn_emit(const struct layer *l, struct lxa_onnx *m, const char *in, const char *out)
{
	static const char *const part[] = { "scale", "bias", "mean", "var" };
	const float *data[] = { l->par[0].v, l->par[1].v, l->run_mean, l->run_var };
	const int64_t dims[] = { l->in.c };
	char name[64], inputs[256];
	int n = snprintf(inputs, sizeof(inputs), "%s", in);

	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s.%s", l->name, part[i]);
		lxa_onnx_f32(m, name, 1, dims, data[i]);
		n += snprintf(inputs + n, sizeof(inputs) - (size_t)n, " %s", name);
	}
	lxa_onnx_node(m, l->name, "", "BatchNormalization", inputs, out);
	lxa_onnx_attr_float(m, "epsilon", BN_EPS);
}

const struct layer_ops layer_bn = { "bn", bn_init, bn_forward, bn_backward, bn_emit };
