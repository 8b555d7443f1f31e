// SPDX-License-Identifier: MIT
/* learn.c - the loss (softmax and cross-entropy) and the optimizer (Adam). */
#include "net.h"

#include <math.h>
#include <string.h>

#define MAX_CLASSES 1024

static float row_loss(const float *z, int label, int classes, float smooth, float *dy, float weight)
{
	float p[MAX_CLASSES], max = z[0], sum = 0.0f, loss = 0.0f;

	for (int c = 1; c < classes; c++)
		max = z[c] > max ? z[c] : max;
	for (int c = 0; c < classes; c++)
		sum += p[c] = expf(z[c] - max);
	for (int c = 0; c < classes; c++) {
		float want = smooth / (float)classes + (c == label ? 1.0f - smooth : 0.0f);

		loss -= want * (z[c] - max - logf(sum));
		dy[c] = (p[c] / sum - want) * weight;
	}
	return loss;
}

float net_loss(const float *logits, const uint8_t *labels, int count, int batch, int classes, float smooth, float *dy,
	       int *right)
{
	double loss = 0.0;

	*right = 0;
	memset(dy, 0, (size_t)batch * (size_t)classes * sizeof(*dy));
	for (int i = 0; i < count; i++) {
		const float *z = logits + i * classes;
		int best = 0;

		for (int c = 1; c < classes; c++)
			best = z[c] > z[best] ? c : best;
		*right += best == labels[i];
		loss += row_loss(z, labels[i], classes, smooth, dy + i * classes, 1.0f / (float)count);
	}
	return (float)(loss / count);
}

static void adam_param(struct param *p, float rate, float fix1, float fix2)
{
	const float b1 = 0.9f, b2 = 0.999f, eps = 1e-8f;

	for (size_t i = 0; i < p->n; i++) {
		p->m1[i] += (1.0f - b1) * (p->g[i] - p->m1[i]);
		p->m2[i] += (1.0f - b2) * (p->g[i] * p->g[i] - p->m2[i]);
		p->v[i] -= rate * (p->m1[i] * fix1) / (sqrtf(p->m2[i] * fix2) + eps);
	}
	if (p->clip > 0.0f)
		for (size_t i = 0; i < p->n; i++)
			p->v[i] = p->v[i] > p->clip ? p->clip : p->v[i] < -p->clip ? -p->clip : p->v[i];
}

void net_adam(struct net *n, float rate)
{
	double t = (double)++n->steps;
	float fix1 = (float)(1.0 / (1.0 - pow(0.9, t))), fix2 = (float)(1.0 / (1.0 - pow(0.999, t)));

	for (int i = 0; i < n->n; i++)
		for (int k = 0; k < 2; k++)
			adam_param(&n->layers[i].par[k], rate, fix1, fix2);
}
