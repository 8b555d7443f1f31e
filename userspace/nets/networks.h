/* SPDX-License-Identifier: MIT */
/* networks.h - the table of real networks: networks.c measures, network_list.c knows the networks and their results. */
#ifndef LXA_NETS_NETWORKS_H
#define LXA_NETS_NETWORKS_H

#include "../data/data.h"
#include "../lxa.h"

#define NETWORKS_PATH 4096

/* One line of the table. */
struct line {
	const char *name;
	char result[256];		/* accuracy or agreement, in words */
	uint64_t macs, device_macs;
	double cycles;			/* an image, rtl */
	double rate[3];			/* images a second: rtl, model, cpu; 0: not measured */
	uint64_t compared, mismatches;	/* rtl against the CPU kernels, elements */
	int64_t checked;		/* images of that */
};

/* Where things are. */
struct place {
	const char *data, *dir;
	char tool[NETWORKS_PATH];	/* export-binary */
};

struct network {
	const char *name;
	const char *file;		/* of the data folder, or what export-binary calls it */
	const char *set;		/* data set */
	struct lxa_pixels pixels;
	const char *quantized;		/* what the quantized model is called, */
	enum lxa_shortcut shortcut;	/* and its shortcuts */
	/*
	 * Leaves the path of the model, images that it reads and l->result. -ENOENT: something is not there.
	 */
	int (*make)(const struct network *n, const struct place *at, struct line *l, char model[NETWORKS_PATH],
		    struct lxa_tensor *in, struct lxa_err *err);
};

const struct network *network_nr(int i);	/* NULL at the end */

struct engine {
	struct lxa_device *dev;		/* NULL: the CPU kernels */
	struct lxa_model *m;
	struct lxa_plan *p;
	int64_t step;			/* images at a time when speed is measured */
	const char *what;		/* with a progress bar that counts these, or NULL */
};

int engine_open(struct engine *e, const char *engine, const char *model, int64_t batch, struct lxa_err *err);
int engine_run(struct engine *e, const struct lxa_tensor *in, struct lxa_tensor *out, int check, struct lxa_run_result *res,
	       struct lxa_err *err);
void engine_close(struct engine *e);
int networks_progress(void *ctx, uint64_t done, uint64_t total);	/* non-zero after Ctrl-C */

#endif
