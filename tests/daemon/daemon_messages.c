// SPDX-License-Identifier: MIT
/* daemon_messages.c - a client that does not keep to the protocol: it is ended, nobody else notices. */
#include "hosted.h"

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

void bad_hellos(void **state)
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

void bad_calls(void **state)
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

void nonsense_that_is_well_formed(void **state)
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
void garbage(void **state)
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
void a_client_that_plays_with_its_descriptors(void **state)
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
