/* SPDX-License-Identifier: MIT */
/*
 * dtype.h - element types: which kind each is, single elements of any type, conversion of whole tensors.
 *
 * The float types below 32 bits are stored as their bits. 4-bit integers take one byte an element in memory (sign- or
 * zero-extended); only files hold two in a byte.
 */
#ifndef LXA_LIB_DTYPE_H
#define LXA_LIB_DTYPE_H

#include "graph.h"

int lxa_dtype_is_float(enum lxa_dtype t);	/* also float16, bfloat16, float8 */
int lxa_dtype_is_half(enum lxa_dtype t);	/* float16, bfloat16 */
int lxa_dtype_is_float8(enum lxa_dtype t);
int lxa_dtype_is_signed(enum lxa_dtype t);	/* an integer type with sign */

/* Element i of an integer or bool tensor, sign- or zero-extended to 64 bits; stored: the low bits. */
uint64_t lxa_int_get(const struct lxa_tensor *t, int64_t i);
void lxa_int_put(struct lxa_tensor *t, int64_t i, uint64_t v);

/*
 * Element i as a double: exact but for 64-bit integers beyond 2^53. Stored into a float type it is rounded once, to
 * nearest even; into an integer it is cut to its whole part and limited to what the type holds (NaN gives 0); into a
 * bool it is whether it is not 0.
 */
double lxa_real_get(const struct lxa_tensor *t, int64_t i);
void lxa_real_put(struct lxa_tensor *t, int64_t i, double v);
void lxa_real_put_as(struct lxa_tensor *t, int64_t i, double v, int saturate); /* saturate: see lxa_convert */

/*
 * ONNX's Cast of all elements: dst has its type, its shape and memory. saturate is for float8: beyond its largest number
 * comes that, else infinity or NaN. Integers to integers keep the low bits (4-bit ones are limited, as in ONNX's cases).
 */
void lxa_convert(struct lxa_tensor *dst, const struct lxa_tensor *src, int saturate);

/* 1 when the tensor has data and every element is 0. */
int lxa_tensor_is_zero(const struct lxa_tensor *t);

#endif
