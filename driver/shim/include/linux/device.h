/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Devices: a name, a parent, driver data, a reference count and a list of things to undo. */
#ifndef SHIM_LINUX_DEVICE_H
#define SHIM_LINUX_DEVICE_H

#include <linux/types.h>
#include <linux/printk.h>
#include <linux/list.h>
#include <linux/kref.h>
#include <linux/slab.h>
#include <linux/err.h>

struct device_node;
struct of_device_id;
struct module;

struct device_driver {
	const char *name;
	struct module *owner;
	const struct of_device_id *of_match_table;
};

struct device {
	const char *init_name;
	struct device *parent;
	void *driver_data;
	u64 dma_mask;			/* 0: not set yet, and then nothing can be allocated */
	struct kref ref;
	struct list_head devres;
	void (*release)(struct device *dev);
	struct host_dev *host;		/* special to user space: the simulated device behind it */
};

const char *dev_name(const struct device *dev);
struct device *get_device(struct device *dev);
void put_device(struct device *dev);
static inline void dev_set_drvdata(struct device *dev, void *data) { dev->driver_data = data; }
static inline void *dev_get_drvdata(const struct device *dev) { return dev->driver_data; }

/* Undone in reverse order when the driver leaves the device or its probe fails. */
int shim_devres_add(struct device *dev, void (*undo)(void *arg), void *arg);

void shim_dev_printk(int level, const struct device *dev, const char *fmt, ...) __printf(3, 4);
#define dev_err(d, fmt, ...) shim_dev_printk(KERN_LEVEL_ERR, d, fmt, ##__VA_ARGS__)
#define dev_warn(d, fmt, ...) shim_dev_printk(KERN_LEVEL_WARN, d, fmt, ##__VA_ARGS__)
#define dev_notice(d, fmt, ...) shim_dev_printk(KERN_LEVEL_NOTICE, d, fmt, ##__VA_ARGS__)
#define dev_info(d, fmt, ...) shim_dev_printk(KERN_LEVEL_INFO, d, fmt, ##__VA_ARGS__)
#define dev_dbg(d, fmt, ...) shim_dev_printk(KERN_LEVEL_DEBUG, d, fmt, ##__VA_ARGS__)
#define __shim_limited(call) do { static long __last; if (shim_ratelimit(&__last)) call; } while (0)
#define dev_err_ratelimited(d, fmt, ...) __shim_limited(dev_err(d, fmt, ##__VA_ARGS__))
#define dev_warn_ratelimited(d, fmt, ...) __shim_limited(dev_warn(d, fmt, ##__VA_ARGS__))
int dev_err_probe(const struct device *dev, int err, const char *fmt, ...) __printf(3, 4);

#endif
