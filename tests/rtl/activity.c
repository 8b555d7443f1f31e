// SPDX-License-Identifier: MIT
// activity.c - the toggle counter of rtl/activity against counts that are known without it: a counter's bits by formula, and random
// netlists whose gates are worked out here one at a time from their equations.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "netlist.h"

static char path[] = "/tmp/lxa-activity-XXXXXX";
static uint64_t seed;

static unsigned int rnd(unsigned int n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned int)(seed >> 33) % n;
}

static struct netlist *read_text(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return netlist_read(path);
}

/* s = q + 1 of three bits. With q = 0, 1, 2, ...: bit k of s changes whenever a carry reaches it. */
static void test_counter(void **state)
{
	struct netlist *n = read_text(".model add\n.inputs q[0] q[1] q[2]\n.outputs s[0] s[1] s[2]\n"
				      ".gate AND2 A=q[1] B=q[0] Y=c\n.gate XOR2 A=c B=q[2] Y=s[2]\n"
				      ".gate XOR2 A=q[1] B=q[0] Y=s[1]\n.gate INV A=q[0] Y=s[0]\n.end\n");
	const int patterns = 1000;
	struct netlist_sum sum;
	int t, k, c = 0;

	assert_non_null(n);
	assert_int_equal(netlist_gates(n), 4);
	for (t = 0; t < patterns; t++) {	/* in calls of uneven length, so that counts go on between them */
		for (k = 0; k < 3; k++)
			*netlist_value(n, netlist_port(n, "q", k)) &= ~(1ull << c);
		for (k = 0; k < 3; k++)
			*netlist_value(n, netlist_port(n, "q", k)) |= (uint64_t)(t >> k & 1) << c;
		if (++c == 64 || t % 37 == 0 || t == patterns - 1) {
			netlist_run(n, c);
			c = 0;
		}
	}
	/* between t - 1 and t, bit k of t changes when 2^k divides t: 999, 499, 249 times; of t + 1: 999, 500, 250 times */
	assert_int_equal(netlist_toggles(n, netlist_port(n, "q", 0)), 999);
	assert_int_equal(netlist_toggles(n, netlist_port(n, "q", 1)), 499);
	assert_int_equal(netlist_toggles(n, netlist_port(n, "q", 2)), 249);
	assert_int_equal(netlist_toggles(n, netlist_port(n, "s", 0)), 999);
	assert_int_equal(netlist_toggles(n, netlist_port(n, "s", 1)), 500);
	assert_int_equal(netlist_toggles(n, netlist_port(n, "s", 2)), 250);
	/* q[1] and q[0]: true for t = 3, 7, 11, ... alone: on 250 times, off after each but the last (t = 999 is one of them) */
	assert_int_equal(netlist_toggles(n, netlist_port(n, "c", 0)), 499);
	sum = netlist_sum(n);
	assert_int_equal(sum.inputs, 999 + 499 + 249);
	assert_int_equal(sum.toggles, 999 + 500 + 250 + 499);
	/* gate inputs on q[0]: 3, on q[1]: 2, on q[2] and the carry: 1 */
	assert_int_equal(sum.load, 3 * 999 + 2 * 499 + 249 + 499);
	netlist_free(n);
}

/* The gates' functions as nand2.genlib has them: value for inputs a, b, c, d as a 16-bit table, bit a + 2b + 4c + 8d. */
static const struct {
	const char *name, *pins;
	uint16_t table;
} cells[] = {
	{ "INV", "A", 0x5555 },	    { "BUF", "A", 0xaaaa },	 { "NAND2", "AB", 0x7777 },   { "NOR2", "AB", 0x1111 },
	{ "AND2", "AB", 0x8888 },   { "OR2", "AB", 0xeeee },	 { "NAND3", "ABC", 0x7f7f },  { "NOR3", "ABC", 0x0101 },
	{ "AOI21", "ABC", 0x0707 }, { "OAI21", "ABC", 0x1f1f },	 { "AOI22", "ABCD", 0x0777 }, { "OAI22", "ABCD", 0x111f },
	{ "XOR2", "AB", 0x6666 },   { "XNOR2", "AB", 0x9999 },	 { "MUX2", "ABS", 0xcaca },
};

#define INS 6
#define GATES 60

static void random_netlist(void)
{
	int kind[GATES], in[GATES][4], value[INS + GATES], was[INS + GATES], toggles[INS + GATES] = { 0 };
	char text[8192];
	size_t at = (size_t)sprintf(text, ".model r\n.inputs n[0] n[1] n[2] n[3] n[4] n[5]\n.outputs n[%d]\n", INS + GATES - 1);
	struct netlist *n;
	int g, t, p, c = 0;

	for (g = 0; g < GATES; g++)
		for (kind[g] = (int)rnd(sizeof(cells) / sizeof(cells[0])), p = 0; p < 4; p++)
			in[g][p] = (int)rnd((unsigned int)(INS + g));
	for (g = GATES - 1; g >= 0; g--) {	/* last gate first: the reader has to find the order */
		at += (size_t)sprintf(text + at, ".gate %s", cells[kind[g]].name);
		for (p = 0; cells[kind[g]].pins[p]; p++)
			at += (size_t)sprintf(text + at, " %c=n[%d]", cells[kind[g]].pins[p], in[g][p]);
		at += (size_t)sprintf(text + at, " Y=n[%d]\n", INS + g);
	}
	n = read_text(text);
	assert_non_null(n);
	for (t = 0; t < 300; t++) {
		for (p = 0; p < INS; p++) {
			uint64_t *v = netlist_value(n, netlist_port(n, "n", p));

			value[p] = (int)rnd(2);
			*v = value[p] ? *v | 1ull << c : *v & ~(1ull << c);
		}
		for (g = 0; g < GATES; g++) {
			int index = 0;

			for (p = 0; cells[kind[g]].pins[p]; p++)
				index |= value[in[g][p]] << p;
			value[INS + g] = cells[kind[g]].table >> index & 1;
		}
		for (p = 0; p < INS + GATES; p++) {
			toggles[p] += t && value[p] != was[p];
			was[p] = value[p];
		}
		if (++c == 64 || t == 299) {
			netlist_run(n, c);
			assert_int_equal(*netlist_value(n, netlist_port(n, "n", INS + GATES - 1)) >> (c - 1) & 1, value[INS + GATES - 1]);
			c = 0;
		}
	}
	for (p = 0; p < INS + GATES; p++)
		if (netlist_port(n, "n", p) >= 0)
			assert_int_equal(netlist_toggles(n, netlist_port(n, "n", p)), toggles[p]);
	netlist_free(n);
}

static void test_random(void **state)
{
	const char *s = getenv("LXA_SEED");

	seed = s ? strtoull(s, NULL, 0) : (uint64_t)time(NULL) * 1000003u + (uint64_t)getpid();
	printf("seed %llu\n", (unsigned long long)seed);
	for (int i = 0; i < 200; i++)
		random_netlist();
}

static void test_refused(void **state)
{
	assert_null(read_text(".inputs a\n.gate NAND4 A=a B=a Y=y\n"));		/* no such gate */
	assert_null(read_text(".inputs a\n.gate NAND2 A=a Y=y\n"));		/* an open pin */
	assert_null(read_text(".inputs a\n.gate INV A=z Y=y\n"));		/* a net that nothing drives */
	assert_null(read_text(".inputs a\n.gate NAND2 A=a B=z Y=y\n.gate INV A=y Y=z\n")); /* a loop */
	assert_null(read_text(".inputs a\n.gate INV A=a Y=y\n.gate INV A=a Y=y\n")); /* two drivers */
	assert_null(read_text(".inputs a\n.latch a y re c 2\n"));
	assert_null(netlist_read("/nowhere"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_counter), cmocka_unit_test(test_random), cmocka_unit_test(test_refused) };
	int fd = mkstemp(path), failed;

	if (fd < 0) {
		perror(path);
		return 1;
	}
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed != 0;
}
