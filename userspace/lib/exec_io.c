/* SPDX-License-Identifier: MIT */
/* exec_io.c - the caller's tensors: a batch's part of the inputs in, its outputs to their place. */
#include <errno.h>
#include <string.h>

#include "dtype.h"
#include "exec.h"

int exec_check_input(const struct lxa_plan *p, int i, const struct lxa_tensor *t, int64_t total, struct lxa_err *err)
{
	const struct lxa_value *v = &p->g->values[p->g->in[i]];
	int d, same = t->ndim == v->t.ndim && t->data != NULL;

	for (d = 1; same && d < t->ndim; d++)
		same = t->dims[d] == v->t.dims[d];
	if (!same || t->ndim < 1)
		return lxa_err_set(err, -EINVAL, "%s: input %s has another shape than the model's", p->g->path,
				   v->name);
	if (t->dims[0] != total)
		return lxa_err_set(err, -EINVAL, "%s: input %s has %lld images, the first input %lld", p->g->path,
				   v->name,
				   (long long)t->dims[0], (long long)total);
	if (t->dtype != v->t.dtype && t->dtype != LXA_F32)
		return lxa_err_set(err, -EINVAL, "%s: input %s has element type %d, the model wants %d", p->g->path,
				   v->name,
				   t->dtype, v->t.dtype);
	return 0;
}

int exec_load_inputs(struct run *r, struct plan_batch *b, const struct lxa_tensor *in)
{
	struct lxa_tensor part;
	int i;

	for (i = 0; i < r->p->g->n_in; i++) {
		int value = r->p->g->in[i];
		struct lxa_tensor *t = &b->v[value].t;
		size_t each = (size_t)(lxa_tensor_count(&in[i]) / r->total), size = lxa_dtype_size(in[i].dtype);
		const uint8_t *src = (const uint8_t *)in[i].data + (size_t)b->first * each * size;

		*t = in[i];
		t->data = NULL;
		t->dims[0] = b->n;
		t->dtype = r->p->g->values[value].t.dtype;
		if (lxa_tensor_alloc(t))
			return lxa_err_set(r->err, -ENOMEM, "out of memory for %lld images", (long long)b->n);
		part = *t;
		part.dtype = in[i].dtype;
		part.data = (void *)src;
		lxa_convert(t, &part, 1);
		b->v[value].made = PLAN_READY;
	}
	return 0;
}

int exec_store_outputs(struct run *r, struct plan_batch *b, struct lxa_tensor *out)
{
	int i, ret;

	for (i = 0; i < r->p->g->n_out; i++) {
		const char *name = r->p->g->values[r->p->g->out[i]].name;
		const struct lxa_tensor *t;
		size_t bytes;

		ret = exec_value_float(r, b, r->p->g->out[i], &t);
		if (ret)
			return ret;
		if (b->n != r->total && (t->ndim < 1 || t->dims[0] != b->n))
			return lxa_err_set(r->err, -EINVAL,
					   "%s: output %s does not have one part an image: it takes all %lld "
					   "images in one batch", r->p->g->path, name, (long long)r->total);
		bytes = (size_t)lxa_tensor_count(t) * lxa_dtype_size(t->dtype);
		if (!out[i].data) {
			out[i] = *t;
			out[i].data = NULL;
			if (b->n != r->total)
				out[i].dims[0] = r->total;
			if (lxa_tensor_alloc(&out[i]))
				return lxa_err_set(r->err, -ENOMEM, "out of memory for output %s", name);
		}
		memcpy((uint8_t *)out[i].data + (size_t)b->first * (bytes / (size_t)b->n), t->data, bytes);
		exec_did(r, b, PLAN_DID_STORE, i);
	}
	return 0;
}
