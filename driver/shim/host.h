/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * host.h - all that the shim wants from a device: registers, a view of memory, an interrupt line.
 * host_sim.c is the only file of driver/ that knows the simulator. Errors: negative errno.
 */
#ifndef SHIM_HOST_H
#define SHIM_HOST_H

#include <stddef.h>
#include <stdint.h>

struct host_dev;
struct lxa_sim;

struct host_options {			/* any may be NULL */
	const char *engine;		/* "rtl" or "model" */
	const char *dtb;		/* file names */
	const char *log;
	const char *wave;
};

#define HOST_REG_BYTES 0x1000u
#define HOST_DMA_READ 1u		/* directions as the device sees them */
#define HOST_DMA_WRITE 2u

/* Writes a sentence to err on failure. */
int host_create(const struct host_options *opt, struct host_dev **out, char *err, size_t err_len);
void host_destroy(struct host_dev *h);
void host_flush(struct host_dev *h);	/* close trace files */
const char *host_engine(struct host_dev *h);
struct lxa_sim *host_sim(struct host_dev *h);
int host_control(struct lxa_sim *sim, const char *command, char *reply, size_t reply_len);

uint32_t host_read32(struct host_dev *h, uint32_t off);
void host_write32(struct host_dev *h, uint32_t off, uint32_t val);

int host_dma_map(struct host_dev *h, uint64_t iova, void *mem, size_t len, unsigned int dir);
int host_dma_unmap(struct host_dev *h, uint64_t iova, size_t len);

/* fn is called with the line's new level, on a thread of the device. */
void host_set_irq(struct host_dev *h, void (*fn)(void *ctx, int level), void *ctx);

#endif
