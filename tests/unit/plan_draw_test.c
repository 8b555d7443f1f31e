// SPDX-License-Identifier: MIT
/*
 * What `lxa plan` writes: Graphviz, HTML and JSON of graphs whose names are hostile. Small parsers of the three languages read what was
 * written: it must be well-formed, hold nothing but what was meant, and give the names back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../userspace/cli/cli.h"
#include "../../userspace/cli/draw.h"
#include "../../userspace/cli/json.h"
#include "../../userspace/cli/workers.h"
#include "layer_util.h"
#include "plan_util.h"

/* table.c asks for a run's figures: there is no run here */
void workers_report(const struct workers *ws, int entry, struct lxa_layer_report *r)
{
	(void)ws;
	(void)entry;
	memset(r, 0, sizeof(*r));
}

#define HOSTILE "a\"b\\c<script>alert(1)</script>&amp;'\n\t\x01\xff\xc3(\xe2\x82\xac]]>--><!--${x}\\"
#define SHOWN "a\"b\\c<script>alert(1)</script>&amp;'\ufffd\ufffd\ufffd\ufffd\ufffd(\u20ac]]>--><!--${x}\\"

/* ---- XML -------------------------------------------------------------------------------------------------------- */

struct xml {
	const char *at;
	char text[1 << 20];		/* all character data and attribute values, entities resolved, a newline after each */
	size_t n;
	int tags, depth;
	char open[64][16];
};

static void xml_fail(const struct xml *x, const char *what)
{
	fail_msg("XML, %s before: %.60s", what, x->at);
}

static void xml_char(struct xml *x)
{
	static const struct { const char *name; char c; } entities[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' } };
	size_t i;

	if ((unsigned char)*x->at < 0x20 && !strchr("\n\t", *x->at))
		xml_fail(x, "a control character");
	if (*x->at != '&') {
		x->text[x->n++] = *x->at++;
		return;
	}
	for (i = 0; i < 4; i++) {
		if (strncmp(x->at, entities[i].name, strlen(entities[i].name)))
			continue;
		x->at += strlen(entities[i].name);
		x->text[x->n++] = entities[i].c;
		return;
	}
	xml_fail(x, "an unknown entity");
}

static void xml_name(struct xml *x, char name[16])
{
	int n = 0;

	while (isalnum((unsigned char)*x->at) || *x->at == '-')
		if (n < 15)
			name[n++] = *x->at++;
		else
			xml_fail(x, "a long name");
	name[n] = 0;
	if (!n)
		xml_fail(x, "no name");
}

static void xml_tag(struct xml *x)
{
	char name[16], attr[16];

	x->tags++;
	if (*x->at == '/') {
		x->at++;
		xml_name(x, name);
		if (!x->depth || strcmp(x->open[--x->depth], name) || *x->at++ != '>')
			xml_fail(x, "another element was open");
		return;
	}
	xml_name(x, name);
	if (!strcmp(name, "script") || !strcmp(name, "link") || !strcmp(name, "img") || !strcmp(name, "iframe"))
		fail_msg("the page has an element <%s>", name);
	while (*x->at == ' ') {
		x->at++;
		xml_name(x, attr);
		if (!strncmp(attr, "on", 2) || !strcmp(attr, "src") || !strcmp(attr, "href"))
			fail_msg("the page has an attribute %s", attr);
		if (*x->at++ != '=' || *x->at++ != '"')
			xml_fail(x, "no attribute");
		while (*x->at && *x->at != '"' && *x->at != '<')
			xml_char(x);
		if (*x->at++ != '"')
			xml_fail(x, "an attribute without end");
		x->text[x->n++] = '\n';
	}
	if (*x->at == '/') {
		x->at++;
	} else {
		assert_true(x->depth < 64);
		strcpy(x->open[x->depth++], name);
	}
	if (*x->at++ != '>')
		xml_fail(x, "no end of a tag");
}

static void xml_parse(struct xml *x, const char *s)
{
	static const char doctype[] = "<!DOCTYPE html>\n";

	memset(x, 0, sizeof(*x));
	assert_memory_equal(s, doctype, strlen(doctype));
	x->at = s + strlen(doctype);
	while (*x->at) {
		if (*x->at == '<') {
			x->at++;
			x->text[x->n++] = '\n';
			xml_tag(x);
		} else {
			xml_char(x);
		}
	}
	if (x->depth || !x->tags)
		xml_fail(x, "an element is not closed");
}

/* ---- Graphviz --------------------------------------------------------------------------------------------------- */

struct dot {
	const char *at;
	char strings[1 << 18];		/* all quoted strings, escapes resolved, a newline after each */
	size_t n;
	int boxes, edges;
};

static void dot_space(struct dot *d)
{
	while (isspace((unsigned char)*d->at))
		d->at++;
}

static void dot_want(struct dot *d, char c)
{
	dot_space(d);
	if (*d->at++ != c)
		fail_msg("Graphviz: %c is wanted before: %.60s", c, d->at - 1);
}

/* An identifier, number or quoted string. */
static void dot_id(struct dot *d)
{
	dot_space(d);
	if (*d->at != '"') {
		if (!isalnum((unsigned char)*d->at))
			fail_msg("Graphviz: no name at: %.60s", d->at);
		while (isalnum((unsigned char)*d->at) || *d->at == '_' || *d->at == '.')
			d->at++;
		return;
	}
	for (d->at++; *d->at != '"'; d->at++) {
		assert_true((unsigned char)*d->at >= 0x20);
		if (*d->at == '\\' && d->at[1] == 'n') {	/* a line's end, not a newline */
			d->at++;
			d->strings[d->n++] = '\n';
			continue;
		}
		if (*d->at == '\\')
			d->at++;
		d->strings[d->n++] = *d->at;
	}
	d->at++;
	d->strings[d->n++] = '\n';
}

static void dot_attributes(struct dot *d)
{
	dot_want(d, '[');
	for (;;) {
		dot_id(d);
		dot_want(d, '=');
		dot_id(d);
		dot_space(d);
		if (*d->at != ',')
			break;
		d->at++;
	}
	dot_want(d, ']');
}

static void dot_statements(struct dot *d)
{
	dot_want(d, '{');
	for (dot_space(d); *d->at != '}'; dot_space(d)) {
		int is_subgraph = !strncmp(d->at, "subgraph", 8), is_node = d->at[0] == 'n' && isdigit((unsigned char)d->at[1]);

		dot_id(d);
		if (is_subgraph) {
			dot_id(d);
			dot_statements(d);
			continue;
		}
		dot_space(d);
		if (*d->at == '=') {
			d->at++;
			dot_id(d);
		} else if (*d->at == '-') {
			dot_want(d, '-');
			dot_want(d, '>');
			dot_id(d);
			d->edges++;
		} else {
			d->boxes += is_node;
		}
		dot_space(d);
		if (*d->at == '[')
			dot_attributes(d);
		dot_want(d, ';');
	}
	d->at++;
}

static void dot_parse(struct dot *d, const char *s)
{
	memset(d, 0, sizeof(*d));
	d->at = s;
	if (strncmp(s, "digraph plan ", 13))
		fail_msg("Graphviz: %.30s", s);
	d->at += 13;
	dot_statements(d);
	dot_space(d);
	assert_int_equal(*d->at, 0);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static const char *json_value(const char *s, char *strings, size_t *n);

static const char *json_text(const char *s, char *strings, size_t *n)
{
	if (*s++ != '"')
		fail_msg("JSON: no string at: %.60s", s - 1);
	while (*s != '"') {
		assert_true((unsigned char)*s >= 0x20);
		if (*s == '\\' && s[1] == 'u') {
			strings[(*n)++] = (char)strtol((char[5]){ s[2], s[3], s[4], s[5], 0 }, NULL, 16);
			s += 6;
			continue;
		}
		if (*s == '\\')
			s++;
		strings[(*n)++] = *s++;
	}
	strings[(*n)++] = '\n';
	return s + 1;
}

static const char *json_list(const char *s, char close, char *strings, size_t *n)
{
	for (;;) {
		s += strspn(s, " \n");
		if (*s == close)
			return s + 1;
		if (close == '}') {
			s = json_text(s, strings, n);
			s += strspn(s, ": ");
		}
		s = json_value(s, strings, n);
		s += strspn(s, " \n");
		if (*s != ',' && *s != close)
			fail_msg("JSON: , or %c is wanted at: %.60s", close, s);
		s += *s == ',';
	}
}

static const char *json_value(const char *s, char *strings, size_t *n)
{
	if (*s == '{' || *s == '[')
		return json_list(s + 1, *s == '{' ? '}' : ']', strings, n);
	if (*s == '"')
		return json_text(s, strings, n);
	if (!strncmp(s, "null", 4))
		return s + 4;
	if (!isdigit((unsigned char)*s) && *s != '-')
		fail_msg("JSON: no value at: %.60s", s);
	return s + strspn(s, "-0123456789.e+");
}

/* ---- tests -------------------------------------------------------------------------------------------------------- */

/* A binary layer with names, sizes and all, a CPU node, two branches. */
static void hostile_net(struct net *n)
{
	float w[16];
	int i;

	for (i = 0; i < 16; i++)
		w[i] = i % 3 ? 1 : -1;
	net_begin(n, 4, 5, 5);
	lxa_onnx_scalar(n->m, "s", 1);
	lxa_onnx_f32(n->m, "w", 4, (int64_t[]){ 4, 4, 1, 1 }, w);
	lxa_onnx_node(n->m, HOSTILE "1", "qonnx.custom_op.general", "BipolarQuant", "x s", "q");
	lxa_onnx_node(n->m, HOSTILE "2", "", "Conv", "q w", "c");
	lxa_onnx_node(n->m, HOSTILE "3", "qonnx.custom_op.general", "BipolarQuant", "c s", "d");
	lxa_onnx_node(n->m, HOSTILE "4", "", "Conv", "d w", "e");
	lxa_onnx_node(n->m, HOSTILE "5", "", "Add", "e q", "f");
	strcpy(n->cur, "f");
	net_end(n);
}

static char *written(void (*put)(FILE *f, const struct lxa_plan *p), const struct lxa_plan *p)
{
	char *s = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&s, &n);

	assert_non_null(f);
	put(f, p);
	fclose(f);
	return s;
}

static void put_dot(FILE *f, const struct lxa_plan *p)
{
	struct drawing d;

	assert_int_equal(draw_create(&d, p), 0);
	draw_dot(f, &d, HOSTILE);
	draw_free(&d);
}

static void put_html(FILE *f, const struct lxa_plan *p)
{
	struct drawing d;

	assert_int_equal(draw_create(&d, p), 0);
	draw_html(f, &d, HOSTILE, "cpu");
	draw_free(&d);
}

static void put_json(FILE *f, const struct lxa_plan *p)
{
	struct json j = { .f = f };

	json_open(&j, NULL, '{');
	json_string(&j, "model", HOSTILE);
	json_layers(&j, p, NULL);
	json_close(&j, '}');
}

static void put_table(FILE *f, const struct lxa_plan *p)
{
	table_layers(f, p, NULL);
}

static void test_html(void **state)
{
	static struct xml x;
	struct planned r;
	struct net n;
	char *s, name[200];
	int i;

	hostile_net(&n);
	net_plan(&n, NULL, 1, &r);
	s = written(put_html, r.p);
	xml_parse(&x, s);
	for (i = 1; i <= 5; i++) {
		snprintf(name, sizeof(name), "\n%s%d\n", SHOWN, i);
		if (!strstr(x.text, name))
			fail_msg("the page does not show node %d", i);
	}
	assert_null(strstr(s, "url("));
	assert_non_null(strstr(s, draw_colour[DRAW_XNOR]));
	assert_non_null(strstr(s, draw_colour[DRAW_CPU]));
	free(s);
	planned_free(&r);
	unlink(n.path);
}

static void test_dot(void **state)
{
	static struct dot d;
	struct planned r;
	struct net n;
	char *s, name[200];
	int i;

	hostile_net(&n);
	net_plan(&n, NULL, 1, &r);
	s = written(put_dot, r.p);
	dot_parse(&d, s);
	assert_int_equal(d.boxes, 7);	/* five nodes, input, output */
	assert_int_equal(d.edges, 7);
	for (i = 1; i <= 5; i++) {
		snprintf(name, sizeof(name), "\n%s%d\n", SHOWN, i);
		if (!strstr(d.strings, name))
			fail_msg("the drawing does not show node %d", i);
	}
	free(s);
	planned_free(&r);
	unlink(n.path);
}

static void test_json(void **state)
{
	static char strings[1 << 18];
	struct planned r;
	size_t at = 0;
	const char *end;
	struct net n;
	char *s;

	hostile_net(&n);
	net_plan(&n, NULL, 1, &r);
	s = written(put_json, r.p);
	end = json_value(s, strings, &at);
	assert_string_equal(end, "\n");
	assert_non_null(strstr(strings, "a\"b\\c<script>alert(1)</script>&amp;'\n\t\x01\ufffd\ufffd(\u20ac]]>--><!--${x}\\2\n"));
	free(s);
	planned_free(&r);
	unlink(n.path);
}

/* Nothing of a name moves a terminal's cursor or breaks a line. */
static void test_table(void **state)
{
	struct planned r;
	struct net n;
	char *s, *c;

	hostile_net(&n);
	net_plan(&n, NULL, 1, &r);
	s = written(put_table, r.p);
	for (c = s; *c; c++)
		assert_true((unsigned char)*c >= 0x20 || *c == '\n');
	free(s);
	planned_free(&r);
	unlink(n.path);
}

/* What is told a node needs, and that doing so brings it to the device. */
static void test_needs(void **state)
{
	static const struct {
		int quantized;		/* input: 0 float, 1 bits, 8 a Quant of 8 bits */
		enum net_quant w;
		int64_t k;
		const char *needs;	/* NULL: it is on the device */
	} cases[] = {
		{ 0, NET_FLOAT, 1, "behind the model's input; its weights quantized" },
		{ 0, NET_LOG, 1, "a Quant of up to 8 bits or a LogQuant behind the model's input" },
		{ 8, NET_LOG, 1, NULL },
		{ 0, NET_INT8, 1, "a LogQuant (its weights are integers" },
		{ 8, NET_INT8, 1, "weights of LogQuant (5 bits)" },
		{ 1, NET_FLOAT, 1, "BipolarQuant or of Quant with 1 to 4 bits" },
		{ 1, NET_BIPOLAR, 1, NULL },
		{ 1, NET_BIPOLAR, 13, "a kernel height of at most 11 (it is 13); a kernel width of at most 11 (it is 13)" },
	};
	const struct lxa_plan_entry *e;
	struct planned r;
	struct net n;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		net_begin(&n, 4, 14, 14);
		if (cases[i].quantized == 1)
			net_bipolar(&n, 1);
		else if (cases[i].quantized)
			net_quant(&n, 0.1f, 8, 0);
		net_conv(&n, cases[i].w, 8, cases[i].k, 1, 0, 1, 0);
		net_node(&n, "Relu");
		net_end(&n);
		net_plan(&n, NULL, 1, &r);
		e = net_entry(&r, "Conv", 0);
		if (cases[i].needs ? e->place != LXA_PLACE_CPU || !strstr(e->needs, cases[i].needs) : e->place != LXA_PLACE_DEVICE || *e->needs)
			fail_msg("case %zu: %s; needs: %s", i, e->reason, e->needs);
		e = net_entry(&r, "Relu", 0);
		if (!strstr(e->needs, cases[i].needs ? "on the device and a quantizer behind" : "a quantizer behind"))
			fail_msg("case %zu: Relu needs: %s", i, e->needs);
		planned_free(&r);
		unlink(n.path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_html), cmocka_unit_test(test_dot), cmocka_unit_test(test_json), cmocka_unit_test(test_table),
		cmocka_unit_test(test_needs),
	};

	layer_test_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
