/* SPDX-License-Identifier: MIT */
/*
 * plan_split.c - a layer of which not even one output pixel fits the activation scratchpad, as several jobs.
 *
 * Groups are parted first: some groups are a convolution of their own, whose outputs are put in their places afterwards.
 * Where one group alone is too big its input channels are cut: each job adds its sums to those of the job before (kind raw,
 * RES_MODE raw; rtl/README.md section 3), and the last one has the output stage. Both are exact: sums are integers, and what
 * bounds the whole sum bounds its parts. The device wants the channels of a part next to each other, so they are copied.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

static int fits(const struct lxa_caps *caps, const struct lxa_job *j)
{
	struct lxa_layout y;
	uint32_t h, w;

	lxa_layout(caps, j, &y);
	return lxa_tile_choose(caps, j, &y, &h, &w);
}

/* The job for `groups` of the layer's groups, or for the first `channels` inputs of one. */
static struct lxa_job part_job(const struct lxa_job *whole, uint32_t groups, uint32_t channels)
{
	struct lxa_job j = *whole;

	j.groups = (uint16_t)groups;
	j.in_c = (uint16_t)channels;
	j.out_c = (uint16_t)(whole->out_c / whole->groups * groups);
	j.in_row = j.in_img = j.out_row = j.out_img = 0;
	return j;
}

/* The most groups that fit together; 0: not even one does. */
static uint32_t groups_that_fit(const struct lxa_caps *caps, const struct lxa_job *whole)
{
	uint32_t icg = whole->in_c / whole->groups, n = whole->groups, parts = 1;
	struct lxa_job j;

	for (;;) {
		j = part_job(whole, n, n * icg);
		if (fits(caps, &j))
			return n;
		if (n == 1)
			return 0;
		n = lxa_div_up(whole->groups, ++parts);
	}
}

/* The most input channels of one group that fit, whole blocks spread evenly; 0: not even one block does. */
static uint32_t channels_that_fit(const struct lxa_caps *caps, const struct lxa_job *whole)
{
	uint32_t block = whole->act_fmt == LXA_FMT_B1 ? caps->xnor_ic : caps->shift_ic, icg = whole->in_c / whole->groups;
	uint32_t blocks = lxa_div_up(icg, block), n = blocks, parts = 1;
	struct lxa_job j;

	for (;;) {
		j = part_job(whole, 1, n * block < icg ? n * block : icg);
		if (fits(caps, &j))
			return j.in_c;
		if (n == 1)
			return 0;
		n = lxa_div_up(blocks, ++parts);
	}
}

/* Sums go on in 64 bits, without an output stage. */
static void make_raw(struct lxa_job *j)
{
	j->kind = LXA_KIND_RAW;
	j->out_fmt = LXA_OFMT_W64;
	j->nthr = j->log_max = 0;
	j->log_off = 0;
	j->clamp_lo = j->clamp_hi = 0;
	j->conv_flags &= ~(LXA_CONV_OUT_SQRT2 | LXA_CONV_OUT_NEAREST);
}

/* Weights and parameters of a part, packed as those of a layer of its own. */
static int pack(const struct lxa_layer *whole, struct plan_part *part, struct lxa_err *err)
{
	const struct lxa_job *j = &part->job, *w = &whole->job;
	size_t taps = (size_t)j->kh * j->kw, icg = w->in_c / w->groups, n = j->in_c / j->groups, oc;
	size_t skip = part->c0 - part->o0 / (w->out_c / w->groups) * icg;	/* channels of the group before the part's */
	struct lxa_layer l = { .caps = whole->caps, .job = *j, .lay = part->lay, .chan = whole->chan + part->o0 };

	l.codes = malloc(j->out_c * n * taps);
	part->wgt = malloc(part->lay.wgt_bytes);
	part->par = malloc(part->lay.par_bytes);
	if (!l.codes || !part->wgt || !part->par) {
		free(l.codes);
		return lxa_err_set(err, -ENOMEM, "out of memory for packed weights");
	}
	for (oc = 0; oc < j->out_c; oc++)
		memcpy(l.codes + oc * n * taps, whole->codes + ((part->o0 + oc) * icg + skip) * taps, n * taps);
	lxa_pack_weights(&l, part->wgt);
	lxa_pack_params(&l, part->par);
	free(l.codes);
	return 0;
}

static int add_part(struct plan_layer *l, uint32_t groups, uint32_t channels, uint32_t c0, uint32_t o0, int first, int last,
		    struct lxa_err *err)
{
	struct plan_part *more = realloc(l->parts, (size_t)(l->n_parts + 1) * sizeof(*more)), *part;

	if (!more)
		return lxa_err_set(err, -ENOMEM, "out of memory");
	l->parts = more;
	part = &l->parts[l->n_parts++];
	*part = (struct plan_part){ .job = part_job(&l->layer.job, groups, channels), .c0 = c0, .o0 = o0 };
	if (!last)
		make_raw(&part->job);
	if (!first)
		part->job.res_mode = LXA_RES_RAW;
	lxa_layout(&l->layer.caps, &part->job, &part->lay);
	return pack(&l->layer, part, err);
}

int plan_split(struct plan_layer *l, struct lxa_err *err)
{
	const struct lxa_caps *caps = &l->layer.caps;
	const struct lxa_job *j = &l->layer.job;
	uint32_t icg = j->in_c / j->groups, ocg = j->out_c / j->groups, groups = groups_that_fit(caps, j), step, g, c;
	int ret = 0;

	if (groups) {
		for (g = 0; !ret && g < j->groups; g += groups) {
			uint32_t n = j->groups - g < groups ? j->groups - g : groups;

			ret = add_part(l, n, n * icg, g * icg, g * ocg, 1, 1, err);
		}
		return ret;
	}
	step = channels_that_fit(caps, j);
	if (!step)
		return lxa_err_set(err, -EOPNOTSUPP,
				   "the input under one output pixel, %u x %u pixels, does not fit the %u bytes of the activation "
				   "scratchpad even with one block of channels", l->layer.lay.ekh, l->layer.lay.ekw, caps->act_bytes);
	if (!(caps->modes & LXA_CFG_MODES_RES_MASK))
		return lxa_err_set(err, -EOPNOTSUPP, "one output pixel does not fit the activation scratchpad, and this device "
				   "cannot go on with the sums of an earlier job");
	for (g = 0; g < j->groups; g++)
		for (c = 0; !ret && c < icg; c += step)
			ret = add_part(l, 1, icg - c < step ? icg - c : step, g * icg + c, g * ocg, !c, c + step >= icg, err);
	return ret;
}

void plan_split_free(struct plan_layer *l)
{
	int i;

	for (i = 0; i < l->n_parts; i++) {
		free(l->parts[i].wgt);
		free(l->parts[i].par);
	}
	free(l->parts);
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static int scattered(const struct plan_layer *l)
{
	return l->parts[0].job.out_c != l->layer.job.out_c;
}

/* Inputs and outputs of all parts in one scratch buffer; returns its bytes. Each job's raw sums have a place of their own. */
uint64_t plan_split_bytes(const struct lxa_plan *p, struct plan_layer *l, int64_t batch, int assign)
{
	uint64_t at = 0;
	int i;

	for (i = 0; i < l->n_parts; i++) {
		struct plan_part *part = &l->parts[i];

		if (assign)
			part->in_at = at;
		at += lxa_round_up(part->lay.in_img * (uint64_t)batch, p->caps.word_bytes);
		if (part->job.kind != LXA_KIND_RAW && !scattered(l))
			continue;	/* to the value's own place */
		if (assign)
			part->out_at = at;
		at += lxa_round_up(part->lay.out_img * (uint64_t)batch, p->caps.word_bytes);
	}
	return at;
}

/* Channels c0.. of `from`'s pixels to channels t0.. of `to`'s. */
struct copy {
	const uint8_t *from;
	uint8_t *to;
	uint64_t from_img, from_row, to_img, to_row;
	uint32_t from_px, to_px, c0, t0, n, bits, h, w;
};

static void copy_pixel(const struct copy *k, const uint8_t *from, uint8_t *to)
{
	uint32_t c;

	if (k->c0 * k->bits % 8 == 0 && k->t0 * k->bits % 8 == 0 && k->n * k->bits % 8 == 0) {
		memcpy(to + k->t0 * k->bits / 8, from + k->c0 * k->bits / 8, k->n * k->bits / 8);
		return;
	}
	for (c = 0; c < k->n; c++)
		lxa_element_or(to, k->bits, k->t0 + c, lxa_element_get(from, k->bits, k->c0 + c));
}

static void copy(const struct copy *k, int64_t batch)
{
	int64_t n;
	uint32_t y, x;

	for (n = 0; n < batch; n++)
		for (y = 0; y < k->h; y++)
			for (x = 0; x < k->w; x++)
				copy_pixel(k, k->from + (uint64_t)n * k->from_img + y * k->from_row + (uint64_t)x * k->from_px,
					   k->to + (uint64_t)n * k->to_img + y * k->to_row + (uint64_t)x * k->to_px);
}

void plan_split_gather(const struct lxa_plan *p, const struct plan_layer *l, int64_t batch)
{
	const struct lxa_layout *y = &l->layer.lay;
	int i;

	for (i = 0; i < l->n_parts; i++) {
		const struct plan_part *part = &l->parts[i];
		struct copy k = { .from = plan_packed(p, l->in_value), .to = (uint8_t *)lxa_bo_map(p->split) + part->in_at,
				  .from_img = y->in_img, .from_row = y->in_row, .from_px = y->in_px, .to_img = part->lay.in_img,
				  .to_row = part->lay.in_row, .to_px = part->lay.in_px, .c0 = part->c0, .n = part->job.in_c,
				  .bits = lxa_fmt_bits(l->layer.job.act_fmt), .h = l->layer.job.in_h, .w = l->layer.job.in_w };

		memset(k.to, 0, part->lay.in_img * (uint64_t)batch);
		copy(&k, batch);
	}
}

void plan_split_scatter(const struct lxa_plan *p, const struct plan_layer *l, int64_t batch)
{
	const struct lxa_layout *y = &l->layer.lay;
	int i;

	if (!scattered(l))
		return;
	memset(plan_packed(p, l->out_value), 0, y->out_img * (uint64_t)batch);
	for (i = 0; i < l->n_parts; i++) {
		const struct plan_part *part = &l->parts[i];
		struct copy k = { .from = (uint8_t *)lxa_bo_map(p->split) + part->out_at, .to = plan_packed(p, l->out_value),
				  .from_img = part->lay.out_img, .from_row = part->lay.out_row, .from_px = part->lay.out_px,
				  .to_img = y->out_img, .to_row = y->out_row, .to_px = y->out_px, .t0 = part->o0,
				  .n = part->job.out_c, .bits = lxa_ofmt_bits(l->layer.job.out_fmt), .h = y->out_h, .w = y->out_w };

		if (part->job.kind != LXA_KIND_RAW)
			copy(&k, batch);
	}
}

void plan_split_job(const struct lxa_plan *p, const struct plan_layer *l, int i, int64_t batch, struct lxa_job *j)
{
	const struct plan_part *part = &l->parts[i];

	*j = part->job;
	j->batch = (uint16_t)batch;
	j->wgt.handle = j->par.handle = lxa_bo_handle(p->consts);
	j->wgt.offset = part->wgt_at;
	j->par.offset = part->par_at;
	j->act.handle = j->out.handle = lxa_bo_handle(p->split);
	j->act.offset = part->in_at;
	j->out.offset = part->out_at;
	if (j->kind != LXA_KIND_RAW && !scattered(l)) {
		j->out.handle = lxa_bo_handle(p->acts);
		j->out.offset = p->slots[l->out_value].at;
	}
	if (j->res_mode == LXA_RES_RAW) {
		j->res.handle = lxa_bo_handle(p->split);
		j->res.offset = l->parts[i - 1].out_at;
	}
}
