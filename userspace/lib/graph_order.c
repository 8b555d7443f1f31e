/* SPDX-License-Identifier: MIT */
/* graph_order.c - passes that make a freshly read graph regular: Constant nodes folded, nodes in topological order. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "graph_priv.h"

static int scalar(struct lxa_tensor *t, enum lxa_dtype dtype, int ndim, size_t n, const void *data)
{
	t->dtype = dtype;
	t->ndim = ndim;
	t->dims[0] = (int64_t)n;
	if (lxa_tensor_alloc(t))
		return -ENOMEM;
	if (n)
		memcpy(t->data, data, n * lxa_dtype_size(dtype));
	return 0;
}

static int constant_value(const struct lxa_graph *g, const struct lxa_node *n, struct lxa_tensor *t, struct lxa_err *err)
{
	const struct lxa_attr *a;
	int ret = -EINVAL;

	if ((a = lxa_node_attr(n, "value")) && a->type == LXA_ATTR_TENSOR)
		ret = lxa_tensor_copy(t, &a->t);
	else if ((a = lxa_node_attr(n, "value_float")) && a->type == LXA_ATTR_FLOAT)
		ret = scalar(t, LXA_F32, 0, 1, &a->f);
	else if ((a = lxa_node_attr(n, "value_int")) && a->type == LXA_ATTR_INT)
		ret = scalar(t, LXA_INT64, 0, 1, &a->i);
	else if ((a = lxa_node_attr(n, "value_floats")) && a->type == LXA_ATTR_FLOATS)
		ret = scalar(t, LXA_F32, 1, a->n, a->floats);
	else if ((a = lxa_node_attr(n, "value_ints")) && a->type == LXA_ATTR_INTS)
		ret = scalar(t, LXA_INT64, 1, a->n, a->ints);
	if (ret == -EINVAL)
		lxa_err_set(err, ret, "%s: node '%s' (Constant): has no value of a supported kind", g->path, n->name);
	else if (ret)
		lxa_err_set(err, ret, "%s: node '%s' (Constant): out of memory", g->path, n->name);
	return ret;
}

/* Renumber the producers after nodes moved or went: map[old] = new. */
static void renumber(struct lxa_graph *g, const int *map)
{
	int i;

	for (i = 0; i < g->n_values; i++)
		if (g->values[i].producer >= 0)
			g->values[i].producer = map[g->values[i].producer];
}

int lxa_graph_fold_constants(struct lxa_graph *g, struct lxa_err *err)
{
	int i, kept = 0, ret = 0;
	int *map = calloc((size_t)g->n_nodes + 1, sizeof(*map));

	if (!map)
		return lxa_err_set(err, -ENOMEM, "%s: out of memory", g->path);
	for (i = 0; i < g->n_nodes && !ret; i++) {
		struct lxa_node *n = &g->nodes[i];

		if (strcmp(n->op, "Constant") || *n->domain)
			continue;
		if (n->n_out != 1 || n->out[0] < 0)
			ret = lxa_err_set(err, -EINVAL, "%s: node '%s' (Constant): must have one output", g->path, n->name);
		else
			ret = constant_value(g, n, &g->values[n->out[0]].t, err);
		if (!ret)
			g->values[n->out[0]].known = 1;
	}
	for (i = 0; i < g->n_nodes && !ret; i++) {
		struct lxa_node *n = &g->nodes[i];

		if (!strcmp(n->op, "Constant") && !*n->domain) {
			map[i] = -1;
			lxa_node_clear(n);
			continue;
		}
		map[i] = kept;
		if (kept != i) {
			g->nodes[kept] = *n;
			memset(n, 0, sizeof(*n));
		}
		kept++;
	}
	if (!ret) {
		g->n_nodes = kept;
		renumber(g, map);
	}
	free(map);
	return ret;
}

struct sorter {
	struct lxa_graph *g;
	int *state;			/* 0 = unseen, 1 = on the stack, 2 = placed */
	int *next;			/* the next input of a node on the stack to look at */
	int *stack, *order;
	int depth, placed;
};

/*
 * Depth first over the producers, without recursion: the file decides how deep it goes. Nodes that are in order already
 * stay so. Returns the node that closes a cycle, or -1.
 */
static int place(struct sorter *s, int root)
{
	s->stack[s->depth++] = root;
	s->state[root] = 1;
	while (s->depth) {
		int node = s->stack[s->depth - 1], producer = -1;
		const struct lxa_node *n = &s->g->nodes[node];

		while (s->next[node] < n->n_in && producer < 0) {
			int v = n->in[s->next[node]++];

			producer = v < 0 ? -1 : s->g->values[v].producer;
			if (producer >= 0 && s->state[producer] == 2)
				producer = -1;
		}
		if (producer < 0) {
			s->state[node] = 2;
			s->order[s->placed++] = node;
			s->depth--;
			continue;
		}
		if (s->state[producer] == 1)
			return node;
		s->state[producer] = 1;
		s->stack[s->depth++] = producer;
	}
	return -1;
}

static int reorder(struct sorter *s)
{
	struct lxa_graph *g = s->g;
	struct lxa_node *sorted = calloc((size_t)g->n_nodes + 1, sizeof(*sorted));
	int i;

	if (!sorted)
		return -ENOMEM;
	for (i = 0; i < g->n_nodes; i++) {
		sorted[i] = g->nodes[s->order[i]];
		s->next[s->order[i]] = i;	/* from here on the map of old to new */
	}
	free(g->nodes);
	g->nodes = sorted;
	renumber(g, s->next);
	return 0;
}

int lxa_graph_sort(struct lxa_graph *g, struct lxa_err *err)
{
	size_t n = (size_t)g->n_nodes + 1;
	int *mem = calloc(4 * n, sizeof(*mem));
	struct sorter s = { .g = g };
	int i, bad = -1, ret = 0;

	if (!mem)
		return lxa_err_set(err, -ENOMEM, "%s: out of memory", g->path);
	s.state = mem;
	s.next = mem + n;
	s.stack = mem + 2 * n;
	s.order = mem + 3 * n;
	for (i = 0; i < g->n_nodes && bad < 0; i++)
		if (!s.state[i])
			bad = place(&s, i);
	if (bad >= 0)
		ret = lxa_err_set(err, -EINVAL, "%s: node '%s' (%s): depends on its own output (the graph has a cycle)",
				  g->path, g->nodes[bad].name, g->nodes[bad].op);
	else if (reorder(&s))
		ret = lxa_err_set(err, -ENOMEM, "%s: out of memory", g->path);
	free(mem);
	return ret;
}
