/* SPDX-License-Identifier: MIT */
/* interrupt.h - Ctrl-C of long commands: what is under way is ended and reported first. */
#ifndef LXA_CLI_INTERRUPT_H
#define LXA_CLI_INTERRUPT_H

void interrupt_catch(void);	/* from now on; the third Ctrl-C ends the process the hard way */
int interrupt_asked(void);	/* 1 once Ctrl-C was pressed */

#endif
