// SPDX-License-Identifier: MIT
/* gzfile.c - reads a whole file, gzip'ed or plain, and tells a truncated one from a complete one. */
#include "data.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define CHUNK (1u << 20)

static int read_all(gzFile f, const char *path, size_t limit, uint8_t **data, size_t *n, struct lxa_err *err)
{
	size_t cap = 0, len = 0;
	uint8_t *buf = NULL, *bigger;
	int got, code;

	for (;;) {
		if (cap - len < CHUNK + 1) {
			bigger = realloc(buf, cap + 4 * CHUNK);
			if (!bigger) {
				free(buf);
				return lxa_err_set(err, -ENOMEM, "%s: out of memory after %zu bytes", path, len);
			}
			buf = bigger;
			cap += 4 * CHUNK;
		}
		got = gzread(f, buf + len, CHUNK);
		if (got <= 0)
			break;
		len += (size_t)got;
		if (len > limit) {
			free(buf);
			return lxa_err_set(err, -EFBIG, "%s: more than the %zu bytes expected at most", path, limit);
		}
	}
	/* gzread() gives 0 at a premature end, too; only gzerror() knows. */
	(void)gzerror(f, &code);
	if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) {
		free(buf);
		return lxa_err_set(err, -EBADMSG, "%s: %s after %zu bytes", path,
				   code == Z_BUF_ERROR ? "the gzip stream ends too early" : "broken gzip stream", len);
	}
	buf[len] = 0;
	*data = buf;
	*n = len;
	return 0;
}

int lxa_data_read_file(const char *path, size_t limit, uint8_t **data, size_t *n, struct lxa_err *err)
{
	gzFile f;
	int ret;

	errno = 0;
	f = gzopen(path, "rb");
	if (!f) {
		ret = errno ? -errno : -ENOMEM;
		return lxa_err_set(err, ret, "%s: %s", path, strerror(-ret));
	}
	ret = read_all(f, path, limit, data, n, err);
	gzclose(f);
	return ret;
}
