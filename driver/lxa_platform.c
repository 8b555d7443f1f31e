// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Probe path 1: a platform device described by a device tree ("lxa,lxa-1"; also the user-space shim's device).
 */
#include <linux/device.h>
#include <linux/errno.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/string.h>

#include "compat.h"
#include "lxa_drv.h"

/* A simulated device says which engine is behind it; silicon has no such property. */
static u32 lxa_platform_type(struct device *dev)
{
	const char *engine;

	if (device_property_read_string(dev, "engine", &engine))
		return LXA_PLATFORM_HARDWARE;
	return strcmp(engine, "model") ? LXA_PLATFORM_RTL : LXA_PLATFORM_MODEL;
}

static int lxa_platform_probe(struct platform_device *pdev)
{
	struct lxa_dev *ldev;
	void __iomem *regs;
	int irq;

	regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(regs))
		return PTR_ERR(regs);
	irq = platform_get_irq(pdev, 0);
	if (irq < 0)
		return irq;
	ldev = lxa_dev_probe(&pdev->dev, regs, irq, lxa_platform_type(&pdev->dev));
	if (IS_ERR(ldev))
		return PTR_ERR(ldev);
	platform_set_drvdata(pdev, ldev);
	return 0;
}

static lxa_remove_t lxa_platform_remove(struct platform_device *pdev)
{
	lxa_dev_remove(platform_get_drvdata(pdev));
	return LXA_REMOVE_DONE;
}

static void lxa_platform_shutdown(struct platform_device *pdev)
{
	lxa_dev_shutdown(platform_get_drvdata(pdev));
}

static const struct of_device_id lxa_of_match[] = {
	{ .compatible = "lxa,lxa-1" },
	{ }
};
MODULE_DEVICE_TABLE(of, lxa_of_match);

static struct platform_driver lxa_platform_driver = {
	.probe = lxa_platform_probe,
	.remove = lxa_platform_remove,
	.shutdown = lxa_platform_shutdown,
	.driver = {
		.name = "lxa",
		.of_match_table = lxa_of_match,
	},
};

int lxa_platform_init(void)
{
	return platform_driver_register(&lxa_platform_driver);
}

void lxa_platform_exit(void)
{
	platform_driver_unregister(&lxa_platform_driver);
}
