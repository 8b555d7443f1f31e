/* SPDX-License-Identifier: MIT */
/*
 * fault_job.c - one job and what befalls it, for the steps of guest-test.sh that look at the kernel's side afterwards. Run as root
 * in the guest.
 *   fault_job hang     memory stops answering it, the driver gives it up: it must end with ETIMEDOUT. Its `user` is what the
 *                      coredump has to name.
 *   fault_job storm N  N interrupts without a cause follow it, with no job in between
 *   fault_job calm     no fault any more, and a job that must be right
 * Exit 0: it went as it must.
 */
#include "lxa_control.h"
#include "lxa_conv.h"

#define USER 0xc0ffee1234ull

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int fd = open(NODE, O_RDWR | O_CLOEXEC);
	uint32_t ctx = fd >= 0 ? ctx_create(fd) : 0;
	int expected = strcmp(what, "hang") ? 0 : -ETIMEDOUT;
	int32_t error = 0;
	struct lxa_submit s;
	char fault[64] = "none 0 0";
	struct conv v;

	if (!ctx || conv_init(&v, fd, 6, 7, 1)) {
		perror("set-up");
		return 1;
	}
	v.job.user = USER;
	if (!strcmp(what, "hang"))
		strcpy(fault, "hang 0 1");
	else if (!strcmp(what, "storm") && argc > 2)
		snprintf(fault, sizeof(fault), "spurious-irq 0 %s", argv[2]);
	else if (strcmp(what, "calm"))
		return 2;
	if (control(fd, NULL, 0, "fault %s", fault) || submit(fd, ctx, &v.job, 1, &s) ||
	    wait_for(fd, ctx, s.seqno, now_ns() + 60 * SECOND, &error)) {
		perror(what);
		return 1;
	}
	if (strcmp(what, "storm"))
		control(fd, NULL, 0, "fault none 0 0");
	printf("the job ended with %s\n", error ? strerror(-error) : "0");
	return error != expected || (!error && conv_check(&v) >= 0);
}
