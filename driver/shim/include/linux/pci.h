/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* There is no PCI bus here: drivers register and are never probed; every other call aborts with its name. */
#ifndef SHIM_LINUX_PCI_H
#define SHIM_LINUX_PCI_H

#include <linux/device.h>
#include <linux/mod_devicetable.h>

struct pci_dev {
	struct device dev;
	unsigned short vendor, device, subsystem_vendor, subsystem_device;
};
struct pci_driver {
	const char *name;
	const struct pci_device_id *id_table;
	int (*probe)(struct pci_dev *pdev, const struct pci_device_id *id);
	void (*remove)(struct pci_dev *pdev);
	void (*shutdown)(struct pci_dev *pdev);
	struct device_driver driver;
};
#define PCI_DEVICE(v, d) .vendor = (v), .device = (d), .subvendor = PCI_ANY_ID, .subdevice = PCI_ANY_ID
#define PCI_IRQ_MSI 2u
#define PCI_IRQ_MSIX 4u

int pci_register_driver(struct pci_driver *drv);
void pci_unregister_driver(struct pci_driver *drv);
int pcim_enable_device(struct pci_dev *pdev);
int pcim_iomap_regions(struct pci_dev *pdev, int mask, const char *name);
void __iomem *const *pcim_iomap_table(struct pci_dev *pdev);
void pci_set_master(struct pci_dev *pdev);
void pci_clear_master(struct pci_dev *pdev);
int pci_alloc_irq_vectors(struct pci_dev *pdev, unsigned int lo, unsigned int hi, unsigned int flags);
int pci_irq_vector(struct pci_dev *pdev, unsigned int n);
void pci_free_irq_vectors(struct pci_dev *pdev);
static inline void pci_set_drvdata(struct pci_dev *p, void *data) { dev_set_drvdata(&p->dev, data); }
static inline void *pci_get_drvdata(struct pci_dev *p) { return dev_get_drvdata(&p->dev); }

#endif
