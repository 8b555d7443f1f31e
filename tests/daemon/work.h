/* SPDX-License-Identifier: MIT */
/*
 * work.h - what a client of the daemon does in these tests: random layers through the ioctls, every byte of every output
 * compared with plain C (tests/rtl/ref.c, which shares no code with the engines).
 */
#ifndef LXA_DAEMON_WORK_H
#define LXA_DAEMON_WORK_H

#include <stdint.h>

#include "lxa_calls.h"
#include "lxa_layout.h"

#define WORK_BATCH 6		/* layers in one SUBMIT, at most */

struct work {
	int fd;
	uint32_t ctx;
	uint64_t seed, last;		/* random state; number of the last job */
	struct lxa_caps caps;
	struct lxa_bo_create bo;	/* operands of a whole batch */
	uint8_t *mem;
};

/* The device of open("/dev/lxa0"). All functions: NULL, or what went wrong. */
const char *work_open(struct work *w, uint64_t seed);
const char *work_batch(struct work *w, uint32_t n);	/* n layers, at most WORK_BATCH: made, run, compared */
void work_close(struct work *w);

#endif
