/* SPDX-License-Identifier: MIT */
/*
 * quant_ops_test.c - LogQuant, Quant and BipolarQuant.
 *
 * LogQuant's oracle is integer arithmetic only: for |x| = m * 2^k, floor(p * log2|x|) is the number of bits of m^p,
 * less one, plus p * k, with m^p computed exactly. Floor takes p = s; nearest is floor((floor(2s * log2|x|) + 1) / 2).
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "graph_util.h"
#include "quant_ops.h"

/* ---- the oracle ---- */

/* Bits of m^p, m < 2^24, p <= 16. */
static int power_bits(uint32_t m, int p)
{
	uint32_t w[13] = { 1 };
	int n = 1, i;

	while (p--) {
		uint64_t carry = 0;

		for (i = 0; i < n; i++) {
			carry += (uint64_t)w[i] * m;
			w[i] = (uint32_t)carry;
			carry >>= 32;
		}
		if (carry)
			w[n++] = (uint32_t)carry;
	}
	return 32 * n - __builtin_clz(w[n - 1]);
}

static int floor_half(int v)
{
	return v >= 0 ? v / 2 : -((1 - v) / 2);
}

static int oracle(const struct lxa_logq *p, float x)
{
	int k;
	uint32_t m = (uint32_t)(frexpf(fabsf(x), &k) * 16777216.0f);

	k -= 24;
	if (p->rounding == LXA_LOGQ_FLOOR)
		return power_bits(m, p->steps) - 1 + p->steps * k;
	return floor_half(power_bits(m, 2 * p->steps) - 1 + 2 * p->steps * k + 1);
}

/* ---- LogQuant ---- */

static void check(const struct lxa_logq *p, float x)
{
	int got = lxa_logq_exponent(p, x), want = oracle(p, x);

	if (got != want)
		fail_msg("x = %a, %d steps, %s: %d, should be %d", (double)x, p->steps, p->rounding ? "floor" : "nearest", got,
			 want);
}

/* Every mantissa of one octave, for the two bases that the device has. */
static void test_every_mantissa(void **unused)
{
	struct lxa_logq p = { .bits = 4, .rounding = LXA_LOGQ_NEAREST };
	uint32_t m;

	for (p.steps = 1; p.steps <= 2; p.steps++) {
		for (m = 1u << 23; m < 1u << 24; m++) {
			unsigned __int128 sq = (unsigned __int128)m * m, v = p.steps == 1 ? sq : sq * sq;
			int bits = 128 - (v >> 64 ? __builtin_clzll((uint64_t)(v >> 64)) : 64 + __builtin_clzll((uint64_t)v));
			int want = (bits - 1 - 2 * p.steps * 23 + 1) / 2;

			if (lxa_logq_exponent(&p, (float)m / 8388608) != want)
				fail_msg("mantissa %u, %d steps", m, p.steps);
		}
	}
}

/*
 * The first mantissa of each code by bisection with the oracle, and its neighbours: as both functions only grow with
 * the mantissa, this covers every float of the octave.
 */
static void boundaries(const struct lxa_logq *p)
{
	int e, first = oracle(p, 1), last = oracle(p, nextafterf(2, 1)), d;

	for (e = first + 1; e <= last; e++) {
		uint32_t lo = 1u << 23, hi = (1u << 24) - 1;

		while (lo < hi) {
			uint32_t mid = (lo + hi) / 2;

			if (oracle(p, ldexpf((float)mid, -23)) >= e)
				hi = mid;
			else
				lo = mid + 1;
		}
		for (d = -2; d <= 2; d++) {
			check(p, ldexpf((float)(lo + (uint32_t)d), -23));
			check(p, -ldexpf((float)(lo + (uint32_t)d), -23 - 100));
			check(p, ldexpf((float)(lo + (uint32_t)d), -23 + 127));
		}
	}
}

static void test_boundaries(void **unused)
{
	struct lxa_logq p = { .bits = 4 };
	int rounding, k;

	for (rounding = LXA_LOGQ_NEAREST; rounding <= LXA_LOGQ_FLOOR; rounding++) {
		p.rounding = (enum lxa_logq_rounding)rounding;
		for (p.steps = 1; p.steps <= LXA_LOGQ_MAX_STEPS; p.steps++) {
			boundaries(&p);
			for (k = -149; k < 128; k++) {
				assert_int_equal(lxa_logq_exponent(&p, ldexpf(1, k)), k * p.steps);
				check(&p, nextafterf(ldexpf(1, k), 0) ? nextafterf(ldexpf(1, k), 0) : 1);
				check(&p, nextafterf(ldexpf(1, k), INFINITY));
			}
		}
	}
}

static void test_random_floats(void **unused)
{
	struct lxa_logq p = { .bits = 4 };
	int i;

	for (i = 0; i < 300000; i++) {
		uint32_t u = rnd(0x7f800000 - 1) + 1;
		float x;

		if (i % 4 == 0)
			u &= 0x7fffff;	/* subnormal */
		if (!u)
			continue;
		memcpy(&x, &u, 4);
		p.steps = 1 + (int)rnd(LXA_LOGQ_MAX_STEPS);
		p.rounding = rnd(2) ? LXA_LOGQ_FLOOR : LXA_LOGQ_NEAREST;
		check(&p, x);
	}
}

/* The formula of the definition, step by step in long double, on values that are not near a boundary. */
static void test_formula(void **unused)
{
	struct lxa_logq p;
	int i, sfsr, negative, q;

	for (i = 0; i < 100000; i++) {
		float x = rnd_float() * ldexpf(1, (int)rnd(12) - 6), fsr;
		long double l, e;
		int levels, want;

		p.is_signed = (int)rnd(2);
		p.bits = 2 + (int)rnd(7);
		p.steps = 1 + (int)rnd(4);
		p.rounding = rnd(2) ? LXA_LOGQ_FLOOR : LXA_LOGQ_NEAREST;
		levels = 1 << (p.bits - p.is_signed);
		fsr = (float)((int)rnd(8 * (uint32_t)p.steps) - 4 * p.steps) / (float)p.steps;
		if (lxa_logq_sfsr(&p, fsr, &sfsr)) {
			/* One third and its like are no floats: refused, or exact by luck. */
			assert_true(p.steps == 3 || levels > 100);
			continue;
		}
		q = lxa_logquant_code(&p, sfsr, x, &negative);
		if (x == 0 || (x < 0 && !p.is_signed)) {
			assert_int_equal(q, 0);
			continue;
		}
		l = (long double)p.steps * log2l(fabsl((long double)x));
		e = floorl(p.rounding == LXA_LOGQ_FLOOR ? l : l + 0.5L);
		want = (int)e - (sfsr - levels);
		want = want <= 0 ? 0 : want >= levels ? levels - 1 : want;
		if (q != want)
			fail_msg("x = %a fsr %g bits %d signed %d steps %d: %d, should be %d", (double)x, (double)fsr, p.bits,
				 p.is_signed, p.steps, q, want);
		assert_int_equal(negative, q && x < 0);
	}
}

static void test_values(void **unused)
{
	struct lxa_logq p = { .bits = 4, .rounding = LXA_LOGQ_NEAREST };
	int q, sfsr, negative, back;

	for (p.steps = 1; p.steps <= LXA_LOGQ_MAX_STEPS; p.steps++) {
		for (sfsr = -40; sfsr <= 40; sfsr++) {
			assert_true(lxa_logquant_value(&p, sfsr, 0, 0) == 0);
			for (q = 1; q < 16; q++) {
				float v = lxa_logquant_value(&p, sfsr, q, 0);
				long double exact = exp2l((long double)(sfsr - 16 + q) / p.steps);

				if (v != (float)exact)
					fail_msg("value of code %d, s*fsr %d, %d steps is %a", q, sfsr, p.steps, (double)v);
				assert_true(lxa_logquant_value(&p, sfsr, q, 1) == -v);
				/* Quantizing a value again changes nothing (rounding to nearest). */
				back = lxa_logquant_code(&p, sfsr, v, &negative);
				assert_int_equal(back, q);
			}
		}
	}
}

/* methods.md's first line: Clip(Round(log2|x|), FSR - 2^b, FSR), the table of LOGQUANT.md, by hand. */
static void test_table(void **unused)
{
	static const struct {
		float x;
		int code;
	} cases[] = {
		{ 0, 0 }, { 0.000122f, 0 }, { 0.00018f, 1 }, { 0.5f, 12 }, { 0.7071067f, 12 }, { 0.70710683f, 13 },
		{ 1, 13 }, { 1.4142135f, 13 }, { 1.41421366f, 14 }, { 2, 14 }, { 4.5f, 15 }, { 5.5f, 15 }, { 1e30f, 15 },
		{ INFINITY, 15 }, { -1, 0 }, { -INFINITY, 0 }, { 1e-40f, 0 },
	};
	struct lxa_logq p = { .bits = 4, .steps = 1, .rounding = LXA_LOGQ_NEAREST };
	int sfsr, negative;
	size_t i;

	assert_int_equal(lxa_logq_sfsr(&p, 3, &sfsr), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (lxa_logquant_code(&p, sfsr, cases[i].x, &negative) != cases[i].code)
			fail_msg("code of %g is %d, should be %d", (double)cases[i].x,
				 lxa_logquant_code(&p, sfsr, cases[i].x, &negative), cases[i].code);
	assert_true(lxa_logquant_value(&p, sfsr, 15, 0) == 4);
	assert_true(lxa_logquant_value(&p, sfsr, 1, 0) == 1.0f / 4096);
	p.rounding = LXA_LOGQ_FLOOR;
	assert_int_equal(lxa_logquant_code(&p, sfsr, 1.99f, &negative), 13);
	p.is_signed = 1;
	p.bits = 5;
	assert_int_equal(lxa_logquant_code(&p, sfsr, -1, &negative), 13);
	assert_int_equal(negative, 1);
	assert_int_equal(lxa_logquant_code(&p, sfsr, -INFINITY, &negative), 15);
	assert_int_equal(negative, 1);
	assert_int_equal(lxa_logquant_code(&p, sfsr, -1e-30f, &negative), 0);
	assert_int_equal(negative, 0);
	assert_int_equal(lxa_logquant_code(&p, sfsr, NAN, &negative), -EDOM);
}

static void test_fsr(void **unused)
{
	struct lxa_logq p = { .bits = 4, .steps = 2 };
	int sfsr;

	assert_int_equal(lxa_logq_sfsr(&p, 1.5f, &sfsr), 0);
	assert_int_equal(sfsr, 3);
	assert_int_equal(lxa_logq_sfsr(&p, 1.25f, &sfsr), -EINVAL);
	assert_int_equal(lxa_logq_sfsr(&p, NAN, &sfsr), -EINVAL);
	assert_int_equal(lxa_logq_sfsr(&p, INFINITY, &sfsr), -EINVAL);
	assert_int_equal(lxa_logq_sfsr(&p, 128, &sfsr), 0);	/* largest value 2^127.5 */
	assert_int_equal(lxa_logq_sfsr(&p, 128.5f, &sfsr), -EINVAL);
	assert_int_equal(lxa_logq_sfsr(&p, -1000, &sfsr), -EINVAL);
}

static struct lxa_node node_of(const char *op, const char *domain, struct lxa_attr *attr, int n)
{
	struct lxa_node node = { .name = "n", .op = (char *)op, .domain = (char *)domain, .attr = attr, .n_attr = n };

	return node;
}

static void bad_logq(struct lxa_attr attr, const char *word)
{
	struct lxa_node n = node_of("LogQuant", "lxa", &attr, 1);
	struct lxa_logq p;
	struct lxa_err err;

	assert_int_equal(lxa_logq_parse(&n, &p, &err), -EINVAL);
	if (!strstr(err.text, word))
		fail_msg("\"%s\" does not say \"%s\"", err.text, word);
}

static void test_logq_attributes(void **unused)
{
	bad_logq((struct lxa_attr){ .name = "bits", .type = LXA_ATTR_INT, .i = 0 }, "bits is 0");
	bad_logq((struct lxa_attr){ .name = "bits", .type = LXA_ATTR_INT, .i = 33 }, "bits is 33");
	bad_logq((struct lxa_attr){ .name = "signed", .type = LXA_ATTR_INT, .i = 2 }, "signed is 2");
	bad_logq((struct lxa_attr){ .name = "steps_per_octave", .type = LXA_ATTR_INT, .i = 9 }, "steps_per_octave is 9");
	bad_logq((struct lxa_attr){ .name = "rounding", .type = LXA_ATTR_STRING, .s = "UP" }, "rounding is \"UP\"");
}

/* ---- Quant ---- */

static void test_quant_rounding(void **unused)
{
	static const float x[8] = { -2.5f, -1.5f, -0.5f, -0.2f, 0.5f, 1.5f, 2.5f, 2.7f };
	static const struct {
		const char *mode;
		float want[8];
	} cases[] = {
		{ "ROUND", { -2, -2, 0, 0, 0, 2, 2, 3 } }, { "CEIL", { -2, -1, 0, 0, 1, 2, 3, 3 } },
		{ "FLOOR", { -3, -2, -1, -1, 0, 1, 2, 2 } }, { "ROUND_TO_ZERO", { -2, -1, 0, 0, 0, 1, 2, 2 } },
		{ "UP", { -3, -2, -1, -1, 1, 2, 3, 3 } }, { "HALF_UP", { -3, -2, -1, 0, 1, 2, 3, 3 } },
		{ "HALF_DOWN", { -2, -1, 0, 0, 0, 1, 2, 3 } }, { "half_even", { -2, -2, 0, 0, 0, 2, 2, 3 } },
	};
	size_t i;
	int k;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lxa_attr a = { .name = "rounding_mode", .type = LXA_ATTR_STRING, .s = (char *)cases[i].mode };
		struct lxa_node n = node_of("Quant", "qonnx.custom_op.general", &a, 1);
		struct lxa_quant q;
		struct lxa_err err;

		assert_int_equal(lxa_quant_parse(&n, 4, &q, &err), 0);
		for (k = 0; k < 8; k++)
			if (lxa_quant_code(&q, 1, 0, x[k]) != cases[i].want[k])
				fail_msg("%s of %g is %g", cases[i].mode, (double)x[k], (double)lxa_quant_code(&q, 1, 0, x[k]));
	}
}

static void quant_range(int is_signed, int narrow, float bits, float min, float max)
{
	struct lxa_attr a[2] = {
		{ .name = "signed", .type = LXA_ATTR_INT, .i = is_signed },
		{ .name = "narrow", .type = LXA_ATTR_INT, .i = narrow },
	};
	struct lxa_node n = node_of("Quant", "onnx.brevitas", a, 2);
	struct lxa_quant q;
	struct lxa_err err;

	assert_int_equal(lxa_quantizer_of(&n), LXA_QUANTIZER_QUANT);
	assert_int_equal(lxa_quant_parse(&n, bits, &q, &err), 0);
	assert_true(lxa_quant_code(&q, 0.25f, 0, -1e6f) == min);
	assert_true(lxa_quant_code(&q, 0.25f, 0, 1e6f) == max);
	assert_true(lxa_quant_value(&q, 0.25f, 0, max) == max * 0.25f);
}

static void test_quant_ranges(void **unused)
{
	struct lxa_node n = node_of("Quant", "onnx.brevitas", NULL, 0);
	struct lxa_quant q;
	struct lxa_err err;

	quant_range(1, 0, 4, -8, 7);
	quant_range(1, 1, 4, -7, 7);
	quant_range(0, 0, 4, 0, 15);
	quant_range(0, 1, 4, 0, 14);
	quant_range(0, 0, 8, 0, 255);
	quant_range(1, 0, 1, -1, 1);
	quant_range(1, 0, 2, -2, 1);
	assert_int_equal(lxa_quant_parse(&n, 0, &q, &err), -EINVAL);
	assert_non_null(strstr(err.text, "bit width is 0"));
	assert_int_equal(lxa_quant_parse(&n, NAN, &q, &err), -EINVAL);
	/* A zero point: 10 / 0.5 + 3 = 23, clipped to 7; (7 - 3) * 0.5 = 2. */
	assert_int_equal(lxa_quant_parse(&n, 4, &q, &err), 0);
	assert_true(lxa_quant_code(&q, 0.5f, 3, 10) == 7);
	assert_true(lxa_quant_value(&q, 0.5f, 3, 7) == 2);
	assert_true(isnan(lxa_quant_code(&q, 0.5f, 3, NAN)));
}

static void test_bipolar(void **unused)
{
	assert_true(lxa_bipolar_value(0.5f, 0) == 0.5f);
	assert_true(lxa_bipolar_value(0.5f, -0.0f) == 0.5f);
	assert_true(lxa_bipolar_value(0.5f, -1e-45f) == -0.5f);
	assert_true(lxa_bipolar_value(2, 7) == 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_mantissa), cmocka_unit_test(test_boundaries),
		cmocka_unit_test(test_random_floats), cmocka_unit_test(test_formula), cmocka_unit_test(test_values),
		cmocka_unit_test(test_table), cmocka_unit_test(test_fsr), cmocka_unit_test(test_logq_attributes),
		cmocka_unit_test(test_quant_rounding), cmocka_unit_test(test_quant_ranges), cmocka_unit_test(test_bipolar),
	};

	test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
