/* SPDX-License-Identifier: MIT */
/*
 * kernel_shift_avx2.c - shift lanes on AVX2: codes become 16-bit integers, vpmaddwd multiplies and adds pairs.
 *
 * An image is expanded once into int16 with a border of zeros, so that padded taps need no test. Base 2: one int16 a
 * channel, a pair is two channels. Base sqrt(2): a pair is one channel's even and odd part (one of them 0), against
 * weight pairs (we, 2wo) for the even sum and (wo, we) for the odd one; the kernel is the same.
 * Sums run in 32 bits. From the actual weights it is known before which step a sum could leave 32 bits: there the
 * sums move to 64 bits. So every result is exact; layers whose operands need more than 16 bits stay with the plain
 * kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define LANES 16	/* output channels at a time */
#define PIXELS 6	/* 6 pixels x 2 registers of sums, 2 of weights, 1 broadcast: all 16 registers */

struct run {			/* the steps of one group of 16 output channels, one kind of sum */
	uint32_t steps, segments;
	int32_t *offset;	/* of each step's activation pair from the pixel's base, int16 units */
	int16_t *w;		/* steps x 16 channels x 2 */
	uint32_t *end;		/* last step + 1 of each segment */
};

struct shift_priv {
	uint32_t groups;	/* 16-channel groups in a block */
	int dual;
	struct run *run;	/* [ocb][group][1 + dual] */
	uint32_t runs;
	uint32_t cpad, px, row, rows; /* expanded image: channels, int16 a pixel, a row; rows */
	int16_t *image;
	int16_t decode[256];	/* code to int16, of a pair the even part */
	int16_t decode_odd[256];
};

static void shift_free(void *p)
{
	struct shift_priv *s = p;
	uint32_t i;

	for (i = 0; s->run && i < s->runs; i++) {
		free(s->run[i].offset);
		free(s->run[i].w);
		free(s->run[i].end);
	}
	free(s->run);
	free(s->image);
	free(s);
}

/* ---- preparation ------------------------------------------------------------------------------------- */

/* An operand's value as even and odd part; 0 when it does not fit 16 bits. */
static int split(int is_log, uint32_t q, int sqrt2, int32_t value, int32_t *even, int32_t *odd)
{
	*even = *odd = 0;
	if (!is_log) {
		*even = value;
	} else if (q) {
		int e2 = (int)((q - 1) * (sqrt2 ? 1 : 2) % 32);

		*(e2 & 1 ? odd : even) = 1 << (e2 >> 1);
	}
	return *even <= INT16_MAX && *odd <= INT16_MAX;
}

static int make_decode(struct shift_priv *s, const struct lxa_layer *l)
{
	const struct lxa_job *j = &l->job;
	int q, top = lxa_layer_is_log(j) ? l->act_max : 255;
	int32_t even, odd;

	for (q = 0; q <= top; q++) {
		if (!split(lxa_layer_is_log(j), (uint32_t)q, (j->conv_flags & LXA_CONV_ACT_SQRT2) != 0,
			   j->act_fmt == LXA_FMT_S8 ? (int8_t)q : q, &even, &odd))
			return 1;
		s->decode[q] = (int16_t)even;
		s->decode_odd[q] = (int16_t)odd;
	}
	return 0;
}

static int weight_parts(const struct lxa_layer *l, uint8_t w, int32_t *even, int32_t *odd)
{
	int ok = split(l->job.wgt_fmt == LXA_WFMT_LOG, w & 0x7f, (l->job.conv_flags & LXA_CONV_WGT_SQRT2) != 0,
		       (int8_t)w, even,
		       odd);

	if (l->job.wgt_fmt == LXA_WFMT_LOG && w & 0x80) {
		*even = -*even;
		*odd = -*odd;
	}
	return ok && 2 * *odd >= INT16_MIN && 2 * *odd <= INT16_MAX;
}

/* Weights of 16 channels for pair `p` of a tile: dst[lane][2]. kind 0: the sum, or the even sum; 1: the odd sum. */
static int pair_weights(const struct lxa_layer *l, const uint8_t *tile, uint32_t o0, uint32_t p, int dual, int kind,
			int16_t *dst, int64_t *most)
{
	uint32_t o, h;
	int32_t even[2], odd[2];
	int any = 0;

	for (o = 0; o < LANES; o++) {
		const uint8_t *w = tile + (size_t)(o0 + o) * l->lay.block_ic + (dual ? p : 2 * p);

		for (h = 0; h < (dual ? 1u : 2u); h++)
			if (!weight_parts(l, w[h], &even[h], &odd[h]))
				return -1;
		dst[2 * o] = (int16_t)(kind ? odd[0] : even[0]);
		dst[2 * o + 1] = (int16_t)(!dual ? even[1] : kind ? even[0] : 2 * odd[0]);
		any |= dst[2 * o] || dst[2 * o + 1];
		most[o] = abs(dst[2 * o]) + (int64_t)abs(dst[2 * o + 1]);
	}
	return any;
}

/* The largest magnitude of an expanded activation. */
static int64_t act_magnitude(const struct shift_priv *s, const struct lxa_layer *l)
{
	int64_t m = 1;
	int q;

	if (!lxa_layer_is_log(&l->job))
		return l->job.act_fmt == LXA_FMT_S8 ? 128 : 255;
	for (q = 0; q < 256; q++) {
		m = s->decode[q] > m ? s->decode[q] : m;
		m = s->decode_odd[q] > m ? s->decode_odd[q] : m;
	}
	return m;
}

static int make_run(struct shift_priv *s, const struct lxa_layer *l, uint32_t ocb, uint32_t o0, int kind, struct run *r)
{
	const struct lxa_layout *y = &l->lay;
	const struct lxa_job *j = &l->job;
	uint32_t pairs = s->dual ? y->block_ic : y->block_ic / 2, ky, kx, b, p, o;
	size_t most_steps = (size_t)j->kh * y->kx * y->icb * pairs;
	const uint8_t *tile = l->wgt + (size_t)ocb * j->kh * y->kx * y->icb * y->wgt_tile;
	int64_t amax = act_magnitude(s, l), sum[LANES] = { 0 }, most[LANES];
	int any, full;

	r->offset = malloc(most_steps * sizeof(*r->offset));
	r->w = malloc(most_steps * LANES * 2 * sizeof(*r->w));
	r->end = malloc((most_steps + 1) * sizeof(*r->end));
	if (!r->offset || !r->w || !r->end)
		return -ENOMEM;
	for (ky = 0; ky < j->kh; ky++) {
		for (kx = 0; kx < y->kx; kx++) {
			for (b = 0; b < y->icb; b++, tile += y->wgt_tile) {
				for (p = 0; p < pairs; p++) {
					any = pair_weights(l, tile, o0, p, s->dual, kind,
							   r->w + (size_t)r->steps * LANES * 2,
							   most);
					if (any < 0)
						return 1;
					if (!any)
						continue;
					for (o = 0, full = 0; o < LANES; o++)
						full |= sum[o] + most[o] * amax > INT32_MAX;
					if (full) {	/* one step alone is below 2^31 + 1: 2 x 2^14 x 2^15 at most */
						r->end[r->segments++] = r->steps;
						memset(sum, 0, sizeof(sum));
					}
					for (o = 0; o < LANES; o++) {
						sum[o] += most[o] * amax;
						if (sum[o] > INT32_MAX)
							return 1;
					}
					r->offset[r->steps++] = (int32_t)(ky * j->dy * s->row + kx * j->dx * s->px +
						lxa_layout_channel(y, ocb, b, s->dual ? p : 2 * p) * (s->dual ? 2 : 1));
				}
			}
		}
	}
	r->end[r->segments++] = r->steps;
	return 0;
}

/* ---- running ----------------------------------------------------------------------------------------- */

static void expand_pixel(const struct shift_priv *s, const struct lxa_job *j, const uint8_t *src, int16_t *dst)
{
	uint32_t c, q;

	for (c = 0; c < j->in_c; c++) {
		q = j->act_fmt == LXA_FMT_LOG4 ? src[c / 2] >> (c % 2 * 4) & 15u : src[c];
		if (s->dual) {
			dst[2 * c] = s->decode[q];
			dst[2 * c + 1] = s->decode_odd[q];
		} else {
			dst[c] = s->decode[q];
		}
	}
}

static void shift_image(struct lxa_kernel *k, const uint8_t *image)
{
	struct shift_priv *s = k->priv;
	const struct lxa_job *j = &k->l->job;
	uint32_t y, x;

	/* the border was zeroed once and is never written */
	for (y = 0; y < j->in_h && y + j->pad_t < s->rows; y++)
		for (x = 0; x < j->in_w && (x + j->pad_l + 1) * s->px <= s->row; x++)
			expand_pixel(s, j, image + y * k->l->lay.in_row + (size_t)x * k->l->lay.in_px,
				     s->image + (size_t)(y + j->pad_t) * s->row + (x + j->pad_l) * s->px);
}

/* Add 16 sums of 32 bits to 16 of 64. */
__attribute__((target("avx2"), always_inline))
static inline void widen(__m256i lo, __m256i hi, int64_t *out)
{
	__m256i *o = (__m256i *)out;

	_mm256_store_si256(o, _mm256_add_epi64(_mm256_load_si256(o),
					       _mm256_cvtepi32_epi64(_mm256_castsi256_si128(lo))));
	_mm256_store_si256(o + 1, _mm256_add_epi64(_mm256_load_si256(o + 1),
						   _mm256_cvtepi32_epi64(_mm256_extracti128_si256(lo, 1))));
	_mm256_store_si256(o + 2, _mm256_add_epi64(_mm256_load_si256(o + 2),
						   _mm256_cvtepi32_epi64(_mm256_castsi256_si128(hi))));
	_mm256_store_si256(o + 3, _mm256_add_epi64(_mm256_load_si256(o + 3),
						   _mm256_cvtepi32_epi64(_mm256_extracti128_si256(hi, 1))));
}

/* PIXELS pixels x 16 channels: the sums of one run, added up in 64 bits. */
__attribute__((target("avx2"), optimize("O3")))
static void run_pixels(const struct run *r, const int16_t *const base[PIXELS], int64_t out[PIXELS][LANES])
{
	const int16_t *p0 = base[0], *p1 = base[1], *p2 = base[2], *p3 = base[3], *p4 = base[4], *p5 = base[5];
	const __m256i zero = _mm256_setzero_si256();
	uint32_t seg, step = 0;

	memset(out, 0, sizeof(int64_t) * PIXELS * LANES);
	for (seg = 0; seg < r->segments; seg++) {
		__m256i a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero;
		__m256i b0 = zero, b1 = zero, b2 = zero, b3 = zero, b4 = zero, b5 = zero;
		const __m256i *w = (const __m256i *)(r->w + (size_t)step * LANES * 2);
		uint32_t end = r->end[seg];

/* As assembly, because gcc 12 gathers all broadcasts first and then keeps the sums in memory: five times slower. */
#define PIXEL(n)										\
	do {											\
		__m256i x, y;									\
												\
		__asm__ volatile("vpbroadcastd %[m], %[x]\n\t"					\
				 "vpmaddwd %[w0], %[x], %[y]\n\t"				\
				 "vpaddd %[y], %[a], %[a]\n\t"					\
				 "vpmaddwd %[w1], %[x], %[x]\n\t"				\
				 "vpaddd %[x], %[b], %[b]"					\
				 : [a] "+x"(a##n), [b] "+x"(b##n), [x] "=&x"(x), [y] "=&x"(y)	\
				 : [w0] "x"(w0), [w1] "x"(w1), [m] "m"(*(const int16_t (*)[2])(p##n + off))); \
	} while (0)
		for (; step < end; step++, w += 2) {
			__m256i w0 = _mm256_loadu_si256(w), w1 = _mm256_loadu_si256(w + 1);
			int64_t off = r->offset[step];

			PIXEL(0);
			PIXEL(1);
			PIXEL(2);
			PIXEL(3);
			PIXEL(4);
			PIXEL(5);
		}
#undef PIXEL
		widen(a0, b0, out[0]);
		widen(a1, b1, out[1]);
		widen(a2, b2, out[2]);
		widen(a3, b3, out[3]);
		widen(a4, b4, out[4]);
		widen(a5, b5, out[5]);
	}
}

static void group_pixels(const struct shift_priv *s, const struct run *r, const int16_t *const base[PIXELS], uint32_t n,
			 uint32_t block_oc, int64_t *t)
{
	_Alignas(32) int64_t even[PIXELS][LANES], odd[PIXELS][LANES];
	uint32_t p, o;

	run_pixels(r, base, even);
	if (s->dual)
		run_pixels(r + 1, base, odd);
	for (p = 0; p < n; p++)
		for (o = 0; o < LANES; o++)
			t[(size_t)p * block_oc + o] = s->dual ? even[p][o] * 32768 + odd[p][o] * 46341 : even[p][o];
}

static void shift_sums(struct lxa_kernel *k, const uint8_t *image, uint32_t ocb, uint32_t y0, uint32_t y1, int64_t *t)
{
	struct shift_priv *s = k->priv;
	const struct lxa_layout *lay = &k->l->lay;
	const struct lxa_job *j = &k->l->job;
	const int16_t *base[PIXELS];
	uint32_t total = (y1 - y0) * lay->conv_w, i, p, n, g;

	for (i = 0; i < total; i += n) {
		n = total - i < PIXELS ? total - i : PIXELS;
		for (p = 0; p < PIXELS; p++) {
			uint32_t at = i + (p < n ? p : n - 1), y = y0 + at / lay->conv_w, x = at % lay->conv_w;

			base[p] = s->image + (size_t)y * j->sy * s->row + x * j->sx * s->px;
		}
		for (g = 0; g < s->groups; g++)
			group_pixels(s, &s->run[(ocb * s->groups + g) * (1 + s->dual)], base, n, lay->block_oc,
				     t + (size_t)i * lay->block_oc + g * LANES);
	}
}

int lxa_kernel_shift_avx2(struct lxa_kernel *k)
{
	const struct lxa_layer *l = k->l;
	const struct lxa_layout *y = &l->lay;
	const struct lxa_job *j = &l->job;
	struct shift_priv *s;
	uint32_t i;
	int ret;

	if (y->block_oc % LANES || y->block_ic % 2)
		return 1;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->groups = y->block_oc / LANES;
	s->dual = lxa_layer_dual(j);
	s->cpad = y->packed ? j->in_c : y->icb_total * y->block_ic;
	s->px = s->cpad * (s->dual ? 2 : 1);
	s->row = ((y->conv_w - 1) * j->sx + y->ekw) * s->px;
	s->rows = (y->conv_h - 1) * j->sy + y->ekh;
	s->runs = y->ocb * s->groups * (uint32_t)(1 + s->dual);
	s->run = calloc(s->runs, sizeof(*s->run));
	s->image = calloc((size_t)s->rows * s->row + 1, sizeof(*s->image)); /* a packed run's last pair may end behind it */
	ret = s->run && s->image ? make_decode(s, l) : -ENOMEM;
	if (!ret && (uint64_t)s->rows * s->row > INT32_MAX)
		ret = 1;
	for (i = 0; !ret && i < s->runs; i++)
		ret = make_run(s, l, i / (1 + (uint32_t)s->dual) / s->groups,
			       i / (1 + (uint32_t)s->dual) % s->groups * LANES,
			       (int)(i % (1 + (uint32_t)s->dual)), &s->run[i]);
	if (ret) {
		shift_free(s);
		return ret;
	}
	k->name = "avx2";
	k->priv = s;
	k->free_priv = shift_free;
	k->image = shift_image;
	k->sums = shift_sums;
	return 0;
}
#else
int lxa_kernel_shift_avx2(struct lxa_kernel *k)
{
	return 1;
}
#endif
