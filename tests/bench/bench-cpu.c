/* SPDX-License-Identifier: MIT */
/*
 * bench-cpu.c - LXA's CPU kernels against oneDNN's primitives for the same layers.
 *   bench-cpu [ROUNDS]
 *
 * Ours: lxa_kernel_run on packed memory, output stage included (4-bit log codes, or bits by thresholds). oneDNN's: u8 x s8 -> s32 and
 * f32 convolutions without bias, their memory in the layouts that the primitives ask for. Everything of a layer is timed in turn,
 * ROUNDS times, and the medians of the rounds' ratios are printed, so that the machine's other work meets all alike. One thread each,
 * in CPU time; "x2" is wall time of one thread over that of two, which says something on an idle machine alone.
 *
 * Data are random: "log" is 4-bit codes (any of 15 powers of two) with 5-bit weights, log-quantized from a normal distribution; its
 * sums need more than 32 bits. "log8" are codes up to 8 and weights of 7 powers of two, which fit bytes; "root2" the first in base
 * sqrt(2), 15 codes each; "bin" is binary with a zero border. "ceiling" is the share of what the kernel's own instructions (vpdpwssd;
 * vpdpbusd; vpxord, vpopcntd, vpaddd) reach on registers alone in the same run.
 */
#include <math.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <time.h>

#include "lxa_layer.h"

#define MIN_NS 4e6		/* of one measurement */
#define MAX_ROUNDS 101

static const struct layer {
	const char *name;
	int ic, oc, hw, k;
	int large;		/* the bar of two threads is for these */
} layers[] = {
	{ "VGG-16 conv2_2", 128, 128, 112, 3, 1 }, { "VGG-16 conv4_2", 512, 512, 28, 3, 1 },
	{ "ResNet-18 conv3_x", 128, 128, 28, 3, 0 }, { "MobileNet 1x1", 256, 256, 28, 1, 0 },
	{ "CNV 8x8", 256, 256, 8, 3, 0 }, { "AlexNet conv3", 256, 384, 13, 3, 0 },
};
#define LAYERS (sizeof(layers) / sizeof(layers[0]))

enum what { DNNL_INT8, DNNL_F32, LOG_512, LOG8_512, ROOT_512, BIN_512, LOG_AVX2, BIN_AVX2, LOG_1, LOG_2, BIN_1, BIN_2, WHATS };
static const char *const titles[WHATS] = { "u8s8", "f32", "log", "log8", "root2", "bin", "log:avx2", "bin:avx2" };

static uint64_t seed = 88172645463325252ull;

static uint32_t rnd(void)
{
	seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
	return (uint32_t)(seed >> 32);
}

static double now(int wall)
{
	struct timespec t;

	clock_gettime(wall ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "bench-cpu: %s\n", what);
	exit(1);
}

static double macs_of(const struct layer *l)
{
	return (double)l->hw * l->hw * l->ic * l->oc * l->k * l->k;
}

/* ---- oneDNN ---------------------------------------------------------------------------------------------------- */

struct dnnl {
	dnnl_primitive_t prim;
	dnnl_stream_t stream;
	dnnl_exec_arg_t args[3];
};

static void check(dnnl_status_t s)
{
	if (s != dnnl_success)
		die("oneDNN failed");
}

static dnnl_memory_t memory(dnnl_engine_t engine, const dnnl_memory_desc_t *md, int floats)
{
	size_t n = dnnl_memory_desc_get_size(md), i;
	dnnl_memory_t m;
	uint8_t *p;

	check(dnnl_memory_create(&m, md, engine, DNNL_MEMORY_ALLOCATE));
	check(dnnl_memory_get_data_handle(m, (void **)&p));
	for (i = 0; floats && i < n / 4; i++)
		((float *)(void *)p)[i] = (float)(rnd() % 16) / 16;
	for (i = 0; !floats && i < n; i++)
		p[i] = (uint8_t)(rnd() & 15);
	return m;
}

static struct dnnl dnnl_conv(dnnl_engine_t engine, dnnl_stream_t stream, const struct layer *l, int int8)
{
	dnnl_dims_t src = { 1, l->ic, l->hw, l->hw }, wgt = { l->oc, l->ic, l->k, l->k }, dst = { 1, l->oc, l->hw, l->hw };
	dnnl_dims_t ones = { 1, 1 }, pad = { l->k / 2, l->k / 2 };
	dnnl_memory_desc_t s, w, d;
	dnnl_convolution_desc_t desc;
	dnnl_primitive_desc_t pd;
	struct dnnl r = { .stream = stream };

	check(dnnl_memory_desc_init_by_tag(&s, 4, src, int8 ? dnnl_u8 : dnnl_f32, dnnl_format_tag_any));
	check(dnnl_memory_desc_init_by_tag(&w, 4, wgt, int8 ? dnnl_s8 : dnnl_f32, dnnl_format_tag_any));
	check(dnnl_memory_desc_init_by_tag(&d, 4, dst, int8 ? dnnl_s32 : dnnl_f32, dnnl_format_tag_any));
	check(dnnl_convolution_forward_desc_init(&desc, dnnl_forward_inference, dnnl_convolution_direct, &s, &w, NULL, &d, ones, pad,
						 pad));
	check(dnnl_primitive_desc_create(&pd, &desc, NULL, engine, NULL));
	check(dnnl_primitive_create(&r.prim, pd));
	r.args[0] = (dnnl_exec_arg_t){ DNNL_ARG_SRC, memory(engine, dnnl_primitive_desc_query_md(pd, dnnl_query_src_md, 0), !int8) };
	r.args[1] = (dnnl_exec_arg_t){ DNNL_ARG_WEIGHTS,
				       memory(engine, dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0), !int8) };
	r.args[2] = (dnnl_exec_arg_t){ DNNL_ARG_DST, memory(engine, dnnl_primitive_desc_query_md(pd, dnnl_query_dst_md, 0), !int8) };
	dnnl_primitive_desc_destroy(pd);
	return r;
}

static void dnnl_run(struct dnnl *d)
{
	check(dnnl_primitive_execute(d->prim, d->stream, 3, d->args));
	check(dnnl_stream_wait(d->stream));
}

static void dnnl_end(struct dnnl *d)
{
	int i;

	for (i = 0; i < 3; i++)
		dnnl_memory_destroy(d->args[i].memory);
	dnnl_primitive_destroy(d->prim);
}

/* ---- ours ------------------------------------------------------------------------------------------------------ */

struct ours {
	struct lxa_layer layer;
	struct lxa_kernel *kernel;
	struct kpool *pool;
	uint8_t *act, *out;
};

static double normal(void)
{
	return sqrt(-2 * log((rnd() + 1.0) / 4294967297.0)) * cos(2 * M_PI * rnd() / 4294967296.0);
}

/* Sign and code of a normally distributed weight; 4.5 sigma is the largest of `top` codes, `steps` an octave. */
static int8_t log_weight(int top, int steps)
{
	double v = normal();
	int q = (int)lround(log2(fabs(v) / 4.5) * steps) + top;

	q = q > top ? top : q < 0 ? 0 : q;
	return (int8_t)(q | (v < 0 && q ? 128 : 0));
}

static int8_t weight_of(enum what w)
{
	switch (w) {
	case LOG8_512:
		return log_weight(7, 1);
	case ROOT_512:
		return log_weight(15, 2);
	case BIN_512:
	case BIN_AVX2:
	case BIN_1:
	case BIN_2:
		return rnd() & 1 ? 1 : -1;
	default:
		return log_weight(15, 1);
	}
}

static void set_formats(struct lxa_job *j, enum what w)
{
	j->act_fmt = LXA_FMT_LOG4;
	j->wgt_fmt = LXA_WFMT_LOG;
	j->kind = LXA_KIND_LOG;
	j->out_fmt = LXA_OFMT_N4;
	j->log_max = 15;
	j->log_off = -11;
	j->conv_flags = LXA_CONV_OUT_NEAREST;
	if (w == ROOT_512)
		j->conv_flags |= LXA_CONV_ACT_SQRT2 | LXA_CONV_WGT_SQRT2 | LXA_CONV_OUT_SQRT2;
	if (w == BIN_512 || w == BIN_AVX2 || w == BIN_1 || w == BIN_2) {
		j->act_fmt = LXA_FMT_B1;
		j->wgt_fmt = LXA_WFMT_B1;
		j->kind = LXA_KIND_THRESH;
		j->out_fmt = LXA_OFMT_B1;
		j->nthr = 1;
		j->log_max = 0;
		j->log_off = 0;
		j->conv_flags = 0;
	}
}

static enum lxa_kernel_isa isa_of(enum what w)
{
	return w == LOG_AVX2 || w == BIN_AVX2 ? LXA_ISA_AVX2 : LXA_ISA_AUTO;
}

static void ours_make(struct ours *o, const struct layer *l, enum what w)
{
	struct lxa_job j = { .in_h = (uint16_t)l->hw, .in_w = (uint16_t)l->hw, .in_c = (uint16_t)l->ic, .out_c = (uint16_t)l->oc,
			     .groups = 1, .kh = (uint8_t)l->k, .kw = (uint8_t)l->k, .sy = 1, .sx = 1, .dy = 1, .dx = 1,
			     .pad_t = (uint8_t)(l->k / 2), .pad_l = (uint8_t)(l->k / 2), .pad_b = (uint8_t)(l->k / 2),
			     .pad_r = (uint8_t)(l->k / 2), .pool_h = 1, .pool_w = 1, .pool_sy = 1, .pool_sx = 1 };
	size_t n = (size_t)l->oc * l->ic * l->k * l->k, i;
	struct lxa_channel *chan = calloc((size_t)l->oc, sizeof(*chan));
	int8_t *wgt = malloc(n);
	struct lxa_caps caps;
	struct lxa_err err = { "" };
	int oc;

	if (!chan || !wgt)
		die("out of memory");
	lxa_caps_base(&caps);
	set_formats(&j, w);
	for (i = 0; i < n; i++)
		wgt[i] = weight_of(w);
	if (lxa_layer_begin(&o->layer, &caps, &j, w == LOG8_512 ? 8 : 0, wgt, &err))
		die(err.text);
	/* scales as the planner chooses them: code 1 is 2^12; the largest outputs, some 2^-4 of the bound, take the largest code */
	for (oc = 0; oc < l->oc; oc++) {
		chan[oc].mult = j.kind == LXA_KIND_THRESH ? 1 : 16384 + (int)(rnd() % 16384);
		if (j.kind == LXA_KIND_LOG)
			chan[oc].shift = (uint32_t)fmax(0, log2((double)o->layer.bound[oc]) - 4 + 15 - 26);
		chan[oc].bias = (int64_t)(rnd() % 64) - 32;
	}
	if (lxa_layer_finish(&o->layer, chan, &err))
		die(err.text);
	if (lxa_kernel_create(&o->layer, isa_of(w), &o->kernel, &err))
		die(err.text);
	o->act = aligned_alloc(64, lxa_round_up(o->layer.lay.act_bytes, 64));
	o->out = aligned_alloc(64, lxa_round_up(o->layer.lay.out_bytes, 64));
	if (!o->act || !o->out)
		die("out of memory");
	for (i = 0; i < o->layer.lay.act_bytes; i++)
		o->act[i] = w == LOG8_512 ? (uint8_t)(rnd() % 9 | (rnd() % 9) << 4) : (uint8_t)rnd();
	if ((w == LOG_2 || w == BIN_2) && (!(o->pool = kpool_create(2)) || lxa_kernel_threads(o->kernel, o->pool)))
		die("no threads");
	free(chan);
	free(wgt);
}

static void ours_end(struct ours *o)
{
	lxa_kernel_free(o->kernel);
	kpool_free(o->pool);
	lxa_layer_free(&o->layer);
	free(o->act);
	free(o->out);
}

/* ---- measuring ------------------------------------------------------------------------------------------------- */

struct subject {
	struct dnnl d;
	struct ours o;
	int is_dnnl, is_ours, wall;
	int runs;
	double ns[MAX_ROUNDS];
};

static void run_once(struct subject *s)
{
	if (s->is_dnnl)
		dnnl_run(&s->d);
	else
		lxa_kernel_run(s->o.kernel, 1, s->o.act, s->o.out);
}

static double measure(struct subject *s)
{
	double start = now(s->wall);
	int i;

	for (i = 0; i < s->runs; i++)
		run_once(s);
	return (now(s->wall) - start) / s->runs;
}

static void calibrate(struct subject *s)
{
	double ns;

	run_once(s);
	for (s->runs = 1; ; s->runs *= 2) {
		ns = measure(s) * s->runs;
		if (ns > MIN_NS)
			return;
	}
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Median over the rounds of a's time over b's; b NULL: of a's time. */
static double median(const struct subject *a, const struct subject *b, int rounds)
{
	double v[MAX_ROUNDS];
	int i;

	for (i = 0; i < rounds; i++)
		v[i] = b ? a->ns[i] / b->ns[i] : a->ns[i];
	qsort(v, (size_t)rounds, sizeof(v[0]), ascending);
	return v[rounds / 2];
}

static void bench_layer(dnnl_engine_t engine, dnnl_stream_t stream, const struct layer *l, int rounds, struct subject *s)
{
	int w, i;

	memset(s, 0, WHATS * sizeof(*s));
	for (w = 0; w < WHATS; w++) {
		if ((w >= LOG_1 && !l->large) || !lxa_kernel_has(isa_of((enum what)w)))
			continue;
		s[w].wall = w >= LOG_1;
		s[w].is_dnnl = w <= DNNL_F32;
		s[w].is_ours = !s[w].is_dnnl;
		if (s[w].is_dnnl)
			s[w].d = dnnl_conv(engine, stream, l, w == DNNL_INT8);
		else
			ours_make(&s[w].o, l, (enum what)w);
		calibrate(&s[w]);
	}
	for (i = 0; i < rounds; i++)
		for (w = 0; w < WHATS; w++)
			if (s[w].runs)
				s[w].ns[i] = measure(&s[w]);
}

/* ---- the ceiling ----------------------------------------------------------------------------------------------- */

#if defined(__x86_64__)
#define EIGHT(op) op("0") op("1") op("2") op("3") op("4") op("5") op("6") op("7")
#define DPW(n) "vpdpwssd %%zmm8, %%zmm9, %%zmm" n "\n\t"
#define DPB(n) "vpdpbusd %%zmm8, %%zmm9, %%zmm" n "\n\t"
#define POP(n) "vpxord %%zmm8, %%zmm9, %%zmm1" n "\n\tvpopcntd %%zmm1" n ", %%zmm1" n "\n\tvpaddd %%zmm1" n ", %%zmm" n ", %%zmm" n "\n\t"
#define LOOP(ops) __asm__ volatile("1:\n\t" ops ops "dec %0\n\tjnz 1b" : "+r"(n) : : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", \
				   "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc")

/* GMAC/s of one kind of instruction on registers. */
__attribute__((target("avx512f"))) static double ceiling(enum what w)
{
	double best = 0, start, rate;
	int round;

	for (round = 0; round < 9; round++) {
		long n = 200000;

		start = now(0);
		if (w == LOG_512)
			LOOP(EIGHT(DPW));
		else if (w == LOG8_512)
			LOOP(EIGHT(DPB));
		else
			LOOP(EIGHT(POP));
		rate = 200000.0 * 16 * (w == LOG_512 ? 32 : w == LOG8_512 ? 64 : 512) / (now(0) - start);
		best = rate > best ? rate : best;
	}
	return best;
}
#else
static double ceiling(enum what w)
{
	return 0;
}
#endif

static void print_head(void)
{
	int w;

	printf("%-18s", "GMAC/s");
	for (w = 0; w < LOG_1; w++)
		printf(" %8s", titles[w]);
	printf("\n");
}

static void print_layer(const struct layer *l, const struct subject *s, int rounds)
{
	double macs = macs_of(l);
	int w;

	printf("%-18s", l->name);
	for (w = 0; w < LOG_1; w++)
		if (s[w].runs)
			printf(" %8.0f", macs / median(&s[w], NULL, rounds));
		else
			printf(" %8s", "-");
	printf("\n  %-16s %8s %8s", "of u8s8", "", "");
	for (w = LOG_512; w < LOG_1; w++)
		if (s[w].runs)
			printf(" %8.2f", median(&s[DNNL_INT8], &s[w], rounds));
		else
			printf(" %8s", "-");
	printf("   bin of f32 %.1f", median(&s[DNNL_F32], &s[BIN_512], rounds));
	if (l->large)
		printf("   x2: log %.2f, bin %.2f", median(&s[LOG_1], &s[LOG_2], rounds), median(&s[BIN_1], &s[BIN_2], rounds));
	if (lxa_kernel_has(LXA_ISA_AVX512))
		printf("\n  %-16s %8s %8s %7.0f%% %7.0f%% %8s %7.0f%%", "of the ceiling", "", "",
		       100 * macs / median(&s[LOG_512], NULL, rounds) / ceiling(LOG_512),
		       100 * macs / median(&s[LOG8_512], NULL, rounds) / ceiling(LOG8_512), "",
		       100 * macs / median(&s[BIN_512], NULL, rounds) / ceiling(BIN_512));
	printf("\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct subject s[WHATS];
	int rounds = argc > 1 ? atoi(argv[1]) : 15;
	dnnl_engine_t engine;
	dnnl_stream_t stream;
	size_t i;
	int w;

	if (rounds < 1 || rounds > MAX_ROUNDS)
		die("usage: bench-cpu [ROUNDS]");
	/* oneDNN's threads: the variable is read when the program is loaded */
	if (!getenv("OMP_NUM_THREADS")) {
		setenv("OMP_NUM_THREADS", "1", 1);
		execv("/proc/self/exe", argv);
	}
	check(dnnl_engine_create(&engine, dnnl_cpu, 0));
	check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
	for (i = 0; i < LAYERS; i++) {
		bench_layer(engine, stream, &layers[i], rounds, s);
		if (!i) {
			for (w = LOG_512; w < LOG_1; w++)
				if (s[w].is_ours)
					printf("%s: %s, %s\n", titles[w], lxa_kernel_name(s[w].o.kernel), lxa_kernel_form(s[w].o.kernel));
			print_head();
		}
		print_layer(&layers[i], s, rounds);
		for (w = 0; w < WHATS; w++) {
			if (s[w].is_dnnl)
				dnnl_end(&s[w].d);
			if (s[w].is_ours)
				ours_end(&s[w].o);
		}
	}
	dnnl_stream_destroy(stream);
	dnnl_engine_destroy(engine);
	return 0;
}
