/* SPDX-License-Identifier: MIT */
/*
 * onnx_conformance_test.c - ONNX's own conformance cases for the operators that the library knows, and whole models
 * with reference results.
 *
 * The data are not shipped. They are looked for in $LXA_ONNX_TESTS (a folder with node/, simple/, pytorch-operator/, or
 * the archive of such), else in $LXA_DATA/onnx-node-tests and $LXA_DATA/qonnx; without them the test is skipped.
 * A case counts when the library knows all its operators. It must then give the reference result, or be refused for a
 * reason in the table below: nothing may be wrong silently.
 */
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "graph_util.h"

/* Cases that are refused on purpose, and a word that their sentence must have. */
static const struct {
	const char *prefix, *word;
} refused[] = {
	{ "batchnorm_epsilon_training", "training" }, { "batchnorm_example_training", "training" },
	{ "training_dropout", "training" },
	{ "pow_types", "type" }, { "pow_types_int", "float" },
};

static char root[4096], temporary[] = "/tmp/lxa-onnx-XXXXXX", data_dir[4096];

struct tally {
	int passed, refused, unknown, failed;
};

static int exists(const char *path)
{
	return !access(path, R_OK);
}

static int load_all(const char *dir, const char *kind, struct lxa_tensor *t, int max, struct lxa_err *err)
{
	char path[4608];
	int n;

	for (n = 0; n < max; n++) {
		snprintf(path, sizeof(path), "%s/%s_%d.pb", dir, kind, n);
		if (!exists(path))
			break;
		if (lxa_tensor_read(path, &t[n], err))
			return -1;
	}
	return n;
}

static void free_all(struct lxa_tensor *t, int n)
{
	while (n-- > 0)
		lxa_tensor_free(&t[n]);
}

/* 0, or an error with its sentence. */
static int compare(struct lxa_cpu *cpu, const struct lxa_graph *g, const char *dir, double rtol, double atol,
		   struct lxa_err *err)
{
	struct lxa_tensor in[16] = { 0 }, out[16] = { 0 }, want[16] = { 0 };
	int n_in, n_want = 0, i, ret = -EPROTO;
	char why[256];

	n_in = load_all(dir, "input", in, 16, err);
	if (n_in < 0)
		return -EOPNOTSUPP;
	n_want = load_all(dir, "output", want, 16, err);
	if (n_want < 0 || n_in != g->n_in || n_want != g->n_out) {
		if (n_want >= 0)
			lxa_err_set(err, ret, "%d and %d inputs, %d and %d outputs", n_in, g->n_in, n_want, g->n_out);
		goto out;
	}
	ret = run_graph(cpu, g, in, out, err);
	for (i = 0; i < n_want && !ret; i++)
		if (!tensors_close(&out[i], &want[i], rtol, atol, why))
			ret = lxa_err_set(err, -EPROTO, "output %d: %s", i, why);
out:
	free_all(in, 16);
	free_all(out, 16);
	free_all(want, 16);
	return ret;
}

static int known(const struct lxa_graph *g)
{
	int i;

	for (i = 0; i < g->n_nodes; i++)
		if (!lxa_cpu_supports(&g->nodes[i]))
			return 0;
	return 1;
}

static int refusal_expected(const char *name, const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (!strncmp(name + strlen("test_"), refused[i].prefix, strlen(refused[i].prefix)) &&
		    strstr(text, refused[i].word))
			return 1;
	return 0;
}

static void one_case(struct lxa_cpu *cpu, const char *folder, const char *name, struct tally *t)
{
	char path[4608], dir[4736];
	struct lxa_graph *g;
	struct lxa_err err;
	int ret;

	snprintf(path, sizeof(path), "%s/%s/%s", root, folder, name);
	snprintf(dir, sizeof(dir), "%s/model.onnx", path);
	ret = lxa_graph_load(dir, &g, &err);
	if (ret) {
		/* Types that the library has not: strings, sequences, half floats. */
		if (ret == -EINVAL && (strstr(err.text, "not supported") || strstr(err.text, "not declared as a tensor")))
			t->unknown++;
		else
			t->failed++, printf("FAILED %s: %s\n", name, err.text);
		return;
	}
	if (!known(g)) {
		t->unknown++;
	} else {
		/* Shapes that depend on an input's data cannot be inferred; everything else is checked against them. */
		if (lxa_graph_infer(g, 1, &err))
			for (ret = 0; ret < g->n_values; ret++)
				g->values[ret].known = 0;
		snprintf(dir, sizeof(dir), "%s/test_data_set_0", path);
		ret = compare(cpu, g, dir, 1e-3, 1e-7, &err);
		if (!ret)
			t->passed++;
		else if (ret != -EPROTO && refusal_expected(name, err.text))
			t->refused++;
		else
			t->failed++, printf("FAILED %s: %s\n", name, err.text);
	}
	lxa_graph_free(g);
}

static void run_folder(struct lxa_cpu *cpu, const char *folder, struct tally *t)
{
	struct dirent **names;
	char path[4352];
	int n, i;

	snprintf(path, sizeof(path), "%s/%s", root, folder);
	n = scandir(path, &names, NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (!strncmp(names[i]->d_name, "test_", 5))
			one_case(cpu, folder, names[i]->d_name, t);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

static void test_cases(void **unused)
{
	struct tally t = { 0 };
	struct lxa_cpu *cpu;
	struct lxa_err err;

	assert_int_equal(lxa_cpu_create(&cpu, &err), 0);
	run_folder(cpu, "node", &t);
	run_folder(cpu, "simple", &t);
	run_folder(cpu, "pytorch-operator", &t);
	lxa_cpu_destroy(cpu);
	printf("conformance: %d passed, %d refused as documented, %d of other operators or types, %d failed\n", t.passed,
	       t.refused, t.unknown, t.failed);
	assert_int_equal(t.failed, 0);
	assert_true(t.passed >= 225);
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
	ret = compare(cpu, g, path, rtol, atol, &err);
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

/* $LXA_ONNX_TESTS or $LXA_DATA/onnx-node-tests: a folder with node/, or an archive, which is unpacked. 1 when found. */
static int find_cases(void)
{
	const char *given = getenv("LXA_ONNX_TESTS");
	char where[4200], command[8704];
	struct stat st;
	glob_t gl;

	snprintf(where, sizeof(where), "%s%s", given ? given : data_dir, given ? "" : "/onnx-node-tests");
	snprintf(root, sizeof(root), "%.4000s/node", where);
	if (exists(root)) {
		root[strlen(root) - strlen("/node")] = 0;
		return 1;
	}
	if (stat(where, &st))
		return 0;
	if (S_ISDIR(st.st_mode))
		strncat(where, "/*.tar*", sizeof(where) - strlen(where) - 1);
	if (glob(where, 0, NULL, &gl))
		return 0;
	snprintf(root, sizeof(root), "%s", mkdtemp(temporary) ? temporary : "");
	snprintf(command, sizeof(command), "tar xf '%s' -C '%s'", gl.gl_pathv[0], root);
	globfree(&gl);
	return *root && !system(command);
}

int main(void)
{
	const struct CMUnitTest cases[] = { cmocka_unit_test(test_cases) };
	const struct CMUnitTest models[] = {
		cmocka_unit_test(test_mnist_conv), cmocka_unit_test(test_resnet20), cmocka_unit_test(test_tfc),
		cmocka_unit_test(test_espcn), cmocka_unit_test(test_tfc_accuracy),
	};
	const char *data = getenv("LXA_DATA");
	char command[64];
	int failed = 0, found;

	snprintf(data_dir, sizeof(data_dir), "%s", data && *data ? data : "../shared/data");
	found = find_cases();
	if (!found && !exists(data_dir)) {
		printf("skipped: no conformance cases: LXA_ONNX_TESTS and LXA_DATA name no folder that has them\n");
		return 4;
	}
	if (found)
		failed += cmocka_run_group_tests(cases, NULL, NULL);
	failed += cmocka_run_group_tests(models, NULL, NULL);
	if (found && !strcmp(root, temporary)) {
		snprintf(command, sizeof(command), "rm -r '%s'", temporary);
		failed += system(command) != 0;
	}
	return failed != 0;
}
