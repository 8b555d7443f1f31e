/* SPDX-License-Identifier: MIT */
/* elem.h - one element of an integer tensor of up to 32 bits (private to cpu_*.c). */
#ifndef LXA_LIB_ELEM_H
#define LXA_LIB_ELEM_H

#include "graph.h"

static inline int64_t lxa_elem_int(const struct lxa_tensor *t, int64_t i)
{
	switch (t->dtype) {
	case LXA_INT8:
		return ((const int8_t *)t->data)[i];
	case LXA_UINT8:
		return ((const uint8_t *)t->data)[i];
	case LXA_INT16:
		return ((const int16_t *)t->data)[i];
	case LXA_UINT16:
		return ((const uint16_t *)t->data)[i];
	default:
		return ((const int32_t *)t->data)[i];
	}
}

/* Smallest and largest value of an integer type of up to 16 bits. */
static inline void lxa_elem_range(enum lxa_dtype t, int64_t *min, int64_t *max)
{
	int bits = t == LXA_INT8 || t == LXA_UINT8 ? 8 : 16, with_sign = t == LXA_INT8 || t == LXA_INT16;

	*min = with_sign ? -(1 << (bits - 1)) : 0;
	*max = with_sign ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
}

/*
 * Element i becomes v (already rounded, a NaN counts as 0) plus the zero point, saturated to the tensor's type, which has up
 * to 16 bits.
 */
static inline void lxa_elem_saturate(struct lxa_tensor *t, int64_t i, double v, int64_t zero)
{
	int64_t min, max, r;

	lxa_elem_range(t->dtype, &min, &max);
	v = v == v ? v + (double)zero : (double)zero;
	r = v < (double)min ? min : v > (double)max ? max : (int64_t)v;
	if (t->dtype == LXA_INT8 || t->dtype == LXA_UINT8)
		((uint8_t *)t->data)[i] = (uint8_t)r;
	else
		((uint16_t *)t->data)[i] = (uint16_t)r;
}

#endif
