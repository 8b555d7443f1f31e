/* SPDX-License-Identifier: MIT */
/*
 * onnx_resize_test.c - Resize in all its modes and versions, and Upsample: each output element of random tensors against the
 * specification's formulas, applied to all axes at once; cases of a few elements by hand.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph_util.h"
#include "node_util.h"

enum mode { NEAREST, LINEAR, CUBIC };
enum coords { HALF_PIXEL, SYMMETRIC, PYTORCH, ALIGN, ASYMMETRIC, TF_NN, TF_CROP };

static const char *const mode_names[] = { "nearest", "linear", "cubic" };
static const char *const coord_names[] = {
	"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn",
	"tf_crop_and_resize",
};
static const char *const nearest_names[] = { "round_prefer_floor", "round_prefer_ceil", "floor", "ceil" };

struct how {
	enum mode mode;
	enum coords coords;
	int nearest, exclude;
	double a, extrapolation;
	int64_t in[4], out[4];
	double scale[4], wanted[4], start[4], end[4];	/* wanted: length before it was made whole */
};

static double original(const struct how *h, int d, int64_t x)
{
	double in = (double)h->in[d], out = (double)h->out[d];

	switch (h->coords) {
	case HALF_PIXEL:
		return ((double)x + 0.5) / h->scale[d] - 0.5;
	case SYMMETRIC:
		return in / 2 * (1 - out / h->wanted[d]) + ((double)x + 0.5) / h->scale[d] - 0.5;
	case PYTORCH:
		return out > 1 ? ((double)x + 0.5) / h->scale[d] - 0.5 : 0;
	case ALIGN:
		return out > 1 ? (double)x * (in - 1) / (h->wanted[d] - 1) : 0;
	case ASYMMETRIC:
		return (double)x / h->scale[d];
	case TF_NN:
		return ((double)x + 0.5) / h->scale[d];
	default:
		if (out > 1)
			return h->start[d] * (in - 1) + (double)x * (h->end[d] - h->start[d]) * (in - 1) / (h->wanted[d] - 1);
		return 0.5 * (h->start[d] + h->end[d]) * (in - 1);
	}
}

/* Up to four input indices with weights; returns how many. */
static int taps(const struct how *h, int d, double x, int64_t *index, double *weight)
{
	double r = x - floor(x), s = 1 - r, a = h->a, sum = 0;
	int64_t base = (int64_t)floor(x);
	int n = h->mode == CUBIC ? 4 : h->mode == LINEAR ? 2 : 1, k;

	if (h->mode == NEAREST) {
		int up = h->nearest == 0 ? r > 0.5 : h->nearest == 1 ? r >= 0.5 : h->nearest == 2 ? 0 : r > 0;

		index[0] = base + up;
		weight[0] = 1;
	} else if (h->mode == LINEAR) {
		index[0] = base;
		weight[0] = s;
		weight[1] = r;
	} else {
		index[0] = base - 1;
		weight[0] = ((a * (r + 1) - 5 * a) * (r + 1) + 8 * a) * (r + 1) - 4 * a;
		weight[1] = ((a + 2) * r - (a + 3)) * r * r + 1;
		weight[2] = ((a + 2) * s - (a + 3)) * s * s + 1;
		weight[3] = ((a * (s + 1) - 5 * a) * (s + 1) + 8 * a) * (s + 1) - 4 * a;
	}
	for (k = 0; k < n; k++) {
		index[k] = index[0] + k;
		if (h->exclude && h->mode != NEAREST && (index[k] < 0 || index[k] >= h->in[d]))
			weight[k] = 0;
		sum += weight[k];
	}
	for (k = 0; k < n; k++) {
		weight[k] /= sum;
		if (k)
			index[k] = index[k] < 0 ? 0 : index[k] >= h->in[d] ? h->in[d] - 1 : index[k];
	}
	index[0] = index[0] < 0 ? 0 : index[0] >= h->in[d] ? h->in[d] - 1 : index[0];
	return n;
}

/* The weighted sum over all combinations of taps of the axes from d on. */
static double value(const struct how *h, const struct lxa_tensor *x, const int64_t *at, int d, int64_t from)
{
	int64_t index[4];
	double weight[4], sum = 0, p;
	int n, k;

	if (d == x->ndim)
		return tensor_get(x, from);
	p = original(h, d, at[d]);
	if (h->coords == TF_CROP && !(p >= 0 && p <= (double)h->in[d] - 1))
		return h->extrapolation;
	n = taps(h, d, p, index, weight);
	for (k = 0; k < n; k++)
		if (weight[k] != 0)
			sum += weight[k] * value(h, x, at, d + 1, from * h->in[d] + index[k]);
	return sum;
}

/* A coordinate so near to where nearest changes its mind that the order of float operations decides. */
static int on_the_edge(const struct how *h, int ndim, const int64_t *at)
{
	int d;

	for (d = 0; d < ndim && h->mode == NEAREST; d++) {
		double x = original(h, d, at[d]) * 2;

		if (x != rint(x) && fabs(x - rint(x)) < 1e-5)
			return 1;
		if (h->coords == TF_CROP && fabs(fabs(x - (double)h->in[d] + 1) - (double)h->in[d] + 1) < 1e-5)
			return 1;
	}
	return 0;
}

static void attributes(struct node_test *t, const struct how *h)
{
	node_string(t, "mode", mode_names[h->mode]);
	node_string(t, "coordinate_transformation_mode", coord_names[h->coords]);
	if (h->mode == NEAREST)
		node_string(t, "nearest_mode", nearest_names[h->nearest]);
	if (h->mode == CUBIC)
		node_float(t, "cubic_coeff_a", (float)h->a);
	if (h->exclude)
		node_int(t, "exclude_outside", 1);
	node_float(t, "extrapolation_value", (float)h->extrapolation);
}

/* by: 0 scales, 1 sizes. */
static void one_resize(int opset, int by, enum lxa_dtype type)
{
	int ndim = 1 + (int)rnd(3), d, edge;
	double roi[8], scales[4], sizes[4];
	struct node_test t;
	struct how h = { .mode = (enum mode)rnd(3), .nearest = (int)rnd(4), .a = rnd(2) ? -0.75 : -0.5, .extrapolation = 7 };
	int64_t at[4] = { 0 }, i;

	do
		h.coords = (enum coords)rnd(7);
	while ((h.coords == SYMMETRIC && opset < 19) || (h.coords == TF_NN && opset >= 13));
	h.exclude = h.mode == CUBIC && rnd(2);
	for (d = 0; d < ndim; d++) {
		h.in[d] = 1 + rnd(5);
		roi[d] = h.start[d] = h.coords == TF_CROP ? (double)((int)rnd(5) - 1) / 8 : 0;
		roi[ndim + d] = h.end[d] = h.coords == TF_CROP ? (double)(4 + rnd(6)) / 8 : 1;
		if (by) {
			sizes[d] = h.wanted[d] = (double)(h.out[d] = 1 + rnd(8));
			h.scale[d] = h.wanted[d] / (double)h.in[d];
		} else {
			scales[d] = h.scale[d] = (double)(3 + rnd(20)) / 8;	/* exact as floats */
			h.wanted[d] = (double)h.in[d] * (h.end[d] - h.start[d]) * h.scale[d];
			h.out[d] = (int64_t)floor(h.wanted[d]);
		}
	}
	node_init(&t, "Resize", "", opset);
	attributes(&t, &h);
	node_random(&t, type, ndim, h.in, 0, 100);
	if (h.coords == TF_CROP)
		node_in(&t, rnd(2) ? LXA_F32 : LXA_F64, 1, (int64_t[]){ 2 * ndim }, roi);
	else if (opset < 13)
		node_in(&t, LXA_F32, DIMS(0), NULL);	/* opset 11: must be there, may be empty */
	else
		node_no_input(&t);
	if (by && opset < 13)
		node_in(&t, LXA_F32, DIMS(0), NULL);
	else if (by)
		node_no_input(&t);
	else
		node_in(&t, LXA_F32, 1, (int64_t[]){ ndim }, scales);
	if (by)
		node_in(&t, LXA_INT64, 1, (int64_t[]){ ndim }, sizes);
	node_want(&t, 0, type, ndim, h.out, NULL);
	for (i = 0; i < lxa_tensor_count(&t.out[0]); i++) {
		double got = tensor_get(&t.out[0], i), want;

		edge = on_the_edge(&h, ndim, at);
		want = edge ? got : value(&h, &t.in[0], at, 0, 0);
		if (type == LXA_UINT8) {	/* cut and limited; the sum may lie a hair beside a whole number */
			double whole = trunc(fmin(fmax(want, 0), 255));

			if (got != whole && fabs(want - rint(want)) > 1e-9)
				fail_msg("uint8: %g, should be %g (%.9g)", got, whole, want);
		} else if (fabs(got - want) > (type == LXA_F64 ? 1e-10 : 2e-5) * (1 + fabs(want))) {
			fail_msg("opset %d, %s, %s, %s: element %lld is %.9g, should be %.9g", opset, mode_names[h.mode],
				 coord_names[h.coords], nearest_names[h.nearest], (long long)i, got, want);
		}
		for (d = ndim - 1; d >= 0 && ++at[d] == h.out[d]; d--)
			at[d] = 0;
	}
	node_done(&t);
}

static void test_random(void **unused)
{
	static const int opsets[] = { 11, 13, 18, 19 };
	int i;

	for (i = 0; i < 600; i++)
		one_resize(opsets[i % 4], i & 1 ? 0 : 1, i % 3 == 0 ? LXA_F64 : i % 5 == 0 ? LXA_UINT8 : LXA_F32);
}

/* ---- by hand ---- */

/* One row of four: 1 2 3 4, to the wanted values; scales unless `size` is given. */
static void row(int opset, const char *mode, const char *coords, const char *nearest, double scale, int64_t size, int n,
		const double *want)
{
	struct node_test t;

	node_init(&t, "Resize", "", opset);
	node_string(&t, "mode", mode);
	if (coords)
		node_string(&t, "coordinate_transformation_mode", coords);
	if (nearest)
		node_string(&t, "nearest_mode", nearest);
	node_in(&t, LXA_F32, DIMS(4), VALUES(1, 2, 3, 4));
	node_no_input(&t);
	if (size) {
		node_no_input(&t);
		node_in(&t, LXA_INT64, DIMS(1), VALUES((double)size));
	} else {
		node_in(&t, LXA_F32, DIMS(1), VALUES(scale));
	}
	node_want(&t, 0, LXA_F32, DIMS(n), want);
	node_done(&t);
}

static void test_rows(void **unused)
{
	row(11, "nearest", NULL, NULL, 2, 0, 8, VALUES(1, 1, 2, 2, 3, 3, 4, 4));
	row(11, "nearest", "asymmetric", "round_prefer_ceil", 2, 0, 8, VALUES(1, 2, 2, 3, 3, 4, 4, 4));
	row(13, "nearest", NULL, NULL, 0.5, 0, 2, VALUES(1, 3));	/* 0.5 and 2.5, halves down */
	row(13, "nearest", NULL, "round_prefer_ceil", 0.5, 0, 2, VALUES(2, 4));
	row(13, "linear", NULL, NULL, 2, 0, 8, VALUES(1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4));
	row(13, "linear", "align_corners", NULL, 0, 7, 7, VALUES(1, 1.5, 2, 2.5, 3, 3.5, 4));
	row(13, "linear", "align_corners", NULL, 0, 1, 1, VALUES(1));
	row(13, "linear", "pytorch_half_pixel", NULL, 0, 1, 1, VALUES(1));
	row(13, "linear", NULL, NULL, 0, 1, 1, VALUES(2.5));
}

/* The length is a product of floats. */
static void test_float_length(void **unused)
{
	struct node_test t;

	node_init(&t, "Resize", "", 13);
	node_in(&t, LXA_F32, DIMS(10), NULL);
	node_no_input(&t);
	node_in(&t, LXA_F32, DIMS(1), VALUES(0.7));
	node_want(&t, 0, LXA_F32, DIMS(7), NULL);
	node_done(&t);
}

/* Opset 10 and Upsample: asymmetric, nothing to choose. */
static void test_old(void **unused)
{
	struct node_test t;

	node_init(&t, "Resize", "", 10);
	node_in(&t, LXA_F32, DIMS(1, 1, 1, 4), VALUES(1, 2, 3, 4));
	node_in(&t, LXA_F32, DIMS(4), VALUES(1, 1, 1, 0.6));
	node_want(&t, 0, LXA_F32, DIMS(1, 1, 1, 2), VALUES(1, 3));
	node_done(&t);
	node_init(&t, "Resize", "", 10);
	node_string(&t, "mode", "linear");
	node_in(&t, LXA_F32, DIMS(2), VALUES(1, 2));
	node_in(&t, LXA_F32, DIMS(1), VALUES(2));
	node_want(&t, 0, LXA_F32, DIMS(4), VALUES(1, 1.5, 2, 2));
	node_done(&t);
	node_init(&t, "Upsample", "", 9);
	node_in(&t, LXA_INT8, DIMS(1, 1, 2, 2), VALUES(1, 2, 3, 4));
	node_in(&t, LXA_F32, DIMS(4), VALUES(1, 1, 2, 3));
	node_want(&t, 0, LXA_INT8, DIMS(1, 1, 4, 6), VALUES(1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4));
	node_done(&t);
	node_init(&t, "Upsample", "", 7);
	node_string(&t, "mode", "nearest");
	t.attr[t.n.n_attr++] = (struct lxa_attr){ .name = "scales", .type = LXA_ATTR_FLOATS, .n = 2, .floats = (float[]){ 1, 2 } };
	node_in(&t, LXA_F32, DIMS(1, 2), VALUES(1, 2));
	node_want(&t, 0, LXA_F32, DIMS(1, 4), VALUES(1, 1, 2, 2));
	t.g.opset = 10;
	node_in(&t, LXA_F32, DIMS(2), VALUES(1, 2));
	node_refused(&t, "does not exist any more in opset 10");
	node_done(&t);
}

/* axes name the dimensions of the lists; the others stay. not_larger and not_smaller keep the ratio. */
static void test_axes_and_policies(void **unused)
{
	static const struct {
		const char *policy;
		int64_t size[2], want[2];
	} rows[] = {
		{ "stretch", { 7, 8 }, { 7, 8 } }, { "not_larger", { 7, 8 }, { 7, 7 } }, { "not_smaller", { 7, 8 }, { 8, 8 } },
		{ "not_larger", { 1, 3 }, { 1, 1 } }, { "not_smaller", { 1, 3 }, { 3, 3 } },
	};
	struct node_test t;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		node_init(&t, "Resize", "", 18);
		node_ints(&t, "axes", 2, (int64_t[]){ 2, -1 });
		node_string(&t, "keep_aspect_ratio_policy", rows[i].policy);
		node_in(&t, LXA_F32, DIMS(2, 3, 2, 2), NULL);
		node_no_input(&t);
		node_no_input(&t);
		node_in(&t, LXA_INT64, DIMS(2), VALUES((double)rows[i].size[0], (double)rows[i].size[1]));
		node_want(&t, 0, LXA_F32, DIMS(2, 3, rows[i].want[0], rows[i].want[1]), NULL);
		node_done(&t);
	}
	node_init(&t, "Resize", "", 18);	/* the lists follow the order of axes */
	node_ints(&t, "axes", 2, (int64_t[]){ 1, 0 });
	node_in(&t, LXA_F32, DIMS(1, 2), VALUES(1, 2));
	node_no_input(&t);
	node_in(&t, LXA_F32, DIMS(2), VALUES(2, 1));
	node_want(&t, 0, LXA_F32, DIMS(1, 4), VALUES(1, 1, 2, 2));
	node_done(&t);
}

static void antialias(const char *mode, int exclude, int64_t size, int n, const double *want)
{
	struct node_test t;

	node_init(&t, "Resize", "", 18);
	node_string(&t, "mode", mode);
	node_int(&t, "antialias", 1);
	node_int(&t, "exclude_outside", exclude);
	node_in(&t, LXA_F64, DIMS(4), VALUES(1, 2, 4, 8));
	node_no_input(&t);
	node_no_input(&t);
	node_in(&t, LXA_INT64, DIMS(1), VALUES((double)size));
	node_want(&t, 0, LXA_F64, DIMS(n), want);
	node_done(&t);
}

/* The filter of twice the width: weights 1/4, 3/4, 3/4, 1/4 around each middle; a growing axis is as without. */
static void test_antialias(void **unused)
{
	antialias("linear", 0, 2, 2, VALUES((1 * 0.25 + 1 * 0.75 + 2 * 0.75 + 4 * 0.25) / 2, (2 * 0.25 + 4 * 0.75 + 8 * 0.75 + 8 * 0.25) / 2));
	antialias("linear", 1, 2, 2, VALUES((1 * 0.75 + 2 * 0.75 + 4 * 0.25) / 1.75, (2 * 0.25 + 4 * 0.75 + 8 * 0.75) / 1.75));
	antialias("linear", 0, 1, 1, VALUES((1 * 0.125 + 1 * 0.375 + 1 * 0.625 + 2 * 0.875 + 4 * 0.875 + 8 * 0.625 + 8 * 0.375 + 8 * 0.125) / 4));
	antialias("linear", 0, 4, 4, VALUES(1, 2, 4, 8));
	antialias("linear", 0, 8, 8, VALUES(1, 1.25, 1.75, 2.5, 3.5, 5, 7, 8));
	/* Cubic, a = -0.75: at distances 1/4, 3/4, 5/4, 7/4 the kernel is 0.87890625, 0.26171875, -0.10546875, -0.03515625. */
	antialias("cubic", 1, 2, 2, VALUES((0.87890625 * (1 + 2) + 0.26171875 * 4 - 0.10546875 * 8) / (2 * 0.87890625 + 0.26171875 - 0.10546875),
					   (-0.10546875 * 1 + 0.26171875 * 2 + 0.87890625 * (4 + 8)) / (2 * 0.87890625 + 0.26171875 - 0.10546875)));
}

static void test_refusals(void **unused)
{
	struct node_test t;

	node_init(&t, "Resize", "", 13);
	node_in(&t, LXA_F32, DIMS(2, 2), NULL);
	node_no_input(&t);
	node_in(&t, LXA_F32, DIMS(1), VALUES(2));
	node_refused(&t, "has 1 scales or sizes for 2 axes");
	node_in(&t, LXA_INT64, DIMS(2), VALUES(2, 2));
	node_refused(&t, "must have either scales or sizes");
	node_done(&t);
	node_init(&t, "Resize", "", 13);
	node_in(&t, LXA_F32, DIMS(2), NULL);
	node_no_input(&t);
	node_in(&t, LXA_F32, DIMS(1), VALUES(-1));
	node_refused(&t, "scale -1 of axis 0 is not possible");
	tensor_set(&t.in[2], 0, NAN);
	node_refused(&t, "of axis 0 is not possible");
	tensor_set(&t.in[2], 0, 3e38);
	node_refused(&t, "output 0 would be too large");
	tensor_set(&t.in[2], 0, 2);
	node_string(&t, "mode", "area");
	node_refused(&t, "mode \"area\" is not known");
	t.attr[0].s = "linear";
	node_string(&t, "coordinate_transformation_mode", "tf_crop_and_resize");
	node_refused(&t, "roi has 0 values, must have 2");
	t.attr[1].s = "corners";
	node_refused(&t, "coordinate_transformation_mode \"corners\" is not known");
	node_done(&t);
	node_init(&t, "Resize", "", 18);
	node_ints(&t, "axes", 2, (int64_t[]){ 0, -2 });
	node_in(&t, LXA_F32, DIMS(2, 2), NULL);
	node_no_input(&t);
	node_in(&t, LXA_F32, DIMS(2), VALUES(2, 2));
	node_refused(&t, "axis 0 is given twice");
	node_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random), cmocka_unit_test(test_rows), cmocka_unit_test(test_float_length), cmocka_unit_test(test_old),
		cmocka_unit_test(test_axes_and_policies), cmocka_unit_test(test_antialias), cmocka_unit_test(test_refusals),
	};

	test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
