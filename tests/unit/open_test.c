// SPDX-License-Identifier: MIT
/*
 * The options of a simulated device's path: dtb=FILE, log=FILE, module parameters, and what is wrong with bad ones.
 * LXA_DEVICE says the engine. Plain system calls but for opening (the preload library is linked in).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>

#include <libfdt.h>

#include "lxa_conv.h"
#include "lxa_shim.h"

#define LONG_WAIT (now_ns() + 30 * SECOND)

static char dir[] = "/tmp/lxa-open-XXXXXX";
static const char *engine;

static const char *file_name(const char *name)
{
	static char path[2][64];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static void write_file(const char *name, const void *data, size_t len)
{
	FILE *f = fopen(file_name(name), "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* A tree whose node lies deeper and is one of several; which engine it wants is for the path to overrule. */
static void write_tree(const char *name, uint32_t latency)
{
	char tree[2048];
	int soc, node;

	assert_int_equal(fdt_create_empty_tree(tree, sizeof(tree)), 0);
	soc = fdt_add_subnode(tree, 0, "soc");
	node = fdt_add_subnode(tree, soc, "lxa");
	assert_true(node > 0);
	assert_int_equal(fdt_setprop_string(tree, node, "compatible", "lxa,lxa-1"), 0);
	assert_int_equal(fdt_setprop_u32(tree, node, "dram-latency-cycles", latency), 0);
	assert_int_equal(fdt_setprop_string(tree, node, "engine", strcmp(engine, "sim:rtl") ? "rtl" : "model"), 0);
	assert_true(fdt_add_subnode(tree, soc, "other") > 0);
	assert_int_equal(fdt_pack(tree), 0);
	write_file(name, tree, fdt_totalsize(tree));
}

static int open_with(const char *options)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s", engine, options);
	return lxa_open(path, O_RDWR | O_CLOEXEC);
}

/* One job, checked; its cycles. The engine must be the path's. */
static uint64_t cycles_with(const char *options)
{
	int fd = open_with(options);
	struct lxa_submit s;
	struct lxa_event e;
	struct conv v;
	uint64_t platform;
	int32_t error;

	if (fd < 0)
		fail_msg("%s%s: %s", engine, options, lxa_open_error());
	assert_string_equal(lxa_open_error(), "");
	assert_int_equal(get_param(fd, LXA_PARAM_PLATFORM, &platform), 0);
	assert_int_equal(platform, strcmp(engine, "sim:rtl") ? LXA_PLATFORM_MODEL : LXA_PLATFORM_RTL);
	assert_int_equal(conv_init(&v, fd, 6, 7, 1), 0);
	assert_int_equal(submit(fd, ctx_create(fd), &v.job, 1, &s), 0);
	assert_int_equal(wait_for(fd, 1, s.seqno, LONG_WAIT, &error), 0);
	assert_int_equal(error, 0);
	assert_int_equal(conv_check(&v), -1);
	assert_int_equal(read(fd, &e, sizeof(e)), sizeof(e));
	conv_done(&v, fd);
	assert_int_equal(close(fd), 0);
	return e.cycles;
}

static void device_tree(void **state)
{
	char options[128];
	uint64_t plain = cycles_with(""), slow;

	write_tree("slow.dtb", 3000);
	snprintf(options, sizeof(options), ",dtb=%s", file_name("slow.dtb"));
	slow = cycles_with(options);
	assert_true(slow > plain + 2000);	/* one answer waited for, at the least */
	assert_true(cycles_with("") < plain + 1000);	/* the first device is still as it was */
	assert_int_equal(lxa_shim_exit(), 0);
}

static void command_log(void **state)
{
	char options[128], line[256];
	unsigned int lines = 0;
	FILE *f;

	snprintf(options, sizeof(options), ",log=%s", file_name("log"));
	cycles_with(options);
	assert_int_equal(lxa_shim_exit(), 0);
	f = fopen(file_name("log"), "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		char *end;

		if (line[0] == '#')
			continue;
		strtoull(line, &end, 10);
		assert_true(end != line && *end == ' ');	/* the cycle first */
		lines++;
	}
	fclose(f);
	assert_true(lines > 20);		/* identification alone reads a dozen registers */
}

static void parameters(void **state)
{
	uint64_t v;
	int fd = open_with(",timeout_ms=1234,bo_mb=7");

	assert_true(fd >= 0);
	assert_int_equal(get_param(fd, LXA_PARAM_TIMEOUT_MS, &v), 0);
	assert_int_equal(v, 1234);
	assert_int_equal(get_param(fd, LXA_PARAM_BO_BYTES_MAX, &v), 0);
	assert_int_equal(v, 7 << 20);
	assert_int_equal(bo_create(fd, (7 << 20) + 1).handle, 0);
	assert_int_equal(errno, ENOSPC);
	assert_int_not_equal(bo_create(fd, 7 << 20).handle, 0);
	close(fd);
	lxa_shim_param_set("timeout_ms", 10000);
	lxa_shim_param_set("bo_mb", 1024);
	assert_int_equal(lxa_shim_exit(), 0);
}

static void refused(int err, const char *options, const char *word)
{
	int fd = open_with(options);

	if (fd != -err || !strstr(lxa_open_error(), word))
		fail_msg("%s: %d instead of %d, says: %s", options, fd, -err, lxa_open_error());
}

static void bad_options(void **state)
{
	char options[128];

	refused(EINVAL, ",nonsense=1", "nonsense");
	refused(EINVAL, ",timeout_ms=x", "not a number");
	refused(EINVAL, ",timeout_ms=-1", "out of range");
	refused(EINVAL, ",timeout_ms", "no value");
	refused(ENOENT, ",dtb=/nonexistent/x.dtb", "/nonexistent/x.dtb");
	refused(ENOENT, ",log=/nonexistent/x.log", "/nonexistent/x.log");
	write_file("garbage.dtb", "this is no flattened device tree at all, however long", 50);
	snprintf(options, sizeof(options), ",dtb=%s", file_name("garbage.dtb"));
	refused(EINVAL, options, "no flattened device tree");
	write_file("empty.dtb", "", 0);
	snprintf(options, sizeof(options), ",dtb=%s", file_name("empty.dtb"));
	refused(EIO, options, "cannot be read");
	write_tree("bad.dtb", 0);
	snprintf(options, sizeof(options), ",dtb=%s", file_name("bad.dtb"));
	refused(EINVAL, options, "dram-latency-cycles");
	assert_int_equal(lxa_open("sim:other", O_RDWR), -ENOENT);
	assert_int_equal(lxa_open("sim:", O_RDWR), -ENOENT);
	assert_int_equal(lxa_shim_exit(), 0);	/* nothing half-made is left */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_tree), cmocka_unit_test(command_log), cmocka_unit_test(parameters),
		cmocka_unit_test(bad_options),
	};
	char command[64];
	int ret;

	engine = getenv("LXA_DEVICE") ? getenv("LXA_DEVICE") : "sim:model";
	setenv("LXA_SHIM_STRICT", "1", 1);
	if (!mkdtemp(dir))
		return 1;
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) ? 1 : ret;
}
