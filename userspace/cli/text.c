// SPDX-License-Identifier: MIT
/* text.c - see text.h. */
#include "text.h"

#include "../lib/utf8.h"

#include <stdint.h>

#define REPLACEMENT 0xfffd

/* The character at s, of `*n` bytes; REPLACEMENT and 1 where there is none. */
static uint32_t next(const char *s, int *n)
{
	const unsigned char *u = (const unsigned char *)s;
	int len = utf8_length(u), i;
	uint32_t c = len <= 1 ? u[0] : u[0] & (0x7fu >> len);

	*n = len ? len : 1;
	for (i = 1; i < len; i++)
		c = c << 6 | (u[i] & 0x3f);
	return len ? c : REPLACEMENT;
}

static int control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

static void put_utf8(FILE *f, uint32_t c)
{
	if (c < 0x80)
		fputc((int)c, f);
	else if (c < 0x800)
		fprintf(f, "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 0x3f)));
	else if (c < 0x10000)
		fprintf(f, "%c%c%c", (int)(0xe0 | c >> 12), (int)(0x80 | (c >> 6 & 0x3f)), (int)(0x80 | (c & 0x3f)));
	else
		fprintf(f, "%c%c%c%c", (int)(0xf0 | c >> 18), (int)(0x80 | (c >> 12 & 0x3f)), (int)(0x80 | (c >> 6 & 0x3f)),
			(int)(0x80 | (c & 0x3f)));
}

static void put_html(FILE *f, uint32_t c)
{
	switch (c) {
	case '&': fputs("&amp;", f); break;
	case '<': fputs("&lt;", f); break;
	case '>': fputs("&gt;", f); break;
	case '"': fputs("&quot;", f); break;
	default: put_utf8(f, control(c) || c == 0xfffe || c == 0xffff ? REPLACEMENT : c);
	}
}

static void put(FILE *f, enum text_kind kind, uint32_t c)
{
	switch (kind) {
	case TEXT_HTML:
		put_html(f, c);
		break;
	case TEXT_DOT:
		if (c == '"' || c == '\\')
			fputc('\\', f);
		put_utf8(f, control(c) ? REPLACEMENT : c);
		break;
	case TEXT_JSON:
		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", (int)c);
		else if (c < 0x20)
			fprintf(f, "\\u%04x", c);
		else
			put_utf8(f, c);
		break;
	default:
		put_utf8(f, control(c) ? REPLACEMENT : c);
	}
}

void text_put(FILE *f, enum text_kind kind, const char *s)
{
	int n;

	for (; *s; s += n)
		put(f, kind, next(s, &n));
}

void text_column(FILE *f, const char *s, int width)
{
	int n, k;

	for (k = 0; *s && k < width; s += n, k++)
		put(f, TEXT_PLAIN, next(s, &n));
	fprintf(f, "%*s", width - k, "");
}
