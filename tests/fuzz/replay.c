// SPDX-License-Identifier: MIT
/*
 * A fuzz target without libFuzzer: every file of a folder once, then for some seconds mutations of them at random.
 *   PROGRAM FOLDER [SECONDS]       LXA_SEED repeats the random part (as far as threads allow)
 * Before each input it is written to PROGRAM.input, so that a crash leaves it behind.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuzz.h"

#define INPUT_MAX 4096
#define FILES_MAX 4096

static struct input {
	uint8_t data[INPUT_MAX];
	size_t size;
} corpus[FILES_MAX];
static uint32_t count;
static uint64_t state;
static char trace[512];

static uint32_t rnd(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 20) % n;
}

static void load(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	char path[1024];
	FILE *f;

	if (!d) {
		perror(folder);
		exit(1);
	}
	while ((e = readdir(d)) && count < FILES_MAX) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		f = fopen(path, "rb");
		if (!f)
			continue;
		corpus[count].size = fread(corpus[count].data, 1, INPUT_MAX, f);
		count++;
		fclose(f);
	}
	closedir(d);
}

static void run(const struct input *in)
{
	uint8_t *copy = malloc(in->size ? in->size : 1);	/* of exactly this size, for a sanitizer */
	FILE *f = fopen(trace, "wb");

	if (f) {
		fwrite(in->data, 1, in->size, f);
		fclose(f);
	}
	memcpy(copy, in->data, in->size);
	LLVMFuzzerTestOneInput(copy, in->size);
	free(copy);
}

static void mutate_bytes(struct input *in)
{
	const struct input *other = &corpus[rnd(count)];
	uint32_t at, n;

	for (uint32_t k = 1 + rnd(6); k; k--) {
		at = rnd((uint32_t)in->size + 1);
		switch (rnd(5)) {
		case 0:
			if (at < in->size)
				in->data[at] ^= (uint8_t)(1u << rnd(8));
			break;
		case 1:
			if (at < in->size)
				in->data[at] = (uint8_t)rnd(256);
			break;
		case 2:				/* the rest from another input */
			n = other->size > at ? (uint32_t)other->size - at : 0;
			memcpy(in->data + at, other->data + other->size - n, n);
			in->size = at + n;
			break;
		case 3:				/* a piece of another input in between */
			n = rnd(32);
			if (n > other->size || in->size + n > INPUT_MAX)
				break;
			memmove(in->data + at + n, in->data + at, in->size - at);
			memcpy(in->data + at, other->data + rnd((uint32_t)other->size - n + 1), n);
			in->size += n;
			break;
		default:
			in->size = at;
		}
	}
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max)
{
	static struct input in;

	memcpy(in.data, data, size);
	in.size = size;
	mutate_bytes(&in);
	if (in.size > max)
		in.size = max;
	memcpy(data, in.data, in.size);
	return in.size;
}

static void mutate(struct input *in)
{
	*in = corpus[rnd(count)];
	if (LLVMFuzzerCustomMutator)
		in->size = LLVMFuzzerCustomMutator(in->data, in->size, INPUT_MAX, rnd(1u << 30));
	else
		mutate_bytes(in);
}

int main(int argc, char **argv)
{
	const char *env = getenv("LXA_SEED");
	double seconds = argc > 2 ? atof(argv[2]) : 0;
	static struct input in;
	uint64_t runs = 0;
	time_t end;

	if (argc < 2) {
		fprintf(stderr, "usage: %s FOLDER [SECONDS]\n", argv[0]);
		return 2;
	}
	state = env ? strtoull(env, NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
	state += !state;
	printf("LXA_SEED=%llu\n", (unsigned long long)state);
	fflush(stdout);
	snprintf(trace, sizeof(trace), "%s.input", argv[0]);
	LLVMFuzzerInitialize(&argc, &argv);
	load(argv[1]);
	if (!count) {
		fprintf(stderr, "%s: no inputs\n", argv[1]);
		return 1;
	}
	for (uint32_t i = 0; i < count; i++)
		run(&corpus[i]);
	printf("ok 1 - %u inputs of %s\n", count, argv[1]);
	for (end = time(NULL) + (time_t)seconds; time(NULL) < end; runs++) {
		mutate(&in);
		run(&in);
	}
	printf("ok 2 - %llu random inputs\n", (unsigned long long)runs);
	remove(trace);
	return 0;
}
