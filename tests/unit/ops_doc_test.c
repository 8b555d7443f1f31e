/* SPDX-License-Identifier: MIT */
/*
 * ops_doc_test.c - userspace/OPERATORS.md says what the library's tables of operators say, and that is true: every operator
 * runs with every element type of its line, and refuses every other.
 *
 *	build/tests/unit/ops_doc_test --write		writes the document's table anew
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph_priv.h"
#include "node_util.h"
#include "op_types.h"

#define DOCUMENT "userspace/OPERATORS.md"
#define BEGIN "<!-- table -->\n"
#define END "<!-- end -->\n"

/* ---- the document ---- */

#define T(t) LXA_TYPE(LXA_##t)

/* Groups of types that have a name in the document, the larger ones first. */
static const struct {
	unsigned int types;
	const char *name;
} groups[] = {
	{ T(F32) | T(F64) | T(F16) | T(BF16) | T(INT8) | T(INT16) | T(INT32) | T(INT64) | T(UINT8) | T(UINT16) | T(UINT32) |
	  T(UINT64) | T(BOOL) | T(F8E4M3FN) | T(F8E4M3FNUZ) | T(F8E5M2) | T(F8E5M2FNUZ) | T(INT4) | T(UINT4), "all" },
	{ T(F32) | T(F64) | T(F16) | T(BF16), "floats" },
	{ T(INT8) | T(INT16) | T(INT32) | T(INT64) | T(UINT8) | T(UINT16) | T(UINT32) | T(UINT64), "integers" },
	{ T(INT8) | T(INT16) | T(INT32) | T(INT64), "signed integers" },
	{ T(F8E4M3FN) | T(F8E4M3FNUZ) | T(F8E5M2) | T(F8E5M2FNUZ), "float8" },
};

static void put_types(FILE *f, unsigned int types)
{
	const char *comma = "";
	size_t i;
	int k;

	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if ((types & groups[i].types) != groups[i].types)
			continue;
		fprintf(f, "%s%s", comma, groups[i].name);
		comma = ", ";
		types &= ~groups[i].types;
	}
	for (k = 0; k < 32; k++) {
		if (!(types & LXA_TYPE(k)))
			continue;
		fprintf(f, "%s%s", comma, lxa_dtype_name(k));
		comma = ", ";
	}
}

static void put_line(FILE *f, const struct lxa_optypes *t, int domain)
{
	static const char *const prefix[] = { "", "qonnx.", "lxa." };

	fprintf(f, "| %s%s | %s | ", prefix[domain], t->name, t->versions);
	put_types(f, t->types);
	fprintf(f, " | %s |\n", t->note);
}

static char *table(void)
{
	const struct lxa_optypes *t;
	const struct lxa_opdef *op;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int i, k, constant = 0;

	fputs("| operator | versions | element types of the first input | |\n|---|---|---|---|\n", f);
	for (i = 0; (op = lxa_op_at(i)); i++) {
		/* Constant is no operator any more when a graph has been read. */
		if (!constant && (strcmp(op->name, "Constant") > 0 || op->domain != LXA_DOMAIN_ONNX)) {
			for (k = 0; (t = lxa_optypes_at(k)) && strcmp(t->name, "Constant"); k++)
				;
			assert_non_null(t);
			put_line(f, t, LXA_DOMAIN_ONNX);
			constant = 1;
		}
		t = lxa_optypes_find(op);
		if (!t)
			fail_msg("%s has no line in op_types.c", op->name);
		put_line(f, t, op->domain);
	}
	fclose(f);
	return text;
}

static char *read_document(void)
{
	FILE *f = fopen(DOCUMENT, "r");
	char *text = calloc(1, 1 << 20);

	if (!f || !text)
		fail_msg("%s: %s", DOCUMENT, strerror(errno));
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	return text;
}

static void test_document(void **unused)
{
	char *want = table(), *text = read_document(), *from = strstr(text, BEGIN), *to = strstr(text, END);

	assert_non_null(from);
	assert_non_null(to);
	*to = 0;
	if (strcmp(from + strlen(BEGIN), want))
		fail_msg("%s is not what the library's tables say: run ops_doc_test --write", DOCUMENT);
	free(want);
	free(text);
}

/* A line of op_types.c that belongs to no operator. */
static void test_no_strays(void **unused)
{
	const struct lxa_optypes *t;
	const struct lxa_opdef *op;
	int i, k;

	for (i = 0; (t = lxa_optypes_at(i)); i++) {
		for (k = 0; (op = lxa_op_at(k)) && strcmp(op->name, t->name); k++)
			;
		if (!op && strcmp(t->name, "Constant"))
			fail_msg("op_types.c has %s, which is no operator", t->name);
	}
}

static int write_document(void)
{
	char *want = table(), *text = read_document(), *from = strstr(text, BEGIN), *to = strstr(text, END);
	FILE *f = from && to ? fopen(DOCUMENT, "w") : NULL;

	if (!f)
		return 1;
	fprintf(f, "%.*s%s%s", (int)(from - text + (long)strlen(BEGIN)), text, want, to);
	free(want);
	free(text);
	return fclose(f) != 0;
}

/* ---- every type ---- */

/* Inputs that are not one image of four channels of 2 x 2 ones; type 0: the type under test. */
static const struct input {
	const char *op;
	int i, type;
	int ndim;
	int64_t dims[4];
	double v[8];
} inputs[] = {
	{ "BatchNormalization", 1, 0, 1, { 4 }, { 0 } }, { "BatchNormalization", 2, 0, 1, { 4 }, { 0 } },
	{ "BatchNormalization", 3, 0, 1, { 4 }, { 0 } }, { "BatchNormalization", 4, 0, 1, { 4 }, { 1, 1, 1, 1 } },
	{ "BipolarQuant", 1, 0, 0, { 0 }, { 1 } },
	{ "ConstantOfShape", 0, 0, 1, { 2 }, { 2, 3 } },
	{ "ConvTranspose", 1, 0, 4, { 4, 1, 2, 2 }, { 0 } },
	{ "DequantizeLinear", 1, LXA_F32, 0, { 0 }, { 1 } },
	{ "Expand", 1, LXA_INT64, 1, { 2 }, { 2, 2 } },
	{ "Gather", 1, LXA_INT64, 1, { 2 }, { 0, 0 } },
	{ "GatherElements", 1, LXA_INT64, 4, { 1, 1, 2, 2 }, { 0 } },
	{ "Gemm", 0, 0, 2, { 2, 2 }, { 0 } }, { "Gemm", 1, 0, 2, { 2, 2 }, { 0 } },
	{ "InstanceNormalization", 1, 0, 1, { 4 }, { 0 } }, { "InstanceNormalization", 2, 0, 1, { 4 }, { 0 } },
	{ "IntQuant", 1, 0, 0, { 0 }, { 1 } }, { "IntQuant", 2, 0, 0, { 0 }, { 0 } }, { "IntQuant", 3, 0, 0, { 0 }, { 4 } },
	{ "LogQuant", 1, 0, 0, { 0 }, { 1 } },
	{ "MultiThreshold", 1, 0, 2, { 4, 1 }, { 0 } },
	{ "Pad", 1, LXA_INT64, 1, { 8 }, { 0, 0, 1, 1, 0, 0, 1, 1 } },
	{ "QLinearConv", 1, LXA_F32, 0, { 0 }, { 1 } }, { "QLinearConv", 2, 0, 0, { 0 }, { 0 } },
	{ "QLinearConv", 4, LXA_F32, 0, { 0 }, { 1 } }, { "QLinearConv", 5, 0, 0, { 0 }, { 0 } },
	{ "QLinearConv", 6, LXA_F32, 0, { 0 }, { 1 } }, { "QLinearConv", 7, 0, 0, { 0 }, { 0 } },
	{ "QLinearMatMul", 1, LXA_F32, 0, { 0 }, { 1 } }, { "QLinearMatMul", 2, 0, 0, { 0 }, { 0 } },
	{ "QLinearMatMul", 4, LXA_F32, 0, { 0 }, { 1 } }, { "QLinearMatMul", 5, 0, 0, { 0 }, { 0 } },
	{ "QLinearMatMul", 6, LXA_F32, 0, { 0 }, { 1 } }, { "QLinearMatMul", 7, 0, 0, { 0 }, { 0 } },
	{ "Quant", 1, 0, 0, { 0 }, { 1 } }, { "Quant", 2, 0, 0, { 0 }, { 0 } }, { "Quant", 3, 0, 0, { 0 }, { 4 } },
	{ "QuantizeLinear", 1, LXA_F32, 0, { 0 }, { 1 } },
	{ "Reshape", 1, LXA_INT64, 1, { 2 }, { 4, 4 } },
	{ "Resize", 1, LXA_F32, 1, { 0 }, { 0 } }, { "Resize", 2, LXA_F32, 1, { 4 }, { 1, 1, 2, 2 } },
	{ "Slice", 1, LXA_INT64, 1, { 1 }, { 0 } }, { "Slice", 2, LXA_INT64, 1, { 1 }, { 1 } },
	{ "Tile", 1, LXA_INT64, 1, { 4 }, { 1, 2, 1, 1 } },
	{ "Trunc", 1, 0, 0, { 0 }, { 1 } }, { "Trunc", 2, 0, 0, { 0 }, { 0 } }, { "Trunc", 3, 0, 0, { 0 }, { 8 } },
	{ "Trunc", 4, 0, 0, { 0 }, { 4 } },
	{ "Unsqueeze", 1, LXA_INT64, 1, { 1 }, { 0 } },
	{ "Upsample", 1, LXA_F32, 1, { 4 }, { 1, 1, 2, 2 } },
};

static const struct input *input_of(const char *op, int i)
{
	size_t k;

	for (k = 0; k < sizeof(inputs) / sizeof(inputs[0]); k++)
		if (!strcmp(inputs[k].op, op) && inputs[k].i == i)
			return &inputs[k];
	return NULL;
}

static void set_attributes(struct node_test *t, const char *op)
{
	static const int64_t kernel[2] = { 2, 2 };

	if (!strcmp(op, "Cast"))
		node_int(t, "to", LXA_F32);
	else if (!strcmp(op, "DepthToSpace") || !strcmp(op, "SpaceToDepth"))
		node_int(t, "blocksize", 2);
	else if (!strcmp(op, "LRN"))
		node_int(t, "size", 3);
	else if (!strcmp(op, "LogQuant"))
		node_int(t, "bits", 4);
	else if (!strcmp(op, "AveragePool") || !strcmp(op, "MaxPool"))
		node_ints(t, "kernel_shape", 2, kernel);
}

static void one_type(const struct lxa_opdef *op, enum lxa_dtype type, int allowed)
{
	static const char *const domain[] = { "", "qonnx.custom_op.general", "lxa" };
	const double ones[16] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	int n = !strcmp(op->name, "Resize") || !strcmp(op->name, "Slice") ? 3 : op->min_in, i;
	struct node_test t;

	n = (!strcmp(op->name, "Reshape") || !strcmp(op->name, "Unsqueeze") || !strcmp(op->name, "Upsample") ||
	     !strcmp(op->name, "Pad")) ? 2 : n;
	node_init(&t, op->name, domain[op->domain], !strcmp(op->name, "Upsample") ? 9 : 21);
	set_attributes(&t, op->name);
	for (i = 0; i < n; i++) {
		const struct input *in = input_of(op->name, i);

		if (in)
			node_in(&t, in->type ? (enum lxa_dtype)in->type : type, in->ndim, in->dims, in->v);
		else if (i && !strcmp(op->name, "Where"))
			node_in(&t, LXA_F32, DIMS(1, 4, 2, 2), ones);
		else
			node_in(&t, type, DIMS(1, 4, 2, 2), ones);
	}
	if (allowed)
		node_run(&t);
	else
		node_refused(&t, "input 0 is ");
	node_done(&t);
}

static void test_types(void **unused)
{
	const struct lxa_optypes *t;
	const struct lxa_opdef *op;
	int i, k, ran = 0;

	for (i = 0; (op = lxa_op_at(i)); i++) {
		t = lxa_optypes_find(op);
		for (k = 0; t && k < 32; k++) {
			if (!lxa_dtype_size((enum lxa_dtype)k))
				continue;
			one_type(op, (enum lxa_dtype)k, (t->types & LXA_TYPE(k)) != 0);
			ran += (t->types & LXA_TYPE(k)) != 0;
		}
	}
	printf("%d operators, %d pairs of operator and type\n", i, ran);
	assert_true(ran > 500);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_document), cmocka_unit_test(test_no_strays), cmocka_unit_test(test_types),
	};

	if (argc == 2 && !strcmp(argv[1], "--write"))
		return write_document();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
