/* SPDX-License-Identifier: MIT */
/* infer_qlinear.c - output types and shapes of ONNX's quantized operators. */
#include <errno.h>

#include "dtype.h"
#include "ops.h"
#include "qlinear.h"
#include "window.h"

const struct lxa_int_args lxa_args_integer = {
	.x = 0, .w = 1, .x_zero = 2, .w_zero = 3, .x_scale = -1, .w_scale = -1, .y_scale = -1, .y_zero = -1, .bias = -1,
};
const struct lxa_int_args lxa_args_qlinear = {
	.x = 0, .x_scale = 1, .x_zero = 2, .w = 3, .w_scale = 4, .w_zero = 5, .y_scale = 6, .y_zero = 7, .bias = 8,
};

/* ---- QuantizeLinear, DequantizeLinear ---- */

static int same_shape(const struct lxa_tensor *a, const struct lxa_tensor *b)
{
	int d;

	for (d = 0; d < a->ndim && a->ndim == b->ndim; d++)
		if (a->dims[d] != b->dims[d])
			return 0;
	return a->ndim == b->ndim;
}

static int grain_blocked(const struct lxa_op_ctx *c, int axis, int64_t block, struct lxa_grain *g)
{
	const struct lxa_tensor *x = c->in[0], *s = c->in[1];
	char sx[160], ss[160];
	int d, fits = s->ndim == x->ndim && block > 0;

	for (d = 0; fits && d < x->ndim; d++)
		fits = s->dims[d] == (d == axis ? x->dims[d] / block + (x->dims[d] % block != 0) : x->dims[d]);
	if (!fits)
		return lxa_op_err(c, -EINVAL, "the scale (%s) is not that of blocks of %lld along axis %d of %s",
				  lxa_dims_str(s->ndim, s->dims, ss), (long long)block, axis,
				  lxa_dims_str(x->ndim, x->dims, sx));
	g->block = block;
	g->blocks = s->dims[axis];
	return 0;
}

int lxa_grain_parse(const struct lxa_op_ctx *c, struct lxa_grain *g)
{
	const struct lxa_tensor *x = c->in[0], *s = c->in[1], *zero = c->n_in > 2 ? c->in[2] : NULL;
	int64_t block = lxa_node_int(c->n, "block_size", 0);
	int axis, d, ret;
	char ss[160], sz[160];

	*g = (struct lxa_grain){ .outer = 1, .len = 1, .inner = 1 };
	/* A single zero point may be a scalar or a list of one, whichever the scale is. */
	if (zero && !same_shape(s, zero) && (lxa_tensor_count(s) != 1 || lxa_tensor_count(zero) != 1))
		return lxa_op_err(c, -EINVAL, "the scale is %s, the zero point %s", lxa_dims_str(s->ndim, s->dims, ss),
				  lxa_dims_str(zero->ndim, zero->dims, sz));
	if (!block && s->ndim <= 1 && lxa_tensor_count(s) == 1) {
		g->inner = lxa_tensor_count(x);
		return 0;
	}
	ret = lxa_op_axis(c, lxa_node_int(c->n, "axis", 1), x->ndim, 0, &axis);
	if (ret)
		return ret;
	for (d = 0; d < x->ndim; d++)
		*(d < axis ? &g->outer : d == axis ? &g->len : &g->inner) *= x->dims[d];
	if (block)
		return grain_blocked(c, axis, block, g);
	g->per_axis = 1;
	if (s->ndim != 1 || s->dims[0] != x->dims[axis])
		return lxa_op_err(c, -EINVAL, "the scale is %s, must be one value or one for each of %lld along axis %d",
				  lxa_dims_str(s->ndim, s->dims, ss), (long long)x->dims[axis], axis);
	return 0;
}

static int is_int8(enum lxa_dtype t)
{
	return t == LXA_INT8 || t == LXA_UINT8;
}

static int is_quantized(enum lxa_dtype t)
{
	return is_int8(t) || t == LXA_INT16 || t == LXA_UINT16 || t == LXA_INT4 || t == LXA_UINT4 ||
	       (lxa_dtype_is_float(t) && lxa_dtype_size(t) == 1);
}

static int is_scale(enum lxa_dtype t)
{
	return t == LXA_F32 || lxa_dtype_is_half(t);
}

/* For messages: the name of a type that a file gives as a number. */
static const char *type_name(int64_t t)
{
	return lxa_dtype_name(t < 0 || t > 64 ? -1 : (int)t);
}

static int need_scale(const struct lxa_op_ctx *c)
{
	if (is_scale(c->in[1]->dtype))
		return 0;
	return lxa_op_err(c, -EOPNOTSUPP, "the scale is %s; supported are float, float16 and bfloat16",
			  lxa_dtype_name((int)c->in[1]->dtype));
}

LXA_OP_INFER(quantize_linear)
{
	const struct lxa_tensor *x = c->in[0], *zero = c->n_in > 2 ? c->in[2] : NULL;
	int64_t wanted = lxa_node_int(c->n, "output_dtype", 0), precision = lxa_node_int(c->n, "precision", 0);
	int64_t type = zero ? (int64_t)zero->dtype : wanted ? wanted : LXA_UINT8;
	struct lxa_grain g;
	int ret = need_scale(c);

	if (ret)
		return ret;
	if (x->dtype != LXA_INT32 && !is_scale(x->dtype))
		return lxa_op_err(c, -EOPNOTSUPP, "input 0 is %s; supported are float, float16, bfloat16 and int32",
				  lxa_dtype_name((int)x->dtype));
	if (wanted && wanted != type)
		return lxa_op_err(c, -EINVAL, "output_dtype is %lld (%s), the zero point is %s", (long long)wanted,
				  type_name(wanted), type_name(type));
	if (type < 0 || type > 64 || !is_quantized((enum lxa_dtype)type))
		return lxa_op_err(c, -EOPNOTSUPP, "quantizes to type %lld (%s); supported are integers of 4, 8 and 16 bits "
				  "and float8", (long long)type, type_name(type));
	if (precision && precision != LXA_F32)
		return lxa_op_err(c, -EOPNOTSUPP, "precision is %lld (%s); supported is float", (long long)precision,
				  type_name(precision));
	ret = lxa_grain_parse(c, &g);
	return ret ? ret : lxa_op_shape(c, 0, (enum lxa_dtype)type, x->ndim, x->dims);
}

LXA_OP_INFER(dequantize_linear)
{
	const struct lxa_tensor *x = c->in[0], *zero = c->n_in > 2 ? c->in[2] : NULL;
	int64_t type = lxa_node_int(c->n, "output_dtype", 0);
	struct lxa_grain g;
	int ret = need_scale(c);

	if (ret)
		return ret;
	if (!is_quantized(x->dtype) && x->dtype != LXA_INT32)
		return lxa_op_err(c, -EOPNOTSUPP, "input 0 is %s; supported are integers of 4, 8, 16 and 32 bits and float8",
				  lxa_dtype_name((int)x->dtype));
	if (zero && zero->dtype != x->dtype)
		return lxa_op_err(c, -EINVAL, "input 0 is %s, its zero point is %s", lxa_dtype_name((int)x->dtype),
				  lxa_dtype_name((int)zero->dtype));
	if (!type)
		type = c->in[1]->dtype;
	if (type < 0 || type > 64 || !is_scale((enum lxa_dtype)type))
		return lxa_op_err(c, -EOPNOTSUPP, "output_dtype is %lld (%s); supported are float, float16 and bfloat16",
				  (long long)type, type_name(type));
	ret = lxa_grain_parse(c, &g);
	return ret ? ret : lxa_op_shape(c, 0, (enum lxa_dtype)type, x->ndim, x->dims);
}

/* ---- ConvInteger, MatMulInteger, QLinearConv, QLinearMatMul ---- */

/* Input i is there when it has to be, of 8 bits, and of input `like`'s type. */
static int need_int8(const struct lxa_op_ctx *c, int i, int like)
{
	const struct lxa_tensor *t = lxa_arg(c, i);

	if (!t)
		return 0;
	if (!is_int8(t->dtype))
		return lxa_op_err(c, -EINVAL, "input %d is %s, must be int8 or uint8", i, lxa_dtype_name((int)t->dtype));
	if (t->dtype != c->in[like]->dtype)
		return lxa_op_err(c, -EINVAL, "input %d is %s, input %d, to which it belongs, is %s", i,
				  lxa_dtype_name((int)t->dtype), like, lxa_dtype_name((int)c->in[like]->dtype));
	return 0;
}

static int need_types(const struct lxa_op_ctx *c, const struct lxa_int_args *a)
{
	const struct lxa_tensor *bias = lxa_arg(c, a->bias);
	int scales[3] = { a->x_scale, a->w_scale, a->y_scale }, i, ret = need_int8(c, a->x, a->x);

	if (!ret)
		ret = need_int8(c, a->w, a->w);
	if (!ret)
		ret = need_int8(c, a->x_zero, a->x);
	if (!ret)
		ret = need_int8(c, a->w_zero, a->w);
	if (ret || a->y_zero < 0)
		return ret;
	ret = need_int8(c, a->y_zero, a->y_zero);
	for (i = 0; i < 3 && !ret; i++)
		if (!is_scale(c->in[scales[i]]->dtype))
			ret = lxa_op_err(c, -EINVAL, "input %d is %s, must be float, float16 or bfloat16", scales[i],
					 lxa_dtype_name((int)c->in[scales[i]]->dtype));
	if (!ret && bias && bias->dtype != LXA_INT32)
		ret = lxa_op_err(c, -EINVAL, "the bias is %s, must be int32", lxa_dtype_name((int)bias->dtype));
	return ret;
}

/* Input i has one value, or one for each of n (n 0: only one is possible). */
static int need_values(const struct lxa_op_ctx *c, int i, int64_t n)
{
	const struct lxa_tensor *t = lxa_arg(c, i);
	char st[160];

	if (!t || lxa_tensor_count(t) == 1 || (n && t->ndim == 1 && t->dims[0] == n))
		return 0;
	if (!n)
		return lxa_op_err(c, -EINVAL, "input %d is %s, must be one value", i, lxa_dims_str(t->ndim, t->dims, st));
	return lxa_op_err(c, -EINVAL, "input %d is %s, must be one value or %lld", i, lxa_dims_str(t->ndim, t->dims, st),
			  (long long)n);
}

static int conv(struct lxa_op_ctx *c, const struct lxa_int_args *a)
{
	const struct lxa_tensor *w = c->in[a->w], *bias = lxa_arg(c, a->bias);
	enum lxa_dtype type = a->y_zero < 0 ? LXA_INT32 : c->in[a->y_zero]->dtype;
	int64_t m = w->ndim ? w->dims[0] : 0;
	int ret = need_types(c, a);

	if (!ret)
		ret = lxa_conv_shape(c, w, bias, type);
	if (!ret)
		ret = need_values(c, a->x_zero, 0);
	if (!ret)
		ret = need_values(c, a->w_zero, m);
	if (!ret)
		ret = need_values(c, a->x_scale, 0);
	if (!ret)
		ret = need_values(c, a->w_scale, m);
	if (!ret)
		ret = need_values(c, a->y_scale, 0);
	return ret ? ret : need_values(c, a->y_zero, 0);
}

LXA_OP_INFER(conv_integer)
{
	return conv(c, &lxa_args_integer);
}

LXA_OP_INFER(qlinear_conv)
{
	return conv(c, &lxa_args_qlinear);
}

/*
 * Input i belongs to the rows (columns: to the columns) of the matrices t: one value, one for each line, or one for each line of
 * each matrix.
 */
static int need_lines(const struct lxa_op_ctx *c, int i, const struct lxa_tensor *t, int columns)
{
	const struct lxa_tensor *p = lxa_arg(c, i);
	int d, same, line = columns ? t->ndim - 1 : t->ndim - 2;
	char sp[160], st[160];

	if (!p || lxa_tensor_count(p) == 1)
		return 0;
	if (t->ndim > 1 && p->ndim == 1 && p->dims[0] == t->dims[line])
		return 0;
	same = p->ndim == t->ndim && t->ndim > 1;
	for (d = 0; same && d < t->ndim; d++)
		same = p->dims[d] == (d >= t->ndim - 2 && d != line ? 1 : t->dims[d]);
	if (same)
		return 0;
	return lxa_op_err(c, -EINVAL, "input %d is %s, must be one value or one for each %s of %s", i,
			  lxa_dims_str(p->ndim, p->dims, sp), columns ? "column" : "row", lxa_dims_str(t->ndim, t->dims, st));
}

static int matmul(struct lxa_op_ctx *c, const struct lxa_int_args *a)
{
	int ret = need_types(c, a);

	if (!ret)
		ret = lxa_matmul_shape(c, c->in[a->x], c->in[a->w], a->y_zero < 0 ? LXA_INT32 : c->in[a->y_zero]->dtype);
	if (!ret)
		ret = need_lines(c, a->x_zero, c->in[a->x], 0);
	if (!ret)
		ret = need_lines(c, a->x_scale, c->in[a->x], 0);
	if (!ret)
		ret = need_lines(c, a->w_zero, c->in[a->w], 1);
	if (!ret)
		ret = need_lines(c, a->w_scale, c->in[a->w], 1);
	if (!ret)
		ret = need_values(c, a->y_scale, 0);
	return ret ? ret : need_values(c, a->y_zero, 0);
}

LXA_OP_INFER(matmul_integer)
{
	return matmul(c, &lxa_args_integer);
}

LXA_OP_INFER(qlinear_matmul)
{
	return matmul(c, &lxa_args_qlinear);
}
