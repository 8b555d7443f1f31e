/* SPDX-License-Identifier: MIT */
/*
 * nets.h - the layers of well-known networks, as the utilisation bench runs them. Shapes are those of the papers: VGG-16
 * (Simonyan and Zisserman 2014, table 1, D), ResNet-18 and -50 (He et al. 2015, table 1; stride in the 3x3 layer),
 * MobileNet v1 (Howard et al. 2017, table 1) and v3-large (Howard et al. 2019, table 1), AlexNet (Krizhevsky et al. 2012).
 */
#ifndef LXA_BENCH_NETS_H
#define LXA_BENCH_NETS_H

#include <stddef.h>
#include <stdint.h>

enum bench_data {
	BENCH_LOG,			/* log4 x log -> log4 */
	BENCH_BINARY,			/* b1 x b1 -> b1, one threshold */
	BENCH_PIXELS,			/* u8 x log -> log4 */
	BENCH_PLANES,			/* 2-bit x 2-bit signed -> 2-bit, as bit planes */
};

struct bench_layer {
	const char *name;
	uint16_t hw;			/* input rows and columns */
	uint16_t ic, oc, groups;
	uint8_t k, stride, pad;
	uint8_t times;			/* how often the network has it, one after another */
};

struct bench_net {
	const char *name, *what;	/* what: which of the network's layers */
	enum bench_data data;
	double bar;			/* share of the peak that is asked of the sum, 0..1; 0: none */
	const struct bench_layer *layers;
	size_t count;
};

extern const struct bench_net bench_nets[];
extern const size_t bench_net_count;

#endif
