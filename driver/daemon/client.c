// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A file of the daemon's, as file operations of the shim: every call is a message, but memory is mapped from the
 * descriptor that the daemon has handed over, once. Each call under way has a channel to itself, so that a thread that
 * waits holds nobody up; idle channels are kept.
 */
#include <linux/uaccess.h>

#include "shim.h"
#include "lxa_shim.h"
#include "wire.h"
#include "../uapi/lxa.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CLOSE_WAIT_S 10		/* for the daemon to have released everything; it does so in any case */

struct channel {
	struct channel *next_idle, *next;
	int fd;
	bool long_waits;
	size_t room;
	char *buf;
};

struct client {
	struct client *next;
	int control, memory;
	pthread_mutex_t control_lock;	/* one question at a time */
	struct address_space mapping;	/* of our own mappings */
	uint32_t unmaps;		/* atomic: as the daemon said last */
	struct channel *channels, *idle;	/* guarded by lock */
};

/* Also held over a fork(): the child closes all of these. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct client *clients;

/* ---- channels ------------------------------------------------------------------------------------------------------- */

static void channel_free(struct channel *ch)
{
	sys_close(ch->fd);
	free(ch->buf);
	free(ch);
}

static int room_for(struct channel *ch, size_t size)
{
	char *more;

	if (size <= ch->room)
		return 0;
	more = realloc(ch->buf, size);
	if (!more)
		return -ENOMEM;
	ch->buf = more;
	ch->room = size;
	return 0;
}

static int channel_new(struct client *cl, int fd, struct channel **out)
{
	struct channel *ch = calloc(1, sizeof(*ch));

	if (!ch || room_for(ch, 4096)) {
		free(ch);
		sys_close(fd);
		return -ENOMEM;
	}
	ch->fd = fd;
	pthread_mutex_lock(&lock);
	ch->next = cl->channels;
	cl->channels = ch;
	pthread_mutex_unlock(&lock);
	*out = ch;
	return 0;
}

static int channel_ask(struct client *cl, struct channel **out)
{
	int32_t answer = -ENODEV;
	ssize_t n;
	int fd = -1, ret;

	pthread_mutex_lock(&cl->control_lock);
	ret = wire_send(cl->control, "", 1);
	n = ret ? ret : wire_recv_fds(cl->control, &answer, sizeof(answer), &fd, 1);
	pthread_mutex_unlock(&cl->control_lock);
	if (n != sizeof(answer) || (!answer && fd < 0))
		answer = -ENODEV;
	if (!answer)
		return channel_new(cl, fd, out);
	if (fd >= 0)
		sys_close(fd);
	return answer;
}

static int channel_get(struct client *cl, struct channel **out)
{
	pthread_mutex_lock(&lock);
	*out = cl->idle;
	if (*out)
		cl->idle = (*out)->next_idle;
	pthread_mutex_unlock(&lock);
	return *out ? 0 : channel_ask(cl, out);
}

static void channel_put(struct client *cl, struct channel *ch)
{
	pthread_mutex_lock(&lock);
	ch->next_idle = cl->idle;
	cl->idle = ch;
	pthread_mutex_unlock(&lock);
}

/* ---- a call --------------------------------------------------------------------------------------------------------- */

/* Append what of the caller's memory can be read: the driver finds out by itself when there is too little. */
static int add_part(struct channel *ch, const void *from, size_t len)
{
	struct wire_call *call = (struct wire_call *)ch->buf;
	size_t at = sizeof(*call) + call->bytes;
	struct wire_part part = { .addr = (uintptr_t)from, .len = len };
	int ret = room_for(ch, at + sizeof(part) + len);

	if (ret)
		return ret;
	call = (struct wire_call *)ch->buf;
	part.len -= copy_from_user(ch->buf + at + sizeof(part), from, len);
	memcpy(ch->buf + at, &part, sizeof(part));
	call->parts++;
	call->bytes += (uint32_t)(sizeof(part) + part.len);
	return 0;
}

static struct wire_call *call_begin(struct channel *ch, enum wire_op op, uint64_t a, uint64_t b)
{
	struct wire_call *call = (struct wire_call *)ch->buf;

	*call = (struct wire_call) { .magic = WIRE_MAGIC, .op = op, .arg = { a, b } };
	return call;
}

/* The whole reply is then in buf. */
static int receive(struct channel *ch)
{
	size_t got = 0, want = sizeof(struct wire_reply);
	ssize_t n;
	int ret;

	do {
		n = wire_recv_soon(ch->fd, ch->buf + got, ch->room - got, &ch->long_waits);
		if (n <= 0)
			return -ENODEV;
		got += (size_t)n;
		if (got >= sizeof(struct wire_reply))
			want = sizeof(struct wire_reply) + ((struct wire_reply *)ch->buf)->bytes;
		if (want > sizeof(struct wire_reply) + WIRE_BYTES_MAX)
			return -ENODEV;
		ret = room_for(ch, want);
		if (ret)
			return ret;
	} while (got < want);
	return got == want ? 0 : -ENODEV;
}

/* What the driver wrote. */
static int write_parts(const struct channel *ch)
{
	const struct wire_reply *r = (const struct wire_reply *)ch->buf;
	size_t at = sizeof(*r), end = sizeof(*r) + r->bytes;
	struct wire_part part;

	for (uint32_t i = 0; i < r->parts; i++) {
		if (end - at < sizeof(part))
			return -EIO;
		memcpy(&part, ch->buf + at, sizeof(part));
		at += sizeof(part);
		if (end - at < part.len)
			return -EIO;
		if (copy_to_user((void *)(uintptr_t)part.addr, ch->buf + at, part.len))
			return -EFAULT;
		at += part.len;
	}
	return 0;
}

/* The message, then the answer. Without one the daemon, or this file of it, has gone. Failing allocations go along (wire.h). */
static int exchange(struct channel *ch)
{
	struct wire_call *call = (struct wire_call *)ch->buf;
	unsigned int fail_nth = lxa_shim_fail_nth(0);
	int ret = -ENODEV;

	call->fail_nth = fail_nth;
	if (!wire_send(ch->fd, ch->buf, sizeof(*call) + call->bytes))
		ret = receive(ch);
	if (!ret)
		fail_nth = ((const struct wire_reply *)ch->buf)->fail_nth;
	lxa_shim_fail_nth(fail_nth);
	return ret;
}

static long call_finish(struct channel *ch, struct wire_reply *reply)
{
	int ret = exchange(ch);

	if (ret)
		return ret;
	*reply = *(struct wire_reply *)ch->buf;
	ret = write_parts(ch);
	return ret ? ret : reply->ret;
}

/* What the device has lost with its driver, the program loses, too: here at its next call. */
static void follow_unmaps(struct client *cl, const struct wire_reply *reply)
{
	uint32_t was = __atomic_exchange_n(&cl->unmaps, reply->unmaps, __ATOMIC_RELAXED);

	if (was != reply->unmaps)
		unmap_mapping_range(&cl->mapping, 0, 0, 1);
}

static long simple_call(struct client *cl, enum wire_op op, uint64_t a, uint64_t b)
{
	struct wire_reply reply;
	struct channel *ch;
	long ret = channel_get(cl, &ch);

	if (ret)
		return ret;
	call_begin(ch, op, a, b);
	ret = call_finish(ch, &reply);
	channel_put(cl, ch);
	return ret;
}

/* ---- file operations ------------------------------------------------------------------------------------------------ */

static struct client *client_of(struct file *file)
{
	return file->private_data;
}

/*
 * The struct says its size first, and that many bytes are sent, however often another thread changes them meanwhile. Of one
 * longer than a page the size is enough: the driver refuses it.
 */
static int add_struct(struct channel *ch, const void *arg)
{
	uint32_t size;
	int ret;

	if (copy_from_user(&size, arg, sizeof(size)))
		return 0;
	ret = add_part(ch, arg, size < sizeof(size) || size > PAGE_SIZE ? sizeof(size) : size);
	if (!ret && ((struct wire_call *)ch->buf)->bytes >= sizeof(struct wire_part) + sizeof(size))
		memcpy(ch->buf + sizeof(struct wire_call) + sizeof(struct wire_part), &size, sizeof(size));
	return ret;
}

/* The one array that the driver reads. */
static int add_jobs(struct channel *ch)
{
	size_t at = sizeof(struct wire_call) + sizeof(struct wire_part);
	struct lxa_submit s;
	uint64_t bytes;

	if (((struct wire_call *)ch->buf)->bytes < sizeof(struct wire_part) + offsetofend(struct lxa_submit, jobs))
		return 0;
	memcpy(&s, ch->buf + at, offsetofend(struct lxa_submit, jobs));
	bytes = (uint64_t)s.job_count * s.job_stride;
	if (bytes > WIRE_BYTES_MAX - 2 * (sizeof(struct wire_part) + PAGE_SIZE))
		return 0;		/* more than a call may have: refused before the driver reads it */
	return add_part(ch, (const void *)(uintptr_t)s.jobs, bytes);
}

static long client_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct client *cl = client_of(file);
	struct wire_reply reply;
	struct channel *ch;
	long ret = channel_get(cl, &ch);

	if (ret)
		return ret;
	call_begin(ch, WIRE_IOCTL, cmd, arg);
	ret = add_struct(ch, (const void *)arg);
	if (!ret && cmd == LXA_IOCTL_SUBMIT)
		ret = add_jobs(ch);
	if (!ret) {
		reply.unmaps = cl->unmaps;
		ret = call_finish(ch, &reply);
		follow_unmaps(cl, &reply);
	}
	channel_put(cl, ch);
	return ret;
}

/* The records that an answer brings have left the daemon: there must be room for them. */
static ssize_t client_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	len = min_t(size_t, len, WIRE_READ_MAX);
	if (len >= sizeof(struct lxa_event) && !shim_user_writable(buf, len))
		return -EFAULT;
	return simple_call(client_of(file), WIRE_READ, (uintptr_t)buf, len);
}

static __poll_t client_poll(struct file *file, struct poll_table_struct *pt)
{
	long ret = simple_call(client_of(file), WIRE_POLL, 0, 0);

	return ret < 0 ? EPOLLERR | EPOLLHUP : (__poll_t)ret;
}

static void client_vm_open(struct vm_area_struct *vma)
{
	simple_call(client_of(vma->vm_file), WIRE_VMA_OPEN, (uintptr_t)vma->vm_private_data, 0);
}

static void client_vm_close(struct vm_area_struct *vma)
{
	simple_call(client_of(vma->vm_file), WIRE_VMA_CLOSE, (uintptr_t)vma->vm_private_data, 0);
}

static const struct vm_operations_struct client_vm_ops = {
	.open = client_vm_open,
	.close = client_vm_close,
};

static int map_memory(const struct client *cl, const struct vm_area_struct *vma, uint64_t off)
{
	int prot = (vma->vm_flags & VM_READ ? PROT_READ : 0) | (vma->vm_flags & VM_WRITE ? PROT_WRITE : 0);

	return sys_mmap((void *)vma->vm_start, vma->vm_end - vma->vm_start, prot, MAP_SHARED | MAP_FIXED, cl->memory,
			(off_t)off) == MAP_FAILED ? -EAGAIN : 0;
}

static int client_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct client *cl = client_of(file);
	struct wire_reply reply;
	struct wire_call *call;
	struct channel *ch;
	int ret = channel_get(cl, &ch);

	if (ret)
		return ret;
	call = call_begin(ch, WIRE_MMAP, vma->vm_start, vma->vm_end - vma->vm_start);
	call->arg[2] = vma->vm_pgoff;
	call->arg[3] = vma->vm_flags;
	ret = (int)call_finish(ch, &reply);
	channel_put(cl, ch);
	if (ret)
		return ret;
	vma->vm_private_data = (void *)(uintptr_t)reply.val[1];
	vma->vm_flags = reply.val[2];
	vma->vm_ops = &client_vm_ops;
	ret = map_memory(cl, vma, reply.val[0]);
	if (ret)
		simple_call(cl, WIRE_VMA_CLOSE, reply.val[1], 0);
	return ret;
}

/* As in the kernel, all has gone when close() returns: the daemon closes its side then. */
static void wait_for_release(const struct client *cl)
{
	const struct timeval limit = { .tv_sec = CLOSE_WAIT_S };
	char c;

	shutdown(cl->control, SHUT_WR);
	setsockopt(cl->control, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	wire_recv(cl->control, &c, 1, 0);
}

static void client_free(struct client *cl)
{
	struct client **at;
	struct channel *ch;

	pthread_mutex_lock(&lock);
	for (at = &clients; *at && *at != cl; at = &(*at)->next)
		;
	if (*at)
		*at = cl->next;
	pthread_mutex_unlock(&lock);
	while ((ch = cl->channels)) {
		cl->channels = ch->next;
		channel_free(ch);
	}
	if (cl->memory >= 0)
		sys_close(cl->memory);
	sys_close(cl->control);
	free(cl);
}

static int client_release(struct inode *inode, struct file *file)
{
	struct client *cl = client_of(file);

	wait_for_release(cl);
	client_free(cl);
	return 0;
}

static const struct file_operations client_fops = {
	.read = client_read,
	.poll = client_poll,
	.unlocked_ioctl = client_ioctl,
	.mmap = client_mmap,
	.release = client_release,
};

/* ---- open ----------------------------------------------------------------------------------------------------------- */

static int greet(struct client *cl, int flags, int fds[WIRE_FDS], char *err, size_t err_len)
{
	unsigned int fail_nth = lxa_shim_fail_nth(0);
	struct wire_hello hello = { .magic = WIRE_MAGIC, .flags = (uint32_t)flags, .fail_nth = fail_nth };
	struct wire_welcome answer;
	int ret = wire_send(cl->control, &hello, sizeof(hello));
	ssize_t n = ret ? ret : wire_recv_fds(cl->control, &answer, sizeof(answer), fds, WIRE_FDS);

	if (n != sizeof(answer) || answer.magic != WIRE_MAGIC) {
		lxa_shim_fail_nth(fail_nth);
		snprintf(err, err_len, "no answer from an LXA daemon of this version");
		return -EPROTO;
	}
	lxa_shim_fail_nth(answer.fail_nth);
	answer.text[sizeof(answer.text) - 1] = 0;
	if (answer.ret)
		snprintf(err, err_len, "%s", answer.text);
	else if (fds[WIRE_FD_MEMORY] < 0 || fds[WIRE_FD_READY] < 0 || fds[WIRE_FD_CHANNEL] < 0)
		return -EPROTO;
	return answer.ret;
}

static int client_connect(const char *socket, int flags, struct client **out, int *ready, char *err, size_t err_len)
{
	int fds[WIRE_FDS] = { -1, -1, -1 }, ret;
	struct client *cl = calloc(1, sizeof(*cl));
	struct channel *ch;

	if (!cl)
		return -ENOMEM;
	cl->memory = -1;
	pthread_mutex_init(&cl->control_lock, NULL);
	cl->control = wire_connect(socket);
	if (cl->control < 0) {
		ret = cl->control;
		snprintf(err, err_len, "%s: %s%s", socket, strerror(-ret),
			 ret == -ECONNREFUSED ? " (no daemon is running there)" : "");
		free(cl);
		return ret;
	}
	pthread_mutex_lock(&lock);
	cl->next = clients;
	clients = cl;
	pthread_mutex_unlock(&lock);
	ret = greet(cl, flags, fds, err, err_len);
	if (ret)
		goto close_fds;
	cl->memory = fds[WIRE_FD_MEMORY];
	fds[WIRE_FD_MEMORY] = -1;
	ret = channel_new(cl, fds[WIRE_FD_CHANNEL], &ch);
	fds[WIRE_FD_CHANNEL] = -1;
	if (ret)
		goto close_fds;
	ch->next_idle = NULL;
	cl->idle = ch;
	*ready = fds[WIRE_FD_READY];
	*out = cl;
	return 0;

close_fds:
	for (int i = 0; i < WIRE_FDS; i++)
		if (fds[i] >= 0)
			sys_close(fds[i]);
	client_free(cl);
	return ret;
}

int shim_client_open(const char *socket, int flags, char *err, size_t err_len)
{
	struct shim_file *sf;
	struct client *cl = NULL;
	int fd, ready = -1, ret;

	fd = eventfd(0, EFD_CLOEXEC);	/* takes the lowest number: a program may count on it */
	if (fd < 0)
		return -errno;
	ret = client_connect(socket, flags, &cl, &ready, err, err_len);
	if (ret)
		goto close_fd;
	if (syscall(SYS_dup3, ready, fd, flags & O_CLOEXEC) < 0)
		ret = -errno;
	sys_close(ready);
	sf = ret ? NULL : shim_file_remote(&client_fops, cl, flags);
	if (sf)
		sf->f.f_mapping = &cl->mapping;
	if (!sf) {
		client_free(cl);
		ret = ret ? ret : -ENOMEM;
		goto close_fd;
	}
	ret = shim_fd_install(sf, fd);
	if (!ret)
		return fd;
	shim_fput(sf);
close_fd:
	sys_close(fd);
	return ret;
}

/* ---- faults, for tests ------------------------------------------------------------------------------------------------ */

static struct shim_file *file_of(int fd)
{
	struct shim_file *sf = shim_fget(fd);

	if (sf && !sf->dead && sf->f.f_op == &client_fops)
		return sf;
	if (sf)
		shim_fput(sf);
	return NULL;
}

/* Some file of a daemon's. */
static struct shim_file *any_file(void)
{
	struct shim_file *sf = NULL;

	for (int fd = 0; fd < 1024 && !sf; fd++)
		sf = file_of(fd);
	return sf;
}

int shim_client_control(int fd, const char *command, char *reply_text, size_t len)
{
	struct shim_file *sf = fd >= 0 ? file_of(fd) : strcmp(command, "unload") ? any_file() : NULL;
	struct wire_part part;
	struct wire_reply reply;
	struct channel *ch;
	struct client *cl;
	int ret;

	if (!sf)
		return -ENOTTY;
	cl = client_of(&sf->f);
	ret = channel_get(cl, &ch);
	if (ret)
		goto out;
	call_begin(ch, WIRE_CONTROL, 0, 0);
	ret = add_part(ch, command, strlen(command));
	if (!ret)
		ret = exchange(ch);
	if (!ret) {
		reply = *(struct wire_reply *)ch->buf;
		ret = (int)reply.ret;
		if (reply.parts == 1 && reply.bytes > sizeof(part))
			snprintf(reply_text, len, "%.*s", (int)(reply.bytes - sizeof(part)), ch->buf + sizeof(reply) + sizeof(part));
	}
	channel_put(cl, ch);
out:
	shim_fput(sf);
	return ret;
}

/* ---- fork ----------------------------------------------------------------------------------------------------------- */

void shim_client_fork(bool before)
{
	if (before)
		pthread_mutex_lock(&lock);
	else
		pthread_mutex_unlock(&lock);
}

/* In the child: what it inherited is its parent's, and must not keep the parent's file open. */
void shim_client_reset(void)
{
	const struct channel *ch;
	const struct client *cl;

	for (cl = clients; cl; cl = cl->next) {
		for (ch = cl->channels; ch; ch = ch->next)
			sys_close(ch->fd);
		sys_close(cl->memory);
		sys_close(cl->control);
	}
	clients = NULL;
	pthread_mutex_unlock(&lock);	/* taken before the fork, by the thread that is left */
}
