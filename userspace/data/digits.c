// SPDX-License-Identifier: MIT
/* digits.c - reads digits.csv.gz: a line an image, 64 pixels 0..16 in rows of 8 and the label, separated by commas. */
#include "data.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 8
#define PIXELS (SIDE * SIDE)
#define MAX_PIXEL 16
#define CLASSES 10
#define MAX_BYTES (16u << 20)

/* A decimal number up to `max`, followed by `end` (which is skipped). NULL when there is none. */
static const uint8_t *number(const uint8_t *p, int max, char end, uint8_t *out)
{
	int v = 0, digits = 0;

	for (; *p >= '0' && *p <= '9' && digits < 4; p++, digits++)
		v = v * 10 + (*p - '0');
	if (!digits || v > max)
		return NULL;
	if (end == '\n' && *p == '\r')
		p++;
	if (*p != (uint8_t)end && !(end == '\n' && *p == 0))
		return NULL;
	*out = (uint8_t)v;
	return *p ? p + 1 : p;
}

static int parse(const uint8_t *text, const char *path, struct lxa_dataset *d, struct lxa_err *err)
{
	const uint8_t *p = text;

	for (size_t line = 0; *p; line++) {
		for (int i = 0; i < PIXELS + 1; i++) {
			int last = i == PIXELS;
			uint8_t *to = last ? &d->labels[line] : &d->pixels[line * PIXELS + (size_t)i];

			p = number(p, last ? CLASSES - 1 : MAX_PIXEL, last ? '\n' : ',', to);
			if (!p)
				return lxa_err_set(err, -EBADMSG, "%s: line %zu, value %d: expected %s", path, line + 1,
						   i + 1, last ? "a label 0..9 and the line's end" :
						   "a pixel 0..16 and a comma");
		}
		d->n = line + 1;
	}
	if (!d->n)
		return lxa_err_set(err, -EBADMSG, "%s: no images in it", path);
	return 0;
}

int lxa_data_read_digits(const char *path, struct lxa_dataset *d, struct lxa_err *err)
{
	uint8_t *text = NULL;
	size_t bytes, lines = 1;
	int ret;

	memset(d, 0, sizeof(*d));
	strcpy(d->name, "digits");
	d->c = 1;
	d->h = d->w = SIDE;
	d->classes = CLASSES;
	d->max = MAX_PIXEL;
	ret = lxa_data_read_file(path, MAX_BYTES, &text, &bytes, err);
	if (ret)
		return ret;
	for (size_t i = 0; i < bytes; i++)
		lines += text[i] == '\n';
	d->pixels = malloc(lines * PIXELS);
	d->labels = malloc(lines);
	if (!d->pixels || !d->labels)
		ret = lxa_err_set(err, -ENOMEM, "%s: out of memory for %zu images", path, lines);
	else if (memchr(text, 0, bytes))
		ret = lxa_err_set(err, -EBADMSG, "%s: not a text file", path);
	else
		ret = parse(text, path, d, err);
	free(text);
	if (ret)
		lxa_data_free(d);
	return ret;
}
