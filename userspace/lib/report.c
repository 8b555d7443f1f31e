/* SPDX-License-Identifier: MIT */
/* report.c - what lxa.h tells about a plan: inputs, outputs, entries, and what running them has cost. */
#include <string.h>

#include "plan.h"

int64_t lxa_plan_batch(const struct lxa_plan *p)
{
	return p->batch;
}

int lxa_plan_batch_fixed(const struct lxa_plan *p)
{
	return p->fixed;
}

int lxa_plan_inputs(const struct lxa_plan *p)
{
	return p->g->n_in;
}

int lxa_plan_outputs(const struct lxa_plan *p)
{
	return p->g->n_out;
}

static void describe(const struct lxa_plan *p, int value, struct lxa_io *io)
{
	const struct lxa_value *v = &p->g->values[value];

	memset(io, 0, sizeof(*io));
	io->name = v->name;
	io->dtype = v->t.dtype;
	io->ndim = v->t.ndim;
	memcpy(io->dims, v->t.dims, sizeof(io->dims));
}

void lxa_plan_input(const struct lxa_plan *p, int i, struct lxa_io *io)
{
	describe(p, p->g->in[i], io);
}

void lxa_plan_output(const struct lxa_plan *p, int i, struct lxa_io *io)
{
	describe(p, p->g->out[i], io);
}

int lxa_plan_entries(const struct lxa_plan *p)
{
	return p->g->n_nodes;
}

const struct lxa_plan_entry *lxa_plan_entry(const struct lxa_plan *p, int i)
{
	return &p->nodes[i].e;
}

static void no_value(struct lxa_io *io)
{
	memset(io, 0, sizeof(*io));
	io->name = "";
}

int lxa_plan_entry_input(const struct lxa_plan *p, int i, int k, struct lxa_io *io)
{
	const struct lxa_node *n = &p->g->nodes[i];
	int v = k >= 0 && k < n->n_in ? n->in[k] : -1, g;

	no_value(io);
	if (v < 0)
		return LXA_FROM_NOTHING;
	describe(p, v, io);
	for (g = 0; g < p->g->n_in; g++)
		if (p->g->in[g] == v)
			return LXA_FROM_INPUT;
	return p->g->values[v].producer < 0 ? LXA_FROM_CONSTANT : p->g->values[v].producer;
}

void lxa_plan_entry_output(const struct lxa_plan *p, int i, int k, struct lxa_io *io)
{
	const struct lxa_node *n = &p->g->nodes[i];

	no_value(io);
	if (k >= 0 && k < n->n_out && n->out[k] >= 0)
		describe(p, n->out[k], io);
}

void lxa_plan_report(const struct lxa_plan *p, int i, struct lxa_layer_report *r)
{
	const struct lxa_plan_entry *e = &p->nodes[i].e;

	*r = p->nodes[i].rep;
	if (!e->head)
		return;
	*r = p->layers[e->layer]->rep;
	if (r->cycles)
		r->utilization = (double)r->macs / ((double)r->cycles * e->lane_macs);
	/* where jobs overlap, a few of a layer's cycles are in the record of the job before (rtl/PROGRAMMING.md, 3) */
	if (r->utilization > 1)
		r->utilization = 1;
}
