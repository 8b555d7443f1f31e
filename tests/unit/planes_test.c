// SPDX-License-Identifier: MIT
/*
 * Bit planes: linear operands of 1 to 4 bits on the XNOR lanes. Random layers in every pair of widths and signs, on the plain
 * kernel, the machine's best one and the simulated device, against a convolution of integers with the definition's output stage.
 *
 *	planes_test [ROUNDS]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "layer_util.h"

#define rnd layer_test_rnd

static struct lxa_device *devices[2];
static int rounds = 150;

static int32_t between(int lo, int hi)
{
	return lo + (int32_t)rnd((uint32_t)(hi - lo + 1));
}

static void channels(struct lxa_job *j)
{
	static const uint16_t some[] = { 1, 2, 5, 64 };
	uint32_t icg = 1 + rnd(rnd(2) ? 9 : 140), ocg = 1 + rnd(rnd(2) ? 9 : 80);

	j->groups = rnd(3) ? 1 : some[rnd(4)];
	if (j->groups > 5)
		icg = ocg = 1;	/* not more pixels than the scratchpad holds */
	else if (j->groups > 1 && !rnd(3))
		icg = ocg = 64;
	j->in_c = (uint16_t)(j->groups * icg);
	j->out_c = (uint16_t)(j->groups * ocg);
}

static void geometry(struct lxa_job *j)
{
	uint32_t ekh, ekw;

	channels(j);
	j->in_h = (uint16_t)(1 + rnd(7));
	j->in_w = (uint16_t)(1 + rnd(7));
	do {
		j->kh = (uint8_t)(1 + rnd(4));
		j->kw = (uint8_t)(1 + rnd(4));
		j->dy = (uint8_t)(1 + rnd(2));
		j->dx = (uint8_t)(1 + rnd(2));
		ekh = (j->kh - 1u) * j->dy + 1;
		ekw = (j->kw - 1u) * j->dx + 1;
		j->pad_t = (uint8_t)rnd(ekh);
		j->pad_b = (uint8_t)rnd(ekh);
		j->pad_l = (uint8_t)rnd(ekw);
		j->pad_r = (uint8_t)rnd(ekw);
	} while (j->in_h + j->pad_t + j->pad_b < (int)ekh || j->in_w + j->pad_l + j->pad_r < (int)ekw);
	j->sy = (uint8_t)(1 + rnd(3));
	j->sx = (uint8_t)(1 + rnd(3));
	j->pool_h = j->pool_w = j->pool_sy = j->pool_sx = 1;
}

struct range {
	int lo, hi;
};

/* Formats, and what values they hold. */
static void formats(struct lxa_job *j, struct range *a, struct range *w)
{
	int n4 = rnd(3) != 0, bits = !n4 || rnd(3);

	*a = *w = (struct range){ -1, 1 };
	j->act_fmt = n4 ? LXA_FMT_N4 : LXA_FMT_B1;
	j->wgt_fmt = bits ? LXA_WFMT_BITS : LXA_WFMT_B1;
	if (n4) {
		j->act_bits = (uint8_t)(1 + rnd(4));
		*a = (struct range){ 0, (1 << j->act_bits) - 1 };
		if (rnd(2)) {
			j->conv_flags |= LXA_CONV_ACT_SIGNED;
			*a = (struct range){ -(1 << j->act_bits) / 2, (1 << j->act_bits) / 2 - 1 };
		}
	} else {
		j->pad_mode = (uint8_t)rnd(3);
	}
	if (bits) {
		j->wgt_bits = (uint8_t)(1 + rnd(4));
		*w = (struct range){ 0, (1 << j->wgt_bits) - 1 };
		if (rnd(2)) {
			j->conv_flags |= LXA_CONV_WGT_SIGNED;
			*w = (struct range){ -(1 << j->wgt_bits) / 2, (1 << j->wgt_bits) / 2 - 1 };
		}
	} else if (j->groups > 1 && (j->in_c / j->groups % 64 || j->out_c / j->groups % 64)) {
		j->groups = 1;	/* has no groups that share a block */
	}
}

static int64_t sum(const struct lxa_job *j, const int8_t *w, const int32_t *in, uint32_t n, uint32_t oc, uint32_t y, uint32_t x)
{
	uint32_t icg = j->in_c / j->groups, g = oc / (j->out_c / j->groups), i, ky, kx;
	int64_t s = 0;

	for (i = 0; i < icg; i++)
		for (ky = 0; ky < j->kh; ky++)
			for (kx = 0; kx < j->kw; kx++) {
				int iy = (int)(y * j->sy + ky * j->dy) - j->pad_t, ix = (int)(x * j->sx + kx * j->dx) - j->pad_l, v;

				if (iy < 0 || ix < 0 || iy >= j->in_h || ix >= j->in_w)
					v = j->act_fmt == LXA_FMT_N4 || j->pad_mode == LXA_PAD_ZERO ? 0 : j->pad_mode == LXA_PAD_PLUS ? 1 : -1;
				else
					v = in[((n * j->in_c + g * icg + i) * j->in_h + (uint32_t)iy) * j->in_w + (uint32_t)ix];
				s += v * w[((oc * icg + i) * j->kh + ky) * j->kw + kx];
			}
	return s;
}

struct made {
	struct lxa_job job;
	uint32_t batch;
	int8_t *w;
	struct lxa_channel *chan;
	int32_t *in, *want;
	size_t n_in, n_out;
};

static void make(struct made *m)
{
	struct lxa_job *j = &m->job;
	struct lxa_layout y;
	struct range a, w;
	size_t n, i, at = 0;
	uint32_t k, oc, oy, ox;

	memset(m, 0, sizeof(*m));
	geometry(j);
	formats(j, &a, &w);
	m->batch = 1 + rnd(4);
	j->kind = LXA_KIND_INT32;
	j->out_fmt = LXA_OFMT_W32;
	j->clamp_lo = INT32_MIN;
	j->clamp_hi = INT32_MAX;
	if (rnd(2)) {
		j->kind = LXA_KIND_THRESH;
		j->out_fmt = rnd(2) ? LXA_OFMT_N4 : LXA_OFMT_B8;
		j->conv_flags |= j->out_fmt == LXA_OFMT_N4 && rnd(2) ? LXA_CONV_OUT_LINEAR : 0;
		j->clamp_lo = j->clamp_hi = 0;
		j->nthr = (uint8_t)(1 + rnd(15));
	}
	j->batch = 1;
	lxa_layout(&layer_test_caps, j, &y);
	n = (size_t)j->out_c * (j->in_c / j->groups) * j->kh * j->kw;
	m->w = malloc(n);
	for (i = 0; i < n; i++)
		m->w[i] = (int8_t)(j->wgt_fmt == LXA_WFMT_B1 ? (rnd(2) ? 1 : -1) : between(w.lo, w.hi));
	m->chan = calloc(j->out_c, sizeof(*m->chan));
	for (i = 0; i < j->out_c; i++) {
		m->chan[i].mult = rnd(2) ? 1 : -1;
		m->chan[i].bias = between(-20, 20);
		for (k = 0; k < j->nthr; k++)
			m->chan[i].thr[k] = (k ? m->chan[i].thr[k - 1] : -30) + (int32_t)rnd(9);
	}
	m->n_in = (size_t)m->batch * j->in_c * j->in_h * j->in_w;
	m->in = malloc(m->n_in * sizeof(*m->in));
	for (i = 0; i < m->n_in; i++)
		m->in[i] = j->act_fmt == LXA_FMT_B1 ? (rnd(2) ? 1 : -1) : between(a.lo, a.hi);
	m->n_out = (size_t)m->batch * j->out_c * y.out_h * y.out_w;
	m->want = malloc(m->n_out * sizeof(*m->want));
	for (i = 0; i < m->batch; i++)
		for (oc = 0; oc < j->out_c; oc++)
			for (oy = 0; oy < y.out_h; oy++)
				for (ox = 0; ox < y.out_w; ox++, at++) {
					int64_t v = m->chan[oc].mult * (sum(j, m->w, m->in, (uint32_t)i, oc, oy, ox) + m->chan[oc].bias);

					m->want[at] = (int32_t)v;
					for (k = 0; j->nthr && k <= j->nthr; k++)
						m->want[at] = k ? m->want[at] + (v >= m->chan[oc].thr[k - 1]) : 0;
				}
}

static void made_free(struct made *m)
{
	free(m->w);
	free(m->chan);
	free(m->in);
	free(m->want);
}

static void compare(const struct made *m, const int32_t *got, const char *who)
{
	const struct lxa_job *j = &m->job;
	size_t i;

	for (i = 0; i < m->n_out; i++)
		if (got[i] != m->want[i])
			fail_msg("%s, element %zu: %d, oracle %d; act %u/%u wgt %u/%u flags %x pad mode %u kind %u; %u x %ux%ux%u -> %u, groups %u, "
				 "kernel %ux%u", who, i, got[i], m->want[i], j->act_fmt, j->act_bits, j->wgt_fmt, j->wgt_bits, j->conv_flags,
				 j->pad_mode, j->kind, m->batch, j->in_c, j->in_h, j->in_w, j->out_c, j->groups, j->kh, j->kw);
}

static void on_kernels(const struct made *m)
{
	static const enum lxa_kernel_isa isas[] = { LXA_ISA_PLAIN, LXA_ISA_AVX2, LXA_ISA_AVX512 };
	int32_t *got = malloc(m->n_out * sizeof(*got));
	struct lxa_err err = { "" };
	struct lxa_layer l;
	size_t i;

	if (lxa_layer_begin(&l, &layer_test_caps, &m->job, 0, m->w, &err) || lxa_layer_finish(&l, m->chan, &err))
		fail_msg("%s", err.text);
	for (i = 0; i < sizeof(isas) / sizeof(isas[0]) && lxa_kernel_has(isas[i]); i++) {
		struct lxa_job j = l.job;
		struct lxa_layout y;
		struct lxa_kernel *k;
		uint8_t *act, *out;
		size_t b;

		j.batch = (uint16_t)m->batch;
		lxa_layout(&l.caps, &j, &y);
		act = malloc(y.act_bytes);
		out = calloc(1, y.out_bytes);
		memset(act, 0, y.act_bytes);
		lxa_pack_input(&l.caps, &j, m->batch, m->in, act);
		for (b = 0; b < y.act_bytes && j.act_fmt == LXA_FMT_N4; b++)	/* bits above the width do not count */
			act[b] |= (uint8_t)(0x11 * (15 & ~((1 << j.act_bits) - 1)));
		assert_int_equal(lxa_kernel_create(&l, isas[i], &k, &err), 0);
		lxa_kernel_run(k, m->batch, act, out);
		lxa_unpack_output(&l.caps, &j, m->batch, out, got);
		compare(m, got, lxa_kernel_name(k));
		lxa_kernel_free(k);
		free(act);
		free(out);
	}
	lxa_layer_free(&l);
	free(got);
}

static void on_device(const struct made *m, struct lxa_device *dev)
{
	int32_t *got = malloc(m->n_out * sizeof(*got));
	struct lxa_operation *op;
	struct lxa_err err = { "" };

	if (lxa_op_create(dev, &m->job, m->w, m->chan, &op, &err) || lxa_op_run(op, m->batch, m->in, got, NULL, &err))
		fail_msg("%s: %s", lxa_device_path(dev), err.text);
	compare(m, got, lxa_device_path(dev));
	lxa_op_free(op);
	free(got);
}

static void test_random(void **state)
{
	struct made m;
	int i;

	for (i = 0; i < rounds; i++) {
		make(&m);
		on_kernels(&m);
		if (devices[0])
			on_device(&m, devices[0]);
		if (devices[1] && i % 8 == 0)
			on_device(&m, devices[1]);
		made_free(&m);
	}
}

static void test_errors(void **state)
{
	static const int8_t two[] = { 2 }, fits[] = { 1 };
	struct lxa_job j = { .in_h = 1, .in_w = 1, .in_c = 1, .out_c = 1, .groups = 1, .kh = 1, .kw = 1, .sy = 1, .sx = 1, .dy = 1, .dx = 1,
			     .pool_h = 1, .pool_w = 1, .pool_sy = 1, .pool_sx = 1, .act_fmt = LXA_FMT_N4, .wgt_fmt = LXA_WFMT_BITS,
			     .act_bits = 4, .wgt_bits = 2, .conv_flags = LXA_CONV_WGT_SIGNED };
	struct lxa_operation *op;
	struct lxa_err err = { "" };
	struct lxa_layer l;

	assert_int_equal(lxa_layer_begin(&l, &layer_test_caps, &j, 0, fits, &err), 0);
	lxa_layer_free(&l);
	assert_true(lxa_layer_begin(&l, &layer_test_caps, &j, 0, two, &err) < 0);
	assert_non_null(strstr(err.text, "2 bits hold -2 to 1"));
	lxa_layer_free(&l);
	j.act_bits = 5;
	assert_true(lxa_layer_begin(&l, &layer_test_caps, &j, 0, fits, &err) < 0);
	assert_non_null(strstr(err.text, "width of the activations"));
	lxa_layer_free(&l);
	j.act_bits = 4;
	j.res_mode = LXA_RES_VALUE;	/* an operation has no place for it */
	assert_int_equal(lxa_op_create(NULL, &j, fits, &(struct lxa_channel){ .mult = 1 }, &op, &err), -EOPNOTSUPP);
	assert_null(op);
}

static int open_devices(void **state)
{
	static const char *const names[2] = { "sim:model", "sim:rtl" };
	struct lxa_err err = { "" };
	int i;

	for (i = 0; i < 2; i++)
		if (lxa_device_open(names[i], &devices[i], &err))
			print_message("not on %s: %s\n", names[i], err.text);
	return 0;
}

static int close_devices(void **state)
{
	lxa_device_close(devices[0]);
	lxa_device_close(devices[1]);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_errors),
	};

	if (argc > 1)
		rounds = atoi(argv[1]);
	layer_test_init();
	return cmocka_run_group_tests(tests, open_devices, close_devices);
}
