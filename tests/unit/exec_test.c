// SPDX-License-Identifier: MIT
/*
 * The executor's order: the CPU works while the device does, on a branch beside it and on other batches, and nothing of that
 * is to be seen in the results. What is done in which order is told by struct plan_watch, so that no test depends on time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../driver/shim/lxa_shim.h"
#include "../../sim/lxa_sim.h"
#include "layer_util.h"
#include "plan.h"
#include "plan_util.h"

#define MAX_DID 4096
#define ROUNDS 25


struct log {
	int n;
	struct { enum plan_did what; int index; int64_t first; } did[MAX_DID];
};

static void note(void *ctx, enum plan_did what, int index, int64_t first)
{
	struct log *l = ctx;

	assert_true(l->n < MAX_DID);
	l->did[l->n].what = what;
	l->did[l->n].index = index;
	l->did[l->n++].first = first;
}

/* Where it happened to the batch that begins with this image; -1: it did not. index -1: whichever. */
static int when(const struct log *l, enum plan_did what, int index, int64_t first)
{
	int i;

	for (i = 0; i < l->n; i++)
		if (l->did[i].what == what && l->did[i].first == first && (index < 0 || l->did[i].index == index))
			return i;
	return -1;
}

static void same(const struct net *n, const struct lxa_tensor *a, const struct lxa_tensor *b, int64_t images)
{
	int k;

	for (k = 0; k < n->outputs; k++) {
		int64_t each = lxa_tensor_count(&b[k]) / b[k].dims[0];

		assert_int_equal(lxa_tensor_count(&a[k]), lxa_tensor_count(&b[k]));
		if (memcmp(a[k].data, b[k].data, (size_t)(each * images) * sizeof(float)))
			fail_msg("%s: output %d is another than one at a time", n->path, k);
	}
}

static void free_all(const struct net *n, struct lxa_tensor *t)
{
	int k;

	for (k = 0; k < n->outputs; k++)
		lxa_tensor_free(&t[k]);
}

/* All of it on the device but the first quantizer. */
static void two_layers(struct net *n)
{
	net_begin(n, 6, 5, 5);
	net_bipolar(n, 1);
	net_conv(n, NET_BIPOLAR, 20, 3, 1, 1, 1, 0);
	net_bn(n, 0);
	net_bipolar(n, 1);
	net_conv(n, NET_BIPOLAR, 7, 3, 1, 0, 1, 0);
	net_end(n);
}

static void test_batches_overlap(void **state)
{
	struct lxa_tensor in, one[NET_OUTPUTS], got[NET_OUTPUTS];
	static struct log l;
	struct planned r;
	struct net n;
	int check;

	for (check = 0; check < 2; check++) {
		two_layers(&n);
		random_input(&in, 9, 6, 5, 5, -1, 1);
		net_plan(&n, net_model, 2, &r);
		r.p->watch.serial = 1;
		net_run(&r, &in, one, check);
		l.n = 0;
		r.p->watch = (struct plan_watch){ .did = note, .ctx = &l };
		net_run(&r, &in, got, check);
		assert_int_equal(r.res.mismatches, 0);
		assert_true(!check == !r.res.compared);
		same(&n, got, one, 9);
		/* each batch is with the device before the results of the one before it are looked at, and after those before */
		for (int64_t first = 2; first < 9; first += 2) {
			assert_true(when(&l, PLAN_DID_SUBMIT, 0, first) >= 0);
			assert_true(when(&l, PLAN_DID_SUBMIT, 0, first) < when(&l, PLAN_DID_DECODE, 1, first - 2));
			assert_true(when(&l, PLAN_DID_SUBMIT, 1, first - 2) < when(&l, PLAN_DID_ENCODE, 0, first));
			assert_true(when(&l, PLAN_DID_STORE, 0, first - 2) < when(&l, PLAN_DID_STORE, 0, first));
			if (first >= 4)
				assert_true(when(&l, PLAN_DID_STORE, 0, first - 4) < when(&l, PLAN_DID_ENCODE, 0, first));
		}
		free_all(&n, one);
		free_all(&n, got);
		lxa_tensor_free(&in);
		planned_free(&r);
		unlink(n.path);
	}
}

/* One batch: a float branch of its own, which stands behind the device's results in the file, is done before these are read. */
static void test_branches_overlap(void **state)
{
	struct lxa_tensor in, one[NET_OUTPUTS], got[NET_OUTPUTS];
	static struct log l;
	struct planned r;
	struct net n;
	int i, beside = -1, behind = -1;

	net_begin(&n, 6, 5, 5);
	net_bipolar(&n, 1);
	net_conv(&n, NET_BIPOLAR, 9, 3, 1, 1, 1, 0);
	lxa_onnx_node(n.m, "behind", "", "Sigmoid", n.cur, "behind");
	strcpy(n.cur, "behind");
	net_output(&n);
	lxa_onnx_node(n.m, "beside", "", "Sigmoid", "x", "beside");
	strcpy(n.cur, "beside");
	n.channels = 6;
	net_end(&n);
	random_input(&in, 2, 6, 5, 5, -1, 1);
	net_plan(&n, net_model, 2, &r);
	for (i = 0; i < r.p->g->n_nodes; i++) {
		if (!strcmp(r.p->g->nodes[i].name, "beside"))
			beside = i;
		if (!strcmp(r.p->g->nodes[i].name, "behind"))
			behind = i;
	}
	assert_true(behind >= 0 && beside > behind);
	r.p->watch.serial = 1;
	net_run(&r, &in, one, 0);
	l.n = 0;
	r.p->watch = (struct plan_watch){ .did = note, .ctx = &l };
	net_run(&r, &in, got, 0);
	same(&n, got, one, 2);
	assert_true(when(&l, PLAN_DID_SUBMIT, 0, 0) >= 0);
	assert_true(when(&l, PLAN_DID_SUBMIT, 0, 0) < when(&l, PLAN_DID_NODE, beside, 0));
	assert_true(when(&l, PLAN_DID_NODE, beside, 0) < when(&l, PLAN_DID_DECODE, 0, 0));
	assert_true(when(&l, PLAN_DID_DECODE, 0, 0) < when(&l, PLAN_DID_NODE, behind, 0));
	free_all(&n, one);
	free_all(&n, got);
	lxa_tensor_free(&in);
	planned_free(&r);
	unlink(n.path);
}

struct stopper {
	int64_t at;
	uint64_t seen;
};

static int stop_at(void *ctx, uint64_t done, uint64_t total)
{
	struct stopper *s = ctx;

	assert_true(done >= s->seen && done <= total);
	s->seen = done;
	return (int64_t)done >= s->at;
}

/* A stop ends the batches that have begun and no others; what is reported done is there and right. */
static void test_stop(void **state)
{
	struct lxa_tensor in, one[NET_OUTPUTS], got[NET_OUTPUTS];
	struct lxa_run_result res;
	struct lxa_err err = { "" };
	struct planned r;
	struct net n;
	int64_t at;

	two_layers(&n);
	random_input(&in, 11, 6, 5, 5, -1, 1);
	net_plan(&n, net_model, 2, &r);
	net_run(&r, &in, one, 0);
	for (at = 0; at <= 4; at += 2) {
		struct stopper s = { .at = at };
		struct lxa_run_options opt = { .check = 1, .progress = stop_at, .ctx = &s };

		assert_int_equal(lxa_plan_run(r.p, &in, got, &opt, &res, &err), -EINTR);
		assert_true(res.images % 2 == 0 && (int64_t)res.images >= at && (int64_t)res.images <= at + 4);
		assert_int_equal(res.mismatches, 0);
		if (res.images)
			same(&n, got, one, (int64_t)res.images);
		free_all(&n, got);
	}
	free_all(&n, one);
	lxa_tensor_free(&in);
	planned_free(&r);
	unlink(n.path);
}

/* One run into a bus error some bursts from now, on a device of its own: the driver shuts out who causes many. */
static int one_fault(struct net *n, struct lxa_sim *sim, const struct lxa_tensor *in, const struct lxa_tensor *one, int i)
{
	const struct lxa_run_options opt = { .check = i % 2 };
	struct lxa_tensor got[NET_OUTPUTS];
	struct lxa_device *dev;
	struct lxa_err err = { "" };
	struct planned r;
	int k, v, ret;

	assert_int_equal(lxa_device_open("sim:model,nr=3", &dev, &err), 0);
	net_plan(n, dev, 2, &r);
	assert_int_equal(lxa_sim_fault(sim, i % 3 ? LXA_SIM_FAULT_READ_ERROR : LXA_SIM_FAULT_WRITE_ERROR,
				       i ? layer_test_rnd(60) : 0, 1), 0);
	ret = lxa_plan_run(r.p, in, got, &opt, NULL, &err);
	if (ret) {
		if (!strstr(err.text, "layer Conv") || !strstr(err.text, "sim:model"))
			fail_msg("the error names neither layer nor device: %s", err.text);
		for (k = 0; k < 2; k++)
			for (v = 0; v < r.p->g->n_values; v++)
				assert_true(!r.p->batches[k].v[v].t.data && !r.p->batches[k].v[v].busy);
	} else {
		same(n, got, one, 12);
		assert_int_equal(lxa_sim_fault(sim, LXA_SIM_FAULT_NONE, 0, 0), 0);
	}
	free_all(n, got);
	net_run(&r, in, got, 1);
	assert_int_equal(r.res.mismatches, 0);
	same(n, got, one, 12);
	free_all(n, got);
	planned_free(&r);
	lxa_device_close(dev);
	return ret != 0;
}

/* A fault anywhere in the pipeline: an error that names a layer and the device, nothing left behind, the next run is right. */
static void test_fault_under_way(void **state)
{
	int fd = lxa_open("sim:model,nr=3", O_RDWR | O_CLOEXEC), i, failed = 0;
	struct lxa_tensor in, one[NET_OUTPUTS];
	struct planned r;
	struct net n;

	if (fd < 0 || !lxa_shim_sim(fd))
		skip();
	two_layers(&n);
	random_input(&in, 12, 6, 5, 5, -1, 1);
	net_plan(&n, NULL, 2, &r);
	net_run(&r, &in, one, 0);
	planned_free(&r);
	for (i = 0; i < 12; i++)
		failed += one_fault(&n, lxa_shim_sim(fd), &in, one, i);
	assert_true(failed > 0);
	free_all(&n, one);
	lxa_tensor_free(&in);
	lxa_close(fd);
	unlink(n.path);
}

/* Device layers with float nodes before, between and behind them. */
static void mixed(struct net *n)
{
	int layers = 1 + (int)layer_test_rnd(3), i;

	net_begin(n, 1 + layer_test_rnd(9), 4 + layer_test_rnd(4), 4 + layer_test_rnd(4));
	if (layer_test_rnd(2))
		net_conv(n, NET_FLOAT, 1 + layer_test_rnd(12), 3, 1, 1, 1, 1);
	for (i = 0; i < layers; i++) {
		if (layer_test_rnd(4))
			net_bipolar(n, 1);
		else
			net_node(n, "Sign");
		net_conv(n, NET_BIPOLAR, 1 + layer_test_rnd(30), 3, 1, 1, 1, (int)layer_test_rnd(2));
		if (layer_test_rnd(2))
			net_output(n);
		if (layer_test_rnd(2))
			net_bn(n, 1);
		if (layer_test_rnd(3) == 0)
			net_node(n, "Sigmoid");
		else if (layer_test_rnd(2))
			net_node(n, "Relu");
		if (layer_test_rnd(3) == 0)
			net_conv(n, NET_FLOAT, 1 + layer_test_rnd(12), 1, 1, 0, 1, 0);
	}
	net_end(n);
}

static void test_random_graphs(void **state)
{
	struct lxa_tensor in, one[NET_OUTPUTS], got[NET_OUTPUTS];
	struct planned r;
	struct net n;
	int i, k;

	for (i = 0; i < ROUNDS; i++) {
		mixed(&n);
		net_plan(&n, net_model, 1 + layer_test_rnd(4), &r);
		random_input(&in, 1 + layer_test_rnd(11), r.p->g->values[r.p->g->in[0]].t.dims[1],
			     r.p->g->values[r.p->g->in[0]].t.dims[2], r.p->g->values[r.p->g->in[0]].t.dims[3], -1, 1);
		for (k = 0; k < lxa_tensor_count(&in); k++)
			if (!layer_test_rnd(200))
				((float *)in.data)[k] = 0;	/* batches that fall back to float among others that do not */
		r.p->watch.serial = 1;
		net_run(&r, &in, one, 1);
		assert_int_equal(r.res.mismatches, 0);
		r.p->watch.serial = 0;
		net_run(&r, &in, got, (int)layer_test_rnd(2));
		assert_int_equal(r.res.mismatches, 0);
		same(&n, got, one, in.dims[0]);
		free_all(&n, one);
		free_all(&n, got);
		lxa_tensor_free(&in);
		planned_free(&r);
		unlink(n.path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batches_overlap), cmocka_unit_test(test_branches_overlap), cmocka_unit_test(test_stop),
		cmocka_unit_test(test_fault_under_way), cmocka_unit_test(test_random_graphs),
	};

	layer_test_init();
	return cmocka_run_group_tests(tests, net_open_model, net_close_model);
}
