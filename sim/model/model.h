/* SPDX-License-Identifier: MIT */
/*
 * model.h - the functional engine, inside. model_dev.c: registers and ring; model_desc.c: descriptor to geometry;
 * model_job.c: one job in steps; model_kern.c: inner products; model_out.c: output stage and pool.
 */
#ifndef LXA_MODEL_H
#define LXA_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "bus.h"
#include "lxa_cfg.h"

#define MODEL_MAX_OC (LXA_CFG_SHIFT_OC > LXA_CFG_XNOR_OC ? LXA_CFG_SHIFT_OC : LXA_CFG_XNOR_OC)
#define MODEL_THR 16

/* A descriptor taken apart; names as in rtl/regs/lxa.regs. */
struct geom {
	uint64_t act_addr, wgt_addr, par_addr, out_addr, res_addr;
	uint32_t act_size, wgt_size, par_size, out_size, res_size;
	uint32_t in_h, in_w, conv_h, conv_w, out_h, out_w, batch;
	uint32_t in_px, in_row, in_img, out_px, out_row, out_img; /* bytes */
	uint32_t kh, kw, sy, sx, dy, dx, pad_t, pad_l;
	uint32_t pool_h, pool_w, pool_sy, pool_sx, pool_pt, pool_pl;
	uint32_t lane, dual, halve, pack, a_bits, a_sign, w_sign, act_fmt, wgt_fmt, act_s, wgt_s, pad_mode, passes;
	uint32_t oc, ocb, icb, icb_total, grp_ocb, grp_icb, mac_ic, ic_tail, oc_tail;
	uint32_t act_pitch, tile_h, tile_w;
	uint32_t kind, out_fmt, log_s, log_round, nthr, log_max;
	int32_t log_off, clamp_lo, clamp_hi;
	uint32_t res_mode, res_fmt, res_s, res_shift;
	int32_t res_mult;
	uint32_t res_px, res_row, res_img; /* bytes */
	/* what follows from them */
	uint32_t block_oc, block_ic;	/* channels in a block */
	uint32_t act_block, wgt_tile;	/* bytes of a block of activations, of a weight tile */
	uint32_t out_bits, out_bytes;	/* of an element; written per pixel */
	uint32_t res_bits, res_bytes;	/* of an element; read of a pixel: groups with a channel below OC */
	uint32_t par_rows;
	uint32_t ek_w, ek_h;		/* dilated kernel */
	uint32_t planes;		/* of the activations: A_BITS, or 1 */
	uint32_t kx;			/* kernel columns that weights and MACs count: KW, packed 1 */
	size_t wgt_ocb;			/* bytes of one output block's weights */
	uint64_t pixels;		/* convolution pixels that the tiles compute */
	uint64_t wgt_bytes, par_bytes, macs;
};

struct job_error {
	uint32_t status, stream;	/* LXA_HW_STATUS_*, LXA_HW_STREAM_* */
	uint64_t addr;
};

/* 0, or -EINVAL with err filled in (BAD_DESC, or WINDOW for an operand that would leave its window). */
int model_geom(const uint32_t *desc, struct geom *g, struct job_error *err);

uint32_t model_modes(void);		/* what CFG_MODES reads in this configuration */

struct chan_par {			/* one output channel's parameters */
	int64_t bias;
	int32_t mult;
	uint32_t shift;
	int32_t thr[MODEL_THR];
};

void model_par(const struct geom *g, const uint8_t *par, uint32_t ocb, uint32_t lane, struct chan_par *p);
/* Pool and pack one output row: codes of the convolution rows from conv row cy0 on, [row][conv_w][pitch]. */
void model_pool_row(const struct geom *g, const int32_t *codes, size_t pitch, uint32_t cy0, uint32_t oy, uint8_t *row);
void model_raw_row(const struct geom *g, const uint64_t *raw, size_t pitch, uint8_t *row); /* kind raw: no pool */

/*
 * Inner products. Operands lie in `runs` runs of `len` elements each: run r of pixel p starts at a[p] + off[r], weights
 * follow each other. Sums are exact integers below 2^52, hence exact in double.
 */
struct kern {
	/* sum[pixel 0..2][channel] += a . w; w: [run][len][LXA_CFG_SHIFT_OC] */
	void (*mac3)(const double *const a[3], const size_t *off, size_t runs, size_t len, const double *w, double *sum);
	/* the same for one pixel modulo 2^64, for layers whose sums do not fit a double */
	void (*mac1_wide)(const double *a, const size_t *off, size_t runs, size_t len, const double *w, uint64_t *sum);
	/* diff[channel] += bits in which n words of a differ from w; w: [word][LXA_CFG_XNOR_OC] */
	void (*xor_count)(const uint64_t *a, const uint64_t *w, size_t n, uint32_t *diff);
};
const struct kern *model_kern(void);	/* the best this processor has */

/* One job, worked through in steps of a few milliseconds at most. */
struct model_job;
struct model_job *model_job_create(struct bus *bus, const uint32_t *desc, struct job_error *err); /* NULL: see err */
int model_job_step(struct model_job *j, struct job_error *err); /* 1: more to do, 0: done, -1: failed */
const struct geom *model_job_geom(const struct model_job *j);
void model_job_destroy(struct model_job *j);

#endif
