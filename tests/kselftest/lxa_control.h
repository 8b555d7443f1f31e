/* SPDX-License-Identifier: MIT */
/*
 * How a test reaches behind the driver: faults of the simulated device, module parameters, unbinding, failing allocations.
 * control() takes the commands of lxa_shim_control() (driver/shim/lxa_shim.h) wherever the driver is:
 *   in this process or a daemon      the function itself, found here by a weak reference (preload library, or linked); it asks the
 *                                    daemon, which has to allow it (`lxa daemon --control`)
 *   in a kernel                      the simulated PCI function's vendor capability (sim/serve/pci_function.h), for root; and what
 *                                    is the kernel's own: /sys/module/lxa/parameters, .../unbind, /proc/thread-self/fail-nth
 */
#ifndef LXA_CONTROL_H
#define LXA_CONTROL_H

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>

#include "lxa_calls.h"

extern int lxa_shim_control(int fd, const char *command, char *reply, size_t reply_len) __attribute__((weak));

#define CONTROL_NONE (-ENOTTY)		/* there is no way to do this here */

static inline int control_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return errno == ENOENT ? CONTROL_NONE : -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static inline int control_param(const char *args)
{
	char name[32], value[32], path[128];

	if (sscanf(args, "%31s %31s", name, value) != 2)
		return -EINVAL;
	snprintf(path, sizeof(path), "/sys/module/lxa/parameters/%s", name);
	return control_write(path, value);
}

/* The device is what is bound to the driver: a link whose name has a colon or a dot in it. */
static inline int control_bind(const char *what, char *device, size_t len)
{
	static const char *const bus[] = { "/sys/bus/pci/drivers/lxa", "/sys/bus/platform/drivers/lxa" };
	char path[256];
	struct dirent *e;
	DIR *d;

	for (int i = 0; i < 2; i++) {
		d = opendir(bus[i]);
		while (!device[0] && d && (e = readdir(d)))
			if (e->d_name[0] != '.' && e->d_type == DT_LNK && (strchr(e->d_name, ':') || strchr(e->d_name, '.')))
				snprintf(device, len, "%s", e->d_name);
		if (d)
			closedir(d);
		snprintf(path, sizeof(path), "%s/%s", bus[i], what);
		if (device[0] && d && !control_write(path, device))
			return 0;
	}
	return CONTROL_NONE;
}

/* ---- the simulated PCI function ---- */

#define PCI_CONFIG "/sys/bus/pci/devices/0000:00:00.0/config"
#define PCI_CAP 0x50			/* id 9, then AFTER, COUNT, FAULT, then 64-bit CYCLES, JOBS, IRQS, BUS_ERRORS */

static inline int pci_write(int fd, unsigned int word, uint32_t value)
{
	return pwrite(fd, &value, 4, PCI_CAP + 4 * word) == 4 ? 0 : -EIO;
}

static inline int pci_command(int fd, const char *command, char *reply, size_t len)
{
	static const char *const names[] = { "none", "hang", "lost-irq", "spurious-irq", "read-error", "write-error", "bit-flip",
					     "bad-record" };
	unsigned long long after, count;
	uint64_t v[4];
	char name[32];

	if (!strcmp(command, "stop") || !strcmp(command, "start"))
		return 0;		/* no way; and no need, where it is about many jobs at once */
	if (!strcmp(command, "stats")) {
		for (unsigned int i = 0; i < 4; i++)
			if (pread(fd, &v[i], 8, PCI_CAP + 16 + 8 * i) != 8)
				return -EIO;
		snprintf(reply, len, "ok cycles %llu jobs %llu irqs %llu bus_errors %llu", (unsigned long long)v[0],
			 (unsigned long long)v[1], (unsigned long long)v[2], (unsigned long long)v[3]);
		return 0;
	}
	if (sscanf(command, "fault %31s %llu %llu", name, &after, &count) != 3)
		return -EINVAL;
	for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return pci_write(fd, 1, (uint32_t)after) || pci_write(fd, 2, (uint32_t)count) || pci_write(fd, 3, i) ? -EIO : 0;
	return -EINVAL;
}

static inline int control_pci(const char *command, char *reply, size_t len)
{
	int fd = open(PCI_CONFIG, O_RDWR | O_CLOEXEC), ret = CONTROL_NONE;
	uint32_t id = 0, cap = 0;

	if (fd < 0)
		return ret;
	if (pread(fd, &id, 4, 0) == 4 && id == 0x4c581234 && pread(fd, &cap, 4, PCI_CAP) == 4 && (cap & 0xff) == 9)
		ret = pci_command(fd, command, reply, len);
	close(fd);
	return ret;
}

/* Returns what is left of the counter, as the kernel counts: negative when there is no way. */
static inline int control_fail_nth(unsigned int n)
{
	char text[32] = "";
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC), left;

	if (fd < 0)
		return CONTROL_NONE;
	left = pread(fd, text, sizeof(text) - 1, 0) > 0 ? atoi(text) : 0;
	snprintf(text, sizeof(text), "%u", n);
	if (pwrite(fd, text, strlen(text), 0) < 0)
		left = -errno;
	close(fd);
	return left;
}

/* 0, CONTROL_NONE or another negative errno; the reply without its "ok " in text (may be NULL). */
static inline int control(int fd, char *text, size_t len, const char *fmt, ...)
{
	static char device[256];
	char command[128], reply[256] = "";
	va_list ap;
	int ret;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	if (lxa_shim_control) {
		ret = lxa_shim_control(fd, command, reply, sizeof(reply));
	} else if (!strncmp(command, "param ", 6)) {
		ret = control_param(command + 6);
	} else if (!strcmp(command, "unbind")) {
		ret = control_bind("unbind", device, sizeof(device));
	} else if (!strcmp(command, "rebind")) {
		ret = control_bind("bind", device, sizeof(device));
	} else if (!strcmp(command, "unload")) {
		ret = 0;	/* the machine's own leak checker looks when the module goes */
	} else if (!strncmp(command, "fail_nth ", 9)) {
		ret = control_fail_nth((unsigned int)strtoul(command + 9, NULL, 10));
		snprintf(reply, sizeof(reply), "ok %d", ret);
		ret = ret < 0 ? ret : 0;
	} else {
		ret = control_pci(command, reply, sizeof(reply));
	}
	if (text)
		snprintf(text, len, "%s", strncmp(reply, "ok ", 3) ? reply : reply + 3);
	return ret;
}

static inline int control_in_kernel(void)
{
	return !lxa_shim_control;
}

struct control_stats {
	uint64_t cycles, jobs, irqs, bus_errors;
};

static inline int control_stats(int fd, struct control_stats *s)
{
	char text[256];
	int ret = control(fd, text, sizeof(text), "stats");
	unsigned long long v[4];

	if (ret)
		return ret;
	if (sscanf(text, "cycles %llu jobs %llu irqs %llu bus_errors %llu", &v[0], &v[1], &v[2], &v[3]) != 4)
		return -EPROTO;
	*s = (struct control_stats){ v[0], v[1], v[2], v[3] };
	return 0;
}

/* Whether another process's open() reaches this very device: not when the driver is in the process. */
static inline int device_is_shared(void)
{
	const char *path = getenv("LXA_DEVICE");

	return !lxa_shim_control || (path && strncmp(path, "sim:", 4));
}

#endif
