/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * lxa_daemon.h - one simulated device for several processes: a server that hosts driver and simulator (`lxa daemon`).
 * Its clients open "unix:SOCKET" (lxa_shim.h, or LXA_DEVICE with the preload library); each open is an open file of the
 * driver. Errors are negative errno.
 */
#ifndef LXA_DAEMON_H
#define LXA_DAEMON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lxa_daemon;

struct lxa_daemon_options {
	const char *socket;		/* where to listen */
	const char *device;		/* "sim:rtl" and so on: lxa_shim.h */
	unsigned int clients;		/* at most, 1..; one more gets -EBUSY */
	uint64_t memory_bytes;		/* of all buffers of this process together; beyond it a client gets -ENOMEM */
	unsigned int mode;		/* permissions of the socket */
	int control;			/* clients may break the device (lxa_shim_control()): for tests */
};

#define LXA_DAEMON_CHANNELS 64		/* calls of one client under way at a time; one more gets -ENOMEM */

/*
 * Make the device and listen. -EADDRINUSE: a daemon serves this socket (one left behind by a daemon that has died is
 * replaced); -EEXIST: something else is there; else what opening the device or the socket gave. err gets a sentence.
 */
int lxa_daemon_create(const struct lxa_daemon_options *opt, struct lxa_daemon **out, char *err, size_t err_len);

/*
 * Serve. 1 after lxa_daemon_wake(): nothing has changed, call it again. 0 after lxa_daemon_stop(): all clients have been
 * ended. -ENOMEM: it could not begin.
 */
int lxa_daemon_run(struct lxa_daemon *d);

/* From any thread, or a signal handler. */
void lxa_daemon_stop(struct lxa_daemon *d);
void lxa_daemon_wake(struct lxa_daemon *d);

/* After run: removes the socket. The device stays until lxa_shim_exit(). */
void lxa_daemon_destroy(struct lxa_daemon *d);

/* What is held just now, for looking after leaks: with no client only what the driver holds for itself. */
struct lxa_daemon_counters {
	unsigned int clients, calls;	/* calls under way */
	unsigned int buffers, things;	/* DMA buffers, all that the driver has allocated (buffers included) */
	uint64_t buffer_bytes;
	uint64_t accepted, refused, misbehaved;	/* clients since the start; the last were ended for a bad message */
	uint64_t copied_bytes;		/* that went through the sockets: calls and answers, never a buffer's contents */
};
void lxa_daemon_counters(struct lxa_daemon *d, struct lxa_daemon_counters *c);

#ifdef __cplusplus
}
#endif
#endif
