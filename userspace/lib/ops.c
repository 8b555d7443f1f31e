/* SPDX-License-Identifier: MIT */
/* ops.c - the table of known operators; see graph_priv.h. What types they take is in op_types.c. */
#include <string.h>

#include "ops.h"
#include "quant_ops.h"

#define MANY LXA_MAX_INPUTS

static const struct lxa_opdef ops[] = {
	/* name, domain, fewest and most inputs, most outputs, shapes, computation */
	{ "Abs", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Add", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_binary, lxa_cpu_binary },
	{ "And", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_binary, lxa_cpu_binary },
	{ "ArgMax", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_arg, lxa_cpu_arg },
	{ "ArgMin", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_arg, lxa_cpu_arg },
	{ "AveragePool", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_pool, lxa_cpu_average_pool },
	{ "BatchNormalization", LXA_DOMAIN_ONNX, 5, 5, 5, lxa_infer_batch_norm, lxa_cpu_batch_norm },
	{ "Cast", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_cast, lxa_cpu_cast },
	{ "CastLike", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_cast, lxa_cpu_cast },
	{ "Ceil", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Celu", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Clip", LXA_DOMAIN_ONNX, 1, 3, 1, lxa_infer_clip, lxa_cpu_clip },
	{ "Concat", LXA_DOMAIN_ONNX, 1, MANY, 1, lxa_infer_concat, lxa_cpu_concat },
	{ "ConstantOfShape", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_constant_of_shape, lxa_cpu_constant_of_shape },
	{ "Conv", LXA_DOMAIN_ONNX, 2, 3, 1, lxa_infer_conv, lxa_cpu_conv },
	{ "ConvInteger", LXA_DOMAIN_ONNX, 2, 4, 1, lxa_infer_conv_integer, lxa_cpu_conv_integer },
	{ "ConvTranspose", LXA_DOMAIN_ONNX, 2, 3, 1, lxa_infer_conv_transpose, lxa_cpu_conv_transpose },
	{ "DepthToSpace", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_depth_to_space, lxa_cpu_depth_to_space },
	{ "DequantizeLinear", LXA_DOMAIN_ONNX, 2, 3, 1, lxa_infer_dequantize_linear, lxa_cpu_dequantize_linear },
	{ "Div", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_binary, lxa_cpu_binary },
	{ "Dropout", LXA_DOMAIN_ONNX, 1, 3, 2, lxa_infer_dropout, lxa_cpu_dropout },
	{ "Elu", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Equal", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_compare, lxa_cpu_binary },
	{ "Erf", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Exp", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Expand", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_expand, lxa_cpu_expand },
	{ "Flatten", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_flatten, lxa_cpu_copy },
	{ "Floor", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Gather", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_gather, lxa_cpu_gather },
	{ "GatherElements", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_gather_elements, lxa_cpu_gather_elements },
	{ "Gelu", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_gelu, lxa_cpu_unary },
	{ "Gemm", LXA_DOMAIN_ONNX, 2, 3, 1, lxa_infer_gemm, lxa_cpu_gemm },
	{ "GlobalAveragePool", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_global_pool, lxa_cpu_global_average_pool },
	{ "GlobalMaxPool", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_global_pool, lxa_cpu_global_max_pool },
	{ "Greater", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_compare, lxa_cpu_binary },
	{ "GreaterOrEqual", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_compare, lxa_cpu_binary },
	{ "HardSigmoid", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "HardSwish", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Identity", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_copy },
	{ "InstanceNormalization", LXA_DOMAIN_ONNX, 3, 3, 1, lxa_infer_instance_norm, lxa_cpu_instance_norm },
	{ "LRN", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_lrn, lxa_cpu_lrn },
	{ "LeakyRelu", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Less", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_compare, lxa_cpu_binary },
	{ "LessOrEqual", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_compare, lxa_cpu_binary },
	{ "Log", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "LogSoftmax", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_softmax, lxa_cpu_softmax },
	{ "MatMul", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_matmul, lxa_cpu_matmul },
	{ "MatMulInteger", LXA_DOMAIN_ONNX, 2, 4, 1, lxa_infer_matmul_integer, lxa_cpu_matmul_integer },
	{ "Max", LXA_DOMAIN_ONNX, 1, MANY, 1, lxa_infer_variadic, lxa_cpu_variadic },
	{ "MaxPool", LXA_DOMAIN_ONNX, 1, 1, 2, lxa_infer_pool, lxa_cpu_max_pool },
	{ "Mean", LXA_DOMAIN_ONNX, 1, MANY, 1, lxa_infer_variadic, lxa_cpu_variadic },
	{ "Min", LXA_DOMAIN_ONNX, 1, MANY, 1, lxa_infer_variadic, lxa_cpu_variadic },
	{ "Mish", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Mul", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_binary, lxa_cpu_binary },
	{ "Neg", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Not", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_not },
	{ "Or", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_binary, lxa_cpu_binary },
	{ "PRelu", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_prelu, lxa_cpu_binary },
	{ "Pad", LXA_DOMAIN_ONNX, 1, 4, 1, lxa_infer_pad, lxa_cpu_pad },
	{ "Pow", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_pow, lxa_cpu_binary },
	{ "QLinearConv", LXA_DOMAIN_ONNX, 8, 9, 1, lxa_infer_qlinear_conv, lxa_cpu_qlinear_conv },
	{ "QLinearMatMul", LXA_DOMAIN_ONNX, 8, 8, 1, lxa_infer_qlinear_matmul, lxa_cpu_qlinear_matmul },
	{ "QuantizeLinear", LXA_DOMAIN_ONNX, 2, 3, 1, lxa_infer_quantize_linear, lxa_cpu_quantize_linear },
	{ "Reciprocal", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "ReduceL1", LXA_DOMAIN_ONNX, 1, 2, 1, lxa_infer_reduce, lxa_cpu_reduce },
	{ "ReduceL2", LXA_DOMAIN_ONNX, 1, 2, 1, lxa_infer_reduce, lxa_cpu_reduce },
	{ "ReduceLogSum", LXA_DOMAIN_ONNX, 1, 2, 1, lxa_infer_reduce, lxa_cpu_reduce },
	{ "ReduceLogSumExp", LXA_DOMAIN_ONNX, 1, 2, 1, lxa_infer_reduce, lxa_cpu_reduce },
	{ "ReduceMax", LXA_DOMAIN_ONNX, 1, 2, 1, lxa_infer_reduce, lxa_cpu_reduce },
	{ "ReduceMean", LXA_DOMAIN_ONNX, 1, 2, 1, lxa_infer_reduce, lxa_cpu_reduce },
	{ "ReduceMin", LXA_DOMAIN_ONNX, 1, 2, 1, lxa_infer_reduce, lxa_cpu_reduce },
	{ "ReduceProd", LXA_DOMAIN_ONNX, 1, 2, 1, lxa_infer_reduce, lxa_cpu_reduce },
	{ "ReduceSum", LXA_DOMAIN_ONNX, 1, 2, 1, lxa_infer_reduce, lxa_cpu_reduce },
	{ "ReduceSumSquare", LXA_DOMAIN_ONNX, 1, 2, 1, lxa_infer_reduce, lxa_cpu_reduce },
	{ "Relu", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Reshape", LXA_DOMAIN_ONNX, 1, 2, 1, lxa_infer_reshape, lxa_cpu_copy },
	{ "Resize", LXA_DOMAIN_ONNX, 1, 4, 1, lxa_infer_resize, lxa_cpu_resize },
	{ "Round", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Selu", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Shape", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_shape, lxa_cpu_shape },
	{ "Shrink", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Sigmoid", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Sign", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Size", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_size, lxa_cpu_size },
	{ "Slice", LXA_DOMAIN_ONNX, 1, 5, 1, lxa_infer_slice, lxa_cpu_slice },
	{ "Softmax", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_softmax, lxa_cpu_softmax },
	{ "Softplus", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Softsign", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "SpaceToDepth", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_space_to_depth, lxa_cpu_space_to_depth },
	{ "Split", LXA_DOMAIN_ONNX, 1, 2, LXA_MAX_OUTPUTS, lxa_infer_split, lxa_cpu_split },
	{ "Sqrt", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Squeeze", LXA_DOMAIN_ONNX, 1, 2, 1, lxa_infer_squeeze, lxa_cpu_copy },
	{ "Sub", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_binary, lxa_cpu_binary },
	{ "Sum", LXA_DOMAIN_ONNX, 1, MANY, 1, lxa_infer_variadic, lxa_cpu_variadic },
	{ "Swish", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Tanh", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "ThresholdedRelu", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_unary },
	{ "Tile", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_tile, lxa_cpu_tile },
	{ "Transpose", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_transpose, lxa_cpu_transpose },
	{ "Unsqueeze", LXA_DOMAIN_ONNX, 1, 2, 1, lxa_infer_unsqueeze, lxa_cpu_copy },
	{ "Upsample", LXA_DOMAIN_ONNX, 1, 2, 1, lxa_infer_resize, lxa_cpu_resize },
	{ "Where", LXA_DOMAIN_ONNX, 3, 3, 1, lxa_infer_where, lxa_cpu_where },
	{ "Xor", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_binary, lxa_cpu_binary },
	{ "BipolarQuant", LXA_DOMAIN_QONNX, 2, 2, 1, lxa_infer_bipolar, lxa_cpu_bipolar },
	{ "IntQuant", LXA_DOMAIN_QONNX, 4, 4, 1, lxa_infer_quant, lxa_cpu_quant },
	{ "MultiThreshold", LXA_DOMAIN_QONNX, 2, 2, 1, lxa_infer_multithreshold, lxa_cpu_multithreshold },
	{ "Quant", LXA_DOMAIN_QONNX, 4, 4, 1, lxa_infer_quant, lxa_cpu_quant },
	{ "Trunc", LXA_DOMAIN_QONNX, 5, 6, 1, lxa_infer_trunc, lxa_cpu_trunc },
	{ "LogQuant", LXA_DOMAIN_LXA, 2, 2, 1, lxa_infer_logquant, lxa_cpu_logquant },
};

const struct lxa_opdef *lxa_op_find(const struct lxa_node *n)
{
	size_t i;
	int domain;

	if (lxa_domain_is_onnx(n->domain))
		domain = LXA_DOMAIN_ONNX;
	else if (lxa_domain_is_qonnx(n->domain))
		domain = LXA_DOMAIN_QONNX;
	else if (!strcmp(n->domain, "lxa"))
		domain = LXA_DOMAIN_LXA;
	else
		return NULL;
	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (ops[i].domain == domain && !strcmp(ops[i].name, n->op))
			return &ops[i];
	return NULL;
}

const struct lxa_opdef *lxa_op_at(int i)
{
	return i < (int)(sizeof(ops) / sizeof(ops[0])) ? &ops[i] : NULL;
}
