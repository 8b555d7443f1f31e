// SPDX-License-Identifier: MIT
/*
 * The daemon, served by a thread of this program so that it can be looked into: sockets, limits, isolation, bad messages,
 * clients killed in the middle of each call, memory that is shared and not copied. Clients that are killed are programs of
 * their own (this one, called with --victim).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lxa_conv.h"
#include "lxa_daemon.h"
#include "lxa_shim.h"
#include "wire.h"

#define LONG_WAIT (now_ns() + 60 * SECOND)
#define CLIENTS 6

static const char *self;
static char dir[] = "/tmp/lxa-daemon-XXXXXX", path[64], device[80];
static struct lxa_daemon *served;
static pthread_t thread;
static struct lxa_daemon_counters empty;	/* with no client */
static int allowed;				/* clients may inject faults */

/* ---- the server ------------------------------------------------------------------------------------------------------ */

static const char *sim_device(void)
{
	const char *engine = getenv("LXA_TEST_ENGINE");

	return engine && !strcmp(engine, "rtl") ? "sim:rtl" : "sim:model";
}

static int try_create(const char *socket, struct lxa_daemon **d, char err[256])
{
	const struct lxa_daemon_options o = { .socket = socket, .device = sim_device(), .clients = CLIENTS,
					      .memory_bytes = 64u << 20, .mode = 0600, .control = allowed };

	return lxa_daemon_create(&o, d, err, 256);
}

static void *serve(void *arg)
{
	lxa_daemon_run(arg);
	return NULL;
}

static int start(void **state)
{
	char err[256];

	if (try_create(path, &served, err)) {
		fprintf(stderr, "%s\n", err);
		return -1;
	}
	lxa_daemon_counters(served, &empty);
	return pthread_create(&thread, NULL, serve, served);
}

/* Smaller jobs, then. */
static bool is_slow(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#else
	return !strcmp(sim_device(), "sim:rtl");
#endif
}

static int stop(void **state)
{
	lxa_daemon_stop(served);
	pthread_join(thread, NULL);
	lxa_daemon_destroy(served);
	if (!access(path, F_OK) || lxa_shim_exit())
		return -1;
	return 0;
}

static struct lxa_daemon_counters counters(void)
{
	struct lxa_daemon_counters c;

	lxa_daemon_counters(served, &c);
	return c;
}

/* Nothing of any client is left. A killed one is noticed a moment later. */
static void assert_empty(void)
{
	struct lxa_daemon_counters c = counters();

	for (int i = 0; i < 20000 && (c.clients || c.things != empty.things); i++) {
		usleep(500);
		c = counters();
	}
	assert_int_equal(c.clients, 0);
	assert_int_equal(c.calls, 0);
	assert_int_equal(c.buffers, empty.buffers);
	assert_int_equal(c.buffer_bytes, empty.buffer_bytes);
	assert_int_equal(c.things, empty.things);
}

static int open_client(void)
{
	int fd = lxa_open(device, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fail_msg("%s: %s", device, lxa_open_error());
	return fd;
}

/* A client that does a job and gets the right result. */
static void assert_serves(void)
{
	int fd = open_client();
	struct lxa_submit s;
	struct conv v;
	int32_t error;

	assert_int_equal(conv_init(&v, fd, 7, 5, 3), 0);
	assert_int_equal(submit(fd, ctx_create(fd), &v.job, 1, &s), 0);
	assert_int_equal(wait_for(fd, 1, s.seqno, LONG_WAIT, &error), 0);
	assert_int_equal(error, 0);
	assert_int_equal(conv_check(&v), -1);
	conv_done(&v, fd);
	assert_int_equal(close(fd), 0);
}

/* ---- the socket ------------------------------------------------------------------------------------------------------ */

static void refused(int want, const char *socket, const char *word)
{
	struct lxa_daemon *d;
	char err[256];
	int ret = try_create(socket, &d, err);

	if (ret != want || !strstr(err, word))
		fail_msg("%s: %d instead of %d: %s", socket, ret, want, err);
	assert_null(d);
}

static void a_socket_in_use_is_refused(void **state)
{
	refused(-EADDRINUSE, path, "running daemon");
	assert_serves();
}

static void other_things_are_refused(void **state)
{
	char name[80], longer[200];
	int fd;

	snprintf(name, sizeof(name), "%s/file", dir);
	fd = open(name, O_CREAT | O_WRONLY, 0600);
	close(fd);
	refused(-EEXIST, name, "no socket");
	assert_int_equal(access(name, F_OK), 0);
	unlink(name);
	refused(-ENOENT, "/nonexistent/folder/socket", "/nonexistent/folder");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	refused(-ENAMETOOLONG, longer, "xxx");
	refused(-EINVAL, "", "");
}

/* One left behind by a daemon that was killed. */
static void a_stale_socket_is_replaced(void **state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct lxa_daemon *d;
	char err[256];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/stale", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
	assert_int_equal(access(a.sun_path, F_OK), 0);
	if (try_create(a.sun_path, &d, err))
		fail_msg("%s", err);
	lxa_daemon_destroy(d);
	assert_int_not_equal(access(a.sun_path, F_OK), 0);
}

static void permissions(void **state)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void no_daemon_there(void **state)
{
	char name[80];

	assert_int_equal(lxa_open("unix:/nonexistent/socket", O_RDWR), -ENOENT);
	assert_non_null(strstr(lxa_open_error(), "/nonexistent/socket"));
	snprintf(name, sizeof(name), "unix:%s", dir);
	assert_int_equal(lxa_open(name, O_RDWR), -ECONNREFUSED);
	assert_int_equal(lxa_open("unix:", O_RDWR), -EINVAL);
}

/* ---- limits ----------------------------------------------------------------------------------------------------------- */

static void limit_of_clients(void **state)
{
	int fds[CLIENTS];

	for (int i = 0; i < CLIENTS; i++)
		fds[i] = open_client();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(lxa_open(device, O_RDWR), -EBUSY);
		assert_non_null(strstr(lxa_open_error(), "clients"));
	}
	close(fds[0]);		/* it counts no more when close() has returned */
	fds[0] = open_client();
	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
	assert_empty();
}

static void limit_of_memory(void **state)
{
	int a = open_client(), b = open_client();

	assert_int_not_equal(bo_create(a, 40u << 20).handle, 0);
	assert_int_equal(bo_create(b, 40u << 20).handle, 0);
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(bo_create(a, 40u << 20).handle, 0);
	assert_int_equal(errno, ENOMEM);
	assert_int_not_equal(bo_create(b, 10u << 20).handle, 0);
	close(a);
	assert_int_not_equal(bo_create(b, 40u << 20).handle, 0);
	close(b);
	assert_empty();
}

struct sleeper {
	pthread_t thread;
	int fd, ret, error;
};

static int refusals;

static void *sleeping_read(void *arg)
{
	struct sleeper *s = arg;
	struct lxa_event e;

	s->ret = (int)read(s->fd, &e, sizeof(e));
	s->error = errno;
	if (s->error == ENOMEM)
		__atomic_add_fetch(&refusals, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* More calls at a time than a client may have: an error, and no deadlock. */
static void limit_of_calls(void **state)
{
	static struct sleeper s[LXA_DAEMON_CHANNELS + 6];
	const int n = (int)(sizeof(s) / sizeof(s[0]));
	int fd = open_client();
	uint32_t ctx = ctx_create(fd);
	uint64_t seqno;

	for (int i = 0; i < n; i++) {
		s[i].fd = fd;
		assert_int_equal(pthread_create(&s[i].thread, NULL, sleeping_read, &s[i]), 0);
	}
	while (counters().calls < LXA_DAEMON_CHANNELS || __atomic_load_n(&refusals, __ATOMIC_RELAXED) < 6)
		usleep(1000);
	assert_int_equal(nops(fd, ctx, 1, &seqno), -1);
	assert_int_equal(errno, ENOMEM);
	/* Another client is not concerned; it cannot wake them either. */
	assert_serves();
	close(fd);
	lxa_daemon_stop(served);		/* the daemon's end wakes them all */
	for (int i = 0; i < n; i++) {
		pthread_join(s[i].thread, NULL);
		assert_int_equal(s[i].ret, -1);
		assert_true(s[i].error == ENODEV || s[i].error == ENOMEM);
	}
	assert_int_equal(refusals, 6);
	assert_int_equal(stop(state), 0);
	assert_int_equal(start(state), 0);
}

/* ---- isolation and memory --------------------------------------------------------------------------------------------- */

/* The memory that a client is given, by a client that does not keep to the library. */
static int raw_open(int fds[WIRE_FDS])
{
	const struct wire_hello hello = { .magic = WIRE_MAGIC, .flags = O_RDWR };
	struct wire_welcome w;
	int fd = wire_connect(path);

	assert_true(fd >= 0);
	assert_int_equal(wire_send(fd, &hello, sizeof(hello)), 0);
	assert_int_equal(wire_recv_fds(fd, &w, sizeof(w), fds, WIRE_FDS), sizeof(w));
	assert_int_equal(w.ret, 0);
	return fd;
}

static void raw_close(int fd, const int fds[WIRE_FDS])
{
	for (int i = 0; i < WIRE_FDS; i++)
		close(fds[i]);
	close(fd);
}

static void nothing_of_another_client_is_visible(void **state)
{
	int a = open_client(), b = open_client(), fds[WIRE_FDS], raw = raw_open(fds);
	struct lxa_bo_create bo = bo_create(a, 1 << 20);
	struct lxa_bo_info info = { .size = sizeof(info), .handle = bo.handle };
	uint64_t *mem = bo_map(a, &bo), *all;
	uint32_t ctx = ctx_create(a);
	struct stat st;
	uint64_t seqno;

	assert_ptr_not_equal(mem, MAP_FAILED);
	for (uint32_t i = 0; i < 1 << 17; i++)
		mem[i] = 0x5ec7e7ull;
	/* Handles, contexts, offsets mean nothing to others. */
	assert_int_equal(ioctl(b, LXA_IOCTL_BO_INFO, &info), -1);
	assert_int_equal(errno, ENOENT);
	assert_ptr_equal(bo_map(b, &bo), MAP_FAILED);
	assert_int_equal(nops(b, ctx, 1, &seqno), -1);
	/* Nor does what lies in the memory that another one has been given, wherever it looks. */
	assert_int_equal(ftruncate(fds[WIRE_FD_MEMORY], 64 << 20), 0);
	assert_int_equal(fstat(fds[WIRE_FD_MEMORY], &st), 0);
	all = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fds[WIRE_FD_MEMORY], 0);
	assert_ptr_not_equal(all, MAP_FAILED);
	for (size_t i = 0; i < (size_t)st.st_size / 8; i += 64)
		assert_true(all[i] == 0);
	munmap(all, (size_t)st.st_size);
	/* It cannot take pages away under the device. */
	assert_int_equal(ftruncate(fds[WIRE_FD_MEMORY], 0), -1);
	assert_int_equal(errno, EPERM);
	raw_close(raw, fds);
	munmap(mem, bo.bytes);
	close(a);
	close(b);
	assert_empty();
}

/* How many mappings of a file this process has that show this word at this place of the file. */
static int mappings_with(unsigned long inode, unsigned long off, uint64_t word)
{
	unsigned long from, to, at, node;
	char line[512];
	FILE *f = fopen("/proc/self/maps", "r");
	int n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx %*s %lx %*s %lu", &from, &to, &at, &node) == 4 && node == inode && off >= at &&
		    off < at + (to - from))
			n += *(volatile uint64_t *)(from + (off - at)) == word;
	fclose(f);
	return n;
}

/*
 * The other program maps a buffer and writes to it; it says which file and place that is. The very same page, not a copy,
 * is then in the two mappings of the daemon: the driver's and the device's.
 */
static void a_mapping_is_the_device_s_memory(void **state)
{
	unsigned long inode = 0, off = 0;
	int out[2];
	char line[128] = "";
	FILE *f;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	if (!pid) {
		dup2(out[1], 1);
		execl(self, self, "--victim", "map", (char *)NULL);
		_exit(99);
	}
	close(out[1]);
	f = fdopen(out[0], "r");
	assert_non_null(fgets(line, sizeof(line), f));
	assert_int_equal(sscanf(line, "%lu %lu", &inode, &off), 2);
	assert_int_equal(mappings_with(inode, off, 0x1122334455667788ull), 2);
	assert_int_equal(mappings_with(inode, off, 0x1122334455667789ull), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fclose(f);
	assert_empty();
}

/* A job on buffers of megabytes: what goes through the sockets is the calls, whatever the buffers' size. */
static void buffers_are_not_copied(void **state)
{
	int fd = open_client();
	uint32_t ctx = ctx_create(fd);
	uint64_t before, after;
	struct lxa_submit s;
	struct lxa_event e;
	struct conv v;
	int32_t error;

	assert_int_equal(conv_init(&v, fd, 100, 100, 1), 0);
	before = counters().copied_bytes;
	assert_int_equal(submit(fd, ctx, &v.job, 1, &s), 0);
	assert_int_equal(wait_for(fd, ctx, s.seqno, LONG_WAIT, &error), 0);
	assert_int_equal(bo_prep(fd, v.bo.handle, LXA_PREP_READ, LONG_WAIT), 0);
	assert_int_equal(read(fd, &e, sizeof(e)), sizeof(e));
	after = counters().copied_bytes;
	assert_int_equal(conv_check(&v), -1);
	assert_true(e.rd_bytes + e.wr_bytes > 700000);
	assert_true(after - before < 2000);
	print_message("the device moved %llu bytes, the sockets %llu\n", (unsigned long long)(e.rd_bytes + e.wr_bytes),
		      (unsigned long long)(after - before));
	conv_done(&v, fd);
	close(fd);
	assert_empty();
}

/* ---- bad messages ------------------------------------------------------------------------------------------------------ */

/* The daemon ends this client; it says so by closing. */
static void assert_ended(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[512];

	for (;;) {
		assert_int_equal(poll(&p, 1, 20000), 1);
		if (recv(fd, buf, sizeof(buf), 0) <= 0)
			return;
	}
}

static void bad_hello(const void *msg, size_t len)
{
	uint64_t before = counters().misbehaved;
	int fd = wire_connect(path);

	assert_true(fd >= 0);
	assert_int_equal(wire_send(fd, msg, len), 0);
	assert_ended(fd);
	close(fd);
	assert_empty();
	assert_int_equal(counters().misbehaved, before + 1);
}

static void bad_hellos(void **state)
{
	struct wire_hello h[100] = { { .magic = WIRE_MAGIC, .flags = O_RDWR } };
	int fds[WIRE_FDS], fd;

	bad_hello("x", 1);
	bad_hello(h, sizeof(h[0]) - 1);
	bad_hello(h, sizeof(h[0]) + 1);
	bad_hello(h, sizeof(h));
	h[0].magic++;
	bad_hello(h, sizeof(h[0]));
	/* Later on a request for a channel is one byte. */
	fd = raw_open(fds);
	assert_int_equal(wire_send(fd, "xyz", 3), 0);
	assert_ended(fd);
	raw_close(fd, fds);
	/* One that says nothing at all holds nobody up. */
	fd = wire_connect(path);
	assert_serves();
	close(fd);
	assert_empty();
}

static void bad_call(const void *msg, size_t len, int then_close)
{
	uint64_t before = counters().misbehaved;
	int fds[WIRE_FDS], fd = raw_open(fds);

	assert_int_equal(wire_send(fds[WIRE_FD_CHANNEL], msg, len), 0);
	if (then_close)
		shutdown(fds[WIRE_FD_CHANNEL], SHUT_WR);
	assert_ended(fds[WIRE_FD_CHANNEL]);
	assert_ended(fd);
	raw_close(fd, fds);
	assert_empty();
	assert_int_equal(counters().misbehaved, before + 1);
}

static void bad_calls(void **state)
{
	struct {
		struct wire_call c;
		struct wire_part p;
		char bytes[64];
	} m, good = { .c = { .magic = WIRE_MAGIC, .op = WIRE_IOCTL, .arg = { LXA_IOCTL_GET_PARAM, 0x1000 }, .parts = 1,
			     .bytes = sizeof(struct wire_part) + 64 }, .p = { .addr = 0x1000, .len = 64 } };

#define BAD(n, close, change) do { m = good; change; bad_call(&m, (n), (close)); } while (0)
	BAD(sizeof(m), 0, m.c.magic = 0);
	BAD(sizeof(m), 0, m.c.bytes = UINT32_MAX);
	BAD(sizeof(m), 0, (m.c.arg[0] = LXA_IOCTL_SUBMIT, m.c.bytes = WIRE_BYTES_MAX + 1));
	BAD(sizeof(m), 0, m.c.bytes = WIRE_BYTES_SMALL + 1);
	BAD(sizeof(m), 0, m.c.parts = 0);		/* bytes of no part */
	BAD(sizeof(m), 0, m.c.parts = WIRE_PARTS_MAX + 1);
	BAD(sizeof(m), 0, m.c.parts = UINT32_MAX);
	BAD(sizeof(m), 0, m.p.len = 63);
	BAD(sizeof(m), 0, m.p.len = 65);
	BAD(sizeof(m), 0, m.p.len = UINT64_MAX);
	BAD(sizeof(m), 0, m.c.op = 99);
	BAD(sizeof(m), 0, (m.c.op = WIRE_READ, m.c.arg[1] = WIRE_READ_MAX + 1));
	BAD(sizeof(m) + 0, 0, m.c.bytes -= 1);
	BAD(sizeof(m.c), 1, (void)0);			/* the rest never comes */
	BAD(7, 1, (void)0);
	assert_serves();
}

/* Calls that are well-formed and still nonsense are the driver's to refuse: the client goes on. */
static int64_t raw_call(int fd, const void *msg, size_t len)
{
	char answer[4096];
	struct wire_reply r;

	assert_int_equal(wire_send(fd, msg, len), 0);
	assert_true(wire_recv(fd, answer, sizeof(answer), 0) >= (ssize_t)sizeof(r));
	memcpy(&r, answer, sizeof(r));
	return r.ret;
}

static void nonsense_that_is_well_formed(void **state)
{
	int fds[WIRE_FDS], fd = raw_open(fds), ch = fds[WIRE_FD_CHANNEL];
	struct wire_call c = { .magic = WIRE_MAGIC, .op = WIRE_IOCTL, .arg = { 0xdeadbeef, 0 } };

	assert_int_equal(raw_call(ch, &c, sizeof(c)), -ENOTTY);
	c.arg[0] = LXA_IOCTL_GET_PARAM;			/* of a struct that did not come along */
	assert_int_equal(raw_call(ch, &c, sizeof(c)), -EFAULT);
	c.arg[1] = UINT64_MAX - 1;
	assert_int_equal(raw_call(ch, &c, sizeof(c)), -EFAULT);
	c = (struct wire_call){ .magic = WIRE_MAGIC, .op = WIRE_MMAP, .arg = { 0, 4096, UINT64_MAX, UINT64_MAX } };
	assert_int_equal(raw_call(ch, &c, sizeof(c)), -EINVAL);
	c.arg[1] = UINT64_MAX & ~4095ull;
	c.arg[0] = 4096 * 2;
	assert_int_equal(raw_call(ch, &c, sizeof(c)), -EINVAL);
	c = (struct wire_call){ .magic = WIRE_MAGIC, .op = WIRE_VMA_CLOSE, .arg = { 1 } };
	assert_int_equal(raw_call(ch, &c, sizeof(c)), -EINVAL);
	c.op = WIRE_VMA_OPEN;
	assert_int_equal(raw_call(ch, &c, sizeof(c)), -EINVAL);
	c = (struct wire_call){ .magic = WIRE_MAGIC, .op = WIRE_POLL };
	assert_int_equal(raw_call(ch, &c, sizeof(c)), 0);
	raw_close(fd, fds);
	assert_empty();
}

/* Random bytes in every place of a message. */
static void garbage(void **state)
{
	uint32_t seed = getenv("LXA_SEED") ? (uint32_t)atoi(getenv("LXA_SEED")) : (uint32_t)now_ns(), s = seed;
	char msg[300];
	size_t n;

	print_message("seed %u\n", seed);
	for (int i = 0; i < 300; i++) {
		struct wire_call c = { .magic = WIRE_MAGIC, .op = conv_random(&s) % 7, .parts = conv_random(&s) % 3 };
		int fds[WIRE_FDS], fd = raw_open(fds);

		for (n = 0; n < sizeof(msg); n++)
			msg[n] = (char)conv_random(&s);
		c.bytes = conv_random(&s) % (sizeof(msg) - sizeof(c));
		if (conv_random(&s) % 8)		/* else random from the first byte on */
			memcpy(msg, &c, conv_random(&s) % 2 ? sizeof(c) : offsetof(struct wire_call, arg));
		for (int k = 0; k < 3; k++)
			if (wire_send(fds[WIRE_FD_CHANNEL], msg, conv_random(&s) % sizeof(msg)))
				break;
		raw_close(fd, fds);
		assert_empty();
	}
	assert_serves();
}

/* It drains or fills what tells it that something is ready, and leaves answers lying: only its own calls suffer. */
static void a_client_that_plays_with_its_descriptors(void **state)
{
	int fds[WIRE_FDS], fd = raw_open(fds), good = open_client();
	char zeros[4096] = { 0 };
	uint32_t ctx = ctx_create(good);
	struct lxa_event e;
	uint64_t seqno;

	fcntl(fds[WIRE_FD_READY], F_SETFL, O_NONBLOCK);
	while (write(fds[WIRE_FD_READY], zeros, sizeof(zeros)) > 0)
		;
	for (int i = 0; i < 3000; i++)		/* asks for channels, takes none */
		if (send(fd, "c", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			break;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(nops(good, ctx, 1, &seqno), 0);
		assert_int_equal(read(good, &e, sizeof(e)), sizeof(e));
	}
	raw_close(fd, fds);
	close(good);
	assert_empty();
}

/* ---- clients that are killed -------------------------------------------------------------------------------------------- */

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

static int be_victim(const char *name)
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

static void killed_while_it_maps(void **state) { kill_clients("map"); }
static void killed_while_it_submits(void **state) { kill_clients("submit"); }
static void killed_while_it_waits(void **state) { kill_clients("wait"); }
static void killed_while_it_makes_buffers(void **state) { kill_clients("buffers"); }
static void killed_while_it_reads(void **state) { kill_clients("read"); }
static void killed_while_it_opens(void **state) { kill_clients("open"); }

static void high_priority_is_not_for_everybody(void **state)
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

/* ---- failing allocations ------------------------------------------------------------------------------------------------ */

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
static void an_allocation_fails_for_its_thread_alone(void **state)
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
static void no_allocation_fails_where_that_is_not_allowed(void **state)
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

/* ---- the end of the daemon ---------------------------------------------------------------------------------------------- */

static void clients_see_the_daemon_end(void **state)
{
	struct sleeper s = { .fd = open_client() };
	struct pollfd p = { .fd = s.fd, .events = POLLIN };
	uint32_t ctx = ctx_create(s.fd);
	struct lxa_bo_create b = bo_create(s.fd, 4096);
	char *mem = bo_map(s.fd, &b);
	uint64_t seqno;

	assert_int_equal(pthread_create(&s.thread, NULL, sleeping_read, &s), 0);
	while (!counters().calls)
		usleep(1000);
	lxa_daemon_stop(served);
	pthread_join(s.thread, NULL);
	assert_int_equal(s.ret, -1);
	assert_int_equal(s.error, ENODEV);
	assert_int_equal(nops(s.fd, ctx, 1, &seqno), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(poll(&p, 1, 20000), 1);
	assert_int_equal(p.revents & (POLLERR | POLLHUP), POLLERR | POLLHUP);
	mem[0] = 1;		/* its own memory stays */
	assert_int_equal(munmap(mem, 4096), 0);
	assert_int_equal(close(s.fd), 0);
	assert_int_equal(stop(state), 0);
	assert_int_equal(start(state), 0);
	assert_serves();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_in_use_is_refused), cmocka_unit_test(other_things_are_refused),
		cmocka_unit_test(a_stale_socket_is_replaced), cmocka_unit_test(permissions), cmocka_unit_test(no_daemon_there),
		cmocka_unit_test(limit_of_clients), cmocka_unit_test(limit_of_memory), cmocka_unit_test(limit_of_calls),
		cmocka_unit_test(nothing_of_another_client_is_visible), cmocka_unit_test(a_mapping_is_the_device_s_memory),
		cmocka_unit_test(buffers_are_not_copied), cmocka_unit_test(bad_hellos), cmocka_unit_test(bad_calls),
		cmocka_unit_test(nonsense_that_is_well_formed), cmocka_unit_test(garbage),
		cmocka_unit_test(a_client_that_plays_with_its_descriptors),
		cmocka_unit_test(killed_while_it_maps), cmocka_unit_test(killed_while_it_submits),
		cmocka_unit_test(killed_while_it_waits), cmocka_unit_test(killed_while_it_makes_buffers),
		cmocka_unit_test(killed_while_it_reads), cmocka_unit_test(killed_while_it_opens),
		cmocka_unit_test(high_priority_is_not_for_everybody),
		cmocka_unit_test(an_allocation_fails_for_its_thread_alone),
		cmocka_unit_test(no_allocation_fails_where_that_is_not_allowed), cmocka_unit_test(clients_see_the_daemon_end),
	};
	int ret;

	if (argc == 3 && !strcmp(argv[1], "--victim"))
		return be_victim(argv[2]);
	self = argv[0];
	setenv("LXA_SHIM_STRICT", "1", 1);
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/lxa", dir);
	snprintf(device, sizeof(device), "unix:%s", path);
	setenv("LXA_DEVICE", device, 1);
	ret = cmocka_run_group_tests(tests, start, stop);
	return rmdir(dir) ? 1 : ret;
}
