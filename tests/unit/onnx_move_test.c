/* SPDX-License-Identifier: MIT */
/*
 * onnx_move_test.c - the operators that move elements: each output element of random tensors is looked up where the
 * specification says that it comes from; and the forms of older opsets by hand.
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

/* Types of every element size. */
static enum lxa_dtype any_type(void)
{
	static const enum lxa_dtype types[] = { LXA_F32, LXA_F64, LXA_F16, LXA_INT8, LXA_UINT16, LXA_INT64, LXA_INT32, LXA_F8E5M2 };

	return types[rnd(8)];
}

/* A tensor in which no two neighbours are equal: the element's number, in whatever range the type has. */
static struct lxa_tensor *numbered(struct node_test *t, enum lxa_dtype type, int ndim, const int64_t *dims)
{
	struct lxa_tensor *x = node_in(t, type, ndim, dims, NULL);
	int64_t i;

	for (i = 0; i < lxa_tensor_count(x); i++)
		switch (lxa_dtype_size(type)) {
		case 1:
			((uint8_t *)x->data)[i] = (uint8_t)(i % 113);
			break;
		case 2:
			((uint16_t *)x->data)[i] = (uint16_t)i;
			break;
		case 4:
			((uint32_t *)x->data)[i] = (uint32_t)i;
			break;
		default:
			((uint64_t *)x->data)[i] = (uint64_t)i;
		}
	return x;
}

static int equal_elements(const struct lxa_tensor *a, int64_t i, const struct lxa_tensor *b, int64_t j)
{
	size_t size = lxa_dtype_size(a->dtype);

	return a->dtype == b->dtype &&
	       !memcmp((const char *)a->data + (size_t)i * size, (const char *)b->data + (size_t)j * size, size);
}

static void index_of(const struct lxa_tensor *t, int64_t i, int64_t *at)
{
	int d;

	for (d = t->ndim - 1; d >= 0; d--) {
		at[d] = i % t->dims[d];
		i /= t->dims[d];
	}
}

static int64_t offset_of(const struct lxa_tensor *t, const int64_t *at)
{
	int64_t pos = 0;
	int d;

	for (d = 0; d < t->ndim; d++)
		pos = pos * t->dims[d] + at[d];
	return pos;
}

static void random_dims(int *ndim, int64_t *dims)
{
	int d;

	*ndim = 1 + (int)rnd(4);
	for (d = 0; d < 4; d++)
		dims[d] = 1 + rnd(5);
}

static void list(struct node_test *t, const char *attr, int as_input, int n, const int64_t *v)
{
	double values[8];
	int i;

	for (i = 0; i < n; i++)
		values[i] = (double)v[i];
	if (!as_input)
		node_ints(t, attr, n, v);
	else
		node_in(t, rnd(2) || !strcmp(attr, "pads") || !strcmp(attr, "split") ? LXA_INT64 : LXA_INT32, 1, (int64_t[]){ n }, values);
}

/* ---- Slice: attributes, from opset 10 on inputs with steps ---- */

/* The indices that x[start:end:step] takes. Unlike Python's, a start before the first element counts as it backwards, too. */
static int sliced(int64_t dim, int64_t start, int64_t end, int64_t step, int64_t *index)
{
	int64_t i;
	int n = 0;

	start = start < 0 ? start + dim : start;
	end = end < 0 ? end + dim : end;
	for (i = 0; i < dim && step > 0; i++)
		if (i >= start && i < end && (i - (start < 0 ? 0 : start)) % step == 0)
			index[n++] = i;
	start = start < 0 ? 0 : start > dim - 1 ? dim - 1 : start;
	for (i = dim - 1; i >= 0 && step < 0; i--)
		if (i <= start && i > end && (start - i) % -step == 0)
			index[n++] = i;
	return n;
}

static void one_slice(int opset)
{
	int64_t dims[4], start[4], end[4], axes[4], step[4], index[4][8], at[4], from[4], i;
	int ndim, d, n = 0, count[4];
	struct node_test t;

	random_dims(&ndim, dims);
	node_init(&t, "Slice", "", opset);
	numbered(&t, any_type(), ndim, dims);
	for (d = 0; d < ndim; d++) {
		count[d] = sliced(dims[d], 0, dims[d], 1, index[d]);
		if (rnd(3) == 0)
			continue;
		start[n] = (int64_t)rnd(14) - 7;
		end[n] = (int64_t)rnd(14) - 7;
		axes[n] = rnd(2) ? d : d - ndim;
		step[n] = opset < 10 || rnd(2) ? 1 : (int64_t)rnd(3) + 1;
		if (opset >= 10 && rnd(3) == 0)
			step[n] = -step[n];
		count[d] = sliced(dims[d], start[n], end[n], step[n], index[d]);
		n++;
	}
	if (!n) {
		node_done(&t);
		return;
	}
	list(&t, "starts", opset >= 10, n, start);
	if (opset >= 10)	/* one type for all lists */
		node_in(&t, t.in[1].dtype, t.in[1].ndim, t.in[1].dims, NULL);
	else
		list(&t, "ends", 0, n, end);
	for (i = 0; i < n && opset >= 10; i++)
		tensor_set(&t.in[2], i, (double)end[i]);
	list(&t, "axes", opset >= 10, n, axes);
	if (opset >= 10)
		list(&t, "steps", 1, n, step);
	node_run(&t);
	for (d = 0; d < ndim; d++)
		assert_int_equal(t.out[0].dims[d], count[d]);
	for (i = 0; i < lxa_tensor_count(&t.out[0]); i++) {
		index_of(&t.out[0], i, at);
		for (d = 0; d < ndim; d++)
			from[d] = index[d][at[d]];
		assert_true(equal_elements(&t.out[0], i, &t.in[0], offset_of(&t.in[0], from)));
	}
	node_done(&t);
}

static void test_slice(void **unused)
{
	struct node_test t;
	int i;

	for (i = 0; i < 200; i++)
		one_slice((int[]){ 7, 9, 10, 13 }[rnd(4)]);
	node_init(&t, "Slice", "", 10);		/* to the end, whatever it is; backwards over everything */
	node_in(&t, LXA_F32, DIMS(4), VALUES(1, 2, 3, 4));
	node_in(&t, LXA_INT64, DIMS(1), NULL);
	node_in(&t, LXA_INT64, DIMS(1), NULL);
	node_in(&t, LXA_INT64, DIMS(1), VALUES(0));
	node_in(&t, LXA_INT64, DIMS(1), VALUES(-1));
	*(int64_t *)t.in[1].data = INT64_MAX;
	*(int64_t *)t.in[2].data = INT64_MIN;
	node_want(&t, 0, LXA_F32, DIMS(4), VALUES(4, 3, 2, 1));
	tensor_set(&t.in[4], 0, 0);
	node_refused(&t, "step 0 is not possible");
	node_done(&t);
}

/* ---- Split ---- */

static void one_split(int opset)
{
	int64_t dims[4], part[4] = { 0 }, at[4], begin = 0, i, sum = 0;
	int ndim, axis, n = 1 + (int)rnd(4), k, given = (int)rnd(2), negative;
	struct node_test t;

	random_dims(&ndim, dims);
	axis = (int)rnd((uint32_t)ndim);
	negative = opset >= 11 && rnd(2);
	if (given) {
		for (k = 0; k < n; k++)
			sum += part[k] = rnd(3);
		dims[axis] = sum;
	} else if (opset < 18) {
		dims[axis] = n * (1 + rnd(3));
		for (k = 0; k < n; k++)
			part[k] = dims[axis] / n;
	} else {	/* the last part may be shorter */
		dims[axis] = 4 + rnd(6);
		for (k = 0; k < n; k++) {
			part[k] = (dims[axis] + n - 1) / n;
			part[k] = part[k] * (k + 1) <= dims[axis] ? part[k] : dims[axis] - part[k] * k > 0 ? dims[axis] - part[k] * k : 0;
		}
	}
	node_init(&t, "Split", "", opset);
	t.n.n_out = n;
	node_int(&t, "axis", negative ? axis - ndim : axis);
	numbered(&t, any_type(), ndim, dims);
	if (given)
		list(&t, "split", opset >= 13, n, part);
	else if (opset >= 18)
		node_int(&t, "num_outputs", n);
	node_run(&t);
	for (k = 0; k < n; begin += part[k++]) {
		assert_int_equal(t.out[k].dims[axis], part[k]);
		for (i = 0; i < lxa_tensor_count(&t.out[k]); i++) {
			index_of(&t.out[k], i, at);
			at[axis] += begin;
			assert_true(equal_elements(&t.out[k], i, &t.in[0], offset_of(&t.in[0], at)));
		}
	}
	node_done(&t);
}

static void test_split(void **unused)
{
	struct node_test t;
	int i;

	for (i = 0; i < 200; i++)
		one_split((int[]){ 7, 11, 13, 18 }[rnd(4)]);
	node_init(&t, "Split", "", 13);
	t.n.n_out = 2;
	node_in(&t, LXA_F32, DIMS(5), NULL);
	node_refused(&t, "5 does not split into 2 equal parts");
	node_in(&t, LXA_INT64, DIMS(2), VALUES(2, 2));
	node_refused(&t, "the parts add up to 4, dimension 0 is 5");
	tensor_set(&t.in[1], 0, -1);
	node_refused(&t, "split[0] is -1");
	node_done(&t);
}

/* ---- Pad ---- */

/* Walks one step at a time: the index that pad position p (may be negative or beyond) takes, -1 for the constant. */
static int64_t padded_from(const char *mode, int64_t p, int64_t dim)
{
	int64_t i = 0, step = p < 0 ? -1 : 1, way = 1, k;

	if (p >= 0 && p < dim)
		return p;
	if (!strcmp(mode, "constant"))
		return -1;
	if (!strcmp(mode, "edge"))
		return p < 0 ? 0 : dim - 1;
	for (k = 0; k != p; k += step) {
		if (!strcmp(mode, "wrap")) {
			i = i + step == dim ? 0 : i + step < 0 ? dim - 1 : i + step;
		} else if (dim > 1) {	/* reflect: turns round at the ends */
			if (i + step * way < 0 || i + step * way >= dim)
				way = -way;
			i += step * way;
		}
	}
	return i;
}

static void one_pad(int opset)
{
	static const char *const modes[] = { "constant", "reflect", "edge", "wrap" };
	const char *mode = modes[rnd(opset >= 19 ? 4 : 3)];
	enum lxa_dtype type = any_type();
	int64_t dims[4], pads[8], axes[4], begin[4] = { 0 }, end[4] = { 0 }, at[4], i;
	int ndim, d, n = 0, some = opset >= 18 && rnd(2), k;
	struct lxa_tensor fill = { .dtype = type, .ndim = 0 };
	struct node_test t;

	random_dims(&ndim, dims);
	assert_int_equal(lxa_tensor_alloc(&fill), 0);
	node_init(&t, "Pad", "", opset);
	node_string(&t, "mode", mode);
	numbered(&t, type, ndim, dims);
	for (d = 0; d < ndim; d++) {
		if (some && rnd(2))
			continue;
		begin[d] = (int64_t)rnd(6) - 2;
		end[d] = (int64_t)rnd(6) - 2;
		while (begin[d] < -dims[d] || begin[d] + end[d] < -dims[d])
			begin[d]++;
		axes[n++] = d;
	}
	for (k = 0; k < n; k++) {
		pads[k] = begin[axes[k]];
		pads[n + k] = end[axes[k]];
		axes[k] -= rnd(2) ? ndim : 0;
	}
	list(&t, "pads", opset >= 11, 2 * n, pads);
	if (opset >= 11) {
		node_in(&t, type, SCALAR, VALUES(1));
		tensor_set(&fill, 0, 1);
	} else {
		node_float(&t, "value", 1);
		tensor_set(&fill, 0, 1);
	}
	if (some)
		list(&t, "axes", 1, n, axes);
	node_run(&t);
	for (i = 0; i < lxa_tensor_count(&t.out[0]); i++) {
		index_of(&t.out[0], i, at);
		for (k = 0, d = 0; d < ndim; d++) {
			assert_int_equal(t.out[0].dims[d], dims[d] + begin[d] + end[d]);
			at[d] = padded_from(mode, at[d] - begin[d], dims[d]);
			k |= at[d] < 0;
		}
		assert_true(k ? equal_elements(&t.out[0], i, &fill, 0) : equal_elements(&t.out[0], i, &t.in[0], offset_of(&t.in[0], at)));
	}
	node_done(&t);
	lxa_tensor_free(&fill);
}

static void test_pad(void **unused)
{
	struct node_test t;
	int i;

	for (i = 0; i < 300; i++)
		one_pad((int[]){ 7, 11, 13, 18, 19 }[rnd(5)]);
	node_init(&t, "Pad", "", 19);
	node_string(&t, "mode", "mirror");
	node_in(&t, LXA_F32, DIMS(2), NULL);
	node_in(&t, LXA_INT64, DIMS(2), NULL);
	node_refused(&t, "mode \"mirror\" is not known");
	node_done(&t);
}

/* ---- Transpose, Concat, Gather, GatherElements, Expand, Tile ---- */

static void one_transpose(void)
{
	int64_t dims[4], perm[4], at[4], from[4], i, x;
	int ndim, d, given = (int)rnd(3);
	struct node_test t;

	random_dims(&ndim, dims);
	for (d = 0; d < ndim; d++)
		perm[d] = ndim - 1 - d;		/* the default */
	node_init(&t, "Transpose", "", (int[]){ 7, 13, 21 }[rnd(3)]);
	if (given) {
		for (d = ndim - 1; d > 0; d--) {
			int k = (int)rnd((uint32_t)d + 1);

			x = perm[d];
			perm[d] = perm[k];
			perm[k] = x;
		}
		node_ints(&t, "perm", ndim, perm);
	}
	numbered(&t, any_type(), ndim, dims);
	node_run(&t);
	for (i = 0; i < lxa_tensor_count(&t.out[0]); i++) {
		index_of(&t.out[0], i, at);
		for (d = 0; d < ndim; d++)
			from[perm[d]] = at[d];
		assert_true(equal_elements(&t.out[0], i, &t.in[0], offset_of(&t.in[0], from)));
	}
	node_done(&t);
}

static void one_concat(void)
{
	int64_t dims[4], at[4], i;
	int ndim, axis, k, n = 1 + (int)rnd(4), opset = (int[]){ 7, 11, 13 }[rnd(3)];
	enum lxa_dtype type = any_type();
	struct node_test t;

	random_dims(&ndim, dims);
	axis = (int)rnd((uint32_t)ndim);
	node_init(&t, "Concat", "", opset);
	node_int(&t, "axis", opset >= 11 && rnd(2) ? axis - ndim : axis);
	for (k = 0; k < n; k++) {
		dims[axis] = rnd(4);
		numbered(&t, type, ndim, dims);
	}
	node_run(&t);
	for (i = 0; i < lxa_tensor_count(&t.out[0]); i++) {
		index_of(&t.out[0], i, at);
		for (k = 0; at[axis] >= t.in[k].dims[axis]; k++)
			at[axis] -= t.in[k].dims[axis];
		assert_true(equal_elements(&t.out[0], i, &t.in[k], offset_of(&t.in[k], at)));
	}
	node_done(&t);
}

static void one_gather(int elements)
{
	int64_t dims[4], idims[4], at[8], from[4], i, k;
	int ndim, axis, d, nidx = elements ? 0 : (int)rnd(3), opset = elements || rnd(2) ? 13 : 7;
	struct lxa_tensor *x, *idx;
	struct node_test t;

	random_dims(&ndim, dims);
	axis = (int)rnd((uint32_t)ndim);
	for (d = 0; d < 4; d++)
		idims[d] = elements && d != axis ? 1 + rnd((uint32_t)dims[d]) : 1 + rnd(4);
	node_init(&t, elements ? "GatherElements" : "Gather", "", opset);
	if (axis || rnd(2))
		node_int(&t, "axis", rnd(2) ? axis - ndim : axis);
	x = numbered(&t, any_type(), ndim, dims);
	idx = node_random(&t, rnd(2) ? LXA_INT64 : LXA_INT32, elements ? ndim : nidx, idims, opset >= 11 ? -dims[axis] : 0, dims[axis] - 1);
	node_run(&t);
	assert_int_equal(t.out[0].ndim, elements ? ndim : ndim - 1 + nidx);
	for (i = 0; i < lxa_tensor_count(&t.out[0]); i++) {
		index_of(&t.out[0], i, at);
		k = (int64_t)tensor_get(idx, offset_of(idx, elements ? at : at + axis));
		k += k < 0 ? dims[axis] : 0;
		for (d = 0; d < ndim; d++)
			from[d] = d == axis ? k : at[d > axis && !elements ? d - 1 + nidx : d];
		assert_true(equal_elements(&t.out[0], i, x, offset_of(x, from)));
	}
	node_done(&t);
}

static void one_expand(void)
{
	int64_t dims[4], full[4], at[4], from[4], i;
	int ndim, d, n, opset = (int[]){ 8, 13 }[rnd(2)];
	struct node_test t;
	double shape[4];

	random_dims(&ndim, full);
	n = (int)rnd((uint32_t)ndim + 1);	/* the input's dimensions; those of the shape are all or n of them */
	for (d = 0; d < n; d++)
		dims[d] = rnd(2) ? 1 : full[ndim - n + d];
	node_init(&t, "Expand", "", opset);
	numbered(&t, any_type(), n, dims);
	for (d = 0; d < ndim; d++)	/* 1 leaves the input's length */
		shape[d] = d >= ndim - n && rnd(2) && dims[d - ndim + n] == full[d] ? 1 : (double)full[d];
	node_in(&t, LXA_INT64, 1, (int64_t[]){ ndim }, shape);
	node_want(&t, 0, t.in[0].dtype, ndim, full, NULL);
	for (i = 0; i < lxa_tensor_count(&t.out[0]); i++) {
		index_of(&t.out[0], i, at);
		for (d = 0; d < n; d++)
			from[d] = dims[d] == 1 ? 0 : at[ndim - n + d];
		assert_true(equal_elements(&t.out[0], i, &t.in[0], offset_of(&t.in[0], from)));
	}
	node_done(&t);
}

static void one_tile(void)
{
	int64_t dims[4], at[4], i;
	double repeats[4];
	struct node_test t;
	int ndim, d;

	random_dims(&ndim, dims);
	for (d = 0; d < ndim; d++)
		repeats[d] = rnd(4);
	node_init(&t, "Tile", "", 13);
	numbered(&t, any_type(), ndim, dims);
	node_in(&t, LXA_INT64, 1, (int64_t[]){ ndim }, repeats);
	node_run(&t);
	for (i = 0; i < lxa_tensor_count(&t.out[0]); i++) {
		index_of(&t.out[0], i, at);
		for (d = 0; d < ndim; d++)
			at[d] %= dims[d];
		assert_true(equal_elements(&t.out[0], i, &t.in[0], offset_of(&t.in[0], at)));
	}
	node_done(&t);
}

static void test_lookups(void **unused)
{
	struct node_test t;
	int i;

	for (i = 0; i < 100; i++) {
		one_transpose();
		one_concat();
		one_gather(0);
		one_gather(1);
		one_expand();
		one_tile();
	}
	node_init(&t, "Gather", "", 13);
	node_in(&t, LXA_F32, DIMS(3), NULL);
	node_in(&t, LXA_INT64, DIMS(1), VALUES(3));
	node_refused(&t, "index 3 is outside dimension 0, which is 3");
	node_done(&t);
	node_init(&t, "Expand", "", 13);
	node_in(&t, LXA_F32, DIMS(3), NULL);
	node_in(&t, LXA_INT64, DIMS(1), VALUES(2));
	node_refused(&t, "shapes 3 and 2 do not broadcast");
	tensor_set(&t.in[1], 0, -1);
	node_refused(&t, "shape[0] is -1");
	node_done(&t);
}

/* ---- DepthToSpace, SpaceToDepth ---- */

static void one_blocks(int crd)
{
	int64_t block = 1 + rnd(3), dims[4] = { 1 + rnd(2), (1 + rnd(3)) * block * block, 1 + rnd(3), 1 + rnd(3) }, at[4], from[4], i;
	struct node_test t, back;

	node_init(&t, "DepthToSpace", "", crd ? 11 : (int[]){ 7, 11, 13 }[rnd(3)]);
	node_int(&t, "blocksize", block);
	if (crd)
		node_string(&t, "mode", "CRD");
	numbered(&t, any_type(), 4, dims);
	node_run(&t);
	for (i = 0; i < lxa_tensor_count(&t.out[0]); i++) {
		int64_t inside;

		index_of(&t.out[0], i, at);
		inside = at[2] % block * block + at[3] % block;
		from[0] = at[0];
		from[1] = crd ? at[1] * block * block + inside : inside * (dims[1] / block / block) + at[1];
		from[2] = at[2] / block;
		from[3] = at[3] / block;
		assert_true(equal_elements(&t.out[0], i, &t.in[0], offset_of(&t.in[0], from)));
	}
	/* SpaceToDepth is the way back. */
	node_init(&back, "SpaceToDepth", "", 13);
	node_int(&back, "blocksize", block);
	if (crd)
		node_string(&back, "mode", "CRD");
	node_in(&back, t.out[0].dtype, 4, t.out[0].dims, NULL);
	memcpy(back.in[0].data, t.out[0].data, (size_t)lxa_tensor_count(&t.out[0]) * lxa_dtype_size(t.out[0].dtype));
	node_want(&back, 0, t.in[0].dtype, 4, dims, NULL);
	for (i = 0; i < lxa_tensor_count(&back.out[0]); i++)
		assert_true(equal_elements(&back.out[0], i, &t.in[0], i));
	node_done(&t);
	node_done(&back);
}

static void test_blocks(void **unused)
{
	struct node_test t;
	int i;

	for (i = 0; i < 60; i++)
		one_blocks(i & 1);
	node_init(&t, "SpaceToDepth", "", 7);
	node_int(&t, "blocksize", 2);
	node_in(&t, LXA_F32, DIMS(1, 1, 2, 4), VALUES(0, 1, 2, 3, 4, 5, 6, 7));
	node_want(&t, 0, LXA_F32, DIMS(1, 4, 1, 2), VALUES(0, 2, 1, 3, 4, 6, 5, 7));
	node_done(&t);
	node_init(&t, "SpaceToDepth", "", 13);
	node_int(&t, "blocksize", 3);
	node_in(&t, LXA_F32, DIMS(1, 1, 2, 3), NULL);
	node_refused(&t, "blocksize 3 does not fit an image of 2x3");
	node_done(&t);
	node_init(&t, "DepthToSpace", "", 13);
	node_in(&t, LXA_F32, DIMS(1, 4, 2, 2), NULL);
	node_refused(&t, "blocksize 0 is not possible");
	node_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slice), cmocka_unit_test(test_split), cmocka_unit_test(test_pad), cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_blocks),
	};

	test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
