/* SPDX-License-Identifier: MIT */
/* model_desc.c - takes a descriptor apart and refuses one that is impossible or whose operands leave their windows. */
#include <errno.h>

#include "desc.h"
#include "model.h"

#define WORD (LXA_CFG_WORD_W / 8)
#define F(name) ((uint32_t)desc_get(d, LXA_D_##name))

static uint64_t round_up(uint64_t a, uint64_t b)
{
	return (a + b - 1) / b * b;
}

static void unpack(const uint32_t *d, struct geom *g)
{
	g->act_addr = desc_get(d, LXA_D_ACT_ADDR), g->wgt_addr = desc_get(d, LXA_D_WGT_ADDR);
	g->par_addr = desc_get(d, LXA_D_PAR_ADDR), g->out_addr = desc_get(d, LXA_D_OUT_ADDR);
	g->act_size = F(ACT_SIZE), g->wgt_size = F(WGT_SIZE), g->par_size = F(PAR_SIZE), g->out_size = F(OUT_SIZE);
	g->in_h = F(IN_H), g->in_w = F(IN_W), g->conv_h = F(CONV_H), g->conv_w = F(CONV_W);
	g->out_h = F(OUT_H), g->out_w = F(OUT_W), g->batch = F(BATCH);
	g->pack = F(PACK), g->in_px = F(IN_PX) * (g->pack ? 1 : 8), g->in_row = F(IN_ROW), g->in_img = F(IN_IMG);
	g->out_px = F(OUT_PX) * 8, g->out_row = F(OUT_ROW), g->out_img = F(OUT_IMG);
	g->kh = F(KH), g->kw = F(KW), g->sy = F(SY), g->sx = F(SX), g->dy = F(DY), g->dx = F(DX);
	g->pad_t = F(PAD_T), g->pad_l = F(PAD_L);
	g->pool_h = F(POOL_H), g->pool_w = F(POOL_W), g->pool_sy = F(POOL_SY), g->pool_sx = F(POOL_SX);
	g->pool_pt = F(POOL_PT), g->pool_pl = F(POOL_PL);
	g->lane = F(LANE), g->dual = F(DUAL), g->halve = F(HALVE), g->act_fmt = F(ACT_FMT), g->wgt_fmt = F(WGT_FMT);
	g->a_bits = F(A_BITS), g->a_sign = F(A_SIGN), g->w_sign = F(W_SIGN);
	g->act_s = F(ACT_S), g->wgt_s = F(WGT_S), g->pad_mode = F(PAD_MODE), g->passes = F(PASSES);
	g->oc = F(OC), g->ocb = F(OCB), g->icb = F(ICB), g->icb_total = F(ICB_TOTAL);
	g->grp_ocb = F(GRP_OCB), g->grp_icb = F(GRP_ICB);
	g->mac_ic = F(MAC_IC), g->ic_tail = F(IC_TAIL), g->oc_tail = F(OC_TAIL);
	g->act_pitch = F(ACT_PITCH), g->tile_h = F(TILE_H), g->tile_w = F(TILE_W);
	g->kind = F(KIND), g->out_fmt = F(OUT_FMT), g->log_s = F(LOG_S), g->log_round = F(LOG_ROUND);
	g->nthr = F(NTHR), g->log_max = F(LOG_MAX), g->log_off = (int8_t)F(LOG_OFF);
	g->clamp_lo = (int32_t)F(CLAMP_LO), g->clamp_hi = (int32_t)F(CLAMP_HI);
	g->res_mode = F(RES_MODE), g->res_fmt = F(RES_FMT), g->res_s = F(RES_S), g->res_shift = F(RES_SHIFT);
	g->res_mult = (int16_t)F(RES_MULT), g->res_addr = desc_get(d, LXA_D_RES_ADDR), g->res_size = F(RES_SIZE);
	g->res_px = F(RES_PX) * 8, g->res_row = F(RES_ROW), g->res_img = F(RES_IMG);
}

/* Convolution positions along one axis that the tiles compute: with an overlapping pool, those on a seam twice. */
static uint64_t covered(uint32_t out, uint32_t tile, uint32_t stride, uint32_t pad, uint32_t size, uint32_t conv)
{
	uint64_t sum = 0;
	uint32_t o;

	for (o = 0; o < out; o += tile) {
		uint32_t n = out - o < tile ? out - o : tile;
		int64_t lo = (int64_t)o * stride - pad, hi = lo + (int64_t)(n - 1) * stride + size;

		sum += (uint64_t)((hi > conv ? conv : hi) - (lo < 0 ? 0 : lo));
	}
	return sum;
}

static void derive(struct geom *g)
{
	static const uint8_t fmt_bits[8] = { 4, 8, 8, 8, 1, 4 }, out_bits[8] = { 1, 4, 8, 32, 64 };
	static const uint8_t res_bits[8] = { 4, 8, 8, 8, 0, 0, 32 };

	g->block_oc = g->lane ? LXA_CFG_XNOR_OC : LXA_CFG_SHIFT_OC;
	g->block_ic = g->lane ? LXA_CFG_XNOR_IC : LXA_CFG_SHIFT_IC;
	g->act_block = g->block_ic * fmt_bits[g->act_fmt] / 8;
	g->wgt_tile = g->lane ? g->block_oc * g->block_ic / 8 : g->block_oc * g->block_ic;
	g->out_bits = out_bits[g->out_fmt];
	g->out_bytes = g->ocb * g->block_oc * g->out_bits / 8;
	if (g->out_bytes > g->out_px)
		g->out_bytes = g->out_px;
	g->res_bits = g->res_mode == LXA_HW_RES_RAW ? 64 : res_bits[g->res_fmt];
	g->res_bytes = (uint32_t)(round_up(g->oc, LXA_CFG_OUT_LANES) * g->res_bits / 8);
	g->par_rows = (3 + g->nthr + 3) / 4;
	g->ek_h = (g->kh - 1) * g->dy + 1;
	g->ek_w = (g->kw - 1) * g->dx + 1;
	g->planes = g->act_fmt == LXA_HW_FMT_N4 ? g->a_bits : 1;
	g->kx = g->pack ? 1 : g->kw;
	g->wgt_ocb = (size_t)g->passes * g->kh * g->kx * g->icb * g->wgt_tile;
	g->wgt_bytes = (uint64_t)g->wgt_ocb * g->ocb;
	g->par_bytes = (uint64_t)g->ocb * round_up(g->block_oc, LXA_CFG_OUT_LANES) * g->par_rows * 16;
	g->pixels = covered(g->out_h, g->tile_h, g->pool_sy, g->pool_pt, g->pool_h, g->conv_h) *
		    covered(g->out_w, g->tile_w, g->pool_sx, g->pool_pl, g->pool_w, g->conv_w) * g->batch;
	g->macs = g->pixels * g->oc * g->kh * g->kx * g->mac_ic;
}

uint32_t model_modes(void)
{
	uint32_t m = 0;

	if (LXA_CFG_SHIFT_OC)
		m |= LXA_CFG_MODES_SHIFT_MASK | (LXA_CFG_HAS_SQRT2 ? LXA_CFG_MODES_SQRT2_MASK : 0) |
		     (LXA_CFG_HAS_ACT_INT ? LXA_CFG_MODES_ACT_INT_MASK : 0) |
		     (LXA_CFG_HAS_WGT_INT ? LXA_CFG_MODES_WGT_INT_MASK : 0) | (LXA_CFG_HAS_PACK ? LXA_CFG_MODES_PACK_MASK : 0);
	if (LXA_CFG_XNOR_OC)
		m |= LXA_CFG_MODES_XNOR_MASK | (LXA_CFG_HAS_PLANES ? LXA_CFG_MODES_PLANES_MASK : 0);
	return m | (LXA_CFG_HAS_POOL ? LXA_CFG_MODES_POOL_MASK : 0) | (LXA_CFG_HAS_RES ? LXA_CFG_MODES_RES_MASK : 0);
}

/* What a job needs that a configuration may leave out. */
static int modes_there(const struct geom *g)
{
	uint32_t need = g->lane ? LXA_CFG_MODES_XNOR_MASK : LXA_CFG_MODES_SHIFT_MASK;

	if (g->act_s || g->wgt_s || g->dual || g->log_s || (g->res_mode && g->res_s))
		need |= LXA_CFG_MODES_SQRT2_MASK;
	if (g->act_fmt == LXA_HW_FMT_U8 || g->act_fmt == LXA_HW_FMT_S8)
		need |= LXA_CFG_MODES_ACT_INT_MASK;
	if (g->wgt_fmt == LXA_HW_WFMT_S8)
		need |= LXA_CFG_MODES_WGT_INT_MASK;
	if (g->pool_h > 1 || g->pool_w > 1 || g->pool_sy > 1 || g->pool_sx > 1)
		need |= LXA_CFG_MODES_POOL_MASK;
	if (g->act_fmt == LXA_HW_FMT_N4 || g->wgt_fmt == LXA_HW_WFMT_BITS)
		need |= LXA_CFG_MODES_PLANES_MASK;
	if (g->pack)
		need |= LXA_CFG_MODES_PACK_MASK;
	if (g->res_mode || g->kind == LXA_HW_KIND_RAW)
		need |= LXA_CFG_MODES_RES_MASK;
	return (model_modes() & need) == need;
}

/* Formats, kinds and other enumerations. */
static int modes_ok(const struct geom *g)
{
	uint32_t n4 = g->act_fmt == LXA_HW_FMT_N4, bits = g->wgt_fmt == LXA_HW_WFMT_BITS;

	if (g->lane == LXA_HW_LANE_XNOR) {
		if ((g->act_fmt != LXA_HW_FMT_B1 && !n4) || (g->wgt_fmt != LXA_HW_WFMT_B1 && !bits) ||
		    g->pad_mode > (n4 ? LXA_HW_PAD_ZERO : LXA_HW_PAD_MINUS))
			return 0;
	} else {
		int act_int = g->act_fmt == LXA_HW_FMT_U8 || g->act_fmt == LXA_HW_FMT_S8;

		if (g->act_fmt > LXA_HW_FMT_S8 || g->wgt_fmt > LXA_HW_WFMT_S8 || (act_int && g->wgt_fmt == LXA_HW_WFMT_S8))
			return 0;
	}
	if (!modes_there(g) || g->passes < 1 || g->passes > (bits ? 4 : 2) || g->a_bits > 4 || n4 != !!g->a_bits)
		return 0;
	if (g->kind > LXA_HW_KIND_RAW || g->out_fmt > LXA_HW_OFMT_W64)
		return 0;
	return g->kind == LXA_HW_KIND_THRESH ? g->nthr >= 1 : g->nthr == 0;
}

static int has_pool(const struct geom *g)
{
	return g->pool_h != 1 || g->pool_w != 1 || g->pool_sy != 1 || g->pool_sx != 1 || g->pool_pt || g->pool_pl;
}

/* Kind raw and the residual operand. */
static int residual_ok(const struct geom *g)
{
	uint32_t group = LXA_CFG_OUT_LANES * g->res_bits / 8;
	int raw = g->kind == LXA_HW_KIND_RAW;

	if (raw != (g->out_fmt == LXA_HW_OFMT_W64) || (has_pool(g) && (raw || g->res_mode)))
		return 0;
	if (g->res_mode == LXA_HW_RES_NONE)
		return 1;
	/* No group of channels begins in a word that it does not end in; all that have a channel are written. */
	return g->res_mode <= LXA_HW_RES_RAW && group && g->res_shift <= 62 && g->res_px &&
	       (g->res_addr | g->res_row | g->res_img) % WORD == 0 && g->res_px % (group < WORD ? group : WORD) == 0 &&
	       g->res_bytes <= g->res_px && round_up(g->oc, LXA_CFG_OUT_LANES) * g->out_bits <= (uint64_t)g->out_px * 8;
}

static int ranges_ok(const struct geom *g)
{
	return g->in_h && g->in_w && g->conv_h && g->conv_w && g->out_h && g->out_w && g->batch && g->in_px && g->out_px &&
	       g->kh >= 1 && g->kh <= 11 && g->kw >= 1 && g->kw <= 11 && g->sy >= 1 && g->sy <= 4 && g->sx >= 1 &&
	       g->sx <= 4 && g->dy && g->dx && g->pool_h && g->pool_w && g->pool_sy && g->pool_sx &&
	       g->pool_pt < g->pool_h && g->pool_pl < g->pool_w && g->oc && g->ocb && g->icb && g->icb_total &&
	       g->grp_ocb && g->mac_ic && g->act_pitch && g->tile_h && g->tile_w;
}

/* A packed kernel row is a run of bytes inside its image row, and the blocks are cut from it. */
static int pack_ok(const struct geom *g)
{
	uint32_t run = g->kw * g->in_px;

	return !g->lane && g->act_fmt != LXA_HW_FMT_LOG4 && g->dx == 1 && !g->pad_l &&
	       (g->conv_w - 1) * g->sx + g->kw <= g->in_w && g->grp_icb == 0 && g->icb == g->icb_total &&
	       (g->icb - 1) * g->block_ic + g->ic_tail == run;
}

/* Fields that must agree with each other. */
static int relations_ok(const struct geom *g)
{
	uint32_t group = LXA_CFG_OUT_LANES * g->out_bits / 8; /* no group of channels straddles words */

	return g->out_px % (group < WORD ? group : WORD) == 0 && g->ic_tail >= 1 && g->ic_tail <= g->block_ic && g->oc_tail >= 1 && g->oc_tail <= g->block_oc &&
	       (g->ocb - 1) * g->block_oc + g->oc_tail == g->oc &&
	       (g->ocb - 1) / g->grp_ocb * g->grp_icb + g->icb <= g->icb_total &&
	       (g->pack ? pack_ok(g) : (uint64_t)g->icb_total * g->act_block <= g->in_px) &&
	       (uint64_t)round_up(g->oc * g->out_bits, 8) / 8 <= g->out_px &&
	       (uint64_t)(g->out_h - 1) * g->pool_sy < (uint64_t)g->conv_h + g->pool_pt &&
	       (uint64_t)(g->out_w - 1) * g->pool_sx < (uint64_t)g->conv_w + g->pool_pl &&
	       (g->act_addr | g->wgt_addr | g->par_addr | g->out_addr | g->in_row | g->in_img | g->out_row | g->out_img) %
			       WORD == 0;
}

static int window(struct job_error *err, uint32_t stream, uint64_t addr, uint32_t size, uint64_t need)
{
	if (need <= size)
		return 0;
	err->status = LXA_HW_STATUS_WINDOW;
	err->stream = stream;
	err->addr = addr + size / WORD * WORD;
	return -EINVAL;
}

int model_geom(const uint32_t *desc, struct geom *g, struct job_error *err)
{
	uint64_t act, out, res;

	unpack(desc, g);
	*err = (struct job_error){ .status = LXA_HW_STATUS_BAD_DESC, .stream = LXA_HW_STREAM_CMD };
	if (!ranges_ok(g) || !modes_ok(g))
		return -EINVAL;
	derive(g);
	if (!relations_ok(g) || !residual_ok(g))
		return -EINVAL;
	act = (uint64_t)(g->batch - 1) * g->in_img + (uint64_t)(g->in_h - 1) * g->in_row +
	      round_up((uint64_t)g->in_w * g->in_px, WORD);
	out = (uint64_t)(g->batch - 1) * g->out_img + (uint64_t)(g->out_h - 1) * g->out_row +
	      (uint64_t)(g->out_w - 1) * g->out_px + g->out_bytes;
	res = g->res_mode == LXA_HW_RES_NONE ? 0 :
	      (uint64_t)(g->batch - 1) * g->res_img + (uint64_t)(g->out_h - 1) * g->res_row +
	      round_up((uint64_t)(g->out_w - 1) * g->res_px + g->res_bytes, WORD);
	if (window(err, LXA_HW_STREAM_ACT, g->act_addr, g->act_size, act) ||
	    window(err, LXA_HW_STREAM_WGT, g->wgt_addr, g->wgt_size, g->wgt_bytes) ||
	    window(err, LXA_HW_STREAM_PAR, g->par_addr, g->par_size, g->par_bytes) ||
	    window(err, LXA_HW_STREAM_RES, g->res_addr, g->res_size, res) ||
	    window(err, LXA_HW_STREAM_OUT, g->out_addr, g->out_size, out))
		return -EINVAL;
	*err = (struct job_error){ 0 };
	return 0;
}
