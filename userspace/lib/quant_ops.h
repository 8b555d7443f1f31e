/* SPDX-License-Identifier: MIT */
/*
 * quant_ops.h - the quantizer operators, one value at a time (private to liblxa and the trainer).
 *
 * lxa.LogQuant (userspace/LOGQUANT.md), QONNX Quant and BipolarQuant. cpu_quant.c runs them over tensors, the planner
 * takes the codes for the device from here, so that both agree by construction. All functions are pure.
 */
#ifndef LXA_LIB_QUANT_OPS_H
#define LXA_LIB_QUANT_OPS_H

#include "graph.h"

/* Which quantizer a node is, whatever name its domain goes by. */
enum lxa_quantizer {
	LXA_QUANTIZER_NONE, LXA_QUANTIZER_QUANT, LXA_QUANTIZER_BIPOLAR, LXA_QUANTIZER_LOG, LXA_QUANTIZER_THRESHOLDS,	/* MultiThreshold */
};
enum lxa_quantizer lxa_quantizer_of(const struct lxa_node *n);
int lxa_domain_is_onnx(const char *domain);	/* "" or "ai.onnx" */
int lxa_domain_is_qonnx(const char *domain);	/* "qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general" */

/* ---- lxa.LogQuant ---- */
#define LXA_LOGQ_MAX_STEPS 8	/* largest steps_per_octave */
#define LXA_LOGQ_MAX_BITS 9	/* largest number of bits, sign included */

enum lxa_logq_rounding { LXA_LOGQ_NEAREST, LXA_LOGQ_FLOOR };

struct lxa_logq {
	int bits;			/* sign included when is_signed */
	int is_signed;
	int steps;			/* s: steps per octave, 1..LXA_LOGQ_MAX_STEPS */
	enum lxa_logq_rounding rounding;
};

/* The node's attributes; -EINVAL with a sentence for values outside their range. */
int lxa_logq_parse(const struct lxa_node *n, struct lxa_logq *p, struct lxa_err *err);

/* s * fsr as an integer. -EINVAL when it is not one, or when a code's value would leave float's range. */
int lxa_logq_sfsr(const struct lxa_logq *p, float fsr, int *sfsr);

int lxa_logq_levels(const struct lxa_logq *p);	/* 2^b, b = bits - is_signed: the codes are 0 .. 2^b - 1 */

/*
 * Round(s * log2|x|) for a finite x != 0, exact for every float: NEAREST is ties up, though no float is ever a tie
 * (2^((2j-1)/2s) is irrational).
 */
int lxa_logq_exponent(const struct lxa_logq *p, float x);

/*
 * The code q of x (0 = value 0) and whether it is negative (never for unsigned; 0 when q is 0). Infinities saturate.
 * -EDOM for NaN.
 */
int lxa_logquant_code(const struct lxa_logq *p, int sfsr, float x, int *negative);

/* The value of a code: 0, or +-2^((sfsr - 2^b + q) / s), correctly rounded to float. */
float lxa_logquant_value(const struct lxa_logq *p, int sfsr, int q, int negative);

/* ---- QONNX Quant (also called IntQuant) ---- */
enum lxa_rounding {
	LXA_ROUND_HALF_EVEN, LXA_ROUND_CEIL, LXA_ROUND_FLOOR, LXA_ROUND_TO_ZERO, LXA_ROUND_AWAY, LXA_ROUND_HALF_UP,
	LXA_ROUND_HALF_DOWN,
};

float lxa_round_as(enum lxa_rounding r, float x);

struct lxa_quant {
	int is_signed, narrow;
	enum lxa_rounding rounding;
	float bits;			/* the bitwidth input */
	int bipolar;			/* 1 bit signed: the values are -1 and +1 */
	float min, max;			/* smallest and largest integer (before the zero point is taken off) */
};

/* Attributes of the node and its bitwidth input's value; -EINVAL with a sentence for values outside their range. */
int lxa_quant_parse(const struct lxa_node *n, float bitwidth, struct lxa_quant *p, struct lxa_err *err);
/* Another bit width for the same attributes (it may differ from channel to channel). */
int lxa_quant_bits(const struct lxa_node *n, float bitwidth, struct lxa_quant *p, struct lxa_err *err);

/* The integer (as float, zero point included) that x becomes, and the value of such an integer. NaN stays NaN. */
float lxa_quant_code(const struct lxa_quant *p, float scale, float zeropt, float x);
float lxa_quant_value(const struct lxa_quant *p, float scale, float zeropt, float code);

/* ---- QONNX Trunc ---- */
/*
 * Drops low bits of an integer that a Quant made. Version 1 of the operator divides by 2^(in bits - out bits) and keeps the
 * scale; version 2 divides by out scale / scale, clips to the output's bits and gives the output its own scale.
 */
struct lxa_trunc {
	int version;
	struct lxa_quant q;		/* rounding; signed and narrow of version 2 */
};

int lxa_trunc_parse(const struct lxa_node *n, int version, struct lxa_trunc *p, struct lxa_err *err);

/* In version 1 out_scale is not used; in version 2 in_bits is not, and p->q's range is that of the output's bits. */
float lxa_trunc_value(const struct lxa_trunc *p, float scale, float zeropt, float in_bits, float out_scale, float out_bits,
		      float x);

/* ---- QONNX MultiThreshold ---- */
/*
 * The number of a channel's thresholds that x reaches (x >= t), times out_scale, plus out_bias. The thresholds are a
 * C x T or a 1 x T tensor; out_dtype only annotates the result, which is float here as in QONNX.
 */
struct lxa_mthresh {
	float scale, bias;
	int nhwc;			/* data_layout */
};

int lxa_mthresh_parse(const struct lxa_node *n, struct lxa_mthresh *p, struct lxa_err *err);

/*
 * Which dimension of x holds the channels, as QONNX has it: 1 for N x C and N x C x H x W (the last one with data_layout
 * NHWC), the last one for every other rank. Where only dimension 1 has as many channels as there are rows of thresholds it
 * is that one. -1: the shapes do not belong together.
 */
int lxa_mthresh_axis(const struct lxa_mthresh *p, const struct lxa_tensor *x, const struct lxa_tensor *thresholds);

int64_t lxa_mthresh_count(const float *thresholds, int64_t n, float x); /* need not be sorted; 0 for NaN */

static inline float lxa_mthresh_value(const struct lxa_mthresh *p, int64_t count)
{
	return (float)((double)p->scale * (double)count + (double)p->bias);	/* rounded once */
}

/* ---- BipolarQuant ---- */
static inline float lxa_bipolar_value(float scale, float x)
{
	return x >= 0 ? scale : -scale;
}

#endif
