/* SPDX-License-Identifier: MIT */
/* graph_util.c - see graph_util.h. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "graph_util.h"

static int check_shape(const struct lxa_graph *g, const struct lxa_node *n, int value, const struct lxa_tensor *t,
		       struct lxa_err *err)
{
	const struct lxa_value *v = &g->values[value];

	if (!v->known || (v->t.dtype == t->dtype && v->t.ndim == t->ndim &&
			  !memcmp(v->t.dims, t->dims, sizeof(*t->dims) * (size_t)t->ndim)))
		return 0;
	return lxa_err_set(err, -EPROTO, "node '%s': '%s' is not what shape inference said", n->name, v->name);
}

static int run_node(struct lxa_cpu *cpu, const struct lxa_graph *g, int i, struct lxa_tensor *values, struct lxa_err *err)
{
	const struct lxa_node *n = &g->nodes[i];
	const struct lxa_tensor *in[64];
	struct lxa_tensor out[8];
	int k, ret;

	if (n->n_in > 64 || n->n_out > 8)
		return lxa_err_set(err, -E2BIG, "node '%s' is too wide for the test", n->name);
	for (k = 0; k < n->n_in; k++)
		in[k] = n->in[k] < 0 ? NULL : g->values[n->in[k]].producer < 0 && g->values[n->in[k]].t.data ?
			&g->values[n->in[k]].t : &values[n->in[k]];
	ret = lxa_cpu_exec(cpu, g, i, in, out, err);
	if (ret)
		return ret;
	for (k = 0; k < n->n_out; k++) {
		if (n->out[k] < 0) {
			lxa_tensor_free(&out[k]);
			continue;
		}
		values[n->out[k]] = out[k];
		if (!ret)
			ret = check_shape(g, n, n->out[k], &out[k], err);
	}
	return ret;
}

int run_graph(struct lxa_cpu *cpu, const struct lxa_graph *g, const struct lxa_tensor *in, struct lxa_tensor *out,
	      struct lxa_err *err)
{
	struct lxa_tensor *values = calloc((size_t)g->n_values + 1, sizeof(*values));
	int i, ret = 0;

	memset(out, 0, sizeof(*out) * (size_t)g->n_out);
	for (i = 0; i < g->n_in; i++)
		values[g->in[i]] = in[i];
	for (i = 0; i < g->n_nodes && !ret; i++)
		ret = run_node(cpu, g, i, values, err);
	for (i = 0; i < g->n_out && !ret; i++) {
		const struct lxa_value *v = &g->values[g->out[i]];
		const struct lxa_tensor *from = v->producer < 0 && v->t.data ? &v->t : &values[g->out[i]];

		out[i] = *from;
		ret = lxa_tensor_alloc(&out[i]);
		if (!ret)
			memcpy(out[i].data, from->data, (size_t)lxa_tensor_count(from) * lxa_dtype_size(from->dtype));
	}
	for (i = 0; i < g->n_values; i++)
		if (g->values[i].producer >= 0)
			lxa_tensor_free(&values[i]);
	free(values);
	return ret;
}

/* IEEE-like small floats, by repeated halving and doubling: sign, exponent and mantissa fields, the types' NaN codes. */
static double small_float(unsigned int v, int bits, int mantissa, int bias, enum lxa_dtype type)
{
	unsigned int sign = v >> (bits - 1), field = (v >> mantissa) & ((1u << (bits - 1 - mantissa)) - 1);
	unsigned int m = v & ((1u << mantissa) - 1), top = (1u << (bits - 1 - mantissa)) - 1;
	double r = m;
	int i;

	if (type == LXA_F8E4M3FNUZ || type == LXA_F8E5M2FNUZ) {
		if (v == 0x80)
			return NAN;
	} else if (type == LXA_F8E4M3FN) {
		if ((v & 0x7f) == 0x7f)
			return NAN;
	} else if (field == top) {
		return m ? NAN : sign ? -INFINITY : INFINITY;
	}
	for (i = 0; i < mantissa; i++)
		r /= 2;
	if (field)
		r += 1;
	for (i = field ? (int)field : 1; i < bias; i++)
		r /= 2;
	for (; i > bias; i--)
		r *= 2;
	return sign ? -r : r;
}

double tensor_get(const struct lxa_tensor *t, int64_t i)
{
	switch (t->dtype) {
	case LXA_F32:
		return (double)((const float *)t->data)[i];
	case LXA_F64:
		return ((const double *)t->data)[i];
	case LXA_F16:
		return small_float(((const uint16_t *)t->data)[i], 16, 10, 15, t->dtype);
	case LXA_BF16:
		return small_float(((const uint16_t *)t->data)[i], 16, 7, 127, t->dtype);
	case LXA_F8E4M3FN:
		return small_float(((const uint8_t *)t->data)[i], 8, 3, 7, t->dtype);
	case LXA_F8E4M3FNUZ:
		return small_float(((const uint8_t *)t->data)[i], 8, 3, 8, t->dtype);
	case LXA_F8E5M2:
		return small_float(((const uint8_t *)t->data)[i], 8, 2, 15, t->dtype);
	case LXA_F8E5M2FNUZ:
		return small_float(((const uint8_t *)t->data)[i], 8, 2, 16, t->dtype);
	case LXA_INT8: case LXA_INT4:
		return ((const int8_t *)t->data)[i];
	case LXA_UINT8: case LXA_BOOL: case LXA_UINT4:
		return ((const uint8_t *)t->data)[i];
	case LXA_INT16:
		return ((const int16_t *)t->data)[i];
	case LXA_UINT16:
		return ((const uint16_t *)t->data)[i];
	case LXA_INT32:
		return ((const int32_t *)t->data)[i];
	case LXA_UINT32:
		return ((const uint32_t *)t->data)[i];
	case LXA_INT64:
		return (double)((const int64_t *)t->data)[i];
	case LXA_UINT64:
		return (double)((const uint64_t *)t->data)[i];
	}
	return NAN;
}

int tensors_close(const struct lxa_tensor *got, const struct lxa_tensor *want, double rtol, double atol, char why[256])
{
	int64_t n = lxa_tensor_count(want), i;

	if (got->dtype != want->dtype || got->ndim != want->ndim ||
	    memcmp(got->dims, want->dims, sizeof(*got->dims) * (size_t)got->ndim)) {
		snprintf(why, 256, "type or shape differ (types %d and %d, %d and %d dimensions, %lld and %lld elements)",
			 got->dtype, want->dtype, got->ndim, want->ndim, (long long)lxa_tensor_count(got), (long long)n);
		return 0;
	}
	for (i = 0; i < n; i++) {
		double a = tensor_get(got, i), b = tensor_get(want, i);

		if (a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= atol + rtol * fabs(b))
			continue;
		snprintf(why, 256, "element %lld is %.9g, should be %.9g", (long long)i, a, b);
		return 0;
	}
	return 1;
}

static int load_all(const char *dir, const char *kind, struct lxa_tensor *t, int max, struct lxa_err *err)
{
	char path[4608];
	int n;

	for (n = 0; n < max; n++) {
		snprintf(path, sizeof(path), "%s/%s_%d.pb", dir, kind, n);
		if (access(path, R_OK))
			break;
		if (lxa_tensor_read(path, &t[n], err))
			return -1;
	}
	return n;
}

static void free_all(struct lxa_tensor *t, int n)
{
	while (n-- > 0)
		lxa_tensor_free(&t[n]);
}

int compare_with_files(struct lxa_cpu *cpu, const struct lxa_graph *g, const char *dir, double rtol, double atol,
		       struct lxa_err *err)
{
	struct lxa_tensor in[16] = { 0 }, out[16] = { 0 }, want[16] = { 0 };
	int n_in, n_want = 0, i, ret = -EPROTO;
	char why[256];

	n_in = load_all(dir, "input", in, 16, err);
	if (n_in < 0)
		return -EOPNOTSUPP;
	n_want = load_all(dir, "output", want, 16, err);
	if (n_want < 0) {
		ret = -EOPNOTSUPP;
		goto out;
	}
	if (n_in != g->n_in || n_want != g->n_out) {
		lxa_err_set(err, ret, "%d and %d inputs, %d and %d outputs", n_in, g->n_in, n_want, g->n_out);
		goto out;
	}
	for (i = 0; i < n_in; i++)
		if (g->values[g->in[i]].t.dtype == LXA_BF16 && in[i].dtype == LXA_UINT16)
			in[i].dtype = LXA_BF16;
	ret = run_graph(cpu, g, in, out, err);
	for (i = 0; i < n_want && !ret; i++) {
		if (out[i].dtype == LXA_BF16 && want[i].dtype == LXA_UINT16)
			out[i].dtype = LXA_UINT16;
		if (!tensors_close(&out[i], &want[i], rtol, atol, why))
			ret = lxa_err_set(err, -EPROTO, "output %d: %s", i, why);
	}
out:
	free_all(in, 16);
	free_all(out, 16);
	free_all(want, 16);
	return ret;
}

static uint64_t state;

unsigned int test_seed(void)
{
	const char *env = getenv("LXA_SEED");
	static unsigned int seed;
	static int done;

	if (!done) {
		seed = env ? (unsigned int)strtoul(env, NULL, 0) : (unsigned int)time(NULL);
		printf("LXA_SEED=%u\n", seed);
		state = seed * 2654435769u + 1;
		done = 1;
	}
	return seed;
}

uint32_t rnd(uint32_t n)
{
	test_seed();
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state >> 32) * n >> 32);
}

float rnd_float(void)
{
	return (float)((double)rnd(1u << 24) / (1 << 22) - 2);
}
