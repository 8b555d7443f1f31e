// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The loader: the driver's init and exit functions and parameters, loading at the first open, unloading with the leak
 * check. Its lock is the outermost one; probe, remove, init, exit and open run under it.
 */
#include <linux/module.h>

#include "shim.h"

#include <errno.h>
#include <stdlib.h>

#include "lxa_shim.h"

struct module shim_this_module = { .name = "lxa" };

static pthread_mutex_t loader = PTHREAD_MUTEX_INITIALIZER;
static int (*module_init_fn)(void);
static void (*module_exit_fn)(void);
static struct shim_param *params;
static bool loaded;

void shim_register_module(int (*init)(void), void (*exit)(void))
{
	if (module_init_fn)
		shim_die("two modules are linked into one process");
	module_init_fn = init;
	module_exit_fn = exit;
}

void shim_register_param(struct shim_param *p)
{
	p->next = params;
	params = p;
}

static struct shim_param *find_param(const char *name)
{
	struct shim_param *p = params;

	while (p && strcmp(p->name, name))
		p = p->next;
	return p;
}

int lxa_shim_param_set(const char *name, long value)
{
	struct shim_param *p = find_param(name);

	if (!p)
		return -ENOENT;
	if (p->is_signed ? value < INT_MIN || value > INT_MAX : value < 0 || value > (long)UINT_MAX)
		return -ERANGE;
	if (p->is_signed)
		WRITE_ONCE(*(int *)p->var, (int)value);
	else
		WRITE_ONCE(*(unsigned int *)p->var, (unsigned int)value);
	return 0;
}

int lxa_shim_param_get(const char *name, long *value)
{
	struct shim_param *p = find_param(name);

	if (!p)
		return -ENOENT;
	*value = p->is_signed ? READ_ONCE(*(int *)p->var) : (long)READ_ONCE(*(unsigned int *)p->var);
	return 0;
}

/* With the loader's lock. */
static int load_module(char *err, size_t err_len)
{
	int ret;

	if (loaded)
		return 0;
	if (!module_init_fn)
		shim_die("no driver is linked into this process");
	ret = module_init_fn();
	if (ret)
		snprintf(err, err_len, "the driver's init function failed: %s", strerror(-ret));
	else
		loaded = true;
	return ret;
}

/*
 * At the end of the process: with a file still open other threads may be inside the driver, so only traces are closed.
 * Registered after each device is made: it must run before the static objects of the simulator's C++ library go.
 */
static void at_exit(void)
{
	if (lxa_shim_exit() == -EBUSY) {
		pthread_mutex_lock(&loader);
		shim_dev_flush();
		pthread_mutex_unlock(&loader);
	}
}

static int find_or_create(const char *path, const struct host_options *opt, struct shim_dev **out, char *err, size_t err_len)
{
	struct shim_dev *sd = shim_dev_find(path);
	bool is_new = !sd;
	int ret;

	if (is_new) {
		ret = shim_dev_create(path, opt, &sd, err, err_len);
		if (ret)
			return ret;
		atexit(at_exit);
	}
	if (!sd->bound) {
		ret = shim_dev_bind(sd);
		if (ret) {
			snprintf(err, err_len, "the driver refused the device: %s", strerror(-ret));
			if (is_new)		/* an older one may have open files from before it was unbound */
				shim_dev_destroy(sd);
			return ret;
		}
	}
	*out = sd;
	return 0;
}

int shim_open(const char *path, const struct host_options *opt, int flags, struct shim_file **out, char *err, size_t err_len)
{
	struct shim_dev *sd;
	int ret;

	pthread_mutex_lock(&loader);
	ret = load_module(err, err_len);
	if (!ret)
		ret = find_or_create(path, opt, &sd, err, err_len);
	if (!ret) {
		ret = shim_file_create(sd, flags, out);
		if (ret)
			snprintf(err, err_len, "%s: open failed: %s", path, strerror(-ret));
	}
	pthread_mutex_unlock(&loader);
	return ret;
}

bool shim_known(const char *path)
{
	bool known;

	pthread_mutex_lock(&loader);
	known = shim_dev_find(path);
	pthread_mutex_unlock(&loader);
	return known;
}

int shim_unbind(struct shim_dev *sd)
{
	int ret;

	pthread_mutex_lock(&loader);
	ret = sd->bound ? 0 : -ENODEV;
	shim_dev_unbind(sd);
	pthread_mutex_unlock(&loader);
	return ret;
}

int shim_shutdown(struct shim_dev *sd)
{
	int ret;

	pthread_mutex_lock(&loader);
	ret = sd->bound ? 0 : -ENODEV;
	shim_dev_shutdown(sd);
	pthread_mutex_unlock(&loader);
	return ret;
}

int lxa_shim_exit(void)
{
	struct shim_dev *sd;
	unsigned int leaks;
	int ret = 0;

	pthread_mutex_lock(&loader);
	if (shim_files_open() || shim_vmas()) {
		ret = -EBUSY;
		goto out;
	}
	if (loaded)
		module_exit_fn();
	loaded = false;
	leaks = shim_track_report();
	while ((sd = shim_dev_find(NULL))) {
		if (kref_read(&sd->pdev.dev.ref) != 1)
			leaks++;
		shim_dev_destroy(sd);
	}
	shim_workqueue_stop();
	shim_dma_limit(~0ull);
	if (leaks && shim_strict())
		shim_die("the driver left %u thing(s) behind", leaks);
	ret = leaks ? -EUCLEAN : 0;
out:
	pthread_mutex_unlock(&loader);
	return ret;
}

/* In the child of a fork nothing of the parent's runtime works: its threads are not here. Forget it all. */
static void forked(void)
{
	loaded = false;
	shim_client_reset();
	shim_file_reset();
	shim_vma_reset();
	shim_poll_reset();
	shim_dev_reset();
	shim_misc_reset();
	shim_irq_reset();
	shim_workqueue_reset();
	shim_dma_reset();
	shim_io_reset();
	shim_ida_reset();
	shim_mem_reset();
	pthread_mutex_unlock(&loader);		/* taken by before_fork() in the thread that is left */
}

/* With the loader's lock held no other thread is half-way through probe or removal when the child's copy is taken. */
static void before_fork(void)
{
	pthread_mutex_lock(&loader);
	shim_client_fork(true);
}

static void after_fork(void)
{
	shim_client_fork(false);
	pthread_mutex_unlock(&loader);
}

static __attribute__((constructor)) void watch_forks(void)
{
	pthread_atfork(before_fork, after_fork, forked);
}
