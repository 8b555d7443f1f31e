/* SPDX-License-Identifier: MIT */
/*
 * profile.h - where the time goes (private to liblxa). The thread's profile is prof_current; without one a hook costs a
 * look at it. profile.c records, profile_write.c makes the trace.
 *
 *	uint64_t t = prof_start();
 *	... the work ...
 *	prof_span(t, PROF_CPU, node->name, node->op, images);
 */
#ifndef LXA_LIB_PROFILE_H
#define LXA_LIB_PROFILE_H

#include <pthread.h>

#include "../lxa.h"

enum prof_kind { PROF_PROGRAM, PROF_PLAN, PROF_RUN, PROF_CPU, PROF_ENCODE, PROF_DECODE, PROF_CHECK, PROF_DRIVER };

struct prof_event {
	uint64_t start, end;		/* ns of CLOCK_MONOTONIC */
	const char *name, *op;		/* interned; op may be NULL */
	int64_t n;			/* images, or jobs of PROF_DRIVER; -1: nothing to say */
	uint32_t track;
	uint8_t kind;
};

struct prof_job {			/* a record that was read */
	uint32_t dev;
	uint64_t seen;			/* when */
	const char *name;		/* interned, or NULL */
	struct lxa_event ev;
};

struct prof_group {			/* one submission */
	uint32_t dev;
	uint64_t first, last;		/* job numbers */
	uint64_t submitted;
};

struct prof_name {			/* a thread's or a device's */
	const void *key;
	char *text;
};

struct prof_array {
	void *at;
	size_t n, room;
};

struct lxa_profile {
	pthread_mutex_t lock;		/* guards all that follows */
	uint64_t zero;			/* when it was made */
	struct prof_array events, jobs, groups, threads, devices; /* of prof_event, _job, _group, _name, _name */
	char **strings;			/* interned, open addressing */
	size_t n_strings, room_strings;
	uint64_t dropped;		/* not recorded: no memory, or beyond PROF_MAX */
};

#define PROF_MAX (1u << 21)		/* events, and jobs */

extern __thread struct lxa_profile *prof_current __attribute__((tls_model("initial-exec")));

uint64_t prof_now(void);

/* The start of a span: 0 when nothing is recorded. */
static inline uint64_t prof_start(void)
{
	return prof_current ? prof_now() : 0;
}

void prof_record(uint64_t start, enum prof_kind kind, const char *name, const char *op, int64_t n);

static inline void prof_span(uint64_t start, enum prof_kind kind, const char *name, const char *op, int64_t n)
{
	if (start && prof_current)
		prof_record(start, kind, name, op, n);
}

/* Jobs last - n + 1 .. last were submitted by a call that began at start; records of them were read. */
void prof_submitted(uint64_t start, const struct lxa_device *dev, uint64_t last, uint32_t n);
void prof_jobs(const struct lxa_device *dev, const struct lxa_event *ev, int n);
void prof_job_name(const struct lxa_device *dev, uint64_t seqno, const char *name); /* one whose record was read lately */

#endif
