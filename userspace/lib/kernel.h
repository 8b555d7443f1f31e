/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - the parts of the CPU twin (private to kernel*.c).
 *
 * kernel.c walks a layer block by block: a `sums` function fills the totals T of a band of convolution pixels for one
 * block of output channels, kernel_out.c turns totals into codes, kernel.c pools and stores them. The sums come from
 * one of kernel_plain.c (the contract, literally), kernel_shift_avx2.c or kernel_xnor_avx2.c; all give the same T.
 */
#ifndef LXA_LIB_KERNEL_H
#define LXA_LIB_KERNEL_H

#include "lxa_layer.h"

struct lxa_kernel {
	const struct lxa_layer *l;
	const char *name;
	/* totals of output block ocb, convolution rows y0..y1-1: T[((y - y0) * conv_w + x) * block_oc + o] */
	void (*sums)(struct lxa_kernel *k, const uint8_t *image, uint32_t ocb, uint32_t y0, uint32_t y1, int64_t *t);
	/* once an image, before sums (may be NULL) */
	void (*image)(struct lxa_kernel *k, const uint8_t *image);
	int64_t *t;			/* band of totals */
	int32_t *codes;			/* band of codes */
	uint32_t band;			/* rows in a band; conv_h when there is a pool */
	void *priv;			/* of the vector kernels */
	void (*free_priv)(void *priv);
};

/* The code of a total; value: what the residual operand adds. */
int32_t lxa_kernel_code(const struct lxa_job *j, const struct lxa_channel *c, int64_t t, int64_t value);
int64_t lxa_kernel_residual(const struct lxa_job *j, const uint8_t *px, uint32_t c);	/* element c, scaled */

void lxa_kernel_plain(struct lxa_kernel *k);
/* 0: taken; 1: this layer is not one where the kernel is exact (the plain one stays); -ENOMEM */
int lxa_kernel_shift_avx2(struct lxa_kernel *k);
int lxa_kernel_xnor_avx2(struct lxa_kernel *k);
int lxa_kernel_planes(struct lxa_kernel *k);	/* bit planes: needs POPCNT */

#endif
