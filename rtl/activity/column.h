/* SPDX-License-Identifier: MIT */
/*
 * column.h - one column netlist (an output channel of an array) driven with the operands of all output channels of a recorded run,
 * one after the other, its sums compared with the numeric contract's, its changes counted.
 */
#ifndef LXA_COLUMN_H
#define LXA_COLUMN_H

#include <stdint.h>

#include "netlist.h"

#define MAX_LANES 64
#define MAX_OC 128
#define MAX_ACC 8192

/* One operand as the contract has it: an integer, or +-2^(e2 / 2) where live. */
struct operand {
	uint8_t integer, live, neg, e2;
	int value;
};

struct op {
	int first, swap, lanes, acc;
	struct operand a[MAX_LANES];
	const struct operand *w[MAX_OC];	/* [output channel][lane]; they outlive the run */
	/* XNOR arrays instead: */
	uint64_t bits, mask;
	const uint64_t *wbits;			/* [output channel] */
	int64_t n;
	int sh, minus;
};

#define PORT_BITS 160
enum column_port { P_ACC, P_FIRST, P_AINT, P_WINT, P_LIVE, P_E2, P_VAL, P_W, P_A, P_IF0, P_IF1, P_N, P_SH, P_SUM, COL_PORTS };

enum column_kind { COL_INT8, COL_SHIFT, COL_XNOR };

struct column {
	enum column_kind kind;
	int oc, acc_w, half_w;
	uint64_t macs, wrong;
	struct netlist *net[MAX_OC];
	uint64_t acc[MAX_OC][MAX_ACC], acc_last[MAX_OC];
	uint64_t want[MAX_OC][64];
	int count;
	int port[COL_PORTS][PORT_BITS];		/* nets; all columns are of one netlist */
};

int column_open(struct column *c, const char *path); /* kind, oc, widths are set; 0, or -1 after a message */
void column_op(struct column *c, const struct op *op);
void column_end(struct column *c);
/* Changes of the registers in front of the columns; those of the activations are there once for all columns. */
uint64_t column_registers(const struct column *c);
void column_close(struct column *c);

#endif
