/* SPDX-License-Identifier: MIT */
/*
 * kernel_avx2.c - inner products on AVX2. Shift lanes: vpmaddwd on 2-byte elements, 6 pixels x 16 output channels in 12 registers,
 * two of weights and two at work. XNOR lanes: vpshufb counts the bits of nibbles, 16 output channels x 64 input bits at a time.
 */
#include <string.h>

#include "kernel.h"

#if defined(__x86_64__)
#pragma GCC target("avx2")
#pragma GCC optimize("O3")
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))
#define PIXELS 6
#define VECS 4		/* registers of byte counts: 16 output channels */
#define FLUSH 31	/* words until a byte count could overflow: 31 * 8 < 256 */

#define EACH(M) M(0) M(1) M(2) M(3) M(4) M(5)
#define DECLARE(n) __m256i a##n = zero, b##n = zero;

/* As assembly, because gcc 12 gathers all broadcasts first and then keeps the sums in memory: five times slower. */
#define DOT(n) if (n < P) do {										\
		__m256i x, y;										\
													\
		__asm__ volatile("vpbroadcastd %[m], %[x]\n\t"						\
				 "vpmaddwd %[w0], %[x], %[y]\n\t"					\
				 "vpaddd %[y], %[a], %[a]\n\t"						\
				 "vpmaddwd %[w1], %[x], %[x]\n\t"					\
				 "vpaddd %[x], %[b], %[b]"						\
				 : [a] "+x"(a##n), [b] "+x"(b##n), [x] "=&x"(x), [y] "=&x"(y)		\
				 : [w0] "x"(w0), [w1] "x"(w1), [m] "m"(*(const uint8_t (*)[4])(base[n] + off))); \
	} while (0);
#define AT(p, n) ((__m256i *)(void *)((p) + (n) * stride))
#define LIFT1(s, at)											\
	do {												\
		_mm256_store_si256(at, _mm256_add_epi32(_mm256_load_si256(at), _mm256_srai_epi32(s, 16))); \
		s = _mm256_and_si256(s, low);								\
	} while (0);
#define LIFT(n) if (n < P) { LIFT1(a##n, AT(hi, n)) LIFT1(b##n, AT(hi, n) + 1) }
#define CLEAR(n) if (n < P) { _mm256_store_si256(AT(hi, n), zero); _mm256_store_si256(AT(hi, n) + 1, zero); }
#define STORE(n) if (n < P) { _mm256_store_si256(AT(lo, n), a##n); _mm256_store_si256(AT(lo, n) + 1, b##n); }

INLINE void dot(int P, const struct ksteps *s, const uint8_t *const *base, uint32_t stride, int32_t *lo, int32_t *hi)
{
	const __m256i zero = _mm256_setzero_si256();
	const int32_t *offset = s->off;
	const __m256i *w = (const __m256i *)(const void *)s->w;
	uint32_t seg;

	EACH(DECLARE)
	if (hi) {
		EACH(CLEAR)
	}
	for (seg = 0; seg < s->segments; seg++) {
		const int32_t *end = s->off + s->end[seg];

		for (; offset < end; offset++, w += 2) {
			__m256i w0 = _mm256_load_si256(w), w1 = _mm256_load_si256(w + 1);
			int64_t off = *offset;

			EACH(DOT)
		}
		if (hi) {
			const __m256i low = _mm256_set1_epi32(0xffff);

			EACH(LIFT)
		}
	}
	EACH(STORE)
}

#define MAKE(P)													\
	static __attribute__((noinline)) void dot_##P(const struct ksteps *s, const uint8_t *const *base, uint32_t stride, \
						      int32_t *lo, int32_t *hi)					\
	{													\
		dot(P + 1, s, base, stride, lo, hi);								\
	}
EACH(MAKE)

#define DOT_NAME(P) dot_##P,

static void dot16(const struct ksteps *s, uint32_t pixels, const uint8_t *const *base, uint32_t stride, int32_t *lo, int32_t *hi)
{
	static void (*const dots[PIXELS])(const struct ksteps *s, const uint8_t *const *base, uint32_t stride, int32_t *lo,
					  int32_t *hi) = { EACH(DOT_NAME) };

	dots[pixels - 1](s, base, stride, lo, hi);
}

/* ---- XNOR lanes ------------------------------------------------------------------------------------------------ */

/* Four registers of 64-bit counts as 16 of 32 bits: lo = init + add + coef * count. */
INLINE void finish(const __m256i wide[VECS], const int32_t *init, int32_t add, int32_t coef, int32_t *lo)
{
	int v;

	for (v = 0; v < 2; v++) {
		__m256 both = _mm256_shuffle_ps(_mm256_castsi256_ps(wide[2 * v]), _mm256_castsi256_ps(wide[2 * v + 1]), 0x88);
		__m256i n = _mm256_permute4x64_epi64(_mm256_castps_si256(both), 0xd8);

		n = _mm256_mullo_epi32(n, _mm256_set1_epi32(coef));
		n = _mm256_add_epi32(n, _mm256_add_epi32(_mm256_loadu_si256((const void *)(init + 8 * v)), _mm256_set1_epi32(add)));
		_mm256_store_si256((void *)(lo + 8 * v), n);
	}
}

static void count(const struct ksteps *s, const uint8_t *base, const int32_t *init, int32_t add, int32_t coef, int32_t *lo)
{
	const __m256i low = _mm256_set1_epi8(15), zero = _mm256_setzero_si256();
	const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2,
					       3, 3, 4);
	const __m256i *w = (const __m256i *)(const void *)s->w;
	__m256i wide[VECS] = { zero, zero, zero, zero };
	uint32_t i = 0, end;
	int v;

	while (i < s->n) {
		__m256i bytes[VECS] = { zero, zero, zero, zero };

		for (end = i + FLUSH < s->n ? i + FLUSH : s->n; i < end; i++, w += VECS) {
			__m256i a = _mm256_set1_epi64x(*(const int64_t *)(const void *)(base + s->off[i]));

#pragma GCC unroll 4
			for (v = 0; v < VECS; v++) {
				__m256i x = _mm256_xor_si256(a, _mm256_load_si256(w + v));
				__m256i l = _mm256_shuffle_epi8(table, _mm256_and_si256(x, low));
				__m256i h = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(x, 4), low));

				bytes[v] = _mm256_add_epi8(bytes[v], _mm256_add_epi8(l, h));
			}
		}
		for (v = 0; v < VECS; v++)
			wide[v] = _mm256_add_epi64(wide[v], _mm256_sad_epu8(bytes[v], zero));
	}
	finish(wide, init, add, coef, lo);
}

static void xnor(const struct ksteps *s, uint32_t pixels, const uint8_t *const *base, uint32_t stride, const struct kxnor_run *r,
		 int32_t *lo)
{
	uint32_t p;

	for (p = 0; p < pixels; p++)
		count(s, base[p], r->init[p], r->add[p], r->coef, lo + p * stride);
}

/* ---- codes to values ------------------------------------------------------------------------------------------- */

/* 16 nibbles of 8 bytes, in order. */
INLINE __m128i nibbles16(const uint8_t *src)
{
	__m128i v = _mm_loadl_epi64((const void *)src), low = _mm_set1_epi8(15);

	return _mm_unpacklo_epi8(_mm_and_si128(v, low), _mm_and_si128(_mm_srli_epi16(v, 4), low));
}

/* Rows of pixels are multiples of 8 bytes. */
static void nibbles2(const void *table, const uint8_t *src, size_t n, uint8_t *dst)
{
	const __m256i even = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15));
	__m256i t = _mm256_permute4x64_epi64(_mm256_shuffle_epi8(_mm256_loadu_si256(table), even), 0xd8);
	__m128i lo = _mm256_castsi256_si128(t), hi = _mm256_extracti128_si256(t, 1);
	size_t i;

	for (i = 0; i < n; i += 8) {
		__m128i q = nibbles16(src + i), l = _mm_shuffle_epi8(lo, q), h = _mm_shuffle_epi8(hi, q);

		_mm_storeu_si128((void *)(dst + 4 * i), _mm_unpacklo_epi8(l, h));
		_mm_storeu_si128((void *)(dst + 4 * i + 16), _mm_unpackhi_epi8(l, h));
	}
}

const struct kisa lxa_kisa_avx2 = {
	.name = "avx2", .cols = 1, .tile = PIXELS, .xnor_tile = KTILE, .xnor_word = 8, .dot16 = dot16, .xnor = xnor,
	.nibbles = { NULL, nibbles2, NULL }, .out = lxa_kernel_out_avx2,
};
#endif
