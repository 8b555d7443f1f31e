/* SPDX-License-Identifier: MIT */
/* kernel_out.c - the device's output stage in plain C (rtl/README.md sections 3 and 4): a sum becomes a code. */
#include <string.h>

#include "kernel.h"

static int64_t sign_extend(uint64_t v, uint32_t bits)
{
	return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

static int64_t clamp64(int64_t v, int64_t lo, int64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static int32_t log_code(const struct lxa_job *j, int64_t v)
{
	uint32_t u = (uint32_t)clamp64(v, 0, UINT32_MAX), n;
	int nearest = (j->conv_flags & LXA_CONV_OUT_NEAREST) != 0, k, e;

	if (!u)
		return 0;
	k = 31 - __builtin_clz(u);
	n = u << (31 - k);
	if (!(j->conv_flags & LXA_CONV_OUT_SQRT2))
		e = k + (nearest && n >= 0xB504F334u);
	else if (nearest)
		e = 2 * k + (n >= 0x9837F052u) + (n >= 0xD744FCCBu);
	else
		e = 2 * k + (n >= 0xB504F334u);
	return (int32_t)clamp64(e + j->log_off, 0, j->log_max);
}

static int64_t scale(int64_t x, int32_t mult, uint32_t shift)
{
	uint64_t round = shift ? 1ull << (shift - 1) : 0;

	return (int64_t)((uint64_t)x * (uint64_t)(int64_t)mult + round) >> shift;
}

int64_t lxa_kernel_residual(const struct lxa_job *j, const uint8_t *px, uint32_t c)
{
	int32_t q = lxa_element_get(px, lxa_fmt_bits(j->res_fmt), c);
	int64_t x = q;
	uint32_t e2;

	if (j->res_fmt == LXA_FMT_LOG4 || j->res_fmt == LXA_FMT_LOG8) {
		e2 = ((uint32_t)q - 1) * (j->conv_flags & LXA_CONV_RES_SQRT2 ? 1 : 2) % 32;
		x = q ? (int64_t)(e2 & 1 ? 46341 : 32768) << (e2 >> 1) : 0;
	} else if (j->res_fmt == LXA_FMT_S8) {
		x = (int8_t)q;
	}
	return scale(x, j->res_mult, j->res_shift);
}

int32_t lxa_kernel_code(const struct lxa_job *j, const struct lxa_channel *c, int64_t total, int64_t value)
{
	int64_t t = sign_extend((uint64_t)total + (uint64_t)c->bias, 48), v;
	int32_t code = 0;
	int i;

	v = (int64_t)((uint64_t)scale(t, c->mult, c->shift) + (uint64_t)value);
	switch (j->kind) {
	case LXA_KIND_LOG:
		return log_code(j, v);
	case LXA_KIND_THRESH:
		v = clamp64(v, INT32_MIN, INT32_MAX - 1);
		for (i = 0; i < j->nthr; i++)
			code += v >= c->thr[i];
		return code;
	default:
		return (int32_t)clamp64(v, j->clamp_lo, j->clamp_hi);
	}
}

/* ---- accumulators ---------------------------------------------------------------------------------------------- */

/* The accumulator as the contract has it, of lane i of a tile's pixel p. */
static uint64_t slot(const struct lxa_kernel *k, const struct kscratch *t, uint32_t p, uint32_t i, uint32_t oc)
{
	uint32_t cols = k->sum == KSUM_DUAL ? 2 * k->pass_groups : k->pass_groups, at;
	uint64_t lo, hi;

	if (k->sum == KSUM_SLOT)
		return (uint64_t)t->slot[p * KGROUP + i];
	if (k->sum == KSUM_DUAL) {
		at = (p * cols + 2 * (i / KGROUP)) * KGROUP + i % KGROUP;
		lo = (uint64_t)(int64_t)t->lo[at] << k->wshift[oc];
		hi = (uint64_t)(int64_t)t->lo[at + KGROUP] << k->wshift[oc];
		return lo + (hi << k->l->caps.half_w);
	}
	at = p * cols * KGROUP + i;
	lo = (uint64_t)(int64_t)t->lo[at];
	if (k->sum == KSUM_WIDE)
		lo += (uint64_t)(int64_t)t->hi[at] << 16;
	return lo << k->wshift[oc];
}

/* How it is read. */
static int64_t total(const struct lxa_kernel *k, uint64_t s)
{
	uint32_t h = k->l->caps.half_w;
	int64_t e, o;

	if (k->lay.lane) {
		e = sign_extend(s, k->l->caps.xacc_w);
		return k->lay.halve ? e >> 1 : e;
	}
	if (!lxa_layer_dual(&k->job))
		return sign_extend(s, 48);
	e = sign_extend(s, h);
	o = sign_extend((s - (uint64_t)e) >> h, h);
	return e * 32768 + o * 46341;
}

static void put64(uint8_t *px, uint32_t c, int64_t v)
{
	memcpy(px + 8 * (size_t)c, &v, 8);
}

static void one(const struct lxa_kernel *k, const struct ktile *t, uint32_t p, uint32_t oc, uint64_t s, uint8_t *px)
{
	const struct lxa_job *j = &k->job;
	uint32_t bits = lxa_ofmt_bits(j->out_fmt);
	int64_t value = 0, r;

	if (oc < j->out_c && j->res_mode == LXA_RES_RAW) {
		memcpy(&r, t->res[p] + 8 * (size_t)oc, 8);
		s += (uint64_t)r;
	}
	if (j->kind == LXA_KIND_RAW) {
		put64(px, oc, oc < j->out_c ? sign_extend(s, k->lay.lane ? k->l->caps.xacc_w : 2 * k->l->caps.half_w) : 0);
		return;
	}
	if (oc >= j->out_c)
		return;
	if (j->res_mode == LXA_RES_VALUE)
		value = lxa_kernel_residual(j, t->res[p], oc);
	lxa_element_or(px, bits, oc, lxa_kernel_code(j, &k->l->chan[oc], total(k, s), value));
}

void lxa_kernel_out_one(const struct lxa_kernel *k, const struct kband *b, const struct ktile *t, uint32_t pass, uint32_t p)
{
	uint32_t lanes = k->pass_groups * KGROUP, first = pass * lanes, i;
	uint32_t bits = lxa_ofmt_bits(k->job.out_fmt), from = first * bits / 8, to = from + lanes * bits / 8;

	if (to > k->written)
		to = k->written;
	if (from >= to)
		return;
	memset(t->dst[p] + from, 0, to - from);
	for (i = 0; i < lanes && (first + i + 1) * bits <= to * 8; i++)
		one(k, t, p, first + i, slot(k, b->t, p, i, first + i), t->dst[p]);
}

void lxa_kernel_out_plain(const struct lxa_kernel *k, const struct kband *b, const struct ktile *t, uint32_t pass)
{
	uint32_t p;

	for (p = 0; p < t->n; p++)
		lxa_kernel_out_one(k, b, t, pass, p);
}
