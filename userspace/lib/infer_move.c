/* SPDX-License-Identifier: MIT */
/* infer_move.c - output shapes of the operators that move data or look at shapes. */
#include <errno.h>
#include <string.h>

#include "ops.h"

static int same_type(struct lxa_op_ctx *c, int ndim, const int64_t *dims)
{
	return lxa_op_shape(c, 0, c->in[0]->dtype, ndim, dims);
}

LXA_OP_INFER(flatten)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t dims[2];
	int axis, ret;

	ret = lxa_op_axis(c, lxa_node_int(c->n, "axis", 1), x->ndim, 1, &axis);
	if (ret)
		return ret;
	dims[0] = lxa_dims_count(axis, x->dims);
	dims[1] = lxa_dims_count(x->ndim - axis, x->dims + axis);
	return same_type(c, 2, dims);
}

LXA_OP_INFER(reshape)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t dims[LXA_MAX_DIMS], known = 1, count = lxa_tensor_count(x);
	int n, i, open = -1, ret;
	int allow_zero = lxa_node_int(c->n, "allowzero", 0) != 0;
	char from[160], to[160];

	if (c->g->opset < 5 && c->n_in < 2)
		ret = lxa_op_attr_ints(c, "shape", LXA_MAX_DIMS, dims, &n);
	else
		ret = lxa_op_ints(c, 1, "shape", LXA_MAX_DIMS, dims, &n);
	if (ret)
		return ret;
	for (i = 0; i < n; i++) {
		if (dims[i] == 0 && !allow_zero) {
			if (i >= x->ndim)
				return lxa_op_err(c, -EINVAL, "shape[%d] is 0 (keep), but the input has %d dimensions", i,
						  x->ndim);
			dims[i] = x->dims[i];
		}
		if (dims[i] < -1 || (dims[i] == -1 && open >= 0))
			return lxa_op_err(c, -EINVAL, "shape %s is not possible", lxa_dims_str(n, dims, to));
		if (dims[i] == -1)
			open = i;
	}
	if (open >= 0)
		dims[open] = 1;
	known = lxa_dims_count(n, dims);
	if (open >= 0) {
		if (known <= 0 || count % known)
			return lxa_op_err(c, -EINVAL, "%s cannot become a shape of %lld elements times an open dimension",
					  lxa_dims_str(x->ndim, x->dims, from), (long long)known);
		dims[open] = count / known;
		known = count;
	}
	if (known != count)
		return lxa_op_err(c, -EINVAL, "%s cannot become %s", lxa_dims_str(x->ndim, x->dims, from),
				  lxa_dims_str(n, dims, to));
	return same_type(c, n, dims);
}

LXA_OP_INFER(transpose)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t perm[LXA_MAX_DIMS], dims[LXA_MAX_DIMS];
	unsigned int seen = 0;
	int i, n, ret;

	ret = lxa_op_attr_ints(c, "perm", LXA_MAX_DIMS, perm, &n);
	if (ret)
		return ret;
	if (n && n != x->ndim)
		return lxa_op_err(c, -EINVAL, "perm has %d values, the input %d dimensions", n, x->ndim);
	for (i = 0; i < x->ndim; i++) {
		int64_t p = n ? perm[i] : x->ndim - 1 - i;

		if (p < 0 || p >= x->ndim || seen & 1u << p)
			return lxa_op_err(c, -EINVAL, "perm is not a permutation of 0 to %d", x->ndim - 1);
		seen |= 1u << p;
		dims[i] = x->dims[p];
	}
	return same_type(c, x->ndim, dims);
}

LXA_OP_INFER(concat)
{
	int64_t dims[LXA_MAX_DIMS];
	int axis, i, d, ret;

	ret = lxa_op_axis(c, lxa_node_int(c->n, "axis", c->g->opset < 4 ? 1 : 0), c->in[0]->ndim, 0, &axis);
	if (ret)
		return ret;
	memcpy(dims, c->in[0]->dims, sizeof(dims));
	for (i = 1; i < c->n_in; i++) {
		const struct lxa_tensor *x = c->in[i];

		if (!x)
			return lxa_op_err(c, -EINVAL, "input %d is missing", i);
		if (x->dtype != c->in[0]->dtype || x->ndim != c->in[0]->ndim)
			return lxa_op_err(c, -EINVAL, "inputs 0 and %d differ in type or number of dimensions", i);
		for (d = 0; d < x->ndim; d++) {
			if (d == axis)
				dims[d] += x->dims[d];
			else if (dims[d] != x->dims[d])
				return lxa_op_err(c, -EINVAL, "inputs 0 and %d differ in dimension %d", i, d);
		}
	}
	return same_type(c, c->in[0]->ndim, dims);
}

int lxa_pad_parse(const struct lxa_op_ctx *c, struct lxa_pads *p)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t pads[2 * LXA_MAX_DIMS], axes[LXA_MAX_DIMS];
	int n, n_axes, i, axis, ret;

	memset(p, 0, sizeof(*p));
	if (c->g->opset < 11 && c->n_in < 2)
		ret = lxa_op_attr_ints(c, c->g->opset < 2 ? "paddings" : "pads", 2 * LXA_MAX_DIMS, pads, &n);
	else
		ret = lxa_op_ints(c, 1, "pads", 2 * LXA_MAX_DIMS, pads, &n);
	if (ret)
		return ret;
	n_axes = x->ndim;
	for (i = 0; i < x->ndim; i++)
		axes[i] = i;
	if (c->n_in > 3 && c->in[3]) {
		ret = lxa_op_ints(c, 3, "axes", x->ndim, axes, &n_axes);
		if (ret)
			return ret;
	}
	if (n != 2 * n_axes)
		return lxa_op_err(c, -EINVAL, "pads has %d values, must have %d", n, 2 * n_axes);
	for (i = 0; i < n_axes; i++) {
		ret = lxa_op_axis(c, axes[i], x->ndim, 0, &axis);
		if (ret)
			return ret;
		if (pads[i] < -LXA_MAX_COUNT || pads[i] > LXA_MAX_COUNT || pads[n_axes + i] < -LXA_MAX_COUNT ||
		    pads[n_axes + i] > LXA_MAX_COUNT)
			return lxa_op_err(c, -EINVAL, "padding %lld + %lld is not possible", (long long)pads[i],
					  (long long)pads[n_axes + i]);
		p->begin[axis] = pads[i];
		p->end[axis] = pads[n_axes + i];
	}
	return 0;
}

LXA_OP_INFER(pad)
{
	const struct lxa_tensor *x = c->in[0], *v = c->n_in > 2 ? c->in[2] : NULL;
	const char *mode = lxa_node_string(c->n, "mode", "constant");
	int64_t dims[LXA_MAX_DIMS];
	struct lxa_pads p;
	int i, ret;

	if (strcmp(mode, "constant") && strcmp(mode, "reflect") && strcmp(mode, "edge") && strcmp(mode, "wrap"))
		return lxa_op_err(c, -EINVAL, "mode \"%s\" is not known", mode);
	if (v && (v->dtype != x->dtype || lxa_tensor_count(v) != 1))
		return lxa_op_err(c, -EINVAL, "the constant (input 2) must be one value of the input's type");
	ret = lxa_pad_parse(c, &p);
	if (ret)
		return ret;
	for (i = 0; i < x->ndim; i++) {
		dims[i] = x->dims[i] + p.begin[i] + p.end[i];
		if (dims[i] < 0 || (*mode != 'c' && dims[i] && !x->dims[i]))
			return lxa_op_err(c, -EINVAL, "padding %lld + %lld is not possible in dimension %d, which is %lld",
					  (long long)p.begin[i], (long long)p.end[i], i, (long long)x->dims[i]);
	}
	return same_type(c, x->ndim, dims);
}

LXA_OP_INFER(shape)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t start = lxa_node_int(c->n, "start", 0), end = lxa_node_int(c->n, "end", x->ndim), n;

	start += start < 0 ? x->ndim : 0;
	end += end < 0 ? x->ndim : 0;
	start = start < 0 ? 0 : start > x->ndim ? x->ndim : start;
	end = end < 0 ? 0 : end > x->ndim ? x->ndim : end;
	n = end > start ? end - start : 0;
	return lxa_op_shape(c, 0, LXA_INT64, 1, &n);
}

LXA_OP_INFER(gather)
{
	const struct lxa_tensor *x = c->in[0], *idx = c->in[1];
	int64_t dims[2 * LXA_MAX_DIMS];
	int axis, i, n = 0, ret;

	if (idx->dtype != LXA_INT64 && idx->dtype != LXA_INT32)
		return lxa_op_err(c, -EINVAL, "the indices are %s, must be int64 or int32", lxa_dtype_name((int)idx->dtype));
	ret = lxa_op_axis(c, lxa_node_int(c->n, "axis", 0), x->ndim, 0, &axis);
	if (ret)
		return ret;
	for (i = 0; i < axis; i++)
		dims[n++] = x->dims[i];
	for (i = 0; i < idx->ndim; i++)
		dims[n++] = idx->dims[i];
	for (i = axis + 1; i < x->ndim; i++)
		dims[n++] = x->dims[i];
	return same_type(c, n, dims);
}

/* The axes of Squeeze and Unsqueeze as a bit set over ndim dimensions: an attribute before opset 13, an input after. */
static int axes_set(struct lxa_op_ctx *c, int ndim, unsigned int *set)
{
	int64_t axes[LXA_MAX_DIMS];
	int n = 0, i, axis, ret = 0;

	*set = 0;
	if (c->n_in > 1 && c->in[1])
		ret = lxa_op_ints(c, 1, "axes", LXA_MAX_DIMS, axes, &n);
	else
		ret = lxa_op_attr_ints(c, "axes", LXA_MAX_DIMS, axes, &n);
	for (i = 0; i < n && !ret; i++) {
		/* Unsqueeze counts in the output, whose number of dimensions follows from the number of axes. */
		ret = lxa_op_axis(c, axes[i], ndim < 0 ? c->in[0]->ndim + n : ndim, 0, &axis);
		if (!ret && *set & 1u << axis)
			ret = lxa_op_err(c, -EINVAL, "axis %d is given twice", axis);
		if (!ret)
			*set |= 1u << axis;
	}
	return ret;
}

LXA_OP_INFER(squeeze)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t dims[LXA_MAX_DIMS];
	unsigned int set;
	int i, n = 0, ret;

	ret = axes_set(c, x->ndim, &set);
	if (ret)
		return ret;
	for (i = 0; i < x->ndim; i++) {
		if (!set && x->dims[i] == 1)
			continue;
		if (!(set & 1u << i)) {
			dims[n++] = x->dims[i];
			continue;
		}
		if (x->dims[i] != 1)
			return lxa_op_err(c, -EINVAL, "dimension %d is %lld, only 1 can be squeezed", i, (long long)x->dims[i]);
	}
	return same_type(c, n, dims);
}

LXA_OP_INFER(unsqueeze)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t dims[2 * LXA_MAX_DIMS];
	unsigned int set;
	int i, from = 0, n, ret;

	ret = axes_set(c, -1, &set);
	if (ret)
		return ret;
	n = x->ndim + __builtin_popcount(set);
	for (i = 0; i < n; i++)
		dims[i] = set & 1u << i ? 1 : x->dims[from++];
	return same_type(c, n, dims);
}

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

/* starts, ends, axes and steps: attributes before opset 10, inputs after. */
static int slice_lists(const struct lxa_op_ctx *c, int64_t v[4][LXA_MAX_DIMS], int n[4])
{
	static const char *const names[] = { "starts", "ends", "axes", "steps" };
	int i, ret = 0;

	for (i = 0; i < 4 && !ret; i++) {
		n[i] = 0;
		if (c->g->opset < 10)
			ret = lxa_op_attr_ints(c, names[i], LXA_MAX_DIMS, v[i], &n[i]);
		else if (i < 2 || (i + 1 < c->n_in && c->in[i + 1]))
			ret = lxa_op_ints(c, i + 1, names[i], LXA_MAX_DIMS, v[i], &n[i]);
	}
	return ret;
}

int lxa_slice_parse(const struct lxa_op_ctx *c, struct lxa_slice *s)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t v[4][LXA_MAX_DIMS];
	int n[4], i, axis, ret;

	ret = slice_lists(c, v, n);
	if (ret)
		return ret;
	if (n[0] != n[1] || (n[2] && n[2] != n[0]) || (n[3] && n[3] != n[0]))
		return lxa_op_err(c, -EINVAL, "starts, ends, axes and steps have different lengths");
	for (i = 0; i < x->ndim; i++) {
		s->start[i] = 0;
		s->step[i] = 1;
		s->count[i] = x->dims[i];
	}
	for (i = 0; i < n[0]; i++) {
		int64_t start = v[0][i], end = v[1][i], step = n[3] ? v[3][i] : 1, dim;

		ret = lxa_op_axis(c, n[2] ? v[2][i] : i, x->ndim, 0, &axis);
		if (ret)
			return ret;
		dim = x->dims[axis];
		if (!step || step < -INT32_MAX || step > INT32_MAX)
			return lxa_op_err(c, -EINVAL, "step %lld is not possible", (long long)step);
		start += start < 0 ? dim : 0;
		end += end < 0 ? dim : 0;
		start = step > 0 ? clamp(start, 0, dim) : clamp(start, 0, dim - 1);
		end = step > 0 ? clamp(end, 0, dim) : clamp(end, -1, dim - 1);
		s->start[axis] = start;
		s->step[axis] = step;
		s->count[axis] = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step;
		if (s->count[axis] < 0 || !dim)
			s->count[axis] = 0;
	}
	return 0;
}

LXA_OP_INFER(slice)
{
	struct lxa_slice s;
	int ret = lxa_slice_parse(c, &s);

	return ret ? ret : same_type(c, c->in[0]->ndim, s.count);
}

static int blocks(struct lxa_op_ctx *c, int64_t *block)
{
	const char *mode = lxa_node_string(c->n, "mode", "DCR");
	const struct lxa_tensor *x = c->in[0];

	if (strcmp(mode, "DCR") && strcmp(mode, "CRD"))
		return lxa_op_err(c, -EINVAL, "mode \"%s\" is not known", mode);
	*block = lxa_node_int(c->n, "blocksize", 0);
	if (x->ndim != 4)
		return lxa_op_err(c, -EINVAL, "the input has %d dimensions, must have 4", x->ndim);
	if (*block < 1 || *block > 4096)
		return lxa_op_err(c, -EINVAL, "blocksize %lld is not possible", (long long)*block);
	return 0;
}

LXA_OP_INFER(depth_to_space)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t block;
	int ret = blocks(c, &block);

	if (ret)
		return ret;
	if (x->dims[1] % (block * block))
		return lxa_op_err(c, -EINVAL, "blocksize %lld does not fit %lld channels", (long long)block,
				  (long long)x->dims[1]);
	return same_type(c, 4, (int64_t[]){ x->dims[0], x->dims[1] / (block * block), x->dims[2] * block, x->dims[3] * block });
}

LXA_OP_INFER(space_to_depth)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t block;
	int ret = blocks(c, &block);

	if (ret)
		return ret;
	if (x->dims[2] % block || x->dims[3] % block)
		return lxa_op_err(c, -EINVAL, "blocksize %lld does not fit an image of %lldx%lld", (long long)block,
				  (long long)x->dims[2], (long long)x->dims[3]);
	return same_type(c, 4, (int64_t[]){ x->dims[0], x->dims[1] * block * block, x->dims[2] / block, x->dims[3] / block });
}

/* The input's shape and the wanted one broadcast to the output's. */
LXA_OP_INFER(expand)
{
	struct lxa_tensor want = { 0 };
	int64_t dims[LXA_MAX_DIMS];
	int ndim, d, ret;

	ret = lxa_op_ints(c, 1, "shape", LXA_MAX_DIMS, want.dims, &want.ndim);
	for (d = 0; d < want.ndim && !ret; d++)
		if (want.dims[d] < 0)
			ret = lxa_op_err(c, -EINVAL, "shape[%d] is %lld", d, (long long)want.dims[d]);
	if (!ret)
		ret = lxa_op_broadcast(c, c->in[0], &want, &ndim, dims);
	return ret ? ret : same_type(c, ndim, dims);
}

LXA_OP_INFER(tile)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t repeats[LXA_MAX_DIMS], dims[LXA_MAX_DIMS];
	int n, d, ret = lxa_op_ints(c, 1, "repeats", LXA_MAX_DIMS, repeats, &n);

	if (ret)
		return ret;
	if (n != x->ndim)
		return lxa_op_err(c, -EINVAL, "repeats has %d values, the input %d dimensions", n, x->ndim);
	for (d = 0; d < n; d++) {
		if (repeats[d] < 0 || repeats[d] > LXA_MAX_COUNT)
			return lxa_op_err(c, -EINVAL, "repeats[%d] is %lld", d, (long long)repeats[d]);
		dims[d] = x->dims[d] * repeats[d];
	}
	return same_type(c, n, dims);
}

LXA_OP_INFER(size)
{
	return lxa_op_shape(c, 0, LXA_INT64, 0, NULL);
}

/*
 * The parts' lengths: an attribute before opset 13, an input after; without them as many equal parts as there are
 * outputs, and from opset 18 on (num_outputs) the last may be shorter.
 */
static int split_lengths(struct lxa_op_ctx *c, int64_t dim, int64_t *part, int *n)
{
	int64_t each, i;
	int ret;

	if (c->g->opset < 13)
		ret = lxa_op_attr_ints(c, "split", LXA_MAX_OUTPUTS, part, n);
	else if (c->n_in > 1 && c->in[1])
		ret = lxa_op_ints(c, 1, "split", LXA_MAX_OUTPUTS, part, n);
	else
		ret = *n = 0;
	if (ret || *n)
		return ret;
	*n = c->n_out;
	if (c->g->opset >= 18 && lxa_node_int(c->n, "num_outputs", *n) != *n)
		return lxa_op_err(c, -EINVAL, "num_outputs is %lld, but there are %d outputs",
				  (long long)lxa_node_int(c->n, "num_outputs", 0), *n);
	if (c->g->opset < 18 && dim % *n)
		return lxa_op_err(c, -EINVAL, "%lld does not split into %d equal parts", (long long)dim, *n);
	each = (dim + *n - 1) / *n;
	for (i = 0; i < *n; i++)
		part[i] = dim - i * each < 0 ? 0 : dim - i * each < each ? dim - i * each : each;
	return 0;
}

LXA_OP_INFER(split)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t part[LXA_MAX_OUTPUTS], dims[LXA_MAX_DIMS], sum = 0;
	int axis, n, i, ret;

	ret = lxa_op_axis(c, lxa_node_int(c->n, "axis", 0), x->ndim, 0, &axis);
	if (!ret)
		ret = split_lengths(c, x->dims[axis], part, &n);
	if (ret)
		return ret;
	if (n != c->n_out)
		return lxa_op_err(c, -EINVAL, "split has %d values, but there are %d outputs", n, c->n_out);
	memcpy(dims, x->dims, sizeof(dims));
	for (i = 0; i < n && !ret; i++) {
		if (part[i] < 0 || part[i] > x->dims[axis])
			return lxa_op_err(c, -EINVAL, "split[%d] is %lld", i, (long long)part[i]);
		sum += part[i];
		dims[axis] = part[i];
		ret = lxa_op_shape(c, i, x->dtype, x->ndim, dims);
	}
	if (!ret && sum != x->dims[axis])
		ret = lxa_op_err(c, -EINVAL, "the parts add up to %lld, dimension %d is %lld", (long long)sum, axis,
				 (long long)x->dims[axis]);
	return ret;
}

LXA_OP_INFER(gather_elements)
{
	const struct lxa_tensor *x = c->in[0], *idx = c->in[1];
	int axis, d, ret;

	if (idx->dtype != LXA_INT64 && idx->dtype != LXA_INT32)
		return lxa_op_err(c, -EINVAL, "the indices are %s, must be int64 or int32", lxa_dtype_name((int)idx->dtype));
	ret = lxa_op_axis(c, lxa_node_int(c->n, "axis", 0), x->ndim, 0, &axis);
	if (ret)
		return ret;
	if (idx->ndim != x->ndim)
		return lxa_op_err(c, -EINVAL, "the indices have %d dimensions, the input %d", idx->ndim, x->ndim);
	for (d = 0; d < x->ndim; d++)
		if (d != axis && idx->dims[d] > x->dims[d])
			return lxa_op_err(c, -EINVAL, "the indices are longer than the input in dimension %d", d);
	return same_type(c, idx->ndim, idx->dims);
}
