/* SPDX-License-Identifier: MIT */
/* completion.c - lxa_cpl, and what the cycles are put down to. */
#include "engines.h"

#include <string.h>

/* What the array does when it issues nothing, as lxa_seq and lxa_counters tell it. */
static enum cause waits_for(const struct lxa_cycles *c)
{
	if (c->seq.run)
		return cyc_acc_wait(c) ? C_OUT : C_WGT;
	if (c->seq.tile < c->pushed)
		return C_ACT;
	if (c->tiler.busy && c->pushed - c->freed < TILES)
		return C_PIPE;
	return c->tiler.busy || c->accepted != c->retired ? C_OUT : C_CMD;
}

void cyc_account(struct lxa_cycles *c, cycle t)
{
	enum cause why = waits_for(c);
	cycle d = t - c->acct, a, b, beats;

	if (d <= 0)
		return;
	if (why == C_WGT || why == C_ACT) {
		a = max2(c->acct, c->rd.cur_at), b = min2(t, c->rd.cur_end);
		beats = b <= a ? 0 : b - a == c->rd.cur_end - c->rd.cur_at ? c->rd.cur_beats :
			((b - a) * c->rd.cur_beats + (c->rd.cur_end - c->rd.cur_at) / 2) / (c->rd.cur_end - c->rd.cur_at);
		c->cause[C_RD] += beats;
		d -= beats;
	} else if (why == C_OUT) {
		beats = min2(d, c->wr.refused - c->wr.refused_at);
		c->cause[C_WR] += beats;
		d -= beats;
	}
	c->wr.refused_at = c->wr.refused;
	c->cause[why] += d;
	c->acct = t;
}

void cyc_plan_cpl(struct lxa_cycles *c)
{
	struct job *j = job_of(c, c->done);

	c->cpl.t = c->done < c->accepted && j->retired < NEVER ? max2(j->retired + 1, c->cpl.free) : NEVER;
}

void cyc_on_cpl(struct lxa_cycles *c)
{
	static const uint8_t order[] = { C_WGT, C_ACT, C_RD, C_OUT, C_WR, C_PIPE, C_CMD };
	struct lxa_cycles_share *s = &c->share[c->done % LXA_CYCLES_QUEUE];
	struct out_run r = { 0 };
	uint64_t *part[CAUSES], sum = 0;
	cycle over;
	size_t i;

	cyc_account(c, c->now);
	part[C_WGT] = &s->wgt, part[C_ACT] = &s->act, part[C_RD] = &s->rd, part[C_OUT] = &s->out, part[C_WR] = &s->wr;
	part[C_PIPE] = &s->pipe, part[C_CMD] = &s->cmd;
	over = c->acct - c->now;	/* a step that goes on */
	s->cycles = (uint64_t)(c->now + c->skipped - c->sampled);
	for (i = 0; i < sizeof(order); i++) {
		cycle v = c->cause[order[i]];

		*part[order[i]] = sum + (uint64_t)v > s->cycles ? s->cycles - sum : (uint64_t)v;
		sum += *part[order[i]];
	}
	s->busy = s->cycles - sum;
	memset(c->cause, 0, sizeof(c->cause));
	c->cause[BUSY] = over;
	c->share_at[c->done % LXA_CYCLES_QUEUE] = c->sampled = c->now + c->skipped;
	c->done++;
	c->cpl.free = c->now + REC_BYTES / c->cfg.word_bytes + 2;
	r.words = r.known = REC_BYTES / c->cfg.word_bytes;
	r.bytes = REC_BYTES, r.tw = 1;
	r.step = (uint64_t)1 << 32, r.last = c->now + OUT_FLUSH, r.evenly = 1;
	r.piece = c->wr.piece_in, r.pieces = 1;
	c->wr.piece[c->wr.piece_in++ % PIECES] = (struct piece){ .first = c->now + OUT_BEAT - 1, .step = r.step };
	cyc_wr_push(c, &r);
}
