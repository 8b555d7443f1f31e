/* SPDX-License-Identifier: MIT */
/*
 * binary.h - reads the trained binary networks of the FINN family from a folder of plain files.
 *
 * DIR/manifest.csv lists the layers of all networks, one a line: network, layer, kind (conv or fc), out_channels, kh, kw,
 * in_channels, thresholds (yes or no). DIR/NETWORK/N.weights.bits holds layer N's weights, [out][kh][kw][in], one bit each (1 is
 * +1, 0 is -1), least significant bit first, each output channel padded to whole bytes. DIR/NETWORK/N.thresholds.i32: one
 * little-endian int32 an output channel; its bit is 1 when the number of matching bits is greater.
 * Errors are negative errno and a sentence that names the file.
 */
#ifndef LXA_NETS_BINARY_H
#define LXA_NETS_BINARY_H

#include "../lxa.h"

#define BINARY_MAX_LAYERS 32

struct binary_layer {
	int conv;			/* else fully connected */
	uint32_t out_c, kh, kw, in_c;
	uint8_t *bits;			/* the weights as in the file */
	int32_t *thresholds;		/* out_c, or NULL */
};

struct binary_net {
	int n;
	struct binary_layer layers[BINARY_MAX_LAYERS];
};

int binary_read(const char *dir, const char *network, struct binary_net *net, struct lxa_err *err);
void binary_free(struct binary_net *net);

static inline uint32_t binary_inputs(const struct binary_layer *l)
{
	return l->kh * l->kw * l->in_c;
}

/* Weight i of an output channel, in the file's order: 1 or 0. */
static inline int binary_weight(const struct binary_layer *l, uint32_t out, uint32_t i)
{
	size_t row = (binary_inputs(l) + 7) / 8;

	return l->bits[out * row + i / 8] >> (i % 8) & 1;
}

#endif
