/* SPDX-License-Identifier: MIT */
/*
 * plan_pack.c - first layers, whose few channels would leave most lanes idle, in packed pixels (rtl/README.md section 1).
 *
 * Only for an input that is encoded here and read by no other layer: the encoder can then write what suits the lanes. Either
 * the columns of the kernel share the lanes with the channels (padding left and right is written as zero pixels), or its
 * rows, too: for each output row the kh input rows under it are interleaved pixel by pixel, all padding written, and the
 * layer becomes one with kh * c channels and one kernel row. The convolution is the same: bounds and kernels need not know.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* Predicted cycles; UINT64_MAX where a layer is too large for one job. */
static uint64_t cost(const struct lxa_caps *caps, const struct lxa_job *j)
{
	uint64_t n = plan_cycles_job(caps, j);

	return n ? n : UINT64_MAX;
}

/* Every step from the layer's input to its head has one reader. */
static int reads_alone(const struct lxa_plan *p, const struct plan_layer *l)
{
	int value = p->g->nodes[l->nodes[0]].in[0], i;

	for (i = 0; i < p->n_layers; i++)
		if (p->layers[i]->out_value == l->in_value)
			return 0;
	while (value != l->in_value && p->uses[value] == 1)
		value = p->g->nodes[p->g->values[value].producer].in[0];
	return value == l->in_value && p->uses[value] == 1;
}

static struct lxa_job by_columns(const struct lxa_job *j)
{
	struct lxa_job k = *j;

	k.conv_flags |= LXA_CONV_PACKED;
	k.in_w = (uint16_t)(j->in_w + j->pad_l + j->pad_r);
	k.pad_l = k.pad_r = 0;
	return k;
}

static struct lxa_job by_rows(const struct lxa_job *j)
{
	struct lxa_job k = by_columns(j);

	k.in_h = (uint16_t)((j->in_h + j->pad_t + j->pad_b - (j->kh - 1) * j->dy - 1) / j->sy + 1);
	k.in_c = (uint16_t)(j->in_c * j->kh);
	k.kh = k.sy = k.dy = 1;
	k.pad_t = k.pad_b = 0;
	return k;
}

/* O x C x KH x KW becomes O x (KH x C) x KW. */
static int permute(struct plan_layer *l, const struct lxa_job *j)
{
	size_t taps = (size_t)j->kh * j->kw, n = (size_t)j->out_c * j->in_c * taps, i;
	int8_t *w = malloc(n);

	if (!w)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		size_t o = i / taps / j->in_c, c = i / taps % j->in_c, ky = i % taps / j->kw, kx = i % j->kw;

		w[((o * j->kh + ky) * j->in_c + c) * j->kw + kx] = l->w.codes[i];
	}
	free(l->w.codes);
	l->w.codes = w;
	return 0;
}

int plan_pack(const struct lxa_plan *p, struct plan_layer *l, struct lxa_job *j, struct lxa_err *err)
{
	struct lxa_job columns, rows;
	uint64_t plain, by_c, by_r;
	uint32_t used, of;

	if (!(p->caps.modes & LXA_CFG_MODES_PACK_MASK) || l->ndim < 3 || j->groups != 1 || j->dx != 1 ||
	    (j->act_fmt != LXA_FMT_U8 && j->act_fmt != LXA_FMT_S8) || !reads_alone(p, l) ||
	    j->in_w + j->pad_l + j->pad_r > UINT16_MAX || (uint32_t)j->in_c * j->kh * j->kw > UINT16_MAX ||
	    j->pad_t >= (j->kh - 1) * j->dy + 1 || j->in_h + j->pad_t + j->pad_b < (j->kh - 1) * j->dy + 1)
		return 0;
	columns = by_columns(j);
	rows = by_rows(j);
	plain = cost(&p->caps, j);
	by_c = cost(&p->caps, &columns);
	by_r = cost(&p->caps, &rows);
	if (by_c >= plain && by_r >= plain)
		return 0;
	l->pack = (struct plan_pack){ .on = 1, .rows = by_r < by_c, .job = *j };
	if (l->pack.rows && permute(l, j))
		return lxa_err_set(err, -ENOMEM, "out of memory for weights");
	used = (uint32_t)j->kw * j->in_c * (l->pack.rows ? j->kh : 1);
	of = (uint32_t)lxa_round_up(used, p->caps.shift_ic);
	snprintf(l->pack.note, sizeof(l->pack.note), "packed pixels: kernel %s share the lanes, %u of %u",
		 l->pack.rows ? "rows and columns" : "columns", used, of);
	*j = l->pack.rows ? rows : columns;
	return 0;
}

/* One code to its place, or places: with rows, under each kernel row that meets its row. */
void plan_pack_put(const struct plan_layer *l, uint8_t *image, uint32_t c, uint32_t y, uint32_t x, uint8_t code)
{
	const struct lxa_job *from = &l->pack.job;
	const struct lxa_layout *lay = &l->layer.lay;
	uint8_t *column = image + (size_t)(x + from->pad_l) * lay->in_px + c;
	int ky;

	if (!l->pack.rows) {
		column[y * lay->in_row] = code;
		return;
	}
	for (ky = 0; ky < from->kh; ky++) {
		int at = (int)y + from->pad_t - ky * from->dy;

		if (at >= 0 && at % from->sy == 0 && at / from->sy < l->layer.job.in_h)
			column[(uint64_t)(at / from->sy) * lay->in_row + (size_t)ky * from->in_c] = code;
	}
}
