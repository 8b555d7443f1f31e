// SPDX-License-Identifier: MIT
/*
 * stream.c - the calibration images on their way through the graph, twice: f as the float model has every value, q with all
 * before it quantized. Where nothing has been quantized yet both are the same memory. Images go in chunks, as a model may fix
 * its batch; a value is freed when the last node has read it.
 */
#include "quant.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES (1 << 18)	/* of a value, to choose its quantizer by */

static struct lxa_tensor *chunks_new(const struct quant *z)
{
	return calloc((size_t)z->n_chunks, sizeof(struct lxa_tensor));
}

static void chunks_free(const struct quant *z, struct lxa_tensor *t)
{
	for (int k = 0; t && k < z->n_chunks; k++)
		lxa_tensor_free(&t[k]);
	free(t);
}

void quant_stream_drop(struct quant *z, int value)
{
	struct quant_value *v = &z->v[value];

	chunks_free(z, v->act_q);
	if (v->q != v->f)
		chunks_free(z, v->q);
	chunks_free(z, v->f);
	v->f = v->q = v->act_q = NULL;
}

int quant_stream_input(struct quant *z, const struct lxa_tensor *images, struct lxa_err *err)
{
	struct quant_value *v = &z->v[z->g->in[0]];
	size_t size = (size_t)(lxa_tensor_count(images) / images->dims[0]) * sizeof(float) * (size_t)z->chunk;

	v->f = v->q = chunks_new(z);
	for (int k = 0; v->f && k < z->n_chunks; k++) {
		v->f[k] = *images;
		v->f[k].dims[0] = z->chunk;
		v->f[k].data = NULL;
		if (lxa_tensor_alloc(&v->f[k]))
			return lxa_err_set(err, -ENOMEM, "%s: no memory for %lld images", z->g->path, (long long)images->dims[0]);
		memcpy(v->f[k].data, (const char *)images->data + (size_t)k * size, size);
	}
	return v->f ? 0 : lxa_err_set(err, -ENOMEM, "%s: out of memory", z->g->path);
}

float *quant_stream_sample(const struct quant *z, const struct lxa_tensor *from, size_t *n)
{
	size_t each = (size_t)lxa_tensor_count(&from[0]), total = each * (size_t)z->n_chunks;
	float *x;

	*n = total < SAMPLES ? total : SAMPLES;
	x = malloc((*n + 1) * sizeof(*x));
	for (size_t i = 0; x && i < *n; i++) {
		size_t at = *n == total ? i : (size_t)(((double)i + fmod((double)i * 0.6180339887, 1)) * (double)total / (double)*n);

		x[i] = ((const float *)from[at / each].data)[at % each];
	}
	return x;
}

struct lxa_tensor *quant_stream_apply(struct quant *z, const struct lxa_tensor *from, const struct quant_choice *c,
				      double *error, struct lxa_err *err)
{
	struct lxa_tensor *to = chunks_new(z);
	double wrong = 0, power = 0;
	struct quant_fn f;

	quant_fn_init(&f, c);
	for (int k = 0; to && k < z->n_chunks; k++) {
		const float *x = from[k].data;
		float *y;

		to[k] = from[k];
		to[k].data = NULL;
		if (lxa_tensor_alloc(&to[k])) {
			chunks_free(z, to);
			to = NULL;
			break;
		}
		y = to[k].data;
		for (int64_t i = 0, n = lxa_tensor_count(&from[k]); i < n; i++) {
			y[i] = quant_fn(&f, x[i]);
			wrong += ((double)y[i] - (double)x[i]) * ((double)y[i] - (double)x[i]);
			power += (double)x[i] * (double)x[i];
		}
	}
	if (!to)
		lxa_err_set(err, -ENOMEM, "%s: out of memory", z->g->path);
	*error = power > 0 ? wrong / power : 0;
	return to;
}

/* ---- nodes ------------------------------------------------------------------------------------------------------ */

int quant_stream_constants(struct quant *z, struct lxa_err *err)
{
	const struct lxa_tensor *in[LXA_MAX_INPUTS];
	struct lxa_tensor out[LXA_MAX_OUTPUTS];

	for (int i = 0; i < z->g->n_values; i++) {
		struct quant_value *v = &z->v[i];

		v->is_const = z->g->values[i].producer < 0 && z->g->values[i].t.data;
		if (v->is_const && lxa_tensor_copy(&v->konst, &z->g->values[i].t))
			return lxa_err_set(err, -ENOMEM, "%s: out of memory", z->g->path);
	}
	for (int i = 0; i < z->g->n_nodes; i++) {
		const struct lxa_node *n = &z->g->nodes[i];
		int constant = n->n_in > 0 && n->n_in <= LXA_MAX_INPUTS && n->n_out <= LXA_MAX_OUTPUTS, ret;

		for (int k = 0; constant && k < n->n_in; k++) {
			constant = n->in[k] < 0 || z->v[n->in[k]].is_const;
			in[k] = n->in[k] < 0 ? NULL : &z->v[n->in[k]].konst;
		}
		if (!constant)
			continue;
		ret = lxa_cpu_exec(z->cpu, z->g, i, in, out, err);
		if (ret)
			return ret;
		for (int k = 0; k < n->n_out; k++) {
			if (n->out[k] < 0) {
				lxa_tensor_free(&out[k]);
				continue;
			}
			z->v[n->out[k]].konst = out[k];
			z->v[n->out[k]].is_const = 1;
		}
	}
	return 0;
}

/* Node on one stream, chunk by chunk; its outputs' chunks are put into `outs` (NULL for absent ones). */
static int run(struct quant *z, int node, int quantized, struct lxa_tensor **outs, struct lxa_err *err)
{
	const struct lxa_node *n = &z->g->nodes[node];
	const struct lxa_tensor *in[LXA_MAX_INPUTS];
	struct lxa_tensor out[LXA_MAX_OUTPUTS];
	int ret = 0;

	for (int k = 0; k < n->n_out; k++)
		if (!(outs[k] = chunks_new(z)))
			ret = lxa_err_set(err, -ENOMEM, "%s: out of memory", z->g->path);
	for (int c = 0; !ret && c < z->n_chunks; c++) {
		for (int k = 0; k < n->n_in; k++) {
			const struct quant_value *v = n->in[k] < 0 ? NULL : &z->v[n->in[k]];

			in[k] = !v ? NULL : v->is_const ? &v->konst : quantized ? &v->q[c] : &v->f[c];
		}
		ret = lxa_cpu_exec(z->cpu, z->g, node, in, out, err);
		for (int k = 0; !ret && k < n->n_out; k++)
			outs[k][c] = out[k];
		if (!ret && quant_step(z))
			ret = lxa_err_set(err, -EINTR, "stopped");
	}
	for (int k = 0; ret && k < n->n_out; k++) {
		chunks_free(z, outs[k]);
		outs[k] = NULL;
	}
	return ret;
}

static int plain_node(struct quant *z, int node, struct lxa_err *err)
{
	const struct lxa_node *n = &z->g->nodes[node];
	struct lxa_tensor *f[LXA_MAX_OUTPUTS], *q[LXA_MAX_OUTPUTS];
	int same = 1, ret;

	if (n->n_in > LXA_MAX_INPUTS || n->n_out > LXA_MAX_OUTPUTS)
		return quant_err(z, node, err, -EOPNOTSUPP, "has too many inputs or outputs");
	for (int k = 0; k < n->n_in; k++)
		same &= n->in[k] < 0 || z->v[n->in[k]].q == z->v[n->in[k]].f;
	ret = run(z, node, 0, f, err);
	if (ret)
		return ret;
	if (!same)
		ret = run(z, node, 1, q, err);
	for (int k = 0; k < n->n_out; k++) {
		if (n->out[k] < 0 || ret) {
			chunks_free(z, f[k]);
			if (!ret && !same)
				chunks_free(z, q[k]);
			continue;
		}
		z->v[n->out[k]].f = f[k];
		z->v[n->out[k]].q = same ? f[k] : q[k];
	}
	return ret;
}

/* ---- heads ------------------------------------------------------------------------------------------------------ */

static int choose(struct quant *z, const struct lxa_tensor *from, int linear_bits, struct quant_choice *c, struct lxa_err *err)
{
	size_t n;
	float *x = quant_stream_sample(z, from, &n);

	if (!x)
		return lxa_err_set(err, -ENOMEM, "%s: out of memory", z->g->path);
	if (linear_bits)
		quant_choose_linear(x, n, linear_bits, c);
	else
		z->method->activations(z->o, x, n, c);
	free(x);
	return 0;
}

/* The quantizer of a head's input, once a value. */
static int quantize_input(struct quant *z, const struct quant_head *h, struct lxa_err *err)
{
	int value = z->g->nodes[h->node].in[0], ret;
	struct quant_value *v = &z->v[value];

	if (v->act.kind != QUANT_NONE || v->own.kind == QUANT_LOG)
		return 0;
	ret = choose(z, v->q, h->first || h->last ? z->o->edge_bits : 0, &v->act, err);
	if (ret)
		return ret;
	v->act_q = quant_stream_apply(z, v->q, &v->act, &v->act_error, err);
	return v->act_q ? 0 : -ENOMEM;
}

/* The float results of the head and the BatchNormalization taken in. */
static int head_float(struct quant *z, struct quant_head *h, struct lxa_err *err)
{
	int first = z->g->nodes[h->node].out[0];
	struct lxa_tensor *t;
	int ret = run(z, h->node, 0, &t, err);

	if (ret)
		return ret;
	z->v[first].f = z->v[first].q = t;
	if (h->bn < 0)
		return 0;
	ret = run(z, h->bn, 0, &t, err);
	quant_stream_drop(z, first);
	z->v[h->out].f = ret ? NULL : t;
	return ret;
}

/* The codes' values in the shape of the node's weights. */
static int weights_tensor(const struct quant *z, const struct quant_head *h, struct lxa_tensor *w)
{
	*w = z->v[z->g->nodes[h->node].in[1]].konst;
	w->data = NULL;
	if (lxa_tensor_alloc(w))
		return -ENOMEM;
	for (size_t o = 0; o < (size_t)h->out_c; o++)
		for (size_t i = 0; i < (size_t)h->k; i++)
			((float *)w->data)[o * h->so + i * h->si] = h->wq[o * (size_t)h->k + i];
	return 0;
}

static void scale_and_add(const struct quant_head *h, struct lxa_tensor *t)
{
	int64_t area = h->conv ? h->win.out[0] * h->win.out[1] : 1, n = lxa_tensor_count(t);
	float *y = t->data;

	for (int64_t i = 0; i < n; i++) {
		int64_t o = i / area % h->out_c;

		y[i] = y[i] * h->scale[o] + h->bias[o];
	}
}

static int head_quantized(struct quant *z, struct quant_head *h, struct lxa_err *err)
{
	const struct lxa_node *n = &z->g->nodes[h->node];
	struct lxa_tensor w, *q = chunks_new(z);
	const struct quant_value *x = &z->v[n->in[0]];
	const struct lxa_tensor *in[3] = { NULL, &w, NULL };
	struct lxa_node plain = *n;	/* without the bias, and Gemm's factors */
	struct lxa_op_ctx c = { .cpu = z->cpu, .g = z->g, .n = &plain, .in = in, .n_in = 2, .n_out = 1, .err = err };
	struct lxa_attr kept[16];
	int ret = weights_tensor(z, h, &w);

	plain.n_in = 2;
	plain.attr = kept;
	plain.n_attr = 0;
	for (int i = 0; i < n->n_attr && plain.n_attr < 16; i++)
		if (!quant_is_op(n, "Gemm") || (strcmp(n->attr[i].name, "alpha") && strcmp(n->attr[i].name, "beta")))
			kept[plain.n_attr++] = n->attr[i];
	if (ret || !q) {
		ret = lxa_err_set(err, -ENOMEM, "%s: out of memory", z->g->path);
		goto out;
	}
	for (int k = 0; !ret && k < z->n_chunks; k++) {
		in[0] = x->act_q ? &x->act_q[k] : &x->q[k];
		c.out = &q[k];
		ret = lxa_op_exec(lxa_op_find(&plain), &c);
		if (!ret)
			scale_and_add(h, &q[k]);
		if (!ret && quant_step(z))
			ret = lxa_err_set(err, -EINTR, "stopped");
	}
out:
	lxa_tensor_free(&w);
	if (ret)
		chunks_free(z, q);
	else
		z->v[h->out].q = q;
	return ret;
}

static int head_node(struct quant *z, struct quant_head *h, struct lxa_err *err)
{
	int ret = head_float(z, h, err);

	z->v[h->out].q = NULL;		/* no longer the float one */
	if (!ret)
		ret = quantize_input(z, h, err);
	if (!ret)
		ret = quant_fit(z, h, err);
	if (!ret)
		ret = head_quantized(z, h, err);
	return ret;
}

/* ---- values that are read by heads and by others: shortcuts -------------------------------------------------------- */

static int is_shortcut(const struct quant *z, int value)
{
	int heads = 0, others = 0;

	for (int i = 0; i < z->g->n_nodes; i++)
		for (int k = 0; k < z->g->nodes[i].n_in; k++)
			if (z->g->nodes[i].in[k] == value)
				*(z->head[i] && k == 0 ? &heads : &others) += 1;
	for (int i = 0; i < z->g->n_out; i++)
		if (z->g->out[i] == value)
			return 0;
	return heads && others;
}

static int quantize_shortcut(struct quant *z, int value, struct lxa_err *err)
{
	struct quant_value *v = &z->v[value];
	struct lxa_tensor *q;
	int ret;

	if (z->o->shortcut == LXA_SHORTCUT_FLOAT || !v->f || z->g->values[value].t.dtype != LXA_F32 || !is_shortcut(z, value))
		return 0;
	ret = choose(z, v->q, z->o->shortcut == LXA_SHORTCUT_LINEAR ? 8 : 0, &v->own, err);
	if (ret)
		return ret;
	/*
	 * The device adds a shortcut to sums where its scale is a whole multiple of the result's. Powers of two mostly are, and eight
	 * bits can spare the one that this may cost.
	 */
	if (v->own.kind == QUANT_LINEAR)
		v->own.scale = exp2f(ceilf(log2f(v->own.scale)));
	q = quant_stream_apply(z, v->q, &v->own, &v->act_error, err);
	if (!q)
		return -ENOMEM;
	if (v->q != v->f)
		chunks_free(z, v->q);
	v->q = q;
	return 0;
}

int quant_stream_node(struct quant *z, int node, struct lxa_err *err)
{
	const struct lxa_node *n = &z->g->nodes[node];
	int ret = 0;

	if (z->head[node])
		ret = head_node(z, z->head[node], err);
	else if (!z->taken[node] && !(n->n_out > 0 && n->out[0] >= 0 && z->v[n->out[0]].is_const))
		ret = plain_node(z, node, err);
	if (!ret && z->head[node])
		ret = quantize_shortcut(z, z->head[node]->out, err);
	for (int k = 0; !ret && !z->head[node] && k < n->n_out; k++)
		if (n->out[k] >= 0)
			ret = quantize_shortcut(z, n->out[k], err);
	for (int k = 0; k < n->n_in; k++)
		if (n->in[k] >= 0 && !--z->v[n->in[k]].readers)
			quant_stream_drop(z, n->in[k]);
	return ret;
}
