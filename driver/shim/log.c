// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The kernel log on stderr, and the ways to stop the process. */
#include "shim.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static int log_level(void)
{
	static int level = -1;
	int l = READ_ONCE(level);
	const char *s;

	if (l < 0) {
		s = getenv("LXA_SHIM_LOG");
		l = s && *s ? atoi(s) : KERN_LEVEL_WARN;
		WRITE_ONCE(level, l);
	}
	return l;
}

bool shim_strict(void)
{
	const char *s = getenv("LXA_SHIM_STRICT");

	return s && *s && strcmp(s, "0");
}

/* One write, so that lines of several threads do not mix. */
static void emit(const char *prefix, const char *fmt, va_list ap)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), "lxa-shim: %s", prefix);

	n += vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	if (line[n - 1] != '\n')
		line[n++] = '\n';
	if (sys_write(STDERR_FILENO, line, (size_t)n) < 0)
		return;		/* nowhere left to say it */
}

void shim_printk(int level, const char *fmt, ...)
{
	va_list ap;

	if (level > log_level())
		return;
	va_start(ap, fmt);
	emit("", fmt, ap);
	va_end(ap);
}

void shim_dev_printk(int level, const struct device *dev, const char *fmt, ...)
{
	char prefix[64];
	va_list ap;

	if (level > log_level())
		return;
	snprintf(prefix, sizeof(prefix), "%s: ", dev ? dev_name(dev) : "(no device)");
	va_start(ap, fmt);
	emit(prefix, fmt, ap);
	va_end(ap);
}

int dev_err_probe(const struct device *dev, int err, const char *fmt, ...)
{
	char prefix[64];
	va_list ap;

	snprintf(prefix, sizeof(prefix), "%s: error %d: ", dev_name(dev), err);
	va_start(ap, fmt);
	if (log_level() >= KERN_LEVEL_ERR)
		emit(prefix, fmt, ap);
	va_end(ap);
	return err;
}

/* Once in five seconds for each place. */
int shim_ratelimit(long *last_ns)
{
	long now = (long)shim_now_ns(), last = __atomic_load_n(last_ns, __ATOMIC_RELAXED);

	if (last && now - last < 5000000000l)
		return 0;
	return __atomic_compare_exchange_n(last_ns, &last, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void shim_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit("FATAL: ", fmt, ap);
	va_end(ap);
	abort();
}

void shim_bug(const char *file, int line, const char *what)
{
	shim_die("%s:%d: %s", file, line, what);
}

bool shim_warn(const char *file, int line, const char *what)
{
	shim_printk(KERN_LEVEL_WARN, "WARNING %s:%d: %s", file, line, what);
	if (shim_strict())
		abort();
	return true;
}
