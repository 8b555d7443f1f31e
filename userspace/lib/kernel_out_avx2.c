/* SPDX-License-Identifier: MIT */
/*
 * kernel_out_avx2.c - the output stage of 16 channels at a time, as kernel_out_avx512.c. Without 64-bit shifts and products, totals
 * of more than 32 bits go through doubles, where kernel_kout.c has shown that those are exact; else the plain way.
 */
#include <string.h>

#include "kernel.h"

#if defined(__x86_64__)
#pragma GCC target("avx2")
#pragma GCC optimize("O3")
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

INLINE __m256i load(const void *p)
{
	return _mm256_load_si256(p);
}

/* v of 8 channels by 32-bit products, where all values fit 32 bits. */
INLINE __m256i value32(enum ksum sum, const struct kout *o, uint32_t g, uint32_t half, int halve, const int32_t *lo,
		       const int32_t *hi)
{
	uint32_t at = g * KGROUP + 4 * half;
	__m256i a = load(lo + 8 * half), b, e, od;

	if (halve)
		a = _mm256_srai_epi32(a, 1);
	e = _mm256_add_epi64(_mm256_mul_epi32(a, load(o->ma_eo + 2 * at)), load(o->add_eo + at));
	od = _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(a, 32), load(o->ma_eo + 2 * at + 16)), load(o->add_eo + at + 8));
	if (sum == KSUM_WIDE || sum == KSUM_DUAL) {
		b = load((sum == KSUM_WIDE ? hi : lo + KGROUP) + 8 * half);
		e = _mm256_add_epi64(e, _mm256_mul_epi32(b, load(o->mb_eo + 2 * at)));
		od = _mm256_add_epi64(od, _mm256_mul_epi32(_mm256_srli_epi64(b, 32), load(o->mb_eo + 2 * at + 16)));
	}
	e = _mm256_srlv_epi64(e, load(o->shift_eo + at));
	od = _mm256_sllv_epi64(od, load(o->left_eo + at + 8));
	return _mm256_blend_epi32(e, od, 0xaa);
}

/* T of 4 channels as doubles; they are below 2^47. */
INLINE __m256d total_pd(enum ksum sum, const struct kout *o, uint32_t at, uint32_t q, const int32_t *lo, const int32_t *hi)
{
	__m256d a = _mm256_cvtepi32_pd(_mm_load_si128((const void *)(lo + 4 * q))), b;

	if (sum == KSUM_WIDE) {
		b = _mm256_cvtepi32_pd(_mm_load_si128((const void *)(hi + 4 * q)));
		a = _mm256_add_pd(a, _mm256_mul_pd(b, _mm256_set1_pd(65536)));
	} else if (sum == KSUM_DUAL) {
		b = _mm256_cvtepi32_pd(_mm_load_si128((const void *)(lo + KGROUP + 4 * q)));
		a = _mm256_add_pd(_mm256_mul_pd(a, _mm256_set1_pd(32768)), _mm256_mul_pd(b, _mm256_set1_pd(46341)));
	}
	return o->shifted ? _mm256_mul_pd(a, _mm256_load_pd(o->wscale + at + 4 * q)) : a;
}

/* v of 8 channels by doubles; log: unsigned. */
INLINE __m256i value_pd(int kind, enum ksum sum, const struct kout *o, uint32_t g, uint32_t half, int halve, const int32_t *lo,
			const int32_t *hi)
{
	uint32_t at = g * KGROUP, i;
	__m128i part[2];

	for (i = 0; i < 2; i++) {
		uint32_t q = 2 * half + i;
		__m256d v = total_pd(sum, o, at, q, lo, hi);

		if (halve)
			v = _mm256_floor_pd(_mm256_mul_pd(v, _mm256_set1_pd(0.5)));
		v = _mm256_add_pd(_mm256_mul_pd(v, _mm256_load_pd(o->dmult + at + 4 * q)), _mm256_load_pd(o->dadd + at + 4 * q));
		v = _mm256_floor_pd(_mm256_mul_pd(v, _mm256_load_pd(o->dscale + at + 4 * q)));
		if (kind == LXA_KIND_LOG) {
			v = _mm256_min_pd(_mm256_max_pd(v, _mm256_setzero_pd()), _mm256_set1_pd(4294967295.0));
			v = _mm256_sub_pd(v, _mm256_set1_pd(2147483648.0));
		} else {
			v = _mm256_min_pd(_mm256_max_pd(v, _mm256_set1_pd(-2147483648.0)), _mm256_set1_pd(2147483647.0));
		}
		part[i] = _mm256_cvtpd_epi32(v);
	}
	return kind == LXA_KIND_LOG ? _mm256_xor_si256(_mm256_set_m128i(part[1], part[0]), _mm256_set1_epi32(INT32_MIN)) :
				      _mm256_set_m128i(part[1], part[0]);
}

/* 1 where n >= c, unsigned; n has its top bit set. */
INLINE __m256i above(__m256i n, uint32_t c)
{
	return _mm256_srli_epi32(_mm256_cmpgt_epi32(n, _mm256_set1_epi32((int)(c - 1))), 31);
}

/* The log code of unsigned values. The leading one's place is the exponent of u / 2 as a float, its bits thinned to not round up. */
INLINE __m256i log_code(__m256i u, int sqrt2, int nearest, __m256i off, __m256i max)
{
	const __m256i zero = _mm256_setzero_si256();
	__m256i z = _mm256_srli_epi32(u, 1), k, n, e;

	z = _mm256_andnot_si256(_mm256_srli_epi32(z, 1), z);
	k = _mm256_srli_epi32(_mm256_castps_si256(_mm256_cvtepi32_ps(z)), 23);
	k = _mm256_max_epi32(_mm256_sub_epi32(k, _mm256_set1_epi32(126)), zero);
	e = _mm256_add_epi32(sqrt2 ? _mm256_add_epi32(k, k) : k, off);
	if (sqrt2 || nearest) {
		n = _mm256_sllv_epi32(u, _mm256_sub_epi32(_mm256_set1_epi32(31), k));
		if (sqrt2 && nearest)
			e = _mm256_add_epi32(e, _mm256_add_epi32(above(n, 0x9837F052u), above(n, 0xD744FCCBu)));
		else
			e = _mm256_add_epi32(e, above(n, 0xB504F334u));
	}
	e = _mm256_min_epi32(_mm256_max_epi32(e, zero), max);
	return _mm256_andnot_si256(_mm256_cmpeq_epi32(u, zero), e);
}

/* The low bits of 16 codes; room: bytes of the pixel from here on that may be written. */
INLINE void put(uint32_t bits, __m256i c0, __m256i c1, uint8_t *dst, uint32_t room)
{
	uint32_t bytes = KGROUP * bits / 8;
	_Alignas(32) uint8_t part[64];
	uint8_t *to = room >= bytes ? dst : part;
	__m256i w;
	__m128i b;

	if (bits == 32) {
		_mm256_storeu_si256((void *)to, c0);
		_mm256_storeu_si256((void *)(to + 32), c1);
	} else {
		c0 = _mm256_and_si256(c0, _mm256_set1_epi32(255));
		c1 = _mm256_and_si256(c1, _mm256_set1_epi32(255));
		w = _mm256_permute4x64_epi64(_mm256_packus_epi32(c0, c1), 0xd8);
		b = _mm_packus_epi16(_mm256_castsi256_si128(w), _mm256_extracti128_si256(w, 1));
		if (bits == 8) {
			_mm_storeu_si128((void *)to, b);
		} else if (bits == 4) {
			b = _mm_maddubs_epi16(b, _mm_set1_epi16(0x1001));
			_mm_storel_epi64((void *)to, _mm_packus_epi16(b, b));
		} else {
			uint16_t m = (uint16_t)_mm_movemask_epi8(_mm_slli_epi16(b, 7));

			memcpy(to, &m, 2);
		}
	}
	if (to == part)
		memcpy(dst, part, room);
}

struct valid {
	__m256i lane[2];
};

INLINE struct valid valid_lanes(uint16_t m)
{
	const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
	struct valid v;

	v.lane[0] = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(m & 255), bit), bit);
	v.lane[1] = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(m >> 8), bit), bit);
	return v;
}

#define ARGS const struct lxa_kernel *k, const struct kband *b, const struct ktile *t, uint32_t pass

/* A pass is one group here. */
INLINE void group(int kind, int narrow, enum ksum sum, uint32_t bits, int sqrt2, int nearest, ARGS)
{
	const struct kout *o = k->kout;
	uint32_t stride = (sum == KSUM_DUAL ? 2 : 1) * KGROUP, from = pass * KGROUP * bits / 8, room = k->written - from, p, h;
	const __m256i off = _mm256_set1_epi32(k->job.log_off), max = _mm256_set1_epi32(k->job.log_max);
	const __m256i least = _mm256_set1_epi32(k->job.clamp_lo), most = _mm256_set1_epi32(k->job.clamp_hi);
	struct valid valid = valid_lanes(o->valid[pass]);
	__m256i c[2];

	for (p = 0; p < t->n; p++) {
		const int32_t *lo = b->t->lo + p * stride, *hi = b->t->hi + p * stride;

		for (h = 0; h < 2; h++) {
			__m256i v;

			if (narrow) {
				v = value32(sum, o, pass, h, k->lay.halve, lo, hi);
				if (kind == LXA_KIND_LOG)
					v = _mm256_max_epi32(v, _mm256_setzero_si256());
			} else {
				v = value_pd(kind, sum, o, pass, h, k->lay.halve, lo, hi);
			}
			if (kind == LXA_KIND_LOG)
				v = log_code(v, sqrt2, nearest, off, max);
			else
				v = _mm256_min_epi32(_mm256_max_epi32(v, least), most);
			c[h] = _mm256_and_si256(v, valid.lane[h]);
		}
		put(bits, c[0], c[1], t->dst[p] + from, room);
	}
}

/* Log codes read off floats (struct kout): exact, because pixels with a value near a bound are done again the plain way. */
INLINE void group_quick(int wide, ARGS)
{
	const struct kout *o = k->kout;
	const __m256 half = _mm256_set1_ps(0.5f), unit = _mm256_set1_ps(65536);
	const __m256i add = _mm256_set1_epi32(o->quick_add), least = _mm256_set1_epi32(o->quick_least);
	const __m256i most = _mm256_set1_epi32(o->quick_most), near = _mm256_set1_epi32(0x7fffff & ~(2 * KQUICK_NEAR - 1));
	uint32_t at = pass * KGROUP, from = at / 2, room = k->written - from, p, h;

	for (p = 0; p < t->n; p++) {
		__m256i c[2], risk = _mm256_setzero_si256();

		for (h = 0; h < 2; h++) {
			uint32_t l = p * KGROUP + 8 * h, ch = at + 8 * h;
			__m256i x = wide ? load(b->t->lo + l) : _mm256_sllv_epi32(load(b->t->lo + l), load(o->wshift + ch));
			__m256 f = _mm256_cvtepi32_ps(_mm256_add_epi32(x, load(o->bias_lo + ch)));

			if (wide)
				f = _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_add_epi32(load(b->t->hi + l),
												load(o->bias_hi + ch))),
								unit), f);
			f = _mm256_add_ps(_mm256_mul_ps(f, _mm256_load_ps(o->scale + ch)), half);
			x = _mm256_add_epi32(_mm256_max_epi32(_mm256_castps_si256(f), least), add);
			x = _mm256_min_epi32(x, most);
			risk = _mm256_or_si256(risk, _mm256_cmpeq_epi32(_mm256_and_si256(x, near), _mm256_setzero_si256()));
			c[h] = _mm256_srli_epi32(x, 23);
		}
		if (__builtin_expect(!_mm256_testz_si256(risk, risk), 0))
			lxa_kernel_out_one(k, b, t, pass, p);
		else
			put(4, c[0], c[1], t->dst[p] + from, room);
	}
}

/* Thresholds on 32-bit totals (fast) or on values. */
INLINE void group_thr(int fast, enum ksum sum, uint32_t bits, ARGS)
{
	const struct kout *o = k->kout;
	uint32_t stride = (sum == KSUM_DUAL ? 2 : 1) * KGROUP, from = pass * KGROUP * bits / 8, room = k->written - from, p, h, i;
	size_t n = (size_t)k->groups * KGROUP;
	struct valid valid = valid_lanes(o->valid[pass]);
	__m256i c[2];

	for (p = 0; p < t->n; p++) {
		const int32_t *lo = b->t->lo + p * stride, *hi = b->t->hi + p * stride;

		for (h = 0; h < 2; h++) {
			const int32_t *thr = (fast ? o->thr : o->thr_value) + pass * KGROUP + 8 * h;
			__m256i v, below = _mm256_setzero_si256();

			if (fast) {
				v = load(lo + 8 * h);
				if (o->shifted)
					v = _mm256_sllv_epi32(v, load(o->wshift + pass * KGROUP + 8 * h));
				if (k->lay.halve)
					v = _mm256_srai_epi32(v, 1);
				v = _mm256_xor_si256(v, load(o->flip + pass * KGROUP + 8 * h));
			} else {
				v = _mm256_min_epi32(value_pd(LXA_KIND_THRESH, sum, o, pass, h, k->lay.halve, lo, hi),
						     _mm256_set1_epi32(INT32_MAX - 1));
			}
			for (i = 0; i < k->job.nthr; i++)	/* -1 for each threshold above v */
				below = _mm256_add_epi32(below, _mm256_cmpgt_epi32(load(thr + i * n), v));
			c[h] = _mm256_and_si256(_mm256_add_epi32(_mm256_set1_epi32(k->job.nthr), below), valid.lane[h]);
		}
		put(bits, c[0], c[1], t->dst[p] + from, room);
	}
}

static int outside(const struct lxa_kernel *k, uint32_t pass)
{
	return pass * KGROUP * lxa_ofmt_bits(k->job.out_fmt) / 8 >= k->written;
}

INLINE void logs(int narrow, enum ksum sum, uint32_t bits, ARGS)
{
	int mode = (k->job.conv_flags & LXA_CONV_OUT_SQRT2 ? 2 : 0) + (k->job.conv_flags & LXA_CONV_OUT_NEAREST ? 1 : 0);

	if (outside(k, pass))
		return;
	switch (mode) {
	case 0:
		group(LXA_KIND_LOG, narrow, sum, bits, 0, 0, k, b, t, pass);
		break;
	case 1:
		group(LXA_KIND_LOG, narrow, sum, bits, 0, 1, k, b, t, pass);
		break;
	case 2:
		group(LXA_KIND_LOG, narrow, sum, bits, 1, 0, k, b, t, pass);
		break;
	default:
		group(LXA_KIND_LOG, narrow, sum, bits, 1, 1, k, b, t, pass);
	}
}

#define LOG_FN(name, narrow, sum) static void name(ARGS) { logs(narrow, sum, 4, k, b, t, pass); }
LOG_FN(log_32, 1, KSUM_32)
LOG_FN(log_wide_narrow, 1, KSUM_WIDE)
LOG_FN(log_wide, 0, KSUM_WIDE)
LOG_FN(log_dual_narrow, 1, KSUM_DUAL)
LOG_FN(log_dual, 0, KSUM_DUAL)

static void log_quick(ARGS)
{
	if (!outside(k, pass))
		group_quick(0, k, b, t, pass);
}

static void log_quick_wide(ARGS)
{
	if (!outside(k, pass))
		group_quick(1, k, b, t, pass);
}

static void any_log(ARGS)
{
	logs(k->kout->narrow, k->sum, lxa_ofmt_bits(k->job.out_fmt), k, b, t, pass);
}

static void any_int(ARGS)
{
	if (!outside(k, pass))
		group(LXA_KIND_INT32, k->kout->narrow, k->sum, lxa_ofmt_bits(k->job.out_fmt), 0, 0, k, b, t, pass);
}

static void thr_bits(ARGS)
{
	if (!outside(k, pass))
		group_thr(1, KSUM_32, 1, k, b, t, pass);
}

static void any_thr(ARGS)
{
	if (!outside(k, pass))
		group_thr(k->kout->thr_fast, k->sum, lxa_ofmt_bits(k->job.out_fmt), k, b, t, pass);
}

int lxa_kernel_out_avx2(struct lxa_kernel *k)
{
	const struct lxa_job *j = &k->job;
	int ret = lxa_kout_create(k);

	if (ret)
		return ret;
	k->out = lxa_kernel_out_plain;
	if (j->res_mode != LXA_RES_NONE || j->kind == LXA_KIND_RAW)
		return 0;
	if (j->kind == LXA_KIND_THRESH) {
		if (k->kout->thr_fast)
			k->out = j->out_fmt == LXA_OFMT_B1 ? thr_bits : any_thr;
		else if (k->kout->doubles)
			k->out = any_thr;
	} else if (k->kout->narrow || k->kout->doubles) {
		if (j->kind != LXA_KIND_LOG)
			k->out = any_int;
		else if (j->out_fmt != LXA_OFMT_N4)
			k->out = any_log;
		else if (k->kout->quick)
			k->out = k->sum == KSUM_WIDE ? log_quick_wide : log_quick;
		else if (k->sum == KSUM_32)
			k->out = k->kout->narrow ? log_32 : any_log;
		else if (k->sum == KSUM_WIDE)
			k->out = k->kout->narrow ? log_wide_narrow : log_wide;
		else
			k->out = k->sum == KSUM_64 ? any_log : k->kout->narrow ? log_dual_narrow : log_dual;
	}
	return 0;
}
#endif
