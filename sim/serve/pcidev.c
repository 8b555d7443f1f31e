/* SPDX-License-Identifier: MIT */
/* pcidev.c - the operations of virtio_pcidev.h (Linux), translated into calls of the simulator. */
#include "pcidev.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "lxa_regs.h"
#include "uapi/lxa.h"

enum op { OP_CFG_READ = 1, OP_CFG_WRITE, OP_MMIO_READ, OP_MMIO_WRITE, OP_MMIO_MEMSET, OP_INT, OP_MSI };

struct message {
	uint8_t op, bar;
	uint16_t reserved;
	uint32_t size;
	uint64_t addr;
};

#define MESSAGE_BYTES 16u
_Static_assert(sizeof(struct message) == MESSAGE_BYTES, "as the guest lays it out");

/*
 * A guest that only writes is called after so many writes, so that it frees their buffers before the queue (256) is full;
 * one that reads finds them by itself. An interrupt for each write would cost more than the write.
 */
#define POSTED_MAX 192u

/*
 * A line that goes up and down without end must not keep the guest in its interrupt handler, which takes messages for as long as
 * there are any: so many in a millisecond, and the next one when it has touched a register or a millisecond is over, so that each is an
 * interrupt of its own to a handler that looks at the device. What comes on top of so many waiting ones is one with them: who handles
 * an interrupt looks at everything.
 */
#define IRQS_PER_MS 8u
#define IRQS_WAITING 10000u

/* ---- to the guest ----------------------------------------------------------------------------------------------------- */

/* Lock held. A guest too busy to drain its pipe has calls enough waiting there. */
static void call_guest(struct pcidev *p, uint32_t nr)
{
	const uint32_t msg[5] = { 4 /* VRING_CALL */, 1, 8, nr, 0 };

	if (p->call_fd < 0 || !vq_wants_call(&p->queue[nr], &p->mem))
		return;
	if (write(p->call_fd, msg, sizeof(msg)) != (ssize_t)sizeof(msg))
		return;
}

/* Lock held: may one more go now? */
static int has_turn(struct pcidev *p)
{
	struct timespec ts;
	int64_t now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	if (now != p->tick) {
		p->tick = now;
		p->sent = 0;
		p->touched = 1;
	}
	if (p->sent < IRQS_PER_MS && p->touched)
		return 1;
	eventfd_write(p->wake_fd, 1);
	return 0;
}

/*
 * Lock held: a buffer for an interrupt. The guest gives each one back as soon as it has been taken, and need tell us only when one is
 * waited for: a kick is a round trip.
 */
static int pop_buffer(struct pcidev *p, struct vq_request *r)
{
	struct virtqueue *q = &p->queue[PCIDEV_INTERRUPTS];
	int ret = vq_pop(q, &p->mem, r);

	if (!ret) {
		vq_want_kicks(q, &p->mem, 1);
		ret = vq_pop(q, &p->mem, r);	/* one may have come before the guest could know */
	}
	if (ret > 0)
		vq_want_kicks(q, &p->mem, 0);
	return ret;
}

/* Lock held: as many of the waiting interrupts as the guest has buffers for and as have their turn. */
static int send_interrupts(struct pcidev *p)
{
	struct virtqueue *q = &p->queue[PCIDEV_INTERRUPTS];
	struct { struct message m; uint16_t data; } __attribute__((packed)) msg;
	struct vq_request r;
	struct pci_msi msi;
	int ret, sent = 0;

	if (!pci_msi_on(&p->fn, &msi)) {
		p->pending = 0;		/* as on a bus: nobody listens */
		return 0;
	}
	while (p->pending && q->enabled && has_turn(p)) {
		ret = pop_buffer(p, &r);
		if (ret < 0)
			return ret;
		if (!ret)
			break;
		msg.m = (struct message) { .op = OP_MSI, .size = sizeof(msg.data), .addr = msi.addr };
		msg.data = msi.data;
		ret = vq_push(q, &p->mem, r.head, vq_write_in(&r, &msg, sizeof(msg)));
		if (ret)
			return ret;
		p->pending--;
		p->sent++;
		p->touched = 0;
		p->count.msis++;
		sent = 1;
	}
	if (sent)
		call_guest(p, PCIDEV_INTERRUPTS);
	return 0;
}

/* The device's line is a level; a message goes out when it rises. */
static void on_irq(void *ctx, int level)
{
	struct pcidev *p = ctx;

	if (!level)
		return;
	pthread_mutex_lock(&p->lock);
	if (p->pending < IRQS_WAITING)
		p->pending++;
	send_interrupts(p);		/* broken rings are reported when the guest kicks */
	pthread_mutex_unlock(&p->lock);
}

/* ---- configuration space ---------------------------------------------------------------------------------------------- */

/* DMA is allowed while the guest has the bus-master bit set. */
static void update_dma(struct pcidev *p)
{
	int want = pci_master_on(&p->fn) && p->mem.host;

	if (want && !p->dma_on)
		p->dma_on = !lxa_sim_dma_map(p->sim, p->mem.addr, p->mem.host, p->mem.size, LXA_SIM_DMA_READ | LXA_SIM_DMA_WRITE);
	else if (!want && p->dma_on)
		p->dma_on = lxa_sim_dma_unmap(p->sim, p->mem.addr, p->mem.size) != 0;
}

static void cfg_read(struct pcidev *p, uint64_t off, uint8_t data[8], uint32_t size)
{
	struct lxa_sim_stats st;

	if (off >= PCI_SIM && off < PCI_SIM + PCI_SIM_BYTES) {
		lxa_sim_stats(p->sim, &st);
		pci_cfg_put64(&p->fn, PCI_SIM_CYCLES, st.cycles);
		pci_cfg_put64(&p->fn, PCI_SIM_JOBS, st.jobs);
		pci_cfg_put64(&p->fn, PCI_SIM_IRQS, st.irqs);
		pci_cfg_put64(&p->fn, PCI_SIM_BUS_ERRORS, st.bus_errors);
	}
	pci_cfg_read(&p->fn, off, data, size);
}

/* No faults any more: what is left of a storm is one interrupt. */
static void calm(struct pcidev *p)
{
	pthread_mutex_lock(&p->lock);
	p->pending = p->pending ? 1 : 0;
	pthread_mutex_unlock(&p->lock);
}

static void cfg_write(struct pcidev *p, uint64_t off, const uint8_t *data, uint32_t size)
{
	pthread_mutex_lock(&p->lock);
	pci_cfg_write(&p->fn, off, data, size);
	pthread_mutex_unlock(&p->lock);
	update_dma(p);
	if (off == PCI_SIM_FAULT && pci_cfg_get32(&p->fn, PCI_SIM_FAULT) == LXA_SIM_FAULT_NONE)
		calm(p);
	if (off == PCI_SIM_FAULT)
		lxa_sim_fault(p->sim, (enum lxa_sim_fault)pci_cfg_get32(&p->fn, PCI_SIM_FAULT),
			      pci_cfg_get32(&p->fn, PCI_SIM_AFTER), pci_cfg_get32(&p->fn, PCI_SIM_COUNT));
}

/* ---- registers ---------------------------------------------------------------------------------------------------------- */

static int mmio_ok(const struct pcidev *p, const struct message *m)
{
	return pci_memory_on(&p->fn) && !m->bar && m->addr < PCI_BAR_BYTES && m->size <= PCI_BAR_BYTES - m->addr &&
	       !(m->addr % 4) && !(m->size % 4);
}

static void mmio_read(struct pcidev *p, const struct message *m, uint8_t *data)
{
	uint32_t i, val;

	memset(data, 0xff, m->size);
	if (!mmio_ok(p, m)) {
		p->count.bad++;
		return;
	}
	for (i = 0; i < m->size; i += 4, p->count.reads++) {
		val = lxa_sim_read32(p->sim, (uint32_t)m->addr + i);
		memcpy(data + i, &val, 4);
	}
}

static void mmio_write(struct pcidev *p, const struct message *m, const uint8_t *data)
{
	uint32_t i, val;

	if (!mmio_ok(p, m)) {
		p->count.bad++;
		return;
	}
	for (i = 0; i < m->size; i += 4, p->count.writes++) {
		memcpy(&val, data + i, 4);
		lxa_sim_write32(p->sim, (uint32_t)m->addr + i, val);
	}
}

/* ---- queue 0 ------------------------------------------------------------------------------------------------------------- */

static int cfg_size_ok(uint32_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

/* Carry out one request; how many bytes were written to its buffers. */
static uint32_t execute(struct pcidev *p, const struct vq_request *r)
{
	struct { struct message m; uint8_t data[PCI_BAR_BYTES]; } q;
	uint8_t answer[PCI_BAR_BYTES];
	uint32_t len = vq_read_out(r, &q, sizeof(q));

	if (len < MESSAGE_BYTES || q.m.size > PCI_BAR_BYTES)
		goto bad;
	len -= MESSAGE_BYTES;
	switch (q.m.op) {
	case OP_CFG_READ:		/* the buffer is always one of eight bytes */
		if (!cfg_size_ok(q.m.size))
			goto bad;
		cfg_read(p, q.m.addr, answer, q.m.size);
		return vq_write_in(r, answer, q.m.size);
	case OP_CFG_WRITE:		/* so is this; Linux's memset_io() comes here, too, with a byte of data only */
		if (!cfg_size_ok(q.m.size) || (len != q.m.size && len != 8))
			goto bad;
		cfg_write(p, q.m.addr, q.data, q.m.size);
		return 0;
	case OP_MMIO_READ:
		mmio_read(p, &q.m, answer);
		return vq_write_in(r, answer, q.m.size);
	case OP_MMIO_WRITE:
		if (len < q.m.size)
			goto bad;
		mmio_write(p, &q.m, q.data);
		return 0;
	default:
		break;
	}
bad:
	p->count.bad++;
	return 0;
}

static int run_commands(struct pcidev *p)
{
	struct virtqueue *q = &p->queue[PCIDEV_COMMANDS];
	struct vq_request r;
	int ret;

	while ((ret = vq_pop(q, &p->mem, &r)) > 0) {
		ret = vq_push(q, &p->mem, r.head, execute(p, &r));
		if (ret)
			break;
		p->posted = r.n_in ? 0 : p->posted + 1;
	}
	if (ret)
		return ret;
	pthread_mutex_lock(&p->lock);
	p->touched = 1;
	ret = send_interrupts(p);
	pthread_mutex_unlock(&p->lock);
	if (p->posted >= POSTED_MAX) {
		p->posted = 0;
		pthread_mutex_lock(&p->lock);
		call_guest(p, PCIDEV_COMMANDS);
		pthread_mutex_unlock(&p->lock);
	}
	return ret;
}

int pcidev_kick(struct pcidev *p, unsigned int nr)
{
	int ret;

	if (nr >= PCIDEV_QUEUES || !p->queue[nr].enabled)
		return -EPROTO;
	if (nr == PCIDEV_COMMANDS)
		return run_commands(p);
	pthread_mutex_lock(&p->lock);
	ret = send_interrupts(p);
	pthread_mutex_unlock(&p->lock);
	return ret;
}

int pcidev_tick(struct pcidev *p)
{
	eventfd_t n;
	int ret;

	eventfd_read(p->wake_fd, &n);
	pthread_mutex_lock(&p->lock);
	ret = send_interrupts(p);
	pthread_mutex_unlock(&p->lock);
	return ret;
}

/* ---- life ------------------------------------------------------------------------------------------------------------------ */

int pcidev_init(struct pcidev *p, struct lxa_sim *sim)
{
	*p = (struct pcidev) { .sim = sim, .call_fd = -1, .wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	if (p->wake_fd < 0)
		return -errno;
	pthread_mutex_init(&p->lock, NULL);
	pci_function_init(&p->fn, lxa_sim_engine(sim) == LXA_SIM_RTL ? LXA_PLATFORM_RTL : LXA_PLATFORM_MODEL);
	lxa_sim_set_irq(sim, on_irq, p);
	return 0;
}

void pcidev_destroy(struct pcidev *p)
{
	lxa_sim_set_irq(p->sim, NULL, NULL);
	pcidev_set_mem(p, &(struct guest_mem) { 0 });
	pcidev_set_call_fd(p, -1);
	close(p->wake_fd);
}

void pcidev_set_mem(struct pcidev *p, const struct guest_mem *m)
{
	struct guest_mem old = p->mem;

	if (p->dma_on)
		lxa_sim_dma_unmap(p->sim, old.addr, old.size);
	p->dma_on = 0;
	pthread_mutex_lock(&p->lock);
	p->mem = *m;
	pthread_mutex_unlock(&p->lock);
	guest_mem_unmap(&old);
	update_dma(p);
}

void pcidev_set_call_fd(struct pcidev *p, int fd)
{
	pthread_mutex_lock(&p->lock);
	if (p->call_fd >= 0)
		close(p->call_fd);
	p->call_fd = fd;
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	pthread_mutex_unlock(&p->lock);
}
