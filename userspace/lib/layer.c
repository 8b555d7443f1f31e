/* SPDX-License-Identifier: MIT */
/*
 * layer.c - builds a device layer: checks its fields and says in words what is wrong, bounds, packs, makes its CPU
 * kernel. The driver's validator checks again and trusts nothing of this; here the point is the sentence.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lxa_layer.h"

static int check_range(struct lxa_err *err, const char *what, int64_t v, int64_t lo, int64_t hi)
{
	if (v >= lo && v <= hi)
		return 0;
	return lxa_err_set(err, -EINVAL, "%s is %lld, the device takes %lld to %lld", what, (long long)v, (long long)lo,
			   (long long)hi);
}

static int check_geometry(const struct lxa_job *j, struct lxa_err *err)
{
	int ekh, ekw, ret;

	if (!j->in_h || !j->in_w || !j->in_c || !j->out_c || !j->groups)
		return lxa_err_set(err, -EINVAL, "a size is 0 (in %u x %u x %u, out %u, groups %u)", j->in_c, j->in_h,
				   j->in_w,
				   j->out_c, j->groups);
	if (j->in_c % j->groups || j->out_c % j->groups)
		return lxa_err_set(err, -EINVAL, "%u groups do not divide %u input and %u output channels", j->groups,
				   j->in_c,
				   j->out_c);
	if ((ret = check_range(err, "kernel height", j->kh, 1, 11)) ||
	    (ret = check_range(err, "kernel width", j->kw, 1, 11)) ||
	    (ret = check_range(err, "vertical stride", j->sy, 1, 4)) ||
	    (ret = check_range(err, "horizontal stride", j->sx, 1, 4)) ||
	    (ret = check_range(err, "vertical dilation", j->dy, 1, 31)) ||
	    (ret = check_range(err, "horizontal dilation", j->dx, 1, 31)))
		return ret;
	ekh = (j->kh - 1) * j->dy + 1;
	ekw = (j->kw - 1) * j->dx + 1;
	if ((ret = check_range(err, "padding above", j->pad_t, 0, ekh - 1)) ||
	    (ret = check_range(err, "padding below", j->pad_b, 0, ekh - 1)) ||
	    (ret = check_range(err, "padding left", j->pad_l, 0, ekw - 1)) ||
	    (ret = check_range(err, "padding right", j->pad_r, 0, ekw - 1)))
		return ret;
	if (j->in_h + j->pad_t + j->pad_b < ekh || j->in_w + j->pad_l + j->pad_r < ekw)
		return lxa_err_set(err, -EINVAL, "the %d x %d kernel is larger than the padded image", ekh, ekw);
	return 0;
}

static int check_pool(const struct lxa_job *j, struct lxa_err *err)
{
	int ch = (j->in_h + j->pad_t + j->pad_b - (j->kh - 1) * j->dy - 1) / j->sy + 1;
	int cw = (j->in_w + j->pad_l + j->pad_r - (j->kw - 1) * j->dx - 1) / j->sx + 1;
	int ret;

	if ((ret = check_range(err, "pool height", j->pool_h, 1, 15)) ||
	    (ret = check_range(err, "pool width", j->pool_w, 1, 15)) ||
	    (ret = check_range(err, "vertical pool stride", j->pool_sy, 1, 15)) ||
	    (ret = check_range(err, "horizontal pool stride", j->pool_sx, 1, 15)) ||
	    (ret = check_range(err, "pool padding above", j->pool_pt, 0, j->pool_h - 1)) ||
	    (ret = check_range(err, "pool padding below", j->pool_pb, 0, j->pool_h - 1)) ||
	    (ret = check_range(err, "pool padding left", j->pool_pl, 0, j->pool_w - 1)) ||
	    (ret = check_range(err, "pool padding right", j->pool_pr, 0, j->pool_w - 1)))
		return ret;
	if (ch + j->pool_pt + j->pool_pb < j->pool_h || cw + j->pool_pl + j->pool_pr < j->pool_w)
		return lxa_err_set(err, -EINVAL, "the pool window is larger than the convolution's output");
	return 0;
}

static int check_formats(const struct lxa_caps *caps, const struct lxa_job *j, struct lxa_err *err)
{
	int xnor = j->act_fmt == LXA_FMT_B1 || j->act_fmt == LXA_FMT_N4, ok, ret;

	if (xnor)
		ok = (j->wgt_fmt == LXA_WFMT_B1 || j->wgt_fmt == LXA_WFMT_BITS) &&
		     j->pad_mode <= (j->act_fmt == LXA_FMT_B1 ? LXA_PAD_MINUS : LXA_PAD_ZERO);
	else if (lxa_layer_is_log(j))
		ok = (j->wgt_fmt == LXA_WFMT_LOG || j->wgt_fmt == LXA_WFMT_S8) && j->pad_mode == LXA_PAD_ZERO;
	else
		ok = (j->act_fmt == LXA_FMT_U8 || j->act_fmt == LXA_FMT_S8) && j->wgt_fmt == LXA_WFMT_LOG &&
		     j->pad_mode == LXA_PAD_ZERO;
	if (!ok)
		return lxa_err_set(err, -EINVAL,
				   "the device has no lanes for activation format %u with weight format %u and "
				   "padding mode %u", j->act_fmt, j->wgt_fmt, j->pad_mode);
	if (xnor && (!(caps->modes & LXA_CFG_MODES_XNOR_MASK) || !caps->xnor_oc || !caps->xnor_ic))
		return lxa_err_set(err, -EOPNOTSUPP, "this device has no XNOR lanes");
	if (!xnor && (!(caps->modes & LXA_CFG_MODES_SHIFT_MASK) || !caps->shift_oc || !caps->shift_ic))
		return lxa_err_set(err, -EOPNOTSUPP, "this device has no shift lanes");
	if ((j->act_fmt == LXA_FMT_U8 || j->act_fmt == LXA_FMT_S8) && !(caps->modes & LXA_CFG_MODES_ACT_INT_MASK))
		return lxa_err_set(err, -EOPNOTSUPP, "this device takes no integer activations");
	if (j->wgt_fmt == LXA_WFMT_S8 && !(caps->modes & LXA_CFG_MODES_WGT_INT_MASK))
		return lxa_err_set(err, -EOPNOTSUPP, "this device takes no integer weights");
	if (lxa_layer_planes(j) && !(caps->modes & LXA_CFG_MODES_PLANES_MASK))
		return lxa_err_set(err, -EOPNOTSUPP, "this device has no bit planes");
	if (j->act_fmt == LXA_FMT_N4 && (ret = check_range(err, "width of the activations", j->act_bits, 1, 4)))
		return ret;
	if (j->wgt_fmt == LXA_WFMT_BITS && (ret = check_range(err, "width of the weights", j->wgt_bits, 1, 4)))
		return ret;
	if (j->conv_flags & LXA_CONV_PACKED) {
		if (!(caps->modes & LXA_CFG_MODES_PACK_MASK))
			return lxa_err_set(err, -EOPNOTSUPP, "this device has no packed pixels");
		if (xnor || j->act_fmt == LXA_FMT_LOG4 || j->groups != 1 || j->dx != 1 || j->pad_l || j->pad_r)
			return lxa_err_set(err, -EINVAL, "packed pixels are bytes, without groups, dilation to the right, padding left and "
					   "right");
	}
	if (j->conv_flags & (LXA_CONV_ACT_SQRT2 | LXA_CONV_WGT_SQRT2 | LXA_CONV_OUT_SQRT2) &&
	    !(caps->modes & LXA_CFG_MODES_SQRT2_MASK))
		return lxa_err_set(err, -EOPNOTSUPP, "this device has no base sqrt(2)");
	if ((j->pool_h > 1 || j->pool_w > 1 || j->pool_sy > 1 || j->pool_sx > 1) &&
	    !(caps->modes & LXA_CFG_MODES_POOL_MASK))
		return lxa_err_set(err, -EOPNOTSUPP, "this device has no max-pool");
	return 0;
}

static int check_codes(const struct lxa_job *j, const int8_t *w, struct lxa_err *err)
{
	size_t n = (size_t)j->out_c * (j->in_c / j->groups) * j->kh * j->kw, i;
	int top = j->conv_flags & LXA_CONV_WGT_SQRT2 ? 32 : 16;
	int lo = j->conv_flags & LXA_CONV_WGT_SIGNED ? -(1 << j->wgt_bits) / 2 : 0, hi = lo + (1 << j->wgt_bits) - 1;

	for (i = 0; i < n; i++) {
		if (j->wgt_fmt == LXA_WFMT_BITS && (w[i] < lo || w[i] > hi))
			return lxa_err_set(err, -EINVAL, "weight %zu is %d, %u bits hold %d to %d", i, w[i], j->wgt_bits, lo, hi);
		if (j->wgt_fmt == LXA_WFMT_LOG && (w[i] & 0x7f) > top)
			return lxa_err_set(err, -EINVAL, "weight %zu has log code %d, the device takes 0 to %d", i,
					   w[i] & 0x7f,
					   top);
		if (j->wgt_fmt == LXA_WFMT_B1 && w[i] != 1 && w[i] != -1)
			return lxa_err_set(err, -EINVAL, "weight %zu is %d, a binary weight is +1 or -1", i, w[i]);
	}
	return 0;
}

static int default_act_max(const struct lxa_job *j)
{
	switch (j->act_fmt) {
	case LXA_FMT_LOG4:
		return 15;
	case LXA_FMT_LOG8:
		return j->conv_flags & LXA_CONV_ACT_SQRT2 ? 32 : 16;
	case LXA_FMT_U8:
		return 255;
	case LXA_FMT_S8:
		return 128;
	case LXA_FMT_N4:
		return j->conv_flags & LXA_CONV_ACT_SIGNED ? 1 << j->act_bits >> 1 : (1 << j->act_bits) - 1;
	default:
		return 1;
	}
}

int lxa_layer_begin(struct lxa_layer *l, const struct lxa_caps *caps, const struct lxa_job *shape, int act_max,
		    const int8_t *weights, struct lxa_err *err)
{
	struct lxa_job *j = &l->job;
	size_t n;
	int ret;

	memset(l, 0, sizeof(*l));
	l->caps = *caps;
	*j = *shape;
	j->op = LXA_OP_CONV;
	j->flags = 0;
	memset(&j->act, 0, sizeof(j->act));
	memset(&j->wgt, 0, sizeof(j->wgt));
	memset(&j->par, 0, sizeof(j->par));
	memset(&j->out, 0, sizeof(j->out));
	j->user = 0;
	j->batch = 1;
	j->tile_h = j->tile_w = 0;
	if ((ret = check_geometry(j, err)) || (ret = check_pool(j, err)) || (ret = check_formats(caps, j, err)) ||
	    (ret = check_codes(j, weights, err)))
		return ret;
	l->act_max = default_act_max(j);
	if (act_max && act_max < l->act_max)
		l->act_max = act_max;
	n = (size_t)j->out_c * (j->in_c / j->groups) * j->kh * j->kw;
	l->codes = malloc(n);
	l->bound = calloc(j->out_c, sizeof(*l->bound));
	l->corr = calloc(j->out_c, sizeof(*l->corr));
	l->chan = calloc(j->out_c, sizeof(*l->chan));
	if (!l->codes || !l->bound || !l->corr || !l->chan)
		return lxa_err_set(err, -ENOMEM, "out of memory for %zu weights", n);
	memcpy(l->codes, weights, n);
	lxa_layout(caps, j, &l->lay);
	if (l->lay.diagonal && j->act_fmt == LXA_FMT_N4 && j->wgt_fmt == LXA_WFMT_B1)
		return lxa_err_set(err, -EINVAL, "linear activations with binary weights whose groups share the lanes' blocks: weights of 2 bits do it");
	return lxa_bound_sums(l, err);
}

static int check_output(const struct lxa_job *j, const struct lxa_channel *chan, struct lxa_err *err)
{
	uint32_t bits, top, oc, i;
	int ok;

	if (j->out_fmt > LXA_OFMT_W32 || j->kind > LXA_KIND_INT8)
		return lxa_err_set(err, -EINVAL, "no such output kind %u or format %u", j->kind, j->out_fmt);
	bits = lxa_ofmt_bits(j->out_fmt);
	top = bits >= 32 ? UINT32_MAX : (1u << bits) - 1;
	if (j->kind == LXA_KIND_THRESH)
		ok = j->nthr >= 1 && j->nthr <= 15 && j->nthr <= top;
	else if (j->kind == LXA_KIND_LOG)
		ok = j->log_max >= 1 && j->log_max <= top && !j->nthr;
	else
		ok = j->clamp_lo <= j->clamp_hi &&
		     j->out_fmt == (j->kind == LXA_KIND_INT32 ? LXA_OFMT_W32 : LXA_OFMT_B8);
	if (!ok)
		return lxa_err_set(err, -EINVAL,
				   "output kind %u does not go with format %u, %u thresholds, largest code %u, "
				   "clamp %d to %d", j->kind, j->out_fmt, j->nthr, j->log_max, j->clamp_lo,
					   j->clamp_hi);
	for (oc = 0; oc < j->out_c; oc++) {
		if (chan[oc].mult < -32768 || chan[oc].mult > 32767 || chan[oc].shift > 62)
			return lxa_err_set(err, -EINVAL, "channel %u: multiplier %d or shift %u out of range", oc,
					   chan[oc].mult, chan[oc].shift);
		for (i = 1; i < j->nthr; i++)
			if (chan[oc].thr[i] < chan[oc].thr[i - 1])
				return lxa_err_set(err, -EINVAL, "channel %u: threshold %u is below the one before it",
						   oc, i);
	}
	return 0;
}

int lxa_layer_finish(struct lxa_layer *l, const struct lxa_channel *chan, struct lxa_err *err)
{
	uint32_t th = 0, tw = 0, oc;
	int ret;

	ret = check_output(&l->job, chan, err);
	if (ret)
		return ret;
	if (chan != l->chan)
		memcpy(l->chan, chan, l->job.out_c * sizeof(*chan));
	ret = lxa_bound_totals(l, err);
	if (ret)
		return ret;
	for (oc = 0; oc < l->job.out_c; oc++)
		l->chan[oc].bias += l->corr[oc];
	lxa_layout(&l->caps, &l->job, &l->lay);
	l->fits = lxa_tile_choose(&l->caps, &l->job, &l->lay, &th, &tw);
	if (l->lay.out_h > 1 || l->lay.out_w > 1) {	/* else the driver's choice may hold several images */
		l->job.tile_h = (uint16_t)th;
		l->job.tile_w = (uint16_t)tw;
	}
	l->wgt = malloc(l->lay.wgt_bytes);
	l->par = malloc(l->lay.par_bytes);
	if (!l->wgt || !l->par)
		return lxa_err_set(err, -ENOMEM, "out of memory for packed weights");
	lxa_pack_weights(l, l->wgt);
	lxa_pack_params(l, l->par);
	return lxa_kernel_create(l, LXA_ISA_AUTO, &l->kernel, err);
}

void lxa_layer_free(struct lxa_layer *l)
{
	lxa_kernel_free(l->kernel);
	free(l->codes);
	free(l->chan);
	free(l->bound);
	free(l->corr);
	free(l->wgt);
	free(l->par);
	memset(l, 0, sizeof(*l));
}

uint64_t lxa_layer_macs(const struct lxa_layer *l)
{
	const struct lxa_job *j = &l->job;

	return (uint64_t)l->lay.conv_h * l->lay.conv_w * j->out_c * (j->in_c / j->groups) * j->kh * j->kw;
}
