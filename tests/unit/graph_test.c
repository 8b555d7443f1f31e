/* SPDX-License-Identifier: MIT */
/*
 * graph_test.c - the ONNX loader and writer, shape inference, and tensor files: what is written is read back the same,
 * and every kind of malformed file is refused with its own sentence.
 */
#include <errno.h>
#include <math.h>
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
#include "onnx_save.h"

static char dir[] = "/tmp/lxa-graph-XXXXXX", path[128];

static const char *in_dir(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void put_file(const char *name, const void *data, size_t size)
{
	FILE *f = fopen(in_dir(name), "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, size, f), size);
	fclose(f);
}

static size_t get_file(const char *name, uint8_t *data, size_t max)
{
	FILE *f = fopen(in_dir(name), "rb");
	size_t n;

	assert_non_null(f);
	n = fread(data, 1, max, f);
	fclose(f);
	return n;
}

/* ---- a small network through the writer ---- */

static struct lxa_onnx *small_model(void)
{
	static const float w[2 * 1 * 3 * 3] = { 0, 0, 0, 0, 1, 0, 0, 0, 0, 0.5f }, fc[8 * 3] = { 1, 2, 3 };
	struct lxa_onnx *m = lxa_onnx_new("small");

	assert_non_null(m);
	lxa_onnx_meta(m, "seed", "1");
	lxa_onnx_input(m, "x", LXA_F32, 4, (int64_t[]){ -1, 1, 4, 4 });
	lxa_onnx_f32(m, "w", 4, (int64_t[]){ 2, 1, 3, 3 }, w);
	lxa_onnx_scalar(m, "fsr", 3);
	lxa_onnx_i64(m, "shape", 1, (int64_t[]){ 2 }, (int64_t[]){ 0, -1 });
	lxa_onnx_f32(m, "fc", 2, (int64_t[]){ 8, 3 }, fc);
	lxa_onnx_node(m, "wq", "lxa", "LogQuant", "w fsr", "w_q");
	lxa_onnx_attr_int(m, "bits", 5);
	lxa_onnx_attr_int(m, "signed", 1);
	lxa_onnx_attr_string(m, "rounding", "NEAREST");
	lxa_onnx_node(m, "conv", "", "Conv", "x w_q", "c");
	lxa_onnx_attr_ints(m, "pads", 4, (int64_t[]){ 1, 1, 1, 1 });
	lxa_onnx_node(m, "clip", "", "Clip", "c - fsr", "cc");
	lxa_onnx_node(m, "pool", "", "MaxPool", "cc", "p");
	lxa_onnx_attr_ints(m, "kernel_shape", 2, (int64_t[]){ 2, 2 });
	lxa_onnx_attr_ints(m, "strides", 2, (int64_t[]){ 2, 2 });
	lxa_onnx_node(m, "flat", "", "Reshape", "p shape", "f");
	lxa_onnx_node(m, "fc", "", "Gemm", "f fc", "y");
	lxa_onnx_attr_float(m, "alpha", 2);
	lxa_onnx_output(m, "y", LXA_F32, 2, (int64_t[]){ -1, 3 });
	return m;
}

static void save(struct lxa_onnx *m, const char *name)
{
	struct lxa_err err;

	if (lxa_onnx_save(m, in_dir(name), &err))
		fail_msg("%s", err.text);
	lxa_onnx_free(m);
}

static void test_write_read_run(void **unused)
{
	struct lxa_tensor in = { LXA_F32, 4, { 2, 1, 4, 4 }, NULL }, out;
	struct lxa_graph *g;
	struct lxa_cpu *cpu;
	struct lxa_err err;
	int i;

	save(small_model(), "small.onnx");
	if (lxa_graph_load(path, &g, &err))
		fail_msg("%s", err.text);
	assert_int_equal(g->opset, 13);
	assert_int_equal(g->n_nodes, 6);
	assert_int_equal(g->n_in, 1);
	assert_int_equal(g->n_out, 1);
	assert_string_equal(g->nodes[0].domain, "lxa");
	assert_int_equal(lxa_node_int(&g->nodes[0], "bits", 0), 5);
	assert_string_equal(lxa_node_string(&g->nodes[0], "rounding", ""), "NEAREST");
	assert_int_equal(g->nodes[2].in[1], -1);
	assert_true(lxa_node_float(&g->nodes[5], "alpha", 0) == 2);
	/* Two batches, one after the other: nothing of the first may stay. */
	for (i = 7; i >= 2; i -= 5) {
		if (lxa_graph_infer(g, i, &err))
			fail_msg("%s", err.text);
		assert_int_equal(g->values[g->out[0]].t.dims[0], i);
		assert_int_equal(g->values[g->out[0]].t.dims[1], 3);
	}
	assert_int_equal(lxa_tensor_alloc(&in), 0);
	for (i = 0; i < 32; i++)
		((float *)in.data)[i] = (float)(i % 16) / 8;
	assert_int_equal(lxa_cpu_create(&cpu, &err), 0);
	if (run_graph(cpu, g, &in, &out, &err))
		fail_msg("%s", err.text);
	/* Channel 0 passes x through; its first pooled value is 5/8, and only that one meets weights (1, 2, 3), doubled. */
	assert_true(((float *)out.data)[0] == 1.25f && ((float *)out.data)[1] == 2.5f && ((float *)out.data)[2] == 3.75f);
	assert_true(((float *)out.data)[3] == 1.25f);
	lxa_tensor_free(&in);
	lxa_tensor_free(&out);
	lxa_cpu_destroy(cpu);
	lxa_graph_free(g);
}

static void test_deterministic(void **unused)
{
	static uint8_t a[65536], b[65536];
	size_t na, nb;

	save(small_model(), "a.onnx");
	na = get_file("a.onnx", a, sizeof(a));
	save(small_model(), "b.onnx");
	nb = get_file("b.onnx", b, sizeof(b));
	assert_int_equal(na, nb);
	assert_memory_equal(a, b, na);
}

static void test_writer_errors(void **unused)
{
	struct lxa_onnx *m = lxa_onnx_new("m");
	struct lxa_err err;

	lxa_onnx_attr_int(m, "bits", 1);
	lxa_onnx_scalar(m, "s", 1);
	assert_int_equal(lxa_onnx_save(m, in_dir("no.onnx"), &err), -EINVAL);
	assert_non_null(strstr(err.text, "attribute without a node 'bits'"));
	lxa_onnx_free(m);
	m = small_model();
	assert_int_equal(lxa_onnx_save(m, "/nonexistent/m.onnx", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/m.onnx"));
	lxa_onnx_free(m);
}

/* ---- malformed models ---- */

static void refuse(const char *name, const char *word)
{
	struct lxa_graph *g;
	struct lxa_err err = { "" };
	int ret = lxa_graph_load(in_dir(name), &g, &err);

	if (!ret || !strstr(err.text, word) || strncmp(err.text, path, strlen(path)))
		fail_msg("%d \"%s\" should say \"%s\" and name the file", ret, err.text, word);
	assert_null(g);
}

/* A model with changes: the message of small_model(), taken apart for the test to spoil. */
static Onnx__ModelProto *take(void)
{
	static uint8_t buf[65536];
	Onnx__ModelProto *p;

	save(small_model(), "m.onnx");
	p = onnx__model_proto__unpack(NULL, get_file("m.onnx", buf, sizeof(buf)), buf);
	assert_non_null(p);
	return p;
}

static void spoiled(Onnx__ModelProto *p, const char *word)
{
	size_t n = onnx__model_proto__get_packed_size(p);
	uint8_t *buf = malloc(n);

	onnx__model_proto__pack(p, buf);
	put_file("bad.onnx", buf, n);
	free(buf);
	onnx__model_proto__free_unpacked(p, NULL);
	refuse("bad.onnx", word);
}

static void rename_to(char **s, const char *to)
{
	free(*s);
	*s = strdup(to);
}

static void test_spoiled(void **unused)
{
	Onnx__ModelProto *p;

	p = take();
	rename_to(&p->graph->node[1]->input[0], "nowhere");
	spoiled(p, "node 'conv' (Conv): input 0, 'nowhere', is produced by no node");
	p = take();
	rename_to(&p->graph->node[1]->input[0], "p");
	spoiled(p, "depends on its own output");
	p = take();
	rename_to(&p->graph->node[1]->output[0], "w_q");
	spoiled(p, "'w_q': the name is defined more than once");
	p = take();
	rename_to(&p->graph->initializer[1]->name, "w");
	spoiled(p, "initializer 'w': the name is defined more than once");
	p = take();
	rename_to(&p->graph->output[0]->name, "z");
	spoiled(p, "output 'z' is produced by no node");
	p = take();
	p->graph->initializer[0]->dims[0] = -2;
	spoiled(p, "initializer 'w': its dimensions -2x1x3x3 are negative or too large");
	p = take();
	p->graph->initializer[0]->dims[0] = INT64_MAX;
	spoiled(p, "are negative or too large");
	p = take();
	p->graph->initializer[0]->dims[0] = p->graph->initializer[0]->dims[1] = 1 << 30;
	spoiled(p, "are negative or too large");
	p = take();
	p->graph->initializer[0]->dims[0] = 3;
	spoiled(p, "initializer 'w': has 72 bytes of data where its shape needs 108");
	p = take();
	p->graph->initializer[0]->data_type = 14;
	spoiled(p, "initializer 'w': element type complex64 (14) is not supported");
	p = take();
	p->graph->initializer[0]->data_type = 77;
	spoiled(p, "element type an unknown type (77)");
	p = take();
	p->graph->initializer[0]->has_raw_data = 0;
	spoiled(p, "has 0 elements of data where its shape needs 18");
	p = take();
	p->graph->initializer[0]->has_data_location = 1;
	p->graph->initializer[0]->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
	spoiled(p, "initializer 'w': its data are in an external file");
	p = take();
	rename_to(&p->graph->node[0]->op_type, "");
	spoiled(p, "node 0 has no op_type");
	p = take();
	rename_to(&p->graph->node[0]->attribute[1]->name, "bits");
	spoiled(p, "node 'wq' (LogQuant): attribute 'bits' is given twice");
	p = take();
	p->graph->input[0]->type->tensor_type->shape->dim[1]->dim_value = -7;
	spoiled(p, "input 'x': dimension 1 is -7");
	p = take();
	p->graph->input[0]->type->tensor_type->elem_type = 8;
	spoiled(p, "input 'x': element type string (8) is not supported");
	p = take();
	rename_to(&p->graph->node[5]->op_type, "Constant");
	spoiled(p, "node 'fc' (Constant): has no value");
	p = take();
	p->opset_import[0]->version = -1;
	spoiled(p, "opset version -1 is not valid");
}

static void test_not_a_model(void **unused)
{
	/* A graph inside an attribute inside a node, and so on: fields 7, then 1, 5, 6 again and again. */
	size_t depth = 3000, size = 0, i;
	uint8_t *deep = malloc(depth * 16), *p = deep + depth * 16;
	static const uint8_t tags[3] = { 0x0a, 0x2a, 0x32 };

	for (i = 0; i < depth; i++) {
		size_t len = size, k = 0;
		uint8_t v[8];

		do {
			v[k++] = (uint8_t)((len & 0x7f) | (len > 127 ? 0x80 : 0));
			len >>= 7;
		} while (len);
		p -= k;
		memcpy(p, v, k);
		*--p = i + 1 == depth ? 0x3a : tags[(depth - 2 - i) % 3];
		size += k + 1;
	}
	put_file("deep.onnx", p, size);
	free(deep);
	refuse("deep.onnx", "nest more than");
	put_file("text.onnx", "hello, this is no model", 23);
	refuse("text.onnx", "is not an ONNX model, or is cut short");
	put_file("empty.onnx", "", 0);
	refuse("empty.onnx", "has no graph");
	refuse("absent.onnx", "cannot be opened: No such file");
	refuse("", "is not a regular file");
}

/* Every prefix of a good file, and random bytes changed: anything may come of it but a crash. */
static void test_truncated_and_flipped(void **unused)
{
	static uint8_t buf[65536], bad[65536];
	size_t n, i;
	struct lxa_graph *g;
	struct lxa_err err;
	int refusals = 0;

	save(small_model(), "t.onnx");
	n = get_file("t.onnx", buf, sizeof(buf));
	for (i = 0; i < n; i += 1 + i / 200) {
		put_file("cut.onnx", buf, i);
		if (lxa_graph_load(path, &g, &err))
			refusals++;
		else
			lxa_graph_free(g);
	}
	assert_true(refusals > 100);
	for (i = 0; i < 600; i++) {
		int k = 1 + (int)rnd(3);

		memcpy(bad, buf, n);
		while (k--)
			bad[rnd((uint32_t)n)] = (uint8_t)rnd(256);
		put_file("flip.onnx", bad, n);
		if (lxa_graph_load(path, &g, &err))
			continue;
		lxa_graph_infer(g, 1, &err);
		lxa_graph_free(g);
	}
}

/* ---- graph passes ---- */

/* Nodes in reverse, a Constant among them, an unknown operator: sorted, folded, kept. */
static void test_order_and_fold(void **unused)
{
	struct lxa_onnx *m = lxa_onnx_new("m");
	struct lxa_tensor two = { LXA_F32, 0, { 0 }, &(float){ 2 } };
	struct lxa_graph *g;
	struct lxa_err err;

	lxa_onnx_input(m, "x", LXA_F32, 2, (int64_t[]){ -1, 3 });
	lxa_onnx_node(m, "last", "com.example", "Mystery", "b", "y");
	lxa_onnx_node(m, "second", "", "Add", "a two", "b");
	lxa_onnx_node(m, "k", "", "Constant", "", "two");
	lxa_onnx_attr_tensor(m, "value", &two);
	lxa_onnx_node(m, "", "", "Relu", "x", "a");
	lxa_onnx_output(m, "y", LXA_F32, 2, (int64_t[]){ -1, 3 });
	save(m, "order.onnx");
	if (lxa_graph_load(path, &g, &err) || lxa_graph_infer(g, 4, &err))
		fail_msg("%s", err.text);
	assert_int_equal(g->n_nodes, 3);
	assert_string_equal(g->nodes[0].op, "Relu");
	assert_string_equal(g->nodes[0].name, "Relu_3");
	assert_string_equal(g->nodes[1].name, "second");
	assert_string_equal(g->nodes[2].name, "last");
	assert_true(*(float *)g->values[g->nodes[1].in[1]].t.data == 2);
	assert_int_equal(g->values[g->nodes[1].in[1]].producer, -1);
	assert_int_equal(g->values[g->nodes[2].in[0]].producer, 1);
	assert_int_equal(g->values[g->nodes[2].in[0]].known, 1);
	assert_int_equal(g->values[g->out[0]].known, 0);
	assert_int_equal(lxa_cpu_supports(&g->nodes[2]), 0);
	assert_int_equal(lxa_cpu_supports(&g->nodes[1]), 1);
	lxa_graph_free(g);
}

/* Shape -> Gather -> Unsqueeze -> Concat -> Reshape, as exporters write a flatten: the batch goes through it. */
static void test_shape_arithmetic(void **unused)
{
	struct lxa_onnx *m = lxa_onnx_new("m");
	struct lxa_graph *g;
	struct lxa_err err;
	int batch;

	lxa_onnx_opset(m, "", 11);
	lxa_onnx_input(m, "x", LXA_F32, 4, (int64_t[]){ -1, 2, -1, 3 });
	lxa_onnx_i64(m, "zero", 0, NULL, (int64_t[]){ 0 });
	lxa_onnx_i64(m, "rest", 1, (int64_t[]){ 1 }, (int64_t[]){ -1 });
	lxa_onnx_node(m, "s", "", "Shape", "x", "s");
	lxa_onnx_node(m, "g", "", "Gather", "s zero", "n");
	lxa_onnx_node(m, "u", "", "Unsqueeze", "n", "n1");
	lxa_onnx_attr_ints(m, "axes", 1, (int64_t[]){ 0 });
	lxa_onnx_node(m, "c", "", "Concat", "n1 rest", "shape");
	lxa_onnx_attr_int(m, "axis", 0);
	lxa_onnx_node(m, "r", "", "Reshape", "x shape", "y");
	lxa_onnx_output(m, "y", LXA_F32, 2, (int64_t[]){ -1, -1 });
	save(m, "shape.onnx");
	assert_int_equal(lxa_graph_load(path, &g, &err), 0);
	assert_int_equal(lxa_graph_infer(g, 2, &err), -EINVAL);
	assert_non_null(strstr(err.text, "input 'x': dimension 2 is not fixed by the file"));
	assert_int_equal(lxa_graph_set_input(g, 0, 4, (int64_t[]){ 1, 5, 5, 3 }, &err), -EINVAL);
	assert_non_null(strstr(err.text, "cannot have the shape 1x5x5x3: dimension 1 is 2"));
	assert_int_equal(lxa_graph_set_input(g, 0, 4, (int64_t[]){ 1, 2, 5, 3 }, &err), 0);
	for (batch = 1; batch < 4; batch++) {
		if (lxa_graph_infer(g, batch, &err))
			fail_msg("%s", err.text);
		assert_int_equal(g->values[g->out[0]].t.ndim, 2);
		assert_int_equal(g->values[g->out[0]].t.dims[0], batch);
		assert_int_equal(g->values[g->out[0]].t.dims[1], 30);
	}
	lxa_graph_free(g);
}

/* ---- tensor files ---- */

static const enum lxa_dtype all_types[] = {
	LXA_F32, LXA_UINT8, LXA_INT8, LXA_UINT16, LXA_INT16, LXA_INT32, LXA_INT64, LXA_BOOL, LXA_F64, LXA_UINT32, LXA_UINT64,
};

static void test_tensor_round_trip(void **unused)
{
	static const struct {
		int ndim;
		int64_t dims[4];
	} shapes[] = { { 0, { 0 } }, { 1, { 5 } }, { 3, { 2, 3, 4 } }, { 2, { 0, 7 } } };
	size_t i, s, f, k;

	for (i = 0; i < sizeof(all_types) / sizeof(*all_types); i++)
		for (s = 0; s < 4; s++)
			for (f = 0; f < 2; f++) {
				struct lxa_tensor t = { .dtype = all_types[i], .ndim = shapes[s].ndim }, back;
				const char *file = in_dir(f ? "t.pb" : "t.npy");
				struct lxa_err err;
				size_t bytes;

				memcpy(t.dims, shapes[s].dims, sizeof(shapes[s].dims));
				assert_int_equal(lxa_tensor_alloc(&t), 0);
				bytes = (size_t)lxa_tensor_count(&t) * lxa_dtype_size(t.dtype);
				for (k = 0; k < bytes; k++)
					((uint8_t *)t.data)[k] = (uint8_t)(t.dtype == LXA_BOOL ? rnd(2) : rnd(256));
				if (lxa_tensor_write(file, &t, &err) || lxa_tensor_read(file, &back, &err))
					fail_msg("%s", err.text);
				assert_int_equal(back.dtype, t.dtype);
				assert_int_equal(back.ndim, t.ndim);
				assert_memory_equal(back.dims, t.dims, sizeof(int64_t) * (size_t)t.ndim);
				assert_memory_equal(back.data, t.data, bytes);
				lxa_tensor_free(&t);
				lxa_tensor_free(&back);
			}
}

/* The file that numpy.save() writes for float32 [[1, 2]], header padded to 64. */
static void test_npy_bytes(void **unused)
{
	float v[2] = { 1, 2 };
	struct lxa_tensor t = { LXA_F32, 2, { 1, 2 }, v };
	static const char head[] = "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
	uint8_t buf[256];
	struct lxa_err err;

	assert_int_equal(lxa_tensor_write(in_dir("n.npy"), &t, &err), 0);
	assert_int_equal(get_file("n.npy", buf, sizeof(buf)), 128 + 8);
	assert_memory_equal(buf, head, sizeof(head) - 1);
	assert_int_equal(buf[127], '\n');
	assert_memory_equal(buf + 128, v, 8);
}

static void bad_npy(const char *header, size_t data, const char *word)
{
	uint8_t file[512] = "\x93NUMPY\x01\x00";
	size_t n = strlen(header);
	struct lxa_tensor t;
	struct lxa_err err = { "" };

	file[8] = (uint8_t)n;
	memcpy(file + 10, header, n);
	put_file("bad.npy", file, 10 + n + data);
	if (!lxa_tensor_read(path, &t, &err) || !strstr(err.text, word))
		fail_msg("\"%s\" should say \"%s\"", err.text, word);
	assert_null(t.data);
}

static void test_bad_tensor_files(void **unused)
{
	struct lxa_tensor t;
	struct lxa_err err;

	bad_npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }\n", 8, "Fortran order");
	bad_npy("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }\n", 8, "big-endian");
	bad_npy("{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }\n", 4, "element type '<c8'");
	bad_npy("{'descr': '<U4', 'fortran_order': False, 'shape': (2,), }\n", 4, "element type '<U4'");
	bad_npy("{'fortran_order': False, 'shape': (2,), }\n", 4, "element type (none)");
	bad_npy("{'descr': '<f4', 'shape': (2,), }\n", 8, "does not say fortran_order");
	bad_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, }\n", 8, "no valid shape");
	bad_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }\n", 8, "no valid shape");
	bad_npy("{'descr': '<f4', 'fortran_order': False, }\n", 8, "no valid shape");
	bad_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }\n", 8, "too large");
	bad_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }\n", 4, "more than 8 dimensions");
	bad_npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", 7, "7 bytes of data where its shape needs 8");
	put_file("x.npy", "\x93NUMPY\x01\x00\xff\x00{", 11);
	assert_int_equal(lxa_tensor_read(path, &t, &err), -EINVAL);
	assert_non_null(strstr(err.text, "cut short in its header"));
	put_file("x.npy", "\x93NUMPY\x09\x00\x01\x00{", 11);
	assert_int_equal(lxa_tensor_read(path, &t, &err), -EINVAL);
	assert_non_null(strstr(err.text, "version 9.0"));
	put_file("x.npy", "not numpy at all", 16);
	assert_int_equal(lxa_tensor_read(path, &t, &err), -EINVAL);
	assert_non_null(strstr(err.text, "is not a .npy file"));
	put_file("x.pb", "\x08\xff", 2);
	assert_int_equal(lxa_tensor_read(path, &t, &err), -EINVAL);
	assert_non_null(strstr(err.text, "is not an ONNX TensorProto"));
	assert_int_equal(lxa_tensor_read(in_dir("x.txt"), &t, &err), -EINVAL);
	assert_non_null(strstr(err.text, "must end in .npy or .pb"));
	assert_int_equal(lxa_tensor_read(in_dir("nothing.npy"), &t, &err), -ENOENT);
}

/* Typed fields instead of raw data, one entry per element. */
static void test_typed_fields(void **unused)
{
	Onnx__TensorProto p = ONNX__TENSOR_PROTO__INIT;
	int64_t dims[1] = { 3 };
	int32_t ints[3] = { 1, -2, 300 };
	struct lxa_tensor t;
	struct lxa_err err;
	uint8_t buf[256];

	p.n_dims = 1;
	p.dims = dims;
	p.has_data_type = 1;
	p.n_int32_data = 3;
	p.int32_data = ints;
	for (p.data_type = LXA_UINT8; p.data_type <= LXA_INT32; p.data_type++) {
		put_file("typed.pb", buf, onnx__tensor_proto__pack(&p, buf));
		if (lxa_tensor_read(path, &t, &err))
			fail_msg("%s", err.text);
		assert_true(tensor_get(&t, 0) == 1);
		assert_true(tensor_get(&t, 2) == (lxa_dtype_size(t.dtype) == 1 ? 300 - 256 : 300));
		lxa_tensor_free(&t);
	}
	p.data_type = LXA_INT64;
	put_file("typed.pb", buf, onnx__tensor_proto__pack(&p, buf));
	assert_int_equal(lxa_tensor_read(path, &t, &err), -EINVAL);
	assert_non_null(strstr(err.text, "has 0 elements of data where its shape needs 3"));
}

static int setup(void **unused)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **unused)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_read_run), cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_writer_errors), cmocka_unit_test(test_spoiled), cmocka_unit_test(test_not_a_model),
		cmocka_unit_test(test_truncated_and_flipped), cmocka_unit_test(test_order_and_fold),
		cmocka_unit_test(test_shape_arithmetic), cmocka_unit_test(test_tensor_round_trip),
		cmocka_unit_test(test_npy_bytes), cmocka_unit_test(test_bad_tensor_files),
		cmocka_unit_test(test_typed_fields),
	};

	test_seed();
	return cmocka_run_group_tests(tests, setup, teardown);
}
