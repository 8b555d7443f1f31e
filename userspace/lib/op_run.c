/* SPDX-License-Identifier: MIT */
/*
 * op_run.c - infers and runs one operator of the table: arity, types, memory for the outputs; float16 and bfloat16 by way
 * of float, for operators that know only that.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dtype.h"
#include "op_types.h"

static int check_node(const struct lxa_opdef *op, const struct lxa_op_ctx *c)
{
	int i;

	if (c->n_in < op->min_in || c->n_in > op->max_in)
		return lxa_op_err(c, -EINVAL, "has %d inputs, must have %d to %d", c->n_in, op->min_in, op->max_in);
	if (c->n_out < 1 || c->n_out > op->max_out)
		return lxa_op_err(c, -EINVAL, "has %d outputs, must have 1 to %d", c->n_out, op->max_out);
	for (i = 0; i < op->min_in; i++)
		if (!c->in[i])
			return lxa_op_err(c, -EINVAL, "input %d is missing", i);
	return lxa_op_attr_types(c);
}

static int check_type(const struct lxa_optypes *t, const struct lxa_op_ctx *c)
{
	char list[256] = "";
	size_t len = 0;
	int k;

	if (!t || !c->n_in || !c->in[0] || t->types & LXA_TYPE(c->in[0]->dtype))
		return 0;
	for (k = 0; k < 32 && len < sizeof(list); k++)
		if (t->types & LXA_TYPE(k))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len ? ", " : "", lxa_dtype_name(k));
	return lxa_op_err(c, -EOPNOTSUPP, "input 0 is %s; supported are %s", lxa_dtype_name((int)c->in[0]->dtype), list);
}

/* A node's inputs with float in place of float16 and bfloat16. */
struct wide {
	struct lxa_tensor t[LXA_MAX_INPUTS];
	const struct lxa_tensor *in[LXA_MAX_INPUTS];
	struct lxa_op_ctx c;		/* the node as the operator is to see it */
	enum lxa_dtype result;		/* what float outputs become */
};

static int has_half(const struct lxa_optypes *t, const struct lxa_op_ctx *c)
{
	int i;

	for (i = 0; t && t->widen && i < c->n_in; i++)
		if (c->in[i] && lxa_dtype_is_half(c->in[i]->dtype))
			return 1;
	return 0;
}

static void widen_free(struct wide *w)
{
	int i;

	for (i = 0; i < w->c.n_in; i++)
		lxa_tensor_free(&w->t[i]);
}

/* max: inputs of more elements get no data. */
static int widen(struct wide *w, const struct lxa_optypes *t, const struct lxa_op_ctx *c, int64_t max)
{
	const struct lxa_tensor *model = c->in[t->widen - 1];
	int i;

	memset(w, 0, sizeof(*w));
	w->c = *c;
	w->c.in = w->in;
	w->result = model && lxa_dtype_is_half(model->dtype) ? model->dtype : LXA_F32;
	for (i = 0; i < c->n_in; i++) {
		w->in[i] = c->in[i];
		if (!c->in[i] || !lxa_dtype_is_half(c->in[i]->dtype))
			continue;
		w->t[i] = *c->in[i];
		w->t[i].dtype = LXA_F32;
		w->t[i].data = NULL;
		w->in[i] = &w->t[i];
		if (!c->in[i]->data || lxa_tensor_count(c->in[i]) > max)
			continue;
		if (lxa_tensor_alloc(&w->t[i])) {
			widen_free(w);
			return lxa_op_err(c, -ENOMEM, "out of memory");
		}
		lxa_convert(&w->t[i], c->in[i], 1);
	}
	return 0;
}

static int infer_wide(const struct lxa_opdef *op, const struct lxa_optypes *t, struct lxa_op_ctx *c)
{
	struct wide w;
	int i, ret = widen(&w, t, c, 2 * LXA_MAX_DIMS);	/* lists that decide shapes are no longer */

	if (ret)
		return ret;
	ret = op->infer(&w.c);
	for (i = 0; i < c->n_out && !ret; i++)
		if (c->out[i].dtype == LXA_F32)
			c->out[i].dtype = w.result;
	widen_free(&w);
	return ret;
}

static int exec_wide(const struct lxa_opdef *op, const struct lxa_optypes *t, struct lxa_op_ctx *c)
{
	struct lxa_tensor out[LXA_MAX_OUTPUTS];
	struct wide w;
	int i, ret = widen(&w, t, c, LXA_MAX_COUNT);

	if (ret)
		return ret;
	w.c.out = out;
	ret = lxa_op_exec(op, &w.c);
	widen_free(&w);
	if (ret)
		return ret;
	for (i = 0; i < c->n_out; i++) {
		c->out[i] = out[i];
		if (out[i].dtype != LXA_F32 || w.result == LXA_F32)
			continue;
		c->out[i].dtype = w.result;
		if (lxa_tensor_alloc(&c->out[i]))
			ret = lxa_op_err(c, -ENOMEM, "no memory for output %d", i);
		else
			lxa_convert(&c->out[i], &out[i], 1);
		lxa_tensor_free(&out[i]);
	}
	return ret;
}

int lxa_op_infer(const struct lxa_opdef *op, struct lxa_op_ctx *c)
{
	const struct lxa_optypes *t = lxa_optypes_find(op);
	int ret = check_node(op, c);

	if (!ret)
		ret = check_type(t, c);
	if (ret)
		return ret;
	return has_half(t, c) ? infer_wide(op, t, c) : op->infer(c);
}

int lxa_op_exec(const struct lxa_opdef *op, struct lxa_op_ctx *c)
{
	const struct lxa_optypes *t = lxa_optypes_find(op);
	int i, ret, any = 0;

	for (i = 0; i < c->n_out; i++)
		memset(&c->out[i], 0, sizeof(c->out[i]));
	ret = lxa_op_infer(op, c);
	if (ret)
		return ret;
	if (has_half(t, c)) {
		ret = exec_wide(op, t, c);
	} else {
		for (i = 0; i < c->n_out && !ret; i++) {
			any |= lxa_tensor_count(&c->out[i]) > 0;
			if (lxa_tensor_alloc(&c->out[i]))
				ret = lxa_op_err(c, -ENOMEM, "no memory for output %d", i);
		}
		if (!ret && any)
			ret = op->exec(c);
	}
	for (i = 0; i < c->n_out && ret; i++)
		lxa_tensor_free(&c->out[i]);
	return ret;
}
