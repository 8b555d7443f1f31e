/* SPDX-License-Identifier: MIT */
/*
 * kernel_kout.c - the constants of the output stage as vector kernels read them, and the proof of when 32-bit arithmetic is
 * exact: from the largest total and each channel's constants.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "kernel.h"

/* Largest |T| of a channel. */
static int64_t total_most(const struct lxa_kernel *k, uint32_t oc)
{
	const struct lxa_layout *y = &k->lay;
	int64_t planes = 2;

	if (!y->lane)
		return k->l->bound[oc];
	if (k->job.act_fmt == LXA_FMT_N4)
		planes <<= k->job.act_bits;
	if (k->job.wgt_fmt == LXA_WFMT_BITS)
		planes <<= k->job.wgt_bits;
	return planes * y->passes * y->icb * y->block_ic * k->job.kh * k->job.kw;
}

static int fits32(__int128 v)
{
	return v <= INT32_MAX && v >= INT32_MIN;
}

static __int128 scale_up(const struct lxa_channel *c, __int128 t)
{
	return ((t + c->bias) * c->mult + (c->shift ? (__int128)1 << (c->shift - 1) : 0)) >> c->shift;
}

static __int128 div_floor(__int128 a, __int128 b)
{
	return a / b - (a % b && (a < 0) != (b < 0));
}

/* Threshold i of a channel on T itself: T ^ flip >= *thr, or 1 when no 32-bit threshold says so. */
static void fold_threshold(const struct lxa_channel *c, int i, int32_t *flip, int32_t *thr)
{
	__int128 round = c->shift ? (__int128)1 << (c->shift - 1) : 0, at = ((__int128)c->thr[i] << c->shift) - round, t;

	*flip = c->mult < 0 ? -1 : 0;
	if (c->thr[i] == INT32_MIN || (!c->mult && at <= 0 && c->thr[i] != INT32_MAX)) {
		t = INT32_MIN;				/* always: every T and every ~T is at least that */
	} else if (c->thr[i] == INT32_MAX || !c->mult) {
		t = (__int128)INT32_MAX + 1;		/* never */
	} else if (c->mult > 0) {
		t = -div_floor(-at, c->mult) - c->bias;	/* T >= ceil(at / mult) - bias */
	} else {
		t = ~(div_floor(at, c->mult) - c->bias);	/* T <= floor(at / mult) - bias, of the complement */
	}
	*thr = t < INT32_MIN ? INT32_MIN : t > INT32_MAX ? INT32_MAX : (int32_t)t;
}

/* "Never" as a 32-bit threshold is INT32_MAX: right as long as no total and no complement is that large. */
static int thresholds_fit(const struct lxa_kernel *k)
{
	uint32_t oc;

	for (oc = 0; oc < k->job.out_c; oc++)
		if (total_most(k, oc) >= INT32_MAX)
			return 0;
	return k->sum == KSUM_32;
}

static int is_narrow(const struct lxa_kernel *k)
{
	uint32_t oc;

	for (oc = 0; oc < k->job.out_c; oc++) {
		const struct lxa_channel *c = &k->l->chan[oc];
		int64_t most = total_most(k, oc);

		if (c->shift > 32 || !fits32(scale_up(c, most)) || !fits32(scale_up(c, -most)))
			return 0;
	}
	return 1;
}

/* What a channel's lo and its other part are multiplied with; 0 when one does not fit. */
static int products(const struct lxa_kernel *k, uint32_t oc, int32_t mult, int32_t *ma, int32_t *mb)
{
	int64_t a = mult, b = 0;

	if (k->sum == KSUM_WIDE)
		b = (int64_t)mult * 65536;
	if (k->sum == KSUM_DUAL) {
		a = (int64_t)mult * 32768;
		b = (int64_t)mult * 46341;
	}
	a *= (int64_t)1 << k->wshift[oc];
	b *= (int64_t)1 << k->wshift[oc];
	*ma = (int32_t)a;
	*mb = (int32_t)b;
	return *ma == a && *mb == b;
}

/* T * mult, the constant added and their sum are integers below 2^53. */
static int fits_doubles(const struct lxa_kernel *k)
{
	uint32_t oc;

	for (oc = 0; oc < k->job.out_c; oc++) {
		const struct lxa_channel *c = &k->l->chan[oc];
		__int128 most = (__int128)total_most(k, oc) + 1, add = (__int128)c->bias * c->mult;

		most *= c->mult < 0 ? -c->mult : c->mult;
		most += (add < 0 ? -add : add) + (c->shift ? (__int128)1 << (c->shift - 1) : 0);
		if (most >= (__int128)1 << 53)
			return 0;
	}
	return 1;
}

/* May codes be read off floats? One rounding of T + bias, one of the product: no sums of parts that could cancel out. */
static int is_quick(const struct kout *o, const struct lxa_kernel *k)
{
	const struct lxa_job *j = &k->job;
	uint32_t oc;

	if (j->kind != LXA_KIND_LOG || j->conv_flags & LXA_CONV_OUT_SQRT2 || j->log_off > -11 || j->log_off + 31 < j->log_max ||
	    o->shifted || k->lay.lane ||
	    !o->products || !(k->sum == KSUM_32 || (k->sum == KSUM_WIDE && !o->shifted)))
		return 0;
	for (oc = 0; k->sum == KSUM_32 && oc < j->out_c; oc++)
		if (!fits32((__int128)total_most(k, oc) + k->l->chan[oc].bias) ||
		    !fits32((__int128)k->l->chan[oc].bias - total_most(k, oc)) || !fits32(k->l->chan[oc].bias))
			return 0;
	return 1;
}

static void fill_quick(struct kout *o, const struct lxa_kernel *k)
{
	const struct lxa_job *j = &k->job;
	uint32_t oc;

	/* 1.0 has the code log_off; rounding to nearest moves the bounds down by half an octave, to the bits of sqrt(1/2) */
	o->quick_add = (int32_t)j->log_off * (1 << 23) - (j->conv_flags & LXA_CONV_OUT_NEAREST ? 0x3f3504f3 : 0x3f800000) +
		       KQUICK_NEAR;
	o->quick_least = KQUICK_ZERO - o->quick_add;
	o->quick_most = (j->log_max << 23) + KQUICK_ZERO;
	for (oc = 0; oc < j->out_c; oc++) {
		const struct lxa_channel *c = &k->l->chan[oc];

		o->scale[oc] = ldexpf((float)c->mult, -(int)c->shift);
		o->bias_lo[oc] = (int32_t)(k->sum == KSUM_WIDE ? c->bias & 0xffff : c->bias);
		o->bias_hi[oc] = k->sum == KSUM_WIDE ? (int32_t)(c->bias >> 16) : 0;
	}
}

static void fill(struct kout *o, const struct lxa_kernel *k, uint32_t oc)
{
	static const struct lxa_channel none;
	const struct lxa_channel *c = oc < k->job.out_c ? &k->l->chan[oc] : &none;
	uint32_t lane = oc % KGROUP, at = oc - lane + (lane & 1) * 8 + lane / 2;
	int i;

	o->mult[oc] = c->mult;
	o->add[oc] = (int64_t)((uint64_t)c->bias * (uint64_t)(int64_t)c->mult + (c->shift ? 1ull << (c->shift - 1) : 0));
	o->shift[oc] = c->shift;
	o->products &= products(k, oc, c->mult, &o->ma_eo[2 * at], &o->mb_eo[2 * at]);
	o->add_eo[at] = o->add[oc];
	o->shift_eo[at] = c->shift;
	o->left_eo[at] = (int64_t)32 - c->shift;
	o->wshift[oc] = k->wshift[oc];
	o->dmult[oc] = c->mult;
	o->dadd[oc] = (double)o->add[oc];
	o->dscale[oc] = ldexp(1, -(int)c->shift);
	o->wscale[oc] = ldexp(1, o->wshift[oc]);
	for (i = 0; i < k->job.nthr; i++) {
		fold_threshold(c, i, &o->flip[oc], &o->thr[(size_t)i * k->groups * KGROUP + oc]);
		o->thr_value[(size_t)i * k->groups * KGROUP + oc] = c->thr[i];
	}
	if (oc < k->job.out_c)
		o->valid[oc / KGROUP] |= (uint16_t)(1u << lane);
}

static void *room(size_t n)
{
	void *p = aligned_alloc(64, lxa_round_up(n, 64));

	if (p)
		__builtin_memset(p, 0, n);
	return p;
}

int lxa_kout_create(struct lxa_kernel *k)
{
	struct kout *o = calloc(1, sizeof(*o));
	size_t n = (size_t)k->groups * KGROUP;
	uint32_t oc;

	if (!o)
		return -ENOMEM;
	k->kout = o;
	o->mult = room(8 * n);
	o->add = room(8 * n);
	o->shift = room(8 * n);
	o->ma_eo = room(8 * n);
	o->mb_eo = room(8 * n);
	o->left_eo = room(8 * n);
	o->add_eo = room(8 * n);
	o->shift_eo = room(8 * n);
	o->flip = room(4 * n);
	o->wshift = room(4 * n);
	o->thr = room(4 * n * (k->job.nthr ? k->job.nthr : 1));
	o->thr_value = room(4 * n * (k->job.nthr ? k->job.nthr : 1));
	o->dmult = room(8 * n);
	o->dadd = room(8 * n);
	o->dscale = room(8 * n);
	o->wscale = room(8 * n);
	o->scale = room(4 * n);
	o->bias_lo = room(4 * n);
	o->bias_hi = room(4 * n);
	o->valid = calloc(k->groups, sizeof(*o->valid));
	if (!o->mult || !o->add || !o->shift || !o->ma_eo || !o->mb_eo || !o->left_eo || !o->add_eo || !o->shift_eo || !o->flip || !o->wshift || !o->thr ||
	    !o->thr_value || !o->dmult || !o->dadd || !o->dscale || !o->wscale || !o->scale || !o->bias_lo ||
	    !o->bias_hi || !o->valid)
		return -ENOMEM;
	o->products = 1;
	for (oc = 0; oc < n; oc++)
		fill(o, k, oc);
	o->narrow = o->products && is_narrow(k);
	o->doubles = fits_doubles(k);
	o->thr_fast = k->job.kind == LXA_KIND_THRESH && thresholds_fit(k);
	for (oc = 0; oc < n; oc++)
		o->shifted |= o->wshift[oc] != 0;
	o->quick = is_quick(o, k);
	if (o->quick)
		fill_quick(o, k);
	return 0;
}

void lxa_kout_free(struct kout *o)
{
	if (!o)
		return;
	free(o->mult);
	free(o->add);
	free(o->shift);
	free(o->ma_eo);
	free(o->mb_eo);
	free(o->left_eo);
	free(o->add_eo);
	free(o->shift_eo);
	free(o->flip);
	free(o->wshift);
	free(o->thr);
	free(o->thr_value);
	free(o->dmult);
	free(o->dadd);
	free(o->dscale);
	free(o->wscale);
	free(o->scale);
	free(o->bias_lo);
	free(o->bias_hi);
	free(o->valid);
	free(o);
}
