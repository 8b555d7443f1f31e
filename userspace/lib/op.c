/* SPDX-License-Identifier: MIT */
/*
 * op.c - lxa.h's second layer: one convolution on codes, on a device or on the CPU kernels.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "lxa_layer.h"
#include "profile.h"

#define WAIT_SLICE_MS 1000

struct lxa_operation {
	struct lxa_layer layer;
	struct lxa_device *dev;		/* NULL: CPU */
	struct lxa_bo *consts;		/* weights, then parameters */
	struct lxa_bo *act, *out;	/* grow with the batch */
};

int lxa_op_create(struct lxa_device *dev, const struct lxa_job *shape, const int8_t *weights,
		  const struct lxa_channel *chan,
		  struct lxa_operation **out, struct lxa_err *err)
{
	struct lxa_operation *op = calloc(1, sizeof(*op));
	struct lxa_layer *l;
	struct lxa_caps caps;
	uint64_t par_at;
	int ret;

	*out = NULL;
	if (!op)
		return lxa_err_set(err, -ENOMEM, "out of memory for an operation");
	l = &op->layer;
	op->dev = dev;
	if (dev)
		caps = *lxa_device_caps(dev);
	else
		lxa_caps_base(&caps);
	if (shape->res_mode != LXA_RES_NONE || shape->kind == LXA_KIND_RAW)
		ret = lxa_err_set(err, -EOPNOTSUPP, "an operation has no residual operand and no raw sums: such jobs are submitted as jobs");
	else
		ret = lxa_layer_begin(l, &caps, shape, 0, weights, err);
	if (!ret)
		ret = lxa_layer_finish(l, chan, err);
	if (!ret && !l->fits)
		ret = lxa_err_set(err, -EINVAL,
				  "not even one output pixel fits: its input window of %u x %u pixels of %u bytes "
				  "is larger than the %u bytes of the activation scratchpad, or its pool window larger than "
				  "%u pixels of accumulators", l->lay.ekh, l->lay.ekw, l->lay.in_px, caps.act_bytes,
				  caps.acc_pixels);
	if (ret || !dev)
		goto done;
	par_at = lxa_round_up(l->lay.wgt_bytes, caps.word_bytes);
	ret = lxa_bo_create(dev, par_at + l->lay.par_bytes, &op->consts, err);
	if (ret)
		goto done;
	memcpy(lxa_bo_map(op->consts), l->wgt, l->lay.wgt_bytes);
	memcpy((uint8_t *)lxa_bo_map(op->consts) + par_at, l->par, l->lay.par_bytes);
	l->job.wgt.handle = l->job.par.handle = lxa_bo_handle(op->consts);
	l->job.par.offset = par_at;
done:
	if (ret) {
		lxa_op_free(op);
		return ret;
	}
	*out = op;
	return 0;
}

void lxa_op_free(struct lxa_operation *op)
{
	if (!op)
		return;
	lxa_bo_free(op->consts);
	lxa_bo_free(op->act);
	lxa_bo_free(op->out);
	lxa_layer_free(&op->layer);
	free(op);
}

const struct lxa_job *lxa_op_job(const struct lxa_operation *op)
{
	return &op->layer.job;
}

const struct lxa_layout *lxa_op_layout(const struct lxa_operation *op)
{
	return &op->layer.lay;
}

void lxa_op_run_cpu(struct lxa_operation *op, uint32_t batch, const void *act, void *out)
{
	lxa_kernel_run(op->layer.kernel, batch, act, out);
}

static int run_on_cpu(struct lxa_operation *op, const struct lxa_job *job, const struct lxa_layout *y,
		      const int32_t *in,
		      int32_t *out, struct lxa_err *err)
{
	void *act = calloc(1, y->act_bytes), *res = calloc(1, y->out_bytes);
	int ret = 0;

	if (act && res) {
		lxa_pack_input(&op->layer.caps, job, job->batch, in, act);
		lxa_kernel_run(op->layer.kernel, job->batch, act, res);
		lxa_unpack_output(&op->layer.caps, job, job->batch, res, out);
	} else {
		ret = lxa_err_set(err, -ENOMEM, "out of memory for a batch of %u", job->batch);
	}
	free(act);
	free(res);
	return ret;
}

static int grow(struct lxa_operation *op, struct lxa_bo **bo, uint64_t bytes, struct lxa_err *err)
{
	if (*bo && lxa_bo_bytes(*bo) >= bytes)
		return 0;
	lxa_bo_free(*bo);
	*bo = NULL;
	return lxa_bo_create(op->dev, bytes, bo, err);
}

static int cpu_takes(struct lxa_operation *op, struct lxa_bo *bo, uint32_t flags, struct lxa_err *err)
{
	int ret = lxa_bo_prep(bo, flags, WAIT_SLICE_MS);

	return ret ? lxa_err_set(err, ret, "%s: a buffer cannot be taken: %s", lxa_device_path(op->dev),
				 strerror(-ret)) : 0;
}

static int run_on_device(struct lxa_operation *op, struct lxa_job *job, const struct lxa_layout *y, const int32_t *in,
			 int32_t *out, struct lxa_event *ev, struct lxa_err *err)
{
	struct lxa_event mine;
	uint64_t seqno = 0;
	int ret, job_error;

	ret = grow(op, &op->act, y->act_bytes, err);
	if (!ret)
		ret = grow(op, &op->out, y->out_bytes, err);
	if (ret)
		return ret;
	job->act.handle = lxa_bo_handle(op->act);
	job->out.handle = lxa_bo_handle(op->out);
	ret = cpu_takes(op, op->act, LXA_PREP_WRITE, err);
	if (ret)
		return ret;
	lxa_pack_input(&op->layer.caps, job, job->batch, in, lxa_bo_map(op->act));
	lxa_bo_fini(op->act);
	ret = lxa_job_submit(op->dev, job, 1, &seqno, err);
	if (ret)
		return ret;
	/* the driver's own time-out ends a hung job, so waiting in slices always ends */
	do {
		ret = lxa_job_wait(op->dev, seqno, WAIT_SLICE_MS, &job_error);
	} while (ret == -ETIMEDOUT);
	if (!ret)
		ret = job_error;
	if (ret)
		return lxa_err_set(err, ret, "%s: the job failed: %s", lxa_device_path(op->dev), strerror(-ret));
	if (lxa_event_take(op->dev, seqno, seqno, &mine) > 0 && ev)
		*ev = mine;
	prof_job_name(op->dev, seqno, "operation");
	ret = cpu_takes(op, op->out, LXA_PREP_READ, err);
	if (ret)
		return ret;
	lxa_unpack_output(&op->layer.caps, job, job->batch, lxa_bo_map(op->out), out);
	lxa_bo_fini(op->out);
	return 0;
}

int lxa_op_run(struct lxa_operation *op, uint32_t batch, const int32_t *in, int32_t *out, struct lxa_event *ev,
	       struct lxa_err *err)
{
	struct lxa_job job = op->layer.job;
	struct lxa_layout y;

	if (!batch || batch > UINT16_MAX)
		return lxa_err_set(err, -EINVAL, "a batch of %u images, 1 to 65535 go into one job", batch);
	if (ev)
		memset(ev, 0, sizeof(*ev));
	job.batch = (uint16_t)batch;
	lxa_layout(&op->layer.caps, &job, &y);
	if (!op->dev)
		return run_on_cpu(op, &job, &y, in, out, err);
	return run_on_device(op, &job, &y, in, out, ev, err);
}
