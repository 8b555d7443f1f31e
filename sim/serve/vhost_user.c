/* SPDX-License-Identifier: MIT */
/*
 * vhost_user.c - messages of the vhost-user protocol, as far as a User Mode Linux guest sends them.
 *
 * Notifications are in-band: the guest's kick is a message on the socket, answered when the queue has been worked off. That
 * makes an access to a register synchronous for the guest. With eventfds its kernel loses accesses, so those are not offered.
 */
#include "vhost_user.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum request {
	GET_FEATURES = 1, SET_FEATURES = 2, SET_OWNER = 3, RESET_OWNER = 4, SET_MEM_TABLE = 5, SET_VRING_NUM = 8,
	SET_VRING_ADDR = 9, SET_VRING_BASE = 10, GET_VRING_BASE = 11, SET_VRING_KICK = 12, SET_VRING_CALL = 13,
	SET_VRING_ERR = 14, GET_PROTOCOL_FEATURES = 15, SET_PROTOCOL_FEATURES = 16, GET_QUEUE_NUM = 17,
	SET_VRING_ENABLE = 18, SET_SLAVE_REQ_FD = 21, VRING_KICK = 35,
};

#define FLAG_VERSION 1u
#define FLAG_REPLY 4u
#define FLAG_NEED_REPLY 8u

#define FEATURES (1ull << 32 /* virtio 1 */ | 1ull << 30 /* protocol features */)
#define PROTOCOL_REPLY_ACK (1ull << 3)
#define PROTOCOL_SLAVE_REQ (1ull << 5)
#define PROTOCOL_INBAND (1ull << 14)
#define PROTOCOL_FEATURES (PROTOCOL_REPLY_ACK | PROTOCOL_SLAVE_REQ | PROTOCOL_INBAND)

#define MAX_FDS 8
#define MAX_PAYLOAD 512

struct header {
	uint32_t request, flags, size;
};

struct vring_state {
	uint32_t index, num;
};

struct vring_addr {
	uint32_t index, flags;
	uint64_t desc, used, avail, log;
};

struct mem_table {
	uint32_t regions, pad;
	struct { uint64_t addr, size, user_addr, offset; } region[1];
};

struct msg {
	struct header h;
	union {
		uint8_t bytes[MAX_PAYLOAD];
		uint64_t u64;
		struct vring_state state;
		struct vring_addr addr;
		struct mem_table mem;
	} u;
	int fd[MAX_FDS];
	unsigned int n_fd;
};

struct session {
	int sock, stop_fd;
	struct pcidev *dev;
	char *err;
	size_t err_len;
};

static int say(struct session *s, int ret, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int say(struct session *s, int ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->err, s->err_len, fmt, ap);
	va_end(ap);
	return ret;
}

/* ---- receive and send ------------------------------------------------------------------------------------------------ */

/* 0 when there is something to read, -EINTR when it is time to stop. Meanwhile interrupts get their turns. */
static int wait_readable(struct session *s)
{
	struct pollfd p[3] = {
		{ .fd = s->sock, .events = POLLIN }, { .fd = s->stop_fd, .events = POLLIN },
		{ .fd = s->dev->wake_fd, .events = POLLIN },
	};
	int ret;

	for (;;) {
		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return -errno;
		if (p[1].revents)
			return -EINTR;
		if (p[2].revents) {	/* a millisecond later, unless the guest says something */
			if (!p[0].revents)
				poll(p, 2, 1);
			ret = pcidev_tick(s->dev);
			if (ret)
				return ret;
		}
		if (p[0].revents)
			return 0;
	}
}

static void take_fds(struct msghdr *mh, struct msg *m)
{
	struct cmsghdr *c;
	size_t n;

	for (c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (n > MAX_FDS - m->n_fd)
			n = MAX_FDS - m->n_fd;
		memcpy(m->fd + m->n_fd, CMSG_DATA(c), n * sizeof(int));
		m->n_fd += (unsigned int)n;
	}
}

/* len bytes; 0, 1: the guest has gone, or negative errno. Descriptors that come along go to m. */
static int recv_all(struct session *s, void *buf, size_t len, struct msg *m)
{
	union { char room[CMSG_SPACE(MAX_FDS * sizeof(int))]; struct cmsghdr align; } control;
	size_t done = 0;
	ssize_t n;
	int ret;

	while (done < len) {
		struct iovec iov = { .iov_base = (char *)buf + done, .iov_len = len - done };
		struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };

		ret = wait_readable(s);
		if (ret)
			return ret;
		n = recvmsg(s->sock, &mh, MSG_CMSG_CLOEXEC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != ECONNRESET)
			return -errno;
		if (n <= 0)
			return 1;
		take_fds(&mh, m);
		done += (size_t)n;
	}
	return 0;
}

static int recv_msg(struct session *s, struct msg *m)
{
	int ret;

	memset(m, 0, sizeof(*m));
	ret = recv_all(s, &m->h, sizeof(m->h), m);
	if (ret)
		return ret;
	if (m->h.size > MAX_PAYLOAD)
		return say(s, -EPROTO, "vhost-user request %u has %u bytes: too many", m->h.request, m->h.size);
	return recv_all(s, &m->u, m->h.size, m);
}

static void close_fds(struct msg *m)
{
	while (m->n_fd)
		close(m->fd[--m->n_fd]);
}

static int reply(struct session *s, const struct msg *m, const void *payload, uint32_t size)
{
	struct { struct header h; uint8_t payload[8]; } out = {
		.h = { .request = m->h.request, .flags = FLAG_VERSION | FLAG_REPLY, .size = size },
	};

	memcpy(out.payload, payload, size);
	if (send(s->sock, &out, sizeof(out.h) + size, MSG_NOSIGNAL) != (ssize_t)(sizeof(out.h) + size))
		return errno == EPIPE || errno == ECONNRESET ? 1 : -errno;
	return 0;
}

static int reply_u64(struct session *s, const struct msg *m, uint64_t val)
{
	return reply(s, m, &val, sizeof(val));
}

/* ---- requests that change the device's view of the guest -------------------------------------------------------------- */

static int set_mem_table(struct session *s, struct msg *m)
{
	struct guest_mem mem;
	int ret;

	if (m->h.size < sizeof(m->u.mem) || m->u.mem.regions != 1 || m->n_fd != 1)
		return say(s, -EPROTO, "the guest's memory is %u regions with %u files: one is understood (no high memory)",
			   m->u.mem.regions, m->n_fd);
	/* Ring addresses are "user" addresses, DMA addresses are physical: one look-up serves both only when they agree. */
	if (m->u.mem.region[0].addr != m->u.mem.region[0].user_addr)
		return say(s, -EPROTO, "the guest's physical and user addresses differ: not a User Mode Linux");
	ret = guest_mem_map(&mem, m->fd[0], m->u.mem.region[0].addr, m->u.mem.region[0].size, m->u.mem.region[0].offset);
	if (ret)
		return say(s, ret, "cannot map the guest's memory (%llu bytes): %s",
			   (unsigned long long)m->u.mem.region[0].size, strerror(-ret));
	pcidev_set_mem(s->dev, &mem);
	return 0;
}

/* The queue that a request with payload of at least `size` bytes names; NULL with a sentence. */
static struct virtqueue *queue_of(struct session *s, const struct msg *m, size_t size)
{
	if (m->h.size >= size && m->u.state.index < PCIDEV_QUEUES)
		return &s->dev->queue[m->u.state.index];
	say(s, -EPROTO, "vhost-user request %u of %u bytes for queue %u: makes no sense", m->h.request, m->h.size,
	    m->u.state.index);
	return NULL;
}

static int set_vring(struct session *s, const struct msg *m)
{
	struct virtqueue *q = queue_of(s, m, m->h.request == SET_VRING_ADDR ? sizeof(m->u.addr) : sizeof(m->u.state));
	uint32_t num = m->u.state.num;
	int ret = 0;

	if (!q)
		return -EPROTO;
	pthread_mutex_lock(&s->dev->lock);
	switch (m->h.request) {
	case SET_VRING_NUM:
		if (num && num <= VQ_MAX_SIZE && !(num & (num - 1)))
			q->size = num;
		else
			ret = say(s, -EPROTO, "a queue of %u entries: a power of two is wanted", num);
		break;
	case SET_VRING_BASE:
		q->next = q->done = (uint16_t)num;
		break;
	case SET_VRING_ADDR:
		if (m->u.addr.desc % 16 || m->u.addr.avail % 2 || m->u.addr.used % 4) {
			ret = say(s, -EPROTO, "queue %u is not aligned", m->u.state.index);
			break;
		}
		q->desc = m->u.addr.desc;
		q->avail = m->u.addr.avail;
		q->used = m->u.addr.used;
		break;
	case SET_VRING_ENABLE:
		q->enabled = num != 0;
		break;
	}
	pthread_mutex_unlock(&s->dev->lock);
	return ret;
}

static int get_vring_base(struct session *s, const struct msg *m)
{
	struct virtqueue *q = queue_of(s, m, sizeof(m->u.state));
	struct vring_state state;

	if (!q)
		return -EPROTO;
	pthread_mutex_lock(&s->dev->lock);
	q->enabled = 0;
	state = (struct vring_state) { .index = m->u.state.index, .num = q->next };
	pthread_mutex_unlock(&s->dev->lock);
	return reply(s, m, &state, sizeof(state));
}

static int set_protocol_features(struct session *s, const struct msg *m)
{
	if ((m->u.u64 & PROTOCOL_FEATURES) == PROTOCOL_FEATURES)
		return 0;
	return say(s, -EPROTO, "the guest's kernel takes vhost-user features %#llx of %#llx: too old for in-band notifications",
		   (unsigned long long)m->u.u64, (unsigned long long)PROTOCOL_FEATURES);
}

static int set_call_fd(struct session *s, struct msg *m)
{
	if (m->n_fd != 1)
		return say(s, -EPROTO, "SET_SLAVE_REQ_FD with %u descriptors", m->n_fd);
	pcidev_set_call_fd(s->dev, m->fd[0]);
	m->n_fd = 0;
	return 0;
}

static int kick(struct session *s, const struct msg *m)
{
	int ret;

	if (m->h.size < sizeof(m->u.state))
		return say(s, -EPROTO, "a kick of %u bytes", m->h.size);
	ret = pcidev_kick(s->dev, m->u.state.index);
	return ret ? say(s, ret, "queue %u: the guest's rings make no sense", m->u.state.index) : 0;
}

/* ---- dispatch ------------------------------------------------------------------------------------------------------------ */

/* 0: acknowledge if wanted; 1: answered; negative errno: the session is over. */
static int handle(struct session *s, struct msg *m)
{
	int ret;

	switch (m->h.request) {
	case GET_FEATURES:
		ret = reply_u64(s, m, FEATURES);
		return ret < 0 ? ret : 1;
	case GET_PROTOCOL_FEATURES:
		ret = reply_u64(s, m, PROTOCOL_FEATURES);
		return ret < 0 ? ret : 1;
	case GET_QUEUE_NUM:
		ret = reply_u64(s, m, PCIDEV_QUEUES);
		return ret < 0 ? ret : 1;
	case GET_VRING_BASE:
		ret = get_vring_base(s, m);
		return ret < 0 ? ret : 1;
	case SET_OWNER:
	case RESET_OWNER:
	case SET_FEATURES:
	case SET_VRING_CALL:		/* descriptors of the other kind of notification: not used */
	case SET_VRING_ERR:
		return 0;
	case SET_PROTOCOL_FEATURES:
		return set_protocol_features(s, m);
	case SET_MEM_TABLE:
		return set_mem_table(s, m);
	case SET_SLAVE_REQ_FD:
		return set_call_fd(s, m);
	case SET_VRING_NUM:
	case SET_VRING_BASE:
	case SET_VRING_ADDR:
	case SET_VRING_ENABLE:
		return set_vring(s, m);
	case VRING_KICK:
		return kick(s, m);
	default:
		return say(s, -EPROTO, "vhost-user request %u: not understood", m->h.request);
	}
}

int vhost_user_session(int sock, int stop_fd, struct pcidev *p, char *err, size_t err_len)
{
	struct session s = { .sock = sock, .stop_fd = stop_fd, .dev = p, .err = err, .err_len = err_len };
	struct msg m;
	int ret;

	if (err_len)
		err[0] = 0;
	for (;;) {
		ret = recv_msg(&s, &m);
		if (!ret) {
			ret = handle(&s, &m);
			if (!ret && (m.h.flags & FLAG_NEED_REPLY))
				ret = reply_u64(&s, &m, 0);
			else if (ret > 0)
				ret = 0;
			else if (ret < 0 && (m.h.flags & FLAG_NEED_REPLY))
				reply_u64(&s, &m, 1);
		}
		close_fds(&m);
		if (ret)
			break;
	}
	if (ret > 0)
		return 0;		/* the guest has gone */
	if (ret != -EINTR && err_len && !err[0])
		say(&s, ret, "vhost-user: %s", strerror(-ret));
	return ret;
}
