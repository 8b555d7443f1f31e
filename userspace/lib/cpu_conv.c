/* SPDX-License-Identifier: MIT */
/* cpu_conv.c - Conv by oneDNN. */
#include <string.h>

#include "cpu_dnnl.h"
#include "ops.h"
#include "window.h"

struct conv_key {
	int64_t kind, batch, in_ch, out_ch, group, bias;
	struct lxa_window w;
};

struct conv_mds {
	dnnl_memory_desc_t x, w, b, y;			/* plain: the user's */
	dnnl_memory_desc_t any_x, any_w, any_y;		/* oneDNN chooses */
};

static void conv_dims(const struct conv_key *k, int64_t *x, int64_t *w, int64_t *y, int *wn)
{
	int i, g = k->group > 1;

	x[0] = y[0] = k->batch;
	x[1] = k->in_ch;
	y[1] = k->out_ch;
	if (g)
		w[0] = k->group;
	w[g] = k->out_ch / k->group;
	w[g + 1] = k->in_ch / k->group;
	for (i = 0; i < k->w.nd; i++) {
		x[2 + i] = k->w.in[i];
		y[2 + i] = k->w.out[i];
		w[g + 2 + i] = k->w.kernel[i];
	}
	*wn = g + 2 + k->w.nd;
}

static dnnl_status_t conv_mds(const struct conv_key *k, struct conv_mds *m)
{
	int64_t x[LXA_MAX_DIMS], w[LXA_MAX_DIMS], y[LXA_MAX_DIMS];
	int wn, n = 2 + k->w.nd;
	dnnl_status_t s;

	conv_dims(k, x, w, y, &wn);
	s = lxa_dnnl_plain(&m->x, n, x);
	if (s == dnnl_success)
		s = lxa_dnnl_plain(&m->w, wn, w);
	if (s == dnnl_success)
		s = lxa_dnnl_plain(&m->b, 1, &k->out_ch);
	if (s == dnnl_success)
		s = lxa_dnnl_plain(&m->y, n, y);
	if (s == dnnl_success)
		s = lxa_dnnl_any(&m->any_x, n, x);
	if (s == dnnl_success)
		s = lxa_dnnl_any(&m->any_w, wn, w);
	if (s == dnnl_success)
		s = lxa_dnnl_any(&m->any_y, n, y);
	return s;
}

static dnnl_status_t conv_new(struct lxa_cpu *cpu, const struct conv_key *k, struct lxa_prim **out)
{
	dnnl_convolution_desc_t desc;
	dnnl_primitive_desc_t pd;
	dnnl_dims_t stride, dilation, begin, end;
	struct lxa_prim *p;
	struct conv_mds m;
	dnnl_status_t s;

	s = conv_mds(k, &m);
	if (s != dnnl_success)
		return s;
	lxa_dnnl_dims(stride, k->w.stride, k->w.nd, 0);
	lxa_dnnl_dims(dilation, k->w.dilation, k->w.nd, 1);
	lxa_dnnl_dims(begin, k->w.pad_begin, k->w.nd, 0);
	lxa_dnnl_dims(end, k->w.pad_end, k->w.nd, 0);
	/* The direct algorithm: Winograd's would be another rounding. */
	s = dnnl_dilated_convolution_forward_desc_init(&desc, dnnl_forward_inference, dnnl_convolution_direct, &m.any_x,
						       &m.any_w, k->bias ? &m.b : NULL, &m.any_y, stride, dilation, begin,
						       end);
	if (s != dnnl_success)
		return s;
	s = dnnl_primitive_desc_create(&pd, &desc, NULL, cpu->engine, NULL);
	if (s != dnnl_success)
		return s;
	p = lxa_prim_new(cpu, k, sizeof(*k), pd);
	if (!p) {
		dnnl_primitive_desc_destroy(pd);
		return dnnl_out_of_memory;
	}
	s = lxa_prim_io(cpu, p, DNNL_ARG_SRC, 0, &m.x, dnnl_primitive_desc_query_md(pd, dnnl_query_src_md, 0));
	if (s == dnnl_success)
		s = lxa_prim_io(cpu, p, DNNL_ARG_WEIGHTS, 0, &m.w,
				dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0));
	if (s == dnnl_success)
		s = lxa_prim_io(cpu, p, DNNL_ARG_DST, 1, &m.y, dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0));
	if (s == dnnl_success && k->bias)
		s = lxa_prim_io(cpu, p, DNNL_ARG_BIAS, 0, &m.b, &m.b);
	dnnl_primitive_desc_destroy(pd);
	if (s != dnnl_success)
		lxa_prim_drop(cpu, p);
	else
		*out = p;
	return s;
}

LXA_OP_EXEC(conv)
{
	const struct lxa_tensor *x = c->in[0], *w = c->in[1], *b = c->n_in > 2 ? c->in[2] : NULL;
	void *ptr[4] = { x->data, w->data, c->out[0].data, b ? b->data : NULL };
	struct lxa_prim *p;
	struct conv_key k;
	dnnl_status_t s = dnnl_success;
	int ret;

	memset(&k, 0, sizeof(k));	/* padding bytes are compared as well */
	k.kind = dnnl_convolution;
	k.batch = x->dims[0];
	k.in_ch = x->dims[1];
	k.out_ch = w->dims[0];
	k.group = lxa_node_int(c->n, "group", 1);
	k.bias = b != NULL;
	ret = lxa_window_parse(c, w->dims + 2, 0, &k.w);
	if (ret)
		return ret;
	p = lxa_prim_find(c->cpu, &k, sizeof(k));
	if (!p)
		s = conv_new(c->cpu, &k, &p);
	if (s == dnnl_success)
		s = lxa_prim_run(c->cpu, p, ptr);
	return s == dnnl_success ? 0 : lxa_dnnl_err(c, s);
}
