// SPDX-License-Identifier: MIT
/*
 * Fuzzer of the validator. Input: 4 bytes that choose the device's modes and scratchpad sizes, 5 of the buffers' sizes in 4 KiB
 * (0: no such buffer), then a struct lxa_job as it is, zeroes where the input ends. What is accepted must touch nothing outside
 * its buffers, by the naive loops of tests/unit/validate_naive.h; a refusal must have a reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed;

#include "../unit/validate_naive.h"
#include "fuzz.h"

#define HEAD 9

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return setenv("CMOCKA_TEST_ABORT", "1", 1);	/* a failed assertion is a crash */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lxa_caps caps = {
		.shift_oc = 16, .shift_ic = 16, .xnor_oc = 64, .xnor_ic = 64, .out_lanes = 8, .acc_w = 48, .half_w = 32,
		.xacc_w = 32, .act_bytes = 32768, .acc_pixels = 256, .wgt_bytes = 16384, .bus_bytes = 16, .word_bytes = 16,
		.modes = 0x1ff,
	};
	struct lxa_extent ext[LXA_EXT_COUNT];
	uint32_t desc[LXA_DESC_WORDS];
	struct lxa_job job = { 0 };
	enum lxa_reject reason;

	if (size < HEAD)
		return -1;
	caps.modes ^= data[0] | (uint32_t)(data[1] & 1) << 8;
	caps.act_bytes >>= data[2] % 6;
	caps.acc_pixels >>= data[3] % 6;
	for (unsigned int i = 0; i < LXA_EXT_COUNT; i++)
		ext[i] = (struct lxa_extent){ 0x40000000ull + 0x10000000ull * i, data[4 + i] * 4096ull };
	memcpy(&job, data + HEAD, size - HEAD < sizeof(job) ? size - HEAD : sizeof(job));
	if (!lxa_caps_sane(&caps))
		return -1;
	reason = lxa_validate(&caps, &job, ext, desc);
	if (reason > LXA_REJECT_RES_EXTENT)
		abort();
	if (!reason && job.op == LXA_OP_CONV)
		check_naive(&job, ext, desc, 0);
	return 0;
}
