/* SPDX-License-Identifier: MIT */
/*
 * geometry_util.h - random convolutions and pools of 1 to 3 spatial dimensions for the tests of operators, and the walk over
 * the positions of a map. Sizes are those of ONNX's formulas, written down again here.
 */
#ifndef LXA_TEST_GEOMETRY_UTIL_H
#define LXA_TEST_GEOMETRY_UTIL_H

#include "graph_util.h"
#include "node_util.h"

struct geometry {
	int nd;
	int64_t n, group, ic, oc;	/* channels of a group */
	int64_t in[3], k[3], s[3], d[3], pb[3], pe[3], out[3];	/* 1 and no padding where there is no dimension */
};

/* Padding up to 3, or less than the window when inside is set (pools). */
void geometry_random(struct geometry *g, int inside);
void geometry_attrs(struct node_test *t, const struct geometry *g, int with_group);

/* Runs over p < limit, the last dimension fastest: for (p = {0}; p[0] < limit[0]; position_next(p, limit)). */
static inline void position_next(int64_t p[3], const int64_t limit[3])
{
	if (++p[2] < limit[2])
		return;
	p[2] = 0;
	if (++p[1] < limit[1])
		return;
	p[1] = 0;
	p[0]++;
}

static inline int64_t position_index(const int64_t p[3], const int64_t size[3])
{
	return (p[0] * size[1] + p[1]) * size[2] + p[2];
}

/* Where tap k of output o lies in the input; 0 when that is in the padding. */
static inline int position_tap(const struct geometry *g, const int64_t o[3], const int64_t k[3], int64_t p[3])
{
	int i, inside = 1;

	for (i = 0; i < 3; i++) {
		p[i] = o[i] * g->s[i] + k[i] * g->d[i] - g->pb[i];
		inside &= p[i] >= 0 && p[i] < g->in[i];
	}
	return inside;
}

#endif
