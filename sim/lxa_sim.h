/* SPDX-License-Identifier: MIT */
/*
 * lxa_sim.h - the simulated device as a C interface.
 *
 * One struct lxa_sim is one device: registers, a window onto host memory for its DMA, an interrupt line. Two engines
 * give the same bits: "rtl" (Verilated, cycle by cycle) and "model" (functional C). The device runs in a thread of its
 * own, only while there is work; an idle device costs no CPU.
 *
 * Thread-safety: every function may be called from any thread unless it says otherwise. The interrupt callback runs on
 * the device's thread without any lock held and may call any function but lxa_sim_destroy.
 * Errors: negative errno.
 */
#ifndef LXA_SIM_H
#define LXA_SIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lxa_sim;

enum lxa_sim_engine { LXA_SIM_RTL, LXA_SIM_MODEL };

/*
 * Create a device from a flattened device tree (see sim/README.md for the binding: /lxa with compatible "lxa,lxa-1",
 * "engine", "dram-latency-cycles", "dram-bytes-per-cycle", ...). dtb == NULL: the built-in default tree.
 * On failure returns -EINVAL/-ENOMEM and writes a sentence to err (may be NULL). The tree is copied.
 */
int lxa_sim_create(const void *dtb, size_t dtb_len, struct lxa_sim **out, char *err, size_t err_len);

/*
 * Make a tree for it: that of the file (path NULL: one that states nothing, all defaults), with `engine` ("rtl", "model"; NULL: as
 * it is) in it. *dtb is malloc'ed. -EINVAL, -ENOMEM, or why the file cannot be read, with a sentence in err.
 */
int lxa_sim_tree(const char *path, const char *engine, void **dtb, size_t *len, char *err, size_t err_len);

/* Stop the device's thread and free everything. No other call may be under way or follow. */
void lxa_sim_destroy(struct lxa_sim *sim);

/* 32-bit register access; off is a multiple of 4 below 0x1000. Synchronous: done when it returns. */
uint32_t lxa_sim_read32(struct lxa_sim *sim, uint32_t off);
void lxa_sim_write32(struct lxa_sim *sim, uint32_t off, uint32_t val);

/*
 * Let the device see [host, host + len) at bus addresses [iova, iova + len). An access outside every mapping, or against
 * its direction, gets a bus error. Mappings must not overlap (-EEXIST). The host memory belongs to the caller and must
 * outlive the mapping. unmap waits until no access is under way.
 */
#define LXA_SIM_DMA_READ  1u /* the device may read */
#define LXA_SIM_DMA_WRITE 2u /* the device may write */
int lxa_sim_dma_map(struct lxa_sim *sim, uint64_t iova, void *host, size_t len, unsigned int prot);
int lxa_sim_dma_unmap(struct lxa_sim *sim, uint64_t iova, size_t len);

/* level is the new state of the (level-triggered) line; called on each change. Set before the first doorbell. */
typedef void (*lxa_sim_irq_fn)(void *ctx, int level);
void lxa_sim_set_irq(struct lxa_sim *sim, lxa_sim_irq_fn fn, void *ctx);

/* Freeze and thaw the clock. Registers stay reachable. Nested stops do not count. */
void lxa_sim_stop(struct lxa_sim *sim);
void lxa_sim_start(struct lxa_sim *sim);

/* Take the other engine from the next job on: register state is carried over. -EBUSY while a job is under way. */
int lxa_sim_set_engine(struct lxa_sim *sim, enum lxa_sim_engine engine);
enum lxa_sim_engine lxa_sim_engine(struct lxa_sim *sim);

/*
 * Record. wave: FST file of all signals (engine rtl, in a build that has tracing: -ENOTSUP otherwise). log: text file,
 * one line a register access, command, completion, interrupt and fault, stamped with the cycle. Either may be NULL (off).
 * first_job/jobs restrict both to jobs first_job .. first_job + jobs - 1 since creation (jobs == 0: everything).
 */
int lxa_sim_trace(struct lxa_sim *sim, const char *wave, const char *log, uint64_t first_job, uint64_t jobs);

enum lxa_sim_fault {
	LXA_SIM_FAULT_NONE,	/* clear everything pending */
	LXA_SIM_FAULT_HANG,	/* the memory side stops answering until a soft reset */
	LXA_SIM_FAULT_LOST_IRQ,	/* swallow the next `count` interrupts */
	LXA_SIM_FAULT_SPURIOUS_IRQ, /* raise the line `count` times with no cause set */
	LXA_SIM_FAULT_READ_ERROR,  /* answer the next `count` read bursts with a bus error */
	LXA_SIM_FAULT_WRITE_ERROR, /* the same for writes */
	LXA_SIM_FAULT_BIT_FLIP,	/* flip one bit in the next `count` read beats */
	LXA_SIM_FAULT_BAD_RECORD, /* flip one bit of sequence number, status, stream or count of the next `count` records */
};
/* Arm a fault: it takes effect after `after` more jobs were started (0: with the next one), `count` times. */
int lxa_sim_fault(struct lxa_sim *sim, enum lxa_sim_fault kind, uint64_t after, uint64_t count);

struct lxa_sim_stats {
	uint64_t cycles;	/* simulated clock cycles (model: estimated) */
	uint64_t host_ns;	/* CPU time of the device's thread */
	uint64_t jobs;		/* descriptors taken */
	uint64_t irqs;		/* interrupts delivered */
	uint64_t rd_bytes, wr_bytes;
	uint64_t bus_errors;	/* accesses outside every mapping */
};
void lxa_sim_stats(struct lxa_sim *sim, struct lxa_sim_stats *out);

/*
 * The same as text, for a test that reaches the device through a driver in another process or machine: one command, one
 * line of reply, which begins with "ok" or "error".
 *   fault NAME AFTER COUNT     lxa_sim_fault(); none, hang, lost-irq, spurious-irq, read-error, write-error, bit-flip, bad-record
 *   stats                      ok cycles N jobs N irqs N bus_errors N
 *   engine                     ok rtl, or ok model
 *   stop, start                lxa_sim_stop(), lxa_sim_start()
 * Returns 0, or -EINVAL for a command it does not know (the reply says what is wrong).
 */
int lxa_sim_control(struct lxa_sim *sim, const char *command, char *reply, size_t reply_len);

#ifdef __cplusplus
}
#endif
#endif
