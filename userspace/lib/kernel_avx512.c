/* SPDX-License-Identifier: MIT */
/*
 * kernel_avx512.c - inner products on AVX-512 (VNNI, VPOPCNTDQ): up to 14 pixels x 2 columns of 16 output channels in 28 registers,
 * two of weights, two for the pixel's 4 bytes. A function for each number of pixels, so that no sum ever leaves its register.
 *
 * The steps of a pixel are assembly, because gcc 12 gathers all broadcasts first and then keeps sums in memory, and copies them
 * around its builtin of vpdpwssd: two to five times slower.
 */
#include <string.h>

#include "kernel.h"

#if defined(__x86_64__)
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx512vnni,avx512vpopcntdq,popcnt")
#pragma GCC optimize("O3")
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

#define EACH(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12) M(13)
#define DECLARE(n) __m512i a##n = zero, b##n = zero;

/* x = the pixel's 4 bytes in every lane; a and b += their products with the two columns' weights */
#define DOT(n, op)												\
	do {													\
		__m512i x;											\
														\
		if (C == 2)											\
			__asm__ volatile("vpbroadcastd %[m], %[x]\n\t"						\
					 op " %[w0], %[x], %[a]\n\t"						\
					 op " %[w1], %[x], %[b]"						\
					 : [a] "+v"(a##n), [b] "+v"(b##n), [x] "=&v"(x)				\
					 : [w0] "v"(w0), [w1] "v"(w1), [m] "m"(*(const uint8_t (*)[4])(base[n] + off))); \
		else												\
			__asm__ volatile("vpbroadcastd %[m], %[x]\n\t"						\
					 op " %[w0], %[x], %[a]"						\
					 : [a] "+v"(a##n), [x] "=&v"(x)						\
					 : [w0] "v"(w0), [m] "m"(*(const uint8_t (*)[4])(base[n] + off)));	\
	} while (0);
#define DOT8(n) if (n < P) DOT(n, "vpdpbusd")
#define DOT16(n) if (n < P) DOT(n, "vpdpwssd")

/* the upper half of a sum to its place in hi */
#define LIFT1(s, at)											\
	do {												\
		_mm512_store_si512(at, _mm512_add_epi32(_mm512_load_si512(at), _mm512_srai_epi32(s, 16))); \
		s = _mm512_and_si512(s, low);								\
	} while (0);
#define LIFT(n) if (n < P) { LIFT1(a##n, hi + n * stride) if (C == 2) LIFT1(b##n, hi + n * stride + 16) }
#define CLEAR(n) if (n < P) { _mm512_store_si512(hi + n * stride, zero); if (C == 2) _mm512_store_si512(hi + n * stride + 16, zero); }
#define STORE(n) if (n < P) { _mm512_store_si512(lo + n * stride, a##n); if (C == 2) _mm512_store_si512(lo + n * stride + 16, b##n); }

INLINE void dot(int B, int P, int C, const struct ksteps *s, const uint8_t *const *base, uint32_t stride, int32_t *lo,
		int32_t *hi)
{
	const __m512i zero = _mm512_setzero_si512(), low = _mm512_set1_epi32(0xffff);
	const int32_t *offset = s->off;
	const __m512i *w = (const __m512i *)(const void *)s->w;
	uint32_t seg;

	EACH(DECLARE)
	if (hi) {
		EACH(CLEAR)
	}
	for (seg = 0; seg < s->segments; seg++) {
		const int32_t *end = s->off + s->end[seg];

		for (; offset < end; offset++, w += C) {
			__m512i w0 = _mm512_load_si512(w), w1 = C == 2 ? _mm512_load_si512(w + 1) : zero;
			int64_t off = *offset;

			if (B == 8) {
				EACH(DOT8)
			} else {
				EACH(DOT16)
			}
		}
		if (hi) {
			EACH(LIFT)
		}
	}
	EACH(STORE)
}

/* lo = init + add + coef * bits that differ */
#define COUNT(n) if (n < P) do {									\
		__m512i x, y;										\
													\
		if (C == 2)										\
			__asm__ volatile("vpbroadcastd %[m], %[x]\n\t"					\
					 "vpxord %[w0], %[x], %[y]\n\t"					\
					 "vpxord %[w1], %[x], %[x]\n\t"					\
					 "vpopcntd %[y], %[y]\n\t"					\
					 "vpopcntd %[x], %[x]\n\t"					\
					 "vpaddd %[y], %[a], %[a]\n\t"					\
					 "vpaddd %[x], %[b], %[b]"					\
					 : [a] "+v"(a##n), [b] "+v"(b##n), [x] "=&v"(x), [y] "=&v"(y)	\
					 : [w0] "v"(w0), [w1] "v"(w1), [m] "m"(*(const uint8_t (*)[4])(base[n] + off))); \
		else											\
			__asm__ volatile("vpxord %[m]%{1to16%}, %[w0], %[x]\n\t"			\
					 "vpopcntd %[x], %[x]\n\t"					\
					 "vpaddd %[x], %[a], %[a]"					\
					 : [a] "+v"(a##n), [x] "=&v"(x)					\
					 : [w0] "v"(w0), [m] "m"(*(const uint8_t (*)[4])(base[n] + off))); \
	} while (0);
#define FINISH1(s, p, at)										\
	do {												\
		__m512i v = _mm512_loadu_si512(r->init[p] + at);					\
													\
		if (K == 2)										\
			v = _mm512_sub_epi32(v, _mm512_add_epi32(s, s));				\
		else											\
			v = _mm512_add_epi32(_mm512_add_epi32(v, _mm512_set1_epi32(r->add[p])),		\
					     _mm512_mullo_epi32(s, coef));				\
		_mm512_store_si512(lo + p * stride + at, v);						\
	} while (0);
#define FINISH(n) if (n < P) { FINISH1(a##n, n, 0) if (C == 2) FINISH1(b##n, n, 16) }

/* K 2: coef is -2, and nothing is added */
INLINE void count(int K, int P, int C, const struct ksteps *s, const uint8_t *const *base, uint32_t stride, const struct kxnor_run *r,
		  int32_t *lo)
{
	const __m512i zero = _mm512_setzero_si512(), coef = _mm512_set1_epi32(r->coef);
	const __m512i *w = (const __m512i *)(const void *)s->w;
	uint32_t step;

	EACH(DECLARE)
	for (step = 0; step < s->n; step++, w += C) {
		__m512i w0 = _mm512_load_si512(w), w1 = C == 2 ? _mm512_load_si512(w + 1) : zero;
		int64_t off = s->off[step];

		EACH(COUNT)
	}
	EACH(FINISH)
}

#define BITS(n) if (n < P) {										\
		uint32_t m = _mm512_cmple_epi32_mask(a##n, U ? bound0 : _mm512_load_si512(r->bound[n]));	\
													\
		if (C == 2)										\
			m |= (uint32_t)_mm512_cmple_epi32_mask(b##n, U ? bound1 : _mm512_load_si512(r->bound[n] + 16)) << 16; \
		m ^= r->invert;										\
		memcpy(r->dst[n] + r->at, &m, bytes);							\
	}

INLINE void count_bits(int U, uint32_t bytes, int P, int C, const struct ksteps *s, const uint8_t *const *base, const struct kxnor_bits *r)
{
	const __m512i zero = _mm512_setzero_si512();
	const __m512i *w = (const __m512i *)(const void *)s->w;
	__m512i bound0, bound1;
	uint32_t step;

	EACH(DECLARE)
	for (step = 0; step < s->n; step++, w += C) {
		__m512i w0 = _mm512_load_si512(w), w1 = C == 2 ? _mm512_load_si512(w + 1) : zero;
		int64_t off = s->off[step];

		EACH(COUNT)
	}
	bound0 = _mm512_load_si512(r->bound[0]);
	bound1 = C == 2 ? _mm512_load_si512(r->bound[0] + 16) : zero;
	EACH(BITS)
}

#define MAKE(P)														\
	static __attribute__((noinline)) void dot_##P(int bits, const struct ksteps *s, const uint8_t *const *base,	\
						      uint32_t stride, int32_t *lo, int32_t *hi)			\
	{														\
		if (bits == 8 && s->cols == 2)										\
			dot(8, P + 1, 2, s, base, stride, lo, hi);							\
		else if (bits == 8)											\
			dot(8, P + 1, 1, s, base, stride, lo, hi);							\
		else if (s->cols == 2)											\
			dot(16, P + 1, 2, s, base, stride, lo, hi);							\
		else													\
			dot(16, P + 1, 1, s, base, stride, lo, hi);							\
	}														\
	static __attribute__((noinline)) void count_##P(const struct ksteps *s, const uint8_t *const *base, uint32_t stride, \
							const struct kxnor_run *r, int32_t *lo)				\
	{														\
		if (s->cols == 2 && r->coef == -2 && !r->adds)							\
			count(2, P + 1, 2, s, base, stride, r, lo);							\
		else if (s->cols == 2)											\
			count(1, P + 1, 2, s, base, stride, r, lo);							\
		else													\
			count(1, P + 1, 1, s, base, stride, r, lo);							\
	}														\
	static __attribute__((noinline)) void bits_##P(const struct ksteps *s, const uint8_t *const *base,		\
						       const struct kxnor_bits *r)					\
	{														\
		if (r->bytes == 4 && r->uniform)									\
			count_bits(1, 4, P + 1, 2, s, base, r);								\
		else if (r->bytes == 4)											\
			count_bits(0, 4, P + 1, 2, s, base, r);								\
		else if (s->cols == 2)											\
			count_bits(r->uniform, 2, P + 1, 2, s, base, r);								\
		else													\
			count_bits(r->uniform, 2, P + 1, 1, s, base, r);								\
	}
EACH(MAKE)

#define DOT_NAME(P) dot_##P,
#define COUNT_NAME(P) count_##P,
#define BITS_NAME(P) bits_##P,

static void (*const dots[KTILE])(int bits, const struct ksteps *s, const uint8_t *const *base, uint32_t stride, int32_t *lo,
				 int32_t *hi) = { EACH(DOT_NAME) };
static const kxnor_count counts[KTILE] = { EACH(COUNT_NAME) };

static void dot8(const struct ksteps *s, uint32_t pixels, const uint8_t *const *base, uint32_t stride, int32_t *lo, int32_t *hi)
{
	dots[pixels - 1](8, s, base, stride, lo, hi);
}

static void dot16(const struct ksteps *s, uint32_t pixels, const uint8_t *const *base, uint32_t stride, int32_t *lo, int32_t *hi)
{
	dots[pixels - 1](16, s, base, stride, lo, hi);
}

static void xnor(const struct ksteps *s, uint32_t pixels, const uint8_t *const *base, uint32_t stride, const struct kxnor_run *r,
		 int32_t *lo)
{
	counts[pixels - 1](s, base, stride, r, lo);
}

static void xnor_bits(const struct ksteps *s, uint32_t pixels, const uint8_t *const *base, const struct kxnor_bits *r)
{
	static void (*const fn[KTILE])(const struct ksteps *s, const uint8_t *const *base, const struct kxnor_bits *r) = {
		EACH(BITS_NAME)
	};

	fn[pixels - 1](s, base, r);
}

/* ---- codes to values ------------------------------------------------------------------------------------------- */

/* Bytes with a nibble each, from 32 bytes. */
INLINE __m512i nibbles32(const uint8_t *src, __mmask32 m)
{
	__m512i v = _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(m, src));

	return _mm512_and_si512(_mm512_or_si512(v, _mm512_slli_epi16(v, 4)), _mm512_set1_epi8(15));
}

static void nibbles1(const void *table, const uint8_t *src, size_t n, uint8_t *dst)
{
	__m512i t = _mm512_broadcast_i32x4(_mm_loadu_si128(table));
	size_t i;

	for (i = 0; i < n; i += 32)
		_mm512_storeu_si512(dst + 2 * i, _mm512_shuffle_epi8(t, nibbles32(src + i, n - i < 32 ? (1u << (n - i)) - 1 : ~0u)));
}

static void nibbles2(const void *table, const uint8_t *src, size_t n, uint8_t *dst)
{
	__m512i t = _mm512_broadcast_i64x4(_mm256_loadu_si256(table));
	size_t i;

	for (i = 0; i < n; i += 16) {
		__m512i v = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(n - i < 16 ? (__mmask16)((1u << (n - i)) - 1) : 0xffff, src + i));

		v = _mm512_and_si512(_mm512_or_si512(v, _mm512_slli_epi32(v, 12)), _mm512_set1_epi16(15));
		_mm512_storeu_si512(dst + 4 * i, _mm512_permutexvar_epi16(v, t));
	}
}

static void nibbles4(const void *table, const uint8_t *src, size_t n, uint8_t *dst)
{
	__m512i t = _mm512_loadu_si512(table);
	size_t i;

	for (i = 0; i < n; i += 8) {
		__m512i v = _mm512_cvtepu8_epi64(_mm_maskz_loadu_epi8(n - i < 8 ? (__mmask16)((1u << (n - i)) - 1) : 0xff, src + i));

		v = _mm512_and_si512(_mm512_or_si512(v, _mm512_slli_epi64(v, 28)), _mm512_set1_epi32(15));
		_mm512_storeu_si512(dst + 8 * i, _mm512_permutexvar_epi32(v, t));
	}
}

const struct kisa lxa_kisa_avx512 = {
	.name = "avx512", .cols = 2, .tile = KTILE, .xnor_tile = KTILE, .xnor_word = 4, .dot8 = dot8, .dot16 = dot16, .xnor = xnor,
	.xnor_bits = xnor_bits,
	.nibbles = { nibbles1, nibbles2, nibbles4 }, .out = lxa_kernel_out_avx512,
};
#endif
