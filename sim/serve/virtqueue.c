/* SPDX-License-Identifier: MIT */
/* virtqueue.c - layout of a split virtqueue (virtio 1.x, 2.7), without indirect descriptors and event indexes. */
#include "virtqueue.h"

#include <errno.h>
#include <string.h>

#define DESC_NEXT 1u
#define DESC_WRITE 2u			/* the device writes */
#define AVAIL_NO_INTERRUPT 1u
#define USED_NO_NOTIFY 1u

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

struct ring_head {			/* of the avail and of the used ring */
	uint16_t flags, idx;
};

struct used_entry {
	uint32_t id, len;
};

/* Descriptor i, copied once: the guest may change it while we look. */
static int get_desc(const struct virtqueue *q, const struct guest_mem *m, uint16_t i, struct desc *d)
{
	const void *p;

	if (i >= q->size)
		return -EPROTO;
	p = guest_ptr(m, q->desc + (uint64_t)i * sizeof(*d), sizeof(*d));
	if (!p)
		return -EPROTO;
	memcpy(d, p, sizeof(*d));
	return 0;
}

static int add_segment(struct vq_request *r, const struct guest_mem *m, const struct desc *d)
{
	struct vq_segment s = { .ptr = guest_ptr(m, d->addr, d->len), .len = d->len };

	if (d->flags & DESC_WRITE) {
		if (r->n_in == VQ_SEGMENTS)
			return -EPROTO;
		r->in[r->n_in++] = s;
	} else {
		if (r->n_in || r->n_out == VQ_SEGMENTS)
			return -EPROTO;
		r->out[r->n_out++] = s;
	}
	return 0;
}

int vq_pop(struct virtqueue *q, const struct guest_mem *m, struct vq_request *r)
{
	const struct ring_head *avail = guest_ptr(m, q->avail, sizeof(*avail) + 2ull * q->size);
	const uint16_t *ring;
	struct desc d;
	uint16_t i;
	int n = 0;

	if (!avail || !q->size)
		return -EPROTO;
	if (__atomic_load_n(&avail->idx, __ATOMIC_SEQ_CST) == q->next)
		return 0;
	ring = (const uint16_t *)(avail + 1);
	i = __atomic_load_n(&ring[q->next & (q->size - 1)], __ATOMIC_RELAXED);
	*r = (struct vq_request) { .head = i };
	do {
		if (n++ == 2 * VQ_SEGMENTS || get_desc(q, m, i, &d) || add_segment(r, m, &d))
			return -EPROTO;
		i = d.next;
	} while (d.flags & DESC_NEXT);
	q->next++;
	return 1;
}

int vq_push(struct virtqueue *q, const struct guest_mem *m, uint16_t head, uint32_t written)
{
	struct ring_head *used = guest_ptr(m, q->used, sizeof(*used) + (uint64_t)q->size * sizeof(struct used_entry));
	struct used_entry *e;

	if (!used || !q->size)
		return -EPROTO;
	e = (struct used_entry *)(used + 1) + (q->done & (q->size - 1));
	*e = (struct used_entry) { .id = head, .len = written };
	q->done++;
	__atomic_store_n(&used->idx, q->done, __ATOMIC_SEQ_CST);
	return 0;
}

int vq_wants_call(const struct virtqueue *q, const struct guest_mem *m)
{
	const struct ring_head *avail = guest_ptr(m, q->avail, sizeof(*avail));

	/* With the store in vq_push(): the used index is out before the flags are read. */
	return avail && !(__atomic_load_n(&avail->flags, __ATOMIC_SEQ_CST) & AVAIL_NO_INTERRUPT);
}

void vq_want_kicks(struct virtqueue *q, const struct guest_mem *m, int want)
{
	struct ring_head *used = guest_ptr(m, q->used, sizeof(*used));

	/* With the load in vq_pop(): the flag is out before the available index is read. */
	if (used)
		__atomic_store_n(&used->flags, want ? 0 : USED_NO_NOTIFY, __ATOMIC_SEQ_CST);
}

uint32_t vq_read_out(const struct vq_request *r, void *buf, uint32_t len)
{
	uint32_t done = 0, n;
	unsigned int i;

	for (i = 0; i < r->n_out && done < len; i++, done += n) {
		n = r->out[i].len < len - done ? r->out[i].len : len - done;
		if (r->out[i].ptr)
			memcpy((uint8_t *)buf + done, r->out[i].ptr, n);
		else
			memset((uint8_t *)buf + done, 0, n);
	}
	return done;
}

uint32_t vq_write_in(const struct vq_request *r, const void *buf, uint32_t len)
{
	uint32_t done = 0, n;
	unsigned int i;

	for (i = 0; i < r->n_in && done < len; i++, done += n) {
		n = r->in[i].len < len - done ? r->in[i].len : len - done;
		if (r->in[i].ptr)
			memcpy(r->in[i].ptr, (const uint8_t *)buf + done, n);
	}
	return done;
}

uint32_t vq_room(const struct vq_request *r)
{
	uint64_t room = 0;
	unsigned int i;

	for (i = 0; i < r->n_in; i++)
		room += r->in[i].len;
	return room > UINT32_MAX ? UINT32_MAX : (uint32_t)room;
}
