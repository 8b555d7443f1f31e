/* SPDX-License-Identifier: MIT */
/*
 * lxa_layer.h - one device layer: a convolution in the device's terms, packed, bounded, runnable on the CPU kernels
 * (private to liblxa). layer.c makes it, pack.c lays out its memory, bound.c proves that no sum can overflow, kernel*.c
 * are its CPU twin, op.c wraps it for the public API and plan*.c make it from a graph.
 */
#ifndef LXA_LIB_LAYER_H
#define LXA_LIB_LAYER_H

#include "../lxa.h"
#include "../../driver/lxa_regs.h"

struct lxa_kernel;

struct lxa_layer {
	struct lxa_caps caps;
	struct lxa_job job;		/* op, tile filled in; no references; batch 1 */
	struct lxa_layout lay;
	int fits;			/* the scratchpads hold a tile; else one job cannot do it */
	int act_max;			/* largest activation code (log) or magnitude (u8, s8) in valid data */
	int8_t *codes;			/* weights as given: out_c x in_c/groups x kh x kw */
	struct lxa_channel *chan;	/* out_c output stages */
	int64_t *bound;			/* out_c: largest |T| that these weights allow */
	int64_t *corr;			/* out_c: what the device's T lacks to the sum of products; lxa_layer_finish adds it to the bias */
	uint8_t *wgt, *par;		/* packed: lay.wgt_bytes, lay.par_bytes */
	double sum_bits;		/* log2 of the largest partial sum, the even or odd one when dual */
	struct lxa_kernel *kernel;
};

static inline int lxa_layer_is_log(const struct lxa_job *j)
{
	return j->act_fmt == LXA_FMT_LOG4 || j->act_fmt == LXA_FMT_LOG8;
}

/* Bit planes on the XNOR lanes: rtl/README.md section 3. */
static inline int lxa_layer_planes(const struct lxa_job *j)
{
	return j->act_fmt == LXA_FMT_N4 || j->wgt_fmt == LXA_WFMT_BITS;
}

/* The accumulator is read as even and odd sums, T has 15 fraction bits. */
static inline int lxa_layer_dual(const struct lxa_job *j)
{
	return (j->conv_flags & (LXA_CONV_ACT_SQRT2 | LXA_CONV_WGT_SQRT2)) != 0;
}

/* ---- layer.c ---- */
/*
 * In three steps, because the output stage may depend on the bounds: begin checks the geometry, copies the weights and
 * bounds the sums; set_output gives kind, format and channels; finish checks the totals and packs.
 * act_max 0: the largest that the format has. Errors as lxa_op_create. Free after any of them, failed or not.
 */
int lxa_layer_begin(struct lxa_layer *l, const struct lxa_caps *caps, const struct lxa_job *shape, int act_max,
		    const int8_t *weights, struct lxa_err *err);
int lxa_layer_finish(struct lxa_layer *l, const struct lxa_channel *chan, struct lxa_err *err);
void lxa_layer_free(struct lxa_layer *l);
uint64_t lxa_layer_macs(const struct lxa_layer *l);	/* for one image */

/* ---- bound.c ---- */
int lxa_bound_sums(struct lxa_layer *l, struct lxa_err *err);	/* fills bound, sum_bits; -ERANGE */
int lxa_bound_totals(const struct lxa_layer *l, struct lxa_err *err); /* |T + bias| < 2^47 */

/*
 * Activations are their codes plus `offset`: from now on T and bound are those of the sum of (code + offset) * weight. Between begin
 * and finish; 1, or 0 where no bias can say that (padding, log codes, base sqrt(2)).
 */
int lxa_bound_offset(struct lxa_layer *l, int offset);

/* ---- pack.c ---- */
void lxa_pack_weights(const struct lxa_layer *l, uint8_t *out);
void lxa_pack_params(const struct lxa_layer *l, uint8_t *out);

/* ---- kernel.c ---- */
/*
 * Kernels give the same bytes on every instruction set. AUTO is the best that this machine has. A kernel belongs to one thread at a
 * time.
 */
enum lxa_kernel_isa { LXA_ISA_AUTO, LXA_ISA_PLAIN, LXA_ISA_AVX2, LXA_ISA_AVX512 };
int lxa_kernel_has(enum lxa_kernel_isa isa);	/* 1: this machine has it */
int lxa_kernel_create(const struct lxa_layer *l, enum lxa_kernel_isa isa, struct lxa_kernel **out, struct lxa_err *err);
void lxa_kernel_free(struct lxa_kernel *k);
/* Threads that wait for kernels' work, the caller being one of them; kernels that never run at the same time may share them. */
struct kpool;
struct kpool *kpool_create(uint32_t threads);	/* NULL: out of memory or threads */
uint32_t kpool_threads(const struct kpool *p);
void kpool_free(struct kpool *p);		/* after its kernels, or when they have another */
int lxa_kernel_threads(struct lxa_kernel *k, struct kpool *pool); /* NULL: the caller alone; 0, -ENOMEM: then so, too */
const char *lxa_kernel_name(const struct lxa_kernel *k); /* "plain", "avx2", "avx512": what was chosen */
const char *lxa_kernel_form(const struct lxa_kernel *k); /* operands and sums, for people: "16 bit, 48-bit sums" */
void lxa_kernel_run(struct lxa_kernel *k, uint32_t batch, const void *act, void *out);
/* With the residual operand that the job has (res_mode). */
void lxa_kernel_run_res(struct lxa_kernel *k, uint32_t batch, const void *act, const void *res, void *out);

/* Element `c` of a packed pixel, as a code (b1: 0 or 1); the other way round sets it (memory zeroed before). */
static inline int32_t lxa_element_get(const uint8_t *px, uint32_t bits, uint32_t c)
{
	switch (bits) {
	case 1:
		return px[c / 8] >> (c % 8) & 1;
	case 4:
		return px[c / 2] >> (c % 2 * 4) & 15;
	case 8:
		return px[c];
	default:
		return (int32_t)((uint32_t)px[4 * c] | (uint32_t)px[4 * c + 1] << 8 | (uint32_t)px[4 * c + 2] << 16 |
				 (uint32_t)px[4 * c + 3] << 24);
	}
}

static inline void lxa_element_or(uint8_t *px, uint32_t bits, uint32_t c, int32_t v)
{
	switch (bits) {
	case 1:
		px[c / 8] |= (uint8_t)((v & 1) << (c % 8));
		break;
	case 4:
		px[c / 2] |= (uint8_t)((v & 15) << (c % 2 * 4));
		break;
	case 8:
		px[c] = (uint8_t)v;
		break;
	default:
		px[4 * c] = (uint8_t)v;
		px[4 * c + 1] = (uint8_t)((uint32_t)v >> 8);
		px[4 * c + 2] = (uint8_t)((uint32_t)v >> 16);
		px[4 * c + 3] = (uint8_t)((uint32_t)v >> 24);
	}
}

#endif
