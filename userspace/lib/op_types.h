/* SPDX-License-Identifier: MIT */
/*
 * op_types.h - what each operator of ops.c takes: element types, and the versions of ONNX's specification that it follows.
 *
 * lxa_op_infer() refuses other types with a sentence; OPERATORS.md is written from the same table (tests/unit/ops_doc_test.c),
 * so that neither can say what the other does not.
 */
#ifndef LXA_LIB_OP_TYPES_H
#define LXA_LIB_OP_TYPES_H

#include "graph_priv.h"

#define LXA_TYPE(t) (1u << (t))

struct lxa_optypes {
	const char *name;
	const char *versions;		/* opsets up to 21 at which the specification of the operator changed; "" outside ONNX */
	unsigned int types;		/* LXA_TYPE() of input 0 */
	/*
	 * Not 0: takes float16 and bfloat16 by widening. Inputs of these types become float, and when input `widen` - 1 was one,
	 * the float outputs are rounded to its type. For operators that know float.
	 */
	int widen;
	const char *note;		/* for the document: what is left out, or "" */
};

const struct lxa_optypes *lxa_optypes_find(const struct lxa_opdef *op); /* NULL: the operator looks itself */
/* The lines one after the other; NULL at the end. */
const struct lxa_optypes *lxa_optypes_at(int i);

#endif
