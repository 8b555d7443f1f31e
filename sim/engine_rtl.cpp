// SPDX-License-Identifier: MIT
// engine_rtl.cpp - the Verilated design as an engine: clock, reset, register port, memory, state carried over, waves.
// The only C++ of the project; everything that is not Verilator's interface is in axi_mem.c.
#include <cerrno>
#include <cstring>
#include <new>

#include "Vlxa.h"
#include "Vlxa___024root.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_fst_c.h"
#endif

#include "axi_mem.h"
#include "engine.h"
#include "lxa_cfg.h"
#include "lxa_regs.h"

namespace {

constexpr uint64_t HANG_QUIET = 8192; // cycles without a bus movement after which a hung device is left to sleep
constexpr int PORT_CYCLES = 1000;     // a register access takes a handful

struct Rtl {
	struct bus *bus;
	struct axi_mem mem;
	VerilatedContext ctx;
	Vlxa *top;
#if VM_TRACE
	VerilatedFstC *fst;
#endif
	uint64_t time;
};

#if VM_TRACE
void dump(Rtl *e)
{
	if (e->fst && trace_on(&e->bus->trace))
		e->fst->dump(e->time);
	e->time++;
}
#else
inline void dump(Rtl *) {}
#endif

void drive(Rtl *e)
{
	Vlxa *t = e->top;

	axi_mem_drive(&e->mem);
	t->m_axi_arready_i = e->mem.arready;
	t->m_axi_awready_i = e->mem.awready;
	t->m_axi_wready_i = e->mem.wready;
	t->m_axi_rvalid_i = e->mem.rvalid;
	t->m_axi_rlast_i = e->mem.rlast;
	t->m_axi_rresp_i = e->mem.rresp;
	if (e->mem.rvalid) {
		std::memcpy(&t->m_axi_rdata_i, e->mem.rdata, LXA_CFG_BUS_W / 8);
	}
	t->m_axi_bvalid_i = e->mem.bvalid;
	t->m_axi_bresp_i = e->mem.bresp;
}

void sample(Rtl *e)
{
	Vlxa *t = e->top;
	struct axi_out o;

	if (t->m_axi_arvalid_o | t->m_axi_awvalid_o | t->m_axi_wvalid_o | e->mem.rvalid | e->mem.bvalid) {
		o.arvalid = t->m_axi_arvalid_o;
		o.araddr = t->m_axi_araddr_o;
		o.arlen = t->m_axi_arlen_o;
		o.rready = t->m_axi_rready_o;
		o.awvalid = t->m_axi_awvalid_o;
		o.awaddr = t->m_axi_awaddr_o;
		o.awlen = t->m_axi_awlen_o;
		o.wvalid = t->m_axi_wvalid_o;
		o.wlast = t->m_axi_wlast_o;
		o.wstrb = t->m_axi_wstrb_o;
		o.wdata = reinterpret_cast<const uint8_t *>(&t->m_axi_wdata_o);
		o.bready = t->m_axi_bready_o;
		axi_mem_sample(&e->mem, &o);
	} else {
		axi_mem_idle(&e->mem);
	}
	if (t->bus_reset_o) {
		axi_mem_reset(&e->mem);
		bus_unhang(e->bus);
	}
}

// One clock edge. The memory side sees what the design shows in the cycle that ends here, and gives what the design is to see
// in the next one (lxa_sim_top.sv holds the inputs). Nothing depends on the clock's fall, so the design need not be evaluated
// with the clock low but for waves; Verilator finds an edge by the clock's value at the last evaluation.
void tick(Rtl *e)
{
	Vlxa *t = e->top;

	if (t->rst_ni)
		sample(e);
	e->bus->now++;
	drive(e);
#ifdef LXA_CLK_SEEN
	t->rootp->LXA_CLK_SEEN = 0;
#else
	t->clk_i = 0;
	t->eval();
	dump(e);
#endif
	t->clk_i = 1;
	t->eval();
	dump(e);
}

void hard_reset(Rtl *e)
{
	Vlxa *t = e->top;

	t->clk_i = 0;
	t->s_axil_awaddr_i = t->s_axil_awvalid_i = t->s_axil_wdata_i = t->s_axil_wstrb_i = t->s_axil_wvalid_i = 0;
	t->s_axil_bready_i = t->s_axil_araddr_i = t->s_axil_arvalid_i = t->s_axil_rready_i = 0;
	t->rst_ni = 0;
	for (int i = 0; i < 4; i++)
		tick(e);
	axi_mem_reset(&e->mem);
	t->rst_ni = 1;
	tick(e);
}

void *rtl_create(struct bus *bus)
{
	Rtl *e = new (std::nothrow) Rtl();

	if (!e)
		return nullptr;
	e->bus = bus;
	e->mem.bus = bus;
#if VM_TRACE
	e->ctx.traceEverOn(true);
#endif
	Verilated::threadContextp(&e->ctx);
	e->ctx.threads(1);
	e->ctx.randReset(2); // only a build with --x-initial unique looks at these
	e->ctx.randSeed(static_cast<int>(bus->random & 0x3fffffff) + 1);
	e->top = new (std::nothrow) Vlxa(&e->ctx, "lxa");
	if (!e->top) {
		delete e;
		return nullptr;
	}
	hard_reset(e);
	return e;
}

int rtl_wave(void *p, const char *path)
{
#if VM_TRACE
	Rtl *e = static_cast<Rtl *>(p);

	if (e->fst) {
		e->fst->close();
		delete e->fst;
		e->fst = nullptr;
	}
	if (!path)
		return 0;
	e->fst = new (std::nothrow) VerilatedFstC();
	if (!e->fst)
		return -ENOMEM;
	e->top->trace(e->fst, 99);
	e->fst->open(path);
	if (e->fst->isOpen())
		return 0;
	delete e->fst;
	e->fst = nullptr;
	return -EIO;
#else
	(void)p;
	return path ? -ENOTSUP : 0;
#endif
}

void rtl_destroy(void *p)
{
	Rtl *e = static_cast<Rtl *>(p);

	rtl_wave(e, nullptr);
	Verilated::threadContextp(&e->ctx); // scopes are taken out of the thread's context, which may be another device's
	e->top->final();
	delete e->top;
	delete e;
}

uint32_t rtl_read32(void *p, uint32_t off)
{
	Rtl *e = static_cast<Rtl *>(p);
	Vlxa *t = e->top;
	uint32_t val = ~0u;

	t->s_axil_araddr_i = off;
	t->s_axil_arvalid_i = 1;
	t->s_axil_rready_i = 1;
	for (int i = 0; i < PORT_CYCLES; i++) {
		tick(e);
		if (t->s_axil_rvalid_o) {
			val = t->s_axil_rdata_o;
			break;
		}
		if (t->s_axil_arready_o)
			t->s_axil_arvalid_i = 0;
	}
	t->s_axil_arvalid_i = 0;
	t->s_axil_rready_i = 0;
	tick(e); // the port is quiet again
	return val;
}

void shadow(Rtl *e, uint32_t off, uint32_t val)
{
	struct axi_mem *m = &e->mem;

	switch (off) {
	case LXA_REG_RING_BASE_LO:
		m->ring_base = (m->ring_base & ~0xffffffffull) | (val & ~(LXA_DESC_BYTES - 1u));
		break;
	case LXA_REG_RING_BASE_HI:
		m->ring_base = (m->ring_base & 0xffffffffull) | static_cast<uint64_t>(val) << 32;
		break;
	case LXA_REG_CPL_BASE_LO:
		m->cpl_base = (m->cpl_base & ~0xffffffffull) | (val & ~(LXA_CPL_BYTES - 1u));
		break;
	case LXA_REG_CPL_BASE_HI:
		m->cpl_base = (m->cpl_base & 0xffffffffull) | static_cast<uint64_t>(val) << 32;
		break;
	case LXA_REG_RING_LOG2:
		m->ring_log2 = val > LXA_CFG_RING_LOG2_MAX ? LXA_CFG_RING_LOG2_MAX : val;
		break;
	}
}

void rtl_write32(void *p, uint32_t off, uint32_t val)
{
	Rtl *e = static_cast<Rtl *>(p);
	Vlxa *t = e->top;

	e->mem.quiet = 0; // whatever was written may make a hung device move
	shadow(e, off, val);
	t->s_axil_awaddr_i = off;
	t->s_axil_wdata_i = val;
	t->s_axil_wstrb_i = 15;
	t->s_axil_awvalid_i = t->s_axil_wvalid_i = 1;
	t->s_axil_bready_i = 1;
	for (int i = 0; i < PORT_CYCLES; i++) {
		tick(e);
		if (t->s_axil_bvalid_o)
			break;
		if (t->s_axil_awready_o)
			t->s_axil_awvalid_i = 0;
		if (t->s_axil_wready_o)
			t->s_axil_wvalid_i = 0;
	}
	t->s_axil_awvalid_i = t->s_axil_wvalid_i = t->s_axil_bready_i = 0;
	tick(e);
}

enum engine_state rtl_state(void *p)
{
	Rtl *e = static_cast<Rtl *>(p);

	if (e->top->idle_o)
		return ENGINE_IDLE;
	return e->bus->hung && e->mem.quiet > HANG_QUIET ? ENGINE_BLOCKED : ENGINE_BUSY;
}

enum engine_state rtl_run(void *p, uint64_t cycles, const int *stop)
{
	Rtl *e = static_cast<Rtl *>(p);
	const auto irq = e->top->irq_o;

	for (uint64_t i = 0; i < cycles; i++) {
		tick(e);
		if (e->top->idle_o || e->top->irq_o != irq)
			break;
		if (i % 64 == 63 && __atomic_load_n(stop, __ATOMIC_RELAXED))
			break;
	}
	return rtl_state(e);
}

int rtl_irq(void *p)
{
	return static_cast<Rtl *>(p)->top->irq_o;
}

// Registers, by the names that rtl_state.vlt makes accessible.
#define REGS(name) r->lxa_sim_top__DOT__u_top__DOT__u_regs__DOT__##name
#define CMD(name) r->lxa_sim_top__DOT__u_top__DOT__u_cmd__DOT__##name
#define CPL(name) r->lxa_sim_top__DOT__u_top__DOT__u_cpl__DOT__##name
#define CNT(name) r->lxa_sim_top__DOT__u_top__DOT__u_counters__DOT__##name
#define COUNTERS(X) \
	X(0, cycles_q) X(1, busy_q) X(2, wgt_q) X(3, act_q) X(4, rd_q) X(5, out_q) X(6, wr_q) X(7, pipe_q) X(8, cmd_q) \
	X(9, idle_q) X(10, macs_q) X(11, rdb_q) X(12, wrb_q) X(13, jobs_q)

void rtl_save(void *p, struct reg_state *s)
{
	const Vlxa___024root *r = static_cast<Rtl *>(p)->top->rootp;

	std::memset(s, 0, sizeof(*s));
	s->enable = REGS(enable_q);
	s->irq_status = REGS(irq_status_q);
	s->irq_mask = REGS(irq_mask_q);
	s->ring_base = REGS(ring_base_q);
	s->cpl_base = REGS(cpl_base_q);
	s->ring_log2 = REGS(ring_log2_q);
	s->tail = REGS(tail_q);
	s->progress = REGS(progress_q);
	s->head = CMD(head_q);
	s->cpl_count = CPL(count_q);
#define X(i, name) s->cnt[i] = CNT(name);
	COUNTERS(X)
#undef X
	std::memcpy(s->snap, &CNT(snap_q), sizeof(s->snap));
}

void rtl_restore(void *p, const struct reg_state *s)
{
	Rtl *e = static_cast<Rtl *>(p);
	Vlxa___024root *r = e->top->rootp;

	hard_reset(e);
	REGS(irq_status_q) = s->irq_status;
	REGS(irq_mask_q) = s->irq_mask;
	REGS(ring_base_q) = e->mem.ring_base = s->ring_base;
	REGS(cpl_base_q) = e->mem.cpl_base = s->cpl_base;
	REGS(ring_log2_q) = e->mem.ring_log2 = s->ring_log2;
	REGS(tail_q) = s->tail;
	REGS(progress_q) = s->progress;
	REGS(enable_q) = s->enable;
	CMD(issued_q) = s->head;
	CMD(head_q) = s->head;
	CMD(loaded_q) = s->head;
	CPL(count_q) = s->cpl_count;
	CPL(rec_count_q) = s->cpl_count;
#define X(i, name) CNT(name) = s->cnt[i];
	COUNTERS(X)
#undef X
	std::memcpy(&CNT(snap_q), s->snap, sizeof(s->snap));
	tick(e); // derived signals follow the registers
}

} // namespace

extern "C" const struct engine_ops engine_rtl = {
	"rtl",	 rtl_create, rtl_destroy, rtl_read32, rtl_write32, rtl_run,
	rtl_state, rtl_irq,   rtl_save,	   rtl_restore, rtl_wave,
};
