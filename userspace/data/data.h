/* SPDX-License-Identifier: MIT */
/*
 * data.h - labelled image sets, for training, calibrating and measuring: the built-in digits, MNIST and CIFAR-10.
 *
 * `lxa run` and `lxa train` both read through here, so that "the test split" means the same images to both.
 *	digits	digits.csv.gz of Debian's python3-sklearn: 1,797 images of 8x8, pixels 0..16. It has no split; ours:
 *		image i is a test image iff i % 5 == 4 (359 of them; get-digits.sh fetches the file)
 *	mnist	the four IDX files, .gz or not: 60,000 training and 10,000 test images of 28x28, pixels 0..255
 *	cifar10	its binary version: test_batch.bin and data_batch_1.bin .. data_batch_5.bin (any of them), .gz or not: images of
 *		3x32x32. Where neither is there, train_first4000.bin, the first 4,000 training images, is both splits, and
 *		`split` says so: what was trained on them scores too well there
 * Thread-safe: no state. Errors are negative errno and a sentence in err that names the file.
 */
#ifndef LXA_DATA_H
#define LXA_DATA_H

#include "graph.h"

struct lxa_dataset {
	char name[16];			/* "digits", "mnist", "cifar10" */
	const char *split;		/* which images these are, for people: "test split" */
	size_t n;			/* images */
	int c, h, w;			/* channels, rows, columns */
	int classes;			/* labels are 0 .. classes - 1 */
	int max;			/* the largest value a pixel can have (digits 16, mnist 255) */
	uint8_t *pixels;		/* n * c * h * w, image by image, NCHW; owned by this struct */
	uint8_t *labels;		/* n; owned by this struct */
};

enum lxa_split { LXA_SPLIT_TRAIN, LXA_SPLIT_TEST, LXA_SPLIT_ALL };

/*
 * Load a split of the named set from a folder. The folder holds the files themselves or a folder with the set's name
 * that does. -ENOENT: no such file; -EINVAL: unknown name, or LXA_SPLIT_ALL of a set in separate files; -EBADMSG: broken or truncated
 * file.
 */
int lxa_data_load(const char *name, const char *dir, enum lxa_split split, struct lxa_dataset *d, struct lxa_err *err);
void lxa_data_free(struct lxa_dataset *d);

/*
 * Images first .. first + n - 1 as a float tensor [n, c, h, w] of (pixel - mean) / std. px: one number, or one a channel, of
 * each; NULL: the pixels as they are. -EINVAL: as many numbers as no image has channels, or images that are not there.
 */
#define LXA_DATA_CHANNELS 3
struct lxa_pixels {
	int n_mean, n_std;		/* 0: mean 0, std 1 */
	float mean[LXA_DATA_CHANNELS], std[LXA_DATA_CHANNELS];
};
int lxa_data_tensor(const struct lxa_dataset *d, size_t first, size_t n, const struct lxa_pixels *px, struct lxa_tensor *t,
		    struct lxa_err *err);

/* The name of the first set whose files the folder has (mnist before digits), or NULL. */
const char *lxa_data_detect(const char *dir);

/* The readers behind it. Both labels and images are checked completely before they return 0. */
int lxa_data_read_digits(const char *path, struct lxa_dataset *d, struct lxa_err *err);
int lxa_data_read_idx(const char *images, const char *labels, struct lxa_dataset *d, struct lxa_err *err);
int lxa_data_read_cifar(const char *path, struct lxa_dataset *d, struct lxa_err *err);	/* adds to what d has */

/* Keep the images with i % period == rest (keep = 1) or the others (keep = 0). In place. */
void lxa_data_filter(struct lxa_dataset *d, size_t period, size_t rest, int keep);

/* A file, gzip'ed or not, in memory with a NUL behind it. limit: bytes at most (-EFBIG beyond). */
int lxa_data_read_file(const char *path, size_t limit, uint8_t **data, size_t *n, struct lxa_err *err);

#endif
