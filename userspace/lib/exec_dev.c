/* SPDX-License-Identifier: MIT */
/* exec_dev.c - device layers of a run: jobs, their records, and the check against the CPU kernels. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "exec.h"

/* ---- check: the CPU kernel on the device's input against the device's output ------------------------------- */

static void note_mismatch(struct run *r, int layer, int64_t image, uint32_t c, uint32_t y, uint32_t x, int32_t dev,
			  int32_t cpu)
{
	if (r->res.mismatches++)
		return;
	snprintf(r->res.first_mismatch, sizeof(r->res.first_mismatch),
		 "layer %.100s, image %lld, channel %u, row %u, column %u: device %d, CPU %d", exec_layer_name(r->p, layer),
		 (long long)(r->done + image), c, y, x, dev, cpu);
}

static void compare_image(struct run *r, int layer, int64_t image, const uint8_t *dev, const uint8_t *cpu)
{
	struct plan_layer *l = r->p->layers[layer];
	const struct lxa_layout *lay = &l->layer.lay;
	uint32_t bits = lxa_ofmt_bits(l->layer.job.out_fmt), y, x, c, written;
	uint64_t at;

	/* the device writes whole blocks of channels, zeros beyond the last one */
	written = lay->ocb * lay->block_oc * bits / 8 < lay->out_px ? lay->ocb * lay->block_oc * bits / 8 : lay->out_px;
	for (y = 0; y < lay->out_h; y++) {
		for (x = 0; x < lay->out_w; x++) {
			at = y * lay->out_row + (uint64_t)x * lay->out_px;
			l->rep.compared += l->layer.job.out_c;
			r->res.compared += l->layer.job.out_c;
			if (!memcmp(dev + at, cpu + at, written))
				continue;
			for (c = 0; c < written * 8 / bits; c++) {
				int32_t a = lxa_element_get(dev + at, bits, c), b = lxa_element_get(cpu + at, bits, c);

				if (a == b)
					continue;
				l->rep.mismatches++;
				note_mismatch(r, layer, image, c, y, x, a, b);
			}
		}
	}
}

static void check_layer(struct run *r, int layer)
{
	struct plan_layer *l = r->p->layers[layer];
	const uint8_t *in = plan_packed(r->p, l->in_value), *out = plan_packed(r->p, l->out_value);
	struct exec_span start = exec_time();
	int64_t i;

	for (i = 0; i < r->n; i++) {
		lxa_kernel_run(l->layer.kernel, 1, in + (uint64_t)i * l->layer.lay.in_img, r->p->check);
		compare_image(r, layer, i, out + (uint64_t)i * l->layer.lay.out_img, r->p->check);
	}
	exec_took(r, start, &l->rep.check_s, PROF_CHECK, exec_layer_name(r->p, layer), NULL);
}

/* ---- device layers --------------------------------------------------------------------------------------------- */

static void account(struct run *r, struct plan_layer *l, const struct lxa_event *ev)
{
	struct lxa_layer_report *rep = &l->rep;

	rep->jobs++;
	rep->cycles += ev->cycles;
	l->new_cycles += ev->cycles;
	rep->busy += ev->busy;
	rep->st_wgt += ev->st_wgt;
	rep->st_act += ev->st_act;
	rep->st_rd += ev->st_rd;
	rep->st_out += ev->st_out;
	rep->st_wr += ev->st_wr;
	rep->st_pipe += ev->st_pipe;
	rep->st_cmd += ev->st_cmd;
	rep->rd_bytes += ev->rd_bytes;
	rep->wr_bytes += ev->wr_bytes;
	r->res.cycles += ev->cycles;
}

/*
 * The layer's MACs, not those of the jobs' records: records cut time at the moments when jobs begin, so that some of a
 * job's MACs can be in its neighbour's (rtl/PROGRAMMING.md, 3).
 */
void exec_count_work(const struct run *r, struct plan_layer *l)
{
	l->rep.images += (uint64_t)r->n;
	l->rep.macs += lxa_layer_macs(&l->layer) * (uint64_t)r->n;
}

static const char *job_fault(int error)
{
	switch (error) {
	case -ETIMEDOUT:
		return "the device hung and was reset";
	case -EFAULT:
		return "it reached outside its buffers";
	case -EIO:
		return "a bus error, or a reset because of another job";
	case -ECANCELED:
		return "it was cancelled";
	default:
		return strerror(-error);
	}
}

/* Records of jobs first..last. Returns the first failure. */
static int read_events(struct run *r, uint64_t first, uint64_t last)
{
	struct lxa_event ev;
	int n, ret = 0;

	while ((n = lxa_event_take(r->p->dev, first, last, &ev)) > 0) {
		account(r, r->p->layers[ev.user], &ev);
		prof_job_name(r->p->dev, ev.seqno, exec_layer_name(r->p, (int)ev.user));
		if (ev.error && !ret)
			ret = lxa_err_set(r->err, ev.error, "%s: layer %s failed on %s: %s", r->p->g->path,
					  exec_layer_name(r->p, (int)ev.user), lxa_device_path(r->p->dev),
						  job_fault(ev.error));
	}
	return ret ? ret : n;
}

/* Jobs, no more than the driver takes at once: submitted and waited for. */
static int submit(struct run *r, const struct lxa_job *jobs, int n)
{
	struct exec_span start = exec_time();
	uint64_t seqno = 0;
	int ret, job_error = 0, got;

	ret = lxa_job_submit(r->p->dev, jobs, (uint32_t)n, &seqno, r->err);
	if (ret)
		return ret;
	/*
	 * a job that hangs is ended by the driver: this loop ends, and must not be left before, because of the
	 * buffers
	 */
	while ((ret = lxa_job_wait(r->p->dev, seqno, WAIT_SLICE_MS, &job_error)) == -ETIMEDOUT)
		exec_progress(r);
	got = read_events(r, seqno - (uint64_t)n + 1, seqno);
	exec_driver_took(r, start, jobs, n);
	if (ret)
		return lxa_err_set(r->err, ret, "%s: waiting for %s failed: %s", r->p->g->path,
				   lxa_device_path(r->p->dev),
				   strerror(-ret));
	if (job_error && got >= 0)
		return lxa_err_set(r->err, job_error, "%s: a job failed on %s: %s", r->p->g->path,
				   lxa_device_path(r->p->dev), job_fault(job_error));
	return got;
}

static int submit_all(struct run *r, int n)
{
	uint64_t max = 1;
	int first, ret = 0, some;

	if (lxa_device_param(r->p->dev, LXA_PARAM_MAX_JOBS, &max) || !max)
		max = 1;
	for (first = 0; !ret && first < n; first += some) {
		some = n - first < (int)max ? n - first : (int)max;
		ret = submit(r, r->jobs + first, some);
	}
	return ret;
}

static void layer_job(const struct run *r, int layer, struct lxa_job *j)
{
	const struct plan_layer *l = r->p->layers[layer];

	*j = l->layer.job;
	j->batch = (uint16_t)r->n;
	j->user = (uint64_t)layer;
	j->act.handle = j->out.handle = lxa_bo_handle(r->p->acts);
	j->wgt.handle = j->par.handle = lxa_bo_handle(r->p->consts);
	j->act.offset = r->p->slots[l->in_value].at;
	j->out.offset = r->p->slots[l->out_value].at;
	j->wgt.offset = l->wgt_at;
	j->par.offset = l->par_at;
}

static int cpu_takes(struct run *r, struct lxa_bo *bo, uint32_t flags)
{
	int ret;

	while ((ret = lxa_bo_prep(bo, flags, WAIT_SLICE_MS)) == -ETIMEDOUT)
		exec_progress(r);
	return ret ? lxa_err_set(r->err, ret, "%s: the buffer cannot be taken: %s", r->p->g->path, strerror(-ret)) : 0;
}

void exec_cpu_ends(struct run *r)
{
	if (r->p->dev)
		lxa_bo_fini(r->p->acts);
}

static int check_layers(struct run *r, const int *layers, int n)
{
	int i, ret;

	if (!r->opt->check)
		return 0;
	ret = cpu_takes(r, r->p->acts, LXA_PREP_READ);
	for (i = 0; !ret && i < n; i++)
		check_layer(r, layers[i]);
	if (!ret)
		exec_cpu_ends(r);
	return ret;
}

/* Run everything that was collected. */
int exec_flush(struct run *r)
{
	int ret, i;

	if (!r->n_pending)
		return 0;
	for (i = 0; i < r->n_pending; i++)
		layer_job(r, r->pending[i], &r->jobs[i]);
	ret = submit_all(r, r->n_pending);
	for (i = 0; !ret && i < r->n_pending; i++)
		exec_count_work(r, r->p->layers[r->pending[i]]);
	if (!ret)
		ret = check_layers(r, r->pending, r->n_pending);
	r->n_pending = 0;
	return ret;
}

/* Let the CPU at the buffer of the values: nothing may be under way. */
int exec_cpu_begins(struct run *r, uint32_t flags)
{
	int ret = exec_flush(r);

	return ret || !r->p->dev ? ret : cpu_takes(r, r->p->acts, flags);
}

/* A layer of several jobs: the CPU puts the parts' inputs together before and their outputs after. */
int exec_run_parts(struct run *r, int layer)
{
	struct plan_layer *l = r->p->layers[layer];
	struct exec_span start;
	int ret, i;

	ret = exec_cpu_begins(r, LXA_PREP_READ);
	if (!ret)
		ret = cpu_takes(r, r->p->split, LXA_PREP_WRITE);
	if (ret)
		return ret;
	start = exec_time();
	plan_split_gather(r->p, l, r->n);
	exec_took(r, start, &l->rep.encode_s, PROF_ENCODE, exec_layer_name(r->p, layer), "gather");
	lxa_bo_fini(r->p->split);
	exec_cpu_ends(r);
	for (i = 0; i < l->n_parts; i++) {
		plan_split_job(r->p, l, i, r->n, &r->jobs[i]);
		r->jobs[i].user = (uint64_t)layer;
	}
	ret = submit_all(r, l->n_parts);
	if (!ret)
		ret = cpu_takes(r, r->p->split, LXA_PREP_READ);
	if (!ret)
		ret = cpu_takes(r, r->p->acts, LXA_PREP_WRITE);
	if (ret)
		return ret;
	start = exec_time();
	plan_split_scatter(r->p, l, r->n);
	exec_took(r, start, &l->rep.decode_s, PROF_DECODE, exec_layer_name(r->p, layer), "scatter");
	lxa_bo_fini(r->p->split);
	exec_cpu_ends(r);
	exec_count_work(r, l);
	return check_layers(r, &layer, 1);
}
