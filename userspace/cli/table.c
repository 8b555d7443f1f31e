// SPDX-License-Identifier: MIT
/* table.c - the layers of a plan, as a table for people and as JSON. */
#include "cli.h"
#include "json.h"
#include "text.h"
#include "workers.h"

#include <string.h>

static const char *place_name(enum lxa_place place)
{
	return place == LXA_PLACE_DEVICE ? "device" : "cpu";
}

static double per_image(uint64_t v, uint64_t images)
{
	return images ? (double)v / (double)images : 0.0;
}

/* Figures of one node: those of a run, else what is predicted. */
static void print_figures(FILE *f, const struct lxa_plan_entry *e, const struct lxa_layer_report *r, uint64_t images)
{
	if (e->place == LXA_PLACE_DEVICE && !e->head)
		fprintf(f, "  %10s %10s %6s %10s", "", "", "", "");
	else if (e->place == LXA_PLACE_DEVICE && !images && e->cycles)
		fprintf(f, "  %10llu %10llu %5.1f%% %10llu", (unsigned long long)e->macs, (unsigned long long)e->cycles,
			100.0 * (double)e->macs / (double)e->cycles / e->lane_macs, (unsigned long long)e->bytes);
	else if (!images)
		fprintf(f, "  %10llu %10s %6s %10llu", (unsigned long long)e->macs, "-", "-", (unsigned long long)e->bytes);
	else if (e->place == LXA_PLACE_CPU || !r->cycles)
		fprintf(f, "  %10llu %10s %6s %10s", (unsigned long long)e->macs, "-", "-", "-");
	else
		fprintf(f, "  %10llu %10.0f %5.1f%% %10.0f", (unsigned long long)e->macs, per_image(r->cycles, images),
			100.0 * r->utilization, per_image(r->rd_bytes + r->wr_bytes, images));
}

void table_layers(FILE *f, const struct lxa_plan *p, const struct workers *ws)
{
	uint64_t images = ws ? ws->res.images : 0;
	struct lxa_layer_report r = { 0 };
	int n = lxa_plan_entries(p), folded = 0;

	fprintf(f, "%-18s %-18s %-6s", "layer", "operation", "place");
	fprintf(f, "  %10s %10s %6s %10s", "MACs/img", images ? "cycles/img" : "predicted", "util", "bytes/img");
	fprintf(f, "  why\n");
	for (int i = 0; i < n; i++) {
		const struct lxa_plan_entry *e = lxa_plan_entry(p, i);

		if (e->constant) {
			folded++;
			continue;
		}
		if (ws)
			workers_report(ws, i, &r);
		text_column(f, e->name, 18);
		fputc(' ', f);
		text_column(f, e->op, 18);
		fprintf(f, " %-6s", place_name(e->place));
		print_figures(f, e, &r, images);
		if (e->place == LXA_PLACE_DEVICE && e->head)
			fprintf(f, "  %s lanes, %s; ", e->lanes, e->what);
		else
			fprintf(f, "  ");
		text_put(f, TEXT_PLAIN, e->reason);
		if (!ws && *e->needs) {
			fprintf(f, "\n%*sneeds ", 48, "");
			text_put(f, TEXT_PLAIN, e->needs);
		}
		fputc('\n', f);
	}
	if (folded)
		fprintf(f, "(and %d nodes on constants, evaluated while planning)\n", folded);
}

static void print_seconds(FILE *f, double s)
{
	if (s > 0)
		fprintf(f, " %9.4f", s);
	else
		fprintf(f, " %9s", "-");
}

static void print_times(FILE *f, const struct lxa_layer_report *r)
{
	print_seconds(f, r->seconds);
	print_seconds(f, r->encode_s);
	print_seconds(f, r->decode_s);
	print_seconds(f, r->driver_s);
	print_seconds(f, r->check_s);
	fprintf(f, " %12llu\n", (unsigned long long)r->cycles);
}

void table_times(FILE *f, const struct lxa_plan *p, const struct workers *ws)
{
	struct lxa_layer_report r, all = { 0 };
	int n = lxa_plan_entries(p), within = 0;

	fprintf(f, "%-18s %-6s %9s %9s %9s %9s %9s %12s\n", "seconds of layer", "place", "cpu", "encode", "decode", "driver", "check",
		"cycles");
	for (int i = 0; i < n; i++) {
		const struct lxa_plan_entry *e = lxa_plan_entry(p, i);

		workers_report(ws, i, &r);
		if (r.seconds == 0 && r.encode_s == 0 && r.decode_s == 0 && r.driver_s == 0 && r.check_s == 0) {
			within += !e->constant;
			continue;
		}
		text_column(f, e->name, 18);
		fprintf(f, " %-6s", place_name(e->place));
		print_times(f, &r);
		all.seconds += r.seconds, all.encode_s += r.encode_s, all.decode_s += r.decode_s;
		all.driver_s += r.driver_s, all.check_s += r.check_s, all.cycles += r.cycles;
	}
	fprintf(f, "%-18s %-6s", "all", "");
	print_times(f, &all);
	if (within)
		fprintf(f, "(and %d nodes within those before them)\n", within);
}

void json_layers(struct json *j, const struct lxa_plan *p, const struct workers *ws)
{
	uint64_t images = ws ? ws->res.images : 0;
	struct lxa_layer_report r = { 0 };
	int n = lxa_plan_entries(p);

	json_open(j, "layers", '[');
	for (int i = 0; i < n; i++) {
		const struct lxa_plan_entry *e = lxa_plan_entry(p, i);

		if (e->constant)
			continue;
		if (ws)
			workers_report(ws, i, &r);
		json_open(j, NULL, '{');
		json_string(j, "name", e->name);
		json_string(j, "op", e->op);
		json_string(j, "place", place_name(e->place));
		json_string(j, "reason", e->reason);
		json_string(j, "needs", e->needs);
		json_uint(j, "macs", e->macs);
		json_uint(j, "cycles", r.cycles);
		json_double(j, "utilization", r.utilization);
		json_uint(j, "bytes", e->bytes);
		if (e->layer >= 0)
			json_uint(j, "device_layer", (uint64_t)e->layer);
		if (e->head) {
			json_string(j, "lanes", e->lanes);
			json_string(j, "formats", e->what);
			json_uint(j, "tile_h", e->tile_h);
			json_uint(j, "tile_w", e->tile_w);
			json_double(j, "sum_bits", e->sum_bits);
			json_uint(j, "predicted_cycles", e->cycles);
		}
		if (images) {
			json_uint(j, "images", r.images);
			json_double(j, "seconds", r.seconds);
			json_double(j, "encode_s", r.encode_s);
			json_double(j, "decode_s", r.decode_s);
			json_double(j, "driver_s", r.driver_s);
			json_double(j, "check_s", r.check_s);
		}
		if (images && e->head) {
			json_uint(j, "device_macs", r.macs);
			json_uint(j, "busy", r.busy);
			json_uint(j, "st_wgt", r.st_wgt);
			json_uint(j, "st_act", r.st_act);
			json_uint(j, "st_rd", r.st_rd);
			json_uint(j, "st_out", r.st_out);
			json_uint(j, "st_wr", r.st_wr);
			json_uint(j, "st_pipe", r.st_pipe);
			json_uint(j, "st_cmd", r.st_cmd);
			json_uint(j, "rd_bytes", r.rd_bytes);
			json_uint(j, "wr_bytes", r.wr_bytes);
			json_uint(j, "compared", r.compared);
			json_uint(j, "mismatches", r.mismatches);
		}
		json_close(j, '}');
	}
	json_close(j, ']');
}
