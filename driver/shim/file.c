// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Open files and the table from descriptors to them. A file lives while a descriptor, a mapping or a call uses it. */
#include "shim.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int files;			/* open files */

/*
 * By descriptor; as many as fs.nr_open allows, of which the pages never touched take no memory. Changed under the lock,
 * looked at without: calls on other descriptors take no lock, so that a signal handler's read() or close() of a pipe is
 * safe whatever it has interrupted.
 */
#define MAX_FDS (1 << 20)
static struct shim_file *table[MAX_FDS];
static int table_end;			/* all entries are below */

/*
 * The table is this process's. In a child of vfork() or of a bare clone() it is the parent's: there our descriptors are
 * left to the kernel, whatever is done to them.
 */
static pid_t owner;

static __attribute__((constructor)) void own(void)
{
	owner = getpid();
}

static bool is_ours(int fd)
{
	return fd >= 0 && fd < MAX_FDS && READ_ONCE(table[fd]) && getpid() == owner;
}

/* With the lock held. */
static int table_set(int fd, struct shim_file *sf)
{
	if (fd >= MAX_FDS)
		return -EMFILE;
	WRITE_ONCE(table[fd], sf);
	table_end = max(table_end, fd + 1);
	return 0;
}

struct shim_file *shim_fget(int fd)
{
	struct shim_file *sf = NULL;

	if (!is_ours(fd))
		return NULL;
	pthread_mutex_lock(&lock);
	sf = table[fd];
	if (sf)
		sf->refs++;
	pthread_mutex_unlock(&lock);
	return sf;
}

void shim_fhold(struct shim_file *sf)
{
	pthread_mutex_lock(&lock);
	sf->refs++;
	pthread_mutex_unlock(&lock);
}

static void destroy(struct shim_file *sf)
{
	if (sf->user_fd >= 0)
		sys_close(sf->user_fd);
	if (sf->set_fd >= 0)
		sys_close(sf->set_fd);
	if (sf->clear_fd >= 0)
		sys_close(sf->clear_fd);
	if (sf->dev)
		put_device(&sf->dev->pdev.dev);
	free(sf);
	pthread_mutex_lock(&lock);
	WRITE_ONCE(files, files - 1);
	pthread_mutex_unlock(&lock);
}

void shim_fput(struct shim_file *sf)
{
	bool last, dead;

	pthread_mutex_lock(&lock);
	last = --sf->refs == 0;
	dead = sf->dead;
	pthread_mutex_unlock(&lock);
	if (!last || dead)
		return;		/* of a dead one nothing can be given back: its driver state is the parent's */
	shim_poll_detach(sf);
	if (sf->f.f_op->release)
		sf->f.f_op->release(&sf->inode, &sf->f);
	destroy(sf);
}

/* sd is NULL for a file of the daemon's. */
static struct shim_file *new_file(struct shim_dev *sd, const struct file_operations *fops, int flags)
{
	struct shim_file *sf = calloc(1, sizeof(*sf));

	if (!sf)
		return NULL;
	sf->refs = 1;
	sf->user_fd = sf->set_fd = sf->clear_fd = -1;
	sf->dev = sd;
	sf->f.f_op = fops;
	sf->f.f_flags = (unsigned int)flags;
	sf->f.f_mode = (fmode_t)((flags & O_ACCMODE) + 1);	/* FMODE_READ 1, FMODE_WRITE 2 */
	sf->f.f_inode = &sf->inode;
	if (sd) {
		sf->f.f_mapping = &sd->mapping;
		get_device(&sd->pdev.dev);
	}
	pthread_mutex_lock(&lock);
	WRITE_ONCE(files, files + 1);
	pthread_mutex_unlock(&lock);
	return sf;
}

/* The ends of the socket pair. O_NONBLOCK lives in the program's, so that fcntl() works. Its number is the lowest. */
static int make_ready(struct shim_file *sf, int flags)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	sf->user_fd = pair[0];
	sf->set_fd = pair[1];
	sf->clear_fd = sys_dup_cloexec(pair[0]);
	if (sf->clear_fd < 0 || (flags & O_NONBLOCK && fcntl(sf->clear_fd, F_SETFL, O_NONBLOCK)))
		return -errno;
	return shim_poll_attach(sf);
}

int shim_file_create(struct shim_dev *sd, int flags, struct shim_file **out)
{
	struct miscdevice *misc = shim_misc_find(&sd->pdev.dev);
	struct shim_file *sf;
	int ret;

	if (!misc)
		return -ENODEV;
	sf = new_file(sd, misc->fops, flags);
	if (!sf)
		return -ENOMEM;
	sf->f.private_data = misc;
	ret = sf->f.f_op->open ? sf->f.f_op->open(&sf->inode, &sf->f) : 0;
	if (ret) {
		destroy(sf);
		return ret;
	}
	ret = make_ready(sf, flags);
	if (ret) {
		shim_fput(sf);
		return ret;
	}
	*out = sf;
	return 0;
}

struct shim_file *shim_file_remote(const struct file_operations *fops, void *private_data, int flags)
{
	struct shim_file *sf = new_file(NULL, fops, flags);

	if (sf)
		sf->f.private_data = private_data;
	return sf;
}

int shim_fd_install(struct shim_file *sf, int fd)
{
	int ret;

	pthread_mutex_lock(&lock);
	ret = table_set(fd, sf);
	pthread_mutex_unlock(&lock);
	return ret;
}

int shim_fd_make(struct shim_file *sf, int flags)
{
	int fd = sf->user_fd, ret;

	if (!(flags & O_CLOEXEC))
		fcntl(fd, F_SETFD, 0);
	sf->user_fd = -1;
	ret = shim_fd_install(sf, fd);
	if (!ret)
		return fd;
	sys_close(fd);
	shim_fput(sf);
	return ret;
}

int shim_fd_dup(int oldfd, int newfd)
{
	struct shim_file *sf, *was;
	int ret = 0;

	if (!is_ours(oldfd) && !is_ours(newfd))
		return 0;
	pthread_mutex_lock(&lock);
	sf = oldfd < MAX_FDS ? table[oldfd] : NULL;	/* both are descriptors: the kernel has duplicated one */
	was = newfd < MAX_FDS ? table[newfd] : NULL;
	if (sf || was)
		ret = table_set(newfd, sf);
	if (sf && !ret)
		sf->refs++;
	pthread_mutex_unlock(&lock);
	if (was && !ret)
		shim_fput(was);
	return ret;
}

bool shim_fd_forget(int fd)
{
	struct shim_file *sf = NULL;

	if (!is_ours(fd))
		return false;
	pthread_mutex_lock(&lock);
	sf = table[fd];
	if (sf)
		table_set(fd, NULL);
	pthread_mutex_unlock(&lock);
	if (sf)
		shim_fput(sf);
	return sf;
}

/* Before close_range(). */
void shim_fd_forget_range(unsigned int first, unsigned int last)
{
	unsigned int fd, end = (unsigned int)READ_ONCE(table_end);

	for (fd = first; fd < end && fd <= last; fd++)
		shim_fd_forget((int)fd);
}

unsigned int shim_files_open(void)
{
	return (unsigned int)READ_ONCE(files);
}

/* In a child: the descriptors stay, and say so when used. */
void shim_file_reset(void)
{
	int fd;

	lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	owner = getpid();
	for (fd = 0; fd < table_end; fd++)
		if (table[fd])
			table[fd]->dead = true;
	files = 0;
}
