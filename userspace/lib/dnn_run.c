/* SPDX-License-Identifier: MIT */
/* dnn_run.c - running one step of oneDNN, and values between its layouts and plain floats; see dnn.h. */
#include <stdlib.h>
#include <string.h>

#include "dnn.h"

/* ---- buffers ----------------------------------------------------------------------------------------------------- */

/* The smallest that is big enough and not mostly wasted, the last used first: it is still in the cache. */
struct dnn_buf *dnn_buf_get(struct dnn *d, size_t bytes)
{
	struct dnn_buf **at, **best = NULL, *b;

	for (at = &d->free; *at; at = &(*at)->next)
		if ((*at)->bytes >= bytes && (*at)->bytes / 4 <= bytes && (!best || (*at)->bytes < (*best)->bytes))
			best = at;
	if (best) {
		b = *best;
		*best = b->next;
		return b;
	}
	b = malloc(sizeof(*b));
	if (!b)
		return NULL;
	b->bytes = (bytes + 63) / 64 * 64;
	b->data = aligned_alloc(64, b->bytes);
	if (!b->data) {
		free(b);
		return NULL;
	}
	return b;
}

void dnn_buf_put(struct dnn *d, struct dnn_buf *b)
{
	if (!b)
		return;
	b->next = d->free;
	d->free = b;
}

/* ---- layouts ----------------------------------------------------------------------------------------------------- */

int dnn_fits(const struct dnn_prog *g, int value, const struct lxa_tensor *t)
{
	const dnnl_memory_desc_t *md = &g->vals[value].md;
	int i;

	if (t->dtype != LXA_F32 || t->ndim != md->ndims)
		return 0;
	for (i = 0; i < t->ndim; i++)
		if (t->dims[i] != md->dims[i])
			return 0;
	return 1;
}

static dnnl_status_t reorder(struct dnn *d, dnnl_primitive_t p, dnnl_memory_t from, const void *src, dnnl_memory_t to,
			     void *dst)
{
	dnnl_exec_arg_t args[2] = { { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } };
	dnnl_status_t s = dnnl_memory_set_data_handle(from, (void *)(uintptr_t)src);

	if (s == dnnl_success)
		s = dnnl_memory_set_data_handle(to, dst);
	if (s == dnnl_success)
		s = dnnl_primitive_execute(p, d->p->cpu->stream, 2, args);
	return s == dnnl_success ? dnnl_stream_wait(d->p->cpu->stream) : s;
}

static dnnl_status_t plain_mem(struct dnn *d, struct dnn_val *v)
{
	dnnl_status_t s;

	if (v->plain_mem)
		return dnnl_success;
	s = dnnl_memory_create(&v->plain_mem, &v->plain_md, d->p->cpu->engine, DNNL_MEMORY_NONE);
	if (s != dnnl_success)
		v->plain_mem = NULL;
	return s;
}

dnnl_status_t dnn_to_plain(struct dnn *d, struct dnn_prog *g, int value, const void *from, float *to)
{
	struct dnn_val *v = &g->vals[value];
	dnnl_status_t s;

	if (v->plain) {
		memcpy(to, from, v->bytes);
		return dnnl_success;
	}
	s = plain_mem(d, v);
	if (s == dnnl_success && !v->to_plain)
		s = dnn_reorder_new(d, &v->md, &v->plain_md, &v->to_plain);
	return s == dnnl_success ? reorder(d, v->to_plain, v->mem, from, v->plain_mem, to) : s;
}

dnnl_status_t dnn_from_plain(struct dnn *d, struct dnn_prog *g, int value, const float *from, void *to)
{
	struct dnn_val *v = &g->vals[value];
	dnnl_status_t s = plain_mem(d, v);

	if (s == dnnl_success && !v->from_plain)
		s = dnn_reorder_new(d, &v->plain_md, &v->md, &v->from_plain);
	return s == dnnl_success ? reorder(d, v->from_plain, v->plain_mem, from, v->mem, to) : s;
}

/* ---- steps --------------------------------------------------------------------------------------------------------- */

/* One pixel's block of channels: lane by lane, for a shift of channels that is no multiple of the block. */
static void move_lanes(float *to, const float *from, const int64_t *map, int64_t n)
{
	int64_t i;

	for (i = 0; i < n; i++)
		to[i] = map[i] < 0 ? 0 : from[map[i]];
}

/* Where index i of dimension k comes from; -1: padding. */
static int64_t source(const struct dnn_move *m, int k, int64_t i)
{
	i -= m->pad[k];
	return i < 0 || i >= m->len[k] ? -1 : m->start[k] + i * m->step[k];
}

struct walk {
	const struct dnn_move *m;
	const dnnl_memory_desc_t *x, *y;
	const int64_t *map;
	int64_t blk;
};

/* Everything behind dimension k of one block of channels; from NULL: padding. */
static void move_dim(const struct walk *k, int dim, const float *from, float *to)
{
	const dnnl_blocking_desc_t *bx = &k->x->format_desc.blocking, *by = &k->y->format_desc.blocking;
	int64_t i, src;

	if (dim == k->y->ndims) {
		if (from)
			move_lanes(to, from, k->map, k->blk);
		else
			memset(to, 0, (size_t)k->blk * sizeof(*to));
		return;
	}
	for (i = 0; i < k->y->dims[dim]; i++) {
		src = source(k->m, dim, i);
		move_dim(k, dim + 1, src < 0 || !from ? NULL : from + src * bx->strides[dim], to + i * by->strides[dim]);
	}
}

static void run_move(const struct dnn_step *st, const struct dnn_prog *g, const struct dnn_op *o, const float *in, float *out)
{
	const dnnl_memory_desc_t *x = &g->vals[st->in[0]].md, *y = &g->vals[st->out].md;
	const dnnl_blocking_desc_t *bx = &x->format_desc.blocking, *by = &y->format_desc.blocking;
	struct walk k = { .m = &st->move, .x = x, .y = y, .blk = by->inner_nblks ? by->inner_blks[0] : 1 };
	int64_t n, c;

	if (!by->inner_nblks && by->strides[1] == 1)
		k.blk = y->dims[1];	/* channels last: a pixel's lie together */
	for (n = 0; n < y->dims[0]; n++)
		for (c = 0; c < y->padded_dims[1]; c += k.blk) {
			k.map = o->from + c;
			move_dim(&k, 2, in + n * bx->strides[0], out + n * by->strides[0] + c / k.blk * by->strides[1]);
		}
}

/* The summand into the result's place. */
static dnnl_status_t run_sum(struct dnn *d, struct dnn_prog *g, const struct dnn_step *st, const struct dnn_op *o,
			     const void *in, void *out)
{
	if (in == out)
		return dnnl_success;
	if (o->reorder[1])
		return reorder(d, o->reorder[1], g->vals[st->in[1]].mem, in, g->vals[st->out].mem, out);
	memcpy(out, in, g->vals[st->out].bytes);
	return dnnl_success;
}

dnnl_status_t dnn_run(struct dnn *d, struct dnn_prog *g, int step, const void *const *in, void *out)
{
	const struct dnn_step *st = &d->steps[step];
	struct dnn_op *o = &g->ops[step];
	dnnl_status_t s = dnnl_success;
	int i, n = st->n_in - st->sum;

	if (!o->prim) {
		run_move(st, g, o, in[0], out);
		return dnnl_success;
	}
	for (i = 0; i < n && s == dnnl_success; i++) {
		struct dnn_val *v = &g->vals[st->in[i]];

		if (o->reorder[i])
			s = reorder(d, o->reorder[i], v->mem, in[i], o->want[i], o->scratch[i]);
		else
			s = dnnl_memory_set_data_handle(o->want[i] ? o->want[i] : v->mem, (void *)(uintptr_t)in[i]);
	}
	if (s == dnnl_success && st->sum)
		s = run_sum(d, g, st, o, in[1], out);
	if (s == dnnl_success)
		s = dnnl_memory_set_data_handle(g->vals[st->out].mem, out);
	if (s == dnnl_success)
		s = dnnl_primitive_execute(o->prim, d->p->cpu->stream, o->n_args, o->args);
	return s == dnnl_success ? dnnl_stream_wait(d->p->cpu->stream) : s;
}
