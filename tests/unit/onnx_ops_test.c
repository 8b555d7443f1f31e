/* SPDX-License-Identifier: MIT */
/*
 * onnx_ops_test.c - the operators without data from outside: Conv and the pools on random shapes against straight loops
 * in double precision, the others against small cases computed by hand.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph_util.h"

#define N(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define DIMS(...) N(((int64_t[]){ __VA_ARGS__ })), { __VA_ARGS__ }

static struct lxa_cpu *cpu;

/* One node by itself: op, attributes, opset. */
struct one {
	struct lxa_graph g;
	struct lxa_node n;
	struct lxa_attr attr[12];
	int64_t ints[12][8];
	int in[8], out[2];
};

static void one_init(struct one *o, const char *op, const char *domain, int n_in, int64_t opset)
{
	memset(o, 0, sizeof(*o));
	o->n = (struct lxa_node){ .name = "node", .op = (char *)op, .domain = (char *)domain, .n_in = n_in, .n_out = 1,
				  .in = o->in, .out = o->out, .attr = o->attr };
	o->g = (struct lxa_graph){ .path = "test", .opset = opset, .nodes = &o->n, .n_nodes = 1 };
}

static void set_int(struct one *o, const char *name, int64_t v)
{
	o->attr[o->n.n_attr++] = (struct lxa_attr){ .name = (char *)name, .type = LXA_ATTR_INT, .i = v };
}

static void set_float(struct one *o, const char *name, float v)
{
	o->attr[o->n.n_attr++] = (struct lxa_attr){ .name = (char *)name, .type = LXA_ATTR_FLOAT, .f = v };
}

static void set_string(struct one *o, const char *name, const char *v)
{
	o->attr[o->n.n_attr++] = (struct lxa_attr){ .name = (char *)name, .type = LXA_ATTR_STRING, .s = (char *)v };
}

static void set_ints(struct one *o, const char *name, size_t n, const int64_t *v)
{
	int k = o->n.n_attr++;

	memcpy(o->ints[k], v, n * sizeof(*v));
	o->attr[k] = (struct lxa_attr){ .name = (char *)name, .type = LXA_ATTR_INTS, .n = n, .ints = o->ints[k] };
}

static struct lxa_tensor random_tensor(int ndim, const int64_t *dims)
{
	struct lxa_tensor t = { .dtype = LXA_F32, .ndim = ndim };
	int64_t i;

	memcpy(t.dims, dims, sizeof(*dims) * (size_t)ndim);
	assert_int_equal(lxa_tensor_alloc(&t), 0);
	for (i = 0; i < lxa_tensor_count(&t); i++)
		((float *)t.data)[i] = rnd_float();
	return t;
}

static struct lxa_tensor exec(struct one *o, const struct lxa_tensor *const *in)
{
	struct lxa_tensor out[2];
	struct lxa_err err;

	if (lxa_cpu_exec(cpu, &o->g, 0, in, out, &err))
		fail_msg("%s", err.text);
	return out[0];
}

/* ---- convolution ---- */

struct geometry {
	int64_t in[2], k[2], s[2], d[2], pb[2], pe[2], out[2];
};

static void random_geometry(struct geometry *g, int pool)
{
	int i;

	do {
		for (i = 0; i < 2; i++) {
			g->in[i] = 1 + rnd(14);
			g->k[i] = 1 + rnd(5);
			g->s[i] = 1 + rnd(3);
			g->d[i] = 1 + rnd(3);
			g->pb[i] = rnd(pool ? (uint32_t)((g->k[i] - 1) * g->d[i]) + 1 : 4);
			g->pe[i] = rnd(pool ? (uint32_t)((g->k[i] - 1) * g->d[i]) + 1 : 4);
			g->out[i] = (g->in[i] + g->pb[i] + g->pe[i] - (g->k[i] - 1) * g->d[i] - 1);
		}
	} while (g->out[0] < 0 || g->out[1] < 0);
}

static void set_geometry(struct one *o, const struct geometry *g, int nd)
{
	int64_t pads[4] = { g->pb[0], nd == 2 ? g->pb[1] : g->pe[0], g->pe[0], g->pe[1] };

	set_ints(o, "kernel_shape", (size_t)nd, g->k);
	set_ints(o, "strides", (size_t)nd, g->s);
	set_ints(o, "dilations", (size_t)nd, g->d);
	set_ints(o, "pads", 2 * (size_t)nd, pads);
}

static double conv_at(const struct lxa_tensor *x, const struct lxa_tensor *w, const struct geometry *g, int64_t n,
		      int64_t oc, int64_t oy, int64_t ox, int64_t group)
{
	int64_t icg = w->dims[1], ocg = w->dims[0] / group, ic, ky, kx;
	double sum = 0;

	for (ic = 0; ic < icg; ic++)
		for (ky = 0; ky < g->k[0]; ky++)
			for (kx = 0; kx < g->k[1]; kx++) {
				int64_t y = oy * g->s[0] - g->pb[0] + ky * g->d[0], xx = ox * g->s[1] - g->pb[1] + kx * g->d[1];
				int64_t c = oc / ocg * icg + ic;

				if (y < 0 || y >= g->in[0] || xx < 0 || xx >= g->in[1])
					continue;
				sum += (double)((float *)x->data)[((n * x->dims[1] + c) * g->in[0] + y) * g->in[1] + xx] *
				       (double)((float *)w->data)[((oc * icg + ic) * g->k[0] + ky) * g->k[1] + kx];
			}
	return sum;
}

static void near_value(double got, double want, const char *what)
{
	if (fabs(got - want) > 1e-4 + 1e-4 * fabs(want))
		fail_msg("%s: %.9g, should be %.9g", what, got, want);
}

static void one_conv(int nd)
{
	int64_t group = 1 + rnd(3), icg = 1 + rnd(5), ocg = 1 + rnd(5), batch = 1 + rnd(2), n, oc, y, x;
	int depthwise = rnd(4) == 0, bias = rnd(2) != 0, i;
	struct lxa_tensor tx, tw, tb, out;
	const struct lxa_tensor *in[3] = { &tx, &tw, &tb };
	struct geometry g;
	struct one o;

	random_geometry(&g, 0);
	if (nd == 1)
		g.in[1] = g.k[1] = g.s[1] = g.d[1] = 1, g.pb[1] = g.pe[1] = 0, g.out[1] = 0;
	for (i = 0; i < 2; i++)
		g.out[i] = g.out[i] / g.s[i] + 1;
	if (depthwise)
		group = 8, icg = 1, ocg = 1;
	tx = random_tensor(2 + nd, (int64_t[]){ batch, group * icg, g.in[0], g.in[1] });
	tw = random_tensor(2 + nd, (int64_t[]){ group * ocg, icg, g.k[0], g.k[1] });
	tb = random_tensor(1, (int64_t[]){ group * ocg });
	one_init(&o, "Conv", "", 2 + bias, 13);
	set_geometry(&o, &g, nd);
	set_int(&o, "group", group);
	out = exec(&o, in);
	assert_int_equal(out.dims[2], g.out[0]);
	assert_int_equal(lxa_tensor_count(&out), batch * group * ocg * g.out[0] * g.out[1]);
	for (i = 0, n = 0; n < batch; n++)
		for (oc = 0; oc < group * ocg; oc++)
			for (y = 0; y < g.out[0]; y++)
				for (x = 0; x < g.out[1]; x++)
					near_value((double)((float *)out.data)[i++], conv_at(&tx, &tw, &g, n, oc, y, x, group) +
						   (bias ? (double)((float *)tb.data)[oc] : 0), "Conv");
	lxa_tensor_free(&tx);
	lxa_tensor_free(&tw);
	lxa_tensor_free(&tb);
	lxa_tensor_free(&out);
}

static void test_conv(void **unused)
{
	int i;

	for (i = 0; i < 300; i++)
		one_conv(1 + (rnd(4) != 0));
}

/* ---- pools ---- */

enum { MAX, AVERAGE, AVERAGE_PADDED };

static double pool_at(const float *x, const struct geometry *g, int kind, int64_t oy, int64_t ox)
{
	double sum = 0, best = -INFINITY;
	int64_t ky, kx, inside = 0, padded = 0;

	for (ky = 0; ky < g->k[0]; ky++)
		for (kx = 0; kx < g->k[1]; kx++) {
			int64_t y = oy * g->s[0] - g->pb[0] + ky * g->d[0], xx = ox * g->s[1] - g->pb[1] + kx * g->d[1];

			padded += y < g->in[0] + g->pe[0] && xx < g->in[1] + g->pe[1];
			if (y < 0 || y >= g->in[0] || xx < 0 || xx >= g->in[1])
				continue;
			inside++;
			sum += (double)x[y * g->in[1] + xx];
			best = fmax(best, (double)x[y * g->in[1] + xx]);
		}
	return kind == MAX ? best : sum / (double)(kind == AVERAGE ? inside : padded);
}

/* Output size by trying: the last start that fits, or with ceil the last that begins inside input and begin padding. */
static int64_t pool_size(const struct geometry *g, int i, int ceil)
{
	int64_t reach = (g->k[i] - 1) * g->d[i] + 1, total = g->in[i] + g->pb[i] + g->pe[i], n = 0;

	while (n * g->s[i] + reach <= total)
		n++;
	if (ceil && (n - 1) * g->s[i] + reach < total && n * g->s[i] < g->in[i] + g->pb[i])
		n++;
	return n;
}

static int all_windows_touch(const struct geometry *g)
{
	int64_t o, k, touched;
	int i;

	for (i = 0; i < 2; i++)
		for (o = 0; o < g->out[i]; o++) {
			for (touched = 0, k = 0; k < g->k[i]; k++) {
				int64_t p = o * g->s[i] - g->pb[i] + k * g->d[i];

				touched |= p >= 0 && p < g->in[i];
			}
			if (!touched)
				return 0;
		}
	return 1;
}

static void one_pool(void)
{
	int kind = (int)rnd(3), ceil = rnd(2) != 0, i = 0;
	int64_t channels = 1 + rnd(9), c, y, x;
	const struct lxa_tensor *in[1];
	struct lxa_tensor tx, out;
	struct geometry g;
	struct one o;

	random_geometry(&g, 1);
	g.out[0] = pool_size(&g, 0, ceil);
	g.out[1] = pool_size(&g, 1, ceil);
	if (!all_windows_touch(&g))
		return;		/* the average of nothing: ONNX does not say */
	tx = random_tensor(4, (int64_t[]){ 2, channels, g.in[0], g.in[1] });
	in[0] = &tx;
	one_init(&o, kind == MAX ? "MaxPool" : "AveragePool", "", 1, 19);
	set_geometry(&o, &g, 2);
	set_int(&o, "ceil_mode", ceil);
	if (kind == AVERAGE_PADDED)
		set_int(&o, "count_include_pad", 1);
	out = exec(&o, in);
	assert_int_equal(out.dims[2], g.out[0]);
	assert_int_equal(out.dims[3], g.out[1]);
	for (c = 0; c < 2 * channels; c++)
		for (y = 0; y < g.out[0]; y++)
			for (x = 0; x < g.out[1]; x++)
				near_value((double)((float *)out.data)[i++],
					   pool_at((float *)tx.data + c * g.in[0] * g.in[1], &g, kind, y, x), o.n.op);
	lxa_tensor_free(&tx);
	lxa_tensor_free(&out);
}

static void test_pool(void **unused)
{
	int i;

	for (i = 0; i < 400; i++)
		one_pool();
}

/* ---- small cases by hand ---- */

struct input {
	int ndim;
	int64_t dims[4];
	float v[16];
};

static void check_f32(struct one *o, int n_in, struct input *in, struct input want)
{
	struct lxa_tensor t[5], out, w;
	const struct lxa_tensor *p[5];
	char why[256];
	int i;

	for (i = 0; i < n_in; i++) {
		t[i] = (struct lxa_tensor){ .dtype = LXA_F32, .ndim = in[i].ndim, .data = in[i].v };
		memcpy(t[i].dims, in[i].dims, sizeof(in[i].dims));
		p[i] = &t[i];
	}
	w = (struct lxa_tensor){ .dtype = LXA_F32, .ndim = want.ndim, .data = want.v };
	memcpy(w.dims, want.dims, sizeof(want.dims));
	out = exec(o, p);
	if (!tensors_close(&out, &w, 1e-6, 1e-7, why))
		fail_msg("%s: %s", o->n.op, why);
	lxa_tensor_free(&out);
}

static void test_batch_norm(void **unused)
{
	struct input in[5] = {
		{ DIMS(1, 2, 2), { 1, 2, 3, 4 } }, { DIMS(2), { 2, -1 } }, { DIMS(2), { 0.5f, 1 } }, { DIMS(2), { 1, 3 } },
		{ DIMS(2), { 4, 0.25f } },
	};
	struct lxa_tensor t[5], out;
	const struct lxa_tensor *p[5];
	struct one o;
	int i;

	one_init(&o, "BatchNormalization", "", 5, 13);
	set_float(&o, "epsilon", 0);
	check_f32(&o, 5, in, (struct input){ DIMS(1, 2, 2), { 0.5f, 1.5f, 1, -1 } });
	/* Bit for bit the documented order of float operations. */
	for (i = 0; i < 5; i++) {
		t[i] = random_tensor(in[i].ndim, in[i].dims);
		p[i] = &t[i];
	}
	for (i = 0; i < 2; i++)
		((float *)t[4].data)[i] = fabsf(((float *)t[4].data)[i]);
	o.n.n_attr = 0;
	out = exec(&o, p);
	for (i = 0; i < 4; i++) {
		volatile float centred = ((float *)t[0].data)[i] - ((float *)t[3].data)[i / 2];
		volatile float var = ((float *)t[4].data)[i / 2] + 1e-5f;
		volatile float normal = centred / sqrtf(var);
		volatile float scaled = normal * ((float *)t[1].data)[i / 2];

		assert_true(((float *)out.data)[i] == scaled + ((float *)t[2].data)[i / 2]);
	}
	for (i = 0; i < 5; i++)
		lxa_tensor_free(&t[i]);
	lxa_tensor_free(&out);
}

static void test_gemm(void **unused)
{
	struct input in[3] = { { DIMS(2, 2), { 1, 2, 3, 4 } }, { DIMS(2, 3), { 1, 0, 2, 0, 1, 3 } }, { DIMS(3), { 1, 1, 2 } } };
	struct input bt[2] = { { DIMS(2, 2), { 1, 2, 3, 4 } }, { DIMS(3, 2), { 1, 0, 0, 1, 2, 3 } } };
	struct one o;

	one_init(&o, "Gemm", "", 3, 13);
	set_float(&o, "alpha", 2);
	set_float(&o, "beta", 10);
	check_f32(&o, 3, in, (struct input){ DIMS(2, 3), { 12, 14, 36, 16, 18, 56 } });
	one_init(&o, "Gemm", "", 2, 13);
	set_int(&o, "transB", 1);
	check_f32(&o, 2, bt, (struct input){ DIMS(2, 3), { 1, 2, 8, 3, 4, 18 } });
	set_int(&o, "transA", 1);
	check_f32(&o, 2, bt, (struct input){ DIMS(2, 3), { 1, 3, 11, 2, 4, 16 } });
}

static void test_matmul(void **unused)
{
	struct input vec[2] = { { DIMS(2), { 1, 2 } }, { DIMS(2, 2, 1), { 1, 2, 3, 4 } } };
	struct input pile[2] = { { DIMS(2, 1, 2), { 1, 2, 3, 4 } }, { DIMS(2, 2), { 1, 0, 1, 1 } } };
	struct one o;

	one_init(&o, "MatMul", "", 2, 13);
	check_f32(&o, 2, vec, (struct input){ DIMS(2, 1), { 5, 11 } });
	check_f32(&o, 2, pile, (struct input){ DIMS(2, 1, 2), { 3, 2, 7, 4 } });
}

static void test_binary(void **unused)
{
	struct input in[2] = { { DIMS(1, 2, 2, 1), { 1, 2, 3, 4 } }, { DIMS(2, 1, 1), { 10, 20 } } };
	struct input old[2] = { { DIMS(1, 2, 2, 1), { 1, 2, 3, 4 } }, { DIMS(2), { 10, 20 } } };
	struct one o;

	one_init(&o, "Add", "", 2, 13);
	check_f32(&o, 2, in, (struct input){ DIMS(1, 2, 2, 1), { 11, 12, 23, 24 } });
	one_init(&o, "Sub", "", 2, 13);
	check_f32(&o, 2, in, (struct input){ DIMS(1, 2, 2, 1), { -9, -8, -17, -16 } });
	one_init(&o, "Mul", "", 2, 13);
	check_f32(&o, 2, in, (struct input){ DIMS(1, 2, 2, 1), { 10, 20, 60, 80 } });
	one_init(&o, "Div", "", 2, 13);
	check_f32(&o, 2, in, (struct input){ DIMS(1, 2, 2, 1), { 0.1f, 0.2f, 0.15f, 0.2f } });
	one_init(&o, "Add", "", 2, 6);
	set_int(&o, "broadcast", 1);
	set_int(&o, "axis", 1);
	check_f32(&o, 2, old, (struct input){ DIMS(1, 2, 2, 1), { 11, 12, 23, 24 } });
}

static void test_division_by_zero(void **unused)
{
	int64_t a[2] = { INT64_MIN, 7 }, b[2] = { -1, 0 };
	struct lxa_tensor ta = { LXA_INT64, 1, { 1 }, a }, tb = { LXA_INT64, 1, { 1 }, b }, out;
	const struct lxa_tensor *in[2] = { &ta, &tb };
	struct lxa_err err;
	struct one o;

	one_init(&o, "Div", "", 2, 13);
	out = exec(&o, in);
	assert_true(*(int64_t *)out.data == INT64_MIN);
	lxa_tensor_free(&out);
	ta.dims[0] = tb.dims[0] = 2;
	assert_int_equal(lxa_cpu_exec(cpu, &o.g, 0, in, &out, &err), -EDOM);
	assert_string_equal(err.text, "test: node 'node' (Div): divides an integer by zero");
	assert_null(out.data);
}

static void test_softmax(void **unused)
{
	struct input in[1] = { { DIMS(1, 2, 2), { 0, 0, 0.6931472f, 0 } } };
	struct one o;

	one_init(&o, "Softmax", "", 1, 13);
	check_f32(&o, 1, in, (struct input){ DIMS(1, 2, 2), { 0.5f, 0.5f, 2.0f / 3, 1.0f / 3 } });
	/* Before opset 13: one row of all four. */
	one_init(&o, "Softmax", "", 1, 11);
	check_f32(&o, 1, in, (struct input){ DIMS(1, 2, 2), { 0.2f, 0.2f, 0.4f, 0.2f } });
}

static void test_pad_legacy(void **unused)
{
	struct input in[1] = { { DIMS(1, 2), { 1, 2 } } };
	struct one o;

	one_init(&o, "Pad", "", 1, 9);
	set_ints(&o, "pads", 4, (int64_t[]){ 1, 0, 0, 2 });
	set_float(&o, "value", -1);
	check_f32(&o, 1, in, (struct input){ DIMS(2, 4), { -1, -1, -1, -1, 1, 2, -1, -1 } });
	one_init(&o, "Pad", "", 1, 9);
	set_ints(&o, "pads", 4, (int64_t[]){ 0, -1, 0, 1 });
	check_f32(&o, 1, in, (struct input){ DIMS(1, 2), { 2, 0 } });
}

static void test_quantizers(void **unused)
{
	struct input log[2] = { { DIMS(2, 3), { 0, 1, 3, -1, 0.3f, 100 } }, { DIMS(2, 1), { 2, 3 } } };
	struct input quant[4] = { { DIMS(4), { -10, 0.3f, 0.8f, 10 } }, { 0, { 0 }, { 0.5f } }, { 0, { 0 }, { 0 } }, { 0, { 0 }, { 3 } } };
	struct input bip[2] = { { DIMS(2, 2), { 0, -1, 2, -0.0f } }, { DIMS(2, 1), { 1, 3 } } };
	struct one o;

	/* 3 bits unsigned: fsr 2 has exponents -5 .. 1, fsr 3 -4 .. 2. */
	one_init(&o, "LogQuant", "lxa", 2, 13);
	set_int(&o, "bits", 3);
	check_f32(&o, 2, log, (struct input){ DIMS(2, 3), { 0, 1, 2, 0, 0.25f, 4 } });
	set_int(&o, "signed", 1);
	o.attr[0].i = 4;
	check_f32(&o, 2, log, (struct input){ DIMS(2, 3), { 0, 1, 2, -1, 0.25f, 4 } });
	set_int(&o, "steps_per_octave", 2);
	check_f32(&o, 2, log, (struct input){ DIMS(2, 3), { 0, 1, 2.828427f, -1, 0, 5.656854f } });
	one_init(&o, "Quant", "qonnx.custom_op.general", 4, 13);
	check_f32(&o, 4, quant, (struct input){ DIMS(4), { -2, 0.5f, 1, 1.5f } });
	one_init(&o, "BipolarQuant", "finn.custom_op.general", 2, 13);
	check_f32(&o, 2, bip, (struct input){ DIMS(2, 2), { 1, -1, 3, 3 } });
}

/* ---- refusals: each with its sentence ---- */

static void refused(struct one *o, int n_in, struct input *in, const char *word)
{
	struct lxa_tensor t[4], out[2];
	const struct lxa_tensor *p[4];
	struct lxa_err err = { "" };
	int i;

	for (i = 0; i < n_in; i++) {
		t[i] = (struct lxa_tensor){ .dtype = LXA_F32, .ndim = in[i].ndim, .data = in[i].v };
		memcpy(t[i].dims, in[i].dims, sizeof(in[i].dims));
		p[i] = &t[i];
	}
	assert_true(lxa_cpu_exec(cpu, &o->g, 0, p, out, &err) < 0);
	if (!strstr(err.text, word) || strncmp(err.text, "test: ", 6) || !strstr(err.text, "node 'node'"))
		fail_msg("\"%s\" does not say \"%s\" with file and node", err.text, word);
}

static void test_refusals(void **unused)
{
	struct input conv[3] = { { DIMS(1, 2, 3, 3), { 0 } }, { DIMS(1, 2, 2, 2), { 0 } }, { DIMS(2), { 0 } } };
	struct input log[2] = { { DIMS(2), { 1, NAN } }, { DIMS(1), { 0.3f } } };
	struct one o;

	conv[0].v[0] = 0;
	one_init(&o, "Conv", "", 3, 13);
	refused(&o, 3, conv, "the bias is 2, must be 1");
	set_int(&o, "group", 2);
	refused(&o, 3, conv, "group 2 do not belong together");
	one_init(&o, "Conv", "", 2, 13);
	set_ints(&o, "dilations", 2, (int64_t[]){ 9, 9 });
	refused(&o, 2, conv, "does not fit into the input");
	one_init(&o, "Conv", "", 2, 13);
	set_ints(&o, "strides", 2, (int64_t[]){ 0, 1 });
	refused(&o, 2, conv, "strides[0] is 0");
	one_init(&o, "Conv", "", 2, 13);
	set_ints(&o, "pads", 2, (int64_t[]){ 0, 1 });
	refused(&o, 2, conv, "pads has 2 values, must have 4");
	one_init(&o, "Conv", "", 2, 13);
	set_string(&o, "auto_pad", "SAME");
	refused(&o, 2, conv, "auto_pad \"SAME\" is not known");
	one_init(&o, "MaxPool", "", 1, 13);
	refused(&o, 1, conv, "has no kernel_shape");
	one_init(&o, "Relu", "", 2, 13);
	refused(&o, 2, conv, "has 2 inputs, must have 1 to 1");
	one_init(&o, "Add", "", 2, 13);
	refused(&o, 2, (struct input[]){ { DIMS(2), { 0 } }, { DIMS(3), { 0 } } }, "shapes 2 and 3 do not broadcast");
	one_init(&o, "Conv", "com.example", 2, 13);
	refused(&o, 2, conv, "this operator of domain \"com.example\" is not supported");
	one_init(&o, "Einsum", "", 1, 13);
	refused(&o, 1, conv, "this operator is not supported");
	one_init(&o, "LogQuant", "lxa", 2, 13);
	refused(&o, 2, log, "fsr is 0.3");
	log[1].v[0] = 3;
	refused(&o, 2, log, "element 1 of the input is not a number");
	set_int(&o, "bits", 100);
	refused(&o, 2, log, "bits is 100");
}

/* The same call twice gives the same bits, also when the primitive comes out of the cache. */
static void test_deterministic(void **unused)
{
	struct lxa_tensor x = random_tensor(4, (int64_t[]){ 2, 16, 20, 20 }), w = random_tensor(4, (int64_t[]){ 32, 16, 3, 3 });
	const struct lxa_tensor *in[2] = { &x, &w };
	struct lxa_tensor a, b;
	struct one o;

	one_init(&o, "Conv", "", 2, 13);
	a = exec(&o, in);
	b = exec(&o, in);
	assert_memory_equal(a.data, b.data, (size_t)lxa_tensor_count(&a) * 4);
	lxa_tensor_free(&x);
	lxa_tensor_free(&w);
	lxa_tensor_free(&a);
	lxa_tensor_free(&b);
}

static int setup(void **unused)
{
	struct lxa_err err;

	return lxa_cpu_create(&cpu, &err);
}

static int teardown(void **unused)
{
	lxa_cpu_destroy(cpu);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conv), cmocka_unit_test(test_pool), cmocka_unit_test(test_batch_norm),
		cmocka_unit_test(test_gemm), cmocka_unit_test(test_matmul), cmocka_unit_test(test_binary),
		cmocka_unit_test(test_division_by_zero), cmocka_unit_test(test_softmax), cmocka_unit_test(test_pad_legacy),
		cmocka_unit_test(test_quantizers), cmocka_unit_test(test_refusals), cmocka_unit_test(test_deterministic),
	};

	test_seed();
	return cmocka_run_group_tests(tests, setup, teardown);
}
