/* SPDX-License-Identifier: MIT */
/*
 * onnx_load.c - reads an ONNX file into a struct lxa_graph.
 *
 * The file is untrusted. Everything that the rest of the library relies on is checked here: every input of a node
 * exists, names are unique, the nodes have a topological order (they are put into it), tensors hold as many bytes as
 * their shapes say. Constant nodes become initializers. Unknown operators stay in the graph; whoever has to run them
 * says so.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph_priv.h"
#include "onnx_pb.h"

struct loader {
	struct lxa_graph *g;
	const Onnx__GraphProto *pb;
	struct lxa_err *err;
	int cap_values;
	int *hash;			/* value index + 1, open addressing over names; 0 = free */
	size_t hash_size;		/* a power of two, more than twice the number of values */
};

static size_t hash_of(const char *s)
{
	size_t h = 1469598103934665603u;

	while (*s)
		h = (h ^ (unsigned char)*s++) * 1099511628211u;
	return h ^ h >> 29;
}

static int *slot_of(struct loader *l, const char *name)
{
	size_t i = hash_of(name) & (l->hash_size - 1);

	while (l->hash[i] && strcmp(l->g->values[l->hash[i] - 1].name, name))
		i = (i + 1) & (l->hash_size - 1);
	return &l->hash[i];
}

static int find(struct loader *l, const char *name)
{
	return *slot_of(l, name) - 1;
}

/* Tables large enough for every name that the file can define. */
static int loader_init(struct loader *l)
{
	const Onnx__GraphProto *pb = l->pb;
	size_t n = pb->n_input + pb->n_initializer, i;

	for (i = 0; i < pb->n_node; i++)
		n += pb->node[i]->n_output;
	if (n > INT32_MAX / 4)
		return lxa_err_set(l->err, -EINVAL, "%s: has too many values", l->g->path);
	if (pb->n_node > LXA_MAX_NODES)
		return lxa_err_set(l->err, -EINVAL, "%s: has %zu nodes, at most %d are supported", l->g->path, pb->n_node,
				   LXA_MAX_NODES);
	for (l->hash_size = 16; l->hash_size < 2 * n + 1; l->hash_size *= 2)
		;
	l->cap_values = (int)n;
	l->hash = calloc(l->hash_size, sizeof(*l->hash));
	l->g->values = calloc(n ? n : 1, sizeof(*l->g->values));
	l->g->nodes = calloc(pb->n_node ? pb->n_node : 1, sizeof(*l->g->nodes));
	l->g->in = calloc(pb->n_input ? pb->n_input : 1, sizeof(int));
	l->g->out = calloc(pb->n_output ? pb->n_output : 1, sizeof(int));
	if (!l->hash || !l->g->values || !l->g->nodes || !l->g->in || !l->g->out)
		return lxa_err_set(l->err, -ENOMEM, "%s: out of memory", l->g->path);
	return 0;
}

/* A new value, or an error when the name is taken. */
static int add_value(struct loader *l, const char *name, const char *kind, int producer, int *index)
{
	int *slot = slot_of(l, name);
	struct lxa_value *v;

	if (*slot)
		return lxa_err_set(l->err, -EINVAL, "%s: %s '%s': the name is defined more than once", l->g->path, kind,
				   name);
	v = &l->g->values[l->g->n_values];
	v->name = strdup(name);
	if (!v->name)
		return lxa_err_set(l->err, -ENOMEM, "%s: out of memory", l->g->path);
	v->producer = producer;
	*index = l->g->n_values++;
	*slot = *index + 1;
	return 0;
}

static int load_initializers(struct loader *l)
{
	struct lxa_value *v;
	char what[300];
	int index, ret;
	size_t i;

	if (l->pb->n_sparse_initializer)
		return lxa_err_set(l->err, -EINVAL, "%s: has sparse initializers, which are not supported", l->g->path);
	for (i = 0; i < l->pb->n_initializer; i++) {
		const Onnx__TensorProto *p = l->pb->initializer[i];

		if (!p->name || !*p->name)
			return lxa_err_set(l->err, -EINVAL, "%s: initializer %zu has no name", l->g->path, i);
		ret = add_value(l, p->name, "initializer", -1, &index);
		if (ret)
			return ret;
		v = &l->g->values[index];
		snprintf(what, sizeof(what), "%s: initializer '%s'", l->g->path, p->name);
		ret = lxa_tensor_from_pb(p, what, &v->t, l->err);
		if (ret)
			return ret;
		v->known = 1;
	}
	return 0;
}

/* The declared type of a graph input. A dimension that is not given is -1 until lxa_graph_infer(). */
static int load_type(struct loader *l, const Onnx__ValueInfoProto *p, struct lxa_tensor *t)
{
	const Onnx__TypeProto__Tensor *tt;
	size_t i;

	if (!p->type || p->type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
		return lxa_err_set(l->err, -EINVAL, "%s: input '%s' is not declared as a tensor", l->g->path, p->name);
	tt = p->type->tensor_type;
	t->dtype = (enum lxa_dtype)tt->elem_type;
	if (!lxa_dtype_size(t->dtype))
		return lxa_err_set(l->err, -EINVAL, "%s: input '%s': element type %s (%d) is not supported", l->g->path,
				   p->name, lxa_dtype_name(tt->elem_type), tt->elem_type);
	if (!tt->shape)
		return lxa_err_set(l->err, -EINVAL, "%s: input '%s' has no shape", l->g->path, p->name);
	if (tt->shape->n_dim > LXA_MAX_DIMS)
		return lxa_err_set(l->err, -EINVAL, "%s: input '%s' has %zu dimensions, at most %d are supported",
				   l->g->path, p->name, tt->shape->n_dim, LXA_MAX_DIMS);
	t->ndim = (int)tt->shape->n_dim;
	for (i = 0; i < tt->shape->n_dim; i++) {
		const Onnx__TensorShapeProto__Dimension *d = tt->shape->dim[i];

		t->dims[i] = -1;
		if (d->value_case != ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE)
			continue;
		if (d->dim_value < 0 || d->dim_value > LXA_MAX_COUNT)
			return lxa_err_set(l->err, -EINVAL, "%s: input '%s': dimension %zu is %lld", l->g->path,
					   p->name, i, (long long)d->dim_value);
		t->dims[i] = d->dim_value;
	}
	return 0;
}

static int load_inputs(struct loader *l)
{
	struct lxa_value *v;
	int index, ret;
	size_t i;

	for (i = 0; i < l->pb->n_input; i++) {
		const Onnx__ValueInfoProto *p = l->pb->input[i];

		if (!p->name || !*p->name)
			return lxa_err_set(l->err, -EINVAL, "%s: input %zu has no name", l->g->path, i);
		index = find(l, p->name);
		/* Old files list the initializers among the inputs as well. Listed twice among the inputs is wrong. */
		if (index >= 0 && l->g->values[index].t.data)
			continue;
		ret = add_value(l, p->name, "input", -1, &index);
		if (ret)
			return ret;
		v = &l->g->values[index];
		ret = load_type(l, p, &v->t);
		if (ret)
			return ret;
		v->free_batch = v->t.ndim > 0 && v->t.dims[0] < 0;
		l->g->in[l->g->n_in++] = index;
	}
	return 0;
}

static char *bytes_dup(const ProtobufCBinaryData *b)
{
	char *s = malloc(b->len + 1);

	if (!s)
		return NULL;
	if (b->len)
		memcpy(s, b->data, b->len);
	s[b->len] = 0;
	return s;
}

static void *data_dup(const void *data, size_t size)
{
	void *p = malloc(size ? size : 1);

	if (p && size)
		memcpy(p, data, size);
	return p;
}

/* Files older than IR version 2 give no type: the field in use tells. */
static int attr_type(const Onnx__AttributeProto *p)
{
	if (p->has_type && p->type != ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__UNDEFINED)
		return (int)p->type;
	if (p->has_f)
		return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
	if (p->has_i)
		return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
	if (p->has_s)
		return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
	if (p->t)
		return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
	if (p->n_floats)
		return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS;
	return ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
}

static int load_attr(struct loader *l, const struct lxa_node *n, const Onnx__AttributeProto *p, struct lxa_attr *a)
{
	char what[400];

	switch (attr_type(p)) {
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT:
		a->type = LXA_ATTR_INT;
		a->i = p->i;
		break;
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT:
		a->type = LXA_ATTR_FLOAT;
		a->f = p->f;
		break;
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
		a->type = LXA_ATTR_STRING;
		a->s = bytes_dup(&p->s);
		if (!a->s)
			return -ENOMEM;
		break;
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS:
		a->type = LXA_ATTR_INTS;
		a->n = p->n_ints;
		a->ints = data_dup(p->ints, p->n_ints * sizeof(*p->ints));
		if (!a->ints)
			return -ENOMEM;
		break;
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS:
		a->type = LXA_ATTR_FLOATS;
		a->n = p->n_floats;
		a->floats = data_dup(p->floats, p->n_floats * sizeof(*p->floats));
		if (!a->floats)
			return -ENOMEM;
		break;
	case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR:
		a->type = LXA_ATTR_TENSOR;
		snprintf(what, sizeof(what), "%s: node '%s' (%s): attribute '%s'", l->g->path, n->name, n->op, p->name);
		if (!p->t)
			return lxa_err_set(l->err, -EINVAL, "%s has no tensor", what);
		if (lxa_tensor_from_pb(p->t, what, &a->t, l->err))
			return -EINVAL;
		break;
	default:			/* of a kind that no known operator has: graphs, lists of strings or tensors */
		a->type = LXA_ATTR_OTHER;
		break;
	}
	a->name = strdup(p->name);
	return a->name ? 0 : -ENOMEM;
}

static int load_attrs(struct loader *l, const Onnx__NodeProto *p, struct lxa_node *n)
{
	size_t i;
	int ret;

	if (p->n_attribute > LXA_MAX_ATTRS)
		return lxa_err_set(l->err, -EINVAL, "%s: node '%s' (%s): has %zu attributes, at most %d are possible",
				   l->g->path, n->name, n->op, p->n_attribute, LXA_MAX_ATTRS);
	n->attr = calloc(p->n_attribute ? p->n_attribute : 1, sizeof(*n->attr));
	if (!n->attr)
		return lxa_err_set(l->err, -ENOMEM, "%s: out of memory", l->g->path);
	for (i = 0; i < p->n_attribute; i++) {
		const Onnx__AttributeProto *a = p->attribute[i];

		if (!a->name || !*a->name)
			return lxa_err_set(l->err, -EINVAL, "%s: node '%s' (%s): attribute %zu has no name", l->g->path,
					   n->name, n->op, i);
		if (lxa_node_attr(n, a->name))
			return lxa_err_set(l->err, -EINVAL, "%s: node '%s' (%s): attribute '%s' is given twice",
					   l->g->path, n->name, n->op, a->name);
		ret = load_attr(l, n, a, &n->attr[n->n_attr++]);	/* half filled ones count: they are freed with the node */
		if (ret == -ENOMEM)
			return lxa_err_set(l->err, ret, "%s: out of memory", l->g->path);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Names, attributes and outputs; the inputs follow when all outputs are known. */
static int load_node(struct loader *l, size_t i)
{
	const Onnx__NodeProto *p = l->pb->node[i];
	struct lxa_node *n = &l->g->nodes[i];
	char auto_name[64];
	int ret;
	size_t o;

	if (!p->op_type || !*p->op_type)
		return lxa_err_set(l->err, -EINVAL, "%s: node %zu has no op_type", l->g->path, i);
	snprintf(auto_name, sizeof(auto_name), "%.40s_%zu", p->op_type, i);
	n->name = strdup(p->name && *p->name ? p->name : auto_name);
	n->op = strdup(p->op_type);
	n->domain = strdup(p->domain && strcmp(p->domain, "ai.onnx") ? p->domain : "");
	if (p->n_input > 65536 || p->n_output > 65536)
		return lxa_err_set(l->err, -EINVAL, "%s: node %zu (%s) has too many inputs or outputs", l->g->path, i,
				   p->op_type);
	/* The first output is one that no operator may leave out: later parts index it. */
	if (!p->n_output || !*p->output[0])
		return lxa_err_set(l->err, -EINVAL, "%s: node '%s' (%s): its first output has no name", l->g->path,
				   n->name ? n->name : "", p->op_type);
	n->in = calloc(p->n_input ? p->n_input : 1, sizeof(int));
	n->out = calloc(p->n_output ? p->n_output : 1, sizeof(int));
	if (!n->name || !n->op || !n->domain || !n->in || !n->out)
		return lxa_err_set(l->err, -ENOMEM, "%s: out of memory", l->g->path);
	ret = load_attrs(l, p, n);
	if (ret)
		return ret;
	for (o = 0; o < p->n_output; o++) {
		n->out[o] = -1;
		n->n_out++;
		if (!*p->output[o])
			continue;
		ret = add_value(l, p->output[o], "node output", (int)i, &n->out[o]);
		if (ret)
			return ret;
	}
	return 0;
}

static int resolve_inputs(struct loader *l, size_t i)
{
	const Onnx__NodeProto *p = l->pb->node[i];
	struct lxa_node *n = &l->g->nodes[i];
	size_t k;

	for (k = 0; k < p->n_input; k++) {
		n->in[k] = *p->input[k] ? find(l, p->input[k]) : -1;
		if (*p->input[k] && n->in[k] < 0)
			return lxa_err_set(l->err, -EINVAL, "%s: node '%s' (%s): input %zu, '%s', is produced by no node, "
					   "initializer or graph input", l->g->path, n->name, n->op, k, p->input[k]);
		n->n_in++;
	}
	return 0;
}

static int load_nodes(struct loader *l)
{
	size_t i;
	int ret;

	for (i = 0; i < l->pb->n_node; i++) {
		l->g->n_nodes++;
		ret = load_node(l, i);
		if (ret)
			return ret;
	}
	for (i = 0; i < l->pb->n_node; i++) {
		ret = resolve_inputs(l, i);
		if (ret)
			return ret;
	}
	return 0;
}

static int load_outputs(struct loader *l)
{
	size_t i;

	if (!l->pb->n_output)
		return lxa_err_set(l->err, -EINVAL, "%s: the graph has no outputs", l->g->path);
	for (i = 0; i < l->pb->n_output; i++) {
		const char *name = l->pb->output[i]->name;
		int index = name && *name ? find(l, name) : -1;

		if (index < 0)
			return lxa_err_set(l->err, -EINVAL, "%s: output '%s' is produced by no node", l->g->path,
					   name ? name : "");
		l->g->out[l->g->n_out++] = index;
	}
	return 0;
}

static int load_opset(struct loader *l, const Onnx__ModelProto *m)
{
	size_t i;

	l->g->opset = 1;	/* files from before there were opset imports */
	for (i = 0; i < m->n_opset_import; i++) {
		const Onnx__OperatorSetIdProto *o = m->opset_import[i];

		if (o->domain && *o->domain && strcmp(o->domain, "ai.onnx"))
			continue;
		if (o->version < 1)
			return lxa_err_set(l->err, -EINVAL, "%s: opset version %lld is not valid", l->g->path,
					   (long long)o->version);
		l->g->opset = o->version;
	}
	return 0;
}

static int load_model(struct loader *l, const Onnx__ModelProto *m)
{
	int ret;

	if (!m->graph)
		return lxa_err_set(l->err, -EINVAL, "%s: has no graph; is it an ONNX model?", l->g->path);
	l->pb = m->graph;
	ret = load_opset(l, m);
	if (!ret)
		ret = loader_init(l);
	if (!ret)
		ret = load_initializers(l);
	if (!ret)
		ret = load_inputs(l);
	if (!ret)
		ret = load_nodes(l);
	if (!ret)
		ret = load_outputs(l);
	if (!ret)
		ret = lxa_graph_fold_constants(l->g, l->err);
	if (!ret)
		ret = lxa_graph_sort(l->g, l->err);
	return ret;
}

int lxa_graph_parse(const char *name, const uint8_t *data, size_t size, struct lxa_graph **out, struct lxa_err *err)
{
	struct loader l = { .err = err };
	Onnx__ModelProto *model = NULL;
	int ret;

	*out = NULL;
	l.g = calloc(1, sizeof(*l.g));
	if (l.g)
		l.g->path = strdup(name);
	if (!l.g || !l.g->path) {
		ret = lxa_err_set(err, -ENOMEM, "%s: out of memory", name);
		goto out;
	}
	ret = lxa_pb_check_depth(&onnx__model_proto__descriptor, data, size);
	if (ret) {
		lxa_err_set(err, ret, "%s: its messages nest more than %d deep", name, LXA_PB_MAX_DEPTH);
		goto out;
	}
	model = onnx__model_proto__unpack(NULL, size, data);
	if (!model) {
		ret = lxa_err_set(err, -EINVAL, "%s: is not an ONNX model, or is cut short", name);
		goto out;
	}
	ret = load_model(&l, model);
out:
	if (model)
		onnx__model_proto__free_unpacked(model, NULL);
	free(l.hash);
	if (ret)
		lxa_graph_free(l.g);
	else
		*out = l.g;
	return ret;
}

int lxa_graph_load(const char *path, struct lxa_graph **out, struct lxa_err *err)
{
	uint8_t *data = NULL;
	size_t size;
	int ret;

	*out = NULL;
	ret = lxa_file_read(path, &data, &size, err);
	if (ret)
		return ret;
	ret = lxa_graph_parse(path, data, size, out, err);
	free(data);
	return ret;
}
