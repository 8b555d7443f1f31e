// SPDX-License-Identifier: MIT
/*
 * The vhost-user server of `lxa sim`, from the guest's side: the test is a guest, which shares memory with the server, lays out
 * virtqueues in it and speaks the protocol. Well-behaved guests find a PCI function that works; others do no harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lxa_regs.h"
#include "lxa_sim.h"
#include "pci_function.h"
#include "serve.h"
#include "uapi/lxa.h"

/* ---- the server under test ------------------------------------------------------------------------------------------- */

static struct server {
	char dir[64], path[96], err[256];
	int stop[2], ret;
	pthread_t thread;
	struct lxa_serve opt;
	void *dtb;
} srv;

static void *server_main(void *arg)
{
	srv.ret = lxa_serve(&srv.opt, srv.err, sizeof(srv.err));
	return arg;
}

static int start_server(void **state)
{
	struct stat st;

	strcpy(srv.dir, "/tmp/lxa-serve.XXXXXX");
	if (!mkdtemp(srv.dir) || pipe(srv.stop))
		return -1;
	snprintf(srv.path, sizeof(srv.path), "%s/sock", srv.dir);
	srv.opt = (struct lxa_serve) { .path = srv.path, .stop_fd = srv.stop[0] };
	if (lxa_sim_tree(NULL, "model", &srv.dtb, &srv.opt.dtb_len, srv.err, sizeof(srv.err)))
		return -1;
	srv.opt.dtb = srv.dtb;
	if (pthread_create(&srv.thread, NULL, server_main, NULL))
		return -1;
	for (int i = 0; i < 500 && stat(srv.path, &st); i++)
		usleep(10000);
	return 0;
}

/* It ends when told to, whatever its guests do, and takes its socket along. */
static int stop_server(void **state)
{
	struct stat st;
	int left;

	close(srv.stop[1]);
	pthread_join(srv.thread, NULL);
	close(srv.stop[0]);
	free(srv.dtb);
	left = !stat(srv.path, &st);
	rmdir(srv.dir);
	return srv.ret || left;
}

/* ---- a guest ---------------------------------------------------------------------------------------------------------- */

#define MEM_ADDR 0x10000000ull		/* guest physical */
#define MEM_BYTES 0x40000ull
#define QUEUE_SIZE 16u
#define QUEUE_BYTES 0x1000ull		/* descriptors at 0, avail at 0x400, used at 0x800; queue n at n * QUEUE_BYTES */
#define BUF 0x8000ull			/* a page of messages */
#define IRQ_BUF 0x9000ull
#define RINGS 0xa000ull			/* the device's own rings */

struct guest {
	int sock, mem_fd, call_fd;	/* call_fd: where the server calls us */
	uint8_t *mem;
	uint16_t avail[2], used[2];
};

struct desc { uint64_t addr; uint32_t len; uint16_t flags, next; };
struct message { uint8_t op, bar; uint16_t reserved; uint32_t size; uint64_t addr; uint8_t data[16]; };

static int connect_to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 10 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(a.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static void send_msg(int sock, uint32_t request, uint32_t flags, const void *payload, uint32_t size, int fd)
{
	union { char room[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { { 0 } };
	uint32_t h[3] = { request, flags, size };
	struct iovec iov[2] = { { h, sizeof(h) }, { (void *)payload, size } };
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };

	if (fd >= 0) {
		struct cmsghdr *c = &control.align;

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
		mh.msg_control = &control;
		mh.msg_controllen = sizeof(control);
	}
	assert_int_equal(sendmsg(sock, &mh, MSG_NOSIGNAL), sizeof(h) + size);
}

/* The u64 of the reply; false: the server has hung up. */
static bool get_reply(int sock, uint32_t request, uint64_t *val)
{
	struct { uint32_t h[3]; uint64_t val; } __attribute__((packed)) r;
	ssize_t n = recv(sock, &r, sizeof(r), MSG_WAITALL);

	if (n <= 0)
		return false;
	assert_int_equal(n, sizeof(r));
	assert_int_equal(r.h[0], request);
	assert_int_equal(r.h[1], 5);
	assert_int_equal(r.h[2], 8);
	*val = r.val;
	return true;
}

/* Send and have it acknowledged: 0, 1 refused, -1 hung up. */
static int ask(struct guest *g, uint32_t request, const void *payload, uint32_t size, int fd)
{
	uint64_t val;

	send_msg(g->sock, request, 9, payload, size, fd);
	return get_reply(g->sock, request, &val) ? (int)val : -1;
}

static int ask_state(struct guest *g, uint32_t request, uint32_t index, uint32_t num)
{
	const uint32_t s[2] = { index, num };

	return ask(g, request, s, sizeof(s), -1);
}

static int ask_mem(struct guest *g, uint64_t addr, uint64_t size)
{
	struct { uint32_t n, pad; uint64_t r[8]; } t = { 1, 0, { addr, size, addr, 0 } };

	return ask(g, 5, &t, sizeof(t), g->mem_fd);
}

static void queue_setup(struct guest *g, uint32_t q)
{
	uint64_t base = MEM_ADDR + q * QUEUE_BYTES;
	struct { uint32_t index, flags; uint64_t desc, used, avail, log; } a = { q, 0, base, base + 0x800, base + 0x400, 0 };

	assert_int_equal(ask_state(g, 8, q, QUEUE_SIZE), 0);
	assert_int_equal(ask_state(g, 10, q, 0), 0);
	assert_int_equal(ask(g, 9, &a, sizeof(a), -1), 0);
	assert_int_equal(ask_state(g, 18, q, 1), 0);
}

static struct guest guest_connect(void)
{
	struct guest g = { .sock = connect_to(srv.path), .mem_fd = memfd_create("guest", MFD_CLOEXEC) };
	uint64_t val;
	int p[2];

	assert_true(g.mem_fd >= 0);
	assert_int_equal(ftruncate(g.mem_fd, MEM_BYTES), 0);
	g.mem = mmap(NULL, MEM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, g.mem_fd, 0);
	assert_ptr_not_equal(g.mem, MAP_FAILED);
	send_msg(g.sock, 3, 1, NULL, 0, -1);
	send_msg(g.sock, 1, 1, NULL, 0, -1);
	assert_true(get_reply(g.sock, 1, &val));
	assert_int_equal(val, 1ull << 32 | 1ull << 30);
	send_msg(g.sock, 15, 1, NULL, 0, -1);
	assert_true(get_reply(g.sock, 15, &val));
	assert_int_equal(val, 1u << 3 | 1u << 5 | 1u << 14);
	assert_int_equal(ask(&g, 16, &val, sizeof(val), -1), 0);
	assert_int_equal(pipe(p), 0);
	g.call_fd = p[0];
	assert_int_equal(ask(&g, 21, NULL, 0, p[1]), 0);
	close(p[1]);
	return g;
}

static struct guest guest_start(void)
{
	struct guest g = guest_connect();

	assert_int_equal(ask_mem(&g, MEM_ADDR, MEM_BYTES), 0);
	queue_setup(&g, 0);
	queue_setup(&g, 1);
	return g;
}

static void guest_end(struct guest *g)
{
	close(g->sock);
	close(g->call_fd);
	munmap(g->mem, MEM_BYTES);
	close(g->mem_fd);
}

static struct desc *desc_of(struct guest *g, uint32_t q)
{
	return (struct desc *)(g->mem + q * QUEUE_BYTES);
}

static void make_available(struct guest *g, uint32_t q, uint16_t head)
{
	uint16_t *avail = (uint16_t *)(g->mem + q * QUEUE_BYTES + 0x400);

	avail[2 + g->avail[q]++ % QUEUE_SIZE] = head;
	__atomic_store_n(&avail[1], g->avail[q], __ATOMIC_RELEASE);
}

static uint16_t used_index(struct guest *g, uint32_t q)
{
	return __atomic_load_n((uint16_t *)(g->mem + q * QUEUE_BYTES + 0x802), __ATOMIC_ACQUIRE);
}

/* VRING_USED_F_NO_NOTIFY: the device does not want to be told of what is put into the queue. */
static int no_kicks(struct guest *g, uint32_t q)
{
	return __atomic_load_n((uint16_t *)(g->mem + q * QUEUE_BYTES + 0x800), __ATOMIC_ACQUIRE) & 1;
}

static int kick(struct guest *g, uint32_t q)
{
	return ask_state(g, 35, q, 0);
}

/* One request of out_len bytes, with room for in_len; what came back is in `in`. */
static int request(struct guest *g, const struct message *m, uint32_t out_len, void *in, uint32_t in_len)
{
	struct desc *d = desc_of(g, 0);
	int ret;

	memcpy(g->mem + BUF, m, out_len);
	d[0] = (struct desc) { MEM_ADDR + BUF, out_len, in_len ? 1 : 0, 1 };
	d[1] = (struct desc) { MEM_ADDR + BUF + 0x800, in_len, 2, 0 };
	make_available(g, 0, 0);
	ret = kick(g, 0);
	if (ret)
		return ret;
	assert_int_equal(used_index(g, 0), ++g->used[0]);
	if (in_len)
		memcpy(in, g->mem + BUF + 0x800, in_len);
	return 0;
}

static uint32_t cfg_read(struct guest *g, uint32_t off, uint32_t size)
{
	struct message m = { .op = 1, .size = size, .addr = off };
	uint64_t val = 0;

	memset(g->mem + BUF + 0x800, 0, 8);
	assert_int_equal(request(g, &m, 16, &val, 8), 0);
	return (uint32_t)val;
}

static void cfg_write(struct guest *g, uint32_t off, uint32_t val, uint32_t size)
{
	struct message m = { .op = 2, .size = size, .addr = off };

	memcpy(m.data, &val, 4);
	assert_int_equal(request(g, &m, 24, NULL, 0), 0);
}

static uint32_t reg_read(struct guest *g, uint32_t off)
{
	struct message m = { .op = 3, .size = 4, .addr = off };
	uint32_t val;

	assert_int_equal(request(g, &m, 16, &val, 4), 0);
	return val;
}

static void reg_write(struct guest *g, uint32_t off, uint32_t val)
{
	struct message m = { .op = 4, .size = 4, .addr = off };

	memcpy(m.data, &val, 4);
	assert_int_equal(request(g, &m, 20, NULL, 0), 0);
}

/* ---- the device as a guest would use it ---------------------------------------------------------------------------------- */

#define MSI_CAP 0x40

static void give_irq_buffers(struct guest *g, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		desc_of(g, 1)[i] = (struct desc) { MEM_ADDR + IRQ_BUF + 32 * i, 20, 2, 0 };
		make_available(g, 1, (uint16_t)i);
	}
	assert_int_equal(kick(g, 1), 0);
}

static void device_on(struct guest *g, unsigned int irq_buffers)
{
	cfg_write(g, 0x10, 0xf0000000, 4);
	cfg_write(g, 0x04, 0x0006, 2);
	cfg_write(g, MSI_CAP + 4, 0x000a0000, 4);
	cfg_write(g, MSI_CAP + 12, 77, 2);
	cfg_write(g, MSI_CAP + 2, 0x0081, 2);
	give_irq_buffers(g, irq_buffers);
	reg_write(g, LXA_REG_RING_BASE_LO, MEM_ADDR + RINGS);
	reg_write(g, LXA_REG_RING_LOG2, 4);
	reg_write(g, LXA_REG_CPL_BASE_LO, MEM_ADDR + RINGS + 16 * LXA_DESC_BYTES);
	reg_write(g, LXA_REG_IRQ_MASK, LXA_IRQ_STATUS_DONE_MASK | LXA_IRQ_STATUS_ERROR_MASK);
	reg_write(g, LXA_REG_CTRL, LXA_CTRL_ENABLE_MASK);
}

/* Jobs that do nothing, numbers seq.. */
static void run_nops(struct guest *g, uint32_t tail, uint32_t seq)
{
	uint32_t *d = (uint32_t *)(g->mem + RINGS + tail % 16 * LXA_DESC_BYTES);

	memset(d, 0, LXA_DESC_BYTES);
	d[0] = LXA_MAGIC << 16 | 1u << 8;	/* NOP, interrupt */
	d[1] = seq;
	reg_write(g, LXA_REG_RING_TAIL, tail + 1);
}

static const uint32_t *record(struct guest *g, uint32_t i)
{
	return (const uint32_t *)(g->mem + RINGS + 16 * LXA_DESC_BYTES + i % 16 * LXA_CPL_BYTES);
}

static bool called(struct guest *g, int ms)
{
	struct pollfd p = { .fd = g->call_fd, .events = POLLIN };
	uint32_t m[5];

	if (poll(&p, 1, ms) != 1)
		return false;
	assert_int_equal(read(g->call_fd, m, sizeof(m)), sizeof(m));
	assert_int_equal(m[0], 4);
	assert_int_equal(m[2], 8);
	return m[3] == 1;
}

static void config_space(void **state)
{
	struct guest g = guest_start();
	uint32_t cap, seen = 0;

	assert_int_equal(cfg_read(&g, 0, 4), 0x4c581234);
	assert_int_equal(cfg_read(&g, 0, 2), 0x1234);
	assert_int_equal(cfg_read(&g, 2, 2), 0x4c58);
	assert_int_equal(cfg_read(&g, 0x0b, 1), 0x12);
	assert_int_equal(cfg_read(&g, 0x2e, 2), LXA_PLATFORM_MODEL);
	cfg_write(&g, 0x10, ~0u, 4);
	assert_int_equal(cfg_read(&g, 0x10, 4), 0xfffff000);
	cfg_write(&g, 0x14, ~0u, 4);			/* no second BAR */
	assert_int_equal(cfg_read(&g, 0x14, 4), 0);
	cfg_write(&g, 0, 0, 4);				/* who it is stays */
	assert_int_equal(cfg_read(&g, 0, 4), 0x4c581234);
	for (cap = cfg_read(&g, 0x34, 1); cap; cap = cfg_read(&g, cap + 1, 1)) {
		assert_true(cap >= 0x40 && ++seen <= 2);
		assert_int_equal(cfg_read(&g, cap, 1), seen == 1 ? 0x05 : 0x09);
	}
	assert_int_equal(seen, 2);
	assert_int_equal(cfg_read(&g, 0x100, 4), ~0u);	/* no extended space */
	assert_int_equal(cfg_read(&g, 0xfe, 4), ~0u);
	guest_end(&g);
}

static void registers(void **state)
{
	struct guest g = guest_start();
	struct message m = { .op = 3, .bar = 1, .size = 4 };
	uint32_t val[3];

	assert_int_equal(reg_read(&g, LXA_REG_ID), ~0u);	/* memory is off */
	cfg_write(&g, 0x04, 0x0002, 2);
	assert_int_equal(reg_read(&g, LXA_REG_ID) >> 16, LXA_MAGIC);
	assert_int_equal(request(&g, &m, 16, val, 4), 0);	/* another BAR */
	assert_int_equal(val[0], ~0u);
	m = (struct message) { .op = 3, .size = 4, .addr = 0x1000 };
	assert_int_equal(request(&g, &m, 16, val, 4), 0);	/* behind the last */
	assert_int_equal(val[0], ~0u);
	m = (struct message) { .op = 3, .size = 4, .addr = 2 };
	assert_int_equal(request(&g, &m, 16, val, 4), 0);	/* not aligned */
	assert_int_equal(val[0], ~0u);
	m = (struct message) { .op = 3, .size = 12, .addr = LXA_REG_CFG_SHIFT };
	assert_int_equal(request(&g, &m, 16, val, 12), 0);	/* several at once */
	for (int i = 0; i < 3; i++)
		assert_int_equal(val[i], reg_read(&g, LXA_REG_CFG_SHIFT + 4 * i));
	guest_end(&g);
}

static void jobs_and_interrupts(void **state)
{
	struct guest g = guest_start();
	uint16_t msi;

	device_on(&g, 8);
	for (uint32_t i = 0; i < 40; i++) {
		run_nops(&g, i, 1000 + i);
		assert_true(called(&g, 10000));
		assert_int_equal(used_index(&g, 1), i + 1);
		memcpy(&msi, g.mem + IRQ_BUF + 32 * (i % 8) + 16, 2);
		assert_int_equal(g.mem[IRQ_BUF + 32 * (i % 8)], 7);
		assert_int_equal(msi, 77);
		reg_write(&g, LXA_REG_IRQ_STATUS, reg_read(&g, LXA_REG_IRQ_STATUS));
		assert_int_equal(reg_read(&g, LXA_REG_CPL_COUNT), i + 1);
		assert_int_equal(record(&g, i)[LXA_C_SEQ], 1000 + i);
		assert_int_equal(record(&g, i)[LXA_C_STATUS], LXA_HW_STATUS_OK);
		memset(g.mem + IRQ_BUF + 32 * (i % 8), 0, 20);
		make_available(&g, 1, (uint16_t)(i % 8));
		assert_int_equal(kick(&g, 1), 0);
	}
	assert_int_equal(cfg_read(&g, PCI_SIM_JOBS, 4), 40);
	assert_int_equal(cfg_read(&g, PCI_SIM_BUS_ERRORS, 4), 0);
	guest_end(&g);
}

/* Without buffers for them interrupts wait; with them all come. Faults are injected through configuration space. */
static void interrupts_wait(void **state)
{
	struct guest g = guest_start();
	unsigned int got = 0;

	device_on(&g, 0);
	cfg_write(&g, PCI_SIM_AFTER, 0, 4);
	cfg_write(&g, PCI_SIM_COUNT, 30, 4);
	cfg_write(&g, PCI_SIM_FAULT, LXA_SIM_FAULT_SPURIOUS_IRQ, 4);
	run_nops(&g, 0, 1);
	for (int i = 0; i < 1000 && cfg_read(&g, PCI_SIM_IRQS, 4) < 31; i++) {
		reg_write(&g, LXA_REG_IRQ_STATUS, LXA_IRQ_STATUS_DONE_MASK);	/* a spurious one needs the line low */
		usleep(1000);
	}
	assert_int_equal(used_index(&g, 1), 0);
	assert_int_equal(no_kicks(&g, 1), 0);		/* the device waits for a buffer */
	while (got < 31) {
		give_irq_buffers(&g, 8);
		for (int i = 0; i < 1000 && used_index(&g, 1) < (got + 8 < 31 ? got + 8 : 31); i++)
			usleep(1000);		/* some a millisecond */
		assert_int_equal(used_index(&g, 1), got + 8 < 31 ? got + 8 : 31);
		got += 8;
	}
	/* Enough for all: telling of them would cost a round trip for each interrupt. */
	for (int i = 0; i < 1000 && !no_kicks(&g, 1); i++)
		usleep(1000);
	assert_int_equal(no_kicks(&g, 1), 1);
	guest_end(&g);
}

/* A line that does not come to rest: the guest, which gives each buffer back at once, is not flooded. */
static void storm_is_paced(void **state)
{
	struct guest g = guest_start();
	struct timespec a, b;
	unsigned int got = 0;
	double ms;

	device_on(&g, 0);
	cfg_write(&g, PCI_SIM_COUNT, 100000, 4);
	cfg_write(&g, PCI_SIM_FAULT, LXA_SIM_FAULT_SPURIOUS_IRQ, 4);
	run_nops(&g, 0, 1);
	clock_gettime(CLOCK_MONOTONIC, &a);
	give_irq_buffers(&g, 8);
	for (int i = 0; i < 1000; i++) {
		reg_write(&g, LXA_REG_IRQ_STATUS, LXA_IRQ_STATUS_DONE_MASK);
		for (; (uint16_t)(got & 0xffff) != used_index(&g, 1); got++)
			make_available(&g, 1, (uint16_t)(got % 8));
		assert_int_equal(kick(&g, 1), 0);
		usleep(100);
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
	print_message("%u interrupts in %.0f ms\n", got, ms);
	assert_true(got > 50);
	assert_true(got <= 8 * (ms + 2));
	guest_end(&g);
}

/* No DMA unless the guest has made the function a bus master, none outside of its memory. */
static void dma_is_bounded(void **state)
{
	struct guest g = guest_start();

	device_on(&g, 8);
	cfg_write(&g, 0x04, 0x0002, 2);
	run_nops(&g, 0, 1);
	for (int i = 0; i < 1000 && !(reg_read(&g, LXA_REG_STATUS) & LXA_STATUS_ERROR_MASK); i++)
		usleep(1000);
	assert_int_equal(cfg_read(&g, PCI_SIM_BUS_ERRORS, 4), 1);
	assert_false(called(&g, 50));				/* an MSI is a write, too */
	guest_end(&g);

	g = guest_start();
	device_on(&g, 8);
	reg_write(&g, LXA_REG_RING_BASE_LO, MEM_ADDR + MEM_BYTES);
	reg_write(&g, LXA_REG_RING_TAIL, 1);
	assert_true(called(&g, 10000));
	assert_true(reg_read(&g, LXA_REG_STATUS) & LXA_STATUS_ERROR_MASK);
	assert_true(cfg_read(&g, PCI_SIM_BUS_ERRORS, 4) >= 1);
	guest_end(&g);
}

/* ---- guests that make no sense ----------------------------------------------------------------------------------------------- */

static void odd_requests(void **state)
{
	struct guest g = guest_start();
	struct message m = { .op = 99, .size = 4 };
	uint32_t before, val;

	cfg_write(&g, 0x04, 0x0006, 2);
	before = cfg_read(&g, 0x04, 4);
	assert_int_equal(request(&g, &m, 16, &val, 4), 0);
	m = (struct message) { .op = 3, .size = ~0u };
	assert_int_equal(request(&g, &m, 16, &val, 4), 0);
	assert_int_equal(request(&g, &m, 7, &val, 4), 0);
	m = (struct message) { .op = 2, .size = 4, .addr = 4 };	/* memset_io(): a size, and one byte */
	assert_int_equal(request(&g, &m, 17, NULL, 0), 0);
	assert_int_equal(cfg_read(&g, 0x04, 4), before);
	m = (struct message) { .op = 2, .size = 3, .addr = 4 };
	assert_int_equal(request(&g, &m, 24, NULL, 0), 0);
	assert_int_equal(cfg_read(&g, 0x04, 4), before);
	/* The answer goes where there is no memory: the request is done, nothing is written. */
	desc_of(&g, 0)[0] = (struct desc) { MEM_ADDR + BUF, 16, 1, 1 };
	desc_of(&g, 0)[1] = (struct desc) { 0x7fff00000000, 8, 2, 0 };
	make_available(&g, 0, 0);
	assert_int_equal(kick(&g, 0), 0);
	assert_int_equal(used_index(&g, 0), ++g.used[0]);
	assert_int_equal(cfg_read(&g, 0, 4), 0x4c581234);
	guest_end(&g);
}

/* The guest whose rings are broken is told and left; the server goes on with the next one. */
static void broken_rings(void **state)
{
	const struct desc bad[] = {
		{ MEM_ADDR + BUF, 16, 1, 0 },			/* a chain without an end */
		{ MEM_ADDR + BUF, 16, 1, 0xffff },		/* that leaves the table */
	};
	struct { uint32_t index, flags; uint64_t desc, used, avail, log; } addr = { 0, 0, 16, 4, 2, 0 };
	struct guest g;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		g = guest_start();
		desc_of(&g, 0)[0] = bad[i];
		make_available(&g, 0, 0);
		assert_int_equal(kick(&g, 0), 1);
		guest_end(&g);
	}
	g = guest_start();
	make_available(&g, 0, 0x8000);
	assert_int_equal(kick(&g, 0), 1);
	guest_end(&g);
	g = guest_start();
	assert_int_equal(ask(&g, 9, &addr, sizeof(addr), -1), 0);
	assert_int_equal(kick(&g, 0), 1);
	guest_end(&g);
	g = guest_connect();
	addr.avail = 3;							/* not aligned */
	assert_int_equal(ask(&g, 9, &addr, sizeof(addr), -1), 1);
	guest_end(&g);
	config_space(state);
}

static void broken_protocol(void **state)
{
	struct { uint32_t index, flags; uint64_t desc, used, avail, log; } addr = { 2, 0, 0, 0, 0, 0 };
	struct guest g;
	uint64_t val;

	g = guest_connect();
	assert_int_equal(ask_mem(&g, MEM_ADDR, MEM_BYTES + 4096), 1);	/* more than the file has */
	guest_end(&g);
	g = guest_connect();
	assert_int_equal(ask_mem(&g, ~0ull - 4095, MEM_BYTES), 1);	/* wraps */
	guest_end(&g);
	g = guest_connect();
	assert_int_equal(ask_state(&g, 8, 0, 3), 1);			/* no power of two */
	guest_end(&g);
	g = guest_connect();
	assert_int_equal(ask(&g, 9, &addr, sizeof(addr), -1), 1);	/* no such queue */
	guest_end(&g);
	g = guest_connect();
	assert_int_equal(kick(&g, 0), 1);				/* before it is set up */
	guest_end(&g);
	g = guest_connect();
	assert_int_equal(ask(&g, 77, NULL, 0, -1), 1);			/* no such request */
	guest_end(&g);
	g = guest_connect();
	val = 1u << 3;							/* no in-band notifications */
	assert_int_equal(ask(&g, 16, &val, sizeof(val), -1), 1);
	guest_end(&g);
	config_space(state);
}

static uint32_t rnd(uint32_t *s)
{
	*s = *s * 1664525u + 1013904223u;
	return *s >> 8;
}

/* Random bytes over rings and messages, by a guest that is otherwise set up: no crash, no hang, and the next guest is served. */
static void random_guests(void **state)
{
	const char *env = getenv("LXA_SEED");
	uint32_t seed = env ? (uint32_t)strtoul(env, NULL, 0) : (uint32_t)time(NULL);
	struct guest g;
	int dead;

	print_message("LXA_SEED=%u\n", seed);
	for (int round = 0; round < 200; round++) {
		g = guest_start();
		cfg_write(&g, 0x04, 0x0006, 2);
		for (dead = 0; !dead && rnd(&seed) % 40;) {
			uint32_t n = rnd(&seed) % 8;

			while (n--)
				g.mem[rnd(&seed) % (2 * QUEUE_BYTES)] = (uint8_t)rnd(&seed);
			for (n = 0; n < 24; n++)
				g.mem[BUF + n] = (uint8_t)(rnd(&seed) % (n ? 256 : 8));
			desc_of(&g, 0)[0] = (struct desc) { MEM_ADDR + BUF, rnd(&seed) % 40, rnd(&seed) % 4, rnd(&seed) % 3 };
			make_available(&g, 0, rnd(&seed) % 2);
			dead = kick(&g, rnd(&seed) % 2) != 0;
		}
		guest_end(&g);
	}
	for (int round = 0; round < 50; round++) {
		int sock = connect_to(srv.path);
		uint32_t junk[64];

		for (int i = 0; i < 64; i++)
			junk[i] = i % 3 ? rnd(&seed) % 64 : rnd(&seed);
		if (send(sock, junk, 4 + rnd(&seed) % 252, MSG_NOSIGNAL) < 0)
			assert_int_equal(errno, EPIPE);
		close(sock);
	}
	config_space(state);
}

/* ---- the socket --------------------------------------------------------------------------------------------------------------- */

static void path_in_use(void **state)
{
	struct lxa_serve second = srv.opt;
	char err[256];

	assert_int_equal(lxa_serve(&second, err, sizeof(err)), -EADDRINUSE);
	assert_non_null(strstr(err, srv.path));
	second.path = "/nonexistent/sock";
	assert_int_equal(lxa_serve(&second, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "/nonexistent/sock"));
	config_space(state);
}

/* Two guests at a time have a device each; a guest that does nothing does not keep the server from ending (the teardown). */
static void two_guests(void **state)
{
	struct guest a = guest_start(), b = guest_start();

	device_on(&a, 8);
	device_on(&b, 8);
	run_nops(&a, 0, 1);
	assert_true(called(&a, 10000));
	assert_int_equal(reg_read(&b, LXA_REG_CPL_COUNT), 0);
	assert_int_equal(reg_read(&a, LXA_REG_CPL_COUNT), 1);
	guest_end(&a);
	run_nops(&b, 0, 1);
	assert_true(called(&b, 10000));
	/* b stays. */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_space), cmocka_unit_test(registers), cmocka_unit_test(jobs_and_interrupts),
		cmocka_unit_test(interrupts_wait), cmocka_unit_test(storm_is_paced), cmocka_unit_test(dma_is_bounded), cmocka_unit_test(odd_requests),
		cmocka_unit_test(broken_rings), cmocka_unit_test(broken_protocol), cmocka_unit_test(random_guests),
		cmocka_unit_test(path_in_use), cmocka_unit_test(two_guests),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
