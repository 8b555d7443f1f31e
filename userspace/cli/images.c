// SPDX-License-Identifier: MIT
/* images.c - images for a model: the data set of its input's shape, and what pixels become. */
#include "cli.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int data_fits(const struct lxa_dataset *d, const struct lxa_io *io)
{
	return io->ndim == 4 && io->dims[1] == d->c && io->dims[2] == d->h && io->dims[3] == d->w;
}

int cli_images_load(const char *model, const char *dir, enum lxa_split split, const struct lxa_io *io, struct lxa_dataset *d,
		    struct lxa_err *err)
{
	static const char *const names[] = { "mnist", "cifar10", "digits" };
	int rc, found = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		rc = lxa_data_load(names[i], dir, split, d, err);
		if (rc == -ENOENT)
			continue;
		if (rc)
			return rc;
		if (data_fits(d, io))
			return 0;
		lxa_err_set(err, -EINVAL, "%s: the images of %s in %s are %dx%dx%d; input `%s' is of another shape", model,
			    names[i], dir, d->c, d->h, d->w, io->name);
		lxa_data_free(d);
		memset(d, 0, sizeof(*d));
		found = 1;
	}
	return found ? -EINVAL : lxa_err_set(err, -ENOENT, "%s: neither the digits nor MNIST nor CIFAR-10 are here", dir);
}

/* "1.5" or "1,2,3" into values; the number of them, or 0. */
static int numbers(const char *text, int max, float *values)
{
	char *end;

	for (int n = 0; n < max; text = end + 1) {
		values[n] = strtof(text, &end);
		if (end == text || !isfinite(values[n++]))
			return 0;
		if (!*end)
			return n;
		if (*end != ',')
			return 0;
	}
	return 0;
}

int cli_pixels(const char *name, const char *text, struct lxa_pixels *px)
{
	int is_std = !strcmp(name, "std"), n = numbers(text, LXA_DATA_CHANNELS, is_std ? px->std : px->mean);

	if (!n) {
		fprintf(stderr, "lxa: --%s %s: up to %d numbers with commas between them are wanted\n", name, text,
			LXA_DATA_CHANNELS);
		return EXIT_USAGE;
	}
	for (int i = 0; is_std && i < n; i++) {
		if (px->std[i] == 0) {
			fprintf(stderr, "lxa: --std %s: 0 divides nothing\n", text);
			return EXIT_USAGE;
		}
	}
	*(is_std ? &px->n_std : &px->n_mean) = n;
	return 0;
}
