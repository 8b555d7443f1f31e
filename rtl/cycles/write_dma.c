/* SPDX-License-Identifier: MIT */
/* write_dma.c - lxa_wr_dma: words of the output stage become bursts, which share the bus with reads as sim/axi_mem.c has it. */
#include "engines.h"

/* Where a word is: its pixel in the row; in words its address and that of the pixel's last one; the row's address in bytes. */
static void run_pixel(const struct lxa_cycles *c, const struct out_run *r, struct place *p)
{
	uint64_t at = p->row + (uint64_t)p->x * r->px;

	p->word = at >> c->word_log2;
	p->word_end = (at + r->bytes - 1) >> c->word_log2;
}

/* Go to the next word: 1 when it joins the one before. */
static int run_word(const struct lxa_cycles *c, const struct out_run *r, struct place *p)
{
	uint64_t was = p->word;

	if (p->word < p->word_end) {
		p->word++;
	} else {
		if (++p->x == r->tw) {
			p->x = 0;
			p->row += r->row;
		}
		run_pixel(c, r, p);
	}
	return p->word == was + 1 && (p->word & (c->burst - 1));
}

/* Words of a burst that begins with word n of what comes as it comes, for all that is known of gaps; `most` at most. */
static uint32_t come_most(struct lxa_cycles *c, uint32_t n, uint32_t most)
{
	uint32_t left;

	while (c->wr.gap_out != c->wr.gap_in && c->wr.gap[c->wr.gap_out % RUNS] <= n)
		c->wr.gap_out++;
	if (c->wr.gap_out == c->wr.gap_in)
		return most;
	left = c->wr.gap[c->wr.gap_out % RUNS] - n;
	return left < most ? left : most;
}

/* The next burst, of `most` words at most. */
static void run_burst(struct lxa_cycles *c, const struct out_run *r, uint32_t most)
{
	uint32_t n = c->wr.start = c->wr.at;

	if (r->evenly) {
		if (r->step > (uint64_t)FLUSH << 32)
			most = 1;
	} else if (c->wr.come_run == c->wr.out) {
		most = come_most(c, n, most);
	}
	if (r->linear) {
		uint32_t edge = c->burst - (uint32_t)(((r->addr >> c->word_log2) + n) & (c->burst - 1));

		most = most < edge ? most : edge;
		c->wr.end = r->words - n < most ? r->words : n + most;
		return;
	}
	c->wr.from = c->wr.to;
	do
		n++;
	while (n < r->words && run_word(c, r, &c->wr.to) && n - c->wr.at < most);
	c->wr.end = n;
}

/* What was taken for a burst ends with word n, for a lack of words. */
static void run_cut(struct lxa_cycles *c, const struct out_run *r, uint32_t n)
{
	c->wr.to = c->wr.from;
	run_burst(c, r, n - c->wr.at);
}

static void run_begin(struct lxa_cycles *c)
{
	const struct out_run *r = &c->wr.q[c->wr.out % RUNS];

	c->wr.at = c->wr.to.x = 0;
	c->wr.to.row = r->addr;
	run_pixel(c, r, &c->wr.to);
	run_burst(c, r, UINT32_MAX);
}

/* The piece that word n of a run that comes evenly is of. */
static uint32_t piece_of(const struct lxa_cycles *c, const struct out_run *r, uint32_t n)
{
	uint32_t i = r->piece + r->pieces - 1;

	while (i != r->piece && c->wr.piece[i % PIECES].from > n)
		i--;
	return i;
}

/* When it is there. */
static cycle run_at(const struct lxa_cycles *c, const struct out_run *r, uint32_t n)
{
	const struct piece *p = &c->wr.piece[piece_of(c, r, n) % PIECES];

	return p->first + steps(n - p->from + 1, p->step);
}

/* When word n of a run that comes as it comes was there: it closes the burst before it. */
static cycle come_at(const struct lxa_cycles *c, uint32_t n)
{
	uint32_t i = c->wr.come_in;

	if (!i || c->wr.come[(i - 1) % RUNS].known <= n)
		return NEVER;
	while (i && c->wr.come_in - i < RUNS - 1 && c->wr.come[(i - 1) % RUNS].known > n)
		i--;
	return c->wr.come[i % RUNS].at;
}

/* When the next burst of a run whose words come as they come is closed: by a word, or since none comes. */
static cycle come_closed(const struct lxa_cycles *c, const struct out_run *r)
{
	cycle last = c->wr.come_in ? c->wr.come[(c->wr.come_in - 1) % RUNS].last : NEVER;

	if (r->known <= c->wr.end)
		return r->known > c->wr.at ? min2(last + FLUSH, r->known < r->words ? NEVER : r->last) : NEVER;
	return min2(come_at(c, c->wr.end), come_at(c, c->wr.end - 1) + FLUSH);
}

/* When the next word of the output stage may be on the bus, for all that the bus has to say. */
cycle cyc_wr_next(const struct lxa_cycles *c)
{
	const struct out_run *r = &c->wr.q[c->wr.out % RUNS];
	const struct out_run *next = &c->wr.q[(c->wr.out + 1) % RUNS];
	int newest = c->wr.in - c->wr.out == 1;
	cycle at;

	if (c->wr.in == c->wr.out)
		return NEVER;
	if (c->wr.begun)
		return 0;
	if (r->evenly && c->wr.end < r->words)
		at = r->step > (uint64_t)FLUSH << 32 ? run_at(c, r, c->wr.end - 1) + FLUSH : run_at(c, r, c->wr.end);
	else if (!r->evenly && c->wr.come_run == c->wr.out)
		at = come_closed(c, r);
	else if (c->wr.end < r->words)
		at = 0;
	else if (newest)
		at = r->last;
	else	/* the next run's first word may close it */
		at = min2(r->last, next->evenly ? run_at(c, next, 0) : c->wr.come_run == c->wr.out + 1 ? come_at(c, 0) : NEVER);
	return c->wr.bursts < WR_OPEN ? at : max2(at, c->wr.open[c->wr.bursts % WR_OPEN]);
}

/*
 * Words that may wait between the output stage and the bus: of bursts whose address has gone, of closed ones behind them, and of one
 * that cannot be closed.
 */
uint32_t cyc_wr_room(const struct lxa_cycles *c)
{
	uint32_t burst = c->wr.end - c->wr.start, data = WR_BYTES >> c->word_log2, n = (WR_ADDR + 1) * burst - 1;
	uint32_t gone = n < data ? div_up(data - n, burst) : 0; /* so many addresses are as good as all */

	if (!gone || c->wr.open[(c->wr.bursts + gone - 1) % WR_OPEN] <= c->bus.at)
		return WR_QUEUED + data;
	for (gone = 0; c->wr.open[(c->wr.bursts + gone) % WR_OPEN] <= c->bus.at; gone++)
		n += burst;
	return WR_QUEUED + n;
}

/*
 * A word has gone in cycle `at`, and the output stage finds room for another one. Where that one's time has come before, a block
 * whose words come evenly has stood still meanwhile, and comes later from there on.
 */
static void wr_hold(struct lxa_cycles *c, cycle at)
{
	struct out_run *r = &c->wr.q[c->drain.run % RUNS];
	uint64_t word = c->wr.sent + cyc_wr_room(c) - 1 - c->drain.before;
	uint32_t i;
	cycle late;

	if (c->drain.state != D_END || !c->drain.even || word >= r->words)
		return;
	i = piece_of(c, r, (uint32_t)word);
	late = at + WR_FREE - (run_at(c, r, (uint32_t)word) - OUT_BEAT + STAGES);
	if (late <= 0)
		return;
	for (; i != r->piece + r->pieces; i++)
		c->wr.piece[i % PIECES].first += late;
	r->last += late;
	c->drain.since += late, c->drain.last += late, c->drain.out.next += late;
}

/* The last beat of the n next words goes, which were there in cycle `ready`. It is offered a cycle before, and refused until then. */
static void wr_send(struct lxa_cycles *c, uint32_t n, cycle ready, cycle at)
{
	const struct out_run *r = &c->wr.q[c->wr.out % RUNS];

	if (!c->wr.begun && c->wr.end > r->known)
		run_cut(c, r, r->known);
	if (at > c->seq.end)		/* it counts where the array waits */
		c->wr.refused += max2(at + 1 - n - max2(max2(ready - 1, c->wr.last + 1), c->seq.end), 0);

	c->wr.last = at;
	c->wr.sent += n;
	c->wr.at += n;
	c->wr.begun = c->wr.at != c->wr.end;
	if (c->wr.begun) {
		wr_hold(c, at);
		return;
	}
	c->wr.open[c->wr.bursts++ % WR_OPEN] = c->wr.last + c->latency + WR_TRIP;
	if (c->wr.at < r->words)
		run_burst(c, r, UINT32_MAX);
	else if (++c->wr.out != c->wr.in)
		run_begin(c);
	wr_hold(c, at);
}

/* Words of the next burst that are there, once it is closed. */
static uint32_t wr_there(const struct lxa_cycles *c)
{
	return c->wr.begun || c->wr.end <= c->wr.q[c->wr.out % RUNS].known ? c->wr.end - c->wr.at : 1;
}

/* 1: pixel p's first word joins the last one of the pixel before it. */
static int run_joins(const struct lxa_cycles *c, const struct out_run *r, uint32_t p)
{
	uint64_t word = (r->addr + (uint64_t)(p / r->tw) * r->row + (uint64_t)(p % r->tw) * r->px) >> c->word_log2;
	uint64_t before = (r->addr + (uint64_t)((p - 1) / r->tw) * r->row + (uint64_t)((p - 1) % r->tw) * r->px + r->bytes - 1) >>
			  c->word_log2;

	return word == before + 1 && (word & (c->burst - 1));
}

/*
 * The same as cyc_wr_run() at once, for words that open bursts do not hold up, while the array is busy: up to a pixel with which a
 * burst begins. 0: none.
 */
static int wr_leap(struct lxa_cycles *c, cycle t, uint64_t sent)
{
	const struct out_run *r = &c->wr.q[c->wr.out % RUNS];
	uint32_t p, tries = 16;
	uint64_t n, m;

	if (!r->evenly || r->pieces != 1 || !r->per_px || !r->px || (uint64_t)c->wr_word << 32 > r->step || t > c->seq.end ||
	    t < run_at(c, r, c->wr.at + 8) || steps(WR_OPEN, r->step) < c->latency + WR_TRIP + 4)
		return 0;
	n = ((uint64_t)(t - c->wr.piece[r->piece % PIECES].first) << 32) / r->step - 1; /* that are there, that the bus takes, that there are, that are asked for */
	m = c->wr.at + (uint64_t)((t - c->bus.at) / c->wr_word);
	n = n < m ? n : m;
	n = n < r->words - 1 ? n : r->words - 1;
	if (sent - c->wr.sent < n - c->wr.at)
		n = c->wr.at + (sent - c->wr.sent);
	for (p = (uint32_t)n / r->per_px; p && tries && run_joins(c, r, p); p--)
		tries--;
	if (!tries || p * r->per_px <= c->wr.at)
		return 0;
	n = p * r->per_px - c->wr.at;
	c->wr.sent += n;
	c->wr.at = c->wr.end = p * r->per_px;
	c->wr.last = max2(run_at(c, r, c->wr.at), c->bus.at + (cycle)n * c->wr_word - 1);
	bus_pass(c, c->wr.last + 1 - c->bus.at, n * c->ratio);
	if (!r->linear) {
		c->wr.to.x = p % r->tw;
		c->wr.to.row = r->addr + (uint64_t)(p / r->tw) * r->row;
		run_pixel(c, r, &c->wr.to);
	}
	run_burst(c, r, UINT32_MAX);
	return 1;
}

/* A beat of a write moves. */
static void bus_write(struct lxa_cycles *c, cycle ready, cycle at)
{
	c->bus.turn = c->bus.waits = 0;
	if (++c->bus.beat < c->ratio)
		return;
	c->bus.beat = 0;
	wr_send(c, 1, ready, at);
}

/* Send until t, and no further than to `sent` words, on a bus without reads. */
void cyc_wr_run(struct lxa_cycles *c, cycle t, uint64_t sent)
{
	cycle ready, at;
	uint32_t n;

	while (c->wr.sent < sent && (ready = cyc_wr_next(c)) < t) {
		if (!c->wr.begun && t - c->bus.at >= 16 * c->wr_word && wr_leap(c, t, sent))
			continue;
		if (ready > c->bus.at)
			bus_pass(c, ready - c->bus.at, 0);
		n = wr_there(c);
		at = bus_nth(c, n * c->ratio - c->bus.beat);
		if (n > 1 && at < t && n <= sent - c->wr.sent) { /* the burst at once */
			bus_pass(c, at + 1 - c->bus.at, n * c->ratio - c->bus.beat);
			c->bus.beat = 0;
			c->bus.turn = c->bus.waits = 0;
			wr_send(c, n, ready, at);
			continue;
		}
		at = bus_nth(c, 1);
		if (at >= t)
			return;
		bus_pass(c, at + 1 - c->bus.at, 1);
		bus_write(c, ready, at);
	}
}

/* A cycle in which both directions want to move a beat: 1 when the read does. Where there is one for both they take turns. */
static int bus_both(struct lxa_cycles *c, cycle ready)
{
	uint32_t beats = c->bus.tokens / c->beat;
	int rd = beats && !(beats == 1 && c->bus.waits && c->bus.turn), wr = (int)beats > rd;
	cycle at = c->bus.at;

	bus_pass(c, 1, rd + wr);
	if (rd)
		c->bus.turn = 1;
	c->bus.waits = 1;
	if (wr)
		bus_write(c, ready, at);
	return rd;
}

/*
 * The same where no cycle has more than a beat, as long as both go on: they take turns strictly. At most n reads: how many moved.
 */
static uint32_t bus_turns(struct lxa_cycles *c, cycle ready, uint32_t n)
{
	int read_first = !(c->bus.waits && c->bus.turn);
	uint32_t words = wr_there(c);
	cycle at;

	n = n - read_first < words ? n - read_first : words;
	if (c->rate > c->beat || c->ratio > 1 || n < 2)
		return (uint32_t)bus_both(c, ready);
	at = bus_nth(c, 2 * n);
	bus_pass(c, at + 1 - c->bus.at, 2 * n);
	c->bus.turn = c->bus.waits = !read_first;
	wr_send(c, n, ready, at - !read_first);
	return n;
}

/* The read beats that move before cycle `until`, alone. */
static uint32_t bus_reads(struct lxa_cycles *c, cycle until)
{
	uint32_t n = (uint32_t)(until - c->bus.at);

	if (c->rate < c->beat)
		n = (c->bus.tokens + c->rate * (n - 1)) / c->beat;
	bus_pass(c, until - c->bus.at, n);
	c->bus.waits = 0;
	if (n)
		c->bus.turn = 1;
	return n;
}

/* n read beats from now on, beside the writes that come meanwhile: when the first word and the last beat have moved. */
void cyc_rd_run(struct lxa_cycles *c, uint32_t n, cycle *first, cycle *last)
{
	uint32_t left = n, k;
	cycle ready;

	while (left) {
		ready = cyc_wr_next(c);
		if (n - left < c->ratio)
			*first = bus_nth(c, c->ratio - (n - left));
		*last = bus_nth(c, left);
		if (ready > *last) {
			bus_reads_only(c, left, *last);
			return;
		}
		k = ready > c->bus.at ? bus_reads(c, ready) : bus_turns(c, ready, left);
		if (left == k)
			*last = c->bus.at - 1;
		left -= k;
	}
}

/* Words of the newest run will be there: the first one at `at`, the last one so many cycles later. */
void cyc_wr_come(struct lxa_cycles *c, struct out_run *r, uint32_t words, cycle at, uint32_t later)
{
	uint32_t before = r->known;

	r->known += words;
	c->wr.queued += words;
	if (c->wr.come_in && at > c->wr.come[(c->wr.come_in - 1) % RUNS].last + FLUSH) {
		c->wr.gap[c->wr.gap_in++ % RUNS] = before;
		if (c->wr.come_run == c->wr.out && !c->wr.begun && c->wr.at < before && before < c->wr.end)
			run_cut(c, r, before);
	}
	c->wr.come[c->wr.come_in % RUNS].known = r->known;
	c->wr.come[c->wr.come_in % RUNS].at = at;
	c->wr.come[c->wr.come_in++ % RUNS].last = at + later;
}

struct out_run *cyc_wr_push(struct lxa_cycles *c, const struct out_run *r)
{
	struct out_run *to = &c->wr.q[c->wr.in++ % RUNS];

	*to = *r;
	c->wr.queued += r->known;
	if (c->wr.in - c->wr.out == 1)
		run_begin(c);
	return to;
}
