/* SPDX-License-Identifier: MIT */
/*
 * engines.h - the cycle model's inside: its numbers, what it knows of each engine, and how the engines call one another.
 *
 * One struct an engine, named after the RTL's module; each says when it can move next (plan_*) and does so (on_*), and the
 * engine with the earliest time moves. What happens inside a burst, a step or an output block is in closed form:
 *  - a burst's words come evenly spaced between the first and the last;
 *  - a step takes a cycle a pixel, and begins when its weights have moved to the shadow registers;
 *  - a block takes its items a cycle each, and its words go to the write port evenly spaced.
 * Times are cycles since reset. "x + n" stands for registers between two engines; the names of the numbers are in the table below.
 */
#ifndef LXA_CYCLES_ENGINES_H
#define LXA_CYCLES_ENGINES_H

#include "lxa_cycles.h"

/* The micro-architecture's constants. */
enum {
	TILES = 4,			/* lxa_core_pkg: ring of tiles */
	JOBS = 8,			/* lxa_core: accepted and not complete */
	BURST = 256,			/* lxa_reader, lxa_wr_dma: bytes of a burst, and its alignment */
	AHEAD = 4,			/* lxa_cmd: descriptors fetched ahead */
	KEEP_BYTES = 42 * 4,		/* lxa_cmd: bytes of a descriptor that are loaded, a word a cycle */
	CMD_CHECK = 2,			/* lxa_cmd: LOADED, CHECK */
	TILER_JOB = 14,			/* lxa_tiler: job accepted to first push */
	TILER_TILE = 11,		/* push to push */
	ACC_HALVES = 2, ACT_HALVES = 2, PAR_BUFFERS = 2,
	WGT_READY = 1,			/* lxa_wgt_load: last word popped to ready */
	WGT_NEXT = 0,			/* a step's first issue to the next one's first pop */
	MACS = 65535,			/* lxa_seq: counted a cycle at most */
	ACC_FULL = 3,			/* lxa_seq: last issue to accumulators complete */
	DRAIN_BLOCK = 2,		/* lxa_drain: WAIT to first item */

	STAGES = 5,			/* lxa_drain, lxa_requant: items between the accumulators and lxa_pack */
	OUT_BEAT = 10,			/* lxa_requant to lxa_wr_dma: the item that closes a burst to its first beat */
	OUT_FLUSH = 19,			/* the same when no further word comes */
	FLUSH = OUT_FLUSH - OUT_BEAT,	/* a word that comes later than that begins a burst */
	WR_QUEUED = 10,			/* lxa_pack and the words that wait to be joined */
	WR_BYTES = 512,			/* lxa_wr_dma: of the words queued */
	WR_ADDR = 8,			/* closed bursts queued */
	WR_OPEN = 64,			/* bursts without a response */
	WR_FREE = 2,			/* a word's beat to a free entry in lxa_pack */
	WR_TRIP = 3,			/* last beat to the first one of the burst that takes its place, beyond the latency */
	RES_GROUP = 2,			/* lxa_res_load: word in to group out */
	DEBT = 32,			/* lxa_rd_dma: words of lead of activations or weights, at most */
	RES_DEPTH = 64,			/* lxa_res_load: words, and pixels */
	REC_BYTES = 128,		/* lxa_cpl */
};

typedef int64_t cycle;

#define NEVER ((cycle)1 << 60)
#define QUEUE 64			/* bursts in flight; >= any RD_OUTSTANDING */
#define RUNS 64				/* blocks that the output stage has sent, each with a word still queued, and records */

enum client { CMD, ACT, WGT, PAR, RES, CLIENTS };
enum cause { BUSY, C_WGT, C_ACT, C_RD, C_OUT, C_WR, C_PIPE, C_CMD, CAUSES };

struct job {
	int nop, barrier, lane, planes;
	uint32_t in_h, in_w, conv_h, conv_w, out_h, out_w, batch, tile_h, tile_w;
	uint32_t sy, sx, pad_t, pad_l, ek_h, ek_w;
	uint32_t pool_h, pool_w, pool_sy, pool_sx, pool_pt, pool_pl;
	uint64_t act_addr, wgt_addr, par_addr, res_addr, out_addr;
	uint32_t in_px, in_row, in_img, out_px, out_row, out_img, res_px, res_row, res_img;
	uint32_t ocb, oc_tail, steps;	/* steps a block */
	uint32_t icb, pass_steps;	/* input blocks; steps of a pass */
	uint32_t macs;			/* useful ones of an output element and a tap */
	uint32_t wgt_step;		/* words of a step's weights */
	uint64_t wgt_words;
	uint32_t par_words;		/* of a block */
	uint32_t rows;			/* parameter rows of a channel */
	uint32_t step_period, block_period; /* after so many of them bursts begin as before */
	uint32_t blk_groups, grp_bytes, grp_beats, res_grp;
	cycle when;			/* seen by the command engine */
	/* its way */
	cycle desc_at;			/* descriptor in, or NEVER */
	cycle retired;			/* or NEVER */
};

struct tile {
	uint32_t job;			/* number */
	int first, last;
	uint32_t n, oy, ox;		/* where */
	cycle push;
	uint32_t pix, npx;		/* convolution pixels, outputs */
	uint32_t th, tw;
	uint64_t windows;		/* sum over outputs of the window positions inside */
	uint64_t act_addr, res_addr, out_addr;
	uint32_t act_rows, act_words;
};

/* A block's words at the write port: rows of pixels, at even distances in time, or, with a residual, as they come. */
struct out_run {
	uint64_t addr;			/* of the first pixel */
	uint32_t row, px, bytes, tw;	/* pitches; bytes written of a pixel; pixels a row */
	uint32_t words;			/* of all */
	uint32_t per_px;		/* of each pixel, where all have as many; else 0 */
	int linear;			/* all are neighbours */
	uint32_t known;			/* that have come; evenly: all */
	cycle last;			/* when the last one is closed */
	uint64_t step;			/* between two that come evenly, on the average, in cycles / 2^32 */
	uint32_t piece, pieces;		/* when they come, in so many pieces */
	int evenly;
};

/* Words from number `from` of a run on: word from + n closes the burst before it at first + (n + 1) * step. */
#define PIECES 128

struct piece {
	uint32_t from;
	cycle first;
	uint64_t step;
};

struct burst {
	cycle when;
	uint32_t words;
	enum client client;
};

/* What repeats: steps of a block, blocks of a tile, tiles, rows of tiles, images. */
enum level { L_STEP, L_BLOCK, L_TILE, L_ROW, L_IMAGE, LEVELS };
#define MARKS 64

struct mark {				/* the state at the beginning of one, against that of the one before */
	cycle at, period;		/* true time; since the one before */
	cycle cause[CAUSES], spent[CAUSES];
	cycle v[2][MARKS];		/* this one's, and the one before */
	int which;
	int equal;			/* how often in a row it was the same */
};

/* A run of words cut into requests: lxa_reader. */
struct reader {
	uint64_t addr;			/* in words */
	uint64_t left;
	cycle req;			/* cycle from which the request stands */
	cycle free;			/* cycle in which the last request left */
};

/*
 * The output stage moves as a whole, and stands while lxa_pack takes the words of the oldest group in it. So a group that comes
 * late leaves a bubble, which costs it a move and is made up for when the bubble comes out.
 */
struct stages {
	cycle next;			/* its next move */
	uint64_t beats;			/* a byte a stage, the oldest lowest: words of a group wider than one; else 0 */
	uint32_t narrow;		/* words of groups that are no wider than one */
};

/* When words came: of the last few bursts of a client. */
#define BURSTS_KEPT 4

struct words {
	uint64_t have;			/* on their way in or in */
	uint32_t n;			/* bursts */
	struct { uint64_t from; uint32_t words; cycle at, last; } burst[BURSTS_KEPT]; /* the first one's, the last one's */
};

struct lxa_cycles {
	struct lxa_cycles_cfg cfg;
	cycle latency;
	uint32_t beat, rate;		/* bytes of a beat, and a cycle's, reads and writes together */
	uint64_t rate_inv;		/* 2^32 / rate: by which bytes of few bursts are divided */
	uint32_t ratio, burst, word_log2; /* beats a word, words a burst */
	cycle wr_word;			/* cycles between two words written, at least */
	int calm;			/* the last event changed nothing but the streams of activations and weights */
	cycle now;

	struct job jobs[LXA_CYCLES_QUEUE];
	uint32_t added, issued, loaded, accepted, retired, done, taken; /* numbers of jobs; taken: asked for */
	struct lxa_cycles_share share[LXA_CYCLES_QUEUE];
	cycle share_at[LXA_CYCLES_QUEUE];

	struct { cycle req, load_free; uint32_t in; } cmd;
	struct {
		int busy;
		cycle t, ready, idle;
		uint32_t n, oy, ox;
		struct tile tile;
	} tiler;
	struct tile ring[2 * TILES];	/* twice: the drain still works on one that is free for the tiler */
	uint32_t pushed, freed;		/* tiles */
	cycle freed_at;

	struct {
		uint32_t tile, used, rows;
		int run;
		uint64_t row;
		cycle free_at;		/* a half was freed */
		struct reader rd;
		uint32_t rx;		/* tile whose words come in */
		uint64_t rx_left;
		int rx_on;
		uint32_t full;		/* halves filled, in tiles */
		cycle full_at[2 * TILES];
	} act;
	struct {
		uint32_t tile;
		struct reader rd;
		uint64_t asked;		/* words requested */
		struct words in;
	} wgt;
	struct {
		uint32_t tile, blk, used;
		int run;
		cycle load, free_at;
		struct reader rd;
		uint32_t rx_left[4], rx_in, rx_out; /* buffers on their way */
		uint32_t full;		/* blocks filled */
		cycle full_at[4];
	} par;
	struct {
		uint32_t tile, blk, oy, ox;
		int run;
		cycle start;		/* reader may start the next pixel */
		struct reader rd;
		uint64_t asked, popped;	/* words */
		struct words in;
		uint64_t pixels, pixels_popped;
		cycle popped_at;
		struct { uint32_t tile, blk, oy, ox, grp; } out; /* the group that is handed out next */
	} res;
	struct {
		cycle t, free, req[CLIENTS], others; /* others: the earliest but for activations and weights */
		int stuck;
		cycle stuck_at;
		struct burst held;
		int debt;
		uint32_t in, out;	/* bursts issued, data begun */
		struct burst q[QUEUE];
		cycle popped[QUEUE];
		cycle bus;		/* next beat */
		cycle cur_at, cur_end, cur_beats; /* the burst on the bus */
	} rd;
	struct {			/* sim/axi_mem.c; reads too, unless there is always a beat for each direction */
		cycle at;		/* from here on nothing is decided */
		uint32_t tokens;	/* bytes that may move in that cycle */
		int turn, waits;	/* 1: the write's; a write beat was refused in the cycle before */
		uint32_t beat;		/* of a word written, that have gone */
	} bus;
	struct {
		struct out_run q[RUNS];	/* what blocks of the output stage send */
		uint32_t in, out;
		struct piece piece[PIECES]; /* of those that come evenly */
		uint32_t piece_in;
		/* the oldest's next word, and its burst's */
		uint32_t at, start, end; /* start: of the burst */
		struct place { uint32_t x; uint64_t word, word_end, row; } from, to; /* of those, from is valid until it is sent */
		struct { uint32_t known; cycle at, last; } come[RUNS]; /* of run come_run, which comes as it comes */
		uint32_t come_run, come_in;
		uint32_t gap[RUNS], gap_in, gap_out; /* its words before which there was nothing for long */
		uint64_t queued, sent;	/* words */
		uint32_t bursts;
		int begun;		/* the burst under way has sent a word */
		cycle open[WR_OPEN];	/* when the burst that takes this one's place may begin */
		cycle last;		/* beat of the last word sent */
		cycle refused, refused_at; /* cycles in which a beat was not taken; as of the last account */
	} wr;
	struct {
		cycle t;
		uint32_t tile, blk, step;
		int run;
		cycle head;		/* last step's first issue */
		cycle end;		/* the cycle behind the last issue */
		cycle shadow;		/* first pop of the next step's weights, or NEVER */
		uint32_t shadow_words;
		uint64_t popped;	/* words of the steps before that */
		cycle macs_at, macs_end; /* the cycles in which there are MACs to be counted */
		uint32_t acc_used;
		cycle acc_free;
		uint32_t blocks;	/* complete */
		cycle full_at[4];
	} seq;
	struct {
		cycle t;
		enum { D_IDLE, D_WAIT, D_RES, D_END, D_FLUSH, D_QUIET } state;
		cycle since;
		uint32_t tile, blk, blocks;
		cycle give;		/* with a residual: when the next group may be there, once its words are */
		struct stages out;
		cycle last;		/* when the newest item entered it */
		int even;		/* the block's words come evenly, as run `run`, behind so many that were queued before */
		uint32_t run;
		uint64_t before;
	} drain;
	struct { cycle t, free; } cpl;

	cycle acct;			/* cycles before it are accounted */
	cycle sampled;
	cycle cause[CAUSES];

	cycle skipped;			/* cycles that were not played: true time is now + skipped */
	struct mark mark[LEVELS];
};

/* The groups whose residual comes at once: a pixel's, or one where it or what is written fills whole words. */
struct unit {
	uint32_t n;			/* groups */
	uint32_t need, pop;		/* words behind the popped ones that it needs, and that are done with then */
	int last;			/* of its pixel */
};

/* ---- small ones that many use ------------------------------------------------------------------------------ */

static inline cycle max2(cycle a, cycle b) { return a > b ? a : b; }
static inline cycle min2(cycle a, cycle b) { return a < b ? a : b; }
static inline uint32_t div_up(uint32_t a, uint32_t b) { return (a + b - 1) / b; }
static inline struct job *job_of(struct lxa_cycles *c, uint32_t n) { return &c->jobs[n % LXA_CYCLES_QUEUE]; }
static inline struct tile *tile_of(struct lxa_cycles *c, uint32_t n) { return &c->ring[n % (2 * TILES)]; }

static inline cycle since(const struct lxa_cycles *c, cycle t)
{
	return t >= NEVER ? NEVER : max2(t - c->now, -32);	/* what is past longer than any pipeline does not matter */
}

/* n steps of so many cycles / 2^32. */
static inline cycle steps(uint64_t n, uint64_t step)
{
	return (cycle)(n * step >> 32);
}

static inline uint64_t step_of(cycle cycles, uint64_t n)
{
	return n ? (((uint64_t)cycles << 32) + n - 1) / n : 0;
}

static inline void words_come(struct words *w, uint32_t words, cycle first, cycle last)
{
	uint32_t i = w->n++ % BURSTS_KEPT;

	w->burst[i].from = w->have;
	w->burst[i].at = first;
	w->burst[i].words = words;
	w->burst[i].last = last;
	w->have += words;
}

/* When word n was there, which has come not long ago; or 0. */
static inline cycle words_at(const struct words *w, uint64_t n)
{
	uint32_t i;

	for (i = 1; i <= BURSTS_KEPT && i <= w->n; i++) {
		uint32_t k = (w->n - i) % BURSTS_KEPT, at, all;

		if (n < w->burst[k].from)
			continue;
		at = (uint32_t)(n - w->burst[k].from), all = w->burst[k].words - 1;
		if (at == all)
			return w->burst[k].last;
		return w->burst[k].at + (w->burst[k].last - w->burst[k].at == all ? at : (uint32_t)(w->burst[k].last - w->burst[k].at) * at / all);
	}
	return 0;
}

static inline uint32_t reader_words(const struct lxa_cycles *c, const struct reader *r)
{
	uint32_t edge = c->burst - (uint32_t)(r->addr & (c->burst - 1));

	return r->left < edge ? (uint32_t)r->left : edge;
}

static inline void reader_fire(const struct lxa_cycles *c, struct reader *r, cycle at)
{
	uint32_t n = reader_words(c, r);

	r->addr += n;
	r->left -= n;
	r->req = r->left ? at + 1 : NEVER;
	if (!r->left)
		r->free = at;
}

/* From when the weight request stands: it waits for room in the buffer. */
static inline cycle wgt_req(const struct lxa_cycles *c)
{
	uint64_t depth = c->cfg.wgt_bytes >> c->word_log2, want;

	if (!c->wgt.rd.left)
		return NEVER;
	want = c->wgt.asked + reader_words(c, &c->wgt.rd);
	if (want <= depth + c->seq.popped)
		return c->wgt.rd.req;
	if (c->seq.shadow >= NEVER)
		return NEVER;
	want -= depth + c->seq.popped;	/* words of the shadow's load that must be popped */
	if (want > c->seq.shadow_words || c->seq.popped + want > c->wgt.in.have)
		return NEVER;
	return max2(c->wgt.rd.req, c->seq.shadow + (cycle)want);
}

/* When the next burst comes. */
static inline cycle data_at(const struct lxa_cycles *c)
{
	return c->rd.in == c->rd.out ? NEVER : max2(c->rd.q[c->rd.out % QUEUE].when, c->rd.bus);
}

/* So many cycles pass, in which so many beats move. */
static inline void bus_pass(struct lxa_cycles *c, cycle cycles, cycle beats)
{
	cycle tokens = c->bus.tokens + cycles * c->rate - beats * c->beat, most = c->beat + c->rate - 1;

	c->bus.tokens = (uint32_t)max2(0, min2(tokens, most));
	c->bus.at += cycles;
}

/* When the n-th beat from now on moves, one a cycle at most, when nothing else does. */
static inline cycle bus_nth(const struct lxa_cycles *c, uint32_t n)
{
	uint32_t bytes = n * c->beat;

	if (c->rate >= c->beat)
		return c->bus.at + n - 1;
	return c->bus.at + (bytes > c->bus.tokens ? (cycle)((bytes - c->bus.tokens + c->rate - 1) * c->rate_inv >> 32) : 0);
}

/* All n read beats move, with nothing beside them. */
static inline void bus_reads_only(struct lxa_cycles *c, uint32_t n, cycle last)
{
	bus_pass(c, last + 1 - c->bus.at, n);
	c->bus.waits = 0;
	c->bus.turn = 1;
}

/* ---- the engines ------------------------------------------------------------------------------------------- */

#pragma GCC visibility push(hidden)

/* job.c */
void cyc_take_desc(const struct lxa_cycles_cfg *cfg, const uint32_t *d, struct job *j);
void cyc_take_layer(const struct lxa_cycles_cfg *cfg, const struct lxa_job *from, const struct lxa_layout *l, uint32_t tile_h,
		       uint32_t tile_w, struct job *j);
/* tiler.c */
void cyc_make_tile(struct lxa_cycles *c);
void cyc_plan_tiler(struct lxa_cycles *c);
void cyc_on_tiler(struct lxa_cycles *c);
/* loaders.c */
void cyc_reader_start(struct lxa_cycles *c, struct reader *r, uint64_t addr, uint64_t words, cycle at);
void cyc_plan_cmd(struct lxa_cycles *c);
void cyc_load_desc(struct lxa_cycles *c);
void cyc_act_next_row(struct lxa_cycles *c, cycle at);
void cyc_act_receive(struct lxa_cycles *c, cycle at);
void cyc_plan_act(struct lxa_cycles *c);
void cyc_plan_par(struct lxa_cycles *c);
void cyc_plan_wgt(struct lxa_cycles *c);
/* residual.c */
uint32_t cyc_res_groups(const struct lxa_cycles *c, const struct job *j, uint32_t blk);
struct unit cyc_res_unit(const struct lxa_cycles *c, const struct tile *t, const struct job *j, uint32_t n);
void cyc_plan_res(struct lxa_cycles *c);
cycle cyc_res_req(struct lxa_cycles *c);
/* read_dma.c */
void cyc_plan_others(struct lxa_cycles *c);
int cyc_stream(struct lxa_cycles *c, cycle others);
/* write_dma.c */
cycle cyc_wr_next(const struct lxa_cycles *c);
void cyc_wr_run(struct lxa_cycles *c, cycle t, uint64_t sent);
void cyc_rd_run(struct lxa_cycles *c, uint32_t n, cycle *first, cycle *last);
void cyc_wr_come(struct lxa_cycles *c, struct out_run *r, uint32_t words, cycle at, uint32_t later);
uint32_t cyc_wr_room(const struct lxa_cycles *c);
struct out_run *cyc_wr_push(struct lxa_cycles *c, const struct out_run *r);
/* array.c */
int cyc_acc_wait(const struct lxa_cycles *c);
void cyc_plan_seq(struct lxa_cycles *c);
void cyc_on_seq(struct lxa_cycles *c);
/* repeat.c */
void cyc_repeat_steps(struct lxa_cycles *c, const struct job *j);
void cyc_repeat_blocks(struct lxa_cycles *c, const struct job *j);
void cyc_repeat_tiles(struct lxa_cycles *c, const struct tile *t, const struct job *j);
/* output.c */
void cyc_plan_drain(struct lxa_cycles *c);
void cyc_on_drain(struct lxa_cycles *c);
/* completion.c */
void cyc_account(struct lxa_cycles *c, cycle t);
void cyc_plan_cpl(struct lxa_cycles *c);
void cyc_on_cpl(struct lxa_cycles *c);

#pragma GCC visibility pop
#endif
