/* SPDX-License-Identifier: MIT */
/*
 * net.h - a network under training: a chain of layers made from a line of text.
 *
 *	"input conv16k3p1:wlog bn relu act:log4 conv64k3p1:wlog bn pool2 act:sign conv64k3p1:wbin bn relu fc10"
 *
 * conv<channels>k<kernel>p<pad>[:quantizer]   fc<outputs>[:quantizer]   act:quantizer   pool<window>   bn   relu
 * input: the 8-bit pixels. A network belongs to one thread.
 */
#ifndef LXA_TRAIN_NET_H
#define LXA_TRAIN_NET_H

#include "layer.h"

#define NET_MAX_LAYERS 64

struct net {
	struct dnn *dnn;
	struct layer layers[NET_MAX_LAYERS];
	int n, batch;
	struct shape in;
	float *grad[2];			/* of layer outputs, by turns */
	uint64_t steps;			/* of Adam, so far */
};

int net_create(const char *arch, struct shape in, int batch, uint64_t seed, struct net **out, struct lxa_err *err);
void net_destroy(struct net *n);	/* NULL is fine */

/* batch images -> batch rows of outputs; the result stays valid until the next call. NULL: oneDNN failed. */
const float *net_forward(struct net *n, const float *x, enum mode mode);

/* Gradients of all parameters from that of the output of the last net_forward(, MODE_TRAIN). dx may be NULL. */
int net_backward(struct net *n, const float *x, const float *dy, float *dx);

void net_adam(struct net *n, float rate);	/* one step */
void net_momentum(struct net *n, float momentum); /* weight of a new batch in the running statistics */
void net_take_statistics(struct net *n, const struct net *from); /* the running ones; same architecture */
uint64_t net_macs(const struct net *n);		/* of one image */

/*
 * Mean cross-entropy of `count` rows against labels smoothed by `smooth`; dy: its gradient (rows from count to batch:
 * 0). right: how many rows have their largest value at the label.
 */
float net_loss(const float *logits, const uint8_t *labels, int count, int batch, int classes, float smooth, float *dy,
	       int *right);

#endif
