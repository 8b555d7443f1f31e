// SPDX-License-Identifier: MIT
/*
 * One small network for each way in which a plan could be quietly wrong: values that have no code, codes that rounding
 * twice would change, first dimensions that are not images, signs and ranges on the way to a quantizer. All are compared
 * with the float reference and must be equal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "layer_util.h"
#include "plan_util.h"


static void check(struct net *n, struct lxa_tensor *in, int64_t batch, const char *op, enum lxa_place place)
{
	struct lxa_tensor want[NET_OUTPUTS], got[NET_OUTPUTS];
	struct planned r;
	int engine, k;
	int64_t i;

	net_reference(n, in, want);
	for (engine = 0; engine < 2; engine++) {
		net_plan(n, engine ? net_model : NULL, batch, &r);
		if (net_entry(&r, op, 0)->place != place)
			fail_msg("%s is elsewhere: %s", op, net_entry(&r, op, 0)->reason);
		net_run(&r, in, got, 1);
		assert_int_equal(r.res.mismatches, 0);
		for (k = 0; k < n->outputs; k++) {
			assert_int_equal(lxa_tensor_count(&got[k]), lxa_tensor_count(&want[k]));
			for (i = 0; i < lxa_tensor_count(&want[k]); i++)	/* codes have no -0 */
				if (((float *)got[k].data)[i] != ((float *)want[k].data)[i])
					fail_msg("output %d, element %lld: %.9g, reference %.9g", k, (long long)i,
						 ((float *)got[k].data)[i], ((float *)want[k].data)[i]);
			lxa_tensor_free(&got[k]);
		}
		planned_free(&r);
	}
	for (k = 0; k < n->outputs; k++)
		lxa_tensor_free(&want[k]);
	lxa_tensor_free(in);
	unlink(n->path);
}

/* sqrt(2) as a float lies below sqrt(2): rounding a quantized value down again would take its step away. */
static void test_floor_codes(void **state)
{
	struct lxa_tensor in;
	struct net n;

	net_begin(&n, 1, 4, 4);
	net_log(&n, 4, 2, 1, "FLOOR");
	net_conv(&n, NET_BIPOLAR, 32, 1, 1, 0, 1, 0);
	net_log(&n, 4, 2, 1, "NEAREST");
	net_end(&n);
	random_input(&in, 3, 1, 4, 4, -0.2f, 1.5f);
	check(&n, &in, 2, "Conv", LXA_PLACE_DEVICE);
}

/* 13 * 0.7f / 0.7f is below 13: codes are the nearest. */
static void test_floor_quant(void **state)
{
	struct lxa_tensor in;
	struct net n;
	int i;

	net_begin(&n, 1, 16, 16);
	net_quant_rounded(&n, 0.7f, 8, 0, "FLOOR");
	net_conv(&n, NET_BIPOLAR, 1, 1, 1, 0, 1, 0);
	net_end(&n);
	random_input(&in, 1, 1, 16, 16, 0, 1);
	for (i = 0; i < 256; i++)
		((float *)in.data)[i] = 0.7f * ((float)i + 0.5f);
	check(&n, &in, 1, "Conv", LXA_PLACE_DEVICE);
}

/* A bit width of 3.5 clips at 10.3, which rounds to 10; one of 2.5 at 4.66, which rounds to 5. */
static void test_part_of_a_bit(void **state)
{
	struct lxa_tensor in;
	struct net n;

	net_begin(&n, 1, 8, 8);
	net_quant(&n, 1, 2.5f, 0);
	net_conv(&n, NET_BIPOLAR, 4, 1, 1, 0, 1, 0);
	net_quant(&n, 1, 2.5f, 0);
	net_end(&n);
	random_input(&in, 2, 1, 8, 8, 0, 9);
	check(&n, &in, 2, "Conv", LXA_PLACE_DEVICE);
}

/* Relu behind a negative scale: the bit is always set, and Sign's zeros lie at the upper end of the sums. */
static void test_sign_of_falling_relu(void **state)
{
	struct lxa_tensor in;
	struct net n;

	net_begin(&n, 3, 4, 4);
	net_bipolar(&n, 1);
	net_conv(&n, NET_BIPOLAR, 4, 1, 1, 0, 1, 0);
	net_const(&n, "Mul", 1, -2, -1);
	net_node(&n, "Relu");
	net_node(&n, "Sign");
	net_end(&n);
	random_input(&in, 2, 3, 4, 4, -1, 1);
	check(&n, &in, 2, "Sign", LXA_PLACE_CPU);
}

/* Sign(0) = 0 has no bit: that batch runs in float, through the Flatten that the device would read past. */
static void test_sign_of_zero(void **state)
{
	struct lxa_tensor in;
	struct net n;
	int zeros;

	for (zeros = 0; zeros < 2; zeros++) {
		net_begin(&n, 5, 3, 3);
		net_node(&n, "Sign");
		net_conv(&n, NET_BIPOLAR, 7, 1, 1, 0, 1, 0);
		net_bn(&n, 0);
		net_bipolar(&n, 1);
		net_fc(&n, NET_BIPOLAR, 6, 1);
		net_end(&n);
		random_input(&in, 5, 5, 3, 3, -1, 1);
		if (zeros)
			((float *)in.data)[5 * 9 + 3] = 0;	/* in the first of three batches */
		check(&n, &in, 2, "Conv", LXA_PLACE_DEVICE);
		net_begin(&n, 5, 3, 3);
		net_node(&n, "Sign");
		net_fc(&n, NET_BIPOLAR, 6, 1);
		net_end(&n);
		random_input(&in, 5, 5, 3, 3, -1, 1);
		if (zeros)
			((float *)in.data)[5 * 9 + 3] = 0;
		check(&n, &in, 2, "Gemm", LXA_PLACE_DEVICE);
	}
}

/* An odd number of taps gives no sum of 0, but ReLU makes zeros of all negative ones. */
static void test_sign_after_relu(void **state)
{
	struct lxa_tensor in;
	struct net n;

	net_begin(&n, 9, 3, 3);
	net_bipolar(&n, 1);
	net_conv(&n, NET_BIPOLAR, 7, 1, 1, 0, 1, 0);
	net_node(&n, "Relu");
	net_node(&n, "Sign");
	net_end(&n);
	random_input(&in, 4, 9, 3, 3, -1, 1);
	check(&n, &in, 4, "Sign", LXA_PLACE_CPU);
}

/* Reshape makes more rows than there are images: no batch of a job. */
static void test_rows_are_not_images(void **state)
{
	struct lxa_tensor in;
	struct net n;

	net_begin(&n, 8, 3, 2);
	net_bipolar(&n, 1);
	net_reshape(&n, 4);
	net_fc(&n, NET_BIPOLAR, 6, 0);
	net_end(&n);
	random_input(&in, 3, 8, 3, 2, -1, 1);
	check(&n, &in, 3, "MatMul", LXA_PLACE_CPU);
}

/* Behind ReLU and a negative offset a signed quantizer has negative values. */
static void test_offset_after_relu(void **state)
{
	struct lxa_tensor in;
	struct net n;

	net_begin(&n, 6, 4, 4);
	net_bipolar(&n, 1);
	net_conv(&n, NET_BIPOLAR, 7, 1, 1, 0, 1, 0);
	net_node(&n, "Relu");
	net_const(&n, "Add", 1, -3, -2);
	net_quant(&n, 0.5f, 4, 1);
	net_end(&n);
	random_input(&in, 4, 6, 4, 4, -1, 1);
	check(&n, &in, 4, "Conv", LXA_PLACE_DEVICE);
}

/* Weights with a negative scale: the largest value is not the largest sum. */
static void test_negative_scale(void **state)
{
	static const int64_t dims[4] = { 2, 1, 1, 1 };
	static const float w[2] = { 1, 1 };
	struct lxa_tensor in;
	struct net n;

	net_begin(&n, 1, 6, 6);
	net_log(&n, 4, 1, 1, "NEAREST");
	lxa_onnx_f32(n.m, "nw", 4, dims, w);
	lxa_onnx_scalar(n.m, "ns", -0.25f);
	lxa_onnx_scalar(n.m, "nz", 0);
	lxa_onnx_scalar(n.m, "nb", 8);
	lxa_onnx_node(n.m, "nq", "qonnx.custom_op.general", "Quant", "nw ns nz nb", "nq");
	lxa_onnx_node(n.m, "nc", "", "Conv", strcat(strcpy((char[80]){ "" }, n.cur), " nq"), "nc");
	strcpy(n.cur, "nc");
	n.channels = 2;
	net_pool(&n, 2, 2);
	net_end(&n);
	random_input(&in, 2, 1, 6, 6, 0, 1);
	check(&n, &in, 2, "Conv", LXA_PLACE_DEVICE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_floor_codes),
		cmocka_unit_test(test_floor_quant),
		cmocka_unit_test(test_part_of_a_bit),
		cmocka_unit_test(test_sign_of_falling_relu), cmocka_unit_test(test_sign_of_zero),
		cmocka_unit_test(test_sign_after_relu),
		cmocka_unit_test(test_rows_are_not_images),
		cmocka_unit_test(test_offset_after_relu),
		cmocka_unit_test(test_negative_scale),
	};

	layer_test_init();
	return cmocka_run_group_tests(tests, net_open_model, net_close_model);
}
