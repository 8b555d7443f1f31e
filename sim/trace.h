/* SPDX-License-Identifier: MIT */
/* trace.h - the command log: one line a register access, descriptor, completion, interrupt change and fault. */
#ifndef LXA_SIM_TRACE_H
#define LXA_SIM_TRACE_H

#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct trace {
	FILE *log;			/* NULL: off */
	uint64_t first, jobs;		/* jobs to record; jobs == 0: everything */
	uint64_t started, done;		/* jobs since creation */
};

int trace_open(struct trace *t, const char *path, uint64_t first, uint64_t jobs); /* path NULL: close */
int trace_on(const struct trace *t);	/* 1 inside the range of jobs */
void trace_reg(struct trace *t, uint64_t cycle, int write, uint32_t off, uint32_t val);
void trace_desc(struct trace *t, uint64_t cycle, const uint32_t *desc);
void trace_cpl(struct trace *t, uint64_t cycle, const uint32_t *rec);
void trace_line(struct trace *t, uint64_t cycle, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif
#endif
