/* SPDX-License-Identifier: MIT */
/*
 * bench-rtl.c - utilisation of the simulated device on ResNet-18's 3x3 layers, from its own counters, and the speed of
 * both engines. One job a layer, on an otherwise idle device, 100 cycles of memory latency and 16 bytes a cycle; the
 * last line of each table runs all layers back to back in one ring. Exit code 0: it is no test.
 *   bench-rtl [model]    with "model", the functional engine's speed instead
 */
#include <stdio.h>
#include <string.h>

#include "layer.h"

static const struct shape {
	const char *name;
	uint16_t hw, ic, oc;
	uint8_t stride;
} shapes[] = {
	{ "56x56x64", 56, 64, 64, 1 },	     { "56x56x64 /2", 56, 64, 128, 2 },	 { "28x28x128", 28, 128, 128, 1 },
	{ "28x28x128 /2", 28, 128, 256, 2 }, { "14x14x256", 14, 256, 256, 1 },	 { "14x14x256 /2", 14, 256, 512, 2 },
	{ "7x7x512", 7, 512, 512, 1 },
};
#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static int make(struct rig *r, const struct shape *p, int binary, struct layer *y)
{
	uint64_t s = 1;

	memset(y, 0, sizeof(*y));
	y->job = (struct lxa_job){ .op = LXA_OP_CONV, .batch = 1, .in_h = p->hw, .in_w = p->hw, .in_c = p->ic, .out_c = p->oc,
				   .groups = 1, .kh = 3, .kw = 3, .sy = p->stride, .sx = p->stride, .dy = 1, .dx = 1, .pad_t = 1,
				   .pad_l = 1, .pad_b = 1, .pad_r = 1, .pool_h = 1, .pool_w = 1, .pool_sy = 1, .pool_sx = 1 };
	if (binary) {
		y->job.act_fmt = LXA_FMT_B1, y->job.wgt_fmt = LXA_WFMT_B1;
		y->job.kind = LXA_KIND_THRESH, y->job.out_fmt = LXA_OFMT_B1, y->job.nthr = 1;
	} else {
		y->job.kind = LXA_KIND_LOG, y->job.out_fmt = LXA_OFMT_N4, y->job.log_max = 15;
	}
	lxa_layout(&r->caps, &y->job, &y->l);
	if (!lxa_tile_choose(&r->caps, &y->job, &y->l, &y->tile_h, &y->tile_w))
		return -1;
	return layer_data(&s, &r->caps, y);
}

static void line(const char *name, uint64_t macs, uint64_t cycles, double peak, const uint32_t *rec, const char *engine)
{
	printf("%-14s %10.1f %10llu %6.1f %%", name, (double)macs / 1e6, (unsigned long long)cycles,
	       100.0 * (double)macs / (double)cycles / peak);
	if (rec && !strcmp(engine, "rtl"))
		printf("   wgt %4.1f act %4.1f rd %4.1f out %4.1f wr %4.1f pipe %4.1f cmd %4.1f",
		       100.0 * (double)rig_rec64(rec, LXA_C_ST_WGT) / (double)cycles,
		       100.0 * (double)rig_rec64(rec, LXA_C_ST_ACT) / (double)cycles,
		       100.0 * (double)rig_rec64(rec, LXA_C_ST_RD) / (double)cycles,
		       100.0 * (double)rig_rec64(rec, LXA_C_ST_OUT) / (double)cycles,
		       100.0 * (double)rig_rec64(rec, LXA_C_ST_WR) / (double)cycles,
		       100.0 * (double)rig_rec64(rec, LXA_C_ST_PIPE) / (double)cycles,
		       100.0 * (double)rig_rec64(rec, LXA_C_ST_CMD) / (double)cycles);
	putchar('\n');
	fflush(stdout);
}

/*
 * All layers in one ring, `rounds` times: enough cycles for the CPU time to mean something. Prints the utilisation of the
 * last round and the speed over all.
 */
static int back_to_back(struct rig *r, uint32_t desc[SHAPES][LXA_DESC_WORDS], double peak, int rounds, const char *engine)
{
	struct lxa_sim_stats a, b;
	uint64_t macs = 0, cycles = 0;
	size_t i;

	lxa_sim_stats(r->sim, &a);
	for (int round = 0; round < rounds; round++) {
		for (i = 0; i < SHAPES; i++)
			rig_post(r, desc[i]);
		rig_doorbell(r);
		if (rig_wait(r, r->tail, 600000))
			return 1;
	}
	lxa_sim_stats(r->sim, &b);
	for (i = 0; i < SHAPES; i++) {
		const uint32_t *rec = rig_record(r, r->tail - 1 - (uint32_t)i);

		macs += rig_rec64(rec, LXA_C_MACS);
		cycles += rig_rec64(rec, LXA_C_CYCLES);
	}
	line("back to back", macs, cycles, peak, NULL, engine);
	printf("engine %s: %.2f M cycles and %.2f GMAC a CPU-second\n\n", engine,
	       (double)(b.cycles - a.cycles) / ((double)(b.host_ns - a.host_ns) / 1e9) / 1e6,
	       rounds * (double)macs / (double)(b.host_ns - a.host_ns));
	return 0;
}

static int table(struct rig *r, int binary, const char *engine)
{
	double peak = binary ? r->caps.xnor_oc * r->caps.xnor_ic : r->caps.shift_oc * r->caps.shift_ic;
	uint32_t desc[SHAPES][LXA_DESC_WORDS];
	size_t i;

	printf("%s\n%-14s %10s %10s %8s   lost to, in %% of the cycles\n", binary ? "binary" : "log", "layer", "MMAC", "cycles",
	       "of peak");
	rig_clear(r);
	for (i = 0; i < SHAPES; i++) {
		uint64_t s = 2;
		struct layer y;
		const uint32_t *rec;

		if (make(r, &shapes[i], binary, &y))
			return 1;
		layer_load(&s, r, &y);
		layer_desc(&y, (uint32_t)i, 1, desc[i]);
		layer_free(&y);
		rig_post(r, desc[i]);
		rig_doorbell(r);
		if (rig_wait(r, r->tail, 600000))
			return 1;
		rec = rig_record(r, r->tail - 1);
		line(shapes[i].name, rig_rec64(rec, LXA_C_MACS), rig_rec64(rec, LXA_C_CYCLES), peak, rec, engine);
	}
	return back_to_back(r, desc, peak, binary ? 16 : 1, engine);
}

int main(int argc, char **argv)
{
	int model = argc > 1 && !strcmp(argv[1], "model"), bad;
	struct rig *r = rig_open(model ? LXA_SIM_MODEL : LXA_SIM_RTL, 100, 16, 64 << 20);

	bad = table(r, 0, model ? "model" : "rtl") || table(r, 1, model ? "model" : "rtl");
	if (bad)
		fprintf(stderr, "bench-rtl: a job failed\n");
	rig_close(r);
	return bad;
}
