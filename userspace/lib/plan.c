/* SPDX-License-Identifier: MIT */
/*
 * plan.c - loads a model and decides for every node where it runs, with a reason in words.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnn.h"
#include "plan.h"
#include "profile.h"

/* ---- models ------------------------------------------------------------------------------------------------ */

int lxa_model_load(const char *path, struct lxa_model **out, struct lxa_err *err)
{
	struct lxa_model *m = calloc(1, sizeof(*m));
	uint64_t start = prof_start();
	int ret;

	*out = NULL;
	if (!m || !(m->path = strdup(path))) {
		free(m);
		return lxa_err_set(err, -ENOMEM, "%s: out of memory", path);
	}
	ret = lxa_graph_load(path, &m->g, err);
	if (ret) {
		lxa_model_free(m);
		return ret;
	}
	prof_span(start, PROF_PLAN, "load", path, -1);
	*out = m;
	return 0;
}

void lxa_model_free(struct lxa_model *m)
{
	if (!m)
		return;
	lxa_graph_free(m->g);
	free(m->path);
	free(m);
}

/* ---- values ------------------------------------------------------------------------------------------------ */

const struct lxa_tensor *plan_const(const struct lxa_plan *p, int value)
{
	if (value < 0)
		return NULL;
	if (p->g->values[value].t.data)
		return &p->g->values[value].t;
	return p->folded[value].data ? &p->folded[value] : NULL;
}

static int is_constant(const struct lxa_plan *p, int value)
{
	return plan_const(p, value) != NULL;
}

int plan_consumer(const struct lxa_plan *p, int value)
{
	int i, k;

	if (p->uses[value] != 1)
		return -1;
	for (i = p->g->values[value].producer + 1; i < p->g->n_nodes; i++)
		for (k = 0; k < p->g->nodes[i].n_in; k++)
			if (p->g->nodes[i].in[k] == value)
				return i;
	return -1;
}

/*
 * A constant operand of a tensor with ndim dimensions, channels second, as one number a channel: a scalar, or all other
 * dimensions 1. With ndim 2, a vector of n numbers is along the channels too.
 */
int plan_const_channels(const struct lxa_tensor *t, int ndim, uint32_t n, double *out)
{
	int64_t count = t ? lxa_tensor_count(t) : 0;
	int axis, d;
	uint32_t c;

	if (!t || t->dtype != LXA_F32 || (count != 1 && count != n))
		return 0;
	axis = 1 - (ndim - t->ndim);	/* where the channels are in t */
	for (d = 0; count != 1 && d < t->ndim; d++)
		if (t->dims[d] != (d == axis ? (int64_t)n : 1))
			return 0;
	if (count != 1 && (axis < 0 || axis >= t->ndim))
		return 0;
	if (t->ndim > ndim)
		return 0;
	for (c = 0; c < n; c++)
		out[c] = ((const float *)t->data)[count == 1 ? 0 : c];
	return 1;
}

/* Elements of all constants in the file. */
static int64_t file_elements(const struct lxa_graph *g)
{
	int64_t sum = 0;
	int i;

	for (i = 0; i < g->n_values; i++)
		if (g->values[i].t.data && g->values[i].producer < 0)
			sum += lxa_tensor_count(&g->values[i].t);
	return sum;
}

/*
 * What node i makes of constants is taken off room: a small file must not ask for memory without end (a chain of Expand and
 * Tile). Some megabytes and some copies of what the file holds are more than any network needs.
 */
static int fold_room(const struct lxa_plan *p, int i, int64_t *room, struct lxa_err *err)
{
	const struct lxa_node *n = &p->g->nodes[i];
	int k;

	for (k = 0; k < n->n_out; k++)
		if (n->out[k] >= 0 && p->g->values[n->out[k]].known)
			*room -= lxa_tensor_count(&p->g->values[n->out[k]].t);
	if (*room >= 0)
		return 0;
	return lxa_err_set(err, -E2BIG, "%s: node '%s' (%s): the constants that it and the nodes before it make are too large for what "
			   "the file holds", p->g->path, n->name, n->op);
}

/* Evaluate nodes that depend on constants only: quantized weights above all. */
static int fold_constants(struct lxa_plan *p, struct lxa_err *err)
{
	int64_t room = (1 << 22) + 32 * file_elements(p->g);
	const struct lxa_tensor *in[64];
	struct lxa_tensor out[8];
	int i, k, ret;

	for (i = 0; i < p->g->n_nodes; i++) {
		const struct lxa_node *n = &p->g->nodes[i];
		int constant = n->n_in > 0 && n->n_in <= 64 && n->n_out <= 8 && lxa_cpu_supports(n);

		for (k = 0; constant && k < n->n_in; k++) {
			constant = n->in[k] < 0 || is_constant(p, n->in[k]);
			in[k] = plan_const(p, n->in[k]);
		}
		if (!constant)
			continue;
		ret = fold_room(p, i, &room, err);
		if (ret)
			return ret;
		memset(out, 0, sizeof(out));
		ret = lxa_cpu_exec(p->cpu, p->g, i, in, out, err);
		if (ret)
			return ret;
		for (k = 0; k < n->n_out; k++) {
			if (n->out[k] >= 0)
				p->folded[n->out[k]] = out[k];
			else
				lxa_tensor_free(&out[k]);
		}
		p->nodes[i].e.constant = 1;
	}
	return 0;
}

static void count_uses(struct lxa_plan *p)
{
	int i, k;

	for (i = 0; i < p->g->n_nodes; i++)
		for (k = 0; k < p->g->nodes[i].n_in; k++)
			if (p->g->nodes[i].in[k] >= 0)
				p->uses[p->g->nodes[i].in[k]]++;
	for (i = 0; i < p->g->n_out; i++)
		p->uses[p->g->out[i]] += 2;	/* an output must exist as it is: nothing may be fused over it */
}

/* ---- places ------------------------------------------------------------------------------------------------ */

/* Its input is a Sign that the CPU computes: ONNX's gives 0 for 0, which is no bit. */
static int sign_can_be_zero(const struct lxa_plan *p, const struct plan_layer *l)
{
	int i;

	for (i = 0; i < p->n_layers; i++)
		if (p->layers[i]->out_value == l->in_value)
			return 0;
	return l->in_enc.fmt == LXA_FMT_B1 && l->in_enc.kind == LXA_QUANTIZER_NONE;
}

static void place_layer(struct lxa_plan *p, int index)
{
	struct plan_layer *l = p->layers[index];
	const struct lxa_job *j = &l->layer.job;
	struct lxa_plan_entry *e;
	char parts[64] = "";
	int i;

	for (i = 0; i < l->n_nodes; i++) {
		struct plan_node *n = &p->nodes[l->nodes[i]];

		e = &n->e;
		e->place = LXA_PLACE_DEVICE;
		e->layer = index;
		snprintf(n->reason, sizeof(n->reason), "in the output stage of %s", p->g->nodes[l->nodes[0]].name);
		if (i == l->res)
			snprintf(n->reason, sizeof(n->reason), "residual operand of %s", p->g->nodes[l->nodes[0]].name);
		if (i == l->pool)
			snprintf(n->reason, sizeof(n->reason), "max-pool after the output stage of %s",
				 p->g->nodes[l->nodes[0]].name);
	}
	e = &p->nodes[l->nodes[0]].e;
	e->head = 1;
	e->lanes = l->layer.lay.lane ? "xnor" : "shift";
	e->what = l->what;
	e->lane_macs = l->layer.lay.lane ? p->caps.xnor_oc * p->caps.xnor_ic : p->caps.shift_oc * p->caps.shift_ic;
	e->lane_macs /= (j->act_bits ? j->act_bits : 1u) * (j->wgt_bits ? j->wgt_bits : 1u);	/* a step a pair of planes */
	e->tile_h = j->tile_h ? j->tile_h : 1;
	e->tile_w = j->tile_w ? j->tile_w : 1;
	e->wgt_bytes = l->layer.lay.wgt_bytes;
	e->par_bytes = l->layer.lay.par_bytes;
	e->sum_bits = l->layer.sum_bits;
	e->macs = lxa_layer_macs(&l->layer);
	e->cycles = plan_cycles(p, l);
	e->bytes = plan_device_bytes(p, l);
	if (l->n_parts)
		snprintf(parts, sizeof(parts), "; too big for the scratchpads: %d jobs", l->n_parts);
	snprintf(p->nodes[l->nodes[0]].reason, sizeof(p->nodes[0].reason), "input and weights are quantized%s%s%s%s%s%s",
		 l->pack.on ? "; " : "", l->pack.note, parts, *l->note ? "; " : "", l->note, sign_can_be_zero(p, l) ?
		 "; a batch in which Sign gives 0 runs on the CPU (BipolarQuant gives none)" : "");
}

static int try_head(struct lxa_plan *p, int node, struct lxa_err *err)
{
	struct plan_layer *l = calloc(1, sizeof(*l));
	struct lxa_err why = { "" };
	int ret;

	if (!l)
		return lxa_err_set(err, -ENOMEM, "out of memory");
	l->pool = l->quant = l->res = l->res_value = -1;
	ret = plan_match(p, node, l, &why);
	if (ret) {
		plan_layer_free(l);
		if (ret == -ENOMEM)
			return lxa_err_set(err, ret, "%s", why.text);
		snprintf(p->nodes[node].reason, sizeof(p->nodes[node].reason), "%.250s", why.text);
		return 0;
	}
	p->layers[p->n_layers] = l;
	place_layer(p, p->n_layers++);
	return 0;
}

static int place_node(struct lxa_plan *p, int i, struct lxa_err *err)
{
	const struct lxa_node *n = &p->g->nodes[i];
	struct plan_node *pn = &p->nodes[i];
	uint64_t start = prof_start();
	int ret = 0;

	if (pn->e.place == LXA_PLACE_DEVICE)
		return 0;		/* part of an earlier layer */
	if (pn->e.constant) {
		snprintf(pn->reason, sizeof(pn->reason), "constant: evaluated while planning");
		return 0;
	}
	if (plan_is_head(n) && n->n_in >= 2) {
		ret = try_head(p, i, err);
		prof_span(start, PROF_PLAN, n->name, n->op, -1);
	}
	if (ret || pn->e.place == LXA_PLACE_DEVICE)
		return ret;
	if (!lxa_cpu_supports(n))
		return lxa_err_set(err, -EOPNOTSUPP,
				   "%s: node %s: neither the device nor the CPU has the operator %s%s%s",
				   p->g->path, n->name, n->domain, *n->domain ? "." : "", n->op);
	pn->e.macs = plan_node_macs(p, i);
	if (plan_is_quantizer(n) || plan_onnx_op(n, "QuantizeLinear"))
		snprintf(pn->reason, sizeof(pn->reason), "quantizes values that the CPU has");
	else if (!*pn->reason)
		snprintf(pn->reason, sizeof(pn->reason),
			 "the device has no %s of its own, and no layer before it takes it in",
			 n->op);
	return 0;
}

/* Nodes that nobody asks for, because a layer reads what lies before them: Flatten, Pad. */
static void place_views(struct lxa_plan *p, const uint8_t *needed)
{
	int i, next, layer;

	for (i = p->g->n_nodes - 1; i >= 0; i--) {
		struct plan_node *pn = &p->nodes[i];
		const struct lxa_node *n = &p->g->nodes[i];

		if (pn->e.place == LXA_PLACE_DEVICE || pn->e.constant || n->n_out != 1 || needed[n->out[0]])
			continue;
		next = plan_consumer(p, n->out[0]);
		layer = next < 0 ? -1 : p->nodes[next].e.layer;
		if (layer < 0) {
			p->nodes[i].unused = 1;
			snprintf(pn->reason, sizeof(pn->reason), "not run: nothing needs its output");
			continue;
		}
		pn->e.place = LXA_PLACE_DEVICE;
		pn->e.layer = layer;
		snprintf(pn->reason, sizeof(pn->reason), "%s takes it in: it reads the image before it",
			 p->g->nodes[next].name);
	}
}

/* Which values somebody needs as floats, from the outputs back to the inputs. */
static int find_views(struct lxa_plan *p, struct lxa_err *err)
{
	uint8_t *needed = calloc((size_t)p->g->n_values + 1, 1), *made = calloc((size_t)p->g->n_values + 1, 1);
	int i, k, any;

	if (!needed || !made) {
		free(needed);
		free(made);
		return lxa_err_set(err, -ENOMEM, "%s: out of memory", p->g->path);
	}
	for (i = 0; i < p->n_layers; i++)
		made[p->layers[i]->out_value] = 1;
	for (i = 0; i < p->g->n_out; i++)
		needed[p->g->out[i]] = 1;
	/* first of all: what a layer adds may be made by nodes that stand behind its head */
	for (i = 0; i < p->n_layers; i++) {
		const struct plan_layer *l = p->layers[i];

		if (!made[l->in_value])
			needed[l->in_value] = 1;
		if (l->res_value >= 0 && !made[l->res_value])
			needed[l->res_value] = 1;
	}
	for (i = p->g->n_nodes - 1; i >= 0; i--) {
		const struct lxa_node *n = &p->g->nodes[i];
		const struct lxa_plan_entry *e = &p->nodes[i].e;

		if (e->constant || e->place == LXA_PLACE_DEVICE)
			continue;
		for (k = any = 0; k < n->n_out; k++)
			any |= n->out[k] >= 0 && needed[n->out[k]];
		for (k = 0; any && k < n->n_in; k++)
			if (n->in[k] >= 0)
				needed[n->in[k]] = 1;
	}
	place_views(p, needed);
	free(needed);
	free(made);
	return 0;
}

static int set_batch(struct lxa_plan *p, int64_t batch, struct lxa_err *err)
{
	int i;

	p->batch = batch > 0 ? batch : 1;
	if (p->batch > 65535)
		p->batch = 65535;	/* images in one job */
	for (i = 0; i < p->g->n_in; i++) {
		const struct lxa_value *v = &p->g->values[p->g->in[i]];

		if (v->t.ndim > 0 && !v->free_batch) {
			p->fixed = 1;
			p->batch = v->t.dims[0];
		}
		if (p->batch < 1)
			return lxa_err_set(err, -EINVAL, "%s: input %s has %lld images", p->g->path, v->name,
					   (long long)p->batch);
	}
	return lxa_graph_infer(p->g, p->batch, err);
}

static int alloc_tables(struct lxa_plan *p, struct lxa_err *err)
{
	int i;

	p->folded = calloc((size_t)p->g->n_values + 1, sizeof(*p->folded));
	p->uses = calloc((size_t)p->g->n_values + 1, sizeof(*p->uses));
	p->stores = calloc((size_t)p->g->n_nodes + 1, sizeof(*p->stores));
	p->nodes = calloc((size_t)p->g->n_nodes + 1, sizeof(*p->nodes));
	p->layers = calloc((size_t)p->g->n_nodes + 1, sizeof(*p->layers));
	if (!p->folded || !p->uses || !p->stores || !p->nodes || !p->layers)
		return lxa_err_set(err, -ENOMEM, "%s: out of memory", p->g->path);
	for (i = 0; i < p->g->n_nodes; i++) {
		p->nodes[i].e.name = p->g->nodes[i].name;
		p->nodes[i].e.op = p->g->nodes[i].op;
		p->nodes[i].e.reason = p->nodes[i].reason;
		p->nodes[i].e.needs = p->nodes[i].needs;
		p->nodes[i].e.n_in = p->g->nodes[i].n_in;
		p->nodes[i].e.n_out = p->g->nodes[i].n_out;
		p->nodes[i].e.layer = -1;
	}
	return 0;
}

int lxa_plan_create(struct lxa_model *m, struct lxa_device *dev, int64_t batch, struct lxa_plan **out,
		    struct lxa_err *err)
{
	struct lxa_plan *p = calloc(1, sizeof(*p));
	uint64_t start = prof_start(), part = start;
	int ret, i;

	*out = NULL;
	if (!p)
		return lxa_err_set(err, -ENOMEM, "%s: out of memory", m->path);
	p->dev = dev;
	if (dev)
		p->caps = *lxa_device_caps(dev);
	else
		lxa_caps_base(&p->caps);
	/* shape inference changes a graph: each plan works on one of its own, so that plans can share a model */
	ret = lxa_graph_load(m->path, &p->g, err);
	prof_span(part, PROF_PLAN, "graph", NULL, -1);
	if (!ret)
		ret = lxa_cpu_create(&p->cpu, err);
	if (!ret)
		ret = set_batch(p, batch, err);
	if (!ret)
		ret = alloc_tables(p, err);
	part = prof_start();
	if (!ret)
		ret = fold_constants(p, err);
	prof_span(part, PROF_PLAN, "constants", NULL, -1);
	if (!ret)
		count_uses(p);
	for (i = 0; !ret && i < p->g->n_nodes; i++)
		ret = place_node(p, i, err);
	if (!ret)
		ret = find_views(p, err);
	for (i = 0; !ret && i < p->g->n_nodes; i++)
		plan_needs(p, i);
	part = prof_start();
	if (!ret)
		ret = dnn_plan(p, err);
	if (!ret)
		ret = plan_mem_init(p, err);
	if (!ret)
		ret = plan_tasks(p, err);
	prof_span(part, PROF_PLAN, "buffers", NULL, -1);
	if (ret) {
		lxa_plan_free(p);
		return ret;
	}
	prof_span(start, PROF_PLAN, "plan", m->path, -1);
	*out = p;
	return 0;
}

void lxa_plan_free(struct lxa_plan *p)
{
	int i;

	if (!p)
		return;
	plan_mem_free(p);
	plan_tasks_free(p);
	dnn_free(p->dnn);
	for (i = 0; i < p->n_layers; i++)
		plan_layer_free(p->layers[i]);
	kpool_free(p->pool);
	for (i = 0; p->folded && i < p->g->n_values; i++)
		lxa_tensor_free(&p->folded[i]);
	free(p->folded);
	free(p->uses);
	free(p->stores);
	free(p->nodes);
	free(p->layers);
	lxa_cpu_destroy(p->cpu);
	lxa_graph_free(p->g);
	free(p);
}
