// SPDX-License-Identifier: MIT
/*
 * threads.c - one model, one device, a plan for each thread.
 *
 *	threads MODEL.onnx DEVICE [THREADS]
 *
 * Each thread runs the same made-up images, the device's layers compared with the CPU kernels; all must come to the same.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lxa.h>

#define IMAGES 24
#define MAX_THREADS 16

static struct lxa_model *model;		/* read-only once it is loaded: shared */
static struct lxa_device *dev;		/* takes calls of several threads */

struct worker {
	pthread_t thread;
	struct lxa_tensor out;
	struct lxa_run_result res;
	struct lxa_err err;
	int ret;
};

static void *work(void *arg)
{
	const struct lxa_run_options opt = { .check = 1 };
	struct worker *w = arg;
	struct lxa_tensor in = { .data = NULL };
	struct lxa_plan *plan = NULL;		/* belongs to this thread */
	struct lxa_io io;

	w->ret = lxa_plan_create(model, dev, 8, &plan, &w->err);
	if (w->ret)
		return NULL;
	lxa_plan_input(plan, 0, &io);
	in.dtype = LXA_F32;
	in.ndim = io.ndim;
	memcpy(in.dims, io.dims, sizeof(in.dims));
	in.dims[0] = IMAGES;
	if (lxa_tensor_alloc(&in)) {
		w->ret = lxa_err_set(&w->err, -1, "no memory");
	} else {
		for (int64_t i = 0; i < lxa_tensor_count(&in); i++)
			((float *)in.data)[i] = (float)(i * 7 % 17);
		w->ret = lxa_plan_run(plan, &in, &w->out, &opt, &w->res, &w->err);
	}
	lxa_tensor_free(&in);
	lxa_plan_free(plan);
	return NULL;
}

int main(int argc, char **argv)
{
	int n = argc > 3 ? atoi(argv[3]) : 4, bad = 0;
	static struct worker w[MAX_THREADS];
	struct lxa_err err = { "" };

	if (argc < 3 || n < 1 || n > MAX_THREADS) {
		fprintf(stderr, "usage: threads MODEL.onnx DEVICE [THREADS, up to %d]\n", MAX_THREADS);
		return 2;
	}
	if ((strcmp(argv[2], "cpu") && lxa_device_open(argv[2], &dev, &err)) || lxa_model_load(argv[1], &model, &err)) {
		fprintf(stderr, "threads: %s\n", err.text);
		return 1;
	}
	for (int i = 0; i < n; i++)
		if (pthread_create(&w[i].thread, NULL, work, &w[i]))
			abort();
	for (int i = 0; i < n; i++) {
		pthread_join(w[i].thread, NULL);
		if (w[i].ret) {
			fprintf(stderr, "threads: thread %d: %s\n", i, w[i].err.text);
			return 1;
		}
		bad += w[i].res.mismatches || memcmp(w[i].out.data, w[0].out.data,
						     (size_t)lxa_tensor_count(&w[i].out) * lxa_dtype_size(w[i].out.dtype));
	}
	printf("%d threads, %d images each, %d differ\n", n, IMAGES, bad);
	for (int i = 0; i < n; i++)
		lxa_tensor_free(&w[i].out);
	lxa_model_free(model);
	lxa_device_close(dev);
	return bad != 0;
}
