/* SPDX-License-Identifier: MIT */
/* serve.c - the socket, and a thread and a simulated device for each guest that connects to it. */
#include "serve.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lxa_sim.h"
#include "pcidev.h"
#include "vhost_user.h"

struct server {
	const struct lxa_serve *opt;
	int sock;
	unsigned int number;		/* of the last guest */

	pthread_mutex_t lock;
	pthread_cond_t idle;
	unsigned int guests;		/* threads that are left */
};

struct guest {
	struct server *srv;
	int sock;
	unsigned int number;
	struct lxa_sim *sim;
	struct pcidev dev;
};

static int say(char *err, size_t err_len, int ret, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static int say(char *err, size_t err_len, int ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, err_len, fmt, ap);
	va_end(ap);
	return ret;
}

/* ---- one guest ----------------------------------------------------------------------------------------------------------- */

static int make_sim(const struct lxa_serve *opt, struct lxa_sim **sim, char *err, size_t err_len)
{
	int ret = lxa_sim_create(opt->dtb, opt->dtb_len, sim, err, err_len);

	if (ret || !opt->log)
		return ret;
	ret = lxa_sim_trace(*sim, NULL, opt->log, 0, 0);
	if (!ret)
		return 0;
	lxa_sim_destroy(*sim);
	return say(err, err_len, ret, "log %s: %s", opt->log, strerror(-ret));
}

static void report(const struct guest *g, int ret, const char *why)
{
	FILE *f = g->srv->opt->out;
	struct lxa_sim_stats st;

	if (!f)
		return;
	lxa_sim_stats(g->sim, &st);
	fprintf(f, "guest %u %s%s: %llu jobs, %llu cycles, %llu register reads, %llu writes, %llu interrupts, %llu bus errors\n",
		g->number, ret == -EINTR ? "left alone" : ret ? "refused: " : "has gone", ret && ret != -EINTR ? why : "",
		(unsigned long long)st.jobs, (unsigned long long)st.cycles, (unsigned long long)g->dev.count.reads,
		(unsigned long long)g->dev.count.writes, (unsigned long long)g->dev.count.msis, (unsigned long long)st.bus_errors);
	fflush(f);
}

static void *guest_thread(void *arg)
{
	struct guest *g = arg;
	struct server *srv = g->srv;
	char err[256];
	int ret;

	ret = vhost_user_session(g->sock, srv->opt->stop_fd, &g->dev, err, sizeof(err));
	report(g, ret, err);
	/* The device goes first: its thread may be in the middle of guest memory, or of an interrupt. */
	lxa_sim_stop(g->sim);
	pcidev_destroy(&g->dev);
	lxa_sim_destroy(g->sim);
	close(g->sock);
	free(g);
	pthread_mutex_lock(&srv->lock);
	srv->guests--;
	pthread_cond_signal(&srv->idle);
	pthread_mutex_unlock(&srv->lock);
	return NULL;
}

static int start_guest(struct server *srv, int sock, char *err, size_t err_len)
{
	struct guest *g = calloc(1, sizeof(*g));
	pthread_t thread;
	int ret;

	if (!g) {
		close(sock);
		return say(err, err_len, -ENOMEM, "out of memory");
	}
	g->srv = srv;
	g->sock = sock;
	g->number = ++srv->number;
	ret = make_sim(srv->opt, &g->sim, err, err_len);
	if (ret)
		goto free_guest;
	ret = pcidev_init(&g->dev, g->sim);
	if (ret) {
		lxa_sim_destroy(g->sim);
		say(err, err_len, ret, "eventfd: %s", strerror(-ret));
		goto free_guest;
	}
	pthread_mutex_lock(&srv->lock);
	srv->guests++;
	pthread_mutex_unlock(&srv->lock);
	ret = pthread_create(&thread, NULL, guest_thread, g);
	if (ret) {
		ret = say(err, err_len, -ret, "cannot start a thread: %s", strerror(ret));
		goto destroy_sim;
	}
	pthread_detach(thread);
	return 0;

destroy_sim:
	pthread_mutex_lock(&srv->lock);
	srv->guests--;
	pthread_mutex_unlock(&srv->lock);
	pcidev_destroy(&g->dev);
	lxa_sim_destroy(g->sim);
free_guest:
	close(sock);
	free(g);
	return ret;
}

static void wait_idle(struct server *srv)
{
	pthread_mutex_lock(&srv->lock);
	while (srv->guests)
		pthread_cond_wait(&srv->idle, &srv->lock);
	pthread_mutex_unlock(&srv->lock);
}

/* ---- the socket ------------------------------------------------------------------------------------------------------------ */

/* A socket that nobody listens on is left over from a server that died; one that answers is in use. */
static int clear_path(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)a, sizeof(*a)))
		ret = -EADDRINUSE;
	else if (errno == ECONNREFUSED)
		unlink(a->sun_path);
	close(fd);
	return ret;
}

static int listen_on(const char *path, int *sock, char *err, size_t err_len)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int ret;

	if (strlen(path) >= sizeof(a.sun_path))
		return say(err, err_len, -ENAMETOOLONG, "%s: a socket's path has at most %zu bytes", path, sizeof(a.sun_path) - 1);
	strcpy(a.sun_path, path);
	ret = clear_path(&a);
	if (ret)
		return say(err, err_len, ret, "%s: %s", path, ret == -EADDRINUSE ? "another server has it" : strerror(-ret));
	*sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*sock < 0)
		return say(err, err_len, -errno, "socket: %s", strerror(errno));
	if (bind(*sock, (struct sockaddr *)&a, sizeof(a)) || listen(*sock, 16)) {
		ret = -errno;
		close(*sock);
		return say(err, err_len, ret, "%s: %s", path, strerror(-ret));
	}
	return 0;
}

/* 1: a connection is there, 0: time to stop. */
static int wait_guest(struct server *srv)
{
	struct pollfd p[2] = { { .fd = srv->sock, .events = POLLIN }, { .fd = srv->opt->stop_fd, .events = POLLIN } };

	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return 0;
	return !p[1].revents;
}

static int serve_guests(struct server *srv, char *err, size_t err_len)
{
	int sock, ret;

	while (wait_guest(srv)) {
		sock = accept4(srv->sock, NULL, NULL, SOCK_CLOEXEC);
		if (sock < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (sock < 0)
			return say(err, err_len, -errno, "accept: %s", strerror(errno));
		ret = start_guest(srv, sock, err, err_len);
		if (ret)
			return ret;
		if (srv->opt->once)
			break;
	}
	return 0;
}

int lxa_serve(const struct lxa_serve *opt, char *err, size_t err_len)
{
	struct server srv = { .opt = opt, .lock = PTHREAD_MUTEX_INITIALIZER, .idle = PTHREAD_COND_INITIALIZER };
	struct lxa_sim *sim;
	int ret;

	/* A tree or a log that does not work is the user's first news, not the first guest's. */
	ret = make_sim(opt, &sim, err, err_len);
	if (ret)
		return ret;
	ret = listen_on(opt->path, &srv.sock, err, err_len);
	if (ret) {
		lxa_sim_destroy(sim);
		return ret;
	}
	signal(SIGPIPE, SIG_IGN);	/* a guest that dies leaves a pipe without a reader */
	if (opt->out) {
		fprintf(opt->out, "serving PCI function %04x:%04x (LXA, engine %s) on vhost-user socket %s\n", PCI_VENDOR, PCI_DEVICE,
			lxa_sim_engine(sim) == LXA_SIM_RTL ? "rtl" : "model", opt->path);
		fflush(opt->out);
	}
	lxa_sim_destroy(sim);
	ret = serve_guests(&srv, err, err_len);
	unlink(opt->path);
	wait_idle(&srv);
	close(srv.sock);
	return ret;
}
