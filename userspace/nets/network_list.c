// SPDX-License-Identifier: MIT
/* network_list.c - the networks of the table, how each is made ready, and what its result is measured by. */
#include "networks.h"

#include <errno.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCH 64
#define CALIBRATION 512

extern char **environ;

/* ---- shared ----------------------------------------------------------------------------------------------------- */

static int join(char path[NETWORKS_PATH], const char *dir, const char *file, struct lxa_err *err)
{
	if (snprintf(path, NETWORKS_PATH, "%s/%s", dir, file) >= NETWORKS_PATH)
		return lxa_err_set(err, -ENAMETOOLONG, "%s: the path is too long", dir);
	return 0;
}

static int data_file(const struct place *at, const char *file, char path[NETWORKS_PATH], struct lxa_err *err)
{
	int ret = join(path, at->data, file, err);

	if (!ret && access(path, R_OK))
		ret = lxa_err_set(err, -ENOENT, "%s: %s", path, strerror(errno));
	return ret;
}

/* All images of in through the model on the CPU kernels. */
static int run_all(const char *model, const struct lxa_tensor *in, struct lxa_tensor *out, struct lxa_err *err)
{
	struct engine e;
	int ret = engine_open(&e, "cpu", model, BATCH, err);

	if (ret)
		return ret;
	e.what = "images";
	ret = engine_run(&e, in, out, 0, NULL, err);
	engine_close(&e);
	return ret;
}

static int64_t best_of(const float *y, int64_t n)
{
	int64_t best = 0;

	for (int64_t i = 1; i < n; i++)
		best = y[i] > y[best] ? i : best;
	return best;
}

static int load(const struct network *n, const struct place *at, enum lxa_split split, struct lxa_dataset *d,
		struct lxa_tensor *in, struct lxa_err *err)
{
	int ret = lxa_data_load(n->set, at->data, split, d, err);

	if (!ret)
		ret = lxa_data_tensor(d, 0, d->n, &n->pixels, in, err);
	return ret;
}

/* Top-1 on the test split. */
static int accuracy(const struct network *n, const struct place *at, const char *model, struct line *l, struct lxa_tensor *in,
		    struct lxa_err *err)
{
	struct lxa_tensor out = { 0 };
	struct lxa_dataset d;
	size_t right = 0;
	int ret = load(n, at, LXA_SPLIT_TEST, &d, in, err);

	if (ret)
		return ret;
	ret = run_all(model, in, &out, err);
	for (size_t i = 0; !ret && i < d.n; i++) {
		int64_t each = lxa_tensor_count(&out) / (int64_t)d.n;

		right += best_of((const float *)out.data + (int64_t)i * each, each) == d.labels[i];
	}
	if (!ret)
		snprintf(l->result, sizeof(l->result), "%.2f %% of the %s", 100.0 * (double)right / (double)d.n,
			 strcmp(d.split, "test split") ? d.split : "");
	if (!ret && !strcmp(d.split, "test split"))
		snprintf(l->result, sizeof(l->result), "%.2f %% of %s's %zu test images", 100.0 * (double)right / (double)d.n,
			 d.name, d.n);
	lxa_tensor_free(&out);
	lxa_data_free(&d);
	return ret;
}

/* ---- networks --------------------------------------------------------------------------------------------------- */

static int make_file(const struct network *n, const struct place *at, struct line *l, char model[NETWORKS_PATH],
		     struct lxa_tensor *in, struct lxa_err *err)
{
	int ret = data_file(at, n->file, model, err);

	return ret ? ret : accuracy(n, at, model, l, in, err);
}

/* One of the project's own, in userspace/models. */
static int make_own(const struct network *n, const struct place *at, struct line *l, char model[NETWORKS_PATH],
		    struct lxa_tensor *in, struct lxa_err *err)
{
	int ret = join(model, "userspace/models", n->file, err);

	return ret ? ret : accuracy(n, at, model, l, in, err);
}

static int make_binary(const struct network *n, const struct place *at, struct line *l, char model[NETWORKS_PATH],
		       struct lxa_tensor *in, struct lxa_err *err)
{
	char folder[NETWORKS_PATH], file[64];
	char *argv[] = { (char *)at->tool, folder, (char *)n->file, model, NULL };
	int status, ret = data_file(at, "binary", folder, err);
	pid_t pid;

	snprintf(file, sizeof(file), "%.50s.onnx", n->file);
	if (!ret)
		ret = join(model, at->dir, file, err);
	if (ret)
		return ret;
	if (posix_spawn(&pid, at->tool, NULL, NULL, argv, environ) || waitpid(pid, &status, 0) != pid || status)
		return lxa_err_set(err, -EIO, "%s %s %s %s failed", at->tool, folder, n->file, model);
	return accuracy(n, at, model, l, in, err);
}

/* mnist-conv comes with a reference result. */
static int make_reference(const struct network *n, const struct place *at, struct line *l, char model[NETWORKS_PATH],
			  struct lxa_tensor *in, struct lxa_err *err)
{
	struct lxa_tensor x = { 0 }, want = { 0 }, y = { 0 };
	char file[NETWORKS_PATH];
	float worst = 0, most = 0;
	size_t used;
	int ret = make_file(n, at, l, model, in, err);

	if (!ret)
		ret = data_file(at, "qonnx/mnist-conv/test_data_set_0/input_0.pb", file, err);
	if (!ret)
		ret = lxa_tensor_read(file, &x, err);
	if (!ret)
		ret = data_file(at, "qonnx/mnist-conv/test_data_set_0/output_0.pb", file, err);
	if (!ret)
		ret = lxa_tensor_read(file, &want, err);
	if (!ret)
		ret = run_all(model, &x, &y, err);
	if (!ret && lxa_tensor_count(&y) != lxa_tensor_count(&want))
		ret = lxa_err_set(err, -EINVAL, "%s: is not of the output's shape", file);
	for (int64_t i = 0; !ret && i < lxa_tensor_count(&y); i++) {
		worst = fmaxf(worst, fabsf(((float *)y.data)[i] - ((float *)want.data)[i]));
		most = fmaxf(most, fabsf(((float *)want.data)[i]));
	}
	used = strlen(l->result);
	if (!ret)
		snprintf(l->result + used, sizeof(l->result) - used, "; reference output: off by %.2g at most, of values to %.0f",
			 (double)worst, (double)most);
	lxa_tensor_free(&x);
	lxa_tensor_free(&want);
	lxa_tensor_free(&y);
	return ret;
}

static int quantize(const struct network *n, const struct place *at, const char *from, const char *to, int64_t *used,
		    struct lxa_err *err)
{
	struct lxa_quantize_report r = { 0 };
	struct lxa_quantize_options o;
	struct lxa_tensor calib = { 0 };
	struct lxa_dataset d;
	int ret = lxa_data_load(n->set, at->data, LXA_SPLIT_TRAIN, &d, err);

	if (ret)
		return ret;
	ret = lxa_data_tensor(&d, 0, d.n < CALIBRATION ? d.n : CALIBRATION, &n->pixels, &calib, err);
	lxa_quantize_defaults(&o);
	o.shortcut = n->shortcut;
	o.progress = networks_progress;
	if (!ret)
		ret = lxa_quantize(from, &calib, &o, to, &r, err);
	*used = strcmp(d.split, "training split") ? r.images : 0;
	lxa_quantize_report_free(&r);
	lxa_tensor_free(&calib);
	lxa_data_free(&d);
	return ret;
}

/* The float network and what `lxa quantize` makes of it: on how many images both have the same largest output. */
static int make_quantized(const struct network *n, const struct place *at, struct line *l, char model[NETWORKS_PATH],
			  struct lxa_tensor *in, struct lxa_err *err)
{
	struct lxa_tensor a = { 0 }, b = { 0 };
	char from[NETWORKS_PATH];
	int64_t same = 0, same_new = 0, seen = 0, images = 0, each;
	struct lxa_dataset d = { 0 };
	int ret = data_file(at, n->file, from, err);

	if (!ret)
		ret = join(model, at->dir, n->quantized, err);
	if (!ret)
		ret = load(n, at, LXA_SPLIT_TEST, &d, in, err);
	if (!ret)
		ret = quantize(n, at, from, model, &seen, err);
	if (!ret)
		ret = run_all(from, in, &a, err);
	if (!ret)
		ret = run_all(model, in, &b, err);
	for (int64_t i = 0; !ret && i < (images = (int64_t)d.n); i++) {
		int hit;

		each = lxa_tensor_count(&a) / images;
		hit = best_of((float *)a.data + i * each, each) == best_of((float *)b.data + i * each, each);
		same += hit;
		same_new += hit && i >= seen;
	}
	if (!ret && seen)
		snprintf(l->result, sizeof(l->result), "same class as float on %.2f %% of the %s, %.2f %% of the %lld not calibrated with",
			 100.0 * (double)same / (double)images, d.split, 100.0 * (double)same_new / (double)(images - seen),
			 (long long)(images - seen));
	else if (!ret)
		snprintf(l->result, sizeof(l->result), "same class as float on %.2f %% of %s's %lld test images",
			 100.0 * (double)same / (double)images, d.name, (long long)images);
	lxa_tensor_free(&a);
	lxa_tensor_free(&b);
	lxa_data_free(&d);
	return ret;
}

/*
 * Super-resolution: no classes, no reference. The file's own sizes: 4x4 (float), cut from the picture that comes with the
 * networks, or all of it, 128x128 (Quant).
 */
static int make_picture(const struct network *n, const struct place *at, struct line *l, char model[NETWORKS_PATH],
			struct lxa_tensor *in, struct lxa_err *err)
{
	struct lxa_tensor picture = { 0 }, out = { 0 };
	char file[NETWORKS_PATH];
	struct lxa_io io;
	struct engine e;
	int64_t side, tiles;
	int ret = data_file(at, n->file, model, err);

	if (!ret)
		ret = data_file(at, "qonnx/espcn/test_data/input_0.pb", file, err);
	if (!ret)
		ret = lxa_tensor_read(file, &picture, err);
	if (!ret)
		ret = engine_open(&e, "cpu", model, 1, err);
	if (ret)
		goto out;
	lxa_plan_input(e.p, 0, &io);
	side = io.dims[2];
	if (picture.ndim != 4 || picture.dims[1] != io.dims[1] || picture.dims[2] % side || picture.dims[2] != picture.dims[3]) {
		ret = lxa_err_set(err, -EINVAL, "%s: is not a picture for %s", file, model);
		goto close;
	}
	tiles = picture.dims[2] / side;
	*in = (struct lxa_tensor){ .dtype = LXA_F32, .ndim = 4, .dims = { tiles * tiles, picture.dims[1], side, side } };
	ret = lxa_tensor_alloc(in) ? lxa_err_set(err, -ENOMEM, "out of memory") : 0;
	for (int64_t i = 0; !ret && i < lxa_tensor_count(in); i++) {
		int64_t x = i % side, y = i / side % side, c = i / side / side % io.dims[1], t = i / side / side / io.dims[1];

		((float *)in->data)[i] = ((float *)picture.data)[(c * picture.dims[2] + t / tiles * side + y) * picture.dims[3] +
								 t % tiles * side + x];
	}
	e.what = "tiles";
	if (!ret)
		ret = engine_run(&e, in, &out, 0, NULL, err);
	if (!ret)
		snprintf(l->result, sizeof(l->result), "%lldx%lld to %lldx%lld; checked by `networks_test`", (long long)side,
			 (long long)side, (long long)out.dims[2], (long long)out.dims[3]);
close:
	engine_close(&e);
out:
	lxa_tensor_free(&picture);
	lxa_tensor_free(&out);
	return ret;
}

#define IMAGENET_PIXELS { .n_mean = 3, .mean = { 123.675f, 116.28f, 103.53f }, .n_std = 3, .std = { 58.395f, 57.12f, 57.375f } }

static const struct network networks[] = {
	{ .name = "cnvW1A1", .file = "cnvW1A1", .set = "cifar10", .make = make_binary },
	{ .name = "lfcW1A1", .file = "lfcW1A1", .set = "mnist", .make = make_binary },
	{ .name = "TFC_1W1A", .file = "qonnx/TFC_1W1A.onnx", .set = "mnist", .pixels = { .n_std = 1, .std = { 255 } },
	  .make = make_file },
	{ .name = "mnist-lxa (trained here)", .file = "mnist-lxa.onnx", .set = "mnist", .make = make_own },
	{ .name = "mnist-conv, float", .file = "qonnx/mnist-conv/model.onnx", .set = "mnist", .make = make_reference },
	{ .name = "mnist-conv, log", .file = "qonnx/mnist-conv/model.onnx", .quantized = "mnist-conv-log.onnx", .set = "mnist",
	  .shortcut = LXA_SHORTCUT_LINEAR, .make = make_quantized },
	{ .name = "ResNet-20, float", .file = "resnet20-cifar10/resnet20.onnx", .set = "cifar10", .pixels = IMAGENET_PIXELS,
	  .make = make_file },
	{ .name = "ResNet-20, log", .file = "resnet20-cifar10/resnet20.onnx", .quantized = "resnet20-log.onnx", .set = "cifar10",
	  .pixels = IMAGENET_PIXELS, .shortcut = LXA_SHORTCUT_LINEAR, .make = make_quantized },
	{ .name = "ResNet-20, log, its shortcuts, too", .file = "resnet20-cifar10/resnet20.onnx", .quantized = "resnet20-log4.onnx",
	  .set = "cifar10", .pixels = IMAGENET_PIXELS, .shortcut = LXA_SHORTCUT_LOG, .make = make_quantized },
	{ .name = "ESPCN, float", .file = "qonnx/espcn/subpixel/float_model.onnx", .make = make_picture },
	{ .name = "ESPCN, Quant", .file = "qonnx/espcn/subpixel/quant_model.onnx", .make = make_picture },
};

const struct network *network_nr(int i)
{
	return i >= 0 && (size_t)i < sizeof(networks) / sizeof(networks[0]) ? &networks[i] : NULL;
}
