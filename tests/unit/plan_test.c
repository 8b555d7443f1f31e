// SPDX-License-Identifier: MIT
/*
 * The planner and the executor: small ONNX graphs, planned, run on the CPU kernels and on a simulated device, compared
 * with the float reference that executes every node as ONNX says. Binary layers must be equal, ties included; log
 * layers may differ by one code where the value lies at a rounding boundary.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../driver/shim/lxa_shim.h"
#include "../../sim/lxa_sim.h"
#include "layer_util.h"
#include "plan_util.h"

static struct lxa_device *devices[2];	/* model, rtl: NULL when this build has none */
static const char *const device_names[2] = { "sim:model", "sim:rtl" };

static void assert_placed(const struct planned *r, const char *op, int k, enum lxa_place place)
{
	const struct lxa_plan_entry *e = net_entry(r, op, k);

	if (e->place != place)
		fail_msg("%s (%d) is on the %s: %s", op, k, e->place == LXA_PLACE_DEVICE ? "device" : "CPU", e->reason);
}

/* On every engine there is: the same bits as the CPU kernels, and no layer that differs. */
static void check_devices(const struct net *n, const struct lxa_tensor *in, const struct lxa_tensor *want)
{
	struct lxa_tensor out;
	struct planned r;
	int i;

	for (i = 0; i < 2; i++) {
		if (!devices[i])
			continue;
		net_plan(n, devices[i], 2, &r);
		net_run(&r, in, &out, 1);
		if (r.res.mismatches)
			fail_msg("%s: %s", device_names[i], r.res.first_mismatch);
		assert_int_equal(lxa_tensor_count(&out), lxa_tensor_count(want));
		if (memcmp(out.data, want->data, (size_t)lxa_tensor_count(want) * sizeof(float)))
			fail_msg("%s gives another output than the CPU kernels", device_names[i]);
		lxa_tensor_free(&out);
		planned_free(&r);
	}
}

static void assert_equal_floats(const struct lxa_tensor *got, const struct lxa_tensor *want)
{
	int64_t i, n = lxa_tensor_count(want);
	const float *a = got->data, *b = want->data;

	assert_int_equal(lxa_tensor_count(got), n);
	for (i = 0; i < n; i++)
		if (a[i] != b[i])
			fail_msg("element %lld of %lld: %.9g, reference %.9g", (long long)i, (long long)n, a[i], b[i]);
}

/* Run on the CPU kernels and devices; must equal the reference exactly. Leaves the plan for questions. */
static void check_exact(struct net *n, const struct lxa_tensor *in, int64_t batch, struct planned *r)
{
	struct lxa_tensor want, got;

	net_reference(n, in, &want);
	net_plan(n, NULL, batch, r);
	net_run(r, in, &got, 0);
	assert_equal_floats(&got, &want);
	check_devices(n, in, &got);
	lxa_tensor_free(&want);
	lxa_tensor_free(&got);
	unlink(n->path);
}

/* ---- binary ------------------------------------------------------------------------------------------------------ */

static void test_binary_chain(void **state)
{
	struct lxa_tensor in;
	struct planned r;
	struct net n;
	int64_t c;
	int round;

	for (round = 0; round < 6; round++) {
		c = 3 + layer_test_rnd(70);
		net_begin(&n, c, 9, 8);
		net_bipolar(&n, 1);
		net_conv(&n, NET_BIPOLAR, 20 + layer_test_rnd(80), 3, 1, round % 2, 1, round % 3 == 0);
		net_bn(&n, 1);
		net_bipolar(&n, 1);
		net_conv(&n, NET_BIPOLAR, 66, 2, 2, 1, 1, 0);
		net_bn(&n, 1);
		net_bipolar(&n, 1);
		net_pool(&n, 2, 1 + layer_test_rnd(2));
		net_fc(&n, NET_BIPOLAR, 10, round % 2);
		net_const(&n, "Mul", 1, 0.1f, 2);
		net_end(&n);
		random_input(&in, 5, c, 9, 8, -1, 1);
		check_exact(&n, &in, 2, &r);
		assert_placed(&r, "Conv", 0, LXA_PLACE_DEVICE);
		assert_placed(&r, "Conv", 1, LXA_PLACE_DEVICE);
		assert_placed(&r, "BatchNormalization", 1, LXA_PLACE_DEVICE);
		assert_placed(&r, "MaxPool", 0, LXA_PLACE_DEVICE);
		assert_placed(&r, round % 2 ? "Gemm" : "MatMul", 0, LXA_PLACE_DEVICE);
		assert_placed(&r, "Mul", 0, LXA_PLACE_CPU);
		assert_placed(&r, "Flatten", 0, LXA_PLACE_DEVICE);	/* a view of the image */
		lxa_tensor_free(&in);
		planned_free(&r);
	}
}

/* A 1x1 layer whose K weights are +1: image i has i inputs at +1, so that the sum 2i - K takes every value it can. */
static void every_sum(int64_t k, int levels)
{
	struct lxa_tensor in;
	struct planned r;
	struct net n;
	int64_t i, c;

	net_begin(&n, k, 1, 1);
	net_bipolar(&n, 1);
	net_conv(&n, NET_BIPOLAR, 90, 1, 1, 0, 1, k % 3 == 0);
	net_bn(&n, 1);
	if (levels) {
		net_node(&n, "Relu");
		net_const(&n, "Add", 1, -0.5f, 0.5f);	/* not a line any more */
		net_quant(&n, 0.25f, (float)levels, 0);
	} else {
		net_bipolar(&n, 1);
	}
	net_end(&n);
	random_input(&in, k + 1, k, 1, 1, -1, 1);
	for (i = 0; i <= k; i++)
		for (c = 0; c < k; c++)
			((float *)in.data)[i * k + c] = c < i ? 1 : -1;
	check_exact(&n, &in, k + 1, &r);
	assert_placed(&r, "BatchNormalization", 0, LXA_PLACE_DEVICE);
	lxa_tensor_free(&in);
	planned_free(&r);
}

static void test_every_sum(void **state)
{
	static const int64_t ks[] = { 1, 2, 3, 16, 63, 64, 65, 127, 300 };
	size_t i;

	for (i = 0; i < sizeof(ks) / sizeof(ks[0]); i++) {
		every_sum(ks[i], 0);
		every_sum(ks[i], i % 2 ? 4 : 2);
	}
}

/* Borders of 0, +1 and -1 written as Pad nodes: all three are exact on the XNOR lanes, other values stay on the CPU. */
static void test_pad_values(void **state)
{
	static const float values[] = { 0, 1, -1, 0.5f };
	struct lxa_tensor in;
	struct planned r;
	struct net n;
	size_t i;

	for (i = 0; i < 4; i++) {
		net_begin(&n, 20, 5, 4);
		net_bipolar(&n, 1);
		net_pad(&n, 1, values[i]);
		net_conv(&n, NET_BIPOLAR, 30, 3, 1, 0, 1, 0);
		net_bn(&n, 1);
		net_bipolar(&n, 1);
		net_end(&n);
		random_input(&in, 3, 20, 5, 4, -1, 1);
		check_exact(&n, &in, 3, &r);
		assert_placed(&r, "Pad", 0, i < 3 ? LXA_PLACE_DEVICE : LXA_PLACE_CPU);
		assert_placed(&r, "Conv", 0, i < 3 ? LXA_PLACE_DEVICE : LXA_PLACE_CPU);
		lxa_tensor_free(&in);
		planned_free(&r);
	}
}

static void test_grouped_binary(void **state)
{
	static const int64_t groups[] = { 2, 5, 40 };
	struct lxa_tensor in;
	struct planned r;
	struct net n;
	size_t i;

	for (i = 0; i < 3; i++) {
		net_begin(&n, 40, 5, 6);
		net_bipolar(&n, 0.5f);
		net_conv(&n, NET_BIPOLAR, 80, 3, 1, 1, groups[i], 0);
		net_bn(&n, 1);
		net_bipolar(&n, 2);
		net_end(&n);
		random_input(&in, 3, 40, 5, 6, -1, 1);
		check_exact(&n, &in, 3, &r);
		assert_placed(&r, "Conv", 0, LXA_PLACE_DEVICE);
		lxa_tensor_free(&in);
		planned_free(&r);
	}
}

/* A max-pool before a falling channel does not commute with the output stage. */
static void test_pool_negative(void **state)
{
	struct lxa_tensor in;
	struct planned r;
	struct net n;
	int after;

	for (after = 0; after < 2; after++) {
		net_begin(&n, 30, 6, 6);
		net_bipolar(&n, 1);
		net_conv(&n, NET_BIPOLAR, 32, 3, 1, 0, 1, 0);
		if (after)
			net_bn(&n, 1);
		net_pool(&n, 2, 2);
		if (!after)
			net_bn(&n, 1);
		net_bipolar(&n, 1);
		net_end(&n);
		random_input(&in, 4, 30, 6, 6, -1, 1);
		check_exact(&n, &in, 4, &r);
		assert_placed(&r, "Conv", 0, LXA_PLACE_DEVICE);
		assert_placed(&r, "MaxPool", 0, LXA_PLACE_DEVICE);
		assert_placed(&r, "BatchNormalization", 0, after ? LXA_PLACE_DEVICE : LXA_PLACE_CPU);
		if (!after)
			assert_non_null(strstr(net_entry(&r, "Conv", 0)->reason, "negative"));
		lxa_tensor_free(&in);
		planned_free(&r);
	}
}

/* ONNX's Sign(0) is 0, which a bit cannot be: sums that reach it stay off the device, others do not. */
static void test_sign(void **state)
{
	struct lxa_tensor in;
	struct planned r;
	struct net n;
	int64_t k;

	for (k = 8; k < 10; k++) {
		net_begin(&n, k, 3, 3);
		net_bipolar(&n, 1);
		net_conv(&n, NET_BIPOLAR, 16, 1, 1, 0, 1, 0);
		net_node(&n, "Sign");
		net_end(&n);
		random_input(&in, 6, k, 3, 3, -1, 1);
		check_exact(&n, &in, 6, &r);
		assert_placed(&r, "Conv", 0, LXA_PLACE_DEVICE);
		assert_placed(&r, "Sign", 0, k % 2 ? LXA_PLACE_DEVICE : LXA_PLACE_CPU);
		lxa_tensor_free(&in);
		planned_free(&r);
	}
}

/* ---- log and integers ------------------------------------------------------------------------ */

/* One quantized layer; compares codes. Off by more than one level, or more than 1 % of them, is an error. */
static void one_log_layer(struct net *n, int64_t c, int64_t h, int64_t w, double ratio)
{
	struct lxa_tensor in, want, got;
	struct planned r;
	int64_t i, count, off = 0;

	random_input(&in, 3, c, h, w, -0.3f, 1);
	net_reference(n, &in, &want);
	net_plan(n, NULL, 3, &r);
	net_run(&r, &in, &got, 0);
	check_devices(n, &in, &got);
	count = lxa_tensor_count(&want);
	for (i = 0; i < count; i++) {
		double a = ((float *)got.data)[i], b = ((float *)want.data)[i];

		if (a == b)
			continue;
		off++;
		if (a != 0 && b != 0 && (a / b > ratio * 1.001 || b / a > ratio * 1.001))
			fail_msg("element %lld: %g, reference %g: more than one code apart", (long long)i, a, b);
	}
	if (off * 100 > count)
		fail_msg("%lld of %lld codes differ from the float reference", (long long)off, (long long)count);
	assert_placed(&r, "Conv", 0, LXA_PLACE_DEVICE);
	assert_int_equal(net_entry(&r, "Conv", 0)->head, 1);
	lxa_tensor_free(&in);
	lxa_tensor_free(&want);
	lxa_tensor_free(&got);
	planned_free(&r);
	unlink(n->path);
}

static void test_log_layers(void **state)
{
	static const enum net_quant wq[] = { NET_LOG, NET_LOG_SQRT2, NET_LOG_FLOOR, NET_INT8, NET_BIPOLAR };
	struct net n;
	int i;

	for (i = 0; i < 20; i++) {
		int steps = 1 + i % 2, groups = i % 4 == 3 ? 24 : i % 4 == 2 ? 2 : 1;

		net_begin(&n, 24, 7, 7);
		net_log(&n, 4, steps, 1, "NEAREST");
		net_conv(&n, wq[i % 5], 48, 3, 1 + i % 2, 1, groups, i % 2);
		if (i % 3)
			net_bn(&n, 0);
		if (i % 3 == 2)
			net_pool(&n, 2, 2);
		net_node(&n, "Relu");
		net_log(&n, steps == 2 && i % 3 ? 5 : 4, steps, 4, i % 2 ? "NEAREST" : "FLOOR");
		net_end(&n);
		one_log_layer(&n, 24, 7, 7, steps == 2 ? sqrt(2) : 2);
	}
}

static void test_integer_activations(void **state)
{
	struct net n;
	int i;

	for (i = 0; i < 6; i++) {
		net_begin(&n, 3, 9, 9);
		net_quant(&n, i % 2 ? 1.0f / 255 : 1.0f / 128, 8, !(i % 2));
		net_conv(&n, i % 3 == 2 ? NET_LOG_SQRT2 : NET_LOG, 20, 3, 1, 1, 1, 1);
		net_const(&n, "Mul", 1, 0.3f, 2);
		net_const(&n, "Add", 1, -1, 1);
		net_log(&n, 4, 1, 3, "NEAREST");
		net_end(&n);
		one_log_layer(&n, 3, 9, 9, 2);
	}
}

/* A first layer of c channels, its kernel's geometry given, its output coded exactly; `packed`: what the reason must say. */
static void one_packed(int64_t c, const int64_t k[2], const int64_t s[2], const int64_t d[2], const int64_t pads[4],
		       int is_signed, const char *packed)
{
	/* not so small, and outputs not so few, that reading decides instead of the lanes */
	int64_t h = (k[0] - 1) * d[0] + 8 + layer_test_rnd(9), w = (k[1] - 1) * d[1] + 8 + layer_test_rnd(9);
	const struct lxa_plan_entry *e;
	struct lxa_tensor in;
	struct planned r;
	struct net n;

	net_begin(&n, c, h, w);
	net_quant(&n, 1.0f / 64, 8, is_signed);
	net_conv_open(&n, NET_BIPOLAR, 33 + layer_test_rnd(40), k[0], k[1], 1, 0);
	lxa_onnx_attr_ints(n.m, "strides", 2, s);
	lxa_onnx_attr_ints(n.m, "dilations", 2, d);
	lxa_onnx_attr_ints(n.m, "pads", 4, pads);
	n.height = (h + pads[0] + pads[2] - (k[0] - 1) * d[0] - 1) / s[0] + 1;
	n.width = (w + pads[1] + pads[3] - (k[1] - 1) * d[1] - 1) / s[1] + 1;
	if (layer_test_rnd(2) && n.height > 1 && n.width > 1)
		net_pool(&n, 2, 1 + layer_test_rnd(2));
	net_quant(&n, 0.25f, 4, 0);
	net_end(&n);
	random_input(&in, 5, c, h, w, -0.5f, 1.5f);
	check_exact(&n, &in, 2, &r);
	assert_placed(&r, "Conv", 0, LXA_PLACE_DEVICE);
	e = net_entry(&r, "Conv", 0);
	if (packed ? !strstr(e->reason, packed) : strstr(e->reason, "packed") != NULL)
		fail_msg("%lld channels, %lld x %lld: %s", (long long)c, (long long)k[0], (long long)k[1], e->reason);
	lxa_tensor_free(&in);
	planned_free(&r);
}

static void test_packed_pixels(void **state)
{
	static const int64_t k3[] = { 3, 3 }, k7[] = { 7, 7 }, row[] = { 1, 7 }, one[] = { 1, 1 }, two[] = { 2, 2 }, down[] = { 2, 1 };
	static const int64_t pad[] = { 1, 1, 1, 1 }, some[] = { 2, 1, 0, 2 }, none[] = { 0, 0, 0, 0 };
	const char *rows = "rows and columns";
	int i;

	one_packed(3, k3, one, one, pad, 0, "rows and columns share the lanes, 27 of 32");
	one_packed(1, k3, one, one, pad, 1, "rows and columns share the lanes, 9 of 16");
	one_packed(3, k7, two, one, some, 0, "rows and columns share the lanes, 147 of 160");
	one_packed(3, k3, down, down, some, 1, rows);
	one_packed(2, row, one, one, none, 0, "kernel columns share the lanes, 14 of 16");
	one_packed(3, k3, one, two, pad, 0, NULL);	/* dilated to the right */
	one_packed(32, one, one, one, none, 0, NULL); /* nothing to gain */
	for (i = 0; i < 12; i++) {
		int64_t k[2] = { 2 + layer_test_rnd(5), 2 + layer_test_rnd(5) }, s[2] = { 1 + layer_test_rnd(3), 1 + layer_test_rnd(3) };
		int64_t d[2] = { 1 + layer_test_rnd(2), 1 }, p[4];
		int a;

		for (a = 0; a < 4; a++)
			p[a] = layer_test_rnd((uint32_t)k[a % 2]);
		one_packed(1 + layer_test_rnd(2), k, s, d, p, i % 2, "packed");
	}
}

/* ---- too big for one job ----------------------------------------------------------------------------------------- */

/* One convolution on an image of its kernel's size and a border, with coded outputs of 4 bits or a bit; `jobs` of them. */
static void one_too_big(int binary, int64_t c, int64_t oc, int64_t k, int64_t dilation, int64_t pad, int64_t groups, int jobs)
{
	int64_t size = (k - 1) * dilation + 1 + (pad ? 1 : 0), both[] = { dilation, dilation }, pads[] = { pad, pad, pad, pad };
	struct lxa_tensor in;
	struct planned r;
	char text[32];
	struct net n;

	net_begin(&n, c, size, size);
	if (binary)
		net_bipolar(&n, 1);
	else
		net_log(&n, 3, 1, 0, "FLOOR");
	net_conv_open(&n, NET_BIPOLAR, oc, k, k, groups, 0);
	lxa_onnx_attr_ints(n.m, "dilations", 2, both);
	lxa_onnx_attr_ints(n.m, "pads", 4, pads);
	n.height = n.width = size + 2 * pad - (k - 1) * dilation;
	net_bn(&n, 1);
	if (binary)
		net_bipolar(&n, 1);
	else
		net_quant(&n, 0.125f, 4, 0);
	net_conv(&n, binary ? NET_BIPOLAR : NET_LOG, 5, 1, 1, 0, 1, 0);	/* reads what the parts have left */
	net_end(&n);
	random_input(&in, 2, c, size, size, -0.5f, 1);
	check_exact(&n, &in, 2, &r);
	assert_placed(&r, "Conv", 0, LXA_PLACE_DEVICE);
	assert_placed(&r, "Conv", 1, LXA_PLACE_DEVICE);
	snprintf(text, sizeof(text), ": %d jobs", jobs);
	if (!strstr(net_entry(&r, "Conv", 0)->reason, text))
		fail_msg("not in %d jobs: %s", jobs, net_entry(&r, "Conv", 0)->reason);
	lxa_tensor_free(&in);
	planned_free(&r);
}

static void test_too_big(void **state)
{
	one_too_big(0, 3000, 20, 5, 1, 0, 1, 2);	/* fully connected */
	one_too_big(0, 700, 33, 3, 5, 5, 1, 2);		/* dilated, with a border: channels in two parts */
	one_too_big(1, 2200, 70, 11, 1, 5, 1, 2);	/* binary: a border that adds nothing */
	one_too_big(0, 8 * 300, 8 * 3, 3, 5, 0, 8, 8);	/* groups, of which one fits; odd nibbles are put together */
	one_too_big(1, 4 * 1100, 4 * 5, 11, 1, 0, 4, 4);
	one_too_big(0, 2 * 801, 2 * 7, 3, 5, 0, 2, 4);	/* not even one group fits */
	one_too_big(0, 20, 9, 4, 31, 5, 1, 4);		/* not even one block of channels: kernel rows, with a border */
	one_too_big(0, 2 * 20, 2 * 3, 4, 31, 0, 2, 8);
	one_too_big(1, 70, 9, 7, 11, 5, 1, 14);	/* binary: a border that adds nothing, so twice */
}

/* The pool's window makes the input under one output too big: the pool is the CPU's. */
static void test_big_pool(void **state)
{
	struct lxa_tensor in;
	struct planned r;
	struct net n;

	net_begin(&n, 300, 18, 18);
	net_bipolar(&n, 1);
	net_conv(&n, NET_BIPOLAR, 9, 3, 1, 1, 1, 0);
	net_pool(&n, 15, 3);
	net_bipolar(&n, 1);
	net_end(&n);
	random_input(&in, 2, 300, 18, 18, -1, 1);
	check_exact(&n, &in, 2, &r);
	assert_placed(&r, "Conv", 0, LXA_PLACE_DEVICE);
	lxa_tensor_free(&in);
	planned_free(&r);

	net_begin(&n, 500, 18, 18);
	net_log(&n, 3, 1, 0, "FLOOR");
	net_conv(&n, NET_BIPOLAR, 9, 3, 1, 1, 1, 0);
	net_pool(&n, 15, 3);
	net_quant(&n, 0.25f, 4, 0);
	net_end(&n);
	random_input(&in, 2, 500, 18, 18, -1, 1);
	check_exact(&n, &in, 2, &r);
	assert_placed(&r, "Conv", 0, LXA_PLACE_DEVICE);
	assert_placed(&r, "MaxPool", 0, LXA_PLACE_CPU);
	lxa_tensor_free(&in);
	planned_free(&r);
}

/* An input that somebody else reads stays as it is. */
static void test_shared_input(void **state)
{
	struct planned r;
	struct net n;

	net_begin(&n, 3, 9, 9);
	net_quant(&n, 1.0f / 64, 8, 0);
	net_output(&n);
	net_conv(&n, NET_LOG, 20, 3, 1, 1, 1, 1);
	net_end(&n);
	net_plan(&n, NULL, 1, &r);
	assert_placed(&r, "Conv", 0, LXA_PLACE_DEVICE);
	assert_null(strstr(net_entry(&r, "Conv", 0)->reason, "packed"));
	planned_free(&r);
	unlink(n.path);
}

/* Thresholds for a linear quantizer behind a log layer: sums are exact in float here, so the codes must be equal. */
static void test_low_bit_output(void **state)
{
	struct lxa_tensor in;
	struct planned r;
	struct net n;

	net_begin(&n, 12, 6, 6);
	net_log(&n, 3, 1, 0, "FLOOR");
	net_conv(&n, NET_BIPOLAR, 20, 3, 1, 1, 1, 0);
	net_bn(&n, 1);
	net_node(&n, "Relu");
	net_quant(&n, 0.125f, 4, 0);
	net_conv(&n, NET_LOG, 20, 1, 1, 0, 1, 0);
	net_end(&n);
	random_input(&in, 3, 12, 6, 6, -0.5f, 1);
	check_exact(&n, &in, 3, &r);
	assert_placed(&r, "Quant", 0, LXA_PLACE_DEVICE);
	assert_placed(&r, "Conv", 1, LXA_PLACE_DEVICE);
	lxa_tensor_free(&in);
	planned_free(&r);
}

/* 8-bit outputs round half up and scale to 2^-15: at most one step from the float chain. */
static void test_int8_output(void **state)
{
	struct lxa_tensor in, want, got;
	struct planned r;
	struct net n;
	int64_t i, off = 0;

	net_begin(&n, 16, 6, 6);
	net_log(&n, 4, 1, 1, "NEAREST");
	net_conv(&n, NET_LOG, 20, 3, 1, 1, 1, 1);
	net_bn(&n, 0);
	net_quant(&n, 0.0625f, 8, 1);
	net_end(&n);
	random_input(&in, 3, 16, 6, 6, -0.5f, 1);
	net_reference(&n, &in, &want);
	net_plan(&n, NULL, 3, &r);
	net_run(&r, &in, &got, 0);
	check_devices(&n, &in, &got);
	assert_placed(&r, "Quant", 0, LXA_PLACE_DEVICE);
	for (i = 0; i < lxa_tensor_count(&want); i++) {
		double d = fabs(((float *)got.data)[i] - ((float *)want.data)[i]);

		assert_true(d <= 0.0625);
		off += d > 0;
	}
	assert_true(off * 50 < lxa_tensor_count(&want));
	lxa_tensor_free(&in);
	lxa_tensor_free(&want);
	lxa_tensor_free(&got);
	planned_free(&r);
	unlink(n.path);
}

/* A mixed network: log, max-pool, depthwise, log by bipolar, binary, fully connected over the image. */
static void test_mixed_network(void **state)
{
	struct lxa_tensor in, got, again;
	struct planned r;
	struct net n;

	net_begin(&n, 1, 12, 12);
	net_quant(&n, 1.0f / 255, 8, 0);
	net_conv(&n, NET_LOG, 24, 3, 1, 1, 1, 1);
	net_node(&n, "Relu");
	net_log(&n, 4, 1, 2, "NEAREST");
	net_pool(&n, 2, 2);
	net_conv(&n, NET_LOG, 24, 3, 1, 1, 24, 0);
	net_bn(&n, 0);
	net_log(&n, 4, 2, 2, "NEAREST");
	net_conv(&n, NET_LOG_SQRT2, 40, 3, 1, 1, 1, 0);
	net_bn(&n, 1);
	net_bipolar(&n, 1);
	net_conv(&n, NET_BIPOLAR, 70, 3, 1, 1, 1, 0);
	net_bn(&n, 1);
	net_bipolar(&n, 1);
	net_fc(&n, NET_BIPOLAR, 10, 1);
	net_node(&n, "Softmax");
	net_end(&n);
	random_input(&in, 5, 1, 12, 12, 0, 1);
	net_plan(&n, NULL, 4, &r);		/* 5 images: a full and a short batch */
	net_run(&r, &in, &got, 0);
	check_devices(&n, &in, &got);
	assert_int_equal(net_entry(&r, "Gemm", 0)->layer, 4);
	assert_int_equal(got.dims[0], 5);
	planned_free(&r);
	net_plan(&n, NULL, 1, &r);		/* another batch, the same numbers */
	net_run(&r, &in, &again, 0);
	assert_equal_floats(&again, &got);
	lxa_tensor_free(&in);
	lxa_tensor_free(&got);
	lxa_tensor_free(&again);
	planned_free(&r);
	unlink(n.path);
}

/* ---- what stays on the CPU, and why ---------------------------------------------------------- */

static void expect_reason(struct net *n, const char *op, const char *words)
{
	struct planned r;

	net_end(n);
	net_plan(n, NULL, 1, &r);
	assert_placed(&r, op, 0, LXA_PLACE_CPU);
	if (!strstr(net_entry(&r, op, 0)->reason, words))
		fail_msg("the reason does not mention \"%s\": %s", words, net_entry(&r, op, 0)->reason);
	planned_free(&r);
	unlink(n->path);
}

static void test_reasons(void **state)
{
	struct net n;

	net_begin(&n, 8, 6, 6);
	net_conv(&n, NET_LOG, 8, 3, 1, 1, 1, 0);
	expect_reason(&n, "Conv", "input is not quantized");
	net_begin(&n, 8, 6, 6);
	net_log(&n, 4, 1, 0, "NEAREST");
	net_conv(&n, NET_FLOAT, 8, 3, 1, 1, 1, 0);
	expect_reason(&n, "Conv", "weights are not quantized");
	net_begin(&n, 8, 6, 6);
	net_quant(&n, 0.01f, 8, 0);
	net_conv(&n, NET_INT8, 8, 3, 1, 1, 1, 0);
	expect_reason(&n, "Conv", "multiplications");
	net_begin(&n, 8, 6, 6);
	net_bipolar(&n, 1);
	net_conv(&n, NET_LOG, 8, 3, 1, 1, 1, 0);
	expect_reason(&n, "Conv", "binary");
	net_begin(&n, 8, 16, 16);
	net_bipolar(&n, 1);
	net_conv(&n, NET_BIPOLAR, 8, 13, 1, 1, 1, 0);
	expect_reason(&n, "Conv", "kernel height is 13");
	/* sums of 2^15 x 2^14 leave the 32-bit halves of base sqrt(2) */
	net_begin(&n, 100, 6, 6);
	net_log(&n, 5, 2, 0, "NEAREST");
	net_conv(&n, NET_LOG, 8, 3, 1, 1, 1, 0);
	expect_reason(&n, "Conv", "output channel 0");
	net_begin(&n, 8, 6, 6);
	net_node(&n, "Relu");
	expect_reason(&n, "Relu", "no Relu");
}

static int stop_after_two(void *ctx, uint64_t done, uint64_t total)
{
	*(uint64_t *)ctx = done;
	return done >= 2;
}

static void test_run_errors(void **state)
{
	struct lxa_run_options opt = { .progress = stop_after_two };
	struct lxa_err err = { "" };
	struct lxa_tensor in, bad, out;
	struct planned r;
	struct net n;
	uint64_t seen = 0;

	net_begin(&n, 4, 4, 4);
	net_bipolar(&n, 1);
	net_conv(&n, NET_BIPOLAR, 8, 3, 1, 1, 1, 0);
	net_end(&n);
	net_plan(&n, NULL, 1, &r);
	random_input(&in, 6, 4, 4, 4, -1, 1);
	opt.ctx = &seen;
	assert_int_equal(lxa_plan_run(r.p, &in, &out, &opt, &r.res, &err), -EINTR);
	assert_int_equal(seen, 2);
	assert_int_equal(r.res.images, 2);
	lxa_tensor_free(&out);
	random_input(&bad, 2, 4, 5, 4, -1, 1);
	assert_int_equal(lxa_plan_run(r.p, &bad, &out, NULL, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "input x"));
	lxa_tensor_free(&in);
	lxa_tensor_free(&bad);
	planned_free(&r);
	unlink(n.path);
	assert_int_equal(lxa_model_load("/nonexistent.onnx", &r.m, &err), -ENOENT);
	assert_null(r.m);
}

/* A job that the bus fails: the run's error names the layer and the device, and the next run works. */
static void test_job_fails(void **state)
{
	int fd = lxa_open("sim:model", O_RDWR | O_CLOEXEC);
	struct lxa_err err = { "" };
	struct lxa_tensor in, out, want;
	struct planned r;
	struct net n;

	if (!devices[0] || fd < 0 || !lxa_shim_sim(fd))
		skip();
	net_begin(&n, 20, 6, 6);
	net_bipolar(&n, 1);
	net_conv(&n, NET_BIPOLAR, 30, 3, 1, 1, 1, 0);
	net_end(&n);
	net_plan(&n, devices[0], 2, &r);
	random_input(&in, 2, 20, 6, 6, -1, 1);
	net_reference(&n, &in, &want);
	assert_int_equal(lxa_sim_fault(lxa_shim_sim(fd), LXA_SIM_FAULT_READ_ERROR, 0, 1), 0);
	assert_true(lxa_plan_run(r.p, &in, &out, NULL, NULL, &err) < 0);
	if (!strstr(err.text, net_entry(&r, "Conv", 0)->name) || !strstr(err.text, "sim:model"))
		fail_msg("the error names neither layer nor device: %s", err.text);
	lxa_tensor_free(&out);
	net_run(&r, &in, &out, 1);
	assert_int_equal(r.res.mismatches, 0);
	assert_equal_floats(&out, &want);
	lxa_tensor_free(&in);
	lxa_tensor_free(&out);
	lxa_tensor_free(&want);
	planned_free(&r);
	lxa_close(fd);
	unlink(n.path);
}

static int open_devices(void **state)
{
	struct lxa_err err = { "" };
	int i;

	for (i = 0; i < 2; i++)
		if (lxa_device_open(device_names[i], &devices[i], &err))
			print_message("without %s: %s\n", device_names[i], err.text);
	return 0;
}

static int close_devices(void **state)
{
	lxa_device_close(devices[0]);
	lxa_device_close(devices[1]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_sum),
		cmocka_unit_test(test_binary_chain),
		cmocka_unit_test(test_pad_values),
		cmocka_unit_test(test_grouped_binary),
		cmocka_unit_test(test_pool_negative),
		cmocka_unit_test(test_sign),
		cmocka_unit_test(test_log_layers),
		cmocka_unit_test(test_integer_activations),
		cmocka_unit_test(test_packed_pixels),
		cmocka_unit_test(test_shared_input),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_big_pool),
		cmocka_unit_test(test_low_bit_output),
		cmocka_unit_test(test_int8_output),
		cmocka_unit_test(test_mixed_network),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_run_errors),
		cmocka_unit_test(test_job_fails),
	};

	layer_test_init();
	return cmocka_run_group_tests(tests, open_devices, close_devices);
}
