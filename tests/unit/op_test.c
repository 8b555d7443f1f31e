// SPDX-License-Identifier: MIT
/*
 * The device half of lxa.h without models: parameters, buffers, jobs, waiting, records, and random single layers on
 * both engines, which must give the codes that the CPU kernels give (kernel_test holds those against an oracle).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layer_util.h"

static struct lxa_device *open_or_skip(const char *path)
{
	struct lxa_err err = { "" };
	struct lxa_device *dev;

	if (lxa_device_open(path, &dev, &err)) {
		print_message("without %s: %s\n", path, err.text);
		skip();
	}
	return dev;
}

static void random_on(const char *path, int rounds)
{
	struct lxa_device *dev = open_or_skip(path);
	int i, ran = 0;

	for (i = 0; i < rounds; i++) {
		struct lxa_operation *op, *twin;
		struct lxa_err err = { "" };
		struct random_layer r;
		struct lxa_event ev;
		int32_t *out, *want;
		size_t n, k;

		random_layer(&r);
		if (lxa_op_create(NULL, &r.job, r.w, r.chan, &twin, &err)) {
			random_layer_free(&r);	/* over the bounds */
			continue;
		}
		if (lxa_op_create(dev, &r.job, r.w, r.chan, &op, &err))
			fail_msg("%s; %s", err.text, random_layer_text(&r));
		n = (size_t)r.batch * r.job.out_c * lxa_op_layout(op)->out_h * lxa_op_layout(op)->out_w;
		out = malloc(n * sizeof(*out));
		want = malloc(n * sizeof(*want));
		assert_int_equal(lxa_op_run(twin, r.batch, r.in, want, NULL, &err), 0);
		if (lxa_op_run(op, r.batch, r.in, out, &ev, &err))
			fail_msg("%s; %s", err.text, random_layer_text(&r));
		for (k = 0; k < n; k++)
			if (out[k] != want[k])
				fail_msg("%s, element %zu: %d, CPU kernel %d; %s", path, k, out[k], want[k],
					 random_layer_text(&r));
		assert_int_equal(ev.error, 0);
		assert_true(ev.cycles > 0 && ev.macs > 0);
		free(out);
		free(want);
		lxa_op_free(op);
		lxa_op_free(twin);
		random_layer_free(&r);
		ran++;
	}
	assert_true(ran > rounds / 2);
	lxa_device_close(dev);
}

static void test_random_model(void **state)
{
	random_on("sim:model", 60);
}

static void test_random_rtl(void **state)
{
	random_on("sim:rtl", 25);
}

static void test_device(void **state)
{
	struct lxa_device *dev = open_or_skip("sim:model");
	uint64_t v = 0, before[LXA_CNT_COUNT], after[LXA_CNT_COUNT];
	struct lxa_caps base;
	struct lxa_err err = { "" };

	assert_string_equal(lxa_device_path(dev), "sim:model");
	assert_string_equal(lxa_device_engine(dev), "model");
	lxa_caps_base(&base);	/* the tests' build is the base configuration */
	assert_memory_equal(lxa_device_caps(dev), &base, sizeof(base));
	assert_int_equal(lxa_device_param(dev, LXA_PARAM_ABI_VERSION, &v), 0);
	assert_int_equal(v, LXA_ABI_VERSION);
	assert_true(lxa_device_param(dev, 0x7fff, &v) < 0);
	assert_int_equal(lxa_device_counters(dev, before), 0);
	assert_int_equal(lxa_device_counters(dev, after), 0);
	assert_true(after[LXA_CNT_CYCLES] >= before[LXA_CNT_CYCLES]);
	lxa_device_close(dev);
	assert_true(lxa_device_open("sim:nonsense", &dev, &err) < 0);
	assert_null(dev);
	assert_non_null(strstr(err.text, "sim:nonsense"));
}

static void test_default_path(void **state)
{
	struct lxa_device *dev;
	struct lxa_err err = { "" };

	setenv("LXA_DEVICE", "sim:model", 1);
	if (lxa_device_open(NULL, &dev, &err))
		fail_msg("%s", err.text);
	assert_string_equal(lxa_device_path(dev), "sim:model");
	lxa_device_close(dev);
	unsetenv("LXA_DEVICE");
}

static void test_buffers(void **state)
{
	struct lxa_device *dev = open_or_skip("sim:model");
	struct lxa_err err = { "" };
	struct lxa_bo *bo;
	uint64_t i;

	assert_int_equal(lxa_bo_create(dev, 5000, &bo, &err), 0);
	assert_int_equal(lxa_bo_bytes(bo), 8192);
	for (i = 0; i < 8192; i++)
		assert_int_equal(((uint8_t *)lxa_bo_map(bo))[i], 0);
	assert_int_equal(lxa_bo_prep(bo, LXA_PREP_WRITE, 1000), 0);
	assert_int_equal(lxa_bo_fini(bo), 0);
	lxa_bo_free(bo);
	assert_int_equal(lxa_bo_create(dev, 0, &bo, &err), -EINVAL);
	assert_null(bo);
	lxa_bo_free(NULL);
	lxa_device_close(dev);
}

/* Two layers in one submission: the second reads what the first writes. Then a job that is refused by name. */
static void test_jobs(void **state)
{
	struct lxa_device *dev = open_or_skip("sim:model");
	struct lxa_job shape = { .in_h = 1, .in_w = 4, .in_c = 1, .out_c = 1, .groups = 1, .kh = 1, .kw = 1, .sy = 1,
				.sx = 1,
				 .dy = 1, .dx = 1, .pool_h = 1, .pool_w = 1, .pool_sy = 1, .pool_sx = 1,
				 .act_fmt = LXA_FMT_LOG4, .wgt_fmt = LXA_WFMT_LOG, .kind = LXA_KIND_LOG,
				 .out_fmt = LXA_OFMT_N4, .log_max = 15, .log_off = 1 };
	struct lxa_channel chan = { .mult = 1 };
	int8_t w = 3;			/* code 3: times 4, so two codes up */
	struct lxa_operation *op;
	struct lxa_err err = { "" };
	struct lxa_event ev[4];
	struct lxa_job jobs[2];
	const struct lxa_layout *y;
	int32_t in[4] = { 0, 1, 5, 14 }, out[4];
	struct lxa_bo *bo;
	uint64_t seqno = 0;
	int job_error = 1, i;

	assert_int_equal(lxa_op_create(dev, &shape, &w, &chan, &op, &err), 0);
	y = lxa_op_layout(op);
	assert_int_equal(lxa_bo_create(dev, 3 * 4096, &bo, &err), 0);
	lxa_pack_input(lxa_device_caps(dev), lxa_op_job(op), 1, in, lxa_bo_map(bo));
	for (i = 0; i < 2; i++) {
		jobs[i] = *lxa_op_job(op);
		jobs[i].act.handle = jobs[i].out.handle = lxa_bo_handle(bo);
		jobs[i].act.offset = (uint64_t)i * 4096;
		jobs[i].out.offset = (uint64_t)(i + 1) * 4096;
		jobs[i].user = 70 + (uint64_t)i;
	}
	assert_true(y->out_bytes <= 4096);
	assert_int_equal(lxa_job_submit(dev, jobs, 2, &seqno, &err), 0);
	assert_int_equal(lxa_job_wait(dev, seqno, 10000, &job_error), 0);
	assert_int_equal(job_error, 0);
	assert_int_equal(lxa_event_read(dev, ev, 4), 2);
	assert_int_equal(ev[0].user, 70);
	assert_int_equal(ev[1].user, 71);
	assert_int_equal(ev[1].seqno, seqno);
	assert_int_equal(ev[1].macs, 4);
	assert_int_equal(lxa_event_read(dev, ev, 4), 0);
	lxa_unpack_output(lxa_device_caps(dev), lxa_op_job(op), 1, (uint8_t *)lxa_bo_map(bo) + 8192, out);
	assert_int_equal(out[0], 0);
	assert_int_equal(out[1], 5);
	assert_int_equal(out[2], 9);
	assert_int_equal(out[3], 15);		/* saturates */

	assert_int_equal(lxa_job_wait(dev, seqno + 5, 20, &job_error) < 0, 1);	/* no such job yet */
	jobs[1].out.offset = 0x10000;
	assert_int_equal(lxa_job_submit(dev, jobs, 2, &seqno, &err), -EINVAL);
	assert_non_null(strstr(err.text, "job 1 of 2"));
	assert_non_null(strstr(err.text, lxa_reject_name(LXA_REJECT_OUT_EXTENT)));
	lxa_bo_free(bo);
	lxa_op_free(op);
	lxa_device_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_default_path),
		cmocka_unit_test(test_buffers),
		cmocka_unit_test(test_jobs),
		cmocka_unit_test(test_random_model),
		cmocka_unit_test(test_random_rtl),
	};

	layer_test_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
