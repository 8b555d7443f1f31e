/* SPDX-License-Identifier: MIT */
/* dnn_build.c - the primitives of a plan's steps for a number of images; see dnn.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dnn.h"

/* ---- layouts ----------------------------------------------------------------------------------------------------- */

/* One pixel an image, its channels one behind the other, and image behind image. */
static int is_vectors(const dnnl_memory_desc_t *m)
{
	const dnnl_blocking_desc_t *b = &m->format_desc.blocking;
	int i;

	for (i = 0; i < m->ndims; i++)
		if ((i > 1 && m->dims[i] != 1) || m->padded_dims[i] != m->dims[i])
			return 0;
	if (m->data_type != dnnl_f32 || m->format_kind != dnnl_blocked || m->offset0 || m->ndims < 2 || b->inner_nblks > 1)
		return 0;
	return b->strides[0] == m->dims[1] &&
	       (b->inner_nblks ? b->inner_idxs[0] == 1 && b->strides[1] == b->inner_blks[0] : b->strides[1] == 1);
}

/* The same bytes, whatever the layout is called. */
int dnn_same_layout(const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b)
{
	if (dnnl_memory_desc_equal(a, b))
		return 1;
	return a->ndims == b->ndims && a->dims[0] == b->dims[0] && a->dims[1] == b->dims[1] && is_vectors(a) &&
	       is_vectors(b);
}

dnnl_status_t dnn_reorder_new(struct dnn *d, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to,
			      dnnl_primitive_t *out)
{
	dnnl_engine_t e = d->p->cpu->engine;
	dnnl_primitive_desc_t pd;
	dnnl_status_t s = dnnl_reorder_primitive_desc_create(&pd, from, e, to, e, NULL);

	if (s != dnnl_success)
		return s;
	s = dnnl_primitive_create(out, pd);
	dnnl_primitive_desc_destroy(pd);
	if (s != dnnl_success)
		*out = NULL;
	return s;
}

/* The program's plain descriptor of a value: its shape for n images. */
static dnnl_status_t plain_md(const struct dnn *d, const struct dnn_prog *g, int value, dnnl_memory_desc_t *md)
{
	const struct lxa_tensor *t = &d->p->g->values[value].t;
	int64_t dims[LXA_MAX_DIMS];

	memcpy(dims, t->dims, sizeof(dims));
	dims[0] = g->n;
	return lxa_dnnl_plain(md, t->ndim, dims);
}

static dnnl_status_t any_md(const struct dnn *d, const struct dnn_prog *g, int value, dnnl_memory_desc_t *md)
{
	const struct lxa_tensor *t = &d->p->g->values[value].t;
	int64_t dims[LXA_MAX_DIMS];

	memcpy(dims, t->dims, sizeof(dims));
	dims[0] = g->n;
	return lxa_dnnl_any(md, t->ndim, dims);
}

/* Decide the value's layout, once. */
static dnnl_status_t know(const struct dnn *d, struct dnn_prog *g, int value, const dnnl_memory_desc_t *md)
{
	struct dnn_val *v = &g->vals[value];
	dnnl_status_t s;

	if (v->known)
		return dnnl_success;
	s = plain_md(d, g, value, &v->plain_md);
	if (s != dnnl_success)
		return s;
	v->plain = dnn_same_layout(md, &v->plain_md);
	v->md = v->plain ? v->plain_md : *md;
	v->bytes = dnnl_memory_desc_get_size(&v->md);
	s = dnnl_memory_create(&v->mem, &v->md, d->p->cpu->engine, DNNL_MEMORY_NONE);
	if (s != dnnl_success)
		v->mem = NULL;
	else
		v->known = 1;
	return s;
}

/* ---- arguments --------------------------------------------------------------------------------------------------- */

static void arg(struct dnn_op *o, int name, dnnl_memory_t mem)
{
	o->args[o->n_args++] = (dnnl_exec_arg_t){ name, mem };
}

static dnnl_status_t own(struct dnn *d, struct dnn_op *o, const dnnl_memory_desc_t *md, void *data, dnnl_memory_t *mem)
{
	dnnl_status_t s = dnnl_memory_create(mem, md, d->p->cpu->engine, data);

	if (s != dnnl_success)
		*mem = NULL;
	else
		o->own[o->n_args] = *mem;
	return s;
}

/* Operand i as argument `name`, in the layout that the primitive wants. */
static dnnl_status_t operand(struct dnn *d, struct dnn_prog *g, int step, int i, int name, const dnnl_memory_desc_t *want)
{
	struct dnn_op *o = &g->ops[step];
	int value = d->steps[step].in[i];
	struct dnn_val *v = &g->vals[value];
	dnnl_memory_t mem;
	dnnl_status_t s = know(d, g, value, want);

	if (s != dnnl_success)
		return s;
	if (dnnl_memory_desc_equal(want, &v->md)) {
		arg(o, name, v->mem);
		return dnnl_success;
	}
	if (dnn_same_layout(want, &v->md)) {	/* another name for the same bytes */
		s = own(d, o, want, DNNL_MEMORY_NONE, &mem);
		o->want[i] = mem;
		if (s == dnnl_success)
			arg(o, name, mem);
		return s;
	}
	s = dnn_reorder_new(d, &v->md, want, &o->reorder[i]);
	if (s != dnnl_success)
		return s;
	o->scratch[i] = aligned_alloc(64, (dnnl_memory_desc_get_size(want) + 63) / 64 * 64);
	if (!o->scratch[i])
		return dnnl_out_of_memory;
	s = own(d, o, want, o->scratch[i], &mem);
	o->want[i] = mem;
	if (s == dnnl_success)
		arg(o, name, mem);
	return s;
}

static dnnl_status_t result(struct dnn *d, struct dnn_prog *g, int step, const dnnl_memory_desc_t *md)
{
	dnnl_status_t s = know(d, g, d->steps[step].out, md);

	if (s == dnnl_success)
		arg(&g->ops[step], DNNL_ARG_DST, g->vals[d->steps[step].out].mem);
	return s;
}

/* A constant in the layout wanted: reordered once for all programs that want the same. */
static dnnl_status_t constant(struct dnn *d, struct dnn_prog *g, int step, int name, const dnnl_memory_desc_t *have,
			      const float *data, const dnnl_memory_desc_t *want)
{
	struct dnn_step *st = &d->steps[step];
	struct dnn_op *o = &g->ops[step];
	dnnl_primitive_t reorder = NULL;
	struct dnn_packed *k;
	dnnl_exec_arg_t io[2];
	dnnl_memory_t from;
	dnnl_status_t s;

	if (dnnl_memory_desc_equal(have, want)) {
		s = own(d, o, have, (void *)(uintptr_t)data, &from);
		if (s == dnnl_success)
			arg(o, name, from);
		return s;
	}
	for (k = st->packed; k && !dnnl_memory_desc_equal(&k->md, want); k = k->next)
		;
	if (k) {
		arg(o, name, k->mem);
		return dnnl_success;
	}
	k = calloc(1, sizeof(*k));
	if (!k || dnnl_memory_create(&k->mem, want, d->p->cpu->engine, DNNL_MEMORY_ALLOCATE) != dnnl_success) {
		free(k);
		return dnnl_out_of_memory;
	}
	k->md = *want;
	k->next = st->packed;
	st->packed = k;
	s = dnnl_memory_create(&from, have, d->p->cpu->engine, (void *)(uintptr_t)data);
	if (s != dnnl_success)
		return s;
	s = dnn_reorder_new(d, have, want, &reorder);
	io[0] = (dnnl_exec_arg_t){ DNNL_ARG_FROM, from };
	io[1] = (dnnl_exec_arg_t){ DNNL_ARG_TO, k->mem };
	if (s == dnnl_success)
		s = dnnl_primitive_execute(reorder, d->p->cpu->stream, 2, io);
	if (s == dnnl_success)
		s = dnnl_stream_wait(d->p->cpu->stream);
	if (reorder)
		dnnl_primitive_destroy(reorder);
	dnnl_memory_destroy(from);
	if (s == dnnl_success)
		arg(o, name, k->mem);
	return s;
}

/* ---- primitives --------------------------------------------------------------------------------------------------- */

/* The step's sum and activation as what oneDNN does behind the primitive. */
static dnnl_status_t post_ops(const struct dnn_step *st, dnnl_primitive_attr_t *attr)
{
	dnnl_post_ops_t po;
	dnnl_status_t s = dnnl_primitive_attr_create(attr);

	if (s != dnnl_success)
		return s;
	s = dnnl_post_ops_create(&po);
	if (s == dnnl_success) {
		if (st->sum)
			s = dnnl_post_ops_append_sum(po, 1);
		if (s == dnnl_success && st->act.on)
			s = dnnl_post_ops_append_eltwise(po, 1, st->act.alg, st->act.alpha, st->act.beta);
		if (s == dnnl_success)
			s = dnnl_primitive_attr_set_post_ops(*attr, po);
		dnnl_post_ops_destroy(po);
	}
	if (s != dnnl_success)
		dnnl_primitive_attr_destroy(*attr);
	return s;
}

/* pd from an operation's descriptor with the step's post-ops; the primitive goes into the op. */
static dnnl_status_t create(struct dnn *d, struct dnn_prog *g, int step, const_dnnl_op_desc_t desc,
			    dnnl_primitive_desc_t *pd)
{
	dnnl_primitive_attr_t attr;
	dnnl_status_t s = post_ops(&d->steps[step], &attr);

	if (s != dnnl_success)
		return s;
	s = dnnl_primitive_desc_create(pd, desc, attr, d->p->cpu->engine, NULL);
	dnnl_primitive_attr_destroy(attr);
	if (s != dnnl_success)
		return s;
	s = dnnl_primitive_create(&g->ops[step].prim, *pd);
	if (s != dnnl_success) {
		g->ops[step].prim = NULL;
		dnnl_primitive_desc_destroy(*pd);
	}
	return s;
}

#define MD(pd, what) dnnl_primitive_desc_query_md(pd, dnnl_query_##what##_md, 0)

static dnnl_status_t build_conv(struct dnn *d, struct dnn_prog *g, int step)
{
	const struct dnn_step *st = &d->steps[step];
	const struct lxa_window *w = &st->w;
	int64_t ic = d->p->g->values[st->in[0]].t.dims[1], oc = d->p->g->values[st->out].t.dims[1];
	int64_t wd[LXA_MAX_DIMS] = { st->group, oc / st->group, ic / st->group };
	dnnl_dims_t stride, dilation, begin, end;
	dnnl_memory_desc_t x, y, wgt, any, bias;
	int first = st->group == 1, nw = 3 + w->nd - first;
	dnnl_convolution_desc_t desc;
	dnnl_primitive_desc_t pd;
	dnnl_status_t s;

	lxa_dnnl_dims(stride, w->stride, w->nd, 0);
	lxa_dnnl_dims(dilation, w->dilation, w->nd, 1);
	lxa_dnnl_dims(begin, w->pad_begin, w->nd, 0);
	lxa_dnnl_dims(end, w->pad_end, w->nd, 0);
	memcpy(wd + 3, w->kernel, (size_t)w->nd * sizeof(*wd));
	s = any_md(d, g, st->in[0], &x);
	if (s == dnnl_success)
		s = any_md(d, g, st->out, &y);
	if (s == dnnl_success)
		s = lxa_dnnl_plain(&wgt, nw, wd + first);
	if (s == dnnl_success)
		s = lxa_dnnl_any(&any, nw, wd + first);
	if (s == dnnl_success)
		s = lxa_dnnl_plain(&bias, 1, &oc);
	/* The direct algorithm: Winograd's would be another rounding. */
	if (s == dnnl_success)
		s = dnnl_dilated_convolution_forward_desc_init(&desc, dnnl_forward_inference, dnnl_convolution_direct, &x, &any,
							       st->use_bias ? &bias : NULL, &y, stride, dilation, begin, end);
	if (s == dnnl_success)
		s = create(d, g, step, &desc, &pd);
	if (s != dnnl_success)
		return s;
	s = operand(d, g, step, 0, DNNL_ARG_SRC, MD(pd, src));
	if (s == dnnl_success)
		s = constant(d, g, step, DNNL_ARG_WEIGHTS, &wgt, st->use_wgt, MD(pd, weights));
	if (s == dnnl_success && st->use_bias)
		s = constant(d, g, step, DNNL_ARG_BIAS, &bias, st->use_bias, &bias);
	if (s == dnnl_success)
		s = result(d, g, step, MD(pd, dst));
	/* the sum is already in the result's place when the step is run */
	if (s == dnnl_success && st->sum)
		s = know(d, g, st->in[1], MD(pd, dst));
	if (s == dnnl_success && st->sum && !dnnl_memory_desc_equal(&g->vals[st->in[1]].md, &g->vals[st->out].md))
		s = dnn_reorder_new(d, &g->vals[st->in[1]].md, &g->vals[st->out].md, &g->ops[step].reorder[1]);
	dnnl_primitive_desc_destroy(pd);
	return s;
}

static dnnl_status_t build_fc(struct dnn *d, struct dnn_prog *g, int step)
{
	const struct dnn_step *st = &d->steps[step];
	const struct lxa_tensor *in = &d->p->g->values[st->in[0]].t;
	int64_t oc = d->p->g->values[st->out].t.dims[1], wd[LXA_MAX_DIMS], each = 1;
	dnnl_memory_desc_t x, y, wgt, any, bias;
	dnnl_inner_product_desc_t desc;
	dnnl_primitive_desc_t pd;
	dnnl_dims_t dims, strides;
	dnnl_status_t s;
	int i;

	memcpy(wd, in->dims, sizeof(wd));
	wd[0] = oc;
	lxa_dnnl_dims(dims, wd, in->ndim, 0);
	for (i = in->ndim - 1; i > 0; i--) {
		strides[i] = st->by_rows ? each * oc : each;
		each *= in->dims[i];
	}
	strides[0] = st->by_rows ? 1 : each;
	s = any_md(d, g, st->in[0], &x);
	if (s == dnnl_success)
		s = any_md(d, g, st->out, &y);
	if (s == dnnl_success)
		s = dnnl_memory_desc_init_by_strides(&wgt, in->ndim, dims, dnnl_f32, strides);
	if (s == dnnl_success)
		s = lxa_dnnl_any(&any, in->ndim, wd);
	if (s == dnnl_success)
		s = lxa_dnnl_plain(&bias, 1, &oc);
	if (s == dnnl_success)
		s = dnnl_inner_product_forward_desc_init(&desc, dnnl_forward_inference, &x, &any, st->use_bias ? &bias : NULL, &y);
	if (s == dnnl_success)
		s = create(d, g, step, &desc, &pd);
	if (s != dnnl_success)
		return s;
	s = operand(d, g, step, 0, DNNL_ARG_SRC, MD(pd, src));
	if (s == dnnl_success)
		s = constant(d, g, step, DNNL_ARG_WEIGHTS, &wgt, st->use_wgt, MD(pd, weights));
	if (s == dnnl_success && st->use_bias)
		s = constant(d, g, step, DNNL_ARG_BIAS, &bias, st->use_bias, &bias);
	if (s == dnnl_success)
		s = result(d, g, step, MD(pd, dst));
	dnnl_primitive_desc_destroy(pd);
	return s;
}

static dnnl_status_t build_pool(struct dnn *d, struct dnn_prog *g, int step)
{
	const struct dnn_step *st = &d->steps[step];
	const struct lxa_window *w = &st->w;
	dnnl_dims_t kernel, stride, dilation, begin, end;
	dnnl_pooling_v2_desc_t desc;
	dnnl_primitive_desc_t pd;
	dnnl_memory_desc_t y;
	dnnl_status_t s;

	lxa_dnnl_dims(kernel, w->kernel, w->nd, 0);
	lxa_dnnl_dims(stride, w->stride, w->nd, 0);
	lxa_dnnl_dims(dilation, w->dilation, w->nd, 1);
	lxa_dnnl_dims(begin, w->pad_begin, w->nd, 0);
	lxa_dnnl_dims(end, w->pad_end, w->nd, 0);
	s = any_md(d, g, st->out, &y);
	if (s == dnnl_success)
		s = dnnl_pooling_v2_forward_desc_init(&desc, dnnl_forward_inference, st->alg, &g->vals[st->in[0]].md, &y, stride,
						      kernel, dilation, begin, end);
	if (s == dnnl_success)
		s = create(d, g, step, &desc, &pd);
	if (s != dnnl_success)
		return s;
	s = operand(d, g, step, 0, DNNL_ARG_SRC, MD(pd, src));
	if (s == dnnl_success)
		s = result(d, g, step, MD(pd, dst));
	dnnl_primitive_desc_destroy(pd);
	return s;
}

static dnnl_status_t build_act(struct dnn *d, struct dnn_prog *g, int step)
{
	const struct dnn_step *st = &d->steps[step];
	const dnnl_memory_desc_t *md = &g->vals[st->in[0]].md;
	dnnl_eltwise_desc_t desc;
	dnnl_primitive_desc_t pd;
	dnnl_status_t s;

	s = dnnl_eltwise_forward_desc_init(&desc, dnnl_forward_inference, st->act.alg, md, st->act.alpha, st->act.beta);
	if (s != dnnl_success)
		return s;
	s = dnnl_primitive_desc_create(&pd, &desc, NULL, d->p->cpu->engine, NULL);
	if (s != dnnl_success)
		return s;
	s = dnnl_primitive_create(&g->ops[step].prim, pd);
	if (s != dnnl_success)
		g->ops[step].prim = NULL;
	dnnl_primitive_desc_destroy(pd);
	if (s == dnnl_success)
		s = operand(d, g, step, 0, DNNL_ARG_SRC, md);
	return s == dnnl_success ? result(d, g, step, md) : s;
}

static dnnl_status_t build_add(struct dnn *d, struct dnn_prog *g, int step)
{
	const struct dnn_step *st = &d->steps[step];
	const dnnl_memory_desc_t *md = &g->vals[st->in[0]].md;
	dnnl_binary_desc_t desc;
	dnnl_primitive_desc_t pd;
	dnnl_status_t s;

	s = dnnl_binary_desc_init(&desc, dnnl_binary_add, md, md, md);
	if (s == dnnl_success)
		s = create(d, g, step, &desc, &pd);
	if (s != dnnl_success)
		return s;
	dnnl_primitive_desc_destroy(pd);
	s = operand(d, g, step, 0, DNNL_ARG_SRC_0, md);
	if (s == dnnl_success)
		s = operand(d, g, step, 1, DNNL_ARG_SRC_1, md);
	return s == dnnl_success ? result(d, g, step, md) : s;
}

static dnnl_status_t build_norm(struct dnn *d, struct dnn_prog *g, int step)
{
	static const int names[4] = { DNNL_ARG_SCALE, DNNL_ARG_SHIFT, DNNL_ARG_MEAN, DNNL_ARG_VARIANCE };
	const struct dnn_step *st = &d->steps[step];
	const dnnl_memory_desc_t *md = &g->vals[st->in[0]].md;
	dnnl_batch_normalization_desc_t desc;
	dnnl_primitive_desc_t pd;
	dnnl_memory_desc_t each;
	dnnl_status_t s;
	int i;

	s = dnnl_batch_normalization_forward_desc_init(&desc, dnnl_forward_inference, md, lxa_node_float(st->norm, "epsilon", 1e-5f),
						       dnnl_use_global_stats | dnnl_use_scale | dnnl_use_shift);
	if (s == dnnl_success)
		s = create(d, g, step, &desc, &pd);
	if (s != dnnl_success)
		return s;
	dnnl_primitive_desc_destroy(pd);
	s = lxa_dnnl_plain(&each, 1, &md->dims[1]);
	if (s == dnnl_success)
		s = operand(d, g, step, 0, DNNL_ARG_SRC, md);
	for (i = 0; i < 4 && s == dnnl_success; i++)
		s = constant(d, g, step, names[i], &each, plan_const(d->p, st->norm->in[1 + i])->data, &each);
	return s == dnnl_success ? result(d, g, step, md) : s;
}

static dnnl_status_t build_concat(struct dnn *d, struct dnn_prog *g, int step)
{
	const struct dnn_step *st = &d->steps[step];
	dnnl_memory_desc_t src[DNN_MAX_IN], y;
	dnnl_primitive_desc_t pd;
	dnnl_status_t s;
	int i;

	for (i = 0; i < st->n_in; i++)
		src[i] = g->vals[st->in[i]].md;
	s = any_md(d, g, st->out, &y);
	if (s == dnnl_success)
		s = dnnl_concat_primitive_desc_create(&pd, &y, st->n_in, 1, src, NULL, d->p->cpu->engine);
	if (s != dnnl_success)
		return s;
	s = dnnl_primitive_create(&g->ops[step].prim, pd);
	if (s != dnnl_success)
		g->ops[step].prim = NULL;
	for (i = 0; i < st->n_in && s == dnnl_success; i++)
		s = operand(d, g, step, i, DNNL_ARG_MULTIPLE_SRC + i, &src[i]);
	if (s == dnnl_success)
		s = result(d, g, step, MD(pd, dst));
	dnnl_primitive_desc_destroy(pd);
	return s;
}

/* Layouts that dnn_run.c's loop knows: plain, channels last, or channels in one kind of block. */
static dnnl_status_t build_move(struct dnn *d, struct dnn_prog *g, int step)
{
	const struct dnn_step *st = &d->steps[step];
	const struct dnn_val *x = &g->vals[st->in[0]];
	static const dnnl_format_tag_t block16[] = { 0, 0, 0, dnnl_aBc16b, dnnl_aBcd16b, dnnl_aBcde16b };
	static const dnnl_format_tag_t block8[] = { 0, 0, 0, dnnl_aBc8b, dnnl_aBcd8b, dnnl_aBcde8b };
	static const dnnl_format_tag_t last[] = { 0, 0, 0, dnnl_acb, dnnl_acdb, dnnl_acdeb };
	const dnnl_blocking_desc_t *b = &x->md.format_desc.blocking;
	struct dnn_op *o = &g->ops[step];
	dnnl_memory_desc_t y;
	dnnl_dims_t dims;
	int64_t c, padded, blk, from;
	dnnl_status_t s;

	if (x->md.format_kind != dnnl_blocked || x->md.offset0 || b->inner_nblks > 1 || (b->inner_nblks && b->inner_idxs[0] != 1))
		return dnnl_unimplemented;
	blk = b->inner_nblks ? b->inner_blks[0] : 1;
	lxa_dnnl_dims(dims, d->p->g->values[st->out].t.dims, x->md.ndims, 0);
	dims[0] = g->n;
	if (blk == 16)
		s = dnnl_memory_desc_init_by_tag(&y, x->md.ndims, dims, dnnl_f32, block16[x->md.ndims]);
	else if (blk == 8)
		s = dnnl_memory_desc_init_by_tag(&y, x->md.ndims, dims, dnnl_f32, block8[x->md.ndims]);
	else if (blk == 1 && b->strides[1] == 1)
		s = dnnl_memory_desc_init_by_tag(&y, x->md.ndims, dims, dnnl_f32, last[x->md.ndims]);
	else if (blk == 1)
		s = plain_md(d, g, st->out, &y);
	else
		return dnnl_unimplemented;
	if (s == dnnl_success)
		s = know(d, g, st->out, &y);
	if (s != dnnl_success)
		return s;
	padded = y.padded_dims[1];
	o->from = malloc((size_t)padded * sizeof(*o->from));
	if (!o->from)
		return dnnl_out_of_memory;
	for (c = 0; c < padded; c++) {
		from = c - st->move.pad[1];
		if (c >= dims[1] || from < 0 || from >= st->move.len[1]) {
			o->from[c] = -1;
			continue;
		}
		from = st->move.start[1] + from * st->move.step[1];
		o->from[c] = from / blk * b->strides[1] + from % blk;
	}
	return dnnl_success;
}

/* ---- programs --------------------------------------------------------------------------------------------------- */

static dnnl_status_t build(struct dnn *d, struct dnn_prog *g, int step)
{
	static dnnl_status_t (*const how[])(struct dnn *, struct dnn_prog *, int) = {
		[DNN_CONV] = build_conv, [DNN_FC] = build_fc, [DNN_POOL] = build_pool, [DNN_ACT] = build_act,
		[DNN_ADD] = build_add, [DNN_NORM] = build_norm, [DNN_CONCAT] = build_concat, [DNN_MOVE] = build_move,
	};
	const struct dnn_step *st = &d->steps[step];

	/* a follower of a step that is off has floats before it: node by node, too */
	if (st->kind != DNN_CONV && st->kind != DNN_FC && !g->vals[st->in[0]].known)
		return dnnl_unimplemented;
	if (st->kind == DNN_CONCAT)
		for (int i = 1; i < st->n_in; i++)
			if (!g->vals[st->in[i]].known)
				return dnnl_unimplemented;
	return how[st->kind](d, g, step);
}

static void op_free(struct dnn_op *o)
{
	int i;

	for (i = 0; i < DNN_MAX_ARGS; i++)
		if (o->own[i])
			dnnl_memory_destroy(o->own[i]);
	for (i = 0; i < DNN_MAX_IN; i++) {
		if (o->reorder[i])
			dnnl_primitive_destroy(o->reorder[i]);
		free(o->scratch[i]);
	}
	if (o->prim)
		dnnl_primitive_destroy(o->prim);
	free(o->from);
	memset(o, 0, sizeof(*o));
}

void dnn_prog_free(struct dnn *d, struct dnn_prog *g)
{
	struct dnn_prog **at = &d->progs;
	int i;

	while (*at && *at != g)
		at = &(*at)->next;
	if (*at)
		*at = g->next;
	for (i = 0; g->ops && i < d->n_steps; i++)
		op_free(&g->ops[i]);
	for (i = 0; g->vals && i < d->p->g->n_values; i++) {
		struct dnn_val *v = &g->vals[i];

		if (v->to_plain)
			dnnl_primitive_destroy(v->to_plain);
		if (v->from_plain)
			dnnl_primitive_destroy(v->from_plain);
		if (v->plain_mem)
			dnnl_memory_destroy(v->plain_mem);
		if (v->mem)
			dnnl_memory_destroy(v->mem);
	}
	free(g->ops);
	free(g->vals);
	free(g);
}

/* The program for full batches, and one for the last, smaller one. */
int dnn_prog(struct dnn *d, int64_t n, struct dnn_prog **out, struct lxa_err *err)
{
	struct dnn_prog *g, *other;
	dnnl_status_t s;
	int i;

	for (g = d->progs; g && g->n != n; g = g->next)
		;
	*out = g;
	if (g)
		return 0;
	for (other = d->progs; other; other = g) {
		g = other->next;
		if (other->n != d->p->batch)
			dnn_prog_free(d, other);
	}
	g = calloc(1, sizeof(*g));
	if (g) {
		g->n = n;
		g->ops = calloc((size_t)d->n_steps + 1, sizeof(*g->ops));
		g->vals = calloc((size_t)d->p->g->n_values + 1, sizeof(*g->vals));
	}
	if (!g || !g->ops || !g->vals) {
		if (g)
			dnn_prog_free(d, g);
		return lxa_err_set(err, -ENOMEM, "%s: out of memory for oneDNN", d->p->g->path);
	}
	for (i = 0; i < d->n_steps; i++) {
		s = build(d, g, i);
		if (s == dnnl_success)
			continue;
		op_free(&g->ops[i]);
		g->ops[i].off = 1;
		if (s == dnnl_out_of_memory) {
			dnn_prog_free(d, g);
			return lxa_err_set(err, -ENOMEM, "%s: node %s: oneDNN: out of memory", d->p->g->path,
					   d->p->g->nodes[d->steps[i].nodes[0]].name);
		}
	}
	g->next = d->progs;
	d->progs = g;
	*out = g;
	return 0;
}
