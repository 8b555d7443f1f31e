// SPDX-License-Identifier: MIT
/* quantizer.c - the table of quantizers, and running one over a tensor. */
#include "quantizer.h"

#include <stdlib.h>
#include <string.h>

#define ACT_LOG(s) { .bits = 4, .is_signed = 0, .steps = (s), .rounding = LXA_LOGQ_NEAREST }
#define WGT_LOG(s) { .bits = 5, .is_signed = 1, .steps = (s), .rounding = LXA_LOGQ_NEAREST }

static const struct {
	const char *name;
	const struct quantizer_ops *ops;
	struct quantizer_params p;
} table[] = {
	/* activations: 4-bit log in base sqrt 2 and base 2 (batch normalization puts them near 1), and the sign */
	{ "log4", &quantizer_log, { .log = ACT_LOG(2), .fsr = 2.0f, .activations = 1 } },
	{ "log4b2", &quantizer_log, { .log = ACT_LOG(1), .fsr = 3.0f, .activations = 1 } },
	{ "sign", &quantizer_binary, { .activations = 1 } },
	/* weights: sign and 4-bit log, the range each channel's own or the tensor's; binary, plain or scaled */
	{ "wlog", &quantizer_log, { .log = WGT_LOG(2), .per_channel = 1, .dynamic = 1, .weights = 1 } },
	{ "wlogt", &quantizer_log, { .log = WGT_LOG(2), .dynamic = 1, .weights = 1 } },
	{ "wlogb2", &quantizer_log, { .log = WGT_LOG(1), .per_channel = 1, .dynamic = 1, .weights = 1 } },
	{ "wbin", &quantizer_binary, { .clip = 1.0f, .weights = 1 } },
	{ "wbina", &quantizer_binary, { .per_channel = 1, .scaled = 1, .clip = 1.0f, .weights = 1 } },
};

const char *quantizer_name(int i)
{
	return (size_t)i < sizeof(table) / sizeof(table[0]) ? table[i].name : NULL;
}

struct quantizer *quantizer_new(const char *name, int channels)
{
	struct quantizer *q;
	int i = 0;

	while (quantizer_name(i) && strcmp(table[i].name, name))
		i++;
	if (!quantizer_name(i))
		return NULL;
	q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	q->name = table[i].name;
	q->ops = table[i].ops;
	q->p = table[i].p;
	q->channels = q->p.per_channel && channels > 0 ? channels : 1;
	q->sfsr = calloc((size_t)q->channels, sizeof(*q->sfsr));
	q->scale = calloc((size_t)q->channels, sizeof(*q->scale));
	if (!q->sfsr || !q->scale || quantizer_prepare(q, NULL, 0)) {
		quantizer_free(q);
		return NULL;
	}
	return q;
}

void quantizer_free(struct quantizer *q)
{
	if (!q)
		return;
	free(q->sfsr);
	free(q->scale);
	free(q->priv);
	free(q);
}

int quantizer_prepare(struct quantizer *q, const float *x, size_t n)
{
	return q ? q->ops->prepare(q, x, n / (size_t)q->channels) : 0;
}

void quantizer_forward(const struct quantizer *q, const float *x, float *y, size_t n)
{
	size_t per = q ? n / (size_t)q->channels : n;

	if (!q)
		memmove(y, x, n * sizeof(*y));
	for (int c = 0; q && c < q->channels; c++)
		q->ops->forward(q, c, x + per * (size_t)c, y + per * (size_t)c, per);
}

void quantizer_backward(const struct quantizer *q, const float *x, const float *dy, float *dx, size_t n)
{
	size_t per = q ? n / (size_t)q->channels : n;

	if (!q)
		memmove(dx, dy, n * sizeof(*dx));
	for (int c = 0; q && c < q->channels; c++)
		q->ops->backward(q, c, x + per * (size_t)c, dy + per * (size_t)c, dx + per * (size_t)c, per);
}
