/* SPDX-License-Identifier: MIT */
/* node_util.c - see node_util.h. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "graph_util.h"
#include "node_util.h"

void node_init(struct node_test *t, const char *op, const char *domain, int64_t opset)
{
	struct lxa_err err;

	memset(t, 0, sizeof(*t));
	t->n = (struct lxa_node){ .name = "node", .op = (char *)op, .domain = (char *)domain, .n_out = 1, .in = t->in_index,
				  .out = t->out_index, .attr = t->attr };
	t->g = (struct lxa_graph){ .path = "test", .opset = opset, .nodes = &t->n, .n_nodes = 1 };
	assert_int_equal(lxa_cpu_create(&t->cpu, &err), 0);
}

static void free_out(struct node_test *t)
{
	int i;

	for (i = 0; t->ran && i < t->n.n_out; i++)
		lxa_tensor_free(&t->out[i]);
	t->ran = 0;
}

void node_done(struct node_test *t)
{
	int i;

	free_out(t);
	for (i = 0; i < t->n.n_in; i++)
		lxa_tensor_free(&t->in[i]);
	lxa_cpu_destroy(t->cpu);
}

static struct lxa_attr *new_attr(struct node_test *t, const char *name, enum lxa_attr_type type)
{
	struct lxa_attr *a = &t->attr[t->n.n_attr++];

	assert_true(t->n.n_attr <= NODE_ATTRS);
	a->name = (char *)name;
	a->type = type;
	return a;
}

void node_int(struct node_test *t, const char *name, int64_t v)
{
	new_attr(t, name, LXA_ATTR_INT)->i = v;
}

void node_float(struct node_test *t, const char *name, float v)
{
	new_attr(t, name, LXA_ATTR_FLOAT)->f = v;
}

void node_string(struct node_test *t, const char *name, const char *v)
{
	new_attr(t, name, LXA_ATTR_STRING)->s = (char *)v;
}

void node_ints(struct node_test *t, const char *name, int n, const int64_t *v)
{
	struct lxa_attr *a = new_attr(t, name, LXA_ATTR_INTS);

	a->ints = t->ints[t->n.n_attr - 1];
	a->n = (size_t)n;
	assert_true(n <= 8);
	memcpy(a->ints, v, (size_t)n * sizeof(*v));
}

/* The code of a small float that is nearest to v, by trying all; the last answer is remembered. */
static unsigned int nearest_code(enum lxa_dtype type, double v)
{
	static enum lxa_dtype last_type;
	static double last_v;
	static unsigned int last;
	unsigned int k, n = lxa_dtype_size(type) == 2 ? 1 << 16 : 1 << 8;
	uint16_t code;
	struct lxa_tensor t = { .dtype = type, .data = &code };
	double best = INFINITY, d;

	if (type == last_type && v == last_v)
		return last;
	for (k = 0; k < n; k++) {
		code = (uint16_t)k;
		d = fabs(tensor_get(&t, 0) - v);
		if (d < best) {
			best = d;
			last = k;
		}
	}
	last_type = type;
	last_v = v;
	return last;
}

void tensor_set(struct lxa_tensor *t, int64_t i, double v)
{
	switch (t->dtype) {
	case LXA_F16: case LXA_BF16:
		((uint16_t *)t->data)[i] = (uint16_t)nearest_code(t->dtype, v);
		break;
	case LXA_F8E4M3FN: case LXA_F8E4M3FNUZ: case LXA_F8E5M2: case LXA_F8E5M2FNUZ:
		((uint8_t *)t->data)[i] = (uint8_t)nearest_code(t->dtype, v);
		break;
	case LXA_F32:
		((float *)t->data)[i] = (float)v;
		break;
	case LXA_F64:
		((double *)t->data)[i] = v;
		break;
	case LXA_INT8: case LXA_UINT8: case LXA_BOOL: case LXA_INT4: case LXA_UINT4:
		((uint8_t *)t->data)[i] = (uint8_t)(int64_t)v;
		break;
	case LXA_INT16: case LXA_UINT16:
		((uint16_t *)t->data)[i] = (uint16_t)(int64_t)v;
		break;
	case LXA_INT32: case LXA_UINT32:
		((uint32_t *)t->data)[i] = (uint32_t)(int64_t)v;
		break;
	default:
		((int64_t *)t->data)[i] = (int64_t)v;
	}
}

static void make(struct lxa_tensor *t, enum lxa_dtype dtype, int ndim, const int64_t *dims, const double *v)
{
	int64_t i;

	*t = (struct lxa_tensor){ .dtype = dtype, .ndim = ndim };
	if (ndim)
		memcpy(t->dims, dims, (size_t)ndim * sizeof(*dims));
	assert_int_equal(lxa_tensor_alloc(t), 0);
	for (i = 0; v && i < lxa_tensor_count(t); i++)
		tensor_set(t, i, v[i]);
}

struct lxa_tensor *node_in(struct node_test *t, enum lxa_dtype dtype, int ndim, const int64_t *dims, const double *v)
{
	struct lxa_tensor *x = &t->in[t->n.n_in++];

	assert_true(t->n.n_in <= NODE_INPUTS);
	make(x, dtype, ndim, dims, v);
	return x;
}

struct lxa_tensor *node_random(struct node_test *t, enum lxa_dtype dtype, int ndim, const int64_t *dims, int64_t lo, int64_t hi)
{
	struct lxa_tensor *x = node_in(t, dtype, ndim, dims, NULL);
	int64_t i;

	for (i = 0; i < lxa_tensor_count(x); i++)
		tensor_set(x, i, dtype == LXA_F32 || dtype == LXA_F64 ? (double)rnd_float() :
			   (double)(lo + rnd((uint32_t)(hi - lo + 1))));
	return x;
}

void node_no_input(struct node_test *t)
{
	t->absent[t->n.n_in] = 1;
	memset(&t->in[t->n.n_in++], 0, sizeof(t->in[0]));
}

static int run(struct node_test *t, struct lxa_err *err)
{
	const struct lxa_tensor *p[NODE_INPUTS];
	int i, ret;

	free_out(t);
	for (i = 0; i < t->n.n_in; i++)
		p[i] = t->absent[i] ? NULL : &t->in[i];
	ret = lxa_cpu_exec(t->cpu, &t->g, 0, p, t->out, err);
	t->ran = !ret;
	return ret;
}

void node_run(struct node_test *t)
{
	struct lxa_err err;

	if (run(t, &err))
		fail_msg("%s", err.text);
}

void node_want(struct node_test *t, int o, enum lxa_dtype dtype, int ndim, const int64_t *dims, const double *v)
{
	int is_float = dtype == LXA_F32 || dtype == LXA_F64 || dtype == LXA_F16 || dtype == LXA_BF16;
	struct lxa_tensor want;
	char why[256];

	if (!t->ran)
		node_run(t);
	make(&want, dtype, ndim, dims, v);
	if (!v && t->out[o].ndim == ndim && lxa_tensor_count(&t->out[o]) == lxa_tensor_count(&want))
		memcpy(want.data, t->out[o].data, (size_t)lxa_tensor_count(&want) * lxa_dtype_size(dtype));
	if (!tensors_close(&t->out[o], &want, is_float ? 1e-6 : 0, is_float ? 1e-7 : 0, why))
		fail_msg("%s: output %d: %s", t->n.op, o, why);
	lxa_tensor_free(&want);
}

void node_refused(struct node_test *t, const char *word)
{
	struct lxa_err err = { "" };

	if (!run(t, &err))
		fail_msg("%s was not refused: should say \"%s\"", t->n.op, word);
	if (!strstr(err.text, word) || strncmp(err.text, "test: ", 6) || !strstr(err.text, "node 'node'"))
		fail_msg("\"%s\" does not say \"%s\" with file and node", err.text, word);
}
