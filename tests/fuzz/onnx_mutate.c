// SPDX-License-Identifier: MIT
/*
 * onnx_mutate.c - changes ONNX models for fuzz_onnx as a hostile writer would: the file stays one that can be read, but an
 * attribute, a dimension, a type, a name or an operator in it is another. Every other time bytes are changed instead.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "graph_priv.h"
#include "onnx.pb-c.h"

static uint64_t state;

static uint32_t rnd(size_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state >> 32) % (n ? n : 1));
}

static int64_t number(void)
{
	static const int64_t odd[] = {
		0, 1, -1, 2, 3, 4, 5, 7, 8, 16, 31, 64, 255, 256, 4096, 65535, 1 << 20, 1 << 24, (1 << 24) + 1, INT32_MAX, INT32_MIN,
		(int64_t)1 << 31, (int64_t)1 << 32, (int64_t)1 << 40, INT64_MAX, INT64_MIN, INT64_MAX - 1, -2, -3,
	};

	return odd[rnd(sizeof(odd) / sizeof(odd[0]))];
}

static float real(void)
{
	static const float odd[] = { 0, 1, -1, 0.5f, 2, 4, 8, 32, 1e-40f, 1e30f, -1e30f, 3, 1e9f };
	float nan_or_inf = 1e30f * 1e30f;

	return rnd(12) ? odd[rnd(sizeof(odd) / sizeof(odd[0]))] : rnd(2) ? nan_or_inf : nan_or_inf - nan_or_inf;
}

static void change_attr(Onnx__AttributeProto *a)
{
	switch (rnd(6)) {
	case 0:
		a->has_type = 1;
		a->type = (Onnx__AttributeProto__AttributeType)rnd(15);
		break;
	case 1:
		if (a->n_ints)
			a->n_ints--;
		break;
	case 2:
		a->has_f = 1;
		a->f = real();
		break;
	case 3:
		if (a->s.len)
			a->s.data[rnd(a->s.len)] ^= (uint8_t)(1 << rnd(7));
		break;
	default:
		a->i = number();
		if (a->n_ints)
			a->ints[rnd(a->n_ints)] = number();
	}
}

static void change_tensor(Onnx__TensorProto *t)
{
	switch (rnd(4)) {
	case 0:
		t->has_data_type = 1;
		t->data_type = (int32_t)rnd(24);
		break;
	case 1:
		if (t->raw_data.len >= 8) {
			int64_t v = number();

			memcpy(t->raw_data.data + rnd(t->raw_data.len - 7), &v, 8);
		}
		break;
	case 2:			/* another shape of as many elements, more or less */
		if (t->n_dims > 1) {
			size_t k = 1 + rnd(t->n_dims - 1);
			int64_t product;

			if (!__builtin_mul_overflow(t->dims[0], t->dims[k], &product))
				t->dims[0] = product;
			t->dims[k] = 1;
		}
		break;
	default:
		if (t->n_dims)
			t->dims[rnd(t->n_dims)] = number();
	}
}

static void rename_to(char **s, const char *to)
{
	char *copy = strdup(to);

	if (copy) {
		free(*s);
		*s = copy;
	}
}

/* The name of any value. */
static const char *a_name(const Onnx__GraphProto *g)
{
	const Onnx__NodeProto *n = g->n_node ? g->node[rnd(g->n_node)] : NULL;

	if (g->n_initializer && !rnd(3) && g->initializer[rnd(g->n_initializer)]->name)
		return g->initializer[0]->name ? g->initializer[0]->name : "";
	if (n && n->n_output && rnd(2))
		return n->output[rnd(n->n_output)];
	return g->n_input && g->input[0]->name ? g->input[0]->name : "";
}

static void change_node(const Onnx__GraphProto *g, Onnx__NodeProto *n)
{
	const struct lxa_opdef *op;

	switch (rnd(5)) {
	case 0:
		op = lxa_op_at((int)rnd(140));
		if (op)
			rename_to(&n->op_type, op->name);
		break;
	case 1:
		if (n->n_input)
			rename_to(&n->input[rnd(n->n_input)], a_name(g));
		break;
	case 2:
		if (n->n_input)
			rename_to(&n->input[rnd(n->n_input)], "");
		break;
	default:
		if (n->n_attribute)
			change_attr(n->attribute[rnd(n->n_attribute)]);
	}
}

static void change_input(Onnx__ValueInfoProto *v)
{
	Onnx__TypeProto__Tensor *t;
	Onnx__TensorShapeProto__Dimension *d;

	if (!v->type || v->type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
		return;
	t = v->type->tensor_type;
	if (rnd(3) == 0) {
		t->elem_type = (int32_t)rnd(24);
	} else if (t->shape && t->shape->n_dim) {
		d = t->shape->dim[rnd(t->shape->n_dim)];
		if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE)
			d->dim_value = number();
	}
}

static void change(Onnx__ModelProto *m)
{
	Onnx__GraphProto *g = m->graph;

	switch (rnd(8)) {
	case 0:
		if (m->n_opset_import)
			m->opset_import[0]->version = rnd(26);
		break;
	case 1:
		if (g->n_input)
			change_input(g->input[rnd(g->n_input)]);
		break;
	case 2: case 3:
		if (g->n_initializer)
			change_tensor(g->initializer[rnd(g->n_initializer)]);
		break;
	default:
		if (g->n_node)
			change_node(g, g->node[rnd(g->n_node)]);
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	Onnx__ModelProto *m;
	uint32_t times;

	state = seed;
	if (!rnd(2))
		return LLVMFuzzerMutate(data, size, max);
	m = onnx__model_proto__unpack(NULL, size, data);
	if (!m || !m->graph) {
		if (m)
			onnx__model_proto__free_unpacked(m, NULL);
		return LLVMFuzzerMutate(data, size, max);
	}
	for (times = 1 + rnd(3); times; times--)
		change(m);
	if (onnx__model_proto__get_packed_size(m) <= max)
		size = onnx__model_proto__pack(m, data);
	onnx__model_proto__free_unpacked(m, NULL);
	return size;
}
