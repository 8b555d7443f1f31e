// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Open files and the table from descriptors to them. A file lives while a descriptor, a mapping or a call uses it. */
#include "shim.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct shim_file **table;	/* by descriptor */
static int table_size;
static int entries;			/* in the table; read without the lock as a quick "nothing of ours" */
static int files;			/* open files */

/* With the lock held. */
static int table_set(int fd, struct shim_file *sf)
{
	struct shim_file **t;
	int size = table_size;

	if (fd >= size) {
		while (fd >= size)
			size = size ? size * 2 : 64;
		t = realloc(table, (size_t)size * sizeof(*t));
		if (!t)
			return -ENOMEM;
		memset(t + table_size, 0, (size_t)(size - table_size) * sizeof(*t));
		table = t;
		table_size = size;
	}
	WRITE_ONCE(entries, entries + !!sf - !!table[fd]);
	table[fd] = sf;
	return 0;
}

struct shim_file *shim_fget(int fd)
{
	struct shim_file *sf = NULL;

	if (fd < 0 || !READ_ONCE(entries))
		return NULL;
	pthread_mutex_lock(&lock);
	if (fd < table_size && table[fd]) {
		sf = table[fd];
		sf->refs++;
	}
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
	if (sf->efd >= 0)
		sys_close(sf->efd);
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

static struct shim_file *new_file(struct shim_dev *sd, struct miscdevice *misc, int flags)
{
	struct shim_file *sf = calloc(1, sizeof(*sf));

	if (!sf)
		return NULL;
	sf->refs = 1;
	sf->efd = -1;
	sf->dev = sd;
	sf->f.f_op = misc->fops;
	sf->f.f_flags = (unsigned int)flags;
	sf->f.f_mode = (fmode_t)((flags & O_ACCMODE) + 1);	/* FMODE_READ 1, FMODE_WRITE 2 */
	sf->f.f_inode = &sf->inode;
	sf->f.f_mapping = &sd->mapping;
	sf->f.private_data = misc;
	get_device(&sd->pdev.dev);
	pthread_mutex_lock(&lock);
	WRITE_ONCE(files, files + 1);
	pthread_mutex_unlock(&lock);
	return sf;
}

/* The descriptor. O_NONBLOCK lives in the eventfd, so that fcntl() works on it. */
int shim_file_open(struct shim_dev *sd, int flags)
{
	struct miscdevice *misc = shim_misc_find(&sd->pdev.dev);
	struct shim_file *sf;
	int fd, ret;

	if (!misc)
		return -ENODEV;
	sf = new_file(sd, misc, flags);
	if (!sf)
		return -ENOMEM;
	ret = sf->f.f_op->open ? sf->f.f_op->open(&sf->inode, &sf->f) : 0;
	if (ret) {
		destroy(sf);
		return ret;
	}
	fd = eventfd(0, (flags & O_NONBLOCK ? EFD_NONBLOCK : 0) | (flags & O_CLOEXEC ? EFD_CLOEXEC : 0));
	if (fd < 0) {
		ret = -errno;
		goto put;
	}
	sf->efd = sys_dup_cloexec(fd);
	if (sf->efd < 0) {
		ret = -errno;
		goto close_fd;
	}
	ret = shim_poll_attach(sf);
	if (ret)
		goto close_fd;
	pthread_mutex_lock(&lock);
	ret = table_set(fd, sf);
	pthread_mutex_unlock(&lock);
	if (ret)
		goto close_fd;
	return fd;
close_fd:
	sys_close(fd);
put:
	shim_fput(sf);
	return ret;
}

int shim_fd_dup(int oldfd, int newfd)
{
	struct shim_file *sf, *was;
	int ret = 0;

	if (!READ_ONCE(entries))
		return 0;
	pthread_mutex_lock(&lock);
	sf = oldfd >= 0 && oldfd < table_size ? table[oldfd] : NULL;
	was = newfd < table_size ? table[newfd] : NULL;
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

	if (fd < 0 || !READ_ONCE(entries))
		return false;
	pthread_mutex_lock(&lock);
	if (fd < table_size && table[fd]) {
		sf = table[fd];
		table_set(fd, NULL);
	}
	pthread_mutex_unlock(&lock);
	if (sf)
		shim_fput(sf);
	return sf;
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
	for (fd = 0; fd < table_size; fd++)
		if (table[fd])
			table[fd]->dead = true;
	files = 0;
}
