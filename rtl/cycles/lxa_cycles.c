/* SPDX-License-Identifier: MIT */
/*
 * lxa_cycles.c - see lxa_cycles.h: the loop in which the engine with the earliest time moves, and the interface.
 */
#include "engines.h"

#include <stdlib.h>
#include <string.h>

static void plan(struct lxa_cycles *c)
{
	cyc_load_desc(c);
	cyc_plan_tiler(c);
	cyc_plan_act(c);
	cyc_plan_par(c);
	cyc_plan_wgt(c);
	cyc_plan_res(c);
	cyc_plan_drain(c);
	cyc_plan_cpl(c);
	cyc_plan_others(c);
}

/* The next engine moves. 0: none ever will. */
static int step(struct lxa_cycles *c)
{
	cycle others, t;

	if (!c->calm)
		plan(c);
	cyc_plan_seq(c);
	others = min2(min2(c->tiler.t, c->drain.t), c->cpl.t);
	if (cyc_stream(c, others))
		return 1;
	t = min2(others, c->seq.t);
	if (t >= NEVER)
		return 0;
	c->now = max2(c->now, t);
	if (t == c->seq.t)
		cyc_on_seq(c);
	else if (t == c->drain.t)
		cyc_on_drain(c);
	else if (t == c->tiler.t)
		cyc_on_tiler(c);
	else
		cyc_on_cpl(c);
	return 1;
}

void lxa_cycles_reset(struct lxa_cycles *c)
{
	struct lxa_cycles_cfg cfg = c->cfg;
	cycle latency = c->latency;
	uint32_t rate = c->rate;

	memset(c, 0, sizeof(*c));
	c->cfg = cfg;
	c->latency = latency;
	c->rate = rate;
	c->rate_inv = ((uint64_t)1 << 32) / rate + 1;
	c->beat = cfg.bus_bytes;
	c->bus.tokens = c->beat + c->rate - 1;
	c->ratio = cfg.word_bytes / cfg.bus_bytes;
	c->wr_word = rate < c->beat ? div_up(cfg.word_bytes, rate) : c->ratio;
	c->burst = BURST / cfg.word_bytes;
	while (1u << c->word_log2 < cfg.word_bytes)
		c->word_log2++;
	c->seq.shadow = NEVER;
}

struct lxa_cycles *lxa_cycles_create(const struct lxa_cycles_cfg *cfg, const struct lxa_cycles_mem *mem)
{
	struct lxa_cycles *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->cfg = *cfg;
	if (c->cfg.rd_outstanding > QUEUE)
		c->cfg.rd_outstanding = QUEUE;
	c->latency = mem->latency ? mem->latency : 1;
	c->rate = mem->bytes_per_cycle ? mem->bytes_per_cycle : 1;
	lxa_cycles_reset(c);
	return c;
}

void lxa_cycles_destroy(struct lxa_cycles *c)
{
	free(c);
}

/* The queue's next entry is filled in: the command engine sees it from `when` on. */
static void enqueue(struct lxa_cycles *c, uint64_t when)
{
	struct job *j = job_of(c, c->added);

	j->when = max2((cycle)when - c->skipped, c->now);
	if (c->added == c->done) {	/* nothing was pending */
		c->acct = j->when;
		c->sampled = j->when + c->skipped;
	}
	c->added++;
	c->calm = 0;
	cyc_plan_cmd(c);
}

int lxa_cycles_add(struct lxa_cycles *c, const uint32_t *desc, uint64_t when)
{
	if (c->added - c->taken == LXA_CYCLES_QUEUE)
		return -1;
	cyc_take_desc(&c->cfg, desc, job_of(c, c->added));
	enqueue(c, when);
	return 0;
}

int lxa_cycles_add_layer(struct lxa_cycles *c, const struct lxa_job *job, const struct lxa_layout *l, uint32_t tile_h,
			 uint32_t tile_w, uint64_t when)
{
	if (c->added - c->taken == LXA_CYCLES_QUEUE || !job->batch || !tile_h || !tile_w)
		return -1;
	cyc_take_layer(&c->cfg, job, l, tile_h, tile_w, job_of(c, c->added));
	enqueue(c, when);
	return 0;
}

uint32_t lxa_cycles_pending(const struct lxa_cycles *c)
{
	return c->added - c->taken;
}

int lxa_cycles_next(struct lxa_cycles *c, struct lxa_cycles_share *share, uint64_t *when)
{
	if (c->taken == c->added)
		return -1;
	while (c->done == c->taken)
		if (!step(c))
			return -1;
	*share = c->share[c->taken % LXA_CYCLES_QUEUE];
	if (when)
		*when = (uint64_t)c->share_at[c->taken % LXA_CYCLES_QUEUE];
	c->taken++;
	return 0;
}
