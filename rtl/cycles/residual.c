/* SPDX-License-Identifier: MIT */
/* residual.c - lxa_res_load: what it asks for, and what it hands out. */
#include "engines.h"

uint32_t cyc_res_groups(const struct lxa_cycles *c, const struct job *j, uint32_t blk)
{
	return blk + 1 == j->ocb ? div_up(j->oc_tail, c->cfg.out_lanes) : j->blk_groups;
}

static uint64_t res_addr(const struct job *j, const struct tile *t, uint32_t blk, uint32_t oy, uint32_t ox)
{
	return t->res_addr + (uint64_t)blk * j->blk_groups * j->res_grp + (uint64_t)oy * j->res_row + (uint64_t)ox * j->res_px;
}

static uint32_t res_words(const struct lxa_cycles *c, const struct job *j, const struct tile *t, uint32_t blk, uint32_t oy, uint32_t ox)
{
	uint32_t off = (uint32_t)(res_addr(j, t, blk, oy, ox) % c->cfg.word_bytes);

	return div_up(off + cyc_res_groups(c, j, blk) * j->res_grp, c->cfg.word_bytes);
}

struct unit cyc_res_unit(const struct lxa_cycles *c, const struct tile *t, const struct job *j, uint32_t n)
{
	uint32_t wb = c->cfg.word_bytes, ng = cyc_res_groups(c, j, c->res.out.blk), at, first;
	struct unit u = { .n = n ? n : j->res_grp < wb && j->grp_beats == 1 ? ng : 1 };

	at = (uint32_t)(res_addr(j, t, c->res.out.blk, c->res.out.oy, c->res.out.ox) % wb) + c->res.out.grp * j->res_grp;
	first = at / wb;
	at += u.n * j->res_grp;
	u.last = c->res.out.grp + u.n == ng;
	u.need = div_up(at, wb) - first;
	u.pop = (u.last ? div_up(at, wb) : at / wb) - first;
	return u;
}

/* The first group of the next unit: it is put together ahead. 0: there is none. */
static int res_ahead(struct lxa_cycles *c, struct unit *u)
{
	struct tile *t;

	while (c->res.out.tile != c->pushed && !job_of(c, tile_of(c, c->res.out.tile)->job)->res_grp)
		c->res.out.tile++;
	if (c->res.out.tile == c->pushed)
		return 0;
	t = tile_of(c, c->res.out.tile);
	*u = cyc_res_unit(c, t, job_of(c, t->job), 1);
	return 1;
}

/* From when there is room that the next group leaves as its first n words are put together. */
static cycle res_room(const struct lxa_cycles *c, uint64_t n)
{
	return max2(c->res.popped_at + (cycle)n, words_at(&c->res.in, c->res.popped + n - 1) + RES_GROUP);
}

/* The residual's next pixel: from when there is an entry for it. */
static cycle res_pixel(struct lxa_cycles *c)
{
	struct unit u;

	if (c->res.pixels - c->res.pixels_popped < RES_DEPTH)
		return c->res.popped_at;
	if (c->res.pixels - c->res.pixels_popped > RES_DEPTH || !res_ahead(c, &u) || !u.last || c->res.popped + u.need > c->res.in.have)
		return NEVER;
	return res_room(c, u.need);
}

void cyc_plan_res(struct lxa_cycles *c)
{
	struct tile *t;
	struct job *j;
	cycle room;

	while (!c->res.run) {
		cycle at;

		if (c->res.tile == c->pushed || c->res.rd.free >= NEVER)
			return;
		t = tile_of(c, c->res.tile);
		j = job_of(c, t->job);
		if (!j->res_grp) {
			c->res.tile++;
			continue;
		}
		at = max2(t->push + 1, c->res.rd.free);
		if (j->barrier && t->first) {
			if (c->retired != t->job)
				return;
			if (t->job)
				at = max2(at, job_of(c, t->job - 1)->retired + 1);
		}
		c->res.tile++;
		c->res.run = 1;
		c->res.start = at + 1;
		c->res.blk = c->res.oy = c->res.ox = 0;
	}
	if (c->res.rd.free >= NEVER || (room = res_pixel(c)) >= NEVER)
		return;
	t = tile_of(c, c->res.tile - 1);
	j = job_of(c, t->job);
	cyc_reader_start(c, &c->res.rd, res_addr(j, t, c->res.blk, c->res.oy, c->res.ox),
		     res_words(c, j, t, c->res.blk, c->res.oy, c->res.ox),
		     max2(max2(c->res.start, c->res.rd.free), room));
	c->res.pixels++;
	if (++c->res.ox < t->tw)
		return;
	c->res.ox = 0;
	if (++c->res.oy < t->th)
		return;
	c->res.oy = 0;
	if (++c->res.blk == j->ocb)
		c->res.run = 0;
}

/* From when the residual's request stands: it waits for room. */
cycle cyc_res_req(struct lxa_cycles *c)
{
	uint64_t want;
	struct unit u;

	if (!c->res.rd.left)
		return NEVER;
	want = c->res.asked + reader_words(c, &c->res.rd);
	if (want <= c->res.popped + RES_DEPTH)
		return max2(c->res.rd.req, c->res.popped_at + 1);
	want -= c->res.popped + RES_DEPTH;
	if (!res_ahead(c, &u) || want > u.pop || c->res.popped + want > c->res.in.have)
		return NEVER;
	return max2(c->res.rd.req, res_room(c, want));
}
