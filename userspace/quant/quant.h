/* SPDX-License-Identifier: MIT */
/*
 * quant.h - lxa_quantize(), inside (private to userspace/quant).
 *
 * quantize.c drives: every node of the graph is computed twice on the calibration images, as the float model has it and with
 * everything before it quantized (stream.c). At a convolution or matrix product with constant weights, a head (heads.c), the
 * method (method.h) chooses quantizers for its input and codes for its weights, so that the quantized sums come as close as they
 * can to the float ones: fit.c collects what that needs and solves it. emit.c writes the new model.
 */
#ifndef LXA_QUANT_H
#define LXA_QUANT_H

#include "graph_priv.h"
#include "method.h"
#include "window.h"

/* One head, with a BatchNormalization right behind it taken in. */
struct quant_head {
	int node;
	int bn;				/* the BatchNormalization's node, or -1 */
	int out;			/* the value that head and bn make */
	int other;			/* the value that is added to it next and is there already, or -1 */
	int first, last;		/* no head before it, none behind it */
	int conv;
	int64_t out_c, groups, k;	/* k: inputs of one output, of one group */
	size_t so, si;			/* weight (o, i) is element o * so + i * si */
	struct lxa_window win;		/* conv */
	float *w;			/* out_c x k, BatchNormalization and Gemm's alpha in it */
	float *b;			/* out_c */
	/* the result: y = scale * sum + bias, sum of codes' values */
	float *wq;			/* out_c x k values of the weights' quantizer */
	float *scale, *bias;
	struct quant_choice weights;
	double error;
};

struct quant_value {
	struct lxa_tensor konst;	/* depends on constants only: computed once */
	int is_const;
	int readers;			/* nodes and graph outputs that have still to read it */
	struct lxa_tensor *f, *q;	/* n_chunks each: float and quantized stream; NULL: not there (any more) */
	struct quant_choice own;	/* what the value itself becomes: it is read by heads and by others */
	struct quant_choice act;	/* what heads read of it */
	struct lxa_tensor *act_q;	/* n_chunks; NULL: same as q */
	double act_error;		/* relative mean square */
};

struct quant {
	const struct lxa_quantize_options *o;
	const struct quant_method *method;
	struct lxa_graph *g;
	struct lxa_cpu *cpu;
	int64_t chunk;			/* images that are computed at a time */
	int n_chunks;
	struct quant_value *v;
	struct quant_head **head;	/* per node; NULL: none */
	char (*why)[96];		/* per node: what keeps a Conv, Gemm or MatMul from being one */
	int *taken;			/* per node: 1, a BatchNormalization that a head has taken in */
	uint64_t steps;			/* progress */
};

/* Sets "FILE: node 'NAME' (OP): ..." */
int quant_err(const struct quant *z, int node, struct lxa_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
int quant_step(struct quant *z);	/* -EINTR when progress says stop */

/* heads.c */
int quant_find_heads(struct quant *z, struct lxa_err *err);
void quant_head_free(struct quant_head *h);
int quant_is_op(const struct lxa_node *n, const char *op);

/* stream.c */
int quant_stream_input(struct quant *z, const struct lxa_tensor *images, struct lxa_err *err);
int quant_stream_constants(struct quant *z, struct lxa_err *err);
int quant_stream_node(struct quant *z, int node, struct lxa_err *err);
void quant_stream_drop(struct quant *z, int value);	/* frees what the streams hold of it */
/* The quantized stream of a value becomes what `c` makes of it; error: relative mean square of that. */
struct lxa_tensor *quant_stream_apply(struct quant *z, const struct lxa_tensor *from, const struct quant_choice *c,
				      double *error, struct lxa_err *err);
float *quant_stream_sample(const struct quant *z, const struct lxa_tensor *from, size_t *n);

/* fit.c */
int quant_fit(struct quant *z, struct quant_head *h, struct lxa_err *err);

/* emit.c */
int quant_emit(struct quant *z, const char *path, struct lxa_err *err);

#endif
