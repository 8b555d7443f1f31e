/* SPDX-License-Identifier: MIT */
/* read_dma.c - lxa_rd_dma: requests become bursts, bursts become words. */
#include "engines.h"

#include "../../driver/lxa_regs.h"

/* When those that stream little want to read next. */
void cyc_plan_others(struct lxa_cycles *c)
{
	cycle *v = c->rd.req;

	v[CMD] = c->cmd.req;
	v[PAR] = c->par.rd.left ? c->par.rd.req : NEVER;
	v[RES] = cyc_res_req(c);
	c->rd.others = min2(min2(v[CMD], v[PAR]), v[RES]);
}

static void plan_rd(struct lxa_cycles *c)
{
	cycle *v = c->rd.req;

	v[ACT] = c->act.rd.left ? c->act.rd.req : NEVER;
	v[WGT] = wgt_req(c);
	c->rd.t = c->rd.stuck ? NEVER : max2(c->rd.free, min2(min2(v[ACT], v[WGT]), c->rd.others));
}

/* A burst on the address channel, unless too many are open. */
static void issue_burst(struct lxa_cycles *c, const struct burst *b, cycle granted)
{
	cycle at = granted + 1;
	uint32_t max = c->cfg.rd_outstanding;

	c->rd.held = *b;
	c->rd.stuck_at = granted;
	c->rd.stuck = c->rd.in - c->rd.out >= max;
	if (c->rd.stuck)
		return;
	if (c->rd.in >= max)
		at = max2(at, c->rd.popped[(c->rd.in - max) % QUEUE] + 1);
	c->rd.q[c->rd.in % QUEUE] = *b;
	c->rd.q[c->rd.in++ % QUEUE].when = at + 1 + c->latency;
	c->rd.free = at;
}

static void on_rd(struct lxa_cycles *c)
{
	const cycle *v = c->rd.req;
	struct burst b = { 0 };

	if (v[CMD] <= c->now) {
		b.client = CMD;
		b.words = LXA_DESC_BYTES / c->cfg.word_bytes;
		c->issued++;
		cyc_plan_cmd(c);
		c->cmd.req = max2(c->cmd.req, c->now + 1);
	} else if (v[PAR] <= c->now) {
		b.client = PAR;
		b.words = reader_words(c, &c->par.rd);
		reader_fire(c, &c->par.rd, c->now);
	} else if (v[RES] <= c->now) {
		b.client = RES;
		b.words = reader_words(c, &c->res.rd);
		reader_fire(c, &c->res.rd, c->now);
		c->res.asked += b.words;
	} else if (v[ACT] <= c->now && (v[WGT] > c->now || c->rd.debt <= 0)) {
		b.client = ACT;
		b.words = reader_words(c, &c->act.rd);
		reader_fire(c, &c->act.rd, c->now);
		if (!c->act.rd.left && c->act.run)
			cyc_act_next_row(c, c->now);
		if (c->rd.debt < DEBT)
			c->rd.debt += (int)b.words;
		c->calm = c->act.rd.left != 0;
	} else {
		b.client = WGT;
		b.words = reader_words(c, &c->wgt.rd);
		reader_fire(c, &c->wgt.rd, c->now);
		c->wgt.asked += b.words;
		if (c->rd.debt > -DEBT)
			c->rd.debt -= (int)b.words;
		c->calm = c->wgt.rd.left != 0;
	}
	issue_burst(c, &b, c->now);
}

static void deliver(struct lxa_cycles *c, const struct burst *b, cycle first, cycle last)
{
	switch (b->client) {
	case CMD:
		job_of(c, c->cmd.in++)->desc_at = last;
		cyc_load_desc(c);
		break;
	case ACT:
		c->act.rx_left -= b->words;
		c->calm = c->act.rx_left != 0;
		if (c->calm)
			break;
		c->act.full_at[c->act.full++ % (2 * TILES)] = last;
		c->act.rx++;
		c->act.rx_on = 0;
		cyc_act_receive(c, last + 1);
		break;
	case WGT:
		words_come(&c->wgt.in, b->words, first, last);
		c->calm = 1;
		break;
	case PAR:
		c->par.rx_left[c->par.rx_out % 4] -= b->words;
		if (!c->par.rx_left[c->par.rx_out % 4]) {
			c->par.full_at[c->par.full++ % 4] = last;
			c->par.rx_out++;
		}
		break;
	default:
		words_come(&c->res.in, b->words, first, last);
	}
}

static void on_data(struct lxa_cycles *c)
{
	struct burst *b = &c->rd.q[c->rd.out % QUEUE];
	uint32_t n = b->words * c->ratio;
	cycle first, last;

	if (c->now > c->acct)
		cyc_account(c, c->now);
	if (c->rate >= 2 * c->beat) {	/* writes have a beat of their own */
		first = c->now + c->ratio - 1;
		last = c->now + n - 1;
	} else {
		if (c->wr.in != c->wr.out)
			cyc_wr_run(c, c->now, UINT64_MAX);
		if (c->now > c->bus.at)
			bus_pass(c, c->now - c->bus.at, 0);
		if (c->wr.in == c->wr.out) {
			first = bus_nth(c, c->ratio);
			last = bus_nth(c, n);
			bus_reads_only(c, n, last);
		} else {
			cyc_rd_run(c, n, &first, &last);
		}
	}
	c->rd.cur_at = c->now;
	c->rd.cur_end = c->rd.bus = last + 1;
	c->rd.cur_beats = n;
	c->rd.popped[c->rd.out++ % QUEUE] = last;
	deliver(c, b, first + 1, last + 1);
	if (c->rd.stuck)
		issue_burst(c, &c->rd.held, c->rd.stuck_at);
}

/*
 * Bursts are asked for and come as long as that changes nothing for the others, which move in cycle `others` at the earliest.
 * 1: something has changed; 0: it is their turn.
 */
int cyc_stream(struct lxa_cycles *c, cycle others)
{
	cycle data;

	for (;;) {
		plan_rd(c);
		data = data_at(c);
		c->calm = 0;
		if (data < NEVER && data <= min2(min2(c->rd.t, c->seq.t), others)) {
			c->now = max2(c->now, data);
			on_data(c);
			if (!c->calm || (c->seq.run && c->seq.t >= NEVER))
				return 1;
		} else if (c->rd.t < c->seq.t && c->rd.t <= others && c->rd.t < NEVER) {
			c->now = max2(c->now, c->rd.t);
			on_rd(c);
			if (!c->calm)
				return 1;
		} else {
			return 0;
		}
	}
}
