/* SPDX-License-Identifier: MIT */
/* hosted.h - what the parts of daemon_test share: a daemon that a thread of the program serves, and clients of it. */
#ifndef LXA_TEST_HOSTED_H
#define LXA_TEST_HOSTED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lxa_conv.h"
#include "lxa_daemon.h"
#include "lxa_shim.h"
#include "wire.h"


#define LONG_WAIT (now_ns() + 60 * SECOND)
#define CLIENTS 6

extern const char *self;			/* this program: killed clients are programs of their own */
extern char dir[], path[64], device[80];
extern struct lxa_daemon *served;
extern int allowed;				/* clients may inject faults */

int start(void **state);
int stop(void **state);
int try_create(const char *socket, struct lxa_daemon **d, char err[256]);
const char *sim_device(void);
bool is_slow(void);
struct lxa_daemon_counters counters(void);
void assert_empty(void);
int open_client(void);
void assert_serves(void);
int raw_open(int fds[WIRE_FDS]);
void raw_close(int fd, const int fds[WIRE_FDS]);

struct sleeper {
	pthread_t thread;
	int fd, ret, error;
};
extern int refusals;				/* sleepers that got ENOMEM */
void *sleeping_read(void *arg);

int be_victim(const char *name);		/* main() of a client that is going to be killed */

/* The tests of other files. */
void bad_hellos(void **state);
void bad_calls(void **state);
void nonsense_that_is_well_formed(void **state);
void garbage(void **state);
void a_client_that_plays_with_its_descriptors(void **state);
void killed_while_it_maps(void **state);
void killed_while_it_submits(void **state);
void killed_while_it_waits(void **state);
void killed_while_it_makes_buffers(void **state);
void killed_while_it_reads(void **state);
void killed_while_it_opens(void **state);
void high_priority_is_not_for_everybody(void **state);
void an_allocation_fails_for_its_thread_alone(void **state);
void no_allocation_fails_where_that_is_not_allowed(void **state);

#endif
