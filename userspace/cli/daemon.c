// SPDX-License-Identifier: MIT
/* daemon.c - `lxa daemon`: one simulated device for several processes. */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../driver/daemon/lxa_daemon.h"
#include "../../driver/shim/lxa_shim.h"

static const char usage[] =
	"usage: lxa daemon --socket PATH [OPTIONS]\n"
	"\n"
	"Hosts the driver and a simulated device for several processes, until SIGTERM or SIGINT. Programs reach it with\n"
	"LXA_DEVICE=unix:PATH, `--device unix:PATH`, or unmodified with the preload library. SIGUSR1 prints what is held.\n"
	"\n"
	"  --engine rtl|model        the device (rtl)\n"
	"  --device sim:...          the same with options: driver/shim/lxa_shim.h\n"
	"  --clients N               open files at most (64)\n"
	"  --memory MIB              of all buffers together (4096); --device sim:...,bo_mb=N limits those of one client\n"
	"  --mode OCTAL              permissions of the socket (600: this user only)\n"
	"  --control                 clients may inject faults, change parameters, unbind the driver: for tests\n";

static struct lxa_daemon *daemon_of_signals;

static void on_signal(int sig)
{
	int saved = errno;

	if (sig == SIGUSR1)
		lxa_daemon_wake(daemon_of_signals);
	else
		lxa_daemon_stop(daemon_of_signals);
	errno = saved;
}

static int number(const char *name, const char *text, int base, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, base);
	if (!errno && end != text && !*end && text[0] != '-' && *value >= min && *value <= max)
		return 0;
	fprintf(stderr, "lxa: --%s %s: a number from %llu to %llu is wanted%s\n", name, text, (unsigned long long)min,
		(unsigned long long)max, base == 8 ? " (octal)" : "");
	return EXIT_USAGE;
}

static int parse(int argc, char **argv, struct lxa_daemon_options *o)
{
	static const struct option longs[] = {
		{ "socket", required_argument, NULL, 's' }, { "engine", required_argument, NULL, 'e' },
		{ "device", required_argument, NULL, 'D' }, { "clients", required_argument, NULL, 'c' },
		{ "memory", required_argument, NULL, 'm' }, { "mode", required_argument, NULL, 'p' },
		{ "control", no_argument, NULL, 'C' },
		{ NULL, 0, NULL, 0 },
	};
	const char *engine = NULL;
	uint64_t v;
	int c, rc = 0;

	*o = (struct lxa_daemon_options){ .clients = 64, .memory_bytes = 4096ull << 20, .mode = 0600 };
	optind = 1;
	while (!rc && (c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's': o->socket = optarg; break;
		case 'e': engine = optarg; break;
		case 'D': o->device = optarg; break;
		case 'c':
			rc = number("clients", optarg, 10, 1, 1000, &v);
			o->clients = (unsigned int)v;
			break;
		case 'm':
			rc = number("memory", optarg, 10, 1, 1 << 20, &v);
			o->memory_bytes = v << 20;
			break;
		case 'p':
			rc = number("mode", optarg, 8, 0, 0777, &v);
			o->mode = (unsigned int)v;
			break;
		case 'C': o->control = 1; break;
		default: rc = EXIT_USAGE;
		}
	}
	if (!rc && optind < argc) {
		fprintf(stderr, "lxa: unexpected argument: %s\n", argv[optind]);
		rc = EXIT_USAGE;
	}
	if (!rc && (!o->socket || (engine && o->device) || (engine && strcmp(engine, "rtl") && strcmp(engine, "model")))) {
		fprintf(stderr, "lxa: %s\n", !o->socket ? "--socket PATH is wanted" : o->device ?
			"--engine and --device exclude each other" : "--engine: rtl or model");
		rc = EXIT_USAGE;
	}
	if (!o->device)
		o->device = engine && !strcmp(engine, "model") ? "sim:model" : "sim:rtl";
	return rc;
}

static void print_counters(struct lxa_daemon *d)
{
	struct lxa_daemon_counters c;

	lxa_daemon_counters(d, &c);
	fprintf(stderr,
		"lxa daemon: clients %u, calls %u, buffers %u, bytes %llu, things %u; accepted %llu, refused %llu, "
		"misbehaved %llu, copied %llu\n",
		c.clients, c.calls, c.buffers, (unsigned long long)c.buffer_bytes, c.things, (unsigned long long)c.accepted,
		(unsigned long long)c.refused, (unsigned long long)c.misbehaved, (unsigned long long)c.copied_bytes);
}

static void catch_signals(struct lxa_daemon *d)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	daemon_of_signals = d;
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int cmd_daemon(int argc, char **argv)
{
	struct lxa_daemon_options o;
	struct lxa_daemon *d;
	char err[512];
	int rc;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	rc = parse(argc, argv, &o);
	if (rc) {
		fputs(usage, stderr);
		return rc;
	}
	if (lxa_daemon_create(&o, &d, err, sizeof(err))) {
		fprintf(stderr, "lxa: %s\n", *err ? err : "out of memory");
		return EXIT_FAILED;
	}
	catch_signals(d);
	printf("%s on unix:%s, %u clients at most\n", o.device, o.socket, o.clients);
	fflush(stdout);
	do {
		rc = lxa_daemon_run(d);
		print_counters(d);
	} while (rc == 1);
	signal(SIGTERM, SIG_IGN);	/* the daemon that they would stop is going */
	signal(SIGINT, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	lxa_daemon_destroy(d);
	if (lxa_shim_exit()) {		/* each thing has been named on stderr */
		fprintf(stderr, "lxa: the driver left something behind\n");
		return EXIT_FAILED;
	}
	return rc ? EXIT_FAILED : EXIT_OK;
}
