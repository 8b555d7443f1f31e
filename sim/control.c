/* SPDX-License-Identifier: MIT */
/* control.c - lxa_sim_control(): faults and statistics as lines of text. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fault.h"
#include "lxa_sim.h"

static int say(char *reply, size_t len, int ret, const char *text)
{
	snprintf(reply, len, "%s", text);
	return ret;
}

static int control_fault(struct lxa_sim *sim, const char *args, char *reply, size_t len)
{
	uint64_t after, count;
	char name[32], end;
	int kind, ret;

	if (sscanf(args, "%31s %" SCNu64 " %" SCNu64 " %c", name, &after, &count, &end) != 3)
		return say(reply, len, -EINVAL, "error fault NAME AFTER COUNT is wanted");
	kind = fault_kind(name);
	if (kind < 0)
		return say(reply, len, -EINVAL, "error there is no fault of that name");
	ret = lxa_sim_fault(sim, (enum lxa_sim_fault)kind, after, count);
	return say(reply, len, ret, ret ? "error a count of 0" : "ok");
}

static int control_stats(struct lxa_sim *sim, char *reply, size_t len)
{
	struct lxa_sim_stats s;

	lxa_sim_stats(sim, &s);
	snprintf(reply, len, "ok cycles %" PRIu64 " jobs %" PRIu64 " irqs %" PRIu64 " bus_errors %" PRIu64, s.cycles, s.jobs,
		 s.irqs, s.bus_errors);
	return 0;
}

int lxa_sim_control(struct lxa_sim *sim, const char *command, char *reply, size_t reply_len)
{
	if (!strncmp(command, "fault ", 6))
		return control_fault(sim, command + 6, reply, reply_len);
	if (!strcmp(command, "stats"))
		return control_stats(sim, reply, reply_len);
	if (!strcmp(command, "engine"))
		return say(reply, reply_len, 0, lxa_sim_engine(sim) == LXA_SIM_RTL ? "ok rtl" : "ok model");
	if (!strcmp(command, "stop") || !strcmp(command, "start")) {
		(command[2] == 'o' ? lxa_sim_stop : lxa_sim_start)(sim);
		return say(reply, reply_len, 0, "ok");
	}
	return say(reply, reply_len, -EINVAL, "error no such command: fault, stats, engine, stop, start");
}
