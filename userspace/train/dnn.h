/* SPDX-License-Identifier: MIT */
/*
 * dnn.h - the convolutions of training: forward and both gradients, by oneDNN.
 *
 * Activations are dense NHWC floats, weights OIHW floats. A fully connected layer is the convolution whose kernel is
 * the whole input. A struct dnn, and what is made from it, belongs to the thread that created it, and oneDNN uses
 * that thread alone: the order in which it sums, and so the bytes of a trained network, would depend on the number of
 * threads. team.h is how training uses two of them.
 */
#ifndef LXA_TRAIN_DNN_H
#define LXA_TRAIN_DNN_H

#include "graph.h"

struct dnn;
struct dnn_conv;

struct dnn_conv_shape {
	int n, ih, iw, ic, oc, kh, kw, pad, oh, ow;	/* stride 1 */
};

/* Call before anything else in the process uses oneDNN: limits it to AVX2, for the same sums on newer machines. */
int dnn_create(struct dnn **out, struct lxa_err *err);
void dnn_destroy(struct dnn *d);	/* NULL is fine */

int dnn_conv_create(struct dnn *d, const struct dnn_conv_shape *s, struct dnn_conv **out, struct lxa_err *err);
void dnn_conv_destroy(struct dnn_conv *c);	/* NULL is fine */
const char *dnn_conv_info(struct dnn_conv *c, int which); /* oneDNN's name of forward (0), data (1), weights (2) */

/* 0 or -EIO. y, dx and dw are overwritten. */
int dnn_conv_forward(struct dnn_conv *c, const float *x, const float *w, float *y);
int dnn_conv_backward_data(struct dnn_conv *c, const float *dy, const float *w, float *dx);
int dnn_conv_backward_weights(struct dnn_conv *c, const float *x, const float *dy, float *dw);

#endif
