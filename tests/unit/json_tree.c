// SPDX-License-Identifier: MIT
/* json_tree.c - see json_tree.h. */
#include "json_tree.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 64

struct reader {
	const unsigned char *at, *begin;
	const char *why;		/* the first fault */
	int depth;
};

static int fault(struct reader *r, const char *why)
{
	if (!r->why)
		r->why = why;
	return -1;
}

static void blank(struct reader *r)
{
	while (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')
		r->at++;
}

static int hex4(struct reader *r, unsigned int *v)
{
	*v = 0;
	for (int i = 0; i < 4; i++, r->at++) {
		if (!isxdigit(*r->at))
			return fault(r, "\\u wants four digits");
		*v = *v * 16 + (unsigned int)(isdigit(*r->at) ? *r->at - '0' : (*r->at | 32) - 'a' + 10);
	}
	return 0;
}

static char *put_utf8(char *to, unsigned int v)
{
	if (v < 0x80) {
		*to++ = (char)v;
	} else if (v < 0x800) {
		*to++ = (char)(0xc0 | v >> 6);
		*to++ = (char)(0x80 | (v & 63));
	} else {
		*to++ = (char)(0xe0 | v >> 12);
		*to++ = (char)(0x80 | (v >> 6 & 63));
		*to++ = (char)(0x80 | (v & 63));
	}
	return to;
}

/* One code point as it stands, by the table of RFC 3629. */
static int raw_utf8(struct reader *r, char **to)
{
	const unsigned char *s = r->at;
	int n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;

	if (!n || s[0] < 0x20)
		return fault(r, n ? "a control character in a string" : "no UTF-8");
	for (int i = 1; i < n; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return fault(r, "no UTF-8");
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return fault(r, "no UTF-8");
	memcpy(*to, s, (size_t)n);
	*to += n;
	r->at += n;
	return 0;
}

static char *string(struct reader *r)
{
	static const char codes[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	char *text, *to;
	unsigned int v;

	if (*r->at++ != '"')
		return fault(r, "a string is wanted"), NULL;
	to = text = malloc(strlen((const char *)r->at) + 1);
	while (*r->at != '"') {
		const char *c;

		if (*r->at != '\\') {
			if (raw_utf8(r, &to))
				goto bad;
			continue;
		}
		r->at++;
		c = *r->at ? strchr(codes, *r->at) : NULL;
		if (c) {
			*to++ = values[c - codes];
			r->at++;
		} else if (*r->at == 'u') {
			r->at++;
			if (hex4(r, &v))
				goto bad;
			to = put_utf8(to, v);
		} else {
			fault(r, "no such escape");
			goto bad;
		}
	}
	r->at++;
	*to = 0;
	return text;
bad:
	free(text);
	return NULL;
}

static int number(struct reader *r, double *v)
{
	const unsigned char *s = r->at;

	*v = strtod((const char *)s, NULL);
	if (*s == '-')
		s++;
	if (*s == '0')
		s++;
	else if (isdigit(*s))
		while (isdigit(*s))
			s++;
	else
		return fault(r, "no value");
	if (*s == '.') {
		if (!isdigit(*++s))
			return fault(r, "a digit is wanted");
		while (isdigit(*s))
			s++;
	}
	if ((*s | 32) == 'e') {
		s += s[1] == '+' || s[1] == '-' ? 2 : 1;
		if (!isdigit(*s))
			return fault(r, "a digit is wanted");
		while (isdigit(*s))
			s++;
	}
	r->at = s;
	return 0;
}

static struct json_node *value(struct reader *r);

static int members(struct reader *r, struct json_node *n, char close)
{
	struct json_node **to = &n->child;
	char *key = NULL;

	r->at++;
	blank(r);
	if (*r->at == close) {
		r->at++;
		return 0;
	}
	for (;;) {
		blank(r);
		if (close == '}') {
			key = string(r);
			blank(r);
			if (!key || *r->at++ != ':') {
				free(key);
				return fault(r, "a colon is wanted");
			}
		}
		*to = value(r);
		if (!*to) {
			free(key);
			return -1;
		}
		(*to)->key = key;
		to = &(*to)->next;
		n->n++;
		blank(r);
		if (*r->at == close) {
			r->at++;
			return 0;
		}
		if (*r->at++ != ',')
			return fault(r, "a comma or the end is wanted");
	}
}

static struct json_node *value(struct reader *r)
{
	static const struct { const char *text; enum json_type type; double v; } words[] = {
		{ "null", JSON_NULL, 0 }, { "true", JSON_BOOL, 1 }, { "false", JSON_BOOL, 0 },
	};
	struct json_node *n = calloc(1, sizeof(*n));
	int bad = 0;

	blank(r);
	if (++r->depth > MAX_DEPTH)
		bad = fault(r, "too deep");
	else if (*r->at == '{' || *r->at == '[') {
		n->type = *r->at == '{' ? JSON_OBJECT : JSON_ARRAY;
		bad = members(r, n, *r->at == '{' ? '}' : ']');
	} else if (*r->at == '"') {
		n->type = JSON_STRING;
		n->string = string(r);
		bad = !n->string;
	} else {
		size_t i;

		for (i = 0; i < 3 && strncmp((const char *)r->at, words[i].text, strlen(words[i].text)); i++)
			;
		n->type = i < 3 ? words[i].type : JSON_NUMBER;
		n->number = i < 3 ? words[i].v : 0;
		if (i < 3)
			r->at += strlen(words[i].text);
		else
			bad = number(r, &n->number);
	}
	r->depth--;
	if (bad) {
		json_tree_free(n);
		return NULL;
	}
	return n;
}

struct json_node *json_tree_read(const char *path, char *why, size_t why_len)
{
	FILE *f = fopen(path, "rb");
	struct json_node *n;
	struct reader r = { 0 };
	char *text;
	long size;

	if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0) {
		snprintf(why, why_len, "%s cannot be read", path);
		return NULL;
	}
	rewind(f);
	text = malloc((size_t)size + 1);
	size = (long)fread(text, 1, (size_t)size, f);
	fclose(f);
	text[size] = 0;
	r.at = r.begin = (unsigned char *)text;
	n = value(&r);
	blank(&r);
	if (n && (*r.at || r.at - r.begin != size)) {
		fault(&r, "something behind the value");
		json_tree_free(n);
		n = NULL;
	}
	if (!n)
		snprintf(why, why_len, "%s, byte %ld: %s", path, (long)(r.at - r.begin), r.why);
	free(text);
	return n;
}

void json_tree_free(struct json_node *n)
{
	while (n) {
		struct json_node *next = n->next;

		json_tree_free(n->child);
		free(n->key);
		free(n->string);
		free(n);
		n = next;
	}
}

const struct json_node *json_get(const struct json_node *object, const char *key)
{
	const struct json_node *n = object && object->type == JSON_OBJECT ? object->child : NULL;

	while (n && strcmp(n->key, key))
		n = n->next;
	return n;
}
