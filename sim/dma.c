/* SPDX-License-Identifier: MIT */
/* dma.c - the table of DMA windows: a sorted array, because there are few mappings and very many look-ups. */
#include "dma.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Index of the first mapping that ends after iova (count when there is none). */
static size_t lower_bound(const struct dma_table *t, uint64_t iova)
{
	size_t lo = 0, hi = t->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct dma_map *m = &t->maps[mid];

		if (iova >= m->iova && iova - m->iova >= m->len)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int dma_add(struct dma_table *t, uint64_t iova, void *host, uint64_t len, unsigned int prot)
{
	size_t i;

	if (!len || !host || !prot || iova + (len - 1) < iova)
		return -EINVAL;
	i = lower_bound(t, iova);
	if (i < t->count && t->maps[i].iova <= iova + (len - 1))
		return -EEXIST;
	if (t->count == t->room) {
		size_t room = t->room ? t->room * 2 : 16;
		struct dma_map *maps = realloc(t->maps, room * sizeof(*maps));

		if (!maps)
			return -ENOMEM;
		t->maps = maps;
		t->room = room;
	}
	memmove(&t->maps[i + 1], &t->maps[i], (t->count - i) * sizeof(*t->maps));
	t->maps[i] = (struct dma_map){ .iova = iova, .len = len, .host = host, .prot = prot };
	t->count++;
	return 0;
}

int dma_remove(struct dma_table *t, uint64_t iova, uint64_t len)
{
	size_t i = lower_bound(t, iova);

	if (i == t->count || t->maps[i].iova != iova || t->maps[i].len != len)
		return -ENOENT;
	t->count--;
	memmove(&t->maps[i], &t->maps[i + 1], (t->count - i) * sizeof(*t->maps));
	t->hit = 0;
	return 0;
}

void dma_free(struct dma_table *t)
{
	free(t->maps);
	memset(t, 0, sizeof(*t));
}

uint8_t *dma_find(struct dma_table *t, uint64_t iova, uint64_t len, unsigned int prot)
{
	const struct dma_map *m;

	if (t->hit >= t->count || iova < t->maps[t->hit].iova || iova - t->maps[t->hit].iova >= t->maps[t->hit].len) {
		size_t i = lower_bound(t, iova);

		if (i == t->count)
			return NULL;
		t->hit = i;
	}
	m = &t->maps[t->hit];
	if (iova < m->iova || len > m->len || iova - m->iova > m->len - len || (m->prot & prot) != prot)
		return NULL;
	return m->host + (iova - m->iova);
}
