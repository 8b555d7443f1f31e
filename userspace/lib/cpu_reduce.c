/* SPDX-License-Identifier: MIT */
/*
 * cpu_reduce.c - ReduceSum, ReduceMean, ReduceMax and their kin, ArgMax, ArgMin: shapes and computation.
 *
 * Floats are summed in double and rounded once, integers in 64 bits.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dtype.h"
#include "ops.h"

enum kind { SUM, MEAN, MAX, MIN, PROD, L1, L2, SUM_SQUARE, LOG_SUM, LOG_SUM_EXP };

static enum kind kind_of(const struct lxa_node *n)
{
	static const char *const names[] = {
		"Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSum", "LogSumExp",
	};
	int i;

	for (i = 0; strcmp(names[i], n->op + strlen("Reduce")); i++)
		;
	return (enum kind)i;
}

/* The axes as a bit set: an attribute, from opset 18 (ReduceSum: 13) an input. None given: all, or none when asked for. */
static int axes_of(struct lxa_op_ctx *c, unsigned int *set)
{
	int64_t axes[LXA_MAX_DIMS];
	int as_input = c->g->opset >= (kind_of(c->n) == SUM ? 13 : 18), n = 0, i, axis, ret = 0;

	if (!as_input)
		ret = lxa_op_attr_ints(c, "axes", LXA_MAX_DIMS, axes, &n);
	else if (c->n_in > 1 && c->in[1])
		ret = lxa_op_ints(c, 1, "axes", LXA_MAX_DIMS, axes, &n);
	/* Over no axis at all each element is a group of its own. */
	*set = !n && !(as_input && lxa_node_int(c->n, "noop_with_empty_axes", 0)) ? (1u << c->in[0]->ndim) - 1 : 0;
	for (i = 0; i < n && !ret; i++) {
		ret = lxa_op_axis(c, axes[i], c->in[0]->ndim, 0, &axis);
		if (!ret)
			*set |= 1u << axis;
	}
	return ret;
}

static int reduced_shape(struct lxa_op_ctx *c, unsigned int set, enum lxa_dtype type)
{
	const struct lxa_tensor *x = c->in[0];
	int keep = lxa_node_int(c->n, "keepdims", 1) != 0, d, n = 0;
	int64_t dims[LXA_MAX_DIMS];

	for (d = 0; d < x->ndim; d++) {
		if (!(set & 1u << d))
			dims[n++] = x->dims[d];
		else if (keep)
			dims[n++] = 1;
	}
	return lxa_op_shape(c, 0, type, n, dims);
}

LXA_OP_INFER(reduce)
{
	unsigned int set;
	int ret = axes_of(c, &set);

	return ret ? ret : reduced_shape(c, set, c->in[0]->dtype);
}

/* One result in the making: floats in f, integers in i. */
struct sum {
	double f, largest;
	uint64_t i;
	int64_t n;
};

static void add_float(struct sum *s, enum kind kind, double v)
{
	switch (kind) {
	case MAX:
		s->f = !s->n || v > s->f || isnan(v) ? v : s->f;
		break;
	case MIN:
		s->f = !s->n || v < s->f || isnan(v) ? v : s->f;
		break;
	case PROD:
		s->f *= v;
		break;
	case L1:
		s->f += fabs(v);
		break;
	case L2: case SUM_SQUARE:
		s->f += v * v;
		break;
	case LOG_SUM_EXP:	/* relative to the largest so far, so that nothing overflows */
		if (v > s->largest) {
			s->f *= exp(s->largest - v);
			s->largest = v;
		}
		s->f += v == s->largest ? 1 : exp(v - s->largest);
		break;
	default:
		s->f += v;
		break;
	}
	s->n++;
}

static void add_int(struct sum *s, enum kind kind, uint64_t v, int with_sign)
{
	int lt = with_sign ? (int64_t)v < (int64_t)s->i : v < s->i;

	switch (kind) {
	case MAX:
		s->i = !s->n || !lt ? v : s->i;
		break;
	case MIN:
		s->i = !s->n || lt ? v : s->i;
		break;
	case PROD:
		s->i *= v;
		break;
	case L1:
		s->i += with_sign && (int64_t)v < 0 ? -v : v;
		break;
	case SUM_SQUARE:
		s->i += v * v;
		break;
	default:
		s->i += v;
		break;
	}
	s->n++;
}

static double float_result(const struct sum *s, enum kind kind)
{
	switch (kind) {
	case MEAN:
		return s->f / (double)s->n;
	case L2:
		return sqrt(s->f);
	case LOG_SUM:
		return log(s->f);
	case LOG_SUM_EXP:
		return isinf(s->largest) ? s->largest : log(s->f) + s->largest;
	case MAX:
		return s->n ? s->f : -(double)INFINITY;
	case MIN:
		return s->n ? s->f : (double)INFINITY;
	default:
		return s->f;
	}
}

/* Of nothing: the type's smallest for Max, its largest for Min. */
static uint64_t int_result(const struct sum *s, enum kind kind, const struct lxa_tensor *out)
{
	int with_sign = lxa_dtype_is_signed(out->dtype), bits = out->dtype == LXA_BOOL ? 1 : 8 * (int)lxa_dtype_size(out->dtype);
	uint64_t largest = UINT64_MAX >> (64 - bits + with_sign);

	switch (kind) {
	case MAX:
		return s->n ? s->i : with_sign ? ~largest : 0;
	case MIN:
		return s->n ? s->i : largest;
	case MEAN:
		if (!s->n)
			return 0;
		return with_sign ? (uint64_t)((int64_t)s->i / s->n) : s->i / (uint64_t)s->n;
	default:
		return s->i;
	}
}

/* L2, LogSum and LogSumExp of integers go through double; the others stay exact. */
static int in_double(enum lxa_dtype type, enum kind kind)
{
	return lxa_dtype_is_float(type) || kind == L2 || kind == LOG_SUM || kind == LOG_SUM_EXP;
}

/* Each axis's step in the result: 0 for those that are reduced. */
static void result_strides(const struct lxa_tensor *x, unsigned int set, int64_t *stride)
{
	int64_t s = 1;
	int d;

	for (d = x->ndim - 1; d >= 0; d--) {
		stride[d] = set & 1u << d ? 0 : s;
		s *= set & 1u << d ? 1 : x->dims[d];
	}
}

LXA_OP_EXEC(reduce)
{
	const struct lxa_tensor *x = c->in[0];
	struct lxa_tensor *out = &c->out[0];
	enum kind kind = kind_of(c->n);
	int real = in_double(x->dtype, kind), with_sign = lxa_dtype_is_signed(x->dtype), d, ret;
	int64_t n = lxa_tensor_count(x), results = lxa_tensor_count(out), stride[LXA_MAX_DIMS], at[LXA_MAX_DIMS] = { 0 }, i, r = 0;
	unsigned int set;
	struct sum *sums;

	ret = axes_of(c, &set);
	if (ret)
		return ret;
	sums = calloc((size_t)results, sizeof(*sums));
	if (!sums)
		return lxa_op_err(c, -ENOMEM, "out of memory");
	for (i = 0; i < results; i++)
		sums[i] = (struct sum){ .f = kind == PROD, .i = kind == PROD, .largest = -(double)INFINITY };
	result_strides(x, set, stride);
	for (i = 0; i < n; i++) {
		if (real)
			add_float(&sums[r], kind, lxa_real_get(x, i));
		else
			add_int(&sums[r], kind, lxa_int_get(x, i), with_sign);
		for (d = x->ndim - 1; d >= 0; d--) {
			r += stride[d];
			if (++at[d] < x->dims[d])
				break;
			r -= stride[d] * x->dims[d];
			at[d] = 0;
		}
	}
	for (i = 0; i < results; i++) {
		if (real)
			lxa_real_put(out, i, float_result(&sums[i], kind));
		else
			lxa_int_put(out, i, int_result(&sums[i], kind, out));
	}
	free(sums);
	return 0;
}

LXA_OP_INFER(arg)
{
	const struct lxa_tensor *x = c->in[0];
	int axis, ret = lxa_op_axis(c, lxa_node_int(c->n, "axis", 0), x->ndim, 0, &axis);

	if (!ret && !x->dims[axis])
		ret = lxa_op_err(c, -EINVAL, "dimension %d is empty: it has no largest or smallest element", axis);
	return ret ? ret : reduced_shape(c, 1u << axis, LXA_INT64);
}

/* a beats b; equal ones do when the last of them is asked for. */
static int beats(const struct lxa_tensor *x, int64_t a, int64_t b, int max, int last)
{
	if (lxa_dtype_is_float(x->dtype)) {
		double va = lxa_real_get(x, a), vb = lxa_real_get(x, b);

		return va == vb ? last : max ? va > vb : va < vb;
	} else {
		uint64_t va = lxa_int_get(x, a), vb = lxa_int_get(x, b);
		int lt = lxa_dtype_is_signed(x->dtype) ? (int64_t)va < (int64_t)vb : va < vb;

		return va == vb ? last : max ? !lt : lt;
	}
}

LXA_OP_EXEC(arg)
{
	const struct lxa_tensor *x = c->in[0];
	int max = !strcmp(c->n->op, "ArgMax"), last = lxa_node_int(c->n, "select_last_index", 0) != 0, axis, ret;
	int64_t outer, inner, o, i, k, best;

	ret = lxa_op_axis(c, lxa_node_int(c->n, "axis", 0), x->ndim, 0, &axis);
	if (ret)
		return ret;
	outer = lxa_dims_count(axis, x->dims);
	inner = lxa_dims_count(x->ndim - axis - 1, x->dims + axis + 1);
	for (o = 0; o < outer; o++) {
		for (i = 0; i < inner; i++) {
			int64_t at = o * x->dims[axis] * inner + i;

			for (best = 0, k = 1; k < x->dims[axis]; k++)
				if (beats(x, at + k * inner, at + best * inner, max, last))
					best = k;
			((int64_t *)c->out[0].data)[o * inner + i] = best;
		}
	}
	return 0;
}
