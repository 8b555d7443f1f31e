/* SPDX-License-Identifier: MIT */
/* kernel_out.c - the device's output stage in plain C (rtl/README.md section 4): a total becomes a code. */
#include "kernel.h"

static int64_t sign_extend48(int64_t v)
{
	return (int64_t)((uint64_t)v << 16) >> 16;
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
	int64_t t = sign_extend48((int64_t)((uint64_t)total + (uint64_t)c->bias)), v;
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
