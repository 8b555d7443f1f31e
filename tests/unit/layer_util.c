// SPDX-License-Identifier: MIT
/* layer_util.c - see layer_util.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "layer_util.h"

struct lxa_caps layer_test_caps;
int layer_test_taken[LXA_ISA_AVX512 + 1], layer_test_skipped[LXA_ISA_AVX512 + 1];
static uint64_t rng;

void layer_test_init(void)
{
	const char *env = getenv("LXA_SEED");

	rng = env ? strtoull(env, NULL, 0) : (uint64_t)time(NULL);
	printf("LXA_SEED=%llu\n", (unsigned long long)rng);
	fflush(stdout);
	rng = rng * 2862933555777941757ull + 3037000493ull;
	lxa_caps_base(&layer_test_caps);
}

uint32_t layer_test_rnd(uint32_t n)
{
	rng = rng * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((rng >> 33) % n);
}

#define rnd layer_test_rnd

static void random_channels(struct lxa_job *j)
{
	uint32_t icg = 1 + rnd(rnd(4) ? 20 : 150), ocg = 1 + rnd(rnd(4) ? 20 : 90);

	j->groups = 1;
	switch (rnd(4)) {
	case 0:			/* depthwise */
		j->groups = (uint16_t)(1 + rnd(100));
		icg = 1;
		ocg = 1 + rnd(2);
		break;
	case 1:			/* groups, sometimes of whole blocks */
		j->groups = (uint16_t)(2 + rnd(4));
		if (rnd(2)) {
			icg = 16 << rnd(3);
			ocg = 16 << rnd(3);
		}
		break;
	}
	j->in_c = (uint16_t)(icg * j->groups);
	j->out_c = (uint16_t)(ocg * j->groups);
}

static void random_geometry(struct lxa_job *j)
{
	uint32_t ekh, ekw;

	random_channels(j);
	j->in_h = (uint16_t)(1 + rnd(9));
	j->in_w = (uint16_t)(1 + rnd(9));
	j->sy = (uint8_t)(1 + rnd(rnd(2) ? 1 : 4));
	j->sx = (uint8_t)(1 + rnd(rnd(2) ? 1 : 4));
	j->kh = (uint8_t)j->in_h;
	j->kw = (uint8_t)j->in_w;
	j->dy = j->dx = 1;
	if (rnd(5) == 0)	/* fully connected */
		return;
	for (;;) {
		j->kh = (uint8_t)(1 + rnd(rnd(4) ? 3 : 11));
		j->kw = (uint8_t)(1 + rnd(rnd(4) ? 3 : 11));
		j->dy = (uint8_t)(1 + rnd(rnd(3) ? 1 : 3));
		j->dx = (uint8_t)(1 + rnd(rnd(3) ? 1 : 3));
		ekh = (j->kh - 1u) * j->dy + 1;
		ekw = (j->kw - 1u) * j->dx + 1;
		j->pad_t = (uint8_t)rnd(ekh);
		j->pad_b = (uint8_t)rnd(ekh);
		j->pad_l = (uint8_t)rnd(ekw);
		j->pad_r = (uint8_t)rnd(ekw);
		if (j->in_h + j->pad_t + j->pad_b >= (int)ekh && j->in_w + j->pad_l + j->pad_r >= (int)ekw)
			break;
	}
}

/* Few channels, packed: a kernel row is one run of bytes. */
static void random_packing(struct lxa_job *j)
{
	if ((j->act_fmt != LXA_FMT_LOG8 && j->act_fmt != LXA_FMT_U8 && j->act_fmt != LXA_FMT_S8) || rnd(2))
		return;
	j->conv_flags |= LXA_CONV_PACKED;
	j->groups = j->dx = 1;
	j->pad_l = j->pad_r = 0;
	j->in_c = (uint16_t)(1 + rnd(rnd(2) ? 4 : 40));
	if (j->in_w < j->kw)
		j->in_w = j->kw;
}

/* A pool whose windows all touch the convolution's output. */
static void random_pool(struct lxa_job *j)
{
	int ch = (j->in_h + j->pad_t + j->pad_b - (j->kh - 1) * j->dy - 1) / j->sy + 1;
	int cw = (j->in_w + j->pad_l + j->pad_r - (j->kw - 1) * j->dx - 1) / j->sx + 1;

	j->pool_h = j->pool_w = j->pool_sy = j->pool_sx = 1;
	if (rnd(3))
		return;
	j->pool_h = (uint8_t)(1 + rnd((uint32_t)(ch < 4 ? ch : 4)));
	j->pool_w = (uint8_t)(1 + rnd((uint32_t)(cw < 4 ? cw : 4)));
	j->pool_sy = (uint8_t)(1 + rnd(j->pool_h));
	j->pool_sx = (uint8_t)(1 + rnd(j->pool_w));
	j->pool_pt = (uint8_t)rnd(j->pool_h);
	j->pool_pl = (uint8_t)rnd(j->pool_w);
}

static void random_formats(struct lxa_job *j)
{
	static const uint8_t pair[][2] = { { LXA_FMT_LOG4, LXA_WFMT_LOG }, { LXA_FMT_LOG8, LXA_WFMT_LOG },
		{ LXA_FMT_LOG4, LXA_WFMT_S8 }, { LXA_FMT_U8, LXA_WFMT_LOG }, { LXA_FMT_S8, LXA_WFMT_LOG },
		{ LXA_FMT_B1, LXA_WFMT_B1 }, { LXA_FMT_B1, LXA_WFMT_B1 }, { LXA_FMT_LOG4, LXA_WFMT_LOG } };
	uint32_t i = rnd(8);

	j->act_fmt = pair[i][0];
	j->wgt_fmt = pair[i][1];
	if (j->act_fmt == LXA_FMT_B1)
		j->pad_mode = (uint8_t)rnd(3);
	if (j->act_fmt <= LXA_FMT_LOG8 && rnd(2))
		j->conv_flags |= LXA_CONV_ACT_SQRT2;
	if (j->wgt_fmt == LXA_WFMT_LOG && rnd(2))
		j->conv_flags |= LXA_CONV_WGT_SQRT2;
}

static void random_output(struct lxa_job *j)
{
	j->kind = (uint8_t)rnd(4);
	switch (j->kind) {
	case LXA_KIND_INT32:
		j->out_fmt = LXA_OFMT_W32;
		j->clamp_lo = rnd(2) ? INT32_MIN : -(int32_t)rnd(100000);
		j->clamp_hi = rnd(2) ? INT32_MAX : (int32_t)rnd(100000);
		break;
	case LXA_KIND_INT8:
		j->out_fmt = LXA_OFMT_B8;
		j->clamp_lo = rnd(2) ? 0 : -128;
		j->clamp_hi = j->clamp_lo ? 127 : 255;
		break;
	case LXA_KIND_LOG:
		j->log_max = (uint8_t)(1 + rnd(rnd(2) ? 15 : 32));
		j->out_fmt = j->log_max > 15 ? LXA_OFMT_B8 : LXA_OFMT_N4;
		j->log_off = (int8_t)(4 - (int)rnd(24));
		j->conv_flags |= (rnd(2) ? LXA_CONV_OUT_SQRT2 : 0) | (rnd(2) ? LXA_CONV_OUT_NEAREST : 0);
		break;
	default:
		j->nthr = (uint8_t)(rnd(2) ? 1 : 1 + rnd(15));
		j->out_fmt = j->nthr == 1 && rnd(3) ? LXA_OFMT_B1 : rnd(2) ? LXA_OFMT_N4 : LXA_OFMT_B8;
	}
}

static int ascending(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

static void random_channel(const struct lxa_job *j, struct lxa_channel *c)
{
	int32_t span = 1 << (1 + rnd(20)), i;

	memset(c, 0, sizeof(*c));
	c->mult = rnd(3) ? (int32_t)rnd(65536) - 32768 : rnd(2) ? 1 : -1;
	c->shift = rnd(3) ? rnd(24) : rnd(2) ? 0 : rnd(63);
	c->bias = (int64_t)rnd((uint32_t)span) - span / 2;
	if (!rnd(8))
		c->bias *= 1 << 20;
	for (i = 0; i < j->nthr; i++) {
		c->thr[i] = (int32_t)rnd((uint32_t)span) - span / 2;
		if (!rnd(12))
			c->thr[i] = rnd(2) ? LXA_THR_ALWAYS : LXA_THR_NEVER;
	}
	qsort(c->thr, j->nthr, sizeof(c->thr[0]), ascending);
}

static int32_t random_code(const struct lxa_job *j)
{
	uint32_t top = j->act_fmt == LXA_FMT_LOG4 ? 15 : j->conv_flags & LXA_CONV_ACT_SQRT2 ? 32 : 16;

	switch (j->act_fmt) {
	case LXA_FMT_U8:
		return (int32_t)rnd(256);
	case LXA_FMT_S8:
		return (int32_t)rnd(256) - 128;
	case LXA_FMT_B1:
		return rnd(2) ? 1 : -1;
	default:
		return rnd(4) ? (int32_t)rnd(top + 1) : rnd(2) ? 0 : (int32_t)top;
	}
}

static int8_t random_weight(const struct lxa_job *j, uint32_t top)
{
	switch (j->wgt_fmt) {
	case LXA_WFMT_S8:
		return (int8_t)rnd(256);
	case LXA_WFMT_B1:
		return rnd(2) ? 1 : -1;
	default:
		return (int8_t)(rnd(top + 1) | rnd(2) << 7);
	}
}

void random_layer(struct random_layer *r)
{
	struct lxa_job *j = &r->job;
	uint32_t top, i;
	size_t n;

	memset(r, 0, sizeof(*r));
	random_formats(j);
	random_geometry(j);
	random_packing(j);
	random_pool(j);
	random_output(j);
	r->batch = 1 + rnd(rnd(4) ? 3 : 20);
	n = (size_t)j->out_c * (j->in_c / j->groups) * j->kh * j->kw;
	r->w = malloc(n);
	top = 1 + rnd(j->conv_flags & LXA_CONV_WGT_SQRT2 ? 32 : 16);
	for (i = 0; i < n; i++)
		r->w[i] = random_weight(j, top);
	r->chan = calloc(j->out_c, sizeof(*r->chan));
	for (i = 0; i < j->out_c; i++)
		random_channel(j, &r->chan[i]);
	n = (size_t)r->batch * j->in_c * j->in_h * j->in_w;
	r->in = malloc(n * sizeof(*r->in));
	for (i = 0; i < n; i++)
		r->in[i] = random_code(j);
}

void random_layer_free(struct random_layer *r)
{
	free(r->w);
	free(r->chan);
	free(r->in);
}

const char *random_layer_text(const struct random_layer *r)
{
	static char text[512];
	const struct lxa_job *j = &r->job;

	snprintf(text, sizeof(text),
		 "act %u wgt %u flags %x pad mode %u kind %u out %u nthr %u; %u x %ux%ux%u -> %u, groups %u, "
		 "kernel %ux%u stride %u,%u dilation %u,%u pad %u,%u,%u,%u pool %ux%u stride %u,%u pad %u,%u",
		 j->act_fmt, j->wgt_fmt, j->conv_flags, j->pad_mode, j->kind, j->out_fmt, j->nthr, r->batch, j->in_c,
			 j->in_h,
		 j->in_w, j->out_c, j->groups, j->kh, j->kw, j->sy, j->sx, j->dy, j->dx, j->pad_t, j->pad_l, j->pad_b,
			 j->pad_r,
		 j->pool_h, j->pool_w, j->pool_sy, j->pool_sx, j->pool_pt, j->pool_pl);
	return text;
}

void check_isas(struct lxa_layer *layer, const struct random_layer *r, const int32_t *want, size_t n)
{
	struct lxa_job j = layer->job;
	struct lxa_kernel *kernel;
	struct lxa_layout y;
	struct lxa_err err = { "" };
	uint8_t *act, *a, *b;
	int32_t *codes = malloc(n * sizeof(*codes));
	size_t i;
	int isa;

	j.batch = (uint16_t)r->batch;
	lxa_layout(&layer->caps, &j, &y);
	act = malloc(y.act_bytes);
	a = malloc(y.out_bytes);
	b = malloc(y.out_bytes);
	for (i = 0; i < y.act_bytes; i++)	/* what padding channels hold must not matter */
		act[i] = (uint8_t)layer_test_rnd(256);
	lxa_pack_input(&layer->caps, &j, r->batch, r->in, act);
	for (i = 0; i < (size_t)j.batch * j.in_h * j.in_w; i++) {
		uint8_t *px =
			act + i / (j.in_h * j.in_w) * y.in_img + i / j.in_w % j.in_h * y.in_row + i % j.in_w * y.in_px;
		uint32_t bits = lxa_fmt_bits(j.act_fmt), c;

		for (c = j.in_c; c < y.in_px * 8 / bits; c++)
			lxa_element_or(px, bits, c, (int32_t)layer_test_rnd(1u << bits));
	}
	for (isa = LXA_ISA_PLAIN; isa <= LXA_ISA_AVX512; isa++) {
		if (!lxa_kernel_has((enum lxa_kernel_isa)isa)) {
			layer_test_skipped[isa]++;
			continue;
		}
		memset(a, 0x5a, y.out_bytes);
		assert_int_equal(lxa_kernel_create(layer, (enum lxa_kernel_isa)isa, &kernel, &err), 0);
		if (isa > LXA_ISA_PLAIN && strcmp(lxa_kernel_name(kernel), "plain"))
			layer_test_taken[isa]++;
		lxa_kernel_run(kernel, r->batch, act, a);
		lxa_unpack_output(&layer->caps, &j, r->batch, a, codes);
		for (i = 0; i < n; i++)
			if (codes[i] != want[i])
				fail_msg("kernel %s (%s), element %zu: %d, oracle %d; %s", lxa_kernel_name(kernel),
					 lxa_kernel_form(kernel), i, codes[i], want[i], random_layer_text(r));
		if (isa == LXA_ISA_PLAIN)
			memcpy(b, a, y.out_bytes);
		if (memcmp(a, b, y.out_bytes))
			fail_msg("kernel %s (%s): bytes beyond the channels differ from plain; %s", lxa_kernel_name(kernel),
				 lxa_kernel_form(kernel), random_layer_text(r));
		lxa_kernel_free(kernel);
	}
	free(act);
	free(a);
	free(b);
	free(codes);
}
