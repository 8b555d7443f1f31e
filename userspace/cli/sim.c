// SPDX-License-Identifier: MIT
/* sim.c - `lxa sim`: hosts the simulated device for a kernel in User Mode Linux. */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../../sim/lxa_sim.h"
#include "../../sim/serve/serve.h"

static const char usage[] =
	"usage: lxa sim --serve SOCKET [OPTIONS]\n"
	"\n"
	"Hosts simulated devices for kernels in User Mode Linux: each guest that connects to the vhost-user socket finds a PCI\n"
	"function 1234:4c58 of its own. Start the guest with virtio_uml.device=SOCKET:1234 (its kernel needs\n"
	"UML_PCI_OVER_VIRTIO with device id 1234; sim/serve/README.md). Ctrl-C ends it.\n"
	"\n"
	"  --engine rtl|model        simulated RTL (default), or functional model\n"
	"  --dtb FILE                device tree of the simulated device: memory timing, engine (sim/README.md)\n"
	"  --log FILE                log of registers, commands and interrupts; of the last guest\n"
	"  --once                    end with the first guest\n"
	"  --quiet                   print nothing when guests come and go\n";

struct sim_options {
	struct lxa_serve serve;
	const char *engine, *dtb;
	int quiet, help;
};

static int parse(struct sim_options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "serve", required_argument, NULL, 's' }, { "engine", required_argument, NULL, 'e' },
		{ "dtb", required_argument, NULL, 'd' },   { "log", required_argument, NULL, 'l' },
		{ "once", no_argument, NULL, '1' },        { "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },        { NULL, 0, NULL, 0 },
	};
	int c;

	memset(o, 0, sizeof(*o));
	optind = 1;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's': o->serve.path = optarg; break;
		case 'e': o->engine = optarg; break;
		case 'd': o->dtb = optarg; break;
		case 'l': o->serve.log = optarg; break;
		case '1': o->serve.once = 1; break;
		case 'q': o->quiet = 1; break;
		case 'h': o->help = 1; break;
		default: return EXIT_USAGE;
		}
	}
	if (o->help)
		return 0;
	if (optind < argc) {
		fprintf(stderr, "lxa: unexpected argument: %s\n", argv[optind]);
		return EXIT_USAGE;
	}
	if (o->engine && strcmp(o->engine, "rtl") && strcmp(o->engine, "model")) {
		fprintf(stderr, "lxa: --engine %s: rtl or model\n", o->engine);
		return EXIT_USAGE;
	}
	if (!o->serve.path) {
		fprintf(stderr, "lxa: sim: --serve SOCKET is wanted\n%s", usage);
		return EXIT_USAGE;
	}
	return 0;
}

/* Ctrl-C and SIGTERM as something to poll; the threads to come inherit the mask. */
static int stop_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int cmd_sim(int argc, char **argv)
{
	struct lxa_err err = { "" };
	struct sim_options o;
	void *dtb = NULL;
	int rc = parse(&o, argc, argv);

	if (rc)
		return rc;
	if (o.help) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	if (lxa_sim_tree(o.dtb, o.engine, &dtb, &o.serve.dtb_len, err.text, sizeof(err.text)))
		return cli_fail(&err);
	o.serve.dtb = dtb;
	o.serve.out = o.quiet ? NULL : stdout;
	o.serve.stop_fd = stop_signals();
	if (o.serve.stop_fd < 0) {
		lxa_err_set(&err, -errno, "signalfd: %s", strerror(errno));
		free(dtb);
		return cli_fail(&err);
	}
	rc = lxa_serve(&o.serve, err.text, sizeof(err.text)) ? cli_fail(&err) : EXIT_OK;
	close(o.serve.stop_fd);
	free(dtb);
	return rc;
}
