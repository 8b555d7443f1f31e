/* SPDX-License-Identifier: MIT */
/*
 * onnx_conformance_test.c - ONNX's own conformance cases: one outcome for each, by name.
 *
 *	passed   gives the reference result at the upstream tolerance (rtol 1e-3, atol 1e-7)
 *	refused  an operator of the list below, in a form that the library refuses: in the table of refusals, with the reason
 *	other    not of the list; named, with the operator or type that is missing
 *	FAILED   anything else: a listed operator that neither passes nor is in the table, or a wrong result of any operator
 *
 * The data are not shipped. They are looked for in $LXA_ONNX_TESTS (a folder with node/, simple/, pytorch-operator/, or
 * the archive of such), else in $LXA_DATA/onnx-node-tests; without them the test is skipped. Cases of any ONNX release will do.
 */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
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

#include "graph_util.h"
#include "onnx_pb.h"

/* The operators that the library is to have, of ONNX's own domain. */
static const char *const listed[] = {
	"Add", "ArgMax", "AveragePool", "BatchNormalization", "Cast", "Clip", "Concat", "Constant", "Conv", "ConvInteger",
	"ConvTranspose", "DepthToSpace", "DequantizeLinear", "Div", "Dropout", "Elu", "Expand", "Flatten", "Gather", "Gemm",
	"GlobalAveragePool", "GlobalMaxPool", "HardSigmoid", "HardSwish", "Identity", "InstanceNormalization", "LRN",
	"LeakyRelu", "LogSoftmax", "MatMul", "MatMulInteger", "MaxPool", "Mul", "PRelu", "Pad", "Pow", "QLinearConv",
	"QuantizeLinear", "ReduceMax", "ReduceMean", "ReduceSum", "Relu", "Reshape", "Resize", "Shape", "Sigmoid", "Slice",
	"Softmax", "Split", "Squeeze", "Sub", "Tanh", "Transpose", "Unsqueeze", "Upsample",
};

/* Cases of listed operators that are refused on purpose: a pattern of names, a word of the sentence, the reason. */
static const struct {
	const char *pattern, *word, *reason;
} refusals[] = {
	{ "test_batchnorm_*_training_mode*", "training", "the library does inference; training is left out" },
	{ "test_training_dropout*", "training", "drops at random: there is no one result" },
	{ "test_cast*STRING*", "string", "there are no string tensors" },
	{ "test_identity_opt*", "not declared as a tensor", "there are no optional values" },
	{ "*", "element type an unknown type", "an element type that came after opset 21" },
	{ "test_identity_sequence*", "not declared as a tensor", "there are no sequences" },
};

static char root[4096], temporary[] = "/tmp/lxa-onnx-XXXXXX", data_dir[4096];

struct tally {
	int passed, refused, other, failed;
};

static int exists(const char *path)
{
	return !access(path, R_OK);
}

static int is_listed(const Onnx__NodeProto *n)
{
	size_t i;

	for (i = 0; (!n->domain || !*n->domain || !strcmp(n->domain, "ai.onnx")) && i < sizeof(listed) / sizeof(listed[0]); i++)
		if (!strcmp(listed[i], n->op_type))
			return 1;
	return 0;
}

/* The first operator of the model that is not of the list, straight from the file; "" when all are. */
static void first_unlisted(const char *path, char name[128])
{
	Onnx__ModelProto *m = NULL;
	struct lxa_err err;
	uint8_t *data;
	size_t size, i;

	snprintf(name, 128, "(a file that cannot be read)");
	if (lxa_file_read(path, &data, &size, &err))
		return;
	m = onnx__model_proto__unpack(NULL, size, data);
	if (m && m->graph) {
		*name = 0;
		for (i = 0; i < m->graph->n_node && !*name; i++)
			if (!is_listed(m->graph->node[i]))
				snprintf(name, 128, "%s", m->graph->node[i]->op_type);
	}
	if (m)
		onnx__model_proto__free_unpacked(m, NULL);
	free(data);
}

/* 0, or an error with its sentence: -EPROTO for a wrong result. */
static int run_case(struct lxa_cpu *cpu, const char *path, struct lxa_err *err)
{
	char file[4864];
	struct lxa_graph *g;
	int i, ret;

	snprintf(file, sizeof(file), "%s/model.onnx", path);
	ret = lxa_graph_load(file, &g, err);
	if (ret)
		return ret;
	/* Shapes that depend on an input's data cannot be inferred; everything else is checked against them. */
	if (lxa_graph_infer(g, 1, err))
		for (i = 0; i < g->n_values; i++)
			g->values[i].known = 0;
	for (i = 0; i < 100 && !ret; i++) {
		snprintf(file, sizeof(file), "%s/test_data_set_%d", path, i);
		if (!exists(file))
			break;
		ret = compare_with_files(cpu, g, file, 1e-3, 1e-7, err);
	}
	if (!ret && !i)
		ret = lxa_err_set(err, -ENOENT, "%s has no data", path);
	lxa_graph_free(g);
	return ret;
}

static const char *expected_refusal(const char *name, const char *sentence)
{
	size_t i;

	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (!fnmatch(refusals[i].pattern, name, 0) && strstr(sentence, refusals[i].word))
			return refusals[i].reason;
	return NULL;
}

static void one_case(struct lxa_cpu *cpu, const char *folder, const char *name, struct tally *t)
{
	char path[4608], file[4864], unlisted[128];
	struct lxa_err err = { "" };
	const char *why;
	int ret;

	snprintf(path, sizeof(path), "%s/%s/%s", root, folder, name);
	snprintf(file, sizeof(file), "%s/model.onnx", path);
	first_unlisted(file, unlisted);
	ret = run_case(cpu, path, &err);
	if (!ret) {
		t->passed++;
		printf("passed   %s/%s\n", folder, name);
	} else if (ret != -EPROTO && (why = expected_refusal(name, err.text))) {
		t->refused++;
		printf("refused  %s/%s: %s\n", folder, name, why);
	} else if (ret != -EPROTO && *unlisted) {
		t->other++;
		printf("other    %s/%s: %s is not of the list\n", folder, name, unlisted);
	} else {
		t->failed++;
		printf("FAILED   %s/%s: %s\n", folder, name, strncmp(err.text, root, strlen(root)) ? err.text : err.text +
		       strlen(root) + 1);
	}
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
	printf("conformance, each case by name above: %d passed, %d refused, %d other, %d failed\n", t.passed, t.refused,
	       t.other, t.failed);
	assert_int_equal(t.failed, 0);
	assert_true(t.passed > 100);
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
	const char *data = getenv("LXA_DATA");
	char command[64];
	int failed;

	snprintf(data_dir, sizeof(data_dir), "%s", data && *data ? data : "../shared/data");
	if (!find_cases()) {
		printf("skipped: no conformance cases: LXA_ONNX_TESTS and LXA_DATA name no folder that has them\n");
		return 4;
	}
	failed = cmocka_run_group_tests(cases, NULL, NULL);
	if (!strcmp(root, temporary)) {
		snprintf(command, sizeof(command), "rm -r '%s'", temporary);
		failed += system(command) != 0;
	}
	return failed != 0;
}
