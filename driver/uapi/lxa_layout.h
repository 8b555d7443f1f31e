/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR MIT) */
/*
 * The memory layout and blocking that follow from a job and a device's parameters (rtl/README.md, sections 1 and 5).
 * The driver checks against it, user space packs by it; both include this file. Pure arithmetic on values: no
 * allocation, no pointers followed but the arguments. Sizes are computed in 64 bits; lxa_layout() expects a job whose
 * fields lie in the ranges that struct lxa_job states (the driver checks them first) and then cannot overflow.
 */
#ifndef _UAPI_LXA_LAYOUT_H
#define _UAPI_LXA_LAYOUT_H

#include "lxa.h"

struct lxa_caps {			/* LXA_PARAM_* of the same names */
	__u32 shift_oc, shift_ic, xnor_oc, xnor_ic;
	__u32 out_lanes, acc_w, half_w, xacc_w;
	__u32 act_bytes, acc_pixels, wgt_bytes;
	__u32 bus_bytes, word_bytes, modes;
	__u32 rd_bursts;		/* 0: not known; no part of a layout */
};

struct lxa_layout {
	__u32 lane;			/* LXA_HW_LANE_* : 0 shift, 1 XNOR */
	__u32 packed;			/* 1: LXA_CONV_PACKED; a kernel row is one run of pixels, and its bytes are the channels */
	__u32 block_oc, block_ic;	/* channels in a block of those lanes */
	__u32 ekh, ekw;			/* dilated kernel */
	__u32 kx;			/* kernel columns that the weights count: kw, packed 1 */
	__u32 mac_ic;			/* useful MACs of an output element and such a tap */
	__u32 conv_h, conv_w, out_h, out_w;
	__u32 in_px, out_px;		/* pixel pitches, bytes */
	__u64 in_row, in_img, out_row, out_img; /* pitches, bytes */
	__u32 ocb, icb, icb_total, grp_ocb, grp_icb;
	__u32 ic_tail, oc_tail;
	__u32 passes;			/* planes of LXA_WFMT_BITS; 2: grouped binary, off-group bits complementary in pass 1 */
	__u32 halve;			/* 1: the accumulator holds twice the sum */
	__u32 diagonal;			/* 1: a block spans several groups: weights outside an output's group are zero */
	__u32 wgt_tile;			/* bytes of one weight tile */
	__u32 par_rows;			/* 16-byte rows of one channel's parameters */
	__u64 act_bytes, wgt_bytes, par_bytes, out_bytes; /* extents from each operand's base */
	__u32 res_px;			/* residual operand: pitches and extent as above, 0 without one */
	__u64 res_row, res_img, res_bytes;
};

static inline __u32 lxa_div_up(__u32 a, __u32 b) { return (a + b - 1) / b; }

static inline __u64 lxa_round_up(__u64 a, __u32 b) { return (a + b - 1) / b * b; }

static inline __u32 lxa_fmt_bits(__u32 fmt)
{
	return fmt == LXA_FMT_LOG4 || fmt == LXA_FMT_N4 ? 4 : fmt == LXA_FMT_B1 ? 1 : fmt == LXA_FMT_W32 ? 32 : 8;
}

static inline __u32 lxa_ofmt_bits(__u32 ofmt)
{
	return ofmt == LXA_OFMT_B1 ? 1 : ofmt == LXA_OFMT_N4 ? 4 : ofmt == LXA_OFMT_B8 ? 8 : ofmt == LXA_OFMT_W32 ? 32 : 64;
}

/* Bits of an element of the residual operand. */
static inline __u32 lxa_res_bits(const struct lxa_job *job)
{
	return job->res_mode == LXA_RES_RAW ? 64 : lxa_fmt_bits(job->res_fmt);
}

/*
 * Bytes from pixel to pixel of a tensor with c channels of `bits` bits: whole blocks of the XNOR lanes, or of the shift lanes
 * and for the host, and 8-byte units.
 */
static inline __u32 lxa_pixel_pitch_of(const struct lxa_caps *caps, __u32 xnor, __u32 bits, __u32 c)
{
	__u32 ch;

	if (xnor)
		ch = caps->xnor_ic > caps->xnor_oc ? caps->xnor_ic : caps->xnor_oc;
	else
		ch = caps->shift_ic > caps->shift_oc ? caps->shift_ic : caps->shift_oc;
	return (__u32)lxa_round_up(lxa_round_up(c, ch) * bits / 8, 8);
}

static inline __u32 lxa_pixel_pitch(const struct lxa_caps *caps, __u32 bits, __u32 c)
{
	return lxa_pixel_pitch_of(caps, bits == 1, bits, c);
}

/* How input blocks are assigned to output blocks (fills ocb .. diagonal). */
static inline void lxa_layout_groups(const struct lxa_job *job, struct lxa_layout *l)
{
	__u32 icg = job->in_c / job->groups, ocg = job->out_c / job->groups;
	__u32 span;			/* input channels that a block of outputs spans when it holds whole groups */
	__u32 channels = l->packed ? l->mac_ic : job->in_c; /* that the blocks are cut from */

	l->ocb = lxa_div_up(job->out_c, l->block_oc);
	l->icb_total = lxa_div_up(channels, l->block_ic);
	l->oc_tail = job->out_c - (l->ocb - 1) * l->block_oc;
	l->ic_tail = channels - (l->icb_total - 1) * l->block_ic;
	l->icb = l->icb_total;
	l->grp_ocb = l->ocb;
	l->grp_icb = 0;
	l->diagonal = 0;
	if (job->groups > 1) {
		span = l->block_oc % ocg ? 0 : l->block_oc / ocg * icg;
		if (icg % l->block_ic == 0 && ocg % l->block_oc == 0) {
			l->icb = icg / l->block_ic;
			l->grp_ocb = ocg / l->block_oc;
			l->grp_icb = l->icb;
		} else if (span && span % l->block_ic == 0) {
			/* the last output block may hold fewer groups than its input blocks would: they are then
			 * beyond the tensor, so only whole sharing is taken */
			l->diagonal = 1;
			if (l->ocb * (span / l->block_ic) == l->icb_total) {
				l->icb = span / l->block_ic;
				l->grp_ocb = 1;
				l->grp_icb = l->icb;
			}
		} else {
			l->diagonal = 1;
		}
	}
	l->passes = job->wgt_fmt == LXA_WFMT_BITS ? job->wgt_bits : l->lane && l->diagonal ? 2 : 1;
}

/*
 * Input channel of group-relative block b, lane i, for output block ocb: the tensor's channel (may be >= in_c: padding).
 * Packed: the byte of the run, channel byte % in_c of kernel column byte / in_c (may be >= mac_ic: reads as 0).
 */
static inline __u32 lxa_layout_channel(const struct lxa_layout *l, __u32 ocb, __u32 b, __u32 i)
{
	return (ocb / l->grp_ocb * l->grp_icb + b) * l->block_ic + i;
}

static inline void lxa_layout_res(const struct lxa_caps *caps, const struct lxa_job *job, struct lxa_layout *l)
{
	l->res_px = 0;
	l->res_row = l->res_img = l->res_bytes = 0;
	if (job->res_mode == LXA_RES_NONE)
		return;
	l->res_px = lxa_pixel_pitch(caps, lxa_res_bits(job), job->out_c);
	l->res_row = job->res_row ? job->res_row : lxa_round_up((__u64)l->out_w * l->res_px, caps->word_bytes);
	l->res_img = job->res_img ? job->res_img : l->out_h * l->res_row;
	l->res_bytes = (job->batch - 1) * l->res_img + (l->out_h - 1) * l->res_row +
		       lxa_round_up((__u64)l->out_w * l->res_px, caps->word_bytes);
}

static inline void lxa_layout(const struct lxa_caps *caps, const struct lxa_job *job, struct lxa_layout *l)
{
	__u32 lanes = caps->out_lanes;

	l->lane = job->act_fmt == LXA_FMT_B1 || job->act_fmt == LXA_FMT_N4;
	l->packed = !!(job->conv_flags & LXA_CONV_PACKED);
	l->block_oc = l->lane ? caps->xnor_oc : caps->shift_oc;
	l->block_ic = l->lane ? caps->xnor_ic : caps->shift_ic;
	l->ekh = (job->kh - 1u) * job->dy + 1;
	l->ekw = (job->kw - 1u) * job->dx + 1;
	l->kx = l->packed ? 1 : job->kw;
	l->mac_ic = l->packed ? job->kw * job->in_c : job->in_c / job->groups;
	l->conv_h = (job->in_h + job->pad_t + job->pad_b - l->ekh) / job->sy + 1;
	l->conv_w = (job->in_w + job->pad_l + job->pad_r - l->ekw) / job->sx + 1;
	l->out_h = (l->conv_h + job->pool_pt + job->pool_pb - job->pool_h) / job->pool_sy + 1;
	l->out_w = (l->conv_w + job->pool_pl + job->pool_pr - job->pool_w) / job->pool_sx + 1;
	l->in_px = l->packed ? job->in_c : lxa_pixel_pitch_of(caps, l->lane, lxa_fmt_bits(job->act_fmt), job->in_c);
	l->out_px = lxa_pixel_pitch_of(caps, job->out_fmt == LXA_OFMT_B1 || (job->conv_flags & LXA_CONV_OUT_LINEAR),
				       lxa_ofmt_bits(job->out_fmt), job->out_c);
	l->in_row = job->in_row ? job->in_row : lxa_round_up((__u64)job->in_w * l->in_px, caps->word_bytes);
	l->in_img = job->in_img ? job->in_img : job->in_h * l->in_row;
	l->out_row = job->out_row ? job->out_row : lxa_round_up((__u64)l->out_w * l->out_px, caps->word_bytes);
	l->out_img = job->out_img ? job->out_img : l->out_h * l->out_row;
	lxa_layout_groups(job, l);
	if (job->act_fmt == LXA_FMT_N4)
		l->halve = job->wgt_fmt == LXA_WFMT_BITS;
	else
		l->halve = job->wgt_fmt == LXA_WFMT_B1 && l->passes == 2;
	l->wgt_tile = l->lane ? l->block_oc * l->block_ic / 8 : l->block_oc * l->block_ic;
	l->par_rows = (3 + job->nthr + 3) / 4;
	l->act_bytes = (job->batch - 1) * l->in_img + (job->in_h - 1) * l->in_row +
		       lxa_round_up((__u64)job->in_w * l->in_px, caps->word_bytes);
	l->wgt_bytes = (__u64)l->ocb * l->passes * job->kh * l->kx * l->icb * l->wgt_tile;
	l->par_bytes = (__u64)l->ocb * lxa_round_up(l->block_oc, lanes) * l->par_rows * 16;
	l->out_bytes = (job->batch - 1) * l->out_img + (l->out_h - 1) * l->out_row +
		       lxa_round_up((__u64)l->out_w * l->out_px, caps->word_bytes);
	lxa_layout_res(caps, job, l);
}

/* ---- batch ---- */

/*
 * A batch of images of which each becomes one output pixel (fully connected, above all) as one image with a pixel an image,
 * so that weights are loaded once for a tile of images. The taps of a kernel of the image's size become input channels:
 * weights [ky][kx][icb] lie in that order anyway. Changes job and layout, those of a checked job with tight images, and
 * returns 1 where the bytes read and written stay the same; the driver does so when it chooses the tile.
 */
static inline int lxa_layout_fold(const struct lxa_caps *caps, struct lxa_job *job, struct lxa_layout *l)
{
	__u32 taps = (__u32)job->kh * job->kw;
	__u64 image = lxa_round_up((__u64)job->in_h * job->in_w * l->in_px, caps->word_bytes);

	if (job->batch < 2 || job->groups != 1 || l->packed || job->in_h != job->kh || job->in_w != job->kw ||
	    job->pad_t || job->pad_l || job->pad_b || job->pad_r || job->pool_h != 1 || job->pool_w != 1)
		return 0;
	/* an image is one run of words, of whole blocks when it holds several taps; the array masks the last block only */
	if ((job->in_h > 1 && l->in_row != (__u64)job->in_w * l->in_px) || l->in_img != image ||
	    (taps > 1 && l->in_px * 8 != l->icb * l->block_ic * lxa_fmt_bits(job->act_fmt)) ||
	    (taps > 1 && l->lane && l->ic_tail != l->block_ic))
		return 0;
	/* zeros behind the last channel end with its block: they must not reach further than they did */
	if (l->out_img != l->out_px && (__u64)l->ocb * l->block_oc * lxa_ofmt_bits(job->out_fmt) > (__u64)l->out_px * 8)
		return 0;
	if (l->in_img / 8 > 0xffff || l->out_img / 8 > 0xffff || l->res_img / 8 > 0xffff || taps * l->mac_ic > 0xffff ||
	    taps * l->icb > 0xffff)
		return 0;
	l->in_px = (__u32)l->in_img;
	l->out_px = (__u32)l->out_img;
	l->res_px = (__u32)l->res_img;
	l->in_row = l->in_img;
	l->out_row = l->out_img;
	l->res_row = l->res_img;
	l->conv_w = l->out_w = job->in_w = job->batch;
	l->icb = l->icb_total = taps * l->icb;
	l->mac_ic *= taps;
	l->ekh = l->ekw = l->kx = 1;
	job->in_h = job->kh = job->kw = job->sy = job->sx = job->dy = job->dx = job->batch = 1;
	job->pool_sy = job->pool_sx = 1;
	return 1;
}

/* ---- tiles ------------------------------------------------------------------------------------------ */

/* Convolution pixels along one axis under `tile` outputs. */
static inline __u32 lxa_tile_conv(__u32 tile, __u32 pool, __u32 pool_s, __u32 conv)
{
	__u32 n = (tile - 1) * pool_s + pool;

	return n < conv ? n : conv;
}

/* Input pixels along one axis under n convolution pixels. */
static inline __u32 lxa_tile_in(__u32 n, __u32 s, __u32 ek, __u32 in)
{
	__u32 m = (n - 1) * s + ek;

	return m < in ? m : in;
}

/* Words one input row of a tile takes in the activation scratchpad: its bytes, one word more where it may start mid-word. */
static inline __u32 lxa_tile_pitch(const struct lxa_caps *caps, const struct lxa_job *job, const struct lxa_layout *l, __u32 tile_w)
{
	__u32 cols = lxa_tile_in(lxa_tile_conv(tile_w, job->pool_w, job->pool_sx, l->conv_w), job->sx, l->ekw, job->in_w);

	return lxa_div_up(cols * l->in_px, caps->word_bytes) + (cols < job->in_w && l->in_px % caps->word_bytes ? 1 : 0);
}

/* 1 when a tile of tile_h x tile_w outputs fits the accumulators and the activation scratchpad. */
static inline int lxa_tile_fits(const struct lxa_caps *caps, const struct lxa_job *job, const struct lxa_layout *l,
				__u32 tile_h, __u32 tile_w)
{
	__u32 ch = lxa_tile_conv(tile_h, job->pool_h, job->pool_sy, l->conv_h);
	__u32 cw = lxa_tile_conv(tile_w, job->pool_w, job->pool_sx, l->conv_w);
	__u64 rows = lxa_tile_in(ch, job->sy, l->ekh, job->in_h);
	__u64 words = rows * lxa_tile_pitch(caps, job, l, tile_w);

	return (__u64)ch * cw <= caps->acc_pixels && words * caps->word_bytes <= caps->act_bytes;
}

/* Choose a tile: full rows where one fits, as many as fit, spread evenly; else parts of one row. 0 when not even 1x1 fits. */
static inline int lxa_tile_choose(const struct lxa_caps *caps, const struct lxa_job *job, const struct lxa_layout *l,
				  __u32 *tile_h, __u32 *tile_w)
{
	__u32 h = 1, w = l->out_w, parts = 1;

	while (w > 1 && !lxa_tile_fits(caps, job, l, 1, w))
		w = lxa_div_up(l->out_w, ++parts);
	if (!lxa_tile_fits(caps, job, l, 1, w))
		return 0;
	while (h < l->out_h && lxa_tile_fits(caps, job, l, h + 1, w))
		h++;
	*tile_h = lxa_div_up(l->out_h, lxa_div_up(l->out_h, h));
	*tile_w = w;
	return 1;
}

#endif
