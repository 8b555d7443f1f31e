/* SPDX-License-Identifier: MIT */
/* run_files.h - tensors of `lxa run` from and to files. */
#ifndef LXA_CLI_RUN_FILES_H
#define LXA_CLI_RUN_FILES_H

#include "cli.h"

/* Fill in[] in the graph's order from --input; every input must be given once. */
int run_files_read(const struct cli_options *o, const struct lxa_plan *p, struct lxa_tensor *in, struct lxa_err *err);

/* Write out[] to the --output files; without any, print each output's name, shape and first values. */
int run_files_write(const struct cli_options *o, const struct lxa_plan *p, const struct lxa_tensor *out, struct lxa_err *err);

#endif
