/* SPDX-License-Identifier: MIT */
/*
 * quantizer.h - quantizers of weights and activations as objects: a forward, a backward, and how ONNX writes them.
 *
 * A quantizer sees an array of `channels` runs of equal length (for activations and per-tensor weights: one run). To
 * add one, write its four functions and add a line to the table in quantizer.c; an architecture then names it.
 * Backward functions are straight-through estimators: each says in words which derivative it stands in for.
 */
#ifndef LXA_TRAIN_QUANTIZER_H
#define LXA_TRAIN_QUANTIZER_H

#include "onnx_save.h"
#include "quant_ops.h"

struct quantizer;

struct quantizer_ops {
	/* Take ranges from the data; before each forward of weights, and once with x NULL. 0 or a negative errno. */
	int (*prepare)(struct quantizer *q, const float *x, size_t per_channel);
	void (*forward)(const struct quantizer *q, int channel, const float *x, float *y, size_t n);
	/* dx from dy and the forward's x; dx may be dy */
	void (*backward)(const struct quantizer *q, int channel, const float *x, const float *dy, float *dx, size_t n);
	/* Node `name` from value `in` to value `out`, a tensor of ndim dimensions, the first of them the channels. */
	void (*emit)(const struct quantizer *q, struct lxa_onnx *m, const char *name, const char *in, const char *out,
		     int ndim);
};

struct quantizer_params {
	struct lxa_logq log;		/* log quantizers */
	int per_channel;
	int scaled;			/* binary: alpha = mean |w|, else 1 */
	int dynamic;			/* log: fsr from the largest |x|, else fsr */
	float fsr;			/* log, not dynamic; a multiple of 1 / steps */
	float clip;			/* training keeps weights inside +-clip; 0: as they are */
	int weights, activations;	/* what it may be used for */
};

struct quantizer {
	const char *name;
	const struct quantizer_ops *ops;
	struct quantizer_params p;
	int channels;
	int *sfsr;			/* log: steps * fsr, one per channel */
	float *scale;			/* one per channel. log: fsr; binary: alpha */
	void *priv;			/* freed with free() */
};

extern const struct quantizer_ops quantizer_log, quantizer_binary;

/* channels: of the tensor; a per-tensor quantizer keeps 1. NULL when there is no such name (or no memory). */
struct quantizer *quantizer_new(const char *name, int channels);
void quantizer_free(struct quantizer *q);	/* NULL is fine */
const char *quantizer_name(int i);			/* the table, for messages and tests; NULL at its end */

/* Whole tensors of `channels` * per_channel values; q NULL copies. */
int quantizer_prepare(struct quantizer *q, const float *x, size_t n);
void quantizer_forward(const struct quantizer *q, const float *x, float *y, size_t n);
void quantizer_backward(const struct quantizer *q, const float *x, const float *dy, float *dx, size_t n);

#endif
