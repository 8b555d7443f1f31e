/* SPDX-License-Identifier: MIT */
/*
 * hang_job.c - a job that never ends, for the device coredump: memory stops answering it, the driver gives it up. Run as root in
 * the guest. Exit 0: the job ended with ETIMEDOUT, as it must. Its `user` is what the coredump has to name.
 */
#include "lxa_control.h"
#include "lxa_conv.h"

#define USER 0xc0ffee1234ull

int main(void)
{
	int fd = open(NODE, O_RDWR | O_CLOEXEC);
	uint32_t ctx = fd >= 0 ? ctx_create(fd) : 0;
	int32_t error = 0;
	struct lxa_submit s;
	struct conv v;

	if (!ctx || conv_init(&v, fd, 6, 7, 1)) {
		perror("set-up");
		return 1;
	}
	v.job.user = USER;
	if (control(fd, NULL, 0, "fault hang 0 1") || submit(fd, ctx, &v.job, 1, &s) ||
	    wait_for(fd, ctx, s.seqno, now_ns() + 60 * SECOND, &error)) {
		perror("hanging job");
		return 1;
	}
	control(fd, NULL, 0, "fault none 0 0");
	printf("the job ended with %s\n", strerror(-error));
	return error != -ETIMEDOUT;
}
