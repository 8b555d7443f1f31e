/* SPDX-License-Identifier: MIT */
/*
 * onnx_models_test.c - whole models of others: with reference results where they came with some.
 *
 * The data are not shipped; they are looked for in $LXA_DATA (qonnx/, resnet20-cifar10/, mnist/). A model that is not
 * there is skipped, without any the test is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "graph_util.h"

static char data_dir[4096];

static int exists(const char *path)
{
	return !access(path, R_OK);
}

/* A model of the data folder with its reference input and output; other tolerances where its README says so. */
static void whole_model(const char *model, const char *set, double rtol, double atol)
{
	char path[4352];
	struct lxa_graph *g;
	struct lxa_cpu *cpu;
	struct lxa_err err;
	int ret;

	snprintf(path, sizeof(path), "%s/%s", data_dir, model);
	if (!exists(path))
		skip();
	if (lxa_graph_load(path, &g, &err) || lxa_graph_infer(g, 1, &err))
		fail_msg("%s", err.text);
	assert_int_equal(lxa_cpu_create(&cpu, &err), 0);
	snprintf(path, sizeof(path), "%s/%s", data_dir, set);
	ret = compare_with_files(cpu, g, path, rtol, atol, &err);
	if (ret)
		fail_msg("%s: %s", model, err.text);
	lxa_cpu_destroy(cpu);
	lxa_graph_free(g);
}

static void test_mnist_conv(void **unused)
{
	whole_model("qonnx/mnist-conv/model.onnx", "qonnx/mnist-conv/test_data_set_0", 1e-3, 0.002);
}

/* Files that no reference result came with must at least load, infer and run. */
static void runs(const char *model, int64_t batch)
{
	char path[4352];
	struct lxa_tensor in = { 0 }, out;
	struct lxa_graph *g;
	struct lxa_cpu *cpu;
	struct lxa_err err;
	int64_t i;

	snprintf(path, sizeof(path), "%s/%s", data_dir, model);
	if (!exists(path))
		skip();
	if (lxa_graph_load(path, &g, &err))
		fail_msg("%s", err.text);
	if (lxa_graph_infer(g, batch, &err))
		fail_msg("%s", err.text);
	assert_int_equal(g->n_in, 1);
	in = g->values[g->in[0]].t;
	assert_int_equal(lxa_tensor_alloc(&in), 0);
	for (i = 0; i < lxa_tensor_count(&in); i++)
		((float *)in.data)[i] = (float)(i % 17) / 17;
	assert_int_equal(lxa_cpu_create(&cpu, &err), 0);
	if (run_graph(cpu, g, &in, &out, &err))
		fail_msg("%s", err.text);
	lxa_tensor_free(&in);
	lxa_tensor_free(&out);
	lxa_cpu_destroy(cpu);
	lxa_graph_free(g);
}

static void test_resnet20(void **unused)
{
	runs("resnet20-cifar10/resnet20.onnx", 2);
}

static void test_tfc(void **unused)
{
	runs("qonnx/TFC_1W1A.onnx", 1);
}

/*
 * A binary network that others trained gives 92.96 % on MNIST's test images. One by one, as the file fixes a batch of one:
 * all of them with LXA_LONG set, else the first 300.
 */
static void test_tfc_accuracy(void **unused)
{
	char path[4352];
	struct lxa_tensor in = { .dtype = LXA_F32, .ndim = 4, .dims = { 1, 1, 28, 28 } }, out;
	int i, k, best, correct = 0, limit = getenv("LXA_LONG") ? 10000 : 300;
	uint8_t pixels[784], label;
	gzFile images, labels;
	struct lxa_graph *g;
	struct lxa_cpu *cpu;
	struct lxa_err err;

	snprintf(path, sizeof(path), "%s/mnist/t10k-images-idx3-ubyte.gz", data_dir);
	images = gzopen(path, "rb");
	snprintf(path, sizeof(path), "%s/mnist/t10k-labels-idx1-ubyte.gz", data_dir);
	labels = gzopen(path, "rb");
	snprintf(path, sizeof(path), "%s/qonnx/TFC_1W1A.onnx", data_dir);
	if (!images || !labels || !exists(path))
		skip();
	if (lxa_graph_load(path, &g, &err) || lxa_graph_infer(g, 1, &err) || lxa_cpu_create(&cpu, &err))
		fail_msg("%s", err.text);
	assert_int_equal(lxa_tensor_alloc(&in), 0);
	assert_int_equal(gzread(images, pixels, 16), 16);
	assert_int_equal(gzread(labels, pixels, 8), 8);
	for (i = 0; i < limit; i++) {
		assert_int_equal(gzread(images, pixels, 784), 784);
		assert_int_equal(gzread(labels, &label, 1), 1);
		for (k = 0; k < 784; k++)
			((float *)in.data)[k] = (float)pixels[k] / 255;
		if (run_graph(cpu, g, &in, &out, &err))
			fail_msg("%s", err.text);
		for (best = 0, k = 1; k < 10; k++)
			if (((float *)out.data)[k] > ((float *)out.data)[best])
				best = k;
		correct += best == label;
		lxa_tensor_free(&out);
	}
	printf("TFC_1W1A on MNIST: %d of %d\n", correct, limit);
	if (limit == 10000)
		assert_int_equal(correct, 9296);
	else
		assert_in_range(correct, 270, 300);
	gzclose(images);
	gzclose(labels);
	lxa_tensor_free(&in);
	lxa_cpu_destroy(cpu);
	lxa_graph_free(g);
}

static void test_espcn(void **unused)
{
	runs("qonnx/espcn/subpixel/quant_model.onnx", 1);
	runs("qonnx/espcn/subpixel/float_model.onnx", 1);
}

int main(void)
{
	const struct CMUnitTest models[] = {
		cmocka_unit_test(test_mnist_conv), cmocka_unit_test(test_resnet20), cmocka_unit_test(test_tfc),
		cmocka_unit_test(test_espcn), cmocka_unit_test(test_tfc_accuracy),
	};
	const char *data = getenv("LXA_DATA");

	snprintf(data_dir, sizeof(data_dir), "%s", data && *data ? data : "../shared/data");
	if (!exists(data_dir)) {
		printf("skipped: no models: LXA_DATA names no folder that has them\n");
		return 4;
	}
	return cmocka_run_group_tests(models, NULL, NULL) != 0;
}
