// SPDX-License-Identifier: MIT
/*
 * async.c - many jobs under way, one loop that waits for everything: the device's records and a timer.
 *
 *	async [DEVICE [FRAMES]]
 *
 * Frames go through a fully connected binary layer, up to SLOTS at a time, each with an input and an output buffer of its own.
 * A frame's record says that it is done; its slot takes the next frame. Nothing here blocks but poll().
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <lxa.h>

#define SLOTS 8
#define IN_C 512
#define OUT_C 64

struct slot {
	struct lxa_bo *act, *out;
	struct lxa_job job;
};

static struct lxa_device *dev;
static struct lxa_operation *op;
static struct slot slots[SLOTS];
static int8_t weights[OUT_C][IN_C];	/* +1 and -1 */
static struct lxa_err err;

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "async: %s: %s\n", what, why);
	exit(1);
}

/* Frame f, made up: element i of it. */
static int32_t element(unsigned int f, unsigned int i)
{
	return (f * 2654435761u + i * 40503u) >> 7 & 1 ? 1 : -1;
}

/* Submit frame f by slot s; the record carries both. */
static void start(unsigned int s, unsigned int f)
{
	struct slot *slot = &slots[s];
	int32_t codes[IN_C];
	uint64_t seqno;

	for (unsigned int i = 0; i < IN_C; i++)
		codes[i] = element(f, i);
	/* nothing uses the buffer any more, so this does not wait; it makes the CPU the owner */
	if (lxa_bo_prep(slot->act, LXA_PREP_WRITE, 0))
		fail("prep", "the buffer is in use");
	lxa_pack_input(lxa_device_caps(dev), &slot->job, 1, codes, lxa_bo_map(slot->act));
	lxa_bo_fini(slot->act);
	slot->job.user = (uint64_t)f << 8 | s;
	if (lxa_job_submit(dev, &slot->job, 1, &seqno, &err))
		fail("submit", err.text);
}

/* Frame f has come back in slot s: what it gave is compared with plain C. */
static void finish(unsigned int s, unsigned int f)
{
	int32_t got[OUT_C], want;

	if (lxa_bo_prep(slots[s].out, LXA_PREP_READ, 0))
		fail("prep", "the buffer is in use");
	lxa_unpack_output(lxa_device_caps(dev), &slots[s].job, 1, lxa_bo_map(slots[s].out), got);
	lxa_bo_fini(slots[s].out);
	for (unsigned int o = 0; o < OUT_C; o++) {
		want = 0;
		for (unsigned int i = 0; i < IN_C; i++)
			want += weights[o][i] * element(f, i);
		if (got[o] != want)
			fail("result", "differs from plain C");
	}
}

static void set_up(const char *path)
{
	const struct lxa_job shape = {
		.in_h = 1, .in_w = 1, .in_c = IN_C, .out_c = OUT_C, .groups = 1, .kh = 1, .kw = 1, .sy = 1, .sx = 1,
		.dy = 1, .dx = 1, .pool_h = 1, .pool_w = 1, .pool_sy = 1, .pool_sx = 1,
		.act_fmt = LXA_FMT_B1, .wgt_fmt = LXA_WFMT_B1, .kind = LXA_KIND_INT32, .out_fmt = LXA_OFMT_W32,
		.clamp_lo = INT32_MIN, .clamp_hi = INT32_MAX,
	};
	struct lxa_channel chan[OUT_C] = { { 0 } };

	for (int o = 0; o < OUT_C; o++) {
		chan[o].mult = 1;
		for (int i = 0; i < IN_C; i++)
			weights[o][i] = (o * 31 + i * 17) % 5 < 2 ? -1 : 1;
	}
	if (lxa_device_open(path, &dev, &err) || lxa_op_create(dev, &shape, weights[0], chan, &op, &err))
		fail("set-up", err.text);
	for (int s = 0; s < SLOTS; s++) {
		struct slot *slot = &slots[s];

		if (lxa_bo_create(dev, lxa_op_layout(op)->act_bytes, &slot->act, &err) ||
		    lxa_bo_create(dev, lxa_op_layout(op)->out_bytes, &slot->out, &err))
			fail("buffers", err.text);
		slot->job = *lxa_op_job(op);		/* complete but for the operands that change */
		slot->job.batch = 1;
		slot->job.flags = LXA_JOB_INDEPENDENT;	/* reads nothing that a job before it writes */
		slot->job.act.handle = lxa_bo_handle(slot->act);
		slot->job.out.handle = lxa_bo_handle(slot->out);
	}
}

int main(int argc, char **argv)
{
	unsigned int frames = argc > 2 ? (unsigned int)atoi(argv[2]) : 1000, started = 0, done = 0, ticks = 0;
	const struct itimerspec every = { { 0, 10000000 }, { 0, 10000000 } };
	struct pollfd wait[2] = { { .events = POLLIN }, { .events = POLLIN } };
	struct lxa_event ev[SLOTS];
	uint64_t expired, cycles = 0;
	int n;

	set_up(argc > 1 ? argv[1] : NULL);
	wait[0].fd = lxa_device_fd(dev);
	wait[1].fd = timerfd_create(CLOCK_MONOTONIC, 0);
	timerfd_settime(wait[1].fd, 0, &every, NULL);

	while (started < SLOTS && started < frames) {
		start(started, started);
		started++;
	}
	while (done < frames) {
		if (poll(wait, 2, -1) < 0 || wait[0].revents & (POLLERR | POLLHUP))
			fail("poll", wait[0].revents ? "the device has gone" : strerror(errno));
		if (wait[1].revents && read(wait[1].fd, &expired, sizeof(expired)) == sizeof(expired))
			ticks += (unsigned int)expired;	/* other work of the program */
		if (!wait[0].revents)
			continue;
		n = lxa_event_read(dev, ev, SLOTS);
		if (n < 0)
			fail("records", strerror(-n));
		for (int i = 0; i < n; i++) {
			unsigned int s = ev[i].user & 0xff, f = (unsigned int)(ev[i].user >> 8);

			if (ev[i].error)
				fail("job", strerror(-ev[i].error));
			finish(s, f);
			cycles += ev[i].cycles;
			done++;
			if (started < frames)
				start(s, started++);
		}
	}
	printf("%u frames, %llu device cycles, %s\n", done, (unsigned long long)cycles, ticks ? "the timer ran" : "no tick");

	close(wait[1].fd);
	for (int s = 0; s < SLOTS; s++) {
		lxa_bo_free(slots[s].act);
		lxa_bo_free(slots[s].out);
	}
	lxa_op_free(op);
	lxa_device_close(dev);
	return 0;
}
