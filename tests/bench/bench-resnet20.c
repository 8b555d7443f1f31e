/* SPDX-License-Identifier: MIT */
/*
 * bench-resnet20.c - the library's CPU half on float ResNet-20, end to end, against the same network written directly
 * against oneDNN (resnet20_dnnl.c).
 *   bench-resnet20 [MODEL]	default $LXA_DATA/resnet20-cifar10/resnet20.onnx
 *
 * Same images, same batch, same threads (OMP_NUM_THREADS counts for both); rounds alternate, a round is as many runs as take
 * some ten milliseconds; figures are the medians' images a second. The direct version is taken in the faster of its two
 * layouts. Logits must agree to 1e-3. Exit code: 0 they do, 1 they do not or something failed, 4 there is no such file.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "resnet20_dnnl.h"

#define ROUNDS 31
#define ROUND_S 0.02
#define IMAGE (3 * 32 * 32)
#define CLASSES 10

enum who { LIBRARY, ANY, BLOCKED, WHO };

struct bench {
	struct lxa_model *model;
	struct lxa_graph *graph;
	struct lxa_plan *plan;
	struct r20 *net[WHO];
	struct lxa_tensor in;
	float *logits[WHO];
	double times[WHO][ROUNDS];
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int run(struct bench *b, enum who who)
{
	struct lxa_err err = { "" };
	struct lxa_tensor out;
	int ret;

	if (who != LIBRARY)
		return r20_run(b->net[who], b->in.data, b->logits[who]);
	ret = lxa_plan_run(b->plan, &b->in, &out, NULL, NULL, &err);
	if (ret) {
		fprintf(stderr, "bench-resnet20: %s\n", err.text);
		return -1;
	}
	memcpy(b->logits[LIBRARY], out.data, (size_t)lxa_tensor_count(&out) * sizeof(float));
	lxa_tensor_free(&out);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return *(const double *)a < *(const double *)b ? -1 : *(const double *)a > *(const double *)b;
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), compare);
	return v[ROUNDS / 2];
}

static int measure(struct bench *b)
{
	int64_t n = b->in.dims[0], i;
	int round, who, k, times;
	double start, far = 0, most = 0, best;

	for (who = 0; who < WHO; who++)
		if (run(b, who) || run(b, who))
			return -1;
	start = now();
	if (run(b, ANY))
		return -1;
	times = 1 + (int)(ROUND_S / (now() - start + 1e-9));
	for (round = 0; round < ROUNDS; round++)
		for (who = 0; who < WHO; who++) {
			int turn = (who + round) % WHO;

			start = now();
			for (k = 0; k < times; k++)
				if (run(b, turn))
					return -1;
			b->times[turn][round] = (now() - start) / times;
		}
	for (i = 0; i < n * CLASSES; i++) {
		most = fmax(most, fabs((double)b->logits[LIBRARY][i]));
		for (who = 1; who < WHO; who++)
			far = fmax(far, fabs((double)b->logits[LIBRARY][i] - (double)b->logits[who][i]));
	}
	for (who = 0; who < WHO; who++)
		b->times[who][0] = median(b->times[who]);
	best = fmin(b->times[ANY][0], b->times[BLOCKED][0]);
	printf("%6lld %12.0f %14.0f %14.0f %9.2f   %.1e of %.1f\n", (long long)n, (double)n / b->times[LIBRARY][0],
	       (double)n / b->times[ANY][0], (double)n / b->times[BLOCKED][0], best / b->times[LIBRARY][0], far, most);
	return far <= 1e-3 ? 0 : -1;
}

static int setup(struct bench *b, int64_t n)
{
	struct lxa_err err = { "" };
	int who;
	int64_t i;

	b->in = (struct lxa_tensor){ .dtype = LXA_F32, .ndim = 4, .dims = { n, 3, 32, 32 } };
	if (lxa_tensor_alloc(&b->in))
		return -1;
	for (i = 0; i < n * IMAGE; i++)		/* pixels as the network was trained on: mean 0, deviation 1 */
		((float *)b->in.data)[i] = (float)(rand() % 2001 - 1000) / 577;
	for (who = 0; who < WHO; who++)
		b->logits[who] = malloc((size_t)n * CLASSES * sizeof(float));
	if (lxa_plan_create(b->model, NULL, n, &b->plan, &err)) {
		fprintf(stderr, "bench-resnet20: %s\n", err.text);
		return -1;
	}
	b->net[ANY] = r20_create(b->graph, n, R20_ANY);
	b->net[BLOCKED] = r20_create(b->graph, n, R20_BLOCKED);
	return b->net[ANY] && b->net[BLOCKED] ? 0 : -1;
}

static void teardown(struct bench *b)
{
	int who;

	lxa_plan_free(b->plan);
	b->plan = NULL;
	for (who = 0; who < WHO; who++) {
		r20_free(b->net[who]);
		b->net[who] = NULL;
		free(b->logits[who]);
	}
	lxa_tensor_free(&b->in);
}

int main(int argc, char **argv)
{
	static const int64_t batches[] = { 1, 8, 64 };
	const char *data = getenv("LXA_DATA");
	struct bench b = { .model = NULL };
	struct lxa_err err = { "" };
	char path[4096];
	size_t i;
	int ret = 0;

	snprintf(path, sizeof(path), "%s/resnet20-cifar10/resnet20.onnx", data ? data : "../shared/data");
	if (argc > 1)
		snprintf(path, sizeof(path), "%s", argv[1]);
	if (access(path, R_OK)) {
		printf("bench-resnet20: %s: %s\n", path, strerror(errno));
		return 4;
	}
	if (lxa_model_load(path, &b.model, &err) || lxa_graph_load(path, &b.graph, &err)) {
		fprintf(stderr, "bench-resnet20: %s\n", err.text);
		return 1;
	}
	printf("float ResNet-20 on the CPU, images a second; ratio: the library to the faster direct version\n"
	       " batch      library  oneDNN, its own  blocks of 16     ratio   largest difference of logits\n");
	for (i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
		if (setup(&b, batches[i]) || measure(&b))
			ret = 1;
		teardown(&b);
	}
	lxa_graph_free(b.graph);
	lxa_model_free(b.model);
	return ret;
}
