/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * session.h - what the daemon's two files share: server.c accepts clients and notices their end, session.c makes their calls.
 *
 * A session is a client: one open file of the driver, one arena for its buffers, a thread for each channel. It is held by
 * the server until its control socket has closed, and by each of its threads; the last of them releases the file.
 */
#ifndef LXA_SESSION_H
#define LXA_SESSION_H

#include "shim.h"
#include "lxa_daemon.h"
#include "wire.h"

struct session {
	struct list_head link;		/* lxa_daemon.sessions; the server's thread alone */
	struct lxa_daemon *d;
	int control;
	u64 hello_by_ns;		/* when it must have said hello */
	struct shim_file *sf;		/* NULL before that */
	struct shim_arena *arena;
	bool nice;			/* it may ask for high priority */
	bool admitted;			/* counts as a client */

	pthread_mutex_t lock;		/* guards what follows */
	int refs;
	bool ending;
	bool misbehaved;
	unsigned int workers;
	struct list_head worker_list;
	struct list_head maps;
	u64 next_map;
};

struct lxa_daemon {
	struct lxa_daemon_options opt;
	char *socket;			/* path */
	dev_t socket_dev;
	ino_t socket_ino;
	int listener, stop_fd;
	int device;			/* our own descriptor: keeps the device */
	struct list_head sessions;
	struct mm_struct mm;		/* stands for the clients' address spaces */
	u64 accept_after_ns;		/* out of descriptors: not before */

	pthread_mutex_t lock;		/* guards what follows */
	pthread_cond_t none;		/* no session is left */
	unsigned int alive;		/* sessions, those that are ending included */
	unsigned int admitted;		/* those of them that have said hello and were not too many */
	unsigned int calls;
	u64 accepted, refused, misbehaved, copied;
};

/* session.c */
struct session *session_create(struct lxa_daemon *d, int control);	/* NULL: no memory */
int session_open(struct session *s, int flags, char *err, size_t err_len);
int session_channel(struct session *s, int *client_fd);	/* a thread; the descriptor for the client */
void session_end(struct session *s);			/* interrupts everything; takes over the server's reference */
void session_misbehaved(struct session *s);
void session_fail_nth(const struct session *s, u32 nth);	/* of an open or a call: before it, and after it what is left */
u32 session_fail_left(const struct session *s, u32 nth);

#endif
