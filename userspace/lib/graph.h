/* SPDX-License-Identifier: MIT */
/*
 * graph.h - the library's intermediate representation of an ONNX model (private to liblxa).
 *
 * A graph is a list of nodes in topological order over a table of values. Semantics are ONNX's: tensors are dense,
 * row-major, NCHW for images; quantizers give float values. Shapes are static after lxa_graph_infer() with a batch
 * size. graph.c builds and frees, onnx_load.c reads files, infer.c infers shapes, cpu_*.c execute one node in plain
 * ONNX semantics (the float reference and the CPU half), plan*.c decide what the device takes.
 * Not thread-safe while being changed; read-only use from several threads is fine.
 */
#ifndef LXA_LIB_GRAPH_H
#define LXA_LIB_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include "../lxa.h"		/* tensors and errors are public types */

struct lxa_value {
	char *name;
	struct lxa_tensor t;		/* type and shape; data when constant (initializer or folded), else NULL */
	int known;			/* dtype and shape are known */
	int producer;			/* node index; -1: graph input or initializer */
	int of_shapes;			/* computed by lxa_graph_infer() from shapes alone */
	int free_batch;			/* graph input whose first dimension the file leaves open */
};

enum lxa_attr_type {
	LXA_ATTR_INT, LXA_ATTR_FLOAT, LXA_ATTR_STRING, LXA_ATTR_INTS, LXA_ATTR_FLOATS, LXA_ATTR_TENSOR,
	LXA_ATTR_OTHER,			/* graphs, lists of strings, ...: only the name is kept */
};

struct lxa_attr {
	char *name;
	enum lxa_attr_type type;
	int64_t i;
	float f;
	char *s;			/* NUL-terminated */
	size_t n;			/* of ints or floats */
	int64_t *ints;
	float *floats;
	struct lxa_tensor t;
};

struct lxa_node {
	char *name;			/* never NULL: made from the op and index when the file has none */
	char *op;			/* "Conv" */
	char *domain;			/* "" for ai.onnx, "lxa", "qonnx.custom_op.general", ... */
	int n_in, n_out, n_attr;
	int *in;			/* value indices; -1 = absent optional input */
	int *out;
	struct lxa_attr *attr;
};

struct lxa_graph {
	char *path;			/* of the file, for messages */
	int64_t opset;			/* of the default domain */
	int n_values, n_nodes, n_in, n_out;
	struct lxa_value *values;
	struct lxa_node *nodes;		/* topological order */
	int *in, *out;			/* value indices of the graph's inputs (initializers excluded) and outputs */
};

/*
 * Every function below that can fail returns 0 or a negative errno and then leaves a sentence that names file, node and
 * fault in err (never NULL).
 */
int lxa_graph_load(const char *path, struct lxa_graph **out, struct lxa_err *err);
/* The same from memory; name stands for the path in messages. */
int lxa_graph_parse(const char *name, const uint8_t *data, size_t size, struct lxa_graph **out, struct lxa_err *err);
int lxa_graph_infer(struct lxa_graph *g, int64_t batch, struct lxa_err *err); /* replaces symbolic/unknown first dims */
/* Gives graph input i (0..n_in-1) this shape before lxa_graph_infer(): for files that leave more than the batch open. */
int lxa_graph_set_input(struct lxa_graph *g, int i, int ndim, const int64_t *dims, struct lxa_err *err);
void lxa_graph_free(struct lxa_graph *g);

const struct lxa_attr *lxa_node_attr(const struct lxa_node *n, const char *name); /* NULL when absent */
int64_t lxa_node_int(const struct lxa_node *n, const char *name, int64_t dflt);
float lxa_node_float(const struct lxa_node *n, const char *name, float dflt);
const char *lxa_node_string(const struct lxa_node *n, const char *name, const char *dflt);

/* Execute node n: in[i] NULL for an absent input; out[i] allocated and shaped by the callee (caller frees). */
struct lxa_cpu;				/* oneDNN engine, stream and primitive cache; one per thread */
int lxa_cpu_create(struct lxa_cpu **out, struct lxa_err *err);
void lxa_cpu_destroy(struct lxa_cpu *cpu);
int lxa_cpu_exec(struct lxa_cpu *cpu, const struct lxa_graph *g, int node, const struct lxa_tensor *const *in,
		 struct lxa_tensor *out, struct lxa_err *err);
int lxa_cpu_supports(const struct lxa_node *n); /* 1 when lxa_cpu_exec knows the operator */

#endif
