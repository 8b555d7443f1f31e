// SPDX-License-Identifier: MIT
/* json.c - see json.h. */
#include "json.h"
#include "text.h"

static void text(struct json *j, const char *s)
{
	fputc('"', j->f);
	text_put(j->f, TEXT_JSON, s);
	fputc('"', j->f);
}

static void lead(struct json *j, const char *key)
{
	if (j->depth) {
		fputs(j->first ? "\n" : ",\n", j->f);
		fprintf(j->f, "%*s", 2 * j->depth, "");
	}
	j->first = 0;
	if (key) {
		text(j, key);
		fputs(": ", j->f);
	}
}

void json_open(struct json *j, const char *key, char bracket)
{
	lead(j, key);
	fputc(bracket, j->f);
	j->depth++;
	j->first = 1;
}

void json_close(struct json *j, char bracket)
{
	j->depth--;
	if (!j->first)
		fprintf(j->f, "\n%*s", 2 * j->depth, "");
	fputc(bracket, j->f);
	j->first = 0;
	if (!j->depth)
		fputc('\n', j->f);
}

void json_string(struct json *j, const char *key, const char *value)
{
	lead(j, key);
	if (value)
		text(j, value);
	else
		fputs("null", j->f);
}

void json_uint(struct json *j, const char *key, uint64_t value)
{
	lead(j, key);
	fprintf(j->f, "%llu", (unsigned long long)value);
}

void json_double(struct json *j, const char *key, double value)
{
	lead(j, key);
	fprintf(j->f, "%.10g", value);
}

void json_bool(struct json *j, const char *key, int value)
{
	lead(j, key);
	fputs(value ? "true" : "false", j->f);
}

void json_null(struct json *j, const char *key)
{
	lead(j, key);
	fputs("null", j->f);
}
