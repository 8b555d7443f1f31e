/* SPDX-License-Identifier: MIT */
/*
 * bench-vgg.c - all convolutions of VGG-16 on one 224 x 224 image, on the RTL: layer by layer through library and driver, each
 * reading what the one before wrote, with the network's own pools. Every byte of every layer's output must be the model
 * engine's.
 *   bench-vgg [LAYERS]      the first LAYERS of the 13
 *
 * The image is random 8-bit pixels, encoded as the planner would (rows and columns of the kernel share the lanes); all other
 * activations are 4-bit codes in base sqrt(2). Weights are normally distributed and rounded to 5-bit log codes, output scales
 * are set layer by layer from the sums that data and weights lead to, as training would: about half of the outputs are 0
 * before the pool, the largest codes are rare. Exit code: 0 equal, 1 not, or something failed.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench_dev.h"

#define LATENCY 100		/* the memory of bench-rtl */
#define BYTES_PER_CYCLE 16
#define SIZE 224
#define LAYERS 13
#define WAIT_MS 3600000
#define MAX_CODE 15

static const struct layer {
	const char *name;
	uint16_t hw, ic, oc;
	uint8_t pool;			/* 2: 2 x 2, stride 2, behind it */
} vgg[LAYERS] = {
	{ "conv1_1", 224, 3, 64, 1 },	 { "conv1_2", 224, 64, 64, 2 },	  { "conv2_1", 112, 64, 128, 1 },
	{ "conv2_2", 112, 128, 128, 2 }, { "conv3_1", 56, 128, 256, 1 },  { "conv3_2", 56, 256, 256, 1 },
	{ "conv3_3", 56, 256, 256, 2 },	 { "conv4_1", 28, 256, 512, 1 },  { "conv4_2", 28, 512, 512, 1 },
	{ "conv4_3", 28, 512, 512, 2 },	 { "conv5_1", 14, 512, 512, 1 },  { "conv5_2", 14, 512, 512, 1 },
	{ "conv5_3", 14, 512, 512, 2 },
};

/* One device with one layer on it and that layer's tensors. */
struct side {
	struct bench_dev d;
	struct lxa_operation *op;
	struct lxa_bo *in, *out;
	struct lxa_event ev;
	double wall, cpu;
};

static int fail(const char *what, const struct lxa_err *err)
{
	fprintf(stderr, "bench-vgg: %s%s%s\n", what, err ? ": " : "", err ? err->text : "");
	return -1;
}

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- data -------------------------------------------------------------------------------------------------------- */

static uint64_t seed = 0x9e3779b97f4a7c15ull;	/* the same data always */

static uint32_t rnd(void)
{
	seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
	return (uint32_t)(seed >> 32);
}

static double normal(void)
{
	return sqrt(-2 * log((rnd() + 1.0) / 4294967297.0)) * cos(2 * M_PI * rnd() / 4294967296.0);
}

/* A weight with standard deviation 1 as sign and code in base sqrt(2): 3 is the largest, 2^((1 - 15) / 2) of that code 1. */
static int8_t weight(double *square)
{
	double w = normal(), e = 2 * log2(fabs(w) / 3) + MAX_CODE;
	int q = e < 0.5 ? 0 : e > MAX_CODE ? MAX_CODE : (int)rint(e);

	*square = q ? exp2(q - 1) : 0;
	return (int8_t)(q | (w < 0 && q ? 0x80 : 0));
}

/* Mean square of the activations, in units of code 1 or of one step of a pixel. */
static double mean_square(const struct lxa_job *j, const struct lxa_layout *y, const uint8_t *p, double *zeros)
{
	uint64_t n = (uint64_t)y->out_h * y->out_w * j->out_c, none = 0;
	double sum = 0;

	for (uint32_t h = 0; h < y->out_h; h++)
		for (uint32_t w = 0; w < y->out_w; w++)
			for (uint32_t c = 0; c < j->out_c; c++) {
				int q = p[h * y->out_row + (uint64_t)w * y->out_px + c / 2] >> (c % 2 * 4) & 15;

				sum += q ? exp2(q - 1) : 0;
				none += !q;
			}
	*zeros = (double)none / (double)n;
	return sum / (double)n;
}

/* Random pixels; the three input rows under an output row are interleaved, and a zero pixel is at either end. */
static void make_image(uint8_t *to, const struct lxa_layout *y)
{
	static uint8_t image[SIZE][SIZE * 3];

	for (int h = 0; h < SIZE; h++)
		for (int i = 0; i < SIZE * 3; i++)
			image[h][i] = (uint8_t)rnd();
	for (int h = 0; h < SIZE; h++)
		for (int ky = 0; ky < 3; ky++)
			for (int x = 0; x < SIZE && h + ky >= 1 && h + ky <= SIZE; x++)
				memcpy(to + (uint64_t)h * y->in_row + (x + 1) * y->in_px + ky * 3, &image[h + ky - 1][x * 3], 3);
}

/* ---- layers ------------------------------------------------------------------------------------------------------ */

static void describe(const struct layer *l, struct lxa_job *j)
{
	*j = (struct lxa_job){ .in_h = l->hw, .in_w = l->hw, .in_c = l->ic, .out_c = l->oc, .groups = 1, .kh = 3, .kw = 3, .sy = 1,
			       .sx = 1, .dy = 1, .dx = 1, .pad_t = 1, .pad_l = 1, .pad_b = 1, .pad_r = 1, .pool_h = l->pool,
			       .pool_w = l->pool, .pool_sy = l->pool, .pool_sx = l->pool, .act_fmt = LXA_FMT_LOG4,
			       .wgt_fmt = LXA_WFMT_LOG, .kind = LXA_KIND_LOG, .out_fmt = LXA_OFMT_N4, .log_max = MAX_CODE,
			       .conv_flags = LXA_CONV_ACT_SQRT2 | LXA_CONV_WGT_SQRT2 | LXA_CONV_OUT_SQRT2 | LXA_CONV_OUT_NEAREST };
	if (l->ic > 3)
		return;
	j->act_fmt = LXA_FMT_U8;
	j->conv_flags = (j->conv_flags & ~LXA_CONV_ACT_SQRT2) | LXA_CONV_PACKED;
	j->in_w = (uint16_t)(l->hw + 2);
	j->in_c = 9;
	j->kh = 1;
	j->pad_t = j->pad_l = j->pad_b = j->pad_r = 0;
}

/* Weights and output stage of a layer whose activations have this mean square: code 15 is two standard deviations of the sum. */
static int make_layer(const struct layer *l, double square, struct lxa_job *j, int8_t **w, struct lxa_channel **chan)
{
	size_t n = (size_t)l->oc * l->ic * 9;
	double sum = 0, one;

	describe(l, j);
	*w = malloc(n);
	*chan = calloc(l->oc, sizeof(**chan));
	if (!*w || !*chan)
		return fail("out of memory", NULL);
	for (size_t i = 0; i < n; i++) {
		(*w)[i] = weight(&one);
		sum += one / (double)n;
	}
	/* v is the sum * 2^15 (its fraction) * mult / 2^shift, so about 2^8 of the sum */
	j->log_off = (int8_t)(MAX_CODE - (int)rint(2 * log2(2 * sqrt(l->ic * 9 * square * sum)) + 16));
	for (int c = 0; c < l->oc; c++)
		(*chan)[c] = (struct lxa_channel){ .mult = (int)(12288 + rnd() % 8192), .shift = 21,
						   .bias = (int64_t)(rnd() % 65536) - 32768 };
	return 0;
}

/* A layer on one device: what reads the layer before it wrote there. */
static int prepare(struct side *s, const struct lxa_job *j, const int8_t *w, const struct lxa_channel *chan)
{
	const struct lxa_layout *y;
	struct lxa_err err;

	lxa_op_free(s->op);
	s->op = NULL;
	if (lxa_op_create(s->d.dev, j, w, chan, &s->op, &err))
		return fail("layer", &err);
	y = lxa_op_layout(s->op);
	lxa_bo_free(s->in);
	s->in = s->out;
	s->out = NULL;
	if (!s->in && lxa_bo_create(s->d.dev, y->act_bytes, &s->in, &err))
		return fail("input", &err);
	return lxa_bo_create(s->d.dev, y->out_bytes, &s->out, &err) ? fail("output", &err) : 0;
}

static int run(struct side *s)
{
	struct lxa_job j = *lxa_op_job(s->op);
	struct lxa_err err;
	uint64_t seqno;
	int bad;

	j.batch = 1;
	j.act.handle = lxa_bo_handle(s->in);
	j.out.handle = lxa_bo_handle(s->out);
	s->wall = -now(CLOCK_MONOTONIC);
	s->cpu = -now(CLOCK_PROCESS_CPUTIME_ID);
	if (lxa_job_submit(s->d.dev, &j, 1, &seqno, &err))
		return fail("submit", &err);
	if (lxa_job_wait(s->d.dev, seqno, WAIT_MS, &bad) || bad || lxa_event_read(s->d.dev, &s->ev, 1) != 1)
		return fail("the job failed", NULL);
	s->wall += now(CLOCK_MONOTONIC);
	s->cpu += now(CLOCK_PROCESS_CPUTIME_ID);
	return 0;
}

/* 1: equal, 0: not, -1: failed. square: mean square of what the layer reads, then of what it wrote. */
static int one_layer(struct side *rtl, struct side *model, const struct layer *l, double *square, double *zeros)
{
	struct lxa_channel *chan = NULL;
	const struct lxa_layout *y;
	struct lxa_job j;
	int8_t *w = NULL;
	int ret = -1;

	if (l->ic == 3)
		*square = 255.0 * 255 / 3;	/* of uniform pixels */
	if (make_layer(l, *square, &j, &w, &chan) || prepare(model, &j, w, chan) || prepare(rtl, &j, w, chan))
		goto out;
	y = lxa_op_layout(rtl->op);
	if (l->ic == 3) {
		make_image(lxa_bo_map(rtl->in), y);
		memcpy(lxa_bo_map(model->in), lxa_bo_map(rtl->in), y->act_bytes);
	}
	if (run(model) || run(rtl))
		goto out;
	*square = mean_square(&j, y, lxa_bo_map(model->out), zeros);
	ret = !memcmp(lxa_bo_map(model->out), lxa_bo_map(rtl->out), y->out_bytes);
out:
	free(w);
	free(chan);
	return ret;
}

static void close_side(struct side *s)
{
	lxa_op_free(s->op);
	lxa_bo_free(s->in);
	lxa_bo_free(s->out);
	bench_close(&s->d);
}

static int network(struct side *rtl, struct side *model, int layers)
{
	double square = 0, zeros, macs = 0, cycles = 0, wall = 0, cpu = 0, twin = 0, peak;
	const struct lxa_caps *caps = lxa_device_caps(rtl->d.dev);
	int i, equal, all = 1;

	peak = (double)caps->shift_oc * caps->shift_ic;
	printf("VGG-16, one image, log lanes; weights 5-bit log, activations u8, then 4-bit log, base sqrt(2)\n");
	printf("%-10s %7s %9s %10s %7s %8s %8s %7s  %s\n", "layer", "pool", "MMAC", "cycles", "peak", "seconds", "CPU s", "zeros",
	       "bytes, RTL and model");
	for (i = 0; i < layers; i++) {
		double m = (double)vgg[i].hw * vgg[i].hw * vgg[i].ic * vgg[i].oc * 9;

		equal = one_layer(rtl, model, &vgg[i], &square, &zeros);
		if (equal < 0)
			return -1;
		all &= equal;
		macs += m, cycles += (double)rtl->ev.cycles, wall += rtl->wall, cpu += rtl->cpu, twin += model->cpu;
		printf("%-10s %7s %9.1f %10llu %6.1f%% %8.2f %8.2f %6.1f%%  %llu %s\n", vgg[i].name, vgg[i].pool > 1 ? "2x2" : "", m / 1e6,
		       (unsigned long long)rtl->ev.cycles, 100 * m / ((double)rtl->ev.cycles * peak), rtl->wall, rtl->cpu, 100 * zeros,
		       (unsigned long long)lxa_op_layout(rtl->op)->out_bytes, equal ? "equal" : "DIFFERENT");
		fflush(stdout);
	}
	printf("%-10s %7s %9.1f %10.0f %6.1f%% %8.2f %8.2f\n", "all", "", macs / 1e6, cycles, 100 * macs / cycles / peak, wall, cpu);
	printf("%.2f million cycles and %.2f GMAC a CPU-second; %s\n", cycles / cpu / 1e6, macs / cpu / 1e9,
	       all ? "every byte equals the model's" : "NOT equal to the model");
	printf("the model engine took %.2f CPU-seconds for the same, %.1f GMAC a CPU-second\n", twin, macs / twin / 1e9);
	return all ? 0 : -1;
}

int main(int argc, char **argv)
{
	int layers = argc > 1 ? atoi(argv[1]) : LAYERS, bad;
	struct side rtl = { 0 }, model = { 0 };

	if (layers < 1 || layers > LAYERS) {
		fprintf(stderr, "usage: bench-vgg [1..%d layers]\n", LAYERS);
		return 2;
	}
	bad = bench_open(&rtl.d, "rtl", LATENCY, BYTES_PER_CYCLE);
	if (!bad)
		bad = bench_open(&model.d, "model", LATENCY, BYTES_PER_CYCLE);
	if (!bad)
		bad = network(&rtl, &model, layers);
	close_side(&rtl);
	close_side(&model);
	return bad ? 1 : 0;
}
