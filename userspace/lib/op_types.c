/* SPDX-License-Identifier: MIT */
/* op_types.c - see op_types.h. */
#include <string.h>

#include "op_types.h"

#define T(t) LXA_TYPE(LXA_##t)
#define HALF (T(F16) | T(BF16))
#define FLOATS (T(F32) | T(F64) | HALF)
#define SIGNED (T(INT8) | T(INT16) | T(INT32) | T(INT64))
#define UNSIGNED (T(UINT8) | T(UINT16) | T(UINT32) | T(UINT64))
#define NUMBERS (FLOATS | SIGNED | UNSIGNED)

#define FLOAT8 (T(F8E4M3FN) | T(F8E4M3FNUZ) | T(F8E5M2) | T(F8E5M2FNUZ))
#define ALL (NUMBERS | T(BOOL) | FLOAT8 | T(INT4) | T(UINT4))
#define QUANTIZED (T(INT8) | T(UINT8) | T(INT16) | T(UINT16) | T(INT4) | T(UINT4) | FLOAT8)

static const struct lxa_optypes types[] = {
	/* name, versions, types, float16 and bfloat16 by way of float, note */
	{ "Abs", "1, 6, 13", NUMBERS, 1, "" },
	{ "Add", "1, 6, 7, 13, 14", NUMBERS, 1, "" },
	{ "And", "1, 7", T(BOOL), 0, "" },
	{ "ArgMax", "1, 11, 12, 13", NUMBERS, 1, "" },
	{ "ArgMin", "1, 11, 12, 13", NUMBERS, 1, "" },
	{ "AveragePool", "1, 7, 10, 11, 19", T(F32) | HALF, 1, "" },
	{ "BatchNormalization", "1, 6, 7, 9, 14, 15", T(F32) | HALF, 1, "inference only: training mode is refused" },
	{ "Cast", "1, 6, 9, 13, 19, 21", ALL, 0, "strings are refused" },
	{ "CastLike", "15, 19, 21", ALL, 0, "strings are refused" },
	{ "Ceil", "1, 6, 13", FLOATS, 1, "" },
	{ "Celu", "12", FLOATS, 1, "" },
	{ "Clip", "1, 6, 11, 12, 13", NUMBERS, 1, "" },
	{ "Concat", "1, 4, 11, 13", ALL, 0, "at most 64 inputs" },
	{ "Constant", "1, 9, 11, 12, 13, 19, 21", ALL, 0, "becomes an initializer; strings and sparse tensors are refused" },
	{ "ConstantOfShape", "9, 20, 21", T(INT64), 0, "" },
	{ "Conv", "1, 11", T(F32) | HALF, 1, "" },
	{ "ConvInteger", "10", T(INT8) | T(UINT8), 0, "" },
	{ "ConvTranspose", "1, 11", T(F32) | HALF, 1, "" },
	{ "DepthToSpace", "1, 11, 13", ALL, 0, "" },
	{ "DequantizeLinear", "10, 13, 19, 21", QUANTIZED | T(INT32), 2, "" },
	{ "Div", "1, 6, 7, 13, 14", NUMBERS, 1, "an integer divided by 0 is an error" },
	{ "Dropout", "1, 6, 7, 10, 12, 13", FLOATS, 0, "inference only: training mode is refused unless the ratio is 0" },
	{ "Elu", "1, 6", FLOATS, 1, "" },
	{ "Equal", "1, 7, 11, 13, 19", NUMBERS | T(BOOL), 1, "" },
	{ "Erf", "9, 13", FLOATS, 1, "" },
	{ "Exp", "1, 6, 13", FLOATS, 1, "" },
	{ "Expand", "8, 13", ALL, 0, "" },
	{ "Flatten", "1, 9, 11, 13, 21", ALL, 0, "" },
	{ "Floor", "1, 6, 13", FLOATS, 1, "" },
	{ "Gather", "1, 11, 13", ALL, 0, "" },
	{ "GatherElements", "11, 13", ALL, 0, "" },
	{ "Gelu", "20", FLOATS, 1, "" },
	{ "Gemm", "1, 6, 7, 9, 11, 13", T(F32) | HALF, 1, "" },
	{ "GlobalAveragePool", "1", T(F32) | HALF, 1, "" },
	{ "GlobalMaxPool", "1", T(F32) | HALF, 1, "" },
	{ "Greater", "1, 7, 9, 13", NUMBERS, 1, "" },
	{ "GreaterOrEqual", "12, 16", NUMBERS, 1, "" },
	{ "HardSigmoid", "1, 6", FLOATS, 1, "" },
	{ "HardSwish", "14", FLOATS, 1, "" },
	{ "Identity", "1, 13, 14, 16, 19, 21", ALL, 0, "sequences and optional values are refused" },
	{ "InstanceNormalization", "1, 6", T(F32) | HALF, 1, "" },
	{ "LRN", "1, 13", T(F32) | HALF, 1, "" },
	{ "LeakyRelu", "1, 6, 16", FLOATS, 1, "" },
	{ "Less", "1, 7, 9, 13", NUMBERS, 1, "" },
	{ "LessOrEqual", "12, 16", NUMBERS, 1, "" },
	{ "Log", "1, 6, 13", FLOATS, 1, "" },
	{ "LogSoftmax", "1, 11, 13", FLOATS, 1, "" },
	{ "MatMul", "1, 9, 13", T(F32) | HALF, 1, "" },
	{ "MatMulInteger", "10", T(INT8) | T(UINT8), 0, "" },
	{ "Max", "1, 6, 8, 12, 13", NUMBERS, 1, "at most 64 inputs" },
	{ "MaxPool", "1, 8, 10, 11, 12", T(F32) | HALF | T(INT8) | T(UINT8), 1, "" },
	{ "Mean", "1, 6, 8, 13", FLOATS, 1, "at most 64 inputs" },
	{ "Min", "1, 6, 8, 12, 13", NUMBERS, 1, "at most 64 inputs" },
	{ "Mish", "18", FLOATS, 1, "" },
	{ "Mul", "1, 6, 7, 13, 14", NUMBERS, 1, "" },
	{ "Neg", "1, 6, 13", FLOATS | SIGNED, 1, "" },
	{ "Not", "1", T(BOOL), 0, "" },
	{ "Or", "1, 7", T(BOOL), 0, "" },
	{ "PRelu", "1, 6, 7, 9, 16", FLOATS | T(INT32) | T(INT64) | T(UINT32) | T(UINT64), 1, "" },
	{ "Pad", "1, 2, 11, 13, 18, 19, 21", ALL, 0, "" },
	{ "Pow", "1, 7, 12, 13, 15", NUMBERS, 1, "" },
	{ "QLinearConv", "10", T(INT8) | T(UINT8), 0, "" },
	{ "QLinearMatMul", "10, 21", T(INT8) | T(UINT8), 0, "" },
	{ "QuantizeLinear", "10, 13, 19, 21", T(F32) | HALF | T(INT32), 1, "to int4, uint4, int8, uint8, int16, uint16, float8" },
	{ "Reciprocal", "1, 6, 13", FLOATS, 1, "" },
	{ "ReduceL1", "1, 11, 13, 18", NUMBERS, 1, "" },
	{ "ReduceL2", "1, 11, 13, 18", NUMBERS, 1, "" },
	{ "ReduceLogSum", "1, 11, 13, 18", NUMBERS, 1, "" },
	{ "ReduceLogSumExp", "1, 11, 13, 18", NUMBERS, 1, "" },
	{ "ReduceMax", "1, 11, 12, 13, 18, 20", NUMBERS | T(BOOL), 1, "" },
	{ "ReduceMean", "1, 11, 13, 18", NUMBERS, 1, "" },
	{ "ReduceMin", "1, 11, 12, 13, 18, 20", NUMBERS | T(BOOL), 1, "" },
	{ "ReduceProd", "1, 11, 13, 18", NUMBERS, 1, "" },
	{ "ReduceSum", "1, 11, 13", NUMBERS, 1, "" },
	{ "ReduceSumSquare", "1, 11, 13, 18", NUMBERS, 1, "" },
	{ "Relu", "1, 6, 13, 14", FLOATS | SIGNED, 1, "" },
	{ "Reshape", "1, 5, 13, 14, 19, 21", ALL, 0, "" },
	{ "Resize", "10, 11, 13, 18, 19", NUMBERS, 1, "" },
	{ "Round", "11", FLOATS, 1, "" },
	{ "Selu", "1, 6", FLOATS, 1, "" },
	{ "Shape", "1, 13, 15, 19, 21", ALL, 0, "" },
	{ "Shrink", "9", NUMBERS, 1, "" },
	{ "Sigmoid", "1, 6, 13", FLOATS, 1, "" },
	{ "Sign", "9, 13", NUMBERS, 1, "" },
	{ "Size", "1, 13, 19, 21", ALL, 0, "" },
	{ "Slice", "1, 10, 11, 13", ALL, 0, "" },
	{ "Softmax", "1, 11, 13", FLOATS, 1, "" },
	{ "Softplus", "1", FLOATS, 1, "" },
	{ "Softsign", "1", FLOATS, 1, "" },
	{ "SpaceToDepth", "1, 13", ALL, 0, "" },
	{ "Split", "1, 2, 11, 13, 18", ALL, 0, "at most 64 outputs" },
	{ "Sqrt", "1, 6, 13", FLOATS, 1, "" },
	{ "Squeeze", "1, 11, 13, 21", ALL, 0, "" },
	{ "Sub", "1, 6, 7, 13, 14", NUMBERS, 1, "" },
	{ "Sum", "1, 6, 8, 13", FLOATS, 1, "at most 64 inputs" },
	{ "Swish", "24", FLOATS, 1, "" },
	{ "Tanh", "1, 6, 13", FLOATS, 1, "" },
	{ "ThresholdedRelu", "10", FLOATS, 1, "" },
	{ "Tile", "1, 6, 13", ALL, 0, "" },
	{ "Transpose", "1, 13, 21", ALL, 0, "" },
	{ "Unsqueeze", "1, 11, 13, 21", ALL, 0, "" },
	{ "Upsample", "1, 7, 9, 10", NUMBERS, 1, "before opset 10; Resize took its place" },
	{ "Where", "9, 16", T(BOOL), 0, "" },
	{ "Xor", "1, 7", T(BOOL), 0, "" },
	{ "BipolarQuant", "", T(F32), 0, "" },
	{ "IntQuant", "", T(F32), 0, "Quant by its newer name" },
	{ "MultiThreshold", "", T(F32), 0, "" },
	{ "Quant", "", T(F32), 0, "" },
	{ "Trunc", "", T(F32), 0, "both versions" },
	{ "LogQuant", "", T(F32), 0, "see LOGQUANT.md" },
};

const struct lxa_optypes *lxa_optypes_at(int i)
{
	return i < (int)(sizeof(types) / sizeof(types[0])) ? &types[i] : NULL;
}

const struct lxa_optypes *lxa_optypes_find(const struct lxa_opdef *op)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(types[i].name, op->name))
			return &types[i];
	return NULL;
}
