// SPDX-License-Identifier: MIT
/*
 * A program that knows nothing of the simulator, under LD_PRELOAD: descriptors that are duplicated, inherited, closed by
 * others, polled in every way; fork, vfork and exec; signals. Plain system calls only. LXA_DEVICE says the engine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/wait.h>

#include "lxa_conv.h"

#define LONG_WAIT (now_ns() + 30 * SECOND)
#define OTHER_PROGRAM "--in-a-new-program"

static const char *self;

struct dev {
	int fd;
	uint32_t ctx;
	struct conv conv;
};

static struct dev dev_open(void)
{
	struct dev d = { .fd = open(NODE, O_RDWR) };	/* not O_CLOEXEC: exec is to inherit it */

	assert_true(d.fd >= 0);
	d.ctx = ctx_create(d.fd);
	assert_int_not_equal(d.ctx, 0);
	assert_int_equal(conv_init(&d.conv, d.fd, 6, 7, 1), 0);
	return d;
}

static void dev_close(struct dev *d)
{
	conv_done(&d->conv, d->fd);
	assert_int_equal(close(d->fd), 0);
}

/* 0 when a job gives the right result. */
static int try_job(struct dev *d)
{
	struct lxa_submit s;
	int32_t error;

	conv_fill(&d->conv, 7);
	if (submit(d->fd, d->ctx, &d->conv.job, 1, &s) || wait_for(d->fd, d->ctx, s.seqno, LONG_WAIT, &error))
		return 1;
	return error || conv_check(&d->conv) >= 0;
}

static void assert_works(struct dev *d)
{
	assert_int_equal(try_job(d), 0);
}

/* Many jobs: enough that they are not over at once. */
static uint64_t start_many(struct dev *d)
{
	struct lxa_job jobs[200];
	struct lxa_submit s;

	for (int i = 0; i < 200; i++)
		jobs[i] = d->conv.job;
	assert_int_equal(submit(d->fd, d->ctx, jobs, 200, &s), 0);
	return s.seqno;
}

static int end_of(pid_t pid)
{
	int status;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* ---- other processes ---------------------------------------------------------------------------------------------- */

/* What the program does when it is executed anew. */
static int in_a_new_program(int inherited)
{
	struct lxa_get_param g = { .size = sizeof(g) };
	struct dev d;

	/* The descriptor is inherited, the driver that was behind it is not. */
	if (ioctl(inherited, LXA_IOCTL_GET_PARAM, &g) != -1)
		return 1;
	d.fd = open(NODE, O_RDWR);
	if (d.fd < 0)
		return 2;
	d.ctx = ctx_create(d.fd);
	if (conv_init(&d.conv, d.fd, 5, 5, 3) || try_job(&d))
		return 3;
	dev_close(&d);
	return 0;
}

static void execute(int fd)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	execl(self, self, OTHER_PROGRAM, number, (char *)NULL);
	_exit(99);
}

static void fork_and_exec(void **state)
{
	struct dev d = dev_open();
	pid_t pid = fork();

	if (!pid)
		execute(d.fd);
	assert_int_equal(end_of(pid), 0);
	assert_works(&d);
	dev_close(&d);
}

/* A child of vfork() has its parent's memory: what it closes must stay open here. */
static void vfork_closes_only_its_own(void **state)
{
	struct dev d = dev_open();
	pid_t pid = vfork();

	if (!pid) {
		dup2(2, d.fd);
		close(d.fd);
		close_range(3, ~0u, 0);
		execl(self, self, OTHER_PROGRAM, "-1", (char *)NULL);
		_exit(99);
	}
	assert_int_equal(end_of(pid), 0);
	assert_works(&d);
	dev_close(&d);
}

static void many_forks_deep(void **state)
{
	struct dev d = dev_open();
	pid_t pid = fork();

	if (!pid) {			/* each generation with a device of its own */
		struct dev own = dev_open();
		pid_t grandchild = fork();

		if (!grandchild) {
			struct dev third = dev_open();

			_exit(try_job(&third));
		}
		_exit(end_of(grandchild) || try_job(&own));
	}
	assert_int_equal(end_of(pid), 0);
	assert_works(&d);
	dev_close(&d);
}

/* A forked child that polls what it inherited is told at once, not never. */
static void poll_in_a_child(void **state)
{
	struct dev d = dev_open();
	pid_t pid = fork();

	if (!pid) {
		struct pollfd p = { .fd = d.fd, .events = POLLIN };

		alarm(20);
		_exit(poll(&p, 1, -1) != 1 || !(p.revents & POLLERR));
	}
	assert_int_equal(end_of(pid), 0);
	assert_works(&d);
	dev_close(&d);
}

/* ---- descriptors -------------------------------------------------------------------------------------------------- */

static void dup_over(void **state)
{
	struct dev a = dev_open(), b = dev_open();
	int copy = dup(a.fd), file = open("/dev/null", O_RDONLY), old = b.fd;
	struct lxa_get_param g = { .size = sizeof(g) };
	uint64_t v;

	assert_true(copy >= 0);
	conv_done(&b.conv, b.fd);
	assert_int_equal(dup2(a.fd, b.fd), b.fd);	/* ends b's file; its number is a's now */
	assert_int_equal(close(a.fd), 0);
	a.fd = old;
	assert_works(&a);
	assert_int_equal(dup2(file, copy), copy);	/* no device any more */
	assert_int_equal(ioctl(copy, LXA_IOCTL_GET_PARAM, &g), -1);
	assert_int_equal(errno, ENOTTY);
	assert_int_equal(close(copy), 0);
	assert_int_equal(close(file), 0);
	dev_close(&a);
	assert_int_equal(get_param(old, LXA_PARAM_ABI_VERSION, &v), -1);
	assert_int_equal(errno, EBADF);
}

static void close_a_range(void **state)
{
	struct dev d = dev_open();
	uint64_t v;
	int fd;

	munmap(d.conv.mem, d.conv.bo.bytes);
	assert_int_equal(close_range((unsigned int)d.fd, (unsigned int)d.fd, 0), 0);
	fd = open("/dev/null", O_RDWR);
	assert_int_equal(fd, d.fd);		/* the number is somebody else's now */
	assert_int_equal(get_param(fd, LXA_PARAM_ABI_VERSION, &v), -1);
	assert_int_equal(errno, ENOTTY);
	close(fd);
}

static void *close_it(void *arg)
{
	usleep(2000);
	return (void *)(intptr_t)close(*(int *)arg);
}

/* The call under way keeps the file, as in the kernel; then everything goes. */
static void close_in_another_thread(void **state)
{
	struct dev d = dev_open();
	uint64_t seqno = start_many(&d);
	int32_t error;
	pthread_t t;
	void *ret;
	int got;

	pthread_create(&t, NULL, close_it, &d.fd);
	got = wait_for(d.fd, d.ctx, seqno, LONG_WAIT, &error);
	assert_true(got ? errno == EBADF : error == 0);
	pthread_join(t, &ret);
	assert_int_equal((intptr_t)ret, 0);
	munmap(d.conv.mem, d.conv.bo.bytes);
	d = dev_open();
	assert_works(&d);
	dev_close(&d);
}

/* ---- readiness ---------------------------------------------------------------------------------------------------- */

static void epoll_and_select(void **state)
{
	struct dev d = dev_open();
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.fd = d.fd }, got;
	int ep = epoll_create1(0), copy = dup(d.fd);
	struct timeval none = { 0, 0 };
	struct lxa_event e;
	fd_set set;

	assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, copy, &ev), 0);
	assert_int_equal(epoll_wait(ep, &got, 1, 0), 0);
	for (int i = 0; i < 20; i++) {
		assert_works(&d);
		assert_int_equal(epoll_wait(ep, &got, 1, 10000), 1);
		FD_ZERO(&set);
		FD_SET(d.fd, &set);
		assert_int_equal(select(d.fd + 1, &set, NULL, NULL, &none), 1);
		assert_int_equal(read(copy, &e, sizeof(e)), sizeof(e));
		assert_int_equal(epoll_wait(ep, &got, 1, 0), 0);
	}
	close(ep);
	close(copy);
	dev_close(&d);
}

static int64_t cpu_ns(void)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * SECOND + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000ll;
}

/* An event is there, but who asks for errors only sleeps, and does not burn the CPU meanwhile. */
static void unwanted_events(void **state)
{
	struct dev d = dev_open();
	struct pollfd p = { .fd = d.fd, .events = 0 };
	int64_t start, cpu;

	assert_works(&d);
	start = now_ns();
	cpu = cpu_ns();
	assert_int_equal(poll(&p, 1, 300), 0);
	assert_true(now_ns() - start >= 300 * SECOND / 1000);
	assert_true(cpu_ns() - cpu < 100 * SECOND / 1000);
	p.events = POLLIN;
	assert_int_equal(poll(&p, 1, 0), 1);
	dev_close(&d);
}

/* ---- signals ------------------------------------------------------------------------------------------------------- */

static int signal_pipe[2];
static volatile sig_atomic_t signals;

/* What a program's handler does: calls that are allowed there, on a descriptor of its own. */
static void on_signal(int sig)
{
	char c = 'x';

	if (write(signal_pipe[1], &c, 1) == 1 && read(signal_pipe[0], &c, 1) == 1)
		signals++;
}

static void *send_signals(void *arg)
{
	for (int i = 0; i < 100; i++) {
		pthread_kill(*(pthread_t *)arg, SIGINT);
		usleep(200);
	}
	return NULL;
}

static void handled_signals_while_waiting(void **state)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct dev d = dev_open();
	pthread_t me = pthread_self(), t;

	assert_int_equal(pipe(signal_pipe), 0);
	sigaction(SIGINT, &sa, NULL);
	signals = 0;
	pthread_create(&t, NULL, send_signals, &me);
	do
		assert_works(&d);
	while (signals < 20);
	pthread_join(t, NULL);
	signal(SIGINT, SIG_DFL);
	close(signal_pipe[0]);
	close(signal_pipe[1]);
	dev_close(&d);
}

/* Ctrl-C ends a program that waits for a job. */
static void interrupt_ends_a_waiting_program(void **state)
{
	pid_t pid = fork();

	if (!pid) {
		struct dev d = dev_open();
		struct lxa_event e;

		alarm(20);
		if (read(d.fd, &e, sizeof(e)))		/* nothing was submitted: waits for ever */
			_exit(1);
		_exit(2);
	}
	usleep(300000);
	kill(pid, SIGINT);
	assert_int_equal(end_of(pid), 1000 + SIGINT);
}

/* ---- the end -------------------------------------------------------------------------------------------------------- */

/* A program may leave with everything open and jobs running. */
static void exit_with_jobs_running(void **state)
{
	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();

		if (!pid) {
			struct dev d = dev_open();

			start_many(&d);
			usleep((useconds_t)i * 500);
			exit(0);
		}
		assert_int_equal(end_of(pid), 0);
	}
}

static void names_that_are_none(void **state)
{
	const char *volatile nothing = NULL;

	assert_int_equal(open(nothing, O_RDONLY), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(open(NODE "x", O_RDONLY), -1);
	assert_int_equal(errno, ENOENT);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fork_and_exec), cmocka_unit_test(vfork_closes_only_its_own),
		cmocka_unit_test(many_forks_deep), cmocka_unit_test(poll_in_a_child), cmocka_unit_test(dup_over),
		cmocka_unit_test(close_a_range), cmocka_unit_test(close_in_another_thread),
		cmocka_unit_test(epoll_and_select), cmocka_unit_test(unwanted_events),
		cmocka_unit_test(handled_signals_while_waiting), cmocka_unit_test(interrupt_ends_a_waiting_program),
		cmocka_unit_test(exit_with_jobs_running), cmocka_unit_test(names_that_are_none),
	};

	if (argc == 3 && !strcmp(argv[1], OTHER_PROGRAM))
		return in_a_new_program(atoi(argv[2]));
	self = argv[0];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
