/* SPDX-License-Identifier: MIT */
/*
 * bound.c - proves from the actual weights that no sum of a layer can leave the device's accumulators.
 *
 * For each output channel the magnitudes of all contributions are added, each with the largest activation: whatever the
 * data and whatever the order of addition, no partial sum is larger. In base sqrt(2) the even and the odd sum are
 * bounded apart, because they live in halves of one accumulator.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "lxa_layer.h"

struct act_range {			/* largest activation: magnitude and half octave, by parity; 0 = none */
	uint64_t even, odd;
};

static uint64_t pow2_half(int e2)
{
	return 1ull << (e2 >> 1);
}

/* The largest even and odd power of two that an activation code up to `max` has. */
static struct act_range act_range(const struct lxa_job *j, int max)
{
	struct act_range r = { 0, 0 };
	int q, step = j->conv_flags & LXA_CONV_ACT_SQRT2 ? 1 : 2;

	if (!lxa_layer_is_log(j)) {
		r.even = (uint64_t)max;
		return r;
	}
	for (q = 1; q <= max; q++) {
		int e2 = (q - 1) * step;

		if (e2 & 1)
			r.odd = pow2_half(e2);
		else
			r.even = pow2_half(e2);
	}
	return r;
}

/* What one weight can add to the even and the odd sum. */
static struct act_range contribution(const struct lxa_job *j, int8_t w, struct act_range a)
{
	int q = w & 0x7f, e2 = (q - 1) * (j->conv_flags & LXA_CONV_WGT_SQRT2 ? 1 : 2);
	struct act_range c = { 0, 0 };

	if (j->wgt_fmt == LXA_WFMT_S8) {
		c.even = a.even * (uint64_t)abs(w);
		c.odd = a.odd * (uint64_t)abs(w);
	} else if (q && e2 & 1) {
		c.odd = a.even << (e2 >> 1);
		c.even = a.odd << ((e2 >> 1) + 1);	/* sqrt(2) * sqrt(2) = 2 */
	} else if (q) {
		c.even = a.even << (e2 >> 1);
		c.odd = a.odd << (e2 >> 1);
	}
	return c;
}

static int too_big(const struct lxa_layer *l, struct lxa_err *err, uint32_t oc, const char *which, uint64_t sum,
		   uint32_t width)
{
	return lxa_err_set(err, -ERANGE, "output channel %u: with these weights the %s can reach %" PRIu64
			   " (2^%.2f), the device's accumulator holds less than 2^%u", oc, which, sum,
				   log2((double)sum),
			   width - 1);
}

static int bound_shift(struct lxa_layer *l, struct lxa_err *err)
{
	const struct lxa_job *j = &l->job;
	size_t n = (size_t)j->in_c / j->groups * j->kh * j->kw, i;
	struct act_range a = act_range(j, l->act_max);
	int dual = lxa_layer_dual(j);
	uint64_t top = 1;
	uint32_t oc;

	for (oc = 0; oc < j->out_c; oc++) {
		struct act_range sum = { 0, 0 };

		for (i = 0; i < n; i++) {
			struct act_range c = contribution(j, l->codes[oc * n + i], a);

			sum.even += c.even;
			sum.odd += c.odd;
		}
		if (!dual && sum.even >= 1ull << (l->caps.acc_w - 1))
			return too_big(l, err, oc, "sum", sum.even, l->caps.acc_w);
		if (dual && sum.even >= 1ull << (l->caps.half_w - 1))
			return too_big(l, err, oc, "sum of even exponents", sum.even, l->caps.half_w);
		if (dual && sum.odd >= 1ull << (l->caps.half_w - 1))
			return too_big(l, err, oc, "sum of odd exponents", sum.odd, l->caps.half_w);
		l->bound[oc] = (int64_t)(dual ? sum.even * 32768 + sum.odd * 46341 : sum.even);
		top = sum.even > top ? sum.even : top;
		top = sum.odd > top ? sum.odd : top;
	}
	l->sum_bits = log2((double)top);
	return 0;
}

/* A weight's integer, where sums are of one kind. */
static int64_t weight_value(const struct lxa_job *j, int8_t w)
{
	int q = w & 0x7f;

	if (j->wgt_fmt != LXA_WFMT_LOG)
		return w;
	return q ? (w < 0 ? -1 : 1) * ((int64_t)1 << (q - 1)) : 0;
}

/*
 * Bit planes: the accumulator's A is 2S - P, S - P or S (rtl/README.md section 3), with P from the weights alone. What T = A, or
 * A >> 1, lacks to S goes into the bias.
 */
static int bound_planes(struct lxa_layer *l, struct lxa_err *err)
{
	const struct lxa_job *j = &l->job;
	size_t n = (size_t)j->in_c / j->groups * j->kh * j->kw, i;
	int64_t f = j->act_fmt != LXA_FMT_N4 ? 0 : j->conv_flags & LXA_CONV_ACT_SIGNED ? -1 : (1 << j->act_bits) - 1;
	int twice = j->act_fmt == LXA_FMT_N4 && j->wgt_fmt == LXA_WFMT_BITS;
	uint64_t top = 1;
	uint32_t oc;

	for (oc = 0; oc < j->out_c; oc++) {
		int64_t sum = 0, p = 0, most;

		for (i = 0; i < n; i++) {
			int8_t w = l->codes[oc * n + i];

			sum += abs(w);
			p += j->wgt_fmt == LXA_WFMT_B1 ? w > 0 : w;
		}
		p *= f;
		l->bound[oc] = sum * l->act_max;
		l->corr[oc] = twice ? (p >> 1) + (p & 1) : p;
		most = (twice ? 2 : 1) * l->bound[oc] + llabs(p);
		if (most >= 1ll << (l->caps.xacc_w - 1))
			return too_big(l, err, oc, "sum", (uint64_t)most, l->caps.xacc_w);
		top = (uint64_t)most > top ? (uint64_t)most : top;
	}
	l->sum_bits = log2((double)top);
	return 0;
}

int lxa_bound_offset(struct lxa_layer *l, int offset)
{
	const struct lxa_job *j = &l->job;
	size_t n = (size_t)j->in_c / j->groups * j->kh * j->kw, i;
	uint32_t oc;

	if (!offset)
		return 1;
	if (lxa_layer_is_log(j) || lxa_layer_dual(j) || j->pad_t || j->pad_l || j->pad_b || j->pad_r)
		return 0;
	for (oc = 0; oc < j->out_c; oc++)
		for (i = 0; i < n; i++) {
			int64_t w = weight_value(j, l->codes[oc * n + i]);

			l->corr[oc] += offset * w;
			l->bound[oc] += llabs(offset * w);
		}
	return 1;
}

int lxa_bound_sums(struct lxa_layer *l, struct lxa_err *err)
{
	const struct lxa_job *j = &l->job;
	uint32_t oc, k;

	if (lxa_layer_planes(j))
		return bound_planes(l, err);
	if (j->act_fmt != LXA_FMT_B1)
		return bound_shift(l, err);
	k = (uint32_t)j->kh * j->kw * (j->in_c / j->groups);
	/* the accumulator also takes the channels outside the group, twice, before they cancel */
	if ((uint64_t)j->kh * j->kw * j->in_c * l->lay.passes >= 1ull << (l->caps.xacc_w - 1))
		return too_big(l, err, 0, "sum", (uint64_t)j->kh * j->kw * j->in_c * l->lay.passes, l->caps.xacc_w);
	for (oc = 0; oc < j->out_c; oc++)
		l->bound[oc] = k;
	l->sum_bits = log2(k);
	return 0;
}

int lxa_bound_totals(const struct lxa_layer *l, struct lxa_err *err)
{
	uint32_t oc;

	for (oc = 0; oc < l->job.out_c; oc++) {
		int64_t b = l->chan[oc].bias;
		/* |b| of a nonsense bias must not overflow the check itself */
		uint64_t sum = (uint64_t)l->bound[oc] + (b < 0 ? 0 - (uint64_t)b : (uint64_t)b);

		if (sum >= 1ull << (l->caps.acc_w - 1))
			return lxa_err_set(err, -ERANGE, "output channel %u: sum plus bias can reach %" PRIu64
					   " (bias %" PRId64 "), the output stage holds less than 2^%u", oc, sum, b,
					   l->caps.acc_w - 1);
	}
	return 0;
}
