/* SPDX-License-Identifier: MIT */
/* loaders.c - lxa_cmd, lxa_act_load, lxa_par_load, lxa_wgt_load: what they ask for, and when. */
#include "engines.h"

void cyc_reader_start(struct lxa_cycles *c, struct reader *r, uint64_t addr, uint64_t words, cycle at)
{
	r->addr = addr / c->cfg.word_bytes;
	r->left = words;
	r->req = at + 1;
	r->free = NEVER;
}

/* Descriptors: the next request. */
void cyc_plan_cmd(struct lxa_cycles *c)
{
	c->cmd.req = NEVER;
	if (c->issued < c->added && c->issued - c->loaded < AHEAD)
		c->cmd.req = max2(job_of(c, c->issued)->when, c->now);
}

/* The next descriptor that is in: loaded, checked, offered. */
void cyc_load_desc(struct lxa_cycles *c)
{
	struct job *j;

	if (c->loaded != c->accepted || c->loaded == c->issued)
		return;
	j = job_of(c, c->loaded);
	if (j->desc_at >= NEVER)
		return;
	c->loaded++;
	c->cmd.load_free = max2(j->desc_at + 1, c->cmd.load_free) + div_up(KEEP_BYTES, c->cfg.word_bytes) + CMD_CHECK;
	cyc_plan_cmd(c);
}

void cyc_act_next_row(struct lxa_cycles *c, cycle at)
{
	struct tile *t = tile_of(c, c->act.tile - 1);

	cyc_reader_start(c, &c->act.rd, c->act.row, t->act_words, at);
	c->act.row += job_of(c, t->job)->in_row;
	if (!--c->act.rows)
		c->act.run = 0;
}

void cyc_act_receive(struct lxa_cycles *c, cycle at)
{
	while (!c->act.rx_on && c->act.rx < c->act.tile) {
		struct tile *t = tile_of(c, c->act.rx);

		c->act.rx_left = (uint64_t)t->act_rows * t->act_words;
		if (c->act.rx_left) {
			c->act.rx_on = 1;
			return;
		}
		c->act.full_at[c->act.full++ % (2 * TILES)] = at;
		c->act.rx++;
	}
}

void cyc_plan_act(struct lxa_cycles *c)
{
	struct tile *t;
	struct job *j;
	cycle at;

	if (c->act.run || c->act.rd.free >= NEVER || c->act.tile == c->pushed || c->act.used == ACT_HALVES)
		return;
	t = tile_of(c, c->act.tile);
	j = job_of(c, t->job);
	at = max2(max2(t->push + 1, c->act.free_at + 1), c->act.rd.free);
	if (j->barrier && t->first) {
		if (c->retired != t->job)
			return;
		if (t->job)
			at = max2(at, job_of(c, t->job - 1)->retired + 1);
	}
	c->act.tile++;
	c->act.used++;
	c->act.rows = t->act_rows;
	c->act.row = t->act_addr;
	c->act.run = t->act_rows != 0;
	if (c->act.run)
		cyc_act_next_row(c, at + 1);
	else
		c->act.rd.free = at + 1;
	cyc_act_receive(c, at + 1);
}

void cyc_plan_par(struct lxa_cycles *c)
{
	struct job *j;
	cycle at;

	if (!c->par.run) {
		if (c->par.tile == c->pushed || c->par.rd.free >= NEVER)
			return;
		c->par.load = max2(tile_of(c, c->par.tile)->push + 1, c->par.rd.free) + 1;
		c->par.tile++;
		c->par.blk = 0;
		c->par.run = 1;
	}
	if (c->par.rd.free >= NEVER || c->par.used == PAR_BUFFERS)
		return;
	j = job_of(c, tile_of(c, c->par.tile - 1)->job);
	at = max2(max2(c->par.load, c->par.rd.free), c->par.free_at + 1);
	cyc_reader_start(c, &c->par.rd, j->par_addr + (uint64_t)c->par.blk * j->par_words * c->cfg.word_bytes, j->par_words, at);
	c->par.rx_left[c->par.rx_in++ % 4] = j->par_words;
	c->par.used++;
	if (++c->par.blk == j->ocb)
		c->par.run = 0;
}

void cyc_plan_wgt(struct lxa_cycles *c)
{
	struct tile *t;
	struct job *j;

	if (c->wgt.rd.left || c->wgt.tile == c->pushed)
		return;
	t = tile_of(c, c->wgt.tile++);
	j = job_of(c, t->job);
	cyc_reader_start(c, &c->wgt.rd, j->wgt_addr, j->wgt_words, max2(t->push + 1, c->wgt.rd.free + 1));
}
