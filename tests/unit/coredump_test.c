// SPDX-License-Identifier: MIT
/*
 * The device coredump: made by the driver on a hang and on an error, read by the reader of `lxa coredump`, and refused by it
 * when cut short at any length or with any bit turned. Random damage with the checksums made right must not crash it
 * (this program has the address sanitizer where the build has it). LXA_SEED repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <zlib.h>

#include "../../userspace/cli/dump.h"
#include "lxa_conv.h"
#include "lxa_shim.h"
#include "lxa_sim.h"
#include "../../driver/lxa_regs.h"

#define USER 0xc0ffee1234ull

static char folder[] = "/tmp/lxa-coredump-XXXXXX";

/* ---- making one --------------------------------------------------------------------------------------------------- */

static uint8_t *read_file(const char *path, size_t *len)
{
	uint8_t *data = malloc(1 << 20);
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	*len = fread(data, 1, 1 << 20, f);
	fclose(f);
	return data;
}

/* The one whole file in the folder, which is emptied. */
static uint8_t *take_dump(size_t *len)
{
	uint8_t *data = NULL;
	DIR *dir = opendir(folder);
	struct dirent *e;
	char path[512];

	assert_non_null(dir);
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		assert_null(data);
		assert_non_null(strstr(e->d_name, ".core"));
		assert_null(strstr(e->d_name, ".tmp"));
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		data = read_file(path, len);
		assert_int_equal(unlink(path), 0);
	}
	closedir(dir);
	return data;
}

/* Two jobs in two contexts, the first of which meets the fault. */
static uint8_t *make_dump(enum lxa_sim_fault kind, int32_t want, size_t *len)
{
	int fd = open(NODE, O_RDWR | O_CLOEXEC);
	uint32_t a = ctx_create(fd), b = ctx_create(fd);
	struct lxa_submit s;
	struct conv v;
	int32_t error;

	assert_true(fd >= 0 && a && b);
	assert_int_equal(conv_init(&v, fd, 6, 7, 1), 0);
	v.job.user = USER;
	lxa_sim_stop(lxa_shim_sim(fd));
	assert_int_equal(lxa_sim_fault(lxa_shim_sim(fd), kind, 0, 1), 0);
	assert_int_equal(submit(fd, a, &v.job, 1, &s), 0);
	lxa_sim_start(lxa_shim_sim(fd));
	assert_int_equal(wait_for(fd, a, 1, now_ns() + 30 * SECOND, &error), 0);
	assert_int_equal(error, want);
	/* and the innocent one, to see that all went on */
	assert_int_equal(submit(fd, b, &v.job, 1, &s), 0);
	assert_int_equal(wait_for(fd, b, 1, now_ns() + 30 * SECOND, &error), 0);
	assert_int_equal(error, 0);
	conv_done(&v, fd);
	close(fd);
	assert_int_equal(lxa_shim_exit(), 0);
	return take_dump(len);
}

static char *print(const struct dump *d)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	dump_print(f, d);
	fclose(f);
	return text;
}

static void read_good(const uint8_t *data, size_t len, struct dump *d)
{
	char err[256] = "";

	if (dump_read(data, len, d, err, sizeof(err)))
		fail_msg("refused: %s", err);
}

static void assert_says(const struct dump *d, const char *what)
{
	char *text = print(d);

	if (!strstr(text, what))
		fail_msg("no \"%s\" in:\n%s", what, text);
	free(text);
}

/* ---- round trip ----------------------------------------------------------------------------------------------------- */

static void hang(void **state)
{
	size_t len;
	uint8_t *data = make_dump(LXA_SIM_FAULT_HANG, -ETIMEDOUT, &len);
	struct lxa_dump_job job;
	struct dump d;

	assert_non_null(data);
	read_good(data, len, &d);
	assert_int_equal(d.event.cause, LXA_DUMP_HANG);
	assert_int_equal(d.event.error, -ETIMEDOUT);
	assert_int_equal(d.event.timeout_ms, 60);
	assert_true(d.event.still_ns >= 60000000);
	assert_int_equal(d.event.resets, 0);
	assert_int_equal(d.jobs.count, 1);
	job = dump_job(&d, 0);
	assert_true(d.event.guilty_known && job.seq == d.event.guilty_seq);
	assert_int_equal(job.flags, LXA_DUMP_JOB_GUILTY);
	assert_int_equal(job.user, USER);
	assert_int_equal(job.seqno, 1);
	assert_int_equal(job.file, 1);
	assert_int_equal(d.descs.count, 16);
	assert_int_equal(d.cpls.count, 16);
	assert_int_equal(dump_reg(&d, 0).value >> 16, LXA_MAGIC);
	assert_says(&d, "hang: no progress for 0.0");
	assert_says(&d, "user 0xc0ffee1234: ends with ETIMEDOUT");
	assert_says(&d, "OP=CONV IRQ=1");
	assert_says(&d, "IN_H=6 IN_W=7");
	assert_says(&d, "CLAMP_LO=-2147483648");
	assert_says(&d, "guilty\n");
	assert_says(&d, "RING_TAIL      00000001");
	free(data);
}

static void bus_error(void **state)
{
	size_t len;
	uint8_t *data = make_dump(LXA_SIM_FAULT_WRITE_ERROR, -EIO, &len);
	struct dump d;

	assert_non_null(data);
	read_good(data, len, &d);
	assert_int_equal(d.event.cause, LXA_DUMP_ERROR);
	assert_says(&d, "WR_ERROR, stream OUT");
	assert_says(&d, "byte 0 of OUT of seq");
	free(data);
}

/* ---- damage ---------------------------------------------------------------------------------------------------------- */

static uint8_t *dump;
static size_t dump_len;

static int setup_dump(void **state)
{
	dump = make_dump(LXA_SIM_FAULT_HANG, -ETIMEDOUT, &dump_len);
	return !dump;
}

static int free_dump(void **state)
{
	free(dump);
	return 0;
}

/* A copy of exactly that length, so that a sanitizer sees each byte too far. */
static int try_read(const uint8_t *data, size_t len, char *err, size_t err_len)
{
	uint8_t *copy = malloc(len ? len : 1);
	FILE *null = fopen("/dev/null", "w");
	struct dump d;
	int ret;

	memcpy(copy, data, len);
	err[0] = 0;
	ret = dump_read(copy, len, &d, err, err_len);
	if (!ret)
		dump_print(null, &d);
	fclose(null);
	free(copy);
	return ret;
}

static void cut_short(void **state)
{
	char err[256];

	for (size_t n = 0; n < dump_len; n++) {
		assert_int_equal(try_read(dump, n, err, sizeof(err)), -1);
		assert_non_null(strstr(err, n < sizeof(struct lxa_dump_head) ? "ends at byte" : "cut short"));
	}
}

static void too_long(void **state)
{
	uint8_t *longer = calloc(1, dump_len + 8);
	char err[256];

	memcpy(longer, dump, dump_len);
	assert_int_equal(try_read(longer, dump_len + 8, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "too long"));
	free(longer);
}

/* Every bit of every byte is under a checksum, and the message names bytes around it. */
static void every_bit(void **state)
{
	char err[256];
	struct dump d;

	for (size_t i = 0; i < dump_len; i++)
		for (int bit = 0; bit < 8; bit++) {
			dump[i] ^= (uint8_t)(1 << bit);
			if (!dump_read(dump, dump_len, &d, err, sizeof(err)))
				fail_msg("byte %zu bit %d: accepted", i, bit);
			if (!strstr(err, "byte"))
				fail_msg("byte %zu bit %d: no place in \"%s\"", i, bit, err);
			dump[i] ^= (uint8_t)(1 << bit);
		}
	read_good(dump, dump_len, &d);
}

static void seal(uint8_t *data, size_t len)
{
	struct lxa_dump_head h;
	struct lxa_dump_section s, next;
	size_t i, at;

	memcpy(&h, data, sizeof(h));
	if (h.head_bytes != sizeof(h) || h.section_bytes != sizeof(s) || h.sections > 6)
		return;
	for (i = 0; i < h.sections; i++) {
		uint64_t end = len;

		at = sizeof(h) + i * sizeof(s);
		memcpy(&s, data + at, sizeof(s));
		memcpy(&next, data + at + (i + 1 < h.sections ? sizeof(s) : 0), sizeof(s));
		if (i + 1 < h.sections)
			end = next.offset;
		if (end > len || s.offset > end)
			continue;
		s.crc = (uint32_t)crc32(0, data + s.offset, (uInt)(end - s.offset));
		memcpy(data + at, &s, sizeof(s));
	}
	h.crc = 0;
	memcpy(data, &h, sizeof(h));
	h.crc = (uint32_t)crc32(0, data, (uInt)(sizeof(h) + h.sections * sizeof(s)));
	memcpy(data, &h, sizeof(h));
}

static void damage_with_right_checksums(void **state)
{
	const char *env = getenv("LXA_SEED");
	uint32_t seed = env ? (uint32_t)strtoul(env, NULL, 0) : (uint32_t)now_ns();
	uint8_t *data = malloc(dump_len);
	int accepted = 0;
	char err[256];

	printf("LXA_SEED=%u\n", seed);
	for (int i = 0; i < 20000; i++) {
		memcpy(data, dump, dump_len);
		for (uint32_t n = 1 + conv_random(&seed) % 4; n; n--) {
			size_t span = conv_random(&seed) % 4 ? 600 : dump_len;
			size_t at = conv_random(&seed) % span;

			data[at] = conv_random(&seed) % 2 ? (uint8_t)conv_random(&seed) : data[at] ^ (uint8_t)(1 << conv_random(&seed) % 8);
		}
		seal(data, dump_len);
		if (!try_read(data, dump_len, err, sizeof(err)))
			accepted++;
		else
			assert_true(err[0]);
	}
	assert_true(accepted > 100);	/* damage of the data itself is not this reader's to see */
	free(data);
}

/* A later driver: a section of a type that is not known here, and longer elements. */
static void newer_driver(void **state)
{
	struct lxa_dump_section s;
	uint8_t *data = malloc(dump_len);
	size_t at = sizeof(struct lxa_dump_head) + 3 * sizeof(s);
	struct dump d;

	memcpy(data, dump, dump_len);
	memcpy(&s, data + at, sizeof(s));
	assert_int_equal(s.type, LXA_DUMP_JOBS);
	s.item_bytes += 8;
	s.bytes += 8;			/* there is room: the driver keeps place for a full ring */
	memcpy(data + at, &s, sizeof(s));
	at += sizeof(s);
	memcpy(&s, data + at, sizeof(s));
	s.type = 99;
	memcpy(data + at, &s, sizeof(s));
	seal(data, dump_len);
	read_good(data, dump_len, &d);
	assert_int_equal(d.jobs.count, 1);
	assert_int_equal(dump_job(&d, 0).user, USER);
	assert_null(d.descs.data);
	free(print(&d));
	free(data);
}

static int setup(void **state)
{
	lxa_shim_param_set("timeout_ms", 60);
	return 0;
}

static int make_folder(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	return setenv("LXA_COREDUMP", folder, 1);
}

static int remove_folder(void **state)
{
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(hang, setup), cmocka_unit_test_setup(bus_error, setup),
#define DAMAGE(name) cmocka_unit_test_setup_teardown(name, setup_dump, free_dump)
		DAMAGE(cut_short), DAMAGE(too_long), DAMAGE(every_bit), DAMAGE(damage_with_right_checksums), DAMAGE(newer_driver),
	};

	setenv("LXA_SHIM_STRICT", "1", 1);
	setenv("LXA_SHIM_LOG", "3", 0);		/* resets are what this is about */
	setenv("LXA_DEVICE", "sim:model", 0);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
