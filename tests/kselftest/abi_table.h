/* SPDX-License-Identifier: MIT */
/*
 * One row a call: every field of its struct with what it is, and how to make a valid instance. lxa_abi.c goes through the
 * rows; a call without a row, or a field that no row names, fails there. A new call is a new row, a new field a new line.
 */
#ifndef LXA_ABI_TABLE_H
#define LXA_ABI_TABLE_H

#include <stddef.h>

#include "lxa_calls.h"

enum field_kind {
	F_SIZE,
	F_IN,				/* any value may be given; comes back as it was */
	F_FLAGS,			/* arg: the bits that mean something; others are EINVAL */
	F_PAD,				/* not 0 is EINVAL */
	F_OUT,				/* what the caller put there does not matter */
	F_INOUT,
	F_CTX, F_BO,			/* handles: one that names nothing is ENOENT */
	F_TIME,				/* negative is EINVAL */
	F_PTR,				/* nothing mapped there is EFAULT */
};

struct abi_field {
	const char *name;
	uint32_t offset, bytes;
	enum field_kind kind;
	uint64_t arg;
};

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

/* What valid calls refer to. Objects that a call ends are made for it, on the same file. */
struct abi_objects {
	int fd;
	uint32_t ctx, bo;
	uint64_t counters[LXA_CNT_COUNT];
	struct lxa_job job;		/* a NOP */
};

struct abi_row {
	const char *name;
	unsigned int nr;
	uint32_t first, size;		/* bytes of the call's first version and of today's */
	int always;			/* works after the device has gone */
	int out_on_error;
	void (*make)(struct abi_objects *o, union call *c);
	struct abi_field field[12];
};

static inline void make_nothing(struct abi_objects *o, union call *c) { }

static inline void make_ctx_destroy(struct abi_objects *o, union call *c)
{
	c->ctx_destroy.ctx = ctx_create(o->fd);
}

static inline void make_bo_create(struct abi_objects *o, union call *c)
{
	c->bo_create.bytes = 5000;
}

static inline void make_bo_info(struct abi_objects *o, union call *c)
{
	c->bo_info.handle = o->bo;
}

static inline void make_bo_destroy(struct abi_objects *o, union call *c)
{
	c->bo_destroy.handle = bo_create(o->fd, 1).handle;
}

static inline void make_bo_prep(struct abi_objects *o, union call *c)
{
	c->bo_prep.handle = o->bo;
	c->bo_prep.flags = LXA_PREP_READ;
}

static inline void make_bo_fini(struct abi_objects *o, union call *c)
{
	c->bo_fini.handle = o->bo;
}

static inline void make_submit(struct abi_objects *o, union call *c)
{
	c->submit.ctx = o->ctx;
	c->submit.job_count = 1;
	c->submit.job_stride = sizeof(o->job);
	c->submit.jobs = (uintptr_t)&o->job;
}

static inline void make_wait(struct abi_objects *o, union call *c)
{
	c->wait.ctx = o->ctx;
}

static inline void make_perf_read(struct abi_objects *o, union call *c)
{
	c->perf_read.count = LXA_CNT_COUNT;
	c->perf_read.values = (uintptr_t)o->counters;
}

#define FLAGS(call, f, known) \
	{ #call "." #f, offsetof(struct lxa_##call, f), sizeof(((struct lxa_##call *)0)->f), F_FLAGS, known }
#define FIELD(call, f, kind) { #call "." #f, offsetof(struct lxa_##call, f), sizeof(((struct lxa_##call *)0)->f), kind, 0 }
#define ROW(NAME, call, ...) { #NAME, LXA_CMD_##NAME, sizeof(struct lxa_##call), sizeof(struct lxa_##call), __VA_ARGS__ }

static const struct abi_row abi_rows[] = {
	ROW(GET_PARAM, get_param, 0, 0, make_nothing, {
		FIELD(get_param, size, F_SIZE), FIELD(get_param, param, F_IN), FIELD(get_param, value, F_OUT) }),
	ROW(CTX_CREATE, ctx_create, 0, 0, make_nothing, {
		FIELD(ctx_create, size, F_SIZE), FLAGS(ctx_create, flags, LXA_CTX_LOW | LXA_CTX_HIGH), FIELD(ctx_create, ctx, F_OUT),
		FIELD(ctx_create, pad, F_PAD) }),
	ROW(CTX_DESTROY, ctx_destroy, 1, 0, make_ctx_destroy, {
		FIELD(ctx_destroy, size, F_SIZE), FIELD(ctx_destroy, ctx, F_CTX) }),
	ROW(BO_CREATE, bo_create, 0, 0, make_bo_create, {
		FIELD(bo_create, size, F_SIZE), FLAGS(bo_create, flags, 0), FIELD(bo_create, bytes, F_INOUT),
		FIELD(bo_create, handle, F_OUT), FIELD(bo_create, pad, F_PAD), FIELD(bo_create, mmap_offset, F_OUT) }),
	ROW(BO_INFO, bo_info, 0, 0, make_bo_info, {
		FIELD(bo_info, size, F_SIZE), FIELD(bo_info, handle, F_BO), FIELD(bo_info, bytes, F_OUT),
		FIELD(bo_info, mmap_offset, F_OUT) }),
	ROW(BO_DESTROY, bo_destroy, 1, 0, make_bo_destroy, {
		FIELD(bo_destroy, size, F_SIZE), FIELD(bo_destroy, handle, F_BO) }),
	ROW(BO_PREP, bo_prep, 0, 0, make_bo_prep, {
		FIELD(bo_prep, size, F_SIZE), FIELD(bo_prep, handle, F_BO),
		FLAGS(bo_prep, flags, LXA_PREP_READ | LXA_PREP_WRITE), FIELD(bo_prep, pad, F_PAD),
		FIELD(bo_prep, deadline_ns, F_TIME) }),
	ROW(BO_FINI, bo_fini, 0, 0, make_bo_fini, {
		FIELD(bo_fini, size, F_SIZE), FIELD(bo_fini, handle, F_BO) }),
	ROW(SUBMIT, submit, 0, 1, make_submit, {
		FIELD(submit, size, F_SIZE), FIELD(submit, ctx, F_CTX), FLAGS(submit, flags, 0),
		FIELD(submit, job_count, F_IN), FIELD(submit, job_stride, F_IN), FIELD(submit, failed, F_OUT),
		FIELD(submit, jobs, F_PTR), FIELD(submit, seqno, F_OUT), FIELD(submit, reason, F_OUT),
		FIELD(submit, pad, F_PAD) }),
	ROW(WAIT, wait, 1, 0, make_wait, {
		FIELD(wait, size, F_SIZE), FIELD(wait, ctx, F_CTX), FIELD(wait, seqno, F_IN), FIELD(wait, deadline_ns, F_TIME),
		FIELD(wait, error, F_OUT), FIELD(wait, pad, F_PAD) }),
	ROW(PERF_READ, perf_read, 0, 0, make_perf_read, {
		FIELD(perf_read, size, F_SIZE), FLAGS(perf_read, flags, 0), FIELD(perf_read, count, F_INOUT),
		FIELD(perf_read, pad, F_PAD), FIELD(perf_read, values, F_PTR) }),
};

#define ABI_ROWS (sizeof(abi_rows) / sizeof(abi_rows[0]))
#define EACH_ROW(r) const struct abi_row *r = abi_rows; r < abi_rows + ABI_ROWS; r++
#define EACH_FIELD(r, f) const struct abi_field *f = (r)->field; f->name; f++

/* A valid call; what the caller does not give is 0. */
static inline void make_call(struct abi_objects *o, const struct abi_row *r, union call *c)
{
	memset(c, 0, sizeof(*c));
	r->make(o, c);
	c->size = r->size;
}

static inline void set_field(union call *c, const struct abi_field *f, uint64_t value)
{
	memcpy(c->bytes + f->offset, &value, f->bytes);		/* little-endian */
}

static inline uint64_t get_field(const union call *c, const struct abi_field *f)
{
	uint64_t value = 0;

	memcpy(&value, c->bytes + f->offset, f->bytes);
	return value;
}

#endif
