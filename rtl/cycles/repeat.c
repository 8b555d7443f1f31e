/* SPDX-License-Identifier: MIT */
/*
 * repeat.c - what repeats is left out.
 *
 * Most of a layer is the same again and again. Where a step, block, tile, row of tiles or image begins in the same state, as
 * far as it matters, as the one before it, what follows is as that was, and all of the same kind but the last few are
 * skipped: positions move on, the clock does not, and the cycles and their causes are added. The state is how full every
 * queue is, where the engines stand relative to the sequencer, and when they move next relative to now.
 */
#include "engines.h"

#include <string.h>

/* The last tile's weights have come: what they are is used up, and nothing else. */
static int wgt_over(const struct lxa_cycles *c)
{
	return !c->wgt.rd.left && c->wgt.tile == c->pushed && c->wgt.asked == c->wgt.in.have;
}

static int put_marks(const struct lxa_cycles *c, cycle *v)
{
	const struct out_run *r;
	cycle when = 0;
	uint64_t kind = 0;
	uint32_t i;
	int n = 0;

	/* how full: activations, weights, parameters, residual, accumulators */
	v[n++] = (cycle)c->act.rd.left + (cycle)c->act.rows * 65536 + c->act.used;
	v[n++] = (cycle)c->act.rx_left;
	v[n++] = (cycle)c->par.rd.left + 65536 * (cycle) c->par.used;
	v[n++] = wgt_over(c) ? -1 : (cycle)(c->wgt.asked - c->seq.popped);
	v[n++] = wgt_over(c) ? -1 : (cycle)(c->wgt.in.have - c->seq.popped);
	v[n++] = (cycle)(c->res.asked - c->res.popped) + 1000 * (cycle)(c->res.in.have - c->res.popped);
	v[n++] = (cycle)c->res.rd.left + 1000 * (cycle)(c->res.pixels - c->res.pixels_popped);
	v[n++] = c->seq.acc_used + 4 * c->drain.state + 64 * c->rd.stuck;
	v[n++] = (cycle)(c->wr.queued - c->wr.sent) + 65536 * (cycle) (c->wr.in - c->wr.out);
	/* where, relative to the sequencer */
	v[n++] = (cycle)(c->act.tile - c->seq.tile) + 16 * (cycle) (c->act.full - c->seq.tile);
	v[n++] = (cycle)(c->par.tile - c->seq.tile) + 16 * (cycle) (c->drain.tile - c->seq.tile + 4);
	v[n++] = c->wgt.tile - c->seq.tile;
	v[n++] = (cycle)(c->res.tile - c->seq.tile) + 16 * (cycle) c->res.run;
	v[n++] = c->res.run ? ((cycle)c->res.oy << 16) + c->res.ox + ((cycle)(int32_t)(c->res.blk - c->seq.blk) << 32) : 0;
	v[n++] = ((cycle)c->res.out.oy << 16) + c->res.out.ox + ((cycle)c->res.out.grp << 32);
	v[n++] = c->seq.blocks - c->drain.blocks;
	v[n++] = c->par.full - c->drain.blocks;
	v[n++] = (cycle)(c->pushed - c->seq.tile) + 16 * (cycle) (c->pushed - c->freed);
	v[n++] = c->accepted - c->retired + 64 * (cycle) c->loaded + 4096 * (cycle) c->issued;
	/* when engines may move, or their last words come */
	v[n++] = since(c, c->seq.end);
	v[n++] = c->drain.state >= D_FLUSH ? since(c, c->seq.macs_end) : 0;
	v[n++] = since(c, c->seq.shadow);
	v[n++] = since(c, c->seq.acc_free);
	v[n++] = since(c, c->seq.full_at[(c->seq.blocks - 1) % 4]);
	v[n++] = since(c, c->act.full_at[(c->act.full - 1) % (2 * TILES)]);
	v[n++] = since(c, c->act.free_at);
	v[n++] = since(c, c->act.rd.left ? c->act.rd.req : 0);
	v[n++] = since(c, c->par.full_at[(c->par.full - 1) % 4]);
	v[n++] = since(c, c->par.free_at);
	v[n++] = since(c, c->par.rd.left ? c->par.rd.req : 0);
	v[n++] = since(c, c->wgt.rd.left ? c->wgt.rd.req : 0);
	v[n++] = since(c, c->drain.since);
	v[n++] = since(c, c->drain.out.next);
	v[n++] = (cycle)c->drain.out.beats;
	v[n++] = since(c, c->tiler.ready);
	v[n++] = since(c, c->tiler.idle);
	v[n++] = since(c, c->freed_at);
	v[n++] = since(c, c->cmd.load_free);
	v[n++] = since(c, c->cpl.t);
	v[n++] = since(c, c->cpl.free);
	/* the bus and what is on its way */
	v[n++] = since(c, c->rd.free);
	v[n++] = since(c, c->rd.bus);
	v[n++] = c->rd.debt;
	v[n++] = c->rd.in - c->rd.out;
	for (i = c->rd.out; i != c->rd.in; i++) {
		const struct burst *b = &c->rd.q[i % QUEUE];

		when += since(c, b->when);
		kind = kind * 31 + 8 * b->words + b->client;
	}
	v[n++] = when;
	v[n++] = (cycle)kind;
	v[n++] = since(c, c->bus.at);
	v[n++] = c->rate < 2 * c->beat ? c->bus.tokens + 1024 * c->bus.turn + 2048 * c->bus.waits : 0;
	v[n++] = since(c, c->wr.open[c->wr.bursts % WR_OPEN]);
	v[n++] = since(c, c->wr.open[(c->wr.bursts - 1) % WR_OPEN]);
	r = &c->wr.q[(c->wr.in - 1) % RUNS];
	v[n++] = c->wr.in == c->wr.out ? 0 : since(c, r->last);
	v[n++] = c->wr.in == c->wr.out ? 0 : since(c, cyc_wr_next(c));
	return n;
}

/* At the beginning of a repetition: 1 when it is the third in a row that begins in this state. */
static int repeats(struct lxa_cycles *c, enum level level)
{
	struct mark *m = &c->mark[level];
	cycle at = c->now + c->skipped, period = at - m->at, *v;
	int i, n, equal = period == m->period;

	for (i = 0; i < CAUSES; i++) {
		m->spent[i] = c->cause[i] - m->cause[i];
		m->cause[i] = c->cause[i];
	}
	m->at = at;
	m->period = period;
	if (!equal) {
		m->equal = -1;		/* and no state */
		return 0;
	}
	cyc_wr_run(c, c->now, UINT64_MAX);
	m->which = !m->which;
	v = m->v[m->which];
	n = put_marks(c, v);
	equal = m->equal < 0 || !memcmp(v, m->v[!m->which], (size_t)n * sizeof(*v));
	m->equal = equal ? m->equal + 1 : 0;
	return m->equal >= 1;
}

/* k of them are over. */
static void skip(struct lxa_cycles *c, enum level level, uint32_t k)
{
	struct mark *m = &c->mark[level];
	uint32_t i;

	c->skipped += k * m->period;
	for (i = c->issued; i < c->added; i++)
		job_of(c, i)->when = max2(c->now, job_of(c, i)->when - k * m->period);
	for (i = 0; i < CAUSES; i++)
		c->cause[i] += k * m->spent[i];
	m->at += k * m->period;
	memcpy(m->cause, c->cause, sizeof(m->cause));
	m->equal = -1;
}

/* How many repetitions of `per` words, k at most, the weight loader's tile has yet. */
static uint32_t wgt_most(const struct lxa_cycles *c, uint64_t per, uint32_t k)
{
	uint64_t most = (wgt_over(c) ? c->wgt.in.have - c->seq.popped : c->wgt.rd.left) / per;

	return most < 2 ? 0 : most - 2 < k ? (uint32_t)(most - 2) : k;
}

static void wgt_move(struct lxa_cycles *c, uint64_t words)
{
	if (wgt_over(c)) {
		c->seq.popped += words;
		return;
	}
	c->wgt.rd.left -= words;
	c->wgt.rd.addr += words;
}

void cyc_repeat_steps(struct lxa_cycles *c, const struct job *j)
{
	uint32_t each = j->step_period, k = (j->steps - c->seq.step) / each;

	if (c->seq.step % each != 1 % each)
		return;
	if (c->seq.step <= each || c->act.rd.left || c->drain.state == D_RES || c->drain.state >= D_FLUSH)
		c->mark[L_STEP].equal = -1;
	if (!repeats(c, L_STEP) || k < 3)
		return;
	k = wgt_most(c, (uint64_t)each * j->wgt_step, k - 2);
	if (!k)
		return;
	skip(c, L_STEP, k);
	c->seq.step += k * each;
	wgt_move(c, (uint64_t)k * each * j->wgt_step);
}

void cyc_repeat_blocks(struct lxa_cycles *c, const struct job *j)
{
	uint32_t each = j->block_period, k = (j->ocb - c->seq.blk) / each, ahead;
	uint64_t words = (uint64_t)each * j->steps * j->wgt_step;

	if (c->seq.blk % each)
		return;
	if (!c->seq.blk)
		c->mark[L_BLOCK].equal = -1;
	if (!repeats(c, L_BLOCK) || c->drain.tile != c->seq.tile || !c->par.run || c->par.tile != c->seq.tile + 1)
		return;
	ahead = (j->ocb - c->par.blk) / each;
	if (k > ahead)
		k = ahead;
	if (j->res_grp) {		/* the residual's loader works on this tile too */
		if (!c->res.run || c->res.tile != c->seq.tile + 1)
			return;
		ahead = (j->ocb - c->res.blk) / each;
		if (k > ahead || c->res.out.tile != c->seq.tile)
			k = c->res.out.tile != c->seq.tile ? 0 : ahead;
	}
	if (k < 3)
		return;
	k = wgt_most(c, words, k - 2);
	if (!k)
		return;
	skip(c, L_BLOCK, k);
	c->seq.blk += k * each;
	c->drain.blk += k * each;
	c->par.blk += k * each;
	c->res.blk += j->res_grp ? k * each : 0;
	c->res.out.blk += j->res_grp ? k * each : 0;
	wgt_move(c, k * words);
}

/* Outputs along one axis, in whole tiles, that may be skipped when the tile at `at` repeats: what is left but for `spare` tiles. */
static uint32_t tiles_most(uint32_t at, uint32_t tile, uint32_t out, uint32_t spare)
{
	uint32_t left = div_up(out - at, tile);

	return left > spare ? left - spare : 0;
}

static int alike(const struct tile *a, const struct tile *b)
{
	return a->pix == b->pix && a->npx == b->npx && a->windows == b->windows && a->act_rows == b->act_rows && a->act_words == b->act_words;
}

/* Move the tiler on by k tiles of the level, if the tile that it comes to is like the one that it has. */
static int tiler_move(struct lxa_cycles *c, enum level level, const struct job *j, uint32_t k)
{
	struct tile was = c->tiler.tile;
	uint32_t n = c->tiler.n, oy = c->tiler.oy, ox = c->tiler.ox;

	if (level == L_IMAGE)
		c->tiler.n += k;
	else if (level == L_TILE && j->tile_w < j->out_w)
		c->tiler.ox += k * j->tile_w;
	else
		c->tiler.oy += k * j->tile_h;
	cyc_make_tile(c);
	if (alike(&was, &c->tiler.tile) && !c->tiler.tile.last && !was.first)
		return 1;
	c->tiler.n = n, c->tiler.oy = oy, c->tiler.ox = ox;
	c->tiler.tile = was;
	return 0;
}

/* 1: the tiler's tile is like the one that was played where it would have been in the repetition that begins now. */
static int tiler_like(struct lxa_cycles *c, enum level level, const struct tile *t)
{
	struct tile is = c->tiler.tile;
	uint32_t oy = c->tiler.oy;
	int like = level == L_IMAGE || alike(&is, t);

	if (level == L_ROW) {
		c->tiler.oy = t->oy;
		cyc_make_tile(c);
		like = alike(&is, &c->tiler.tile);
		c->tiler.oy = oy;
		c->tiler.tile = is;
	}
	return like;
}

static void repeat_level(struct lxa_cycles *c, enum level level, const struct job *j, uint32_t k)
{
	const struct tile *t = tile_of(c, c->seq.tile);
	uint32_t tries = 4;

	if (!repeats(c, level) || !c->tiler.busy || c->accepted - 1 != t->job || !tiler_like(c, level, t))
		return;
	while (k && tries-- && !tiler_move(c, level, j, k))
		k--;
	if (k && tries < 4)
		skip(c, level, k);
}

void cyc_repeat_tiles(struct lxa_cycles *c, const struct tile *t, const struct job *j)
{
	int cols = j->tile_w < j->out_w, i;
	uint32_t spare = 2;		/* tiles at the end of the axis that differ, or that the tiler may already have */

	if (t->first)
		for (i = L_TILE; i < LEVELS; i++)
			c->mark[i].equal = -1;
	if (!t->oy && !t->ox) {
		c->mark[L_ROW].equal = c->mark[L_TILE].equal = -1;
		repeat_level(c, L_IMAGE, j, tiles_most(c->tiler.n, 1, j->batch, spare));
	}
	if (cols && !t->ox) {
		c->mark[L_TILE].equal = -1;
		repeat_level(c, L_ROW, j, tiles_most(c->tiler.oy, j->tile_h, j->out_h, spare));
	}
	repeat_level(c, L_TILE, j, cols ? tiles_most(c->tiler.ox, j->tile_w, j->out_w, spare) :
					 tiles_most(c->tiler.oy, j->tile_h, j->out_h, spare));
}
