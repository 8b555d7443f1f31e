/* SPDX-License-Identifier: MIT */
/*
 * cover.h - functional coverage of random layers: which kinds of layer, memory and job a run has had. A bin is a property
 * (cover.c lists them); a layer that ran and was compared hits every bin it has.
 */
#ifndef LXA_TEST_COVER_H
#define LXA_TEST_COVER_H

#include "layer.h"
#include "rig.h"

struct cover_case {			/* what a layer ran in */
	const struct lxa_caps *caps;
	const struct rig_timing *timing;
	int jobs, index;		/* in the ring before the doorbell; this one */
	int chained;			/* it reads what the job before it wrote */
};

/* Bins that concern this configuration count from 0; they are shared with processes forked after this. */
void cover_start(const struct lxa_caps *caps);
void cover_layer(const struct cover_case *c, const struct layer *y);
int cover_report(void);			/* print the table; number of bins never hit */

#endif
