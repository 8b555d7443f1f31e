// SPDX-License-Identifier: MIT
/* Rules that hold for every call: lengths, reserved fields, unknown numbers, bad memory, outputs. */
#include "lxa_test.h"

/* One valid instance of each call, made for the fixture's objects. */
union call {
	uint32_t size;
	struct lxa_get_param get_param;
	struct lxa_ctx_create ctx_create;
	struct lxa_ctx_destroy ctx_destroy;
	struct lxa_bo_create bo_create;
	struct lxa_bo_info bo_info;
	struct lxa_bo_destroy bo_destroy;
	struct lxa_bo_prep bo_prep;
	struct lxa_bo_fini bo_fini;
	struct lxa_submit submit;
	struct lxa_wait wait;
	struct lxa_perf_read perf_read;
	uint8_t bytes[256];
};

FIXTURE(abi) {
	int fd;
	uint32_t ctx, bo;
	uint64_t counters[LXA_CNT_COUNT];
	struct lxa_job job;
	char *page;			/* two pages, the second without access */
	long page_size;
};

FIXTURE_SETUP(abi)
{
	self->fd = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	self->ctx = ctx_create(self->fd);
	self->bo = bo_create(self->fd, 1).handle;
	ASSERT_NE(0, self->ctx);
	ASSERT_NE(0, self->bo);
	self->page_size = sysconf(_SC_PAGESIZE);
	self->page = mmap(NULL, 2 * self->page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->page);
	ASSERT_EQ(0, mprotect(self->page + self->page_size, self->page_size, PROT_NONE));
}

FIXTURE_TEARDOWN(abi)
{
	munmap(self->page, 2 * self->page_size);
	close(self->fd);
}

/* Fill in a valid call; its size, 0 when there is no such number. Objects that the call ends are made for it. */
static uint32_t make_call(FIXTURE_DATA(abi) *self, unsigned int nr, union call *c)
{
	memset(c, 0, sizeof(*c));
	switch (nr) {
	case LXA_CMD_GET_PARAM:
		return c->size = sizeof(c->get_param);
	case LXA_CMD_CTX_CREATE:
		return c->size = sizeof(c->ctx_create);
	case LXA_CMD_CTX_DESTROY:
		c->ctx_destroy.ctx = ctx_create(self->fd);
		return c->size = sizeof(c->ctx_destroy);
	case LXA_CMD_BO_CREATE:
		c->bo_create.bytes = 1;
		return c->size = sizeof(c->bo_create);
	case LXA_CMD_BO_INFO:
		c->bo_info.handle = self->bo;
		return c->size = sizeof(c->bo_info);
	case LXA_CMD_BO_DESTROY:
		c->bo_destroy.handle = bo_create(self->fd, 1).handle;
		return c->size = sizeof(c->bo_destroy);
	case LXA_CMD_BO_PREP:
		c->bo_prep.handle = self->bo;
		c->bo_prep.flags = LXA_PREP_READ;
		return c->size = sizeof(c->bo_prep);
	case LXA_CMD_BO_FINI:
		c->bo_fini.handle = self->bo;
		return c->size = sizeof(c->bo_fini);
	case LXA_CMD_SUBMIT:
		c->submit.ctx = self->ctx;
		c->submit.job_count = 1;
		c->submit.job_stride = sizeof(self->job);
		c->submit.jobs = (uintptr_t)&self->job;
		return c->size = sizeof(c->submit);
	case LXA_CMD_WAIT:
		c->wait.ctx = self->ctx;
		return c->size = sizeof(c->wait);
	case LXA_CMD_PERF_READ:
		c->perf_read.count = LXA_CNT_COUNT;
		c->perf_read.values = (uintptr_t)self->counters;
		return c->size = sizeof(c->perf_read);
	}
	return 0;
}

#define EACH_CALL(nr) unsigned int nr = LXA_CMD_BASE; nr <= LXA_CMD_PERF_READ; nr++

TEST_F(abi, exact_length)
{
	union call c;

	for (EACH_CALL(nr)) {
		ASSERT_NE(0, make_call(self, nr, &c));
		EXPECT_EQ(0, ioctl(self->fd, LXA_IO(nr), &c)) TH_LOG("call %#x: %s", nr, strerror(errno));
	}
}

TEST_F(abi, short_is_einval)
{
	union call c;

	for (EACH_CALL(nr)) {
		make_call(self, nr, &c);
		c.size -= 4;
		EXPECT_ERRNO(EINVAL, ioctl(self->fd, LXA_IO(nr), &c));
		c.size = 4;
		EXPECT_ERRNO(EINVAL, ioctl(self->fd, LXA_IO(nr), &c));
		c.size = 0;
		EXPECT_ERRNO(EINVAL, ioctl(self->fd, LXA_IO(nr), &c));
	}
}

TEST_F(abi, longer_and_clean)
{
	union call c;

	for (EACH_CALL(nr)) {
		uint32_t size = make_call(self, nr, &c);

		c.size = size + 24;
		EXPECT_EQ(0, ioctl(self->fd, LXA_IO(nr), &c)) TH_LOG("call %#x: %s", nr, strerror(errno));
		EXPECT_EQ(size + 24, c.size);
	}
}

TEST_F(abi, dirty_tail_is_e2big)
{
	union call c;

	for (EACH_CALL(nr)) {
		uint32_t size = make_call(self, nr, &c);

		c.size = size + 24;
		c.bytes[size + 23] = 1;
		EXPECT_ERRNO(E2BIG, ioctl(self->fd, LXA_IO(nr), &c));
		make_call(self, nr, &c);
		c.size = UINT32_MAX;
		errno = 0;
		EXPECT_EQ(-1, ioctl(self->fd, LXA_IO(nr), &c));
		EXPECT_TRUE(errno == E2BIG || errno == EFAULT);
	}
}

/* A struct that ends with the page works; one whose end is not mapped is EFAULT; so is no memory at all. */
TEST_F(abi, end_of_page)
{
	union call c;

	for (EACH_CALL(nr)) {
		uint32_t size = make_call(self, nr, &c);
		char *end = self->page + self->page_size;

		memcpy(end - size, &c, size);
		EXPECT_EQ(0, ioctl(self->fd, LXA_IO(nr), end - size)) TH_LOG("call %#x: %s", nr, strerror(errno));
		make_call(self, nr, &c);
		memcpy(end - 4, &c, 4);
		EXPECT_ERRNO(EFAULT, ioctl(self->fd, LXA_IO(nr), end - 4));
		EXPECT_ERRNO(EFAULT, ioctl(self->fd, LXA_IO(nr), end));
		EXPECT_ERRNO(EFAULT, ioctl(self->fd, LXA_IO(nr), end - 2));
		EXPECT_ERRNO(EFAULT, ioctl(self->fd, LXA_IO(nr), NULL));
	}
}

TEST_F(abi, read_only_memory)
{
	union call c;
	uint32_t size = make_call(self, LXA_CMD_GET_PARAM, &c);

	memcpy(self->page, &c, size);
	ASSERT_EQ(0, mprotect(self->page, self->page_size, PROT_READ));
	EXPECT_ERRNO(EFAULT, ioctl(self->fd, LXA_IOCTL_GET_PARAM, self->page));
}

TEST_F(abi, job_array_at_end_of_page)
{
	struct lxa_job *end = (struct lxa_job *)(self->page + self->page_size);
	struct lxa_submit s;

	EXPECT_EQ(0, submit(self->fd, self->ctx, end - 1, 1, &s));
	EXPECT_ERRNO(EFAULT, submit(self->fd, self->ctx, end - 1, 2, &s));
	EXPECT_EQ(1, s.failed);
	EXPECT_EQ(LXA_REJECT_NONE, s.reason);
	EXPECT_ERRNO(EFAULT, submit(self->fd, self->ctx, NULL, 1, &s));
	EXPECT_ERRNO(EFAULT, submit(self->fd, self->ctx, (void *)-8, 1, &s));
}

TEST_F(abi, job_stride)
{
	struct { struct lxa_job job; uint64_t more; } longer[2] = { 0 };
	struct lxa_submit s = {
		.size = sizeof(s), .ctx = self->ctx, .job_count = 2, .job_stride = sizeof(longer[0]), .jobs = (uintptr_t)longer,
	};

	EXPECT_EQ(0, ioctl(self->fd, LXA_IOCTL_SUBMIT, &s));
	longer[1].more = 1;
	EXPECT_ERRNO(E2BIG, ioctl(self->fd, LXA_IOCTL_SUBMIT, &s));
	EXPECT_EQ(1, s.failed);
	/* A program of the first version: what follows its struct is not read as a part of the job. */
	memset(longer, 0, sizeof(longer));
	memset((char *)longer + 2 * LXA_JOB_SIZE_1, 0xff, sizeof(longer) - 2 * LXA_JOB_SIZE_1);
	s.job_stride = LXA_JOB_SIZE_1;
	EXPECT_EQ(0, ioctl(self->fd, LXA_IOCTL_SUBMIT, &s));
	s.job_stride = LXA_JOB_SIZE_1 - 8;
	EXPECT_ERRNO(EINVAL, ioctl(self->fd, LXA_IOCTL_SUBMIT, &s));
	s.job_stride = 0;
	EXPECT_ERRNO(EINVAL, ioctl(self->fd, LXA_IOCTL_SUBMIT, &s));
	s.job_stride = UINT32_MAX;
	errno = 0;
	EXPECT_EQ(-1, ioctl(self->fd, LXA_IOCTL_SUBMIT, &s));
	EXPECT_TRUE(errno == E2BIG || errno == EINVAL);
}

/* Reserved fields, one at a time, on a call that is valid otherwise. */
#define RESERVED(nr, field) do {						\
	union call c;								\
										\
	ASSERT_NE(0, make_call(self, nr, &c));					\
	c.field = 1u << 31;							\
	errno = 0;								\
	EXPECT_EQ(-1, ioctl(self->fd, LXA_IO(nr), &c)) TH_LOG(#field);		\
	EXPECT_EQ(EINVAL, errno) TH_LOG(#field);				\
	c.field = 0;								\
} while (0)

TEST_F(abi, reserved_fields)
{
	RESERVED(LXA_CMD_CTX_CREATE, ctx_create.flags);
	RESERVED(LXA_CMD_CTX_CREATE, ctx_create.pad);
	RESERVED(LXA_CMD_BO_CREATE, bo_create.flags);
	RESERVED(LXA_CMD_BO_CREATE, bo_create.pad);
	RESERVED(LXA_CMD_BO_PREP, bo_prep.flags);
	RESERVED(LXA_CMD_BO_PREP, bo_prep.pad);
	RESERVED(LXA_CMD_SUBMIT, submit.flags);
	RESERVED(LXA_CMD_SUBMIT, submit.pad);
	RESERVED(LXA_CMD_WAIT, wait.pad);
	RESERVED(LXA_CMD_PERF_READ, perf_read.flags);
	RESERVED(LXA_CMD_PERF_READ, perf_read.pad);
}

TEST_F(abi, unknown_ioctl)
{
	char junk[256] = { 0 };

	EXPECT_ERRNO(ENOTTY, ioctl(self->fd, LXA_IO(LXA_CMD_BASE - 1), junk));
	EXPECT_ERRNO(ENOTTY, ioctl(self->fd, LXA_IO(LXA_CMD_PERF_READ + 1), junk));
	EXPECT_ERRNO(ENOTTY, ioctl(self->fd, LXA_IO(0xff), junk));
	EXPECT_ERRNO(ENOTTY, ioctl(self->fd, _IO(LXA_IOC_TYPE + 1, LXA_CMD_GET_PARAM), junk));
	EXPECT_ERRNO(ENOTTY, ioctl(self->fd, _IOWR(LXA_IOC_TYPE, LXA_CMD_GET_PARAM, struct lxa_get_param), junk));
}

TEST_F(abi, unknown_param)
{
	uint64_t v;

	EXPECT_ERRNO(EOPNOTSUPP, get_param(self->fd, LXA_PARAM_BO_BYTES_MAX + 1, &v));
	EXPECT_ERRNO(EOPNOTSUPP, get_param(self->fd, UINT32_MAX, &v));
}

TEST_F(abi, bad_handles)
{
	static const uint32_t bad[] = { 0, 4711, INT_MAX, UINT32_MAX };
	struct lxa_submit s;

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct lxa_bo_info info = { .size = sizeof(info), .handle = bad[i] };
		struct lxa_bo_fini fini = { .size = sizeof(fini), .handle = bad[i] };

		EXPECT_ERRNO(ENOENT, ctx_destroy(self->fd, bad[i]));
		EXPECT_ERRNO(ENOENT, bo_destroy(self->fd, bad[i]));
		EXPECT_ERRNO(ENOENT, ioctl(self->fd, LXA_IOCTL_BO_INFO, &info));
		EXPECT_ERRNO(ENOENT, ioctl(self->fd, LXA_IOCTL_BO_FINI, &fini));
		EXPECT_ERRNO(ENOENT, bo_prep(self->fd, bad[i], LXA_PREP_READ, 0));
		EXPECT_ERRNO(ENOENT, wait_for(self->fd, bad[i], 0, 0, NULL));
		EXPECT_ERRNO(ENOENT, submit(self->fd, bad[i], &self->job, 1, &s));
	}
}

/* Out fields hold the answer whatever was in them, in fields say what they said. */
TEST_F(abi, outputs)
{
	struct lxa_get_param g = { .size = sizeof(g), .param = LXA_PARAM_ABI_VERSION, .value = ~0ull };
	struct lxa_bo_create b = { .size = sizeof(b), .bytes = 5000, .handle = ~0u, .mmap_offset = ~0ull };
	struct lxa_bo_info i = { .size = sizeof(i), .bytes = ~0ull, .mmap_offset = ~0ull };
	struct lxa_submit s = {
		.size = sizeof(s), .ctx = self->ctx, .job_count = 1, .job_stride = sizeof(self->job),
		.jobs = (uintptr_t)&self->job, .failed = ~0u, .seqno = ~0ull, .reason = ~0u,
	};
	struct lxa_wait w = { .size = sizeof(w), .ctx = self->ctx, .error = -1 };

	ASSERT_EQ(0, ioctl(self->fd, LXA_IOCTL_GET_PARAM, &g));
	EXPECT_EQ(LXA_ABI_VERSION, g.value);
	EXPECT_EQ(LXA_PARAM_ABI_VERSION, g.param);
	ASSERT_EQ(0, ioctl(self->fd, LXA_IOCTL_BO_CREATE, &b));
	EXPECT_EQ((5000 + self->page_size - 1) / self->page_size * self->page_size, b.bytes);
	EXPECT_NE(~0u, b.handle);
	i.handle = b.handle;
	ASSERT_EQ(0, ioctl(self->fd, LXA_IOCTL_BO_INFO, &i));
	EXPECT_EQ(b.bytes, i.bytes);
	EXPECT_EQ(b.mmap_offset, i.mmap_offset);
	ASSERT_EQ(0, ioctl(self->fd, LXA_IOCTL_SUBMIT, &s));
	EXPECT_EQ(0, s.failed);
	EXPECT_EQ(LXA_REJECT_NONE, s.reason);
	EXPECT_EQ(1, s.seqno);
	EXPECT_EQ((uintptr_t)&self->job, s.jobs);
	ASSERT_EQ(0, ioctl(self->fd, LXA_IOCTL_WAIT, &w));
	EXPECT_EQ(0, w.error);
}

TEST_F(abi, params_are_sane)
{
	uint64_t v[LXA_PARAM_BO_BYTES_MAX + 1];

	for (uint32_t p = 0; p <= LXA_PARAM_BO_BYTES_MAX; p++) {
		ASSERT_EQ(0, get_param(self->fd, p, &v[p])) TH_LOG("parameter %u: %s", p, strerror(errno));
	}
	EXPECT_EQ(0x4c58, v[LXA_PARAM_HW_ID] >> 16);
	EXPECT_GE(v[LXA_PARAM_PLATFORM], LXA_PLATFORM_RTL);
	EXPECT_LE(v[LXA_PARAM_PLATFORM], LXA_PLATFORM_HARDWARE);
	EXPECT_NE(0, v[LXA_PARAM_MODES]);
	EXPECT_EQ(0, v[LXA_PARAM_WORD_BYTES] & (v[LXA_PARAM_WORD_BYTES] - 1));
	EXPECT_EQ(0, v[LXA_PARAM_BUS_BYTES] & (v[LXA_PARAM_BUS_BYTES] - 1));
	EXPECT_EQ(0, v[LXA_PARAM_ACT_BYTES] % v[LXA_PARAM_WORD_BYTES]);
	EXPECT_GE(v[LXA_PARAM_MAX_JOBS], 1);
	EXPECT_GE(v[LXA_PARAM_TIMEOUT_MS], 1);
	EXPECT_GE(v[LXA_PARAM_BO_BYTES_MAX], 1 << 20);
	EXPECT_EQ(0, v[LXA_PARAM_RESET_COUNT]);
}

LXA_TEST_MAIN
