// SPDX-License-Identifier: MIT
/* team.c - see team.h. */
#include "team.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct member {
	struct team *team;
	int who;
	pthread_t thread;
	int started;
	struct net *net;
	struct lxa_err err;
	int result;
};

struct team {
	struct member m[TEAM];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int round;		/* of work given out */
	int busy;			/* members besides the first that are not done with it */
	int quit;
	int (*work)(void *arg, int who);
	void *arg;
};

struct plan {
	struct team *team;
	const char *arch;
	struct shape in;
	int batch;
	uint64_t seed;
};

static void *member_main(void *arg)
{
	struct member *m = arg;
	struct team *t = m->team;
	unsigned int round = 0;

	pthread_mutex_lock(&t->lock);
	for (;;) {
		while (t->round == round && !t->quit)
			pthread_cond_wait(&t->changed, &t->lock);
		if (t->quit)
			break;
		round = t->round;
		pthread_mutex_unlock(&t->lock);
		m->result = t->work(t->arg, m->who);
		pthread_mutex_lock(&t->lock);
		if (!--t->busy)
			pthread_cond_broadcast(&t->changed);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

int team_run(struct team *t, int (*work)(void *arg, int who), void *arg)
{
	int ret;

	pthread_mutex_lock(&t->lock);
	t->work = work;
	t->arg = arg;
	t->busy = TEAM - 1;
	t->round++;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
	ret = work(arg, 0);
	pthread_mutex_lock(&t->lock);
	while (t->busy)
		pthread_cond_wait(&t->changed, &t->lock);
	pthread_mutex_unlock(&t->lock);
	for (int i = 1; i < TEAM && !ret; i++)
		ret = t->m[i].result;
	return ret;
}

/* In the member's own thread, where oneDNN wants what it shall execute there to be created. */
static int create_net(void *arg, int who)
{
	struct plan *p = arg;
	struct member *m = &p->team->m[who];

	return net_create(p->arch, p->in, p->batch / TEAM, p->seed, &m->net, &m->err);
}

static int destroy_net(void *arg, int who)
{
	struct team *t = arg;

	net_destroy(t->m[who].net);
	return 0;
}

int team_create(const char *arch, struct shape in, int batch, uint64_t seed, struct team **out, struct lxa_err *err)
{
	struct team *t = calloc(1, sizeof(*t));
	struct plan p = { t, arch, in, batch, seed };
	int ret = 0;

	*out = NULL;
	if (!t)
		return lxa_err_set(err, -ENOMEM, "trainer: out of memory");
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
	for (int i = 0; i < TEAM; i++) {
		t->m[i].team = t;
		t->m[i].who = i;
		if (i && !ret) {
			ret = -pthread_create(&t->m[i].thread, NULL, member_main, &t->m[i]);
			t->m[i].started = !ret;
		}
	}
	if (ret)
		lxa_err_set(err, ret, "trainer: no thread: %s", strerror(-ret));
	else
		ret = team_run(t, create_net, &p);
	for (int i = TEAM - 1; i >= 0 && ret; i--)
		if (*t->m[i].err.text)
			*err = t->m[i].err;
	if (ret) {
		team_destroy(t);
		return ret;
	}
	*out = t;
	return 0;
}

void team_destroy(struct team *t)
{
	if (!t)
		return;
	if (t->m[TEAM - 1].started)
		team_run(t, destroy_net, t);
	pthread_mutex_lock(&t->lock);
	t->quit = 1;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
	for (int i = 1; i < TEAM; i++)
		if (t->m[i].started)
			pthread_join(t->m[i].thread, NULL);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

struct net *team_net(struct team *t, int who)
{
	return t->m[who].net;
}

static struct param *param(struct team *t, int who, int layer, int k)
{
	return &t->m[who].net->layers[layer].par[k];
}

void team_learn(struct team *t, float rate)
{
	struct net *first = t->m[0].net;

	for (int l = 0; l < first->n; l++) {
		for (int k = 0; k < 2; k++) {
			struct param *p = param(t, 0, l, k);

			for (size_t i = 0; i < p->n; i++) {
				float sum = p->g[i];

				for (int who = 1; who < TEAM; who++)
					sum += param(t, who, l, k)->g[i];
				p->g[i] = sum / (float)TEAM;
			}
		}
	}
	net_adam(first, rate);
	for (int who = 1; who < TEAM; who++)
		for (int l = 0; l < first->n; l++)
			for (int k = 0; k < 2; k++)
				if (param(t, 0, l, k)->n)
					memcpy(param(t, who, l, k)->v, param(t, 0, l, k)->v,
					       param(t, 0, l, k)->n * sizeof(float));
}
