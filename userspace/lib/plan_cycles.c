/* SPDX-License-Identifier: MIT */
/* plan_cycles.c - what a device layer will cost, by the cycle model of the RTL (rtl/cycles). */
#include "../../rtl/cycles/lxa_cycles.h"
#include "plan.h"

static int add(struct lxa_cycles *c, const struct lxa_caps *caps, const struct lxa_job *j, const struct lxa_layout *l)
{
	uint32_t h = j->tile_h, w = j->tile_w;

	if (!h && !lxa_tile_choose(caps, j, l, &h, &w))
		return -1;
	return lxa_cycles_add_layer(c, j, l, h, w, 0);
}

/* The oldest job's cycles; 0 when there is none. */
static uint64_t next(struct lxa_cycles *c)
{
	struct lxa_cycles_share s;

	return lxa_cycles_next(c, &s, NULL) ? 0 : s.cycles;
}

static struct lxa_cycles *model(const struct lxa_caps *k)
{
	const struct lxa_cycles_cfg cfg = { .shift_oc = k->shift_oc, .shift_ic = k->shift_ic, .xnor_oc = k->xnor_oc,
					    .xnor_ic = k->xnor_ic, .out_lanes = k->out_lanes, .word_bytes = k->word_bytes,
					    .bus_bytes = k->bus_bytes, .wgt_bytes = k->wgt_bytes,
					    .rd_outstanding = k->rd_bursts ? k->rd_bursts : LXA_PREDICT_READS };
	const struct lxa_cycles_mem mem = { .latency = LXA_PREDICT_LATENCY, .bytes_per_cycle = LXA_PREDICT_BYTES };

	return lxa_cycles_create(&cfg, &mem);
}

uint64_t plan_cycles_job(const struct lxa_caps *caps, const struct lxa_job *j)
{
	struct lxa_cycles *c = model(caps);
	struct lxa_job one = *j;
	struct lxa_layout y;
	uint64_t n = 0;

	if (!c)
		return 0;
	one.batch = 1;			/* how many there will be is not yet known */
	lxa_layout(caps, &one, &y);
	if (!add(c, caps, &one, &y))
		n = next(c);
	lxa_cycles_destroy(c);
	return n;
}

uint64_t plan_cycles(const struct lxa_plan *p, const struct plan_layer *l)
{
	const struct lxa_caps *k = &p->caps;
	struct lxa_cycles *c = model(k);
	uint64_t sum = 0;
	int i;

	if (!c)
		return 0;
	if (!l->n_parts && !add(c, k, &l->layer.job, &l->layer.lay))
		sum = next(c);
	for (i = 0; i < l->n_parts; i++) {
		if (lxa_cycles_pending(c) == LXA_CYCLES_QUEUE)
			sum += next(c);
		if (add(c, k, &l->parts[i].job, &l->parts[i].lay))
			break;
	}
	while (lxa_cycles_pending(c))
		sum += next(c);
	lxa_cycles_destroy(c);
	return sum;
}
