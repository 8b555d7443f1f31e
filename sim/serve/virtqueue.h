/* SPDX-License-Identifier: MIT */
/* virtqueue.h - the device's side of a split virtqueue in guest memory. Nothing the guest writes there is trusted. */
#ifndef LXA_SERVE_VIRTQUEUE_H
#define LXA_SERVE_VIRTQUEUE_H

#include <stdint.h>

#include "guest_mem.h"

#define VQ_SEGMENTS 4			/* of one request at most; PCI over virtio uses three */
#define VQ_MAX_SIZE 32768u

struct virtqueue {
	uint32_t size;			/* entries, a power of two */
	uint64_t desc, avail, used;	/* guest addresses of the three parts */
	uint16_t next;			/* entry of the avail ring to look at */
	uint16_t done;			/* entries put into the used ring */
	int enabled;
};

struct vq_segment {
	void *ptr;			/* NULL: the address is no guest memory */
	uint32_t len;
};

/* One request: what the guest says, then room for what it wants to hear. */
struct vq_request {
	uint16_t head;
	unsigned int n_out, n_in;
	struct vq_segment out[VQ_SEGMENTS], in[VQ_SEGMENTS];
};

int vq_pop(struct virtqueue *q, const struct guest_mem *m, struct vq_request *r); /* 1, 0: none, -EPROTO */
int vq_push(struct virtqueue *q, const struct guest_mem *m, uint16_t head, uint32_t written); /* 0, -EPROTO */
int vq_wants_call(const struct virtqueue *q, const struct guest_mem *m);
void vq_want_kicks(struct virtqueue *q, const struct guest_mem *m, int want); /* shall the guest tell of what it puts in? a hint */

/* Copy between the request's segments and a flat buffer; how many bytes. Segments without memory count, but move nothing. */
uint32_t vq_read_out(const struct vq_request *r, void *buf, uint32_t len);
uint32_t vq_write_in(const struct vq_request *r, const void *buf, uint32_t len);
uint32_t vq_room(const struct vq_request *r);	/* of the in segments */

#endif
