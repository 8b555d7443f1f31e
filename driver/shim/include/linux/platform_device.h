/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Platform devices and drivers, matched by the compatible string lxa,lxa-1. */
#ifndef SHIM_LINUX_PLATFORM_DEVICE_H
#define SHIM_LINUX_PLATFORM_DEVICE_H

#include <linux/device.h>
#include <linux/mod_devicetable.h>

struct platform_device {
	const char *name;
	struct device dev;
};
struct platform_driver {
	int (*probe)(struct platform_device *pdev);
	int (*remove)(struct platform_device *pdev);
	void (*shutdown)(struct platform_device *pdev);
	struct device_driver driver;
};

int platform_driver_register(struct platform_driver *drv);
void platform_driver_unregister(struct platform_driver *drv);
int platform_get_irq(struct platform_device *pdev, unsigned int n);
void __iomem *devm_platform_ioremap_resource(struct platform_device *pdev, unsigned int n);
static inline void platform_set_drvdata(struct platform_device *p, void *data) { dev_set_drvdata(&p->dev, data); }
static inline void *platform_get_drvdata(const struct platform_device *p) { return dev_get_drvdata(&p->dev); }

#endif
