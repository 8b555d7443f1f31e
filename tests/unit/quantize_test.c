// SPDX-License-Identifier: MIT
/*
 * quantize_test.c - lxa_quantize(): networks that can be quantized without loss are; the codes are never worse than rounding;
 * what the written model says; errors.
 *
 * Oracle: graphs are run node by node in ONNX's semantics (lxa_cpu_exec), the float model and the quantized one.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "graph_util.h"
#include "lxa.h"
#include "onnx_save.h"

#define NETS 5

static char dir[] = "/tmp/lxa-quantize-test-XXXXXX";

static const char *at(const char *file)
{
	static char path[2][256];
	static int turn;
	char *p = path[turn++ & 1];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, file);
	return p;
}

static float gauss(void)
{
	float s = 0;

	for (int i = 0; i < 12; i++)
		s += (float)rnd(65536) / 65536;
	return s - 6;
}

/* ---- models ----------------------------------------------------------------------------------------------------- */

static struct lxa_onnx *begin(int64_t batch, int64_t c, int64_t side)
{
	struct lxa_onnx *m = lxa_onnx_new("test");

	lxa_onnx_input(m, "image", LXA_F32, 4, (int64_t[]){ batch, c, side, side });
	return m;
}

static void end(struct lxa_onnx *m, const char *out, int ndim, const int64_t *dims, const char *file)
{
	struct lxa_err err;

	lxa_onnx_output(m, out, LXA_F32, ndim, dims);
	if (lxa_onnx_save(m, at(file), &err))
		fail_msg("%s", err.text);
	lxa_onnx_free(m);
}

/* on_grid: weights that a 5-bit base-root-2 quantizer with a free scale a channel holds exactly. */
static void add_weights(struct lxa_onnx *m, const char *name, int ndim, const int64_t *dims, int channel_dim, int on_grid)
{
	struct lxa_tensor t = { .dtype = LXA_F32, .ndim = ndim };
	float *w, scale[64];
	int64_t inner = 1;

	memcpy(t.dims, dims, (size_t)ndim * sizeof(*dims));
	assert_int_equal(lxa_tensor_alloc(&t), 0);
	for (int i = channel_dim + 1; i < ndim; i++)
		inner *= dims[i];
	for (int i = 0; i < 64; i++)
		scale[i] = 0.05f + 0.3f * (float)rnd(1000) / 1000;
	w = t.data;
	for (int64_t i = 0; i < lxa_tensor_count(&t); i++) {
		int64_t c = i / inner % dims[channel_dim];

		if (on_grid)
			w[i] = scale[c] * (rnd(8) ? (float)exp2(-0.5 * rnd(14)) : 0) * (rnd(2) ? 1 : -1);
		else
			w[i] = scale[c] * gauss();
	}
	lxa_onnx_tensor(m, name, &t);
	lxa_tensor_free(&t);
}

static void add_vector(struct lxa_onnx *m, const char *name, int64_t n, float lo, float hi)
{
	float v[64];

	for (int64_t i = 0; i < n; i++)
		v[i] = lo + (hi - lo) * (float)rnd(10000) / 10000;
	lxa_onnx_f32(m, name, 1, &n, v);
}

static void add_conv(struct lxa_onnx *m, const char *name, const char *in, const char *out, int64_t oc, int64_t ic, int64_t k,
		     int64_t groups, int64_t stride, int on_grid, int bias)
{
	char w[32], b[32], inputs[128];

	snprintf(w, sizeof(w), "%s.w", name);
	snprintf(b, sizeof(b), "%s.b", name);
	add_weights(m, w, 4, (int64_t[]){ oc, ic / groups, k, k }, 0, on_grid);
	if (bias)
		add_vector(m, b, oc, 0, 0.5f);
	snprintf(inputs, sizeof(inputs), "%s %s%s%s", in, w, bias ? " " : "", bias ? b : "");
	lxa_onnx_node(m, name, "", "Conv", inputs, out);
	lxa_onnx_attr_ints(m, "pads", 4, (int64_t[]){ k / 2, k / 2, k / 2, k / 2 });
	lxa_onnx_attr_ints(m, "strides", 2, (int64_t[]){ stride, stride });
	lxa_onnx_attr_int(m, "group", groups);
}

static void add_bn(struct lxa_onnx *m, const char *name, const char *in, const char *out, int64_t c)
{
	static const char *const what[] = { "gamma", "beta", "mean", "var" };
	char par[32], inputs[192];
	size_t n = (size_t)snprintf(inputs, sizeof(inputs), "%s", in);

	for (int i = 0; i < 4; i++) {
		snprintf(par, sizeof(par), "%s.%s", name, what[i]);
		add_vector(m, par, c, i == 3 ? 0.5f : i == 2 ? -0.5f : i ? 0 : rnd(2) ? 0.5f : -0.5f, i == 3 ? 2 : i ? 0.5f : 1.5f);
		n += (size_t)snprintf(inputs + n, sizeof(inputs) - n, " %s", par);
	}
	lxa_onnx_node(m, name, "", "BatchNormalization", inputs, out);
}

/*
 * conv, bn, relu; a block with a shortcut; a depthwise conv; pool, flatten, Gemm with its factors, MatMul. The second
 * convolution's results have a space in their name.
 */
static void save_net(const char *file, int64_t batch, int odd_shortcut)
{
	struct lxa_onnx *m = begin(batch, 3, 8);

	add_conv(m, "conv1", "image", "c1", 8, 3, 3, 1, 1, 0, 0);
	add_bn(m, "bn1", "c1", "n1", 8);
	lxa_onnx_node(m, "relu1", "", "Relu", "n1", "r1");
	add_conv(m, "conv2", "r1", "c2", 8, 8, 3, 1, 1, 0, 1);
	lxa_onnx_node(m, "relu2", "", "Relu", "c2", "r2");
	add_conv(m, "conv3", "r2", "c3", 8, 8, 1, 1, 1, 0, 0);
	add_bn(m, "bn3", "c3", "n3", 8);
	if (odd_shortcut) {	/* made by nodes behind the convolution that it is added to */
		lxa_onnx_node(m, "transpose1", "", "Transpose", "r1", "t1");
		lxa_onnx_attr_ints(m, "perm", 4, (int64_t[]){ 0, 1, 3, 2 });
		lxa_onnx_node(m, "transpose2", "", "Transpose", "t1", "u1");
		lxa_onnx_attr_ints(m, "perm", 4, (int64_t[]){ 0, 1, 3, 2 });
	}
	lxa_onnx_node(m, "add", "", "Add", odd_shortcut ? "u1 n3" : "r1 n3", "s3");
	lxa_onnx_node(m, "relu3", "", "Relu", "s3", "r3");
	add_conv(m, "depthwise", "r3", "c4", 16, 8, 3, 8, 2, 0, 1);
	lxa_onnx_node(m, "relu4", "", "Relu", "c4", "r4");
	lxa_onnx_node(m, "gap", "", "GlobalAveragePool", "r4", "g");
	lxa_onnx_node(m, "flat", "", "Flatten", "g", "f");
	add_weights(m, "fc1.w", 2, (int64_t[]){ 16, 12 }, 1, 0);
	add_vector(m, "fc1.b", 12, 0, 1);
	lxa_onnx_node(m, "fc1", "", "Gemm", "f fc1.w fc1.b", "h");
	lxa_onnx_attr_float(m, "alpha", 0.5f);
	lxa_onnx_attr_float(m, "beta", 2);
	lxa_onnx_node(m, "relu5", "", "Relu", "h", "r5");
	add_weights(m, "fc2.w", 2, (int64_t[]){ 12, 10 }, 1, 0);
	lxa_onnx_node(m, "fc2", "", "MatMul", "r5 fc2.w", "y");
	end(m, "y", 2, (int64_t[]){ batch, 10 }, file);
}

static void random_images(struct lxa_tensor *t, int64_t n, int64_t c, int64_t side, int whole)
{
	float shade = 0;

	*t = (struct lxa_tensor){ .dtype = LXA_F32, .ndim = 4, .dims = { n, c, side, side } };
	assert_int_equal(lxa_tensor_alloc(t), 0);
	for (int64_t i = 0; i < lxa_tensor_count(t); i++) {
		if (i % (side * side) == 0)
			shade = 4 * gauss();	/* images differ as wholes, too */
		((float *)t->data)[i] = whole ? (float)rnd(255) - 127 : shade + gauss();
	}
	((float *)t->data)[0] = whole ? 127 : ((float *)t->data)[0];
}

/* ---- running ---------------------------------------------------------------------------------------------------- */

static void run_file(const char *path, const struct lxa_tensor *in, struct lxa_tensor *out)
{
	struct lxa_graph *g;
	struct lxa_cpu *cpu;
	struct lxa_err err;

	if (lxa_graph_load(path, &g, &err) || lxa_graph_infer(g, in->dims[0], &err) || lxa_cpu_create(&cpu, &err) ||
	    run_graph(cpu, g, in, out, &err))
		fail_msg("%s", err.text);
	lxa_cpu_destroy(cpu);
	lxa_graph_free(g);
}

/* Mean square difference of two models' outputs, relative to the variance of the first one's. */
static double difference(const char *a, const char *b, const struct lxa_tensor *in)
{
	struct lxa_tensor x = { 0 }, y = { 0 };
	double wrong = 0, power = 0;
	int64_t each;

	run_file(a, in, &x);
	run_file(b, in, &y);
	assert_int_equal(lxa_tensor_count(&x), lxa_tensor_count(&y));
	each = lxa_tensor_count(&x) / in->dims[0];
	for (int64_t k = 0; k < each; k++) {
		double mean = 0;

		for (int64_t i = k; i < lxa_tensor_count(&x); i += each)
			mean += tensor_get(&x, i) / (double)in->dims[0];
		for (int64_t i = k; i < lxa_tensor_count(&x); i += each) {
			wrong += pow(tensor_get(&y, i) - tensor_get(&x, i), 2);
			power += pow(tensor_get(&x, i) - mean, 2);
		}
	}
	lxa_tensor_free(&x);
	lxa_tensor_free(&y);
	return wrong / power;
}

static void quantize(const char *from, const char *to, const struct lxa_tensor *images, const struct lxa_quantize_options *o,
		     struct lxa_quantize_report *r)
{
	struct lxa_err err;

	if (lxa_quantize(from, images, o, to, r, &err))
		fail_msg("%s", err.text);
}

/* ---- tests ------------------------------------------------------------------------------------------------------ */

/* Whole numbers at the input, weights on the quantizer's grid: nothing is lost. */
static void test_exact(void **state)
{
	struct lxa_quantize_options o;
	struct lxa_quantize_report r;
	struct lxa_tensor in;
	struct lxa_onnx *m = begin(-1, 3, 6);

	lxa_quantize_defaults(&o);
	add_conv(m, "conv1", "image", "c1", 8, 3, 3, 1, 1, 1, 1);
	add_bn(m, "bn1", "c1", "y", 8);
	end(m, "y", 4, (int64_t[]){ -1, 8, 6, 6 }, "grid.onnx");
	random_images(&in, 64, 3, 6, 1);
	quantize(at("grid.onnx"), at("grid.q.onnx"), &in, &o, &r);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.images, 64);
	assert_true(r.layers[0].input_error < 1e-12);
	assert_true(r.layers[0].error < 1e-5);	/* a difference of sums in float: that is its limit */
	assert_true(difference(at("grid.onnx"), at("grid.q.onnx"), &in) < 1e-9);
	lxa_quantize_report_free(&r);
	lxa_tensor_free(&in);
}

static const struct lxa_node *producer(const struct lxa_graph *g, int value)
{
	int n = g->values[value].producer;

	return n < 0 ? NULL : &g->nodes[n];
}

/* Every product reads quantizers of the bits asked for; no BatchNormalization is left; the ends are as they were. */
static void check_model(const char *path, const struct lxa_quantize_options *o, int64_t batch)
{
	struct lxa_graph *g;
	struct lxa_err err;
	int heads = 0, linear = 0;

	assert_int_equal(lxa_graph_load(path, &g, &err), 0);
	assert_int_equal(lxa_graph_infer(g, 4, &err), 0);
	assert_string_equal(g->values[g->in[0]].name, "image");
	assert_string_equal(g->values[g->out[0]].name, "y");
	assert_int_equal(g->values[g->in[0]].free_batch, batch < 0);
	for (int i = 0; i < g->n_nodes; i++) {
		const struct lxa_node *n = &g->nodes[i], *q;

		assert_string_not_equal(n->op, "BatchNormalization");
		if (strcmp(n->op, "Conv") && strcmp(n->op, "Gemm") && strcmp(n->op, "MatMul"))
			continue;
		heads++;
		q = producer(g, n->in[1]);
		assert_string_equal(q->op, "LogQuant");
		assert_int_equal(lxa_node_int(q, "bits", 0), o->weight_bits);
		assert_int_equal(lxa_node_int(q, "signed", 0), 1);
		assert_int_equal(lxa_node_int(q, "steps_per_octave", 0), o->weight_steps);
		q = producer(g, n->in[0]);
		if (!strcmp(q->op, "Quant")) {
			linear++;
			continue;
		}
		assert_string_equal(q->op, "LogQuant");
		assert_int_equal(lxa_node_int(q, "bits", 0), o->act_bits);
		assert_int_equal(lxa_node_int(q, "signed", 0), 0);
		assert_int_equal(lxa_node_int(q, "steps_per_octave", 0), o->act_steps);
	}
	assert_int_equal(heads, 6);
	/* the first layer's input has negative values: always; the last one's where edges are */
	assert_int_equal(linear, o->edge_bits ? 2 : 1);
	lxa_graph_free(g);
}

/* What the addition reads: the float, 8 bits in steps of a power of two, or log codes. */
static void check_shortcut(const char *path, enum lxa_shortcut kind)
{
	struct lxa_graph *g;
	struct lxa_err err;
	int seen = 0, e;

	assert_int_equal(lxa_graph_load(path, &g, &err), 0);
	for (int i = 0; i < g->n_nodes; i++) {
		const struct lxa_node *n = &g->nodes[i], *q;

		if (strcmp(n->name, "add"))
			continue;
		seen = 1;
		q = producer(g, n->in[0]);
		assert_string_equal(q->op, kind == LXA_SHORTCUT_FLOAT ? "Relu" : kind == LXA_SHORTCUT_LOG ? "LogQuant" : "Quant");
		if (kind == LXA_SHORTCUT_LINEAR)
			assert_true(frexpf(((float *)g->values[q->in[1]].t.data)[0], &e) == 0.5f);
	}
	assert_true(seen);
	lxa_graph_free(g);
}

/* All its products are on the device, and run there as the CPU kernels say. */
static void check_device(const char *path, const struct lxa_tensor *in)
{
	struct lxa_run_options opt = { .check = 1 };
	struct lxa_tensor out = { 0 };
	struct lxa_run_result res;
	struct lxa_device *dev;
	struct lxa_model *m;
	struct lxa_plan *p;
	struct lxa_err err;

	if (lxa_device_open("sim:model", &dev, &err) || lxa_model_load(path, &m, &err) ||
	    lxa_plan_create(m, dev, 8, &p, &err) || lxa_plan_run(p, in, &out, &opt, &res, &err))
		fail_msg("%s", err.text);
	for (int i = 0; i < lxa_plan_entries(p); i++) {
		const struct lxa_plan_entry *e = lxa_plan_entry(p, i);

		if (e->macs && e->place != LXA_PLACE_DEVICE)
			fail_msg("%s is not on the device: %s", e->name, e->reason);
	}
	assert_true(res.compared > 0);
	assert_int_equal(res.mismatches, 0);
	lxa_tensor_free(&out);
	lxa_plan_free(p);
	lxa_model_free(m);
	lxa_device_close(dev);
}

/* A random network, quantized; the error on images that it was not calibrated with. */
static double net_once(const struct lxa_quantize_options *o, int64_t batch, int odd_shortcut)
{
	struct lxa_quantize_report r;
	struct lxa_tensor in, fresh;
	double d = 0;

	save_net("net.onnx", batch, odd_shortcut);
	random_images(&in, 64, 3, 8, 0);
	random_images(&fresh, 16, 3, 8, 0);
	quantize(at("net.onnx"), at("net.q.onnx"), &in, o, &r);
	assert_int_equal(r.n, 6);
	for (int k = 0; k < r.n; k++)
		assert_string_equal(r.layers[k].left, "");
	check_model(at("net.q.onnx"), o, batch);
	if (!odd_shortcut)
		check_shortcut(at("net.q.onnx"), o->shortcut);
	check_device(at("net.q.onnx"), &fresh);
	if (batch < 0)
		d = difference(at("net.onnx"), at("net.q.onnx"), &fresh);
	lxa_quantize_report_free(&r);
	lxa_tensor_free(&in);
	lxa_tensor_free(&fresh);
	return d;
}

/*
 * Random networks differ widely in what rounding does to them: bounds hold for the geometric mean of some, five standard
 * deviations and more away from it (1.5 to 13 % in base root 2, 5 to 37 % in base 2 were seen of single ones).
 */
static void test_net(void **state)
{
	static const struct {
		int act_steps, weight_bits, weight_steps, edge_bits;
		enum lxa_shortcut shortcut;
		int64_t batch;
		double most;		/* relative mean square error */
	} cases[] = {
		{ 2, 5, 2, 8, LXA_SHORTCUT_LINEAR, -1, 0.16 },
		{ 2, 5, 2, 0, LXA_SHORTCUT_LOG, -1, 0.5 },
		{ 2, 6, 2, 8, LXA_SHORTCUT_FLOAT, -1, 0.16 },
		{ 1, 4, 1, 8, LXA_SHORTCUT_LINEAR, -1, 0.5 },
		{ 2, 5, 2, 8, LXA_SHORTCUT_LINEAR, 8, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lxa_quantize_options o;
		double sum = 0;

		lxa_quantize_defaults(&o);
		o.act_steps = cases[i].act_steps;
		o.weight_bits = cases[i].weight_bits, o.weight_steps = cases[i].weight_steps;
		o.edge_bits = cases[i].edge_bits, o.shortcut = cases[i].shortcut;
		for (int k = 0; k < NETS; k++)
			sum += log(net_once(&o, cases[i].batch, k & 1));
		if (cases[i].batch > 0)
			continue;
		print_message("case %zu: %.3f %%\n", i, 100 * exp(sum / NETS));
		assert_true(exp(sum / NETS) < cases[i].most);
	}
}

/* The nearest of sign * scale * 2^(-(1 + j) / 2), j = 0..14, or zero: plain rounding with the range of the largest weight. */
static double round_plain(double w, double top)
{
	double best = 0, at_best = fabs(w);

	for (int j = 0; j < 15; j++) {
		double v = copysign(top * exp2(-0.5 * j), w);

		if (fabs(w - v) < at_best) {
			at_best = fabs(w - v);
			best = v;
		}
	}
	return best;
}

/* One layer on correlated inputs: its error is far below that of rounding each weight to the nearest level. */
static void test_better_than_rounding(void **state)
{
	enum { IN = 32, OUT = 16, N = 512 };
	float *w = calloc(IN * OUT, sizeof(*w));
	struct lxa_tensor in, out = { 0 };
	struct lxa_quantize_options o;
	struct lxa_quantize_report r;
	struct lxa_onnx *m = begin(-1, IN, 1);
	double wrong = 0, power = 0;

	lxa_quantize_defaults(&o);
	random_images(&in, N, IN, 1, 0);
	for (int i = 0; i < N; i++)		/* much in common, as neighbouring channels have */
		for (int k = 1; k < IN; k++)
			((float *)in.data)[i * IN + k] = 0.8f * ((float *)in.data)[i * IN + k - 1] +
							 0.4f * ((float *)in.data)[i * IN + k];
	for (int i = 0; i < IN * OUT; i++)
		w[i] = gauss();
	lxa_onnx_f32(m, "w", 4, (int64_t[]){ OUT, IN, 1, 1 }, w);
	lxa_onnx_node(m, "conv", "", "Conv", "image w", "y");
	end(m, "y", 4, (int64_t[]){ -1, OUT, 1, 1 }, "one.onnx");
	quantize(at("one.onnx"), at("one.q.onnx"), &in, &o, &r);
	run_file(at("one.onnx"), &in, &out);
	for (int k = 0; k < OUT; k++) {
		double top = 0, q[IN];

		for (int i = 0; i < IN; i++)
			top = fmax(top, fabs((double)w[k * IN + i]));
		for (int i = 0; i < IN; i++)
			q[i] = round_plain((double)w[k * IN + i], top);
		for (int n = 0; n < N; n++) {
			double y = 0, want = tensor_get(&out, n * OUT + k);

			for (int i = 0; i < IN; i++)
				y += q[i] * tensor_get(&in, n * IN + i);
			wrong += (y - want) * (y - want);
			power += want * want;
		}
	}
	print_message("rounding: %.3f %%, quantized: %.3f %%\n", 100 * wrong / power, 100 * difference(at("one.onnx"),
		      at("one.q.onnx"), &in));
	assert_true(difference(at("one.onnx"), at("one.q.onnx"), &in) < 0.5 * wrong / power);
	lxa_quantize_report_free(&r);
	lxa_tensor_free(&in);
	lxa_tensor_free(&out);
	free(w);
}

/* The same call gives the same file. */
static void test_same_bytes(void **state)
{
	struct lxa_quantize_options o;
	struct lxa_tensor in;
	char command[600];

	lxa_quantize_defaults(&o);
	save_net("net.onnx", -1, 0);
	random_images(&in, 70, 3, 8, 0);
	quantize(at("net.onnx"), at("a.onnx"), &in, &o, NULL);
	quantize(at("net.onnx"), at("b.onnx"), &in, &o, NULL);
	snprintf(command, sizeof(command), "cmp %s %s", at("a.onnx"), at("b.onnx"));
	assert_int_equal(system(command), 0);
	lxa_tensor_free(&in);
}

/* What cannot be quantized stays, and is said; names that a list cannot hold are replaced. */
static void test_left(void **state)
{
	struct lxa_quantize_options o;
	struct lxa_quantize_report r;
	struct lxa_tensor in;
	struct lxa_onnx *m = begin(-1, 2, 5);

	lxa_quantize_defaults(&o);
	add_conv(m, "conv", "image", "c", 4, 2, 3, 1, 1, 0, 1);
	lxa_onnx_node(m, "relu", "", "Relu", "c", "r");
	lxa_onnx_node(m, "transpose", "", "Transpose", "r", "t");
	lxa_onnx_attr_ints(m, "perm", 4, (int64_t[]){ 0, 1, 3, 2 });
	lxa_onnx_node(m, "both", "", "MatMul", "r t", "y");	/* no constant */
	end(m, "y", 4, (int64_t[]){ -1, 4, 5, 5 }, "left.onnx");
	random_images(&in, 20, 2, 5, 0);
	quantize(at("left.onnx"), at("left.q.onnx"), &in, &o, &r);
	assert_int_equal(r.n, 2);
	assert_string_equal(r.layers[0].left, "");
	assert_string_equal(r.layers[1].left, "its weights are not constant floats");
	assert_true(difference(at("left.onnx"), at("left.q.onnx"), &in) < 0.02);
	lxa_quantize_report_free(&r);
	lxa_tensor_free(&in);
}

/* code 0: it is not. */
static void refused(const char *file, const struct lxa_tensor *in, const struct lxa_quantize_options *o, int code,
		    const char *says)
{
	struct lxa_err err = { "" };

	unlink(at("none.onnx"));
	assert_int_equal(lxa_quantize(at(file), in, o, at("none.onnx"), NULL, &err), code);
	if (!strstr(err.text, says))
		fail_msg("says '%s', should say '%s'", err.text, says);
	assert_int_equal(access(at("none.onnx"), F_OK) != 0, code != 0);
}

static int stop_late(void *ctx, uint64_t done, uint64_t total)
{
	assert_true(done <= total);
	return done * 2 > total;
}

static void test_errors(void **state)
{
	struct lxa_quantize_options o, bad;
	struct lxa_tensor in, wrong;
	struct lxa_onnx *m;

	lxa_quantize_defaults(&o);
	save_net("net.onnx", -1, 0);
	random_images(&in, 16, 3, 8, 0);
	refused("not-there.onnx", &in, &o, -ENOENT, "not-there.onnx");
	bad = o, bad.method = "magic";
	refused("net.onnx", &in, &bad, -EINVAL, "magic: no such method");
	bad = o, bad.weight_bits = 9;
	refused("net.onnx", &in, &bad, -EINVAL, "weights of 9 bits");
	bad = o, bad.act_bits = 0;
	refused("net.onnx", &in, &bad, -EINVAL, "activations of 0 bits");
	bad = o, bad.act_steps = 3;
	refused("net.onnx", &in, &bad, -EINVAL, "1 step an octave");
	bad = o, bad.edge_bits = 1;
	refused("net.onnx", &in, &bad, -EINVAL, "last layer of 1 bits");
	bad = o, bad.progress = stop_late;
	refused("net.onnx", &in, &bad, -EINTR, "stopped");
	random_images(&wrong, 4, 2, 8, 0);
	refused("net.onnx", &wrong, &o, -EINVAL, "do not have the shape of input 'image'");
	lxa_tensor_free(&wrong);
	((float *)in.data)[3 * 192 + 7] = NAN;
	refused("net.onnx", &in, &o, -EDOM, "calibration image 3");
	((float *)in.data)[3 * 192 + 7] = 0;
	save_net("fixed.onnx", 32, 0);
	refused("fixed.onnx", &in, &o, -EINVAL, "16 calibration images are too few");

	m = begin(-1, 3, 8);
	lxa_onnx_node(m, "relu", "", "Relu", "image", "y");
	end(m, "y", 4, (int64_t[]){ -1, 3, 8, 8 }, "empty.onnx");
	refused("empty.onnx", &in, &o, -EINVAL, "no convolution or matrix product");

	m = begin(-1, 3, 8);
	add_conv(m, "conv1", "image", "c", 4, 3, 3, 1, 1, 0, 0);
	lxa_onnx_node(m, "odd", "", "Nonsense", "c", "y");
	end(m, "y", 4, (int64_t[]){ -1, 4, 8, 8 }, "odd.onnx");
	refused("odd.onnx", &in, &o, -EOPNOTSUPP, "node 'odd' (Nonsense)");

	m = begin(-1, 3, 8);
	lxa_onnx_scalar(m, "scale", 1);
	lxa_onnx_node(m, "sign", "qonnx.custom_op.general", "BipolarQuant", "image scale", "s");
	add_conv(m, "conv1", "s", "y", 4, 3, 3, 1, 1, 0, 0);
	end(m, "y", 4, (int64_t[]){ -1, 4, 8, 8 }, "twice.onnx");
	refused("twice.onnx", &in, &o, -EINVAL, "node 'sign' (BipolarQuant): the model is quantized already");

	m = begin(-1, 3, 8);
	lxa_onnx_scalar(m, "huge", 3e38f);
	lxa_onnx_node(m, "scale", "", "Mul", "image huge", "s");
	add_conv(m, "conv1", "s", "y", 4, 3, 3, 1, 1, 0, 0);
	end(m, "y", 4, (int64_t[]){ -1, 4, 8, 8 }, "huge.onnx");
	refused("huge.onnx", &in, &o, -EDOM, "node 'conv1' (Conv)");

	m = begin(-1, 3, 8);
	lxa_onnx_f32(m, "w", 4, (int64_t[]){ 1, 3, 1, 1 }, (float[]){ 1, NAN, 2 });
	lxa_onnx_node(m, "conv1", "", "Conv", "image w", "y");
	end(m, "y", 4, (int64_t[]){ -1, 1, 8, 8 }, "nan.onnx");
	refused("nan.onnx", &in, &o, -EDOM, "node 'conv1' (Conv)");

	refused("net.onnx", &in, &o, 0, "");	/* they were all refused for their reason */
	lxa_tensor_free(&in);
}

static void test_methods(void **state)
{
	const char *what = NULL;

	assert_string_equal(lxa_quantize_method(0, &what), "log");
	assert_non_null(what);
	assert_null(lxa_quantize_method(1, &what));
	assert_null(lxa_quantize_method(-1, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact), cmocka_unit_test(test_net), cmocka_unit_test(test_better_than_rounding),
		cmocka_unit_test(test_same_bytes), cmocka_unit_test(test_left), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_methods),
	};
	char command[300];
	int rc;

	test_seed();
	if (!mkdtemp(dir))
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) ? 1 : rc;
}
