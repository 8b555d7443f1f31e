/* SPDX-License-Identifier: MIT */
/*
 * onnx_save.c - the ONNX writer; see onnx_save.h.
 *
 * The message is built of malloc'ed parts in place, so that protobuf-c's own free function takes it down. Arrays of
 * messages grow one by one; models here have tens of nodes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx_pb.h"
#include "onnx_save.h"

struct lxa_onnx {
	Onnx__ModelProto *model;
	int error;			/* the first failure, or 0 */
	char what[128];			/* where it was */
};

static void fail(struct lxa_onnx *m, int code, const char *kind, const char *name)
{
	if (m->error)
		return;
	m->error = code;
	snprintf(m->what, sizeof(m->what), "%s '%s'", kind, name ? name : "");
}

/* One more zeroed pointer slot at the end of *array. */
static void **grow(void *array, size_t *n)
{
	void ***a = array;
	void **bigger = realloc(*a, (*n + 1) * sizeof(**a));

	if (!bigger)
		return NULL;
	*a = bigger;
	bigger[*n] = NULL;
	return &bigger[*n];
}

/*
 * Append a message of the given protobuf type to a repeated field. The count grows only when the message is there.
 */
#define NEW_MESSAGE(type, init, array, n) ({				\
	type *msg_ = NULL;						\
	void **slot_ = grow(&(array), &(n));				\
	if (slot_)							\
		msg_ = malloc(sizeof(*msg_));				\
	if (msg_) {							\
		init(msg_);						\
		*slot_ = msg_;						\
		(n)++;							\
	}								\
	msg_;								\
})

struct lxa_onnx *lxa_onnx_new(const char *graph_name)
{
	struct lxa_onnx *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->model = malloc(sizeof(*m->model));
	if (!m->model)
		goto fail;
	onnx__model_proto__init(m->model);
	m->model->has_ir_version = 1;
	m->model->ir_version = ONNX__VERSION__IR_VERSION_2020_5_8;
	m->model->producer_name = strdup("lxa");
	m->model->graph = malloc(sizeof(*m->model->graph));
	if (!m->model->graph)
		goto fail;
	onnx__graph_proto__init(m->model->graph);
	m->model->graph->name = strdup(graph_name);
	if (!m->model->producer_name || !m->model->graph->name)
		goto fail;
	lxa_onnx_opset(m, "", 13);
	lxa_onnx_opset(m, "lxa", 1);
	lxa_onnx_opset(m, "qonnx.custom_op.general", 1);
	return m;
fail:
	lxa_onnx_free(m);
	return NULL;
}

void lxa_onnx_free(struct lxa_onnx *m)
{
	if (!m)
		return;
	if (m->model)
		onnx__model_proto__free_unpacked(m->model, NULL);
	free(m);
}

void lxa_onnx_opset(struct lxa_onnx *m, const char *domain, int64_t version)
{
	Onnx__OperatorSetIdProto *o;
	size_t i;

	if (m->error)
		return;
	for (i = 0; i < m->model->n_opset_import; i++) {
		o = m->model->opset_import[i];
		if (!strcmp(o->domain, domain)) {
			o->version = version;
			return;
		}
	}
	o = NEW_MESSAGE(Onnx__OperatorSetIdProto, onnx__operator_set_id_proto__init, m->model->opset_import,
			m->model->n_opset_import);
	if (o)
		o->domain = strdup(domain);
	if (!o || !o->domain) {
		fail(m, -ENOMEM, "opset import", domain);
		return;
	}
	o->has_version = 1;
	o->version = version;
}

void lxa_onnx_meta(struct lxa_onnx *m, const char *key, const char *value)
{
	Onnx__StringStringEntryProto *e;

	if (m->error)
		return;
	e = NEW_MESSAGE(Onnx__StringStringEntryProto, onnx__string_string_entry_proto__init, m->model->metadata_props,
			m->model->n_metadata_props);
	if (e) {
		e->key = strdup(key);
		e->value = strdup(value);
	}
	if (!e || !e->key || !e->value)
		fail(m, -ENOMEM, "metadata", key);
}

static int add_dim(Onnx__TensorShapeProto *shape, int64_t dim)
{
	Onnx__TensorShapeProto__Dimension *d;

	d = NEW_MESSAGE(Onnx__TensorShapeProto__Dimension, onnx__tensor_shape_proto__dimension__init, shape->dim,
			shape->n_dim);
	if (!d)
		return -ENOMEM;
	if (dim >= 0) {
		d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
		d->dim_value = dim;
		return 0;
	}
	d->dim_param = strdup("N");
	if (!d->dim_param)
		return -ENOMEM;
	d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
	return 0;
}

static int fill_type(Onnx__ValueInfoProto *v, enum lxa_dtype dtype, int ndim, const int64_t *dims)
{
	Onnx__TypeProto__Tensor *tensor;
	int i, ret = 0;

	v->type = malloc(sizeof(*v->type));
	if (!v->type)
		return -ENOMEM;
	onnx__type_proto__init(v->type);
	tensor = malloc(sizeof(*tensor));
	if (!tensor)
		return -ENOMEM;
	onnx__type_proto__tensor__init(tensor);
	v->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
	v->type->tensor_type = tensor;
	tensor->has_elem_type = 1;
	tensor->elem_type = (int32_t)dtype;
	tensor->shape = malloc(sizeof(*tensor->shape));
	if (!tensor->shape)
		return -ENOMEM;
	onnx__tensor_shape_proto__init(tensor->shape);
	for (i = 0; i < ndim && !ret; i++)
		ret = add_dim(tensor->shape, dims[i]);
	return ret;
}

void lxa_onnx_input(struct lxa_onnx *m, const char *name, enum lxa_dtype dtype, int ndim, const int64_t *dims)
{
	Onnx__ValueInfoProto *v;

	if (m->error)
		return;
	v = NEW_MESSAGE(Onnx__ValueInfoProto, onnx__value_info_proto__init, m->model->graph->input,
			m->model->graph->n_input);
	if (v)
		v->name = strdup(name);
	if (!v || !v->name || fill_type(v, dtype, ndim, dims))
		fail(m, -ENOMEM, "input", name);
}

void lxa_onnx_output(struct lxa_onnx *m, const char *name, enum lxa_dtype dtype, int ndim, const int64_t *dims)
{
	Onnx__ValueInfoProto *v;

	if (m->error)
		return;
	v = NEW_MESSAGE(Onnx__ValueInfoProto, onnx__value_info_proto__init, m->model->graph->output,
			m->model->graph->n_output);
	if (v)
		v->name = strdup(name);
	if (!v || !v->name || fill_type(v, dtype, ndim, dims))
		fail(m, -ENOMEM, "output", name);
}

void lxa_onnx_tensor(struct lxa_onnx *m, const char *name, const struct lxa_tensor *t)
{
	Onnx__TensorProto *p;
	int ret = -ENOMEM;

	if (m->error)
		return;
	p = NEW_MESSAGE(Onnx__TensorProto, onnx__tensor_proto__init, m->model->graph->initializer,
			m->model->graph->n_initializer);
	if (p)
		ret = lxa_tensor_to_pb(t, name, p);
	if (ret)
		fail(m, ret, "initializer", name);
}

static void add_data(struct lxa_onnx *m, const char *name, enum lxa_dtype dtype, int ndim, const int64_t *dims,
		     const void *data)
{
	struct lxa_tensor t = { .dtype = dtype, .ndim = ndim, .data = (void *)data };

	if (ndim < 0 || ndim > LXA_MAX_DIMS) {
		fail(m, -EINVAL, "initializer", name);
		return;
	}
	if (ndim)
		memcpy(t.dims, dims, (size_t)ndim * sizeof(*dims));
	lxa_onnx_tensor(m, name, &t);
}

void lxa_onnx_f32(struct lxa_onnx *m, const char *name, int ndim, const int64_t *dims, const float *data)
{
	add_data(m, name, LXA_F32, ndim, dims, data);
}

void lxa_onnx_i64(struct lxa_onnx *m, const char *name, int ndim, const int64_t *dims, const int64_t *data)
{
	add_data(m, name, LXA_INT64, ndim, dims, data);
}

void lxa_onnx_scalar(struct lxa_onnx *m, const char *name, float value)
{
	add_data(m, name, LXA_F32, 0, NULL, &value);
}

/* Split "a b c" into malloc'ed strings; "-" becomes "". */
static int split(const char *names, char ***out, size_t *n)
{
	while (*names) {
		size_t len = strcspn(names, " ");
		void **slot = grow(out, n);

		if (!slot)
			return -ENOMEM;
		*slot = len == 1 && *names == '-' ? strdup("") : strndup(names, len);
		if (!*slot)
			return -ENOMEM;
		(*n)++;
		names += len;
		while (*names == ' ')
			names++;
	}
	return 0;
}

void lxa_onnx_node(struct lxa_onnx *m, const char *name, const char *domain, const char *op, const char *inputs,
		   const char *outputs)
{
	Onnx__NodeProto *n;

	if (m->error)
		return;
	n = NEW_MESSAGE(Onnx__NodeProto, onnx__node_proto__init, m->model->graph->node, m->model->graph->n_node);
	if (!n)
		goto nomem;
	n->name = strdup(name);
	n->op_type = strdup(op);
	n->domain = strdup(domain);
	if (!n->name || !n->op_type || !n->domain)
		goto nomem;
	if (split(inputs, &n->input, &n->n_input) || split(outputs, &n->output, &n->n_output))
		goto nomem;
	return;
nomem:
	fail(m, -ENOMEM, "node", name);
}

/* The message of a new attribute on the last node, or NULL after a failure. */
static Onnx__AttributeProto *new_attr(struct lxa_onnx *m, const char *name, Onnx__AttributeProto__AttributeType type)
{
	Onnx__GraphProto *g = m->model->graph;
	Onnx__AttributeProto *a;
	Onnx__NodeProto *n;

	if (m->error)
		return NULL;
	if (!g->n_node) {
		fail(m, -EINVAL, "attribute without a node", name);
		return NULL;
	}
	n = g->node[g->n_node - 1];
	a = NEW_MESSAGE(Onnx__AttributeProto, onnx__attribute_proto__init, n->attribute, n->n_attribute);
	if (a)
		a->name = strdup(name);
	if (!a || !a->name) {
		fail(m, -ENOMEM, "attribute", name);
		return NULL;
	}
	a->has_type = 1;
	a->type = type;
	return a;
}

void lxa_onnx_attr_int(struct lxa_onnx *m, const char *name, int64_t v)
{
	Onnx__AttributeProto *a = new_attr(m, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);

	if (!a)
		return;
	a->has_i = 1;
	a->i = v;
}

void lxa_onnx_attr_float(struct lxa_onnx *m, const char *name, float v)
{
	Onnx__AttributeProto *a = new_attr(m, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);

	if (!a)
		return;
	a->has_f = 1;
	a->f = v;
}

/* A malloc'ed copy, never of size 0 so that NULL means out of memory. */
static void *copy(struct lxa_onnx *m, const char *name, const void *data, size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		fail(m, -ENOMEM, "attribute", name);
	else if (size)
		memcpy(p, data, size);
	return p;
}

void lxa_onnx_attr_string(struct lxa_onnx *m, const char *name, const char *v)
{
	Onnx__AttributeProto *a = new_attr(m, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);

	if (!a)
		return;
	a->s.data = copy(m, name, v, strlen(v));
	a->s.len = a->s.data ? strlen(v) : 0;
	a->has_s = 1;
}

void lxa_onnx_attr_ints(struct lxa_onnx *m, const char *name, size_t n, const int64_t *v)
{
	Onnx__AttributeProto *a = new_attr(m, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);

	if (!a)
		return;
	a->ints = copy(m, name, v, n * sizeof(*v));
	a->n_ints = a->ints ? n : 0;
}

void lxa_onnx_attr_floats(struct lxa_onnx *m, const char *name, size_t n, const float *v)
{
	Onnx__AttributeProto *a = new_attr(m, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS);

	if (!a)
		return;
	a->floats = copy(m, name, v, n * sizeof(*v));
	a->n_floats = a->floats ? n : 0;
}

void lxa_onnx_attr_tensor(struct lxa_onnx *m, const char *name, const struct lxa_tensor *t)
{
	Onnx__AttributeProto *a = new_attr(m, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR);
	int ret = -ENOMEM;

	if (!a)
		return;
	a->t = malloc(sizeof(*a->t));
	if (a->t) {
		onnx__tensor_proto__init(a->t);
		ret = lxa_tensor_to_pb(t, "", a->t);
	}
	if (ret)
		fail(m, ret, "attribute", name);
}

int lxa_onnx_save(struct lxa_onnx *m, const char *path, struct lxa_err *err)
{
	size_t size;
	uint8_t *buf;
	int ret;

	if (m->error)
		return lxa_err_set(err, m->error, "%s: the model could not be built: %s: %s", path, m->what,
				   strerror(-m->error));
	size = onnx__model_proto__get_packed_size(m->model);
	buf = malloc(size ? size : 1);
	if (!buf)
		return lxa_err_set(err, -ENOMEM, "%s: no memory for its %zu bytes", path, size);
	onnx__model_proto__pack(m->model, buf);
	ret = lxa_file_write(path, buf, size, err);
	free(buf);
	return ret;
}
