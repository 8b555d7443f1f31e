// SPDX-License-Identifier: MIT
/* quantize.c - `lxa quantize`: a float model into a quantized one, and how well the two agree. */
#include "cli.h"
#include "interrupt.h"
#include "json.h"
#include "progress.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: lxa quantize --method METHOD MODEL.onnx --calib DIR -o OUT.onnx [OPTIONS]\n"
	"Quantizes a float model by looking at some images, and compares the classes that both models give for others.\n"
	"  --calib DIR          a data set (digits, MNIST, CIFAR-10), or a file of inputs (.npy, .pb)\n"
	"  --images N           calibrate with the first N images of its training split (512)\n"
	"  --mean A[,B,C] --std A[,B,C]\n"
	"                       images as (pixel - mean) / std, one number or one a channel; else the pixels\n"
	"  --compare N          compare on N images of the test split at most (all); none of them was calibrated with\n"
	"  --weight-bits N      bits of a weight, the sign included (5)\n"
	"  --weight-base B      2 or sqrt2 (sqrt2)\n"
	"  --act-bits N         bits of an activation (4)\n"
	"  --act-base B         2 or sqrt2 (sqrt2)\n"
	"  --edge-bits N        linear bits of the first and last layer's input, 0: as the others (8)\n"
	"  --shortcut KIND      shortcuts are float, linear (8 bits) or log, as convolutions read it (linear)\n"
	"  --json FILE          the figures as JSON\n"
	"methods:\n";

struct options {
	const char *model, *calib, *out, *json;
	uint64_t images, compare;
	struct lxa_pixels pixels;
	struct lxa_quantize_options q;
};

struct images {
	struct lxa_tensor calib, test;	/* test.data NULL: none left */
	const char *name;
	char what[96];			/* of the test images */
};

/* ---- options ---------------------------------------------------------------------------------------------------- */

static void print_usage(FILE *f)
{
	const char *name, *what;

	fputs(usage, f);
	for (int i = 0; (name = lxa_quantize_method(i, &what)); i++)
		fprintf(f, "  %-20s %s\n", name, what);
	fputs("Exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted (nothing written).\n", f);
}

static int number(const char *name, const char *text, uint64_t max, uint64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoull(text, &end, 10);
	if (!errno && end != text && !*end && *text != '-' && *v <= max)
		return 0;
	fprintf(stderr, "lxa quantize: --%s %s: a whole number up to %llu is wanted\n", name, text, (unsigned long long)max);
	return EXIT_USAGE;
}

static int small(const char *name, const char *text, int *v)
{
	uint64_t n = 0;
	int rc = number(name, text, 64, &n);

	*v = (int)n;
	return rc;
}

static int base(const char *name, const char *text, int *steps)
{
	*steps = !strcmp(text, "2") ? 1 : !strcmp(text, "sqrt2") ? 2 : 0;
	if (!*steps)
		fprintf(stderr, "lxa quantize: --%s %s: 2 or sqrt2\n", name, text);
	return *steps ? 0 : EXIT_USAGE;
}

static int shortcut(const char *text, enum lxa_shortcut *s)
{
	static const char *const names[] = { "float", "linear", "log" };

	for (int i = 0; i < 3; i++)
		if (!strcmp(text, names[i])) {
			*s = (enum lxa_shortcut)i;
			return 0;
		}
	fprintf(stderr, "lxa quantize: --shortcut %s: float, linear or log\n", text);
	return EXIT_USAGE;
}

/* -1: help was asked for */
static int parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "method", required_argument, NULL, 'M' },	 { "calib", required_argument, NULL, 'c' },
		{ "output", required_argument, NULL, 'o' },	 { "images", required_argument, NULL, 'n' },
		{ "compare", required_argument, NULL, 'C' },	 { "mean", required_argument, NULL, 'm' },
		{ "std", required_argument, NULL, 's' },	 { "weight-bits", required_argument, NULL, 'w' },
		{ "weight-base", required_argument, NULL, 'W' }, { "act-bits", required_argument, NULL, 'a' },
		{ "act-base", required_argument, NULL, 'A' },	 { "edge-bits", required_argument, NULL, 'e' },
		{ "shortcut", required_argument, NULL, 'S' },	 { "json", required_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },		 { NULL, 0, NULL, 0 },
	};
	int c, rc = 0;

	optind = 1;
	while (!rc && (c = getopt_long(argc, argv, "ho:", longs, NULL)) != -1) {
		switch (c) {
		case 'M': o->q.method = optarg; break;
		case 'c': o->calib = optarg; break;
		case 'o': o->out = optarg; break;
		case 'j': o->json = optarg; break;
		case 'n': rc = number("images", optarg, 1 << 30, &o->images); break;
		case 'C': rc = number("compare", optarg, 1 << 30, &o->compare); break;
		case 'm': rc = cli_pixels("mean", optarg, &o->pixels); break;
		case 's': rc = cli_pixels("std", optarg, &o->pixels); break;
		case 'w': rc = small("weight-bits", optarg, &o->q.weight_bits); break;
		case 'W': rc = base("weight-base", optarg, &o->q.weight_steps); break;
		case 'a': rc = small("act-bits", optarg, &o->q.act_bits); break;
		case 'A': rc = base("act-base", optarg, &o->q.act_steps); break;
		case 'e': rc = small("edge-bits", optarg, &o->q.edge_bits); break;
		case 'S': rc = shortcut(optarg, &o->q.shortcut); break;
		case 'h': return -1;
		default: rc = EXIT_USAGE;
		}
	}
	if (rc)
		return rc;
	o->model = optind < argc ? argv[optind++] : NULL;
	if (optind < argc || !o->model || !o->calib || !o->out || !o->q.method) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	return 0;
}

/* ---- images ----------------------------------------------------------------------------------------------------- */

/* Images first .. first + n - 1 of a tensor. */
static int part(const struct lxa_tensor *t, int64_t first, int64_t n, struct lxa_tensor *out, struct lxa_err *err)
{
	size_t each = (size_t)(lxa_tensor_count(t) / t->dims[0]) * lxa_dtype_size(t->dtype);

	*out = *t;
	out->dims[0] = n;
	out->data = NULL;
	if (!n)
		return 0;
	if (lxa_tensor_alloc(out))
		return lxa_err_set(err, -ENOMEM, "no memory for %lld images", (long long)n);
	memcpy(out->data, (const char *)t->data + (size_t)first * each, (size_t)n * each);
	return 0;
}

static int load_file(const struct options *o, struct images *im, struct lxa_err *err)
{
	struct lxa_tensor t = { 0 };
	int64_t n, rest;
	int rc = lxa_tensor_read(o->calib, &t, err);

	if (rc)
		return rc;
	if (!t.ndim || t.dims[0] < 1) {
		lxa_tensor_free(&t);
		return lxa_err_set(err, -EINVAL, "%s: has no images", o->calib);
	}
	n = (uint64_t)t.dims[0] < o->images ? t.dims[0] : (int64_t)o->images;
	rest = t.dims[0] - n;
	if ((uint64_t)rest > o->compare)
		rest = (int64_t)o->compare;
	rc = part(&t, 0, n, &im->calib, err);
	if (!rc)
		rc = part(&t, n, rest, &im->test, err);
	snprintf(im->what, sizeof(im->what), "others of %.64s", o->calib);
	lxa_tensor_free(&t);
	return rc;
}

/* Calibration from the training split, comparison on the test split; where both are the same images, on those behind. */
static int load_set(const struct options *o, const struct lxa_io *io, struct images *im, struct lxa_err *err)
{
	struct lxa_dataset train = { 0 }, test = { 0 };
	size_t n, first, rest;
	int rc = cli_images_load(o->model, o->calib, LXA_SPLIT_TRAIN, io, &train, err);

	if (!rc)
		rc = cli_images_load(o->model, o->calib, LXA_SPLIT_TEST, io, &test, err);
	if (rc)
		goto out;
	n = train.n < o->images ? train.n : o->images;
	first = strcmp(train.split, test.split) ? 0 : n;
	rest = test.n - first < o->compare ? test.n - first : o->compare;
	snprintf(im->what, sizeof(im->what), "%s, %s", test.name, test.split);
	rc = lxa_data_tensor(&train, 0, n, &o->pixels, &im->calib, err);
	if (!rc && rest)
		rc = lxa_data_tensor(&test, first, rest, &o->pixels, &im->test, err);
out:
	lxa_data_free(&train);
	lxa_data_free(&test);
	return rc;
}

static int is_file(const char *path)
{
	size_t n = strlen(path);

	return (n > 4 && !strcmp(path + n - 4, ".npy")) || (n > 3 && !strcmp(path + n - 3, ".pb"));
}

/* ---- comparing -------------------------------------------------------------------------------------------------- */

static int on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct progress *bar = ctx;

	bar->total = total;
	progress_update(bar, done);
	return interrupt_asked();
}

static int run_model(const char *path, const char *what, const struct lxa_tensor *in, struct lxa_tensor *out,
		     struct lxa_err *err)
{
	struct lxa_run_options opt = { .progress = on_progress };
	struct cli_options o = { .model = path, .engine = "cpu" };
	struct progress bar;
	struct cli_session s;
	int rc = cli_session_open(&o, &s, err);

	if (rc)
		return rc;
	progress_start(&bar, what, (uint64_t)in->dims[0]);
	opt.ctx = &bar;
	if (lxa_plan_outputs(s.plan) == 1)
		rc = lxa_plan_run(s.plan, in, out, &opt, NULL, err);
	else
		rc = lxa_err_set(err, -EINVAL, "%s: has %d outputs: only one can be compared", path, lxa_plan_outputs(s.plan));
	progress_end(&bar);
	cli_session_close(&s);
	return rc;
}

struct agreement {
	int64_t images, same;		/* same: the largest output is the same one */
	double error;			/* relative mean square */
};

static void agree(const struct lxa_tensor *a, const struct lxa_tensor *b, struct agreement *r)
{
	int64_t each = lxa_tensor_count(a) / a->dims[0];
	const float *x = a->data, *y = b->data;
	double wrong = 0, power = 0;

	r->images = a->dims[0];
	for (int64_t i = 0; i < r->images; i++, x += each, y += each) {
		int64_t bx = 0, by = 0;

		for (int64_t k = 0; k < each; k++) {
			bx = x[k] > x[bx] ? k : bx;
			by = y[k] > y[by] ? k : by;
			wrong += ((double)y[k] - (double)x[k]) * ((double)y[k] - (double)x[k]);
			power += (double)x[k] * (double)x[k];
		}
		r->same += bx == by;
	}
	r->error = power > 0 ? wrong / power : 0;
}

static int compare(const struct options *o, const struct images *im, struct agreement *r, struct lxa_err *err)
{
	struct lxa_tensor a = { 0 }, b = { 0 };
	int rc = run_model(o->model, "images, float", &im->test, &a, err);

	if (!rc)
		rc = run_model(o->out, "images, quantized", &im->test, &b, err);
	if (!rc && (a.dtype != LXA_F32 || !a.ndim || lxa_tensor_count(&a) != lxa_tensor_count(&b)))
		rc = lxa_err_set(err, -EINVAL, "%s: its output cannot be compared: one row of floats an image is wanted", o->model);
	if (!rc)
		agree(&a, &b, r);
	lxa_tensor_free(&a);
	lxa_tensor_free(&b);
	return rc;
}

/* ---- reporting -------------------------------------------------------------------------------------------------- */

static void print_layers(const struct lxa_quantize_report *r)
{
	printf("%-24s %-8s %-20s %10s  %-16s %10s\n", "layer", "op", "input", "its error", "weights", "error");
	for (int i = 0; i < r->n; i++) {
		const struct lxa_quantize_layer *l = &r->layers[i];

		if (*l->left)
			printf("%-24.24s %-8s stays in float: %s\n", l->name, l->op, l->left);
		else
			printf("%-24.24s %-8s %-20s %9.3f%%  %-16s %9.3f%%\n", l->name, l->op, l->input, 100 * l->input_error,
			       l->weights, 100 * l->error);
	}
	printf("(errors: relative mean squares on %lld calibration images; that of a layer holds all before it)\n",
	       (long long)r->images);
}

static void print_agreement(const struct agreement *a, const struct images *im)
{
	if (!a->images) {
		printf("\nagreement         not measured: no images but those calibrated with\n");
		return;
	}
	printf("\nagreement         %.2f %% (%lld of %lld images have the same largest output; %s)\n",
	       100.0 * (double)a->same / (double)a->images, (long long)a->same, (long long)a->images, im->what);
	printf("output error      %.3f %% (relative mean square)\n", 100 * a->error);
}

static int write_json(const struct options *o, const struct lxa_quantize_report *r, const struct agreement *a,
		      struct lxa_err *err)
{
	struct json j = { .f = fopen(o->json, "w") };

	if (!j.f)
		return lxa_err_set(err, -errno, "%s: %s", o->json, strerror(errno));
	json_open(&j, NULL, '{');
	json_string(&j, "model", o->model);
	json_string(&j, "method", o->q.method);
	json_uint(&j, "calibrated", (uint64_t)r->images);
	json_uint(&j, "compared", (uint64_t)a->images);
	json_uint(&j, "same", (uint64_t)a->same);
	json_double(&j, "output_error", a->error);
	json_open(&j, "layers", '[');
	for (int i = 0; i < r->n; i++) {
		json_open(&j, NULL, '{');
		json_string(&j, "name", r->layers[i].name);
		json_string(&j, "op", r->layers[i].op);
		json_string(&j, "left", *r->layers[i].left ? r->layers[i].left : NULL);
		json_string(&j, "input", r->layers[i].input);
		json_string(&j, "weights", r->layers[i].weights);
		json_double(&j, "input_error", r->layers[i].input_error);
		json_double(&j, "error", r->layers[i].error);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	if (ferror(j.f) | fclose(j.f))
		return lxa_err_set(err, -EIO, "%s: cannot be written", o->json);
	return 0;
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

/* The shape of the float model's input. */
static int model_input(const char *path, struct lxa_io *io, char name[64], struct lxa_err *err)
{
	struct cli_options o = { .model = path, .engine = "cpu" };
	struct cli_session s;
	int rc = cli_session_open(&o, &s, err);

	if (rc)
		return rc;
	if (lxa_plan_inputs(s.plan) == 1) {
		lxa_plan_input(s.plan, 0, io);
		snprintf(name, 64, "%s", io->name);
		io->name = name;
	} else {
		rc = lxa_err_set(err, -EINVAL, "%s: has %d inputs, one is wanted", path, lxa_plan_inputs(s.plan));
	}
	cli_session_close(&s);
	return rc;
}

static int quantize(struct options *o, struct images *im, struct lxa_quantize_report *r, struct agreement *a,
		    struct lxa_err *err)
{
	struct progress bar;
	struct lxa_io io;
	char name[64];
	int rc = model_input(o->model, &io, name, err);

	if (!rc)
		rc = is_file(o->calib) ? load_file(o, im, err) : load_set(o, &io, im, err);
	if (rc)
		return rc;
	progress_start(&bar, "nodes", 0);
	o->q.progress = on_progress;
	o->q.ctx = &bar;
	rc = lxa_quantize(o->model, &im->calib, &o->q, o->out, r, err);
	progress_end(&bar);
	if (!rc && im->test.data)
		rc = compare(o, im, a, err);
	return rc;
}

int cmd_quantize(int argc, char **argv)
{
	struct options o = { .images = 512, .compare = UINT64_MAX };
	struct lxa_quantize_report r = { 0 };
	struct lxa_err err = { "" };
	struct agreement a = { 0 };
	struct images im = { 0 };
	int rc;

	lxa_quantize_defaults(&o.q);
	o.q.method = NULL;
	rc = parse(argc, argv, &o);
	if (rc == -1)
		print_usage(stdout);
	if (rc)
		return rc == -1 ? EXIT_OK : rc;
	interrupt_catch();
	rc = quantize(&o, &im, &r, &a, &err);
	if (!rc) {
		print_layers(&r);
		print_agreement(&a, &im);
		rc = o.json ? write_json(&o, &r, &a, &err) : 0;
	}
	if (rc == -EINTR)
		fprintf(stderr, "lxa quantize: stopped\n");
	else if (rc)
		cli_fail(&err);
	lxa_quantize_report_free(&r);
	lxa_tensor_free(&im.calib);
	lxa_tensor_free(&im.test);
	return rc == -EINTR ? EXIT_STOPPED : rc ? EXIT_FAILED : EXIT_OK;
}
