// SPDX-License-Identifier: MIT
/*
 * layer.c - one layer without a model: a Sobel filter, whose weights 1 and 2 are powers of two, on 8-bit pixels.
 *
 *	layer [DEVICE]
 *
 * The same operation is made twice, on a device and (device NULL) on the CPU kernels: the bits are the same.
 */
#include <stdio.h>
#include <string.h>

#include <lxa.h>

#define SIDE 8
#define PIXELS (SIDE * SIDE)

/* A weight in base 2: sign in bit 7, below it the code, which is 0 for the value 0 and else 1 + log2. */
enum { ZERO = 0, ONE = 1, TWO = 2, NEG = 0x80 };

/* out_c x in_c x kh x kw: left to right, and top to bottom */
static const unsigned char weights[2][1][3][3] = {
	{ { { NEG | ONE, ZERO, ONE }, { NEG | TWO, ZERO, TWO }, { NEG | ONE, ZERO, ONE } } },
	{ { { NEG | ONE, NEG | TWO, NEG | ONE }, { ZERO, ZERO, ZERO }, { ONE, TWO, ONE } } },
};

static void print(const char *name, const int32_t *v)
{
	printf("%s\n", name);
	for (int y = 0; y < SIDE; y++, printf("\n"))
		for (int x = 0; x < SIDE; x++)
			printf("%5d", v[y * SIDE + x]);
}

int main(int argc, char **argv)
{
	/* What the library reads of a job: geometry, formats, kind. Sums stay 32 bits, times 1: multiplier 1, shift 0. */
	const struct lxa_job shape = {
		.in_h = SIDE, .in_w = SIDE, .in_c = 1, .out_c = 2, .groups = 1, .kh = 3, .kw = 3, .sy = 1, .sx = 1,
		.dy = 1, .dx = 1, .pad_t = 1, .pad_l = 1, .pad_b = 1, .pad_r = 1,
		.pool_h = 1, .pool_w = 1, .pool_sy = 1, .pool_sx = 1,
		.act_fmt = LXA_FMT_U8, .wgt_fmt = LXA_WFMT_LOG, .kind = LXA_KIND_INT32, .out_fmt = LXA_OFMT_W32,
		.clamp_lo = INT32_MIN, .clamp_hi = INT32_MAX,
	};
	const struct lxa_channel chan[2] = { { .mult = 1 }, { .mult = 1 } };
	int32_t in[PIXELS] = { 0 }, out[2 * PIXELS], cpu_out[2 * PIXELS];
	struct lxa_operation *op, *cpu_op;
	struct lxa_err err = { "" };
	struct lxa_device *dev;
	struct lxa_event ev;

	for (int y = 2; y < 6; y++)		/* a bright square */
		for (int x = 2; x < 6; x++)
			in[y * SIDE + x] = 200;

	if (lxa_device_open(argc > 1 ? argv[1] : NULL, &dev, &err) ||
	    lxa_op_create(dev, &shape, (const int8_t *)weights, chan, &op, &err) ||
	    lxa_op_create(NULL, &shape, (const int8_t *)weights, chan, &cpu_op, &err) ||
	    lxa_op_run(op, 1, in, out, &ev, &err) || lxa_op_run(cpu_op, 1, in, cpu_out, NULL, &err)) {
		fprintf(stderr, "layer: %s\n", err.text);
		return 1;
	}
	print("left to right", out);
	print("top to bottom", out + PIXELS);
	printf("%llu MACs in %llu cycles on %s; the CPU kernel gives %s\n", (unsigned long long)ev.macs,
	       (unsigned long long)ev.cycles, lxa_device_path(dev),
	       memcmp(out, cpu_out, sizeof(out)) ? "something else" : "the same");

	lxa_op_free(cpu_op);
	lxa_op_free(op);
	lxa_device_close(dev);
	return memcmp(out, cpu_out, sizeof(out)) != 0;
}
