// SPDX-License-Identifier: MIT
/* draw.c - boxes and edges of a plan, each box in a row below all that it reads. */
#include "draw.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const draw_colour[5] = { "#ffffff", "#ffffff", "#dddddd", "#a8d5ff", "#ffcf87" };
const char *const draw_name[5] = { "input", "output", "CPU", "shift lanes", "XNOR lanes" };

static enum draw_kind kind_of(const struct lxa_plan *p, const struct lxa_plan_entry *e)
{
	int i;

	if (e->place != LXA_PLACE_DEVICE)
		return DRAW_CPU;
	for (i = 0; i < lxa_plan_entries(p); i++) {
		const struct lxa_plan_entry *h = lxa_plan_entry(p, i);

		if (h->head && h->layer == e->layer)
			return !strcmp(h->lanes, "xnor") ? DRAW_XNOR : DRAW_SHIFT;
	}
	return DRAW_SHIFT;
}

static int add_edge(struct drawing *d, int from, int to)
{
	struct draw_edge *more;
	int i, packed;

	for (i = d->n_edges - 1; i >= 0 && d->edges[i].to == to; i--)
		if (d->edges[i].from == from)
			return 0;
	more = realloc(d->edges, (size_t)(d->n_edges + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	d->edges = more;
	packed = d->boxes[from].kind >= DRAW_SHIFT && d->boxes[to].kind >= DRAW_SHIFT;
	d->edges[d->n_edges++] = (struct draw_edge){ from, to, packed };
	if (d->boxes[to].depth <= d->boxes[from].depth)
		d->boxes[to].depth = d->boxes[from].depth + 1;
	return 0;
}

/* The box of the model's input of this name; inputs are the first boxes. */
static int input_box(const struct drawing *d, const char *name)
{
	int i;

	for (i = 0; i < lxa_plan_inputs(d->p); i++)
		if (!strcmp(d->boxes[i].name, name))
			return i;
	return -1;
}

static int add_entry(struct drawing *d, int entry, int *box_of)
{
	const struct lxa_plan_entry *e = lxa_plan_entry(d->p, entry);
	struct draw_box *b = &d->boxes[d->n_boxes];
	int k, ret = 0, me = d->n_boxes++;

	*b = (struct draw_box){ .kind = kind_of(d->p, e), .entry = entry, .name = e->name, .op = e->op };
	lxa_plan_entry_output(d->p, entry, 0, &b->io);
	box_of[entry] = me;
	for (k = 0; !ret && k < e->n_in; k++) {
		struct lxa_io io;
		int from = lxa_plan_entry_input(d->p, entry, k, &io);

		from = from == LXA_FROM_INPUT ? input_box(d, io.name) : from >= 0 ? box_of[from] : -1;
		if (from >= 0)
			ret = add_edge(d, from, me);
	}
	return ret;
}

static int add_output(struct drawing *d, int i, const int *box_of)
{
	struct draw_box *b = &d->boxes[d->n_boxes];
	int k, o, me = d->n_boxes++;

	*b = (struct draw_box){ .kind = DRAW_OUTPUT, .entry = -1, .op = "output" };
	lxa_plan_output(d->p, i, &b->io);
	b->name = b->io.name;
	for (k = 0; k < lxa_plan_entries(d->p); k++)
		for (o = 0; o < lxa_plan_entry(d->p, k)->n_out; o++) {
			struct lxa_io io;

			lxa_plan_entry_output(d->p, k, o, &io);
			if (box_of[k] >= 0 && !strcmp(io.name, b->name))
				return add_edge(d, box_of[k], me);
		}
	k = input_box(d, b->name);
	return k < 0 ? 0 : add_edge(d, k, me);
}

static int place(struct drawing *d)
{
	int *row, i;

	for (i = 0; i < d->n_boxes; i++)
		d->rows = d->boxes[i].depth + 1 > d->rows ? d->boxes[i].depth + 1 : d->rows;
	row = calloc((size_t)d->rows + 1, sizeof(*row));
	if (!row)
		return -ENOMEM;
	for (i = 0; i < d->n_boxes; i++) {
		d->boxes[i].column = row[d->boxes[i].depth]++;
		d->columns = row[d->boxes[i].depth] > d->columns ? row[d->boxes[i].depth] : d->columns;
	}
	free(row);
	return 0;
}

int draw_create(struct drawing *d, const struct lxa_plan *p)
{
	int n = lxa_plan_entries(p), i, ret = 0;
	int *box_of = malloc(((size_t)n + 1) * sizeof(*box_of));

	memset(d, 0, sizeof(*d));
	d->p = p;
	d->boxes = calloc((size_t)(n + lxa_plan_inputs(p) + lxa_plan_outputs(p)) + 1, sizeof(*d->boxes));
	if (!d->boxes || !box_of)
		ret = -ENOMEM;
	for (i = 0; !ret && i < lxa_plan_inputs(p); i++) {
		struct draw_box *b = &d->boxes[d->n_boxes++];

		*b = (struct draw_box){ .kind = DRAW_INPUT, .entry = -1, .op = "input" };
		lxa_plan_input(p, i, &b->io);
		b->name = b->io.name;
	}
	for (i = 0; !ret && i < n; i++) {
		box_of[i] = -1;
		if (!lxa_plan_entry(p, i)->constant)
			ret = add_entry(d, i, box_of);
	}
	for (i = 0; !ret && i < lxa_plan_outputs(p); i++)
		ret = add_output(d, i, box_of);
	if (!ret)
		ret = place(d);
	free(box_of);
	if (ret)
		draw_free(d);
	return ret;
}

void draw_free(struct drawing *d)
{
	free(d->boxes);
	free(d->edges);
	memset(d, 0, sizeof(*d));
}

void draw_shape(FILE *f, const struct lxa_io *io)
{
	int i;

	for (i = 0; i < io->ndim; i++)
		fprintf(f, "%s%lld", i ? "x" : "", (long long)io->dims[i]);
}
