/* SPDX-License-Identifier: MIT */
/*
 * text.h - strings from a model's file into what we write: names there may hold anything, quotes, markup, control characters and bytes
 * that are no text at all. Bytes that are not UTF-8 become U+FFFD everywhere.
 */
#ifndef LXA_CLI_TEXT_H
#define LXA_CLI_TEXT_H

#include <stdio.h>

enum text_kind {
	TEXT_PLAIN,			/* a terminal: control characters become U+FFFD, too */
	TEXT_HTML,			/* element content and attributes in double quotes */
	TEXT_DOT,			/* within a double-quoted string of Graphviz */
	TEXT_JSON,			/* within a JSON string */
};

void text_put(FILE *f, enum text_kind kind, const char *s);
void text_column(FILE *f, const char *s, int width); /* plain, cut or filled to that many characters */

#endif
