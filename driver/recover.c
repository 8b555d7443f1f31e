// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The watch runs every so often while jobs are in the ring, and at once when the device reports an error. It first
 * looks for completions (an interrupt may have been lost), then whether PROGRESS moves; a device that stands still for
 * timeout_ms, or a job older than hard_cap_ms, is reset; what it was doing is saved before (dump.c). A hang is the oldest job's fault (ETIMEDOUT); with an error
 * the device names the job. The rest of its context ends with EIO, jobs of other contexts start again: running a job twice
 * gives the same output, because its operands and its output do not overlap and outputs are written in order.
 */
#include <linux/errno.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>

#include "lxa_drv.h"
#include "uapi/lxa_dump.h"

#define LXA_NS_PER_MS 1000000ull
#define LXA_WATCH_MAX_MS 25u	/* how late a lost interrupt, or that PROGRESS stands still, is noticed */
#define LXA_WATCH_FIRST_MS 5u	/* after a job has become the oldest: what moved before that look counts from then */
#define LXA_BANS_PER_FILE 4	/* banned contexts until the open file is */

static u32 lxa_timeout(void)
{
	return max(READ_ONCE(lxa_timeout_ms), 1u);
}

/* When the job in the ring counts as hung, should nothing move until then. */
static u64 lxa_expiry_ns(const struct lxa_dev *ldev)
{
	return min(ldev->moved_ns + lxa_timeout() * LXA_NS_PER_MS,
		   ldev->oldest_ns + READ_ONCE(lxa_hard_cap_ms) * LXA_NS_PER_MS);
}

/* The next look: often enough for lost interrupts, and none too late for the time-out. */
void lxa_watch_arm(struct lxa_dev *ldev)
{
	u32 ms = clamp(lxa_timeout() / 4, 1u, LXA_WATCH_MAX_MS);
	u64 now = ktime_get_ns(), expiry = lxa_expiry_ns(ldev);

	lockdep_assert_held(&ldev->lock);
	if (ldev->dead)
		return;
	if (ldev->looked_ns <= ldev->oldest_ns)
		ms = min(ms, LXA_WATCH_FIRST_MS);
	if (ldev->done != ldev->tail)
		ms = min_t(u64, ms, expiry > now ? (expiry - now) / LXA_NS_PER_MS + 1 : 1);
	else if (!lxa_storm(ldev))
		return;
	if (lxa_storm(ldev))
		ms = lxa_storm_poll_ms(ldev, ms);
	queue_delayed_work(ldev->wq, &ldev->watch, msecs_to_jiffies(ms));
}

static bool lxa_hung(struct lxa_dev *ldev)
{
	u64 now = ktime_get_ns();
	u32 progress;

	if (ldev->done == ldev->tail)
		return false;
	/* Nobody has looked for long: the whole machine stood still, or a virtual one did, and the device with it. */
	if (ldev->looked_ns > ldev->moved_ns && now - ldev->looked_ns > 4 * LXA_WATCH_MAX_MS * LXA_NS_PER_MS)
		ldev->moved_ns += now - ldev->looked_ns;
	ldev->looked_ns = now;
	progress = lxa_read(ldev, LXA_REG_PROGRESS);
	if (progress != ldev->progress) {
		ldev->progress = progress;
		ldev->moved_ns = now;
	}
	return now >= lxa_expiry_ns(ldev);
}

/* Before the reset forgets it. */
static void lxa_judge(struct lxa_dev *ldev, struct lxa_verdict *v)
{
	u32 status, stream;
	bool still = ktime_get_ns() - ldev->moved_ns >= lxa_timeout() * LXA_NS_PER_MS;

	v->named = false;
	v->seq = 0;
	v->error = ldev->fault ? -EIO : -ETIMEDOUT;
	v->cause = ldev->fault ? LXA_DUMP_NONSENSE : still ? LXA_DUMP_HANG : LXA_DUMP_TOO_LONG;
	if (!(lxa_read(ldev, LXA_REG_STATUS) & LXA_STATUS_ERROR_MASK))
		return;
	v->cause = LXA_DUMP_ERROR;
	status = lxa_read(ldev, LXA_REG_ERR_STATUS);
	stream = lxa_read(ldev, LXA_REG_ERR_STREAM);
	v->seq = lxa_read(ldev, LXA_REG_ERR_SEQ);
	/*
	 * A descriptor that cannot be read has no number, and all jobs before it are complete: the oldest. Else the
	 * named one may be younger than the oldest, when its operands were being loaded ahead.
	 */
	v->named = stream != LXA_HW_STREAM_CMD;
	v->error = status == LXA_HW_STATUS_WINDOW ? -EFAULT : -EIO;
	dev_dbg(ldev->dev, "job %u: error %u of stream %u\n", v->seq, status, stream);
}

static struct lxa_task *lxa_slot_take(struct lxa_dev *ldev, u32 count)
{
	struct lxa_task **slot = &ldev->slot[count & (LXA_RING_ENTRIES - 1)], *task = *slot;

	*slot = NULL;
	return task;
}

/* The guilty job, when it is still in the ring and no completion record has named it. With the lock. */
struct lxa_task *lxa_culprit(struct lxa_dev *ldev, const struct lxa_verdict *v)
{
	struct lxa_task *task;
	u32 i;

	if (!list_empty(&ldev->guilty) || ldev->done == ldev->tail)
		return NULL;	/* a completion record has named it, or nobody is there */
	for (i = ldev->done; v->named && i != ldev->tail; i++) {
		task = ldev->slot[i & (LXA_RING_ENTRIES - 1)];
		if (task->hw_seq == v->seq)
			return task;
	}
	return ldev->slot[ldev->done & (LXA_RING_ENTRIES - 1)];
}

/*
 * Empty the ring: the guilty contexts' jobs end, oldest first, the others go back to the front of their queues.
 * Older jobs of the guilty context end with EIO as well: run again, they would end after younger ones.
 */
static void lxa_ring_clear(struct lxa_dev *ldev, const struct lxa_verdict *v, struct list_head *ended)
{
	struct lxa_task *culprit = lxa_culprit(ldev, v), *task, *next;
	LIST_HEAD(again);

	if (culprit)
		lxa_ctx_accuse(ldev, culprit->ctx);
	while (ldev->done != ldev->tail) {
		task = lxa_slot_take(ldev, ldev->done);
		if (task->ctx->closed || !list_empty(&task->ctx->guilty_node))
			lxa_task_end(ldev, task, task == culprit ? v->error : -EIO, NULL, ended);
		else
			list_add(&task->node, &again);	/* newest first */
		WRITE_ONCE(ldev->done, ldev->done + 1);
	}
	list_for_each_entry_safe(task, next, &again, node) {
		list_del(&task->node);
		lxa_sched_requeue(ldev, task);
	}
}

/* A context that breaks the device again and again is banned, and with some of them the open file is. */
static void lxa_ctx_strike(struct lxa_ctx *ctx)
{
	u64 now = ktime_get_ns(), forget = 60000 * LXA_NS_PER_MS + 2 * lxa_timeout() * LXA_NS_PER_MS;
	u32 ban = READ_ONCE(lxa_ban_after);

	if (ctx->strikes && now - ctx->strike_ns > forget)
		ctx->strikes = 0;
	ctx->strike_ns = now;
	ctx->strikes++;
	if (!ban || ctx->strikes < ban || ctx->banned)
		return;
	ctx->banned = true;
	if (++ctx->lf->bans >= LXA_BANS_PER_FILE)
		ctx->lf->banned = true;
}

/* Flush the guilty contexts. Their references go to `guilty`, for lxa_put_guilty() without the lock. */
static u32 lxa_punish(struct lxa_dev *ldev, struct list_head *ended, struct lxa_ctx *guilty[LXA_RING_ENTRIES])
{
	struct lxa_ctx *ctx;
	u32 n = 0;

	/* One for a slot of the ring at most: only jobs that were in it are accused. */
	while (!list_empty(&ldev->guilty)) {
		ctx = list_first_entry(&ldev->guilty, struct lxa_ctx, guilty_node);
		list_del_init(&ctx->guilty_node);
		lxa_ctx_flush(ldev, ctx, ctx->guilty_last, -EIO, ended);
		lxa_ctx_strike(ctx);
		guilty[n++] = ctx;
	}
	return n;
}

static void lxa_put_guilty(struct lxa_ctx *guilty[LXA_RING_ENTRIES], u32 n)
{
	while (n)
		lxa_ctx_put(guilty[--n]);
}

/* It would not even reset: from now on there is no device. Its memory is kept, for it may still write there. */
static void lxa_give_up(struct lxa_dev *ldev)
{
	dev_err(ldev->dev, "no answer to a reset: the device is given up\n");
	lxa_bo_keep(ldev);
}

/* Stop the interrupt and look once more. False: the device has moved on meanwhile, there is nothing to recover. */
static bool lxa_recover_begin(struct lxa_dev *ldev, struct lxa_verdict *verdict, struct list_head *ended)
{
	bool go;

	spin_lock(&ldev->lock);
	go = !ldev->dead;
	ldev->resetting = true;
	spin_unlock(&ldev->lock);
	if (!go)
		return false;
	lxa_write(ldev, LXA_REG_IRQ_MASK, 0);
	synchronize_irq(ldev->irq);
	spin_lock(&ldev->lock);
	if (lxa_sched_reap(ldev, ended) && !ldev->fault) {
		ldev->resetting = false;
		ldev->irq_on = true;
		lxa_write(ldev, LXA_REG_IRQ_MASK, LXA_IRQ_STATUS_DONE_MASK | LXA_IRQ_STATUS_ERROR_MASK);
		lxa_sched_kick(ldev);
		go = false;
	} else {
		lxa_judge(ldev, verdict);
	}
	spin_unlock(&ldev->lock);
	return go;
}

static void lxa_report(struct lxa_dev *ldev, const struct lxa_verdict *v)
{
	static const char *const cause[] = {
		[LXA_DUMP_HANG] = "no progress", [LXA_DUMP_TOO_LONG] = "a job runs for too long",
		[LXA_DUMP_ERROR] = "the device stopped at a job", [LXA_DUMP_NONSENSE] = "completions make no sense",
	};

	dev_warn_ratelimited(ldev->dev, "reset: %s (progress %u, completed %u of %u)\n", cause[v->cause], ldev->progress,
			     ldev->done, ldev->tail);
}

static void lxa_recover(struct lxa_dev *ldev)
{
	LIST_HEAD(ended);
	struct lxa_ctx *guilty[LXA_RING_ENTRIES];
	struct lxa_verdict verdict;
	u32 n_guilty;
	int ret;

	mutex_lock(&ldev->hw_mutex);
	if (!lxa_recover_begin(ldev, &verdict, &ended))
		goto out;
	lxa_report(ldev, &verdict);
	lxa_dump(ldev, &verdict);
	ret = lxa_hw_reset(ldev);
	if (ret)
		lxa_give_up(ldev);
	spin_lock(&ldev->lock);
	lxa_ring_clear(ldev, &verdict, &ended);
	n_guilty = lxa_punish(ldev, &ended, guilty);
	if (ret) {
		ldev->dead = true;
		lxa_sched_fail_all(ldev, -ENODEV, &ended);
	} else {
		lxa_hw_start(ldev);
	}
	ldev->resets++;
	ldev->resetting = false;
	ldev->fault = false;
	lxa_sched_kick(ldev);
	spin_unlock(&ldev->lock);
	lxa_put_guilty(guilty, n_guilty);
	if (ret)
		lxa_wake_files(ldev);
out:
	mutex_unlock(&ldev->hw_mutex);
	lxa_tasks_free(&ended);
}

void lxa_watch(struct work_struct *work)
{
	struct lxa_dev *ldev = container_of(work, struct lxa_dev, watch.work);
	bool recover = false;
	LIST_HEAD(ended);

	lxa_storm_watch(ldev);
	spin_lock(&ldev->lock);
	if (!ldev->dead) {
		lxa_sched_reap(ldev, &ended);
		if (lxa_read(ldev, LXA_REG_STATUS) & LXA_STATUS_ERROR_MASK)
			ldev->fault = true;
		recover = ldev->fault || lxa_hung(ldev);
		if (!recover)
			lxa_sched_kick(ldev);
	}
	spin_unlock(&ldev->lock);
	lxa_tasks_free(&ended);
	if (recover)
		lxa_recover(ldev);
	spin_lock(&ldev->lock);
	lxa_watch_arm(ldev);
	spin_unlock(&ldev->lock);
}
