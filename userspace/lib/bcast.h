/* SPDX-License-Identifier: MIT */
/*
 * bcast.h - walks several tensors that broadcast to one shape (NumPy's rule) in row-major order of that shape.
 *
 *	for (more = lxa_bcast_start(&b, ndim, dims, n, operands); more; more = lxa_bcast_next(&b))
 *		for (i = 0; i < b.inner; i++)
 *			out[b.pos + i] = f(x[b.off[0] + i * b.step[0]], y[b.off[1] + i * b.step[1]]);
 */
#ifndef LXA_LIB_BCAST_H
#define LXA_LIB_BCAST_H

#include "graph.h"

#define LXA_BCAST_MAX 6

struct lxa_bcast {
	int64_t pos, inner;			/* where in the result, and how many elements from there */
	int64_t off[LXA_BCAST_MAX], step[LXA_BCAST_MAX]; /* each operand's offset, and its step: 0 or 1 */
	int n, ndim;
	int64_t dims[LXA_MAX_DIMS], at[LXA_MAX_DIMS], stride[LXA_BCAST_MAX][LXA_MAX_DIMS];
};

/* 0 when the shape is empty, else 1. The operands must broadcast to dims. */
int lxa_bcast_start(struct lxa_bcast *b, int ndim, const int64_t *dims, int n, const struct lxa_tensor *const *operand);
int lxa_bcast_next(struct lxa_bcast *b); /* 0 at the end */

#endif
