// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The door: lxa_open() and its companions, to the kernel's driver by system call or to the one in this process. */
#include "shim.h"
#include "lxa_shim.h"
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static __thread char open_error[256];

const char *lxa_open_error(void)
{
	return open_error;
}

static int fail(int ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int fail(int ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(open_error, sizeof(open_error), fmt, ap);
	va_end(ap);
	return ret;
}

/* ---- the path ---------------------------------------------------------------------------------------------------- */

static int set_param(const char *key, const char *value)
{
	char *end;
	long n;
	int ret;

	errno = 0;
	n = strtol(value, &end, 0);
	if (errno || !*value || *end)
		return fail(-EINVAL, "option %s=%s: not a number", key, value);
	ret = lxa_shim_param_set(key, n);
	if (ret)
		return fail(-EINVAL, "option %s=%s: %s", key, value,
			    ret == -ENOENT ? "no such option (dtb, log, wave, nr, or a module parameter)" : "out of range");
	return 0;
}

static int set_option(struct host_options *opt, char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		return fail(-EINVAL, "option \"%s\" has no value", word);
	*value++ = 0;
	if (!strcmp(word, "dtb"))
		opt->dtb = value;
	else if (!strcmp(word, "log"))
		opt->log = value;
	else if (!strcmp(word, "wave"))
		opt->wave = value;
	else if (!strcmp(word, "nr"))
		return 0;	/* it has done its work: the path is another */
	else
		return set_param(word, value);
	return 0;
}

/* The device of a path that is known is opened as it is; else the options are read and it is made. */
int shim_open_sim(const char *path, int flags, struct shim_file **out)
{
	struct host_options opt = { 0 };
	char *words = strdup(path + 4), *save = NULL, *word;
	int ret = 0;

	if (!words)
		return -ENOMEM;
	opt.engine = strtok_r(words, ",", &save);
	if (!opt.engine || (strcmp(opt.engine, "rtl") && strcmp(opt.engine, "model"))) {
		ret = fail(-ENOENT, "%s: no such engine: sim:rtl or sim:model", path);
		goto out;
	}
	if (!shim_known(path))
		while (!ret && (word = strtok_r(NULL, ",", &save)))
			ret = set_option(&opt, word);
	if (!ret)
		ret = shim_open(path, &opt, flags, out, open_error, sizeof(open_error));
out:
	free(words);
	return ret;
}

int lxa_open(const char *path, int flags)
{
	struct shim_file *sf;
	int fd;

	open_error[0] = 0;
	if (!strncmp(path, "sim:", 4)) {
		fd = shim_open_sim(path, flags, &sf);
		return fd ? fd : shim_fd_make(sf, flags);
	}
	if (!strncmp(path, "unix:", 5))
		return shim_client_open(path + 5, flags, open_error, sizeof(open_error));
	fd = open(path, flags);
	return fd < 0 ? fail(-errno, "%s: %s", path, strerror(errno)) : fd;
}

/* ---- calls on a file of ours (calls.h; the preload library uses them, too) ------------------------------------------ */

/* The kernel would turn these into EINTR or a restart before user space sees them. */
static long to_user(long ret)
{
	return ret == -ERESTARTSYS ? -EINTR : ret == -ENOIOCTLCMD ? -ENOTTY : ret;
}

/* fcntl() may have changed O_NONBLOCK on the descriptor. */
static void refresh_flags(struct shim_file *sf)
{
	unsigned int was = READ_ONCE(sf->f.f_flags), flags = was & ~(unsigned int)O_NONBLOCK;
	int now = sf->clear_fd < 0 ? -1 : fcntl(sf->clear_fd, F_GETFL);

	if (now < 0)
		return;
	flags |= (unsigned int)now & O_NONBLOCK;
	if (flags != was)
		WRITE_ONCE(sf->f.f_flags, flags);
}

int shim_do_ioctl(struct shim_file *sf, unsigned long cmd, void *arg)
{
	if (sf->dead)
		return -ENODEV;
	return (int)to_user(sf->f.f_op->unlocked_ioctl(&sf->f, (unsigned int)cmd, (unsigned long)arg));
}

ssize_t shim_do_read(struct shim_file *sf, void *buf, size_t len)
{
	loff_t pos = 0;
	ssize_t ret;

	if (sf->dead)
		return -ENODEV;
	if ((sf->f.f_flags & O_ACCMODE) == O_WRONLY)
		return -EBADF;
	if (!sf->f.f_op->read)
		return -EINVAL;
	refresh_flags(sf);
	ret = to_user(sf->f.f_op->read(&sf->f, buf, len, &pos));
	if (sf->poll)
		shim_poll_sync(sf);
	return ret;
}

void *shim_do_mmap(void *addr, size_t len, int prot, int flags, struct shim_file *sf, uint64_t off, int *error)
{
	if (!sf->dead)
		return shim_mmap(addr, len, prot, flags, sf, off, error);
	*error = -ENODEV;
	return MAP_FAILED;
}

/* Which of fds are ours: held until poll_put(). Returns how many. */
static nfds_t poll_get(const struct pollfd *fds, nfds_t n, struct shim_file **ours)
{
	nfds_t found = 0;

	for (nfds_t i = 0; i < n; i++) {
		ours[i] = shim_fget(fds[i].fd);
		found += !!ours[i];
	}
	return found;
}

static unsigned int wanted(const struct pollfd *fd)
{
	return (unsigned int)fd->events | POLLERR | POLLHUP;
}

/*
 * One round: bring our descriptors up to date, poll, then let the driver say what is ready. One of ours is readable for what
 * this caller may not have asked for, too: it is then left out, and looked at again after a moment. One of a process that
 * forked is ready at once.
 */
static int poll_round(struct pollfd *fds, struct pollfd *real, nfds_t n, struct shim_file **ours,
		      const struct timespec *timeout, const sigset_t *mask)
{
	static const struct timespec at_once = { 0, 0 }, moment = { 0, 10000000 };
	int ready = 0, ret;
	unsigned int now;

	for (nfds_t i = 0; i < n; i++) {
		real[i] = fds[i];
		if (!ours[i])
			continue;
		real[i].events = POLLIN;
		if (ours[i]->dead) {
			timeout = &at_once;
			continue;
		}
		now = shim_poll_sync(ours[i]);
		if (!now || (now & wanted(&fds[i])))
			continue;
		real[i].fd = -1;
		if (!timeout || timeout->tv_sec || timeout->tv_nsec > moment.tv_nsec)
			timeout = &moment;
	}
	ret = sys_poll(real, n, timeout, mask);
	if (ret < 0)
		return -errno;
	for (nfds_t i = 0; i < n; i++) {
		fds[i].revents = real[i].revents;
		if (ours[i])
			fds[i].revents = ours[i]->dead ? POLLERR :
				(short)(shim_poll_sync(ours[i]) & wanted(&fds[i]));
		ready += !!fds[i].revents;
	}
	return ready;
}

int shim_do_poll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	struct shim_file **ours = calloc(n ? n : 1, sizeof(*ours));
	struct pollfd *real = calloc(n ? n : 1, sizeof(*real));
	u64 end = 0, now;
	struct timespec left;
	int ret = -ENOMEM;

	if (!ours || !real)
		goto out;
	poll_get(fds, n, ours);
	if (timeout)
		end = shim_now_ns() + (u64)timeout->tv_sec * 1000000000u + (u64)timeout->tv_nsec;
	do {
		now = shim_now_ns();
		left = shim_timespec(end > now ? end - now : 0);
		ret = poll_round(fds, real, n, ours, timeout ? &left : NULL, mask);
	} while (!ret && (!timeout || shim_now_ns() < end));
	for (nfds_t i = 0; i < n; i++)
		if (ours[i])
			shim_fput(ours[i]);
out:
	free(ours);
	free(real);
	return ret;
}

/* ---- the door ---------------------------------------------------------------------------------------------------------- */

int lxa_ioctl(int fd, unsigned long cmd, void *arg)
{
	struct shim_file *sf = shim_fget(fd);
	int ret;

	if (!sf) {
		ret = ioctl(fd, cmd, arg);
		return ret < 0 ? -errno : ret;
	}
	ret = shim_do_ioctl(sf, cmd, arg);
	shim_fput(sf);
	return ret;
}

int lxa_mmap(int fd, uint64_t offset, size_t len, int prot, void **out)
{
	struct shim_file *sf = shim_fget(fd);
	int ret = 0;

	if (sf) {
		*out = shim_do_mmap(NULL, len, prot, MAP_SHARED, sf, offset, &ret);
		shim_fput(sf);
		return ret;
	}
	*out = mmap(NULL, len, prot, MAP_SHARED, fd, (off_t)offset);
	return *out == MAP_FAILED ? -errno : 0;
}

int lxa_munmap(void *addr, size_t len)
{
	int ret = 0;

	if (shim_munmap(addr, len, &ret))
		return ret;
	return munmap(addr, len) ? -errno : 0;
}

int lxa_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct timespec ts = shim_timespec((u64)(timeout_ms < 0 ? 0 : timeout_ms) * 1000000u);

	return shim_do_poll(fds, n, timeout_ms < 0 ? NULL : &ts, NULL);
}

ssize_t lxa_read(int fd, void *buf, size_t len)
{
	struct shim_file *sf = shim_fget(fd);
	ssize_t ret;

	if (!sf) {
		ret = read(fd, buf, len);
		return ret < 0 ? -errno : ret;
	}
	ret = shim_do_read(sf, buf, len);
	shim_fput(sf);
	return ret;
}

int lxa_dup(int fd)
{
	int copy = sys_dup_cloexec(fd), ret;

	if (copy < 0)
		return -errno;
	ret = shim_fd_dup(fd, copy);
	if (!ret)
		return copy;
	sys_close(copy);
	return ret;
}

int lxa_close(int fd)
{
	shim_fd_forget(fd);
	return sys_close(fd) ? -errno : 0;
}

/* ---- for tests ------------------------------------------------------------------------------------------------------------ */

struct lxa_sim *lxa_shim_sim(int fd)
{
	struct shim_file *sf = shim_fget(fd);
	struct lxa_sim *sim = NULL;

	if (!sf)
		return NULL;
	if (!sf->dead && sf->dev)
		sim = host_sim(sf->dev->host);
	shim_fput(sf);
	return sim;
}

static int on_device(int fd, int (*fn)(struct shim_dev *sd))
{
	struct shim_file *sf = shim_fget(fd);
	int ret;

	if (!sf)
		return -ENOTTY;
	ret = sf->dead ? -ENODEV : sf->dev ? fn(sf->dev) : -ENOTTY;
	shim_fput(sf);
	return ret;
}

int lxa_shim_unbind(int fd)
{
	return on_device(fd, shim_unbind);
}

int lxa_shim_shutdown(int fd)
{
	return on_device(fd, shim_shutdown);
}
