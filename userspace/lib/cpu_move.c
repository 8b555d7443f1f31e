/* SPDX-License-Identifier: MIT */
/*
 * cpu_move.c - the operators that move elements of any type: Transpose, Concat, Split, Pad, Slice, Gather, GatherElements,
 * Tile, DepthToSpace, SpaceToDepth; Shape and Size.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dtype.h"
#include "ops.h"

LXA_OP_EXEC(copy)
{
	memcpy(c->out[0].data, c->in[0]->data, (size_t)lxa_tensor_count(&c->out[0]) * lxa_dtype_size(c->out[0].dtype));
	return 0;
}

static void move(void *dst, const void *src, size_t size)
{
	switch (size) {
	case 1:
		*(uint8_t *)dst = *(const uint8_t *)src;
		break;
	case 2:
		*(uint16_t *)dst = *(const uint16_t *)src;
		break;
	case 4:
		*(uint32_t *)dst = *(const uint32_t *)src;
		break;
	case 8:
		*(uint64_t *)dst = *(const uint64_t *)src;
		break;
	default:
		memcpy(dst, src, size);
	}
}

/*
 * Fill the output (dims, dense) from elements of src at base + sum of index * stride. Strides may be negative or zero.
 */
static void gather_strided(struct lxa_tensor *out, int ndim, const int64_t *dims, const void *src, int64_t base,
			   const int64_t *stride)
{
	int64_t at[2 * LXA_MAX_DIMS] = { 0 }, from = base, pos = 0;
	size_t size = lxa_dtype_size(out->dtype);
	int d;

	if (!lxa_dims_count(ndim, dims))
		return;
	do {
		move((char *)out->data + (size_t)pos++ * size, (const char *)src + (size_t)from * size, size);
		for (d = ndim - 1; d >= 0; d--) {
			from += stride[d];
			if (++at[d] < dims[d])
				break;
			from -= stride[d] * dims[d];
			at[d] = 0;
		}
	} while (d >= 0);
}

static void strides_of(const struct lxa_tensor *t, int64_t *stride)
{
	int64_t s = 1;
	int d;

	for (d = t->ndim - 1; d >= 0; d--) {
		stride[d] = s;
		s *= t->dims[d];
	}
}

LXA_OP_EXEC(transpose)
{
	const struct lxa_tensor *x = c->in[0];
	const struct lxa_attr *perm = lxa_node_attr(c->n, "perm");
	int64_t stride[LXA_MAX_DIMS], permuted[LXA_MAX_DIMS];
	int d;

	strides_of(x, stride);
	for (d = 0; d < x->ndim; d++)
		permuted[d] = stride[perm && perm->n ? perm->ints[d] : x->ndim - 1 - d];
	gather_strided(&c->out[0], x->ndim, c->out[0].dims, x->data, 0, permuted);
	return 0;
}

LXA_OP_EXEC(concat)
{
	const struct lxa_tensor *out = &c->out[0];
	size_t size = lxa_dtype_size(out->dtype), row, at = 0;
	int64_t outer, o;
	int axis, i, ret;

	ret = lxa_op_axis(c, lxa_node_int(c->n, "axis", c->g->opset < 4 ? 1 : 0), out->ndim, 0, &axis);
	if (ret)
		return ret;
	outer = lxa_dims_count(axis, out->dims);
	row = (size_t)lxa_dims_count(out->ndim - axis, out->dims + axis) * size;
	for (i = 0; i < c->n_in; i++) {
		const struct lxa_tensor *x = c->in[i];
		size_t part = (size_t)lxa_dims_count(x->ndim - axis, x->dims + axis) * size;

		for (o = 0; o < outer && part; o++)
			memcpy((char *)out->data + (size_t)o * row + at, (const char *)x->data + (size_t)o * part, part);
		at += part;
	}
	return 0;
}

/* The parts one after the other along the axis. */
LXA_OP_EXEC(split)
{
	const struct lxa_tensor *x = c->in[0];
	size_t size = lxa_dtype_size(x->dtype), row, at = 0;
	int64_t outer, o;
	int axis, i, ret;

	ret = lxa_op_axis(c, lxa_node_int(c->n, "axis", 0), x->ndim, 0, &axis);
	if (ret)
		return ret;
	outer = lxa_dims_count(axis, x->dims);
	row = (size_t)lxa_dims_count(x->ndim - axis, x->dims + axis) * size;
	for (i = 0; i < c->n_out; i++) {
		const struct lxa_tensor *out = &c->out[i];
		size_t part = (size_t)lxa_dims_count(out->ndim - axis, out->dims + axis) * size;

		for (o = 0; o < outer && part; o++)
			memcpy((char *)out->data + (size_t)o * part, (const char *)x->data + (size_t)o * row + at, part);
		at += part;
	}
	return 0;
}

/* Every axis twice: which copy, and the index in it. */
LXA_OP_EXEC(tile)
{
	const struct lxa_tensor *x = c->in[0], *out = &c->out[0];
	int64_t dims[2 * LXA_MAX_DIMS], steps[2 * LXA_MAX_DIMS], stride[LXA_MAX_DIMS];
	int d;

	strides_of(x, stride);
	for (d = 0; d < x->ndim; d++) {
		dims[2 * d] = out->dims[d] / x->dims[d];
		dims[2 * d + 1] = x->dims[d];
		steps[2 * d] = 0;
		steps[2 * d + 1] = stride[d];
	}
	gather_strided(&c->out[0], 2 * x->ndim, dims, x->data, 0, steps);
	return 0;
}

/* Which input index an output index comes from, -1 for the constant. */
static int64_t pad_source(char mode, int64_t i, int64_t dim)
{
	if (i >= 0 && i < dim)
		return i;
	switch (mode) {
	case 'e':
		return i < 0 ? 0 : dim - 1;
	case 'w':
		return (i % dim + dim) % dim;
	case 'r':
		if (dim == 1)
			return 0;
		i = (i % (2 * dim - 2) + 2 * dim - 2) % (2 * dim - 2);
		return i < dim ? i : 2 * dim - 2 - i;
	}
	return -1;
}

/* Element offsets for every index of every dimension of the output, one list after the other; -1 for the constant. */
static int64_t *pad_maps(const struct lxa_tensor *x, const struct lxa_tensor *out, const struct lxa_pads *p, char mode)
{
	int64_t stride[LXA_MAX_DIMS], total = 0, i, *maps, *map;
	int d;

	for (d = 0; d < out->ndim; d++)
		total += out->dims[d];
	map = maps = malloc(((size_t)total + 1) * sizeof(*maps));
	if (!maps)
		return NULL;
	strides_of(x, stride);
	for (d = 0; d < out->ndim; d++) {
		for (i = 0; i < out->dims[d]; i++) {
			int64_t from = pad_source(mode, i - p->begin[d], x->dims[d]);

			*map++ = from < 0 ? -1 : from * stride[d];
		}
	}
	return maps;
}

LXA_OP_EXEC(pad)
{
	const struct lxa_tensor *x = c->in[0], *v = c->n_in > 2 ? c->in[2] : NULL;
	struct lxa_tensor *out = &c->out[0];
	size_t size = lxa_dtype_size(x->dtype);
	int64_t at[LXA_MAX_DIMS] = { 0 }, pos, count = lxa_tensor_count(out), *maps;
	uint8_t fill[8] = { 0 };
	struct lxa_tensor one = { .dtype = x->dtype, .data = fill };
	struct lxa_pads p;
	int d, ret;

	ret = lxa_pad_parse(c, &p);
	if (ret)
		return ret;
	if (v)
		memcpy(fill, v->data, size);
	else
		lxa_real_put(&one, 0, (double)lxa_node_float(c->n, "value", 0));
	maps = pad_maps(x, out, &p, *lxa_node_string(c->n, "mode", "constant"));
	if (!maps)
		return lxa_op_err(c, -ENOMEM, "out of memory");
	for (pos = 0; pos < count; pos++) {
		const int64_t *map = maps;
		int64_t from = 0;

		for (d = 0; d < out->ndim; map += out->dims[d++])
			from = from < 0 || map[at[d]] < 0 ? -1 : from + map[at[d]];
		move((char *)out->data + (size_t)pos * size,
		     from < 0 ? (const char *)fill : (const char *)x->data + (size_t)from * size, size);
		for (d = out->ndim - 1; d >= 0 && ++at[d] == out->dims[d]; d--)
			at[d] = 0;
	}
	free(maps);
	return 0;
}

LXA_OP_EXEC(shape)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t start = lxa_node_int(c->n, "start", 0), i;

	start += start < 0 ? x->ndim : 0;
	start = start < 0 ? 0 : start;
	for (i = 0; i < c->out[0].dims[0]; i++)
		((int64_t *)c->out[0].data)[i] = x->dims[start + i];
	return 0;
}

LXA_OP_EXEC(size)
{
	*(int64_t *)c->out[0].data = lxa_tensor_count(c->in[0]);
	return 0;
}

static int index_at(struct lxa_op_ctx *c, int64_t i, int axis, int64_t *k)
{
	const struct lxa_tensor *idx = c->in[1];
	int64_t dim = c->in[0]->dims[axis];

	*k = idx->dtype == LXA_INT64 ? ((int64_t *)idx->data)[i] : ((int32_t *)idx->data)[i];
	if (*k < -dim || *k >= dim)
		return lxa_op_err(c, -EINVAL, "index %lld is outside dimension %d, which is %lld", (long long)*k, axis,
				  (long long)dim);
	*k += *k < 0 ? dim : 0;
	return 0;
}

/* The input's element at the output's place, but for the index along the axis. */
LXA_OP_EXEC(gather_elements)
{
	const struct lxa_tensor *x = c->in[0], *out = &c->out[0];
	int64_t stride[LXA_MAX_DIMS], at[LXA_MAX_DIMS] = { 0 }, n = lxa_tensor_count(out), i, k;
	size_t size = lxa_dtype_size(x->dtype);
	int axis, d, ret;

	ret = lxa_op_axis(c, lxa_node_int(c->n, "axis", 0), x->ndim, 0, &axis);
	strides_of(x, stride);
	for (i = 0; i < n && !ret; i++) {
		int64_t from = 0;

		ret = index_at(c, i, axis, &k);
		if (ret)
			break;
		for (d = 0; d < x->ndim; d++)
			from += stride[d] * (d == axis ? k : at[d]);
		move((char *)out->data + (size_t)i * size, (const char *)x->data + (size_t)from * size, size);
		for (d = x->ndim - 1; d >= 0 && ++at[d] == out->dims[d]; d--)
			at[d] = 0;
	}
	return ret;
}

LXA_OP_EXEC(gather)
{
	const struct lxa_tensor *x = c->in[0], *idx = c->in[1];
	int64_t outer, n = lxa_tensor_count(idx), o, i;
	size_t inner;
	char *to = c->out[0].data;
	int axis, ret;

	ret = lxa_op_axis(c, lxa_node_int(c->n, "axis", 0), x->ndim, 0, &axis);
	if (ret)
		return ret;
	outer = lxa_dims_count(axis, x->dims);
	inner = (size_t)lxa_dims_count(x->ndim - axis - 1, x->dims + axis + 1) * lxa_dtype_size(x->dtype);
	for (o = 0; o < outer; o++) {
		for (i = 0; i < n; i++, to += inner) {
			int64_t k;

			ret = index_at(c, i, axis, &k);
			if (ret)
				return ret;
			memcpy(to, (const char *)x->data + (size_t)(o * x->dims[axis] + k) * inner, inner);
		}
	}
	return 0;
}

LXA_OP_EXEC(slice)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t stride[LXA_MAX_DIMS], base = 0;
	struct lxa_slice s;
	int d, ret;

	ret = lxa_slice_parse(c, &s);
	if (ret)
		return ret;
	strides_of(x, stride);
	for (d = 0; d < x->ndim; d++) {
		base += s.start[d] * stride[d];
		stride[d] *= s.step[d];
	}
	gather_strided(&c->out[0], x->ndim, c->out[0].dims, x->data, base, stride);
	return 0;
}

/* Output n, ch, y, by, x, bx from input n, (by, bx, ch) in DCR or (ch, by, bx) in CRD order, y, x. */
LXA_OP_EXEC(depth_to_space)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t block = lxa_node_int(c->n, "blocksize", 1), ch = c->out[0].dims[1], plane = x->dims[2] * x->dims[3];
	int crd = !strcmp(lxa_node_string(c->n, "mode", "DCR"), "CRD");
	int64_t per_ch = crd ? block * block : 1, per_b = crd ? 1 : ch;
	int64_t dims[6] = { x->dims[0], ch, x->dims[2], block, x->dims[3], block };
	int64_t stride[6] = {
		x->dims[1] * plane, per_ch * plane, x->dims[3], per_b * block * plane, 1, per_b * plane,
	};

	gather_strided(&c->out[0], 6, dims, x->data, 0, stride);
	return 0;
}

/* Output n, (by, bx, ch) in DCR or (ch, by, bx) in CRD order, y, x from input n, ch, y, by, x, bx. */
LXA_OP_EXEC(space_to_depth)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t block = lxa_node_int(c->n, "blocksize", 1), h = x->dims[2], w = x->dims[3];
	int64_t dims[6] = { x->dims[0], block, block, x->dims[1], h / block, w / block };
	int64_t stride[6] = { x->dims[1] * h * w, w, 1, h * w, block * w, block };
	int64_t crd_dims[6] = { x->dims[0], x->dims[1], block, block, h / block, w / block };
	int64_t crd_stride[6] = { x->dims[1] * h * w, h * w, w, 1, block * w, block };

	if (!strcmp(lxa_node_string(c->n, "mode", "DCR"), "CRD"))
		gather_strided(&c->out[0], 6, crd_dims, x->data, 0, crd_stride);
	else
		gather_strided(&c->out[0], 6, dims, x->data, 0, stride);
	return 0;
}
