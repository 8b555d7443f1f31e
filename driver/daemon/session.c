// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A client's calls. A thread for each channel takes a message, lets the driver do it and sends the answer. What the driver
 * copies from and to user memory comes from the message and goes into the answer (struct shim_user), so that the driver
 * sees no difference. A message that makes no sense ends the client.
 */
#include <linux/mm.h>

#include "session.h"
#include "calls.h"
#include "lxa_shim.h"
#include "../uapi/lxa.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEEP_ROOM 8192u			/* of a channel's buffers between calls */

struct map {				/* a mapping in the client */
	struct list_head link;
	u64 name;
	unsigned int holders;		/* it may have been split */
	struct vm_area_struct v;
};

struct worker {
	struct shim_user user;		/* first: the shim hands it back */
	struct list_head link;
	struct session *s;
	struct task_struct *task;	/* NULL before it runs */
	int fd;
	bool long_waits;
	char *in, *out;
	size_t in_room, out_room;
	size_t in_len;			/* of the message */
	size_t out_len, last_part;	/* of the answer, and where its last part begins */
	struct wire_part part[WIRE_PARTS_MAX];
	const char *part_data[WIRE_PARTS_MAX];
	u32 parts;
};

/* ---- user memory ---------------------------------------------------------------------------------------------------- */

static struct worker *to_worker(struct shim_user *u)
{
	return container_of(u, struct worker, user);
}

static unsigned long user_read(struct shim_user *u, void *to, uintptr_t from, unsigned long n)
{
	const struct worker *w = to_worker(u);
	u64 skip, some = 1;

	while (n && some) {		/* parts may overlap, or lie side by side */
		some = 0;
		for (u32 i = 0; i < w->parts; i++) {
			skip = from - w->part[i].addr;
			if (from < w->part[i].addr || skip >= w->part[i].len)
				continue;
			some = min_t(u64, n, w->part[i].len - skip);
			memcpy(to, w->part_data[i] + skip, some);
			break;
		}
		to = (char *)to + some;
		from += some;
		n -= some;
	}
	return n;
}

static int out_grow(struct worker *w, size_t more)
{
	size_t room = w->out_room;
	char *p;

	if (more > sizeof(struct wire_reply) + WIRE_BYTES_MAX - w->out_len)
		return -ENOMEM;
	while (room < w->out_len + more)
		room *= 2;
	if (room == w->out_room)
		return 0;
	p = realloc(w->out, room);
	if (!p)
		return -ENOMEM;
	w->out = p;
	w->out_room = room;
	return 0;
}

static unsigned long user_write(struct shim_user *u, uintptr_t to, const void *from, unsigned long n)
{
	struct worker *w = to_worker(u);
	struct wire_reply *r = (struct wire_reply *)w->out;
	struct wire_part part = { .addr = to, .len = n };

	if (r->parts) {
		memcpy(&part, w->out + w->last_part, sizeof(part));
		if (part.addr + part.len == to && !out_grow(w, n)) {
			part.len += n;
			memcpy(w->out + w->last_part, &part, sizeof(part));
			goto append;
		}
		part = (struct wire_part) { .addr = to, .len = n };
	}
	if (out_grow(w, sizeof(part) + n))
		return n;
	w->last_part = w->out_len;
	memcpy(w->out + w->out_len, &part, sizeof(part));
	w->out_len += sizeof(part);
	((struct wire_reply *)w->out)->parts++;
append:
	memcpy(w->out + w->out_len, from, n);
	w->out_len += n;
	return 0;
}

/* ---- mappings -------------------------------------------------------------------------------------------------------- */

static struct map *find_map(struct session *s, u64 name)
{
	struct map *m;

	list_for_each_entry(m, &s->maps, link)
		if (m->name == name)
			return m;
	return NULL;
}

static long do_mmap(struct worker *w, const struct wire_call *call, struct wire_reply *reply)
{
	struct session *s = w->s;
	struct map *m;
	long ret;

	if (call->arg[0] & ~PAGE_MASK || !call->arg[1] || call->arg[1] & ~PAGE_MASK || call->arg[0] + call->arg[1] < call->arg[0])
		return -EINVAL;
	if (!s->sf->f.f_op->mmap)
		return -ENODEV;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->holders = 1;
	m->v = (struct vm_area_struct) { .vm_start = call->arg[0], .vm_end = call->arg[0] + call->arg[1],
					 .vm_pgoff = call->arg[2], .vm_flags = call->arg[3], .vm_file = &s->sf->f,
					 .vm_mm = &s->d->mm };
	pthread_rwlock_wrlock(&s->d->mm.lock);
	ret = s->sf->f.f_op->mmap(&s->sf->f, &m->v);
	pthread_rwlock_unlock(&s->d->mm.lock);
	if (ret) {
		free(m);
		return ret;
	}
	pthread_mutex_lock(&s->lock);
	m->name = ++s->next_map;
	list_add_tail(&m->link, &s->maps);
	reply->val[0] = m->v.shim_off;
	reply->val[1] = m->name;
	reply->val[2] = m->v.vm_flags;
	pthread_mutex_unlock(&s->lock);
	return 0;
}

static void map_close(struct map *m)
{
	if (m->v.vm_ops && m->v.vm_ops->close)
		m->v.vm_ops->close(&m->v);
}

/* One holder more, or less. */
static long do_vma(struct worker *w, u64 name, bool open)
{
	struct session *s = w->s;
	struct map *m, copy;
	bool last = false;

	pthread_mutex_lock(&s->lock);
	m = find_map(s, name);
	if (!m || (open && m->holders == UINT_MAX)) {
		pthread_mutex_unlock(&s->lock);
		return -EINVAL;
	}
	if (open) {
		m->holders++;
		if (m->v.vm_ops && m->v.vm_ops->open)
			m->v.vm_ops->open(&m->v);
	} else {
		copy = *m;
		last = !--m->holders;
		if (last)
			list_del(&m->link);
	}
	pthread_mutex_unlock(&s->lock);
	if (!open)
		map_close(&copy);
	if (last)
		free(m);
	return 0;
}

static void close_maps(struct session *s)
{
	struct map *m, *n;

	list_for_each_entry_safe(m, n, &s->maps, link) {
		list_del(&m->link);
		while (m->holders--)
			map_close(m);
		free(m);
	}
}

/* ---- faults, for tests ----------------------------------------------------------------------------------------------- */

/* A line of text in, one out. */
static long do_control(struct worker *w)
{
	char line[WIRE_CONTROL_MAX], reply[WIRE_CONTROL_MAX];
	int ret;

	if (!w->s->d->opt.control)
		return -EPERM;
	if (w->parts != 1 || w->part[0].len >= sizeof(line))
		return -EINVAL;
	memcpy(line, w->part_data[0], w->part[0].len);
	line[w->part[0].len] = 0;
	ret = lxa_shim_control(w->s->d->device, line, reply, sizeof(reply));
	return user_write(&w->user, 0, reply, strlen(reply) + 1) ? -ENOMEM : ret;
}

/* Allocations of this thread fail as the client asked (wire.h), until session_fail_left(). */
void session_fail_nth(const struct session *s, u32 nth)
{
	if (s->d->opt.control)
		lxa_shim_fail_nth(nth);
}

u32 session_fail_left(const struct session *s, u32 nth)
{
	return s->d->opt.control ? lxa_shim_fail_nth(0) : nth;
}

/* ---- one call ------------------------------------------------------------------------------------------------------- */

/* Does the message hold what it says? */
static bool message_ok(struct worker *w)
{
	const struct wire_call *call = (const struct wire_call *)w->in;
	size_t at = sizeof(*call), end = w->in_len;
	struct wire_part *part;

	if (call->parts > WIRE_PARTS_MAX)
		return false;
	for (w->parts = 0; w->parts < call->parts; w->parts++) {
		part = &w->part[w->parts];
		if (end - at < sizeof(*part))
			return false;
		memcpy(part, w->in + at, sizeof(*part));
		at += sizeof(*part);
		if (end - at < part->len)
			return false;
		w->part_data[w->parts] = w->in + at;
		at += part->len;
	}
	return at == end;
}

/* False: no such call, or nonsense in it. */
static bool call_driver(struct worker *w, const struct wire_call *call, struct wire_reply *reply)
{
	struct shim_file *sf = w->s->sf;

	switch (call->op) {
	case WIRE_IOCTL:
		reply->ret = shim_do_ioctl(sf, call->arg[0], (void *)call->arg[1]);
		return true;
	case WIRE_READ:
		if (call->arg[1] > WIRE_READ_MAX)
			return false;
		reply->ret = shim_do_read(sf, (void *)call->arg[0], call->arg[1]);
		return true;
	case WIRE_POLL:
		reply->ret = shim_poll_sync(sf);
		return true;
	case WIRE_MMAP:
		reply->ret = do_mmap(w, call, reply);
		return true;
	case WIRE_VMA_OPEN:
	case WIRE_VMA_CLOSE:
		reply->ret = do_vma(w, call->arg[0], call->op == WIRE_VMA_OPEN);
		return true;
	case WIRE_CONTROL:
		reply->ret = do_control(w);
		return true;
	default:
		return false;
	}
}

static bool make_call(struct worker *w)
{
	const struct wire_call *call = (const struct wire_call *)w->in;
	struct wire_reply reply = { 0 };
	bool ok;

	w->out_len = sizeof(reply);
	memcpy(w->out, &reply, sizeof(reply));
	if (!message_ok(w))
		return false;
	session_fail_nth(w->s, call->fail_nth);
	ok = call_driver(w, call, &reply);
	reply.fail_nth = session_fail_left(w->s, call->fail_nth);
	reply.parts = ((struct wire_reply *)w->out)->parts;
	reply.bytes = (u32)(w->out_len - sizeof(reply));
	reply.unmaps = READ_ONCE(w->s->sf->f.f_mapping->unmaps);
	memcpy(w->out, &reply, sizeof(reply));
	return ok;
}

static u32 bytes_allowed(const struct wire_call *call)
{
	return call->op == WIRE_IOCTL && call->arg[0] == LXA_IOCTL_SUBMIT ? WIRE_BYTES_MAX : WIRE_BYTES_SMALL;
}

/* What a large call needed is given back: a client may have many channels. */
static void trim(char **buf, size_t *room)
{
	char *less;

	if (*room == KEEP_ROOM)
		return;
	less = realloc(*buf, KEEP_ROOM);
	if (!less)
		return;
	*buf = less;
	*room = KEEP_ROOM;
}

/* A whole message into `in`. 0: there will be none; -EPROTO: that is no message. */
static int receive(struct worker *w)
{
	size_t got = 0, want = sizeof(struct wire_call);
	const struct wire_call *call;
	char *more;
	ssize_t n;

	while (got < want) {
		n = wire_recv_soon(w->fd, w->in + got, w->in_room - got, &w->long_waits);
		if (n <= 0)
			return got ? -EPROTO : 0;
		got += (size_t)n;
		if (got < sizeof(*call))
			continue;
		call = (const struct wire_call *)w->in;
		if (call->magic != WIRE_MAGIC || call->bytes > bytes_allowed(call))
			return -EPROTO;
		want = sizeof(*call) + call->bytes;
		if (want <= w->in_room)
			continue;
		more = realloc(w->in, want);
		if (!more)
			return 0;
		w->in = more;
		w->in_room = want;
	}
	w->in_len = want;
	return got == want ? 1 : -EPROTO;
}

static void count_call(struct lxa_daemon *d, int calls, size_t bytes)
{
	pthread_mutex_lock(&d->lock);
	d->calls += (unsigned int)calls;
	d->copied += bytes;
	pthread_mutex_unlock(&d->lock);
}

static void serve(struct worker *w)
{
	struct lxa_daemon *d = w->s->d;
	bool ok;
	int ret;

	for (;;) {
		ret = receive(w);
		if (!ret)
			return;
		if (ret > 0) {
			count_call(d, 1, w->in_len);
			ok = make_call(w);
			count_call(d, -1, ok ? w->out_len : 0);
		}
		if (ret < 0 || !ok) {
			session_misbehaved(w->s);
			return;
		}
		if (wire_send(w->fd, w->out, w->out_len))
			return;
		trim(&w->in, &w->in_room);
		trim(&w->out, &w->out_room);
	}
}

/* ---- threads -------------------------------------------------------------------------------------------------------- */

static void session_put(struct session *s)
{
	struct lxa_daemon *d = s->d;
	bool last;

	pthread_mutex_lock(&s->lock);
	last = !--s->refs;
	pthread_mutex_unlock(&s->lock);
	if (!last)
		return;
	close_maps(s);
	if (s->sf)
		shim_fput(s->sf);
	if (s->arena)
		shim_arena_put(s->arena);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_lock(&d->lock);
	d->admitted -= s->admitted;
	if (!--d->alive)
		pthread_cond_broadcast(&d->none);
	sys_close(s->control);		/* a client that waits for its release goes on when it counts no more */
	pthread_mutex_unlock(&d->lock);
	free(s);
}

static void worker_free(struct worker *w)
{
	sys_close(w->fd);
	free(w->in);
	free(w->out);
	free(w);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct session *s = w->s;

	current->user = &w->user;
	current->arena = s->arena;
	pthread_mutex_lock(&s->lock);
	w->task = current;
	if (s->ending)
		shim_interrupt(current);
	pthread_mutex_unlock(&s->lock);
	serve(w);
	pthread_mutex_lock(&s->lock);
	list_del(&w->link);
	s->workers--;
	pthread_mutex_unlock(&s->lock);
	worker_free(w);
	current->user = NULL;
	session_put(s);
	return NULL;
}

static struct worker *worker_new(struct session *s, int fd)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->user = (struct shim_user) { .read = user_read, .write = user_write, .nice = s->nice };
	w->s = s;
	w->fd = fd;
	w->in_room = w->out_room = KEEP_ROOM;
	w->in = malloc(w->in_room);
	w->out = malloc(w->out_room);
	if (w->in && w->out)
		return w;
	free(w->in);
	free(w->out);
	free(w);
	return NULL;
}

int session_channel(struct session *s, int *client_fd)
{
	struct worker *w;
	pthread_t t;
	int pair[2], ret = -ENOMEM;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -ENOMEM;
	w = worker_new(s, pair[0]);
	if (!w)
		goto close_pair;
	pthread_mutex_lock(&s->lock);
	if (s->workers == LXA_DAEMON_CHANNELS || s->ending || shim_thread_create(&t, "lxa-call", worker_main, w)) {
		pthread_mutex_unlock(&s->lock);
		worker_free(w);
		sys_close(pair[1]);
		return ret;
	}
	pthread_detach(t);
	s->refs++;
	s->workers++;
	list_add_tail(&w->link, &s->worker_list);
	pthread_mutex_unlock(&s->lock);
	*client_fd = pair[1];
	return 0;

close_pair:
	sys_close(pair[0]);
	sys_close(pair[1]);
	return ret;
}

/* ---- life ----------------------------------------------------------------------------------------------------------- */

struct session *session_create(struct lxa_daemon *d, int control)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->d = d;
	s->control = control;
	s->refs = 1;
	pthread_mutex_init(&s->lock, NULL);
	INIT_LIST_HEAD(&s->worker_list);
	INIT_LIST_HEAD(&s->maps);
	pthread_mutex_lock(&d->lock);
	d->alive++;
	pthread_mutex_unlock(&d->lock);
	return s;
}

int session_open(struct session *s, int flags, char *err, size_t err_len)
{
	int ret;

	s->arena = shim_arena_create();
	if (!s->arena) {
		snprintf(err, err_len, "the daemon has no memory or descriptors left");
		return -ENOMEM;
	}
	ret = shim_open_sim(s->d->opt.device, flags & (O_ACCMODE | O_NONBLOCK), &s->sf);
	if (ret)
		snprintf(err, err_len, "the daemon's device: %s", strerror(-ret));
	return ret;
}

/* Sleeping calls return, sockets give an end, and the last thread to notice releases it all. */
void session_end(struct session *s)
{
	struct worker *w;

	pthread_mutex_lock(&s->lock);
	s->ending = true;
	list_for_each_entry(w, &s->worker_list, link) {
		shutdown(w->fd, SHUT_RDWR);
		if (w->task)
			shim_interrupt(w->task);
	}
	pthread_mutex_unlock(&s->lock);
	session_put(s);
}

/* The server sees the control socket end and does the rest. */
void session_misbehaved(struct session *s)
{
	struct lxa_daemon *d = s->d;
	bool first;

	pthread_mutex_lock(&s->lock);
	first = !s->misbehaved && !s->ending;
	s->misbehaved = true;
	pthread_mutex_unlock(&s->lock);
	if (first) {
		pthread_mutex_lock(&d->lock);
		d->misbehaved++;
		pthread_mutex_unlock(&d->lock);
	}
	shutdown(s->control, SHUT_RDWR);
}
