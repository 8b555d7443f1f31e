/* SPDX-License-Identifier: MIT */
/* fault.c - book-keeping of injected faults. What each of them does is where it strikes: bus.c, axi_mem.c, sim.c. */
#include "fault.h"

#include <errno.h>
#include <string.h>

#include "lxa_sim.h"

int fault_arm(struct fault_state *f, int kind, uint64_t after, uint64_t count)
{
	if (kind < 0 || kind >= FAULT_KINDS)
		return -EINVAL;
	if (kind == LXA_SIM_FAULT_NONE) {
		memset(f->arm, 0, sizeof(f->arm));
		memset(f->active, 0, sizeof(f->active));
		return 0;
	}
	if (!count)
		return -EINVAL;
	f->arm[kind].armed = 1;
	f->arm[kind].after = after;
	f->arm[kind].count = count;
	return 0;
}

unsigned int fault_job_started(struct fault_state *f)
{
	unsigned int mask = 0;
	int i;

	for (i = 1; i < FAULT_KINDS; i++) {
		if (!f->arm[i].armed)
			continue;
		if (f->arm[i].after) {
			f->arm[i].after--;
			continue;
		}
		f->arm[i].armed = 0;
		f->active[i] = f->arm[i].count;
		mask |= 1u << i;
	}
	return mask;
}

int fault_take(struct fault_state *f, int kind)
{
	if (!f->active[kind])
		return 0;
	f->active[kind]--;
	return 1;
}

void fault_flip(struct fault_state *f, uint8_t *beat, unsigned int bytes)
{
	unsigned int bit = (unsigned int)(f->flips++ * 37 % (bytes * 8)); /* 37: another byte and bit each time */

	beat[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

const char *fault_name(int kind)
{
	static const char *const names[FAULT_KINDS] = {
		"none", "hang", "lost-irq", "spurious-irq", "read-error", "write-error", "bit-flip",
		"bad-record",
	};

	return kind >= 0 && kind < FAULT_KINDS ? names[kind] : "?";
}

int fault_kind(const char *name)
{
	int kind;

	for (kind = 0; kind < FAULT_KINDS; kind++)
		if (!strcmp(name, fault_name(kind)))
			return kind;
	return -1;
}
