/* SPDX-License-Identifier: MIT */
/*
 * bench-rtl.c - utilisation of the simulated device on the layers that people run: useful MACs over cycles x peak, from the
 * device's own counters, through library and driver. A program that prints, no test: its exit code is 0 unless a job fails.
 *   bench-rtl [NET...]      these networks (default all); each layer alone on an idle device, then all back to back
 *   bench-rtl --memory      ResNet-18, log and binary, at 16, 8 and 4 bytes a cycle and 100 and 400 cycles of latency
 */
#include <stdio.h>
#include <string.h>

#include "bench_dev.h"

#define LATENCY 100
#define BYTES_PER_CYCLE 16

/* Where cycles go that are not busy. */
static const struct {
	int counter;
	const char *name;
} lost[] = {
	{ LXA_CNT_ST_WGT, "wgt" }, { LXA_CNT_ST_ACT, "act" },	{ LXA_CNT_ST_RD, "rd" },   { LXA_CNT_ST_OUT, "out" },
	{ LXA_CNT_ST_WR, "wr" },   { LXA_CNT_ST_PIPE, "pipe" }, { LXA_CNT_ST_CMD, "cmd" },
};

static double peak(const struct bench_dev *d, const struct bench_net *net)
{
	const struct lxa_caps *c = lxa_device_caps(d->dev);

	if (net->data == BENCH_PLANES)
		return (double)c->xnor_oc * c->xnor_ic / (BENCH_BITS * BENCH_BITS);
	return net->data == BENCH_BINARY ? (double)c->xnor_oc * c->xnor_ic : (double)c->shift_oc * c->shift_ic;
}

static void row(const char *name, int times, double macs, double slots, const uint64_t *n, double per_cycle, double bpc)
{
	double cycles = (double)n[LXA_CNT_CYCLES];

	printf("%-18s %2d %9.1f %10.0f %6.1f %6.1f %6.1f  ", name, times, macs / 1e6, cycles, 100 * macs / cycles / per_cycle,
	       100 * macs / slots, 100 * (double)(n[LXA_CNT_RD_BYTES] + n[LXA_CNT_WR_BYTES]) / cycles / bpc);
	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++)
		printf(" %5.1f", 100 * (double)n[lost[i].counter] / cycles);
	putchar('\n');
	fflush(stdout);
}

static void verdict(const struct bench_net *net, double macs, const uint64_t *n, double per_cycle)
{
	double cycles = (double)n[LXA_CNT_CYCLES];
	int bus = !strcmp(net->name, "dense");	/* bound by bytes */
	double got = bus ? (double)(n[LXA_CNT_RD_BYTES] + n[LXA_CNT_WR_BYTES]) / cycles / BYTES_PER_CYCLE : macs / cycles / per_cycle;

	if (net->bar > 0)
		printf("%s: %.1f %% of the %s, asked for %.0f %%: %s\n", net->name, 100 * got, bus ? "bus" : "peak", 100 * net->bar,
		       got >= net->bar ? "reached" : "NOT reached");
	putchar('\n');
}

static int table(struct bench_dev *d, const struct bench_net *net)
{
	struct bench_job jobs[BENCH_JOBS_MAX];
	uint64_t n[LXA_CNT_COUNT];
	double macs = 0, slots = 0;
	int count = bench_jobs(d, net, jobs), i;

	if (count < 0)
		return -1;
	printf("%s\n%-18s %2s %9s %10s %6s %6s %6s   lost to, %% of the cycles\n%-38s    %6s %6s %6s  ", net->what, "layer", "x",
	       "MMAC", "cycles", "peak", "lanes", "bus", "", "%", "allow", "%");
	for (size_t k = 0; k < sizeof(lost) / sizeof(lost[0]); k++)
		printf(" %5s", lost[k].name);
	putchar('\n');
	for (i = 0; i < count; i++) {
		macs += (double)jobs[i].macs, slots += (double)jobs[i].slots;
		if (i && jobs[i].of == jobs[i - 1].of)
			continue;
		if (bench_run(d, &jobs[i], 1, n))
			return -1;
		row(jobs[i].of->name, jobs[i].of->times, (double)jobs[i].macs, (double)jobs[i].slots, n, peak(d, net), BYTES_PER_CYCLE);
	}
	if (bench_run(d, jobs, (uint32_t)count, n))
		return -1;
	row("back to back", 1, macs, slots, n, peak(d, net), BYTES_PER_CYCLE);
	verdict(net, macs, n, peak(d, net));
	return 0;
}

/* Every layer takes the cycles of its slots or of its bytes, whichever is more: the roofline of this plan of tiles. */
static double roofline(const struct bench_job *jobs, int count, double per_cycle, double bpc)
{
	double cycles = 0;

	for (int i = 0; i < count; i++) {
		double array = (double)jobs[i].slots / per_cycle, bus = (double)jobs[i].bytes / bpc;

		cycles += array > bus ? array : bus;
	}
	return cycles;
}

static int memory_line(const struct bench_net *net, uint32_t latency, uint32_t bpc)
{
	struct bench_job jobs[BENCH_JOBS_MAX];
	uint64_t n[LXA_CNT_COUNT];
	double macs = 0, roof;
	struct bench_dev d;
	int count, i, r = -1;

	if (bench_open(&d, "rtl", latency, bpc))
		goto out;
	count = bench_jobs(&d, net, jobs);
	if (count < 0 || bench_run(&d, jobs, (uint32_t)count, n))
		goto out;
	for (i = 0; i < count; i++)
		macs += (double)jobs[i].macs;
	roof = roofline(jobs, count, peak(&d, net), bpc);
	printf("%-10s %8u %8u %10llu %6.1f %9.1f %12.1f %6.1f\n", net->name, bpc, latency, (unsigned long long)n[LXA_CNT_CYCLES],
	       100 * macs / (double)n[LXA_CNT_CYCLES] / peak(&d, net), 100 * macs / roof / peak(&d, net),
	       100 * roof / (double)n[LXA_CNT_CYCLES],
	       100 * (double)(n[LXA_CNT_RD_BYTES] + n[LXA_CNT_WR_BYTES]) / (double)n[LXA_CNT_CYCLES] / bpc);
	fflush(stdout);
	r = 0;
out:
	bench_close(&d);
	return r;
}

static int memory(void)
{
	static const char *const names[] = { "resnet18", "bresnet18" };
	static const uint32_t bytes[] = { 16, 8, 4 }, latencies[] = { 100, 400 };

	printf("memory: networks back to back; roofline: each layer at the array's or at the bus's rate, whichever is slower\n"
	       "%-10s %8s %8s %10s %6s %9s %12s %6s\n", "network", "B/cycle", "latency", "cycles", "peak %", "roofline",
	       "of roofline", "bus %");
	for (size_t k = 0; k < bench_net_count; k++)
		for (size_t i = 0; i < 2; i++)
			for (size_t b = 0; !strcmp(bench_nets[k].name, names[i]) && b < 6; b++)
				if (memory_line(&bench_nets[k], latencies[b % 2], bytes[b / 2]))
					return -1;
	return 0;
}

static int wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return 1;
	return argc == 1;
}

int main(int argc, char **argv)
{
	struct bench_dev d;
	int bad = 0;

	if (argc == 2 && !strcmp(argv[1], "--memory"))
		return memory() ? 1 : 0;
	if (bench_open(&d, "rtl", LATENCY, BYTES_PER_CYCLE))
		return 1;
	for (size_t i = 0; i < bench_net_count && !bad; i++)
		if (wanted(bench_nets[i].name, argc, argv))
			bad = table(&d, &bench_nets[i]);
	bench_close(&d);
	return bad ? 1 : 0;
}
