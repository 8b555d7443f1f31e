// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What one user may take of a device, over all of their open files: a number of files, and bytes of buffers. Without
 * this the bounds of one open file would be worth as much as the number of files that a user may open.
 */
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/slab.h>
#include <linux/uidgid.h>

#include "lxa_drv.h"

#define LXA_FILES_PER_USER 256

struct lxa_user {
	struct list_head node;		/* lxa_dev.users */
	kuid_t uid;
	u32 files;			/* lxa_dev.bo_mutex: lxa_file that live, which mappings and jobs may hold after close */
	u64 bo_bytes;			/* lxa_dev.lock */
};

/* With bo_mutex. */
static struct lxa_user *lxa_user_find(struct lxa_dev *ldev, kuid_t uid)
{
	struct lxa_user *user;

	list_for_each_entry(user, &ldev->users, node)
		if (uid_eq(user->uid, uid))
			return user;
	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (!user)
		return NULL;
	user->uid = uid;
	list_add_tail(&user->node, &ldev->users);
	return user;
}

/* Of whoever opens. -EMFILE: that user has too many open. */
int lxa_user_join(struct lxa_file *lf)
{
	struct lxa_dev *ldev = lf->ldev;
	struct lxa_user *user;
	int ret = 0;

	mutex_lock(&ldev->bo_mutex);
	user = lxa_user_find(ldev, current_uid());
	if (!user) {
		ret = -ENOMEM;
	} else if (user->files >= LXA_FILES_PER_USER) {
		ret = -EMFILE;
	} else {
		user->files++;
		lf->user = user;
	}
	mutex_unlock(&ldev->bo_mutex);
	return ret;
}

void lxa_user_leave(struct lxa_file *lf)
{
	struct lxa_user *user = lf->user;

	mutex_lock(&lf->ldev->bo_mutex);
	if (!--user->files) {
		list_del(&user->node);
		kfree(user);
	}
	mutex_unlock(&lf->ldev->bo_mutex);
}

/* Bytes more, of the file and of its user; 0 or -ENOSPC. */
int lxa_user_charge(struct lxa_file *lf, u64 bytes)
{
	u64 file_max = (u64)READ_ONCE(lxa_bo_mb) << 20, user_max = (u64)READ_ONCE(lxa_user_mb) << 20;
	int ret = -ENOSPC;

	spin_lock(&lf->ldev->lock);
	if (lf->bo_bytes <= file_max && bytes <= file_max - lf->bo_bytes &&
	    lf->user->bo_bytes <= user_max && bytes <= user_max - lf->user->bo_bytes) {
		lf->bo_bytes += bytes;
		lf->user->bo_bytes += bytes;
		ret = 0;
	}
	spin_unlock(&lf->ldev->lock);
	return ret;
}

void lxa_user_uncharge(struct lxa_file *lf, u64 bytes)
{
	spin_lock(&lf->ldev->lock);
	lf->bo_bytes -= bytes;
	lf->user->bo_bytes -= bytes;
	spin_unlock(&lf->ldev->lock);
}
