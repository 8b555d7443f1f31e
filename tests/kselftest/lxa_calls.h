/* SPDX-License-Identifier: MIT */
/*
 * The calls of driver/uapi/lxa.h, one function each, by plain system calls: for the UAPI tests and, with the preload
 * library linked in, for the tests of recovery. As the calls themselves: -1 and errno on failure.
 */
#ifndef LXA_CALLS_H
#define LXA_CALLS_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lxa.h"

#define NODE "/dev/lxa0"
#define TRIES 50			/* to catch the device at work */
#define SECOND 1000000000ll

static inline int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

static inline int get_param(int fd, uint32_t param, uint64_t *value)
{
	struct lxa_get_param g = { .size = sizeof(g), .param = param, .value = ~0ull };
	int ret = ioctl(fd, LXA_IOCTL_GET_PARAM, &g);

	*value = g.value;
	return ret;
}

/* 0 when it fails. */
static inline uint32_t ctx_create(int fd)
{
	struct lxa_ctx_create c = { .size = sizeof(c), .ctx = ~0u };

	return ioctl(fd, LXA_IOCTL_CTX_CREATE, &c) ? 0 : c.ctx;
}

static inline int ctx_destroy(int fd, uint32_t ctx)
{
	struct lxa_ctx_destroy d = { .size = sizeof(d), .ctx = ctx };

	return ioctl(fd, LXA_IOCTL_CTX_DESTROY, &d);
}

static inline struct lxa_bo_create bo_create(int fd, uint64_t bytes)
{
	struct lxa_bo_create b = { .size = sizeof(b), .bytes = bytes };

	if (ioctl(fd, LXA_IOCTL_BO_CREATE, &b))
		b.handle = 0;
	return b;
}

static inline int bo_destroy(int fd, uint32_t handle)
{
	struct lxa_bo_destroy d = { .size = sizeof(d), .handle = handle };

	return ioctl(fd, LXA_IOCTL_BO_DESTROY, &d);
}

static inline void *bo_map(int fd, const struct lxa_bo_create *b)
{
	return mmap(NULL, b->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)b->mmap_offset);
}

static inline int bo_prep(int fd, uint32_t handle, uint32_t flags, int64_t deadline)
{
	struct lxa_bo_prep p = { .size = sizeof(p), .handle = handle, .flags = flags, .deadline_ns = deadline };

	return ioctl(fd, LXA_IOCTL_BO_PREP, &p);
}

static inline int submit(int fd, uint32_t ctx, const struct lxa_job *jobs, uint32_t n, struct lxa_submit *s)
{
	*s = (struct lxa_submit) {
		.size = sizeof(*s), .ctx = ctx, .job_count = n, .job_stride = sizeof(*jobs), .jobs = (uintptr_t)jobs,
	};
	return ioctl(fd, LXA_IOCTL_SUBMIT, s);
}

static inline int wait_for(int fd, uint32_t ctx, uint64_t seqno, int64_t deadline, int32_t *error)
{
	struct lxa_wait w = { .size = sizeof(w), .ctx = ctx, .seqno = seqno, .deadline_ns = deadline, .error = 12345 };
	int ret = ioctl(fd, LXA_IOCTL_WAIT, &w);

	if (error)
		*error = w.error;
	return ret;
}

static inline int nops(int fd, uint32_t ctx, uint32_t n, uint64_t *seqno)
{
	struct lxa_job *jobs = calloc(n, sizeof(*jobs));
	struct lxa_submit s;
	int ret = submit(fd, ctx, jobs, n, &s);

	*seqno = s.seqno;
	free(jobs);
	return ret;
}

#endif
