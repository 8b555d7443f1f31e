// SPDX-License-Identifier: MIT
/*
 * soak - one daemon, 8 processes with random layers each, every output compared with plain C, while further clients are
 * killed at random moments. At the end the daemon must hold what it held at the start, and end well.
 *   soak ENGINE JOBS          ENGINE rtl or model, JOBS of each process; without: as the program's name says, see run[]
 *   environment: LXA_SEED, LXA (the `lxa` command; without it this program serves)
 */
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>

#include "layer.h"
#include "lxa_daemon.h"
#include "lxa_shim.h"
#include "work.h"

#define WORKERS 8
#define VICTIMS 3		/* that live at the same time */

static char dir[] = "/tmp/lxa-soak-XXXXXX", path[64], device[80];

static void die(const char *what)
{
	fprintf(stderr, "soak: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void nap(uint32_t us)
{
	usleep(us);
}

/* ---- the daemon ----------------------------------------------------------------------------------------------------- */

struct daemon {
	pid_t pid;
	FILE *says;			/* its output */
};

static struct lxa_daemon *served;

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		lxa_daemon_wake(served);
	else
		lxa_daemon_stop(served);
}

/* What `lxa daemon` does, for builds without it. */
static int serve(const char *engine)
{
	char sim[16], err[512];
	struct lxa_daemon_options o = { .socket = path, .device = sim, .clients = 64, .memory_bytes = 1ull << 30, .mode = 0600 };
	struct lxa_daemon_counters c;
	int ret;

	snprintf(sim, sizeof(sim), "sim:%s", engine);
	if (lxa_daemon_create(&o, &served, err, sizeof(err))) {
		fprintf(stderr, "soak: %s\n", err);
		return 1;
	}
	signal(SIGTERM, on_signal);
	signal(SIGUSR1, on_signal);
	printf("serving\n");
	do {
		fflush(stdout);
		ret = lxa_daemon_run(served);
		lxa_daemon_counters(served, &c);
		printf("lxa daemon: clients %u, calls %u, buffers %u, bytes %llu, things %u\n", c.clients, c.calls, c.buffers,
		       (unsigned long long)c.buffer_bytes, c.things);
	} while (ret == 1);
	lxa_daemon_destroy(served);
	return lxa_shim_exit() ? 1 : 0;
}

static struct daemon start(const char *self, const char *engine)
{
	const char *lxa = getenv("LXA");
	struct daemon d;
	char line[256];
	int out[2];

	if (pipe(out))
		die("pipe");
	d.pid = fork();
	if (!d.pid) {
		dup2(out[1], 1);
		dup2(out[1], 2);
		close(out[0]);
		setenv("LXA_SHIM_STRICT", "1", 1);
		if (lxa)
			execl(lxa, lxa, "daemon", "--socket", path, "--engine", engine, (char *)NULL);
		else
			execl(self, self, "--serve", engine, path, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	d.says = fdopen(out[0], "r");
	if (d.pid < 0 || !d.says || !fgets(line, sizeof(line), d.says))
		die("the daemon does not start");
	return d;
}

struct held {
	unsigned int clients, calls, buffers, things;
	unsigned long long bytes;
};

static struct held held(const struct daemon *d)
{
	struct held h;
	char line[512];

	if (kill(d->pid, SIGUSR1))
		die("the daemon has gone");
	while (fgets(line, sizeof(line), d->says)) {
		if (sscanf(line, "lxa daemon: clients %u, calls %u, buffers %u, bytes %llu, things %u", &h.clients, &h.calls,
			   &h.buffers, &h.bytes, &h.things) == 5)
			return h;
		fputs(line, stderr);
	}
	die("the daemon says nothing");
	return h;
}

static int stop(struct daemon *d)
{
	char line[512];
	int status;

	kill(d->pid, SIGTERM);
	while (fgets(line, sizeof(line), d->says))
		if (strncmp(line, "lxa daemon:", 11))
			fputs(line, stderr);
	fclose(d->says);
	if (waitpid(d->pid, &status, 0) != d->pid || status) {
		fprintf(stderr, "soak: the daemon ended with status %#x\n", status);
		return 1;
	}
	if (!access(path, F_OK)) {
		fprintf(stderr, "soak: the daemon left its socket\n");
		return 1;
	}
	return 0;
}

/* ---- clients -------------------------------------------------------------------------------------------------------- */

/* jobs 0: without end. */
static int client(uint64_t seed, uint32_t jobs)
{
	const char *wrong;
	struct work w;
	uint32_t n, left = jobs;

	wrong = work_open(&w, seed);
	while (!wrong && (left || !jobs)) {
		n = 1 + rnd_n(&w.seed, WORK_BATCH);
		n = jobs && n > left ? left : n;
		wrong = work_batch(&w, n);
		left -= jobs ? n : 0;
	}
	if (wrong) {
		fprintf(stderr, "soak: client of seed %llu, job %llu: %s (%s)\n", (unsigned long long)seed,
			(unsigned long long)w.last, wrong, strerror(errno));
		return 1;
	}
	work_close(&w);
	return 0;
}

/* In a new program: the child of a program with threads may not make any. */
static pid_t spawn(const char *self, uint64_t seed, uint32_t jobs)
{
	char a[32], b[32];
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	snprintf(a, sizeof(a), "%llu", (unsigned long long)seed);
	snprintf(b, sizeof(b), "%u", jobs);
	execl(self, self, "--client", a, b, (char *)NULL);
	_exit(127);
}

/* How many of the workers have ended; *bad counts those that did not end well. */
static int reap(pid_t workers[WORKERS], int *bad)
{
	int ended = 0, status;

	for (int i = 0; i < WORKERS; i++) {
		if (workers[i] && waitpid(workers[i], &status, WNOHANG) == workers[i]) {
			workers[i] = 0;
			*bad += status != 0;
		}
		ended += !workers[i];
	}
	return ended;
}

static int soak(const char *self, const char *engine, uint32_t jobs)
{
	uint64_t s = rnd_seed();
	struct daemon d = start(self, engine);
	struct held before = held(&d), after;
	pid_t workers[WORKERS], victims[VICTIMS] = { 0 };
	unsigned int kills = 0;
	int bad = 0, tries;

	for (int i = 0; i < WORKERS; i++)
		workers[i] = spawn(self, rnd(&s), jobs);
	while (reap(workers, &bad) < WORKERS) {
		pid_t *v = &victims[rnd_n(&s, VICTIMS)];

		if (*v) {
			kill(*v, SIGKILL);
			waitpid(*v, NULL, 0);
			kills++;
		}
		*v = spawn(self, rnd(&s), 0);
		nap(rnd_n(&s, 20000));
	}
	for (int i = 0; i < VICTIMS; i++)
		if (victims[i]) {
			kill(victims[i], SIGKILL);
			waitpid(victims[i], NULL, 0);
			kills++;
		}
	for (tries = 0; tries < 200; tries++) {		/* jobs that are in the device keep what they need until they end */
		after = held(&d);
		if (!after.clients && after.things == before.things)
			break;
		nap(50000);
	}
	if (after.clients || after.calls || after.buffers != before.buffers || after.things != before.things) {
		fprintf(stderr, "soak: left behind: clients %u, calls %u, buffers %u (%u), things %u (%u)\n", after.clients,
			after.calls, after.buffers, before.buffers, after.things, before.things);
		bad++;
	}
	bad += stop(&d);
	printf("%s: %d processes, %u jobs each, %u clients killed: %s\n", engine, WORKERS, jobs, kills,
	       bad ? "FAILED" : "all outputs equal, nothing left behind");
	return bad != 0;
}

/* What `make test` and `make test-long` run: they give no arguments. */
static const struct run {
	const char *name, *engine;
	uint32_t jobs;
} run[] = {
	{ "soak", "model", 1000 }, { "soak-rtl", "rtl", 50 }, { "soak-long", "model", 30000 }, { "soak-rtl-long", "rtl", 1000 },
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOWER 5
#else
#define SLOWER 1
#endif

static const struct run *run_of(const char *self)
{
	const char *name = strrchr(self, '/') ? strrchr(self, '/') + 1 : self;

	for (size_t i = 0; i < sizeof(run) / sizeof(run[0]); i++)
		if (!strcmp(name, run[i].name))
			return &run[i];
	return &run[0];
}

int main(int argc, char **argv)
{
	const char *engine = argc == 3 ? argv[1] : run_of(argv[0])->engine;
	uint32_t jobs = argc == 3 ? (uint32_t)atoi(argv[2]) : run_of(argv[0])->jobs / SLOWER;
	int ret;

	if (argc == 4 && !strcmp(argv[1], "--client"))
		return client(strtoull(argv[2], NULL, 10), (uint32_t)atoi(argv[3]));
	if (argc == 4 && !strcmp(argv[1], "--serve")) {
		snprintf(path, sizeof(path), "%s", argv[3]);
		return serve(argv[2]);
	}
	if (!mkdtemp(dir))
		die("temporary folder");
	snprintf(path, sizeof(path), "%s/lxa", dir);
	snprintf(device, sizeof(device), "unix:%s", path);
	setenv("LXA_DEVICE", device, 1);
	ret = soak(argv[0], engine, jobs);
	unlink(path);
	rmdir(dir);
	return ret;
}
