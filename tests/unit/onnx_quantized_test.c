/* SPDX-License-Identifier: MIT */
/*
 * onnx_quantized_test.c - QuantizeLinear, DequantizeLinear, ConvInteger, MatMulInteger, QLinearConv, QLinearMatMul: values
 * worked out by hand, and straight loops in 64-bit integers.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "geometry_util.h"

/* ---- QuantizeLinear ---- */

/* Ties go to even before the zero point is added: 0.5 is 0, 1.5 is 2, whatever the zero point. */
static void test_quantize_ties(void **unused)
{
	struct node_test t;

	node_init(&t, "QuantizeLinear", "", 10);
	node_in(&t, LXA_F32, DIMS(8), VALUES(1, 3, 5, -1, 300, -300, INFINITY, 0.9));
	node_in(&t, LXA_F32, SCALAR, VALUES(2));
	node_want(&t, 0, LXA_UINT8, DIMS(8), VALUES(0, 2, 2, 0, 150, 0, 255, 0));
	node_in(&t, LXA_UINT8, SCALAR, VALUES(3));
	node_run(&t);
	node_want(&t, 0, LXA_UINT8, DIMS(8), VALUES(3, 5, 5, 3, 153, 0, 255, 3));
	node_done(&t);

	node_init(&t, "QuantizeLinear", "", 10);
	node_in(&t, LXA_INT32, DIMS(5), VALUES(7, -7, 2147483647, -2147483647, 16777217));
	node_in(&t, LXA_F32, DIMS(1), VALUES(16777216));
	node_in(&t, LXA_INT8, DIMS(1), VALUES(-1));
	node_want(&t, 0, LXA_INT8, DIMS(5), VALUES(-1, -1, 127, -128, 0));
	node_done(&t);
}

static void test_quantize_types(void **unused)
{
	static const enum lxa_dtype types[4] = { LXA_UINT8, LXA_INT8, LXA_UINT16, LXA_INT16 };
	static const double want[4][4] = {
		{ 0, 10, 255, 255 }, { -128, 10, 127, 127 }, { 0, 10, 1000, 65535 }, { -2000, 10, 1000, 32767 },
	};
	struct node_test t;
	int i;

	for (i = 0; i < 4; i++) {
		node_init(&t, "QuantizeLinear", "", 21);
		node_in(&t, LXA_F32, DIMS(2, 2), VALUES(-1000, 5, 500, 40000));
		node_in(&t, LXA_F32, SCALAR, VALUES(0.5));
		if (i % 2)
			node_in(&t, types[i], SCALAR, VALUES(0));
		else
			node_int(&t, "output_dtype", types[i]);
		node_want(&t, 0, types[i], DIMS(2, 2), want[i]);
		node_done(&t);
	}
}

/* 4-bit integers, and float8: -1000 / 0.5 is beyond e4m3's 448, 3.3 / 0.5 is 6.6, between its 6.5 and 7. */
static void test_quantize_small_types(void **unused)
{
	struct node_test t;

	node_init(&t, "QuantizeLinear", "", 21);
	node_int(&t, "output_dtype", LXA_INT4);
	node_in(&t, LXA_F32, DIMS(4), VALUES(-1000, 1.25, 1.75, 500));
	node_in(&t, LXA_F32, SCALAR, VALUES(0.5));
	node_want(&t, 0, LXA_INT4, DIMS(4), VALUES(-8, 2, 4, 7));
	t.attr[0].i = LXA_UINT4;
	node_run(&t);
	node_want(&t, 0, LXA_UINT4, DIMS(4), VALUES(0, 2, 4, 15));
	tensor_set(&t.in[0], 1, 3.3);
	t.attr[0].i = LXA_F8E4M3FN;
	node_run(&t);
	node_want(&t, 0, LXA_F8E4M3FN, DIMS(4), NULL);
	assert_memory_equal(t.out[0].data, ((uint8_t[]){ 0xfe, 0x4d, 0x46, 0x7e }), 4);
	node_done(&t);

	/* And back: 4.5 * 2, with a float16 scale and result. */
	node_init(&t, "DequantizeLinear", "", 21);
	node_in(&t, LXA_F8E4M3FN, DIMS(2), NULL);
	memcpy(t.in[0].data, (uint8_t[]){ 0x49, 0xc9 }, 2);
	node_in(&t, LXA_F16, SCALAR, NULL);
	*(uint16_t *)t.in[1].data = 0x4000;
	node_want(&t, 0, LXA_F16, DIMS(2), NULL);
	assert_memory_equal(t.out[0].data, ((uint16_t[]){ 0x4880, 0xc880 }), 4);
	node_done(&t);
}

/* Every kind of value, per axis, there and back, to bytes (which have loops of their own) and to 16 bits. */
static void test_quantize_random(void **unused)
{
	static const enum lxa_dtype types[4] = { LXA_UINT8, LXA_INT8, LXA_UINT16, LXA_INT16 };
	static const double odd[8] = { NAN, INFINITY, -INFINITY, 0, 1e30, -1e30, 1e-40, 16777217 };
	struct node_test t, back;
	int round, i;

	for (round = 0; round < 40; round++) {
		enum lxa_dtype type = types[round % 4];
		int bits = type == LXA_UINT8 || type == LXA_INT8 ? 8 : 16, is_signed = type == LXA_INT8 || type == LXA_INT16;
		double lo = is_signed ? -ldexp(1, bits - 1) : 0, hi = lo + ldexp(1, bits) - 1;

		node_init(&t, "QuantizeLinear", "", 13);
		node_random(&t, LXA_F32, DIMS(3, 4, 50), 0, 0);
		node_random(&t, LXA_F32, DIMS(4), 0, 0);
		node_random(&t, type, DIMS(4), (int64_t)lo, (int64_t)hi);
		for (i = 0; i < 4; i++)
			tensor_set(&t.in[1], i, ldexp(1, (int)rnd(12) - 9) * (rnd(2) ? 1 : 0.7));
		for (i = 0; i < 8; i++)
			tensor_set(&t.in[0], rnd(600), odd[i]);
		node_want(&t, 0, type, DIMS(3, 4, 50), NULL);
		node_init(&back, "DequantizeLinear", "", 13);
		memcpy(node_in(&back, type, DIMS(3, 4, 50), NULL)->data, t.out[0].data, 600 * (size_t)bits / 8);
		memcpy(node_in(&back, LXA_F32, DIMS(4), NULL)->data, t.in[1].data, 16);
		memcpy(node_in(&back, type, DIMS(4), NULL)->data, t.in[2].data, 4 * (size_t)bits / 8);
		node_run(&back);
		for (i = 0; i < 600; i++) {
			volatile float quotient = ((float *)t.in[0].data)[i] / ((float *)t.in[1].data)[i / 50 % 4], value;
			double zero = tensor_get(&t.in[2], i / 50 % 4), want = nearbyint((double)quotient) + zero;

			want = isnan(want) ? 0 : want < lo ? lo : want > hi ? hi : want;
			assert_true(tensor_get(&t.out[0], i) == want);
			value = (float)(want - zero) * ((float *)t.in[1].data)[i / 50 % 4];
			assert_true(tensor_get(&back.out[0], i) == (double)value);
		}
		node_done(&back);
		node_done(&t);
	}
}

static void test_quantize_axis(void **unused)
{
	struct node_test t;

	/* The axis is 1 unless the node says otherwise; -1 is the last one. */
	node_init(&t, "QuantizeLinear", "", 13);
	node_in(&t, LXA_F32, DIMS(1, 2, 2), VALUES(1, 2, 3, 4));
	node_in(&t, LXA_F32, DIMS(2), VALUES(1, 0.25));
	node_in(&t, LXA_INT8, DIMS(2), VALUES(0, 10));
	node_want(&t, 0, LXA_INT8, DIMS(1, 2, 2), VALUES(1, 2, 22, 26));
	node_int(&t, "axis", -1);
	node_run(&t);
	node_want(&t, 0, LXA_INT8, DIMS(1, 2, 2), VALUES(1, 18, 3, 26));
	node_done(&t);
	/* Blocks of 2 along an axis of 3: the last one is cut short. */
	node_init(&t, "QuantizeLinear", "", 21);
	node_int(&t, "axis", 0);
	node_int(&t, "block_size", 2);
	node_in(&t, LXA_F32, DIMS(3, 2), VALUES(2, 2, 4, 4, 6, 6));
	node_in(&t, LXA_F32, DIMS(2, 2), VALUES(1, 2, 0.5, 0.25));
	node_want(&t, 0, LXA_UINT8, DIMS(3, 2), VALUES(2, 1, 4, 2, 12, 24));
	t.attr[1].i = 3;
	node_refused(&t, "not that of blocks of 3 along axis 0 of 3x2");
	t.attr[1].i = -2;
	node_refused(&t, "blocks of -2");
	t.attr[1].i = 2;
	t.attr[0].i = 2;
	node_refused(&t, "axis 2 is outside");
	node_done(&t);
}

static void test_quantize_refusals(void **unused)
{
	struct node_test t;

	node_init(&t, "QuantizeLinear", "", 21);
	node_int(&t, "output_dtype", LXA_INT32);
	node_in(&t, LXA_F32, DIMS(2, 3), NULL);
	node_in(&t, LXA_F32, DIMS(2), VALUES(1, 1));
	node_refused(&t, "quantizes to type 6 (int32)");
	t.attr[0].i = LXA_INT8;
	node_refused(&t, "must be one value or one for each of 3 along axis 1");
	node_in(&t, LXA_UINT8, DIMS(2), NULL);
	node_refused(&t, "output_dtype is 3 (int8), the zero point is uint8");
	t.attr[0].i = 0;
	t.in[2].dims[0] = 1;
	node_refused(&t, "the scale is 2, the zero point 1");
	node_done(&t);
}

static void test_dequantize(void **unused)
{
	struct node_test t;

	node_init(&t, "DequantizeLinear", "", 10);
	node_in(&t, LXA_UINT8, DIMS(4), VALUES(0, 3, 128, 255));
	node_in(&t, LXA_F32, SCALAR, VALUES(2));
	node_want(&t, 0, LXA_F32, DIMS(4), VALUES(0, 6, 256, 510));
	node_in(&t, LXA_UINT8, SCALAR, VALUES(128));
	node_run(&t);
	node_want(&t, 0, LXA_F32, DIMS(4), VALUES(-256, -250, 0, 254));
	node_done(&t);

	node_init(&t, "DequantizeLinear", "", 13);
	node_in(&t, LXA_INT32, DIMS(2, 2), VALUES(-2147483647, 5, 7, -1));
	node_in(&t, LXA_F32, DIMS(2), VALUES(1, 0.5));
	node_want(&t, 0, LXA_F32, DIMS(2, 2), VALUES(-2147483648.0, 2.5, 7, -0.5));
	node_int(&t, "axis", -2);
	node_run(&t);
	node_want(&t, 0, LXA_F32, DIMS(2, 2), VALUES(-2147483648.0, 5, 3.5, -0.5));
	node_done(&t);

	node_init(&t, "DequantizeLinear", "", 21);
	node_int(&t, "block_size", 2);
	node_in(&t, LXA_INT16, DIMS(1, 3, 2), VALUES(-32768, 1, 2, 3, 4, 5));
	node_in(&t, LXA_F32, DIMS(1, 2, 2), VALUES(1, 2, 3, 4));
	node_in(&t, LXA_INT16, DIMS(1, 2, 2), VALUES(1, 0, 1, -1));
	node_want(&t, 0, LXA_F32, DIMS(1, 3, 2), VALUES(-32769, 2, 1, 6, 9, 24));
	t.in[2].dtype = LXA_UINT16;
	node_refused(&t, "input 0 is int16, its zero point is uint16");
	node_done(&t);
}

/* ---- convolution ---- */

/* The sum of one output element: batch n, output channel m, position o. */
static int64_t conv_sum(const struct geometry *g, const struct lxa_tensor *x, const struct lxa_tensor *w, int64_t xz, int64_t wz,
			int64_t n, int64_t m, const int64_t *o)
{
	int64_t sum = 0, c, k[3], p[3], in = g->in[0] * g->in[1] * g->in[2], taps = g->k[0] * g->k[1] * g->k[2];

	for (c = 0; c < g->ic; c++)
		for (memset(k, 0, sizeof(k)); k[0] < g->k[0]; position_next(k, g->k))
			if (position_tap(g, o, k, p)) {
				int64_t at = ((n * g->group + m / g->oc) * g->ic + c) * in + position_index(p, g->in);
				int64_t wat = (m * g->ic + c) * taps + position_index(k, g->k);

				sum += ((int64_t)tensor_get(x, at) - xz) * ((int64_t)tensor_get(w, wat) - wz);
			}
	return sum;
}

static void int_in(struct node_test *t, int is_signed, int ndim, const int64_t *dims)
{
	node_random(t, is_signed ? LXA_INT8 : LXA_UINT8, ndim, dims, is_signed ? -128 : 0, is_signed ? 127 : 255);
}

static void conv_dims(const struct geometry *g, int64_t *x, int64_t *w, int64_t *y)
{
	x[0] = y[0] = g->n;
	x[1] = g->group * g->ic;
	w[0] = y[1] = g->group * g->oc;
	w[1] = g->ic;
	memcpy(x + 2, g->in, 24);
	memcpy(w + 2, g->k, 24);
	memcpy(y + 2, g->out, 24);
}

static void test_conv_integer(void **unused)
{
	int round;

	for (round = 0; round < 150; round++) {
		int64_t xd[5], wd[5], yd[5], n, m, o[3], at = 0;
		int xs = (int)rnd(2), ws = (int)rnd(2), zeros = (int)rnd(3);
		struct node_test t;
		struct geometry g;

		geometry_random(&g, 0);
		conv_dims(&g, xd, wd, yd);
		node_init(&t, "ConvInteger", "", 10);
		geometry_attrs(&t, &g, 1);
		int_in(&t, xs, 2 + g.nd, xd);
		int_in(&t, ws, 2 + g.nd, wd);
		if (zeros)
			int_in(&t, xs, SCALAR);
		if (zeros == 2)
			int_in(&t, ws, DIMS(rnd(2) ? g.group * g.oc : 1));
		node_want(&t, 0, LXA_INT32, 2 + g.nd, yd, NULL);
		for (n = 0; n < g.n; n++)
			for (m = 0; m < g.group * g.oc; m++)
				for (memset(o, 0, sizeof(o)); o[0] < g.out[0]; position_next(o, g.out), at++) {
					int64_t xz = zeros ? (int64_t)tensor_get(&t.in[2], 0) : 0, wz = 0;

					if (zeros == 2)
						wz = (int64_t)tensor_get(&t.in[3], t.in[3].dims[0] == 1 ? 0 : m);
					assert_int_equal((int64_t)tensor_get(&t.out[0], at),
							 conv_sum(&g, &t.in[0], &t.in[1], xz, wz, n, m, o));
				}
		node_done(&t);
	}
}

/* Enough output pixels for several blocks of them. */
static void test_conv_integer_large(void **unused)
{
	struct geometry g = { 2, 1, 1, 3, 2, { 40, 50, 1 }, { 3, 3, 1 }, { 1, 1, 1 }, { 1, 1, 1 }, { 1, 1, 0 }, { 1, 1, 0 },
			   { 40, 50, 1 } };
	int64_t o[3] = { 0 }, m;
	struct node_test t;

	node_init(&t, "ConvInteger", "", 10);
	node_string(&t, "auto_pad", "SAME_UPPER");
	int_in(&t, 0, DIMS(1, 3, 40, 50));
	int_in(&t, 1, DIMS(2, 3, 3, 3));
	node_want(&t, 0, LXA_INT32, DIMS(1, 2, 40, 50), NULL);
	for (m = 0; m < 2; m++)
		for (o[0] = 0; o[0] < 40; o[0]++)
			for (o[1] = 0; o[1] < 50; o[1]++)
				assert_int_equal((int64_t)tensor_get(&t.out[0], (m * 40 + o[0]) * 50 + o[1]),
						 conv_sum(&g, &t.in[0], &t.in[1], 0, 0, 0, m, o));
	node_done(&t);
}

static double saturated(double v, int is_signed)
{
	double lo = is_signed ? -128 : 0, hi = is_signed ? 127 : 255;

	return v < lo ? lo : v > hi ? hi : v;
}

/* Powers of two as scales: exact in any order of operations, so that ties are ties. */
static void test_qlinear_conv(void **unused)
{
	int round;

	for (round = 0; round < 100; round++) {
		int64_t xd[5], wd[5], yd[5], n, m, o[3], at = 0, channels;
		int xs = (int)rnd(2), ws = (int)rnd(2), ys = (int)rnd(2), each = (int)rnd(2), bias = (int)rnd(2);
		struct node_test t;
		struct geometry g;

		geometry_random(&g, 0);
		conv_dims(&g, xd, wd, yd);
		channels = g.group * g.oc;
		node_init(&t, "QLinearConv", "", 10);
		geometry_attrs(&t, &g, 1);
		int_in(&t, xs, 2 + g.nd, xd);
		node_in(&t, LXA_F32, SCALAR, VALUES(0.5));
		int_in(&t, xs, SCALAR);
		int_in(&t, ws, 2 + g.nd, wd);
		node_in(&t, LXA_F32, DIMS(each ? channels : 1), NULL);
		for (m = 0; m < (each ? channels : 1); m++)
			tensor_set(&t.in[4], m, ldexp(1, (int)rnd(4) - 10));
		int_in(&t, ws, DIMS(each ? channels : 1));
		node_in(&t, LXA_F32, SCALAR, VALUES(2));
		int_in(&t, ys, SCALAR);
		if (bias)
			node_random(&t, LXA_INT32, DIMS(channels), -50000, 50000);
		node_want(&t, 0, ys ? LXA_INT8 : LXA_UINT8, 2 + g.nd, yd, NULL);
		for (n = 0; n < g.n; n++)
			for (m = 0; m < channels; m++)
				for (memset(o, 0, sizeof(o)); o[0] < g.out[0]; position_next(o, g.out), at++) {
					int64_t i = each ? m : 0, sum;
					double v;

					sum = conv_sum(&g, &t.in[0], &t.in[3], (int64_t)tensor_get(&t.in[2], 0),
						       (int64_t)tensor_get(&t.in[5], i), n, m, o);
					sum += bias ? (int64_t)tensor_get(&t.in[8], m) : 0;
					v = nearbyint((double)sum * tensor_get(&t.in[4], i) / 4);
					v = saturated(v + tensor_get(&t.in[7], 0), ys);
					assert_true(tensor_get(&t.out[0], at) == v);
				}
		node_done(&t);
	}
}

static void test_conv_refusals(void **unused)
{
	struct node_test t;

	node_init(&t, "ConvInteger", "", 10);
	int_in(&t, 0, DIMS(1, 2, 3, 3));
	int_in(&t, 0, DIMS(2, 2, 2, 2));
	int_in(&t, 1, SCALAR);
	int_in(&t, 0, DIMS(3));
	node_refused(&t, "input 2 is int8, input 0, to which it belongs, is uint8");
	t.in[2].dtype = LXA_UINT8;
	node_refused(&t, "input 3 is 3, must be one value or 2");
	t.in[0].dtype = LXA_INT16;
	node_refused(&t, "input 0 is int16; supported are uint8, int8");
	node_done(&t);
}

/* ---- matrices ---- */

/* a: [2, 1, M, K], b: [3, K, N] -> [2, 3, M, N]; zero points one a row and one a column, of all matrices or of each. */
static void test_matmul_integer(void **unused)
{
	int64_t round, m, n, k, i, j, l, p, q;

	for (round = 0; round < 30; round++) {
		int as = (int)rnd(2), bs = (int)rnd(2), kind = (int)rnd(4);
		struct node_test t;

		m = 1 + rnd(5);
		n = 1 + rnd(9);
		k = 1 + rnd(40);
		node_init(&t, "MatMulInteger", "", 10);
		int_in(&t, as, DIMS(2, 1, m, k));
		int_in(&t, bs, DIMS(3, k, n));
		if (kind == 3) {
			int_in(&t, as, DIMS(2, 1, m, 1));
			int_in(&t, bs, DIMS(3, 1, n));
		} else if (kind) {
			int_in(&t, as, DIMS(kind == 2 ? m : 1));
			int_in(&t, bs, DIMS(kind == 2 ? n : 1));
		}
		node_want(&t, 0, LXA_INT32, DIMS(2, 3, m, n), NULL);
		for (p = 0; p < 2; p++)
			for (q = 0; q < 3; q++)
				for (i = 0; i < m; i++)
					for (j = 0; j < n; j++) {
						double az = 0, bz = 0, sum = 0;

						if (kind) {
							az = tensor_get(&t.in[2], kind == 3 ? p * m + i : kind == 2 ? i : 0);
							bz = tensor_get(&t.in[3], kind == 3 ? q * n + j : kind == 2 ? j : 0);
						}
						for (l = 0; l < k; l++)
							sum += (tensor_get(&t.in[0], (p * m + i) * k + l) - az) *
							       (tensor_get(&t.in[1], (q * k + l) * n + j) - bz);
						assert_true(tensor_get(&t.out[0], ((p * 3 + q) * m + i) * n + j) == sum);
					}
		node_done(&t);
	}
}

/* Sums may wrap around in 32 bits: 255 * 255 * 40000 = 2601000000, less 2^32. */
static void test_wraps(void **unused)
{
	struct node_test t;
	int64_t i;

	node_init(&t, "MatMulInteger", "", 10);
	node_in(&t, LXA_UINT8, DIMS(40000), NULL);
	node_in(&t, LXA_UINT8, DIMS(40000, 1), NULL);
	for (i = 0; i < 40000; i++) {
		tensor_set(&t.in[0], i, 255);
		tensor_set(&t.in[1], i, 255);
	}
	node_want(&t, 0, LXA_INT32, DIMS(1), VALUES(2601000000.0 - 4294967296.0));
	node_done(&t);
}

/* By hand: rows of a have the scales 1 and 0.5, columns of b 1 and 2, y 2. */
static void test_qlinear_matmul(void **unused)
{
	struct node_test t;

	node_init(&t, "QLinearMatMul", "", 10);
	node_in(&t, LXA_UINT8, DIMS(2, 2), VALUES(1, 2, 3, 4));
	node_in(&t, LXA_F32, DIMS(2), VALUES(1, 0.5));
	node_in(&t, LXA_UINT8, DIMS(2), VALUES(0, 1));
	node_in(&t, LXA_INT8, DIMS(2, 2), VALUES(1, -1, 2, 3));
	node_in(&t, LXA_F32, DIMS(2), VALUES(1, 2));
	node_in(&t, LXA_INT8, DIMS(2), VALUES(0, 1));
	node_in(&t, LXA_F32, SCALAR, VALUES(2));
	node_in(&t, LXA_INT8, SCALAR, VALUES(-3));
	/* Sums: 1*1 + 2*2 = 5, 1*-2 + 2*2 = 2; 2*1 + 3*2 = 8, 2*-2 + 3*2 = 2. Over 2: 2.5, 2; 2, 1. Ties to even, less 3. */
	node_want(&t, 0, LXA_INT8, DIMS(2, 2), VALUES(-1, -1, -1, -2));
	t.in[4].dims[0] = 1;
	t.in[5].ndim = 2;
	t.in[5].dims[1] = 1;
	node_refused(&t, "input 5 is 2x1, must be one value or one for each column of 2x2");
	node_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quantize_ties), cmocka_unit_test(test_quantize_types),
		cmocka_unit_test(test_quantize_small_types), cmocka_unit_test(test_quantize_random),
		cmocka_unit_test(test_quantize_axis), cmocka_unit_test(test_quantize_refusals),
		cmocka_unit_test(test_dequantize), cmocka_unit_test(test_conv_integer),
		cmocka_unit_test(test_conv_integer_large), cmocka_unit_test(test_qlinear_conv),
		cmocka_unit_test(test_conv_refusals), cmocka_unit_test(test_matmul_integer), cmocka_unit_test(test_wraps),
		cmocka_unit_test(test_qlinear_matmul),
	};

	test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
