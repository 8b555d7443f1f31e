// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The interrupt: acknowledged, completions taken, the ring filled again.
 *
 * A line that keeps coming and brings nothing would eat the CPU (or the kernel would switch it off for good). After
 * LXA_STORM_IRQS of them in a row the driver switches it off itself, says so, lets the watch poll, and tries again after a
 * pause: a second, twice as long each time that the storm is still there, a minute at most.
 */
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>

#include "lxa_drv.h"

#define LXA_NS_PER_MS 1000000ull
#define LXA_ACKS 16 /* a bit that stays set after so many is the watch's business */
#define LXA_STORM_IRQS 1000
#define LXA_STORM_POLL_MS 2u
#define LXA_STORM_PAUSE_MS 1000u
#define LXA_STORM_PAUSE_MAX_MS 60000u

/* ---- on and off --------------------------------------------------------------------------------- */

/*
 * A job that somebody looks for (look.c) needs no interrupt, which would cost more than the job. So DONE is masked while nobody
 * has to be told; errors never are. Whoever goes to sleep, or waits for room in the ring, unmasks it.
 *
 * No job is lost in between: one that ended while DONE was masked has left its bit in IRQ_STATUS, and the line rises when the mask
 * arrives. The old bit is cleared only while nothing is in flight, so that it cannot be a job's that nobody has seen.
 */
void lxa_irq_need(struct lxa_dev *ldev)
{
	lockdep_assert_held(&ldev->lock);
	if (ldev->irq_on || ldev->dead || ldev->resetting)
		return;
	if (ldev->irq_stale && ldev->done == ldev->tail)
		lxa_write(ldev, LXA_REG_IRQ_STATUS, LXA_IRQ_STATUS_DONE_MASK);
	ldev->irq_stale = false;
	ldev->irq_on = true;
	lxa_write(ldev, LXA_REG_IRQ_MASK, LXA_IRQ_STATUS_DONE_MASK | LXA_IRQ_STATUS_ERROR_MASK);
}

/* Somebody found his job by looking: unless others sleep or jobs are left, the next one needs no interrupt. */
void lxa_irq_rest(struct lxa_dev *ldev)
{
	lockdep_assert_held(&ldev->lock);
	if (!ldev->irq_on || ldev->dead || ldev->resetting || ldev->sleepers || ldev->done != ldev->tail ||
	    !list_empty(&ldev->runq))
		return;
	ldev->irq_on = false;
	ldev->irq_stale = true;
	lxa_write(ldev, LXA_REG_IRQ_MASK, LXA_IRQ_STATUS_ERROR_MASK);
}

/* Around everything that sleeps on lxa_file.wait. */
void lxa_sleep_begin(struct lxa_dev *ldev)
{
	spin_lock(&ldev->lock);
	ldev->sleepers++;
	if (ldev->done != ldev->tail)
		lxa_irq_need(ldev);
	spin_unlock(&ldev->lock);
}

void lxa_sleep_end(struct lxa_dev *ldev)
{
	spin_lock(&ldev->lock);
	ldev->sleepers--;
	spin_unlock(&ldev->lock);
}

/* ---- the thread --------------------------------------------------------------------------------- */

/* From the interrupt's own thread: it may be running, and must not be waited for. */
static void lxa_storm_note(struct lxa_dev *ldev)
{
	if (atomic_inc_return(&ldev->idle_irqs) < LXA_STORM_IRQS || atomic_xchg(&ldev->storm, 1))
		return;
	disable_irq_nosync(ldev->irq);
	mod_delayed_work(ldev->wq, &ldev->watch, 0);
}

/*
 * All in the thread; the hard handler is the kernel's own, which wakes it. So no register is read within the reading of another one,
 * which the PCI bus of User Mode Linux cannot do (it answers the outer read with the value of the inner one).
 * Acknowledge before looking for records: a job that ends in between raises the line again. And until there is nothing left: a
 * message-signalled interrupt is sent when the line rises, so a line that stayed high would be silent from then on.
 */
irqreturn_t lxa_irq_thread(int irq, void *data)
{
	struct lxa_dev *ldev = data;
	u32 status = lxa_read(ldev, LXA_REG_IRQ_STATUS), seen = 0;
	LIST_HEAD(ended);
	int i;

	lxa_storm_note(ldev);
	if (!status || status == ~0u)
		return IRQ_NONE;
	for (i = 0; i < LXA_ACKS && status && status != ~0u; i++) {
		seen |= status;
		lxa_write(ldev, LXA_REG_IRQ_STATUS, status);
		status = lxa_read(ldev, LXA_REG_IRQ_STATUS);
	}

	spin_lock(&ldev->lock);
	if (!ldev->dead && !ldev->resetting) {
		if (!lxa_sched_poll(ldev, &ended) && ldev->done != ldev->tail)
			lxa_sched_reap(ldev, &ended);
		if ((seen & LXA_IRQ_STATUS_ERROR_MASK) && (lxa_read(ldev, LXA_REG_STATUS) & LXA_STATUS_ERROR_MASK))
			ldev->fault = true;
		if (ldev->fault)
			mod_delayed_work(ldev->wq, &ldev->watch, 0);
		else
			lxa_sched_kick(ldev);
	}
	spin_unlock(&ldev->lock);
	lxa_tasks_free(&ended);
	return IRQ_HANDLED;
}

/* ---- storms ------------------------------------------------------------------------------------- */

/* How long until the next look, during a storm: ms is what it would be otherwise. */
u32 lxa_storm_poll_ms(struct lxa_dev *ldev, u32 ms)
{
	lockdep_assert_held(&ldev->lock);
	return ldev->done != ldev->tail ? min(ms, LXA_STORM_POLL_MS) : LXA_STORM_PAUSE_MS / 4;
}

static void lxa_storm_begin(struct lxa_dev *ldev, u64 now)
{
	ldev->storm_ns = now;
	ldev->storms++;
	ldev->storm_pause_ms = clamp(2 * ldev->storm_pause_ms, LXA_STORM_PAUSE_MS, LXA_STORM_PAUSE_MAX_MS);
	dev_warn_ratelimited(ldev->dev, "interrupt storm: %u in a row without a job; switched off, polling for %u ms\n",
			     LXA_STORM_IRQS, ldev->storm_pause_ms);
}

/* On the watch, which holds no lock. hw_mutex: after the device has been stopped nobody touches its interrupt. */
void lxa_storm_watch(struct lxa_dev *ldev)
{
	u64 now = ktime_get_ns();

	if (!lxa_storm(ldev))
		return;
	mutex_lock(&ldev->hw_mutex);
	if (lxa_dead(ldev))
		goto out;
	if (!ldev->storm_ns) {
		lxa_storm_begin(ldev, now);
	} else if (now - ldev->storm_ns >= ldev->storm_pause_ms * LXA_NS_PER_MS) {
		ldev->storm_ns = 0;
		atomic_set(&ldev->idle_irqs, 0);
		atomic_set(&ldev->storm, 0);
		enable_irq(ldev->irq);
	}
out:
	mutex_unlock(&ldev->hw_mutex);
}
