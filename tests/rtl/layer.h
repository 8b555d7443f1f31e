/* SPDX-License-Identifier: MIT */
/*
 * layer.h - a random layer with plain tensors, its packing for the device, and its descriptor. Tensors are unpacked (one
 * byte an element): act[n][y][x][c], wgt[oc][ky][kx][channel of the group]; the reference works on these alone.
 */
#ifndef LXA_TEST_LAYER_H
#define LXA_TEST_LAYER_H

#include <stddef.h>
#include <stdint.h>

#include "rig.h"

struct layer_par {
	int64_t bias;			/* 48 bits */
	int32_t mult, shift;
	int32_t thr[15];
};

struct layer {
	struct lxa_job job;		/* groups, formats, pitches; no addresses */
	struct lxa_layout l;
	uint32_t tile_h, tile_w, act_pitch;
	uint32_t qa_max, qw_max;	/* largest log codes used */
	uint32_t half_w, xacc_w;	/* widths of the device's sums */
	uint8_t *act, *wgt;
	int64_t *res;			/* residual [n][y][x][oc]: codes, integers or 64-bit partial sums; NULL without one */
	struct layer_par *par;		/* [out_c] */
	size_t act_at, wgt_at, par_at, out_at, res_at; /* offsets in the rig's memory */
	int barrier;
};

#define LAYER_GUARD 256			/* bytes before and after the output that nobody may touch */

uint64_t rnd(uint64_t *state);		/* splitmix64 */
uint32_t rnd_n(uint64_t *state, uint32_t n); /* 0..n-1 */
uint64_t rnd_seed(void);		/* LXA_SEED, or from the clock; prints it */

/* How a random layer is chosen; -1 leaves a choice open. */
struct layer_want {
	int act_fmt, wgt_fmt, kind;
	int packed;			/* 1: packed pixels where the format can; 0: not */
	uint64_t max_macs;		/* counted over blocks, as the array works */
};

int layer_possible(const struct lxa_caps *caps, const struct layer_want *want); /* this configuration has such layers */
void layer_random(uint64_t *s, const struct lxa_caps *caps, const struct layer_want *want, struct layer *y);
/* Derive the layout of y->job, a tile when there is none, and random tensors and parameters. 0, or -1: no tile fits. */
int layer_finish(uint64_t *s, const struct lxa_caps *caps, struct layer *y);
int layer_data(uint64_t *s, const struct lxa_caps *caps, struct layer *y); /* the same for a layout and tile already chosen */
void layer_free(struct layer *y);
int layer_dual(const struct layer *y);
/* Place operands and output in the rig's memory (act_at, res_at != 0: that operand lies there already) and pack them. */
void layer_load(uint64_t *s, struct rig *r, struct layer *y);
void layer_desc(const struct layer *y, uint32_t seq, int irq, uint32_t *desc);
void layer_print(const struct layer *y);

/* ref.c: what the output region, guards included, must hold; region: its bytes before the job, changed in place. */
void ref_output(const struct lxa_caps *caps, const struct layer *y, uint8_t *region);
int ref_log_code(uint32_t u, int sqrt2, int nearest); /* exponent in steps, u > 0; exact integer comparisons */

#endif
