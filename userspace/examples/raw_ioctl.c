// SPDX-License-Identifier: MIT
/*
 * raw_ioctl.c - one layer with nothing but system calls: driver/uapi/lxa.h and lxa_layout.h, no library.
 *
 *	raw_ioctl [/dev/lxa0]
 *
 * Runs unchanged on a kernel that has the driver and, with LD_PRELOAD=liblxa-preload.so, on the simulated device. The
 * layer is Miyashita's example: the weight 5.5 (11 halves) times the log activation 2^2 gives 22, for 16 pixels at
 * once.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <uapi/lxa_layout.h>

#define PIXELS 16

static __u64 param(int fd, __u32 which)
{
	struct lxa_get_param p = { .size = sizeof(p), .param = which };

	return ioctl(fd, LXA_IOCTL_GET_PARAM, &p) ? 0 : p.value;
}

static int fail(const char *what)
{
	fprintf(stderr, "raw_ioctl: %s: %s\n", what, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	struct lxa_job job = { .op = LXA_OP_CONV, .batch = 1, .in_h = 1, .in_w = PIXELS, .in_c = 1, .out_c = 1,
			       .groups = 1, .kh = 1, .kw = 1, .sy = 1, .sx = 1, .dy = 1, .dx = 1, .pool_h = 1,
			       .pool_w = 1, .pool_sy = 1, .pool_sx = 1, .act_fmt = LXA_FMT_LOG4, .wgt_fmt = LXA_WFMT_S8, .kind = LXA_KIND_INT32,
			       .out_fmt = LXA_OFMT_W32, .clamp_hi = 1000 };
	struct lxa_ctx_create ctx = { .size = sizeof(ctx) };
	struct lxa_bo_create bo = { .size = sizeof(bo) };
	struct lxa_submit submit = { .size = sizeof(submit), .job_count = 1, .job_stride = sizeof(job) };
	struct lxa_wait wait = { .size = sizeof(wait), .deadline_ns = INT64_MAX };
	struct lxa_layout l;
	struct lxa_caps caps = { 0 };
	struct lxa_event ev;
	unsigned char *mem;
	__u32 result = 0;
	int fd = open(argc > 1 ? argv[1] : "/dev/lxa0", O_RDWR);

	if (fd < 0)
		return fail("open");
	caps.shift_oc = (__u32)param(fd, LXA_PARAM_SHIFT_OC);	/* what the layout of a shift-lane layer depends on */
	caps.shift_ic = (__u32)param(fd, LXA_PARAM_SHIFT_IC);
	caps.out_lanes = (__u32)param(fd, LXA_PARAM_OUT_LANES);
	caps.word_bytes = (__u32)param(fd, LXA_PARAM_WORD_BYTES);
	if (!caps.word_bytes || ioctl(fd, LXA_IOCTL_CTX_CREATE, &ctx))
		return fail("context");

	/* One buffer holds everything: activations, weights, parameters, output. */
	lxa_layout(&caps, &job, &l);
	job.wgt.offset = lxa_round_up(l.act_bytes, caps.word_bytes);
	job.par.offset = lxa_round_up(job.wgt.offset + l.wgt_bytes, caps.word_bytes);
	job.out.offset = lxa_round_up(job.par.offset + l.par_bytes, caps.word_bytes);
	bo.bytes = job.out.offset + l.out_bytes;
	if (ioctl(fd, LXA_IOCTL_BO_CREATE, &bo))
		return fail("buffer");
	mem = mmap(NULL, bo.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)bo.mmap_offset);
	if (mem == MAP_FAILED)
		return fail("mmap");
	for (int i = 0; i < PIXELS; i++)
		mem[i * l.in_px] = 3;			/* code 3 is 2^2 */
	mem[job.wgt.offset] = 11;			/* 5.5 in halves: output channel 0, input channel 0 */
	mem[job.par.offset + 6] = 1;			/* w1[31:16]: multiplier 1 */
	mem[job.par.offset + 8] = 1;			/* w2: shift 1, halves to ones */

	job.act.handle = job.wgt.handle = job.par.handle = job.out.handle = bo.handle;
	submit.ctx = wait.ctx = ctx.ctx;
	submit.jobs = (__u64)(unsigned long)&job;
	if (ioctl(fd, LXA_IOCTL_SUBMIT, &submit))
		return fprintf(stderr, "raw_ioctl: refused, enum lxa_reject %u\n", submit.reason), 1;
	wait.seqno = submit.seqno;
	if (ioctl(fd, LXA_IOCTL_WAIT, &wait) || wait.error)
		return fail("job");
	if (read(fd, &ev, sizeof(ev)) != sizeof(ev))
		return fail("record");
	memcpy(&result, mem + job.out.offset + (PIXELS - 1) * l.out_px, sizeof(result));
	printf("5.5 x 4 = %u, %llu MACs in %llu cycles\n", result, (unsigned long long)ev.macs,
	       (unsigned long long)ev.cycles);
	return result != 22;
}
