/* SPDX-License-Identifier: MIT */
/* resnet20_dnnl.c - see resnet20_dnnl.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <oneapi/dnnl/dnnl.h>

#include "resnet20_dnnl.h"

#define BUFS 3
#define OPS 32			/* input, 19 convolutions, 2 shortcuts, pool, classifier, reorders where layouts differ */
#define OWNED 128

struct op {
	dnnl_primitive_t prim;
	int n;
	dnnl_exec_arg_t args[4];
};

/* A tensor on its way: its layout, and the buffer it is in. */
struct value {
	dnnl_memory_desc_t md;
	int buf;
};

struct r20 {
	const struct lxa_graph *g;
	enum r20_layout layout;
	int64_t n;
	dnnl_engine_t engine;
	dnnl_stream_t stream;
	dnnl_memory_t in, out;		/* the caller's */
	int n_ops, n_owned, n_data;
	struct op ops[OPS];
	dnnl_memory_t owned[OWNED];
	void *data[OWNED];		/* folded weights */
	void *buf[BUFS];
};

static int bad(dnnl_status_t s)
{
	return s != dnnl_success;
}

static const struct lxa_tensor *tensor(const struct r20 *r, const char *name, const char *part)
{
	char full[96];
	int i;

	snprintf(full, sizeof(full), "%s.%s", name, part);
	for (i = 0; i < r->g->n_values; i++)
		if (r->g->values[i].t.data && !strcmp(r->g->values[i].name, full))
			return &r->g->values[i].t;
	fprintf(stderr, "resnet20: the file has no %s\n", full);
	return NULL;
}

/* ---- small helpers of oneDNN ------------------------------------------------------------------------------------- */

static int mem(struct r20 *r, const dnnl_memory_desc_t *md, void *data, dnnl_memory_t *out)
{
	if (r->n_owned == OWNED || bad(dnnl_memory_create(out, md, r->engine, data)))
		return -1;
	r->owned[r->n_owned++] = *out;
	return 0;
}

static int md_tag(dnnl_memory_desc_t *md, int n, const int64_t *dims, dnnl_format_tag_t tag)
{
	dnnl_dims_t d = { 0 };

	memcpy(d, dims, (size_t)n * sizeof(*dims));
	return bad(dnnl_memory_desc_init_by_tag(md, n, d, dnnl_f32, tag)) ? -1 : 0;
}

static int add_op(struct r20 *r, dnnl_primitive_desc_t pd, int n, const dnnl_exec_arg_t *args)
{
	struct op *o = &r->ops[r->n_ops];

	if (r->n_ops == OPS || bad(dnnl_primitive_create(&o->prim, pd)))
		return -1;
	r->n_ops++;
	o->n = n;
	memcpy(o->args, args, (size_t)n * sizeof(*args));
	return 0;
}

static int add_reorder(struct r20 *r, const dnnl_memory_desc_t *from, dnnl_memory_t a, const dnnl_memory_desc_t *to,
		       dnnl_memory_t b)
{
	dnnl_exec_arg_t args[2] = { { DNNL_ARG_FROM, a }, { DNNL_ARG_TO, b } };
	dnnl_primitive_desc_t pd;
	int ret;

	if (bad(dnnl_reorder_primitive_desc_create(&pd, from, r->engine, to, r->engine, NULL)))
		return -1;
	ret = add_op(r, pd, 2, args);
	dnnl_primitive_desc_destroy(pd);
	return ret;
}

/* Weights in the layout that the primitive wants, reordered now. */
static int prepare(struct r20 *r, const dnnl_memory_desc_t *have, void *data, const dnnl_memory_desc_t *want,
		   dnnl_memory_t *out)
{
	dnnl_memory_t from;
	int at = r->n_ops;

	if (mem(r, have, data, &from))
		return -1;
	*out = from;
	if (dnnl_memory_desc_equal(have, want))
		return 0;
	if (mem(r, want, DNNL_MEMORY_ALLOCATE, out) || add_reorder(r, have, from, want, *out))
		return -1;
	r->n_ops = at;			/* it is run here, not with the network */
	if (bad(dnnl_primitive_execute(r->ops[at].prim, r->stream, r->ops[at].n, r->ops[at].args)) ||
	    bad(dnnl_stream_wait(r->stream)))
		return -1;
	dnnl_primitive_destroy(r->ops[at].prim);
	return 0;
}

/* ---- layers -------------------------------------------------------------------------------------------------------- */

/* Weights and bias with the BatchNormalization in them. */
static int folded(struct r20 *r, const char *conv, const char *bn, float **w, float **b)
{
	const struct lxa_tensor *wt = tensor(r, conv, "weight"), *s = tensor(r, bn, "weight"), *h = tensor(r, bn, "bias");
	const struct lxa_tensor *m = tensor(r, bn, "running_mean"), *v = tensor(r, bn, "running_var");
	int64_t oc, each, c, k;

	if (!wt || !s || !h || !m || !v)
		return -1;
	oc = wt->dims[0];
	each = lxa_tensor_count(wt) / oc;
	*w = malloc((size_t)(oc * each) * sizeof(float));
	*b = malloc((size_t)oc * sizeof(float));
	r->data[r->n_data++] = *w;
	r->data[r->n_data++] = *b;
	if (!*w || !*b)
		return -1;
	for (c = 0; c < oc; c++) {
		double f = (double)((float *)s->data)[c] / sqrt((double)((float *)v->data)[c] + 1e-5);

		(*b)[c] = (float)((double)((float *)h->data)[c] - (double)((float *)m->data)[c] * f);
		for (k = 0; k < each; k++)
			(*w)[c * each + k] = (float)((double)((float *)wt->data)[c * each + k] * f);
	}
	return 0;
}

struct conv {
	int64_t ic, oc, hw, k, stride;	/* hw: of the input */
	const float *w, *b;
	int relu, sum;
};

static int conv_desc(struct r20 *r, const struct conv *c, dnnl_primitive_desc_t *pd, dnnl_memory_desc_t *wgt,
		     dnnl_memory_desc_t *bias)
{
	dnnl_format_tag_t x = r->layout == R20_ANY ? dnnl_format_tag_any : c->ic < 16 ? dnnl_nchw : dnnl_nChw16c;
	dnnl_format_tag_t y = r->layout == R20_ANY ? dnnl_format_tag_any : dnnl_nChw16c;
	int64_t out = c->hw / c->stride;
	dnnl_dims_t stride = { c->stride, c->stride }, none = { 0 }, pad = { c->k / 2, c->k / 2 };
	dnnl_memory_desc_t src, dst, any;
	dnnl_convolution_desc_t desc;
	dnnl_primitive_attr_t attr;
	dnnl_post_ops_t po;
	int ret;

	if (md_tag(&src, 4, (int64_t[]){ r->n, c->ic, c->hw, c->hw }, x) ||
	    md_tag(&dst, 4, (int64_t[]){ r->n, c->oc, out, out }, y) ||
	    md_tag(wgt, 4, (int64_t[]){ c->oc, c->ic, c->k, c->k }, dnnl_oihw) ||
	    md_tag(&any, 4, (int64_t[]){ c->oc, c->ic, c->k, c->k }, dnnl_format_tag_any) ||
	    md_tag(bias, 1, &c->oc, dnnl_a))
		return -1;
	if (bad(dnnl_dilated_convolution_forward_desc_init(&desc, dnnl_forward_inference, dnnl_convolution_direct, &src, &any,
							   c->b ? bias : NULL, &dst, stride, none, pad, pad)))
		return -1;
	if (bad(dnnl_post_ops_create(&po)))
		return -1;
	if (c->sum)
		dnnl_post_ops_append_sum(po, 1);
	if (c->relu)
		dnnl_post_ops_append_eltwise(po, 1, dnnl_eltwise_relu, 0, 0);
	ret = bad(dnnl_primitive_attr_create(&attr));
	if (!ret) {
		ret = bad(dnnl_primitive_attr_set_post_ops(attr, po)) ||
		      bad(dnnl_primitive_desc_create(pd, &desc, attr, r->engine, NULL));
		dnnl_primitive_attr_destroy(attr);
	}
	dnnl_post_ops_destroy(po);
	return ret ? -1 : 0;
}

/* x in the layout wanted: as it is, or reordered into its own buffer's place by way of a new one. */
static int as(struct r20 *r, const struct value *x, const dnnl_memory_desc_t *want, dnnl_memory_t *out)
{
	dnnl_memory_t from;
	void *room;

	if (mem(r, &x->md, r->buf[x->buf], &from))
		return -1;
	*out = from;
	if (dnnl_memory_desc_equal(&x->md, want))
		return 0;
	room = aligned_alloc(64, (dnnl_memory_desc_get_size(want) + 63) / 64 * 64);
	r->data[r->n_data++] = room;
	return !room || mem(r, want, room, out) || add_reorder(r, &x->md, from, want, *out) ? -1 : 0;
}

/* y->buf is chosen by the caller; with a sum, what is added lies there in y's layout. x->buf < 0: the caller's images. */
static int add_conv(struct r20 *r, const struct conv *c, const struct value *x, struct value *y)
{
	dnnl_memory_desc_t wgt, bias, was = y->md;
	const dnnl_memory_desc_t *src;
	dnnl_primitive_desc_t pd;
	dnnl_memory_t mx, mw, mb, my;
	int ret = -1;

	if (conv_desc(r, c, &pd, &wgt, &bias))
		return -1;
	src = dnnl_primitive_desc_query_md(pd, dnnl_query_src_md, 0);
	y->md = *dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0);
	if (c->sum && !dnnl_memory_desc_equal(&was, &y->md)) {
		fprintf(stderr, "resnet20: the shortcut has another layout than the sum\n");
		goto out;
	}
	if (x->buf >= 0) {
		if (as(r, x, src, &mx))
			goto out;
	} else {
		if (mem(r, &x->md, DNNL_MEMORY_NONE, &r->in))
			goto out;
		mx = r->in;
		if (!dnnl_memory_desc_equal(&x->md, src)) {
			void *room = aligned_alloc(64, (dnnl_memory_desc_get_size(src) + 63) / 64 * 64);

			r->data[r->n_data++] = room;
			if (!room || mem(r, src, room, &mx) || add_reorder(r, &x->md, r->in, src, mx))
				goto out;
		}
	}
	if (prepare(r, &wgt, (void *)(uintptr_t)c->w, dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0), &mw) ||
	    mem(r, &y->md, r->buf[y->buf], &my))
		goto out;
	if (c->b) {
		dnnl_exec_arg_t args[4] = { { DNNL_ARG_SRC, mx }, { DNNL_ARG_WEIGHTS, mw }, { DNNL_ARG_DST, my } };

		if (prepare(r, &bias, (void *)(uintptr_t)c->b, &bias, &mb))
			goto out;
		args[3] = (dnnl_exec_arg_t){ DNNL_ARG_BIAS, mb };
		ret = add_op(r, pd, 4, args);
	} else {
		dnnl_exec_arg_t args[3] = { { DNNL_ARG_SRC, mx }, { DNNL_ARG_WEIGHTS, mw }, { DNNL_ARG_DST, my } };

		ret = add_op(r, pd, 3, args);
	}
out:
	dnnl_primitive_desc_destroy(pd);
	return ret;
}

/* Every second pixel, its channels in the middle of twice as many: a 1 x 1 convolution with ones. */
static int add_shortcut(struct r20 *r, int64_t ic, int64_t hw, const struct value *x, struct value *y)
{
	struct conv c = { .ic = ic, .oc = 2 * ic, .hw = hw, .k = 1, .stride = 2 };
	float *w = calloc((size_t)(2 * ic * ic), sizeof(*w));
	int64_t i;

	r->data[r->n_data++] = w;
	if (!w)
		return -1;
	for (i = 0; i < ic; i++)
		w[(i + ic / 2) * ic + i] = 1;
	c.w = w;
	return add_conv(r, &c, x, y);
}

static int add_block(struct r20 *r, const char *name, int64_t ic, int64_t oc, int64_t *hw, struct value *x)
{
	char c1[48], b1[48], c2[48], b2[48];
	struct conv first = { .ic = ic, .oc = oc, .hw = *hw, .k = 3, .stride = oc / ic, .relu = 1 };
	struct conv second = { .ic = oc, .oc = oc, .hw = *hw / (oc / ic), .k = 3, .stride = 1, .relu = 1, .sum = 1 };
	struct value mid = { .buf = (x->buf + 1) % BUFS }, sum = *x;
	float *w, *b;

	snprintf(c1, sizeof(c1), "%s.conv1", name);
	snprintf(b1, sizeof(b1), "%s.bn1", name);
	snprintf(c2, sizeof(c2), "%s.conv2", name);
	snprintf(b2, sizeof(b2), "%s.bn2", name);
	if (folded(r, c1, b1, &w, &b))
		return -1;
	first.w = w;
	first.b = b;
	if (add_conv(r, &first, x, &mid))
		return -1;
	if (oc != ic) {
		sum.buf = (x->buf + 2) % BUFS;
		if (add_shortcut(r, ic, *hw, x, &sum))
			return -1;
	}
	if (folded(r, c2, b2, &w, &b))
		return -1;
	second.w = w;
	second.b = b;
	if (add_conv(r, &second, &mid, &sum))
		return -1;
	*x = sum;
	*hw = second.hw;
	return 0;
}

static int add_head(struct r20 *r, struct value *x)
{
	const struct lxa_tensor *w = tensor(r, "linear", "weight"), *b = tensor(r, "linear", "bias");
	dnnl_dims_t kernel = { 8, 8 }, none = { 0 };
	dnnl_memory_desc_t any, dst, wgt, wany, bias;
	struct value pooled = { .buf = (x->buf + 1) % BUFS };
	dnnl_inner_product_desc_t fc;
	dnnl_pooling_v2_desc_t pool;
	dnnl_primitive_desc_t pd;
	dnnl_memory_t mx, my, mw, mb;
	const dnnl_memory_desc_t *src;
	int ret;

	if (!w || !b || md_tag(&any, 4, (int64_t[]){ r->n, 64, 1, 1 }, dnnl_format_tag_any) ||
	    bad(dnnl_pooling_v2_forward_desc_init(&pool, dnnl_forward_inference, dnnl_pooling_avg_exclude_padding, &x->md, &any,
						  kernel, kernel, none, none, none)) ||
	    bad(dnnl_primitive_desc_create(&pd, &pool, NULL, r->engine, NULL)))
		return -1;
	pooled.md = *dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0);
	ret = as(r, x, &x->md, &mx) || mem(r, &pooled.md, r->buf[pooled.buf], &my) ||
	      add_op(r, pd, 2, (dnnl_exec_arg_t[]){ { DNNL_ARG_SRC, mx }, { DNNL_ARG_DST, my } });
	dnnl_primitive_desc_destroy(pd);
	if (ret)
		return -1;
	/* one pixel an image: plain, whatever its layout is called */
	if (md_tag(&any, 2, (int64_t[]){ r->n, 64 }, dnnl_ab) || md_tag(&dst, 2, (int64_t[]){ r->n, 10 }, dnnl_ab) ||
	    md_tag(&wgt, 2, (int64_t[]){ 10, 64 }, dnnl_ab) || md_tag(&wany, 2, (int64_t[]){ 10, 64 }, dnnl_format_tag_any) ||
	    md_tag(&bias, 1, (int64_t[]){ 10 }, dnnl_a) ||
	    bad(dnnl_inner_product_forward_desc_init(&fc, dnnl_forward_inference, &any, &wany, &bias, &dst)) ||
	    bad(dnnl_primitive_desc_create(&pd, &fc, NULL, r->engine, NULL)))
		return -1;
	src = dnnl_primitive_desc_query_md(pd, dnnl_query_src_md, 0);
	ret = mem(r, src, r->buf[pooled.buf], &mx) ||
	      prepare(r, &wgt, w->data, dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0), &mw) ||
	      prepare(r, &bias, b->data, &bias, &mb) || mem(r, &dst, DNNL_MEMORY_NONE, &r->out) ||
	      add_op(r, pd, 4, (dnnl_exec_arg_t[]){ { DNNL_ARG_SRC, mx }, { DNNL_ARG_WEIGHTS, mw }, { DNNL_ARG_BIAS, mb },
						    { DNNL_ARG_DST, r->out } });
	dnnl_primitive_desc_destroy(pd);
	return ret ? -1 : 0;
}

static int build(struct r20 *r)
{
	struct conv first = { .ic = 3, .oc = 16, .hw = 32, .k = 3, .stride = 1, .relu = 1 };
	struct value x = { .buf = -1 }, y = { .buf = 0 };
	int64_t hw = 32, ch = 16;
	char name[32];
	float *w, *b;
	int stage, i;

	for (i = 0; i < BUFS; i++) {
		r->buf[i] = aligned_alloc(64, (size_t)r->n * 16 * 32 * 32 * sizeof(float));
		if (!r->buf[i])
			return -1;
	}
	if (md_tag(&x.md, 4, (int64_t[]){ r->n, 3, 32, 32 }, dnnl_nchw) || folded(r, "conv1", "bn1", &w, &b))
		return -1;
	first.w = w;
	first.b = b;
	if (add_conv(r, &first, &x, &y))
		return -1;
	for (stage = 1; stage <= 3; stage++)
		for (i = 0; i < 3; i++) {
			int64_t out = stage > 1 && !i ? 2 * ch : ch;

			snprintf(name, sizeof(name), "layer%d.%d", stage, i);
			if (add_block(r, name, ch, out, &hw, &y))
				return -1;
			ch = out;
		}
	return add_head(r, &y);
}

struct r20 *r20_create(const struct lxa_graph *g, int64_t n, enum r20_layout layout)
{
	struct r20 *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->g = g;
	r->n = n;
	r->layout = layout;
	if (bad(dnnl_engine_create(&r->engine, dnnl_cpu, 0)) || bad(dnnl_stream_create(&r->stream, r->engine,
										       dnnl_stream_in_order)) || build(r)) {
		fprintf(stderr, "resnet20: the network cannot be built with oneDNN\n");
		r20_free(r);
		return NULL;
	}
	return r;
}

int r20_run(struct r20 *r, const float *images, float *logits)
{
	int i;

	if (bad(dnnl_memory_set_data_handle(r->in, (void *)(uintptr_t)images)) || bad(dnnl_memory_set_data_handle(r->out, logits)))
		return -1;
	for (i = 0; i < r->n_ops; i++)
		if (bad(dnnl_primitive_execute(r->ops[i].prim, r->stream, r->ops[i].n, r->ops[i].args)))
			return -1;
	return bad(dnnl_stream_wait(r->stream)) ? -1 : 0;
}

void r20_free(struct r20 *r)
{
	int i;

	if (!r)
		return;
	for (i = 0; i < r->n_ops; i++)
		dnnl_primitive_destroy(r->ops[i].prim);
	for (i = 0; i < r->n_owned; i++)
		dnnl_memory_destroy(r->owned[i]);
	for (i = 0; i < r->n_data; i++)
		free(r->data[i]);
	for (i = 0; i < BUFS; i++)
		free(r->buf[i]);
	if (r->stream)
		dnnl_stream_destroy(r->stream);
	if (r->engine)
		dnnl_engine_destroy(r->engine);
	free(r);
}
