/* SPDX-License-Identifier: MIT */
/* cpu_gemm.c - Gemm and MatMul by oneDNN's sgemm. */
#include <string.h>

#include "bcast.h"
#include "cpu_dnnl.h"
#include "ops.h"

LXA_OP_EXEC(gemm)
{
	const struct lxa_tensor *a = c->in[0], *b = c->in[1], *bias = c->n_in > 2 ? c->in[2] : NULL;
	int ta = lxa_node_int(c->n, "transA", 0) != 0, tb = lxa_node_int(c->n, "transB", 0) != 0, more;
	float alpha = lxa_node_float(c->n, "alpha", 1), beta = lxa_node_float(c->n, "beta", 1);
	int64_t m = c->out[0].dims[0], n = c->out[0].dims[1], k = a->dims[!ta], i;
	float *out = c->out[0].data;
	struct lxa_bcast bc;
	dnnl_status_t s;

	/* C goes into the output first, and sgemm adds to it. */
	for (more = bias && lxa_bcast_start(&bc, 2, c->out[0].dims, 1, &bias); more; more = lxa_bcast_next(&bc))
		for (i = 0; i < bc.inner; i++)
			out[bc.pos + i] = ((const float *)bias->data)[bc.off[0] + i * bc.step[0]] * beta;
	if (!k)
		return 0;
	s = dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, alpha, a->data, ta ? m : k, b->data, tb ? k : n,
		       bias ? 1 : 0, out, n);
	return s == dnnl_success ? 0 : lxa_dnnl_err(c, s);
}

/* The operand as a pile of matrices: a vector gets its missing dimension; *stride is a matrix's size. */
static struct lxa_tensor pile(const struct lxa_tensor *t, int64_t *stride)
{
	struct lxa_tensor b = { 0 };
	int i;

	for (i = 0; i < t->ndim - 2; i++)
		b.dims[b.ndim++] = t->dims[i];
	*stride = t->dims[t->ndim - 1] * (t->ndim > 1 ? t->dims[t->ndim - 2] : 1);
	return b;
}

LXA_OP_EXEC(matmul)
{
	const struct lxa_tensor *a = c->in[0], *b = c->in[1], *out = &c->out[0];
	int64_t k = a->dims[a->ndim - 1], m = a->ndim > 1 ? a->dims[a->ndim - 2] : 1;
	int64_t n = b->ndim > 1 ? b->dims[b->ndim - 1] : 1, stride[2], i;
	struct lxa_tensor pa = pile(a, &stride[0]), pb = pile(b, &stride[1]);
	const struct lxa_tensor *piles[2] = { &pa, &pb };
	int ndim = out->ndim - (a->ndim > 1) - (b->ndim > 1), more;
	dnnl_status_t s = dnnl_success;
	struct lxa_bcast bc;

	if (!k)
		return 0;
	/* One matrix on the right for all on the left, the fully connected layer: one product. */
	if (b->ndim <= 2 && a->ndim > 2) {
		for (i = 0; i < a->ndim - 2; i++)
			m *= a->dims[i];
		s = dnnl_sgemm('N', 'N', m, n, k, 1, a->data, k, b->data, n, 0, out->data, n);
		return s == dnnl_success ? 0 : lxa_dnnl_err(c, s);
	}
	for (more = lxa_bcast_start(&bc, ndim, out->dims, 2, piles); more && s == dnnl_success; more = lxa_bcast_next(&bc))
		for (i = 0; i < bc.inner && s == dnnl_success; i++)
			s = dnnl_sgemm('N', 'N', m, n, k, 1,
				       (const float *)a->data + (bc.off[0] + i * bc.step[0]) * stride[0], k,
				       (const float *)b->data + (bc.off[1] + i * bc.step[1]) * stride[1], n, 0,
				       (float *)out->data + (bc.pos + i) * m * n, n);
	return s == dnnl_success ? 0 : lxa_dnnl_err(c, s);
}
