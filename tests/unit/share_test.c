// SPDX-License-Identifier: MIT
/*
 * What lxa.h says of threads: plans of one model, operations, buffers and questions share one device at the same time, all in one
 * profile that is written meanwhile. Results are those of a thread alone, and no record of a job is lost or taken by another.
 * Run as it is, and under TSan (tests/kselftest/test-tsan.sh). LXA_TEST_DEVICE: the device, sim:model without it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lxa.h"

#define MODEL "userspace/models/digits-lxa.onnx"
#define IMAGES 13
#define BATCH 4
#define ROUNDS 3
#define SIDE 12
#define N_PLANS 3
#define N_OPS 2

static struct lxa_device *dev;
static struct lxa_model *model;
static struct lxa_profile *profile;
static int quit;			/* atomic */

struct task {
	pthread_t thread;
	int (*run)(struct task *t);
	const char *name;
	const char *fault;		/* what was wrong, NULL: nothing */
	struct lxa_err err;
	int number;
	float out[IMAGES][10];
	int on_cpu;
};

#define EXPECT(cond)						\
	do {							\
		if (!(cond)) {					\
			t->fault = #cond;			\
			goto out;				\
		}						\
	} while (0)

/* A plan of its own; the figures are those of its own jobs. */
static int run_plan(struct task *t)
{
	struct lxa_run_options opt = { .check = 1 };
	struct lxa_tensor in = { .dtype = LXA_F32, .ndim = 4, .dims = { IMAGES, 1, 8, 8 } }, out = { .data = NULL };
	const int batches = (IMAGES + BATCH - 1) / BATCH;
	uint64_t cycles = 0, jobs = 0;
	struct lxa_run_result res;
	struct lxa_layer_report rep;
	struct lxa_plan *plan = NULL;
	int i, round;

	EXPECT(!lxa_tensor_alloc(&in));
	for (i = 0; i < IMAGES * 64; i++)
		((float *)in.data)[i] = (float)(i * 5 % 17);
	EXPECT(!lxa_plan_create(model, t->on_cpu ? NULL : dev, BATCH, &plan, &t->err));
	for (round = 0; round < ROUNDS; round++) {
		EXPECT(!lxa_plan_run(plan, &in, &out, &opt, &res, &t->err));
		EXPECT(res.images == IMAGES && !res.mismatches);
		EXPECT(t->on_cpu || (res.compared > 0 && res.cycles > 0));
		EXPECT(lxa_tensor_count(&out) == IMAGES * 10);
		EXPECT(!round || !memcmp(t->out, out.data, sizeof(t->out)));
		memcpy(t->out, out.data, sizeof(t->out));
		lxa_tensor_free(&out);
		cycles += res.cycles;
	}
	for (i = 0; i < lxa_plan_entries(plan); i++) {
		lxa_plan_report(plan, i, &rep);
		EXPECT(!lxa_plan_entry(plan, i)->head || t->on_cpu || rep.jobs == (uint64_t)(ROUNDS * batches));
		jobs += rep.jobs;
		cycles -= rep.cycles;
	}
	EXPECT(!cycles);
	EXPECT(t->on_cpu || jobs == (uint64_t)(4 * ROUNDS * batches));
out:
	lxa_tensor_free(&in);
	lxa_tensor_free(&out);
	lxa_plan_free(plan);
	return t->fault != NULL;
}

/* Operations on the shared device: a box filter, whose sums are worked out here. Each run has its record. */
static int run_op(struct task *t)
{
	const struct lxa_job shape = {
		.in_h = SIDE, .in_w = SIDE, .in_c = 1, .out_c = 1, .groups = 1, .kh = 3, .kw = 3, .sy = 1, .sx = 1, .dy = 1, .dx = 1,
		.pool_h = 1, .pool_w = 1, .pool_sy = 1, .pool_sx = 1, .act_fmt = LXA_FMT_U8, .wgt_fmt = LXA_WFMT_LOG,
		.kind = LXA_KIND_INT32, .out_fmt = LXA_OFMT_W32, .clamp_lo = INT32_MIN, .clamp_hi = INT32_MAX,
	};
	const struct lxa_channel chan = { .mult = 1 };
	static const int8_t ones[9] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 };	/* log code 1: the weight 1 */
	int32_t in[SIDE * SIDE], out[(SIDE - 2) * (SIDE - 2)], want;
	struct lxa_operation *op = NULL;
	struct lxa_event ev;
	int i, y, x, k;

	EXPECT(!lxa_op_create(dev, &shape, ones, &chan, &op, &t->err));
	for (i = 0; i < 12; i++) {
		for (k = 0; k < SIDE * SIDE; k++)
			in[k] = (k * 31 + i * 7 + t->number * 113) & 255;
		EXPECT(!lxa_op_run(op, 1, in, out, &ev, &t->err));
		EXPECT(ev.macs > 0 && ev.cycles > 0 && !ev.error);
		for (y = 0; y < SIDE - 2; y++)
			for (x = 0; x < SIDE - 2; x++) {
				for (want = 0, k = 0; k < 9; k++)
					want += in[(y + k / 3) * SIDE + x + k % 3];
				EXPECT(out[y * (SIDE - 2) + x] == want);
			}
	}
out:
	lxa_op_free(op);
	return t->fault != NULL;
}

/* Buffers, parameters and counters, until the others are done. */
static int run_ask(struct task *t)
{
	uint64_t counters[LXA_CNT_COUNT], v;
	struct lxa_bo *bo = NULL;
	struct lxa_tensor file;

	do {
		lxa_profile_begin("ask");
		EXPECT(!lxa_device_param(dev, LXA_PARAM_MAX_JOBS, &v) && v > 0);
		EXPECT(!lxa_device_counters(dev, counters));
		EXPECT(lxa_device_caps(dev)->word_bytes && lxa_device_fd(dev) >= 0 && *lxa_device_path(dev));
		EXPECT(!lxa_bo_create(dev, 5000, &bo, &t->err));
		EXPECT(!lxa_bo_prep(bo, LXA_PREP_WRITE, 1000));
		memset(lxa_bo_map(bo), t->number, lxa_bo_bytes(bo));
		EXPECT(!lxa_bo_fini(bo));
		lxa_bo_free(bo);
		bo = NULL;
		EXPECT(lxa_tensor_read("/nonexistent.npy", &file, &t->err) < 0 && strstr(t->err.text, "/nonexistent.npy"));
		lxa_profile_end();
	} while (!__atomic_load_n(&quit, __ATOMIC_ACQUIRE));
out:
	lxa_bo_free(bo);
	return t->fault != NULL;
}

static void *thread(void *arg)
{
	struct task *t = arg;
	char name[32];

	snprintf(name, sizeof(name), "%s %d", t->name, t->number);
	if (lxa_profile_attach(profile, name, &t->err))
		t->fault = "attach";
	else
		t->run(t);
	return NULL;
}

static void test_share(void **state)
{
	static struct task tasks[N_PLANS + 1 + N_OPS + 1];
	const char *path = getenv("LXA_TEST_DEVICE");
	const int n = sizeof(tasks) / sizeof(tasks[0]);
	struct lxa_err err = { "" };
	char trace[64];
	int i;

	if (lxa_device_open(path ? path : "sim:model", &dev, &err) || lxa_model_load(MODEL, &model, &err) ||
	    lxa_profile_create(&profile, &err))
		fail_msg("%s", err.text);
	for (i = 0; i < n; i++) {
		struct task *t = &tasks[i];

		t->number = i;
		t->on_cpu = i == N_PLANS;
		t->run = i <= N_PLANS ? run_plan : i + 1 < n ? run_op : run_ask;
		t->name = i <= N_PLANS ? "plan" : i + 1 < n ? "operation" : "questions";
		assert_int_equal(pthread_create(&t->thread, NULL, thread, t), 0);
	}
	snprintf(trace, sizeof(trace), "/tmp/lxa-share-%d.json", (int)getpid());
	for (i = 0; i < n; i++) {
		if (lxa_profile_write(profile, trace, &err))
			fail_msg("%s", err.text);
		if (i + 1 == n)
			__atomic_store_n(&quit, 1, __ATOMIC_RELEASE);
		pthread_join(tasks[i].thread, NULL);
	}
	unlink(trace);
	for (i = 0; i < n; i++) {
		if (tasks[i].fault)
			fail_msg("%s %d: not %s; %s", tasks[i].name, i, tasks[i].fault, tasks[i].err.text);
		if (i <= N_PLANS)
			assert_memory_equal(tasks[i].out, tasks[0].out, sizeof(tasks[0].out));
	}
	lxa_profile_free(profile);
	lxa_model_free(model);
	lxa_device_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_share) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
