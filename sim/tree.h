/* SPDX-License-Identifier: MIT */
/* tree.h - what the device tree says about a simulated device. */
#ifndef LXA_SIM_TREE_H
#define LXA_SIM_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "lxa_sim.h"

struct sim_config {
	enum lxa_sim_engine engine;
	uint32_t latency;		/* dram-latency-cycles */
	uint32_t bytes_per_cycle;	/* dram-bytes-per-cycle */
	uint32_t jitter;		/* dram-jitter-cycles */
	uint32_t stall;			/* dram-stall-percent */
	uint32_t seed;			/* random-seed */
};

/* dtb NULL: the built-in tree. 0, or -EINVAL with a sentence in err (which may be NULL). */
int tree_parse(const void *dtb, size_t len, struct sim_config *cfg, char *err, size_t err_len);

#endif
