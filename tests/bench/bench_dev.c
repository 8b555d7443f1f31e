/* SPDX-License-Identifier: MIT */
/* bench_dev.c - see bench_dev.h. */
#include "bench_dev.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lxa_regs.h"

#define WAIT_MS 600000

static int fail(const char *what, const struct lxa_err *err)
{
	fprintf(stderr, "bench: %s%s%s\n", what, err ? ": " : "", err ? err->text : "");
	return -1;
}

/* A tree that says nothing but the memory's timing. */
static int write_tree(char *path, uint32_t latency, uint32_t bytes_per_cycle)
{
	char blob[1024];
	int fd, node, bad;

	bad = fdt_create_empty_tree(blob, sizeof(blob));
	node = bad ? -1 : fdt_add_subnode(blob, 0, "lxa");
	if (node < 0 || fdt_setprop_string(blob, node, "compatible", "lxa,lxa-1") ||
	    fdt_setprop_u32(blob, node, "dram-latency-cycles", latency) ||
	    fdt_setprop_u32(blob, node, "dram-bytes-per-cycle", bytes_per_cycle))
		return fail("device tree", NULL);
	fd = mkstemp(path);
	if (fd < 0)
		return fail("temporary file", NULL);
	bad = write(fd, blob, fdt_totalsize(blob)) != (ssize_t)fdt_totalsize(blob);
	close(fd);
	return bad ? fail("temporary file cannot be written", NULL) : 0;
}

int bench_open(struct bench_dev *d, const char *engine, uint32_t latency, uint32_t bytes_per_cycle)
{
	struct lxa_err err;
	char path[128];

	memset(d, 0, sizeof(*d));
	strcpy(d->dtb, "/tmp/lxa-bench-XXXXXX");
	if (write_tree(d->dtb, latency, bytes_per_cycle))
		return -1;
	snprintf(path, sizeof(path), "sim:%s,dtb=%s,timeout_ms=%d", engine, d->dtb, WAIT_MS);
	if (lxa_device_open(path, &d->dev, &err))
		return fail("device", &err);
	return 0;
}

static void free_buffers(struct bench_dev *d)
{
	struct lxa_bo **all[] = { &d->act[0], &d->act[1], &d->wgt, &d->par };

	for (size_t i = 0; i < 4; i++) {
		if (*all[i])
			lxa_bo_free(*all[i]);
		*all[i] = NULL;
	}
}

void bench_close(struct bench_dev *d)
{
	free_buffers(d);
	if (d->dev)
		lxa_device_close(d->dev);
	if (d->dtb[0])
		unlink(d->dtb);
	memset(d, 0, sizeof(*d));
}

/* Random codes that every format reads as valid data: nibbles and bits of any value, log weights with sign and 4 bits of code. */
static void fill(struct lxa_bo *bo, int weights)
{
	uint8_t *p = lxa_bo_map(bo);
	uint64_t n = lxa_bo_bytes(bo), s = 0x9e3779b97f4a7c15ull;

	for (uint64_t i = 0; i < n; i++) {
		s ^= s << 13, s ^= s >> 7, s ^= s << 17;
		p[i] = (uint8_t)(weights ? s & 0x8f : s);
	}
}

static int make(struct bench_dev *d, struct lxa_bo **bo, uint64_t bytes, int weights)
{
	struct lxa_err err;

	if (lxa_bo_create(d->dev, bytes, bo, &err))
		return fail("buffer", &err);
	fill(*bo, weights);
	return 0;
}

/*
 * A first layer in packed pixels: the kernel's columns share the lanes, or, with rows expanded in memory (a pixel holds the
 * kh input rows under an output row), its rows too. Takes what needs fewer lanes; all padding is then written out.
 */
static void pack(const struct lxa_caps *caps, struct lxa_job *j)
{
	struct lxa_job rows = *j, columns = *j;
	struct lxa_layout a, b;

	columns.conv_flags = rows.conv_flags = LXA_CONV_PACKED;
	columns.in_w = rows.in_w = (uint16_t)(j->in_w + j->pad_l + j->pad_r);
	columns.pad_l = columns.pad_r = rows.pad_l = rows.pad_r = 0;
	lxa_layout(caps, &columns, &b);
	rows.in_h = (uint16_t)b.conv_h;
	rows.in_c = (uint16_t)(j->in_c * j->kh);
	rows.kh = rows.sy = 1;
	rows.pad_t = rows.pad_b = 0;
	lxa_layout(caps, &rows, &a);
	*j = a.wgt_bytes < b.wgt_bytes ? rows : columns;
}

static void describe(const struct lxa_caps *caps, const struct bench_layer *l, enum bench_data data, struct lxa_job *j)
{
	*j = (struct lxa_job){ .op = LXA_OP_CONV, .batch = 1, .in_h = l->hw, .in_w = l->hw, .in_c = l->ic, .out_c = l->oc,
			       .groups = l->groups, .kh = l->k, .kw = l->k, .sy = l->stride, .sx = l->stride, .dy = 1, .dx = 1,
			       .pad_t = l->pad, .pad_l = l->pad, .pad_b = l->pad, .pad_r = l->pad,
			       .pool_h = 1, .pool_w = 1, .pool_sy = 1, .pool_sx = 1 };
	if (data == BENCH_BINARY) {
		j->act_fmt = LXA_FMT_B1, j->wgt_fmt = LXA_WFMT_B1;
		j->kind = LXA_KIND_THRESH, j->out_fmt = LXA_OFMT_B1, j->nthr = 1;
	} else if (data == BENCH_PLANES) {
		j->act_fmt = LXA_FMT_N4, j->wgt_fmt = LXA_WFMT_BITS;
		j->act_bits = j->wgt_bits = BENCH_BITS;
		j->kind = LXA_KIND_THRESH, j->out_fmt = LXA_OFMT_N4, j->nthr = 3;
		j->conv_flags = LXA_CONV_WGT_SIGNED | LXA_CONV_OUT_LINEAR;
	} else {
		j->act_fmt = data == BENCH_PIXELS ? LXA_FMT_U8 : LXA_FMT_LOG4;
		j->kind = LXA_KIND_LOG, j->out_fmt = LXA_OFMT_N4, j->log_max = 15;
	}
	if (data == BENCH_PIXELS)
		pack(caps, j);
}

/* Bytes that the tiles of this job move: weights and parameters once a tile, each tile's input region, every output. */
static uint64_t traffic(const struct lxa_caps *caps, const struct lxa_job *j, const struct lxa_layout *l)
{
	uint32_t th, tw, y, x;
	uint64_t sum = 0;

	if (!lxa_tile_choose(caps, j, l, &th, &tw))
		return 0;
	for (y = 0; y < l->out_h; y += th)
		for (x = 0; x < l->out_w; x += tw) {
			uint32_t h = l->out_h - y < th ? l->out_h - y : th, w = l->out_w - x < tw ? l->out_w - x : tw;

			sum += l->wgt_bytes + l->par_bytes;
			sum += (uint64_t)lxa_tile_in(h, j->sy, l->ekh, j->in_h) * lxa_tile_in(w, j->sx, l->ekw, j->in_w) * l->in_px;
			sum += (uint64_t)h * w * l->out_px;
		}
	return sum * j->batch;
}

static void add_job(const struct lxa_caps *caps, const struct bench_net *net, const struct bench_layer *l, struct bench_job *b)
{
	struct lxa_layout *y = &b->layout;
	uint64_t px;

	memset(b, 0, sizeof(*b));
	b->of = l;
	describe(caps, l, net->data, &b->job);
	lxa_layout(caps, &b->job, y);
	px = (uint64_t)y->conv_h * y->conv_w;
	b->macs = px * l->oc * l->k * l->k * (l->ic / l->groups);
	b->slots = px * (y->wgt_bytes / y->wgt_tile) * y->block_oc * y->block_ic;
	if (net->data == BENCH_PLANES)
		b->slots /= BENCH_BITS;		/* the weights' planes are in wgt_bytes, the activations' in the peak */
	b->bytes = traffic(caps, &b->job, y);
}

static uint64_t more(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

int bench_jobs(struct bench_dev *d, const struct bench_net *net, struct bench_job jobs[BENCH_JOBS_MAX])
{
	const struct lxa_caps *caps = lxa_device_caps(d->dev);
	uint64_t act = 0, wgt = 0, par = 0;
	int n = 0, i;

	for (size_t k = 0; k < net->count; k++)
		for (i = 0; i < net->layers[k].times && n < BENCH_JOBS_MAX; i++, n++)
			add_job(caps, net, &net->layers[k], &jobs[n]);
	for (i = 0; i < n; i++) {
		act = more(act, more(jobs[i].layout.act_bytes, jobs[i].layout.out_bytes));
		wgt = more(wgt, jobs[i].layout.wgt_bytes);
		par = more(par, jobs[i].layout.par_bytes);
	}
	free_buffers(d);
	if (make(d, &d->act[0], act, 0) || make(d, &d->act[1], act, 0) || make(d, &d->wgt, wgt, 1) ||
	    make(d, &d->par, par, 0))
		return -1;
	for (i = 0; i < n; i++) {
		jobs[i].job.act.handle = lxa_bo_handle(d->act[i % 2]);
		jobs[i].job.out.handle = lxa_bo_handle(d->act[!(i % 2)]);
		jobs[i].job.wgt.handle = lxa_bo_handle(d->wgt);
		jobs[i].job.par.handle = lxa_bo_handle(d->par);
	}
	return n;
}

int bench_run(struct bench_dev *d, const struct bench_job *jobs, uint32_t n, uint64_t delta[LXA_CNT_COUNT])
{
	struct lxa_job list[BENCH_JOBS_MAX];
	uint64_t before[LXA_CNT_COUNT], seqno;
	struct lxa_err err;
	uint32_t i;
	int bad;

	for (i = 0; i < n; i++)
		list[i] = jobs[i].job;
	if (lxa_device_counters(d->dev, before))
		return fail("counters", NULL);
	if (lxa_job_submit(d->dev, list, n, &seqno, &err))
		return fail("submit", &err);
	if (lxa_job_wait(d->dev, seqno, WAIT_MS, &bad) || bad)
		return fail("a job failed", NULL);
	if (lxa_device_counters(d->dev, delta))
		return fail("counters", NULL);
	for (i = 0; i < LXA_CNT_COUNT; i++)
		delta[i] -= before[i];
	delta[LXA_CNT_CYCLES] -= delta[LXA_CNT_IDLE]; /* register accesses before and after */
	return 0;
}
