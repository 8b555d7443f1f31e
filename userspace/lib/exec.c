/* SPDX-License-Identifier: MIT */
/*
 * exec.c - runs a plan, batch by batch: CPU nodes one after the other, device layers collected into one array of jobs
 * that is submitted when the CPU needs a result. A value exists as floats, as packed codes, or as both; it is
 * converted when the other form is first asked for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plan.h"

#define WAIT_SLICE_MS 100	/* between two looks at the stop request */

struct run {
	struct lxa_plan *p;
	const struct lxa_run_options *opt;
	struct lxa_run_result res;
	int64_t done, total;		/* images */
	int64_t n;			/* of this batch */
	int stop;
	int *pending;			/* layers whose jobs are not submitted yet */
	int n_pending;
	struct lxa_job *jobs;
	struct lxa_err *err;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void progress(struct run *r)
{
	if (r->opt->progress && r->opt->progress(r->opt->ctx, (uint64_t)r->done, (uint64_t)r->total))
		r->stop = 1;
}

static const char *layer_name(const struct lxa_plan *p, int layer)
{
	return p->g->nodes[p->layers[layer]->nodes[0]].name;
}

/* ---- check: the CPU kernel on the device's input against the device's output ------------------------------- */

static void note_mismatch(struct run *r, int layer, int64_t image, uint32_t c, uint32_t y, uint32_t x, int32_t dev,
			  int32_t cpu)
{
	if (r->res.mismatches++)
		return;
	snprintf(r->res.first_mismatch, sizeof(r->res.first_mismatch),
		 "layer %.100s, image %lld, channel %u, row %u, column %u: device %d, CPU %d", layer_name(r->p, layer),
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
	int64_t i;

	for (i = 0; i < r->n; i++) {
		lxa_kernel_run(l->layer.kernel, 1, in + (uint64_t)i * l->layer.lay.in_img, r->p->check);
		compare_image(r, layer, i, out + (uint64_t)i * l->layer.lay.out_img, r->p->check);
	}
}

/* ---- device layers --------------------------------------------------------------------------------------------- */

static void account(struct run *r, struct plan_layer *l, const struct lxa_event *ev)
{
	struct lxa_layer_report *rep = &l->rep;

	rep->jobs++;
	rep->cycles += ev->cycles;
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
static void count_work(const struct run *r, struct plan_layer *l)
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

/* Records of jobs first..last; others on this device are not ours. Returns the first failure. */
static int read_events(struct run *r, uint64_t first, uint64_t last)
{
	struct lxa_event ev;
	int n, ret = 0;

	while ((n = lxa_event_read(r->p->dev, &ev, 1)) > 0) {
		if (ev.seqno < first || ev.seqno > last || ev.user >= (uint64_t)r->p->n_layers)
			continue;
		account(r, r->p->layers[ev.user], &ev);
		if (ev.error && !ret)
			ret = lxa_err_set(r->err, ev.error, "%s: layer %s failed on %s: %s", r->p->g->path,
					  layer_name(r->p, (int)ev.user), lxa_device_path(r->p->dev),
						  job_fault(ev.error));
	}
	return ret ? ret : n;
}

/* Jobs, no more than the driver takes at once: submitted and waited for. */
static int submit(struct run *r, const struct lxa_job *jobs, int n)
{
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
		progress(r);
	got = read_events(r, seqno - (uint64_t)n + 1, seqno);
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
		progress(r);
	return ret ? lxa_err_set(r->err, ret, "%s: the buffer cannot be taken: %s", r->p->g->path, strerror(-ret)) : 0;
}

static void cpu_ends(struct run *r)
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
		cpu_ends(r);
	return ret;
}

/* Run everything that was collected. */
static int flush(struct run *r)
{
	int ret, i;

	if (!r->n_pending)
		return 0;
	for (i = 0; i < r->n_pending; i++)
		layer_job(r, r->pending[i], &r->jobs[i]);
	ret = submit_all(r, r->n_pending);
	for (i = 0; !ret && i < r->n_pending; i++)
		count_work(r, r->p->layers[r->pending[i]]);
	if (!ret)
		ret = check_layers(r, r->pending, r->n_pending);
	r->n_pending = 0;
	return ret;
}

/* Let the CPU at the buffer of the values: nothing may be under way. */
static int cpu_begins(struct run *r, uint32_t flags)
{
	int ret = flush(r);

	return ret || !r->p->dev ? ret : cpu_takes(r, r->p->acts, flags);
}

/* ---- CPU nodes -------------------------------------------------------------------------------------------------- */

static int run_cpu(struct run *r, int node);

/* A node that is run only when a layer falls back to the CPU: a Flatten or Pad that the device reads past. */
static int is_view(const struct lxa_plan *p, int node)
{
	const struct plan_node *n = node < 0 ? NULL : &p->nodes[node];
	int i;

	if (!n || n->e.place == LXA_PLACE_CPU)
		return n && n->unused;
	for (i = 0; i < p->layers[n->e.layer]->n_nodes; i++)
		if (p->layers[n->e.layer]->nodes[i] == node)
			return 0;
	return 1;
}

/* The float form of a value, made from the packed one when there is no other. */
static int value_float(struct run *r, int value, const struct lxa_tensor **t)
{
	struct plan_slot *s = &r->p->slots[value];
	int ret;

	*t = plan_const(r->p, value);
	if (*t)
		return 0;
	if (!s->t.data && !s->have_packed && is_view(r->p, r->p->g->values[value].producer)) {
		ret = run_cpu(r, r->p->g->values[value].producer);
		if (ret)
			return ret;
	}
	if (!s->t.data) {
		if (!s->have_packed)
			return lxa_err_set(r->err, -EINVAL, "%s: value %s was never computed", r->p->g->path,
					   r->p->g->values[value].name);
		ret = cpu_begins(r, LXA_PREP_READ);
		if (ret)
			return ret;
		ret = plan_decode(r->p, r->p->layers[s->maker], r->n, plan_packed(r->p, value), &s->t, r->err);
		cpu_ends(r);
		if (ret)
			return ret;
	}
	*t = &s->t;
	return 0;
}

static int run_cpu(struct run *r, int node)
{
	const struct lxa_node *n = &r->p->g->nodes[node];
	struct plan_node *pn = &r->p->nodes[node];
	const struct lxa_tensor **in = calloc((size_t)n->n_in + 1, sizeof(*in));
	struct lxa_tensor *out = calloc((size_t)n->n_out + 1, sizeof(*out));
	int i, ret = in && out ? 0 : lxa_err_set(r->err, -ENOMEM, "out of memory");
	double start;

	for (i = 0; !ret && i < n->n_in; i++)
		if (n->in[i] >= 0)
			ret = value_float(r, n->in[i], &in[i]);
	start = now();
	if (!ret)
		ret = lxa_cpu_exec(r->p->cpu, r->p->g, node, in, out, r->err);
	for (i = 0; !ret && i < n->n_out; i++) {
		if (n->out[i] >= 0)
			r->p->slots[n->out[i]].t = out[i];
		else
			lxa_tensor_free(&out[i]);
	}
	pn->rep.seconds += now() - start;
	pn->rep.images += (uint64_t)r->n;
	pn->rep.macs += pn->e.macs * (uint64_t)r->n;
	free(in);
	free(out);
	return ret;
}

/* ---- layers ------------------------------------------------------------------------------- */

/*
 * A layer on the CPU, node by node in float: for a batch with values that have no code, such as a Sign's 0. What the
 * layers behind it need is made from the floats.
 */
static int run_layer_float(struct run *r, const struct plan_layer *l)
{
	int i, ret = 0;

	for (i = 0; !ret && i < l->n_nodes; i++)
		ret = run_cpu(r, l->nodes[i]);
	return ret;
}

/* A layer of several jobs: the CPU puts the parts' inputs together before and their outputs after. */
static int run_parts(struct run *r, int layer)
{
	struct plan_layer *l = r->p->layers[layer];
	int ret, i;

	ret = cpu_begins(r, LXA_PREP_READ);
	if (!ret)
		ret = cpu_takes(r, r->p->split, LXA_PREP_WRITE);
	if (ret)
		return ret;
	plan_split_gather(r->p, l, r->n);
	lxa_bo_fini(r->p->split);
	cpu_ends(r);
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
	plan_split_scatter(r->p, l, r->n);
	lxa_bo_fini(r->p->split);
	cpu_ends(r);
	count_work(r, l);
	return check_layers(r, &layer, 1);
}

static int run_layer(struct run *r, int layer)
{
	struct plan_layer *l = r->p->layers[layer];
	struct plan_slot *in = &r->p->slots[l->in_value], *out = &r->p->slots[l->out_value];
	double start;
	int ret, exact;

	if (!in->have_packed) {
		if (!in->t.data)
			return lxa_err_set(r->err, -EINVAL, "%s: the input of %s was never computed", r->p->g->path,
					   layer_name(r->p, layer));
		if (in->t.ndim < 1 || in->t.dims[0] != r->n)
			return lxa_err_set(r->err, -EINVAL, "%s: the input of %s does not have one part an image",
					   r->p->g->path, layer_name(r->p, layer));
		ret = cpu_begins(r, LXA_PREP_WRITE);
		if (ret)
			return ret;
		exact = plan_encode(r->p, in->reader, &in->t, plan_packed(r->p, l->in_value));
		cpu_ends(r);
		if (!exact)
			return run_layer_float(r, l);
		in->have_packed = 1;
	}
	out->have_packed = 1;
	if (r->p->dev && l->n_parts)
		return run_parts(r, layer);
	if (r->p->dev) {
		r->pending[r->n_pending++] = layer;
		return 0;
	}
	start = now();
	lxa_kernel_run(l->layer.kernel, (uint32_t)r->n, plan_packed(r->p, l->in_value),
		       plan_packed(r->p, l->out_value));
	l->rep.seconds += now() - start;
	count_work(r, l);
	return 0;
}

/* ---- inputs and outputs ---------------------------------------------------------------------- */

static void reset_slots(struct lxa_plan *p)
{
	int v;

	for (v = 0; v < p->g->n_values; v++) {
		lxa_tensor_free(&p->slots[v].t);
		p->slots[v].have_packed = 0;
	}
}

static int check_input(const struct lxa_plan *p, int i, const struct lxa_tensor *t, int64_t total, struct lxa_err *err)
{
	const struct lxa_value *v = &p->g->values[p->g->in[i]];
	int d, same = t->ndim == v->t.ndim && t->data != NULL;

	for (d = 1; same && d < t->ndim; d++)
		same = t->dims[d] == v->t.dims[d];
	if (!same || t->ndim < 1)
		return lxa_err_set(err, -EINVAL, "%s: input %s has another shape than the model's", p->g->path,
				   v->name);
	if (t->dims[0] != total)
		return lxa_err_set(err, -EINVAL, "%s: input %s has %lld images, the first input %lld", p->g->path,
				   v->name,
				   (long long)t->dims[0], (long long)total);
	if (t->dtype != v->t.dtype && t->dtype != LXA_F32)
		return lxa_err_set(err, -EINVAL, "%s: input %s has element type %d, the model wants %d", p->g->path,
				   v->name,
				   t->dtype, v->t.dtype);
	return 0;
}

static void convert(void *dst, enum lxa_dtype type, const float *src, int64_t n)
{
	int64_t i;

	for (i = 0; i < n; i++) {
		switch (type) {
		case LXA_UINT8: ((uint8_t *)dst)[i] = (uint8_t)src[i]; break;
		case LXA_INT8: ((int8_t *)dst)[i] = (int8_t)src[i]; break;
		case LXA_UINT16: ((uint16_t *)dst)[i] = (uint16_t)src[i]; break;
		case LXA_INT16: ((int16_t *)dst)[i] = (int16_t)src[i]; break;
		case LXA_INT32: ((int32_t *)dst)[i] = (int32_t)src[i]; break;
		case LXA_UINT32: ((uint32_t *)dst)[i] = (uint32_t)src[i]; break;
		case LXA_INT64: ((int64_t *)dst)[i] = (int64_t)src[i]; break;
		case LXA_UINT64: ((uint64_t *)dst)[i] = (uint64_t)src[i]; break;
		case LXA_BOOL: ((uint8_t *)dst)[i] = src[i] != 0; break;
		case LXA_F64: ((double *)dst)[i] = src[i]; break;
		default: ((float *)dst)[i] = src[i]; break;
		}
	}
}

static int load_inputs(struct run *r, const struct lxa_tensor *in)
{
	int i;

	for (i = 0; i < r->p->g->n_in; i++) {
		int value = r->p->g->in[i];
		struct lxa_tensor *t = &r->p->slots[value].t;
		size_t each = (size_t)(lxa_tensor_count(&in[i]) / r->total), size = lxa_dtype_size(in[i].dtype);
		const uint8_t *src = (const uint8_t *)in[i].data + (size_t)r->done * each * size;

		*t = in[i];
		t->data = NULL;
		t->dims[0] = r->n;
		t->dtype = r->p->g->values[value].t.dtype;
		if (lxa_tensor_alloc(t))
			return lxa_err_set(r->err, -ENOMEM, "out of memory for %lld images", (long long)r->n);
		if (t->dtype == in[i].dtype)
			memcpy(t->data, src, (size_t)r->n * each * size);
		else
			convert(t->data, t->dtype, (const float *)src, (int64_t)((size_t)r->n * each));
	}
	return 0;
}

static int store_outputs(struct run *r, struct lxa_tensor *out)
{
	int i, ret;

	for (i = 0; i < r->p->g->n_out; i++) {
		const char *name = r->p->g->values[r->p->g->out[i]].name;
		const struct lxa_tensor *t;
		size_t bytes;

		ret = value_float(r, r->p->g->out[i], &t);
		if (ret)
			return ret;
		if (r->n != r->total && (t->ndim < 1 || t->dims[0] != r->n))
			return lxa_err_set(r->err, -EINVAL,
					   "%s: output %s does not have one part an image: it takes all %lld "
					   "images in one batch", r->p->g->path, name, (long long)r->total);
		bytes = (size_t)lxa_tensor_count(t) * lxa_dtype_size(t->dtype);
		if (!out[i].data) {
			out[i] = *t;
			out[i].data = NULL;
			if (r->n != r->total)
				out[i].dims[0] = r->total;
			if (lxa_tensor_alloc(&out[i]))
				return lxa_err_set(r->err, -ENOMEM, "out of memory for output %s", name);
		}
		memcpy((uint8_t *)out[i].data + (size_t)r->done * (bytes / (size_t)r->n), t->data, bytes);
	}
	return 0;
}

static int run_batch(struct run *r, const struct lxa_tensor *in, struct lxa_tensor *out)
{
	int ret, i;

	ret = load_inputs(r, in);
	for (i = 0; !ret && i < r->p->g->n_nodes; i++) {
		const struct lxa_plan_entry *e = &r->p->nodes[i].e;

		if (e->constant || r->p->nodes[i].unused)
			continue;
		if (e->place == LXA_PLACE_CPU)
			ret = run_cpu(r, i);
		else if (e->head)
			ret = run_layer(r, e->layer);
	}
	if (!ret)
		ret = flush(r);
	if (!ret)
		ret = store_outputs(r, out);
	r->n_pending = 0;
	reset_slots(r->p);
	return ret;
}

static int most_jobs(const struct lxa_plan *p)
{
	int i, most = p->n_layers;

	for (i = 0; i < p->n_layers; i++)
		most = p->layers[i]->n_parts > most ? p->layers[i]->n_parts : most;
	return most;
}

int lxa_plan_run(struct lxa_plan *p, const struct lxa_tensor *in, struct lxa_tensor *out,
		 const struct lxa_run_options *opt,
		 struct lxa_run_result *res, struct lxa_err *err)
{
	static const struct lxa_run_options none;
	struct run r = { .p = p, .opt = opt ? opt : &none, .err = err };
	int i, ret = 0;

	for (i = 0; i < p->g->n_out; i++)
		memset(&out[i], 0, sizeof(out[i]));
	r.total = p->g->n_in && in[0].ndim > 0 ? in[0].dims[0] : 1;
	for (i = 0; !ret && i < p->g->n_in; i++)
		ret = check_input(p, i, &in[i], r.total, err);
	if (!ret && (r.total < 1 || (p->fixed && r.total % p->batch)))
		ret = lxa_err_set(err, -EINVAL,
				  "%s: %lld images do not fill batches of %lld, which the model is made for",
				  p->g->path, (long long)r.total, (long long)p->batch);
	r.pending = calloc((size_t)p->n_layers + 1, sizeof(*r.pending));
	r.jobs = calloc((size_t)most_jobs(p) + 1, sizeof(*r.jobs));
	if (!ret && (!r.pending || !r.jobs))
		ret = lxa_err_set(err, -ENOMEM, "out of memory");
	while (!ret && !r.stop && r.done < r.total) {
		r.n = r.total - r.done < p->batch ? r.total - r.done : p->batch;
		ret = run_batch(&r, in, out);
		if (!ret) {
			r.done += r.n;
			progress(&r);
		}
	}
	if (!ret && r.done < r.total)
		ret = lxa_err_set(err, -EINTR, "stopped after %lld of %lld images", (long long)r.done,
				  (long long)r.total);
	r.res.images = (uint64_t)r.done;
	if (res)
		*res = r.res;
	free(r.pending);
	free(r.jobs);
	return ret;
}
