// SPDX-License-Identifier: MIT
/*
 * Additions of two branches in the output stage. Where scales have few digits, and nothing is rounded twice, outputs must equal the float
 * reference's; with log outputs, whose scale is rounded, nearly all must. On the CPU kernels
 * and on every simulated device, with batches of which some are cut short.
 *
 *	plan_res_test [ROUNDS]
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

static struct lxa_device *devices[2];
static int rounds = 40;

static void differ(const struct planned *r, const char *text, int64_t i, float got, float want)
{
	int k;

	for (k = 0; k < lxa_plan_entries(r->p); k++) {
		const struct lxa_plan_entry *e = lxa_plan_entry(r->p, k);

		if (!e->constant)
			print_error("%s %s %s: %s\n", e->op, e->place ? "device" : "cpu", e->what ? e->what : "", e->reason);
	}
	fail_msg("%s, element %lld: %.9g, reference %.9g", text, (long long)i, got, want);
}

/* step 1: all must be equal. Else a hundredth may be one code away, at a boundary, a step being the ratio of two codes. 0: any code. */
static void compare(const struct planned *r, const char *text, const struct lxa_tensor *got, const struct lxa_tensor *want, double step)
{
	int64_t i, n = lxa_tensor_count(want), off = 0;

	assert_int_equal(lxa_tensor_count(got), n);
	for (i = 0; i < n; i++) {
		float a = ((float *)got->data)[i], b = ((float *)want->data)[i];

		if (a == b)
			continue;
		off++;
		if (step == 1 || (step > 1 && a != 0 && b != 0 && (a / b > step * 1.001 || b / a > step * 1.001)))
			differ(r, text, i, a, b);
	}
	if (off * 100 > n)
		fail_msg("%s: %lld of %lld codes differ", text, (long long)off, (long long)n);
}

/* All engines against the float reference and each other; leaves the last plan in r. */
static void check(struct net *n, struct lxa_tensor *in, double step, struct planned *r, const char *text, int rtl)
{
	struct lxa_tensor want, got, first = { 0 };
	int e;

	net_reference(n, in, &want);
	for (e = 0; e < 2 + rtl; e++) {
		if (e && !devices[e - 1])
			continue;
		if (e)
			planned_free(r);
		net_plan(n, e ? devices[e - 1] : NULL, 2, r);
		net_run(r, in, &got, 1);
		if (r->res.mismatches)
			fail_msg("%s: %s", text, r->res.first_mismatch);
		compare(r, text, &got, &want, step);
		if (!e) {
			first = got;
			continue;
		}
		assert_memory_equal(got.data, first.data, (size_t)lxa_tensor_count(&got) * sizeof(float));
		lxa_tensor_free(&got);
	}
	lxa_tensor_free(&first);
	lxa_tensor_free(&want);
	lxa_tensor_free(in);
	unlink(n->path);
}

static const char *last_conv(const struct planned *r)
{
	const char *reason = "";
	int k;

	for (k = 0; k < lxa_plan_entries(r->p); k++)
		if (lxa_plan_entry(r->p, k)->macs)
			reason = lxa_plan_entry(r->p, k)->reason;
	return reason;
}

static void expect(const struct planned *r, const char *op, int k, enum lxa_place place, const char *what)
{
	const struct lxa_plan_entry *e = net_entry(r, op, k);

	if (e->place != place || (what && !strstr(e->reason, what)))
		fail_msg("%s (%d) is on the %s: %s; the last convolution: %s", op, k, e->place ? "device" : "CPU", e->reason, last_conv(r));
}

/* The current value plus another one, of either order. */
static void add(struct net *n, const char *other, int swap)
{
	char name[32], in[80];

	snprintf(name, sizeof(name), "sum%d", n->next++);
	snprintf(in, sizeof(in), "%s %s", swap ? other : n->cur, swap ? n->cur : other);
	lxa_onnx_node(n->m, name, "", "Add", in, name);
	strcpy(n->cur, name);
}

/* ---- log codes ---------------------------------------------------------------------------------------------------- */

/* A block as ResNets have it, all in log codes, with the layer behind it. */
static void test_log_block(void **state)
{
	struct lxa_tensor in;
	struct planned r;
	char trunk[32];
	struct net n;
	int i;

	for (i = 0; i < 6; i++) {
		int steps = 1 + i % 2;

		net_begin(&n, 20, 6, 7);
		net_log(&n, 4, steps, 1, "NEAREST");
		strcpy(trunk, n.cur);
		net_conv(&n, steps == 2 ? NET_LOG_SQRT2 : NET_LOG, 30, 3, 1, 1, 1, 1);
		net_bn(&n, 0);
		net_node(&n, "Relu");
		net_log(&n, 4, steps, 3, "NEAREST");
		net_conv(&n, steps == 2 ? NET_LOG_SQRT2 : NET_LOG, 20, 3, 1, 1, 1, 0);
		net_bn(&n, 0);
		add(&n, trunk, i % 2);
		net_node(&n, "Relu");
		net_log(&n, steps == 2 ? 5 : 4, steps, 4, "NEAREST");
		net_end(&n);
		random_input(&in, 5, 20, 6, 7, -0.3f, 2);
		check(&n, &in, 0, &r, "log block", i < 2);	/* a code off in the first layer can be any in the second */
		expect(&r, "Conv", 1, LXA_PLACE_DEVICE, NULL);
		expect(&r, "Add", 0, LXA_PLACE_DEVICE, "residual operand of Conv");
		planned_free(&r);
	}
}

/* One layer: each code within one of the reference's, a hundredth of them at most at a boundary. */
static void test_log_layer(void **state)
{
	struct lxa_tensor in;
	struct planned r;
	char trunk[32];
	struct net n;
	int i;

	for (i = 0; i < 8; i++) {
		int steps = 1 + i % 2;

		net_begin(&n, 20, 6, 7);
		net_log(&n, 4, steps, 1, "NEAREST");
		strcpy(trunk, n.cur);
		net_conv(&n, steps == 2 ? NET_LOG_SQRT2 : NET_LOG, 20, 3, 1, 1, 1, 1);
		net_bn(&n, 0);
		add(&n, trunk, i % 2);
		net_const(&n, "Add", 0, 0.5f, 0.5f);	/* nothing small is left of a difference of large numbers */
		net_node(&n, "Relu");
		net_log(&n, steps == 2 ? 5 : 4, steps, 4, "NEAREST");
		net_end(&n);
		random_input(&in, 5, 20, 6, 7, 0.5f, 2);
		check(&n, &in, steps == 2 ? sqrt(2) : 2, &r, "log layer", 0);
		expect(&r, "Add", 0, LXA_PLACE_DEVICE, "residual operand of Conv");
		planned_free(&r);
	}
}

/* ---- thresholds and bytes ------------------------------------------------------------------------------------------ */

/* Trunk and branch: x to bytes or log codes; a convolution of it with powers of two; what is between; x added; Relu; quantizer. */
static void block(struct net *n, const char *trunk, int fc, enum net_quant w)
{
	int64_t channels = n->channels;

	strcpy(n->cur, trunk);
	if (fc)
		net_fc(n, w, channels, 1);
	else
		net_conv(n, w, channels, 3, 1, 1, 1, 0);
}

/* Scales of few digits: some channels fall, some do not depend on the sum. */
static void falling(struct net *n)
{
	static const float some[] = { 1, -0.5f, 0, 2, -1 };
	float *v = malloc((size_t)n->channels * sizeof(*v));
	char name[32], in[80];
	int64_t i;

	for (i = 0; i < n->channels; i++)
		v[i] = some[i % 5];
	snprintf(name, sizeof(name), "falling%d", n->next++);
	snprintf(in, sizeof(in), "%s %s_v", n->cur, name);
	lxa_onnx_f32(n->m, in + strlen(n->cur) + 1, 4, (int64_t[]){ 1, n->channels, 1, 1 }, v);
	lxa_onnx_node(n->m, name, "", "Mul", in, name);
	strcpy(n->cur, name);
	free(v);
}

static void test_thresholds(void **state)
{
	static const float scales[] = { 0.5f, 0.25f, 0.1f };	/* 0.1: the boundaries are no sums, so nothing can be a tie */
	struct lxa_tensor in;
	struct planned r;
	char trunk[32];
	struct net n;
	int i;

	for (i = 0; i < 12; i++) {
		net_begin(&n, 9 + i, 5, 6);
		if (i % 2)
			net_log(&n, 3, 1, 0, "FLOOR");
		else
			net_quant(&n, 0.125f, 8, i % 4 == 0);
		strcpy(trunk, n.cur);
		block(&n, trunk, 0, NET_PLAIN_POWERS);
		if (i % 3 == 0)
			net_const(&n, "Add", 1, -1, 1);
		if (i % 3 == 1)
			falling(&n);
		add(&n, trunk, i % 2);
		if (i % 4 < 2)
			net_node(&n, "Relu");
		if (i % 5 == 0)
			net_const(&n, "Mul", 0, 0.5f, 0.5f);
		if (i % 4 == 3)
			net_bipolar(&n, 1);
		else
			net_quant(&n, scales[i % 3], (float)(2 + i % 3), 0);
		if (i % 3 < 2)
			net_conv(&n, NET_PLAIN_POWERS, 4, 1, 1, 0, 1, 0);
		net_end(&n);
		random_input(&in, 5, 9 + i, 5, 6, -2, 2);
		check(&n, &in, 1, &r, "thresholds", i == 1);
		expect(&r, "Conv", 0, LXA_PLACE_DEVICE, "thresholds on sum and residual");
		expect(&r, "Add", i % 3 == 0, LXA_PLACE_DEVICE, "residual operand");
		planned_free(&r);
	}
}

/*
 * 8-bit outputs: whole multiples of the output's scale only. The branch has a little more than its sum, so that ties are rounded up
 * here as they are there.
 */
static void test_bytes(void **state)
{
	static const struct {
		float out, trunk;
		int is_log, is_signed, on_device;
	} cases[] = {
		{ 0.25f, 0.25f, 0, 0, 1 }, { 0.25f, 0.75f, 0, 1, 1 }, { 0.25f, 0.5f, 1, 0, 1 }, { 0.1f, 0.1f, 0, 1, 1 },
		{ 0.25f, 0.3f, 0, 0, 0 }, { 0.5f, 0.25f, 0, 0, 0 },
	};
	struct lxa_tensor in;
	struct planned r;
	char trunk[32];
	struct net n;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		net_begin(&n, 12, 6, 6);
		if (cases[i].is_log)
			net_log(&n, 3, 1, 5, "NEAREST");	/* units of 1/4 */
		else
			net_quant(&n, cases[i].trunk, 8, cases[i].is_signed);
		strcpy(trunk, n.cur);
		block(&n, trunk, 0, NET_BIPOLAR);
		net_const(&n, "Add", 0, 0.001f, 0.001f);
		add(&n, trunk, 0);
		net_node(&n, "Relu");
		net_quant(&n, cases[i].out, 8, i % 2 == 0);
		net_end(&n);
		random_input(&in, 5, 12, 6, 6, -1, 3);
		check(&n, &in, cases[i].out == 0.1f ? 2 : 1, &r, "bytes", i == 0);
		expect(&r, "Add", 1, cases[i].on_device ? LXA_PLACE_DEVICE : LXA_PLACE_CPU, NULL);
		expect(&r, "Conv", 0, LXA_PLACE_DEVICE, cases[i].on_device ? "8-bit output" : "no whole multiple");
		planned_free(&r);
	}
}

/* ---- where the other branch comes from ----------------------------------------------------------------------------- */

/* Subsampled, and with channels of zeros: what a shortcut without weights is. The CPU makes it and the device adds it. */
static void shortcut(struct net *n, const char *trunk)
{
	lxa_onnx_i64(n->m, "st", 1, (int64_t[]){ 2 }, (int64_t[]){ 0, 0 });
	lxa_onnx_i64(n->m, "en", 1, (int64_t[]){ 2 }, (int64_t[]){ 100, 100 });
	lxa_onnx_i64(n->m, "ax", 1, (int64_t[]){ 2 }, (int64_t[]){ 2, 3 });
	lxa_onnx_i64(n->m, "sp", 1, (int64_t[]){ 2 }, (int64_t[]){ 2, 2 });
	lxa_onnx_i64(n->m, "pad", 1, (int64_t[]){ 8 }, (int64_t[]){ 0, 4, 0, 0, 0, 4, 0, 0 });
	lxa_onnx_scalar(n->m, "zero", 0);
	lxa_onnx_node(n->m, "slice", "", "Slice", strcat(strcpy((char[80]){ "" }, trunk), " st en ax sp"), "slice");
	lxa_onnx_node(n->m, "padded", "", "Pad", "slice pad zero", "padded");
}

/* The shortcut's nodes before the layer's in the file, and behind them. */
static void test_shortcut(void **state)
{
	struct lxa_tensor in;
	struct planned r;
	char trunk[32];
	struct net n;
	int behind;

	for (behind = 0; behind < 2; behind++) {
		net_begin(&n, 8, 8, 6);
		net_log(&n, 4, 1, 2, "NEAREST");
		strcpy(trunk, n.cur);
		if (!behind)
			shortcut(&n, trunk);
		net_conv(&n, NET_LOG, 16, 3, 2, 1, 1, 0);
		net_bn(&n, 0);
		if (behind)
			shortcut(&n, trunk);
		add(&n, "padded", 0);
		net_node(&n, "Relu");
		net_log(&n, 4, 1, 3, "NEAREST");
		net_end(&n);
		random_input(&in, 5, 8, 8, 6, 0, 3);
		check(&n, &in, 0, &r, "shortcut", 1);
		expect(&r, "Add", 0, LXA_PLACE_DEVICE, "residual");
		expect(&r, "Pad", 0, LXA_PLACE_CPU, NULL);
		planned_free(&r);
	}
}

/* A shortcut with weights and a quantizer of its own, before or behind the main branch in the file. */
static void test_two_convolutions(void **state)
{
	struct lxa_tensor in;
	struct planned r;
	char trunk[32], side[32] = "", main_[32] = "";
	struct net n;
	int first, k;

	for (first = 0; first < 2; first++) {
		net_begin(&n, 8, 6, 6);
		net_log(&n, 3, 1, 0, "FLOOR");
		strcpy(trunk, n.cur);
		for (k = 0; k < 2; k++) {
			strcpy(n.cur, trunk);
			n.channels = 8;
			n.height = n.width = 6;
			net_conv(&n, k == first ? NET_BIPOLAR : NET_PLAIN_POWERS, 12, k == first ? 1 : 3, 2, k != first, 1, 0);
			if (k == first)
				net_const(&n, "Add", 0, 0.001f, 0.001f);	/* no ties */
			if (k == first)
				net_quant(&n, 0.5f, 8, 1);
			strcpy(k == first ? side : main_, n.cur);
		}
		strcpy(n.cur, main_);
		add(&n, side, 0);
		net_bipolar(&n, 1);
		net_end(&n);
		random_input(&in, 5, 8, 6, 6, 0, 2);
		check(&n, &in, 1, &r, "two convolutions", 1);
		expect(&r, "Add", 1, LXA_PLACE_DEVICE, "residual");
		expect(&r, "Quant", 0, LXA_PLACE_DEVICE, NULL);
		planned_free(&r);
	}
}

/* What cannot be: both branches float, a pool behind the addition, a value read elsewhere, a tensor of bit planes. */
static void test_not(void **state)
{
	struct lxa_tensor in;
	struct planned r;
	char trunk[32], from[32];
	struct net n;
	int i;

	for (i = 0; i < 4; i++) {
		net_begin(&n, 12, 6, 6);
		net_quant(&n, 0.25f, i == 3 ? 4 : 8, 0);
		strcpy(from, n.cur);
		if (i == 0)
			net_node(&n, "Relu");
		strcpy(trunk, n.cur);
		strcpy(n.cur, from);
		net_conv(&n, i == 3 ? NET_INT4 : NET_PLAIN_POWERS, 12, 3, 1, 1, 1, 0);
		if (i == 2)
			net_output(&n);
		add(&n, trunk, 0);
		if (i == 1)
			net_pool(&n, 2, 2);
		net_quant(&n, 0.5f, 4, 0);
		net_end(&n);
		random_input(&in, 3, 12, 6, 6, -1, 3);
		if (i == 2)
			lxa_tensor_free(&in);
		if (i == 2)
			net_plan(&n, NULL, 2, &r);
		else
			check(&n, &in, 1, &r, "not", 0);
		expect(&r, "Add", 0, LXA_PLACE_CPU, NULL);
		expect(&r, "Conv", 0, LXA_PLACE_DEVICE, NULL);
		planned_free(&r);
		unlink(n.path);
	}
}

/* ---- random ---------------------------------------------------------------------------------------------------------- */

static void test_random(void **state)
{
	struct lxa_tensor in;
	struct planned r;
	char trunk[32];
	struct net n;
	int i, k, blocks, on_device = 0, all = 0;

	for (i = 0; i < rounds; i++) {
		int64_t c = 1 + rnd(rnd(3) ? 12 : 40), h = 1 + rnd(7), w = 1 + rnd(7);

		net_begin(&n, c, h, w);
		net_log(&n, 3, 1, 0, "FLOOR");
		blocks = 1 + (int)rnd(3);
		for (k = 0; k < blocks; k++) {
			int out = (int)rnd(3), bias = out != 2;	/* a log output rounds what is added to whole sums */

			strcpy(trunk, n.cur);
			net_conv(&n, rnd(2) ? NET_BIPOLAR : NET_PLAIN_POWERS, c, h > 2 && w > 2 ? 1 + 2 * rnd(2) : 1, 1, 0, 1, bias && rnd(2));
			if (n.height != h || n.width != w) {	/* too small for the trunk: pad instead */
				strcpy(n.cur, trunk);
				n.height = h;
				n.width = w;
				net_conv(&n, NET_BIPOLAR, c, 3, 1, 1, 1, 0);
			}
			if (bias && rnd(3) == 0)
				net_const(&n, "Add", 1, -1, 1);
			add(&n, trunk, rnd(2) == 0);
			if (rnd(2))
				net_node(&n, "Relu");
			switch (out) {
			case 0:
				net_quant(&n, ldexpf(1, (int)rnd(3) - 2), (float)(1 + rnd(4)), 0);
				break;
			case 1:
				net_thresholds(&n, 1 + (int)rnd(15), 1, -3, 6, 0.5f, 0);
				break;
			default:
				net_log(&n, 3, 1, (float)rnd(3), "NEAREST");
			}
		}
		net_end(&n);
		random_input(&in, 1 + rnd(5), c, h, w, -1, 2);
		net_plan(&n, NULL, 2, &r);
		for (k = 0; k < lxa_plan_entries(r.p); k++) {
			all += strstr(lxa_plan_entry(r.p, k)->name, "sum") == lxa_plan_entry(r.p, k)->name;
			on_device += strstr(lxa_plan_entry(r.p, k)->reason, "residual operand") != NULL;
		}
		planned_free(&r);
		check(&n, &in, 1, &r, "random", 0);
		planned_free(&r);
	}
	print_message("%d of %d additions on the device\n", on_device, all);
	assert_true(on_device * 2 > all);
}

static int open_devices(void **state)
{
	static const char *const names[2] = { "sim:model", "sim:rtl" };
	struct lxa_err err = { "" };
	int i;

	for (i = 0; i < 2; i++)
		if (lxa_device_open(names[i], &devices[i], &err))
			print_message("not on %s: %s\n", names[i], err.text);
	return 0;
}

static int close_devices(void **state)
{
	lxa_device_close(devices[0]);
	lxa_device_close(devices[1]);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_block), cmocka_unit_test(test_log_layer), cmocka_unit_test(test_thresholds), cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_shortcut), cmocka_unit_test(test_two_convolutions), cmocka_unit_test(test_not),
		cmocka_unit_test(test_random),
	};

	if (argc > 1)
		rounds = atoi(argv[1]);
	layer_test_init();
	return cmocka_run_group_tests(tests, open_devices, close_devices);
}
