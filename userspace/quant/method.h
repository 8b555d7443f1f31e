/* SPDX-License-Identifier: MIT */
/*
 * method.h - a way to quantize: how the inputs of convolutions and matrix products are quantized, and their weights.
 *
 * A method is two functions and a line in the table of method.c. It chooses among the quantizers that models can say:
 * lxa.LogQuant and QONNX's Quant.
 */
#ifndef LXA_QUANT_METHOD_H
#define LXA_QUANT_METHOD_H

#include "../lxa.h"
#include "quant_ops.h"

enum quant_kind { QUANT_NONE, QUANT_LOG, QUANT_LINEAR };

/* One quantizer of a whole tensor. */
struct quant_choice {
	enum quant_kind kind;
	int bits, is_signed;		/* the sign is one of the bits */
	int steps;			/* log: steps an octave */
	float fsr;			/* log: a multiple of 1 / steps */
	float scale;			/* linear */
};

/* A quantizer made ready for many values. */
struct quant_fn {
	struct quant_choice c;
	struct lxa_logq log;
	int sfsr;
	float lo, hi;			/* linear: integers */
};
void quant_fn_init(struct quant_fn *f, const struct quant_choice *c);
float quant_fn(const struct quant_fn *f, float x);
void quant_text(const struct quant_choice *c, char text[32]); /* "log4/2 fsr 3", "u8 scale 0.02" */

/* 8 bits (or so) linear, signed where x is: the scale with the smallest mean square error. x: n samples. */
void quant_choose_linear(const float *x, size_t n, int bits, struct quant_choice *c);

/* The weights of some output channels that read the same k inputs. */
struct quant_rows {
	int rows, k;
	const double *w;		/* rows x k: the weights wished for */
	const double *h;		/* k x k: an error e of the weights costs e' h e; or k diagonal elements */
	int diagonal;
	float *wq;			/* rows x k out: values of the quantizer, */
	double *scale;			/* rows out: which times this stand for w */
};

struct quant_method {
	const char *name;
	const char *what;		/* one line, for people */
	/* What heads read of a value; n samples of it. */
	void (*activations)(const struct lxa_quantize_options *o, const float *x, size_t n, struct quant_choice *c);
	/* The quantizer of weights, alike for all; then codes for rows of them. 0 or -ENOMEM. */
	void (*weights)(const struct lxa_quantize_options *o, struct quant_choice *c);
	int (*rows)(const struct quant_choice *c, struct quant_rows *r);
};

const struct quant_method *quant_method_find(const char *name); /* NULL: there is none of this name */
const struct quant_method *quant_method_nr(int i);		/* NULL at the end */

extern const struct quant_method quant_method_log;

#endif
