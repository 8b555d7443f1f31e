// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Probe path 2: a PCI function. BAR 0 holds the registers; one MSI or MSI-X vector carries the interrupt line.
 * The subsystem device id tells what is behind it: enum lxa_platform, 0 = silicon.
 */
#include <linux/errno.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "lxa_drv.h"

#define LXA_PCI_VENDOR 0x1234
#define LXA_PCI_DEVICE 0x4c58
#define LXA_PCI_BAR 0

static u32 lxa_pci_type(struct pci_dev *pdev)
{
	u32 id = pdev->subsystem_device;

	return id == LXA_PLATFORM_RTL || id == LXA_PLATFORM_MODEL ? id : LXA_PLATFORM_HARDWARE;
}

static int lxa_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct lxa_dev *ldev;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = pcim_iomap_regions(pdev, 1 << LXA_PCI_BAR, "lxa");
	if (ret)
		return ret;
	pci_set_master(pdev);
	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI | PCI_IRQ_MSIX);
	if (ret < 0)
		goto err_master;
	ldev = lxa_dev_probe(&pdev->dev, pcim_iomap_table(pdev)[LXA_PCI_BAR], pci_irq_vector(pdev, 0),
			     lxa_pci_type(pdev));
	if (IS_ERR(ldev)) {
		ret = PTR_ERR(ldev);
		goto err_vectors;
	}
	pci_set_drvdata(pdev, ldev);
	return 0;

err_vectors:
	pci_free_irq_vectors(pdev);
err_master:
	pci_clear_master(pdev);
	return ret;
}

static void lxa_pci_remove(struct pci_dev *pdev)
{
	lxa_dev_remove(pci_get_drvdata(pdev));
	pci_free_irq_vectors(pdev);
	pci_clear_master(pdev);
}

static void lxa_pci_shutdown(struct pci_dev *pdev)
{
	lxa_dev_shutdown(pci_get_drvdata(pdev));
	pci_clear_master(pdev);
}

static const struct pci_device_id lxa_pci_ids[] = {
	{ PCI_DEVICE(LXA_PCI_VENDOR, LXA_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, lxa_pci_ids);

static struct pci_driver lxa_pci_driver = {
	.name = "lxa",
	.id_table = lxa_pci_ids,
	.probe = lxa_pci_probe,
	.remove = lxa_pci_remove,
	.shutdown = lxa_pci_shutdown,
};

int lxa_pci_init(void)
{
	return pci_register_driver(&lxa_pci_driver);
}

void lxa_pci_exit(void)
{
	pci_unregister_driver(&lxa_pci_driver);
}
