// SPDX-License-Identifier: MIT
/* quantize.c - lxa_quantize(): checks, drives the streams through the graph, reports; see quant.h. */
#include "quant.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 64		/* images computed at a time, where the model leaves it open */

int quant_err(const struct quant *z, int node, struct lxa_err *err, int code, const char *fmt, ...)
{
	const struct lxa_node *n = &z->g->nodes[node];
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return lxa_err_set(err, code, "%s: node '%s' (%s): %s", z->g->path, n->name, n->op, text);
}

int quant_step(struct quant *z)
{
	if (!z->o->progress)
		return 0;
	return z->o->progress(z->o->ctx, z->steps, (uint64_t)z->g->n_nodes) ? -EINTR : 0;
}

void lxa_quantize_defaults(struct lxa_quantize_options *o)
{
	*o = (struct lxa_quantize_options){
		.method = "log", .weight_bits = 5, .weight_steps = 2, .act_bits = 4, .act_steps = 2, .edge_bits = 8,
		.shortcut = LXA_SHORTCUT_LINEAR,
	};
}

const char *lxa_quantize_method(int i, const char **what)
{
	const struct quant_method *m = quant_method_nr(i);

	if (what && m)
		*what = m->what;
	return m ? m->name : NULL;
}

static int check_options(const struct lxa_quantize_options *o, struct lxa_err *err)
{
	if (!o->method || !quant_method_find(o->method))
		return lxa_err_set(err, -EINVAL, "%s: no such method of quantizing", o->method ? o->method : "(none)");
	if (o->weight_steps < 1 || o->weight_steps > 2 || o->act_steps < 1 || o->act_steps > 2)
		return lxa_err_set(err, -EINVAL, "log quantizers have 1 step an octave (base 2) or 2 (base square root of 2)");
	if (o->weight_bits < 2 || o->weight_bits > 4 + o->weight_steps)
		return lxa_err_set(err, -EINVAL, "weights of %d bits: 2 to %d, the sign included", o->weight_bits,
				   4 + o->weight_steps);
	if (o->act_bits < 1 || o->act_bits > 3 + o->act_steps)
		return lxa_err_set(err, -EINVAL, "activations of %d bits: 1 to %d", o->act_bits, 3 + o->act_steps);
	if (o->edge_bits && (o->edge_bits < 2 || o->edge_bits > 8))
		return lxa_err_set(err, -EINVAL, "inputs of the first and last layer of %d bits: 2 to 8, or 0", o->edge_bits);
	if (o->shortcut != LXA_SHORTCUT_FLOAT && o->shortcut != LXA_SHORTCUT_LINEAR && o->shortcut != LXA_SHORTCUT_LOG)
		return lxa_err_set(err, -EINVAL, "%d: no such kind of shortcut", (int)o->shortcut);
	return 0;
}

/* Shapes for the images, and how many are computed at a time. */
static int fit_images(struct quant *z, const struct lxa_tensor *images, struct lxa_err *err)
{
	const struct lxa_value *in = &z->g->values[z->g->in[0]];
	int64_t n = images->ndim ? images->dims[0] : 0;
	int ret;

	if (z->g->n_in != 1)
		return lxa_err_set(err, -EINVAL, "%s: has %d inputs, one is wanted", z->g->path, z->g->n_in);
	z->chunk = in->free_batch ? (n < CHUNK ? n : CHUNK) : in->t.ndim ? in->t.dims[0] : 1;
	if (n < 1 || z->chunk < 1 || n < z->chunk)
		return lxa_err_set(err, -EINVAL, "%s: %lld calibration images are too few", z->g->path, (long long)n);
	ret = lxa_graph_infer(z->g, z->chunk, err);
	if (ret)
		return ret;
	z->n_chunks = (int)(n / z->chunk);
	if (images->dtype != LXA_F32 || in->t.dtype != LXA_F32 || images->ndim != in->t.ndim ||
	    memcmp(images->dims + 1, in->t.dims + 1, (size_t)(in->t.ndim - 1) * sizeof(int64_t)))
		return lxa_err_set(err, -EINVAL, "%s: the calibration images do not have the shape of input '%s'", z->g->path,
				   in->name);
	for (int64_t i = 0; i < lxa_tensor_count(images); i++)
		if (!isfinite(((const float *)images->data)[i]))
			return lxa_err_set(err, -EDOM, "calibration image %lld has values that are not finite",
					   (long long)(i / (lxa_tensor_count(images) / n)));
	return 0;
}

static void count_readers(struct quant *z)
{
	for (int i = 0; i < z->g->n_nodes; i++)
		for (int k = 0; k < z->g->nodes[i].n_in; k++)
			if (z->g->nodes[i].in[k] >= 0)
				z->v[z->g->nodes[i].in[k]].readers++;
	for (int i = 0; i < z->g->n_out; i++)
		z->v[z->g->out[i]].readers++;
}

static int run(struct quant *z, const struct lxa_tensor *images, struct lxa_err *err)
{
	int ret;

	count_readers(z);
	ret = quant_stream_constants(z, err);
	if (!ret)
		ret = quant_find_heads(z, err);
	if (!ret)
		ret = quant_stream_input(z, images, err);
	for (int i = 0; !ret && i < z->g->n_nodes; i++) {
		z->steps = (uint64_t)i;
		ret = quant_stream_node(z, i, err);
	}
	z->steps = (uint64_t)z->g->n_nodes;
	if (!ret && quant_step(z))
		ret = lxa_err_set(err, -EINTR, "stopped");
	return ret;
}

static void report_head(const struct quant *z, const struct quant_head *h, struct lxa_quantize_layer *l)
{
	const struct quant_value *x = &z->v[z->g->nodes[h->node].in[0]];

	quant_text(x->act.kind != QUANT_NONE ? &x->act : &x->own, l->input);
	quant_text(&h->weights, l->weights);
	l->input_error = x->act_error;
	l->error = h->error;
}

static int report(const struct quant *z, struct lxa_quantize_report *r, struct lxa_err *err)
{
	memset(r, 0, sizeof(*r));
	r->images = z->chunk * z->n_chunks;
	r->layers = calloc((size_t)z->g->n_nodes, sizeof(*r->layers));
	if (!r->layers)
		return lxa_err_set(err, -ENOMEM, "%s: out of memory", z->g->path);
	for (int i = 0; i < z->g->n_nodes; i++) {
		struct lxa_quantize_layer *l = &r->layers[r->n];

		if (!z->head[i] && !*z->why[i])
			continue;
		snprintf(l->name, sizeof(l->name), "%s", z->g->nodes[i].name);
		snprintf(l->op, sizeof(l->op), "%s", z->g->nodes[i].op);
		snprintf(l->left, sizeof(l->left), "%s", z->why[i]);
		if (z->head[i])
			report_head(z, z->head[i], l);
		r->n++;
	}
	return 0;
}

void lxa_quantize_report_free(struct lxa_quantize_report *r)
{
	free(r->layers);
	memset(r, 0, sizeof(*r));
}

static void close_all(struct quant *z)
{
	for (int i = 0; z->v && i < z->g->n_values; i++) {
		quant_stream_drop(z, i);
		lxa_tensor_free(&z->v[i].konst);
	}
	for (int i = 0; z->head && i < z->g->n_nodes; i++)
		quant_head_free(z->head[i]);
	free(z->v);
	free(z->head);
	free(z->why);
	free(z->taken);
	lxa_cpu_destroy(z->cpu);
	lxa_graph_free(z->g);
}

int lxa_quantize(const char *model, const struct lxa_tensor *images, const struct lxa_quantize_options *o, const char *out,
		 struct lxa_quantize_report *r, struct lxa_err *err)
{
	struct quant z = { .o = o };
	int ret = check_options(o, err);

	if (ret)
		return ret;
	z.method = quant_method_find(o->method);
	ret = lxa_graph_load(model, &z.g, err);
	if (ret)
		return ret;
	ret = fit_images(&z, images, err);
	if (!ret)
		ret = lxa_cpu_create(&z.cpu, err);
	if (ret)
		goto out;
	z.v = calloc((size_t)z.g->n_values, sizeof(*z.v));
	z.head = calloc((size_t)z.g->n_nodes + 1, sizeof(*z.head));
	z.why = calloc((size_t)z.g->n_nodes + 1, sizeof(*z.why));
	z.taken = calloc((size_t)z.g->n_nodes + 1, sizeof(*z.taken));
	ret = z.v && z.head && z.why && z.taken ? run(&z, images, err) : lxa_err_set(err, -ENOMEM, "%s: out of memory", model);
	if (!ret)
		ret = quant_emit(&z, out, err);
	if (!ret && r)
		ret = report(&z, r, err);
out:
	close_all(&z);
	return ret;
}
