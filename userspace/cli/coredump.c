// SPDX-License-Identifier: MIT
/* coredump.c - `lxa coredump FILE`: what the driver saved of the device before a reset, for a person. */
#include "cli.h"
#include "dump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (64u << 20)

static int fail(const char *path, const char *what)
{
	fprintf(stderr, "lxa: %s: %s\n", path, what);
	return EXIT_FAILED;
}

/* All of a file that may be a pipe or of /sys, where no size is known. */
static uint8_t *slurp(FILE *f, size_t *len)
{
	size_t room = 1 << 16, n;
	uint8_t *data = malloc(room), *more;

	for (*len = 0; data && (n = fread(data + *len, 1, room - *len, f)); ) {
		*len += n;
		if (*len < room)
			continue;
		room *= 2;
		more = room <= FILE_MAX ? realloc(data, room) : NULL;
		if (!more)
			free(data);
		data = more;
	}
	return data;
}

int cmd_coredump(int argc, char **argv)
{
	const char *path = argc == 2 ? argv[1] : NULL;
	char err[256];
	struct dump d;
	uint8_t *data;
	size_t len;
	int rc;
	FILE *f;

	if (!path || path[0] == '-') {
		fprintf(stderr, "lxa: usage: lxa coredump FILE\n");
		return EXIT_USAGE;
	}
	f = fopen(path, "rb");
	if (!f)
		return fail(path, strerror(errno));
	errno = 0;
	data = slurp(f, &len);
	rc = ferror(f) ? fail(path, errno ? strerror(errno) : "cannot be read") : EXIT_OK;
	fclose(f);
	if (!rc && !data)
		return fail(path, "too long for a coredump");
	if (!rc && dump_read(data, len, &d, err, sizeof(err)))
		rc = fail(path, err);
	if (!rc)
		dump_print(stdout, &d);
	free(data);
	return rc;
}
