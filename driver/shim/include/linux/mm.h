/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Pages and user mappings. */
#ifndef SHIM_LINUX_MM_H
#define SHIM_LINUX_MM_H

#include <linux/types.h>
#include <linux/kernel.h>
#include <pthread.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x) ALIGN(x, PAGE_SIZE)
#define PAGE_ALIGNED(x) IS_ALIGNED((unsigned long)(x), PAGE_SIZE)

#define VM_READ 0x1ul
#define VM_WRITE 0x2ul
#define VM_EXEC 0x4ul
#define VM_SHARED 0x8ul
#define VM_MAYREAD 0x10ul
#define VM_MAYWRITE 0x20ul
#define VM_MAYEXEC 0x40ul
#define VM_MAYSHARE 0x80ul
#define VM_PFNMAP 0x400ul
#define VM_IO 0x4000ul
#define VM_DONTCOPY 0x20000ul
#define VM_DONTEXPAND 0x40000ul
#define VM_DONTDUMP 0x4000000ul

/*
 * The address space: there is one, that of this process, whatever a vma says. Its lock is held for writing while a mapping is
 * made here; those of other processes (a daemon's clients) are not followed.
 */
struct mm_struct {
	pthread_rwlock_t lock;
};
extern struct mm_struct shim_mm;
static inline void mmap_read_lock(struct mm_struct *mm) { pthread_rwlock_rdlock(&shim_mm.lock); }
static inline void mmap_read_unlock(struct mm_struct *mm) { pthread_rwlock_unlock(&shim_mm.lock); }

struct file;
struct vm_area_struct;
struct vm_operations_struct {
	void (*open)(struct vm_area_struct *vma);
	void (*close)(struct vm_area_struct *vma);
};
struct vm_area_struct {
	unsigned long vm_start, vm_end;
	unsigned long vm_pgoff;
	unsigned long vm_flags;
	const struct vm_operations_struct *vm_ops;
	void *vm_private_data;
	struct file *vm_file;
	struct mm_struct *vm_mm;
	unsigned long long shim_off;	/* set by dma_mmap_coherent(): the place in the arena */
};

struct address_space;
void unmap_mapping_range(struct address_space *mapping, loff_t start, loff_t len, int even_cows);

#endif
