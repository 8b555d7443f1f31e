// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Buffers: coherent DMA memory with a handle in one open file, mapped by mmap(handle << PAGE_SHIFT).
 */
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "lxa_drv.h"

/* bo_mutex held. */
static void lxa_bo_free_memory(struct lxa_bo *bo)
{
	if (bo->cpu)
		dma_free_coherent(bo->ldev->dev, bo->bytes, bo->cpu, bo->dma);
	bo->cpu = NULL;
}

static void lxa_bo_release(struct kref *ref)
{
	struct lxa_bo *bo = container_of(ref, struct lxa_bo, ref);
	struct lxa_dev *ldev = bo->ldev;
	struct lxa_file *lf = bo->lf;
	u64 bytes = bo->bytes;
	bool keep;

	mutex_lock(&ldev->bo_mutex);
	/*
	 * A device that would not reset may still write here: lxa_bo_take_all() decides, and frees *bo, which may happen
	 * as soon as the mutex is dropped.
	 */
	keep = ldev->wedged && bo->cpu;
	bo->lf = NULL;
	if (!keep) {
		lxa_bo_free_memory(bo);
		list_del(&bo->node);
	}
	mutex_unlock(&ldev->bo_mutex);
	lxa_user_uncharge(lf, bytes);
	if (!keep)
		kfree(bo);
	lxa_file_put(lf);
}

void lxa_bo_put(struct lxa_bo *bo)
{
	kref_put(&bo->ref, lxa_bo_release);
}

/* With a reference, or NULL. */
struct lxa_bo *lxa_bo_find(struct lxa_file *lf, u32 handle)
{
	struct lxa_bo *bo;

	mutex_lock(&lf->table_mutex);
	bo = xa_load(&lf->bos, handle);
	if (bo)
		kref_get(&bo->ref);
	mutex_unlock(&lf->table_mutex);
	return bo;
}

/* ---- create and destroy ------------------------------------------------------------------------- */

static int lxa_bo_alloc_memory(struct lxa_dev *ldev, struct lxa_bo *bo)
{
	int ret = 0;

	mutex_lock(&ldev->bo_mutex);
	if (ldev->gone) {
		ret = -ENODEV;
	} else {
		bo->cpu = dma_alloc_coherent(ldev->dev, bo->bytes, &bo->dma, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
		if (bo->cpu)
			list_add_tail(&bo->node, &ldev->bos);
		else
			ret = -ENOMEM;
	}
	mutex_unlock(&ldev->bo_mutex);
	return ret;
}

/* The caller's reference becomes the handle's as soon as the table has it: *bo may be gone when this returns. */
static int lxa_bo_add_handle(struct lxa_file *lf, struct lxa_bo *bo, u32 *handle)
{
	int ret;

	mutex_lock(&lf->table_mutex);
	ret = xa_alloc(&lf->bos, handle, bo, XA_LIMIT(1, LXA_BO_PER_FILE), GFP_KERNEL_ACCOUNT);
	mutex_unlock(&lf->table_mutex);
	return ret == -EBUSY ? -ENOSPC : ret;
}

int lxa_bo_create(struct lxa_file *lf, struct lxa_bo_create *arg)
{
	struct lxa_bo *bo;
	u64 bytes;
	int ret;

	if (arg->flags || arg->pad || !arg->bytes)
		return -EINVAL;
	if (arg->bytes > (u64)READ_ONCE(lxa_bo_mb) << 20)	/* also keeps PAGE_ALIGN() from wrapping */
		return -ENOSPC;
	bytes = PAGE_ALIGN(arg->bytes);
	arg->handle = 0;
	ret = lxa_user_charge(lf, bytes);
	if (ret)
		return ret;
	bo = kzalloc(sizeof(*bo), GFP_KERNEL_ACCOUNT);
	if (!bo) {
		ret = -ENOMEM;
		goto err_account;
	}
	kref_init(&bo->ref);
	bo->ldev = lf->ldev;
	bo->lf = lf;
	bo->bytes = bytes;
	ret = lxa_bo_alloc_memory(lf->ldev, bo);
	if (ret)
		goto err_free;
	kref_get(&lf->ref);
	ret = lxa_bo_add_handle(lf, bo, &arg->handle);
	if (ret) {
		lxa_bo_put(bo);		/* gives back the account and the file, too */
		return ret;
	}
	arg->bytes = bytes;
	arg->mmap_offset = (u64)arg->handle << PAGE_SHIFT;
	return 0;

err_free:
	kfree(bo);
err_account:
	lxa_user_uncharge(lf, bytes);
	return ret;
}

int lxa_bo_info(struct lxa_file *lf, struct lxa_bo_info *arg)
{
	struct lxa_bo *bo = lxa_bo_find(lf, arg->handle);

	if (!bo)
		return -ENOENT;
	arg->bytes = bo->bytes;
	arg->mmap_offset = (u64)arg->handle << PAGE_SHIFT;
	lxa_bo_put(bo);
	return 0;
}

int lxa_bo_destroy(struct lxa_file *lf, struct lxa_bo_destroy *arg)
{
	struct lxa_bo *bo;

	mutex_lock(&lf->table_mutex);
	bo = xa_erase(&lf->bos, arg->handle);
	mutex_unlock(&lf->table_mutex);
	if (!bo)
		return -ENOENT;
	lxa_bo_put(bo);
	return 0;
}

/* ---- hand-over between CPU and device ----------------------------------------------------------- */

static int lxa_bo_state(struct lxa_bo *bo)
{
	struct lxa_dev *ldev = bo->ldev;
	int ret;

	spin_lock(&ldev->lock);
	ret = ldev->dead ? -ENODEV : bo->busy ? -EBUSY : 0;
	spin_unlock(&ldev->lock);
	return ret;
}

int lxa_bo_prep(struct lxa_file *lf, struct lxa_bo_prep *arg)
{
	struct lxa_bo *bo;
	long left;
	int ret;

	if (!arg->flags || (arg->flags & ~(LXA_PREP_READ | LXA_PREP_WRITE)) || arg->pad || arg->deadline_ns < 0)
		return -EINVAL;
	bo = lxa_bo_find(lf, arg->handle);
	if (!bo)
		return -ENOENT;
	lxa_look(lf->ldev);
	for (;;) {
		ret = lxa_bo_state(bo);
		if (ret != -EBUSY || !arg->deadline_ns)
			break;
		left = lxa_deadline_jiffies(arg->deadline_ns);
		if (!left) {
			ret = -ETIMEDOUT;
			break;
		}
		lxa_sleep_begin(lf->ldev);
		left = wait_event_interruptible_timeout(lf->wait, lxa_bo_state(bo) != -EBUSY, left);
		lxa_sleep_end(lf->ldev);
		if (left < 0) {
			ret = left;
			break;
		}
	}
	lxa_bo_put(bo);
	return ret;
}

/* Coherent memory: there is nothing to flush. The call keeps programs right where there would be. */
int lxa_bo_fini(struct lxa_file *lf, struct lxa_bo_fini *arg)
{
	struct lxa_bo *bo = lxa_bo_find(lf, arg->handle);

	if (!bo)
		return -ENOENT;
	lxa_bo_put(bo);
	return 0;
}

/* ---- mappings ----------------------------------------------------------------------------------- */

/*
 * A user mapping, with the parts it has been split into and the copies that fork() made. Removal takes the pages away by
 * unmap_mapping_range(), which finds what hangs at the file; the kernel hangs a mapping there only after our mmap has
 * returned, still with the process's mmap_lock held. So removal, once nobody can begin a new one, takes and
 * drops the mmap_lock of every process that has made one: then all of them hang there.
 */
struct lxa_map {
	struct kref ref;		/* each vma; removal while it looks */
	struct list_head node;		/* lxa_dev.maps, bo_mutex */
	struct lxa_bo *bo;
	struct mm_struct *mm;		/* of the process that called mmap */
	bool seen;			/* bo_mutex: removal has waited for it */
};

static void lxa_map_release(struct kref *ref)
{
	struct lxa_map *map = container_of(ref, struct lxa_map, ref);
	struct lxa_dev *ldev = map->bo->ldev;

	mutex_lock(&ldev->bo_mutex);
	list_del(&map->node);
	mutex_unlock(&ldev->bo_mutex);
	lxa_bo_put(map->bo);
	mmdrop(map->mm);
	kfree(map);
}

static void lxa_map_put(struct lxa_map *map)
{
	kref_put(&map->ref, lxa_map_release);
}

static void lxa_vm_open(struct vm_area_struct *vma)
{
	struct lxa_map *map = vma->vm_private_data;

	kref_get(&map->ref);
}

static void lxa_vm_close(struct vm_area_struct *vma)
{
	lxa_map_put(vma->vm_private_data);
}

static const struct vm_operations_struct lxa_vm_ops = {
	.open = lxa_vm_open,
	.close = lxa_vm_close,
};

static int lxa_map_pages(struct lxa_map *map, struct vm_area_struct *vma)
{
	struct lxa_bo *bo = map->bo;
	unsigned long pgoff = vma->vm_pgoff;
	int ret = -ENODEV;

	mutex_lock(&bo->ldev->bo_mutex);
	if (!bo->ldev->gone) {
		vma->vm_pgoff = 0;	/* dma_mmap_coherent() takes it as an offset into the buffer */
		ret = dma_mmap_coherent(bo->ldev->dev, vma, bo->cpu, bo->dma, bo->bytes);
		vma->vm_pgoff = pgoff;
	}
	if (!ret)
		list_add_tail(&map->node, &bo->ldev->maps);
	mutex_unlock(&bo->ldev->bo_mutex);
	return ret;
}

/* The reference to the buffer becomes the mapping's when this succeeds. */
static int lxa_bo_map(struct lxa_bo *bo, struct vm_area_struct *vma)
{
	struct lxa_map *map = kzalloc(sizeof(*map), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!map)
		return -ENOMEM;
	kref_init(&map->ref);
	map->bo = bo;
	map->mm = vma->vm_mm;
	mmgrab(map->mm);
	ret = lxa_map_pages(map, vma);
	if (ret) {
		mmdrop(map->mm);
		kfree(map);
		return ret;
	}
	vma->vm_private_data = map;
	vma->vm_ops = &lxa_vm_ops;
	return 0;
}

int lxa_bo_mmap(struct lxa_file *lf, struct vm_area_struct *vma)
{
	struct lxa_bo *bo;
	int ret;

	if (!(vma->vm_flags & VM_MAYSHARE) || vma->vm_pgoff > LXA_BO_PER_FILE)
		return -EINVAL;
	bo = lxa_bo_find(lf, vma->vm_pgoff);
	if (!bo)
		return -ENOENT;
	ret = vma->vm_end - vma->vm_start > bo->bytes ? -EINVAL : lxa_bo_map(bo, vma);
	if (ret)
		lxa_bo_put(bo);
	return ret;
}

/* ---- removal ------------------------------------------------------------------------------------ */

/* A device that would not reset may still write into buffers: they are kept until removal. */
void lxa_bo_keep(struct lxa_dev *ldev)
{
	mutex_lock(&ldev->bo_mutex);
	ldev->wedged = true;
	mutex_unlock(&ldev->bo_mutex);
}

/* With bo_mutex, a mapping that has not been waited for, with a reference; or NULL. */
static struct lxa_map *lxa_map_unseen(struct lxa_dev *ldev)
{
	struct lxa_map *map;

	list_for_each_entry(map, &ldev->maps, node) {
		/* One whose last reference is gone is about to leave: its vma has been unmapped. */
		if (map->seen || !kref_get_unless_zero(&map->ref))
			continue;
		map->seen = true;
		return map;
	}
	return NULL;
}

/* No mapping is being made any more, and all that there are hang at their files. Drops bo_mutex in between. */
static void lxa_maps_settle(struct lxa_dev *ldev)
{
	struct lxa_map *map;

	while ((map = lxa_map_unseen(ldev))) {
		mutex_unlock(&ldev->bo_mutex);
		mmap_read_lock(map->mm);
		mmap_read_unlock(map->mm);
		lxa_map_put(map);
		mutex_lock(&ldev->bo_mutex);
	}
}

/*
 * Removal: no new buffers or mappings, the mappings there are lose their pages, then the memory goes. stopped: the
 * device is known to write no more; else the memory is left alone for good.
 */
void lxa_bo_take_all(struct lxa_dev *ldev, bool stopped)
{
	struct lxa_bo *bo, *next;
	struct lxa_file *lf;

	mutex_lock(&ldev->bo_mutex);
	ldev->gone = true;
	lxa_maps_settle(ldev);
	list_for_each_entry(lf, &ldev->files, node) {
		wake_up_all(&lf->wait);
		unmap_mapping_range(lf->mapping, 0, 0, 1);
	}
	list_for_each_entry_safe(bo, next, &ldev->bos, node) {
		if (stopped)
			lxa_bo_free_memory(bo);
		bo->cpu = NULL;
		if (!bo->lf) {		/* ended before, kept by lxa_bo_release() */
			list_del(&bo->node);
			kfree(bo);
		}
	}
	mutex_unlock(&ldev->bo_mutex);
}
