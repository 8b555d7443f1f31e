/* SPDX-License-Identifier: MIT */
/*
 * op_attr_types.c - the type that an attribute must have. A name means the same in every operator that has it, so one table does
 * for all; without it an attribute of another type would silently count as absent.
 */
#include <errno.h>
#include <string.h>

#include "graph_priv.h"

static const char *const ints[] = {
	"axes", "consumed_inputs", "dilations", "ends", "kernel_shape", "output_padding", "output_shape", "pads", "perm",
	"shape", "split", "starts", "strides", NULL,
};
static const char *const integer[] = {
	"allowzero", "antialias", "axis", "batch_dims", "bits", "block_size", "blocksize", "broadcast", "ceil_mode",
	"count_include_pad", "detect_negative", "detect_positive", "dtype", "end", "exclude_outside", "exclusive", "fmod", "group",
	"is_test", "keepdims", "narrow", "noop_with_empty_axes", "num_outputs", "output_dtype", "precision", "reverse",
	"saturate", "select_last_index", "signed", "size", "spatial", "start", "steps_per_octave", "storage_order", "to",
	"training_mode", "transA", "transB", NULL,
};
static const char *const real[] = {
	"alpha", "beta", "bias", "cubic_coeff_a", "epsilon", "extrapolation_value", "gamma", "lambd", "max", "min", "momentum",
	"out_bias", "out_scale", "ratio", NULL,
};
static const char *const string[] = {
	"approximate", "auto_pad", "coordinate_transformation_mode", "data_layout", "keep_aspect_ratio_policy", "mode",
	"nearest_mode", "out_dtype", "reduction", "rounding", "rounding_mode", NULL,
};
static const char *const floats[] = { "scales", NULL };

static const struct {
	enum lxa_attr_type type;
	const char *const *names;
	const char *what;
} types[] = {
	{ LXA_ATTR_INTS, ints, "a list of integers" }, { LXA_ATTR_INT, integer, "an integer" }, { LXA_ATTR_FLOAT, real, "a float" },
	{ LXA_ATTR_STRING, string, "a string" }, { LXA_ATTR_FLOATS, floats, "a list of floats" },
};

static int listed(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return 1;
	return 0;
}

int lxa_op_attr_types(const struct lxa_op_ctx *c)
{
	size_t k;
	int i;

	for (i = 0; i < c->n->n_attr; i++) {
		const struct lxa_attr *a = &c->n->attr[i];

		for (k = 0; k < sizeof(types) / sizeof(types[0]); k++) {
			if (a->type == types[k].type || !listed(types[k].names, a->name))
				continue;
			/* Files from before attributes had a type: an empty list is not seen to be one of floats. */
			if (types[k].type == LXA_ATTR_FLOATS && a->type == LXA_ATTR_INTS && !a->n)
				continue;
			return lxa_op_err(c, -EINVAL, "attribute '%s' must be %s", a->name, types[k].what);
		}
	}
	return 0;
}
