/* SPDX-License-Identifier: MIT */
/*
 * dump.h - a device coredump (driver/uapi/lxa_dump.h), read and checked, and printed.
 * dump_read() believes nothing: afterwards every pointer leads to `count` whole elements inside the file.
 */
#ifndef LXA_CLI_DUMP_H
#define LXA_CLI_DUMP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../../driver/uapi/lxa.h"
#include "../../driver/uapi/lxa_dump.h"

struct dump_array {			/* elements may be longer than the struct known here */
	const uint8_t *data;
	uint32_t item_bytes;
	uint64_t count;
};

struct dump {
	struct lxa_dump_head head;
	struct lxa_dump_event event;
	struct lxa_dump_counters counters;
	struct dump_array regs, jobs, descs, cpls;
};

/* 0, or -1 and a sentence that says what is wrong and at which byte of the file. *d points into data. */
int dump_read(const void *data, size_t len, struct dump *d, char *err, size_t err_len);

/* For a person; nothing of it can fail. */
void dump_print(FILE *f, const struct dump *d);

/* Element i of an array, whole or as much as it has of it. */
struct lxa_dump_reg dump_reg(const struct dump *d, uint64_t i);
struct lxa_dump_job dump_job(const struct dump *d, uint64_t i);

#endif
