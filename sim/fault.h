/* SPDX-License-Identifier: MIT */
/* fault.h - injected faults: armed by lxa_sim_fault(), activated when jobs start, consumed by the bus and the thread. */
#ifndef LXA_SIM_FAULT_H
#define LXA_SIM_FAULT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FAULT_KINDS 8			/* enum lxa_sim_fault */

struct fault_state {
	struct {
		int armed;
		uint64_t after;		/* further job starts to let pass */
		uint64_t count;		/* becomes active[] */
	} arm[FAULT_KINDS];
	uint64_t active[FAULT_KINDS];	/* times the fault still strikes */
	uint64_t flips;			/* bits flipped so far: chooses the next one */
};

int fault_arm(struct fault_state *f, int kind, uint64_t after, uint64_t count); /* kind 0 clears; -EINVAL */
unsigned int fault_job_started(struct fault_state *f); /* mask of kinds that became active */
int fault_take(struct fault_state *f, int kind); /* 1: strike now */
void fault_flip(struct fault_state *f, uint8_t *beat, unsigned int bytes); /* flip one bit of a beat */
const char *fault_name(int kind);
int fault_kind(const char *name); /* -1: none of that name */

#ifdef __cplusplus
}
#endif
#endif
