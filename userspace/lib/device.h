/* SPDX-License-Identifier: MIT */
/* device.h - what device.c has for the rest of liblxa besides lxa.h's functions. */
#ifndef LXA_LIB_DEVICE_H
#define LXA_LIB_DEVICE_H

#include "../lxa.h"

/*
 * The next record of jobs first .. last. Others that are met are kept for those who ask for them, so that plans and operations in
 * several threads can share a device. 1, 0: none there, or a negative errno.
 */
int lxa_event_take(struct lxa_device *dev, uint64_t first, uint64_t last, struct lxa_event *ev);

#endif
