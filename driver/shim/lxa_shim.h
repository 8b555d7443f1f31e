/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * lxa_shim.h - the door to the LXA driver, in the kernel, in this process or in a daemon (`lxa daemon`).
 *
 * The path says where the driver is:
 *   "/dev/lxa0" (anything not named below)                   the kernel's driver: every call is the plain system call
 *   "sim:rtl" or "sim:model"                                 the same driver inside this process, on a simulated device
 *   "unix:SOCKET"                                            the same driver in a daemon that several processes share
 * After "sim:ENGINE" options may follow, comma-separated:
 *   dtb=FILE      flattened device tree of the device (sim/README.md)
 *   log=FILE      register and command log       wave=FILE     waveform (rtl engine with tracing)
 *   nr=N          no meaning but to tell paths apart: several devices of one kind in a process
 *   timeout_ms=N  module parameter of that name; it is the driver's and so holds for every device from now on
 *                 (likewise any other parameter of the driver, by its name)
 * One device is made for each distinct path, at its first open, and lives until lxa_shim_exit() or the end of the
 * process. The descriptor returned is a real one (a socket): poll, select and epoll on it work (readable = records to
 * read, or the device is gone); everything else goes through the functions below.
 *
 * Errors are negative errno. Every function may be called from any thread at any time, but lxa_shim_exit().
 * fork(): the child's descriptors give -ENODEV; it must open again and then has a device of its own.
 * Signals do not interrupt a call (there is no -EINTR here).
 */
#ifndef LXA_SHIM_H
#define LXA_SHIM_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Open; flags are open(2)'s O_RDWR, O_NONBLOCK, O_CLOEXEC. A descriptor, or -ENOENT/-EINVAL (path), -ENODEV, -ENOMEM ... */
int lxa_open(const char *path, int flags);

/* Why the last lxa_open() of this thread failed: a sentence, "" when it did not. */
const char *lxa_open_error(void);

/* One of driver/uapi/lxa.h. 0 or more, or -errno. */
int lxa_ioctl(int fd, unsigned long cmd, void *arg);

/* Map len bytes at the offset that BO_CREATE gave, shared. 0 and the address in *out, or -errno. */
int lxa_mmap(int fd, uint64_t offset, size_t len, int prot, void **out);
int lxa_munmap(void *addr, size_t len);

/* As poll(2); other descriptors may be among them. Number of ready ones, or -errno. */
int lxa_poll(struct pollfd *fds, nfds_t n, int timeout_ms);

/* Event records (struct lxa_event). Bytes, or -errno (-EAGAIN with O_NONBLOCK). */
ssize_t lxa_read(int fd, void *buf, size_t len);

/* What the descriptor owns goes when its last duplicate is closed and its last mapping is unmapped. */
int lxa_dup(int fd);
int lxa_close(int fd);

/* ---- for tests; -ENOTTY or NULL for a descriptor of the kernel's driver ----------------------------------------- */

struct lxa_sim;

/* The simulated device behind a descriptor: faults, statistics. Valid until lxa_shim_exit(). */
struct lxa_sim *lxa_shim_sim(int fd);

/* Take the driver off the device while it is open, as writing to the kernel's `unbind` would. The next lxa_open() binds it again. */
int lxa_shim_unbind(int fd);

/* What the kernel does with the device when the machine goes down. */
int lxa_shim_shutdown(int fd);

/* Module parameters by name. -ENOENT: no such parameter. */
int lxa_shim_param_set(const char *name, long value);
int lxa_shim_param_get(const char *name, long *value);

/*
 * Let the n-th allocation of the driver from now on, made by this thread, fail once (n >= 1; 0: none).
 * What it opens and calls in a daemon counts, too, if that daemon allows it (--control).
 * The value is what was left of the counter before the call: 0 once the failure has happened.
 */
unsigned int lxa_shim_fail_nth(unsigned int n);

/*
 * All of it as text: one command, one line of reply that begins with "ok" or "error". The commands of lxa_sim_control(), and
 *   param NAME [VALUE]   module parameter: set, or "ok VALUE"
 *   unbind, shutdown     lxa_shim_unbind(), lxa_shim_shutdown()
 *   unload               lxa_shim_exit(); fd is not looked at
 *   fail_nth N           lxa_shim_fail_nth() for this thread: "ok LEFT"
 * For a file of a daemon's (or fd -1 while one is open), the daemon does it, if it allows that: `lxa daemon --control`.
 * A program that runs with the preload library finds this function there (a weak reference); -errno on failure.
 */
int lxa_shim_control(int fd, const char *command, char *reply, size_t reply_len);

/*
 * Unbind all devices, unload the driver, destroy the devices. -EBUSY while a descriptor is open or memory is mapped;
 * -EUCLEAN when the driver left memory, buffers or handles behind (each is named on stderr; with LXA_SHIM_STRICT=1 in
 * the environment the process aborts). Runs by itself at the end of the process when nothing is open.
 */
int lxa_shim_exit(void);

#ifdef __cplusplus
}
#endif
#endif
