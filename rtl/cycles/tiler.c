/* SPDX-License-Identifier: MIT */
/* tiler.c - lxa_tiler, and the jobs that it takes. */
#include "engines.h"

struct axis {
	uint32_t out, conv, in;		/* outputs, convolution pixels, input pixels of the tile */
	uint32_t in0;			/* first input pixel */
	uint64_t windows;		/* positions inside the convolution, summed over the outputs */
};

/* One axis of a tile, as lxa_tiler works it out. */
static struct axis cut(uint32_t o0, uint32_t tile, uint32_t out, uint32_t ps, uint32_t pool, uint32_t pp, uint32_t s,
		       uint32_t pad, uint32_t ek, uint32_t conv, uint32_t in)
{
	struct axis a;
	int64_t lo, c0, hi, ilo, ihi, i0, w, i;

	a.out = o0 + tile > out ? out - o0 : tile;
	lo = (int64_t)o0 * ps - pp;
	c0 = lo < 0 ? 0 : lo;
	hi = lo + (int64_t)(a.out - 1) * ps + pool;
	a.conv = (uint32_t)((hi < conv ? hi : conv) - c0);
	ilo = c0 * s - pad;
	ihi = ilo + (int64_t)(a.conv - 1) * s + ek;
	i0 = ilo < 0 ? 0 : ilo;
	ihi = ihi < in ? ihi : in;
	a.in = ihi > i0 ? (uint32_t)(ihi - i0) : 0;
	a.in0 = (uint32_t)i0;
	a.windows = (uint64_t)a.out * pool;
	/* the windows that stick out at either end */
	for (i = 0; i < a.out && (w = lo + i * ps - c0) < 0; i++)
		a.windows -= (uint64_t)(-w < pool - 1 ? -w : (int64_t)pool - 1);
	for (i = (int64_t)a.out - 1; i >= 0 && (w = lo + i * ps - c0 + pool) > a.conv; i--)
		a.windows -= (uint64_t)(w - a.conv < pool - 1 ? w - a.conv : (int64_t)pool - 1);
	return a;
}

void cyc_make_tile(struct lxa_cycles *c)
{
	struct job *j = job_of(c, c->accepted - 1);
	struct tile *t = &c->tiler.tile;
	uint32_t wb = c->cfg.word_bytes, x0;
	struct axis y = cut(c->tiler.oy, j->tile_h, j->out_h, j->pool_sy, j->pool_h, j->pool_pt, j->sy, j->pad_t, j->ek_h, j->conv_h,
			    j->in_h);
	struct axis x = cut(c->tiler.ox, j->tile_w, j->out_w, j->pool_sx, j->pool_w, j->pool_pl, j->sx, j->pad_l, j->ek_w, j->conv_w,
			    j->in_w);

	t->job = c->accepted - 1;
	t->n = c->tiler.n, t->oy = c->tiler.oy, t->ox = c->tiler.ox;
	t->first = !c->tiler.n && !c->tiler.oy && !c->tiler.ox;
	t->last = c->tiler.n + 1 == j->batch && c->tiler.oy + j->tile_h >= j->out_h && c->tiler.ox + j->tile_w >= j->out_w;
	t->pix = y.conv * x.conv, t->npx = y.out * x.out;
	t->th = y.out, t->tw = x.out;
	t->windows = y.windows * x.windows;
	x0 = x.in0 * j->in_px;
	t->act_rows = y.in;
	t->act_words = div_up(x.in * j->in_px + x0 % wb, wb);
	if (!t->act_rows || !t->act_words)
		t->act_rows = t->act_words = 0;
	t->act_addr = j->act_addr + (uint64_t)c->tiler.n * j->in_img + (uint64_t)y.in0 * j->in_row + x0;
	t->res_addr = j->res_addr + (uint64_t)c->tiler.n * j->res_img + (uint64_t)c->tiler.oy * j->res_row +
		      (uint64_t)c->tiler.ox * j->res_px;
	t->out_addr = j->out_addr + (uint64_t)c->tiler.n * j->out_img + (uint64_t)c->tiler.oy * j->out_row +
		      (uint64_t)c->tiler.ox * j->out_px;
}

void cyc_plan_tiler(struct lxa_cycles *c)
{
	if (c->tiler.busy) {
		c->tiler.t = c->pushed - c->freed < TILES ? max2(c->tiler.ready, c->freed_at + 1) : NEVER;
		return;
	}
	c->tiler.t = NEVER;
	if (c->loaded > c->accepted && c->accepted - c->done < JOBS)
		c->tiler.t = max2(max2(c->tiler.idle, c->cmd.load_free), c->cpl.free);
}

void cyc_on_tiler(struct lxa_cycles *c)
{
	struct job *j;

	if (!c->tiler.busy) {		/* take the next job */
		cyc_account(c, c->now + 1);
		j = job_of(c, c->accepted++);
		c->cmd.load_free = c->now + 1;
		cyc_plan_cmd(c);
		if (j->nop) {
			j->retired = c->now;
			c->retired += c->retired + 1 == c->accepted;
			return;
		}
		c->tiler.busy = 1;
		c->tiler.n = c->tiler.oy = c->tiler.ox = 0;
		c->tiler.ready = c->now + TILER_JOB;
		cyc_make_tile(c);
		return;
	}
	cyc_account(c, c->now + 1);
	j = job_of(c, c->accepted - 1);
	c->tiler.tile.push = c->now;
	*tile_of(c, c->pushed++) = c->tiler.tile;
	c->tiler.ready = c->now + TILER_TILE;
	if (c->tiler.tile.last) {
		c->tiler.busy = 0;
		c->tiler.idle = c->now + 1;
		return;
	}
	c->tiler.ox += j->tile_w;
	if (c->tiler.ox >= j->out_w) {
		c->tiler.ox = 0;
		c->tiler.oy += j->tile_h;
		if (c->tiler.oy >= j->out_h)
			c->tiler.oy = 0, c->tiler.n++;
	}
	cyc_make_tile(c);
}
