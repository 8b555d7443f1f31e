/* SPDX-License-Identifier: MIT */
/*
 * onnx_nn_test.c - the operators that networks are made of, on random shapes of 1 to 3 spatial dimensions against straight
 * loops in double precision, and small cases worked out by hand from their descriptions.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "geometry_util.h"
#include "onnx_save.h"

static int64_t volume(const int64_t d[3])
{
	return d[0] * d[1] * d[2];
}

static void dims_of(int64_t *dims, int64_t n, int64_t ch, const int64_t size[3])
{
	dims[0] = n;
	dims[1] = ch;
	memcpy(dims + 2, size, 3 * sizeof(*size));
}

static void near_enough(double got, double want, const char *what)
{
	if (!(fabs(got - want) <= 1e-4 + 1e-5 * fabs(want)) && !(isnan(got) && isnan(want)))
		fail_msg("%s: %.9g, should be %.9g", what, got, want);
}

/* ---- Conv ---- */

static void check_conv(const struct geometry *g, struct node_test *t)
{
	int64_t dims[5], n, m, c, o[3], k[3], p[3], at = 0;

	dims_of(dims, g->n, g->group * g->oc, g->out);
	node_want(t, 0, LXA_F32, 2 + g->nd, dims, NULL);
	for (n = 0; n < g->n; n++)
		for (m = 0; m < g->group * g->oc; m++)
			for (memset(o, 0, sizeof(o)); o[0] < g->out[0]; position_next(o, g->out), at++) {
				double sum = t->n.n_in > 2 ? tensor_get(&t->in[2], m) : 0;

				for (c = 0; c < g->ic; c++)
					for (memset(k, 0, sizeof(k)); k[0] < g->k[0]; position_next(k, g->k))
						if (position_tap(g, o, k, p))
							sum += tensor_get(&t->in[0], ((n * g->group + m / g->oc) * g->ic + c) *
									  volume(g->in) + position_index(p, g->in)) *
							       tensor_get(&t->in[1], (m * g->ic + c) * volume(g->k) +
									  position_index(k, g->k));
				near_enough(tensor_get(&t->out[0], at), sum, "Conv");
			}
}

static void conv_inputs(const struct geometry *g, struct node_test *t)
{
	int64_t dims[5];

	dims_of(dims, g->n, g->group * g->ic, g->in);
	node_random(t, LXA_F32, 2 + g->nd, dims, 0, 0);
	dims_of(dims, g->group * g->oc, g->ic, g->k);
	node_random(t, LXA_F32, 2 + g->nd, dims, 0, 0);
	if (rnd(2))
		node_random(t, LXA_F32, DIMS(g->group * g->oc), 0, 0);
}

static void test_conv(void **unused)
{
	struct node_test t;
	struct geometry g;
	int round;

	for (round = 0; round < 100; round++) {
		geometry_random(&g, 0);
		node_init(&t, "Conv", "", round % 2 ? 11 : 7);
		geometry_attrs(&t, &g, 1);
		if (round % 3 == 0)
			node_string(&t, "auto_pad", "NOTSET");
		conv_inputs(&g, &t);
		check_conv(&g, &t);
		node_done(&t);
	}
}

/* auto_pad with stride and dilation: out is ceil(in / stride), and an odd element of padding goes to the named side. */
static void test_conv_auto_pad(void **unused)
{
	static const char *const modes[3] = { "SAME_UPPER", "SAME_LOWER", "VALID" };
	struct node_test t;
	struct geometry g;
	int round, i;

	for (round = 0; round < 90; round++) {
		geometry_random(&g, 0);
		for (i = 0; i < g.nd; i++) {
			int64_t reach = (g.k[i] - 1) * g.d[i] + 1, total;

			if (round % 3 == 2 && g.in[i] < reach)
				g.in[i] = reach;
			g.pb[i] = g.pe[i] = 0;
			g.out[i] = (g.in[i] - reach) / g.s[i] + 1;
			if (round % 3 == 2)
				continue;
			g.out[i] = (g.in[i] + g.s[i] - 1) / g.s[i];
			total = (g.out[i] - 1) * g.s[i] + reach - g.in[i];
			total = total < 0 ? 0 : total;
			g.pb[i] = round % 3 ? (total + 1) / 2 : total / 2;
			g.pe[i] = total - g.pb[i];
		}
		node_init(&t, "Conv", "", 13);
		node_ints(&t, "strides", g.nd, g.s);
		node_ints(&t, "dilations", g.nd, g.d);
		node_int(&t, "group", g.group);
		node_string(&t, "auto_pad", modes[round % 3]);
		conv_inputs(&g, &t);
		check_conv(&g, &t);
		node_done(&t);
	}
}

/* ---- ConvTranspose: what each input element adds to the outputs, straight from its definition ---- */

static void check_transposed(const struct geometry *g, struct node_test *t)
{
	int64_t n, gr, m, c, i[3], k[3], o[3], dims[5], e, inside, outs = g->group * g->oc;
	static double sum[1 << 16];

	dims_of(dims, g->n, outs, g->out);
	node_want(t, 0, LXA_F32, 2 + g->nd, dims, NULL);
	assert_true(g->n * outs * volume(g->out) < 1 << 16);
	for (e = 0; e < g->n * outs * volume(g->out); e++)
		sum[e] = t->n.n_in > 2 ? tensor_get(&t->in[2], e / volume(g->out) % outs) : 0;
	for (n = 0; n < g->n; n++)
		for (gr = 0; gr < g->group; gr++)
			for (c = 0; c < g->ic; c++)
				for (m = 0; m < g->oc; m++)
					for (memset(i, 0, sizeof(i)); i[0] < g->in[0]; position_next(i, g->in))
						for (memset(k, 0, sizeof(k)); k[0] < g->k[0]; position_next(k, g->k)) {
							for (e = 0, inside = 1; e < 3; e++) {
								o[e] = i[e] * g->s[e] + k[e] * g->d[e] - g->pb[e];
								inside &= o[e] >= 0 && o[e] < g->out[e];
							}
							if (!inside)
								continue;
							sum[((n * g->group + gr) * g->oc + m) * volume(g->out) +
							    position_index(o, g->out)] +=
								tensor_get(&t->in[0], ((n * g->group + gr) * g->ic + c) *
									   volume(g->in) + position_index(i, g->in)) *
								tensor_get(&t->in[1], ((gr * g->ic + c) * g->oc + m) *
									   volume(g->k) + position_index(k, g->k));
						}
	for (e = 0; e < g->n * outs * volume(g->out); e++)
		near_enough(tensor_get(&t->out[0], e), sum[e], "ConvTranspose");
}

static void transposed_inputs(const struct geometry *g, struct node_test *t)
{
	int64_t dims[5];

	dims_of(dims, g->n, g->group * g->ic, g->in);
	node_random(t, LXA_F32, 2 + g->nd, dims, 0, 0);
	dims_of(dims, g->group * g->ic, g->oc, g->k);
	node_random(t, LXA_F32, 2 + g->nd, dims, 0, 0);
	if (rnd(2))
		node_random(t, LXA_F32, DIMS(g->group * g->oc), 0, 0);
}

/* kind 0: pads and output_padding; 1: output_shape; 2, 3: auto_pad SAME_UPPER, SAME_LOWER. */
static void one_transposed(int kind, int64_t opset)
{
	int64_t extra[3] = { 0 }, full;
	struct node_test t;
	struct geometry g;
	int i;

	geometry_random(&g, 0);
	for (i = 0; i < g.nd; i++) {
		int64_t total;

		g.in[i] = 1 + rnd(4);
		extra[i] = rnd((uint32_t)g.s[i]);
		full = (g.in[i] - 1) * g.s[i] + (g.k[i] - 1) * g.d[i] + 1 + extra[i];
		g.out[i] = full - g.pb[i] - g.pe[i];
		if (!kind) {
			if (g.out[i] < 1)
				g.out[i] = full, g.pb[i] = g.pe[i] = 0;
			continue;
		}
		g.out[i] = kind > 1 ? g.in[i] * g.s[i] : 1 + rnd((uint32_t)full + 2);
		total = full - g.out[i];
		/* Half at each side; an odd one begins, unless SAME_UPPER or an old output_shape. */
		g.pb[i] = total <= 0 ? 0 : kind == 2 || (kind == 1 && opset < 11) ? total / 2 : (total + 1) / 2;
	}
	node_init(&t, "ConvTranspose", "", opset);
	if (!kind) {
		geometry_attrs(&t, &g, 1);
	} else {
		node_ints(&t, "strides", g.nd, g.s);
		node_ints(&t, "dilations", g.nd, g.d);
		node_int(&t, "group", g.group);
	}
	node_ints(&t, "output_padding", g.nd, extra);
	if (kind == 1)
		node_ints(&t, "output_shape", g.nd, g.out);
	if (kind > 1)
		node_string(&t, "auto_pad", kind == 2 ? "SAME_UPPER" : "SAME_LOWER");
	transposed_inputs(&g, &t);
	check_transposed(&g, &t);
	node_done(&t);
}

static void test_conv_transpose(void **unused)
{
	int round;

	for (round = 0; round < 200; round++)
		one_transposed(round % 4, round % 8 < 4 ? 7 : 11);
}

static void test_conv_transpose_refusals(void **unused)
{
	struct node_test t;

	node_init(&t, "ConvTranspose", "", 11);
	node_ints(&t, "pads", DIMS(2, 2, 2, 2));
	node_in(&t, LXA_F32, DIMS(1, 2, 2, 2), NULL);
	node_in(&t, LXA_F32, DIMS(2, 3, 3, 3), NULL);
	node_in(&t, LXA_F32, DIMS(2), NULL);
	node_refused(&t, "the bias is 2, must be 3");
	t.in[2].dims[0] = 3;
	node_refused(&t, "padding 2 + 2 leaves nothing of the output (4) in spatial dimension 0");
	node_ints(&t, "output_shape", DIMS(0, 4));
	node_refused(&t, "output_shape[0] is 0");
	t.attr[1].n = 1;
	node_refused(&t, "output_shape has 1 values, must have 2");
	t.in[1].dims[0] = 4;
	node_refused(&t, "input 1x2x2x2, weights 4x3x3x3 and group 1 do not belong together");
	node_done(&t);
}

/* ---- pools ---- */

/* With ceil_mode a window more when anything is left over, but none that would begin behind the input and its first padding. */
static void ceil_sizes(struct geometry *g)
{
	int i;

	for (i = 0; i < g->nd; i++) {
		int64_t room = g->in[i] + g->pb[i] + g->pe[i] - (g->k[i] - 1) * g->d[i] - 1;

		g->out[i] = (room + g->s[i] - 1) / g->s[i] + 1;
		if ((g->out[i] - 1) * g->s[i] >= g->in[i] + g->pb[i])
			g->out[i]--;
	}
}

static void pool_init(struct node_test *t, const char *op, struct geometry *g, enum lxa_dtype type, int ceil_mode)
{
	int64_t dims[5];

	geometry_random(g, 1);
	if (ceil_mode)
		ceil_sizes(g);
	node_init(t, op, "", 19);
	geometry_attrs(t, g, 0);
	node_int(t, "ceil_mode", ceil_mode);
	dims_of(dims, g->n, g->ic, g->in);
	node_random(t, type, 2 + g->nd, dims, type == LXA_INT8 ? -128 : 0, type == LXA_INT8 ? 127 : 255);
}

/* The index of an element in its plane as if the first spatial dimension were the fastest. */
static int64_t column_major(const int64_t p[3], const int64_t size[3])
{
	return p[0] + size[0] * (p[1] + size[1] * p[2]);
}

static void test_max_pool(void **unused)
{
	static const enum lxa_dtype types[4] = { LXA_F32, LXA_UINT8, LXA_INT8, LXA_F32 };
	int64_t dims[5], plane, o[3], k[3], p[3], at;
	struct node_test t;
	struct geometry g;
	int round;

	for (round = 0; round < 120; round++) {
		int order = (int)rnd(2), indices = round % 4 != 0;

		pool_init(&t, "MaxPool", &g, types[round % 4], (int)rnd(2));
		node_int(&t, "storage_order", order);
		t.n.n_out = 1 + indices;
		dims_of(dims, g.n, g.ic, g.out);
		node_want(&t, 0, types[round % 4], 2 + g.nd, dims, NULL);
		if (indices)
			node_want(&t, 1, LXA_INT64, 2 + g.nd, dims, NULL);
		for (plane = at = 0; plane < g.n * g.ic; plane++)
			for (memset(o, 0, sizeof(o)); o[0] < g.out[0]; position_next(o, g.out), at++) {
				double best = -INFINITY;
				int64_t index = -1;

				for (memset(k, 0, sizeof(k)); k[0] < g.k[0]; position_next(k, g.k)) {
					int64_t here = plane * volume(g.in) + (position_tap(&g, o, k, p) ?
						       position_index(p, g.in) : 0);

					if (!position_tap(&g, o, k, p) || tensor_get(&t.in[0], here) <= best)
						continue;
					best = tensor_get(&t.in[0], here);
					index = plane * volume(g.in) + (order ? column_major(p, g.in) : position_index(p, g.in));
				}
				if (index < 0)
					continue;	/* a window in the padding: nothing is said about it */
				assert_true(tensor_get(&t.out[0], at) == best);
				if (indices)
					assert_true(tensor_get(&t.out[1], at) == (double)index);
			}
		node_done(&t);
	}
}

static void test_average_pool(void **unused)
{
	int64_t plane, o[3], k[3], p[3], at;
	struct node_test t;
	struct geometry g;
	int round, i;

	for (round = 0; round < 160; round++) {
		int include = (int)rnd(2);

		pool_init(&t, "AveragePool", &g, LXA_F32, (int)rnd(2));
		node_int(&t, "count_include_pad", include);
		node_run(&t);
		for (plane = at = 0; plane < g.n * g.ic; plane++)
			for (memset(o, 0, sizeof(o)); o[0] < g.out[0]; position_next(o, g.out), at++) {
				int64_t inside = 0, counted = 0;
				double sum = 0;

				for (memset(k, 0, sizeof(k)); k[0] < g.k[0]; position_next(k, g.k)) {
					int in = position_tap(&g, o, k, p), padded = 1;

					/* The padding counts, what ceil_mode reaches behind it does not. */
					for (i = 0; i < 3; i++)
						padded &= p[i] < g.in[i] + g.pe[i];
					counted += padded;
					inside += in;
					sum += in ? tensor_get(&t.in[0], plane * volume(g.in) + position_index(p, g.in)) : 0;
				}
				if (inside)
					near_enough(tensor_get(&t.out[0], at), sum / (double)(include ? counted : inside),
						    "AveragePool");
			}
		node_done(&t);
	}
}

/* 7 wide, windows of 2 at every third: 0-1, 3-4, and 6 alone with ceil_mode, which auto_pad VALID does not heed. */
static void test_pool_sizes(void **unused)
{
	struct node_test t;

	node_init(&t, "MaxPool", "", 12);
	node_ints(&t, "kernel_shape", DIMS(2));
	node_ints(&t, "strides", DIMS(3));
	node_in(&t, LXA_F32, DIMS(1, 1, 7), VALUES(1, 2, 3, 4, 5, 6, 7));
	node_want(&t, 0, LXA_F32, DIMS(1, 1, 2), VALUES(2, 5));
	node_int(&t, "ceil_mode", 1);
	node_run(&t);
	node_want(&t, 0, LXA_F32, DIMS(1, 1, 3), VALUES(2, 5, 7));
	node_string(&t, "auto_pad", "VALID");
	node_run(&t);
	node_want(&t, 0, LXA_F32, DIMS(1, 1, 2), VALUES(2, 5));
	t.attr[3].s = "SAME_LOWER";
	node_run(&t);
	/* ceil(7 / 3) = 3 windows reach 8: one of padding, before the input. */
	node_want(&t, 0, LXA_F32, DIMS(1, 1, 3), VALUES(1, 4, 7));
	node_done(&t);
	/* Windows of 1 at every second of 2 and padding 1 at the end: the second would begin in that padding. */
	node_init(&t, "AveragePool", "", 19);
	node_ints(&t, "kernel_shape", DIMS(2));
	node_ints(&t, "strides", DIMS(2));
	node_ints(&t, "pads", DIMS(0, 1));
	node_int(&t, "ceil_mode", 1);
	node_int(&t, "count_include_pad", 1);
	node_in(&t, LXA_F32, DIMS(1, 1, 4), VALUES(1, 2, 3, 4));
	node_want(&t, 0, LXA_F32, DIMS(1, 1, 2), VALUES(1.5, 3.5));
	node_done(&t);
}

static void test_global_pools(void **unused)
{
	struct node_test t;
	int64_t i, k;

	node_init(&t, "GlobalMaxPool", "", 7);
	node_in(&t, LXA_F32, DIMS(1, 3, 2), VALUES(-3, -2, 5, NAN, NAN, 7));
	node_want(&t, 0, LXA_F32, DIMS(1, 3, 1), VALUES(-2, NAN, NAN));
	node_done(&t);
	node_init(&t, "GlobalAveragePool", "", 7);
	node_random(&t, LXA_F32, DIMS(2, 2, 3, 4, 5), 0, 0);
	node_want(&t, 0, LXA_F32, DIMS(2, 2, 1, 1, 1), NULL);
	for (i = 0; i < 4; i++) {
		double sum = 0;

		for (k = 0; k < 60; k++)
			sum += tensor_get(&t.in[0], i * 60 + k);
		near_enough(tensor_get(&t.out[0], i), sum / 60, "GlobalAveragePool");
	}
	t.in[0].ndim = 2;
	node_refused(&t, "must have at least 3");
	node_done(&t);
}

/* ---- normalization ---- */

/* Before opset 9 there was `spatial`: 0 means a mean, a variance, ... for each element of an image. */
static void test_batch_norm_each(void **unused)
{
	struct node_test t;

	node_init(&t, "BatchNormalization", "", 7);
	node_int(&t, "spatial", 0);
	node_float(&t, "epsilon", 0);
	node_in(&t, LXA_F32, DIMS(2, 1, 2), VALUES(1, 2, 3, 4));
	node_in(&t, LXA_F32, DIMS(1, 2), VALUES(2, 10));
	node_in(&t, LXA_F32, DIMS(1, 2), VALUES(0, 1));
	node_in(&t, LXA_F32, DIMS(1, 2), VALUES(1, 0));
	node_in(&t, LXA_F32, DIMS(1, 2), VALUES(4, 1));
	node_want(&t, 0, LXA_F32, DIMS(2, 1, 2), VALUES(0, 21, 2, 41));
	t.g.opset = 9;		/* the attribute is gone: what it says does not count */
	node_refused(&t, "input 1 must have one value for each of 1 channels");
	t.g.opset = 7;
	t.in[3].dims[1] = 1;
	node_refused(&t, "input 3 must have the shape of one image, as spatial is 0");
	node_done(&t);
}

static void test_batch_norm_training(void **unused)
{
	struct node_test t;
	int i;

	node_init(&t, "BatchNormalization", "", 14);
	node_int(&t, "training_mode", 1);
	node_in(&t, LXA_F32, DIMS(2, 1, 2), NULL);
	for (i = 0; i < 4; i++)
		node_in(&t, LXA_F32, DIMS(1), NULL);
	node_refused(&t, "training mode");
	t.n.n_attr = 0;
	t.g.opset = 9;
	t.n.n_out = 5;
	node_refused(&t, "training mode");
	node_done(&t);
}

static void test_instance_norm(void **unused)
{
	struct node_test t;
	int64_t p, i;

	node_init(&t, "InstanceNormalization", "", 6);
	node_float(&t, "epsilon", 0.25f);
	node_random(&t, LXA_F32, DIMS(2, 3, 4, 5), 0, 0);
	node_random(&t, LXA_F32, DIMS(3), 0, 0);
	node_random(&t, LXA_F32, DIMS(3), 0, 0);
	node_want(&t, 0, LXA_F32, DIMS(2, 3, 4, 5), NULL);
	for (p = 0; p < 6; p++) {
		double sum = 0, squares = 0, mean, var;

		for (i = 0; i < 20; i++) {
			sum += tensor_get(&t.in[0], p * 20 + i);
			squares += pow(tensor_get(&t.in[0], p * 20 + i), 2);
		}
		mean = sum / 20;
		var = squares / 20 - mean * mean;
		for (i = 0; i < 20; i++)
			near_enough(tensor_get(&t.out[0], p * 20 + i),
				    tensor_get(&t.in[1], p % 3) * (tensor_get(&t.in[0], p * 20 + i) - mean) / sqrt(var + 0.25) +
				    tensor_get(&t.in[2], p % 3), "InstanceNormalization");
	}
	t.in[1].dims[0] = 2;
	node_refused(&t, "input 1 must have one value for each of 3 channels");
	node_done(&t);
}

/* The window reaches floor((size - 1) / 2) channels down and ceil((size - 1) / 2) up. */
static void test_lrn(void **unused)
{
	int64_t size, ch, k, i;
	struct node_test t;

	for (size = 1; size < 9; size++) {
		node_init(&t, "LRN", "", 13);
		node_int(&t, "size", size);
		if (size > 2) {
			node_float(&t, "alpha", 0.5f);
			node_float(&t, "beta", 0.6f);
			node_float(&t, "bias", 2);
		}
		node_random(&t, LXA_F32, DIMS(1, 5, 3), 0, 0);
		node_run(&t);
		for (ch = 0; ch < 5; ch++)
			for (i = 0; i < 3; i++) {
				double sum = 0;

				for (k = ch - (size - 1) / 2; k <= ch + size / 2; k++)
					sum += k < 0 || k > 4 ? 0 : pow(tensor_get(&t.in[0], k * 3 + i), 2);
				near_enough(tensor_get(&t.out[0], ch * 3 + i), tensor_get(&t.in[0], ch * 3 + i) /
					    pow((size > 2 ? 2 : 1) + (size > 2 ? 0.5 : 1e-4) / (double)size * sum,
						size > 2 ? 0.6 : 0.75), "LRN");
			}
		node_done(&t);
	}
	node_init(&t, "LRN", "", 13);
	node_in(&t, LXA_F32, DIMS(1, 2, 2), NULL);
	node_refused(&t, "size is 0");
	node_int(&t, "size", INT64_MAX);	/* wider than there are channels: all of them */
	node_run(&t);
	node_done(&t);
}

/* ---- an open batch ---- */

static void constant(struct lxa_onnx *m, const char *name, enum lxa_dtype type, int ndim, const int64_t *dims)
{
	struct lxa_tensor t = { .dtype = type, .ndim = ndim };
	int64_t i;

	if (ndim)
		memcpy(t.dims, dims, (size_t)ndim * sizeof(*dims));
	assert_int_equal(lxa_tensor_alloc(&t), 0);
	for (i = 0; i < lxa_tensor_count(&t); i++)
		tensor_set(&t, i, type == LXA_F32 ? 0.5 + rnd(4) * 0.25 : rnd(5));
	lxa_onnx_tensor(m, name, &t);
	lxa_tensor_free(&t);
}

/* Two chains of all of them, one in float, one that is exact from x on; the first dimension of x is open. */
static void write_chain(const char *path)
{
	struct lxa_onnx *m = lxa_onnx_new("chain");
	struct lxa_err err;

	lxa_onnx_input(m, "x", LXA_F32, 4, (int64_t[]){ -1, 2, 5, 6 });
	constant(m, "c", LXA_F32, DIMS(2));
	constant(m, "s", LXA_F32, SCALAR);
	constant(m, "z", LXA_UINT8, SCALAR);
	constant(m, "w", LXA_F32, DIMS(2, 2, 3, 3));
	constant(m, "w8", LXA_UINT8, DIMS(2, 2, 2, 2));
	constant(m, "m8", LXA_UINT8, DIMS(4, 3));
	constant(m, "th", LXA_F32, DIMS(2, 5));
	lxa_onnx_node(m, "conv", "", "Conv", "x w c", "a");
	lxa_onnx_attr_string(m, "auto_pad", "SAME_UPPER");
	lxa_onnx_node(m, "up", "", "ConvTranspose", "a w c", "b");
	lxa_onnx_attr_ints(m, "strides", 2, (int64_t[]){ 2, 2 });
	lxa_onnx_node(m, "lrn", "", "LRN", "b", "d");
	lxa_onnx_attr_int(m, "size", 2);
	lxa_onnx_node(m, "in", "", "InstanceNormalization", "d c c", "e");
	lxa_onnx_node(m, "bn", "", "BatchNormalization", "e c c c c", "f");
	lxa_onnx_node(m, "max", "", "MaxPool", "f", "g gi");
	lxa_onnx_attr_ints(m, "kernel_shape", 2, (int64_t[]){ 2, 2 });
	lxa_onnx_node(m, "avg", "", "AveragePool", "g", "h");
	lxa_onnx_attr_ints(m, "kernel_shape", 2, (int64_t[]){ 3, 3 });
	lxa_onnx_node(m, "mt", "qonnx.custom_op.general", "MultiThreshold", "x th", "i");
	lxa_onnx_node(m, "q", "", "QuantizeLinear", "i s z", "j");
	lxa_onnx_node(m, "qc", "", "QLinearConv", "j s z w8 s z s z", "k");
	lxa_onnx_node(m, "ci", "", "ConvInteger", "k w8 z", "l");
	lxa_onnx_node(m, "dq", "", "DequantizeLinear", "l s", "n");
	lxa_onnx_node(m, "gm", "", "GlobalMaxPool", "n", "o");
	lxa_onnx_node(m, "ga", "", "GlobalAveragePool", "n", "p");
	lxa_onnx_node(m, "cat", "", "Concat", "o p", "r");
	lxa_onnx_attr_int(m, "axis", 1);
	lxa_onnx_node(m, "flat", "", "Flatten", "r", "t");
	lxa_onnx_node(m, "q2", "", "QuantizeLinear", "t s z", "u");
	lxa_onnx_node(m, "mi", "", "MatMulInteger", "u m8 z z", "y");
	lxa_onnx_output(m, "y", LXA_INT32, 2, (int64_t[]){ -1, 3 });
	lxa_onnx_output(m, "h", LXA_F32, 4, (int64_t[]){ -1, 2, 8, 10 });
	if (lxa_onnx_save(m, path, &err))
		fail_msg("%s", err.text);
	lxa_onnx_free(m);
}

/* Five images at once give what each of them gives alone, and every shape is what inference said (run_graph looks). */
static void test_open_batch(void **unused)
{
	struct lxa_tensor all = { LXA_F32, 4, { 5, 2, 5, 6 }, NULL }, one = { LXA_F32, 4, { 1, 2, 5, 6 }, NULL };
	struct lxa_tensor together[2], alone[2];
	char path[] = "/tmp/lxa-chain-XXXXXX";
	struct lxa_graph *g;
	struct lxa_cpu *cpu;
	struct lxa_err err;
	int64_t i, k;
	int o, fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	write_chain(path);
	if (lxa_graph_load(path, &g, &err) || lxa_cpu_create(&cpu, &err))
		fail_msg("%s", err.text);
	assert_int_equal(lxa_tensor_alloc(&all), 0);
	for (i = 0; i < lxa_tensor_count(&all); i++)
		((float *)all.data)[i] = rnd_float();
	if (lxa_graph_infer(g, 5, &err) || run_graph(cpu, g, &all, together, &err))
		fail_msg("%s", err.text);
	assert_int_equal(g->values[g->out[0]].t.dims[0], 5);
	for (i = 0; i < 5; i++) {
		one.data = (float *)all.data + i * lxa_tensor_count(&one);
		if (lxa_graph_infer(g, 1, &err) || run_graph(cpu, g, &one, alone, &err))
			fail_msg("%s", err.text);
		assert_int_equal(g->values[g->out[0]].t.dims[0], 1);
		for (o = 0; o < 2; o++) {
			int64_t n = lxa_tensor_count(&alone[o]);

			assert_int_equal(lxa_tensor_count(&together[o]), 5 * n);
			for (k = 0; k < n; k++)
				near_enough(tensor_get(&together[o], i * n + k), tensor_get(&alone[o], k), "one of five images");
			lxa_tensor_free(&alone[o]);
		}
	}
	for (o = 0; o < 2; o++)
		lxa_tensor_free(&together[o]);
	lxa_tensor_free(&all);
	lxa_cpu_destroy(cpu);
	lxa_graph_free(g);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conv), cmocka_unit_test(test_conv_auto_pad), cmocka_unit_test(test_conv_transpose),
		cmocka_unit_test(test_conv_transpose_refusals), cmocka_unit_test(test_max_pool),
		cmocka_unit_test(test_average_pool), cmocka_unit_test(test_pool_sizes), cmocka_unit_test(test_global_pools),
		cmocka_unit_test(test_batch_norm_each), cmocka_unit_test(test_batch_norm_training),
		cmocka_unit_test(test_instance_norm), cmocka_unit_test(test_lrn), cmocka_unit_test(test_open_batch),
	};

	test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
