/* SPDX-License-Identifier: MIT */
/*
 * bench_path.c - what a job costs from submit to completion, apart from its work: null jobs and a small convolution, one at
 * a time, with 64 in flight, and in batches; and whose CPU time that is (looking before sleeping counts as CPU time: the shares
 * mean something in the batches, where nobody waits). Plain system calls on /dev/lxa0: the same program in
 * a kernel, and with the preload library in-process or against a daemon (tests/bench/bench-path.sh runs those two).
 *   bench-path [-s SECONDS] [-p PID]     SECONDS for each line (1); PID: a daemon, whose threads are looked at, too
 */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "lxa_conv.h"

#define WINDOW 64
#define BATCH 256
#define ROUNDS 2000
#define COUNTER_ACCESSES (1 + 2 * LXA_CNT_COUNT)	/* registers of one PERF_READ: snapshot, then halves of counters */

static double seconds = 1;
static int fd, daemon_pid;
static uint32_t ctx;
static int64_t forever;		/* a deadline: asking for the time is a system call in some kernels */

static void die(const char *what)
{
	fprintf(stderr, "bench-path: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- CPU time of threads ----------------------------------------------------------------------------------------- */

#define THREADS_MAX 64

struct usage {
	struct {
		char name[20];
		uint64_t ns;
	} thread[THREADS_MAX];
	int n;
};

static void add_thread(struct usage *u, const char *name, uint64_t ns)
{
	int i = 0;

	while (i < u->n && strcmp(u->thread[i].name, name))
		i++;
	if (i == THREADS_MAX)
		return;
	if (i == u->n) {
		snprintf(u->thread[i].name, sizeof(u->thread[i].name), "%s", name);
		u->thread[i].ns = 0;
		u->n++;
	}
	u->thread[i].ns += ns;
}

/* Threads of one name count together. */
static void usage_of(struct usage *u, int pid)
{
	char path[300], name[20] = "";
	unsigned long long ns = 0;
	struct dirent *e;
	FILE *f;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/comm", pid, e->d_name);
		f = fopen(path, "r");
		if (!f || fscanf(f, "%19[^\n]", name) != 1)
			name[0] = 0;
		if (f)
			fclose(f);
		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, e->d_name);
		f = fopen(path, "r");
		if (f && fscanf(f, "%llu", &ns) == 1)
			add_thread(u, atoi(e->d_name) == getpid() ? "program" : name, ns);
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
}

static struct usage usage(void)
{
	struct usage u = { .n = 0 };

	usage_of(&u, getpid());
	if (daemon_pid)
		usage_of(&u, daemon_pid);
	return u;
}

static void print_usage(const struct usage *a, const struct usage *b, uint64_t jobs)
{
	uint64_t total = 0, ns[THREADS_MAX];
	int i, k;

	for (i = 0; i < b->n; i++) {
		ns[i] = b->thread[i].ns;
		for (k = 0; k < a->n; k++)
			if (!strcmp(a->thread[k].name, b->thread[i].name))
				ns[i] -= a->thread[k].ns;
		total += ns[i];
	}
	if (!total)
		return;			/* a kernel that does not count */
	printf("    CPU %.2f us a job:", (double)total / (double)jobs / 1e3);
	for (i = 0; i < b->n; i++)
		if (ns[i] * 200 > total)
			printf("  %s %.0f %%", b->thread[i].name, 100.0 * (double)ns[i] / (double)total);
	putchar('\n');
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void call_param(void)
{
	uint64_t v;

	if (get_param(fd, LXA_PARAM_RESET_COUNT, &v))
		die("GET_PARAM");
}

static void call_counters(void)
{
	uint64_t v[LXA_CNT_COUNT];
	struct lxa_perf_read p = { .size = sizeof(p), .count = LXA_CNT_COUNT, .values = (uintptr_t)v };

	if (ioctl(fd, LXA_IOCTL_PERF_READ, &p))
		die("PERF_READ");
}

static uint64_t put(const struct lxa_job *jobs, uint32_t n)
{
	struct lxa_submit s;

	if (submit(fd, ctx, jobs, n, &s))
		die("SUBMIT");
	return s.seqno;
}

static void await(uint64_t seqno)
{
	int32_t error;

	if (wait_for(fd, ctx, seqno, forever, &error) || error)
		die("WAIT");
}

static void call_null(void)
{
	static const struct lxa_job null = { .op = LXA_OP_NOP, .flags = LXA_JOB_INDEPENDENT };

	await(put(&null, 1));
}

static void call_nothing(void)
{
}

/*
 * One after the other in turns, so that whatever else the machine does hits them alike. Medians, in microseconds; reading the
 * clock, which is what `call_nothing` takes, is taken off the others.
 */
struct basics {
	double param, access, null;
};

static struct basics measure_basics(void)
{
	static void (*const call[])(void) = { call_nothing, call_param, call_counters, call_null };
	static double t[4][ROUNDS];
	double median[4];
	int64_t start;
	int i, k;

	for (i = 0; i < ROUNDS; i++) {
		for (k = 0; k < 4; k++) {
			start = now_ns();
			call[k]();
			t[k][i] = (double)(now_ns() - start) / 1e3;
		}
	}
	for (k = 0; k < 4; k++) {
		qsort(t[k], ROUNDS, sizeof(t[k][0]), compare);
		median[k] = t[k][ROUNDS / 2] - (k ? median[0] : 0);
	}
	printf("  reading the clock %.2f us, taken off the following; 90 %% of null jobs in %.2f us\n", median[0],
	       t[3][ROUNDS / 10 * 9] - median[0]);
	return (struct basics) { median[1], (median[2] - median[1]) / COUNTER_ACCESSES, median[3] };
}

/*
 * n jobs a SUBMIT, `ahead` in flight before the oldest SUBMIT is waited for. Returns microseconds a job; *median is of
 * submit to completion, when one is in flight.
 */
static double line(const char *what, const struct lxa_job *job, uint32_t n, uint32_t ahead, double *median)
{
	static struct lxa_job jobs[BATCH];
	static double t[100000];
	uint64_t first, last = 0, count = 0, lag = ahead - n;
	int64_t start, before, end;
	struct usage a, b;
	uint32_t i, samples = 0;
	double us;

	for (i = 0; i < n; i++)
		jobs[i] = *job;
	for (i = 0; i < 100; i++)		/* warm */
		await(put(jobs, n));
	a = usage();
	first = last = put(jobs, n);
	await(last);
	start = now_ns();
	end = start + (int64_t)(seconds * SECOND);
	do {
		before = now_ns();
		last = put(jobs, n);
		if (last - first >= ahead)
			await(last - lag);
		if (samples < sizeof(t) / sizeof(t[0]))
			t[samples++] = (double)(now_ns() - before) / 1e3;
		count += n;
	} while (now_ns() < end);
	await(last);
	us = (double)(now_ns() - start) / 1e3 / (double)count;
	b = usage();
	qsort(t, samples, sizeof(t[0]), compare);
	if (median)
		*median = t[samples / 2];
	printf("  %-44s %9.2f us a job, %9.0f jobs/s", what, us, 1e6 / us);
	if (ahead == 1)
		printf(", median %.2f us, 99 %% %.2f us", t[samples / 2], t[samples / 100 * 99]);
	putchar('\n');
	print_usage(&a, &b, count);
	return us;
}

int main(int argc, char **argv)
{
	const struct lxa_job null = { .op = LXA_OP_NOP, .flags = LXA_JOB_INDEPENDENT };
	double one, many, batch, conv, conv_many;
	struct basics b;
	struct conv v;
	int c;

	while ((c = getopt(argc, argv, "s:p:")) != -1) {
		if (c == 's')
			seconds = atof(optarg);
		else if (c == 'p')
			daemon_pid = atoi(optarg);
		else
			return 2;
	}
	fd = open(NODE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die(NODE);
	ctx = ctx_create(fd);
	if (!ctx || conv_init(&v, fd, 4, 4, 1))
		die("set-up");
	v.job.flags = LXA_JOB_INDEPENDENT;
	forever = now_ns() + 24 * 3600 * SECOND;
	b = measure_basics();
	printf("  a call (GET_PARAM) %.2f us; a register access %.2f us; a null job %.2f us\n", b.param, b.access, b.null);
	line("null job, 1 in flight", &null, 1, 1, &one);
	many = line("null jobs, 64 in flight, a SUBMIT each", &null, 1, WINDOW, NULL);
	line("null jobs, 64 in flight, 32 a SUBMIT", &null, 32, WINDOW, NULL);
	batch = line("null jobs, batches of 256", &null, BATCH, 2 * BATCH, NULL);
	line("convolution 4x4, 16 to 16 channels, 1 in flight", &v.job, 1, 1, &conv);
	conv_many = line("the same, 64 in flight, 32 a SUBMIT", &v.job, 32, WINDOW, NULL);
	if (conv_check(&v) >= 0) {
		fprintf(stderr, "bench-path: the convolution's result is wrong\n");
		return 1;
	}
	printf("  of the null job: its two calls %.0f %%, its doorbell %.0f %%, driver, engine and wake-ups the rest\n",
	       200 * b.param / b.null, 100 * b.access / b.null);
	printf("  ratios: null job %.1f calls, %.1f register accesses; alone / of 64 in flight %.1f; alone / of a batch %.1f; "
	       "convolution alone / of 64 %.1f\n", b.null / b.param, b.null / b.access, one / many, one / batch, conv / conv_many);
	return 0;
}
