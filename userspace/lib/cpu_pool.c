/* SPDX-License-Identifier: MIT */
/*
 * cpu_pool.c - MaxPool, AveragePool, GlobalAveragePool and GlobalMaxPool.
 *
 * oneDNN takes the common float cases. Integers, MaxPool's Indices, ceil_mode together with count_include_pad (ONNX
 * counts the padding but not what lies behind it) and what oneDNN refuses go through the plain loops below.
 */
#include <math.h>
#include <string.h>

#include "cpu_dnnl.h"
#include "ops.h"
#include "window.h"

struct pool_key {
	int64_t kind, alg, batch, ch;
	struct lxa_window w;
};

static dnnl_status_t pool_new(struct lxa_cpu *cpu, const struct pool_key *k, struct lxa_prim **out)
{
	int64_t x[LXA_MAX_DIMS] = { k->batch, k->ch }, y[LXA_MAX_DIMS] = { k->batch, k->ch };
	dnnl_memory_desc_t mx, my, any;
	dnnl_pooling_v2_desc_t desc;
	dnnl_dims_t kernel, stride, dilation, begin, end;
	dnnl_primitive_desc_t pd;
	struct lxa_prim *p;
	dnnl_status_t s;
	int i;

	for (i = 0; i < k->w.nd; i++) {
		x[2 + i] = k->w.in[i];
		y[2 + i] = k->w.out[i];
	}
	lxa_dnnl_dims(kernel, k->w.kernel, k->w.nd, 0);
	lxa_dnnl_dims(stride, k->w.stride, k->w.nd, 0);
	lxa_dnnl_dims(dilation, k->w.dilation, k->w.nd, 1);
	lxa_dnnl_dims(begin, k->w.pad_begin, k->w.nd, 0);
	lxa_dnnl_dims(end, k->w.pad_end, k->w.nd, 0);
	s = lxa_dnnl_plain(&mx, 2 + k->w.nd, x);
	if (s == dnnl_success)
		s = lxa_dnnl_plain(&my, 2 + k->w.nd, y);
	if (s == dnnl_success)
		s = lxa_dnnl_any(&any, 2 + k->w.nd, y);
	if (s == dnnl_success)
		s = dnnl_pooling_v2_forward_desc_init(&desc, dnnl_forward_inference, (dnnl_alg_kind_t)k->alg, &mx, &any,
						      stride, kernel, dilation, begin, end);
	if (s == dnnl_success)
		s = dnnl_primitive_desc_create(&pd, &desc, NULL, cpu->engine, NULL);
	if (s != dnnl_success)
		return s;
	p = lxa_prim_new(cpu, k, sizeof(*k), pd);
	s = p ? lxa_prim_io(cpu, p, DNNL_ARG_SRC, 0, &mx, dnnl_primitive_desc_query_md(pd, dnnl_query_src_md, 0)) :
		dnnl_out_of_memory;
	if (s == dnnl_success)
		s = lxa_prim_io(cpu, p, DNNL_ARG_DST, 1, &my, dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0));
	dnnl_primitive_desc_destroy(pd);
	if (s == dnnl_success)
		*out = p;
	else if (p)
		lxa_prim_drop(cpu, p);
	return s;
}

#define DNNL_MAX 4096	/* kernel, stride, dilation, padding: above that oneDNN's 32-bit offsets may overflow */

/* 1 when oneDNN does not take these shapes (averages with more padding than kernel, which dilation makes possible). */
static int pool_dnnl(struct lxa_op_ctx *c, struct lxa_window *w, dnnl_alg_kind_t alg)
{
	void *ptr[2] = { c->in[0]->data, c->out[0].data };
	dnnl_status_t s = dnnl_success;
	struct lxa_prim *p;
	struct pool_key k;
	int i;

	memset(&k, 0, sizeof(k));
	k.kind = dnnl_pooling_v2;
	k.alg = alg;
	k.batch = c->in[0]->dims[0];
	k.ch = c->in[0]->dims[1];
	k.w = *w;
	/* oneDNN knows no ceil_mode: what the last window reaches beyond the padding is padding to it. */
	for (i = 0; i < w->nd; i++) {
		int64_t reach = (w->out[i] - 1) * w->stride[i] + (w->kernel[i] - 1) * w->dilation[i] + 1;

		if (k.w.pad_end[i] < reach - w->in[i] - w->pad_begin[i])
			k.w.pad_end[i] = reach - w->in[i] - w->pad_begin[i];
		if (w->kernel[i] > DNNL_MAX || w->stride[i] > DNNL_MAX || w->dilation[i] > DNNL_MAX ||
		    w->pad_begin[i] > DNNL_MAX || k.w.pad_end[i] > DNNL_MAX)
			return 1;
	}
	p = lxa_prim_find(c->cpu, &k, sizeof(k));
	if (!p)
		s = pool_new(c->cpu, &k, &p);
	if (s == dnnl_invalid_arguments || s == dnnl_unimplemented)
		return 1;
	if (s == dnnl_success)
		s = lxa_prim_run(c->cpu, p, ptr);
	return s == dnnl_success ? 0 : lxa_dnnl_err(c, s);
}

/* A walk over the taps of one window that lie inside the input. */
struct tap {
	int64_t pos;			/* in the channel's plane, row-major */
	double counted;			/* taps inside input and padding, for count_include_pad */
	int64_t at[LXA_WINDOW_MAX], base[LXA_WINDOW_MAX], first[LXA_WINDOW_MAX], end[LXA_WINDOW_MAX];
	int empty;
};

/* The number of taps from base on, a dilation apart, that lie before `limit`. */
static int64_t taps_before(int64_t base, int64_t dilation, int64_t limit)
{
	return limit <= base ? 0 : (limit - base + dilation - 1) / dilation;
}

static void tap_start(const struct lxa_window *w, int64_t out_pos, struct tap *t)
{
	int i;

	t->counted = 1;
	t->empty = 0;
	for (i = w->nd - 1; i >= 0; i--) {
		int64_t base = out_pos % w->out[i] * w->stride[i] - w->pad_begin[i];
		int64_t end = taps_before(base, w->dilation[i], w->in[i]), all = taps_before(base, w->dilation[i],
											     w->in[i] + w->pad_end[i]);

		t->base[i] = base;
		t->first[i] = t->at[i] = taps_before(base, w->dilation[i], 0);
		t->end[i] = end < w->kernel[i] ? end : w->kernel[i];
		t->empty |= t->first[i] >= t->end[i];
		t->counted *= (double)(all < w->kernel[i] ? all : w->kernel[i]);
		out_pos /= w->out[i];
	}
	t->at[w->nd - 1]--;
}

/* The next tap; 0 at the end. */
static int tap_next(const struct lxa_window *w, struct tap *t)
{
	int i = w->nd - 1;

	if (t->empty)
		return 0;
	while (i >= 0 && ++t->at[i] == t->end[i]) {
		t->at[i] = t->first[i];
		i--;
	}
	if (i < 0)
		return 0;
	t->pos = 0;
	for (i = 0; i < w->nd; i++)
		t->pos = t->pos * w->in[i] + t->base[i] + t->at[i] * w->dilation[i];
	return 1;
}

static int64_t product(int n, const int64_t *v)
{
	int64_t p = 1;

	while (n--)
		p *= *v++;
	return p;
}

static float element(const struct lxa_tensor *x, int64_t i)
{
	switch (x->dtype) {
	case LXA_UINT8:
		return ((const uint8_t *)x->data)[i];
	case LXA_INT8:
		return ((const int8_t *)x->data)[i];
	default:
		return ((const float *)x->data)[i];
	}
}

/* Where a tap stands in the whole input tensor, for Indices: row-major, or column-major in the plane. */
static int64_t index_of(const struct lxa_window *w, const struct tap *t, int64_t base, int column_major)
{
	int64_t pos = 0;
	int i;

	if (!column_major)
		return base + t->pos;
	for (i = w->nd - 1; i >= 0; i--)
		pos = pos * w->in[i] + t->base[i] + t->at[i] * w->dilation[i];
	return base + pos;
}

LXA_OP_EXEC(max_pool)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t *indices = c->n_out > 1 ? c->out[1].data : NULL, planes = x->dims[0] * x->dims[1], in, out, p, o;
	int column_major = lxa_node_int(c->n, "storage_order", 0) != 0, ret;
	size_t size = lxa_dtype_size(x->dtype);
	struct lxa_window w;
	struct tap t;

	ret = lxa_window_parse(c, NULL, lxa_node_int(c->n, "ceil_mode", 0) != 0, &w);
	if (ret)
		return ret;
	ret = x->dtype == LXA_F32 && !indices ? pool_dnnl(c, &w, dnnl_pooling_max) : 1;
	if (ret <= 0)
		return ret;
	in = product(w.nd, w.in);
	out = product(w.nd, w.out);
	for (p = 0; p < planes; p++) {
		for (o = 0; o < out; o++) {
			int64_t best = -1, best_index = 0;

			for (tap_start(&w, o, &t); tap_next(&w, &t);) {
				if (best >= 0 && !(element(x, p * in + t.pos) > element(x, p * in + best)))
					continue;
				best = t.pos;
				best_index = index_of(&w, &t, p * in, column_major);
			}
			if (best >= 0)
				memcpy((char *)c->out[0].data + (size_t)(p * out + o) * size,
				       (const char *)x->data + (size_t)(p * in + best) * size, size);
			if (indices)
				indices[p * out + o] = best_index;
		}
	}
	return 0;
}

LXA_OP_EXEC(average_pool)
{
	const struct lxa_tensor *x = c->in[0];
	int include = lxa_node_int(c->n, "count_include_pad", 0) != 0, ceil = lxa_node_int(c->n, "ceil_mode", 0) != 0, ret;
	int64_t planes = x->dims[0] * x->dims[1], in, out, p, o;
	struct lxa_window w;
	struct tap t;

	ret = lxa_window_parse(c, NULL, ceil, &w);
	if (ret)
		return ret;
	ret = 1;
	if (!include || !ceil)
		ret = pool_dnnl(c, &w, include ? dnnl_pooling_avg_include_padding : dnnl_pooling_avg_exclude_padding);
	if (ret <= 0)
		return ret;
	in = product(w.nd, w.in);
	out = product(w.nd, w.out);
	for (p = 0; p < planes; p++) {
		for (o = 0; o < out; o++) {
			int64_t inside = 0;
			float sum = 0;

			for (tap_start(&w, o, &t); tap_next(&w, &t); inside++)
				sum += ((const float *)x->data)[p * in + t.pos];
			/* A window that meets only padding averages to 0. */
			((float *)c->out[0].data)[p * out + o] = inside ? sum / (float)(include ? t.counted : (double)inside) : 0;
		}
	}
	return 0;
}

LXA_OP_EXEC(global_average_pool)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t planes = x->dims[0] * x->dims[1], n = product(x->ndim - 2, x->dims + 2), p, i;

	for (p = 0; p < planes; p++) {
		const float *from = (const float *)x->data + p * n;
		double sum = 0;

		for (i = 0; i < n; i++)
			sum += (double)from[i];
		((float *)c->out[0].data)[p] = (float)(sum / (double)n);
	}
	return 0;
}

LXA_OP_EXEC(global_max_pool)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t planes = x->dims[0] * x->dims[1], n = product(x->ndim - 2, x->dims + 2), p, i;

	for (p = 0; p < planes; p++) {
		const float *from = (const float *)x->data + p * n;
		float best = from[0];

		for (i = 1; i < n; i++)
			if (from[i] > best || isnan(from[i]))	/* a NaN stays */
				best = from[i];
		((float *)c->out[0].data)[p] = best;
	}
	return 0;
}
