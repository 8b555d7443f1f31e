/* SPDX-License-Identifier: MIT */
/* graph.c - tensors, attributes and the life of a graph; see graph.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "graph_priv.h"

size_t lxa_dtype_size(enum lxa_dtype t)
{
	switch ((int)t) {
	case LXA_UINT8: case LXA_INT8: case LXA_BOOL: case LXA_UINT4: case LXA_INT4:
	case LXA_F8E4M3FN: case LXA_F8E4M3FNUZ: case LXA_F8E5M2: case LXA_F8E5M2FNUZ:
		return 1;
	case LXA_UINT16: case LXA_INT16: case LXA_F16: case LXA_BF16:
		return 2;
	case LXA_F32: case LXA_INT32: case LXA_UINT32:
		return 4;
	case LXA_INT64: case LXA_F64: case LXA_UINT64:
		return 8;
	}
	return 0;
}

const char *lxa_dtype_name(int t)
{
	static const char *const names[] = {
		"undefined", "float", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16",
		"double", "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz",
		"float8e5m2", "float8e5m2fnuz", "uint4", "int4",
	};

	if (t < 0 || t >= (int)(sizeof(names) / sizeof(names[0])))
		return "an unknown type";
	return names[t];
}

int64_t lxa_dims_count(int ndim, const int64_t *dims)
{
	int64_t count = 1;
	int i;

	/* A zero anywhere makes the tensor empty, whatever the other dimensions are, as long as they are sane. */
	for (i = 0; i < ndim; i++) {
		if (dims[i] < 0 || dims[i] > LXA_MAX_COUNT)
			return -1;
		if (dims[i] == 0)
			count = 0;
	}
	for (i = 0; i < ndim && count; i++) {
		if (count > LXA_MAX_COUNT / dims[i])
			return -1;
		count *= dims[i];
	}
	return count;
}

int64_t lxa_tensor_count(const struct lxa_tensor *t)
{
	return lxa_dims_count(t->ndim, t->dims);
}

int lxa_tensor_alloc(struct lxa_tensor *t)
{
	int64_t count = lxa_tensor_count(t);
	size_t size = lxa_dtype_size(t->dtype);

	t->data = NULL;
	if (count < 0 || !size)
		return -ENOMEM;
	/* At least one byte: data tells a constant from an unknown, also for an empty tensor. */
	t->data = calloc(count ? (size_t)count : 1, size);
	return t->data ? 0 : -ENOMEM;
}

void lxa_tensor_free(struct lxa_tensor *t)
{
	free(t->data);
	t->data = NULL;
}

int lxa_tensor_copy(struct lxa_tensor *dst, const struct lxa_tensor *src)
{
	int ret;

	*dst = *src;
	dst->data = NULL;
	if (!src->data)
		return 0;
	ret = lxa_tensor_alloc(dst);
	if (!ret)
		memcpy(dst->data, src->data, (size_t)lxa_tensor_count(src) * lxa_dtype_size(src->dtype));
	return ret;
}

static void attr_free(struct lxa_attr *a)
{
	free(a->name);
	free(a->s);
	free(a->ints);
	free(a->floats);
	lxa_tensor_free(&a->t);
}

void lxa_node_clear(struct lxa_node *n)
{
	int i;

	for (i = 0; i < n->n_attr; i++)
		attr_free(&n->attr[i]);
	free(n->attr);
	free(n->name);
	free(n->op);
	free(n->domain);
	free(n->in);
	free(n->out);
	memset(n, 0, sizeof(*n));
}

void lxa_graph_free(struct lxa_graph *g)
{
	int i;

	if (!g)
		return;
	for (i = 0; i < g->n_values; i++) {
		free(g->values[i].name);
		lxa_tensor_free(&g->values[i].t);
	}
	for (i = 0; i < g->n_nodes; i++)
		lxa_node_clear(&g->nodes[i]);
	free(g->values);
	free(g->nodes);
	free(g->in);
	free(g->out);
	free(g->path);
	free(g);
}

const struct lxa_attr *lxa_node_attr(const struct lxa_node *n, const char *name)
{
	int i;

	for (i = 0; i < n->n_attr; i++)
		if (!strcmp(n->attr[i].name, name))
			return &n->attr[i];
	return NULL;
}

int64_t lxa_node_int(const struct lxa_node *n, const char *name, int64_t dflt)
{
	const struct lxa_attr *a = lxa_node_attr(n, name);

	return a && a->type == LXA_ATTR_INT ? a->i : dflt;
}

float lxa_node_float(const struct lxa_node *n, const char *name, float dflt)
{
	const struct lxa_attr *a = lxa_node_attr(n, name);

	return a && a->type == LXA_ATTR_FLOAT ? a->f : dflt;
}

const char *lxa_node_string(const struct lxa_node *n, const char *name, const char *dflt)
{
	const struct lxa_attr *a = lxa_node_attr(n, name);

	return a && a->type == LXA_ATTR_STRING ? a->s : dflt;
}

int lxa_graph_find(const struct lxa_graph *g, const char *name)
{
	int i;

	for (i = 0; i < g->n_values; i++)
		if (!strcmp(g->values[i].name, name))
			return i;
	return -1;
}
