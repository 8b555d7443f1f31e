// SPDX-License-Identifier: MIT
/*
 * train_run_test.c - training as a whole: it learns, the same seed gives the same bytes on one core and on all, the
 * written file computes what the trained network computes, Ctrl-C and bad arguments end as documented.
 */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "train/train.h"

#define IMAGES 600
#define BATCH 20

static char dir[] = "/tmp/lxa-train-test-XXXXXX";

static const char *at(const char *file)
{
	static char path[4][256];
	static int turn;
	char *p = path[turn++ & 3];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, file);
	return p;
}

/* Images of ten classes: a random pattern each, and noise. */
static void write_digits(void)
{
	struct rng r = rng_stream(11, 0, 0);
	int pattern[10][64];
	FILE *f = fopen(at("digits.csv"), "w");

	assert_non_null(f);
	for (int i = 0; i < 640; i++)
		pattern[i / 64][i % 64] = (int)rng_below(&r, 13);
	for (int i = 0; i < IMAGES; i++) {
		int class = (int)rng_below(&r, 10);

		for (int k = 0; k < 64; k++)
			fprintf(f, "%d,", pattern[class][k] + (int)rng_below(&r, 5));
		fprintf(f, "%d\n", class);
	}
	fclose(f);
}

static struct recipe small(uint64_t seed)
{
	struct recipe r = *recipe_find("digits");

	r.arch = "input conv8k3p1:wlog bn relu act:log4 conv16k3p1:wlog bn pool2 act:sign "
		 "conv16k3p1:wbin bn relu act:log4 fc10:wlogt";
	r.epochs = 6;
	r.batch = 40;
	r.seed = seed;
	r.augment = (struct augment){ .shift = 0.3f };
	return r;
}

static char *slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	char *data = malloc(1 << 20);

	assert_non_null(f);
	*n = fread(data, 1, 1 << 20, f);
	fclose(f);
	return data;
}

static int same_file(const char *a, const char *b)
{
	size_t na, nb;
	char *da = slurp(a, &na), *db = slurp(b, &nb);
	int same = na == nb && na > 1000 && !memcmp(da, db, na);

	free(da);
	free(db);
	return same;
}

static void train_to(const char *file, uint64_t seed, double *accuracy)
{
	struct recipe r = small(seed);
	struct lxa_err err = { "" };

	if (lxa_train(&r, dir, at(file), NULL, accuracy, &err))
		fail_msg("%s", err.text);
}

static void test_same_bytes(void **state)
{
	double accuracy[3];
	cpu_set_t all, one;

	train_to("a.onnx", 1, &accuracy[0]);
	assert_true(accuracy[0] > 0.9);		/* guessing gives 0.1 */
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
		if (CPU_ISSET(i, &all))
			CPU_SET(i, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	train_to("b.onnx", 1, &accuracy[1]);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	train_to("c.onnx", 2, &accuracy[2]);
	assert_true(accuracy[0] == accuracy[1]);
	assert_true(same_file(at("a.onnx"), at("b.onnx")));
	assert_false(same_file(at("a.onnx"), at("c.onnx")));
}

/* Run a file's graph node by node with the library's operators. Returns the logits. */
static struct lxa_tensor run_file(const char *path, const struct lxa_tensor *image)
{
	struct lxa_graph *g;
	struct lxa_err err = { "" };
	struct lxa_cpu *cpu;
	struct lxa_tensor *t, logits;

	if (lxa_graph_load(path, &g, &err) || lxa_graph_infer(g, image->dims[0], &err) || lxa_cpu_create(&cpu, &err))
		fail_msg("%s", err.text);
	assert_int_equal(g->n_in, 1);
	assert_int_equal(g->n_out, 1);
	assert_string_equal(g->values[g->in[0]].name, "image");
	assert_string_equal(g->values[g->out[0]].name, "logits");
	t = calloc((size_t)g->n_values, sizeof(*t));
	t[g->in[0]] = *image;
	for (int i = 0; i < g->n_nodes; i++) {
		const struct lxa_node *n = &g->nodes[i];
		const struct lxa_tensor *in[8];
		struct lxa_tensor out[2] = { 0 };

		for (int k = 0; k < n->n_in; k++)
			in[k] = g->values[n->in[k]].t.data ? &g->values[n->in[k]].t : &t[n->in[k]];
		if (lxa_cpu_exec(cpu, g, i, in, out, &err))
			fail_msg("%s", err.text);
		t[n->out[0]] = out[0];
	}
	logits = t[g->out[0]];
	for (int i = 0; i < g->n_values; i++)
		if (i != g->in[0] && i != g->out[0])
			lxa_tensor_free(&t[i]);
	free(t);
	lxa_cpu_destroy(cpu);
	lxa_graph_free(g);
	return logits;
}

/* Rows of logits that differ between the network and its file. */
static int rows_apart(const char *arch, struct shape in, int max_pixel)
{
	size_t size = shape_size(in);
	struct recipe r = small(9);
	struct lxa_tensor image = { LXA_F32, 4, { BATCH, in.c, in.h, in.w }, NULL }, logits;
	struct rng rnd = rng_stream(3, 1, 4);
	struct net *n;
	struct lxa_err err = { "" };
	const float *y;
	float *x;
	int apart = 0;

	r.arch = arch;
	if (net_create(arch, in, BATCH, 1, &n, &err))
		fail_msg("%s", err.text);
	x = calloc(BATCH * size, sizeof(float));
	for (size_t i = 0; i < BATCH * size; i++)
		x[i] = (float)rng_below(&rnd, (uint32_t)max_pixel + 1);
	for (int l = 0; l < n->n; l++)		/* some scales negative, as training may make them */
		for (size_t i = 0; n->layers[l].ops == &layer_bn && i < n->layers[l].par[0].n; i++) {
			n->layers[l].par[0].v[i] = i % 5 ? 1.0f + 0.3f * rng_sym(&rnd) : -0.7f;
			n->layers[l].par[1].v[i] = 0.3f * rng_sym(&rnd);
		}
	for (int i = 0; i < 20; i++)
		assert_non_null(net_forward(n, x, MODE_TRAIN));
	y = net_forward(n, x, MODE_INFER);
	if (recipe_save(&r, n, 0.5, 100, max_pixel, at("net.onnx"), &err) || lxa_tensor_alloc(&image))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < BATCH; i++)	/* NHWC to NCHW */
		for (size_t p = 0; p < size / (size_t)in.c; p++)
			for (size_t c = 0; c < (size_t)in.c; c++)
				((float *)image.data)[i * size + c * (size / (size_t)in.c) + p] =
					x[i * size + p * (size_t)in.c + c];
	logits = run_file(at("net.onnx"), &image);
	assert_int_equal(lxa_tensor_count(&logits), BATCH * 10);
	for (int i = 0; i < BATCH; i++) {
		int bad = 0;

		for (int c = 0; c < 10; c++)
			bad |= fabsf(y[i * 10 + c] - ((float *)logits.data)[i * 10 + c]) > 1e-3f;
		apart += bad;
	}
	lxa_tensor_free(&logits);
	lxa_tensor_free(&image);
	net_destroy(n);
	free(x);
	return apart;
}

static void test_file_computes_the_same(void **state)
{
	/* without activation quantizers small differences stay small: no row may differ */
	assert_int_equal(rows_apart("input conv8k3p1:wlog bn relu pool2 conv8k3p0:wbin bn fc10:wlogt",
				    (struct shape){ 9, 8, 1 }, 16), 0);
	assert_int_equal(rows_apart("conv6k5p2:wlogb2 bn pool3 conv8k1p0:wbina bn relu fc10", 
				    (struct shape){ 9, 11, 3 }, 255), 0);
	/* with them, a value on the edge between two codes may fall either way */
	assert_in_range(rows_apart(recipe_find("digits")->arch, (struct shape){ 8, 8, 1 }, 16), 0, BATCH / 4);
	assert_in_range(rows_apart(recipe_find("mnist")->arch, (struct shape){ 28, 28, 1 }, 255), 0, BATCH / 4);
	assert_in_range(rows_apart("conv8k3p1:wlog bn relu act:log4b2 fc10:wlog", (struct shape){ 5, 5, 2 }, 9), 0,
			BATCH / 4);
}

/* The program in a process of its own; its exit code, or -signal. Sends it SIGINT after `ms`, unless that is 0. */
static int program(char **argv, int ms)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		freopen("/dev/null", "w", stderr);
		freopen("/dev/null", "w", stdout);
		execv(TRAIN_PROGRAM, argv);
		_exit(127);
	}
	if (ms) {
		usleep((useconds_t)ms * 1000);
		kill(pid, SIGINT);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#define RUN(ms, ...) program((char *[]){ "lxa-train", __VA_ARGS__, NULL }, ms)

static void test_program(void **state)
{
	const char *out = at("out.onnx"), *nowhere = at("none/out.onnx");

	assert_int_equal(RUN(0, "--data", "digits", "--data-dir", dir, "--out", (char *)out, "--epochs", "1",
			     "--quiet"), 0);
	assert_int_equal(access(out, R_OK), 0);
	unlink(out);
	assert_int_equal(RUN(700, "--data", "digits", "--data-dir", dir, "--out", (char *)out, "--epochs", "100000"),
			 130);
	assert_int_equal(access(out, F_OK), -1);
	assert_int_equal(RUN(0, "--data", "digits", "--data-dir", dir, "--out", (char *)nowhere, "--epochs", "1"), 1);
	assert_int_equal(RUN(0, "--data", "mnist", "--data-dir", dir, "--out", (char *)out), 1);
	assert_int_equal(RUN(0, "--data", "digits", "--data-dir", dir, "--out", (char *)out, "--arch", "conv8"), 1);
	assert_int_equal(RUN(0, "--data", "cats", "--data-dir", dir, "--out", (char *)out), 2);
	assert_int_equal(RUN(0, "--data", "digits"), 2);
	assert_int_equal(RUN(0, "--data", "digits", "--out", (char *)out, "--epochs", "0"), 2);
	assert_int_equal(RUN(0, "--data", "digits", "--out", (char *)out, "--seed", "-1"), 2);
	assert_int_equal(RUN(0, "--data", "digits", "--out", (char *)out, "more"), 2);
	assert_int_equal(RUN(0, "--help"), 0);
	assert_int_equal(access(out, F_OK), -1);
}

static int start(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	write_digits();
	return 0;
}

static int finish(void **state)
{
	char cmd[64];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_bytes), cmocka_unit_test(test_file_computes_the_same),
		cmocka_unit_test(test_program),
	};

	return cmocka_run_group_tests(tests, start, finish);
}
