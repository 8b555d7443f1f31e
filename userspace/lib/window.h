/* SPDX-License-Identifier: MIT */
/* window.h - the geometry of convolutions and pools: 1 to 3 spatial dimensions (private to liblxa). */
#ifndef LXA_LIB_WINDOW_H
#define LXA_LIB_WINDOW_H

#include "graph_priv.h"

#define LXA_WINDOW_MAX 3

struct lxa_window {
	int nd;					/* spatial dimensions */
	int64_t in[LXA_WINDOW_MAX], out[LXA_WINDOW_MAX];
	int64_t kernel[LXA_WINDOW_MAX], stride[LXA_WINDOW_MAX], dilation[LXA_WINDOW_MAX];
	int64_t pad_begin[LXA_WINDOW_MAX], pad_end[LXA_WINDOW_MAX]; /* as the node gives them, or as auto_pad makes them */
};

/*
 * From the node's attributes and input 0's shape (N, C, spatial...). kernel: the weights' spatial dimensions, or NULL
 * for a pool, which must have kernel_shape. ceil_mode rounds the output size up, but never so far that a window would
 * start behind input and begin padding. -EINVAL with a sentence.
 */
int lxa_window_parse(const struct lxa_op_ctx *c, const int64_t *kernel, int ceil_mode, struct lxa_window *w);

/*
 * The same for ConvTranspose: out is what its attributes (output_padding, output_shape, auto_pad) make of in. Element o of the
 * output gets tap k of input i where o = i * stride + k * dilation - pad_begin. pad_end can be negative: elements that no tap
 * reaches.
 */
int lxa_window_transposed(const struct lxa_op_ctx *c, const int64_t *kernel, struct lxa_window *w);

#endif
