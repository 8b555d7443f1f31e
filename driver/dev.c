// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * One device: identification, parameters, reset and start of the hardware, life from probe to removal, counters.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/idr.h>
#include <linux/interrupt.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "lxa_drv.h"

#define LXA_MAJOR_KNOWN 1
#define LXA_RESET_TRIES 20000	/* of 50 us: a second */
#define LXA_FIELD(reg, name) (((reg) & LXA_##name##_MASK) >> LXA_##name##_SHIFT)
#define LXA_DESC_RING_BYTES (LXA_RING_ENTRIES * LXA_DESC_BYTES)
#define LXA_CPL_RING_BYTES (LXA_RING_ENTRIES * LXA_CPL_BYTES)

static DEFINE_IDA(lxa_ida);

/* ---- hardware ----------------------------------------------------------------------------------- */

/* Soft reset. The device then knows no ring and reads and writes no memory. -ETIMEDOUT: it may still. */
int lxa_hw_reset(struct lxa_dev *ldev)
{
	int i;

	lxa_write(ldev, LXA_REG_IRQ_MASK, 0);
	lxa_write(ldev, LXA_REG_CTRL, LXA_CTRL_RESET_MASK);
	for (i = 0; i < LXA_RESET_TRIES; i++) {
		u32 ctrl = lxa_read(ldev, LXA_REG_CTRL);

		if (ctrl == ~0u)	/* a PCI function that has been pulled out */
			return -ENODEV;
		if (!(ctrl & LXA_CTRL_RESET_MASK) && !(lxa_read(ldev, LXA_REG_STATUS) & LXA_STATUS_RESETTING_MASK))
			return 0;
		usleep_range(50, 100);
	}
	return -ETIMEDOUT;
}

/* After a reset: tell the device its rings and let it run. Nobody else touches the scheduler's state meanwhile. */
void lxa_hw_start(struct lxa_dev *ldev)
{
	memset(ldev->cpl, 0, LXA_CPL_RING_BYTES);
	lxa_write(ldev, LXA_REG_RING_BASE_LO, lower_32_bits(ldev->desc_dma));
	lxa_write(ldev, LXA_REG_RING_BASE_HI, upper_32_bits(ldev->desc_dma));
	lxa_write(ldev, LXA_REG_RING_LOG2, LXA_RING_LOG2);
	lxa_write(ldev, LXA_REG_CPL_BASE_LO, lower_32_bits(ldev->cpl_dma));
	lxa_write(ldev, LXA_REG_CPL_BASE_HI, upper_32_bits(ldev->cpl_dma));
	ldev->tail = lxa_read(ldev, LXA_REG_RING_HEAD);
	WRITE_ONCE(ldev->done, ldev->tail); /* a CPL_COUNT that says otherwise is a fault for lxa_sched_reap(), no job */
	lxa_write(ldev, LXA_REG_RING_TAIL, ldev->tail);
	lxa_write(ldev, LXA_REG_IRQ_STATUS, LXA_IRQ_STATUS_DONE_MASK | LXA_IRQ_STATUS_ERROR_MASK);
	ldev->irq_on = true;
	lxa_write(ldev, LXA_REG_IRQ_MASK, LXA_IRQ_STATUS_DONE_MASK | LXA_IRQ_STATUS_ERROR_MASK);
	lxa_write(ldev, LXA_REG_CTRL, LXA_CTRL_ENABLE_MASK);
}

static void lxa_read_caps(struct lxa_dev *ldev)
{
	struct lxa_caps *caps = &ldev->caps;
	u32 v;

	v = lxa_read(ldev, LXA_REG_CFG_SHIFT);
	caps->shift_oc = LXA_FIELD(v, CFG_SHIFT_OC);
	caps->shift_ic = LXA_FIELD(v, CFG_SHIFT_IC);
	v = lxa_read(ldev, LXA_REG_CFG_XNOR);
	caps->xnor_oc = LXA_FIELD(v, CFG_XNOR_OC);
	caps->xnor_ic = LXA_FIELD(v, CFG_XNOR_IC);
	v = lxa_read(ldev, LXA_REG_CFG_OUT);
	caps->out_lanes = LXA_FIELD(v, CFG_OUT_LANES);
	caps->acc_w = LXA_FIELD(v, CFG_OUT_ACC_W);
	caps->half_w = LXA_FIELD(v, CFG_OUT_HALF_W);
	caps->xacc_w = LXA_FIELD(v, CFG_OUT_XACC_W);
	caps->act_bytes = lxa_read(ldev, LXA_REG_CFG_ACT);
	caps->acc_pixels = lxa_read(ldev, LXA_REG_CFG_ACC);
	caps->wgt_bytes = lxa_read(ldev, LXA_REG_CFG_WGT);
	v = lxa_read(ldev, LXA_REG_CFG_BUS);
	caps->bus_bytes = LXA_FIELD(v, CFG_BUS_BUS_BYTES);
	caps->word_bytes = LXA_FIELD(v, CFG_BUS_WORD_BYTES);
	caps->modes = lxa_read(ldev, LXA_REG_CFG_MODES);
	caps->rd_bursts = LXA_FIELD(lxa_read(ldev, LXA_REG_CFG_RING), CFG_RING_RD_OUTSTANDING);
}

static int lxa_identify(struct lxa_dev *ldev)
{
	u32 id = lxa_read(ldev, LXA_REG_ID);
	u32 ring;

	ldev->hw_id = id;
	if (LXA_FIELD(id, ID_MAGIC) != LXA_MAGIC || LXA_FIELD(id, ID_MAJOR) != LXA_MAJOR_KNOWN) {
		dev_err(ldev->dev, "register ID is 0x%08x: not an LXA device of major version %d\n", id,
			LXA_MAJOR_KNOWN);
		return -ENODEV;
	}
	lxa_read_caps(ldev);
	ring = lxa_read(ldev, LXA_REG_CFG_RING);
	if (!lxa_caps_sane(&ldev->caps) || LXA_FIELD(ring, CFG_RING_LOG2_MAX) < LXA_RING_LOG2) {
		dev_err(ldev->dev, "the CFG registers describe a device this driver cannot use\n");
		return -ENODEV;
	}
	return 0;
}

/* ---- life --------------------------------------------------------------------------------------- */

static int lxa_rings_alloc(struct lxa_dev *ldev)
{
	ldev->desc = dma_alloc_coherent(ldev->dev, LXA_DESC_RING_BYTES, &ldev->desc_dma, GFP_KERNEL);
	if (!ldev->desc)
		return -ENOMEM;
	ldev->cpl = dma_alloc_coherent(ldev->dev, LXA_CPL_RING_BYTES, &ldev->cpl_dma, GFP_KERNEL);
	if (!ldev->cpl) {
		dma_free_coherent(ldev->dev, LXA_DESC_RING_BYTES, ldev->desc, ldev->desc_dma);
		return -ENOMEM;
	}
	return 0;
}

static void lxa_rings_free(struct lxa_dev *ldev)
{
	dma_free_coherent(ldev->dev, LXA_CPL_RING_BYTES, ldev->cpl, ldev->cpl_dma);
	dma_free_coherent(ldev->dev, LXA_DESC_RING_BYTES, ldev->desc, ldev->desc_dma);
}

static void lxa_dev_release(struct kref *ref)
{
	struct lxa_dev *ldev = container_of(ref, struct lxa_dev, ref);

	put_device(ldev->dev);
	kfree(ldev);
}

void lxa_dev_get(struct lxa_dev *ldev)
{
	kref_get(&ldev->ref);
}

void lxa_dev_put(struct lxa_dev *ldev)
{
	kref_put(&ldev->ref, lxa_dev_release);
}

static struct lxa_dev *lxa_dev_new(struct device *dev, void __iomem *regs, int irq, u32 platform)
{
	struct lxa_dev *ldev = kzalloc(sizeof(*ldev), GFP_KERNEL);

	if (!ldev)
		return NULL;
	kref_init(&ldev->ref);
	ldev->dev = get_device(dev);
	ldev->regs = regs;
	ldev->irq = irq;
	ldev->platform = platform;
	mutex_init(&ldev->hw_mutex);
	mutex_init(&ldev->bo_mutex);
	spin_lock_init(&ldev->lock);
	INIT_LIST_HEAD(&ldev->bos);
	INIT_LIST_HEAD(&ldev->maps);
	INIT_LIST_HEAD(&ldev->files);
	INIT_LIST_HEAD(&ldev->users);
	INIT_LIST_HEAD(&ldev->runq);
	INIT_LIST_HEAD(&ldev->guilty);
	INIT_DELAYED_WORK(&ldev->watch, lxa_watch);
	return ldev;
}

static int lxa_misc_add(struct lxa_dev *ldev)
{
	ldev->misc.minor = MISC_DYNAMIC_MINOR;
	ldev->misc.name = ldev->name;
	ldev->misc.fops = &lxa_fops;
	ldev->misc.parent = ldev->dev;
	ldev->misc.mode = 0666;	/* made for unprivileged users: jobs are validated, memory is bounded */
	return misc_register(&ldev->misc);
}

/* Nothing new, then nothing running: hardware, interrupt, work. The result is the reset's. */
static int lxa_dev_stop(struct lxa_dev *ldev)
{
	int ret;

	mutex_lock(&ldev->hw_mutex);	/* a recovery under way would start the device again */
	spin_lock(&ldev->lock);
	ldev->dead = true;
	spin_unlock(&ldev->lock);
	ret = lxa_hw_reset(ldev);
	mutex_unlock(&ldev->hw_mutex);
	free_irq(ldev->irq, ldev);
	cancel_delayed_work_sync(&ldev->watch);
	return ret;
}

struct lxa_dev *lxa_dev_probe(struct device *dev, void __iomem *regs, int irq, u32 platform)
{
	struct lxa_dev *ldev;
	int ret;

	ldev = lxa_dev_new(dev, regs, irq, platform);
	if (!ldev)
		return ERR_PTR(-ENOMEM);
	ret = ida_alloc(&lxa_ida, GFP_KERNEL);
	if (ret < 0)
		goto err_put;
	ldev->id = ret;
	snprintf(ldev->name, sizeof(ldev->name), "lxa%d", ldev->id);
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		goto err_ida;
	ret = lxa_identify(ldev);
	if (ret)
		goto err_ida;
	ret = lxa_hw_reset(ldev);
	if (ret)
		goto err_ida;
	ret = lxa_rings_alloc(ldev);
	if (ret)
		goto err_ida;
	ldev->wq = alloc_ordered_workqueue("%s", 0, ldev->name);
	if (!ldev->wq) {
		ret = -ENOMEM;
		goto err_rings;
	}
	ret = request_threaded_irq(irq, NULL, lxa_irq_thread, IRQF_ONESHOT, ldev->name, ldev);
	if (ret)
		goto err_wq;
	lxa_hw_start(ldev);
	ret = lxa_misc_add(ldev);
	if (ret)
		goto err_irq;
	dev_info(dev, "%s: LXA %u.%u, shift %ux%u, XNOR %ux%u, modes 0x%x\n", ldev->name,
		 LXA_FIELD(ldev->hw_id, ID_MAJOR), LXA_FIELD(ldev->hw_id, ID_MINOR), ldev->caps.shift_oc,
		 ldev->caps.shift_ic, ldev->caps.xnor_oc, ldev->caps.xnor_ic, ldev->caps.modes);
	return ldev;

err_irq:
	lxa_dev_stop(ldev);
err_wq:
	destroy_workqueue(ldev->wq);
err_rings:
	lxa_rings_free(ldev);
err_ida:
	ida_free(&lxa_ida, ldev->id);
err_put:
	lxa_dev_put(ldev);
	return ERR_PTR(ret);
}

/*
 * The machine goes down or another kernel starts: the device must not touch memory any more. Nothing is freed; whoever still
 * calls gets ENODEV.
 */
void lxa_dev_shutdown(struct lxa_dev *ldev)
{
	LIST_HEAD(ended);
	int ret;

	mutex_lock(&ldev->hw_mutex);
	spin_lock(&ldev->lock);
	ldev->dead = true;
	spin_unlock(&ldev->lock);
	ret = lxa_hw_reset(ldev);
	if (ret)
		dev_err(ldev->dev, "no answer to the reset at shutdown\n");
	if (ret == -ETIMEDOUT)
		lxa_bo_keep(ldev);
	mutex_unlock(&ldev->hw_mutex);
	spin_lock(&ldev->lock);
	lxa_sched_fail_all(ldev, -ENODEV, &ended);
	spin_unlock(&ldev->lock);
	lxa_tasks_free(&ended);
	lxa_wake_files(ldev);
}

/*
 * The device goes; files may be open, buffers mapped, jobs running. First nothing new (dead), then nothing running
 * (interrupt, work, hardware), then the memory, which is taken even from under mappings (they fault from then on).
 */
void lxa_dev_remove(struct lxa_dev *ldev)
{
	LIST_HEAD(ended);
	bool stopped;
	int ret;

	misc_deregister(&ldev->misc);
	ret = lxa_dev_stop(ldev);
	destroy_workqueue(ldev->wq);

	stopped = ret != -ETIMEDOUT;
	if (!stopped)
		dev_err(ldev->dev, "no answer to the reset at removal: memory it may write to is not reused\n");
	spin_lock(&ldev->lock);
	lxa_sched_fail_all(ldev, -ENODEV, &ended);
	spin_unlock(&ldev->lock);
	lxa_bo_take_all(ldev, stopped);
	lxa_tasks_free(&ended);
	if (stopped)
		lxa_rings_free(ldev);
	ida_free(&lxa_ida, ldev->id);
	lxa_dev_put(ldev);
}

/* ---- parameters and counters -------------------------------------------------------------------- */

int lxa_get_param(struct lxa_dev *ldev, struct lxa_get_param *arg)
{
	const struct lxa_caps *caps = &ldev->caps;

	switch (arg->param) {
	case LXA_PARAM_ABI_VERSION:	arg->value = LXA_ABI_VERSION; break;
	case LXA_PARAM_PLATFORM:	arg->value = ldev->platform; break;
	case LXA_PARAM_HW_ID:		arg->value = ldev->hw_id; break;
	case LXA_PARAM_SHIFT_OC:	arg->value = caps->shift_oc; break;
	case LXA_PARAM_SHIFT_IC:	arg->value = caps->shift_ic; break;
	case LXA_PARAM_XNOR_OC:		arg->value = caps->xnor_oc; break;
	case LXA_PARAM_XNOR_IC:		arg->value = caps->xnor_ic; break;
	case LXA_PARAM_OUT_LANES:	arg->value = caps->out_lanes; break;
	case LXA_PARAM_ACC_W:		arg->value = caps->acc_w; break;
	case LXA_PARAM_HALF_W:		arg->value = caps->half_w; break;
	case LXA_PARAM_XACC_W:		arg->value = caps->xacc_w; break;
	case LXA_PARAM_ACT_BYTES:	arg->value = caps->act_bytes; break;
	case LXA_PARAM_ACC_PIXELS:	arg->value = caps->acc_pixels; break;
	case LXA_PARAM_WGT_BYTES:	arg->value = caps->wgt_bytes; break;
	case LXA_PARAM_BUS_BYTES:	arg->value = caps->bus_bytes; break;
	case LXA_PARAM_WORD_BYTES:	arg->value = caps->word_bytes; break;
	case LXA_PARAM_MODES:		arg->value = caps->modes; break;
	case LXA_PARAM_RD_BURSTS:	arg->value = caps->rd_bursts; break;
	case LXA_PARAM_MAX_JOBS:	arg->value = LXA_JOBS_PER_SUBMIT; break;
	case LXA_PARAM_TIMEOUT_MS:	arg->value = READ_ONCE(lxa_timeout_ms); break;
	case LXA_PARAM_BO_BYTES_MAX:	arg->value = (u64)READ_ONCE(lxa_bo_mb) << 20; break;
	case LXA_PARAM_RESET_COUNT:
		spin_lock(&ldev->lock);
		arg->value = ldev->resets;
		spin_unlock(&ldev->lock);
		break;
	default:
		return -EOPNOTSUPP;
	}
	return 0;
}

void lxa_snapshot(struct lxa_dev *ldev)
{
	lxa_write(ldev, LXA_REG_CTRL, LXA_CTRL_ENABLE_MASK | LXA_CTRL_SNAPSHOT_MASK);
}

/* As they were at the last snapshot. */
void lxa_read_counters(struct lxa_dev *ldev, u64 values[LXA_CNT_COUNT])
{
	u32 i, reg;

	for (i = 0; i < LXA_CNT_COUNT; i++) {
		reg = LXA_REG_CNT_CYCLES_LO + 8 * i;
		values[i] = lxa_read(ldev, reg) | (u64)lxa_read(ldev, reg + 4) << 32;
	}
}

/* One snapshot at a time: hw_mutex. It also keeps recovery and removal away from the registers. */
static int lxa_counters(struct lxa_dev *ldev, u64 *values)
{
	int ret = 0;

	mutex_lock(&ldev->hw_mutex);
	if (lxa_dead(ldev)) {
		ret = -ENODEV;
		goto out;
	}
	lxa_snapshot(ldev);
	lxa_read_counters(ldev, values);
out:
	mutex_unlock(&ldev->hw_mutex);
	return ret;
}

int lxa_perf_read(struct lxa_dev *ldev, struct lxa_perf_read *arg)
{
	u64 values[LXA_CNT_COUNT];
	u32 count = min_t(u32, arg->count, LXA_CNT_COUNT);
	int ret;

	BUILD_BUG_ON(LXA_REG_CNT_JOBS_LO != LXA_REG_CNT_CYCLES_LO + 8 * LXA_CNT_JOBS);
	if (arg->flags || arg->pad)
		return -EINVAL;
	ret = lxa_counters(ldev, values);
	if (ret)
		return ret;
	if (copy_to_user(u64_to_user_ptr(arg->values), values, count * sizeof(values[0])))
		return -EFAULT;
	arg->count = LXA_CNT_COUNT;
	return 0;
}
