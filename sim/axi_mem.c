/* SPDX-License-Identifier: MIT */
/*
 * axi_mem.c - see axi_mem.h. In order, one ID; the first data of a burst comes `latency` cycles after its address,
 * and later by up to `jitter`; in `stall` of 256 cycles a channel stands still, each by itself.
 */
#include "axi_mem.h"

#include <inttypes.h>
#include <string.h>

#include "lxa_regs.h"

#define RESP_SLVERR 2

static struct axi_burst *head(struct axi_queue *q)
{
	return q->in == q->out ? NULL : &q->q[q->out % AXI_MEM_QUEUE];
}

static int full(const struct axi_queue *q)
{
	return q->in - q->out == AXI_MEM_QUEUE;
}

static struct axi_burst *push(struct axi_queue *q)
{
	struct axi_burst *b = &q->q[q->in++ % AXI_MEM_QUEUE];

	memset(b, 0, sizeof(*b));
	return b;
}

void axi_mem_reset(struct axi_mem *m)
{
	m->rd.in = m->rd.out = m->wr.in = m->wr.out = m->resp.in = m->resp.out = 0;
	m->rvalid = m->bvalid = m->arready = m->awready = m->wready = 0;
	m->desc_fill = 0;
	m->quiet = 0;
}

static void strike(struct axi_mem *m, struct axi_burst *b, int kind)
{
	if (!fault_take(&m->bus->fault, kind))
		return;
	b->error = 1;
	trace_line(&m->bus->trace, m->bus->now, "fault %s %" PRIx64, fault_name(kind), b->addr);
}

/* ---- random timing ------------------------------------------------------------------------------------ */

/* splitmix64 */
static uint64_t draw(struct bus *bus)
{
	uint64_t z = bus->random += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static uint64_t latency(struct bus *bus)
{
	return bus->latency + (bus->jitter ? draw(bus) % (bus->jitter + 1u) : 0);
}

/* Channels that refuse or offer nothing in this cycle. */
enum { STALL_R = 1, STALL_W = 2, STALL_AR = 4, STALL_AW = 8, STALL_B = 16 };

static unsigned int stalls(struct bus *bus)
{
	uint64_t z = draw(bus);
	unsigned int i, mask = 0;

	for (i = 0; i < 5; i++)
		mask |= (z >> 8 * i & 255) < bus->stall ? 1u << i : 0;
	return mask;
}

/* ---- what the design sees next ------------------------------------------------------------------------ */

/* Put the next read beat on the channel. */
static void present(struct axi_mem *m, struct axi_burst *b)
{
	struct bus *bus = m->bus;
	const uint8_t *src = b->error ? NULL : dma_find(&bus->dma, b->addr, bus->beat, LXA_SIM_DMA_READ);

	m->rvalid = 1;
	m->rlast = b->beats == 1;
	m->rresp = src ? 0 : RESP_SLVERR;
	if (!src) {
		memset(m->rdata, 0, bus->beat);
		bus->stats.bus_errors += !b->error;
		return;
	}
	memcpy(m->rdata, src, bus->beat);
	if (bus->fault.active[LXA_SIM_FAULT_BIT_FLIP] && fault_take(&bus->fault, LXA_SIM_FAULT_BIT_FLIP)) {
		fault_flip(&bus->fault, m->rdata, bus->beat);
		trace_line(&bus->trace, bus->now, "fault bit-flip %" PRIx64, b->addr);
	}
}

void axi_mem_drive(struct axi_mem *m)
{
	struct bus *bus = m->bus;
	struct axi_burst *r = head(&m->rd), *b = head(&m->resp);
	uint64_t beats = m->tokens / bus->beat;
	unsigned int stall = bus->stall ? stalls(bus) : 0;
	int read_wants = r && r->when <= bus->now && !(stall & STALL_R);
	int write_may = head(&m->wr) && !(stall & STALL_W);

	if (bus->hung) {		/* what is offered stays offered, nothing new comes */
		m->arready = m->awready = m->wready = 0;
		return;
	}
	if (m->rvalid)			/* offered before and not taken: its bytes are spoken for */
		beats -= beats ? 1 : 0;
	else if (read_wants && beats && !(beats == 1 && m->w_waits && write_may && m->turn)) {
		present(m, r);
		beats--;
	}
	m->wready = write_may && beats;
	m->arready = !full(&m->rd) && !(stall & STALL_AR);
	m->awready = !full(&m->wr) && !(stall & STALL_AW);
	if (!m->bvalid && b && b->when <= bus->now && !(stall & STALL_B)) {
		m->bvalid = 1;
		m->bresp = b->error ? RESP_SLVERR : 0;
	}
}

/* ---- what it did --------------------------------------------------------------------------------------- */

static int in_ring(uint64_t addr, uint64_t base, uint32_t log2, uint32_t entry)
{
	return addr - base < (uint64_t)entry << log2;
}

static void take_ar(struct axi_mem *m, const struct axi_out *o)
{
	struct axi_burst *b = push(&m->rd);

	b->addr = o->araddr;
	b->beats = o->arlen + 1;
	b->when = m->bus->now + latency(m->bus);
	b->desc = in_ring(b->addr, m->ring_base, m->ring_log2, LXA_DESC_BYTES) &&
		  b->beats * m->bus->beat == LXA_DESC_BYTES && b->addr % LXA_DESC_BYTES == 0;
	strike(m, b, LXA_SIM_FAULT_READ_ERROR);
}

static void taken_r(struct axi_mem *m)
{
	struct axi_burst *b = head(&m->rd);
	uint32_t beat = m->bus->beat;

	if (b->desc) {
		memcpy((uint8_t *)m->desc + m->desc_fill, m->rdata, beat);
		m->desc_fill += beat;
	}
	m->bus->stats.rd_bytes += beat;
	m->tokens -= beat;
	m->rvalid = 0;
	m->turn = 1;
	b->addr += beat;
	if (--b->beats)
		return;
	m->rd.out++;
	if (b->desc) {
		m->desc_fill = 0;
		bus_job_started(m->bus, m->desc);
	}
}

static void take_aw(struct axi_mem *m, const struct axi_out *o)
{
	struct axi_burst *b = push(&m->wr);

	b->addr = o->awaddr;
	b->beats = o->awlen + 1;
	strike(m, b, LXA_SIM_FAULT_WRITE_ERROR);
}

/*
 * The first words of a completion record come last, COUNT with the last beat: the record is whole with it. The record that the
 * burst's next beat makes whole, or NULL; *head: how many of its bytes are in that beat.
 */
static uint8_t *last_of_record(struct axi_mem *m, const struct axi_burst *b, uint32_t *head)
{
	*head = m->bus->beat < BUS_HEAD_BYTES ? m->bus->beat : BUS_HEAD_BYTES;
	if (!in_ring(b->addr, m->cpl_base, m->ring_log2, LXA_CPL_BYTES) || b->addr % LXA_CPL_BYTES != BUS_HEAD_BYTES - *head)
		return NULL;
	return dma_find(&m->bus->dma, b->addr - b->addr % LXA_CPL_BYTES, LXA_CPL_BYTES, LXA_SIM_DMA_WRITE);
}

static void finish_record(struct bus *bus, uint8_t *rec, const uint8_t *wdata, uint32_t head)
{
	uint32_t words[LXA_CPL_WORDS];

	memcpy(words, rec, LXA_CPL_BYTES);
	memcpy((uint8_t *)words + BUS_HEAD_BYTES - head, wdata, head);
	bus_job_done(bus, words);
	bus_spoil_record(bus, words);
	bus_put_head(rec, words);
}

static void store(struct axi_mem *m, struct axi_burst *b, const struct axi_out *o)
{
	struct bus *bus = m->bus;
	uint8_t *dst = dma_find(&bus->dma, b->addr, bus->beat, LXA_SIM_DMA_WRITE), *rec;
	uint32_t i, head;

	if (!dst) {
		bus->stats.bus_errors++;
		b->error = 1;
		return;
	}
	rec = last_of_record(m, b, &head);
	for (i = rec ? head : 0; i < bus->beat; i++)
		if (o->wstrb >> i & 1)
			dst[i] = o->wdata[i];
	bus->stats.wr_bytes += (uint64_t)__builtin_popcountll(o->wstrb);
	if (rec)
		finish_record(bus, rec, o->wdata, head);
}

static void take_w(struct axi_mem *m, const struct axi_out *o)
{
	struct axi_burst *b = head(&m->wr), *r;

	if (!b->error)
		store(m, b, o);
	m->tokens -= m->bus->beat;
	m->turn = 0;
	b->addr += m->bus->beat;
	b->beats--;
	if (!o->wlast)
		return;
	r = push(&m->resp);
	r->error = b->error;
	r->when = m->bus->now + latency(m->bus);
	m->wr.out++;
}

void axi_mem_sample(struct axi_mem *m, const struct axi_out *o)
{
	int moved = 0;

	if (o->arvalid && m->arready)
		take_ar(m, o), moved = 1;
	if (m->rvalid && o->rready)
		taken_r(m), moved = 1;
	m->w_waits = o->wvalid && !m->wready;
	if (o->wvalid && m->wready)
		take_w(m, o), moved = 1;
	if (o->awvalid && m->awready)
		take_aw(m, o), moved = 1;
	if (m->bvalid && o->bready)
		m->bvalid = 0, m->resp.out++, moved = 1;
	axi_mem_pass(m, moved);
}
