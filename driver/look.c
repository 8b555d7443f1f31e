// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Looking: who waits for a short job watches its completion record in memory for a moment before sleeping. An interrupt, its
 * acknowledgement and two changes of threads take longer than such a job. For a context whose jobs take longer than LXA_LOOK_NS
 * several times in a row nobody looks any more, but for a try now and then.
 */
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/sched.h>

#include "lxa_drv.h"

#define LXA_LOOK_NS 100000u
#define LXA_LOOK_AGAIN 16u	/* slow waits until looking is tried again */

/*
 * Take what is complete by the records in memory. False: not now. With jobs waiting for room in the ring there are interrupts
 * (lxa_sched_kick()), and the thread behind them takes several jobs at a time and rings the bell once for all that follow.
 */
bool lxa_look(struct lxa_dev *ldev)
{
	LIST_HEAD(ended);
	bool may;

	spin_lock(&ldev->lock);
	may = !ldev->dead && !ldev->resetting && list_empty(&ldev->runq);
	if (may)
		lxa_sched_poll(ldev, &ended);
	if (may && ldev->fault)
		mod_delayed_work(ldev->wq, &ldev->watch, 0);
	spin_unlock(&ldev->lock);
	lxa_tasks_free(&ended);
	return may;
}

/* Until the job has ended, for LXA_LOOK_NS at most. A job that is not the oldest ends when those before it have. */
static bool lxa_look_on(struct lxa_ctx *ctx, u64 seqno)
{
	struct lxa_dev *ldev = ctx->lf->ldev;
	u64 end = ktime_get_ns() + LXA_LOOK_NS;
	bool may = true;

	for (;;) {
		if (lxa_sched_fresh(ldev))
			may = lxa_look(ldev);
		if (READ_ONCE(ctx->done) >= seqno)
			return true;
		if (!may || need_resched() || ktime_get_ns() > end)
			return false;
		cpu_relax();
	}
}

/* Not where the last looks were in vain. */
static bool lxa_look_worth(struct lxa_ctx *ctx, u64 seqno)
{
	if (seqno > ctx->last)
		return false;
	return !lxa_ctx_slow(ctx) || ++ctx->slow_waits >= LXA_LOOK_AGAIN;
}

/* For WAIT. once: no more than what is there already. */
void lxa_look_for(struct lxa_ctx *ctx, u64 seqno, bool once)
{
	struct lxa_dev *ldev = ctx->lf->ldev;
	bool worth, found;

	if (!lxa_look(ldev) || once)
		return;
	spin_lock(&ldev->lock);
	worth = lxa_look_worth(ctx, seqno);
	spin_unlock(&ldev->lock);
	if (!worth)
		return;
	found = lxa_look_on(ctx, seqno);
	spin_lock(&ldev->lock);
	ctx->slow_waits = 0;
	ctx->missed = found ? 0 : min(ctx->missed + 1, LXA_LOOK_MISSES);
	if (found)
		lxa_irq_rest(ldev);
	spin_unlock(&ldev->lock);
}

/* After a wait that slept: would looking have done? */
void lxa_look_learn(struct lxa_ctx *ctx, u64 start_ns)
{
	if (ktime_get_ns() - start_ns > LXA_LOOK_NS)
		return;
	spin_lock(&ctx->lf->ldev->lock);
	ctx->missed = 0;
	spin_unlock(&ctx->lf->ldev->lock);
}
