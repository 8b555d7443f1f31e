// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * For tests: presents the PCI function as the platform device of the device tree, so that the driver's other probe path runs in
 * User Mode Linux, which knows no other bus. Load it before the driver, or it finds the function taken.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/pci.h>
#include <linux/platform_device.h>

static int lxa_bridge_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct platform_device_info info = {
		.parent = &pdev->dev,
		.name = "lxa",
		.id = PLATFORM_DEVID_AUTO,
		.dma_mask = DMA_BIT_MASK(64),
		.of_node_reused = true,
	};
	struct platform_device *child;
	struct resource res[2];
	struct device_node *node;
	int ret;

	node = of_find_compatible_node(NULL, NULL, "lxa,lxa-1");
	if (!node) {
		dev_err(&pdev->dev, "the device tree has no lxa,lxa-1: boot with dtb=\n");
		return -ENODEV;
	}
	ret = pcim_enable_device(pdev);
	if (ret)
		goto err_node;
	pci_set_master(pdev);
	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
	if (ret < 0)
		goto err_node;
	res[0] = (struct resource)DEFINE_RES_MEM(pci_resource_start(pdev, 0), pci_resource_len(pdev, 0));
	res[0].parent = &pdev->resource[0];	/* else it becomes the parent of what it describes */
	res[1] = (struct resource)DEFINE_RES_IRQ(pci_irq_vector(pdev, 0));
	info.res = res;
	info.num_res = ARRAY_SIZE(res);
	info.fwnode = of_fwnode_handle(node);
	child = platform_device_register_full(&info);
	if (IS_ERR(child)) {
		ret = PTR_ERR(child);
		goto err_vectors;
	}
	pci_set_drvdata(pdev, child);
	of_node_put(node);		/* the child has a reference of its own */
	return 0;

err_vectors:
	pci_free_irq_vectors(pdev);
err_node:
	of_node_put(node);
	return ret;
}

static void lxa_bridge_remove(struct pci_dev *pdev)
{
	platform_device_unregister(pci_get_drvdata(pdev));
	pci_free_irq_vectors(pdev);
	pci_clear_master(pdev);
}

static const struct pci_device_id lxa_bridge_ids[] = {
	{ PCI_DEVICE(0x1234, 0x4c58) },
	{ }
};

static struct pci_driver lxa_bridge_driver = {
	.name = "lxa_bridge",
	.id_table = lxa_bridge_ids,
	.probe = lxa_bridge_probe,
	.remove = lxa_bridge_remove,
};
module_pci_driver(lxa_bridge_driver);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("LXA's PCI function as a platform device, for tests");
