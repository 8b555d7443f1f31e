/* SPDX-License-Identifier: MIT */
/*
 * plan_store.c - what a quantizer of at most 16 levels is kept as: bytes, which the shift lanes multiply with powers of two, or nibbles,
 * which the XNOR lanes take plane by plane. All readers of a tensor read the same memory, so the choice is made for the quantizer: whatever
 * lets the device do more multiplications, else what takes fewer cycles. Negative values are two's complement, or, where nobody
 * needs a code for 0, counted from the smallest one: such codes can be the number of thresholds that a sum reaches, so that a layer makes them
 * exactly.
 */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

int plan_width(int lo, int hi)
{
	int bits = 1;

	while (lo < 0 ? lo < -(1 << (bits - 1)) || hi > (1 << (bits - 1)) - 1 : hi > (1 << bits) - 1)
		bits++;
	return bits;
}

/* What the readers would do with one way of keeping the tensor. */
struct sums {
	uint64_t macs, cycles;
	int zero;			/* somebody needs a code for 0: padding, base sqrt(2) */
};

/* Add head n, for activations as e says. */
static void add_head(const struct lxa_plan *p, int node, const struct plan_enc *e, struct sums *s)
{
	const struct lxa_node *n = &p->g->nodes[node];
	struct plan_layer l = { .quant = -1, .pool = -1 };
	struct plan_matrix m = { 0 };
	struct lxa_job j = { 0 };
	struct lxa_err why = { "" };
	struct lxa_layout y;
	int ret;

	ret = plan_onnx_op(n, "Conv") ? plan_head_conv(p, n, &l, &j, &m, &why) : plan_head_matrix(p, n, &l, &j, &m, &why);
	if (!ret)
		ret = plan_weights(p, n->in[1], &m, e, &l.w, &why);
	if (!ret) {
		l.in_enc = *e;
		plan_formats(p, &l, &j);
		j.batch = 1;
		lxa_layout(&p->caps, &j, &y);
		s->zero |= l.w.sqrt2 || j.pad_t || j.pad_l || j.pad_b || j.pad_r;
		s->macs += plan_node_macs(p, node);
		s->cycles += plan_cycles_job(&p->caps, &j);
	}
	free(l.w.codes);
	free(l.w.unit);
}

static struct sums readers(const struct lxa_plan *p, int node, const struct plan_enc *e)
{
	uint8_t *reached = calloc((size_t)p->g->n_values + 1, 1);
	struct sums s = { 0 };
	int i;

	if (!reached)
		return s;
	reached[p->g->nodes[node].out[0]] = 1;
	for (i = node + 1; i < p->g->n_nodes; i++) {
		const struct lxa_node *n = &p->g->nodes[i];

		if (n->n_in < 1 || n->n_out < 1 || n->in[0] < 0 || n->out[0] < 0 || !reached[n->in[0]])
			continue;
		if (plan_is_head(n) && n->n_in >= 2 && plan_head_known(p, i))
			add_head(p, i, e, &s);
		else if (plan_only_moves(n) || plan_onnx_op(n, "Pad"))	/* a border may become the job's */
			reached[n->out[0]] = 1;
	}
	free(reached);
	return s;
}

static enum plan_store choose(const struct lxa_plan *p, int node, int lo, int hi)
{
	struct plan_enc bytes = { .fmt = lo < 0 ? LXA_FMT_S8 : LXA_FMT_U8 };
	struct plan_enc nibbles = { .fmt = LXA_FMT_N4, .bits = plan_width(lo, hi), .is_signed = lo < 0 };
	struct sums b, n;

	if (p->g->nodes[node].out[0] < 0)
		return PLAN_STORE_BYTES;
	if (nibbles.bits > 4)	/* only as codes that count from the smallest */
		nibbles = (struct plan_enc){ .fmt = LXA_FMT_N4, .bits = plan_width(0, hi - lo) };
	b = readers(p, node, &bytes);
	n = b;
	if ((p->caps.modes & LXA_CFG_MODES_PLANES_MASK) && (p->caps.modes & LXA_CFG_MODES_XNOR_MASK))
		n = readers(p, node, &nibbles);
	if (n.macs < b.macs || (n.macs == b.macs && (!n.cycles || (b.cycles && b.cycles <= n.cycles))))
		return lo < 0 && !b.zero ? PLAN_STORE_OFFSET_BYTES : PLAN_STORE_BYTES;
	if ((lo < 0 && !n.zero) || plan_width(lo, hi) > 4)
		return n.zero ? PLAN_STORE_BYTES : PLAN_STORE_OFFSET_NIBBLES;
	return PLAN_STORE_NIBBLES;
}

enum plan_store plan_store(const struct lxa_plan *p, int node, int lo, int hi)
{
	if (p->stores[node] == PLAN_STORE_UNKNOWN) {
		p->stores[node] = PLAN_STORE_BYTES;	/* what it is while a reader is looked at that asks again */
		p->stores[node] = (uint8_t)choose(p, node, lo, hi);
	}
	return (enum plan_store)p->stores[node];
}
