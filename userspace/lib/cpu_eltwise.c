/* SPDX-License-Identifier: MIT */
/*
 * cpu_eltwise.c - Add, Sub, Mul, Div, Pow, Relu, Sign, Clip, Dropout.
 *
 * Plain loops: they are bound by memory, a primitive would win nothing, and integers and broadcasting come for free.
 * Integers wrap around as in NumPy.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "bcast.h"
#include "ops.h"

/* Element i of an integer tensor, sign- or zero-extended to 64 bits. */
static uint64_t load_int(const struct lxa_tensor *t, int64_t i)
{
	switch (t->dtype) {
	case LXA_INT8:
		return (uint64_t)((const int8_t *)t->data)[i];
	case LXA_UINT8: case LXA_BOOL:
		return ((const uint8_t *)t->data)[i];
	case LXA_INT16:
		return (uint64_t)((const int16_t *)t->data)[i];
	case LXA_UINT16:
		return ((const uint16_t *)t->data)[i];
	case LXA_INT32:
		return (uint64_t)((const int32_t *)t->data)[i];
	case LXA_UINT32:
		return ((const uint32_t *)t->data)[i];
	default:
		return ((const uint64_t *)t->data)[i];
	}
}

static void store_int(struct lxa_tensor *t, int64_t i, uint64_t v)
{
	switch (lxa_dtype_size(t->dtype)) {
	case 1:
		((uint8_t *)t->data)[i] = (uint8_t)v;
		break;
	case 2:
		((uint16_t *)t->data)[i] = (uint16_t)v;
		break;
	case 4:
		((uint32_t *)t->data)[i] = (uint32_t)v;
		break;
	default:
		((uint64_t *)t->data)[i] = v;
		break;
	}
}

static int is_signed(enum lxa_dtype t)
{
	return t == LXA_INT8 || t == LXA_INT16 || t == LXA_INT32 || t == LXA_INT64;
}

/* -EDOM for a division by zero. */
static int int_op(char op, int with_sign, uint64_t a, uint64_t b, uint64_t *r)
{
	switch (op) {
	case 'A':
		*r = a + b;
		return 0;
	case 'S':
		*r = a - b;
		return 0;
	case 'M':
		*r = a * b;
		return 0;
	}
	if (!b)
		return -EDOM;
	if (!with_sign)
		*r = a / b;
	else if (b == UINT64_MAX)
		*r = -a;	/* by -1: the smallest number would trap */
	else
		*r = (uint64_t)((int64_t)a / (int64_t)b);
	return 0;
}

static int binary_int(struct lxa_op_ctx *c, const struct lxa_tensor *const *x, char op)
{
	int with_sign = is_signed(x[0]->dtype), more, ret = 0;
	struct lxa_bcast b;
	uint64_t r;
	int64_t i;

	for (more = lxa_bcast_start(&b, c->out[0].ndim, c->out[0].dims, 2, x); more && !ret; more = lxa_bcast_next(&b)) {
		for (i = 0; i < b.inner && !ret; i++) {
			ret = int_op(op, with_sign, load_int(x[0], b.off[0] + i * b.step[0]),
				     load_int(x[1], b.off[1] + i * b.step[1]), &r);
			if (!ret)
				store_int(&c->out[0], b.pos + i, r);
		}
	}
	return ret ? lxa_op_err(c, ret, "divides an integer by zero") : 0;
}

#define LOOP(expr)								\
	for (i = 0; i < n; i++) {						\
		float a = x[i * sx], b = y[i * sy];				\
										\
		out[i] = (expr);						\
	}									\
	return

static void run_f32(char op, float *out, const float *x, int64_t sx, const float *y, int64_t sy, int64_t n)
{
	int64_t i;

	switch (op) {
	case 'A':
		LOOP(a + b);
	case 'S':
		LOOP(a - b);
	case 'M':
		LOOP(a * b);
	case 'D':
		LOOP(a / b);
	default:
		LOOP(powf(a, b));
	}
}

static void run_f64(char op, double *out, const double *x, int64_t sx, const double *y, int64_t sy, int64_t n)
{
	int64_t i;

	for (i = 0; i < n; i++) {
		double a = x[i * sx], b = y[i * sy];

		out[i] = op == 'A' ? a + b : op == 'S' ? a - b : op == 'M' ? a * b : op == 'D' ? a / b : pow(a, b);
	}
}

LXA_OP_EXEC(binary)
{
	char op = c->n->op[0];		/* Add, Sub, Mul, Div, Pow */
	const struct lxa_tensor *x[2];
	struct lxa_tensor second, *out = &c->out[0];
	struct lxa_bcast b;
	int more, ret;

	ret = lxa_binary_operand(c, &second);
	if (ret)
		return ret;
	x[0] = c->in[0];
	x[1] = &second;
	if (out->dtype != LXA_F32 && out->dtype != LXA_F64)
		return binary_int(c, x, op);
	for (more = lxa_bcast_start(&b, out->ndim, out->dims, 2, x); more; more = lxa_bcast_next(&b)) {
		if (out->dtype == LXA_F32)
			run_f32(op, (float *)out->data + b.pos, (const float *)x[0]->data + b.off[0], b.step[0],
				(const float *)x[1]->data + b.off[1], b.step[1], b.inner);
		else
			run_f64(op, (double *)out->data + b.pos, (const double *)x[0]->data + b.off[0], b.step[0],
				(const double *)x[1]->data + b.off[1], b.step[1], b.inner);
	}
	return 0;
}

LXA_OP_EXEC(relu)
{
	const float *x = c->in[0]->data;
	float *y = c->out[0].data;
	int64_t n = lxa_tensor_count(c->in[0]), i;

	for (i = 0; i < n; i++)
		y[i] = x[i] < 0 ? 0 : x[i];	/* NaN stays NaN */
	return 0;
}

LXA_OP_EXEC(sign)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t n = lxa_tensor_count(x), i;

	for (i = 0; i < n; i++) {
		if (x->dtype == LXA_F32) {
			float v = ((const float *)x->data)[i];

			((float *)c->out[0].data)[i] = v > 0 ? 1 : v < 0 ? -1 : v;
		} else if (x->dtype == LXA_F64) {
			double v = ((const double *)x->data)[i];

			((double *)c->out[0].data)[i] = v > 0 ? 1 : v < 0 ? -1 : v;
		} else {
			uint64_t v = load_int(x, i);

			store_int(&c->out[0], i, is_signed(x->dtype) && (int64_t)v < 0 ? UINT64_MAX : v != 0);
		}
	}
	return 0;
}

static void clip_f32(struct lxa_op_ctx *c, const struct lxa_tensor *lo, const struct lxa_tensor *hi)
{
	/* Before opset 11 the bounds were attributes. */
	float min = lo ? *(const float *)lo->data : lxa_node_float(c->n, "min", -INFINITY);
	float max = hi ? *(const float *)hi->data : lxa_node_float(c->n, "max", INFINITY);
	const float *x = c->in[0]->data;
	float *y = c->out[0].data;
	int64_t n = lxa_tensor_count(c->in[0]), i;

	for (i = 0; i < n; i++) {
		float v = x[i] < min ? min : x[i];

		y[i] = v > max ? max : v;
	}
}

static void clip_f64(struct lxa_op_ctx *c, const struct lxa_tensor *lo, const struct lxa_tensor *hi)
{
	double min = lo ? *(const double *)lo->data : -(double)INFINITY;
	double max = hi ? *(const double *)hi->data : (double)INFINITY;
	const double *x = c->in[0]->data;
	double *y = c->out[0].data;
	int64_t n = lxa_tensor_count(c->in[0]), i;

	for (i = 0; i < n; i++) {
		double v = x[i] < min ? min : x[i];

		y[i] = v > max ? max : v;
	}
}

static int less(int with_sign, uint64_t a, uint64_t b)
{
	return with_sign ? (int64_t)a < (int64_t)b : a < b;
}

LXA_OP_EXEC(clip)
{
	const struct lxa_tensor *x = c->in[0];
	const struct lxa_tensor *lo = c->n_in > 1 ? c->in[1] : NULL, *hi = c->n_in > 2 ? c->in[2] : NULL;
	int with_sign = is_signed(x->dtype);
	int64_t n = lxa_tensor_count(x), i;

	if (x->dtype == LXA_F32) {
		clip_f32(c, lo, hi);
		return 0;
	}
	if (x->dtype == LXA_F64) {
		clip_f64(c, lo, hi);
		return 0;
	}
	for (i = 0; i < n; i++) {
		uint64_t v = load_int(x, i);

		if (lo && less(with_sign, v, load_int(lo, 0)))
			v = load_int(lo, 0);
		if (hi && less(with_sign, load_int(hi, 0), v))
			v = load_int(hi, 0);
		store_int(&c->out[0], i, v);
	}
	return 0;
}

LXA_OP_EXEC(dropout)
{
	int64_t n = lxa_tensor_count(c->in[0]), i;

	memcpy(c->out[0].data, c->in[0]->data, (size_t)n * lxa_dtype_size(c->in[0]->dtype));
	for (i = 0; c->n_out > 1 && i < n; i++) {
		if (c->out[1].dtype == LXA_F32)
			((float *)c->out[1].data)[i] = 1;
		else if (c->out[1].dtype == LXA_F64)
			((double *)c->out[1].data)[i] = 1;
		else
			store_int(&c->out[1], i, 1);
	}
	return 0;
}
