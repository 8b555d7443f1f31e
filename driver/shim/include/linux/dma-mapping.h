/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Coherent DMA memory. Bus addresses are a window of their own; the device sees memory through another mapping than the CPU. */
#ifndef SHIM_LINUX_DMA_MAPPING_H
#define SHIM_LINUX_DMA_MAPPING_H

#include <linux/device.h>
#include <linux/atomic.h>

struct vm_area_struct;
#define DMA_BIT_MASK(n) ((n) == 64 ? ~0ULL : (1ULL << (n)) - 1)

int dma_set_mask_and_coherent(struct device *dev, u64 mask);
void *shim_dma_alloc(struct device *dev, size_t size, dma_addr_t *dma, gfp_t gfp, const char *site);
#define dma_alloc_coherent(dev, size, dma, gfp) shim_dma_alloc((dev), (size), (dma), (gfp), __SHIM_SITE)
void dma_free_coherent(struct device *dev, size_t size, void *cpu, dma_addr_t dma);
int dma_mmap_coherent(struct device *dev, struct vm_area_struct *vma, void *cpu, dma_addr_t dma, size_t size);

#endif
