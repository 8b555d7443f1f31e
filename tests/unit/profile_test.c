// SPDX-License-Identifier: MIT
/*
 * Profiles: the trace is JSON, spans of a track nest, every layer and job is in it, and jobs add up to what the run reported.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../userspace/cli/json.h"
#include "json_tree.h"
#include "lxa.h"

#define MODEL "userspace/models/digits-lxa.onnx"
#define IMAGES 20
#define BATCH 8
#define MAX_SPANS 4096

struct span {
	const char *name, *cat;
	int pid, tid;
	double start, end;		/* ns, whole numbers */
	const struct json_node *args;
};

struct trace {
	struct json_node *root;
	struct span spans[MAX_SPANS];
	int n;
	char path[64];
};

static struct lxa_err err;

static double num(const struct json_node *n, const char *key)
{
	const struct json_node *v = json_get(n, key);

	if (!v || v->type != JSON_NUMBER)
		fail_msg("no number %s", key);
	return v->number;
}

static const char *str(const struct json_node *n, const char *key)
{
	const struct json_node *v = json_get(n, key);

	if (!v || v->type != JSON_STRING)
		fail_msg("no string %s", key);
	return v->string;
}

static int by_start(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->pid != y->pid || x->tid != y->tid)
		return x->pid != y->pid ? x->pid - y->pid : x->tid - y->tid;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end > y->end ? -1 : x->end < y->end;
}

/* In each track a span lies in the one that is open, or begins when that has ended. */
static void check_nesting(const struct trace *t)
{
	double open[64];
	int depth = 0;

	for (int i = 0; i < t->n; i++) {
		const struct span *s = &t->spans[i];

		if (i && (s->pid != s[-1].pid || s->tid != s[-1].tid))
			depth = 0;
		while (depth && s->start >= open[depth - 1])
			depth--;
		if (depth && s->end > open[depth - 1])
			fail_msg("span %s (%s) at %.0f ends at %.0f, the one around it at %.0f", s->name, s->cat, s->start, s->end,
				 open[depth - 1]);
		assert_true(depth < 64);
		open[depth++] = s->end;
	}
}

static void trace_open(struct trace *t, struct lxa_profile *p)
{
	const struct json_node *e;
	char why[256];

	memset(t, 0, sizeof(*t));
	snprintf(t->path, sizeof(t->path), "/tmp/lxa-profile-%d.json", (int)getpid());
	assert_int_equal(lxa_profile_write(p, t->path, &err), 0);
	t->root = json_tree_read(t->path, why, sizeof(why));
	if (!t->root)
		fail_msg("%s", why);
	unlink(t->path);
	assert_int_equal(num(json_get(t->root, "otherData"), "dropped_events"), 0);
	for (e = json_get(t->root, "traceEvents")->child; e; e = e->next) {
		struct span *s = &t->spans[t->n];

		if (!strcmp(str(e, "ph"), "M"))
			continue;
		assert_string_equal(str(e, "ph"), "X");
		assert_true(t->n++ < MAX_SPANS);
		s->name = str(e, "name");
		s->cat = str(e, "cat");
		s->pid = (int)num(e, "pid");
		s->tid = (int)num(e, "tid");
		s->start = nearbyint(num(e, "ts") * 1000);
		s->end = s->start + nearbyint(num(e, "dur") * 1000);
		s->args = json_get(e, "args");
		assert_true(s->end >= s->start && s->start >= 0);
	}
	qsort(t->spans, (size_t)t->n, sizeof(t->spans[0]), by_start);
	check_nesting(t);
}

static void trace_close(struct trace *t)
{
	json_tree_free(t->root);
}

/* Spans of that kind and name (NULL: any); *total: their nanoseconds. */
static int count(const struct trace *t, const char *cat, const char *name, double *total)
{
	int n = 0;

	if (total)
		*total = 0;
	for (int i = 0; i < t->n; i++) {
		if (strcmp(t->spans[i].cat, cat) || (name && strcmp(t->spans[i].name, name)))
			continue;
		n++;
		if (total)
			*total += t->spans[i].end - t->spans[i].start;
	}
	return n;
}

struct work {
	struct lxa_profile *profile;
	struct lxa_model *model;
	struct lxa_device *dev;
	const char *thread;
	int check;
	struct lxa_plan *plan;		/* out */
	struct lxa_run_result res;
	struct lxa_err err;
	int ret;
};

static void *run(void *arg)
{
	struct work *w = arg;
	const struct lxa_run_options opt = { .check = w->check };
	struct lxa_tensor in = { .dtype = LXA_F32, .ndim = 4, .dims = { IMAGES, 1, 8, 8 } }, out;

	w->ret = lxa_profile_attach(w->profile, w->thread, &w->err);
	if (!w->ret)
		w->ret = lxa_plan_create(w->model, w->dev, BATCH, &w->plan, &w->err);
	if (w->ret)
		return NULL;
	w->ret = lxa_tensor_alloc(&in);
	for (int i = 0; i < IMAGES * 64; i++)
		((float *)in.data)[i] = (float)(i % 17);
	if (!w->ret) {
		w->ret = lxa_plan_run(w->plan, &in, &out, &opt, &w->res, &w->err);
		lxa_tensor_free(&out);
	}
	lxa_tensor_free(&in);
	assert_int_equal(lxa_profile_attach(NULL, "", &w->err), 0);
	return NULL;
}

static void run_here(struct work *w)
{
	run(w);
	if (w->ret)
		fail_msg("%s", w->err.text);
}

/* What the plan reports is in the trace: layers, jobs, times. */
static void check_layers(const struct trace *t, const struct work *w)
{
	struct lxa_layer_report rep;
	uint64_t jobs = 0;
	int batches = (IMAGES + BATCH - 1) / BATCH, layers = 0;
	double ns;

	for (int i = 0; i < lxa_plan_entries(w->plan); i++) {
		const struct lxa_plan_entry *e = lxa_plan_entry(w->plan, i);

		lxa_plan_report(w->plan, i, &rep);
		if (!rep.images)
			continue;
		layers++;
		jobs += rep.jobs;
		if (e->place == LXA_PLACE_CPU || !w->dev) {
			assert_int_equal(count(t, "cpu", e->name, &ns), batches);
			assert_true(fabs(ns * 1e-9 - rep.seconds) < 1e-3 + rep.seconds * 0.1);
			continue;
		}
		assert_int_equal(count(t, "plan", e->name, NULL), 1);
		assert_int_equal(count(t, "device", e->name, NULL), (int)rep.jobs);
		assert_int_equal(count(t, "check", e->name, &ns), w->check ? batches : 0);
		assert_true(w->check ? rep.check_s > 0 : rep.check_s == 0);
		assert_true(rep.driver_s > 0);
		assert_true(rep.seconds == 0);
	}
	assert_int_equal(layers, 5);	/* input1, conv1, conv2, conv3, fc1 */
	assert_int_equal(count(t, "device", NULL, NULL), (int)jobs);
	assert_int_equal(count(t, "encode", "conv1", NULL), batches);
	assert_int_equal(count(t, "decode", "fc1", NULL), batches);
	assert_int_equal(count(t, "run", "batch", NULL), batches);
	assert_int_equal(count(t, "plan", "plan", NULL), 1);
}

/* Jobs of a device follow each other, on its clock without a gap; they lie between submission and the end of the wait. */
static void check_jobs(const struct trace *t, const struct work *w)
{
	double cycle = 0, first = INFINITY, last = 0, begun = INFINITY, ended = 0;

	for (int i = 0; i < t->n; i++) {
		const struct span *s = &t->spans[i];

		if (!strcmp(s->name, "submit"))
			begun = fmin(begun, s->start);
		if (!strcmp(s->cat, "run"))
			ended = fmax(ended, s->end);
		if (strcmp(s->cat, "device"))
			continue;
		assert_true(num(s->args, "start_cycle") == cycle);
		cycle += num(s->args, "cycles");
		assert_true(num(s->args, "end_cycle") == cycle);
		assert_true(num(s->args, "busy") > 0 && num(s->args, "error") == 0);
		assert_true(i + 1 == t->n || strcmp(s[1].cat, "device") || s[1].start >= s->end);
		first = fmin(first, s->start);
		last = fmax(last, s->end);
	}
	assert_true(cycle == (double)w->res.cycles && cycle > 0);
	assert_true(first >= begun && last <= ended && last > first);
}

static void one_device(const char *path, int check)
{
	struct work w = { .thread = "test", .check = check };
	struct trace t;

	if (lxa_device_open(path, &w.dev, &err))
		fail_msg("%s", err.text);
	assert_int_equal(lxa_model_load(MODEL, &w.model, &err), 0);
	assert_int_equal(lxa_profile_create(&w.profile, &err), 0);
	run_here(&w);
	trace_open(&t, w.profile);
	check_layers(&t, &w);
	check_jobs(&t, &w);
	trace_close(&t);
	lxa_profile_free(w.profile);
	lxa_plan_free(w.plan);
	lxa_model_free(w.model);
	lxa_device_close(w.dev);
}

static void test_model(void **state)
{
	one_device("sim:model", 1);
	one_device("sim:model", 0);
}

static void test_rtl(void **state)
{
	one_device("sim:rtl", 1);
}

/* Without a device: the layers are on the CPU's tracks, and no device is named. */
static void test_cpu(void **state)
{
	struct work w = { .thread = "test" };
	struct trace t;

	assert_int_equal(lxa_model_load(MODEL, &w.model, &err), 0);
	assert_int_equal(lxa_profile_create(&w.profile, &err), 0);
	run_here(&w);
	trace_open(&t, w.profile);
	check_layers(&t, &w);
	assert_int_equal(count(&t, "driver", NULL, NULL), 0);
	trace_close(&t);
	lxa_profile_free(w.profile);
	lxa_plan_free(w.plan);
	lxa_model_free(w.model);
}

/* Two threads, a device each, one profile: tracks of their own. */
static void test_threads(void **state)
{
	struct work w[2] = { { .thread = "left" }, { .thread = "right" } };
	const char *paths[2] = { "sim:model,nr=1", "sim:model,nr=2" };
	pthread_t threads[2];
	struct trace t;

	assert_int_equal(lxa_profile_create(&w[0].profile, &err), 0);
	assert_int_equal(lxa_model_load(MODEL, &w[0].model, &err), 0);
	for (int i = 0; i < 2; i++) {
		w[i].profile = w[0].profile;
		w[i].model = w[0].model;
		assert_int_equal(lxa_device_open(paths[i], &w[i].dev, &err), 0);
		assert_int_equal(pthread_create(&threads[i], NULL, run, &w[i]), 0);
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(w[i].ret, 0);
	}
	trace_open(&t, w[0].profile);
	for (int i = 0; i < 2; i++) {
		int batches = 0, jobs = 0;

		for (int k = 0; k < t.n; k++) {
			batches += t.spans[k].pid == 1 && t.spans[k].tid == i + 1 && !strcmp(t.spans[k].cat, "run");
			jobs += t.spans[k].pid == i + 2;
		}
		assert_int_equal(batches, (IMAGES + BATCH - 1) / BATCH);
		assert_int_equal(jobs, 4 * batches);
		lxa_plan_free(w[i].plan);
		lxa_device_close(w[i].dev);
	}
	trace_close(&t);
	lxa_profile_free(w[0].profile);
	lxa_model_free(w[0].model);
}

/* Names that a file must not trip over, and what they are read back as. */
static const char *const names[][2] = {
	{ "plain", "plain" }, { "\"quoted\\\"", "\"quoted\\\"" }, { "tab\tline\n\x01", "tab\tline\n\x01" },
	{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
	{ "bad \xff\xc3", "bad \xef\xbf\xbd\xef\xbf\xbd" }, { "over\xc0\xaf", "over\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, { "", "" },
};

/* The command's JSON has them, too. */
static void test_command(void **state)
{
	const size_t n = sizeof(names) / sizeof(names[0]);
	struct json_node *root, *s;
	char path[64], why[256];
	struct json j = { 0 };

	snprintf(path, sizeof(path), "/tmp/lxa-json-%d", (int)getpid());
	j.f = fopen(path, "w");
	assert_non_null(j.f);
	json_open(&j, NULL, '[');
	for (size_t i = 0; i < n; i++)
		json_string(&j, NULL, names[i][0]);
	json_close(&j, ']');
	fclose(j.f);
	root = json_tree_read(path, why, sizeof(why));
	if (!root)
		fail_msg("%s", why);
	unlink(path);
	s = root->child;
	for (size_t i = 0; i < n; i++, s = s->next)
		assert_string_equal(s->string, names[i][1]);
	json_tree_free(root);
}

/* The program's own spans; unmatched ends and an open span are no harm. */
static void test_names(void **state)
{
	struct lxa_profile *p;
	struct trace t;

	lxa_profile_begin("into nothing");
	lxa_profile_end();
	assert_int_equal(lxa_profile_create(&p, &err), 0);
	assert_int_equal(lxa_profile_attach(p, "\"\x80", &err), 0);
	lxa_profile_end();
	lxa_profile_begin("outer");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		lxa_profile_begin(names[i][0]);
		lxa_profile_end();
	}
	for (int i = 0; i < 100; i++)
		lxa_profile_begin("deep");
	for (int i = 0; i < 100; i++)
		lxa_profile_end();
	lxa_profile_end();
	lxa_profile_begin("never closed");
	trace_open(&t, p);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(count(&t, "program", names[i][1], NULL), 1);
	assert_int_equal(count(&t, "program", "outer", NULL), 1);
	assert_int_equal(count(&t, "program", "deep", NULL), 31);
	assert_int_equal(count(&t, "program", NULL, NULL), 8 + 1 + 31);
	trace_close(&t);
	lxa_profile_free(p);		/* this thread is still attached: then no more */
	lxa_profile_begin("into nothing");
	lxa_profile_end();
}

static void test_file(void **state)
{
	struct lxa_profile *p;

	assert_int_equal(lxa_profile_create(&p, &err), 0);
	assert_int_equal(lxa_profile_write(p, "/nonexistent/trace.json", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/trace.json"));
	assert_int_equal(lxa_profile_write(p, "/dev/full", &err), -ENOSPC);
	assert_non_null(strstr(err.text, "/dev/full"));
	lxa_profile_free(p);
	lxa_profile_free(NULL);
}

/* The reader of this test refuses what is no JSON. */
static void test_reader(void **state)
{
	static const char *const bad[] = { "", "{", "[1,]", "[1 2]", "{\"a\" 1}", "{a:1}", "\"\x80\"", "\"\n\"", "01", "1.", "+1", ".5", "nul",
					   "[1]]", "\"\\x\"", "\"\\u12\"", "{\"a\":1,}" };
	char path[64], why[256];

	snprintf(path, sizeof(path), "/tmp/lxa-json-%d", (int)getpid());
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		FILE *f = fopen(path, "w");

		fputs(bad[i], f);
		fclose(f);
		if (json_tree_read(path, why, sizeof(why)))
			fail_msg("read %s", bad[i]);
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader), cmocka_unit_test(test_model), cmocka_unit_test(test_rtl), cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_threads), cmocka_unit_test(test_command), cmocka_unit_test(test_names), cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
