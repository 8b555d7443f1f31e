/* SPDX-License-Identifier: MIT */
/*
 * kernel_xnor_avx2.c - XNOR lanes on AVX2: vpshufb counts bits of 4 output channels x 64 input bits at a time.
 *
 * What is counted are the differences D = popcount(a ^ w): the accumulator is N - 2D, N the number of valid bits over
 * the taps that count. Bits beyond a block's valid channels are cleared in copies of the image and the weights, so
 * they never differ. A padded tap takes a word of ones or zeros instead of the image's (PLUS, MINUS) or is left out
 * (ZERO).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define VECS 4		/* registers of byte counts: 16 output channels */
#define FLUSH 31	/* words until a byte count could overflow: 31 * 8 < 256 */

struct xnor_priv {
	uint64_t *w;		/* [ocb][tap][oc]: tap = pass, ky, kx, b */
	uint64_t *image;	/* [y][x][icb_total], masked */
	uint64_t *mask;		/* [icb_total]: valid bits of each block */
	uint32_t taps;		/* words of one output block */
	uint64_t *word;		/* this pixel's activation words, the taps that count */
	uint32_t *tap;		/* and their tap numbers */
};

static void xnor_free(void *p)
{
	struct xnor_priv *s = p;

	free(s->w);
	free(s->image);
	free(s->mask);
	free(s->word);
	free(s->tap);
	free(s);
}

static void xnor_image(struct lxa_kernel *k, const uint8_t *image)
{
	struct xnor_priv *s = k->priv;
	const struct lxa_layout *lay = &k->l->lay;
	uint64_t *dst = s->image;
	uint32_t y, x, b;

	for (y = 0; y < k->l->job.in_h; y++) {
		for (x = 0; x < k->l->job.in_w; x++) {
			const uint8_t *px = image + y * lay->in_row + (size_t)x * lay->in_px;

			for (b = 0; b < lay->icb_total; b++) {
				memcpy(dst, px + 8 * b, 8);
				*dst++ &= s->mask[b];
			}
		}
	}
}

/* Collect the words of one pixel for output block ocb; returns how many, and the number of valid bits. */
static uint32_t gather(const struct lxa_kernel *k, uint32_t ocb, uint32_t y, uint32_t x, int64_t *valid)
{
	struct xnor_priv *s = k->priv;
	const struct lxa_layer *l = k->l;
	const struct lxa_layout *lay = &l->lay;
	const struct lxa_job *j = &l->job;
	uint32_t pass, ky, kx, b, tap = 0, n = 0, first = ocb / lay->grp_ocb * lay->grp_icb;

	*valid = 0;
	for (pass = 0; pass < lay->passes; pass++) {
		for (ky = 0; ky < j->kh; ky++) {
			for (kx = 0; kx < j->kw; kx++) {
				int iy = (int)(y * j->sy + ky * j->dy) - j->pad_t;
				int ix = (int)(x * j->sx + kx * j->dx) - j->pad_l;
				int inside = iy >= 0 && ix >= 0 && iy < j->in_h && ix < j->in_w;
				size_t at = inside ? (size_t)iy * j->in_w + (uint32_t)ix : 0;

				if (!inside && j->pad_mode == LXA_PAD_ZERO) {
					tap += lay->icb;
					continue;
				}
				for (b = first; b < first + lay->icb; b++) {
					if (inside)
						s->word[n] = s->image[at * lay->icb_total + b];
					else
						s->word[n] = j->pad_mode == LXA_PAD_PLUS ? s->mask[b] : 0;
					s->tap[n++] = tap++;
					*valid += __builtin_popcountll(s->mask[b]);
				}
			}
		}
	}
	return n;
}

/* Differences of 16 output channels over n words. w: the first word of the first of them. */
__attribute__((target("avx2"), optimize("O3")))
static void count16(const uint64_t *w, uint32_t block_oc, const uint64_t *word, const uint32_t *tap, uint32_t n,
		    int64_t *d)
{
	const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
					       0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
	const __m256i low = _mm256_set1_epi8(15), zero = _mm256_setzero_si256();
	__m256i wide[VECS], bytes[VECS];
	uint32_t i, v, stop;

	for (v = 0; v < VECS; v++)
		wide[v] = zero;
	for (i = 0; i < n; ) {
		stop = n - i < FLUSH ? n : i + FLUSH;
		for (v = 0; v < VECS; v++)
			bytes[v] = zero;
		for (; i < stop; i++) {
			__m256i a = _mm256_set1_epi64x((long long)word[i]);
			const uint64_t *row = w + (size_t)tap[i] * block_oc;

#pragma GCC unroll 4
			for (v = 0; v < VECS; v++) {
				__m256i x = _mm256_xor_si256(a, _mm256_loadu_si256((const __m256i *)(row + 4 * v)));
				__m256i lo = _mm256_shuffle_epi8(table, _mm256_and_si256(x, low));
				__m256i hi = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(x, 4), low));

				bytes[v] = _mm256_add_epi8(bytes[v], _mm256_add_epi8(lo, hi));
			}
		}
		for (v = 0; v < VECS; v++)
			wide[v] = _mm256_add_epi64(wide[v], _mm256_sad_epu8(bytes[v], zero));
	}
	for (v = 0; v < VECS; v++)
		_mm256_storeu_si256((__m256i *)(d + 4 * v), wide[v]);
}

static void xnor_sums(struct lxa_kernel *k, const uint8_t *image, uint32_t ocb, uint32_t y0, uint32_t y1, int64_t *t)
{
	struct xnor_priv *s = k->priv;
	const struct lxa_layout *lay = &k->l->lay;
	const uint64_t *w = s->w + (size_t)ocb * s->taps * lay->block_oc;
	uint32_t y, x, o, n, i;
	int64_t valid;

	for (y = y0; y < y1; y++) {
		for (x = 0; x < lay->conv_w; x++, t += lay->block_oc) {
			n = gather(k, ocb, y, x, &valid);
			for (o = 0; o < lay->block_oc; o += 4 * VECS)
				count16(w + o, lay->block_oc, s->word, s->tap, n, t + o);
			for (i = 0; i < lay->block_oc; i++) {
				t[i] = valid - 2 * t[i];
				if (lay->passes == 2)
					t[i] >>= 1;
			}
		}
	}
}

static void make_weights(struct xnor_priv *s, const struct lxa_layer *l)
{
	const struct lxa_layout *lay = &l->lay;
	size_t i, n = (size_t)lay->ocb * s->taps * lay->block_oc;

	memcpy(s->w, l->wgt, n * 8);
	for (i = 0; i < n; i++) {
		uint32_t ocb = (uint32_t)(i / lay->block_oc / s->taps), b = (uint32_t)(i / lay->block_oc % lay->icb);

		s->w[i] &= s->mask[ocb / lay->grp_ocb * lay->grp_icb + b];
	}
}

int lxa_kernel_xnor_avx2(struct lxa_kernel *k)
{
	const struct lxa_layout *lay = &k->l->lay;
	const struct lxa_job *j = &k->l->job;
	struct xnor_priv *s;
	uint32_t b;

	if (lay->block_ic != 64 || lay->block_oc % (4 * VECS) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return 1;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->taps = lay->passes * j->kh * j->kw * lay->icb;
	s->w = malloc((size_t)lay->ocb * s->taps * lay->block_oc * 8);
	s->image = malloc((size_t)j->in_h * j->in_w * lay->icb_total * 8);
	s->mask = malloc(lay->icb_total * sizeof(*s->mask));
	s->word = malloc(s->taps * sizeof(*s->word));
	s->tap = malloc(s->taps * sizeof(*s->tap));
	if (!s->w || !s->image || !s->mask || !s->word || !s->tap) {
		xnor_free(s);
		return -ENOMEM;
	}
	for (b = 0; b < lay->icb_total; b++)
		s->mask[b] = b == lay->icb_total - 1 && lay->ic_tail < 64 ? (1ull << lay->ic_tail) - 1 : ~0ull;
	make_weights(s, k->l);
	k->name = "avx2";
	k->priv = s;
	k->free_priv = xnor_free;
	k->image = xnor_image;
	k->sums = xnor_sums;
	return 0;
}
#else
int lxa_kernel_xnor_avx2(struct lxa_kernel *k)
{
	return 1;
}
#endif
