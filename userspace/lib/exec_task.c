/* SPDX-License-Identifier: MIT */
/*
 * exec_task.c - the order of things: a plan is a list of tasks (CPU nodes, steps of oneDNN, device layers, checks), each
 * of which waits for values. The first task of the oldest batch that can be run is run; so while the device has a layer, the
 * CPU has whatever does not wait for it: a branch beside it, the next batch, the results of the one before. Every task
 * computes the same bits whenever it is run.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dnn.h"
#include "exec.h"

/* ---- the list ---------------------------------------------------------------------------------------------------- */

static void add_value(const struct lxa_plan *p, int *list, int *n, int value)
{
	int i;

	if (value < 0 || plan_const(p, value))
		return;
	for (i = 0; i < *n; i++)
		if (list[i] == value)
			return;
	list[(*n)++] = value;
}

static struct plan_task *add_task(struct lxa_plan *p, int kind, int index, int values)
{
	struct plan_task *t = &p->tasks[p->n_tasks];

	t->kind = kind;
	t->index = index;
	t->in = calloc((size_t)values + 1, sizeof(*t->in));
	t->keep = calloc((size_t)values + 1, sizeof(*t->keep));
	p->n_tasks++;
	return t->in && t->keep ? t : NULL;
}

static void keep_in(struct plan_task *t)
{
	memcpy(t->keep, t->in, (size_t)t->n_in * sizeof(*t->in));
	t->n_keep = t->n_in;
}

static int add_node(struct lxa_plan *p, int node)
{
	const struct lxa_node *n = &p->g->nodes[node];
	struct plan_task *t = add_task(p, TASK_NODE, node, n->n_in);
	int i;

	for (i = 0; t && i < n->n_in; i++)
		add_value(p, t->in, &t->n_in, n->in[i]);
	if (t)
		keep_in(t);
	return t ? 0 : -ENOMEM;
}

/* With the inputs of all its nodes: it may have to be run node by node. */
static int add_step(struct lxa_plan *p, int step)
{
	const struct dnn_step *s = &p->dnn->steps[step];
	struct plan_task *t;
	int i, k, values = 0;

	for (i = 0; i < s->n_nodes; i++)
		values += p->g->nodes[s->nodes[i]].n_in;
	t = add_task(p, TASK_STEP, step, values + s->n_in);
	if (!t)
		return -ENOMEM;
	for (i = 0; i < s->n_in; i++)
		add_value(p, t->in, &t->n_in, s->in[i]);
	keep_in(t);
	for (i = 0; i < s->n_nodes; i++)
		for (k = 0; k < p->g->nodes[s->nodes[i]].n_in; k++)
			add_value(p, t->keep, &t->n_keep, p->g->nodes[s->nodes[i]].in[k]);
	return 0;
}

/* With the inputs of its nodes and of those that it reads past, for a batch that has to be run in float. */
static int add_layer(struct lxa_plan *p, int layer)
{
	struct plan_task *t;
	int i, k, values = 2;

	for (i = 0; i < p->g->n_nodes; i++)
		values += p->nodes[i].e.layer == layer ? p->g->nodes[i].n_in : 0;
	t = add_task(p, TASK_LAYER, layer, values);
	if (!t)
		return -ENOMEM;
	add_value(p, t->in, &t->n_in, p->layers[layer]->in_value);
	add_value(p, t->in, &t->n_in, p->layers[layer]->res_value);
	keep_in(t);
	for (i = 0; i < p->g->n_nodes; i++)
		for (k = 0; p->nodes[i].e.layer == layer && k < p->g->nodes[i].n_in; k++)
			add_value(p, t->keep, &t->n_keep, p->g->nodes[i].in[k]);
	return 0;
}

static int add_for_node(struct lxa_plan *p, int i)
{
	const struct lxa_plan_entry *e = &p->nodes[i].e;
	int step = p->dnn->step_of[i];

	if (e->constant || p->nodes[i].unused)
		return 0;
	if (e->place == LXA_PLACE_DEVICE)
		return e->head ? add_layer(p, e->layer) : 0;
	if (step < 0)
		return add_node(p, i);
	/* at its last node all its operands can be there */
	return p->dnn->steps[step].nodes[p->dnn->steps[step].n_nodes - 1] == i ? add_step(p, step) : 0;
}

int plan_tasks(struct lxa_plan *p, struct lxa_err *err)
{
	int i, k, ret = 0;

	p->tasks = calloc((size_t)p->g->n_nodes + (size_t)p->n_layers + 1, sizeof(*p->tasks));
	if (!p->tasks)
		ret = -ENOMEM;
	for (i = 0; !ret && i < p->g->n_nodes; i++)
		ret = add_for_node(p, i);
	/* last: they can wait until nothing else can be done */
	for (i = 0; !ret && p->dev && i < p->n_layers; i++)
		if (!add_task(p, TASK_CHECK, i, 0))
			ret = -ENOMEM;
	if (ret)
		return lxa_err_set(err, ret, "%s: out of memory", p->g->path);
	for (i = 0; i < p->n_tasks; i++)
		for (k = 0; k < p->tasks[i].n_keep; k++)
			p->slots[p->tasks[i].keep[k]].keep++;
	for (i = 0; i < p->g->n_out; i++)
		p->slots[p->g->out[i]].keep++;
	return 0;
}

void plan_tasks_free(struct lxa_plan *p)
{
	int i;

	for (i = 0; i < p->n_tasks; i++) {
		free(p->tasks[i].in);
		free(p->tasks[i].keep);
	}
	free(p->tasks);
}

/* ---- what can be run ------------------------------------------------------------------------------------------------ */

/* The CPU can have it without waiting. */
static int is_ready(const struct plan_batch *b, int value)
{
	const struct plan_value *v = &b->v[value];

	return v->made == PLAN_READY && (v->t.data || v->blk || !v->busy);
}

/* A job can read it: a job sees what the jobs before it wrote. */
static int is_operand(const struct plan_batch *b, int value)
{
	return value < 0 || b->v[value].have_packed || is_ready(b, value);
}

static int can_run(const struct run *r, const struct plan_batch *b, const struct plan_task *t)
{
	const struct plan_layer *l;
	int i;

	switch (t->kind) {
	case TASK_LAYER:
		l = r->p->layers[t->index];
		if (r->p->dev && l->n_parts)
			return !b->split_busy && b->v[l->in_value].made == PLAN_READY && !b->v[l->in_value].busy;
		return is_operand(b, l->in_value) && is_operand(b, l->res_value);
	case TASK_CHECK:
		l = r->p->layers[t->index];
		return b->v[l->out_value].made == PLAN_READY && !b->v[l->in_value].busy && !b->v[l->out_value].busy &&
		       (l->res_value < 0 || !b->v[l->res_value].busy);
	default:
		for (i = 0; i < t->n_in; i++)
			if (!is_ready(b, t->in[i]))
				return 0;
		return 1;
	}
}

/* Checks last: nothing waits for them. */
static struct plan_task *find(struct run *r, struct plan_batch **b)
{
	int checks, i, k;

	for (checks = 0; checks < 2; checks++)
		for (i = 0; i < r->n_batches; i++) {
			*b = r->batch[i];
			for (k = (*b)->from; k < r->p->n_tasks; k++)
				if (!(*b)->done[k] && (r->p->tasks[k].kind == TASK_CHECK) == checks &&
				    can_run(r, *b, &r->p->tasks[k]))
					return &r->p->tasks[k];
		}
	return NULL;
}

int exec_feeds_device(const struct run *r, const struct plan_batch *b)
{
	int k;

	for (k = b->from; k < r->p->n_tasks; k++)
		if (r->p->tasks[k].kind == TASK_LAYER && !b->done[k])
			return 1;
	return 0;
}

/* ---- running one ---------------------------------------------------------------------------------------------------- */

/*
 * A layer on the CPU, node by node in float: for a batch with values that have no code, such as a Sign's 0. What the
 * layers behind it need is made from the floats.
 */
static int run_in_float(struct run *r, struct plan_batch *b, const struct plan_layer *l)
{
	int i, ret = 0;

	for (i = 0; !ret && i < l->n_nodes; i++)
		ret = exec_node(r, b, l->nodes[i]);
	return ret;
}

/* 1: the layer's input or residual is in the device's form now; 0: it has values without a code. */
static int encode(struct run *r, struct plan_batch *b, int layer, int value)
{
	struct plan_layer *l = r->p->layers[layer];
	struct plan_value *in;
	const struct lxa_tensor *t;
	struct exec_span start;
	int ret;

	if (value < 0 || b->v[value].have_packed)
		return 1;
	in = &b->v[value];
	ret = exec_value_float(r, b, value, &t);
	if (ret)
		return ret;
	if (t->ndim < 1 || t->dims[0] != b->n)
		return lxa_err_set(r->err, -EINVAL, "%s: the input of %s does not have one part an image",
				   r->p->g->path, exec_layer_name(r->p, layer));
	if (r->p->dev)
		ret = exec_cpu_takes(r, in->bo, LXA_PREP_WRITE);
	if (ret)
		return ret;
	start = exec_time();
	in->have_packed = plan_encode(r->p, &r->p->slots[value], t, in->packed);
	exec_took(b->n, start, &l->rep.encode_s, PROF_ENCODE, exec_layer_name(r->p, layer), NULL);
	if (r->p->dev)
		lxa_bo_fini(in->bo);
	exec_did(r, b, PLAN_DID_ENCODE, layer);
	return in->have_packed;
}

static int run_layer(struct run *r, struct plan_batch *b, int layer)
{
	struct plan_layer *l = r->p->layers[layer];
	struct exec_span start;
	int ret = encode(r, b, layer, l->in_value);

	if (ret > 0)
		ret = encode(r, b, layer, l->res_value);
	if (ret < 0)
		return ret;
	if (!ret)
		return run_in_float(r, b, l);
	if (r->p->dev)
		return exec_collect(r, b, layer);
	start = exec_time();
	lxa_kernel_run_res(l->layer.kernel, (uint32_t)b->n, b->v[l->in_value].packed, l->res_value < 0 ? NULL : b->v[l->res_value].packed,
			   b->v[l->out_value].packed);
	exec_took(b->n, start, &l->rep.seconds, PROF_CPU, exec_layer_name(r->p, layer), "kernel");
	b->v[l->out_value].have_packed = 1;
	b->v[l->out_value].made = PLAN_READY;
	exec_count_work(b, l);
	return 0;
}

static int run_check(struct run *r, struct plan_batch *b, int layer)
{
	const struct plan_layer *l = r->p->layers[layer];
	struct lxa_bo *res = l->res_value < 0 || l->res_value == l->in_value ? NULL : b->v[l->res_value].bo;
	int ret;

	if (!r->opt->check || !b->on_device[layer])
		return 0;
	ret = exec_cpu_takes(r, b->v[l->in_value].bo, LXA_PREP_READ);
	if (!ret && res)
		ret = exec_cpu_takes(r, res, LXA_PREP_READ);
	if (!ret)
		ret = exec_cpu_takes(r, b->v[l->out_value].bo, LXA_PREP_READ);
	if (ret)
		return ret;
	exec_check(r, b, layer);
	lxa_bo_fini(b->v[l->in_value].bo);
	if (res)
		lxa_bo_fini(res);
	lxa_bo_fini(b->v[l->out_value].bo);
	return 0;
}

static int run_task(struct run *r, struct plan_batch *b, struct plan_task *t)
{
	int i, ret;

	switch (t->kind) {
	case TASK_NODE:
		ret = exec_node(r, b, t->index);
		break;
	case TASK_STEP:
		ret = exec_step(r, b, t->index);
		break;
	case TASK_LAYER:
		ret = run_layer(r, b, t->index);
		break;
	default:
		ret = run_check(r, b, t->index);
	}
	b->done[t - r->p->tasks] = 1;
	b->left--;
	while (b->from < r->p->n_tasks && b->done[b->from])
		b->from++;
	for (i = 0; i < t->n_keep; i++)
		if (!--b->v[t->keep[i]].keep)
			plan_value_drop(b, t->keep[i]);
	return ret;
}

/* The device has something to do before the CPU begins with what takes time. */
static int takes_time(const struct run *r, const struct plan_batch *b, const struct plan_task *t)
{
	const struct plan_layer *l = t->kind == TASK_LAYER ? r->p->layers[t->index] : NULL;

	return !l || l->n_parts || !b->v[l->in_value].have_packed || (l->res_value >= 0 && !b->v[l->res_value].have_packed);
}

int exec_advance(struct run *r)
{
	struct plan_batch *b;
	struct plan_task *t = find(r, &b);
	int ret = 0;

	if (r->n_flights > r->n_submitted && (!t || takes_time(r, b, t) || r->p->watch.serial))
		ret = exec_submit(r);
	if (!ret && r->n_submitted && (!t || r->p->watch.serial))
		return exec_poll(r, 1);
	if (ret)
		return ret;
	if (!t)
		return lxa_err_set(r->err, -EINVAL, "%s: a node waits for a value that nothing computes", r->p->g->path);
	ret = run_task(r, b, t);
	if (!ret && r->n_submitted)
		ret = exec_poll(r, 0);
	if (exec_now() - r->told > 0.1)
		exec_progress(r);
	return ret;
}
