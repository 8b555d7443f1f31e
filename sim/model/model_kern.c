/* SPDX-License-Identifier: MIT */
/*
 * model_kern.c - the functional engine's inner products, compiled for a plain x86-64 (or any other machine) and for
 * AVX2+FMA+POPCNT, chosen at run time. Shift lanes: every product is an integer below 2^31 and every sum below 2^52, so
 * double arithmetic is exact and four times as wide as 64-bit integer multiplication. XNOR lanes: 64 MACs a popcount.
 */
#include "model.h"

#define INLINE static inline __attribute__((always_inline))
#define OC LXA_CFG_SHIFT_OC
#define XOC LXA_CFG_XNOR_OC
#define V 4
_Static_assert(OC % V == 0 && XOC % 8 == 0, "lane counts are multiples of the kernels' vectors");

typedef double vec __attribute__((vector_size(V * 8), aligned(8), may_alias));

/* Three pixels x 16 channels: 12 accumulators, which with the weights and one broadcast fill the 16 AVX2 registers. */
INLINE void mac3_16(const double *const a[3], const size_t *off, size_t runs, size_t len, const double *w, double *sum)
{
	vec s00 = *(vec *)(sum + 0), s01 = *(vec *)(sum + 4), s02 = *(vec *)(sum + 8), s03 = *(vec *)(sum + 12);
	vec s10 = *(vec *)(sum + OC), s11 = *(vec *)(sum + OC + 4), s12 = *(vec *)(sum + OC + 8);
	vec s13 = *(vec *)(sum + OC + 12);
	vec s20 = *(vec *)(sum + 2 * OC), s21 = *(vec *)(sum + 2 * OC + 4), s22 = *(vec *)(sum + 2 * OC + 8);
	vec s23 = *(vec *)(sum + 2 * OC + 12);
	size_t r, k;

	for (r = 0; r < runs; r++) {
		const double *a0 = a[0] + off[r], *a1 = a[1] + off[r], *a2 = a[2] + off[r];

		for (k = 0; k < len; k++, w += OC) {
			vec w0 = *(const vec *)w, w1 = *(const vec *)(w + 4);
			vec w2 = *(const vec *)(w + 8), w3 = *(const vec *)(w + 12);
			vec x0 = { a0[k], a0[k], a0[k], a0[k] };
			vec x1 = { a1[k], a1[k], a1[k], a1[k] };
			vec x2 = { a2[k], a2[k], a2[k], a2[k] };

			s00 += x0 * w0, s01 += x0 * w1, s02 += x0 * w2, s03 += x0 * w3;
			s10 += x1 * w0, s11 += x1 * w1, s12 += x1 * w2, s13 += x1 * w3;
			s20 += x2 * w0, s21 += x2 * w1, s22 += x2 * w2, s23 += x2 * w3;
		}
	}
	*(vec *)(sum + 0) = s00, *(vec *)(sum + 4) = s01, *(vec *)(sum + 8) = s02, *(vec *)(sum + 12) = s03;
	*(vec *)(sum + OC) = s10, *(vec *)(sum + OC + 4) = s11, *(vec *)(sum + OC + 8) = s12;
	*(vec *)(sum + OC + 12) = s13;
	*(vec *)(sum + 2 * OC) = s20, *(vec *)(sum + 2 * OC + 4) = s21, *(vec *)(sum + 2 * OC + 8) = s22;
	*(vec *)(sum + 2 * OC + 12) = s23;
}

/* Any other number of lanes: plain loops. */
INLINE void mac3_any(const double *const a[3], const size_t *off, size_t runs, size_t len, const double *w, double *sum)
{
	size_t r, k, p, o;

	for (r = 0; r < runs; r++)
		for (k = 0; k < len; k++, w += OC)
			for (p = 0; p < 3; p++)
				for (o = 0; o < OC; o++)
					sum[p * OC + o] += a[p][off[r] + k] * w[o];
}

INLINE void mac3_body(const double *const a[3], const size_t *off, size_t runs, size_t len, const double *w, double *sum)
{
	if (OC == 16)
		mac3_16(a, off, runs, len, w, sum);
	else
		mac3_any(a, off, runs, len, w, sum);
}

INLINE void mac1_wide_body(const double *a, const size_t *off, size_t runs, size_t len, const double *w, uint64_t *sum)
{
	size_t r, k, o;

	for (r = 0; r < runs; r++)
		for (k = 0; k < len; k++, w += OC) {
			int64_t x = (int64_t)a[off[r] + k];

			for (o = 0; o < OC; o++)
				sum[o] += (uint64_t)(x * (int64_t)w[o]);
		}
}

INLINE void xor_count_body(const uint64_t *a, const uint64_t *w, size_t n, uint32_t *diff)
{
	size_t o, k;

	for (o = 0; o < XOC; o += 8) {
		uint64_t c0 = 0, c1 = 0, c2 = 0, c3 = 0, c4 = 0, c5 = 0, c6 = 0, c7 = 0;
		const uint64_t *p = w + o;

		for (k = 0; k < n; k++, p += XOC) {
			uint64_t x = a[k];

			c0 += (uint64_t)__builtin_popcountll(x ^ p[0]);
			c1 += (uint64_t)__builtin_popcountll(x ^ p[1]);
			c2 += (uint64_t)__builtin_popcountll(x ^ p[2]);
			c3 += (uint64_t)__builtin_popcountll(x ^ p[3]);
			c4 += (uint64_t)__builtin_popcountll(x ^ p[4]);
			c5 += (uint64_t)__builtin_popcountll(x ^ p[5]);
			c6 += (uint64_t)__builtin_popcountll(x ^ p[6]);
			c7 += (uint64_t)__builtin_popcountll(x ^ p[7]);
		}
		diff[o + 0] += (uint32_t)c0, diff[o + 1] += (uint32_t)c1, diff[o + 2] += (uint32_t)c2;
		diff[o + 3] += (uint32_t)c3, diff[o + 4] += (uint32_t)c4, diff[o + 5] += (uint32_t)c5;
		diff[o + 6] += (uint32_t)c6, diff[o + 7] += (uint32_t)c7;
	}
}

#define KERNELS(suffix, attr)                                                                                         \
	attr static void mac3_##suffix(const double *const a[3], const size_t *off, size_t runs, size_t len,          \
				       const double *w, double *sum)                                                  \
	{                                                                                                             \
		mac3_body(a, off, runs, len, w, sum);                                                                 \
	}                                                                                                             \
	attr static void mac1_wide_##suffix(const double *a, const size_t *off, size_t runs, size_t len,              \
					    const double *w, uint64_t *sum)                                           \
	{                                                                                                             \
		mac1_wide_body(a, off, runs, len, w, sum);                                                            \
	}                                                                                                             \
	attr static void xor_count_##suffix(const uint64_t *a, const uint64_t *w, size_t n, uint32_t *diff)           \
	{                                                                                                             \
		xor_count_body(a, w, n, diff);                                                                        \
	}                                                                                                             \
	static const struct kern kern_##suffix = { mac3_##suffix, mac1_wide_##suffix, xor_count_##suffix };

KERNELS(plain, )

#if defined(__x86_64__)
KERNELS(avx2, __attribute__((target("avx2,fma,popcnt,bmi,bmi2"))))
#endif

const struct kern *model_kern(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("popcnt"))
		return &kern_avx2;
#endif
	return &kern_plain;
}
