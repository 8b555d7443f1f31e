/* SPDX-License-Identifier: MIT */
/*
 * pcidev.h - one simulated device as a virtio "PCI device": queue 0 brings accesses to configuration space and registers,
 * queue 1 takes interrupts to the guest. Knows nothing of sockets but the descriptor to call the guest by.
 *
 * The session's thread calls everything here; only the interrupt comes on the device's own thread. `lock` guards what that
 * one looks at: the queues, the guest's memory, the MSI registers, the call descriptor.
 */
#ifndef LXA_SERVE_PCIDEV_H
#define LXA_SERVE_PCIDEV_H

#include <pthread.h>
#include <stdint.h>

#include "guest_mem.h"
#include "lxa_sim.h"
#include "pci_function.h"
#include "virtqueue.h"

#define PCIDEV_COMMANDS 0
#define PCIDEV_INTERRUPTS 1
#define PCIDEV_QUEUES 2

struct pcidev {
	struct lxa_sim *sim;
	struct pci_function fn;
	int dma_on;			/* the guest's memory is mapped into the device */
	unsigned int posted;		/* writes done that the guest has not been told of */

	pthread_mutex_t lock;
	struct guest_mem mem;
	struct virtqueue queue[PCIDEV_QUEUES];
	int call_fd;			/* -1: none yet */
	unsigned int pending;		/* interrupts waiting for a buffer in queue 1, or for their turn */
	int64_t tick;			/* the millisecond that `sent` counts */
	unsigned int sent;
	int touched;			/* a register, since an interrupt was sent last */
	int wake_fd;			/* readable: interrupts wait for their turn, call pcidev_tick() a millisecond later */

	struct {
		uint64_t reads, writes, msis, bad; /* registers; interrupts delivered; requests that made no sense */
	} count;
};

int pcidev_init(struct pcidev *p, struct lxa_sim *sim); /* negative errno */
void pcidev_destroy(struct pcidev *p);	/* lets go of the guest's memory; the simulator is the caller's */

void pcidev_set_mem(struct pcidev *p, const struct guest_mem *m); /* takes the mapping over */
void pcidev_set_call_fd(struct pcidev *p, int fd); /* takes it over */

/* The guest has put something into queue nr. 0, or -EPROTO: the rings make no sense. */
int pcidev_kick(struct pcidev *p, unsigned int nr);

/* wake_fd was readable, a millisecond ago: send the interrupts whose turn has come. 0, -EPROTO. */
int pcidev_tick(struct pcidev *p);

#endif
