// SPDX-License-Identifier: MIT
/*
 * fit.c - the weights of one head: what the calibration images say about its inputs, and what follows from that.
 *
 * With x the quantized inputs of one output (a patch of k values) and y the float network's result there, the second moments
 *	H = E[(x - Ex)(x - Ex)'],  G = E[(y - Ey)(x - Ex)']
 * tell the error of any weights. The weights wished for are those that make up for the inputs' quantization as well as linear ones
 * can, W = (G + dW0)(H + dI)^-1, drawn a little (d) towards the float weights W0. The method finds codes for them. Scale and bias
 * of each channel are then fitted again (the bias correction among it: the means are equal).
 * Where the head's result is added to another value, y makes up for the error of that one, too.
 * More than MAX_K inputs would cost too much: then H is its diagonal, and W is W0.
 */
#include "quant.h"

#include <errno.h>
#include <math.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>
#include <string.h>

#define POSITIONS 32768		/* patches looked at */
#define BLOCK 1024		/* of them at a time */
#define DAMP 0.01		/* d in parts of H's mean diagonal element */
#define MAX_K 4608

/* Second moments of one group, sums while they are collected. */
struct moments {
	int k, m;			/* inputs, outputs */
	int diagonal;
	double n;
	double damp;			/* added to h's diagonal since */
	double *h, *g, *x, *y, *yy;	/* h: k x k or k; g: m x k */
	float *xb, *yb, *hb, *gb;	/* a block, and its products */
};

static void moments_free(struct moments *s)
{
	free(s->h);
	free(s->g);
	free(s->x);
	free(s->y);
	free(s->yy);
	free(s->xb);
	free(s->yb);
	free(s->hb);
	free(s->gb);
}

static int moments_init(struct moments *s, const struct quant_head *h)
{
	size_t k = (size_t)h->k, m = (size_t)(h->out_c / h->groups), hs;

	*s = (struct moments){ .k = (int)h->k, .m = (int)m, .diagonal = h->k > MAX_K };
	hs = s->diagonal ? k : k * k;
	s->h = calloc(hs, sizeof(double));
	s->g = calloc(m * k, sizeof(double));
	s->x = calloc(k, sizeof(double));
	s->y = calloc(m, sizeof(double));
	s->yy = calloc(m, sizeof(double));
	s->xb = calloc(BLOCK * k, sizeof(float));
	s->yb = calloc(BLOCK * m, sizeof(float));
	s->hb = calloc(hs, sizeof(float));
	s->gb = calloc(m * k, sizeof(float));
	return s->h && s->g && s->x && s->y && s->yy && s->xb && s->yb && s->hb && s->gb ? 0 : -ENOMEM;
}

static void add_block(struct moments *s, int n)
{
	size_t k = (size_t)s->k, m = (size_t)s->m, hs = s->diagonal ? k : k * k;

	for (int i = 0; i < n; i++) {
		for (size_t j = 0; j < k; j++)
			s->x[j] += (double)s->xb[(size_t)i * k + j];
		for (size_t j = 0; j < m; j++) {
			double y = (double)s->yb[(size_t)i * m + j];

			s->y[j] += y;
			s->yy[j] += y * y;
		}
		for (size_t j = 0; s->diagonal && j < k; j++)
			s->h[j] += (double)s->xb[(size_t)i * k + j] * (double)s->xb[(size_t)i * k + j];
	}
	if (!s->diagonal) {
		dnnl_sgemm('T', 'N', s->k, s->k, n, 1, s->xb, s->k, s->xb, s->k, 0, s->hb, s->k);
		for (size_t i = 0; i < hs; i++)
			s->h[i] += (double)s->hb[i];
	}
	dnnl_sgemm('T', 'N', s->m, s->k, n, 1, s->yb, s->m, s->xb, s->k, 0, s->gb, s->k);
	for (size_t i = 0; i < m * k; i++)
		s->g[i] += (double)s->gb[i];
	s->n += n;
}

/* From sums to moments about the means. */
static void center(struct moments *s)
{
	size_t k = (size_t)s->k, m = (size_t)s->m;

	for (size_t j = 0; j < k; j++)
		s->x[j] /= s->n;
	for (size_t o = 0; o < m; o++) {
		s->y[o] /= s->n;
		s->yy[o] = s->yy[o] / s->n - s->y[o] * s->y[o];
		for (size_t j = 0; j < k; j++)
			s->g[o * k + j] = s->g[o * k + j] / s->n - s->y[o] * s->x[j];
	}
	for (size_t i = 0; i < k; i++)
		for (size_t j = s->diagonal ? i : 0; j < (s->diagonal ? i + 1 : k); j++) {
			double *h = &s->h[s->diagonal ? i : i * k + j];

			*h = *h / s->n - s->x[i] * s->x[j];
		}
}

/* ---- patches ---------------------------------------------------------------------------------------------------- */

/* The inputs of output position `pos` of image i in group g. */
static void patch(const struct quant_head *h, const struct lxa_tensor *x, int64_t i, int64_t pos, int64_t g, float *out)
{
	const struct lxa_window *w = &h->win;
	const float *in = x->data;
	int64_t channels, oy, ox;

	if (!h->conv) {
		memcpy(out, in + i * h->k, (size_t)h->k * sizeof(float));
		return;
	}
	channels = x->dims[1] / h->groups;
	oy = pos / w->out[1];
	ox = pos % w->out[1];
	for (int64_t c = 0; c < channels; c++) {
		const float *map = in + (i * x->dims[1] + g * channels + c) * w->in[0] * w->in[1];

		for (int64_t ky = 0; ky < w->kernel[0]; ky++) {
			int64_t y = oy * w->stride[0] + ky * w->dilation[0] - w->pad_begin[0];

			for (int64_t kx = 0; kx < w->kernel[1]; kx++) {
				int64_t at = ox * w->stride[1] + kx * w->dilation[1] - w->pad_begin[1];

				*out++ = y < 0 || y >= w->in[0] || at < 0 || at >= w->in[1] ? 0 : map[y * w->in[1] + at];
			}
		}
	}
}

static int64_t area(const struct quant_head *h)
{
	return h->conv ? h->win.out[0] * h->win.out[1] : 1;
}

/* What the head should give there: the float network's result, less what the value added to it is wrong by. */
static void target(const struct quant *z, const struct quant_head *h, int chunk, int64_t i, int64_t pos, int64_t g, float *out)
{
	const float *y = z->v[h->out].f[chunk].data, *of = NULL, *oq = NULL;
	int64_t m = h->out_c / h->groups;

	if (h->other >= 0) {
		of = z->v[h->other].f[chunk].data;
		oq = z->v[h->other].q[chunk].data;
	}
	for (int64_t o = 0; o < m; o++) {
		int64_t at = (i * h->out_c + g * m + o) * area(h) + pos;

		out[o] = y[at] + (of ? of[at] - oq[at] : 0);
	}
}

static int collect(struct quant *z, const struct quant_head *h, int64_t g, struct moments *s)
{
	const struct quant_value *in = &z->v[z->g->nodes[h->node].in[0]];
	const struct lxa_tensor *x = in->act_q ? in->act_q : in->q;
	int64_t per_image = area(h), total = z->n_chunks * z->chunk * per_image;
	int64_t n = total < POSITIONS ? total : POSITIONS;
	int have = 0, ret;

	for (int64_t p = 0; p < n; p++) {
		/* spread evenly, but not in step with rows and columns */
		int64_t at = n == total ? p : (int64_t)(((double)p + fmod((double)p * 0.6180339887, 1)) * (double)total / (double)n);
		int64_t image = at / per_image, i = image % z->chunk;
		int chunk = (int)(image / z->chunk);

		patch(h, &x[chunk], i, at % per_image, g, s->xb + (size_t)have * (size_t)s->k);
		target(z, h, chunk, i, at % per_image, g, s->yb + (size_t)have * (size_t)s->m);
		if (++have < BLOCK && p + 1 < n)
			continue;
		add_block(s, have);
		have = 0;
		ret = quant_step(z);
		if (ret)
			return ret;
	}
	center(s);
	return 0;
}

/* ---- the weights wished for ------------------------------------------------------------------------------------- */

/* l = Cholesky factor of h, in place of the lower half of a copy. */
static void cholesky(double *a, int k)
{
	for (int i = 0; i < k; i++) {
		double *li = a + (size_t)i * (size_t)k;

		for (int j = 0; j <= i; j++) {
			const double *lj = a + (size_t)j * (size_t)k;
			double sum = li[j];

			for (int t = 0; t < j; t++)
				sum -= li[t] * lj[t];
			li[j] = i == j ? sqrt(fmax(sum, 1e-30)) : sum / lj[j];
		}
	}
}

/* v := v (L L')^-1 */
static void solve(const double *l, int k, double *v)
{
	for (int i = 0; i < k; i++) {
		for (int t = 0; t < i; t++)
			v[i] -= l[(size_t)i * (size_t)k + (size_t)t] * v[t];
		v[i] /= l[(size_t)i * (size_t)k + (size_t)i];
	}
	for (int i = k - 1; i >= 0; i--) {
		v[i] /= l[(size_t)i * (size_t)k + (size_t)i];
		for (int t = 0; t < i; t++)
			v[t] -= l[(size_t)i * (size_t)k + (size_t)t] * v[i];
	}
}

/* h gets its damping; w gets the weights wished for. */
static int wish(struct moments *s, const float *w0, double *w)
{
	size_t k = (size_t)s->k, m = (size_t)s->m, step = s->diagonal ? 1 : k + 1;
	double mean = 0, *l;

	for (size_t i = 0; i < k; i++)
		mean += s->h[i * step] / (double)k;
	mean = mean > 0 ? mean : 1;
	s->damp = DAMP * mean;
	for (size_t i = 0; i < k; i++)
		s->h[i * step] += s->damp;
	for (size_t i = 0; i < m * k; i++)
		w[i] = (double)w0[i];
	if (s->diagonal)
		return 0;
	l = malloc(k * k * sizeof(*l));
	if (!l)
		return -ENOMEM;
	memcpy(l, s->h, k * k * sizeof(*l));
	cholesky(l, s->k);
	for (size_t o = 0; o < m; o++) {
		for (size_t j = 0; j < k; j++)
			w[o * k + j] = s->g[o * k + j] + s->damp * (double)w0[o * k + j];
		solve(l, s->k, w + o * k);
	}
	free(l);
	return 0;
}

/* Scale and bias of channel o of the group for the codes' values q; adds the squared error and the variance. */
static void refit(const struct moments *s, const float *q, int o, float *scale, float *bias, double *error, double *power)
{
	size_t k = (size_t)s->k;
	double qg = 0, qq = 0, mean = 0, a = (double)*scale;

	for (size_t i = 0; i < k; i++) {
		double row = 0;

		qg += (double)q[i] * s->g[(size_t)o * k + i];
		mean += (double)q[i] * s->x[i];
		if (q[i] == 0)
			continue;
		for (size_t j = 0; !s->diagonal && j < k; j++)
			row += s->h[i * k + j] * (double)q[j];
		qq += (double)q[i] * ((s->diagonal ? s->h[i] * (double)q[i] : row) - s->damp * (double)q[i]);
	}
	if (!s->diagonal && qq > 0 && qg > 0)
		a = qg / qq;
	*scale = (float)a;
	*bias = (float)(s->y[o] - a * mean);
	*error += fmax(s->yy[o] - 2 * a * qg + a * a * qq, 0);
	*power += s->yy[o];
}

static int fit_group(struct quant *z, struct quant_head *h, int64_t g, double *error, double *power, struct lxa_err *err)
{
	size_t m = (size_t)(h->out_c / h->groups), k = (size_t)h->k, first = (size_t)g * m;
	double *w = calloc(m * k, sizeof(*w)), *scale = calloc(m, sizeof(*scale));
	struct moments s;
	int ret = moments_init(&s, h);
	struct quant_rows r = { .rows = (int)m, .k = (int)k, .w = w, .h = s.h, .diagonal = s.diagonal, .wq = h->wq + first * k,
				.scale = scale };

	if (ret || !w || !scale) {
		ret = -ENOMEM;
		goto out;
	}
	ret = collect(z, h, g, &s);
	if (!ret)
		ret = wish(&s, h->w + first * k, w);
	if (!ret)
		ret = z->method->rows(&h->weights, &r);
	for (size_t o = 0; !ret && o < m; o++) {
		h->scale[first + o] = (float)scale[o];
		refit(&s, h->wq + (first + o) * k, (int)o, &h->scale[first + o], &h->bias[first + o], error, power);
		if (!isfinite(h->scale[first + o]) || !isfinite(h->bias[first + o]))
			ret = quant_err(z, h->node, err, -EDOM, "output channel %zu is not finite on the calibration images",
					first + o);
	}
out:
	moments_free(&s);
	free(w);
	free(scale);
	return ret;
}

int quant_fit(struct quant *z, struct quant_head *h, struct lxa_err *err)
{
	double error = 0, power = 0;
	int ret = 0;

	z->method->weights(z->o, &h->weights);
	for (int64_t g = 0; !ret && g < h->groups; g++)
		ret = fit_group(z, h, g, &error, &power, err);
	if (ret == -ENOMEM)
		return quant_err(z, h->node, err, ret, "out of memory");
	if (ret == -EINTR)
		return lxa_err_set(err, ret, "stopped");
	h->error = power > 0 ? error / power : 0;
	return ret;
}
