/* SPDX-License-Identifier: MIT */
/*
 * faults.c - registers, ring, errors, injected faults, idling and the change of engine, for both engines.
 * Results of jobs are compared with ref.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "desc.h"
#include "layer.h"

#define WAIT_MS 20000

struct fixture {
	enum lxa_sim_engine engine;
	struct rig *r;
};

static uint64_t seed;

static int setup(void **state)
{
	struct fixture *f = *state;

	f->r = rig_open(f->engine, 100, 16, 16 << 20);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	rig_close(f->r);
	return 0;
}

/* A fixed layer with random data; loaded, its descriptor filled in, the expected output region allocated. */
static uint8_t *make_layer(struct rig *r, struct layer *y, uint32_t seq, uint32_t *desc, enum lxa_res res)
{
	uint64_t s = seed + seq;
	uint8_t *expect;
	size_t n;

	memset(y, 0, sizeof(*y));
	y->job = (struct lxa_job){ .op = LXA_OP_CONV, .batch = 1, .in_h = 12, .in_w = 12, .in_c = 32, .out_c = 24, .groups = 1,
				   .kh = 3, .kw = 3, .sy = 1, .sx = 1, .dy = 1, .dx = 1, .pad_t = 1, .pad_l = 1, .pad_b = 1,
				   .pad_r = 1, .pool_h = 1, .pool_w = 1, .pool_sy = 1, .pool_sx = 1, .act_fmt = LXA_FMT_LOG4,
				   .wgt_fmt = LXA_WFMT_LOG, .kind = LXA_KIND_INT32, .out_fmt = LXA_OFMT_W32,
				   .clamp_lo = INT32_MIN, .clamp_hi = INT32_MAX };
	y->job.res_mode = (uint8_t)res;
	if (res == LXA_RES_VALUE)
		y->job.res_fmt = LXA_FMT_LOG4, y->job.res_mult = 77, y->job.res_shift = 3;
	assert_int_equal(layer_finish(&s, &r->caps, y), 0);
	layer_load(&s, r, y);
	layer_desc(y, seq, 1, desc);
	n = y->l.out_bytes + 2 * LAYER_GUARD;
	expect = malloc(n);
	memcpy(expect, r->mem + y->out_at - LAYER_GUARD, n);
	ref_output(&r->caps, y, expect);
	return expect;
}

static uint8_t *make_job(struct rig *r, struct layer *y, uint32_t seq, uint32_t *desc)
{
	return make_layer(r, y, seq, desc, LXA_RES_NONE);
}

static int output_right(const struct rig *r, const struct layer *y, const uint8_t *expect)
{
	return !memcmp(r->mem + y->out_at - LAYER_GUARD, expect, y->l.out_bytes + 2 * LAYER_GUARD);
}

/* Post one good job, wait for it, compare. */
static void good_layer(struct rig *r, uint32_t seq, enum lxa_res res)
{
	uint32_t desc[LXA_DESC_WORDS];
	struct layer y;
	uint8_t *expect = make_layer(r, &y, seq, desc, res);

	rig_post(r, desc);
	rig_doorbell(r);
	assert_int_equal(rig_wait(r, r->tail, WAIT_MS), 0);
	assert_true(output_right(r, &y, expect));
	assert_int_equal(rig_record(r, r->tail - 1)[LXA_C_SEQ], seq);
	free(expect);
	layer_free(&y);
}

static void good_job(struct rig *r, uint32_t seq)
{
	good_layer(r, seq, LXA_RES_NONE);
}

/* Wait until f() is true, at most WAIT_MS. */
static int eventually(int (*f)(struct rig *), struct rig *r)
{
	int i;

	for (i = 0; i < WAIT_MS; i++) {
		if (f(r))
			return 1;
		usleep(1000);
	}
	return 0;
}

static int has_error(struct rig *r)
{
	return !!(lxa_sim_read32(r->sim, LXA_REG_STATUS) & LXA_STATUS_ERROR_MASK);
}

/* ---- registers and ring -------------------------------------------------------------------------------- */

static void test_registers(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;
	struct lxa_sim *s = r->sim;

	assert_int_equal(lxa_sim_read32(s, LXA_REG_ID) >> 16, LXA_MAGIC);
	assert_int_equal(lxa_sim_read32(s, LXA_REG_ID) >> 8 & 255, 1);
	lxa_sim_write32(s, LXA_REG_ID, 0);
	assert_int_equal(lxa_sim_read32(s, LXA_REG_ID) >> 16, LXA_MAGIC);
	lxa_sim_write32(s, LXA_REG_RING_BASE_LO, 0x12345678);
	assert_int_equal(lxa_sim_read32(s, LXA_REG_RING_BASE_LO), 0x12345600);
	lxa_sim_write32(s, LXA_REG_CPL_BASE_LO, 0xffffffff);
	assert_int_equal(lxa_sim_read32(s, LXA_REG_CPL_BASE_LO), 0xffffff80);
	lxa_sim_write32(s, LXA_REG_RING_LOG2, 99);
	assert_int_equal(lxa_sim_read32(s, LXA_REG_RING_LOG2), lxa_sim_read32(s, LXA_REG_CFG_RING) & 255);
	lxa_sim_write32(s, LXA_REG_RING_HEAD, 5);
	assert_int_equal(lxa_sim_read32(s, LXA_REG_RING_HEAD), 0);
	assert_int_equal(lxa_sim_read32(s, LXA_REG_STATUS), LXA_STATUS_IDLE_MASK);
	assert_int_equal(lxa_sim_read32(s, 0xffc), 0);
	assert_int_equal(rig_reset(r), 0);
	assert_int_equal(lxa_sim_read32(s, LXA_REG_RING_BASE_LO), (uint32_t)RIG_IOVA);
}

/* The two engines must identify themselves alike. */
static void test_same_config(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r, *o = rig_open(LXA_SIM_MODEL, 1, 16, 1 << 20);
	uint32_t off;

	for (off = 0; off < LXA_REG_CTRL; off += 4)
		assert_int_equal(lxa_sim_read32(r->sim, off), lxa_sim_read32(o->sim, off));
	rig_close(o);
}

static void test_ring_wrap(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;
	uint32_t i;

	for (i = 0; i < (3u << RIG_LOG2) + 3; i++) {
		rig_clear(r);
		good_job(r, i * 7 + 1);
	}
	assert_int_equal(lxa_sim_read32(r->sim, LXA_REG_RING_HEAD), r->tail);
	assert_int_equal(lxa_sim_read32(r->sim, LXA_REG_CUR_SEQ), (i - 1) * 7 + 1);
}

static void test_nops(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;
	uint32_t desc[LXA_DESC_WORDS] = { 0 }, i;

	desc_set(desc, LXA_D_MAGIC, LXA_MAGIC);
	for (i = 0; i < 1u << RIG_LOG2; i++) {
		desc_set(desc, LXA_D_SEQ, i + 50);
		desc_set(desc, LXA_D_IRQ, i == 15);
		rig_post(r, desc);
	}
	rig_doorbell(r);
	assert_int_equal(rig_wait(r, r->tail, WAIT_MS), 0);
	for (i = 0; i < 1u << RIG_LOG2; i++)
		assert_int_equal(rig_record(r, i)[LXA_C_SEQ], i + 50);
}

static void test_counters(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;
	uint64_t sum = 0;
	uint32_t reg;

	good_job(r, 1);
	lxa_sim_write32(r->sim, LXA_REG_CTRL, LXA_CTRL_ENABLE_MASK | LXA_CTRL_SNAPSHOT_MASK);
	for (reg = LXA_REG_CNT_BUSY_LO; reg <= LXA_REG_CNT_IDLE_LO; reg += 8)
		sum += rig_counter(r, reg);
	assert_int_equal(sum, rig_counter(r, LXA_REG_CNT_CYCLES_LO));
	assert_int_equal(rig_counter(r, LXA_REG_CNT_MACS_LO), 12 * 12 * 24 * 9 * 32);
	assert_int_equal(rig_counter(r, LXA_REG_CNT_JOBS_LO), 1);
	assert_int_equal(rig_counter(r, LXA_REG_CNT_WR_BYTES_LO), 12 * 12 * lxa_round_up(24, r->caps.shift_oc) * 4 + 128);
}

static void test_disabled(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;
	uint32_t desc[LXA_DESC_WORDS] = { 0 };

	desc_set(desc, LXA_D_MAGIC, LXA_MAGIC);
	lxa_sim_write32(r->sim, LXA_REG_CTRL, 0);
	rig_post(r, desc);
	rig_doorbell(r);
	usleep(20000);
	assert_int_equal(lxa_sim_read32(r->sim, LXA_REG_CPL_COUNT), 0);
	lxa_sim_write32(r->sim, LXA_REG_CTRL, LXA_CTRL_ENABLE_MASK);
	assert_int_equal(rig_wait(r, 1, WAIT_MS), 0);
}

/* ---- errors --------------------------------------------------------------------------------------------- */

/* Break one field of a good job; it must fail with this status and stream, and write nothing outside its window. */
static void expect_error_in(struct rig *r, enum lxa_res res, uint32_t field, uint64_t value, uint32_t status, uint32_t stream)
{
	uint32_t desc[LXA_DESC_WORDS], i, window;
	struct layer y;
	uint8_t *expect, *before = malloc(r->size);

	rig_clear(r);
	expect = make_layer(r, &y, 77, desc, res);
	desc_set(desc, field, value);
	window = (uint32_t)desc_get(desc, LXA_D_OUT_SIZE);
	rig_post(r, desc);
	memcpy(before, r->mem, r->size);
	rig_doorbell(r);
	assert_int_equal(rig_wait(r, r->tail, WAIT_MS), -1);
	assert_int_equal(lxa_sim_read32(r->sim, LXA_REG_ERR_STATUS), status);
	assert_int_equal(lxa_sim_read32(r->sim, LXA_REG_ERR_STREAM), stream);
	assert_int_equal(lxa_sim_read32(r->sim, LXA_REG_ERR_SEQ), 77);
	assert_true(eventually(has_error, r));
	for (i = 0; i < r->size; i++)
		if (before[i] != r->mem[i] && (i < y.out_at || i >= y.out_at + window))
			fail_msg("byte %u outside the output window changed", i);
	assert_int_equal(rig_reset(r), 0);
	rig_clear(r);
	good_layer(r, 5, res);
	free(before);
	free(expect);
	layer_free(&y);
}

static void expect_error(struct rig *r, uint32_t field, uint64_t value, uint32_t status, uint32_t stream)
{
	expect_error_in(r, LXA_RES_NONE, field, value, status, stream);
}

static void test_bad_descriptors(void **state)
{
	static const uint32_t zero[] = { LXA_D_KH, LXA_D_SY, LXA_D_DX, LXA_D_IN_H, LXA_D_OUT_W, LXA_D_BATCH, LXA_D_OCB,
					 LXA_D_ICB, LXA_D_GRP_OCB, LXA_D_TILE_H, LXA_D_POOL_SX, LXA_D_PASSES, LXA_D_MAGIC };
	struct rig *r = ((struct fixture *)*state)->r;
	size_t i;

	for (i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
		expect_error(r, zero[i], 0, LXA_HW_STATUS_BAD_DESC, LXA_HW_STREAM_CMD);
	expect_error(r, LXA_D_OP, 9, LXA_HW_STATUS_BAD_DESC, LXA_HW_STREAM_CMD);
	expect_error(r, LXA_D_KW, 12, LXA_HW_STATUS_BAD_DESC, LXA_HW_STREAM_CMD);
	expect_error(r, LXA_D_WGT_FMT, 2, LXA_HW_STATUS_BAD_DESC, LXA_HW_STREAM_CMD);
	expect_error(r, LXA_D_WGT_FMT, LXA_HW_WFMT_BITS, LXA_HW_STATUS_BAD_DESC, LXA_HW_STREAM_CMD);
	expect_error(r, LXA_D_ACT_FMT, LXA_HW_FMT_N4, LXA_HW_STATUS_BAD_DESC, LXA_HW_STREAM_CMD);
	expect_error(r, LXA_D_A_BITS, 3, LXA_HW_STATUS_BAD_DESC, LXA_HW_STREAM_CMD);
	expect_error(r, LXA_D_PASSES, 3, LXA_HW_STATUS_BAD_DESC, LXA_HW_STREAM_CMD);
	expect_error(r, LXA_D_PACK, 1, LXA_HW_STATUS_BAD_DESC, LXA_HW_STREAM_CMD);	/* of nibbles */
	expect_error(r, LXA_D_NTHR, 3, LXA_HW_STATUS_BAD_DESC, LXA_HW_STREAM_CMD);
	expect_error(r, LXA_D_ACT_ADDR, RIG_IOVA + 4, LXA_HW_STATUS_BAD_DESC, LXA_HW_STREAM_CMD);
	expect_error(r, LXA_D_KIND, LXA_HW_KIND_RAW, LXA_HW_STATUS_BAD_DESC, LXA_HW_STREAM_CMD); /* into w32 */
	expect_error(r, LXA_D_OUT_FMT, LXA_HW_OFMT_W64, LXA_HW_STATUS_BAD_DESC, LXA_HW_STREAM_CMD);
	if (r->caps.word_bytes > 8)	/* words of the output would not be aligned */
		expect_error(r, LXA_D_OUT_PX, 13, LXA_HW_STATUS_BAD_DESC, LXA_HW_STREAM_CMD);
}

/* A residual that is impossible, or would make its loader and the output stage lose step. */
static void test_bad_residuals(void **state)
{
	static const struct { uint32_t field, value; } bad[] = {
		{ LXA_D_RES_MODE, 3 }, { LXA_D_RES_FMT, LXA_HW_FMT_B1 }, { LXA_D_RES_FMT, LXA_HW_FMT_N4 }, { LXA_D_RES_FMT, 7 },
		{ LXA_D_RES_SHIFT, 63 }, { LXA_D_RES_PX, 0 }, { LXA_D_RES_PX, 1 }, { LXA_D_RES_ROW, 196 }, { LXA_D_RES_IMG, 4 },
		{ LXA_D_POOL_H, 2 }, { LXA_D_POOL_W, 2 }, { LXA_D_POOL_SY, 2 }, { LXA_D_OUT_PX, 8 }, { LXA_D_OC, 23 },
		{ LXA_D_OCB, 9 }, { LXA_D_RES_FMT, LXA_HW_FMT_W32 }, { LXA_D_RES_MODE, LXA_HW_RES_RAW },
	};
	struct rig *r = ((struct fixture *)*state)->r;
	size_t i;

	good_layer(r, 1, LXA_RES_VALUE);
	good_layer(r, 2, LXA_RES_RAW);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_error_in(r, LXA_RES_VALUE, bad[i].field, bad[i].value, LXA_HW_STATUS_BAD_DESC, LXA_HW_STREAM_CMD);
	expect_error_in(r, LXA_RES_VALUE, LXA_D_RES_ADDR, RIG_IOVA + 4, LXA_HW_STATUS_BAD_DESC, LXA_HW_STREAM_CMD);
	/* 24 channels of 64 bits, but groups that begin in the middle of a word */
	if (r->caps.word_bytes > 8)
		expect_error_in(r, LXA_RES_RAW, LXA_D_RES_PX, 33, LXA_HW_STATUS_BAD_DESC, LXA_HW_STREAM_CMD);
}

static void test_windows(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;

	expect_error(r, LXA_D_ACT_SIZE, 512, LXA_HW_STATUS_WINDOW, LXA_HW_STREAM_ACT);
	expect_error(r, LXA_D_WGT_SIZE, 256, LXA_HW_STATUS_WINDOW, LXA_HW_STREAM_WGT);
	expect_error(r, LXA_D_PAR_SIZE, 16, LXA_HW_STATUS_WINDOW, LXA_HW_STREAM_PAR);
	expect_error(r, LXA_D_OUT_SIZE, 2048, LXA_HW_STATUS_WINDOW, LXA_HW_STREAM_OUT);
	expect_error_in(r, LXA_RES_VALUE, LXA_D_RES_SIZE, 512, LXA_HW_STATUS_WINDOW, LXA_HW_STREAM_RES);
	expect_error_in(r, LXA_RES_RAW, LXA_D_RES_SIZE, 0, LXA_HW_STATUS_WINDOW, LXA_HW_STREAM_RES);
}

static void test_bus_errors(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;
	struct lxa_sim_stats st;

	expect_error(r, LXA_D_ACT_ADDR, RIG_IOVA + (1ull << 32), LXA_HW_STATUS_RD_ERROR, LXA_HW_STREAM_ACT);
	expect_error(r, LXA_D_WGT_ADDR, RIG_IOVA + (1ull << 32), LXA_HW_STATUS_RD_ERROR, LXA_HW_STREAM_WGT);
	expect_error(r, LXA_D_OUT_ADDR, RIG_IOVA + (1ull << 32), LXA_HW_STATUS_WR_ERROR, LXA_HW_STREAM_OUT);
	expect_error_in(r, LXA_RES_VALUE, LXA_D_RES_ADDR, RIG_IOVA + (1ull << 32), LXA_HW_STATUS_RD_ERROR, LXA_HW_STREAM_RES);
	expect_error_in(r, LXA_RES_RAW, LXA_D_RES_ADDR, RIG_IOVA + (1ull << 32), LXA_HW_STATUS_RD_ERROR, LXA_HW_STREAM_RES);
	lxa_sim_stats(r->sim, &st);
	assert_true(st.bus_errors >= 5);
}

/* ---- injected faults ------------------------------------------------------------------------------------ */

static void test_hang(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;
	uint32_t desc[LXA_DESC_WORDS], p;
	struct layer y;
	int round;

	for (round = 0; round < 3; round++) {
		struct lxa_sim_stats a, b;

		rig_clear(r);
		free(make_job(r, &y, 9, desc));
		assert_int_equal(lxa_sim_fault(r->sim, LXA_SIM_FAULT_HANG, 0, 1), 0);
		rig_post(r, desc);
		rig_doorbell(r);
		assert_int_equal(rig_wait(r, r->tail, 200), -2);
		p = lxa_sim_read32(r->sim, LXA_REG_PROGRESS);
		lxa_sim_stats(r->sim, &a);
		usleep(50000);
		assert_int_equal(lxa_sim_read32(r->sim, LXA_REG_PROGRESS), p);
		lxa_sim_stats(r->sim, &b);
		assert_true(b.host_ns - a.host_ns < 20000000); /* a hang costs no CPU */
		assert_int_equal(lxa_sim_read32(r->sim, LXA_REG_STATUS) & LXA_STATUS_IDLE_MASK, 0);
		assert_int_equal(rig_reset(r), 0);
		rig_clear(r);
		good_job(r, 10);
		layer_free(&y);
	}
}

static void test_lost_irq(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;
	unsigned int irqs = r->irqs;

	assert_int_equal(lxa_sim_fault(r->sim, LXA_SIM_FAULT_LOST_IRQ, 0, 1), 0);
	good_job(r, 1);			/* the rig also looks at CPL_COUNT now and then */
	usleep(20000);
	assert_int_equal(r->irqs, irqs);
	assert_int_equal(lxa_sim_read32(r->sim, LXA_REG_IRQ_STATUS), LXA_IRQ_STATUS_DONE_MASK);
	lxa_sim_write32(r->sim, LXA_REG_IRQ_STATUS, LXA_IRQ_STATUS_DONE_MASK);
	good_job(r, 2);
	usleep(20000);
	assert_int_equal(r->irqs, irqs + 1);
}

static void test_spurious_irq(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;
	unsigned int irqs = r->irqs, done = r->done;

	assert_int_equal(lxa_sim_fault(r->sim, LXA_SIM_FAULT_SPURIOUS_IRQ, 1, 3), 0);
	good_job(r, 1);
	usleep(20000);
	assert_int_equal(r->irqs, irqs + 1);
	good_job(r, 2);
	usleep(20000);
	assert_int_equal(r->irqs, irqs + 2 + 3);
	assert_int_equal(r->done, done + 2);
	assert_int_equal(r->level, 0);
}

static void count_rise(void *ctx, int level)
{
	if (level)
		__atomic_fetch_add((unsigned int *)ctx, 1, __ATOMIC_RELEASE);
}

/*
 * Interrupts as messages: nothing is told but that the line has risen, and the handler acknowledges until nothing is left. Jobs end
 * all the while, some between the cycles of an acknowledgement. A rise that is missed would leave the line high for good.
 */
static void test_irq_rises(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;
	uint32_t nop[LXA_DESC_WORDS] = { 0 }, causes;
	unsigned int rises = 0, seen = 0, was, now;
	int round, i, left;

	desc_set(nop, LXA_D_MAGIC, LXA_MAGIC);
	desc_set(nop, LXA_D_IRQ, 1);
	lxa_sim_set_irq(r->sim, count_rise, &rises);
	for (round = 0; round < 300; round++) {
		was = seen;
		for (i = 0; i < 1 << RIG_LOG2; i++) {
			desc_set(nop, LXA_D_SEQ, r->tail);
			rig_post(r, nop);
		}
		rig_doorbell(r);
		for (left = WAIT_MS; left && (lxa_sim_read32(r->sim, LXA_REG_CPL_COUNT) != r->tail || seen == was);) {
			now = __atomic_load_n(&rises, __ATOMIC_ACQUIRE);
			if (now == seen && lxa_sim_read32(r->sim, LXA_REG_CPL_COUNT) == r->tail)
				left--, usleep(1000); /* the rise is on its way, or the line is stuck */
			while (now != seen && (causes = lxa_sim_read32(r->sim, LXA_REG_IRQ_STATUS)))
				lxa_sim_write32(r->sim, LXA_REG_IRQ_STATUS, causes);
			seen = now;
		}
		assert_int_not_equal(left, 0);
	}
}

/*
 * Software that watches a record's COUNT in memory, while the device runs, must find the rest of the record there once it shows,
 * however many beats it came in. The job is one of 16: others' records come right behind it.
 */
static void test_record_is_whole(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;
	uint32_t nop[LXA_DESC_WORDS] = { 0 }, seen[LXA_CPL_WORDS], start;
	uint32_t *rec;
	int round, i;

	desc_set(nop, LXA_D_MAGIC, LXA_MAGIC);
	for (round = 0; round < 300; round++) {
		start = r->tail;
		rec = (uint32_t *)(uintptr_t)rig_record(r, start + (uint32_t)round % (1u << RIG_LOG2));
		memset(rec, 0xee, LXA_CPL_BYTES);
		for (i = 0; i < 1 << RIG_LOG2; i++) {
			desc_set(nop, LXA_D_SEQ, r->tail);
			rig_post(r, nop);
		}
		rig_doorbell(r);
		for (i = 0; i < WAIT_MS * 1000 && __atomic_load_n(&rec[LXA_C_COUNT], __ATOMIC_ACQUIRE) == 0xeeeeeeee; i++)
			if (i > 1000000)
				usleep(1);
		memcpy(seen, rec, sizeof(seen));
		assert_int_equal(seen[LXA_C_COUNT], start + (uint32_t)round % (1u << RIG_LOG2) + 1);
		assert_int_equal(seen[LXA_C_SEQ], start + (uint32_t)round % (1u << RIG_LOG2));
		assert_int_equal(rig_wait(r, r->tail, WAIT_MS), 0);
		assert_memory_equal(seen, rec, sizeof(seen));
	}
}

static void faulted_job(struct rig *r, enum lxa_sim_fault kind, uint32_t status)
{
	uint32_t desc[LXA_DESC_WORDS];
	struct layer y;

	rig_clear(r);
	assert_int_equal(lxa_sim_fault(r->sim, kind, 0, 1), 0);
	free(make_job(r, &y, 3, desc));
	rig_post(r, desc);
	rig_doorbell(r);
	assert_int_equal(rig_wait(r, r->tail, WAIT_MS), -1);
	assert_int_equal(lxa_sim_read32(r->sim, LXA_REG_ERR_STATUS), status);
	assert_int_equal(rig_reset(r), 0);
	rig_clear(r);
	good_job(r, 4);
	layer_free(&y);
}

static void test_injected_bus_errors(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;

	faulted_job(r, LXA_SIM_FAULT_READ_ERROR, LXA_HW_STATUS_RD_ERROR);
	faulted_job(r, LXA_SIM_FAULT_WRITE_ERROR, LXA_HW_STATUS_WR_ERROR);
}

static void test_bit_flip(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;
	uint32_t desc[LXA_DESC_WORDS];
	struct layer y;
	uint8_t *expect;

	expect = make_job(r, &y, 3, desc);
	assert_int_equal(lxa_sim_fault(r->sim, LXA_SIM_FAULT_BIT_FLIP, 0, 1000000), 0);
	rig_post(r, desc);
	rig_doorbell(r);
	assert_int_equal(rig_wait(r, r->tail, WAIT_MS), 0);
	assert_false(output_right(r, &y, expect));
	assert_int_equal(lxa_sim_fault(r->sim, LXA_SIM_FAULT_NONE, 0, 0), 0);
	rig_clear(r);
	good_job(r, 4);
	free(expect);
	layer_free(&y);
}

/* ---- clock ---------------------------------------------------------------------------------------------- */

static void test_idle_costs_nothing(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;
	struct lxa_sim_stats a, b;

	good_job(r, 1);
	usleep(20000);
	lxa_sim_stats(r->sim, &a);
	usleep(200000);
	lxa_sim_stats(r->sim, &b);
	assert_true(b.host_ns - a.host_ns < 2000000);
	assert_int_equal(a.cycles, b.cycles);
}

static void test_stop_and_start(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;
	uint32_t desc[LXA_DESC_WORDS];
	struct layer y;
	uint8_t *expect = make_job(r, &y, 8, desc);

	lxa_sim_stop(r->sim);
	rig_post(r, desc);
	rig_doorbell(r);
	assert_int_equal(rig_wait(r, r->tail, 60), -2);
	lxa_sim_start(r->sim);
	assert_int_equal(rig_wait(r, r->tail, WAIT_MS), 0);
	assert_true(output_right(r, &y, expect));
	free(expect);
	layer_free(&y);
}

static void test_engine_switch(void **state)
{
	struct fixture *f = *state;
	struct rig *r = f->r;
	enum lxa_sim_engine other = f->engine == LXA_SIM_RTL ? LXA_SIM_MODEL : LXA_SIM_RTL;
	uint64_t macs = 0, now;
	uint32_t i;

	for (i = 0; i < 20; i++) {
		rig_clear(r);
		good_job(r, i + 1);
		assert_int_equal(lxa_sim_set_engine(r->sim, i % 2 ? f->engine : other), 0);
		assert_int_equal(lxa_sim_engine(r->sim), i % 2 ? f->engine : other);
		assert_int_equal(lxa_sim_read32(r->sim, LXA_REG_CPL_COUNT), i + 1);
		assert_int_equal(lxa_sim_read32(r->sim, LXA_REG_RING_HEAD), i + 1);
		lxa_sim_write32(r->sim, LXA_REG_CTRL, LXA_CTRL_ENABLE_MASK | LXA_CTRL_SNAPSHOT_MASK);
		now = rig_counter(r, LXA_REG_CNT_MACS_LO);
		assert_int_equal(now - macs, 12 * 12 * 24 * 9 * 32);
		macs = now;
	}
}

static void test_switch_when_busy(void **state)
{
	struct fixture *f = *state;
	struct rig *r = f->r;
	uint32_t desc[LXA_DESC_WORDS];
	struct layer y;
	uint8_t *expect = make_job(r, &y, 8, desc);

	lxa_sim_stop(r->sim);
	rig_post(r, desc);
	rig_doorbell(r);
	assert_int_equal(lxa_sim_set_engine(r->sim, f->engine == LXA_SIM_RTL ? LXA_SIM_MODEL : LXA_SIM_RTL), -EBUSY);
	lxa_sim_start(r->sim);
	assert_int_equal(rig_wait(r, r->tail, WAIT_MS), 0);
	free(expect);
	layer_free(&y);
}

static void test_mappings(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;
	static char page[4096];

	assert_int_equal(lxa_sim_dma_map(r->sim, RIG_IOVA + 4096, page, 4096, LXA_SIM_DMA_READ), -EEXIST);
	assert_int_equal(lxa_sim_dma_map(r->sim, RIG_IOVA - 4096, page, 4097, LXA_SIM_DMA_READ), -EEXIST);
	assert_int_equal(lxa_sim_dma_map(r->sim, RIG_IOVA - 4096, page, 4096, LXA_SIM_DMA_READ), 0);
	assert_int_equal(lxa_sim_dma_unmap(r->sim, RIG_IOVA - 4096, 100), -ENOENT);
	assert_int_equal(lxa_sim_dma_unmap(r->sim, RIG_IOVA - 4096, 4096), 0);
	assert_int_equal(lxa_sim_dma_map(r->sim, ~0ull - 100, page, 4096, LXA_SIM_DMA_READ), -EINVAL);
	assert_int_equal(lxa_sim_dma_map(r->sim, 0, page, 0, LXA_SIM_DMA_READ), -EINVAL);
}

static void test_command_log(void **state)
{
	struct rig *r = ((struct fixture *)*state)->r;
	char path[64], line[512];
	int jobs = 0, dones = 0, regs = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/lxa-log-%d", getpid());
	good_job(r, 1);
	assert_int_equal(lxa_sim_trace(r->sim, NULL, path, 2, 1), 0); /* the third job alone */
	good_job(r, 2);
	good_job(r, 0xabc);
	good_job(r, 4);
	assert_int_equal(lxa_sim_trace(r->sim, NULL, NULL, 0, 0), 0);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		jobs += strstr(line, " job 2 seq 00000abc") != NULL;
		dones += strstr(line, " done 00000003 seq 00000abc") != NULL;
		regs += strstr(line, " read ") != NULL;
		assert_null(strstr(line, "seq 00000002"));
		assert_null(strstr(line, "seq 00000004"));
	}
	fclose(f);
	unlink(path);
	assert_int_equal(jobs, 1);
	assert_int_equal(dones, 1);
}

static void test_trees(void **state)
{
	struct lxa_sim *sim;
	char err[256] = "";

	assert_int_equal(lxa_sim_create("garbage.", 8, &sim, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "device tree"));
	assert_null(sim);
	assert_int_equal(lxa_sim_create(NULL, 0, &sim, err, sizeof(err)), 0);
	assert_int_equal(lxa_sim_engine(sim), LXA_SIM_RTL);
	assert_int_equal(lxa_sim_fault(sim, (enum lxa_sim_fault)99, 0, 1), -EINVAL);
	lxa_sim_destroy(sim);
}

#define T(name) { "" #name, name, setup, teardown, NULL }
#define ALL_TESTS                                                                                                     \
	T(test_registers), T(test_same_config), T(test_ring_wrap), T(test_nops), T(test_counters), T(test_disabled),  \
	T(test_bad_descriptors), T(test_bad_residuals), T(test_windows), T(test_bus_errors), T(test_hang), T(test_lost_irq),                 \
	T(test_spurious_irq), T(test_irq_rises), T(test_record_is_whole), T(test_injected_bus_errors), T(test_bit_flip), T(test_idle_costs_nothing),              \
	T(test_stop_and_start), T(test_engine_switch), T(test_switch_when_busy), T(test_mappings),                    \
	T(test_command_log), T(test_trees)

int main(void)
{
	struct fixture fixtures[2] = { { LXA_SIM_MODEL, NULL }, { LXA_SIM_RTL, NULL } };
	struct CMUnitTest tests[] = { ALL_TESTS };
	size_t n = sizeof(tests) / sizeof(tests[0]), i, e;
	int failed = 0;

	seed = rnd_seed();
	for (e = 0; e < 2; e++) {
		printf("engine %s\n", e ? "rtl" : "model");
		for (i = 0; i < n; i++)
			tests[i].initial_state = &fixtures[e];
		failed += cmocka_run_group_tests(tests, NULL, NULL);
	}
	return failed != 0;
}
