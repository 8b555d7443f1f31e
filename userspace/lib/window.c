/* SPDX-License-Identifier: MIT */
/* window.c - see window.h. */
#include <errno.h>
#include <string.h>

#include "window.h"

#define LIMIT (1 << 24)	/* of kernel, stride, dilation and padding: products of two stay far inside int64_t */

/* An INTS attribute of n values in lo .. LIMIT; dflt where it is absent. */
static int list(const struct lxa_op_ctx *c, const char *name, int n, int64_t lo, int64_t dflt, int64_t *v)
{
	int have, i, ret;

	ret = lxa_op_attr_ints(c, name, 2 * LXA_WINDOW_MAX, v, &have);
	if (ret)
		return ret;
	for (i = 0; !have && i < n; i++)
		v[i] = dflt;
	if (have && have != n)
		return lxa_op_err(c, -EINVAL, "%s has %d values, must have %d", name, have, n);
	for (i = 0; i < n; i++)
		if (v[i] < lo || v[i] > LIMIT)
			return lxa_op_err(c, -EINVAL, "%s[%d] is %lld, must be %lld to %d", name, i, (long long)v[i],
					  (long long)lo, LIMIT);
	return 0;
}

static int64_t div_up(int64_t a, int64_t b)
{
	return a >= 0 ? (a + b - 1) / b : -(-a / b);
}

/* Output size with explicit padding; below 1 when the window does not fit. */
static int64_t out_size(const struct lxa_window *w, int i, int ceil_mode)
{
	int64_t room = w->in[i] + w->pad_begin[i] + w->pad_end[i] - ((w->kernel[i] - 1) * w->dilation[i] + 1);
	int64_t out;

	if (room < 0)
		return 0;
	out = (ceil_mode ? div_up(room, w->stride[i]) : room / w->stride[i]) + 1;
	if (ceil_mode && (out - 1) * w->stride[i] >= w->in[i] + w->pad_begin[i])
		out--;
	return out;
}

static void pad_same(struct lxa_window *w, int i, int upper)
{
	int64_t reach = (w->kernel[i] - 1) * w->dilation[i] + 1, total;

	w->out[i] = div_up(w->in[i], w->stride[i]);
	total = (w->out[i] - 1) * w->stride[i] + reach - w->in[i];
	if (total < 0)
		total = 0;
	w->pad_begin[i] = upper ? total / 2 : total - total / 2;
	w->pad_end[i] = total - w->pad_begin[i];
}

static int place(const struct lxa_op_ctx *c, struct lxa_window *w, int ceil_mode)
{
	const char *mode = lxa_node_string(c->n, "auto_pad", "NOTSET");
	int i;

	for (i = 0; i < w->nd; i++) {
		if (!strcmp(mode, "SAME_UPPER") || !strcmp(mode, "SAME_LOWER")) {
			pad_same(w, i, mode[5] == 'U');
			continue;
		}
		if (!strcmp(mode, "VALID"))
			w->pad_begin[i] = w->pad_end[i] = 0;
		else if (strcmp(mode, "NOTSET") && *mode)
			return lxa_op_err(c, -EINVAL, "auto_pad \"%s\" is not known", mode);
		/* For VALID the operators' formulas round down in either mode. */
		w->out[i] = out_size(w, i, ceil_mode && strcmp(mode, "VALID"));
		if (w->out[i] < 1)
			return lxa_op_err(c, -EINVAL, "the window (%lld, dilation %lld) does not fit into the input (%lld, "
					  "padding %lld + %lld) in spatial dimension %d", (long long)w->kernel[i],
					  (long long)w->dilation[i], (long long)w->in[i], (long long)w->pad_begin[i],
					  (long long)w->pad_end[i], i);
	}
	return 0;
}

/* Everything but pads and out. */
static int parse(const struct lxa_op_ctx *c, const int64_t *kernel, struct lxa_window *w)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t kernel_attr[2 * LXA_WINDOW_MAX], stride[2 * LXA_WINDOW_MAX], dilation[2 * LXA_WINDOW_MAX];
	int i, ret;

	memset(w, 0, sizeof(*w));
	w->nd = x->ndim - 2;
	if (w->nd < 1 || w->nd > LXA_WINDOW_MAX)
		return lxa_op_err(c, -EINVAL, "the input has %d dimensions, must have 3 to %d", x->ndim, LXA_WINDOW_MAX + 2);
	if (!kernel && !lxa_node_attr(c->n, "kernel_shape"))
		return lxa_op_err(c, -EINVAL, "has no kernel_shape");
	ret = list(c, "kernel_shape", w->nd, 1, 1, kernel_attr);
	if (!ret)
		ret = list(c, "strides", w->nd, 1, 1, stride);
	if (!ret)
		ret = list(c, "dilations", w->nd, 1, 1, dilation);
	if (ret)
		return ret;
	for (i = 0; i < w->nd; i++) {
		w->in[i] = x->dims[2 + i];
		w->kernel[i] = kernel ? kernel[i] : kernel_attr[i];
		if (kernel && lxa_node_attr(c->n, "kernel_shape") && kernel_attr[i] != kernel[i])
			return lxa_op_err(c, -EINVAL, "kernel_shape[%d] is %lld, but the weights have %lld", i,
					  (long long)kernel_attr[i], (long long)kernel[i]);
		if (w->kernel[i] < 1 || w->kernel[i] > LIMIT || w->in[i] < 1)
			return lxa_op_err(c, -EINVAL, "kernel %lld over input %lld in spatial dimension %d is not possible",
					  (long long)w->kernel[i], (long long)w->in[i], i);
		w->stride[i] = stride[i];
		w->dilation[i] = dilation[i];
	}
	return 0;
}

static int parse_pads(const struct lxa_op_ctx *c, struct lxa_window *w)
{
	int64_t pads[2 * LXA_WINDOW_MAX];
	int i, ret = list(c, "pads", 2 * w->nd, 0, 0, pads);

	for (i = 0; i < w->nd && !ret; i++) {
		w->pad_begin[i] = pads[i];
		w->pad_end[i] = pads[w->nd + i];
	}
	return ret;
}

int lxa_window_parse(const struct lxa_op_ctx *c, const int64_t *kernel, int ceil_mode, struct lxa_window *w)
{
	int ret = parse(c, kernel, w);

	if (!ret)
		ret = parse_pads(c, w);
	return ret ? ret : place(c, w, ceil_mode);
}

/*
 * The output's size is given (by output_shape or auto_pad): half of what is too much comes off at each side, an odd element
 * more at the end when upper, else at the beginning; what is missing is added at the end.
 */
static void pads_for(struct lxa_window *w, int i, int64_t full, int64_t out, int upper)
{
	int64_t total = full - out;

	w->out[i] = out;
	w->pad_begin[i] = total <= 0 ? 0 : upper ? total / 2 : total - total / 2;
	w->pad_end[i] = total - w->pad_begin[i];
}

int lxa_window_transposed(const struct lxa_op_ctx *c, const int64_t *kernel, struct lxa_window *w)
{
	const char *mode = lxa_node_string(c->n, "auto_pad", "NOTSET");
	int64_t extra[2 * LXA_WINDOW_MAX], shape[2 * LXA_WINDOW_MAX], full;
	int upper = !strcmp(mode, "SAME_UPPER"), same = upper || !strcmp(mode, "SAME_LOWER"), valid = !strcmp(mode, "VALID");
	int i, given, ret;

	if (!same && !valid && strcmp(mode, "NOTSET") && *mode)
		return lxa_op_err(c, -EINVAL, "auto_pad \"%s\" is not known", mode);
	ret = parse(c, kernel, w);
	if (!ret)
		ret = parse_pads(c, w);
	if (!ret)
		ret = list(c, "output_padding", w->nd, 0, 0, extra);
	if (!ret)
		ret = lxa_op_attr_ints(c, "output_shape", 2 * LXA_WINDOW_MAX, shape, &given);
	if (ret)
		return ret;
	/* Some writers put the batch and the channels in front. */
	if (given && given != w->nd && given != w->nd + 2)
		return lxa_op_err(c, -EINVAL, "output_shape has %d values, must have %d", given, w->nd);
	for (i = 0; i < w->nd; i++) {
		int64_t asked = given ? shape[given - w->nd + i] : w->in[i] * w->stride[i];

		full = (w->in[i] - 1) * w->stride[i] + extra[i] + (w->kernel[i] - 1) * w->dilation[i] + 1;
		if (given || same) {
			if (asked < 1 || asked > LXA_MAX_COUNT)
				return lxa_op_err(c, -EINVAL, "output_shape[%d] is %lld", i, (long long)asked);
			/* Before opset 11 the description had the sides the other way round for output_shape. */
			pads_for(w, i, full, asked, given && c->g->opset < 11 ? !upper : upper);
			continue;
		}
		if (valid)
			w->pad_begin[i] = w->pad_end[i] = 0;
		w->out[i] = full - w->pad_begin[i] - w->pad_end[i];
		w->pad_end[i] -= extra[i];
		if (w->out[i] < 1)
			return lxa_op_err(c, -EINVAL, "padding %lld + %lld leaves nothing of the output (%lld) in spatial dimension %d",
					  (long long)w->pad_begin[i], (long long)w->pad_end[i] + extra[i], (long long)full, i);
	}
	return 0;
}
