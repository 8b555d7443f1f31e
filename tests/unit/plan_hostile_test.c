// SPDX-License-Identifier: MIT
/*
 * plan_hostile_test.c - models that load and have shapes, but must not be planned, or not be folded: each refusal names the
 * node. (Loading and shapes: onnx_hostile_test.c. Random files: tests/fuzz/fuzz_onnx.c.)
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../userspace/lxa.h"
#include "onnx_save.h"

static char path[] = "/tmp/lxa-plan-hostile-XXXXXX";

static struct lxa_onnx *begin(void)
{
	struct lxa_onnx *m = lxa_onnx_new("hostile");

	assert_non_null(m);
	lxa_onnx_input(m, "x", LXA_F32, 4, (int64_t[]){ -1, 1, 2, 2 });
	lxa_onnx_output(m, "y", LXA_F32, 4, (int64_t[]){ -1, 1, 2, 2 });
	return m;
}

/* The plan, or NULL with its sentence. */
static struct lxa_plan *planned(struct lxa_onnx *m, struct lxa_err *err)
{
	struct lxa_model *model;
	struct lxa_plan *p;

	memset(err, 0, sizeof(*err));
	if (lxa_onnx_save(m, path, err) || lxa_model_load(path, &model, err))
		fail_msg("%s", err->text);
	lxa_onnx_free(m);
	lxa_plan_create(model, NULL, 1, &p, err);
	lxa_model_free(model);
	return p;
}

static void refused(struct lxa_onnx *m, const char *word)
{
	struct lxa_err err;

	assert_null(planned(m, &err));
	if (!strstr(err.text, word) || strncmp(err.text, path, strlen(path)))
		fail_msg("\"%s\" should say \"%s\" and name the file", err.text, word);
}

/* Files of some hundred bytes that ask for gigabytes of constants: at once, and step by step. */
static void test_growing_constants(void **unused)
{
	struct lxa_onnx *m = begin();
	struct lxa_err err;
	struct lxa_plan *p;
	char to[8];
	int i;

	lxa_onnx_i64(m, "large", 1, (int64_t[]){ 2 }, (int64_t[]){ 1 << 15, 1 << 15 });
	lxa_onnx_node(m, "wide", "", "ConstantOfShape", "large", "w");
	lxa_onnx_node(m, "sum", "", "ReduceSum", "w", "s");
	lxa_onnx_node(m, "y", "", "Add", "x s", "y");
	refused(m, "node 'wide' (ConstantOfShape): the constants that it and the nodes before it make are too large");

	m = begin();
	lxa_onnx_f32(m, "c0", 1, (int64_t[]){ 1 }, (float[]){ 1 });
	for (i = 0; i < 9; i++) {
		char eight[64];

		snprintf(eight, sizeof(eight), "c%d c%d c%d c%d c%d c%d c%d c%d", i, i, i, i, i, i, i, i);
		snprintf(to, sizeof(to), "c%d", i + 1);
		lxa_onnx_node(m, to, "", "Concat", eight, to);
		lxa_onnx_attr_int(m, "axis", 0);
	}
	lxa_onnx_node(m, "sum", "", "ReduceSum", "c9", "s");
	lxa_onnx_node(m, "y", "", "Add", "x s", "y");
	refused(m, "node 'c8' (Concat): the constants that it and the nodes before it make are too large");

	/* What a network has stays possible. */
	m = begin();
	lxa_onnx_f32(m, "c", 4, (int64_t[]){ 1, 1, 2, 2 }, (float[]){ 1, 2, 3, 4 });
	lxa_onnx_node(m, "a", "", "Relu", "c", "d");
	lxa_onnx_node(m, "y", "", "Add", "x d", "y");
	p = planned(m, &err);
	if (!p)
		fail_msg("%s", err.text);
	assert_string_equal(lxa_plan_entry(p, 0)->reason, "constant: evaluated while planning");
	lxa_plan_free(p);
}

static void test_unknown_operator(void **unused)
{
	struct lxa_onnx *m = begin();

	lxa_onnx_node(m, "odd", "com.example", "Mystery", "x", "y");
	refused(m, "node odd: neither the device nor the CPU has the operator com.example.Mystery");
}

/* A constant that divides by zero ends the planning, not the program. */
static void test_constant_fault(void **unused)
{
	struct lxa_onnx *m = begin();

	lxa_onnx_i64(m, "a", 1, (int64_t[]){ 1 }, (int64_t[]){ 7 });
	lxa_onnx_i64(m, "b", 1, (int64_t[]){ 1 }, (int64_t[]){ 0 });
	lxa_onnx_node(m, "div", "", "Div", "a b", "c");
	lxa_onnx_node(m, "y", "", "Reshape", "x c", "y");
	refused(m, "node 'div' (Div): divides an integer by zero");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growing_constants), cmocka_unit_test(test_unknown_operator),
		cmocka_unit_test(test_constant_fault),
	};
	int fd = mkstemp(path), failed;

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed != 0;
}
