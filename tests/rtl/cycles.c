/* SPDX-License-Identifier: MIT */
/*
 * cycles.c - the cycle model (rtl/cycles) against the RTL, on realistic and on random layers (most of them tiny), alone and one
 * after another, in random memory timing: prints how its errors are distributed, and what a prediction costs. Called as
 * cycles-long it draws 2,000 random rings of layers instead of 200. It fails where
 *  - a layer whose array is busy for nine tenths of the time is off by more than 2 %,
 *  - a ring of any layers is off by more than 5 %,
 *  - of all cycles of the random layers, more than 1 % are put down to another cause than by the RTL (waiting for the output
 *    stage and for the write port behind it count as one).
 * How many times as fast as the RTL (1,000 is asked for) is printed and no reason to fail: it depends on what else the machine does.
 *   cycles [--seed S] [--cases N] [--case K] [--latency L] [--bytes B] [--verbose]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "layer.h"
#include "lxa_cycles.h"

#define MAX_JOBS 4
#define CAUSE_BAR 0.01

struct options {
	uint64_t seed, cases, first;
	uint32_t latency, bpc;		/* 0: random */
	int verbose;
};

struct set {				/* relative errors */
	const char *name;
	double bar;			/* none may be beyond */
	double *err;
	size_t n;
};

static struct set unstalled = { "unstalled", 0.02, NULL, 0 }, all = { "all", 0.05, NULL, 0 };

static void add(struct set *s, double e)
{
	s->err = realloc(s->err, (s->n + 1) * sizeof(*s->err));
	if (!s->err)
		abort();
	s->err[s->n++] = fabs(e);
}

static struct lxa_cycles_cfg config(struct rig *r)
{
	return (struct lxa_cycles_cfg){ .shift_oc = r->caps.shift_oc, .shift_ic = r->caps.shift_ic, .xnor_oc = r->caps.xnor_oc,
					.xnor_ic = r->caps.xnor_ic, .out_lanes = r->caps.out_lanes, .word_bytes = r->caps.word_bytes,
					.bus_bytes = r->caps.bus_bytes, .wgt_bytes = r->caps.wgt_bytes,
					.rd_outstanding = lxa_sim_read32(r->sim, LXA_REG_CFG_RING) >> 8 & 0xff };
}

static void choose(uint64_t *s, const struct lxa_caps *caps, struct layer *y, int tiny)
{
	struct layer_want want = { -1, -1, -1, !rnd_n(s, 8), tiny ? 3000000 : 40000000 };

	layer_random(s, caps, &want, y);
}

/* ---- what the cycles were spent on ------------------------------------------------------------------------- */

static const struct cause {
	const char *name;
	uint32_t word;			/* of a record */
	size_t at;			/* in a share */
} causes[] = {
#define CAUSE(word, field) { #field, LXA_C_##word, offsetof(struct lxa_cycles_share, field) }
	CAUSE(BUSY, busy), CAUSE(ST_WGT, wgt), CAUSE(ST_ACT, act), CAUSE(ST_RD, rd), CAUSE(ST_OUT, out), CAUSE(ST_WR, wr),
	CAUSE(ST_PIPE, pipe), CAUSE(ST_CMD, cmd),
#undef CAUSE
};
#define CAUSES (sizeof(causes) / sizeof(causes[0]))
static double spent[2][CAUSES];		/* RTL, model */

static uint64_t share_of(const struct lxa_cycles_share *m, size_t i)
{
	return *(const uint64_t *)(const void *)((const char *)m + causes[i].at);
}

static void show(uint64_t k, int i, const uint32_t *rec, const struct lxa_cycles_share *m, double e)
{
	size_t n;

	printf("case %llu job %d: rtl %llu model %llu (%+.1f %%);", (unsigned long long)k, i,
	       (unsigned long long)rig_rec64(rec, LXA_C_CYCLES), (unsigned long long)m->cycles, 100 * e);
	for (n = 0; n < CAUSES; n++)
		printf(" %s %llu/%llu", causes[n].name, (unsigned long long)rig_rec64(rec, causes[n].word),
		       (unsigned long long)share_of(m, n));
	printf("\n");
}

/* Count one job's causes; 1 when the model's do not add up. */
static int count_causes(const uint32_t *rec, const struct lxa_cycles_share *m)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < CAUSES; i++) {
		spent[0][i] += (double)rig_rec64(rec, causes[i].word);
		spent[1][i] += (double)share_of(m, i);
		sum += share_of(m, i);
	}
	return sum != m->cycles;
}

static int report_causes(void)
{
	double all_cycles = 0, off = 0, out = 0, d;
	size_t i;

	for (i = 0; i < CAUSES; i++)
		all_cycles += spent[0][i];
	printf("causes, RTL and model:");
	for (i = 0; i < CAUSES; i++) {
		printf(" %s %.1f %.1f", causes[i].name, 100 * spent[0][i] / all_cycles, 100 * spent[1][i] / all_cycles);
		d = spent[0][i] - spent[1][i];
		if (causes[i].word == LXA_C_ST_OUT || causes[i].word == LXA_C_ST_WR)
			out += d;
		else
			off += fabs(d) / 2;
	}
	off += fabs(out) / 2;
	printf(" %%; %.2f %% elsewhere\n", 100 * off / all_cycles);
	return off > CAUSE_BAR * all_cycles;
}

/* ---- random rings ------------------------------------------------------------------------------------------ */

/* The prediction without a descriptor is that with it: all operands of the rig begin where a burst does. */
static int check_layer(const struct lxa_cycles_cfg *cfg, const struct lxa_cycles_mem *mem, const struct layer *y, const uint32_t *desc)
{
	struct lxa_cycles *c = lxa_cycles_create(cfg, mem);
	struct lxa_cycles_share a, b;
	struct lxa_job none = y->job;
	int bad;

	lxa_cycles_add(c, desc, 0);
	bad = lxa_cycles_next(c, &a, NULL);
	lxa_cycles_reset(c);
	lxa_cycles_add_layer(c, &y->job, &y->l, y->tile_h, y->tile_w, 0);
	bad |= lxa_cycles_next(c, &b, NULL);
	none.batch = 0;			/* would never end */
	if (!lxa_cycles_add_layer(c, &none, &y->l, y->tile_h, y->tile_w, 0))
		bad |= printf("a layer of no image was taken\n");
	lxa_cycles_destroy(c);
	if (bad || a.cycles != b.cycles)
		printf("by its descriptor a layer takes %llu cycles, by its layout %llu\n", (unsigned long long)a.cycles,
		       (unsigned long long)b.cycles);
	return bad || a.cycles != b.cycles;
}

static int run_case(const struct options *o, uint64_t k)
{
	uint64_t s = o->seed + k * 0x51ed2701ull;
	uint32_t desc[MAX_JOBS][LXA_DESC_WORDS], latency, bpc;
	struct lxa_cycles_share m;
	struct lxa_cycles_cfg cfg;
	struct lxa_cycles_mem mem;
	struct lxa_cycles *c;
	struct layer y;
	struct rig *r;
	int i, jobs, bad = 0;
	double rtl_sum = 0, model_sum = 0;

	rnd(&s);
	latency = rnd_n(&s, 3) ? 1 + rnd_n(&s, 400) : 100;
	bpc = rnd_n(&s, 2) ? 16 : 1 + rnd_n(&s, 40);
	if (o->latency)
		latency = o->latency;
	if (o->bpc)
		bpc = o->bpc;
	jobs = rnd_n(&s, 2) ? 1 : 2 + (int)rnd_n(&s, MAX_JOBS - 1);
	r = rig_open(LXA_SIM_RTL, latency, bpc, 128 << 20);
	cfg = config(r);
	mem = (struct lxa_cycles_mem){ latency, bpc };
	c = lxa_cycles_create(&cfg, &mem);
	for (i = 0; i < jobs; i++) {
		choose(&s, &r->caps, &y, (int)rnd_n(&s, 2));
		if (o->verbose) {
			printf("case %llu job %d latency %u bpc %u\n", (unsigned long long)k, i, latency, bpc);
			layer_print(&y);
		}
		layer_load(&s, r, &y);
		layer_desc(&y, (uint32_t)i, i == jobs - 1, desc[i]);
		bad |= check_layer(&cfg, &mem, &y, desc[i]);
		layer_free(&y);
		rig_post(r, desc[i]);
		lxa_cycles_add(c, desc[i], 0);
	}
	rig_doorbell(r);
	if (rig_wait(r, r->tail, 60000)) {
		printf("case %llu: the RTL did not finish\n", (unsigned long long)k);
		return 1;
	}
	for (i = 0; i < jobs; i++) {
		const uint32_t *rec = rig_record(r, (uint32_t)i);
		double rtl = (double)rig_rec64(rec, LXA_C_CYCLES), busy = (double)rig_rec64(rec, LXA_C_BUSY), e;

		if (lxa_cycles_next(c, &m, NULL)) {
			printf("case %llu: the model stopped\n", (unsigned long long)k);
			return 1;
		}
		e = ((double)m.cycles - rtl) / rtl;
		rtl_sum += rtl, model_sum += (double)m.cycles;
		bad |= count_causes(rec, &m);
		if (o->verbose)
			show(k, i, rec, &m, e);
		if (jobs == 1)
			add(busy > 0.9 * rtl ? &unstalled : &all, e);
	}
	if (jobs > 1)
		add(&all, (model_sum - rtl_sum) / rtl_sum);
	if (o->verbose)
		printf("case %llu sum: %+.1f %%\n", (unsigned long long)k, 100 * (model_sum - rtl_sum) / rtl_sum);
	lxa_cycles_destroy(c);
	rig_close(r);
	return bad;
}

/* ---- realistic layers, and what a prediction costs ------------------------------------------------------- */

static const struct shape {
	const char *name;
	uint16_t hw, in_c, out_c, groups;
	uint8_t k, s, pad, act_fmt;
} shapes[] = {
	{ "3x3 56x56 64-64 log", 56, 64, 64, 1, 3, 1, 1, LXA_FMT_LOG4 },
	{ "3x3 28x28 128-128 log", 28, 128, 128, 1, 3, 1, 1, LXA_FMT_LOG4 },
	{ "3x3 /2 28x28 128-256 log", 28, 128, 256, 1, 3, 2, 1, LXA_FMT_LOG4 },
	{ "3x3 14x14 256-256 log", 14, 256, 256, 1, 3, 1, 1, LXA_FMT_LOG4 },
	{ "3x3 7x7 512-512 log", 7, 512, 512, 1, 3, 1, 1, LXA_FMT_LOG4 },
	{ "1x1 28x28 512-128 log", 28, 512, 128, 1, 1, 1, 0, LXA_FMT_LOG4 },
	{ "1x1 14x14 256-1024 log", 14, 256, 1024, 1, 1, 1, 0, LXA_FMT_LOG4 },
	{ "dense 4096-1000 log", 1, 4096, 1000, 1, 1, 1, 0, LXA_FMT_LOG4 },
	{ "3x3 depthwise 28x28 256 log", 28, 256, 256, 256, 3, 1, 1, LXA_FMT_LOG4 },
	{ "3x3 14x14 256-256 binary", 14, 256, 256, 1, 3, 1, 1, LXA_FMT_B1 },
	{ "3x3 56x56 64-64 binary", 56, 64, 64, 1, 3, 1, 1, LXA_FMT_B1 },
};

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void shape_layer(uint64_t *s, const struct lxa_caps *caps, const struct shape *p, struct layer *y)
{
	struct lxa_job *j = &y->job;

	memset(y, 0, sizeof(*y));
	*j = (struct lxa_job){ .op = LXA_OP_CONV, .batch = 1, .in_h = p->hw, .in_w = p->hw, .in_c = p->in_c, .out_c = p->out_c,
			       .groups = p->groups, .kh = p->k, .kw = p->k, .sy = p->s, .sx = p->s, .dy = 1, .dx = 1, .pad_t = p->pad,
			       .pad_l = p->pad, .pad_b = p->pad, .pad_r = p->pad, .pool_h = 1, .pool_w = 1, .pool_sy = 1,
			       .pool_sx = 1, .act_fmt = p->act_fmt };
	if (p->act_fmt == LXA_FMT_B1)
		j->wgt_fmt = LXA_WFMT_B1, j->kind = LXA_KIND_THRESH, j->out_fmt = LXA_OFMT_B1, j->nthr = 1;
	else
		j->kind = LXA_KIND_LOG, j->out_fmt = LXA_OFMT_N4, j->log_max = 15;
	lxa_layout(caps, j, &y->l);
	if (!lxa_tile_choose(caps, j, &y->l, &y->tile_h, &y->tile_w) || layer_data(s, caps, y))
		abort();
}

static int run_shape(const struct shape *p, double *rtl_time, double *model_time)
{
	uint32_t desc[LXA_DESC_WORDS], n = 0;
	struct lxa_cycles_share m;
	struct lxa_cycles_cfg cfg;
	struct lxa_cycles *c;
	const uint32_t *rec;
	struct layer y;
	struct rig *r = rig_open(LXA_SIM_RTL, 100, 16, 64 << 20);
	uint64_t s = 1;
	double t, rtl_s, model_s, rtl, e;

	cfg = config(r);
	shape_layer(&s, &r->caps, p, &y);
	layer_load(&s, r, &y);
	layer_desc(&y, 0, 1, desc);
	layer_free(&y);
	rig_post(r, desc);
	t = cpu_seconds();
	rig_doorbell(r);
	if (rig_wait(r, r->tail, 60000))
		return printf("%s: the RTL did not finish\n", p->name), 1;
	rtl_s = cpu_seconds() - t;
	rec = rig_record(r, 0);
	rtl = (double)rig_rec64(rec, LXA_C_CYCLES);
	c = lxa_cycles_create(&cfg, &(struct lxa_cycles_mem){ 100, 16 });
	t = cpu_seconds();
	do {				/* as often as it takes to see it on the clock */
		lxa_cycles_reset(c);
		lxa_cycles_add(c, desc, 0);
		lxa_cycles_next(c, &m, NULL);
		n++;
	} while ((model_s = cpu_seconds() - t) < 0.005);
	model_s /= n;
	lxa_cycles_destroy(c);
	e = ((double)m.cycles - rtl) / rtl;
	*rtl_time += rtl_s, *model_time += model_s;
	printf("%-28s %8.0f cycles, model %+.3f %%, in %.0f us, %.0f times as fast\n", p->name, rtl, 100 * e, model_s * 1e6, rtl_s / model_s);
	add((double)rig_rec64(rec, LXA_C_BUSY) > 0.9 * rtl ? &unstalled : &all, e);
	rig_close(r);
	return 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int report(struct set *s)
{
	size_t i, beyond = 0;

	if (!s->n)
		return 0;
	qsort(s->err, s->n, sizeof(*s->err), compare);
	for (i = 0; i < s->n; i++)
		beyond += s->err[i] > s->bar;
	printf("%-10s %5zu rings: median %.2f %%, 90th %.2f %%, 99th %.2f %%, largest %.2f %%; %zu beyond the bar of %.0f %%\n", s->name,
	       s->n, 100 * s->err[s->n / 2], 100 * s->err[s->n * 9 / 10], 100 * s->err[s->n * 99 / 100], 100 * s->err[s->n - 1],
	       beyond, 100 * s->bar);
	return beyond != 0;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	struct options o = { .cases = name && !strcmp(name, "/cycles-long") ? 2000 : 200 };
	int i, have_seed = 0, single = 0, bad = 0;
	double rtl_time = 0, model_time = 0;
	uint64_t k;

	for (i = 1; i < argc; i++) {
		uint64_t v = i + 1 < argc ? strtoull(argv[i + 1], NULL, 0) : 0;

		if (!strcmp(argv[i], "--seed"))
			o.seed = v, have_seed = 1, i++;
		else if (!strcmp(argv[i], "--cases"))
			o.cases = v, i++;
		else if (!strcmp(argv[i], "--case"))
			o.first = v, o.cases = 1, single = 1, i++;
		else if (!strcmp(argv[i], "--latency"))
			o.latency = (uint32_t)v, i++;
		else if (!strcmp(argv[i], "--bytes"))
			o.bpc = (uint32_t)v, i++;
		else if (!strcmp(argv[i], "--verbose"))
			o.verbose = 1;
		else
			return fprintf(stderr, "cycles [--seed S] [--cases N] [--case K] [--latency L] [--bytes B] [--verbose]\n"), 2;
	}
	if (!have_seed)
		o.seed = rnd_seed();
	for (k = o.first; k < o.first + o.cases; k++)
		bad |= run_case(&o, k);
	if (!single) {
		for (i = 0; i < (int)(sizeof(shapes) / sizeof(shapes[0])); i++)
			bad |= run_shape(&shapes[i], &rtl_time, &model_time);
		printf("these together: %.0f times as fast\n", rtl_time / model_time);
	}
	bad |= report_causes();
	bad |= report(&unstalled);
	bad |= report(&all);
	return bad;
}
