// SPDX-License-Identifier: MIT
// column.c - see column.h. The sums wanted are worked out here from rtl/README.md, sections 2 and 3, in whole numbers.
#include "column.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const port_names[COL_PORTS] = {
	[P_ACC] = "acc_i", [P_FIRST] = "first_i", [P_AINT] = "a_int_i", [P_WINT] = "w_int_i", [P_LIVE] = "a_live_i",
	[P_E2] = "a_e2_i",  [P_VAL] = "a_val_i",	 [P_W] = "w_i",	  [P_A] = "a_i",	    [P_IF0] = "if0_i",
	[P_IF1] = "if1_i", [P_N] = "n_i",	 [P_SH] = "sh_i",	  [P_SUM] = "sum_o",
};

int column_open(struct column *c, const char *path)
{
	for (int o = 0; o < c->oc; o++) {
		c->net[o] = netlist_read(path);
		if (!c->net[o])
			return -1;
	}
	for (int p = 0; p < COL_PORTS; p++)
		for (int i = 0; i < PORT_BITS; i++)
			c->port[p][i] = netlist_port(c->net[0], port_names[p], i);
	if (c->port[P_SUM][c->acc_w - 1] < 0) {
		fprintf(stderr, "%s: no sum_o of %d bits\n", path, c->acc_w);
		return -1;
	}
	return 0;
}

void column_close(struct column *c)
{
	for (int o = 0; o < c->oc; o++)
		netlist_free(c->net[o]);
	free(c);
}

/* Set pattern c->count of a port's bits from `bit` on; a port that the synthesis found unused is not there. */
static void put(struct column *c, int o, enum column_port port, int bit, int width, uint64_t value)
{
	const uint64_t here = 1ull << c->count;

	for (int i = 0; i < width; i++) {
		int id = c->port[port][bit + i];
		uint64_t *v = id < 0 ? NULL : netlist_value(c->net[o], id);

		if (v)
			*v = value >> i & 1 ? *v | here : *v & ~here;
	}
}

static int64_t product(const struct operand *a, const struct operand *w, int *odd)
{
	int e2 = (a->integer ? 0 : a->e2) + (w->integer ? 0 : w->e2);
	int64_t m = (int64_t)1 << (e2 >> 1);

	*odd = e2 & 1;
	if ((!a->integer && !a->live) || (!w->integer && !w->live))
		return 0;
	m *= a->integer ? a->value : 1;
	m *= w->integer ? w->value : 1;
	return !w->integer && w->neg ? -m : m;
}

static uint64_t sum_shift(const struct column *c, const struct op *op, int o)
{
	uint64_t sum = 0;
	int odd;

	for (int i = 0; i < op->lanes; i++) {
		int64_t p = product(&op->a[i], &op->w[o][i], &odd);

		sum += (uint64_t)p << (odd ? c->half_w : 0);
	}
	return sum;
}

static uint64_t sum_xnor(const struct op *op, int o)
{
	int64_t count = (int64_t)__builtin_popcountll((op->bits ^ op->wbits[o]) & op->mask) << op->sh;

	return (uint64_t)(op->minus ? op->n + count : op->n - count);
}

static void put_shift(struct column *c, const struct op *op, int o)
{
	put(c, o, P_AINT, 0, 1, op->a[0].integer);
	put(c, o, P_WINT, 0, 1, op->w[o][0].integer);
	for (int i = 0; i < op->lanes; i++) {
		const struct operand *a = &op->a[i], *w = &op->w[o][i];

		put(c, o, P_LIVE, i, 1, a->integer || a->live);
		put(c, o, P_E2, 5 * i, 5, a->integer ? 0 : a->e2);
		put(c, o, P_VAL, 9 * i, 9, (uint64_t)a->value);
		put(c, o, P_W, 8 * i, 8, w->integer ? (uint64_t)w->value : (uint64_t)(w->live << 6 | w->neg << 5 | w->e2));
	}
}

static void put_xnor(struct column *c, const struct op *op, int o)
{
	uint64_t a = op->minus ? op->bits : ~op->bits;

	put(c, o, P_IF0, 0, 64, a & op->mask);
	put(c, o, P_IF1, 0, 64, ~a & op->mask);
	put(c, o, P_W, 0, 64, op->wbits[o]);
	put(c, o, P_N, 0, 32, (uint64_t)(op->n - (op->minus ? 0 : (int64_t)__builtin_popcountll(op->mask) << op->sh)));
	put(c, o, P_SH, 0, 3, (uint64_t)op->sh);
}

static void flush(struct column *c)
{
	for (int o = 0; o < c->oc && c->count; o++) {
		netlist_run(c->net[o], c->count);
		for (int i = 0; i < c->acc_w; i++) {
			uint64_t got = *netlist_value(c->net[o], c->port[P_SUM][i]);

			for (int k = 0; k < c->count; k++)
				c->wrong += (got >> k & 1) != (c->want[o][k] >> i & 1);
		}
	}
	c->count = 0;
}

void column_op(struct column *c, const struct op *op)
{
	const uint64_t ones = c->acc_w == 64 ? ~0ull : (1ull << c->acc_w) - 1;

	for (int o = 0; o < c->oc; o++) {
		uint64_t *acc = &c->acc[o][op->acc % MAX_ACC];
		uint64_t sum;

		put(c, o, P_ACC, 0, c->acc_w, *acc);
		put(c, o, P_FIRST, 0, 1, (uint64_t)op->first);
		if (c->kind == COL_SHIFT)
			put_shift(c, op, o);
		else if (c->kind == COL_XNOR)
			put_xnor(c, op, o);
		for (int i = 0; c->kind == COL_INT8 && i < op->lanes; i++) {
			put(c, o, P_A, 8 * i, 8, (uint64_t)op->a[i].value);
			put(c, o, P_W, 8 * i, 8, (uint64_t)op->w[o][i].value);
		}
		sum = c->kind == COL_XNOR ? sum_xnor(op, o) : sum_shift(c, op, o);
		*acc = ((op->first ? 0 : *acc) + sum) & ones;
		c->want[o][c->count] = *acc;
	}
	c->macs += (uint64_t)c->oc * (uint64_t)op->lanes;
	if (++c->count == 64)
		flush(c);
}

void column_end(struct column *c)
{
	flush(c);
}

uint64_t column_registers(const struct column *c)
{
	uint64_t sum = 0;

	for (int p = 0; p < P_SUM; p++)
		for (int i = 0; i < PORT_BITS; i++)
			for (int o = 0; o < c->oc && c->port[p][i] >= 0; o++)
				if (o == 0 || p == P_ACC || p == P_W)
					sum += netlist_toggles(c->net[o], c->port[p][i]);
	return sum;
}
