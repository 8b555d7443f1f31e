/* SPDX-License-Identifier: MIT */
/* cli.h - what the subcommands of `lxa` share: options, exit codes, opening the device and planning a model. */
#ifndef LXA_CLI_H
#define LXA_CLI_H

#include <stdint.h>
#include <stdio.h>

#include "../lxa.h"
#include "../data/data.h"

/* Exit codes, documented in userspace/README.md and `lxa --help`. */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,		/* something could not be read, planned, run or written: stderr says what and where */
	EXIT_USAGE = 2,
	EXIT_MISMATCH = 3,		/* it ran, but the device's bits differ from the CPU's */
	EXIT_STOPPED = 130,		/* Ctrl-C; what was finished has been reported */
};

#define CLI_MAX_FILES 64
#define CLI_MAX_JOBS 256

struct cli_options {
	const char *model;		/* NULL when not given */
	const char *engine;		/* "rtl", "model", "cpu" or NULL */
	const char *device;		/* path for lxa_device_open, or NULL */
	struct lxa_pixels pixels;	/* --mean, --std: what images of --data become */
	const char *data, *json, *trace, *profile, *dot, *html;
	const char *in[CLI_MAX_FILES], *out[CLI_MAX_FILES]; /* FILE or NAME=FILE */
	int n_in, n_out;
	uint64_t limit;			/* images, 0: all */
	int64_t batch;			/* 0: chosen by the engine */
	int jobs;			/* images are spread over that many devices: 1.. */
	int threads;			/* of the CPU kernels, in each job; 0: one */
	int check;			/* compare every device layer with the CPU kernels */
};

/* Parse argv[1..]; prints what is wrong and returns EXIT_USAGE, or returns 0. */
int cli_parse(struct cli_options *o, int argc, char **argv);

int cli_fail(const struct lxa_err *err); /* prints "lxa: <sentence>"; returns EXIT_FAILED */

/* A device (NULL for engine "cpu"), and a model planned for it. */
struct cli_session {
	struct lxa_device *dev;
	struct lxa_model *model;
	struct lxa_plan *plan;
};
int cli_device_open(const struct cli_options *o, struct lxa_device **dev, struct lxa_err *err);
int cli_session_open(const struct cli_options *o, struct cli_session *s, struct lxa_err *err);
/* The same model and kind of device once more, for a worker of its own; a simulated device is another one (nr 1..). */
int cli_session_again(const struct cli_options *o, const struct cli_session *first, int nr, struct cli_session *s,
		      struct lxa_err *err);
void cli_session_close(struct cli_session *s); /* one made by _again leaves the first's model alone */
const char *cli_engine_name(const struct cli_session *s); /* "rtl", "model", "hardware", "cpu" */
uint64_t cli_device_macs(const struct lxa_plan *p, uint64_t *total); /* MACs an image on the device, and all */

/* The data set in folder dir whose images have the shape of the model's input (images.c). */
int cli_images_load(const char *model, const char *dir, enum lxa_split split, const struct lxa_io *io, struct lxa_dataset *d,
		    struct lxa_err *err);
/* --mean, --std: 0, or EXIT_USAGE after saying what is wrong. */
int cli_pixels(const char *name, const char *text, struct lxa_pixels *px);

/* Tables (table.c), with the figures of a run; ws NULL: the plan alone. */
struct workers;
struct json;
void table_layers(FILE *f, const struct lxa_plan *p, const struct workers *ws);
void table_times(FILE *f, const struct lxa_plan *p, const struct workers *ws); /* where the time went */
void json_layers(struct json *j, const struct lxa_plan *p, const struct workers *ws);

int cmd_info(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_quantize(int argc, char **argv);
int cmd_daemon(int argc, char **argv);
int cmd_coredump(int argc, char **argv);
int cmd_sim(int argc, char **argv);
int lxa_train_main(int argc, char **argv); /* userspace/train */

#endif
