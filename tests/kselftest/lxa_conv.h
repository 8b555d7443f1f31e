/* SPDX-License-Identifier: MIT */
/*
 * A small convolution whose result is known: 8-bit pixels times powers of two, 32-bit sums out. It is computed here in
 * plain integers from rtl/README.md, so a wrong result shows. 3x3, padded, channels as many as a block of the device.
 */
#ifndef LXA_CONV_H
#define LXA_CONV_H

#include "lxa_calls.h"

struct conv {
	struct lxa_bo_create bo;	/* all four operands */
	uint8_t *mem;
	uint32_t h, w, c;
	uint32_t in_px, in_row, out_px, out_row;
	uint64_t wgt, par, out, bytes;	/* offsets; activations are at 0 */
	uint32_t lanes;
	struct lxa_job job;
};

static inline uint64_t conv_align(uint64_t x)
{
	return (x + 4095) / 4096 * 4096;
}

/* Same numbers for the same seed. */
static inline uint32_t conv_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

static inline void conv_fill(struct conv *v, uint32_t seed)
{
	uint32_t taps = 9 * v->c * v->c, i;
	uint32_t *rec;

	for (uint32_t y = 0; y < v->h; y++)
		for (i = 0; i < v->w * v->c; i++)
			v->mem[y * v->in_row + i] = (uint8_t)conv_random(&seed);
	/* [ky][kx] tiles of [oc][ic]: sign in bit 7, code 0 (zero) to 8 (2^7). */
	for (i = 0; i < taps; i++)
		v->mem[v->wgt + i] = (uint8_t)((conv_random(&seed) & 1) << 7 | conv_random(&seed) % 9);
	for (i = 0; i < v->c; i++) {
		rec = (uint32_t *)(v->mem + v->par + 16 * i);
		rec[0] = conv_random(&seed);		/* bias */
		rec[1] = 1u << 16;			/* its high part 0, multiplier 1 */
		rec[2] = 0;				/* shift */
		rec[3] = 0;
	}
	memset(v->mem + v->out, 0xa5, v->out_row * v->h);
}

static inline int32_t conv_expect(const struct conv *v, uint32_t y, uint32_t x, uint32_t oc)
{
	int64_t sum = (int32_t)*(uint32_t *)(v->mem + v->par + 16 * oc);

	for (uint32_t k = 0; k < 9; k++) {
		uint32_t iy = y + k / 3 - 1, ix = x + k % 3 - 1;

		if (iy >= v->h || ix >= v->w)
			continue;
		for (uint32_t ic = 0; ic < v->c; ic++) {
			uint8_t w = v->mem[v->wgt + (k * v->c + oc) * v->c + ic], q = w & 127;
			int64_t a = v->mem[iy * v->in_row + ix * v->in_px + ic];
			int64_t product = q ? a << (q - 1) : 0;

			sum += w & 128 ? -product : product;
		}
	}
	return (int32_t)sum;
}

/* The first wrong output, or -1. */
static inline int conv_check(const struct conv *v)
{
	for (uint32_t i = 0; i < v->h * v->w * v->c; i++) {
		uint32_t y = i / v->c / v->w, x = i / v->c % v->w, oc = i % v->c;
		int32_t got = *(int32_t *)(v->mem + v->out + y * v->out_row + x * v->out_px + 4 * oc);

		if (got != conv_expect(v, y, x, oc))
			return (int)i;
	}
	return -1;
}

static inline void conv_job(struct conv *v)
{
	struct lxa_job *j = &v->job;

	memset(j, 0, sizeof(*j));
	j->op = LXA_OP_CONV;
	j->act = (struct lxa_ref) { .handle = v->bo.handle };
	j->wgt = (struct lxa_ref) { .handle = v->bo.handle, .offset = v->wgt };
	j->par = (struct lxa_ref) { .handle = v->bo.handle, .offset = v->par };
	j->out = (struct lxa_ref) { .handle = v->bo.handle, .offset = v->out };
	j->batch = j->groups = 1;
	j->in_h = (uint16_t)v->h;
	j->in_w = (uint16_t)v->w;
	j->in_c = j->out_c = (uint16_t)v->c;
	j->kh = j->kw = 3;
	j->sy = j->sx = j->dy = j->dx = 1;
	j->pad_t = j->pad_l = j->pad_b = j->pad_r = 1;
	j->pool_h = j->pool_w = j->pool_sy = j->pool_sx = 1;
	j->act_fmt = LXA_FMT_U8;
	j->wgt_fmt = LXA_WFMT_LOG;
	j->kind = LXA_KIND_INT32;
	j->out_fmt = LXA_OFMT_W32;
	j->clamp_lo = INT_MIN;
	j->clamp_hi = INT_MAX;
}

/* 0, or -1 when something fails. h*w pixels. */
static inline int conv_init(struct conv *v, int fd, uint32_t h, uint32_t w, uint32_t seed)
{
	uint64_t oc, ic;

	memset(v, 0, sizeof(*v));
	if (get_param(fd, LXA_PARAM_SHIFT_OC, &oc) || get_param(fd, LXA_PARAM_SHIFT_IC, &ic) || oc != ic)
		return -1;
	v->h = h;
	v->w = w;
	v->c = (uint32_t)oc;
	v->in_px = v->c;
	v->in_row = w * v->in_px;
	v->out_px = 4 * v->c;
	v->out_row = w * v->out_px;
	v->wgt = conv_align(v->in_row * h);
	v->par = v->wgt + conv_align(9 * v->c * v->c);
	v->out = v->par + conv_align(16 * v->c);
	v->bytes = v->out + conv_align(v->out_row * h);
	v->bo = bo_create(fd, v->bytes);
	if (!v->bo.handle)
		return -1;
	v->mem = bo_map(fd, &v->bo);
	if (v->mem == MAP_FAILED)
		return -1;
	conv_fill(v, seed);
	conv_job(v);
	return 0;
}

static inline void conv_done(struct conv *v, int fd)
{
	munmap(v->mem, v->bo.bytes);
	bo_destroy(fd, v->bo.handle);
}

#endif
