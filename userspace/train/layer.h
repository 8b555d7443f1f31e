/* SPDX-License-Identifier: MIT */
/*
 * layer.h - the layers of a network being trained, one behind the other.
 *
 * Activations are NHWC floats. A layer owns its output y; the network hands out the buffers for gradients. To add a
 * layer, write its struct layer_ops and add it to the table in net.c.
 */
#ifndef LXA_TRAIN_LAYER_H
#define LXA_TRAIN_LAYER_H

#include "dnn.h"
#include "quantizer.h"
#include "rng.h"

struct shape {
	int h, w, c;
};

static inline size_t shape_size(struct shape s)
{
	return (size_t)s.h * (size_t)s.w * (size_t)s.c;
}

/* Something that is learned: values, gradient, and Adam's two moments. */
struct param {
	size_t n;
	float *v, *g, *m1, *m2;
	float clip;			/* after each step into +-clip; 0: as it is */
};

struct layer;

/* TRAIN: statistics of this batch, which also move the running ones; INFER: the running statistics. */
enum mode { MODE_TRAIN, MODE_INFER };

struct layer_ops {
	const char *name;		/* as an architecture writes it, before its number */
	/* Sets l->out and allocates; l->in, batch, number and quantizer are there. */
	int (*init)(struct layer *l, struct dnn *d, struct rng *r, struct lxa_err *err);
	int (*forward)(struct layer *l, const float *x, enum mode mode);
	/* Sets the parameters' gradients and dx, unless that is NULL; x is what forward had, in MODE_TRAIN. */
	int (*backward)(struct layer *l, const float *x, const float *dy, float *dx);
	void (*emit)(const struct layer *l, struct lxa_onnx *m, const char *in, const char *out);
};

struct layer {
	const struct layer_ops *ops;
	char name[32];			/* of its ONNX node: "conv1" */
	int batch;
	struct shape in, out;
	int number, kernel, pad;	/* "conv64k3p1": 64, 3, 1 */
	struct quantizer *q;	/* of the weights, or of the activations; or NULL */
	float *y;			/* batch * out */
	struct param par[2];		/* weights and bias; scale and shift */
	struct dnn_conv *conv;
	float *wq, *wg;			/* quantized weights, and the gradient by them */
	float *mean, *inv;		/* batch normalization: of the last training batch; inv = 1 / sqrt(var + eps) */
	float *run_mean, *run_var;	/* ... running */
	float momentum;			/* ... weight of a new batch in them */
	uint8_t *from;			/* max-pool: which of the window */
	uint64_t macs;			/* multiplications an image */
};

extern const struct layer_ops layer_conv, layer_fc, layer_bn, layer_relu, layer_pool, layer_quant, layer_input;

#define BN_EPS 1e-5f

int param_alloc(struct param *p, size_t n);	/* zeroed; 0 or -ENOMEM */
void layer_free(struct layer *l);		/* what it owns, not l itself */

#endif
