/* SPDX-License-Identifier: MIT */
/*
 * first_layer.c - utilisation of the RTL on first layers, 224x224 pixels of 3 bytes and log weights, packed: from the
 * device's own counters, one job on an idle device, 100 cycles of memory latency, 16 bytes a cycle. Fails where a layer stays
 * below its bar. "rows" are layers whose kernel rows software has gathered into pixels of KH * 3 bytes.
 */
#include <stdio.h>
#include <string.h>

#include "layer.h"

static const struct shape {
	const char *name;
	uint16_t in_h, in_w, in_c, out_c;
	uint8_t kh, kw, sy, sx, pad, pool;
	double bar;
} shapes[] = {
	{ "ResNet 7x7 /2", 224, 230, 3, 64, 7, 7, 2, 2, 3, 1, 60 },
	{ "ResNet 7x7 /2, 3x3 max-pool", 224, 230, 3, 64, 7, 7, 2, 2, 3, 3, 60 },
	{ "VGG 3x3", 224, 226, 3, 64, 3, 3, 1, 1, 1, 1, 50 },
	{ "ResNet 7x7 /2, rows", 112, 230, 21, 64, 1, 7, 1, 2, 0, 1, 80 },
	{ "VGG 3x3, rows", 224, 226, 9, 64, 1, 3, 1, 1, 0, 1, 70 },
};

static int run(struct rig *r, const struct shape *p)
{
	double peak = r->caps.shift_oc * r->caps.shift_ic, of_peak;
	uint32_t desc[LXA_DESC_WORDS];
	const uint32_t *rec;
	uint64_t s = 1;
	struct layer y;

	memset(&y, 0, sizeof(y));
	y.job = (struct lxa_job){ .op = LXA_OP_CONV, .conv_flags = LXA_CONV_PACKED, .batch = 1, .in_h = p->in_h, .in_w = p->in_w,
				  .in_c = p->in_c, .out_c = p->out_c, .groups = 1, .kh = p->kh, .kw = p->kw, .sy = p->sy, .sx = p->sx,
				  .dy = 1, .dx = 1, .pad_t = p->pad, .pad_b = p->pad, .pool_h = p->pool, .pool_w = p->pool,
				  .pool_sy = p->pool > 1 ? 2 : 1, .pool_sx = p->pool > 1 ? 2 : 1, .pool_pt = p->pool > 1,
				  .pool_pl = p->pool > 1, .act_fmt = LXA_FMT_U8, .kind = LXA_KIND_LOG, .out_fmt = LXA_OFMT_N4,
				  .log_max = 15 };
	lxa_layout(&r->caps, &y.job, &y.l);
	if (!lxa_tile_choose(&r->caps, &y.job, &y.l, &y.tile_h, &y.tile_w) || layer_data(&s, &r->caps, &y))
		return 1;
	rig_clear(r);
	layer_load(&s, r, &y);
	layer_desc(&y, 0, 1, desc);
	layer_free(&y);
	rig_post(r, desc);
	rig_doorbell(r);
	if (rig_wait(r, r->tail, 600000))
		return 1;
	rec = rig_record(r, r->tail - 1);
	of_peak = 100.0 * (double)rig_rec64(rec, LXA_C_MACS) / (double)rig_rec64(rec, LXA_C_CYCLES) / peak;
	printf("%-28s %6.1f MMAC %8llu cycles %5.1f %% of peak (bar %.0f), out %.1f act %.1f wgt %.1f\n", p->name,
	       (double)rig_rec64(rec, LXA_C_MACS) / 1e6, (unsigned long long)rig_rec64(rec, LXA_C_CYCLES), of_peak, p->bar,
	       100.0 * (double)rig_rec64(rec, LXA_C_ST_OUT) / (double)rig_rec64(rec, LXA_C_CYCLES),
	       100.0 * (double)rig_rec64(rec, LXA_C_ST_ACT) / (double)rig_rec64(rec, LXA_C_CYCLES),
	       100.0 * (double)rig_rec64(rec, LXA_C_ST_WGT) / (double)rig_rec64(rec, LXA_C_CYCLES));
	return of_peak < p->bar;
}

int main(void)
{
	struct rig *r = rig_open(LXA_SIM_RTL, 100, 16, 64 << 20);
	int bad = 0;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		bad |= run(r, &shapes[i]);
	rig_close(r);
	if (bad)
		fprintf(stderr, "first_layer: a job failed or stayed below its bar\n");
	return bad;
}
