// SPDX-License-Identifier: MIT
/*
 * draw_html.c - a plan as one page: the graph as SVG, places as colours, and a table with reason and needs of every node. No script,
 * nothing loaded from elsewhere; well-formed as XML, too, so that any parser can check it.
 */
#include "draw.h"
#include "text.h"

#include <stdlib.h>

#define BOX_W 230
#define BOX_H 62
#define GAP_X 40
#define GAP_Y 34
#define MARGIN 20

static void html(FILE *f, const char *s)
{
	text_put(f, TEXT_HTML, s);
}

static int left(const struct draw_box *b)
{
	return MARGIN + b->column * (BOX_W + GAP_X);
}

static int top(const struct draw_box *b)
{
	return MARGIN + b->depth * (BOX_H + GAP_Y);
}

/* From the lower edge of one box to the upper one of another; past boxes in between around their right. */
static void put_edge(FILE *f, const struct drawing *d, const struct draw_edge *e)
{
	const struct draw_box *a = &d->boxes[e->from], *b = &d->boxes[e->to];
	int x0 = left(a) + BOX_W / 2, y0 = top(a) + BOX_H, x1 = left(b) + BOX_W / 2, y1 = top(b), bend = b->depth - a->depth > 1 ? BOX_W * 3 / 4 + 20 : 0;

	fprintf(f, "<path class=\"%s\" d=\"M%d %d C%d %d %d %d %d %d\"/>\n", e->packed ? "packed" : "edge", x0, y0, x0 + bend, y0 + GAP_Y,
		x1 + bend, y1 - GAP_Y, x1, y1);
}

static void put_text(FILE *f, int x, int y, const char *class)
{
	fprintf(f, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x, y);
}

static void put_box(FILE *f, const struct drawing *d, const struct draw_box *b)
{
	const struct lxa_plan_entry *e = b->entry < 0 ? NULL : lxa_plan_entry(d->p, b->entry);
	int x = left(b), y = top(b), inset = e ? 8 : 26;

	fprintf(f, "<g><title>");
	html(f, b->name);
	if (e) {
		fputs(": ", f);
		html(f, e->reason);
		if (*e->needs) {
			fputs("; needs ", f);
			html(f, e->needs);
		}
	}
	fprintf(f, "</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\" fill=\"%s\"/>", x, y, BOX_W, BOX_H, e ? 4 : BOX_H / 2,
		draw_colour[b->kind]);
	fprintf(f, "<svg x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\">", x, y, BOX_W, BOX_H);	/* cuts long names off */
	put_text(f, inset, 17, "name");
	html(f, b->name);
	fputs("</text>", f);
	put_text(f, inset, 34, "op");
	html(f, b->op);
	fputs("  ", f);
	draw_shape(f, &b->io);
	fputs("</text>", f);
	if (e && e->macs) {
		put_text(f, 8, 51, "op");
		fprintf(f, "%llu MACs", (unsigned long long)e->macs);
		if (e->head)
			fprintf(f, ", %llu cycles", (unsigned long long)e->cycles);
		fputs("</text>", f);
	}
	fputs("</svg></g>\n", f);
}

static void put_row(FILE *f, const struct drawing *d, const struct draw_box *b)
{
	const struct lxa_plan_entry *e = lxa_plan_entry(d->p, b->entry);

	fprintf(f, "<tr><td style=\"background:%s\">%s</td><td>", draw_colour[b->kind], draw_name[b->kind]);
	html(f, b->name);
	fputs("</td><td>", f);
	html(f, b->op);
	fputs("</td><td>", f);
	draw_shape(f, &b->io);
	fprintf(f, "</td><td class=\"n\">%llu</td>", (unsigned long long)e->macs);
	if (e->head)
		fprintf(f, "<td class=\"n\">%llu</td>", (unsigned long long)e->cycles);
	else
		fputs("<td></td>", f);
	if (e->bytes)
		fprintf(f, "<td class=\"n\">%llu</td>", (unsigned long long)e->bytes);
	else
		fputs("<td></td>", f);
	fputs("<td>", f);
	if (e->head) {
		html(f, e->what);
		fputs("; ", f);
	}
	html(f, e->reason);
	fputs("</td><td>", f);
	html(f, e->needs);
	fputs("</td></tr>\n", f);
}

static void put_head(FILE *f, const char *model)
{
	fputs("<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\"><head><meta charset=\"utf-8\"/><title>", f);
	html(f, model);
	fputs("</title>\n<style>\n"
	      "body{font:14px sans-serif;margin:24px}svg text{font:12px sans-serif}svg .name{font-weight:bold}\n"
	      "rect{stroke:#666}path{fill:none;stroke:#888}path.packed{stroke:#000;stroke-width:2.5}\n"
	      "table{border-collapse:collapse;margin-top:24px}td,th{border:1px solid #ccc;padding:3px 6px;text-align:left;vertical-align:top}\n"
	      "td.n{text-align:right}.key{display:inline-block;padding:2px 8px;margin-right:8px;border:1px solid #666}\n"
	      "</style></head>\n<body><h1>", f);
	html(f, model);
	fputs("</h1>\n", f);
}

void draw_html(FILE *f, const struct drawing *d, const char *model, const char *engine)
{
	int i;

	put_head(f, model);
	fputs("<p>", f);
	for (i = DRAW_CPU; i <= DRAW_XNOR; i++)
		fprintf(f, "<span class=\"key\" style=\"background:%s\">%s</span>", draw_colour[i], draw_name[i]);
	fputs("thick lines: tensors that stay in the device's layout</p>\n<p>Planned for engine ", f);
	html(f, engine);
	fprintf(f, "; cycles and bytes are predicted for one image, memory %d cycles away and of %d bytes a cycle.</p>\n", LXA_PREDICT_LATENCY,
		LXA_PREDICT_BYTES);
	fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\">\n", 2 * MARGIN + d->columns * (BOX_W + GAP_X) + BOX_W / 2,
		2 * MARGIN + d->rows * (BOX_H + GAP_Y));
	for (i = 0; i < d->n_edges; i++)
		put_edge(f, d, &d->edges[i]);
	for (i = 0; i < d->n_boxes; i++)
		put_box(f, d, &d->boxes[i]);
	fputs("</svg>\n<table><tr><th>place</th><th>node</th><th>operation</th><th>output</th><th>MACs</th><th>cycles</th><th>bytes</th><th>why</th>"
	      "<th>needs</th></tr>\n", f);
	for (i = 0; i < d->n_boxes; i++)
		if (d->boxes[i].entry >= 0)
			put_row(f, d, &d->boxes[i]);
	fputs("</table>\n</body></html>\n", f);
}
