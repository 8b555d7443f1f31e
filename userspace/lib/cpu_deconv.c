/* SPDX-License-Identifier: MIT */
/*
 * cpu_deconv.c - ConvTranspose: for each image and group the product of the weights, transposed, with the input (oneDNN's
 * sgemm), whose rows are then added up where each tap of each input pixel lies in the output. That covers every geometry
 * (output_padding, output_shape, dilation) alike, which oneDNN's deconvolution does not.
 */
#include <errno.h>
#include <stdlib.h>

#include "cpu_dnnl.h"
#include "ops.h"
#include "window.h"

#define PRODUCT_MAX ((int64_t)1 << 22)	/* floats of the product at a time, unless one channel has more */

/* Where tap k of input pixel i goes in the output's plane; -1: into the padding. */
static int64_t target(const struct lxa_window *w, int64_t i, int64_t k)
{
	int64_t pos = 0, scale = 1;
	int d;

	for (d = w->nd - 1; d >= 0; d--) {
		int64_t p = i % w->in[d] * w->stride[d] + k % w->kernel[d] * w->dilation[d] - w->pad_begin[d];

		if (p < 0 || p >= w->out[d])
			return -1;
		pos += p * scale;
		scale *= w->out[d];
		i /= w->in[d];
		k /= w->kernel[d];
	}
	return pos;
}

struct deconv {
	struct lxa_window w;
	int64_t group, in_ch, out_ch;		/* channels of one group */
	int64_t taps, in_size, out_size;
	int64_t block;				/* output channels at a time */
	float *product;				/* block * taps x in_size */
	int32_t *target;			/* taps x in_size: where each goes */
};

static void scatter(const struct deconv *v, int64_t channels, float *out)
{
	const float *from = v->product;
	int64_t ch, i;

	for (ch = 0; ch < channels; ch++, out += v->out_size)
		for (i = 0; i < v->taps * v->in_size; i++, from++)
			if (v->target[i] >= 0)
				out[v->target[i]] += *from;
}

/* x: the group's input channels; w: its weights, in_ch x out_ch * taps; out: its output channels, which hold the bias. */
static dnnl_status_t run_group(const struct deconv *v, const float *x, const float *w, float *out)
{
	dnnl_status_t s = dnnl_success;
	int64_t ch, n;

	for (ch = 0; ch < v->out_ch && s == dnnl_success; ch += n) {
		n = v->out_ch - ch < v->block ? v->out_ch - ch : v->block;
		s = dnnl_sgemm('T', 'N', n * v->taps, v->in_size, v->in_ch, 1, w + ch * v->taps, v->out_ch * v->taps, x,
			       v->in_size, 0, v->product, v->in_size);
		if (s == dnnl_success)
			scatter(v, n, out + ch * v->out_size);
	}
	return s;
}

LXA_OP_EXEC(conv_transpose)
{
	const struct lxa_tensor *x = c->in[0], *w = c->in[1], *b = c->n_in > 2 ? c->in[2] : NULL;
	struct deconv v = { .group = lxa_node_int(c->n, "group", 1), .taps = 1, .in_size = 1, .out_size = 1 };
	dnnl_status_t s = dnnl_success;
	float *out = c->out[0].data;
	int64_t n, g, ch, i;
	int d, ret;

	ret = lxa_window_transposed(c, w->dims + 2, &v.w);
	if (ret)
		return ret;
	v.in_ch = w->dims[0] / v.group;
	v.out_ch = w->dims[1];
	for (d = 0; d < v.w.nd; d++) {
		v.taps *= v.w.kernel[d];
		v.in_size *= v.w.in[d];
		v.out_size *= v.w.out[d];
	}
	v.block = PRODUCT_MAX / v.taps / v.in_size;
	v.block = v.block < 1 ? 1 : v.block > v.out_ch ? v.out_ch : v.block;
	v.product = malloc((size_t)(v.block * v.taps * v.in_size) * sizeof(*v.product));
	v.target = malloc((size_t)(v.taps * v.in_size) * sizeof(*v.target));
	if (!v.product || !v.target) {
		ret = lxa_op_err(c, -ENOMEM, "no memory for %lld products", (long long)(v.block * v.taps * v.in_size));
		goto out;
	}
	for (i = 0; i < v.taps * v.in_size; i++)
		v.target[i] = (int32_t)target(&v.w, i % v.in_size, i / v.in_size);
	for (n = 0; n < x->dims[0]; n++)
		for (g = 0; g < v.group && s == dnnl_success; g++, out += v.out_ch * v.out_size) {
			for (ch = 0; b && ch < v.out_ch; ch++)
				for (i = 0; i < v.out_size; i++)
					out[ch * v.out_size + i] = ((const float *)b->data)[g * v.out_ch + ch];
			s = run_group(&v, (const float *)x->data + (n * v.group + g) * v.in_ch * v.in_size,
				      (const float *)w->data + g * v.in_ch * v.out_ch * v.taps, out);
		}
	if (s != dnnl_success)
		ret = lxa_dnnl_err(c, s);
out:
	free(v.target);
	free(v.product);
	return ret;
}
