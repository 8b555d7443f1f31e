/* SPDX-License-Identifier: MIT */
/* op_util.c - what the operators' functions share: sentences, checks, integer lists, broadcasting; see graph_priv.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "graph_priv.h"

int lxa_op_err(const struct lxa_op_ctx *c, int code, const char *fmt, ...)
{
	char text[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return lxa_err_set(c->err, code, "%s: node '%s' (%s): %s", c->g->path ? c->g->path : "graph", c->n->name, c->n->op,
			   text);
}

const char *lxa_dims_str(int ndim, const int64_t *dims, char buf[160])
{
	int i, len = 0;

	if (!ndim)
		return "scalar";
	buf[0] = 0;
	for (i = 0; i < ndim && len < 136; i++)
		len += snprintf(buf + len, (size_t)(160 - len), "%s%lld", i ? "x" : "", (long long)dims[i]);
	return buf;
}

int lxa_op_need_f32(const struct lxa_op_ctx *c, int i)
{
	const struct lxa_tensor *t = i < c->n_in ? c->in[i] : NULL;

	if (!t)
		return lxa_op_err(c, -EINVAL, "input %d is missing", i);
	if (t->dtype != LXA_F32)
		return lxa_op_err(c, -EOPNOTSUPP, "input %d is %s; this operator is supported for float", i,
				  lxa_dtype_name((int)t->dtype));
	return 0;
}

int lxa_op_shape(const struct lxa_op_ctx *c, int o, enum lxa_dtype dtype, int ndim, const int64_t *dims)
{
	struct lxa_tensor *t = &c->out[o];
	char buf[160];
	int i;

	if (ndim > LXA_MAX_DIMS)
		return lxa_op_err(c, -EINVAL, "output %d would have %d dimensions, at most %d are supported", o, ndim,
				  LXA_MAX_DIMS);
	if (lxa_dims_count(ndim, dims) < 0)
		return lxa_op_err(c, -EINVAL, "output %d would be too large (%s)", o, lxa_dims_str(ndim, dims, buf));
	t->dtype = dtype;
	t->ndim = ndim;
	for (i = 0; i < ndim; i++)
		t->dims[i] = dims[i];
	return 0;
}

int lxa_op_axis(const struct lxa_op_ctx *c, int64_t axis, int ndim, int end_ok, int *out)
{
	if (axis < -(int64_t)ndim || axis >= ndim + !!end_ok)
		return lxa_op_err(c, -EINVAL, "axis %lld is outside a tensor of %d dimensions", (long long)axis, ndim);
	*out = (int)(axis < 0 ? axis + ndim : axis);
	return 0;
}

int lxa_op_ints(const struct lxa_op_ctx *c, int i, const char *what, int max, int64_t *v, int *n)
{
	const struct lxa_tensor *t = i < c->n_in ? c->in[i] : NULL;
	int64_t count;
	int k;

	if (!t)
		return lxa_op_err(c, -EINVAL, "input %d (%s) is missing", i, what);
	if (t->dtype != LXA_INT64 && t->dtype != LXA_INT32)
		return lxa_op_err(c, -EINVAL, "input %d (%s) is %s, must be int64", i, what, lxa_dtype_name((int)t->dtype));
	if (!t->data)
		return lxa_op_err(c, -EINVAL, "input %d (%s) is not a constant: shapes that are computed from data are not "
				  "supported", i, what);
	count = lxa_tensor_count(t);
	if (t->ndim > 1 || count > max)
		return lxa_op_err(c, -EINVAL, "input %d (%s) has %lld values, at most %d are possible", i, what,
				  (long long)count, max);
	for (k = 0; k < count; k++)
		v[k] = t->dtype == LXA_INT64 ? ((const int64_t *)t->data)[k] : ((const int32_t *)t->data)[k];
	*n = (int)count;
	return 0;
}

int lxa_op_attr_ints(const struct lxa_op_ctx *c, const char *name, int max, int64_t *v, int *n)
{
	const struct lxa_attr *a = lxa_node_attr(c->n, name);
	size_t k;

	*n = 0;
	if (!a)
		return 0;
	if (a->type != LXA_ATTR_INTS)
		return lxa_op_err(c, -EINVAL, "attribute %s is not a list of integers", name);
	if (a->n > (size_t)max)
		return lxa_op_err(c, -EINVAL, "attribute %s has %zu values, at most %d are possible", name, a->n, max);
	for (k = 0; k < a->n; k++)
		v[k] = a->ints[k];
	*n = (int)a->n;
	return 0;
}

int lxa_op_broadcast(const struct lxa_op_ctx *c, const struct lxa_tensor *a, const struct lxa_tensor *b,
		     int *ndim, int64_t *dims)
{
	char sa[160], sb[160];
	int i;

	*ndim = a->ndim > b->ndim ? a->ndim : b->ndim;
	for (i = 0; i < *ndim; i++) {
		int ia = i - (*ndim - a->ndim), ib = i - (*ndim - b->ndim);
		int64_t da = ia < 0 ? 1 : a->dims[ia], db = ib < 0 ? 1 : b->dims[ib];

		if (da != db && da != 1 && db != 1)
			return lxa_op_err(c, -EINVAL, "shapes %s and %s do not broadcast",
					  lxa_dims_str(a->ndim, a->dims, sa), lxa_dims_str(b->ndim, b->dims, sb));
		dims[i] = da == 1 ? db : da;
	}
	return 0;
}
