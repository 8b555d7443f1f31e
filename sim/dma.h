/* SPDX-License-Identifier: MIT */
/* dma.h - which host memory the device sees at which bus addresses. Not locked: the device's lock guards it. */
#ifndef LXA_SIM_DMA_H
#define LXA_SIM_DMA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dma_map {
	uint64_t iova, len;
	uint8_t *host;
	unsigned int prot;		/* LXA_SIM_DMA_* */
};

struct dma_table {
	struct dma_map *maps;		/* by ascending iova, never overlapping */
	size_t count, room;
	size_t hit;			/* index of the last mapping found: DMA streams, so it is nearly always right again */
};

int dma_add(struct dma_table *t, uint64_t iova, void *host, uint64_t len, unsigned int prot);
int dma_remove(struct dma_table *t, uint64_t iova, uint64_t len); /* exactly one mapping; -ENOENT */
void dma_free(struct dma_table *t);

/* Host address of [iova, iova + len) when it lies in one mapping that allows all of prot, else NULL. */
uint8_t *dma_find(struct dma_table *t, uint64_t iova, uint64_t len, unsigned int prot);

#ifdef __cplusplus
}
#endif
#endif
