// SPDX-License-Identifier: MIT
/* draw_dot.c - a plan in Graphviz' language: a box a node, the nodes of a device layer in a frame. */
#include "draw.h"
#include "text.h"

static void quoted(FILE *f, const char *s)
{
	text_put(f, TEXT_DOT, s);
}

static void put_box(FILE *f, const struct drawing *d, int i)
{
	const struct draw_box *b = &d->boxes[i];
	const struct lxa_plan_entry *e = b->entry < 0 ? NULL : lxa_plan_entry(d->p, b->entry);

	fprintf(f, "  n%d [label=\"", i);
	quoted(f, b->name);
	fputs("\\n", f);
	quoted(f, b->op);
	if (b->io.ndim) {
		fputs("  ", f);
		draw_shape(f, &b->io);
	}
	if (e && e->macs)
		fprintf(f, "\\n%llu MACs", (unsigned long long)e->macs);
	if (e && e->head)
		fprintf(f, ", %llu cycles", (unsigned long long)e->cycles);
	fprintf(f, "\", fillcolor=\"%s\"", draw_colour[b->kind]);
	if (b->entry < 0)
		fputs(", shape=ellipse", f);
	if (e) {
		fputs(", tooltip=\"", f);
		quoted(f, e->reason);
		if (*e->needs) {
			fputs("; needs ", f);
			quoted(f, e->needs);
		}
		fputc('"', f);
	}
	fputs("];\n", f);
}

/* A frame around the nodes of device layer `layer`. */
static void put_layer(FILE *f, const struct drawing *d, int layer, const struct lxa_plan_entry *head)
{
	int i;

	fprintf(f, "  subgraph cluster_%d {\n  label=\"%s lanes, ", layer, head->lanes);
	quoted(f, head->what);
	fputs("\"; style=rounded; color=\"#888888\"; fontsize=9;\n", f);
	for (i = 0; i < d->n_boxes; i++)
		if (d->boxes[i].entry >= 0 && lxa_plan_entry(d->p, d->boxes[i].entry)->layer == layer)
			put_box(f, d, i);
	fputs("  }\n", f);
}

void draw_dot(FILE *f, const struct drawing *d, const char *model)
{
	int i;

	fputs("digraph plan {\n  label=\"", f);
	quoted(f, model);
	fputs("\";\n  rankdir=TB;\n  node [shape=box, style=filled, fontname=\"sans-serif\", fontsize=10];\n", f);
	for (i = 0; i < d->n_boxes; i++) {
		const struct lxa_plan_entry *e = d->boxes[i].entry < 0 ? NULL : lxa_plan_entry(d->p, d->boxes[i].entry);

		if (!e || e->layer < 0)
			put_box(f, d, i);
		else if (e->head)
			put_layer(f, d, e->layer, e);
	}
	for (i = 0; i < d->n_edges; i++)
		fprintf(f, "  n%d -> n%d%s;\n", d->edges[i].from, d->edges[i].to, d->edges[i].packed ? " [penwidth=2]" : "");
	fputs("}\n", f);
}
