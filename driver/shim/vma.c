// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * User mappings of device memory: what mmap() and munmap() do around the driver's mmap, open and close. A mapping holds
 * its file. Unmapping a part shrinks or splits it, as the kernel does. mremap() is not followed.
 */
#include "shim.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

struct shim_vma {
	struct vm_area_struct v;
	struct shim_file *sf;
	struct list_head link;
};

struct mm_struct shim_mm = { .lock = PTHREAD_RWLOCK_INITIALIZER };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(vmas);
static unsigned int count;	/* read without the lock as a quick "nothing of ours" */

/* As the kernel: a shared mapping of a file that is open for reading only is not VM_SHARED, but VM_MAYSHARE. */
static unsigned long to_vm_flags(int prot, int flags, int access)
{
	unsigned long f = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;

	f |= prot & PROT_READ ? VM_READ : 0;
	f |= prot & PROT_WRITE ? VM_WRITE : 0;
	f |= prot & PROT_EXEC ? VM_EXEC : 0;
	f |= (flags & MAP_TYPE) == MAP_PRIVATE ? 0 : VM_SHARED | VM_MAYSHARE;
	if (access != O_RDWR)
		f &= ~(VM_SHARED | VM_MAYWRITE);
	return f;
}

static int check_args(size_t len, int prot, int flags, struct shim_file *sf, u64 off)
{
	int type = flags & MAP_TYPE, access = (int)sf->f.f_flags & O_ACCMODE;

	if (!len || off & ~PAGE_MASK || (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE))
		return -EINVAL;
	if (PAGE_ALIGN(len) < len || off + PAGE_ALIGN(len) < off)
		return -EOVERFLOW;
	if (access == O_WRONLY || (type != MAP_PRIVATE && prot & PROT_WRITE && access != O_RDWR))
		return -EACCES;
	return sf->f.f_op->mmap ? 0 : -ENODEV;
}

static void add(struct shim_vma *vma)
{
	pthread_mutex_lock(&lock);
	list_add_tail(&vma->link, &vmas);
	WRITE_ONCE(count, count + 1);
	pthread_mutex_unlock(&lock);
}

/* With the address space's lock: as in the kernel, the mapping hangs at its file before anybody else gets that. */
static void *make(void *addr, size_t len, int prot, int flags, struct shim_file *sf, u64 off, int *error)
{
	struct shim_vma *vma;
	void *at;

	*error = check_args(len, prot, flags, sf, off);
	if (*error)
		return MAP_FAILED;
	len = PAGE_ALIGN(len);
	vma = calloc(1, sizeof(*vma));
	if (!vma) {
		*error = -ENOMEM;
		return MAP_FAILED;
	}
	/* The driver's mmap fills this place. */
	at = sys_mmap(addr, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)), -1, 0);
	if (at == MAP_FAILED) {
		*error = -errno;
		goto free_vma;
	}
	vma->sf = sf;
	vma->v = (struct vm_area_struct) {
		.vm_start = (unsigned long)at, .vm_end = (unsigned long)at + len, .vm_pgoff = off >> PAGE_SHIFT,
		.vm_flags = to_vm_flags(prot, flags, (int)sf->f.f_flags & O_ACCMODE), .vm_file = &sf->f, .vm_mm = &shim_mm,
	};
	*error = sf->f.f_op->mmap(&sf->f, &vma->v);
	if (*error)
		goto unmap;
	if (vma->v.vm_flags & VM_DONTCOPY)
		madvise(at, len, MADV_DONTFORK);
	shim_fhold(sf);
	add(vma);
	return at;
unmap:
	sys_munmap(at, len);
free_vma:
	free(vma);
	return MAP_FAILED;
}

void *shim_mmap(void *addr, size_t len, int prot, int flags, struct shim_file *sf, u64 off, int *error)
{
	void *at;

	pthread_rwlock_wrlock(&shim_mm.lock);
	at = make(addr, len, prot, flags, sf, off, error);
	pthread_rwlock_unlock(&shim_mm.lock);
	return at;
}

/* [start, end) leaves vma, with the lock held; vma goes to `dead` when nothing of it is left. */
static void cut(struct shim_vma *vma, unsigned long start, unsigned long end, struct list_head *dead)
{
	struct vm_area_struct *v = &vma->v;
	struct shim_vma *tail;

	if (start <= v->vm_start && end >= v->vm_end) {
		list_move_tail(&vma->link, dead);
		WRITE_ONCE(count, count - 1);
	} else if (start <= v->vm_start) {
		v->vm_pgoff += (end - v->vm_start) >> PAGE_SHIFT;
		v->vm_start = end;
	} else if (end >= v->vm_end) {
		v->vm_end = start;
	} else {
		tail = calloc(1, sizeof(*tail));
		if (!tail)
			shim_die("out of memory splitting a mapping");
		*tail = *vma;
		tail->v.vm_pgoff += (end - v->vm_start) >> PAGE_SHIFT;
		tail->v.vm_start = end;
		v->vm_end = start;
		shim_fhold(tail->sf);
		if (tail->v.vm_ops && tail->v.vm_ops->open)
			tail->v.vm_ops->open(&tail->v);
		list_add_tail(&tail->link, &vmas);
		WRITE_ONCE(count, count + 1);
	}
}

bool shim_munmap(void *addr, size_t len, int *error)
{
	unsigned long start = (unsigned long)addr, end = start + PAGE_ALIGN(len);
	struct shim_vma *vma, *n;
	bool ours = false;
	LIST_HEAD(dead);

	if (!READ_ONCE(count) || !len || start & ~PAGE_MASK || end < start)
		return false;
	pthread_mutex_lock(&lock);
	list_for_each_entry_safe(vma, n, &vmas, link) {
		if (vma->v.vm_end <= start || vma->v.vm_start >= end)
			continue;
		ours = true;
		cut(vma, start, end, &dead);
	}
	/* Under the lock: nobody else may get the addresses while unmap_mapping_range() still knows them. */
	if (ours)
		*error = sys_munmap(addr, len) ? -errno : 0;
	pthread_mutex_unlock(&lock);
	list_for_each_entry_safe(vma, n, &dead, link) {
		if (vma->v.vm_ops && vma->v.vm_ops->close)
			vma->v.vm_ops->close(&vma->v);
		shim_fput(vma->sf);
		free(vma);
	}
	return ours;
}

unsigned int shim_vmas(void)
{
	return READ_ONCE(count);
}

/* The pages go, the mappings stay: a touch is a fault from now on (SIGSEGV here, SIGBUS in the kernel). */
void unmap_mapping_range(struct address_space *mapping, loff_t start, loff_t len, int even_cows)
{
	struct shim_vma *vma;
	void *at;

	might_sleep();
	if (start || len)
		shim_die("unmap_mapping_range of a part is not implemented");
	WRITE_ONCE(mapping->unmaps, mapping->unmaps + 1);
	pthread_mutex_lock(&lock);
	list_for_each_entry(vma, &vmas, link) {
		if (vma->sf->f.f_mapping != mapping)
			continue;
		at = sys_mmap((void *)vma->v.vm_start, vma->v.vm_end - vma->v.vm_start, PROT_NONE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		if (at == MAP_FAILED)
			shim_die("unmap_mapping_range: %s", strerror(errno));
	}
	pthread_mutex_unlock(&lock);
}

void shim_vma_reset(void)
{
	lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	shim_mm.lock = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
	INIT_LIST_HEAD(&vmas);
	count = 0;
}
