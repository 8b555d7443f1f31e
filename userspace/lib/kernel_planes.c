/* SPDX-License-Identifier: MIT */
/*
 * kernel_planes.c - sums of bit planes (rtl/README.md section 3): linear operands of 1 to 4 bits. Once an image the nibbles are
 * taken apart into one 64-bit word a plane and block of channels; a step is then 64 products of bits a popcount.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define BLOCK 64		/* channels in a block: one word */
#define PLANES 4

struct planes {
	uint32_t n;			/* planes of the activations */
	uint64_t *px;			/* image: [row][column][block][plane] */
	uint64_t *pad;			/* one pixel outside of it */
	uint64_t *w;			/* [ocb][pass][tap][icb][oc] in host order */
	int64_t *sum;			/* block_oc */
	void (*step)(const uint64_t *a, uint32_t n, const uint64_t *w, uint32_t oc, uint64_t *differ);
};

static void planes_free(void *priv)
{
	struct planes *q = priv;

	free(q->px);
	free(q->pad);
	free(q->w);
	free(q->sum);
	free(q);
}

static uint64_t le64(const uint8_t *p)
{
	uint64_t v = 0;
	int i;

	for (i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static uint64_t tail_mask(const struct lxa_layout *y)
{
	return y->ic_tail == BLOCK ? ~0ull : (1ull << y->ic_tail) - 1;
}

/* differ[plane][oc] += the bits of a block's plane that differ from the weights'. */
static inline __attribute__((always_inline)) void step_body(const uint64_t *a, uint32_t n, const uint64_t *w, uint32_t oc,
							     uint64_t *differ)
{
	uint32_t p, o;

	for (p = 0; p < n; p++)
		for (o = 0; o < oc; o++)
			differ[p * oc + o] += (uint64_t)__builtin_popcountll(a[p] ^ w[o]);
}

#if defined(__x86_64__)
__attribute__((target("popcnt")))
#endif
static void step_popcnt(const uint64_t *a, uint32_t n, const uint64_t *w, uint32_t oc, uint64_t *differ)
{
	step_body(a, n, w, oc, differ);
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512vpopcntdq,prefer-vector-width=512"), optimize("O3")))
static void step_avx512(const uint64_t *a, uint32_t n, const uint64_t *w, uint32_t oc, uint64_t *differ)
{
	step_body(a, n, w, oc, differ);
}
#endif

/* One pixel's words, bits beyond the last channel 0. */
static void split_pixel(const struct lxa_layer *l, const uint8_t *src, uint64_t *dst, uint32_t n)
{
	const struct lxa_layout *y = &l->lay;
	uint32_t b, p, k;

	for (b = 0; b < y->icb_total; b++, dst += n) {
		if (l->job.act_fmt == LXA_FMT_B1) {
			dst[0] = le64(src + 8 * b);
		} else {
			for (p = 0; p < n; p++) {
				uint64_t v = 0;

				for (k = 0; k < 4; k++) {	/* 16 nibbles at a time: bit p of each to the low end */
					uint64_t m = le64(src + 32 * b + 8 * k) >> p & 0x1111111111111111ull;

					m = (m | m >> 3) & 0x0303030303030303ull;
					m = (m | m >> 6) & 0x000f000f000f000full;
					m = (m | m >> 12) & 0x000000ff000000ffull;
					m = (m | m >> 24) & 0xffff;
					v |= m << (16 * k);
				}
				dst[p] = v;
			}
		}
		for (p = 0; b == y->icb_total - 1 && p < n; p++)
			dst[p] &= tail_mask(y);
	}
}

static void planes_image(struct lxa_kernel *k, const uint8_t *image)
{
	const struct planes *q = k->priv;
	const struct lxa_layout *y = &k->l->lay;
	uint32_t h, w;

	for (h = 0; h < k->l->job.in_h; h++)
		for (w = 0; w < k->l->job.in_w; w++)
			split_pixel(k->l, image + h * y->in_row + (size_t)w * y->in_px,
				    q->px + ((size_t)h * k->l->job.in_w + w) * y->icb_total * q->n, q->n);
}

/* A pixel's words under tap (ky, kx), from the group's first block; NULL: adds nothing. */
static const uint64_t *tap(const struct lxa_kernel *k, uint32_t y, uint32_t x, uint32_t ky, uint32_t kx)
{
	const struct lxa_job *j = &k->l->job;
	const struct planes *q = k->priv;
	int iy = (int)(y * j->sy + ky * j->dy) - j->pad_t, ix = (int)(x * j->sx + kx * j->dx) - j->pad_l;

	if (iy < 0 || ix < 0 || iy >= j->in_h || ix >= j->in_w)
		return j->act_fmt == LXA_FMT_B1 && j->pad_mode == LXA_PAD_ZERO ? NULL : q->pad;
	return q->px + ((size_t)iy * j->in_w + (uint32_t)ix) * k->l->lay.icb_total * q->n;
}

/* The sums of one pixel and one plane of the weights into q->sum. */
static void one_pass(const struct lxa_kernel *k, uint32_t ocb, uint32_t pass, uint32_t y, uint32_t x)
{
	const struct lxa_layout *lay = &k->l->lay;
	const struct lxa_job *j = &k->l->job;
	const struct planes *q = k->priv;
	uint32_t first = ocb / lay->grp_ocb * lay->grp_icb, ky, kx, b, p, o, oc = lay->block_oc;
	const uint64_t *w = q->w + (size_t)(ocb * lay->passes + pass) * j->kh * lay->kx * lay->icb * oc;
	uint64_t differ[PLANES * oc];
	int64_t ones[PLANES] = { 0 };
	int wbits = j->wgt_fmt == LXA_WFMT_BITS;

	memset(differ, 0, sizeof(differ));
	for (ky = 0; ky < j->kh; ky++) {
		for (kx = 0; kx < lay->kx; kx++, w += (size_t)lay->icb * oc) {
			const uint64_t *a = tap(k, y, x, ky, kx);

			for (b = 0; a && b < lay->icb; b++) {
				q->step(a + (first + b) * q->n, q->n, w + (size_t)b * oc, oc, differ);
				for (p = 0; wbits && p < q->n; p++)
					ones[p] += __builtin_popcountll(a[(first + b) * q->n + p]);
			}
		}
	}
	for (p = 0; p < q->n; p++) {
		int negative = (j->conv_flags & LXA_CONV_ACT_SIGNED && p == q->n - 1) !=
			       (j->conv_flags & LXA_CONV_WGT_SIGNED && pass == lay->passes - 1);

		for (o = 0; o < oc; o++)
			q->sum[o] += (negative ? -1 : 1) * (ones[p] - (int64_t)differ[p * oc + o]) * (1 << (p + (wbits ? pass : 0)));
	}
}

static void planes_sums(struct lxa_kernel *k, const uint8_t *image, uint32_t ocb, uint32_t y0, uint32_t y1, int64_t *t)
{
	const struct lxa_layout *lay = &k->l->lay;
	const struct planes *q = k->priv;
	uint32_t y, x, pass, o;

	(void)image;
	for (y = y0; y < y1; y++)
		for (x = 0; x < lay->conv_w; x++, t += lay->block_oc) {
			memset(q->sum, 0, lay->block_oc * sizeof(*q->sum));
			for (pass = 0; pass < lay->passes; pass++)
				one_pass(k, ocb, pass, y, x);
			for (o = 0; o < lay->block_oc; o++)
				t[o] = q->sum[o] >> lay->halve;
		}
}

static void take_weights(const struct lxa_layer *l, struct planes *q)
{
	const struct lxa_layout *y = &l->lay;
	size_t taps = (size_t)y->passes * l->job.kh * y->kx, t;
	const uint8_t *src = l->wgt;
	uint64_t *w = q->w;
	uint32_t ocb, b, o;

	for (ocb = 0; ocb < y->ocb; ocb++)
		for (t = 0; t < taps; t++)
			for (b = 0; b < y->icb; b++) {
				int last = ocb / y->grp_ocb * y->grp_icb + b == y->icb_total - 1;

				for (o = 0; o < y->block_oc; o++, src += 8)
					*w++ = le64(src) & (last ? tail_mask(y) : ~0ull);
			}
}

int lxa_kernel_planes(struct lxa_kernel *k)
{
	const struct lxa_layer *l = k->l;
	const struct lxa_layout *y = &l->lay;
	uint32_t n = l->job.act_fmt == LXA_FMT_N4 ? l->job.act_bits : 1;
	struct planes *q;

	if (y->block_ic != BLOCK)
		return 1;
	q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	q->n = n;
	q->px = malloc((size_t)l->job.in_h * l->job.in_w * y->icb_total * n * sizeof(*q->px));
	q->pad = malloc((size_t)y->icb_total * n * sizeof(*q->pad));
	q->w = malloc(y->wgt_bytes);
	q->sum = malloc(y->block_oc * sizeof(*q->sum));
	if (!q->px || !q->pad || !q->w || !q->sum) {
		planes_free(q);
		return -ENOMEM;
	}
	memset(q->pad, l->job.act_fmt == LXA_FMT_B1 && l->job.pad_mode == LXA_PAD_PLUS ? 0xff : 0, y->icb_total * n * sizeof(*q->pad));
	q->pad[(y->icb_total - 1) * n] &= tail_mask(y);	/* +1 is one plane */
	take_weights(l, q);
	q->step = step_popcnt;
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512f"))
		q->step = step_avx512;
#endif
	k->name = "planes";
	k->priv = q;
	k->free_priv = planes_free;
	k->sums = planes_sums;
	k->image = planes_image;
	return 0;
}
