/* SPDX-License-Identifier: MIT */
/*
 * sim.c - the simulated device as an object: lock, thread, interrupt line, and which engine is at work.
 *
 * One lock guards everything. The device's thread holds it while the engine runs a batch of cycles; whoever else wants it
 * counts itself in `waiters` first, which makes the engine cut its batch short, and the thread then lets at least
 * one of them pass before the next batch. Interrupt changes are queued as edges and delivered by the thread with the lock released.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine.h"
#include "lxa_cfg.h"
#include "lxa_sim.h"
#include "rtl_cpu.h"
#include "tree.h"

#define BATCH_CYCLES 2048
#define LOOK_NS 100000			/* waking a thread that sleeps takes 5 to 20 us: it first looks that long */
#define BATCH_SPURIOUS 16		/* interrupts without a cause between two batches: a storm must not stop the device */

struct lxa_sim {
	struct bus bus;
	const struct engine_ops *ops;	/* engine at work */
	void *engines[2];		/* by enum lxa_sim_engine, made when first wanted */
	enum lxa_sim_engine which;

	pthread_mutex_t lock;
	pthread_cond_t wake;		/* the thread sleeps here while there is no work */
	pthread_cond_t handoff;		/* and here while others wait for the lock */
	pthread_t thread;
	int waiters;			/* atomic */
	unsigned int passed;		/* atomic: how often somebody has held the lock */
	int long_waits;			/* device thread alone: looking before sleeping was of no use */
	int quit, stopped;

	lxa_sim_irq_fn irq_fn;
	void *irq_ctx;
	int line;			/* as the engine drives it */
	int swallowed;			/* the line is high, but that interrupt is lost */
	int out;			/* as delivered */
	unsigned int edges;		/* changes not yet delivered */
};

static const struct engine_ops *const engine_table[2] = {
	[LXA_SIM_RTL] = &engine_rtl,
	[LXA_SIM_MODEL] = &engine_model,
};

static void *engine(struct lxa_sim *sim)
{
	return sim->engines[sim->which];
}

/* ---- interrupt line -------------------------------------------------------------------------------- */

/* Look at the engine's line and queue its change. A level lost by a fault never shows, neither up nor down. */
static void sample_irq(struct lxa_sim *sim)
{
	int level = sim->ops->irq(engine(sim));

	if (level == sim->line)
		return;
	sim->line = level;
	trace_line(&sim->bus.trace, sim->bus.now, "irq %d", level);
	if (level && fault_take(&sim->bus.fault, LXA_SIM_FAULT_LOST_IRQ)) {
		trace_line(&sim->bus.trace, sim->bus.now, "fault lost-irq");
		sim->swallowed = 1;
	} else if (!level && sim->swallowed) {
		sim->swallowed = 0;
	} else {
		sim->edges++;
	}
}

static void call_irq(struct lxa_sim *sim, int level)
{
	lxa_sim_irq_fn fn = sim->irq_fn;
	void *ctx = sim->irq_ctx;

	if (level)
		sim->bus.stats.irqs++;
	if (!fn)
		return;
	pthread_mutex_unlock(&sim->lock);
	fn(ctx, level);
	pthread_mutex_lock(&sim->lock);
}

static void deliver_irqs(struct lxa_sim *sim)
{
	int room = BATCH_SPURIOUS;

	while (!sim->quit) {
		if (sim->edges) {
			sim->edges--;
			sim->out = !sim->out;
			call_irq(sim, sim->out);
		} else if (sim->bus.spurious && !sim->out && room--) {
			sim->bus.spurious--;
			trace_line(&sim->bus.trace, sim->bus.now, "fault spurious-irq");
			call_irq(sim, 1);
			call_irq(sim, 0);
		} else {
			return;
		}
	}
}

/* ---- thread ------------------------------------------------------------------------------------------ */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* With the lock held: until somebody else has held it, and has thereby signalled cond. */
static void wait_for_others(struct lxa_sim *sim, pthread_cond_t *cond)
{
	unsigned int passed = __atomic_load_n(&sim->passed, __ATOMIC_RELAXED);
	uint64_t start = now_ns();

	if (!sim->long_waits) {
		pthread_mutex_unlock(&sim->lock);
		while (__atomic_load_n(&sim->passed, __ATOMIC_RELAXED) == passed && now_ns() - start < LOOK_NS)
			sched_yield();
		pthread_mutex_lock(&sim->lock);
	}
	if (__atomic_load_n(&sim->passed, __ATOMIC_RELAXED) == passed)
		pthread_cond_wait(cond, &sim->lock);
	sim->long_waits = now_ns() - start > LOOK_NS;
}

static void *device_thread(void *arg)
{
	struct lxa_sim *sim = arg;

	pthread_mutex_lock(&sim->lock);
	for (;;) {
		deliver_irqs(sim);
		if (sim->quit)
			break;
		if (sim->stopped || sim->ops->state(engine(sim)) != ENGINE_BUSY) {
			if (!sim->bus.spurious || sim->out) {
				wait_for_others(sim, &sim->wake);
				continue;
			}
		} else {
			sim->ops->run(engine(sim), BATCH_CYCLES, &sim->waiters);
			sample_irq(sim);
		}
		if (__atomic_load_n(&sim->waiters, __ATOMIC_ACQUIRE))
			wait_for_others(sim, &sim->handoff);
	}
	pthread_mutex_unlock(&sim->lock);
	return NULL;
}

static void enter(struct lxa_sim *sim)
{
	uint64_t start;

	__atomic_add_fetch(&sim->waiters, 1, __ATOMIC_ACQ_REL);
	if (!pthread_mutex_trylock(&sim->lock))
		return;
	start = now_ns();
	while (now_ns() - start < LOOK_NS) {
		sched_yield();
		if (!pthread_mutex_trylock(&sim->lock))
			return;
	}
	pthread_mutex_lock(&sim->lock);
}

static void leave(struct lxa_sim *sim)
{
	__atomic_sub_fetch(&sim->waiters, 1, __ATOMIC_ACQ_REL);
	__atomic_add_fetch(&sim->passed, 1, __ATOMIC_RELAXED);
	pthread_cond_signal(&sim->handoff); /* even with others waiting: the device must not starve behind pollers */
	pthread_cond_signal(&sim->wake);
	pthread_mutex_unlock(&sim->lock);
}

/* ---- creation ---------------------------------------------------------------------------------------- */

static int say(char *err, size_t err_len, int code, const char *text)
{
	if (err && err_len)
		snprintf(err, err_len, "%s", text);
	return code;
}

/* Make `which` available in sim->engines. */
static int need_engine(struct lxa_sim *sim, enum lxa_sim_engine which)
{
	if (which != LXA_SIM_RTL && which != LXA_SIM_MODEL)
		return -EINVAL;
	if (!sim->engines[which])
		sim->engines[which] = engine_table[which]->create(&sim->bus);
	return sim->engines[which] ? 0 : -ENOMEM;
}

static void free_engines(struct lxa_sim *sim)
{
	int i;

	for (i = 0; i < 2; i++)
		if (sim->engines[i])
			engine_table[i]->destroy(sim->engines[i]);
}

int lxa_sim_create(const void *dtb, size_t dtb_len, struct lxa_sim **out, char *err, size_t err_len)
{
	struct sim_config cfg;
	struct lxa_sim *sim;
	int r;

	if (!out)
		return say(err, err_len, -EINVAL, "lxa_sim_create: out is NULL");
	*out = NULL;
	r = tree_parse(dtb, dtb_len, &cfg, err, err_len);
	if (r)
		return r;
	sim = calloc(1, sizeof(*sim));
	if (!sim)
		return say(err, err_len, -ENOMEM, "no memory for a simulated device");
	sim->bus.latency = cfg.latency;
	sim->bus.bytes_per_cycle = cfg.bytes_per_cycle;
	sim->bus.jitter = cfg.jitter;
	sim->bus.stall = cfg.stall * 256 / 100;
	sim->bus.random = cfg.seed;
	sim->bus.beat = LXA_CFG_BUS_W / 8;
	sim->which = cfg.engine;
	sim->ops = engine_table[cfg.engine];
	if (cfg.engine == LXA_SIM_RTL && rtl_cpu_lacks()) {
		r = -EOPNOTSUPP;
		if (err && err_len)
			snprintf(err, err_len, "this build's RTL is compiled for a processor with %s, which this one lacks: take "
				 "engine model, or build with V_ARCH=-march=x86-64", rtl_cpu_lacks());
		goto err_free;
	}
	r = need_engine(sim, cfg.engine);
	if (r) {
		say(err, err_len, r, "no memory for the simulated device's engine");
		goto err_free;
	}
	pthread_mutex_init(&sim->lock, NULL);
	pthread_cond_init(&sim->wake, NULL);
	pthread_cond_init(&sim->handoff, NULL);
	r = pthread_create(&sim->thread, NULL, device_thread, sim);
	if (r) {
		r = say(err, err_len, -ENOMEM, "cannot start the simulated device's thread");
		goto err_sync;
	}
	pthread_setname_np(sim->thread, "lxa-sim");
	*out = sim;
	return 0;

err_sync:
	pthread_cond_destroy(&sim->handoff);
	pthread_cond_destroy(&sim->wake);
	pthread_mutex_destroy(&sim->lock);
	free_engines(sim);
err_free:
	free(sim);
	return r;
}

void lxa_sim_destroy(struct lxa_sim *sim)
{
	if (!sim)
		return;
	enter(sim);
	sim->quit = 1;
	leave(sim);
	pthread_join(sim->thread, NULL);
	trace_open(&sim->bus.trace, NULL, 0, 0);
	free_engines(sim);
	dma_free(&sim->bus.dma);
	pthread_cond_destroy(&sim->handoff);
	pthread_cond_destroy(&sim->wake);
	pthread_mutex_destroy(&sim->lock);
	free(sim);
}

/* ---- registers --------------------------------------------------------------------------------------- */

uint32_t lxa_sim_read32(struct lxa_sim *sim, uint32_t off)
{
	uint32_t val = 0;

	enter(sim);
	if (off < 0x1000 && off % 4 == 0)
		val = sim->ops->read32(engine(sim), off);
	sample_irq(sim);
	trace_reg(&sim->bus.trace, sim->bus.now, 0, off, val);
	leave(sim);
	return val;
}

void lxa_sim_write32(struct lxa_sim *sim, uint32_t off, uint32_t val)
{
	enter(sim);
	trace_reg(&sim->bus.trace, sim->bus.now, 1, off, val);
	if (off < 0x1000 && off % 4 == 0)
		sim->ops->write32(engine(sim), off, val);
	sample_irq(sim);
	leave(sim);
}

/* ---- memory ------------------------------------------------------------------------------------------- */

int lxa_sim_dma_map(struct lxa_sim *sim, uint64_t iova, void *host, size_t len, unsigned int prot)
{
	int r;

	if (prot & ~(LXA_SIM_DMA_READ | LXA_SIM_DMA_WRITE))
		return -EINVAL;
	enter(sim);
	r = dma_add(&sim->bus.dma, iova, host, len, prot);
	leave(sim);
	return r;
}

int lxa_sim_dma_unmap(struct lxa_sim *sim, uint64_t iova, size_t len)
{
	int r;

	enter(sim);		/* the engine does not run now: no access is under way */
	r = dma_remove(&sim->bus.dma, iova, len);
	leave(sim);
	return r;
}

/* ---- the rest ----------------------------------------------------------------------------------------- */

void lxa_sim_set_irq(struct lxa_sim *sim, lxa_sim_irq_fn fn, void *ctx)
{
	enter(sim);
	sim->irq_fn = fn;
	sim->irq_ctx = ctx;
	leave(sim);
}

void lxa_sim_stop(struct lxa_sim *sim)
{
	enter(sim);
	sim->stopped = 1;
	leave(sim);
}

void lxa_sim_start(struct lxa_sim *sim)
{
	enter(sim);
	sim->stopped = 0;
	leave(sim);
}

int lxa_sim_set_engine(struct lxa_sim *sim, enum lxa_sim_engine which)
{
	struct reg_state regs;
	int r = 0;

	enter(sim);
	if (which == sim->which)
		goto out;
	if (sim->ops->state(engine(sim)) != ENGINE_IDLE) {
		r = -EBUSY;
		goto out;
	}
	r = need_engine(sim, which);
	if (r)
		goto out;
	sim->ops->save(engine(sim), &regs);
	sim->which = which;
	sim->ops = engine_table[which];
	sim->ops->restore(engine(sim), &regs);
	sample_irq(sim);
	trace_line(&sim->bus.trace, sim->bus.now, "engine %s", sim->ops->name);
out:
	leave(sim);
	return r;
}

enum lxa_sim_engine lxa_sim_engine(struct lxa_sim *sim)
{
	enum lxa_sim_engine which;

	enter(sim);
	which = sim->which;
	leave(sim);
	return which;
}

int lxa_sim_trace(struct lxa_sim *sim, const char *wave, const char *log, uint64_t first_job, uint64_t jobs)
{
	int r;

	enter(sim);
	r = sim->ops->wave(engine(sim), wave);
	if (!wave)
		r = 0;
	if (!r)
		r = trace_open(&sim->bus.trace, log, first_job, jobs);
	leave(sim);
	return r;
}

int lxa_sim_fault(struct lxa_sim *sim, enum lxa_sim_fault kind, uint64_t after, uint64_t count)
{
	int r;

	enter(sim);
	r = fault_arm(&sim->bus.fault, (int)kind, after, count);
	if (!r && kind == LXA_SIM_FAULT_NONE) {
		sim->bus.spurious = 0;
		bus_unhang(&sim->bus);
	}
	if (!r)
		trace_line(&sim->bus.trace, sim->bus.now, "fault %s armed", fault_name((int)kind));
	leave(sim);
	return r;
}

void lxa_sim_stats(struct lxa_sim *sim, struct lxa_sim_stats *out)
{
	struct timespec ts = { 0 };
	clockid_t clk;

	enter(sim);
	*out = sim->bus.stats;
	out->cycles = sim->bus.now;
	if (!pthread_getcpuclockid(sim->thread, &clk) && !clock_gettime(clk, &ts))
		out->host_ns = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	leave(sim);
}
