/* SPDX-License-Identifier: MIT */
/*
 * cpu_unary.c - the element-wise operators of one input: activations, rounding, Exp and its kin; Clip.
 *
 * Plain loops in the input's own type: they are bound by memory but for the transcendental ones. float16 and bfloat16
 * come here as float (op_types.h).
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <string.h>
#include <tgmath.h>

#include "dtype.h"
#include "ops.h"

struct unary {
	const char *op;
	const char *attr[2];		/* its float attributes */
	float dflt[2];
	void (*f32)(float *y, const float *x, int64_t n, const float *p);
	void (*f64)(double *y, const double *x, int64_t n, const float *p);
};

/* v: the element; p: the attributes; tgmath.h takes each type's own functions. */
#define FUNCTION(name, T, expr)									\
static void name(T *y, const T *x, int64_t n, const float *p)					\
{												\
	int64_t i;										\
												\
	for (i = 0; i < n; i++) {								\
		T v = x[i];									\
												\
		y[i] = (expr);									\
	}											\
}
#define BOTH(name, expr)									\
FUNCTION(name##_f32, float, expr)								\
FUNCTION(name##_f64, double, expr)

#define ZERO ((__typeof__(v))0)
#define ONE ((__typeof__(v))1)
#define NUM(c) ((__typeof__(v))(c))
#define LIMIT(e) ((e) < 0 ? 0 : (e) > 1 ? 1 : (e))	/* to 0 .. 1; NaN stays NaN */

BOTH(relu, v < 0 ? 0 : v)			/* NaN stays NaN */
BOTH(leaky_relu, v < 0 ? NUM(p[0]) * v : v)
BOTH(thresholded_relu, v > NUM(p[0]) ? v : 0)
BOTH(sigmoid, ONE / (ONE + exp(-v)))
BOTH(swish, v / (ONE + exp(-NUM(p[0]) * v)))
BOTH(hard_sigmoid, LIMIT(NUM(p[0]) * v + NUM(p[1])))
BOTH(hard_swish, v * LIMIT(v / NUM(6) + NUM(0.5)))
BOTH(hyperbolic, tanh(v))
BOTH(elu, v < 0 ? NUM(p[0]) * expm1(v) : v)
BOTH(selu, v <= 0 ? NUM(p[1]) * NUM(p[0]) * expm1(v) : NUM(p[1]) * v)
BOTH(celu, fmax(ZERO, v) + fmin(ZERO, NUM(p[0]) * expm1(v / NUM(p[0]))))
BOTH(softplus, fmax(ZERO, v) + log1p(exp(-fabs(v))))
BOTH(softsign, v / (ONE + fabs(v)))
BOTH(mish, v * tanh(fmax(ZERO, v) + log1p(exp(-fabs(v)))))
BOTH(gelu, NUM(0.5) * v * (ONE + erf(v * NUM(M_SQRT1_2))))
BOTH(gelu_tanh, NUM(0.5) * v * (ONE + tanh(NUM(M_2_SQRTPI * M_SQRT1_2) * (v + NUM(0.044715) * v * v * v))))
BOTH(shrink, v < -NUM(p[1]) ? v + NUM(p[0]) : v > NUM(p[1]) ? v - NUM(p[0]) : 0)
BOTH(absolute, fabs(v))
BOTH(negate, -v)
BOTH(sign, v > 0 ? 1 : v < 0 ? -1 : v)
BOTH(exponential, exp(v))
BOTH(logarithm, log(v))
BOTH(root, sqrt(v))
BOTH(reciprocal, ONE / v)
BOTH(down, floor(v))
BOTH(up, ceil(v))
BOTH(nearest, rint(v))				/* half to even */
BOTH(error_function, erf(v))

#define F(name) name##_f32, name##_f64
static const struct unary table[] = {
	{ "Abs", { NULL }, { 0 }, F(absolute) },
	{ "Ceil", { NULL }, { 0 }, F(up) },
	{ "Celu", { "alpha" }, { 1 }, F(celu) },
	{ "Elu", { "alpha" }, { 1 }, F(elu) },
	{ "Erf", { NULL }, { 0 }, F(error_function) },
	{ "Exp", { NULL }, { 0 }, F(exponential) },
	{ "Floor", { NULL }, { 0 }, F(down) },
	{ "Gelu", { NULL }, { 0 }, F(gelu) },
	{ "HardSigmoid", { "alpha", "beta" }, { 0.2f, 0.5f }, F(hard_sigmoid) },
	{ "HardSwish", { NULL }, { 0 }, F(hard_swish) },
	{ "LeakyRelu", { "alpha" }, { 0.01f }, F(leaky_relu) },
	{ "Log", { NULL }, { 0 }, F(logarithm) },
	{ "Mish", { NULL }, { 0 }, F(mish) },
	{ "Neg", { NULL }, { 0 }, F(negate) },
	{ "Reciprocal", { NULL }, { 0 }, F(reciprocal) },
	{ "Relu", { NULL }, { 0 }, F(relu) },
	{ "Round", { NULL }, { 0 }, F(nearest) },
	{ "Selu", { "alpha", "gamma" }, { 1.67326319217681884765625f, 1.05070102214813232421875f }, F(selu) },
	{ "Shrink", { "bias", "lambd" }, { 0, 0.5f }, F(shrink) },
	{ "Sigmoid", { NULL }, { 0 }, F(sigmoid) },
	{ "Sign", { NULL }, { 0 }, F(sign) },
	{ "Softplus", { NULL }, { 0 }, F(softplus) },
	{ "Softsign", { NULL }, { 0 }, F(softsign) },
	{ "Sqrt", { NULL }, { 0 }, F(root) },
	{ "Swish", { "alpha" }, { 1 }, F(swish) },
	{ "Tanh", { NULL }, { 0 }, F(hyperbolic) },
	{ "ThresholdedRelu", { "alpha" }, { 1 }, F(thresholded_relu) },
};
static const struct unary gelu_by_tanh = { "Gelu", { NULL }, { 0 }, F(gelu_tanh) };

static const struct unary *find(const struct lxa_node *n)
{
	size_t i;

	if (!strcmp(n->op, "Gelu") && !strcmp(lxa_node_string(n, "approximate", "none"), "tanh"))
		return &gelu_by_tanh;
	for (i = 0; strcmp(table[i].op, n->op); i++)
		;
	return &table[i];
}

/* Relu, Abs, Neg, Sign and Shrink of integers: they wrap around. */
static void unary_int(struct lxa_op_ctx *c, const float *p)
{
	const struct lxa_tensor *x = c->in[0];
	int is_signed = lxa_dtype_is_signed(x->dtype);
	int64_t n = lxa_tensor_count(x), i;

	for (i = 0; i < n; i++) {
		uint64_t v = lxa_int_get(x, i);
		int negative = is_signed && (int64_t)v < 0;

		switch (c->n->op[0] == 'S' ? c->n->op[1] : c->n->op[0]) {
		case 'R':
			v = negative ? 0 : v;
			break;
		case 'A':
			v = negative ? -v : v;
			break;
		case 'N':
			v = -v;
			break;
		case 'i':	/* Sign */
			v = negative ? UINT64_MAX : v != 0;
			break;
		default: {	/* Shrink */
			double d = lxa_real_get(x, i);

			lxa_real_put(&c->out[0], i, d < -(double)p[1] ? d + (double)p[0] : d > (double)p[1] ? d - (double)p[0] : 0);
			continue;
		}
		}
		lxa_int_put(&c->out[0], i, v);
	}
}

LXA_OP_EXEC(unary)
{
	const struct unary *u = find(c->n);
	int64_t n = lxa_tensor_count(c->in[0]);
	float p[2];
	int i;

	for (i = 0; i < 2; i++)
		p[i] = u->attr[i] ? lxa_node_float(c->n, u->attr[i], u->dflt[i]) : 0;
	if (c->in[0]->dtype == LXA_F32)
		u->f32(c->out[0].data, c->in[0]->data, n, p);
	else if (c->in[0]->dtype == LXA_F64)
		u->f64(c->out[0].data, c->in[0]->data, n, p);
	else
		unary_int(c, p);
	return 0;
}

LXA_OP_EXEC(not)
{
	int64_t n = lxa_tensor_count(c->in[0]), i;

	for (i = 0; i < n; i++)
		((uint8_t *)c->out[0].data)[i] = !((const uint8_t *)c->in[0]->data)[i];
	return 0;
}

LXA_OP_INFER(clip)
{
	int i;

	for (i = 1; i < c->n_in; i++) {
		if (!c->in[i])
			continue;
		if (c->in[i]->dtype != c->in[0]->dtype)
			return lxa_op_err(c, -EINVAL, "input %d is %s, input 0 is %s", i, lxa_dtype_name((int)c->in[i]->dtype),
					  lxa_dtype_name((int)c->in[0]->dtype));
		if (lxa_tensor_count(c->in[i]) != 1)
			return lxa_op_err(c, -EINVAL, "input %d (%s) must be a scalar", i, i == 1 ? "min" : "max");
	}
	return lxa_infer_same(c);
}

/* Before opset 11 the bounds were attributes; one that is not given is the type's own. */
#define CLIP(T, lowest, largest)							\
do {											\
	T min = lo ? *(const T *)lo->data : (T)lxa_node_float(c->n, "min", lowest);	\
	T max = hi ? *(const T *)hi->data : (T)lxa_node_float(c->n, "max", largest);	\
	const T *x = c->in[0]->data;							\
	T *y = c->out[0].data;								\
											\
	for (i = 0; i < n; i++) {							\
		T v = x[i] < min ? min : x[i];						\
											\
		y[i] = v > max ? max : v;						\
	}										\
} while (0)

static int less(int with_sign, uint64_t a, uint64_t b)
{
	return with_sign ? (int64_t)a < (int64_t)b : a < b;
}

LXA_OP_EXEC(clip)
{
	const struct lxa_tensor *x = c->in[0];
	const struct lxa_tensor *lo = c->n_in > 1 ? c->in[1] : NULL, *hi = c->n_in > 2 ? c->in[2] : NULL;
	int with_sign = lxa_dtype_is_signed(x->dtype);
	int64_t n = lxa_tensor_count(x), i;

	if (x->dtype == LXA_F32) {
		CLIP(float, -FLT_MAX, FLT_MAX);
		return 0;
	}
	if (x->dtype == LXA_F64) {
		CLIP(double, -INFINITY, INFINITY);
		return 0;
	}
	for (i = 0; i < n; i++) {
		uint64_t v = lxa_int_get(x, i);

		if (lo && less(with_sign, v, lxa_int_get(lo, 0)))
			v = lxa_int_get(lo, 0);
		if (hi && less(with_sign, lxa_int_get(hi, 0), v))
			v = lxa_int_get(hi, 0);
		lxa_int_put(&c->out[0], i, v);
	}
	return 0;
}
