// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The validator (see lxa_validate.h). Order matters: fields are brought into the ranges of uapi/lxa.h first, because
 * lxa_layout() computes without overflow only inside them; pitches are bounded to 32 bits before the extents are
 * believed, because only then the extents cannot have wrapped.
 */
#include "lxa_validate.h"

#define LXA_U16_MAX 0xffffu
#define LXA_U32_MAX 0xffffffffull
#define LXA_LANES_MAX 1024u	/* of one side of an array: keeps all products of lxa_layout() in range */

#define CONV_LOG_FLAGS (LXA_CONV_OUT_SQRT2 | LXA_CONV_OUT_NEAREST)
#define CONV_SQRT2_FLAGS (LXA_CONV_ACT_SQRT2 | LXA_CONV_WGT_SQRT2 | LXA_CONV_OUT_SQRT2 | LXA_CONV_RES_SQRT2)
#define CONV_FLAGS (CONV_SQRT2_FLAGS | LXA_CONV_OUT_NEAREST | LXA_CONV_PACKED | LXA_CONV_ACT_SIGNED | \
		    LXA_CONV_WGT_SIGNED | LXA_CONV_OUT_LINEAR)
#define RES_SHIFT_MAX 62

static int in_range(__u32 v, __u32 lo, __u32 hi)
{
	return v >= lo && v <= hi;
}

static int pow2(__u32 v)
{
	return v && !(v & (v - 1));
}

int lxa_desc_set(__u32 desc[LXA_DESC_WORDS], __u32 f, __u64 v)
{
	__u32 width = LXA_DF_WIDTH(f), word = LXA_DF_WORD(f), lsb = LXA_DF_LSB(f);
	__u32 mask = width >= 32 ? 0xffffffffu : (1u << width) - 1;

	if (width < 64 && v >> width)
		return 0;
	desc[word] = (desc[word] & ~(mask << lsb)) | (__u32)v << lsb;
	if (width == 64)
		desc[word + 1] = (__u32)(v >> 32);
	return 1;
}

static int lanes_sane(__u32 oc, __u32 ic)
{
	return pow2(oc) && pow2(ic) && oc <= LXA_LANES_MAX && ic <= LXA_LANES_MAX;
}

int lxa_caps_sane(const struct lxa_caps *caps)
{
	if ((caps->modes & LXA_CFG_MODES_SHIFT_MASK) &&
	    (!lanes_sane(caps->shift_oc, caps->shift_ic) || caps->shift_ic % 8))
		return 0;
	if ((caps->modes & LXA_CFG_MODES_XNOR_MASK) &&
	    (!lanes_sane(caps->xnor_oc, caps->xnor_ic) || caps->xnor_ic % 64))
		return 0;
	if ((caps->modes & LXA_CFG_MODES_PLANES_MASK) && caps->word_bytes * 4 < caps->xnor_ic)
		return 0;
	/* Lanes that are absent may be described as 0; check_mode() then refuses tensors of their layout. */
	if (caps->shift_oc > LXA_LANES_MAX || caps->shift_ic > LXA_LANES_MAX || caps->xnor_oc > LXA_LANES_MAX ||
	    caps->xnor_ic > LXA_LANES_MAX)
		return 0;
	if ((caps->modes & LXA_CFG_MODES_PACK_MASK) && caps->word_bytes < caps->shift_ic)
		return 0;
	if (!pow2(caps->word_bytes) || caps->word_bytes < 8 || caps->word_bytes > 4096)
		return 0;
	return caps->out_lanes && caps->out_lanes <= LXA_LANES_MAX && caps->acc_pixels && caps->act_bytes;
}

/* ---- fields ------------------------------------------------------------------------------------- */

static enum lxa_reject check_common(const struct lxa_job *job)
{
	if (job->op != LXA_OP_NOP && job->op != LXA_OP_CONV)
		return LXA_REJECT_OP;
	if (job->flags & ~LXA_JOB_INDEPENDENT)
		return LXA_REJECT_FLAGS;
	if (job->act.pad || job->wgt.pad || job->par.pad || job->out.pad || job->pad ||
	    job->res.pad || job->pad2)
		return LXA_REJECT_RESERVED;
	return LXA_REJECT_NONE;
}

/* A NOP has no operands: everything but op, flags and user is reserved. */
static enum lxa_reject check_nop(const struct lxa_job *job)
{
	const unsigned char *p = (const unsigned char *)&job->conv_flags;
	const unsigned char *end = (const unsigned char *)(job + 1);
	const struct lxa_ref *ref = &job->act;
	int i;

	for (i = 0; i <= LXA_EXT_OUT; i++)	/* the residual lies among the fields below */
		if (ref[i].handle || ref[i].offset)
			return LXA_REJECT_RESERVED;
	for (; p < end; p++)
		if (*p)
			return LXA_REJECT_RESERVED;
	return LXA_REJECT_NONE;
}

static enum lxa_reject check_geometry(const struct lxa_job *job)
{
	if (!job->batch || !job->in_h || !job->in_w || !job->in_c || !job->out_c || !job->groups)
		return LXA_REJECT_GEOMETRY;
	if (job->in_c % job->groups || job->out_c % job->groups)
		return LXA_REJECT_GEOMETRY;
	return LXA_REJECT_NONE;
}

static enum lxa_reject check_kernel(const struct lxa_job *job)
{
	__u32 ekh, ekw;

	if (!in_range(job->kh, 1, 11) || !in_range(job->kw, 1, 11) || !in_range(job->sy, 1, 4) ||
	    !in_range(job->sx, 1, 4) || !in_range(job->dy, 1, 31) || !in_range(job->dx, 1, 31))
		return LXA_REJECT_KERNEL;
	ekh = (job->kh - 1u) * job->dy + 1;
	ekw = (job->kw - 1u) * job->dx + 1;
	if (job->pad_t >= ekh || job->pad_b >= ekh || job->pad_l >= ekw || job->pad_r >= ekw)
		return LXA_REJECT_PADDING;
	/* The kernel must fit the padded image, else the output has no pixel. */
	if ((__u32)job->in_h + job->pad_t + job->pad_b < ekh || (__u32)job->in_w + job->pad_l + job->pad_r < ekw)
		return LXA_REJECT_KERNEL;
	return LXA_REJECT_NONE;
}

static enum lxa_reject check_pool(const struct lxa_job *job)
{
	__u32 ekh = (job->kh - 1u) * job->dy + 1, ekw = (job->kw - 1u) * job->dx + 1;
	__u32 conv_h, conv_w;

	if (!in_range(job->pool_h, 1, 15) || !in_range(job->pool_w, 1, 15) || !in_range(job->pool_sy, 1, 15) ||
	    !in_range(job->pool_sx, 1, 15))
		return LXA_REJECT_POOL;
	if (job->pool_pt >= job->pool_h || job->pool_pb >= job->pool_h || job->pool_pl >= job->pool_w ||
	    job->pool_pr >= job->pool_w)
		return LXA_REJECT_POOL;
	conv_h = ((__u32)job->in_h + job->pad_t + job->pad_b - ekh) / job->sy + 1;
	conv_w = ((__u32)job->in_w + job->pad_l + job->pad_r - ekw) / job->sx + 1;
	if (conv_h > LXA_U16_MAX || conv_w > LXA_U16_MAX)
		return LXA_REJECT_GEOMETRY;
	if (conv_h + job->pool_pt + job->pool_pb < job->pool_h || conv_w + job->pool_pl + job->pool_pr < job->pool_w)
		return LXA_REJECT_POOL;
	/* Top and left padding alone may add windows beyond 16 bits. */
	if ((conv_h + job->pool_pt + job->pool_pb - job->pool_h) / job->pool_sy + 1 > LXA_U16_MAX ||
	    (conv_w + job->pool_pl + job->pool_pr - job->pool_w) / job->pool_sx + 1 > LXA_U16_MAX)
		return LXA_REJECT_GEOMETRY;
	return LXA_REJECT_NONE;
}

static int act_is_log(const struct lxa_job *job)
{
	return job->act_fmt == LXA_FMT_LOG4 || job->act_fmt == LXA_FMT_LOG8;
}

/* The operand pairs of rtl/README.md, section 2. */
static enum lxa_reject check_format(const struct lxa_job *job)
{
	switch (job->act_fmt) {
	case LXA_FMT_LOG4:
	case LXA_FMT_LOG8:
		if (job->wgt_fmt != LXA_WFMT_LOG && job->wgt_fmt != LXA_WFMT_S8)
			return LXA_REJECT_FORMAT;
		break;
	case LXA_FMT_U8:
	case LXA_FMT_S8:
		if (job->wgt_fmt != LXA_WFMT_LOG)
			return LXA_REJECT_FORMAT;
		break;
	case LXA_FMT_B1:
	case LXA_FMT_N4:
		if (job->wgt_fmt != LXA_WFMT_B1 && job->wgt_fmt != LXA_WFMT_BITS)
			return LXA_REJECT_FORMAT;
		break;
	default:
		return LXA_REJECT_FORMAT;
	}
	if (job->pad_mode > (job->act_fmt == LXA_FMT_B1 ? LXA_PAD_MINUS : LXA_PAD_ZERO))
		return LXA_REJECT_FORMAT;
	if (job->act_fmt == LXA_FMT_N4 ? !in_range(job->act_bits, 1, 4) : job->act_bits)
		return LXA_REJECT_FORMAT;
	if (job->wgt_fmt == LXA_WFMT_BITS ? !in_range(job->wgt_bits, 1, 4) : job->wgt_bits)
		return LXA_REJECT_FORMAT;
	return LXA_REJECT_NONE;
}

/* A flag that would mean nothing for these formats is a misunderstanding, not a no-op. */
static enum lxa_reject check_conv_flags(const struct lxa_job *job)
{
	if (job->conv_flags & ~CONV_FLAGS)
		return LXA_REJECT_FLAGS;
	if ((job->conv_flags & LXA_CONV_ACT_SQRT2) && !act_is_log(job))
		return LXA_REJECT_FLAGS;
	if ((job->conv_flags & LXA_CONV_WGT_SQRT2) && job->wgt_fmt != LXA_WFMT_LOG)
		return LXA_REJECT_FLAGS;
	if ((job->conv_flags & LXA_CONV_RES_SQRT2) &&
	    (job->res_mode != LXA_RES_VALUE || (job->res_fmt != LXA_FMT_LOG4 && job->res_fmt != LXA_FMT_LOG8)))
		return LXA_REJECT_FLAGS;
	if ((job->conv_flags & CONV_LOG_FLAGS) && job->kind != LXA_KIND_LOG)
		return LXA_REJECT_FLAGS;
	if ((job->conv_flags & LXA_CONV_ACT_SIGNED) && job->act_fmt != LXA_FMT_N4)
		return LXA_REJECT_FLAGS;
	if ((job->conv_flags & LXA_CONV_WGT_SIGNED) && job->wgt_fmt != LXA_WFMT_BITS)
		return LXA_REJECT_FLAGS;
	if ((job->conv_flags & LXA_CONV_OUT_LINEAR) && job->out_fmt != LXA_OFMT_N4)
		return LXA_REJECT_FLAGS;
	if ((job->conv_flags & LXA_CONV_PACKED) && job->act_fmt != LXA_FMT_LOG8 && job->act_fmt != LXA_FMT_U8 &&
	    job->act_fmt != LXA_FMT_S8)
		return LXA_REJECT_FLAGS;
	return LXA_REJECT_NONE;
}

static int has_pool(const struct lxa_job *job)
{
	return job->pool_h > 1 || job->pool_w > 1 || job->pool_sy > 1 || job->pool_sx > 1;
}

/* The pixels under a kernel row are one run of bytes: nothing may lie between them, and nothing beside them in a row. */
static enum lxa_reject check_packed(const struct lxa_job *job)
{
	if (!(job->conv_flags & LXA_CONV_PACKED))
		return LXA_REJECT_NONE;
	if (job->groups != 1)
		return LXA_REJECT_GEOMETRY;
	if (job->dx != 1)
		return LXA_REJECT_KERNEL;
	return job->pad_l || job->pad_r ? LXA_REJECT_PADDING : LXA_REJECT_NONE;
}

static enum lxa_reject check_mode(const struct lxa_caps *caps, const struct lxa_job *job)
{
	int xnor = job->act_fmt == LXA_FMT_B1 || job->act_fmt == LXA_FMT_N4;
	int out_xnor = job->out_fmt == LXA_OFMT_B1 || (job->conv_flags & LXA_CONV_OUT_LINEAR);
	__u32 need = xnor ? LXA_CFG_MODES_XNOR_MASK : LXA_CFG_MODES_SHIFT_MASK;

	if (job->conv_flags & CONV_SQRT2_FLAGS)
		need |= LXA_CFG_MODES_SQRT2_MASK;
	if (job->act_fmt == LXA_FMT_U8 || job->act_fmt == LXA_FMT_S8)
		need |= LXA_CFG_MODES_ACT_INT_MASK;
	if (job->wgt_fmt == LXA_WFMT_S8)
		need |= LXA_CFG_MODES_WGT_INT_MASK;
	if (has_pool(job))
		need |= LXA_CFG_MODES_POOL_MASK;
	if (job->res_mode != LXA_RES_NONE || job->kind == LXA_KIND_RAW)
		need |= LXA_CFG_MODES_RES_MASK;
	if (job->act_fmt == LXA_FMT_N4 || job->wgt_fmt == LXA_WFMT_BITS)
		need |= LXA_CFG_MODES_PLANES_MASK;
	if (job->conv_flags & LXA_CONV_PACKED)
		need |= LXA_CFG_MODES_PACK_MASK;
	if ((caps->modes & need) != need)
		return LXA_REJECT_MODE;
	/* The output's pixel pitch is in blocks of the lanes that would read it: they must exist. */
	if (out_xnor ? !caps->xnor_oc || !caps->xnor_ic : !caps->shift_oc || !caps->shift_ic)
		return LXA_REJECT_MODE;
	if (job->res_mode != LXA_RES_NONE && (!caps->shift_oc || !caps->shift_ic))
		return LXA_REJECT_MODE;	/* the same for the residual's, which is never one-bit */
	return LXA_REJECT_NONE;
}

static enum lxa_reject check_output(const struct lxa_job *job)
{
	__u32 bits, max_code;

	if (job->kind > LXA_KIND_RAW || job->out_fmt > LXA_OFMT_W64)
		return LXA_REJECT_OUTPUT;
	if ((job->kind == LXA_KIND_RAW) != (job->out_fmt == LXA_OFMT_W64) || (job->kind == LXA_KIND_RAW && has_pool(job)))
		return LXA_REJECT_OUTPUT;
	bits = lxa_ofmt_bits(job->out_fmt);
	max_code = bits >= 32 ? 0xffffffffu : (1u << bits) - 1;
	if (job->kind == LXA_KIND_THRESH ? !in_range(job->nthr, 1, 15) || job->nthr > max_code : job->nthr != 0)
		return LXA_REJECT_OUTPUT;
	if (job->kind == LXA_KIND_LOG ? !job->log_max || job->log_max > max_code : job->log_max || job->log_off)
		return LXA_REJECT_OUTPUT;
	switch (job->kind) {
	case LXA_KIND_INT32:
		if (job->out_fmt != LXA_OFMT_W32 || job->clamp_lo > job->clamp_hi)
			return LXA_REJECT_OUTPUT;
		break;
	case LXA_KIND_INT8:	/* [-128, 127] or [0, 255] */
		if (job->out_fmt != LXA_OFMT_B8 || job->clamp_lo > job->clamp_hi || job->clamp_lo < -128 ||
		    job->clamp_hi > (job->clamp_lo < 0 ? 127 : 255))
			return LXA_REJECT_OUTPUT;
		break;
	default:
		if (job->clamp_lo || job->clamp_hi)
			return LXA_REJECT_OUTPUT;
	}
	return LXA_REJECT_NONE;
}

static enum lxa_reject check_residual(const struct lxa_job *job)
{
	int scaled = job->res_fmt || job->res_mult || job->res_shift;

	switch (job->res_mode) {
	case LXA_RES_NONE:
		return job->res.handle || job->res.offset || job->res_row || job->res_img || scaled ? LXA_REJECT_RES :
												      LXA_REJECT_NONE;
	case LXA_RES_RAW:
		return scaled || has_pool(job) ? LXA_REJECT_RES : LXA_REJECT_NONE;
	case LXA_RES_VALUE:
		if ((job->res_fmt > LXA_FMT_S8 && job->res_fmt != LXA_FMT_W32) || job->res_shift > RES_SHIFT_MAX || has_pool(job))
			return LXA_REJECT_RES;
		return LXA_REJECT_NONE;
	default:
		return LXA_REJECT_RES;
	}
}

static enum lxa_reject check_fields(const struct lxa_caps *caps, const struct lxa_job *job)
{
	enum lxa_reject r;

	r = check_geometry(job);
	if (!r)
		r = check_kernel(job);
	if (!r)
		r = check_pool(job);
	if (!r)
		r = check_format(job);
	if (!r)
		r = check_conv_flags(job);
	if (!r)
		r = check_packed(job);
	if (!r)
		r = check_output(job);
	if (!r)
		r = check_residual(job);
	if (!r)
		r = check_mode(caps, job);
	return r;
}

/* ---- what follows from the layout --------------------------------------------------------------- */

/* A bit of weight is never 0: off its group, n4 activations would count. (Binary ones cancel, in two passes.) */
static enum lxa_reject check_blocks(const struct lxa_job *job, const struct lxa_layout *l)
{
	if (l->diagonal && job->act_fmt == LXA_FMT_N4 && job->wgt_fmt == LXA_WFMT_B1)
		return LXA_REJECT_GEOMETRY;
	return LXA_REJECT_NONE;
}

static int pitch_ok(const struct lxa_caps *caps, __u64 pitch, __u64 least)
{
	return pitch >= least && pitch <= LXA_U32_MAX && pitch % caps->word_bytes == 0;
}

static enum lxa_reject check_pitches(const struct lxa_caps *caps, const struct lxa_job *job, const struct lxa_layout *l)
{
	if (!pitch_ok(caps, l->in_row, (__u64)job->in_w * l->in_px) ||
	    !pitch_ok(caps, l->in_img, (__u64)job->in_h * l->in_row) ||
	    !pitch_ok(caps, l->out_row, (__u64)l->out_w * l->out_px) ||
	    !pitch_ok(caps, l->out_img, (__u64)l->out_h * l->out_row))
		return LXA_REJECT_PITCH;
	if (job->res_mode != LXA_RES_NONE && (!pitch_ok(caps, l->res_row, (__u64)l->out_w * l->res_px) ||
					      !pitch_ok(caps, l->res_img, (__u64)l->out_h * l->res_row)))
		return LXA_REJECT_PITCH;
	return LXA_REJECT_NONE;
}

static enum lxa_reject pick_tile(const struct lxa_caps *caps, const struct lxa_job *job, const struct lxa_layout *l,
				 __u32 *tile_h, __u32 *tile_w)
{
	*tile_h = job->tile_h;
	*tile_w = job->tile_w;
	if (!*tile_h && !*tile_w)
		return lxa_tile_choose(caps, job, l, tile_h, tile_w) ? LXA_REJECT_NONE : LXA_REJECT_TILE;
	if (!in_range(*tile_h, 1, l->out_h) || !in_range(*tile_w, 1, l->out_w) ||
	    !lxa_tile_fits(caps, job, l, *tile_h, *tile_w))
		return LXA_REJECT_TILE;
	return LXA_REJECT_NONE;
}

/* Where an operand lies, once it is known to lie inside its buffer. */
struct span {
	__u64 addr;
	__u64 bytes;
};

static enum lxa_reject check_extent(const struct lxa_caps *caps, const struct lxa_ref *ref,
				    const struct lxa_extent *ext, __u64 need, enum lxa_reject leaves, struct span *out)
{
	if (!ref->handle || !ext->bytes)
		return LXA_REJECT_HANDLE;
	if (ref->offset % caps->word_bytes || ext->addr % caps->word_bytes)
		return LXA_REJECT_ALIGN;
	/* Subtractions instead of sums: neither the offset nor the need can wrap. */
	if (ref->offset > ext->bytes || need > ext->bytes - ref->offset || need > LXA_U32_MAX)
		return leaves;
	if (ext->addr + ext->bytes < ext->addr)
		return leaves;
	out->addr = ext->addr + ref->offset;
	out->bytes = need;
	return LXA_REJECT_NONE;
}

static int overlaps(const struct span *a, const struct span *b)
{
	return a->bytes && b->bytes && a->addr < b->addr + b->bytes && b->addr < a->addr + a->bytes;
}

static enum lxa_reject check_spans(const struct lxa_caps *caps, const struct lxa_job *job, const struct lxa_layout *l,
				   const struct lxa_extent *ext, struct span *span)
{
	enum lxa_reject r;
	int i;

	r = check_extent(caps, &job->act, &ext[LXA_EXT_ACT], l->act_bytes, LXA_REJECT_ACT_EXTENT, &span[LXA_EXT_ACT]);
	if (!r)
		r = check_extent(caps, &job->wgt, &ext[LXA_EXT_WGT], l->wgt_bytes, LXA_REJECT_WGT_EXTENT,
				 &span[LXA_EXT_WGT]);
	if (!r)
		r = check_extent(caps, &job->par, &ext[LXA_EXT_PAR], l->par_bytes, LXA_REJECT_PAR_EXTENT,
				 &span[LXA_EXT_PAR]);
	if (!r)
		r = check_extent(caps, &job->out, &ext[LXA_EXT_OUT], l->out_bytes, LXA_REJECT_OUT_EXTENT,
				 &span[LXA_EXT_OUT]);
	if (!r && job->res_mode != LXA_RES_NONE)
		r = check_extent(caps, &job->res, &ext[LXA_EXT_RES], l->res_bytes, LXA_REJECT_RES_EXTENT,
				 &span[LXA_EXT_RES]);
	if (r)
		return r;
	/* Reads run ahead of the writes, so not even a residual may be added in place. One that is absent has no bytes. */
	for (i = 0; i < LXA_EXT_COUNT; i++)
		if (i != LXA_EXT_OUT && overlaps(&span[i], &span[LXA_EXT_OUT]))
			return LXA_REJECT_OVERLAP;
	return LXA_REJECT_NONE;
}

/* ---- the descriptor ----------------------------------------------------------------------------- */

static int put_memory(__u32 *d, const struct lxa_layout *l, const struct span *span)
{
	return lxa_desc_set(d, LXA_D_ACT_ADDR, span[LXA_EXT_ACT].addr) &&
	       lxa_desc_set(d, LXA_D_WGT_ADDR, span[LXA_EXT_WGT].addr) &&
	       lxa_desc_set(d, LXA_D_PAR_ADDR, span[LXA_EXT_PAR].addr) &&
	       lxa_desc_set(d, LXA_D_OUT_ADDR, span[LXA_EXT_OUT].addr) &&
	       lxa_desc_set(d, LXA_D_ACT_SIZE, span[LXA_EXT_ACT].bytes) &&
	       lxa_desc_set(d, LXA_D_WGT_SIZE, span[LXA_EXT_WGT].bytes) &&
	       lxa_desc_set(d, LXA_D_PAR_SIZE, span[LXA_EXT_PAR].bytes) &&
	       lxa_desc_set(d, LXA_D_OUT_SIZE, span[LXA_EXT_OUT].bytes) &&
	       lxa_desc_set(d, LXA_D_IN_PX, l->packed ? l->in_px : l->in_px / 8) &&
	       lxa_desc_set(d, LXA_D_OUT_PX, l->out_px / 8) &&
	       lxa_desc_set(d, LXA_D_IN_ROW, l->in_row) && lxa_desc_set(d, LXA_D_IN_IMG, l->in_img) &&
	       lxa_desc_set(d, LXA_D_OUT_ROW, l->out_row) && lxa_desc_set(d, LXA_D_OUT_IMG, l->out_img);
}

static int put_shape(__u32 *d, const struct lxa_job *job, const struct lxa_layout *l)
{
	return lxa_desc_set(d, LXA_D_IN_H, job->in_h) && lxa_desc_set(d, LXA_D_IN_W, job->in_w) &&
	       lxa_desc_set(d, LXA_D_CONV_H, l->conv_h) && lxa_desc_set(d, LXA_D_CONV_W, l->conv_w) &&
	       lxa_desc_set(d, LXA_D_OUT_H, l->out_h) && lxa_desc_set(d, LXA_D_OUT_W, l->out_w) &&
	       lxa_desc_set(d, LXA_D_BATCH, job->batch) &&
	       lxa_desc_set(d, LXA_D_KH, job->kh) && lxa_desc_set(d, LXA_D_KW, job->kw) &&
	       lxa_desc_set(d, LXA_D_SY, job->sy) && lxa_desc_set(d, LXA_D_SX, job->sx) &&
	       lxa_desc_set(d, LXA_D_DY, job->dy) && lxa_desc_set(d, LXA_D_DX, job->dx) &&
	       lxa_desc_set(d, LXA_D_PAD_T, job->pad_t) && lxa_desc_set(d, LXA_D_PAD_L, job->pad_l) &&
	       lxa_desc_set(d, LXA_D_POOL_H, job->pool_h) && lxa_desc_set(d, LXA_D_POOL_W, job->pool_w) &&
	       lxa_desc_set(d, LXA_D_POOL_SY, job->pool_sy) && lxa_desc_set(d, LXA_D_POOL_SX, job->pool_sx) &&
	       lxa_desc_set(d, LXA_D_POOL_PT, job->pool_pt) && lxa_desc_set(d, LXA_D_POOL_PL, job->pool_pl);
}

static int put_blocks(__u32 *d, const struct lxa_job *job, const struct lxa_layout *l)
{
	/* The last output block's input blocks must exist in a pixel, however lxa_layout() shares them. */
	if ((l->ocb - 1) / l->grp_ocb * l->grp_icb + l->icb > l->icb_total)
		return 0;
	return lxa_desc_set(d, LXA_D_OC, job->out_c) && lxa_desc_set(d, LXA_D_OCB, l->ocb) &&
	       lxa_desc_set(d, LXA_D_ICB, l->icb) && lxa_desc_set(d, LXA_D_ICB_TOTAL, l->icb_total) &&
	       lxa_desc_set(d, LXA_D_GRP_OCB, l->grp_ocb) && lxa_desc_set(d, LXA_D_GRP_ICB, l->grp_icb) &&
	       lxa_desc_set(d, LXA_D_MAC_IC, l->mac_ic) &&
	       lxa_desc_set(d, LXA_D_IC_TAIL, l->ic_tail) && lxa_desc_set(d, LXA_D_OC_TAIL, l->oc_tail);
}

static int put_modes(__u32 *d, const struct lxa_job *job, const struct lxa_layout *l)
{
	__u32 act_s = !!(job->conv_flags & LXA_CONV_ACT_SQRT2), wgt_s = !!(job->conv_flags & LXA_CONV_WGT_SQRT2);

	return lxa_desc_set(d, LXA_D_LANE, l->lane) && lxa_desc_set(d, LXA_D_DUAL, act_s | wgt_s) &&
	       lxa_desc_set(d, LXA_D_PACK, l->packed) && lxa_desc_set(d, LXA_D_A_BITS, job->act_bits) &&
	       lxa_desc_set(d, LXA_D_A_SIGN, !!(job->conv_flags & LXA_CONV_ACT_SIGNED)) &&
	       lxa_desc_set(d, LXA_D_W_SIGN, !!(job->conv_flags & LXA_CONV_WGT_SIGNED)) &&
	       lxa_desc_set(d, LXA_D_HALVE, l->halve) && lxa_desc_set(d, LXA_D_PASSES, l->passes) &&
	       lxa_desc_set(d, LXA_D_ACT_FMT, job->act_fmt) && lxa_desc_set(d, LXA_D_WGT_FMT, job->wgt_fmt) &&
	       lxa_desc_set(d, LXA_D_ACT_S, act_s) && lxa_desc_set(d, LXA_D_WGT_S, wgt_s) &&
	       lxa_desc_set(d, LXA_D_PAD_MODE, job->pad_mode);
}

static int put_residual(__u32 *d, const struct lxa_job *job, const struct lxa_layout *l, const struct span *span)
{
	return lxa_desc_set(d, LXA_D_RES_ADDR, span->addr) && lxa_desc_set(d, LXA_D_RES_SIZE, span->bytes) &&
	       lxa_desc_set(d, LXA_D_RES_MODE, job->res_mode) && lxa_desc_set(d, LXA_D_RES_FMT, job->res_fmt) &&
	       lxa_desc_set(d, LXA_D_RES_S, !!(job->conv_flags & LXA_CONV_RES_SQRT2)) &&
	       lxa_desc_set(d, LXA_D_RES_SHIFT, job->res_shift) &&
	       lxa_desc_set(d, LXA_D_RES_MULT, (__u16)job->res_mult) && lxa_desc_set(d, LXA_D_RES_PX, l->res_px / 8) &&
	       lxa_desc_set(d, LXA_D_RES_ROW, l->res_row) && lxa_desc_set(d, LXA_D_RES_IMG, l->res_img);
}

static int put_output(__u32 *d, const struct lxa_job *job)
{
	return lxa_desc_set(d, LXA_D_KIND, job->kind) && lxa_desc_set(d, LXA_D_OUT_FMT, job->out_fmt) &&
	       lxa_desc_set(d, LXA_D_LOG_S, !!(job->conv_flags & LXA_CONV_OUT_SQRT2)) &&
	       lxa_desc_set(d, LXA_D_LOG_ROUND, !!(job->conv_flags & LXA_CONV_OUT_NEAREST)) &&
	       lxa_desc_set(d, LXA_D_NTHR, job->nthr) && lxa_desc_set(d, LXA_D_LOG_MAX, job->log_max) &&
	       lxa_desc_set(d, LXA_D_LOG_OFF, (__u8)job->log_off) &&
	       lxa_desc_set(d, LXA_D_CLAMP_LO, (__u32)job->clamp_lo) &&
	       lxa_desc_set(d, LXA_D_CLAMP_HI, (__u32)job->clamp_hi);
}

enum lxa_reject lxa_validate(const struct lxa_caps *caps, const struct lxa_job *job,
			     const struct lxa_extent ext[LXA_EXT_COUNT], __u32 desc[LXA_DESC_WORDS])
{
	struct span span[LXA_EXT_COUNT] = { { 0, 0 } };
	__u32 i, tile_h, tile_w, pitch;
	struct lxa_layout l;
	enum lxa_reject r;

	for (i = 0; i < LXA_DESC_WORDS; i++)
		desc[i] = 0;
	r = check_common(job);
	if (r)
		return r;
	lxa_desc_set(desc, LXA_D_MAGIC, LXA_MAGIC);
	if (job->op == LXA_OP_NOP) {
		lxa_desc_set(desc, LXA_D_OP, LXA_HW_OP_NOP);
		return check_nop(job);
	}
	lxa_desc_set(desc, LXA_D_OP, LXA_HW_OP_CONV);
	r = check_fields(caps, job);
	if (r)
		return r;
	lxa_layout(caps, job, &l);
	r = check_blocks(job, &l);
	if (r)
		return r;
	r = check_pitches(caps, job, &l);
	if (r)
		return r;
	r = check_spans(caps, job, &l, ext, span);
	if (r)
		return r;
	r = pick_tile(caps, job, &l, &tile_h, &tile_w);
	if (r)
		return r;
	pitch = lxa_tile_pitch(caps, job, &l, tile_w);
	if (!lxa_desc_set(desc, LXA_D_TILE_H, tile_h) || !lxa_desc_set(desc, LXA_D_TILE_W, tile_w) ||
	    !lxa_desc_set(desc, LXA_D_ACT_PITCH, pitch))
		return LXA_REJECT_TILE;
	if (!put_memory(desc, &l, span) || !put_shape(desc, job, &l) || !put_blocks(desc, job, &l) ||
	    !put_modes(desc, job, &l) || !put_output(desc, job) || !put_residual(desc, job, &l, &span[LXA_EXT_RES]))
		return LXA_REJECT_GEOMETRY;
	return LXA_REJECT_NONE;
}
