// SPDX-License-Identifier: MIT
/* train_main.c - the command line of `lxa train`. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "train.h"

static const char usage[] =
	"usage: lxa train --data digits|mnist --out FILE [--data-dir DIR] [--seed N] [--epochs N] [--arch TEXT]\n"
	"                 [--quiet]\n"
	"Trains the network of a data set and writes it as ONNX: without options, the shipped one.\n"
	"  --data-dir DIR  folder with the data set's files (default: $LXA_DATA, else build/data)\n"
	"  --arch TEXT     another architecture; userspace/train/README.md says how it is written\n"
	"Exit code: 0 trained and written, 1 failed, 2 wrong usage, 130 interrupted (nothing written).\n";

struct options {
	const char *data, *out, *dir;
	struct recipe recipe;
	int quiet;
};

static int number(const char *text, unsigned long long max, unsigned long long *v)
{
	char *end;

	errno = 0;
	*v = strtoull(text, &end, 10);
	return errno || *end || end == text || *text == '-' || *v > max ? -EINVAL : 0;
}

/* 0, or 2 when the usage is wrong; 3: help was asked for. */
static int parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "data", required_argument, NULL, 'd' }, { "out", required_argument, NULL, 'o' },
		{ "data-dir", required_argument, NULL, 'D' }, { "seed", required_argument, NULL, 's' },
		{ "epochs", required_argument, NULL, 'e' }, { "arch", required_argument, NULL, 'a' },
		{ "quiet", no_argument, NULL, 'q' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	unsigned long long seed = 0, epochs = 0;
	const char *arch = NULL, *env = getenv("LXA_DATA");
	const struct recipe *r;
	int opt, has_seed = 0;

	o->dir = env && *env ? env : "build/data";
	optind = 1;
	while ((opt = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		switch (opt) {
		case 'd': o->data = optarg; break;
		case 'o': o->out = optarg; break;
		case 'D': o->dir = optarg; break;
		case 'a': arch = optarg; break;
		case 'q': o->quiet = 1; break;
		case 'h': return 3;
		case 's':
			has_seed = 1;
			if (number(optarg, UINT64_MAX, &seed))
				return 2;
			break;
		case 'e':
			if (number(optarg, 100000, &epochs) || !epochs)
				return 2;
			break;
		default: return 2;
		}
	}
	if (optind != argc || !o->data || !o->out)
		return 2;
	r = recipe_find(o->data);
	if (!r) {
		fprintf(stderr, "lxa train: %s: no such data set\n", o->data);
		return 2;
	}
	o->recipe = *r;
	o->recipe.seed = has_seed ? seed : r->seed;
	o->recipe.epochs = epochs ? (int)epochs : r->epochs;
	o->recipe.arch = arch ? arch : r->arch;
	return 0;
}

int lxa_train_main(int argc, char **argv)
{
	struct options o = { 0 };
	struct lxa_err err = { "" };
	double accuracy = 0.0;
	int ret = parse(argc, argv, &o);

	if (ret) {
		fputs(usage, ret == 3 ? stdout : stderr);
		return ret == 3 ? 0 : ret;
	}
	ret = lxa_train(&o.recipe, o.dir, o.out, o.quiet ? NULL : stderr, &accuracy, &err);
	if (ret) {
		fprintf(stderr, "lxa train: %s\n", err.text);
		return ret == -EINTR ? 130 : 1;
	}
	printf("%s: %.2f %% of the test images are right\n", o.out, accuracy * 100.0);
	return 0;
}
