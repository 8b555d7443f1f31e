// SPDX-License-Identifier: MIT
/* work.c - see work.h. */
#include <stdio.h>

#include "layer.h"
#include "work.h"

#define BYTES (8u << 20)
#define MACS 12000
#define LONG_WAIT (now_ns() + 120 * SECOND)

/* layer.c places operands with this: here in the batch's buffer. */
size_t rig_alloc(struct rig *r, size_t len)
{
	size_t off = r->used;

	r->used += (len + 255) & ~(size_t)255;
	if (r->used > r->size) {
		fprintf(stderr, "work: %zu bytes of buffer are not enough\n", r->size);
		abort();
	}
	return off;
}

static int read_caps(int fd, struct lxa_caps *c)
{
	const struct { uint32_t param; __u32 *to; } list[] = {
		{ LXA_PARAM_SHIFT_OC, &c->shift_oc }, { LXA_PARAM_SHIFT_IC, &c->shift_ic }, { LXA_PARAM_XNOR_OC, &c->xnor_oc },
		{ LXA_PARAM_XNOR_IC, &c->xnor_ic }, { LXA_PARAM_OUT_LANES, &c->out_lanes }, { LXA_PARAM_ACC_W, &c->acc_w },
		{ LXA_PARAM_HALF_W, &c->half_w }, { LXA_PARAM_XACC_W, &c->xacc_w }, { LXA_PARAM_ACT_BYTES, &c->act_bytes },
		{ LXA_PARAM_ACC_PIXELS, &c->acc_pixels }, { LXA_PARAM_WGT_BYTES, &c->wgt_bytes },
		{ LXA_PARAM_BUS_BYTES, &c->bus_bytes }, { LXA_PARAM_WORD_BYTES, &c->word_bytes }, { LXA_PARAM_MODES, &c->modes },
	};
	uint64_t v;

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (get_param(fd, list[i].param, &v))
			return -1;
		*list[i].to = (__u32)v;
	}
	return 0;
}

const char *work_open(struct work *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->seed = seed;
	w->fd = open(NODE, O_RDWR | O_CLOEXEC);
	if (w->fd < 0)
		return "open";
	if (read_caps(w->fd, &w->caps))
		return "parameters";
	w->ctx = ctx_create(w->fd);
	if (!w->ctx)
		return "context";
	w->bo = bo_create(w->fd, BYTES);
	if (!w->bo.handle)
		return "buffer";
	w->mem = bo_map(w->fd, &w->bo);
	return w->mem == MAP_FAILED ? "mapping" : NULL;
}

void work_close(struct work *w)
{
	munmap(w->mem, w->bo.bytes);
	close(w->fd);
}

static struct lxa_ref at(const struct work *w, size_t off)
{
	return (struct lxa_ref){ .handle = w->bo.handle, .offset = off };
}

/* A random layer in the buffer, as a job; what its output must become goes to *want. */
static void make(struct work *w, struct rig *r, struct layer *y, struct lxa_job *job, uint8_t **want)
{
	const struct layer_want any = { .act_fmt = -1, .wgt_fmt = -1, .kind = -1, .packed = -1, .max_macs = MACS };
	size_t n;

	layer_random(&w->seed, &w->caps, &any, y);
	layer_load(&w->seed, r, y);
	*job = y->job;
	job->act = at(w, y->act_at);
	job->wgt = at(w, y->wgt_at);
	job->par = at(w, y->par_at);
	job->out = at(w, y->out_at);
	if (job->res_mode)
		job->res = at(w, y->res_at);
	if (rnd_n(&w->seed, 2)) {	/* else the driver chooses */
		job->tile_h = (uint16_t)y->tile_h;
		job->tile_w = (uint16_t)y->tile_w;
	}
	job->flags = rnd_n(&w->seed, 2) ? LXA_JOB_INDEPENDENT : 0;
	n = y->l.out_bytes + 2 * LAYER_GUARD;
	*want = malloc(n);
	if (!*want)
		abort();
	memcpy(*want, w->mem + y->out_at - LAYER_GUARD, n);
}

static const char *run(struct work *w, const struct lxa_job *jobs, uint32_t n, struct layer *y, uint8_t **want)
{
	struct lxa_submit s;
	int32_t error;
	uint32_t i;

	if (submit(w->fd, w->ctx, jobs, n, &s)) {
		fprintf(stderr, "job %u of %u refused: errno %d, reason %u\n", s.failed, n, errno, s.reason);
		layer_print(&y[s.failed]);
		return "submit";
	}
	w->last += n;
	if (s.seqno != w->last)
		return "sequence number";
	for (i = 0; i < n; i++)		/* while the device works */
		ref_output(&w->caps, &y[i], want[i]);
	if (wait_for(w->fd, w->ctx, s.seqno, LONG_WAIT, &error))
		return "wait";
	if (error)
		return "a job ended with an error";
	for (i = 0; i < n; i++) {
		if (!memcmp(want[i], w->mem + y[i].out_at - LAYER_GUARD, y[i].l.out_bytes + 2 * LAYER_GUARD))
			continue;
		layer_print(&y[i]);
		return "wrong output";
	}
	return NULL;
}

const char *work_batch(struct work *w, uint32_t n)
{
	struct rig r = { .mem = w->mem, .size = w->bo.bytes, .caps = w->caps };
	struct lxa_job jobs[WORK_BATCH];
	struct layer y[WORK_BATCH];
	uint8_t *want[WORK_BATCH];
	const char *wrong;

	for (uint32_t i = 0; i < n; i++)
		make(w, &r, &y[i], &jobs[i], &want[i]);
	wrong = run(w, jobs, n, y, want);
	for (uint32_t i = 0; i < n; i++) {
		layer_free(&y[i]);
		free(want[i]);
	}
	return wrong;
}
