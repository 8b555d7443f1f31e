/* SPDX-License-Identifier: MIT */
/*
 * rig.h - a simulated device on a bench: memory, rings, registers, without any driver. The tests of this folder drive the
 * device through it and through nothing else but sim/lxa_sim.h.
 */
#ifndef LXA_TEST_RIG_H
#define LXA_TEST_RIG_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "lxa_layout.h"
#include "lxa_regs.h"
#include "lxa_sim.h"

#define RIG_IOVA 0x7654000000ull	/* above 4 GiB, so that high address words matter */
#define RIG_LOG2 4

struct rig {
	struct lxa_sim *sim;
	struct lxa_caps caps;
	uint8_t *mem;
	size_t size, used;
	uint32_t tail;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned int irqs, done, errors; /* rises of the line; of those with each cause */
	int level;
};

/* Memory timing: the properties of sim/README.md of the same names. */
struct rig_timing {
	uint32_t latency, bytes_per_cycle;
	uint32_t jitter, stall, seed;	/* cycles, percent */
};

/* Aborts with a message when the device cannot be made: a test has nothing to go on with then. */
struct rig *rig_open_timing(enum lxa_sim_engine engine, const struct rig_timing *t, size_t mem);
struct rig *rig_open(enum lxa_sim_engine engine, uint32_t latency, uint32_t bytes_per_cycle, size_t mem);
void rig_close(struct rig *r);

void rig_program(struct rig *r);	/* rings, masks, enable: after creation and after a soft reset */
int rig_reset(struct rig *r);		/* soft reset and rig_program; -1 when the reset does not end */
void rig_clear(struct rig *r);		/* forget all allocations */
size_t rig_alloc(struct rig *r, size_t len); /* offset into mem, aligned to 256; aborts when memory ends */
static inline uint64_t rig_iova(size_t off) { return RIG_IOVA + off; }

void rig_post(struct rig *r, const uint32_t *desc); /* into the ring, no doorbell */
void rig_doorbell(struct rig *r);
int rig_wait(struct rig *r, uint32_t cpl_count, unsigned int timeout_ms); /* 0, -1 error status, -2 time-out */
const uint32_t *rig_record(const struct rig *r, uint32_t index);
uint64_t rig_rec64(const uint32_t *rec, uint32_t word);
uint64_t rig_counter(struct rig *r, uint32_t reg_lo); /* as of the last snapshot */

#endif
