// SPDX-License-Identifier: MIT
/* progress.c - see progress.h. On a terminal a bar is redrawn; elsewhere a plain line appears every ten seconds and at the end. */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 32

double progress_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void progress_start(struct progress *p, const char *what, uint64_t total)
{
	memset(p, 0, sizeof(*p));
	p->what = what;
	p->total = total;
	p->start = p->last = progress_now();
	p->tty = isatty(STDERR_FILENO);
}

static void draw(const struct progress *p, uint64_t done, double now)
{
	double share = p->total ? (double)done / (double)p->total : 1.0;
	double spent = now - p->start;
	double left = done ? spent / (double)done * (double)(p->total - done) : 0.0;
	char bar[BAR_WIDTH + 1];

	for (int i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < (int)(share * BAR_WIDTH) ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "%s[%s] %3d %%  %llu/%llu %s  %.0f s, %.0f s left%s", p->tty ? "\r" : "", bar, (int)(share * 100),
		(unsigned long long)done, (unsigned long long)p->total, p->what, spent, left, p->tty ? "   " : "\n");
	fflush(stderr);
}

void progress_update(struct progress *p, uint64_t done)
{
	double now = progress_now();

	int finished = done == p->total;

	if (p->finished || (now - p->last < (p->tty ? 0.1 : 10.0) && !finished))
		return;
	p->finished = finished;
	p->last = now;
	p->shown = 1;
	draw(p, done, now);
}

void progress_end(struct progress *p)
{
	if (p->tty && p->shown)
		fputc('\n', stderr);
}
