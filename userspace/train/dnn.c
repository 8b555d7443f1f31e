// SPDX-License-Identifier: MIT
/* dnn.c - see dnn.h. oneDNN picks its own layout for weights; they are reordered at each call, which is cheap. */
#include "dnn.h"

#include <dnnl.h>
#include <errno.h>
#include <omp.h>
#include <stdlib.h>

struct dnn {
	dnnl_engine_t engine;
	dnnl_stream_t stream;
};

/* One of the three computations: in[0], in[1] -> out, in oneDNN's argument numbers. */
struct pass {
	dnnl_primitive_desc_t pd;
	dnnl_primitive_t prim;
	int w_arg;			/* DNNL_ARG_WEIGHTS or DNNL_ARG_DIFF_WEIGHTS */
	dnnl_memory_t w;		/* in oneDNN's layout, its own storage */
	dnnl_primitive_t reorder;	/* plain to w; of the weight gradient: w to plain */
};

struct dnn_conv {
	struct dnn *d;
	dnnl_memory_t x, y, plain;	/* storage is the caller's, set at each call */
	struct pass fwd, data, weights;
};

int dnn_create(struct dnn **out, struct lxa_err *err)
{
	struct dnn *d = calloc(1, sizeof(*d));

	*out = NULL;
	if (!d)
		return lxa_err_set(err, -ENOMEM, "trainer: out of memory");
	omp_set_num_threads(1);		/* oneDNN asks OpenMP; of the calling thread only */
	/* Fails when a primitive exists already: then whoever made it has chosen the instruction set. */
	(void)dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx2);
	if (dnnl_engine_create(&d->engine, dnnl_cpu, 0) ||
	    dnnl_stream_create(&d->stream, d->engine, dnnl_stream_default_flags)) {
		dnn_destroy(d);
		return lxa_err_set(err, -EIO, "trainer: oneDNN gives no CPU engine");
	}
	*out = d;
	return 0;
}

void dnn_destroy(struct dnn *d)
{
	if (!d)
		return;
	dnnl_stream_destroy(d->stream);
	dnnl_engine_destroy(d->engine);
	free(d);
}

static int make_reorder(struct dnn *d, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to,
			dnnl_primitive_t *out)
{
	dnnl_primitive_desc_t pd;
	int bad = dnnl_reorder_primitive_desc_create(&pd, from, d->engine, to, d->engine, NULL);

	if (bad)
		return -1;
	bad = dnnl_primitive_create(out, pd);
	dnnl_primitive_desc_destroy(pd);
	return bad ? -1 : 0;
}

static int make_pass(struct dnn_conv *c, struct pass *p, const dnnl_convolution_desc_t *desc, int w_arg)
{
	const dnnl_memory_desc_t *plain, *w;
	int diff = w_arg == DNNL_ARG_DIFF_WEIGHTS;

	if (dnnl_primitive_desc_create(&p->pd, desc, NULL, c->d->engine, c->fwd.pd) ||
	    dnnl_primitive_create(&p->prim, p->pd))
		return -1;
	w = dnnl_primitive_desc_query_md(p->pd, diff ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 0);
	if (!w || dnnl_memory_get_memory_desc(c->plain, &plain) ||
	    dnnl_memory_create(&p->w, w, c->d->engine, DNNL_MEMORY_ALLOCATE))
		return -1;
	p->w_arg = w_arg;
	return make_reorder(c->d, diff ? w : plain, diff ? plain : w, &p->reorder);
}

static int make_all(struct dnn_conv *c, const struct dnn_conv_shape *s)
{
	const dnnl_dims_t xd = { s->n, s->ic, s->ih, s->iw }, yd = { s->n, s->oc, s->oh, s->ow };
	const dnnl_dims_t wd = { s->oc, s->ic, s->kh, s->kw }, one = { 1, 1 }, pad = { s->pad, s->pad };
	const dnnl_alg_kind_t alg = dnnl_convolution_direct;
	dnnl_engine_t e = c->d->engine;
	dnnl_memory_desc_t x, y, w, any;
	dnnl_convolution_desc_t desc;

	if (dnnl_memory_desc_init_by_tag(&x, 4, xd, dnnl_f32, dnnl_nhwc) ||
	    dnnl_memory_desc_init_by_tag(&y, 4, yd, dnnl_f32, dnnl_nhwc) ||
	    dnnl_memory_desc_init_by_tag(&w, 4, wd, dnnl_f32, dnnl_oihw) ||
	    dnnl_memory_desc_init_by_tag(&any, 4, wd, dnnl_f32, dnnl_format_tag_any) ||
	    dnnl_memory_create(&c->x, &x, e, DNNL_MEMORY_NONE) || dnnl_memory_create(&c->y, &y, e, DNNL_MEMORY_NONE) ||
	    dnnl_memory_create(&c->plain, &w, e, DNNL_MEMORY_NONE))
		return -1;
	if (dnnl_convolution_forward_desc_init(&desc, dnnl_forward_training, alg, &x, &any, NULL, &y, one, pad, pad) ||
	    make_pass(c, &c->fwd, &desc, DNNL_ARG_WEIGHTS))
		return -1;
	if (dnnl_convolution_backward_data_desc_init(&desc, alg, &x, &any, &y, one, pad, pad) ||
	    make_pass(c, &c->data, &desc, DNNL_ARG_WEIGHTS))
		return -1;
	if (dnnl_convolution_backward_weights_desc_init(&desc, alg, &x, &any, NULL, &y, one, pad, pad) ||
	    make_pass(c, &c->weights, &desc, DNNL_ARG_DIFF_WEIGHTS))
		return -1;
	return 0;
}

int dnn_conv_create(struct dnn *d, const struct dnn_conv_shape *s, struct dnn_conv **out, struct lxa_err *err)
{
	struct dnn_conv *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (!c)
		return lxa_err_set(err, -ENOMEM, "trainer: out of memory");
	c->d = d;
	if (make_all(c, s)) {
		dnn_conv_destroy(c);
		return lxa_err_set(err, -EIO,
				   "trainer: oneDNN has no convolution %dx%dx%d to %d channels, kernel %dx%d, pad %d",
				   s->ih, s->iw, s->ic, s->oc, s->kh, s->kw, s->pad);
	}
	*out = c;
	return 0;
}

static void drop_pass(struct pass *p)
{
	dnnl_primitive_destroy(p->reorder);
	dnnl_primitive_destroy(p->prim);
	dnnl_primitive_desc_destroy(p->pd);
	dnnl_memory_destroy(p->w);
}

void dnn_conv_destroy(struct dnn_conv *c)
{
	if (!c)
		return;
	drop_pass(&c->weights);
	drop_pass(&c->data);
	drop_pass(&c->fwd);
	dnnl_memory_destroy(c->x);
	dnnl_memory_destroy(c->y);
	dnnl_memory_destroy(c->plain);
	free(c);
}

const char *dnn_conv_info(struct dnn_conv *c, int which)
{
	const struct pass *p[] = { &c->fwd, &c->data, &c->weights };
	const char *text = "?";

	dnnl_primitive_desc_query(p[which]->pd, dnnl_query_impl_info_str, 0, &text);
	return text;
}

static int reorder(struct dnn_conv *c, const struct pass *p, dnnl_memory_t from, dnnl_memory_t to)
{
	const dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } };

	return dnnl_primitive_execute(p->reorder, c->d->stream, 2, args) ? -EIO : 0;
}

/* oneDNN's interface has no const; it only writes to the argument that is the result. */
static int run(struct dnn_conv *c, const struct pass *p, int x_arg, const float *x, int y_arg, const float *y,
	       const float *w)
{
	const dnnl_exec_arg_t args[] = { { x_arg, c->x }, { y_arg, c->y }, { p->w_arg, p->w } };
	int diff = p->w_arg == DNNL_ARG_DIFF_WEIGHTS;

	if (dnnl_memory_set_data_handle(c->x, (void *)x) || dnnl_memory_set_data_handle(c->y, (void *)y) ||
	    dnnl_memory_set_data_handle(c->plain, (void *)w))
		return -EIO;
	if (!diff && reorder(c, p, c->plain, p->w))
		return -EIO;
	if (dnnl_primitive_execute(p->prim, c->d->stream, 3, args))
		return -EIO;
	if (diff && reorder(c, p, p->w, c->plain))
		return -EIO;
	return dnnl_stream_wait(c->d->stream) ? -EIO : 0;
}

int dnn_conv_forward(struct dnn_conv *c, const float *x, const float *w, float *y)
{
	return run(c, &c->fwd, DNNL_ARG_SRC, x, DNNL_ARG_DST, y, w);
}

int dnn_conv_backward_data(struct dnn_conv *c, const float *dy, const float *w, float *dx)
{
	return run(c, &c->data, DNNL_ARG_DIFF_SRC, dx, DNNL_ARG_DIFF_DST, dy, w);
}

int dnn_conv_backward_weights(struct dnn_conv *c, const float *x, const float *dy, float *dw)
{
	return run(c, &c->weights, DNNL_ARG_SRC, x, DNNL_ARG_DIFF_DST, dy, dw);
}
