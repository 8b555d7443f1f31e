/* SPDX-License-Identifier: MIT */
/*
 * node_util.h - for the tests of operators: one node by itself, with attributes, inputs and what it must give.
 *
 *	node_init(&t, "Quant", "qonnx.custom_op.general", 13);
 *	node_int(&t, "signed", 0);
 *	node_in(&t, LXA_F32, DIMS(2), VALUES(1, 2.5));
 *	...
 *	node_want(&t, 0, LXA_F32, DIMS(2), VALUES(1, 2));
 *	node_done(&t);
 *
 * Values are given as doubles, whatever the type. Failures end the test (cmocka).
 */
#ifndef LXA_TEST_NODE_UTIL_H
#define LXA_TEST_NODE_UTIL_H

#include "graph.h"

#define NODE_INPUTS 12
#define NODE_ATTRS 16
#define NODE_OUTPUTS 8
#define DIMS(...) (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), (int64_t[]){ __VA_ARGS__ }
#define SCALAR 0, NULL
#define VALUES(...) (double[]){ __VA_ARGS__ }

struct node_test {
	struct lxa_graph g;
	struct lxa_node n;
	struct lxa_attr attr[NODE_ATTRS];
	int64_t ints[NODE_ATTRS][8];
	int in_index[NODE_INPUTS], out_index[NODE_OUTPUTS];
	struct lxa_tensor in[NODE_INPUTS];
	int absent[NODE_INPUTS];
	int ran;
	struct lxa_tensor out[NODE_OUTPUTS];
	struct lxa_cpu *cpu;
};

void node_init(struct node_test *t, const char *op, const char *domain, int64_t opset); /* one output */
void node_done(struct node_test *t);
void node_int(struct node_test *t, const char *name, int64_t v);
void node_float(struct node_test *t, const char *name, float v);
void node_string(struct node_test *t, const char *name, const char *v);
void node_ints(struct node_test *t, const char *name, int n, const int64_t *v);

/* The next input; returns its tensor. v NULL: zeroes. node_random: integers lo .. hi, or floats of about -2 .. 2. */
struct lxa_tensor *node_in(struct node_test *t, enum lxa_dtype dtype, int ndim, const int64_t *dims, const double *v);
struct lxa_tensor *node_random(struct node_test *t, enum lxa_dtype dtype, int ndim, const int64_t *dims, int64_t lo, int64_t hi);
void node_no_input(struct node_test *t);	/* an optional input that is left out */

void node_run(struct node_test *t);	/* into t->out; must succeed */
/* Run if that was not done, and compare output o: integers exactly, floats to 1e-6. v NULL: only type and shape. */
void node_want(struct node_test *t, int o, enum lxa_dtype dtype, int ndim, const int64_t *dims, const double *v);
/* Must be refused with a sentence that has the word, and the file's and the node's name. */
void node_refused(struct node_test *t, const char *word);

void tensor_set(struct lxa_tensor *t, int64_t i, double v);	/* small floats: the nearest code */

#endif
