// SPDX-License-Identifier: MIT
/*
 * What an unprivileged user cannot do: fill the kernel's log, take more memory than the bounds of a file and of a user say.
 * And what the driver must say once: that it works without interrupts during a storm. The log is stderr here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "lxa_conv.h"
#include "lxa_shim.h"
#include "lxa_sim.h"

#define LONG_WAIT (now_ns() + 30 * SECOND)
#define MIB (1ull << 20)

/* ---- the log --------------------------------------------------------------------------------------------------------- */

static int log_fd = -1, real_stderr;

static void log_begin(void)
{
	char name[] = "/tmp/lxa-log-XXXXXX";

	log_fd = mkstemp(name);
	assert_true(log_fd >= 0);
	unlink(name);
	fflush(stderr);
	real_stderr = dup(STDERR_FILENO);
	dup2(log_fd, STDERR_FILENO);
}

/* How many lines have `what` in them; NULL: all. */
static int log_count(const char *what)
{
	char line[512];
	FILE *f = fdopen(dup(log_fd), "r");
	int n = 0;

	rewind(f);
	while (fgets(line, sizeof(line), f))
		n += !what || strstr(line, what);
	fclose(f);
	return n;
}

static void log_end(void)
{
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	close(log_fd);
}

static int run(int fd, uint32_t ctx, struct conv *v, uint32_t seed)
{
	struct lxa_submit s;
	int32_t error;

	conv_fill(v, seed);
	assert_int_equal(submit(fd, ctx, &v->job, 1, &s), 0);
	assert_int_equal(wait_for(fd, ctx, s.seqno, LONG_WAIT, &error), 0);
	return error;
}

/* Hundreds of thousands of interrupts, and jobs meanwhile: one line, right results, and interrupts again afterwards. */
static void storm_is_said_once(void **state)
{
	int fd = open(NODE, O_RDWR | O_CLOEXEC);
	uint32_t ctx = ctx_create(fd);
	struct lxa_sim *sim = lxa_shim_sim(fd);
	struct conv v;
	int64_t start;

	assert_int_equal(conv_init(&v, fd, 6, 7, 1), 0);
	log_begin();
	lxa_sim_fault(sim, LXA_SIM_FAULT_SPURIOUS_IRQ, 0, 1ull << 60);
	assert_int_equal(run(fd, ctx, &v, 1), 0);
	for (start = now_ns(); !log_count("interrupt storm") && now_ns() - start < 20 * SECOND; )
		usleep(1000);
	assert_int_equal(log_count("interrupt storm"), 1);
	for (uint32_t i = 0; i < 50; i++) {
		assert_int_equal(run(fd, ctx, &v, i), 0);
		assert_int_equal(conv_check(&v), -1);
	}
	lxa_sim_fault(sim, LXA_SIM_FAULT_NONE, 0, 0);
	assert_true(log_count("interrupt storm") <= 2);
	/* After the pause the interrupt is on again: a job need not wait for the watch. */
	usleep(1500000);
	lxa_shim_param_set("timeout_ms", 100000);
	assert_int_equal(run(fd, ctx, &v, 1), 0);
	assert_int_equal(conv_check(&v), -1);
	log_end();
	conv_done(&v, fd);
	close(fd);
}

/* As often as a user can make the device hang, the log gets a line every few seconds. */
static void hangs_do_not_fill_the_log(void **state)
{
	int fd = open(NODE, O_RDWR | O_CLOEXEC);
	uint32_t ctx = ctx_create(fd);
	struct conv v;

	lxa_shim_param_set("timeout_ms", 5);
	lxa_shim_param_set("ban_after", 0);
	assert_int_equal(conv_init(&v, fd, 6, 7, 1), 0);
	log_begin();
	for (int i = 0; i < 60; i++) {
		lxa_sim_fault(lxa_shim_sim(fd), LXA_SIM_FAULT_HANG, 0, 1);
		assert_int_equal(run(fd, ctx, &v, 1), -ETIMEDOUT);
	}
	assert_true(log_count("reset:") >= 1);
	assert_true(log_count(NULL) <= 3);
	log_end();
	conv_done(&v, fd);
	close(fd);
}

/* Mistakes of a program are nobody else's business: no line at all at the level that is logged by default and above. */
static void mistakes_are_not_logged(void **state)
{
	int fd = open(NODE, O_RDWR | O_CLOEXEC);
	uint32_t ctx = ctx_create(fd), seed = 1;
	struct lxa_submit s;
	struct conv v;
	char junk[512];

	assert_int_equal(conv_init(&v, fd, 6, 7, 1), 0);
	log_begin();
	for (int i = 0; i < 5000; i++) {
		struct lxa_job bad = v.job;

		for (size_t k = 0; k < sizeof(junk); k++)
			junk[k] = (char)conv_random(&seed);
		*(uint32_t *)junk = conv_random(&seed) % 128;
		ioctl(fd, LXA_IO(LXA_CMD_BASE + i % 16), junk);
		((uint8_t *)&bad)[conv_random(&seed) % offsetof(struct lxa_job, res)] ^= 0x80;
		if (!submit(fd, ctx, &bad, 1, &s))
			wait_for(fd, ctx, s.seqno, LONG_WAIT, NULL);
	}
	mmap(NULL, 1 << 30, PROT_READ, MAP_SHARED, fd, 123 << 12);
	assert_int_equal(log_count(NULL), 0);
	log_end();
	conv_done(&v, fd);
	close(fd);
}

/* ---- memory ----------------------------------------------------------------------------------------------------------- */

static void bytes_of_a_file(void **state)
{
	int fd = open(NODE, O_RDWR | O_CLOEXEC);
	struct lxa_bo_create a, b;

	lxa_shim_param_set("bo_mb", 4);
	a = bo_create(fd, 3 * MIB);
	assert_int_not_equal(a.handle, 0);
	errno = 0;
	assert_int_equal(bo_create(fd, 2 * MIB).handle, 0);
	assert_int_equal(errno, ENOSPC);
	b = bo_create(fd, MIB);
	assert_int_not_equal(b.handle, 0);
	assert_int_equal(bo_create(fd, 1).handle, 0);
	assert_int_equal(bo_destroy(fd, a.handle), 0);
	assert_int_not_equal(bo_create(fd, 3 * MIB).handle, 0);
	close(fd);
}

/* Several files are worth no more than the user is. */
static void bytes_of_a_user(void **state)
{
	struct lxa_bo_create b;
	void *mem;
	int fd[3];

	lxa_shim_param_set("bo_mb", 4);
	lxa_shim_param_set("user_mb", 6);
	for (int i = 0; i < 3; i++)
		fd[i] = open(NODE, O_RDWR | O_CLOEXEC);
	assert_int_not_equal(bo_create(fd[0], 4 * MIB).handle, 0);
	errno = 0;
	assert_int_equal(bo_create(fd[1], 4 * MIB).handle, 0);
	assert_int_equal(errno, ENOSPC);
	b = bo_create(fd[1], 2 * MIB);
	assert_int_not_equal(b.handle, 0);
	mem = bo_map(fd[1], &b);
	assert_ptr_not_equal(mem, MAP_FAILED);
	assert_int_equal(bo_create(fd[2], 1).handle, 0);
	/* A closed file whose memory is mapped still counts. */
	close(fd[1]);
	assert_int_equal(bo_create(fd[2], 1).handle, 0);
	munmap(mem, b.bytes);
	assert_int_not_equal(bo_create(fd[2], 2 * MIB).handle, 0);
	close(fd[0]);
	assert_int_not_equal(bo_create(fd[2], 2 * MIB).handle, 0);
	close(fd[2]);
}

static void files_of_a_user(void **state)
{
	int fd[256], one;

	for (int i = 0; i < 256; i++) {
		fd[i] = open(NODE, O_RDWR | O_CLOEXEC);
		assert_true(fd[i] >= 0);
	}
	errno = 0;
	assert_int_equal(open(NODE, O_RDWR | O_CLOEXEC), -1);
	assert_int_equal(errno, EMFILE);
	close(fd[7]);
	one = open(NODE, O_RDWR | O_CLOEXEC);
	assert_true(one >= 0);
	fd[7] = one;
	for (int i = 0; i < 256; i++)
		close(fd[i]);
}

static int setup(void **state)
{
	lxa_shim_param_set("timeout_ms", 10000);
	lxa_shim_param_set("bo_mb", 1024);
	lxa_shim_param_set("user_mb", 4096);
	return 0;
}

static int teardown(void **state)
{
	return lxa_shim_exit();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(mistakes_are_not_logged), TEST(storm_is_said_once), TEST(hangs_do_not_fill_the_log),
		TEST(bytes_of_a_file), TEST(bytes_of_a_user), TEST(files_of_a_user),
	};

	setenv("LXA_SHIM_STRICT", "1", 1);
	setenv("LXA_SHIM_LOG", "5", 1);		/* notices and worse; a device that appears is a line of its own below that */
	setenv("LXA_DEVICE", "sim:model", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
