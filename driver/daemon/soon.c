// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Receiving where the answer is soon there: a look or two is cheaper than sleeping. */
#include "shim.h"
#include "wire.h"

#include <errno.h>
#include <sys/socket.h>

struct soon {
	int fd;
	void *buf;
	size_t room;
	ssize_t n;
};

static bool there(const void *arg)
{
	struct soon *s = (struct soon *)arg;

	s->n = wire_recv(s->fd, s->buf, s->room, MSG_DONTWAIT);
	return s->n != -EAGAIN;
}

ssize_t wire_recv_soon(int fd, void *buf, size_t room, bool *long_waits)
{
	struct soon s = { fd, buf, room, 0 };
	u64 start;

	if (there(&s))
		return s.n;
	start = shim_now_ns();
	if (!shim_look(long_waits, there, &s))
		s.n = wire_recv(fd, buf, room, 0);
	shim_waited(long_waits, start);
	return s.n;
}
