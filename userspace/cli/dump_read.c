// SPDX-License-Identifier: MIT
/* dump_read.c - a coredump's file format: checks of the head, the table of sections, each section, and all checksums. */
#include "dump.h"

#include <stdarg.h>
#include <string.h>
#include <zlib.h>

#include "../../driver/lxa_regs.h"

#define SECTIONS_MAX 1024u

struct reader {
	const uint8_t *data;
	uint64_t len;
	char *err;
	size_t err_len;
};

static int bad(const struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int bad(const struct reader *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->err, r->err_len, fmt, ap);
	va_end(ap);
	return -1;
}

#define U(x) ((unsigned long long)(x))

static int read_head(const struct reader *r, struct lxa_dump_head *h)
{
	uint64_t table;

	if (r->len < sizeof(*h))
		return bad(r, "ends at byte %llu, within the head of %zu bytes", U(r->len), sizeof(*h));
	memcpy(h, r->data, sizeof(*h));
	if (memcmp(h->magic, LXA_DUMP_MAGIC, sizeof(h->magic)))
		return bad(r, "byte 0: no " LXA_DUMP_MAGIC ": not a coredump of an LXA device");
	if (h->version != LXA_DUMP_VERSION)
		return bad(r, "byte 8: version %u, this command reads version %u", h->version, LXA_DUMP_VERSION);
	if (h->head_bytes < sizeof(*h) || h->head_bytes % 8 || h->head_bytes > r->len)
		return bad(r, "byte 12: a head of %u bytes", h->head_bytes);
	if (h->section_bytes < sizeof(struct lxa_dump_section) || h->section_bytes % 8 || h->section_bytes > 4096)
		return bad(r, "byte 16: table entries of %u bytes", h->section_bytes);
	if (h->sections > SECTIONS_MAX)
		return bad(r, "byte 20: %u sections", h->sections);
	if (h->bytes != r->len)
		return bad(r, "the file has %llu bytes, its head (byte 24) says %llu: it is %s", U(r->len), U(h->bytes),
			   r->len < h->bytes ? "cut short" : "too long");
	table = (uint64_t)h->section_bytes * h->sections;
	if (table > r->len - h->head_bytes)
		return bad(r, "byte 20: a table of %llu bytes does not fit into the file", U(table));
	return 0;
}

static int check_head_crc(const struct reader *r, const struct lxa_dump_head *h)
{
	struct lxa_dump_head zeroed = *h;
	uint64_t rest = h->head_bytes - sizeof(*h) + (uint64_t)h->section_bytes * h->sections;
	uLong crc;

	zeroed.crc = 0;
	crc = crc32(0, (const uint8_t *)&zeroed, sizeof(zeroed));
	crc = crc32(crc, r->data + sizeof(*h), (uInt)rest);
	if (crc != h->crc)
		return bad(r, "bytes 0 to %llu (head and table of sections): checksum is %08lx, should be %08x",
			   U(sizeof(*h) + rest), crc, h->crc);
	return 0;
}

static struct lxa_dump_section section(const struct reader *r, const struct lxa_dump_head *h, uint32_t i)
{
	struct lxa_dump_section s;

	memcpy(&s, r->data + h->head_bytes + (uint64_t)i * h->section_bytes, sizeof(s));
	return s;
}

static const char *section_name(uint32_t type)
{
	static const char *const names[] = { "?", "event", "registers", "counters", "jobs", "descriptors", "completions" };

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : "of an unknown type";
}

/* The bytes of one section and of the gap behind it lie in the file, behind the table, and are what was written. */
static int check_section(const struct reader *r, const struct lxa_dump_head *h, uint32_t i, uint64_t begin)
{
	struct lxa_dump_section s = section(r, h, i);
	uint64_t at = h->head_bytes + (uint64_t)i * h->section_bytes, end = r->len;
	uLong crc;

	if (i + 1 < h->sections)
		end = section(r, h, i + 1).offset;
	if (s.offset % 8 || s.offset != begin)
		return bad(r, "byte %llu: section %u (%s) is at %llu, should follow at %llu", U(at), i, section_name(s.type),
			   U(s.offset), U(begin));
	if (end > r->len || end < s.offset || s.bytes > end - s.offset)
		return bad(r, "byte %llu: section %u (%s), bytes %llu and %llu on, leaves its place", U(at), i,
			   section_name(s.type), U(s.offset), U(s.bytes));
	if (!s.item_bytes || s.bytes % s.item_bytes)
		return bad(r, "byte %llu: section %u (%s) has %llu bytes in elements of %u", U(at), i, section_name(s.type),
			   U(s.bytes), s.item_bytes);
	crc = crc32(0, r->data + s.offset, (uInt)(end - s.offset));
	if (crc != s.crc)
		return bad(r, "bytes %llu to %llu (section %u, %s): checksum is %08lx, should be %08x", U(s.offset), U(end), i,
			   section_name(s.type), crc, s.crc);
	return 0;
}

/* A section that holds one struct: what is shorter than it is refused, what is longer is of a later driver. */
static int take_struct(const struct reader *r, const struct lxa_dump_section *s, void *out, size_t size)
{
	if (s->item_bytes < size || s->bytes != s->item_bytes)
		return bad(r, "byte %llu: section %s has %llu bytes, at least %zu are needed", U(s->offset), section_name(s->type),
			   U(s->bytes), size);
	memcpy(out, r->data + s->offset, size);
	return 0;
}

static int take_array(const struct reader *r, const struct lxa_dump_section *s, struct dump_array *a, size_t size)
{
	if (s->item_bytes < size)
		return bad(r, "byte %llu: section %s has elements of %u bytes, %zu are needed", U(s->offset), section_name(s->type),
			   s->item_bytes, size);
	if (a->data)
		return bad(r, "byte %llu: a second section %s", U(s->offset), section_name(s->type));
	a->data = r->data + s->offset;
	a->item_bytes = s->item_bytes;
	a->count = s->bytes / s->item_bytes;
	return 0;
}

static int take(const struct reader *r, const struct lxa_dump_section *s, struct dump *d)
{
	switch (s->type) {
	case LXA_DUMP_EVENT:
		return take_struct(r, s, &d->event, sizeof(d->event));
	case LXA_DUMP_COUNTERS:
		return take_struct(r, s, &d->counters, sizeof(d->counters));
	case LXA_DUMP_REGS:
		return take_array(r, s, &d->regs, sizeof(struct lxa_dump_reg));
	case LXA_DUMP_JOBS:
		return take_array(r, s, &d->jobs, sizeof(struct lxa_dump_job));
	case LXA_DUMP_DESCS:
		return take_array(r, s, &d->descs, LXA_DESC_BYTES);
	case LXA_DUMP_CPLS:
		return take_array(r, s, &d->cpls, LXA_CPL_BYTES);
	default:
		return 0;
	}
}

int dump_read(const void *data, size_t len, struct dump *d, char *err, size_t err_len)
{
	const struct reader r = { data, len, err, err_len };
	uint64_t begin;
	uint32_t i, seen = 0;

	memset(d, 0, sizeof(*d));
	if (len > UINT32_MAX)
		return bad(&r, "%zu bytes: too long for a coredump", len);
	if (read_head(&r, &d->head) || check_head_crc(&r, &d->head))
		return -1;
	begin = d->head.head_bytes + (uint64_t)d->head.section_bytes * d->head.sections;
	for (i = 0; i < d->head.sections; i++) {
		struct lxa_dump_section s = section(&r, &d->head, i);

		if (check_section(&r, &d->head, i, begin) || take(&r, &s, d))
			return -1;
		begin = i + 1 < d->head.sections ? section(&r, &d->head, i + 1).offset : len;
		seen |= s.type < 32 ? 1u << s.type : 0;
	}
	if (begin != len)
		return bad(&r, "byte %llu: %llu bytes that belong to no section", U(begin), U(len - begin));
	if (!(seen >> LXA_DUMP_EVENT & 1))
		return bad(&r, "there is no section %s", section_name(LXA_DUMP_EVENT));
	d->event.device[sizeof(d->event.device) - 1] = 0;
	return 0;
}

struct lxa_dump_reg dump_reg(const struct dump *d, uint64_t i)
{
	struct lxa_dump_reg reg;

	memcpy(&reg, d->regs.data + i * d->regs.item_bytes, sizeof(reg));
	return reg;
}

struct lxa_dump_job dump_job(const struct dump *d, uint64_t i)
{
	struct lxa_dump_job job;

	memcpy(&job, d->jobs.data + i * d->jobs.item_bytes, sizeof(job));
	return job;
}
