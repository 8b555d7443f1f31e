/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * wire.h - what daemon and client say to each other, on one machine (native byte order).
 *
 * Control socket (SOCK_SEQPACKET, the one that the client connects): the client says hello, the daemon answers with the
 * result and, when the file is open, three descriptors: the memory of this client's buffers, the descriptor that a
 * program polls, and a first channel. The client may ask for more channels. Closing this socket ends everything that the client had.
 *
 * Channel (SOCK_STREAM): one call at a time, an answer to each. User memory goes as parts: (address, length) and the
 * bytes. The client sends what a call may read; the daemon answers with what the driver wrote. Addresses are the
 * client's and mean nothing to the daemon but to match the two.
 *
 * fail_nth, for tests: lxa_shim_fail_nth() of the client's thread. The counter goes with an open or a call to the thread
 * that serves it and comes back with the answer, as if the driver ran in the client's own. A daemon that does not allow
 * tests gives it back as it was.
 */
#ifndef LXA_WIRE_H
#define LXA_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WIRE_MAGIC 0x3261786cu		/* "lxa2": changes with every change of this file */

struct wire_hello {
	uint32_t magic;
	uint32_t flags;			/* of open(2) */
	uint32_t fail_nth;
};

struct wire_welcome {
	uint32_t magic;
	int32_t ret;			/* 0, or -errno and why */
	uint32_t fail_nth;
	char text[244];
};
enum { WIRE_FD_MEMORY, WIRE_FD_READY, WIRE_FD_CHANNEL, WIRE_FDS };

/* Later on the control socket: one byte of any value asks for a channel; the answer is an int32_t, and a descriptor if it is 0. */

enum wire_op {
	WIRE_IOCTL,			/* arg: request, address of its struct */
	WIRE_READ,			/* address, length */
	WIRE_POLL,			/* ret: the driver's mask */
	WIRE_MMAP,			/* start, length, page offset, VM_ flags; val: offset in the memory, name of the mapping, flags */
	WIRE_VMA_OPEN,			/* name of a mapping: one more holder */
	WIRE_VMA_CLOSE,			/* one less */
	WIRE_CONTROL,			/* a line for lxa_shim_control() as the one part; so is the answer. EPERM: not allowed here */
};

#define WIRE_PARTS_MAX 2u		/* a call's struct and one array */
#define WIRE_BYTES_MAX (1100u << 10)	/* of parts, headers included: 256 jobs of a page each, and a page */
#define WIRE_CONTROL_MAX 512u
#define WIRE_BYTES_SMALL (5u << 10)	/* the same of a call that is no SUBMIT, and may wait for long */
#define WIRE_READ_MAX (256u << 10)	/* bytes of one WIRE_READ */

struct wire_part {
	uint64_t addr;
	uint64_t len;			/* bytes that follow */
};

struct wire_call {
	uint32_t magic;
	uint32_t op;			/* enum wire_op */
	uint64_t arg[4];
	uint32_t parts;
	uint32_t bytes;			/* that follow: for each part its struct and its bytes */
	uint32_t fail_nth;
	uint32_t pad;
};

struct wire_reply {
	int64_t ret;			/* 0 or more, or -errno */
	uint64_t val[3];
	uint32_t parts;
	uint32_t bytes;
	uint32_t unmaps;		/* another number than in the call before: mappings made until now have lost their pages */
	uint32_t fail_nth;
};

/* wire.c: 0 or more, or -errno. MSG_NOSIGNAL, EINTR never. */
int wire_send(int fd, const void *buf, size_t len);
int wire_send_fds(int fd, const void *buf, size_t len, const int *fds, int n);
ssize_t wire_recv(int fd, void *buf, size_t room, int flags);		/* 0: the other side has gone */
ssize_t wire_recv_soon(int fd, void *buf, size_t room, bool *long_waits);	/* looks before it sleeps: shim_look() */
ssize_t wire_recv_fds(int fd, void *buf, size_t room, int *fds, int n);	/* fds not sent are -1; they are close-on-exec */
int wire_connect(const char *path);					/* a control socket */
int wire_address(const char *path, void *addr);				/* fills a struct sockaddr_un */

#endif
