// SPDX-License-Identifier: MIT
/*
 * What the driver does when the device misbehaves. Faults come from the simulator; the program makes plain system calls
 * (the preload library is linked in). Each test ends with unloading the driver: nothing may be left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "lxa_conv.h"
#include "lxa_shim.h"
#include "lxa_sim.h"
#include "../../driver/lxa_regs.h"

#define DEFAULT_DEVICE "sim:model"	/* LXA_DEVICE says another */
#define LONG_WAIT (now_ns() + 30 * SECOND)
#define TIMEOUT_MS 60

struct dev {
	int fd;
	uint32_t ctx;
	struct lxa_sim *sim;
	struct conv conv;
};

static struct dev dev_open(uint32_t seed)
{
	struct dev d = { .fd = open(NODE, O_RDWR | O_CLOEXEC) };

	assert_true(d.fd >= 0);
	d.ctx = ctx_create(d.fd);
	assert_int_not_equal(d.ctx, 0);
	d.sim = lxa_shim_sim(d.fd);
	assert_non_null(d.sim);
	assert_int_equal(conv_init(&d.conv, d.fd, 6, 7, seed), 0);
	return d;
}

static void dev_close(struct dev *d)
{
	conv_done(&d->conv, d->fd);
	assert_int_equal(close(d->fd), 0);
}

static uint64_t resets(const struct dev *d)
{
	uint64_t n;

	assert_int_equal(get_param(d->fd, LXA_PARAM_RESET_COUNT, &n), 0);
	return n;
}

static uint64_t start(struct dev *d)
{
	struct lxa_submit s;

	assert_int_equal(submit(d->fd, d->ctx, &d->conv.job, 1, &s), 0);
	return s.seqno;
}

static int finish(struct dev *d, uint64_t seqno)
{
	int32_t error;

	assert_int_equal(wait_for(d->fd, d->ctx, seqno, LONG_WAIT, &error), 0);
	return error;
}

/* One more job must be right. */
static void assert_works(struct dev *d)
{
	static uint32_t seed = 100;

	conv_fill(&d->conv, seed++);
	assert_int_equal(finish(d, start(d)), 0);
	assert_int_equal(conv_check(&d->conv), -1);
}

static int setup(void **state)
{
	lxa_shim_param_set("timeout_ms", TIMEOUT_MS);
	lxa_shim_param_set("hard_cap_ms", 3600000);
	lxa_shim_param_set("ban_after", 0);	/* many faults in one context are the point here */
	return 0;
}

/* Where nothing hangs: a busy machine must not look as if something did. */
static int setup_patient(void **state)
{
	setup(state);
	lxa_shim_param_set("timeout_ms", 10000);
	return 0;
}

static int teardown(void **state)
{
	return lxa_shim_exit();
}

/* ---- hangs -------------------------------------------------------------------------------------------------------- */

static void hang(void **state)
{
	struct dev a = dev_open(1), b = dev_open(2);
	uint64_t sa, sb;

	lxa_sim_fault(a.sim, LXA_SIM_FAULT_HANG, 0, 1);
	sa = start(&a);
	sb = start(&b);
	assert_int_equal(finish(&a, sa), -ETIMEDOUT);
	assert_int_equal(finish(&b, sb), 0);		/* the innocent ran again */
	assert_int_equal(conv_check(&b.conv), -1);
	assert_int_equal(resets(&a), 1);
	assert_int_equal(finish(&a, sa), 0);		/* an error is reported once */
	assert_works(&a);
	assert_works(&b);
	assert_int_equal(resets(&b), 1);
	dev_close(&a);
	dev_close(&b);
}

static void hang_in_a_chain(void **state)
{
	struct dev d = dev_open(1);
	struct lxa_job jobs[6];
	struct lxa_event e[6];
	struct lxa_submit s;
	uint64_t hung = 0;

	for (int i = 0; i < 6; i++)
		jobs[i] = d.conv.job;
	lxa_sim_fault(d.sim, LXA_SIM_FAULT_HANG, 2, 1);
	assert_int_equal(submit(d.fd, d.ctx, jobs, 6, &s), 0);
	assert_int_equal(finish(&d, 6), -ETIMEDOUT);
	for (size_t got = 0; got < sizeof(e); ) {
		ssize_t n = read(d.fd, (char *)e + got, sizeof(e) - got);

		assert_true(n > 0);
		got += (size_t)n;
	}
	/* The rtl engine takes descriptors ahead: memory stops answering when the third is taken, under an earlier job. */
	while (hung < 2 && e[hung].error == 0)
		hung++;
	assert_true(hung == 2 || lxa_sim_engine(d.sim) == LXA_SIM_RTL);
	for (uint64_t i = 0; i < 6; i++) {
		assert_int_equal(e[i].seqno, i + 1);
		assert_int_equal(e[i].error, i < hung ? 0 : i == hung ? -ETIMEDOUT : -EIO);
	}
	assert_int_equal(resets(&d), 1);
	assert_works(&d);
	dev_close(&d);
}

static void prep_during_a_hang(void **state)
{
	struct dev d = dev_open(1);

	lxa_sim_fault(d.sim, LXA_SIM_FAULT_HANG, 0, 1);
	start(&d);
	assert_int_equal(bo_prep(d.fd, d.conv.bo.handle, LXA_PREP_READ, 0), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(bo_prep(d.fd, d.conv.bo.handle, LXA_PREP_READ, now_ns() + 5000000), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(bo_prep(d.fd, d.conv.bo.handle, LXA_PREP_READ, LONG_WAIT), 0);
	assert_int_equal(finish(&d, 1), -ETIMEDOUT);
	assert_works(&d);
	dev_close(&d);
}

static void close_during_a_hang(void **state)
{
	struct dev a = dev_open(1), b = dev_open(2);

	lxa_sim_fault(a.sim, LXA_SIM_FAULT_HANG, 0, 1);
	start(&a);
	start(&a);
	dev_close(&a);
	assert_works(&b);
	dev_close(&b);
}

static void *poll_for_event(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLIN };

	return (void *)(intptr_t)poll(&p, 1, 30000);
}

static void pollers_are_woken(void **state)
{
	struct dev d = dev_open(1);
	pthread_t t;
	void *ret;

	lxa_sim_fault(d.sim, LXA_SIM_FAULT_HANG, 0, 1);
	pthread_create(&t, NULL, poll_for_event, &d.fd);
	start(&d);
	pthread_join(t, &ret);
	assert_int_equal((intptr_t)ret, 1);
	dev_close(&d);
}

static void repeated_hangs(void **state)
{
	struct dev d = dev_open(1);

	for (uint64_t i = 1; i <= 4; i++) {
		lxa_sim_fault(d.sim, LXA_SIM_FAULT_HANG, 0, 1);
		assert_int_equal(finish(&d, start(&d)), -ETIMEDOUT);
		assert_int_equal(resets(&d), i);
		assert_works(&d);
	}
	dev_close(&d);
}

/* ---- interrupts ------------------------------------------------------------------------------------------------------- */

/* As who polls does, whom nobody but an interrupt or the watch wakes. */
static void sleep_until_event(struct dev *d)
{
	struct pollfd p = { .fd = d->fd, .events = POLLIN };
	struct lxa_event e;

	assert_int_equal(poll(&p, 1, 30000), 1);
	assert_int_equal(read(d->fd, &e, sizeof(e)), sizeof(e));
}

static void lost_interrupt(void **state)
{
	struct dev d = dev_open(1);
	uint64_t seqno;

	for (int i = 0; i < 3; i++) {
		lxa_sim_fault(d.sim, LXA_SIM_FAULT_LOST_IRQ, 0, 1);
		seqno = start(&d);
		sleep_until_event(&d);
		assert_int_equal(finish(&d, seqno), 0);
		assert_int_equal(conv_check(&d.conv), -1);
	}
	assert_int_equal(resets(&d), 0);
	dev_close(&d);
}

static void spurious_interrupts(void **state)
{
	struct dev d = dev_open(1);
	struct lxa_sim_stats before, after;

	lxa_sim_stats(d.sim, &before);
	lxa_sim_fault(d.sim, LXA_SIM_FAULT_SPURIOUS_IRQ, 0, 50);
	for (int i = 0; i < 5; i++)
		assert_works(&d);
	/* jobs are found by looking: their ends need not wait for the device's thread, which raises the line */
	for (int i = 0; i < 30000; i++) {
		lxa_sim_stats(d.sim, &after);
		if (after.irqs - before.irqs > 5)
			break;
		usleep(1000);
	}
	assert_true(after.irqs - before.irqs > 5);
	assert_works(&d);
	assert_int_equal(resets(&d), 0);
	dev_close(&d);
}

/* ---- the bus ---------------------------------------------------------------------------------------------------------- */

static void bus_error(enum lxa_sim_fault kind)
{
	struct dev a = dev_open(1), b = dev_open(2);
	uint64_t sa, sb;
	int ra, rb;

	lxa_sim_fault(a.sim, kind, 0, 1);
	sa = start(&a);
	sb = start(&b);
	ra = finish(&a, sa);
	rb = finish(&b, sb);
	/* the RTL reads descriptors ahead: the fault may strike the fetch of the second job's, which is then the guilty one */
	assert_int_equal(ra + rb, -EIO);
	assert_true(ra == 0 || rb == 0);
	assert_int_equal(conv_check(ra ? &b.conv : &a.conv), -1);
	assert_int_equal(resets(&a), 1);
	assert_works(&a);
	dev_close(&a);
	dev_close(&b);
}

static void read_error(void **state)
{
	bus_error(LXA_SIM_FAULT_READ_ERROR);
}

static void write_error(void **state)
{
	bus_error(LXA_SIM_FAULT_WRITE_ERROR);
}

/* Flipped bits may hit a descriptor or data: any outcome, but a device that works afterwards and no access astray. */
static void flipped_bits(void **state)
{
	struct dev d = dev_open(1);

	for (int i = 0; i < 40; i++) {
		int error;

		lxa_sim_fault(d.sim, LXA_SIM_FAULT_BIT_FLIP, 0, 1);
		error = finish(&d, start(&d));
		assert_true(error == 0 || error == -EIO || error == -EFAULT || error == -ETIMEDOUT);
		lxa_sim_fault(d.sim, LXA_SIM_FAULT_NONE, 0, 0);
		assert_works(&d);
	}
	dev_close(&d);
}

/* ---- everything at once --------------------------------------------------------------------------------------------------- */

struct storm {
	pthread_t thread;
	uint32_t seed;
	int wrong;
};

static void *storm_thread(void *arg)
{
	struct storm *s = arg;
	struct dev d = { .fd = open(NODE, O_RDWR | O_CLOEXEC) };
	struct lxa_submit sub;
	int32_t error;

	d.ctx = ctx_create(d.fd);
	if (d.fd < 0 || !d.ctx || conv_init(&d.conv, d.fd, 5, 5, s->seed)) {
		s->wrong = 1000;
		return NULL;
	}
	for (uint32_t i = 0; i < 25; i++) {
		conv_fill(&d.conv, s->seed * 99 + i);
		if (submit(d.fd, d.ctx, &d.conv.job, 1, &sub) || wait_for(d.fd, d.ctx, sub.seqno, LONG_WAIT, &error))
			s->wrong++;
		else if (error && error != -EIO && error != -ETIMEDOUT)
			s->wrong++;
		else if (!error && conv_check(&d.conv) >= 0)
			s->wrong++;
	}
	conv_done(&d.conv, d.fd);
	close(d.fd);
	return NULL;
}

static void fault_storm(void **state)
{
	static const enum lxa_sim_fault kinds[] = {
		LXA_SIM_FAULT_HANG, LXA_SIM_FAULT_LOST_IRQ, LXA_SIM_FAULT_SPURIOUS_IRQ, LXA_SIM_FAULT_READ_ERROR,
		LXA_SIM_FAULT_WRITE_ERROR,
	};
	const char *env = getenv("LXA_SEED");
	uint32_t seed = env ? (uint32_t)strtoul(env, NULL, 0) : (uint32_t)now_ns();
	struct storm s[4];
	struct dev d;

	printf("LXA_SEED=%u\n", seed);
	lxa_shim_param_set("timeout_ms", 20);
	d = dev_open(1);
	for (uint32_t i = 0; i < 4; i++) {
		s[i] = (struct storm) { .seed = seed + i };
		pthread_create(&s[i].thread, NULL, storm_thread, &s[i]);
	}
	for (int i = 0; i < 30; i++) {
		lxa_sim_fault(d.sim, kinds[conv_random(&seed) % 5], conv_random(&seed) % 4, 1 + conv_random(&seed) % 2);
		usleep(5000);
	}
	for (uint32_t i = 0; i < 4; i++) {
		pthread_join(s[i].thread, NULL);
		assert_int_equal(s[i].wrong, 0);
	}
	lxa_sim_fault(d.sim, LXA_SIM_FAULT_NONE, 0, 0);
	finish(&d, start(&d));		/* may meet the rest of a fault */
	assert_works(&d);
	dev_close(&d);
}

/* ---- the device goes away ---------------------------------------------------------------------------------------------------- */

static void unbind_while_open(void **state)
{
	struct dev d = dev_open(1);
	struct pollfd p = { .fd = d.fd, .events = POLLIN };
	struct lxa_event e;
	uint64_t v, seqno;

	lxa_sim_fault(d.sim, LXA_SIM_FAULT_HANG, 0, 1);
	seqno = start(&d);
	assert_int_equal(lxa_shim_unbind(d.fd), 0);
	assert_int_equal(lxa_shim_unbind(d.fd), -ENODEV);
	assert_int_equal(get_param(d.fd, LXA_PARAM_ABI_VERSION, &v), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(nops(d.fd, d.ctx, 1, &v), -1);
	assert_int_equal(errno, ENODEV);
	lxa_sim_fault(d.sim, LXA_SIM_FAULT_NONE, 0, 0);	/* the reset may have come before the device saw the job */
	/* The job has ended one way or the other: nobody waits for ever. */
	wait_for(d.fd, d.ctx, seqno, LONG_WAIT, NULL);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_true(p.revents & (POLLERR | POLLHUP));
	while (read(d.fd, &e, sizeof(e)) == sizeof(e))
		;
	assert_int_equal(errno, ENODEV);
	munmap(d.conv.mem, d.conv.bo.bytes);
	close(d.fd);
	/* and bound again it works */
	d = dev_open(3);
	assert_works(&d);
	dev_close(&d);
}

static void unbind_mapped(void **state)
{
	struct dev d = dev_open(1);
	int status;
	pid_t pid;

	assert_int_equal(lxa_shim_unbind(d.fd), 0);
	/* The pages have gone: a touch is fatal, not a look at somebody else's memory. */
	pid = fork();
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		_exit(*(volatile uint8_t *)d.conv.mem);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	close(d.fd);
	munmap(d.conv.mem, d.conv.bo.bytes);
}

/* A mapping made in the very moment of removal must lose its pages like any other: nobody may see freed memory. */
struct mapper {
	pthread_t thread;
	const struct dev *d;
	void *at[100000];
	unsigned int n;
};

static void *map_all_the_time(void *arg)
{
	struct mapper *m = arg;

	while (m->n < sizeof(m->at) / sizeof(m->at[0])) {
		void *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, m->d->fd, (off_t)m->d->conv.bo.mmap_offset);

		if (p == MAP_FAILED)
			break;
		m->at[m->n++] = p;
	}
	return NULL;
}

/* Without touching it. */
static bool readable(void *at)
{
	char byte;
	struct iovec mine = { &byte, 1 }, theirs = { at, 1 };

	return process_vm_readv(getpid(), &mine, 1, &theirs, 1, 0) == 1;
}

static void mapping_meets_removal(void **state)
{
	struct mapper *m = calloc(1, sizeof(*m));
	unsigned int escaped = 0, total = 0;

	for (int round = 0; round < 30; round++) {
		struct dev d = dev_open(1);

		m->d = &d;
		m->n = 0;
		pthread_create(&m->thread, NULL, map_all_the_time, m);
		usleep(300);
		assert_int_equal(lxa_shim_unbind(d.fd), 0);
		pthread_join(m->thread, NULL);
		for (unsigned int i = 0; i < m->n; i++) {
			escaped += readable(m->at[i]);
			munmap(m->at[i], 4096);
		}
		total += m->n;
		munmap(d.conv.mem, d.conv.bo.bytes);
		close(d.fd);
	}
	free(m);
	printf("%u mappings made around 30 removals\n", total);
	assert_true(total > 0);
	assert_int_equal(escaped, 0);
}

static void machine_goes_down(void **state)
{
	struct dev d = dev_open(1);
	struct pollfd p = { .fd = d.fd, .events = POLLIN };
	uint64_t v;

	lxa_sim_fault(d.sim, LXA_SIM_FAULT_HANG, 0, 1);
	start(&d);
	assert_int_equal(lxa_shim_shutdown(d.fd), 0);
	assert_int_equal(lxa_sim_read32(d.sim, LXA_REG_CTRL), 0);	/* off: it touches no memory any more */
	assert_int_equal(lxa_sim_read32(d.sim, LXA_REG_IRQ_MASK), 0);
	assert_int_equal(nops(d.fd, d.ctx, 1, &v), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(poll(&p, 1, 1000), 1);
	assert_true(p.revents & (POLLERR | POLLHUP));
	assert_true(readable(d.conv.mem));		/* memory stays until the machine stops */
	dev_close(&d);
}

/* Binding again fails: the file from before must not lose its device for that. */
static void bind_fails_with_a_file_open(void **state)
{
	struct dev d = dev_open(1);
	uint64_t v;
	int fd;

	assert_int_equal(lxa_shim_unbind(d.fd), 0);
	lxa_shim_fail_nth(1);
	assert_int_equal(open(NODE, O_RDWR | O_CLOEXEC), -1);
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(lxa_shim_fail_nth(0), 0);
	assert_int_equal(get_param(d.fd, LXA_PARAM_ABI_VERSION, &v), -1);
	assert_int_equal(errno, ENODEV);
	fd = open(NODE, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(get_param(fd, LXA_PARAM_ABI_VERSION, &v), 0);
	close(fd);
	munmap(d.conv.mem, d.conv.bo.bytes);
	close(d.fd);
}

static void forked_child(void **state)
{
	struct dev d = dev_open(1);
	uint64_t v;
	int status;
	pid_t pid;

#ifdef __SANITIZE_THREAD__
	dev_close(&d);
	skip();			/* TSan allows no threads in a child of threads */
#endif
	assert_works(&d);
	pid = fork();
	if (!pid) {
		struct dev own;

		if (get_param(d.fd, LXA_PARAM_ABI_VERSION, &v) != -1 || errno != ENODEV)
			_exit(1);
		if (close(d.fd))
			_exit(2);
		own = dev_open(2);
		assert_works(&own);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_works(&d);
	dev_close(&d);
}

/* ---- allocations ---------------------------------------------------------------------------------------------------------------- */

/* A good sequence of calls; 0, or the errno of the first that fails. Everything is given back either way. */
static int good_sequence(void)
{
	struct lxa_submit s = { 0 };
	struct lxa_event e;
	struct conv v = { .mem = MAP_FAILED };
	uint32_t ctx;
	int fd = open(NODE, O_RDWR | O_CLOEXEC), err = 0;

	if (fd < 0)
		return errno;
	ctx = ctx_create(fd);
	if (!ctx || conv_init(&v, fd, 3, 3, 1) || submit(fd, ctx, &v.job, 1, &s))
		err = errno;
	else if (wait_for(fd, ctx, s.seqno, LONG_WAIT, NULL) || read(fd, &e, sizeof(e)) != sizeof(e) || e.error ||
		 conv_check(&v) >= 0 || ctx_destroy(fd, ctx))
		err = errno ? errno : EPROTO;
	if (v.mem && v.mem != MAP_FAILED)
		munmap(v.mem, v.bo.bytes);
	if (close(fd))
		err = errno;
	return err;
}

static void fail_every_allocation(void **state)
{
	unsigned int n, failed = 0;
	int err;

	for (n = 1; n < 200; n++) {
		errno = 0;
		lxa_shim_fail_nth(n);
		err = good_sequence();
		if (lxa_shim_fail_nth(0))
			break;			/* fewer than n allocations: none failed */
		assert_int_equal(err, ENOMEM);
		failed++;
		assert_int_equal(lxa_shim_exit(), 0);	/* nothing left behind, each time */
	}
	assert_int_equal(err, 0);
	assert_true(failed >= 10);
	printf("%u allocations failed, one at a time\n", failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(hang), TEST(hang_in_a_chain), TEST(prep_during_a_hang), TEST(close_during_a_hang),
		TEST(pollers_are_woken), TEST(repeated_hangs),
#define PATIENT(name) cmocka_unit_test_setup_teardown(name, setup_patient, teardown)
		PATIENT(lost_interrupt), PATIENT(spurious_interrupts),
		PATIENT(read_error), PATIENT(write_error), TEST(flipped_bits), TEST(fault_storm),
		TEST(unbind_while_open), TEST(unbind_mapped), TEST(mapping_meets_removal), TEST(machine_goes_down),
		TEST(bind_fails_with_a_file_open), PATIENT(forked_child), PATIENT(fail_every_allocation),
	};

	setenv("LXA_SHIM_STRICT", "1", 1);
	setenv("LXA_DEVICE", DEFAULT_DEVICE, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
