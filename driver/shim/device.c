// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Devices and the two buses: a platform bus with the simulated devices on it, and a PCI bus with nothing on it. */
#include <linux/pci.h>
#include <linux/property.h>

#include "shim.h"

#include <stdlib.h>

#define COMPATIBLE "lxa,lxa-1"

struct devres {
	struct list_head link;
	void (*undo)(void *arg);
	void *arg;
};

/* Guarded by the loader's lock. */
static LIST_HEAD(devices);
static struct platform_driver *driver;

/* ---- struct device ------------------------------------------------------------------------------------------------ */

const char *dev_name(const struct device *dev)
{
	return dev->init_name ? dev->init_name : "(unnamed)";
}

static void no_release(struct kref *ref)
{
	shim_die("%s: put_device() once too often", dev_name(container_of(ref, struct device, ref)));
}

struct device *get_device(struct device *dev)
{
	if (dev)
		kref_get(&dev->ref);
	return dev;
}

/* The last reference is the shim's own and is dropped by shim_dev_destroy(). */
void put_device(struct device *dev)
{
	if (dev)
		kref_put(&dev->ref, no_release);
}

int shim_devres_add(struct device *dev, void (*undo)(void *arg), void *arg)
{
	struct devres *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	*r = (struct devres) { .undo = undo, .arg = arg };
	list_add(&r->link, &dev->devres);
	return 0;
}

static void undo_devres(struct device *dev)
{
	struct devres *r, *n;

	list_for_each_entry_safe(r, n, &dev->devres, link) {
		list_del(&r->link);
		r->undo(r->arg);
		free(r);
	}
}

int device_property_read_string(const struct device *dev, const char *name, const char **val)
{
	if (strcmp(name, "engine"))
		return -EINVAL;
	*val = host_engine(dev->host);
	return 0;
}

/* ---- the platform bus ----------------------------------------------------------------------------------------------- */

static struct shim_dev *to_shim(struct platform_device *pdev)
{
	return container_of(pdev, struct shim_dev, pdev);
}

int platform_get_irq(struct platform_device *pdev, unsigned int n)
{
	return n ? -ENXIO : (int)to_shim(pdev)->irq;
}

void __iomem *devm_platform_ioremap_resource(struct platform_device *pdev, unsigned int n)
{
	struct shim_dev *sd = to_shim(pdev);

	might_sleep();
	if (n)
		return ERR_PTR(-EINVAL);
	if (shim_should_fail("devm_platform_ioremap_resource"))
		return ERR_PTR(-ENOMEM);
	if (sd->regs)
		return ERR_PTR(-EBUSY);
	sd->regs = shim_io_attach(sd->host);
	return sd->regs;
}

static bool matches(const struct of_device_id *t)
{
	for (; t && t->compatible[0]; t++)
		if (!strcmp(t->compatible, COMPATIBLE))
			return true;
	return false;
}

int shim_dev_bind(struct shim_dev *sd)
{
	int ret;

	if (!driver || !matches(driver->driver.of_match_table))
		return -ENODEV;
	ret = driver->probe(&sd->pdev);
	if (!ret) {
		sd->bound = true;
		return 0;
	}
	undo_devres(&sd->pdev.dev);
	if (sd->regs)
		shim_io_detach(sd->regs);
	sd->regs = NULL;
	sd->pdev.dev.driver_data = NULL;
	return ret;
}

void shim_dev_shutdown(struct shim_dev *sd)
{
	if (sd->bound && driver->shutdown)
		driver->shutdown(&sd->pdev);
}

void shim_dev_unbind(struct shim_dev *sd)
{
	if (!sd->bound)
		return;
	sd->bound = false;
	driver->remove(&sd->pdev);
	undo_devres(&sd->pdev.dev);
	if (sd->regs)
		shim_io_detach(sd->regs);
	sd->regs = NULL;
	sd->pdev.dev.driver_data = NULL;
	if (shim_misc_find(&sd->pdev.dev))
		shim_die("%s: the driver left, its character device did not", sd->name);
}

int platform_driver_register(struct platform_driver *drv)
{
	if (driver)
		shim_die("only one platform driver fits this bus");
	if (shim_should_fail("platform_driver_register"))
		return -ENOMEM;
	driver = drv;
	return 0;
}

void platform_driver_unregister(struct platform_driver *drv)
{
	struct shim_dev *sd;

	list_for_each_entry(sd, &devices, link)
		shim_dev_unbind(sd);
	driver = NULL;
}

/* ---- simulated devices ------------------------------------------------------------------------------------------------- */

int shim_dev_create(const char *path, const struct host_options *opt, struct shim_dev **out, char *err, size_t err_len)
{
	static unsigned int number;
	struct shim_dev *sd = calloc(1, sizeof(*sd));
	struct device *dev;
	int ret = -ENOMEM;

	if (!sd)
		return ret;
	sd->path = strdup(path);
	if (!sd->path)
		goto free_dev;
	ret = host_create(opt, &sd->host, err, err_len);
	if (ret)
		goto free_dev;
	snprintf(sd->name, sizeof(sd->name), "lxa.%u", number++);
	sd->irq = shim_irq_attach(sd->host);
	sd->pdev.name = sd->name;
	dev = &sd->pdev.dev;
	dev->init_name = sd->name;
	dev->host = sd->host;
	kref_init(&dev->ref);
	INIT_LIST_HEAD(&dev->devres);
	list_add_tail(&sd->link, &devices);
	*out = sd;
	return 0;
free_dev:
	free(sd->path);
	free(sd);
	return ret;
}

void shim_dev_destroy(struct shim_dev *sd)
{
	unsigned int refs = kref_read(&sd->pdev.dev.ref);

	if (refs != 1)
		shim_printk(KERN_LEVEL_ERR, "leak: device %s has %u references left", sd->name, refs - 1);
	list_del(&sd->link);
	host_destroy(sd->host);
	shim_irq_detach(sd->irq);
	free(sd->path);
	free(sd);
}

struct shim_dev *shim_dev_find(const char *path)
{
	struct shim_dev *sd;

	list_for_each_entry(sd, &devices, link)
		if (!path || !strcmp(sd->path, path))
			return sd;
	return NULL;
}

void shim_dev_flush(void)
{
	struct shim_dev *sd;

	list_for_each_entry(sd, &devices, link)
		host_flush(sd->host);
}

void shim_dev_reset(void)
{
	INIT_LIST_HEAD(&devices);
	driver = NULL;
}

/* ---- the PCI bus ---------------------------------------------------------------------------------------------------------- */

int pci_register_driver(struct pci_driver *drv)
{
	return shim_should_fail("pci_register_driver") ? -ENOMEM : 0;
}

void pci_unregister_driver(struct pci_driver *drv)
{
}

#define NOT_HERE(name) shim_die("%s: there is no PCI device in the shim", name)

int pcim_enable_device(struct pci_dev *pdev) { NOT_HERE(__func__); }
int pcim_iomap_regions(struct pci_dev *pdev, int mask, const char *name) { NOT_HERE(__func__); }
void __iomem *const *pcim_iomap_table(struct pci_dev *pdev) { NOT_HERE(__func__); }
void pci_set_master(struct pci_dev *pdev) { NOT_HERE(__func__); }
void pci_clear_master(struct pci_dev *pdev) { NOT_HERE(__func__); }
int pci_alloc_irq_vectors(struct pci_dev *pdev, unsigned int lo, unsigned int hi, unsigned int flags) { NOT_HERE(__func__); }
int pci_irq_vector(struct pci_dev *pdev, unsigned int n) { NOT_HERE(__func__); }
void pci_free_irq_vectors(struct pci_dev *pdev) { NOT_HERE(__func__); }
