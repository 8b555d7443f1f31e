/* SPDX-License-Identifier: MIT */
/* model_job.h - a job's working state, shared by model_job.c and the two kinds of lanes. */
#ifndef LXA_MODEL_JOB_H
#define LXA_MODEL_JOB_H

#include "model.h"

struct model_job {
	struct bus *bus;
	struct geom g;
	const struct kern *kern;
	struct chan_par *par;		/* [ocb][block_oc] */
	uint8_t *wgt;			/* as in memory; XNOR: bits beyond the tail cleared */

	/* the slice under way: output rows oy .. oy + n_rows - 1 of images img .. img + n_imgs - 1 */
	uint32_t rows, imgs;		/* at most */
	uint32_t img, oy, n_rows, n_imgs;
	uint32_t block;			/* next output block */
	uint32_t cy0, crows;		/* its convolution rows */
	uint32_t prows, pw;		/* padded input: rows, pixels a row */
	size_t chan;			/* elements a pixel: channels, or words of 64 bits */
	size_t row_elems;
	uint8_t *in_bytes, *out_row;
	int32_t *codes;			/* [image][conv row][conv_w][code_pitch] */
	size_t code_pitch;
	uint64_t *raw;			/* the same of kind raw, instead of codes */
	uint8_t *res;			/* residual rows under the slice, [image][row], out_w * res_px bytes each */

	/* shift lanes; odd: products with a factor sqrt(2) */
	double *even, *odd;		/* padded input */
	int act_odd, wgt_odd;		/* such values exist */
	double act_even_tab[256], act_odd_tab[256], wgt_even_tab[256], wgt_odd_tab[256];
	double *wgt_even, *wgt_oddv;	/* [pass][tap][icb][ic][oc] of one output block, or of all when cached */
	int cached;

	/* XNOR lanes */
	uint64_t *bits;			/* padded input */
	uint64_t *gather;		/* one pixel's operands */
};

/* The output stage for n pixels of the slice, from pixel `at` on: accumulator slots, [pixel][block_oc], to codes or raw. */
void model_out(struct model_job *j, uint32_t ocb, size_t at, const uint64_t *slot, size_t n);

int model_shift_prepare(struct model_job *j, int cache); /* 0, or -1: no memory */
void model_shift_block(struct model_job *j, uint32_t ocb); /* one output block of the slice into codes */

int model_xnor_prepare(struct model_job *j);
void model_xnor_block(struct model_job *j, uint32_t ocb);
void model_xnor_pixel(const struct geom *g, const uint8_t *src, uint64_t *dst); /* unpack, mask the tail */
void model_xnor_fill(const struct geom *g, uint64_t *dst, size_t pixels); /* what padding holds */

#endif
