/* SPDX-License-Identifier: MIT */
/* json.h - writes JSON text: nesting, commas and escapes are kept right by the writer. */
#ifndef LXA_CLI_JSON_H
#define LXA_CLI_JSON_H

#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *f;
	int depth;
	int first;			/* nothing written yet at this depth */
};

/* key is NULL inside an array. */
void json_open(struct json *j, const char *key, char bracket);	/* '{' or '[' */
void json_close(struct json *j, char bracket);			/* '}' or ']' */
void json_string(struct json *j, const char *key, const char *value); /* NULL: null */
void json_uint(struct json *j, const char *key, uint64_t value);
void json_double(struct json *j, const char *key, double value);
void json_bool(struct json *j, const char *key, int value);
void json_null(struct json *j, const char *key);

#endif
