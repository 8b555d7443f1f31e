// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The scheduler: contexts that have queued jobs take turns of lxa_ctx.turn jobs, at most LXA_RING_DEPTH jobs are in the
 * device's ring, completions in order. Everything here but lxa_tasks_free() is called with lxa_dev.lock held.
 */
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/slab.h>

#include "lxa_drv.h"

static u32 lxa_in_flight(const struct lxa_dev *ldev)
{
	return ldev->tail - ldev->done;
}

static struct lxa_task **lxa_slot(struct lxa_dev *ldev, u32 count)
{
	return &ldev->slot[count & (LXA_RING_ENTRIES - 1)];
}

static void lxa_ctx_runnable(struct lxa_dev *ldev, struct lxa_ctx *ctx)
{
	if (!list_empty(&ctx->run_node))
		return;
	ctx->left = ctx->turn;
	list_add_tail(&ctx->run_node, &ldev->runq);
}

void lxa_sched_queue(struct lxa_dev *ldev, struct lxa_task *task)
{
	lockdep_assert_held(&ldev->lock);
	list_add_tail(&task->node, &task->ctx->queue);
	lxa_ctx_runnable(ldev, task->ctx);
}

/* Back to the front, for a job that a reset has interrupted. Call for the newest first. */
void lxa_sched_requeue(struct lxa_dev *ldev, struct lxa_task *task)
{
	lockdep_assert_held(&ldev->lock);
	list_add(&task->node, &task->ctx->queue);
	lxa_ctx_runnable(ldev, task->ctx);
}

/*
 * Before a context's next job each other one takes one turn at most: so many jobs, and the LXA_RING_DEPTH that are in the
 * ring already, are all that a job at the head of its queue waits for.
 */
static struct lxa_task *lxa_sched_next(struct lxa_dev *ldev)
{
	struct lxa_task *task;
	struct lxa_ctx *ctx;

	if (list_empty(&ldev->runq))
		return NULL;
	ctx = list_first_entry(&ldev->runq, struct lxa_ctx, run_node);
	task = list_first_entry(&ctx->queue, struct lxa_task, node);
	list_del_init(&task->node);
	if (list_empty(&ctx->queue)) {
		list_del_init(&ctx->run_node);
	} else if (!--ctx->left) {
		ctx->left = ctx->turn;
		list_move_tail(&ctx->run_node, &ldev->runq);
	}
	return task;
}

/*
 * Must the job wait for the output of what is in the ring? Handles belong to one open file, so jobs of other files
 * touch other buffers. Within the file only the job's own promise about its own context counts.
 */
static bool lxa_needs_barrier(struct lxa_dev *ldev, const struct lxa_task *task)
{
	const struct lxa_task *other;
	u32 i;

	for (i = ldev->done; i != ldev->tail; i++) {
		other = *lxa_slot(ldev, i);
		if (other->ctx->lf != task->ctx->lf)
			continue;
		if (other->ctx != task->ctx || !(task->flags & LXA_JOB_INDEPENDENT))
			return true;
	}
	return false;
}

static void lxa_ring_push(struct lxa_dev *ldev, struct lxa_task *task)
{
	__le32 *d = ldev->desc + (ldev->tail & (LXA_RING_ENTRIES - 1)) * LXA_DESC_WORDS;
	u32 i;

	if (!lxa_in_flight(ldev)) {
		ldev->oldest_ns = ktime_get_ns();
		ldev->moved_ns = ldev->oldest_ns;
	}
	task->hw_seq = ldev->next_seq++;
	lxa_desc_set(task->desc, LXA_D_SEQ, task->hw_seq);
	lxa_desc_set(task->desc, LXA_D_IRQ, 1);
	lxa_desc_set(task->desc, LXA_D_BARRIER, lxa_needs_barrier(ldev, task));
	for (i = 0; i < LXA_DESC_WORDS; i++)
		d[i] = cpu_to_le32(task->desc[i]);
	*lxa_slot(ldev, ldev->tail) = task;
	ldev->tail++;
}

/* Fill the ring and ring the bell. */
void lxa_sched_kick(struct lxa_dev *ldev)
{
	u32 tail = ldev->tail;
	struct lxa_task *task;

	lockdep_assert_held(&ldev->lock);
	if (ldev->dead || ldev->resetting || ldev->fault)
		return;
	while (lxa_in_flight(ldev) < LXA_RING_DEPTH) {
		task = lxa_sched_next(ldev);
		if (!task)
			break;
		lxa_ring_push(ldev, task);
	}
	if (lxa_in_flight(ldev) && (ldev->sleepers || !list_empty(&ldev->runq)))
		lxa_irq_need(ldev);
	if (tail == ldev->tail)
		return;
	dma_wmb();		/* descriptors before the doorbell */
	lxa_write(ldev, LXA_REG_RING_TAIL, ldev->tail);
	lxa_watch_arm(ldev);
}

/* ---- the end of a job --------------------------------------------------------------------------- */

static u64 lxa_rec64(const __le32 *rec, u32 word)
{
	return le32_to_cpu(rec[word]) | (u64)le32_to_cpu(rec[word + 1]) << 32;
}

static void lxa_event_fill(struct lxa_event *ev, const struct lxa_task *task, int error, const __le32 *rec)
{
	ev->seqno = task->seqno;
	ev->ctx = task->ctx->id;
	ev->error = error;
	if (!rec)
		return;
	ev->cycles = lxa_rec64(rec, LXA_C_CYCLES);
	ev->busy = lxa_rec64(rec, LXA_C_BUSY);
	ev->st_wgt = lxa_rec64(rec, LXA_C_ST_WGT);
	ev->st_act = lxa_rec64(rec, LXA_C_ST_ACT);
	ev->st_rd = lxa_rec64(rec, LXA_C_ST_RD);
	ev->st_out = lxa_rec64(rec, LXA_C_ST_OUT);
	ev->st_wr = lxa_rec64(rec, LXA_C_ST_WR);
	ev->st_pipe = lxa_rec64(rec, LXA_C_ST_PIPE);
	ev->st_cmd = lxa_rec64(rec, LXA_C_ST_CMD);
	ev->macs = lxa_rec64(rec, LXA_C_MACS);
	ev->rd_bytes = lxa_rec64(rec, LXA_C_RD_BYTES);
	ev->wr_bytes = lxa_rec64(rec, LXA_C_WR_BYTES);
}

/* A full queue loses its oldest record: who only waits never reads, and must not be stopped by that. */
static void lxa_event_post(struct lxa_file *lf, struct lxa_event_node *event)
{
	struct lxa_event_node *oldest;

	if (lf->closed) {
		kfree(event);
		return;
	}
	list_add_tail(&event->node, &lf->events);
	if (lf->event_count < LXA_EVENTS_PER_FILE) {
		lf->event_count++;
		return;
	}
	oldest = list_first_entry(&lf->events, struct lxa_event_node, node);
	list_del(&oldest->node);
	kfree(oldest);
}

/*
 * The job (on no list) is over: numbers, event, accounts, wake-up. rec is its completion record or NULL.
 * It goes to `ended`, for lxa_tasks_free() once the lock has been dropped.
 */
void lxa_task_end(struct lxa_dev *ldev, struct lxa_task *task, int error, const __le32 *rec, struct list_head *ended)
{
	struct lxa_ctx *ctx = task->ctx;
	struct lxa_file *lf = ctx->lf;
	int i;

	lockdep_assert_held(&ldev->lock);
	if (ctx->closed)
		error = -ECANCELED;
	else if (error != -ENODEV)	/* of a device that has gone no job ends: WAIT gives ENODEV for all of them */
		lxa_ctx_note(ctx, task->seqno, error);
	for (i = 0; i < LXA_EXT_COUNT; i++)
		if (task->bo[i])
			task->bo[i]->busy--;
	lf->jobs--;
	lxa_event_fill(&task->event->rec, task, error, rec);
	lxa_event_post(lf, task->event);
	task->event = NULL;
	list_add_tail(&task->node, ended);
	wake_up_all(&lf->wait);
}

/* Without the lock: gives up the job's buffers and context, which may be their end. */
void lxa_tasks_free(struct list_head *ended)
{
	struct lxa_task *task, *next;
	int i;

	list_for_each_entry_safe(task, next, ended, node) {
		list_del(&task->node);
		for (i = 0; i < LXA_EXT_COUNT; i++)
			if (task->bo[i])
				lxa_bo_put(task->bo[i]);
		if (task->ctx)
			lxa_ctx_put(task->ctx);
		kfree(task->event);
		kfree(task);
	}
}

/* End the queued (not yet running) jobs of a context up to number `last`. */
void lxa_ctx_flush(struct lxa_dev *ldev, struct lxa_ctx *ctx, u64 last, int error, struct list_head *ended)
{
	struct lxa_task *task, *next;

	lockdep_assert_held(&ldev->lock);
	list_for_each_entry_safe(task, next, &ctx->queue, node) {
		if (task->seqno > last)
			break;
		list_del_init(&task->node);
		lxa_task_end(ldev, task, error, NULL, ended);
	}
	if (list_empty(&ctx->queue))
		list_del_init(&ctx->run_node);
}

/*
 * A job of this context broke the device: recovery fails what had been submitted behind it until now. What is submitted
 * before recovery comes, by somebody who knows of the failure already, is not meant.
 */
void lxa_ctx_accuse(struct lxa_dev *ldev, struct lxa_ctx *ctx)
{
	lockdep_assert_held(&ldev->lock);
	if (!list_empty(&ctx->guilty_node))
		return;
	kref_get(&ctx->ref);
	ctx->guilty_last = ctx->last;
	list_add_tail(&ctx->guilty_node, &ldev->guilty);
}

void lxa_sched_fail_all(struct lxa_dev *ldev, int error, struct list_head *ended)
{
	struct lxa_task **slot;

	lockdep_assert_held(&ldev->lock);
	while (ldev->done != ldev->tail) {
		slot = lxa_slot(ldev, ldev->done);
		lxa_task_end(ldev, *slot, error, NULL, ended);
		*slot = NULL;
		WRITE_ONCE(ldev->done, ldev->done + 1);
	}
	while (!list_empty(&ldev->runq))
		lxa_ctx_flush(ldev, list_first_entry(&ldev->runq, struct lxa_ctx, run_node), U64_MAX, error, ended);
}

/* ---- completions -------------------------------------------------------------------------------- */

static int lxa_status_errno(struct lxa_dev *ldev, u32 status)
{
	switch (status) {
	case LXA_HW_STATUS_OK:
		return 0;
	case LXA_HW_STATUS_WINDOW:
		return -EFAULT;
	case LXA_HW_STATUS_BAD_DESC:	/* the validator should have known */
		dev_warn_ratelimited(ldev->dev, "the device refused a descriptor\n");
		return -EIO;
	default:
		return -EIO;
	}
}

static const __le32 *lxa_record(const struct lxa_dev *ldev, u32 count)
{
	return ldev->cpl + (count & (LXA_RING_ENTRIES - 1)) * LXA_CPL_WORDS;
}

/*
 * Has the oldest job's record arrived? COUNT is in the word that is written last, after all of the job's output. Without the
 * lock the answer is a hint.
 */
bool lxa_sched_fresh(const struct lxa_dev *ldev)
{
	u32 done = READ_ONCE(ldev->done);

	return le32_to_cpu(READ_ONCE(lxa_record(ldev, done)[LXA_C_COUNT])) == done + 1;
}

/* The oldest job has ended, as its record says. False: the record makes no sense, and recovery is asked for. */
static bool lxa_sched_take(struct lxa_dev *ldev, struct list_head *ended)
{
	struct lxa_task **slot = lxa_slot(ldev, ldev->done), *task = *slot;
	const __le32 *rec = lxa_record(ldev, ldev->done);
	u32 status;

	if (le32_to_cpu(rec[LXA_C_COUNT]) != ldev->done + 1 || le32_to_cpu(rec[LXA_C_SEQ]) != task->hw_seq) {
		dev_warn_ratelimited(ldev->dev, "completion record %u is not what was announced\n", ldev->done);
		ldev->fault = true;
		return false;
	}
	status = le32_to_cpu(rec[LXA_C_STATUS]);
	*slot = NULL;
	WRITE_ONCE(ldev->done, ldev->done + 1);
	if (status) {
		ldev->fault = true;
		lxa_ctx_accuse(ldev, task->ctx);
	}
	lxa_task_end(ldev, task, lxa_status_errno(ldev, status), rec, ended);
	ldev->oldest_ns = ktime_get_ns();
	ldev->moved_ns = ldev->oldest_ns;
	atomic_set(&ldev->idle_irqs, 0);
	return true;
}

/* Take what is complete by its records in memory, without asking the device. Returns the number of jobs that ended. */
u32 lxa_sched_poll(struct lxa_dev *ldev, struct list_head *ended)
{
	u32 n = 0;

	lockdep_assert_held(&ldev->lock);
	while (lxa_in_flight(ldev) && lxa_sched_fresh(ldev)) {
		dma_rmb();		/* COUNT before the rest of the record, and the output */
		if (!lxa_sched_take(ldev, ended))
			break;
		n++;
	}
	return n;
}

/*
 * The same, and then what CPL_COUNT says, which finds a record that has come to harm. The register is read first and ordered
 * before the records. It may be some records behind memory, for the device counts a record once the bus has acknowledged it.
 */
u32 lxa_sched_reap(struct lxa_dev *ldev, struct list_head *ended)
{
	u32 n = lxa_sched_poll(ldev, ended), count;

	if (ldev->fault)
		return n;
	count = lxa_read(ldev, LXA_REG_CPL_COUNT);
	if (ldev->done - count <= LXA_RING_DEPTH)
		return n;
	if (count - ldev->done > lxa_in_flight(ldev)) {
		ldev->fault = true;
		return n;
	}
	dma_rmb();
	for (; ldev->done != count && lxa_sched_take(ldev, ended); n++)
		;
	return n;
}
