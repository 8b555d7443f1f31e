/* SPDX-License-Identifier: MIT */
/*
 * device.c - device handle, buffers and jobs: lxa.h's first layer over the driver's calls. The same calls reach the
 * kernel's driver or the one inside this process; driver/shim/lxa_shim.h is the door to both.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "../../driver/lxa_regs.h"
#include "../../driver/shim/lxa_shim.h"
#include "profile.h"

#define KEPT_MAX 2048		/* the driver keeps as many */

struct lxa_device {
	int fd;
	char *path;
	uint32_t ctx;
	uint64_t platform;
	struct lxa_caps caps;
	pthread_mutex_t lock;		/* guards what follows */
	struct lxa_event *kept;		/* records that somebody else is going to ask for, oldest first */
	uint32_t n_kept;
};

struct lxa_bo {
	struct lxa_device *dev;
	uint32_t handle;
	uint64_t bytes;
	void *map;
};

const char *lxa_reject_name(uint32_t reason)
{
	static const char *const names[] = {
		[LXA_REJECT_NONE] = "nothing",
		[LXA_REJECT_OP] = "op: unknown operation",
		[LXA_REJECT_FLAGS] = "flags: unknown, or without a meaning for these formats",
		[LXA_REJECT_RESERVED] = "a reserved field is not zero",
		[LXA_REJECT_GEOMETRY] = "batch, sizes, channels or groups",
		[LXA_REJECT_KERNEL] = "kernel, stride or dilation",
		[LXA_REJECT_PADDING] = "padding",
		[LXA_REJECT_POOL] = "pool",
		[LXA_REJECT_FORMAT] = "act_fmt, wgt_fmt, pad_mode: no lanes for this combination",
		[LXA_REJECT_MODE] = "this device has no such lanes",
		[LXA_REJECT_OUTPUT] = "kind, out_fmt, nthr, log_max or clamp",
		[LXA_REJECT_TILE] = "the tile does not fit the scratchpads",
		[LXA_REJECT_PITCH] = "a pitch",
		[LXA_REJECT_HANDLE] = "no such buffer",
		[LXA_REJECT_ALIGN] = "an offset is not aligned",
		[LXA_REJECT_ACT_EXTENT] = "the activations would leave their buffer",
		[LXA_REJECT_WGT_EXTENT] = "the weights would leave their buffer",
		[LXA_REJECT_PAR_EXTENT] = "the parameters would leave their buffer",
		[LXA_REJECT_OUT_EXTENT] = "the output would leave its buffer",
		[LXA_REJECT_OVERLAP] = "the output overlaps an input",
		[LXA_REJECT_RES] = "res_mode, res_fmt, res_mult, res_shift, or a residual operand with a pool",
		[LXA_REJECT_RES_EXTENT] = "the residual operand would leave its buffer",
	};

	return reason < sizeof(names) / sizeof(names[0]) && names[reason] ? names[reason] : "unknown reason";
}

/* ---- device -------------------------------------------------------------------------------------------- */

int lxa_device_param(struct lxa_device *dev, uint32_t param, uint64_t *value)
{
	struct lxa_get_param a = { .size = sizeof(a), .param = param };
	int ret = lxa_ioctl(dev->fd, LXA_IOCTL_GET_PARAM, &a);

	if (!ret)
		*value = a.value;
	return ret;
}

static int read_caps(struct lxa_device *dev, struct lxa_err *err)
{
	const struct { uint32_t param; __u32 *dst; } list[] = {
		{ LXA_PARAM_SHIFT_OC, &dev->caps.shift_oc }, { LXA_PARAM_SHIFT_IC, &dev->caps.shift_ic },
		{ LXA_PARAM_XNOR_OC, &dev->caps.xnor_oc }, { LXA_PARAM_XNOR_IC, &dev->caps.xnor_ic },
		{ LXA_PARAM_OUT_LANES, &dev->caps.out_lanes }, { LXA_PARAM_ACC_W, &dev->caps.acc_w },
		{ LXA_PARAM_HALF_W, &dev->caps.half_w }, { LXA_PARAM_XACC_W, &dev->caps.xacc_w },
		{ LXA_PARAM_ACT_BYTES, &dev->caps.act_bytes }, { LXA_PARAM_ACC_PIXELS, &dev->caps.acc_pixels },
		{ LXA_PARAM_WGT_BYTES, &dev->caps.wgt_bytes }, { LXA_PARAM_BUS_BYTES, &dev->caps.bus_bytes },
		{ LXA_PARAM_WORD_BYTES, &dev->caps.word_bytes }, { LXA_PARAM_MODES, &dev->caps.modes },
	};
	uint64_t v;
	size_t i;
	int ret;

	ret = lxa_device_param(dev, LXA_PARAM_ABI_VERSION, &v);
	if (ret)
		return lxa_err_set(err, ret, "%s: is not an LXA device (%s)", dev->path, strerror(-ret));
	if (v != LXA_ABI_VERSION)
		return lxa_err_set(err, -EPROTO, "%s: the driver speaks ABI version %llu, this library %d", dev->path,
				   (unsigned long long)v, LXA_ABI_VERSION);
	ret = lxa_device_param(dev, LXA_PARAM_PLATFORM, &dev->platform);
	for (i = 0; !ret && i < sizeof(list) / sizeof(list[0]); i++) {
		ret = lxa_device_param(dev, list[i].param, &v);
		*list[i].dst = (__u32)v;
	}
	if (!ret && !lxa_device_param(dev, LXA_PARAM_RD_BURSTS, &v))	/* drivers before it do not know */
		dev->caps.rd_bursts = (__u32)v;
	if (ret)
		return lxa_err_set(err, ret, "%s: cannot read the device's parameters (%s)", dev->path, strerror(-ret));
	return 0;
}

static const char *default_path(void)
{
	const char *env = getenv("LXA_DEVICE");

	if (env && *env)
		return env;
	return access("/dev/lxa0", F_OK) ? "sim:rtl" : "/dev/lxa0";
}

int lxa_device_open(const char *path, struct lxa_device **out, struct lxa_err *err)
{
	struct lxa_ctx_create ctx = { .size = sizeof(ctx) };
	struct lxa_device *dev = calloc(1, sizeof(*dev));
	uint64_t start = prof_start();
	int ret;

	*out = NULL;
	if (!path)
		path = default_path();
	if (!dev || !(dev->path = strdup(path))) {
		free(dev);
		return lxa_err_set(err, -ENOMEM, "%s: out of memory", path);
	}
	dev->fd = lxa_open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (dev->fd < 0) {
		ret = dev->fd;
		lxa_err_set(err, ret, "%s: cannot be opened: %s", path,
			    *lxa_open_error() ? lxa_open_error() : strerror(-ret));
		goto out_free;
	}
	ret = read_caps(dev, err);
	if (ret)
		goto out_close;
	ret = lxa_ioctl(dev->fd, LXA_IOCTL_CTX_CREATE, &ctx);
	if (ret) {
		lxa_err_set(err, ret, "%s: cannot create a context: %s", path, strerror(-ret));
		goto out_close;
	}
	dev->ctx = ctx.ctx;
	pthread_mutex_init(&dev->lock, NULL);
	prof_span(start, PROF_DRIVER, "open", path, -1);
	*out = dev;
	return 0;

out_close:
	lxa_close(dev->fd);
out_free:
	free(dev->path);
	free(dev);
	return ret;
}

void lxa_device_close(struct lxa_device *dev)
{
	if (!dev)
		return;
	lxa_close(dev->fd);	/* the context goes with the descriptor */
	pthread_mutex_destroy(&dev->lock);
	free(dev->kept);
	free(dev->path);
	free(dev);
}

int lxa_device_fd(const struct lxa_device *dev)
{
	return dev->fd;
}

const char *lxa_device_path(const struct lxa_device *dev)
{
	return dev->path;
}

const char *lxa_device_engine(const struct lxa_device *dev)
{
	return dev->platform == LXA_PLATFORM_RTL ? "rtl" : dev->platform == LXA_PLATFORM_MODEL ? "model" : "hardware";
}

const struct lxa_caps *lxa_device_caps(const struct lxa_device *dev)
{
	return &dev->caps;
}

int lxa_device_counters(struct lxa_device *dev, uint64_t values[LXA_CNT_COUNT])
{
	struct lxa_perf_read a = { .size = sizeof(a), .count = LXA_CNT_COUNT, .values = (uintptr_t)values };

	return lxa_ioctl(dev->fd, LXA_IOCTL_PERF_READ, &a);
}

void lxa_caps_base(struct lxa_caps *caps)
{
	*caps = (struct lxa_caps) {
		.shift_oc = 16, .shift_ic = 16, .xnor_oc = 64, .xnor_ic = 64, .out_lanes = 8, .acc_w = 48, .half_w = 32,
		.xacc_w = 32, .act_bytes = 32768, .acc_pixels = 256, .wgt_bytes = 16384, .bus_bytes = 16,
		.word_bytes = 16, .rd_bursts = 32,
		.modes = LXA_CFG_MODES_SHIFT_MASK | LXA_CFG_MODES_SQRT2_MASK | LXA_CFG_MODES_XNOR_MASK |
			 LXA_CFG_MODES_POOL_MASK | LXA_CFG_MODES_ACT_INT_MASK | LXA_CFG_MODES_WGT_INT_MASK |
			 LXA_CFG_MODES_PACK_MASK | LXA_CFG_MODES_PLANES_MASK | LXA_CFG_MODES_RES_MASK,
	};
}

/* ---- buffers --------------------------------------------------------------------------------------------- */

int lxa_bo_create(struct lxa_device *dev, uint64_t bytes, struct lxa_bo **out, struct lxa_err *err)
{
	struct lxa_bo_create a = { .size = sizeof(a), .bytes = bytes };
	struct lxa_bo_destroy d = { .size = sizeof(d) };
	struct lxa_bo *bo = calloc(1, sizeof(*bo));
	int ret;

	*out = NULL;
	if (!bo)
		return lxa_err_set(err, -ENOMEM, "out of memory");
	ret = lxa_ioctl(dev->fd, LXA_IOCTL_BO_CREATE, &a);
	if (ret) {
		free(bo);
		return lxa_err_set(err, ret, "%s: cannot create a buffer of %llu bytes: %s", dev->path,
				   (unsigned long long)bytes, strerror(-ret));
	}
	bo->dev = dev;
	bo->handle = a.handle;
	bo->bytes = a.bytes;
	ret = lxa_mmap(dev->fd, a.mmap_offset, a.bytes, PROT_READ | PROT_WRITE, &bo->map);
	if (ret) {
		d.handle = a.handle;
		lxa_ioctl(dev->fd, LXA_IOCTL_BO_DESTROY, &d);
		free(bo);
		return lxa_err_set(err, ret, "%s: cannot map a buffer of %llu bytes: %s", dev->path,
				   (unsigned long long)bytes,
				   strerror(-ret));
	}
	*out = bo;
	return 0;
}

void lxa_bo_free(struct lxa_bo *bo)
{
	struct lxa_bo_destroy d = { .size = sizeof(d) };

	if (!bo)
		return;
	lxa_munmap(bo->map, bo->bytes);
	d.handle = bo->handle;
	lxa_ioctl(bo->dev->fd, LXA_IOCTL_BO_DESTROY, &d);
	free(bo);
}

void *lxa_bo_map(const struct lxa_bo *bo)
{
	return bo->map;
}

uint64_t lxa_bo_bytes(const struct lxa_bo *bo)
{
	return bo->bytes;
}

uint32_t lxa_bo_handle(const struct lxa_bo *bo)
{
	return bo->handle;
}

static int64_t deadline(uint32_t timeout_ms)
{
	struct timespec now;

	if (!timeout_ms)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + (int64_t)timeout_ms * 1000000;
}

int lxa_bo_prep(struct lxa_bo *bo, uint32_t flags, uint32_t timeout_ms)
{
	struct lxa_bo_prep a = { .size = sizeof(a), .handle = bo->handle, .flags = flags,
				 .deadline_ns = deadline(timeout_ms) };
	uint64_t start = prof_start();
	int ret = lxa_ioctl(bo->dev->fd, LXA_IOCTL_BO_PREP, &a);

	prof_span(start, PROF_DRIVER, "prep", NULL, -1);
	return ret;
}

int lxa_bo_fini(struct lxa_bo *bo)
{
	struct lxa_bo_fini a = { .size = sizeof(a), .handle = bo->handle };

	return lxa_ioctl(bo->dev->fd, LXA_IOCTL_BO_FINI, &a);
}

/* ---- jobs -------------------------------------------------------------------------------------------------- */

int lxa_job_submit(struct lxa_device *dev, const struct lxa_job *jobs, uint32_t n, uint64_t *seqno, struct lxa_err *err)
{
	struct lxa_submit a = { .size = sizeof(a), .ctx = dev->ctx, .job_count = n, .job_stride = sizeof(*jobs),
				.jobs = (uintptr_t)jobs };
	uint64_t start = prof_start();
	int ret = lxa_ioctl(dev->fd, LXA_IOCTL_SUBMIT, &a);

	prof_span(start, PROF_DRIVER, "submit", NULL, n);
	if (ret && a.reason)
		return lxa_err_set(err, ret, "%s: job %u of %u was refused: %s", dev->path, a.failed, n,
				   lxa_reject_name(a.reason));
	if (ret)
		return lxa_err_set(err, ret, "%s: cannot submit %u jobs: %s", dev->path, n, strerror(-ret));
	*seqno = a.seqno;
	prof_submitted(start, dev, a.seqno, n);
	return 0;
}

int lxa_job_wait(struct lxa_device *dev, uint64_t seqno, uint32_t timeout_ms, int *job_error)
{
	struct lxa_wait a = { .size = sizeof(a), .ctx = dev->ctx, .seqno = seqno, .deadline_ns = deadline(timeout_ms) };
	uint64_t start = prof_start();
	int ret = lxa_ioctl(dev->fd, LXA_IOCTL_WAIT, &a);

	prof_span(start, PROF_DRIVER, "wait", NULL, -1);
	*job_error = ret ? 0 : a.error;
	return ret;
}

/* ---- records ------------------------------------------------------------------------------------------------- */

/* Up to n from the driver; 0: none there. */
static int read_records(struct lxa_device *dev, struct lxa_event *ev, uint32_t n)
{
	ssize_t got = lxa_read(dev->fd, ev, n * sizeof(*ev));

	if (got == -EAGAIN)
		return 0;
	return got < 0 ? (int)got : (int)((size_t)got / sizeof(*ev));
}

static void forget(struct lxa_device *dev, uint32_t from, uint32_t n)
{
	dev->n_kept -= n;
	memmove(dev->kept + from, dev->kept + from + n, (dev->n_kept - from) * sizeof(*dev->kept));
}

/* For whoever asks for it. Without memory, or when nobody does, the oldest goes, as in the driver. */
static void keep(struct lxa_device *dev, const struct lxa_event *ev)
{
	if (!dev->kept)
		dev->kept = malloc(KEPT_MAX * sizeof(*dev->kept));
	if (!dev->kept)
		return;
	if (dev->n_kept == KEPT_MAX)
		forget(dev, 0, 1);
	dev->kept[dev->n_kept++] = *ev;
}

int lxa_event_read(struct lxa_device *dev, struct lxa_event *ev, uint32_t n)
{
	uint32_t old;
	int got = 0;

	pthread_mutex_lock(&dev->lock);
	old = dev->n_kept < n ? dev->n_kept : n;
	if (old) {
		memcpy(ev, dev->kept, old * sizeof(*ev));
		forget(dev, 0, old);
	}
	if (old < n)
		got = read_records(dev, ev + old, n - old);
	pthread_mutex_unlock(&dev->lock);
	if (got < 0 && !old)
		return got;
	got = (int)old + (got > 0 ? got : 0);
	prof_jobs(dev, ev, got);
	return got;
}

int lxa_event_take(struct lxa_device *dev, uint64_t first, uint64_t last, struct lxa_event *ev)
{
	uint32_t i;
	int got = 0;

	pthread_mutex_lock(&dev->lock);
	for (i = 0; i < dev->n_kept && !got; i++) {
		if (dev->kept[i].seqno < first || dev->kept[i].seqno > last)
			continue;
		*ev = dev->kept[i];
		forget(dev, i, 1);
		got = 1;
	}
	while (!got && (got = read_records(dev, ev, 1)) > 0 && (ev->seqno < first || ev->seqno > last)) {
		keep(dev, ev);
		got = 0;
	}
	pthread_mutex_unlock(&dev->lock);
	prof_jobs(dev, ev, got);
	return got;
}
