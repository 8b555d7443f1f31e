// SPDX-License-Identifier: MIT
/*
 * networks_test.c - real networks from $LXA_DATA: their accuracy, and their results against plain arithmetic.
 *
 * The oracle of the binary networks is written here once more from the definition of their files (data folder's README): whole
 * numbers, counted matches, no code of the library or of the tool that made the ONNX files. Quick: a few images on every
 * engine. LXA_NETWORKS_LONG=1 (make test-long): thousands, and the accuracy on all test images.
 */
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
	same_scores(&n, NULL, model, "cifar10", is_long ? 1000 : 12);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cnv),
		cmocka_unit_test(test_lfc),
		cmocka_unit_test(test_export_errors),
		cmocka_unit_test(test_tfc),
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
