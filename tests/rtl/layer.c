/* SPDX-License-Identifier: MIT */
/* layer.c - random layers and their packing, from rtl/README.md sections 1, 4 and 5. */
#include "layer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "desc.h"

uint64_t rnd(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

uint32_t rnd_n(uint64_t *state, uint32_t n)
{
	return (uint32_t)(rnd(state) % n);
}

static uint32_t between(uint64_t *s, uint32_t lo, uint32_t hi)
{
	return lo + rnd_n(s, hi - lo + 1);
}

uint64_t rnd_seed(void)
{
	const char *env = getenv("LXA_SEED");
	uint64_t seed = env ? strtoull(env, NULL, 0) : (uint64_t)time(NULL) * 1000003u;

	printf("seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	return seed;
}

static int is_log(const struct lxa_job *j)
{
	return j->act_fmt == LXA_FMT_LOG4 || j->act_fmt == LXA_FMT_LOG8;
}

static int is_xnor(const struct lxa_job *j)
{
	return j->act_fmt == LXA_FMT_B1 || j->act_fmt == LXA_FMT_N4;
}

static int can_pack(const struct lxa_job *j)
{
	return j->act_fmt == LXA_FMT_LOG8 || j->act_fmt == LXA_FMT_U8 || j->act_fmt == LXA_FMT_S8;
}

int layer_dual(const struct layer *y)
{
	const struct lxa_job *j = &y->job;

	return (is_log(j) && j->conv_flags & LXA_CONV_ACT_SQRT2) ||
	       (j->wgt_fmt == LXA_WFMT_LOG && j->conv_flags & LXA_CONV_WGT_SQRT2);
}

/* ---- choice -------------------------------------------------------------------------------------------- */

static void choose_formats(uint64_t *s, const struct layer_want *want, struct lxa_job *j)
{
	static const uint8_t pairs[][2] = {
		{ LXA_FMT_LOG4, LXA_WFMT_LOG }, { LXA_FMT_LOG8, LXA_WFMT_LOG }, { LXA_FMT_U8, LXA_WFMT_LOG },
		{ LXA_FMT_S8, LXA_WFMT_LOG },	{ LXA_FMT_LOG4, LXA_WFMT_S8 }, { LXA_FMT_LOG8, LXA_WFMT_S8 },
		{ LXA_FMT_B1, LXA_WFMT_B1 },	{ LXA_FMT_B1, LXA_WFMT_B1 },   { LXA_FMT_B1, LXA_WFMT_BITS },
		{ LXA_FMT_N4, LXA_WFMT_B1 },	{ LXA_FMT_N4, LXA_WFMT_BITS }, { LXA_FMT_N4, LXA_WFMT_BITS },
	};

	do {
		const uint8_t *p = pairs[rnd_n(s, sizeof(pairs) / sizeof(pairs[0]))];

		j->act_fmt = p[0];
		j->wgt_fmt = p[1];
	} while ((want->act_fmt >= 0 && j->act_fmt != want->act_fmt) || (want->wgt_fmt >= 0 && j->wgt_fmt != want->wgt_fmt));
	if (is_log(j) && rnd_n(s, 2))
		j->conv_flags |= LXA_CONV_ACT_SQRT2;
	if (j->wgt_fmt == LXA_WFMT_LOG && rnd_n(s, 2))
		j->conv_flags |= LXA_CONV_WGT_SQRT2;
	j->pad_mode = j->act_fmt == LXA_FMT_B1 ? rnd_n(s, 3) : 0;
	if (j->act_fmt == LXA_FMT_N4)
		j->act_bits = (uint8_t)between(s, 1, 4), j->conv_flags |= rnd_n(s, 2) ? LXA_CONV_ACT_SIGNED : 0;
	if (j->wgt_fmt == LXA_WFMT_BITS)
		j->wgt_bits = (uint8_t)between(s, 1, 4), j->conv_flags |= rnd_n(s, 2) ? LXA_CONV_WGT_SIGNED : 0;
}

/* The configuration has what the job needs. */
static int modes_there(const struct lxa_caps *caps, const struct lxa_job *j)
{
	uint32_t need = is_xnor(j) ? LXA_CFG_MODES_XNOR_MASK : LXA_CFG_MODES_SHIFT_MASK;

	if (j->conv_flags & (LXA_CONV_ACT_SQRT2 | LXA_CONV_WGT_SQRT2 | LXA_CONV_OUT_SQRT2 | LXA_CONV_RES_SQRT2))
		need |= LXA_CFG_MODES_SQRT2_MASK;
	if (j->act_fmt == LXA_FMT_U8 || j->act_fmt == LXA_FMT_S8)
		need |= LXA_CFG_MODES_ACT_INT_MASK;
	if (j->wgt_fmt == LXA_WFMT_S8)
		need |= LXA_CFG_MODES_WGT_INT_MASK;
	if (j->pool_h > 1 || j->pool_w > 1 || j->pool_sy > 1 || j->pool_sx > 1)
		need |= LXA_CFG_MODES_POOL_MASK;
	if (j->act_fmt == LXA_FMT_N4 || j->wgt_fmt == LXA_WFMT_BITS)
		need |= LXA_CFG_MODES_PLANES_MASK;
	if (j->conv_flags & LXA_CONV_PACKED)
		need |= LXA_CFG_MODES_PACK_MASK;
	if (j->res_mode || j->kind == LXA_KIND_RAW)
		need |= LXA_CFG_MODES_RES_MASK;
	return (caps->modes & need) == need;
}

int layer_possible(const struct lxa_caps *caps, const struct layer_want *want)
{
	struct lxa_job j = { .act_fmt = (uint8_t)(want->act_fmt >= 0 ? want->act_fmt : 0),
			     .wgt_fmt = (uint8_t)(want->wgt_fmt >= 0 ? want->wgt_fmt : 0),
			     .kind = (uint8_t)(want->kind >= 0 ? want->kind : 0),
			     .conv_flags = want->packed > 0 ? LXA_CONV_PACKED : 0 };

	return modes_there(caps, &j);
}

static void choose_output(uint64_t *s, const struct layer_want *want, struct lxa_job *j)
{
	j->kind = (uint8_t)(want->kind >= 0 ? (uint32_t)want->kind : rnd_n(s, 9) % 5);
	switch (j->kind) {
	case LXA_KIND_INT32:
		j->out_fmt = LXA_OFMT_W32;
		j->clamp_lo = rnd_n(s, 2) ? INT32_MIN : -(int32_t)rnd_n(s, 1000);
		j->clamp_hi = rnd_n(s, 2) ? INT32_MAX : (int32_t)rnd_n(s, 1000000);
		break;
	case LXA_KIND_RAW:
		j->out_fmt = LXA_OFMT_W64;
		break;
	case LXA_KIND_INT8:
		j->out_fmt = LXA_OFMT_B8;
		j->clamp_lo = rnd_n(s, 2) ? -128 : 0;
		j->clamp_hi = j->clamp_lo ? 127 : 255;
		break;
	case LXA_KIND_LOG:
		j->out_fmt = rnd_n(s, 2) ? LXA_OFMT_N4 : LXA_OFMT_B8;
		j->log_max = (uint8_t)between(s, 1, j->out_fmt == LXA_OFMT_N4 ? 15 : 255);
		j->log_off = (int8_t)((int)rnd_n(s, 40) - 24);
		if (rnd_n(s, 2))
			j->conv_flags |= LXA_CONV_OUT_SQRT2;
		if (rnd_n(s, 2))
			j->conv_flags |= LXA_CONV_OUT_NEAREST;
		break;
	default:
		j->out_fmt = rnd_n(s, 3);
		j->nthr = (uint8_t)(j->out_fmt == LXA_OFMT_B1 ? 1 : between(s, 1, 15));
	}
	if (j->out_fmt == LXA_OFMT_N4 && rnd_n(s, 2))
		j->conv_flags |= LXA_CONV_OUT_LINEAR;
}

/* Packed pixels: few channels, or many that stand for rows of an image. */
static void make_packed(uint64_t *s, const struct lxa_caps *caps, struct lxa_job *j)
{
	j->conv_flags |= LXA_CONV_PACKED;
	j->groups = 1;
	j->in_c = (uint16_t)(rnd_n(s, 2) ? between(s, 1, 4) : rnd_n(s, 2) ? between(s, 1, 40) : between(s, 1, 300));
	j->out_c = (uint16_t)between(s, 1, 3 * caps->shift_oc);
	j->dx = 1;
	j->pad_l = j->pad_r = 0;
}

/* Channels and groups: plain, depthwise, groups smaller or larger than a block, with and without tails. */
static void choose_channels(uint64_t *s, const struct lxa_caps *caps, struct lxa_job *j)
{
	uint32_t bic = is_xnor(j) ? caps->xnor_ic : caps->shift_ic;
	uint32_t boc = is_xnor(j) ? caps->xnor_oc : caps->shift_oc;
	uint32_t icg, ocg, g;

	switch (rnd_n(s, 8)) {
	case 0:				/* depthwise */
		g = between(s, 2, 3 * boc);
		icg = ocg = 1;
		break;
	case 1:				/* small groups */
		g = between(s, 2, 9);
		icg = between(s, 1, bic);
		ocg = between(s, 1, boc);
		break;
	case 2:				/* groups of whole blocks */
		g = between(s, 2, 3);
		icg = bic * between(s, 1, 2);
		ocg = boc * between(s, 1, 2);
		break;
	case 3:				/* several groups fill a block exactly */
		g = 1u << between(s, 1, 4);
		icg = bic >> rnd_n(s, 3);
		ocg = boc >> rnd_n(s, 3);
		break;
	default:
		g = 1;
		icg = rnd_n(s, 4) ? between(s, 1, 3 * bic) : bic * between(s, 1, 4);
		ocg = rnd_n(s, 4) ? between(s, 1, 3 * boc) : boc * between(s, 1, 4);
	}
	j->groups = (uint16_t)g;
	j->in_c = (uint16_t)(g * icg);
	j->out_c = (uint16_t)(g * ocg);
}

static void choose_window(uint64_t *s, struct lxa_job *j)
{
	j->kh = rnd_n(s, 6) ? between(s, 1, 4) : between(s, 1, 11);
	j->kw = rnd_n(s, 3) ? j->kh : between(s, 1, 5);
	j->sy = rnd_n(s, 2) ? 1 : between(s, 1, 4);
	j->sx = rnd_n(s, 3) ? j->sy : between(s, 1, 4);
	j->dy = rnd_n(s, 4) ? 1 : between(s, 1, 6);
	j->dx = rnd_n(s, 4) ? 1 : between(s, 1, 6);
	if (rnd_n(s, 2)) {
		uint32_t ekh = (j->kh - 1u) * j->dy + 1, ekw = (j->kw - 1u) * j->dx + 1;

		j->pad_t = rnd_n(s, ekh), j->pad_b = rnd_n(s, ekh);
		j->pad_l = rnd_n(s, ekw), j->pad_r = rnd_n(s, ekw);
	}
	j->pool_h = j->pool_w = j->pool_sy = j->pool_sx = 1;
	if (!rnd_n(s, 3)) {
		j->pool_h = between(s, 1, 4), j->pool_w = between(s, 1, 4);
		j->pool_sy = between(s, 1, 3), j->pool_sx = between(s, 1, 3);
		j->pool_pt = rnd_n(s, j->pool_h), j->pool_pb = rnd_n(s, j->pool_h);
		j->pool_pl = rnd_n(s, j->pool_w), j->pool_pr = rnd_n(s, j->pool_w);
	}
}

/* Neither kind raw nor a residual goes with a pool. */
static void choose_residual(uint64_t *s, struct lxa_job *j)
{
	static const uint8_t fmts[] = { LXA_FMT_LOG4, LXA_FMT_LOG8, LXA_FMT_U8, LXA_FMT_S8, LXA_FMT_W32 };
	static const uint8_t bits[] = { 29, 31, 8, 7, 31 }; /* of a value, fraction included */
	int32_t want = j->kind == LXA_KIND_INT8 ? 8 : j->kind == LXA_KIND_LOG ? 20 : 28, shift;
	uint32_t f = rnd_n(s, 5);

	if (j->kind != LXA_KIND_RAW && rnd_n(s, 3))
		return;
	j->pool_h = j->pool_w = j->pool_sy = j->pool_sx = 1;
	j->pool_pt = j->pool_pb = j->pool_pl = j->pool_pr = 0;
	j->res_mode = (uint8_t)(j->kind == LXA_KIND_RAW ? LXA_RES_RAW * rnd_n(s, 2) : 1 + rnd_n(s, 2));
	if (j->res_mode != LXA_RES_VALUE)
		return;
	j->res_fmt = fmts[f];
	j->res_mult = (int16_t)rnd(s);
	shift = bits[f] + 15 - want + (int32_t)rnd_n(s, 7) - 3;
	j->res_shift = (uint8_t)(shift > 0 ? shift : 0);
	if (!rnd_n(s, 8))
		j->res_shift = (uint8_t)rnd_n(s, 63);
	if (j->res_fmt <= LXA_FMT_LOG8 && rnd_n(s, 2))
		j->conv_flags |= LXA_CONV_RES_SQRT2;
}

static int geometry_ok(const struct lxa_job *j)
{
	uint32_t ekh = (j->kh - 1u) * j->dy + 1, ekw = (j->kw - 1u) * j->dx + 1, ch, cw;

	if ((uint32_t)j->in_h + j->pad_t + j->pad_b < ekh || (uint32_t)j->in_w + j->pad_l + j->pad_r < ekw)
		return 0;
	ch = (j->in_h + j->pad_t + j->pad_b - ekh) / j->sy + 1;
	cw = (j->in_w + j->pad_l + j->pad_r - ekw) / j->sx + 1;
	return ch + j->pool_pt + j->pool_pb >= j->pool_h && cw + j->pool_pl + j->pool_pr >= j->pool_w;
}

static uint64_t array_macs(const struct layer *y)
{
	const struct lxa_layout *l = &y->l;

	return (uint64_t)y->job.batch * l->conv_h * l->conv_w * l->ocb * l->block_oc * l->passes * y->job.kh * l->kx *
	       l->icb * l->block_ic * (y->job.act_bits ? y->job.act_bits : 1);
}

void layer_random(uint64_t *s, const struct lxa_caps *caps, const struct layer_want *want, struct layer *y)
{
	struct lxa_job *j = &y->job;

	for (;;) {
		uint64_t limit = want->max_macs;

		memset(y, 0, sizeof(*y));
		j->op = LXA_OP_CONV;
		choose_formats(s, want, j);
		choose_output(s, want, j);
		choose_channels(s, caps, j);
		choose_window(s, j);
		choose_residual(s, j);
		if (can_pack(j) && caps->modes & LXA_CFG_MODES_PACK_MASK && (want->packed > 0 || (want->packed < 0 && !rnd_n(s, 3))))
			make_packed(s, caps, j);
		j->batch = rnd_n(s, 3) ? 1 : between(s, 1, 4);
		j->in_h = between(s, 1, rnd_n(s, 3) ? 12 : 40);
		j->in_w = between(s, 1, rnd_n(s, 3) ? 12 : 40);
		if (is_xnor(j))
			limit *= 16;
		if (!geometry_ok(j) || !modes_there(caps, j))
			continue;
		lxa_layout(caps, j, &y->l);
		if (y->l.diagonal && j->act_fmt == LXA_FMT_N4 && j->wgt_fmt == LXA_WFMT_B1)
			continue;	/* does not exist */
		if (array_macs(y) > limit)
			continue;
		if (!rnd_n(s, 4)) {	/* loose pitches */
			j->in_row = (uint32_t)y->l.in_row + caps->word_bytes * rnd_n(s, 4);
			j->out_row = (uint32_t)y->l.out_row + caps->word_bytes * rnd_n(s, 4);
			j->in_img = j->in_h * j->in_row + caps->word_bytes * rnd_n(s, 4);
			j->out_img = y->l.out_h * j->out_row + caps->word_bytes * rnd_n(s, 4);
			if (j->res_mode) {
				j->res_row = (uint32_t)y->l.res_row + caps->word_bytes * rnd_n(s, 4);
				j->res_img = y->l.out_h * j->res_row + caps->word_bytes * rnd_n(s, 4);
			}
		}
		if (!layer_finish(s, caps, y))
			return;
	}
}

/* ---- tensors ------------------------------------------------------------------------------------------- */

static uint32_t ceil_log2(uint32_t n)
{
	uint32_t k = 0;

	while (1u << k < n)
		k++;
	return k;
}

/*
 * Largest codes that keep every sum in the range the planner allows: with K products of at most 2^p each and K <= 2^n,
 * p + n <= acc_w - 3 (DUAL = 0), half_w - 3 (DUAL = 1).
 */
static void choose_code_range(uint64_t *s, const struct lxa_caps *caps, struct layer *y)
{
	struct lxa_job *j = &y->job;
	uint32_t n = ceil_log2((uint32_t)j->kh * j->kw * (j->in_c / j->groups)), room = (layer_dual(y) ? caps->half_w : caps->acc_w) - 3 - n;
	uint32_t sa = j->conv_flags & LXA_CONV_ACT_SQRT2 ? 1 : 2, sw = j->conv_flags & LXA_CONV_WGT_SQRT2 ? 1 : 2;
	uint32_t ea, ew;		/* largest exponents, half octaves */

	if (!is_log(j)) {
		ew = 2 * (room - 8) < 31 ? 2 * (room - 8) : 31;
		y->qw_max = ew / sw + 1;
		return;
	}
	ea = j->act_fmt == LXA_FMT_LOG4 ? 14 * sa : 31;
	if (j->wgt_fmt == LXA_WFMT_S8) {
		y->qa_max = (ea < 2 * (room - 8) ? ea : 2 * (room - 8)) / sa + 1;
		return;
	}
	ea = ea < 2 * room ? ea : 2 * room;
	ew = 2 * room - ea < 31 ? 2 * room - ea : 31;
	if (ew < 12 && rnd_n(s, 2)) {
		ew = 12 < room ? 12 : room;
		ea = ea < 2 * room - ew ? ea : 2 * room - ew;
	}
	y->qa_max = ea / sa + 1;
	y->qw_max = ew / sw + 1;
}

static uint8_t random_act(uint64_t *s, const struct layer *y)
{
	if (is_log(&y->job))
		return (uint8_t)rnd_n(s, y->qa_max + 1);
	if (y->job.act_fmt == LXA_FMT_N4)
		return (uint8_t)rnd_n(s, 16);	/* bits beyond the width do not count */
	return y->job.act_fmt == LXA_FMT_B1 ? (uint8_t)rnd_n(s, 2) : (uint8_t)rnd(s);
}

static uint8_t random_wgt(uint64_t *s, const struct layer *y)
{
	switch (y->job.wgt_fmt) {
	case LXA_WFMT_LOG:
		return (uint8_t)(rnd_n(s, y->qw_max + 1) | rnd_n(s, 2) << 7);
	case LXA_WFMT_S8:
		return (uint8_t)rnd(s);
	case LXA_WFMT_BITS:
		return (uint8_t)rnd_n(s, 1u << y->job.wgt_bits);
	default:
		return (uint8_t)rnd_n(s, 2);
	}
}

/* About the size that this layer's totals have. */
static uint32_t total_bits(const struct layer *y)
{
	const struct lxa_job *j = &y->job;
	uint32_t n = ceil_log2((uint32_t)j->kh * j->kw * (j->in_c / j->groups)) / 2 + 1, a, w;
	uint32_t sa = j->conv_flags & LXA_CONV_ACT_SQRT2 ? 2 : 1, sw = j->conv_flags & LXA_CONV_WGT_SQRT2 ? 2 : 1;

	if (is_xnor(j))
		return n + j->act_bits + j->wgt_bits;
	a = is_log(j) ? y->qa_max / sa : 7;
	w = j->wgt_fmt == LXA_WFMT_LOG ? y->qw_max / sw : 7;
	n += a + w + (layer_dual(y) ? 15 : 0);
	return n < 46 ? n : 46;
}

static void random_par(uint64_t *s, const struct layer *y, struct layer_par *p)
{
	const struct lxa_job *j = &y->job;
	uint32_t bits = total_bits(y), i, want;
	int64_t span = (int64_t)1 << bits;

	p->bias = rnd_n(s, 4) ? (int64_t)(rnd(s) % (uint64_t)span) - span / 2 : 0;
	p->mult = rnd_n(s, 3) ? (int32_t)between(s, 1, 32767) : (int16_t)rnd(s);
	if (j->kind == LXA_KIND_THRESH) {
		int64_t at = -span / 2;

		p->mult = rnd_n(s, 2) ? 1 : -1;
		p->shift = bits > 30 ? (int32_t)bits - 30 : 0;
		for (i = 0; i < j->nthr; i++) {
			at += (int64_t)(rnd(s) % (uint64_t)(span / j->nthr + 1));
			p->thr[i] = (int32_t)(at >> p->shift);
		}
		if (!rnd_n(s, 8))
			p->thr[0] = INT32_MIN;
		if (!rnd_n(s, 8))
			p->thr[j->nthr - 1] = INT32_MAX;
		return;
	}
	want = j->kind == LXA_KIND_INT8 ? 8 : j->kind == LXA_KIND_LOG ? 20 : 28; /* bits that should be left */
	p->shift = bits + 15 > want ? (int32_t)(bits + 15 - want) : 0;
	p->shift += (int32_t)rnd_n(s, 5) - 2;
	if (p->shift < 0 || !rnd_n(s, 16))
		p->shift = 0;
	if (p->shift > 62)
		p->shift = 62;
}

/* Partial sums stay as small as choose_code_range() makes the layer's own; of a binary one only the low half counts. */
static int64_t random_res(uint64_t *s, const struct layer *y)
{
	const struct lxa_job *j = &y->job;
	int64_t span = (int64_t)1 << (y->half_w - 3), e = (int64_t)(rnd(s) % (uint64_t)(2 * span)) - span;
	int64_t o = (int64_t)(rnd(s) % (uint64_t)(2 * span)) - span;

	if (j->res_mode == LXA_RES_RAW) {
		if (is_xnor(j))
			return (int64_t)((rnd(s) << 32) | (uint32_t)(int32_t)(e >> (y->half_w - y->xacc_w) >> rnd_n(s, y->xacc_w - 3)));
		return layer_dual(y) ? (int64_t)((uint64_t)e + ((uint64_t)o << y->half_w)) : (int64_t)(rnd(s) >> 18) - ((int64_t)1 << 45);
	}
	switch (j->res_fmt) {
	case LXA_FMT_LOG4:
		return rnd_n(s, 16);
	case LXA_FMT_LOG8:
		return rnd_n(s, j->conv_flags & LXA_CONV_RES_SQRT2 ? 33 : 17);
	case LXA_FMT_U8:
		return rnd_n(s, 256);
	case LXA_FMT_S8:
		return (int8_t)rnd(s);
	default:
		return (int32_t)rnd(s) >> rnd_n(s, 31);
	}
}

int layer_finish(uint64_t *s, const struct lxa_caps *caps, struct layer *y)
{
	struct lxa_job *j = &y->job;

	lxa_layout(caps, j, &y->l);
	if (!y->tile_h && !lxa_tile_choose(caps, j, &y->l, &y->tile_h, &y->tile_w))
		return -1;
	if (!rnd_n(s, 3)) {		/* a smaller tile */
		y->tile_h = between(s, 1, y->tile_h);
		y->tile_w = between(s, 1, y->tile_w);
		if (!lxa_tile_fits(caps, j, &y->l, y->tile_h, y->tile_w))
			y->tile_h = y->tile_w = 1;
	}
	return layer_data(s, caps, y);
}

int layer_data(uint64_t *s, const struct lxa_caps *caps, struct layer *y)
{
	struct lxa_job *j = &y->job;
	size_t na, nw, i;

	if (!lxa_tile_fits(caps, j, &y->l, y->tile_h, y->tile_w))
		return -1;
	y->act_pitch = lxa_tile_pitch(caps, j, &y->l, y->tile_w);
	y->half_w = caps->half_w;
	y->xacc_w = caps->xacc_w;
	choose_code_range(s, caps, y);
	na = (size_t)j->batch * j->in_h * j->in_w * j->in_c;
	nw = (size_t)j->out_c * j->kh * j->kw * (j->in_c / j->groups);
	y->act = malloc(na);
	y->wgt = malloc(nw);
	y->par = calloc(j->out_c, sizeof(*y->par));
	if (!y->act || !y->wgt || !y->par)
		abort();
	if (j->res_mode) {
		size_t n = (size_t)j->batch * y->l.out_h * y->l.out_w * j->out_c;

		y->res = malloc(n * sizeof(*y->res));
		if (!y->res)
			abort();
		for (i = 0; i < n; i++)
			y->res[i] = random_res(s, y);
	}
	for (i = 0; i < na; i++)
		y->act[i] = random_act(s, y);
	for (i = 0; i < nw; i++)
		y->wgt[i] = random_wgt(s, y);
	for (i = 0; i < j->out_c; i++)
		random_par(s, y, &y->par[i]);
	y->barrier = rnd_n(s, 2);
	return 0;
}

void layer_free(struct layer *y)
{
	free(y->act);
	free(y->wgt);
	free(y->par);
	free(y->res);
	memset(y, 0, sizeof(*y));
}

/* ---- packing ------------------------------------------------------------------------------------------- */

static void put_bits(uint8_t *at, uint32_t bits, size_t i, uint32_t v)
{
	uint32_t per = 8 / bits, sh = (uint32_t)(i % per) * bits, mask = ((1u << bits) - 1) << sh;

	at[i / per] = (uint8_t)((at[i / per] & ~mask) | (v << sh & mask));
}

static void pack_act(const struct layer *y, uint8_t *dst)
{
	const struct lxa_job *j = &y->job;
	const uint8_t *src = y->act;
	uint32_t bits = lxa_fmt_bits(j->act_fmt), n, r, x, c;

	for (n = 0; n < j->batch; n++)
		for (r = 0; r < j->in_h; r++)
			for (x = 0; x < j->in_w; x++)
				for (c = 0; c < j->in_c; c++)
					put_bits(dst + n * y->l.in_img + r * y->l.in_row + (size_t)x * y->l.in_px, bits, c, *src++);
}

static void pack_res(const struct layer *y, uint8_t *dst)
{
	const struct lxa_job *j = &y->job;
	uint32_t bits = lxa_res_bits(j), n, r, x, c, b;
	const int64_t *src = y->res;

	for (n = 0; n < j->batch; n++)
		for (r = 0; r < y->l.out_h; r++)
			for (x = 0; x < y->l.out_w; x++)
				for (c = 0; c < j->out_c; c++, src++) {
					uint8_t *px = dst + n * y->l.res_img + r * y->l.res_row + (size_t)x * y->l.res_px;

					if (bits == 4)
						put_bits(px, 4, c, (uint32_t)*src);
					for (b = 0; bits > 4 && b < bits / 8; b++)
						px[c * bits / 8 + b] = (uint8_t)((uint64_t)*src >> 8 * b);
				}
}

/* Weight of output channel oc (< out_c) and the tensor's input channel c, or -1 when c is not in oc's group. */
static int weight_at(const struct layer *y, uint32_t oc, uint32_t c, uint32_t ky, uint32_t kx)
{
	const struct lxa_job *j = &y->job;
	uint32_t icg = j->in_c / j->groups, ocg = j->out_c / j->groups, first = oc / ocg * icg;

	if (c < first || c >= first + icg)
		return -1;
	return y->wgt[(((size_t)oc * j->kh + ky) * j->kw + kx) * icg + c - first];
}

/* Weight of a packed layer's byte of the run; behind the run it does not matter. */
static int weight_of_run(const struct layer *y, uint32_t oc, uint32_t byte, uint32_t ky)
{
	if (byte >= (uint32_t)y->job.kw * y->job.in_c)
		return (int)((oc * 7 + byte * 13 + ky) & 0xff);
	return weight_at(y, oc, byte % y->job.in_c, ky, byte / y->job.in_c);
}

static void pack_wgt(const struct layer *y, uint8_t *dst)
{
	const struct lxa_layout *l = &y->l;
	uint32_t ocb, pass, ky, kx, b, o, i;

	for (ocb = 0; ocb < l->ocb; ocb++)
		for (pass = 0; pass < l->passes; pass++)
			for (ky = 0; ky < y->job.kh; ky++)
				for (kx = 0; kx < l->kx; kx++)
					for (b = 0; b < l->icb; b++, dst += l->wgt_tile)
						for (o = 0; o < l->block_oc; o++)
							for (i = 0; i < l->block_ic; i++) {
								uint32_t c = lxa_layout_channel(l, ocb, b, i), oc = ocb * l->block_oc + o;
								int w = oc >= y->job.out_c ? -1 : l->packed ? weight_of_run(y, oc, c, ky) :
									weight_at(y, oc, c, ky, kx);

								if (!l->lane)
									dst[o * l->block_ic + i] = w < 0 ? 0 : (uint8_t)w;
								else if (y->job.wgt_fmt == LXA_WFMT_BITS)
									put_bits(dst + o * l->block_ic / 8, 1, i, w >= 0 ? (uint32_t)w >> pass & 1 : c >= y->job.in_c);
								else	/* outside the group: a bit and its complement */
									put_bits(dst + o * l->block_ic / 8, 1, i,
										 w >= 0 ? (uint32_t)w : ((oc * 7 + c * 13 + ky * 3 + kx) >> 1 & 1) ^ pass);
							}
}

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v, p[1] = (uint8_t)(v >> 8), p[2] = (uint8_t)(v >> 16), p[3] = (uint8_t)(v >> 24);
}

/*
 * What the lanes' sum lacks: with n4 activations the factor of all planes (-1, or 2^bits - 1) times the sum of the weights, half of it
 * rounded up where the sum is halved (rtl/README.md, section 3).
 */
static int64_t planes_bias(const struct layer *y, uint32_t oc)
{
	const struct lxa_job *j = &y->job;
	size_t n = (size_t)j->kh * j->kw * (j->in_c / j->groups), i;
	int64_t sum = 0, top;

	if (j->act_fmt != LXA_FMT_N4)
		return 0;
	for (i = 0; i < n; i++) {
		int w = y->wgt[oc * n + i];

		if (j->conv_flags & LXA_CONV_WGT_SIGNED && w >> (j->wgt_bits - 1))
			w -= 1 << j->wgt_bits;
		sum += w;
	}
	top = j->conv_flags & LXA_CONV_ACT_SIGNED ? -1 : (1 << j->act_bits) - 1;
	return j->wgt_fmt == LXA_WFMT_BITS ? (top * sum + 1) >> 1 : top * sum;
}

static void pack_par(const struct lxa_caps *caps, const struct layer *y, uint8_t *dst)
{
	const struct lxa_layout *l = &y->l;
	uint32_t oc, i, lanes = caps->out_lanes;

	for (oc = 0; oc < y->job.out_c; oc++) {
		const struct layer_par *p = &y->par[oc];
		int64_t bias = p->bias + planes_bias(y, oc);
		uint32_t words[20] = { 0 }, ocb = oc / l->block_oc, in = oc % l->block_oc;
		uint32_t first = (ocb * lxa_div_up(l->block_oc, lanes) + in / lanes) * l->par_rows;

		words[0] = (uint32_t)bias;
		words[1] = ((uint32_t)(bias >> 32) & 0xffff) | (uint32_t)p->mult << 16;
		words[2] = (uint32_t)p->shift;
		for (i = 0; i < y->job.nthr; i++)
			words[3 + i] = (uint32_t)p->thr[i];
		for (i = 0; i < l->par_rows * 4; i++)
			put32(dst + ((size_t)(first + i / 4) * lanes + in % lanes) * 16 + i % 4 * 4, words[i]);
	}
}

void layer_load(uint64_t *s, struct rig *r, struct layer *y)
{
	size_t i;

	if (!y->act_at) {
		y->act_at = rig_alloc(r, y->l.act_bytes);
		for (i = 0; i < y->l.act_bytes; i++)
			r->mem[y->act_at + i] = (uint8_t)rnd(s); /* padding channels hold anything */
		pack_act(y, r->mem + y->act_at);
	}
	if (y->res && !y->res_at) {
		y->res_at = rig_alloc(r, y->l.res_bytes);
		for (i = 0; i < y->l.res_bytes; i++)
			r->mem[y->res_at + i] = (uint8_t)rnd(s);
		pack_res(y, r->mem + y->res_at);
	}
	y->wgt_at = rig_alloc(r, y->l.wgt_bytes);
	pack_wgt(y, r->mem + y->wgt_at);
	y->par_at = rig_alloc(r, y->l.par_bytes);
	memset(r->mem + y->par_at, 0, y->l.par_bytes);
	pack_par(&r->caps, y, r->mem + y->par_at);
	y->out_at = rig_alloc(r, y->l.out_bytes + 2 * LAYER_GUARD) + LAYER_GUARD;
	for (i = 0; i < y->l.out_bytes + 2 * LAYER_GUARD; i++)
		r->mem[y->out_at - LAYER_GUARD + i] = (uint8_t)rnd(s);
}

void layer_desc(const struct layer *y, uint32_t seq, int irq, uint32_t *d)
{
	const struct lxa_job *j = &y->job;
	const struct lxa_layout *l = &y->l;

	memset(d, 0, LXA_DESC_BYTES);
#define SET(field, v) desc_set(d, LXA_D_##field, (uint64_t)(v))
	SET(OP, LXA_HW_OP_CONV), SET(IRQ, irq), SET(BARRIER, y->barrier != 0), SET(MAGIC, LXA_MAGIC), SET(SEQ, seq);
	SET(ACT_ADDR, rig_iova(y->act_at)), SET(WGT_ADDR, rig_iova(y->wgt_at));
	SET(PAR_ADDR, rig_iova(y->par_at)), SET(OUT_ADDR, rig_iova(y->out_at));
	SET(ACT_SIZE, l->act_bytes), SET(WGT_SIZE, l->wgt_bytes), SET(PAR_SIZE, l->par_bytes), SET(OUT_SIZE, l->out_bytes);
	SET(IN_H, j->in_h), SET(IN_W, j->in_w), SET(CONV_H, l->conv_h), SET(CONV_W, l->conv_w);
	SET(OUT_H, l->out_h), SET(OUT_W, l->out_w), SET(BATCH, j->batch), SET(PACK, l->packed), SET(IN_PX, l->packed ? l->in_px : l->in_px / 8);
	SET(IN_ROW, l->in_row), SET(IN_IMG, l->in_img), SET(OUT_ROW, l->out_row), SET(OUT_IMG, l->out_img);
	SET(OUT_PX, l->out_px / 8), SET(ACT_PITCH, y->act_pitch);
	SET(KH, j->kh), SET(KW, j->kw), SET(SY, j->sy), SET(SX, j->sx), SET(DY, j->dy), SET(DX, j->dx);
	SET(PAD_T, j->pad_t), SET(PAD_L, j->pad_l);
	SET(POOL_H, j->pool_h), SET(POOL_W, j->pool_w), SET(POOL_SY, j->pool_sy), SET(POOL_SX, j->pool_sx);
	SET(POOL_PT, j->pool_pt), SET(POOL_PL, j->pool_pl);
	SET(LANE, l->lane), SET(DUAL, layer_dual(y)), SET(HALVE, l->halve);
	SET(A_BITS, j->act_bits), SET(A_SIGN, !!(j->conv_flags & LXA_CONV_ACT_SIGNED));
	SET(W_SIGN, !!(j->conv_flags & LXA_CONV_WGT_SIGNED));
	SET(ACT_FMT, j->act_fmt), SET(WGT_FMT, j->wgt_fmt);
	SET(ACT_S, !!(j->conv_flags & LXA_CONV_ACT_SQRT2)), SET(WGT_S, !!(j->conv_flags & LXA_CONV_WGT_SQRT2));
	SET(PAD_MODE, j->pad_mode), SET(PASSES, l->passes), SET(OC, j->out_c), SET(OCB, l->ocb);
	SET(ICB, l->icb), SET(ICB_TOTAL, l->icb_total), SET(GRP_OCB, l->grp_ocb), SET(GRP_ICB, l->grp_icb);
	SET(MAC_IC, l->mac_ic), SET(IC_TAIL, l->ic_tail), SET(OC_TAIL, l->oc_tail);
	SET(TILE_H, y->tile_h), SET(TILE_W, y->tile_w);
	SET(KIND, j->kind), SET(OUT_FMT, j->out_fmt), SET(LOG_S, !!(j->conv_flags & LXA_CONV_OUT_SQRT2));
	SET(LOG_ROUND, !!(j->conv_flags & LXA_CONV_OUT_NEAREST)), SET(NTHR, j->nthr), SET(LOG_MAX, j->log_max);
	SET(LOG_OFF, (uint8_t)j->log_off), SET(CLAMP_LO, (uint32_t)j->clamp_lo), SET(CLAMP_HI, (uint32_t)j->clamp_hi);
	if (j->res_mode) {
		SET(RES_MODE, j->res_mode), SET(RES_FMT, j->res_fmt), SET(RES_S, !!(j->conv_flags & LXA_CONV_RES_SQRT2));
		SET(RES_SHIFT, j->res_shift), SET(RES_MULT, (uint16_t)j->res_mult), SET(RES_ADDR, rig_iova(y->res_at));
		SET(RES_SIZE, l->res_bytes), SET(RES_PX, l->res_px / 8), SET(RES_ROW, l->res_row), SET(RES_IMG, l->res_img);
	}
#undef SET
}

void layer_print(const struct layer *y)
{
	const struct lxa_job *j = &y->job;
	const struct lxa_layout *l = &y->l;

	printf("  act %u (%u) wgt %u (%u) flags %x pad_mode %u kind %u ofmt %u nthr %u log_max %u log_off %d clamp %d..%d\n"
	       "  in %ux%ux%ux%u out_c %u groups %u k %ux%u s %ux%u d %ux%u pad t%u l%u b%u r%u\n"
	       "  conv %ux%u pool %ux%u s %ux%u pt%u pl%u out %ux%u tile %ux%u ocb %u icb %u/%u grp %u/%u passes %u barrier %d\n",
	       j->act_fmt, j->act_bits, j->wgt_fmt, j->wgt_bits, j->conv_flags, j->pad_mode, j->kind, j->out_fmt, j->nthr, j->log_max, j->log_off,
	       j->clamp_lo, j->clamp_hi, j->batch, j->in_h, j->in_w, j->in_c, j->out_c, j->groups, j->kh, j->kw, j->sy,
	       j->sx, j->dy, j->dx, j->pad_t, j->pad_l, j->pad_b, j->pad_r, l->conv_h, l->conv_w, j->pool_h, j->pool_w,
	       j->pool_sy, j->pool_sx, j->pool_pt, j->pool_pl, l->out_h, l->out_w, y->tile_h, y->tile_w, l->ocb, l->icb,
	       l->icb_total, l->grp_ocb, l->grp_icb, l->passes, y->barrier);
	if (j->res_mode)
		printf("  residual mode %u fmt %u mult %d shift %u row %llu\n", j->res_mode, j->res_fmt, j->res_mult, j->res_shift,
		       (unsigned long long)l->res_row);
}
