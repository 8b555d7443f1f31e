// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The device coredump (uapi/lxa_dump.h): registers, counters, ring, descriptors and completion records, saved before a
 * reset forgets them and handed to devcoredump. Without memory for it there is none; recovery goes on.
 */
#include <linux/build_bug.h>
#include <linux/crc32.h>
#include <linux/devcoredump.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "lxa_drv.h"
#include "uapi/lxa_dump.h"

#define LXA_DUMP_SECTIONS 6

/* All registers that there are. Reading has no effect on the device. */
static const struct {
	u32 first, last;
} lxa_reg_ranges[] = {
	{ LXA_REG_ID, LXA_REG_CFG_RING },
	{ LXA_REG_CTRL, LXA_REG_CUR_SEQ },
	{ LXA_REG_CNT_CYCLES_LO, LXA_REG_CNT_JOBS_HI },
};

#define LXA_DUMP_REG_MAX 128

/* The file as it is built: every section has a fixed place, so that all of it is one allocation. */
struct lxa_dump_file {
	struct lxa_dump_head head;
	struct lxa_dump_section section[LXA_DUMP_SECTIONS];
	struct lxa_dump_event event;
	struct lxa_dump_reg reg[LXA_DUMP_REG_MAX];
	struct lxa_dump_counters counters;
	struct lxa_dump_job job[LXA_RING_ENTRIES];
	__le32 desc[LXA_RING_ENTRIES * LXA_DESC_WORDS];
	__le32 cpl[LXA_RING_ENTRIES * LXA_CPL_WORDS];
};

static u32 lxa_dump_crc(const void *p, size_t n)
{
	return crc32_le(~0u, p, n) ^ ~0u;
}

/* What is read of the hardware: no lock, recovery has it for itself. */
static u32 lxa_dump_regs(struct lxa_dev *ldev, struct lxa_dump_reg *reg)
{
	u32 i, off, n = 0;

	lxa_snapshot(ldev);
	for (i = 0; i < ARRAY_SIZE(lxa_reg_ranges); i++)
		for (off = lxa_reg_ranges[i].first; off <= lxa_reg_ranges[i].last && n < LXA_DUMP_REG_MAX; off += 4, n++) {
			reg[n].offset = off;
			reg[n].value = lxa_read(ldev, off);
		}
	return n;
}

/* Two snapshots with some time between them: what the array waits for is the counter that has moved. */
static void lxa_dump_counters(struct lxa_dev *ldev, struct lxa_dump_file *f)
{
	BUILD_BUG_ON(ARRAY_SIZE(f->counters.first) != LXA_CNT_COUNT);
	lxa_read_counters(ldev, f->counters.first);
	lxa_snapshot(ldev);
	lxa_read_counters(ldev, f->counters.second);
}

static void lxa_dump_event(struct lxa_dev *ldev, const struct lxa_verdict *v, struct lxa_dump_event *e)
{
	struct lxa_task *culprit = lxa_culprit(ldev, v);
	u64 now = ktime_get_ns();

	e->cause = v->cause;
	e->error = v->error;
	e->hw_id = ldev->hw_id;
	e->platform = ldev->platform;
	e->guilty_known = culprit || v->named;
	e->guilty_seq = culprit ? culprit->hw_seq : v->seq;
	e->done = ldev->done;
	e->tail = ldev->tail;
	e->still_ns = now - ldev->moved_ns;
	e->oldest_ns = now - ldev->oldest_ns;
	e->resets = ldev->resets;
	e->timeout_ms = READ_ONCE(lxa_timeout_ms);
	e->hard_cap_ms = READ_ONCE(lxa_hard_cap_ms);
	memcpy(e->device, ldev->name, sizeof(e->device));
	e->device[sizeof(e->device) - 1] = 0;
}

static u32 lxa_dump_jobs(struct lxa_dev *ldev, const struct lxa_verdict *v, struct lxa_dump_job *job)
{
	struct lxa_task *culprit = lxa_culprit(ldev, v), *task;
	u32 i, n = 0;

	for (i = ldev->done; i != ldev->tail; i++, n++) {
		task = ldev->slot[i & (LXA_RING_ENTRIES - 1)];
		job[n].slot = i & (LXA_RING_ENTRIES - 1);
		job[n].seq = task->hw_seq;
		job[n].seqno = task->seqno;
		job[n].user = task->event->rec.user;
		job[n].file = task->ctx->lf->nr;
		job[n].ctx = task->ctx->id;
		if (task == culprit)
			job[n].flags |= LXA_DUMP_JOB_GUILTY;
		else if (!list_empty(&task->ctx->guilty_node) || (culprit && culprit->ctx == task->ctx))
			job[n].flags |= LXA_DUMP_JOB_ABORTED;
		if (task->ctx->closed)
			job[n].flags |= LXA_DUMP_JOB_CLOSED;
	}
	return n;
}

static void lxa_dump_section(struct lxa_dump_file *f, u32 type, const void *data, u32 item_bytes, u32 items, u32 room)
{
	struct lxa_dump_section *s = &f->section[f->head.sections++];

	s->type = type;
	s->item_bytes = item_bytes;
	s->offset = (const char *)data - (const char *)f;
	s->bytes = (u64)item_bytes * items;
	s->crc = lxa_dump_crc(data, room);
}

static void lxa_dump_seal(struct lxa_dump_file *f, u32 regs, u32 jobs)
{
	struct lxa_dump_head *h = &f->head;

	BUILD_BUG_ON(offsetof(struct lxa_dump_file, section) != sizeof(struct lxa_dump_head));
	memcpy(h->magic, LXA_DUMP_MAGIC, sizeof(h->magic));
	h->version = LXA_DUMP_VERSION;
	h->head_bytes = sizeof(*h);
	h->section_bytes = sizeof(f->section[0]);
	h->bytes = sizeof(*f);
	h->time_ns = ktime_get_ns();
	lxa_dump_section(f, LXA_DUMP_EVENT, &f->event, sizeof(f->event), 1, sizeof(f->event));
	lxa_dump_section(f, LXA_DUMP_REGS, f->reg, sizeof(f->reg[0]), regs, sizeof(f->reg));
	lxa_dump_section(f, LXA_DUMP_COUNTERS, &f->counters, sizeof(f->counters), 1, sizeof(f->counters));
	lxa_dump_section(f, LXA_DUMP_JOBS, f->job, sizeof(f->job[0]), jobs, sizeof(f->job));
	lxa_dump_section(f, LXA_DUMP_DESCS, f->desc, LXA_DESC_BYTES, LXA_RING_ENTRIES, sizeof(f->desc));
	lxa_dump_section(f, LXA_DUMP_CPLS, f->cpl, LXA_CPL_BYTES, LXA_RING_ENTRIES, sizeof(f->cpl));
	h->crc = lxa_dump_crc(f, offsetof(struct lxa_dump_file, event));
}

/* Called by recovery before the reset: the interrupt is off, resetting is set. */
void lxa_dump(struct lxa_dev *ldev, const struct lxa_verdict *v)
{
	struct lxa_dump_file *f = vzalloc(sizeof(*f));
	u32 regs, jobs;

	if (!f)
		return;
	regs = lxa_dump_regs(ldev, f->reg);
	lxa_dump_counters(ldev, f);
	spin_lock(&ldev->lock);
	lxa_dump_event(ldev, v, &f->event);
	jobs = lxa_dump_jobs(ldev, v, f->job);
	spin_unlock(&ldev->lock);
	memcpy(f->desc, ldev->desc, sizeof(f->desc));
	memcpy(f->cpl, ldev->cpl, sizeof(f->cpl));
	lxa_dump_seal(f, regs, jobs);
	dev_coredumpv(ldev->dev, f, sizeof(*f), GFP_KERNEL);	/* frees it */
}
