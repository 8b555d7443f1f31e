// SPDX-License-Identifier: MIT
/* data.c - finds a data set's files in a folder and cuts the training and test splits. */
#include "data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_LEN 4096
#define DIGITS_PERIOD 5		/* image i of the digits is a test image iff i % 5 == 4 */
#define DIGITS_TEST 4

static const char *const mnist_files[] = {
	"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
};

/* dir/file, dir/set/file, each as it is or with .gz. */
static int find(const char *dir, const char *set, const char *file, char *path, struct lxa_err *err)
{
	for (int i = 0; i < 4; i++) {
		int n = snprintf(path, PATH_LEN, "%s/%s%s%s%s", dir, i & 2 ? set : "", i & 2 ? "/" : "", file,
				 i & 1 ? ".gz" : "");

		if (n < PATH_LEN && !access(path, F_OK))
			return 0;
	}
	return lxa_err_set(err, -ENOENT, "%s: has neither %s nor %s.gz, nor has a folder %s in it",
			   dir, file, file, set);
}

static int load_digits(const char *dir, enum lxa_split split, struct lxa_dataset *d, struct lxa_err *err)
{
	char path[PATH_LEN];
	int ret = find(dir, "digits", "digits.csv", path, err);

	if (!ret)
		ret = lxa_data_read_digits(path, d, err);
	if (!ret && split != LXA_SPLIT_ALL)
		lxa_data_filter(d, DIGITS_PERIOD, DIGITS_TEST, split == LXA_SPLIT_TEST);
	return ret;
}

static int load_mnist(const char *dir, enum lxa_split split, struct lxa_dataset *d, struct lxa_err *err)
{
	char images[PATH_LEN], labels[PATH_LEN];
	int first = split == LXA_SPLIT_TEST ? 2 : 0;
	int ret;

	if (split == LXA_SPLIT_ALL)
		return lxa_err_set(err, -EINVAL,
				   "mnist: its training and test images are separate files: load one split");
	ret = find(dir, "mnist", mnist_files[first], images, err);
	if (!ret)
		ret = find(dir, "mnist", mnist_files[first + 1], labels, err);
	if (!ret)
		ret = lxa_data_read_idx(images, labels, d, err);
	return ret;
}

int lxa_data_load(const char *name, const char *dir, enum lxa_split split, struct lxa_dataset *d, struct lxa_err *err)
{
	memset(d, 0, sizeof(*d));
	if (!strcmp(name, "digits"))
		return load_digits(dir, split, d, err);
	if (!strcmp(name, "mnist"))
		return load_mnist(dir, split, d, err);
	return lxa_err_set(err, -EINVAL, "%s: unknown data set, there are digits and mnist", name);
}

void lxa_data_free(struct lxa_dataset *d)
{
	free(d->pixels);
	free(d->labels);
	d->pixels = d->labels = NULL;
	d->n = 0;
}

const char *lxa_data_detect(const char *dir)
{
	char path[PATH_LEN];
	struct lxa_err err;

	if (!find(dir, "mnist", mnist_files[2], path, &err))
		return "mnist";
	if (!find(dir, "digits", "digits.csv", path, &err))
		return "digits";
	return NULL;
}

void lxa_data_filter(struct lxa_dataset *d, size_t period, size_t rest, int keep)
{
	size_t size = (size_t)d->c * (size_t)d->h * (size_t)d->w, to = 0;

	for (size_t i = 0; i < d->n; i++) {
		if ((i % period == rest) != !!keep)
			continue;
		memmove(d->pixels + to * size, d->pixels + i * size, size);
		d->labels[to++] = d->labels[i];
	}
	d->n = to;
}
