// SPDX-License-Identifier: MIT
/*
 * Random small networks through the planner: run by the CPU kernels and by the model engine, compared with the float
 * reference that executes node by node. Binary chains must be equal. Log and integer layers may be a code apart where
 * the real value lies at a rounding boundary, within what the layer's multiplier and bias can say: few of them, and
 * never further.
 *
 *	fuzz_plan_test [ROUNDS]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph_util.h"
#include "layer_util.h"
#include "plan.h"
#include "plan_util.h"

static int rounds = 60;

enum family { BINARY, LOGARITHM, INTEGER };

/* What a random net is made of: enough to judge its outputs. */
struct made {
	struct net n;
	enum family f;
	int64_t c, h, w;		/* of the input */
	int exact;
	int sqrt2;			/* some codes are half octaves */
	char text[512];
};

static int chance(uint32_t of)
{
	return layer_test_rnd(of) == 0;
}

static void say(struct made *m, const char *what, int a, int b)
{
	size_t at = strlen(m->text);

	snprintf(m->text + at, sizeof(m->text) - at, " %s(%d,%d)", what, a, b);
}

/* A window that fits: kernel, strides, dilations, pads or auto_pad as attributes of the node just added. */
static void window(struct made *m, int is_pool, const int64_t k[2], int64_t out[2])
{
	static const char *const modes[] = { "SAME_UPPER", "SAME_LOWER", "VALID" };
	int64_t in[2] = { m->n.height, m->n.width }, s[2], d[2] = { 1, 1 }, pads[4] = { 0 }, room, reach;
	int automatic = chance(4) ? 1 + (int)layer_test_rnd(3) : 0, ceil_mode = is_pool && !automatic && chance(3), i;

	for (i = 0; i < 2; i++) {
		s[i] = 1 + layer_test_rnd(3);
		if (!is_pool && !automatic && chance(4) && (k[i] - 1) * 2 + 1 <= in[i])
			d[i] = 2;
		reach = (k[i] - 1) * d[i] + 1;
		if (!automatic) {
			pads[i] = layer_test_rnd((uint32_t)(is_pool ? k[i] / 2 + 1 : reach));
			pads[2 + i] = layer_test_rnd((uint32_t)(is_pool ? k[i] / 2 + 1 : reach));
		}
		room = in[i] + pads[i] + pads[2 + i] - reach;
		out[i] = (ceil_mode ? (room + s[i] - 1) / s[i] : room / s[i]) + 1;
		if (ceil_mode && (out[i] - 1) * s[i] >= in[i] + pads[i])
			out[i]--;
		if (automatic == 1 || automatic == 2)
			out[i] = (in[i] + s[i] - 1) / s[i];
	}
	if (automatic)
		lxa_onnx_attr_string(m->n.m, "auto_pad", modes[automatic - 1]);
	else
		lxa_onnx_attr_ints(m->n.m, "pads", 4, pads);
	lxa_onnx_attr_ints(m->n.m, "strides", 2, s);
	if (!is_pool)
		lxa_onnx_attr_ints(m->n.m, "dilations", 2, d);
	if (ceil_mode)
		lxa_onnx_attr_int(m->n.m, "ceil_mode", 1);
	if (is_pool)
		lxa_onnx_attr_ints(m->n.m, "kernel_shape", 2, k);
	m->n.height = out[0];
	m->n.width = out[1];
	say(m, is_pool ? "pool" : "window", (int)(k[0] * 10 + k[1]), (int)(s[0] * 10 + s[1]));
}

static int64_t kernel_size(int64_t in, int most)
{
	return 1 + layer_test_rnd((uint32_t)(in < most ? in : most));
}

static void max_pool(struct made *m)
{
	int64_t k[2], out[2];

	if (!m->n.height)
		return;
	k[0] = kernel_size(m->n.height, 3);
	k[1] = kernel_size(m->n.width, 3);
	net_node(&m->n, "MaxPool");
	window(m, 1, k, out);
}

static void convolution(struct made *m, enum net_quant wq)
{
	static const int64_t some[] = { 1, 2, 4 };
	int64_t groups = chance(3) ? some[layer_test_rnd(3)] : 1, oc = groups * (1 + layer_test_rnd(chance(4) ? 70 : 9));
	int64_t k[2] = { kernel_size(m->n.height, 3), kernel_size(m->n.width, 3) }, out[2];

	if (m->n.channels % groups)
		groups = 1;
	if (chance(8) && m->f != INTEGER) {
		groups = m->n.channels;
		oc = groups;
	}
	net_conv_open(&m->n, wq, oc, k[0], k[1], groups, chance(2));
	window(m, 0, k, out);
	say(m, "conv", (int)oc, (int)groups);
}

static void fully_connected(struct made *m, enum net_quant wq)
{
	int gemm = chance(2);

	net_fc(&m->n, wq, 1 + layer_test_rnd(40), gemm);
	if (gemm && chance(2)) {
		static const float some[] = { 0.5f, -1, 2, 0 };

		lxa_onnx_attr_float(m->n.m, "alpha", some[layer_test_rnd(4)]);
		lxa_onnx_attr_float(m->n.m, "beta", some[layer_test_rnd(4)]);
		say(m, "alpha", 0, 0);
	}
	say(m, "fc", (int)m->n.channels, gemm);
}

/* What frameworks put behind a convolution. */
static void between(struct made *m)
{
	int i, n = (int)layer_test_rnd(3);

	for (i = 0; i < n; i++) {
		switch (layer_test_rnd(6)) {
		case 0: case 1:
			net_bn(&m->n, chance(2));
			say(m, "bn", 0, 0);
			break;
		case 2:
			net_node(&m->n, "Relu");
			say(m, "relu", 0, 0);
			break;
		case 3:
			net_const(&m->n, "Mul", (int)layer_test_rnd(2), -1, 2);
			say(m, "mul", 0, 0);
			break;
		case 4:
			net_const(&m->n, "Add", (int)layer_test_rnd(2), -1, 1);
			say(m, "add", 0, 0);
			break;
		default:
			max_pool(m);
		}
	}
}

static void quantizer(struct made *m, int first)
{
	static const char *const rounding[] = { "NEAREST", "FLOOR" };
	enum family next = first || !chance(3) ? m->f : (enum family)layer_test_rnd(3);
	int steps = 1 + (int)layer_test_rnd(2), bits;

	if (m->exact && next != BINARY)
		next = BINARY;
	m->f = next;
	switch (next) {
	case BINARY:
		if (chance(4))
			net_node(&m->n, "Sign");
		else
			net_bipolar(&m->n, chance(2) ? 1 : 0.5f);
		say(m, "bipolar", 0, 0);
		break;
	case LOGARITHM:
		bits = steps == 2 ? 3 + (int)layer_test_rnd(3) : 3 + (int)layer_test_rnd(2);
		/* half octaves are no exact floats: keep their sums off the bounds of the next quantizer */
		if (m->sqrt2 && !first)
			steps = 2;
		net_log(&m->n, bits, steps, (float)layer_test_rnd(6), rounding[m->sqrt2 && !first ? 0 : layer_test_rnd(2)]);
		m->sqrt2 |= steps == 2;
		say(m, "log", bits, steps);
		break;
	default:
		bits = 2 + (int)layer_test_rnd(7);
		/* not in ratios that make ties common: 8-bit outputs round them up, Quant to even */
		net_quant(&m->n, !first ? 0.1234f : chance(2) ? 0.125f : 0.1f, (float)bits, (int)layer_test_rnd(2));
		say(m, "quant", bits, 0);
	}
}

static enum net_quant weights_for(struct made *m)
{
	static const enum net_quant log[] = { NET_LOG, NET_LOG_SQRT2, NET_LOG_FLOOR, NET_INT8, NET_BIPOLAR,
					      NET_LOG_SQRT2_FLOOR };
	static const enum net_quant integer[] = { NET_LOG, NET_LOG_SQRT2, NET_LOG_FLOOR, NET_BIPOLAR };

	enum net_quant q = m->f == BINARY ? NET_BIPOLAR : m->f == LOGARITHM ? log[layer_test_rnd(6)] :
			   integer[layer_test_rnd(4)];

	m->sqrt2 |= q == NET_LOG_SQRT2 || q == NET_LOG_SQRT2_FLOOR;
	return q;
}

/* A chain of 1 to 3 layers; sometimes a value in it is an output too, or is read a second time. */
static void make(struct made *m)
{
	int layers = 1 + (int)layer_test_rnd(m->exact ? 3 : 1), i;
	char fork[32] = "";

	m->c = 1 + layer_test_rnd(chance(4) ? 70 : 12);
	m->h = 1 + layer_test_rnd(8);
	m->w = 1 + layer_test_rnd(8);
	net_begin(&m->n, m->c, m->h, m->w);
	quantizer(m, 1);
	for (i = 0; i < layers; i++) {
		if (chance(4))
			max_pool(m);
		if (!m->n.height || chance(5))
			fully_connected(m, weights_for(m));
		else
			convolution(m, weights_for(m));
		if (chance(4))
			net_output(&m->n);	/* the sums themselves, with everything behind them unfused */
		between(m);
		if (chance(5))
			net_output(&m->n);
		if (m->exact || i + 1 < layers || chance(2))
			quantizer(m, 0);
		if (chance(5))
			net_output(&m->n);
		if (chance(4)) {
			strcpy(fork, m->n.cur);
			net_add_self(&m->n);	/* two readers: here, and the next layer */
			strcpy(m->n.cur, fork);
		}
	}
	net_end(&m->n);
}

static void check_plan(const struct made *m, const struct planned *r)
{
	int i;

	for (i = 0; i < lxa_plan_entries(r->p); i++) {
		const struct lxa_plan_entry *e = lxa_plan_entry(r->p, i);

		if (!e->reason || !*e->reason || (e->place != LXA_PLACE_CPU && e->place != LXA_PLACE_DEVICE) ||
		    (e->place == LXA_PLACE_DEVICE) != (e->layer >= 0))
			fail_msg("%s:%s: node %s has no place or no reason", m->n.path, m->text, e->name);
	}
}

static void check_reports(const struct made *m, const struct planned *r, int64_t images)
{
	struct lxa_layer_report rep;
	int i;

	for (i = 0; i < lxa_plan_entries(r->p); i++) {
		const struct lxa_plan_entry *e = lxa_plan_entry(r->p, i);

		lxa_plan_report(r->p, i, &rep);
		if (rep.utilization < 0 || rep.utilization > 1 || rep.images > (uint64_t)images ||
		    rep.macs != e->macs * rep.images)
			fail_msg("%s:%s: %s reports %llu MACs, utilization %g", m->n.path, m->text, e->name,
				 (unsigned long long)rep.macs, rep.utilization);
	}
}

#define OUTS 16

/*
 * How far the output stages may move a value before its quantizer (half a unit of T), and the smallest step of their
 * quantizers: from the multipliers and shifts that they have.
 */
static void stages(const struct planned *r, double *move, double *step)
{
	int i;
	uint32_t c;

	*move = 0;
	*step = INFINITY;
	for (i = 0; i < r->p->n_layers; i++) {
		const struct plan_layer *l = r->p->layers[i];
		const struct lxa_job *j = &l->layer.job;
		double unit = l->out_enc.unit;

		if (j->kind != LXA_KIND_LOG && j->kind != LXA_KIND_INT8)
			continue;
		*step = fmin(*step, unit);
		if (j->kind == LXA_KIND_LOG)
			unit *= exp2((j->log_off - 1) / (l->out_enc.sqrt2 ? 2 : 1));
		for (c = 0; c < j->out_c; c++)
			*move = fmax(*move, ldexp(abs(l->layer.chan[c].mult) * unit * 0.5, -(int)l->layer.chan[c].shift));
	}
}

/* Equal when exact; else at most one code beyond what the output stage may move, and few of them where that is little. */
static void compare(const struct made *m, int k, const struct planned *r, const struct lxa_tensor *got,
		    const struct lxa_tensor *want)
{
	const float *a = got->data, *b = want->data;
	int64_t i, n = lxa_tensor_count(want), far = 0;
	double most = 0, move, step, off;

	if (lxa_tensor_count(got) != n)
		fail_msg("%s:%s: output %d has %lld elements, not %lld", m->n.path, m->text, k,
			 (long long)lxa_tensor_count(got), (long long)n);
	stages(r, &move, &step);
	for (i = 0; i < n; i++)
		most = fmax(most, fabs(b[i]));
	for (i = 0; i < n; i++) {
		off = fabs(a[i] - b[i]);
		if (a[i] == b[i] || (isnan(a[i]) && isnan(b[i])) || (!m->exact && off <= 1e-4 * most + 1e-6))
			continue;
		far++;
		if (m->exact || (isfinite(step) && off > 2 * move + step + 0.51 * fmax(fabs(a[i]), fabs(b[i]))))
			fail_msg("%s:%s: output %d, element %lld: %.9g, reference %.9g (move %g, step %g)", m->n.path,
				 m->text, k, (long long)i, a[i], b[i], move, step);
	}
	if (far > 2 + n / 50 && move * 50 < step)
		fail_msg("%s:%s: output %d: %lld of %lld elements differ from the reference", m->n.path, m->text, k,
			 (long long)far, (long long)n);
}

static void one(struct made *m)
{
	struct lxa_tensor in, want[OUTS], got[OUTS], dev[OUTS];
	struct planned r;
	int64_t images = 1 + layer_test_rnd(4), batch = 1 + layer_test_rnd(4), i;
	int k, n;

	make(m);
	n = m->n.outputs;
	random_input(&in, images, m->c, m->h, m->w, m->f == BINARY ? -1 : -0.5f, 2);
	for (i = 0; i < lxa_tensor_count(&in); i++)
		if (chance(20))
			((float *)in.data)[i] = 0;
	net_reference(&m->n, &in, want);
	net_plan(&m->n, NULL, batch, &r);
	check_plan(m, &r);
	net_run(&r, &in, got, 0);
	check_reports(m, &r, images);
	for (k = 0; k < n; k++)
		compare(m, k, &r, &got[k], &want[k]);
	planned_free(&r);
	net_plan(&m->n, net_model, batch, &r);
	net_run(&r, &in, dev, 1);
	check_reports(m, &r, images);
	planned_free(&r);
	if (r.res.mismatches)
		fail_msg("%s:%s: %s", m->n.path, m->text, r.res.first_mismatch);
	for (k = 0; k < n; k++) {
		if (memcmp(dev[k].data, got[k].data, (size_t)lxa_tensor_count(&got[k]) * sizeof(float)))
			fail_msg("%s:%s: the model engine gives another output %d", m->n.path, m->text, k);
		lxa_tensor_free(&dev[k]);
	}
	for (k = 0; k < n; k++) {
		lxa_tensor_free(&want[k]);
		lxa_tensor_free(&got[k]);
	}
	lxa_tensor_free(&in);
	unlink(m->n.path);
}

static void run_family(enum family f)
{
	struct made m;
	int i;

	for (i = 0; i < rounds; i++) {
		memset(&m, 0, sizeof(m));
		m.f = f;
		m.exact = f == BINARY;
		one(&m);
	}
}

static void test_binary(void **state) { run_family(BINARY); }
static void test_log(void **state) { run_family(LOGARITHM); }
static void test_integer(void **state) { run_family(INTEGER); }

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_binary),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_integer),
	};

	if (argc > 1)
		rounds = atoi(argv[1]);
	layer_test_init();
	return cmocka_run_group_tests(tests, net_open_model, net_close_model);
}
