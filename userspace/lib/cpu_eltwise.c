/* SPDX-License-Identifier: MIT */
/*
 * cpu_eltwise.c - the element-wise operators of several inputs, with broadcasting: arithmetic, Min, Max, Sum, Mean, PRelu,
 * comparisons, logic, Where.
 *
 * Plain loops: they are bound by memory, a primitive would win nothing, and integers and broadcasting come for free.
 * Integers wrap around as in NumPy.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "bcast.h"
#include "dtype.h"
#include "ops.h"

enum code { ADD, SUB, MUL, DIV, POW, MIN, MAX, PRELU, EQUAL, LESS, GREATER, LESS_EQUAL, GREATER_EQUAL, AND, OR, XOR, N_CODES };

static const char *const names[N_CODES] = {
	"Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "PRelu", "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual",
	"And", "Or", "Xor",
};

static enum code code_of(const struct lxa_node *n)
{
	int i;

	if (!strcmp(n->op, "Sum") || !strcmp(n->op, "Mean"))
		return ADD;
	for (i = 0; strcmp(names[i], n->op); i++)
		;
	return (enum code)i;
}

/* -EDOM for a division by zero. */
static int int_op(enum code op, int with_sign, uint64_t a, uint64_t b, uint64_t *r)
{
	int lt = with_sign ? (int64_t)a < (int64_t)b : a < b;

	switch (op) {
	case ADD:
		*r = a + b;
		return 0;
	case SUB:
		*r = a - b;
		return 0;
	case MUL:
		*r = a * b;
		return 0;
	case DIV:
		if (!b)
			return -EDOM;
		if (!with_sign)
			*r = a / b;
		else if (b == UINT64_MAX)
			*r = -a;	/* by -1: the smallest number would trap */
		else
			*r = (uint64_t)((int64_t)a / (int64_t)b);
		return 0;
	case MIN:
		*r = lt ? a : b;
		return 0;
	case MAX:
		*r = lt ? b : a;
		return 0;
	case PRELU:
		*r = with_sign && (int64_t)a < 0 ? a * b : a;
		return 0;
	case EQUAL:
		*r = a == b;
		return 0;
	case LESS:
		*r = lt;
		return 0;
	case GREATER:
		*r = !lt && a != b;
		return 0;
	case LESS_EQUAL:
		*r = lt || a == b;
		return 0;
	case GREATER_EQUAL:
		*r = !lt;
		return 0;
	case AND:
		*r = a && b;
		return 0;
	case OR:
		*r = a || b;
		return 0;
	case XOR:
		*r = !a != !b;
		return 0;
	default:		/* POW: b is not negative */
		for (*r = 1; b; b >>= 1, a *= a)
			*r *= b & 1 ? a : 1;
		return 0;
	}
}

static int binary_int(struct lxa_op_ctx *c, const struct lxa_tensor *const *x, enum code op)
{
	int with_sign = lxa_dtype_is_signed(x[0]->dtype), more, ret = 0;
	struct lxa_bcast b;
	uint64_t r;
	int64_t i;

	for (more = lxa_bcast_start(&b, c->out[0].ndim, c->out[0].dims, 2, x); more && !ret; more = lxa_bcast_next(&b)) {
		for (i = 0; i < b.inner && !ret; i++) {
			ret = int_op(op, with_sign, lxa_int_get(x[0], b.off[0] + i * b.step[0]),
				     lxa_int_get(x[1], b.off[1] + i * b.step[1]), &r);
			if (!ret)
				lxa_int_put(&c->out[0], b.pos + i, r);
		}
	}
	return ret ? lxa_op_err(c, ret, "divides an integer by zero") : 0;
}

#define LOOP(R, expr)								\
	for (i = 0; i < n; i++) {						\
		__typeof__(*x) a = x[i * sx], b = y[i * sy];			\
										\
		((R *)out)[i] = (expr);						\
	}									\
	return

/* One inner loop in float or double; comparisons write bool. The larger and the smaller of a number and NaN are NaN. */
#define RUN(T, power)								\
static void run_##T(enum code op, void *out, const T *x, int64_t sx, const T *y, int64_t sy, int64_t n)	\
{										\
	int64_t i;								\
										\
	switch (op) {								\
	case ADD:								\
		LOOP(T, a + b);							\
	case SUB:								\
		LOOP(T, a - b);							\
	case MUL:								\
		LOOP(T, a * b);							\
	case DIV:								\
		LOOP(T, a / b);							\
	case MIN:								\
		LOOP(T, a < b || a != a ? a : b);				\
	case MAX:								\
		LOOP(T, a > b || a != a ? a : b);				\
	case PRELU:								\
		LOOP(T, a < 0 ? a * b : a);					\
	case EQUAL:								\
		LOOP(uint8_t, a == b);						\
	case LESS:								\
		LOOP(uint8_t, a < b);						\
	case GREATER:								\
		LOOP(uint8_t, a > b);						\
	case LESS_EQUAL:							\
		LOOP(uint8_t, a <= b);						\
	case GREATER_EQUAL:							\
		LOOP(uint8_t, a >= b);						\
	default:								\
		LOOP(T, power(a, b));						\
	}									\
}

RUN(float, powf)
RUN(double, pow)

/* Base and exponent of different types, or integers: through double unless both are integers. */
static int power_mixed(struct lxa_op_ctx *c, const struct lxa_tensor *const *x)
{
	int ints = !lxa_dtype_is_float(x[0]->dtype) && !lxa_dtype_is_float(x[1]->dtype), more;
	struct lxa_bcast b;
	uint64_t r;
	int64_t i;

	for (more = lxa_bcast_start(&b, c->out[0].ndim, c->out[0].dims, 2, x); more; more = lxa_bcast_next(&b)) {
		for (i = 0; i < b.inner; i++) {
			int64_t p = b.off[0] + i * b.step[0], q = b.off[1] + i * b.step[1];
			double e = lxa_real_get(x[1], q);

			if (ints && e >= 0) {
				int_op(POW, 0, lxa_int_get(x[0], p), lxa_int_get(x[1], q), &r);
				lxa_int_put(&c->out[0], b.pos + i, r);
			} else {
				lxa_real_put(&c->out[0], b.pos + i, pow(lxa_real_get(x[0], p), e));
			}
		}
	}
	return 0;
}

static int apply(struct lxa_op_ctx *c, enum code op, const struct lxa_tensor *const *x)
{
	struct lxa_tensor *out = &c->out[0];
	enum lxa_dtype type = x[0]->dtype;
	size_t size = lxa_dtype_size(out->dtype);
	struct lxa_bcast b;
	int more;

	if (op == POW && (type != x[1]->dtype || !lxa_dtype_is_float(type)))
		return power_mixed(c, x);
	if (type != LXA_F32 && type != LXA_F64)
		return binary_int(c, x, op);
	for (more = lxa_bcast_start(&b, out->ndim, out->dims, 2, x); more; more = lxa_bcast_next(&b)) {
		char *to = (char *)out->data + (size_t)b.pos * size;

		if (type == LXA_F32)
			run_float(op, to, (const float *)x[0]->data + b.off[0], b.step[0],
				  (const float *)x[1]->data + b.off[1], b.step[1], b.inner);
		else
			run_double(op, to, (const double *)x[0]->data + b.off[0], b.step[0],
				   (const double *)x[1]->data + b.off[1], b.step[1], b.inner);
	}
	return 0;
}

LXA_OP_EXEC(binary)
{
	struct lxa_tensor second;
	const struct lxa_tensor *x[2] = { c->in[0], &second };
	int ret = lxa_binary_operand(c, &second);

	return ret ? ret : apply(c, code_of(c->n), x);
}

/* Copies one operand into the output's shape; where: only at the elements whose condition has the given value. */
static void spread(struct lxa_tensor *out, const struct lxa_tensor *x, const struct lxa_tensor *where, int value)
{
	const struct lxa_tensor *t[2] = { x, where ? where : x };
	size_t size = lxa_dtype_size(out->dtype);
	struct lxa_bcast b;
	int64_t i;
	int more;

	for (more = lxa_bcast_start(&b, out->ndim, out->dims, 2, t); more; more = lxa_bcast_next(&b))
		for (i = 0; i < b.inner; i++)
			if (!where || !((const uint8_t *)where->data)[b.off[1] + i * b.step[1]] == !value)
				memcpy((char *)out->data + (size_t)(b.pos + i) * size,
				       (const char *)x->data + (size_t)(b.off[0] + i * b.step[0]) * size, size);
}

LXA_OP_EXEC(expand)
{
	spread(&c->out[0], c->in[0], NULL, 0);
	return 0;
}

LXA_OP_EXEC(where)
{
	spread(&c->out[0], c->in[1], c->in[0], 1);
	spread(&c->out[0], c->in[2], c->in[0], 0);
	return 0;
}

/* Min, Max, Sum, Mean: the first input, and the others onto it one by one. */
LXA_OP_EXEC(variadic)
{
	struct lxa_tensor *out = &c->out[0], count = { .dtype = LXA_F32 };
	const struct lxa_tensor *x[2] = { out };
	float n32 = (float)c->n_in;
	double n64 = c->n_in;
	int i, ret = 0;

	spread(out, c->in[0], NULL, 0);
	for (i = 1; i < c->n_in && !ret; i++) {
		x[1] = c->in[i];
		ret = apply(c, code_of(c->n), x);
	}
	if (ret || strcmp(c->n->op, "Mean"))
		return ret;
	count.dtype = out->dtype;
	count.data = out->dtype == LXA_F32 ? (void *)&n32 : (void *)&n64;
	x[1] = &count;
	return apply(c, DIV, x);
}
