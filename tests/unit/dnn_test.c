// SPDX-License-Identifier: MIT
/*
 * The CPU half's steps of oneDNN: random float networks against the same network node by node (nothing fused, nothing in another
 * layout), and ResNet-20 against plain arithmetic in double (its file is looked for in $LXA_DATA).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dnn.h"
#include "graph_util.h"
#include "layer_util.h"
#include "plan_util.h"

#define ROUNDS 60
#define MAX_VALUES 24

struct val {
	char name[32];
	int64_t c, h, w;
};

struct made {
	struct net n;
	struct val v[MAX_VALUES];
	int n_vals;
	int64_t c, h, w;
};

static struct val here(const struct made *m)
{
	struct val v = { .c = m->n.channels, .h = m->n.height, .w = m->n.width };

	snprintf(v.name, sizeof(v.name), "%s", m->n.cur);
	return v;
}

static void go(struct made *m, const struct val *v)
{
	snprintf(m->n.cur, sizeof(m->n.cur), "%s", v->name);
	m->n.channels = v->c;
	m->n.height = v->h;
	m->n.width = v->w;
}

/* A node on these inputs becomes the current value. */
static void node(struct made *m, const char *op, const char *in)
{
	char name[32];

	snprintf(name, sizeof(name), "%s_%d", op, m->n.next++);
	lxa_onnx_node(m->n.m, name, "", op, in, name);
	strcpy(m->n.cur, name);
}

/* Weights as an initializer: what a node computes counts as quantized, and is not folded. */
static void conv(struct made *m)
{
	static const int64_t channels[] = { 1, 3, 8, 16, 20, 32, 48 };
	int64_t oc = channels[layer_test_rnd(7)], k = 1 + layer_test_rnd(3), s = 1 + layer_test_rnd(2), pad = layer_test_rnd((uint32_t)k), i;
	int64_t groups = !layer_test_rnd(4) && m->n.channels == oc ? oc : 1, dims[4] = { oc, m->n.channels / groups, k, k };
	int bias = (int)layer_test_rnd(2), id = m->n.next++;
	char w[32], b[32], in[128];
	float *f;

	if (k > m->n.height + 2 * pad || k > m->n.width + 2 * pad)
		return;
	f = malloc((size_t)(oc * dims[1] * k * k) * sizeof(*f));
	for (i = 0; i < oc * dims[1] * k * k; i++)
		f[i] = random_between(-1, 1) / sqrtf((float)(dims[1] * k * k));
	snprintf(w, sizeof(w), "weights%d", id);
	snprintf(b, sizeof(b), "cbias%d", id);
	snprintf(in, sizeof(in), "%s %s%s%s", m->n.cur, w, bias ? " " : "", bias ? b : "");
	lxa_onnx_f32(m->n.m, w, 4, dims, f);
	for (i = 0; i < oc && i < oc * dims[1] * k * k; i++)
		f[i] = random_between(-1, 1);
	if (bias)
		lxa_onnx_f32(m->n.m, b, 1, &oc, f);
	free(f);
	node(m, "Conv", in);
	lxa_onnx_attr_int(m->n.m, "group", groups);
	lxa_onnx_attr_ints(m->n.m, "pads", 4, (int64_t[]){ pad, pad, pad, pad });
	lxa_onnx_attr_ints(m->n.m, "strides", 2, (int64_t[]){ s, s });
	m->n.channels = oc;
	m->n.height = (m->n.height + 2 * pad - k) / s + 1;
	m->n.width = (m->n.width + 2 * pad - k) / s + 1;
}

static void activation(struct made *m)
{
	static const char *const ops[] = { "Relu", "LeakyRelu", "Sigmoid", "Tanh", "Elu", "Clip" };
	const char *op = ops[layer_test_rnd(6)];
	char in[96];

	if (!strcmp(op, "Clip")) {
		int id = m->n.next++;
		char lo[32], hi[32];

		snprintf(lo, sizeof(lo), "lo%d", id);
		snprintf(hi, sizeof(hi), "hi%d", id);
		lxa_onnx_scalar(m->n.m, lo, -0.5f);
		lxa_onnx_scalar(m->n.m, hi, 0.75f);
		snprintf(in, sizeof(in), "%s %s %s", m->n.cur, lo, hi);
	} else {
		snprintf(in, sizeof(in), "%s", m->n.cur);
	}
	node(m, op, in);
}

static void pool(struct made *m)
{
	int max = (int)layer_test_rnd(2);
	int64_t k = 1 + layer_test_rnd(3), s = 1 + layer_test_rnd(2);
	char in[32];

	if (k > m->n.height || k > m->n.width)
		return;
	strcpy(in, m->n.cur);
	node(m, max ? "MaxPool" : "AveragePool", in);
	lxa_onnx_attr_ints(m->n.m, "kernel_shape", 2, (int64_t[]){ k, k });
	lxa_onnx_attr_ints(m->n.m, "strides", 2, (int64_t[]){ s, s });
	m->n.height = (m->n.height - k) / s + 1;
	m->n.width = (m->n.width - k) / s + 1;
}

static void ints(struct made *m, const char *prefix, int id, int64_t n, const int64_t *v, char name[32])
{
	snprintf(name, 32, "%s%d", prefix, id);
	lxa_onnx_i64(m->n.m, name, 1, &n, v);
}

/* Every second pixel, and zeros around the channels, as ResNet's shortcut without weights; or a border around the image. */
static void moves(struct made *m)
{
	int64_t before = layer_test_rnd(20), after = layer_test_rnd(20), border = layer_test_rnd(2);
	int id = m->n.next++;
	char a[32], b[32], c[32], d[32], in[160];

	if (layer_test_rnd(3)) {
		ints(m, "starts", id, 2, (int64_t[]){ 0, 1 % m->n.width }, a);
		ints(m, "ends", id, 2, (int64_t[]){ 1000, 1000 }, b);
		ints(m, "axes", id, 2, (int64_t[]){ 2, 3 }, c);
		ints(m, "steps", id, 2, (int64_t[]){ 2, 2 }, d);
		snprintf(in, sizeof(in), "%s %s %s %s %s", m->n.cur, a, b, c, d);
		node(m, "Slice", in);
		m->n.height = (m->n.height + 1) / 2;
		m->n.width = (m->n.width - 1 % m->n.width + 1) / 2;
	}
	ints(m, "pads", id, 8, (int64_t[]){ 0, before, border, 0, 0, after, 0, border }, a);
	snprintf(in, sizeof(in), "%s %s", m->n.cur, a);
	node(m, "Pad", in);
	m->n.channels += before + after;
	m->n.height += border;
	m->n.width += border;
}

static void join(struct made *m, int concat)
{
	struct val now = here(m), *o;
	int i, from = (int)layer_test_rnd((uint32_t)m->n_vals);
	char in[96];

	for (i = 0; i < m->n_vals; i++) {
		o = &m->v[(from + i) % m->n_vals];
		if (o->h != now.h || o->w != now.w || (!concat && o->c != now.c) || o->c + now.c > 80)
			continue;
		if (layer_test_rnd(2))
			snprintf(in, sizeof(in), "%s %s", o->name, now.name);
		else
			snprintf(in, sizeof(in), "%s %s", now.name, o->name);
		node(m, concat ? "Concat" : "Add", in);
		if (concat) {
			lxa_onnx_attr_int(m->n.m, "axis", 1);
			m->n.channels += o->c;
		}
		return;
	}
}

static void begin(struct made *m, int64_t c, int64_t h, int64_t w)
{
	m->c = c;
	m->h = h;
	m->w = w;
	m->n_vals = 0;
	net_begin(&m->n, c, h, w);
	conv(m);
}

static void make(struct made *m)
{
	int i, nodes = 3 + (int)layer_test_rnd(14);
	char in[32];

	begin(m, 1 + layer_test_rnd(40), 1 + layer_test_rnd(9), 1 + layer_test_rnd(9));
	for (i = 0; i < nodes; i++) {
		if (m->n_vals < MAX_VALUES)
			m->v[m->n_vals++] = here(m);
		switch (layer_test_rnd(12)) {
		case 0: case 1: case 2: conv(m); break;
		case 3: case 4: net_bn(&m->n, 1); break;
		case 5: case 6: activation(m); break;
		case 7: pool(m); break;
		case 8: case 9: join(m, 0); break;
		case 10: join(m, 1); break;
		default: moves(m);
		}
		if (!layer_test_rnd(6))
			net_output(&m->n);
		if (!layer_test_rnd(8))
			go(m, &m->v[layer_test_rnd((uint32_t)m->n_vals)]);
	}
	if (layer_test_rnd(2)) {
		if (layer_test_rnd(2)) {
			strcpy(in, m->n.cur);
			node(m, "GlobalAveragePool", in);
			m->n.height = m->n.width = 1;
		}
		net_fc(&m->n, NET_FLOAT, 1 + layer_test_rnd(30), (int)layer_test_rnd(2));
		net_node(&m->n, "Relu");
	}
	net_end(&m->n);
}

/* The network that was made, both ways, often with a smaller batch at the end. Adds up its steps and what these took in. */
static void compare(struct made *m, int *steps, int *took_in)
{
	struct lxa_tensor in, want[NET_OUTPUTS], got[NET_OUTPUTS];
	struct planned r;
	int64_t j;
	int k;

	random_input(&in, 1 + layer_test_rnd(7), m->c, m->h, m->w, -1, 1);
	net_reference(&m->n, &in, want);
	net_plan(&m->n, NULL, 1 + layer_test_rnd(4), &r);
	*steps += r.p->dnn->n_steps;
	for (k = 0; k < r.p->dnn->n_steps; k++)
		*took_in += r.p->dnn->steps[k].n_nodes - 1;
	net_run(&r, &in, got, 0);
	for (k = 0; k < m->n.outputs; k++) {
		double most = 0, far = 0;

		assert_int_equal(lxa_tensor_count(&got[k]), lxa_tensor_count(&want[k]));
		for (j = 0; j < lxa_tensor_count(&want[k]); j++) {
			most = fmax(most, fabs(tensor_get(&want[k], j)));
			far = fmax(far, fabs(tensor_get(&got[k], j) - tensor_get(&want[k], j)));
		}
		if (!(far <= 1e-4 * most + 1e-5))
			fail_msg("%s, output %s: %g off, the largest value is %g", m->n.path, m->n.output[k], far, most);
		lxa_tensor_free(&want[k]);
		lxa_tensor_free(&got[k]);
	}
	lxa_tensor_free(&in);
	planned_free(&r);
	unlink(m->n.path);
}

/* A slice that reaches into padding behind the channels; a Concat of one channel with many, then one pixel an image. */
static void test_layouts(void **state)
{
	static struct made m;
	int i, steps = 0, took_in = 0;
	char in[96];

	for (i = 0; i < 8; i++) {
		begin(&m, 3, 9, 9);
		lxa_onnx_i64(m.n.m, "p", 1, &(int64_t){ 8 }, (int64_t[]){ 0, 0, 0, 0, 0, 5, 0, 1 });
		lxa_onnx_i64(m.n.m, "s", 1, &(int64_t){ 1 }, (int64_t[]){ 1 });
		lxa_onnx_i64(m.n.m, "e", 1, &(int64_t){ 1 }, (int64_t[]){ 1000 });
		snprintf(in, sizeof(in), "%s p", m.n.cur);
		node(&m, "Pad", in);
		snprintf(in, sizeof(in), "%s s e s", m.n.cur);
		node(&m, "Slice", in);
		m.n.channels += 4;
		m.n.width++;
		net_end(&m.n);
		compare(&m, &steps, &took_in);

		begin(&m, 20, 6, 6);
		m.v[m.n_vals++] = here(&m);
		snprintf(in, sizeof(in), "%s", m.n.cur);
		node(&m, "GlobalAveragePool", in);
		m.n.height = m.n.width = 1;
		m.v[m.n_vals++] = here(&m);
		go(&m, &m.v[0]);
		join(&m, 1);
		snprintf(in, sizeof(in), "%s", m.n.cur);
		node(&m, "GlobalAveragePool", in);
		m.n.height = m.n.width = 1;
		join(&m, 1);
		conv(&m);
		net_end(&m.n);
		compare(&m, &steps, &took_in);
	}
}

static void test_random_networks(void **state)
{
	static struct made m;
	int i, steps = 0, took_in = 0;

	for (i = 0; i < ROUNDS; i++) {
		make(&m);
		compare(&m, &steps, &took_in);
	}
	print_message("%d steps took in %d nodes\n", steps, took_in);
	assert_true(steps > ROUNDS && took_in > ROUNDS / 2);
}

/* ---- ResNet-20 in double, straight from the definitions ---------------------------------------------------------- */

struct map {
	int64_t c, h, w;
	double *v;
};

static const struct lxa_tensor *weight(const struct lxa_graph *g, const struct lxa_node *n, int i)
{
	return &g->values[n->in[i]].t;
}

static double wf(const struct lxa_graph *g, const struct lxa_node *n, int i, int64_t k)
{
	return (double)((const float *)weight(g, n, i)->data)[k];
}

static int64_t wi(const struct lxa_graph *g, const struct lxa_node *n, int i, int64_t k)
{
	return ((const int64_t *)weight(g, n, i)->data)[k];
}

static struct map map_new(int64_t c, int64_t h, int64_t w)
{
	struct map m = { c, h, w, calloc((size_t)(c * h * w), sizeof(double)) };

	assert_non_null(m.v);
	return m;
}

static struct map naive_conv(const struct lxa_graph *g, const struct lxa_node *n, const struct map *x)
{
	const struct lxa_tensor *w = weight(g, n, 1);
	const struct lxa_attr *s = lxa_node_attr(n, "strides"), *p = lxa_node_attr(n, "pads");
	int64_t st = s ? s->ints[0] : 1, pad = p ? p->ints[0] : 0, o, c, y, x0, i, j, k = w->dims[2];
	struct map out = map_new(w->dims[0], (x->h + 2 * pad - k) / st + 1, (x->w + 2 * pad - k) / st + 1);

	for (o = 0; o < out.c; o++)
		for (y = 0; y < out.h; y++)
			for (x0 = 0; x0 < out.w; x0++)
				for (c = 0; c < x->c; c++)
					for (i = 0; i < k; i++)
						for (j = 0; j < k; j++) {
							int64_t h = y * st + i - pad, v = x0 * st + j - pad;

							if (h >= 0 && h < x->h && v >= 0 && v < x->w)
								out.v[(o * out.h + y) * out.w + x0] += x->v[(c * x->h + h) * x->w + v] *
									wf(g, n, 1, ((o * x->c + c) * k + i) * k + j);
						}
	return out;
}

static struct map naive_node(const struct lxa_graph *g, const struct lxa_node *n, const struct map *vals)
{
	const struct map *x = &vals[n->in[0]];
	struct map out;
	int64_t c, i, y, hw = x->h * x->w;

	if (!strcmp(n->op, "Conv"))
		return naive_conv(g, n, x);
	if (!strcmp(n->op, "Slice")) {	/* whole maps with a step, in rows and columns */
		int64_t s = wi(g, n, 4, 0);

		assert_true(weight(g, n, 4)->dims[0] == 2 && wi(g, n, 3, 0) == 2 && wi(g, n, 3, 1) == 3 && wi(g, n, 4, 1) == s);
		assert_true(wi(g, n, 1, 0) == 0 && wi(g, n, 1, 1) == 0 && wi(g, n, 2, 0) >= x->h && wi(g, n, 2, 1) >= x->w);
		out = map_new(x->c, (x->h + s - 1) / s, (x->w + s - 1) / s);
		for (c = 0; c < x->c; c++)
			for (y = 0; y < out.h; y++)
				for (i = 0; i < out.w; i++)
					out.v[(c * out.h + y) * out.w + i] = x->v[(c * x->h + y * s) * x->w + i * s];
		return out;
	}
	if (!strcmp(n->op, "Pad")) {	/* channels alone */
		out = map_new(x->c + wi(g, n, 1, 1) + wi(g, n, 1, 5), x->h, x->w);
		for (i = 0; i < x->c * hw; i++)
			out.v[wi(g, n, 1, 1) * hw + i] = x->v[i];
		return out;
	}
	if (!strcmp(n->op, "GlobalAveragePool")) {
		out = map_new(x->c, 1, 1);
		for (i = 0; i < x->c * hw; i++)
			out.v[i / hw] += x->v[i] / (double)hw;
		return out;
	}
	if (!strcmp(n->op, "Gemm")) {
		assert_int_equal(lxa_node_int(n, "transB", 0), 1);
		out = map_new(weight(g, n, 1)->dims[0], 1, 1);
		for (c = 0; c < out.c; c++)
			for (i = 0, out.v[c] = wf(g, n, 2, c); i < x->c; i++)
				out.v[c] += x->v[i] * wf(g, n, 1, c * x->c + i);
		return out;
	}
	out = map_new(x->c, x->h, x->w);
	for (i = 0; i < x->c * hw; i++) {
		c = i / hw;
		if (!strcmp(n->op, "Relu"))
			out.v[i] = fmax(x->v[i], 0);
		else if (!strcmp(n->op, "Add"))
			out.v[i] = x->v[i] + vals[n->in[1]].v[i];
		else if (!strcmp(n->op, "BatchNormalization"))
			out.v[i] = (x->v[i] - wf(g, n, 3, c)) / sqrt(wf(g, n, 4, c) + (double)lxa_node_float(n, "epsilon", 1e-5f)) *
				   wf(g, n, 1, c) + wf(g, n, 2, c);
		else if (!strcmp(n->op, "Flatten"))
			out.v[i] = x->v[i];
		else
			fail_msg("the network has a %s", n->op);
	}
	return out;
}

static void naive(const struct lxa_graph *g, const float *image, double *logits)
{
	struct map *vals = calloc((size_t)g->n_values, sizeof(*vals));
	int64_t i;
	int k;

	vals[g->in[0]] = map_new(3, 32, 32);
	for (i = 0; i < 3 * 32 * 32; i++)
		vals[g->in[0]].v[i] = (double)image[i];
	for (k = 0; k < g->n_nodes; k++)
		vals[g->nodes[k].out[0]] = naive_node(g, &g->nodes[k], vals);
	memcpy(logits, vals[g->out[0]].v, 10 * sizeof(*logits));
	for (k = 0; k < g->n_values; k++)
		free(vals[k].v);
	free(vals);
}

static void test_resnet20(void **state)
{
	const char *data = getenv("LXA_DATA");
	struct lxa_tensor in, out;
	struct lxa_err err = { "" };
	struct planned r;
	double want[10], far = 0;
	char path[4096];
	int i, k;

	snprintf(path, sizeof(path), "%s/resnet20-cifar10/resnet20.onnx", data ? data : "");
	if (!data || access(path, R_OK)) {
		print_message("no resnet20-cifar10/resnet20.onnx in LXA_DATA\n");
		skip();
	}
	if (lxa_model_load(path, &r.m, &err) || lxa_plan_create(r.m, NULL, 2, &r.p, &err))
		fail_msg("%s", err.text);
	/* all of it in steps: 19 convolutions with what follows them, 2 shortcuts, the pool, the classifier */
	assert_int_equal(r.p->dnn->n_steps, 23);
	for (i = 0; i < r.p->g->n_nodes; i++)
		assert_true(r.p->dnn->step_of[i] >= 0);
	random_input(&in, 3, 3, 32, 32, -1.7f, 1.7f);
	if (lxa_plan_run(r.p, &in, &out, NULL, NULL, &err))
		fail_msg("%s", err.text);
	for (i = 0; i < 3; i++) {
		naive(r.p->g, (const float *)in.data + i * 3 * 32 * 32, want);
		for (k = 0; k < 10; k++)
			far = fmax(far, fabs(want[k] - (double)((const float *)out.data)[i * 10 + k]));
	}
	print_message("logits within %g of plain arithmetic\n", far);
	assert_true(far <= 1e-3);
	lxa_tensor_free(&in);
	lxa_tensor_free(&out);
	planned_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layouts), cmocka_unit_test(test_random_networks), cmocka_unit_test(test_resnet20),
	};

	layer_test_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
