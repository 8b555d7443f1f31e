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

/* The whole file, malloc'ed. */
static int read_file(const char *path, void **data, size_t *len, char *err, size_t err_len)
{
	FILE *f = fopen(path, "rb");
	long size;
	int ret = -EIO;

	*data = NULL;
	if (!f) {
		ret = -errno;
		snprintf(err, err_len, "device tree %s: %s", path, strerror(errno));
		return ret;
	}
	if (fseek(f, 0, SEEK_END) || (size = ftell(f)) <= 0 || fseek(f, 0, SEEK_SET))
		goto out;
	*data = malloc((size_t)size);
	*len = (size_t)size;
	if (!*data)
		ret = -ENOMEM;
	else if (fread(*data, 1, *len, f) == *len)
		ret = 0;
out:
	fclose(f);
	if (ret) {
		free(*data);
		*data = NULL;
		snprintf(err, err_len, "device tree %s: cannot be read", path);
	}
	return ret;
}

static int set_engine(struct lxa_sim *sim, const char *name, char *err, size_t err_len)
{
	enum lxa_sim_engine want;
	int ret = 0;

	if (!name)
		return 0;
	if (!strcmp(name, "rtl"))
		want = LXA_SIM_RTL;
	else if (!strcmp(name, "model"))
		want = LXA_SIM_MODEL;
	else
		ret = -EINVAL;
	if (!ret && lxa_sim_engine(sim) != want)
		ret = lxa_sim_set_engine(sim, want);
	if (ret)
		snprintf(err, err_len, "engine \"%s\": %s", name,
			 ret == -EINVAL ? "no such engine (rtl, model)" : strerror(-ret));
	return ret;
}

int host_create(const struct host_options *opt, struct host_dev **out, char *err, size_t err_len)
{
	struct host_dev *h = calloc(1, sizeof(*h));
	void *dtb = NULL;
	size_t dtb_len = 0;
	int ret;

	if (!h)
		return -ENOMEM;
	if (opt->dtb) {
		ret = read_file(opt->dtb, &dtb, &dtb_len, err, err_len);
		if (ret)
			goto free_host;
	}
	ret = lxa_sim_create(dtb, dtb_len, &h->sim, err, err_len);
	free(dtb);
	if (ret)
		goto free_host;
	ret = set_engine(h->sim, opt->engine, err, err_len);
	if (ret)
		goto destroy;
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
