/* SPDX-License-Identifier: MIT */
/* infer_eltwise.c - output types and shapes of the element-wise operators. */
#include <errno.h>
#include <string.h>

#include "dtype.h"
#include "ops.h"

LXA_OP_INFER(same)
{
	return lxa_op_shape(c, 0, c->in[0]->dtype, c->in[0]->ndim, c->in[0]->dims);
}

LXA_OP_INFER(same_f32)
{
	int ret = lxa_op_need_f32(c, 0);

	return ret ? ret : lxa_infer_same(c);
}

LXA_OP_INFER(gelu)
{
	const char *how = lxa_node_string(c->n, "approximate", "none");

	if (strcmp(how, "none") && strcmp(how, "tanh"))
		return lxa_op_err(c, -EINVAL, "approximate \"%s\" is not known", how);
	return lxa_infer_same(c);
}

int lxa_binary_operand(const struct lxa_op_ctx *c, struct lxa_tensor *b)
{
	const struct lxa_tensor *x = c->in[0];
	int axis, per_channel, ret;

	*b = *c->in[1];
	per_channel = !strcmp(c->n->op, "PRelu") && b->ndim == 1 && b->dims[0] != 1 && x->ndim > 1;
	if (c->g->opset >= 7 || (!per_channel && !lxa_node_attr(c->n, "axis")))
		return 0;
	ret = lxa_op_axis(c, per_channel ? 1 : lxa_node_int(c->n, "axis", 0), x->ndim, 0, &axis);
	if (ret)
		return ret;
	if (axis + b->ndim > x->ndim)
		return lxa_op_err(c, -EINVAL, "axis %d is too large for the shapes", axis);
	while (axis + b->ndim < x->ndim)
		b->dims[b->ndim++] = 1;
	return 0;
}

static int same_types(const struct lxa_op_ctx *c, int i, int k)
{
	if (c->in[i]->dtype == c->in[k]->dtype)
		return 0;
	return lxa_op_err(c, -EOPNOTSUPP, "the inputs are %s and %s; both must have the same type",
			  lxa_dtype_name((int)c->in[i]->dtype), lxa_dtype_name((int)c->in[k]->dtype));
}

/* Two operands of one type. */
static int two(struct lxa_op_ctx *c, enum lxa_dtype type)
{
	struct lxa_tensor b;
	int64_t dims[LXA_MAX_DIMS];
	int ndim, ret;

	ret = lxa_binary_operand(c, &b);
	if (!ret)
		ret = lxa_op_broadcast(c, c->in[0], &b, &ndim, dims);
	return ret ? ret : lxa_op_shape(c, 0, type, ndim, dims);
}

LXA_OP_INFER(binary)
{
	int ret = same_types(c, 0, 1);

	return ret ? ret : two(c, c->in[0]->dtype);
}

LXA_OP_INFER(compare)
{
	int ret = same_types(c, 0, 1);

	return ret ? ret : two(c, LXA_BOOL);
}

/* The exponent may have another type; the result has the base's. */
LXA_OP_INFER(pow)
{
	if (c->in[1]->dtype == LXA_BOOL)
		return lxa_op_err(c, -EINVAL, "the exponent (input 1) is bool, must be a number");
	return two(c, c->in[0]->dtype);
}

/* The slope broadcasts to the input, not the other way round. */
LXA_OP_INFER(prelu)
{
	const struct lxa_tensor *x = c->in[0];
	int ret = lxa_infer_binary(c);

	if (!ret && (c->out[0].ndim != x->ndim || memcmp(c->out[0].dims, x->dims, (size_t)x->ndim * sizeof(*x->dims))))
		ret = lxa_op_err(c, -EINVAL, "the slope (input 1) does not broadcast to input 0");
	return ret;
}

LXA_OP_INFER(variadic)
{
	struct lxa_tensor sum = *c->in[0];
	int64_t dims[LXA_MAX_DIMS];
	int i, ndim, ret;

	for (i = 1; i < c->n_in; i++) {
		if (!c->in[i])
			return lxa_op_err(c, -EINVAL, "input %d is missing", i);
		ret = same_types(c, 0, i);
		if (!ret)
			ret = lxa_op_broadcast(c, &sum, c->in[i], &ndim, dims);
		if (ret)
			return ret;
		sum.ndim = ndim;
		memcpy(sum.dims, dims, sizeof(dims));
	}
	return lxa_op_shape(c, 0, sum.dtype, sum.ndim, sum.dims);
}

LXA_OP_INFER(where)
{
	struct lxa_tensor both = { 0 };
	int64_t dims[LXA_MAX_DIMS];
	int ndim, ret = same_types(c, 1, 2);

	if (!ret)
		ret = lxa_op_broadcast(c, c->in[1], c->in[2], &both.ndim, both.dims);
	if (!ret)
		ret = lxa_op_broadcast(c, &both, c->in[0], &ndim, dims);
	return ret ? ret : lxa_op_shape(c, 0, c->in[1]->dtype, ndim, dims);
}

/*
 * Inference only: nothing is dropped. Training mode (opset 12: input 2; before opset 7: an attribute) is the same when
 * the ratio is 0.
 */
LXA_OP_INFER(dropout)
{
	const struct lxa_tensor *x = c->in[0], *ratio = c->n_in > 1 ? c->in[1] : NULL, *training = c->n_in > 2 ? c->in[2] : NULL;
	int ret, may_drop = 0;

	if (training)
		may_drop = !training->data || lxa_tensor_count(training) != 1 || *(const uint8_t *)training->data;
	else if (c->g->opset < 7)
		may_drop = !lxa_node_int(c->n, "is_test", 0);
	if (training && may_drop && ratio && lxa_tensor_is_zero(ratio))
		may_drop = 0;
	if (may_drop)
		return lxa_op_err(c, -EOPNOTSUPP, "is or may be in training mode, which is not supported");
	ret = lxa_infer_same(c);
	if (!ret && c->n_out > 1)
		ret = lxa_op_shape(c, 1, c->g->opset < 10 ? x->dtype : LXA_BOOL, x->ndim, x->dims);
	return ret;
}
