// SPDX-License-Identifier: MIT
// netlist.c - reading, ordering and running a gate netlist; see netlist.h.
#include "netlist.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { ZERO, ONE, INV, BUF, NAND2, NOR2, AND2, OR2, NAND3, NOR3, AOI21, OAI21, AOI22, OAI22, XOR2, XNOR2, MUX2, KINDS };

/* Names and pins, in the order of struct gate's in[]; the genlib's. */
static const struct {
	const char *name, *pins;
} cells[KINDS] = {
	[ZERO] = { "ZERO", "" },      [ONE] = { "ONE", "" },	    [INV] = { "INV", "A" },	  [BUF] = { "BUF", "A" },
	[NAND2] = { "NAND2", "AB" },  [NOR2] = { "NOR2", "AB" },    [AND2] = { "AND2", "AB" },	  [OR2] = { "OR2", "AB" },
	[NAND3] = { "NAND3", "ABC" }, [NOR3] = { "NOR3", "ABC" },   [AOI21] = { "AOI21", "ABC" }, [OAI21] = { "OAI21", "ABC" },
	[AOI22] = { "AOI22", "ABCD" }, [OAI22] = { "OAI22", "ABCD" }, [XOR2] = { "XOR2", "AB" },  [XNOR2] = { "XNOR2", "AB" },
	[MUX2] = { "MUX2", "ABS" },
};

struct gate {
	enum kind kind;
	int in[4], out;
};

struct net {
	char *name;
	uint64_t value, toggles;
	int last, fanout, driver;	/* driver: gate, -1 input, -2 none yet */
};

struct netlist {
	struct net *nets;
	struct gate *gates;
	int nnets, ngates, room_nets, room_gates, started;
	struct hsearch_data names;
};

#define MAX_NETS 200000

static int net(struct netlist *n, const char *name)
{
	ENTRY e = { .key = (char *)name }, *found;

	if (hsearch_r(e, FIND, &found, &n->names))
		return (int)(intptr_t)found->data;
	if (n->nnets == MAX_NETS)
		return -1;
	if (n->nnets == n->room_nets) {
		n->room_nets = n->room_nets ? 2 * n->room_nets : 1024;
		n->nets = realloc(n->nets, (size_t)n->room_nets * sizeof(*n->nets));
		if (!n->nets)
			abort();
	}
	n->nets[n->nnets] = (struct net){ .name = strdup(name), .driver = -2 };
	e = (ENTRY){ n->nets[n->nnets].name, (void *)(intptr_t)n->nnets };
	if (!e.key || !hsearch_r(e, ENTER, &found, &n->names))
		abort();
	return n->nnets++;
}

static struct gate *new_gate(struct netlist *n, enum kind kind)
{
	if (n->ngates == n->room_gates) {
		n->room_gates = n->room_gates ? 2 * n->room_gates : 1024;
		n->gates = realloc(n->gates, (size_t)n->room_gates * sizeof(*n->gates));
		if (!n->gates)
			abort();
	}
	n->gates[n->ngates] = (struct gate){ kind, { -1, -1, -1, -1 }, -1 };
	return &n->gates[n->ngates++];
}

static const char *drive(struct netlist *n, int id, int driver)
{
	if (id < 0)
		return "too many nets";
	if (n->nets[id].driver != -2)
		return "a net with two drivers";
	n->nets[id].driver = driver;
	return NULL;
}

/* One `.gate CELL PIN=net...`; NULL, or what is wrong. */
static const char *read_gate(struct netlist *n, char *rest)
{
	char *save, *word = strtok_r(rest, " \n", &save), *eq;
	const char *pin;
	struct gate *g;
	int k, id;

	for (k = 0; k < KINDS && word && strcmp(cells[k].name, word); k++)
		;
	if (!word || k == KINDS)
		return "a cell that is not a gate of nand2.genlib";
	g = new_gate(n, (enum kind)k);
	while ((word = strtok_r(NULL, " \n", &save))) {
		eq = strchr(word, '=');
		if (!eq || eq != word + 1)
			return "a pin that is not LETTER=net";
		id = net(n, eq + 1);
		if (id < 0)
			return "too many nets";
		pin = strchr(cells[k].pins, *word);
		if (*word == 'Y')
			g->out = id;
		else if (pin)
			g->in[pin - cells[k].pins] = id;
		else
			return "a pin that the gate does not have";
	}
	for (id = 0; cells[k].pins[id]; id++)
		if (g->in[id] < 0)
			return "a gate with an open pin";
	return g->out < 0 ? "a gate without an output" : drive(n, g->out, n->ngates - 1);
}

/* `.names a b`, b as a, or a constant: `.names b` and then perhaps a line `1`. */
static const char *read_names(struct netlist *n, char *rest, int one)
{
	char *save, *a = strtok_r(rest, " \n", &save), *b = strtok_r(NULL, " \n", &save);
	struct gate *g;
	int from;

	if (!a)
		return ".names without a net";
	from = b ? net(n, a) : -1;
	g = new_gate(n, b ? BUF : one ? ONE : ZERO);
	g->in[0] = from;
	g->out = net(n, b ? b : a);
	return drive(n, g->out, n->ngates - 1);
}

static const char *read_line(struct netlist *n, char *line, const char *next)
{
	char *save, *word;
	const char *err = NULL;

	if (!strncmp(line, ".gate ", 6))
		return read_gate(n, line + 6);
	if (!strncmp(line, ".names ", 7))
		return read_names(n, line + 7, next[0] == '1');
	if (!strncmp(line, ".inputs", 7)) {
		strtok_r(line, " \n", &save);
		while (!err && (word = strtok_r(NULL, " \n", &save)))
			err = drive(n, net(n, word), -1);
		return err;
	}
	if (!strncmp(line, ".outputs", 8)) {
		strtok_r(line, " \n", &save);
		while ((word = strtok_r(NULL, " \n", &save)))
			net(n, word);
		return NULL;
	}
	if (!strncmp(line, ".latch", 6) || !strncmp(line, ".subckt", 7))
		return "a flip-flop or a module: only combinational netlists are run here";
	return NULL;
}

/* Gates in an order in which each comes after those that drive it. 0, or -1: there is a loop or a net without a driver. */
static int order(struct netlist *n)
{
	struct gate *sorted = malloc((size_t)n->ngates * sizeof(*sorted));
	char *state = calloc((size_t)n->ngates, 1);		/* 1: begun, 2: placed */
	int *stack = malloc((size_t)n->ngates * sizeof(*stack));
	int placed = 0, ok = sorted && state && stack, i, j, top, d;

	for (i = 0; ok && i < n->ngates; i++) {
		top = 0;
		if (!state[i])
			stack[top++] = i;
		while (ok && top) {
			struct gate *g = &n->gates[stack[top - 1]];

			state[stack[top - 1]] = 1;
			for (j = 0; j < 4 && g->in[j] >= 0; j++) {
				d = n->nets[g->in[j]].driver;
				ok = ok && d != -2 && (d < 0 || state[d] != 1);
				if (ok && d >= 0 && !state[d])
					break;
			}
			if (ok && j < 4 && g->in[j] >= 0)
				stack[top++] = n->nets[g->in[j]].driver;
			else if (ok) {
				state[stack[--top]] = 2;
				sorted[placed++] = *g;
			}
		}
	}
	if (ok) {
		memcpy(n->gates, sorted, (size_t)n->ngates * sizeof(*sorted));
		for (i = 0; i < n->ngates; i++) {
			n->nets[n->gates[i].out].driver = i;
			for (j = 0; j < 4 && n->gates[i].in[j] >= 0; j++)
				n->nets[n->gates[i].in[j]].fanout++;
		}
	}
	free(sorted);
	free(state);
	free(stack);
	return ok ? 0 : -1;
}

struct netlist *netlist_read(const char *path)
{
	struct netlist *n = calloc(1, sizeof(*n));
	FILE *f = fopen(path, "r");
	char *line = NULL, *next = NULL, *swap;
	size_t room = 0, next_room = 0, size;
	const char *err = f && n && hcreate_r(2 * MAX_NETS, &n->names) ? NULL : "cannot be read";
	int number = 0;
	ssize_t len = err ? -1 : getline(&line, &room, f);

	while (!err && len >= 0) {
		len = getline(&next, &next_room, f);
		number++;
		err = read_line(n, line, len < 0 ? "" : next);
		swap = line, line = next, next = swap;
		size = room, room = next_room, next_room = size;
	}
	if (!err && !n->ngates)
		err = "no gates";
	if (!err && order(n))
		err = "a loop, or a net that nothing drives";
	if (err)
		fprintf(stderr, "%s:%d: %s\n", path, number, err);
	free(line);
	free(next);
	if (f)
		fclose(f);
	if (!err)
		return n;
	netlist_free(n);
	return NULL;
}

void netlist_free(struct netlist *n)
{
	if (!n)
		return;
	hdestroy_r(&n->names);
	for (int i = 0; i < n->nnets; i++)
		free(n->nets[i].name);
	free(n->nets);
	free(n->gates);
	free(n);
}

int netlist_port(const struct netlist *n, const char *name, int bit)
{
	char full[64];
	ENTRY e = { .key = full }, *found;
	struct hsearch_data names = n->names;

	snprintf(full, sizeof(full), "%s[%d]", name, bit);
	if (hsearch_r(e, FIND, &found, &names))
		return (int)(intptr_t)found->data;
	e.key = (char *)name;
	if (bit == 0 && hsearch_r(e, FIND, &found, &names))
		return (int)(intptr_t)found->data;
	return -1;
}

uint64_t *netlist_value(struct netlist *n, int net)
{
	return &n->nets[net].value;
}

static uint64_t eval(enum kind kind, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	switch (kind) {
	case ZERO: return 0;
	case ONE: return ~0ull;
	case INV: return ~a;
	case BUF: return a;
	case NAND2: return ~(a & b);
	case NOR2: return ~(a | b);
	case AND2: return a & b;
	case OR2: return a | b;
	case NAND3: return ~(a & b & c);
	case NOR3: return ~(a | b | c);
	case AOI21: return ~((a & b) | c);
	case OAI21: return ~((a | b) & c);
	case AOI22: return ~((a & b) | (c & d));
	case OAI22: return ~((a | b) & (c | d));
	case XOR2: return a ^ b;
	case XNOR2: return ~(a ^ b);
	case MUX2: return (a & ~c) | (b & c);
	default: abort();
	}
}

void netlist_run(struct netlist *n, int count)
{
	const uint64_t valid = count < 64 ? (1ull << count) - 1 : ~0ull;
	struct net *net = n->nets;
	uint64_t t;
	int i;

	for (i = 0; i < n->ngates; i++) {
		const struct gate *g = &n->gates[i];
		const int *in = g->in;

		net[g->out].value = eval(g->kind, in[0] < 0 ? 0 : net[in[0]].value, in[1] < 0 ? 0 : net[in[1]].value,
					 in[2] < 0 ? 0 : net[in[2]].value, in[3] < 0 ? 0 : net[in[3]].value);
	}
	for (i = 0; i < n->nnets; i++) {
		t = net[i].value ^ (net[i].value << 1 | (uint64_t)net[i].last);
		if (!n->started)
			t &= ~1ull;
		net[i].toggles += (uint64_t)__builtin_popcountll(t & valid);
		net[i].last = (int)(net[i].value >> (count - 1) & 1);
	}
	n->started = 1;
}

struct netlist_sum netlist_sum(const struct netlist *n)
{
	struct netlist_sum s = { 0, 0, 0 };

	for (int i = 0; i < n->nnets; i++) {
		if (n->nets[i].driver >= 0)
			s.toggles += n->nets[i].toggles;
		else
			s.inputs += n->nets[i].toggles;
		s.load += n->nets[i].toggles * (uint64_t)n->nets[i].fanout;
	}
	return s;
}

uint64_t netlist_toggles(const struct netlist *n, int net)
{
	return n->nets[net].toggles;
}

int netlist_gates(const struct netlist *n)
{
	return n->ngates;
}
