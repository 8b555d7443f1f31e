/* SPDX-License-Identifier: MIT */
/*
 * resnet20_dnnl.h - ResNet-20 for CIFAR-10 written directly against oneDNN, as well as we know how: what the library's CPU
 * half is measured against. Weights come from the ONNX file by name; BatchNormalization is folded into them; everything is
 * prepared once; bias, shortcut and ReLU are post-ops; three buffers are used in turn. Two layouts: the one that oneDNN
 * chooses, and blocks of 16 channels.
 */
#ifndef LXA_BENCH_RESNET20_DNNL_H
#define LXA_BENCH_RESNET20_DNNL_H

#include "graph.h"

struct r20;

enum r20_layout { R20_ANY, R20_BLOCKED };

/* n images of 3 x 32 x 32. NULL: the graph is another network, or oneDNN refuses; says why on stderr. */
struct r20 *r20_create(const struct lxa_graph *g, int64_t n, enum r20_layout layout);
int r20_run(struct r20 *net, const float *images, float *logits);	/* n x 10; 0, or -1 */
void r20_free(struct r20 *net);

#endif
