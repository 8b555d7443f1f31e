/* SPDX-License-Identifier: MIT */
/* graph_util.h - for the tests of the graph half of liblxa: running a whole graph node by node, comparing tensors. */
#ifndef LXA_TEST_GRAPH_UTIL_H
#define LXA_TEST_GRAPH_UTIL_H

#include "graph.h"

/*
 * Run every node in order with lxa_cpu_exec(). in: the graph's inputs. out: its outputs, the caller frees their data.
 * When the graph has its shapes (lxa_graph_infer), each result is checked against them. 0 or the first error.
 */
int run_graph(struct lxa_cpu *cpu, const struct lxa_graph *g, const struct lxa_tensor *in, struct lxa_tensor *out,
	      struct lxa_err *err);

/*
 * Run the graph on a folder's input_N.pb and compare with its output_N.pb. 0, or an error with its sentence: -EPROTO when a
 * result is another. Older files hold bfloat16 as uint16: inputs are taken for what the graph declares, and outputs
 * compared as those numbers.
 */
int compare_with_files(struct lxa_cpu *cpu, const struct lxa_graph *g, const char *dir, double rtol, double atol,
		       struct lxa_err *err);

/* 1 when type and shape are equal and |got - want| <= atol + rtol * |want| everywhere; else why says what differs. */
int tensors_close(const struct lxa_tensor *got, const struct lxa_tensor *want, double rtol, double atol, char why[256]);

double tensor_get(const struct lxa_tensor *t, int64_t i); /* an element as double */

unsigned int test_seed(void);	/* LXA_SEED, or from the clock; printed once */
uint32_t rnd(uint32_t n);	/* 0 .. n - 1 */
float rnd_float(void);		/* about -2 .. 2 */

#endif
