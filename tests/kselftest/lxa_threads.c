// SPDX-License-Identifier: MIT
/* Many at once: threads on one descriptor, threads on their own, closing with jobs under way, duplicates. */
#include "lxa_test.h"
#include "lxa_conv.h"

#define THREADS 6
#define ROUNDS 12
#define LONG_WAIT (now_ns() + 60 * SECOND)

struct worker {
	pthread_t thread;
	int fd;				/* -1: opens its own */
	uint32_t seed;
	const char *failed;		/* what, NULL when all went well */
};

/* Own context, own buffer, every result checked. */
static const char *work(struct worker *w, int fd)
{
	uint32_t ctx = ctx_create(fd);
	struct lxa_submit s;
	struct conv v;
	int32_t error;

	if (!ctx || conv_init(&v, fd, 4 + w->seed % 5, 4 + w->seed % 3, w->seed))
		return "set-up";
	for (uint32_t i = 0; i < ROUNDS; i++) {
		conv_fill(&v, w->seed * 1000 + i);
		if (submit(fd, ctx, &v.job, 1, &s))
			return "submit";
		if (s.seqno != i + 1)
			return "sequence number";
		if (wait_for(fd, ctx, s.seqno, LONG_WAIT, &error) || error)
			return "wait";
		if (conv_check(&v) >= 0)
			return "result";
	}
	conv_done(&v, fd);
	return ctx_destroy(fd, ctx) ? "ctx_destroy" : NULL;
}

static void *run(void *arg)
{
	struct worker *w = arg;
	int fd = w->fd >= 0 ? w->fd : open(NODE, O_RDWR | O_CLOEXEC);

	w->failed = fd < 0 ? "open" : work(w, fd);
	if (w->fd < 0)
		close(fd);
	return NULL;
}

static void run_all(struct __test_metadata *_metadata, int fd)
{
	struct worker w[THREADS];

	for (uint32_t i = 0; i < THREADS; i++) {
		w[i] = (struct worker) { .fd = fd, .seed = i + 1 };
		ASSERT_EQ(0, pthread_create(&w[i].thread, NULL, run, &w[i]));
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_EQ(NULL, w[i].failed) TH_LOG("thread %u: %s", i, w[i].failed);
	}
}

TEST(threads_on_one_file)
{
	int fd = open(NODE, O_RDWR | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	run_all(_metadata, fd);
	close(fd);
}

TEST(threads_on_files_of_their_own)
{
	run_all(_metadata, -1);
}

/* Everything dies with the descriptor; the device goes on for others. */
TEST(close_with_jobs_under_way)
{
	int keep = open(NODE, O_RDWR | O_CLOEXEC);

	ASSERT_GE(keep, 0);
	for (uint32_t round = 0; round < 6; round++) {
		int fd = open(NODE, O_RDWR | O_CLOEXEC);
		uint32_t ctx = ctx_create(fd);
		struct lxa_job jobs[20];
		struct lxa_submit s;
		struct conv v;

		ASSERT_GE(fd, 0);
		ASSERT_EQ(0, conv_init(&v, fd, 16, 16, round));
		for (int i = 0; i < 20; i++)
			jobs[i] = v.job;
		ASSERT_EQ(0, submit(fd, ctx, jobs, 20, &s));
		if (round & 1) {		/* the mapping goes last, or first */
			close(fd);
			munmap(v.mem, v.bo.bytes);
		} else {
			munmap(v.mem, v.bo.bytes);
			close(fd);
		}
	}
	run_all(_metadata, keep);
	close(keep);
}

/* A context that goes ends its jobs with ECANCELED, each with an event. True when that was so for the last one. */
static bool destroy_at_work(struct __test_metadata *_metadata, int fd, const struct conv *v)
{
	uint32_t ctx = ctx_create(fd);
	struct lxa_job jobs[32];
	struct lxa_event e[32];
	struct lxa_submit s;
	ssize_t got = 0, n;

	for (int i = 0; i < 32; i++)
		jobs[i] = v->job;
	ASSERT_EQ(0, submit(fd, ctx, jobs, 32, &s));
	ASSERT_EQ(0, ctx_destroy(fd, ctx));
	while (got < (ssize_t)sizeof(e)) {
		n = read(fd, (char *)e + got, sizeof(e) - (size_t)got);
		ASSERT_GT(n, 0);
		got += n;
	}
	for (uint32_t i = 0; i < 32; i++) {
		EXPECT_TRUE(e[i].error == 0 || e[i].error == -ECANCELED);
		EXPECT_EQ(ctx, e[i].ctx);
	}
	return e[31].error == -ECANCELED;
}

/* Where the device is fast and the processor busy, all jobs may be over in time: so up to TRIES times. */
TEST(destroy_with_jobs_under_way)
{
	int fd = open(NODE, O_RDWR | O_CLOEXEC), round = 0;
	struct conv v;

	ASSERT_EQ(0, conv_init(&v, fd, 32, 32, 1));
	while (round < TRIES && !destroy_at_work(_metadata, fd, &v))
		round++;
	EXPECT_LT(round, TRIES);
	/* The buffer is free again, and the device works. */
	EXPECT_EQ(0, bo_prep(fd, v.bo.handle, LXA_PREP_WRITE, LONG_WAIT));
	run_all(_metadata, fd);
	conv_done(&v, fd);
	close(fd);
}

TEST(duplicates)
{
	int fd = open(NODE, O_RDWR | O_CLOEXEC), copy, third;
	uint32_t ctx = ctx_create(fd);
	uint64_t seqno;

	copy = dup(fd);
	ASSERT_GE(copy, 0);
	third = fcntl(fd, F_DUPFD_CLOEXEC, 50);
	ASSERT_GE(third, 50);
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, nops(copy, ctx, 1, &seqno));
	EXPECT_EQ(0, close(copy));
	EXPECT_EQ(0, wait_for(third, ctx, seqno, LONG_WAIT, NULL));
	EXPECT_EQ(0, close(third));
	EXPECT_ERRNO(EBADF, nops(third, ctx, 1, &seqno));
}

/* Threads that wait, read and poll while another ends what they wait for. */
static void *sleeper(void *arg)
{
	struct worker *w = arg;
	struct lxa_event e;

	w->failed = read(w->fd, &e, sizeof(e)) == sizeof(e) ? NULL : "read";
	return NULL;
}

TEST(readers_share_the_events)
{
	int fd = open(NODE, O_RDWR | O_CLOEXEC);
	uint32_t ctx = ctx_create(fd);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct worker w[THREADS];
	uint64_t seqno;

	for (uint32_t i = 0; i < THREADS; i++) {
		w[i] = (struct worker) { .fd = fd };
		ASSERT_EQ(0, pthread_create(&w[i].thread, NULL, sleeper, &w[i]));
	}
	ASSERT_EQ(0, nops(fd, ctx, THREADS, &seqno));
	for (uint32_t i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_EQ(NULL, w[i].failed);
	}
	EXPECT_EQ(0, poll(&p, 1, 0));
	close(fd);
}

LXA_TEST_MAIN
