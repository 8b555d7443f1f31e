/* SPDX-License-Identifier: MIT */
/* plan_util.h - for plan tests: small ONNX graphs written to a file, run by the library and by the float reference. */
#ifndef LXA_TEST_PLAN_UTIL_H
#define LXA_TEST_PLAN_UTIL_H

#include "graph.h"
#include "onnx_save.h"

#define NET_OUTPUTS 16

struct net {
	struct lxa_onnx *m;
	char path[64];
	int64_t channels, height, width;	/* of the current value */
	char cur[32];				/* its name */
	int next;				/* for names */
	int outputs;
	char output[NET_OUTPUTS][32];
};

void net_begin(struct net *n, int64_t c, int64_t h, int64_t w);	/* input "x", N x c x h x w */
void net_end(struct net *n);	/* makes the current value the output, writes the file; fails the test if that fails */

/* Nodes, each on the current value. Weights are random from layer_test_rnd(). */
enum net_quant {
	NET_LOG, NET_LOG_SQRT2, NET_LOG_FLOOR, NET_BIPOLAR, NET_INT8, NET_FLOAT, NET_LOG_SQRT2_FLOOR,
	NET_INT2, NET_INT3, NET_INT4,	/* Quant, scales that are powers of two, one a channel */
	NET_PLAIN_SIGNS, NET_PLAIN_POWERS, NET_PLAIN_ROOTS, NET_PLAIN_TERNARY, NET_PLAIN_INT4,	/* initializers, a scale a channel, no node */
};
void net_conv(struct net *n, enum net_quant wq, int64_t oc, int64_t k, int64_t stride, int64_t pad, int64_t groups,
	      int bias);
/* The same without strides, pads and dilations: the caller adds them as attributes and sets height and width. */
void net_conv_open(struct net *n, enum net_quant wq, int64_t oc, int64_t kh, int64_t kw, int64_t groups, int bias);
void net_output(struct net *n);	/* makes the current value an output as well */
void net_add_self(struct net *n);	/* x + x as an output: the current value is read twice */
void net_fc(struct net *n, enum net_quant wq, int64_t oc, int gemm);	/* flattens an image first */
void net_bn(struct net *n, int gammas);	/* 0 positive, 1 of both signs and zero, as exact small fractions */
void net_node(struct net *n, const char *op);	/* Relu, Sign, ... : no attributes, same shape */
void net_pool(struct net *n, int64_t k, int64_t s);
void net_pad(struct net *n, int64_t width, float value);
void net_bipolar(struct net *n, float scale);
void net_log(struct net *n, int bits, int steps, float fsr, const char *rounding);
void net_quant(struct net *n, float scale, float bits, int is_signed);
void net_quant_rounded(struct net *n, float scale, float bits, int is_signed, const char *rounding);
void net_quant_zero(struct net *n, float scale, float zero, float bits, int is_signed, int narrow);
/* MultiThreshold with this many thresholds between lo and hi, rows for each channel or one for all. */
void net_thresholds(struct net *n, int count, int per_channel, float lo, float hi, float scale, float bias);
void net_reshape(struct net *n, int64_t width);	/* to rows of this width */
void net_const(struct net *n, const char *op, int per_channel, float lo, float hi); /* Add, Mul with random constants */

/* The whole graph by lxa_cpu_exec(): the reference. out's data belongs to the caller. */
void net_reference(const struct net *n, const struct lxa_tensor *in, struct lxa_tensor *out);

/* By the library; dev NULL: CPU kernels. The plan stays for questions. */
struct planned {
	struct lxa_model *m;
	struct lxa_plan *p;
	struct lxa_run_result res;
};
void net_plan(const struct net *n, struct lxa_device *dev, int64_t batch, struct planned *r);
void net_run(struct planned *r, const struct lxa_tensor *in, struct lxa_tensor *out, int check);
void planned_free(struct planned *r);

/* The model engine, for a group of tests: set-up and tear-down. */
extern struct lxa_device *net_model;
int net_open_model(void **state);
int net_close_model(void **state);

/* The k-th node of this operator in the plan (constants left out), which must exist. */
const struct lxa_plan_entry *net_entry(const struct planned *r, const char *op, int k);

void random_input(struct lxa_tensor *t, int64_t n, int64_t c, int64_t h, int64_t w, float lo, float hi);
float random_between(float lo, float hi);

#endif
