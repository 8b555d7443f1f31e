/* SPDX-License-Identifier: MIT */
/*
 * profile_write.c - a profile as a trace that Perfetto and chrome://tracing read (the JSON "trace event format"): threads are the
 * tracks of process 1, each device is a process of its own.
 *
 * The device tells how many cycles a job took, not when; its clock is not the host's. So jobs are laid end to end: those of one
 * submission share, by their cycles, the time from the submission (or the end of the jobs before) to the moment when their records
 * were read. The exact cycles are in the arguments.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile.h"
#include "utf8.h"

struct writer {
	FILE *f;
	uint64_t zero;
	int first;
};

static const char *const kinds[] = {
	[PROF_PROGRAM] = "program", [PROF_PLAN] = "plan", [PROF_RUN] = "run", [PROF_CPU] = "cpu",
	[PROF_ENCODE] = "encode", [PROF_DECODE] = "decode", [PROF_CHECK] = "check", [PROF_DRIVER] = "driver",
};

/* ---- JSON ---------------------------------------------------------------------------------------------------- */

static void put_string(FILE *f, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	int n;

	fputc('"', f);
	while (*s) {
		n = utf8_length(s);
		if (!n)
			fputs("\\ufffd", f);
		else if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if (*s < 0x20 || *s == 0x7f)
			fprintf(f, "\\u%04x", *s);
		else
			fwrite(s, 1, (size_t)n, f);
		s += n ? n : 1;
	}
	fputc('"', f);
}

static void event_begins(struct writer *w)
{
	fputs(w->first ? "\n" : ",\n", w->f);
	w->first = 0;
}

static void name_track(struct writer *w, const char *what, size_t pid, size_t tid, const char *name)
{
	event_begins(w);
	fprintf(w->f, "{\"ph\":\"M\",\"name\":\"%s\",\"pid\":%zu,\"tid\":%zu,\"args\":{\"name\":", what, pid, tid);
	put_string(w->f, name);
	fputs("}}", w->f);
}

/* The head of a span, up to its arguments. Times are microseconds; three places keep the nanoseconds. */
static void span(struct writer *w, const char *cat, const char *name, size_t pid, size_t tid, uint64_t start, uint64_t end)
{
	uint64_t ts = start < w->zero ? 0 : start - w->zero, dur = end - start;

	event_begins(w);
	fputs("{\"ph\":\"X\",\"name\":", w->f);
	put_string(w->f, name);
	fprintf(w->f, ",\"cat\":\"%s\",\"pid\":%zu,\"tid\":%zu,\"ts\":%llu.%03u,\"dur\":%llu.%03u,\"args\":{", cat, pid, tid,
		(unsigned long long)(ts / 1000), (unsigned int)(ts % 1000), (unsigned long long)(dur / 1000),
		(unsigned int)(dur % 1000));
}

static void put_events(struct writer *w, const struct lxa_profile *p)
{
	const struct prof_event *e = p->events.at;
	size_t i;

	for (i = 0; i < p->events.n; i++, e++) {
		span(w, kinds[e->kind], e->name, 1, e->track + 1, e->start, e->end);
		if (e->op) {
			fputs("\"op\":", w->f);
			put_string(w->f, e->op);
		}
		if (e->n >= 0)
			fprintf(w->f, "%s\"%s\":%lld", e->op ? "," : "", e->kind == PROF_DRIVER ? "jobs" : "images",
				(long long)e->n);
		fputs("}}", w->f);
	}
}

/* ---- jobs ------------------------------------------------------------------------------------------------------ */

static void put_job(struct writer *w, const struct prof_job *j, uint64_t start, uint64_t end, uint64_t cycle)
{
	const struct lxa_event *e = &j->ev;
	const struct { const char *name; uint64_t value; } args[] = {
		{ "job", e->seqno }, { "start_cycle", cycle }, { "end_cycle", cycle + e->cycles }, { "cycles", e->cycles },
		{ "busy", e->busy }, { "st_wgt", e->st_wgt }, { "st_act", e->st_act }, { "st_rd", e->st_rd },
		{ "st_out", e->st_out }, { "st_wr", e->st_wr }, { "st_pipe", e->st_pipe }, { "st_cmd", e->st_cmd },
		{ "macs", e->macs }, { "rd_bytes", e->rd_bytes }, { "wr_bytes", e->wr_bytes },
	};
	char number[32];
	size_t i;

	snprintf(number, sizeof(number), "job %llu", (unsigned long long)e->seqno);
	span(w, "device", j->name ? j->name : number, j->dev + 2u, 1, start, end);
	for (i = 0; i < sizeof(args) / sizeof(args[0]); i++)
		fprintf(w->f, "%s\"%s\":%llu", i ? "," : "", args[i].name, (unsigned long long)args[i].value);
	fprintf(w->f, ",\"error\":%d}}", e->error);
}

static int by_seqno(const void *a, const void *b)
{
	const struct prof_job *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ev.seqno < y->ev.seqno ? -1 : x->ev.seqno > y->ev.seqno;
}

static int by_first(const void *a, const void *b)
{
	const struct prof_group *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

/* A run of jobs that shares one stretch of time: a submission's, or several submissions' whose ends were seen together. */
struct stretch {
	size_t from, to;		/* jobs */
	uint64_t start, end, cycles;
};

static void take_group(struct stretch *s, const struct prof_job *jobs, size_t n, const struct prof_group *g)
{
	while (s->to < n && jobs[s->to].dev == g->dev && jobs[s->to].ev.seqno <= g->last) {
		s->cycles += jobs[s->to].ev.cycles;
		if (jobs[s->to].seen > s->end)
			s->end = jobs[s->to].seen;
		s->to++;
	}
}

/*
 * Whether the group's jobs were seen to end so soon after the stretch's that its cycles cannot have passed in between: then the
 * host looked late, and both share the time.
 */
static int seen_together(const struct stretch *s, const struct prof_job *jobs, size_t n, const struct prof_group *g)
{
	struct stretch next = { .from = s->to, .to = s->to };

	if (g->submitted >= s->end)
		return 0;
	take_group(&next, jobs, n, g);
	if (next.end <= s->end)
		return 1;
	return (double)(next.end - s->end) * (double)s->cycles < 0.1 * (double)(s->end - s->start) * (double)next.cycles;
}

static void put_stretch(struct writer *w, const struct prof_job *jobs, const struct stretch *s, uint64_t *cycle)
{
	uint64_t at = 0, start, end;
	size_t i;

	for (i = s->from; i < s->to; i++) {
		start = s->start + (s->cycles ? (uint64_t)((double)(s->end - s->start) * (double)at / (double)s->cycles) : 0);
		at += jobs[i].ev.cycles;
		end = s->start + (s->cycles ? (uint64_t)((double)(s->end - s->start) * (double)at / (double)s->cycles) : 0);
		put_job(w, &jobs[i], start, end, *cycle);
		*cycle += jobs[i].ev.cycles;
	}
}

/* Jobs in the order in which their device ran them; groups too. */
static void put_jobs(struct writer *w, const struct prof_job *jobs, size_t n, const struct prof_group *groups, size_t n_groups)
{
	uint64_t cycle = 0, end = 0;
	size_t at = 0, g;

	for (g = 0; g < n_groups; g++) {
		struct stretch s = { .start = groups[g].submitted };

		if (g && groups[g].dev != groups[g - 1].dev)
			cycle = end = 0;
		while (at < n && (jobs[at].dev < groups[g].dev ||
				  (jobs[at].dev == groups[g].dev && jobs[at].ev.seqno < groups[g].first)))
			at++;	/* submitted before recording began */
		s.from = s.to = at;
		if (s.start < end)
			s.start = end;
		s.end = s.start;
		take_group(&s, jobs, n, &groups[g]);
		while (g + 1 < n_groups && groups[g + 1].dev == groups[g].dev && s.to > s.from &&
		       seen_together(&s, jobs, n, &groups[g + 1]))
			take_group(&s, jobs, n, &groups[++g]);
		put_stretch(w, jobs, &s, &cycle);
		at = s.to;
		end = s.end;
	}
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static void put_all(struct writer *w, struct lxa_profile *p)
{
	const struct prof_name *threads = p->threads.at, *devices = p->devices.at;
	size_t i;

	qsort(p->jobs.at, p->jobs.n, sizeof(struct prof_job), by_seqno);
	qsort(p->groups.at, p->groups.n, sizeof(struct prof_group), by_first);
	fputs("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[", w->f);
	name_track(w, "process_name", 1, 0, "host");
	for (i = 0; i < p->threads.n; i++)
		name_track(w, "thread_name", 1, i + 1, threads[i].text);
	for (i = 0; i < p->devices.n; i++) {
		name_track(w, "process_name", i + 2, 0, devices[i].text);
		name_track(w, "thread_name", i + 2, 1, "jobs");
	}
	put_events(w, p);
	put_jobs(w, p->jobs.at, p->jobs.n, p->groups.at, p->groups.n);
	fprintf(w->f, "\n],\"otherData\":{\"dropped_events\":%llu}}\n", (unsigned long long)p->dropped);
}

int lxa_profile_write(struct lxa_profile *p, const char *path, struct lxa_err *err)
{
	struct writer w = { .f = fopen(path, "w"), .zero = p->zero, .first = 1 };
	int bad;

	if (!w.f)
		return lxa_err_set(err, -errno, "%s: %s", path, strerror(errno));
	pthread_mutex_lock(&p->lock);
	put_all(&w, p);
	pthread_mutex_unlock(&p->lock);
	errno = 0;
	bad = fflush(w.f) || ferror(w.f);
	bad |= fclose(w.f);
	return bad ? lxa_err_set(err, errno ? -errno : -EIO, "%s: cannot be written: %s", path, strerror(errno ? errno : EIO)) : 0;
}
