/* SPDX-License-Identifier: MIT */
/*
 * dnn.h - the float nodes of the CPU half as oneDNN steps, in oneDNN's own layouts (private to dnn*.c and exec*.c).
 *
 * While planning, dnn_match.c finds the nodes that become one primitive: a convolution with the BatchNormalization,
 * Add and activation behind it, a matrix product with the Flatten before it, and what can go on in a blocked layout
 * behind those (pools, activations, Add, Concat, Slice and Pad). dnn_build.c makes the primitives for a number of images
 * and reorders constant weights once; dnn_run.c runs a step. A value that a step makes stays in the step's layout; who
 * needs plain floats asks dnn_to_plain(). A step that oneDNN refuses, or whose operands do not have the planned
 * shape, is run node by node by lxa_cpu_exec().
 *
 * Exact chains. Behind quantized weights or activations sums are exact, and the plan's thresholds were found with the nodes'
 * own roundings: there a step takes in only what rounds nothing (Relu, Clip, MaxPool, moves).
 */
#ifndef LXA_LIB_DNN_H
#define LXA_LIB_DNN_H

#include "cpu_dnnl.h"
#include "plan.h"
#include "window.h"

#define DNN_MAX_NODES 8
#define DNN_MAX_IN 16
#define DNN_MAX_ARGS (DNN_MAX_IN + 6)

enum dnn_kind { DNN_CONV, DNN_FC, DNN_POOL, DNN_ACT, DNN_ADD, DNN_NORM, DNN_CONCAT, DNN_MOVE };

struct dnn_act {
	int on;
	dnnl_alg_kind_t alg;
	float alpha, beta;
};

/* out[i] = in[start + (i - pad) * step] for i - pad in 0..len - 1, else 0; of the dimensions behind the images. */
struct dnn_move {
	int64_t pad[LXA_MAX_DIMS], len[LXA_MAX_DIMS], start[LXA_MAX_DIMS], step[LXA_MAX_DIMS];
};

/* Constants in a layout that a primitive wanted; one more when a program for another number of images wants another. */
struct dnn_packed {
	struct dnn_packed *next;
	dnnl_memory_desc_t md;
	dnnl_memory_t mem;
};

struct dnn_step {
	enum dnn_kind kind;
	int n_nodes, nodes[DNN_MAX_NODES];	/* in the graph's order */
	int n_in, in[DNN_MAX_IN], out;		/* values */
	int sum;				/* CONV: in[1] is added to the result */
	int exact;				/* see above */
	struct dnn_act act;
	struct lxa_window w;			/* CONV, POOL */
	dnnl_alg_kind_t alg;			/* POOL */
	int64_t group;				/* CONV */
	int by_rows;				/* FC: weights are K x O */
	int flat;				/* FC: the first node is a Flatten */
	struct dnn_move move;
	float *wgt, *bias;			/* CONV, FC: with a BatchNormalization folded in, NORM: its scale and shift */
	const float *use_wgt, *use_bias;	/* these, or the graph's own; bias NULL: none */
	const struct lxa_node *norm;		/* NORM: its mean and variance are inputs 3 and 4 */
	struct dnn_packed *packed;
};

struct dnn_buf {
	struct dnn_buf *next;
	size_t bytes;
	void *data;
};

/* A value in a program. */
struct dnn_val {
	int known, plain;		/* plain: the layout is ONNX's */
	dnnl_memory_desc_t md, plain_md;
	size_t bytes;
	dnnl_memory_t mem, plain_mem;
	dnnl_primitive_t to_plain, from_plain;	/* made when first needed */
};

struct dnn_op {
	int off;			/* oneDNN has no such primitive: node by node */
	dnnl_primitive_t prim;		/* NULL: a move */
	int n_args;
	dnnl_exec_arg_t args[DNN_MAX_ARGS];
	dnnl_memory_t own[DNN_MAX_ARGS];	/* those of args that belong to this op */
	dnnl_memory_t want[DNN_MAX_IN];	/* operand i in the layout wanted, and how it gets there; NULL: as it is */
	dnnl_primitive_t reorder[DNN_MAX_IN];
	void *scratch[DNN_MAX_IN];
	int64_t *from;			/* MOVE: per output channel, where its input channel lies; -1: zero */
};

/* All steps for one number of images. */
struct dnn_prog {
	struct dnn_prog *next;
	int64_t n;
	struct dnn_op *ops;
	struct dnn_val *vals;
};

struct dnn {
	const struct lxa_plan *p;
	int64_t batch;			/* that the graph's shapes were inferred for */
	int n_steps;
	struct dnn_step *steps;
	int *step_of;			/* per node, or -1 */
	int *maker;			/* per value: the step that makes it, or -1 */
	struct dnn_prog *progs;
	struct dnn_buf *free;		/* buffers not in use */
};

/* The node that names a step: a product behind a Flatten, else the first. */
static inline int dnn_head(const struct dnn_step *s)
{
	return s->nodes[s->kind == DNN_FC && s->flat];
}

/* ---- dnn_match.c ---- */
int dnn_plan(struct lxa_plan *p, struct lxa_err *err);	/* after the places are decided; sets p->dnn */
void dnn_free(struct dnn *d);
/* The node's context for the parse functions: constant inputs with their data, others with their shape for n images. */
struct dnn_ctx {
	struct lxa_op_ctx c;
	const struct lxa_tensor *in[LXA_MAX_INPUTS];
	struct lxa_tensor t[LXA_MAX_INPUTS];
	struct lxa_err err;
};
int dnn_ctx(const struct lxa_plan *p, const struct lxa_node *n, struct dnn_ctx *x);

/* ---- dnn_build.c ---- */
int dnn_prog(struct dnn *d, int64_t n, struct dnn_prog **out, struct lxa_err *err);
void dnn_prog_free(struct dnn *d, struct dnn_prog *g);
int dnn_same_layout(const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b);
dnnl_status_t dnn_reorder_new(struct dnn *d, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to,
			      dnnl_primitive_t *out);

/* ---- dnn_run.c ---- */
struct dnn_buf *dnn_buf_get(struct dnn *d, size_t bytes);	/* NULL: out of memory */
void dnn_buf_put(struct dnn *d, struct dnn_buf *b);
/* Shapes in a program: 1 when a tensor is what the program takes for the value. */
int dnn_fits(const struct dnn_prog *g, int value, const struct lxa_tensor *t);
dnnl_status_t dnn_to_plain(struct dnn *d, struct dnn_prog *g, int value, const void *from, float *to);
dnnl_status_t dnn_from_plain(struct dnn *d, struct dnn_prog *g, int value, const float *from, void *to);
/* in: the operands in their values' layouts, out: room for the result. With a sum, in[1] may be out itself. */
dnnl_status_t dnn_run(struct dnn *d, struct dnn_prog *g, int step, const void *const *in, void *out);

#endif
