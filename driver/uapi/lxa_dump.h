/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR MIT) */
/*
 * The device coredump: what the driver saves of the device before the reset that ends a hang or an error.
 *
 * A kernel offers it as /sys/class/devcoredump/devcd<N>/data (readable by root, for five minutes, the first one until it
 * has been written to); the user-space driver writes <device>-<process>-<n>.core into the folder that LXA_COREDUMP names.
 * `lxa coredump FILE` prints it.
 *
 * File: struct lxa_dump_head, then head.sections of struct lxa_dump_section, then the sections' data, each at its offset,
 * a multiple of 8, in the table's order, without overlap, all within head.bytes, which is the file's length. Numbers are
 * little-endian. A reader skips section types that it does not know, and what follows the fields it knows in a struct or
 * an array element that is longer than its own: both only ever grow. Every byte is under a checksum.
 */
#ifndef _UAPI_LXA_DUMP_H
#define _UAPI_LXA_DUMP_H

#include <linux/types.h>

#define LXA_DUMP_MAGIC "LXACORE"	/* eight bytes, with the 0 */
#define LXA_DUMP_VERSION 1		/* another one: not to be read */

struct lxa_dump_head {
	__u8 magic[8];
	__u32 version;
	__u32 head_bytes;		/* of this struct */
	__u32 section_bytes;		/* of one struct lxa_dump_section */
	__u32 sections;
	__u64 bytes;			/* of the whole file */
	__u64 time_ns;			/* CLOCK_MONOTONIC */
	__u32 crc;			/* of this struct, with 0 here, and of the table behind it */
	__u32 pad;
};

enum lxa_dump_type {
	LXA_DUMP_EVENT = 1,		/* one struct lxa_dump_event */
	LXA_DUMP_REGS,			/* struct lxa_dump_reg, by rising offset; taken right after a counter snapshot */
	LXA_DUMP_COUNTERS,		/* struct lxa_dump_counters: that snapshot and one a moment later */
	LXA_DUMP_JOBS,			/* struct lxa_dump_job, the jobs in the ring, oldest first */
	LXA_DUMP_DESCS,			/* the descriptor ring: 256 bytes an entry (rtl/REGISTERS.md) */
	LXA_DUMP_CPLS,			/* the completion ring: 128 bytes an entry */
};

struct lxa_dump_section {
	__u32 type;			/* enum lxa_dump_type */
	__u32 item_bytes;		/* of one element; bytes is a multiple of it */
	__u64 offset;
	__u64 bytes;
	__u32 crc;			/* of the section's bytes and those up to the next section (0) */
	__u32 pad;
};

enum lxa_dump_cause {
	LXA_DUMP_HANG = 1,		/* no progress for timeout_ms */
	LXA_DUMP_TOO_LONG,		/* progress, but a job ran for longer than hard_cap_ms */
	LXA_DUMP_ERROR,			/* the device reported an error and stopped */
	LXA_DUMP_NONSENSE,		/* a completion record or CPL_COUNT that cannot be */
};

struct lxa_dump_event {
	__u32 cause;			/* enum lxa_dump_cause */
	__s32 error;			/* what the guilty job ends with, negative errno */
	__u32 hw_id;			/* register ID */
	__u32 platform;			/* enum lxa_platform */
	__u32 guilty_seq;		/* descriptor SEQ of the guilty job; only with guilty_known */
	__u32 guilty_known;
	__u32 done;			/* completions that the driver has taken, free-running as CPL_COUNT */
	__u32 tail;			/* descriptors that it has published, free-running as RING_TAIL */
	__u64 still_ns;			/* since PROGRESS was last seen to move */
	__u64 oldest_ns;		/* since the oldest job in the ring became the oldest */
	__u64 resets;			/* before this one */
	__u32 timeout_ms;
	__u32 hard_cap_ms;
	__u8 device[16];		/* name of the device node, 0-terminated */
};

struct lxa_dump_reg {
	__u32 offset;
	__u32 value;
};

struct lxa_dump_counters {		/* in the order of enum lxa_counter */
	__u64 first[14];
	__u64 second[14];
};

#define LXA_DUMP_JOB_GUILTY (1u << 0)	/* this one broke the device */
#define LXA_DUMP_JOB_ABORTED (1u << 1)	/* of the same context: ends with EIO */
#define LXA_DUMP_JOB_CLOSED (1u << 2)	/* its context or file has been closed: nobody waits for it */

struct lxa_dump_job {
	__u32 slot;			/* entry of both rings */
	__u32 seq;			/* descriptor SEQ */
	__u64 seqno;			/* number in its context */
	__u64 user;			/* struct lxa_job.user */
	__u32 file;			/* the how-many-th open file of the device it belongs to, from 1 */
	__u32 ctx;			/* handle of the context in that file */
	__u32 flags;			/* LXA_DUMP_JOB_*; a job with none of them is run again */
	__u32 pad;
};

#endif
