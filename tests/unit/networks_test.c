// SPDX-License-Identifier: MIT
/*
 * networks_test.c - real networks from $LXA_DATA: their accuracy, and their results against plain arithmetic.
 *
 * The oracle of the binary networks is written here once more from the definition of their files (data folder's README): whole
 * numbers, counted matches, no code of the library or of the tool that made the ONNX files. Quick: a few images on every
 * engine. LXA_NETWORKS_LONG=1 (make test-long): thousands, and the accuracy on all test images.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/data.h"
#include "graph.h"
#include "lxa.h"

#define CLASSES 10
#define PATH 4096

static char data_dir[PATH / 2], tool[PATH / 2], temporary[] = "/tmp/lxa-networks-XXXXXX";
static int is_long;

/* ---- plain arithmetic ------------------------------------------------------------------------------------------- */

struct naive {
	const char *name;
	int side, channels;		/* of the image */
	int n_conv, n_fc;
	int fc_in;			/* inputs of the first fully connected layer */
	int sizes[9];			/* output channels */
	uint8_t *bits[9];
	int32_t *thr[9];		/* of all but the last */
};

static const struct naive cnv = { .name = "cnvW1A1", .side = 32, .channels = 3, .n_conv = 6, .n_fc = 3, .fc_in = 256,
				  .sizes = { 64, 64, 128, 128, 256, 256, 512, 512, 64 } };
static const struct naive lfc = { .name = "lfcW1A1", .side = 28, .channels = 1, .n_fc = 4, .fc_in = 832,
				  .sizes = { 1024, 1024, 1024, 64 } };

static void *slurp(const char *name, int layer, const char *what, size_t bytes)
{
	char path[PATH];
	void *data = malloc(bytes);
	FILE *f;

	snprintf(path, sizeof(path), "%s/binary/%s/%d.%s", data_dir, name, layer, what);
	f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fread(data, 1, bytes, f), bytes);
	fclose(f);
	return data;
}

static void naive_load(struct naive *n, const struct naive *which)
{
	*n = *which;
	for (int i = 0, in = n->channels; i < n->n_conv + n->n_fc; in = n->sizes[i++]) {
		int inputs = i < n->n_conv ? 9 * in : i == n->n_conv ? n->fc_in : in;

		n->bits[i] = slurp(n->name, i, "weights.bits", (size_t)n->sizes[i] * (size_t)((inputs + 7) / 8));
		n->thr[i] = i + 1 < n->n_conv + n->n_fc ?
			    slurp(n->name, i, "thresholds.i32", 4 * (size_t)n->sizes[i]) : NULL;
	}
}

static void naive_free(struct naive *n)
{
	for (int i = 0; i < n->n_conv + n->n_fc; i++) {
		free(n->bits[i]);
		free(n->thr[i]);
	}
}

/* Row `out` of a layer's weights as bytes of 0 and 1. */
static void unpack_row(const uint8_t *bits, int out, int inputs, int8_t *row)
{
	for (int i = 0; i < inputs; i++)
		row[i] = bits[(size_t)out * (size_t)((inputs + 7) / 8) + (size_t)(i / 8)] >> (i % 8) & 1;
}

/* The first layer of cnv: whole 128ths times +-1, the threshold in 256ths. */
static int first_bit(const int8_t *w, const int8_t *x, int n, int32_t thr)
{
	int sum = 0;

	for (int i = 0; i < n; i++)
		sum += w[i] ? x[i] : -x[i];
	return 2 * sum > thr;
}

static int matches(const int8_t *w, const int8_t *x, int n)
{
	int count = 0;

	for (int i = 0; i < n; i++)
		count += w[i] == x[i];
	return count;
}

/* 3x3 convolution without padding, rows x columns x channels; returns the output, side - 2. */
static int8_t *naive_conv(const struct naive *n, int layer, const int8_t *x, int side, int in)
{
	int out = n->sizes[layer], to = side - 2;
	int8_t *y = malloc((size_t)(to * to * out)), row[9 * 256], window[9 * 256];
	int8_t *rows = malloc((size_t)(out * 9 * in));

	for (int o = 0; o < out; o++) {
		unpack_row(n->bits[layer], o, 9 * in, row);
		memcpy(rows + o * 9 * in, row, (size_t)(9 * in));
	}
	for (int r = 0; r < to; r++) {
		for (int c = 0; c < to; c++) {
			for (int k = 0; k < 3; k++)
				memcpy(window + k * 3 * in, x + ((r + k) * side + c) * in, (size_t)(3 * in));
			for (int o = 0; o < out; o++)
				y[(r * to + c) * out + o] = (int8_t)(layer ?
					matches(rows + o * 9 * in, window, 9 * in) > n->thr[layer][o] :
					first_bit(rows + o * 9 * in, window, 9 * in, n->thr[layer][o]));
		}
	}
	free(rows);
	return y;
}

static int8_t *naive_pool(const int8_t *x, int side, int channels)
{
	int8_t *y = calloc((size_t)(side / 2 * (side / 2)), (size_t)channels);

	for (int r = 0; r < side; r++)
		for (int c = 0; c < side; c++)
			for (int k = 0; k < channels; k++)
				y[(r / 2 * (side / 2) + c / 2) * channels + k] |= x[(r * side + c) * channels + k];
	return y;
}

/* floor((2 p / 255 - 1) * 128), which 8 bits hold up to 127. */
static int8_t fixed_point(int p)
{
	int num = (2 * p - 255) * 128, v = num / 255 - (num % 255 < 0);

	return (int8_t)(v > 127 ? 127 : v);
}

static int8_t *naive_input(const struct naive *n, const uint8_t *pixels)
{
	int area = n->side * n->side;
	int8_t *x = calloc(1, (size_t)(area * n->channels + n->fc_in));

	for (int i = 0; i < area; i++)
		for (int c = 0; c < n->channels; c++)
			x[i * n->channels + c] = n->n_conv ? fixed_point(pixels[c * area + i]) : pixels[i] > 127;
	return x;
}

/* Matches of the ten classes' rows; *last: of how many inputs. */
static void naive_run(const struct naive *n, const uint8_t *pixels, int *scores, int *last)
{
	int8_t *x = naive_input(n, pixels), *y, row[1024];
	int side = n->side, in = n->channels, layers = n->n_conv + n->n_fc;

	for (int i = 0; i < n->n_conv; i++) {
		y = naive_conv(n, i, x, side, in);
		free(x);
		x = y;
		side -= 2;
		in = n->sizes[i];
		if (i == 1 || i == 3) {
			y = naive_pool(x, side, in);
			free(x);
			x = y;
			side /= 2;
		}
	}
	in = n->fc_in;
	for (int i = n->n_conv; i < layers; i++) {
		y = malloc((size_t)n->sizes[i]);
		for (int o = 0; o < (i + 1 < layers ? n->sizes[i] : CLASSES); o++) {
			int m;

			unpack_row(n->bits[i], o, in, row);
			m = matches(row, x, in);
			if (i + 1 == layers)
				scores[o] = m;
			else
				y[o] = m > n->thr[i][o];
		}
		*last = in;
		in = n->sizes[i];
		free(x);
		x = y;
	}
	free(x);
}

/* ---- the library ------------------------------------------------------------------------------------------------ */

struct engine {
	struct lxa_device *dev;
	struct lxa_model *m;
	struct lxa_plan *p;
	struct lxa_run_result res;
};

/* engine NULL: the CPU kernels */
static void engine_open(struct engine *e, const char *engine, const char *model)
{
	struct lxa_err err = { "" };
	char name[64];

	memset(e, 0, sizeof(*e));
	snprintf(name, sizeof(name), "sim:%s", engine ? engine : "");
	if ((engine && lxa_device_open(name, &e->dev, &err)) || lxa_model_load(model, &e->m, &err) ||
	    lxa_plan_create(e->m, e->dev, 16, &e->p, &err))
		fail_msg("%s", err.text);
}

static void engine_close(struct engine *e)
{
	lxa_plan_free(e->p);
	lxa_model_free(e->m);
	lxa_device_close(e->dev);
}

/* All images of d; the device's layers are compared bit for bit with the CPU kernels'. */
static void engine_run(struct engine *e, const struct lxa_tensor *in, struct lxa_tensor *out)
{
	struct lxa_run_options opt = { .check = e->dev != NULL };
	struct lxa_err err = { "" };

	if (lxa_plan_run(e->p, in, out, &opt, &e->res, &err))
		fail_msg("%s", err.text);
	assert_string_equal(e->res.first_mismatch, "");
	assert_int_equal(e->res.mismatches, 0);
	if (e->dev)
		assert_true(e->res.compared > 0);
}

static uint64_t macs(const struct lxa_plan *p, int on_device)
{
	uint64_t n = 0;

	for (int i = 0; i < lxa_plan_entries(p); i++) {
		const struct lxa_plan_entry *e = lxa_plan_entry(p, i);

		n += !on_device || e->place == LXA_PLACE_DEVICE ? e->macs : 0;
	}
	return n;
}

static void load_data(const char *name, const struct lxa_pixels *px, size_t limit, struct lxa_dataset *d,
		      struct lxa_tensor *t)
{
	struct lxa_err err = { "" };

	if (lxa_data_load(name, data_dir, LXA_SPLIT_TEST, d, &err))
		fail_msg("%s", err.text);
	d->n = limit && limit < d->n ? limit : d->n;
	if (lxa_data_tensor(d, 0, d->n, px, t, &err))
		fail_msg("%s", err.text);
}

static size_t count_right(const struct lxa_dataset *d, const float *y)
{
	size_t right = 0;

	for (size_t i = 0; i < d->n; i++, y += CLASSES) {
		int best = 0;

		for (int c = 1; c < CLASSES; c++)
			best = y[c] > y[best] ? c : best;
		right += best == d->labels[i];
	}
	return right;
}

/* Percent right of a model's file on an engine. */
static double accuracy(const char *engine, const char *model, const char *set, const struct lxa_pixels *px, size_t limit)
{
	struct lxa_tensor in, out = { 0 };
	struct lxa_dataset d;
	struct engine e;
	double share;

	load_data(set, px, limit, &d, &in);
	engine_open(&e, engine, model);
	engine_run(&e, &in, &out);
	share = 100.0 * (double)count_right(&d, out.data) / (double)d.n;
	print_message("%s on %s: %.2f %% of %zu images of %s, %s\n", model, engine ? engine : "cpu", share, d.n, d.name, d.split);
	lxa_tensor_free(&in);
	lxa_tensor_free(&out);
	lxa_data_free(&d);
	engine_close(&e);
	return share;
}

/* ---- binary networks -------------------------------------------------------------------------------------------- */

static const char *export_binary(const char *name)
{
	static char path[PATH];
	char command[4 * PATH];

	snprintf(path, sizeof(path), "%s/%s.onnx", temporary, name);
	snprintf(command, sizeof(command), "'%s' '%s/binary' %s '%s'", tool, data_dir, name, path);
	assert_int_equal(system(command), 0);
	return path;
}

/* Scores of the first images on an engine against the oracle; everything has to be on the device. */
static void same_scores(const struct naive *n, const char *engine, const char *model, const char *set, size_t limit)
{
	struct lxa_tensor in, out = { 0 };
	int scores[CLASSES], last = 0;
	struct lxa_dataset d;
	struct engine e;

	load_data(set, NULL, limit, &d, &in);
	engine_open(&e, engine, model);
	assert_int_equal(macs(e.p, 1), macs(e.p, 0));
	engine_run(&e, &in, &out);
	for (size_t i = 0; i < d.n; i++) {
		naive_run(n, d.pixels + i * (size_t)(n->channels * n->side * n->side), scores, &last);
		for (int c = 0; c < CLASSES; c++)
			if (((float *)out.data)[i * CLASSES + (size_t)c] != (float)(2 * scores[c] - last))
				fail_msg("%s on %s: image %zu, class %d: %g, should be %d", n->name, engine ? engine : "cpu", i,
					 c, (double)((float *)out.data)[i * CLASSES + (size_t)c], 2 * scores[c] - last);
	}
	lxa_tensor_free(&in);
	lxa_tensor_free(&out);
	lxa_data_free(&d);
	engine_close(&e);
}

static void test_cnv(void **state)
{
	const char *model = export_binary("cnvW1A1");
	struct naive n;

	naive_load(&n, &cnv);
	same_scores(&n, NULL, model, "cifar10", is_long ? 500 : 12);
	same_scores(&n, "model", model, "cifar10", is_long ? 100 : 4);
	same_scores(&n, "rtl", model, "cifar10", is_long ? 20 : 2);
	naive_free(&n);
	/* these are training images: a figure to see that nothing has changed, not the network's accuracy */
	assert_true(accuracy("model", model, "cifar10", NULL, is_long ? 0 : 200) > 97);
}

static void test_lfc(void **state)
{
	const char *model = export_binary("lfcW1A1");
	struct naive n;

	naive_load(&n, &lfc);
	same_scores(&n, NULL, model, "mnist", is_long ? 10000 : 100);
	same_scores(&n, "model", model, "mnist", is_long ? 1000 : 50);
	same_scores(&n, "rtl", model, "mnist", is_long ? 200 : 5);
	naive_free(&n);
	assert_true(accuracy("model", model, "mnist", NULL, 0) >= 98.3);
}

static void test_export_errors(void **state)
{
	char command[4 * PATH], text[512];
	static const struct {
		const char *prepare, *name, *says;
	} bad[] = {
		{ "rm -f manifest.csv", "lfcW1A1", "manifest.csv: No such file" },
		{ "grep -v lfc manifest.csv > m; mv m manifest.csv", "lfcW1A1", "has no network lfcW1A1" },
		{ "echo lfcW1A1,x >> manifest.csv", "lfcW1A1", "manifest.csv:15: not network,layer" },
		{ "sed -i s/832/0/ manifest.csv", "lfcW1A1", "manifest.csv:11: a size is 0" },
		{ "sed -i s/lfcW1A1,2/lfcW1A1,3/ manifest.csv", "lfcW1A1", "manifest.csv:13: layer 3 where layer 2" },
		{ "truncate -s 100 cnvW1A1/1.weights.bits", "cnvW1A1", "1.weights.bits: does not have the 4608 bytes" },
		{ "truncate -s 300 cnvW1A1/0.thresholds.i32", "cnvW1A1", "0.thresholds.i32: does not have the 256 bytes" },
		{ "sed -i s/cnvW1A1,2,conv,128/cnvW1A1,2,conv,64/ manifest.csv; truncate -s 4608 cnvW1A1/2.weights.bits;"
		  " truncate -s 256 cnvW1A1/2.thresholds.i32", "cnvW1A1", "layer 3 does not go with the layer before it" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		FILE *p;
		size_t n;

		snprintf(command, sizeof(command), "rm -rf %s/b; cp -r '%s/binary' %s/b; chmod -R u+w %s/b; cd %s/b && %s",
			 temporary, data_dir, temporary, temporary, temporary, bad[i].prepare);
		assert_int_equal(system(command), 0);
		snprintf(command, sizeof(command), "'%s' %s/b %s %s/bad.onnx 2>&1", tool, temporary, bad[i].name, temporary);
		p = popen(command, "r");
		assert_non_null(p);
		n = fread(text, 1, sizeof(text) - 1, p);
		text[n] = 0;
		assert_int_equal(WEXITSTATUS(pclose(p)), 1);
		if (!strstr(text, bad[i].says))
			fail_msg("%s: says %s, should say %s", bad[i].prepare, text, bad[i].says);
	}
}

/* ---- networks that are ONNX files already ----------------------------------------------------------------------- */

static const char *data_file(const char *name)
{
	static char path[PATH];

	snprintf(path, sizeof(path), "%s/%s", data_dir, name);
	return path;
}

static void test_tfc(void **state)
{
	static const struct lxa_pixels px = { .n_std = 1, .std = { 255 } };
	double share = accuracy("model", data_file("qonnx/TFC_1W1A.onnx"), "mnist", &px, is_long ? 0 : 500);

	assert_true(is_long ? share > 92.86 && share < 93.06 : share > 88);
	accuracy("rtl", data_file("qonnx/TFC_1W1A.onnx"), "mnist", &px, is_long ? 500 : 5);
}

/* The reference result that comes with mnist-conv. */
static void test_mnist_conv(void **state)
{
	struct lxa_tensor in = { 0 }, want = { 0 }, out = { 0 };
	struct lxa_err err;
	struct engine e;

	if (lxa_tensor_read(data_file("qonnx/mnist-conv/test_data_set_0/input_0.pb"), &in, &err) ||
	    lxa_tensor_read(data_file("qonnx/mnist-conv/test_data_set_0/output_0.pb"), &want, &err))
		fail_msg("%s", err.text);
	engine_open(&e, NULL, data_file("qonnx/mnist-conv/model.onnx"));
	engine_run(&e, &in, &out);
	assert_int_equal(lxa_tensor_count(&out), CLASSES);
	for (int i = 0; i < CLASSES; i++)
		assert_true(fabsf(((float *)out.data)[i] - ((float *)want.data)[i]) < 0.002f);
	lxa_tensor_free(&in);
	lxa_tensor_free(&want);
	lxa_tensor_free(&out);
	engine_close(&e);
	if (is_long)
		assert_true(accuracy(NULL, data_file("qonnx/mnist-conv/model.onnx"), "mnist", NULL, 0) > 98.8);
}

/* ---- super-resolution, in plain double arithmetic ------------------------------------------------------------------- */

struct picture {
	int64_t c, side;
	double *v;
};

static const float *par(const struct lxa_graph *g, const char *name, const struct lxa_tensor **t)
{
	for (int i = 0; i < g->n_values; i++)
		if (g->values[i].name && !strcmp(g->values[i].name, name) && g->values[i].t.data) {
			if (t)
				*t = &g->values[i].t;
			return g->values[i].t.data;
		}
	fail_msg("no initializer %s", name);
	return NULL;
}

/* Same padding, stride 1; wq: the weights' scale a channel, each weight rounded half to even to whole numbers, at most 2^(bits-1) - 1. */
static void naive_float_conv(struct picture *p, const struct lxa_graph *g, const char *weights, const char *bias, const char *wq,
			     const char *bits)
{
	const struct lxa_tensor *t, *ts = NULL;
	const float *w = par(g, weights, &t), *b = bias ? par(g, bias, NULL) : NULL, *s = wq ? par(g, wq, &ts) : NULL;
	int64_t oc = t->dims[0], k = t->dims[2], n = p->side, in = p->c * k * k;
	double *y = calloc((size_t)(oc * n * n), sizeof(*y)), *row = calloc((size_t)in, sizeof(*row));
	double most = wq ? exp2((double)*par(g, bits, NULL) - 1) - 1 : 0;

	assert_int_equal(t->dims[1], p->c);
	for (int64_t o = 0; o < oc; o++) {
		double scale = s ? (double)s[lxa_tensor_count(ts) == 1 ? 0 : o] : 1;

		for (int64_t i = 0; i < in; i++)
			row[i] = s ? scale * fmin(fmax(nearbyint((double)w[o * in + i] / scale), -most), most) : (double)w[o * in + i];
		for (int64_t at = 0; at < n * n; at++)
			y[o * n * n + at] = b ? (double)b[o] : 0;
		for (int64_t i = 0; i < in; i++) {
			int64_t c = i / (k * k), dy = i / k % k - k / 2, dx = i % k - k / 2;

			if (row[i] == 0)
				continue;
			for (int64_t r = dy < 0 ? -dy : 0; r < n && r + dy < n; r++)
				for (int64_t q = dx < 0 ? -dx : 0; q < n && q + dx < n; q++)
					y[(o * n + r) * n + q] += row[i] * p->v[(c * n + r + dy) * n + q + dx];
		}
	}
	free(row);
	free(p->v);
	p->v = y;
	p->c = oc;
}

static void naive_bn(struct picture *p, const struct lxa_graph *g, int nr)
{
	static const char *const what[] = { "weight", "bias", "running_mean", "running_var" };
	int64_t area = p->side * p->side;
	const float *v[4];
	char name[32];

	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "bn%d.%s", nr, what[i]);
		v[i] = par(g, name, NULL);
	}
	for (int64_t i = 0; i < p->c * area; i++) {
		int64_t c = i / area;

		p->v[i] = (p->v[i] - (double)v[2][c]) / sqrt((double)v[3][c] + 1e-5) * (double)v[0][c] + (double)v[1][c];
	}
}

/* ReLU, then, with a scale, whole numbers 0 .. 2^bits - 1 of it. */
static void naive_relu(struct picture *p, const struct lxa_graph *g, const char *scale, const char *bits)
{
	double s = scale ? (double)*par(g, scale, NULL) : 0, most = scale ? exp2((double)*par(g, bits, NULL)) - 1 : 0;

	for (int64_t i = 0; i < p->c * p->side * p->side; i++) {
		p->v[i] = fmax(p->v[i], 0);
		if (scale)
			p->v[i] = s * fmin(nearbyint(p->v[i] / s), most);
	}
}

/* DepthToSpace, CRD: channel c of the result has channels c * b * b ... of the input, row by row of each b x b block. */
static void naive_shuffle(struct picture *p, int64_t b)
{
	int64_t n = p->side, to = n * b;
	double *y = calloc((size_t)(p->c * n * n), sizeof(*y));

	for (int64_t i = 0; i < p->c * n * n; i++) {
		int64_t c = i / (n * n), r = i / n % n, q = i % n;

		y[(c / (b * b) * to + r * b + c / b % b) * to + q * b + c % b] = p->v[i];
	}
	free(p->v);
	p->v = y;
	p->c /= b * b;
	p->side = to;
}

static void naive_espcn(struct picture *p, const struct lxa_graph *g, int quantized)
{
	static const char *const w[] = { "x", "x.8", "x.16", "x.24" }, *const ws[] = { "scale", "scale.7", "scale.15", "scale.23" };
	static const char *const wb[] = { "bit_width", "bit_width.7", "bit_width.15", "bit_width.23" };
	static const char *const as[] = { "scale.3", "scale.11", "scale.19" }, *const ab[] = { "bit_width.3", "bit_width.11",
		"bit_width.19" };
	char name[2][32];

	for (int i = 0; i < 4; i++) {
		snprintf(name[0], sizeof(name[0]), "conv%d.weight", i + 1);
		snprintf(name[1], sizeof(name[1]), "conv%d.bias", i + 1);
		naive_float_conv(p, g, quantized ? w[i] : name[0], i < 3 ? name[1] : NULL, quantized ? ws[i] : NULL, wb[i]);
		if (i < 3 && quantized)
			naive_bn(p, g, i + 1);
		if (i < 3)
			naive_relu(p, g, quantized ? as[i] : NULL, quantized ? ab[i] : NULL);
	}
	naive_shuffle(p, quantized ? 2 : 3);
	if (quantized)
		naive_relu(p, g, "scale.27", "bit_width.27");
}

/*
 * Where a float sum lies on a rounding boundary, two ways to add may give neighbouring codes, and what follows moves a little:
 * all but few values of the Quant network have to be equal, and no value off by more than a few steps.
 */
static void espcn(const char *engine, const char *file, int quantized, int64_t side)
{
	struct lxa_tensor whole = { 0 }, in, out = { 0 };
	int64_t n, off = 0;
	struct lxa_graph *g;
	struct picture p;
	struct lxa_err err;
	struct engine e;
	double step, worst = 0;

	if (lxa_tensor_read(data_file("qonnx/espcn/test_data/input_0.pb"), &whole, &err))
		fail_msg("%s", err.text);
	in = (struct lxa_tensor){ .dtype = LXA_F32, .ndim = 4, .dims = { 1, 3, side, side } };
	assert_int_equal(lxa_tensor_alloc(&in), 0);
	p = (struct picture){ .c = 3, .side = side, .v = calloc((size_t)(3 * side * side), sizeof(double)) };
	for (int64_t i = 0; i < 3 * side * side; i++) {
		float v = ((float *)whole.data)[(i / side / side * 128 + i / side % side) * 128 + i % side];

		((float *)in.data)[i] = v;
		p.v[i] = (double)v;
	}
	if (lxa_graph_load(data_file(file), &g, &err))
		fail_msg("%s", err.text);
	naive_espcn(&p, g, quantized);
	step = quantized ? (double)*par(g, "scale.27", NULL) : 0;
	engine_open(&e, engine, data_file(file));
	engine_run(&e, &in, &out);
	n = lxa_tensor_count(&out);
	assert_int_equal(n, p.c * p.side * p.side);
	for (int64_t i = 0; i < n; i++) {
		double d = fabs((double)((float *)out.data)[i] - p.v[i]);

		worst = fmax(worst, d);
		off += d > 1e-4 + step / 2;
	}
	print_message("%s: %lld of %lld values differ by a step, at most %g\n", file, (long long)off, (long long)n, worst);
	assert_true(quantized ? off * 1000 < n && worst < 4.5 * step : !off);
	free(p.v);
	lxa_graph_free(g);
	lxa_tensor_free(&whole);
	lxa_tensor_free(&in);
	lxa_tensor_free(&out);
	engine_close(&e);
}

static void test_espcn(void **state)
{
	espcn(NULL, "qonnx/espcn/subpixel/float_model.onnx", 0, 4);
	espcn("model", "qonnx/espcn/subpixel/quant_model.onnx", 1, 128);
	if (is_long)
		espcn("rtl", "qonnx/espcn/subpixel/quant_model.onnx", 1, 128);
}

/* ---- a quantized ResNet ----------------------------------------------------------------------------------------- */

static size_t same_class(const struct lxa_tensor *a, const struct lxa_tensor *b, size_t n)
{
	struct lxa_dataset d = { .n = n, .labels = calloc(n, 1) };
	size_t same;

	for (size_t i = 0; i < n; i++)
		for (int c = 1; c < CLASSES; c++)
			if (((float *)a->data)[i * CLASSES + (size_t)c] > ((float *)a->data)[i * CLASSES + d.labels[i]])
				d.labels[i] = (uint8_t)c;
	same = count_right(&d, b->data);
	free(d.labels);
	return same;
}

/* `log` keeps the class of nearly all images that it was not calibrated with; every product is on the device. */
static void test_resnet(void **state)
{
	static const struct lxa_pixels px = { .n_mean = 3, .mean = { 123.675f, 116.28f, 103.53f }, .n_std = 3,
					      .std = { 58.395f, 57.12f, 57.375f } };
	size_t calib = is_long ? 512 : 32, n = is_long ? 3488 : 64;
	struct lxa_tensor all, x, y, a = { 0 }, b = { 0 };
	const char *model = data_file("resnet20-cifar10/resnet20.onnx");
	struct lxa_quantize_options o;
	char path[PATH], from[PATH];
	struct lxa_dataset d;
	struct lxa_err err;
	struct engine e;
	double share;

	snprintf(from, sizeof(from), "%s", model);
	snprintf(path, sizeof(path), "%s/resnet20-log.onnx", temporary);
	load_data("cifar10", &px, calib + n, &d, &all);
	x = y = all;
	x.dims[0] = (int64_t)calib;
	y.dims[0] = (int64_t)n;
	y.data = (float *)all.data + calib * 3072;
	lxa_quantize_defaults(&o);
	if (lxa_quantize(from, &x, &o, path, NULL, &err))
		fail_msg("%s", err.text);
	engine_open(&e, NULL, from);
	engine_run(&e, &y, &a);
	engine_close(&e);
	engine_open(&e, "model", path);
	assert_int_equal(macs(e.p, 1), macs(e.p, 0));
	engine_run(&e, &y, &b);
	engine_close(&e);
	share = 100.0 * (double)same_class(&a, &b, n) / (double)n;
	print_message("ResNet-20, log: %.2f %% of %zu images as in float\n", share, n);
	assert_true(share > (is_long ? 98 : 90));
	y.dims[0] = is_long ? 20 : 1;
	lxa_tensor_free(&b);
	engine_open(&e, "rtl", path);
	engine_run(&e, &y, &b);
	engine_close(&e);
	lxa_tensor_free(&a);
	lxa_tensor_free(&b);
	lxa_tensor_free(&all);
	lxa_data_free(&d);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cnv),
		cmocka_unit_test(test_lfc),
		cmocka_unit_test(test_export_errors),
		cmocka_unit_test(test_tfc),
		cmocka_unit_test(test_mnist_conv),
		cmocka_unit_test(test_espcn),
		cmocka_unit_test(test_resnet),
	};
	const char *dir = getenv("LXA_DATA");
	char command[PATH];
	int rc;

	snprintf(data_dir, sizeof(data_dir), "%s", dir && *dir ? dir : "../shared/data");
	if (access(data_file("binary/manifest.csv"), R_OK)) {
		printf("skipped: no real networks in %s (set LXA_DATA)\n", data_dir);
		return 4;
	}
	is_long = getenv("LXA_NETWORKS_LONG") != NULL;
	snprintf(tool, sizeof(tool), "%.*s/../../export-binary", (int)(strrchr(argv[0], '/') - argv[0]), argv[0]);
	if (!mkdtemp(temporary))
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", temporary);
	return system(command) ? 1 : rc;
}
