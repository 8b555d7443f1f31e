// SPDX-License-Identifier: MIT
/*
 * data_test.c - the data set readers: good files give what was written into them, every broken one an error that
 * names it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "data/data.h"

static char dir[] = "/tmp/lxa-data-test-XXXXXX";

static const char *at(const char *file)
{
	static char path[4][256];
	static int turn;
	char *p = path[turn++ & 3];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, file);
	return p;
}

static void put(const char *file, const void *data, size_t n, int zip)
{
	if (zip) {
		gzFile f = gzopen(at(file), "wb");

		assert_int_equal(gzwrite(f, data, (unsigned int)n), n);
		assert_int_equal(gzclose(f), Z_OK);
	} else {
		FILE *f = fopen(at(file), "wb");

		assert_non_null(f);
		assert_int_equal(fwrite(data, 1, n, f), n);
		fclose(f);
	}
}

/* The pixels of image i: something that tells images, rows and columns apart. */
static int digit_pixel(int i, int k)
{
	return (i * 7 + k * 3) % 17;
}

static char *digits_text(int n)
{
	char *text = malloc((size_t)n * 256), *p = text;

	for (int i = 0; i < n; i++) {
		for (int k = 0; k < 64; k++)
			p += sprintf(p, "%d,", digit_pixel(i, k));
		p += sprintf(p, "%d\n", i % 10);
	}
	return text;
}

static void test_digits(void **state)
{
	struct lxa_dataset d;
	struct lxa_err err;
	char *text = digits_text(23);

	for (int zip = 0; zip < 2; zip++) {
		put("digits.csv.gz", text, strlen(text), zip);
		assert_int_equal(lxa_data_load("digits", dir, LXA_SPLIT_ALL, &d, &err), 0);
		assert_int_equal(d.n, 23);
		assert_int_equal(d.h * 100 + d.w * 10 + d.c, 881);
		for (int i = 0; i < 23; i++) {
			assert_int_equal(d.labels[i], i % 10);
			for (int k = 0; k < 64; k++)
				assert_int_equal(d.pixels[i * 64 + k], digit_pixel(i, k));
		}
		lxa_data_free(&d);
	}
	/* the test split: 4, 9, 14, 19 */
	assert_int_equal(lxa_data_load("digits", dir, LXA_SPLIT_TEST, &d, &err), 0);
	assert_int_equal(d.n, 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(d.labels[i], (4 + 5 * i) % 10);
		assert_int_equal(d.pixels[i * 64 + 5], digit_pixel(4 + 5 * i, 5));
	}
	lxa_data_free(&d);
	assert_int_equal(lxa_data_load("digits", dir, LXA_SPLIT_TRAIN, &d, &err), 0);
	assert_int_equal(d.n, 19);
	assert_int_equal(d.labels[4], 5);
	lxa_data_free(&d);
	assert_string_equal(lxa_data_detect(dir), "digits");
	unlink(at("digits.csv.gz"));
	assert_null(lxa_data_detect(dir));
	free(text);
}

static void digits_fails(const char *text, const char *part)
{
	struct lxa_dataset d;
	struct lxa_err err = { "" };

	put("bad.csv", text, strlen(text), 0);
	assert_int_equal(lxa_data_read_digits(at("bad.csv"), &d, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "bad.csv"));
	if (!strstr(err.text, part))
		fail_msg("'%s' does not say '%s'", err.text, part);
	assert_null(d.pixels);
	assert_null(d.labels);
}

static void test_digits_broken(void **state)
{
	char *text = digits_text(3), *copy = malloc(4096);
	struct lxa_dataset d;
	struct lxa_err err;

	digits_fails("", "no images");
	digits_fails("\n", "line 1, value 1");
	digits_fails("x", "line 1, value 1");
	digits_fails("1,2,3\n", "line 1, value 3");
	strcpy(copy, text);
	strcpy(copy + strlen(copy) - 2, "\n");			/* no label */
	digits_fails(copy, "line 3, value 65");
	strcpy(copy, text);
	strcpy(copy + strlen(copy) - 2, "10\n");		/* a label too large */
	digits_fails(copy, "line 3, value 65");
	snprintf(copy, 4096, "17,%s", text + 2);		/* a pixel too large */
	digits_fails(copy, "line 1, value 1:");
	snprintf(copy, 4096, "-1,%s", text + 2);
	digits_fails(copy, "line 1, value 1:");
	snprintf(copy, 4096, "00000000000000000001,%s", text + 2);
	digits_fails(copy, "line 1, value 1:");
	strcpy(copy, text);
	strcpy(copy + strlen(copy) - 1, ",5\n");		/* a value too many */
	digits_fails(copy, "line 3, value 65");
	put("nul.csv", "1,2\0,3", 6, 0);
	assert_int_equal(lxa_data_read_digits(at("nul.csv"), &d, &err), -EBADMSG);
	assert_int_equal(lxa_data_read_digits(at("none.csv"), &d, &err), -ENOENT);
	assert_non_null(strstr(err.text, "none.csv"));
	strcpy(copy, text);
	copy[strlen(copy) - 1] = 0;				/* no newline at the end: fine */
	put("short.csv", copy, strlen(copy), 0);
	assert_int_equal(lxa_data_read_digits(at("short.csv"), &d, &err), 0);
	assert_int_equal(d.n, 3);
	lxa_data_free(&d);
	free(text);
	free(copy);
}

/* Every prefix of a gzip file is an error, and a flipped bit in its data, too. */
static void test_gzip_broken(void **state)
{
	char *text = digits_text(40);
	uint8_t whole[16384];
	struct lxa_dataset d;
	struct lxa_err err;
	size_t n;
	FILE *f;

	put("whole.gz", text, strlen(text), 1);
	f = fopen(at("whole.gz"), "rb");
	n = fread(whole, 1, sizeof(whole), f);
	fclose(f);
	assert_true(n > 100 && n < sizeof(whole));
	for (size_t cut = 0; cut < n; cut += cut < 32 || n - cut < 32 ? 1 : 17) {
		put("cut.gz", whole, cut, 0);
		assert_int_equal(lxa_data_read_digits(at("cut.gz"), &d, &err), -EBADMSG);
		assert_non_null(strstr(err.text, "cut.gz"));
	}
	whole[n / 2] ^= 0x10;
	put("flip.gz", whole, n, 0);
	assert_int_equal(lxa_data_read_digits(at("flip.gz"), &d, &err), -EBADMSG);
	free(text);
}

static void be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* n images of 3x2 and n labels. */
static size_t idx_images(uint8_t *out, uint32_t n)
{
	be32(out, 0x803);
	be32(out + 4, n);
	be32(out + 8, 3);
	be32(out + 12, 2);
	for (uint32_t i = 0; i < n * 6; i++)
		out[16 + i] = (uint8_t)(i * 37);
	return 16 + n * 6;
}

static size_t idx_labels(uint8_t *out, uint32_t n)
{
	be32(out, 0x801);
	be32(out + 4, n);
	for (uint32_t i = 0; i < n; i++)
		out[8 + i] = (uint8_t)(i % 10);
	return 8 + n;
}

static void test_idx(void **state)
{
	uint8_t img[256], lab[64];
	struct lxa_dataset d;
	struct lxa_err err;

	assert_int_equal(mkdir(at("mnist"), 0700), 0);
	put("mnist/t10k-images-idx3-ubyte.gz", img, idx_images(img, 7), 1);
	put("mnist/t10k-labels-idx1-ubyte", lab, idx_labels(lab, 7), 0);
	assert_string_equal(lxa_data_detect(dir), "mnist");
	assert_int_equal(lxa_data_load("mnist", dir, LXA_SPLIT_TEST, &d, &err), 0);
	assert_int_equal(d.n, 7);
	assert_int_equal(d.h, 3);
	assert_int_equal(d.w, 2);
	for (int i = 0; i < 42; i++)
		assert_int_equal(d.pixels[i], (uint8_t)(i * 37));
	assert_int_equal(d.labels[6], 6);
	lxa_data_free(&d);
	assert_int_equal(lxa_data_load("mnist", dir, LXA_SPLIT_TRAIN, &d, &err), -ENOENT);
	assert_non_null(strstr(err.text, "train-images"));
	assert_int_equal(lxa_data_load("mnist", dir, LXA_SPLIT_ALL, &d, &err), -EINVAL);
	assert_int_equal(lxa_data_load("cats", dir, LXA_SPLIT_ALL, &d, &err), -EINVAL);
}

static void idx_fails(const uint8_t *img, size_t n_img, const uint8_t *lab, size_t n_lab, const char *part)
{
	struct lxa_dataset d;
	struct lxa_err err;

	put("img", img, n_img, 0);
	put("lab", lab, n_lab, 0);
	assert_int_equal(lxa_data_read_idx(at("img"), at("lab"), &d, &err), -EBADMSG);
	if (!strstr(err.text, part))
		fail_msg("'%s' does not say '%s'", err.text, part);
	assert_null(d.pixels);
	assert_null(d.labels);
}

static void test_idx_broken(void **state)
{
	uint8_t img[256], lab[64];
	size_t ni = idx_images(img, 7), nl = idx_labels(lab, 7);

	for (size_t cut = 0; cut < ni; cut++)
		idx_fails(img, cut, lab, nl, "img");
	for (size_t cut = 0; cut < nl; cut++)
		idx_fails(img, ni, lab, cut, "lab");
	idx_fails(img, ni + 1, lab, nl, "its header says 42");
	idx_fails(lab, nl, lab, nl, "not an IDX file");
	be32(img, 0xd03);					/* floats */
	idx_fails(img, ni, lab, nl, "not an IDX file");
	idx_images(img, 7);
	be32(img + 4, 0xffffffff);
	idx_fails(img, ni, lab, nl, "dimension 0");
	idx_images(img, 7);
	be32(img + 8, 0);
	idx_fails(img, ni, lab, nl, "dimension 1");
	idx_images(img, 7);
	lab[8 + 3] = 10;
	idx_fails(img, ni, lab, nl, "label 3 is 10");
	nl = idx_labels(lab, 6);
	idx_fails(img, ni, lab, nl, "6 labels for the 7 images");
}

#define CIFAR_IMAGE (1 + 3 * 32 * 32)

/* n images whose labels go up from `label`; a pixel tells its image and place. */
static size_t cifar(uint8_t *out, int n, int label)
{
	for (int i = 0; i < n; i++) {
		out[i * CIFAR_IMAGE] = (uint8_t)((label + i) % 10);
		for (int k = 1; k < CIFAR_IMAGE; k++)
			out[i * CIFAR_IMAGE + k] = (uint8_t)(i * 5 + k * 3);
	}
	return (size_t)n * CIFAR_IMAGE;
}

static void test_cifar(void **state)
{
	static uint8_t data[8 * CIFAR_IMAGE];
	struct lxa_dataset d;
	struct lxa_err err;

	assert_int_equal(lxa_data_load("cifar10", dir, LXA_SPLIT_TEST, &d, &err), -ENOENT);
	assert_non_null(strstr(err.text, "train_first4000.bin"));
	assert_int_equal(mkdir(at("cifar10"), 0700), 0);
	put("cifar10/train_first4000.bin.gz", data, cifar(data, 6, 2), 1);
	assert_int_equal(lxa_data_load("cifar10", dir, LXA_SPLIT_TEST, &d, &err), 0);
	assert_string_equal(d.split, "first 4000 training images");
	assert_int_equal(d.n, 6);
	assert_int_equal(d.c * 10000 + d.h * 100 + d.w, 33232);
	assert_int_equal(d.labels[5], 7);
	assert_int_equal(d.pixels[5 * (CIFAR_IMAGE - 1) + 2000], (uint8_t)(5 * 5 + 2001 * 3));
	lxa_data_free(&d);
	/* batches of the training split that are there, one after the other; the test split is a file of its own */
	put("cifar10/data_batch_1.bin", data, cifar(data, 3, 0), 0);
	put("cifar10/data_batch_3.bin", data, cifar(data, 2, 5), 0);
	put("cifar10/test_batch.bin", data, cifar(data, 1, 9), 0);
	assert_int_equal(lxa_data_load("cifar10", dir, LXA_SPLIT_TRAIN, &d, &err), 0);
	assert_string_equal(d.split, "training split");
	assert_int_equal(d.n, 5);
	assert_int_equal(d.labels[2], 2);
	assert_int_equal(d.labels[4], 6);
	assert_int_equal(d.pixels[4 * (CIFAR_IMAGE - 1)], (uint8_t)(5 + 3));
	lxa_data_free(&d);
	assert_int_equal(lxa_data_load("cifar10", dir, LXA_SPLIT_TEST, &d, &err), 0);
	assert_int_equal(d.n, 1);
	assert_string_equal(d.split, "test split");
	lxa_data_free(&d);
	assert_int_equal(lxa_data_load("cifar10", dir, LXA_SPLIT_ALL, &d, &err), -EINVAL);
	/* broken ones */
	put("cifar10/test_batch.bin", data, 2 * CIFAR_IMAGE - 1, 0);
	assert_int_equal(lxa_data_load("cifar10", dir, LXA_SPLIT_TEST, &d, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "6145 bytes"));
	assert_null(d.pixels);
	data[CIFAR_IMAGE] = 10;
	put("cifar10/test_batch.bin", data, 2 * CIFAR_IMAGE, 0);
	assert_int_equal(lxa_data_load("cifar10", dir, LXA_SPLIT_TEST, &d, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "label 1 is 10"));
	put("cifar10/test_batch.bin", data, 0, 0);
	assert_int_equal(lxa_data_load("cifar10", dir, LXA_SPLIT_TEST, &d, &err), -EBADMSG);
}

static void test_tensor(void **state)
{
	struct lxa_pixels px = { .n_mean = 3, .mean = { 1, 2, 3 }, .n_std = 1, .std = { 2 } };
	uint8_t pixels[] = { 0, 1, 2, 3, 4, 5, 255, 7, 8, 9, 10, 11 }, labels[] = { 0, 1 };
	struct lxa_dataset d = { .name = "set", .n = 2, .c = 3, .h = 1, .w = 2, .pixels = pixels, .labels = labels };
	struct lxa_err err;
	struct lxa_tensor t;

	assert_int_equal(lxa_data_tensor(&d, 1, 1, NULL, &t, &err), 0);
	assert_int_equal(t.dims[0] * 1000 + t.dims[1] * 100 + t.dims[2] * 10 + t.dims[3], 1312);
	assert_true(((float *)t.data)[0] == 255 && ((float *)t.data)[5] == 11);
	lxa_tensor_free(&t);
	assert_int_equal(lxa_data_tensor(&d, 0, 2, &px, &t, &err), 0);
	assert_true(((float *)t.data)[0] == -0.5f && ((float *)t.data)[3] == 0.5f && ((float *)t.data)[6] == 127 &&
		    ((float *)t.data)[11] == 4);
	lxa_tensor_free(&t);
	assert_int_equal(lxa_data_tensor(&d, 1, 2, &px, &t, &err), -EINVAL);
	px.n_std = 2;
	assert_int_equal(lxa_data_tensor(&d, 0, 1, &px, &t, &err), -EINVAL);
	assert_non_null(strstr(err.text, "3 channels"));
}

static void test_limit(void **state)
{
	uint8_t zeros[1000] = { 0 }, *data;
	struct lxa_err err;
	size_t n;

	put("zeros", zeros, 1000, 1);
	assert_int_equal(lxa_data_read_file(at("zeros"), 999, &data, &n, &err), -EFBIG);
	assert_int_equal(lxa_data_read_file(at("zeros"), 1000, &data, &n, &err), 0);
	assert_int_equal(n, 1000);
	free(data);
}

static int start(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int finish(void **state)
{
	char cmd[64];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digits), cmocka_unit_test(test_digits_broken), cmocka_unit_test(test_gzip_broken),
		cmocka_unit_test(test_idx), cmocka_unit_test(test_idx_broken), cmocka_unit_test(test_limit),
		cmocka_unit_test(test_cifar), cmocka_unit_test(test_tensor),
	};

	return cmocka_run_group_tests(tests, start, finish);
}
