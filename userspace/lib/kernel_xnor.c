/* SPDX-License-Identifier: MIT */
/*
 * kernel_xnor.c - XNOR lanes on vector instructions. What is counted are the bits D in which pixels and weights differ; the
 * accumulator follows from rtl/README.md section 3: with planes i of the activations and j of the weights
 *
 *   B1 x B1       A = N - 2 D               N: valid bits under the kernel
 *   B1 x BITS     A = sum +-(N_j - D_j) 2^j       N: bits set under the kernel
 *   n4 x B1       A = sum -+D_i 2^i
 *   n4 x BITS     A = sum +-(N_i - D_ij) 2^(i+j)
 *
 * An expanded pixel is its planes one after the other, bits beyond the last channel cleared, as they are in the weights. A padded
 * tap is a pixel of ones (PLUS) or zeros; where it must add nothing (ZERO), what it does add, which depends on the weights and on
 * the taps that are outside alone, is taken out of the value that the sum starts from. All is modulo 2^32, which the planner has
 * shown to be enough.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define BLOCK 64		/* channels of a block */

struct xnor_priv {
	const struct kisa *isa;
	uint32_t planes, runs;	/* of the activations; of the weights: planes, or 1 */
	uint32_t cols, units;
	uint32_t ranges;	/* groups of input blocks that outputs read: 1 without groups */
	int counts;		/* N is that of the data */
	int copied;		/* bits in memory are as expanded: nothing to mask */
	struct ksteps *unit;	/* [unit][run] */
	uint64_t *mask;		/* [icb_total] valid bits */
	uint32_t patterns_x;
	uint32_t *pattern_y, *pattern_x; /* of a convolution row, column: which taps are inside */
	int32_t *start;		/* [pattern y][pattern x][channel]: what sums start from */
	int32_t *bound;		/* the same of bits: the most differing bits of a 1; NULL: the output stage decides */
	uint16_t *invert;	/* [group] channels whose bit is the other one */
	uint32_t n_patterns;
	int32_t coef[4][4];	/* of D, by planes */
};

static void xnor_free(void *p)
{
	struct xnor_priv *s = p;
	uint32_t i;

	for (i = 0; s->unit && i < s->units * s->runs; i++)
		ksteps_free(&s->unit[i]);
	free(s->unit);
	free(s->mask);
	free(s->pattern_y);
	free(s->pattern_x);
	free(s->start);
	free(s->bound);
	free(s->invert);
	free(s);
}

static uint32_t bits_of(uint64_t v)
{
	v -= v >> 1 & 0x5555555555555555ull;
	v = (v & 0x3333333333333333ull) + (v >> 2 & 0x3333333333333333ull);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return (uint32_t)(v * 0x0101010101010101ull >> 56);
}

/* ---- activations ----------------------------------------------------------------------------------------------- */

/* Every fourth bit of v, from bit 0, next to each other. */
static uint64_t every_fourth(uint64_t v)
{
	v &= 0x1111111111111111ull;
	v = (v | v >> 3) & 0x0303030303030303ull;
	v = (v | v >> 6) & 0x000f000f000f000full;
	v = (v | v >> 12) & 0x000000ff000000ffull;
	return (v | v >> 24) & 0xffff;
}

static void expand_pixel(const struct lxa_kernel *k, const uint8_t *px, uint64_t *dst)
{
	const struct xnor_priv *s = k->priv;
	uint32_t n = k->lay.icb_total, b, i, q;
	uint64_t v;

	if (k->job.act_fmt == LXA_FMT_B1) {
		for (b = 0; b < n; b++) {
			memcpy(&v, px + 8 * (size_t)b, 8);
			dst[b] = v & s->mask[b];
		}
		return;
	}
	for (b = 0; b < n; b++) {
		for (i = 0; i < s->planes; i++)
			dst[i * n + b] = 0;
		for (q = 0; q < 4; q++) {
			memcpy(&v, px + 32 * (size_t)b + 8 * q, 8);
			for (i = 0; i < s->planes; i++)
				dst[i * n + b] |= every_fourth(v >> i) << 16 * q;
		}
		for (i = 0; i < s->planes; i++)
			dst[i * n + b] &= s->mask[b];
	}
}

/* Bits set in each plane and range of blocks. */
static void count_pixel(const struct lxa_kernel *k, const uint64_t *px, int32_t *pop)
{
	const struct xnor_priv *s = k->priv;
	uint32_t r, i, b, per = k->lay.icb_total / s->ranges;

	for (r = 0; r < s->ranges; r++) {
		for (i = 0; i < s->planes; i++, pop++) {
			*pop = 0;
			for (b = r * per; b < (r + 1) * per; b++)
				*pop += (int32_t)bits_of(px[i * k->lay.icb_total + b]);
		}
	}
}

static void fill_pixels(const struct lxa_kernel *k, uint8_t *dst, uint32_t n)
{
	const struct xnor_priv *s = k->priv;
	uint32_t i;

	if (k->job.act_fmt != LXA_FMT_B1 || k->job.pad_mode != LXA_PAD_PLUS) {
		memset(dst, 0, n * k->px_bytes);
		return;
	}
	for (i = 0; i < n; i++)
		memcpy(dst + i * k->px_bytes, s->mask, k->px_bytes);
}

static void xnor_expand(const struct lxa_kernel *k, const struct kband *b)
{
	const struct xnor_priv *s = k->priv;
	const struct lxa_job *j = &k->job;
	uint32_t rows = kernel_in_rows(k, b->y1 - b->y0), cols = kernel_in_cols(k, b->x1 - b->x0), r, c;
	int in_w = k->fold ? UINT16_MAX : j->in_w, ix = (int)(b->x0 * j->sx) - j->pad_l;
	uint32_t left = ix < 0 ? (uint32_t)-ix : 0, right = ix + (int)cols > in_w ? (uint32_t)(ix + (int)cols - in_w) : 0;

	left = left < cols ? left : cols;
	right = right < cols - left ? right : cols - left;
	for (r = 0; r < rows; r++) {
		int iy = (int)(b->y0 * j->sy + r) - j->pad_t, outside = iy < 0 || iy >= j->in_h;
		uint8_t *dst = b->t->band + r * k->row_bytes;
		const uint8_t *src = b->image + (size_t)(outside ? 0 : iy) * k->lay.in_row + (size_t)(ix + (int)left) * k->lay.in_px;

		fill_pixels(k, dst, outside ? cols : left);
		fill_pixels(k, dst + (cols - right) * k->px_bytes, right);
		if (!outside && s->copied)
			memcpy(dst + left * k->px_bytes, src, (cols - left - right) * k->px_bytes);
		for (c = left; !outside && !s->copied && c < cols - right; c++, src += k->lay.in_px)
			expand_pixel(k, src, (uint64_t *)(void *)(dst + c * k->px_bytes));
		for (c = 0; s->counts && c < cols; c++)
			count_pixel(k, (const uint64_t *)(const void *)(dst + c * k->px_bytes),
				    b->t->pop + ((size_t)r * kernel_in_cols(k, k->band_w) + c) * s->planes * s->ranges);
	}
}

/* N of plane i under the kernel of a pixel. */
static int32_t count_under(const struct lxa_kernel *k, const struct kband *b, uint32_t y, uint32_t x, uint32_t range,
			   uint32_t i)
{
	const struct xnor_priv *s = k->priv;
	uint32_t per = s->planes * s->ranges, cols = kernel_in_cols(k, k->band_w), ky, kx;
	const int32_t *pop = b->t->pop + ((size_t)(y - b->y0) * k->job.sy * cols + (x - b->x0) * k->job.sx) * per +
			     range * s->planes + i;
	int32_t n = 0;

	for (ky = 0; ky < k->job.kh; ky++)
		for (kx = 0; kx < k->job.kw; kx++)
			n += pop[((size_t)ky * k->job.dy * cols + kx * k->job.dx) * per];
	return n;
}

/* ---- weights --------------------------------------------------------------------------------------------------- */

/* 64 weight bits of output channel oc, valid ones only. */
static uint64_t weight_word(const struct lxa_kernel *k, uint32_t oc, uint32_t pass, uint32_t ky, uint32_t kx, uint32_t b)
{
	const struct xnor_priv *s = k->priv;
	const struct lxa_layout *y = &k->lay;
	uint32_t ocb = oc / y->block_oc;
	uint64_t w;

	if (ocb >= y->ocb)
		return 0;
	memcpy(&w, k->l->wgt + (((((size_t)ocb * y->passes + pass) * k->job.kh + ky) * y->kx + kx) * y->icb + b) * y->wgt_tile +
	       (size_t)(oc % y->block_oc) * 8, 8);
	return w & s->mask[ocb / y->grp_ocb * y->grp_icb + b];
}

static void add_word(const struct lxa_kernel *k, struct ksteps *st, uint32_t oc0, uint32_t pass, uint32_t ky, uint32_t kx,
		     uint32_t b)
{
	const struct xnor_priv *s = k->priv;
	uint32_t word = s->isa->xnor_word, lanes = st->cols * KGROUP, at, o;
	uint32_t block = oc0 / k->lay.block_oc / k->lay.grp_ocb * k->lay.grp_icb + b;

	for (at = 0; at < 8; at += word) {
		for (o = 0; o < lanes; o++) {
			uint64_t w = weight_word(k, oc0 + o, pass, ky, kx, b) >> 8 * at;

			memcpy(st->w + ((size_t)st->n * lanes + o) * word, &w, word);
		}
		st->off[st->n++] = (int32_t)(ky * k->job.dy * k->row_bytes + kx * k->job.dx * k->px_bytes + block * 8 + at);
	}
}

static int make_unit(const struct lxa_kernel *k, uint32_t unit, uint32_t run)
{
	const struct xnor_priv *s = k->priv;
	const struct lxa_layout *y = &k->lay;
	struct ksteps *st = &s->unit[unit * s->runs + run];
	uint32_t first = s->runs > 1 ? run : 0, end = s->runs > 1 ? run + 1 : y->passes, pass, ky, kx, b;
	size_t steps = (size_t)(end - first) * k->job.kh * y->kx * y->icb * (8 / s->isa->xnor_word);

	st->cols = k->groups - unit * s->cols < s->cols ? k->groups - unit * s->cols : s->cols;
	st->off = malloc(steps * sizeof(*st->off));
	st->w = aligned_alloc(64, lxa_round_up(steps * st->cols * KGROUP * s->isa->xnor_word, 64));
	if (!st->off || !st->w)
		return -ENOMEM;
	for (pass = first; pass < end; pass++)
		for (ky = 0; ky < k->job.kh; ky++)
			for (kx = 0; kx < y->kx; kx++)
				for (b = 0; b < y->icb; b++)
					add_word(k, st, unit * s->cols * KGROUP, pass, ky, kx, b);
	return 0;
}

/* ---- what sums start from -------------------------------------------------------------------------------------- */

/* Numbers rows (or columns) by which of the n taps lie inside; returns how many numbers, -1 when out of memory. */
static int number_patterns(uint32_t conv, uint32_t stride, uint32_t n, uint32_t dilation, uint32_t pad, uint32_t in, uint32_t *to,
			   uint32_t (*set)[2])
{
	uint32_t y, t, found = 0, i;

	for (y = 0; y < conv; y++) {
		uint32_t first = n, end = 0;

		for (t = 0; t < n; t++) {
			int at = (int)(y * stride + t * dilation) - (int)pad;

			if (at < 0 || at >= (int)in)
				continue;
			first = t < first ? t : first;
			end = t + 1;
		}
		for (i = 0; i < found && (set[i][0] != first || set[i][1] != end); i++)
			;
		if (i == found) {
			set[found][0] = first;
			set[found++][1] = end;
		}
		to[y] = i;
	}
	return (int)found;
}

static int32_t start_of(const struct lxa_kernel *k, uint32_t oc, const uint32_t *rows, const uint32_t *cols)
{
	const struct xnor_priv *s = k->priv;
	const struct lxa_layout *y = &k->lay;
	uint32_t first = oc / y->block_oc / y->grp_ocb * y->grp_icb, pass, ky, kx, b, sum = 0;

	for (pass = 0; pass < y->passes; pass++) {
		for (ky = 0; ky < k->job.kh; ky++) {
			for (kx = 0; kx < k->job.kw; kx++) {
				int inside = ky >= rows[0] && ky < rows[1] && kx >= cols[0] && kx < cols[1];
				int nothing = !inside && k->job.pad_mode == LXA_PAD_ZERO;

				for (b = 0; b < y->icb; b++) {
					if (!nothing && !s->counts)
						sum += bits_of(s->mask[first + b]);
					if (nothing)	/* against zeros all weight bits set differ */
						sum -= bits_of(weight_word(k, oc, pass, ky, kx, b)) *
						       (uint32_t)s->coef[0][s->runs > 1 ? pass : 0];
				}
			}
		}
	}
	return (int32_t)sum;
}

static void xnor_prepare(const struct lxa_kernel *k, struct ktile *t)
{
	const struct xnor_priv *s = k->priv;
	uint32_t p;

	t->uniform = 1;
	for (p = 0; p < t->n; p++) {
		t->pattern[p] = s->pattern_y[t->y[p]] * s->patterns_x + s->pattern_x[k->fold ? 0 : t->x[p]];
		t->uniform &= t->pattern[p] == t->pattern[0];
	}
}

static int make_start(struct lxa_kernel *k)
{
	struct xnor_priv *s = k->priv;
	const struct lxa_job *j = &k->job;
	uint32_t n = k->groups * KGROUP, conv_w = k->fold ? 1 : k->lay.conv_w, in_w = k->fold ? 1 : j->in_w, (*set)[2], y, x, oc;
	int ny, nx, ret = -ENOMEM;

	s->pattern_y = calloc(k->lay.conv_h, sizeof(*s->pattern_y));
	s->pattern_x = calloc(k->fold ? UINT16_MAX : conv_w, sizeof(*s->pattern_x));
	set = malloc(((size_t)k->lay.conv_h + conv_w) * sizeof(*set));
	if (!s->pattern_y || !s->pattern_x || !set)
		goto out;
	ny = number_patterns(k->lay.conv_h, j->sy, j->kh, j->dy, j->pad_t, j->in_h, s->pattern_y, set);
	nx = number_patterns(conv_w, j->sx, j->kw, j->dx, j->pad_l, in_w, s->pattern_x, set + ny);
	s->patterns_x = (uint32_t)nx;
	s->n_patterns = (uint32_t)(ny * nx);
	s->start = aligned_alloc(64, lxa_round_up((size_t)ny * (uint32_t)nx * n * sizeof(*s->start), 64));
	if (!s->start)
		goto out;
	memset(s->start, 0, (size_t)ny * (uint32_t)nx * n * sizeof(*s->start));
	for (y = 0; j->act_fmt == LXA_FMT_B1 && y < (uint32_t)ny; y++)
		for (x = 0; x < (uint32_t)nx; x++)
			for (oc = 0; oc < j->out_c; oc++)
				s->start[((size_t)y * (uint32_t)nx + x) * n + oc] = start_of(k, oc, set[y], set[(uint32_t)ny + x]);
	ret = 0;
out:
	free(set);
	return ret;
}

/* ---- outputs of a bit ------------------------------------------------------------------------------------------ */

/* Sums and output stage in one, see make_bounds(). */
static void xnor_bits(const struct lxa_kernel *k, const struct kband *b, const struct ktile *t, uint32_t pass)
{
	const struct xnor_priv *s = k->priv;
	uint32_t lanes = s->cols * KGROUP, g = pass * s->cols, at = g * KGROUP / 8, p;
	struct kxnor_bits r = { .dst = t->dst, .at = at, .invert = s->invert[g], .uniform = t->uniform };

	if (at >= k->written)
		return;
	r.bytes = s->unit[pass].cols == 2 && k->written - at >= 4 ? 4 : 2;
	if (g + 1 < k->groups)
		r.invert |= (uint32_t)s->invert[g + 1] << 16;
	for (p = 0; p < (t->uniform ? 1 : t->n); p++)
		r.bound[p] = s->bound + (size_t)t->pattern[p] * k->groups * KGROUP + pass * lanes;
	s->isa->xnor_bits(&s->unit[pass], t->n, t->base, &r);
}

/* floor(v / 2) as a bound of counts: -1 is below all of them. */
static int32_t half_bound(int64_t v)
{
	v >>= 1;
	return v < -1 ? -1 : v > INT32_MAX ? INT32_MAX : (int32_t)v;
}

/* The one threshold of a channel on T = start - 2 D as a bound of D. */
static void bound_channel(const struct lxa_kernel *k, uint32_t c)
{
	struct xnor_priv *s = k->priv;
	const struct kout *o = k->kout;
	uint32_t n = k->groups * KGROUP, p;
	int valid = o->valid[c / KGROUP] >> c % KGROUP & 1, falls = o->flip[c] != 0;

	for (p = 0; p < s->n_patterns; p++) {
		int64_t start = s->start[(size_t)p * n + c];

		/* T >= thr: 2 D <= start - thr; ~T >= thr: not T >= -thr */
		s->bound[(size_t)p * n + c] = !valid ? -1 : half_bound(falls ? start + o->thr[c] : start - o->thr[c]);
	}
	if (valid && falls)
		s->invert[c / KGROUP] |= (uint16_t)(1u << c % KGROUP);
}

/* Bits that follow from counts without a sum being made; 0 or -ENOMEM. */
static int make_bounds(struct lxa_kernel *k)
{
	struct xnor_priv *s = k->priv;
	const struct lxa_job *j = &k->job;
	uint32_t n = k->groups * KGROUP, c;

	if (!s->isa->xnor_bits || j->kind != LXA_KIND_THRESH || j->out_fmt != LXA_OFMT_B1 || j->nthr != 1 ||
	    j->res_mode != LXA_RES_NONE || s->coef[0][0] != -2 || k->lay.halve || !k->kout || !k->kout->thr_fast || k->kout->shifted)
		return 0;
	s->bound = aligned_alloc(64, lxa_round_up((size_t)s->n_patterns * n * sizeof(*s->bound), 64));
	s->invert = calloc(k->groups, sizeof(*s->invert));
	if (!s->bound || !s->invert)
		return -ENOMEM;
	for (c = 0; c < n; c++)
		bound_channel(k, c);
	k->sums = xnor_bits;
	k->out = NULL;
	return 0;
}

/* ---- the kernel ------------------------------------------------------------------------------------------------ */

static void xnor_sums(const struct lxa_kernel *k, const struct kband *b, const struct ktile *t, uint32_t pass)
{
	const struct xnor_priv *s = k->priv;
	uint32_t lanes = s->cols * KGROUP, i, run, p, planes_at = k->lay.icb_total * 8;
	uint32_t range = pass * lanes / k->lay.block_oc / k->lay.grp_ocb;
	const uint8_t *moved[KTILE], *const *base;
	struct kxnor_run r = { .adds = s->counts };

	for (p = 0; p < t->n; p++) {
		r.init[p] = s->start + (size_t)t->pattern[p] * k->groups * KGROUP + pass * lanes;
		r.add[p] = 0;
	}
	for (i = 0; i < s->planes; i++) {
		for (p = 0; i && p < t->n; p++)
			moved[p] = t->base[p] + i * planes_at;
		base = i ? moved : t->base;
		for (run = 0; run < s->runs; run++) {
			r.coef = s->coef[i][run];
			for (p = 0; s->counts && p < t->n; p++)
				r.add[p] = -r.coef * count_under(k, b, t->y[p], t->x[p], range, i);
			s->isa->xnor(&s->unit[pass * s->runs + run], t->n, base, lanes, &r, b->t->lo);
			for (p = 0; s->planes * s->runs > 1 && p < t->n; p++)
				r.init[p] = b->t->lo + p * lanes;
		}
	}
}

static void make_coefs(struct xnor_priv *s, const struct lxa_job *j)
{
	uint32_t i, run;

	for (i = 0; i < s->planes; i++) {
		for (run = 0; run < s->runs; run++) {
			int a_top = j->act_fmt == LXA_FMT_N4 && j->conv_flags & LXA_CONV_ACT_SIGNED && i == s->planes - 1;
			int w_top = j->wgt_fmt == LXA_WFMT_BITS && j->conv_flags & LXA_CONV_WGT_SIGNED && run == s->runs - 1;

			s->coef[i][run] = (a_top != w_top ? 1 : -1) * (1 << (i + run));
		}
	}
	if (j->act_fmt == LXA_FMT_B1 && j->wgt_fmt == LXA_WFMT_B1)
		s->coef[0][0] = -2;
}

int lxa_kernel_xnor(struct lxa_kernel *k, const struct kisa *isa)
{
	const struct lxa_layout *y = &k->lay;
	const struct lxa_job *j = &k->job;
	struct xnor_priv *s;
	uint32_t b, i;
	int ret = 0;

	if (y->block_ic != BLOCK || y->block_oc % KGROUP)
		return 1;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	k->priv = s;
	k->free_priv = xnor_free;
	s->isa = isa;
	s->planes = j->act_fmt == LXA_FMT_N4 ? j->act_bits : 1;
	s->runs = j->wgt_fmt == LXA_WFMT_BITS ? j->wgt_bits : 1;
	s->counts = j->wgt_fmt == LXA_WFMT_BITS;
	s->ranges = y->grp_icb ? y->ocb / y->grp_ocb : 1;
	s->cols = s->ranges > 1 && y->block_oc % (isa->cols * KGROUP) ? 1 : isa->cols;
	if (s->cols > k->groups)
		s->cols = k->groups;
	s->units = lxa_div_up(k->groups, s->cols);
	make_coefs(s, j);
	k->tile = isa->xnor_tile;
	k->pass_groups = s->cols;
	k->px_bytes = (size_t)s->planes * y->icb_total * 8;
	k->pops = s->counts ? s->planes * s->ranges : 0;
	lxa_kernel_band(k);
	if (kernel_in_rows(k, 1) * k->row_bytes > INT32_MAX)
		return 1;
	s->unit = calloc(s->units * s->runs, sizeof(*s->unit));
	s->mask = malloc(y->icb_total * sizeof(*s->mask));
	if (!s->unit || !s->mask)
		return -ENOMEM;
	for (b = 0; b < y->icb_total; b++)
		s->mask[b] = b == y->icb_total - 1 && y->ic_tail < BLOCK ? (1ull << y->ic_tail) - 1 : ~0ull;
	s->copied = j->act_fmt == LXA_FMT_B1 && s->mask[y->icb_total - 1] == ~0ull && y->in_px == k->px_bytes;
	for (i = 0; !ret && i < s->units * s->runs; i++)
		ret = make_unit(k, i / s->runs, i % s->runs);
	if (!ret)
		ret = make_start(k);
	if (ret)
		return ret;
	k->name = isa->name;
	k->form = s->planes * s->runs > 1 ? "bit planes" : "bits";
	k->sum = KSUM_32;
	k->expand = xnor_expand;
	k->prepare = xnor_prepare;
	k->sums = xnor_sums;
	ret = isa->out(k);
	return ret ? ret : make_bounds(k);
}
