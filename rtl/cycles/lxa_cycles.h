/* SPDX-License-Identifier: MIT */
/*
 * lxa_cycles.h - how many cycles the RTL takes for jobs, and what the array waits for meanwhile, without running it.
 *
 * An event model of the engines in rtl/ARCHITECTURE.md on the granularity of bursts, weight tiles and output blocks. It
 * describes the RTL and changes with it; tests/rtl/cycles.c holds the two together. Pure C, no dependency but the register
 * description and lxa_layout.h: the simulator's functional engine and the planner both use it (README.md).
 *
 *	struct lxa_cycles *c = lxa_cycles_create(&cfg, &mem);
 *	lxa_cycles_add(c, desc, 0);		jobs in ring order; those of one doorbell at one time
 *	lxa_cycles_next(c, &share);		the oldest one's completion record
 *
 * Jobs that are added before an earlier one is asked for overlap with it as on the device.
 */
#ifndef LXA_CYCLES_H
#define LXA_CYCLES_H

#include <stdint.h>

#include "../../driver/uapi/lxa_layout.h"

#ifdef __cplusplus
extern "C" {
#endif

struct lxa_cycles_cfg {			/* as the CFG_* registers tell */
	uint32_t shift_oc, shift_ic, xnor_oc, xnor_ic, out_lanes;
	uint32_t word_bytes, bus_bytes;
	uint32_t wgt_bytes;		/* weight buffer */
	uint32_t rd_outstanding;	/* read bursts in flight */
};

struct lxa_cycles_mem {
	uint32_t latency;		/* cycles from address to first data, from last data to response */
	uint32_t bytes_per_cycle;	/* reads and writes together */
};

struct lxa_cycles_share {		/* as a completion record has it; the causes add up to cycles */
	uint64_t cycles, busy, wgt, act, rd, out, wr, pipe, cmd;
};

struct lxa_cycles;

struct lxa_cycles *lxa_cycles_create(const struct lxa_cycles_cfg *cfg, const struct lxa_cycles_mem *mem); /* NULL: no memory */
void lxa_cycles_destroy(struct lxa_cycles *c);
void lxa_cycles_reset(struct lxa_cycles *c); /* an idle device at cycle 0 */

#define LXA_CYCLES_QUEUE 16		/* jobs that may be added and not yet asked for */

/*
 * Append a job: a descriptor that the device would accept. It is seen in cycle `when`, or when the device has come further than
 * that, now. 0, or -1 when the queue is full.
 */
int lxa_cycles_add(struct lxa_cycles *c, const uint32_t *desc, uint64_t when);
/* The same without a descriptor: a job, the layout that lxa_layout() makes of it, and its tile. -1 too when one of these is empty. */
int lxa_cycles_add_layer(struct lxa_cycles *c, const struct lxa_job *job, const struct lxa_layout *l, uint32_t tile_h,
			 uint32_t tile_w, uint64_t when);
uint32_t lxa_cycles_pending(const struct lxa_cycles *c); /* jobs added and not yet asked for */
/* Run until the oldest job is complete: its share, and the cycle in which its record was begun. 0, or -1: there is none. */
int lxa_cycles_next(struct lxa_cycles *c, struct lxa_cycles_share *share, uint64_t *when);

#ifdef __cplusplus
}
#endif
#endif
