/* SPDX-License-Identifier: MIT */
/* tree_make.c - lxa_sim_tree(): a device tree from a file, or one that states nothing, with an engine of choice in it. */
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lxa_sim.h"

#define ROOM 4096			/* for what is added */

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

static int set_engine(void *tree, const char *engine)
{
	int node = fdt_node_offset_by_compatible(tree, -1, "lxa,lxa-1");

	/* No such node: lxa_sim_create() says what is missing. */
	return node < 0 ? 0 : fdt_setprop_string(tree, node, "engine", engine);
}

/* The simulator makes the engine that it is told of only, and the RTL one is big: so the tree has to name it. */
int lxa_sim_tree(const char *path, const char *engine, void **dtb, size_t *len, char *err, size_t err_len)
{
	void *file = NULL;
	size_t file_len = 0;
	int ret, node;

	if (path) {
		ret = read_file(path, &file, &file_len, err, err_len);
		if (ret)
			return ret;
		if (fdt_check_full(file, file_len)) {
			snprintf(err, err_len, "device tree %s: no flattened device tree", path);
			free(file);
			return -EINVAL;
		}
	}
	*len = file_len + ROOM;
	*dtb = malloc(*len);
	if (!*dtb) {
		free(file);
		return -ENOMEM;
	}
	ret = file ? fdt_open_into(file, *dtb, (int)*len) : fdt_create_empty_tree(*dtb, (int)*len);
	free(file);
	if (!ret && !path) {
		node = fdt_add_subnode(*dtb, 0, "lxa");
		ret = node < 0 ? node : fdt_setprop_string(*dtb, node, "compatible", "lxa,lxa-1");
	}
	if (!ret && engine)
		ret = set_engine(*dtb, engine);
	if (!ret)
		return 0;
	snprintf(err, err_len, "device tree: %s", fdt_strerror(ret));
	free(*dtb);
	return -EINVAL;
}
