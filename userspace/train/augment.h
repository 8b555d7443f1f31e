/* SPDX-License-Identifier: MIT */
/*
 * augment.h - images for training: each a little shifted, turned, scaled, sheared and bent, the same for the same
 * numbers.
 *
 * Thread-safe: no state.
 */
#ifndef LXA_TRAIN_AUGMENT_H
#define LXA_TRAIN_AUGMENT_H

#include "data/data.h"
#include "rng.h"

struct augment {
	float shift;			/* pixels, each way */
	float turn;			/* radians, each way */
	float scale;			/* 0.1: each axis by 0.9 to 1.1 */
	float shear;
	float bend;			/* pixels: amplitude of a smooth random displacement */
};

/* Image i of the set as integers 0 .. d->max in floats, NHWC, changed by random numbers from r; a NULL: as it is. */
void augment_image(const struct lxa_dataset *d, size_t i, const struct augment *a, struct rng r, float *out);

#endif
