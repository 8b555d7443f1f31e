/* SPDX-License-Identifier: MIT */
/*
 * engine.h - what an engine is. sim.c owns the thread and the lock and drives one engine at a time through this table;
 * every function is called with the device's lock held.
 */
#ifndef LXA_SIM_ENGINE_H
#define LXA_SIM_ENGINE_H

#include <stdint.h>

#include "bus.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ENGINE_COUNTERS 14		/* LXA_REG_CNT_*, in register order */

/* Registers that software can see, as they are carried from engine to engine. */
struct reg_state {
	uint32_t enable, irq_status, irq_mask;
	uint64_t ring_base, cpl_base;
	uint32_t ring_log2, head, tail, cpl_count, progress;
	uint64_t cnt[ENGINE_COUNTERS], snap[ENGINE_COUNTERS];
};

enum engine_state {
	ENGINE_IDLE,			/* nothing to do until a register is written */
	ENGINE_BLOCKED,			/* work, but the memory side hangs: nothing moves until a register is written */
	ENGINE_BUSY,
};

struct engine_ops {
	const char *name;
	void *(*create)(struct bus *bus); /* NULL: no memory */
	void (*destroy)(void *e);
	uint32_t (*read32)(void *e, uint32_t off);
	void (*write32)(void *e, uint32_t off, uint32_t val);
	/* Work for about `cycles` clock cycles, less when *stop becomes non-zero or the interrupt line changes. */
	enum engine_state (*run)(void *e, uint64_t cycles, const int *stop);
	enum engine_state (*state)(void *e);
	int (*irq)(void *e);
	void (*save)(void *e, struct reg_state *r); /* only when idle */
	void (*restore)(void *e, const struct reg_state *r);
	int (*wave)(void *e, const char *path); /* NULL path: stop; -ENOTSUP */
};

extern const struct engine_ops engine_model;
extern const struct engine_ops engine_rtl;

#ifdef __cplusplus
}
#endif
#endif
