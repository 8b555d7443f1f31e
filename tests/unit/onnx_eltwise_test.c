/* SPDX-License-Identifier: MIT */
/*
 * onnx_eltwise_test.c - the element-wise operators: one input against formulas in double precision, several inputs against
 * plain index arithmetic, the forms of older opsets, integers, float16.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph_util.h"
#include "node_util.h"

/* ---- one input ---- */

static double relu(double x) { return x > 0 ? x : 0; }
static double leaky(double x) { return x >= 0 ? x : (double)0.01f * x; }	/* attributes are floats */
static double sigmoid(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }
static double hard_sigmoid(double x) { return fmin(fmax((double)0.2f * x + 0.5, 0), 1); }
static double hard_swish(double x) { return x >= 3 ? x : x <= -3 ? 0 : x * (x + 3) / 6; }
static double elu(double x) { return x >= 0 ? x : exp(x) - 1; }
static double selu(double x) { return (double)1.0507009873554805f * (x > 0 ? x : (double)1.6732632423543772f * (exp(x) - 1)); }
static double softplus(double x) { return log(1 + exp(x)); }
static double softsign(double x) { return x / (1 + fabs(x)); }
static double mish(double x) { return x * tanh(softplus(x)); }
static double swish(double x) { return x * sigmoid(x); }
static double gelu(double x) { return x * 0.5 * erfc(-x / sqrt(2)); }
static double thresholded(double x) { return x > 1 ? x : 0; }
static double shrink(double x) { return fabs(x) > 0.5 ? x : 0; }
static double sign(double x) { return (x > 0) - (x < 0); }
static double reciprocal(double x) { return 1 / x; }
static double negate(double x) { return -x; }
static double half_even(double x)
{
	double low = floor(x), d = x - low;

	return d < 0.5 || (d == 0.5 && fmod(low, 2) == 0) ? low : low + 1;
}

static const struct {
	const char *op;
	double (*f)(double);
	int positive;			/* inputs above 0 only */
	int opset[3];			/* forms of the specification; 0 ends */
} unary[] = {
	{ "Abs", fabs, 0, { 7, 13 } }, { "Ceil", ceil, 0, { 7, 13 } }, { "Celu", elu, 0, { 12 } }, { "Elu", elu, 0, { 7, 21 } },
	{ "Erf", erf, 0, { 9, 13 } }, { "Exp", exp, 0, { 7, 13 } }, { "Floor", floor, 0, { 7, 13 } }, { "Gelu", gelu, 0, { 20 } },
	{ "HardSigmoid", hard_sigmoid, 0, { 7, 21 } }, { "HardSwish", hard_swish, 0, { 14 } }, { "LeakyRelu", leaky, 0, { 7, 16 } },
	{ "Log", log, 1, { 7, 13 } }, { "Mish", mish, 0, { 18 } }, { "Neg", negate, 0, { 7, 13 } },
	{ "Reciprocal", reciprocal, 1, { 7, 13 } }, { "Relu", relu, 0, { 7, 13, 14 } }, { "Round", half_even, 0, { 11 } },
	{ "Selu", selu, 0, { 7 } }, { "Shrink", shrink, 0, { 9 } }, { "Sigmoid", sigmoid, 0, { 7, 13 } },
	{ "Sign", sign, 0, { 9, 13 } }, { "Softplus", softplus, 0, { 7 } }, { "Softsign", softsign, 0, { 7 } },
	{ "Sqrt", sqrt, 1, { 7, 13 } }, { "Swish", swish, 0, { 24 } }, { "Tanh", tanh, 0, { 7, 13 } },
	{ "ThresholdedRelu", thresholded, 0, { 10 } },
};

static void close_to(const struct node_test *t, int64_t i, double want, double rtol)
{
	double got = tensor_get(&t->out[0], i);

	if (!(fabs(got - want) <= rtol * fabs(want) + rtol / 10) && !(isnan(got) && isnan(want)) && got != want)
		fail_msg("%s of type %d: element %lld is %.9g, should be %.9g", t->n.op, (int)t->out[0].dtype, (long long)i, got,
			 want);
}

static void one_unary(size_t k, int opset, enum lxa_dtype type)
{
	const double rtol = type == LXA_F64 ? 1e-12 : type == LXA_F32 ? 2e-6 : type == LXA_F16 ? 1e-3 : 8e-3;
	const int range = 1 + (int)rnd(5);	/* exp of 10 is below float16's largest */
	struct lxa_tensor *x;
	struct node_test t;
	int64_t i;

	node_init(&t, unary[k].op, "", opset);
	x = node_in(&t, type, DIMS(2, 3, 5), NULL);
	for (i = 0; i < 30; i++) {
		double v = (double)rnd_float() * range;

		if (rnd(4) == 0)	/* ties and whole numbers */
			v = rint(v * 2) / 2;
		tensor_set(x, i, unary[k].positive ? fabs(v) + 0.01 : v);
	}
	node_run(&t);
	assert_int_equal(t.out[0].dtype, type);
	for (i = 0; i < 30; i++)
		close_to(&t, i, unary[k].f(tensor_get(x, i)), rtol);
	node_done(&t);
}

static void test_unary(void **unused)
{
	size_t k;
	int i;

	for (k = 0; k < sizeof(unary) / sizeof(unary[0]); k++)
		for (i = 0; i < 3 && unary[k].opset[i]; i++) {
			one_unary(k, unary[k].opset[i], LXA_F32);
			one_unary(k, unary[k].opset[i], LXA_F64);
			one_unary(k, unary[k].opset[i], LXA_F16);
			one_unary(k, unary[k].opset[i], LXA_BF16);
		}
}

/* Operator, its attributes, and one value in and out, computed by hand. */
static void with_attrs(const char *op, const char *a, float va, const char *b, float vb, double x, double want)
{
	struct node_test t;

	node_init(&t, op, "", 20);
	node_float(&t, a, va);
	if (b)
		node_float(&t, b, vb);
	node_in(&t, LXA_F64, SCALAR, VALUES(x));
	node_run(&t);
	close_to(&t, 0, want, 1e-6);
	node_done(&t);
}

static void test_unary_attributes(void **unused)
{
	struct node_test t;

	with_attrs("LeakyRelu", "alpha", 0.5f, NULL, 0, -3, -1.5);
	with_attrs("HardSigmoid", "alpha", 0.5f, "beta", 0.25f, 1, 0.75);
	with_attrs("HardSigmoid", "alpha", 0.5f, "beta", 0.25f, 9, 1);
	with_attrs("Elu", "alpha", 2, NULL, 0, -1, 2 * (exp(-1) - 1));
	with_attrs("Celu", "alpha", 2, NULL, 0, -1, 2 * (exp(-0.5) - 1));
	with_attrs("Selu", "alpha", 2, "gamma", 3, -1, 6 * (exp(-1) - 1));
	with_attrs("ThresholdedRelu", "alpha", 2, NULL, 0, 2, 0);
	with_attrs("Shrink", "lambd", 1.5f, "bias", 1, -2, -1);
	node_init(&t, "Gelu", "", 20);
	node_string(&t, "approximate", "tanh");
	node_in(&t, LXA_F64, SCALAR, VALUES(1));
	node_run(&t);
	close_to(&t, 0, 0.5 * (1 + tanh(sqrt(2 / M_PI) * 1.044715)), 1e-9);
	node_done(&t);
	node_init(&t, "Gelu", "", 20);
	node_string(&t, "approximate", "table");
	node_in(&t, LXA_F64, SCALAR, VALUES(1));
	node_refused(&t, "approximate \"table\" is not known");
	node_done(&t);
}

/* Special values: NaN stays, infinities saturate. */
static void test_unary_limits(void **unused)
{
	static const struct {
		const char *op;
		double nan, plus, minus;
	} rows[] = {
		{ "Relu", NAN, INFINITY, 0 }, { "Sigmoid", NAN, 1, 0 }, { "HardSigmoid", NAN, 1, 0 }, { "Tanh", NAN, 1, -1 },
		{ "Softplus", NAN, INFINITY, 0 }, { "Elu", NAN, INFINITY, -1 }, { "Erf", NAN, 1, -1 }, { "Abs", NAN, INFINITY, INFINITY },
	};
	struct node_test t;
	size_t k;

	for (k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		node_init(&t, rows[k].op, "", 14);
		node_in(&t, LXA_F32, DIMS(3), VALUES(NAN, INFINITY, -INFINITY));
		node_want(&t, 0, LXA_F32, DIMS(3), VALUES(rows[k].nan, rows[k].plus, rows[k].minus));
		node_done(&t);
	}
}

static void test_unary_integers(void **unused)
{
	struct node_test t;

	node_init(&t, "Relu", "", 14);
	node_in(&t, LXA_INT8, DIMS(4), VALUES(-128, -1, 0, 127));
	node_want(&t, 0, LXA_INT8, DIMS(4), VALUES(0, 0, 0, 127));
	node_done(&t);
	node_init(&t, "Abs", "", 13);
	node_in(&t, LXA_INT16, DIMS(3), VALUES(-32768, -5, 7));
	node_want(&t, 0, LXA_INT16, DIMS(3), VALUES(-32768, 5, 7));	/* wraps around */
	node_done(&t);
	node_init(&t, "Neg", "", 13);
	node_in(&t, LXA_INT32, DIMS(2), VALUES(-9, 4));
	node_want(&t, 0, LXA_INT32, DIMS(2), VALUES(9, -4));
	node_done(&t);
	node_init(&t, "Sign", "", 13);
	node_in(&t, LXA_UINT8, DIMS(2), VALUES(0, 200));
	node_want(&t, 0, LXA_UINT8, DIMS(2), VALUES(0, 1));
	node_done(&t);
	node_init(&t, "Shrink", "", 9);
	node_float(&t, "lambd", 2);
	node_float(&t, "bias", 1);
	node_in(&t, LXA_INT32, DIMS(5), VALUES(-3, -2, 0, 2, 3));
	node_want(&t, 0, LXA_INT32, DIMS(5), VALUES(-2, 0, 0, 0, 2));
	node_done(&t);
	node_init(&t, "Not", "", 7);
	node_in(&t, LXA_BOOL, DIMS(2), VALUES(0, 1));
	node_want(&t, 0, LXA_BOOL, DIMS(2), VALUES(1, 0));
	node_done(&t);
	node_init(&t, "Relu", "", 14);
	node_in(&t, LXA_UINT8, DIMS(1), VALUES(1));
	node_refused(&t, "input 0 is uint8; supported are float");
	node_done(&t);
}

/* ---- Clip: attributes, then inputs that may be left out ---- */

static void test_clip(void **unused)
{
	struct node_test t;

	node_init(&t, "Clip", "", 7);
	node_float(&t, "min", -1);
	node_float(&t, "max", 1);
	node_in(&t, LXA_F32, DIMS(3), VALUES(-2, 0.5, 3));
	node_want(&t, 0, LXA_F32, DIMS(3), VALUES(-1, 0.5, 1));
	node_done(&t);
	node_init(&t, "Clip", "", 10);		/* without bounds: the type's own */
	node_in(&t, LXA_F32, DIMS(2), VALUES(INFINITY, 3));
	node_want(&t, 0, LXA_F32, DIMS(2), VALUES((double)FLT_MAX, 3));
	node_done(&t);
	node_init(&t, "Clip", "", 11);
	node_in(&t, LXA_F32, DIMS(3), VALUES(-2, 0.5, 3));
	node_no_input(&t);
	node_in(&t, LXA_F32, SCALAR, VALUES(1));
	node_want(&t, 0, LXA_F32, DIMS(3), VALUES(-2, 0.5, 1));
	node_done(&t);
	node_init(&t, "Clip", "", 12);
	node_in(&t, LXA_INT64, DIMS(3), VALUES(-20, 5, 30));
	node_in(&t, LXA_INT64, SCALAR, VALUES(0));
	node_want(&t, 0, LXA_INT64, DIMS(3), VALUES(0, 5, 30));
	node_done(&t);
	node_init(&t, "Clip", "", 13);		/* min above max: max */
	node_in(&t, LXA_UINT8, DIMS(3), VALUES(1, 100, 250));
	node_in(&t, LXA_UINT8, SCALAR, VALUES(200));
	node_in(&t, LXA_UINT8, SCALAR, VALUES(50));
	node_want(&t, 0, LXA_UINT8, DIMS(3), VALUES(50, 50, 50));
	node_done(&t);
	node_init(&t, "Clip", "", 13);
	node_in(&t, LXA_F16, DIMS(2), VALUES(-4, 4));
	node_in(&t, LXA_F16, SCALAR, VALUES(-1.5));
	node_in(&t, LXA_F16, SCALAR, VALUES(2.5));
	node_want(&t, 0, LXA_F16, DIMS(2), VALUES(-1.5, 2.5));
	node_done(&t);
	node_init(&t, "Clip", "", 13);
	node_in(&t, LXA_F32, DIMS(2), NULL);
	node_in(&t, LXA_F64, SCALAR, NULL);
	node_refused(&t, "input 1 is double, input 0 is float");
	node_done(&t);
}

/* ---- two and more inputs ---- */

/* Element of t at the output's index `at`, by NumPy's rule: shapes aligned to the right, length 1 repeats. */
static double at_index(const struct lxa_tensor *t, const struct lxa_tensor *out, const int64_t *at)
{
	int64_t pos = 0;
	int d;

	for (d = 0; d < t->ndim; d++)
		pos = pos * t->dims[d] + (t->dims[d] == 1 ? 0 : at[out->ndim - t->ndim + d]);
	return tensor_get(t, pos);
}

static double expected(const char *op, int n, const double *v, int is_int)
{
	double r = v[0];
	int i;

	for (i = 1; i < n; i++) {
		double b = v[i];

		if (!strcmp(op, "Add") || !strcmp(op, "Sum") || !strcmp(op, "Mean"))
			r += b;
		else if (!strcmp(op, "Sub"))
			r -= b;
		else if (!strcmp(op, "Mul"))
			r *= b;
		else if (!strcmp(op, "Div"))
			r = is_int ? trunc(r / b) : r / b;
		else if (!strcmp(op, "Min"))
			r = r < b ? r : b;
		else if (!strcmp(op, "Max"))
			r = r > b ? r : b;
		else if (!strcmp(op, "PRelu"))
			r = r < 0 ? r * b : r;
		else if (!strcmp(op, "Equal"))
			r = r == b;
		else if (!strcmp(op, "Less"))
			r = r < b;
		else if (!strcmp(op, "Greater"))
			r = r > b;
		else if (!strcmp(op, "LessOrEqual"))
			r = r <= b;
		else if (!strcmp(op, "GreaterOrEqual"))
			r = r >= b;
		else
			fail_msg("no oracle for %s", op);
	}
	return strcmp(op, "Mean") ? r : r / n;
}

static void random_shape(int ndim, const int64_t *full, int *n, int64_t *dims)
{
	int d, skip = (int)rnd((uint32_t)ndim + 1);

	*n = ndim - skip;
	for (d = 0; d < *n; d++)
		dims[d] = rnd(3) == 0 ? 1 : full[skip + d];
}

static void one_broadcast(const char *op, enum lxa_dtype type, int n_in, int opset)
{
	int is_int = type != LXA_F32 && type != LXA_F64, ndim = 1 + (int)rnd(4), n, d, k;
	int64_t full[4], dims[4], at[4] = { 0 }, i;
	double v[4], want;
	struct node_test t;

	for (d = 0; d < 4; d++)
		full[d] = 1 + rnd(4);
	node_init(&t, op, "", opset);
	for (k = 0; k < n_in; k++) {
		random_shape(ndim, full, &n, dims);
		if (!k) {	/* the first is whole: PRelu wants it, the others get all shapes from the second on */
			n = ndim;
			memcpy(dims, full, sizeof(dims));
		}
		node_random(&t, type, n, dims, k ? 1 : 6, k ? 6 : 11);	/* no type overflows */
	}
	node_run(&t);
	assert_int_equal(t.out[0].ndim, ndim);
	for (i = 0; i < lxa_tensor_count(&t.out[0]); i++) {
		for (k = 0; k < n_in; k++)
			v[k] = at_index(&t.in[k], &t.out[0], at);
		want = expected(op, n_in, v, is_int);
		if (is_int || t.out[0].dtype == LXA_BOOL)
			assert_true(tensor_get(&t.out[0], i) == want);
		else
			close_to(&t, i, want, 1e-5);
		for (d = ndim - 1; d >= 0 && ++at[d] == t.out[0].dims[d]; d--)
			at[d] = 0;
	}
	node_done(&t);
}

static void test_broadcast(void **unused)
{
	static const char *const two[] = { "Add", "Sub", "Mul", "Div", "PRelu", "Equal", "Less", "Greater", "LessOrEqual",
					   "GreaterOrEqual" };
	static const char *const many[] = { "Min", "Max", "Sum", "Mean" };
	static const enum lxa_dtype types[] = { LXA_F32, LXA_F64, LXA_INT32, LXA_UINT32, LXA_INT64, LXA_UINT64, LXA_INT8, LXA_UINT8,
						LXA_INT16, LXA_UINT16 };
	size_t i, k, round;

	for (round = 0; round < 20; round++) {
		for (i = 0; i < sizeof(two) / sizeof(two[0]); i++)
			for (k = 0; k < (strcmp(two[i], "PRelu") ? 10 : 6); k++)
				one_broadcast(two[i], types[k], 2, 16);
		for (i = 0; i < 4; i++)
			for (k = 0; k < (i < 2 ? 10 : 2); k++)
				one_broadcast(many[i], types[k], 1 + (int)rnd(4), 13);
	}
}

/* Both operands have lengths of 1 that the other fills. */
static void test_broadcast_both(void **unused)
{
	struct node_test t;

	node_init(&t, "Sub", "", 7);
	node_in(&t, LXA_F32, DIMS(2, 1), VALUES(10, 20));
	node_in(&t, LXA_F32, DIMS(1, 3), VALUES(1, 2, 3));
	node_want(&t, 0, LXA_F32, DIMS(2, 3), VALUES(9, 8, 7, 19, 18, 17));
	node_done(&t);
	node_init(&t, "Max", "", 8);
	node_in(&t, LXA_F32, DIMS(2, 1), VALUES(10, 20));
	node_in(&t, LXA_F32, DIMS(3), VALUES(1, 15, 30));
	node_in(&t, LXA_F32, SCALAR, VALUES(12));
	node_want(&t, 0, LXA_F32, DIMS(2, 3), VALUES(12, 15, 30, 20, 20, 30));
	node_done(&t);
	node_init(&t, "Max", "", 13);		/* a NaN wins, on either side */
	node_in(&t, LXA_F32, DIMS(2), VALUES(NAN, 1));
	node_in(&t, LXA_F32, DIMS(2), VALUES(1, NAN));
	node_want(&t, 0, LXA_F32, DIMS(2), VALUES(NAN, NAN));
	node_done(&t);
	node_init(&t, "PRelu", "", 6);		/* one value a channel */
	node_in(&t, LXA_F32, DIMS(1, 2, 2), VALUES(-1, 1, -2, 2));
	node_in(&t, LXA_F32, DIMS(2), VALUES(2, 3));
	node_want(&t, 0, LXA_F32, DIMS(1, 2, 2), VALUES(-2, 1, -6, 2));
	node_done(&t);
	node_init(&t, "PRelu", "", 9);		/* the slope must not make the result larger */
	node_in(&t, LXA_F32, DIMS(1, 3), NULL);
	node_in(&t, LXA_F32, DIMS(2, 3), NULL);
	node_refused(&t, "does not broadcast to input 0");
	node_done(&t);
	node_init(&t, "Add", "", 14);
	node_in(&t, LXA_F32, DIMS(2), NULL);
	node_in(&t, LXA_INT32, DIMS(2), NULL);
	node_refused(&t, "the inputs are float and int32");
	node_done(&t);
	node_init(&t, "Add", "", 14);
	node_in(&t, LXA_F16, DIMS(2), VALUES(1, 2048));
	node_in(&t, LXA_F16, DIMS(2), VALUES(0.5, 1));
	node_want(&t, 0, LXA_F16, DIMS(2), VALUES(1.5, 2048));	/* rounds to even */
	node_done(&t);
}

static void one_pow(enum lxa_dtype a, double va, enum lxa_dtype b, double vb, double want)
{
	struct node_test t;

	node_init(&t, "Pow", "", 15);
	node_in(&t, a, SCALAR, VALUES(va));
	node_in(&t, b, SCALAR, VALUES(vb));
	node_want(&t, 0, a, SCALAR, VALUES(want));
	node_done(&t);
}

/* The result has the base's type; the exponent may have any. */
static void test_pow(void **unused)
{
	struct node_test t;

	one_pow(LXA_F32, 2, LXA_F32, 0.5, 1.41421356);
	one_pow(LXA_F64, 3, LXA_F32, -2, 1.0 / 9);
	one_pow(LXA_F32, -2, LXA_INT64, 3, -8);
	one_pow(LXA_INT32, 3, LXA_F32, 2.5, 15);	/* 15.58 */
	one_pow(LXA_INT64, -7, LXA_INT32, 3, -343);
	one_pow(LXA_INT64, 5, LXA_UINT8, 0, 1);
	one_pow(LXA_INT32, 2, LXA_INT32, -1, 0);
	one_pow(LXA_F16, 3, LXA_F32, 2, 9);
	one_pow(LXA_F32, 3, LXA_F16, 2, 9);
	node_init(&t, "Pow", "", 7);
	node_in(&t, LXA_F32, DIMS(3), VALUES(1, 2, 3));
	node_in(&t, LXA_F32, DIMS(2, 1), VALUES(1, 2));
	node_want(&t, 0, LXA_F32, DIMS(2, 3), VALUES(1, 2, 3, 1, 4, 9));
	node_done(&t);
	node_init(&t, "Pow", "", 15);
	node_in(&t, LXA_INT64, SCALAR, NULL);
	*(int64_t *)t.in[0].data = 3037000499;		/* exact beyond double's 53 bits */
	node_in(&t, LXA_INT64, SCALAR, VALUES(2));
	node_run(&t);
	assert_true(*(int64_t *)t.out[0].data == 3037000499 * 3037000499);
	node_done(&t);
}

static void test_logic(void **unused)
{
	static const char *const ops[] = { "And", "Or", "Xor" };
	static const double want[3][4] = { { 0, 0, 0, 1 }, { 0, 1, 1, 1 }, { 0, 1, 1, 0 } };
	struct node_test t;
	int i;

	for (i = 0; i < 3; i++) {
		node_init(&t, ops[i], "", 7);
		node_in(&t, LXA_BOOL, DIMS(2, 1), VALUES(0, 1));
		node_in(&t, LXA_BOOL, DIMS(2), VALUES(0, 1));
		node_want(&t, 0, LXA_BOOL, DIMS(2, 2), want[i]);
		node_done(&t);
	}
	node_init(&t, "Less", "", 9);		/* integers that double cannot tell apart */
	node_in(&t, LXA_INT64, DIMS(2), NULL);
	node_in(&t, LXA_INT64, DIMS(2), NULL);
	((int64_t *)t.in[0].data)[0] = INT64_MAX - 1;
	((int64_t *)t.in[1].data)[0] = INT64_MAX;
	((int64_t *)t.in[0].data)[1] = INT64_MIN;
	node_want(&t, 0, LXA_BOOL, DIMS(2), VALUES(1, 1));
	node_done(&t);
	node_init(&t, "Equal", "", 11);
	node_in(&t, LXA_F16, DIMS(3), VALUES(1, 2, NAN));
	node_in(&t, LXA_F16, DIMS(3), VALUES(1, 3, NAN));
	node_want(&t, 0, LXA_BOOL, DIMS(3), VALUES(1, 0, 0));
	node_done(&t);
}

static void test_where(void **unused)
{
	struct node_test t;

	node_init(&t, "Where", "", 9);
	node_in(&t, LXA_BOOL, DIMS(2, 1), VALUES(1, 0));
	node_in(&t, LXA_INT16, DIMS(3), VALUES(1, 2, 3));
	node_in(&t, LXA_INT16, SCALAR, VALUES(-1));
	node_want(&t, 0, LXA_INT16, DIMS(2, 3), VALUES(1, 2, 3, -1, -1, -1));
	node_done(&t);
	node_init(&t, "Where", "", 16);
	node_in(&t, LXA_BOOL, DIMS(2), VALUES(1, 0));
	node_in(&t, LXA_F16, DIMS(2), VALUES(1, 2));
	node_in(&t, LXA_F32, DIMS(2), VALUES(1, 2));
	node_refused(&t, "the inputs are float16 and float");
	node_done(&t);
}

/* ---- Dropout ---- */

static void test_dropout(void **unused)
{
	struct node_test t;

	node_init(&t, "Dropout", "", 7);	/* the mask has the input's type */
	node_float(&t, "ratio", 0.5f);
	node_in(&t, LXA_F32, DIMS(2), VALUES(3, 4));
	t.n.n_out = 2;
	node_want(&t, 0, LXA_F32, DIMS(2), VALUES(3, 4));
	node_want(&t, 1, LXA_F32, DIMS(2), VALUES(1, 1));
	node_done(&t);
	node_init(&t, "Dropout", "", 12);
	node_in(&t, LXA_F16, DIMS(2), VALUES(3, 4));
	node_in(&t, LXA_F32, SCALAR, VALUES(0.5));
	node_in(&t, LXA_BOOL, SCALAR, VALUES(0));
	t.n.n_out = 2;
	node_want(&t, 0, LXA_F16, DIMS(2), VALUES(3, 4));
	node_want(&t, 1, LXA_BOOL, DIMS(2), VALUES(1, 1));
	node_done(&t);
	node_init(&t, "Dropout", "", 13);	/* training, but nothing is dropped */
	node_in(&t, LXA_F32, DIMS(2), VALUES(3, 4));
	node_in(&t, LXA_F32, SCALAR, VALUES(0));
	node_in(&t, LXA_BOOL, SCALAR, VALUES(1));
	node_want(&t, 0, LXA_F32, DIMS(2), VALUES(3, 4));
	node_done(&t);
	node_init(&t, "Dropout", "", 13);
	node_in(&t, LXA_F32, DIMS(2), VALUES(3, 4));
	node_no_input(&t);
	node_in(&t, LXA_BOOL, SCALAR, VALUES(1));
	node_refused(&t, "training mode");
	node_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unary), cmocka_unit_test(test_unary_attributes), cmocka_unit_test(test_unary_limits),
		cmocka_unit_test(test_unary_integers), cmocka_unit_test(test_clip), cmocka_unit_test(test_broadcast),
		cmocka_unit_test(test_broadcast_both), cmocka_unit_test(test_pow), cmocka_unit_test(test_logic),
		cmocka_unit_test(test_where), cmocka_unit_test(test_dropout),
	};

	test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
