/* SPDX-License-Identifier: MIT */
/*
 * cosim.c - the RTL against the functional engine on random jobs: memory byte for byte (guards around every output
 * included), completion records, counters, no access outside what is mapped.
 *   cosim [--seed S] [--cases N] [--layers N] [--jobs N] [--cover] [--first K] [--case K] [--macs M] [--verbose]
 * A case is one to five jobs in one ring, in random memory timing. --case K runs case K of the seed alone; --layers N
 * takes as many cases as have N layers together; --jobs N works in N processes; --cover prints the coverage
 * (cover.c) and fails when some bin was not hit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cover.h"
#include "layer.h"

#define MAX_JOBS 5

struct options {
	uint64_t seed, cases, layers, first, macs;
	uint32_t jobs;
	int verbose, cover, one;
	const char *name;		/* of the program, for the command that repeats a case */
};

/* What the processes have done, in memory that they share. */
struct tally {
	uint64_t next, cases, layers, failed;
	uint64_t cycles;		/* of the RTL, in records: the same for the same seed */
	uint64_t now[];			/* case under way in each process */
};

struct batch {
	int jobs;
	struct layer y[MAX_JOBS];
	struct rig_timing t;
};

#define CHAINED 2			/* layer.barrier: the activations are the output of the job before, */
#define CHAINED_RES 3			/* ... the residual is */

/* A 1x1 layer whose output is y's residual. */
static int make_addend(uint64_t *s, const struct lxa_caps *caps, const struct layer *y, struct layer *p)
{
	struct lxa_job *j = &p->job;
	uint8_t fmt = y->job.res_fmt;

	memset(p, 0, sizeof(*p));
	*j = (struct lxa_job){ .op = LXA_OP_CONV, .batch = y->job.batch, .in_h = (uint16_t)y->l.out_h, .in_w = (uint16_t)y->l.out_w,
			       .in_c = (uint16_t)(1 + rnd_n(s, 40)), .out_c = y->job.out_c, .groups = 1, .kh = 1, .kw = 1, .sy = 1,
			       .sx = 1, .dy = 1, .dx = 1, .pool_h = 1, .pool_w = 1, .pool_sy = 1, .pool_sx = 1,
			       .out_row = (uint32_t)y->l.res_row, .out_img = (uint32_t)y->l.res_img };
	j->act_fmt = y->job.act_fmt == LXA_FMT_B1 ? LXA_FMT_B1 : LXA_FMT_LOG4;
	j->wgt_fmt = j->act_fmt == LXA_FMT_B1 ? LXA_WFMT_B1 : LXA_WFMT_LOG;
	if (y->job.res_mode == LXA_RES_RAW) {
		j->kind = LXA_KIND_RAW, j->out_fmt = LXA_OFMT_W64;
	} else if (fmt == LXA_FMT_W32) {
		j->kind = LXA_KIND_INT32, j->out_fmt = LXA_OFMT_W32, j->clamp_lo = INT32_MIN, j->clamp_hi = INT32_MAX;
	} else if (fmt == LXA_FMT_LOG4 || fmt == LXA_FMT_LOG8) {
		j->kind = LXA_KIND_LOG, j->log_max = 15, j->out_fmt = fmt == LXA_FMT_LOG4 ? LXA_OFMT_N4 : LXA_OFMT_B8;
	} else {
		j->kind = LXA_KIND_INT8, j->out_fmt = LXA_OFMT_B8;
		j->clamp_lo = fmt == LXA_FMT_S8 ? -128 : 0, j->clamp_hi = fmt == LXA_FMT_S8 ? 127 : 255;
	}
	return layer_finish(s, caps, p);
}

/* A 1x1 layer whose output is what y reads: the second one must wait for the first (BARRIER). */
static int make_producer(uint64_t *s, const struct lxa_caps *caps, const struct layer *y, struct layer *p)
{
	struct lxa_job *j = &p->job;

	memset(p, 0, sizeof(*p));
	*j = (struct lxa_job){ .op = LXA_OP_CONV, .batch = y->job.batch, .in_h = y->job.in_h, .in_w = y->job.in_w,
			       .in_c = (uint16_t)(1 + rnd_n(s, 40)), .out_c = y->job.in_c, .groups = 1, .kh = 1, .kw = 1, .sy = 1,
			       .sx = 1, .dy = 1, .dx = 1, .pool_h = 1, .pool_w = 1, .pool_sy = 1, .pool_sx = 1,
			       .out_row = (uint32_t)y->l.in_row, .out_img = (uint32_t)y->l.in_img };
	j->act_fmt = rnd_n(s, 2) ? LXA_FMT_LOG4 : LXA_FMT_B1;
	if (y->job.act_fmt == LXA_FMT_N4)
		j->conv_flags = LXA_CONV_OUT_LINEAR;
	j->wgt_fmt = j->act_fmt == LXA_FMT_B1 ? LXA_WFMT_B1 : LXA_WFMT_LOG;
	switch (y->job.act_fmt) {
	case LXA_FMT_B1:
		j->kind = LXA_KIND_THRESH, j->out_fmt = LXA_OFMT_B1, j->nthr = 1;
		break;
	case LXA_FMT_N4:
		j->kind = LXA_KIND_THRESH, j->out_fmt = LXA_OFMT_N4, j->nthr = 15;
		break;
	case LXA_FMT_LOG4:
	case LXA_FMT_LOG8:
		j->kind = LXA_KIND_LOG, j->log_max = (uint8_t)y->qa_max;
		j->out_fmt = y->job.act_fmt == LXA_FMT_LOG4 ? LXA_OFMT_N4 : LXA_OFMT_B8;
		break;
	default:
		j->kind = LXA_KIND_INT8, j->out_fmt = LXA_OFMT_B8;
		j->clamp_lo = y->job.act_fmt == LXA_FMT_S8 ? -128 : 0;
		j->clamp_hi = j->clamp_lo ? 127 : 255;
	}
	return layer_finish(s, caps, p);
}

static void make_batch(uint64_t seed, uint64_t k, const struct lxa_caps *caps, const struct options *o, struct batch *b,
		       uint64_t *s)
{
	struct layer_want want = { -1, -1, -1, -1, 0 };
	int want_jobs;

	*s = seed + k * 0x51ed2701ull;
	rnd(s);
	memset(b, 0, sizeof(*b));
	b->t.latency = rnd_n(s, 3) ? 1 + rnd_n(s, 200) : 100;
	b->t.bytes_per_cycle = rnd_n(s, 2) ? 16 : 1 + rnd_n(s, 40);
	if (rnd_n(s, 2))
		b->t.jitter = 1 + rnd_n(s, rnd_n(s, 2) ? 20 : 300);
	if (rnd_n(s, 2))
		b->t.stall = 1 + rnd_n(s, rnd_n(s, 2) ? 30 : 90);
	b->t.seed = (uint32_t)rnd(s);
	want_jobs = 1 + (int)rnd_n(s, 4);
	want.max_macs = o->macs / (uint64_t)want_jobs;
	while (b->jobs < want_jobs) {
		struct layer y, p;
		int chains;

		layer_random(s, caps, &want, &y);
		chains = !y.job.in_row && (!y.l.packed || y.l.in_px == lxa_pixel_pitch(caps, 8, y.job.in_c));
		if (!y.job.in_row && y.job.res_mode && b->jobs + 1 < MAX_JOBS && rnd_n(s, 2) && !make_addend(s, caps, &y, &p)) {
			b->y[b->jobs++] = p;
			y.barrier = CHAINED_RES;
		} else if (b->jobs && chains && b->jobs + 1 < MAX_JOBS && !rnd_n(s, 3) && !make_producer(s, caps, &y, &p)) {
			b->y[b->jobs++] = p;
			y.barrier = CHAINED;
		}
		b->y[b->jobs++] = y;
		if (y.barrier == CHAINED)
			break;
	}
}

/* Same bytes on both devices: the packing draws from a state that starts equal. */
static void load(struct rig *r, struct batch *b, uint64_t s)
{
	uint32_t desc[LXA_DESC_WORDS];
	int i;

	rig_clear(r);
	for (i = 0; i < b->jobs; i++) {
		struct layer *y = &b->y[i];

		y->act_at = y->barrier == CHAINED ? b->y[i - 1].out_at : 0;
		y->res_at = y->barrier == CHAINED_RES ? b->y[i - 1].out_at : 0;
		layer_load(&s, r, y);
		layer_desc(y, 1000 + (uint32_t)i, i == b->jobs - 1, desc);
		rig_post(r, desc);
	}
}

static uint64_t parts(const uint32_t *rec)
{
	uint64_t sum = 0;
	uint32_t w;

	for (w = LXA_C_BUSY; w <= LXA_C_ST_CMD; w += 2)
		sum += rig_rec64(rec, w);
	return sum;
}

static int check_records(const struct rig *r, const struct batch *b, const char *name, uint64_t *macs)
{
	int i, bad = 0;

	*macs = 0;
	for (i = 0; i < b->jobs; i++) {
		const uint32_t *rec = rig_record(r, (uint32_t)i);

		if (rec[LXA_C_SEQ] != 1000u + (uint32_t)i || rec[LXA_C_STATUS] || rec[LXA_C_STREAM] ||
		    rec[LXA_C_COUNT] != (uint32_t)i + 1) {
			printf("  %s: record %d is seq %u status %u stream %u count %u\n", name, i, rec[LXA_C_SEQ],
			       rec[LXA_C_STATUS], rec[LXA_C_STREAM], rec[LXA_C_COUNT]);
			bad = 1;
		}
		if (rig_rec64(rec, LXA_C_CYCLES) != parts(rec)) {
			printf("  %s: record %d has %llu cycles, its parts are %llu\n", name, i,
			       (unsigned long long)rig_rec64(rec, LXA_C_CYCLES), (unsigned long long)parts(rec));
			bad = 1;
		}
		*macs += rig_rec64(rec, LXA_C_MACS);
	}
	return bad;
}

static int check_counters(struct rig *r, const struct batch *b, const char *name, uint64_t macs)
{
	uint64_t sum = 0, cycles, n;
	uint32_t reg;

	lxa_sim_write32(r->sim, LXA_REG_CTRL, LXA_CTRL_ENABLE_MASK | LXA_CTRL_SNAPSHOT_MASK);
	cycles = rig_counter(r, LXA_REG_CNT_CYCLES_LO);
	for (reg = LXA_REG_CNT_BUSY_LO; reg <= LXA_REG_CNT_IDLE_LO; reg += 8)
		sum += rig_counter(r, reg);
	n = rig_counter(r, LXA_REG_CNT_MACS_LO);
	if (sum == cycles && n == macs && rig_counter(r, LXA_REG_CNT_JOBS_LO) == (uint64_t)b->jobs)
		return 0;
	printf("  %s: counters: cycles %llu, parts %llu, macs %llu (records %llu), jobs %llu\n", name,
	       (unsigned long long)cycles, (unsigned long long)sum, (unsigned long long)n, (unsigned long long)macs,
	       (unsigned long long)rig_counter(r, LXA_REG_CNT_JOBS_LO));
	return 1;
}

static int compare(const struct rig *a, const struct rig *b, const struct batch *t)
{
	int i, bad = 0;

	for (i = 0; i < t->jobs; i++) {
		const struct layer *y = &t->y[i];
		const uint8_t *p = a->mem + y->out_at, *q = b->mem + y->out_at;
		long at, n = 0, first = 0, end = (long)y->l.out_bytes + LAYER_GUARD;

		for (at = -LAYER_GUARD; at < end; at++)
			if (p[at] != q[at] && !n++)
				first = at;
		if (n) {
			printf("  job %d: %ld of %ld output bytes differ, first at %ld: rtl %02x, model %02x\n", i, n,
			       (long)y->l.out_bytes, first, p[first], q[first]);
			bad = 1;
		}
	}
	if (!bad && memcmp(a->mem + 8192, b->mem + 8192, a->used - 8192)) {
		puts("  memory differs outside the outputs");
		bad = 1;
	}
	return bad;
}

/* A right job gets no bus error. */
static int check_bus(struct rig *r)
{
	struct lxa_sim_stats st;

	lxa_sim_stats(r->sim, &st);
	if (!st.bus_errors)
		return 0;
	printf("  rtl: %llu accesses outside the mapping\n", (unsigned long long)st.bus_errors);
	return 1;
}

static void count_coverage(const struct lxa_caps *caps, const struct batch *b)
{
	int i;

	for (i = 0; i < b->jobs; i++) {
		struct cover_case c = { .caps = caps, .timing = &b->t, .jobs = b->jobs, .index = i,
					.chained = b->y[i].barrier == 2 };

		cover_layer(&c, &b->y[i]);
	}
}

static void print_command(const struct options *o, uint64_t k)
{
	printf("FAILED case %llu: %s --seed %llu --macs %llu --case %llu\n", (unsigned long long)k, o->name,
	       (unsigned long long)o->seed, (unsigned long long)o->macs, (unsigned long long)k);
}

static int run_case(const struct options *o, uint64_t k, const struct lxa_caps *caps, struct tally *t)
{
	uint64_t s, macs_rtl, macs_model;
	struct rig *rtl, *model;
	struct batch b;
	int i, wait, bad = 0;

	make_batch(o->seed, k, caps, o, &b, &s);
	if (o->verbose) {
		printf("case %llu: %d jobs, latency %u + %u, %u bytes a cycle, stall %u %%\n", (unsigned long long)k, b.jobs,
		       b.t.latency, b.t.jitter, b.t.bytes_per_cycle, b.t.stall);
		for (i = 0; i < b.jobs; i++)
			layer_print(&b.y[i]);
		fflush(stdout);
	}
	rtl = rig_open_timing(LXA_SIM_RTL, &b.t, 64 << 20);
	model = rig_open_timing(LXA_SIM_MODEL, &b.t, 64 << 20);
	load(rtl, &b, s);
	load(model, &b, s);
	rig_doorbell(rtl);
	rig_doorbell(model);
	wait = rig_wait(model, model->tail, 60000);
	if (wait)
		printf("  model: %s\n", wait == -1 ? "error" : "time-out"), bad = 1;
	wait = rig_wait(rtl, rtl->tail, 60000);
	if (wait) {
		printf("  rtl: %s status %u stream %u seq %u count %u\n", wait == -1 ? "error" : "time-out",
		       lxa_sim_read32(rtl->sim, LXA_REG_ERR_STATUS), lxa_sim_read32(rtl->sim, LXA_REG_ERR_STREAM),
		       lxa_sim_read32(rtl->sim, LXA_REG_ERR_SEQ), lxa_sim_read32(rtl->sim, LXA_REG_CPL_COUNT));
		bad = 1;
	}
	if (!bad) {
		bad |= check_records(rtl, &b, "rtl", &macs_rtl) | check_records(model, &b, "model", &macs_model);
		bad |= check_counters(rtl, &b, "rtl", macs_rtl) | check_counters(model, &b, "model", macs_model);
		if (macs_rtl != macs_model) {
			printf("  macs: rtl %llu, model %llu\n", (unsigned long long)macs_rtl, (unsigned long long)macs_model);
			bad = 1;
		}
		bad |= compare(rtl, model, &b);
		bad |= check_bus(rtl);
		for (i = 0; i < b.jobs; i++)
			__atomic_add_fetch(&t->cycles, rig_rec64(rig_record(rtl, (uint32_t)i), LXA_C_CYCLES), __ATOMIC_RELAXED);
	}
	if (bad) {
		print_command(o, k);
		for (i = 0; i < b.jobs; i++)
			layer_print(&b.y[i]);
		fflush(stdout);
	}
	if (!bad)
		count_coverage(caps, &b);
	__atomic_add_fetch(&t->layers, (uint64_t)b.jobs, __ATOMIC_RELAXED);
	__atomic_add_fetch(&t->cases, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&t->failed, bad, __ATOMIC_RELAXED);
	rig_close(rtl);
	rig_close(model);
	for (i = 0; i < b.jobs; i++)
		layer_free(&b.y[i]);
	return bad;
}

/* One process: the next case until there are enough. The first one shows how far all are. */
static void work(const struct options *o, const struct lxa_caps *caps, struct tally *t, uint32_t process)
{
	time_t start = time(NULL), shown = start, now;

	for (;;) {
		uint64_t k = __atomic_fetch_add(&t->next, 1, __ATOMIC_RELAXED);

		if (o->layers ? __atomic_load_n(&t->layers, __ATOMIC_RELAXED) >= o->layers : k >= o->first + o->cases)
			break;
		__atomic_store_n(&t->now[process], k, __ATOMIC_RELAXED);
		run_case(o, k, caps, t);
		now = time(NULL);
		if (process || now - shown < 20)
			continue;
		shown = now;
		printf("%llu cases, %llu layers, %llu failed, %lld s\n", (unsigned long long)t->cases,
		       (unsigned long long)t->layers, (unsigned long long)t->failed, (long long)(now - start));
		fflush(stdout);
	}
}

/* Processes of their own, so that a case that ends in an assertion is still told by its number. */
static int work_all(const struct options *o, const struct lxa_caps *caps, struct tally *t)
{
	pid_t pid[64];
	uint32_t i;
	int status;

	for (i = 0; i < o->jobs; i++) {
		fflush(stdout);
		pid[i] = fork();
		if (pid[i] < 0)
			abort();
		if (!pid[i]) {
			work(o, caps, t, i);
			fflush(stdout);
			_exit(0);
		}
	}
	for (i = 0; i < o->jobs; i++) {
		if (waitpid(pid[i], &status, 0) == pid[i] && !status)
			continue;
		printf("process ended with status %d\n", status);
		print_command(o, t->now[i]);
		t->failed++;
	}
	return t->failed != 0;
}

static int parse(int argc, char **argv, struct options *o)
{
	int i, have_seed = 0;

	for (i = 1; i < argc; i++) {
		uint64_t v = i + 1 < argc ? strtoull(argv[i + 1], NULL, 0) : 0;

		if (!strcmp(argv[i], "--seed"))
			o->seed = v, have_seed = 1, i++;
		else if (!strcmp(argv[i], "--cases"))
			o->cases = v, i++;
		else if (!strcmp(argv[i], "--layers"))
			o->layers = v, i++;
		else if (!strcmp(argv[i], "--jobs") && v >= 1 && v <= 64)
			o->jobs = (uint32_t)v, i++;
		else if (!strcmp(argv[i], "--first"))
			o->first = v, i++;
		else if (!strcmp(argv[i], "--case"))
			o->first = v, o->cases = 1, o->one = 1, i++;
		else if (!strcmp(argv[i], "--macs"))
			o->macs = v, i++;
		else if (!strcmp(argv[i], "--verbose"))
			o->verbose = 1;
		else if (!strcmp(argv[i], "--cover"))
			o->cover = 1;
		else
			return -1;
	}
	if (!have_seed)
		o->seed = rnd_seed();
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = { .cases = 600, .macs = 6000000, .jobs = 1, .name = argv[0] };
	struct lxa_caps caps;
	struct tally *t;
	struct rig *r;
	int bad;

	if (parse(argc, argv, &o)) {
		fputs("cosim [--seed S] [--cases N] [--layers N] [--jobs N] [--cover] [--first K] [--case K] [--macs M] [--verbose]\n",
		      stderr);
		return 2;
	}
	t = mmap(NULL, sizeof(*t) + o.jobs * sizeof(t->now[0]), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t == MAP_FAILED)
		abort();
	t->next = o.first;
	r = rig_open(LXA_SIM_MODEL, 1, 16, 1 << 20);
	caps = r->caps;
	rig_close(r);
	cover_start(&caps);
	if (o.one)
		bad = run_case(&o, o.first, &caps, t);
	else
		bad = work_all(&o, &caps, t);
	if (o.cover)
		bad |= cover_report() != 0;
	printf("%llu of %llu cases failed, %llu layers, %llu cycles\n", (unsigned long long)t->failed,
	       (unsigned long long)t->cases, (unsigned long long)t->layers, (unsigned long long)t->cycles);
	return bad != 0;
}
