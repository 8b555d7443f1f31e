/* SPDX-License-Identifier: MIT */
/*
 * kernel_plain.c - the reference kernel: reads packed memory as rtl/README.md describes it, one product at a time.
 * Every faster kernel is tested against it; it serves layers and machines that those do not.
 */
#include "kernel.h"

static const uint8_t *tap_pixel(const struct lxa_layer *l, const uint8_t *image, uint32_t y, uint32_t x, uint32_t ky,
				uint32_t kx)
{
	const struct lxa_job *j = &l->job;
	int iy = (int)(y * j->sy + ky * j->dy) - j->pad_t, ix = (int)(x * j->sx + kx * j->dx) - j->pad_l;

	if (iy < 0 || ix < 0 || iy >= j->in_h || ix >= j->in_w)
		return NULL;
	return image + (size_t)iy * l->lay.in_row + (size_t)ix * l->lay.in_px;
}

static int half_octaves(uint32_t q, int sqrt2)
{
	return (int)((q - 1) * (sqrt2 ? 1 : 2) % 32);
}

/* One product as the accumulator adds it: magnitude * 2^sh, in the upper half when odd. */
static uint64_t shift_product(const struct lxa_job *j, const uint8_t *px, uint32_t c, uint8_t w)
{
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
	return (uint64_t)m << (e2 >> 1) << (e2 & 1 ? 32 : 0);
}

/* Everything one tap adds to the accumulators of a block of output channels, input block b. */
static void shift_tap(const struct lxa_layer *l, const uint8_t *px, const uint8_t *tile, uint32_t ocb, uint32_t b,
		      int64_t *t)
{
	const struct lxa_layout *y = &l->lay;
	uint32_t o, i;

	for (o = 0; px && o < y->block_oc; o++) {
		uint64_t sum = 0;

		for (i = 0; i < y->block_ic; i++) {
			uint8_t w = tile[o * y->block_ic + i];

			if (w)		/* also: never read beyond the pixel, where the weights are 0 */
				sum += shift_product(&l->job, px, lxa_layout_channel(y, ocb, b, i), w);
		}
		t[o] = (int64_t)((uint64_t)t[o] + sum);
	}
}

static void xnor_tap(const struct lxa_layer *l, const uint8_t *px, const uint8_t *tile, uint32_t ocb, uint32_t b,
		     int64_t *t)
{
	const struct lxa_layout *y = &l->lay;
	uint32_t first = lxa_layout_channel(y, ocb, b, 0), o, i;
	uint32_t n = first / y->block_ic == y->icb_total - 1 ? y->ic_tail : y->block_ic;

	if (!px && l->job.pad_mode == LXA_PAD_ZERO)
		return;
	for (o = 0; o < y->block_oc; o++) {
		int same = 0;

		for (i = 0; i < n; i++) {
			int a = px ? lxa_element_get(px, 1, first + i) : l->job.pad_mode == LXA_PAD_PLUS;
			int w = lxa_element_get(tile, 1, o * y->block_ic + i);

			same += a == w;
		}
		t[o] += 2 * same - (int)n;
	}
}

/* One tap's bit planes: A += sign * (N - K * popcount((a ^ w) & m)) << (i + j), for the weights' plane j = pass. */
static void plane_tap(const struct lxa_layer *l, const uint8_t *px, const uint8_t *tile, uint32_t ocb, uint32_t b, uint32_t pass,
		      int64_t *t)
{
	const struct lxa_layout *y = &l->lay;
	const struct lxa_job *j = &l->job;
	uint32_t first = lxa_layout_channel(y, ocb, b, 0), o, i, p, planes = j->act_fmt == LXA_FMT_N4 ? j->act_bits : 1;
	uint32_t n = first / y->block_ic == y->icb_total - 1 ? y->ic_tail : y->block_ic;
	int wbits = j->wgt_fmt == LXA_WFMT_BITS;

	if (!px && j->act_fmt == LXA_FMT_B1 && j->pad_mode == LXA_PAD_ZERO)
		return;
	for (o = 0; o < y->block_oc; o++) {
		for (p = 0; p < planes; p++) {
			int differ = 0, ones = 0;
			int negative = (j->conv_flags & LXA_CONV_ACT_SIGNED && p == planes - 1) !=
				       (j->conv_flags & LXA_CONV_WGT_SIGNED && pass == y->passes - 1);

			for (i = 0; i < n; i++) {
				int a = px ? lxa_element_get(px, lxa_fmt_bits(j->act_fmt), first + i) >> p & 1 :
					j->pad_mode == LXA_PAD_PLUS;
				int w = lxa_element_get(tile, 1, o * y->block_ic + i);

				differ += a != w;
				ones += a;
			}
			t[o] += (negative ? -1 : 1) * ((wbits ? ones : 0) - differ) * (1 << (p + (wbits ? pass : 0)));
		}
	}
}

/* The accumulator as the output stage reads it. */
static int64_t total(const struct lxa_layer *l, int64_t s)
{
	if (l->lay.lane)
		return s >> l->lay.halve;
	if (lxa_layer_dual(&l->job)) {
		int64_t e = (int32_t)(uint32_t)s, o = (int32_t)(uint32_t)(((uint64_t)s - (uint64_t)e) >> 32);

		return e * 32768 + o * 46341;
	}
	return (int64_t)((uint64_t)s << 16) >> 16;
}

static void plain_sums(struct lxa_kernel *k, const uint8_t *image, uint32_t ocb, uint32_t y0, uint32_t y1, int64_t *t)
{
	const struct lxa_layer *l = k->l;
	const struct lxa_layout *lay = &l->lay;
	size_t per_block = (size_t)lay->passes * l->job.kh * lay->kx * lay->icb * lay->wgt_tile;
	int planes = lxa_layer_planes(&l->job);
	uint32_t y, x, ky, kx, b, o, pass;

	for (y = y0; y < y1; y++) {
		for (x = 0; x < lay->conv_w; x++, t += lay->block_oc) {
			const uint8_t *tile = l->wgt + ocb * per_block;

			for (o = 0; o < lay->block_oc; o++)
				t[o] = 0;
			for (pass = 0; pass < lay->passes; pass++)
				for (ky = 0; ky < l->job.kh; ky++)
					for (kx = 0; kx < lay->kx; kx++)
						for (b = 0; b < lay->icb; b++, tile += lay->wgt_tile) {
							const uint8_t *px = tap_pixel(l, image, y, x, ky, kx);

							if (planes)
								plane_tap(l, px, tile, ocb, b, pass, t);
							else
								(lay->lane ? xnor_tap : shift_tap)(l, px, tile, ocb, b, t);
						}
			for (o = 0; o < lay->block_oc; o++)
				t[o] = total(l, t[o]);
		}
	}
}

void lxa_kernel_plain(struct lxa_kernel *k)
{
	k->name = "plain";
	k->sums = plain_sums;
}
