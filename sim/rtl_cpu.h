/* SPDX-License-Identifier: MIT */
/* rtl_cpu.h - the Verilated design is compiled for one kind of processor (V_ARCH), everything else for any. */
#ifndef LXA_SIM_RTL_CPU_H
#define LXA_SIM_RTL_CPU_H

/* What this processor lacks of that, or NULL: nothing. */
const char *rtl_cpu_lacks(void);

#endif
