/* SPDX-License-Identifier: MIT */
/*
 * onnx_reduce_test.c - reductions, ArgMax and ArgMin, Softmax and LogSoftmax: random tensors against straight loops over
 * every element for every result, and the forms of older opsets.
 */
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

static void index_of(const struct lxa_tensor *t, int64_t i, int64_t *at)
{
	int d;

	for (d = t->ndim - 1; d >= 0; d--) {
		at[d] = i % t->dims[d];
		i /= t->dims[d];
	}
}

/* 1 when the two elements of x differ only along the axes of the set. */
static int same_group(const struct lxa_tensor *x, const int64_t *a, const int64_t *b, unsigned int set)
{
	int d;

	for (d = 0; d < x->ndim; d++)
		if (a[d] != b[d] && !(set & 1u << d))
			return 0;
	return 1;
}

static double formula(const char *op, const double *v, int n)
{
	double sum = 0, abs_sum = 0, square = 0, prod = 1, max = v[0], min = v[0], exps = 0;
	int i;

	for (i = 0; i < n; i++) {
		sum += v[i];
		abs_sum += fabs(v[i]);
		square += v[i] * v[i];
		prod *= v[i];
		max = fmax(max, v[i]);
		min = fmin(min, v[i]);
		exps += exp(v[i]);
	}
	op += strlen("Reduce");
	return !strcmp(op, "Sum") ? sum : !strcmp(op, "Mean") ? sum / n : !strcmp(op, "Max") ? max : !strcmp(op, "Min") ? min :
	       !strcmp(op, "Prod") ? prod : !strcmp(op, "L1") ? abs_sum : !strcmp(op, "L2") ? sqrt(square) :
	       !strcmp(op, "SumSquare") ? square : !strcmp(op, "LogSum") ? log(sum) : log(exps);
}

static void check(double got, double want, double rtol, const char *what)
{
	if (!(fabs(got - want) <= rtol * fabs(want) + rtol / 10) && got != want)
		fail_msg("%s: %.9g, should be %.9g", what, got, want);
}

/* How the axes are given: an attribute or an input, positive or negative, or left out. */
static unsigned int give_axes(struct node_test *t, int ndim, int as_input)
{
	int64_t axes[4];
	unsigned int set = 0;
	double v[4];
	int d, n = 0;

	for (d = ndim - 1; d >= 0; d--)
		if (rnd(2)) {
			axes[n] = rnd(2) ? d : d - ndim;
			v[n] = (double)axes[n];
			n++;
			set |= 1u << d;
		}
	if (!n)
		return (1u << ndim) - 1;
	if (as_input)
		node_in(t, LXA_INT64, 1, (int64_t[]){ n }, v);
	else
		node_ints(t, "axes", n, axes);
	return set;
}

static void one_reduce(const char *op, enum lxa_dtype type, int opset)
{
	int ndim = 1 + (int)rnd(4), keep = (int)rnd(3), is_int = type != LXA_F32 && type != LXA_F64, d, n, k = 0;
	int64_t dims[4] = { 1 + rnd(3), 1 + rnd(4), 1 + rnd(3), 1 + rnd(3) }, want_dims[4], a[4], b[4], i, j;
	double group[256], got, want;
	unsigned int set;
	struct node_test t;

	node_init(&t, op, "", opset);
	node_random(&t, type, ndim, dims, 1, 3);
	for (i = 0; !is_int && i < lxa_tensor_count(&t.in[0]); i++)	/* LogSum takes positive ones only */
		tensor_set(&t.in[0], i, fabs(tensor_get(&t.in[0], i)) + 0.1);
	set = give_axes(&t, ndim, opset >= (strcmp(op, "ReduceSum") ? 18 : 13));
	if (keep < 2)		/* else the default, which is 1 */
		node_int(&t, "keepdims", keep);
	node_run(&t);
	for (n = 0, d = 0; d < ndim; d++)
		if (!(set & 1u << d) || keep)
			want_dims[n++] = set & 1u << d ? 1 : dims[d];
	node_want(&t, 0, type, n, want_dims, NULL);
	/* Results come in the order of the first element of their group. */
	for (i = 0; i < lxa_tensor_count(&t.in[0]); i++) {
		index_of(&t.in[0], i, a);
		for (d = 0; d < ndim && !(set & 1u << d && a[d]); d++)
			;
		if (d < ndim)
			continue;
		for (n = 0, j = 0; j < lxa_tensor_count(&t.in[0]); j++) {
			index_of(&t.in[0], j, b);
			if (same_group(&t.in[0], a, b, set))
				group[n++] = tensor_get(&t.in[0], j);
		}
		got = tensor_get(&t.out[0], k++);
		want = formula(op, group, n);
		if (!is_int)
			check(got, want, type == LXA_F32 ? 1e-5 : 1e-12, op);
		else if (got != trunc(want) && fabs(want - rint(want)) > 1e-9 * (1 + fabs(want)))
			fail_msg("%s of integers: %g, should be %g", op, got, trunc(want));
	}
	assert_int_equal(k, lxa_tensor_count(&t.out[0]));
	node_done(&t);
}

static void test_reduce(void **unused)
{
	static const char *const ops[] = { "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
					   "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp" };
	static const enum lxa_dtype types[] = { LXA_F32, LXA_F64, LXA_INT32, LXA_INT64, LXA_UINT64 };
	static const int opsets[] = { 7, 11, 13, 18, 20 };
	size_t i, k, o;
	int round;

	for (round = 0; round < 4; round++)
		for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
			for (k = 0; k < 5; k++)
				for (o = 0; o < 5; o++)
					one_reduce(ops[i], types[k], opsets[o]);
}

static void test_reduce_forms(void **unused)
{
	struct node_test t;

	/* No axes, and told to do nothing then: each element is a group of its own. */
	node_init(&t, "ReduceSum", "", 13);
	node_int(&t, "noop_with_empty_axes", 1);
	node_in(&t, LXA_F32, DIMS(2, 2), VALUES(1, -2, 3, 4));
	node_want(&t, 0, LXA_F32, DIMS(2, 2), VALUES(1, -2, 3, 4));
	node_in(&t, LXA_INT64, DIMS(0), NULL);		/* an empty list is no axes as well */
	node_run(&t);
	node_want(&t, 0, LXA_F32, DIMS(2, 2), VALUES(1, -2, 3, 4));
	node_done(&t);
	node_init(&t, "ReduceSumSquare", "", 18);
	node_int(&t, "noop_with_empty_axes", 1);
	node_in(&t, LXA_F32, DIMS(2), VALUES(2, -3));
	node_want(&t, 0, LXA_F32, DIMS(2), VALUES(4, 9));
	node_done(&t);
	/* Of nothing. */
	node_init(&t, "ReduceSum", "", 13);
	node_in(&t, LXA_F32, DIMS(2, 0), NULL);
	node_in(&t, LXA_INT64, DIMS(1), VALUES(1));
	node_want(&t, 0, LXA_F32, DIMS(2, 1), VALUES(0, 0));
	node_done(&t);
	node_init(&t, "ReduceProd", "", 18);
	node_in(&t, LXA_INT32, DIMS(0), NULL);
	node_want(&t, 0, LXA_INT32, DIMS(1), VALUES(1));
	node_done(&t);
	node_init(&t, "ReduceMax", "", 20);
	node_in(&t, LXA_INT8, DIMS(0), NULL);
	node_want(&t, 0, LXA_INT8, DIMS(1), VALUES(-128));
	node_done(&t);
	node_init(&t, "ReduceMin", "", 20);
	node_in(&t, LXA_F32, DIMS(0), NULL);
	node_want(&t, 0, LXA_F32, DIMS(1), VALUES(INFINITY));
	node_done(&t);
	/* bool since opset 20; 8-bit integers. */
	node_init(&t, "ReduceMax", "", 20);
	node_int(&t, "keepdims", 0);
	node_in(&t, LXA_BOOL, DIMS(2, 2), VALUES(0, 0, 0, 1));
	node_in(&t, LXA_INT64, DIMS(1), VALUES(1));
	node_want(&t, 0, LXA_BOOL, DIMS(2), VALUES(0, 1));
	node_done(&t);
	node_init(&t, "ReduceMin", "", 12);
	node_in(&t, LXA_UINT8, DIMS(3), VALUES(200, 100, 255));
	node_want(&t, 0, LXA_UINT8, DIMS(1), VALUES(100));
	node_done(&t);
	/* A sum that float16 would lose on the way: rounded once, at the end. */
	node_init(&t, "ReduceMean", "", 13);
	node_in(&t, LXA_F16, DIMS(4), VALUES(60000, 60000, 4, 4));
	node_want(&t, 0, LXA_F16, DIMS(1), VALUES(30000));
	node_done(&t);
	node_init(&t, "ReduceLogSumExp", "", 18);
	node_in(&t, LXA_F32, DIMS(2), VALUES(1000, 1000));
	node_want(&t, 0, LXA_F32, DIMS(1), VALUES(1000 + log(2)));
	node_done(&t);
	node_init(&t, "ReduceMax", "", 13);
	node_in(&t, LXA_F32, DIMS(3), VALUES(1, NAN, 2));
	node_want(&t, 0, LXA_F32, DIMS(1), VALUES(NAN));
	node_done(&t);
	node_init(&t, "ReduceSum", "", 11);
	node_ints(&t, "axes", 1, (int64_t[]){ 2 });
	node_in(&t, LXA_F32, DIMS(2, 2), NULL);
	node_refused(&t, "axis 2 is outside a tensor of 2 dimensions");
	node_done(&t);
}

/* ---- ArgMax, ArgMin ---- */

static void one_arg(const char *op, enum lxa_dtype type, int opset, int last)
{
	int ndim = 1 + (int)rnd(3), axis = (int)rnd((uint32_t)ndim), keep = (int)rnd(2), max = !strcmp(op, "ArgMax"), d, n;
	int64_t dims[3] = { 1 + rnd(4), 1 + rnd(4), 1 + rnd(4) }, want_dims[3], a[3], i, j, best, k = 0;
	struct node_test t;

	node_init(&t, op, "", opset);
	node_int(&t, "axis", opset >= 11 && rnd(2) ? axis - ndim : axis);
	node_int(&t, "keepdims", keep);
	if (last)
		node_int(&t, "select_last_index", 1);
	node_random(&t, type, ndim, dims, 0, 3);
	for (n = 0, d = 0; d < ndim; d++)
		if (d != axis || keep)
			want_dims[n++] = d == axis ? 1 : dims[d];
	node_want(&t, 0, LXA_INT64, n, want_dims, NULL);
	for (i = 0; i < lxa_tensor_count(&t.in[0]); i++) {
		int64_t step = 1;

		index_of(&t.in[0], i, a);
		if (a[axis])
			continue;
		for (d = axis + 1; d < ndim; d++)
			step *= dims[d];
		for (best = 0, j = 1; j < dims[axis]; j++) {
			double v = tensor_get(&t.in[0], i + j * step), w = tensor_get(&t.in[0], i + best * step);

			if ((max ? v > w : v < w) || (last && v == w))
				best = j;
		}
		assert_int_equal(((int64_t *)t.out[0].data)[k++], best);
	}
	node_done(&t);
}

static void test_arg(void **unused)
{
	static const enum lxa_dtype types[] = { LXA_F32, LXA_F64, LXA_F16, LXA_INT8, LXA_UINT8, LXA_INT32, LXA_UINT64 };
	struct node_test t;
	size_t k;
	int i;

	for (i = 0; i < 20; i++)
		for (k = 0; k < sizeof(types) / sizeof(types[0]); k++) {
			one_arg("ArgMax", types[k], 7, 0);
			one_arg("ArgMin", types[k], 11, 0);
			one_arg("ArgMax", types[k], 12, 1);
			one_arg("ArgMin", types[k], 13, (int)rnd(2));
		}
	node_init(&t, "ArgMax", "", 13);
	node_in(&t, LXA_F32, DIMS(0, 2), NULL);
	node_refused(&t, "dimension 0 is empty");
	node_done(&t);
}

/* ---- Softmax ---- */

/* Every group's sum is over the elements that differ from it along the axis, before opset 13: from the axis on. */
static void one_softmax(const char *op, enum lxa_dtype type, int opset)
{
	int ndim = 1 + (int)rnd(4), old = opset < 13, axis = (int)rnd((uint32_t)ndim), given = (int)rnd(3), d;
	int64_t dims[4] = { 1 + rnd(3), 1 + rnd(4), 1 + rnd(3), 1 + rnd(3) }, a[4], b[4], i, j;
	unsigned int set = 0;
	struct node_test t;
	double sum, x;

	node_init(&t, op, "", opset);
	if (given)
		node_int(&t, "axis", opset >= 11 && given == 2 ? axis - ndim : axis);
	else
		axis = old ? 1 : ndim - 1;
	for (d = 0; d < ndim; d++)
		if (d == axis || (old && d > axis))
			set |= 1u << d;
	if (axis == ndim)
		set = 0;	/* groups of one */
	node_random(&t, type, ndim, dims, 0, 0);
	node_run(&t);
	for (i = 0; i < lxa_tensor_count(&t.in[0]); i++) {
		index_of(&t.in[0], i, a);
		for (sum = 0, j = 0; j < lxa_tensor_count(&t.in[0]); j++) {
			index_of(&t.in[0], j, b);
			if (same_group(&t.in[0], a, b, set))
				sum += exp(tensor_get(&t.in[0], j));
		}
		x = tensor_get(&t.in[0], i);
		check(tensor_get(&t.out[0], i), strcmp(op, "Softmax") ? x - log(sum) : exp(x) / sum, type == LXA_F64 ? 1e-12 : 1e-5, op);
	}
	node_done(&t);
}

static void test_softmax(void **unused)
{
	static const int opsets[] = { 7, 11, 13, 21 };
	struct node_test t;
	size_t o;
	int i;

	for (i = 0; i < 30; i++)
		for (o = 0; o < 4; o++) {
			one_softmax("Softmax", LXA_F32, opsets[o]);
			one_softmax("Softmax", LXA_F64, opsets[o]);
			one_softmax("LogSoftmax", LXA_F32, opsets[o]);
			one_softmax("LogSoftmax", LXA_F64, opsets[o]);
		}
	node_init(&t, "Softmax", "", 13);	/* nothing overflows */
	node_in(&t, LXA_F32, DIMS(2), VALUES(10000, 10000));
	node_want(&t, 0, LXA_F32, DIMS(2), VALUES(0.5, 0.5));
	node_done(&t);
	node_init(&t, "LogSoftmax", "", 13);
	node_in(&t, LXA_F16, DIMS(2), VALUES(-300, 300));
	node_want(&t, 0, LXA_F16, DIMS(2), VALUES(-600, 0));
	node_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reduce), cmocka_unit_test(test_reduce_forms), cmocka_unit_test(test_arg),
		cmocka_unit_test(test_softmax),
	};

	test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
