// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The host interface on the simulator: the one file here that includes lxa_sim.h. */
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

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

/*
 * The tree to create the device from: that of the file, or one that states nothing (all defaults), with the engine of
 * the path in it. The simulator makes the engines that it is told of only, and the RTL one is big.
 */
static int make_tree(const struct host_options *opt, void **tree, size_t *len, char *err, size_t err_len)
{
	void *file = NULL;
	size_t file_len = 0;
	int ret, node;

	if (opt->dtb) {
		ret = read_file(opt->dtb, &file, &file_len, err, err_len);
		if (ret)
			return ret;
		if (fdt_check_full(file, file_len)) {
			snprintf(err, err_len, "device tree %s: no flattened device tree", opt->dtb);
			free(file);
			return -EINVAL;
		}
	}
	*len = file_len + 4096;
	*tree = malloc(*len);
	if (!*tree) {
		free(file);
		return -ENOMEM;
	}
	ret = file ? fdt_open_into(file, *tree, (int)*len) : fdt_create_empty_tree(*tree, (int)*len);
	free(file);
	if (!ret && !opt->dtb) {
		node = fdt_add_subnode(*tree, 0, "lxa");
		ret = node < 0 ? node : fdt_setprop_string(*tree, node, "compatible", "lxa,lxa-1");
	}
	if (!ret && opt->engine) {
		node = fdt_node_offset_by_compatible(*tree, -1, "lxa,lxa-1");
		if (node >= 0)		/* else the simulator says what is missing */
			ret = fdt_setprop_string(*tree, node, "engine", opt->engine);
	}
	if (!ret)
		return 0;
	snprintf(err, err_len, "device tree: %s", fdt_strerror(ret));
	free(*tree);
	return -EINVAL;
}

int host_create(const struct host_options *opt, struct host_dev **out, char *err, size_t err_len)
{
	struct host_dev *h = calloc(1, sizeof(*h));
	void *tree;
	size_t len;
	int ret;

	if (!h)
		return -ENOMEM;
	ret = make_tree(opt, &tree, &len, err, err_len);
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
