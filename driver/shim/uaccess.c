// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * User memory. That of this process: the kernel copies for us (process_vm_readv/writev on our own process) and so checks
 * every page. That of another one, for which the daemon makes a call: what has come with the call (current->user).
 */
#include <linux/uaccess.h>

#include "shim.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned long copy(void *kernel, uintptr_t user, unsigned long n, bool to_user)
{
	unsigned long done = 0;
	struct iovec k, u;
	ssize_t ret;

	might_sleep();
	if (user + n < user)
		return n;
	if (current->user)
		return to_user ? current->user->write(current->user, user, kernel, n) :
			current->user->read(current->user, kernel, user, n);
	while (done < n) {
		k = (struct iovec) { (char *)kernel + done, n - done };
		u = (struct iovec) { (void *)(user + done), n - done };
		ret = to_user ? process_vm_writev(getpid(), &k, 1, &u, 1, 0) : process_vm_readv(getpid(), &k, 1, &u, 1, 0);
		if (ret < 0 && errno != EFAULT)
			shim_die("process_vm_readv/writev is not allowed here (%s): the shim cannot check user pointers",
				 strerror(errno));
		if (ret <= 0)
			break;
		done += (unsigned long)ret;
	}
	return n - done;
}

/* May every page of it be written to? Bytes are put back as they were. */
bool shim_user_writable(void __user *to, size_t n)
{
	uintptr_t at = (uintptr_t)to, end = at + n;
	char c;

	if (end < at)
		return false;
	while (at < end) {
		if (copy(&c, at, 1, false) || copy(&c, at, 1, true))
			return false;
		at = (at & PAGE_MASK) + PAGE_SIZE;
	}
	return true;
}

unsigned long copy_from_user(void *to, const void __user *from, unsigned long n)
{
	unsigned long left = copy(to, (uintptr_t)from, n, false);

	/* As the kernel: what could not be read is zero, never what was there before. */
	if (left)
		memset((char *)to + (n - left), 0, left);
	return left;
}

unsigned long copy_to_user(void __user *to, const void *from, unsigned long n)
{
	return copy((void *)(uintptr_t)from, (uintptr_t)to, n, true);
}

int check_zeroed_user(const void __user *from, size_t size)
{
	char part[256];
	size_t n;

	for (; size; size -= n, from = (const char *)from + n) {
		n = min_t(size_t, size, sizeof(part));
		if (copy_from_user(part, from, n))
			return -EFAULT;
		if (memchr_inv(part, 0, n))
			return 0;
	}
	return 1;
}

int copy_struct_from_user(void *dst, size_t ksize, const void __user *src, size_t usize)
{
	size_t size = min(ksize, usize);
	int ret;

	if (usize < ksize) {
		memset((char *)dst + size, 0, ksize - size);
	} else if (usize > ksize) {
		ret = check_zeroed_user((const char *)src + size, usize - size);
		if (ret <= 0)
			return ret ? ret : -E2BIG;
	}
	return copy_from_user(dst, src, size) ? -EFAULT : 0;
}

ssize_t strscpy(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(src, size);

	if (!size)
		return -E2BIG;
	if (n == size) {
		memcpy(dst, src, size - 1);
		dst[size - 1] = 0;
		return -E2BIG;
	}
	memcpy(dst, src, n + 1);
	return (ssize_t)n;
}

void *memchr_inv(const void *p, int c, size_t n)
{
	const unsigned char *s = p;

	for (; n; s++, n--)
		if (*s != (unsigned char)c)
			return (void *)(uintptr_t)s;
	return NULL;
}
