/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - the parts of the CPU twin (private to kernel*.c).
 *
 * kernel.c cuts a layer into bands of rows. Of a band, `expand` brings the input into the form that the inner products read
 * (values instead of codes, borders filled in); then, for some output channels at a time (a pass) and some pixels at a time
 * (a tile), `sums` computes the sums and `out` makes codes of them and stores them. Who does what:
 *
 *   kernel_plain.c    sums, literally as rtl/README.md has them, for every layer and machine
 *   kernel_out.c      the output stage in plain C, for everything
 *   kernel_shift.c    weights of the shift lanes in the order in which a vector kernel reads them, and the proof of exactness
 *   kernel_xnor.c     the same for the XNOR lanes
 *   kernel_avx512.c, kernel_avx2.c            inner products
 *   kernel_out_avx512.c, kernel_out_avx2.c    output stages
 *   kernel_expand.c   codes to values
 *   kernel_pool.c     max-pool on packed codes
 *   kernel_threads.c  a few threads that wait for work
 *
 * Output channels are counted in groups of 16, whatever the device's blocks are.
 */
#ifndef LXA_LIB_KERNEL_H
#define LXA_LIB_KERNEL_H

#include "lxa_layer.h"

#define KGROUP 16		/* output channels in a group: 16 sums of 32 bits are one AVX-512 register */
#define KTILE 14		/* most pixels in a tile */
#define KCOLS 2			/* most columns of 16 sums in a pass */

struct ktile {			/* some pixels of a band */
	uint32_t n;
	uint32_t y[KTILE], x[KTILE];	/* of the convolution */
	const uint8_t *base[KTILE];	/* in the expanded band; those beyond n are the last one again */
	uint8_t *dst[KTILE];		/* output pixel */
	const uint8_t *res[KTILE];	/* residual pixel; NULL without one */
	uint32_t pattern[KTILE];	/* XNOR lanes: by which taps lie inside */
	int uniform;			/* the same pattern throughout */
};

/* What `sums` leaves behind: how T is made of lo and hi. */
enum ksum {
	KSUM_32,		/* T = lo */
	KSUM_64,		/* T = lo << wshift: does not fit 32 bits */
	KSUM_WIDE,		/* T = (hi * 2^16 + lo) << wshift */
	KSUM_DUAL,		/* E = lo << wshift, O = hi << wshift: T = E * 32768 + O * 46341 */
	KSUM_SLOT,		/* slot[]: the accumulator itself (plain) */
};

struct kscratch {		/* a thread's own memory */
	uint8_t *band;		/* expanded input */
	uint8_t *codes;		/* output pixels before the pool */
	struct ktile *tiles;
	int32_t *pop;		/* XNOR lanes: bits of the pixels of the band, by plane */
	_Alignas(64) int32_t lo[KTILE * KCOLS * KGROUP];	/* [pixel][column of the pass][16] */
	_Alignas(64) int32_t hi[KTILE * KCOLS * KGROUP];
	int64_t slot[KTILE * KGROUP];
};

struct kband {			/* rows and columns of the convolution, and the input under them */
	uint32_t y0, y1, x0, x1;
	const uint8_t *image;
	struct kscratch *t;
};

struct kout;			/* the output stage as the vector kernels read it */

struct lxa_kernel {
	const struct lxa_layer *l;
	const char *name, *form;
	struct lxa_job job;	/* the layer's; where a batch is like one image of many pixels, that one (lxa_layout_fold) */
	struct lxa_layout lay;
	int fold, pooled;
	uint32_t groups;	/* of 16 output channels that are written, padding included */
	uint32_t written;	/* bytes of an output pixel that are written */
	uint32_t pass_groups;	/* groups in a pass */
	uint32_t tile;		/* pixels in a tile */
	uint32_t band_h, band_w; /* output rows and convolution columns in a band */
	size_t band_bytes, row_bytes, px_bytes; /* of the expanded band */
	uint32_t pops;		/* numbers a pixel in kscratch.pop */
	enum ksum sum;
	void (*expand)(const struct lxa_kernel *k, const struct kband *b);	/* may be NULL */
	void (*prepare)(const struct lxa_kernel *k, struct ktile *t);	/* once a tile, before its passes; may be NULL */
	void (*sums)(const struct lxa_kernel *k, const struct kband *b, const struct ktile *t, uint32_t pass);
	void (*out)(const struct lxa_kernel *k, const struct kband *b, const struct ktile *t, uint32_t pass); /* NULL: sums does it */
	void *priv;		/* of kernel_shift.c, kernel_xnor.c */
	void (*free_priv)(void *priv);
	struct kout *kout;
	uint8_t *wshift;	/* groups * 16: the sums of a channel are in units of 2^wshift */
	uint32_t threads;
	struct kscratch **scratch; /* one a thread */
	struct kpool *pool;
};

/* Rows and columns of input under n rows or columns of the convolution, in expanded pixels. */
static inline uint32_t kernel_in_rows(const struct lxa_kernel *k, uint32_t n)
{
	return (n - 1) * k->job.sy + k->lay.ekh;
}

static inline uint32_t kernel_in_cols(const struct lxa_kernel *k, uint32_t n)
{
	return (n - 1) * k->job.sx + k->lay.ekw;
}

void lxa_kernel_band(struct lxa_kernel *k);	/* kernel.c: band and row sizes from px_bytes and tile */

/* ---- kernel_out.c ---- */
/* The code of a total; value: what the residual operand adds. */
int32_t lxa_kernel_code(const struct lxa_job *j, const struct lxa_channel *c, int64_t t, int64_t value);
int64_t lxa_kernel_residual(const struct lxa_job *j, const uint8_t *px, uint32_t c);	/* element c, scaled */
void lxa_kernel_out_one(const struct lxa_kernel *k, const struct kband *b, const struct ktile *t, uint32_t pass, uint32_t p);
void lxa_kernel_out_plain(const struct lxa_kernel *k, const struct kband *b, const struct ktile *t, uint32_t pass);

/* ---- kernel_plain.c ---- */
void lxa_kernel_plain(struct lxa_kernel *k);

/* ---- kernel_pool.c ---- */
/* Output rows y0..y1-1 of packed codes, whose first row is convolution row c0; out is the image's. */
void lxa_kernel_pool(const struct lxa_kernel *k, const uint8_t *codes, uint32_t c0, uint32_t y0, uint32_t y1, uint8_t *out);

/* ---- kernel_threads.c ---- */
/* run(ctx, thread) in all of them, the caller being number 0; returns when all have returned */
void kpool_run(struct kpool *p, void (*run)(void *ctx, uint32_t thread), void *ctx);

/* ---- vector kernels ---- */
/*
 * Inner products of one unit of channels: `n` steps, each 4 bytes of every pixel, at off[] from its base, with w[step][lane].
 * The sums end up in lo (and hi): see struct kdot.
 */
struct ksteps {
	uint32_t n, segments;
	uint32_t cols;		/* of 16 lanes: 1 or 2 */
	int32_t *off;
	uint8_t *w;		/* n x lanes x bytes of a step (4, XNOR lanes on AVX2: 8) */
	uint32_t *end;		/* last step + 1 of each segment: between two a sum cannot leave 32 bits */
};

void ksteps_free(struct ksteps *s);

typedef void (*kdot_fn)(const struct ksteps *s, uint32_t pixels, const uint8_t *const *base, uint32_t stride, int32_t *lo,
			int32_t *hi);

/* XNOR lanes: lo[p] = init[p] + add[p] + coef * (differing bits). */
struct kxnor_run {
	const int32_t *init[KTILE];
	int32_t add[KTILE];
	int adds;		/* some add is not 0 */
	int32_t coef;
};

typedef void (*kxnor_fn)(const struct ksteps *s, uint32_t pixels, const uint8_t *const *base, uint32_t stride,
			 const struct kxnor_run *r, int32_t *lo);
typedef void (*kxnor_count)(const struct ksteps *s, const uint8_t *const *base, uint32_t stride, const struct kxnor_run *r,
			    int32_t *lo);	/* for a fixed number of pixels */

/* XNOR lanes whose outputs are bits: bit c is (differing bits <= bound[p][c]), inverted where invert has a 1. */
struct kxnor_bits {
	const int32_t *bound[KTILE]; /* uniform: the first is everybody's */
	int uniform;
	uint8_t *const *dst;	/* pixels */
	uint32_t at, bytes;	/* the bits' place in a pixel, how many bytes there */
	uint32_t invert;
};

typedef void (*kxnor_bits_fn)(const struct ksteps *s, uint32_t pixels, const uint8_t *const *base, const struct kxnor_bits *r);

/* Bytes of codes to values: n entries of `entry` bytes from a table of 16 (nibbles) or 256. */
typedef void (*kexpand_fn)(const void *table, const uint8_t *src, size_t n, uint8_t *dst);

struct kisa {			/* what an instruction set brings */
	const char *name;
	uint32_t cols;		/* columns of 16 sums that an inner product computes at a time */
	uint32_t tile;		/* most pixels */
	uint32_t xnor_tile;
	uint32_t xnor_word;	/* bytes of a step of the XNOR lanes */
	kdot_fn dot8, dot16;	/* dot8 NULL: none */
	kxnor_fn xnor;
	kxnor_bits_fn xnor_bits; /* NULL: none */
	kexpand_fn nibbles[3];	/* to entries of 1, 2, 4 bytes */
	int (*out)(struct lxa_kernel *k); /* sets k->out; 0, -ENOMEM */
};

extern const struct kisa lxa_kisa_avx512, lxa_kisa_avx2;

int lxa_kernel_out_avx512(struct lxa_kernel *k);
int lxa_kernel_out_avx2(struct lxa_kernel *k);

/* 0: taken; 1: not a layer for it (the plain one stays); -ENOMEM */
int lxa_kernel_shift(struct lxa_kernel *k, const struct kisa *isa);
int lxa_kernel_xnor(struct lxa_kernel *k, const struct kisa *isa);

/* ---- kernel_kout.c ---- */
/* Channels' constants by group of 16, so that a vector kernel loads them. Channels beyond out_c give code 0. */
/*
 * A value is v = (lo * ma + other * mb + add) >> shift, `other` being hi, or O, or not there: the sum's parts, units (wshift),
 * multiplier and bias in two products of 32 bits and a constant of 64. Constants named _eo come as [group][even 8 | odd 8], for
 * products are taken of every other lane.
 */
struct kout {
	int products;		/* ma and mb fit 32 bits */
	int narrow;		/* all values fit 32 bits, shifts are at most 32 */
	int32_t *ma_eo, *mb_eo;	/* each in the low half of 64 bits */
	int64_t *add_eo, *shift_eo, *left_eo; /* left: of the odd lanes 32 - shift, to the left */
	int64_t *mult, *add, *shift; /* the same by channel, for 64-bit products of T itself */
	int shifted;		/* some wshift is not 0 */
	int32_t *wshift;	/* [channel] */
	int32_t *flip;		/* thresholds: T ^ flip >= thr, flip 0 or -1 */
	int32_t *thr;		/* [nthr][channel] */
	int thr_fast;		/* these thresholds say everything */
	int32_t *thr_value;	/* [nthr][channel], as given: v >= thr */
	int doubles;		/* all of it is exact in doubles */
	double *dmult, *dadd, *dscale, *wscale; /* floor((T * dmult + dadd) * dscale), T in units of wscale */
	uint16_t *valid;	/* [group] */
	int quick;		/* log codes may be read off a float where it is not near a bound between two codes */
	float *scale;		/* quick: value of a unit of T + bias */
	int32_t *bias_lo, *bias_hi; /* quick: bias, or its lower 16 bits and the rest where sums are wide */
	int32_t quick_add;	/* the float's bits + quick_add are the code * 2^23 and how far above its bound it is, + KQUICK_NEAR */
	int32_t quick_least, quick_most; /* what bits are brought up to, what the sum is brought down to */
};

/*
 * Quick: values within this part of a bound between two codes are decided by the exact way instead. It covers the float's error,
 * below 2^-21, and that bounds are integers: the code changes at the next one above the power of two (kernel_kout.c sees to it
 * that code 1 begins above 2^10).
 */
#define KQUICK_NEAR (1 << 12)	/* of the 2^23 of an octave: 2^-11 */
#define KQUICK_ZERO (1 << 22)	/* anything of code 0 */

int lxa_kout_create(struct lxa_kernel *k);	/* sets k->kout */
void lxa_kout_free(struct kout *o);

#endif
