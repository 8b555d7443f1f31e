/* SPDX-License-Identifier: MIT */
/* rig.c - see rig.h. Interrupts are handled as a driver would: read the causes, clear them, wake the waiter. */
#include "rig.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define CPL_OFF ((size_t)LXA_DESC_BYTES << RIG_LOG2)
#define HEAP_OFF 8192

static void *must(void *p, const char *what)
{
	if (!p) {
		fprintf(stderr, "rig: no memory for %s\n", what);
		abort();
	}
	return p;
}

static void on_irq(void *ctx, int level)
{
	struct rig *r = ctx;
	uint32_t causes = 0;

	if (level) {
		causes = lxa_sim_read32(r->sim, LXA_REG_IRQ_STATUS);
		lxa_sim_write32(r->sim, LXA_REG_IRQ_STATUS, causes);
	}
	pthread_mutex_lock(&r->lock);
	r->level = level;
	r->irqs += level;
	r->done += causes & LXA_IRQ_STATUS_DONE_MASK ? 1 : 0;
	r->errors += causes & LXA_IRQ_STATUS_ERROR_MASK ? 1 : 0;
	pthread_cond_broadcast(&r->cond);
	pthread_mutex_unlock(&r->lock);
}

static int make_tree(uint8_t *buf, int len, enum lxa_sim_engine engine, const struct rig_timing *t)
{
	return fdt_create(buf, len) || fdt_finish_reservemap(buf) || fdt_begin_node(buf, "") || fdt_begin_node(buf, "lxa") ||
	       fdt_property_string(buf, "compatible", "lxa,lxa-1") ||
	       fdt_property_string(buf, "engine", engine == LXA_SIM_RTL ? "rtl" : "model") ||
	       fdt_property_u32(buf, "dram-latency-cycles", t->latency) ||
	       fdt_property_u32(buf, "dram-bytes-per-cycle", t->bytes_per_cycle) ||
	       fdt_property_u32(buf, "dram-jitter-cycles", t->jitter) ||
	       fdt_property_u32(buf, "dram-stall-percent", t->stall) ||
	       fdt_property_u32(buf, "random-seed", t->seed) ||
	       fdt_end_node(buf) || fdt_end_node(buf) || fdt_finish(buf);
}

static void read_caps(struct rig *r)
{
	struct lxa_caps *c = &r->caps;
	uint32_t v;

	v = lxa_sim_read32(r->sim, LXA_REG_CFG_SHIFT);
	c->shift_oc = v & 0xffff, c->shift_ic = v >> 16;
	v = lxa_sim_read32(r->sim, LXA_REG_CFG_XNOR);
	c->xnor_oc = v & 0xffff, c->xnor_ic = v >> 16;
	v = lxa_sim_read32(r->sim, LXA_REG_CFG_OUT);
	c->out_lanes = v & 0xff, c->acc_w = v >> 8 & 0xff, c->half_w = v >> 16 & 0xff, c->xacc_w = v >> 24;
	c->act_bytes = lxa_sim_read32(r->sim, LXA_REG_CFG_ACT);
	c->acc_pixels = lxa_sim_read32(r->sim, LXA_REG_CFG_ACC);
	c->wgt_bytes = lxa_sim_read32(r->sim, LXA_REG_CFG_WGT);
	v = lxa_sim_read32(r->sim, LXA_REG_CFG_BUS);
	c->bus_bytes = v & 0xffff, c->word_bytes = v >> 16;
	c->modes = lxa_sim_read32(r->sim, LXA_REG_CFG_MODES);
}

struct rig *rig_open(enum lxa_sim_engine engine, uint32_t latency, uint32_t bytes_per_cycle, size_t mem)
{
	struct rig_timing t = { .latency = latency, .bytes_per_cycle = bytes_per_cycle };

	return rig_open_timing(engine, &t, mem);
}

struct rig *rig_open_timing(enum lxa_sim_engine engine, const struct rig_timing *t, size_t mem)
{
	struct rig *r = must(calloc(1, sizeof(*r)), "a rig");
	uint8_t tree[1024];
	char err[256];

	r->size = mem;
	r->mem = mmap(NULL, mem, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r->mem == MAP_FAILED)
		must(NULL, "device memory");
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->cond, NULL);
	if (make_tree(tree, sizeof(tree), engine, t) ||
	    lxa_sim_create(tree, sizeof(tree), &r->sim, err, sizeof(err)) ||
	    lxa_sim_dma_map(r->sim, RIG_IOVA, r->mem, mem, LXA_SIM_DMA_READ | LXA_SIM_DMA_WRITE)) {
		fprintf(stderr, "rig: no device: %s\n", err);
		abort();
	}
	lxa_sim_set_irq(r->sim, on_irq, r);
	read_caps(r);
	rig_program(r);
	rig_clear(r);
	return r;
}

void rig_close(struct rig *r)
{
	lxa_sim_destroy(r->sim);
	pthread_cond_destroy(&r->cond);
	pthread_mutex_destroy(&r->lock);
	munmap(r->mem, r->size);
	free(r);
}

void rig_program(struct rig *r)
{
	lxa_sim_write32(r->sim, LXA_REG_RING_BASE_LO, (uint32_t)RIG_IOVA);
	lxa_sim_write32(r->sim, LXA_REG_RING_BASE_HI, (uint32_t)(RIG_IOVA >> 32));
	lxa_sim_write32(r->sim, LXA_REG_RING_LOG2, RIG_LOG2);
	lxa_sim_write32(r->sim, LXA_REG_CPL_BASE_LO, (uint32_t)(RIG_IOVA + CPL_OFF));
	lxa_sim_write32(r->sim, LXA_REG_CPL_BASE_HI, (uint32_t)((RIG_IOVA + CPL_OFF) >> 32));
	lxa_sim_write32(r->sim, LXA_REG_IRQ_MASK, LXA_IRQ_STATUS_DONE_MASK | LXA_IRQ_STATUS_ERROR_MASK);
	lxa_sim_write32(r->sim, LXA_REG_CTRL, LXA_CTRL_ENABLE_MASK);
	r->tail = 0;
}

int rig_reset(struct rig *r)
{
	int tries = 100000;

	lxa_sim_write32(r->sim, LXA_REG_CTRL, LXA_CTRL_RESET_MASK);
	while (lxa_sim_read32(r->sim, LXA_REG_CTRL) & LXA_CTRL_RESET_MASK)
		if (!--tries)
			return -1;
	memset(r->mem, 0, HEAP_OFF);
	rig_program(r);
	return 0;
}

void rig_clear(struct rig *r)
{
	r->used = HEAP_OFF;
}

size_t rig_alloc(struct rig *r, size_t len)
{
	size_t off = r->used;

	r->used += (len + 255) & ~(size_t)255;
	if (r->used > r->size) {
		fprintf(stderr, "rig: %zu bytes of device memory are not enough\n", r->size);
		abort();
	}
	return off;
}

void rig_post(struct rig *r, const uint32_t *desc)
{
	memcpy(r->mem + (size_t)(r->tail & ((1u << RIG_LOG2) - 1)) * LXA_DESC_BYTES, desc, LXA_DESC_BYTES);
	r->tail++;
}

void rig_doorbell(struct rig *r)
{
	lxa_sim_write32(r->sim, LXA_REG_RING_TAIL, r->tail);
}

int rig_wait(struct rig *r, uint32_t cpl_count, unsigned int timeout_ms)
{
	struct timespec now, end;
	uint32_t count, status;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += timeout_ms / 1000;
	end.tv_nsec += timeout_ms % 1000 * 1000000;
	if (end.tv_nsec >= 1000000000)
		end.tv_sec++, end.tv_nsec -= 1000000000;
	for (;;) {
		struct timespec poll;
		unsigned int seen;

		pthread_mutex_lock(&r->lock);
		seen = r->irqs;
		pthread_mutex_unlock(&r->lock);
		count = lxa_sim_read32(r->sim, LXA_REG_CPL_COUNT);
		if ((int32_t)(count - cpl_count) >= 0)
			return 0;
		status = lxa_sim_read32(r->sim, LXA_REG_STATUS);
		if (status & LXA_STATUS_ERROR_MASK)
			return -1;
		clock_gettime(CLOCK_REALTIME, &now);
		if (now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec > end.tv_nsec))
			return -2;
		poll = now;
		poll.tv_nsec += 20000000; /* a job without an interrupt, or a lost one, is noticed by the poll */
		if (poll.tv_nsec >= 1000000000)
			poll.tv_sec++, poll.tv_nsec -= 1000000000;
		pthread_mutex_lock(&r->lock);
		while (r->irqs == seen && !pthread_cond_timedwait(&r->cond, &r->lock, &poll))
			;
		pthread_mutex_unlock(&r->lock);
	}
}

const uint32_t *rig_record(const struct rig *r, uint32_t index)
{
	return (const uint32_t *)(const void *)(r->mem + CPL_OFF + (size_t)(index & ((1u << RIG_LOG2) - 1)) * LXA_CPL_BYTES);
}

uint64_t rig_rec64(const uint32_t *rec, uint32_t word)
{
	return rec[word] | (uint64_t)rec[word + 1] << 32;
}

uint64_t rig_counter(struct rig *r, uint32_t reg_lo)
{
	return lxa_sim_read32(r->sim, reg_lo) | (uint64_t)lxa_sim_read32(r->sim, reg_lo + 4) << 32;
}
