/* SPDX-License-Identifier: MIT */
/*
 * serve.h - the simulated device as a PCI function of a User Mode Linux kernel, behind a vhost-user socket.
 * README.md of this folder says what the kernel needs and how to start it.
 */
#ifndef LXA_SERVE_H
#define LXA_SERVE_H

#include <stddef.h>
#include <stdio.h>

struct lxa_serve {
	const char *path;		/* of the socket */
	const void *dtb;		/* as for lxa_sim_create() */
	size_t dtb_len;
	const char *log;		/* file for the device's command log, or NULL */
	int once;			/* end with the first guest */
	int stop_fd;			/* readable: end. -1: nothing does */
	FILE *out;			/* a line for each guest that comes and goes; NULL: silent */
};

/*
 * Serve guests, one after another, each a device fresh from power-on. Returns 0 when stopped (or, with `once`, when the
 * guest has gone), or a negative errno with a sentence in err.
 */
int lxa_serve(const struct lxa_serve *s, char *err, size_t err_len);

#endif
