/* SPDX-License-Identifier: MIT */
/* cpu.c - runs one node of a graph on the CPU in plain ONNX semantics. */
#include <errno.h>
#include <string.h>

#include "graph_priv.h"

int lxa_cpu_supports(const struct lxa_node *n)
{
	return lxa_op_find(n) != NULL;
}

int lxa_cpu_exec(struct lxa_cpu *cpu, const struct lxa_graph *g, int node, const struct lxa_tensor *const *in,
		 struct lxa_tensor *out, struct lxa_err *err)
{
	const struct lxa_node *n = &g->nodes[node];
	const struct lxa_opdef *op = lxa_op_find(n);
	struct lxa_op_ctx c = {
		.cpu = cpu, .g = g, .n = n, .in = in, .n_in = n->n_in, .out = out, .n_out = n->n_out, .err = err,
	};
	int i;

	if (!op)
		return lxa_op_err(&c, -EOPNOTSUPP, "this operator%s%s%s is not supported", *n->domain ? " of domain \"" : "",
				  n->domain, *n->domain ? "\"" : "");
	for (i = 0; i < n->n_in; i++)
		if (in[i] && !in[i]->data)
			return lxa_op_err(&c, -EINVAL, "input %d has no data", i);
	return lxa_op_exec(op, &c);
}
