// SPDX-License-Identifier: MIT
/* daemon_kills.c - clients killed in the middle of each call; what they may not do. */
#include "hosted.h"

static void victim_map(int fd)
{
	struct lxa_bo_create b = bo_create(fd, 1 << 16);
	uint64_t *mem = bo_map(fd, &b);
	unsigned long from, to, at, inode;
	char line[512];
	FILE *f = fopen("/proc/self/maps", "r");

	mem[5 * 512] = 0x1122334455667788ull;		/* in its sixth page */
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx %*s %lx %*s %lu", &from, &to, &at, &inode) == 4 && from == (unsigned long)mem)
			printf("%lu %lu\n", inode, at + 5 * 4096);
	fflush(stdout);
	pause();
}

static void victim_submit(int fd)
{
	uint32_t ctx = ctx_create(fd);
	struct lxa_job jobs[64];
	struct lxa_submit s;
	struct conv v;

	conv_init(&v, fd, is_slow() ? 6 : 12, 24, 1);
	for (int i = 0; i < 64; i++)
		jobs[i] = v.job;
	for (;;)
		submit(fd, ctx, jobs, 64, &s);
}

static void victim_wait(int fd)
{
	uint32_t ctx = ctx_create(fd);
	struct lxa_job jobs[64];
	struct lxa_submit s;
	struct conv v;

	conv_init(&v, fd, is_slow() ? 6 : 20, 24, 1);
	for (int i = 0; i < 64; i++)
		jobs[i] = v.job;
	for (;;) {
		submit(fd, ctx, jobs, 64, &s);
		wait_for(fd, ctx, s.seqno, LONG_WAIT, NULL);
	}
}

static void victim_buffers(int fd)
{
	for (;;) {
		struct lxa_bo_create b = bo_create(fd, 1 << 20);
		char *mem = bo_map(fd, &b);

		if (mem == MAP_FAILED)
			continue;
		memset(mem, 1, b.bytes);
		munmap(mem + 8192, 4096);	/* split: two mappings more */
		bo_destroy(fd, b.handle);
		munmap(mem, b.bytes);
	}
}

static void victim_read(int fd)
{
	struct lxa_event e;

	if (read(fd, &e, sizeof(e)))
		_exit(3);
}

static void victim_open(int fd)
{
	for (;;) {
		close(fd);
		fd = open(NODE, O_RDWR);
	}
}

/* Somebody else's process: it may use the device, but not be preferred. */
static void victim_nice(int fd)
{
	struct lxa_ctx_create c = { .size = sizeof(c), .flags = LXA_CTX_HIGH };

	close(fd);
	if (setgid(65534) || setuid(65534))
		_exit(1);
	fd = open(NODE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		_exit(2);
	if (ioctl(fd, LXA_IOCTL_CTX_CREATE, &c) != -1 || errno != EPERM)
		_exit(3);
	c.flags = LXA_CTX_LOW;
	_exit(ioctl(fd, LXA_IOCTL_CTX_CREATE, &c) ? 4 : 0);
}

static const struct victim {
	const char *name;
	void (*run)(int fd);
} victims[] = {
	{ "map", victim_map }, { "submit", victim_submit }, { "wait", victim_wait }, { "buffers", victim_buffers },
	{ "read", victim_read }, { "open", victim_open }, { "nice", victim_nice },
};

int be_victim(const char *name)
{
	int fd = open(NODE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return 98;
	alarm(60);
	for (size_t i = 0; i < sizeof(victims) / sizeof(victims[0]); i++)
		if (!strcmp(victims[i].name, name))
			victims[i].run(fd);
	return 97;
}

static void kill_clients(const char *name)
{
	uint32_t seed = (uint32_t)now_ns();
	int status, good = open_client(), devnull = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct lxa_submit s;
	struct conv v;
	int32_t error;
	pid_t pid[3];

	assert_int_equal(conv_init(&v, good, 9, 9, seed), 0);
	assert_int_equal(ctx_create(good), 1);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 3; i++) {
			pid[i] = fork();
			if (pid[i])
				continue;
			dup2(devnull, 1);
			execl(self, self, "--victim", name, (char *)NULL);
			_exit(99);
		}
		/* Meanwhile an innocent client gets its work done, and right. */
		for (int i = 0; i < 20; i++) {
			conv_fill(&v, seed++);
			assert_int_equal(submit(good, 1, &v.job, 1, &s), 0);
			assert_int_equal(wait_for(good, 1, s.seqno, LONG_WAIT, &error), 0);
			assert_int_equal(error, 0);
			assert_int_equal(conv_check(&v), -1);
			usleep(conv_random(&seed) % 3000);
		}
		for (int i = 0; i < 3; i++) {
			kill(pid[i], SIGKILL);
			waitpid(pid[i], &status, 0);
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		}
		while (counters().clients > 1)
			usleep(500);
	}
	conv_done(&v, good);
	close(good);
	close(devnull);
	assert_empty();
}

void killed_while_it_maps(void **state) { kill_clients("map"); }
void killed_while_it_submits(void **state) { kill_clients("submit"); }
void killed_while_it_waits(void **state) { kill_clients("wait"); }
void killed_while_it_makes_buffers(void **state) { kill_clients("buffers"); }
void killed_while_it_reads(void **state) { kill_clients("read"); }
void killed_while_it_opens(void **state) { kill_clients("open"); }

void high_priority_is_not_for_everybody(void **state)
{
	int fd = open_client(), status;
	struct lxa_ctx_create c = { .size = sizeof(c), .flags = LXA_CTX_HIGH };
	pid_t pid;

	assert_int_equal(ioctl(fd, LXA_IOCTL_CTX_CREATE, &c), 0);	/* the user of the daemon */
	close(fd);
	if (geteuid()) {
		print_message("not root: cannot be another user\n");
		skip();
	}
	assert_int_equal(chmod(dir, 0711), 0);
	assert_int_equal(chmod(path, 0666), 0);
	pid = fork();
	if (!pid) {
		execl(self, self, "--victim", "nice", (char *)NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_empty();
}
