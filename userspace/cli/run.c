// SPDX-License-Identifier: MIT
/* run.c - `lxa run`: a model on a data set (accuracy) or on tensor files; progress, table, JSON, bit-for-bit check. */
#include "cli.h"
#include "interrupt.h"
#include "json.h"
#include "run_files.h"
#include "workers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct run {
	const struct cli_options *o;
	struct cli_session s;
	struct lxa_tensor in[CLI_MAX_FILES], out[CLI_MAX_FILES];
	struct lxa_dataset data;	/* n == 0 with files */
	struct workers ws;
	uint64_t correct;
};

/* ---- data set ------------------------------------------------------------------------------------------ */

static int load_data(struct run *r, struct lxa_err *err)
{
	struct lxa_io io;

	if (lxa_plan_inputs(r->s.plan) != 1)
		return lxa_err_set(err, -EINVAL, "%s: --data wants a model with one input, this one has %d", r->o->model,
				   lxa_plan_inputs(r->s.plan));
	lxa_plan_input(r->s.plan, 0, &io);
	return cli_images_load(r->o->model, r->o->data, LXA_SPLIT_TEST, &io, &r->data, err);
}

static int data_input(struct run *r, struct lxa_err *err)
{
	size_t n = r->o->limit && r->o->limit < r->data.n ? r->o->limit : r->data.n;

	return lxa_data_tensor(&r->data, 0, n, &r->o->pixels, &r->in[0], err);
}

/* Images of one worker whose largest output is their label's. */
static int count_part(struct run *r, const struct worker *w, struct lxa_err *err)
{
	const struct lxa_tensor *t = &w->out[0];
	int64_t classes = t->ndim && t->dims[0] ? lxa_tensor_count(t) / t->dims[0] : 0;
	const float *y = t->data;

	if (t->dtype != LXA_F32 || classes < r->data.classes)
		return lxa_err_set(err, -EINVAL, "%s: the first output is not %d scores an image", r->o->model, r->data.classes);
	for (uint64_t i = 0; i < w->res.images; i++, y += classes) {
		int64_t best = 0;

		for (int64_t c = 1; c < classes; c++)
			if (y[c] > y[best])
				best = c;
		r->correct += best == r->data.labels[(uint64_t)w->first + i];
	}
	return 0;
}

static int count_correct(struct run *r, struct lxa_err *err)
{
	int rc = 0;

	for (int k = 0; !rc && k < r->ws.n; k++)
		if (r->ws.w[k].res.images)
			rc = count_part(r, &r->ws.w[k], err);
	return rc;
}

/* ---- running --------------------------------------------------------------------------------------------- */

static int execute(struct run *r, struct lxa_err *err)
{
	interrupt_catch();
	return workers_run(&r->ws, r->o, &r->s, r->in, interrupt_asked, err);
}

/* ---- reporting --------------------------------------------------------------------------------------------- */

static void print_report(const struct run *r)
{
	uint64_t total, on_device = cli_device_macs(r->s.plan, &total);

	printf("%s on engine %s\n\n", r->o->model, cli_engine_name(&r->s));
	table_layers(stdout, r->s.plan, &r->ws);
	printf("\nimages            %llu%s\n", (unsigned long long)r->ws.res.images, r->ws.stopped ? " (stopped)" : "");
	if (r->data.n)
		printf("accuracy          %.2f %% (%llu right, %s %s)\n",
		       r->ws.res.images ? 100.0 * (double)r->correct / (double)r->ws.res.images : 0.0,
		       (unsigned long long)r->correct, r->data.name, r->data.split);
	printf("MACs on device    %.1f %% of %llu an image\n", total ? 100.0 * (double)on_device / (double)total : 0.0,
	       (unsigned long long)total);
	printf("device cycles     %llu (simulated)\n", (unsigned long long)r->ws.res.cycles);
	printf("wall time         %.2f s", r->ws.wall_s);
	if (r->ws.n > 1)
		printf(" (%d devices side by side)", r->ws.n);
	putchar('\n');
	if (!r->ws.res.compared)
		printf("bit for bit       not compared%s\n", r->s.dev ? "" : ": no device");
	else if (!r->ws.res.mismatches)
		printf("bit for bit       equal: %llu elements of the device's layers, device and CPU\n",
		       (unsigned long long)r->ws.res.compared);
	else
		printf("bit for bit       DIFFERENT: %llu of %llu elements; first: %s\n", (unsigned long long)r->ws.res.mismatches,
		       (unsigned long long)r->ws.res.compared, r->ws.res.first_mismatch);
}

static int write_json(const struct run *r, struct lxa_err *err)
{
	struct json j = { .f = fopen(r->o->json, "w") };

	if (!j.f)
		return lxa_err_set(err, -errno, "%s: %s", r->o->json, strerror(errno));
	json_open(&j, NULL, '{');
	json_string(&j, "model", r->o->model);
	json_string(&j, "engine", cli_engine_name(&r->s));
	json_string(&j, "data", r->data.n ? r->data.name : NULL);
	json_uint(&j, "images", r->ws.res.images);
	if (r->data.n) {
		json_uint(&j, "correct", r->correct);
		json_double(&j, "accuracy", r->ws.res.images ? (double)r->correct / (double)r->ws.res.images : 0.0);
	} else {
		json_null(&j, "correct");
		json_null(&j, "accuracy");
	}
	if (r->ws.res.compared)
		json_bool(&j, "bit_exact", !r->ws.res.mismatches);
	else
		json_null(&j, "bit_exact");
	json_uint(&j, "compared", r->ws.res.compared);
	json_uint(&j, "mismatches", r->ws.res.mismatches);
	json_uint(&j, "cycles", r->ws.res.cycles);
	json_uint(&j, "jobs", (uint64_t)r->ws.n);
	json_double(&j, "wall_s", r->ws.wall_s);
	json_bool(&j, "stopped", r->ws.stopped);
	json_layers(&j, r->s.plan, &r->ws);
	json_close(&j, '}');
	if (ferror(j.f) | fclose(j.f))
		return lxa_err_set(err, -EIO, "%s: cannot be written", r->o->json);
	return 0;
}

static int run_session(struct run *r, struct lxa_err *err)
{
	int rc;

	lxa_profile_begin("read");
	if (r->o->data)
		rc = load_data(r, err);
	else
		rc = run_files_read(r->o, r->s.plan, r->in, err);
	if (!rc && r->o->data)
		rc = data_input(r, err);
	lxa_profile_end();
	if (!rc)
		rc = execute(r, err);
	lxa_profile_begin("results");
	if (!rc && r->o->data)
		rc = count_correct(r, err);
	if (!rc && !r->o->data && !r->ws.stopped)
		rc = workers_join(&r->ws, r->out, err);
	if (!rc && !r->o->data && !r->ws.stopped)
		rc = run_files_write(r->o, r->s.plan, r->out, err);
	lxa_profile_end();
	if (rc)
		return rc;
	print_report(r);
	if (r->o->profile) {
		putchar('\n');
		table_times(stdout, r->s.plan, &r->ws);
		printf("\ntime line         %s, for Perfetto or chrome://tracing\n", r->o->profile);
	}
	return r->o->json ? write_json(r, err) : 0;
}

int cmd_run(int argc, char **argv)
{
	struct cli_options o;
	struct lxa_err err = { "" };
	struct run r = { .o = &o };
	int rc = cli_parse(&o, argc, argv);

	if (rc)
		return rc;
	if (!o.model || !o.data == !o.n_in || (o.data && o.n_out)) {
		fprintf(stderr, "lxa run: a model and either --data DIR or --input FILE (--output FILE) are wanted\n");
		return EXIT_USAGE;
	}
	if (o.profile && (lxa_profile_create(&r.ws.profile, &err) || lxa_profile_attach(r.ws.profile, "lxa run", &err)))
		return cli_fail(&err);
	if (cli_session_open(&o, &r.s, &err))
		return cli_fail(&err);
	rc = run_session(&r, &err) ? cli_fail(&err) : r.ws.res.mismatches ? EXIT_MISMATCH : r.ws.stopped ? EXIT_STOPPED : EXIT_OK;
	/* of a failed run, too: it may show why */
	if (o.profile && lxa_profile_write(r.ws.profile, o.profile, &err))
		rc = cli_fail(&err);
	workers_free(&r.ws);
	for (int i = 0; i < CLI_MAX_FILES; i++) {
		lxa_tensor_free(&r.in[i]);
		lxa_tensor_free(&r.out[i]);
	}
	lxa_data_free(&r.data);
	cli_session_close(&r.s);
	lxa_profile_free(r.ws.profile);
	return rc;
}
