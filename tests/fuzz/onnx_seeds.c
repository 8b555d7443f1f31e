// SPDX-License-Identifier: MIT
/*
 * Writes the first inputs of fuzz_onnx into a folder: small models that have every operator, the quantizers of both domains, and
 * layers that the planner takes to the device.
 *   onnx_seeds FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx_save.h"

static const char *folder;
static int failed;

/* One node of an operator: inputs, attributes. Inputs are x (1x4x6x6), f (2x3), and constants of many kinds. */
struct seed {
	const char *name, *domain, *op, *inputs;
	const char *attrs;		/* "name=1 name=1,2 name=0.5f name=WORD" */
	int64_t opset;
	int outputs;
};

static const struct seed seeds[] = {
#define ONE(op, inputs, attrs) { op, "", op, inputs, attrs, 13, 1 }
	ONE("Add", "x c", ""), ONE("Clip", "x s s", ""), ONE("Concat", "x x", "axis=1"), ONE("Relu", "x", ""),
	ONE("Conv", "x w", "kernel_shape=3,3 pads=1,1,1,1 strides=2,1 dilations=1,2 group=2"),
	ONE("ConvTranspose", "x wt b2", "strides=2,2 output_padding=1,1 auto_pad=SAME_LOWER"),
	ONE("ConvInteger", "u8 w8 z8", "auto_pad=SAME_UPPER"), ONE("MatMulInteger", "m8 m8", ""),
	ONE("QLinearConv", "u8 s z8 w8 s z8 s z8 bi", "pads=1,1,0,0"), ONE("QLinearMatMul", "m8 s z8 m8 s z8 s z8", ""),
	ONE("QuantizeLinear", "x c1 z4", "axis=1"), ONE("DequantizeLinear", "u8 s z8", ""),
	{ "Quantize_block", "", "QuantizeLinear", "f sb", "axis=1 block_size=2 output_dtype=3", 21, 1 },
	ONE("BatchNormalization", "x c1 c1 c1 c1", "epsilon=0.5f"), ONE("InstanceNormalization", "x c1 c1", ""),
	{ "Batch_each", "", "BatchNormalization", "f r3 r3 r3 r3", "spatial=0", 7, 1 },
	ONE("LRN", "x", "size=3 alpha=0.5f"), { "MaxPool", "", "MaxPool", "x", "kernel_shape=2,3 ceil_mode=1 storage_order=1", 13, 2 },
	ONE("AveragePool", "x", "kernel_shape=3,3 strides=2,2 pads=1,1,1,1 count_include_pad=1 ceil_mode=1"),
	ONE("GlobalAveragePool", "x", ""), ONE("GlobalMaxPool", "x", ""), ONE("Gemm", "f f r2", "transB=1 alpha=0.5f"),
	ONE("MatMul", "f fc", ""), ONE("Softmax", "f", "axis=-1"), ONE("Flatten", "x", "axis=2"), ONE("Reshape", "x shape", ""),
	ONE("Transpose", "x", "perm=0,2,3,1"), ONE("Pad", "x pads s", "mode=reflect"), ONE("Gather", "x idx", "axis=1"),
	ONE("Squeeze", "x axes", ""), ONE("Unsqueeze", "x axes", ""), ONE("Slice", "x axes idx axes", ""),
	ONE("DepthToSpace", "x", "blocksize=2 mode=CRD"), ONE("Expand", "c wide", ""), ONE("Tile", "f wide", ""),
	ONE("Split", "x", "axis=1"), ONE("Cast", "x", "to=6"), ONE("ReduceMean", "x", "axes=2,3 keepdims=0"),
	ONE("ReduceSum", "x axes", ""), ONE("ArgMax", "x", "axis=1 select_last_index=1"), ONE("Where", "bool x c", ""),
	ONE("Resize", "x - scales", "mode=linear nearest_mode=floor"), ONE("ConstantOfShape", "wide", ""), ONE("Pow", "x s", ""),
	ONE("LeakyRelu", "x", "alpha=0.1f"), ONE("PRelu", "x c", ""), ONE("HardSigmoid", "x", "beta=0.1f"), ONE("Elu", "x", ""),
	ONE("Max", "x c s", ""), ONE("Dropout", "x", ""), ONE("Identity", "x", ""), ONE("LogSoftmax", "x", "axis=1"),
	{ "Quant", "qonnx.custom_op.general", "Quant", "x s z b", "signed=1 narrow=1 rounding_mode=HALF_UP", 13, 1 },
	{ "Trunc", "qonnx.custom_op.general", "Trunc", "x s z b s b", "rounding_mode=FLOOR", 13, 1 },
	{ "MultiThreshold", "qonnx.custom_op.general", "MultiThreshold", "x th", "out_dtype=UINT4 out_scale=0.5f data_layout=NCHW", 13, 1 },
	{ "LogQuant", "lxa", "LogQuant", "x fsr", "bits=4 steps_per_octave=2 rounding=FLOOR", 13, 1 },
	{ "Unknown", "com.example", "Mystery", "x", "axis=1", 13, 1 },
#undef ONE
};

/* What the nodes read; each is written only into the models that have it. */
static const struct {
	const char *name;
	enum lxa_dtype type;
	int ndim;
	int64_t dims[5];
	float v[10];			/* the rest repeats */
} values[] = {
	{ "c", LXA_F32, 3, { 4, 1, 1 }, { 1, -2, 0.5f } }, { "c1", LXA_F32, 1, { 4 }, { 1, 0.5f } }, { "s", LXA_F32, 0, { 0 }, { 2 } },
	{ "z", LXA_F32, 0, { 0 }, { 0 } }, { "b", LXA_F32, 0, { 0 }, { 4 } }, { "fsr", LXA_F32, 0, { 0 }, { 3 } },
	{ "w", LXA_F32, 4, { 2, 2, 3, 3 }, { 1, -1, 0.5f, 2 } }, { "wt", LXA_F32, 4, { 4, 2, 2, 2 }, { 1, -1, 0.5f, 2 } },
	{ "b2", LXA_F32, 1, { 2 }, { 1, 2 } }, { "r2", LXA_F32, 1, { 2 }, { 1, 2 } }, { "r3", LXA_F32, 1, { 3 }, { 1, 2, 3 } },
	{ "u8", LXA_UINT8, 4, { 1, 2, 3, 3 }, { 1, 2, 3, 250 } }, { "w8", LXA_UINT8, 4, { 1, 2, 2, 2 }, { 9, 8, 7 } },
	{ "z8", LXA_UINT8, 0, { 0 }, { 3 } }, { "z4", LXA_UINT8, 1, { 4 }, { 1, 2, 3, 4 } }, { "bi", LXA_INT32, 1, { 1 }, { 7 } },
	{ "m8", LXA_UINT8, 2, { 2, 2 }, { 1, 2, 3, 4 } }, { "sb", LXA_F32, 2, { 2, 2 }, { 1, 2, 3, 4 } },
	{ "fc", LXA_F32, 2, { 3, 2 }, { 1, -1 } }, { "th", LXA_F32, 2, { 4, 3 }, { -1, 0, 1 } },
	{ "shape", LXA_INT64, 1, { 3 }, { 0, 4, -1 } }, { "pads", LXA_INT64, 1, { 8 }, { 0, 0, 1, 1, 0, 0, 1, 1 } },
	{ "idx", LXA_INT64, 1, { 1 }, { 1 } }, { "axes", LXA_INT64, 1, { 1 }, { 0 } }, { "wide", LXA_INT64, 1, { 2 }, { 2, 3 } },
	{ "scales", LXA_F32, 1, { 4 }, { 1, 1, 2, 2 } }, { "bool", LXA_BOOL, 1, { 1 }, { 1 } },
};

static int has(const char *list, const char *name)
{
	size_t n = strlen(name);
	const char *at;

	for (at = list; (at = strstr(at, name)); at += n)
		if ((at == list || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return 1;
	return 0;
}

static void put(struct lxa_tensor *t, int64_t i, float v)
{
	if (t->dtype == LXA_F32)
		((float *)t->data)[i] = v;
	else if (t->dtype == LXA_INT64)
		((int64_t *)t->data)[i] = (int64_t)v;
	else if (t->dtype == LXA_INT32)
		((int32_t *)t->data)[i] = (int32_t)v;
	else
		((uint8_t *)t->data)[i] = (uint8_t)v;
}

static void add_values(struct lxa_onnx *m, const char *inputs)
{
	size_t k;
	int64_t i;

	for (k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
		struct lxa_tensor t = { .dtype = values[k].type, .ndim = values[k].ndim };

		if (!has(inputs, values[k].name))
			continue;
		memcpy(t.dims, values[k].dims, sizeof(values[k].dims));
		if (lxa_tensor_alloc(&t))
			exit(1);
		for (i = 0; i < lxa_tensor_count(&t); i++)
			put(&t, i, values[k].v[i % 10 ? i % 10 : 0]);
		lxa_onnx_tensor(m, values[k].name, &t);
		lxa_tensor_free(&t);
	}
}

static void add_attr(struct lxa_onnx *m, const char *name, char *v)
{
	int64_t list[8];
	size_t n = 0;

	if (strchr(v, '.')) {
		lxa_onnx_attr_float(m, name, strtof(v, NULL));
	} else if (*v != '-' && (*v < '0' || *v > '9')) {
		lxa_onnx_attr_string(m, name, v);
	} else if (strchr(v, ',') || !strcmp(name, "axes")) {
		for (v = strtok(v, ","); v && n < 8; v = strtok(NULL, ","))
			list[n++] = atoll(v);
		lxa_onnx_attr_ints(m, name, n, list);
	} else {
		lxa_onnx_attr_int(m, name, atoll(v));
	}
}

static void add_attrs(struct lxa_onnx *m, const char *text)
{
	char buf[256], *at, *save = NULL, *eq;

	snprintf(buf, sizeof(buf), "%s", text);
	for (at = strtok_r(buf, " ", &save); at; at = strtok_r(NULL, " ", &save)) {
		eq = strchr(at, '=');
		*eq = 0;
		add_attr(m, at, eq + 1);
	}
}

static void save(struct lxa_onnx *m, const char *name)
{
	struct lxa_err err;
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (lxa_onnx_save(m, path, &err)) {
		fprintf(stderr, "%s\n", err.text);
		failed = 1;
	}
	lxa_onnx_free(m);
}

static void one(const struct seed *s)
{
	struct lxa_onnx *m = lxa_onnx_new("g");

	lxa_onnx_opset(m, "", s->opset);
	if (has(s->inputs, "x"))
		lxa_onnx_input(m, "x", LXA_F32, 4, (int64_t[]){ -1, 4, 6, 6 });
	if (has(s->inputs, "f"))
		lxa_onnx_input(m, "f", LXA_F32, 2, (int64_t[]){ 2, 3 });
	add_values(m, s->inputs);
	lxa_onnx_node(m, "n", s->domain, s->op, s->inputs, s->outputs == 2 ? "y z" : "y");
	add_attrs(m, s->attrs);
	lxa_onnx_output(m, "y", LXA_F32, 1, (int64_t[]){ -1 });
	save(m, s->name);
}

/* Quantizer, weights' quantizer, convolution, normalization, quantizer, pool: a layer for the device. */
static void layer(const char *name, const char *domain, const char *op, const char *params, const char *attrs)
{
	struct lxa_onnx *m = lxa_onnx_new("g");
	char in[64];

	lxa_onnx_input(m, "x", LXA_F32, 4, (int64_t[]){ -1, 4, 6, 6 });
	add_values(m, "w c1 s z b fsr shape");
	snprintf(in, sizeof(in), "x %s", params);
	lxa_onnx_node(m, "q", domain, op, in, "xq");
	add_attrs(m, attrs);
	snprintf(in, sizeof(in), "w %s", params);
	lxa_onnx_node(m, "wq", domain, op, in, "w_q");
	add_attrs(m, attrs);
	lxa_onnx_node(m, "conv", "", "Conv", "xq w_q", "a");
	add_attrs(m, "group=2 pads=1,1,1,1");
	lxa_onnx_node(m, "relu", "", "Relu", "a", "r");
	snprintf(in, sizeof(in), "r %s", params);
	lxa_onnx_node(m, "oq", domain, op, in, "o");
	add_attrs(m, attrs);
	lxa_onnx_node(m, "pool", "", "MaxPool", "o", "p");
	add_attrs(m, "kernel_shape=2,2 strides=2,2");
	lxa_onnx_node(m, "flat", "", "Reshape", "p shape", "y");
	lxa_onnx_output(m, "y", LXA_F32, 1, (int64_t[]){ -1 });
	save(m, name);
}

/* Numbers of a shape, computed; the reshape needs them. */
static void arithmetic(void)
{
	struct lxa_onnx *m = lxa_onnx_new("g");

	lxa_onnx_input(m, "x", LXA_F32, 4, (int64_t[]){ -1, 4, 6, 6 });
	add_values(m, "idx");
	lxa_onnx_node(m, "shape", "", "Shape", "x", "s");
	lxa_onnx_node(m, "gather", "", "Gather", "s idx", "g");
	lxa_onnx_node(m, "mul", "", "Mul", "g g", "gg");
	lxa_onnx_node(m, "cat", "", "Concat", "gg idx idx", "cat_out");
	add_attrs(m, "axis=0");
	lxa_onnx_node(m, "sub", "", "Sub", "cat_out idx", "target");
	lxa_onnx_node(m, "y", "", "Reshape", "x target", "y");
	lxa_onnx_output(m, "y", LXA_F32, 1, (int64_t[]){ -1 });
	save(m, "Shape_arithmetic");
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	folder = argv[1];
	for (i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		one(&seeds[i]);
	layer("Layer_log", "lxa", "LogQuant", "fsr", "bits=4 signed=0");
	layer("Layer_quant", "qonnx.custom_op.general", "Quant", "s z b", "signed=1");
	layer("Layer_bipolar", "qonnx.custom_op.general", "BipolarQuant", "s", "");
	arithmetic();
	return failed;
}
