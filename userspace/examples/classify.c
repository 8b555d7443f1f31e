// SPDX-License-Identifier: MIT
/*
 * classify.c - classify images with liblxa: load a model, plan it for a device, run, look at the scores.
 *
 *	classify MODEL.onnx DEVICE [IMAGES.csv]
 *
 * DEVICE is "sim:rtl", "sim:model", a device node such as /dev/lxa0, or "cpu". The images come as text, one a line:
 * the pixels separated by commas, then the label (the format of scikit-learn's digits.csv). Without a file: standard
 * input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lxa.h>

#define MAX_IMAGES 1024

/* Read images of `size` pixels; returns how many. */
static int read_images(FILE *f, float *pixels, int *labels, int64_t size)
{
	int n = 0;

	while (n < MAX_IMAGES) {
		for (int64_t i = 0; i < size; i++)
			if (fscanf(f, "%f,", &pixels[n * size + i]) != 1)
				return n;
		if (fscanf(f, "%d", &labels[n]) != 1)
			return n;
		n++;
	}
	return n;
}

static int fail(const struct lxa_err *err)
{
	fprintf(stderr, "classify: %s\n", err->text);
	return 1;
}

int main(int argc, char **argv)
{
	struct lxa_run_options opt = { .check = 1 };	/* compare every device layer with the CPU kernels */
	static int labels[MAX_IMAGES];
	struct lxa_device *dev = NULL;
	struct lxa_run_result res;
	struct lxa_err err = { "" };
	struct lxa_tensor in, out;
	struct lxa_model *model;
	struct lxa_plan *plan;
	struct lxa_io io;
	int right = 0;
	FILE *f = stdin;

	if (argc < 3 || (argc > 3 && !(f = fopen(argv[3], "r")))) {
		fprintf(stderr, "usage: classify MODEL.onnx DEVICE [IMAGES.csv]\n");
		return 2;
	}
	if (strcmp(argv[2], "cpu") && lxa_device_open(argv[2], &dev, &err))
		return fail(&err);
	if (lxa_model_load(argv[1], &model, &err) || lxa_plan_create(model, dev, 16, &plan, &err))
		return fail(&err);

	/* The input tensor: as many images as there are, each as the model wants it. */
	lxa_plan_input(plan, 0, &io);
	in = (struct lxa_tensor){ .dtype = LXA_F32, .ndim = io.ndim };
	memcpy(in.dims, io.dims, sizeof(in.dims));
	in.dims[0] = MAX_IMAGES;
	if (lxa_tensor_alloc(&in))
		return 1;
	in.dims[0] = read_images(f, in.data, labels, lxa_tensor_count(&in) / MAX_IMAGES);

	if (lxa_plan_run(plan, &in, &out, &opt, &res, &err))
		return fail(&err);
	for (int64_t i = 0, classes = out.dims[1]; i < out.dims[0]; i++) {
		const float *score = (const float *)out.data + i * classes;
		int best = 0;

		for (int c = 1; c < classes; c++)
			if (score[c] > score[best])
				best = c;
		right += best == labels[i];
	}
	printf("%d of %lld right, %llu device cycles, %llu of %llu elements differ from the CPU kernels\n", right,
	       (long long)in.dims[0], (unsigned long long)res.cycles, (unsigned long long)res.mismatches,
	       (unsigned long long)res.compared);

	lxa_tensor_free(&in);
	lxa_tensor_free(&out);
	lxa_plan_free(plan);
	lxa_model_free(model);
	lxa_device_close(dev);
	return res.mismatches != 0;
}
