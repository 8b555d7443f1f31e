// SPDX-License-Identifier: MIT
/*
 * What the driver does in a kernel when the device misbehaves. Faults are injected through the vendor capability of the simulated
 * PCI function (sim/serve/README.md), which takes root; without it: skipped. ../unit/recover_test.c has more, in user space.
 */
#include "lxa_test.h"

#include <signal.h>

#include "lxa_conv.h"
#include "lxa_sim.h"
#include "pci_function.h"

#define CONFIG "/sys/bus/pci/devices/0000:00:00.0/config"
#define TIMEOUT_PARAM "/sys/module/lxa/parameters/timeout_ms"
#define TIMEOUT_MS 200
#define LONG_WAIT (now_ns() + 60 * SECOND)

static int config_write(uint32_t off, uint32_t val)
{
	int fd = open(CONFIG, O_RDWR | O_CLOEXEC), ret = -1;

	if (fd >= 0) {
		ret = pwrite(fd, &val, sizeof(val), off) == sizeof(val) ? 0 : -1;
		close(fd);
	}
	return ret;
}

static int inject(enum lxa_sim_fault kind, uint32_t after, uint32_t count)
{
	return config_write(PCI_SIM_AFTER, after) || config_write(PCI_SIM_COUNT, count) || config_write(PCI_SIM_FAULT, kind);
}

static int set_timeout(unsigned int ms)
{
	FILE *f = fopen(TIMEOUT_PARAM, "w");
	int ret;

	if (!f)
		return -1;
	ret = fprintf(f, "%u\n", ms) > 0 ? 0 : -1;
	return fclose(f) ? -1 : ret;
}

struct side {				/* a client of its own */
	int fd;
	uint32_t ctx;
	struct conv conv;
};

FIXTURE(fault) {
	struct side a, b;		/* guilty, and innocent */
	uint64_t resets;
};

static int side_open(struct side *s, uint32_t seed)
{
	s->fd = open(NODE, O_RDWR | O_CLOEXEC);
	s->ctx = ctx_create(s->fd);
	return s->fd < 0 || !s->ctx || conv_init(&s->conv, s->fd, 6, 7, seed);
}

static uint64_t start(struct side *s)
{
	struct lxa_submit sub;

	return submit(s->fd, s->ctx, &s->conv.job, 1, &sub) ? 0 : sub.seqno;
}

/* How the job ended, or 1: it could not be waited for. */
static int finish(struct side *s, uint64_t seqno)
{
	int32_t error;

	return seqno && !wait_for(s->fd, s->ctx, seqno, LONG_WAIT, &error) ? error : 1;
}

/* One more job is right. */
static bool works(struct side *s)
{
	static uint32_t seed = 100;

	conv_fill(&s->conv, seed++);
	return finish(s, start(s)) == 0 && conv_check(&s->conv) == -1;
}

static uint64_t resets(const struct side *s)
{
	uint64_t n;

	return get_param(s->fd, LXA_PARAM_RESET_COUNT, &n) ? ~0ull : n;
}

FIXTURE_SETUP(fault)
{
	ASSERT_EQ(0, set_timeout(TIMEOUT_MS));
	ASSERT_EQ(0, side_open(&self->a, 1));
	ASSERT_EQ(0, side_open(&self->b, 2));
	self->resets = resets(&self->a);
}

FIXTURE_TEARDOWN(fault)
{
	inject(LXA_SIM_FAULT_NONE, 0, 0);
	conv_done(&self->a.conv, self->a.fd);
	conv_done(&self->b.conv, self->b.fd);
	close(self->a.fd);
	close(self->b.fd);
	set_timeout(10000);
}

TEST_F(fault, hang)
{
	uint64_t sa, sb;
	int64_t begin;

	ASSERT_EQ(0, inject(LXA_SIM_FAULT_HANG, 0, 1));
	begin = now_ns();
	sa = start(&self->a);
	sb = start(&self->b);
	EXPECT_EQ(-ETIMEDOUT, finish(&self->a, sa));
	TH_LOG("recovered %lld ms after the time-out of %d ms", (long long)(now_ns() - begin) / 1000000 - TIMEOUT_MS, TIMEOUT_MS);
	EXPECT_EQ(0, finish(&self->b, sb));			/* the innocent ran again */
	EXPECT_EQ(-1, conv_check(&self->b.conv));
	EXPECT_EQ(self->resets + 1, resets(&self->a));
	EXPECT_TRUE(works(&self->a));
	EXPECT_TRUE(works(&self->b));
	EXPECT_EQ(self->resets + 1, resets(&self->a));
}

TEST_F(fault, lost_interrupts)
{
	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(0, inject(LXA_SIM_FAULT_LOST_IRQ, 0, 1));
		EXPECT_TRUE(works(&self->a));
	}
	EXPECT_EQ(self->resets, resets(&self->a));
}

TEST_F(fault, spurious_interrupts)
{
	ASSERT_EQ(0, inject(LXA_SIM_FAULT_SPURIOUS_IRQ, 0, 100));
	for (int i = 0; i < 20; i++)
		EXPECT_TRUE(works(i % 2 ? &self->a : &self->b));
	EXPECT_EQ(self->resets, resets(&self->a));
}

static void bus_error(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self, enum lxa_sim_fault kind)
{
	uint64_t sa;
	int error;

	ASSERT_EQ(0, inject(kind, 0, 1));
	sa = start(&self->a);
	error = finish(&self->a, sa);
	EXPECT_EQ(-EIO, error);
	EXPECT_TRUE(works(&self->b));
	EXPECT_TRUE(works(&self->a));
	EXPECT_EQ(self->resets + 1, resets(&self->a));
}

TEST_F(fault, read_error)
{
	bus_error(_metadata, self, LXA_SIM_FAULT_READ_ERROR);
}

TEST_F(fault, write_error)
{
	bus_error(_metadata, self, LXA_SIM_FAULT_WRITE_ERROR);
}

/* A flipped bit may be anywhere: the job ends somehow, the next one is right. */
TEST_F(fault, flipped_bits)
{
	for (uint32_t i = 0; i < 10; i++) {
		ASSERT_EQ(0, inject(LXA_SIM_FAULT_BIT_FLIP, 0, 1 + i));
		EXPECT_LE(finish(&self->a, start(&self->a)), 0);
		ASSERT_EQ(0, inject(LXA_SIM_FAULT_NONE, 0, 0));
		EXPECT_TRUE(works(&self->b));
		EXPECT_TRUE(works(&self->a));
	}
}

/* A client is killed while its job hangs: others do not notice but by the wait. */
TEST_F(fault, killed_during_a_hang)
{
	int p[2], status;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(p));
	ASSERT_EQ(0, inject(LXA_SIM_FAULT_HANG, 0, 1));
	pid = fork();
	if (!pid) {
		struct side c;
		bool up = !side_open(&c, 3) && start(&c) && start(&c);

		if (write(p[1], up ? "y" : "n", 1) == 1)
			pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(p[0], &byte, 1));
	ASSERT_EQ('y', byte);
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(works(&self->a));
	EXPECT_TRUE(works(&self->b));
	EXPECT_EQ(self->resets + 1, resets(&self->a));
	close(p[0]);
	close(p[1]);
}

int main(int argc, char **argv)
{
	if (inject(LXA_SIM_FAULT_NONE, 0, 0)) {
		ksft_print_header();
		ksft_exit_skip("%s: %s\n", CONFIG, strerror(errno));
	}
	return lxa_test_main(argc, argv);
}

static void __attribute__((constructor)) order_tests(void)
{
	if (!__constructor_order)
		__constructor_order = _CONSTRUCTOR_ORDER_FORWARD;
}
