/* SPDX-License-Identifier: MIT */
/*
 * onnx_shape_test.c - the operators that only change or ask for shapes, by hand in every opset's form; Constant's forms; whole
 * graphs with an open batch, whose shapes are inferred at several batch sizes and then hold when the graph is run.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "graph_util.h"
#include "node_util.h"
#include "onnx_save.h"

static const double count24[24] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23 };

/* A 2 x 3 x 4 tensor through the operator with one list, as an attribute or as an input: the same 24 elements in shape want. */
static void one(const char *op, int opset, const char *attr, int as_input, int n, const int64_t *v, int ndim, const int64_t *want)
{
	double values[8];
	struct node_test t;
	int i;

	node_init(&t, op, "", opset);
	node_in(&t, LXA_INT16, DIMS(2, 3, 4), count24);
	for (i = 0; i < n; i++)
		values[i] = (double)v[i];
	if (attr && !as_input)
		node_ints(&t, attr, n, v);
	else if (attr)
		node_in(&t, LXA_INT64, 1, (int64_t[]){ n }, values);
	node_want(&t, 0, LXA_INT16, ndim, want, count24);
	node_done(&t);
}

static void test_reshape(void **unused)
{
	struct node_test t;

	one("Reshape", 7, "shape", 1, DIMS(4, 6), DIMS(4, 6));
	one("Reshape", 13, "shape", 1, DIMS(0, -1), DIMS(2, 12));
	one("Reshape", 14, "shape", 1, DIMS(-1, 1, 0), DIMS(6, 1, 4));
	one("Reshape", 21, "shape", 1, DIMS(-1), DIMS(24));
	node_init(&t, "Reshape", "", 14);	/* allowzero: 0 is a length */
	node_int(&t, "allowzero", 1);
	node_in(&t, LXA_F32, DIMS(0, 3), NULL);
	node_in(&t, LXA_INT64, DIMS(3), VALUES(3, 4, 0));
	node_want(&t, 0, LXA_F32, DIMS(3, 4, 0), NULL);
	node_done(&t);
	node_init(&t, "Reshape", "", 13);
	node_in(&t, LXA_F32, DIMS(2, 3), NULL);
	node_in(&t, LXA_INT64, DIMS(2), VALUES(4, -1));
	node_refused(&t, "2x3 cannot become");
	tensor_set(&t.in[1], 0, -1);
	node_refused(&t, "shape -1x-1 is not possible");
	node_done(&t);
}

static void test_flatten(void **unused)
{
	static const struct {
		int opset, axis;
		int64_t want[2];
	} rows[] = { { 7, 1, { 2, 12 } }, { 9, 0, { 1, 24 } }, { 9, 3, { 24, 1 } }, { 11, -1, { 6, 4 } }, { 21, -3, { 1, 24 } } };
	struct node_test t;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		node_init(&t, "Flatten", "", rows[i].opset);
		node_int(&t, "axis", rows[i].axis);
		node_in(&t, LXA_F16, DIMS(2, 3, 4), count24);
		node_want(&t, 0, LXA_F16, 2, rows[i].want, count24);
		node_done(&t);
	}
	node_init(&t, "Flatten", "", 13);
	node_in(&t, LXA_F32, DIMS(2, 3, 4), count24);
	node_want(&t, 0, LXA_F32, DIMS(2, 12), count24);
	node_done(&t);
}

static void test_squeeze(void **unused)
{
	struct node_test t;

	node_init(&t, "Squeeze", "", 7);
	node_ints(&t, "axes", 1, (int64_t[]){ 0 });
	node_in(&t, LXA_F32, DIMS(1, 3, 1), VALUES(1, 2, 3));
	node_want(&t, 0, LXA_F32, DIMS(3, 1), VALUES(1, 2, 3));
	node_done(&t);
	node_init(&t, "Squeeze", "", 11);
	node_ints(&t, "axes", 2, (int64_t[]){ -1, 0 });
	node_in(&t, LXA_F32, DIMS(1, 3, 1), VALUES(1, 2, 3));
	node_want(&t, 0, LXA_F32, DIMS(3), VALUES(1, 2, 3));
	node_done(&t);
	node_init(&t, "Squeeze", "", 13);	/* all of length 1 */
	node_in(&t, LXA_BOOL, DIMS(1, 3, 1), VALUES(1, 0, 1));
	node_want(&t, 0, LXA_BOOL, DIMS(3), VALUES(1, 0, 1));
	node_in(&t, LXA_INT64, DIMS(1), VALUES(1));
	node_refused(&t, "dimension 1 is 3, only 1 can be squeezed");
	tensor_set(&t.in[1], 0, -1);
	node_run(&t);
	node_want(&t, 0, LXA_BOOL, DIMS(1, 3), VALUES(1, 0, 1));
	node_done(&t);
	one("Unsqueeze", 7, "axes", 0, DIMS(0, 4), DIMS(1, 2, 3, 4, 1));
	one("Unsqueeze", 11, "axes", 0, DIMS(-1), DIMS(2, 3, 4, 1));
	one("Unsqueeze", 13, "axes", 1, DIMS(3, 1), DIMS(2, 1, 3, 1, 4));
	one("Unsqueeze", 21, "axes", 1, DIMS(-4), DIMS(1, 2, 3, 4));
	one("Identity", 7, NULL, 0, 0, NULL, DIMS(2, 3, 4));
	node_init(&t, "Unsqueeze", "", 13);
	node_in(&t, LXA_F32, DIMS(2), NULL);
	node_in(&t, LXA_INT64, DIMS(2), VALUES(0, -3));
	node_refused(&t, "axis 0 is given twice");
	node_done(&t);
}

static void test_shape(void **unused)
{
	static const struct {
		int has_start, start, has_end, end, n;
		double want[3];
	} rows[] = {
		{ 0, 0, 0, 0, 3, { 2, 3, 4 } }, { 1, 1, 0, 0, 2, { 3, 4 } }, { 1, -1, 0, 0, 1, { 4 } }, { 0, 0, 1, -1, 2, { 2, 3 } },
		{ 1, 1, 1, 2, 1, { 3 } }, { 1, -10, 1, 10, 3, { 2, 3, 4 } }, { 1, 2, 1, 1, 0, { 0 } },
	};
	struct node_test t;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		node_init(&t, "Shape", "", 15);
		if (rows[i].has_start)
			node_int(&t, "start", rows[i].start);
		if (rows[i].has_end)
			node_int(&t, "end", rows[i].end);
		node_in(&t, LXA_BF16, DIMS(2, 3, 4), NULL);
		node_want(&t, 0, LXA_INT64, DIMS(rows[i].n), rows[i].want);
		node_done(&t);
	}
	node_init(&t, "Size", "", 13);
	node_in(&t, LXA_F8E5M2, DIMS(2, 3, 4), NULL);
	node_want(&t, 0, LXA_INT64, SCALAR, VALUES(24));
	node_done(&t);
}

/* ---- whole graphs ---- */

static char path[] = "/tmp/lxa-shape-XXXXXX.onnx";

static struct lxa_graph *load(struct lxa_onnx *m)
{
	struct lxa_graph *g;
	struct lxa_err err;

	if (lxa_onnx_save(m, path, &err) || lxa_graph_load(path, &g, &err))
		fail_msg("%s", err.text);
	lxa_onnx_free(m);
	return g;
}

static void want_dims(const struct lxa_graph *g, const char *name, int ndim, const int64_t *dims)
{
	char text[160], should[160];
	int i;

	for (i = 0; i < g->n_values && strcmp(g->values[i].name, name); i++)
		;
	assert_true(i < g->n_values);
	if (!g->values[i].known)
		fail_msg("'%s' has no shape", name);
	*text = *should = 0;
	assert_int_equal(g->values[i].t.ndim, ndim);
	if (ndim && memcmp(g->values[i].t.dims, dims, (size_t)ndim * sizeof(*dims))) {
		int d, a = 0, b = 0;

		for (d = 0; d < ndim; d++) {
			a += snprintf(text + a, sizeof(text) - (size_t)a, " %lld", (long long)g->values[i].t.dims[d]);
			b += snprintf(should + b, sizeof(should) - (size_t)b, " %lld", (long long)dims[d]);
		}
		fail_msg("'%s' is%s, should be%s", name, text, should);
	}
}

/* Runs the graph on ones; run_graph() holds each result against the inferred shape. */
static void run_ones(const struct lxa_graph *g)
{
	struct lxa_tensor x = g->values[g->in[0]].t, out[16];
	struct lxa_cpu *cpu;
	struct lxa_err err;
	int64_t i;

	assert_true(g->n_out <= 16);
	assert_int_equal(lxa_tensor_alloc(&x), 0);
	for (i = 0; i < lxa_tensor_count(&x); i++)
		((float *)x.data)[i] = 1;
	assert_int_equal(lxa_cpu_create(&cpu, &err), 0);
	if (run_graph(cpu, g, &x, out, &err))
		fail_msg("%s", err.text);
	for (i = 0; i < g->n_out; i++)
		lxa_tensor_free(&out[i]);
	lxa_tensor_free(&x);
	lxa_cpu_destroy(cpu);
}

/* One operator behind an open batch; N in want[0] is the batch. Lists are inputs, as from opset 18 on. */
#define N (-1)
static const struct {
	const char *op, *attr;
	int64_t value;			/* of the attribute */
	int n_list;			/* input 1: a list of integers */
	int64_t list[8];
	int ndim;
	int64_t want[5];
} behind[] = {
	{ "Relu", NULL, 0, 0, { 0 }, 4, { N, 4, 6, 6 } },
	{ "HardSwish", NULL, 0, 0, { 0 }, 4, { N, 4, 6, 6 } },
	{ "Softmax", "axis", 1, 0, { 0 }, 4, { N, 4, 6, 6 } },
	{ "Transpose", NULL, 0, 0, { 0 }, 4, { 6, 6, 4, N } },
	{ "Flatten", NULL, 0, 0, { 0 }, 2, { N, 144 } },
	{ "Reshape", NULL, 0, 2, { 0, -1 }, 2, { N, 144 } },
	{ "Reshape", NULL, 0, 3, { -1, 12, 12 }, 3, { N, 12, 12 } },
	{ "Squeeze", NULL, 0, 0, { 0 }, 0, { 0 } },	/* depends on the batch: its shape is checked by the run alone */
	{ "Unsqueeze", NULL, 0, 1, { 2 }, 5, { N, 4, 1, 6, 6 } },
	{ "Pad", NULL, 0, 8, { 0, 0, 1, 2, 0, 0, 1, -1 }, 4, { N, 4, 8, 7 } },
	{ "Expand", NULL, 0, 4, { 1, 4, 1, 6 }, 4, { N, 4, 6, 6 } },
	{ "Tile", NULL, 0, 4, { 1, 2, 1, 1 }, 4, { N, 8, 6, 6 } },
	{ "ReduceMean", NULL, 0, 2, { 2, 3 }, 4, { N, 4, 1, 1 } },
	{ "ReduceMax", "keepdims", 0, 1, { 1 }, 3, { N, 6, 6 } },
	{ "ReduceSum", "keepdims", 0, 2, { -1, -2 }, 2, { N, 4 } },
	{ "ArgMax", "axis", 1, 0, { 0 }, 4, { N, 1, 6, 6 } },
	{ "DepthToSpace", "blocksize", 2, 0, { 0 }, 4, { N, 1, 12, 12 } },
	{ "SpaceToDepth", "blocksize", 3, 0, { 0 }, 4, { N, 36, 2, 2 } },
	{ "Cast", "to", LXA_INT32, 0, { 0 }, 4, { N, 4, 6, 6 } },
	{ "Gather", "axis", 1, 2, { 0, 3 }, 4, { N, 2, 6, 6 } },
	{ "Shape", NULL, 0, 0, { 0 }, 1, { 4 } },
	{ "Dropout", NULL, 0, 0, { 0 }, 4, { N, 4, 6, 6 } },
	{ "Identity", NULL, 0, 0, { 0 }, 4, { N, 4, 6, 6 } },
};

static void test_open_batch(void **unused)
{
	static const int64_t batches[] = { 1, 5, 3 };
	struct lxa_onnx *m;
	struct lxa_graph *g;
	struct lxa_err err;
	int64_t dims[5];
	size_t i, k;
	int d;

	for (i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
		m = lxa_onnx_new("open");
		lxa_onnx_opset(m, "", 18);
		lxa_onnx_input(m, "x", LXA_F32, 4, (int64_t[]){ -1, 4, 6, 6 });
		if (behind[i].n_list)
			lxa_onnx_i64(m, "list", 1, (int64_t[]){ behind[i].n_list }, behind[i].list);
		lxa_onnx_node(m, "op", "", behind[i].op, behind[i].n_list ? "x list" : "x", "y");
		if (behind[i].attr)
			lxa_onnx_attr_int(m, behind[i].attr, behind[i].value);
		lxa_onnx_output(m, "y", LXA_F32, 1, (int64_t[]){ -1 });
		g = load(m);
		for (k = 0; k < 3; k++) {
			if (lxa_graph_infer(g, batches[k], &err))
				fail_msg("%s", err.text);
			for (d = 0; d < behind[i].ndim; d++)
				dims[d] = behind[i].want[d] == N ? batches[k] : behind[i].want[d];
			if (behind[i].ndim)
				want_dims(g, "y", behind[i].ndim, dims);
			run_ones(g);
		}
		lxa_graph_free(g);
	}
}

/* Two inputs, a split and a joint, with an open batch in between. */
static void test_open_batch_graph(void **unused)
{
	struct lxa_onnx *m = lxa_onnx_new("open");
	struct lxa_graph *g;
	struct lxa_err err;
	int64_t b;

	lxa_onnx_opset(m, "", 18);
	lxa_onnx_input(m, "x", LXA_F32, 4, (int64_t[]){ -1, 4, 6, 6 });
	lxa_onnx_i64(m, "parts", 1, (int64_t[]){ 2 }, (int64_t[]){ 1, 3 });
	lxa_onnx_node(m, "split", "", "Split", "x parts", "a b");
	lxa_onnx_attr_int(m, "axis", 1);
	lxa_onnx_node(m, "add", "", "Add", "a b", "c");
	lxa_onnx_node(m, "max", "", "Max", "c a b", "d");
	lxa_onnx_node(m, "join", "", "Concat", "d a", "e");
	lxa_onnx_attr_int(m, "axis", 1);
	lxa_onnx_node(m, "less", "", "Less", "c d", "f");
	lxa_onnx_node(m, "where", "", "Where", "f a e", "g");
	lxa_onnx_output(m, "e", LXA_F32, 4, (int64_t[]){ -1, 4, 6, 6 });
	lxa_onnx_output(m, "f", LXA_BOOL, 4, (int64_t[]){ -1, 3, 6, 6 });
	g = load(m);
	for (b = 1; b < 4; b++) {
		assert_true(lxa_graph_infer(g, b, &err) < 0);	/* 3, 1 and 4 channels do not broadcast */
		assert_non_null(strstr(err.text, "node 'where' (Where): shapes "));
		want_dims(g, "a", DIMS(b, 1, 6, 6));
		want_dims(g, "b", DIMS(b, 3, 6, 6));
		want_dims(g, "e", DIMS(b, 4, 6, 6));
		want_dims(g, "f", DIMS(b, 3, 6, 6));
	}
	lxa_graph_free(g);
}

/* What exporters make of "half as large": the shape, taken apart, scaled as floats, rounded, put together for Resize. */
static void test_scaled_shape(void **unused)
{
	struct lxa_onnx *m = lxa_onnx_new("half");
	struct lxa_graph *g;
	struct lxa_err err;
	int64_t b;

	lxa_onnx_input(m, "x", LXA_F32, 4, (int64_t[]){ -1, 2, 7, 9 });
	lxa_onnx_i64(m, "two", 1, (int64_t[]){ 1 }, (int64_t[]){ 2 });
	lxa_onnx_i64(m, "four", 1, (int64_t[]){ 1 }, (int64_t[]){ 4 });
	lxa_onnx_i64(m, "zero", 1, (int64_t[]){ 1 }, (int64_t[]){ 0 });
	lxa_onnx_scalar(m, "half", 0.5f);
	lxa_onnx_node(m, "shape", "", "Shape", "x", "s");
	lxa_onnx_node(m, "front", "", "Slice", "s zero two", "nc");
	lxa_onnx_node(m, "back", "", "Slice", "s two four", "hw");
	lxa_onnx_node(m, "float", "", "Cast", "hw", "hwf");
	lxa_onnx_attr_int(m, "to", LXA_F32);
	lxa_onnx_node(m, "scale", "", "Mul", "hwf half", "hws");
	lxa_onnx_node(m, "down", "", "Floor", "hws", "hwd");
	lxa_onnx_node(m, "int", "", "Cast", "hwd", "hwi");
	lxa_onnx_attr_int(m, "to", LXA_INT64);
	lxa_onnx_node(m, "sizes", "", "Concat", "nc hwi", "all");
	lxa_onnx_attr_int(m, "axis", 0);
	lxa_onnx_node(m, "resize", "", "Resize", "x - - all", "y");
	lxa_onnx_output(m, "y", LXA_F32, 4, (int64_t[]){ -1, 2, -1, -1 });
	g = load(m);
	for (b = 1; b < 4; b++) {
		if (lxa_graph_infer(g, b, &err))
			fail_msg("%s", err.text);
		want_dims(g, "y", DIMS(b, 2, 3, 4));
		run_ones(g);
	}
	lxa_graph_free(g);
}

/* A shape is no image; but a file may take it for one, and nothing of that runs while shapes are inferred. */
static void test_pooled_shape(void **unused)
{
	struct lxa_onnx *m = lxa_onnx_new("odd");
	struct lxa_graph *g;
	struct lxa_err err;

	lxa_onnx_input(m, "x", LXA_F32, 4, (int64_t[]){ -1, 2, 7, 9 });
	lxa_onnx_i64(m, "square", 1, (int64_t[]){ 4 }, (int64_t[]){ 1, 1, 2, 2 });
	lxa_onnx_node(m, "shape", "", "Shape", "x", "s");
	lxa_onnx_node(m, "float", "", "Cast", "s", "f");
	lxa_onnx_attr_int(m, "to", LXA_F32);
	lxa_onnx_node(m, "reshape", "", "Reshape", "f square", "i");
	lxa_onnx_node(m, "pool", "", "AveragePool", "i", "p");
	lxa_onnx_attr_ints(m, "kernel_shape", 2, (int64_t[]){ 2, 2 });
	lxa_onnx_node(m, "conv", "", "Conv", "i i", "y");
	lxa_onnx_output(m, "p", LXA_F32, 4, (int64_t[]){ 1, 1, 1, 1 });
	lxa_onnx_output(m, "y", LXA_F32, 4, (int64_t[]){ 1, 1, 1, 1 });
	g = load(m);
	if (lxa_graph_infer(g, 4, &err))
		fail_msg("%s", err.text);
	want_dims(g, "p", DIMS(1, 1, 1, 1));
	run_ones(g);
	lxa_graph_free(g);
}

static void test_constant(void **unused)
{
	struct lxa_onnx *m = lxa_onnx_new("constants");
	const uint16_t halves[3] = { 0x3c00, 0x4000, 0xc000 };
	struct lxa_tensor t = { .dtype = LXA_F16, .ndim = 1, .dims = { 3 }, .data = (void *)halves };
	struct lxa_graph *g;
	struct lxa_err err = { "" };

	lxa_onnx_input(m, "x", LXA_F32, 1, (int64_t[]){ 1 });
	lxa_onnx_node(m, "a", "", "Constant", "", "a");
	lxa_onnx_attr_float(m, "value_float", 2.5f);
	lxa_onnx_node(m, "b", "", "Constant", "", "b");
	lxa_onnx_attr_floats(m, "value_floats", 2, (float[]){ 1, 2 });
	lxa_onnx_node(m, "c", "", "Constant", "", "c");
	lxa_onnx_attr_int(m, "value_int", -7);
	lxa_onnx_node(m, "d", "", "Constant", "", "d");
	lxa_onnx_attr_ints(m, "value_ints", 3, (int64_t[]){ 4, 5, 6 });
	lxa_onnx_node(m, "e", "", "Constant", "", "e");
	lxa_onnx_attr_tensor(m, "value", &t);
	lxa_onnx_node(m, "keep", "", "Identity", "x", "y");
	lxa_onnx_output(m, "y", LXA_F32, 1, (int64_t[]){ 1 });
	g = load(m);
	assert_int_equal(g->n_nodes, 1);
	if (lxa_graph_infer(g, 1, &err))
		fail_msg("%s", err.text);
	want_dims(g, "a", 0, NULL);
	want_dims(g, "b", DIMS(2));
	want_dims(g, "c", 0, NULL);
	want_dims(g, "d", DIMS(3));
	want_dims(g, "e", DIMS(3));
	lxa_graph_free(g);
	m = lxa_onnx_new("constants");
	lxa_onnx_node(m, "s", "", "Constant", "", "s");
	lxa_onnx_attr_string(m, "value_string", "words");
	lxa_onnx_output(m, "s", LXA_F32, 0, NULL);
	assert_int_equal(lxa_onnx_save(m, path, &err), 0);
	lxa_onnx_free(m);
	assert_int_equal(lxa_graph_load(path, &g, &err), -EINVAL);
	assert_non_null(strstr(err.text, "node 's' (Constant): has no value of a supported kind"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reshape), cmocka_unit_test(test_flatten), cmocka_unit_test(test_squeeze),
		cmocka_unit_test(test_shape), cmocka_unit_test(test_open_batch), cmocka_unit_test(test_open_batch_graph),
		cmocka_unit_test(test_scaled_shape), cmocka_unit_test(test_pooled_shape),
		cmocka_unit_test(test_constant),
	};
	int fd = mkstemps(path, 5), failed;

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
