// SPDX-License-Identifier: MIT
/*
 * Rules that hold for every call, by the table of abi_table.h: lengths, overruns, reserved fields, handles, pointers, times, what
 * is written back and what is not, programs older and newer than the driver, a device that has gone.
 */
#include "lxa_test.h"
#include "lxa_control.h"
#include "abi_table.h"

FIXTURE(abi) {
	struct abi_objects o;
	char *page;			/* two pages, the second without access */
	long page_size;
};

static void objects_open(struct abi_objects *o)
{
	memset(o, 0, sizeof(*o));
	o->fd = open(NODE, O_RDWR | O_CLOEXEC);
	o->ctx = ctx_create(o->fd);
	o->bo = bo_create(o->fd, 1).handle;
}

FIXTURE_SETUP(abi)
{
	objects_open(&self->o);
	ASSERT_GE(self->o.fd, 0);
	ASSERT_NE(0, self->o.ctx);
	ASSERT_NE(0, self->o.bo);
	self->page_size = sysconf(_SC_PAGESIZE);
	self->page = mmap(NULL, 2 * self->page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->page);
	ASSERT_EQ(0, mprotect(self->page + self->page_size, self->page_size, PROT_NONE));
}

FIXTURE_TEARDOWN(abi)
{
	munmap(self->page, 2 * self->page_size);
	close(self->o.fd);
}

static int call(struct abi_objects *o, const struct abi_row *r, void *c)
{
	errno = 0;
	return ioctl(o->fd, LXA_IO(r->nr), c);
}

#define GOOD(r, c) EXPECT_EQ(0, call(&self->o, r, c)) TH_LOG("%s: %s", (r)->name, strerror(errno))
#define BAD(err, r, c, what) do {								\
	EXPECT_EQ(-1, call(&self->o, r, c)) TH_LOG("%s: %s", (r)->name, what);			\
	EXPECT_EQ(err, errno) TH_LOG("%s: %s: %s", (r)->name, what, strerror(errno));		\
} while (0)

/* ---- the table itself ----------------------------------------------------------------------------------------- */

/* The driver knows the calls of the table and no other. */
TEST_F(abi, every_call_has_a_row)
{
	for (unsigned int nr = 0; nr < 256; nr++) {
		int row = 0;

		for (EACH_ROW(r))
			row += r->nr == nr;
		errno = 0;
		EXPECT_EQ(-1, ioctl(self->o.fd, LXA_IO(nr), NULL));
		EXPECT_EQ(row ? EFAULT : ENOTTY, errno) TH_LOG("call %#x: %d rows in abi_table.h", nr, row);
		EXPECT_LE(row, 1);
	}
}

/* Rows name every byte once: no padding that the compiler put in, no field forgotten. */
TEST_F(abi, every_byte_has_a_field)
{
	for (EACH_ROW(r)) {
		uint32_t at = 0;

		for (EACH_FIELD(r, f)) {
			EXPECT_EQ(at, f->offset) TH_LOG("%s", f->name);
			EXPECT_EQ(0, f->offset % f->bytes) TH_LOG("%s", f->name);
			at = f->offset + f->bytes;
		}
		EXPECT_EQ(r->size, at) TH_LOG("%s", r->name);
		EXPECT_EQ(0, r->size % 8) TH_LOG("%s", r->name);
	}
}

/* ---- lengths --------------------------------------------------------------------------------------------------- */

TEST_F(abi, exact_length)
{
	union call c;

	for (EACH_ROW(r)) {
		make_call(&self->o, r, &c);
		GOOD(r, &c);
		EXPECT_EQ(r->size, c.size);
	}
}

TEST_F(abi, short_is_einval)
{
	union call c;

	for (EACH_ROW(r))
		for (uint32_t size = 0; size < r->first; size++) {
			make_call(&self->o, r, &c);
			c.size = size;
			BAD(EINVAL, r, &c, "short");
		}
}

/* An older program: nothing behind its struct is read or written. */
TEST_F(abi, first_version)
{
	union call c;

	for (EACH_ROW(r)) {
		make_call(&self->o, r, &c);
		memset(c.bytes + r->first, 0xa5, sizeof(c) - r->first);
		c.size = r->first;
		GOOD(r, &c);
		EXPECT_EQ(r->first, c.size);
		for (uint32_t i = r->first; i < sizeof(c); i++) {
			EXPECT_EQ(0xa5, c.bytes[i]) TH_LOG("%s: byte %u", r->name, i);
		}
	}
}

/* A newer program: what this driver does not know is 0 and stays so. */
TEST_F(abi, longer_and_clean)
{
	union call c;

	for (EACH_ROW(r)) {
		close(self->o.fd);		/* there is a bound on contexts */
		objects_open(&self->o);
		for (uint32_t more = 1; more <= 32; more++) {
			make_call(&self->o, r, &c);
			c.size = r->size + more;
			GOOD(r, &c);
			EXPECT_EQ(r->size + more, c.size);
			for (uint32_t i = r->size; i < sizeof(c); i++) {
				EXPECT_EQ(0, c.bytes[i]) TH_LOG("%s: byte %u", r->name, i);
			}
		}
	}
}

TEST_F(abi, dirty_tail_is_e2big)
{
	static const uint32_t huge[] = { 4097, 1 << 16, INT_MAX, UINT32_MAX };
	union call c;

	for (EACH_ROW(r)) {
		for (uint32_t at = r->size; at < r->size + 64; at++) {
			make_call(&self->o, r, &c);
			c.size = r->size + 64;
			c.bytes[at] = 1;
			BAD(E2BIG, r, &c, "dirty tail");
		}
		for (unsigned int i = 0; i < 4; i++) {
			make_call(&self->o, r, &c);
			c.size = huge[i];
			BAD(E2BIG, r, &c, "huge");
		}
	}
}

/* A struct that ends with the page works; one whose end is not mapped is EFAULT; so is no memory at all. */
TEST_F(abi, end_of_page)
{
	char *end = self->page + self->page_size;
	union call c;

	for (EACH_ROW(r)) {
		make_call(&self->o, r, &c);
		memcpy(end - r->size, &c, r->size);
		GOOD(r, end - r->size);
		for (uint32_t bytes = 4; bytes < r->size; bytes += 4) {
			make_call(&self->o, r, &c);
			memcpy(end - bytes, &c, bytes);
			BAD(EFAULT, r, end - bytes, "cut by the page's end");
		}
		/* A newer program's longer struct, which does not fit. */
		make_call(&self->o, r, &c);
		c.size = r->size + 8;
		memcpy(end - r->size, &c, r->size);
		BAD(EFAULT, r, end - r->size, "tail beyond the page");
		BAD(EFAULT, r, end, "nothing mapped");
		BAD(EFAULT, r, end - 2, "half a size");
		BAD(EFAULT, r, NULL, "NULL");
		BAD(EFAULT, r, (void *)-8, "the last address");
	}
}

/* ---- fields ----------------------------------------------------------------------------------------------------- */

/* Each bit without a meaning, on a call that is valid otherwise. */
TEST_F(abi, reserved_bits)
{
	union call c;

	for (EACH_ROW(r))
		for (EACH_FIELD(r, f)) {
			if (f->kind != F_PAD && f->kind != F_FLAGS)
				continue;
			for (unsigned int bit = 0; bit < 8 * f->bytes; bit++) {
				if (f->kind == F_FLAGS && f->arg >> bit & 1)
					continue;
				make_call(&self->o, r, &c);
				set_field(&c, f, get_field(&c, f) | 1ull << bit);
				BAD(EINVAL, r, &c, f->name);
			}
		}
}

TEST_F(abi, bad_handles)
{
	static const uint32_t bad[] = { 0, 4711, INT_MAX, UINT32_MAX };
	union call c;

	for (EACH_ROW(r))
		for (EACH_FIELD(r, f))
			for (unsigned int i = 0; i < 4 && (f->kind == F_CTX || f->kind == F_BO); i++) {
				make_call(&self->o, r, &c);
				set_field(&c, f, bad[i]);
				BAD(ENOENT, r, &c, f->name);
			}
}

/* Handles belong to one open file. */
TEST_F(abi, handles_of_another_file)
{
	struct abi_objects other;
	union call c;

	objects_open(&other);
	ASSERT_GE(other.fd, 0);
	for (int i = 0; i < 3; i++) {		/* numbers that the first file does not have */
		other.ctx = ctx_create(other.fd);
		other.bo = bo_create(other.fd, 1).handle;
	}
	for (EACH_ROW(r))
		for (EACH_FIELD(r, f)) {
			if (f->kind != F_CTX && f->kind != F_BO)
				continue;
			make_call(&self->o, r, &c);
			set_field(&c, f, f->kind == F_CTX ? other.ctx + 100 : other.bo + 100);
			BAD(ENOENT, r, &c, f->name);
			make_call(&self->o, r, &c);
			if (get_field(&c, f) != (f->kind == F_CTX ? other.ctx : other.bo)) {
				set_field(&c, f, f->kind == F_CTX ? other.ctx : other.bo);
				call(&self->o, r, &c);		/* of this file or nothing: never the other's */
			}
		}
	EXPECT_EQ(0, ctx_destroy(other.fd, other.ctx));
	EXPECT_EQ(0, bo_destroy(other.fd, other.bo));
	close(other.fd);
}

TEST_F(abi, bad_pointers)
{
	const uint64_t bad[] = { 0, 8, (uintptr_t)self->page + self->page_size, 1ull << 63, ~7ull, ~0ull };
	union call c;

	for (EACH_ROW(r))
		for (EACH_FIELD(r, f))
			for (unsigned int i = 0; i < 6 && f->kind == F_PTR; i++) {
				make_call(&self->o, r, &c);
				set_field(&c, f, bad[i]);
				BAD(EFAULT, r, &c, f->name);
			}
}

TEST_F(abi, negative_times)
{
	union call c;

	for (EACH_ROW(r))
		for (EACH_FIELD(r, f)) {
			if (f->kind != F_TIME)
				continue;
			make_call(&self->o, r, &c);
			set_field(&c, f, (uint64_t)-1);
			BAD(EINVAL, r, &c, f->name);
			set_field(&c, f, 1ull << 63);
			BAD(EINVAL, r, &c, f->name);
			set_field(&c, f, INT64_MAX);
			GOOD(r, &c);
		}
}

/* What was in an out field, and what the caller's stack held around it, makes no difference to what comes back. */
TEST_F(abi, outputs_do_not_depend_on_what_was_there)
{
	union call a, b;

	for (EACH_ROW(r)) {
		struct abi_objects o[2];

		objects_open(&o[0]);
		objects_open(&o[1]);		/* the same state, so the same handles */
		make_call(&o[0], r, &a);
		make_call(&o[1], r, &b);
		for (EACH_FIELD(r, f))
			if (f->kind == F_OUT) {
				set_field(&a, f, ~0ull);
				set_field(&b, f, 0x5a5a5a5a5a5a5a5aull);
			}
		EXPECT_EQ(0, call(&o[0], r, &a)) TH_LOG("%s: %s", r->name, strerror(errno));
		EXPECT_EQ(0, call(&o[1], r, &b)) TH_LOG("%s: %s", r->name, strerror(errno));
		for (EACH_FIELD(r, f)) {
			if (f->kind != F_OUT && f->kind != F_INOUT)
				continue;
			EXPECT_EQ(get_field(&a, f), get_field(&b, f)) TH_LOG("%s", f->name);
		}
		close(o[0].fd);
		close(o[1].fd);
	}
}

/* What is in only comes back as it was; pads stay 0; a call that fails writes nothing, unless its results tell why. */
TEST_F(abi, what_is_written)
{
	union call c, was;

	for (EACH_ROW(r)) {
		make_call(&self->o, r, &c);
		was = c;
		GOOD(r, &c);
		for (EACH_FIELD(r, f)) {
			if (f->kind == F_OUT || f->kind == F_INOUT)
				continue;
			EXPECT_EQ(get_field(&was, f), get_field(&c, f)) TH_LOG("%s", f->name);
		}
		for (EACH_FIELD(r, bad)) {
			if (bad->kind != F_PAD && bad->kind != F_CTX && bad->kind != F_BO && bad->kind != F_PTR)
				continue;
			make_call(&self->o, r, &c);
			for (EACH_FIELD(r, f))
				if (f->kind == F_OUT)
					set_field(&c, f, ~0ull);
			set_field(&c, bad, 4000000000u);
			was = c;
			EXPECT_EQ(-1, call(&self->o, r, &c)) TH_LOG("%s", bad->name);
			for (EACH_FIELD(r, f)) {
				uint64_t want = r->out_on_error && f->kind == F_OUT ? 0 : get_field(&was, f);

				EXPECT_EQ(want, get_field(&c, f)) TH_LOG("%s, bad %s", f->name, bad->name);
			}
		}
	}
}

/* The device has gone: ENODEV, but for what a program cleans up with. */
TEST_F(abi, device_gone)
{
	union call c[ABI_ROWS];
	int ret;

	for (EACH_ROW(r))
		make_call(&self->o, r, &c[r - abi_rows]);
	ret = control(self->o.fd, NULL, 0, "unbind");
	if (ret == CONTROL_NONE || ret == -EACCES)
		SKIP(return, "no way to unbind the device");
	ASSERT_EQ(0, ret);
	for (EACH_ROW(r)) {
		if (r->always) {
			GOOD(r, &c[r - abi_rows]);
		} else {
			BAD(ENODEV, r, &c[r - abi_rows], "no device");
		}
		errno = 0;
		EXPECT_EQ(-1, ioctl(self->o.fd, LXA_IO(0xff), NULL));
		EXPECT_EQ(ENOTTY, errno);
	}
	control(-1, NULL, 0, "rebind");
}

/* ---- memory, numbers, jobs ------------------------------------------------------------------------------------------ */

TEST_F(abi, read_only_memory)
{
	union call c;

	make_call(&self->o, &abi_rows[0], &c);
	memcpy(self->page, &c, sizeof(c));
	ASSERT_EQ(0, mprotect(self->page, self->page_size, PROT_READ));
	EXPECT_ERRNO(EFAULT, ioctl(self->o.fd, LXA_IOCTL_GET_PARAM, self->page));
}

TEST_F(abi, job_array_at_end_of_page)
{
	struct lxa_job *end = (struct lxa_job *)(self->page + self->page_size);
	struct lxa_submit s;

	EXPECT_EQ(0, submit(self->o.fd, self->o.ctx, end - 1, 1, &s));
	EXPECT_ERRNO(EFAULT, submit(self->o.fd, self->o.ctx, end - 1, 2, &s));
	EXPECT_EQ(1, s.failed);
	EXPECT_EQ(LXA_REJECT_NONE, s.reason);
	EXPECT_ERRNO(EFAULT, submit(self->o.fd, self->o.ctx, NULL, 1, &s));
	EXPECT_ERRNO(EFAULT, submit(self->o.fd, self->o.ctx, (void *)-8, 1, &s));
}

TEST_F(abi, job_stride)
{
	struct { struct lxa_job job; uint64_t more; } longer[2] = { 0 };
	struct lxa_submit s = {
		.size = sizeof(s), .ctx = self->o.ctx, .job_count = 2, .job_stride = sizeof(longer[0]), .jobs = (uintptr_t)longer,
	};

	EXPECT_EQ(0, ioctl(self->o.fd, LXA_IOCTL_SUBMIT, &s));
	longer[1].more = 1;
	EXPECT_ERRNO(E2BIG, ioctl(self->o.fd, LXA_IOCTL_SUBMIT, &s));
	EXPECT_EQ(1, s.failed);
	/* A program of the first version: what follows its struct is not read as a part of the job. */
	memset(longer, 0, sizeof(longer));
	memset((char *)longer + 2 * LXA_JOB_SIZE_1, 0xff, sizeof(longer) - 2 * LXA_JOB_SIZE_1);
	s.job_stride = LXA_JOB_SIZE_1;
	EXPECT_EQ(0, ioctl(self->o.fd, LXA_IOCTL_SUBMIT, &s));
	s.job_stride = LXA_JOB_SIZE_1 - 8;
	EXPECT_ERRNO(EINVAL, ioctl(self->o.fd, LXA_IOCTL_SUBMIT, &s));
	s.job_stride = 0;
	EXPECT_ERRNO(EINVAL, ioctl(self->o.fd, LXA_IOCTL_SUBMIT, &s));
	s.job_stride = UINT32_MAX;
	errno = 0;
	EXPECT_EQ(-1, ioctl(self->o.fd, LXA_IOCTL_SUBMIT, &s));
	EXPECT_TRUE(errno == E2BIG || errno == EINVAL);
}

TEST_F(abi, unknown_ioctl)
{
	char junk[256] = { 0 };

	EXPECT_ERRNO(ENOTTY, ioctl(self->o.fd, LXA_IO(LXA_CMD_BASE - 1), junk));
	EXPECT_ERRNO(ENOTTY, ioctl(self->o.fd, LXA_IO(abi_rows[ABI_ROWS - 1].nr + 1), junk));
	EXPECT_ERRNO(ENOTTY, ioctl(self->o.fd, LXA_IO(0xff), junk));
	EXPECT_ERRNO(ENOTTY, ioctl(self->o.fd, _IO(LXA_IOC_TYPE + 1, LXA_CMD_GET_PARAM), junk));
	EXPECT_ERRNO(ENOTTY, ioctl(self->o.fd, _IOWR(LXA_IOC_TYPE, LXA_CMD_GET_PARAM, struct lxa_get_param), junk));
}

TEST_F(abi, unknown_param)
{
	uint64_t v;

	EXPECT_ERRNO(EOPNOTSUPP, get_param(self->o.fd, LXA_PARAM_RD_BURSTS + 1, &v));
	EXPECT_ERRNO(EOPNOTSUPP, get_param(self->o.fd, UINT32_MAX, &v));
}

/* Out fields hold the answer whatever was in them, in fields say what they said. */
TEST_F(abi, outputs)
{
	struct lxa_get_param g = { .size = sizeof(g), .param = LXA_PARAM_ABI_VERSION, .value = ~0ull };
	struct lxa_bo_create b = { .size = sizeof(b), .bytes = 5000, .handle = ~0u, .mmap_offset = ~0ull };
	struct lxa_bo_info i = { .size = sizeof(i), .bytes = ~0ull, .mmap_offset = ~0ull };
	struct lxa_submit s = {
		.size = sizeof(s), .ctx = self->o.ctx, .job_count = 1, .job_stride = sizeof(self->o.job),
		.jobs = (uintptr_t)&self->o.job, .failed = ~0u, .seqno = ~0ull, .reason = ~0u,
	};
	struct lxa_wait w = { .size = sizeof(w), .ctx = self->o.ctx, .error = -1 };

	ASSERT_EQ(0, ioctl(self->o.fd, LXA_IOCTL_GET_PARAM, &g));
	EXPECT_EQ(LXA_ABI_VERSION, g.value);
	EXPECT_EQ(LXA_PARAM_ABI_VERSION, g.param);
	ASSERT_EQ(0, ioctl(self->o.fd, LXA_IOCTL_BO_CREATE, &b));
	EXPECT_EQ((5000 + self->page_size - 1) / self->page_size * self->page_size, b.bytes);
	EXPECT_NE(~0u, b.handle);
	i.handle = b.handle;
	ASSERT_EQ(0, ioctl(self->o.fd, LXA_IOCTL_BO_INFO, &i));
	EXPECT_EQ(b.bytes, i.bytes);
	EXPECT_EQ(b.mmap_offset, i.mmap_offset);
	ASSERT_EQ(0, ioctl(self->o.fd, LXA_IOCTL_SUBMIT, &s));
	EXPECT_EQ(0, s.failed);
	EXPECT_EQ(LXA_REJECT_NONE, s.reason);
	EXPECT_EQ(1, s.seqno);
	EXPECT_EQ((uintptr_t)&self->o.job, s.jobs);
	ASSERT_EQ(0, ioctl(self->o.fd, LXA_IOCTL_WAIT, &w));
	EXPECT_EQ(0, w.error);
}

TEST_F(abi, params_are_sane)
{
	uint64_t v[LXA_PARAM_RD_BURSTS + 1];

	for (uint32_t p = 0; p <= LXA_PARAM_RD_BURSTS; p++) {
		ASSERT_EQ(0, get_param(self->o.fd, p, &v[p])) TH_LOG("parameter %u: %s", p, strerror(errno));
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
	EXPECT_GE(v[LXA_PARAM_RD_BURSTS], 1);
	EXPECT_EQ(0, v[LXA_PARAM_RESET_COUNT]);
}

LXA_TEST_MAIN
