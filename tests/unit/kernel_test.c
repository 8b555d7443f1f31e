// SPDX-License-Identifier: MIT
/*
 * Single layers on the CPU kernels: random shapes in all modes against ordinary convolution on unpacked codes, and
 * every vector kernel against the plain one on the same memory. The oracle below shares nothing with the library: it
 * convolves with explicit index arithmetic, adds in 128 bits, and decides the logarithm by exact powers instead of
 * constants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "layer_util.h"
#include "lxa_layer.h"

/* ---- oracle ---------------------------------------------------------------------------------------------------- */

struct sum {			/* even + odd * sqrt(2) */
	int64_t even, odd;
};

/* An operand as integer * 2^(half/2). */
static void operand(int is_log, int sqrt2, int code, int sign, int64_t *m, int *half)
{
	*half = 0;
	*m = code;
	if (is_log) {
		*m = code ? sign : 0;
		*half = code ? (code - 1) * (sqrt2 ? 1 : 2) : 0;
	}
}

static struct sum oracle_sum(const struct lxa_job *j, const int8_t *w, const int32_t *in, int n, int oc, int y, int x)
{
	int icg = j->in_c / j->groups, g = oc / (j->out_c / j->groups), i, ky, kx, ha, hw;
	struct sum s = { 0, 0 };
	int64_t a, b, p;

	for (i = 0; i < icg; i++) {
		for (ky = 0; ky < j->kh; ky++) {
			for (kx = 0; kx < j->kw; kx++) {
				int iy = y * j->sy + ky * j->dy - j->pad_t, ix = x * j->sx + kx * j->dx - j->pad_l;
				int outside = iy < 0 || iy >= j->in_h || ix < 0 || ix >= j->in_w;
				int code = outside ? 0 :
					in[((n * j->in_c + g * icg + i) * j->in_h + iy) * j->in_w + ix];
				int8_t wt = w[((oc * icg + i) * j->kh + ky) * j->kw + kx];

				if (outside && j->pad_mode == LXA_PAD_PLUS)
					code = 1;
				if (outside && j->pad_mode == LXA_PAD_MINUS)
					code = -1;
				operand(j->act_fmt <= LXA_FMT_LOG8, j->conv_flags & LXA_CONV_ACT_SQRT2, code, 1, &a,
					&ha);
				operand(j->wgt_fmt == LXA_WFMT_LOG, j->conv_flags & LXA_CONV_WGT_SQRT2,
					j->wgt_fmt == LXA_WFMT_LOG ? wt & 127 : wt, wt < 0 ? -1 : 1, &b, &hw);
				p = a * b * ((int64_t)1 << ((ha + hw) / 2));
				if ((ha + hw) % 2)
					s.odd += p;
				else
					s.even += p;
			}
		}
	}
	return s;
}

/* e with 2^(e/steps) the power that u > 0 becomes: largest below it, or nearest in the log domain. */
static int oracle_log(uint64_t u, int steps, int nearest)
{
	unsigned __int128 p = 1;
	int e = 0, k, pow = nearest ? 2 * steps : steps;

	/* u >= 2^((2e-1)/2s) <=> u^(2s) >= 2^(2e-1);  u >= 2^(e/s) <=> u^s >= 2^e */
	for (k = 0; k < pow; k++)
		p *= u;
	for (e = 0; ; e++) {
		int bit = nearest ? 2 * (e + 1) - 1 : e + 1;

		if (bit > 127 || p < (unsigned __int128)1 << bit)
			return e;
	}
}

static int32_t oracle_code(const struct lxa_job *j, const struct lxa_channel *c, struct sum s)
{
	int dual = (j->conv_flags & (LXA_CONV_ACT_SQRT2 | LXA_CONV_WGT_SQRT2)) != 0, i, code = 0;
	__int128 v = dual ? (__int128)s.even * 32768 + (__int128)s.odd * 46341 : s.even;
	__int128 div = (__int128)1 << c->shift;

	v = (v + c->bias) * c->mult + (c->shift ? div / 2 : 0);
	v = v >= 0 ? v / div : -((-v + div - 1) / div);
	switch (j->kind) {
	case LXA_KIND_LOG:
		if (v <= 0)
			return 0;
		if (v > 0xffffffffll)
			v = 0xffffffffll;
		code = oracle_log((uint64_t)v, j->conv_flags & LXA_CONV_OUT_SQRT2 ? 2 : 1,
				  (j->conv_flags & LXA_CONV_OUT_NEAREST) != 0) + j->log_off;
		return code < 0 ? 0 : code > j->log_max ? j->log_max : code;
	case LXA_KIND_THRESH:
		for (i = 0; i < j->nthr; i++)
			code += c->thr[i] == INT32_MIN || (c->thr[i] != INT32_MAX && v >= c->thr[i]);
		return j->out_fmt == LXA_OFMT_B1 ? (code ? 1 : -1) : code;
	default:
		return (int32_t)(v < j->clamp_lo ? j->clamp_lo : v > j->clamp_hi ? j->clamp_hi : v);
	}
}

static void oracle(const struct lxa_job *j, const struct lxa_layout *y, const int8_t *w, const struct lxa_channel *chan,
		   uint32_t batch, const int32_t *in, int32_t *out)
{
	uint32_t n, oc, oy, ox;
	int py, px;

	for (n = 0; n < batch; n++)
		for (oc = 0; oc < j->out_c; oc++)
			for (oy = 0; oy < y->out_h; oy++)
				for (ox = 0; ox < y->out_w; ox++, out++) {
					int first = 1;

					*out = 0;
					for (py = 0; py < j->pool_h; py++)
						for (px = 0; px < j->pool_w; px++) {
							int cy = (int)oy * j->pool_sy - j->pool_pt + py;
							int cx = (int)ox * j->pool_sx - j->pool_pl + px;
							int32_t code;

							if (cy < 0 || cx < 0 || cy >= (int)y->conv_h ||
							    cx >= (int)y->conv_w)
								continue;
							code = oracle_code(j, &chan[oc], oracle_sum(j, w, in, (int)n,
												    (int)oc, cy, cx));
							if (first || code > *out)
								*out = code;
							first = 0;
						}
				}
}

/* ---- random layers ----------------------------------------------------------------------------------------------- */

static void compare(const struct random_layer *r, const char *what, const int32_t *got, const int32_t *want, size_t n,
		    int round)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (got[i] != want[i])
			fail_msg("round %d, %s, element %zu: %d, oracle %d; %s", round, what, i, got[i], want[i],
				 random_layer_text(r));
}

static void one_round(int round)
{
	struct random_layer r;
	struct lxa_operation *op;
	struct lxa_err err = { "" };
	const struct lxa_layout *y;
	struct lxa_layer layer;
	int32_t *out, *want;
	size_t n;
	int ret;

	random_layer(&r);
	ret = lxa_op_create(NULL, &r.job, r.w, r.chan, &op, &err);
	if (ret) {
		if (ret != -ERANGE)
			fail_msg("round %d: %s; %s", round, err.text, random_layer_text(&r));
		random_layer_free(&r);
		return;
	}
	y = lxa_op_layout(op);
	n = (size_t)r.batch * r.job.out_c * y->out_h * y->out_w;
	out = malloc(n * sizeof(*out));
	want = malloc(n * sizeof(*want));
	oracle(&r.job, y, r.w, r.chan, r.batch, r.in, want);
	assert_int_equal(lxa_op_run(op, r.batch, r.in, out, NULL, &err), 0);
	compare(&r, "library", out, want, n, round);

	/* the plain kernel and whatever this machine has leave the same bytes */
	assert_int_equal(lxa_layer_begin(&layer, &layer_test_caps, &r.job, 0, r.w, &err), 0);
	assert_int_equal(lxa_layer_finish(&layer, r.chan, &err), 0);
	check_isas(&layer, &r, want, n);
	lxa_layer_free(&layer);
	lxa_op_free(op);
	free(out);
	free(want);
	random_layer_free(&r);
}

static void test_random(void **state)
{
	int i, rounds = getenv("LXA_ROUNDS") ? atoi(getenv("LXA_ROUNDS")) : 400;

	for (i = 0; i < rounds; i++)
		one_round(i);
	for (i = LXA_ISA_AVX2; i <= LXA_ISA_AVX512; i++) {
		if (layer_test_skipped[i])
			print_message("SKIP: %s: this machine does not have it\n", i == LXA_ISA_AVX2 ? "AVX2" : "AVX-512");
		else
			print_message("%s: %d layers of %d\n", i == LXA_ISA_AVX2 ? "AVX2" : "AVX-512", layer_test_taken[i], rounds);
		assert_true(layer_test_taken[i] > rounds * 9 / 10 || layer_test_skipped[i]);
	}
}

/* 1x1 layers: one number in, one out. */
static int32_t single(const struct lxa_job *j, int8_t w, struct lxa_channel c, int32_t in)
{
	struct lxa_operation *op;
	struct lxa_err err = { "" };
	int32_t out;

	if (lxa_op_create(NULL, j, &w, &c, &op, &err))
		fail_msg("%s", err.text);
	assert_int_equal(lxa_op_run(op, 1, &in, &out, NULL, &err), 0);
	lxa_op_free(op);
	return out;
}

static struct lxa_job job_1x1(void)
{
	return (struct lxa_job){ .in_h = 1, .in_w = 1, .in_c = 1, .out_c = 1, .groups = 1, .kh = 1, .kw = 1, .sy = 1,
				.sx = 1,
				 .dy = 1, .dx = 1, .pool_h = 1, .pool_w = 1, .pool_sy = 1, .pool_sx = 1 };
}

/* Miyashita's example: w = 5.5 (11 halves), a = 4.5 truncated to 2^2: 22, and as the next input 16. */
static void test_worked_example(void **state)
{
	struct lxa_job j = job_1x1();
	struct lxa_channel c = { .mult = 1, .shift = 1 };	/* halves to ones */

	j.act_fmt = LXA_FMT_LOG4;
	j.wgt_fmt = LXA_WFMT_S8;
	j.kind = LXA_KIND_INT32;
	j.out_fmt = LXA_OFMT_W32;
	j.clamp_lo = INT32_MIN;
	j.clamp_hi = INT32_MAX;
	assert_int_equal(single(&j, 11, c, 3), 22);		/* code 3 is 2^2 */
	j.kind = LXA_KIND_LOG;
	j.out_fmt = LXA_OFMT_N4;
	j.clamp_lo = j.clamp_hi = 0;
	j.log_max = 15;
	j.log_off = 1;
	assert_int_equal(single(&j, 11, c, 3), 5);		/* code 5 is 2^4 = 16 */
	j.conv_flags = LXA_CONV_OUT_NEAREST;
	assert_int_equal(single(&j, 11, c, 3), 5);		/* 22 < 16 * sqrt(2) = 22.6 */
	assert_int_equal(single(&j, 23, (struct lxa_channel){ .mult = 1, .shift = 2 }, 3), 6); /* 23 is above it */
}

/* The logarithm at and beside every boundary: the bias alone is the sum. */
static void test_log_boundaries(void **state)
{
	static const uint32_t tops[] = { 0x80000000u, 0x9837F052u, 0xB504F334u, 0xD744FCCBu, 0xFFFFFFFFu };
	struct lxa_job j = job_1x1();
	uint32_t i, k;
	int d, mode;

	j.act_fmt = LXA_FMT_LOG4;
	j.kind = LXA_KIND_LOG;
	j.out_fmt = LXA_OFMT_B8;
	j.log_max = 255;
	j.log_off = 3;
	for (mode = 0; mode < 4; mode++) {
		j.conv_flags = (mode & 1 ? LXA_CONV_OUT_SQRT2 : 0) | (mode & 2 ? LXA_CONV_OUT_NEAREST : 0);
		for (i = 0; i < 5; i++)
			for (k = 0; k < 32; k++)
				for (d = -1; d < 3; d++) {
					struct lxa_channel c = { .mult = 1, .bias = (int64_t)(tops[i] >> k) + d };
					struct sum zero = { 0, 0 };

					assert_int_equal(single(&j, 1, c, 0), oracle_code(&j, &c, zero));
				}
	}
}

/* Sums that leave 32 bits: all operands at their largest, so that a kernel that adds in 32 bits must move them in time. */
static void test_large_sums(void **state)
{
	struct lxa_channel chan[16];
	struct lxa_job j = job_1x1();
	struct lxa_operation *op;
	struct lxa_err err = { "" };
	int8_t w[16 * 1000];
	int32_t in[1000], out[16];
	int i;

	j.in_c = 1000;
	j.out_c = 16;
	j.act_fmt = LXA_FMT_LOG4;
	j.kind = LXA_KIND_INT32;
	j.out_fmt = LXA_OFMT_W32;
	j.clamp_lo = INT32_MIN;
	j.clamp_hi = INT32_MAX;
	for (i = 0; i < 1000; i++)
		in[i] = 15;
	memset(w, 15, sizeof(w));
	memset(w + 5 * 1000, 0x8f, 1000);
	for (i = 0; i < 16; i++)
		chan[i] = (struct lxa_channel){ .mult = 1, .shift = 20 };
	assert_int_equal(lxa_op_create(NULL, &j, w, chan, &op, &err), 0);
	assert_int_equal(lxa_op_run(op, 1, in, out, NULL, &err), 0);
	for (i = 0; i < 16; i++)
		assert_int_equal(out[i], (i == 5 ? -1000 : 1000) * 256);	/* 2^14 * 2^14 / 2^20 = 256 */
	lxa_op_free(op);
}

/* A layer of some size with random operands; bytes of input and output. */
static void big_layer(struct lxa_layer *l, struct lxa_job j, uint32_t batch, uint8_t **act, uint8_t **out, uint64_t *bytes)
{
	size_t n = (size_t)j.out_c * j.in_c * j.kh * j.kw, i;
	struct lxa_channel *chan = calloc(j.out_c, sizeof(*chan));
	int8_t *w = malloc(n);
	struct lxa_err err = { "" };
	struct lxa_layout y;

	for (i = 0; i < n; i++)
		w[i] = j.act_fmt == LXA_FMT_B1 ? (layer_test_rnd(2) ? 1 : -1) : (int8_t)(layer_test_rnd(16) | layer_test_rnd(2) << 7);
	for (i = 0; i < j.out_c; i++)
		chan[i] = (struct lxa_channel){ .mult = j.kind == LXA_KIND_LOG ? 20000 : 1, .shift = j.kind == LXA_KIND_LOG ? 18 : 0,
						.bias = (int64_t)layer_test_rnd(64) - 32 };
	if (lxa_layer_begin(l, &layer_test_caps, &j, 0, w, &err) || lxa_layer_finish(l, chan, &err))
		fail_msg("%s", err.text);
	j.batch = (uint16_t)batch;
	lxa_layout(&layer_test_caps, &j, &y);
	*act = malloc(y.act_bytes);
	*out = calloc(1, y.out_bytes);
	*bytes = y.out_bytes;
	for (i = 0; i < y.act_bytes; i++)
		(*act)[i] = (uint8_t)layer_test_rnd(256);
	free(chan);
	free(w);
}

/* Layers large enough for threads: any number of them and every instruction set leave the same bytes. */
static void test_threads(void **state)
{
	static const struct { uint16_t ic, oc, hw; uint8_t k, pad, pool, binary; uint32_t batch; } cases[] = {
		{ 40, 72, 30, 3, 1, 1, 0, 1 }, { 40, 72, 21, 3, 1, 2, 0, 2 }, { 96, 130, 24, 3, 1, 1, 1, 1 },
		{ 16, 400, 3, 3, 0, 1, 0, 40 }, { 600, 500, 1, 1, 0, 1, 1, 9 }, { 64, 300, 6, 5, 2, 1, 0, 1 },
	};
	struct kpool *pool = kpool_create(3);
	uint64_t bytes;
	size_t i;
	int isa;

	assert_non_null(pool);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lxa_job j = job_1x1();
		uint8_t *act, *out, *want = NULL;
		struct lxa_layer l;
		struct lxa_err err;

		j.in_h = j.in_w = cases[i].hw;
		j.in_c = cases[i].ic;
		j.out_c = cases[i].oc;
		j.kh = j.kw = cases[i].k;
		j.pad_t = j.pad_l = j.pad_b = j.pad_r = cases[i].pad;
		j.pool_h = j.pool_w = j.pool_sy = j.pool_sx = cases[i].pool;
		j.act_fmt = cases[i].binary ? LXA_FMT_B1 : LXA_FMT_LOG4;
		j.wgt_fmt = cases[i].binary ? LXA_WFMT_B1 : LXA_WFMT_LOG;
		j.kind = cases[i].binary ? LXA_KIND_THRESH : LXA_KIND_LOG;
		j.out_fmt = cases[i].binary ? LXA_OFMT_B1 : LXA_OFMT_N4;
		j.nthr = cases[i].binary;
		j.log_max = cases[i].binary ? 0 : 15;
		j.log_off = cases[i].binary ? 0 : -11;
		j.conv_flags = cases[i].binary ? 0 : LXA_CONV_OUT_NEAREST;
		big_layer(&l, j, cases[i].batch, &act, &out, &bytes);
		for (isa = LXA_ISA_AVX512; isa >= LXA_ISA_AVX2; isa--) {
			struct lxa_kernel *k;

			if (!lxa_kernel_has((enum lxa_kernel_isa)isa))
				continue;
			assert_int_equal(lxa_kernel_create(&l, (enum lxa_kernel_isa)isa, &k, &err), 0);
			memset(out, 0, bytes);
			lxa_kernel_run(k, cases[i].batch, act, out);
			if (!want) {
				want = malloc(bytes);
				memcpy(want, out, bytes);
			}
			if (memcmp(want, out, bytes))
				fail_msg("case %zu: %s differs from %s", i, lxa_kernel_name(k), "avx512");
			memset(out, 0, bytes);
			assert_int_equal(lxa_kernel_threads(k, pool), 0);
			lxa_kernel_run(k, cases[i].batch, act, out);
			if (memcmp(want, out, bytes))
				fail_msg("case %zu: %s on three threads differs from one", i, lxa_kernel_name(k));
			assert_int_equal(lxa_kernel_threads(k, NULL), 0);
			lxa_kernel_free(k);
		}
		free(act);
		free(out);
		free(want);
		lxa_layer_free(&l);
	}
	kpool_free(pool);
}

static void test_overflow(void **state)
{
	struct lxa_job j = job_1x1();
	struct lxa_channel c[2] = { { .mult = 1 }, { .mult = 1 } };
	struct lxa_operation *op;
	struct lxa_err err = { "" };
	int8_t w[2 * 4096];

	j.in_c = 4096;
	j.out_c = 2;
	j.act_fmt = LXA_FMT_LOG8;
	j.kind = LXA_KIND_INT32;
	j.out_fmt = LXA_OFMT_W32;
	j.clamp_hi = INT32_MAX;
	memset(w, 1, sizeof(w));
	memset(w + 4096, 16, 4096);		/* 2^15 * 2^15 * 4096 = 2^42 still fits 48 bits */
	assert_int_equal(lxa_op_create(NULL, &j, w, c, &op, &err), 0);
	lxa_op_free(op);
	/* base sqrt(2): 2^15 * 2^15 * 4096 leaves the 32-bit half, the first channel does not: 2^15 * 4096 */
	j.conv_flags = LXA_CONV_ACT_SQRT2;
	assert_int_equal(lxa_op_create(NULL, &j, w, c, &op, &err), -ERANGE);
	assert_non_null(strstr(err.text, "channel 1"));
	assert_non_null(strstr(err.text, "2^42"));
	j.conv_flags = 0;
	c[0].bias = ((int64_t)1 << 47) - 4096 * 32768;
	assert_int_equal(lxa_op_create(NULL, &j, w, c, &op, &err), -ERANGE);
	assert_non_null(strstr(err.text, "channel 0"));
	c[0].bias--;
	assert_int_equal(lxa_op_create(NULL, &j, w, c, &op, &err), 0);
	lxa_op_free(op);
}

static void test_refusals(void **state)
{
	struct lxa_channel c = { .mult = 1 };
	struct lxa_operation *op;
	struct lxa_err err = { "" };
	struct lxa_job j = job_1x1();
	int8_t w = 1;

	j.act_fmt = LXA_FMT_U8;
	j.wgt_fmt = LXA_WFMT_S8;
	j.kind = LXA_KIND_INT32;
	j.out_fmt = LXA_OFMT_W32;
	assert_int_equal(lxa_op_create(NULL, &j, &w, &c, &op, &err), -EINVAL);
	assert_null(op);
	j.wgt_fmt = LXA_WFMT_LOG;
	j.kh = 12;
	assert_int_equal(lxa_op_create(NULL, &j, &w, &c, &op, &err), -EINVAL);
	assert_non_null(strstr(err.text, "kernel height is 12"));
	j.kh = 1;
	w = 17;
	assert_int_equal(lxa_op_create(NULL, &j, &w, &c, &op, &err), -EINVAL);
	w = 1;
	c.shift = 63;
	assert_int_equal(lxa_op_create(NULL, &j, &w, &c, &op, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worked_example),
		cmocka_unit_test(test_log_boundaries),
		cmocka_unit_test(test_large_sums),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_random),
	};

	layer_test_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
