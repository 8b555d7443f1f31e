// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The open file: its life, the dispatch of ioctls, reading of event records, poll, mmap.
 */
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "lxa_drv.h"

/* ---- helpers for all calls ---------------------------------------------------------------------- */

bool lxa_dead(struct lxa_dev *ldev)
{
	bool dead;

	spin_lock(&ldev->lock);
	dead = ldev->dead;
	spin_unlock(&ldev->lock);
	return dead;
}

/* Everybody who sleeps looks again. */
void lxa_wake_files(struct lxa_dev *ldev)
{
	struct lxa_file *lf;

	mutex_lock(&ldev->bo_mutex);
	list_for_each_entry(lf, &ldev->files, node)
		wake_up_all(&lf->wait);
	mutex_unlock(&ldev->bo_mutex);
}

/* How long to sleep until an absolute CLOCK_MONOTONIC time: 0 when it has passed (0 always has). */
long lxa_deadline_jiffies(s64 deadline_ns)
{
	u64 now = ktime_get_ns(), j;

	if (deadline_ns <= 0 || (u64)deadline_ns <= now)
		return 0;
	j = nsecs_to_jiffies((u64)deadline_ns - now);
	return j < MAX_SCHEDULE_TIMEOUT - 1 ? (long)j + 1 : MAX_SCHEDULE_TIMEOUT - 1;
}

/* ---- life --------------------------------------------------------------------------------------- */

static void lxa_file_release(struct kref *ref)
{
	struct lxa_file *lf = container_of(ref, struct lxa_file, ref);

	xa_destroy(&lf->bos);
	xa_destroy(&lf->ctxs);
	lxa_user_leave(lf);
	lxa_dev_put(lf->ldev);
	kfree(lf);
}

void lxa_file_put(struct lxa_file *lf)
{
	kref_put(&lf->ref, lxa_file_release);
}

/* misc_open() holds off misc_deregister(), so the device is there. */
static int lxa_open(struct inode *inode, struct file *filp)
{
	struct lxa_dev *ldev = container_of(filp->private_data, struct lxa_dev, misc);
	struct lxa_file *lf;
	int ret;

	lf = kzalloc(sizeof(*lf), GFP_KERNEL_ACCOUNT);
	if (!lf)
		return -ENOMEM;
	kref_init(&lf->ref);
	lf->ldev = ldev;
	ret = lxa_user_join(lf);
	if (ret) {
		kfree(lf);
		return ret;
	}
	lxa_dev_get(ldev);
	lf->mapping = filp->f_mapping;
	init_waitqueue_head(&lf->wait);
	mutex_init(&lf->table_mutex);
	mutex_init(&lf->read_mutex);
	xa_init_flags(&lf->bos, XA_FLAGS_ALLOC1);
	xa_init_flags(&lf->ctxs, XA_FLAGS_ALLOC1);
	INIT_LIST_HEAD(&lf->events);
	mutex_lock(&ldev->bo_mutex);
	list_add_tail(&lf->node, &ldev->files);
	lf->nr = ++ldev->opens;
	mutex_unlock(&ldev->bo_mutex);
	filp->private_data = lf;
	return nonseekable_open(inode, filp);
}

/* Queued jobs are dropped; those in the ring keep their buffers until the device has finished them. */
static int lxa_release(struct inode *inode, struct file *filp)
{
	struct lxa_file *lf = filp->private_data;
	struct lxa_dev *ldev = lf->ldev;
	struct lxa_event_node *event, *next;
	struct lxa_ctx *ctx;
	struct lxa_bo *bo;
	unsigned long id;
	LIST_HEAD(events);

	mutex_lock(&ldev->bo_mutex);
	list_del(&lf->node);
	mutex_unlock(&ldev->bo_mutex);
	spin_lock(&ldev->lock);
	lf->closed = true;
	if (lf->polled)
		ldev->sleepers--;
	list_splice_init(&lf->events, &events);
	lf->event_count = 0;
	spin_unlock(&ldev->lock);
	list_for_each_entry_safe(event, next, &events, node)
		kfree(event);
	/* No other call can come: nobody else looks at the tables. */
	xa_for_each(&lf->ctxs, id, ctx) {
		xa_erase(&lf->ctxs, id);
		lxa_ctx_close(ctx);
	}
	xa_for_each(&lf->bos, id, bo) {
		xa_erase(&lf->bos, id);
		lxa_bo_put(bo);
	}
	lxa_file_put(lf);
	return 0;
}

/* ---- ioctls ------------------------------------------------------------------------------------- */

union lxa_arg {
	struct lxa_get_param get_param;
	struct lxa_ctx_create ctx_create;
	struct lxa_ctx_destroy ctx_destroy;
	struct lxa_bo_create bo_create;
	struct lxa_bo_info bo_info;
	struct lxa_bo_destroy bo_destroy;
	struct lxa_bo_prep bo_prep;
	struct lxa_bo_fini bo_fini;
	struct lxa_submit submit;
	struct lxa_wait wait;
	struct lxa_perf_read perf_read;
};

static int lxa_ioctl_get_param(struct lxa_file *lf, union lxa_arg *arg)
{
	arg->get_param.value = 0;
	return lxa_get_param(lf->ldev, &arg->get_param);
}

static int lxa_ioctl_ctx_create(struct lxa_file *lf, union lxa_arg *arg)
{
	return lxa_ctx_create(lf, &arg->ctx_create);
}

static int lxa_ioctl_ctx_destroy(struct lxa_file *lf, union lxa_arg *arg)
{
	return lxa_ctx_destroy(lf, &arg->ctx_destroy);
}

static int lxa_ioctl_bo_create(struct lxa_file *lf, union lxa_arg *arg)
{
	return lxa_bo_create(lf, &arg->bo_create);
}

static int lxa_ioctl_bo_info(struct lxa_file *lf, union lxa_arg *arg)
{
	return lxa_bo_info(lf, &arg->bo_info);
}

static int lxa_ioctl_bo_destroy(struct lxa_file *lf, union lxa_arg *arg)
{
	return lxa_bo_destroy(lf, &arg->bo_destroy);
}

static int lxa_ioctl_bo_prep(struct lxa_file *lf, union lxa_arg *arg)
{
	return lxa_bo_prep(lf, &arg->bo_prep);
}

static int lxa_ioctl_bo_fini(struct lxa_file *lf, union lxa_arg *arg)
{
	return lxa_bo_fini(lf, &arg->bo_fini);
}

static int lxa_ioctl_submit(struct lxa_file *lf, union lxa_arg *arg)
{
	return lxa_submit(lf, &arg->submit);
}

static int lxa_ioctl_wait(struct lxa_file *lf, union lxa_arg *arg)
{
	return lxa_ctx_wait(lf, &arg->wait);
}

static int lxa_ioctl_perf_read(struct lxa_file *lf, union lxa_arg *arg)
{
	return lxa_perf_read(lf->ldev, &arg->perf_read);
}

/*
 * One row a call: size of the first version of its struct (a shorter one is refused) and of today's. always: also
 * answered after the device has gone, so that a program can clean up.
 */
struct lxa_call {
	int (*fn)(struct lxa_file *lf, union lxa_arg *arg);
	u32 min_size;
	u32 size;
	bool always;
	bool out_on_error;		/* results tell why it failed */
};

#define LXA_CALL(NAME, name, last, ...) \
	[LXA_CMD_##NAME - LXA_CMD_BASE] = { \
		.fn = lxa_ioctl_##name, \
		.min_size = offsetofend(struct lxa_##name, last), \
		.size = sizeof(struct lxa_##name), \
		__VA_ARGS__ \
	}

static const struct lxa_call lxa_calls[] = {
	LXA_CALL(GET_PARAM, get_param, value),
	LXA_CALL(CTX_CREATE, ctx_create, pad),
	LXA_CALL(CTX_DESTROY, ctx_destroy, ctx, .always = true),
	LXA_CALL(BO_CREATE, bo_create, mmap_offset),
	LXA_CALL(BO_INFO, bo_info, mmap_offset),
	LXA_CALL(BO_DESTROY, bo_destroy, handle, .always = true),
	LXA_CALL(BO_PREP, bo_prep, deadline_ns),
	LXA_CALL(BO_FINI, bo_fini, handle),
	LXA_CALL(SUBMIT, submit, pad, .out_on_error = true),
	LXA_CALL(WAIT, wait, pad, .always = true),
	LXA_CALL(PERF_READ, perf_read, values),
};

static const struct lxa_call *lxa_call_find(unsigned int cmd)
{
	u32 nr = _IOC_NR(cmd) - LXA_CMD_BASE;

	if (_IOC_TYPE(cmd) != LXA_IOC_TYPE || _IOC_DIR(cmd) != _IOC_NONE || _IOC_SIZE(cmd))
		return NULL;
	return nr < ARRAY_SIZE(lxa_calls) ? &lxa_calls[nr] : NULL;
}

static long lxa_ioctl(struct file *filp, unsigned int cmd, unsigned long ptr)
{
	const struct lxa_call *call = lxa_call_find(cmd);
	struct lxa_file *lf = filp->private_data;
	void __user *user = (void __user *)ptr;
	union lxa_arg arg;
	u32 size;
	long ret;

	if (!call)
		return -ENOTTY;
	if (!call->always && lxa_dead(lf->ldev))
		return -ENODEV;
	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < call->min_size)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	memset(&arg, 0, sizeof(arg));
	ret = copy_struct_from_user(&arg, call->size, user, size);
	if (ret)
		return ret;
	ret = call->fn(lf, &arg);
	if (ret && !call->out_on_error)
		return ret;
	/* The size the caller gave decided; what another thread may have put there since does not. */
	arg.get_param.size = size;
	if (copy_to_user(user, &arg, min(size, call->size)))
		return ret ? ret : -EFAULT;
	return ret;
}

/* ---- events ------------------------------------------------------------------------------------- */

static struct lxa_event_node *lxa_event_pop(struct lxa_file *lf)
{
	struct lxa_event_node *event = NULL;

	spin_lock(&lf->ldev->lock);
	if (!list_empty(&lf->events)) {
		event = list_first_entry(&lf->events, struct lxa_event_node, node);
		list_del(&event->node);
		lf->event_count--;
	}
	spin_unlock(&lf->ldev->lock);
	return event;
}

static void lxa_event_unpop(struct lxa_file *lf, struct lxa_event_node *event)
{
	spin_lock(&lf->ldev->lock);
	list_add(&event->node, &lf->events);
	lf->event_count++;
	spin_unlock(&lf->ldev->lock);
}

static __poll_t lxa_poll_state(struct lxa_file *lf)
{
	__poll_t mask = 0;

	spin_lock(&lf->ldev->lock);
	if (!list_empty(&lf->events))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (lf->ldev->dead)
		mask |= EPOLLERR | EPOLLHUP;
	spin_unlock(&lf->ldev->lock);
	return mask;
}

/* As many whole records as are there and fit. read_mutex held. */
static ssize_t lxa_read_some(struct lxa_file *lf, char __user *buf, size_t count)
{
	struct lxa_event_node *event;
	size_t done = 0;

	while (count - done >= sizeof(event->rec)) {
		event = lxa_event_pop(lf);
		if (!event)
			break;
		if (copy_to_user(buf + done, &event->rec, sizeof(event->rec))) {
			lxa_event_unpop(lf, event);
			return done ? (ssize_t)done : -EFAULT;
		}
		kfree(event);
		done += sizeof(event->rec);
	}
	return done;
}

static ssize_t lxa_fop_read(struct file *filp, char __user *buf, size_t count, loff_t *pos)
{
	struct lxa_file *lf = filp->private_data;
	ssize_t ret;

	if (count < sizeof(struct lxa_event))
		return -EINVAL;
	lxa_look(lf->ldev);
	for (;;) {
		mutex_lock(&lf->read_mutex);
		ret = lxa_read_some(lf, buf, count);
		mutex_unlock(&lf->read_mutex);
		if (ret)
			return ret;
		if (lxa_dead(lf->ldev))
			return -ENODEV;
		if (filp->f_flags & O_NONBLOCK)
			return -EAGAIN;
		lxa_sleep_begin(lf->ldev);
		ret = wait_event_interruptible(lf->wait, lxa_poll_state(lf) != 0);
		lxa_sleep_end(lf->ldev);
		if (ret)
			return ret;
	}
}

/* Whoever has polled once may be asleep until the next event (epoll asks us once, then waits to be woken). */
static void lxa_polled(struct lxa_file *lf)
{
	struct lxa_dev *ldev = lf->ldev;

	spin_lock(&ldev->lock);
	ldev->sleepers += !lf->polled;
	lf->polled = true;
	if (ldev->done != ldev->tail)
		lxa_irq_need(ldev);
	spin_unlock(&ldev->lock);
}

static __poll_t lxa_poll(struct file *filp, struct poll_table_struct *table)
{
	struct lxa_file *lf = filp->private_data;

	poll_wait(filp, &lf->wait, table);
	lxa_polled(lf);
	lxa_look(lf->ldev);
	return lxa_poll_state(lf);
}

static int lxa_mmap(struct file *filp, struct vm_area_struct *vma)
{
	return lxa_bo_mmap(filp->private_data, vma);
}

const struct file_operations lxa_fops = {
	.owner = THIS_MODULE,
	.open = lxa_open,
	.release = lxa_release,
	.read = lxa_fop_read,
	.poll = lxa_poll,
	.unlocked_ioctl = lxa_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = lxa_mmap,
};
