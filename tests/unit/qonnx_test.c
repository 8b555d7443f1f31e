/* SPDX-License-Identifier: MIT */
/*
 * qonnx_test.c - QONNX's operators over tensors: Quant with every rounding mode and with scales, zero points and bit widths a
 * channel, Trunc of both versions, MultiThreshold. Oracles: tables of the operators' descriptions, numbers worked out by
 * hand, and straight loops in double precision on values that floats hold exactly.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "graph_util.h"
#include "node_util.h"

#define QONNX "qonnx.custom_op.general"

static void quant_init(struct node_test *t, const char *op, const char *mode, int is_signed, int narrow)
{
	node_init(t, op, QONNX, 13);
	node_int(t, "signed", is_signed);
	node_int(t, "narrow", narrow);
	node_string(t, "rounding_mode", mode);
}

/* The table of rounding modes in the operator's description, under both names of the operator. */
static void test_rounding_table(void **unused)
{
	static const double x[10] = { 5.5, 2.5, 1.6, 1.1, 1, -1, -1.1, -1.6, -2.5, -5.5 };
	static const struct {
		const char *mode;
		double want[10];
	} rows[] = {
		{ "ROUND", { 6, 2, 2, 1, 1, -1, -1, -2, -2, -6 } }, { "half_even", { 6, 2, 2, 1, 1, -1, -1, -2, -2, -6 } },
		{ "CEIL", { 6, 3, 2, 2, 1, -1, -1, -1, -2, -5 } }, { "FLOOR", { 5, 2, 1, 1, 1, -1, -2, -2, -3, -6 } },
		{ "UP", { 6, 3, 2, 2, 1, -1, -2, -2, -3, -6 } }, { "DOWN", { 5, 2, 1, 1, 1, -1, -1, -1, -2, -5 } },
		{ "ROUND_TO_ZERO", { 5, 2, 1, 1, 1, -1, -1, -1, -2, -5 } },
		{ "HALF_UP", { 6, 3, 2, 1, 1, -1, -1, -2, -3, -6 } }, { "Half_Down", { 5, 2, 2, 1, 1, -1, -1, -2, -2, -5 } },
	};
	struct node_test t;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		quant_init(&t, i % 2 ? "IntQuant" : "Quant", rows[i].mode, 1, 0);
		node_in(&t, LXA_F32, DIMS(10), x);
		node_in(&t, LXA_F32, SCALAR, VALUES(1));
		node_in(&t, LXA_F32, SCALAR, VALUES(0));
		node_in(&t, LXA_F32, SCALAR, VALUES(8));
		node_want(&t, 0, LXA_F32, DIMS(10), rows[i].want);
		node_done(&t);
	}
}

/* Channels of 2, 3 and 4 bits with scales and zero points of their own; bit widths as int32. */
static void test_per_channel(void **unused)
{
	static const double x[9] = { -9, 0.4, 9, -9, 0.4, 9, -9, 0.4, 9 };
	struct node_test t;

	quant_init(&t, "Quant", "ROUND", 1, 0);
	node_in(&t, LXA_F32, DIMS(1, 3, 3), x);
	node_in(&t, LXA_F32, DIMS(1, 3, 1), VALUES(1, 0.5, 0.25));
	node_in(&t, LXA_F32, DIMS(1, 3, 1), VALUES(0, 1, -2));
	node_in(&t, LXA_INT32, DIMS(1, 3, 1), VALUES(2, 3, 4));
	/* Codes -2 0 1, then -4 2 3 less the zero point 1, then -8 round(1.6 - 2) 7 plus 2. */
	node_want(&t, 0, LXA_F32, DIMS(1, 3, 3), VALUES(-2, 0, 1, -2.5, 0.5, 1, -1.5, 0.5, 2.25));
	node_done(&t);

	quant_init(&t, "Quant", "ROUND", 0, 1);
	node_in(&t, LXA_F32, DIMS(1, 3, 3), x);
	node_in(&t, LXA_F32, DIMS(1), VALUES(1));
	node_in(&t, LXA_F32, DIMS(1), VALUES(0));
	node_in(&t, LXA_F32, DIMS(3, 1), VALUES(2, 3, 8));
	node_want(&t, 0, LXA_F32, DIMS(1, 3, 3), VALUES(0, 0, 2, 0, 0, 6, 0, 0, 9));
	node_done(&t);
}

static void test_quant_refusals(void **unused)
{
	struct node_test t;

	quant_init(&t, "Quant", "SIDEWAYS", 1, 0);
	node_in(&t, LXA_F32, DIMS(2), NULL);
	node_in(&t, LXA_F32, SCALAR, VALUES(1));
	node_in(&t, LXA_F32, SCALAR, VALUES(0));
	node_in(&t, LXA_F32, DIMS(2), VALUES(4, 40));
	node_refused(&t, "rounding_mode \"SIDEWAYS\" is not known");
	t.attr[2].s = "ROUND";
	node_refused(&t, "the bit width is 40");
	t.in[3].dims[0] = 3;
	node_refused(&t, "shapes 2 and 3 do not broadcast");
	node_done(&t);
}

/* Version 1 by hand: 11 / 1 + 0 = 11, over 2^(8-6) is 2.75, floor 2. With zero point 2: 13 / 4 = 3.25, floor 3, less 2. */
static void test_trunc_v1(void **unused)
{
	struct node_test t;

	node_init(&t, "Trunc", QONNX, 13);
	node_in(&t, LXA_F32, DIMS(5), VALUES(11, -11, 3, 4.4, 255));
	node_in(&t, LXA_F32, SCALAR, VALUES(1));
	node_in(&t, LXA_F32, SCALAR, VALUES(0));
	node_in(&t, LXA_INT32, SCALAR, VALUES(8));
	node_in(&t, LXA_F32, SCALAR, VALUES(6));
	node_want(&t, 0, LXA_F32, DIMS(5), VALUES(2, -3, 0, 1, 63));
	node_string(&t, "rounding_mode", "ROUND");
	tensor_set(&t.in[2], 0, 2);
	node_run(&t);
	node_want(&t, 0, LXA_F32, DIMS(5), VALUES(1, -4, -1, 0, 62));
	node_done(&t);
}

/* Version 2 by hand: 0.25 to 1 is a division by 4, and the value keeps its place: 2.75 is the integer 11, 11 / 4 floors to 2. */
static void test_trunc_v2(void **unused)
{
	struct node_test t;

	node_init(&t, "Trunc", QONNX, 13);
	node_in(&t, LXA_F32, DIMS(5), VALUES(2.75, -2.75, 0.75, 100, -100));
	node_in(&t, LXA_F32, SCALAR, VALUES(0.25));
	node_in(&t, LXA_F32, SCALAR, VALUES(0));
	node_in(&t, LXA_F32, SCALAR, VALUES(8));
	node_in(&t, LXA_F32, SCALAR, VALUES(1));
	node_in(&t, LXA_INT32, SCALAR, VALUES(4));
	node_want(&t, 0, LXA_F32, DIMS(5), VALUES(2, -3, 0, 7, -8));
	node_int(&t, "signed", 0);
	node_string(&t, "rounding_mode", "CEIL");
	node_run(&t);
	node_want(&t, 0, LXA_F32, DIMS(5), VALUES(3, 0, 1, 15, 0));
	node_int(&t, "narrow", 1);
	/* Zero point 4 of the input is 1 of the output: (11 + 4) / 4 ceils to 4, less 1. */
	tensor_set(&t.in[2], 0, 4);
	node_run(&t);
	node_want(&t, 0, LXA_F32, DIMS(5), VALUES(3, -1, 1, 13, -1));
	tensor_set(&t.in[3], 0, 0);
	node_refused(&t, "the bit widths are 0 and 4");
	node_done(&t);
}

static void mt_init(struct node_test *t, int ndim, const int64_t *dims, const double *v, const int64_t *tdims, const double *th)
{
	node_init(t, "MultiThreshold", QONNX, 13);
	node_string(t, "out_dtype", "INT4");
	node_in(t, LXA_F32, ndim, dims, v);
	node_in(t, LXA_F32, 2, tdims, th);
}

static void test_multithreshold(void **unused)
{
	static const double x[8] = { -1, 0, 1, 2, -1, 0, 1, 2 }, th[6] = { 0, 1, 2, -1, 0, 5 };
	struct node_test t;

	/* N x C x H x W: two channels of 2 x 2; a value that equals a threshold has reached it. */
	mt_init(&t, DIMS(1, 2, 2, 2), x, (int64_t[]){ 2, 3 }, th);
	node_want(&t, 0, LXA_F32, DIMS(1, 2, 2, 2), VALUES(0, 1, 2, 3, 1, 2, 2, 2));
	node_float(&t, "out_scale", 2);
	node_float(&t, "out_bias", -1.5);
	node_run(&t);
	node_want(&t, 0, LXA_F32, DIMS(1, 2, 2, 2), VALUES(-1.5, 0.5, 2.5, 4.5, 0.5, 2.5, 2.5, 2.5));
	/* The same numbers with the channels last. */
	node_string(&t, "data_layout", "NHWC");
	node_run(&t);
	node_want(&t, 0, LXA_F32, DIMS(1, 2, 2, 2), VALUES(-1.5, 2.5, 2.5, 2.5, -1.5, 2.5, 2.5, 2.5));
	t.attr[3].s = "NCWH";
	node_refused(&t, "data_layout \"NCWH\" is not known");
	node_done(&t);

	/* Other ranks: the channels are last. */
	mt_init(&t, DIMS(2, 2, 2), x, (int64_t[]){ 2, 3 }, th);
	node_want(&t, 0, LXA_F32, DIMS(2, 2, 2), VALUES(0, 2, 2, 2, 0, 2, 2, 2));
	node_done(&t);
	mt_init(&t, DIMS(2), VALUES(1, 5), (int64_t[]){ 2, 3 }, th);
	node_want(&t, 0, LXA_F32, DIMS(2), VALUES(2, 3));
	node_done(&t);
	/* ... unless they can only be in the middle. */
	mt_init(&t, DIMS(1, 2, 4), x, (int64_t[]){ 2, 3 }, th);
	node_want(&t, 0, LXA_F32, DIMS(1, 2, 4), VALUES(0, 1, 2, 3, 1, 2, 2, 2));
	node_done(&t);
	/* N x C, thresholds for all channels, not sorted, and a NaN. */
	mt_init(&t, DIMS(2, 2), VALUES(NAN, 1, 0.5, INFINITY), (int64_t[]){ 1, 3 }, VALUES(2, 0, 1));
	node_want(&t, 0, LXA_F32, DIMS(2, 2), VALUES(0, 2, 1, 3));
	node_done(&t);

	mt_init(&t, DIMS(2, 3), NULL, (int64_t[]){ 2, 3 }, th);
	node_refused(&t, "input 2x3 and thresholds 2x3 do not belong together");
	node_done(&t);
}

/* Against straight loops: random shapes, counts and layouts. */
static void test_multithreshold_random(void **unused)
{
	int round;

	for (round = 0; round < 50; round++) {
		int64_t n = 1 + rnd(3), ch = 2 + rnd(5), h = 1 + rnd(4), w = 1 + rnd(4), steps = 1 + rnd(40), i, k, same = rnd(2);
		int nhwc = (int)rnd(2);
		int64_t dims[4] = { n, nhwc ? h : ch, nhwc ? w : h, nhwc ? ch : w };
		struct node_test t;

		node_init(&t, "MultiThreshold", "finn.custom_op.general", 11);
		node_string(&t, "data_layout", nhwc ? "NHWC" : "NCHW");
		node_random(&t, LXA_F32, 4, dims, 0, 0);
		node_random(&t, LXA_F32, DIMS(same ? 1 : ch, steps), 0, 0);
		node_run(&t);
		for (i = 0; i < n * ch * h * w; i++) {
			int64_t c = nhwc ? i % ch : i / (h * w) % ch, count = 0;

			for (k = 0; k < steps; k++)
				count += tensor_get(&t.in[0], i) >= tensor_get(&t.in[1], (same ? 0 : c) * steps + k);
			assert_true(tensor_get(&t.out[0], i) == (double)count);
		}
		node_done(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rounding_table), cmocka_unit_test(test_per_channel),
		cmocka_unit_test(test_quant_refusals), cmocka_unit_test(test_trunc_v1), cmocka_unit_test(test_trunc_v2),
		cmocka_unit_test(test_multithreshold), cmocka_unit_test(test_multithreshold_random),
	};

	test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
