// SPDX-License-Identifier: MIT
/* recipe.c - the recipes, and writing a trained network. */
#include "recipe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct recipe recipes[] = {
	{
		.data = "digits",
		.arch = "input conv16k3p1:wlog bn relu act:log4 conv64k3p0:wlog bn pool2 act:sign "
			"conv64k3p1:wbin bn relu act:log4 fc10:wlogt",
		.epochs = 150, .batch = 64, .seed = 1, .rate = 4e-3f, .smooth = 0.1f,
		.augment = { .shift = 0.8f, .turn = 0.2f, .scale = 0.12f, .shear = 0.15f, .bend = 0.3f },
	}, {
		.data = "mnist",
		.arch = "input conv16k3p1:wlog bn relu pool2 act:log4 conv64k3p1:wlog bn pool2 act:sign "
			"conv64k3p1:wbin bn act:sign conv64k3p1:wbin bn relu act:log4 fc10:wlogt",
		.epochs = 14, .batch = 100, .seed = 1, .rate = 3e-3f, .smooth = 0.05f,
		.augment = { .shift = 2.0f, .turn = 0.2f, .scale = 0.12f, .shear = 0.15f, .bend = 1.0f },
	},
};

const struct recipe *recipe_find(const char *data)
{
	for (size_t i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++)
		if (!strcmp(recipes[i].data, data))
			return &recipes[i];
	return NULL;
}

static void describe(struct lxa_onnx *m, const struct recipe *r, const struct net *n, double accuracy, size_t tested,
		     int max_pixel)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "input 'image': raw pixels 0..%d as float, no scaling, [N, %d, %d, %d]; output 'logits': "
		 "one row an image, the class is the largest", max_pixel, n->in.c, n->in.h, n->in.w);
	lxa_onnx_meta(m, "description", text);
	lxa_onnx_meta(m, "data", r->data);
	snprintf(text, sizeof(text), "0..%d", max_pixel);
	lxa_onnx_meta(m, "pixels", text);
	lxa_onnx_meta(m, "architecture", r->arch);
	snprintf(text, sizeof(text), "lxa train --data %s --seed %" PRIu64 " --epochs %d", r->data, r->seed, r->epochs);
	lxa_onnx_meta(m, "made_by", text);
	snprintf(text, sizeof(text), "%.2f %% of %zu test images, in float convolutions", accuracy * 100.0, tested);
	lxa_onnx_meta(m, "accuracy", text);
	snprintf(text, sizeof(text), "%" PRIu64, net_macs(n));
	lxa_onnx_meta(m, "macs", text);
}

int recipe_save(const struct recipe *r, const struct net *n, double accuracy, size_t tested, int max_pixel,
		const char *path, struct lxa_err *err)
{
	const int64_t in[] = { -1, n->in.c, n->in.h, n->in.w }, out[] = { -1, n->layers[n->n - 1].out.c };
	struct lxa_onnx *m = lxa_onnx_new(r->data);
	char from[64] = "image", to[64];
	int ret;

	lxa_onnx_input(m, from, LXA_F32, 4, in);
	for (int i = 0; i < n->n; i++) {
		const struct layer *l = &n->layers[i];

		snprintf(to, sizeof(to), i == n->n - 1 ? "logits" : "%s.out", l->name);
		l->ops->emit(l, m, from, to);
		memcpy(from, to, sizeof(from));
	}
	lxa_onnx_output(m, "logits", LXA_F32, 2, out);
	describe(m, r, n, accuracy, tested, max_pixel);
	ret = lxa_onnx_save(m, path, err);
	lxa_onnx_free(m);
	return ret;
}
