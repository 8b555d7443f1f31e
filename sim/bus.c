/* SPDX-License-Identifier: MIT */
/* bus.c - memory accesses of the model engine, and what happens around a job: fault activation, log, statistics. */
#include "bus.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lxa_regs.h"

static int bus_fault(struct bus *b, int kind, const char *dir, uint64_t iova)
{
	if (!fault_take(&b->fault, kind))
		return 0;
	trace_line(&b->trace, b->now, "fault %s %" PRIx64, dir, iova);
	return 1;
}

/* The longest start of [iova, iova + len) that is mapped tells where the access fails. */
static uint64_t first_bad(struct bus *b, uint64_t iova, size_t len, unsigned int prot)
{
	uint64_t lo = 0, hi = len;

	while (hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (dma_find(&b->dma, iova, mid, prot))
			lo = mid;
		else
			hi = mid;
	}
	return (iova + lo) & ~(uint64_t)(b->beat - 1);
}

int bus_read(struct bus *b, uint64_t iova, void *dst, size_t len, uint64_t *bad)
{
	const uint8_t *src;
	size_t off;

	if (bus_fault(b, LXA_SIM_FAULT_READ_ERROR, "read-error", iova)) {
		*bad = iova;
		return -EIO;
	}
	src = dma_find(&b->dma, iova, len, LXA_SIM_DMA_READ);
	if (!src) {
		*bad = first_bad(b, iova, len, LXA_SIM_DMA_READ);
		b->stats.bus_errors++;
		return -EIO;
	}
	memcpy(dst, src, len);
	b->stats.rd_bytes += len;
	for (off = 0; off < len && b->fault.active[LXA_SIM_FAULT_BIT_FLIP]; off += b->beat) {
		size_t n = len - off < b->beat ? len - off : b->beat;

		bus_fault(b, LXA_SIM_FAULT_BIT_FLIP, "bit-flip", iova + off);
		fault_flip(&b->fault, (uint8_t *)dst + off, (unsigned int)n);
	}
	return 0;
}

uint8_t *bus_write_ptr(struct bus *b, uint64_t iova, size_t len, uint64_t *bad)
{
	uint8_t *dst;

	if (bus_fault(b, LXA_SIM_FAULT_WRITE_ERROR, "write-error", iova)) {
		*bad = iova;
		return NULL;
	}
	dst = dma_find(&b->dma, iova, len, LXA_SIM_DMA_WRITE);
	if (!dst) {
		*bad = first_bad(b, iova, len, LXA_SIM_DMA_WRITE);
		b->stats.bus_errors++;
	}
	return dst;
}

void bus_job_started(struct bus *b, const uint32_t *desc)
{
	unsigned int mask;
	int i;

	b->stats.jobs++;
	b->trace.started++;
	trace_desc(&b->trace, b->now, desc);
	mask = fault_job_started(&b->fault);
	for (i = 1; i < FAULT_KINDS; i++)
		if (mask & 1u << i)
			trace_line(&b->trace, b->now, "fault %s active", fault_name(i));
	if (mask & 1u << LXA_SIM_FAULT_HANG) {
		b->hung = 1;
		b->fault.active[LXA_SIM_FAULT_HANG] = 0;
	}
	if (mask & 1u << LXA_SIM_FAULT_SPURIOUS_IRQ) {
		b->spurious += b->fault.active[LXA_SIM_FAULT_SPURIOUS_IRQ];
		b->fault.active[LXA_SIM_FAULT_SPURIOUS_IRQ] = 0;
	}
}

void bus_spoil_record(struct bus *b, uint32_t *rec)
{
	if (!fault_take(&b->fault, LXA_SIM_FAULT_BAD_RECORD))
		return;
	fault_flip(&b->fault, (uint8_t *)rec, 4 * sizeof(*rec));
	trace_line(&b->trace, b->now, "fault bad-record");
}

void bus_put_head(uint8_t *dst, const uint32_t *rec)
{
	memcpy(dst, rec, 4 * LXA_C_COUNT);
	__atomic_store_n((uint32_t *)(void *)(dst + 4 * LXA_C_COUNT), rec[LXA_C_COUNT], __ATOMIC_RELEASE);
}

int bus_put_record(struct bus *b, uint64_t iova, const uint32_t *rec, uint64_t *bad)
{
	uint8_t *dst = bus_write_ptr(b, iova, LXA_CPL_BYTES, bad);

	if (!dst)
		return -EIO;
	memcpy(dst + BUS_HEAD_BYTES, (const uint8_t *)rec + BUS_HEAD_BYTES, LXA_CPL_BYTES - BUS_HEAD_BYTES);
	bus_put_head(dst, rec);
	b->stats.wr_bytes += LXA_CPL_BYTES;
	return 0;
}

void bus_job_done(struct bus *b, const uint32_t *rec)
{
	trace_cpl(&b->trace, b->now, rec);
	b->trace.done++;
}

void bus_unhang(struct bus *b)
{
	if (b->hung)
		trace_line(&b->trace, b->now, "fault hang over");
	b->hung = 0;
}
