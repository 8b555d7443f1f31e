/* SPDX-License-Identifier: MIT */
/* array.c - lxa_seq and the arrays behind it. */
#include "engines.h"

/* From when the shadow registers hold the next step's weights. */
static cycle wgt_ready(const struct lxa_cycles *c, uint32_t words)
{
	uint64_t end = c->seq.popped + words;
	cycle last;

	if (c->seq.shadow >= NEVER || end > c->wgt.in.have)
		return NEVER;
	last = c->seq.shadow + words - 1;
	return max2(last, words_at(&c->wgt.in, end - 1) + 1) + WGT_READY;
}

int cyc_acc_wait(const struct lxa_cycles *c)
{
	return !c->seq.step && c->seq.acc_used == ACC_HALVES;
}

void cyc_plan_seq(struct lxa_cycles *c)
{
	struct tile *t;

	if (!c->seq.run) {
		c->seq.t = NEVER;
		if (c->seq.tile == c->pushed)
			return;
		t = tile_of(c, c->seq.tile);
		if (c->seq.shadow >= NEVER)
			c->seq.shadow = max2(c->seq.head + WGT_NEXT, t->push + 2);
		c->seq.shadow_words = job_of(c, t->job)->wgt_step;
		if (c->act.full > c->seq.tile)
			c->seq.t = max2(max2(t->push, c->act.full_at[c->seq.tile % (2 * TILES)]) + 1, c->seq.end);
		return;
	}
	t = tile_of(c, c->seq.tile);
	c->seq.t = cyc_acc_wait(c) ? NEVER : max2(c->seq.end, wgt_ready(c, job_of(c, t->job)->wgt_step));
	if (!c->seq.step)
		c->seq.t = max2(c->seq.t, c->seq.acc_free + 1);
}

/* The step under way counts useful MACs, from the next cycle on; more than fit in a counter's step take longer. */
static void count_macs(struct lxa_cycles *c, const struct tile *t, const struct job *j)
{
	uint64_t oc = c->seq.blk + 1 == j->ocb ? j->oc_tail : j->lane ? c->cfg.xnor_oc : c->cfg.shift_oc;
	uint64_t macs = oc * j->macs;

	if (c->seq.macs_end <= c->now)
		c->seq.macs_at = c->now + 1;
	c->seq.macs_end = max2(c->seq.macs_end, c->now + 1) + (macs > MACS ? (cycle)((macs * t->pix + MACS - 1) / MACS) : t->pix);
}

void cyc_on_seq(struct lxa_cycles *c)
{
	struct tile *t = tile_of(c, c->seq.tile);
	struct job *j = job_of(c, t->job);
	cycle pix = (cycle)t->pix * j->planes;
	/* planes of one pixel: its accumulator cannot be read in the cycle in which it is written */
	cycle again = t->pix == 1 ? j->planes - 1 : 0;

	cyc_account(c, c->now);
	if (!c->seq.run) {
		cyc_repeat_tiles(c, t, j);
		c->seq.run = 1;
		c->seq.end = c->now + 1;
		c->seq.blk = c->seq.step = 0;
		c->cause[C_PIPE] += 1;
		c->acct = c->now + 1;
		return;
	}
	if (!c->seq.step)
		cyc_repeat_blocks(c, j);
	else
		cyc_repeat_steps(c, j);
	if (!c->seq.step)
		c->seq.acc_used++;
	c->seq.head = c->now;
	c->seq.end = c->now + pix + again;
	c->seq.popped += j->wgt_step;
	c->seq.shadow = c->now + WGT_NEXT;
	c->cause[BUSY] += pix;
	c->cause[C_PIPE] += again;
	c->acct = c->seq.end;
	if (c->seq.step < j->pass_steps && c->seq.step % j->icb == j->icb - 1)
		count_macs(c, t, j);
	if (++c->seq.step < j->steps) {
		c->calm = 1;
		return;
	}
	c->seq.step = 0;
	c->seq.full_at[c->seq.blocks++ % 4] = c->seq.end - 1 + ACC_FULL;
	if (++c->seq.blk < j->ocb)
		return;
	c->seq.run = 0;
	c->seq.shadow = NEVER;
	c->seq.tile++;
	c->act.used--;
	c->act.free_at = c->seq.end - 1;
}
