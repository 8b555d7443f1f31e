/* SPDX-License-Identifier: MIT */
/* nets.c - see nets.h. */
#include "nets.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* name, input size, in, out, groups, kernel, stride, padding, times */
#define C3(name, hw, ic, oc, s, n) { name, hw, ic, oc, 1, 3, s, 1, n }
#define C1(name, hw, ic, oc, s, n) { name, hw, ic, oc, 1, 1, s, 0, n }
#define DW(name, hw, c, s) { name, hw, c, c, c, 3, s, 1, 1 }

static const struct bench_layer resnet18[] = {
	C3("conv2_x", 56, 64, 64, 1, 4),
	C3("conv3_1a /2", 56, 64, 128, 2, 1),	 C1("conv3_1 skip", 56, 64, 128, 2, 1),	 C3("conv3_x", 28, 128, 128, 1, 3),
	C3("conv4_1a /2", 28, 128, 256, 2, 1),	 C1("conv4_1 skip", 28, 128, 256, 2, 1), C3("conv4_x", 14, 256, 256, 1, 3),
	C3("conv5_1a /2", 14, 256, 512, 2, 1),	 C1("conv5_1 skip", 14, 256, 512, 2, 1), C3("conv5_x", 7, 512, 512, 1, 3),
};

static const struct bench_layer vgg16[] = {
	C3("conv1_2", 224, 64, 64, 1, 1),
	C3("conv2_1", 112, 64, 128, 1, 1),  C3("conv2_2", 112, 128, 128, 1, 1),
	C3("conv3_1", 56, 128, 256, 1, 1),  C3("conv3_x", 56, 256, 256, 1, 2),
	C3("conv4_1", 28, 256, 512, 1, 1),  C3("conv4_x", 28, 512, 512, 1, 2),
	C3("conv5_x", 14, 512, 512, 1, 3),
};

static const struct bench_layer resnet50[] = {
	C1("conv2 64-64", 56, 64, 64, 1, 1),	   C1("conv2 64-256", 56, 64, 256, 1, 4),   C1("conv2 256-64", 56, 256, 64, 1, 2),
	C1("conv3 256-128", 56, 256, 128, 1, 1),   C1("conv3 128-512", 28, 128, 512, 1, 4), C1("conv3 512-128", 28, 512, 128, 1, 3),
	C1("conv3 skip /2", 56, 256, 512, 2, 1),
	C1("conv4 512-256", 28, 512, 256, 1, 1),   C1("conv4 256-1024", 14, 256, 1024, 1, 6),
	C1("conv4 1024-256", 14, 1024, 256, 1, 5), C1("conv4 skip /2", 28, 512, 1024, 2, 1),
	C1("conv5 1024-512", 14, 1024, 512, 1, 1), C1("conv5 512-2048", 7, 512, 2048, 1, 3),
	C1("conv5 2048-512", 7, 2048, 512, 1, 2),  C1("conv5 skip /2", 14, 1024, 2048, 2, 1),
};

static const struct bench_layer mobilenet[] = {
	C1("64-128", 56, 64, 128, 1, 1),  C1("128-128", 56, 128, 128, 1, 1), C1("128-256", 28, 128, 256, 1, 1),
	C1("256-256", 28, 256, 256, 1, 1), C1("256-512", 14, 256, 512, 1, 1), C1("512-512", 14, 512, 512, 1, 5),
	C1("512-1024", 7, 512, 1024, 1, 1), C1("1024-1024", 7, 1024, 1024, 1, 1),
};

static const struct bench_layer mobilenet3[] = {
	C1("80-200", 14, 80, 200, 1, 1),  C1("200-80", 14, 200, 80, 1, 1),  C1("80-184", 14, 80, 184, 1, 2),
	C1("184-80", 14, 184, 80, 1, 2),  C1("80-480", 14, 80, 480, 1, 1),  C1("480-112", 14, 480, 112, 1, 1),
	C1("112-672", 14, 112, 672, 1, 2), C1("672-112", 14, 672, 112, 1, 1), C1("672-160", 7, 672, 160, 1, 1),
	C1("160-960", 7, 160, 960, 1, 3), C1("960-160", 7, 960, 160, 1, 2),
};

static const struct bench_layer binary256[] = {
	C3("14x14", 14, 256, 256, 1, 1), C3("28x28", 28, 256, 256, 1, 1), C3("56x56", 56, 256, 256, 1, 1),
};

static const struct bench_layer first[] = {
	{ "ResNet-18 conv1", 224, 3, 64, 1, 7, 2, 3, 1 },
	{ "VGG-16 conv1_1", 224, 3, 64, 1, 3, 1, 1, 1 },
	{ "AlexNet conv1", 224, 3, 64, 1, 11, 4, 2, 1 },
	{ "MobileNet conv1", 224, 3, 32, 1, 3, 2, 1, 1 },
};

static const struct bench_layer dense[] = {
	C1("25088-4096", 1, 25088, 4096, 1, 1), C1("9216-4096", 1, 9216, 4096, 1, 1), C1("4096-4096", 1, 4096, 4096, 1, 1),
	C1("4096-1000", 1, 4096, 1000, 1, 1),	C1("512-1000", 1, 512, 1000, 1, 1),
};

static const struct bench_layer depthwise[] = {
	DW("112x112x64 /2", 112, 64, 2), DW("56x56x128", 56, 128, 1), DW("28x28x256", 28, 256, 1),
	DW("14x14x512", 14, 512, 1),	 DW("7x7x1024", 7, 1024, 1),
};

#define NET(name, what, data, bar, layers) { name, what, data, bar, layers, COUNT(layers) }
const struct bench_net bench_nets[] = {
	NET("resnet18", "ResNet-18, all convolutions but the first, log", BENCH_LOG, 0.93, resnet18),
	NET("vgg16", "VGG-16, convolutions 2 to 13, log", BENCH_LOG, 0.96, vgg16),
	NET("resnet50", "ResNet-50, 1x1 layers of 64 and more channels, log", BENCH_LOG, 0.88, resnet50),
	NET("mobilenet", "MobileNet v1, 1x1 layers of 64 and more channels, log", BENCH_LOG, 0.88, mobilenet),
	NET("mobilenet3", "MobileNet v3, 1x1 layers of 64 and more channels, log", BENCH_LOG, 0.88, mobilenet3),
	NET("binary256", "3x3 layers of 256 channels, binary", BENCH_BINARY, 0.90, binary256),
	NET("bresnet18", "ResNet-18, all convolutions but the first, binary", BENCH_BINARY, 0.85, resnet18),
	NET("planes", "ResNet-18, all convolutions but the first, 2 x 2 bits as bit planes (of a quarter of the XNOR MACs)", BENCH_PLANES, 0,
	    resnet18),
	NET("first", "first layers, 3 channels of 8-bit pixels x log", BENCH_PIXELS, 0.60, first),
	NET("dense", "fully connected, batch 1, log (share of the bus)", BENCH_LOG, 0.90, dense),
	NET("depthwise", "MobileNet v1, depthwise 3x3, log", BENCH_LOG, 0, depthwise),
};
const size_t bench_net_count = COUNT(bench_nets);
