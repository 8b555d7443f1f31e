/* SPDX-License-Identifier: MIT */
/*
 * kernel_plain.c - the reference kernel: reads packed memory as rtl/README.md describes it, one product at a time, and leaves
 * accumulators. Every faster kernel is tested against it; it serves layers and machines that those do not.
 */
#include "kernel.h"

static int half_octaves(uint32_t q, int sqrt2)
{
	return (int)((q - 1) * (sqrt2 ? 1 : 2) % 32);
}

/* One product as the accumulator adds it: magnitude * 2^sh, in the upper half when odd. */
static uint64_t shift_product(const struct lxa_kernel *k, const uint8_t *px, uint32_t c, uint8_t w)
{
	const struct lxa_job *j = &k->job;
	uint32_t q = (uint32_t)lxa_element_get(px, lxa_fmt_bits(j->act_fmt), c);
	int act_s = (j->conv_flags & LXA_CONV_ACT_SQRT2) != 0, wgt_s = (j->conv_flags & LXA_CONV_WGT_SQRT2) != 0;
	int e2 = 0;
	int64_t m = 1;

	if (lxa_layer_is_log(j)) {
		if (!q)
			return 0;
		e2 = half_octaves(q, act_s);
	} else {
		m = j->act_fmt == LXA_FMT_S8 ? (int8_t)q : (int32_t)q;
	}
	if (j->wgt_fmt == LXA_WFMT_S8) {
		m *= (int8_t)w;
	} else {
		if (!(w & 0x7f))
			return 0;
		e2 += half_octaves(w & 0x7f, wgt_s);
		m = w & 0x80 ? -m : m;
	}
	return (uint64_t)m << (e2 >> 1) << (e2 & 1 ? k->l->caps.half_w : 0);
}

/* What one tap and input block b adds to the accumulator of channel o of block ocb. */
static uint64_t shift_tap(const struct lxa_kernel *k, const uint8_t *px, const uint8_t *tile, uint32_t ocb, uint32_t o,
			  uint32_t b)
{
	const struct lxa_layout *y = &k->lay;
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; px && i < y->block_ic; i++) {
		uint8_t w = tile[o * y->block_ic + i];

		if (w)		/* also: never read beyond the pixel, where the weights are 0 */
			sum += shift_product(k, px, lxa_layout_channel(y, ocb, b, i), w);
	}
	return sum;
}

/* One activation bit of plane i; px NULL: a padded tap. */
static int act_bit(const struct lxa_job *j, const uint8_t *px, uint32_t c, uint32_t plane)
{
	if (j->act_fmt == LXA_FMT_N4)
		return px ? lxa_element_get(px, 4, c) >> plane & 1 : 0;
	return px ? lxa_element_get(px, 1, c) : j->pad_mode == LXA_PAD_PLUS;
}

static int64_t xnor_tap(const struct lxa_kernel *k, const uint8_t *px, const uint8_t *tile, uint32_t ocb, uint32_t o,
			uint32_t b, uint32_t pass)
{
	const struct lxa_job *j = &k->job;
	const struct lxa_layout *y = &k->lay;
	uint32_t first = lxa_layout_channel(y, ocb, b, 0), planes = j->act_fmt == LXA_FMT_N4 ? j->act_bits : 1, i, c;
	uint32_t n = first / y->block_ic == y->icb_total - 1 ? y->ic_tail : y->block_ic;
	int w_planes = j->wgt_fmt == LXA_WFMT_BITS;
	int w_top = w_planes && j->conv_flags & LXA_CONV_WGT_SIGNED && pass == y->passes - 1;
	int64_t sum = 0;

	if (!px && j->act_fmt == LXA_FMT_B1 && j->pad_mode == LXA_PAD_ZERO)
		return 0;
	for (i = 0; i < planes; i++) {
		int a_top = j->act_fmt == LXA_FMT_N4 && j->conv_flags & LXA_CONV_ACT_SIGNED && i == planes - 1;
		int64_t ones = 0, differ = 0, part;

		for (c = 0; c < n; c++) {
			int a = act_bit(j, px, first + c, i);

			ones += a;
			differ += a != lxa_element_get(tile, 1, o * y->block_ic + c);
		}
		if (w_planes)
			part = ones - differ;
		else if (j->act_fmt == LXA_FMT_N4)
			part = -differ;
		else
			part = (int64_t)n - 2 * differ;
		part *= (int64_t)1 << (i + (w_planes ? pass : 0));
		sum += a_top != w_top ? -part : part;
	}
	return sum;
}

static const uint8_t *tap_pixel(const struct lxa_kernel *k, const uint8_t *image, uint32_t y, uint32_t x, uint32_t ky,
				uint32_t kx)
{
	const struct lxa_job *j = &k->job;
	int iy = (int)(y * j->sy + ky * j->dy) - j->pad_t, ix = (int)(x * j->sx + kx * j->dx) - j->pad_l;

	if (iy < 0 || ix < 0 || iy >= j->in_h || (ix >= j->in_w && !k->fold))
		return NULL;
	return image + (size_t)iy * k->lay.in_row + (size_t)ix * k->lay.in_px;
}

static uint64_t accumulate(const struct lxa_kernel *k, const uint8_t *image, uint32_t y, uint32_t x, uint32_t oc)
{
	const struct lxa_layout *lay = &k->lay;
	uint32_t ocb = oc / lay->block_oc, o = oc % lay->block_oc, pass, ky, kx, b;
	const uint8_t *tile = k->l->wgt + (size_t)ocb * lay->passes * k->job.kh * lay->kx * lay->icb * lay->wgt_tile;
	uint64_t sum = 0;

	for (pass = 0; pass < lay->passes; pass++) {
		for (ky = 0; ky < k->job.kh; ky++) {
			for (kx = 0; kx < lay->kx; kx++) {
				const uint8_t *px = tap_pixel(k, image, y, x, ky, kx);

				for (b = 0; b < lay->icb; b++, tile += lay->wgt_tile)
					sum += lay->lane ? (uint64_t)xnor_tap(k, px, tile, ocb, o, b, pass) :
							   shift_tap(k, px, tile, ocb, o, b);
			}
		}
	}
	return sum;
}

static void plain_sums(const struct lxa_kernel *k, const struct kband *b, const struct ktile *t, uint32_t pass)
{
	uint32_t p, i;

	for (p = 0; p < t->n; p++)
		for (i = 0; i < KGROUP; i++)
			b->t->slot[p * KGROUP + i] = pass * KGROUP + i < k->job.out_c ?
				(int64_t)accumulate(k, b->image, t->y[p], t->x[p], pass * KGROUP + i) : 0;
}

void lxa_kernel_plain(struct lxa_kernel *k)
{
	k->name = k->form = "plain";
	k->sum = KSUM_SLOT;
	k->tile = KTILE;
	k->pass_groups = 1;
	k->px_bytes = 0;
	k->expand = NULL;
	k->sums = plain_sums;
	k->out = lxa_kernel_out_plain;
}
