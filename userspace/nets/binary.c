// SPDX-License-Identifier: MIT
/* binary.c - see binary.h. */
#include "binary.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_LEN 4096
#define MAX_SIDE 65535u			/* of any size in the manifest */
#define MAX_INPUTS (1u << 20)		/* of one output channel */

/* A file of exactly n bytes. */
static int read_exactly(const char *path, size_t n, uint8_t **data, struct lxa_err *err)
{
	FILE *f = fopen(path, "rb");
	int ret = 0;

	if (!f)
		return lxa_err_set(err, -errno, "%s: %s", path, strerror(errno));
	*data = malloc(n + 1);
	if (!*data)
		ret = lxa_err_set(err, -ENOMEM, "%s: no memory for %zu bytes", path, n);
	else if (fread(*data, 1, n + 1, f) != n)
		ret = lxa_err_set(err, -EBADMSG, "%s: does not have the %zu bytes that the manifest makes it", path, n);
	fclose(f);
	return ret;
}

static int read_layer(const char *dir, const char *network, int nr, struct binary_layer *l, int thresholds,
		      struct lxa_err *err)
{
	char path[PATH_LEN];
	uint8_t *raw = NULL;
	int ret;

	if (snprintf(path, sizeof(path), "%s/%s/%d.thresholds.i32", dir, network, nr) >= (int)sizeof(path))
		return lxa_err_set(err, -ENAMETOOLONG, "%s: the path is too long", dir);
	if (thresholds) {
		ret = read_exactly(path, 4 * (size_t)l->out_c, &raw, err);
		if (!ret && !(l->thresholds = calloc(l->out_c, sizeof(*l->thresholds))))
			ret = lxa_err_set(err, -ENOMEM, "%s: out of memory", path);
		for (uint32_t c = 0; !ret && c < l->out_c; c++)
			l->thresholds[c] = (int32_t)((uint32_t)raw[4 * c] | (uint32_t)raw[4 * c + 1] << 8 |
						     (uint32_t)raw[4 * c + 2] << 16 | (uint32_t)raw[4 * c + 3] << 24);
		free(raw);
		if (ret)
			return ret;
	}
	snprintf(path, sizeof(path), "%s/%s/%d.weights.bits", dir, network, nr);
	return read_exactly(path, l->out_c * (((size_t)binary_inputs(l) + 7) / 8), &l->bits, err);
}

/* One line of the manifest. 1: a layer of this network, 0: of another. */
static int parse_line(const char *path, int line, const char *text, const char *network, struct binary_net *net,
		      int *thresholds, struct lxa_err *err)
{
	struct binary_layer *l = &net->layers[net->n];
	char name[64], kind[8], yes[8];
	unsigned int nr;

	if (sscanf(text, "%63[^,],%u,%7[^,],%u,%u,%u,%u,%7s", name, &nr, kind, &l->out_c, &l->kh, &l->kw, &l->in_c, yes) != 8)
		return lxa_err_set(err, -EBADMSG, "%s:%d: not network,layer,kind,out_channels,kh,kw,in_channels,thresholds",
				   path, line);
	if (strcmp(name, network))
		return 0;
	if (nr != (unsigned int)net->n)
		return lxa_err_set(err, -EBADMSG, "%s:%d: layer %u where layer %d is expected", path, line, nr, net->n);
	if (!l->out_c || !l->kh || !l->kw || !l->in_c || l->out_c > MAX_SIDE || l->kh > MAX_SIDE || l->kw > MAX_SIDE ||
	    l->in_c > MAX_SIDE || (uint64_t)l->kh * l->kw * l->in_c > MAX_INPUTS)
		return lxa_err_set(err, -EBADMSG, "%s:%d: a size is 0 or too large", path, line);
	if ((strcmp(kind, "conv") && strcmp(kind, "fc")) || (strcmp(yes, "yes") && strcmp(yes, "no")))
		return lxa_err_set(err, -EBADMSG, "%s:%d: the kind is conv or fc, thresholds are yes or no", path, line);
	l->conv = !strcmp(kind, "conv");
	*thresholds = !strcmp(yes, "yes");
	return 1;
}

int binary_read(const char *dir, const char *network, struct binary_net *net, struct lxa_err *err)
{
	char path[PATH_LEN], text[256];
	int ret = 0, thresholds;
	FILE *f;

	memset(net, 0, sizeof(*net));
	if (snprintf(path, sizeof(path), "%s/manifest.csv", dir) >= (int)sizeof(path))
		return lxa_err_set(err, -ENAMETOOLONG, "%s: the path is too long", dir);
	f = fopen(path, "r");
	if (!f)
		return lxa_err_set(err, -errno, "%s: %s", path, strerror(errno));
	for (int line = 1; ret >= 0 && fgets(text, sizeof(text), f); line++) {
		if (line == 1)		/* the heading */
			continue;
		if (net->n == BINARY_MAX_LAYERS) {
			ret = lxa_err_set(err, -EBADMSG, "%s: %s has more than %d layers", path, network, net->n);
			break;
		}
		ret = parse_line(path, line, text, network, net, &thresholds, err);
		if (ret == 1)
			ret = read_layer(dir, network, net->n, &net->layers[net->n], thresholds, err);
		else if (!ret)
			continue;
		net->n++;		/* also after an error, so that the layer is freed */
	}
	fclose(f);
	if (ret >= 0 && !net->n)
		ret = lxa_err_set(err, -ENOENT, "%s: has no network %s", path, network);
	if (ret < 0)
		binary_free(net);
	return ret < 0 ? ret : 0;
}

void binary_free(struct binary_net *net)
{
	for (int i = 0; i < net->n; i++) {
		free(net->layers[i].bits);
		free(net->layers[i].thresholds);
	}
	net->n = 0;
}
