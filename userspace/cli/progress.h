/* SPDX-License-Identifier: MIT */
/* progress.h - one-line progress with an estimate of the time left; on stderr. */
#ifndef LXA_CLI_PROGRESS_H
#define LXA_CLI_PROGRESS_H

#include <stdint.h>

struct progress {
	const char *what;		/* "images" */
	uint64_t total;
	double start, last;		/* seconds, CLOCK_MONOTONIC */
	int tty;
	int shown, finished;
};

double progress_now(void);		/* seconds, CLOCK_MONOTONIC */
void progress_start(struct progress *p, const char *what, uint64_t total);
void progress_update(struct progress *p, uint64_t done); /* cheap: draws ten times a second at most */
void progress_end(struct progress *p);			 /* leaves the cursor on a clean line */

#endif
