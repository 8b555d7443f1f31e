// SPDX-License-Identifier: MIT
/*
 * Every fault that a device or a program can come up with: what the guilty caller gets, what the innocent get, how long the
 * recovery takes, that the next job is right and that nothing is left behind. Three open files have jobs in the device when
 * the fault strikes; whoever ends with an error is the guilty one. Each test prints rows of driver/FAULTS.md's table.
 */
#include <poll.h>
#include <sys/uio.h>

#include "lxa_test.h"
#include "lxa_control.h"
#include "lxa_conv.h"

#define FILES 3
#define JOBS 2				/* of each file in the device at once */
#define ROUNDS 3
#define ROUNDS_MAX 12
#define TIMEOUT_MS 200			/* where something hangs; elsewhere a busy machine must not look like it */
#define LONG_TIMEOUT_MS 5000
#define LONG_WAIT (now_ns() + 30 * SECOND)
#define GOAL_NS (SECOND / 10)		/* from the time-out's expiry until all have what they should */

struct client {
	int fd;
	uint32_t ctx;
	uint64_t seqno;
	int32_t error;
	bool sleeps;			/* until an interrupt wakes it: WAIT alone would look for its jobs */
	struct conv conv;
};

FIXTURE(fault) {
	struct client c[FILES];
	uint32_t seed;
	uint64_t usual;			/* cycles of a round without a fault */
	/* over all rounds since clear() */
	uint32_t rounds, wrong;
	int guilty, guilty_error;	/* how many there were; what the last got */
	int64_t cycles[ROUNDS_MAX];		/* more than usual */
	int64_t ns[ROUNDS_MAX];
};

#define METADATA struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self
#define DEVICE (self->c[0].fd)

/* ---- clients -------------------------------------------------------------------------------------------------------- */

static int client_open(struct client *c, uint32_t seed)
{
	memset(c, 0, sizeof(*c));
	c->fd = open(NODE, O_RDWR | O_CLOEXEC);
	if (c->fd < 0)
		return -1;
	c->ctx = ctx_create(c->fd);
	return c->ctx && !conv_init(&c->conv, c->fd, 6, 7, seed) ? 0 : -1;
}

static void client_close(struct client *c)
{
	if (c->fd < 0)
		return;
	conv_done(&c->conv, c->fd);
	close(c->fd);
	c->fd = -1;
}

static int client_start(struct client *c)
{
	struct lxa_job jobs[JOBS] = { c->conv.job, c->conv.job };
	struct lxa_submit s;

	if (submit(c->fd, c->ctx, jobs, JOBS, &s))
		return -1;
	c->seqno = s.seqno;
	return 0;
}

/* As a program with an event loop does. */
static int client_sleep(struct client *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	struct lxa_event e;

	do {
		if (poll(&p, 1, 30000) != 1 || read(c->fd, &e, sizeof(e)) != sizeof(e))
			return -1;
	} while (e.seqno != c->seqno);
	return 0;
}

static int client_finish(struct client *c)
{
	if (c->sleeps && client_sleep(c))
		return -1;
	return wait_for(c->fd, c->ctx, c->seqno, LONG_WAIT, &c->error);
}

/* ---- rounds ---------------------------------------------------------------------------------------------------------- */

static void clear(FIXTURE_DATA(fault) *self)
{
	self->rounds = self->wrong = 0;
	self->guilty = self->guilty_error = 0;
}

/* All files' jobs are in the device before its clock runs. Returns how long they took. */
static int64_t run_all(METADATA, const char *fault, int64_t *cycles)
{
	struct control_stats before = { 0 }, after = { 0 };
	int64_t ns;

	EXPECT_EQ(0, control(DEVICE, NULL, 0, "stop"));
	EXPECT_EQ(0, control_stats(DEVICE, &before));
	if (fault)
		EXPECT_EQ(0, control(DEVICE, NULL, 0, "fault %s", fault));
	for (int i = 0; i < FILES; i++) {
		conv_fill(&self->c[i].conv, self->seed++);
		EXPECT_EQ(0, client_start(&self->c[i]));
	}
	ns = now_ns();
	EXPECT_EQ(0, control(DEVICE, NULL, 0, "start"));
	for (int i = 0; i < FILES; i++)
		EXPECT_EQ(0, client_finish(&self->c[i]));
	ns = now_ns() - ns;
	EXPECT_EQ(0, control_stats(DEVICE, &after));
	EXPECT_EQ(before.bus_errors, after.bus_errors);		/* no access outside of what the driver gave the device */
	*cycles = (int64_t)(after.cycles - before.cycles);
	return ns;
}

/* A wrong result is one that is not right although its job ended without an error. */
static void count_wrong(FIXTURE_DATA(fault) *self)
{
	for (int i = 0; i < FILES; i++)
		if (!self->c[i].error && conv_check(&self->c[i].conv) >= 0)
			self->wrong++;
}

static void all_good(METADATA)
{
	int64_t cycles;

	run_all(_metadata, self, NULL, &cycles);
	for (int i = 0; i < FILES; i++)
		EXPECT_EQ(0, self->c[i].error);
	count_wrong(self);
	EXPECT_EQ(0, self->wrong);
	if (!self->usual)
		self->usual = (uint64_t)cycles;
}

/* A sanitizer makes everything several times slower; a kernel with checks says by how much. */
static int64_t goal(void)
{
	const char *slow = getenv("lxa_slow");

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return 10 * GOAL_NS;
#endif
	return control_in_kernel() && slow ? atoi(slow) * GOAL_NS : GOAL_NS;
}

/* Other work on the machine can only add to a round: three of them, and more until one has reached the goal. */
static bool more_rounds(FIXTURE_DATA(fault) *self)
{
	bool reached = false;

	for (uint32_t i = 0; i < self->rounds; i++)
		reached |= self->ns[i] < goal();
	return self->rounds < ROUNDS || (!reached && self->rounds < ROUNDS_MAX);
}

/* A round with a fault, and one without. expiry_ns: before that nobody could have known. */
static void round_of(METADATA, const char *fault, int64_t expiry_ns)
{
	uint32_t r = self->rounds++;

	EXPECT_EQ(0, control(DEVICE, NULL, 0, "param timeout_ms %d", expiry_ns ? TIMEOUT_MS : LONG_TIMEOUT_MS));
	self->ns[r] = run_all(_metadata, self, fault, &self->cycles[r]) - expiry_ns;
	self->cycles[r] -= (int64_t)self->usual;
	for (int i = 0; i < FILES; i++)
		if (self->c[i].error) {
			self->guilty++;
			self->guilty_error = self->c[i].error;
		}
	count_wrong(self);
	EXPECT_EQ(0, control(DEVICE, NULL, 0, "fault none 0 0"));
	EXPECT_EQ(0, control(DEVICE, NULL, 0, "param timeout_ms %d", LONG_TIMEOUT_MS));
	all_good(_metadata, self);
}

static int compare(const void *a, const void *b)
{
	return *(const int64_t *)a < *(const int64_t *)b ? -1 : *(const int64_t *)a > *(const int64_t *)b;
}

/* ---- the table ------------------------------------------------------------------------------------------------------- */

static void row(const char *fault, const char *guilty, const char *innocent, int64_t cycles, int64_t ns, uint32_t wrong)
{
	char c[32] = "-";

	if (cycles != INT64_MIN)
		snprintf(c, sizeof(c), "%lld", (long long)cycles);
	printf("# | %s | %s | %s | %s | %.1f | %s |\n", fault, guilty, innocent, c, (double)ns / 1e6, wrong ? "WRONG" : "right");
	fflush(stdout);
}

static const char *error_name(int error)
{
	switch (error) {
	case 0: return "0";
	case -ETIMEDOUT: return "ETIMEDOUT";
	case -EIO: return "EIO";
	case -EFAULT: return "EFAULT";
	case -ECANCELED: return "ECANCELED";
	default: return strerror(-error);
	}
}

/* The middle one of the rounds; the fastest must have reached the goal. */
static void report(METADATA, const char *fault)
{
	char guilty[64] = "(nobody)";

	qsort(self->cycles, self->rounds, sizeof(self->cycles[0]), compare);
	qsort(self->ns, self->rounds, sizeof(self->ns[0]), compare);
	if (self->guilty)
		snprintf(guilty, sizeof(guilty), "%s", error_name(self->guilty_error));
	row(fault, guilty, "0, right results", self->cycles[self->rounds / 2], self->ns[self->rounds / 2], self->wrong);
	EXPECT_LT(self->ns[0], goal());
	EXPECT_EQ(0, self->wrong);
	clear(self);
}

FIXTURE_SETUP(fault)
{
	self->seed = 1;
	for (int i = 0; i < FILES; i++)
		ASSERT_EQ(0, client_open(&self->c[i], self->seed++));
	ASSERT_EQ(0, control(DEVICE, NULL, 0, "fault none 0 0"));
	ASSERT_EQ(0, control(DEVICE, NULL, 0, "param timeout_ms %d", LONG_TIMEOUT_MS));
	ASSERT_EQ(0, control(DEVICE, NULL, 0, "param ban_after 0"));
	all_good(_metadata, self);
}

FIXTURE_TEARDOWN(fault)
{
	for (int i = 0; i < FILES; i++)
		client_close(&self->c[i]);
	EXPECT_EQ(0, control(-1, NULL, 0, "unload"));	/* nothing is left behind */
}

/* ---- the device ------------------------------------------------------------------------------------------------------- */

TEST_F(fault, hang)
{
	while (more_rounds(self))
		round_of(_metadata, self, "hang 0 1", TIMEOUT_MS * 1000000ll);
	EXPECT_EQ((int)self->rounds, self->guilty);
	EXPECT_EQ(-ETIMEDOUT, self->guilty_error);
	report(_metadata, self, "hang");
}

static void all_sleep(FIXTURE_DATA(fault) *self)
{
	for (int i = 0; i < FILES; i++)
		self->c[i].sleeps = true;
}

/* The jobs end when the watch looks. */
TEST_F(fault, lost_interrupt)
{
	all_sleep(self);
	while (more_rounds(self))
		round_of(_metadata, self, "lost-irq 0 1000", 0);
	EXPECT_EQ(0, self->guilty);
	report(_metadata, self, "interrupts lost");
}

TEST_F(fault, spurious_interrupt)
{
	all_sleep(self);
	while (more_rounds(self))
		round_of(_metadata, self, "spurious-irq 0 50", 0);
	EXPECT_EQ(0, self->guilty);
	report(_metadata, self, "interrupts without cause");
}

/*
 * It rages on through a hundred more jobs. In a kernel in User Mode Linux interrupts are messages, which it takes before anything
 * else: one without an end would be its end.
 */
TEST_F(fault, interrupt_storm)
{
	unsigned long count = control_in_kernel() ? (getenv("lxa_slow") ? 4000 : 20000) : 1000000000;
	char storm[64];
	int64_t end;
	struct control_stats before = { 0 }, after = { 0 };
	int64_t cycles;

	snprintf(storm, sizeof(storm), "spurious-irq 0 %lu", count);
	while (more_rounds(self))
		round_of(_metadata, self, storm, 0);
	EXPECT_EQ(0, self->guilty);
	report(_metadata, self, "interrupt storm");
	EXPECT_EQ(0, control_stats(DEVICE, &before));
	end = LONG_WAIT;
	run_all(_metadata, self, storm, &cycles);
	/* Who looks for his jobs may be done before the device has had a turn for one interrupt. */
	for (int i = 0; i < 20 || (after.irqs - before.irqs <= 2000 && now_ns() < end); i++) {
		run_all(_metadata, self, NULL, &cycles);
		count_wrong(self);
		EXPECT_EQ(0, control_stats(DEVICE, &after));
	}
	EXPECT_EQ(0, self->wrong);
	EXPECT_GT(after.irqs - before.irqs, 2000);		/* it was one */
	EXPECT_EQ(0, control(DEVICE, NULL, 0, "fault none 0 0"));
}

TEST_F(fault, bus_error_on_read)
{
	while (more_rounds(self))
		round_of(_metadata, self, "read-error 0 1", 0);
	EXPECT_EQ((int)self->rounds, self->guilty);
	EXPECT_EQ(-EIO, self->guilty_error);
	report(_metadata, self, "bus error on read");
}

TEST_F(fault, bus_error_on_write)
{
	while (more_rounds(self))
		round_of(_metadata, self, "write-error 0 1", 0);
	EXPECT_EQ((int)self->rounds, self->guilty);
	EXPECT_EQ(-EIO, self->guilty_error);
	report(_metadata, self, "bus error on write");
}

/* A turned bit in number or count is not believed; in the status it makes the job a failed one; in the stream it is nothing. */
TEST_F(fault, corrupted_record)
{
	int failed = 0;

	for (int i = 0; i < 40; i++) {
		self->rounds = i % ROUNDS;
		self->guilty = 0;
		round_of(_metadata, self, "bad-record 0 1", 0);
		EXPECT_LE(self->guilty, 1);
		EXPECT_TRUE(!self->guilty || self->guilty_error == -EIO || self->guilty_error == -EFAULT);
		failed += self->guilty;
	}
	EXPECT_GT(failed, 20);			/* 96 of 128 bits */
	self->rounds = ROUNDS;
	report(_metadata, self, "completion record corrupted");
}

/* What is in the buffers stays, and so do their mappings. */
TEST_F(fault, reset_while_mapped)
{
	uint8_t *before;
	size_t n;

	while (more_rounds(self)) {
		struct conv *v = &self->c[1].conv;

		n = v->out;
		conv_fill(v, self->seed);
		before = malloc(n);
		memcpy(before, v->mem, n);
		self->c[0].error = 0;
		EXPECT_EQ(0, control(DEVICE, NULL, 0, "param timeout_ms %d", TIMEOUT_MS));
		EXPECT_EQ(0, control(DEVICE, NULL, 0, "fault hang 0 1"));
		EXPECT_EQ(0, client_start(&self->c[0]));
		EXPECT_EQ(0, client_finish(&self->c[0]));
		EXPECT_EQ(-ETIMEDOUT, self->c[0].error);
		EXPECT_EQ(0, memcmp(before, v->mem, n));
		EXPECT_EQ(0, client_start(&self->c[1]));
		EXPECT_EQ(0, client_finish(&self->c[1]));
		EXPECT_EQ(-1, conv_check(v));
		free(before);
		round_of(_metadata, self, "hang 0 1", TIMEOUT_MS * 1000000ll);
	}
	report(_metadata, self, "reset while buffers are mapped");
}

/* ---- programs --------------------------------------------------------------------------------------------------------- */

/* Jobs in the device, then the program is gone. In one process with the driver only its descriptor can be. */
static void start_and_die(METADATA)
{
	struct client c;
	pid_t pid;
	int go[2];
	char byte;

	if (!device_is_shared()) {
		EXPECT_EQ(0, client_open(&c, 7));
		EXPECT_EQ(0, client_start(&c));
		client_close(&c);
		return;
	}
	EXPECT_EQ(0, pipe(go));
	pid = fork();
	if (!pid) {
		if (client_open(&c, 7) || client_start(&c) || write(go[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	EXPECT_EQ(1, read(go[0], &byte, 1));
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
	close(go[0]);
	close(go[1]);
}

static void killed(METADATA, const char *fault, int64_t expiry_ns)
{
	int64_t cycles;
	int64_t start;

	for (int i = 0; i < ROUNDS; i++) {
		EXPECT_EQ(0, control(DEVICE, NULL, 0, "param timeout_ms %d", fault ? TIMEOUT_MS : LONG_TIMEOUT_MS));
		EXPECT_EQ(0, control(DEVICE, NULL, 0, "stop"));
		if (fault)
			EXPECT_EQ(0, control(DEVICE, NULL, 0, "fault %s", fault));
		start_and_die(_metadata, self);
		start = now_ns();
		run_all(_metadata, self, NULL, &cycles);
		self->ns[i] = now_ns() - start - expiry_ns;
		self->cycles[i] = cycles - (int64_t)self->usual;
		for (int k = 0; k < FILES; k++)
			EXPECT_EQ(0, self->c[k].error);
		count_wrong(self);
		all_good(_metadata, self);
	}
	self->rounds = ROUNDS;
}

TEST_F(fault, killed_mid_job)
{
	killed(_metadata, self, NULL, 0);
	report(_metadata, self, "client killed mid-job");
}

TEST_F(fault, killed_while_hung)
{
	killed(_metadata, self, "hang 0 1", TIMEOUT_MS * 1000000ll);
	report(_metadata, self, "client killed, its job hangs");
}

/* Four hangs soon after each other, then nobody waits for this context any more. */
TEST_F(fault, repeat_offender)
{
	struct client *bad = &self->c[0];
	struct lxa_submit s;
	int64_t start;

	EXPECT_EQ(0, control(DEVICE, NULL, 0, "param ban_after 3"));
	EXPECT_EQ(0, control(DEVICE, NULL, 0, "param timeout_ms 50"));
	for (int context = 0; context < 4; context++) {
		for (int i = 0; i < 3; i++) {
			EXPECT_EQ(0, control(DEVICE, NULL, 0, "fault hang 0 1"));
			EXPECT_EQ(0, client_start(bad));
			EXPECT_EQ(0, client_finish(bad));
			EXPECT_EQ(-ETIMEDOUT, bad->error);
		}
		EXPECT_ERRNO(EIO, submit(bad->fd, bad->ctx, &bad->conv.job, 1, &s));
		if (context == 3)
			break;
		bad->ctx = ctx_create(bad->fd);	/* another context of the file is free to go, until there are four */
		EXPECT_NE(0, bad->ctx);
	}
	errno = 0;
	EXPECT_EQ(0, ctx_create(bad->fd));
	EXPECT_EQ(EIO, errno);
	start = now_ns();
	for (int i = 1; i < FILES; i++) {
		conv_fill(&self->c[i].conv, self->seed++);
		EXPECT_EQ(0, client_start(&self->c[i]));
		EXPECT_EQ(0, client_finish(&self->c[i]));
		EXPECT_EQ(0, self->c[i].error);
		self->wrong += conv_check(&self->c[i].conv) >= 0;
	}
	row("hangs again and again (`ban_after`)", "EIO from SUBMIT", "0, right results", INT64_MIN, now_ns() - start, self->wrong);
	EXPECT_EQ(0, self->wrong);
}

/* ---- the driver ------------------------------------------------------------------------------------------------------ */

static bool readable(const void *at)
{
	char byte;
	struct iovec mine = { &byte, 1 }, theirs = { (void *)at, 1 };

	return process_vm_readv(getpid(), &mine, 1, &theirs, 1, 0) == 1;
}

TEST_F(fault, unbind_while_open)
{
	struct client *c = &self->c[0];
	struct lxa_submit s;
	uint64_t value;
	int64_t start;
	int ret;

	EXPECT_EQ(0, control(DEVICE, NULL, 0, "stop"));
	for (int i = 0; i < FILES; i++)
		EXPECT_EQ(0, client_start(&self->c[i]));
	EXPECT_EQ(0, control(DEVICE, NULL, 0, "start"));
	start = now_ns();
	ret = control(DEVICE, NULL, 0, "unbind");
	if (ret == CONTROL_NONE)
		SKIP(return, "no way to unbind the device");
	EXPECT_EQ(0, ret);
	start = now_ns() - start;
	for (int i = 0; i < FILES; i++) {	/* jobs have ended or never will: nobody waits */
		ret = client_finish(&self->c[i]);
		EXPECT_TRUE(!ret || errno == ENODEV);
	}
	EXPECT_ERRNO(ENODEV, get_param(c->fd, LXA_PARAM_ABI_VERSION, &value));
	EXPECT_ERRNO(ENODEV, submit(c->fd, c->ctx, &c->conv.job, 1, &s));
	EXPECT_ERRNO(ENODEV, bo_prep(c->fd, c->conv.bo.handle, LXA_PREP_READ, 0));
	EXPECT_FALSE(readable(c->conv.mem));
	for (int i = 0; i < FILES; i++)
		client_close(&self->c[i]);
	control(-1, NULL, 0, "rebind");		/* in this process the next open does that */
	for (int i = 0; i < FILES; i++)
		ASSERT_EQ(0, client_open(&self->c[i], self->seed++));
	all_good(_metadata, self);
	row("unbound while open", "ENODEV", "ENODEV", INT64_MIN, start, self->wrong);
}

/* The file's own parts are as many allocations as there are: each fails once. */
static int good_sequence(METADATA)
{
	struct client c = { .fd = -1, .conv.mem = MAP_FAILED };
	struct lxa_event e;
	int err = 0;

	errno = 0;
	if (client_open(&c, 3) || client_start(&c) || client_finish(&c) || c.error || read(c.fd, &e, sizeof(e)) != sizeof(e))
		err = errno ? errno : EPROTO;
	else if (conv_check(&c.conv) >= 0)
		self->wrong++;
	if (c.conv.mem && c.conv.mem != MAP_FAILED)
		munmap(c.conv.mem, c.conv.bo.bytes);
	if (c.fd >= 0)
		close(c.fd);
	return err;
}

TEST_F(fault, no_memory)
{
	unsigned int n, failed = 0;
	int64_t start = now_ns();
	char left[64];
	int err = 0, ret;

	for (n = 1; n < 500; n++) {
		ret = control(-1, NULL, 0, "fail_nth %u", n);
		if (ret == CONTROL_NONE)
			SKIP(return, "no /proc/thread-self/fail-nth: a kernel without fault injection");
		ASSERT_EQ(0, ret);
		err = good_sequence(_metadata, self);
		EXPECT_EQ(0, control(-1, left, sizeof(left), "fail_nth 0"));
		if (atoi(left))
			break;			/* fewer than n allocations: none failed */
		/* A kernel makes allocations of its own on the way, and can do without some. */
		EXPECT_TRUE(err == ENOMEM || (!err && control_in_kernel())) TH_LOG("allocation %u: %s", n, strerror(err));
		failed++;
		all_good(_metadata, self);	/* nobody else notices */
	}
	EXPECT_EQ(0, err);
	EXPECT_GE(failed, 10);
	TH_LOG("%u allocations failed, one at a time", failed);
	row("no memory, at every allocation", "ENOMEM", "0, right results", INT64_MIN, failed ? (now_ns() - start) / failed : 0, self->wrong);
	EXPECT_EQ(0, self->wrong);
}

/* In a child, as lxa_test_main() does: nothing may be started in the parent. */
static int may_inject(void)
{
	int status, fd;
	pid_t pid = fork();

	if (!pid) {
		fd = open(NODE, O_RDWR | O_CLOEXEC);
		_exit(fd >= 0 && control(fd, NULL, 0, "fault none 0 0") == CONTROL_NONE);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

static void __attribute__((constructor)) order_tests(void)
{
	if (!__constructor_order)
		__constructor_order = _CONSTRUCTOR_ORDER_FORWARD;
}

int main(int argc, char **argv)
{
	if (!may_inject()) {
		ksft_print_header();
		ksft_exit_skip("no way to inject faults here\n");
	}
	return lxa_test_main(argc, argv);
}
