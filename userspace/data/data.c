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

static const char *split_name(enum lxa_split split)
{
	return split == LXA_SPLIT_TEST ? "test split" : split == LXA_SPLIT_TRAIN ? "training split" : "all images";
}

static int load_digits(const char *dir, enum lxa_split split, struct lxa_dataset *d, struct lxa_err *err)
{
	char path[PATH_LEN];
	int ret = find(dir, "digits", "digits.csv", path, err);

	if (!ret)
		ret = lxa_data_read_digits(path, d, err);
	if (!ret && split != LXA_SPLIT_ALL)
		lxa_data_filter(d, DIGITS_PERIOD, DIGITS_TEST, split == LXA_SPLIT_TEST);
	d->split = split_name(split);
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
	d->split = split_name(split);
	return ret;
}

static int find_cifar(const char *dir, const char *file, char *path, struct lxa_err *err)
{
	if (!find(dir, "cifar-10-batches-bin", file, path, err))
		return 0;
	return find(dir, "cifar10", file, path, err);
}

/* The batches of a split that are there; those of the training split are five files. */
static int load_cifar(const char *dir, enum lxa_split split, struct lxa_dataset *d, struct lxa_err *err)
{
	char path[PATH_LEN], file[32];
	int ret = 0;

	if (split == LXA_SPLIT_ALL)
		return lxa_err_set(err, -EINVAL, "cifar10: its images are in separate files: load one split");
	d->split = split_name(split);
	for (int i = 1; !ret && i <= (split == LXA_SPLIT_TEST ? 1 : 5); i++) {
		snprintf(file, sizeof(file), split == LXA_SPLIT_TEST ? "test_batch.bin" : "data_batch_%d.bin", i);
		if (!find_cifar(dir, file, path, err))
			ret = lxa_data_read_cifar(path, d, err);
	}
	if (ret || d->n)
		return ret;
	d->split = "first 4000 training images";
	ret = find_cifar(dir, "train_first4000.bin", path, err);
	return ret ? ret : lxa_data_read_cifar(path, d, err);
}

int lxa_data_load(const char *name, const char *dir, enum lxa_split split, struct lxa_dataset *d, struct lxa_err *err)
{
	memset(d, 0, sizeof(*d));
	if (!strcmp(name, "digits"))
		return load_digits(dir, split, d, err);
	if (!strcmp(name, "mnist"))
		return load_mnist(dir, split, d, err);
	if (!strcmp(name, "cifar10"))
		return load_cifar(dir, split, d, err);
	return lxa_err_set(err, -EINVAL, "%s: unknown data set, there are digits, mnist and cifar10", name);
}

void lxa_data_free(struct lxa_dataset *d)
{
	free(d->pixels);
	free(d->labels);
	d->pixels = d->labels = NULL;
	d->n = 0;
}

int lxa_data_tensor(const struct lxa_dataset *d, size_t first, size_t n, const struct lxa_pixels *px, struct lxa_tensor *t,
		    struct lxa_err *err)
{
	size_t plane = (size_t)d->h * (size_t)d->w, planes = n * (size_t)d->c;
	const uint8_t *from = d->pixels + first * (size_t)d->c * plane;
	struct lxa_pixels none = { 0 };
	float *x;

	px = px ? px : &none;
	if (first > d->n || n > d->n - first)
		return lxa_err_set(err, -EINVAL, "%s: has %zu images, not %zu", d->name, d->n, first + n);
	if ((px->n_mean > 1 && px->n_mean != d->c) || (px->n_std > 1 && px->n_std != d->c))
		return lxa_err_set(err, -EINVAL, "%s: its images have %d channels: give one mean and one std, or %d", d->name,
				   d->c, d->c);
	*t = (struct lxa_tensor){ .dtype = LXA_F32, .ndim = 4, .dims = { (int64_t)n, d->c, d->h, d->w } };
	if (lxa_tensor_alloc(t))
		return lxa_err_set(err, -ENOMEM, "no memory for %zu images", n);
	x = t->data;
	for (size_t i = 0; i < planes; i++) {
		int c = (int)(i % (size_t)d->c);
		float mean = px->n_mean ? px->mean[px->n_mean > 1 ? c : 0] : 0;
		float std = px->n_std ? px->std[px->n_std > 1 ? c : 0] : 1;

		for (size_t k = 0; k < plane; k++)
			x[i * plane + k] = ((float)from[i * plane + k] - mean) / std;
	}
	return 0;
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
