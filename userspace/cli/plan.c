// SPDX-License-Identifier: MIT
/* plan.c - `lxa plan`: where each node will run, and why. */
#include "cli.h"
#include "draw.h"
#include "json.h"

#include <errno.h>
#include <string.h>

static void put_json(FILE *f, const struct cli_options *o, const struct cli_session *s)
{
	struct json j = { .f = f };

	json_open(&j, NULL, '{');
	json_string(&j, "model", o->model);
	json_string(&j, "engine", cli_engine_name(s));
	json_layers(&j, s->plan, NULL);
	json_close(&j, '}');
}

static void put_dot(FILE *f, const struct cli_options *o, const struct cli_session *s)
{
	struct drawing d;

	if (draw_create(&d, s->plan))
		return;
	draw_dot(f, &d, o->model);
	draw_free(&d);
}

static void put_html(FILE *f, const struct cli_options *o, const struct cli_session *s)
{
	struct drawing d;

	if (draw_create(&d, s->plan))
		return;
	draw_html(f, &d, o->model, cli_engine_name(s));
	draw_free(&d);
}

/* A file that was asked for; what is not written whole is an error. */
static int write_file(const char *path, void (*put)(FILE *f, const struct cli_options *o, const struct cli_session *s),
		      const struct cli_options *o, const struct cli_session *s, struct lxa_err *err)
{
	FILE *f = path ? fopen(path, "w") : NULL;
	long bytes;

	if (!path)
		return 0;
	if (!f)
		return lxa_err_set(err, -errno, "%s: %s", path, strerror(errno));
	put(f, o, s);
	bytes = ftell(f);
	if (ferror(f) | fclose(f) || !bytes)
		return lxa_err_set(err, -EIO, "%s: cannot be written", path);
	return 0;
}

int cmd_plan(int argc, char **argv)
{
	struct cli_options o;
	struct cli_session s;
	struct lxa_err err = { "" };
	uint64_t macs, on_device;
	int rc = cli_parse(&o, argc, argv);

	if (rc)
		return rc;
	if (!o.model) {
		fprintf(stderr, "lxa plan: a model is wanted\n");
		return EXIT_USAGE;
	}
	if (cli_session_open(&o, &s, &err))
		return cli_fail(&err);
	on_device = cli_device_macs(s.plan, &macs);
	printf("%s, planned for engine %s\n\n", o.model, cli_engine_name(&s));
	table_layers(stdout, s.plan, NULL);
	printf("\n%llu MACs an image, %.1f %% of them on the device\n", (unsigned long long)macs,
	       macs ? 100.0 * (double)on_device / (double)macs : 0.0);
	printf("predicted: cycles and bytes of one image, each layer on an idle device; memory %d cycles away, %d bytes a cycle, %d reads in "
	       "flight, whatever the device has\n", LXA_PREDICT_LATENCY, LXA_PREDICT_BYTES, LXA_PREDICT_READS);
	rc = write_file(o.json, put_json, &o, &s, &err) || write_file(o.dot, put_dot, &o, &s, &err) ||
	     write_file(o.html, put_html, &o, &s, &err) ? cli_fail(&err) : EXIT_OK;
	cli_session_close(&s);
	return rc;
}
