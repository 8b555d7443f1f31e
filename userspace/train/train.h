/* SPDX-License-Identifier: MIT */
/* train.h - the command `lxa train`. */
#ifndef LXA_TRAIN_TRAIN_H
#define LXA_TRAIN_TRAIN_H

#include <stdio.h>

#include "recipe.h"

/*
 * Train the network of a recipe and write it to path. log: a line an epoch goes there (NULL: quiet).
 * 0, -EINTR after Ctrl-C (nothing is written), or a negative errno with a sentence.
 */
int lxa_train(const struct recipe *r, const char *data_dir, const char *path, FILE *log, double *accuracy,
	      struct lxa_err *err);

/* argv[0] is the command's name. Exit code: 0; 1 failed; 2 wrong usage; 130 interrupted. */
int lxa_train_main(int argc, char **argv);

#endif
