/* SPDX-License-Identifier: MIT */
/*
 * pci_function.h - the configuration space of the device as a PCI function: BAR 0 (registers), one MSI, and a vendor
 * capability by which a tester inside the guest reaches the simulator.
 */
#ifndef LXA_SERVE_PCI_FUNCTION_H
#define LXA_SERVE_PCI_FUNCTION_H

#include <stdint.h>

#define PCI_VENDOR 0x1234
#define PCI_DEVICE 0x4c58
#define PCI_BAR_BYTES 0x1000u
#define PCI_CFG_BYTES 256u

/* The vendor capability (README.md): writing SIM_FAULT arms a fault with the two words before it. */
#define PCI_SIM 0x50u
#define PCI_SIM_AFTER (PCI_SIM + 0x04)
#define PCI_SIM_COUNT (PCI_SIM + 0x08)
#define PCI_SIM_FAULT (PCI_SIM + 0x0c)
#define PCI_SIM_CYCLES (PCI_SIM + 0x10)	/* 64 bits, read only, as are the others */
#define PCI_SIM_JOBS (PCI_SIM + 0x18)
#define PCI_SIM_IRQS (PCI_SIM + 0x20)
#define PCI_SIM_BUS_ERRORS (PCI_SIM + 0x28)
#define PCI_SIM_BYTES 0x30u

struct pci_function {
	uint8_t cfg[PCI_CFG_BYTES];
	uint8_t writable[PCI_CFG_BYTES]; /* bits that the guest may change */
};

struct pci_msi {
	uint64_t addr;
	uint16_t data;
};

void pci_function_init(struct pci_function *f, uint16_t subsystem);

/* len 1, 2, 4 or 8 bytes. What is outside reads as ones and takes no writes. */
void pci_cfg_read(const struct pci_function *f, uint64_t off, void *buf, uint32_t len);
void pci_cfg_write(struct pci_function *f, uint64_t off, const void *buf, uint32_t len);

uint32_t pci_cfg_get32(const struct pci_function *f, uint32_t off);
void pci_cfg_put64(struct pci_function *f, uint32_t off, uint64_t val);

int pci_memory_on(const struct pci_function *f);	/* BAR 0 answers */
int pci_master_on(const struct pci_function *f);	/* DMA and MSI are allowed */
int pci_msi_on(const struct pci_function *f, struct pci_msi *msi);

#endif
