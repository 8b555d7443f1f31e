/* SPDX-License-Identifier: MIT */
/*
 * cpu_int.c - ConvInteger, MatMulInteger, QLinearConv and QLinearMatMul.
 *
 * Exact: operands are widened to 16 bits with their zero points taken off, products are summed in 32 bits (and wrap around
 * there, as the operators allow). oneDNN's 8-bit kernels saturate 16-bit pairs on machines without VNNI, so they are not used.
 * The quantized results are sum * (x scale * w scale / y scale), the factor in float as in ONNX's own reference, the product in
 * double, rounded to the nearest integer, ties to even, plus the zero point.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bcast.h"
#include "dtype.h"
#include "ops.h"
#include "qlinear.h"
#include "window.h"

#define COLUMNS 512	/* output pixels of a convolution at a time */

static inline int byte_at(const struct lxa_tensor *t, int64_t i)
{
	return t->dtype == LXA_UINT8 ? ((const uint8_t *)t->data)[i] : ((const int8_t *)t->data)[i];
}

static int zero_at(const struct lxa_tensor *zero, int64_t i)
{
	return zero ? byte_at(zero, i) : 0;
}

/* n elements from `from`, less a zero point. */
static void widen(const struct lxa_tensor *t, int64_t from, int64_t n, int zero, int16_t *to)
{
	int64_t i;

	for (i = 0; i < n; i++)
		to[i] = (int16_t)(byte_at(t, from + i) - zero);
}

/* sum[m][n] = a[m][k] * b[k][n]; wraps around. */
__attribute__((optimize("O3")))
static void multiply(int64_t m, int64_t n, int64_t k, const int16_t *a, const int16_t *b, int32_t *sum)
{
	int64_t i, j, l;

	memset(sum, 0, (size_t)(m * n) * sizeof(*sum));
	for (i = 0; i < m; i++) {
		uint32_t *row = (uint32_t *)sum + i * n;

		for (l = 0; l < k; l++) {
			const int16_t *from = b + l * n;
			int32_t v = a[i * k + l];

			for (j = 0; v && j < n; j++)
				row[j] += (uint32_t)(v * from[j]);
		}
	}
}

/* ---- storing sums: as they are, or requantized ---- */

struct store {
	const struct lxa_int_args *a;
	struct lxa_tensor *out;
	const struct lxa_tensor *x_scale, *w_scale;
	float y_scale;
	int y_zero;
};

static void store_init(const struct lxa_op_ctx *c, const struct lxa_int_args *a, struct store *s)
{
	*s = (struct store){ .a = a, .out = &c->out[0] };
	if (a->y_zero < 0)
		return;
	s->x_scale = c->in[a->x_scale];
	s->w_scale = c->in[a->w_scale];
	s->y_scale = (float)lxa_real_get(c->in[a->y_scale], 0);
	s->y_zero = byte_at(c->in[a->y_zero], 0);
}

/* What a sum is multiplied by; x, w: which of the scales. */
static double factor(const struct store *s, int64_t x, int64_t w)
{
	return s->a->y_zero < 0 ? 1 : (double)((float)lxa_real_get(s->x_scale, x) * (float)lxa_real_get(s->w_scale, w) / s->y_scale);
}

static void store(const struct store *s, int64_t at, int32_t sum, double factor)
{
	if (s->a->y_zero < 0)
		((int32_t *)s->out->data)[at] = sum;
	else
		lxa_real_put(s->out, at, rint(sum * factor) + s->y_zero);
}

/* ---- convolution ---- */

struct iconv {
	struct lxa_window w;
	const struct lxa_tensor *x, *weights;
	int64_t group, in_ch, out_ch, taps, in_size, out_size;	/* channels of one group */
	int x_zero;
	int16_t *wgt, *col;		/* one group's weights; in_ch * taps x COLUMNS */
	int32_t *sum;
};

/* The input pixel, in its plane, that tap k of output pixel o reads; -1 in the padding. */
static int64_t pixel_of(const struct lxa_window *w, int64_t o, int64_t k)
{
	int64_t pos = 0, scale = 1;
	int i;

	for (i = w->nd - 1; i >= 0; i--) {
		int64_t p = o % w->out[i] * w->stride[i] - w->pad_begin[i] + k % w->kernel[i] * w->dilation[i];

		if (p < 0 || p >= w->in[i])
			return -1;
		pos += p * scale;
		scale *= w->in[i];
		o /= w->out[i];
		k /= w->kernel[i];
	}
	return pos;
}

/* Columns o0 .. o0 + n - 1 of one image's group; at: its first element. Padding is the zero point, which becomes 0. */
static void columns(const struct iconv *v, int64_t at, int64_t o0, int64_t n)
{
	int64_t pos[COLUMNS], ch, k, o;

	for (k = 0; k < v->taps; k++) {
		for (o = 0; o < n; o++)
			pos[o] = pixel_of(&v->w, o0 + o, k);
		for (ch = 0; ch < v->in_ch; ch++) {
			int16_t *to = v->col + (ch * v->taps + k) * n;

			for (o = 0; o < n; o++)
				to[o] = pos[o] < 0 ? 0 : (int16_t)(byte_at(v->x, at + ch * v->in_size + pos[o]) - v->x_zero);
		}
	}
}

static void conv_group(const struct iconv *v, const struct store *s, const int32_t *bias, int64_t image, int64_t g)
{
	int64_t at = (image * v->group + g) * v->in_ch * v->in_size, o0, n, m, i;

	for (o0 = 0; o0 < v->out_size; o0 += n) {
		n = v->out_size - o0 < COLUMNS ? v->out_size - o0 : COLUMNS;
		columns(v, at, o0, n);
		multiply(v->out_ch, n, v->in_ch * v->taps, v->wgt, v->col, v->sum);
		for (m = 0; m < v->out_ch; m++) {
			int64_t ch = g * v->out_ch + m, to = (image * v->group * v->out_ch + ch) * v->out_size + o0;
			uint32_t b = bias ? (uint32_t)bias[ch] : 0;
			double f = factor(s, 0, s->w_scale && lxa_tensor_count(s->w_scale) > 1 ? ch : 0);

			for (i = 0; i < n; i++)
				store(s, to + i, (int32_t)((uint32_t)v->sum[m * n + i] + b), f);
		}
	}
}

static int conv(struct lxa_op_ctx *c, const struct lxa_int_args *a)
{
	const struct lxa_tensor *zero = lxa_arg(c, a->w_zero), *bias = lxa_arg(c, a->bias);
	struct iconv v = { .x = c->in[a->x], .weights = c->in[a->w], .group = lxa_node_int(c->n, "group", 1) };
	struct store s;
	int64_t g, n, m, size;
	int i, ret;

	ret = lxa_window_parse(c, v.weights->dims + 2, 0, &v.w);
	if (ret)
		return ret;
	v.in_ch = v.weights->dims[1];
	v.out_ch = v.weights->dims[0] / v.group;
	v.taps = v.in_size = v.out_size = 1;
	for (i = 0; i < v.w.nd; i++) {
		v.taps *= v.w.kernel[i];
		v.in_size *= v.w.in[i];
		v.out_size *= v.w.out[i];
	}
	v.x_zero = zero_at(lxa_arg(c, a->x_zero), 0);
	size = v.in_ch * v.taps;
	v.wgt = malloc((size_t)(v.out_ch * size) * sizeof(*v.wgt));
	v.col = malloc((size_t)(size * COLUMNS) * sizeof(*v.col));
	v.sum = malloc((size_t)(v.out_ch * COLUMNS) * sizeof(*v.sum));
	store_init(c, a, &s);
	if (!v.wgt || !v.col || !v.sum)
		ret = lxa_op_err(c, -ENOMEM, "no memory for its columns");
	for (g = 0; g < v.group && !ret; g++) {
		for (m = 0; m < v.out_ch; m++) {
			int64_t ch = g * v.out_ch + m;

			widen(v.weights, ch * size, size, zero_at(zero, zero && lxa_tensor_count(zero) > 1 ? ch : 0),
			      v.wgt + m * size);
		}
		for (n = 0; n < v.x->dims[0]; n++)
			conv_group(&v, &s, bias ? bias->data : NULL, n, g);
	}
	free(v.sum);
	free(v.col);
	free(v.wgt);
	return ret;
}

LXA_OP_EXEC(conv_integer)
{
	return conv(c, &lxa_args_integer);
}

LXA_OP_EXEC(qlinear_conv)
{
	return conv(c, &lxa_args_qlinear);
}

/* ---- matrix product ---- */

struct imatmul {
	const struct lxa_tensor *x, *w;
	int64_t m, n, k;
	int16_t *a, *b;
	int32_t *sum;
};

/* Which value of a parameter belongs to a line of a matrix: the only one, the line's, or this matrix's line's. */
static int64_t line_of(const struct lxa_tensor *p, int64_t matrix, int64_t line, int64_t lines)
{
	if (!p || lxa_tensor_count(p) == 1)
		return 0;
	return p->ndim == 1 ? line : matrix * lines + line;
}

/* One product: matrix ma of x times matrix mb of w into matrix mo of the output. */
static void product(struct lxa_op_ctx *c, const struct imatmul *v, const struct store *s, int64_t ma, int64_t mb, int64_t mo)
{
	const struct lxa_tensor *xz = lxa_arg(c, s->a->x_zero), *wz = lxa_arg(c, s->a->w_zero);
	const struct lxa_tensor *xs = lxa_arg(c, s->a->x_scale), *ws = lxa_arg(c, s->a->w_scale);
	int64_t i, j;

	for (i = 0; i < v->m; i++)
		widen(v->x, (ma * v->m + i) * v->k, v->k, zero_at(xz, line_of(xz, ma, i, v->m)), v->a + i * v->k);
	widen(v->w, mb * v->k * v->n, v->k * v->n, 0, v->b);
	for (j = 0; wz && j < v->n; j++) {
		int zero = zero_at(wz, line_of(wz, mb, j, v->n));

		for (i = 0; i < v->k; i++)
			v->b[i * v->n + j] = (int16_t)(v->b[i * v->n + j] - zero);
	}
	multiply(v->m, v->n, v->k, v->a, v->b, v->sum);
	for (i = 0; i < v->m; i++)
		for (j = 0; j < v->n; j++)
			store(s, (mo * v->m + i) * v->n + j, v->sum[i * v->n + j],
			      factor(s, line_of(xs, ma, i, v->m), line_of(ws, mb, j, v->n)));
}

static struct lxa_tensor batch_of(const struct lxa_tensor *t)
{
	struct lxa_tensor b = { .ndim = t->ndim > 2 ? t->ndim - 2 : 0 };

	memcpy(b.dims, t->dims, (size_t)b.ndim * sizeof(*b.dims));
	return b;
}

static int matmul(struct lxa_op_ctx *c, const struct lxa_int_args *a)
{
	struct imatmul v = { .x = c->in[a->x], .w = c->in[a->w] };
	struct lxa_tensor bx = batch_of(v.x), bw = batch_of(v.w);
	const struct lxa_tensor *batches[2] = { &bx, &bw };
	int ndim = c->out[0].ndim - (v.x->ndim > 1) - (v.w->ndim > 1), more, ret = 0;
	struct lxa_bcast bc;
	struct store s;
	int64_t i;

	v.k = v.x->dims[v.x->ndim - 1];
	v.m = v.x->ndim > 1 ? v.x->dims[v.x->ndim - 2] : 1;
	v.n = v.w->ndim > 1 ? v.w->dims[v.w->ndim - 1] : 1;
	v.a = malloc((size_t)(v.m * v.k + 1) * sizeof(*v.a));
	v.b = malloc((size_t)(v.k * v.n + 1) * sizeof(*v.b));
	v.sum = malloc((size_t)(v.m * v.n) * sizeof(*v.sum));
	store_init(c, a, &s);
	if (!v.a || !v.b || !v.sum)
		ret = lxa_op_err(c, -ENOMEM, "no memory for its operands");
	for (more = !ret && lxa_bcast_start(&bc, ndim, c->out[0].dims, 2, batches); more; more = lxa_bcast_next(&bc))
		for (i = 0; i < bc.inner; i++)
			product(c, &v, &s, bc.off[0] + i * bc.step[0], bc.off[1] + i * bc.step[1], bc.pos + i);
	free(v.sum);
	free(v.b);
	free(v.a);
	return ret;
}

LXA_OP_EXEC(matmul_integer)
{
	return matmul(c, &lxa_args_integer);
}

LXA_OP_EXEC(qlinear_matmul)
{
	return matmul(c, &lxa_args_qlinear);
}
