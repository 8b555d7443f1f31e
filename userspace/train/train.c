// SPDX-License-Identifier: MIT
/* train.c - the training loop. */
#include "train.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/progress.h"

#define STATISTICS_BATCHES 100

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	interrupted = 1;
}

struct run {
	const struct recipe *r;
	struct lxa_dataset train, test;
	struct net *net;
	float *x, *dy;			/* a batch of images; the gradient of its logits */
	uint8_t *labels;
	uint32_t *order;		/* the training images, shuffled */
	uint64_t batches, step;
	struct progress bar;
	double loss;			/* sums of this epoch */
	size_t right, seen;
};

static void shuffle(struct run *t, int epoch)
{
	struct rng r = rng_stream(t->r->seed, 2, (uint64_t)epoch);

	for (size_t i = 0; i < t->train.n; i++)
		t->order[i] = (uint32_t)i;
	for (size_t i = t->train.n - 1; i > 0; i--) {
		uint32_t j = rng_below(&r, (uint32_t)i + 1), swap = t->order[i];

		t->order[i] = t->order[j];
		t->order[j] = swap;
	}
}

/* Images order[first..] (order NULL: first..) of a set, at most a batch of them; the rest of the batch is black. */
static int fill(struct run *t, const struct lxa_dataset *d, const uint32_t *order, size_t first, int epoch)
{
	size_t size = shape_size(t->net->in), batch = (size_t)t->net->batch;
	size_t count = d->n - first < batch ? d->n - first : batch;

#pragma omp parallel for schedule(static)
	for (size_t i = 0; i < batch; i++) {
		size_t k = order ? order[first + (i < count ? i : 0)] : first + i;

		if (i >= count) {
			memset(t->x + i * size, 0, size * sizeof(float));
			continue;
		}
		augment_image(d, k, epoch >= 0 ? &t->r->augment : NULL,
			      rng_stream(t->r->seed, 3 + (uint64_t)(epoch + 1), k), t->x + i * size);
		t->labels[i] = d->labels[k];
	}
	return (int)count;
}

/* An epoch leaves out the last images of its order that do not fill a batch. */
static int train_epoch(struct run *t, int epoch, struct lxa_err *err)
{
	size_t batch = (size_t)t->net->batch, n = t->train.n / batch;
	int classes = t->net->layers[t->net->n - 1].out.c, right;

	shuffle(t, epoch);
	t->loss = 0.0;
	t->right = t->seen = 0;
	for (size_t b = 0; b < n && !interrupted; b++) {
		float rate = t->r->rate * 0.5f * (1.0f + (float)cos(M_PI * (double)t->step / (double)t->batches));
		const float *z;

		fill(t, &t->train, t->order, b * batch, epoch);
		z = net_forward(t->net, t->x, MODE_TRAIN);
		if (!z)
			return lxa_err_set(err, -EIO, "train: oneDNN failed");
		t->loss += (double)net_loss(z, t->labels, (int)batch, (int)batch, classes, t->r->smooth, t->dy, &right);
		t->right += (size_t)right;
		t->seen += batch;
		if (net_backward(t->net, t->x, t->dy, NULL))
			return lxa_err_set(err, -EIO, "train: oneDNN failed");
		net_adam(t->net, rate);
		progress_update(&t->bar, ++t->step);
	}
	t->loss /= (double)(n ? n : 1);
	return isfinite(t->loss) ? 0 : lxa_err_set(err, -EDOM, "train: the loss became infinite in epoch %d", epoch + 1);
}

/* Replaces the running statistics by the mean over many batches through the network as it will be saved. */
static int settle_statistics(struct run *t, struct lxa_err *err)
{
	size_t batch = (size_t)t->net->batch, n = t->train.n / batch;

	for (size_t b = 0; b < n && b < STATISTICS_BATCHES; b++) {
		net_momentum(t->net, 1.0f / (float)(b + 1));
		fill(t, &t->train, t->order, b * batch, -1);
		if (!net_forward(t->net, t->x, MODE_TRAIN))
			return lxa_err_set(err, -EIO, "train: oneDNN failed");
	}
	return 0;
}

static int measure(struct run *t, double *accuracy, struct lxa_err *err)
{
	int classes = t->net->layers[t->net->n - 1].out.c, right;
	size_t sum = 0;

	for (size_t i = 0; i < t->test.n; i += (size_t)t->net->batch) {
		int count = fill(t, &t->test, NULL, i, -1);
		const float *z = net_forward(t->net, t->x, MODE_INFER);

		if (!z)
			return lxa_err_set(err, -EIO, "train: oneDNN failed");
		net_loss(z, t->labels, count, t->net->batch, classes, 0.0f, t->dy, &right);
		sum += (size_t)right;
	}
	*accuracy = (double)sum / (double)t->test.n;
	return 0;
}

static int prepare(struct run *t, const char *dir, struct lxa_err *err)
{
	const struct recipe *r = t->r;
	size_t size;
	int ret;

	ret = lxa_data_load(r->data, dir, LXA_SPLIT_TRAIN, &t->train, err);
	if (!ret)
		ret = lxa_data_load(r->data, dir, LXA_SPLIT_TEST, &t->test, err);
	if (!ret)
		ret = net_create(r->arch, (struct shape){ t->train.h, t->train.w, t->train.c }, r->batch, r->seed, &t->net, err);
	if (ret)
		return ret;
	if (t->net->layers[t->net->n - 1].out.c != t->train.classes || t->train.n < (size_t)r->batch || !t->test.n ||
	    t->test.h != t->train.h || t->test.w != t->train.w)
		return lxa_err_set(err, -EINVAL, "train: the %zu images of %s do not fit the network", t->train.n, r->data);
	size = shape_size(t->net->in);
	t->x = calloc((size_t)r->batch * size, sizeof(float));
	t->dy = calloc((size_t)r->batch * (size_t)t->train.classes, sizeof(float));
	t->labels = calloc((size_t)r->batch, 1);
	t->order = calloc(t->train.n, sizeof(*t->order));
	t->batches = t->train.n / (size_t)r->batch * (uint64_t)r->epochs;
	if (!t->x || !t->dy || !t->labels || !t->order)
		return lxa_err_set(err, -ENOMEM, "train: out of memory");
	return 0;
}

static int epochs(struct run *t, FILE *log, double *accuracy, struct lxa_err *err)
{
	int every = t->r->epochs > 20 ? t->r->epochs / 10 : 1, ret = 0;

	if (log)
		progress_start(&t->bar, "batches", t->batches);
	for (int e = 0; e < t->r->epochs && !ret && !interrupted; e++) {
		ret = train_epoch(t, e, err);
		if (ret || interrupted || !log || (e + 1) % every)
			continue;
		ret = measure(t, accuracy, err);
		progress_end(&t->bar);
		t->bar.shown = 0;
		fprintf(log, "epoch %d of %d: loss %.4f, training images %.2f %%, test images %.2f %%\n", e + 1, t->r->epochs,
			t->loss, 100.0 * (double)t->right / (double)t->seen, 100.0 * *accuracy);
		fflush(log);
	}
	progress_end(&t->bar);
	return ret;
}

int lxa_train(const struct recipe *r, const char *data_dir, const char *path, FILE *log, double *accuracy,
	      struct lxa_err *err)
{
	struct sigaction catch = { .sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND }, before;
	struct run t = { .r = r, .bar.last = 1e300 };
	int ret;

	interrupted = 0;
	sigaction(SIGINT, &catch, &before);
	ret = prepare(&t, data_dir, err);
	if (!ret && log)
		fprintf(log, "%s: %zu training and %zu test images, %.2f million multiplications an image\n", r->data, t.train.n,
			t.test.n, (double)net_macs(t.net) * 1e-6);
	if (!ret)
		ret = epochs(&t, log, accuracy, err);
	if (!ret && interrupted)
		ret = lxa_err_set(err, -EINTR, "train: interrupted, %s is not written", path);
	if (!ret)
		ret = settle_statistics(&t, err);
	if (!ret)
		ret = measure(&t, accuracy, err);
	if (!ret)
		ret = recipe_save(r, t.net, *accuracy, t.test.n, t.train.max, path, err);
	sigaction(SIGINT, &before, NULL);
	net_destroy(t.net);
	lxa_data_free(&t.train);
	lxa_data_free(&t.test);
	free(t.x);
	free(t.dy);
	free(t.labels);
	free(t.order);
	return ret;
}
