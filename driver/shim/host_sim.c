// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The host interface on the simulator: the one file here that includes lxa_sim.h. */
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lxa_sim.h"

struct host_dev {
	struct lxa_sim *sim;
};

int host_create(const struct host_options *opt, struct host_dev **out, char *err, size_t err_len)
{
	struct host_dev *h = calloc(1, sizeof(*h));
	void *tree;
	size_t len;
	int ret;

	if (!h)
		return -ENOMEM;
	ret = lxa_sim_tree(opt->dtb, opt->engine, &tree, &len, err, err_len);
	if (ret)
		goto free_host;
	ret = lxa_sim_create(tree, len, &h->sim, err, err_len);
	free(tree);
	if (ret)
		goto free_host;
	if (opt->wave || opt->log) {
		ret = lxa_sim_trace(h->sim, opt->wave, opt->log, 0, 0);
		if (ret) {
			snprintf(err, err_len, "trace to %s%s%s: %s", opt->wave ? opt->wave : "",
				 opt->wave && opt->log ? " and " : "", opt->log ? opt->log : "", strerror(-ret));
			goto destroy;
		}
	}
	*out = h;
	return 0;
destroy:
	lxa_sim_destroy(h->sim);
free_host:
	free(h);
	return ret;
}

void host_destroy(struct host_dev *h)
{
	lxa_sim_destroy(h->sim);
	free(h);
}

void host_flush(struct host_dev *h)
{
	lxa_sim_trace(h->sim, NULL, NULL, 0, 0);
}

const char *host_engine(struct host_dev *h)
{
	return lxa_sim_engine(h->sim) == LXA_SIM_RTL ? "rtl" : "model";
}

struct lxa_sim *host_sim(struct host_dev *h)
{
	return h->sim;
}

int host_control(struct lxa_sim *sim, const char *command, char *reply, size_t reply_len)
{
	return lxa_sim_control(sim, command, reply, reply_len);
}

uint32_t host_read32(struct host_dev *h, uint32_t off)
{
	return lxa_sim_read32(h->sim, off);
}

void host_write32(struct host_dev *h, uint32_t off, uint32_t val)
{
	lxa_sim_write32(h->sim, off, val);
}

_Static_assert(HOST_DMA_READ == LXA_SIM_DMA_READ && HOST_DMA_WRITE == LXA_SIM_DMA_WRITE, "directions agree");

int host_dma_map(struct host_dev *h, uint64_t iova, void *mem, size_t len, unsigned int dir)
{
	return lxa_sim_dma_map(h->sim, iova, mem, len, dir);
}

int host_dma_unmap(struct host_dev *h, uint64_t iova, size_t len)
{
	return lxa_sim_dma_unmap(h->sim, iova, len);
}

void host_set_irq(struct host_dev *h, void (*fn)(void *ctx, int level), void *ctx)
{
	lxa_sim_set_irq(h->sim, fn, ctx);
}
