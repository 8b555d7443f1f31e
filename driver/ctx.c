// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Contexts: queues of jobs, each with sequence numbers of its own, and waiting for them.
 */
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/slab.h>

#include "lxa_drv.h"

static void lxa_ctx_release(struct kref *ref)
{
	struct lxa_ctx *ctx = container_of(ref, struct lxa_ctx, ref);

	lxa_file_put(ctx->lf);
	kfree(ctx);
}

void lxa_ctx_put(struct lxa_ctx *ctx)
{
	kref_put(&ctx->ref, lxa_ctx_release);
}

/* With a reference, or NULL. */
struct lxa_ctx *lxa_ctx_find(struct lxa_file *lf, u32 id)
{
	struct lxa_ctx *ctx;

	mutex_lock(&lf->table_mutex);
	ctx = xa_load(&lf->ctxs, id);
	if (ctx)
		kref_get(&ctx->ref);
	mutex_unlock(&lf->table_mutex);
	return ctx;
}

/* Jobs a turn, or -errno. More than others get is for those who may raise priorities. */
static int lxa_ctx_turn(u32 flags)
{
	switch (flags) {
	case 0:
		return LXA_TURN_NORMAL;
	case LXA_CTX_LOW:
		return LXA_TURN_LOW;
	case LXA_CTX_HIGH:
		return capable(CAP_SYS_NICE) ? LXA_TURN_HIGH : -EPERM;
	default:
		return -EINVAL;
	}
}

static bool lxa_file_banned(struct lxa_file *lf)
{
	bool banned;

	spin_lock(&lf->ldev->lock);
	banned = lf->banned;
	spin_unlock(&lf->ldev->lock);
	return banned;
}

int lxa_ctx_create(struct lxa_file *lf, struct lxa_ctx_create *arg)
{
	int turn = lxa_ctx_turn(arg->flags), ret;
	struct lxa_ctx *ctx;

	if (turn < 0)
		return turn;
	if (arg->pad)
		return -EINVAL;
	if (lxa_file_banned(lf))
		return -EIO;
	ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	if (!ctx)
		return -ENOMEM;
	kref_init(&ctx->ref);
	INIT_LIST_HEAD(&ctx->queue);
	INIT_LIST_HEAD(&ctx->run_node);
	INIT_LIST_HEAD(&ctx->guilty_node);
	ctx->turn = turn;
	ctx->lf = lf;
	kref_get(&lf->ref);
	mutex_lock(&lf->table_mutex);
	ret = xa_alloc(&lf->ctxs, &ctx->id, ctx, XA_LIMIT(1, LXA_CTX_PER_FILE), GFP_KERNEL_ACCOUNT);
	arg->ctx = ctx->id;
	mutex_unlock(&lf->table_mutex);
	if (ret) {
		arg->ctx = 0;
		lxa_ctx_put(ctx);
		return ret == -EBUSY ? -ENOSPC : ret;
	}
	return 0;
}

/*
 * No handle names the context any more. Queued jobs end now, those in the ring when the device is done with them, all
 * with ECANCELED; whoever waits is told at once. Takes over the handle's reference.
 */
void lxa_ctx_close(struct lxa_ctx *ctx)
{
	struct lxa_dev *ldev = ctx->lf->ldev;
	LIST_HEAD(ended);
	u64 seqno;

	spin_lock(&ldev->lock);
	for (seqno = ctx->done; seqno < ctx->last; )
		lxa_ctx_note(ctx, ++seqno, -ECANCELED);
	ctx->closed = true;
	lxa_ctx_flush(ldev, ctx, ctx->last, -ECANCELED, &ended);
	wake_up_all(&ctx->lf->wait);
	if (ldev->done != ldev->tail)
		lxa_irq_need(ldev);	/* nobody looks any more, and the buffers are to go */
	spin_unlock(&ldev->lock);
	lxa_tasks_free(&ended);
	lxa_ctx_put(ctx);
}

int lxa_ctx_destroy(struct lxa_file *lf, struct lxa_ctx_destroy *arg)
{
	struct lxa_ctx *ctx;

	mutex_lock(&lf->table_mutex);
	ctx = xa_erase(&lf->ctxs, arg->ctx);
	mutex_unlock(&lf->table_mutex);
	if (!ctx)
		return -ENOENT;
	lxa_ctx_close(ctx);
	return 0;
}

/* ---- numbers ------------------------------------------------------------------------------------ */

/*
 * Job seqno has ended. Failures are kept as ranges until WAIT reports them; a chain that failed together is one range.
 * When there are more ranges than room the last one grows: no failure is forgotten, a late one may show an earlier
 * error.
 */
void lxa_ctx_note(struct lxa_ctx *ctx, u64 seqno, int error)
{
	struct lxa_failure *f = ctx->failures ? &ctx->failure[ctx->failures - 1] : NULL;

	lockdep_assert_held(&ctx->lf->ldev->lock);
	WRITE_ONCE(ctx->done, max(ctx->done, seqno));
	if (!error)
		return;
	if (f && (ctx->failures == LXA_FAILURES_PER_CTX || (f->error == error && f->last + 1 == seqno))) {
		f->last = seqno;
		return;
	}
	f = &ctx->failure[ctx->failures++];
	f->first = seqno;
	f->last = seqno;
	f->error = error;
}

/* The error of the first failed job up to seqno; all failures up to there count as reported. */
static int lxa_ctx_take_error(struct lxa_ctx *ctx, u64 seqno)
{
	u32 i, kept = 0;
	int error = 0;

	for (i = 0; i < ctx->failures; i++) {
		struct lxa_failure f = ctx->failure[i];

		if (f.first <= seqno) {
			if (!error)
				error = f.error;
			f.first = seqno + 1;
		}
		if (f.first <= f.last)
			ctx->failure[kept++] = f;
	}
	ctx->failures = kept;
	return error;
}

/* 1: look at the result; 0: wait on. */
static int lxa_ctx_over(struct lxa_ctx *ctx, u64 seqno)
{
	struct lxa_dev *ldev = ctx->lf->ldev;
	int over;

	spin_lock(&ldev->lock);
	over = ctx->done >= seqno || ldev->dead;
	spin_unlock(&ldev->lock);
	return over;
}

static int lxa_ctx_result(struct lxa_ctx *ctx, struct lxa_wait *arg)
{
	struct lxa_dev *ldev = ctx->lf->ldev;
	int ret = 0;

	spin_lock(&ldev->lock);
	if (arg->seqno > ctx->last)
		ret = -EINVAL;
	else if (ctx->done >= arg->seqno)
		arg->error = lxa_ctx_take_error(ctx, arg->seqno);
	else
		ret = ldev->dead ? -ENODEV : -ETIMEDOUT;
	spin_unlock(&ldev->lock);
	return ret;
}

/* 0, or the error of a sleep that was interrupted. */
static int lxa_ctx_sleep(struct lxa_ctx *ctx, u64 seqno, long left)
{
	struct lxa_file *lf = ctx->lf;
	long ret;

	lxa_sleep_begin(lf->ldev);
	ret = wait_event_interruptible_timeout(lf->wait, lxa_ctx_over(ctx, seqno), left);
	lxa_sleep_end(lf->ldev);
	return ret < 0 ? ret : 0;
}

static int lxa_ctx_wait_for(struct lxa_ctx *ctx, struct lxa_wait *arg)
{
	u64 start = ktime_get_ns();
	bool slept = false;
	long left;
	int ret;

	lxa_look_for(ctx, arg->seqno, !arg->deadline_ns);
	for (;;) {
		ret = lxa_ctx_result(ctx, arg);
		if (ret != -ETIMEDOUT)
			break;
		left = lxa_deadline_jiffies(arg->deadline_ns);
		if (!left)
			break;
		slept = true;
		ret = lxa_ctx_sleep(ctx, arg->seqno, left);
		if (ret)
			break;
	}
	if (slept)
		lxa_look_learn(ctx, start);
	return ret;
}

int lxa_ctx_wait(struct lxa_file *lf, struct lxa_wait *arg)
{
	struct lxa_ctx *ctx;
	int ret;

	arg->error = 0;
	if (arg->pad || arg->deadline_ns < 0)
		return -EINVAL;
	ctx = lxa_ctx_find(lf, arg->ctx);
	if (!ctx)
		return -ENOENT;
	ret = lxa_ctx_wait_for(ctx, arg);
	lxa_ctx_put(ctx);
	return ret;
}
