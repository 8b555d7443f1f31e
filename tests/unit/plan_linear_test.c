// SPDX-License-Identifier: MIT
/*
 * Linear quantizers of few bits, on bit planes, and weights that come as plain numbers. Scales here have few digits, so that sums are
 * exact in float: whatever the planner makes of a network, outputs must equal the float reference's, bit for bit.
 *
 *	plan_linear_test [ROUNDS]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layer_util.h"
#include "plan_util.h"

#define rnd layer_test_rnd

static int rounds = 40;
static int bytes_too;			/* outputs of 8 bits are compared as well */

static void differ(const struct planned *r, const char *text, int output, int64_t i, float got, float want)
{
	int k;

	for (k = 0; k < lxa_plan_entries(r->p); k++) {
		const struct lxa_plan_entry *e = lxa_plan_entry(r->p, k);

		if (!e->constant)
			print_error("%s %s %s: %s\n", e->op, e->place ? "device" : "cpu", e->what ? e->what : "", e->reason);
	}
	fail_msg("%s, output %d, element %lld: %.9g, reference %.9g", text, output, (long long)i, got, want);
}

/* Outputs of 8 bits round another way: for those fuzz_plan_test says how near they must be. */
static int has_bytes(const struct planned *r)
{
	int k;

	for (k = 0; k < lxa_plan_entries(r->p); k++)
		if (strstr(lxa_plan_entry(r->p, k)->reason, "8-bit output"))
			return 1;
	return 0;
}

/* Plans on the CPU and on the model engine, each compared with the float reference. Leaves the model's plan (or the CPU's) in r. */
static void check(struct net *n, struct lxa_tensor *in, int64_t batch, struct planned *r, const char *text)
{
	struct lxa_tensor want[NET_OUTPUTS], got[NET_OUTPUTS];
	int engine, k;
	int64_t i;

	net_reference(n, in, want);
	for (engine = 0; engine < 2; engine++) {
		if (engine)
			planned_free(r);
		net_plan(n, engine ? net_model : NULL, batch, r);
		net_run(r, in, got, 1);
		if (r->res.mismatches)
			fail_msg("%s: %s", text, r->res.first_mismatch);
		for (k = 0; k < n->outputs; k++) {
			assert_int_equal(lxa_tensor_count(&got[k]), lxa_tensor_count(&want[k]));
			for (i = 0; (bytes_too || !has_bytes(r)) && i < lxa_tensor_count(&want[k]); i++)
				if (((float *)got[k].data)[i] != ((float *)want[k].data)[i])
					differ(r, text, k, i, ((float *)got[k].data)[i], ((float *)want[k].data)[i]);
			lxa_tensor_free(&got[k]);
		}
	}
	for (k = 0; k < n->outputs; k++)
		lxa_tensor_free(&want[k]);
	lxa_tensor_free(in);
	unlink(n->path);
}

static void expect(const struct planned *r, const char *op, int k, enum lxa_place place, const char *what)
{
	const struct lxa_plan_entry *e = net_entry(r, op, k);

	if (e->place != place || (what && (!e->what || !strstr(e->what, what))))
		fail_msg("%s (%d): %s, %s: %s", op, k, e->place ? "device" : "CPU", e->what ? e->what : "-", e->reason);
}

static float power(int lo, int hi)
{
	return ldexpf(1, lo + (int)rnd((uint32_t)(hi - lo + 1)));
}

/* ---- every pair of widths, every reachable sum -------------------------------------------------------------------- */

/* A 1x1 layer: image i lets the sum of its K inputs (0..top each) be i, so that each channel meets every sum it can. */
static void every_sum(int64_t k, int bits, enum net_quant wq, int out_bits, int out_signed, int thresholds)
{
	int top = (1 << bits) - 1;
	int64_t images = k * top + 1, i, c, left;
	struct lxa_tensor in;
	struct planned r;
	struct net n;

	net_begin(&n, k, 1, 1);
	net_quant(&n, 0.5f, (float)bits, 0);
	net_conv(&n, wq, 40, 1, 1, 0, 1, 1);
	net_bn(&n, 1);
	if (thresholds)
		net_thresholds(&n, (1 << out_bits) - 1, thresholds > 1, -6, 6, 0.5f, out_signed ? -0.25f * (float)(1 << out_bits) : 0);
	else if (out_bits == 1 && !out_signed)
		net_bipolar(&n, 1);
	else
		net_quant(&n, 0.25f, (float)out_bits, out_signed);
	net_conv(&n, NET_INT3, 8, 1, 1, 0, 1, 0);	/* reads what the thresholds left */
	net_end(&n);
	random_input(&in, images, k, 1, 1, 0, 1);
	for (i = 0; i < images; i++)
		for (c = 0, left = i; c < k; c++) {
			int64_t v = left < top ? left : top;

			left -= v;
			((float *)in.data)[i * k + c] = 0.5f * (float)v;
		}
	check(&n, &in, images, &r, "every sum");
	expect(&r, "Conv", 0, LXA_PLACE_DEVICE, NULL);
	expect(&r, "Conv", 1, LXA_PLACE_DEVICE, NULL);
	expect(&r, "BatchNormalization", 0, LXA_PLACE_DEVICE, NULL);
	planned_free(&r);
}

static void test_every_sum(void **state)
{
	int b;

	for (b = 1; b <= 4; b++) {
		every_sum(1 + rnd(90), b, NET_INT4, 4, 0, 0);
		every_sum(65, b, NET_INT2, 2, 1, 0);	/* signed outputs: counted from the smallest */
		every_sum(1 + rnd(70), b, NET_BIPOLAR, 3, 1, 0);
		every_sum(40, b, NET_INT3, 1, 0, 0);
		every_sum(1 + rnd(90), b, NET_INT4, b, 0, 1);
		every_sum(1 + rnd(90), b, NET_INT3, b, 1, 2);
	}
}

/* ---- widths, signs, zero points, padding ----------------------------------------------------------------------- */

static void test_formats(void **state)
{
	static const struct {
		float zero, bits;
		int is_signed, narrow, pad;
		enum net_quant w;
		enum lxa_place place;
		const char *what;
	} cases[] = {
		{ 0, 4, 0, 0, 1, NET_INT4, LXA_PLACE_DEVICE, "u4 x int4" },
		{ 0, 4, 1, 0, 1, NET_INT4, LXA_PLACE_DEVICE, "s4 x int4" },
		{ 0, 2, 1, 1, 1, NET_INT2, LXA_PLACE_DEVICE, "s2 x int2" },
		{ 0, 1, 0, 0, 1, NET_INT3, LXA_PLACE_DEVICE, "u1 x int3" },
		{ 0, 3, 1, 0, 0, NET_BIPOLAR, LXA_PLACE_DEVICE, "s3 x b1" },
		{ 8, 4, 0, 0, 1, NET_INT4, LXA_PLACE_DEVICE, "u4 x int4" },	/* -8..7 */
		{ 3, 4, 0, 0, 0, NET_INT4, LXA_PLACE_DEVICE, "u4 x int4" },	/* -3..12: an offset */
		{ 3, 4, 0, 0, 1, NET_INT4, LXA_PLACE_CPU, NULL },		/* and padding: 0 is no code of its own */
		{ -4, 4, 1, 0, 0, NET_INT4, LXA_PLACE_DEVICE, "s4 x int4" },	/* -4..11 */
		{ 5, 8, 0, 0, 0, NET_PLAIN_POWERS, LXA_PLACE_DEVICE, "u8 x 2^n" },
		{ 5, 8, 0, 0, 1, NET_PLAIN_POWERS, LXA_PLACE_CPU, NULL },
		{ 128, 8, 0, 0, 1, NET_PLAIN_POWERS, LXA_PLACE_DEVICE, "u8 x 2^n" },	/* -128..127 */
		{ 0.5f, 8, 0, 0, 0, NET_PLAIN_POWERS, LXA_PLACE_CPU, NULL },
		{ 0, 5, 0, 0, 1, NET_INT4, LXA_PLACE_CPU, NULL },
	};
	struct lxa_tensor in;
	struct planned r;
	struct net n;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		net_begin(&n, 20, 6, 5);
		net_quant_zero(&n, 0.25f, cases[i].zero, cases[i].bits, cases[i].is_signed, cases[i].narrow);
		net_conv(&n, cases[i].w, 70, 3, 1, cases[i].pad, i % 2 ? 1 : 2, 1);
		net_bn(&n, 1);
		net_node(&n, "Relu");
		net_quant(&n, 0.5f, 4, 0);
		net_end(&n);
		random_input(&in, 3, 20, 6, 5, -3, 3);
		check(&n, &in, 2, &r, "formats");
		expect(&r, "Conv", 0, cases[i].place, cases[i].what);
		planned_free(&r);
	}
}

/* Binary inputs with weights of several bits, with each border. */
static void test_binary_inputs(void **state)
{
	static const float borders[] = { 0, 1, -1 };
	struct lxa_tensor in;
	struct planned r;
	struct net n;
	size_t i;

	for (i = 0; i < 3; i++) {
		net_begin(&n, 30, 6, 5);
		net_bipolar(&n, 1);
		net_pad(&n, 1, borders[i]);
		net_conv(&n, i ? NET_INT2 : NET_PLAIN_TERNARY, 20, 3, 1, 0, 1, 0);
		net_bn(&n, 1);
		net_bipolar(&n, 1);
		net_end(&n);
		random_input(&in, 3, 30, 6, 5, -1, 1);
		check(&n, &in, 2, &r, "binary inputs");
		expect(&r, "Conv", 0, LXA_PLACE_DEVICE, "b1 x");
		planned_free(&r);
	}
}

/* One tensor, two readers: planes for one would be a byte for the other. */
static void test_two_readers(void **state)
{
	struct lxa_tensor in;
	struct planned r;
	char from[32];
	struct net n;
	int i;

	for (i = 0; i < 2; i++) {
		net_begin(&n, 24, 6, 6);
		net_quant(&n, 0.25f, 4, 0);
		strcpy(from, n.cur);
		net_conv(&n, NET_INT4, i ? 8 : 90, 3, 1, 1, 1, 0);
		net_output(&n);
		strcpy(n.cur, from);
		n.channels = 24;
		net_conv(&n, NET_LOG, i ? 90 : 8, 3, 1, 1, 1, 0);	/* weights of more than four octaves */
		net_end(&n);
		random_input(&in, 3, 24, 6, 6, -1, 3);
		check(&n, &in, 3, &r, "two readers");
		expect(&r, "Conv", i, LXA_PLACE_DEVICE, i ? "log5" : "int4");
		expect(&r, "Conv", !i, LXA_PLACE_CPU, NULL);
		planned_free(&r);
	}
}

/* ---- weights that are plain numbers -------------------------------------------------------------------------------- */

static void test_plain_weights(void **state)
{
	static const struct {
		int log;		/* activations: LogQuant, else Quant of 8 bits */
		enum net_quant w;
		const char *what;
	} cases[] = {
		{ 0, NET_PLAIN_SIGNS, "u8 x b1" }, { 0, NET_PLAIN_POWERS, "u8 x 2^n" }, { 0, NET_PLAIN_TERNARY, "u8 x 2^n" },
		{ 1, NET_PLAIN_SIGNS, "log3 x b1" }, { 1, NET_PLAIN_POWERS, "log3 x 2^n" }, { 1, NET_PLAIN_INT4, "log3 x int4" },
	};
	struct lxa_tensor in;
	struct planned r;
	struct net n;
	size_t i;
	int fc;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (fc = 0; fc < 3; fc++) {
			net_begin(&n, 12, 5, 5);
			if (cases[i].log)
				net_log(&n, 3, 1, 1, "NEAREST");
			else
				net_quant(&n, 0.125f, 8, 0);
			net_conv(&n, cases[i].w, 30, 3, 1, 1, 1, 0);
			if (fc)
				net_quant(&n, 0.5f, 4, 0);
			if (fc)
				net_fc(&n, NET_PLAIN_TERNARY, 9, fc == 1);
			net_end(&n);
			random_input(&in, 3, 12, 5, 5, -1, 2);
			check(&n, &in, 2, &r, cases[i].what);
			expect(&r, "Conv", 0, LXA_PLACE_DEVICE, cases[i].what);
			if (fc)
				expect(&r, fc == 1 ? "Gemm" : "MatMul", 0, LXA_PLACE_DEVICE, "u4 x 2^n");
			planned_free(&r);
		}
	}
}

/* Weights that nearly are: one element off by one bit keeps the layer away. */
static void test_nearly(void **state)
{
	static const enum net_quant ways[] = { NET_PLAIN_SIGNS, NET_PLAIN_POWERS, NET_FLOAT };
	struct planned r;
	struct net n;
	size_t i;

	for (i = 0; i < 3; i++) {
		float w[64];
		int k;

		net_begin(&n, 8, 3, 3);
		net_quant(&n, 0.125f, 8, 0);
		for (k = 0; k < 64; k++)
			w[k] = (float)(k % 2 ? 1 : -1) * (ways[i] == NET_PLAIN_POWERS ? power(-3, 3) : 0.75f);
		w[37] = nextafterf(w[37], 10);
		lxa_onnx_f32(n.m, "w", 4, (int64_t[]){ 8, 8, 1, 1 }, w);
		lxa_onnx_node(n.m, "c", "", "Conv", strcat(strcpy((char[80]){ "" }, n.cur), " w"), "c");
		strcpy(n.cur, "c");
		net_end(&n);
		net_plan(&n, NULL, 1, &r);
		expect(&r, "Conv", 0, LXA_PLACE_CPU, NULL);
		planned_free(&r);
		unlink(n.path);
	}
}

/* Base sqrt(2) without a quantizer: its roots are rounded floats, so outputs are near. */
static void test_roots(void **state)
{
	struct lxa_tensor in, want, got;
	struct planned r;
	struct net n;
	int64_t i;
	double most = 0;

	net_begin(&n, 12, 5, 5);
	net_log(&n, 4, 2, 1, "NEAREST");
	net_conv(&n, NET_PLAIN_ROOTS, 30, 3, 1, 1, 1, 0);
	net_end(&n);
	random_input(&in, 3, 12, 5, 5, -1, 2);
	net_reference(&n, &in, &want);
	net_plan(&n, NULL, 2, &r);
	net_run(&r, &in, &got, 0);
	expect(&r, "Conv", 0, LXA_PLACE_DEVICE, "x 2^(n/2)");
	for (i = 0; i < lxa_tensor_count(&want); i++)
		most = fmax(most, fabs(((float *)want.data)[i]));
	for (i = 0; i < lxa_tensor_count(&want); i++)
		if (fabs(((float *)want.data)[i] - ((float *)got.data)[i]) > 1e-4 * most)
			fail_msg("element %lld: %g, reference %g", (long long)i, ((float *)got.data)[i], ((float *)want.data)[i]);
	planned_free(&r);
	lxa_tensor_free(&in);
	lxa_tensor_free(&want);
	lxa_tensor_free(&got);
	unlink(n.path);
}

/* ---- activations ---------------------------------------------------------------------------------------------------- */

/* Every sum of a binary layer, through an activation, to each kind of output; Clip in its old form and its new one. */
static void test_activations(void **state)
{
	static const char *const ops[] = { "LeakyRelu", "HardSigmoid", "Clip", "Relu6", "Clip, then Add" };
	struct lxa_tensor in;
	struct planned r;
	struct net n;
	int op, out, k = 37, i, c;

	bytes_too = 1;
	for (op = 0; op < 5; op++) {
		for (out = 0; out < 4; out++) {
			net_begin(&n, k, 1, 1);
			net_bipolar(&n, 1);
			net_conv(&n, NET_BIPOLAR, 24, 1, 1, 0, 1, 0);
			net_const(&n, "Mul", 0, 0.373f, 0.373f);	/* no sum is near a boundary of 8 bits */
			if (op < 2) {
				net_node(&n, ops[op]);
			} else {
				lxa_onnx_scalar(n.m, "lo", op == 3 ? 0 : -2);
				lxa_onnx_scalar(n.m, "hi", 6);
				lxa_onnx_node(n.m, "clip", "", "Clip", strcat(strcpy((char[80]){ "" }, n.cur), " lo hi"), "clip");
				strcpy(n.cur, "clip");
			}
			if (op == 4)
				net_const(&n, "Add", 1, -3, 1);
			switch (out) {
			case 0:
				net_bipolar(&n, 1);
				break;
			case 1:
				net_quant(&n, 0.5f, 4, 0);
				break;
			case 2:
				net_log(&n, 4, 1, 4, "NEAREST");
				break;
			default:
				net_quant(&n, 0.1f, 8, 1);
			}
			net_end(&n);
			random_input(&in, k + 1, k, 1, 1, -1, 1);
			for (i = 0; i <= k; i++)
				for (c = 0; c < k; c++)
					((float *)in.data)[i * k + c] = c < i ? 1 : -1;
			check(&n, &in, k + 1, &r, ops[op]);
			/* a range that a Clip narrows needs no thresholds; other shapes do, and at most 15 of them */
			expect(&r, "Conv", 0, LXA_PLACE_DEVICE, out == 3 && op != 2 && op != 3 ? "int32" : out == 0 ? "b1" : out == 1 ? "u4" :
			       out == 2 ? "log4" : "s8");
			planned_free(&r);
		}
	}
	bytes_too = 0;
}

/* ---- too big for one job -------------------------------------------------------------------------------------------- */

/* Bit planes whose window does not fit: parts of the channels, groups, kernel rows. */
static void one_too_big(int bits_in, int64_t c, int64_t oc, int64_t k, int64_t dilation, int64_t pad, int64_t groups)
{
	int64_t size = (k - 1) * dilation + 1, both[] = { dilation, dilation }, pads[] = { pad, pad, pad, pad };
	struct lxa_tensor in;
	struct planned r;
	struct net n;

	net_begin(&n, c, size, size);
	if (bits_in)
		net_quant(&n, 0.5f, (float)bits_in, bits_in == 3);
	else
		net_bipolar(&n, 1);
	net_conv_open(&n, NET_INT3, oc, k, k, groups, 1);
	lxa_onnx_attr_ints(n.m, "dilations", 2, both);
	lxa_onnx_attr_ints(n.m, "pads", 4, pads);
	n.height = n.width = size + 2 * pad - (k - 1) * dilation;
	net_bn(&n, 1);
	net_quant(&n, 4, 4, 0);
	net_conv(&n, NET_INT4, 5, 1, 1, 0, 1, 0);
	net_end(&n);
	random_input(&in, 2, c, size, size, -0.5f, 2);
	check(&n, &in, 2, &r, "too big");
	expect(&r, "Conv", 0, LXA_PLACE_DEVICE, NULL);
	if (!strstr(net_entry(&r, "Conv", 0)->reason, "jobs"))
		fail_msg("not in parts: %s", net_entry(&r, "Conv", 0)->reason);
	planned_free(&r);
}

static void test_too_big(void **state)
{
	one_too_big(4, 1100, 20, 3, 5, 5, 1);	/* channels in parts, with a border */
	one_too_big(3, 4 * 400, 4 * 5, 3, 5, 0, 4);	/* groups */
	one_too_big(2, 70, 9, 4, 31, 7, 1);	/* kernel rows */
	one_too_big(0, 2200, 30, 11, 1, 5, 1);	/* bits with weights of three planes */
	one_too_big(0, 300, 9, 7, 11, 5, 1);	/* and kernel rows: a border that adds nothing */
}

/* ---- QuantizeLinear and DequantizeLinear ---------------------------------------------------------------------------- */

/* The current value through both. */
static void qdq(struct net *n, float scale, int zero, int is_signed)
{
	char q[32], in[120];
	int id = n->next++;
	int8_t z = (int8_t)zero;
	struct lxa_tensor t = { .dtype = is_signed ? LXA_INT8 : LXA_UINT8, .data = &z };

	snprintf(in, sizeof(in), "%s qs%d qz%d", n->cur, id, id);
	snprintf(q, sizeof(q), "qs%d", id);
	lxa_onnx_scalar(n->m, q, scale);
	snprintf(q, sizeof(q), "qz%d", id);
	lxa_onnx_tensor(n->m, q, &t);
	snprintf(q, sizeof(q), "q%d", id);
	lxa_onnx_node(n->m, q, "", "QuantizeLinear", in, q);
	snprintf(in, sizeof(in), "q%d qs%d qz%d", id, id, id);
	snprintf(n->cur, sizeof(n->cur), "dq%d", id);
	lxa_onnx_node(n->m, n->cur, "", "DequantizeLinear", in, n->cur);
}

static void test_qdq(void **state)
{
	static const struct {
		int zero, is_signed, pad;
		enum lxa_place place;
		const char *what;
	} cases[] = {
		{ 0, 0, 1, LXA_PLACE_DEVICE, "u8 x 2^n -> int32" }, { 0, 1, 1, LXA_PLACE_DEVICE, "s8 x 2^n -> int32" },
		{ 128, 0, 1, LXA_PLACE_DEVICE, "u8 x 2^n -> int32" }, { 7, 0, 0, LXA_PLACE_DEVICE, "u8 x 2^n -> int32" },
		{ 7, 0, 1, LXA_PLACE_CPU, NULL },
	};
	struct lxa_tensor in;
	struct planned r;
	struct net n;
	size_t i;
	int out;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (out = 0; out < 2; out++) {
			net_begin(&n, 20, 6, 5);
			qdq(&n, 0.125f, cases[i].zero, cases[i].is_signed);
			net_conv(&n, NET_PLAIN_POWERS, 17, 3, 1, cases[i].pad, 1, 0);
			if (out) {
				net_node(&n, "Relu");
				qdq(&n, 0.5f, 0, 0);
				net_conv(&n, NET_PLAIN_POWERS, 9, 1, 1, 0, 1, 0);
			}
			net_end(&n);
			random_input(&in, 3, 20, 6, 5, -3, 3);
			check(&n, &in, 2, &r, "QuantizeLinear");
			expect(&r, "Conv", 0, cases[i].place, out ? NULL : cases[i].what);
			if (out) {
				expect(&r, "DequantizeLinear", 1, cases[i].place, NULL);
				expect(&r, "QuantizeLinear", 1, cases[i].place, NULL);
				expect(&r, "Conv", 1, LXA_PLACE_DEVICE, "u8 x 2^n");
			}
			planned_free(&r);
		}
	}
}

/* ---- one dimension ------------------------------------------------------------------------------------------------- */

static void put_weights(struct net *n, const char *name, int64_t oc, int64_t ic, int64_t k)
{
	int64_t dims[3] = { oc, ic, k }, i;
	float *w = malloc((size_t)(oc * ic * k) * sizeof(*w));

	for (i = 0; i < oc * ic * k; i++)
		w[i] = rnd(2) ? 0.5f : -0.5f;
	lxa_onnx_f32(n->m, name, 3, dims, w);
	free(w);
}

/* A network on sequences: convolutions, batch normalization, a pool, a matrix product behind Flatten. */
static void test_one_dimension(void **state)
{
	static const struct {
		int64_t c, len;
		const char *quantizer;
	} cases[] = { { 5, 40, "bits" }, { 2, 33, "bytes" }, { 70, 26, "nibbles" } };
	size_t i;

	for (i = 0; i < 3; i++) {
		int64_t c = cases[i].c, len = cases[i].len, out = (len + 3 - 5) / 2 + 1, pooled = (out - 3) / 2 + 1, k;
		struct lxa_tensor in = { .dtype = LXA_F32, .ndim = 3, .dims = { 3, c, len } };
		struct planned r;
		struct net n;

		net_begin(&n, 1, 1, 1);		/* another input than that, and no images */
		lxa_onnx_free(n.m);
		n.m = lxa_onnx_new("test");
		lxa_onnx_input(n.m, "x", LXA_F32, 3, (int64_t[]){ -1, c, len });
		if (i == 0)
			net_bipolar(&n, 1);
		else
			net_quant(&n, 0.125f, i == 1 ? 8 : 4, 0);
		put_weights(&n, "w1", 20, c, 5);
		lxa_onnx_node(n.m, "c1", "", "Conv", strcat(strcpy((char[80]){ "" }, n.cur), " w1"), "c1");
		lxa_onnx_attr_ints(n.m, "pads", 2, (int64_t[]){ 1, 2 });
		lxa_onnx_attr_ints(n.m, "strides", 1, (int64_t[]){ 2 });
		strcpy(n.cur, "c1");
		n.channels = 20;
		net_bn(&n, 0);
		lxa_onnx_node(n.m, "p", "", "MaxPool", n.cur, "p");
		lxa_onnx_attr_ints(n.m, "kernel_shape", 1, (int64_t[]){ 3 });
		lxa_onnx_attr_ints(n.m, "strides", 1, (int64_t[]){ 2 });
		strcpy(n.cur, "p");
		net_bipolar(&n, 1);
		put_weights(&n, "w2", 9, 20, 3);
		lxa_onnx_node(n.m, "c2", "", "Conv", strcat(strcpy((char[80]){ "" }, n.cur), " w2"), "c2");
		lxa_onnx_attr_ints(n.m, "dilations", 1, (int64_t[]){ 2 });
		strcpy(n.cur, "c2");
		net_bipolar(&n, 1);
		n.channels = 9 * (pooled - 4);
		n.height = 0;
		lxa_onnx_node(n.m, "flat", "", "Flatten", n.cur, "flat");
		strcpy(n.cur, "flat");
		net_fc(&n, NET_BIPOLAR, 6, 1);
		net_end(&n);
		assert_int_equal(lxa_tensor_alloc(&in), 0);
		for (k = 0; k < lxa_tensor_count(&in); k++)
			((float *)in.data)[k] = random_between(-1, 2);
		check(&n, &in, 2, &r, cases[i].quantizer);
		expect(&r, "Conv", 0, LXA_PLACE_DEVICE, i == 0 ? "b1 x b1 -> b1" : i == 1 ? "u8 x b1 -> b1" : "u4 x b1 -> b1");
		expect(&r, "Conv", 1, LXA_PLACE_DEVICE, "b1 x b1 -> b1");
		expect(&r, "MaxPool", 0, LXA_PLACE_DEVICE, NULL);
		expect(&r, "Flatten", 0, LXA_PLACE_DEVICE, NULL);
		expect(&r, "Gemm", 0, LXA_PLACE_DEVICE, NULL);
		planned_free(&r);
	}
}

/* ---- random networks ------------------------------------------------------------------------------------------------ */

static void quantizer(struct net *n, int last)
{
	static const float biases[] = { 0, -1, -2, -3.5f };
	int count = 1 + (int)rnd(15);

	switch (rnd(last ? 5 : 6)) {
	case 3:
		net_thresholds(n, count, rnd(2) == 0, -3, 5, power(-2, 0), 0);
		break;
	case 4:	/* as a bit, as integers of both signs, or (a half) as nothing that the device has */
		count = rnd(2) ? 1 : count;
		if (count == 1)
			net_thresholds(n, 1, rnd(2) == 0, -3, 5, 0.5f, -0.25f);
		else
			net_thresholds(n, count, rnd(2) == 0, -3, 5, 1, biases[rnd(4)]);
		break;
	case 0:
		net_quant_zero(n, power(-2, 0), rnd(4) ? 0 : (float)rnd(9) - 4, (float)(1 + rnd(4)), 0, 0);
		break;
	case 1:
		net_quant_zero(n, power(-2, 0), 0, (float)(2 + rnd(3)), 1, rnd(2) == 0);
		break;
	case 2:
		net_bipolar(n, 1);
		break;
	default:
		net_quant(n, power(-3, -1), 8, rnd(2) == 0);
	}
}

static enum net_quant weight(void)
{
	static const enum net_quant all[] = { NET_INT2, NET_INT3, NET_INT4, NET_BIPOLAR, NET_PLAIN_SIGNS, NET_PLAIN_TERNARY, NET_PLAIN_POWERS };

	return all[rnd(sizeof(all) / sizeof(all[0]))];
}

static void test_random(void **state)
{
	struct lxa_tensor in;
	struct planned r;
	struct net n;
	int i, k, heads = 0, on_device = 0, exact = 0;

	for (i = 0; i < rounds; i++) {
		int64_t c = 1 + rnd(rnd(3) ? 12 : 80), h = 3 + rnd(5), w = 3 + rnd(5);
		int layers = 1 + (int)rnd(3);

		net_begin(&n, c, h, w);
		quantizer(&n, 0);
		for (k = 0; k < layers; k++) {
			int64_t room = n.height < n.width ? n.height : n.width, size = 1 + rnd(room < 3 ? (uint32_t)room : 3), groups = n.channels % 2 || rnd(3) ? 1 : 2;

			net_conv(&n, weight(), groups * (1 + rnd(rnd(3) ? 10 : 70)), size, 1, rnd(2) ? 0 : size / 2, groups, rnd(2) == 0);
			if (rnd(2))
				net_bn(&n, 1);
			if (rnd(3) == 0)
				net_node(&n, rnd(2) ? "Relu" : "LeakyRelu");
			quantizer(&n, 1);
			if (n.height > 2 && n.width > 2 && rnd(4) == 0)
				net_pool(&n, 2, 1);
		}
		if (rnd(2))
			net_fc(&n, weight(), 1 + rnd(20), rnd(2) == 0);
		net_end(&n);
		random_input(&in, 3, c, h, w, -2, 3);
		check(&n, &in, 2, &r, "random");
		for (k = 0; k < lxa_plan_entries(r.p); k++) {
			heads += lxa_plan_entry(r.p, k)->macs != 0;
			on_device += lxa_plan_entry(r.p, k)->head;
		}
		exact += !has_bytes(&r);
		planned_free(&r);
	}
	print_message("%d of %d layers on the device, %d of %d networks exact\n", on_device, heads, exact, rounds);
	assert_true(on_device * 2 > heads && exact * 2 > rounds);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_sum), cmocka_unit_test(test_formats), cmocka_unit_test(test_binary_inputs),
		cmocka_unit_test(test_two_readers), cmocka_unit_test(test_plain_weights), cmocka_unit_test(test_nearly),
		cmocka_unit_test(test_roots), cmocka_unit_test(test_qdq), cmocka_unit_test(test_too_big), cmocka_unit_test(test_activations), cmocka_unit_test(test_one_dimension), cmocka_unit_test(test_random),
	};

	if (argc > 1)
		rounds = atoi(argv[1]);
	layer_test_init();
	return cmocka_run_group_tests(tests, net_open_model, net_close_model);
}
