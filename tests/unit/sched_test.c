// SPDX-License-Identifier: MIT
/*
 * Fairness between contexts: the bound, the shares and the order that driver/uapi/lxa.h states. The device's clock stands
 * while jobs are queued, so that what then happens does not depend on when. Plain system calls (the preload library is linked
 * in); LXA_DEVICE says the engine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lxa_calls.h"
#include "lxa_shim.h"
#include "lxa_sim.h"

#define RING 8			/* jobs in the device at most */
#define LONG_WAIT (now_ns() + 60 * SECOND)

static const uint32_t turn_of[] = { [0] = 2, [LXA_CTX_LOW] = 1, [LXA_CTX_HIGH] = 8 };

static uint32_t make_ctx(int fd, uint32_t flags)
{
	struct lxa_ctx_create c = { .size = sizeof(c), .flags = flags };

	assert_int_equal(ioctl(fd, LXA_IOCTL_CTX_CREATE, &c), 0);
	return c.ctx;
}

/* The next n records of the file: in the order in which the jobs ended. */
static void read_events(int fd, struct lxa_event *e, uint32_t n)
{
	ssize_t got;

	for (uint32_t have = 0; have < n; have += (uint32_t)((size_t)got / sizeof(*e))) {
		got = read(fd, e + have, (n - have) * sizeof(*e));
		assert_true(got > 0);
	}
}

/* Queue `jobs` in each of n contexts with these flags while the clock stands, and let them run. */
static struct lxa_event *run_all(int fd, const uint32_t *flags, uint32_t n, uint32_t jobs)
{
	struct lxa_event *e = calloc((size_t)n * jobs, sizeof(*e));
	struct lxa_sim *sim = lxa_shim_sim(fd);
	uint64_t seqno;

	assert_non_null(sim);
	lxa_sim_stop(sim);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(make_ctx(fd, flags[i]), i + 1);
		assert_int_equal(nops(fd, i + 1, jobs, &seqno), 0);
		assert_int_equal(seqno, jobs);		/* numbers of its own */
	}
	lxa_sim_start(sim);
	read_events(fd, e, n * jobs);
	return e;
}

/*
 * Walk through what happened. Of each context the numbers follow each other; and between two jobs of one, while it had
 * more, no more than a turn of each other one's: the first RING jobs aside, which were in the device before the
 * others came.
 */
static void check_bound(const struct lxa_event *e, const uint32_t *flags, uint32_t n, uint32_t jobs)
{
	uint32_t bound = 0, at[64], ended[64] = { 0 };

	for (uint32_t i = 0; i < n; i++) {
		bound += turn_of[flags[i]];
		at[i] = RING;
	}
	for (uint32_t i = 0; i < n * jobs; i++) {
		uint32_t c = e[i].ctx - 1;

		assert_true(c < n);
		assert_int_equal(e[i].error, 0);
		assert_int_equal(e[i].seqno, ++ended[c]);
		if (i < RING)
			continue;
		if (i - at[c] > bound - turn_of[flags[c]] + 1)
			fail_msg("context %u waited for %u jobs, bound %u", c, i - at[c] - 1, bound - turn_of[flags[c]]);
		at[c] = i;
	}
}

static void equal_contexts(void **state)
{
	static const uint32_t flags[16];
	int fd = open(NODE, O_RDWR);
	struct lxa_event *e = run_all(fd, flags, 16, 60);
	uint32_t ended[16] = { 0 };

	check_bound(e, flags, 16, 60);
	/* At every moment nobody is further ahead than a turn, the ring of the first one aside. */
	for (uint32_t i = 0; i < 16 * 50; i++) {
		ended[e[i].ctx - 1]++;
		for (uint32_t a = 1; a < 16; a++)
			for (uint32_t b = 1; b < 16; b++)
				assert_true(ended[a] <= ended[b] + 2);
	}
	free(e);
	close(fd);
}

static void shares_by_priority(void **state)
{
	static const uint32_t flags[] = { 0, LXA_CTX_HIGH, LXA_CTX_LOW, 0, LXA_CTX_HIGH, LXA_CTX_LOW };
	uint32_t ended[6] = { 0 };
	int fd = open(NODE, O_RDWR);
	struct lxa_event *e = run_all(fd, flags, 6, 150);

	check_bound(e, flags, 6, 150);
	/* 22 jobs a round; 15 rounds, after the ring's first. */
	for (uint32_t i = RING; i < RING + 15 * 22; i++)
		ended[e[i].ctx - 1]++;
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(ended[i], 15 * turn_of[flags[i]]);
	free(e);
	close(fd);
}

static void random_mixes(void **state)
{
	uint32_t seed = getenv("LXA_SEED") ? (uint32_t)atoi(getenv("LXA_SEED")) : (uint32_t)now_ns(), n, flags[20];

	print_message("seed %u\n", seed);
	for (int round = 0; round < 20; round++) {
		int fd = open(NODE, O_RDWR);
		struct lxa_event *e;

		seed = seed * 1664525u + 1013904223u;
		n = 2 + (seed >> 16) % 19;
		for (uint32_t i = 0; i < n; i++) {
			seed = seed * 1664525u + 1013904223u;
			flags[i] = (seed >> 16) % 3;
		}
		e = run_all(fd, flags, n, 40);
		check_bound(e, flags, n, 40);
		free(e);
		close(fd);
	}
}

/* A job of low priority comes to a device that a context of high priority keeps busy. */
static void a_newcomer(void **state)
{
	int fd = open(NODE, O_RDWR);
	uint32_t a = make_ctx(fd, LXA_CTX_HIGH), b = make_ctx(fd, LXA_CTX_LOW), i;
	struct lxa_sim *sim = lxa_shim_sim(fd);
	struct lxa_event e[1001];
	uint64_t seqno;

	lxa_sim_stop(sim);
	for (i = 0; i < 4; i++)
		assert_int_equal(nops(fd, a, 250, &seqno), 0);
	assert_int_equal(nops(fd, b, 1, &seqno), 0);
	lxa_sim_start(sim);
	read_events(fd, e, 1001);
	for (i = 0; e[i].ctx != b; i++)
		;
	assert_true(i <= RING + turn_of[LXA_CTX_HIGH]);
	close(fd);
}

static void flags_are_checked(void **state)
{
	static const uint32_t bad[] = { LXA_CTX_LOW | LXA_CTX_HIGH, 1u << 2, 1u << 31 };
	int fd = open(NODE, O_RDWR);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct lxa_ctx_create c = { .size = sizeof(c), .flags = bad[i] };

		assert_int_equal(ioctl(fd, LXA_IOCTL_CTX_CREATE, &c), -1);
		assert_int_equal(errno, EINVAL);
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_contexts), cmocka_unit_test(shares_by_priority), cmocka_unit_test(random_mixes),
		cmocka_unit_test(a_newcomer), cmocka_unit_test(flags_are_checked),
	};

	setenv("LXA_DEVICE", "sim:model", 0);
	setenv("LXA_SHIM_STRICT", "1", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
