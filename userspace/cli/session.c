// SPDX-License-Identifier: MIT
/* session.c - from options to an open device and a planned model. */
#include "cli.h"

#include <errno.h>
#include <string.h>

int cli_fail(const struct lxa_err *err)
{
	fprintf(stderr, "lxa: %s\n", err->text[0] ? err->text : "failed without a reason");
	return EXIT_FAILED;
}

/* --trace FILE: a waveform when it ends in .fst, else the command log. */
static int trace_path(const struct cli_options *o, char *path, size_t n, struct lxa_err *err)
{
	size_t len = strlen(o->trace);
	const char *engine = o->engine ? o->engine : "rtl";
	int wave = len > 4 && !strcmp(o->trace + len - 4, ".fst");

	if (o->device || !strcmp(engine, "cpu"))
		return lxa_err_set(err, -EINVAL, "--trace %s: only the engines rtl and model record", o->trace);
	if (strchr(o->trace, ',') || len + 32 > n)
		return lxa_err_set(err, -EINVAL, "--trace %s: a name without a comma, shorter, is wanted", o->trace);
	snprintf(path, n, "sim:%s,%s=%s", engine, wave ? "wave" : "log", o->trace);
	return 0;
}

int cli_device_open(const struct cli_options *o, struct lxa_device **dev, struct lxa_err *err)
{
	char path[512];
	int rc;

	*dev = NULL;
	if (o->trace) {
		rc = trace_path(o, path, sizeof(path), err);
		if (rc)
			return rc;
		rc = lxa_device_open(path, dev, err);
		if (rc == -EOPNOTSUPP)
			lxa_err_set(err, rc, "--trace %s: this build records no waveforms; `make waves` makes one that does", o->trace);
		return rc;
	}
	if (!o->engine)
		return lxa_device_open(o->device, dev, err);
	if (!strcmp(o->engine, "cpu"))
		return 0;
	snprintf(path, sizeof(path), "sim:%s", o->engine);
	return lxa_device_open(path, dev, err);
}

/*
 * Images in one job. The RTL simulation takes few, so that the progress bar moves; the others take more, so that set-up
 * costs little.
 */
static int64_t batch_of(const struct cli_options *o, const struct lxa_device *dev)
{
	if (o->batch)
		return o->batch;
	return dev && !strcmp(lxa_device_engine(dev), "rtl") ? 16 : 64;
}

int cli_session_open(const struct cli_options *o, struct cli_session *s, struct lxa_err *err)
{
	int rc;

	memset(s, 0, sizeof(*s));
	rc = lxa_model_load(o->model, &s->model, err);
	if (rc)
		return rc;
	rc = cli_device_open(o, &s->dev, err);
	if (rc)
		goto free_model;
	rc = lxa_plan_create(s->model, s->dev, batch_of(o, s->dev), &s->plan, err);
	if (rc)
		goto close_device;
	return 0;

close_device:
	lxa_device_close(s->dev);
free_model:
	lxa_model_free(s->model);
	return rc;
}

int cli_session_again(const struct cli_options *o, const struct cli_session *first, int nr, struct cli_session *s,
		      struct lxa_err *err)
{
	char path[512];
	int rc;

	memset(s, 0, sizeof(*s));
	if (first->dev) {
		const char *known = lxa_device_path(first->dev);

		if (snprintf(path, sizeof(path), strncmp(known, "sim:", 4) ? "%s" : "%s,nr=%d", known, nr) >= (int)sizeof(path))
			return lxa_err_set(err, -EINVAL, "%s: the device's name is too long", known);
		rc = lxa_device_open(path, &s->dev, err);
		if (rc)
			return rc;
	}
	rc = lxa_plan_create(first->model, s->dev, batch_of(o, s->dev), &s->plan, err);
	if (rc)
		lxa_device_close(s->dev);
	return rc;
}

void cli_session_close(struct cli_session *s)
{
	lxa_plan_free(s->plan);
	lxa_device_close(s->dev);
	lxa_model_free(s->model);
}

const char *cli_engine_name(const struct cli_session *s)
{
	return s->dev ? lxa_device_engine(s->dev) : "cpu";
}

uint64_t cli_device_macs(const struct lxa_plan *p, uint64_t *total)
{
	uint64_t on_device = 0;

	*total = 0;
	for (int i = 0; i < lxa_plan_entries(p); i++) {
		const struct lxa_plan_entry *e = lxa_plan_entry(p, i);

		*total += e->macs;
		on_device += e->place == LXA_PLACE_DEVICE ? e->macs : 0;
	}
	return on_device;
}
