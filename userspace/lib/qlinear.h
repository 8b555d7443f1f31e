/* SPDX-License-Identifier: MIT */
/* qlinear.h - what shapes and computation of ONNX's quantized operators share (infer_qlinear.c, cpu_qlinear.c, cpu_int.c). */
#ifndef LXA_LIB_QLINEAR_H
#define LXA_LIB_QLINEAR_H

#include "graph_priv.h"

/* Which scale and zero point belong to which element: one for all, one for each index of an axis, or one for a block of them. */
struct lxa_grain {
	int64_t outer, len, inner;	/* the tensor as outer x len x inner, len along the axis */
	int64_t block, blocks;		/* blocked: elements of a block, blocks along the axis; block 0: not blocked */
	int per_axis;
};

/* From the attributes and the shapes of inputs 0 and 1; input 2, when it is there, must have input 1's shape. */
int lxa_grain_parse(const struct lxa_op_ctx *c, struct lxa_grain *g);

static inline int64_t lxa_grain_index(const struct lxa_grain *g, int64_t outer, int64_t i, int64_t inner)
{
	if (g->block)
		return (outer * g->blocks + i / g->block) * g->inner + inner;
	return g->per_axis ? i : 0;
}

/* Inputs of the operators that multiply matrices of integers; -1: the operator has none. */
struct lxa_int_args {
	int x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias;
};
extern const struct lxa_int_args lxa_args_integer;	/* ConvInteger, MatMulInteger */
extern const struct lxa_int_args lxa_args_qlinear;	/* QLinearConv, QLinearMatMul */

static inline const struct lxa_tensor *lxa_arg(const struct lxa_op_ctx *c, int i)
{
	return i >= 0 && i < c->n_in ? c->in[i] : NULL;
}

#endif
