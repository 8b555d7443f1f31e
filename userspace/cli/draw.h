/* SPDX-License-Identifier: MIT */
/* draw.h - a plan as a picture: for Graphviz, and as a page of its own. */
#ifndef LXA_CLI_DRAW_H
#define LXA_CLI_DRAW_H

#include <stdio.h>

#include "../lxa.h"

enum draw_kind { DRAW_INPUT, DRAW_OUTPUT, DRAW_CPU, DRAW_SHIFT, DRAW_XNOR };
extern const char *const draw_colour[5];	/* "#rrggbb" of each kind */
extern const char *const draw_name[5];

/* One box: an entry of the plan, or an input or output of the model. */
struct draw_box {
	enum draw_kind kind;
	int entry;			/* -1: an input or output */
	const char *name, *op;
	struct lxa_io io;		/* its first output */
	int depth, column;		/* where it stands: below everything it reads */
};

struct draw_edge {
	int from, to;			/* boxes */
	int packed;			/* a tensor that stays on the device, from one layer to the next */
};

struct drawing {
	const struct lxa_plan *p;
	int n_boxes, n_edges, rows, columns;
	struct draw_box *boxes;
	struct draw_edge *edges;
};

/* Without what depends on constants only. 0 or -ENOMEM. */
int draw_create(struct drawing *d, const struct lxa_plan *p);
void draw_free(struct drawing *d);
void draw_shape(FILE *f, const struct lxa_io *io);	/* "1x64x28x28" */

void draw_dot(FILE *f, const struct drawing *d, const char *model);
void draw_html(FILE *f, const struct drawing *d, const char *model, const char *engine);

#endif
