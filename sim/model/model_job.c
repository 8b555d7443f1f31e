/* SPDX-License-Identifier: MIT */
/*
 * model_job.c - one convolution, in steps. A slice is some output rows of one image, or several whole images; a step is
 * one block of output channels of a slice. The slice's input is expanded once into a padded buffer of doubles (shift
 * lanes) or words (XNOR lanes), so that the inner loops see no borders; the last block's step pools, packs and writes.
 */
#include <stdlib.h>
#include <string.h>

#include "lxa_regs.h"
#include "model.h"
#include "model_job.h"

#define SLICE_PIXELS 768		/* convolution pixels a slice aims at */
#define SLICE_ELEMS (768 * 1024)	/* elements of expanded input a slice aims at */
#define CACHE_ELEMS (4u << 20)		/* expand a layer's weights once when they have at most so many elements */

const struct geom *model_job_geom(const struct model_job *j)
{
	return &j->g;
}

/* Convolution rows [*lo, *hi) under output rows [oy, oy + rows). */
static void conv_rows(const struct geom *g, uint32_t oy, uint32_t rows, uint32_t *lo, uint32_t *hi)
{
	int64_t first = (int64_t)oy * g->pool_sy - g->pool_pt;
	int64_t last = (int64_t)(oy + rows - 1) * g->pool_sy - g->pool_pt + g->pool_h;

	*lo = first < 0 ? 0 : (uint32_t)first;
	*hi = last > g->conv_h ? g->conv_h : (uint32_t)last;
}

static uint32_t most_conv_rows(const struct geom *g, uint32_t rows)
{
	uint64_t n = (uint64_t)(rows - 1) * g->pool_sy + g->pool_h;

	return n < g->conv_h ? (uint32_t)n : g->conv_h;
}

static uint64_t slice_elems(const struct model_job *j, uint32_t crows)
{
	return ((uint64_t)(crows - 1) * j->g.sy + j->g.ek_h) * j->row_elems;
}

/* How many rows and images a slice takes, and the buffers for that. */
static int plan_slices(struct model_job *j)
{
	const struct geom *g = &j->g;
	uint32_t rows = 1, crows;
	uint64_t px;
	size_t elems;

	j->chan = g->pack ? g->in_px : g->lane ? g->icb_total * g->planes : g->icb_total * g->block_ic;
	j->pw = (g->conv_w - 1) * g->sx + g->ek_w;
	j->row_elems = (size_t)j->pw * j->chan;
	while (rows < g->out_h && (uint64_t)most_conv_rows(g, rows + 1) * g->conv_w <= SLICE_PIXELS &&
	       slice_elems(j, most_conv_rows(g, rows + 1)) <= SLICE_ELEMS)
		rows++;
	j->rows = rows;
	crows = most_conv_rows(g, rows);
	px = (uint64_t)crows * g->conv_w;
	j->imgs = 1;
	while (rows == g->out_h && j->imgs < g->batch && (j->imgs + 1) * px <= SLICE_PIXELS &&
	       (j->imgs + 1) * slice_elems(j, crows) <= SLICE_ELEMS)
		j->imgs++;
	elems = (size_t)slice_elems(j, crows) * j->imgs + g->block_ic;	/* a packed row's last block ends behind it */
	j->code_pitch = (size_t)g->ocb * g->block_oc;
	j->in_bytes = malloc((size_t)g->in_w * g->in_px);
	j->out_row = malloc((size_t)g->out_w * g->out_px);
	if (g->kind == LXA_HW_KIND_RAW)
		j->raw = malloc((size_t)px * j->imgs * j->code_pitch * sizeof(*j->raw));
	else
		j->codes = malloc((size_t)px * j->imgs * j->code_pitch * sizeof(*j->codes));
	if (g->res_mode) {
		j->res = malloc((size_t)j->imgs * rows * g->out_w * g->res_px);
		if (!j->res)
			return -1;
	}
	if (!j->codes && !j->raw)
		return -1;
	if (g->lane) {
		j->bits = malloc(elems * sizeof(*j->bits));
		j->gather = malloc((size_t)g->kh * g->kw * g->icb * sizeof(*j->gather));
		return j->bits && j->gather && j->in_bytes && j->out_row ? 0 : -1;
	}
	j->even = calloc(elems, sizeof(*j->even));
	j->odd = j->act_odd ? calloc(elems, sizeof(*j->odd)) : NULL;
	return j->even && (j->odd || !j->act_odd) && j->in_bytes && j->out_row ? 0 : -1;
}

/* The value of every code byte, split by parity of its exponent: 2^(e2 >> 1) goes to even[] or odd[]. */
static void log_table(double *even, double *odd, int base_sqrt2, uint32_t q_mask, int sign_bit)
{
	uint32_t b;

	for (b = 0; b < 256; b++) {
		uint32_t q = b & q_mask, e2 = (q - 1) * (base_sqrt2 ? 1 : 2) % 32;
		double v = q ? (double)(1u << (e2 >> 1)) : 0;

		if (sign_bit && b & 0x80)
			v = -v;
		even[b] = e2 & 1 ? 0 : v;
		odd[b] = e2 & 1 ? v : 0;
	}
}

static void tables(struct model_job *j)
{
	const struct geom *g = &j->g;
	uint32_t b;

	if (g->act_fmt == LXA_HW_FMT_LOG4 || g->act_fmt == LXA_HW_FMT_LOG8) {
		log_table(j->act_even_tab, j->act_odd_tab, (int)g->act_s, 0xff, 0);
		j->act_odd = (int)g->act_s;
	} else {
		for (b = 0; b < 256; b++)
			j->act_even_tab[b] = g->act_fmt == LXA_HW_FMT_U8 ? (double)b : (double)(int8_t)b;
	}
	if (g->wgt_fmt == LXA_HW_WFMT_LOG) {
		log_table(j->wgt_even_tab, j->wgt_odd_tab, (int)g->wgt_s, 0x7f, 1);
		j->wgt_odd = (int)g->wgt_s;
	} else {
		for (b = 0; b < 256; b++)
			j->wgt_even_tab[b] = (int8_t)b;
	}
}

static int load_params(struct model_job *j, const uint8_t *raw)
{
	const struct geom *g = &j->g;
	size_t n = (size_t)g->ocb * g->block_oc, i;

	j->par = malloc(n * sizeof(*j->par));
	if (!j->par)
		return -1;
	for (i = 0; i < n; i++)
		model_par(g, raw, (uint32_t)(i / g->block_oc), (uint32_t)(i % g->block_oc), &j->par[i]);
	return 0;
}

static int read_operand(struct model_job *j, uint32_t stream, uint64_t addr, void *dst, size_t len, struct job_error *err)
{
	uint64_t bad;

	if (!bus_read(j->bus, addr, dst, len, &bad))
		return 0;
	*err = (struct job_error){ .status = LXA_HW_STATUS_RD_ERROR, .stream = stream, .addr = bad };
	return -1;
}

static int load_constants(struct model_job *j, struct job_error *err)
{
	const struct geom *g = &j->g;
	uint8_t *raw = malloc(g->par_bytes);
	int r = -1;

	j->wgt = malloc(g->wgt_bytes);
	if (!raw || !j->wgt)
		goto out;
	if (read_operand(j, LXA_HW_STREAM_PAR, g->par_addr, raw, g->par_bytes, err) || load_params(j, raw) ||
	    read_operand(j, LXA_HW_STREAM_WGT, g->wgt_addr, j->wgt, g->wgt_bytes, err))
		goto out;
	r = g->lane ? model_xnor_prepare(j) : model_shift_prepare(j, g->wgt_bytes <= CACHE_ELEMS);
out:
	free(raw);
	return r;
}

struct model_job *model_job_create(struct bus *bus, const uint32_t *desc, struct job_error *err)
{
	struct model_job *j = calloc(1, sizeof(*j));

	*err = (struct job_error){ .status = LXA_HW_STATUS_BAD_DESC, .stream = LXA_HW_STREAM_CMD };
	if (!j)
		return NULL;
	j->bus = bus;
	j->kern = model_kern();
	if (model_geom(desc, &j->g, err))
		goto fail;
	*err = (struct job_error){ .status = LXA_HW_STATUS_BAD_DESC, .stream = LXA_HW_STREAM_CMD }; /* host memory ends */
	if (!j->g.lane)
		tables(j);
	if (plan_slices(j) || load_constants(j, err))
		goto fail;
	return j;
fail:
	model_job_destroy(j);
	return NULL;
}

void model_job_destroy(struct model_job *j)
{
	if (!j)
		return;
	free(j->in_bytes);
	free(j->out_row);
	free(j->codes);
	free(j->raw);
	free(j->res);
	free(j->bits);
	free(j->gather);
	free(j->even);
	free(j->odd);
	free(j->par);
	free(j->wgt);
	free(j->wgt_even);
	free(j->wgt_oddv);
	free(j);
}

/* ---- slices ------------------------------------------------------------------------------------------- */

static void expand_row(struct model_job *j, size_t at, const uint8_t *src)
{
	const struct geom *g = &j->g;
	uint32_t x, x1 = g->pad_l + g->in_w < j->pw ? g->in_w : j->pw > g->pad_l ? j->pw - g->pad_l : 0;
	size_t i, dst = at + (size_t)g->pad_l * j->chan;

	for (x = 0; x < x1; x++, src += g->in_px, dst += j->chan) {
		if (g->lane) {
			model_xnor_pixel(g, src, j->bits + dst);
			continue;
		}
		for (i = 0; i < j->chan; i++) {
			uint8_t q = g->act_fmt == LXA_HW_FMT_LOG4 ? src[i / 2] >> i % 2 * 4 & 15 : src[i];

			j->even[dst + i] = j->act_even_tab[q];
			if (j->odd)
				j->odd[dst + i] = j->act_odd_tab[q];
		}
	}
}

static void fill_row(struct model_job *j, size_t at)
{
	if (j->g.lane) {
		model_xnor_fill(&j->g, j->bits + at, j->pw);
		return;
	}
	memset(j->even + at, 0, j->row_elems * sizeof(*j->even));
	if (j->odd)
		memset(j->odd + at, 0, j->row_elems * sizeof(*j->odd));
}

/* The residual under the slice: of each row as much as the device reads. */
static int read_residual(struct model_job *j, struct job_error *err)
{
	const struct geom *g = &j->g;
	size_t row = (size_t)g->out_w * g->res_px, len = (size_t)(g->out_w - 1) * g->res_px + g->res_bytes;
	uint32_t i, y;

	for (i = 0; i < j->n_imgs; i++)
		for (y = 0; y < j->n_rows; y++)
			if (read_operand(j, LXA_HW_STREAM_RES, g->res_addr + (uint64_t)(j->img + i) * g->res_img +
					 (uint64_t)(j->oy + y) * g->res_row, j->res + ((size_t)i * j->n_rows + y) * row,
					 len < row ? len : row, err))
				return -1;
	return 0;
}

/* Expand the input under the slice's convolution rows. */
static int begin_slice(struct model_job *j, struct job_error *err)
{
	const struct geom *g = &j->g;
	uint32_t n = g->out_h - j->oy < j->rows ? g->out_h - j->oy : j->rows, cy1, i, r;

	j->n_rows = n;
	j->n_imgs = g->batch - j->img < j->imgs ? g->batch - j->img : j->imgs;
	conv_rows(g, j->oy, n, &j->cy0, &cy1);
	j->crows = cy1 - j->cy0;
	j->prows = (j->crows - 1) * g->sy + g->ek_h;
	for (i = 0; i < j->n_imgs; i++)
		for (r = 0; r < j->prows; r++) {
			int64_t y = (int64_t)j->cy0 * g->sy + r - g->pad_t;
			size_t at = ((size_t)i * j->prows + r) * j->row_elems;

			fill_row(j, at);
			if (y < 0 || y >= g->in_h)
				continue;
			if (read_operand(j, LXA_HW_STREAM_ACT, g->act_addr + (uint64_t)(j->img + i) * g->in_img +
					 (uint64_t)y * g->in_row, j->in_bytes, (size_t)g->in_w * g->in_px, err))
				return -1;
			expand_row(j, at, j->in_bytes);
		}
	return g->res_mode ? read_residual(j, err) : 0;
}

static int write_row(struct model_job *j, uint64_t addr, struct job_error *err)
{
	const struct geom *g = &j->g;
	uint64_t bad;
	uint8_t *dst = bus_write_ptr(j->bus, addr, (size_t)(g->out_w - 1) * g->out_px + g->out_bytes, &bad);
	uint32_t x;

	if (!dst) {
		*err = (struct job_error){ .status = LXA_HW_STATUS_WR_ERROR, .stream = LXA_HW_STREAM_OUT, .addr = bad };
		return -1;
	}
	for (x = 0; x < g->out_w; x++)
		memcpy(dst + (size_t)x * g->out_px, j->out_row + (size_t)x * g->out_px, g->out_bytes);
	j->bus->stats.wr_bytes += (uint64_t)g->out_w * g->out_bytes;
	return 0;
}

static int end_slice(struct model_job *j, struct job_error *err)
{
	const struct geom *g = &j->g;
	size_t img_codes = (size_t)j->crows * g->conv_w * j->code_pitch;
	uint32_t i, y;

	for (i = 0; i < j->n_imgs; i++)
		for (y = j->oy; y < j->oy + j->n_rows; y++) {
			if (j->raw)
				model_raw_row(g, j->raw + i * img_codes + (size_t)(y - j->cy0) * g->conv_w * j->code_pitch,
					      j->code_pitch, j->out_row);
			else
				model_pool_row(g, j->codes + i * img_codes, j->code_pitch, j->cy0, y, j->out_row);
			if (write_row(j, g->out_addr + (uint64_t)(j->img + i) * g->out_img + (uint64_t)y * g->out_row, err))
				return -1;
		}
	j->oy += j->n_rows;
	if (j->oy == g->out_h) {
		j->oy = 0;
		j->img += j->n_imgs;
	}
	return 0;
}

int model_job_step(struct model_job *j, struct job_error *err)
{
	if (j->block == 0 && begin_slice(j, err))
		return -1;
	if (j->g.lane)
		model_xnor_block(j, j->block);
	else
		model_shift_block(j, j->block);
	if (++j->block < j->g.ocb)
		return 1;
	j->block = 0;
	if (end_slice(j, err))
		return -1;
	return j->img < j->g.batch;
}
