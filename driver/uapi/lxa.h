/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR MIT) */
/*
 * LXA user-space interface: /dev/lxa0 and its in-process twin take these calls.
 *
 * Shape: every ioctl takes a pointer to a struct whose first field is its size (as iommufd): a shorter struct than the
 * call's first version is EINVAL, a longer one with a non-zero tail is E2BIG. Reserved fields, pads and unknown flags
 * must be zero (EINVAL). Unknown ioctl ENOTTY, unknown value EOPNOTSUPP, no such handle ENOENT, device gone ENODEV.
 * Times are absolute CLOCK_MONOTONIC nanoseconds, negative ones EINVAL. Everything a file descriptor owns dies with it.
 * Bounds of one open file: 64 contexts, 4096 buffers, LXA_PARAM_BO_BYTES_MAX bytes of them (ENOSPC beyond each),
 * 1024 jobs that have not ended (SUBMIT: EAGAIN). Bounds of one user: 256 open files (open: EMFILE), module parameter
 * user_mb MiB of buffers in all of them (ENOSPC).
 * A context whose jobs have caused several resets, one soon after the other (module parameter ban_after), is banned: SUBMIT
 * to it is EIO. Four banned contexts ban the open file: CTX_CREATE is EIO, too.
 */
#ifndef _UAPI_LXA_H
#define _UAPI_LXA_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define LXA_ABI_VERSION 1
#define LXA_IOC_TYPE 0xB7

enum {
	LXA_CMD_BASE = 0x40,
	LXA_CMD_GET_PARAM = LXA_CMD_BASE,
	LXA_CMD_CTX_CREATE,
	LXA_CMD_CTX_DESTROY,
	LXA_CMD_BO_CREATE,
	LXA_CMD_BO_INFO,
	LXA_CMD_BO_DESTROY,
	LXA_CMD_BO_PREP,
	LXA_CMD_BO_FINI,
	LXA_CMD_SUBMIT,
	LXA_CMD_WAIT,
	LXA_CMD_PERF_READ,
};

/* ---- parameters ---------------------------------------------------------------------------- */
enum lxa_param {
	LXA_PARAM_ABI_VERSION = 0,
	LXA_PARAM_PLATFORM,		/* enum lxa_platform */
	LXA_PARAM_HW_ID,		/* register ID */
	LXA_PARAM_SHIFT_OC,		/* lanes: see rtl/REGISTERS.md, CFG_* */
	LXA_PARAM_SHIFT_IC,
	LXA_PARAM_XNOR_OC,
	LXA_PARAM_XNOR_IC,
	LXA_PARAM_OUT_LANES,
	LXA_PARAM_ACC_W,
	LXA_PARAM_HALF_W,
	LXA_PARAM_XACC_W,
	LXA_PARAM_ACT_BYTES,
	LXA_PARAM_ACC_PIXELS,
	LXA_PARAM_WGT_BYTES,
	LXA_PARAM_BUS_BYTES,
	LXA_PARAM_WORD_BYTES,
	LXA_PARAM_MODES,		/* register CFG_MODES */
	LXA_PARAM_MAX_JOBS,		/* jobs in one SUBMIT */
	LXA_PARAM_RESET_COUNT,		/* device resets since the driver was bound */
	LXA_PARAM_TIMEOUT_MS,		/* job time-out */
	LXA_PARAM_BO_BYTES_MAX,		/* bytes of buffers one open file may hold */
	LXA_PARAM_RD_BURSTS,		/* read bursts in flight at most (CFG_RING.RD_OUTSTANDING): bounds the rate at long latencies */
};

enum lxa_platform {
	LXA_PLATFORM_RTL = 1,		/* RTL simulation */
	LXA_PLATFORM_MODEL = 2,		/* functional model */
	LXA_PLATFORM_HARDWARE = 3,
};

struct lxa_get_param {
	__u32 size;
	__u32 param;
	__u64 value;			/* out */
};

/* ---- contexts: a queue of jobs with its own sequence numbers -------------------------------- */

/*
 * Contexts that have jobs queued take turns, whoever they belong to: 2 jobs a turn, LOW 1, HIGH 8 (EPERM without
 * CAP_SYS_NICE). So the first job in a context's queue starts after at most 8 jobs that are in the device already and one
 * turn of each other context, and nobody starves. Jobs are counted, not their cycles: cut long work into several.
 */
#define LXA_CTX_LOW (1u << 0)
#define LXA_CTX_HIGH (1u << 1)

struct lxa_ctx_create {
	__u32 size;
	__u32 flags;			/* 0, LXA_CTX_LOW or LXA_CTX_HIGH */
	__u32 ctx;			/* out, never 0 */
	__u32 pad;
};

struct lxa_ctx_destroy {		/* waits for nothing: jobs under way end with ECANCELED */
	__u32 size;
	__u32 ctx;
};

/* ---- buffers --------------------------------------------------------------------------------- */
struct lxa_bo_create {
	__u32 size;
	__u32 flags;			/* 0 */
	__u64 bytes;			/* rounded up to the page size; zero-filled; out: the rounded size */
	__u32 handle;			/* out, never 0 */
	__u32 pad;
	__u64 mmap_offset;		/* out: offset for mmap() on the same file descriptor */
};

struct lxa_bo_info {
	__u32 size;
	__u32 handle;
	__u64 bytes;			/* out */
	__u64 mmap_offset;		/* out */
};

/* mmap() with MAP_SHARED, at most `bytes` long, from the buffer's start. */
struct lxa_bo_destroy {			/* memory goes when the last job and the last mapping have gone */
	__u32 size;
	__u32 handle;
};

#define LXA_PREP_READ  (1u << 0)	/* the CPU is going to read */
#define LXA_PREP_WRITE (1u << 1)	/* the CPU is going to write */

struct lxa_bo_prep {			/* wait until no job uses the buffer, then hand it to the CPU */
	__u32 size;
	__u32 handle;
	__u32 flags;
	__u32 pad;
	__s64 deadline_ns;		/* ETIMEDOUT after it; 0 = do not wait (EBUSY) */
};

struct lxa_bo_fini {			/* hand it back to the device */
	__u32 size;
	__u32 handle;
};

/* ---- jobs -------------------------------------------------------------------------------------- */
struct lxa_ref {			/* a place in a buffer */
	__u32 handle;
	__u32 pad;
	__u64 offset;			/* bytes, a multiple of LXA_PARAM_WORD_BYTES */
};

enum lxa_op { LXA_OP_NOP = 0, LXA_OP_CONV = 1 };

/* Data formats and kinds carry the numbers of rtl/regs/lxa.regs. */
enum lxa_fmt { LXA_FMT_LOG4 = 0, LXA_FMT_LOG8 = 1, LXA_FMT_U8 = 2, LXA_FMT_S8 = 3, LXA_FMT_B1 = 4,
	       LXA_FMT_N4 = 5,		/* linear, 1..4 bits in a nibble */
	       LXA_FMT_W32 = 6 };	/* residual operand only */
enum lxa_wfmt { LXA_WFMT_LOG = 0, LXA_WFMT_S8 = 1, LXA_WFMT_B1 = 2,
		LXA_WFMT_BITS = 3 };	/* linear, 1..4 bit planes */
enum lxa_pad { LXA_PAD_ZERO = 0, LXA_PAD_PLUS = 1, LXA_PAD_MINUS = 2 };
enum lxa_kind { LXA_KIND_INT32 = 0, LXA_KIND_LOG = 1, LXA_KIND_THRESH = 2, LXA_KIND_INT8 = 3,
		LXA_KIND_RAW = 4 };	/* 64-bit partial sums, for LXA_RES_RAW of a later job */
enum lxa_ofmt { LXA_OFMT_B1 = 0, LXA_OFMT_N4 = 1, LXA_OFMT_B8 = 2, LXA_OFMT_W32 = 3, LXA_OFMT_W64 = 4 };
enum lxa_res { LXA_RES_NONE = 0, LXA_RES_VALUE = 1, LXA_RES_RAW = 2 };

#define LXA_JOB_INDEPENDENT (1u << 0)	/* reads nothing that an earlier job of this context writes */

#define LXA_CONV_ACT_SQRT2 (1u << 0)	/* activation codes are base sqrt(2) */
#define LXA_CONV_WGT_SQRT2 (1u << 1)
#define LXA_CONV_OUT_SQRT2 (1u << 2)
#define LXA_CONV_OUT_NEAREST (1u << 3)	/* log output rounds to nearest in the log domain (else floor) */
#define LXA_CONV_ACT_SIGNED (1u << 4)	/* LXA_FMT_N4 activations are two's complement */
#define LXA_CONV_WGT_SIGNED (1u << 5)	/* LXA_WFMT_BITS weights are two's complement */
#define LXA_CONV_PACKED (1u << 6)	/* pixels of in_c bytes without channel padding: rtl/README.md section 1 */
#define LXA_CONV_RES_SQRT2 (1u << 7)	/* residual codes are base sqrt(2) */
#define LXA_CONV_OUT_LINEAR (1u << 8)	/* nibbles written are padded as LXA_FMT_N4 activations are (else as LXA_FMT_LOG4) */

/*
 * Jobs of a context run and end in order; between contexts there is no order. A job sees what earlier jobs of its
 * context wrote when it reads that as activations or as residual operand; weights and parameters are loaded ahead, so wait
 * for a job before another reads its output as these. No output may overlap an operand of its own job. Of an LXA_OP_NOP everything but op, flags and user is 0.
 *
 * One convolution (fully connected: a 1x1 one on a 1x1 image, or a kernel of the image's size). All sizes are in
 * elements; memory layout, weight and parameter order: rtl/README.md sections 1, 4, 5, computed by lxa_layout.h.
 */
struct lxa_job {
	__u32 op;			/* enum lxa_op */
	__u32 flags;			/* LXA_JOB_* */
	struct lxa_ref act, wgt, par, out;
	__u64 user;			/* returned in the event record */

	__u32 conv_flags;		/* LXA_CONV_* */
	__u16 batch;			/* >= 1 */
	__u16 in_h, in_w;
	__u16 in_c, out_c;		/* whole tensors' channels */
	__u16 groups;			/* divides both */
	__u8 kh, kw;			/* 1..11 */
	__u8 sy, sx;			/* 1..4 */
	__u8 dy, dx;			/* 1..31 */
	__u8 pad_t, pad_l, pad_b, pad_r; /* each less than the dilated kernel; packed: pad_l, pad_r 0 */
	__u8 pool_h, pool_w;		/* 1..15; 1 = none */
	__u8 pool_sy, pool_sx;		/* 1..15 */
	__u8 pool_pt, pool_pl, pool_pb, pool_pr; /* each less than the window */
	__u8 act_fmt;			/* enum lxa_fmt: decides the lanes */
	__u8 wgt_fmt;			/* enum lxa_wfmt */
	__u8 pad_mode;			/* enum lxa_pad */
	__u8 kind;			/* enum lxa_kind */
	__u8 out_fmt;			/* enum lxa_ofmt */
	__u8 nthr;			/* 1..15 for LXA_KIND_THRESH, else 0 */
	__u8 log_max;			/* largest log code for LXA_KIND_LOG, 1..255 and within out_fmt; else 0 */
	__s8 log_off;
	__u16 pad;
	__s32 clamp_lo, clamp_hi;	/* int32, int8; else 0 */
	__u16 tile_h, tile_w;		/* output pixels a tile; 0, 0 = the driver chooses, also to take several images into one */
	__u32 in_row, in_img;		/* pitches in bytes; 0 = the tight ones of lxa_layout.h */
	__u32 out_row, out_img;		/* the first version, LXA_JOB_SIZE_1, ended here: what follows is 0 in a shorter job */
	struct lxa_ref res;		/* residual operand of res_mode, one element an output element; needs pool 1x1 */
	__u32 res_row, res_img;		/* 0 = the tight ones */
	__u8 res_mode;			/* enum lxa_res */
	__u8 res_fmt;			/* LXA_RES_VALUE: LXA_FMT_LOG4, _LOG8, _U8, _S8 or _W32; else 0 */
	__s16 res_mult;			/* LXA_RES_VALUE: its scale is res_mult / 2^res_shift */
	__u8 res_shift;			/* 0..62 */
	__u8 act_bits;			/* LXA_FMT_N4: 1..4, else 0 */
	__u8 wgt_bits;			/* LXA_WFMT_BITS: 1..4, else 0 */
	__u8 pad2;
};

#define LXA_JOB_SIZE_1 __builtin_offsetof(struct lxa_job, res)

struct lxa_submit {
	__u32 size;
	__u32 ctx;
	__u32 flags;			/* 0 */
	__u32 job_count;		/* 1..LXA_PARAM_MAX_JOBS */
	__u32 job_stride;		/* sizeof(struct lxa_job) of the caller, at least LXA_JOB_SIZE_1 */
	__u32 failed;			/* out on EINVAL and the like: index of the job refused */
	__u64 jobs;			/* pointer to job_count jobs; all are accepted or none */
	__u64 seqno;			/* out: number of the last job of this call */
	__u32 reason;			/* out: enum lxa_reject, why job `failed` was refused */
	__u32 pad;
};

/* Why the validator refused a job; names the field (lxa_reject_name() of the library gives the text). */
enum lxa_reject {
	LXA_REJECT_NONE = 0,
	LXA_REJECT_OP,
	LXA_REJECT_FLAGS,
	LXA_REJECT_RESERVED,
	LXA_REJECT_GEOMETRY,		/* batch, sizes, channels, groups */
	LXA_REJECT_KERNEL,
	LXA_REJECT_PADDING,
	LXA_REJECT_POOL,
	LXA_REJECT_FORMAT,		/* act_fmt, wgt_fmt, pad_mode: no such pair */
	LXA_REJECT_MODE,		/* this configuration has no such lanes */
	LXA_REJECT_OUTPUT,		/* kind, out_fmt, nthr, log_max, clamp */
	LXA_REJECT_TILE,		/* tile does not fit the scratchpads */
	LXA_REJECT_PITCH,
	LXA_REJECT_HANDLE,
	LXA_REJECT_ALIGN,
	LXA_REJECT_ACT_EXTENT,		/* operand would leave its buffer */
	LXA_REJECT_WGT_EXTENT,
	LXA_REJECT_PAR_EXTENT,
	LXA_REJECT_OUT_EXTENT,
	LXA_REJECT_OVERLAP,		/* output overlaps an input of the same job */
	LXA_REJECT_RES,			/* res_mode, res_fmt, res_mult, res_shift, or a residual with a pool */
	LXA_REJECT_RES_EXTENT,
};

struct lxa_wait {
	__u32 size;
	__u32 ctx;
	__u64 seqno;
	__s64 deadline_ns;		/* ETIMEDOUT after it; 0 = look only */
	__s32 error;			/* out: 0, or negative errno of the first failed job up to seqno not reported before */
	__u32 pad;
};

/*
 * WAIT returns 0 when the jobs have ended, however they did: `error` tells, once (all failures up to seqno count as
 * reported then). A seqno that was never given out is EINVAL. When a job hangs or breaks the device, the later jobs of
 * its context that were submitted end with EIO (after a bus error possibly some right before it too); jobs of other
 * contexts are run again.
 */

/*
 * read() gives whole records, oldest first (EINVAL: no room for one; EAGAIN: none there and O_NONBLOCK; ENODEV: none
 * there and device gone); poll: POLLIN = a record is there, POLLERR | POLLHUP = device gone. The queue of a file holds 2048
 * records; when it is full the oldest is dropped (a gap in seqno shows it): who only waits need not read.
 */
struct lxa_event {
	__u64 seqno;
	__u64 user;
	__u32 ctx;
	__s32 error;			/* 0, -ETIMEDOUT (hung), -EIO (bus error, or aborted by a reset), -EFAULT (window),
					 * -ECANCELED, -ENODEV */
	__u64 cycles;			/* this job's counters: rtl/REGISTERS.md, completion record */
	__u64 busy;
	__u64 st_wgt, st_act, st_rd, st_out, st_wr, st_pipe, st_cmd;
	__u64 macs;
	__u64 rd_bytes, wr_bytes;
};

/* ---- counters ------------------------------------------------------------------------------------ */
enum lxa_counter {
	LXA_CNT_CYCLES, LXA_CNT_BUSY, LXA_CNT_ST_WGT, LXA_CNT_ST_ACT, LXA_CNT_ST_RD, LXA_CNT_ST_OUT, LXA_CNT_ST_WR,
	LXA_CNT_ST_PIPE, LXA_CNT_ST_CMD, LXA_CNT_IDLE, LXA_CNT_MACS, LXA_CNT_RD_BYTES, LXA_CNT_WR_BYTES, LXA_CNT_JOBS,
	LXA_CNT_COUNT
};

struct lxa_perf_read {			/* the device's free-running counters, of one cycle; 0 after a device reset */
	__u32 size;
	__u32 flags;			/* 0 */
	__u32 count;			/* in: room in values; out: LXA_CNT_COUNT */
	__u32 pad;
	__u64 values;			/* pointer to count __u64 */
};

#define LXA_IO(cmd) _IO(LXA_IOC_TYPE, (cmd))
#define LXA_IOCTL_GET_PARAM   LXA_IO(LXA_CMD_GET_PARAM)
#define LXA_IOCTL_CTX_CREATE  LXA_IO(LXA_CMD_CTX_CREATE)
#define LXA_IOCTL_CTX_DESTROY LXA_IO(LXA_CMD_CTX_DESTROY)
#define LXA_IOCTL_BO_CREATE   LXA_IO(LXA_CMD_BO_CREATE)
#define LXA_IOCTL_BO_INFO     LXA_IO(LXA_CMD_BO_INFO)
#define LXA_IOCTL_BO_DESTROY  LXA_IO(LXA_CMD_BO_DESTROY)
#define LXA_IOCTL_BO_PREP     LXA_IO(LXA_CMD_BO_PREP)
#define LXA_IOCTL_BO_FINI     LXA_IO(LXA_CMD_BO_FINI)
#define LXA_IOCTL_SUBMIT      LXA_IO(LXA_CMD_SUBMIT)
#define LXA_IOCTL_WAIT        LXA_IO(LXA_CMD_WAIT)
#define LXA_IOCTL_PERF_READ   LXA_IO(LXA_CMD_PERF_READ)

#endif
