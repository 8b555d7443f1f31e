// SPDX-License-Identifier: MIT
/* dump_print.c - a coredump for a person: what happened, whose job it was, what each part was doing, then all of the state. */
#include "dump.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "../../driver/lxa_regs.h"
#include "names.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const counter_names[] = {
	"cycles", "busy", "waits for weights", "waits for activations", "waits for read bandwidth", "waits for the output stage",
	"waits for write bandwidth", "waits for itself", "has no job", "idle", "MACs", "bytes read", "bytes written", "jobs",
};

/* ---- looking things up -------------------------------------------------------------------------------------------- */

static int reg_find(const struct dump *d, uint32_t offset, uint32_t *value)
{
	for (uint64_t i = 0; i < d->regs.count; i++) {
		struct lxa_dump_reg r = dump_reg(d, i);

		if (r.offset == offset) {
			*value = r.value;
			return 1;
		}
	}
	*value = 0;
	return 0;
}

static uint32_t reg(const struct dump *d, uint32_t offset)
{
	uint32_t v;

	reg_find(d, offset, &v);
	return v;
}

static const char *value_name(const char *group, uint64_t value)
{
	for (size_t i = 0; *group && i < COUNT(enum_names); i++)
		if (!strcmp(enum_names[i].group, group) && enum_names[i].value == value)
			return enum_names[i].name;
	return NULL;
}

static const char *error_name(int32_t error)
{
	switch (error) {
	case -ETIMEDOUT: return "ETIMEDOUT";
	case -EIO: return "EIO";
	case -EFAULT: return "EFAULT";
	default: return "an error of its own";
	}
}

static uint64_t bits(const uint32_t *words, const struct field_name *f)
{
	uint64_t v = words[f->word] >> f->lsb;

	if (f->width == 64)
		return v | (uint64_t)words[f->word + 1] << 32;
	return f->width == 32 ? v : v & ((1u << f->width) - 1);
}

static uint64_t field(const uint32_t *words, const struct field_name *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i].name, name))
			return bits(words, &names[i]);
	return 0;
}

/* Entry i of a ring, or 0 when the dump has none. */
static int ring_entry(const struct dump_array *a, uint64_t i, uint32_t *words, size_t bytes)
{
	if (i >= a->count)
		return 0;
	memcpy(words, a->data + i * a->item_bytes, bytes);
	return 1;
}

/* ---- what happened --------------------------------------------------------------------------------------------------- */

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

static void print_cause(FILE *f, const struct dump *d)
{
	static const char *const platform[] = { "?", "RTL simulation", "functional model", "hardware" };
	const struct lxa_dump_event *e = &d->event;

	fprintf(f, "%s (%s), register map %u.%u, %.3f s after boot, reset number %llu\n", e->device,
		platform[e->platform < COUNT(platform) ? e->platform : 0], e->hw_id >> 8 & 0xff, e->hw_id & 0xff,
		seconds(d->head.time_ns), (unsigned long long)e->resets + 1);
	fprintf(f, "cause      ");
	switch (e->cause) {
	case LXA_DUMP_HANG:
		fprintf(f, "hang: no progress for %.3f s (timeout_ms %u)\n", seconds(e->still_ns), e->timeout_ms);
		break;
	case LXA_DUMP_TOO_LONG:
		fprintf(f, "a job ran for %.3f s (hard_cap_ms %u); progress %.3f s ago\n", seconds(e->oldest_ns),
			e->hard_cap_ms, seconds(e->still_ns));
		break;
	case LXA_DUMP_ERROR:
		fprintf(f, "the device reported an error and stopped\n");
		break;
	case LXA_DUMP_NONSENSE:
		fprintf(f, "a completion record, or CPL_COUNT, that cannot be\n");
		break;
	default:
		fprintf(f, "number %u, unknown to this command\n", e->cause);
	}
}

static void print_guilty(FILE *f, const struct dump *d)
{
	const struct lxa_dump_event *e = &d->event;

	if (!e->guilty_known) {
		fprintf(f, "guilty     named by its completion record, below; nobody in the ring\n");
		return;
	}
	fprintf(f, "guilty     job seq %u", e->guilty_seq);
	for (uint64_t i = 0; i < d->jobs.count; i++) {
		struct lxa_dump_job j = dump_job(d, i);

		if (j.seq == e->guilty_seq)
			fprintf(f, ": file %u, context %u, job %" PRIu64 ", user %#" PRIx64, j.file, j.ctx, (uint64_t)j.seqno, (uint64_t)j.user);
	}
	fprintf(f, ": ends with %s (%s)\n", error_name(e->error), strerror(-e->error));
}

/* ---- what each part was doing ------------------------------------------------------------------------------------------ */

static void print_command(FILE *f, const struct dump *d)
{
	uint32_t head = reg(d, LXA_REG_RING_HEAD), tail = reg(d, LXA_REG_RING_TAIL), done = reg(d, LXA_REG_CPL_COUNT);

	fprintf(f, "  command    %s; descriptors read %u of %u, records written %u (driver: %u of %u)",
		reg(d, LXA_REG_CTRL) & LXA_CTRL_ENABLE_MASK ? "enabled" : "off", head, tail, done, d->event.done, d->event.tail);
	if (head != done)
		fprintf(f, "; oldest not complete: seq %u", reg(d, LXA_REG_CUR_SEQ));
	fprintf(f, "\n");
}

/* The counter that moved between the two looks tells. */
static void print_array(FILE *f, const struct dump *d)
{
	const struct lxa_dump_counters *c = &d->counters;
	uint64_t cycles = c->second[LXA_CNT_CYCLES] - c->first[LXA_CNT_CYCLES];
	int any = 0;

	fprintf(f, "  array      ");
	if (!cycles) {
		fprintf(f, "its clock stood still between two looks\n");
		return;
	}
	fprintf(f, "in %" PRIu64 " cycles between two looks:", cycles);
	for (int i = LXA_CNT_BUSY; i <= LXA_CNT_IDLE; i++) {
		uint64_t n = c->second[i] - c->first[i];

		if (n) {
			fprintf(f, "%s %s %" PRIu64, any ? "," : "", counter_names[i], n);
			any = 1;
		}
	}
	fprintf(f, "\n");
}

static void print_memory(FILE *f, const struct dump *d)
{
	const struct lxa_dump_counters *c = &d->counters;
	uint64_t rd = c->second[LXA_CNT_RD_BYTES] - c->first[LXA_CNT_RD_BYTES];
	uint64_t wr = c->second[LXA_CNT_WR_BYTES] - c->first[LXA_CNT_WR_BYTES];

	fprintf(f, "  memory     %" PRIu64 " bytes read, %" PRIu64 " written between two looks\n", rd, wr);
}

/* Which job's which operand the address lies in. */
static void print_address(FILE *f, const struct dump *d, uint64_t addr)
{
	static const char *const operand[] = { "ACT", "WGT", "PAR", "OUT", "RES" };
	char name[16];

	for (uint64_t i = 0; i < d->jobs.count; i++) {
		struct lxa_dump_job j = dump_job(d, i);
		uint32_t w[LXA_DESC_WORDS];

		if (!ring_entry(&d->descs, j.slot, w, sizeof(w)))
			continue;
		for (size_t k = 0; k < COUNT(operand); k++) {
			uint64_t base, size;

			snprintf(name, sizeof(name), "%s_ADDR", operand[k]);
			base = field(w, desc_names, COUNT(desc_names), name);
			snprintf(name, sizeof(name), "%s_SIZE", operand[k]);
			size = field(w, desc_names, COUNT(desc_names), name);
			if (addr - base < size)
				fprintf(f, "; byte %" PRIu64 " of %s of seq %u", addr - base, operand[k], j.seq);
		}
	}
}

static void print_error(FILE *f, const struct dump *d)
{
	uint32_t status = reg(d, LXA_REG_ERR_STATUS), stream = reg(d, LXA_REG_ERR_STREAM);
	uint64_t addr = reg(d, LXA_REG_ERR_ADDR_LO) | (uint64_t)reg(d, LXA_REG_ERR_ADDR_HI) << 32;
	const char *s = value_name("STATUS", status), *t = value_name("STREAM", stream);

	fprintf(f, "  error      ");
	if (!(reg(d, LXA_REG_STATUS) & LXA_STATUS_ERROR_MASK)) {
		fprintf(f, "none\n");
		return;
	}
	fprintf(f, "%s, stream %s, seq %u, address %#" PRIx64, s ? s : "?", t ? t : "?", reg(d, LXA_REG_ERR_SEQ), addr);
	print_address(f, d, addr);
	fprintf(f, "\n");
}

/* ---- all of it --------------------------------------------------------------------------------------------------------- */

static void print_job_row(FILE *f, const struct lxa_dump_job *j)
{
	fprintf(f, "  %4u  %8u  %4u  %4u  %6" PRIu64 "  %#18" PRIx64 "  %s%s\n", j->slot, j->seq, j->file, j->ctx,
		(uint64_t)j->seqno, (uint64_t)j->user,
		j->flags & LXA_DUMP_JOB_GUILTY ? "guilty" : j->flags & (LXA_DUMP_JOB_ABORTED | LXA_DUMP_JOB_CLOSED) ?
		"ends with the guilty one's context" : "will run again", j->flags & LXA_DUMP_JOB_CLOSED ? ", closed" : "");
}

static void print_value(FILE *f, const struct field_name *n, uint64_t v)
{
	const char *name = value_name(n->group, v);

	if (name)
		fprintf(f, "%s", name);
	else if (n->width == 64)
		fprintf(f, "%#" PRIx64, v);
	else if (n->is_signed && v >> (n->width - 1))
		fprintf(f, "-%" PRIu64, ((uint64_t)1 << n->width) - v);
	else
		fprintf(f, "%" PRIu64, v);
}

/* The fields that are not 0 (and those with names for their values), as many to a line as fit. */
static void print_fields(FILE *f, const uint32_t *words, const struct field_name *names, size_t n)
{
	int column = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t v = bits(words, &names[i]);

		if (!v && !*names[i].group)
			continue;
		if (!column)
			fprintf(f, "   ");
		fprintf(f, " %s=", names[i].name);
		print_value(f, &names[i], v);
		column = (column + 1) % 8;
		if (!column)
			fprintf(f, "\n");
	}
	if (column)
		fprintf(f, "\n");
}

static void print_jobs(FILE *f, const struct dump *d)
{
	uint32_t w[LXA_DESC_WORDS];

	fprintf(f, "\njobs in the ring, oldest first\n  slot       seq  file   ctx     job                user  fate\n");
	for (uint64_t i = 0; i < d->jobs.count; i++) {
		struct lxa_dump_job j = dump_job(d, i);

		print_job_row(f, &j);
	}
	for (uint64_t i = 0; i < d->jobs.count; i++) {
		struct lxa_dump_job j = dump_job(d, i);

		if (!ring_entry(&d->descs, j.slot, w, sizeof(w)))
			continue;
		fprintf(f, "\ndescriptor of seq %u, slot %u\n", j.seq, j.slot);
		print_fields(f, w, desc_names, COUNT(desc_names));
	}
}

static void print_records(FILE *f, const struct dump *d)
{
	uint32_t w[LXA_CPL_WORDS];

	fprintf(f, "\ncompletion records since the last reset\n");
	for (uint64_t i = 0; i < d->cpls.count; i++) {
		ring_entry(&d->cpls, i, w, sizeof(w));
		if (!w[LXA_C_COUNT] && !w[LXA_C_SEQ])
			continue;
		fprintf(f, "  slot %" PRIu64 "\n", i);
		print_fields(f, w, cpl_names, COUNT(cpl_names));
	}
}

static void print_regs(FILE *f, const struct dump *d)
{
	fprintf(f, "\nregisters\n");
	for (uint64_t i = 0; i < d->regs.count; i++) {
		struct lxa_dump_reg r = dump_reg(d, i);
		const char *name = "?", *value = NULL;

		if (r.offset >= LXA_REG_CNT_CYCLES_LO)
			continue;	/* the counters, below */
		for (size_t k = 0; k < COUNT(reg_names); k++)
			if (reg_names[k].offset == r.offset) {
				name = reg_names[k].name;
				value = value_name(reg_names[k].group, r.value);
			}
		fprintf(f, "  %03x  %-14s %08x%s%s\n", r.offset, name, r.value, value ? "  " : "", value ? value : "");
	}
	fprintf(f, "\ncounters since the last reset\n");
	for (size_t i = 0; i < COUNT(counter_names); i++)
		fprintf(f, "  %-28s %" PRIu64 "\n", counter_names[i], (uint64_t)d->counters.first[i]);
}

void dump_print(FILE *f, const struct dump *d)
{
	print_cause(f, d);
	print_guilty(f, d);
	fprintf(f, "\nwhat the parts were doing\n");
	print_command(f, d);
	print_array(f, d);
	print_memory(f, d);
	print_error(f, d);
	print_jobs(f, d);
	print_records(f, d);
	print_regs(f, d);
}
