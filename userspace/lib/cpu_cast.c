/* SPDX-License-Identifier: MIT */
/* cpu_cast.c - Cast, CastLike, ConstantOfShape: the operators whose output's element type is their own matter. */
#include <errno.h>
#include <string.h>

#include "dtype.h"
#include "ops.h"

LXA_OP_INFER(cast)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t to;

	if (!strcmp(c->n->op, "CastLike")) {
		to = c->in[1]->dtype;
	} else {
		if (!lxa_node_attr(c->n, "to"))
			return lxa_op_err(c, -EINVAL, "attribute to is missing");
		to = lxa_node_int(c->n, "to", 0);
	}
	if (to < 0 || to > INT32_MAX || !lxa_dtype_size((enum lxa_dtype)to))
		return lxa_op_err(c, -EOPNOTSUPP, "casts to element type %lld (%s), which is not supported", (long long)to,
				  lxa_dtype_name(to < 0 || to > INT32_MAX ? -1 : (int)to));
	return lxa_op_shape(c, 0, (enum lxa_dtype)to, x->ndim, x->dims);
}

LXA_OP_EXEC(cast)
{
	lxa_convert(&c->out[0], c->in[0], lxa_node_int(c->n, "saturate", 1) != 0);
	return 0;
}

/* The value: a tensor of one element; without it a float 0. */
LXA_OP_INFER(constant_of_shape)
{
	const struct lxa_attr *a = lxa_node_attr(c->n, "value");
	int64_t dims[LXA_MAX_DIMS];
	int n, ret;

	if (a && (a->type != LXA_ATTR_TENSOR || lxa_tensor_count(&a->t) != 1))
		return lxa_op_err(c, -EINVAL, "attribute value is not a tensor of one element");
	ret = lxa_op_ints(c, 0, "shape", LXA_MAX_DIMS, dims, &n);
	return ret ? ret : lxa_op_shape(c, 0, a ? a->t.dtype : LXA_F32, n, dims);
}

LXA_OP_EXEC(constant_of_shape)
{
	const struct lxa_attr *a = lxa_node_attr(c->n, "value");
	int64_t n = lxa_tensor_count(&c->out[0]), i;
	size_t size = lxa_dtype_size(c->out[0].dtype);

	for (i = 0; a && i < n; i++)
		memcpy((char *)c->out[0].data + (size_t)i * size, a->t.data, size);
	return 0;
}

/* Nothing is dropped, and the mask says so: in the input's type before opset 10, then bool. */
LXA_OP_EXEC(dropout)
{
	int64_t n = lxa_tensor_count(c->in[0]), i;

	memcpy(c->out[0].data, c->in[0]->data, (size_t)n * lxa_dtype_size(c->in[0]->dtype));
	for (i = 0; c->n_out > 1 && i < n; i++)
		lxa_real_put(&c->out[1], i, 1);
	return 0;
}
