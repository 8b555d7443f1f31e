/* SPDX-License-Identifier: MIT */
/*
 * cpu_dnnl.h - oneDNN primitives with the reorders around them, kept by what they compute (private to cpu_*.c).
 *
 * A primitive is found by a key: a plain structure of everything that it was made from (kind, dimensions, strides,
 * ...). Neither node nor graph are part of it, so equal layers share one, and a graph that was freed leaves nothing
 * stale. Users' tensors stay in ONNX's plain layout; where oneDNN prefers another, the primitive owns a buffer and a
 * reorder.
 */
#ifndef LXA_LIB_CPU_DNNL_H
#define LXA_LIB_CPU_DNNL_H

#include <oneapi/dnnl/dnnl.h>

#include "graph_priv.h"

#define LXA_PRIM_IOS 4

struct lxa_prim_io {
	int arg;			/* DNNL_ARG_* */
	int output;
	dnnl_memory_t user;		/* handle set at every run */
	dnnl_memory_t inner;		/* == user when the layouts agree */
	dnnl_primitive_t reorder;	/* between the two, or NULL */
};

struct lxa_prim {
	void *key;
	size_t key_size;
	dnnl_primitive_t primitive;
	int n_io;
	struct lxa_prim_io io[LXA_PRIM_IOS];
};

struct lxa_cpu {
	dnnl_engine_t engine;
	dnnl_stream_t stream;
	int n_prims, next;		/* next: which one makes room when the table is full */
	struct lxa_prim *prims[256];
};

/* A float descriptor for up to 6 dimensions: plain row-major, or one whose layout oneDNN may choose. */
dnnl_status_t lxa_dnnl_plain(dnnl_memory_desc_t *md, int ndim, const int64_t *dims);
dnnl_status_t lxa_dnnl_any(dnnl_memory_desc_t *md, int ndim, const int64_t *dims);

/* Our short lists in oneDNN's long type; the rest is zero. */
static inline void lxa_dnnl_dims(dnnl_dims_t to, const int64_t *from, int n, int64_t minus)
{
	int i;

	for (i = 0; i < DNNL_MAX_NDIMS; i++)
		to[i] = i < n ? from[i] - minus : 0;
}

struct lxa_prim *lxa_prim_find(struct lxa_cpu *cpu, const void *key, size_t key_size);

/*
 * Make a primitive from a descriptor and put it into the table. Then lxa_prim_io() for each argument, in the order in
 * which lxa_prim_run() gets the pointers. want: the layout that the primitive takes. NULL or a status on failure; a
 * primitive that fails half way is removed by lxa_prim_drop().
 */
struct lxa_prim *lxa_prim_new(struct lxa_cpu *cpu, const void *key, size_t key_size, const_dnnl_primitive_desc_t pd);
dnnl_status_t lxa_prim_io(struct lxa_cpu *cpu, struct lxa_prim *p, int arg, int output, const dnnl_memory_desc_t *user,
			  const dnnl_memory_desc_t *want);
void lxa_prim_drop(struct lxa_cpu *cpu, struct lxa_prim *p);
dnnl_status_t lxa_prim_run(struct lxa_cpu *cpu, struct lxa_prim *p, void *const *ptr);

/* A sentence for a failed oneDNN call. */
int lxa_dnnl_err(const struct lxa_op_ctx *c, dnnl_status_t status);

#endif
