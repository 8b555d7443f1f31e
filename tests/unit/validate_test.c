// SPDX-License-Identifier: MIT
/*
 * The driver's validator: every reason reached from an otherwise valid job, boundaries, descriptors of random valid
 * jobs, and random bytes. What is accepted is checked by a naive loop over every address that the job touches, which knows
 * the memory format from rtl/README.md and nothing of lxa_layout.h. LXA_SEED repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lxa_validate.h"

static uint64_t seed, rng_state;

#include "validate_naive.h"

static uint32_t rnd(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return (uint32_t)(rng_state >> 16);
}

static uint32_t rnd_in(uint32_t lo, uint32_t hi)
{
	return lo + rnd() % (hi - lo + 1);
}

static const struct lxa_caps base_caps = {
	.shift_oc = 16, .shift_ic = 16, .xnor_oc = 64, .xnor_ic = 64, .out_lanes = 4, .acc_w = 48, .half_w = 32,
	.xacc_w = 32, .act_bytes = 32768, .acc_pixels = 256, .wgt_bytes = 16384, .bus_bytes = 16, .word_bytes = 16,
	.modes = LXA_CFG_MODES_SHIFT_MASK | LXA_CFG_MODES_SQRT2_MASK | LXA_CFG_MODES_XNOR_MASK |
		 LXA_CFG_MODES_POOL_MASK | LXA_CFG_MODES_ACT_INT_MASK | LXA_CFG_MODES_WGT_INT_MASK |
		 LXA_CFG_MODES_PACK_MASK | LXA_CFG_MODES_PLANES_MASK | LXA_CFG_MODES_RES_MASK,
};

enum base { LOG, XNOR, N4, N4B1, B1BITS, U8, PACKED, I32, I8, THR, RAW, VALUE, SUM, NOP }; /* RAW writes, SUM adds partial sums */

/* A small valid job of each sort: 3x3 on 8x8, pad 1. */
static struct lxa_job base_job(enum base b)
{
	struct lxa_job job = {
		.op = LXA_OP_CONV, .act.handle = 1, .wgt.handle = 2, .par.handle = 3, .out.handle = 4, .batch = 2,
		.in_h = 8, .in_w = 8, .in_c = 32, .out_c = 32, .groups = 1, .kh = 3, .kw = 3, .sy = 1, .sx = 1, .dy = 1,
		.dx = 1, .pad_t = 1, .pad_l = 1, .pad_b = 1, .pad_r = 1, .pool_h = 1, .pool_w = 1, .pool_sy = 1,
		.pool_sx = 1, .act_fmt = LXA_FMT_LOG4, .wgt_fmt = LXA_WFMT_LOG, .kind = LXA_KIND_LOG,
		.out_fmt = LXA_OFMT_N4, .log_max = 15,
	};

	switch (b) {
	case LOG:
		break;
	case XNOR:
		job.act_fmt = LXA_FMT_B1;
		job.wgt_fmt = LXA_WFMT_B1;
		/* fall through */
	case THR:
		job.kind = LXA_KIND_THRESH;
		job.out_fmt = LXA_OFMT_B1;
		job.nthr = 1;
		job.log_max = 0;
		break;
	case N4:
	case N4B1:
	case B1BITS:
		job.act_fmt = b == B1BITS ? LXA_FMT_B1 : LXA_FMT_N4;
		job.act_bits = b == B1BITS ? 0 : 3;
		job.wgt_fmt = b == N4B1 ? LXA_WFMT_B1 : LXA_WFMT_BITS;
		job.wgt_bits = b == N4B1 ? 0 : 4;
		break;
	case U8:
		job.act_fmt = LXA_FMT_U8;
		break;
	case PACKED:
		job.act_fmt = LXA_FMT_U8;
		job.conv_flags = LXA_CONV_PACKED;
		job.in_c = 3;
		job.pad_l = job.pad_r = 0;
		break;
	case I32:
	case I8:
		job.kind = b == I32 ? LXA_KIND_INT32 : LXA_KIND_INT8;
		job.out_fmt = b == I32 ? LXA_OFMT_W32 : LXA_OFMT_B8;
		job.clamp_lo = -128;
		job.clamp_hi = 127;
		job.log_max = 0;
		break;
	case RAW:
		job.kind = LXA_KIND_RAW;
		job.out_fmt = LXA_OFMT_W64;
		job.log_max = 0;
		break;
	case VALUE:
	case SUM:
		job.res.handle = 5;
		job.res_mode = b == SUM ? LXA_RES_RAW : LXA_RES_VALUE;
		job.res_mult = b == SUM ? 0 : -3;
		job.res_shift = b == SUM ? 0 : 4;
		break;
	case NOP:
		return (struct lxa_job){ .op = LXA_OP_NOP, .user = 7 };
	}
	return job;
}

static void base_ext(struct lxa_extent *ext)
{
	for (unsigned int i = 0; i < LXA_EXT_COUNT; i++)
		ext[i] = (struct lxa_extent){ .addr = 0x100000ull * (i + 1), .bytes = 0x100000 };
}

/* ---- every reason ------------------------------------------------------------------------------- */

struct reject_case {
	enum base base;
	enum lxa_reject reason;
	const char *name;
	size_t off, size;
	uint64_t value;
};

#define ON(base, reason, field, value) \
	{ base, LXA_REJECT_##reason, #field " = " #value, offsetof(struct lxa_job, field), \
	  sizeof(((struct lxa_job *)0)->field), (uint64_t)(int64_t)(value) }

static const struct reject_case cases[] = {
	ON(LOG, OP, op, 2), ON(LOG, OP, op, 0x80000001u), ON(NOP, OP, op, 0xffffffffu),
	ON(LOG, FLAGS, flags, 2), ON(NOP, FLAGS, flags, 0x80000000u), ON(LOG, FLAGS, conv_flags, 16),
	ON(U8, FLAGS, conv_flags, LXA_CONV_ACT_SQRT2), ON(XNOR, FLAGS, conv_flags, LXA_CONV_WGT_SQRT2),
	ON(I32, FLAGS, conv_flags, LXA_CONV_OUT_SQRT2), ON(I8, FLAGS, conv_flags, LXA_CONV_OUT_NEAREST),
	ON(LOG, FLAGS, conv_flags, LXA_CONV_PACKED), ON(XNOR, FLAGS, conv_flags, LXA_CONV_PACKED),
	ON(PACKED, FLAGS, act_fmt, LXA_FMT_LOG4), ON(PACKED, GEOMETRY, groups, 3), ON(PACKED, KERNEL, dx, 2),
	ON(PACKED, PADDING, pad_l, 1), ON(PACKED, PADDING, pad_r, 1), ON(PACKED, ACT_EXTENT, in_c, 65535),
	ON(N4, FORMAT, act_bits, 0), ON(N4, FORMAT, act_bits, 5), ON(N4, FORMAT, wgt_bits, 0), ON(N4, FORMAT, wgt_bits, 5),
	ON(N4, FORMAT, wgt_fmt, LXA_WFMT_LOG), ON(N4, FORMAT, wgt_fmt, LXA_WFMT_B1), ON(N4, FORMAT, pad_mode, LXA_PAD_PLUS),
	ON(N4B1, FORMAT, wgt_bits, 1), ON(N4B1, FORMAT, act_bits, 255), ON(N4B1, FORMAT, wgt_fmt, LXA_WFMT_BITS),
	ON(N4B1, GEOMETRY, groups, 2), ON(N4B1, GEOMETRY, groups, 32), ON(B1BITS, FORMAT, act_bits, 1),
	ON(B1BITS, FORMAT, pad_mode, 3), ON(LOG, FORMAT, act_bits, 1), ON(LOG, FORMAT, wgt_bits, 1), ON(XNOR, FORMAT, wgt_bits, 1),
	ON(LOG, FORMAT, wgt_fmt, LXA_WFMT_BITS), ON(U8, FORMAT, act_fmt, LXA_FMT_W32),
	ON(B1BITS, FLAGS, conv_flags, LXA_CONV_ACT_SIGNED), ON(N4B1, FLAGS, conv_flags, LXA_CONV_WGT_SIGNED),
	ON(N4, FLAGS, conv_flags, LXA_CONV_PACKED), ON(N4, FLAGS, conv_flags, LXA_CONV_ACT_SQRT2),
	ON(LOG, FLAGS, conv_flags, LXA_CONV_WGT_SIGNED), ON(XNOR, FLAGS, conv_flags, LXA_CONV_OUT_LINEAR),
	ON(I8, FLAGS, conv_flags, LXA_CONV_OUT_LINEAR),
	ON(LOG, RESERVED, pad, 1), ON(LOG, RESERVED, act.pad, 1), ON(LOG, RESERVED, wgt.pad, 1),
	ON(LOG, RESERVED, par.pad, 1), ON(LOG, RESERVED, out.pad, 1), ON(NOP, RESERVED, act.handle, 1),
	ON(NOP, RESERVED, out.offset, 16), ON(NOP, RESERVED, conv_flags, 1), ON(NOP, RESERVED, out_img, 1),
	ON(LOG, GEOMETRY, batch, 0), ON(LOG, GEOMETRY, in_h, 0), ON(LOG, GEOMETRY, in_w, 0), ON(LOG, GEOMETRY, in_c, 0),
	ON(LOG, GEOMETRY, out_c, 0), ON(LOG, GEOMETRY, groups, 0), ON(LOG, GEOMETRY, groups, 3),
	ON(LOG, GEOMETRY, groups, 64), ON(LOG, GEOMETRY, in_c, 65535 - 65535 % 32 + 32),
	ON(LOG, KERNEL, kh, 0), ON(LOG, KERNEL, kh, 12), ON(LOG, KERNEL, kw, 0), ON(LOG, KERNEL, kw, 255),
	ON(LOG, KERNEL, sy, 0), ON(LOG, KERNEL, sy, 5), ON(LOG, KERNEL, sx, 0), ON(LOG, KERNEL, sx, 255),
	ON(LOG, KERNEL, dy, 0), ON(LOG, KERNEL, dy, 32), ON(LOG, KERNEL, dx, 0), ON(LOG, KERNEL, dx, 255),
	ON(LOG, KERNEL, kh, 11), ON(LOG, KERNEL, dx, 5),
	ON(LOG, PADDING, pad_t, 3), ON(LOG, PADDING, pad_b, 3), ON(LOG, PADDING, pad_l, 255),
	ON(LOG, PADDING, pad_r, 3),
	ON(LOG, POOL, pool_h, 0), ON(LOG, POOL, pool_h, 16), ON(LOG, POOL, pool_w, 0), ON(LOG, POOL, pool_sy, 0),
	ON(LOG, POOL, pool_sx, 16), ON(LOG, POOL, pool_pt, 1), ON(LOG, POOL, pool_pb, 1), ON(LOG, POOL, pool_pl, 255),
	ON(LOG, POOL, pool_pr, 1), ON(LOG, POOL, pool_h, 9), ON(LOG, POOL, pool_w, 15),
	ON(LOG, FORMAT, act_fmt, 255), ON(LOG, FORMAT, act_fmt, LXA_FMT_B1),
	ON(LOG, FORMAT, wgt_fmt, 3), ON(LOG, FORMAT, wgt_fmt, LXA_WFMT_B1), ON(U8, FORMAT, wgt_fmt, LXA_WFMT_S8),
	ON(XNOR, FORMAT, wgt_fmt, LXA_WFMT_LOG), ON(LOG, FORMAT, pad_mode, LXA_PAD_PLUS), ON(XNOR, FORMAT, pad_mode, 3),
	ON(LOG, OUTPUT, kind, LXA_KIND_RAW), ON(LOG, OUTPUT, kind, 5), ON(LOG, OUTPUT, out_fmt, LXA_OFMT_W64),
	ON(LOG, OUTPUT, out_fmt, 5), ON(RAW, OUTPUT, out_fmt, LXA_OFMT_W32), ON(RAW, OUTPUT, kind, LXA_KIND_INT32),
	ON(RAW, OUTPUT, clamp_hi, 1), ON(RAW, OUTPUT, nthr, 1), ON(RAW, OUTPUT, log_max, 1), ON(RAW, OUTPUT, pool_h, 2),
	ON(RAW, OUTPUT, pool_sx, 2), ON(LOG, OUTPUT, log_max, 0),
	ON(LOG, OUTPUT, log_max, 16),
	ON(LOG, OUTPUT, nthr, 1), ON(LOG, OUTPUT, clamp_lo, -1), ON(LOG, OUTPUT, clamp_hi, 1),
	ON(LOG, OUTPUT, kind, LXA_KIND_INT32), ON(THR, OUTPUT, nthr, 0), ON(THR, OUTPUT, nthr, 2),
	ON(THR, OUTPUT, nthr, 16), ON(THR, OUTPUT, log_max, 1), ON(THR, OUTPUT, log_off, -1),
	ON(I32, OUTPUT, out_fmt, LXA_OFMT_B8), ON(I32, OUTPUT, clamp_lo, 128), ON(I8, OUTPUT, out_fmt, LXA_OFMT_W32),
	ON(I8, OUTPUT, clamp_hi, 128), ON(I8, OUTPUT, clamp_lo, -129), ON(I8, OUTPUT, clamp_hi, -129),
	ON(I8, OUTPUT, nthr, 3), ON(I32, OUTPUT, log_off, 1),
	ON(LOG, TILE, tile_h, 1), ON(LOG, TILE, tile_w, 1), ON(LOG, TILE, tile_h, 65535),
	ON(LOG, PITCH, in_row, 8), ON(LOG, PITCH, in_row, 112), ON(LOG, PITCH, in_row, 136),
	ON(LOG, PITCH, in_img, 1008),
	ON(LOG, PITCH, out_row, 112), ON(LOG, PITCH, out_img, 1032), ON(LOG, PITCH, out_row, 0xffffffffu),
	ON(LOG, PITCH, in_row, 0xfffffff0u),
	ON(LOG, HANDLE, act.handle, 0), ON(LOG, HANDLE, wgt.handle, 0), ON(LOG, HANDLE, par.handle, 0),
	ON(LOG, HANDLE, out.handle, 0),
	ON(LOG, ALIGN, act.offset, 8), ON(LOG, ALIGN, wgt.offset, 1), ON(LOG, ALIGN, par.offset, 4),
	ON(LOG, ALIGN, out.offset, 0x8000000000000008ull),
	ON(LOG, ACT_EXTENT, act.offset, 0x100000), ON(LOG, ACT_EXTENT, act.offset, 0xfffffffffffffff0ull),
	ON(LOG, ACT_EXTENT, in_img, 0xfffffff0u), ON(LOG, WGT_EXTENT, wgt.offset, 0xffff0),
	ON(LOG, WGT_EXTENT, wgt.offset, 0x8000000000000000ull), ON(LOG, PAR_EXTENT, par.offset, 0x100010),
	ON(LOG, OUT_EXTENT, out.offset, 0xffff0), ON(LOG, OUT_EXTENT, out_img, 0xfffffff0u),
	/* the residual */
	ON(LOG, RES, res.handle, 1), ON(LOG, RES, res.offset, 16), ON(LOG, RES, res_row, 128), ON(LOG, RES, res_img, 1024),
	ON(LOG, RES, res_fmt, 1), ON(LOG, RES, res_mult, 1), ON(LOG, RES, res_shift, 1), ON(LOG, RES, res_mode, 3),
	ON(VALUE, RES, res_mode, 255), ON(VALUE, RES, res_fmt, LXA_FMT_B1), ON(VALUE, RES, res_fmt, LXA_FMT_N4),
	ON(VALUE, RES, res_fmt, 7), ON(VALUE, RES, res_shift, 63), ON(VALUE, RES, pool_h, 2), ON(VALUE, RES, pool_w, 2),
	ON(VALUE, RES, pool_sy, 2), ON(VALUE, RES, pool_sx, 2), ON(SUM, RES, pool_w, 2), ON(SUM, RES, res_fmt, 1),
	ON(SUM, RES, res_mult, 1), ON(SUM, RES, res_shift, 1), ON(VALUE, RES, res_mode, LXA_RES_RAW),
	ON(LOG, FLAGS, conv_flags, LXA_CONV_RES_SQRT2), ON(SUM, FLAGS, conv_flags, LXA_CONV_RES_SQRT2),
	ON(LOG, RESERVED, res.pad, 1), ON(NOP, RESERVED, res.handle, 1), ON(NOP, RESERVED, res_mode, 1),
	ON(VALUE, PITCH, res_row, 112), ON(VALUE, PITCH, res_row, 136), ON(VALUE, PITCH, res_img, 1008),
	ON(SUM, PITCH, res_row, 1024), ON(VALUE, HANDLE, res.handle, 0), ON(VALUE, ALIGN, res.offset, 8),
	ON(VALUE, RES_EXTENT, res.offset, 0xffff0), ON(SUM, RES_EXTENT, res.offset, 0xfffffffffffffff0ull),
	ON(VALUE, RES_EXTENT, res_img, 0xfffffff0u),
};

static void set_bytes(void *base, size_t off, size_t size, uint64_t value)
{
	memcpy((char *)base + off, &value, size);	/* little-endian hosts, as the device */
}

static unsigned int reached;		/* bit r: reason r has been seen */

static void expect(const struct lxa_caps *caps, const struct lxa_job *job, const struct lxa_extent *ext,
		   enum lxa_reject reason, const char *what)
{
	uint32_t desc[LXA_DESC_WORDS];
	enum lxa_reject got = lxa_validate(caps, job, ext, desc);

	if (got != reason)
		fail_msg("%s: reason %d, expected %d", what, got, reason);
	reached |= 1u << got;
}

static void test_bases_are_valid(void **state)
{
	struct lxa_extent ext[LXA_EXT_COUNT];

	base_ext(ext);
	for (enum base b = LOG; b <= NOP; b++) {
		struct lxa_job job = base_job(b);

		expect(&base_caps, &job, ext, LXA_REJECT_NONE, "base job");
	}
	assert_true(lxa_caps_sane(&base_caps));
}

static void test_fields(void **state)
{
	struct lxa_extent ext[LXA_EXT_COUNT];

	base_ext(ext);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lxa_job job = base_job(cases[i].base);

		set_bytes(&job, cases[i].off, cases[i].size, cases[i].value);
		expect(&base_caps, &job, ext, cases[i].reason, cases[i].name);
	}
}

static void test_modes(void **state)
{
	static const struct { enum base base; uint32_t lack; uint32_t flags; uint8_t pool; } m[] = {
		{ LOG, LXA_CFG_MODES_SHIFT_MASK, 0, 1 }, { XNOR, LXA_CFG_MODES_XNOR_MASK, 0, 1 },
		{ LOG, LXA_CFG_MODES_SQRT2_MASK, LXA_CONV_ACT_SQRT2, 1 },
		{ LOG, LXA_CFG_MODES_SQRT2_MASK, LXA_CONV_WGT_SQRT2, 1 },
		{ LOG, LXA_CFG_MODES_SQRT2_MASK, LXA_CONV_OUT_SQRT2, 1 }, { LOG, LXA_CFG_MODES_POOL_MASK, 0, 2 },
		{ VALUE, LXA_CFG_MODES_SQRT2_MASK, LXA_CONV_RES_SQRT2, 1 }, { VALUE, LXA_CFG_MODES_RES_MASK, 0, 1 },
		{ SUM, LXA_CFG_MODES_RES_MASK, 0, 1 }, { RAW, LXA_CFG_MODES_RES_MASK, 0, 1 },
		{ PACKED, LXA_CFG_MODES_PACK_MASK, LXA_CONV_PACKED, 1 }, { U8, LXA_CFG_MODES_ACT_INT_MASK, 0, 1 },
		{ N4, LXA_CFG_MODES_PLANES_MASK, LXA_CONV_ACT_SIGNED, 1 }, { N4B1, LXA_CFG_MODES_PLANES_MASK, 0, 1 },
		{ B1BITS, LXA_CFG_MODES_PLANES_MASK, LXA_CONV_WGT_SIGNED, 1 }, { N4, LXA_CFG_MODES_XNOR_MASK, 0, 1 },
	};
	struct lxa_extent ext[LXA_EXT_COUNT];

	base_ext(ext);
	for (size_t i = 0; i < sizeof(m) / sizeof(*m); i++) {
		struct lxa_job job = base_job(m[i].base);
		struct lxa_caps caps = base_caps;

		job.conv_flags = m[i].flags;
		job.pool_h = m[i].pool;
		expect(&caps, &job, ext, LXA_REJECT_NONE, "mode present");
		caps.modes &= ~m[i].lack;
		expect(&caps, &job, ext, LXA_REJECT_MODE, "mode absent");
	}
	struct lxa_job weights = base_job(LOG);
	struct lxa_caps log = base_caps;

	weights.wgt_fmt = LXA_WFMT_S8;
	expect(&log, &weights, ext, LXA_REJECT_NONE, "integer weights");
	log.modes &= ~LXA_CFG_MODES_WGT_INT_MASK;
	expect(&log, &weights, ext, LXA_REJECT_MODE, "no integer weights");

	/* A configuration without shift lanes has no pitch for a residual. */
	struct lxa_job with_res = base_job(XNOR);
	struct lxa_caps xnor = base_caps;

	with_res.res.handle = 5;
	with_res.res_mode = LXA_RES_RAW;
	expect(&xnor, &with_res, ext, LXA_REJECT_NONE, "binary with a residual");
	xnor.modes &= ~LXA_CFG_MODES_SHIFT_MASK;
	xnor.shift_oc = xnor.shift_ic = 0;
	expect(&xnor, &with_res, ext, LXA_REJECT_MODE, "no lanes for the residual");

	/* A configuration without XNOR lanes has no pitch for one-bit outputs. */
	struct lxa_job job = base_job(THR);
	struct lxa_caps caps = base_caps;

	caps.modes = LXA_CFG_MODES_SHIFT_MASK;
	caps.xnor_oc = 0;
	caps.xnor_ic = 0;
	assert_true(lxa_caps_sane(&caps));
	expect(&caps, &job, ext, LXA_REJECT_MODE, "no lanes for the output");
	job = base_job(LOG);
	job.conv_flags = LXA_CONV_OUT_LINEAR;
	expect(&base_caps, &job, ext, LXA_REJECT_NONE, "nibbles for the XNOR lanes");
	expect(&caps, &job, ext, LXA_REJECT_MODE, "no lanes for linear nibbles");
}

static void test_caps(void **state)
{
	static const struct { size_t off; uint32_t bad; } c[] = {
		{ offsetof(struct lxa_caps, shift_oc), 0 }, { offsetof(struct lxa_caps, shift_ic), 24 },
		{ offsetof(struct lxa_caps, xnor_oc), 4096 }, { offsetof(struct lxa_caps, xnor_ic), 32 },
		{ offsetof(struct lxa_caps, word_bytes), 0 }, { offsetof(struct lxa_caps, word_bytes), 24 },
		{ offsetof(struct lxa_caps, out_lanes), 0 }, { offsetof(struct lxa_caps, acc_pixels), 0 },
		{ offsetof(struct lxa_caps, act_bytes), 0 },
	};
	struct lxa_caps small = base_caps;

	for (size_t i = 0; i < sizeof(c) / sizeof(*c); i++) {
		struct lxa_caps caps = base_caps;

		set_bytes(&caps, c[i].off, sizeof(c[i].bad), c[i].bad);
		assert_false(lxa_caps_sane(&caps));
	}
	/* Two words must hold the nibbles of a block. */
	small.xnor_ic = 128;
	assert_false(lxa_caps_sane(&small));
	small.modes &= ~LXA_CFG_MODES_PLANES_MASK;
	assert_true(lxa_caps_sane(&small));
	small = base_caps;
	/* A word must hold the bytes of a block of packed pixels. */
	small.shift_ic = 32;
	assert_false(lxa_caps_sane(&small));
	small.modes &= ~LXA_CFG_MODES_PACK_MASK;
	assert_true(lxa_caps_sane(&small));
	small = base_caps;
	/* 8 four-bit channels are 4 bytes, and a pixel is whole units of 8 that IN_PX counts in. */
	small.shift_oc = small.shift_ic = 8;
	assert_true(lxa_caps_sane(&small));
	assert_int_equal(lxa_pixel_pitch(&small, 4, 8), 8);
	assert_int_equal(lxa_pixel_pitch(&small, 4, 24), 16);
	assert_int_equal(lxa_pixel_pitch(&small, 8, 24), 24);
}

static void test_tile_and_overlap(void **state)
{
	struct lxa_extent ext[LXA_EXT_COUNT];
	struct lxa_job job = base_job(LOG);
	struct lxa_caps caps = base_caps;

	base_ext(ext);
	job.tile_h = 8;
	job.tile_w = 8;
	expect(&caps, &job, ext, LXA_REJECT_NONE, "the largest tile");
	job.tile_w = 9;
	expect(&caps, &job, ext, LXA_REJECT_TILE, "wider than the output");
	job.tile_w = 8;
	caps.acc_pixels = 63;
	expect(&caps, &job, ext, LXA_REJECT_TILE, "one pixel more than the accumulators");
	job = base_job(LOG);
	expect(&caps, &job, ext, LXA_REJECT_NONE, "a smaller tile can be chosen");
	caps.act_bytes = 32;
	expect(&caps, &job, ext, LXA_REJECT_TILE, "not even one pixel fits");

	job = base_job(VALUE);
	for (int i = 0; i < LXA_EXT_COUNT; i++) {
		if (i == LXA_EXT_OUT)
			continue;
		base_ext(ext);
		ext[LXA_EXT_OUT] = ext[i];
		expect(&base_caps, &job, ext, LXA_REJECT_OVERLAP, "output on an operand");
		job.out.offset = 0x80000;
		expect(&base_caps, &job, ext, LXA_REJECT_NONE, "the same buffer, apart");
		job.out.offset = 0;
	}
	job = base_job(LOG);
	/* Touching is not overlapping: the input's extent is 2048 bytes. */
	base_ext(ext);
	ext[LXA_EXT_OUT] = ext[LXA_EXT_ACT];
	job.out.offset = 2048;
	expect(&base_caps, &job, ext, LXA_REJECT_NONE, "output right behind the input");
	job.out.offset = 2032;
	expect(&base_caps, &job, ext, LXA_REJECT_OVERLAP, "output on the input's last word");
	job.out.offset = 0;
	job.act.offset = 2032;
	expect(&base_caps, &job, ext, LXA_REJECT_OVERLAP, "input on the output's last word");
	job.act.offset = 2048;
	expect(&base_caps, &job, ext, LXA_REJECT_NONE, "input right behind the output");
	ext[LXA_EXT_WGT].addr += 8;
	expect(&base_caps, &job, ext, LXA_REJECT_ALIGN, "a buffer that is not aligned itself");
}

/* Sizes of which a product or a sum would wrap in 32 or in 64 bits. */
static void test_overflow(void **state)
{
	struct lxa_extent ext[LXA_EXT_COUNT];
	struct lxa_job job = base_job(I32);

	for (int i = 0; i < LXA_EXT_COUNT; i++)
		ext[i] = (struct lxa_extent){ .addr = (uint64_t)i << 60, .bytes = 1ull << 60 };
	job.batch = job.in_h = job.in_w = job.in_c = job.out_c = 65535;
	expect(&base_caps, &job, ext, LXA_REJECT_PITCH, "largest of all");
	job = base_job(LOG);
	job.batch = 65535;
	job.in_img = 0xfffffff0u;
	expect(&base_caps, &job, ext, LXA_REJECT_ACT_EXTENT, "a window beyond 32 bits, though the buffer is large");
	job = base_job(LOG);
	job.in_h = 65535;
	job.kh = 11;
	job.dy = 31;
	job.pad_t = job.pad_b = 155;
	job.in_w = 3;
	expect(&base_caps, &job, ext, LXA_REJECT_NONE, "exactly 65535 output rows");
	job.pad_t = job.pad_b = 200;
	job.kh = 9;
	expect(&base_caps, &job, ext, LXA_REJECT_GEOMETRY, "more than 65535 output rows");
	job = base_job(LOG);
	base_ext(ext);
	ext[0].addr = 0xfffffffffffff000ull;
	ext[0].bytes = 0x2000;
	expect(&base_caps, &job, ext, LXA_REJECT_ACT_EXTENT, "a buffer that wraps around the address space");
}

/* ---- random valid jobs -------------------------------------------------------------------------- */

static void pack(struct lxa_job *job)
{
	job->conv_flags |= LXA_CONV_PACKED;
	job->groups = job->dx = 1;
	job->pad_l = job->pad_r = 0;
	job->in_w += job->kw;	/* the padding is part of the image */
}

static struct lxa_job random_job(void)
{
	static const uint8_t pairs[][2] = {
		{ LXA_FMT_LOG4, LXA_WFMT_LOG }, { LXA_FMT_LOG4, LXA_WFMT_S8 }, { LXA_FMT_LOG8, LXA_WFMT_LOG },
		{ LXA_FMT_LOG8, LXA_WFMT_S8 }, { LXA_FMT_U8, LXA_WFMT_LOG }, { LXA_FMT_S8, LXA_WFMT_LOG },
		{ LXA_FMT_B1, LXA_WFMT_B1 }, { LXA_FMT_B1, LXA_WFMT_BITS }, { LXA_FMT_N4, LXA_WFMT_B1 },
		{ LXA_FMT_N4, LXA_WFMT_BITS },
	};
	static const uint8_t group_set[] = { 1, 1, 1, 2, 4, 8 };
	const uint8_t *pair = pairs[rnd() % 10];
	uint32_t groups = group_set[rnd() % 6], ek;
	int packed;
	struct lxa_job job = base_job((enum base[]){ LOG, I32, I8, THR }[rnd() % 4]);

	job.act_fmt = pair[0];
	job.wgt_fmt = pair[1];
	job.pad_mode = pair[0] == LXA_FMT_B1 ? rnd() % 3 : 0;
	if (pair[0] == LXA_FMT_N4 && pair[1] == LXA_WFMT_B1 && groups > 1) {	/* groups of whole blocks only */
		job.groups = 2;
		job.in_c = 128;
		job.out_c = 128 * rnd_in(1, 2);
	} else {
		job.groups = groups;
		job.in_c = groups * rnd_in(1, 40);
		job.out_c = groups * rnd_in(1, 40);
	}
	job.batch = rnd_in(1, 2);
	job.kh = rnd_in(1, 4);
	job.kw = rnd_in(1, 4);
	job.sy = rnd_in(1, 3);
	job.sx = rnd_in(1, 3);
	job.dy = rnd_in(1, 2);
	job.dx = rnd_in(1, 2);
	ek = (job.kh - 1) * job.dy + 1;
	job.pad_t = rnd() % ek;
	job.pad_b = rnd() % ek;
	job.in_h = rnd_in(ek, ek + 9);
	ek = (job.kw - 1) * job.dx + 1;
	job.pad_l = rnd() % ek;
	job.pad_r = rnd() % ek;
	job.in_w = rnd_in(ek, ek + 9);
	if (rnd() % 3 == 0 && job.in_h > 8 && job.in_w > 8 && job.sy == 1 && job.sx == 1) {
		job.pool_h = rnd_in(1, 3);
		job.pool_w = rnd_in(1, 3);
		job.pool_sy = rnd_in(1, 3);
		job.pool_sx = rnd_in(1, 3);
		job.pool_pt = rnd() % job.pool_h;
		job.pool_pb = rnd() % job.pool_h;
		job.pool_pl = rnd() % job.pool_w;
		job.pool_pr = rnd() % job.pool_w;
	}
	if (pair[0] == LXA_FMT_N4)
		job.act_bits = rnd_in(1, 4);
	if (pair[1] == LXA_WFMT_BITS)
		job.wgt_bits = rnd_in(1, 4);
	packed = pair[0] >= LXA_FMT_LOG8 && pair[0] <= LXA_FMT_S8 && rnd() % 2;
	if (job.kind == LXA_KIND_LOG)
		job.conv_flags = rnd() & (LXA_CONV_OUT_SQRT2 | LXA_CONV_OUT_NEAREST);
	if (pair[0] <= LXA_FMT_LOG8)
		job.conv_flags |= rnd() & LXA_CONV_ACT_SQRT2;
	if (pair[1] == LXA_WFMT_LOG)
		job.conv_flags |= rnd() & LXA_CONV_WGT_SQRT2;
	if (job.act_bits)
		job.conv_flags |= rnd() & LXA_CONV_ACT_SIGNED;
	if (job.wgt_bits)
		job.conv_flags |= rnd() & LXA_CONV_WGT_SIGNED;
	if (packed)
		pack(&job);
	if (job.kind == LXA_KIND_THRESH && rnd() % 2) {
		job.out_fmt = LXA_OFMT_N4;
		job.nthr = rnd_in(1, 15);
	}
	if (job.out_fmt == LXA_OFMT_N4)
		job.conv_flags |= rnd() & LXA_CONV_OUT_LINEAR;
	if (job.kind == LXA_KIND_LOG)
		job.log_off = (int8_t)rnd();
	if (rnd() % 4 == 0) {
		job.kind = LXA_KIND_RAW;
		job.out_fmt = LXA_OFMT_W64;
		job.nthr = job.log_max = 0;
		job.log_off = 0;
		job.clamp_lo = job.clamp_hi = 0;
		job.conv_flags &= ~(LXA_CONV_OUT_SQRT2 | LXA_CONV_OUT_NEAREST | LXA_CONV_OUT_LINEAR);
	}
	if (job.pool_h > 1 || job.pool_w > 1 || job.pool_sy > 1 || job.pool_sx > 1) {
		if (job.kind == LXA_KIND_RAW)
			job.pool_h = job.pool_w = job.pool_sy = job.pool_sx = 1,
			job.pool_pt = job.pool_pb = job.pool_pl = job.pool_pr = 0;
	} else if (rnd() % 2) {
		static const uint8_t fmt[] = { LXA_FMT_LOG4, LXA_FMT_LOG8, LXA_FMT_U8, LXA_FMT_S8, LXA_FMT_W32 };

		job.res.handle = 5;
		job.res.offset = 16 * (rnd() % 8);
		job.res_mode = rnd_in(LXA_RES_VALUE, LXA_RES_RAW);
		if (job.res_mode == LXA_RES_VALUE) {
			job.res_fmt = fmt[rnd() % 5];
			job.res_mult = (int16_t)rnd();
			job.res_shift = rnd() % 63;
			if (job.res_fmt <= LXA_FMT_LOG8)
				job.conv_flags |= rnd() & LXA_CONV_RES_SQRT2;
		}
	}
	job.act.offset = 16 * (rnd() % 8);
	job.out.offset = 16 * (rnd() % 8);
	return job;
}

/* Input pixels that no output needs (stride, no padding) are in the window but not touched. */
static int reads_last_pixel(const struct lxa_job *job)
{
	int ekh = (job->kh - 1) * job->dy + 1, ekw = (job->kw - 1) * job->dx + 1;

	return job->sy == 1 && job->sx == 1 && job->in_h >= ekh && job->in_w >= ekw;
}

static void check_copied_fields(const struct lxa_job *job, const uint32_t *desc)
{
	assert_int_equal(field(desc, LXA_D_OP), LXA_HW_OP_CONV);
	assert_int_equal(field(desc, LXA_D_MAGIC), LXA_MAGIC);
	assert_int_equal(field(desc, LXA_D_IN_H), job->in_h);
	assert_int_equal(field(desc, LXA_D_IN_W), job->in_w);
	assert_int_equal(field(desc, LXA_D_BATCH), job->batch);
	assert_int_equal(field(desc, LXA_D_KH), job->kh);
	assert_int_equal(field(desc, LXA_D_KW), job->kw);
	assert_int_equal(field(desc, LXA_D_SY), job->sy);
	assert_int_equal(field(desc, LXA_D_SX), job->sx);
	assert_int_equal(field(desc, LXA_D_DY), job->dy);
	assert_int_equal(field(desc, LXA_D_DX), job->dx);
	assert_int_equal(field(desc, LXA_D_PAD_T), job->pad_t);
	assert_int_equal(field(desc, LXA_D_PAD_L), job->pad_l);
	assert_int_equal(field(desc, LXA_D_POOL_H), job->pool_h);
	assert_int_equal(field(desc, LXA_D_POOL_SX), job->pool_sx);
	assert_int_equal(field(desc, LXA_D_POOL_PT), job->pool_pt);
	assert_int_equal(field(desc, LXA_D_POOL_PL), job->pool_pl);
	assert_int_equal(field(desc, LXA_D_LANE), is_xnor(job));
	assert_int_equal(field(desc, LXA_D_ACT_FMT), job->act_fmt);
	assert_int_equal(field(desc, LXA_D_WGT_FMT), job->wgt_fmt);
	assert_int_equal(field(desc, LXA_D_DUAL), !!(job->conv_flags & (LXA_CONV_ACT_SQRT2 | LXA_CONV_WGT_SQRT2)));
	if (job->act_fmt == LXA_FMT_N4)
		assert_int_equal(field(desc, LXA_D_HALVE), job->wgt_fmt == LXA_WFMT_BITS);
	else
		assert_int_equal(field(desc, LXA_D_HALVE), job->wgt_fmt != LXA_WFMT_BITS && field(desc, LXA_D_PASSES) == 2);
	if (job->wgt_fmt == LXA_WFMT_BITS)
		assert_int_equal(field(desc, LXA_D_PASSES), job->wgt_bits);
	assert_int_equal(field(desc, LXA_D_A_BITS), job->act_bits);
	assert_int_equal(field(desc, LXA_D_A_SIGN), !!(job->conv_flags & LXA_CONV_ACT_SIGNED));
	assert_int_equal(field(desc, LXA_D_W_SIGN), !!(job->conv_flags & LXA_CONV_WGT_SIGNED));
	assert_int_equal(field(desc, LXA_D_PAD_MODE), job->pad_mode);
	assert_int_equal(field(desc, LXA_D_OC), job->out_c);
	assert_int_equal(field(desc, LXA_D_PACK), is_packed(job));
	assert_int_equal(field(desc, LXA_D_MAC_IC), is_packed(job) ? job->kw * job->in_c : job->in_c / job->groups);
	assert_int_equal(field(desc, LXA_D_KIND), job->kind);
	assert_int_equal(field(desc, LXA_D_OUT_FMT), job->out_fmt);
	assert_int_equal(field(desc, LXA_D_NTHR), job->nthr);
	assert_int_equal(field(desc, LXA_D_LOG_MAX), job->log_max);
	assert_int_equal((int8_t)field(desc, LXA_D_LOG_OFF), job->log_off);
	assert_int_equal((int32_t)field(desc, LXA_D_CLAMP_LO), job->clamp_lo);
	assert_int_equal((int32_t)field(desc, LXA_D_CLAMP_HI), job->clamp_hi);
	assert_int_equal(field(desc, LXA_D_RES_MODE), job->res_mode);
	assert_int_equal(field(desc, LXA_D_RES_FMT), job->res_fmt);
	assert_int_equal(field(desc, LXA_D_RES_S), !!(job->conv_flags & LXA_CONV_RES_SQRT2));
	assert_int_equal((int16_t)field(desc, LXA_D_RES_MULT), job->res_mult);
	assert_int_equal(field(desc, LXA_D_RES_SHIFT), job->res_shift);
	assert_int_equal(field(desc, LXA_D_SEQ) | field(desc, LXA_D_IRQ) | field(desc, LXA_D_BARRIER), 0);
}

/* A buffer that ends with the operand is enough; one byte less is not. */
static void check_one_byte_short(const struct lxa_job *job, const struct lxa_extent *ext, const uint32_t *desc)
{
	static const uint32_t size[] = { LXA_D_ACT_SIZE, LXA_D_WGT_SIZE, LXA_D_PAR_SIZE, LXA_D_OUT_SIZE, LXA_D_RES_SIZE };
	const struct lxa_ref *ref[] = { &job->act, &job->wgt, &job->par, &job->out, &job->res };
	static const enum lxa_reject leaves[] = { LXA_REJECT_ACT_EXTENT, LXA_REJECT_WGT_EXTENT, LXA_REJECT_PAR_EXTENT,
						  LXA_REJECT_OUT_EXTENT, LXA_REJECT_RES_EXTENT };

	for (int i = 0; i < LXA_EXT_COUNT; i++) {
		struct lxa_extent tight[LXA_EXT_COUNT];

		if (i == LXA_EXT_RES && job->res_mode == LXA_RES_NONE)
			continue;

		memcpy(tight, ext, sizeof(tight));
		tight[i].bytes = ref[i]->offset + field(desc, size[i]);
		expect(&base_caps, job, tight, LXA_REJECT_NONE, "a buffer that just suffices");
		tight[i].bytes--;
		expect(&base_caps, job, tight, leaves[i], "a buffer one byte short");
	}
}

static void test_random_valid(void **state)
{
	uint32_t desc[LXA_DESC_WORDS];
	struct lxa_extent ext[LXA_EXT_COUNT];

	for (unsigned int i = 0; i < LXA_EXT_COUNT; i++)
		ext[i] = (struct lxa_extent){ .addr = 0x1000000ull * (i + 1), .bytes = 0x1000000 };
	for (int i = 0; i < 4000; i++) {
		struct lxa_job job = random_job();
		enum lxa_reject reason = lxa_validate(&base_caps, &job, ext, desc);

		if (reason)
			fail_msg("seed %llu, job %d: reason %d", (unsigned long long)seed, i, reason);
		if (!is_folded(&job, desc))
			check_copied_fields(&job, desc);
		assert_true(check_naive(&job, ext, desc, reads_last_pixel(&job)));
		check_one_byte_short(&job, ext, desc);
	}
}

/* ---- fully connected, with a batch ---- */

static void test_folded(void **state)
{
	static const enum base bases[] = { LOG, XNOR, N4, N4B1, B1BITS, U8, I32, I8, THR, RAW, VALUE, SUM };
	uint32_t desc[LXA_DESC_WORDS];
	struct lxa_extent ext[LXA_EXT_COUNT];
	int folded = 0, not = 0;

	for (unsigned int i = 0; i < LXA_EXT_COUNT; i++)
		ext[i] = (struct lxa_extent){ .addr = 0x1000000ull * (i + 1), .bytes = 0x1000000 };
	for (int i = 0; i < 2000; i++) {
		struct lxa_job job = base_job(bases[rnd() % (sizeof(bases) / sizeof(bases[0]))]);
		uint32_t bits = job.act_fmt == LXA_FMT_U8 ? 8 : job.act_fmt == LXA_FMT_B1 ? 1 : 4, taps;
		static const uint32_t ofmt_bits[] = { 1, 4, 8, 32, 64 };
		uint64_t px, out_px, end;
		int want;

		job.pad_t = job.pad_b = job.pad_l = job.pad_r = 0;
		job.in_h = job.kh = (uint8_t)rnd_in(1, 4);
		job.in_w = job.kw = (uint8_t)rnd_in(1, 4);
		job.in_c = (uint16_t)(rnd() % 2 ? 64 * rnd_in(1, 2) : rnd_in(1, 130));
		job.out_c = (uint16_t)rnd_in(1, 130);
		job.batch = (uint16_t)rnd_in(1, 300);
		job.tile_h = job.tile_w = rnd() % 8 == 0;
		px = pixel_bytes(bits, is_xnor(&job), job.in_c);
		out_px = pixel_bytes(ofmt_bits[job.out_fmt], out_xnor(&job), job.out_c);
		end = last_block_end(&job, ofmt_bits[job.out_fmt]);
		taps = (uint32_t)job.kh * job.kw;
		if (rnd() % 8 == 0)
			job.in_img = (uint32_t)(job.in_h * ((job.in_w * px + 15) / 16 * 16) + 16);
		if (rnd() % 8 == 0)
			job.out_img = (uint32_t)((out_px + 15) / 16 * 16 + 16 * rnd_in(0, 3));
		if (lxa_validate(&base_caps, &job, ext, desc))
			fail_msg("seed %llu, job %d", (unsigned long long)seed, i);
		want = job.batch > 1 && !job.tile_h && !job.in_img && (job.in_h == 1 || job.in_w * px % 16 == 0) &&
		       (taps == 1 || !is_xnor(&job) || job.in_c % 64 == 0) &&
		       (end <= out_px || (job.out_img ? job.out_img : (out_px + 15) / 16 * 16) == out_px);
		if (is_folded(&job, desc) != want)
			fail_msg("seed %llu, job %d: folded %d", (unsigned long long)seed, i, !want);
		assert_true(check_naive(&job, ext, desc, 1));
		check_one_byte_short(&job, ext, desc);
		folded += want;
		not += !want;
	}
	assert_true(folded > 200 && not > 200);
}

/* Where a pixel is padded beyond its blocks, the taps of a kernel cannot be channels; those of a 1x1 kernel can. */
static void test_folded_narrow(void **state)
{
	struct lxa_caps small = base_caps;
	struct lxa_job job = base_job(LOG);
	uint32_t desc[LXA_DESC_WORDS];
	struct lxa_extent ext[LXA_EXT_COUNT];

	base_ext(ext);
	small.shift_oc = small.shift_ic = small.word_bytes = 8;
	job.pad_t = job.pad_b = job.pad_l = job.pad_r = 0;
	job.in_h = job.in_w = job.kh = job.kw = 2;
	for (int c = 8; c <= 16; c += 8) {
		job.in_c = (uint16_t)c;	/* 4 bytes of codes in 8, then 8 in 8 */
		assert_int_equal(lxa_validate(&small, &job, ext, desc), 0);
		assert_int_equal(is_folded(&job, desc), c == 16);
	}
	job.in_h = job.in_w = job.kh = job.kw = 1;
	job.in_c = 8;
	assert_int_equal(lxa_validate(&small, &job, ext, desc), 0);
	assert_true(is_folded(&job, desc));
}

/* ---- random bytes ------------------------------------------------------------------------------- */

static void corrupt(void *p, size_t size, int bytes)
{
	while (bytes--)
		((uint8_t *)p)[rnd() % size] = rnd() % 3 ? (uint8_t)(rnd() % 17) : (uint8_t)rnd();
}

static void test_random_bytes(void **state)
{
	int accepted = 0, checked = 0;

	for (int i = 0; i < 200000; i++) {
		struct lxa_extent ext[LXA_EXT_COUNT];
		uint32_t desc[LXA_DESC_WORDS];
		struct lxa_job job = random_job();

		base_ext(ext);
		ext[rnd() % LXA_EXT_COUNT].bytes = rnd() % 0x200000;
		corrupt(&job, sizeof(job), i % 8 ? rnd_in(1, 3) : 200);
		if (lxa_validate(&base_caps, &job, ext, desc) || job.op != LXA_OP_CONV)
			continue;
		accepted++;
		if (accepted % 16 == 0)
			checked += check_naive(&job, ext, desc, 0);
	}
	print_message("random bytes: %d accepted, %d of them walked\n", accepted, checked);
	assert_true(checked > 100);
}

static void test_all_reasons_reached(void **state)
{
	assert_int_equal(reached, (1u << (LXA_REJECT_RES_EXTENT + 1)) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bases_are_valid), cmocka_unit_test(test_fields), cmocka_unit_test(test_modes),
		cmocka_unit_test(test_caps), cmocka_unit_test(test_tile_and_overlap), cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_random_valid), cmocka_unit_test(test_folded), cmocka_unit_test(test_folded_narrow), cmocka_unit_test(test_random_bytes),
		cmocka_unit_test(test_all_reasons_reached),
	};
	const char *env = getenv("LXA_SEED");

	seed = env ? strtoull(env, NULL, 0) : (uint64_t)time(NULL);
	rng_state = seed * 0x9e3779b97f4a7c15ull | 1;
	print_message("LXA_SEED=%llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests_name("validate", tests, NULL, NULL) ? 1 : 0;
}
