// SPDX-License-Identifier: MIT
/* heads.c - finds the convolutions and matrix products that are quantized, and what is taken into them. */
#include "quant.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int quant_is_op(const struct lxa_node *n, const char *op)
{
	return lxa_domain_is_onnx(n->domain) && !strcmp(n->op, op);
}

static int is_product(const struct lxa_node *n)
{
	return quant_is_op(n, "Conv") || quant_is_op(n, "Gemm") || quant_is_op(n, "MatMul");
}

/* Constants only; present, float and finite. */
static const struct lxa_tensor *constant(const struct quant *z, int value)
{
	return value >= 0 && z->v[value].is_const && z->v[value].konst.dtype == LXA_F32 ? &z->v[value].konst : NULL;
}

/* The only reader of a value, or -1; a graph output is a reader, too. */
static int only_reader(const struct quant *z, int value)
{
	int found = -1;

	if (z->v[value].readers != 1)
		return -1;
	for (int i = 0; i < z->g->n_nodes; i++)
		for (int k = 0; k < z->g->nodes[i].n_in; k++)
			if (z->g->nodes[i].in[k] == value)
				found = i;
	return found;
}

/* What keeps a product from being a head, or NULL. */
static const char *shape(struct quant *z, int node, struct quant_head *h)
{
	const struct lxa_node *n = &z->g->nodes[node];
	const struct lxa_tensor *x = &z->g->values[n->in[0]].t, *w = constant(z, n->in[1]);
	const struct lxa_tensor *in[3] = { x, w, NULL };
	struct lxa_err why;
	struct lxa_op_ctx c = { .g = z->g, .n = n, .in = in, .n_in = 2, .err = &why };
	int trans = quant_is_op(n, "Gemm") && lxa_node_int(n, "transB", 0);

	if (z->v[n->in[0]].is_const || !w)
		return "its weights are not constant floats";
	if (!z->g->values[n->in[0]].known)
		return "its input's shape is not known";
	if (n->n_in > 2 && n->in[2] >= 0 && !constant(z, n->in[2]))
		return "its bias is not constant";
	h->conv = quant_is_op(n, "Conv");
	h->groups = 1;
	if (h->conv) {
		if (x->ndim != 4 || w->ndim != 4)
			return "it is not a two-dimensional convolution";
		if (lxa_window_parse(&c, w->dims + 2, 0, &h->win))
			return "its geometry is not understood";
		h->groups = lxa_node_int(n, "group", 1);
		h->out_c = w->dims[0];
		h->k = lxa_tensor_count(w) / h->out_c;
		h->so = (size_t)h->k;
		h->si = 1;
		return h->groups < 1 || h->out_c % h->groups ? "its groups do not divide its channels" : NULL;
	}
	if (x->ndim != 2 || w->ndim != 2 || (quant_is_op(n, "Gemm") && lxa_node_int(n, "transA", 0)))
		return "it is not a product of rows by a matrix";
	h->out_c = w->dims[trans ? 0 : 1];
	h->k = w->dims[trans ? 1 : 0];
	h->so = trans ? (size_t)h->k : 1;
	h->si = trans ? 1 : (size_t)h->out_c;
	return NULL;
}

/* The head's own bias, one a channel; 0 when its shape is another. */
static int own_bias(const struct quant *z, const struct lxa_node *n, struct quant_head *h)
{
	const struct lxa_tensor *b = n->n_in > 2 ? constant(z, n->in[2]) : NULL;
	float beta = quant_is_op(n, "Gemm") ? lxa_node_float(n, "beta", 1) : 1;
	int64_t count = b ? lxa_tensor_count(b) : 0;

	if (b && count != 1 && (count != h->out_c || b->dims[b->ndim - 1] != h->out_c))
		return 0;
	for (int64_t o = 0; b && o < h->out_c; o++)
		h->b[o] = beta * ((const float *)b->data)[count == 1 ? 0 : o];
	return 1;
}

/* A BatchNormalization that alone reads the head goes into weights and bias. */
static void take_bn(struct quant *z, struct quant_head *h)
{
	int next = only_reader(z, h->out);
	const struct lxa_node *n = next < 0 ? NULL : &z->g->nodes[next];
	const float *p[4];

	if (!n || !quant_is_op(n, "BatchNormalization") || n->in[0] != h->out || n->n_in != 5)
		return;
	for (int i = 0; i < 4; i++) {
		const struct lxa_tensor *t = constant(z, n->in[1 + i]);

		if (!t || lxa_tensor_count(t) != h->out_c)
			return;
		p[i] = t->data;
	}
	for (int64_t o = 0; o < h->out_c; o++) {
		double s = (double)p[0][o] / sqrt((double)p[3][o] + (double)lxa_node_float(n, "epsilon", 1e-5f));

		for (int64_t i = 0; i < h->k; i++)
			h->w[o * h->k + i] = (float)((double)h->w[o * h->k + i] * s);
		h->b[o] = (float)(((double)h->b[o] - (double)p[2][o]) * s + (double)p[1][o]);
	}
	h->bn = next;
	h->out = n->out[0];
	z->taken[next] = 1;
}

static struct quant_head *head_new(struct quant *z, int node, const struct quant_head *found)
{
	const struct lxa_node *n = &z->g->nodes[node];
	const float *w = z->v[n->in[1]].konst.data;
	float alpha = quant_is_op(n, "Gemm") ? lxa_node_float(n, "alpha", 1) : 1;
	struct quant_head *h = malloc(sizeof(*h));
	size_t m = (size_t)found->out_c, k = (size_t)found->k;

	if (!h)
		return NULL;
	*h = *found;
	h->node = node;
	h->bn = h->other = -1;
	h->out = n->out[0];
	h->w = calloc(m * k, sizeof(float));
	h->wq = calloc(m * k, sizeof(float));
	h->b = calloc(m, sizeof(float));
	h->scale = calloc(m, sizeof(float));
	h->bias = calloc(m, sizeof(float));
	if (!h->w || !h->wq || !h->b || !h->scale || !h->bias) {
		quant_head_free(h);
		return NULL;
	}
	for (size_t o = 0; o < m; o++)
		for (size_t i = 0; i < k; i++)
			h->w[o * k + i] = alpha * w[o * h->so + i * h->si];
	return h;
}

void quant_head_free(struct quant_head *h)
{
	if (!h)
		return;
	free(h->w);
	free(h->wq);
	free(h->b);
	free(h->scale);
	free(h->bias);
	free(h);
}

/* The value that the head's result is added to next, if that is made before the head. */
static int added_to(const struct quant *z, const struct quant_head *h)
{
	int next = only_reader(z, h->out), other, producer;
	const struct lxa_node *n = next < 0 ? NULL : &z->g->nodes[next];
	const struct lxa_tensor *a = &z->g->values[h->out].t, *b;

	if (!n || !quant_is_op(n, "Add"))
		return -1;
	other = n->in[n->in[0] == h->out];
	if (other < 0 || other == h->out || z->v[other].is_const)
		return -1;
	producer = z->g->values[other].producer;
	b = &z->g->values[other].t;
	/* what the nodes before the head make; another head's BatchNormalization comes with that head */
	if (producer >= h->node || b->ndim != a->ndim || memcmp(a->dims, b->dims, (size_t)a->ndim * sizeof(a->dims[0])))
		return -1;
	return other;
}

/* first: no head among the nodes that lead to it; last: none among those that follow. */
static int find_ends(struct quant *z)
{
	char *before = calloc((size_t)z->g->n_values, 1), *behind = calloc((size_t)z->g->n_values, 1);
	int i, k;

	for (i = 0; before && behind && i < z->g->n_nodes; i++) {
		const struct lxa_node *n = &z->g->nodes[i];
		char seen = 0;

		for (k = 0; k < n->n_in; k++)
			seen |= n->in[k] >= 0 && before[n->in[k]];
		if (z->head[i])
			z->head[i]->first = !seen;
		for (k = 0; k < n->n_out; k++)
			if (n->out[k] >= 0)
				before[n->out[k]] = seen || z->head[i];
	}
	for (i = z->g->n_nodes - 1; before && behind && i >= 0; i--) {
		const struct lxa_node *n = &z->g->nodes[i];
		char seen = 0;

		for (k = 0; k < n->n_out; k++)
			seen |= n->out[k] >= 0 && behind[n->out[k]];
		if (z->head[i])
			z->head[i]->last = !seen;
		for (k = 0; k < n->n_in; k++)
			if (n->in[k] >= 0)
				behind[n->in[k]] |= seen || z->head[i];
	}
	i = before && behind ? 0 : -ENOMEM;
	free(before);
	free(behind);
	return i;
}

int quant_find_heads(struct quant *z, struct lxa_err *err)
{
	int found = 0;

	for (int i = 0; i < z->g->n_nodes; i++) {
		const struct lxa_node *n = &z->g->nodes[i];
		struct quant_head h = { 0 };
		const char *why;

		if (lxa_quantizer_of(n) != LXA_QUANTIZER_NONE)
			return quant_err(z, i, err, -EINVAL, "the model is quantized already");
		for (int k = 0; k < n->n_attr; k++)
			if (n->attr[k].type == LXA_ATTR_OTHER)
				return quant_err(z, i, err, -EOPNOTSUPP, "attribute '%s' is of a kind that cannot be written",
						 n->attr[k].name);
		if (!is_product(n) || z->v[n->out[0]].is_const)
			continue;
		why = shape(z, i, &h);
		if (why) {
			snprintf(z->why[i], sizeof(z->why[i]), "%s", why);
			continue;
		}
		z->head[i] = head_new(z, i, &h);
		if (!z->head[i])
			return quant_err(z, i, err, -ENOMEM, "out of memory");
		if (!own_bias(z, n, z->head[i])) {
			snprintf(z->why[i], sizeof(z->why[i]), "its bias is not one number a channel");
			quant_head_free(z->head[i]);
			z->head[i] = NULL;
			continue;
		}
		take_bn(z, z->head[i]);
		z->head[i]->other = added_to(z, z->head[i]);
		found = 1;
	}
	if (!found)
		return lxa_err_set(err, -EINVAL, "%s: has no convolution or matrix product that can be quantized", z->g->path);
	return find_ends(z) ? lxa_err_set(err, -ENOMEM, "%s: out of memory", z->g->path) : 0;
}
