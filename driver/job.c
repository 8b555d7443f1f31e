// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * SUBMIT: copy the jobs once, resolve their buffers, validate them all, then queue them all.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "lxa_drv.h"

static int lxa_reject_errno(enum lxa_reject reason)
{
	switch (reason) {
	case LXA_REJECT_NONE:
		return 0;
	case LXA_REJECT_OP:
	case LXA_REJECT_MODE:
		return -EOPNOTSUPP;
	case LXA_REJECT_HANDLE:
		return -ENOENT;
	default:
		return -EINVAL;
	}
}

/* Take a reference on each buffer the job names. A handle that names none leaves an empty extent for the validator. */
static void lxa_task_resolve(struct lxa_file *lf, struct lxa_task *task, const struct lxa_job *job,
			     struct lxa_extent ext[LXA_EXT_COUNT])
{
	const u32 handle[LXA_EXT_COUNT] = { job->act.handle, job->wgt.handle, job->par.handle, job->out.handle,
					  job->res.handle };
	struct lxa_bo *bo;
	int i;

	memset(ext, 0, LXA_EXT_COUNT * sizeof(*ext));
	for (i = 0; i < LXA_EXT_COUNT; i++) {
		bo = handle[i] ? lxa_bo_find(lf, handle[i]) : NULL;
		if (!bo)
			continue;
		task->bo[i] = bo;
		ext[i].addr = bo->dma;
		ext[i].bytes = bo->bytes;
	}
}

/* One job, from user memory to a task at the end of `tasks`. */
static int lxa_task_add(struct lxa_file *lf, struct lxa_ctx *ctx, const void __user *from, u32 stride,
			enum lxa_reject *reason, struct list_head *tasks)
{
	struct lxa_extent ext[LXA_EXT_COUNT];
	struct lxa_task *task;
	struct lxa_job job;
	int ret;

	ret = copy_struct_from_user(&job, sizeof(job), from, stride);
	if (ret)
		return ret;
	task = kzalloc(sizeof(*task), GFP_KERNEL_ACCOUNT);
	if (!task)
		return -ENOMEM;
	list_add_tail(&task->node, tasks);	/* from here on the caller frees it */
	task->event = kzalloc(sizeof(*task->event), GFP_KERNEL_ACCOUNT);
	if (!task->event)
		return -ENOMEM;
	kref_get(&ctx->ref);
	task->ctx = ctx;
	task->flags = job.flags;
	task->event->rec.user = job.user;
	lxa_task_resolve(lf, task, &job, ext);
	*reason = lxa_validate(&lf->ldev->caps, &job, ext, task->desc);
	return lxa_reject_errno(*reason);
}

/* All or none. Numbers are given here, under the lock, so that they follow the order in the queue. */
static int lxa_tasks_queue(struct lxa_ctx *ctx, struct list_head *tasks, u32 count, u64 *seqno)
{
	struct lxa_file *lf = ctx->lf;
	struct lxa_dev *ldev = lf->ldev;
	struct lxa_task *task, *next;
	int i, ret = 0;

	spin_lock(&ldev->lock);
	if (ldev->dead)
		ret = -ENODEV;
	else if (ctx->closed)
		ret = -ENOENT;
	else if (ctx->banned || lf->banned)
		ret = -EIO;
	else if (count > LXA_JOBS_PER_FILE - lf->jobs)
		ret = -EAGAIN;
	if (ret)
		goto out;
	list_for_each_entry_safe(task, next, tasks, node) {
		list_del(&task->node);
		task->seqno = ++ctx->last;
		for (i = 0; i < LXA_EXT_COUNT; i++)
			if (task->bo[i])
				task->bo[i]->busy++;
		lf->jobs++;
		lxa_sched_queue(ldev, task);
	}
	*seqno = ctx->last;
	if (lxa_ctx_slow(ctx))
		lxa_irq_need(ldev);	/* sooner or later, and before the doorbell costs least */
	lxa_sched_kick(ldev);
out:
	spin_unlock(&ldev->lock);
	return ret;
}

static int lxa_submit_to(struct lxa_file *lf, struct lxa_ctx *ctx, struct lxa_submit *arg)
{
	const char __user *from = u64_to_user_ptr(arg->jobs);
	enum lxa_reject reason = LXA_REJECT_NONE;
	LIST_HEAD(tasks);
	int ret = 0;
	u32 i;

	for (i = 0; i < arg->job_count; i++) {
		ret = lxa_task_add(lf, ctx, from + (size_t)i * arg->job_stride, arg->job_stride, &reason, &tasks);
		if (ret) {
			arg->failed = i;
			arg->reason = reason;
			dev_dbg(lf->ldev->dev, "job %u refused: error %d, reason %d\n", i, ret, reason);
			goto out;
		}
		cond_resched();
	}
	ret = lxa_tasks_queue(ctx, &tasks, arg->job_count, &arg->seqno);
out:
	lxa_tasks_free(&tasks);		/* empty when they were queued */
	return ret;
}

int lxa_submit(struct lxa_file *lf, struct lxa_submit *arg)
{
	struct lxa_ctx *ctx;
	int ret;

	arg->failed = 0;
	arg->reason = LXA_REJECT_NONE;
	arg->seqno = 0;
	if (arg->flags || arg->pad || !arg->job_count || arg->job_count > LXA_JOBS_PER_SUBMIT)
		return -EINVAL;
	if (arg->job_stride < LXA_JOB_SIZE_1 || arg->job_stride % 8)
		return -EINVAL;
	if (arg->job_stride > PAGE_SIZE)
		return -E2BIG;
	ctx = lxa_ctx_find(lf, arg->ctx);
	if (!ctx)
		return -ENOENT;
	ret = lxa_submit_to(lf, ctx, arg);
	lxa_ctx_put(ctx);
	return ret;
}
