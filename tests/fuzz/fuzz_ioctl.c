// SPDX-License-Identifier: MIT
/*
 * Fuzzer of the whole interface: an input is a program of calls on several open files. Wild ones (any number, any bytes, structs cut
 * by the end of a page) and well-meant ones (jobs that are valid but for some bytes), with mappings made, cut and touched in
 * between, files duplicated and closed, the device unbound.
 * Whatever comes, no job may end with the device's complaint: no reset may happen, and the simulator's count of accesses outside of
 * what the driver gave the device must stay 0. Every now and then the driver is unloaded: it must leave nothing behind.
 * LXA_FUZZ_ENGINE=rtl: the same on the RTL.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"
#include "lxa.h"
#include "lxa_shim.h"
#include "lxa_sim.h"

#define FILES 3
#define CTXS 3
#define BOS 4
#define MAPS 6
#define BO_MAX (32u << 10)		/* small jobs: many of them */
#define OPS_MAX 200
#define UNLOAD_EVERY 200
#define SECOND 1000000000ll

struct file {
	int fd;				/* -1: closed */
	uint32_t ctx[CTXS], bo[BOS];
	uint64_t bo_bytes[BOS], seqno[CTXS];
};

static struct file files[FILES];
static struct {
	uint8_t *at;
	size_t len;
} maps[MAPS];
static char path[64];
static uint8_t *page;			/* a page with nothing behind it */

static struct {
	const uint8_t *p;
	size_t left;
} input;

static void die(const char *what, long a, long b)
{
	fprintf(stderr, "fuzz_ioctl: %s (%ld, %ld)\n", what, a, b);
	abort();
}

static uint8_t u8(void)
{
	if (!input.left)
		return 0;
	input.left--;
	return *input.p++;
}

static uint32_t u16(void)
{
	uint32_t lo = u8();

	return lo | (uint32_t)u8() << 8;
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

/* ---- jobs ------------------------------------------------------------------------------------------------------------- */

/* Valid on every configuration: operands within the first buffer, which is as large as they get. */
static struct lxa_job template(uint32_t kind, uint32_t bo)
{
	struct lxa_job j = { .op = LXA_OP_CONV, .user = kind };

	if (kind % 4 == 3)
		return (struct lxa_job){ .op = LXA_OP_NOP };
	j.act.handle = j.wgt.handle = j.par.handle = j.out.handle = bo;
	j.wgt.offset = 8 << 10;
	j.par.offset = 16 << 10;
	j.out.offset = 20 << 10;
	j.batch = j.groups = j.kh = j.kw = j.sy = j.sx = j.dy = j.dx = 1;
	j.pool_h = j.pool_w = j.pool_sy = j.pool_sx = 1;
	j.in_h = j.in_w = 4;
	j.in_c = j.out_c = 16;
	j.act_fmt = kind % 4 == 1 ? LXA_FMT_B1 : kind % 4 == 2 ? LXA_FMT_U8 : LXA_FMT_LOG4;
	j.wgt_fmt = kind % 4 == 1 ? LXA_WFMT_B1 : LXA_WFMT_LOG;
	j.kind = LXA_KIND_INT32;
	j.out_fmt = LXA_OFMT_W32;
	j.clamp_lo = INT32_MIN;
	j.clamp_hi = INT32_MAX;
	if (kind & 8)
		j.kh = j.kw = 3, j.pad_t = j.pad_l = j.pad_b = j.pad_r = 1;
	return j;
}

static void op_submit(struct file *f)
{
	uint32_t ctx = u8() % CTXS, n = 1 + u8() % 4, edits;
	struct lxa_job jobs[4];
	struct lxa_submit s;
	int ret;

	for (uint32_t i = 0; i < n; i++) {
		jobs[i] = template(u8(), f->bo[u8() % BOS]);
		for (edits = u8() % 6; edits; edits--) {
			uint32_t at = u8() % sizeof(jobs[i]);

			((uint8_t *)&jobs[i])[at] = u8();
		}
	}
	s = (struct lxa_submit){ .size = sizeof(s), .ctx = f->ctx[ctx], .job_count = n, .job_stride = sizeof(jobs[0]),
				 .jobs = (uintptr_t)jobs };
	ret = lxa_ioctl(f->fd, LXA_IOCTL_SUBMIT, &s);
	if (!ret)
		f->seqno[ctx] = s.seqno;
	else if (s.reason > LXA_REJECT_RES_EXTENT || s.failed >= n)
		die("SUBMIT: reason, failed", s.reason, s.failed);
}

static int wait_ctx(struct file *f, uint32_t i, int64_t deadline)
{
	struct lxa_wait w = { .size = sizeof(w), .ctx = f->ctx[i], .seqno = f->seqno[i], .deadline_ns = deadline };
	int ret = lxa_ioctl(f->fd, LXA_IOCTL_WAIT, &w);

	/* An access outside a window, a descriptor that the device refuses, a hang: the validator's fault. */
	if (!ret && w.error && w.error != -ECANCELED)
		die("a job failed in the device", w.error, (long)f->seqno[i]);
	return ret;
}

/* ---- calls ------------------------------------------------------------------------------------------------------------ */

static void op_open(struct file *f)
{
	if (f->fd >= 0)
		return;
	memset(f, 0, sizeof(*f));
	f->fd = lxa_open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0)
		die("open", f->fd, 0);
}

static void op_ctx(struct file *f)
{
	uint32_t i = u8() % CTXS, destroy = u8() & 1;
	struct lxa_ctx_create c = { .size = sizeof(c) };
	struct lxa_ctx_destroy d = { .size = sizeof(d), .ctx = f->ctx[i] };

	if (destroy) {
		lxa_ioctl(f->fd, LXA_IOCTL_CTX_DESTROY, &d);
		f->ctx[i] = 0;
		f->seqno[i] = 0;
	} else if (!f->ctx[i] && !lxa_ioctl(f->fd, LXA_IOCTL_CTX_CREATE, &c)) {
		f->ctx[i] = c.ctx;
		f->seqno[i] = 0;
	}
}

static void op_bo(struct file *f)
{
	uint32_t i = u8() % BOS, destroy = u8() & 1;
	struct lxa_bo_create c = { .size = sizeof(c), .bytes = i ? 1 + u16() % BO_MAX : BO_MAX };
	struct lxa_bo_destroy d = { .size = sizeof(d), .handle = f->bo[i] };

	if (destroy) {
		lxa_ioctl(f->fd, LXA_IOCTL_BO_DESTROY, &d);
		f->bo[i] = 0;
	} else if (!f->bo[i] && !lxa_ioctl(f->fd, LXA_IOCTL_BO_CREATE, &c)) {
		f->bo[i] = c.handle;
		f->bo_bytes[i] = c.bytes;
	}
}

static void op_map(struct file *f)
{
	uint32_t i = u8() % MAPS, b = u8() % BOS, tweak = u8();
	uint64_t offset = ((uint64_t)f->bo[b] + (tweak == 1)) << 12;
	size_t len = tweak & 2 ? u16() + 1u : f->bo_bytes[b];
	void *at;

	if (maps[i].at || !len || lxa_mmap(f->fd, offset, len, tweak & 4 ? PROT_READ : PROT_READ | PROT_WRITE, &at))
		return;
	maps[i].at = at;
	maps[i].len = (len + 4095) / 4096 * 4096;
}

/* All of it, or a part from an end or the middle; what is left behind the hole is forgotten at once. */
static void op_unmap(void)
{
	uint32_t i = u8() % MAPS;
	size_t cut = u8() % 16 * 4096ul;

	if (!maps[i].at)
		return;
	if (cut && cut < maps[i].len)
		lxa_munmap(maps[i].at + cut, 4096);
	lxa_munmap(maps[i].at, maps[i].len);
	maps[i].at = NULL;
}

static void op_touch(int unbound)
{
	uint32_t i = u8() % MAPS, at = u16();

	if (maps[i].at && !unbound)
		*(volatile uint8_t *)(maps[i].at + at % maps[i].len);
}

/* Any call with any bytes, mostly with handles that mean something, at the end of a page. */
static void op_raw(struct file *f)
{
	uint32_t nr = u8(), how = u8(), size = u8(), pos = size < 8 ? 8 : (size + 7u) / 8 * 8;
	uint8_t *c = page + 4096 - pos;

	for (uint32_t i = 0; i < pos; i++)
		c[i] = u8();
	if (how & 1)
		memcpy(c, &size, 4);
	if (how & 2)
		memcpy(c + 4, &f->bo[u8() % BOS], 4);
	if (how & 4)
		memcpy(c + 4, &f->ctx[u8() % CTXS], 4);
	if (how & 8)
		memset(c + 8, 0, pos - 8);
	if (nr % 16 == LXA_CMD_BO_CREATE - LXA_CMD_BASE && pos >= 16)
		memset(c + 10, 0, 6);		/* memory costs time: 64 KiB at most */
	if ((nr % 16 == LXA_CMD_WAIT - LXA_CMD_BASE || nr % 16 == LXA_CMD_BO_PREP - LXA_CMD_BASE) && pos >= 24)
		memset(c + 20, 0, 4);		/* deadlines: soon after boot, or never long */
	if (nr % 16 == LXA_CMD_BO_PREP - LXA_CMD_BASE && pos >= 24)
		memset(c + 16, 0, 8);
	lxa_ioctl(f->fd, nr & 0x80 ? LXA_IO(LXA_CMD_BASE + nr % 16) : (unsigned long)nr << (how >> 4), c);
}

static void op_small(struct file *f)
{
	struct lxa_get_param g = { .size = sizeof(g), .param = u8() };
	struct lxa_bo_prep p = { .size = sizeof(p), .handle = f->bo[u8() % BOS], .flags = LXA_PREP_WRITE, .deadline_ns = 1 };
	struct pollfd pfd = { .fd = f->fd, .events = (short)u8() };
	struct lxa_event e[3];
	int copy;

	switch (u8() % 6) {
	case 0:
		lxa_ioctl(f->fd, LXA_IOCTL_GET_PARAM, &g);
		break;
	case 1:
		lxa_ioctl(f->fd, LXA_IOCTL_BO_PREP, &p);
		break;
	case 2:
		lxa_poll(&pfd, 1, 0);
		break;
	case 3:
		lxa_read(f->fd, e, u16() % sizeof(e));
		break;
	case 4:
		wait_ctx(f, u8() % CTXS, now_ns() + 200000);
		break;
	default:
		copy = lxa_dup(f->fd);
		if (copy < 0)
			break;
		lxa_close(f->fd);
		f->fd = copy;
	}
}

/* ---- one input -------------------------------------------------------------------------------------------------------- */

static void close_file(struct file *f)
{
	if (f->fd >= 0)
		lxa_close(f->fd);
	f->fd = -1;
}

/* Jobs end by themselves within a time that no small job needs. */
static void settle(void)
{
	for (int i = 0; i < FILES; i++)
		for (uint32_t c = 0; c < CTXS && files[i].fd >= 0; c++)
			if (files[i].ctx[c] && wait_ctx(&files[i], c, now_ns() + 60 * SECOND) == -ETIMEDOUT)
				die("a job does not end", i, c);
}

static void check_device(void)
{
	struct lxa_get_param g = { .size = sizeof(g), .param = LXA_PARAM_RESET_COUNT };
	struct lxa_sim_stats stats;
	int fd = lxa_open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0 || lxa_ioctl(fd, LXA_IOCTL_GET_PARAM, &g))
		die("the device does not answer", fd, 0);
	lxa_sim_stats(lxa_shim_sim(fd), &stats);
	if (stats.bus_errors)
		die("accesses outside of what the driver gave the device", (long)stats.bus_errors, 0);
	if (g.value)
		die("resets", (long)g.value, 0);
	lxa_close(fd);
}

static void run_ops(void)
{
	int unbound = 0;

	for (int ops = 0; input.left && ops < OPS_MAX; ops++) {
		uint8_t op = u8();
		struct file *f = &files[op / 16 % FILES];

		if (f->fd < 0) {
			if (!unbound)
				op_open(f);
			continue;
		}
		switch (op % 16) {
		case 0: close_file(f); break;
		case 1: case 2: op_raw(f); break;
		case 3: op_ctx(f); break;
		case 4: case 5: op_bo(f); break;
		case 6: op_map(f); break;
		case 7: op_unmap(); break;
		case 8: op_touch(unbound); break;
		case 9: case 10: case 11: case 12: op_submit(f); break;
		case 13:
			if (u8() != 0x55)
				break;
			unbound |= !lxa_shim_unbind(f->fd);
			break;
		default: op_small(f);
		}
	}
	if (!unbound)
		settle();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *engine = getenv("LXA_FUZZ_ENGINE");

	setenv("LXA_SHIM_STRICT", "1", 1);
	setenv("LXA_SHIM_LOG", "2", 0);
	snprintf(path, sizeof(path), "sim:%s", engine ? engine : "model");
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED || mprotect(page + 4096, 4096, PROT_NONE))
		abort();
	for (int i = 0; i < FILES; i++)
		files[i].fd = -1;
	lxa_shim_param_set("timeout_ms", 60000);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned int runs;
	int ret;

	input.p = data;
	input.left = size;
	run_ops();
	for (int i = 0; i < FILES; i++)
		close_file(&files[i]);
	for (int i = 0; i < MAPS; i++) {
		if (maps[i].at)
			lxa_munmap(maps[i].at, maps[i].len);
		maps[i].at = NULL;
	}
	check_device();
	if (++runs % UNLOAD_EVERY == 0) {
		ret = lxa_shim_exit();
		if (ret)
			die("unload", ret, 0);
	}
	return 0;
}
