/* SPDX-License-Identifier: MIT */
/*
 * data.h - labelled image sets, for training and for measuring: the built-in digits and MNIST.
 *
 * `lxa run` and `lxa train` both read through here, so that "the test split" means the same images to both.
 *	digits	digits.csv.gz of Debian's python3-sklearn: 1,797 images of 8x8, pixels 0..16. It has no split; ours:
 *		image i is a test image iff i % 5 == 4 (359 of them; get-digits.sh fetches the file)
 *	mnist	the four IDX files, .gz or not: 60,000 training and 10,000 test images of 28x28, pixels 0..255
 * Thread-safe: no state. Errors are negative errno and a sentence in err that names the file.
 */
#ifndef LXA_DATA_H
#define LXA_DATA_H

#include "graph.h"

struct lxa_dataset {
	char name[16];			/* "digits", "mnist" */
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
 * that does. -ENOENT: no such file; -EINVAL: unknown name, or LXA_SPLIT_ALL of mnist; -EBADMSG: broken or truncated
 * file.
 */
int lxa_data_load(const char *name, const char *dir, enum lxa_split split, struct lxa_dataset *d, struct lxa_err *err);
void lxa_data_free(struct lxa_dataset *d);

/* The name of the first set whose files the folder has (mnist before digits), or NULL. */
const char *lxa_data_detect(const char *dir);

/* The readers behind it. Both labels and images are checked completely before they return 0. */
int lxa_data_read_digits(const char *path, struct lxa_dataset *d, struct lxa_err *err);
int lxa_data_read_idx(const char *images, const char *labels, struct lxa_dataset *d, struct lxa_err *err);

/* Keep the images with i % period == rest (keep = 1) or the others (keep = 0). In place. */
void lxa_data_filter(struct lxa_dataset *d, size_t period, size_t rest, int keep);

/* A file, gzip'ed or not, in memory with a NUL behind it. limit: bytes at most (-EFBIG beyond). */
int lxa_data_read_file(const char *path, size_t limit, uint8_t **data, size_t *n, struct lxa_err *err);

#endif
