/* SPDX-License-Identifier: MIT */
/*
 * onnx_save.h - writes ONNX models (private to liblxa and the trainer).
 *
 * A small builder: create, add opsets, inputs, initializers, nodes with attributes and outputs in the order in which
 * the file shall have them, save. The bytes depend on the calls alone: the same calls give the same file. Errors stick:
 * after the first failure the adding functions do nothing, and lxa_onnx_save() reports it, so that one check at the end
 * is enough. All names and data are copied. One builder belongs to one thread.
 *
 *	struct lxa_onnx *m = lxa_onnx_new("digits");
 *	lxa_onnx_input(m, "x", LXA_F32, 4, (int64_t[]){ -1, 1, 8, 8 });
 *	lxa_onnx_f32(m, "w", 4, (int64_t[]){ 16, 1, 3, 3 }, weights);
 *	lxa_onnx_node(m, "conv1", "", "Conv", "x w", "y");
 *	lxa_onnx_attr_ints(m, "pads", 4, (int64_t[]){ 1, 1, 1, 1 });
 *	lxa_onnx_output(m, "y", LXA_F32, 4, (int64_t[]){ -1, 16, 8, 8 });
 *	ret = lxa_onnx_save(m, "digits.onnx", &err);
 *	lxa_onnx_free(m);
 */
#ifndef LXA_LIB_ONNX_SAVE_H
#define LXA_LIB_ONNX_SAVE_H

#include "graph.h"

struct lxa_onnx;

/* Opset imports are there already: "" 13, "lxa" 1, "qonnx.custom_op.general" 1. NULL when out of memory. */
struct lxa_onnx *lxa_onnx_new(const char *graph_name);
void lxa_onnx_free(struct lxa_onnx *m); /* NULL is fine */

void lxa_onnx_opset(struct lxa_onnx *m, const char *domain, int64_t version); /* adds or changes an import */
void lxa_onnx_meta(struct lxa_onnx *m, const char *key, const char *value); /* metadata_props: data set, accuracy, seed */

/* Graph inputs and outputs; a dimension of -1 is written as the symbol "N". */
void lxa_onnx_input(struct lxa_onnx *m, const char *name, enum lxa_dtype dtype, int ndim, const int64_t *dims);
void lxa_onnx_output(struct lxa_onnx *m, const char *name, enum lxa_dtype dtype, int ndim, const int64_t *dims);

/* Initializers, written as little-endian raw_data. ndim 0 is a scalar (dims may be NULL). */
void lxa_onnx_f32(struct lxa_onnx *m, const char *name, int ndim, const int64_t *dims, const float *data);
void lxa_onnx_i64(struct lxa_onnx *m, const char *name, int ndim, const int64_t *dims, const int64_t *data);
void lxa_onnx_tensor(struct lxa_onnx *m, const char *name, const struct lxa_tensor *t); /* any element type */
void lxa_onnx_scalar(struct lxa_onnx *m, const char *name, float value);

/*
 * A node. inputs and outputs are names separated by single spaces; "-" stands for an absent optional input. Domain ""
 * is ai.onnx. The attribute functions below add to the node that was added last.
 */
void lxa_onnx_node(struct lxa_onnx *m, const char *name, const char *domain, const char *op, const char *inputs,
		   const char *outputs);
void lxa_onnx_attr_int(struct lxa_onnx *m, const char *name, int64_t v);
void lxa_onnx_attr_float(struct lxa_onnx *m, const char *name, float v);
void lxa_onnx_attr_string(struct lxa_onnx *m, const char *name, const char *v);
void lxa_onnx_attr_ints(struct lxa_onnx *m, const char *name, size_t n, const int64_t *v);
void lxa_onnx_attr_floats(struct lxa_onnx *m, const char *name, size_t n, const float *v);
void lxa_onnx_attr_tensor(struct lxa_onnx *m, const char *name, const struct lxa_tensor *t);

/* Write the file (through a temporary beside it, renamed at the end). 0 or a negative errno with a sentence in err. */
int lxa_onnx_save(struct lxa_onnx *m, const char *path, struct lxa_err *err);

#endif
