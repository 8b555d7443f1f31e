// SPDX-License-Identifier: MIT
/* plan.c - `lxa plan`: where each node will run, and why. */
#include "cli.h"
#include "json.h"

#include <errno.h>
#include <string.h>

static int write_json(const char *path, const char *model, const struct lxa_plan *p, struct lxa_err *err)
{
	struct json j = { .f = fopen(path, "w") };

	if (!j.f)
		return lxa_err_set(err, -errno, "%s: %s", path, strerror(errno));
	json_open(&j, NULL, '{');
	json_string(&j, "model", model);
	json_layers(&j, p, NULL);
	json_close(&j, '}');
	if (ferror(j.f) | fclose(j.f))
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
	printf("predicted: cycles of one image, each layer on an idle device, memory %d cycles away and of %d bytes a cycle\n",
	       LXA_PREDICT_LATENCY, LXA_PREDICT_BYTES);
	rc = o.json && write_json(o.json, o.model, s.plan, &err) ? cli_fail(&err) : EXIT_OK;
	cli_session_close(&s);
	return rc;
}
