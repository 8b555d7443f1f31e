/* SPDX-License-Identifier: MIT */
/* output.c - lxa_drain, lxa_requant, lxa_pack: from accumulators to words. */
#include "engines.h"

/* Move by one: an item, or a bubble, enters. */
static void stages_move(struct stages *s, uint64_t beats)
{
	s->beats = s->beats >> 8 | beats << 8 * (STAGES - 1);
	s->next += s->beats & 0xff ? (cycle)(s->beats & 0xff) : 1;
}

/* Bubbles enter until t. */
static void stages_wait(struct stages *s, cycle t)
{
	while (s->next < t && s->beats)
		stages_move(s, 0);
	s->next = max2(s->next, t);
}

/* Cycles from a move until what enters with it is at lxa_pack, and words of what is before it. */
static cycle stages_way(const struct stages *s, uint32_t *words)
{
	cycle way = 1;
	int i;

	*words = s->narrow;
	for (i = 1; i < STAGES; i++) {
		uint32_t n = s->beats >> 8 * i & 0xff;

		way += n ? n : 1;
		*words += n;
	}
	return way;
}

/* A block without a residual: items, some of which complete a group, at even distances. */
static void stages_block(struct lxa_cycles *c, const struct job *j, uint64_t items, uint64_t groups)
{
	struct stages *s = &c->drain.out;
	uint64_t beats = j->grp_beats > 1 ? j->grp_beats : 0, i, n;

	for (i = 0; i < items; i++) {
		if (i == STAGES && items > 2 * STAGES) { /* the first ones have pushed out what was before: go on to the last ones */
			n = items - 2 * STAGES;
			s->next += (cycle)n + (cycle)(n * groups / items * (beats ? beats - 1 : 0));
			i += n;
		}
		c->drain.last = s->next;
		stages_move(s, (i + 1) * groups / items != i * groups / items ? beats : 0);
	}
}

/* Groups of a pixel that are written in a block. */
static uint32_t groups(const struct job *j, uint32_t blk)
{
	uint32_t off = blk * j->blk_groups * j->grp_bytes, n;

	if (off >= j->out_px)
		return 0;
	n = (j->out_px - off) / j->grp_bytes;
	return n < j->blk_groups ? n : j->blk_groups;
}

/* The words of a block of ng groups a pixel. */
static struct out_run block_words(const struct lxa_cycles *c, const struct tile *t, const struct job *j, uint32_t ng)
{
	struct out_run r = { .addr = t->out_addr + (uint64_t)c->drain.blk * j->blk_groups * j->grp_bytes, .row = j->out_row,
			     .px = j->out_px, .bytes = ng * j->grp_bytes, .tw = t->tw };
	uint32_t mask = c->cfg.word_bytes - 1, x, n = 0;

	r.per_px = (((uint32_t)r.addr & mask) + r.bytes - 1) / c->cfg.word_bytes + 1;
	if (!(r.px & mask)) {
		r.words = r.per_px * t->tw * t->th;
		r.linear = r.px == r.per_px * c->cfg.word_bytes && (t->th == 1 || r.row == r.px * t->tw);
		return r;
	}
	for (x = 0; x < t->tw; x++)
		n += (((uint32_t)(r.addr + x * r.px) & mask) + r.bytes - 1) / c->cfg.word_bytes + 1;
	if (n != r.per_px * t->tw)
		r.per_px = 0;
	r.words = n * t->th;
	return r;
}

/* Cycles of handing a group of the residual out. */
static cycle give_cycles(const struct lxa_cycles *c, const struct job *j)
{
	return j->res_grp > c->cfg.word_bytes ? j->res_grp / c->cfg.word_bytes : 1;
}

/* When the last group of the unit enters the output stage, which is left as it is just before. */
static cycle res_unit_at(const struct lxa_cycles *c, const struct job *j, const struct unit *u, struct stages *s)
{
	uint64_t end = c->res.popped + u->need;
	cycle at = c->drain.give;

	if (end > c->res.in.have)
		return NEVER;
	at = max2(at, words_at(&c->res.in, end - 1) + RES_GROUP);
	*s = c->drain.out;
	at = max2(at, max2(c->drain.since, s->next) + (u->n - 1) * j->rows);
	stages_wait(s, at);
	return s->next;
}

static cycle plan_res_unit(const struct lxa_cycles *c)
{
	struct lxa_cycles *m = (struct lxa_cycles *)(uintptr_t)c;
	struct tile *t = tile_of(m, c->drain.tile);
	struct job *j = job_of(m, t->job);
	struct unit u = cyc_res_unit(c, t, j, 0);
	struct stages s;

	return res_unit_at(c, j, &u, &s);
}

void cyc_plan_drain(struct lxa_cycles *c)
{
	c->drain.t = NEVER;
	switch (c->drain.state) {
	case D_IDLE:
		if (c->drain.tile < c->pushed && c->seq.blocks > c->drain.blocks)
			c->drain.t = max2(max2(c->drain.since, tile_of(c, c->drain.tile)->push + 1),
					  c->seq.full_at[c->drain.blocks % 4] + 1);
		break;
	case D_WAIT:
		if (c->seq.blocks > c->drain.blocks && c->par.full > c->drain.blocks)
			c->drain.t = max2(max2(c->drain.since, c->seq.full_at[c->drain.blocks % 4] + 1),
					  c->par.full_at[c->drain.blocks % 4] + 1);
		break;
	case D_RES:
		c->drain.t = plan_res_unit(c);
		break;
	default:
		c->drain.t = c->drain.since;
	}
}

/* Rows of convolution pixels under row y of the tile's outputs. */
static uint32_t rows_under(const struct job *j, const struct tile *t, uint32_t y)
{
	int64_t y0 = (int64_t)(t->oy + y) * j->pool_sy - j->pool_pt, end = min2(y0 + j->pool_h, j->conv_h);

	return (uint32_t)(end - max2(y0, 0));
}

/* When a block's words come, from where the output stage is: evenly from rows with as many pixels under each output. */
static void push_even(struct lxa_cycles *c, const struct tile *t, const struct job *j, struct out_run *r, uint32_t ng)
{
	cycle first = c->drain.out.next - STAGES - 1 + OUT_BEAT, n, under = 0;
	uint32_t y, end, staged;

	first += stages_way(&c->drain.out, &staged);
	for (y = 0; y < t->th; y++)
		under += rows_under(j, t, y);
	r->piece = c->wr.piece_in;
	for (y = 0; y < t->th; y = end) {
		struct piece *p = &c->wr.piece[c->wr.piece_in++ % PIECES];

		for (end = y + 1; end < t->th && rows_under(j, t, end) == rows_under(j, t, y); end++)
			;
		n = ng * ((cycle)t->windows * (end - y) * rows_under(j, t, y) / under * j->rows + (cycle)(end - y) * t->tw * (j->grp_beats - 1));
		p->from = r->words / t->th * y;
		p->step = step_of(n, r->words / t->th * (end - y));
		p->first = first;
		first += n;
	}
	r->pieces = c->wr.piece_in - r->piece;
	r->last = first - OUT_BEAT + OUT_FLUSH;
	r->evenly = 1;
	r->known = r->words;
	cyc_wr_push(c, r);
}

static void drain_start(struct lxa_cycles *c)
{
	struct tile *t = tile_of(c, c->drain.tile);
	struct job *j = job_of(c, t->job);
	uint32_t ng = groups(j, c->drain.blk);
	struct out_run r;
	cycle n;

	c->drain.state = D_END;
	c->drain.even = 0;
	if (!ng) {
		c->drain.since = c->now + 1;
		return;
	}
	r = block_words(c, t, j, ng);
	stages_wait(&c->drain.out, c->now + DRAIN_BLOCK);
	if (j->res_grp) {
		c->drain.state = D_RES;
		c->drain.out.narrow = j->grp_beats == 1 ? STAGES * r.words / (t->npx * ng * j->rows) : 0;
		c->res.out.tile = c->drain.tile;
		r.last = NEVER;
		c->drain.since = c->drain.out.next;
		c->wr.come_run = c->wr.in;
		c->wr.come_in = c->wr.gap_in = c->wr.gap_out = 0;
		cyc_wr_push(c, &r);
		return;
	}
	n = ng * ((cycle)t->windows * j->rows + (cycle)t->npx * (j->grp_beats - 1));
	r.step = step_of(n, r.words);
	c->drain.out.narrow = j->grp_beats == 1 ? (uint32_t)(STAGES * r.words / n) : 0;
	c->drain.even = 1;
	c->drain.run = c->wr.in;
	c->drain.before = c->wr.queued;
	push_even(c, t, j, &r, ng);
	stages_block(c, j, ng * t->windows * j->rows, ng * t->npx);
	c->drain.since = c->drain.last;
}

/* Wait until no more than `room` words are queued. 1: they are not yet. */
static int drain_held(struct lxa_cycles *c, uint32_t room)
{
	cycle data = data_at(c);

	cyc_wr_run(c, max2(min2(data, NEVER), c->now), c->wr.queued > room ? c->wr.queued - room : 0);
	if (c->wr.queued - c->wr.sent <= room) {
		c->drain.since = max2(c->now, c->wr.last);
		return c->drain.since > c->now;
	}
	c->drain.since = max2(data, c->now + 1);
	return 1;
}

/* A group enters the output stage, and moves on to where only its last row is behind. */
static void stages_group(struct lxa_cycles *c, const struct job *j)
{
	uint32_t row;

	for (row = 0; row < j->rows; row++) {
		c->drain.last = c->drain.out.next;
		stages_move(&c->drain.out, row + 1 < j->rows || j->grp_beats == 1 ? 0 : j->grp_beats);
	}
}

/* The last group of the unit has its residual. */
static void on_res_unit(struct lxa_cycles *c)
{
	struct tile *t = tile_of(c, c->drain.tile);
	struct job *j = job_of(c, t->job);
	struct out_run *r = &c->wr.q[c->wr.come_run % RUNS];
	struct unit u = cyc_res_unit(c, t, j, 0);
	uint32_t ng = groups(j, c->drain.blk), wb = c->cfg.word_bytes, at, first, last, room, staged;
	cycle way;
	struct stages s;

	cyc_wr_run(c, c->now, UINT64_MAX);
	res_unit_at(c, j, &u, &s);
	way = stages_way(&s, &staged);
	room = cyc_wr_room(c) + staged;
	if (c->wr.queued - c->wr.sent > room && drain_held(c, room))
		return;
	c->res.popped += u.pop;
	c->res.popped_at = c->now;
	c->drain.out = s;
	c->drain.give = c->now + give_cycles(c, j);
	stages_group(c, j);
	at = (uint32_t)((r->addr + (uint64_t)c->res.out.ox * r->px) % wb);
	first = (at + c->res.out.grp * j->grp_bytes) / wb;
	c->res.out.grp += u.n;
	last = c->res.out.grp < cyc_res_groups(c, j, c->drain.blk) ? (at + c->res.out.grp * j->grp_bytes) / wb : (at + r->bytes - 1) / wb + 1;
	if (last > first)
		cyc_wr_come(c, r, last - first, c->now + way - STAGES + OUT_BEAT, j->grp_beats - 1);
	if (c->res.out.grp < cyc_res_groups(c, j, c->drain.blk))
		return;
	c->res.pixels_popped++;
	for (; c->res.out.grp < ng; c->res.out.grp++) /* those without a channel */
		stages_group(c, j);
	c->res.out.grp = 0;
	if (++c->res.out.ox < t->tw)
		return;
	c->res.out.ox = 0;
	if (++c->res.out.oy < t->th)
		return;
	c->res.out.oy = 0;
	if (++c->res.out.blk == j->ocb)
		c->res.out.blk = 0, c->res.out.tile++;
	c->drain.state = D_END;
	c->drain.since = c->drain.last;
	way = stages_way(&c->drain.out, &staged);
	r->last = c->drain.last + way + j->grp_beats - 1 - STAGES + OUT_FLUSH;
}

static void retire(struct lxa_cycles *c)
{
	cyc_account(c, c->now + 1);
	job_of(c, c->retired)->retired = c->now;
	c->retired++;
	while (c->retired < c->accepted && job_of(c, c->retired)->nop)
		c->retired++;
	c->drain.state = D_IDLE;
	c->drain.since = c->now + 1;
}

void cyc_on_drain(struct lxa_cycles *c)
{
	struct tile *t = tile_of(c, c->drain.tile);
	uint32_t room, staged;

	switch (c->drain.state) {
	case D_IDLE:
		c->freed++;
		c->freed_at = c->now;
		c->drain.state = D_WAIT;
		c->drain.since = c->now + 1;
		c->drain.blk = 0;
		return;
	case D_WAIT:
		drain_start(c);
		return;
	case D_RES:
		on_res_unit(c);
		return;
	case D_END:
		cyc_wr_run(c, c->now, UINT64_MAX);
		if (c->drain.since > c->now)
			return;
		stages_way(&c->drain.out, &staged);
		room = cyc_wr_room(c) + staged;
		if (c->wr.queued - c->wr.sent > room && drain_held(c, room))
			return;
		cyc_account(c, c->now + 1);
		c->drain.blocks++;
		c->seq.acc_used--;
		c->seq.acc_free = c->now;
		c->par.used--;
		c->par.free_at = c->now;
		c->drain.since = c->now + 1;
		c->drain.state = D_WAIT;
		if (++c->drain.blk < job_of(c, t->job)->ocb)
			return;
		c->drain.tile++;
		c->drain.state = t->last ? D_FLUSH : D_IDLE;
		return;
	case D_FLUSH:
		if (drain_held(c, 0))
			return;
		c->drain.state = D_QUIET;
		c->drain.since = max2(c->now, c->wr.last) + c->latency + 1;
		return;
	case D_QUIET:
		if (c->seq.macs_at <= c->now && c->now < c->seq.macs_end)
			c->drain.since = c->seq.macs_end;
		else
			retire(c);
	}
}
