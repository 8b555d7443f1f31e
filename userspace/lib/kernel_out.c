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

int32_t lxa_kernel_code(const struct lxa_job *j, const struct lxa_channel *c, int64_t total)
{
	int64_t t = sign_extend48((int64_t)((uint64_t)total + (uint64_t)c->bias)), v;
	uint64_t round = c->shift ? 1ull << (c->shift - 1) : 0;
	int32_t code = 0;
	int i;

	v = (int64_t)((uint64_t)t * (uint64_t)(int64_t)c->mult + round) >> c->shift;
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
