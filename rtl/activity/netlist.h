/* SPDX-License-Identifier: MIT */
/*
 * netlist.h - a combinational netlist of rtl/area's gates (nand2.genlib), simulated without delays, 64 input patterns at a
 * time, that counts how often each net changes from one pattern to the next.
 */
#ifndef LXA_NETLIST_H
#define LXA_NETLIST_H

#include <stdint.h>

struct netlist;

/* Reads BLIF as `synth.sh netlist` writes it. NULL after a message on stderr that names file and line. */
struct netlist *netlist_read(const char *path);
void netlist_free(struct netlist *n);

/* Net of an input or output, "name[bit]" or "name" for a port of one bit; -1: there is none. */
int netlist_port(const struct netlist *n, const char *name, int bit);
uint64_t *netlist_value(struct netlist *n, int net);	/* bit k: its value in pattern k */

/* Evaluates `count` (1..64) patterns, which follow those of the call before, and counts. */
void netlist_run(struct netlist *n, int count);

struct netlist_sum {
	uint64_t toggles;	/* of gate outputs */
	uint64_t load;		/* of inputs and gate outputs, each times the gate inputs that hang on it */
	uint64_t inputs;	/* of inputs */
};
struct netlist_sum netlist_sum(const struct netlist *n);
uint64_t netlist_toggles(const struct netlist *n, int net);
int netlist_gates(const struct netlist *n);

#endif
