/* SPDX-License-Identifier: MIT */
/*
 * hostile.c - descriptors that no driver would write, resets at random cycles, bus errors at random beats.
 *   hostile [--seed S] [--cases N] [--case K] [--verbose]
 * The device sees the rings and the windows of its job and nothing else: every other access would be a bus error and is
 * counted. A case is one of
 *   descriptor  a right job with fields set to extreme and random values: it completes, is refused, or meets its window;
 *   reset       a soft reset after a random number of cycles, counters read on the way;
 *   bus error   one beat of one stream (or ring) is not there: the error names the stream, the burst and the job.
 * After each the right job must give the right output (ref.c), with a soft reset in between unless the device completed.
 * A job may be long; what makes it a hang is that PROGRESS does not move for HANG_CYCLES.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "desc.h"
#include "layer.h"

#define MEM (16u << 20)
#define RINGS 8192u			/* both rings lie below (rig.c) */
#define LONG_CYCLES 200000		/* a hostile job that still moves then is stopped by a reset */
#define HANG_CYCLES 4000000		/* the output stage can be so long in a tile of nothing but pool windows */

enum outcome { DONE, ERROR, LONG, HANG };

struct options {
	uint64_t seed, cases, first;
	int verbose;
};

struct test {
	uint64_t s;			/* random state */
	const struct options *o;
	enum lxa_sim_engine engine;
	struct rig *r;
	struct rig_timing t;
	struct layer y;
	uint32_t good[LXA_DESC_WORDS];
	uint8_t *expect, *mem;		/* right output region; memory as loaded */
	int windows;			/* what is mapped: the job's windows alone */
};

static uint64_t outcomes[4], kinds[3], statuses[5];

#define FIELDS(X)                                                                                              \
	X(OP) X(IRQ) X(BARRIER) X(MAGIC) X(SEQ) X(ACT_ADDR) X(WGT_ADDR) X(PAR_ADDR) X(OUT_ADDR) X(RES_ADDR)    \
	X(ACT_SIZE) X(WGT_SIZE) X(PAR_SIZE) X(OUT_SIZE) X(RES_SIZE) X(IN_H) X(IN_W) X(CONV_H) X(CONV_W)        \
	X(OUT_H) X(OUT_W) X(BATCH) X(IN_PX) X(IN_ROW) X(IN_IMG) X(OUT_ROW) X(OUT_IMG) X(OUT_PX) X(ACT_PITCH)   \
	X(KH) X(KW) X(SY) X(SX) X(DY) X(DX) X(PAD_T) X(PAD_L) X(POOL_H) X(POOL_W) X(POOL_SY) X(POOL_SX)        \
	X(POOL_PT) X(POOL_PL) X(LANE) X(DUAL) X(HALVE) X(PACK) X(ACT_FMT) X(WGT_FMT) X(ACT_S) X(WGT_S)         \
	X(PAD_MODE) X(PASSES) X(OC) X(OCB) X(ICB) X(ICB_TOTAL) X(GRP_OCB) X(GRP_ICB) X(MAC_IC) X(IC_TAIL)      \
	X(OC_TAIL) X(TILE_H) X(TILE_W) X(KIND) X(OUT_FMT) X(LOG_S) X(LOG_ROUND) X(NTHR) X(LOG_MAX) X(LOG_OFF)  \
	X(CLAMP_LO) X(CLAMP_HI) X(A_BITS) X(A_SIGN) X(W_SIGN) X(RES_MODE) X(RES_FMT) X(RES_S) X(RES_SHIFT)     \
	X(RES_MULT) X(RES_PX) X(RES_ROW) X(RES_IMG)

static const struct field {
	uint32_t field;
	const char *name;
} fields[] = {
#define X(f) { LXA_D_##f, #f },
	FIELDS(X)
#undef X
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

/* ---- what the device sees ------------------------------------------------------------------------------- */

struct span {
	size_t at, len;
	unsigned int prot;
};

static size_t beats(const struct rig *r, size_t len)
{
	return (len + r->caps.bus_bytes - 1) / r->caps.bus_bytes * r->caps.bus_bytes;
}

/* The rings and the windows of the job. Returns how many. */
static int spans(const struct test *t, struct span *s)
{
	const struct layer *y = &t->y;
	int n = 0;

	s[n++] = (struct span){ 0, RINGS, LXA_SIM_DMA_READ | LXA_SIM_DMA_WRITE };
	s[n++] = (struct span){ y->act_at, beats(t->r, y->l.act_bytes), LXA_SIM_DMA_READ };
	s[n++] = (struct span){ y->wgt_at, beats(t->r, y->l.wgt_bytes), LXA_SIM_DMA_READ };
	s[n++] = (struct span){ y->par_at, beats(t->r, y->l.par_bytes), LXA_SIM_DMA_READ };
	s[n++] = (struct span){ y->out_at, beats(t->r, y->l.out_bytes), LXA_SIM_DMA_WRITE };
	if (y->job.res_mode)
		s[n++] = (struct span){ y->res_at, beats(t->r, y->l.res_bytes), LXA_SIM_DMA_READ };
	return n;
}

static void must_map(struct rig *r, size_t at, size_t len, unsigned int prot)
{
	if (len && lxa_sim_dma_map(r->sim, RIG_IOVA + at, r->mem + at, len, prot))
		abort();
}

static void unmap_all(struct test *t)
{
	struct span s[6];
	int i, n;

	if (!t->windows) {
		lxa_sim_dma_unmap(t->r->sim, RIG_IOVA, MEM);
		return;
	}
	n = spans(t, s);
	for (i = 0; i < n; i++)
		lxa_sim_dma_unmap(t->r->sim, RIG_IOVA + s[i].at, s[i].len);
}

/* hole: offset of a beat that is missing in span i; i < 0: none. */
static void map_windows(struct test *t, int i_hole, size_t hole)
{
	uint32_t beat = t->r->caps.bus_bytes;
	struct span s[6];
	int i, n = spans(t, s);

	unmap_all(t);
	for (i = 0; i < n; i++) {
		if (i != i_hole) {
			must_map(t->r, s[i].at, s[i].len, s[i].prot);
			continue;
		}
		must_map(t->r, s[i].at, hole - s[i].at, s[i].prot);
		must_map(t->r, hole + beat, s[i].at + s[i].len - hole - beat, s[i].prot);
	}
	t->windows = 1;
}

/* Take a hole out again. */
static void fill_hole(struct test *t, int i, size_t hole)
{
	uint32_t beat = t->r->caps.bus_bytes;
	struct span s[6];

	spans(t, s);
	if (hole != s[i].at)
		lxa_sim_dma_unmap(t->r->sim, RIG_IOVA + s[i].at, hole - s[i].at);
	if (hole + beat != s[i].at + s[i].len)
		lxa_sim_dma_unmap(t->r->sim, RIG_IOVA + hole + beat, s[i].at + s[i].len - hole - beat);
	must_map(t->r, s[i].at, s[i].len, s[i].prot);
}

static uint64_t bus_errors(struct rig *r)
{
	struct lxa_sim_stats st;

	lxa_sim_stats(r->sim, &st);
	return st.bus_errors;
}

/* ---- running --------------------------------------------------------------------------------------------- */

static uint64_t cycles(struct rig *r)
{
	struct lxa_sim_stats st;

	lxa_sim_stats(r->sim, &st);
	return st.cycles;
}

/* Until CPL_COUNT reaches count, an error, LONG_CYCLES, or no progress. */
static enum outcome watch(struct rig *r, uint32_t count, uint64_t limit)
{
	uint64_t start = cycles(r), moved = start, now = start, last = start;
	uint32_t progress = lxa_sim_read32(r->sim, LXA_REG_PROGRESS), p;
	struct timespec pause = { 0, 50000 };
	time_t still = time(NULL);

	for (;;) {
		if ((int32_t)(lxa_sim_read32(r->sim, LXA_REG_CPL_COUNT) - count) >= 0)
			return DONE;
		if (lxa_sim_read32(r->sim, LXA_REG_STATUS) & LXA_STATUS_ERROR_MASK)
			return ERROR;
		p = lxa_sim_read32(r->sim, LXA_REG_PROGRESS);
		now = cycles(r);
		if (p != progress)
			moved = now, progress = p;
		if (now != last)
			still = time(NULL), last = now;
		if (now - moved > HANG_CYCLES || time(NULL) - still > 20)
			return HANG;
		if (now - start > limit && now - moved < 100)
			return LONG;
		nanosleep(&pause, NULL);
	}
}

static int say(const char *what)
{
	printf("  %s\n", what);
	return 1;
}

/* The right job on the device as it is. */
static int right_job(struct test *t, const char *when)
{
	struct rig *r = t->r;
	const struct layer *y = &t->y;

	memcpy(r->mem + RINGS, t->mem + RINGS, r->used - RINGS);
	rig_post(r, t->good);
	rig_doorbell(r);
	if (watch(r, r->tail, UINT64_MAX) != DONE) {
		printf("  the right job %s: status %u stream %u\n", when, lxa_sim_read32(r->sim, LXA_REG_ERR_STATUS),
		       lxa_sim_read32(r->sim, LXA_REG_ERR_STREAM));
		return 1;
	}
	if (memcmp(r->mem + y->out_at - LAYER_GUARD, t->expect, y->l.out_bytes + 2 * LAYER_GUARD)) {
		printf("  the right job %s: output wrong\n", when);
		return 1;
	}
	return 0;
}

static int reset_then_right_job(struct test *t)
{
	if (rig_reset(t->r))
		return say("the soft reset does not end");
	return right_job(t, "after a reset");
}

static void make_layer(struct test *t)
{
	struct layer_want want = { -1, -1, -1, -1, 60000 };
	struct rig *r = t->r;
	size_t n;

	layer_random(&t->s, &r->caps, &want, &t->y);
	layer_load(&t->s, r, &t->y);
	layer_desc(&t->y, 77, 1, t->good);
	n = t->y.l.out_bytes + 2 * LAYER_GUARD;
	t->expect = malloc(n);
	t->mem = malloc(r->used);
	if (!t->expect || !t->mem)
		abort();
	memcpy(t->mem, r->mem, r->used);
	memcpy(t->expect, r->mem + t->y.out_at - LAYER_GUARD, n);
	ref_output(&r->caps, &t->y, t->expect);
}

/* ---- descriptors ------------------------------------------------------------------------------------------ */

static uint64_t extreme(struct test *t, uint32_t field, uint64_t was)
{
	uint64_t *s = &t->s, max = LXA_DF_WIDTH(field) == 64 ? UINT64_MAX : (1ull << LXA_DF_WIDTH(field)) - 1;
	const struct layer *y = &t->y;

	if (LXA_DF_WIDTH(field) == 64) {
		switch (rnd_n(s, 8)) {
		case 0: return rnd(s);
		case 1: return rnd(s) & ~63ull;
		case 2: return 0;
		case 3: return max & ~(uint64_t)rnd_n(s, 256);
		case 4: return rig_iova(MEM) + (rnd(s) & 0xffffffff0);
		case 5: return was + rnd_n(s, 64);
		case 6: return was - 16 * rnd_n(s, 64);
		default: return rig_iova(rnd_n(s, 2) ? y->act_at : y->wgt_at);
		}
	}
	switch (rnd_n(s, 12)) {
	case 0: return 0;
	case 1: return 1;
	case 2: return max;
	case 3: return max - rnd_n(s, 3);
	case 4: return (was + 1) & max;
	case 5: return (was - 1) & max;
	case 6: return 1ull << rnd_n(s, LXA_DF_WIDTH(field));
	case 7: return was * 2 & max;
	case 8: return (was + 16 * rnd_n(s, 8)) & max;
	case 9: return (max >> 1) + rnd_n(s, 2);
	default: return rnd(s) & max;
	}
}

static void print_desc(const struct test *t, const uint32_t *d)
{
	size_t i;

	for (i = 0; i < FIELD_COUNT; i++) {
		uint64_t was = desc_get(t->good, fields[i].field), is = desc_get(d, fields[i].field);

		if (was != is)
			printf("  %s %llu -> %llu\n", fields[i].name, (unsigned long long)was, (unsigned long long)is);
	}
}

/*
 * Weights of 2^32 words and a few: what counts them must not wrap. Weights and parameters get all the memory that is
 * left, so that no window ends the job early.
 */
static void make_wrap(struct test *t, uint32_t *d)
{
	uint64_t tiles = (1ull << 32) / (t->y.l.wgt_tile / t->r->caps.word_bytes), ocb, icb;
	struct rig *r = t->r;
	size_t free_at = (r->used + 255) & ~(size_t)255;

	do {
		ocb = tiles / 65535 + 1 + rnd_n(&t->s, 65535 - (uint32_t)(tiles / 65535));
		icb = (tiles + ocb - 1) / ocb;
	} while (ocb * icb - tiles > 200);
	desc_set(d, LXA_D_KH, 1), desc_set(d, LXA_D_KW, 1), desc_set(d, LXA_D_PASSES, 1);
	desc_set(d, LXA_D_OCB, ocb), desc_set(d, LXA_D_GRP_OCB, ocb);
	desc_set(d, LXA_D_ICB, icb), desc_set(d, LXA_D_ICB_TOTAL, icb);
	desc_set(d, LXA_D_PAR_ADDR, rig_iova(free_at)), desc_set(d, LXA_D_PAR_SIZE, r->size - free_at);
	desc_set(d, LXA_D_WGT_ADDR, rig_iova(free_at)), desc_set(d, LXA_D_WGT_SIZE, r->size - free_at);
	must_map(r, free_at, r->size - free_at, LXA_SIM_DMA_READ);
}

static void make_hostile(struct test *t, uint32_t *d)
{
	uint32_t n, i, at;

	memcpy(d, t->good, sizeof(t->good));
	if (!rnd_n(&t->s, 16)) {
		make_wrap(t, d);
		return;
	}
	if (!rnd_n(&t->s, 4)) {		/* fields that belong together, they are neighbours: products of them wrap */
		at = rnd_n(&t->s, FIELD_COUNT - 10);
		for (i = at; i < at + 10; i++)
			if (rnd_n(&t->s, 2))
				desc_set(d, fields[i].field, extreme(t, fields[i].field, desc_get(d, fields[i].field)));
		return;
	}
	if (!rnd_n(&t->s, 20)) {	/* noise in the layer's fields; addresses and windows stay */
		for (i = 17; i < 42; i++)
			d[i] = (uint32_t)rnd(&t->s);
		return;
	}
	n = rnd_n(&t->s, 2) ? 1 : rnd_n(&t->s, 2) ? 2 : 3 + rnd_n(&t->s, 6);
	for (i = 0; i < n; i++) {
		uint32_t f = fields[rnd_n(&t->s, FIELD_COUNT)].field;

		desc_set(d, f, extreme(t, f, desc_get(d, f)));
	}
	if (!rnd_n(&t->s, 8))		/* what is reserved must not matter */
		for (i = 42; i < LXA_DESC_WORDS; i++)
			d[i] = (uint32_t)rnd(&t->s);
}

/* The window of a stream in a descriptor. */
static int window_of(const uint32_t *d, uint32_t stream, uint64_t *addr, uint64_t *size)
{
	static const uint32_t a[] = { [LXA_HW_STREAM_ACT] = LXA_D_ACT_ADDR, [LXA_HW_STREAM_WGT] = LXA_D_WGT_ADDR,
				      [LXA_HW_STREAM_PAR] = LXA_D_PAR_ADDR, [LXA_HW_STREAM_OUT] = LXA_D_OUT_ADDR,
				      [LXA_HW_STREAM_RES] = LXA_D_RES_ADDR };
	static const uint32_t n[] = { [LXA_HW_STREAM_ACT] = LXA_D_ACT_SIZE, [LXA_HW_STREAM_WGT] = LXA_D_WGT_SIZE,
				      [LXA_HW_STREAM_PAR] = LXA_D_PAR_SIZE, [LXA_HW_STREAM_OUT] = LXA_D_OUT_SIZE,
				      [LXA_HW_STREAM_RES] = LXA_D_RES_SIZE };

	if (stream >= sizeof(a) / sizeof(a[0]) || !n[stream])
		return -1;
	*addr = desc_get(d, a[stream]);
	*size = desc_get(d, n[stream]);
	return 0;
}

/* The window of a stream is not wider than, nor elsewhere than, the right job's, which is mapped. */
static int same_window(const struct test *t, const uint32_t *d, uint32_t stream)
{
	uint64_t a, n, ga, gn;

	if (window_of(d, stream, &a, &n) || window_of(t->good, stream, &ga, &gn))
		return 1;
	return !n || (a == ga && n <= gn);
}

static int same_windows(const struct test *t, const uint32_t *d)
{
	uint32_t s;

	for (s = LXA_HW_STREAM_ACT; s <= LXA_HW_STREAM_RES; s++)
		if (!same_window(t, d, s))
			return 0;
	return 1;
}

/* What the device said must fit what it was given. */
static int check_error(struct test *t, const uint32_t *d)
{
	struct rig *r = t->r;
	uint32_t status = lxa_sim_read32(r->sim, LXA_REG_ERR_STATUS), stream = lxa_sim_read32(r->sim, LXA_REG_ERR_STREAM);
	uint64_t at = lxa_sim_read32(r->sim, LXA_REG_ERR_ADDR_LO) | (uint64_t)lxa_sim_read32(r->sim, LXA_REG_ERR_ADDR_HI) << 32;
	uint64_t addr, size;
	int bad = 0;

	if (status < 5)
		statuses[status]++;
	if (lxa_sim_read32(r->sim, LXA_REG_ERR_SEQ) != desc_get(d, LXA_D_SEQ))
		bad |= say("the error names another job");
	switch (status) {
	case LXA_HW_STATUS_BAD_DESC:
		if (stream != LXA_HW_STREAM_CMD || at != RIG_IOVA)
			bad |= say("a bad descriptor with another stream or address");
		break;
	case LXA_HW_STATUS_WINDOW:
		if (window_of(d, stream, &addr, &size))
			bad |= say("a window violation of no stream");
		break;
	case LXA_HW_STATUS_RD_ERROR:
	case LXA_HW_STATUS_WR_ERROR:
		if (window_of(d, stream, &addr, &size) || at < addr - addr % t->r->caps.bus_bytes || at - addr >= size ||
		    same_window(t, d, stream))
			bad |= say("a bus error outside the job's windows");
		break;
	default:
		bad |= say("an error without a status");
	}
	return bad;
}

/* Bytes that changed: the rings' and the output window's alone. */
static int check_memory(const struct test *t, const uint32_t *d)
{
	const struct rig *r = t->r;
	uint64_t first = desc_get(d, LXA_D_OUT_ADDR), size = desc_get(d, LXA_D_OUT_SIZE);
	size_t i;

	for (i = RINGS; i < r->used; i++) {
		if (r->mem[i] == t->mem[i] || rig_iova(i) - first < size)
			continue;
		printf("  byte %zu outside the output window changed (window at %lld, %llu bytes)\n", i,
		       (long long)(first - RIG_IOVA), (unsigned long long)size);
		return 1;
	}
	return 0;
}

static int case_descriptor(struct test *t)
{
	static const char *const words[] = { "done", "error", "long", "hang" };
	uint32_t d[LXA_DESC_WORDS];
	struct rig *r = t->r;
	enum outcome out;
	uint64_t strays;
	int bad = 0;

	map_windows(t, -1, 0);
	make_hostile(t, d);
	if (t->o->verbose)
		print_desc(t, d);
	rig_post(r, d);
	rig_doorbell(r);
	out = watch(r, r->tail, LONG_CYCLES);
	outcomes[out]++;
	if (t->o->verbose)
		printf("  %s, status %u stream %u\n", words[out], lxa_sim_read32(r->sim, LXA_REG_ERR_STATUS),
		       lxa_sim_read32(r->sim, LXA_REG_ERR_STREAM));
	strays = bus_errors(r);
	if (out == HANG)
		bad |= say("hangs");
	if (out == ERROR)
		bad |= check_error(t, d);
	if (strays && same_windows(t, d))
		bad |= say("an access outside the windows");
	if (out == DONE && strays)
		bad |= say("done in spite of a bus error");
	bad |= check_memory(t, d);
	if (bad) {
		print_desc(t, d);
		printf("  %s, status %u stream %u, %llu strays\n", words[out], lxa_sim_read32(r->sim, LXA_REG_ERR_STATUS),
		       lxa_sim_read32(r->sim, LXA_REG_ERR_STREAM), (unsigned long long)strays);
	}
	if (out == DONE && rnd_n(&t->s, 4) && right_job(t, "after a hostile one that completed")) {
		print_desc(t, d);
		bad = 1;
	}
	return bad | reset_then_right_job(t);
}

/* ---- resets ------------------------------------------------------------------------------------------------ */

static int counters_add_up(struct rig *r)
{
	uint64_t sum = 0;
	uint32_t reg;

	lxa_sim_write32(r->sim, LXA_REG_CTRL, LXA_CTRL_ENABLE_MASK | LXA_CTRL_SNAPSHOT_MASK);
	for (reg = LXA_REG_CNT_BUSY_LO; reg <= LXA_REG_CNT_IDLE_LO; reg += 8)
		sum += rig_counter(r, reg);
	if (sum == rig_counter(r, LXA_REG_CNT_CYCLES_LO))
		return 0;
	printf("  counters: cycles %llu, parts %llu\n", (unsigned long long)rig_counter(r, LXA_REG_CNT_CYCLES_LO),
	       (unsigned long long)sum);
	return 1;
}

/*
 * The clock stands still but for register accesses, a few cycles each: so the reset comes at the same cycle every time.
 * It may last as long as memory needs for what is open, and a little.
 */
static int case_reset(struct test *t)
{
	uint32_t jobs = 1 + rnd_n(&t->s, 3), i, looks = 0, steps, left;
	uint64_t start, bound;
	struct rig *r = t->r;
	int bad = 0;

	map_windows(t, -1, 0);
	lxa_sim_stop(r->sim);
	for (i = 0; i < jobs; i++)
		rig_post(r, t->good);
	rig_doorbell(r);
	steps = rnd_n(&t->s, 1u << (2 + rnd_n(&t->s, 12)));
	for (left = steps; left; left--) {
		lxa_sim_read32(r->sim, LXA_REG_STATUS);
		if (!rnd_n(&t->s, 64) && looks++ < 8)
			bad |= counters_add_up(r);
	}
	bad |= counters_add_up(r);
	lxa_sim_write32(r->sim, LXA_REG_CTRL, LXA_CTRL_RESET_MASK);
	start = cycles(r);
	/* 64 bursts of at most 256 bytes, each as slow as it may be */
	bound = 2048 + 64ull * (t->t.latency + t->t.jitter + 256 * 20 / t->t.bytes_per_cycle);
	while (lxa_sim_read32(r->sim, LXA_REG_CTRL) & LXA_CTRL_RESET_MASK)
		if (cycles(r) - start > bound) {
			bad |= say("the soft reset does not end");
			break;
		}
	if (lxa_sim_read32(r->sim, LXA_REG_STATUS) != LXA_STATUS_IDLE_MASK ||
	    lxa_sim_read32(r->sim, LXA_REG_CPL_COUNT) || lxa_sim_read32(r->sim, LXA_REG_RING_HEAD) ||
	    lxa_sim_read32(r->sim, LXA_REG_CTRL))
		bad |= say("not idle after the soft reset");
	if (bus_errors(r))
		bad |= say("an access outside the windows");
	if (bad)
		printf("  %u jobs, reset after %u register reads\n", jobs, steps);
	lxa_sim_start(r->sim);
	memset(r->mem, 0, RINGS);
	rig_program(r);
	return bad | right_job(t, "after a reset in the middle") | (bus_errors(r) != 0);
}

/* ---- bus errors --------------------------------------------------------------------------------------------- */

static int check_bus_error(struct test *t, uint32_t stream, size_t hole, uint32_t before, uint32_t seq)
{
	struct rig *r = t->r;
	uint32_t status = lxa_sim_read32(r->sim, LXA_REG_ERR_STATUS);
	uint64_t at = lxa_sim_read32(r->sim, LXA_REG_ERR_ADDR_LO) | (uint64_t)lxa_sim_read32(r->sim, LXA_REG_ERR_ADDR_HI) << 32;
	int write = stream == LXA_HW_STREAM_OUT || stream == LXA_HW_STREAM_CPL;

	if (status == (write ? LXA_HW_STATUS_WR_ERROR : LXA_HW_STATUS_RD_ERROR) &&
	    lxa_sim_read32(r->sim, LXA_REG_ERR_STREAM) == stream && at <= rig_iova(hole) && rig_iova(hole) - at < 256 &&
	    lxa_sim_read32(r->sim, LXA_REG_ERR_SEQ) == seq && lxa_sim_read32(r->sim, LXA_REG_CPL_COUNT) <= before)
		return 0;
	printf("  hole at %zu of stream %u: status %u stream %u address %lld seq %u count %u (%u before)\n", hole, stream, status,
	       lxa_sim_read32(r->sim, LXA_REG_ERR_STREAM), (long long)(at - RIG_IOVA), lxa_sim_read32(r->sim, LXA_REG_ERR_SEQ),
	       lxa_sim_read32(r->sim, LXA_REG_CPL_COUNT), before);
	return 1;
}

/* Three NOPs, the job, a NOP; one beat is missing in one of the job's windows, in its descriptor or in its record. */
static int case_bus_error(struct test *t)
{
	static const uint32_t streams[] = { 0, LXA_HW_STREAM_ACT, LXA_HW_STREAM_WGT, LXA_HW_STREAM_PAR, LXA_HW_STREAM_OUT,
					    LXA_HW_STREAM_RES };
	uint32_t nop[LXA_DESC_WORDS] = { 0 }, stream, beat = t->r->caps.bus_bytes, i, seq = 77;
	struct rig *r = t->r;
	struct span s[6];
	int n = spans(t, s), which = (int)rnd_n(&t->s, (uint32_t)n), bad = 0;
	enum outcome out;
	size_t hole;

	stream = streams[which];
	hole = s[which].at + (size_t)rnd_n(&t->s, (uint32_t)(s[which].len / beat)) * beat;
	if (!which && rnd_n(&t->s, 2)) {
		stream = LXA_HW_STREAM_CMD;
		seq = 0;
		hole = 3 * LXA_DESC_BYTES + rnd_n(&t->s, LXA_DESC_BYTES / beat) * beat;
	} else if (!which) {
		stream = LXA_HW_STREAM_CPL;
		hole = ((size_t)LXA_DESC_BYTES << RIG_LOG2) + 3 * LXA_CPL_BYTES + rnd_n(&t->s, LXA_CPL_BYTES / beat) * beat;
	}
	map_windows(t, which, hole);
	desc_set(nop, LXA_D_MAGIC, LXA_MAGIC);
	for (i = 0; i < 5; i++) {
		desc_set(nop, LXA_D_SEQ, i);
		rig_post(r, i == 3 ? t->good : nop);
	}
	rig_doorbell(r);
	out = watch(r, r->tail, UINT64_MAX);
	if (out == HANG)
		bad |= say("hangs");
	if ((out == ERROR) != (bus_errors(r) != 0))
		bad |= say("a bus error without an error, or the other way round");
	if (out == ERROR)
		bad |= check_bus_error(t, stream, hole, 3, seq);
	if (out == DONE && (which == 0 ||
			    memcmp(r->mem + t->y.out_at - LAYER_GUARD, t->expect, t->y.l.out_bytes + 2 * LAYER_GUARD)))
		bad |= say("done, but the output is wrong");
	if (rig_reset(r))
		return say("the soft reset does not end");
	fill_hole(t, which, hole);
	return bad | right_job(t, "after a bus error");
}

/* ---- cases ------------------------------------------------------------------------------------------------- */

static int run_case(const struct options *o, const char *name, uint64_t k)
{
	struct test t = { .s = o->seed + k * 0x51ed2701ull, .o = o, .engine = LXA_SIM_RTL };
	uint32_t kind;
	int bad;

	rnd(&t.s);
	kind = rnd_n(&t.s, 8);
	kind = kind < 6 ? 0 : kind - 5;
	if (kind != 1 && !rnd_n(&t.s, 4)) /* the model's clock does not move with register accesses */
		t.engine = LXA_SIM_MODEL;
	t.t = (struct rig_timing){ .latency = 1 + rnd_n(&t.s, 150), .bytes_per_cycle = 1 + rnd_n(&t.s, 32) };
	if (rnd_n(&t.s, 2))
		t.t.jitter = rnd_n(&t.s, 50), t.t.stall = rnd_n(&t.s, 60);
	t.t.seed = (uint32_t)rnd(&t.s);
	t.r = rig_open_timing(t.engine, &t.t, MEM);
	make_layer(&t);
	if (o->verbose) {
		printf("case %llu: kind %u, engine %s\n", (unsigned long long)k, kind, t.engine == LXA_SIM_RTL ? "rtl" : "model");
		layer_print(&t.y);
	}
	kinds[kind]++;
	bad = kind == 0 ? case_descriptor(&t) : kind == 1 ? case_reset(&t) : case_bus_error(&t);
	if (bad) {
		printf("FAILED case %llu (%s): %s --seed %llu --case %llu\n", (unsigned long long)k,
		       t.engine == LXA_SIM_RTL ? "rtl" : "model", name, (unsigned long long)o->seed, (unsigned long long)k);
		layer_print(&t.y);
		fflush(stdout);
	}
	rig_close(t.r);
	layer_free(&t.y);
	free(t.expect);
	free(t.mem);
	return bad;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	struct options o = { .cases = name && !strcmp(name, "/hostile-long") ? 20000 : 500 };
	uint64_t k, failed = 0;
	int i, have_seed = 0;

	for (i = 1; i < argc; i++) {
		uint64_t v = i + 1 < argc ? strtoull(argv[i + 1], NULL, 0) : 0;

		if (!strcmp(argv[i], "--seed"))
			o.seed = v, have_seed = 1, i++;
		else if (!strcmp(argv[i], "--cases"))
			o.cases = v, i++;
		else if (!strcmp(argv[i], "--case"))
			o.first = v, o.cases = 1, i++;
		else if (!strcmp(argv[i], "--verbose"))
			o.verbose = 1;
		else
			return fprintf(stderr, "hostile [--seed S] [--cases N] [--case K] [--verbose]\n"), 2;
	}
	if (!have_seed)
		o.seed = rnd_seed();
	for (k = o.first; k < o.first + o.cases; k++)
		failed += (uint64_t)run_case(&o, argv[0], k);
	printf("%llu descriptors (%llu done, %llu errors: %llu bad, %llu window, %llu read, %llu write; %llu long), %llu resets, "
	       "%llu bus errors\n",
	       (unsigned long long)kinds[0], (unsigned long long)outcomes[DONE], (unsigned long long)outcomes[ERROR],
	       (unsigned long long)statuses[1], (unsigned long long)statuses[2], (unsigned long long)statuses[3],
	       (unsigned long long)statuses[4], (unsigned long long)outcomes[LONG], (unsigned long long)kinds[1],
	       (unsigned long long)kinds[2]);
	printf("%llu of %llu cases failed\n", (unsigned long long)failed, (unsigned long long)o.cases);
	return failed != 0;
}
