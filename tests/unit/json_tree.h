/* SPDX-License-Identifier: MIT */
/* json_tree.h - a strict JSON reader for tests: a file is one value of RFC 8259 or it is refused with the place. */
#ifndef LXA_TEST_JSON_TREE_H
#define LXA_TEST_JSON_TREE_H

#include <stddef.h>

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_node {
	enum json_type type;
	char *key;			/* in an object */
	char *string;			/* escapes resolved, UTF-8 */
	double number;			/* of a bool 0 or 1 */
	struct json_node *child, *next;
	size_t n;			/* children */
};

struct json_node *json_tree_read(const char *path, char *why, size_t why_len); /* NULL: why says */
void json_tree_free(struct json_node *n);
const struct json_node *json_get(const struct json_node *object, const char *key); /* NULL: no such */

#endif
