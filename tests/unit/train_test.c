// SPDX-License-Identifier: MIT
/*
 * train_test.c - the trainer's parts: every layer's gradients against finite differences, every quantizer against its
 * definition in double and its straight-through estimator against what its comment says, loss, optimizer, augmentation.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "train/augment.h"
#include "train/net.h"

#define BATCH 4

static struct rng rnd;

/* Distinct multiples of 0.1, plus 0.05: no two closer than 0.1, none near 0. In random order. */
static void spread(float *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = ((float)i - (float)(n / 2)) * 0.1f + 0.05f;
	for (size_t i = n - 1; i > 0; i--) {
		uint32_t j = rng_below(&rnd, (uint32_t)i + 1);
		float swap = x[i];

		x[i] = x[j];
		x[j] = swap;
	}
}

static double weighted(struct net *n, const float *x, const float *r, size_t count)
{
	const float *y = net_forward(n, x, MODE_TRAIN);
	double sum = 0.0;

	assert_non_null(y);
	for (size_t i = 0; i < count; i++)
		sum += (double)r[i] * (double)y[i];
	return sum;
}

static void check_one(struct net *n, const float *x, const float *r, size_t count, float *v, float analytic, float h,
		      const char *what, size_t i)
{
	float old = *v;
	double up, down, numeric;

	*v = old + h;
	up = weighted(n, x, r, count);
	*v = old - h;
	down = weighted(n, x, r, count);
	*v = old;
	numeric = (up - down) / (2.0 * (double)h);
	if (fabs(numeric - (double)analytic) > 4e-3 * (fabs(numeric) + 1.0))
		fail_msg("%s %zu: gradient %g, finite difference %g", what, i, (double)analytic, numeric);
}

/* All gradients of the network `arch` for loss = sum of r * y with random r. */
static void check_arch(const char *arch, struct shape in, float h)
{
	size_t n_x = BATCH * shape_size(in), n_y;
	struct net *n;
	struct lxa_err err = { "" };
	float *x = calloc(n_x, 4), *dx = calloc(n_x, 4), *r;

	if (net_create(arch, in, BATCH, 5, &n, &err))
		fail_msg("%s: %s", arch, err.text);
	n_y = BATCH * shape_size(n->layers[n->n - 1].out);
	r = calloc(n_y, 4);
	spread(x, n_x);
	for (size_t i = 0; i < n_y; i++)
		r[i] = rng_sym(&rnd);
	for (int l = 0; l < n->n; l++)		/* scales and shifts of their own */
		for (size_t i = 0; n->layers[l].ops == &layer_bn && i < n->layers[l].par[0].n; i++) {
			n->layers[l].par[0].v[i] += 0.5f * rng_sym(&rnd);
			n->layers[l].par[1].v[i] += 0.5f * rng_sym(&rnd);
		}
	weighted(n, x, r, n_y);
	assert_int_equal(net_backward(n, x, r, dx), 0);
	for (size_t i = 0; i < n_x; i += n_x / 40 + 1)
		check_one(n, x, r, n_y, &x[i], dx[i], h, arch, i);
	for (int l = 0; l < n->n; l++)
		for (int k = 0; k < 2; k++) {
			struct param *p = &n->layers[l].par[k];

			for (size_t i = 0; i < p->n; i += p->n / 40 + 1)
				check_one(n, x, r, n_y, &p->v[i], p->g[i], h, n->layers[l].name, i);
		}
	net_destroy(n);
	free(x);
	free(dx);
	free(r);
}

static void test_gradients(void **state)
{
	check_arch("conv5k3p1", (struct shape){ 6, 5, 3 }, 0.5f);
	check_arch("conv16k5p2", (struct shape){ 7, 7, 1 }, 0.5f);
	check_arch("conv3k3p0", (struct shape){ 5, 4, 16 }, 0.5f);
	check_arch("fc10", (struct shape){ 3, 2, 8 }, 0.5f);
	check_arch("bn", (struct shape){ 4, 3, 5 }, 0.02f);
	check_arch("relu", (struct shape){ 4, 4, 2 }, 0.02f);
	check_arch("pool2", (struct shape){ 4, 6, 3 }, 0.02f);
	check_arch("pool2", (struct shape){ 5, 7, 2 }, 0.02f);	/* rows and columns left over */
	check_arch("pool3", (struct shape){ 7, 6, 2 }, 0.02f);
	check_arch("input conv4k3p1 bn conv3k3p1 fc10", (struct shape){ 5, 5, 2 }, 0.02f);
}

/* methods of the quantizers' definition, in double */
static double log_quant(const struct quantizer *q, double fsr, double x)
{
	int s = q->p.log.steps, levels = 1 << (q->p.log.bits - q->p.log.is_signed);
	double e, code;

	if (x == 0.0 || (!q->p.log.is_signed && x < 0.0))
		return 0.0;
	e = floor((double)s * log2(fabs(x)) + 0.5);
	code = e - ((double)s * fsr - levels);
	if (code <= 0.0)
		return 0.0;
	code = fmin(code, levels - 1);
	return copysign((double)(float)exp2(((double)s * fsr - levels + code) / s), x);
}

#define COUNT 4000

static void fill_wide(float *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = ldexpf(rng_below(&rnd, 2) ? 0.5f + 0.5f * rng_unit(&rnd) : -0.5f - 0.5f * rng_unit(&rnd),
			      (int)rng_below(&rnd, 18) - 12);
	x[0] = 0.0f;
	x[1] = -0.0f;
	x[2] = 1.0f;
	x[3] = -1.0f;
	x[4] = 2.0f;
	x[5] = 1e-30f;
	x[6] = n > COUNT / 2 ? 700.0f : 3.0f;
}

static void check_log(struct quantizer *q, const float *x, const float *y, const float *dy, const float *dx)
{
	size_t per = COUNT / (size_t)q->channels;

	for (int c = 0; c < q->channels; c++) {
		double fsr = (double)q->p.fsr, max = 0.0, top;

		for (size_t i = 0; i < per; i++)
			max = fmax(max, fabs((double)x[c * per + i]));
		if (q->p.dynamic)
			fsr = (floor(q->p.log.steps * log2(max) + 0.5) + 1.0) / q->p.log.steps;
		top = q->p.dynamic ? INFINITY : exp2(fsr - 1.0 / q->p.log.steps + 0.5 / q->p.log.steps);
		for (size_t i = c * per; i < (c + 1) * per; i++) {
			double want = log_quant(q, fsr, (double)x[i]);
			int passes = q->p.log.is_signed ? fabs((double)x[i]) < top : x[i] > 0.0f && (double)x[i] < top;

			if ((double)y[i] != want)
				fail_msg("%s of %g: %g, expected %g", q->name, (double)x[i], (double)y[i], want);
			assert_true(dx[i] == (passes ? dy[i] : 0.0f));
		}
	}
}

static void check_binary(struct quantizer *q, const float *x, const float *y, const float *dy, const float *dx)
{
	size_t per = COUNT / (size_t)q->channels;

	for (int c = 0; c < q->channels; c++) {
		double alpha = 0.0;

		for (size_t i = 0; i < per; i++)
			alpha += q->p.scaled ? fabs((double)x[c * per + i]) / (double)per : 1.0 / (double)per;
		for (size_t i = c * per; i < (c + 1) * per; i++) {
			double want = x[i] < 0.0f ? -alpha : alpha;

			assert_true(fabs((double)y[i] - want) < 1e-6 * alpha);
			want = fabs((double)x[i]) < 1.0 ? alpha * (double)dy[i] : 0.0;
			assert_true(fabs((double)dx[i] - want) <= 1e-6 * fabs(want));
		}
	}
}

static void test_quantizers(void **state)
{
	static float x[COUNT], y[COUNT], dy[COUNT], dx[COUNT], again[COUNT];
	int i = 0;

	for (; quantizer_name(i); i++) {
		struct quantizer *q = quantizer_new(quantizer_name(i), 8);

		assert_non_null(q);
		fill_wide(x, COUNT);
		for (int k = 0; k < COUNT; k++)
			dy[k] = rng_sym(&rnd);
		assert_int_equal(quantizer_prepare(q, x, COUNT), 0);
		quantizer_forward(q, x, y, COUNT);
		quantizer_backward(q, x, dy, dx, COUNT);
		assert_int_equal(q->channels, q->p.per_channel ? 8 : 1);
		if (q->ops == &quantizer_log)
			check_log(q, x, y, dy, dx);
		else
			check_binary(q, x, y, dy, dx);
		/* what is stored in a file is quantized: doing it again changes nothing */
		quantizer_forward(q, y, again, COUNT);
		assert_memory_equal(y, again, sizeof(y));
		quantizer_free(q);
	}
	assert_true(i >= 8);
	assert_null(quantizer_new("none", 1));
}

/*
 * The gradient by the quantized weights is that of an unquantized layer with them; the estimator lets part of it
 * through.
 */
static void check_quantized_conv(const char *kind, float spread_by)
{
	char arch[64];
	struct net *q, *plain;
	struct lxa_err err;
	struct shape in = { 5, 5, 8 };
	size_t n_x = BATCH * shape_size(in), n_y = BATCH * 25 * 6;
	float *x = calloc(n_x, 4), *dy = calloc(n_y, 4), *dx[2] = { calloc(n_x, 4), calloc(n_x, 4) };
	int stopped = 0;
	size_t n_w;

	snprintf(arch, sizeof(arch), "conv6k3p1:%s", kind);
	assert_int_equal(net_create(arch, in, BATCH, 3, &q, &err), 0);
	assert_int_equal(net_create("conv6k3p1", in, BATCH, 4, &plain, &err), 0);
	spread(x, n_x);
	for (size_t i = 0; i < n_y; i++)
		dy[i] = rng_sym(&rnd);
	n_w = q->layers[0].par[0].n;
	for (size_t i = 0; i < n_w; i++)
		q->layers[0].par[0].v[i] = spread_by * rng_sym(&rnd);
	assert_non_null(net_forward(q, x, MODE_TRAIN));
	memcpy(plain->layers[0].par[0].v, q->layers[0].wq, n_w * sizeof(float));
	assert_non_null(net_forward(plain, x, MODE_TRAIN));
	assert_memory_equal(q->layers[0].y, plain->layers[0].y, n_y * sizeof(float));
	assert_int_equal(net_backward(q, x, dy, dx[0]), 0);
	assert_int_equal(net_backward(plain, x, dy, dx[1]), 0);
	assert_memory_equal(dx[0], dx[1], n_x * sizeof(float));
	for (size_t i = 0; i < n_w; i++) {
		int binary = q->layers[0].q->ops == &quantizer_binary;
		int stop = binary && fabsf(q->layers[0].par[0].v[i]) >= 1.0f;
		float scale = binary ? q->layers[0].q->scale[q->layers[0].q->p.per_channel ? i / (n_w / 6) : 0] : 1.0f;

		stopped += stop;
		assert_true(q->layers[0].par[0].g[i] == (stop ? 0.0f : scale * plain->layers[0].par[0].g[i]));
	}
	assert_true(spread_by <= 1.0f || q->layers[0].q->ops != &quantizer_binary || stopped);
	net_destroy(q);
	net_destroy(plain);
	free(x);
	free(dy);
	free(dx[0]);
	free(dx[1]);
}

static void test_quantized_weights(void **state)
{
	check_quantized_conv("wlog", 0.4f);
	check_quantized_conv("wlogt", 3.0f);
	check_quantized_conv("wlogb2", 0.4f);
	check_quantized_conv("wbin", 1.5f);
	check_quantized_conv("wbina", 1.5f);
}

static double loss_in_double(const float *z, const uint8_t *labels, int count, int classes, double smooth)
{
	double loss = 0.0;

	for (int i = 0; i < count; i++) {
		double sum = 0.0;

		for (int c = 0; c < classes; c++)
			sum += exp((double)z[i * classes + c]);
		for (int c = 0; c < classes; c++)
			loss -= (smooth / classes + (c == labels[i]) * (1.0 - smooth)) *
				((double)z[i * classes + c] - log(sum));
	}
	return loss / count;
}

static void test_loss(void **state)
{
	const uint8_t labels[] = { 2, 0, 4 };
	float z[4 * 5], dy[4 * 5], unused[4 * 5], loss;
	int right;

	for (int i = 0; i < 20; i++)
		z[i] = 3.0f * rng_sym(&rnd);
	z[0 * 5 + 2] = z[1 * 5 + 0] = 4.0f;		/* the first two are right */
	z[2 * 5 + 1] = 4.0f;
	loss = net_loss(z, labels, 3, 4, 5, 0.1f, dy, &right);
	assert_int_equal(right, 2);
	assert_true(fabs((double)loss - loss_in_double(z, labels, 3, 5, 0.1)) < 1e-5);
	for (int i = 0; i < 20; i++) {
		float old = z[i];
		double up, down;

		z[i] = old + 1e-2f;
		up = loss_in_double(z, labels, 3, 5, 0.1);
		z[i] = old - 1e-2f;
		down = loss_in_double(z, labels, 3, 5, 0.1);
		z[i] = old;
		assert_true(fabs((up - down) / 2e-2 - (double)dy[i]) < 1e-4);
	}
	assert_true(net_loss((float[]){ 1000.0f, -1000.0f }, labels + 1, 1, 1, 2, 0.0f, unused, &right) == 0.0f);
}

static void test_adam(void **state)
{
	struct net *n;
	struct lxa_err err;
	double v, m1 = 0.0, m2 = 0.0;
	struct param *p;

	assert_int_equal(net_create("fc2:wbin", (struct shape){ 1, 1, 3 }, 2, 1, &n, &err), 0);
	p = &n->layers[0].par[1];			/* the bias: not clipped */
	v = (double)p->v[1];
	for (int t = 1; t <= 5; t++) {
		double g = t * 0.3 - 0.7;

		p->g[1] = (float)g;
		net_adam(n, 0.05f);
		m1 = 0.9 * m1 + 0.1 * g;
		m2 = 0.999 * m2 + 0.001 * g * g;
		v -= 0.05 * (m1 / (1 - pow(0.9, t))) / (sqrt(m2 / (1 - pow(0.999, t))) + 1e-8);
		assert_true(fabs(v - (double)p->v[1]) < 1e-5);
	}
	p = &n->layers[0].par[0];			/* binary weights stay in [-1, 1] */
	p->v[0] = 0.999f;
	p->g[0] = -100.0f;
	net_adam(n, 0.5f);
	assert_true(p->v[0] == 1.0f);
	net_destroy(n);
}

static void test_augment(void **state)
{
	uint8_t pixels[2 * 64];
	struct lxa_dataset d = { .n = 2, .c = 1, .h = 8, .w = 8, .max = 16, .pixels = pixels };
	struct augment none = { 0 }, much = { .shift = 2, .turn = 0.5f, .scale = 0.3f, .shear = 0.3f, .bend = 1.0f };
	float a[64], b[64];
	int changed = 0;

	for (int i = 0; i < 128; i++)
		pixels[i] = (uint8_t)rng_below(&rnd, 17);
	augment_image(&d, 1, NULL, rnd, a);
	augment_image(&d, 1, &none, rnd, b);
	for (int i = 0; i < 64; i++)
		assert_true(a[i] == (float)pixels[64 + i] && b[i] == a[i]);
	for (uint64_t k = 0; k < 200; k++) {
		augment_image(&d, 0, &much, rng_stream(1, 2, k), a);
		augment_image(&d, 0, &much, rng_stream(1, 2, k), b);
		assert_memory_equal(a, b, sizeof(a));
		for (int i = 0; i < 64; i++) {
			assert_true(a[i] >= 0.0f && a[i] <= 16.0f && a[i] == floorf(a[i]));
			changed += a[i] != (float)pixels[i];
		}
	}
	assert_true(changed > 200 * 16);
}

static void test_bad_architectures(void **state)
{
	static const char *const bad[] = {
		"", "conv", "conv8", "conv8k3x1", "conv8k3p", "conv0k3p1", "conv8k9p0", "conv8k3p1:log4",
		"conv8k3p1:nothing", "act", "act:wlog", "act:", "pool0", "pool9", "pool16", "fc", "bnx", "dense10",
		"relu conv8k3p1 what", "conv99999k3p1", "conv-4k3p1",
	};
	struct lxa_err err;
	struct net *n;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&err, 0, sizeof(err));
		if (net_create(bad[i], (struct shape){ 8, 8, 1 }, 2, 1, &n, &err) != -EINVAL || strlen(err.text) < 10)
			fail_msg("'%s' was not refused: %s", bad[i], err.text);
		assert_null(n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gradients), cmocka_unit_test(test_quantizers),
		cmocka_unit_test(test_quantized_weights),
		cmocka_unit_test(test_loss), cmocka_unit_test(test_adam), cmocka_unit_test(test_augment),
		cmocka_unit_test(test_bad_architectures),
	};
	const char *env = getenv("LXA_SEED");
	uint64_t seed = env ? strtoull(env, NULL, 0) : 20;

	printf("LXA_SEED=%llu\n", (unsigned long long)seed);
	rnd = rng_stream(seed, 0, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
