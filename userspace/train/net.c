// SPDX-License-Identifier: MIT
/* net.c - parses an architecture, and runs its layers forward and backward. */
#include "net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct layer_ops *const kinds[] = {
	&layer_input, &layer_conv, &layer_fc, &layer_bn, &layer_relu, &layer_pool, &layer_quant,
};

int param_alloc(struct param *p, size_t n)
{
	p->n = n;
	p->v = calloc(n, sizeof(float));
	p->g = calloc(n, sizeof(float));
	p->m1 = calloc(n, sizeof(float));
	p->m2 = calloc(n, sizeof(float));
	return p->v && p->g && p->m1 && p->m2 ? 0 : -ENOMEM;
}

void layer_free(struct layer *l)
{
	for (int i = 0; i < 2; i++) {
		free(l->par[i].v);
		free(l->par[i].g);
		free(l->par[i].m1);
		free(l->par[i].m2);
	}
	quantizer_free(l->q);
	dnn_conv_destroy(l->conv);
	free(l->y);
	free(l->wq);
	free(l->wg);
	free(l->mean);
	free(l->inv);
	free(l->run_mean);
	free(l->run_var);
	free(l->from);
}

/* "64k3p1" after the kind: the number, then letters with theirs. 0 when that is all of it. */
static int parse_numbers(struct layer *l, const char *p)
{
	char *end;

	l->number = (int)strtol(p, &end, 10);
	for (p = end; *p; p = end) {
		char letter = *p++;
		long v = strtol(p, &end, 10);

		if (end == p || v < 0 || v > 1024)
			return -EINVAL;
		if (letter == 'k')
			l->kernel = (int)v;
		else if (letter == 'p')
			l->pad = (int)v;
		else
			return -EINVAL;
	}
	return l->number >= 0 && l->number <= 1024 ? 0 : -EINVAL;
}

/* One word of the architecture. */
static int parse_layer(struct layer *l, const char *word, struct lxa_err *err)
{
	char kind[64], *quantizer;

	snprintf(kind, sizeof(kind), "%s", word);
	quantizer = strchr(kind, ':');
	if (quantizer)
		*quantizer++ = 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i]->name);

		if (!strncmp(kind, kinds[i]->name, len) && (kind[len] < 'a' || kind[len] > 'z')) {
			l->ops = kinds[i];
			if (parse_numbers(l, kind + len))
				break;
			if ((l->ops == &layer_conv || l->ops == &layer_fc) && !l->number)
				break;
			if (l->ops == &layer_conv && !l->kernel)
				break;
			if (!quantizer)
				return 0;
			l->q = quantizer_new(quantizer, l->number);
			if (!l->q || !(l->ops == &layer_quant ? l->q->p.activations : l->q->p.weights))
				return lxa_err_set(err, -EINVAL, "architecture: %s: no quantizer for this: %s", word,
						   quantizer);
			return 0;
		}
	}
	return lxa_err_set(err, -EINVAL, "architecture: no layer is written like '%s'", word);
}

static int add_layer(struct net *n, const char *word, struct rng *r, struct lxa_err *err)
{
	struct layer *l = &n->layers[n->n];
	int same = 1, ret;

	if (n->n == NET_MAX_LAYERS)
		return lxa_err_set(err, -EINVAL, "architecture: more than %d layers", NET_MAX_LAYERS);
	n->n++;
	l->in = n->n > 1 ? l[-1].out : n->in;
	l->batch = n->batch;
	ret = parse_layer(l, word, err);
	if (ret)
		return ret;
	for (int i = 0; i < n->n - 1; i++)
		same += n->layers[i].ops == l->ops;
	snprintf(l->name, sizeof(l->name), "%s%d", l->ops->name, same);
	ret = l->ops->init(l, n->dnn, r, err);
	if (ret)
		return ret;
	l->y = calloc((size_t)l->batch * shape_size(l->out), sizeof(float));
	return l->y ? 0 : lxa_err_set(err, -ENOMEM, "%s: out of memory", l->name);
}

static int add_layers(struct net *n, const char *arch, uint64_t seed, struct lxa_err *err)
{
	struct rng r = rng_stream(seed, 1, 0);
	char *text = strdup(arch), *save = NULL;
	int ret = text ? 0 : lxa_err_set(err, -ENOMEM, "architecture: out of memory");
	size_t most = 0;

	for (char *w = text ? strtok_r(text, " \n\t", &save) : NULL; w && !ret; w = strtok_r(NULL, " \n\t", &save))
		ret = add_layer(n, w, &r, err);
	free(text);
	if (ret)
		return ret;
	if (!n->n)
		return lxa_err_set(err, -EINVAL, "architecture: empty");
	for (int i = 0; i < n->n; i++)
		most = shape_size(n->layers[i].out) > most ? shape_size(n->layers[i].out) : most;
	for (int i = 0; i < 2; i++) {
		n->grad[i] = calloc(most * (size_t)n->batch, sizeof(float));
		if (!n->grad[i])
			return lxa_err_set(err, -ENOMEM, "architecture: out of memory");
	}
	return 0;
}

int net_create(const char *arch, struct shape in, int batch, uint64_t seed, struct net **out, struct lxa_err *err)
{
	struct net *n = calloc(1, sizeof(*n));
	int ret;

	*out = NULL;
	if (!n)
		return lxa_err_set(err, -ENOMEM, "trainer: out of memory");
	n->in = in;
	n->batch = batch;
	ret = dnn_create(&n->dnn, err);
	if (!ret)
		ret = add_layers(n, arch, seed, err);
	if (ret) {
		net_destroy(n);
		return ret;
	}
	*out = n;
	return 0;
}

void net_destroy(struct net *n)
{
	if (!n)
		return;
	for (int i = 0; i < n->n; i++)
		layer_free(&n->layers[i]);
	free(n->grad[0]);
	free(n->grad[1]);
	dnn_destroy(n->dnn);
	free(n);
}

const float *net_forward(struct net *n, const float *x, enum mode mode)
{
	for (int i = 0; i < n->n; i++) {
		if (n->layers[i].ops->forward(&n->layers[i], x, mode))
			return NULL;
		x = n->layers[i].y;
	}
	return x;
}

int net_backward(struct net *n, const float *x, const float *dy, float *dx)
{
	int first = n->n;	/* the first layer with something to learn: below it no gradient is needed */

	for (int i = n->n - 1; i >= 0; i--)
		first = n->layers[i].par[0].n ? i : first;
	for (int i = n->n - 1; i >= (dx ? 0 : first); i--) {
		float *to = i ? n->grad[i & 1] : dx;
		int ret = n->layers[i].ops->backward(&n->layers[i], i ? n->layers[i - 1].y : x, dy,
						     dx || i > first ? to : NULL);

		if (ret)
			return ret;
		dy = to;
	}
	return 0;
}

void net_momentum(struct net *n, float momentum)
{
	for (int i = 0; i < n->n; i++)
		n->layers[i].momentum = momentum;
}

void net_take_statistics(struct net *n, const struct net *from)
{
	for (int i = 0; i < n->n; i++) {
		size_t bytes = (size_t)n->layers[i].in.c * sizeof(float);

		if (!n->layers[i].run_mean)
			continue;
		memcpy(n->layers[i].run_mean, from->layers[i].run_mean, bytes);
		memcpy(n->layers[i].run_var, from->layers[i].run_var, bytes);
	}
}

uint64_t net_macs(const struct net *n)
{
	uint64_t sum = 0;

	for (int i = 0; i < n->n; i++)
		sum += n->layers[i].macs;
	return sum;
}
