/* SPDX-License-Identifier: MIT */
/* trace.c - writes the command log. Every line starts with the cycle; the rest is "what name value" for awk and people. */
#include "trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#include "desc.h"

#define R(name) { LXA_REG_##name, #name }
static const struct {
	uint32_t off;
	const char *name;
} reg_names[] = {
	R(ID), R(CFG_SHIFT), R(CFG_XNOR), R(CFG_OUT), R(CFG_ACT), R(CFG_ACC), R(CFG_WGT), R(CFG_BUS), R(CFG_MODES),
	R(CFG_RING), R(CTRL), R(STATUS), R(IRQ_STATUS), R(IRQ_MASK), R(RING_BASE_LO), R(RING_BASE_HI), R(RING_LOG2),
	R(RING_HEAD), R(RING_TAIL), R(CPL_BASE_LO), R(CPL_BASE_HI), R(CPL_COUNT), R(PROGRESS), R(ERR_STATUS), R(ERR_SEQ),
	R(ERR_STREAM), R(ERR_ADDR_LO), R(ERR_ADDR_HI), R(CUR_SEQ), R(CNT_CYCLES_LO), R(CNT_BUSY_LO), R(CNT_ST_WGT_LO),
	R(CNT_ST_ACT_LO), R(CNT_ST_RD_LO), R(CNT_ST_OUT_LO), R(CNT_ST_WR_LO), R(CNT_ST_PIPE_LO), R(CNT_ST_CMD_LO),
	R(CNT_IDLE_LO), R(CNT_MACS_LO), R(CNT_RD_BYTES_LO), R(CNT_WR_BYTES_LO), R(CNT_JOBS_LO),
};

static const char *reg_name(uint32_t off)
{
	size_t i;

	for (i = 0; i < sizeof(reg_names) / sizeof(reg_names[0]); i++)
		if (reg_names[i].off == off)
			return reg_names[i].name;
	return "-";
}

int trace_open(struct trace *t, const char *path, uint64_t first, uint64_t jobs)
{
	FILE *f = NULL;

	if (path) {
		f = fopen(path, "w");
		if (!f)
			return -errno;
		fputs("# cycle event ...  (values in hex; job: descriptor taken, done: completion record written)\n", f);
	}
	if (t->log)
		fclose(t->log);
	t->log = f;
	t->first = first;
	t->jobs = jobs;
	return 0;
}

int trace_on(const struct trace *t)
{
	return !t->jobs || (t->started > t->first && t->done < t->first + t->jobs);
}

void trace_line(struct trace *t, uint64_t cycle, const char *fmt, ...)
{
	va_list ap;

	if (!t->log || !trace_on(t))
		return;
	fprintf(t->log, "%" PRIu64 " ", cycle);
	va_start(ap, fmt);
	vfprintf(t->log, fmt, ap);
	va_end(ap);
	fputc('\n', t->log);
}

void trace_reg(struct trace *t, uint64_t cycle, int write, uint32_t off, uint32_t val)
{
	if (t->log)
		trace_line(t, cycle, "%s %03x %s %08x", write ? "write" : "read", off, reg_name(off), val);
}

void trace_desc(struct trace *t, uint64_t cycle, const uint32_t *d)
{
	if (!t->log)
		return;
	trace_line(t, cycle,
		   "job %" PRIu64 " seq %08x op %u lane %u fmt %u*%u kind %u in %ux%u conv %ux%u out %ux%u batch %u kernel %ux%u "
		   "ocb %u icb %u act %" PRIx64 " wgt %" PRIx64 " par %" PRIx64 " out %" PRIx64,
		   t->started - 1, d[1], (unsigned int)desc_get(d, LXA_D_OP), (unsigned int)desc_get(d, LXA_D_LANE),
		   (unsigned int)desc_get(d, LXA_D_ACT_FMT), (unsigned int)desc_get(d, LXA_D_WGT_FMT),
		   (unsigned int)desc_get(d, LXA_D_KIND), (unsigned int)desc_get(d, LXA_D_IN_H),
		   (unsigned int)desc_get(d, LXA_D_IN_W), (unsigned int)desc_get(d, LXA_D_CONV_H),
		   (unsigned int)desc_get(d, LXA_D_CONV_W), (unsigned int)desc_get(d, LXA_D_OUT_H),
		   (unsigned int)desc_get(d, LXA_D_OUT_W), (unsigned int)desc_get(d, LXA_D_BATCH),
		   (unsigned int)desc_get(d, LXA_D_KH), (unsigned int)desc_get(d, LXA_D_KW),
		   (unsigned int)desc_get(d, LXA_D_OCB), (unsigned int)desc_get(d, LXA_D_ICB), desc_get(d, LXA_D_ACT_ADDR),
		   desc_get(d, LXA_D_WGT_ADDR), desc_get(d, LXA_D_PAR_ADDR), desc_get(d, LXA_D_OUT_ADDR));
}

void trace_cpl(struct trace *t, uint64_t cycle, const uint32_t *r)
{
	uint64_t c = r[LXA_C_CYCLES] | (uint64_t)r[LXA_C_CYCLES + 1] << 32;
	uint64_t b = r[LXA_C_BUSY] | (uint64_t)r[LXA_C_BUSY + 1] << 32;
	uint64_t m = r[LXA_C_MACS] | (uint64_t)r[LXA_C_MACS + 1] << 32;

	if (!t->log)
		return;
	trace_line(t, cycle, "done %08x seq %08x status %u stream %u cycles %" PRIu64 " busy %" PRIu64 " macs %" PRIu64,
		   r[LXA_C_COUNT], r[LXA_C_SEQ], r[LXA_C_STATUS], r[LXA_C_STREAM], c, b, m);
}
