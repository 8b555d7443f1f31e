/* SPDX-License-Identifier: MIT */
/*
 * bus.h - the device's surroundings as an engine sees them: memory, faults, log, statistics. One struct bus a device,
 * guarded by the device's lock (an engine runs with it held).
 */
#ifndef LXA_SIM_BUS_H
#define LXA_SIM_BUS_H

#include <stddef.h>
#include <stdint.h>

#include "dma.h"
#include "fault.h"
#include "lxa_sim.h"
#include "trace.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bus {
	struct dma_table dma;
	struct fault_state fault;
	struct trace trace;
	struct lxa_sim_stats stats;
	uint32_t latency, bytes_per_cycle; /* DRAM timing, from the tree */
	uint32_t jitter, stall;		/* extra latency of a burst, 0..jitter cycles; share of cycles refused, of 256 */
	uint64_t random;		/* state of those */
	uint32_t beat;			/* bytes of one beat */
	int hung;			/* the memory side has stopped answering */
	uint64_t spurious;		/* interrupts without cause still to deliver */
	uint64_t now;			/* cycle, kept by the engine; stamps the log */
};

/*
 * One burst of the model engine: 0, or -EIO on a bus error, with the address that failed in *bad. A read error, write
 * error or bit flip that is active strikes here. bus_write_ptr() gives the host memory of a write burst instead.
 */
int bus_read(struct bus *b, uint64_t iova, void *dst, size_t len, uint64_t *bad);
uint8_t *bus_write_ptr(struct bus *b, uint64_t iova, size_t len, uint64_t *bad);

/* Both engines report a descriptor taken and a completion record written here. */
void bus_job_started(struct bus *b, const uint32_t *desc);
void bus_job_done(struct bus *b, const uint32_t *rec);
void bus_spoil_record(struct bus *b, uint32_t *rec); /* as it is written: a bad record that is armed strikes here */
/*
 * A record of LXA_CPL_BYTES, and its first words alone: software watches COUNT, the last of them, in memory while the device runs. When
 * it shows, all the rest and the job's output do, too.
 */
#define BUS_HEAD_BYTES 16u
int bus_put_record(struct bus *b, uint64_t iova, const uint32_t *rec, uint64_t *bad); /* as bus_read() */
void bus_put_head(uint8_t *dst, const uint32_t *rec);
void bus_unhang(struct bus *b);		/* on soft reset */

#ifdef __cplusplus
}
#endif
#endif
