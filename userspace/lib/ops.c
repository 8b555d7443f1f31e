/* SPDX-License-Identifier: MIT */
/* ops.c - the table of known operators, and how one is run; see graph_priv.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ops.h"
#include "quant_ops.h"

#define MANY LXA_MAX_INPUTS

static const struct lxa_opdef ops[] = {
	/* name, domain, fewest and most inputs, most outputs, shapes, computation */
	{ "Add", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_binary, lxa_cpu_binary },
	{ "AveragePool", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_pool, lxa_cpu_average_pool },
	{ "BatchNormalization", LXA_DOMAIN_ONNX, 5, 5, 5, lxa_infer_batch_norm, lxa_cpu_batch_norm },
	{ "Clip", LXA_DOMAIN_ONNX, 1, 3, 1, lxa_infer_clip, lxa_cpu_clip },
	{ "Concat", LXA_DOMAIN_ONNX, 1, MANY, 1, lxa_infer_concat, lxa_cpu_concat },
	{ "Conv", LXA_DOMAIN_ONNX, 2, 3, 1, lxa_infer_conv, lxa_cpu_conv },
	{ "DepthToSpace", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_depth_to_space, lxa_cpu_depth_to_space },
	{ "Div", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_binary, lxa_cpu_binary },
	{ "Dropout", LXA_DOMAIN_ONNX, 1, 3, 2, lxa_infer_dropout, lxa_cpu_dropout },
	{ "Flatten", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_flatten, lxa_cpu_copy },
	{ "Gather", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_gather, lxa_cpu_gather },
	{ "Gemm", LXA_DOMAIN_ONNX, 2, 3, 1, lxa_infer_gemm, lxa_cpu_gemm },
	{ "GlobalAveragePool", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_global_pool, lxa_cpu_global_average_pool },
	{ "Identity", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_copy },
	{ "MatMul", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_matmul, lxa_cpu_matmul },
	{ "MaxPool", LXA_DOMAIN_ONNX, 1, 1, 2, lxa_infer_pool, lxa_cpu_max_pool },
	{ "Mul", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_binary, lxa_cpu_binary },
	{ "Pad", LXA_DOMAIN_ONNX, 1, 4, 1, lxa_infer_pad, lxa_cpu_pad },
	{ "Pow", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_binary, lxa_cpu_binary },
	{ "Relu", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same_f32, lxa_cpu_relu },
	{ "Reshape", LXA_DOMAIN_ONNX, 1, 2, 1, lxa_infer_reshape, lxa_cpu_copy },
	{ "Shape", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_shape, lxa_cpu_shape },
	{ "Sign", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_same, lxa_cpu_sign },
	{ "Slice", LXA_DOMAIN_ONNX, 1, 5, 1, lxa_infer_slice, lxa_cpu_slice },
	{ "Softmax", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_softmax, lxa_cpu_softmax },
	{ "Squeeze", LXA_DOMAIN_ONNX, 1, 2, 1, lxa_infer_squeeze, lxa_cpu_copy },
	{ "Sub", LXA_DOMAIN_ONNX, 2, 2, 1, lxa_infer_binary, lxa_cpu_binary },
	{ "Transpose", LXA_DOMAIN_ONNX, 1, 1, 1, lxa_infer_transpose, lxa_cpu_transpose },
	{ "Unsqueeze", LXA_DOMAIN_ONNX, 1, 2, 1, lxa_infer_unsqueeze, lxa_cpu_copy },
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

int lxa_op_infer(const struct lxa_opdef *op, struct lxa_op_ctx *c)
{
	int i;

	if (c->n_in < op->min_in || c->n_in > op->max_in)
		return lxa_op_err(c, -EINVAL, "has %d inputs, must have %d to %d", c->n_in, op->min_in, op->max_in);
	if (c->n_out < 1 || c->n_out > op->max_out)
		return lxa_op_err(c, -EINVAL, "has %d outputs, must have 1 to %d", c->n_out, op->max_out);
	for (i = 0; i < op->min_in; i++)
		if (!c->in[i])
			return lxa_op_err(c, -EINVAL, "input %d is missing", i);
	return op->infer(c);
}

int lxa_op_exec(const struct lxa_opdef *op, struct lxa_op_ctx *c)
{
	int i, ret;

	for (i = 0; i < c->n_out; i++)
		memset(&c->out[i], 0, sizeof(c->out[i]));
	ret = lxa_op_infer(op, c);
	if (ret)
		return ret;
	for (i = 0; i < c->n_out && !ret; i++)
		if (lxa_tensor_alloc(&c->out[i]))
			ret = lxa_op_err(c, -ENOMEM, "no memory for output %d", i);
	if (!ret && lxa_tensor_count(&c->out[0]))
		ret = op->exec(c);
	for (i = 0; i < c->n_out && ret; i++)
		lxa_tensor_free(&c->out[i]);
	return ret;
}
