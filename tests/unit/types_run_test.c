// SPDX-License-Identifier: MIT
/*
 * Whole models of each element type through lxa.h: inputs given in the model's type or as float, outputs in the model's type;
 * a float16 network runs on the CPU half.
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

#include "graph_util.h"
#include "onnx_save.h"

static char path[] = "/tmp/lxa-types-XXXXXX.onnx";

/* Runs the saved model on three images of `in`, two a batch. */
static void run(const struct lxa_tensor *in, struct lxa_tensor *out)
{
	struct lxa_model *model;
	struct lxa_plan *plan;
	struct lxa_err err;

	if (lxa_model_load(path, &model, &err) || lxa_plan_create(model, NULL, 2, &plan, &err) ||
	    lxa_plan_run(plan, in, out, NULL, NULL, &err))
		fail_msg("%s", err.text);
	lxa_plan_free(plan);
	lxa_model_free(model);
}

static void save(struct lxa_onnx *m)
{
	struct lxa_err err;

	if (lxa_onnx_save(m, path, &err))
		fail_msg("%s", err.text);
	lxa_onnx_free(m);
}

/* Small whole numbers that every type holds, as floats and in the type itself, through Identity and Cast. */
static void test_inputs(void **unused)
{
	static const enum lxa_dtype types[] = {
		LXA_F32, LXA_F64, LXA_F16, LXA_BF16, LXA_F8E4M3FN, LXA_F8E4M3FNUZ, LXA_F8E5M2, LXA_F8E5M2FNUZ, LXA_INT4, LXA_UINT4,
		LXA_INT8, LXA_UINT8, LXA_INT16, LXA_UINT16, LXA_INT32, LXA_UINT32, LXA_INT64, LXA_UINT64, LXA_BOOL,
	};
	float v[6] = { 0, 1, 2, 3, 4, 6 }, bits[6] = { 0, 1, 1, 0, 1, 0 };
	struct lxa_tensor in = { .dtype = LXA_F32, .ndim = 2, .dims = { 3, 2 } }, out[2], again[2];
	struct lxa_onnx *m;
	size_t k;
	int i, j;

	for (k = 0; k < sizeof(types) / sizeof(types[0]); k++) {
		in.data = types[k] == LXA_BOOL ? bits : v;
		m = lxa_onnx_new("types");
		lxa_onnx_input(m, "x", types[k], 2, (int64_t[]){ -1, 2 });
		lxa_onnx_node(m, "same", "", "Identity", "x", "y");
		lxa_onnx_node(m, "float", "", "Cast", "y", "z");
		lxa_onnx_attr_int(m, "to", LXA_F32);
		lxa_onnx_output(m, "y", types[k], 2, (int64_t[]){ -1, 2 });
		lxa_onnx_output(m, "z", LXA_F32, 2, (int64_t[]){ -1, 2 });
		save(m);
		memset(out, 0, sizeof(out));
		memset(again, 0, sizeof(again));
		run(&in, out);
		assert_int_equal(out[0].dtype, types[k]);
		run(&out[0], again);
		for (i = 0; i < 6; i++) {
			double want = (double)((float *)in.data)[i];

			for (j = 0; j < 2; j++)
				if (tensor_get(&out[j], i) != want || tensor_get(&again[j], i) != want)
					fail_msg("type %d, output %d: %g and %g, should be %g", (int)types[k], j,
						 tensor_get(&out[j], i), tensor_get(&again[j], i), want);
		}
		for (j = 0; j < 2; j++) {
			lxa_tensor_free(&out[j]);
			lxa_tensor_free(&again[j]);
		}
	}
}

/* A convolution, its activation and a mean in float16, against the same sums in double. */
static void test_float16_network(void **unused)
{
	const uint16_t w[4] = { 0x3c00, 0xb800, 0x3400, 0x4000 };	/* 1, -0.5, 0.25, 2 */
	const double wd[4] = { 1, -0.5, 0.25, 2 };
	struct lxa_tensor weights = { .dtype = LXA_F16, .ndim = 4, .dims = { 2, 2, 1, 1 }, .data = (void *)w };
	struct lxa_tensor in = { .dtype = LXA_F32, .ndim = 4, .dims = { 3, 2, 2, 2 } }, out = { 0 };
	struct lxa_onnx *m = lxa_onnx_new("half");
	float v[24];
	int n, o, i, c;

	for (i = 0; i < 24; i++)
		v[i] = (float)((i * 7) % 16 - 8) / 4;	/* exact in float16, and so are all sums */
	in.data = v;
	lxa_onnx_input(m, "x", LXA_F16, 4, (int64_t[]){ -1, 2, 2, 2 });
	lxa_onnx_tensor(m, "w", &weights);
	lxa_onnx_node(m, "conv", "", "Conv", "x w", "a");
	lxa_onnx_node(m, "act", "", "Relu", "a", "b");
	lxa_onnx_node(m, "mean", "", "GlobalAveragePool", "b", "y");
	lxa_onnx_output(m, "y", LXA_F16, 4, (int64_t[]){ -1, 2, 1, 1 });
	save(m);
	run(&in, &out);
	assert_int_equal(out.dtype, LXA_F16);
	for (n = 0; n < 3; n++)
		for (o = 0; o < 2; o++) {
			double mean = 0;

			for (i = 0; i < 4; i++) {
				double sum = 0;

				for (c = 0; c < 2; c++)
					sum += wd[o * 2 + c] * (double)v[(n * 2 + c) * 4 + i];
				mean += (sum > 0 ? sum : 0) / 4;
			}
			if (fabs(tensor_get(&out, n * 2 + o) - mean) > 1e-3 * mean)
				fail_msg("image %d, channel %d: %g, should be %g", n, o, tensor_get(&out, n * 2 + o), mean);
		}
	lxa_tensor_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_inputs), cmocka_unit_test(test_float16_network) };
	int fd = mkstemps(path, 5), failed;

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
