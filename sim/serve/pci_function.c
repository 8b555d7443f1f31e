/* SPDX-License-Identifier: MIT */
/* pci_function.c - offsets and bits are those of the PCI Local Bus Specification 3.0, type 0 header. */
#include "pci_function.h"

#include <string.h>

#define CFG_VENDOR 0x00
#define CFG_DEVICE 0x02
#define CFG_COMMAND 0x04
#define CFG_STATUS 0x06
#define CFG_REVISION 0x08
#define CFG_CLASS 0x09			/* three bytes */
#define CFG_BAR0 0x10
#define CFG_SUBSYSTEM_VENDOR 0x2c
#define CFG_SUBSYSTEM 0x2e
#define CFG_CAPABILITIES 0x34
#define CFG_INTERRUPT_LINE 0x3c

#define COMMAND_MEMORY 0x0002u
#define COMMAND_MASTER 0x0004u
#define COMMAND_INTX_OFF 0x0400u
#define STATUS_CAPABILITIES 0x0010u
#define CLASS_ACCELERATOR 0x120000u

#define MSI 0x40
#define MSI_CONTROL (MSI + 2)
#define MSI_ADDR (MSI + 4)
#define MSI_DATA (MSI + 12)
#define MSI_ENABLE 0x0001u
#define MSI_64BIT 0x0080u
#define CAP_MSI 0x05
#define CAP_VENDOR 0x09

static void put(uint8_t *p, uint64_t val, unsigned int len)
{
	for (; len; len--, val >>= 8)
		*p++ = (uint8_t)val;
}

static uint64_t get(const uint8_t *p, unsigned int len)
{
	uint64_t val = 0;

	while (len--)
		val = val << 8 | p[len];
	return val;
}

void pci_function_init(struct pci_function *f, uint16_t subsystem)
{
	memset(f, 0, sizeof(*f));
	put(f->cfg + CFG_VENDOR, PCI_VENDOR, 2);
	put(f->cfg + CFG_DEVICE, PCI_DEVICE, 2);
	put(f->writable + CFG_COMMAND, COMMAND_MEMORY | COMMAND_MASTER | COMMAND_INTX_OFF, 2);
	put(f->cfg + CFG_STATUS, STATUS_CAPABILITIES, 2);
	put(f->cfg + CFG_REVISION, 1, 1);
	put(f->cfg + CFG_CLASS, CLASS_ACCELERATOR, 3);
	put(f->writable + CFG_BAR0, ~(uint32_t)(PCI_BAR_BYTES - 1), 4); /* the guest finds the size by writing ones */
	put(f->cfg + CFG_SUBSYSTEM_VENDOR, PCI_VENDOR, 2);
	put(f->cfg + CFG_SUBSYSTEM, subsystem, 2);
	put(f->cfg + CFG_CAPABILITIES, MSI, 1);
	put(f->writable + CFG_INTERRUPT_LINE, 0xff, 1);

	put(f->cfg + MSI, CAP_MSI | PCI_SIM << 8, 2);
	put(f->cfg + MSI_CONTROL, MSI_64BIT, 2);
	put(f->writable + MSI_CONTROL, MSI_ENABLE, 2);
	put(f->writable + MSI_ADDR, ~3ull, 8);
	put(f->writable + MSI_DATA, 0xffff, 2);

	put(f->cfg + PCI_SIM, CAP_VENDOR | PCI_SIM_BYTES << 16, 4);
	put(f->writable + PCI_SIM_AFTER, ~0u, 4);
	put(f->writable + PCI_SIM_COUNT, ~0u, 4);
	put(f->writable + PCI_SIM_FAULT, 0xff, 4);
}

void pci_cfg_read(const struct pci_function *f, uint64_t off, void *buf, uint32_t len)
{
	memset(buf, 0xff, len);
	if (off < PCI_CFG_BYTES && len <= PCI_CFG_BYTES - off)
		memcpy(buf, f->cfg + off, len);
}

void pci_cfg_write(struct pci_function *f, uint64_t off, const void *buf, uint32_t len)
{
	const uint8_t *src = buf;

	if (off >= PCI_CFG_BYTES || len > PCI_CFG_BYTES - off)
		return;
	for (; len; len--, off++, src++)
		f->cfg[off] = (uint8_t)((f->cfg[off] & ~f->writable[off]) | (*src & f->writable[off]));
}

uint32_t pci_cfg_get32(const struct pci_function *f, uint32_t off)
{
	return (uint32_t)get(f->cfg + off, 4);
}

void pci_cfg_put64(struct pci_function *f, uint32_t off, uint64_t val)
{
	put(f->cfg + off, val, 8);
}

int pci_memory_on(const struct pci_function *f)
{
	return f->cfg[CFG_COMMAND] & COMMAND_MEMORY ? 1 : 0;
}

int pci_master_on(const struct pci_function *f)
{
	return f->cfg[CFG_COMMAND] & COMMAND_MASTER ? 1 : 0;
}

int pci_msi_on(const struct pci_function *f, struct pci_msi *msi)
{
	msi->addr = get(f->cfg + MSI_ADDR, 8);
	msi->data = (uint16_t)get(f->cfg + MSI_DATA, 2);
	return (f->cfg[MSI_CONTROL] & MSI_ENABLE) && pci_master_on(f);
}
