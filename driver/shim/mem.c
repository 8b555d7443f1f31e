// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Allocation, the table of everything the driver holds (leak check), and failures on demand. */
#include "shim.h"

#include <stdlib.h>

#include "lxa_shim.h"

#define BUCKETS 4096u
#define POISON 0x6b

struct track {
	struct track *next;
	const void *p;
	const char *kind, *site;
	size_t size;
};

static pthread_mutex_t track_lock = PTHREAD_MUTEX_INITIALIZER;
static struct track *bucket[BUCKETS];

static unsigned int hash(const void *p)
{
	return (unsigned int)(((uintptr_t)p >> 4) * 0x9e3779b97f4a7c15ull >> 52) % BUCKETS;
}

void shim_track_add(const char *kind, const void *p, size_t size, const char *site)
{
	struct track *t = malloc(sizeof(*t));

	if (!t)
		shim_die("out of memory in the tracker");
	*t = (struct track) { .p = p, .kind = kind, .site = site, .size = size };
	pthread_mutex_lock(&track_lock);
	t->next = bucket[hash(p)];
	bucket[hash(p)] = t;
	pthread_mutex_unlock(&track_lock);
}

size_t shim_track_del(const char *kind, const void *p)
{
	struct track **at, *t;
	size_t size;

	pthread_mutex_lock(&track_lock);
	for (at = &bucket[hash(p)]; *at; at = &(*at)->next)
		if ((*at)->p == p && !strcmp((*at)->kind, kind))
			break;
	t = *at;
	if (t)
		*at = t->next;
	pthread_mutex_unlock(&track_lock);
	if (!t)
		shim_die("%s %p is given back, but is not held (twice? or never taken)", kind, p);
	size = t->size;
	free(t);
	return size;
}

unsigned int shim_track_report(void)
{
	unsigned int n = 0, i;
	struct track *t;

	pthread_mutex_lock(&track_lock);
	for (i = 0; i < BUCKETS; i++) {
		while ((t = bucket[i])) {
			bucket[i] = t->next;
			shim_printk(KERN_LEVEL_ERR, "leak: %s %p, %zu bytes, from %s", t->kind, t->p, t->size, t->site);
			free(t);
			n++;
		}
	}
	pthread_mutex_unlock(&track_lock);
	return n;
}

unsigned int shim_track_count(void)
{
	unsigned int n = 0, i;
	const struct track *t;

	pthread_mutex_lock(&track_lock);
	for (i = 0; i < BUCKETS; i++)
		for (t = bucket[i]; t; t = t->next)
			n++;
	pthread_mutex_unlock(&track_lock);
	return n;
}

/* A child forgets what its parent holds. */
void shim_mem_reset(void)
{
	track_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	memset(bucket, 0, sizeof(bucket));
}

/* ---- failures on demand ---------------------------------------------------------------------------------- */

static __thread unsigned int fail_countdown;

unsigned int lxa_shim_fail_nth(unsigned int n)
{
	unsigned int left = fail_countdown;

	fail_countdown = n;
	return left;
}

/* LXA_SHIM_FAIL_NTH=n: the n-th allocation of the process, whichever thread makes it. */
static long countdown = -2;		/* -2: not read yet, -1: off */

static bool global_fail(void)
{
	long c = __atomic_load_n(&countdown, __ATOMIC_RELAXED), start;
	const char *s;

	if (c == -2) {
		s = getenv("LXA_SHIM_FAIL_NTH");
		start = s && atol(s) > 0 ? atol(s) : -1;
		__atomic_compare_exchange_n(&countdown, &c, start, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
		c = __atomic_load_n(&countdown, __ATOMIC_RELAXED);
	}
	return c > 0 && __atomic_fetch_sub(&countdown, 1, __ATOMIC_RELAXED) == 1;
}

bool shim_should_fail(const char *site)
{
	bool fail = global_fail();

	if (fail_countdown && --fail_countdown == 0)
		fail = true;
	if (fail)
		shim_printk(KERN_LEVEL_INFO, "allocation made to fail at %s", site);
	return fail;
}

/* ---- kmalloc and the like ---------------------------------------------------------------------------------- */

void *shim_alloc(size_t n, size_t size, gfp_t gfp, const char *site)
{
	size_t bytes;
	void *p;

	might_sleep_if(gfp & GFP_KERNEL);
	if (__builtin_mul_overflow(n, size, &bytes) || shim_should_fail(site))
		return NULL;
	p = malloc(bytes ? bytes : 1);
	if (!p)
		return NULL;
	/* Memory that was not asked to be zero is never zero by luck. */
	memset(p, gfp & __GFP_ZERO ? 0 : POISON, bytes);
	shim_track_add("kmalloc", p, bytes, site);
	return p;
}

void shim_free(const void *p)
{
	size_t size;

	if (!p)
		return;
	if (IS_ERR(p))
		shim_die("kfree of an error pointer (%ld)", PTR_ERR(p));
	size = shim_track_del("kmalloc", p);
	memset((void *)(uintptr_t)p, POISON, size);
	free((void *)(uintptr_t)p);
}
