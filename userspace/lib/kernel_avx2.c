/* SPDX-License-Identifier: MIT */
/*
 * kernel_avx2.c - inner products on AVX2. Shift lanes: vpmaddwd on 2-byte elements, 6 pixels x 16 output channels in 12 registers,
 * two of weights and two at work. XNOR lanes: differing bits of 8 x 64 inputs are added up bit by bit,
 * carries included, before vpshufb counts those of nibbles; 8 output channels at a time.
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
#define FLUSH 31	/* groups until a byte count could overflow: 31 * 8 < 256 */
#define SMALL 31	/* steps whose bits a byte count holds in all */

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

/* Bits set in each byte. */
INLINE __m256i byte_bits(__m256i x)
{
	const __m256i low = _mm256_set1_epi8(15);
	const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2,
					       3, 3, 4);

	return _mm256_add_epi8(_mm256_shuffle_epi8(table, _mm256_and_si256(x, low)),
			       _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(x, 4), low)));
}

/* Adds three bits in every place: *sum becomes the low bit, the carry is returned. */
INLINE __m256i carry(__m256i *sum, __m256i a, __m256i b)
{
	__m256i u = _mm256_xor_si256(*sum, a), c = _mm256_or_si256(_mm256_and_si256(*sum, a), _mm256_and_si256(u, b));

	*sum = _mm256_xor_si256(u, b);
	return c;
}

#define GROUP 8			/* steps whose bits are added up before any are counted (Harley and Seal) */
#define PIXEL(k) const __m256i a##k = _mm256_set1_epi64x(*(const int64_t *)(const void *)(base + s->off[i + k]));
#define DIFFER(k) _mm256_xor_si256(a##k, _mm256_load_si256(w + (i + k) * VECS + v))
#define BOTH _Pragma("GCC unroll 2") for (v = 0; v < 2; v++)
#define PAIR(j, k, to) { PIXEL(j) PIXEL(k) BOTH to[v] = carry(&ones[v], DIFFER(j), DIFFER(k)); }

/*
 * Counts of 8 channels: two registers of four, in step so that one's work fills the other's waits. Steps that make no whole group
 * come first: they are what ones, twos and fours start from.
 */
INLINE __m256i count8(const struct ksteps *s, const uint8_t *base, int half)
{
	const __m256i zero = _mm256_setzero_si256(), *w = (const __m256i *)(const void *)s->w + 2 * half;
	__m256i ones[2] = { zero, zero }, twos[2] = { zero, zero }, fours[2] = { zero, zero }, n[2] = { zero, zero };
	__m256i bytes[2] = { zero, zero }, b[2], c[2], d[2];
	uint32_t i = 0, end;
	__m256 both;
	int v;

	if (s->n < GROUP) {	/* too few for carries to pay */
		for (; i < s->n; i++) {
			PIXEL(0)
			BOTH bytes[v] = _mm256_add_epi8(bytes[v], byte_bits(DIFFER(0)));
		}
		BOTH n[v] = _mm256_sad_epu8(bytes[v], zero);
		goto out;
	}
	if (s->n & 1) {
		PIXEL(0)
		BOTH ones[v] = DIFFER(0);
		i += 1;
	}
	if (s->n & 2) {
		PAIR(0, 1, twos)
		i += 2;
	}
	if (s->n & 4) {
		PAIR(0, 1, b)
		PAIR(2, 3, d)
		BOTH fours[v] = carry(&twos[v], b[v], d[v]);
		i += 4;
	}
	while (i < s->n) {
		for (end = s->n - i > FLUSH * GROUP ? i + FLUSH * GROUP : s->n; i < end; i += GROUP) {
			PAIR(0, 1, b)
			PAIR(2, 3, d)
			BOTH c[v] = carry(&twos[v], b[v], d[v]);
			PAIR(4, 5, b)
			PAIR(6, 7, d)
			BOTH b[v] = carry(&twos[v], b[v], d[v]);
			BOTH bytes[v] = _mm256_add_epi8(bytes[v], byte_bits(carry(&fours[v], c[v], b[v])));
		}
		if (s->n <= SMALL)
			break;
		BOTH {
			n[v] = _mm256_add_epi64(n[v], _mm256_sad_epu8(bytes[v], zero));
			bytes[v] = zero;
		}
	}
	BOTH {
		n[v] = _mm256_slli_epi64(n[v], 3);
		bytes[v] = _mm256_add_epi8(_mm256_add_epi8(bytes[v], bytes[v]), byte_bits(fours[v]));
		bytes[v] = _mm256_add_epi8(_mm256_add_epi8(bytes[v], bytes[v]), byte_bits(twos[v]));
		bytes[v] = _mm256_add_epi8(_mm256_add_epi8(bytes[v], bytes[v]), byte_bits(ones[v]));
		n[v] = _mm256_add_epi64(n[v], _mm256_sad_epu8(bytes[v], zero));
	}
out:
	both = _mm256_shuffle_ps(_mm256_castsi256_ps(n[0]), _mm256_castsi256_ps(n[1]), 0x88);
	return _mm256_permute4x64_epi64(_mm256_castps_si256(both), 0xd8);
}

static void xnor(const struct ksteps *s, uint32_t pixels, const uint8_t *const *base, uint32_t stride, const struct kxnor_run *r,
		 int32_t *lo)
{
	uint32_t p;
	int v;

	for (p = 0; p < pixels; p++) {
		for (v = 0; v < 2; v++) {
			__m256i n = _mm256_mullo_epi32(count8(s, base[p], v), _mm256_set1_epi32(r->coef));

			n = _mm256_add_epi32(n, _mm256_loadu_si256((const void *)(r->init[p] + 8 * v)));
			n = _mm256_add_epi32(n, _mm256_set1_epi32(r->add[p]));
			_mm256_store_si256((void *)(lo + p * stride + 8 * v), n);
		}
	}
}

static void xnor_bits(const struct ksteps *s, uint32_t pixels, const uint8_t *const *base, const struct kxnor_bits *r)
{
	uint32_t p;

	for (p = 0; p < pixels; p++) {
		const __m256i *bound = (const void *)r->bound[r->uniform ? 0 : p];
		uint32_t above = 0;
		uint16_t bits;
		int v;

		for (v = 0; v < 2; v++)
			above |= (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(
					 count8(s, base[p], v), _mm256_load_si256(bound + v)))) << 8 * v;
		bits = (uint16_t)(~above ^ r->invert);
		memcpy(r->dst[p] + r->at, &bits, sizeof(bits));
	}
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
	.xnor_bits = xnor_bits,
	.nibbles = { NULL, nibbles2, NULL }, .out = lxa_kernel_out_avx2,
};
#endif
