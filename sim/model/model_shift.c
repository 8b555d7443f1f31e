/* SPDX-License-Identifier: MIT */
/*
 * model_shift.c - shift lanes of the functional engine. An operand is even + odd * sqrt(2) with one of the two zero, so
 * the sums of rtl/README.md section 3 are E = ae.we + 2 ao.wo and O = ae.wo + ao.we, each an ordinary inner product.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lxa_regs.h"
#include "model_job.h"

#define OC LXA_CFG_SHIFT_OC
#define IC LXA_CFG_SHIFT_IC
#define EXACT 4503599627370496.0	/* 2^52: sums up to here are exact in a double */

static void expand_tiles(const double *tab, const uint8_t *src, size_t tiles, double *dst)
{
	size_t t;
	uint32_t o, i;

	for (t = 0; t < tiles; t++, src += OC * IC, dst += OC * IC)
		for (o = 0; o < OC; o++)
			for (i = 0; i < IC; i++)
				dst[i * OC + o] = tab[src[o * IC + i]];
}

/* The lanes behind a packed run read 0: as well without weights. */
static void clear_tails(const struct geom *g, double *w)
{
	uint32_t ky;

	for (ky = 0; ky < g->kh * g->passes; ky++, w += g->icb * IC * OC)
		memset(w + ((g->icb - 1) * IC + g->ic_tail) * OC, 0, (IC - g->ic_tail) * OC * sizeof(*w));
}

static void expand_one(const struct geom *g, const double *tab, const uint8_t *src, double *dst)
{
	expand_tiles(tab, src, g->wgt_ocb / g->wgt_tile, dst);
	if (g->pack)
		clear_tails(g, dst);
}

static void expand_block(struct model_job *j, uint32_t ocb, size_t at)
{
	const uint8_t *src = j->wgt + (size_t)ocb * j->g.wgt_ocb;

	expand_one(&j->g, j->wgt_even_tab, src, j->wgt_even + at);
	if (j->wgt_odd)
		expand_one(&j->g, j->wgt_odd_tab, src, j->wgt_oddv + at);
}

int model_shift_prepare(struct model_job *j, int cache)
{
	size_t n = cache ? j->g.wgt_bytes : j->g.wgt_ocb;
	uint32_t b;

	j->cached = cache;
	j->wgt_even = malloc(n * sizeof(double));
	j->wgt_oddv = j->wgt_odd ? malloc(n * sizeof(double)) : NULL;
	if (!j->wgt_even || (j->wgt_odd && !j->wgt_oddv))
		return -1;
	if (cache)
		for (b = 0; b < j->g.ocb; b++)
			expand_block(j, b, (size_t)b * j->g.wgt_ocb);
	return 0;
}

/* Largest magnitude that an activation of this format can have. */
static double act_max(const struct geom *g)
{
	switch (g->act_fmt) {
	case LXA_HW_FMT_LOG4:
		return g->act_s ? 128 : 16384;
	case LXA_HW_FMT_LOG8:
		return 32768;
	default:
		return 256;
	}
}

/* Could a sum of this block leave the range that doubles add exactly? */
static int is_wide(const struct model_job *j, size_t at)
{
	double sum[OC] = { 0 }, worst = 0;
	size_t k, n = j->g.wgt_ocb / OC;
	uint32_t o;

	for (k = 0; k < n; k++)
		for (o = 0; o < OC; o++)
			sum[o] += fabs(j->wgt_even[at + k * OC + o]) + (j->wgt_odd ? fabs(j->wgt_oddv[at + k * OC + o]) : 0);
	for (o = 0; o < OC; o++)
		worst = sum[o] > worst ? sum[o] : worst;
	return worst * act_max(&j->g) * 2 >= EXACT;
}

struct runs {
	size_t n, len;
	size_t off[11 * 11];
};

/* Runs of consecutive elements under the kernel: whole kernel rows where taps and channels are adjacent. */
static void find_runs(const struct model_job *j, struct runs *r)
{
	const struct geom *g = &j->g;
	uint32_t ky, kx;

	r->n = 0;
	if (g->pack || (g->dx == 1 && g->icb == g->icb_total)) {
		r->len = g->pack ? (size_t)g->icb * IC : g->kw * j->chan;
		for (ky = 0; ky < g->kh; ky++)
			r->off[r->n++] = (size_t)ky * g->dy * j->row_elems;
		return;
	}
	r->len = (size_t)g->icb * IC;
	for (ky = 0; ky < g->kh; ky++)
		for (kx = 0; kx < g->kw; kx++)
			r->off[r->n++] = (size_t)ky * g->dy * j->row_elems + (size_t)kx * g->dx * j->chan;
}

/* Element index of the slice's pixel i. */
static size_t pixel_at(const struct model_job *j, size_t i)
{
	const struct geom *g = &j->g;
	size_t per = (size_t)j->crows * g->conv_w, img = i / per, y = i % per / g->conv_w, x = i % g->conv_w;

	return (img * j->prows + y * g->sy) * j->row_elems + x * g->sx * j->chan;
}

/* Even and odd sums of three pixels, for one pass over the kernel. */
static void sums3(const struct model_job *j, const struct runs *r, const size_t *at, size_t w, double *even, double *odd)
{
	const double *ae[3] = { j->even + at[0], j->even + at[1], j->even + at[2] }, *ao[3] = { 0 };
	double both[3 * OC] = { 0 };
	int i;

	for (i = 0; j->odd && i < 3; i++)
		ao[i] = j->odd + at[i];
	j->kern->mac3(ae, r->off, r->n, r->len, j->wgt_even + w, even);
	if (j->wgt_odd)
		j->kern->mac3(ae, r->off, r->n, r->len, j->wgt_oddv + w, odd);
	if (j->odd)
		j->kern->mac3(ao, r->off, r->n, r->len, j->wgt_even + w, odd);
	if (j->odd && j->wgt_odd) {
		j->kern->mac3(ao, r->off, r->n, r->len, j->wgt_oddv + w, both);
		for (i = 0; i < 3 * (int)OC; i++)
			even[i] += 2 * both[i];
	}
}

static void sums1_wide(const struct model_job *j, const struct runs *r, size_t at, size_t w, uint64_t *even, uint64_t *odd)
{
	uint64_t both[OC] = { 0 };
	uint32_t i;

	j->kern->mac1_wide(j->even + at, r->off, r->n, r->len, j->wgt_even + w, even);
	if (j->wgt_odd)
		j->kern->mac1_wide(j->even + at, r->off, r->n, r->len, j->wgt_oddv + w, odd);
	if (j->odd)
		j->kern->mac1_wide(j->odd + at, r->off, r->n, r->len, j->wgt_even + w, odd);
	if (j->odd && j->wgt_odd)
		j->kern->mac1_wide(j->odd + at, r->off, r->n, r->len, j->wgt_oddv + w, both);
	for (i = 0; i < OC; i++)
		even[i] += 2 * both[i];
}

static void block_wide(struct model_job *j, const struct runs *r, size_t start, size_t w, uint32_t ocb, size_t pixels)
{
	size_t i, pass = j->g.wgt_ocb / j->g.passes, o;
	uint32_t p;

	for (i = 0; i < pixels; i++) {
		uint64_t even[OC] = { 0 }, odd[OC] = { 0 };
		uint64_t s[OC];

		for (p = 0; p < j->g.passes; p++)
			sums1_wide(j, r, pixel_at(j, i) + start, w + p * pass, even, odd);
		for (o = 0; o < OC; o++)
			s[o] = even[o] + (odd[o] << LXA_CFG_HALF_W);
		model_out(j, ocb, i, s, 1);
	}
}

static void block_exact(struct model_job *j, const struct runs *r, size_t start, size_t w, uint32_t ocb, size_t pixels)
{
	size_t i, pass = j->g.wgt_ocb / j->g.passes, o, n;
	uint32_t p;

	for (i = 0; i < pixels; i += n) {
		double even[3 * OC] = { 0 }, odd[3 * OC] = { 0 };
		uint64_t s[3 * OC];
		size_t at[3];

		n = pixels - i < 3 ? pixels - i : 3;
		for (o = 0; o < 3; o++)		/* a missing third pixel is computed twice and dropped */
			at[o] = pixel_at(j, i + (o < n ? o : n - 1)) + start;
		for (p = 0; p < j->g.passes; p++)
			sums3(j, r, at, w + p * pass, even, odd);
		for (o = 0; o < n * OC; o++)
			s[o] = (uint64_t)(int64_t)even[o] + ((uint64_t)(int64_t)odd[o] << LXA_CFG_HALF_W);
		model_out(j, ocb, i, s, n);
	}
}

void model_shift_block(struct model_job *j, uint32_t ocb)
{
	const struct geom *g = &j->g;
	size_t w = j->cached ? (size_t)ocb * g->wgt_ocb : 0;
	size_t start = (size_t)(ocb / g->grp_ocb) * g->grp_icb * IC;
	size_t pixels = (size_t)j->n_imgs * j->crows * g->conv_w;
	struct runs r;

	if (!j->cached)
		expand_block(j, ocb, 0);
	find_runs(j, &r);
	if (is_wide(j, w))
		block_wide(j, &r, start, w, ocb, pixels);
	else
		block_exact(j, &r, start, w, ocb, pixels);
}
