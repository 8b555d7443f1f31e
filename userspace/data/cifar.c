// SPDX-License-Identifier: MIT
/* cifar.c - reads CIFAR-10's binary files: a label byte, then 32x32 bytes of each colour, image after image. */
#include "data.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 32
#define CHANNELS 3
#define CLASSES 10
#define IMAGE ((size_t)CHANNELS * SIDE * SIDE)
#define MAX_BYTES (256u << 20)

static int check(const char *path, const uint8_t *data, size_t bytes, struct lxa_err *err)
{
	if (!bytes || bytes % (1 + IMAGE))
		return lxa_err_set(err, -EBADMSG, "%s: %zu bytes are not a whole number of CIFAR-10 images (%zu bytes each)", path,
				   bytes, 1 + IMAGE);
	for (size_t i = 0; i < bytes; i += 1 + IMAGE)
		if (data[i] >= CLASSES)
			return lxa_err_set(err, -EBADMSG, "%s: label %zu is %u, the largest is 9", path, i / (1 + IMAGE), data[i]);
	return 0;
}

int lxa_data_read_cifar(const char *path, struct lxa_dataset *d, struct lxa_err *err)
{
	uint8_t *data, *pixels, *labels;
	size_t bytes, n;
	int ret = lxa_data_read_file(path, MAX_BYTES, &data, &bytes, err);

	if (ret)
		return ret;
	ret = check(path, data, bytes, err);
	if (ret)
		goto out;
	n = bytes / (1 + IMAGE);
	pixels = realloc(d->pixels, (d->n + n) * IMAGE);
	d->pixels = pixels ? pixels : d->pixels;
	labels = realloc(d->labels, d->n + n);
	d->labels = labels ? labels : d->labels;
	if (!pixels || !labels) {
		ret = lxa_err_set(err, -ENOMEM, "%s: no memory for %zu images", path, n);
		goto out;
	}
	for (size_t i = 0; i < n; i++) {
		d->labels[d->n + i] = data[i * (1 + IMAGE)];
		memcpy(d->pixels + (d->n + i) * IMAGE, data + i * (1 + IMAGE) + 1, IMAGE);
	}
	d->n += n;
	strcpy(d->name, "cifar10");
	d->c = CHANNELS;
	d->h = d->w = SIDE;
	d->classes = CLASSES;
	d->max = 255;
out:
	free(data);
	if (ret)
		lxa_data_free(d);
	return ret;
}
