/* SPDX-License-Identifier: MIT */
/*
 * plan_split.c - a layer of which not even one output pixel fits the activation scratchpad, as several jobs.
 *
 * Groups are parted first: some groups are a convolution of their own, whose outputs are put in their places afterwards.
 * Where one group alone is too big its input channels are cut: each job adds its sums to those of the job before (kind raw,
 * RES_MODE raw; rtl/README.md section 3), and the last one has the output stage. Where the window of one block of channels is
 * too big (wide dilation) each kernel row is a job, too. All is exact: sums are integers, and what bounds the whole sum bounds
 * its parts. The device wants the channels of a part next to each other, so they are copied; with a kernel row alone, so are
 * the rows that meet it, those of the border included. A border of zeros does not exist in bits: there each job runs twice,
 * with a border of -1 and of +1, and the output stage halves.
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

/* What a part is cut from the layer. */
struct cut {
	uint32_t groups, channels;	/* some groups, or the channels c0.. of one */
	uint32_t c0, o0;		/* first input and output channel */
	int ky;				/* this kernel row only; -1: all */
	uint8_t fill;			/* with a row: what the rows of its border hold */
	int halve;			/* sums come twice */
	int first, last;		/* of the parts that are added up */
};

static struct lxa_job part_job(const struct lxa_job *whole, const struct cut *cut)
{
	struct lxa_job j = *whole;

	j.groups = (uint16_t)cut->groups;
	j.in_c = (uint16_t)cut->channels;
	j.out_c = (uint16_t)(whole->out_c / whole->groups * cut->groups);
	j.in_row = j.in_img = j.out_row = j.out_img = 0;
	if (cut->ky >= 0) {
		j.in_h = (uint16_t)((whole->in_h + whole->pad_t + whole->pad_b - (whole->kh - 1) * whole->dy - 1) / whole->sy + 1);
		j.kh = j.sy = j.dy = 1;
		j.pad_t = j.pad_b = 0;
	}
	return j;
}

/* The most groups that fit together; 0: not even one does. */
static uint32_t groups_that_fit(const struct lxa_caps *caps, const struct lxa_job *whole)
{
	uint32_t icg = whole->in_c / whole->groups, n = whole->groups, parts = 1;
	struct lxa_job j;

	for (;;) {
		j = part_job(whole, &(struct cut){ .groups = n, .channels = n * icg, .ky = -1 });
		if (fits(caps, &j))
			return n;
		if (n == 1)
			return 0;
		n = lxa_div_up(whole->groups, ++parts);
	}
}

/* The most input channels of one group that fit, whole blocks spread evenly; 0: not even one block does. ky as in a cut. */
static uint32_t channels_that_fit(const struct lxa_caps *caps, const struct lxa_job *whole, int ky)
{
	uint32_t icg = whole->in_c / whole->groups, block, blocks, n, parts = 1;
	struct lxa_layout y;
	struct lxa_job j;

	lxa_layout(caps, whole, &y);
	block = y.block_ic;
	n = blocks = lxa_div_up(icg, block);
	for (;;) {
		j = part_job(whole, &(struct cut){ .groups = 1, .channels = n * block < icg ? n * block : icg, .ky = ky });
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
	j->conv_flags &= ~(LXA_CONV_OUT_SQRT2 | LXA_CONV_OUT_NEAREST | LXA_CONV_OUT_LINEAR);
}

/* Weights and parameters of a part, packed as those of a layer of its own. */
static int pack(const struct lxa_layer *whole, struct plan_part *part, const struct cut *cut, struct lxa_err *err)
{
	const struct lxa_job *j = &part->job, *w = &whole->job;
	size_t taps = (size_t)w->kh * w->kw, row = (size_t)j->kh * j->kw, icg = w->in_c / w->groups, n = j->in_c / j->groups, oc, c;
	size_t skip = cut->c0 - cut->o0 / (w->out_c / w->groups) * icg;	/* channels of the group before the part's */
	struct lxa_layer l = { .caps = whole->caps, .job = *j, .lay = part->lay };
	int ret = 0;

	l.codes = malloc(j->out_c * n * row);
	l.chan = malloc(j->out_c * sizeof(*l.chan));
	part->wgt = malloc(part->lay.wgt_bytes);
	part->par = malloc(part->lay.par_bytes);
	if (!l.codes || !l.chan || !part->wgt || !part->par) {
		ret = lxa_err_set(err, -ENOMEM, "out of memory for packed weights");
		goto out;
	}
	for (oc = 0; oc < j->out_c; oc++) {
		for (c = 0; c < n; c++)
			memcpy(l.codes + (oc * n + c) * row, whole->codes + ((cut->o0 + oc) * icg + skip + c) * taps +
			       (cut->ky < 0 ? 0 : cut->ky * row), row);
		l.chan[oc] = whole->chan[cut->o0 + oc];
		l.chan[oc].bias *= 1 + cut->halve;
		l.chan[oc].shift += (uint32_t)cut->halve;	/* half of a doubled sum rounds as the sum does */
		if (l.chan[oc].shift > 62)
			ret = lxa_err_set(err, -EOPNOTSUPP, "it does not fit the scratchpads, and its scale leaves no room to split it");
	}
	if (!ret) {
		lxa_pack_weights(&l, part->wgt);
		lxa_pack_params(&l, part->par);
	}
out:
	free(l.codes);
	free(l.chan);
	return ret;
}

static int add_part(struct plan_layer *l, const struct cut *cut, struct lxa_err *err)
{
	struct plan_part *more = realloc(l->parts, (size_t)(l->n_parts + 1) * sizeof(*more)), *part;

	if (!more)
		return lxa_err_set(err, -ENOMEM, "out of memory");
	l->parts = more;
	part = &l->parts[l->n_parts++];
	*part = (struct plan_part){ .job = part_job(&l->layer.job, cut), .c0 = cut->c0, .o0 = cut->o0, .ky = cut->ky, .fill = cut->fill };
	if (!cut->last)
		make_raw(&part->job);
	if (!cut->first)
		part->job.res_mode = LXA_RES_RAW;
	lxa_layout(&l->layer.caps, &part->job, &part->lay);
	return pack(&l->layer, part, cut, err);
}

/* One group, `step` channels at a time, all kernel rows in a job or (rows) each in its own. */
static int split_group(struct plan_layer *l, uint32_t g, uint32_t step, int rows, struct lxa_err *err)
{
	const struct lxa_job *j = &l->layer.job;
	uint32_t icg = j->in_c / j->groups, ocg = j->out_c / j->groups, c;
	int twice = rows && j->act_fmt == LXA_FMT_B1 && j->pad_mode == LXA_PAD_ZERO && (j->pad_t || j->pad_b);
	int ky, side, ret = 0;

	for (ky = 0; ky < (rows ? j->kh : 1); ky++)
		for (side = 0; side <= twice; side++)
			for (c = 0; !ret && c < icg; c += step) {
				struct cut cut = { .groups = 1, .channels = icg - c < step ? icg - c : step, .c0 = g * icg + c,
						   .o0 = g * ocg, .ky = rows ? ky : -1, .halve = twice };

				cut.fill = side || (j->act_fmt == LXA_FMT_B1 && j->pad_mode == LXA_PAD_PLUS) ? 0xff : 0;
				cut.first = !ky && !side && !c;
				cut.last = (!rows || ky == j->kh - 1) && side == twice && c + step >= icg;
				ret = add_part(l, &cut, err);
			}
	return ret;
}

int plan_split(struct plan_layer *l, struct lxa_err *err)
{
	const struct lxa_caps *caps = &l->layer.caps;
	const struct lxa_job *j = &l->layer.job;
	uint32_t icg = j->in_c / j->groups, ocg = j->out_c / j->groups, groups = groups_that_fit(caps, j), step, g;
	int ret = 0, rows = 0;

	for (g = 0; groups && !ret && g < j->groups; g += groups) {
		struct cut cut = { .c0 = g * icg, .o0 = g * ocg, .ky = -1, .first = 1, .last = 1 };

		cut.groups = j->groups - g < groups ? j->groups - g : groups;
		cut.channels = cut.groups * icg;
		ret = add_part(l, &cut, err);
	}
	if (groups)
		return ret;
	step = channels_that_fit(caps, j, -1);
	if (!step) {
		rows = 1;
		step = channels_that_fit(caps, j, 0);
	}
	if (!step || !(caps->modes & LXA_CFG_MODES_RES_MASK))
		return lxa_err_set(err, -EOPNOTSUPP, "one output pixel does not fit the %u bytes of the activation scratchpad, and this "
				   "device cannot go on with the sums of an earlier job", caps->act_bytes);
	for (g = 0; !ret && g < j->groups; g++)
		ret = split_group(l, g, step, rows, err);
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
	uint32_t from_px, to_px, c0, t0, n, bits, w;
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

/* Row `from` of every image to row `to`. */
static void copy_row(const struct copy *k, uint32_t from, uint32_t to, int64_t batch)
{
	int64_t n;
	uint32_t x;

	for (n = 0; n < batch; n++)
		for (x = 0; x < k->w; x++)
			copy_pixel(k, k->from + (uint64_t)n * k->from_img + from * k->from_row + (uint64_t)x * k->from_px,
				   k->to + (uint64_t)n * k->to_img + to * k->to_row + (uint64_t)x * k->to_px);
}

static void clear_row(const struct plan_part *part, uint8_t *to, uint32_t row, int64_t batch)
{
	int64_t n;

	for (n = 0; n < batch; n++)
		memset(to + (uint64_t)n * part->lay.in_img + row * part->lay.in_row, 0, part->lay.in_row);
}

void plan_split_gather(const struct plan_batch *b, const struct plan_layer *l)
{
	const struct lxa_layout *y = &l->layer.lay;
	const struct lxa_job *j = &l->layer.job;
	int i;

	for (i = 0; i < l->n_parts; i++) {
		const struct plan_part *part = &l->parts[i];
		struct copy k = { .from = b->v[l->in_value].packed, .to = (uint8_t *)lxa_bo_map(b->split) + part->in_at,
				  .from_img = y->in_img, .from_row = y->in_row, .from_px = y->in_px, .to_img = part->lay.in_img,
				  .to_row = part->lay.in_row, .to_px = part->lay.in_px, .c0 = part->c0, .n = part->job.in_c,
				  .bits = lxa_fmt_bits(j->act_fmt), .w = j->in_w };
		uint32_t h;

		memset(k.to, part->fill, part->lay.in_img * (uint64_t)b->n);
		for (h = 0; h < part->job.in_h; h++) {
			int from = part->ky < 0 ? (int)h : (int)h * j->sy + part->ky * j->dy - j->pad_t;

			if (from < 0 || from >= j->in_h)
				continue;
			if (part->fill)
				clear_row(part, (uint8_t *)k.to, h, b->n);
			copy_row(&k, (uint32_t)from, h, b->n);
		}
	}
}

void plan_split_scatter(const struct plan_batch *b, const struct plan_layer *l)
{
	const struct lxa_layout *y = &l->layer.lay;
	int i;

	if (!scattered(l))
		return;
	memset(b->v[l->out_value].packed, 0, y->out_img * (uint64_t)b->n);
	for (i = 0; i < l->n_parts; i++) {
		const struct plan_part *part = &l->parts[i];
		struct copy k = { .from = (uint8_t *)lxa_bo_map(b->split) + part->out_at, .to = b->v[l->out_value].packed,
				  .from_img = part->lay.out_img, .from_row = part->lay.out_row, .from_px = part->lay.out_px,
				  .to_img = y->out_img, .to_row = y->out_row, .to_px = y->out_px, .t0 = part->o0,
				  .n = part->job.out_c, .bits = lxa_ofmt_bits(l->layer.job.out_fmt), .w = y->out_w };
		uint32_t h;

		for (h = 0; part->job.kind != LXA_KIND_RAW && h < y->out_h; h++)
			copy_row(&k, h, h, b->n);
	}
}

void plan_split_job(const struct plan_batch *b, const struct plan_layer *l, int i, struct lxa_job *j)
{
	const struct plan_part *part = &l->parts[i];

	*j = part->job;
	j->batch = (uint16_t)b->n;
	j->wgt.handle = j->par.handle = lxa_bo_handle(b->p->consts);
	j->wgt.offset = part->wgt_at;
	j->par.offset = part->par_at;
	j->act.handle = j->out.handle = lxa_bo_handle(b->split);
	j->act.offset = part->in_at;
	j->out.offset = part->out_at;
	if (j->kind != LXA_KIND_RAW && !scattered(l)) {
		j->out.handle = lxa_bo_handle(b->v[l->out_value].bo);
		j->out.offset = 0;
	}
	if (j->res_mode == LXA_RES_RAW) {
		j->res.handle = lxa_bo_handle(b->split);
		j->res.offset = l->parts[i - 1].out_at;
	}
}
