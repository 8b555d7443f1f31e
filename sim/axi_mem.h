/* SPDX-License-Identifier: MIT */
/*
 * axi_mem.h - the memory behind the RTL engine's AXI4 master: latency, and bytes per cycle that reads and writes share.
 * Every cycle: axi_mem_drive() sets the inputs of the design, axi_mem_sample() looks at the handshakes.
 */
#ifndef LXA_SIM_AXI_MEM_H
#define LXA_SIM_AXI_MEM_H

#include <stdint.h>

#include "bus.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AXI_MEM_MAX_BEAT 128		/* bytes */
#define AXI_MEM_QUEUE 64		/* bursts; a power of two */

struct axi_burst {
	uint64_t addr, when;		/* next beat's address; cycle from which data may come */
	uint32_t beats;			/* left */
	int error, desc;		/* answer with an error; it is a descriptor */
};

struct axi_queue {
	struct axi_burst q[AXI_MEM_QUEUE];
	uint32_t in, out;
};

struct axi_mem {
	struct bus *bus;
	uint64_t ring_base, cpl_base;	/* shadows of the registers: to recognize descriptors and records */
	uint32_t ring_log2;
	struct axi_queue rd, wr, resp;
	uint64_t tokens;		/* bytes that may move now */
	uint64_t quiet;			/* cycles since something moved */
	int turn;			/* whose turn it is when both directions want the last beat: 1 write */
	int w_waits;			/* a write beat was refused in the last cycle */
	uint32_t desc[64];
	uint32_t desc_fill;

	/* to the design */
	int arready, rvalid, rlast, rresp, awready, wready, bvalid, bresp;
	uint8_t rdata[AXI_MEM_MAX_BEAT];
};

struct axi_out {			/* from the design */
	int arvalid, rready, awvalid, wvalid, wlast, bready;
	uint64_t araddr, awaddr, wstrb;
	uint32_t arlen, awlen;
	const uint8_t *wdata;
};

void axi_mem_reset(struct axi_mem *m);	/* forget everything open */
void axi_mem_drive(struct axi_mem *m);
void axi_mem_sample(struct axi_mem *m, const struct axi_out *o);

/* The end of a cycle. */
static inline void axi_mem_pass(struct axi_mem *m, int moved)
{
	uint64_t cap = m->bus->beat + m->bus->bytes_per_cycle - 1; /* no saving up beyond one beat */

	m->quiet = moved ? 0 : m->quiet + 1;
	m->tokens += m->bus->bytes_per_cycle;
	if (m->tokens > cap)
		m->tokens = cap;
}

/* axi_mem_sample() where nothing is valid on any channel. */
static inline void axi_mem_idle(struct axi_mem *m)
{
	m->w_waits = 0;
	axi_mem_pass(m, 0);
}

#ifdef __cplusplus
}
#endif
#endif
