// SPDX-License-Identifier: MIT
/*
 * Is the shim as strict as its README says? A driver with one bug at a time, each in a child process, which must die of
 * it and say why; and the same driver without a bug, which must live. Links the shim's runtime, not the LXA driver.
 */
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "lxa_shim.h"

#define DEVICE "sim:model"
#define BYTES 4096

static void (*deed)(struct device *dev, void __iomem *regs);

/* ---- the driver ----------------------------------------------------------------------------------------------------- */

static int probe(struct platform_device *pdev)
{
	void __iomem *regs = devm_platform_ioremap_resource(pdev, 0);

	if (IS_ERR(regs))
		return PTR_ERR(regs);
	deed(&pdev->dev, regs);
	return 0;
}

static int remove_nothing(struct platform_device *pdev)
{
	return 0;
}

static const struct of_device_id matches[] = { { .compatible = "lxa,lxa-1" }, { } };

static struct platform_driver bad_driver = {
	.probe = probe,
	.remove = remove_nothing,
	.driver = { .name = "bad", .of_match_table = matches },
};

static int __init bad_init(void)
{
	return platform_driver_register(&bad_driver);
}

static void __exit bad_exit(void)
{
	platform_driver_unregister(&bad_driver);
}

module_init(bad_init);
module_exit(bad_exit);

/* ---- its bugs -------------------------------------------------------------------------------------------------------- */

static DEFINE_SPINLOCK(spin);
static DEFINE_MUTEX(mutex);

static void no_bug(struct device *dev, void __iomem *regs)
{
	dma_addr_t dma;
	void *p;

	spin_lock(&spin);
	kfree(kmalloc(10, GFP_ATOMIC));
	spin_unlock(&spin);
	mutex_lock(&mutex);
	kfree(kmalloc(10, GFP_KERNEL));
	mutex_unlock(&mutex);
	if (dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)))
		abort();
	p = dma_alloc_coherent(dev, BYTES, &dma, GFP_KERNEL);
	memset(p, 1, BYTES);
	dma_free_coherent(dev, BYTES, p, dma);
	(void)readl(regs);
}

static void double_free(struct device *dev, void __iomem *regs)
{
	void *p = kmalloc(10, GFP_KERNEL);
	void *volatile again = p;

	kfree(p);
	kfree(again);
}

static void free_of_the_middle(struct device *dev, void __iomem *regs)
{
	char *volatile p = kmalloc(64, GFP_KERNEL);

	kfree(p + 16);
}

static void sleep_under_spinlock(struct device *dev, void __iomem *regs)
{
	spin_lock(&spin);
	kfree(kmalloc(10, GFP_KERNEL));
}

static void mutex_under_spinlock(struct device *dev, void __iomem *regs)
{
	spin_lock(&spin);
	mutex_lock(&mutex);
}

static void copy_with_interrupts_off(struct device *dev, void __iomem *regs)
{
	unsigned long flags;
	int x = 0;

	spin_lock_irqsave(&spin, flags);
	if (!copy_to_user(&x, &x, sizeof(x)))
		spin_unlock_irqrestore(&spin, flags);
}

static void spinlock_twice(struct device *dev, void __iomem *regs)
{
	spin_lock(&spin);
	spin_lock(&spin);
}

static void unlock_not_held(struct device *dev, void __iomem *regs)
{
	mutex_unlock(&mutex);
}

static void mutex_twice(struct device *dev, void __iomem *regs)
{
	mutex_lock(&mutex);
	mutex_lock(&mutex);
}

static void raw_register(struct device *dev, void __iomem *regs)
{
	*(volatile u32 *)regs = 1;
}

static void register_beyond(struct device *dev, void __iomem *regs)
{
	(void)readl((char *)regs + 0x1000);
}

static void register_askew(struct device *dev, void __iomem *regs)
{
	(void)readl((char *)regs + 2);
}

static void *dma_buffer(struct device *dev, dma_addr_t *dma)
{
	if (dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)))
		abort();
	return dma_alloc_coherent(dev, BYTES, dma, GFP_KERNEL);
}

static void dma_without_mask(struct device *dev, void __iomem *regs)
{
	dma_addr_t dma;

	dma_alloc_coherent(dev, BYTES, &dma, GFP_KERNEL);
}

static void dma_free_of_another_size(struct device *dev, void __iomem *regs)
{
	dma_addr_t dma;
	void *p = dma_buffer(dev, &dma);

	dma_free_coherent(dev, 2 * BYTES, p, dma);
}

static void dma_free_of_another_address(struct device *dev, void __iomem *regs)
{
	dma_addr_t dma;
	void *p = dma_buffer(dev, &dma);

	dma_free_coherent(dev, BYTES, p, dma + 0x1000);
}

static void dma_overrun(struct device *dev, void __iomem *regs)
{
	dma_addr_t dma;
	char *before = dma_buffer(dev, &dma), *p = dma_buffer(dev, &dma);

	*(volatile char *)(p + BYTES - 1) = 1;
	*(volatile char *)(before + BYTES - 1) = 1;
	*(volatile char *)(p + BYTES) = 1;
}

static void dma_after_free(struct device *dev, void __iomem *regs)
{
	dma_addr_t dma;
	char *p = dma_buffer(dev, &dma);

	dma_free_coherent(dev, BYTES, p, dma);
	*(volatile char *)p = 1;
}

static void bus_address_as_pointer(struct device *dev, void __iomem *regs)
{
	dma_addr_t dma;

	dma_buffer(dev, &dma);
	*(volatile char *)(uintptr_t)dma = 1;
}

static void spinlock_kept(struct work_struct *w)
{
	spin_lock(&spin);
}

static void work_keeps_a_lock(struct device *dev, void __iomem *regs)
{
	static struct work_struct w;
	struct workqueue_struct *wq = alloc_ordered_workqueue("%s", 0, "bad");

	INIT_WORK(&w, spinlock_kept);
	queue_work(wq, &w);
	flush_workqueue(wq);
}

static int open_refused(struct inode *inode, struct file *file)
{
	return -EIO;
}

static void node_left_behind(struct device *dev, void __iomem *regs)
{
	static const struct file_operations fops = { .open = open_refused };
	static struct miscdevice misc = { .name = "bad", .fops = &fops };

	misc.parent = dev;
	if (misc_register(&misc))
		abort();
}

static void warning(struct device *dev, void __iomem *regs)
{
	WARN_ON(1);
}

static void leak(struct device *dev, void __iomem *regs)
{
	dma_addr_t dma;

	if (!kmalloc(10, GFP_KERNEL) || !dma_buffer(dev, &dma))
		abort();
}

/* ---- the tests --------------------------------------------------------------------------------------------------------- */

/* What becomes of it: signal * 1000, or the exit code of lxa_shim_exit() (0 or an errno). Its last words go to said. */
static int child(void (*what)(struct device *dev, void __iomem *regs), const char *strict, char *said, size_t room)
{
	size_t n = 0;
	int fds[2], status;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		signal(SIGABRT, SIG_DFL);
		signal(SIGSEGV, SIG_DFL);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		setenv("LXA_SHIM_STRICT", strict, 1);
		deed = what;
		lxa_open(DEVICE, 2);		/* probes; there is no device node to open then */
		_exit(-lxa_shim_exit());
	}
	close(fds[1]);
	while (n < room - 1 && (got = read(fds[0], said + n, room - 1 - n)) > 0)
		n += (size_t)got;
	said[n] = 0;
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) * 1000 : WEXITSTATUS(status);
}

static const struct bug {
	void (*what)(struct device *dev, void __iomem *regs);
	int sig;
	const char *words;		/* of the last message */
} bugs[] = {
	{ double_free, SIGABRT, "kmalloc" }, { free_of_the_middle, SIGABRT, "kmalloc" },
	{ sleep_under_spinlock, SIGABRT, "may sleep" }, { mutex_under_spinlock, SIGABRT, "may sleep" },
	{ copy_with_interrupts_off, SIGABRT, "may sleep" }, { spinlock_twice, SIGABRT, "taken twice" },
	{ mutex_twice, SIGABRT, "taken twice" }, { unlock_not_held, SIGABRT, "does not hold" },
	{ raw_register, SIGSEGV, "" }, { register_beyond, SIGABRT, "no __iomem pointer" },
	{ register_askew, SIGABRT, "multiple of 4" }, { dma_without_mask, SIGABRT, "before dma_set_mask" },
	{ dma_free_of_another_size, SIGABRT, "not the one of its allocation" },
	{ dma_free_of_another_address, SIGABRT, "not the one of its allocation" }, { dma_overrun, SIGSEGV, "" },
	{ dma_after_free, SIGSEGV, "" }, { bus_address_as_pointer, SIGSEGV, "" },
	{ work_keeps_a_lock, SIGABRT, "spinlock held" }, { node_left_behind, SIGABRT, "character device" },
	{ warning, SIGABRT, "WARNING" }, { leak, SIGABRT, "left 2 thing(s)" },
};

static void every_bug_is_fatal(void **state)
{
	char said[2048];
	size_t i;

	for (i = 0; i < sizeof(bugs) / sizeof(*bugs); i++) {
		int got = child(bugs[i].what, "1", said, sizeof(said));

		if (got != bugs[i].sig * 1000 || !strstr(said, bugs[i].words))
			fail_msg("bug %zu: ended with %d instead of %d, said: %s", i, got, bugs[i].sig * 1000, said);
	}
}

static void no_bug_lives(void **state)
{
	char said[2048];

	assert_int_equal(child(no_bug, "1", said, sizeof(said)), 0);
	assert_string_equal(said, "");
}

/* Without LXA_SHIM_STRICT a leak is named and told, and a warning is only a warning. */
static void not_strict(void **state)
{
	char said[2048];

	assert_int_equal(child(leak, "0", said, sizeof(said)), EUCLEAN);
	assert_non_null(strstr(said, "leak: kmalloc"));
	assert_non_null(strstr(said, "leak: dma buffer"));
	assert_int_equal(child(warning, "0", said, sizeof(said)), 0);
	assert_non_null(strstr(said, "WARNING"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_bug_lives), cmocka_unit_test(every_bug_is_fatal), cmocka_unit_test(not_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
