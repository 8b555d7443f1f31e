/* SPDX-License-Identifier: MIT */
/* layer_util.h - random device layers for tests: geometry, weights, channels and data that are valid in themselves. */
#ifndef LXA_TEST_LAYER_UTIL_H
#define LXA_TEST_LAYER_UTIL_H

#include "lxa_layer.h"

struct random_layer {
	struct lxa_job job;
	uint32_t batch;
	int8_t *w;
	struct lxa_channel *chan;
	int32_t *in;			/* codes NCHW */
};

extern struct lxa_caps layer_test_caps;
/* By enum lxa_kernel_isa: layers that its kernel has run; layers that it has not because this machine lacks it. */
extern int layer_test_taken[LXA_ISA_AVX512 + 1], layer_test_skipped[LXA_ISA_AVX512 + 1];

void layer_test_init(void);		/* seeds from LXA_SEED or the clock, prints the seed */
uint32_t layer_test_rnd(uint32_t n);	/* 0 .. n - 1 */
void random_layer(struct random_layer *r);
void random_layer_free(struct random_layer *r);
const char *random_layer_text(const struct random_layer *r);

/* Run the layer on the plain kernel and on every other one that this machine has: `want` once unpacked, and equal bytes. */
void check_isas(struct lxa_layer *layer, const struct random_layer *r, const int32_t *want, size_t n);

#endif
