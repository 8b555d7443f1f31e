/* SPDX-License-Identifier: MIT */
/*
 * kernel.c - the CPU twin of a device layer: same packed memory in, same packed memory out. Chooses the fastest exact
 * kernel for this machine at run time, walks blocks and rows, pools and stores.
 *
 * AVX-512 kernels (vpopcntd, vpdpwssd) are left out on purpose: they wait for a machine that can run their tests.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define BAND_BYTES (256u << 10)	/* totals of a band: fits the second-level cache */

static int has_avx2(void)
{
#if defined(__x86_64__)
	return __builtin_cpu_supports("avx2");
#else
	return 0;
#endif
}

static int choose(struct lxa_kernel *k, enum lxa_kernel_isa isa)
{
	int ret;

	lxa_kernel_plain(k);
	if (isa == LXA_ISA_PLAIN || !has_avx2())
		return 0;
	if (lxa_layer_planes(&k->l->job))
		ret = lxa_kernel_planes(k);
	else
		ret = k->l->lay.lane ? lxa_kernel_xnor_avx2(k) : lxa_kernel_shift_avx2(k);
	return ret < 0 ? ret : 0;
}

int lxa_kernel_create(const struct lxa_layer *l, enum lxa_kernel_isa isa, struct lxa_kernel **out, struct lxa_err *err)
{
	struct lxa_kernel *k = calloc(1, sizeof(*k));
	size_t row = (size_t)l->lay.conv_w * l->lay.block_oc;

	*out = NULL;
	if (!k)
		return lxa_err_set(err, -ENOMEM, "out of memory for a kernel");
	k->l = l;
	k->band = (uint32_t)(BAND_BYTES / (row * sizeof(*k->t)));
	if (!k->band)
		k->band = 1;
	if (l->job.pool_h > 1 || l->job.pool_w > 1 || l->job.pool_sy > 1 || l->job.pool_sx > 1 || l->job.pool_pt ||
	    l->job.pool_pl || k->band > l->lay.conv_h)
		k->band = l->lay.conv_h;
	k->t = malloc(k->band * row * sizeof(*k->t));
	k->codes = malloc(k->band * row * sizeof(*k->codes));
	if (!k->t || !k->codes || choose(k, isa) < 0) {
		lxa_kernel_free(k);
		return lxa_err_set(err, -ENOMEM, "out of memory for a kernel");
	}
	*out = k;
	return 0;
}

void lxa_kernel_free(struct lxa_kernel *k)
{
	if (!k)
		return;
	if (k->free_priv)
		k->free_priv(k->priv);
	free(k->t);
	free(k->codes);
	free(k);
}

const char *lxa_kernel_name(const struct lxa_kernel *k)
{
	return k->name;
}

/*
 * The largest code of output pixel (y, x), channel o of the block, over its pool window; the band is the whole plane
 * then.
 */
static int32_t pooled(const struct lxa_kernel *k, uint32_t y, uint32_t x, uint32_t o)
{
	const struct lxa_job *j = &k->l->job;
	int cy = (int)(y * j->pool_sy) - j->pool_pt, cx = (int)(x * j->pool_sx) - j->pool_pl, py, px, found = 0;
	int32_t best = 0;

	for (py = cy < 0 ? 0 : cy; py < cy + j->pool_h && py < (int)k->l->lay.conv_h; py++) {
		for (px = cx < 0 ? 0 : cx; px < cx + j->pool_w && px < (int)k->l->lay.conv_w; px++) {
			int32_t c = k->codes[((size_t)py * k->l->lay.conv_w + px) * k->l->lay.block_oc + o];

			/* codes of the unsigned kinds are never negative here, so one comparison serves all */
			if (!found || c > best)
				best = c;
			found = 1;
		}
	}
	return best;
}

/* Rows out_y0..out_y1-1 of one block of channels into the packed output. */
static void store(const struct lxa_kernel *k, uint8_t *out, uint32_t ocb, uint32_t out_y0, uint32_t out_y1, int pool)
{
	const struct lxa_layout *y = &k->l->lay;
	uint32_t bits = lxa_ofmt_bits(k->l->job.out_fmt), first = ocb * y->block_oc;
	uint32_t n = ocb == y->ocb - 1 ? y->oc_tail : y->block_oc;
	uint32_t bytes = y->block_oc * bits / 8, offset = first * bits / 8, oy, ox, o;

	if (offset + bytes > y->out_px)
		bytes = y->out_px - offset;
	for (oy = out_y0; oy < out_y1; oy++) {
		for (ox = 0; ox < y->out_w; ox++) {
			uint8_t *px = out + oy * y->out_row + (size_t)ox * y->out_px + offset;
			const int32_t *c = k->codes + ((size_t)(oy - out_y0) * y->conv_w + ox) * y->block_oc;

			memset(px, 0, bytes);
			for (o = 0; o < n; o++)
				lxa_element_or(px, bits, o, pool ? pooled(k, oy, ox, o) : c[o]);
		}
	}
}

/* What the residual operand adds to channel o of the block at convolution pixel i of the image. */
static int64_t value(const struct lxa_kernel *k, const uint8_t *res, uint32_t ocb, size_t i, uint32_t o)
{
	const struct lxa_layout *y = &k->l->lay;

	if (k->l->job.res_mode != LXA_RES_VALUE)
		return 0;
	return lxa_kernel_residual(&k->l->job, res + i / y->conv_w * y->res_row + i % y->conv_w * y->res_px, ocb * y->block_oc + o);
}

static void run_block(struct lxa_kernel *k, const uint8_t *image, const uint8_t *res, uint8_t *out, uint32_t ocb)
{
	const struct lxa_layer *l = k->l;
	const struct lxa_layout *lay = &l->lay;
	int pool = l->job.pool_h > 1 || l->job.pool_w > 1 || l->job.pool_sy > 1 || l->job.pool_sx > 1 ||
		   l->job.pool_pt || l->job.pool_pl;
	uint32_t n = ocb == lay->ocb - 1 ? lay->oc_tail : lay->block_oc, y0, y1, o;
	size_t i;

	for (y0 = 0; y0 < lay->conv_h; y0 = y1) {
		y1 = y0 + k->band < lay->conv_h ? y0 + k->band : lay->conv_h;
		k->sums(k, image, ocb, y0, y1, k->t);
		for (i = 0; i < (size_t)(y1 - y0) * lay->conv_w; i++)
			for (o = 0; o < n; o++)
				k->codes[i * lay->block_oc + o] =
					lxa_kernel_code(&l->job, &l->chan[ocb * lay->block_oc + o],
							k->t[i * lay->block_oc + o],
							value(k, res, ocb, (size_t)y0 * lay->conv_w + i, o));
		if (pool)
			store(k, out, ocb, 0, lay->out_h, 1);
		else
			store(k, out, ocb, y0, y1, 0);
	}
}

void lxa_kernel_run_res(struct lxa_kernel *k, uint32_t batch, const void *act, const void *res, void *out)
{
	const struct lxa_layout *lay = &k->l->lay;
	uint32_t n, ocb;

	for (n = 0; n < batch; n++) {
		const uint8_t *image = (const uint8_t *)act + n * lay->in_img;

		if (k->image)
			k->image(k, image);
		for (ocb = 0; ocb < lay->ocb; ocb++)
			run_block(k, image, res ? (const uint8_t *)res + n * lay->res_img : NULL, (uint8_t *)out + n * lay->out_img, ocb);
	}
}

void lxa_kernel_run(struct lxa_kernel *k, uint32_t batch, const void *act, void *out)
{
	lxa_kernel_run_res(k, batch, act, NULL, out);
}
