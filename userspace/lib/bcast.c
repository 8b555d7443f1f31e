/* SPDX-License-Identifier: MIT */
/* bcast.c - see bcast.h. */
#include <string.h>

#include "bcast.h"

/* Dimension d and the one after it are one when every operand runs through both evenly. */
static int mergeable(const struct lxa_bcast *b, int d)
{
	int k;

	for (k = 0; k < b->n; k++)
		if (b->stride[k][d] != b->stride[k][d + 1] * b->dims[d + 1])
			return 0;
	return 1;
}

static void merge(struct lxa_bcast *b, int d)
{
	int k, i;

	b->dims[d] *= b->dims[d + 1];
	for (i = d + 1; i + 1 < b->ndim; i++)
		b->dims[i] = b->dims[i + 1];
	for (k = 0; k < b->n; k++) {
		b->stride[k][d] = b->stride[k][d + 1];
		for (i = d + 1; i + 1 < b->ndim; i++)
			b->stride[k][i] = b->stride[k][i + 1];
	}
	b->ndim--;
}

int lxa_bcast_start(struct lxa_bcast *b, int ndim, const int64_t *dims, int n, const struct lxa_tensor *const *operand)
{
	int d, k;

	memset(b, 0, sizeof(*b));
	b->n = n;
	/* Length 1 dimensions carry nothing: leaving them out lets more of the rest merge. */
	for (d = 0; d < ndim; d++) {
		if (dims[d] == 0)
			return 0;
		if (dims[d] == 1)
			continue;
		b->dims[b->ndim] = dims[d];
		for (k = 0; k < n; k++) {
			const struct lxa_tensor *t = operand[k];
			int64_t stride = 1;
			int td = d - (ndim - t->ndim), i;

			for (i = t->ndim - 1; i > td && i >= 0; i--)
				stride *= t->dims[i];
			b->stride[k][b->ndim] = td < 0 || t->dims[td] == 1 ? 0 : stride;
		}
		b->ndim++;
	}
	for (d = b->ndim - 2; d >= 0; d--)
		if (mergeable(b, d))
			merge(b, d);
	b->inner = b->ndim ? b->dims[b->ndim - 1] : 1;
	for (k = 0; k < n; k++)
		b->step[k] = b->ndim ? b->stride[k][b->ndim - 1] : 0;
	return 1;
}

int lxa_bcast_next(struct lxa_bcast *b)
{
	int d, k;

	b->pos += b->inner;
	for (d = b->ndim - 2; d >= 0; d--) {
		for (k = 0; k < b->n; k++)
			b->off[k] += b->stride[k][d];
		if (++b->at[d] < b->dims[d])
			return 1;
		for (k = 0; k < b->n; k++)
			b->off[k] -= b->stride[k][d] * b->dims[d];
		b->at[d] = 0;
	}
	return 0;
}
