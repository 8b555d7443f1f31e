/* SPDX-License-Identifier: MIT */
/* ops.h - the operators' functions that ops.c's table names (private to ops.c, infer_*.c and cpu_*.c). */
#ifndef LXA_LIB_OPS_H
#define LXA_LIB_OPS_H

#include "graph_priv.h"

#define LXA_OP_INFER(name) int lxa_infer_##name(struct lxa_op_ctx *c)
#define LXA_OP_EXEC(name) int lxa_cpu_##name(struct lxa_op_ctx *c)

/* infer_nn.c */
LXA_OP_INFER(conv);
LXA_OP_INFER(conv_transpose);
LXA_OP_INFER(pool);
LXA_OP_INFER(global_pool);
LXA_OP_INFER(gemm);
LXA_OP_INFER(matmul);
LXA_OP_INFER(batch_norm);
LXA_OP_INFER(instance_norm);
LXA_OP_INFER(lrn);

/* infer_qlinear.c */
LXA_OP_INFER(quantize_linear);
LXA_OP_INFER(dequantize_linear);
LXA_OP_INFER(conv_integer);
LXA_OP_INFER(qlinear_conv);
LXA_OP_INFER(matmul_integer);
LXA_OP_INFER(qlinear_matmul);

/* infer_quant.c */
LXA_OP_INFER(quant);
LXA_OP_INFER(trunc);
LXA_OP_INFER(bipolar);
LXA_OP_INFER(logquant);
LXA_OP_INFER(multithreshold);

/* infer_eltwise.c */
LXA_OP_INFER(same);		/* output 0 like input 0 */
LXA_OP_INFER(same_f32);		/* the same, for float only */
LXA_OP_INFER(gelu);
LXA_OP_INFER(binary);
LXA_OP_INFER(compare);
LXA_OP_INFER(pow);
LXA_OP_INFER(prelu);
LXA_OP_INFER(variadic);
LXA_OP_INFER(where);
LXA_OP_INFER(dropout);

/* infer_move.c */
LXA_OP_INFER(flatten);
LXA_OP_INFER(reshape);
LXA_OP_INFER(transpose);
LXA_OP_INFER(concat);
LXA_OP_INFER(pad);
LXA_OP_INFER(shape);
LXA_OP_INFER(gather);
LXA_OP_INFER(squeeze);
LXA_OP_INFER(unsqueeze);
LXA_OP_INFER(slice);
LXA_OP_INFER(depth_to_space);
LXA_OP_INFER(space_to_depth);
LXA_OP_INFER(expand);
LXA_OP_INFER(tile);
LXA_OP_INFER(size);
LXA_OP_INFER(split);
LXA_OP_INFER(gather_elements);

/* beside the computation, in cpu_*.c */
LXA_OP_INFER(clip);
LXA_OP_INFER(softmax);
LXA_OP_INFER(cast);
LXA_OP_INFER(constant_of_shape);
LXA_OP_INFER(reduce);
LXA_OP_INFER(arg);
LXA_OP_INFER(resize);

LXA_OP_EXEC(conv);
LXA_OP_EXEC(conv_transpose);
LXA_OP_EXEC(conv_integer);
LXA_OP_EXEC(qlinear_conv);
LXA_OP_EXEC(max_pool);
LXA_OP_EXEC(average_pool);
LXA_OP_EXEC(global_average_pool);
LXA_OP_EXEC(global_max_pool);
LXA_OP_EXEC(gemm);
LXA_OP_EXEC(matmul);
LXA_OP_EXEC(matmul_integer);
LXA_OP_EXEC(qlinear_matmul);
LXA_OP_EXEC(quantize_linear);
LXA_OP_EXEC(dequantize_linear);
LXA_OP_EXEC(batch_norm);
LXA_OP_EXEC(instance_norm);
LXA_OP_EXEC(lrn);
LXA_OP_EXEC(softmax);
LXA_OP_EXEC(unary);
LXA_OP_EXEC(not);
LXA_OP_EXEC(clip);
LXA_OP_EXEC(binary);
LXA_OP_EXEC(variadic);
LXA_OP_EXEC(where);
LXA_OP_EXEC(expand);
LXA_OP_EXEC(dropout);
LXA_OP_EXEC(copy);		/* output 0 has input 0's elements in the same order */
LXA_OP_EXEC(transpose);
LXA_OP_EXEC(concat);
LXA_OP_EXEC(pad);
LXA_OP_EXEC(shape);
LXA_OP_EXEC(gather);
LXA_OP_EXEC(slice);
LXA_OP_EXEC(depth_to_space);
LXA_OP_EXEC(space_to_depth);
LXA_OP_EXEC(split);
LXA_OP_EXEC(tile);
LXA_OP_EXEC(size);
LXA_OP_EXEC(gather_elements);
LXA_OP_EXEC(cast);
LXA_OP_EXEC(constant_of_shape);
LXA_OP_EXEC(reduce);
LXA_OP_EXEC(arg);
LXA_OP_EXEC(resize);
LXA_OP_EXEC(quant);
LXA_OP_EXEC(bipolar);
LXA_OP_EXEC(logquant);
LXA_OP_EXEC(trunc);
LXA_OP_EXEC(multithreshold);

/* Parameters that inference and execution must read alike. */
struct lxa_slice {
	int64_t start[LXA_MAX_DIMS], step[LXA_MAX_DIMS], count[LXA_MAX_DIMS];
};
int lxa_slice_parse(const struct lxa_op_ctx *c, struct lxa_slice *s);

struct lxa_pads {
	int64_t begin[LXA_MAX_DIMS], end[LXA_MAX_DIMS];
};
int lxa_pad_parse(const struct lxa_op_ctx *c, struct lxa_pads *p);

/*
 * Shapes that several operators share. Input 0 convolved with w (M x C/group x kernel) and the bias b, or NULL; and numpy's
 * matmul. Output 0 gets the type.
 */
int lxa_conv_shape(struct lxa_op_ctx *c, const struct lxa_tensor *w, const struct lxa_tensor *b, enum lxa_dtype type);
int lxa_matmul_shape(struct lxa_op_ctx *c, const struct lxa_tensor *a, const struct lxa_tensor *b, enum lxa_dtype type);

/* 0: BatchNormalization's parameters are not one value a channel, but one an element of an image (before opset 9). */
int lxa_batch_norm_spatial(const struct lxa_op_ctx *c);

/*
 * Before opset 7 the second operand of Add and its kin could be aligned by an axis, and PRelu's slope was one value a channel: *b
 * gets ones appended for that.
 */
int lxa_binary_operand(const struct lxa_op_ctx *c, struct lxa_tensor *b);

#endif
