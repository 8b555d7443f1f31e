// SPDX-License-Identifier: MIT
/* plan_util.c - see plan_util.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph_util.h"
#include "layer_util.h"
#include "plan_util.h"

float random_between(float lo, float hi)
{
	return lo + (hi - lo) * (float)layer_test_rnd(1u << 20) / (float)(1 << 20);
}

void net_begin(struct net *n, int64_t c, int64_t h, int64_t w)
{
	int fd;

	memset(n, 0, sizeof(*n));
	strcpy(n->path, "/tmp/lxa-plan-test-XXXXXX");
	fd = mkstemp(n->path);
	assert_true(fd >= 0);
	close(fd);
	n->m = lxa_onnx_new("test");
	assert_non_null(n->m);
	lxa_onnx_input(n->m, "x", LXA_F32, 4, (int64_t[]){ -1, c, h, w });
	n->channels = c;
	n->height = h;
	n->width = w;
	strcpy(n->cur, "x");
}

void net_output(struct net *n)
{
	int i, ndim = n->height ? 4 : 2;

	for (i = 0; i < n->outputs; i++)
		if (!strcmp(n->output[i], n->cur))
			return;
	assert_true(n->outputs < NET_OUTPUTS);
	strcpy(n->output[n->outputs++], n->cur);
	lxa_onnx_output(n->m, n->cur, LXA_F32, ndim, (int64_t[]){ -1, n->channels, n->height, n->width });
}

void net_end(struct net *n)
{
	struct lxa_err err = { "" };

	net_output(n);
	if (lxa_onnx_save(n->m, n->path, &err))
		fail_msg("%s", err.text);
	lxa_onnx_free(n->m);
	n->m = NULL;
}

/* Add a node that reads the current value and `more`, and becomes the current value. */
static void add(struct net *n, const char *domain, const char *op, const char *more)
{
	char name[32], in[128];

	snprintf(name, sizeof(name), "%s_%d", op, n->next++);
	snprintf(in, sizeof(in), "%s%s%s", n->cur, *more ? " " : "", more);
	lxa_onnx_node(n->m, name, domain, op, in, name);
	snprintf(n->cur, sizeof(n->cur), "%s", name);
}

static void constant(struct net *n, const char *name, int ndim, const int64_t *dims, const float *v)
{
	lxa_onnx_f32(n->m, name, ndim, dims, v);
}

/* Weights that were quantized before the file was written: what is left are numbers. */
static void plain_weights(enum net_quant q, float *w, int64_t count, int64_t oc, int oc_first)
{
	float *s = malloc((size_t)oc * sizeof(*s));
	int64_t i;

	for (i = 0; i < oc; i++)	/* few digits, so that sums of scaled weights are exact */
		s[i] = ldexpf((float)(8 + layer_test_rnd(8)), -5 - (int)layer_test_rnd(4));
	for (i = 0; i < count; i++) {
		float scale = s[oc_first ? i / (count / oc) : i % oc], sign = layer_test_rnd(2) ? scale : -scale;
		int e = (int)layer_test_rnd(q == NET_PLAIN_ROOTS ? 9 : 5);

		switch (q) {
		case NET_PLAIN_POWERS:
			w[i] = layer_test_rnd(5) ? ldexpf(sign, e - 2) : 0;
			break;
		case NET_PLAIN_ROOTS:
			w[i] = layer_test_rnd(5) ? sign * (float)exp2(e / 2.0 - 2) : 0;
			break;
		case NET_PLAIN_TERNARY:
			w[i] = layer_test_rnd(3) ? sign : 0;
			break;
		case NET_PLAIN_INT4:
			w[i] = scale * (float)((int)layer_test_rnd(16) - 8);
			break;
		default:
			w[i] = sign;
		}
	}
	if (q == NET_PLAIN_INT4)	/* a channel's smallest magnitude is its unit */
		for (i = 0; i < oc; i++)
			w[oc_first ? i * (count / oc) : i] = s[i];
	free(s);
}

/* Quantized weights of these dimensions, out channels first or last; leaves the value's name in out. */
static void weights(struct net *n, enum net_quant q, int ndim, const int64_t *dims, int oc_first, char out[32])
{
	int64_t count = 1, oc = dims[oc_first ? 0 : ndim - 1], scale_dims[4] = { 1, 1, 1, 1 };
	char raw[32], par[32], in[128], name[32];
	float *w, *s;
	int i, id = n->next++;

	for (i = 0; i < ndim; i++)
		count *= dims[i];
	w = malloc((size_t)count * sizeof(*w));
	s = malloc((size_t)oc * sizeof(*s));
	for (i = 0; i < count; i++)
		w[i] = random_between(-1, 1) * random_between(0.02f, 1);
	snprintf(raw, sizeof(raw), "w%d", id);
	snprintf(par, sizeof(par), "p%d", id);
	snprintf(name, sizeof(name), "wq%d", id);
	snprintf(in, sizeof(in), "%s %s", raw, par);
	if (q >= NET_PLAIN_SIGNS) {
		plain_weights(q, w, count, oc, oc_first);
		constant(n, name, ndim, dims, w);
		strcpy(out, name);
		free(w);
		free(s);
		return;
	}
	constant(n, raw, ndim, dims, w);
	scale_dims[oc_first ? 0 : ndim - 1] = oc;
	for (i = 0; i < oc; i++)
		s[i] = q >= NET_INT2 ? ldexpf(1, -(int)layer_test_rnd(3) - (q == NET_INT2 ? 0 : q == NET_INT3 ? 1 : 2)) : q == NET_INT8 ? 0.01f * (float)(1 + layer_test_rnd(3)) : q == NET_BIPOLAR ? 1 :
			(float)layer_test_rnd(3) - 1;
	switch (q) {
	case NET_BIPOLAR:
		lxa_onnx_scalar(n->m, par, 1);
		lxa_onnx_node(n->m, name, "qonnx.custom_op.general", "BipolarQuant", in, name);
		break;
	case NET_INT8: case NET_INT2: case NET_INT3: case NET_INT4:
		constant(n, par, ndim, scale_dims, s);
		snprintf(raw, sizeof(raw), "z%d", id);
		lxa_onnx_scalar(n->m, raw, 0);
		snprintf(raw, sizeof(raw), "b%d", id);
		lxa_onnx_scalar(n->m, raw, q == NET_INT8 ? 8 : q == NET_INT2 ? 2 : q == NET_INT3 ? 3 : 4);
		snprintf(in, sizeof(in), "w%d p%d z%d b%d", id, id, id, id);
		lxa_onnx_node(n->m, name, "qonnx.custom_op.general", "Quant", in, name);
		lxa_onnx_attr_int(n->m, "signed", 1);
		lxa_onnx_attr_int(n->m, "narrow", 0);
		lxa_onnx_attr_string(n->m, "rounding_mode", "ROUND");
		break;
	case NET_FLOAT:
		lxa_onnx_scalar(n->m, par, 1);
		lxa_onnx_node(n->m, name, "", "Mul", in, name);
		break;
	default:
		constant(n, par, ndim, scale_dims, s);
		lxa_onnx_node(n->m, name, "lxa", "LogQuant", in, name);
		lxa_onnx_attr_int(n->m, "bits", 5);
		lxa_onnx_attr_int(n->m, "signed", 1);
		lxa_onnx_attr_int(n->m, "steps_per_octave", q == NET_LOG_SQRT2 || q == NET_LOG_SQRT2_FLOOR ? 2 : 1);
		lxa_onnx_attr_string(n->m, "rounding", q == NET_LOG_FLOOR || q == NET_LOG_SQRT2_FLOOR ? "FLOOR" : "NEAREST");
	}
	strcpy(out, name);
	free(w);
	free(s);
}

static void random_floats(struct net *n, const char *name, int64_t count, float lo, float hi, float step)
{
	float *v = malloc((size_t)count * sizeof(*v));
	int64_t i;

	for (i = 0; i < count; i++) {
		v[i] = random_between(lo, hi);
		if (step > 0)
			v[i] = rintf(v[i] / step) * step;
	}
	constant(n, name, 1, &count, v);
	free(v);
}

void net_conv_open(struct net *n, enum net_quant wq, int64_t oc, int64_t kh, int64_t kw, int64_t groups, int bias)
{
	int64_t dims[4] = { oc, n->channels / groups, kh, kw };
	char w[32], b[32], more[80];

	weights(n, wq, 4, dims, 1, w);
	snprintf(b, sizeof(b), "bias%d", n->next++);
	if (bias)
		random_floats(n, b, oc, -2, 2, 0.25f);
	snprintf(more, sizeof(more), bias ? "%s %s" : "%s", w, b);
	add(n, "", "Conv", more);
	lxa_onnx_attr_int(n->m, "group", groups);
	n->channels = oc;
}

void net_conv(struct net *n, enum net_quant wq, int64_t oc, int64_t k, int64_t stride, int64_t pad, int64_t groups,
	      int bias)
{
	net_conv_open(n, wq, oc, k, k, groups, bias);
	lxa_onnx_attr_ints(n->m, "pads", 4, (int64_t[]){ pad, pad, pad, pad });
	lxa_onnx_attr_ints(n->m, "strides", 2, (int64_t[]){ stride, stride });
	n->height = (n->height + 2 * pad - k) / stride + 1;
	n->width = (n->width + 2 * pad - k) / stride + 1;
}

void net_fc(struct net *n, enum net_quant wq, int64_t oc, int gemm)
{
	int64_t k = n->channels * (n->height ? n->height * n->width : 1), dims[2] = { gemm ? oc : k, gemm ? k : oc };
	char w[32], b[32], more[80];

	if (n->height) {
		add(n, "", "Flatten", "");
		lxa_onnx_attr_int(n->m, "axis", 1);
	}
	weights(n, wq, 2, dims, gemm, w);
	snprintf(b, sizeof(b), "bias%d", n->next++);
	if (gemm)
		random_floats(n, b, oc, -2, 2, 0.25f);
	snprintf(more, sizeof(more), gemm ? "%s %s" : "%s", w, b);
	add(n, "", gemm ? "Gemm" : "MatMul", more);
	if (gemm)
		lxa_onnx_attr_int(n->m, "transB", 1);
	n->channels = oc;
	n->height = n->width = 0;
}

void net_bn(struct net *n, int gammas)
{
	char s[32], b[32], m[32], v[32], more[140];
	float *g = malloc((size_t)n->channels * sizeof(*g));
	int64_t i;
	int id = n->next++;

	snprintf(s, sizeof(s), "gamma%d", id);
	snprintf(b, sizeof(b), "beta%d", id);
	snprintf(m, sizeof(m), "mean%d", id);
	snprintf(v, sizeof(v), "var%d", id);
	for (i = 0; i < n->channels; i++) {
		g[i] = random_between(0.3f, 2);
		if (gammas && i % 3)
			g[i] = i % 3 == 1 ? -g[i] : 0;
		if (gammas && i % 5 == 4)
			g[i] = i % 2 ? 1 : -0.5f;
	}
	constant(n, s, 1, &n->channels, g);
	random_floats(n, b, n->channels, -1, 1, layer_test_rnd(2) ? 0.25f : 0);
	random_floats(n, m, n->channels, -6, 6, layer_test_rnd(2) ? 1 : 0);
	random_floats(n, v, n->channels, 0.5f, 8, 0);
	snprintf(more, sizeof(more), "%s %s %s %s", s, b, m, v);
	add(n, "", "BatchNormalization", more);
	free(g);
}

void net_add_self(struct net *n)
{
	add(n, "", "Add", n->cur);
	net_output(n);
}

void net_node(struct net *n, const char *op)
{
	add(n, "", op, "");
}

void net_pool(struct net *n, int64_t k, int64_t s)
{
	add(n, "", "MaxPool", "");
	lxa_onnx_attr_ints(n->m, "kernel_shape", 2, (int64_t[]){ k, k });
	lxa_onnx_attr_ints(n->m, "strides", 2, (int64_t[]){ s, s });
	n->height = (n->height - k) / s + 1;
	n->width = (n->width - k) / s + 1;
}

void net_pad(struct net *n, int64_t width, float value)
{
	int64_t dims = 8, pads[8] = { 0, 0, width, width, 0, 0, width, width };
	char a[32], v[32], more[80];
	int id = n->next++;

	snprintf(a, sizeof(a), "pads%d", id);
	snprintf(v, sizeof(v), "pv%d", id);
	lxa_onnx_i64(n->m, a, 1, &dims, pads);
	lxa_onnx_scalar(n->m, v, value);
	snprintf(more, sizeof(more), "%s %s", a, v);
	add(n, "", "Pad", more);
	n->height += 2 * width;
	n->width += 2 * width;
}

void net_bipolar(struct net *n, float scale)
{
	char s[32];

	snprintf(s, sizeof(s), "s%d", n->next++);
	lxa_onnx_scalar(n->m, s, scale);
	add(n, "qonnx.custom_op.general", "BipolarQuant", s);
}

void net_log(struct net *n, int bits, int steps, float fsr, const char *rounding)
{
	char s[32];

	snprintf(s, sizeof(s), "s%d", n->next++);
	lxa_onnx_scalar(n->m, s, fsr);
	add(n, "lxa", "LogQuant", s);
	lxa_onnx_attr_int(n->m, "bits", bits);
	lxa_onnx_attr_int(n->m, "signed", 0);
	lxa_onnx_attr_int(n->m, "steps_per_octave", steps);
	lxa_onnx_attr_string(n->m, "rounding", rounding);
}

void net_quant(struct net *n, float scale, float bits, int is_signed)
{
	net_quant_rounded(n, scale, bits, is_signed, "ROUND");
}

void net_reshape(struct net *n, int64_t width)
{
	int64_t two = 2;
	char name[32];

	snprintf(name, sizeof(name), "shape%d", n->next++);
	lxa_onnx_i64(n->m, name, 1, &two, (int64_t[]){ -1, width });
	add(n, "", "Reshape", name);
	n->channels = width;
	n->height = n->width = 0;
}

static void quant(struct net *n, float scale, float zero, float bits, int is_signed, int narrow, const char *rounding)
{
	char s[32], z[32], b[32], more[100];
	int id = n->next++;

	snprintf(s, sizeof(s), "s%d", id);
	snprintf(z, sizeof(z), "z%d", id);
	snprintf(b, sizeof(b), "b%d", id);
	lxa_onnx_scalar(n->m, s, scale);
	lxa_onnx_scalar(n->m, z, zero);
	lxa_onnx_scalar(n->m, b, bits);
	snprintf(more, sizeof(more), "%s %s %s", s, z, b);
	add(n, "qonnx.custom_op.general", "Quant", more);
	lxa_onnx_attr_int(n->m, "signed", is_signed);
	lxa_onnx_attr_int(n->m, "narrow", narrow);
	lxa_onnx_attr_string(n->m, "rounding_mode", rounding);
}

void net_quant_rounded(struct net *n, float scale, float bits, int is_signed, const char *rounding)
{
	quant(n, scale, 0, bits, is_signed, 0, rounding);
}

void net_quant_zero(struct net *n, float scale, float zero, float bits, int is_signed, int narrow)
{
	quant(n, scale, zero, bits, is_signed, narrow, "ROUND");
}

void net_thresholds(struct net *n, int count, int per_channel, float lo, float hi, float scale, float bias)
{
	int64_t dims[2] = { per_channel ? n->channels : 1, count }, i;
	float *v = malloc((size_t)(dims[0] * dims[1]) * sizeof(*v));
	char name[32];

	snprintf(name, sizeof(name), "mt%d", n->next++);
	for (i = 0; i < dims[0] * dims[1]; i++)	/* also such that sums meet exactly */
		v[i] = layer_test_rnd(2) ? random_between(lo, hi) : rintf(random_between(lo, hi) * 4) / 4;
	constant(n, name, 2, dims, v);
	add(n, "qonnx.custom_op.general", "MultiThreshold", name);
	lxa_onnx_attr_float(n->m, "out_scale", scale);
	lxa_onnx_attr_float(n->m, "out_bias", bias);
	free(v);
}

void net_const(struct net *n, const char *op, int per_channel, float lo, float hi)
{
	int64_t dims[4] = { 1, per_channel ? n->channels : 1, 1, 1 }, i;
	float *v = malloc((size_t)dims[1] * sizeof(*v));
	char name[32];

	snprintf(name, sizeof(name), "k%d", n->next++);
	for (i = 0; i < dims[1]; i++)
		v[i] = random_between(lo, hi);
	constant(n, name, n->height ? 4 : 2, dims, v);
	add(n, "", op, name);
	free(v);
}

void net_reference(const struct net *n, const struct lxa_tensor *in, struct lxa_tensor *out)
{
	struct lxa_graph *g;
	struct lxa_cpu *cpu;
	struct lxa_err err = { "" };

	if (lxa_graph_load(n->path, &g, &err) || lxa_graph_infer(g, in->dims[0], &err) || lxa_cpu_create(&cpu, &err) ||
	    run_graph(cpu, g, in, out, &err))
		fail_msg("%s", err.text);
	lxa_cpu_destroy(cpu);
	lxa_graph_free(g);
}

void net_plan(const struct net *n, struct lxa_device *dev, int64_t batch, struct planned *r)
{
	struct lxa_err err = { "" };

	memset(r, 0, sizeof(*r));
	if (lxa_model_load(n->path, &r->m, &err) || lxa_plan_create(r->m, dev, batch, &r->p, &err))
		fail_msg("%s", err.text);
}

void net_run(struct planned *r, const struct lxa_tensor *in, struct lxa_tensor *out, int check)
{
	struct lxa_run_options opt = { .check = check };
	struct lxa_err err = { "" };

	if (lxa_plan_run(r->p, in, out, &opt, &r->res, &err))
		fail_msg("%s", err.text);
}

void planned_free(struct planned *r)
{
	lxa_plan_free(r->p);
	lxa_model_free(r->m);
}

const struct lxa_plan_entry *net_entry(const struct planned *r, const char *op, int k)
{
	int i;

	for (i = 0; i < lxa_plan_entries(r->p); i++) {
		const struct lxa_plan_entry *e = lxa_plan_entry(r->p, i);

		if (!e->constant && !strcmp(e->op, op) && !k--)
			return e;
	}
	fail_msg("the plan has too few %s nodes", op);
	return NULL;
}

void random_input(struct lxa_tensor *t, int64_t n, int64_t c, int64_t h, int64_t w, float lo, float hi)
{
	int64_t i;

	*t = (struct lxa_tensor){ .dtype = LXA_F32, .ndim = 4, .dims = { n, c, h, w } };
	assert_int_equal(lxa_tensor_alloc(t), 0);
	for (i = 0; i < lxa_tensor_count(t); i++)
		((float *)t->data)[i] = random_between(lo, hi);
}

struct lxa_device *net_model;

int net_open_model(void **state)
{
	struct lxa_err err = { "" };
	int ret = lxa_device_open("sim:model", &net_model, &err);

	if (ret)
		print_error("%s\n", err.text);
	return ret;
}

int net_close_model(void **state)
{
	lxa_device_close(net_model);
	return 0;
}
