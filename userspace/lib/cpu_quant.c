/* SPDX-License-Identifier: MIT */
/* cpu_quant.c - Quant, BipolarQuant and LogQuant over tensors; one value at a time they are in quant_ops.c. */
#include <errno.h>
#include <math.h>

#include "bcast.h"
#include "ops.h"
#include "quant_ops.h"

/* A sentence of quant_ops.c gets the file's name in front. */
static int named(const struct lxa_op_ctx *c, const struct lxa_err *e, int ret)
{
	return lxa_err_set(c->err, ret, "%s: %.400s", c->g->path ? c->g->path : "graph", e->text);
}

LXA_OP_EXEC(quant)
{
	const struct lxa_tensor *x[3] = { c->in[0], c->in[1], c->in[2] };
	struct lxa_tensor *out = &c->out[0];
	const float *p[3] = { x[0]->data, x[1]->data, x[2]->data };
	struct lxa_quant q;
	struct lxa_bcast b;
	struct lxa_err e;
	int64_t i;
	int more;

	if (lxa_quant_parse(c->n, *(const float *)c->in[3]->data, &q, &e))
		return named(c, &e, -EINVAL);
	for (more = lxa_bcast_start(&b, out->ndim, out->dims, 3, x); more; more = lxa_bcast_next(&b)) {
		for (i = 0; i < b.inner; i++) {
			float scale = p[1][b.off[1] + i * b.step[1]], zero = p[2][b.off[2] + i * b.step[2]];
			float code = lxa_quant_code(&q, scale, zero, p[0][b.off[0] + i * b.step[0]]);

			((float *)out->data)[b.pos + i] = lxa_quant_value(&q, scale, zero, code);
		}
	}
	return 0;
}

LXA_OP_EXEC(bipolar)
{
	const struct lxa_tensor *x[2] = { c->in[0], c->in[1] };
	const float *v = x[0]->data, *scale = x[1]->data;
	struct lxa_tensor *out = &c->out[0];
	struct lxa_bcast b;
	int64_t i;
	int more;

	for (more = lxa_bcast_start(&b, out->ndim, out->dims, 2, x); more; more = lxa_bcast_next(&b))
		for (i = 0; i < b.inner; i++)
			((float *)out->data)[b.pos + i] = lxa_bipolar_value(scale[b.off[1] + i * b.step[1]],
									    v[b.off[0] + i * b.step[0]]);
	return 0;
}

static int log_run(struct lxa_op_ctx *c, const struct lxa_logq *p, const struct lxa_bcast *b)
{
	const float *x = (const float *)c->in[0]->data + b->off[0], *fsr = (const float *)c->in[1]->data + b->off[1];
	float *out = (float *)c->out[0].data + b->pos;
	int sfsr = 0, negative, q;
	int64_t i;

	for (i = 0; i < b->inner; i++) {
		if (!i || b->step[1])
			if (lxa_logq_sfsr(p, fsr[i * b->step[1]], &sfsr))
				return lxa_op_err(c, -EINVAL, "fsr is %g: must be a multiple of 1/%d, with every code's value "
						  "inside float's range", (double)fsr[i * b->step[1]], p->steps);
		q = lxa_logquant_code(p, sfsr, x[i * b->step[0]], &negative);
		if (q < 0)
			return lxa_op_err(c, -EDOM, "element %lld of the input is not a number", (long long)(b->pos + i));
		out[i] = lxa_logquant_value(p, sfsr, q, negative);
	}
	return 0;
}

LXA_OP_EXEC(logquant)
{
	const struct lxa_tensor *x[2] = { c->in[0], c->in[1] };
	struct lxa_logq p;
	struct lxa_bcast b;
	struct lxa_err e;
	int more, ret = 0;

	if (lxa_logq_parse(c->n, &p, &e))
		return named(c, &e, -EINVAL);
	for (more = lxa_bcast_start(&b, c->out[0].ndim, c->out[0].dims, 2, x); more && !ret; more = lxa_bcast_next(&b))
		ret = log_run(c, &p, &b);
	return ret;
}
