/* SPDX-License-Identifier: MIT */
/*
 * kernel_shift.c - shift lanes on vector instructions: codes become integers, weights too, and inner products multiply.
 *
 * A pixel is expanded to elements of 1 or 2 bytes. Where activations have no odd exponents an element is a channel, else two are:
 * the even part and the odd one, of which one is 0. Sums are columns of 16 output channels: one a group, or, where there are odd
 * exponents, two (E, O). A step is 4 bytes of a pixel against 4 bytes of weights for each lane; for E the weights of a channel's two
 * elements are (we, 2 wo), for O (wo, we).
 *
 * Exactness. Sums are added modulo 2^32, so a sum that is known to end within 32 bits is right, whatever lies between; that is so for
 * E and O always (bound.c). Otherwise the steps are cut into segments within which no sum can leave 32 bits from where it starts,
 * by the actual weights and the largest activation; between them the upper half of each sum is moved to a second one. A weight
 * too large for its element is spread over several steps. Weights of a channel with a common power of two are divided by it.
 * Elements of 1 byte are taken where the activations fit and that leads to fewer steps.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define LIMIT 0x7fff0000ll	/* of a segment: what the one before leaves is below 2^16 */

struct shift_priv {
	uint32_t es, per, dual, cpd;	/* bytes of an element, elements and columns of a channel; channels in a step */
	uint32_t cols, units, pass_units;
	int wide;
	kdot_fn dot;
	struct ksteps *unit;
	int64_t act_most;		/* largest magnitude of an element */
	uint32_t bits;			/* of a code in memory */
	int32_t even[256], odd[256];	/* of a weight byte */
	kexpand_fn nibbles;
	_Alignas(64) uint8_t table[256 * 4];
};

void ksteps_free(struct ksteps *s)
{
	free(s->off);
	free(s->w);
	free(s->end);
}

static void shift_free(void *p)
{
	struct shift_priv *s = p;
	uint32_t i;

	if (!s)
		return;
	for (i = 0; s->unit && i < s->units; i++)
		ksteps_free(&s->unit[i]);
	free(s->unit);
	free(s);
}

/* ---- activations ----------------------------------------------------------------------------------------------- */

/* An operand's even and odd part. */
static void split(int is_log, uint32_t q, int sqrt2, int32_t value, int32_t *even, int32_t *odd)
{
	*even = *odd = 0;
	if (!is_log) {
		*even = value;
	} else if (q) {
		int e2 = (int)((q - 1) * (sqrt2 ? 1 : 2) % 32);

		*(e2 & 1 ? odd : even) = 1 << (e2 >> 1);
	}
}

static int32_t act_top(const struct lxa_layer *l)
{
	return lxa_layer_is_log(&l->job) ? l->act_max : 255;
}

/* Elements of 2 bytes hold the value's negative, so that 2^15 fits; the weights are negative as well. */
static void put_element(uint8_t *at, uint32_t es, int32_t v)
{
	int16_t neg = (int16_t)-v;

	if (es == 1)
		*at = (uint8_t)v;
	else
		memcpy(at, &neg, 2);
}

static int make_table(struct shift_priv *s, const struct lxa_layer *l)
{
	const struct lxa_job *j = &l->job;
	int32_t q, part[2];
	uint32_t p;

	memset(s->table, 0, sizeof(s->table));
	s->act_most = 1;
	for (q = 0; q <= act_top(l); q++) {
		split(lxa_layer_is_log(j), (uint32_t)q, (j->conv_flags & LXA_CONV_ACT_SQRT2) != 0,
		      j->act_fmt == LXA_FMT_S8 ? (int8_t)q : q, &part[0], &part[1]);
		for (p = 0; p < s->per; p++) {
			if (abs(part[p]) > s->act_most)
				s->act_most = abs(part[p]);
			if (s->es == 1 && (part[p] < 0 || part[p] > 255))
				return 1;
			put_element(s->table + ((uint32_t)q * s->per + p) * s->es, s->es, part[p]);
		}
	}
	return 0;
}

/* One row of pixels, their codes next to each other. */
static void expand_row(const struct shift_priv *s, const uint8_t *src, size_t bytes, uint8_t *dst)
{
	uint32_t entry = s->es * s->per;
	size_t i;

	if (s->nibbles) {
		s->nibbles(s->table, src, bytes, dst);
		return;
	}
	switch (entry * (s->bits == 4 ? 2 : 1) * 10 + s->bits) {
	case 28:
		for (i = 0; i < bytes; i++)
			memcpy(dst + 2 * i, s->table + 2 * src[i], 2);
		break;
	case 48:
		for (i = 0; i < bytes; i++)
			memcpy(dst + 4 * i, s->table + 4 * src[i], 4);
		break;
	case 18:
		for (i = 0; i < bytes; i++)
			dst[i] = s->table[src[i]];
		break;
	default:
		for (i = 0; i < bytes; i++) {
			memcpy(dst + 2 * entry * i, s->table + entry * (src[i] & 15), entry);
			memcpy(dst + 2 * entry * i + entry, s->table + entry * (src[i] >> 4), entry);
		}
	}
}

static void shift_expand(const struct lxa_kernel *k, const struct kband *b)
{
	const struct shift_priv *s = k->priv;
	const struct lxa_job *j = &k->job;
	uint32_t rows = kernel_in_rows(k, b->y1 - b->y0), cols = kernel_in_cols(k, b->x1 - b->x0), r;
	int in_w = k->fold ? UINT16_MAX : j->in_w;
	int ix = (int)(b->x0 * j->sx) - j->pad_l, left = ix < 0 ? -ix : 0, right;

	left = left < (int)cols ? left : (int)cols;
	right = ix + (int)cols > in_w ? ix + (int)cols - in_w : 0;
	right = right < (int)cols - left ? right : (int)cols - left;
	for (r = 0; r < rows; r++) {
		int iy = (int)(b->y0 * j->sy + r) - j->pad_t;
		uint8_t *dst = b->t->band + r * k->row_bytes;

		if (iy < 0 || iy >= j->in_h) {
			memset(dst, 0, cols * k->px_bytes);
			continue;
		}
		memset(dst, 0, (size_t)left * k->px_bytes);
		expand_row(s, b->image + (size_t)iy * k->lay.in_row + (size_t)(ix + left) * k->lay.in_px,
			   (cols - (uint32_t)left - (uint32_t)right) * (size_t)k->lay.in_px,
			   dst + (size_t)left * k->px_bytes);
		memset(dst + (cols - (uint32_t)right) * k->px_bytes, 0, (size_t)right * k->px_bytes);
	}
}

/* ---- weights --------------------------------------------------------------------------------------------------- */

struct place {			/* where a step is: tap and absolute block */
	uint32_t ky, kx, block;
};

static void weight_parts(const struct lxa_layer *l, uint8_t w, int32_t *even, int32_t *odd)
{
	split(l->job.wgt_fmt == LXA_WFMT_LOG, w & 0x7f, (l->job.conv_flags & LXA_CONV_WGT_SQRT2) != 0, (int8_t)w, even, odd);
	if (l->job.wgt_fmt == LXA_WFMT_LOG && w & 0x80) {
		*even = -*even;
		*odd = -*odd;
	}
}

static void weight_tables(struct shift_priv *s, const struct lxa_layer *l)
{
	int w;

	for (w = 0; w < 256; w++)
		weight_parts(l, (uint8_t)w, &s->even[w], &s->odd[w]);
}

/* The weight tile of output channel oc at a place; NULL: its group does not reach there. */
static const uint8_t *tile_of(const struct lxa_kernel *k, uint32_t oc, struct place at)
{
	const struct lxa_layout *y = &k->lay;
	uint32_t ocb = oc / y->block_oc, first, b;

	if (ocb >= y->ocb)
		return NULL;
	first = ocb / y->grp_ocb * y->grp_icb;
	if (at.block < first || at.block >= first + y->icb)
		return NULL;
	b = at.block - first;
	return k->l->wgt + ((((size_t)ocb * k->job.kh + at.ky) * y->kx + at.kx) * y->icb + b) * y->wgt_tile +
	       (size_t)(oc % y->block_oc) * y->block_ic;
}

/* Powers of two that all weights of a channel share. */
static void find_wshift(const struct lxa_kernel *k)
{
	const struct lxa_layout *y = &k->lay;
	size_t tiles = (size_t)k->job.kh * y->kx * y->icb, t;
	uint32_t oc, i;

	for (oc = 0; oc < k->job.out_c; oc++) {
		uint32_t any = 0;

		for (t = 0; t < tiles; t++) {
			const uint8_t *w = k->l->wgt + (oc / y->block_oc * tiles + t) * y->wgt_tile +
					   (size_t)(oc % y->block_oc) * y->block_ic;

			for (i = 0; i < y->block_ic; i++) {
				int32_t even, odd;

				weight_parts(k->l, w[i], &even, &odd);
				any |= (uint32_t)even | (uint32_t)odd;
			}
		}
		k->wshift[oc] = any ? (uint8_t)__builtin_ctz(any) : 0;
	}
}

struct lanes {			/* a step's weights, still to be placed: [lane][element] */
	int32_t w[KCOLS * KGROUP][4];
	int64_t pos[KCOLS * KGROUP], neg[KCOLS * KGROUP]; /* of the segment: how far up and down the sums can go */
	int any;
};

/* Weights of channels c0.. of a block for a column's lane. */
static void lane_weights(const struct shift_priv *s, const struct lxa_kernel *k, uint32_t oc, uint32_t odd_column,
			 struct place at, uint32_t i0, int32_t *w)
{
	const uint8_t *tile = tile_of(k, oc, at);
	int32_t even, odd;
	uint32_t c;

	memset(w, 0, 4 * sizeof(*w));
	for (c = 0; tile && c < s->cpd; c++) {
		if (!tile[i0 + c])
			continue;
		even = s->even[tile[i0 + c]] / (1 << k->wshift[oc]);
		odd = s->odd[tile[i0 + c]] / (1 << k->wshift[oc]);
		w[c * s->per] = odd_column ? odd : even;
		if (s->per == 2)
			w[c * 2 + 1] = odd_column ? even : 2 * odd;
	}
}

static int64_t step_most(const struct shift_priv *s, const int32_t *w, int sign)
{
	int64_t sum = 0, a, b;
	uint32_t c;

	for (c = 0; c < s->cpd; c++) {
		a = (int64_t)w[c * s->per] * sign;
		b = s->per == 2 ? (int64_t)w[c * 2 + 1] * sign : 0;	/* one of the two is multiplied with 0 */
		a = a > b ? a : b;
		sum += a > 0 ? a * s->act_most : 0;
	}
	return sum;
}

/* One step of what is left in `left`; takes it out there. */
static void emit(const struct shift_priv *s, const struct lxa_kernel *k, struct ksteps *st, struct lanes *left, int64_t most,
		 int32_t off)
{
	uint32_t lanes = st->cols * KGROUP, o, e, n = 4 / s->es;
	int is_signed = k->job.act_fmt == LXA_FMT_S8, full = 0;
	int32_t now[KCOLS * KGROUP][4] = { { 0 } };
	int64_t up[KCOLS * KGROUP], down[KCOLS * KGROUP];
	uint8_t *w = st->w + (size_t)st->n * lanes * 4;

	left->any = 0;
	for (o = 0; o < lanes; o++) {
		for (e = 0; e < n; e++) {
			int32_t v = left->w[o][e], lo = s->es == 1 ? -128 : (int32_t)-most, hi = s->es == 1 ? 127 : (int32_t)most;

			v = v < lo ? lo : v > hi ? hi : v;
			now[o][e] = v;
			left->w[o][e] -= v;
			left->any |= left->w[o][e];
			put_element(w + o * 4 + e * s->es, s->es, v);
		}
		up[o] = step_most(s, now[o], 1) + (is_signed ? step_most(s, now[o], -1) : 0);
		down[o] = step_most(s, now[o], -1) + (is_signed ? step_most(s, now[o], 1) : 0);
		full |= left->pos[o] + up[o] > LIMIT || left->neg[o] + down[o] > LIMIT;
	}
	if (full && s->wide) {
		st->end[st->segments++] = st->n;
		memset(left->pos, 0, sizeof(left->pos));
		memset(left->neg, 0, sizeof(left->neg));
	}
	for (o = 0; o < lanes; o++) {
		left->pos[o] += up[o];
		left->neg[o] += down[o];
	}
	st->off[st->n++] = off;
}

static int grow(struct ksteps *st, uint32_t *room)
{
	uint32_t more = *room ? *room * 2 : 256;
	int32_t *off;
	uint32_t *end;
	uint8_t *w;

	if (st->n + 2 < *room)
		return 0;
	off = realloc(st->off, more * sizeof(*off));
	st->off = off ? off : st->off;
	end = realloc(st->end, more * sizeof(*end));
	st->end = end ? end : st->end;
	w = aligned_alloc(64, (size_t)more * st->cols * KGROUP * 4);
	if (w && st->w)
		memcpy(w, st->w, (size_t)st->n * st->cols * KGROUP * 4);
	if (w) {
		free(st->w);
		st->w = w;
	}
	*room = more;
	return off && end && w ? 0 : -ENOMEM;
}

/* All steps of one tap and block. */
static int add_block(const struct shift_priv *s, const struct lxa_kernel *k, struct ksteps *st, uint32_t col0, struct place at,
		     struct lanes *left, uint32_t *room)
{
	/* a step of two products stays below 2^30 */
	int64_t most = (1 << 29) / s->act_most < 32767 ? (1 << 29) / s->act_most : 32767;
	uint32_t lanes = st->cols * KGROUP, i, o;
	int64_t off;
	int ret;

	for (i = 0; i < k->lay.block_ic; i += s->cpd) {
		left->any = 0;
		for (o = 0; o < lanes; o++) {
			uint32_t col = col0 + o / KGROUP, group = s->dual ? col / 2 : col;

			lane_weights(s, k, group * KGROUP + o % KGROUP, s->dual ? col % 2 : 0, at, i, left->w[o]);
			left->any |= left->w[o][0] | left->w[o][1] | left->w[o][2] | left->w[o][3];
		}
		off = (int64_t)(at.ky * k->job.dy) * (int64_t)k->row_bytes + (int64_t)(at.kx * k->job.dx) * (int64_t)k->px_bytes +
		      (int64_t)(at.block * k->lay.block_ic + i) * s->per * s->es;
		if (off > INT32_MAX)
			return 1;
		while (left->any) {
			ret = grow(st, room);
			if (ret)
				return ret;
			emit(s, k, st, left, most, (int32_t)off);
		}
	}
	return 0;
}

static int make_unit(const struct shift_priv *s, const struct lxa_kernel *k, uint32_t col0, uint64_t most_steps,
		     struct ksteps *st)
{
	const struct lxa_layout *y = &k->lay;
	uint32_t g0 = s->dual ? col0 / 2 : col0, g1 = s->dual ? (col0 + st->cols + 1) / 2 : col0 + st->cols, room = 0;
	uint32_t ocb0 = g0 * KGROUP / y->block_oc, ocb1 = (g1 * KGROUP - 1) / y->block_oc;
	struct lanes left = { 0 };
	struct place at;
	int ret;

	ocb1 = ocb1 < y->ocb ? ocb1 : y->ocb - 1;
	ret = grow(st, &room);
	for (at.ky = 0; !ret && at.ky < k->job.kh; at.ky++) {
		for (at.kx = 0; !ret && at.kx < y->kx; at.kx++) {
			for (at.block = ocb0 / y->grp_ocb * y->grp_icb;
			     !ret && at.block < ocb1 / y->grp_ocb * y->grp_icb + y->icb; at.block++)
				ret = add_block(s, k, st, col0, at, &left, &room);
			if (!ret && st->n > most_steps)
				ret = 1;
		}
	}
	if (!ret)
		st->end[st->segments++] = st->n;
	return ret;
}

/* ---- the kernel ------------------------------------------------------------------------------------------------ */

static void shift_sums(const struct lxa_kernel *k, const struct kband *b, const struct ktile *t, uint32_t pass)
{
	const struct shift_priv *s = k->priv;
	uint32_t stride = s->pass_units * s->cols * KGROUP, u;

	for (u = 0; u < s->pass_units && pass * s->pass_units + u < s->units; u++)
		s->dot(&s->unit[pass * s->pass_units + u], t->n, t->base, stride, b->t->lo + u * s->cols * KGROUP,
		       s->wide ? b->t->hi + u * s->cols * KGROUP : NULL);
}

/* Steps that elements of 2 bytes take at least where no weight is 0. */
static uint64_t plain_steps(const struct lxa_kernel *k)
{
	const struct lxa_layout *y = &k->lay;

	return (uint64_t)y->ocb * k->job.kh * y->kx * y->icb * y->block_ic * y->block_oc / KGROUP + 1;
}

/* Can a total, and can a sum, leave 32 bits? */
static int beyond(const struct lxa_kernel *k, int shifted)
{
	uint32_t oc;

	for (oc = 0; oc < k->job.out_c; oc++)
		if (k->l->bound[oc] >> (shifted ? k->wshift[oc] : 0) > INT32_MAX)
			return 1;
	return 0;
}

static void use(struct lxa_kernel *k, const struct shift_priv *s)
{
	k->px_bytes = (k->lay.packed ? k->job.in_c : k->lay.in_px * 8 / s->bits) * s->per * s->es;
	k->pass_groups = s->dual ? (s->cols + 1) / 2 : s->cols;
	lxa_kernel_band(k);
}

/* Elements of `es` bytes: all steps of all units, at most `most`; *steps: how many. 1: not possible. */
static int prepare(struct lxa_kernel *k, const struct kisa *isa, uint32_t es, uint64_t most, struct shift_priv **out,
		   uint64_t *steps)
{
	const struct lxa_job *j = &k->job;
	struct shift_priv *s;
	uint32_t columns, i;
	int ret, segments = 0;

	*out = NULL;
	if (!(es == 1 ? isa->dot8 : isa->dot16))
		return 1;
	s = aligned_alloc(64, lxa_round_up(sizeof(*s), 64));
	if (!s)
		return -ENOMEM;
	memset(s, 0, sizeof(*s));
	s->es = es;
	s->per = lxa_layer_is_log(j) && j->conv_flags & LXA_CONV_ACT_SQRT2 ? 2 : 1;
	s->dual = lxa_layer_dual(j);
	s->cpd = 4 / es / s->per;
	s->cols = isa->cols;
	s->dot = es == 1 ? isa->dot8 : isa->dot16;
	s->bits = lxa_fmt_bits(j->act_fmt);
	s->nibbles = s->bits == 4 ? isa->nibbles[es * s->per / 2] : NULL;
	s->wide = !s->dual && beyond(k, 1);
	weight_tables(s, k->l);
	columns = k->groups * (uint32_t)(1 + s->dual);
	if (columns < s->cols)
		s->cols = columns;
	use(k, s);
	s->pass_units = k->pass_groups * (uint32_t)(1 + s->dual) / s->cols;
	s->units = lxa_div_up(columns, s->cols);
	ret = make_table(s, k->l);
	s->unit = calloc(s->units, sizeof(*s->unit));
	if (!s->unit)
		ret = -ENOMEM;
	for (i = 0, *steps = 0; !ret && i < s->units; i++) {
		s->unit[i].cols = columns - i * s->cols < s->cols ? columns - i * s->cols : s->cols;
		ret = *steps > most ? 1 : make_unit(s, k, i * s->cols, most - *steps, &s->unit[i]);
		*steps += s->unit[i].n;
		segments |= s->unit[i].segments > 1;
	}
	if (ret) {
		shift_free(s);
		return ret;
	}
	s->wide &= segments;
	*out = s;
	return 0;
}

int lxa_kernel_shift(struct lxa_kernel *k, const struct kisa *isa)
{
	static const char *const forms[] = { "8 bit", "16 bit", "8 bit, 48-bit sums", "16 bit, 48-bit sums" };
	size_t n = (size_t)k->groups * KGROUP;
	struct shift_priv *s = NULL, *s8 = NULL;
	uint8_t *shifts = malloc(n);
	uint64_t n16 = 0, n8 = 0;
	int ret;

	if (!shifts)
		return -ENOMEM;
	if (k->lay.block_ic % 4) {
		free(shifts);
		return 1;
	}
	k->tile = isa->tile;
	find_wshift(k);
	ret = prepare(k, isa, 1, plain_steps(k), &s8, &n8);
	if (ret >= 0) {
		memcpy(shifts, k->wshift, n);
		if (beyond(k, 0) == beyond(k, 1))	/* 2 bytes hold the weights as they are */
			memset(k->wshift, 0, n);
		ret = prepare(k, isa, 2, UINT64_MAX, &s, &n16);
	}
	if (ret >= 0 && s8 && n8 <= n16) {
		memcpy(k->wshift, shifts, n);
		shift_free(s);
		s = s8;
	} else if (s8) {
		shift_free(s8);
	}
	free(shifts);
	if (ret)
		return ret;
	use(k, s);
	k->priv = s;
	k->free_priv = shift_free;
	k->name = isa->name;
	k->form = forms[s->es - 1 + 2 * (uint32_t)s->wide];
	k->sum = s->dual ? KSUM_DUAL : s->wide ? KSUM_WIDE : beyond(k, 0) ? KSUM_64 : KSUM_32;
	k->expand = shift_expand;
	k->sums = shift_sums;
	return isa->out(k);
}
