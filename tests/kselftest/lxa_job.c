// SPDX-License-Identifier: MIT
/* Jobs: contexts, submit and its refusals, results, wait, events, counters. */
#include <sys/epoll.h>

#include "lxa_test.h"
#include "lxa_conv.h"

#define LONG_WAIT (now_ns() + 30 * SECOND)

FIXTURE(job) {
	int fd;
	uint32_t ctx;
};

FIXTURE_SETUP(job)
{
	self->fd = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	self->ctx = ctx_create(self->fd);
	ASSERT_NE(0, self->ctx);
}

FIXTURE_TEARDOWN(job)
{
	close(self->fd);
}

/* ---- results ------------------------------------------------------------------------------------------------- */

TEST_F(job, one_convolution)
{
	struct lxa_submit s;
	struct conv v;
	int32_t error;

	ASSERT_EQ(0, conv_init(&v, self->fd, 6, 5, 1));
	EXPECT_GE(conv_check(&v), 0);		/* the check can fail: nothing has run yet */
	ASSERT_EQ(0, submit(self->fd, self->ctx, &v.job, 1, &s)) TH_LOG("job %u, reason %u", s.failed, s.reason);
	EXPECT_EQ(1, s.seqno);
	ASSERT_EQ(0, wait_for(self->fd, self->ctx, s.seqno, LONG_WAIT, &error));
	EXPECT_EQ(0, error);
	EXPECT_EQ(0, bo_prep(self->fd, v.bo.handle, LXA_PREP_READ, 0));
	EXPECT_EQ(-1, conv_check(&v));
	conv_done(&v, self->fd);
}

TEST_F(job, several_in_one_submit)
{
	struct lxa_job jobs[5];
	struct lxa_submit s;
	struct conv v[4];
	int32_t error;

	for (uint32_t i = 0; i < 4; i++) {
		ASSERT_EQ(0, conv_init(&v[i], self->fd, 3 + i, 7 - i, 10 + i));
		jobs[i + (i > 1)] = v[i].job;
		if (i & 1)
			jobs[i + (i > 1)].flags = LXA_JOB_INDEPENDENT;
	}
	memset(&jobs[2], 0, sizeof(jobs[2]));	/* a NOP among them */
	ASSERT_EQ(0, submit(self->fd, self->ctx, jobs, 5, &s)) TH_LOG("job %u, reason %u", s.failed, s.reason);
	EXPECT_EQ(5, s.seqno);
	ASSERT_EQ(0, wait_for(self->fd, self->ctx, s.seqno, LONG_WAIT, &error));
	EXPECT_EQ(0, error);
	for (uint32_t i = 0; i < 4; i++) {
		EXPECT_EQ(-1, conv_check(&v[i]));
		conv_done(&v[i], self->fd);
	}
}

/* The second job reads what the first wrote: without INDEPENDENT it must see it. */
TEST_F(job, a_chain_is_in_order)
{
	struct lxa_job jobs[2];
	struct lxa_submit s;
	struct conv a, b;
	int32_t error;

	ASSERT_EQ(0, conv_init(&a, self->fd, 4, 4, 5));
	ASSERT_EQ(0, conv_init(&b, self->fd, 4, 4, 6));
	jobs[0] = a.job;
	jobs[0].kind = LXA_KIND_INT8;		/* low byte, 0..255, into b's activations */
	jobs[0].out_fmt = LXA_OFMT_B8;
	jobs[0].clamp_lo = 0;
	jobs[0].clamp_hi = 255;
	jobs[0].out = b.job.act;
	jobs[1] = b.job;
	ASSERT_EQ(0, submit(self->fd, self->ctx, jobs, 2, &s)) TH_LOG("job %u, reason %u", s.failed, s.reason);
	ASSERT_EQ(0, wait_for(self->fd, self->ctx, s.seqno, LONG_WAIT, &error));
	EXPECT_EQ(0, error);
	for (uint32_t i = 0; i < a.h * a.w * a.c; i++) {
		uint32_t y = i / a.c / a.w, x = i / a.c % a.w, oc = i % a.c;
		int32_t want = conv_expect(&a, y, x, oc);

		want = want < 0 ? 0 : want > 255 ? 255 : want;
		ASSERT_EQ(want, b.mem[y * b.in_row + x * b.in_px + oc]);
	}
	EXPECT_EQ(-1, conv_check(&b));
	conv_done(&a, self->fd);
	conv_done(&b, self->fd);
}

/* The second job adds what the first wrote, scaled: a fifth operand, in a buffer of its own whose handle goes at once. */
TEST_F(job, a_residual_is_added)
{
	struct lxa_job jobs[2];
	struct lxa_submit s;
	struct conv a, b;
	int32_t error;

	ASSERT_EQ(0, conv_init(&a, self->fd, 5, 6, 7));
	ASSERT_EQ(0, conv_init(&b, self->fd, 5, 6, 8));
	jobs[0] = a.job;
	jobs[1] = b.job;
	jobs[1].res = b.job.out;
	jobs[1].res_mode = LXA_RES_VALUE;
	jobs[1].res_fmt = LXA_FMT_W32;
	jobs[1].res_mult = -3;
	jobs[1].res_shift = 1;
	EXPECT_ERRNO(EINVAL, submit(self->fd, self->ctx, jobs, 2, &s));
	EXPECT_EQ(LXA_REJECT_OVERLAP, s.reason);
	EXPECT_EQ(1, s.failed);
	jobs[1].res = a.job.out;
	jobs[1].res.handle = 0;
	EXPECT_ERRNO(ENOENT, submit(self->fd, self->ctx, jobs, 2, &s));
	EXPECT_EQ(LXA_REJECT_HANDLE, s.reason);
	jobs[1].res.handle = a.bo.handle;
	ASSERT_EQ(0, submit(self->fd, self->ctx, jobs, 2, &s)) TH_LOG("job %u, reason %u", s.failed, s.reason);
	EXPECT_EQ(0, bo_destroy(self->fd, a.bo.handle));
	ASSERT_EQ(0, wait_for(self->fd, self->ctx, s.seqno, LONG_WAIT, &error));
	EXPECT_EQ(0, error);
	EXPECT_EQ(-1, conv_check(&a));
	for (uint32_t i = 0; i < b.h * b.w * b.c; i++) {
		uint32_t y = i / b.c / b.w, x = i / b.c % b.w, oc = i % b.c;
		int64_t add = -3 * (int64_t)conv_expect(&a, y, x, oc);

		ASSERT_EQ(conv_expect(&b, y, x, oc) + ((add + 1) >> 1),
			  *(int32_t *)(b.mem + b.out + y * b.out_row + x * b.out_px + 4 * oc));
	}
	munmap(a.mem, a.bo.bytes);
	conv_done(&b, self->fd);
}

/* The buffer stays until its last job has gone, though its handle went before. */
TEST_F(job, destroy_under_way)
{
	struct lxa_submit s;
	struct conv v;
	int32_t error;

	ASSERT_EQ(0, conv_init(&v, self->fd, 16, 16, 3));
	ASSERT_EQ(0, submit(self->fd, self->ctx, &v.job, 1, &s));
	EXPECT_EQ(0, bo_destroy(self->fd, v.bo.handle));
	EXPECT_ERRNO(ENOENT, submit(self->fd, self->ctx, &v.job, 1, &s));
	EXPECT_EQ(LXA_REJECT_HANDLE, s.reason);
	ASSERT_EQ(0, wait_for(self->fd, self->ctx, 1, LONG_WAIT, &error));
	EXPECT_EQ(0, error);
	EXPECT_EQ(-1, conv_check(&v));
	munmap(v.mem, v.bo.bytes);
}

TEST_F(job, prep_waits_for_the_job)
{
	struct lxa_submit s;
	struct conv v;
	int ret;

	ASSERT_EQ(0, conv_init(&v, self->fd, 24, 24, 3));
	ASSERT_EQ(0, submit(self->fd, self->ctx, &v.job, 1, &s));
	ret = bo_prep(self->fd, v.bo.handle, LXA_PREP_READ, 0);
	EXPECT_TRUE(!ret || errno == EBUSY);
	EXPECT_EQ(0, bo_prep(self->fd, v.bo.handle, LXA_PREP_READ, LONG_WAIT));
	EXPECT_EQ(-1, conv_check(&v));
	EXPECT_EQ(0, bo_prep(self->fd, v.bo.handle, LXA_PREP_READ, 0));
	conv_done(&v, self->fd);
}

/* ---- refusals -------------------------------------------------------------------------------------------------- */

/* One change to a valid job, and what must come of it. */
#define REFUSED(err, why, change) do {						\
	struct lxa_job jobs[3] = { v.job, v.job, v.job };			\
	struct lxa_job *j = &jobs[1];						\
	struct lxa_submit s;							\
										\
	change;									\
	errno = 0;								\
	EXPECT_EQ(-1, submit(self->fd, self->ctx, jobs, 3, &s)) TH_LOG(#change);	\
	EXPECT_EQ(err, errno) TH_LOG(#change);					\
	EXPECT_EQ(1, s.failed) TH_LOG(#change);					\
	EXPECT_EQ(why, s.reason) TH_LOG(#change);				\
} while (0)

TEST_F(job, refusals_say_which_and_why)
{
	struct conv v;
	uint64_t seqno;

	ASSERT_EQ(0, conv_init(&v, self->fd, 4, 4, 1));
	REFUSED(EOPNOTSUPP, LXA_REJECT_OP, j->op = 2);
	REFUSED(EINVAL, LXA_REJECT_FLAGS, j->flags = 1u << 31);
	REFUSED(EINVAL, LXA_REJECT_FLAGS, j->conv_flags = 1u << 31);
	REFUSED(EINVAL, LXA_REJECT_RESERVED, j->pad = 1);
	REFUSED(EINVAL, LXA_REJECT_RESERVED, j->act.pad = 1);
	REFUSED(EINVAL, LXA_REJECT_GEOMETRY, j->batch = 0);
	REFUSED(EINVAL, LXA_REJECT_GEOMETRY, j->in_c = 0);
	REFUSED(EINVAL, LXA_REJECT_GEOMETRY, j->groups = 3);
	REFUSED(EINVAL, LXA_REJECT_KERNEL, j->kh = 12);
	REFUSED(EINVAL, LXA_REJECT_KERNEL, j->sy = 0);
	REFUSED(EINVAL, LXA_REJECT_PADDING, j->pad_l = 3);
	REFUSED(EINVAL, LXA_REJECT_POOL, j->pool_w = 0);
	REFUSED(EINVAL, LXA_REJECT_FORMAT, j->act_fmt = 7);
	REFUSED(EINVAL, LXA_REJECT_FORMAT, j->wgt_fmt = LXA_WFMT_S8);	/* u8 x s8 */
	REFUSED(EINVAL, LXA_REJECT_OUTPUT, j->kind = 9);
	REFUSED(EINVAL, LXA_REJECT_OUTPUT, j->nthr = 1);
	REFUSED(EINVAL, LXA_REJECT_OUTPUT, (j->clamp_lo = 1, j->clamp_hi = 0));
	REFUSED(EINVAL, LXA_REJECT_TILE, j->tile_h = 1000);
	REFUSED(EINVAL, LXA_REJECT_PITCH, j->in_row = v.in_row - 16);
	REFUSED(EINVAL, LXA_REJECT_PITCH, j->out_row = v.out_row + 1);
	REFUSED(ENOENT, LXA_REJECT_HANDLE, j->wgt.handle = 4711);
	REFUSED(ENOENT, LXA_REJECT_HANDLE, j->act.handle = 0);
	REFUSED(EINVAL, LXA_REJECT_ALIGN, j->act.offset = 1);
	REFUSED(EINVAL, LXA_REJECT_ACT_EXTENT, j->act.offset = v.bo.bytes);
	REFUSED(EINVAL, LXA_REJECT_ACT_EXTENT, j->act.offset = UINT64_MAX & ~15ull);
	REFUSED(EINVAL, LXA_REJECT_ACT_EXTENT, j->in_row = 1u << 20);
	REFUSED(EINVAL, LXA_REJECT_WGT_EXTENT, j->wgt.offset = v.bo.bytes - 16);
	REFUSED(EINVAL, LXA_REJECT_PAR_EXTENT, j->par.offset = v.bo.bytes - 16);
	REFUSED(EINVAL, LXA_REJECT_OUT_EXTENT, j->out.offset = v.bo.bytes - 16);
	REFUSED(EINVAL, LXA_REJECT_OVERLAP, j->out = j->act);
	/* All or none: nothing of these has run, no number was used. */
	EXPECT_GE(conv_check(&v), 0);
	ASSERT_EQ(0, nops(self->fd, self->ctx, 1, &seqno));
	EXPECT_EQ(1, seqno);
	conv_done(&v, self->fd);
}

TEST_F(job, counts)
{
	uint64_t max, seqno;
	struct lxa_submit s;
	struct lxa_job job = { 0 };

	ASSERT_EQ(0, get_param(self->fd, LXA_PARAM_MAX_JOBS, &max));
	EXPECT_ERRNO(EINVAL, submit(self->fd, self->ctx, &job, 0, &s));
	EXPECT_ERRNO(EINVAL, submit(self->fd, self->ctx, &job, (uint32_t)max + 1, &s));
	EXPECT_ERRNO(EINVAL, submit(self->fd, self->ctx, &job, UINT32_MAX, &s));
	ASSERT_EQ(0, nops(self->fd, self->ctx, (uint32_t)max, &seqno));
	EXPECT_EQ(max, seqno);
	EXPECT_EQ(0, wait_for(self->fd, self->ctx, seqno, LONG_WAIT, NULL));
}

/* ---- contexts ----------------------------------------------------------------------------------------------------- */

TEST_F(job, contexts_are_apart)
{
	int other = open(NODE, O_RDWR | O_CLOEXEC);
	uint32_t second = ctx_create(self->fd);
	uint64_t a, b;

	ASSERT_GE(other, 0);
	ASSERT_NE(0, second);
	EXPECT_NE(self->ctx, second);
	ASSERT_EQ(0, nops(self->fd, self->ctx, 3, &a));
	ASSERT_EQ(0, nops(self->fd, second, 2, &b));
	EXPECT_EQ(3, a);
	EXPECT_EQ(2, b);
	EXPECT_ERRNO(ENOENT, wait_for(other, second, 1, 0, NULL));
	EXPECT_ERRNO(ENOENT, ctx_destroy(other, second));
	EXPECT_ERRNO(ENOENT, nops(other, second, 1, &a));
	EXPECT_EQ(0, ctx_destroy(self->fd, second));
	EXPECT_ERRNO(ENOENT, ctx_destroy(self->fd, second));
	EXPECT_ERRNO(ENOENT, nops(self->fd, second, 1, &a));
	EXPECT_EQ(0, wait_for(self->fd, self->ctx, 3, LONG_WAIT, NULL));
	close(other);
}

TEST_F(job, contexts_are_bounded)
{
	int made = 1;

	while (made < 100000 && ctx_create(self->fd))
		made++;
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_LT(made, 100000);
	EXPECT_EQ(0, ctx_destroy(self->fd, self->ctx));
	EXPECT_NE(0, ctx_create(self->fd));
}

/* ---- wait ---------------------------------------------------------------------------------------------------------- */

TEST_F(job, wait_cases)
{
	int64_t start;
	uint64_t seqno;

	EXPECT_EQ(0, wait_for(self->fd, self->ctx, 0, 0, NULL));	/* before the first job: done */
	ASSERT_EQ(0, nops(self->fd, self->ctx, 2, &seqno));
	EXPECT_EQ(0, wait_for(self->fd, self->ctx, seqno, LONG_WAIT, NULL));
	EXPECT_EQ(0, wait_for(self->fd, self->ctx, seqno, 0, NULL));	/* done: looking is enough */
	EXPECT_EQ(0, wait_for(self->fd, self->ctx, 1, 1, NULL));	/* done, deadline long past */
	/* A job that was never submitted cannot be waited for. */
	start = now_ns();
	EXPECT_ERRNO(EINVAL, wait_for(self->fd, self->ctx, seqno + 1, LONG_WAIT, NULL));
	EXPECT_ERRNO(EINVAL, wait_for(self->fd, self->ctx, UINT64_MAX, LONG_WAIT, NULL));
	EXPECT_LT(now_ns() - start, SECOND);
	EXPECT_ERRNO(EINVAL, wait_for(self->fd, self->ctx, seqno, -1, NULL));
}

/*
 * Looking at work that is not over, and waiting for it with a deadline that has passed, both say so; then it ends well. Where the
 * device is fast and the processor busy, the work may be over before we look: so up to TRIES times.
 */
TEST_F(job, wait_times_out)
{
	bool looked = false, waited = false;
	struct lxa_job jobs[64];
	struct lxa_submit s;
	struct conv v;
	int32_t error;

	ASSERT_EQ(0, conv_init(&v, self->fd, 48, 48, 1));
	for (int i = 0; i < 64; i++)
		jobs[i] = v.job;
	for (int round = 0; round < TRIES && !(looked && waited); round++) {
		ASSERT_EQ(0, submit(self->fd, self->ctx, jobs, 64, &s));
		looked |= wait_for(self->fd, self->ctx, s.seqno, 0, NULL) == -1 && errno == ETIMEDOUT;
		waited |= wait_for(self->fd, self->ctx, s.seqno, now_ns() - SECOND, NULL) == -1 && errno == ETIMEDOUT;
		ASSERT_EQ(0, wait_for(self->fd, self->ctx, s.seqno, LONG_WAIT, &error));
		EXPECT_EQ(0, error);
	}
	EXPECT_TRUE(looked);
	EXPECT_TRUE(waited);
	EXPECT_EQ(-1, conv_check(&v));
	conv_done(&v, self->fd);
}

/* ---- events ---------------------------------------------------------------------------------------------------------- */

TEST_F(job, events)
{
	struct pollfd p = { .fd = self->fd, .events = POLLIN };
	struct lxa_job jobs[3] = { { .user = 11 }, { .user = 22 }, { .user = 33 } };
	struct lxa_event e[4];
	struct lxa_submit s;

	EXPECT_EQ(0, poll(&p, 1, 0));
	ASSERT_EQ(0, submit(self->fd, self->ctx, jobs, 3, &s));
	ASSERT_EQ(0, wait_for(self->fd, self->ctx, s.seqno, LONG_WAIT, NULL));
	ASSERT_EQ(1, poll(&p, 1, 30000));
	EXPECT_EQ(POLLIN, p.revents);
	memset(e, 0xff, sizeof(e));
	EXPECT_ERRNO(EINVAL, (int)read(self->fd, e, sizeof(e[0]) - 1));
	ASSERT_EQ(sizeof(e[0]), read(self->fd, e, sizeof(e[0]) * 2 - 1));	/* whole records only */
	EXPECT_EQ(1, e[0].seqno);
	EXPECT_EQ(11, e[0].user);
	EXPECT_EQ(self->ctx, e[0].ctx);
	EXPECT_EQ(0, e[0].error);
	EXPECT_EQ(1, poll(&p, 1, 0));
	ASSERT_EQ(2 * sizeof(e[0]), read(self->fd, e, sizeof(e)));
	EXPECT_EQ(2, e[0].seqno);
	EXPECT_EQ(22, e[0].user);
	EXPECT_EQ(3, e[1].seqno);
	EXPECT_EQ(33, e[1].user);
	EXPECT_EQ(0, poll(&p, 1, 0));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	EXPECT_ERRNO(EAGAIN, (int)read(self->fd, e, sizeof(e)));
}

TEST_F(job, a_fault_loses_no_event)
{
	void *volatile nowhere = NULL;		/* volatile: the compiler knows what read() may be given */
	struct lxa_event e;
	uint64_t seqno;

	ASSERT_EQ(0, nops(self->fd, self->ctx, 1, &seqno));
	ASSERT_EQ(0, wait_for(self->fd, self->ctx, seqno, LONG_WAIT, NULL));
	EXPECT_ERRNO(EFAULT, (int)read(self->fd, nowhere, sizeof(e)));
	ASSERT_EQ(sizeof(e), read(self->fd, &e, sizeof(e)));
	EXPECT_EQ(seqno, e.seqno);
}

TEST_F(job, epoll)
{
	struct epoll_event ev = { .events = EPOLLIN }, got;
	struct lxa_event e;
	uint64_t seqno;
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_GE(ep, 0);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->fd, &ev));
	EXPECT_EQ(0, epoll_wait(ep, &got, 1, 0));
	ASSERT_EQ(0, nops(self->fd, self->ctx, 1, &seqno));
	ASSERT_EQ(1, epoll_wait(ep, &got, 1, 30000));
	EXPECT_EQ(EPOLLIN, got.events & EPOLLIN);
	ASSERT_EQ(sizeof(e), read(self->fd, &e, sizeof(e)));
	EXPECT_EQ(0, epoll_wait(ep, &got, 1, 0));
	close(ep);
}

/* read() waits when there is nothing yet. */
TEST_F(job, blocking_read)
{
	struct lxa_event e = { 0 };
	struct lxa_submit s;
	struct conv v;

	ASSERT_EQ(0, conv_init(&v, self->fd, 24, 24, 2));
	v.job.user = 0x1122334455667788ull;
	ASSERT_EQ(0, submit(self->fd, self->ctx, &v.job, 1, &s));
	ASSERT_EQ(sizeof(e), read(self->fd, &e, sizeof(e)));
	EXPECT_EQ(0x1122334455667788ull, e.user);
	/* Its counters: every cycle has a name, and the work is the work. */
	EXPECT_GT(e.cycles, 0);
	EXPECT_EQ(e.cycles, e.busy + e.st_wgt + e.st_act + e.st_rd + e.st_out + e.st_wr + e.st_pipe + e.st_cmd);
	EXPECT_EQ(24ull * 24 * v.c * v.c * 9, e.macs);
	EXPECT_GE(e.rd_bytes, (uint64_t)v.in_row * v.h + 9 * v.c * v.c);
	EXPECT_GE(e.wr_bytes, (uint64_t)v.out_row * v.h);
	conv_done(&v, self->fd);
}

/* ---- counters ---------------------------------------------------------------------------------------------------------- */

static int perf(int fd, uint64_t *values, uint32_t *count)
{
	struct lxa_perf_read p = { .size = sizeof(p), .count = *count, .values = (uintptr_t)values };
	int ret = ioctl(fd, LXA_IOCTL_PERF_READ, &p);

	*count = p.count;
	return ret;
}

TEST_F(job, counters_add_up)
{
	uint64_t a[LXA_CNT_COUNT + 1], b[LXA_CNT_COUNT + 1], sum = 0;
	uint32_t n = LXA_CNT_COUNT + 1;
	struct lxa_submit s;
	struct conv v;

	ASSERT_EQ(0, conv_init(&v, self->fd, 10, 10, 4));
	ASSERT_EQ(0, perf(self->fd, a, &n));
	EXPECT_EQ(LXA_CNT_COUNT, n);
	ASSERT_EQ(0, submit(self->fd, self->ctx, &v.job, 1, &s));
	ASSERT_EQ(0, wait_for(self->fd, self->ctx, s.seqno, LONG_WAIT, NULL));
	b[LXA_CNT_COUNT] = 77;
	n = LXA_CNT_COUNT + 1;
	ASSERT_EQ(0, perf(self->fd, b, &n));
	EXPECT_EQ(77, b[LXA_CNT_COUNT]);	/* nothing beyond what there is */
	for (int i = LXA_CNT_BUSY; i <= LXA_CNT_IDLE; i++)
		sum += b[i];
	EXPECT_EQ(b[LXA_CNT_CYCLES], sum);
	EXPECT_GT(b[LXA_CNT_CYCLES], a[LXA_CNT_CYCLES]);
	EXPECT_EQ(1, b[LXA_CNT_JOBS] - a[LXA_CNT_JOBS]);
	EXPECT_EQ(100ull * v.c * v.c * 9, b[LXA_CNT_MACS] - a[LXA_CNT_MACS]);
	conv_done(&v, self->fd);
}

TEST_F(job, counters_bad_memory)
{
	uint64_t values[LXA_CNT_COUNT];
	uint32_t n = LXA_CNT_COUNT;

	EXPECT_ERRNO(EFAULT, perf(self->fd, NULL, &n));
	n = 2;
	values[2] = 99;
	EXPECT_EQ(0, perf(self->fd, values, &n));
	EXPECT_EQ(LXA_CNT_COUNT, n);
	EXPECT_EQ(99, values[2]);
}

LXA_TEST_MAIN
