/* SPDX-License-Identifier: MIT */
/* dtype.c - see dtype.h. */
#include <math.h>
#include <string.h>

#include "dtype.h"
#include "graph_priv.h"

/* A float type below 32 bits: sign, exponent, mantissa from the top. */
struct minifloat {
	int mantissa, bias;
	unsigned int bits;
	unsigned int max;		/* the largest finite number, without sign */
	unsigned int inf, nan;		/* inf 0: the type has none */
	int one_nan;			/* the only NaN is "minus zero", and there is no minus zero (the FNUZ types) */
};

static const struct minifloat *minifloat_of(enum lxa_dtype t)
{
	static const struct minifloat f16 = { 10, 15, 16, 0x7bff, 0x7c00, 0x7e00, 0 };
	static const struct minifloat bf16 = { 7, 127, 16, 0x7f7f, 0x7f80, 0x7fc0, 0 };
	static const struct minifloat e4m3fn = { 3, 7, 8, 0x7e, 0, 0x7f, 0 };
	static const struct minifloat e4m3fnuz = { 3, 8, 8, 0x7f, 0, 0x80, 1 };
	static const struct minifloat e5m2 = { 2, 15, 8, 0x7b, 0x7c, 0x7f, 0 };
	static const struct minifloat e5m2fnuz = { 2, 16, 8, 0x7f, 0, 0x80, 1 };

	switch (t) {
	case LXA_F16:
		return &f16;
	case LXA_BF16:
		return &bf16;
	case LXA_F8E4M3FN:
		return &e4m3fn;
	case LXA_F8E4M3FNUZ:
		return &e4m3fnuz;
	case LXA_F8E5M2:
		return &e5m2;
	case LXA_F8E5M2FNUZ:
		return &e5m2fnuz;
	default:
		return NULL;
	}
}

static double mini_decode(const struct minifloat *f, unsigned int v)
{
	unsigned int sign = v >> (f->bits - 1), rest = v & ((1u << (f->bits - 1)) - 1);
	int e = (int)(rest >> f->mantissa);
	unsigned int m = rest & ((1u << f->mantissa) - 1);
	double r;

	if (f->one_nan ? v == f->nan : rest > f->max && rest != f->inf)
		return (double)NAN;
	if (rest > f->max)
		r = (double)INFINITY;
	else
		r = ldexp((double)(e ? m | 1u << f->mantissa : m), (e ? e : 1) - f->bias - f->mantissa);
	return sign ? -r : r;
}

/* saturate: 0 beyond the largest number comes infinity (NaN where there is none), 1 that number. */
static unsigned int mini_encode(const struct minifloat *f, double x, int saturate)
{
	unsigned int sign = signbit(x) ? 1u << (f->bits - 1) : 0, code;
	int e;
	double q;

	if (isnan(x))
		return f->one_nan ? f->nan : f->nan | sign;
	x = fmin(fabs(x), 0x1p200);	/* beyond every type's range, infinity as well */
	e = x != 0 ? ilogb(x) : -9999;
	if (e < 1 - f->bias)
		e = 1 - f->bias;
	q = nearbyint(ldexp(x, f->mantissa - e));	/* to even; 2^mantissa more than the field when normal */
	if (e > f->bias + 2)
		code = f->max + 1;
	else	/* a carry out of the mantissa moves into the exponent by itself */
		code = (unsigned int)((e + f->bias - 1) << f->mantissa) + (unsigned int)q;
	if (code > f->max)
		code = saturate ? f->max : f->inf ? f->inf : f->nan;
	if (f->one_nan && (!code || code == f->nan))
		return code;
	return code | sign;
}

int lxa_dtype_is_float(enum lxa_dtype t)
{
	return t == LXA_F32 || t == LXA_F64 || minifloat_of(t);
}

int lxa_dtype_is_half(enum lxa_dtype t)
{
	return t == LXA_F16 || t == LXA_BF16;
}

int lxa_dtype_is_float8(enum lxa_dtype t)
{
	return t == LXA_F8E4M3FN || t == LXA_F8E4M3FNUZ || t == LXA_F8E5M2 || t == LXA_F8E5M2FNUZ;
}

int lxa_dtype_is_signed(enum lxa_dtype t)
{
	return t == LXA_INT8 || t == LXA_INT16 || t == LXA_INT32 || t == LXA_INT64 || t == LXA_INT4;
}

uint64_t lxa_int_get(const struct lxa_tensor *t, int64_t i)
{
	switch (t->dtype) {
	case LXA_INT8: case LXA_INT4:
		return (uint64_t)((const int8_t *)t->data)[i];
	case LXA_INT16:
		return (uint64_t)((const int16_t *)t->data)[i];
	case LXA_UINT16:
		return ((const uint16_t *)t->data)[i];
	case LXA_INT32:
		return (uint64_t)((const int32_t *)t->data)[i];
	case LXA_UINT32:
		return ((const uint32_t *)t->data)[i];
	case LXA_INT64: case LXA_UINT64:
		return ((const uint64_t *)t->data)[i];
	default:
		return ((const uint8_t *)t->data)[i];
	}
}

void lxa_int_put(struct lxa_tensor *t, int64_t i, uint64_t v)
{
	switch (lxa_dtype_size(t->dtype)) {
	case 1:
		((uint8_t *)t->data)[i] = (uint8_t)v;
		break;
	case 2:
		((uint16_t *)t->data)[i] = (uint16_t)v;
		break;
	case 4:
		((uint32_t *)t->data)[i] = (uint32_t)v;
		break;
	default:
		((uint64_t *)t->data)[i] = v;
		break;
	}
}

double lxa_real_get(const struct lxa_tensor *t, int64_t i)
{
	const struct minifloat *f;

	if (t->dtype == LXA_F32)
		return (double)((const float *)t->data)[i];
	if (t->dtype == LXA_F64)
		return ((const double *)t->data)[i];
	f = minifloat_of(t->dtype);
	if (f)
		return mini_decode(f, f->bits == 16 ? ((const uint16_t *)t->data)[i] : ((const uint8_t *)t->data)[i]);
	return lxa_dtype_is_signed(t->dtype) ? (double)(int64_t)lxa_int_get(t, i) : (double)lxa_int_get(t, i);
}

/* Into an integer type of `bits` bits. */
static void put_limited(struct lxa_tensor *t, int64_t i, double v, int bits)
{
	int is_signed = lxa_dtype_is_signed(t->dtype);
	uint64_t largest = UINT64_MAX >> (64 - bits + is_signed);
	double bound = ldexp(1, bits - is_signed);	/* one more than the largest, which need not be a double */

	v = isnan(v) ? 0 : trunc(v);
	if (v >= bound)
		lxa_int_put(t, i, largest);
	else if (v < (is_signed ? -bound : 0))
		lxa_int_put(t, i, is_signed ? ~largest : 0);
	else
		lxa_int_put(t, i, v < 0 ? (uint64_t)(int64_t)v : (uint64_t)v);
}

static int int_bits(enum lxa_dtype t)
{
	return t == LXA_INT4 || t == LXA_UINT4 ? 4 : 8 * (int)lxa_dtype_size(t);
}

void lxa_real_put_as(struct lxa_tensor *t, int64_t i, double v, int saturate)
{
	const struct minifloat *f;

	if (t->dtype == LXA_F32) {
		((float *)t->data)[i] = (float)v;
		return;
	}
	if (t->dtype == LXA_F64) {
		((double *)t->data)[i] = v;
		return;
	}
	f = minifloat_of(t->dtype);
	if (f && f->bits == 16)
		((uint16_t *)t->data)[i] = (uint16_t)mini_encode(f, v, 0);
	else if (f)
		((uint8_t *)t->data)[i] = (uint8_t)mini_encode(f, v, saturate);
	else if (t->dtype == LXA_BOOL)
		((uint8_t *)t->data)[i] = v != 0;
	else
		put_limited(t, i, v, int_bits(t->dtype));
}

void lxa_real_put(struct lxa_tensor *t, int64_t i, double v)
{
	lxa_real_put_as(t, i, v, 1);
}

void lxa_convert(struct lxa_tensor *dst, const struct lxa_tensor *src, int saturate)
{
	int64_t n = lxa_tensor_count(src), i;
	int to_int = !lxa_dtype_is_float(dst->dtype) && dst->dtype != LXA_BOOL && int_bits(dst->dtype) > 4;

	if (dst->dtype == src->dtype) {
		memcpy(dst->data, src->data, (size_t)n * lxa_dtype_size(src->dtype));
		return;
	}
	if (to_int && !lxa_dtype_is_float(src->dtype)) {
		for (i = 0; i < n; i++)
			lxa_int_put(dst, i, lxa_int_get(src, i));
		return;
	}
	for (i = 0; i < n; i++)
		lxa_real_put_as(dst, i, lxa_real_get(src, i), saturate);
}

int lxa_tensor_is_zero(const struct lxa_tensor *t)
{
	int64_t n = lxa_tensor_count(t), i;

	for (i = 0; t->data && i < n; i++)
		if (lxa_real_get(t, i) != 0)
			return 0;
	return t->data != NULL;
}
