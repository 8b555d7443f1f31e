// SPDX-License-Identifier: MIT
/*
 * emit.c - the quantized model: the nodes of the float one, with quantizers before heads and shortcuts, quantized weights, and
 * behind each head the scale and the bias of its channels (Mul, Add) in the place of its own bias and BatchNormalization.
 */
#include "quant.h"

#include "onnx_save.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct emit {
	struct quant *z;
	struct lxa_onnx *m;
	char **name;			/* per value */
	char **read, **read_act;	/* what others and what heads read of it */
	char *needed;			/* per value */
	char *known;			/* per value: an initializer that is written */
	int error;
};

/* base + suffix, a name that the graph does not have. */
static char *fresh(struct emit *e, const char *base, const char *suffix)
{
	size_t room = strlen(base) + strlen(suffix) + 32;
	char *s = malloc(room);

	if (!s) {
		e->error = -ENOMEM;
		return NULL;
	}
	snprintf(s, room, "%s%s", base, suffix);
	for (int i = 1; lxa_graph_find(e->z->g, s) >= 0; i++)
		snprintf(s, room, "%s%s_%d", base, suffix, i);
	return s;
}

/* The writer takes lists of names with spaces between them. */
static int plain_name(const char *s)
{
	return *s && !strchr(s, ' ') && strcmp(s, "-");
}

static int name_values(struct emit *e)
{
	const struct lxa_graph *g = e->z->g;
	char made[32];

	for (int i = 0; i < g->n_values; i++) {
		const char *name = g->values[i].name ? g->values[i].name : "";

		snprintf(made, sizeof(made), "value%d", i);
		e->name[i] = plain_name(name) ? strdup(name) : fresh(e, made, "");
		if (!e->name[i])
			return -ENOMEM;
		e->read[i] = e->read_act[i] = e->name[i];
	}
	return 0;
}

static void mark_needed(struct emit *e)
{
	const struct lxa_graph *g = e->z->g;

	for (int i = 0; i < g->n_out; i++)
		e->needed[g->out[i]] = 1;
	for (int i = g->n_nodes - 1; i >= 0; i--) {
		const struct lxa_node *n = &g->nodes[i];
		const struct quant_head *h = e->z->head[i];
		int live = h && e->needed[h->out];

		for (int k = 0; k < n->n_out; k++)
			live |= n->out[k] >= 0 && e->needed[n->out[k]];
		for (int k = 0; live && !e->z->taken[i] && k < (h ? 1 : n->n_in); k++)
			if (n->in[k] >= 0)
				e->needed[n->in[k]] = 1;
	}
}

static void emit_attr(struct lxa_onnx *m, const struct lxa_attr *a)
{
	switch (a->type) {
	case LXA_ATTR_INT: lxa_onnx_attr_int(m, a->name, a->i); break;
	case LXA_ATTR_FLOAT: lxa_onnx_attr_float(m, a->name, a->f); break;
	case LXA_ATTR_STRING: lxa_onnx_attr_string(m, a->name, a->s); break;
	case LXA_ATTR_INTS: lxa_onnx_attr_ints(m, a->name, a->n, a->ints); break;
	case LXA_ATTR_FLOATS: lxa_onnx_attr_floats(m, a->name, a->n, a->floats); break;
	case LXA_ATTR_TENSOR: lxa_onnx_attr_tensor(m, a->name, &a->t); break;
	case LXA_ATTR_OTHER: break;	/* refused by quant_find_heads() */
	}
}

/* A quantizer node for value `in`; returns the name of what it makes. */
static char *emit_quantizer(struct emit *e, const char *in, const char *suffix, const struct quant_choice *c)
{
	char *out = fresh(e, in, suffix), *par = fresh(e, in, ".range"), *zero = fresh(e, in, ".zero");
	char *bits = fresh(e, in, ".bits"), *inputs = NULL;

	if (!out || !par || !zero || !bits || asprintf(&inputs, "%s %s", in, par) < 0) {
		e->error = -ENOMEM;
		goto out;
	}
	lxa_onnx_scalar(e->m, par, c->kind == QUANT_LOG ? c->fsr : c->scale);
	if (c->kind == QUANT_LOG) {
		lxa_onnx_node(e->m, out, "lxa", "LogQuant", inputs, out);
		lxa_onnx_attr_int(e->m, "bits", c->bits);
		lxa_onnx_attr_int(e->m, "signed", c->is_signed);
		lxa_onnx_attr_int(e->m, "steps_per_octave", c->steps);
		lxa_onnx_attr_string(e->m, "rounding", "NEAREST");
		goto out;
	}
	lxa_onnx_scalar(e->m, zero, 0);
	lxa_onnx_scalar(e->m, bits, (float)c->bits);
	free(inputs);
	if (asprintf(&inputs, "%s %s %s %s", in, par, zero, bits) < 0) {
		inputs = NULL;
		e->error = -ENOMEM;
		goto out;
	}
	lxa_onnx_node(e->m, out, "qonnx.custom_op.general", "Quant", inputs, out);
	lxa_onnx_attr_int(e->m, "signed", c->is_signed);
	lxa_onnx_attr_int(e->m, "narrow", 0);
	lxa_onnx_attr_string(e->m, "rounding_mode", "ROUND");
out:
	free(inputs);
	free(par);
	free(zero);
	free(bits);
	return out;
}

/* The quantizers that belong to a value, once it is there. */
static void emit_value(struct emit *e, int value)
{
	const struct quant_value *v = &e->z->v[value];
	char *made;

	if (v->own.kind != QUANT_NONE && (made = emit_quantizer(e, e->name[value], ".shortcut", &v->own)))
		e->read[value] = e->read_act[value] = made;
	if (v->act.kind != QUANT_NONE && (made = emit_quantizer(e, e->read[value], ".codes", &v->act)))
		e->read_act[value] = made;
}

static void emit_constant(struct emit *e, int value)
{
	const struct lxa_value *v = &e->z->g->values[value];

	if (v->producer >= 0 || !v->t.data || e->known[value])
		return;
	lxa_onnx_tensor(e->m, e->name[value], &v->t);
	e->known[value] = 1;
}

static void emit_plain(struct emit *e, const struct lxa_node *n)
{
	char *in = strdup(""), *out = strdup("");

	for (int k = 0; in && k < n->n_in; k++) {
		char *more = NULL;

		if (n->in[k] >= 0)
			emit_constant(e, n->in[k]);
		if (asprintf(&more, "%s%s%s", in, k ? " " : "", n->in[k] < 0 ? "-" : e->read[n->in[k]]) < 0)
			more = NULL;
		free(in);
		in = more;
	}
	for (int k = 0; out && k < n->n_out; k++) {
		char *more = NULL;

		if (asprintf(&more, "%s%s%s", out, k ? " " : "", n->out[k] < 0 ? "-" : e->name[n->out[k]]) < 0)
			more = NULL;
		free(out);
		out = more;
	}
	if (!in || !out) {
		e->error = -ENOMEM;
	} else {
		if (*n->domain && !lxa_domain_is_onnx(n->domain))
			lxa_onnx_opset(e->m, n->domain, 1);
		lxa_onnx_node(e->m, n->name, n->domain, n->op, in, out);
		for (int k = 0; k < n->n_attr; k++)
			emit_attr(e->m, &n->attr[k]);
	}
	free(in);
	free(out);
}

/* The weights' values, in the shape that the node reads, through their quantizer. */
static char *emit_weights(struct emit *e, const struct quant_head *h)
{
	const struct lxa_tensor *old = &e->z->v[e->z->g->nodes[h->node].in[1]].konst;
	char *raw = fresh(e, e->name[h->out], ".weight"), *made = NULL;
	struct lxa_tensor w = *old;

	w.data = NULL;
	if (!raw || lxa_tensor_alloc(&w)) {
		e->error = -ENOMEM;
		free(raw);
		return NULL;
	}
	for (size_t o = 0; o < (size_t)h->out_c; o++)
		for (size_t i = 0; i < (size_t)h->k; i++)
			((float *)w.data)[o * h->so + i * h->si] = h->wq[o * (size_t)h->k + i];
	lxa_onnx_tensor(e->m, raw, &w);
	made = emit_quantizer(e, raw, ".codes", &h->weights);
	lxa_tensor_free(&w);
	free(raw);
	return made;
}

/* One of the affine steps behind a head. */
static void emit_affine(struct emit *e, const struct quant_head *h, const char *op, const char *in, const char *suffix,
			const float *v, const char *out)
{
	const int64_t dims[] = { h->out_c, 1, 1 };
	char *par = fresh(e, e->name[h->out], suffix), *inputs = NULL, *node = NULL;

	if (!par || asprintf(&inputs, "%s %s", in, par) < 0 || asprintf(&node, "%s%s", e->z->g->nodes[h->node].name, suffix) < 0) {
		e->error = -ENOMEM;
	} else {
		lxa_onnx_f32(e->m, par, h->conv ? 3 : 1, dims, v);
		lxa_onnx_node(e->m, node, "", op, inputs, out);
	}
	free(par);
	free(inputs);
	free(node);
}

static void emit_head(struct emit *e, const struct quant_head *h)
{
	const struct lxa_node *n = &e->z->g->nodes[h->node];
	char *w = emit_weights(e, h), *sum = fresh(e, e->name[h->out], ".sum"), *scaled = fresh(e, e->name[h->out], ".scaled");
	char *inputs = NULL;

	if (!w || !sum || !scaled || asprintf(&inputs, "%s %s", e->read_act[n->in[0]], w) < 0) {
		e->error = -ENOMEM;
		goto out;
	}
	lxa_onnx_node(e->m, n->name, n->domain, n->op, inputs, sum);
	for (int k = 0; k < n->n_attr; k++)
		if (!quant_is_op(n, "Gemm") || (strcmp(n->attr[k].name, "alpha") && strcmp(n->attr[k].name, "beta")))
			emit_attr(e->m, &n->attr[k]);
	emit_affine(e, h, "Mul", sum, ".scale", h->scale, scaled);
	emit_affine(e, h, "Add", scaled, ".bias", h->bias, e->name[h->out]);
out:
	free(inputs);
	free(w);
	free(sum);
	free(scaled);
}

static void emit_ios(struct emit *e)
{
	const struct lxa_graph *g = e->z->g;
	int open = g->values[g->in[0]].free_batch;

	for (int i = 0; i < g->n_in + g->n_out; i++) {
		int value = i < g->n_in ? g->in[i] : g->out[i - g->n_in];
		struct lxa_tensor t = g->values[value].t;

		if (open && t.ndim && t.dims[0] == e->z->chunk)
			t.dims[0] = -1;
		(i < g->n_in ? lxa_onnx_input : lxa_onnx_output)(e->m, e->name[value], t.dtype, t.ndim, t.dims);
	}
}

static void describe(struct emit *e)
{
	const struct lxa_quantize_options *o = e->z->o;
	static const char *const shortcuts[] = { "float", "linear", "log" };
	char text[256];

	snprintf(text, sizeof(text), "lxa quantize --method %s --weight-bits %d --weight-steps %d --act-bits %d --act-steps %d "
		 "--edge-bits %d --shortcut %s, %lld images", o->method, o->weight_bits, o->weight_steps, o->act_bits, o->act_steps,
		 o->edge_bits, shortcuts[o->shortcut], (long long)(e->z->chunk * e->z->n_chunks));
	lxa_onnx_meta(e->m, "made_by", text);
}

static int emit_all(struct emit *e)
{
	const struct lxa_graph *g = e->z->g;

	if (name_values(e))
		return -ENOMEM;
	mark_needed(e);
	lxa_onnx_opset(e->m, "", g->opset);
	emit_ios(e);
	describe(e);
	for (int i = 0; i < g->n_in; i++)
		emit_value(e, g->in[i]);
	for (int i = 0; i < g->n_nodes; i++) {
		const struct lxa_node *n = &g->nodes[i];
		const struct quant_head *h = e->z->head[i];
		int live = h && e->needed[h->out];

		for (int k = 0; k < n->n_out; k++)
			live |= n->out[k] >= 0 && e->needed[n->out[k]];
		if (!live || e->z->taken[i])
			continue;
		if (h)
			emit_head(e, h);
		else
			emit_plain(e, n);
		if (h)
			emit_value(e, h->out);
		for (int k = 0; !h && k < n->n_out; k++)
			if (n->out[k] >= 0)
				emit_value(e, n->out[k]);
	}
	for (int i = 0; i < g->n_out; i++)
		emit_constant(e, g->out[i]);
	return e->error;
}

int quant_emit(struct quant *z, const char *path, struct lxa_err *err)
{
	size_t n = (size_t)z->g->n_values;
	struct emit e = { .z = z, .m = lxa_onnx_new("quantized"), .name = calloc(n, sizeof(char *)),
			  .read = calloc(n, sizeof(char *)), .read_act = calloc(n, sizeof(char *)), .needed = calloc(n, 1),
			  .known = calloc(n, 1) };
	int ret = -ENOMEM;

	if (e.m && e.name && e.read && e.read_act && e.needed && e.known)
		ret = emit_all(&e);
	ret = ret ? lxa_err_set(err, ret, "%s: out of memory", path) : lxa_onnx_save(e.m, path, err);
	lxa_onnx_free(e.m);
	for (size_t i = 0; e.name && e.read && e.read_act && i < n; i++) {
		if (e.read_act[i] != e.read[i])
			free(e.read_act[i]);
		if (e.read[i] != e.name[i])
			free(e.read[i]);
		free(e.name[i]);
	}
	free(e.name);
	free(e.read);
	free(e.read_act);
	free(e.needed);
	free(e.known);
	return ret;
}
