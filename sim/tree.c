/* SPDX-License-Identifier: MIT */
/* tree.c - reads the device-tree node by libfdt. The default tree is compiled by dtc and embedded here. */
#include "tree.h"

#include <errno.h>
#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The blob as an object in read-only data; LXA_DTB_FILE comes from the build. */
__asm__(".pushsection .rodata\n"
	".balign 8\n"
	"tree_default:\n"
	".incbin \"" LXA_DTB_FILE "\"\n"
	"tree_default_end:\n"
	".popsection\n");
extern const char tree_default[] __attribute__((visibility("hidden")));
extern const char tree_default_end[] __attribute__((visibility("hidden")));

static int fail(char *err, size_t err_len, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int fail(char *err, size_t err_len, const char *fmt, ...)
{
	va_list ap;

	if (err && err_len) {
		va_start(ap, fmt);
		vsnprintf(err, err_len, fmt, ap);
		va_end(ap);
	}
	return -EINVAL;
}

/* A one-cell property within [lo, hi]; absent: *val stays. */
static int get_u32(const void *dtb, int node, const char *name, uint32_t lo, uint32_t hi, uint32_t *val, char *err,
		   size_t err_len)
{
	const fdt32_t *p;
	uint32_t v;
	int len;

	p = fdt_getprop(dtb, node, name, &len);
	if (!p)
		return 0;
	if (len != 4)
		return fail(err, err_len, "device tree: property %s of the lxa node has %d bytes, not one cell", name, len);
	v = fdt32_to_cpu(*p);
	if (v < lo || v > hi)
		return fail(err, err_len, "device tree: property %s of the lxa node is %u, outside %u..%u", name, v, lo, hi);
	*val = v;
	return 0;
}

static int get_engine(const void *dtb, int node, enum lxa_sim_engine *engine, char *err, size_t err_len)
{
	const char *s;
	int len;

	s = fdt_getprop(dtb, node, "engine", &len);
	if (!s)
		return 0;
	if (len == sizeof("rtl") && !memcmp(s, "rtl", sizeof("rtl")))
		*engine = LXA_SIM_RTL;
	else if (len == sizeof("model") && !memcmp(s, "model", sizeof("model")))
		*engine = LXA_SIM_MODEL;
	else
		return fail(err, err_len, "device tree: property engine of the lxa node is \"%.*s\", not \"rtl\" or \"model\"",
			    len > 32 ? 32 : len, s);
	return 0;
}

int tree_parse(const void *dtb, size_t len, struct sim_config *cfg, char *err, size_t err_len)
{
	int node, r;

	if (!dtb) {
		dtb = tree_default;
		len = (size_t)(tree_default_end - tree_default);
	}
	r = fdt_check_full(dtb, len);
	if (r)
		return fail(err, err_len, "device tree: %zu bytes are no flattened device tree: %s", len, fdt_strerror(r));
	node = fdt_node_offset_by_compatible(dtb, -1, "lxa,lxa-1");
	if (node < 0)
		return fail(err, err_len, "device tree: no node is compatible with \"lxa,lxa-1\": %s", fdt_strerror(node));
	*cfg = (struct sim_config){ .engine = LXA_SIM_RTL, .latency = 100, .bytes_per_cycle = 16, .seed = 1 };
	r = get_engine(dtb, node, &cfg->engine, err, err_len);
	if (!r)
		r = get_u32(dtb, node, "dram-latency-cycles", 1, 100000, &cfg->latency, err, err_len);
	if (!r)
		r = get_u32(dtb, node, "dram-bytes-per-cycle", 1, 1024, &cfg->bytes_per_cycle, err, err_len);
	if (!r)
		r = get_u32(dtb, node, "dram-jitter-cycles", 0, 100000, &cfg->jitter, err, err_len);
	if (!r)
		r = get_u32(dtb, node, "dram-stall-percent", 0, 90, &cfg->stall, err, err_len);
	if (!r)
		r = get_u32(dtb, node, "random-seed", 0, UINT32_MAX, &cfg->seed, err, err_len);
	return r;
}
