// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The daemon's own thread: listens, greets clients, hands out channels, and notices when a control socket ends. It never
 * waits for a client: whatever a client sends or does not send, the others are served.
 */
#include "session.h"
#include "lxa_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define HELLO_NS 5000000000ull		/* for a client to say hello */
#define ACCEPT_PAUSE_NS 100000000ull	/* when there are no descriptors left */
#define SPARE 16u			/* connections beyond the clients, that are only told that there are too many */

/* ---- the socket ----------------------------------------------------------------------------------------------------- */

static int say(int ret, char *err, size_t err_len, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static int say(int ret, char *err, size_t err_len, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, err_len, fmt, ap);
	va_end(ap);
	return ret;
}

/* What is at the path: a daemon that answers, a socket that nobody serves (removed), or something else. */
static int clear_path(const char *path, char *err, size_t err_len)
{
	struct stat st;
	int fd;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : say(-errno, err, err_len, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return say(-EEXIST, err, err_len, "%s: is there and is no socket", path);
	fd = wire_connect(path);
	if (fd >= 0)
		sys_close(fd);
	if (fd != -ECONNREFUSED)
		return say(-EADDRINUSE, err, err_len, "%s: in use%s%s", path, fd < 0 ? ": " : " by a running daemon",
			   fd < 0 ? strerror(-fd) : "");
	if (unlink(path) && errno != ENOENT)
		return say(-errno, err, err_len, "%s: a stale socket that cannot be removed: %s", path, strerror(errno));
	return 0;
}

static int listen_at(struct lxa_daemon *d, char *err, size_t err_len)
{
	struct sockaddr_un addr;
	struct stat st;
	mode_t mask;
	int ret = wire_address(d->socket, &addr);

	if (ret)
		return say(ret, err, err_len, "%s: %s", d->socket, strerror(-ret));
	ret = clear_path(d->socket, err, err_len);
	if (ret)
		return ret;
	d->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->listener < 0)
		return say(-errno, err, err_len, "socket: %s", strerror(errno));
	mask = umask(0777 & ~d->opt.mode);
	ret = bind(d->listener, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	umask(mask);
	if (!ret && (listen(d->listener, 64) || lstat(d->socket, &st)))
		ret = -errno;
	if (ret)
		return say(ret, err, err_len, "%s: %s", d->socket, strerror(-ret));
	d->socket_dev = st.st_dev;
	d->socket_ino = st.st_ino;
	return 0;
}

/* With the folder locked: of two daemons that start at the same time one must not remove the other's new socket. */
static int take_socket(struct lxa_daemon *d, char *err, size_t err_len)
{
	char *dir = strdup(d->socket), *slash;
	int fd, ret;

	if (!dir)
		return -ENOMEM;
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = 0;
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (fd < 0)
		return say(-errno, err, err_len, "folder of %s: %s", d->socket, strerror(errno));
	while (flock(fd, LOCK_EX) && errno == EINTR)
		;
	ret = listen_at(d, err, err_len);
	sys_close(fd);
	return ret;
}

static void leave_socket(struct lxa_daemon *d)
{
	struct stat st;

	if (!lstat(d->socket, &st) && st.st_dev == d->socket_dev && st.st_ino == d->socket_ino)
		unlink(d->socket);
}

/* ---- clients -------------------------------------------------------------------------------------------------------- */

/* May this user ask for high priority? As root, or as whoever started the daemon. */
static bool is_nice(int fd)
{
	struct ucred c;
	socklen_t len = sizeof(c);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &len) && (!c.uid || c.uid == geteuid());
}

static void welcome(struct session *s, int ret, u32 fail_nth, const char *text, const int fds[WIRE_FDS])
{
	struct wire_welcome w = { .magic = WIRE_MAGIC, .ret = ret, .fail_nth = fail_nth };

	snprintf(w.text, sizeof(w.text), "%s", text);
	wire_send_fds(s->control, &w, sizeof(w), fds, ret ? 0 : WIRE_FDS);
}

static void accept_one(struct lxa_daemon *d)
{
	struct session *s;
	int fd = accept4(d->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			d->accept_after_ns = shim_now_ns() + ACCEPT_PAUSE_NS;
		return;
	}
	s = session_create(d, fd);
	if (!s) {
		sys_close(fd);
		return;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	s->nice = is_nice(fd);
	s->hello_by_ns = shim_now_ns() + HELLO_NS;
	list_add_tail(&s->link, &d->sessions);
}

static bool admit(struct session *s)
{
	struct lxa_daemon *d = s->d;

	pthread_mutex_lock(&d->lock);
	s->admitted = d->admitted < d->opt.clients;
	d->admitted += s->admitted;
	d->accepted += s->admitted;
	d->refused += !s->admitted;
	pthread_mutex_unlock(&d->lock);
	return s->admitted;
}

static bool greet(struct session *s)
{
	struct wire_hello hello;
	char text[200] = "";
	int fds[WIRE_FDS], ret;
	ssize_t n = wire_recv(s->control, &hello, sizeof(hello), MSG_TRUNC);

	if (n == -EAGAIN)
		return true;
	if (n != sizeof(hello) || hello.magic != WIRE_MAGIC) {
		if (n > 0)
			session_misbehaved(s);
		return false;
	}
	if (!admit(s)) {
		snprintf(text, sizeof(text), "the daemon has its %u clients", s->d->opt.clients);
		welcome(s, -EBUSY, hello.fail_nth, text, NULL);
		return false;
	}
	session_fail_nth(s, hello.fail_nth);
	ret = session_open(s, (int)hello.flags, text, sizeof(text));
	hello.fail_nth = session_fail_left(s, hello.fail_nth);
	if (!ret) {
		ret = session_channel(s, &fds[WIRE_FD_CHANNEL]);
		if (ret)
			snprintf(text, sizeof(text), "the daemon has no memory, threads or descriptors left");
	}
	if (!ret) {
		fds[WIRE_FD_MEMORY] = shim_arena_fd(s->arena);
		fds[WIRE_FD_READY] = s->sf->user_fd;
	}
	welcome(s, ret, hello.fail_nth, text, fds);
	if (ret)
		return false;
	sys_close(fds[WIRE_FD_CHANNEL]);
	sys_close(s->sf->user_fd);	/* the client has it now */
	s->sf->user_fd = -1;
	return true;
}

static bool one_more_channel(struct session *s)
{
	char byte[8];
	ssize_t n = wire_recv(s->control, byte, sizeof(byte), MSG_TRUNC);
	int32_t answer;
	int fd;

	if (n == -EAGAIN)
		return true;
	if (n != 1) {
		if (n > 0)
			session_misbehaved(s);
		return false;
	}
	answer = session_channel(s, &fd);
	n = wire_send_fds(s->control, &answer, sizeof(answer), &fd, !answer);
	if (!answer)
		sys_close(fd);
	return !n;		/* one that does not take its answers is none of ours */
}

/* False: this client is over. */
static bool serve_control(struct session *s, short revents, u64 now)
{
	if (!s->sf && now >= s->hello_by_ns)
		return false;
	if (!revents)
		return true;
	return s->sf ? one_more_channel(s) : greet(s);
}

/* ---- the loop ------------------------------------------------------------------------------------------------------- */

static bool too_many(struct lxa_daemon *d)
{
	bool ret;

	pthread_mutex_lock(&d->lock);
	ret = d->alive >= d->opt.clients + SPARE;
	pthread_mutex_unlock(&d->lock);
	return ret;
}

static unsigned int fill(struct lxa_daemon *d, struct pollfd *fds, int *timeout_ms)
{
	struct session *s;
	unsigned int n = 2;

	*timeout_ms = -1;
	fds[0] = (struct pollfd) { .fd = d->stop_fd, .events = POLLIN };
	fds[1] = (struct pollfd) { .fd = d->listener, .events = POLLIN };
	if (d->accept_after_ns > shim_now_ns() || too_many(d)) {
		fds[1].fd = -1;
		*timeout_ms = (int)(ACCEPT_PAUSE_NS / 1000000);
	}
	list_for_each_entry(s, &d->sessions, link) {
		fds[n++] = (struct pollfd) { .fd = s->control, .events = POLLIN };
		if (!s->sf && *timeout_ms < 0)
			*timeout_ms = 1000;
	}
	return n;
}

static void serve_all(struct lxa_daemon *d, const struct pollfd *fds)
{
	struct session *s, *next;
	unsigned int n = 2;
	u64 now = shim_now_ns();

	list_for_each_entry_safe(s, next, &d->sessions, link) {
		if (serve_control(s, fds[n++].revents, now))
			continue;
		list_del(&s->link);
		session_end(s);
	}
}

/* What the counter of stop_fd holds: stops above, wakes below. */
#define STOP (1ull << 32)

static void end_all(struct lxa_daemon *d)
{
	struct session *s, *next;

	list_for_each_entry_safe(s, next, &d->sessions, link) {
		list_del(&s->link);
		session_end(s);
	}
	pthread_mutex_lock(&d->lock);
	while (d->alive)
		pthread_cond_wait(&d->none, &d->lock);
	pthread_mutex_unlock(&d->lock);
}

int lxa_daemon_run(struct lxa_daemon *d)
{
	struct pollfd *fds = calloc(d->opt.clients + SPARE + 2, sizeof(*fds));
	unsigned int n;
	u64 told = 0;
	int timeout_ms;

	if (!fds)
		return -ENOMEM;
	while (!told) {
		n = fill(d, fds, &timeout_ms);
		if (poll(fds, n, timeout_ms) < 0)
			continue;	/* EINTR, or for want of memory: the next round may go better */
		serve_all(d, fds);
		if (fds[1].revents)
			accept_one(d);
		if (fds[0].revents && sys_read(d->stop_fd, &told, sizeof(told)) < 0)
			told = 0;
	}
	free(fds);
	if (told < STOP)
		return 1;
	end_all(d);
	return 0;
}

static void tell(struct lxa_daemon *d, u64 what)
{
	if (sys_write(d->stop_fd, &what, sizeof(what)) < 0)
		return;		/* it has been told often enough */
}

void lxa_daemon_stop(struct lxa_daemon *d)
{
	tell(d, STOP);
}

void lxa_daemon_wake(struct lxa_daemon *d)
{
	tell(d, 1);
}

/* ---- life ----------------------------------------------------------------------------------------------------------- */

/* A client takes a handful of descriptors and one a channel: as many as we may have. */
static void raise_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r))
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

static void free_daemon(struct lxa_daemon *d)
{
	if (d->listener >= 0)
		sys_close(d->listener);
	if (d->stop_fd >= 0)
		sys_close(d->stop_fd);
	if (d->device >= 0)
		lxa_close(d->device);
	pthread_rwlock_destroy(&d->mm.lock);
	pthread_mutex_destroy(&d->lock);
	pthread_cond_destroy(&d->none);
	free(d->socket);
	free(d);
}

int lxa_daemon_create(const struct lxa_daemon_options *opt, struct lxa_daemon **out, char *err, size_t err_len)
{
	struct lxa_daemon *d = calloc(1, sizeof(*d));
	int ret = -ENOMEM;

	*out = NULL;
	*err = 0;
	if (!d)
		return ret;
	if (strncmp(opt->device, "sim:", 4) || !opt->clients) {
		free(d);
		return say(-EINVAL, err, err_len, "%s: a daemon serves a simulated device (sim:...) to 1 client or more", opt->device);
	}
	d->opt = *opt;
	d->listener = d->stop_fd = d->device = -1;
	INIT_LIST_HEAD(&d->sessions);
	pthread_rwlock_init(&d->mm.lock, NULL);
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->none, NULL);
	d->socket = strdup(opt->socket);
	if (!d->socket)
		goto err_free;
	raise_limit();
	d->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->stop_fd < 0) {
		ret = say(-errno, err, err_len, "eventfd: %s", strerror(errno));
		goto err_free;
	}
	d->device = lxa_open(opt->device, O_RDWR | O_CLOEXEC);
	if (d->device < 0) {
		ret = say(d->device, err, err_len, "%s: %s", opt->device, lxa_open_error());
		goto err_free;
	}
	shim_dma_limit(opt->memory_bytes);
	ret = take_socket(d, err, err_len);
	if (ret)
		goto err_free;
	*out = d;
	return 0;

err_free:
	free_daemon(d);
	return ret;
}

void lxa_daemon_destroy(struct lxa_daemon *d)
{
	if (!d)
		return;
	leave_socket(d);
	free_daemon(d);
}

void lxa_daemon_counters(struct lxa_daemon *d, struct lxa_daemon_counters *c)
{
	u64 bytes;

	memset(c, 0, sizeof(*c));
	shim_dma_usage(&bytes, &c->buffers);
	c->buffer_bytes = bytes;
	c->things = shim_track_count();
	pthread_mutex_lock(&d->lock);
	c->clients = d->alive;
	c->calls = d->calls;
	c->accepted = d->accepted;
	c->refused = d->refused;
	c->misbehaved = d->misbehaved;
	c->copied_bytes = d->copied;
	pthread_mutex_unlock(&d->lock);
}
