/* SPDX-License-Identifier: MIT */
/*
 * lxa_cycles.c - see lxa_cycles.h.
 *
 * One struct an engine, named after the RTL's module; each says when it can move next (plan_*) and does so (on_*), and the
 * engine with the earliest time moves. What happens inside a burst, a step or an output block is in closed form:
 *  - a burst's words come evenly spaced, at the rate that the memory and the writes beside it leave;
 *  - a step takes a cycle a pixel, and begins when its weights have moved to the shadow registers;
 *  - a block takes its items a cycle each, and its words go to the write port evenly spaced.
 * Times are cycles since reset, whole ones. "x + n" stands for registers between two engines; the
 * names of the numbers are in the table below.
 */
#include "lxa_cycles.h"

#include <stdlib.h>
#include <string.h>

#include "../../driver/lxa_regs.h"

/* ---- the micro-architecture's constants ----------------------------------------------------------------- */
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
	DRAIN_QUIET = 8,		/* last item to an empty output stage */
	STAGES = 5,			/* lxa_drain, lxa_requant: items between the accumulators and lxa_pack */
	OUT_BEAT = 10,			/* lxa_requant to lxa_wr_dma: the item that closes a burst to its first beat */
	OUT_FLUSH = 19,			/* the same when no further word comes */
	FLUSH = OUT_FLUSH - OUT_BEAT,	/* a word that comes later than that begins a burst */
	WR_QUEUED = 10,			/* lxa_pack and the words that wait to be joined */
	WR_BYTES = 512,			/* lxa_wr_dma: of the words queued */
	WR_ADDR = 8,			/* closed bursts queued */
	WR_OPEN = 64,			/* bursts without a response */
	WR_TRIP = 3,			/* last beat to the first one of the burst that takes its place, beyond the latency */
	RES_GROUP = 2,			/* lxa_res_load: word in to group out */
	DEBT = 32,			/* lxa_rd_dma: words of lead of activations or weights, at most */
	RES_DEPTH = 64,			/* lxa_res_load: words, and pixels */
	REC_BYTES = 128,		/* lxa_cpl */
};

typedef int64_t cycle;

#define NEVER ((cycle)1 << 60)
#define QUEUE 64			/* bursts in flight; >= any RD_OUTSTANDING + 1 */
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
	uint32_t ch, cw, th, tw;
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
	cycle first, last;		/* evenly: word n closes the burst before it at first + (n + 1) * step; the last one is closed at .. */
	uint64_t step;			/* in cycles / 2^32 */
	int evenly;
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
	cycle v[MARKS];
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
		/* the oldest's next word, and its burst's end */
		uint32_t at, end;
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
	} drain;
	struct { cycle t, free; } cpl;

	cycle acct;			/* cycles before it are accounted */
	cycle sampled;
	cycle cause[CAUSES];

	cycle skipped;			/* cycles that were not played: true time is now + skipped */
	struct mark mark[LEVELS];
};

static cycle max2(cycle a, cycle b) { return a > b ? a : b; }
static cycle min2(cycle a, cycle b) { return a < b ? a : b; }
static uint32_t div_up(uint32_t a, uint32_t b) { return (a + b - 1) / b; }
static struct job *job_of(struct lxa_cycles *c, uint32_t n) { return &c->jobs[n % LXA_CYCLES_QUEUE]; }
static struct tile *tile_of(struct lxa_cycles *c, uint32_t n) { return &c->ring[n % (2 * TILES)]; }

/* ---- descriptor ------------------------------------------------------------------------------------------ */

static uint64_t get(const uint32_t *d, uint32_t field)
{
	uint32_t word = LXA_DF_WORD(field), lsb = LXA_DF_LSB(field), width = LXA_DF_WIDTH(field);

	if (width == 64)
		return d[word] | (uint64_t)d[word + 1] << 32;
	return width == 32 ? d[word] : d[word] >> lsb & ((1u << width) - 1);
}

/* Repetitions that end where a burst ends: so many of a and b words each. */
static uint32_t whole_bursts(const struct lxa_cycles_cfg *cfg, uint64_t a, uint64_t b)
{
	uint32_t n = 1;

	while ((a * n | b * n) % (BURST / cfg->word_bytes))
		n *= 2;
	return n;
}

static const uint8_t out_bits[8] = { 1, 4, 8, 32, 64 };

/* What follows from sizes and formats. */
static void derive(const struct lxa_cycles_cfg *cfg, struct job *j, uint32_t passes, uint32_t taps, uint32_t nthr, uint32_t out_fmt,
		   uint32_t res_bits)
{
	uint32_t oc = j->lane ? cfg->xnor_oc : cfg->shift_oc, ic = j->lane ? cfg->xnor_ic : cfg->shift_ic;

	j->pass_steps = taps * j->icb;
	j->steps = passes * j->pass_steps;
	j->wgt_step = oc * ic / (j->lane ? 8 : 1) / cfg->word_bytes;
	j->wgt_words = (uint64_t)j->ocb * j->steps * j->wgt_step;
	j->rows = (nthr + 6) / 4;
	j->par_words = j->rows * oc * 16 / cfg->word_bytes;
	j->step_period = whole_bursts(cfg, j->wgt_step, 0);
	j->block_period = whole_bursts(cfg, (uint64_t)j->wgt_step * j->steps, j->par_words);
	j->blk_groups = oc / cfg->out_lanes;
	j->grp_bytes = cfg->out_lanes * out_bits[out_fmt] / 8;
	j->grp_beats = j->grp_bytes > cfg->word_bytes ? j->grp_bytes / cfg->word_bytes : 1;
	j->res_grp = cfg->out_lanes * res_bits / 8;
}

static void take_desc(const struct lxa_cycles_cfg *cfg, const uint32_t *d, struct job *j)
{
#define F(f) ((uint32_t)get(d, LXA_D_##f))
	static const uint8_t fmt_bits[8] = { 4, 8, 8, 8, 0, 0, 32 };
	uint32_t pack = F(PACK), kx = pack ? 1 : F(KW), mode = F(RES_MODE);

	memset(j, 0, sizeof(*j));
	j->nop = F(OP) == LXA_HW_OP_NOP;
	j->desc_at = j->retired = NEVER;
	if (j->nop)
		return;
	j->barrier = (int)F(BARRIER), j->lane = (int)F(LANE);
	j->planes = F(ACT_FMT) == LXA_HW_FMT_N4 && F(A_BITS) ? (int)F(A_BITS) : 1;
	j->in_h = F(IN_H), j->in_w = F(IN_W), j->conv_h = F(CONV_H), j->conv_w = F(CONV_W);
	j->out_h = F(OUT_H), j->out_w = F(OUT_W), j->batch = F(BATCH), j->tile_h = F(TILE_H), j->tile_w = F(TILE_W);
	j->sy = F(SY), j->sx = F(SX), j->pad_t = F(PAD_T), j->pad_l = F(PAD_L);
	j->ek_h = (F(KH) - 1) * F(DY) + 1, j->ek_w = (F(KW) - 1) * F(DX) + 1;
	j->pool_h = F(POOL_H), j->pool_w = F(POOL_W), j->pool_sy = F(POOL_SY), j->pool_sx = F(POOL_SX);
	j->pool_pt = F(POOL_PT), j->pool_pl = F(POOL_PL);
	j->act_addr = get(d, LXA_D_ACT_ADDR), j->wgt_addr = get(d, LXA_D_WGT_ADDR), j->par_addr = get(d, LXA_D_PAR_ADDR);
	j->res_addr = get(d, LXA_D_RES_ADDR), j->out_addr = get(d, LXA_D_OUT_ADDR);
	j->in_px = F(IN_PX) * (pack ? 1 : 8), j->in_row = F(IN_ROW), j->in_img = F(IN_IMG);
	j->out_px = F(OUT_PX) * 8, j->out_row = F(OUT_ROW), j->out_img = F(OUT_IMG);
	j->res_px = F(RES_PX) * 8, j->res_row = F(RES_ROW), j->res_img = F(RES_IMG);
	j->ocb = F(OCB), j->oc_tail = F(OC_TAIL), j->icb = F(ICB), j->macs = F(MAC_IC);
	derive(cfg, j, F(PASSES), F(KH) * kx, F(NTHR), F(OUT_FMT),
	       mode == LXA_HW_RES_NONE ? 0 : mode == LXA_HW_RES_RAW ? 64 : fmt_bits[F(RES_FMT)]);
#undef F
}

/* The same from what software has before the driver makes a descriptor; operands are taken to begin where a burst does. */
static void take_layer(const struct lxa_cycles_cfg *cfg, const struct lxa_job *from, const struct lxa_layout *l, uint32_t tile_h,
		       uint32_t tile_w, struct job *j)
{
	memset(j, 0, sizeof(*j));
	j->desc_at = j->retired = NEVER;
	j->barrier = !(from->flags & LXA_JOB_INDEPENDENT), j->lane = (int)l->lane;
	j->planes = from->act_fmt == LXA_FMT_N4 ? from->act_bits : 1;
	j->in_h = from->in_h, j->in_w = from->in_w, j->conv_h = l->conv_h, j->conv_w = l->conv_w;
	j->out_h = l->out_h, j->out_w = l->out_w, j->batch = from->batch, j->tile_h = tile_h, j->tile_w = tile_w;
	j->sy = from->sy, j->sx = from->sx, j->pad_t = from->pad_t, j->pad_l = from->pad_l;
	j->ek_h = l->ekh, j->ek_w = l->ekw;
	j->pool_h = from->pool_h, j->pool_w = from->pool_w, j->pool_sy = from->pool_sy, j->pool_sx = from->pool_sx;
	j->pool_pt = from->pool_pt, j->pool_pl = from->pool_pl;
	j->in_px = l->in_px, j->in_row = (uint32_t)l->in_row, j->in_img = (uint32_t)l->in_img;
	j->out_px = l->out_px, j->out_row = (uint32_t)l->out_row, j->out_img = (uint32_t)l->out_img;
	j->res_px = l->res_px, j->res_row = (uint32_t)l->res_row, j->res_img = (uint32_t)l->res_img;
	j->ocb = l->ocb, j->oc_tail = l->oc_tail, j->icb = l->icb, j->macs = l->mac_ic;
	derive(cfg, j, l->passes, from->kh * l->kx, from->nthr, from->out_fmt,
	       from->res_mode == LXA_RES_NONE ? 0 : lxa_res_bits(from));
}

/* ---- tiler ------------------------------------------------------------------------------------------------ */

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

static void make_tile(struct lxa_cycles *c)
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
	t->ch = y.conv, t->cw = x.conv, t->th = y.out, t->tw = x.out;
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

static void plan_tiler(struct lxa_cycles *c)
{
	if (c->tiler.busy) {
		c->tiler.t = c->pushed - c->freed < TILES ? max2(c->tiler.ready, c->freed_at + 1) : NEVER;
		return;
	}
	c->tiler.t = NEVER;
	if (c->loaded > c->accepted && c->accepted - c->done < JOBS)
		c->tiler.t = max2(max2(c->tiler.idle, c->cmd.load_free), c->cpl.free);
}

static void account(struct lxa_cycles *c, cycle t);
static void plan_cmd(struct lxa_cycles *c);

static void on_tiler(struct lxa_cycles *c)
{
	struct job *j;

	if (!c->tiler.busy) {		/* take the next job */
		account(c, c->now + 1);
		j = job_of(c, c->accepted++);
		c->cmd.load_free = c->now + 1;
		plan_cmd(c);
		if (j->nop) {
			j->retired = c->now;
			c->retired += c->retired + 1 == c->accepted;
			return;
		}
		c->tiler.busy = 1;
		c->tiler.n = c->tiler.oy = c->tiler.ox = 0;
		c->tiler.ready = c->now + TILER_JOB;
		make_tile(c);
		return;
	}
	account(c, c->now + 1);
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
	make_tile(c);
}

/* ---- requests --------------------------------------------------------------------------------------------- */

static void reader_start(struct lxa_cycles *c, struct reader *r, uint64_t addr, uint64_t words, cycle at)
{
	r->addr = addr / c->cfg.word_bytes;
	r->left = words;
	r->req = at + 1;
	r->free = NEVER;
}

static uint32_t reader_words(const struct lxa_cycles *c, const struct reader *r)
{
	uint32_t edge = c->burst - (uint32_t)(r->addr & (c->burst - 1));

	return r->left < edge ? (uint32_t)r->left : edge;
}

static void reader_fire(const struct lxa_cycles *c, struct reader *r, cycle at)
{
	uint32_t n = reader_words(c, r);

	r->addr += n;
	r->left -= n;
	r->req = r->left ? at + 1 : NEVER;
	if (!r->left)
		r->free = at;
}

/* n steps of so many cycles / 2^32. */
static cycle steps(uint64_t n, uint64_t step)
{
	return (cycle)(n * step >> 32);
}

static uint64_t step_of(cycle cycles, uint64_t n)
{
	return n ? (((uint64_t)cycles << 32) + n - 1) / n : 0;
}

static void words_come(struct words *w, uint32_t words, cycle first, cycle last)
{
	uint32_t i = w->n++ % BURSTS_KEPT;

	w->burst[i].from = w->have;
	w->burst[i].at = first;
	w->burst[i].words = words;
	w->burst[i].last = last;
	w->have += words;
}

/* When word n was there, which has come not long ago; or 0. */
static cycle words_at(const struct words *w, uint64_t n)
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

/* Descriptors: the next request. */
static void plan_cmd(struct lxa_cycles *c)
{
	c->cmd.req = NEVER;
	if (c->issued < c->added && c->issued - c->loaded < AHEAD)
		c->cmd.req = max2(job_of(c, c->issued)->when, c->now);
}

/* The next descriptor that is in: loaded, checked, offered. */
static void load_desc(struct lxa_cycles *c)
{
	struct job *j;

	if (c->loaded != c->accepted || c->loaded == c->issued)
		return;
	j = job_of(c, c->loaded);
	if (j->desc_at >= NEVER)
		return;
	c->loaded++;
	c->cmd.load_free = max2(j->desc_at + 1, c->cmd.load_free) + div_up(KEEP_BYTES, c->cfg.word_bytes) + CMD_CHECK;
	plan_cmd(c);
}

static void act_next_row(struct lxa_cycles *c, cycle at)
{
	struct tile *t = tile_of(c, c->act.tile - 1);

	reader_start(c, &c->act.rd, c->act.row, t->act_words, at);
	c->act.row += job_of(c, t->job)->in_row;
	if (!--c->act.rows)
		c->act.run = 0;
}

static void act_receive(struct lxa_cycles *c, cycle at)
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

static void plan_act(struct lxa_cycles *c)
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
		act_next_row(c, at + 1);
	else
		c->act.rd.free = at + 1;
	act_receive(c, at + 1);
}

static void plan_par(struct lxa_cycles *c)
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
	reader_start(c, &c->par.rd, j->par_addr + (uint64_t)c->par.blk * j->par_words * c->cfg.word_bytes, j->par_words, at);
	c->par.rx_left[c->par.rx_in++ % 4] = j->par_words;
	c->par.used++;
	if (++c->par.blk == j->ocb)
		c->par.run = 0;
}

static void plan_wgt(struct lxa_cycles *c)
{
	struct tile *t;
	struct job *j;

	if (c->wgt.rd.left || c->wgt.tile == c->pushed)
		return;
	t = tile_of(c, c->wgt.tile++);
	j = job_of(c, t->job);
	reader_start(c, &c->wgt.rd, j->wgt_addr, j->wgt_words, max2(t->push + 1, c->wgt.rd.free + 1));
}

/* From when the weight request stands: it waits for room in the buffer. */
static cycle wgt_req(const struct lxa_cycles *c)
{
	uint64_t depth = c->cfg.wgt_bytes / c->cfg.word_bytes, want;

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

static uint32_t res_groups(const struct lxa_cycles *c, const struct job *j, uint32_t blk)
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

	return div_up(off + res_groups(c, j, blk) * j->res_grp, c->cfg.word_bytes);
}

/* The groups whose residual comes at once: a pixel's, or one where it or what is written fills whole words. */
struct unit {
	uint32_t n;			/* groups */
	uint32_t need, pop;		/* words behind the popped ones that it needs, and that are done with then */
	int last;			/* of its pixel */
};

static struct unit res_unit(const struct lxa_cycles *c, const struct tile *t, const struct job *j, uint32_t n)
{
	uint32_t wb = c->cfg.word_bytes, ng = res_groups(c, j, c->res.out.blk), at, first;
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
	*u = res_unit(c, t, job_of(c, t->job), 1);
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

static void plan_res(struct lxa_cycles *c)
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
	reader_start(c, &c->res.rd, res_addr(j, t, c->res.blk, c->res.oy, c->res.ox),
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
static cycle res_req(struct lxa_cycles *c)
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

/* ---- read DMA and the memory ------------------------------------------------------------------------------ */

/* When those that stream little want to read next. */
static void plan_others(struct lxa_cycles *c)
{
	cycle *v = c->rd.req;

	v[CMD] = c->cmd.req;
	v[PAR] = c->par.rd.left ? c->par.rd.req : NEVER;
	v[RES] = res_req(c);
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
		plan_cmd(c);
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
			act_next_row(c, c->now);
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

/* ---- write DMA -------------------------------------------------------------------------------------------- */

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
	uint32_t n = c->wr.at;

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

/* When word n of one that comes evenly is there. */
static cycle run_at(const struct out_run *r, uint32_t n)
{
	return r->first + steps(n + 1, r->step);
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
static cycle wr_next(const struct lxa_cycles *c)
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
		at = r->step > (uint64_t)FLUSH << 32 ? run_at(r, c->wr.end - 1) + FLUSH : run_at(r, c->wr.end);
	else if (!r->evenly && c->wr.come_run == c->wr.out)
		at = come_closed(c, r);
	else if (c->wr.end < r->words)
		at = 0;
	else if (newest)
		at = r->last;
	else	/* the next run's first word may close it */
		at = min2(r->last, next->evenly ? run_at(next, 0) : c->wr.come_run == c->wr.out + 1 ? come_at(c, 0) : NEVER);
	return c->wr.bursts < WR_OPEN ? at : max2(at, c->wr.open[c->wr.bursts % WR_OPEN]);
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
	if (c->wr.begun)
		return;
	c->wr.open[c->wr.bursts++ % WR_OPEN] = c->wr.last + c->latency + WR_TRIP;
	if (c->wr.at < r->words)
		run_burst(c, r, UINT32_MAX);
	else if (++c->wr.out != c->wr.in)
		run_begin(c);
}

/* ---- the bus: a cycle's bytes, of which no more than for one beat are saved up ---------------------------- */

/* So many cycles pass, in which so many beats move. */
static void bus_pass(struct lxa_cycles *c, cycle cycles, cycle beats)
{
	cycle tokens = c->bus.tokens + cycles * c->rate - beats * c->beat, most = c->beat + c->rate - 1;

	c->bus.tokens = (uint32_t)max2(0, min2(tokens, most));
	c->bus.at += cycles;
}

/* When the n-th beat from now on moves, one a cycle at most, when nothing else does. */
static cycle bus_nth(const struct lxa_cycles *c, uint32_t n)
{
	uint32_t bytes = n * c->beat;

	if (c->rate >= c->beat)
		return c->bus.at + n - 1;
	return c->bus.at + (bytes > c->bus.tokens ? (cycle)((bytes - c->bus.tokens + c->rate - 1) * c->rate_inv >> 32) : 0);
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
 * The same as wr_run() at once, for words that open bursts do not hold up, while the array is busy: up to a pixel with which a
 * burst begins. 0: none.
 */
static int wr_leap(struct lxa_cycles *c, cycle t, uint64_t sent)
{
	const struct out_run *r = &c->wr.q[c->wr.out % RUNS];
	uint32_t p, tries = 16;
	uint64_t n, m;

	if (!r->evenly || !r->per_px || !r->px || (uint64_t)c->wr_word << 32 > r->step || t > c->seq.end ||
	    t < run_at(r, c->wr.at + 8) || steps(WR_OPEN, r->step) < c->latency + WR_TRIP + 4)
		return 0;
	n = ((uint64_t)(t - r->first) << 32) / r->step - 1; /* that are there, that the bus takes, that there are, that are asked for */
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
	c->wr.last = max2(run_at(r, c->wr.at), c->bus.at + (cycle)n * c->wr_word - 1);
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

/* Words of the next burst that are there, once it is closed. */
static uint32_t wr_there(const struct lxa_cycles *c)
{
	return c->wr.begun || c->wr.end <= c->wr.q[c->wr.out % RUNS].known ? c->wr.end - c->wr.at : 1;
}

/* Send until t, and no further than to `sent` words, on a bus without reads. */
static void wr_run(struct lxa_cycles *c, cycle t, uint64_t sent)
{
	cycle ready, at;
	uint32_t n;

	while (c->wr.sent < sent && (ready = wr_next(c)) < t) {
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

/* n read beats from cycle `at` on, beside the writes that come meanwhile: when the first word and the last beat have moved. */
static void rd_run(struct lxa_cycles *c, cycle at, uint32_t n, cycle *first, cycle *last)
{
	uint32_t left = n, k;
	cycle ready;

	*first = at + c->ratio - 1;
	*last = at + n - 1;
	if (c->rate >= 2 * c->beat)
		return;
	if (at > c->bus.at)
		bus_pass(c, at - c->bus.at, 0);
	while (left) {
		ready = wr_next(c);
		if (n - left < c->ratio)
			*first = bus_nth(c, c->ratio - (n - left));
		*last = bus_nth(c, left);
		if (ready > *last) {
			bus_pass(c, *last + 1 - c->bus.at, left);
			c->bus.waits = 0;
			c->bus.turn = 1;
			return;
		}
		k = ready > c->bus.at ? bus_reads(c, ready) : bus_turns(c, ready, left);
		if (left == k)
			*last = c->bus.at - 1;
		left -= k;
	}
}

/* Words that may wait between the output stage and the bus. */
static uint32_t wr_room(const struct lxa_cycles *c)
{
	uint32_t burst = c->wr.end - c->wr.at, data = WR_BYTES / c->cfg.word_bytes;

	if (c->wr.bursts < WR_OPEN || c->wr.open[c->wr.bursts % WR_OPEN] <= c->bus.at || WR_ADDR * burst >= data)
		return WR_QUEUED + data;
	return WR_QUEUED + WR_ADDR * burst;
}

static struct out_run *wr_push(struct lxa_cycles *c, const struct out_run *r)
{
	struct out_run *to = &c->wr.q[c->wr.in++ % RUNS];

	*to = *r;
	c->wr.queued += r->known;
	if (c->wr.in - c->wr.out == 1)
		run_begin(c);
	return to;
}

/* ---- the bus ---------------------------------------------------------------------------------------------- */

/* When the next burst comes. */
static cycle data_at(const struct lxa_cycles *c)
{
	return c->rd.in == c->rd.out ? NEVER : max2(c->rd.q[c->rd.out % QUEUE].when, c->rd.bus);
}

static void deliver(struct lxa_cycles *c, const struct burst *b, cycle first, cycle last)
{
	switch (b->client) {
	case CMD:
		job_of(c, c->cmd.in++)->desc_at = last;
		load_desc(c);
		break;
	case ACT:
		c->act.rx_left -= b->words;
		c->calm = c->act.rx_left != 0;
		if (c->calm)
			break;
		c->act.full_at[c->act.full++ % (2 * TILES)] = last;
		c->act.rx++;
		c->act.rx_on = 0;
		act_receive(c, last + 1);
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

	account(c, c->now);
	wr_run(c, c->now, UINT64_MAX);
	rd_run(c, c->now, n, &first, &last);
	c->rd.cur_at = c->now;
	c->rd.cur_end = c->rd.bus = last + 1;
	c->rd.cur_beats = n;
	c->rd.popped[c->rd.out++ % QUEUE] = last;
	deliver(c, b, first + 1, last + 1);
	if (c->rd.stuck)
		issue_burst(c, &c->rd.held, c->rd.stuck_at);
}

/* ---- sequencer -------------------------------------------------------------------------------------------- */

/* From when the shadow registers hold the next step's weights. */
static cycle wgt_ready(const struct lxa_cycles *c, uint32_t words)
{
	uint64_t end = c->seq.popped + words;
	cycle last;

	if (c->seq.shadow >= NEVER || end > c->wgt.in.have)
		return NEVER;
	last = c->seq.shadow + words - 1;
	return max2(last, words_at(&c->wgt.in, end - 1) + 1) + WGT_READY;
}

static int acc_wait(const struct lxa_cycles *c)
{
	return !c->seq.step && c->seq.acc_used == ACC_HALVES;
}

static void plan_seq(struct lxa_cycles *c)
{
	struct tile *t;

	if (!c->seq.run) {
		c->seq.t = NEVER;
		if (c->seq.tile == c->pushed)
			return;
		t = tile_of(c, c->seq.tile);
		if (c->seq.shadow >= NEVER)
			c->seq.shadow = max2(c->seq.head + WGT_NEXT, t->push + 2);
		c->seq.shadow_words = job_of(c, t->job)->wgt_step;
		if (c->act.full > c->seq.tile)
			c->seq.t = max2(max2(t->push, c->act.full_at[c->seq.tile % (2 * TILES)]) + 1, c->seq.end);
		return;
	}
	t = tile_of(c, c->seq.tile);
	c->seq.t = acc_wait(c) ? NEVER : max2(c->seq.end, wgt_ready(c, job_of(c, t->job)->wgt_step));
	if (!c->seq.step)
		c->seq.t = max2(c->seq.t, c->seq.acc_free + 1);
}

/* ---- repetition ------------------------------------------------------------------------------------------- */
/*
 * Most of a layer is the same again and again. Where a step, block, tile, row of tiles or image begins in the same state, as
 * far as it matters, as the two before it, what follows is as those were, and all of the same kind but the last few are
 * skipped: positions move on, the clock does not, and the cycles and their causes are added. The state is how full every
 * queue is, where the engines stand relative to the sequencer, and when they move next relative to now.
 */

static cycle since(const struct lxa_cycles *c, cycle t)
{
	return t >= NEVER ? NEVER : max2(t - c->now, -32);	/* what is past longer than any pipeline does not matter */
}

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
	v[n++] = c->wr.in == c->wr.out ? 0 : since(c, wr_next(c));
	return n;
}

/* At the beginning of a repetition: 1 when it is the third in a row that begins in this state. */
static int repeats(struct lxa_cycles *c, enum level level)
{
	struct mark *m = &c->mark[level];
	cycle at = c->now + c->skipped, period = at - m->at, v[MARKS];
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
	n = put_marks(c, v);
	for (i = 0; m->equal >= 0 && equal && i < n; i++)
		equal = v[i] == m->v[i];
	memcpy(m->v, v, (size_t)n * sizeof(*v));
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

static void repeat_steps(struct lxa_cycles *c, const struct job *j)
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

static void repeat_blocks(struct lxa_cycles *c, const struct job *j)
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
	make_tile(c);
	if (alike(&was, &c->tiler.tile) && !c->tiler.tile.last && !was.first)
		return 1;
	c->tiler.n = n, c->tiler.oy = oy, c->tiler.ox = ox;
	c->tiler.tile = was;
	return 0;
}

static void repeat_level(struct lxa_cycles *c, enum level level, const struct job *j, uint32_t k)
{
	const struct tile *t = tile_of(c, c->seq.tile);
	uint32_t tries = 4;

	if (!repeats(c, level) || !c->tiler.busy || c->accepted - 1 != t->job)
		return;
	while (k && tries-- && !tiler_move(c, level, j, k))
		k--;
	if (k && tries < 4)
		skip(c, level, k);
}

static void repeat_tiles(struct lxa_cycles *c, const struct tile *t, const struct job *j)
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

/* The step under way counts useful MACs, from the next cycle on; more than fit in a counter's step take longer. */
static void count_macs(struct lxa_cycles *c, const struct tile *t, const struct job *j)
{
	uint64_t oc = c->seq.blk + 1 == j->ocb ? j->oc_tail : j->lane ? c->cfg.xnor_oc : c->cfg.shift_oc;
	uint64_t macs = oc * j->macs;

	if (c->seq.macs_end <= c->now)
		c->seq.macs_at = c->now + 1;
	c->seq.macs_end = max2(c->seq.macs_end, c->now + 1) + (macs > MACS ? (cycle)((macs * t->pix + MACS - 1) / MACS) : t->pix);
}

static void on_seq(struct lxa_cycles *c)
{
	struct tile *t = tile_of(c, c->seq.tile);
	struct job *j = job_of(c, t->job);
	cycle pix = (cycle)t->pix * j->planes;
	/* planes of one pixel: its accumulator cannot be read in the cycle in which it is written */
	cycle again = t->pix == 1 ? j->planes - 1 : 0;

	account(c, c->now);
	if (!c->seq.run) {
		repeat_tiles(c, t, j);
		c->seq.run = 1;
		c->seq.end = c->now + 1;
		c->seq.blk = c->seq.step = 0;
		c->cause[C_PIPE] += 1;
		c->acct = c->now + 1;
		return;
	}
	if (!c->seq.step)
		repeat_blocks(c, j);
	else
		repeat_steps(c, j);
	if (!c->seq.step)
		c->seq.acc_used++;
	c->seq.head = c->now;
	c->seq.end = c->now + pix + again;
	c->seq.popped += j->wgt_step;
	c->seq.shadow = c->now + WGT_NEXT;
	c->cause[BUSY] += pix;
	c->cause[C_PIPE] += again;
	c->acct = c->seq.end;
	if (c->seq.step < j->pass_steps && c->seq.step % j->icb == j->icb - 1)
		count_macs(c, t, j);
	if (++c->seq.step < j->steps) {
		c->calm = 1;
		return;
	}
	c->seq.step = 0;
	c->seq.full_at[c->seq.blocks++ % 4] = c->seq.end - 1 + ACC_FULL;
	if (++c->seq.blk < j->ocb)
		return;
	c->seq.run = 0;
	c->seq.shadow = NEVER;
	c->seq.tile++;
	c->act.used--;
	c->act.free_at = c->seq.end - 1;
}

/* ---- output stage ----------------------------------------------------------------------------------------- */

static cycle plan_res_unit(const struct lxa_cycles *c);

static void plan_drain(struct lxa_cycles *c)
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

static void drain_start(struct lxa_cycles *c)
{
	struct tile *t = tile_of(c, c->drain.tile);
	struct job *j = job_of(c, t->job);
	uint32_t ng = groups(j, c->drain.blk);
	struct out_run r;
	uint32_t staged;
	cycle n;

	c->drain.state = D_END;
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
		wr_push(c, &r);
		return;
	}
	n = ng * ((cycle)t->windows * j->rows + (cycle)t->npx * (j->grp_beats - 1));
	r.evenly = 1;
	r.known = r.words;
	r.step = step_of(n, r.words);
	c->drain.out.narrow = j->grp_beats == 1 ? (uint32_t)(STAGES * r.words / n) : 0;
	r.first = c->drain.out.next + stages_way(&c->drain.out, &staged) - STAGES - 1 + OUT_BEAT;
	r.last = r.first - OUT_BEAT + n + OUT_FLUSH;
	stages_block(c, j, ng * t->windows * j->rows, ng * t->npx);
	c->drain.since = c->drain.last;
	wr_push(c, &r);
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
	struct unit u = res_unit(c, t, j, 0);
	struct stages s;

	return res_unit_at(c, j, &u, &s);
}

/* Wait until no more than `room` words are queued. 1: they are not yet. */
static int drain_held(struct lxa_cycles *c, uint32_t room)
{
	cycle data = data_at(c);

	wr_run(c, max2(min2(data, NEVER), c->now), c->wr.queued > room ? c->wr.queued - room : 0);
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

/* Words of the newest run will be there: the first one at `at`, the last one so many cycles later. */
static void come(struct lxa_cycles *c, struct out_run *r, uint32_t words, cycle at, uint32_t later)
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

/* The last group of the unit has its residual. */
static void on_res_unit(struct lxa_cycles *c)
{
	struct tile *t = tile_of(c, c->drain.tile);
	struct job *j = job_of(c, t->job);
	struct out_run *r = &c->wr.q[c->wr.come_run % RUNS];
	struct unit u = res_unit(c, t, j, 0);
	uint32_t ng = groups(j, c->drain.blk), wb = c->cfg.word_bytes, at, first, last, room, staged;
	cycle way;
	struct stages s;

	wr_run(c, c->now, UINT64_MAX);
	res_unit_at(c, j, &u, &s);
	way = stages_way(&s, &staged);
	room = wr_room(c) + staged;
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
	last = c->res.out.grp < res_groups(c, j, c->drain.blk) ? (at + c->res.out.grp * j->grp_bytes) / wb : (at + r->bytes - 1) / wb + 1;
	if (last > first)
		come(c, r, last - first, c->now + way - STAGES + OUT_BEAT, j->grp_beats - 1);
	if (c->res.out.grp < res_groups(c, j, c->drain.blk))
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
	account(c, c->now + 1);
	job_of(c, c->retired)->retired = c->now;
	c->retired++;
	while (c->retired < c->accepted && job_of(c, c->retired)->nop)
		c->retired++;
	c->drain.state = D_IDLE;
	c->drain.since = c->now + 1;
}

static void on_drain(struct lxa_cycles *c)
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
		wr_run(c, c->now, UINT64_MAX);
		stages_way(&c->drain.out, &staged);
		room = wr_room(c) + staged;
		if (c->wr.queued - c->wr.sent > room && drain_held(c, room))
			return;
		account(c, c->now + 1);
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

/* ---- completion and accounting ---------------------------------------------------------------------------- */

/* What the array does when it issues nothing, as lxa_seq and lxa_counters tell it. */
static enum cause waits_for(const struct lxa_cycles *c)
{
	if (c->seq.run)
		return acc_wait(c) ? C_OUT : C_WGT;
	if (c->seq.tile < c->pushed)
		return C_ACT;
	if (c->tiler.busy && c->pushed - c->freed < TILES)
		return C_PIPE;
	return c->tiler.busy || c->accepted != c->retired ? C_OUT : C_CMD;
}

static void account(struct lxa_cycles *c, cycle t)
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

static void plan_cpl(struct lxa_cycles *c)
{
	struct job *j = job_of(c, c->done);

	c->cpl.t = c->done < c->accepted && j->retired < NEVER ? max2(j->retired + 1, c->cpl.free) : NEVER;
}

static void on_cpl(struct lxa_cycles *c)
{
	static const uint8_t order[] = { C_WGT, C_ACT, C_RD, C_OUT, C_WR, C_PIPE, C_CMD };
	struct lxa_cycles_share *s = &c->share[c->done % LXA_CYCLES_QUEUE];
	struct out_run r = { 0 };
	uint64_t *part[CAUSES], sum = 0;
	cycle over;
	size_t i;

	account(c, c->now);
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
	r.first = c->now + OUT_BEAT - 1, r.step = (uint64_t)1 << 32, r.last = c->now + OUT_FLUSH, r.evenly = 1;
	wr_push(c, &r);
}

/* ---- the loop --------------------------------------------------------------------------------------------- */

static void plan(struct lxa_cycles *c)
{
	load_desc(c);
	plan_tiler(c);
	plan_act(c);
	plan_par(c);
	plan_wgt(c);
	plan_res(c);
	plan_drain(c);
	plan_cpl(c);
	plan_others(c);
}

/*
 * Bursts are asked for and come as long as that changes nothing for the others, which move in cycle `others` at the earliest.
 * 1: something has changed; 0: it is their turn.
 */
static int stream(struct lxa_cycles *c, cycle others)
{
	cycle data;

	for (;;) {
		plan_rd(c);
		data = data_at(c);
		c->calm = 0;
		if (data < NEVER && data <= min2(min2(c->rd.t, c->seq.t), others)) {
			c->now = max2(c->now, data);
			on_data(c);
			if (!c->calm || c->seq.t >= NEVER)
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

/* The next engine moves. 0: none ever will. */
static int step(struct lxa_cycles *c)
{
	cycle others, t;

	if (!c->calm)
		plan(c);
	plan_seq(c);
	others = min2(min2(c->tiler.t, c->drain.t), c->cpl.t);
	if (stream(c, others))
		return 1;
	t = min2(others, c->seq.t);
	if (t >= NEVER)
		return 0;
	c->now = max2(c->now, t);
	if (t == c->seq.t)
		on_seq(c);
	else if (t == c->drain.t)
		on_drain(c);
	else if (t == c->tiler.t)
		on_tiler(c);
	else
		on_cpl(c);
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
	plan_cmd(c);
}

int lxa_cycles_add(struct lxa_cycles *c, const uint32_t *desc, uint64_t when)
{
	if (c->added - c->taken == LXA_CYCLES_QUEUE)
		return -1;
	take_desc(&c->cfg, desc, job_of(c, c->added));
	enqueue(c, when);
	return 0;
}

int lxa_cycles_add_layer(struct lxa_cycles *c, const struct lxa_job *job, const struct lxa_layout *l, uint32_t tile_h,
			 uint32_t tile_w, uint64_t when)
{
	if (c->added - c->taken == LXA_CYCLES_QUEUE)
		return -1;
	take_layer(&c->cfg, job, l, tile_h, tile_w, job_of(c, c->added));
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
