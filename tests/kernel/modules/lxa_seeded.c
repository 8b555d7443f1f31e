// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * For tests: a mistake of each kind that kernel-test-san is there to find. If one of them passes unseen, the checkers sleep.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

static char *bug = "";
module_param(bug, charp, 0444);
MODULE_PARM_DESC(bug, "uaf, lock, leak or dma");

static DEFINE_MUTEX(lxa_seeded_a);
static DEFINE_MUTEX(lxa_seeded_b);

static int lxa_seeded_uaf(void)
{
	volatile char *p = kmalloc(64, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	kfree((void *)p);
	p[5] = 1;
	return 0;
}

/* Two orders: no deadlock now, one day. */
static int lxa_seeded_lock(void)
{
	mutex_lock(&lxa_seeded_a);
	mutex_lock(&lxa_seeded_b);
	mutex_unlock(&lxa_seeded_b);
	mutex_unlock(&lxa_seeded_a);
	mutex_lock(&lxa_seeded_b);
	mutex_lock(&lxa_seeded_a);
	mutex_unlock(&lxa_seeded_a);
	mutex_unlock(&lxa_seeded_b);
	return 0;
}

static int lxa_seeded_leak(void)
{
	int i;

	for (i = 0; i < 10; i++)
		if (!kmalloc(200, GFP_KERNEL))
			return -ENOMEM;
	return 0;
}

/* Nobody asks whether the mapping has worked. */
static int lxa_seeded_dma(void)
{
	struct platform_device *pdev = platform_device_register_simple("lxa_seeded", -1, NULL, 0);
	void *mem = kmalloc(256, GFP_KERNEL);
	dma_addr_t dma;
	int ret;

	if (IS_ERR(pdev) || !mem) {
		kfree(mem);
		return -ENOMEM;
	}
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (!ret) {
		dma = dma_map_single(&pdev->dev, mem, 256, DMA_TO_DEVICE);
		dma_unmap_single(&pdev->dev, dma, 256, DMA_TO_DEVICE);
	}
	platform_device_unregister(pdev);
	kfree(mem);
	return ret;
}

static int __init lxa_seeded_init(void)
{
	if (!strcmp(bug, "uaf"))
		return lxa_seeded_uaf();
	if (!strcmp(bug, "lock"))
		return lxa_seeded_lock();
	if (!strcmp(bug, "leak"))
		return lxa_seeded_leak();
	if (!strcmp(bug, "dma"))
		return lxa_seeded_dma();
	return -EINVAL;
}

static void __exit lxa_seeded_exit(void)
{
}

module_init(lxa_seeded_init);
module_exit(lxa_seeded_exit);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("mistakes for LXA's kernel tests to find");
