// SPDX-License-Identifier: MIT
// activity.c - gate toggles per MAC of each mode from a recorded run; README.md says what is counted.
//   activity NETLISTS TRACES      folders: netlists of columns (activity.sh), shift.trace and xnor.trace (lxa_record.sv)
// Exit code: 0, or 1: something cannot be read, or a netlist's sums are not the numeric contract's.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "column.h"

enum data { LOG, PIXELS, BINARY };		/* which operations of the run */
enum form { AS_IS, BASE2, WGT_INT8, INT8 };	/* what their operands are turned into */

static const struct row {
	const char *name, *netlist;
	enum column_kind kind;
	int acc_w, half_w;
	enum data data;
	enum form form;
	int reference;				/* row that it is a part of */
} rows[] = {
	{ "int8 x int8, 32 bits", "int8", COL_INT8, 32, 0, LOG, INT8, 0 },
	{ "log x log base 2, 32 bits", "log2", COL_SHIFT, 32, 0, LOG, BASE2, 0 },
	{ "log base 2 x int8, 32 bits", "log2w", COL_SHIFT, 32, 0, LOG, WGT_INT8, 0 },
	{ "log x log base sqrt 2, 2 x 32 bits", "sqrt2", COL_SHIFT, 64, 32, LOG, AS_IS, 0 },
	{ "all modes: log x log base sqrt 2", "any", COL_SHIFT, 64, 32, LOG, AS_IS, 0 },
	{ "all modes: log x log base 2", "any", COL_SHIFT, 64, 32, LOG, BASE2, 0 },
	{ "all modes: log base 2 x int8", "any", COL_SHIFT, 64, 32, LOG, WGT_INT8, 0 },
	{ "XNOR, 32 bits", "xnor", COL_XNOR, 32, 0, BINARY, AS_IS, 0 },
	{ "XNOR with bit planes: binary", "planes", COL_XNOR, 32, 0, BINARY, AS_IS, 0 },
	{ "uint8 x int8, 32 bits", "uint8", COL_INT8, 32, 0, PIXELS, INT8, 9 },
	{ "uint8 x log base 2, 32 bits", "log2a", COL_SHIFT, 32, 0, PIXELS, BASE2, 9 },
	{ "all modes: uint8 x log base sqrt 2", "any", COL_SHIFT, 64, 32, PIXELS, AS_IS, 9 },
};
#define ROWS (int)(sizeof(rows) / sizeof(rows[0]))
#define OC_SHIFT 16				/* of the configuration base */
#define IC_SHIFT 16
#define OC_XNOR 64

struct word {
	uint8_t byte[16];			/* byte 0 first */
};

static int read_word(const char *hex, struct word *w)
{
	size_t len = strlen(hex), i;

	memset(w, 0, sizeof(*w));
	for (i = 0; i < len && i < 32; i++) {
		char digit[2] = { hex[len - 1 - i], 0 }, *end;

		w->byte[i / 2] |= (uint8_t)(strtoul(digit, &end, 16) << (i % 2 * 4));
		if (*end)
			return -1;
	}
	return len && len <= 32 ? 0 : -1;
}

/* A number in 0..1 that depends on nothing but the word and the lane: what is read twice is turned into the same value twice. */
static double dither(const struct word *w, int lane)
{
	uint64_t h = 0x9e3779b97f4a7c15ull * (uint64_t)(lane + 1);

	for (int i = 0; i < 16; i++) {
		h = (h ^ w->byte[i]) * 0xbf58476d1ce4e5b9ull;
		h ^= h >> 29;
	}
	return (double)(h >> 11) / 9007199254740992.0;
}

/* A code stands for the values between the middles of its neighbours; int8: one of those, 127 the largest of all. */
static struct operand to_int8(struct operand x, int max_e2, double where)
{
	double lo = exp2((x.e2 - 0.5) / 2), hi = exp2((x.e2 + 0.5) / 2);
	double v = x.live ? 127 * (lo + (hi - lo) * where) / exp2((max_e2 + 0.5) / 2) : 0;

	if (x.integer)
		return x;
	return (struct operand){ .integer = 1, .value = (int)lround(x.neg ? -v : v) };
}

static struct operand decode(unsigned int code, int sign, int sqrt2)
{
	return (struct operand){ .live = code != 0, .neg = (uint8_t)sign,
				 .e2 = (uint8_t)(((code - 1) * (sqrt2 ? 1u : 2u)) & 31) };
}

struct run {
	const struct row *row;
	struct column *col;			/* NULL: only look for the largest exponents */
	int max_a, max_w;
	struct operand shadow[OC_SHIFT][IC_SHIFT], active[OC_SHIFT][IC_SHIFT];
	uint64_t xshadow[OC_XNOR], xactive[OC_XNOR], ops;
};

static struct operand shape(const struct run *r, struct operand x, int weight, double where)
{
	enum form form = r->row->form;

	if (form == INT8 || (form == WGT_INT8 && weight))
		return to_int8(x, weight ? r->max_w : r->max_a, where);
	if (form != AS_IS)
		x.e2 &= 30;
	return x;
}

static int shift_load(struct run *r, char **arg)
{
	unsigned long oc = strtoul(arg[2], NULL, 16);
	int integer = *arg[0] == '1', sqrt2 = *arg[1] == '1';
	struct word w;

	if (oc >= OC_SHIFT || read_word(arg[3], &w))
		return -1;
	for (int i = 0; i < IC_SHIFT; i++) {
		struct operand x = decode(w.byte[i] & 127, w.byte[i] >> 7, sqrt2);

		if (integer)
			x = (struct operand){ .integer = 1, .value = (int8_t)w.byte[i] };
		else if (x.live && x.e2 > r->max_w && !r->col)
			r->max_w = x.e2;
		r->shadow[oc][i] = r->col ? shape(r, x, 1, dither(&w, i + (int)(16 * oc))) : x;
	}
	return 0;
}

static int shift_op(struct run *r, char **arg)
{
	int in_image = *arg[3] == '1', nibbles = *arg[4] == '1', pixels = *arg[5] == '1', sqrt2 = *arg[7] == '1';
	struct op op = { .first = *arg[1] == '1', .lanes = IC_SHIFT, .acc = (int)strtoul(arg[2], NULL, 16) };
	struct word w;

	if (*arg[0] == '1')
		memcpy(r->active, r->shadow, sizeof(r->active));
	if (read_word(arg[nibbles ? 8 : 9], &w))
		return -1;
	if (pixels != (r->row->data == PIXELS))
		return 0;
	r->ops++;
	for (int o = 0; o < OC_SHIFT; o++)
		op.w[o] = r->active[o];
	for (int i = 0; i < IC_SHIFT; i++) {
		unsigned int code = nibbles ? w.byte[i / 2] >> (i % 2 * 4) & 15 : w.byte[i];
		struct operand x = decode(in_image ? code : 0, 0, sqrt2);

		if (pixels)
			x = (struct operand){ .integer = 1, .value = !in_image ? 0 : *arg[6] == '1' ? (int8_t)code : (int)code };
		else if (x.live && x.e2 > r->max_a && !r->col)
			r->max_a = x.e2;
		op.a[i] = r->col ? shape(r, x, 0, dither(&w, i)) : x;
	}
	if (r->col)
		column_op(r->col, &op);
	return 0;
}

static int xnor_load(struct run *r, char **arg)
{
	unsigned long at = strtoul(arg[2], NULL, 16);
	struct word w;

	if (at >= OC_XNOR / 2 || read_word(arg[3], &w))
		return -1;
	memcpy(&r->xshadow[2 * at], w.byte, 16);
	return 0;
}

static int xnor_op(struct run *r, char **arg)
{
	struct op op = { .first = *arg[1] == '1', .lanes = 64, .acc = (int)strtoul(arg[2], NULL, 16) };

	if (*arg[0] == '1')
		memcpy(r->xactive, r->xshadow, sizeof(r->xactive));
	op.bits = strtoull(arg[3], NULL, 16);
	op.mask = strtoull(arg[4], NULL, 16);
	op.n = (int32_t)strtoul(arg[5], NULL, 16);
	op.sh = (int)strtoul(arg[6], NULL, 16);
	op.minus = *arg[7] == '1';
	op.wbits = r->xactive;
	r->ops++;
	column_op(r->col, &op);
	return 0;
}

static int read_trace(struct run *r, const char *dir)
{
	const int xnor = r->row->kind == COL_XNOR, want = xnor ? 8 : 10;
	char path[4096], line[256], *arg[12], *save;
	int number = 0, args, rc = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.trace", dir, xnor ? "xnor" : "shift");
	f = fopen(path, "r");
	if (!f) {
		perror(path);
		return -1;
	}
	while (!rc && fgets(line, sizeof(line), f)) {
		number++;
		strtok_r(line, " \n", &save);
		for (args = 0; args < 11 && (arg[args] = strtok_r(NULL, " \n", &save)); args++)
			;
		if (*line == 'l' && args == 4)
			rc = xnor ? xnor_load(r, arg) : shift_load(r, arg);
		else if (*line == 'o' && args == want)
			rc = xnor ? xnor_op(r, arg) : shift_op(r, arg);
		else
			rc = -1;
	}
	if (rc)
		fprintf(stderr, "%s:%d: not a line of lxa_record.sv for the configuration base\n", path, number);
	fclose(f);
	return rc;
}

static void print_row(const struct row *row, const struct column *c, uint64_t ops, double *sum, double *load)
{
	struct netlist_sum s = { 0, 0, 0 };
	double gates, registers, macs = (double)c->macs;
	int at = (int)(row - rows);

	for (int o = 0; o < c->oc; o++) {
		struct netlist_sum one = netlist_sum(c->net[o]);

		s.toggles += one.toggles;
		s.load += one.load;
	}
	gates = (double)s.toggles / macs;
	registers = (double)column_registers(c) / macs;
	sum[at] = gates + registers;
	load[at] = (double)s.load / macs;
	printf("%-36s %9llu %8.3f %8.3f %8.3f %7.4f %8.3f %7.4f\n", row->name, (unsigned long long)ops, gates, registers, sum[at],
	       sum[at] / sum[row->reference], load[at], load[at] / load[row->reference]);
	fflush(stdout);
}

static int run_row(const struct row *row, const char *netlists, const char *traces, double *sum, double *load)
{
	struct run *r = calloc(1, sizeof(*r));
	struct column *c = calloc(1, sizeof(*c));
	char path[4096];
	int rc;

	if (!r || !c)
		abort();
	snprintf(path, sizeof(path), "%s/%s.blif", netlists, row->netlist);
	c->kind = row->kind;
	c->acc_w = row->acc_w;
	c->half_w = row->half_w;
	c->oc = row->kind == COL_XNOR ? OC_XNOR : OC_SHIFT;
	r->row = row;
	rc = row->kind == COL_XNOR ? 0 : read_trace(r, traces);
	r->ops = 0;
	r->col = c;
	if (!rc)
		rc = column_open(c, path);
	if (!rc)
		rc = read_trace(r, traces);
	if (!rc && !r->ops) {
		fprintf(stderr, "activity: %s: the run has no such operations\n", row->name);
		rc = -1;
	}
	if (!rc) {
		column_end(c);
		print_row(row, c, r->ops, sum, load);
	}
	if (!rc && c->wrong) {
		fprintf(stderr, "activity: %s: %llu bits of the netlist's sums are not the contract's\n", path, (unsigned long long)c->wrong);
		rc = -1;
	}
	column_close(c);
	free(r);
	return rc;
}

int main(int argc, char **argv)
{
	double sum[ROWS], load[ROWS];
	int rc = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: activity NETLISTS TRACES\n");
		return 2;
	}
	printf("%-36s %9s %8s %8s %8s %7s %8s %7s\n", "toggles per MAC", "cycles", "gates", "regs", "both", "of int8", "fan-out", "of int8");
	for (int i = 0; i < ROWS && !rc; i++)
		rc = run_row(&rows[i], argv[1], argv[2], sum, load);
	if (!rc)
		printf("every sum of every netlist equals the numeric contract's\n");
	return rc ? 1 : 0;
}
