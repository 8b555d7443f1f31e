/* SPDX-License-Identifier: MIT */
/*
 * Helpers of the UAPI tests. The programs use plain system calls on /dev/lxa0 and so run unchanged in a real kernel and,
 * with the preload library, in user space. Include after nothing: it brings the harness.
 */
#ifndef LXA_TEST_H
#define LXA_TEST_H

#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "lxa_calls.h"

/* A call must fail with this errno. */
#define EXPECT_ERRNO(err, call) do {		\
	errno = 0;				\
	EXPECT_EQ(-1, (call));			\
	EXPECT_EQ((err), errno);		\
} while (0)

/* Tests that need a device are skipped where there is none. In a child, so that nothing is started in the parent. */
static inline int lxa_test_main(int argc, char **argv)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		int fd = open(NODE, O_RDWR);

		_exit(fd < 0 ? (errno == ENOENT || errno == ENODEV || errno == ENXIO ? KSFT_SKIP : 1) : 0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || (WEXITSTATUS(status) && WEXITSTATUS(status) != KSFT_SKIP)) {
		ksft_print_header();
		ksft_exit_fail_msg("%s is there but does not open\n", NODE);
	}
	if (WEXITSTATUS(status) == KSFT_SKIP) {
		ksft_print_header();
		ksft_exit_skip("no device %s\n", NODE);
	}
	return test_harness_run(argc, argv);
}

#define LXA_TEST_MAIN						\
	static void __attribute__((constructor)) order_tests(void)	\
	{							\
		if (!__constructor_order)			\
			__constructor_order = _CONSTRUCTOR_ORDER_FORWARD; \
	}							\
	int main(int argc, char **argv) { return lxa_test_main(argc, argv); }

#endif
