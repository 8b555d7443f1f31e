/* SPDX-License-Identifier: MIT */
/* cpu_softmax.c - Softmax and LogSoftmax, shapes and computation. */
#include <math.h>
#include <string.h>
#include <tgmath.h>

#include "ops.h"

/* Before opset 13 everything from the axis on is one dimension, and the default axis is 1. */
static int parse(struct lxa_op_ctx *c, int *axis)
{
	int old = c->g->opset < 13;

	return lxa_op_axis(c, lxa_node_int(c->n, "axis", old ? 1 : -1), c->in[0]->ndim, old, axis);
}

LXA_OP_INFER(softmax)
{
	int axis, ret = lxa_infer_same(c);

	return ret ? ret : parse(c, &axis);
}

/* n elements, `step` apart. The largest is taken out first, so that nothing overflows. */
#define ROW(name, T)									\
static void name(T *y, const T *x, int64_t n, int64_t step, int logarithm)		\
{											\
	T largest = -(T)INFINITY, sum = 0, shift;					\
	int64_t i;									\
											\
	for (i = 0; i < n; i++)								\
		largest = x[i * step] > largest ? x[i * step] : largest;		\
	for (i = 0; i < n; i++) {							\
		y[i * step] = exp(x[i * step] - largest);				\
		sum += y[i * step];							\
	}										\
	shift = log(sum);								\
	for (i = 0; i < n; i++)								\
		y[i * step] = logarithm ? x[i * step] - largest - shift : y[i * step] / sum; \
}

ROW(row_f32, float)
ROW(row_f64, double)

LXA_OP_EXEC(softmax)
{
	const struct lxa_tensor *x = c->in[0];
	int logarithm = !strcmp(c->n->op, "LogSoftmax"), axis, d, ret;
	int64_t outer = 1, n = 1, inner = 1, o, i;

	ret = parse(c, &axis);
	if (ret)
		return ret;
	for (d = 0; d < x->ndim; d++)
		*(d < axis ? &outer : d == axis || c->g->opset < 13 ? &n : &inner) *= x->dims[d];
	for (o = 0; o < outer; o++) {
		for (i = 0; i < inner; i++) {
			int64_t at = o * n * inner + i;

			if (x->dtype == LXA_F32)
				row_f32((float *)c->out[0].data + at, (const float *)x->data + at, n, inner, logarithm);
			else
				row_f64((double *)c->out[0].data + at, (const double *)x->data + at, n, inner, logarithm);
		}
	}
	return 0;
}
