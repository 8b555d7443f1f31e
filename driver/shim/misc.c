// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Misc character devices: a list, found by the device they belong to. And small helpers. */
#include <linux/capability.h>

#include "shim.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(miscs);

int misc_register(struct miscdevice *misc)
{
	might_sleep();
	if (shim_should_fail("misc_register"))
		return -ENOMEM;
	if (!misc->parent || !misc->name || !misc->fops)
		return -EINVAL;
	shim_track_add("miscdevice", misc, sizeof(*misc), misc->name);
	pthread_mutex_lock(&lock);
	list_add_tail(&misc->list, &miscs);
	pthread_mutex_unlock(&lock);
	return 0;
}

void misc_deregister(struct miscdevice *misc)
{
	might_sleep();
	shim_track_del("miscdevice", misc);
	pthread_mutex_lock(&lock);
	list_del(&misc->list);
	pthread_mutex_unlock(&lock);
}

struct miscdevice *shim_misc_find(struct device *parent)
{
	struct miscdevice *m, *found = NULL;

	pthread_mutex_lock(&lock);
	list_for_each_entry(m, &miscs, list)
		if (m->parent == parent)
			found = m;
	pthread_mutex_unlock(&lock);
	return found;
}

void shim_misc_reset(void)
{
	lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	INIT_LIST_HEAD(&miscs);
}

/* ---- linux/capability.h -------------------------------------------------------------------------------------------- */

bool capable(int cap)
{
	const struct shim_user *u = current->user;

	if (cap != CAP_SYS_NICE)
		shim_die("capable(%d) is not implemented", cap);
	return !u || u->nice;
}

/* ---- small helpers of linux/fs.h --------------------------------------------------------------------------------- */

/* A 32-bit program cannot reach the shim. */
long compat_ptr_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return -ENOIOCTLCMD;
}

loff_t no_llseek(struct file *file, loff_t off, int whence)
{
	return -ESPIPE;
}

int nonseekable_open(struct inode *inode, struct file *file)
{
	return 0;
}

int stream_open(struct inode *inode, struct file *file)
{
	return 0;
}
