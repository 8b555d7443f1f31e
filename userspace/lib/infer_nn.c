/* SPDX-License-Identifier: MIT */
/* infer_nn.c - output shapes of the operators that compute; those that only move data are in infer_move.c. */
#include <errno.h>
#include <string.h>

#include "ops.h"
#include "window.h"

int lxa_conv_shape(struct lxa_op_ctx *c, const struct lxa_tensor *w, const struct lxa_tensor *b, enum lxa_dtype type)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t group = lxa_node_int(c->n, "group", 1), dims[LXA_MAX_DIMS];
	struct lxa_window win;
	char sx[160], sw[160];
	int i, ret;

	if (x->ndim < 3 || w->ndim != x->ndim)
		return lxa_op_err(c, -EINVAL, "input %s and weights %s do not belong together",
				  lxa_dims_str(x->ndim, x->dims, sx), lxa_dims_str(w->ndim, w->dims, sw));
	if (group < 1 || w->dims[0] < 1 || w->dims[1] < 1 || w->dims[0] % group || x->dims[1] % group ||
	    x->dims[1] / group != w->dims[1])
		return lxa_op_err(c, -EINVAL, "input %s, weights %s and group %lld do not belong together",
				  lxa_dims_str(x->ndim, x->dims, sx), lxa_dims_str(w->ndim, w->dims, sw), (long long)group);
	if (b && (b->ndim != 1 || b->dims[0] != w->dims[0]))
		return lxa_op_err(c, -EINVAL, "the bias is %s, must be %lld", lxa_dims_str(b->ndim, b->dims, sx),
				  (long long)w->dims[0]);
	ret = lxa_window_parse(c, w->dims + 2, 0, &win);
	if (ret)
		return ret;
	dims[0] = x->dims[0];
	dims[1] = w->dims[0];
	for (i = 0; i < win.nd; i++)
		dims[2 + i] = win.out[i];
	return lxa_op_shape(c, 0, type, x->ndim, dims);
}

static int need_f32_all(struct lxa_op_ctx *c)
{
	int i, ret = 0;

	for (i = 0; i < c->n_in && !ret; i++)
		ret = c->in[i] ? lxa_op_need_f32(c, i) : 0;
	return ret;
}

LXA_OP_INFER(conv)
{
	int ret = need_f32_all(c);

	return ret ? ret : lxa_conv_shape(c, c->in[1], c->n_in > 2 ? c->in[2] : NULL, LXA_F32);
}

/* The weights are C x M/group x kernel. */
LXA_OP_INFER(conv_transpose)
{
	const struct lxa_tensor *x = c->in[0], *w = c->in[1], *b = c->n_in > 2 ? c->in[2] : NULL;
	int64_t group = lxa_node_int(c->n, "group", 1), dims[LXA_MAX_DIMS];
	struct lxa_window win;
	char sx[160], sw[160];
	int i, ret = need_f32_all(c);

	if (ret)
		return ret;
	if (x->ndim < 3 || w->ndim != x->ndim || group < 1 || w->dims[0] < 1 || w->dims[1] < 1 ||
	    w->dims[1] > LXA_MAX_COUNT / group || x->dims[1] != w->dims[0] || w->dims[0] % group)
		return lxa_op_err(c, -EINVAL, "input %s, weights %s and group %lld do not belong together",
				  lxa_dims_str(x->ndim, x->dims, sx), lxa_dims_str(w->ndim, w->dims, sw), (long long)group);
	if (b && (b->ndim != 1 || b->dims[0] != w->dims[1] * group))
		return lxa_op_err(c, -EINVAL, "the bias is %s, must be %lld", lxa_dims_str(b->ndim, b->dims, sx),
				  (long long)(w->dims[1] * group));
	ret = lxa_window_transposed(c, w->dims + 2, &win);
	if (ret)
		return ret;
	dims[0] = x->dims[0];
	dims[1] = w->dims[1] * group;
	for (i = 0; i < win.nd; i++)
		dims[2 + i] = win.out[i];
	return lxa_op_shape(c, 0, LXA_F32, x->ndim, dims);
}

LXA_OP_INFER(pool)
{
	const struct lxa_tensor *x = c->in[0];
	int max = !strcmp(c->n->op, "MaxPool");
	struct lxa_window win;
	int64_t dims[LXA_MAX_DIMS];
	int i, ret = 0;

	if (!max)
		ret = lxa_op_need_f32(c, 0);
	else if (x->dtype != LXA_F32 && x->dtype != LXA_UINT8 && x->dtype != LXA_INT8)
		ret = lxa_op_err(c, -EOPNOTSUPP, "input 0 is %s; supported are float, uint8 and int8",
				 lxa_dtype_name((int)x->dtype));
	if (!ret)
		ret = lxa_window_parse(c, NULL, lxa_node_int(c->n, "ceil_mode", 0) != 0, &win);
	if (ret)
		return ret;
	for (i = 0; i < win.nd; i++)
		if (win.pad_begin[i] > (win.kernel[i] - 1) * win.dilation[i] ||
		    win.pad_end[i] > (win.kernel[i] - 1) * win.dilation[i])
			return lxa_op_err(c, -EINVAL, "padding %lld + %lld is larger than the window in spatial dimension %d",
					  (long long)win.pad_begin[i], (long long)win.pad_end[i], i);
	dims[0] = x->dims[0];
	dims[1] = x->dims[1];
	for (i = 0; i < win.nd; i++)
		dims[2 + i] = win.out[i];
	ret = lxa_op_shape(c, 0, x->dtype, x->ndim, dims);
	if (!ret && c->n_out > 1)
		ret = lxa_op_shape(c, 1, LXA_INT64, x->ndim, dims);
	return ret;
}

LXA_OP_INFER(global_pool)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t dims[LXA_MAX_DIMS];
	int i, ret = lxa_op_need_f32(c, 0);

	if (ret)
		return ret;
	if (x->ndim < 3)
		return lxa_op_err(c, -EINVAL, "the input has %d dimensions, must have at least 3", x->ndim);
	for (i = 0; i < x->ndim; i++) {
		dims[i] = i < 2 ? x->dims[i] : 1;
		if (i >= 2 && !x->dims[i])
			return lxa_op_err(c, -EINVAL, "the input is empty in dimension %d", i);
	}
	return lxa_op_shape(c, 0, LXA_F32, x->ndim, dims);
}

LXA_OP_INFER(gemm)
{
	const struct lxa_tensor *a = c->in[0], *b = c->in[1], *bias = c->n_in > 2 ? c->in[2] : NULL;
	int ta = lxa_node_int(c->n, "transA", 0) != 0, tb = lxa_node_int(c->n, "transB", 0) != 0;
	int64_t dims[LXA_MAX_DIMS], bdims[LXA_MAX_DIMS];
	struct lxa_tensor out = { .ndim = 2 };
	char sa[160], sb[160];
	int ndim, ret;

	ret = need_f32_all(c);
	if (ret)
		return ret;
	if (a->ndim != 2 || b->ndim != 2 || a->dims[!ta] != b->dims[tb])
		return lxa_op_err(c, -EINVAL, "%s%s times %s%s is not possible", lxa_dims_str(a->ndim, a->dims, sa),
				  ta ? " transposed" : "", lxa_dims_str(b->ndim, b->dims, sb), tb ? " transposed" : "");
	dims[0] = out.dims[0] = a->dims[ta];
	dims[1] = out.dims[1] = b->dims[!tb];
	if (bias) {
		ret = lxa_op_broadcast(c, &out, bias, &ndim, bdims);
		if (ret)
			return ret;
		if (ndim != 2 || bdims[0] != dims[0] || bdims[1] != dims[1])
			return lxa_op_err(c, -EINVAL, "C (%s) does not broadcast to %lldx%lld",
					  lxa_dims_str(bias->ndim, bias->dims, sa), (long long)dims[0],
					  (long long)dims[1]);
	}
	return lxa_op_shape(c, 0, LXA_F32, 2, dims);
}

int lxa_matmul_shape(struct lxa_op_ctx *c, const struct lxa_tensor *a, const struct lxa_tensor *b, enum lxa_dtype type)
{
	struct lxa_tensor ba = { 0 }, bb = { 0 };
	int64_t dims[LXA_MAX_DIMS];
	char sa[160], sb[160];
	int ndim, i, ret;

	if (!a->ndim || !b->ndim || a->dims[a->ndim - 1] != b->dims[b->ndim > 1 ? b->ndim - 2 : 0])
		return lxa_op_err(c, -EINVAL, "%s times %s is not possible", lxa_dims_str(a->ndim, a->dims, sa),
				  lxa_dims_str(b->ndim, b->dims, sb));
	/* The batch dimensions broadcast; a vector is a row on the left and a column on the right, and goes again. */
	for (i = 0; i < a->ndim - 2; i++)
		ba.dims[ba.ndim++] = a->dims[i];
	for (i = 0; i < b->ndim - 2; i++)
		bb.dims[bb.ndim++] = b->dims[i];
	ret = lxa_op_broadcast(c, &ba, &bb, &ndim, dims);
	if (ret)
		return ret;
	if (a->ndim > 1)
		dims[ndim++] = a->dims[a->ndim - 2];
	if (b->ndim > 1)
		dims[ndim++] = b->dims[b->ndim - 1];
	return lxa_op_shape(c, 0, type, ndim, dims);
}

LXA_OP_INFER(matmul)
{
	int ret = need_f32_all(c);

	return ret ? ret : lxa_matmul_shape(c, c->in[0], c->in[1], LXA_F32);
}

int lxa_batch_norm_spatial(const struct lxa_op_ctx *c)
{
	return c->g->opset >= 9 || lxa_node_int(c->n, "spatial", 1);
}

/* Before opset 9, with spatial = 0: the parameters have one value for each element of an image. */
static int batch_norm_each(struct lxa_op_ctx *c)
{
	const struct lxa_tensor *x = c->in[0];
	int i, d, fits;

	for (i = 1; i < 5; i++) {
		fits = c->in[i]->ndim == x->ndim - 1;
		for (d = 1; fits && d < x->ndim; d++)
			fits = c->in[i]->dims[d - 1] == x->dims[d];
		if (!fits)
			return lxa_op_err(c, -EINVAL, "input %d must have the shape of one image, as spatial is 0", i);
	}
	return lxa_op_shape(c, 0, LXA_F32, x->ndim, x->dims);
}

LXA_OP_INFER(batch_norm)
{
	const struct lxa_tensor *x = c->in[0];
	int64_t channels;
	int i, ret;

	ret = need_f32_all(c);
	if (ret)
		return ret;
	if (c->n_out > 1 || lxa_node_int(c->n, "training_mode", 0))
		return lxa_op_err(c, -EOPNOTSUPP, "is in training mode, which is not supported");
	if (!lxa_batch_norm_spatial(c))
		return batch_norm_each(c);
	channels = x->ndim > 1 ? x->dims[1] : 1;
	for (i = 1; i < 5; i++)
		if (c->in[i]->ndim != 1 || c->in[i]->dims[0] != channels)
			return lxa_op_err(c, -EINVAL, "input %d must have one value for each of %lld channels", i,
					  (long long)channels);
	return lxa_op_shape(c, 0, LXA_F32, x->ndim, x->dims);
}

LXA_OP_INFER(instance_norm)
{
	const struct lxa_tensor *x = c->in[0];
	int i, ret = need_f32_all(c);

	if (ret)
		return ret;
	if (x->ndim < 3)
		return lxa_op_err(c, -EINVAL, "the input has %d dimensions, must have at least 3", x->ndim);
	for (i = 1; i < 3; i++)
		if (c->in[i]->ndim != 1 || c->in[i]->dims[0] != x->dims[1])
			return lxa_op_err(c, -EINVAL, "input %d must have one value for each of %lld channels", i,
					  (long long)x->dims[1]);
	return lxa_infer_same(c);
}

LXA_OP_INFER(lrn)
{
	int ret = lxa_op_need_f32(c, 0);

	if (ret)
		return ret;
	if (c->in[0]->ndim < 2)
		return lxa_op_err(c, -EINVAL, "the input has %d dimensions, must have at least 2", c->in[0]->ndim);
	if (lxa_node_int(c->n, "size", 0) < 1)
		return lxa_op_err(c, -EINVAL, "size is %lld, must be at least 1", (long long)lxa_node_int(c->n, "size", 0));
	return lxa_infer_same(c);
}
