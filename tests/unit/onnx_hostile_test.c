/* SPDX-License-Identifier: MIT */
/*
 * onnx_hostile_test.c - models that are wrong in one thing, or made to do harm: each ends in a sentence that names the file, the
 * node and the fault, in short time and little memory. (Files that are no models, cut short or with bytes changed, and
 * everything about initializers and names: graph_test.c. Random ones: tests/fuzz/fuzz_onnx.c.)
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
#include "onnx.pb-c.h"
#include "onnx_pb.h"
#include "onnx_save.h"

static char path[] = "/tmp/lxa-hostile-XXXXXX";

/* A model with the input x, which the node n, of this operator, reads; its output y is the model's. */
static struct lxa_onnx *begin(const char *op, const char *inputs, enum lxa_dtype dtype, int ndim, const int64_t *dims)
{
	struct lxa_onnx *m = lxa_onnx_new("hostile");

	assert_non_null(m);
	lxa_onnx_input(m, "x", dtype, ndim, dims);
	lxa_onnx_output(m, "y", LXA_F32, 1, (int64_t[]){ 1 });
	lxa_onnx_node(m, "n", "", op, inputs, "y");
	return m;
}

#define X4(...) LXA_F32, 4, (int64_t[]){ __VA_ARGS__ }

static void weights(struct lxa_onnx *m, const char *name, int ndim, const int64_t *dims)
{
	int64_t n = 1;
	float *v;
	int i;

	for (i = 0; i < ndim; i++)
		n *= dims[i];
	v = calloc((size_t)n + 1, sizeof(*v));
	lxa_onnx_f32(m, name, ndim, dims, v);
	free(v);
}

#define WEIGHTS(m, ...) weights(m, "w", (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / 8), (int64_t[]){ __VA_ARGS__ })

static void must_say(const struct lxa_err *err, const char *word)
{
	if (!strstr(err->text, word) || strncmp(err->text, path, strlen(path)))
		fail_msg("\"%s\" should say \"%s\" and name the file", err->text, word);
}

static struct lxa_graph *saved(struct lxa_onnx *m, const char *word)
{
	struct lxa_graph *g;
	struct lxa_err err = { "" };

	if (lxa_onnx_save(m, path, &err))
		fail_msg("%s", err.text);
	lxa_onnx_free(m);
	if (lxa_graph_load(path, &g, &err))
		must_say(&err, word);
	return g;
}

/* The model, or its shapes, must be refused with this sentence. */
static void refused(struct lxa_onnx *m, const char *word)
{
	struct lxa_graph *g = saved(m, word);
	struct lxa_err err = { "" };

	if (!g)
		return;
	if (!lxa_graph_infer(g, 1, &err))
		fail_msg("not refused: should say \"%s\"", word);
	must_say(&err, word);
	lxa_graph_free(g);
}

/* ---- shapes ---- */

static void test_sizes(void **unused)
{
	struct lxa_onnx *m;

	/* 2^40 elements: of an input, of a product, of a convolution's border */
	refused(begin("Relu", "x", X4(1, 1, 1 << 20, 1 << 20)), "input 'x' is too large (1x1x1048576x1048576)");
	m = begin("MatMul", "x x", LXA_F32, 3, (int64_t[]){ 2, 1, 1 });
	lxa_onnx_input(m, "a", LXA_F32, 2, (int64_t[]){ 1 << 20, 1 });
	lxa_onnx_input(m, "b", LXA_F32, 2, (int64_t[]){ 1, 1 << 20 });
	lxa_onnx_node(m, "product", "", "MatMul", "a b", "c");
	refused(m, "node 'product' (MatMul): output 0 would be too large (1048576x1048576)");
	m = begin("Conv", "x w", X4(1, 1, 1, 1));
	WEIGHTS(m, 1, 1, 1, 1);
	lxa_onnx_attr_ints(m, "pads", 4, (int64_t[]){ 1 << 24, 1 << 24, 1 << 24, 1 << 24 });
	refused(m, "node 'n' (Conv): output 0 would be too large (1x1x33554433x33554433)");
	m = begin("ConvTranspose", "x w", X4(1, 1, 1 << 20, 1));
	WEIGHTS(m, 1, 1, 1, 1);
	lxa_onnx_attr_ints(m, "strides", 2, (int64_t[]){ 1 << 24, 1 });
	refused(m, "node 'n' (ConvTranspose): output 0 would be too large");
	m = begin("ConvTranspose", "x w", X4(1, 1, 1, 1));
	WEIGHTS(m, 1, 1, 1, 1);
	lxa_onnx_attr_int(m, "group", INT64_MAX);
	refused(m, "node 'n' (ConvTranspose): input 1x1x1x1, weights 1x1x1x1 and group 9223372036854775807");
	/* more dimensions than there are */
	m = begin("MatMul", "x v", LXA_F32, 8, (int64_t[]){ 1, 1, 1, 1, 1, 1, 1, 1 });
	lxa_onnx_f32(m, "v", 2, (int64_t[]){ 2, 1 }, (float[]){ 1, 1 });
	refused(m, "node 'n' (MatMul): 1x1x1x1x1x1x1x1 times 2x1 is not possible");
	/* a batch that does not fit any more */
	refused(begin("Relu", "x", X4(-1, 1 << 11, 1 << 11, 1 << 10)), "input 'x' is too large");
}

static void test_geometry(void **unused)
{
	static const struct {
		const char *attr;
		int n;
		int64_t v[4];
		const char *word;
	} cases[] = {
		{ "strides", 2, { 0, 1 }, "strides[0] is 0, must be 1 to" },
		{ "strides", 2, { 1, -3 }, "strides[1] is -3, must be 1 to" },
		{ "strides", 2, { 1, INT64_MAX }, "strides[1] is 9223372036854775807" },
		{ "strides", 3, { 1, 1, 1 }, "strides has 3 values, must have 2" },
		{ "dilations", 2, { 0, 0 }, "dilations[0] is 0" },
		{ "dilations", 2, { INT64_MIN, 1 }, "dilations[0] is -9223372036854775808" },
		{ "dilations", 2, { 1 << 24, 1 }, "the window (3, dilation 16777216) does not fit into the input" },
		{ "pads", 4, { 0, 0, -1, 0 }, "pads[2] is -1, must be 0 to" },
		{ "pads", 4, { 0, (int64_t)1 << 40, 0, 0 }, "pads[1] is 1099511627776" },
		{ "pads", 3, { 0, 0, 0 }, "pads has 3 values, must have 4" },
		{ "kernel_shape", 2, { 0, 1 }, "kernel_shape[0] is 0" },
		{ "kernel_shape", 2, { 2, 3 }, "kernel_shape[0] is 2, but the weights have 3" },
	};
	struct lxa_onnx *m;
	char word[200];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		m = begin("Conv", "x w", X4(1, 1, 8, 8));
		WEIGHTS(m, 1, 1, 3, 3);
		lxa_onnx_attr_ints(m, cases[i].attr, (size_t)cases[i].n, cases[i].v);
		snprintf(word, sizeof(word), "node 'n' (Conv): %s", cases[i].word);
		refused(m, word);
	}
	m = begin("MaxPool", "x", X4(1, 1, 8, 8));
	lxa_onnx_attr_ints(m, "kernel_shape", 2, (int64_t[]){ 2, 2 });
	lxa_onnx_attr_ints(m, "pads", 4, (int64_t[]){ 5, 0, 0, 0 });
	refused(m, "node 'n' (MaxPool): padding 5 + 0 is larger than the window");
	m = begin("MaxPool", "x", X4(1, 1, 8, 8));
	lxa_onnx_attr_ints(m, "kernel_shape", 2, (int64_t[]){ (int64_t)1 << 40, 2 });
	refused(m, "node 'n' (MaxPool): kernel_shape[0] is 1099511627776");
	for (i = 0; i < 3; i++) {
		m = begin("Conv", "x w", X4(1, 4, 8, 8));
		WEIGHTS(m, 4, 2, 3, 3);
		lxa_onnx_attr_int(m, "group", (int64_t[]){ 0, -2, 3 }[i]);
		refused(m, "do not belong together");
	}
	/* nothing to pool over */
	m = begin("MaxPool", "x", X4(1, 1, 0, 8));
	lxa_onnx_attr_ints(m, "kernel_shape", 2, (int64_t[]){ 1, 1 });
	refused(m, "node 'n' (MaxPool): kernel 1 over input 0 in spatial dimension 0 is not possible");
	refused(begin("GlobalMaxPool", "x", X4(1, 1, 8, 0)), "node 'n' (GlobalMaxPool): the input is empty in dimension 3");
}

/* A window of 2^72 elements over 16: done at once, as only those that lie inside are looked at. */
static void test_giant_window(void **unused)
{
	struct lxa_onnx *m = begin("AveragePool", "x", LXA_F32, 5, (int64_t[]){ 1, 1, 2, 2, 4 });
	struct lxa_tensor in = { LXA_F32, 5, { 1, 1, 2, 2, 4 }, NULL }, out;
	const int64_t k = 1 << 24, p = k / 2 - 1;
	struct lxa_graph *g;
	struct lxa_cpu *cpu;
	struct lxa_err err;
	int i;

	lxa_onnx_attr_ints(m, "kernel_shape", 3, (int64_t[]){ k, k, k });
	lxa_onnx_attr_ints(m, "pads", 6, (int64_t[]){ p, p, p, p, p, p });
	g = saved(m, "");
	assert_non_null(g);
	assert_int_equal(lxa_graph_infer(g, 1, &err), 0);
	assert_int_equal(lxa_cpu_create(&cpu, &err), 0);
	assert_int_equal(lxa_tensor_alloc(&in), 0);
	for (i = 0; i < 16; i++)
		((float *)in.data)[i] = (float)i;
	assert_int_equal(run_graph(cpu, g, &in, &out, &err), 0);
	assert_int_equal(lxa_tensor_count(&out), 3);	/* 1 x 1 x 3 positions, each of which sees all 16 */
	for (i = 0; i < 3; i++)
		assert_true(((float *)out.data)[i] == 7.5f);
	lxa_tensor_free(&in);
	lxa_tensor_free(&out);
	lxa_cpu_destroy(cpu);
	lxa_graph_free(g);
}

/* ---- types ---- */

static void test_types(void **unused)
{
	struct lxa_onnx *m = begin("Conv", "x w", LXA_INT64, 4, (int64_t[]){ 1, 1, 4, 4 });

	WEIGHTS(m, 1, 1, 3, 3);
	refused(m, "node 'n' (Conv): input 0 is int64; supported are float");
	m = begin("Conv", "x w", X4(1, 1, 4, 4));
	lxa_onnx_i64(m, "w", 4, (int64_t[]){ 1, 1, 1, 1 }, (int64_t[]){ 1 });
	refused(m, "node 'n' (Conv): input 1 is int64");
	m = begin("QLinearConv", "x w w x w w w x", X4(1, 1, 4, 4));
	WEIGHTS(m, 1, 1, 1, 1);
	refused(m, "node 'n' (QLinearConv): input 0 is float; supported are uint8, int8");
	m = begin("Conv", "x w", X4(1, 1, 4, 4));
	WEIGHTS(m, 9);
	refused(m, "node 'n' (Conv): input 1x1x4x4 and weights 9 do not belong together");
	refused(begin("Conv", "x", X4(1, 1, 4, 4)), "node 'n' (Conv): has 1 inputs, must have 2 to 3");
	refused(begin("Conv", "- x", X4(1, 1, 4, 4)), "node 'n' (Conv): input 0 is missing");
}

static void test_attribute_types(void **unused)
{
	struct lxa_tensor t = { LXA_F32, 0, { 0 }, (float[]){ 1 } };
	struct lxa_onnx *m = begin("Flatten", "x", X4(1, 1, 4, 4));

	lxa_onnx_attr_float(m, "axis", 1);
	refused(m, "node 'n' (Flatten): attribute 'axis' must be an integer");
	m = begin("MaxPool", "x", X4(1, 1, 4, 4));
	lxa_onnx_attr_int(m, "kernel_shape", 2);
	refused(m, "node 'n' (MaxPool): attribute 'kernel_shape' must be a list of integers");
	m = begin("MaxPool", "x", X4(1, 1, 4, 4));
	lxa_onnx_attr_ints(m, "kernel_shape", 2, (int64_t[]){ 2, 2 });
	lxa_onnx_attr_int(m, "auto_pad", 1);
	refused(m, "node 'n' (MaxPool): attribute 'auto_pad' must be a string");
	m = begin("LRN", "x", X4(1, 1, 4, 4));
	lxa_onnx_attr_int(m, "size", 3);
	lxa_onnx_attr_tensor(m, "alpha", &t);
	refused(m, "node 'n' (LRN): attribute 'alpha' must be a float");
	m = begin("LRN", "x", X4(1, 1, 4, 4));
	lxa_onnx_attr_string(m, "size", "3");
	refused(m, "node 'n' (LRN): attribute 'size' must be an integer");
}

/* ---- things that the writer does not write: the file's message, changed ---- */

static Onnx__ModelProto *take(struct lxa_onnx *m)
{
	Onnx__ModelProto *p;
	struct lxa_err err;
	uint8_t *data;
	size_t size;

	if (lxa_onnx_save(m, path, &err) || lxa_file_read(path, &data, &size, &err))
		fail_msg("%s", err.text);
	lxa_onnx_free(m);
	p = onnx__model_proto__unpack(NULL, size, data);
	assert_non_null(p);
	free(data);
	return p;
}

static void changed(Onnx__ModelProto *p, const char *word)
{
	size_t n = onnx__model_proto__get_packed_size(p);
	uint8_t *buf = malloc(n);
	struct lxa_graph *g;
	struct lxa_err err = { "" };
	int ret;

	onnx__model_proto__pack(p, buf);
	onnx__model_proto__free_unpacked(p, NULL);
	ret = lxa_graph_parse(path, buf, n, &g, &err);
	free(buf);
	if (!ret) {
		ret = lxa_graph_infer(g, 1, &err);
		lxa_graph_free(g);
	}
	assert_true(ret < 0);
	must_say(&err, word);
}

static void test_graph_attribute(void **unused)
{
	struct lxa_onnx *m = begin("Flatten", "x", X4(1, 1, 4, 4));
	Onnx__AttributeProto *a;
	Onnx__ModelProto *p;

	/* A graph where a number belongs. */
	lxa_onnx_attr_int(m, "axis", 1);
	p = take(m);
	a = p->graph->node[0]->attribute[0];
	a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH;
	a->g = malloc(sizeof(*a->g));
	onnx__graph_proto__init(a->g);
	changed(p, "node 'n' (Flatten): attribute 'axis' must be an integer");
}

static void test_external_data(void **unused)
{
	struct lxa_tensor t = { LXA_F32, 0, { 0 }, (float[]){ 1 } };
	struct lxa_onnx *m = begin("Relu", "x", X4(1, 1, 4, 4));
	Onnx__StringStringEntryProto *e = malloc(sizeof(*e));
	Onnx__TensorProto *tp;
	Onnx__ModelProto *p;

	/* Of an attribute's tensor, from a file that must not be read. */
	lxa_onnx_node(m, "c", "", "Constant", "", "z");
	lxa_onnx_attr_tensor(m, "value", &t);
	p = take(m);
	tp = p->graph->node[1]->attribute[0]->t;
	onnx__string_string_entry_proto__init(e);
	e->key = strdup("location");
	e->value = strdup("../../../etc/passwd");
	tp->external_data = malloc(sizeof(*tp->external_data));
	tp->external_data[0] = e;
	tp->n_external_data = 1;
	changed(p, "node 'c' (Constant): attribute 'value': its data are in an external file");
}

static void test_counts(void **unused)
{
	struct lxa_onnx *m = begin("Relu", "x", X4(1, 1, 4, 4));
	char name[32];
	int i;

	for (i = 0; i < 257; i++) {
		snprintf(name, sizeof(name), "a%d", i);
		lxa_onnx_attr_int(m, name, i);
	}
	refused(m, "node 'n' (Relu): has 257 attributes, at most 256 are possible");
	m = begin("Relu", "x", X4(1, 1, 4, 4));
	for (i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		lxa_onnx_node(m, name, "", "Relu", "x", name);
	}
	refused(m, "has 100001 nodes, at most 100000 are supported");
}

/* A chain as long as is allowed, in the worst order: no recursion that could run out of stack. */
static void test_long_chain(void **unused)
{
	struct lxa_onnx *m = lxa_onnx_new("chain");
	char from[16], to[16];
	struct lxa_graph *g;
	struct lxa_err err;
	int i;

	lxa_onnx_input(m, "v0", LXA_F32, 1, (int64_t[]){ 1 });
	for (i = 50000; i > 0; i--) {
		snprintf(from, sizeof(from), "v%d", i - 1);
		snprintf(to, sizeof(to), "v%d", i);
		lxa_onnx_node(m, to, "", "Relu", from, to);
	}
	lxa_onnx_output(m, "v50000", LXA_F32, 1, (int64_t[]){ 1 });
	g = saved(m, "");
	assert_non_null(g);
	assert_int_equal(lxa_graph_infer(g, 1, &err), 0);
	assert_int_equal(g->values[g->out[0]].t.dims[0], 1);
	lxa_graph_free(g);
}

static void test_cycles(void **unused)
{
	struct lxa_onnx *m = begin("Relu", "x", X4(1, 1, 4, 4));

	lxa_onnx_node(m, "self", "", "Relu", "a", "a");
	refused(m, "node 'self' (Relu): depends on its own output");
	m = begin("Relu", "x", X4(1, 1, 4, 4));
	lxa_onnx_node(m, "one", "", "Add", "x c", "a");
	lxa_onnx_node(m, "two", "", "Relu", "a", "b");
	lxa_onnx_node(m, "three", "", "Relu", "b", "c");
	refused(m, "depends on its own output");
	m = begin("Relu", "x", X4(1, 1, 4, 4));
	lxa_onnx_node(m, "again", "", "Relu", "y", "x");
	refused(m, "node output 'x': the name is defined more than once");
}

/* An output that no operator may leave out, where it is the only one or another follows. */
static void test_outputs(void **unused)
{
	struct lxa_onnx *m = begin("Relu", "x", X4(1, 1, 4, 4));

	lxa_onnx_node(m, "mute", "", "Relu", "x", "-");
	refused(m, "node 'mute' (Relu): its first output has no name");
	m = begin("Relu", "x", X4(1, 1, 4, 4));
	lxa_onnx_node(m, "half", "", "MaxPool", "x", "- i");
	refused(m, "node 'half' (MaxPool): its first output has no name");
	m = begin("Relu", "x", X4(1, 1, 4, 4));
	lxa_onnx_node(m, "none", "com.example", "Print", "x", "");
	refused(m, "node 'none' (Print): its first output has no name");
}

/* Names far longer than a sentence, and with bytes that are no text: the message stays within its bounds. */
static void test_names(void **unused)
{
	struct lxa_onnx *m = lxa_onnx_new("names");
	char name[5000];
	struct lxa_err err;
	struct lxa_graph *g;

	memset(name, 'n', sizeof(name));
	memset(name, 0xff, 100);
	name[sizeof(name) - 1] = 0;
	lxa_onnx_input(m, "x", LXA_F32, 1, (int64_t[]){ 1 });
	lxa_onnx_node(m, name, "", "Conv", "x x", name);
	lxa_onnx_output(m, name, LXA_F32, 1, (int64_t[]){ 1 });
	g = saved(m, "");
	assert_non_null(g);
	memset(&err, 'e', sizeof(err));
	assert_true(lxa_graph_infer(g, 1, &err) < 0);
	assert_non_null(memchr(err.text, 0, sizeof(err.text)));
	lxa_graph_free(g);
}

/* ---- quantizers ---- */

static void test_quantizers(void **unused)
{
	struct lxa_onnx *m = lxa_onnx_new("q");
	struct lxa_graph *g;
	struct lxa_cpu *cpu;
	struct lxa_err err;
	struct lxa_tensor in = { LXA_F32, 1, { 3 }, (float[]){ 1, 2, 3 } }, out;

	lxa_onnx_input(m, "x", LXA_F32, 1, (int64_t[]){ 3 });
	lxa_onnx_scalar(m, "s", 0);
	lxa_onnx_scalar(m, "b", 1e30f);
	lxa_onnx_node(m, "n", "qonnx.custom_op.general", "Quant", "x s s b", "y");
	lxa_onnx_output(m, "y", LXA_F32, 1, (int64_t[]){ 3 });
	g = saved(m, "");
	assert_non_null(g);
	assert_int_equal(lxa_graph_infer(g, 1, &err), 0);
	assert_int_equal(lxa_cpu_create(&cpu, &err), 0);
	assert_true(run_graph(cpu, g, &in, &out, &err) < 0);
	must_say(&err, "node 'n' (Quant): the bit width is 1e+30");
	lxa_cpu_destroy(cpu);
	lxa_graph_free(g);

	m = begin("Relu", "x", X4(1, 1, 2, 2));
	lxa_onnx_scalar(m, "fsr", 1);
	lxa_onnx_node(m, "log", "lxa", "LogQuant", "x fsr", "z");
	lxa_onnx_attr_int(m, "bits", INT64_MIN);
	lxa_onnx_attr_int(m, "signed", 1);
	refused(m, "node 'log' (LogQuant): bits is -9223372036854775808");

	m = begin("QuantizeLinear", "x s", X4(1, 1, 2, 2));
	lxa_onnx_opset(m, "", 21);
	lxa_onnx_scalar(m, "s", 1);
	lxa_onnx_attr_int(m, "output_dtype", INT64_MIN);
	refused(m, "node 'n' (QuantizeLinear): quantizes to type -9223372036854775808");
	m = begin("QuantizeLinear", "x s", X4(1, 1, 2, 2));
	lxa_onnx_scalar(m, "s", 1);
	lxa_onnx_attr_int(m, "block_size", INT64_MAX);
	refused(m, "node 'n' (QuantizeLinear): the scale (scalar) is not that of blocks of 9223372036854775807");
	m = begin("QuantizeLinear", "x w", X4(1, 2, 2, 2));
	WEIGHTS(m, 2);
	lxa_onnx_attr_int(m, "axis", INT64_MIN);
	refused(m, "node 'n' (QuantizeLinear): axis -9223372036854775808 is outside a tensor of 4 dimensions");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes), cmocka_unit_test(test_geometry), cmocka_unit_test(test_giant_window),
		cmocka_unit_test(test_types), cmocka_unit_test(test_attribute_types), cmocka_unit_test(test_graph_attribute),
		cmocka_unit_test(test_external_data), cmocka_unit_test(test_counts), cmocka_unit_test(test_long_chain),
		cmocka_unit_test(test_cycles), cmocka_unit_test(test_outputs), cmocka_unit_test(test_names), cmocka_unit_test(test_quantizers),
	};
	int fd = mkstemp(path), failed;

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed != 0;
}
