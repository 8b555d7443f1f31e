/* SPDX-License-Identifier: MIT */
/*
 * bench-sim.c - how fast the device is simulated: kilocycles and MMACs a CPU-second of the device's thread, on a 3x3 layer
 * that keeps the array busy (whole device: AXI, DMA, memory model), for both engines in log and in binary mode; the CPU time
 * of an idle device; the process' memory. Runs are repeated, because machines are noisy. Exit code 0: it is no test.
 *   bench-sim [-r runs] [rtl-log|rtl-binary|model-log|model-binary|idle]...     (nothing named: all of them)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "layer.h"

#define MAX_RUNS 99
#define RING (1 << RIG_LOG2)

static const struct work {
	const char *name;
	enum lxa_sim_engine engine;
	int binary;
	int jobs;			/* of a run: enough for the CPU time to mean something */
} works[] = {
	{ "rtl-log", LXA_SIM_RTL, 0, 4 },
	{ "rtl-binary", LXA_SIM_RTL, 1, 60 },
	{ "model-log", LXA_SIM_MODEL, 0, 15 },
	{ "model-binary", LXA_SIM_MODEL, 1, 150 },
};
#define WORKS (sizeof(works) / sizeof(works[0]))

/* 28x28, 128 channels to 128, 3x3: at home in ResNet-18, and the array has something to do in over nine cycles of ten. */
static int load(struct rig *r, int binary, uint32_t *desc)
{
	uint64_t s = 1;
	struct layer y;

	memset(&y, 0, sizeof(y));
	y.job = (struct lxa_job){ .op = LXA_OP_CONV, .batch = 1, .in_h = 28, .in_w = 28, .in_c = 128, .out_c = 128,
				  .groups = 1, .kh = 3, .kw = 3, .sy = 1, .sx = 1, .dy = 1, .dx = 1, .pad_t = 1, .pad_l = 1,
				  .pad_b = 1, .pad_r = 1, .pool_h = 1, .pool_w = 1, .pool_sy = 1, .pool_sx = 1 };
	if (binary) {
		y.job.act_fmt = LXA_FMT_B1, y.job.wgt_fmt = LXA_WFMT_B1;
		y.job.kind = LXA_KIND_THRESH, y.job.out_fmt = LXA_OFMT_B1, y.job.nthr = 1;
	} else {
		y.job.kind = LXA_KIND_LOG, y.job.out_fmt = LXA_OFMT_N4, y.job.log_max = 15;
	}
	lxa_layout(&r->caps, &y.job, &y.l);
	if (!lxa_tile_choose(&r->caps, &y.job, &y.l, &y.tile_h, &y.tile_w) || layer_data(&s, &r->caps, &y))
		return -1;
	layer_load(&s, r, &y);
	layer_desc(&y, 1, 1, desc);
	layer_free(&y);
	return 0;
}

/* `jobs` times the layer, back to back, a ring at a time. */
static int run_jobs(struct rig *r, const uint32_t *desc, int jobs)
{
	int i, n;

	for (; jobs; jobs -= n) {
		n = jobs < RING ? jobs : RING;
		for (i = 0; i < n; i++)
			rig_post(r, desc);
		rig_doorbell(r);
		if (rig_wait(r, r->tail, 600000))
			return -1;
	}
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int measure(const struct work *w, int runs)
{
	struct rig *r = rig_open(w->engine, 100, 16, 16 << 20);
	uint32_t desc[LXA_DESC_WORDS];
	struct lxa_sim_stats a, b;
	double rate[MAX_RUNS], per_cycle;
	uint64_t macs;
	int i, bad = load(r, w->binary, desc) || run_jobs(r, desc, 1);

	lxa_sim_stats(r->sim, &b);
	for (i = 0; i < runs && !bad; i++) {
		a = b;
		bad = run_jobs(r, desc, w->jobs);
		lxa_sim_stats(r->sim, &b);
		rate[i] = (double)(b.cycles - a.cycles) / ((double)(b.host_ns - a.host_ns) / 1e9);
	}
	if (bad) {
		fprintf(stderr, "bench-sim: %s: a job failed\n", w->name);
		goto out;
	}
	macs = rig_rec64(rig_record(r, r->tail - 1), LXA_C_MACS) * (uint64_t)w->jobs;
	per_cycle = (double)macs / (double)(b.cycles - a.cycles);
	qsort(rate, (size_t)runs, sizeof(rate[0]), by_value);
	printf("%-13s %8.0f %8.0f %8.0f %14.0f\n", w->name, rate[0] / 1e3, rate[runs / 2] / 1e3, rate[runs - 1] / 1e3,
	       rate[runs / 2] * per_cycle / 1e6);
	fflush(stdout);
out:
	rig_close(r);
	return bad;
}

/* An idle device: its thread sleeps, its clock stands still. */
static int idle(void)
{
	struct rig *r = rig_open(LXA_SIM_RTL, 100, 16, 16 << 20);
	uint32_t desc[LXA_DESC_WORDS];
	struct lxa_sim_stats a, b;
	int bad = load(r, 0, desc) || run_jobs(r, desc, 1);

	lxa_sim_stats(r->sim, &a);
	sleep(1);
	lxa_sim_stats(r->sim, &b);
	printf("idle for a second: %.3f ms of CPU, %llu cycles\n", (double)(b.host_ns - a.host_ns) / 1e6,
	       (unsigned long long)(b.cycles - a.cycles));
	rig_close(r);
	return bad;
}

static void memory(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	long kib;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			printf("peak memory of this process: %.1f MiB\n", (double)kib / 1024);
	if (f)
		fclose(f);
}

static int wanted(int argc, char **argv, const char *name)
{
	int i;

	for (i = optind; i < argc; i++)
		if (!strcmp(argv[i], name))
			return 1;
	return optind == argc;
}

int main(int argc, char **argv)
{
	int runs = 7, bad = 0, opt;
	size_t i;

	while ((opt = getopt(argc, argv, "r:")) != -1) {
		if (opt != 'r' || (runs = atoi(optarg)) < 1 || runs > MAX_RUNS) {
			fprintf(stderr, "usage: bench-sim [-r runs, up to %d] [work]...\n", MAX_RUNS);
			return 2;
		}
	}
	printf("%-13s %26s %14s\n%-13s %8s %8s %8s %14s\n", "", "kilocycles a CPU-second", "MMACs a CPU-s", "", "min", "median",
	       "max", "median");
	for (i = 0; i < WORKS && !bad; i++)
		if (wanted(argc, argv, works[i].name))
			bad = measure(&works[i], runs);
	if (!bad && wanted(argc, argv, "idle"))
		bad = idle();
	memory();
	return bad;
}
