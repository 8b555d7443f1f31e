/* SPDX-License-Identifier: MIT */
/* vhost_user.h - one guest on one connection: the vhost-user protocol's messages, until the guest goes. */
#ifndef LXA_SERVE_VHOST_USER_H
#define LXA_SERVE_VHOST_USER_H

#include <stddef.h>

#include "pcidev.h"

/*
 * Serve p to the guest at the other end of sock until it closes (0), stop_fd becomes readable (-EINTR), or it says something
 * that cannot be answered (negative errno, a sentence in err).
 */
int vhost_user_session(int sock, int stop_fd, struct pcidev *p, char *err, size_t err_len);

#endif
