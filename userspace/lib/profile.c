/* SPDX-License-Identifier: MIT */
/* profile.c - records what threads do in the library and what the devices' records say: see profile.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "profile.h"

#define DEPTH 32

__thread struct lxa_profile *prof_current __attribute__((tls_model("initial-exec")));

/* The program's own spans that are open in this thread. */
static __thread struct {
	uint32_t track;
	int depth;
	struct {
		uint64_t start;
		const char *name;
	} open[DEPTH];
} mine;

uint64_t prof_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- storage; the lock is held ----------------------------------------------------------------------------- */

/* Room for one more element, or NULL: counted as dropped. */
static void *add(struct lxa_profile *p, struct prof_array *a, size_t size)
{
	if (a->n == a->room) {
		size_t room = a->room ? 2 * a->room : 64;
		void *at = a->n < PROF_MAX ? realloc(a->at, room * size) : NULL;

		if (!at) {
			p->dropped++;
			return NULL;
		}
		a->at = at;
		a->room = room;
	}
	return memset((char *)a->at + a->n++ * size, 0, size);
}

static size_t hash(const char *s)
{
	size_t h = 5381;

	for (; *s; s++)
		h = h * 33 + (unsigned char)*s;
	return h;
}

static size_t place(char *const *strings, size_t room, const char *s)
{
	size_t i = hash(s) & (room - 1);

	while (strings[i] && strcmp(strings[i], s))
		i = (i + 1) & (room - 1);
	return i;
}

static int grow_strings(struct lxa_profile *p)
{
	size_t room = p->room_strings ? 2 * p->room_strings : 256, i;
	char **strings = calloc(room, sizeof(*strings));

	if (!strings)
		return -ENOMEM;
	for (i = 0; i < p->room_strings; i++)
		if (p->strings[i])
			strings[place(strings, room, p->strings[i])] = p->strings[i];
	free(p->strings);
	p->strings = strings;
	p->room_strings = room;
	return 0;
}

/* The profile's own copy: a plan may be gone when the trace is written. */
static const char *intern(struct lxa_profile *p, const char *s)
{
	size_t i;

	if (!s)
		return NULL;
	if (2 * p->n_strings >= p->room_strings && grow_strings(p))
		return "?";
	i = place(p->strings, p->room_strings, s);
	if (!p->strings[i]) {
		p->strings[i] = strdup(s);
		p->n_strings++;
	}
	return p->strings[i] ? p->strings[i] : "?";
}

/* The number of a device; UINT32_MAX: no memory. */
static uint32_t device_number(struct lxa_profile *p, const struct lxa_device *dev)
{
	struct prof_name *d = p->devices.at;
	size_t i;

	for (i = p->devices.n; i-- > 0;)
		if (d[i].key == dev && !strcmp(d[i].text, lxa_device_path(dev)))
			return (uint32_t)i;
	d = add(p, &p->devices, sizeof(*d));
	if (!d)
		return UINT32_MAX;
	d->key = dev;
	d->text = strdup(lxa_device_path(dev));
	if (d->text)
		return (uint32_t)p->devices.n - 1;
	p->devices.n--;
	p->dropped++;
	return UINT32_MAX;
}

/* ---- hooks ------------------------------------------------------------------------------------------------------ */

void prof_record(uint64_t start, enum prof_kind kind, const char *name, const char *op, int64_t n)
{
	struct lxa_profile *p = prof_current;
	uint64_t end = prof_now();
	struct prof_event *e;

	pthread_mutex_lock(&p->lock);
	e = add(p, &p->events, sizeof(*e));
	if (e) {
		e->start = start;
		e->end = end;
		e->name = intern(p, name);
		e->op = intern(p, op);
		e->n = n;
		e->track = mine.track;
		e->kind = (uint8_t)kind;
	}
	pthread_mutex_unlock(&p->lock);
}

void prof_submitted(uint64_t start, const struct lxa_device *dev, uint64_t last, uint32_t n)
{
	struct lxa_profile *p = prof_current;
	struct prof_group *g;
	uint32_t number;

	if (!p || !start)
		return;
	pthread_mutex_lock(&p->lock);
	number = device_number(p, dev);
	g = number == UINT32_MAX ? NULL : add(p, &p->groups, sizeof(*g));
	if (g)
		*g = (struct prof_group){ number, last - n + 1, last, start };
	pthread_mutex_unlock(&p->lock);
}

void prof_jobs(const struct lxa_device *dev, const struct lxa_event *ev, int n)
{
	struct lxa_profile *p = prof_current;
	uint64_t seen;
	uint32_t number;
	int i;

	if (!p || n <= 0)
		return;
	seen = prof_now();
	pthread_mutex_lock(&p->lock);
	number = device_number(p, dev);
	for (i = 0; i < n && number != UINT32_MAX; i++) {
		struct prof_job *j = add(p, &p->jobs, sizeof(*j));

		if (!j)
			continue;
		j->dev = number;
		j->seen = seen;
		j->ev = ev[i];
	}
	pthread_mutex_unlock(&p->lock);
}

void prof_job_name(const struct lxa_device *dev, uint64_t seqno, const char *name)
{
	struct lxa_profile *p = prof_current;
	struct prof_job *j;
	size_t i, looked = 0;
	uint32_t number;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	number = device_number(p, dev);
	j = p->jobs.at;
	for (i = p->jobs.n; i-- > 0 && looked++ < 4096;) {
		if (j[i].dev == number && j[i].ev.seqno == seqno) {
			j[i].name = intern(p, name);
			break;
		}
	}
	pthread_mutex_unlock(&p->lock);
}

/* ---- lxa.h --------------------------------------------------------------------------------------------------------- */

int lxa_profile_create(struct lxa_profile **out, struct lxa_err *err)
{
	struct lxa_profile *p = calloc(1, sizeof(*p));

	*out = p;
	if (!p)
		return lxa_err_set(err, -ENOMEM, "out of memory for a profile");
	pthread_mutex_init(&p->lock, NULL);
	p->zero = prof_now();
	return 0;
}

static void free_names(struct prof_array *a)
{
	struct prof_name *n = a->at;
	size_t i;

	for (i = 0; i < a->n; i++)
		free(n[i].text);
	free(n);
}

void lxa_profile_free(struct lxa_profile *p)
{
	size_t i;

	if (!p)
		return;
	if (prof_current == p)
		prof_current = NULL;
	free(p->events.at);
	free(p->jobs.at);
	free(p->groups.at);
	free_names(&p->threads);
	free_names(&p->devices);
	for (i = 0; i < p->room_strings; i++)
		free(p->strings[i]);
	free(p->strings);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* The track of this thread: a new one unless a thread of this name has had it, which has ended or is this one. */
int lxa_profile_attach(struct lxa_profile *p, const char *thread_name, struct lxa_err *err)
{
	const void *self = (const void *)(uintptr_t)pthread_self();
	struct prof_name *t;
	size_t i;
	int ret = 0;

	prof_current = NULL;
	mine.depth = 0;
	if (!p)
		return 0;
	pthread_mutex_lock(&p->lock);
	t = p->threads.at;
	for (i = 0; i < p->threads.n; i++)
		if (t[i].key == self && !strcmp(t[i].text, thread_name))
			break;
	if (i == p->threads.n) {
		t = add(p, &p->threads, sizeof(*t));
		if (t && !(t->text = strdup(thread_name)))
			p->threads.n--;
		if (!t || !t->text)
			ret = lxa_err_set(err, -ENOMEM, "out of memory for the profile of a thread");
		else
			t->key = self;
	}
	pthread_mutex_unlock(&p->lock);
	if (ret)
		return ret;
	mine.track = (uint32_t)i;
	prof_current = p;
	return 0;
}

void lxa_profile_begin(const char *name)
{
	struct lxa_profile *p = prof_current;

	if (!p)
		return;
	if (mine.depth < DEPTH) {
		pthread_mutex_lock(&p->lock);
		mine.open[mine.depth].name = intern(p, name);
		pthread_mutex_unlock(&p->lock);
		mine.open[mine.depth].start = prof_now();
	}
	mine.depth++;
}

void lxa_profile_end(void)
{
	if (!prof_current || !mine.depth)
		return;
	if (--mine.depth < DEPTH)
		prof_record(mine.open[mine.depth].start, PROF_PROGRAM, mine.open[mine.depth].name, NULL, -1);
}
