// SPDX-License-Identifier: MIT
/*
 * The table of faults through a daemon: hosts one, answers at a second socket for the simulator and the driver's parameters
 * (tests/kselftest/lxa_control.h), and runs the program of the table as its client.
 *   faults ENGINE PROGRAM PRELOAD-LIBRARY      exit code: the program's
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../driver/daemon/lxa_daemon.h"
#include "lxa_shim.h"

static char folder[] = "/tmp/lxa-faults-XXXXXX";
static char device[32], socket_path[64], control_path[64];
static int control_fd = -1;

static void *serve(void *arg)
{
	lxa_daemon_run(arg);
	return NULL;
}

/* A line for a line, until the other end has gone. */
static void *answer(void *arg)
{
	int dev = lxa_open(device, O_RDWR | O_CLOEXEC);
	FILE *f = fdopen((int)(intptr_t)arg, "r+");
	char line[256], reply[256];

	if (dev < 0 || !f)
		return NULL;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\r\n")] = 0;
		lxa_shim_control(dev, line, reply, sizeof(reply));
		dprintf(fileno(f), "%s\n", reply);
		/* The device has left this file, too; the next caller binds it again. */
		if (!strcmp(line, "unbind")) {
			lxa_close(dev);
			dev = lxa_open(device, O_RDWR | O_CLOEXEC);
		}
	}
	fclose(f);
	lxa_close(dev);
	return NULL;
}

static void *accept_control(void *arg)
{
	pthread_t t;
	int fd;

	while ((fd = accept4(control_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		if (!pthread_create(&t, NULL, answer, (void *)(intptr_t)fd))
			pthread_detach(t);
	return NULL;
}

static int listen_at(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof(a)) && !listen(fd, 16) ? fd : -1;
}

static int run_client(const char *program, const char *preload)
{
	char dev[80];
	int status;
	pid_t pid;

	snprintf(dev, sizeof(dev), "unix:%s", socket_path);
	pid = fork();
	if (!pid) {
		setenv("LXA_DEVICE", dev, 1);
		setenv("LXA_CONTROL", control_path, 1);
		setenv("LD_PRELOAD", preload, 1);
		execl(program, program, (char *)NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	struct lxa_daemon_options opt = { .socket = socket_path, .device = device, .clients = 64, .memory_bytes = 1ull << 30,
					  .mode = 0600, .control = 1 };
	struct lxa_daemon *d;
	pthread_t server, control;
	char err[256];
	int ret;

	if (argc != 4 || !mkdtemp(folder))
		return 2;
	signal(SIGPIPE, SIG_IGN);
	snprintf(device, sizeof(device), "sim:%s", argv[1]);
	snprintf(socket_path, sizeof(socket_path), "%s/lxa", folder);
	snprintf(control_path, sizeof(control_path), "%s/control", folder);
	control_fd = listen_at(control_path);
	if (control_fd < 0 || lxa_daemon_create(&opt, &d, err, sizeof(err))) {
		fprintf(stderr, "faults: %s\n", control_fd < 0 ? strerror(errno) : err);
		return 1;
	}
	pthread_create(&server, NULL, serve, d);
	pthread_create(&control, NULL, accept_control, NULL);
	ret = run_client(argv[2], argv[3]);
	lxa_daemon_stop(d);
	pthread_join(server, NULL);
	lxa_daemon_destroy(d);
	shutdown(control_fd, SHUT_RDWR);
	pthread_join(control, NULL);
	unlink(control_path);
	rmdir(folder);
	for (int i = 0; i < 200 && lxa_shim_exit() == -EBUSY; i++)
		usleep(10000);		/* the last lines of control */
	return ret;
}
