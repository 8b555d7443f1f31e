/* SPDX-License-Identifier: MIT */
/* bench_dev.h - a simulated device behind the driver, with the memory timing asked for, and jobs of random data on it. */
#ifndef LXA_BENCH_DEV_H
#define LXA_BENCH_DEV_H

#include "lxa.h"
#include "nets.h"

struct bench_dev {
	struct lxa_device *dev;
	struct lxa_bo *act[2], *wgt, *par;
	char dtb[64];			/* file, removed at close */
};

struct bench_job {
	const struct bench_layer *of;
	struct lxa_job job;		/* complete: operands in the device's buffers */
	struct lxa_layout layout;
	uint64_t macs;			/* useful */
	uint64_t slots;			/* MACs of all blocks, channel tails included: macs / slots is what the lanes allow */
	uint64_t bytes;			/* that its tiles read and write */
};

#define BENCH_JOBS_MAX 64
#define BENCH_BITS 2			/* of either operand of BENCH_PLANES */

/* engine "rtl" or "model". All functions: 0 (bench_jobs: how many), or -1 after a message on stderr. */
int bench_open(struct bench_dev *d, const char *engine, uint32_t latency, uint32_t bytes_per_cycle);
void bench_close(struct bench_dev *d);

/* A network's layers as jobs, those it has several times so often; buffers are made for them, of random data. */
int bench_jobs(struct bench_dev *d, const struct bench_net *net, struct bench_job jobs[BENCH_JOBS_MAX]);

/* Run n jobs, submitted at once, each reading what the one before wrote. delta: the device's counters over the run. */
int bench_run(struct bench_dev *d, const struct bench_job *jobs, uint32_t n, uint64_t delta[LXA_CNT_COUNT]);

#endif
