/* SPDX-License-Identifier: MIT */
/*
 * model_xnor.c - XNOR lanes of the functional engine. 2 popcount(~(a ^ w) & mask) - n is n - 2 popcount((a ^ w) & mask);
 * the bits beyond the tensor's last channel are cleared in both operands beforehand, which takes the mask out of the loop.
 * Bit planes: a pixel is its planes one after the other, each plane a pixel of its own for the counting.
 */
#include <string.h>

#include "lxa_regs.h"
#include "model_job.h"

#define OC LXA_CFG_XNOR_OC
#define IC LXA_CFG_XNOR_IC
_Static_assert(IC == 64, "a block of binary input channels is one 64-bit word");

static uint64_t tail_mask(const struct geom *g)
{
	return g->ic_tail == IC ? ~0ull : (1ull << g->ic_tail) - 1;
}

static uint64_t le64(const uint8_t *p)
{
	uint64_t v = 0;
	int i;

	for (i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static uint32_t first_block(const struct geom *g, uint32_t ocb)
{
	return ocb / g->grp_ocb * g->grp_icb;
}

/* Weights to host order, with the bits of channels that do not exist cleared. */
int model_xnor_prepare(struct model_job *j)
{
	const struct geom *g = &j->g;
	uint64_t *w = (uint64_t *)(void *)j->wgt;
	size_t taps = (size_t)g->passes * g->kh * g->kw, t;
	uint32_t ocb, b, o;

	for (ocb = 0; ocb < g->ocb; ocb++)
		for (t = 0; t < taps; t++)
			for (b = 0; b < g->icb; b++, w += OC) {
				uint64_t mask = first_block(g, ocb) + b == g->icb_total - 1 ? tail_mask(g) : ~0ull;

				for (o = 0; o < OC; o++)
					w[o] = le64((const uint8_t *)&w[o]) & mask;
			}
	return 0;
}

static void nibbles(const struct geom *g, const uint8_t *src, uint64_t *dst)
{
	uint32_t p, b, i;

	for (p = 0; p < g->planes; p++, dst += g->icb_total) {
		for (b = 0; b < g->icb_total; b++) {
			dst[b] = 0;
			for (i = 0; i < IC; i++)
				dst[b] |= (uint64_t)(src[(b * IC + i) / 2] >> (i % 2 * 4 + p) & 1) << i;
		}
		dst[g->icb_total - 1] &= tail_mask(g);
	}
}

void model_xnor_pixel(const struct geom *g, const uint8_t *src, uint64_t *dst)
{
	uint32_t b;

	if (g->act_fmt == LXA_HW_FMT_N4) {
		nibbles(g, src, dst);
		return;
	}
	for (b = 0; b < g->icb_total; b++)
		dst[b] = le64(src + 8 * b);
	dst[g->icb_total - 1] &= tail_mask(g);
}

void model_xnor_fill(const struct geom *g, uint64_t *dst, size_t pixels)
{
	size_t i;

	memset(dst, g->pad_mode == LXA_HW_PAD_PLUS ? 0xff : 0, pixels * g->icb_total * g->planes * sizeof(*dst));
	if (g->act_fmt == LXA_HW_FMT_N4)
		return;
	for (i = 0; i < pixels; i++)
		dst[(i + 1) * g->icb_total - 1] &= tail_mask(g);
}

/* Taps [*lo, *hi) that lie inside the image, along one axis, for the kernel's origin at `at` (may be negative). */
static void taps_inside(int64_t at, uint32_t k, uint32_t d, uint32_t size, uint32_t *lo, uint32_t *hi)
{
	uint32_t i = 0;

	while (i < k && at + (int64_t)i * d < 0)
		i++;
	*lo = i;
	while (i < k && at + (int64_t)i * d < size)
		i++;
	*hi = i;
}

struct span {
	uint32_t y0, y1, x0, x1;	/* taps that count */
};

static void count_ones(const uint64_t *a, size_t n, uint32_t *ones)
{
	size_t i;

	for (i = 0; ones && i < n; i++)
		*ones += (uint32_t)__builtin_popcountll(a[i]);
}

/* Bits that differ under the kernel at element `base` of the padded input, for one pass; ones: bits that are set there. */
static void count(const struct model_job *j, size_t base, const struct span *s, const uint64_t *w, uint32_t *diff, uint32_t *ones)
{
	const struct geom *g = &j->g;
	uint32_t ky, kx;
	size_t n = 0;

	for (ky = s->y0; ky < s->y1; ky++) {
		for (kx = s->x0; kx < s->x1; kx++, n += g->icb)
			memcpy(j->gather + n, j->bits + base + (size_t)ky * g->dy * j->row_elems + (size_t)kx * g->dx * j->chan,
			       g->icb * sizeof(*j->gather));
		if (s->x1 - s->x0 < g->kw) {	/* this row's weights do not touch the next row's */
			count_ones(j->gather, n, ones);
			j->kern->xor_count(j->gather, w + ((size_t)ky * g->kw + s->x0) * g->icb * OC, n, diff);
			n = 0;
		}
	}
	if (n) {
		count_ones(j->gather, n, ones);
		j->kern->xor_count(j->gather, w + (size_t)s->y0 * g->kw * g->icb * OC, n, diff);
	}
}

/* Sums of bit planes, modulo 2^32: rtl/README.md section 3. */
static void planes(const struct model_job *j, size_t base, const struct span *s, const uint64_t *w, uint32_t *sum)
{
	const struct geom *g = &j->g;
	int n4 = g->act_fmt == LXA_HW_FMT_N4, wbits = g->wgt_fmt == LXA_HW_WFMT_BITS;
	size_t pass = g->wgt_ocb / g->passes / sizeof(uint64_t);
	uint32_t p, i, o;

	for (p = 0; p < g->passes; p++)
		for (i = 0; i < g->planes; i++) {
			int neg = (n4 && g->a_sign && i == g->planes - 1) != (wbits && g->w_sign && p == g->passes - 1);
			uint32_t diff[OC] = { 0 }, n = 0;

			count(j, base + i * g->icb_total, s, w + p * pass, diff, wbits ? &n : NULL);
			for (o = 0; o < OC; o++) {
				uint32_t v = (n - diff[o]) << (i + (wbits ? p : 0));

				sum[o] += neg ? -v : v;
			}
		}
}

/* Sums of two binary operands. */
static void binary(const struct model_job *j, size_t base, const struct span *s, uint32_t bits, const uint64_t *w, uint32_t *sum)
{
	const struct geom *g = &j->g;
	size_t pass = g->wgt_ocb / g->passes / sizeof(uint64_t);
	uint32_t all = g->passes * (s->y1 - s->y0) * (s->x1 - s->x0) * bits, diff[OC] = { 0 }, p, o;

	for (p = 0; p < g->passes; p++)
		count(j, base, s, w + p * pass, diff, NULL);
	for (o = 0; o < OC; o++)
		sum[o] = all - 2 * diff[o];
}

void model_xnor_block(struct model_job *j, uint32_t ocb)
{
	const struct geom *g = &j->g;
	uint32_t first = first_block(g, ocb), img, y, x, o;
	size_t at = 0;
	uint32_t bits = g->icb * IC - (first + g->icb == g->icb_total ? IC - g->ic_tail : 0);
	const uint64_t *w = (const uint64_t *)(const void *)j->wgt + (size_t)ocb * (g->wgt_ocb / sizeof(uint64_t));
	int linear = g->act_fmt == LXA_HW_FMT_N4 || g->wgt_fmt == LXA_HW_WFMT_BITS;

	for (img = 0; img < j->n_imgs; img++)
		for (y = 0; y < j->crows; y++)
			for (x = 0; x < g->conv_w; x++, at++) {
				size_t base = ((size_t)img * j->prows + (size_t)y * g->sy) * j->row_elems +
					      (size_t)x * g->sx * j->chan + first;
				struct span s = { 0, g->kh, 0, g->kw };
				uint32_t sum[OC] = { 0 };
				uint64_t a[OC];

				if (g->act_fmt == LXA_HW_FMT_B1 && g->pad_mode == LXA_HW_PAD_ZERO) {
					taps_inside((int64_t)(j->cy0 + y) * g->sy - g->pad_t, g->kh, g->dy, g->in_h, &s.y0, &s.y1);
					taps_inside((int64_t)x * g->sx - g->pad_l, g->kw, g->dx, g->in_w, &s.x0, &s.x1);
				}
				if (linear)
					planes(j, base, &s, w, sum);
				else
					binary(j, base, &s, bits, w, sum);
				for (o = 0; o < OC; o++)
					a[o] = sum[o];
				model_out(j, ocb, at, a, 1);
			}
}
