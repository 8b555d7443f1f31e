/* SPDX-License-Identifier: MIT */
/*
 * cycles.c - the cycle model (rtl/cycles) against the RTL on random layers, alone and one after another, in random memory
 * timing: prints how its errors are distributed and fails where they pass the bars.
 *   cycles [--seed S] [--cases N] [--case K] [--verbose]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "layer.h"
#include "lxa_cycles.h"

#define MAX_JOBS 4

struct options {
	uint64_t seed, cases, first;
	int verbose;
};

struct set {				/* relative errors */
	const char *name;
	double bar;			/* no error beyond it */
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

static void show(uint64_t k, int i, const uint32_t *rec, const struct lxa_cycles_share *m, double e)
{
	printf("case %llu job %d: rtl %llu model %llu (%+.1f %%); busy %llu/%llu wgt %llu/%llu act %llu/%llu rd %llu/%llu out %llu/%llu wr %llu/%llu pipe %llu/%llu cmd %llu/%llu\n",
	       (unsigned long long)k, i, (unsigned long long)rig_rec64(rec, LXA_C_CYCLES), (unsigned long long)m->cycles, 100 * e,
#define P(f, w) (unsigned long long)rig_rec64(rec, LXA_C_##w), (unsigned long long)m->f
	       P(busy, BUSY), P(wgt, ST_WGT), P(act, ST_ACT), P(rd, ST_RD), P(out, ST_OUT), P(wr, ST_WR), P(pipe, ST_PIPE), P(cmd, ST_CMD));
#undef P
}

static int run_case(const struct options *o, uint64_t k)
{
	uint64_t s = o->seed + k * 0x51ed2701ull;
	uint32_t desc[MAX_JOBS][LXA_DESC_WORDS], latency, bpc;
	struct lxa_cycles_share m;
	struct lxa_cycles_cfg cfg;
	struct lxa_cycles *c;
	struct layer y;
	struct rig *r;
	int i, jobs;
	double rtl_sum = 0, model_sum = 0;

	rnd(&s);
	latency = rnd_n(&s, 3) ? 1 + rnd_n(&s, 400) : 100;
	bpc = rnd_n(&s, 2) ? 16 : 1 + rnd_n(&s, 40);
	jobs = rnd_n(&s, 2) ? 1 : 2 + (int)rnd_n(&s, MAX_JOBS - 1);
	r = rig_open(LXA_SIM_RTL, latency, bpc, 128 << 20);
	cfg = config(r);
	c = lxa_cycles_create(&cfg, &(struct lxa_cycles_mem){ latency, bpc });
	for (i = 0; i < jobs; i++) {
		choose(&s, &r->caps, &y, (int)rnd_n(&s, 2));
		if (o->verbose) {
			printf("case %llu job %d latency %u bpc %u\n", (unsigned long long)k, i, latency, bpc);
			layer_print(&y);
		}
		layer_load(&s, r, &y);
		layer_desc(&y, (uint32_t)i, i == jobs - 1, desc[i]);
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
		if (o->verbose)
			show(k, i, rec, &m, e);
		if (jobs == 1)
			add(busy > 0.9 * rtl ? &unstalled : &all, e);
	}
	if (jobs > 1)
		add(&all, (model_sum - rtl_sum) / rtl_sum);
	lxa_cycles_destroy(c);
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
	if (!s->n)
		return 0;
	qsort(s->err, s->n, sizeof(*s->err), compare);
	printf("%-10s %5zu layers: median %.2f %%, 90th %.2f %%, 99th %.2f %%, largest %.2f %% (bar %.0f %%)\n", s->name, s->n,
	       100 * s->err[s->n / 2], 100 * s->err[s->n * 9 / 10], 100 * s->err[s->n * 99 / 100], 100 * s->err[s->n - 1], 100 * s->bar);
	return s->err[s->n - 1] > s->bar;
}

int main(int argc, char **argv)
{
	struct options o = { .cases = 200 };
	int i, have_seed = 0, bad = 0;
	uint64_t k;

	for (i = 1; i < argc; i++) {
		uint64_t v = i + 1 < argc ? strtoull(argv[i + 1], NULL, 0) : 0;

		if (!strcmp(argv[i], "--seed"))
			o.seed = v, have_seed = 1, i++;
		else if (!strcmp(argv[i], "--cases"))
			o.cases = v, i++;
		else if (!strcmp(argv[i], "--case"))
			o.first = v, o.cases = 1, i++;
		else if (!strcmp(argv[i], "--verbose"))
			o.verbose = 1;
		else
			return fprintf(stderr, "cycles [--seed S] [--cases N] [--case K] [--verbose]\n"), 2;
	}
	if (!have_seed)
		o.seed = rnd_seed();
	for (k = o.first; k < o.first + o.cases; k++)
		bad |= run_case(&o, k);
	bad |= report(&unstalled);
	bad |= report(&all);
	return bad;
}
