// SPDX-License-Identifier: MIT
/* daemon_alloc.c - allocations that fail: of the client that asked for it, where that is allowed. */
#include "hosted.h"

static int allow_tests(void **state, int allow)
{
	allowed = allow;
	return stop(state) || start(state);
}

/* What is left of this thread's counter; then it is n. */
static int fail_nth(int fd, unsigned int n)
{
	char command[32], reply[64] = "";
	int left;

	snprintf(command, sizeof(command), "fail_nth %u", n);
	assert_int_equal(lxa_shim_control(fd, command, reply, sizeof(reply)), 0);
	assert_int_equal(sscanf(reply, "ok %d", &left), 1);
	return left;
}

/* In a thread: NULL, or what went wrong (an assertion of cmocka's would not be seen). */
static void *work_of_others(void *arg)
{
	int fd = *(int *)arg, other = lxa_open(device, O_RDWR | O_CLOEXEC);
	void *wrong = NULL;
	uint64_t seqno;

	if (!ctx_create(fd))
		wrong = "another call of the same client failed";
	else if (other < 0 || nops(other, ctx_create(other), 1, &seqno))
		wrong = "another client's calls failed";
	close(other);
	return wrong;
}

static void *refuse_one(void *arg)
{
	char reply[64];

	if (lxa_shim_control(*(int *)arg, "fail_nth 1", reply, sizeof(reply)) || strcmp(reply, "ok 0"))
		return "it was to begin with no failure";
	if (ctx_create(*(int *)arg) || errno != ENOMEM)
		return "its allocation was to fail";
	return NULL;
}

static void in_a_thread(void *(*fn)(void *arg), int fd)
{
	void *wrong;
	pthread_t t;

	assert_int_equal(pthread_create(&t, NULL, fn, &fd), 0);
	pthread_join(t, &wrong);
	if (wrong)
		fail_msg("%s", (char *)wrong);
}

/* As the kernel's fail-nth: of one task, in its calls. */
void an_allocation_fails_for_its_thread_alone(void **state)
{
	int fd;
	unsigned int n;

	assert_int_equal(allow_tests(state, 1), 0);
	fd = open_client();
	assert_int_equal(fail_nth(fd, 1), 0);
	in_a_thread(work_of_others, fd);
	assert_int_equal(fail_nth(fd, 5), 1);		/* nobody has used it up */
	in_a_thread(refuse_one, fd);			/* each thread has its own */
	assert_int_equal(fail_nth(fd, 1), 5);
	assert_int_equal(ctx_create(fd), 0);
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(fail_nth(fd, 0), 0);		/* it was reached */
	assert_int_not_equal(ctx_create(fd), 0);	/* once; the session goes on */
	/* Every allocation of an open, which is another session. */
	for (n = 1; ; n++) {
		int other;

		fail_nth(fd, n);
		other = lxa_open(device, O_RDWR | O_CLOEXEC);
		if (fail_nth(fd, 0)) {
			assert_true(other >= 0);
			close(other);
			break;
		}
		assert_int_equal(other, -ENOMEM);
		assert_serves();
	}
	assert_true(n > 1);
	close(fd);
	assert_empty();
	assert_int_equal(allow_tests(state, 0), 0);
}

/* Neither by the command nor by a message. */
void no_allocation_fails_where_that_is_not_allowed(void **state)
{
	int fd = open_client(), other;
	char reply[64];

	assert_int_equal(lxa_shim_control(fd, "fail_nth 1", reply, sizeof(reply)), -EPERM);
	lxa_shim_fail_nth(1);
	assert_int_not_equal(ctx_create(fd), 0);
	other = lxa_open(device, O_RDWR | O_CLOEXEC);
	assert_int_equal(lxa_shim_fail_nth(0), 1);
	assert_true(other >= 0);
	close(other);
	close(fd);
	assert_empty();
}
