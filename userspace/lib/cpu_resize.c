/* SPDX-License-Identifier: MIT */
/*
 * cpu_resize.c - Resize and its predecessor Upsample: shapes and computation.
 *
 * Every mode is separable. For each axis that changes, each output coordinate is given its taps: input coordinates and
 * weights (nearest: one of weight 1). Nearest copies by index; linear and cubic go over the tensor once an axis. The
 * filters are functions of the distance, as they are stated in the specification: linear max(0, 1 - |d|), cubic the
 * convolution kernel with coefficient a; with antialias they are stretched when an axis shrinks.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dtype.h"
#include "ops.h"

struct axis {
	int64_t in, out;
	int resized;			/* named by axes (or axes not given) */
	double scale;
	double target;			/* the wanted length before it was made whole */
	double start, end;		/* region of interest, in parts of the length */
};

struct resize {
	char mode;			/* nearest, linear, cubic */
	const char *coords, *nearest;
	int antialias, exclude;
	double a, extrapolation;
	struct axis axis[LXA_MAX_DIMS];
};

/* The taps of one axis: `n` for each output coordinate. A coordinate whose first index is -1 takes the extrapolation value. */
struct taps {
	int64_t n, *index;
	double *weight;
};

static int known(const char *const *list, const char *s)
{
	for (; *list; list++)
		if (!strcmp(*list, s))
			return 1;
	return 0;
}

static int parse_modes(const struct lxa_op_ctx *c, struct resize *r)
{
	static const char *const modes[] = { "nearest", "linear", "bilinear", "cubic", NULL };
	static const char *const coords[] = {
		"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn",
		"tf_crop_and_resize", NULL,
	};
	static const char *const nearest[] = { "round_prefer_floor", "round_prefer_ceil", "floor", "ceil", NULL };
	const char *mode = lxa_node_string(c->n, "mode", "nearest");
	/* Upsample and opset 10 leave no choice: asymmetric; nearest rounds down, but up when the axis shrinks (ONNX's cases). */
	int old = c->g->opset < 11;

	r->coords = old ? "asymmetric" : lxa_node_string(c->n, "coordinate_transformation_mode", "half_pixel");
	r->nearest = old ? "old" : lxa_node_string(c->n, "nearest_mode", "round_prefer_floor");
	r->antialias = lxa_node_int(c->n, "antialias", 0) != 0;
	r->exclude = lxa_node_int(c->n, "exclude_outside", 0) != 0;
	r->a = (double)lxa_node_float(c->n, "cubic_coeff_a", -0.75f);
	r->extrapolation = (double)lxa_node_float(c->n, "extrapolation_value", 0);
	if (!known(modes, mode))
		return lxa_op_err(c, -EINVAL, "mode \"%s\" is not known", mode);
	r->mode = *mode == 'b' ? 'l' : *mode;
	if (!old && !known(coords, r->coords))
		return lxa_op_err(c, -EINVAL, "coordinate_transformation_mode \"%s\" is not known", r->coords);
	if (!old && !known(nearest, r->nearest))
		return lxa_op_err(c, -EINVAL, "nearest_mode \"%s\" is not known", r->nearest);
	return 0;
}

/* Input i's values, or -EINVAL; *n = 0 when it is absent or empty. */
static int reals(const struct lxa_op_ctx *c, int i, const char *what, int max, double *v, int *n)
{
	const struct lxa_tensor *t = i < c->n_in ? c->in[i] : NULL;
	int64_t count = t ? lxa_tensor_count(t) : 0, k;

	*n = 0;
	if (!t || !count)
		return 0;
	if (!lxa_dtype_is_float(t->dtype))
		return lxa_op_err(c, -EINVAL, "input %d (%s) is %s, must be float", i, what, lxa_dtype_name((int)t->dtype));
	if (!t->data)
		return lxa_op_err(c, -EINVAL, "input %d (%s) is not a constant: shapes that are computed from data are not "
				  "supported", i, what);
	if (t->ndim > 1 || count > max)
		return lxa_op_err(c, -EINVAL, "input %d (%s) has %lld values, at most %d are possible", i, what,
				  (long long)count, max);
	for (k = 0; k < count; k++)
		v[k] = lxa_real_get(t, k);
	*n = (int)count;
	return 0;
}

/* Which axes the lists speak of, in their order. */
static int parse_axes(const struct lxa_op_ctx *c, struct resize *r, int *order, int *n)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t axes[LXA_MAX_DIMS];
	int i, ret = lxa_op_attr_ints(c, "axes", LXA_MAX_DIMS, axes, n);

	if (ret)
		return ret;
	if (!lxa_node_attr(c->n, "axes"))
		for (*n = 0; *n < x->ndim; (*n)++)
			axes[*n] = *n;
	for (i = 0; i < *n; i++) {
		ret = lxa_op_axis(c, axes[i], x->ndim, 0, &order[i]);
		if (ret)
			return ret;
		if (r->axis[order[i]].resized)
			return lxa_op_err(c, -EINVAL, "axis %d is given twice", order[i]);
		r->axis[order[i]].resized = 1;
	}
	return 0;
}

static int parse_roi(const struct lxa_op_ctx *c, struct resize *r, const int *order, int n)
{
	double roi[2 * LXA_MAX_DIMS];
	int i, count, ret;

	if (strcmp(r->coords, "tf_crop_and_resize"))
		return 0;
	ret = reals(c, 1, "roi", 2 * LXA_MAX_DIMS, roi, &count);
	if (ret)
		return ret;
	if (count != 2 * n)
		return lxa_op_err(c, -EINVAL, "roi has %d values, must have %d", count, 2 * n);
	for (i = 0; i < n; i++) {
		r->axis[order[i]].start = roi[i];
		r->axis[order[i]].end = roi[n + i];
	}
	return 0;
}

static int by_scales(const struct lxa_op_ctx *c, struct resize *r, const int *order, int n, const double *scales)
{
	int i;

	for (i = 0; i < n; i++) {
		struct axis *a = &r->axis[order[i]];

		if (!(scales[i] > 0) || isinf(scales[i]))
			return lxa_op_err(c, -EINVAL, "scale %g of axis %d is not possible", scales[i], order[i]);
		a->scale = scales[i];
		a->target = (double)a->in * (a->end - a->start) * a->scale;
		/* The product is of floats: 10 times 0.7f is 7. */
		a->out = (int64_t)fmin(floor((double)(float)a->target), (double)LXA_MAX_COUNT + 1);
		if (!(a->target >= 0))
			return lxa_op_err(c, -EINVAL, "the region %g to %g of axis %d is not possible", a->start, a->end, order[i]);
	}
	return 0;
}

static int by_sizes(const struct lxa_op_ctx *c, struct resize *r, const int *order, int n, const int64_t *sizes)
{
	const char *policy = lxa_node_string(c->n, "keep_aspect_ratio_policy", "stretch");
	int larger = !strcmp(policy, "not_smaller"), i;
	double common = 0;

	if (strcmp(policy, "stretch") && strcmp(policy, "not_larger") && !larger)
		return lxa_op_err(c, -EINVAL, "keep_aspect_ratio_policy \"%s\" is not known", policy);
	for (i = 0; i < n; i++) {
		struct axis *a = &r->axis[order[i]];

		if (sizes[i] < 0 || sizes[i] > LXA_MAX_COUNT || (!a->in && sizes[i]))
			return lxa_op_err(c, -EINVAL, "size %lld of axis %d, which is %lld, is not possible", (long long)sizes[i],
					  order[i], (long long)a->in);
		a->out = sizes[i];
		a->target = (double)sizes[i];
		a->scale = a->in ? a->target / (double)a->in : 1;
		if (!i || (larger ? a->scale > common : a->scale < common))
			common = a->scale;
	}
	for (i = 0; i < n && *policy != 's'; i++) {
		struct axis *a = &r->axis[order[i]];

		a->scale = common;
		a->target = common * (double)a->in;
		a->out = (int64_t)floor(a->target + 0.5);
	}
	return 0;
}

/* scales: an attribute of Upsample before opset 9, input 1 up to opset 10, input 2 after. sizes: input 3. */
static int parse_lengths(const struct lxa_op_ctx *c, struct resize *r, const int *order, int n)
{
	const struct lxa_attr *attr = lxa_node_attr(c->n, "scales");
	int64_t sizes[LXA_MAX_DIMS];
	double scales[LXA_MAX_DIMS];
	int n_scales = 0, n_sizes = 0, ret = 0, i;

	if (!strcmp(c->n->op, "Upsample") && c->g->opset < 9) {
		if (!attr || attr->type != LXA_ATTR_FLOATS || attr->n > LXA_MAX_DIMS)
			return lxa_op_err(c, -EINVAL, "has no attribute scales of as many floats as dimensions");
		for (n_scales = (int)attr->n, i = 0; i < n_scales; i++)
			scales[i] = (double)attr->floats[i];
	} else {
		ret = reals(c, c->g->opset < 11 ? 1 : 2, "scales", LXA_MAX_DIMS, scales, &n_scales);
	}
	if (!ret && c->n_in > 3 && c->in[3] && lxa_tensor_count(c->in[3]))
		ret = lxa_op_ints(c, 3, "sizes", LXA_MAX_DIMS, sizes, &n_sizes);
	if (ret)
		return ret;
	if (!n_scales == !n_sizes && n)
		return lxa_op_err(c, -EINVAL, "must have either scales or sizes");
	if (n_scales + n_sizes != n)
		return lxa_op_err(c, -EINVAL, "has %d scales or sizes for %d axes", n_scales + n_sizes, n);
	return n_sizes ? by_sizes(c, r, order, n, sizes) : by_scales(c, r, order, n, scales);
}

static int parse(const struct lxa_op_ctx *c, struct resize *r)
{
	int order[LXA_MAX_DIMS], n, d, ret;

	memset(r, 0, sizeof(*r));
	for (d = 0; d < c->in[0]->ndim; d++)
		r->axis[d] = (struct axis){ .in = c->in[0]->dims[d], .out = c->in[0]->dims[d], .scale = 1, .end = 1,
					    .target = (double)c->in[0]->dims[d] };
	ret = parse_modes(c, r);
	if (!ret)
		ret = parse_axes(c, r, order, &n);
	if (!ret)
		ret = parse_roi(c, r, order, n);
	return ret ? ret : parse_lengths(c, r, order, n);
}

LXA_OP_INFER(resize)
{
	int64_t dims[LXA_MAX_DIMS];
	struct resize r;
	int d, ret;

	if (!strcmp(c->n->op, "Upsample") && c->g->opset > 9)
		return lxa_op_err(c, -EINVAL, "does not exist any more in opset %lld: Resize took its place", (long long)c->g->opset);
	ret = parse(c, &r);
	for (d = 0; d < c->in[0]->ndim && !ret; d++)
		dims[d] = r.axis[d].out;
	return ret ? ret : lxa_op_shape(c, 0, c->in[0]->dtype, c->in[0]->ndim, dims);
}

/* The input coordinate that output coordinate o stands for. */
static double source(const struct resize *r, const struct axis *a, int64_t o)
{
	double x = (double)o, last = (double)a->in - 1, offset = 0;

	if (!strcmp(r->coords, "asymmetric"))
		return x / a->scale;
	if (!strcmp(r->coords, "align_corners"))
		return a->out == 1 ? 0 : x * last / (a->target - 1);
	if (!strcmp(r->coords, "tf_half_pixel_for_nn"))
		return (x + 0.5) / a->scale;
	if (!strcmp(r->coords, "tf_crop_and_resize"))
		return a->out > 1 ? a->start * last + x * (a->end - a->start) * last / (a->target - 1) :
			0.5 * (a->start + a->end) * last;
	if (!strcmp(r->coords, "pytorch_half_pixel") && a->out == 1)
		return 0;
	if (!strcmp(r->coords, "half_pixel_symmetric"))
		offset = (double)a->in / 2 * (1 - (double)a->out / a->target);
	return offset + (x + 0.5) / a->scale - 0.5;
}

static double filter(const struct resize *r, double d)
{
	double a = r->a;

	d = fabs(d);
	if (r->mode == 'l')
		return d < 1 ? 1 - d : 0;
	if (d <= 1)
		return (a + 2) * d * d * d - (a + 3) * d * d + 1;
	return d < 2 ? a * d * d * d - 5 * a * d * d + 8 * a * d - 4 * a : 0;
}

static int64_t limit(int64_t i, int64_t n)
{
	return i < 0 ? 0 : i >= n ? n - 1 : i;
}

static int64_t nearest(const struct resize *r, const struct axis *a, double x)
{
	if (!strcmp(r->nearest, "round_prefer_floor"))
		x = ceil(x - 0.5);
	else if (!strcmp(r->nearest, "round_prefer_ceil"))
		x = floor(x + 0.5);
	else if (!strcmp(r->nearest, "ceil") || (!strcmp(r->nearest, "old") && a->scale < 1))
		x = ceil(x);
	else
		x = floor(x);
	return limit((int64_t)x, a->in);
}

static void weigh(const struct resize *r, const struct axis *a, double x, double stretch, const struct taps *t, int64_t at)
{
	int64_t first = (int64_t)floor(x) - t->n / 2 + 1, k;
	double sum = 0;

	for (k = 0; k < t->n; k++) {
		int64_t i = first + k;
		double w = filter(r, ((double)i - x) * stretch);

		if (r->exclude && (i < 0 || i >= a->in))
			w = 0;
		t->index[at + k] = limit(i, a->in);
		t->weight[at + k] = w;
		sum += w;
	}
	for (k = 0; k < t->n && sum != 0; k++)
		t->weight[at + k] /= sum;
}

static int make_taps(const struct resize *r, const struct axis *a, struct taps *t)
{
	double stretch = r->antialias && a->scale < 1 ? fmax(a->scale, 1 / (double)a->in) : 1;
	int64_t o;

	t->n = r->mode == 'n' ? 1 : 2 * (int64_t)ceil((r->mode == 'l' ? 1 : 2) / stretch);
	t->index = calloc((size_t)(a->out * t->n), sizeof(*t->index));
	t->weight = r->mode == 'n' ? NULL : calloc((size_t)(a->out * t->n), sizeof(*t->weight));
	if (!t->index || (r->mode != 'n' && !t->weight))
		return -ENOMEM;
	for (o = 0; o < a->out; o++) {
		double x = a->resized ? source(r, a, o) : (double)o;

		if (!strcmp(r->coords, "tf_crop_and_resize") && !(x >= 0 && x <= (double)a->in - 1))
			t->index[o * t->n] = -1;
		else if (r->mode == 'n')
			t->index[o] = a->resized ? nearest(r, a, x) : o;
		else
			weigh(r, a, x, stretch, t, o * t->n);
	}
	return 0;
}

static void free_taps(struct taps *t)
{
	free(t->index);
	free(t->weight);
}

/* Elements of any size by index, all axes at once. */
static void copy_nearest(const struct resize *r, struct lxa_tensor *out, const struct lxa_tensor *x, const struct taps *t,
			 const void *fill)
{
	size_t size = lxa_dtype_size(x->dtype);
	int64_t at[LXA_MAX_DIMS] = { 0 }, count = lxa_tensor_count(out), pos;
	int d;

	for (pos = 0; pos < count; pos++) {
		int64_t from = 0;

		for (d = 0; d < x->ndim && from >= 0; d++)
			from = t[d].index[at[d]] < 0 ? -1 : from * r->axis[d].in + t[d].index[at[d]];
		memcpy((char *)out->data + (size_t)pos * size, from < 0 ? fill : (const char *)x->data + (size_t)from * size, size);
		for (d = x->ndim - 1; d >= 0 && ++at[d] == out->dims[d]; d--)
			at[d] = 0;
	}
}

/* One axis of outer x in x inner elements into outer x out x inner. */
#define PASS(name, T)									\
static void name(T *y, const T *x, const struct axis *a, const struct taps *t, int64_t outer, int64_t inner, T fill) \
{											\
	int64_t n, o, k, i;								\
											\
	for (n = 0; n < outer; n++, x += a->in * inner) {				\
		for (o = 0; o < a->out; o++, y += inner) {				\
			const int64_t *index = t->index + o * t->n;			\
											\
			for (i = 0; i < inner; i++)					\
				y[i] = *index < 0 ? fill : 0;				\
			for (k = 0; k < t->n && *index >= 0; k++) {			\
				T w = (T)t->weight[o * t->n + k];			\
				const T *from = x + index[k] * inner;			\
											\
				for (i = 0; i < inner && w != 0; i++)			\
					y[i] += w * from[i];				\
			}								\
		}									\
	}										\
}

PASS(pass_f32, float)
PASS(pass_f64, double)

/* 1 when the axis stays as it is. */
static int idle(const struct resize *r, const struct axis *a)
{
	return !a->resized || (a->in == a->out && a->scale == 1 && strcmp(r->coords, "tf_crop_and_resize") &&
			       strcmp(r->coords, "tf_half_pixel_for_nn"));
}

/* float in float, everything else in double; axis by axis from one buffer into the next. */
static int interpolate(struct lxa_op_ctx *c, const struct resize *r, const struct taps *taps)
{
	const struct lxa_tensor *x = c->in[0];
	enum lxa_dtype type = x->dtype == LXA_F32 ? LXA_F32 : LXA_F64;
	struct lxa_tensor from = *x, to;
	int64_t outer = 1, inner;
	int d, ret = 0;

	from.dtype = type;
	if (lxa_tensor_alloc(&from))
		return -ENOMEM;
	lxa_convert(&from, x, 1);
	for (d = 0; d < x->ndim && !ret; outer *= from.dims[d++]) {
		const struct axis *a = &r->axis[d];

		if (idle(r, a))
			continue;
		to = from;
		to.dims[d] = a->out;
		ret = lxa_tensor_count(&to) < 0 ? -EFBIG : lxa_tensor_alloc(&to);
		if (ret)
			break;
		inner = lxa_dims_count(x->ndim - d - 1, from.dims + d + 1);
		if (type == LXA_F32)
			pass_f32(to.data, from.data, a, &taps[d], outer, inner, (float)r->extrapolation);
		else
			pass_f64(to.data, from.data, a, &taps[d], outer, inner, r->extrapolation);
		lxa_tensor_free(&from);
		from = to;
	}
	if (!ret)
		lxa_convert(&c->out[0], &from, 1);
	lxa_tensor_free(&from);
	return ret;
}

LXA_OP_EXEC(resize)
{
	struct lxa_tensor *out = &c->out[0];
	struct taps taps[LXA_MAX_DIMS] = { 0 };
	uint8_t fill[8] = { 0 };
	struct lxa_tensor one = { .dtype = out->dtype, .data = fill };
	struct resize r;
	int d, ret;

	ret = parse(c, &r);
	for (d = 0; d < out->ndim && !ret; d++)
		if (r.mode == 'n' || !idle(&r, &r.axis[d]))
			ret = make_taps(&r, &r.axis[d], &taps[d]);
	if (!ret && r.mode == 'n') {
		lxa_real_put(&one, 0, r.extrapolation);
		copy_nearest(&r, out, c->in[0], taps, fill);
	} else if (!ret) {
		ret = interpolate(c, &r, taps);
	}
	if (ret == -ENOMEM || ret == -EFBIG)
		ret = lxa_op_err(c, ret, "no memory for its intermediate results");
	for (d = 0; d < out->ndim; d++)
		free_taps(&taps[d]);
	return ret;
}
