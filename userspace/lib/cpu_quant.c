/* SPDX-License-Identifier: MIT */
/* cpu_quant.c - LogQuant and the operators of QONNX over tensors; one value at a time they are in quant_ops.c. */
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

/* Element i of a bit width, which may be a float or an integer. */
static float bits_at(const struct lxa_tensor *t, int64_t i)
{
	switch (t->dtype) {
	case LXA_INT32:
		return (float)((const int32_t *)t->data)[i];
	case LXA_INT64:
		return (float)((const int64_t *)t->data)[i];
	default:
		return ((const float *)t->data)[i];
	}
}

/* One stretch along which the bit width stays the same. */
static void quant_run(const struct lxa_quant *q, const struct lxa_bcast *b, const struct lxa_op_ctx *c, int64_t from,
		      int64_t to)
{
	const float *x = (const float *)c->in[0]->data + b->off[0], *scale = (const float *)c->in[1]->data + b->off[1];
	const float *zero = (const float *)c->in[2]->data + b->off[2];
	float *out = (float *)c->out[0].data + b->pos;
	int64_t i;

	for (i = from; i < to; i++) {
		float s = scale[i * b->step[1]], z = zero[i * b->step[2]];

		out[i] = lxa_quant_value(q, s, z, lxa_quant_code(q, s, z, x[i * b->step[0]]));
	}
}

LXA_OP_EXEC(quant)
{
	const struct lxa_tensor *bits = c->in[3];
	int64_t i, run;
	struct lxa_quant q;
	struct lxa_bcast b;
	struct lxa_err e;
	int more;

	if (lxa_quant_parse(c->n, bits_at(bits, 0), &q, &e))
		return named(c, &e, -EINVAL);
	for (more = lxa_bcast_start(&b, c->out[0].ndim, c->out[0].dims, 4, c->in); more; more = lxa_bcast_next(&b)) {
		run = b.step[3] ? 1 : b.inner;
		for (i = 0; i < b.inner; i += run) {
			float want = bits_at(bits, b.off[3] + i * b.step[3]);

			if (want != q.bits && lxa_quant_bits(c->n, want, &q, &e))
				return named(c, &e, -EINVAL);
			quant_run(&q, &b, c, i, i + run);
		}
	}
	return 0;
}

LXA_OP_EXEC(trunc)
{
	int version = c->n_in == 5 ? 1 : 2, out_bits = c->n_in - 1, more;
	const struct lxa_tensor *out_scale = c->in[version == 1 ? 1 : 4];
	struct lxa_trunc p;
	struct lxa_bcast b;
	struct lxa_err e;
	int64_t i;

	if (lxa_trunc_parse(c->n, version, &p, &e))
		return named(c, &e, -EINVAL);
	for (more = lxa_bcast_start(&b, c->out[0].ndim, c->out[0].dims, c->n_in, c->in); more; more = lxa_bcast_next(&b)) {
		for (i = 0; i < b.inner; i++) {
#define AT(k, t) ((const float *)(t)->data)[b.off[k] + i * b.step[k]]
			float n_in = bits_at(c->in[3], b.off[3] + i * b.step[3]);
			float n_out = bits_at(c->in[out_bits], b.off[out_bits] + i * b.step[out_bits]);
			float s_out = version == 1 ? 0 : AT(4, out_scale);

			if (!(n_in >= 1 && n_in <= 64 && n_out >= 1 && n_out <= 64))
				return lxa_op_err(c, -EINVAL, "the bit widths are %g and %g, must be 1 to 64", (double)n_in,
						  (double)n_out);
			((float *)c->out[0].data)[b.pos + i] = lxa_trunc_value(&p, AT(1, c->in[1]), AT(2, c->in[2]), n_in,
									       s_out, n_out, AT(0, c->in[0]));
#undef AT
		}
	}
	return 0;
}

LXA_OP_EXEC(multithreshold)
{
	const struct lxa_tensor *x = c->in[0], *t = c->in[1];
	int64_t inner = 1, outer = 1, o, ch, i, steps = t->dims[1];
	const float *v = x->data;
	float *out = c->out[0].data;
	struct lxa_mthresh p;
	struct lxa_err e;
	int axis, d;

	if (lxa_mthresh_parse(c->n, &p, &e))
		return named(c, &e, -EINVAL);
	axis = lxa_mthresh_axis(&p, x, t);
	for (d = 0; d < x->ndim; d++)
		*(d < axis ? &outer : &inner) *= d == axis ? 1 : x->dims[d];
	for (o = 0; o < outer; o++)
		for (ch = 0; ch < x->dims[axis]; ch++) {
			const float *row = (const float *)t->data + (t->dims[0] == 1 ? 0 : ch * steps);

			for (i = 0; i < inner; i++)
				*out++ = lxa_mthresh_value(&p, lxa_mthresh_count(row, steps, *v++));
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
