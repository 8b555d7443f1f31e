/* SPDX-License-Identifier: MIT */
/* job.c - descriptors and layers as the engines see them. */
#include "engines.h"

#include <string.h>

#include "../../driver/lxa_regs.h"

static uint64_t get(const uint32_t *d, uint32_t field)
{
	uint32_t word = LXA_DF_WORD(field), lsb = LXA_DF_LSB(field), width = LXA_DF_WIDTH(field);

	if (width == 64)
		return d[word] | (uint64_t)d[word + 1] << 32;
	return width == 32 ? d[word] : d[word] >> lsb & ((1u << width) - 1);
}

/* Repetitions that end where a burst ends: so many of a and b words each. */
static uint32_t whole_bursts(const struct lxa_cycles_cfg *cfg, uint64_t a, uint64_t b)
{
	uint32_t n = 1;

	while ((a * n | b * n) % (BURST / cfg->word_bytes))
		n *= 2;
	return n;
}

static const uint8_t out_bits[8] = { 1, 4, 8, 32, 64 };

/* What follows from sizes and formats. */
static void derive(const struct lxa_cycles_cfg *cfg, struct job *j, uint32_t passes, uint32_t taps, uint32_t nthr, uint32_t out_fmt,
		   uint32_t res_bits)
{
	uint32_t oc = j->lane ? cfg->xnor_oc : cfg->shift_oc, ic = j->lane ? cfg->xnor_ic : cfg->shift_ic;

	j->pass_steps = taps * j->icb;
	j->steps = passes * j->pass_steps;
	j->wgt_step = oc * ic / (j->lane ? 8 : 1) / cfg->word_bytes;
	j->wgt_words = (uint64_t)j->ocb * j->steps * j->wgt_step;
	j->rows = (nthr + 6) / 4;
	j->par_words = j->rows * oc * 16 / cfg->word_bytes;
	j->step_period = whole_bursts(cfg, j->wgt_step, 0);
	j->block_period = whole_bursts(cfg, (uint64_t)j->wgt_step * j->steps, j->par_words);
	j->blk_groups = oc / cfg->out_lanes;
	j->grp_bytes = cfg->out_lanes * out_bits[out_fmt] / 8;
	j->grp_beats = j->grp_bytes > cfg->word_bytes ? j->grp_bytes / cfg->word_bytes : 1;
	j->res_grp = cfg->out_lanes * res_bits / 8;
}

void cyc_take_desc(const struct lxa_cycles_cfg *cfg, const uint32_t *d, struct job *j)
{
#define F(f) ((uint32_t)get(d, LXA_D_##f))
	static const uint8_t fmt_bits[8] = { 4, 8, 8, 8, 0, 0, 32 };
	uint32_t pack = F(PACK), kx = pack ? 1 : F(KW), mode = F(RES_MODE);

	memset(j, 0, sizeof(*j));
	j->nop = F(OP) == LXA_HW_OP_NOP;
	j->desc_at = j->retired = NEVER;
	if (j->nop)
		return;
	j->barrier = (int)F(BARRIER), j->lane = (int)F(LANE);
	j->planes = F(ACT_FMT) == LXA_HW_FMT_N4 && F(A_BITS) ? (int)F(A_BITS) : 1;
	j->in_h = F(IN_H), j->in_w = F(IN_W), j->conv_h = F(CONV_H), j->conv_w = F(CONV_W);
	j->out_h = F(OUT_H), j->out_w = F(OUT_W), j->batch = F(BATCH), j->tile_h = F(TILE_H), j->tile_w = F(TILE_W);
	j->sy = F(SY), j->sx = F(SX), j->pad_t = F(PAD_T), j->pad_l = F(PAD_L);
	j->ek_h = (F(KH) - 1) * F(DY) + 1, j->ek_w = (F(KW) - 1) * F(DX) + 1;
	j->pool_h = F(POOL_H), j->pool_w = F(POOL_W), j->pool_sy = F(POOL_SY), j->pool_sx = F(POOL_SX);
	j->pool_pt = F(POOL_PT), j->pool_pl = F(POOL_PL);
	j->act_addr = get(d, LXA_D_ACT_ADDR), j->wgt_addr = get(d, LXA_D_WGT_ADDR), j->par_addr = get(d, LXA_D_PAR_ADDR);
	j->res_addr = get(d, LXA_D_RES_ADDR), j->out_addr = get(d, LXA_D_OUT_ADDR);
	j->in_px = F(IN_PX) * (pack ? 1 : 8), j->in_row = F(IN_ROW), j->in_img = F(IN_IMG);
	j->out_px = F(OUT_PX) * 8, j->out_row = F(OUT_ROW), j->out_img = F(OUT_IMG);
	j->res_px = F(RES_PX) * 8, j->res_row = F(RES_ROW), j->res_img = F(RES_IMG);
	j->ocb = F(OCB), j->oc_tail = F(OC_TAIL), j->icb = F(ICB), j->macs = F(MAC_IC);
	derive(cfg, j, F(PASSES), F(KH) * kx, F(NTHR), F(OUT_FMT),
	       mode == LXA_HW_RES_NONE ? 0 : mode == LXA_HW_RES_RAW ? 64 : fmt_bits[F(RES_FMT)]);
#undef F
}

/* The same from what software has before the driver makes a descriptor; operands are taken to begin where a burst does. */
void cyc_take_layer(const struct lxa_cycles_cfg *cfg, const struct lxa_job *from, const struct lxa_layout *l, uint32_t tile_h,
		       uint32_t tile_w, struct job *j)
{
	memset(j, 0, sizeof(*j));
	j->desc_at = j->retired = NEVER;
	j->barrier = !(from->flags & LXA_JOB_INDEPENDENT), j->lane = (int)l->lane;
	j->planes = from->act_fmt == LXA_FMT_N4 ? from->act_bits : 1;
	j->in_h = from->in_h, j->in_w = from->in_w, j->conv_h = l->conv_h, j->conv_w = l->conv_w;
	j->out_h = l->out_h, j->out_w = l->out_w, j->batch = from->batch, j->tile_h = tile_h, j->tile_w = tile_w;
	j->sy = from->sy, j->sx = from->sx, j->pad_t = from->pad_t, j->pad_l = from->pad_l;
	j->ek_h = l->ekh, j->ek_w = l->ekw;
	j->pool_h = from->pool_h, j->pool_w = from->pool_w, j->pool_sy = from->pool_sy, j->pool_sx = from->pool_sx;
	j->pool_pt = from->pool_pt, j->pool_pl = from->pool_pl;
	j->in_px = l->in_px, j->in_row = (uint32_t)l->in_row, j->in_img = (uint32_t)l->in_img;
	j->out_px = l->out_px, j->out_row = (uint32_t)l->out_row, j->out_img = (uint32_t)l->out_img;
	j->res_px = l->res_px, j->res_row = (uint32_t)l->res_row, j->res_img = (uint32_t)l->res_img;
	j->ocb = l->ocb, j->oc_tail = l->oc_tail, j->icb = l->icb, j->macs = l->mac_ic;
	derive(cfg, j, l->passes, from->kh * l->kx, from->nthr, from->out_fmt,
	       from->res_mode == LXA_RES_NONE ? 0 : lxa_res_bits(from));
}
