/* SPDX-License-Identifier: MIT */
/*
 * kernel_out_avx512.c - the output stage of 16 channels at a time (rtl/README.md section 4). Where kernel_kout.c has shown that 32
 * bits hold every total and every value, products are taken of even and odd lanes and put together again; otherwise all is done
 * in two halves of 64-bit lanes. A residual operand and kind raw go the plain way.
 */
#include <errno.h>
#include <string.h>

#include "kernel.h"

#if defined(__x86_64__)
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx512vpopcntdq,popcnt")
#pragma GCC optimize("O3")
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

enum how {			/* a value comes about */
	NARROW,			/* by 32-bit products, and fits 32 bits */
	CLAMPED,		/* by 32-bit products, clamped in 64 bits */
	LONG,			/* by 64-bit products */
};

struct stage {			/* a group's constants, in registers while the tile's pixels pass */
	__m512i ma_e, ma_o, mb_e, mb_o, add_e, add_o, shift_e, shift_o;	/* even and odd lanes; LONG: lanes 0-7 and 8-15 */
	__m512i least, most;	/* CLAMPED: of the value, 64 bits */
	__m256i wshift[2];
};

INLINE __m512i load(const void *p)
{
	return _mm512_load_si512(p);
}

INLINE void stage_load(enum how how, int kind, const struct lxa_kernel *k, uint32_t g, struct stage *s)
{
	const struct kout *o = k->kout;
	uint32_t at = g * KGROUP;

	s->wshift[0] = _mm256_load_si256((const void *)(o->wshift + at));
	s->wshift[1] = _mm256_load_si256((const void *)(o->wshift + at + 8));
	if (how == LONG) {
		s->ma_e = load(o->mult + at);
		s->ma_o = load(o->mult + at + 8);
		s->add_e = load(o->add + at);
		s->add_o = load(o->add + at + 8);
		s->shift_e = load(o->shift + at);
		s->shift_o = load(o->shift + at + 8);
		return;
	}
	s->ma_e = load(o->ma_eo + 2 * at);
	s->ma_o = load(o->ma_eo + 2 * at + 16);
	s->mb_e = load(o->mb_eo + 2 * at);
	s->mb_o = load(o->mb_eo + 2 * at + 16);
	s->add_e = load(o->add_eo + at);
	s->add_o = load(o->add_eo + at + 8);
	s->shift_e = load(o->shift_eo + at);
	s->shift_o = load((how == NARROW ? o->left_eo : o->shift_eo) + at + 8);
	s->least = _mm512_set1_epi64(kind == LXA_KIND_LOG ? 0 : kind == LXA_KIND_THRESH ? (int64_t)INT32_MIN : k->job.clamp_lo);
	s->most = _mm512_set1_epi64(kind == LXA_KIND_LOG ? (int64_t)UINT32_MAX :
				    kind == LXA_KIND_THRESH ? (int64_t)INT32_MAX : k->job.clamp_hi);
}

/* T of lanes 0-7 (half 0) or 8-15 in 64 bits. */
INLINE __m512i total64(enum ksum sum, const int32_t *lo, const int32_t *hi, const struct stage *s, int half)
{
	__m512i a = _mm512_cvtepi32_epi64(_mm256_load_si256((const void *)(lo + 8 * half))), b;
	__m512i sh = _mm512_cvtepi32_epi64(s->wshift[half]);

	if (sum == KSUM_32 || sum == KSUM_64)
		return _mm512_sllv_epi64(a, sh);
	if (sum == KSUM_WIDE) {
		b = _mm512_cvtepi32_epi64(_mm256_load_si256((const void *)(hi + 8 * half)));
		return _mm512_sllv_epi64(_mm512_add_epi64(a, _mm512_slli_epi64(b, 16)), sh);
	}
	b = _mm512_cvtepi32_epi64(_mm256_load_si256((const void *)(lo + KGROUP + 8 * half)));	/* E, O */
	a = _mm512_add_epi64(_mm512_slli_epi64(a, 15), _mm512_mul_epi32(b, _mm512_set1_epi64(46341)));
	return _mm512_sllv_epi64(a, sh);
}

/* v of a half, as what the kind's 32-bit part takes: signed, for log unsigned. */
INLINE __m256i value64(int kind, __m512i t, __m512i mult, __m512i add, __m512i shift)
{
	__m512i v = _mm512_srav_epi64(_mm512_add_epi64(_mm512_mullo_epi64(t, mult), add), shift);

	if (kind == LXA_KIND_LOG)
		return _mm512_cvtusepi64_epi32(_mm512_max_epi64(v, _mm512_setzero_si512()));
	return _mm512_cvtsepi64_epi32(v);
}

INLINE __m512i value_long(int kind, enum ksum sum, int halve, const int32_t *lo, const int32_t *hi, const struct stage *s)
{
	__m512i t = total64(sum, lo, hi, s, 0), e;

	e = _mm512_castsi256_si512(value64(kind, halve ? _mm512_srai_epi64(t, 1) : t, s->ma_e, s->add_e, s->shift_e));
	t = total64(sum, lo, hi, s, 1);
	return _mm512_inserti64x4(e, value64(kind, halve ? _mm512_srai_epi64(t, 1) : t, s->ma_o, s->add_o, s->shift_o), 1);
}

INLINE __m512i value(int kind, enum ksum sum, enum how how, int halve, const int32_t *lo, const int32_t *hi,
		     const struct stage *s)
{
	__m512i a, b, e, o;

	if (how == LONG)
		return value_long(kind, sum, halve, lo, hi, s);
	a = load(lo);
	if (halve)
		a = _mm512_srai_epi32(a, 1);
	e = _mm512_add_epi64(_mm512_mul_epi32(a, s->ma_e), s->add_e);
	o = _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(a, 32), s->ma_o), s->add_o);
	if (sum == KSUM_WIDE || sum == KSUM_DUAL) {
		b = load(sum == KSUM_WIDE ? hi : lo + KGROUP);
		e = _mm512_add_epi64(e, _mm512_mul_epi32(b, s->mb_e));
		o = _mm512_add_epi64(o, _mm512_mul_epi32(_mm512_srli_epi64(b, 32), s->mb_o));
	}
	if (how == NARROW) {
		e = _mm512_mask_mov_epi32(_mm512_srlv_epi64(e, s->shift_e), 0xaaaa, _mm512_sllv_epi64(o, s->shift_o));
		return kind == LXA_KIND_LOG ? _mm512_max_epi32(e, _mm512_setzero_si512()) : e;
	}
	e = _mm512_min_epi64(_mm512_max_epi64(_mm512_srav_epi64(e, s->shift_e), s->least), s->most);
	o = _mm512_min_epi64(_mm512_max_epi64(_mm512_srav_epi64(o, s->shift_o), s->least), s->most);
	return _mm512_mask_mov_epi32(e, 0xaaaa, _mm512_slli_epi64(o, 32));
}

struct log_const {
	__m512i off, max;
	int sqrt2, nearest;
};

/* The log code of unsigned values. */
INLINE __m512i log_code(__m512i u, const struct log_const *c, __mmask16 valid)
{
	const __m512i one = _mm512_set1_epi32(1), root = _mm512_set1_epi32((int)0xB504F334u);
	__m512i lz = _mm512_lzcnt_epi32(u), n, e;
	__mmask16 any = _mm512_mask_test_epi32_mask(valid, u, u);

	if (!c->sqrt2) {
		e = _mm512_sub_epi32(c->off, lz);	/* off has the 31 */
		if (c->nearest) {
			n = _mm512_sllv_epi32(u, lz);
			e = _mm512_mask_add_epi32(e, _mm512_cmpge_epu32_mask(n, root), e, one);
		}
	} else {
		n = _mm512_sllv_epi32(u, lz);
		e = _mm512_sub_epi32(c->off, _mm512_add_epi32(lz, lz));
		if (c->nearest) {
			e = _mm512_mask_add_epi32(e, _mm512_cmpge_epu32_mask(n, _mm512_set1_epi32((int)0x9837F052u)), e, one);
			e = _mm512_mask_add_epi32(e, _mm512_cmpge_epu32_mask(n, _mm512_set1_epi32((int)0xD744FCCBu)), e, one);
		} else {
			e = _mm512_mask_add_epi32(e, _mm512_cmpge_epu32_mask(n, root), e, one);
		}
	}
	return _mm512_maskz_min_epi32(any, _mm512_max_epi32(e, _mm512_setzero_si512()), c->max);
}

/* The low bits of 16 codes; room: bytes of the pixel from here on that may be written. */
INLINE void put(uint32_t bits, __m512i code, uint8_t *dst, uint32_t room)
{
	_Alignas(64) uint8_t part[64];

	switch (bits) {
	case 4:
		code = _mm512_or_si512(code, _mm512_srli_epi64(code, 28));
		_mm_storel_epi64((void *)(room >= 8 ? dst : part), _mm512_cvtepi64_epi8(code));
		break;
	case 8:
		if (room >= 16)
			_mm_storeu_si128((void *)dst, _mm512_cvtepi32_epi8(code));
		else
			_mm_store_si128((void *)part, _mm512_cvtepi32_epi8(code));
		break;
	default:
		if (room >= 64)
			_mm512_storeu_si512(dst, code);
		else
			_mm512_store_si512(part, code);
	}
	if (room < KGROUP * bits / 8)
		memcpy(dst, part, room);
}

INLINE void one_group(int kind, enum ksum sum, enum how how, int halve, int sqrt2, int nearest, uint32_t bits,
		      const struct lxa_kernel *k, const struct kscratch *t, const struct ktile *tile, uint32_t g, uint32_t at,
		      uint32_t stride)
{
	const struct log_const lc = { _mm512_set1_epi32(k->job.log_off + (sqrt2 ? 62 : 31)), _mm512_set1_epi32(k->job.log_max),
				      sqrt2, nearest };
	const __m512i least = _mm512_set1_epi32(k->job.clamp_lo), most = _mm512_set1_epi32(k->job.clamp_hi);
	uint32_t from = g * KGROUP * bits / 8, room = k->written - from, p;
	__mmask16 valid = k->kout->valid[g];
	struct stage s;

	stage_load(how, kind, k, g, &s);
	for (p = 0; p < tile->n; p++) {
		__m512i v = value(kind, sum, how, halve, t->lo + p * stride + at, t->hi + p * stride + at, &s);

		if (kind == LXA_KIND_LOG)
			v = log_code(v, &lc, valid);
		else
			v = _mm512_maskz_min_epi32(valid, _mm512_max_epi32(v, least), most);
		put(bits, v, tile->dst[p] + from, room);
	}
}

/* One pixel's 16 codes the exact way. */
static __attribute__((noinline)) __m512i exact_log(const struct lxa_kernel *k, const int32_t *lo, const int32_t *hi, uint32_t g)
{
	const struct log_const lc = { _mm512_set1_epi32(k->job.log_off + 31), _mm512_set1_epi32(k->job.log_max), 0,
				      (k->job.conv_flags & LXA_CONV_OUT_NEAREST) != 0 };
	struct stage s;

	stage_load(CLAMPED, LXA_KIND_LOG, k, g, &s);
	return log_code(value(LXA_KIND_LOG, k->sum, CLAMPED, 0, lo, hi, &s), &lc, k->kout->valid[g]);
}

/* Log codes read off floats (struct kout): exact, because what is near a bound is done again. */
INLINE void one_group_quick(int wide, const struct lxa_kernel *k, const struct kscratch *t, const struct ktile *tile, uint32_t g,
			    uint32_t at, uint32_t stride)
{
	const struct kout *o = k->kout;
	const __m512 scale = _mm512_load_ps(o->scale + g * KGROUP), half = _mm512_set1_ps(0.5f), unit = _mm512_set1_ps(65536);
	const __m512i bias_lo = load(o->bias_lo + g * KGROUP), bias_hi = load(o->bias_hi + g * KGROUP);
	const __m512i wshift = load(o->wshift + g * KGROUP);
	const __m512i add = _mm512_set1_epi32(o->quick_add), least = _mm512_set1_epi32(o->quick_least);
	const __m512i most = _mm512_set1_epi32(o->quick_most), near = _mm512_set1_epi32(0x7fffff & ~(2 * KQUICK_NEAR - 1));
	uint32_t from = g * KGROUP / 2, room = k->written - from, p;

	for (p = 0; p < tile->n; p++) {
		const int32_t *lo = t->lo + p * stride + at, *hi = t->hi + p * stride + at;
		__m512i x = wide ? load(lo) : _mm512_sllv_epi32(load(lo), wshift);
		__m512 f = _mm512_cvtepi32_ps(_mm512_add_epi32(x, bias_lo));

		if (wide)
			f = _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_add_epi32(load(hi), bias_hi)), unit, f);
		f = _mm512_fmadd_ps(f, scale, half);
		x = _mm512_add_epi32(_mm512_max_epi32(_mm512_castps_si512(f), least), add);
		x = _mm512_min_epi32(x, most);
		if (__builtin_expect(_mm512_testn_epi32_mask(x, near), 0))
			x = exact_log(k, lo, hi, g);
		else
			x = _mm512_srli_epi32(x, 23);
		put(4, x, tile->dst[p] + from, room);
	}
}

/* Thresholds on totals of 32 bits. */
INLINE void one_group_thr(int simple, uint32_t bits, const struct lxa_kernel *k, const struct kscratch *t, const struct ktile *tile,
			  uint32_t g, uint32_t at, uint32_t stride)
{
	const struct kout *o = k->kout;
	uint32_t from = g * KGROUP * bits / 8, room = k->written - from, p, i, n = k->groups * KGROUP;
	const __m512i flip = load(o->flip + g * KGROUP), first = load(o->thr + g * KGROUP), wshift = load(o->wshift + g * KGROUP);
	__mmask16 valid = o->valid[g];

	for (p = 0; p < tile->n; p++) {
		__m512i v = load(t->lo + p * stride + at), code;
		__mmask16 m;

		if (!simple) {
			if (o->shifted)
				v = _mm512_sllv_epi32(v, wshift);
			if (k->lay.halve)
				v = _mm512_srai_epi32(v, 1);
		}
		v = _mm512_xor_si512(v, flip);
		m = _mm512_mask_cmpge_epi32_mask(valid, v, first);
		if (bits == 1) {
			uint16_t w = m;

			memcpy(tile->dst[p] + from, &w, 2);
			continue;
		}
		code = _mm512_maskz_set1_epi32(m, 1);
		for (i = 1; i < k->job.nthr; i++) {
			m = _mm512_mask_cmpge_epi32_mask(valid, v, load(o->thr + (size_t)i * n + g * KGROUP));
			code = _mm512_mask_add_epi32(code, m, code, _mm512_set1_epi32(1));
		}
		put(bits, code, tile->dst[p] + from, room);
	}
}

/* Thresholds on values. */
INLINE void one_group_thr64(enum ksum sum, enum how how, uint32_t bits, const struct lxa_kernel *k, const struct kscratch *t,
			    const struct ktile *tile, uint32_t g, uint32_t at, uint32_t stride)
{
	const struct kout *o = k->kout;
	const __m512i most = _mm512_set1_epi32(INT32_MAX - 1);
	uint32_t from = g * KGROUP * bits / 8, room = k->written - from, p, i;
	__mmask16 valid = o->valid[g];
	struct stage s;

	stage_load(how, LXA_KIND_THRESH, k, g, &s);
	for (p = 0; p < tile->n; p++) {
		__m512i v = value(LXA_KIND_THRESH, sum, how, k->lay.halve, t->lo + p * stride + at, t->hi + p * stride + at, &s);
		__m512i code = _mm512_setzero_si512();
		__mmask16 m = 0;

		v = _mm512_min_epi32(v, most);
		for (i = 0; i < k->job.nthr; i++) {
			m = _mm512_mask_cmpge_epi32_mask(valid, v, load(o->thr_value + (size_t)i * k->groups * KGROUP + g * KGROUP));
			code = _mm512_mask_add_epi32(code, m, code, _mm512_set1_epi32(1));
		}
		if (bits == 1) {
			uint16_t w = (uint16_t)(_mm512_test_epi32_mask(code, _mm512_set1_epi32(1)));

			memcpy(tile->dst[p] + from, &w, 2);
		} else {
			put(bits, code, tile->dst[p] + from, room);
		}
	}
}

#define GROUPS(call)											\
	do {												\
		uint32_t dual = k->sum == KSUM_DUAL, stride = k->pass_groups * (1 + dual) * KGROUP, g, i;	\
		const struct kscratch *sc = b->t;							\
													\
		for (i = 0; i < k->pass_groups; i++) {							\
			uint32_t at = i * (1 + dual) * KGROUP;						\
													\
			g = pass * k->pass_groups + i;							\
			if (g < k->groups && g * KGROUP * bits / 8 < k->written)			\
				call;									\
		}											\
	} while (0)

#define ARGS const struct lxa_kernel *k, const struct kband *b, const struct ktile *t, uint32_t pass

/* The common cases have functions of their own; in the others what differs is decided at run time. */
#define LOG_FN(name, sum, how, sqrt2, nearest)								\
	static void name(ARGS)										\
	{												\
		uint32_t bits = 4;									\
													\
		GROUPS(one_group(LXA_KIND_LOG, sum, how, 0, sqrt2, nearest, 4, k, sc, t, g, at, stride));	\
	}
#define LOG_FNS(name, sum, how) LOG_FN(name##_0, sum, how, 0, 0) LOG_FN(name##_1, sum, how, 0, 1) \
	LOG_FN(name##_2, sum, how, 1, 0) LOG_FN(name##_3, sum, how, 1, 1)
#define LOG_NAMES(name) { name##_0, name##_1, name##_2, name##_3 }
LOG_FNS(log_32_narrow, KSUM_32, NARROW)
LOG_FNS(log_32, KSUM_32, CLAMPED)
LOG_FNS(log_wide_narrow, KSUM_WIDE, NARROW)
LOG_FNS(log_wide, KSUM_WIDE, CLAMPED)
LOG_FNS(log_dual_narrow, KSUM_DUAL, NARROW)
LOG_FNS(log_dual, KSUM_DUAL, CLAMPED)

static void log_quick(ARGS)
{
	uint32_t bits = 4;

	GROUPS(one_group_quick(0, k, sc, t, g, at, stride));
}

static void log_quick_wide(ARGS)
{
	uint32_t bits = 4;

	GROUPS(one_group_quick(1, k, sc, t, g, at, stride));
}

static enum how how_of(const struct lxa_kernel *k)
{
	return k->kout->narrow ? NARROW : k->kout->products ? CLAMPED : LONG;
}

static void any_log(ARGS)
{
	uint32_t bits = lxa_ofmt_bits(k->job.out_fmt);
	int sqrt2 = (k->job.conv_flags & LXA_CONV_OUT_SQRT2) != 0, nearest = (k->job.conv_flags & LXA_CONV_OUT_NEAREST) != 0;

	GROUPS(one_group(LXA_KIND_LOG, k->sum, how_of(k), k->lay.halve, sqrt2, nearest, bits, k, sc, t, g, at, stride));
}

static void any_int(ARGS)
{
	uint32_t bits = lxa_ofmt_bits(k->job.out_fmt);

	GROUPS(one_group(LXA_KIND_INT32, k->sum, how_of(k), k->lay.halve, 0, 0, bits, k, sc, t, g, at, stride));
}

static void thr_bits(ARGS)
{
	uint32_t bits = 1;

	if (k->kout->shifted || k->lay.halve)
		GROUPS(one_group_thr(0, 1, k, sc, t, g, at, stride));
	else
		GROUPS(one_group_thr(1, 1, k, sc, t, g, at, stride));
}

static void thr_codes(ARGS)
{
	uint32_t bits = lxa_ofmt_bits(k->job.out_fmt);

	GROUPS(one_group_thr(0, bits, k, sc, t, g, at, stride));
}

static void thr_values(ARGS)
{
	uint32_t bits = lxa_ofmt_bits(k->job.out_fmt);

	GROUPS(one_group_thr64(k->sum, how_of(k), bits, k, sc, t, g, at, stride));
}

int lxa_kernel_out_avx512(struct lxa_kernel *k)
{
	typedef void (*out_fn)(ARGS);
	static const out_fn logs[6][4] = { LOG_NAMES(log_32_narrow), LOG_NAMES(log_32), LOG_NAMES(log_wide_narrow),
					   LOG_NAMES(log_wide), LOG_NAMES(log_dual_narrow), LOG_NAMES(log_dual) };
	const struct lxa_job *j = &k->job;
	int mode = (j->conv_flags & LXA_CONV_OUT_SQRT2 ? 2 : 0) + (j->conv_flags & LXA_CONV_OUT_NEAREST ? 1 : 0);
	int ret = lxa_kout_create(k);

	if (ret)
		return ret;
	k->out = lxa_kernel_out_plain;
	if (j->res_mode != LXA_RES_NONE || j->kind == LXA_KIND_RAW)
		return 0;
	if (j->kind == LXA_KIND_THRESH)
		k->out = !k->kout->thr_fast ? thr_values : j->out_fmt == LXA_OFMT_B1 && j->nthr == 1 ? thr_bits : thr_codes;
	else if (j->kind != LXA_KIND_LOG)
		k->out = any_int;
	else if (j->out_fmt != LXA_OFMT_N4 || k->lay.halve || !k->kout->products)
		k->out = any_log;
	else if (k->kout->quick)
		k->out = k->sum == KSUM_WIDE ? log_quick_wide : log_quick;
	else
		k->out = logs[(k->sum == KSUM_WIDE ? 2 : k->sum == KSUM_DUAL ? 4 : 0) + !k->kout->narrow][mode];
	return 0;
}
#endif
