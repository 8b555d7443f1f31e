/* SPDX-License-Identifier: MIT */
/*
 * kernel.c - the CPU twin of a device layer: same packed memory in, same packed memory out. Chooses the fastest exact
 * kernel for this machine at run time and walks bands, passes and tiles (kernel.h); threads share the bands.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define BAND_BYTES (384u << 10)	/* of expanded input: with a pass's weights it fits the second-level cache */
#define SMALL_MACS (1u << 20)	/* less work than this is not worth waking a thread */

/* ---- choosing -------------------------------------------------------------------------------------------------- */

int lxa_kernel_has(enum lxa_kernel_isa isa)
{
#if defined(__x86_64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	switch (isa) {
	case LXA_ISA_AVX512:
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
		       __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512vnni") &&
		       __builtin_cpu_supports("avx512vpopcntdq");
	case LXA_ISA_AVX2:
		return __builtin_cpu_supports("avx2");
	default:
		return 1;
	}
#else
	return isa == LXA_ISA_AUTO || isa == LXA_ISA_PLAIN;
#endif
}

static int choose(struct lxa_kernel *k, enum lxa_kernel_isa isa)
{
	const struct kisa *with = NULL;
	int ret;

#if defined(__x86_64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	if (isa == LXA_ISA_AUTO)
		isa = lxa_kernel_has(LXA_ISA_AVX512) ? LXA_ISA_AVX512 :
		      lxa_kernel_has(LXA_ISA_AVX2) ? LXA_ISA_AVX2 : LXA_ISA_PLAIN;
	with = isa == LXA_ISA_AVX512 ? &lxa_kisa_avx512 : isa == LXA_ISA_AVX2 ? &lxa_kisa_avx2 : NULL;
#endif
	lxa_kernel_plain(k);
	if (!with)
		return 0;
	ret = k->lay.lane ? lxa_kernel_xnor(k, with) : lxa_kernel_shift(k, with);
	if (ret == 1)
		lxa_kernel_plain(k);
	return ret;
}

/* ---- creation -------------------------------------------------------------------------------------------------- */

static int has_pool(const struct lxa_job *j)
{
	return j->pool_h > 1 || j->pool_w > 1 || j->pool_sy > 1 || j->pool_sx > 1 || j->pool_pt || j->pool_pl;
}

static void geometry(struct lxa_kernel *k)
{
	struct lxa_job two;
	uint32_t bits;

	k->job = k->l->job;
	k->lay = k->l->lay;
	two = k->job;
	two.batch = 2;
	k->fold = lxa_layout_fold(&k->l->caps, &two, &k->lay);
	if (k->fold)
		k->job = two;
	k->pooled = has_pool(&k->job);
	bits = lxa_ofmt_bits(k->job.out_fmt);
	k->written = k->lay.ocb * k->lay.block_oc * bits / 8;
	if (k->written > k->lay.out_px)
		k->written = k->lay.out_px;
	k->groups = lxa_div_up(k->lay.ocb * k->lay.block_oc, KGROUP);
}

/* How many rows and columns are expanded at a time. */
void lxa_kernel_band(struct lxa_kernel *k)
{
	uint32_t cols = k->lay.conv_w, rows = k->pooled ? k->lay.out_h : k->lay.conv_h;

	if (k->fold)
		cols = UINT16_MAX;
	k->band_w = cols;
	if (!k->pooled) {
		while (k->band_w > k->tile && (size_t)kernel_in_cols(k, k->band_w) * k->px_bytes * k->lay.ekh > BAND_BYTES)
			k->band_w = lxa_div_up(k->band_w, 2 * k->tile) * k->tile;
	}
	k->row_bytes = kernel_in_cols(k, k->band_w) * k->px_bytes;
	k->band_h = 1;
	while (k->band_h < rows &&
	       kernel_in_rows(k, k->pooled ? k->band_h * k->job.pool_sy + k->job.pool_h : k->band_h + 1) * k->row_bytes <=
	       BAND_BYTES)
		k->band_h++;
	rows = k->pooled ? (k->band_h - 1) * k->job.pool_sy + k->job.pool_h : k->band_h;
	k->band_bytes = kernel_in_rows(k, rows) * k->row_bytes + 64;	/* vectors may read and write behind it */
}

static void scratch_free(struct kscratch *t)
{
	if (!t)
		return;
	free(t->band);
	free(t->codes);
	free(t->tiles);
	free(t->pop);
	free(t);
}

static struct kscratch *scratch_create(const struct lxa_kernel *k)
{
	struct kscratch *t = aligned_alloc(64, lxa_round_up(sizeof(*t), 64));
	uint32_t rows = k->pooled ? (k->band_h - 1) * k->job.pool_sy + k->job.pool_h : k->band_h;
	size_t in_px = (size_t)kernel_in_rows(k, rows) * kernel_in_cols(k, k->band_w);

	if (!t)
		return NULL;
	memset(t, 0, sizeof(*t));
	t->band = k->band_bytes ? aligned_alloc(64, lxa_round_up(k->band_bytes, 64)) : NULL;
	t->codes = k->pooled ? malloc((size_t)rows * k->lay.conv_w * k->lay.out_px) : NULL;
	t->tiles = malloc(lxa_div_up(rows * k->band_w, k->tile) * sizeof(*t->tiles));
	t->pop = k->pops ? malloc(in_px * k->pops * sizeof(*t->pop)) : NULL;
	if ((k->band_bytes && !t->band) || (k->pooled && !t->codes) || !t->tiles ||
	    (k->pops && !t->pop)) {
		scratch_free(t);
		return NULL;
	}
	if (t->band)
		memset(t->band, 0, k->band_bytes);
	return t;
}

int lxa_kernel_threads(struct lxa_kernel *k, struct kpool *pool)
{
	uint32_t threads = pool ? kpool_threads(pool) : 1;
	struct kscratch **more;

	k->pool = NULL;
	for (; k->threads > threads; k->threads--)
		scratch_free(k->scratch[k->threads - 1]);
	more = realloc(k->scratch, threads * sizeof(*more));
	if (!more)
		return -ENOMEM;
	k->scratch = more;
	for (; k->threads < threads; k->threads++) {
		k->scratch[k->threads] = scratch_create(k);
		if (!k->scratch[k->threads])
			return -ENOMEM;
	}
	k->pool = pool;
	return 0;
}

int lxa_kernel_create(const struct lxa_layer *l, enum lxa_kernel_isa isa, struct lxa_kernel **out, struct lxa_err *err)
{
	struct lxa_kernel *k = calloc(1, sizeof(*k));
	int ret;

	*out = NULL;
	if (!k)
		return lxa_err_set(err, -ENOMEM, "out of memory for a kernel");
	k->l = l;
	geometry(k);
	k->wshift = calloc(k->groups, KGROUP);
	ret = k->wshift ? choose(k, isa) : -ENOMEM;
	if (ret >= 0) {
		lxa_kernel_band(k);
		ret = lxa_kernel_threads(k, NULL);
	}
	if (ret < 0) {
		lxa_kernel_free(k);
		return lxa_err_set(err, -ENOMEM, "out of memory for a kernel");
	}
	*out = k;
	return 0;
}

void lxa_kernel_free(struct lxa_kernel *k)
{
	uint32_t i;

	if (!k)
		return;
	for (i = 0; i < k->threads; i++)
		scratch_free(k->scratch[i]);
	free(k->scratch);
	if (k->free_priv)
		k->free_priv(k->priv);
	lxa_kout_free(k->kout);
	free(k->wshift);
	free(k);
}

const char *lxa_kernel_name(const struct lxa_kernel *k)
{
	return k->name;
}

const char *lxa_kernel_form(const struct lxa_kernel *k)
{
	return k->form;
}

/* ---- running --------------------------------------------------------------------------------------------------- */

struct work {			/* one call: images x bands x parts of the passes, taken by whoever is free */
	struct lxa_kernel *k;
	const uint8_t *act, *res;
	uint8_t *out;
	uint32_t images, conv_w, rows, band_h;
	uint32_t bands_y, bands_x, parts, passes;
	atomic_uint next;
};

/* Pixels of the band in tiles; a pooled one's codes go to scratch memory. */
static uint32_t make_tiles(const struct work *w, const struct kband *b, uint8_t *out, const uint8_t *res)
{
	const struct lxa_kernel *k = w->k;
	const struct lxa_layout *lay = &k->lay;
	uint32_t cols = b->x1 - b->x0, total = cols * (b->y1 - b->y0), n = 0, at = 0, i, y = b->y0, x = b->x0;
	size_t step = k->job.sx * k->px_bytes, row = k->job.sy * k->row_bytes - cols * step;
	size_t out_row = (k->pooled ? (size_t)lay->conv_w * lay->out_px : lay->out_row) - (size_t)cols * lay->out_px;
	const uint8_t *base = b->t->band;
	uint8_t *dst = k->pooled ? b->t->codes + (size_t)x * lay->out_px : out + y * lay->out_row + (size_t)x * lay->out_px;

	for (; at < total; at += k->tile, n++) {
		struct ktile *t = &b->t->tiles[n];

		t->n = total - at < k->tile ? total - at : k->tile;
		for (i = 0; i < t->n; i++) {
			t->y[i] = y;
			t->x[i] = x;
			t->base[i] = base;
			t->dst[i] = dst;
			t->res[i] = res ? res + y * lay->res_row + (size_t)x * lay->res_px : NULL;
			base += step;
			dst += lay->out_px;
			if (++x == b->x1) {
				x = b->x0;
				y++;
				base += row;
				dst += out_row;
			}
		}
		for (; i < k->tile; i++)
			t->base[i] = t->base[i - 1];
		if (k->prepare)
			k->prepare(k, t);
	}
	return n;
}

static void run_item(struct work *w, struct kscratch *t, uint32_t item)
{
	struct lxa_kernel *k = w->k;
	const struct lxa_layout *lay = &k->lay;
	uint32_t part = item % w->parts, at = item / w->parts;
	uint32_t bx = at % w->bands_x, by = at / w->bands_x % w->bands_y, n = at / w->bands_x / w->bands_y;
	uint32_t r0 = by * w->band_h, r1 = r0 + w->band_h < w->rows ? r0 + w->band_h : w->rows, pass, i, tiles;
	uint8_t *out = w->out + n * lay->out_img;
	struct kband b = { r0, r1, bx * k->band_w, (bx + 1) * k->band_w, w->act + n * lay->in_img, t };

	if (b.x1 > w->conv_w)
		b.x1 = w->conv_w;
	if (k->pooled) {
		int c0 = (int)(r0 * k->job.pool_sy) - k->job.pool_pt;
		int c1 = (int)((r1 - 1) * k->job.pool_sy) - k->job.pool_pt + k->job.pool_h;

		b.y0 = c0 < 0 ? 0 : (uint32_t)c0;
		b.y1 = c1 < (int)lay->conv_h ? (uint32_t)c1 : lay->conv_h;
	}
	if (k->expand)
		k->expand(k, &b);
	tiles = make_tiles(w, &b, out, w->res ? w->res + n * lay->res_img : NULL);
	for (pass = w->passes * part / w->parts; pass < w->passes * (part + 1) / w->parts; pass++) {
		for (i = 0; i < tiles; i++) {
			k->sums(k, &b, &t->tiles[i], pass);
			if (k->out)
				k->out(k, &b, &t->tiles[i], pass);
		}
	}
	if (k->pooled)
		lxa_kernel_pool(k, t->codes, b.y0, r0, r1, out);
}

static void run_thread(void *ctx, uint32_t thread)
{
	struct work *w = ctx;
	uint32_t items = w->images * w->bands_y * w->bands_x * w->parts, item;

	while ((item = atomic_fetch_add(&w->next, 1)) < items)
		run_item(w, w->k->scratch[thread], item);
}

void lxa_kernel_run_res(struct lxa_kernel *k, uint32_t batch, const void *act, const void *res, void *out)
{
	struct work w = { .k = k, .act = act, .res = res, .out = out, .images = batch, .parts = 1 };
	uint32_t threads = k->pool ? k->threads : 1;

	w.conv_w = k->lay.conv_w;
	w.rows = k->pooled ? k->lay.out_h : k->lay.conv_h;
	w.band_h = k->band_h;
	w.passes = lxa_div_up(k->groups, k->pass_groups);
	if (k->fold) {
		w.conv_w = batch;
		w.images = 1;
	}
	if (threads > 1 && lxa_layer_macs(k->l) * batch < SMALL_MACS)
		threads = 1;
	w.bands_x = lxa_div_up(w.conv_w, k->band_w);
	if (threads > 1 && w.images * w.bands_x * w.rows >= 4 * threads)
		while (w.band_h > 1 && w.images * w.bands_x * lxa_div_up(w.rows, w.band_h) < 4 * threads)
			w.band_h = (w.band_h + 1) / 2;
	w.bands_y = lxa_div_up(w.rows, w.band_h);
	if (threads > 1 && w.images * w.bands_x * w.bands_y < 4 * threads && !k->pooled)
		w.parts = w.passes < threads ? w.passes : threads;
	if (threads > 1)
		kpool_run(k->pool, run_thread, &w);
	else
		run_thread(&w, 0);
}

void lxa_kernel_run(struct lxa_kernel *k, uint32_t batch, const void *act, void *out)
{
	lxa_kernel_run_res(k, batch, act, NULL, out);
}
