// SPDX-License-Identifier: MIT
/* interrupt.c - see interrupt.h. */
#include <signal.h>
#include <stddef.h>

#include "interrupt.h"

static volatile sig_atomic_t stop;

static void on_sigint(int sig)
{
	(void)sig;
	if (stop)
		signal(SIGINT, SIG_DFL);
	stop = 1;
}

void interrupt_catch(void)
{
	struct sigaction sa = { .sa_handler = on_sigint };

	sigaction(SIGINT, &sa, NULL);
}

int interrupt_asked(void)
{
	return stop;
}
