/* SPDX-License-Identifier: MIT */
/*
 * oracle.c - the functional engine against ref.c: random small layers of every pair of formats and every kind; all products
 * of bit-plane operands (the RTL too), the log requantization over its small domain, and the worked example of LogQuant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "layer.h"

static struct rig *rig;
static uint64_t seed;
static uint32_t n_split;		/* layers that were split and compared */

/* Run one layer on the device; its output region (guards included) must equal the reference's, byte for byte. */
static void check_layer(struct layer *y, uint64_t *s)
{
	size_t n = y->l.out_bytes + 2 * LAYER_GUARD, i;
	uint32_t desc[LXA_DESC_WORDS];
	uint8_t *expect = malloc(n);
	const uint8_t *got;

	rig_clear(rig);
	layer_load(s, rig, y);
	got = rig->mem + y->out_at - LAYER_GUARD;
	memcpy(expect, got, n);
	layer_desc(y, rig->tail + 100, 1, desc);
	rig_post(rig, desc);
	rig_doorbell(rig);
	ref_output(&rig->caps, y, expect);
	assert_int_equal(rig_wait(rig, rig->tail, 20000), 0);
	for (i = 0; i < n && got[i] == expect[i]; i++)
		;
	if (i < n) {
		layer_print(y);
		fail_msg("output byte %ld is %02x, reference %02x", (long)i - LAYER_GUARD, got[i], expect[i]);
	}
	free(expect);
}

static void random_layers(int act, int wgt, int packed, int count)
{
	struct layer_want want = { .act_fmt = act, .wgt_fmt = wgt, .max_macs = 400000, .packed = packed };
	uint64_t s = seed + (uint64_t)act * 1000 + (uint64_t)wgt;
	int i;

	for (i = 0; i < count; i++) {
		struct layer y;

		want.kind = i % 5;
		if (!layer_possible(&rig->caps, &want))
			continue;
		layer_random(&s, &rig->caps, &want, &y);
		check_layer(&y, &s);
		layer_free(&y);
	}
}

static void test_log4_log(void **state) { random_layers(LXA_FMT_LOG4, LXA_WFMT_LOG, 0, 160); }
static void test_log8_log(void **state) { random_layers(LXA_FMT_LOG8, LXA_WFMT_LOG, 0, 120); }
static void test_u8_log(void **state) { random_layers(LXA_FMT_U8, LXA_WFMT_LOG, 0, 80); }
static void test_s8_log(void **state) { random_layers(LXA_FMT_S8, LXA_WFMT_LOG, 0, 80); }
static void test_log4_s8(void **state) { random_layers(LXA_FMT_LOG4, LXA_WFMT_S8, 0, 80); }
static void test_log8_s8(void **state) { random_layers(LXA_FMT_LOG8, LXA_WFMT_S8, 0, 80); }
static void test_binary_bits(void **state) { random_layers(LXA_FMT_B1, LXA_WFMT_BITS, 0, 120); }
static void test_n4_binary(void **state) { random_layers(LXA_FMT_N4, LXA_WFMT_B1, 0, 120); }
static void test_n4_bits(void **state) { random_layers(LXA_FMT_N4, LXA_WFMT_BITS, 0, 200); }
/* packed pixels: ref.c knows nothing of them */
static void test_packed_u8(void **state) { random_layers(LXA_FMT_U8, LXA_WFMT_LOG, 1, 120); }
static void test_packed_s8(void **state) { random_layers(LXA_FMT_S8, LXA_WFMT_LOG, 1, 80); }
static void test_packed_log8(void **state) { random_layers(LXA_FMT_LOG8, LXA_WFMT_LOG, 1, 80); }
static void test_packed_log8_s8(void **state) { random_layers(LXA_FMT_LOG8, LXA_WFMT_S8, 1, 80); }
static void test_binary(void **state) { random_layers(LXA_FMT_B1, LXA_WFMT_B1, 0, 200); }

/* ---- a layer split over its input channels ---------------------------------------------------------------- */

/* The part of y that channels lo .. hi - 1 of each group make: of kind raw unless it is the last, which does as y does. */
static void make_part(uint64_t *s, const struct layer *y, uint32_t lo, uint32_t hi, struct layer *p)
{
	const struct lxa_job *j = &y->job;
	uint32_t icg = j->in_c / j->groups, part = hi - lo, c, last = hi == icg;
	size_t px = (size_t)j->batch * j->in_h * j->in_w, taps = (size_t)j->out_c * j->kh * j->kw, i;

	memset(p, 0, sizeof(*p));
	p->job = *j;
	p->job.in_c = (uint16_t)(part * j->groups);
	p->job.in_row = p->job.in_img = 0;
	if (!last) {
		p->job.out_row = p->job.out_img = 0;
		p->job.kind = LXA_KIND_RAW, p->job.out_fmt = LXA_OFMT_W64;
		p->job.nthr = p->job.log_max = 0;
		p->job.log_off = 0;
		p->job.clamp_lo = p->job.clamp_hi = 0;
		p->job.conv_flags &= ~(LXA_CONV_OUT_SQRT2 | LXA_CONV_OUT_NEAREST);
	}
	p->job.res_mode = lo ? LXA_RES_RAW : LXA_RES_NONE;
	assert_int_equal(layer_finish(s, &rig->caps, p), 0);
	for (i = 0; i < px * j->groups; i++)
		for (c = 0; c < part; c++)
			p->act[i * part + c] = y->act[i * icg + lo + c];
	for (i = 0; i < taps; i++)
		for (c = 0; c < part; c++)
			p->wgt[i * part + c] = y->wgt[i * icg + lo + c];
	if (last)
		memcpy(p->par, y->par, j->out_c * sizeof(*p->par));
	p->barrier = 1;
}

/* y in n jobs, each adding to the partial sums of the one before; the last output must be that of the whole layer. */
static void check_split(struct rig *r, struct layer *y, uint32_t n, uint64_t *s)
{
	uint32_t icg = y->job.in_c / y->job.groups, i, desc[LXA_DESC_WORDS];
	size_t bytes = y->l.out_bytes + 2 * LAYER_GUARD, k;
	uint8_t *expect = malloc(bytes);
	struct layer part[4];
	const uint8_t *got;

	rig_clear(r);
	for (i = 0; i < n; i++) {
		make_part(s, y, icg * i / n, icg * (i + 1) / n, &part[i]);
		if (part[i].l.passes != y->l.passes)	/* twice the sum or once: such parts do not add up */
			goto out;
		part[i].res_at = i ? part[i - 1].out_at : 0;
		layer_load(s, r, &part[i]);
	}
	got = r->mem + part[n - 1].out_at - LAYER_GUARD;
	memcpy(expect, got, bytes);
	ref_output(&r->caps, y, expect);
	for (i = 0; i < n; i++) {
		layer_desc(&part[i], r->tail + 1, i == n - 1, desc);
		rig_post(r, desc);
	}
	rig_doorbell(r);
	assert_int_equal(rig_wait(r, r->tail, 20000), 0);
	for (k = 0; k < bytes && got[k] == expect[k]; k++)
		;
	if (k < bytes) {
		layer_print(y);
		fail_msg("in %u parts: output byte %ld is %02x, reference %02x", n, (long)k - LAYER_GUARD, got[k], expect[k]);
	}
	n_split++;
out:
	for (n = i < n ? i + 1 : n; n; n--)
		layer_free(&part[n - 1]);
	free(expect);
}

static void split_layers(struct rig *r, uint64_t s, int count)
{
	static const uint8_t pairs[][2] = { { LXA_FMT_LOG4, LXA_WFMT_LOG }, { LXA_FMT_B1, LXA_WFMT_B1 },
					    { LXA_FMT_LOG8, LXA_WFMT_S8 }, { LXA_FMT_S8, LXA_WFMT_LOG } };
	struct layer_want want = { .max_macs = 400000 };
	int flags[4] = { 0 }, grouped[2] = { 0 }, i;

	n_split = 0;
	for (i = 0; i < count; i++) {
		uint32_t icg, before = n_split;
		struct layer y;

		want.act_fmt = pairs[i % 4][0], want.wgt_fmt = pairs[i % 4][1], want.kind = i / 4 % 4;
		if (!layer_possible(&r->caps, &want))
			continue;
		layer_random(&s, &r->caps, &want, &y);
		icg = y.job.in_c / y.job.groups;
		if (icg >= 2 && y.job.res_mode == LXA_RES_NONE && y.job.pool_h == 1 && y.job.pool_w == 1 &&
		    y.job.pool_sy == 1 && y.job.pool_sx == 1) {
			check_split(r, &y, 2 + rnd_n(&s, icg >= 4 ? 3 : icg - 1), &s);
			flags[i % 4 ? 0 : y.job.conv_flags & 3] += n_split > before;
			grouped[i % 4 == 1] += n_split > before && y.job.groups > 1;
		}
		layer_free(&y);
	}
	/* base 2, each mixture, sqrt 2; grouped on either lanes */
	for (i = 0; i < 4; i++)
		assert_true(flags[i]);
	assert_true(grouped[0] && grouped[1]);
}

static void test_split(void **state) { split_layers(rig, seed, 1200); }

static void test_split_rtl(void **state)
{
	struct rig *r = rig_open(LXA_SIM_RTL, 100, 16, 64 << 20);

	split_layers(r, seed + 1, 400);
	rig_close(r);
}

/* ---- bit planes ------------------------------------------------------------------------------------------ */

/* bits = 0: one bit, 1 or -1. */
static int plain_value(int code, int bits, int is_signed)
{
	if (!bits)
		return code & 1 ? 1 : -1;
	code &= (1 << bits) - 1;
	return is_signed && code & 1 << (bits - 1) ? code - (1 << bits) : code;
}

/* Pixel x holds code x and output channel o the weight o, one input channel: all products of two widths, in tiles of tile_w pixels. */
static void all_products(struct rig *r, int abits, int asign, int wbits, int wsign, int tile_w)
{
	uint32_t desc[LXA_DESC_WORDS];
	const uint8_t *out;
	uint64_t s = 1;
	struct layer y;
	int x, o;

	memset(&y, 0, sizeof(y));
	y.job = (struct lxa_job){ .op = LXA_OP_CONV, .batch = 1, .in_h = 1, .in_w = 16, .in_c = 1, .out_c = 16, .groups = 1,
				  .kh = 1, .kw = 1, .sy = 1, .sx = 1, .dy = 1, .dx = 1, .pool_h = 1, .pool_w = 1, .pool_sy = 1,
				  .pool_sx = 1, .act_fmt = abits ? LXA_FMT_N4 : LXA_FMT_B1, .act_bits = (uint8_t)abits,
				  .wgt_fmt = wbits ? LXA_WFMT_BITS : LXA_WFMT_B1, .wgt_bits = (uint8_t)wbits,
				  .kind = LXA_KIND_INT32, .out_fmt = LXA_OFMT_W32, .clamp_lo = INT32_MIN, .clamp_hi = INT32_MAX };
	y.job.conv_flags = (asign ? LXA_CONV_ACT_SIGNED : 0) | (wsign ? LXA_CONV_WGT_SIGNED : 0);
	y.tile_h = 1;
	y.tile_w = (uint32_t)tile_w;
	lxa_layout(&r->caps, &y.job, &y.l);
	assert_int_equal(layer_data(&s, &r->caps, &y), 0);
	for (x = 0; x < 16; x++) {
		y.act[x] = (uint8_t)(abits ? x : x & 1);
		y.wgt[x] = (uint8_t)(x & ((1 << (wbits ? wbits : 1)) - 1));
		y.par[x] = (struct layer_par){ .mult = 1 };
	}
	rig_clear(r);
	layer_load(&s, r, &y);
	layer_desc(&y, r->tail, 1, desc);
	rig_post(r, desc);
	rig_doorbell(r);
	assert_int_equal(rig_wait(r, r->tail, 20000), 0);
	out = r->mem + y.out_at;
	for (x = 0; x < 16; x++)
		for (o = 0; o < 16; o++) {
			int want = plain_value(x, abits, asign) * plain_value(o, wbits, wsign);
			int32_t got;

			memcpy(&got, out + (size_t)x * y.l.out_px + 4 * (size_t)o, 4);
			if (got != want)
				fail_msg("act %d%s x wgt %d%s, tile %d: codes %d x %d is %d, expected %d", abits, asign ? "s" : "u", wbits,
					 wsign ? "s" : "u", tile_w, x, o, got, want);
		}
	layer_free(&y);
}

static void every_product(struct rig *r)
{
	static const int tiles[] = { 1, 2, 3, 16 };
	int a, w, i;

	for (a = 0; a <= 8; a++)	/* binary, then 1..4 bits of either sign */
		for (w = 0; w <= 8; w++)
			for (i = 0; i < 4; i++)
				all_products(r, (a + 1) / 2, a && a % 2 == 0, (w + 1) / 2, w && w % 2 == 0, tiles[i]);
}

static void test_every_product_model(void **state) { every_product(rig); }

static void test_every_product_rtl(void **state)
{
	struct rig *r = rig_open(LXA_SIM_RTL, 3, 16, 1 << 20);

	every_product(r);
	rig_close(r);
}

/* ---- requantization ------------------------------------------------------------------------------------ */

/*
 * A 1x1 layer of u8 activation 0 and one channel a value: T = 0, so bias, mult and shift alone make v. 64 channels of
 * one output pixel are requantized in one job.
 */
#define VALUES 2048

static void log_codes(const uint32_t *u, int n, int sqrt2, int nearest, uint8_t *codes)
{
	uint64_t s = 1;
	struct layer y;
	int i;

	memset(&y, 0, sizeof(y));
	y.job = (struct lxa_job){ .op = LXA_OP_CONV, .batch = 1, .in_h = 1, .in_w = 1, .in_c = 16, .out_c = (uint16_t)n,
				  .groups = 1, .kh = 1, .kw = 1, .sy = 1, .sx = 1, .dy = 1, .dx = 1, .pool_h = 1, .pool_w = 1,
				  .pool_sy = 1, .pool_sx = 1, .act_fmt = LXA_FMT_U8, .wgt_fmt = LXA_WFMT_LOG,
				  .kind = LXA_KIND_LOG, .out_fmt = LXA_OFMT_B8, .log_max = 255, .log_off = 1 };
	y.job.conv_flags = (sqrt2 ? LXA_CONV_OUT_SQRT2 : 0) | (nearest ? LXA_CONV_OUT_NEAREST : 0);
	assert_int_equal(layer_finish(&s, &rig->caps, &y), 0);
	memset(y.act, 0, 16);
	for (i = 0; i < n; i++)
		y.par[i] = (struct layer_par){ .bias = u[i], .mult = 1 };
	check_layer(&y, &s);
	memcpy(codes, rig->mem + y.out_at, (size_t)n);
	layer_free(&y);
}

/* 2^(num/den) <= u, by raising both to den */
static int at_least(uint32_t u, int num, int den)
{
	unsigned __int128 p = 1;
	int i;

	for (i = 0; i < den; i++)
		p *= u;
	return num <= 0 || (num < 128 && p >> num != 0);
}

static void check_values(const uint32_t *u, int n)
{
	uint8_t codes[VALUES];
	int mode, i;

	for (mode = 0; mode < 4; mode++) {
		int s = mode & 1 ? 2 : 1, nearest = mode >> 1;

		log_codes(u, n, mode & 1, nearest, codes);
		for (i = 0; i < n; i++) {
			int e = codes[i] - 1;
			/* nearest: 2e - 1 <= 2 s log2 u < 2e + 1; floor: e <= s log2 u < e + 1 */
			int num = nearest ? 2 * e - 1 : e, den = nearest ? 2 * s : s, up = nearest ? num + 2 : num + 1;

			if (!u[i])
				assert_int_equal(codes[i], 0);
			else if (!at_least(u[i], num, den))
				fail_msg("u %u mode %d: code %d too large", u[i], mode, codes[i]);
			else if (at_least(u[i], up, den))
				fail_msg("u %u mode %d: code %d too small", u[i], mode, codes[i]);
		}
	}
}

static void test_log_small(void **state)
{
	uint32_t u[VALUES], next = 0;
	int i;

	while (next < 65536) {
		for (i = 0; i < VALUES; i++)
			u[i] = next++;
		check_values(u, VALUES);
	}
}

static void test_log_large(void **state)
{
	uint32_t u[VALUES];
	uint64_t s = seed;
	int i, k, n = 0;

	for (k = 1; k < 32; k++)		/* around powers of two and their roots */
		for (i = -2; i <= 2; i++) {
			u[n++] = (1u << k) + (uint32_t)i;
			u[n++] = (uint32_t)((0xB504F334ull << k >> 31) + (uint64_t)(int64_t)i);
			u[n++] = (uint32_t)((0x9837F052ull << k >> 31) + (uint64_t)(int64_t)i);
			u[n++] = (uint32_t)((0xD744FCCBull << k >> 31) + (uint64_t)(int64_t)i);
		}
	for (; n < VALUES; n++)
		u[n] = (uint32_t)rnd(&s) >> rnd_n(&s, 31);
	check_values(u, VALUES);
}

/* methods: w = 5.5, a = 4.5 truncates to 2^2; 5.5 << 2 = 22; the next layer's input truncates to 16. */
static void test_worked_example(void **state)
{
	uint64_t s = 1;
	struct layer y;
	uint8_t *out;

	if (!(rig->caps.modes & LXA_CFG_MODES_WGT_INT_MASK))
		skip();
	memset(&y, 0, sizeof(y));
	y.job = (struct lxa_job){ .op = LXA_OP_CONV, .batch = 1, .in_h = 1, .in_w = 1, .in_c = 1, .out_c = 1, .groups = 1,
				  .kh = 1, .kw = 1, .sy = 1, .sx = 1, .dy = 1, .dx = 1, .pool_h = 1, .pool_w = 1, .pool_sy = 1,
				  .pool_sx = 1, .act_fmt = LXA_FMT_LOG4, .wgt_fmt = LXA_WFMT_S8, .kind = LXA_KIND_INT32,
				  .out_fmt = LXA_OFMT_W32, .clamp_lo = INT32_MIN, .clamp_hi = INT32_MAX };
	assert_int_equal(layer_finish(&s, &rig->caps, &y), 0);
	y.act[0] = 3;			/* 4.5 truncates to 2^2: code 3 with 2^0 as code 1 */
	y.wgt[0] = 11;			/* 5.5 with one fraction bit */
	y.par[0] = (struct layer_par){ .mult = 1 };
	check_layer(&y, &s);
	out = rig->mem + y.out_at;
	assert_int_equal(out[0] | out[1] << 8, 44);	/* 22 with one fraction bit */
	y.job.kind = LXA_KIND_LOG;
	y.job.out_fmt = LXA_OFMT_N4;
	y.job.clamp_lo = y.job.clamp_hi = 0;
	y.job.log_max = 15;
	y.job.log_off = 0;		/* the fraction bit: 2^1 is the real 1, code 1 */
	lxa_layout(&rig->caps, &y.job, &y.l);
	y.act_at = 0;
	check_layer(&y, &s);
	assert_int_equal(rig->mem[y.out_at] & 15, 5); /* 2^4 = 16 */
	layer_free(&y);
}

static int setup(void **state)
{
	rig = rig_open(LXA_SIM_MODEL, 100, 16, 64 << 20);
	return 0;
}

static int teardown(void **state)
{
	rig_close(rig);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worked_example), cmocka_unit_test(test_log4_log), cmocka_unit_test(test_log8_log),
		cmocka_unit_test(test_u8_log),	       cmocka_unit_test(test_s8_log),	cmocka_unit_test(test_log4_s8),
		cmocka_unit_test(test_log8_s8),	       cmocka_unit_test(test_packed_u8),    cmocka_unit_test(test_packed_s8), cmocka_unit_test(test_packed_log8),
		cmocka_unit_test(test_packed_log8_s8), cmocka_unit_test(test_binary),	cmocka_unit_test(test_binary_bits),
		cmocka_unit_test(test_n4_binary),      cmocka_unit_test(test_n4_bits),	cmocka_unit_test(test_every_product_model),
		cmocka_unit_test(test_every_product_rtl), cmocka_unit_test(test_log_small), cmocka_unit_test(test_log_large),
		cmocka_unit_test(test_split),	       cmocka_unit_test(test_split_rtl),
	};

	seed = rnd_seed();
	return cmocka_run_group_tests(tests, setup, teardown);
}
