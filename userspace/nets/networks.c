// SPDX-License-Identifier: MIT
/*
 * networks.c - runs real networks and prints a table of what came out: `make networks`.
 *
 *	networks DATA DIR [NAME...]
 *
 * DATA is the folder that tests know as LXA_DATA; what a network needs and is not there leaves its line out, which is said. DIR gets
 * the models made on the way (cnvW1A1, lfcW1A1, the quantized ones). NAME: only lines with that in their name.
 *
 * Every figure of a line is measured here. Result: on all images, by LXA's CPU kernels. Bit for bit: the first images once more on
 * rtl, every element of the device's layers compared with those kernels'. Speed: as many images as take a second, without that
 * comparison; one process, the device's work waited for.
 */
#include "networks.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cli/progress.h"

#define SPEED_SECONDS 1.0
#define RTL_CHECK_SECONDS 2.0

static volatile sig_atomic_t stop;

static void on_sigint(int sig)
{
	(void)sig;
	stop = 1;
}

int networks_progress(void *ctx, uint64_t done, uint64_t total)
{
	if (ctx)
		progress_update(ctx, done);
	(void)total;
	return stop;
}

/* ---- one engine ------------------------------------------------------------------------------------------------- */

int engine_open(struct engine *e, const char *engine, const char *model, int64_t batch, struct lxa_err *err)
{
	char name[32];
	int ret = 0;

	memset(e, 0, sizeof(*e));
	snprintf(name, sizeof(name), "sim:%s", engine);
	if (strcmp(engine, "cpu"))
		ret = lxa_device_open(name, &e->dev, err);
	if (!ret)
		ret = lxa_model_load(model, &e->m, err);
	if (!ret)
		ret = lxa_plan_create(e->m, e->dev, batch, &e->p, err);
	if (ret)
		engine_close(e);
	return ret;
}

void engine_close(struct engine *e)
{
	lxa_plan_free(e->p);
	lxa_model_free(e->m);
	lxa_device_close(e->dev);
	memset(e, 0, sizeof(*e));
}

/* Images first .. first + n - 1 of `in`, without a copy. */
static struct lxa_tensor view(const struct lxa_tensor *in, int64_t first, int64_t n)
{
	struct lxa_tensor t = *in;

	t.data = (char *)in->data + (size_t)(lxa_tensor_count(in) / in->dims[0] * first) * lxa_dtype_size(in->dtype);
	t.dims[0] = n;
	return t;
}

int engine_run(struct engine *e, const struct lxa_tensor *in, struct lxa_tensor *out, int check, struct lxa_run_result *res,
	       struct lxa_err *err)
{
	struct lxa_run_options opt = { .check = check && e->dev, .progress = networks_progress };
	struct progress bar;
	int ret;

	progress_start(&bar, e->what, (uint64_t)in->dims[0]);
	opt.ctx = e->what ? &bar : NULL;
	ret = lxa_plan_run(e->p, in, out, &opt, res, err);
	if (e->what)
		progress_end(&bar);
	return ret;
}

/* Some batches, until they have taken `seconds` or there are no more images; returns how many images, *took: how long. */
static int64_t run_for(struct engine *e, const struct lxa_tensor *in, double seconds, int check, double *took,
		       struct lxa_run_result *sum, struct lxa_err *err)
{
	int64_t step = e->step, done = 0;

	memset(sum, 0, sizeof(*sum));
	*took = 0;
	do {
		struct lxa_tensor part = view(in, done, step), out = { 0 };
		struct lxa_run_result res;
		double start = progress_now();
		int ret = engine_run(e, &part, &out, check, &res, err);

		*took += progress_now() - start;
		lxa_tensor_free(&out);
		if (ret)
			return ret;
		sum->cycles += res.cycles;
		sum->compared += res.compared;
		sum->mismatches += res.mismatches;
		done += step;
	} while (*took < seconds && done + step <= in->dims[0]);
	return done;
}

/* ---- one line --------------------------------------------------------------------------------------------------- */

static void count_macs(struct line *l, const struct lxa_plan *p)
{
	for (int i = 0; i < lxa_plan_entries(p); i++) {
		const struct lxa_plan_entry *e = lxa_plan_entry(p, i);

		l->macs += e->macs;
		l->device_macs += e->place == LXA_PLACE_DEVICE ? e->macs : 0;
	}
}

/* Images at a time when a speed is measured: on rtl few, as a large network has few a second. */
static int64_t step_of(const char *engine, int64_t images)
{
	int64_t step = strcmp(engine, "rtl") ? 64 : 4;

	return step < images ? step : images;
}

static int measure(struct line *l, const char *model, const char *engine, const struct lxa_tensor *in, struct lxa_err *err)
{
	struct lxa_run_result res;
	struct engine e;
	double took;
	int64_t n, step = step_of(engine, in->dims[0]);
	int is_rtl = !strcmp(engine, "rtl");
	int ret = engine_open(&e, engine, model, step, err);

	if (ret)
		return ret;
	e.step = step;
	if (!strcmp(engine, "cpu"))
		count_macs(l, e.p);
	n = run_for(&e, in, 0, 0, &took, &res, err);		/* the first batch makes ready what later ones use */
	if (n > 0)
		n = run_for(&e, in, SPEED_SECONDS, 0, &took, &res, err);
	if (n > 0) {
		l->rate[is_rtl ? 0 : strcmp(engine, "cpu") ? 1 : 2] = (double)n / took;
		l->cycles = is_rtl ? (double)res.cycles / (double)n : l->cycles;
	}
	if (n > 0 && is_rtl)
		n = run_for(&e, in, RTL_CHECK_SECONDS, 1, &took, &res, err);
	if (n > 0 && is_rtl) {
		l->checked = n;
		l->compared = res.compared;
		l->mismatches = res.mismatches;
	}
	engine_close(&e);
	return n < 0 ? (int)n : 0;
}

static void print_rate(double r)
{
	if (r >= 100)
		printf(" %.0f |", r);
	else if (r > 0)
		printf(" %.2g |", r);
	else
		printf(" - |");
}

static void print_line(const struct line *l)
{
	printf("| %s | %s | %.2f M | %.1f %% |", l->name, l->result, (double)l->macs / 1e6,
	       l->macs ? 100.0 * (double)l->device_macs / (double)l->macs : 0);
	if (l->cycles > 0)
		printf(" %.0f |", l->cycles);
	else
		printf(" - |");
	for (int i = 0; i < 3; i++)
		print_rate(l->rate[i]);
	if (!l->compared)
		printf(" nothing on the device |\n");
	else if (l->mismatches)
		printf(" DIFFERENT: %llu of %llu elements, %lld images |\n", (unsigned long long)l->mismatches,
		       (unsigned long long)l->compared, (long long)l->checked);
	else
		printf(" equal: %llu elements, %lld images |\n", (unsigned long long)l->compared, (long long)l->checked);
	fflush(stdout);
}

/* 0 printed; 1 its data are not there; negative: failed. */
static int do_line(const struct network *n, const struct place *at, struct lxa_err *err)
{
	struct line l = { .name = n->name };
	struct lxa_tensor in = { 0 };
	char model[NETWORKS_PATH];
	int ret;

	fprintf(stderr, "%s\n", n->name);
	ret = n->make(n, at, &l, model, &in, err);
	if (ret == -ENOENT) {
		fprintf(stderr, "  left out: %s\n", err->text);
		lxa_tensor_free(&in);
		return 1;
	}
	for (int i = 0; !ret && i < 3; i++)
		if (!i || l.device_macs)
			ret = measure(&l, model, i == 0 ? "cpu" : i == 1 ? "model" : "rtl", &in, err);
	lxa_tensor_free(&in);
	if (!ret)
		print_line(&l);
	return ret ? ret : l.mismatches ? -EILSEQ : 0;
}

static int wanted(const struct network *n, char **names, int count)
{
	for (int i = 0; i < count; i++)
		if (strstr(n->name, names[i]))
			return 1;
	return !count;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_sigint };
	struct lxa_err err = { "" };
	struct place at;
	int ret = 0, left_out = 0;
	const struct network *n;

	if (argc < 3) {
		fprintf(stderr, "usage: networks DATA DIR [NAME...]\n");
		return 2;
	}
	sigaction(SIGINT, &sa, NULL);
	at = (struct place){ .data = argv[1], .dir = argv[2] };
	snprintf(at.tool, sizeof(at.tool), "%.*s/export-binary", (int)(strrchr(argv[0], '/') - argv[0]), argv[0]);
	printf("| network | result | MACs an image | on the device | cycles an image | images/s rtl | model | cpu | rtl and cpu |\n");
	printf("|---|---|---:|---:|---:|---:|---:|---:|---|\n");
	for (int i = 0; ret >= 0 && (n = network_nr(i)); i++) {
		if (!wanted(n, argv + 3, argc - 3))
			continue;
		ret = do_line(n, &at, &err);
		left_out += ret == 1;
	}
	if (left_out)
		printf("\n%d networks left out: their data are not in %s\n", left_out, argv[1]);
	if (ret == -EINTR)
		fprintf(stderr, "networks: stopped\n");
	else if (ret == -EILSEQ)
		fprintf(stderr, "networks: the device's bits differ from the CPU's\n");
	else if (ret < 0)
		fprintf(stderr, "networks: %s\n", err.text);
	return ret == -EINTR ? 130 : ret == -EILSEQ ? 3 : ret < 0 ? 1 : 0;
}
