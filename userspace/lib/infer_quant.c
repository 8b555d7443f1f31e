/* SPDX-License-Identifier: MIT */
/* infer_quant.c - output types and shapes of the quantizers: LogQuant and the operators of QONNX. */
#include <errno.h>
#include <string.h>

#include "ops.h"
#include "quant_ops.h"

/* Input i broadcasts to input 0's shape. */
static int fits_x(struct lxa_op_ctx *c, int i)
{
	int64_t dims[LXA_MAX_DIMS];
	char sx[160], sp[160];
	int ndim, ret;

	ret = lxa_op_broadcast(c, c->in[0], c->in[i], &ndim, dims);
	if (ret)
		return ret;
	if (ndim == c->in[0]->ndim && !memcmp(dims, c->in[0]->dims, (size_t)ndim * sizeof(*dims)))
		return 0;
	return lxa_op_err(c, -EINVAL, "input %d (%s) does not broadcast to input 0 (%s)", i,
			  lxa_dims_str(c->in[i]->ndim, c->in[i]->dims, sp),
			  lxa_dims_str(c->in[0]->ndim, c->in[0]->dims, sx));
}

/* The inputs are float and broadcast to input 0's shape; those whose bit is set in `bits` may be integers, too. */
static int quantizer(struct lxa_op_ctx *c, unsigned int bits)
{
	int i, ret = 0;

	for (i = 0; i < c->n_in && !ret; i++) {
		if (!c->in[i])
			return lxa_op_err(c, -EINVAL, "input %d is missing", i);
		if (!(bits >> i & 1) || (c->in[i]->dtype != LXA_INT32 && c->in[i]->dtype != LXA_INT64))
			ret = lxa_op_need_f32(c, i);
		if (!ret && i)
			ret = fits_x(c, i);
	}
	return ret ? ret : lxa_infer_same(c);
}

LXA_OP_INFER(quant)
{
	return quantizer(c, 1 << 3);
}

LXA_OP_INFER(trunc)
{
	return quantizer(c, c->n_in == 5 ? 3 << 3 : 5 << 3);
}

LXA_OP_INFER(bipolar)
{
	return quantizer(c, 0);
}

LXA_OP_INFER(logquant)
{
	struct lxa_logq p;
	struct lxa_err e;
	int ret = quantizer(c, 0);

	if (ret)
		return ret;
	/* The sentence gets the file's name as well. */
	if (lxa_logq_parse(c->n, &p, &e))
		return lxa_err_set(c->err, -EINVAL, "%s: %.400s", c->g->path ? c->g->path : "graph", e.text);
	return 0;
}

LXA_OP_INFER(multithreshold)
{
	struct lxa_mthresh p;
	struct lxa_err e;
	char sx[160], st[160];
	int ret;

	ret = lxa_op_need_f32(c, 0);
	if (!ret)
		ret = lxa_op_need_f32(c, 1);
	if (ret)
		return ret;
	if (lxa_mthresh_parse(c->n, &p, &e))
		return lxa_err_set(c->err, -EINVAL, "%s: %.400s", c->g->path ? c->g->path : "graph", e.text);
	if (lxa_mthresh_axis(&p, c->in[0], c->in[1]) < 0)
		return lxa_op_err(c, -EINVAL, "input %s and thresholds %s do not belong together",
				  lxa_dims_str(c->in[0]->ndim, c->in[0]->dims, sx),
				  lxa_dims_str(c->in[1]->ndim, c->in[1]->dims, st));
	return lxa_infer_same(c);
}
