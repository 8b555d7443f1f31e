// SPDX-License-Identifier: MIT
/* info.c - `lxa info`: what the device says of itself. */
#include "cli.h"

static void show(struct lxa_device *dev, const char *name, uint32_t param, const char *unit)
{
	uint64_t v;

	if (lxa_device_param(dev, param, &v))
		printf("  %-26s (not known to this driver)\n", name);
	else
		printf("  %-26s %llu%s%s\n", name, (unsigned long long)v, *unit ? " " : "", unit);
}

/* The bits of register CFG_MODES, lowest first. */
static void show_modes(uint64_t modes)
{
	static const char *const names[] = { "shift", "sqrt2", "xnor", "pool", "int-activations", "int-weights", "bit-planes",
					     "packed-pixels", "residual" };

	printf("  %-26s", "modes");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (modes >> i & 1)
			printf(" %s", names[i]);
	putchar('\n');
}

int cmd_info(int argc, char **argv)
{
	struct cli_options o;
	struct lxa_err err = { "" };
	struct lxa_device *dev;
	uint64_t id = 0, modes = 0;
	int rc = cli_parse(&o, argc, argv);

	if (rc)
		return rc;
	if (o.model) {
		fprintf(stderr, "lxa: unexpected argument: %s\n", o.model);
		return EXIT_USAGE;
	}
	if (cli_device_open(&o, &dev, &err))
		return cli_fail(&err);
	if (!dev) {
		printf("engine cpu: no device; layers run on LXA's CPU kernels\n");
		return EXIT_OK;
	}
	lxa_device_param(dev, LXA_PARAM_HW_ID, &id);
	lxa_device_param(dev, LXA_PARAM_MODES, &modes);
	printf("%s: LXA, engine %s, register map %u.%u\n", lxa_device_path(dev), lxa_device_engine(dev),
	       (unsigned int)(id >> 8 & 0xff), (unsigned int)(id & 0xff));
	show_modes(modes);
	show(dev, "shift lanes, outputs", LXA_PARAM_SHIFT_OC, "");
	show(dev, "shift lanes, inputs", LXA_PARAM_SHIFT_IC, "");
	show(dev, "XNOR lanes, outputs", LXA_PARAM_XNOR_OC, "");
	show(dev, "XNOR lanes, inputs", LXA_PARAM_XNOR_IC, "");
	show(dev, "output lanes", LXA_PARAM_OUT_LANES, "a cycle");
	show(dev, "accumulator", LXA_PARAM_ACC_W, "bits");
	show(dev, "even and odd sums", LXA_PARAM_HALF_W, "bits each");
	show(dev, "XNOR accumulator", LXA_PARAM_XACC_W, "bits");
	show(dev, "activation scratchpad", LXA_PARAM_ACT_BYTES, "bytes, twice");
	show(dev, "accumulator scratchpad", LXA_PARAM_ACC_PIXELS, "pixels, twice");
	show(dev, "weight buffer", LXA_PARAM_WGT_BYTES, "bytes");
	show(dev, "bus", LXA_PARAM_BUS_BYTES, "bytes a beat");
	show(dev, "word", LXA_PARAM_WORD_BYTES, "bytes");
	show(dev, "read bursts in flight", LXA_PARAM_RD_BURSTS, "at most");
	show(dev, "jobs in one submit", LXA_PARAM_MAX_JOBS, "");
	show(dev, "buffers of one open file", LXA_PARAM_BO_BYTES_MAX, "bytes at most");
	show(dev, "job time-out", LXA_PARAM_TIMEOUT_MS, "ms");
	show(dev, "resets so far", LXA_PARAM_RESET_COUNT, "");
	lxa_device_close(dev);
	return EXIT_OK;
}
