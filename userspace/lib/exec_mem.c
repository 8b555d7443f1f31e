/* SPDX-License-Identifier: MIT */
/*
 * exec_mem.c - where a batch lives: every value that a device layer touches has a buffer of its own for its packed form,
 * so that the CPU can have one while jobs use others; weights and parameters of all layers share one. Between layers
 * nothing is converted; this file converts at the borders.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dnn.h"
#include "plan.h"

static void read_by(struct plan_slot *s, const struct plan_enc *enc, uint64_t bytes)
{
	s->enc = enc;
	s->users++;
	if (s->maker < 0)
		s->bytes = bytes;
}

static void find_slots(struct lxa_plan *p)
{
	int i, v;

	for (v = 0; v < p->g->n_values; v++)
		p->slots[v].maker = -1;
	for (i = 0; i < p->n_layers; i++) {
		p->slots[p->layers[i]->out_value].maker = i;
		p->slots[p->layers[i]->out_value].bytes = p->layers[i]->layer.lay.out_img;
	}
	for (i = 0; i < p->n_layers; i++) {
		const struct plan_layer *l = p->layers[i];

		read_by(&p->slots[l->in_value], &l->in_enc, l->layer.lay.in_img);
		if (l->pack.on)
			p->slots[l->in_value].packer = l;
		if (l->res_value >= 0)
			read_by(&p->slots[l->res_value], &l->res_enc, l->layer.lay.res_img);
	}
}

/* One operand behind the other: its place, or, once there is a buffer, its contents. */
static void place_const(const struct lxa_plan *p, const uint8_t *data, uint64_t bytes, uint64_t *place, uint64_t *at)
{
	if (p->consts)
		memcpy((uint8_t *)lxa_bo_map(p->consts) + *at, data, bytes);
	*place = *at;
	*at += lxa_round_up(bytes, p->caps.word_bytes);
}

static uint64_t walk_consts(struct lxa_plan *p)
{
	uint64_t at = 0;
	int i, k;

	for (i = 0; i < p->n_layers; i++) {
		struct plan_layer *l = p->layers[i];

		for (k = 0; k < l->n_parts; k++) {
			place_const(p, l->parts[k].wgt, l->parts[k].lay.wgt_bytes, &l->parts[k].wgt_at, &at);
			place_const(p, l->parts[k].par, l->parts[k].lay.par_bytes, &l->parts[k].par_at, &at);
		}
		if (l->n_parts)
			continue;
		place_const(p, l->layer.wgt, l->layer.lay.wgt_bytes, &l->wgt_at, &at);
		place_const(p, l->layer.par, l->layer.lay.par_bytes, &l->par_at, &at);
	}
	return at;
}

static int place_consts(struct lxa_plan *p, struct lxa_err *err)
{
	int ret = lxa_bo_create(p->dev, walk_consts(p), &p->consts, err);

	if (!ret)
		walk_consts(p);
	return ret;
}

/* Layers with parts run one at a time: what the biggest needs. */
static uint64_t split_bytes(struct lxa_plan *p, int64_t batch, int assign)
{
	uint64_t most = 0, n;
	int i;

	for (i = 0; i < p->n_layers; i++) {
		n = p->layers[i]->n_parts ? plan_split_bytes(p, p->layers[i], batch, assign) : 0;
		most = n > most ? n : most;
	}
	return most;
}

/* Bytes of a batch: whole pages for each value, and what the parts of layers need. */
static uint64_t batch_bytes(struct lxa_plan *p, int64_t batch)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), all = lxa_round_up(split_bytes(p, batch, 0), page);
	int v;

	for (v = 0; v < p->g->n_values; v++)
		all += lxa_round_up(p->slots[v].bytes * (uint64_t)batch, page);
	return all;
}

int plan_mem_batch(struct lxa_plan *p, int i, struct lxa_err *err)
{
	struct plan_batch *b = &p->batches[i];
	uint64_t split = split_bytes(p, p->batch, 1);
	int v, ret = 0;

	if (b->ready)
		return 0;
	for (v = 0; !ret && v < p->g->n_values; v++) {
		uint64_t bytes = p->slots[v].bytes * (uint64_t)p->batch;

		if (!bytes || b->v[v].packed)
			continue;
		if (p->dev)
			ret = lxa_bo_create(p->dev, bytes, &b->v[v].bo, err);
		b->v[v].packed = ret ? NULL : p->dev ? lxa_bo_map(b->v[v].bo) : calloc(1, bytes);
		if (!ret && !b->v[v].packed)
			ret = lxa_err_set(err, -ENOMEM, "out of memory for a batch of %lld images", (long long)p->batch);
	}
	if (!ret && p->dev && split && !b->split)
		ret = lxa_bo_create(p->dev, split, &b->split, err);
	b->ready = !ret;
	return ret;
}

static int alloc_batch(struct lxa_plan *p, struct plan_batch *b)
{
	b->p = p;
	b->v = calloc((size_t)p->g->n_values + 1, sizeof(*b->v));
	b->done = calloc((size_t)p->g->n_nodes + (size_t)p->n_layers + 1, 1);
	b->on_device = calloc((size_t)p->n_layers + 1, 1);
	return b->v && b->done && b->on_device;
}

/* A batch that leaves room for a second one, so that the two can overlap. */
static void fit_batch(struct lxa_plan *p)
{
	uint64_t room = 1ull << 30;

	if (p->dev && !lxa_device_param(p->dev, LXA_PARAM_BO_BYTES_MAX, &room))
		room = room > lxa_bo_bytes(p->consts) + 65536 ? room - lxa_bo_bytes(p->consts) - 65536 : 0;
	while (!p->fixed && p->batch > 1 && 2 * batch_bytes(p, p->batch) > room)
		p->batch = (p->batch + 1) / 2;
}

int plan_mem_init(struct lxa_plan *p, struct lxa_err *err)
{
	uint64_t most = 0;
	int i, ret;

	p->slots = calloc((size_t)p->g->n_values + 1, sizeof(*p->slots));
	for (i = 0; i < 2; i++)
		if (!alloc_batch(p, &p->batches[i]) || !p->slots)
			return lxa_err_set(err, -ENOMEM, "out of memory");
	find_slots(p);
	if (!p->n_layers)
		return 0;
	if (p->dev) {
		ret = place_consts(p, err);
		if (ret)
			return ret;
	}
	fit_batch(p);
	for (i = 0; i < p->n_layers; i++)
		most = p->layers[i]->layer.lay.out_img > most ? p->layers[i]->layer.lay.out_img : most;
	p->check = malloc(most);
	if (!p->check)
		return lxa_err_set(err, -ENOMEM, "out of memory for a batch of %lld images", (long long)p->batch);
	return plan_mem_batch(p, 0, err);
}

void plan_value_drop(struct plan_batch *b, int v)
{
	lxa_tensor_free(&b->v[v].t);
	dnn_buf_put(b->p->dnn, b->v[v].blk);
	b->v[v].blk = NULL;
}

static void batch_free(struct lxa_plan *p, struct plan_batch *b)
{
	int v;

	for (v = 0; b->v && v < p->g->n_values; v++) {
		plan_value_drop(b, v);
		lxa_bo_free(b->v[v].bo);
		if (!p->dev)
			free(b->v[v].packed);
	}
	lxa_bo_free(b->split);
	free(b->v);
	free(b->done);
	free(b->on_device);
}

void plan_mem_free(struct lxa_plan *p)
{
	batch_free(p, &p->batches[0]);
	batch_free(p, &p->batches[1]);
	free(p->slots);
	free(p->check);
	lxa_bo_free(p->consts);
}

/* Value of every code a byte can hold; signed nibbles are there as nibbles, too. */
static void code_values(const struct plan_enc *e, float table[256])
{
	int q, code;

	for (q = 0; q < 256; q++) {
		code = e->fmt == LXA_FMT_S8 ? (int8_t)q : q > e->max ? e->max : q;
		if (e->fmt == LXA_FMT_N4 && e->is_signed)
			code = q < 16 ? (q ^ 8) - 8 : (int8_t)q;
		table[q] = plan_enc_float(e, code);
	}
}

/* A float tensor (N x C x H x W, or N x C) as packed codes, in the layout in which the layer reads it. */
int plan_encode(const struct lxa_plan *p, const struct plan_slot *s, const struct lxa_tensor *t, uint8_t *packed)
{
	const struct plan_layer *packer = s->packer;
	const struct plan_enc *e = s->enc;
	uint32_t bits = lxa_fmt_bits(e->fmt), c, h, w;
	uint32_t ch = (uint32_t)t->dims[1], ih = t->ndim == 4 ? (uint32_t)t->dims[2] : 1;
	uint32_t iw = t->ndim > 2 ? (uint32_t)t->dims[t->ndim - 1] : 1;
	uint32_t px = lxa_pixel_pitch_of(&p->caps, e->fmt == LXA_FMT_B1 || e->fmt == LXA_FMT_N4, bits, ch);
	uint64_t row = lxa_round_up((uint64_t)iw * px, p->caps.word_bytes);
	uint64_t image = packer ? packer->layer.lay.in_img : ih * row;
	const float *src = t->data;
	float table[256];
	int64_t n;
	int code, exact = 1;

	code_values(e, table);
	memset(packed, 0, (size_t)((uint64_t)t->dims[0] * image));
	for (n = 0; n < t->dims[0]; n++, packed += image)
		for (c = 0; c < ch; c++)
			for (h = 0; h < ih; h++)
				for (w = 0; w < iw; w++) {
					code = plan_enc_code(e, *src);
					exact &= table[code & 0xff] == *src++;
					if (packer)
						plan_pack_put(packer, packed, c, h, w, (uint8_t)code);
					else
						lxa_element_or(packed + h * row + (uint64_t)w * px, bits, c, code);
				}
	return exact;
}

/* What a layer left in memory, as the float tensor of its output value. */
int plan_decode(const struct lxa_plan *p, const struct plan_layer *l, int64_t batch, const uint8_t *packed,
		struct lxa_tensor *t, struct lxa_err *err)
{
	const struct lxa_job *j = &l->layer.job;
	const struct lxa_layout *y = &l->layer.lay;
	uint32_t bits = lxa_ofmt_bits(j->out_fmt), c, h, w;
	float table[256], *dst;
	int64_t n;

	*t = (struct lxa_tensor){ .dtype = LXA_F32, .ndim = l->ndim, .dims = { batch, j->out_c, y->out_h, y->out_w } };
	if (l->ndim == 3)
		t->dims[2] = y->out_w;
	if (lxa_tensor_alloc(t))
		return lxa_err_set(err, -ENOMEM, "out of memory for a batch of %lld images", (long long)batch);
	if (l->quant >= 0)
		code_values(&l->out_enc, table);
	dst = t->data;
	for (n = 0; n < batch; n++)
		for (c = 0; c < j->out_c; c++)
			for (h = 0; h < y->out_h; h++)
				for (w = 0; w < y->out_w; w++) {
					int32_t v = lxa_element_get(packed + (uint64_t)n * y->out_img + h * y->out_row +
								    (uint64_t)w * y->out_px, bits, c);

					if (l->quant >= 0)
						*dst++ = table[v];
					else
						*dst++ = (float)(v * l->out_unit[c]) + (l->bias ? l->bias[c] : 0);
				}
	return 0;
}
