/* SPDX-License-Identifier: MIT */
/*
 * team.h - training on several cores with the same result on any number of them.
 *
 * TEAM copies of the network, each with a thread of its own (the first with the caller's), take a share of each
 * batch. Their gradients are averaged in a fixed order, the first network learns from the mean, the others take over
 * its parameters. Batch statistics are those of the share. No thread waits by spinning: a busy machine makes it
 * slower, not crawl.
 */
#ifndef LXA_TRAIN_TEAM_H
#define LXA_TRAIN_TEAM_H

#include "net.h"

#define TEAM 2

struct team;

/* batch: of the whole team, a multiple of TEAM. */
int team_create(const char *arch, struct shape in, int batch, uint64_t seed, struct team **out, struct lxa_err *err);
void team_destroy(struct team *t);	/* NULL is fine */
struct net *team_net(struct team *t, int who);	/* 0 is the one that learns and is saved */

/* work(arg, who) for each who in its own thread; the first result that is not 0, when all are done. */
int team_run(struct team *t, int (*work)(void *arg, int who), void *arg);

void team_learn(struct team *t, float rate);	/* one step from the gradients that the networks have */

#endif
