/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The validator: a job in user space's terms becomes a hardware descriptor, or is refused with a reason.
 *
 * The device has no MMU, so this is the fence between a user's numbers and the memory of others. Pure functions of
 * their arguments, no kernel API: the module, the unit tests and the fuzzer link the same object.
 */
#ifndef LXA_VALIDATE_H
#define LXA_VALIDATE_H

#include "lxa_regs.h"
#include "uapi/lxa_layout.h"

/* One buffer as the device sees it. bytes == 0: the handle was not found. */
struct lxa_extent {
	__u64 addr;
	__u64 bytes;
};

enum { LXA_EXT_ACT, LXA_EXT_WGT, LXA_EXT_PAR, LXA_EXT_OUT, LXA_EXT_RES, LXA_EXT_COUNT };

/* Store v into field f (LXA_D_*). 0 and nothing stored when v needs more bits than the field has. */
int lxa_desc_set(__u32 desc[LXA_DESC_WORDS], __u32 f, __u64 v);

/* 1 when the parameters of a device are ones that lxa_layout() and lxa_validate() can compute with. */
int lxa_caps_sane(const struct lxa_caps *caps);

/*
 * Check *job (one copy that nobody else can change) and fill desc. The extents are the whole buffers that job->act,
 * wgt, par, out and res name, in that order; the offsets are the job's. Fields SEQ, IRQ and BARRIER are left 0 for the scheduler.
 * On a refusal the content of desc is undefined. Expects lxa_caps_sane(caps).
 */
enum lxa_reject lxa_validate(const struct lxa_caps *caps, const struct lxa_job *job,
			     const struct lxa_extent ext[LXA_EXT_COUNT], __u32 desc[LXA_DESC_WORDS]);

#endif
