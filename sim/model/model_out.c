/* SPDX-License-Identifier: MIT */
/* model_out.c - output stage and max-pool: rtl/README.md section 4, word by word. */
#include <limits.h>
#include <string.h>

#include "lxa_regs.h"
#include "model_job.h"

static uint32_t le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The low `bits` bits of v as a two's complement number. */
static int64_t sext(uint64_t v, unsigned int bits)
{
	return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

void model_par(const struct geom *g, const uint8_t *par, uint32_t ocb, uint32_t lane, struct chan_par *p)
{
	uint32_t groups = (g->block_oc + LXA_CFG_OUT_LANES - 1) / LXA_CFG_OUT_LANES, i;
	size_t row = (size_t)LXA_CFG_OUT_LANES * 16; /* from one 16-byte row of a channel to its next */
	const uint8_t *q = par + ((size_t)ocb * groups + lane / LXA_CFG_OUT_LANES) * g->par_rows * row +
			   lane % LXA_CFG_OUT_LANES * 16;
	uint32_t w1 = le32(q + 4);

	p->bias = sext(le32(q) | (uint64_t)(w1 & 0xffff) << 32, 48);
	p->mult = (int16_t)(w1 >> 16);
	p->shift = le32(q + 8) & 63;
	for (i = 0; i < g->nthr; i++) {
		uint32_t word = 3 + i;

		p->thr[i] = (int32_t)le32(q + word / 4 * row + word % 4 * 4);
	}
}

static int64_t clamp64(int64_t v, int64_t lo, int64_t hi)
{
	v = v > lo ? v : lo;
	return v < hi ? v : hi;
}

static int32_t log_code(const struct geom *g, int64_t v)
{
	uint32_t u = (uint32_t)clamp64(v, 0, UINT32_MAX), n;
	int k, e;

	if (!u)
		return 0;
	k = 31 - __builtin_clz(u);
	n = u << (31 - k);
	if (!g->log_s)
		e = k + (g->log_round && n >= 0xB504F334u);
	else if (!g->log_round)
		e = 2 * k + (n >= 0xB504F334u);
	else
		e = 2 * k + (n >= 0x9837F052u) + (n >= 0xD744FCCBu);
	return (int32_t)clamp64(e + g->log_off, 0, g->log_max);
}

static int32_t thresh_code(const struct geom *g, const struct chan_par *p, int64_t v)
{
	int32_t u = (int32_t)clamp64(v, INT32_MIN, INT32_MAX - 1), code = 0;
	uint32_t i;

	for (i = 0; i < g->nthr; i++)
		code += u >= p->thr[i];
	return code;
}

static uint64_t le64(const uint8_t *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

/* What the accumulator of one channel reads out as. */
static int64_t total(const struct geom *g, uint64_t s)
{
	int64_t e = sext(s, g->lane ? LXA_CFG_XACC_W : LXA_CFG_HALF_W), o;

	if (g->lane)
		return e >> g->halve;
	if (!g->dual)
		return sext(s, 48);
	o = sext((s - (uint64_t)e) >> LXA_CFG_HALF_W, LXA_CFG_HALF_W);
	return e * 32768 + o * 46341;
}

/* The residual's element i of a pixel, scaled. */
static int64_t residual(const struct geom *g, const uint8_t *px, size_t i)
{
	uint64_t half = g->res_shift ? 1ull << (g->res_shift - 1) : 0;
	uint32_t q = g->res_bits == 4 ? px[i / 2] >> i % 2 * 4 & 15 : px[i], e2;
	int64_t x;

	switch (g->res_fmt) {
	case LXA_HW_FMT_U8:
		x = q;
		break;
	case LXA_HW_FMT_S8:
		x = (int8_t)q;
		break;
	case LXA_HW_FMT_W32:
		x = (int32_t)le32(px + 4 * i);
		break;
	default:
		e2 = (q - 1) * (g->res_s ? 1 : 2) % 32;
		x = q ? (int64_t)(e2 & 1 ? 46341 : 32768) << (e2 >> 1) : 0;
	}
	return (int64_t)((uint64_t)(x * g->res_mult) + half) >> g->res_shift;
}

static int32_t requant(const struct geom *g, const struct chan_par *p, int64_t total, int64_t add)
{
	int64_t t = sext((uint64_t)total + (uint64_t)p->bias, 48);
	uint64_t half = p->shift ? 1ull << (p->shift - 1) : 0;
	int64_t v = (int64_t)((uint64_t)t * (uint64_t)(int64_t)p->mult + half) >> p->shift;
	int32_t c;

	v = (int64_t)((uint64_t)v + (uint64_t)add);

	switch (g->kind) {
	case LXA_HW_KIND_LOG:
		return log_code(g, v);
	case LXA_HW_KIND_THRESH:
		return thresh_code(g, p, v);
	}
	c = (int32_t)clamp64(v, g->clamp_lo, g->clamp_hi);
	if (g->kind == LXA_HW_KIND_INT8)
		return g->clamp_lo < 0 ? (int8_t)c : (uint8_t)c;
	return c;
}

/* The slice's pixel in the residual; NULL: it is not written. Without a pool convolution and output pixels are the same. */
static const uint8_t *residual_px(const struct model_job *j, size_t i)
{
	const struct geom *g = &j->g;
	size_t x = i % g->conv_w, row = i / g->conv_w;

	return x < g->out_w ? j->res + (row * g->out_w + x) * g->res_px : NULL;
}

/* One pixel of a job with a residual or of kind raw. */
static void out_special(struct model_job *j, uint32_t ocb, size_t at, const uint64_t *slot)
{
	const struct geom *g = &j->g;
	size_t first = (size_t)ocb * g->block_oc, o;
	const uint8_t *px = g->res_mode ? residual_px(j, at) : NULL;

	for (o = 0; o < g->block_oc && first + o < g->oc; o++) {
		uint64_t s = slot[o];
		size_t i = at * j->code_pitch + first + o;

		if (px && g->res_mode == LXA_HW_RES_RAW)
			s += le64(px + 8 * (first + o));
		if (g->kind == LXA_HW_KIND_RAW)
			j->raw[i] = (uint64_t)sext(s, g->lane ? LXA_CFG_XACC_W : 2 * LXA_CFG_HALF_W);
		else
			j->codes[i] = requant(g, &j->par[first + o], total(g, s),
					      px && g->res_mode == LXA_HW_RES_VALUE ? residual(g, px, first + o) : 0);
	}
}

void model_out(struct model_job *j, uint32_t ocb, size_t at, const uint64_t *slot, size_t n)
{
	const struct geom *g = &j->g;
	const struct chan_par *par = j->par + (size_t)ocb * g->block_oc;
	size_t i, o;

	for (i = 0; i < n; i++, at++, slot += g->block_oc) {
		int32_t *codes;

		if (g->res_mode || g->kind == LXA_HW_KIND_RAW) {
			out_special(j, ocb, at, slot);
			continue;
		}
		codes = j->codes + at * j->code_pitch + (size_t)ocb * g->block_oc;
		for (o = 0; o < g->block_oc; o++)
			codes[o] = requant(g, &par[o], total(g, slot[o]), 0);
	}
}

/* Convolution positions [*lo, *hi) under output position o along one axis. */
static void pool_span(uint32_t o, uint32_t stride, uint32_t pad, uint32_t size, uint32_t conv, uint32_t *lo, uint32_t *hi)
{
	int64_t first = (int64_t)o * stride - pad;

	*lo = first < 0 ? 0 : (uint32_t)first;
	*hi = first + size > conv ? conv : (uint32_t)(first + size);
}

static void put(uint8_t *px, uint32_t bits, size_t i, int32_t code)
{
	switch (bits) {
	case 1:
		px[i / 8] |= (uint8_t)((code & 1) << i % 8);
		break;
	case 4:
		px[i / 2] |= (uint8_t)((code & 15) << i % 2 * 4);
		break;
	case 8:
		px[i] = (uint8_t)code;
		break;
	default:
		px[i * 4] = (uint8_t)code;
		px[i * 4 + 1] = (uint8_t)(code >> 8);
		px[i * 4 + 2] = (uint8_t)(code >> 16);
		px[i * 4 + 3] = (uint8_t)(code >> 24);
	}
}

void model_pool_row(const struct geom *g, const int32_t *codes, size_t pitch, uint32_t cy0, uint32_t oy, uint8_t *row)
{
	uint32_t y0, y1, x0, x1, ox, y, x, o;

	pool_span(oy, g->pool_sy, g->pool_pt, g->pool_h, g->conv_h, &y0, &y1);
	for (ox = 0; ox < g->out_w; ox++, row += g->out_px) {
		pool_span(ox, g->pool_sx, g->pool_pl, g->pool_w, g->conv_w, &x0, &x1);
		memset(row, 0, g->out_bytes);
		for (o = 0; o < g->oc; o++) {
			int32_t best = INT32_MIN;

			for (y = y0; y < y1; y++)
				for (x = x0; x < x1; x++) {
					int32_t c = codes[((size_t)(y - cy0) * g->conv_w + x) * pitch + o];

					best = c > best ? c : best;
				}
			put(row, g->out_bits, o, best);
		}
	}
}

void model_raw_row(const struct geom *g, const uint64_t *raw, size_t pitch, uint8_t *row)
{
	uint32_t ox, o, b;

	for (ox = 0; ox < g->out_w; ox++, raw += pitch, row += g->out_px) {
		memset(row, 0, g->out_bytes);
		for (o = 0; o < g->oc; o++)
			for (b = 0; b < 8; b++)
				row[8 * o + b] = (uint8_t)(raw[o] >> 8 * b);
	}
}
