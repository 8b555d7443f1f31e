/* SPDX-License-Identifier: MIT */
/*
 * model_dev.c - registers, command ring, completion records and interrupt of the functional engine.
 *
 * Counters. MACS, JOBS and WR_BYTES are exact. Cycles and what they were spent on are those of the cycle model (rtl/cycles),
 * which is told of descriptors as the RTL fetches them, ahead of the job that is worked on: so jobs overlap as there. A record's
 * CYCLES is the sum of its parts, and so is CNT_CYCLES.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "desc.h"
#include "engine.h"
#include "lxa_cycles.h"
#include "model.h"

/* Index into reg_state.cnt: the registers' order. */
enum { CYCLES, BUSY, ST_WGT, ST_ACT, ST_RD, ST_OUT, ST_WR, ST_PIPE, ST_CMD, IDLE, MACS, RD_BYTES, WR_BYTES, JOBS };
_Static_assert(LXA_REG_CNT_CYCLES_LO + 8 * JOBS == LXA_REG_CNT_JOBS_LO, "order of the counters");

#define AHEAD 4				/* descriptors that the cycle model knows beyond the job under way */

struct model {
	struct bus *bus;
	struct reg_state r;
	struct job_error err;		/* status LXA_HW_STATUS_OK: none */
	uint32_t err_seq, cur_seq;
	uint32_t desc[LXA_DESC_WORDS];
	struct model_job *job;		/* under way, or NULL */
	int nop;			/* under way, with job == NULL */
	uint64_t rd_start, wr_start;	/* statistics when it started */
	struct lxa_cycles *cycles;
	uint32_t timed;			/* descriptors that it was told of */
};

static void *model_create(struct bus *bus)
{
	struct lxa_cycles_cfg cfg = { .shift_oc = LXA_CFG_SHIFT_OC, .shift_ic = LXA_CFG_SHIFT_IC, .xnor_oc = LXA_CFG_XNOR_OC,
				      .xnor_ic = LXA_CFG_XNOR_IC, .out_lanes = LXA_CFG_OUT_LANES, .word_bytes = LXA_CFG_WORD_W / 8,
				      .bus_bytes = LXA_CFG_BUS_W / 8, .wgt_bytes = LXA_CFG_WGT_BYTES,
				      .rd_outstanding = LXA_CFG_RD_OUTSTANDING };
	struct lxa_cycles_mem mem = { .latency = bus->latency, .bytes_per_cycle = bus->bytes_per_cycle };
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->bus = bus;
	m->cycles = lxa_cycles_create(&cfg, &mem);
	if (!m->cycles) {
		free(m);
		return NULL;
	}
	return m;
}

static void model_destroy(void *e)
{
	struct model *m = e;

	model_job_destroy(m->job);
	lxa_cycles_destroy(m->cycles);
	free(m);
}

static void soft_reset(struct model *m)
{
	model_job_destroy(m->job);
	m->job = NULL;
	m->nop = 0;
	memset(&m->r, 0, sizeof(m->r));
	memset(&m->err, 0, sizeof(m->err));
	m->err_seq = m->cur_seq = 0;
	lxa_cycles_reset(m->cycles);
	m->timed = 0;
	bus_unhang(m->bus);
}

/* ---- registers ---------------------------------------------------------------------------------------- */

static int pending(const struct model *m)
{
	return !m->err.status && (m->job || m->nop || (m->r.enable && m->r.head != m->r.tail));
}

#define ACC_W 48u			/* a slot, 2 * HALF_W, has at least so many */
_Static_assert(LXA_CFG_HALF_W >= 24, "HALF_W");

static uint32_t config(uint32_t off)
{
	switch (off) {
	case LXA_REG_ID:
		return (uint32_t)LXA_MAGIC << 16 | 1 << 8 | 1;
	case LXA_REG_CFG_SHIFT:
		return LXA_CFG_SHIFT_IC << 16 | LXA_CFG_SHIFT_OC;
	case LXA_REG_CFG_XNOR:
		return LXA_CFG_XNOR_IC << 16 | LXA_CFG_XNOR_OC;
	case LXA_REG_CFG_OUT:
		return LXA_CFG_XACC_W << 24 | LXA_CFG_HALF_W << 16 | ACC_W << 8 | LXA_CFG_OUT_LANES;
	case LXA_REG_CFG_ACT:
		return LXA_CFG_ACT_BYTES;
	case LXA_REG_CFG_ACC:
		return LXA_CFG_ACC_PIXELS;
	case LXA_REG_CFG_WGT:
		return LXA_CFG_WGT_BYTES;
	case LXA_REG_CFG_BUS:
		return LXA_CFG_WORD_W / 8 << 16 | LXA_CFG_BUS_W / 8;
	case LXA_REG_CFG_MODES:
		return model_modes();
	case LXA_REG_CFG_RING:
		return LXA_CFG_RD_OUTSTANDING << 8 | LXA_CFG_RING_LOG2_MAX;
	}
	return 0;
}

static uint32_t state_reg(const struct model *m, uint32_t off)
{
	switch (off) {
	case LXA_REG_CTRL:
		return m->r.enable;
	case LXA_REG_STATUS:
		return (pending(m) ? 0 : LXA_STATUS_IDLE_MASK) | (m->err.status ? LXA_STATUS_ERROR_MASK : 0);
	case LXA_REG_IRQ_STATUS:
		return m->r.irq_status;
	case LXA_REG_IRQ_MASK:
		return m->r.irq_mask;
	case LXA_REG_RING_BASE_LO:
		return (uint32_t)m->r.ring_base;
	case LXA_REG_RING_BASE_HI:
		return (uint32_t)(m->r.ring_base >> 32);
	case LXA_REG_RING_LOG2:
		return m->r.ring_log2;
	case LXA_REG_RING_HEAD:
		return m->r.head;
	case LXA_REG_RING_TAIL:
		return m->r.tail;
	case LXA_REG_CPL_BASE_LO:
		return (uint32_t)m->r.cpl_base;
	case LXA_REG_CPL_BASE_HI:
		return (uint32_t)(m->r.cpl_base >> 32);
	case LXA_REG_CPL_COUNT:
		return m->r.cpl_count;
	case LXA_REG_PROGRESS:
		return m->r.progress;
	case LXA_REG_ERR_STATUS:
		return m->err.status;
	case LXA_REG_ERR_SEQ:
		return m->err_seq;
	case LXA_REG_ERR_STREAM:
		return m->err.stream;
	case LXA_REG_ERR_ADDR_LO:
		return (uint32_t)m->err.addr;
	case LXA_REG_ERR_ADDR_HI:
		return (uint32_t)(m->err.addr >> 32);
	case LXA_REG_CUR_SEQ:
		return m->cur_seq;
	}
	return 0;
}

static uint32_t model_read32(void *e, uint32_t off)
{
	const struct model *m = e;

	if (off < LXA_REG_CTRL)
		return config(off);
	if (off >= LXA_REG_CNT_CYCLES_LO && off < LXA_REG_CNT_CYCLES_LO + 8 * ENGINE_COUNTERS)
		return (uint32_t)(m->r.snap[(off - LXA_REG_CNT_CYCLES_LO) / 8] >> off % 8 * 8);
	return state_reg(m, off);
}

static uint64_t half(uint64_t old, uint32_t val, int hi)
{
	return hi ? (uint32_t)old | (uint64_t)val << 32 : (old & ~0xffffffffull) | val;
}

static void write_ctrl(struct model *m, uint32_t val)
{
	m->r.enable = val & LXA_CTRL_ENABLE_MASK;
	if (val & LXA_CTRL_SNAPSHOT_MASK)
		memcpy(m->r.snap, m->r.cnt, sizeof(m->r.snap));
	if (val & LXA_CTRL_RESET_MASK)
		soft_reset(m);
}

static void model_write32(void *e, uint32_t off, uint32_t val)
{
	struct model *m = e;

	switch (off) {
	case LXA_REG_CTRL:
		write_ctrl(m, val);
		break;
	case LXA_REG_IRQ_STATUS:
		m->r.irq_status &= ~val;
		break;
	case LXA_REG_IRQ_MASK:
		m->r.irq_mask = val & 3;
		break;
	case LXA_REG_RING_BASE_LO:
	case LXA_REG_RING_BASE_HI:
		m->r.ring_base = half(m->r.ring_base, val, off == LXA_REG_RING_BASE_HI) & ~(uint64_t)(LXA_DESC_BYTES - 1);
		break;
	case LXA_REG_RING_LOG2:
		m->r.ring_log2 = val > LXA_CFG_RING_LOG2_MAX ? LXA_CFG_RING_LOG2_MAX : val;
		break;
	case LXA_REG_RING_TAIL:
		m->r.tail = val;
		break;
	case LXA_REG_CPL_BASE_LO:
	case LXA_REG_CPL_BASE_HI:
		m->r.cpl_base = half(m->r.cpl_base, val, off == LXA_REG_CPL_BASE_HI) & ~(uint64_t)(LXA_CPL_BYTES - 1);
		break;
	}
}

static int model_irq(void *e)
{
	const struct model *m = e;

	return (m->r.irq_status & m->r.irq_mask) != 0;
}

/* ---- jobs --------------------------------------------------------------------------------------------- */

static void fail(struct model *m, const struct job_error *err)
{
	model_job_destroy(m->job);
	m->job = NULL;
	m->nop = 0;
	m->err = *err;
	m->err_seq = m->cur_seq;
	m->r.irq_status |= LXA_IRQ_STATUS_ERROR_MASK;
	trace_line(&m->bus->trace, m->bus->now, "error seq %08x status %u stream %u", m->err_seq, err->status, err->stream);
}

/* ---- time ---------------------------------------------------------------------------------------------- */

/* Descriptor n, as it lies in memory now; NULL when it cannot be read or would be refused. */
static const uint32_t *peek(const struct model *m, uint32_t n, uint32_t *desc)
{
	uint64_t addr = m->r.ring_base + (uint64_t)(n & ((1u << m->r.ring_log2) - 1)) * LXA_DESC_BYTES;
	const void *p = dma_find(&m->bus->dma, addr, LXA_DESC_BYTES, LXA_SIM_DMA_READ);
	struct job_error err;
	struct geom g;

	if (!p)
		return NULL;
	memcpy(desc, p, LXA_DESC_BYTES);
	if (desc_get(desc, LXA_D_MAGIC) != LXA_MAGIC)
		return NULL;
	if (desc_get(desc, LXA_D_OP) == LXA_HW_OP_NOP)
		return desc;
	return desc_get(desc, LXA_D_OP) == LXA_HW_OP_CONV && !model_geom(desc, &g, &err) ? desc : NULL;
}

/* Tell the cycle model of the descriptors that the device would have fetched by now. */
static void foresee(struct model *m)
{
	uint32_t desc[LXA_DESC_WORDS];

	while (m->timed != m->r.tail && m->timed - m->r.head < AHEAD && peek(m, m->timed, desc) &&
	       !lxa_cycles_add(m->cycles, desc, m->bus->now))
		m->timed++;
}

/* This job's share of the counters; when it was complete. */
static uint64_t account(struct model *m, uint64_t *c)
{
	struct lxa_cycles_share s;
	uint64_t when = m->bus->now;

	memset(c, 0, ENGINE_COUNTERS * sizeof(*c));
	c[RD_BYTES] = m->bus->stats.rd_bytes - m->rd_start;
	c[WR_BYTES] = m->bus->stats.wr_bytes - m->wr_start;
	c[MACS] = m->job ? model_job_geom(m->job)->macs : 0;
	foresee(m);
	if (lxa_cycles_next(m->cycles, &s, &when))
		return when;
	c[CYCLES] = s.cycles, c[BUSY] = s.busy, c[ST_WGT] = s.wgt, c[ST_ACT] = s.act, c[ST_RD] = s.rd;
	c[ST_OUT] = s.out, c[ST_WR] = s.wr, c[ST_PIPE] = s.pipe, c[ST_CMD] = s.cmd;
	return when;
}

static void put64(uint32_t *rec, uint32_t word, uint64_t v)
{
	rec[word] = (uint32_t)v;
	rec[word + 1] = (uint32_t)(v >> 32);
}

static void complete(struct model *m)
{
	uint32_t rec[LXA_CPL_WORDS] = { 0 }, slot = m->r.cpl_count & ((1u << m->r.ring_log2) - 1);
	uint64_t c[ENGINE_COUNTERS], bad = 0;
	int i;

	m->bus->now = account(m, c);
	for (i = CYCLES; i <= ST_CMD; i++)
		put64(rec, LXA_C_CYCLES + 2 * (uint32_t)i, c[i]);
	put64(rec, LXA_C_MACS, c[MACS]);
	put64(rec, LXA_C_RD_BYTES, c[RD_BYTES]);
	put64(rec, LXA_C_WR_BYTES, c[WR_BYTES]);
	rec[LXA_C_SEQ] = m->cur_seq;
	rec[LXA_C_STATUS] = LXA_HW_STATUS_OK;
	rec[LXA_C_COUNT] = m->r.cpl_count + 1;
	bus_spoil_record(m->bus, rec);
	if (bus_put_record(m->bus, m->r.cpl_base + (uint64_t)slot * LXA_CPL_BYTES, rec, &bad)) {
		fail(m, &(struct job_error){ .status = LXA_HW_STATUS_WR_ERROR, .stream = LXA_HW_STREAM_CPL, .addr = bad });
		return;
	}
	for (i = 0; i < ENGINE_COUNTERS; i++)
		m->r.cnt[i] += c[i];
	m->r.cnt[WR_BYTES] += sizeof(rec);
	m->r.cnt[JOBS]++;
	m->r.cpl_count++;
	m->r.progress++;
	bus_job_done(m->bus, rec);
	if (desc_get(m->desc, LXA_D_IRQ))
		m->r.irq_status |= LXA_IRQ_STATUS_DONE_MASK;
	model_job_destroy(m->job);
	m->job = NULL;
	m->nop = 0;
}

/* Take the next descriptor. The job has started or failed afterwards. */
static void start(struct model *m)
{
	uint64_t addr = m->r.ring_base + (uint64_t)(m->r.head & ((1u << m->r.ring_log2) - 1)) * LXA_DESC_BYTES;
	struct job_error err = { .status = LXA_HW_STATUS_RD_ERROR, .stream = LXA_HW_STREAM_CMD };
	uint32_t op;

	foresee(m);
	m->rd_start = m->bus->stats.rd_bytes;
	m->wr_start = m->bus->stats.wr_bytes;
	if (bus_read(m->bus, addr, m->desc, sizeof(m->desc), &err.addr)) {
		m->cur_seq = 0;
		fail(m, &err);
		return;
	}
	m->r.head++;
	m->r.progress++;
	m->cur_seq = m->desc[LXA_DF_WORD(LXA_D_SEQ)];
	bus_job_started(m->bus, m->desc);
	op = (uint32_t)desc_get(m->desc, LXA_D_OP);
	if (desc_get(m->desc, LXA_D_MAGIC) != LXA_MAGIC || (op != LXA_HW_OP_NOP && op != LXA_HW_OP_CONV)) {
		fail(m, &(struct job_error){ .status = LXA_HW_STATUS_BAD_DESC, .stream = LXA_HW_STREAM_CMD, .addr = addr });
		return;
	}
	if (op == LXA_HW_OP_NOP) {
		m->nop = 1;
		return;
	}
	m->job = model_job_create(m->bus, m->desc, &err);
	if (!m->job) {
		if (err.stream == LXA_HW_STREAM_CMD)
			err.addr = addr;
		fail(m, &err);
	}
}

static void step(struct model *m)
{
	struct job_error err;

	if (m->nop) {
		complete(m);
		return;
	}
	if (!m->job) {
		start(m);
		return;
	}
	m->r.progress++;
	switch (model_job_step(m->job, &err)) {
	case 0:
		complete(m);
		break;
	case -1:
		fail(m, &err);
	}
}

static enum engine_state model_state(void *e)
{
	const struct model *m = e;

	if (m->bus->hung)
		return ENGINE_BLOCKED;
	return pending(m) ? ENGINE_BUSY : ENGINE_IDLE;
}

static enum engine_state model_run(void *e, uint64_t cycles, const int *stop)
{
	struct model *m = e;
	int irq = model_irq(m);
	uint64_t until = m->bus->now + cycles;

	do {
		step(m);
	} while (model_state(m) == ENGINE_BUSY && m->bus->now < until && !__atomic_load_n(stop, __ATOMIC_RELAXED) &&
		 model_irq(m) == irq);
	return model_state(m);
}

static void model_save(void *e, struct reg_state *r)
{
	const struct model *m = e;

	*r = m->r;
}

static void model_restore(void *e, const struct reg_state *r)
{
	struct model *m = e;

	m->r = *r;
	lxa_cycles_reset(m->cycles);
	m->timed = m->r.head;
	memset(&m->err, 0, sizeof(m->err));
	m->err_seq = 0;
}

static int model_wave(void *e, const char *path)
{
	return path ? -ENOTSUP : 0;
}

const struct engine_ops engine_model = {
	.name = "model",
	.create = model_create,
	.destroy = model_destroy,
	.read32 = model_read32,
	.write32 = model_write32,
	.run = model_run,
	.state = model_state,
	.irq = model_irq,
	.save = model_save,
	.restore = model_restore,
	.wave = model_wave,
};
