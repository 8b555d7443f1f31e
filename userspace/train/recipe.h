/* SPDX-License-Identifier: MIT */
/* recipe.h - how each shipped network is made: its architecture and everything that training needs to know. */
#ifndef LXA_TRAIN_RECIPE_H
#define LXA_TRAIN_RECIPE_H

#include "augment.h"
#include "net.h"

struct recipe {
	const char *data;		/* the data set's name, also in the file's name */
	const char *arch;		/* net.h */
	int epochs, batch;
	uint64_t seed;
	float rate;			/* Adam's first rate; falls to 0 by a cosine */
	float smooth;			/* of the labels */
	struct augment augment;
};

const struct recipe *recipe_find(const char *data);	/* NULL: none */

/* Write the network with what is known about it. 0 or a negative errno. */
int recipe_save(const struct recipe *r, const struct net *n, double accuracy, size_t tested, int max_pixel,
		const char *path, struct lxa_err *err);

#endif
