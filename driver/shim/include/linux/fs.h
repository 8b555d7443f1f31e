/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Files and their operations. */
#ifndef SHIM_LINUX_FS_H
#define SHIM_LINUX_FS_H

#include <linux/types.h>
#include <linux/errno.h>
#include <linux/kdev_t.h>
#include <fcntl.h>

struct module;
struct poll_table_struct;
struct vm_area_struct;
struct address_space { unsigned int unmaps; };	/* which device a mapping belongs to; how often it has lost all of them */

struct inode { dev_t i_rdev; };
struct file {
	const struct file_operations *f_op;
	void *private_data;
	unsigned int f_flags;
	fmode_t f_mode;
	loff_t f_pos;
	struct inode *f_inode;
	struct address_space *f_mapping;
};
struct file_operations {
	struct module *owner;
	loff_t (*llseek)(struct file *file, loff_t off, int whence);
	ssize_t (*read)(struct file *file, char __user *buf, size_t len, loff_t *pos);
	ssize_t (*write)(struct file *file, const char __user *buf, size_t len, loff_t *pos);
	__poll_t (*poll)(struct file *file, struct poll_table_struct *pt);
	long (*unlocked_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	long (*compat_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	int (*mmap)(struct file *file, struct vm_area_struct *vma);
	int (*open)(struct inode *inode, struct file *file);
	int (*release)(struct inode *inode, struct file *file);
};

long compat_ptr_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
loff_t no_llseek(struct file *file, loff_t off, int whence);
int nonseekable_open(struct inode *inode, struct file *file);
int stream_open(struct inode *inode, struct file *file);
static inline unsigned int iminor(const struct inode *inode) { return MINOR(inode->i_rdev); }
static inline struct inode *file_inode(const struct file *file) { return file->f_inode; }

#endif
