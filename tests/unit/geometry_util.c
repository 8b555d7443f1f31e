/* SPDX-License-Identifier: MIT */
/* geometry_util.c - see geometry_util.h. */
#include <string.h>

#include "geometry_util.h"

void geometry_random(struct geometry *g, int inside)
{
	int i;

	g->nd = 1 + (int)rnd(3);
	g->n = 1 + rnd(2);
	g->group = 1 + rnd(3);
	g->ic = 1 + rnd(4);
	g->oc = 1 + rnd(4);
	for (i = 0; i < 3; i++) {
		g->in[i] = g->k[i] = g->s[i] = g->d[i] = g->out[i] = 1;
		g->pb[i] = g->pe[i] = 0;
		if (i >= g->nd)
			continue;
		do {
			g->in[i] = 1 + rnd(9);
			g->k[i] = 1 + rnd(4);
			g->s[i] = 1 + rnd(3);
			g->d[i] = 1 + rnd(3);
			g->pb[i] = rnd(inside ? (uint32_t)((g->k[i] - 1) * g->d[i] + 1) : 4);
			g->pe[i] = rnd(inside ? (uint32_t)((g->k[i] - 1) * g->d[i] + 1) : 4);
			g->out[i] = g->in[i] + g->pb[i] + g->pe[i] - (g->k[i] - 1) * g->d[i] - 1;
		} while (g->out[i] < 0);
		g->out[i] = g->out[i] / g->s[i] + 1;
	}
}

void geometry_attrs(struct node_test *t, const struct geometry *g, int with_group)
{
	int64_t pads[6];

	memcpy(pads, g->pb, (size_t)g->nd * sizeof(*pads));
	memcpy(pads + g->nd, g->pe, (size_t)g->nd * sizeof(*pads));
	node_ints(t, "kernel_shape", g->nd, g->k);
	node_ints(t, "strides", g->nd, g->s);
	node_ints(t, "dilations", g->nd, g->d);
	node_ints(t, "pads", 2 * g->nd, pads);
	if (with_group)
		node_int(t, "group", g->group);
}
