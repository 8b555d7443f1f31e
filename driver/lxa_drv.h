/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Private structures of the LXA driver and what each file offers to the others.
 *
 * Locks, outermost first:
 *   mmap_lock              of a process: held by the kernel around mmap; taken by removal
 *   lxa_file.table_mutex   the handle tables of one open file
 *   lxa_dev.hw_mutex       whoever drives the hardware outside the scheduler: recovery, counters, removal
 *   lxa_dev.bo_mutex       the list of all buffers, and whether a buffer's memory is still there
 *   lxa_dev.lock           (spinlock) all scheduler state: queues, ring, contexts' numbers, events, accounts, flags
 * lxa_dev.lock is taken by system calls, the interrupt thread and work, never by the hard interrupt handler, so it
 * needs no irqsave. Nothing sleeps under it; what it unlinks is freed after it has been dropped (lxa_tasks_free()).
 *
 * Life-times: the file descriptor, each context and each buffer hold the lxa_file; that holds the lxa_dev. A mapping
 * and each job hold their buffers; a job holds its context. The memory behind a buffer ends with the last holder, or
 * at removal of the device, whichever is first (removal stops the device before).
 */
#ifndef LXA_DRV_H
#define LXA_DRV_H

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "lxa_regs.h"
#include "lxa_validate.h"
#include "uapi/lxa.h"
#include "uapi/lxa_layout.h"

#define LXA_RING_LOG2 4
#define LXA_RING_ENTRIES (1u << LXA_RING_LOG2)
#define LXA_RING_DEPTH 8		/* jobs in the ring at most: enough to overlap, few enough to be fair */

#define LXA_JOBS_PER_SUBMIT 256
#define LXA_JOBS_PER_FILE 1024		/* not yet ended */
#define LXA_EVENTS_PER_FILE 2048	/* not yet read: twice the jobs, so that a reader need not hurry */
#define LXA_CTX_PER_FILE 64
#define LXA_BO_PER_FILE 4096
/* Jobs that a context may put in the ring before it is the next one's turn. */
#define LXA_TURN_LOW 1
#define LXA_TURN_NORMAL 2
#define LXA_TURN_HIGH 8
#define LXA_FAILURES_PER_CTX 16		/* ranges of failed jobs not yet reported by WAIT */

struct lxa_map;
struct lxa_task;
struct lxa_user;

struct lxa_dev {
	struct kref ref;		/* the bound driver, each lxa_file */
	struct device *dev;
	void __iomem *regs;
	int irq;
	int id;
	char name[16];
	struct miscdevice misc;
	struct lxa_caps caps;
	u32 hw_id;
	u32 platform;			/* enum lxa_platform */

	struct workqueue_struct *wq;
	struct delayed_work watch;	/* runs while the ring is not empty: lost interrupts, hangs, recovery */

	__le32 *desc;			/* descriptor ring */
	dma_addr_t desc_dma;
	__le32 *cpl;			/* completion ring */
	dma_addr_t cpl_dma;

	struct mutex hw_mutex;
	struct mutex bo_mutex;
	struct list_head bos;		/* bo_mutex */
	struct list_head maps;		/* bo_mutex: struct lxa_map, the user mappings */
	struct list_head files;		/* bo_mutex: for removal to find the mappings and the sleepers */
	struct list_head users;		/* bo_mutex: those that have files open */
	u32 opens;			/* bo_mutex */
	bool gone;			/* bo_mutex: memory has been taken back, no new buffers or mappings */
	bool wedged;			/* bo_mutex: would not reset, may still write: buffers are kept until removal */

	spinlock_t lock;
	/* All below: lock */
	bool dead;			/* no hardware any more: ENODEV */
	bool resetting;			/* recovery owns the ring */
	bool fault;			/* the device stopped, or answers nonsense: recovery is due */
	struct list_head runq;		/* contexts with queued jobs, in round-robin order */
	struct list_head guilty;	/* contexts whose jobs recovery is going to fail */
	struct lxa_task *slot[LXA_RING_ENTRIES];
	u32 tail;			/* free-running, as RING_TAIL */
	u32 done;			/* free-running, as CPL_COUNT (read without the lock by who looks) */
	u32 next_seq;			/* descriptor SEQ */
	u32 progress;			/* register PROGRESS when it was last seen to move */
	u64 moved_ns;			/* and when that was */
	u64 looked_ns;			/* when the watch last looked */
	u64 oldest_ns;			/* since when the oldest job in the ring has been the oldest */
	u64 resets;

	/* Interrupts, irq.c */
	bool irq_on;			/* jobs that end raise one */
	bool irq_stale;			/* IRQ_STATUS may hold a DONE from when they did not */
	u32 sleepers;			/* who must be told that a job has ended: polled files, sleeping calls */
	atomic_t idle_irqs;		/* in a row that brought nothing */
	atomic_t storm;			/* the interrupt is switched off, the watch polls */
	u64 storm_ns;			/* hw_mutex: since when; 0: the watch has not seen it yet */
	u32 storm_pause_ms;		/* hw_mutex: how long until the next try */
	u32 storms;			/* hw_mutex */
};

struct lxa_event_node {
	struct list_head node;		/* lxa_file.events */
	struct lxa_event rec;
};

struct lxa_file {
	struct kref ref;
	struct lxa_dev *ldev;
	struct lxa_user *user;		/* who opened it */
	struct address_space *mapping;	/* of the open file: removal takes the user's mappings away through it */
	struct list_head node;		/* lxa_dev.files */
	u32 nr;				/* the how-many-th open of the device: tells files apart in a coredump */
	wait_queue_head_t wait;		/* job ended, event arrived, device gone */

	struct mutex table_mutex;
	struct xarray bos;		/* table_mutex */
	struct xarray ctxs;		/* table_mutex */

	struct mutex read_mutex;	/* keeps the records of concurrent read()s in order */

	/* All below: lxa_dev.lock */
	bool closed;
	bool banned;			/* takes no jobs any more */
	bool polled;			/* somebody may be asleep on `wait`: counts as a sleeper */
	u32 bans;			/* of its contexts */
	u64 bo_bytes;
	u32 jobs;
	u32 event_count;
	struct list_head events;
};

struct lxa_failure {			/* jobs first..last ended with error */
	u64 first, last;
	int error;
};

struct lxa_ctx {
	struct kref ref;		/* handle, each task, lxa_dev.guilty */
	struct lxa_file *lf;
	u32 id;

	/* All below: lxa_dev.lock */
	bool closed;
	bool banned;			/* takes no jobs any more */
	u32 strikes;			/* resets that its jobs caused, one soon after the other */
	u64 strike_ns;			/* the last of them */
	u64 last;			/* number of the last job submitted */
	u64 done;			/* all jobs up to this one have ended (read without the lock by who looks) */
	u32 missed;			/* how often in a row looking was of no use */
	u32 slow_waits;			/* since it was tried last */
	struct list_head queue;
	struct list_head run_node;	/* lxa_dev.runq while queue is not empty */
	u32 turn;			/* LXA_TURN_*, constant */
	u32 left;			/* of this turn */
	struct list_head guilty_node;
	u64 guilty_last;		/* jobs up to this one fail with the guilty one */
	u32 failures;
	struct lxa_failure failure[LXA_FAILURES_PER_CTX];
};

struct lxa_bo {
	struct kref ref;		/* handle, each task, each lxa_map */
	struct lxa_file *lf;
	struct lxa_dev *ldev;
	struct list_head node;		/* lxa_dev.bos */
	u64 bytes;
	void *cpu;			/* lxa_dev.bo_mutex; NULL once removal has freed it */
	dma_addr_t dma;
	u32 busy;			/* lxa_dev.lock: jobs not yet ended that use it */
};

/* One job on its way: queued in its context, then in a slot of the ring, then freed. */
struct lxa_task {
	struct list_head node;
	struct lxa_ctx *ctx;
	struct lxa_bo *bo[LXA_EXT_COUNT];
	struct lxa_event_node *event;
	u64 seqno;
	u32 flags;			/* LXA_JOB_* */
	u32 hw_seq;
	u32 desc[LXA_DESC_WORDS];
};

/* main.c */
extern const struct file_operations lxa_fops;
extern unsigned int lxa_timeout_ms, lxa_hard_cap_ms, lxa_ban_after, lxa_bo_mb, lxa_user_mb;
int lxa_pci_init(void);
void lxa_pci_exit(void);
int lxa_platform_init(void);
void lxa_platform_exit(void);

/* dev.c */
static inline u32 lxa_read(struct lxa_dev *ldev, u32 reg)
{
	return readl(ldev->regs + reg);
}

static inline void lxa_write(struct lxa_dev *ldev, u32 reg, u32 val)
{
	writel(val, ldev->regs + reg);
}

struct lxa_dev *lxa_dev_probe(struct device *dev, void __iomem *regs, int irq, u32 platform);
void lxa_dev_remove(struct lxa_dev *ldev);
void lxa_dev_shutdown(struct lxa_dev *ldev);
void lxa_dev_get(struct lxa_dev *ldev);
void lxa_dev_put(struct lxa_dev *ldev);
int lxa_hw_reset(struct lxa_dev *ldev);
void lxa_hw_start(struct lxa_dev *ldev);
int lxa_get_param(struct lxa_dev *ldev, struct lxa_get_param *arg);
int lxa_perf_read(struct lxa_dev *ldev, struct lxa_perf_read *arg);
void lxa_snapshot(struct lxa_dev *ldev);
void lxa_read_counters(struct lxa_dev *ldev, u64 values[LXA_CNT_COUNT]);

/* irq.c */
void lxa_irq_need(struct lxa_dev *ldev);
void lxa_irq_rest(struct lxa_dev *ldev);
void lxa_sleep_begin(struct lxa_dev *ldev);
void lxa_sleep_end(struct lxa_dev *ldev);
irqreturn_t lxa_irq_thread(int irq, void *data);
void lxa_storm_watch(struct lxa_dev *ldev);
u32 lxa_storm_poll_ms(struct lxa_dev *ldev, u32 ms);
static inline bool lxa_storm(const struct lxa_dev *ldev)
{
	return atomic_read(&ldev->storm);
}

/* file.c */
void lxa_file_put(struct lxa_file *lf);
bool lxa_dead(struct lxa_dev *ldev);
void lxa_wake_files(struct lxa_dev *ldev);
long lxa_deadline_jiffies(s64 deadline_ns);

/* user.c */
int lxa_user_join(struct lxa_file *lf);
void lxa_user_leave(struct lxa_file *lf);
int lxa_user_charge(struct lxa_file *lf, u64 bytes);
void lxa_user_uncharge(struct lxa_file *lf, u64 bytes);

/* ctx.c */
int lxa_ctx_create(struct lxa_file *lf, struct lxa_ctx_create *arg);
int lxa_ctx_destroy(struct lxa_file *lf, struct lxa_ctx_destroy *arg);
int lxa_ctx_wait(struct lxa_file *lf, struct lxa_wait *arg);
void lxa_ctx_close(struct lxa_ctx *ctx);
void lxa_ctx_put(struct lxa_ctx *ctx);
struct lxa_ctx *lxa_ctx_find(struct lxa_file *lf, u32 id);
void lxa_ctx_note(struct lxa_ctx *ctx, u64 seqno, int error);

/* bo.c */
int lxa_bo_create(struct lxa_file *lf, struct lxa_bo_create *arg);
int lxa_bo_info(struct lxa_file *lf, struct lxa_bo_info *arg);
int lxa_bo_destroy(struct lxa_file *lf, struct lxa_bo_destroy *arg);
int lxa_bo_prep(struct lxa_file *lf, struct lxa_bo_prep *arg);
int lxa_bo_fini(struct lxa_file *lf, struct lxa_bo_fini *arg);
int lxa_bo_mmap(struct lxa_file *lf, struct vm_area_struct *vma);
struct lxa_bo *lxa_bo_find(struct lxa_file *lf, u32 handle);
void lxa_bo_put(struct lxa_bo *bo);
void lxa_bo_take_all(struct lxa_dev *ldev, bool stopped);
void lxa_bo_keep(struct lxa_dev *ldev);

/* look.c */
bool lxa_look(struct lxa_dev *ldev);
void lxa_look_for(struct lxa_ctx *ctx, u64 seqno, bool once);
void lxa_look_learn(struct lxa_ctx *ctx, u64 start_ns);
#define LXA_LOOK_MISSES 4u	/* in a row, until nobody looks */
static inline bool lxa_ctx_slow(const struct lxa_ctx *ctx)
{
	return ctx->missed >= LXA_LOOK_MISSES;
}

/* job.c */
int lxa_submit(struct lxa_file *lf, struct lxa_submit *arg);

/* sched.c: all but lxa_tasks_free() and lxa_irq*() are called with lxa_dev.lock held */
void lxa_sched_queue(struct lxa_dev *ldev, struct lxa_task *task);
void lxa_sched_requeue(struct lxa_dev *ldev, struct lxa_task *task);
void lxa_sched_kick(struct lxa_dev *ldev);
u32 lxa_sched_poll(struct lxa_dev *ldev, struct list_head *ended);
u32 lxa_sched_reap(struct lxa_dev *ldev, struct list_head *ended);
bool lxa_sched_fresh(const struct lxa_dev *ldev);
void lxa_task_end(struct lxa_dev *ldev, struct lxa_task *task, int error, const __le32 *rec, struct list_head *ended);
void lxa_ctx_flush(struct lxa_dev *ldev, struct lxa_ctx *ctx, u64 last, int error, struct list_head *ended);
void lxa_ctx_accuse(struct lxa_dev *ldev, struct lxa_ctx *ctx);
void lxa_tasks_free(struct list_head *ended);
void lxa_sched_fail_all(struct lxa_dev *ldev, int error, struct list_head *ended);

/* recover.c */
struct lxa_verdict {			/* whose fault it was, as far as the device can tell */
	u32 cause;			/* enum lxa_dump_cause */
	int error;
	bool named;			/* the device said which job: seq; else the oldest in the ring */
	u32 seq;
};
void lxa_watch(struct work_struct *work);
void lxa_watch_arm(struct lxa_dev *ldev);
struct lxa_task *lxa_culprit(struct lxa_dev *ldev, const struct lxa_verdict *v);

/* dump.c */
void lxa_dump(struct lxa_dev *ldev, const struct lxa_verdict *v);

#endif
