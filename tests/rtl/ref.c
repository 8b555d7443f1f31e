/* SPDX-License-Identifier: MIT */
/*
 * ref.c - what a layer means, written from the definitions: a direct grouped convolution over unpacked tensors, values
 * as sums of powers of two, logarithms by exact comparison of powers. It shares no code with the engines.
 */
#include <limits.h>

#include "layer.h"

typedef __int128 i128;
typedef unsigned __int128 u128;

/* An operand: mantissa * 2^(half / 2). */
struct value {
	int64_t m;
	int half;
};

/* The low bits of a code as a number. */
static int linear_value(uint8_t code, int bits, int is_signed)
{
	int v = code % (1 << bits);

	return is_signed && v >= 1 << (bits - 1) ? v - (1 << bits) : v;
}

static struct value act_value(const struct lxa_job *j, uint8_t code)
{
	switch (j->act_fmt) {
	case LXA_FMT_U8:
		return (struct value){ code, 0 };
	case LXA_FMT_S8:
		return (struct value){ (int8_t)code, 0 };
	case LXA_FMT_N4:
		return (struct value){ linear_value(code, j->act_bits, !!(j->conv_flags & LXA_CONV_ACT_SIGNED)), 0 };
	case LXA_FMT_B1:
		return (struct value){ code ? 1 : -1, 0 };
	default:
		return (struct value){ code != 0, (code - 1) * (j->conv_flags & LXA_CONV_ACT_SQRT2 ? 1 : 2) };
	}
}

static struct value wgt_value(const struct lxa_job *j, uint8_t code)
{
	int q = code & 127;

	if (j->wgt_fmt == LXA_WFMT_B1)
		return (struct value){ code ? 1 : -1, 0 };
	if (j->wgt_fmt == LXA_WFMT_BITS)
		return (struct value){ linear_value(code, j->wgt_bits, !!(j->conv_flags & LXA_CONV_WGT_SIGNED)), 0 };
	if (j->wgt_fmt == LXA_WFMT_S8)
		return (struct value){ (int8_t)code, 0 };
	return (struct value){ q ? (code & 128 ? -1 : 1) : 0, (q - 1) * (j->conv_flags & LXA_CONV_WGT_SQRT2 ? 1 : 2) };
}

/* Sum over one output's receptive field. sum[0]: integers; sum[1]: multiples of sqrt(2). */
static void receptive_field(const struct layer *y, uint32_t n, uint32_t oc, uint32_t cy, uint32_t cx, i128 sum[2])
{
	const struct lxa_job *j = &y->job;
	uint32_t icg = j->in_c / j->groups, first = oc / (j->out_c / j->groups) * icg, ky, kx, c;

	sum[0] = sum[1] = 0;
	for (ky = 0; ky < j->kh; ky++)
		for (kx = 0; kx < j->kw; kx++) {
			long iy = (long)cy * j->sy + (long)ky * j->dy - j->pad_t;
			long ix = (long)cx * j->sx + (long)kx * j->dx - j->pad_l;
			int inside = iy >= 0 && iy < j->in_h && ix >= 0 && ix < j->in_w;

			for (c = 0; c < icg; c++) {
				uint8_t w = y->wgt[(((size_t)oc * j->kh + ky) * j->kw + kx) * icg + c], a = 0;

				if (inside)
					a = y->act[(((size_t)n * j->in_h + iy) * j->in_w + ix) * j->in_c + first + c];
				if (!inside && j->act_fmt == LXA_FMT_B1 && j->pad_mode != LXA_PAD_ZERO) {
					sum[0] += wgt_value(j, w).m * (j->pad_mode == LXA_PAD_PLUS ? 1 : -1);
				} else if (inside) {
					struct value va = act_value(j, a), vw = wgt_value(j, w);
					int half = va.half + vw.half;

					if (va.m && vw.m)
						sum[half & 1] += (i128)va.m * vw.m * ((i128)1 << (half >> 1));
				}
			}
		}
}

/* Powers of two compared with u: the largest e with 2^(e/steps) <= u, or with u rounded to nearest in the exponent. */
int ref_log_code(uint32_t u, int sqrt2, int nearest)
{
	u128 p = u;
	int e = 0, power = (sqrt2 ? 2 : 1) * (nearest ? 2 : 1), i;

	for (i = 1; i < power; i++)
		p *= u;
	/* e is right iff 2^((e - 1/2) / s) <= u < 2^((e + 1/2) / s) for nearest, 2^(e / s) <= u < 2^((e + 1) / s) for floor */
	while ((nearest ? 2 * e + 1 : e + 1) < 128 && p >> (nearest ? 2 * e + 1 : e + 1))
		e++;
	return e;
}

static int32_t code_of(const struct lxa_job *j, const struct layer_par *p, i128 v)
{
	i128 lo = j->clamp_lo, hi = j->clamp_hi;
	int32_t code = 0, i;

	if (j->kind == LXA_KIND_LOG) {
		int e;

		lo = 0, hi = UINT32_MAX;
		v = v < lo ? lo : v > hi ? hi : v;
		if (!v)
			return 0;
		e = ref_log_code((uint32_t)v, !!(j->conv_flags & LXA_CONV_OUT_SQRT2), !!(j->conv_flags & LXA_CONV_OUT_NEAREST));
		e += j->log_off;
		return e <= 0 ? 0 : e > j->log_max ? j->log_max : e;
	}
	if (j->kind == LXA_KIND_THRESH) {
		for (i = 0; i < j->nthr; i++)	/* the two extreme thresholds mean always and never */
			code += p->thr[i] == INT32_MIN || (p->thr[i] != INT32_MAX && v >= p->thr[i]);
		return code;
	}
	return (int32_t)(v < lo ? lo : v > hi ? hi : v);
}

/* A residual element as v sees it. */
static i128 residual(const struct lxa_job *j, int64_t q)
{
	int half = ((int)q - 1) * (j->conv_flags & LXA_CONV_RES_SQRT2 ? 1 : 2);
	i128 x = q;

	if (j->res_fmt == LXA_FMT_LOG4 || j->res_fmt == LXA_FMT_LOG8)
		x = !q ? 0 : (i128)(half % 2 ? 46341 : 32768) * ((i128)1 << half / 2);
	x *= j->res_mult;
	if (j->res_shift)
		x = (x + ((i128)1 << (j->res_shift - 1))) >> j->res_shift;
	return x;
}

/* v modulo 2^bits, as a signed number. */
static int64_t wrap(i128 v, uint32_t bits)
{
	i128 m = (i128)1 << bits;

	v = ((v % m) + m) % m;
	return (int64_t)(v >= m / 2 ? v - m : v);
}

static int is_xnor(const struct lxa_job *j)
{
	return j->act_fmt == LXA_FMT_B1 || j->act_fmt == LXA_FMT_N4;
}

/*
 * What an XNOR accumulator holds for the sum of products `sum` (rtl/README.md, section 3): twice as much where it is halved later,
 * less the sum of the weights as large as all planes of the activations make it; *halved: whether it is.
 */
static i128 accumulator(const struct layer *y, uint32_t oc, i128 sum, int *halved)
{
	const struct lxa_job *j = &y->job;
	size_t n = (size_t)j->kh * j->kw * (j->in_c / j->groups), i;
	i128 all = 0;

	*halved = j->wgt_fmt == LXA_WFMT_BITS ? j->act_fmt == LXA_FMT_N4 : y->l.passes == 2;
	if (j->act_fmt == LXA_FMT_N4)
		for (i = 0; i < n; i++)
			all += j->wgt_fmt == LXA_WFMT_BITS ? wgt_value(j, y->wgt[oc * n + i]).m : y->wgt[oc * n + i];
	return (sum << *halved) - all * (j->conv_flags & LXA_CONV_ACT_SIGNED ? -1 : (1 << j->act_bits) - 1);
}

static int64_t conv_code(const struct layer *y, uint32_t n, uint32_t oc, uint32_t cy, uint32_t cx)
{
	const struct layer_par *p = &y->par[oc];
	i128 sum[2], t, v;

	int64_t r = y->res ? y->res[(((size_t)n * y->l.out_h + cy) * y->l.out_w + cx) * y->job.out_c + oc] : 0;

	receptive_field(y, n, oc, cy, cx, sum);
	if (is_xnor(&y->job)) {
		int halved;
		i128 a = accumulator(y, oc, sum[0], &halved), with = a;

		if (y->job.res_mode == LXA_RES_RAW)
			with += wrap(r, y->xacc_w);
		if (y->job.kind == LXA_KIND_RAW)
			return wrap(with, y->xacc_w);
		sum[0] += (with >> halved) - (a >> halved);
	} else if (y->job.kind == LXA_KIND_RAW) {
		return wrap(sum[0] + sum[1] * ((i128)1 << y->half_w) + r, 2 * y->half_w);
	} else if (y->job.res_mode == LXA_RES_RAW && layer_dual(y)) {	/* a pair of sums */
		int64_t e = wrap(r, y->half_w);

		sum[0] += e;
		sum[1] += (r - e) / ((int64_t)1 << y->half_w);
	} else if (y->job.res_mode == LXA_RES_RAW) {
		sum[0] += r;
	}
	t = layer_dual(y) ? sum[0] * 32768 + sum[1] * 46341 : sum[0];
	v = (t + p->bias) * p->mult;
	if (p->shift)
		v = (v + ((i128)1 << (p->shift - 1))) >> p->shift;
	if (y->job.res_mode == LXA_RES_VALUE)
		v += residual(&y->job, r);
	return code_of(&y->job, p, v);
}

static void put_element(uint8_t *px, uint32_t bits, uint32_t c, uint64_t v)
{
	uint32_t i;

	for (i = 0; i < bits; i++) {
		uint32_t bit = c * bits + i;

		px[bit / 8] = (uint8_t)((px[bit / 8] & ~(1u << bit % 8)) | (v >> i & 1) << bit % 8);
	}
}

void ref_output(const struct lxa_caps *caps, const struct layer *y, uint8_t *region)
{
	const struct lxa_job *j = &y->job;
	const struct lxa_layout *l = &y->l;
	uint32_t bits = lxa_ofmt_bits(j->out_fmt), n, oy, ox, oc, block_end = l->ocb * l->block_oc;

	(void)caps;
	if (block_end * bits / 8 > l->out_px)
		block_end = l->out_px * 8 / bits;
	for (n = 0; n < j->batch; n++)
		for (oy = 0; oy < l->out_h; oy++)
			for (ox = 0; ox < l->out_w; ox++) {
				uint8_t *px = region + LAYER_GUARD + n * l->out_img + oy * l->out_row + (size_t)ox * l->out_px;

				for (oc = 0; oc < block_end; oc++) {
					int64_t best = INT64_MIN;
					int py, qx;

					for (py = 0; py < j->pool_h && oc < j->out_c; py++)
						for (qx = 0; qx < j->pool_w; qx++) {
							long cy = (long)oy * j->pool_sy + py - j->pool_pt;
							long cx = (long)ox * j->pool_sx + qx - j->pool_pl;
							int64_t c;

							if (cy < 0 || cy >= l->conv_h || cx < 0 || cx >= l->conv_w)
								continue;
							c = conv_code(y, n, oc, (uint32_t)cy, (uint32_t)cx);
							best = c > best ? c : best;
						}
					put_element(px, bits, oc, oc < j->out_c ? (uint64_t)best : 0);
				}
			}
}
