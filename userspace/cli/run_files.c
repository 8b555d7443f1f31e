// SPDX-License-Identifier: MIT
/* run_files.c - see run_files.h. */
#include "run_files.h"

#include <errno.h>
#include <string.h>

typedef void (*io_fn)(const struct lxa_plan *p, int i, struct lxa_io *io);

/*
 * Which input or output a --input/--output argument means: NAME=FILE when NAME is one of them, else the k-th.
 * Returns its index and sets *file, or a negative errno.
 */
static int resolve(const struct lxa_plan *p, io_fn get, int n, const char *kind, const char *arg, int k, const char **file,
		   struct lxa_err *err)
{
	const char *eq = strchr(arg, '=');
	struct lxa_io io;

	*file = arg;
	for (int i = 0; eq && i < n; i++) {
		get(p, i, &io);
		if (strlen(io.name) == (size_t)(eq - arg) && !strncmp(io.name, arg, (size_t)(eq - arg))) {
			*file = eq + 1;
			return i;
		}
	}
	if (k >= n)
		return lxa_err_set(err, -EINVAL, "--%s %s: the model has %d %ss", kind, arg, n, kind);
	return k;
}

int run_files_read(const struct cli_options *o, const struct lxa_plan *p, struct lxa_tensor *in, struct lxa_err *err)
{
	int n = lxa_plan_inputs(p);
	const char *file;
	struct lxa_io io;
	int rc;

	if (n > CLI_MAX_FILES)
		return lxa_err_set(err, -EINVAL, "%s: %d inputs are more than the command takes", o->model, n);
	for (int k = 0; k < o->n_in; k++) {
		int i = resolve(p, lxa_plan_input, n, "input", o->in[k], k, &file, err);

		if (i < 0)
			return i;
		lxa_plan_input(p, i, &io);
		if (in[i].data)
			return lxa_err_set(err, -EINVAL, "--input %s: input `%s' is given twice", o->in[k], io.name);
		rc = lxa_tensor_read(file, &in[i], err);
		if (rc)
			return rc;
	}
	for (int i = 0; i < n; i++) {
		lxa_plan_input(p, i, &io);
		if (!in[i].data)
			return lxa_err_set(err, -EINVAL, "%s: input `%s' is not given", o->model, io.name);
	}
	return 0;
}

static void print_tensor(const struct lxa_io *io, const struct lxa_tensor *t)
{
	const float *f = t->data;
	int64_t n = lxa_tensor_count(t);

	printf("%s [", io->name);
	for (int i = 0; i < t->ndim; i++)
		printf("%s%lld", i ? "," : "", (long long)t->dims[i]);
	printf("]");
	for (int64_t i = 0; t->dtype == LXA_F32 && i < n && i < 10; i++)
		printf(" %g", (double)f[i]);
	printf("%s\n", n > 10 ? " ..." : "");
}

int run_files_write(const struct cli_options *o, const struct lxa_plan *p, const struct lxa_tensor *out, struct lxa_err *err)
{
	int n = lxa_plan_outputs(p);
	const char *file;
	struct lxa_io io;
	int rc;

	for (int i = 0; !o->n_out && i < n; i++) {
		lxa_plan_output(p, i, &io);
		print_tensor(&io, &out[i]);
	}
	for (int k = 0; k < o->n_out; k++) {
		int i = resolve(p, lxa_plan_output, n, "output", o->out[k], k, &file, err);

		if (i < 0)
			return i;
		rc = lxa_tensor_write(file, &out[i], err);
		if (rc)
			return rc;
	}
	return 0;
}
