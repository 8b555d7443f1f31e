// SPDX-License-Identifier: MIT
/* hosted.c - the daemon that daemon_test hosts, and what all of its parts ask of it. */
#include "hosted.h"

const char *self;
char dir[] = "/tmp/lxa-daemon-XXXXXX", path[64], device[80];
struct lxa_daemon *served;
static pthread_t thread;
static struct lxa_daemon_counters empty;	/* with no client */
int allowed;

/* ---- the server ------------------------------------------------------------------------------------------------------ */

const char *sim_device(void)
{
	const char *engine = getenv("LXA_TEST_ENGINE");

	return engine && !strcmp(engine, "rtl") ? "sim:rtl" : "sim:model";
}

int try_create(const char *socket, struct lxa_daemon **d, char err[256])
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

int start(void **state)
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
bool is_slow(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#else
	return !strcmp(sim_device(), "sim:rtl");
#endif
}

int stop(void **state)
{
	lxa_daemon_stop(served);
	pthread_join(thread, NULL);
	lxa_daemon_destroy(served);
	if (!access(path, F_OK) || lxa_shim_exit())
		return -1;
	return 0;
}

struct lxa_daemon_counters counters(void)
{
	struct lxa_daemon_counters c;

	lxa_daemon_counters(served, &c);
	return c;
}

/* Nothing of any client is left. A killed one is noticed a moment later. */
void assert_empty(void)
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

int open_client(void)
{
	int fd = lxa_open(device, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fail_msg("%s: %s", device, lxa_open_error());
	return fd;
}

/* A client that does a job and gets the right result. */
void assert_serves(void)
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

/* The memory that a client is given, by a client that does not keep to the library. */
int raw_open(int fds[WIRE_FDS])
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

void raw_close(int fd, const int fds[WIRE_FDS])
{
	for (int i = 0; i < WIRE_FDS; i++)
		close(fds[i]);
	close(fd);
}

int refusals;

void *sleeping_read(void *arg)
{
	struct sleeper *s = arg;
	struct lxa_event e;

	s->ret = (int)read(s->fd, &e, sizeof(e));
	s->error = errno;
	if (s->error == ENOMEM)
		__atomic_add_fetch(&refusals, 1, __ATOMIC_RELAXED);
	return NULL;
}
