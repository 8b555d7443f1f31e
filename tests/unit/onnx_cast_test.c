/* SPDX-License-Identifier: MIT */
/*
 * onnx_cast_test.c - Cast between all types that the library has, ConstantOfShape, Constant's forms, tensor files of the small
 * types. The small floats are held against a search over all their codes.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "graph_util.h"
#include "node_util.h"

static const enum lxa_dtype small[] = { LXA_F16, LXA_BF16, LXA_F8E4M3FN, LXA_F8E4M3FNUZ, LXA_F8E5M2, LXA_F8E5M2FNUZ };
#define N_SMALL 6

static unsigned int codes(enum lxa_dtype t)
{
	return 1u << 8 * lxa_dtype_size(t);
}

static double value(enum lxa_dtype type, unsigned int code)
{
	uint16_t c = (uint16_t)code;
	struct lxa_tensor t = { .dtype = type, .data = &c };

	return tensor_get(&t, 0);
}

static unsigned int code_of(const struct lxa_tensor *t, int64_t i)
{
	return lxa_dtype_size(t->dtype) == 2 ? ((const uint16_t *)t->data)[i] : ((const uint8_t *)t->data)[i];
}

static void cast_init(struct node_test *t, enum lxa_dtype from, enum lxa_dtype to, int64_t n, int saturate)
{
	node_init(t, "Cast", "", 21);
	node_int(t, "to", to);
	if (saturate >= 0)
		node_int(t, "saturate", saturate);
	node_in(t, from, DIMS(n), NULL);
}

/* Every code of every small type to float and back. */
static void test_all_codes(void **unused)
{
	struct node_test t, back;
	unsigned int i;
	size_t k;

	for (k = 0; k < N_SMALL; k++) {
		unsigned int n = codes(small[k]);

		cast_init(&t, small[k], LXA_F32, n, -1);
		for (i = 0; i < n; i++) {
			if (n > 256)
				((uint16_t *)t.in[0].data)[i] = (uint16_t)i;
			else
				((uint8_t *)t.in[0].data)[i] = (uint8_t)i;
		}
		node_run(&t);
		cast_init(&back, LXA_F32, small[k], n, 0);
		memcpy(back.in[0].data, t.out[0].data, n * sizeof(float));
		node_run(&back);
		for (i = 0; i < n; i++) {
			double want = value(small[k], i), got = (double)((float *)t.out[0].data)[i];

			if (isnan(want) ? !isnan(got) : got != want || signbit(got) != signbit(want))
				fail_msg("type %d, code %#x: %.9g, should be %.9g", (int)small[k], i, got, want);
			if (isnan(want) ? !isnan(value(small[k], code_of(&back.out[0], i))) : code_of(&back.out[0], i) != i)
				fail_msg("type %d, code %#x came back as %#x", (int)small[k], i, code_of(&back.out[0], i));
		}
		node_done(&t);
		node_done(&back);
	}
}

/* The nearest finite value, of two equally near ones the one with an even code; among codes 0 .. n - 1. */
static unsigned int nearest(enum lxa_dtype type, double v)
{
	unsigned int half = codes(type) / 2, i, best = 0;
	double x = fabs(v), distance = INFINITY;

	for (i = 0; i < half; i++) {
		double y = value(type, i);

		if (!isfinite(y) || fabs(y - x) > distance || (fabs(y - x) == distance && i & 1))
			continue;
		distance = fabs(y - x);
		best = i;
	}
	return best;
}

static void test_rounding(void **unused)
{
	struct node_test t;
	unsigned int half, i, k;
	size_t s;

	for (s = 0; s < N_SMALL; s++) {
		half = codes(small[s]) / 2;
		cast_init(&t, LXA_F64, small[s], 300, -1);
		for (i = 0; i < 300; i++) {
			/* Between two neighbours: at, below and above the middle. */
			double a, b, v;

			do {
				k = rnd(half - 1);
				a = value(small[s], k);
				b = value(small[s], k + 1);
			} while (!isfinite(a) || !isfinite(b));
			v = a + (b - a) * (i % 3 == 0 ? 0.5 : i % 3 == 1 ? 0.49999 : 0.50001);
			((double *)t.in[0].data)[i] = rnd(2) ? v : -v;
		}
		node_run(&t);
		for (i = 0; i < 300; i++) {
			double v = ((double *)t.in[0].data)[i], got = value(small[s], code_of(&t.out[0], i));

			if (fabs(got) != value(small[s], nearest(small[s], v)) || (got != 0 && signbit(got) != signbit(v)))
				fail_msg("type %d: %.17g became %.9g", (int)small[s], v, got);
		}
		node_done(&t);
	}
}

static void one_limit(enum lxa_dtype type, double v, int saturate, double want)
{
	struct node_test t;
	double got;

	cast_init(&t, LXA_F32, type, 1, saturate);
	*(float *)t.in[0].data = (float)v;
	node_run(&t);
	got = tensor_get(&t.out[0], 0);
	if (isnan(want) ? !isnan(got) : got != want)
		fail_msg("type %d, saturate %d: %g became %g, should be %g", (int)type, saturate, v, got, want);
	node_done(&t);
}

/* The specification's tables for what is beyond the range. */
static void test_limits(void **unused)
{
	static const struct {
		enum lxa_dtype type;
		double max, unsaturated;
	} rows[] = {
		{ LXA_F8E4M3FN, 448, NAN }, { LXA_F8E4M3FNUZ, 240, NAN }, { LXA_F8E5M2, 57344, INFINITY }, { LXA_F8E5M2FNUZ, 57344, NAN },
	};
	size_t i;

	for (i = 0; i < 4; i++) {
		one_limit(rows[i].type, rows[i].max, 1, rows[i].max);
		one_limit(rows[i].type, -rows[i].max, 0, -rows[i].max);
		one_limit(rows[i].type, 1e6, 1, rows[i].max);
		one_limit(rows[i].type, -1e6, 1, -rows[i].max);
		one_limit(rows[i].type, INFINITY, 1, rows[i].max);
		one_limit(rows[i].type, 1e6, 0, rows[i].unsaturated);
		one_limit(rows[i].type, INFINITY, 0, rows[i].unsaturated);
		one_limit(rows[i].type, NAN, 1, NAN);
		one_limit(rows[i].type, 1e-9, 1, 0);
	}
	one_limit(LXA_F16, 65504, -1, 65504);
	one_limit(LXA_F16, 65519, -1, 65504);
	one_limit(LXA_F16, 65520, -1, INFINITY);
	one_limit(LXA_F16, -1e9, -1, -INFINITY);
	one_limit(LXA_BF16, (double)FLT_MAX, -1, INFINITY);
}

static void cast_one(enum lxa_dtype from, double v, enum lxa_dtype to, double want)
{
	struct node_test t;

	node_init(&t, "Cast", "", 13);
	node_int(&t, "to", to);
	node_in(&t, from, SCALAR, VALUES(v));
	node_want(&t, 0, to, SCALAR, VALUES(want));
	node_done(&t);
}

static void test_numbers(void **unused)
{
	cast_one(LXA_F32, 2.9, LXA_INT8, 2);
	cast_one(LXA_F32, -2.9, LXA_INT64, -2);
	cast_one(LXA_F32, 300, LXA_UINT8, 255);		/* beyond the range ONNX leaves it open: limited */
	cast_one(LXA_F32, -1, LXA_UINT32, 0);
	cast_one(LXA_F64, 1e30, LXA_INT32, INT32_MAX);
	cast_one(LXA_F64, NAN, LXA_INT32, 0);
	cast_one(LXA_INT16, 200, LXA_INT8, -56);	/* the specification's example: high bits are dropped */
	cast_one(LXA_INT32, -1, LXA_UINT16, 65535);
	cast_one(LXA_INT64, 70000, LXA_INT16, 4464);
	cast_one(LXA_UINT8, 200, LXA_F16, 200);
	cast_one(LXA_F32, 0.3, LXA_BOOL, 1);
	cast_one(LXA_F32, -0.0, LXA_BOOL, 0);
	cast_one(LXA_F32, NAN, LXA_BOOL, 1);
	cast_one(LXA_BOOL, 1, LXA_F64, 1);
	cast_one(LXA_INT32, 36, LXA_BOOL, 1);
	cast_one(LXA_F32, 9, LXA_INT4, 7);
	cast_one(LXA_F32, -9, LXA_INT4, -8);
	cast_one(LXA_F32, 16, LXA_UINT4, 15);
	cast_one(LXA_INT4, -3, LXA_INT8, -3);
	cast_one(LXA_UINT4, 12, LXA_F32, 12);
}

/* Whatever holds a small whole number holds it still after any chain of two casts. */
static void test_all_pairs(void **unused)
{
	static const enum lxa_dtype all[] = {
		LXA_F32, LXA_F64, LXA_F16, LXA_BF16, LXA_F8E4M3FN, LXA_F8E4M3FNUZ, LXA_F8E5M2, LXA_F8E5M2FNUZ, LXA_INT4, LXA_UINT4,
		LXA_INT8, LXA_UINT8, LXA_INT16, LXA_UINT16, LXA_INT32, LXA_UINT32, LXA_INT64, LXA_UINT64,
	};
	const size_t n = sizeof(all) / sizeof(all[0]);
	struct node_test t;
	size_t a, b;
	int64_t i;

	for (a = 0; a < n; a++) {
		for (b = 0; b < n; b++) {
			cast_init(&t, all[a], all[b], 5, -1);
			for (i = 0; i < 5; i++)
				tensor_set(&t.in[0], i, (double)(i + (i > 2)));
			node_run(&t);
			for (i = 0; i < 5; i++)
				if (tensor_get(&t.out[0], i) != (double)(i + (i > 2)))
					fail_msg("%d to %d: %lld became %g", (int)all[a], (int)all[b], (long long)i,
						 tensor_get(&t.out[0], i));
			node_done(&t);
		}
	}
}

static void test_refusals(void **unused)
{
	struct node_test t;

	node_init(&t, "Cast", "", 13);
	node_in(&t, LXA_F32, SCALAR, NULL);
	node_refused(&t, "attribute to is missing");
	node_int(&t, "to", 8);
	node_refused(&t, "casts to element type 8 (string), which is not supported");
	t.attr[0].i = 1 << 20;
	node_refused(&t, "casts to element type 1048576 (an unknown type)");
	t.attr[0].i = -5;
	node_refused(&t, "casts to element type -5");
	node_done(&t);
	node_init(&t, "CastLike", "", 15);
	node_in(&t, LXA_F32, DIMS(2), VALUES(1.5, -3));
	node_in(&t, LXA_INT8, DIMS(7), NULL);
	node_want(&t, 0, LXA_INT8, DIMS(2), VALUES(1, -3));
	node_done(&t);
}

static void test_constant_of_shape(void **unused)
{
	int64_t five = 5;
	struct node_test t;

	node_init(&t, "ConstantOfShape", "", 9);
	node_in(&t, LXA_INT64, DIMS(2), VALUES(2, 3));
	node_want(&t, 0, LXA_F32, DIMS(2, 3), VALUES(0, 0, 0, 0, 0, 0));
	node_done(&t);
	node_init(&t, "ConstantOfShape", "", 20);
	t.attr[t.n.n_attr++] = (struct lxa_attr){ .name = "value", .type = LXA_ATTR_TENSOR,
						  .t = { .dtype = LXA_INT64, .ndim = 1, .dims = { 1 }, .data = &five } };
	node_in(&t, LXA_INT64, DIMS(1), VALUES(2));
	node_want(&t, 0, LXA_INT64, DIMS(2), VALUES(5, 5));
	node_done(&t);
	node_init(&t, "ConstantOfShape", "", 9);	/* an empty shape: a scalar */
	node_in(&t, LXA_INT64, DIMS(0), NULL);
	node_want(&t, 0, LXA_F32, SCALAR, VALUES(0));
	node_done(&t);
}

/* Files keep 4-bit elements in pairs and the small floats as bits; reading back gives the same. */
static void test_files(void **unused)
{
	static const enum lxa_dtype types[] = { LXA_F16, LXA_BF16, LXA_F8E4M3FN, LXA_F8E5M2FNUZ, LXA_INT4, LXA_UINT4 };
	char path[64] = "/tmp/lxa-cast-XXXXXX.pb";
	int fd = mkstemps(path, 3), i;
	struct lxa_err err;
	size_t k;

	assert_true(fd >= 0);
	close(fd);
	for (k = 0; k < sizeof(types) / sizeof(types[0]); k++) {
		struct lxa_tensor t = { .dtype = types[k], .ndim = 2, .dims = { 1, 5 } }, back;

		assert_int_equal(lxa_tensor_alloc(&t), 0);
		for (i = 0; i < 5; i++)
			tensor_set(&t, i, types[k] == LXA_INT4 ? i - 3 : i);
		if (lxa_tensor_write(path, &t, &err) || lxa_tensor_read(path, &back, &err))
			fail_msg("%s", err.text);
		assert_int_equal(back.dtype, types[k]);
		assert_int_equal(back.dims[1], 5);
		assert_memory_equal(back.data, t.data, 5 * lxa_dtype_size(types[k]));
		lxa_tensor_free(&back);
		if (types[k] == LXA_INT4) {
			assert_int_equal(lxa_tensor_write("/tmp/x.npy", &t, &err), -EINVAL);
			assert_non_null(strstr(err.text, ".npy has no element type int4"));
		}
		lxa_tensor_free(&t);
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_codes), cmocka_unit_test(test_rounding), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_all_pairs), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_constant_of_shape), cmocka_unit_test(test_files),
	};

	test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
