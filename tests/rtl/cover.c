/* SPDX-License-Identifier: MIT */
/*
 * cover.c - the bins of functional coverage, one line each: group, name, the modes (CFG_MODES) a configuration needs for
 * it, and the condition on the layer (y), its job (j), layout (l) and surroundings (c). See cover.h.
 */
#include "cover.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SHIFT LXA_CFG_MODES_SHIFT_MASK
#define SQRT2 LXA_CFG_MODES_SQRT2_MASK
#define XNOR LXA_CFG_MODES_XNOR_MASK
#define POOL LXA_CFG_MODES_POOL_MASK
#define A_INT LXA_CFG_MODES_ACT_INT_MASK
#define W_INT LXA_CFG_MODES_WGT_INT_MASK
#define PLANES LXA_CFG_MODES_PLANES_MASK
#define PACK LXA_CFG_MODES_PACK_MASK
#define RES LXA_CFG_MODES_RES_MASK

#define PAIR(a, w) (j->act_fmt == LXA_FMT_##a && j->wgt_fmt == LXA_WFMT_##w)
#define FLAG(f) (!!(j->conv_flags & LXA_CONV_##f))
#define KIND(k, f) (j->kind == LXA_KIND_##k && j->out_fmt == LXA_OFMT_##f)
#define VALUE(f) (j->res_mode == LXA_RES_VALUE && j->res_fmt == LXA_FMT_##f)

#define LOG_PAIR(X, a, w, need)                                                                          \
	X("operands", #a " x " #w ", base 2", need, PAIR(a, w) && !layer_dual(y))                        \
	X("operands", #a " x " #w ", some base sqrt 2", (need) | SQRT2, PAIR(a, w) && layer_dual(y))

#define BINS(X)                                                                                          \
	LOG_PAIR(X, LOG4, LOG, SHIFT)                                                                    \
	LOG_PAIR(X, LOG8, LOG, SHIFT)                                                                    \
	LOG_PAIR(X, U8, LOG, SHIFT | A_INT)                                                              \
	LOG_PAIR(X, S8, LOG, SHIFT | A_INT)                                                              \
	LOG_PAIR(X, LOG4, S8, SHIFT | W_INT)                                                             \
	LOG_PAIR(X, LOG8, S8, SHIFT | W_INT)                                                             \
	X("operands", "B1 x B1", XNOR, PAIR(B1, B1))                                                     \
	X("operands", "N4 x BITS", XNOR | PLANES, PAIR(N4, BITS))                                        \
	X("operands", "N4 x B1", XNOR | PLANES, PAIR(N4, B1))                                            \
	X("operands", "B1 x BITS", XNOR | PLANES, PAIR(B1, BITS))                                        \
	X("operands", "1 plane x 1 plane", XNOR | PLANES, PAIR(N4, BITS) && j->act_bits == 1 && j->wgt_bits == 1) \
	X("operands", "4 planes x 4 planes", XNOR | PLANES, PAIR(N4, BITS) && j->act_bits == 4 && j->wgt_bits == 4) \
	X("operands", "signed x unsigned planes", XNOR | PLANES, PAIR(N4, BITS) && FLAG(ACT_SIGNED) && !FLAG(WGT_SIGNED)) \
	X("operands", "unsigned x signed planes", XNOR | PLANES, PAIR(N4, BITS) && !FLAG(ACT_SIGNED) && FLAG(WGT_SIGNED)) \
	X("operands", "signed x signed planes", XNOR | PLANES, PAIR(N4, BITS) && FLAG(ACT_SIGNED) && FLAG(WGT_SIGNED)) \
	X("operands", "base 2 x base sqrt 2", SHIFT | SQRT2,                                             \
	  j->wgt_fmt == LXA_WFMT_LOG && j->act_fmt <= LXA_FMT_LOG8 && FLAG(ACT_SQRT2) != FLAG(WGT_SQRT2)) \
	X("operands", "both base sqrt 2", SHIFT | SQRT2, FLAG(ACT_SQRT2) && FLAG(WGT_SQRT2))             \
	X("operands", "packed LOG8", SHIFT | PACK, FLAG(PACKED) && j->act_fmt == LXA_FMT_LOG8)           \
	X("operands", "packed U8", SHIFT | PACK | A_INT, FLAG(PACKED) && j->act_fmt == LXA_FMT_U8)       \
	X("operands", "packed S8", SHIFT | PACK | A_INT, FLAG(PACKED) && j->act_fmt == LXA_FMT_S8)       \
	X("operands", "packed, 1..4 channels", SHIFT | PACK, FLAG(PACKED) && j->in_c <= 4)               \
	X("operands", "packed, a row of several blocks", SHIFT | PACK, FLAG(PACKED) && l->icb > 1)       \
	X("output", "int32", 0, KIND(INT32, W32))                                                        \
	X("output", "int32, narrow clamp", 0, KIND(INT32, W32) && j->clamp_lo != INT32_MIN && j->clamp_hi != INT32_MAX) \
	X("output", "int8, unsigned", 0, KIND(INT8, B8) && j->clamp_lo >= 0)                             \
	X("output", "int8, signed", 0, KIND(INT8, B8) && j->clamp_lo < 0)                                \
	X("output", "log n4, base 2, floor", 0, KIND(LOG, N4) && !FLAG(OUT_SQRT2) && !FLAG(OUT_NEAREST)) \
	X("output", "log n4, base 2, nearest", 0, KIND(LOG, N4) && !FLAG(OUT_SQRT2) && FLAG(OUT_NEAREST)) \
	X("output", "log n4, base sqrt 2, floor", SQRT2, KIND(LOG, N4) && FLAG(OUT_SQRT2) && !FLAG(OUT_NEAREST)) \
	X("output", "log n4, base sqrt 2, nearest", SQRT2, KIND(LOG, N4) && FLAG(OUT_SQRT2) && FLAG(OUT_NEAREST)) \
	X("output", "log b8", 0, KIND(LOG, B8))                                                          \
	X("output", "thresholds b1", 0, KIND(THRESH, B1))                                                \
	X("output", "thresholds n4, 1", 0, KIND(THRESH, N4) && j->nthr == 1)                             \
	X("output", "thresholds n4, 2..14", 0, KIND(THRESH, N4) && j->nthr > 1 && j->nthr < 15)          \
	X("output", "thresholds n4, 15", 0, KIND(THRESH, N4) && j->nthr == 15)                           \
	X("output", "thresholds b8", 0, KIND(THRESH, B8))                                                \
	X("output", "raw, shift lanes", SHIFT | RES, KIND(RAW, W64) && !l->lane)                         \
	X("output", "raw, XNOR lanes", XNOR | RES, KIND(RAW, W64) && l->lane)                            \
	X("residual", "none", 0, !j->res_mode)                                                           \
	X("residual", "log4", RES, VALUE(LOG4) && !FLAG(RES_SQRT2))                                      \
	X("residual", "log4, base sqrt 2", RES | SQRT2, VALUE(LOG4) && FLAG(RES_SQRT2))                  \
	X("residual", "log8", RES, VALUE(LOG8))                                                          \
	X("residual", "u8", RES, VALUE(U8))                                                              \
	X("residual", "s8", RES, VALUE(S8))                                                              \
	X("residual", "w32", RES, VALUE(W32))                                                            \
	X("residual", "raw to a value", RES, j->res_mode == LXA_RES_RAW && j->kind != LXA_KIND_RAW)      \
	X("residual", "raw to raw", RES, j->res_mode == LXA_RES_RAW && j->kind == LXA_KIND_RAW)          \
	X("residual", "on XNOR lanes", XNOR | RES, j->res_mode && l->lane)                               \
	X("kernel", "1x1", 0, j->kh == 1 && j->kw == 1)                                                  \
	X("kernel", "3x3", 0, j->kh == 3 && j->kw == 3)                                                  \
	X("kernel", "5..10", 0, (j->kh > 4 && j->kh < 11) || j->kw == 5)                                 \
	X("kernel", "11", 0, j->kh == 11 || j->kw == 11)                                                 \
	X("kernel", "not square", 0, j->kh != j->kw)                                                     \
	X("stride", "1x1", 0, j->sy == 1 && j->sx == 1)                                                  \
	X("stride", "2x2", 0, j->sy == 2 && j->sx == 2)                                                  \
	X("stride", "3", 0, j->sy == 3 || j->sx == 3)                                                    \
	X("stride", "4", 0, j->sy == 4 || j->sx == 4)                                                    \
	X("stride", "not square", 0, j->sy != j->sx)                                                     \
	X("stride", "beyond the kernel", 0, j->sy > l->ekh || j->sx > l->ekw)                            \
	X("dilation", "1", 0, j->dy == 1 && j->dx == 1 && j->kh > 1)                                     \
	X("dilation", "2..3 down", 0, j->kh > 1 && j->dy > 1 && j->dy < 4)                               \
	X("dilation", "4.. down", 0, j->kh > 1 && j->dy > 3)                                             \
	X("dilation", "right", 0, j->kw > 1 && j->dx > 1)                                                \
	X("dilation", "and stride", 0, j->kh > 1 && j->dy > 1 && j->sy > 1)                              \
	X("padding", "none", 0, !(j->pad_t | j->pad_b | j->pad_l | j->pad_r))                            \
	X("padding", "above", 0, j->pad_t)                                                               \
	X("padding", "below", 0, j->pad_b)                                                               \
	X("padding", "left", 0, j->pad_l)                                                                \
	X("padding", "right", 0, j->pad_r)                                                               \
	X("padding", "whole kernel rows", 0, j->pad_t + 1u == l->ekh && l->ekh > 1)                      \
	X("padding", "binary, zero", XNOR, PAIR(B1, B1) && j->pad_t && j->pad_mode == LXA_PAD_ZERO)      \
	X("padding", "binary, plus one", XNOR, PAIR(B1, B1) && j->pad_t && j->pad_mode == LXA_PAD_PLUS)  \
	X("padding", "binary, minus one", XNOR, PAIR(B1, B1) && j->pad_t && j->pad_mode == LXA_PAD_MINUS) \
	X("input channels", "less than a block, shift", SHIFT, !l->lane && l->icb_total == 1 && l->ic_tail < l->block_ic) \
	X("input channels", "one block, shift", SHIFT, !l->lane && l->icb_total == 1 && l->ic_tail == l->block_ic) \
	X("input channels", "blocks, shift", SHIFT, !l->lane && l->icb > 1 && l->ic_tail == l->block_ic) \
	X("input channels", "blocks and a tail, shift", SHIFT, !l->lane && l->icb > 1 && l->ic_tail < l->block_ic) \
	X("input channels", "less than a block, XNOR", XNOR, l->lane && l->icb_total == 1 && l->ic_tail < l->block_ic) \
	X("input channels", "one block, XNOR", XNOR, l->lane && l->icb_total == 1 && l->ic_tail == l->block_ic) \
	X("input channels", "blocks, XNOR", XNOR, l->lane && l->icb > 1 && l->ic_tail == l->block_ic)    \
	X("input channels", "blocks and a tail, XNOR", XNOR, l->lane && l->icb > 1 && l->ic_tail < l->block_ic) \
	X("input channels", "1", 0, j->in_c == 1)                                                        \
	X("output channels", "1", 0, j->out_c == 1)                                                      \
	X("output channels", "less than a block", 0, l->ocb == 1 && l->oc_tail < l->block_oc)            \
	X("output channels", "one block", 0, l->ocb == 1 && l->oc_tail == l->block_oc)                   \
	X("output channels", "two blocks and a tail", 0, l->ocb == 3 && l->oc_tail < l->block_oc)        \
	X("output channels", "more blocks", 0, l->ocb > 3)                                               \
	X("output channels", "a tail within a group of lanes", 0, l->oc_tail % c->caps->out_lanes)       \
	X("groups", "1", 0, j->groups == 1)                                                              \
	X("groups", "depthwise, shift", SHIFT, !l->lane && j->groups > 1 && j->groups == j->in_c && j->in_c == j->out_c) \
	X("groups", "depthwise, XNOR", XNOR, l->lane && j->groups > 1 && j->groups == j->in_c && j->in_c == j->out_c) \
	X("groups", "several in a block, shift", SHIFT, !l->lane && j->groups > 1 && l->diagonal && j->groups != j->in_c) \
	X("groups", "several in a block, XNOR in two passes", XNOR, l->lane && l->passes == 2)           \
	X("groups", "whole blocks, shift", SHIFT, !l->lane && j->groups > 1 && !l->diagonal && l->grp_icb) \
	X("groups", "whole blocks, XNOR", XNOR, l->lane && j->groups > 1 && !l->diagonal && l->grp_icb)  \
	X("pool", "none", 0, j->pool_h == 1 && j->pool_w == 1 && j->pool_sy == 1 && j->pool_sx == 1)     \
	X("pool", "2x2 by 2", POOL, j->pool_h == 2 && j->pool_w == 2 && j->pool_sy == 2 && j->pool_sx == 2) \
	X("pool", "overlapping", POOL, j->pool_h > j->pool_sy || j->pool_w > j->pool_sx)                 \
	X("pool", "with gaps", POOL, j->pool_sy > j->pool_h || j->pool_sx > j->pool_w)                   \
	X("pool", "padded", POOL, j->pool_pt || j->pool_pl)                                              \
	X("pool", "of thresholds, several rows", POOL, j->pool_h > 1 && j->nthr > 1)                     \
	X("pool", "of signed int8", POOL, j->pool_h > 1 && j->kind == LXA_KIND_INT8 && j->clamp_lo < 0)  \
	X("pool", "of int32", POOL, j->pool_h > 1 && j->kind == LXA_KIND_INT32)                          \
	X("tile", "the whole image", 0, y->tile_h >= l->out_h && y->tile_w >= l->out_w)                  \
	X("tile", "rows", 0, y->tile_h < l->out_h && y->tile_w >= l->out_w)                              \
	X("tile", "columns", 0, y->tile_h >= l->out_h && y->tile_w < l->out_w)                           \
	X("tile", "both ways", 0, y->tile_h < l->out_h && y->tile_w < l->out_w)                          \
	X("tile", "one output", 0, y->tile_h == 1 && y->tile_w == 1 && l->out_h > 1 && l->out_w > 1)     \
	X("tile", "a cut last one", 0, l->out_h % y->tile_h && l->out_w % y->tile_w)                     \
	X("size", "1x1 output", 0, l->out_h == 1 && l->out_w == 1)                                       \
	X("size", "32.. columns or rows", 0, j->in_w > 31 || j->in_h > 31)                               \
	X("size", "loose pitches", 0, j->in_row && j->out_row)                                           \
	X("batch", "1", 0, j->batch == 1)                                                                \
	X("batch", "several", 0, j->batch > 1)                                                           \
	X("jobs", "alone", 0, c->jobs == 1)                                                              \
	X("jobs", "under the one before", 0, c->index && !y->barrier)                                    \
	X("jobs", "behind a barrier", 0, c->index && y->barrier)                                         \
	X("jobs", "chained", 0, c->chained)                                                              \
	X("jobs", "chained, binary", XNOR, c->chained && l->lane)                                        \
	X("memory", "latency 1..10", 0, c->timing->latency <= 10)                                        \
	X("memory", "latency 11..99", 0, c->timing->latency > 10 && c->timing->latency < 100)            \
	X("memory", "latency 100..", 0, c->timing->latency >= 100)                                       \
	X("memory", "less than a beat a cycle", 0, c->timing->bytes_per_cycle < c->caps->bus_bytes)      \
	X("memory", "a beat a cycle and more", 0, c->timing->bytes_per_cycle >= c->caps->bus_bytes)      \
	X("memory", "regular", 0, !c->timing->jitter && !c->timing->stall)                               \
	X("memory", "random latency", 0, c->timing->jitter)                                              \
	X("memory", "back-pressure, to 30 %", 0, c->timing->stall && c->timing->stall <= 30)             \
	X("memory", "back-pressure, 31.. %", 0, c->timing->stall > 30)                                   \
	X("memory", "both", 0, c->timing->jitter && c->timing->stall)

static const struct bin {
	const char *group, *name;
	uint32_t need;
} bins[] = {
#define X(group, name, need, cond) { group, name, need },
	BINS(X)
#undef X
};

#define COUNT (sizeof(bins) / sizeof(bins[0]))

static uint64_t *hits;			/* [COUNT] */
static uint32_t modes;

void cover_start(const struct lxa_caps *caps)
{
	modes = caps->modes;
	hits = mmap(NULL, COUNT * sizeof(*hits), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (hits == MAP_FAILED)
		abort();
}

void cover_layer(const struct cover_case *c, const struct layer *y)
{
	const struct lxa_job *j = &y->job;
	const struct lxa_layout *l = &y->l;
	uint64_t *h = hits;

#define X(group, name, need, cond) __atomic_add_fetch(h++, !!(cond), __ATOMIC_RELAXED);
	BINS(X)
#undef X
}

int cover_report(void)
{
	const char *group = "";
	int missed = 0, wanted = 0;
	size_t i;

	puts("coverage: layers that had each property");
	for (i = 0; i < COUNT; i++) {
		int want = (bins[i].need & modes) == bins[i].need;

		printf("  %-16s %-40s %10llu%s\n", bins[i].group == group ? "" : bins[i].group, bins[i].name,
		       (unsigned long long)hits[i], !want ? "  (mode left out)" : hits[i] ? "" : "  NEVER HIT");
		group = bins[i].group;
		wanted += want;
		missed += want && !hits[i];
	}
	printf("coverage: %d of %d bins hit\n", wanted - missed, wanted);
	return missed;
}
