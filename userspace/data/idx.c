// SPDX-License-Identifier: MIT
/* idx.c - reads MNIST's IDX files: a magic number, big-endian sizes, then unsigned bytes. */
#include "data.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES (256u << 20)
#define MAX_SIDE 1024

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The body of an IDX file of unsigned bytes with `ndim` dimensions, moved to the start of its buffer. */
static int read_idx(const char *path, int ndim, uint32_t *dims, uint8_t **body, struct lxa_err *err)
{
	size_t bytes, head = 4 + 4 * (size_t)ndim;
	uint64_t want = 1;
	uint8_t *data;
	int ret = lxa_data_read_file(path, MAX_BYTES, &data, &bytes, err);

	if (ret)
		return ret;
	if (bytes < head || be32(data) != (0x800u | (uint32_t)ndim)) {
		ret = lxa_err_set(err, -EBADMSG, "%s: not an IDX file of bytes with %d dimensions", path, ndim);
		goto fail;
	}
	for (int i = 0; i < ndim; i++) {
		dims[i] = be32(data + 4 + 4 * i);
		if (!dims[i] || dims[i] > (i ? MAX_SIDE : MAX_BYTES)) {
			ret = lxa_err_set(err, -EBADMSG, "%s: dimension %d is %u", path, i, dims[i]);
			goto fail;
		}
		want *= dims[i];
	}
	if (bytes - head != want) {
		ret = lxa_err_set(err, -EBADMSG, "%s: %zu bytes of data, its header says %llu", path, bytes - head,
				  (unsigned long long)want);
		goto fail;
	}
	memmove(data, data + head, want);
	*body = data;
	return 0;
fail:
	free(data);
	return ret;
}

int lxa_data_read_idx(const char *images, const char *labels, struct lxa_dataset *d, struct lxa_err *err)
{
	uint32_t dims[3], n_labels;
	int ret;

	memset(d, 0, sizeof(*d));
	strcpy(d->name, "mnist");
	ret = read_idx(images, 3, dims, &d->pixels, err);
	if (!ret)
		ret = read_idx(labels, 1, &n_labels, &d->labels, err);
	if (ret)
		goto fail;
	if (n_labels != dims[0]) {
		ret = lxa_err_set(err, -EBADMSG, "%s: %u labels for the %u images of %s", labels, n_labels, dims[0],
				  images);
		goto fail;
	}
	d->n = dims[0];
	d->c = 1;
	d->h = (int)dims[1];
	d->w = (int)dims[2];
	d->classes = 10;
	d->max = 255;
	for (size_t i = 0; i < d->n; i++) {
		if (d->labels[i] >= d->classes) {
			ret = lxa_err_set(err, -EBADMSG, "%s: label %zu is %u, the largest is 9", labels, i,
					  d->labels[i]);
			goto fail;
		}
	}
	return 0;
fail:
	lxa_data_free(d);
	return ret;
}
