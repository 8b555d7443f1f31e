// SPDX-License-Identifier: MIT
/* train.c - the training loop. */
#include "train.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/progress.h"
#include "team.h"

#define STATISTICS_BATCHES 200

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	interrupted = 1;
}

/* What one thread of the team works on. */
struct share {
	float *x, *dy;			/* a batch of images; the gradient of its logits */
	uint8_t *labels;
	double loss;			/* sums of this epoch or measurement */
	size_t right, seen;
};

struct run {
	const struct recipe *r;
	struct lxa_dataset train, test;
	struct team *team;
	struct share share[TEAM];
	uint32_t *order;		/* the training images, shuffled */
	uint64_t batches, step;
	struct progress bar;
	int epoch;
	size_t first;			/* of this batch in order */
};

static int classes(const struct run *t)
{
	return team_net(t->team, 0)->layers[team_net(t->team, 0)->n - 1].out.c;
}

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

/*
 * Images order[first..] (order NULL: first..) of a set into a share, at most a batch of them; the rest of it becomes
 * black. augment NULL: as they are. Returns how many.
 */
static int fill(struct run *t, int who, const struct lxa_dataset *d, const uint32_t *order, size_t first,
		const struct augment *augment)
{
	const struct net *net = team_net(t->team, who);
	size_t size = shape_size(net->in), batch = (size_t)net->batch, count = first < d->n ? d->n - first : 0;
	struct share *s = &t->share[who];

	count = count < batch ? count : batch;
	for (size_t i = 0; i < count; i++) {
		size_t k = order ? order[first + i] : first + i;

		augment_image(d, k, augment, rng_stream(t->r->seed, 3 + (uint64_t)t->epoch, k), s->x + i * size);
		s->labels[i] = d->labels[k];
	}
	memset(s->x + count * size, 0, (batch - count) * size * sizeof(float));
	return (int)count;
}

/* Forward and backward of one thread's share of a batch. */
static int train_share(void *arg, int who)
{
	struct run *t = arg;
	struct net *net = team_net(t->team, who);
	struct share *s = &t->share[who];
	int n = net->batch, right;
	const float *z;

	fill(t, who, &t->train, t->order, t->first + (size_t)(who * n), &t->r->augment);
	z = net_forward(net, s->x, MODE_TRAIN);
	if (!z)
		return -EIO;
	s->loss += (double)net_loss(z, s->labels, n, n, classes(t), t->r->smooth, s->dy, &right);
	s->right += (size_t)right;
	s->seen += (size_t)n;
	return net_backward(net, s->x, s->dy, NULL);
}

static void clear_sums(struct run *t)
{
	for (int i = 0; i < TEAM; i++) {
		t->share[i].loss = 0.0;
		t->share[i].right = t->share[i].seen = 0;
	}
}

/* An epoch leaves out the last images of its order that do not fill a batch. */
static int train_epoch(struct run *t, double *loss, struct lxa_err *err)
{
	size_t batch = (size_t)t->r->batch, n = t->train.n / batch;

	shuffle(t, t->epoch);
	clear_sums(t);
	for (size_t b = 0; b < n && !interrupted; b++) {
		float rate = t->r->rate * 0.5f * (1.0f + (float)cos(M_PI * (double)t->step / (double)t->batches));

		t->first = b * batch;
		if (team_run(t->team, train_share, t))
			return lxa_err_set(err, -EIO, "train: oneDNN failed");
		team_learn(t->team, rate);
		progress_update(&t->bar, ++t->step);
	}
	*loss = 0.0;
	for (int i = 0; i < TEAM; i++)
		*loss += t->share[i].loss / (double)(TEAM * n);
	if (!isfinite(*loss))
		return lxa_err_set(err, -EDOM, "train: the loss became infinite in epoch %d", t->epoch + 1);
	return 0;
}

/* Replaces the running statistics by the mean over many batches through the network as it will be saved. */
static int settle_share(void *arg, int who)
{
	struct run *t = arg;
	struct net *net = team_net(t->team, who);
	size_t batch = (size_t)net->batch, n = t->train.n / batch;

	for (size_t b = 0; b < n && b < STATISTICS_BATCHES && !who; b++) {
		net_momentum(net, 1.0f / (float)(b + 1));
		fill(t, who, &t->train, t->order, b * batch, NULL);
		if (!net_forward(net, t->share[who].x, MODE_TRAIN))
			return -EIO;
	}
	return 0;
}

static int measure_share(void *arg, int who)
{
	struct run *t = arg;
	struct net *net = team_net(t->team, who);
	struct share *s = &t->share[who];
	size_t batch = (size_t)net->batch;

	for (size_t i = (size_t)who * batch; i < t->test.n; i += TEAM * batch) {
		int count = fill(t, who, &t->test, NULL, i, NULL), right;
		const float *z = net_forward(net, s->x, MODE_INFER);

		if (!z)
			return -EIO;
		net_loss(z, s->labels, count, net->batch, classes(t), 0.0f, s->dy, &right);
		s->right += (size_t)right;
	}
	return 0;
}

static int measure(struct run *t, double *accuracy, struct lxa_err *err)
{
	size_t right = 0;

	clear_sums(t);
	for (int i = 1; i < TEAM; i++)
		net_take_statistics(team_net(t->team, i), team_net(t->team, 0));
	if (team_run(t->team, measure_share, t))
		return lxa_err_set(err, -EIO, "train: oneDNN failed");
	for (int i = 0; i < TEAM; i++)
		right += t->share[i].right;
	*accuracy = (double)right / (double)t->test.n;
	return 0;
}

static int prepare(struct run *t, const char *dir, struct lxa_err *err)
{
	const struct recipe *r = t->r;
	int ret;

	ret = lxa_data_load(r->data, dir, LXA_SPLIT_TRAIN, &t->train, err);
	if (!ret)
		ret = lxa_data_load(r->data, dir, LXA_SPLIT_TEST, &t->test, err);
	if (!ret && r->batch % TEAM)
		ret = lxa_err_set(err, -EINVAL, "train: a batch of %d is no multiple of %d", r->batch, TEAM);
	if (!ret)
		ret = team_create(r->arch, (struct shape){ t->train.h, t->train.w, t->train.c }, r->batch, r->seed,
				  &t->team, err);
	if (ret)
		return ret;
	if (classes(t) != t->train.classes || t->train.n < (size_t)r->batch || !t->test.n || t->test.h != t->train.h ||
	    t->test.w != t->train.w)
		return lxa_err_set(err, -EINVAL, "train: the %zu images of %s do not fit the network", t->train.n,
				   r->data);
	t->order = calloc(t->train.n, sizeof(*t->order));
	t->batches = t->train.n / (size_t)r->batch * (uint64_t)r->epochs;
	if (!t->order)
		return lxa_err_set(err, -ENOMEM, "train: out of memory");
	for (int i = 0; i < TEAM; i++) {
		size_t batch = (size_t)r->batch / TEAM;

		t->share[i].x = calloc(batch * shape_size(team_net(t->team, 0)->in), sizeof(float));
		t->share[i].dy = calloc(batch * (size_t)t->train.classes, sizeof(float));
		t->share[i].labels = calloc(batch, 1);
		if (!t->share[i].x || !t->share[i].dy || !t->share[i].labels)
			return lxa_err_set(err, -ENOMEM, "train: out of memory");
	}
	return 0;
}

static int epochs(struct run *t, FILE *log, double *accuracy, struct lxa_err *err)
{
	int every = t->r->epochs > 20 ? t->r->epochs / 10 : 1, ret = 0;
	double loss = 0.0;

	if (log)
		progress_start(&t->bar, "batches", t->batches);
	for (t->epoch = 0; t->epoch < t->r->epochs && !ret && !interrupted; t->epoch++) {
		size_t right = 0, seen = 0;

		ret = train_epoch(t, &loss, err);
		if (ret || interrupted || !log || (t->epoch + 1) % every)
			continue;
		for (int i = 0; i < TEAM; i++) {
			right += t->share[i].right;
			seen += t->share[i].seen;
		}
		ret = measure(t, accuracy, err);
		progress_end(&t->bar);
		t->bar.shown = 0;
		fprintf(log, "epoch %d of %d: loss %.4f, training images %.2f %%, test images %.2f %%\n", t->epoch + 1,
			t->r->epochs, loss, 100.0 * (double)right / (double)seen, 100.0 * *accuracy);
		fflush(log);
	}
	progress_end(&t->bar);
	return ret;
}

static void clean_up(struct run *t)
{
	team_destroy(t->team);
	lxa_data_free(&t->train);
	lxa_data_free(&t->test);
	free(t->order);
	for (int i = 0; i < TEAM; i++) {
		free(t->share[i].x);
		free(t->share[i].dy);
		free(t->share[i].labels);
	}
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
		fprintf(log, "%s: %zu training and %zu test images, %.2f million multiplications an image\n", r->data,
			t.train.n, t.test.n, (double)net_macs(team_net(t.team, 0)) * 1e-6);
	if (!ret)
		ret = epochs(&t, log, accuracy, err);
	if (!ret && interrupted)
		ret = lxa_err_set(err, -EINTR, "train: interrupted, %s is not written", path);
	if (!ret && team_run(t.team, settle_share, &t))
		ret = lxa_err_set(err, -EIO, "train: oneDNN failed");
	if (!ret)
		ret = measure(&t, accuracy, err);
	if (!ret)
		ret = recipe_save(r, team_net(t.team, 0), *accuracy, t.test.n, t.train.max, path, err);
	sigaction(SIGINT, &before, NULL);
	clean_up(&t);
	return ret;
}
