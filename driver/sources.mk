# SPDX-License-Identifier: GPL-2.0 OR MIT
# The driver's objects, for Kbuild and for the user-space build (driver/rules.mk) alike.
LXA_DRIVER_OBJS := $(addprefix driver/,main.o lxa_platform.o lxa_pci.o dev.o irq.o file.o user.o ctx.o bo.o job.o look.o \
	sched.o recover.o dump.o lxa_validate.o)
