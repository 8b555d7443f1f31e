// SPDX-License-Identifier: MIT
/*
 * Fuzzer of the ONNX reader: an input is a file. It is read, its shapes are inferred for two batch sizes, and, when no tensor is
 * very large (predicting the cycles of a layer takes longer the larger it is), it is planned without a device, which
 * evaluates what is constant. A refusal must have a sentence that names the file, and the node or the
 * input where the fault is one's; shapes that were accepted must be sane.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "graph_priv.h"

#define PLAN_ELEMENTS (1 << 20)

static char path[64];		/* of a file in memory, for the planner, which reads the model itself */
static int fd = -1;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	fd = memfd_create("onnx", 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return 0;
}

static void must(int true_then, const char *what, const struct lxa_err *err)
{
	if (true_then)
		return;
	fprintf(stderr, "%s: \"%s\"\n", what, err->text);
	abort();
}

/* What every later part relies on. */
static void check_values(const struct lxa_graph *g, const struct lxa_err *err)
{
	int i;

	for (i = 0; i < g->n_values; i++) {
		const struct lxa_value *v = &g->values[i];

		must(v->producer < g->n_nodes, "a producer that is not there", err);
		if (v->known)
			must(lxa_dtype_size(v->t.dtype) && v->t.ndim >= 0 && v->t.ndim <= LXA_MAX_DIMS &&
			     lxa_tensor_count(&v->t) >= 0, "a known value without type or shape", err);
	}
	for (i = 0; i < g->n_nodes; i++)
		must(*g->nodes[i].name && *g->nodes[i].op, "a node without a name", err);
}

static int small(const struct lxa_graph *g)
{
	int i;

	for (i = 0; i < g->n_values; i++)
		if (g->values[i].known && lxa_tensor_count(&g->values[i].t) > PLAN_ELEMENTS)
			return 0;
	return 1;
}

static void infer(struct lxa_graph *g, int64_t batch)
{
	struct lxa_err err = { "" };

	if (lxa_graph_infer(g, batch, &err))
		must(!strncmp(err.text, "fuzz: ", 6) && (strstr(err.text, "node '") || strstr(err.text, "input '")),
		     "inference: names no node", &err);
	else
		check_values(g, &err);
}

static void plan(const uint8_t *data, size_t size)
{
	struct lxa_err err = { "" };
	struct lxa_model *m;
	struct lxa_plan *p;
	int i;

	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		return;
	if (lxa_model_load(path, &m, &err))
		must(0, "read once, but not twice", &err);
	if (lxa_plan_create(m, NULL, 1, &p, &err)) {
		must(!strncmp(err.text, path, strlen(path)), "planning: names no file", &err);
	} else {
		for (i = 0; i < lxa_plan_entries(p); i++)
			must(*lxa_plan_entry(p, i)->reason, "a node without a reason", &err);
		lxa_plan_free(p);
	}
	lxa_model_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lxa_err err = { "" };
	struct lxa_graph *g;
	int planned;

	if (lxa_graph_parse("fuzz", data, size, &g, &err)) {
		must(!g && !strncmp(err.text, "fuzz: ", 6), "reading: names no file", &err);
		return 0;
	}
	check_values(g, &err);
	infer(g, 1);
	infer(g, 3);
	planned = small(g);
	lxa_graph_free(g);
	if (planned)
		plan(data, size);
	return 0;
}
