// SPDX-License-Identifier: MIT
/*
 * export_binary.c - writes the trained binary networks cnvW1A1 and lfcW1A1 as QONNX files.
 *
 *	export-binary DIR cnvW1A1|lfcW1A1 OUT.onnx
 *
 * A layer's bit is "matches > threshold", of K inputs. In ONNX the sum of products of +-1 is s = 2 matches - K, so the bit is
 * s + (K - 2 threshold - 1) > 0: Conv or Gemm with that bias, then BipolarQuant. The sum is odd, never 0, and all of these numbers
 * are integers far below 2^24: exact in float. The planner makes the integer threshold of it again.
 * The first layer of cnv has fixed-point input instead, floor((2p/255 - 1) * 128) / 128 (saturating at 127/128): Quant with 8 bits,
 * scale 1/128, rounding FLOOR. Its thresholds count in 1/256; half a unit more makes "greater" of BipolarQuant's "not less".
 * The first layer of lfc reads bits, pixel > 127, of which it has more than an image has pixels; the rest is always 0, so that
 * those weights are a constant number of matches, which its threshold takes in.
 * Both files take raw pixels, 0 to 255, and give ten scores (2 matches - K); the class is the largest.
 */
#include "binary.h"

#include "onnx_save.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLASSES 10

static const struct form {
	const char *name;
	int64_t image[3];		/* channels, rows, columns */
	int fixed_point;		/* the first layer reads 8-bit fixed-point numbers, else bits */
	uint32_t pools;			/* bit i: 2x2 max-pool after layer i */
	const char *data;
} forms[] = {
	{ "cnvW1A1", { 3, 32, 32 }, 1, 1 << 1 | 1 << 3, "cifar10" },
	{ "lfcW1A1", { 1, 28, 28 }, 0, 0, "mnist" },
};

struct export {
	const struct form *form;
	struct lxa_onnx *m;
	char at[64];			/* the value that the next node reads */
	int maps;			/* it is an image; else one row */
	int64_t c, h, w;
};

/* Adds the node `name`, which reads x->at and `more` (may be ""), and makes x->at its output. */
static void step(struct export *x, const char *domain, const char *op, const char *name, const char *more)
{
	char inputs[192], out[64];

	snprintf(inputs, sizeof(inputs), "%s%s%s", x->at, *more ? " " : "", more);
	snprintf(out, sizeof(out), "%.50s.out", name);
	lxa_onnx_node(x->m, name, domain, op, inputs, out);
	memcpy(x->at, out, sizeof(out));
}

static void emit_input(struct export *x)
{
	const int64_t dims[] = { -1, x->form->image[0], x->form->image[1], x->form->image[2] };

	snprintf(x->at, sizeof(x->at), "image");
	lxa_onnx_input(x->m, "image", LXA_F32, 4, dims);
	lxa_onnx_scalar(x->m, "one", 1);
	lxa_onnx_scalar(x->m, "half_of_255", 127.5f);
	if (!x->form->fixed_point) {
		step(x, "", "Sub", "center", "half_of_255");
		step(x, "qonnx.custom_op.general", "BipolarQuant", "input", "one");
		return;
	}
	lxa_onnx_scalar(x->m, "input.scale", 1.0f / 128);
	lxa_onnx_scalar(x->m, "input.zero", 0);
	lxa_onnx_scalar(x->m, "input.bits", 8);
	step(x, "", "Div", "center", "half_of_255");
	step(x, "", "Sub", "signed", "one");
	step(x, "qonnx.custom_op.general", "Quant", "input", "input.scale input.zero input.bits");
	lxa_onnx_attr_int(x->m, "signed", 1);
	lxa_onnx_attr_int(x->m, "narrow", 0);
	lxa_onnx_attr_string(x->m, "rounding_mode", "FLOOR");
}

/* Weights as ONNX has them, [out][in][kh][kw]: those of the first out_c outputs and in_c inputs. */
static float *weights(const struct binary_layer *l, uint32_t out_c, uint32_t in_c)
{
	uint32_t area = l->kh * l->kw;
	float *w = malloc(sizeof(*w) * out_c * in_c * area);

	for (uint32_t o = 0; w && o < out_c; o++)
		for (uint32_t c = 0; c < in_c; c++)
			for (uint32_t k = 0; k < area; k++)
				w[((size_t)o * in_c + c) * area + k] = binary_weight(l, o, k * l->in_c + c) ? 1 : -1;
	return w;
}

/* What makes the sums of channel o positive exactly where its bit is 1. in_c: inputs that are there, the others are 0. */
static float bias(const struct export *x, const struct binary_layer *l, int first, uint32_t o, uint32_t in_c)
{
	int64_t t = l->thresholds[o];

	if (first && x->form->fixed_point)
		return ((float)-t - 0.5f) / 256;
	for (uint32_t c = in_c; c < l->in_c; c++)
		t -= !binary_weight(l, o, c);
	return (float)((int64_t)l->kh * l->kw * in_c - 2 * t - 1);
}

static int emit_params(struct export *x, const struct binary_layer *l, int first, int last, const char *name,
		       uint32_t out_c, uint32_t in_c, char *inputs, size_t size)
{
	const int64_t dims[] = { out_c, in_c, l->kh, l->kw }, n = out_c;
	char raw[64], w[64], b[64] = "", node[64];
	float *v = weights(l, out_c, in_c), *bv = calloc(out_c, sizeof(*bv));
	int ret = v && bv ? 0 : -ENOMEM;

	if (ret)
		goto out;
	snprintf(raw, sizeof(raw), "%.32s.weight", name);
	snprintf(w, sizeof(w), "%.32s.weight.b1", name);
	snprintf(node, sizeof(node), "%.32s.wquant", name);
	lxa_onnx_f32(x->m, raw, l->conv ? 4 : 2, dims, v);
	snprintf(inputs, size, "%s one", raw);
	lxa_onnx_node(x->m, node, "qonnx.custom_op.general", "BipolarQuant", inputs, w);
	if (!last) {
		for (uint32_t o = 0; o < out_c; o++)
			bv[o] = bias(x, l, first, o, in_c);
		snprintf(b, sizeof(b), " %.32s.bias", name);
		lxa_onnx_f32(x->m, b + 1, 1, &n, bv);
	}
	snprintf(inputs, size, "%s%s", w, b);
out:
	free(v);
	free(bv);
	return ret;
}

static int emit_layer(struct export *x, const struct binary_net *net, int i, struct lxa_err *err)
{
	const struct binary_layer *l = &net->layers[i];
	int last = i == net->n - 1;
	uint32_t out_c = last ? CLASSES : l->out_c, in_c = (uint32_t)(x->maps && !l->conv ? x->c * x->h * x->w : x->c);
	char name[32], pool[40], params[192];

	snprintf(name, sizeof(name), "%s%d", l->conv ? "conv" : "fc", i);
	if (!(last || l->thresholds) || out_c > l->out_c || in_c > l->in_c || (l->conv ? !x->maps || in_c != l->in_c ||
	    x->h < l->kh || x->w < l->kw : l->kh != 1 || l->kw != 1 || (i && in_c != l->in_c)))
		return lxa_err_set(err, -EINVAL, "%s: layer %d does not go with the layer before it", x->form->name, i);
	if (!l->conv && x->maps) {
		step(x, "", "Flatten", "flatten", "");
		x->maps = 0;
	}
	if (emit_params(x, l, !i, last, name, out_c, in_c, params, sizeof(params)))
		return lxa_err_set(err, -ENOMEM, "%s: out of memory", x->form->name);
	step(x, "", l->conv ? "Conv" : "Gemm", name, params);
	if (!l->conv)
		lxa_onnx_attr_int(x->m, "transB", 1);
	x->c = out_c;
	x->h -= l->conv ? l->kh - 1 : 0;
	x->w -= l->conv ? l->kw - 1 : 0;
	if (last)
		return 0;
	snprintf(pool, sizeof(pool), "bit%d", i);
	step(x, "qonnx.custom_op.general", "BipolarQuant", pool, "one");
	if (l->conv && x->form->pools >> i & 1) {
		snprintf(pool, sizeof(pool), "pool%d", i);
		step(x, "", "MaxPool", pool, "");
		lxa_onnx_attr_ints(x->m, "kernel_shape", 2, (int64_t[]){ 2, 2 });
		lxa_onnx_attr_ints(x->m, "strides", 2, (int64_t[]){ 2, 2 });
		x->h /= 2;
		x->w /= 2;
	}
	return 0;
}

static void describe(struct export *x)
{
	lxa_onnx_meta(x->m, "description", "binary network of the FINN family; input 'image': raw pixels 0..255 as float; "
		      "output: ten scores, the class is the largest");
	lxa_onnx_meta(x->m, "data", x->form->data);
	lxa_onnx_meta(x->m, "made_by", "export-binary");
}

static int export(const struct form *form, const struct binary_net *net, const char *path, struct lxa_err *err)
{
	struct export x = { .form = form, .maps = 1, .c = form->image[0], .h = form->image[1], .w = form->image[2],
			    .m = lxa_onnx_new(form->name) };
	int ret = 0;

	if (!x.m)
		return lxa_err_set(err, -ENOMEM, "%s: out of memory", path);
	emit_input(&x);
	for (int i = 0; !ret && i < net->n; i++)
		ret = emit_layer(&x, net, i, err);
	if (!ret) {
		lxa_onnx_output(x.m, x.at, LXA_F32, 2, (int64_t[]){ -1, CLASSES });
		describe(&x);
		ret = lxa_onnx_save(x.m, path, err);
	}
	lxa_onnx_free(x.m);
	return ret;
}

int main(int argc, char **argv)
{
	const struct form *form = NULL;
	struct binary_net net;
	struct lxa_err err = { "" };
	int ret;

	for (size_t i = 0; argc == 4 && i < sizeof(forms) / sizeof(forms[0]); i++)
		if (!strcmp(argv[2], forms[i].name))
			form = &forms[i];
	if (!form) {
		fprintf(stderr, "usage: export-binary DIR cnvW1A1|lfcW1A1 OUT.onnx\n"
			"DIR is the folder with manifest.csv (userspace/nets/binary.h says what is in it).\n");
		return 2;
	}
	ret = binary_read(argv[1], form->name, &net, &err);
	if (!ret) {
		ret = export(form, &net, argv[3], &err);
		binary_free(&net);
	}
	if (ret)
		fprintf(stderr, "export-binary: %s\n", err.text);
	return ret ? 1 : 0;
}
