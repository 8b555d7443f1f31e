/* SPDX-License-Identifier: MIT */
/*
 * graph_priv.h - what the loader, shape inference and the CPU operators share beyond graph.h.
 *
 * ops.c holds the one table of known operators, op_types.c what types they take, op_run.c runs one. Each has a function that infers the outputs' types and shapes from the
 * inputs' and one that computes. Both get a struct lxa_op_ctx; infer needs the data of an input only where the data
 * decides a shape (Reshape, Pad, ...).
 */
#ifndef LXA_LIB_GRAPH_PRIV_H
#define LXA_LIB_GRAPH_PRIV_H

#include "graph.h"

#define LXA_MAX_COUNT ((int64_t)1 << 31)	/* elements of one tensor: far above any layer here, far below overflow */
#define LXA_MAX_INPUTS 64			/* inputs of one known operator (Concat has the most) */
#define LXA_MAX_OUTPUTS 64			/* of one known operator (Split has the most) */
#define LXA_MAX_NODES 100000			/* of a graph: the largest networks have some thousands */
#define LXA_MAX_ATTRS 256			/* of a node */

const char *lxa_dtype_name(int t);
int64_t lxa_dims_count(int ndim, const int64_t *dims);	/* -1: negative or above LXA_MAX_COUNT */
int lxa_tensor_copy(struct lxa_tensor *dst, const struct lxa_tensor *src);
void lxa_node_clear(struct lxa_node *n);
int lxa_graph_fold_constants(struct lxa_graph *g, struct lxa_err *err);	/* Constant nodes become initializers */
int lxa_graph_sort(struct lxa_graph *g, struct lxa_err *err);		/* topological order; -EINVAL for a cycle */
int lxa_graph_find(const struct lxa_graph *g, const char *name); /* value index or -1 */

struct lxa_op_ctx {
	struct lxa_cpu *cpu;		/* NULL in infer */
	const struct lxa_graph *g;
	const struct lxa_node *n;
	const struct lxa_tensor *const *in;	/* NULL entries are absent; valid up to n_in */
	int n_in;
	struct lxa_tensor *out;
	int n_out;
	struct lxa_err *err;
};

struct lxa_opdef {
	const char *name;
	int domain;			/* enum lxa_op_domain */
	int min_in, max_in, max_out;
	int (*infer)(struct lxa_op_ctx *c);
	int (*exec)(struct lxa_op_ctx *c);
};

enum lxa_op_domain { LXA_DOMAIN_ONNX, LXA_DOMAIN_QONNX, LXA_DOMAIN_LXA };

const struct lxa_opdef *lxa_op_find(const struct lxa_node *n); /* NULL: unknown operator */
const struct lxa_opdef *lxa_op_at(int i);	/* the table's lines one after the other; NULL at the end */

/* Check arity and types and infer; fills c->out's dtype, ndim and dims. */
int lxa_op_infer(const struct lxa_opdef *op, struct lxa_op_ctx *c);
/* Infer, allocate the outputs and compute. On failure nothing stays allocated. */
int lxa_op_exec(const struct lxa_opdef *op, struct lxa_op_ctx *c);

/* Attributes of a known name have the type that the name has in every operator. */
int lxa_op_attr_types(const struct lxa_op_ctx *c);

/* Set the sentence "FILE: node 'NAME' (OP): ..." and return code. */
int lxa_op_err(const struct lxa_op_ctx *c, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Input i must be present and float. */
int lxa_op_need_f32(const struct lxa_op_ctx *c, int i);
/* Out o gets the type and dimensions; checks the count against LXA_MAX_COUNT. */
int lxa_op_shape(const struct lxa_op_ctx *c, int o, enum lxa_dtype dtype, int ndim, const int64_t *dims);
/* axis in -ndim..ndim-1 (or ..ndim when end_ok) to 0..; -EINVAL with a sentence. */
int lxa_op_axis(const struct lxa_op_ctx *c, int64_t axis, int ndim, int end_ok, int *out);
/* An int64/int32 input's values, read as int64; -EINVAL when it is absent, not constant or not an integer list. */
int lxa_op_ints(const struct lxa_op_ctx *c, int i, const char *what, int max, int64_t *v, int *n);
/* The INTS attribute's values; *n = 0 when it is absent. */
int lxa_op_attr_ints(const struct lxa_op_ctx *c, const char *name, int max, int64_t *v, int *n);
/* NumPy broadcasting of two shapes. */
int lxa_op_broadcast(const struct lxa_op_ctx *c, const struct lxa_tensor *a, const struct lxa_tensor *b,
		     int *ndim, int64_t *dims);

/* For messages: "2x3x4". Returns buf. */
const char *lxa_dims_str(int ndim, const int64_t *dims, char buf[160]);

#endif
