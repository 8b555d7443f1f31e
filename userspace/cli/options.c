// SPDX-License-Identifier: MIT
/* options.c - the command line of `lxa info`, `lxa plan` and `lxa run`. */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static int count(const char *name, const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-') {
		fprintf(stderr, "lxa: --%s %s: a whole number is wanted\n", name, text);
		return EXIT_USAGE;
	}
	return 0;
}

static int add_file(const char *name, const char *text, const char **files, int *n)
{
	if (*n == CLI_MAX_FILES) {
		fprintf(stderr, "lxa: more than %d --%s\n", CLI_MAX_FILES, name);
		return EXIT_USAGE;
	}
	files[(*n)++] = text;
	return 0;
}

static int engine_known(const char *e)
{
	return !strcmp(e, "rtl") || !strcmp(e, "model") || !strcmp(e, "cpu");
}

/* Threads, or devices with a thread each. */
static int few(const char *name, const char *s, int *n)
{
	uint64_t v;
	int rc = count(name, s, &v);

	if (!rc && (v < 1 || v > CLI_MAX_JOBS)) {
		fprintf(stderr, "lxa: --%s %s: 1 to %d\n", name, s, CLI_MAX_JOBS);
		rc = EXIT_USAGE;
	}
	if (!rc)
		*n = (int)v;
	return rc;
}

int cli_parse(struct cli_options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "engine", required_argument, NULL, 'e' },  { "device", required_argument, NULL, 'D' },
		{ "data", required_argument, NULL, 'd' },    { "limit", required_argument, NULL, 'n' },
		{ "input", required_argument, NULL, 'i' },   { "output", required_argument, NULL, 'o' },
		{ "json", required_argument, NULL, 'j' },    { "trace", required_argument, NULL, 't' },
		{ "batch", required_argument, NULL, 'b' },   { "no-check", no_argument, NULL, 'C' },
		{ "jobs", required_argument, NULL, 'J' },    { "mean", required_argument, NULL, 'm' },
		{ "std", required_argument, NULL, 's' },     { "dot", required_argument, NULL, 'G' },
		{ "html", required_argument, NULL, 'H' },    { "profile", required_argument, NULL, 'p' },
		{ "threads", required_argument, NULL, 'T' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t v;
	int c, rc = 0;

	memset(o, 0, sizeof(*o));
	o->check = 1;
	o->jobs = 1;
	optind = 1;
	while (!rc && (c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'e': o->engine = optarg; break;
		case 'D': o->device = optarg; break;
		case 'd': o->data = optarg; break;
		case 'j': o->json = optarg; break;
		case 't': o->trace = optarg; break;
		case 'G': o->dot = optarg; break;
		case 'H': o->html = optarg; break;
		case 'p': o->profile = optarg; break;
		case 'i': rc = add_file("input", optarg, o->in, &o->n_in); break;
		case 'o': rc = add_file("output", optarg, o->out, &o->n_out); break;
		case 'n': rc = count("limit", optarg, &o->limit); break;
		case 'b':
			rc = count("batch", optarg, &v);
			o->batch = (int64_t)v;
			break;
		case 'C': o->check = 0; break;
		case 'm': rc = cli_pixels("mean", optarg, &o->pixels); break;
		case 's': rc = cli_pixels("std", optarg, &o->pixels); break;
		case 'J': rc = few("jobs", optarg, &o->jobs); break;
		case 'T': rc = few("threads", optarg, &o->threads); break;
		default: rc = EXIT_USAGE;
		}
	}
	if (rc)
		return rc;
	if (o->engine && !engine_known(o->engine)) {
		fprintf(stderr, "lxa: --engine %s: rtl, model or cpu\n", o->engine);
		return EXIT_USAGE;
	}
	if (o->engine && o->device) {
		fprintf(stderr, "lxa: --engine and --device exclude each other\n");
		return EXIT_USAGE;
	}
	if (o->trace && o->jobs > 1) {
		fprintf(stderr, "lxa: --trace records one device, not those of --jobs %d\n", o->jobs);
		return EXIT_USAGE;
	}
	if (optind < argc)
		o->model = argv[optind++];
	if (optind < argc) {
		fprintf(stderr, "lxa: unexpected argument: %s\n", argv[optind]);
		return EXIT_USAGE;
	}
	return 0;
}
