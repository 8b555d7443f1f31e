// SPDX-License-Identifier: MIT
// AXI4 write master: takes words from the core (windowed) and from the completion writer, joins neighbours to bursts.
//
// A word goes through a window check, then waits in pend_q for its successor: one at the next address joins the burst,
// anything else (or FLUSH_CYCLES without a word) closes it. Bursts end at 256-byte boundaries, so they never cross 4 KB.
// Data is queued before its address is issued: the engine can always finish a burst by itself, whatever its clients do.
// Words of one client stay in order, and one ID keeps them in order on the bus.
module lxa_wr_dma (
  input  logic                             clk_i,
  input  logic                             rst_ni,
  input  logic                             stop_i,  // take nothing more from the core; what was taken is written
  input  logic                             halt_i,  // take and issue nothing (soft reset)
  // core
  input  logic                             wr_valid_i,
  output logic                             wr_ready_o,
  input  logic [63:0]                      wr_addr_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0]   wr_data_i,
  input  logic [lxa_cfg_pkg::WORD_W/8-1:0] wr_strb_i,
  input  logic [63:0]                      wr_base_i,
  input  logic [31:0]                      wr_size_i,
  output logic                             wr_idle_o,  // every word taken has been acknowledged
  // completion writer: whole words, not windowed
  input  logic                             cpl_valid_i,
  output logic                             cpl_ready_o,
  input  logic [63:0]                      cpl_addr_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0]   cpl_data_i,
  input  logic                             cpl_last_i,
  output logic                             cpl_ack_o,  // the burst with a last word has been acknowledged without error
  // state
  output logic                             idle_o,  // no burst open on the bus
  output logic                             quiet_o,  // ... and nothing queued
  output logic                             beat_o,
  output logic                             ack_o,
  output logic                             refused_o,  // wvalid && !wready
  output logic [15:0]                      bytes_o,  // written in this cycle
  output logic                             err_valid_o,
  output lxa_fe_pkg::err_t                 err_o,
  // AXI4
  output logic [63:0]                      m_axi_awaddr_o,
  output logic [7:0]                       m_axi_awlen_o,
  output logic [2:0]                       m_axi_awsize_o,
  output logic [1:0]                       m_axi_awburst_o,
  output logic                             m_axi_awvalid_o,
  input  logic                             m_axi_awready_i,
  output logic [lxa_cfg_pkg::BUS_W-1:0]    m_axi_wdata_o,
  output logic [lxa_cfg_pkg::BUS_W/8-1:0]  m_axi_wstrb_o,
  output logic                             m_axi_wlast_o,
  output logic                             m_axi_wvalid_o,
  input  logic                             m_axi_wready_i,
  /* verilator lint_off UNUSED */  // EXOKAY is no error
  input  logic [1:0]                       m_axi_bresp_i,
  /* verilator lint_on UNUSED */
  input  logic                             m_axi_bvalid_i,
  output logic                             m_axi_bready_o
);

  localparam int unsigned BUS_W = lxa_cfg_pkg::BUS_W;
  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W;
  localparam int unsigned WB = WORD_W / 8;
  localparam int          BYTES = WORD_W / 8;
  localparam int unsigned WB_LOG2 = $clog2(WB);
  localparam int unsigned RATIO = WORD_W / BUS_W;
  localparam int unsigned DATA_LOG2 = 9 - WB_LOG2;   // words queued: two bursts of the longest kind, 256 bytes
  localparam int unsigned ADDR_LOG2 = 3;   // closed bursts queued
  localparam int unsigned OPEN_LOG2 = 6;   // bursts without a response: scattered words of a tile are bursts of one
  localparam logic [3:0]  FLUSH_CYCLES = 4'd8;

  // ---- take a word -------------------------------------------------------------------------------
  logic              in_valid_q, in_cpl_q, in_last_q, in_free, in_take, drop, core_hs, cpl_hs;
  logic [63:0]       in_addr_q, in_base_q;
  logic [WORD_W-1:0] in_data_q;
  logic [WB-1:0]     in_strb_q;
  logic [31:0]       in_size_q;

  assign in_free = (!in_valid_q || in_take || drop) && !halt_i;
  assign cpl_ready_o = in_free;
  assign wr_ready_o = in_free && !cpl_valid_i && !stop_i;
  assign cpl_hs = cpl_valid_i && cpl_ready_o;
  assign core_hs = wr_valid_i && wr_ready_o && wr_strb_i != 0;  // a word without a byte is nothing

  always_ff @(posedge clk_i) begin
    if (cpl_hs) begin
      in_addr_q <= cpl_addr_i;
      in_data_q <= cpl_data_i;
      in_strb_q <= '1;
      in_cpl_q <= 1'b1;
      in_last_q <= cpl_last_i;
    end else if (core_hs) begin
      in_addr_q <= wr_addr_i;
      in_data_q <= wr_data_i;
      in_strb_q <= wr_strb_i;
      in_base_q <= wr_base_i;
      in_size_q <= wr_size_i;
      in_cpl_q <= 1'b0;
      in_last_q <= 1'b0;
    end
    if (!rst_ni) in_valid_q <= 1'b0;
    else if (cpl_hs || core_hs) in_valid_q <= 1'b1;
    else if (in_take || drop) in_valid_q <= 1'b0;
  end

  // ---- check its window: the bytes that are strobed ----------------------------------------------
  logic [WB_LOG2:0] first, behind;
  logic [63:0]      lo, off;
  logic [32:0]      end_off;
  logic [64:0]      hi;
  logic             outside;

  always_comb begin
    first = '0;
    behind = '0;
    lo = '0;
    hi = '0;
    off = '0;
    end_off = '0;
    outside = 1'b0;
    if (in_valid_q && !in_cpl_q) begin  // worked out only when needed: simulation is faster for it
      for (int i = BYTES - 1; i >= 0; i--) if (in_strb_q[i]) first = (WB_LOG2 + 1)'(i);
      for (int i = 0; i < BYTES; i++) if (in_strb_q[i]) behind = (WB_LOG2 + 1)'(i + 1);
      lo = in_addr_q + 64'(first);
      hi = {1'b0, in_addr_q} + 65'(behind);  // behind the last byte
      off = lo - in_base_q;
      end_off = {1'b0, off[31:0]} + 33'(behind) - 33'(first);
      outside = lo < in_base_q || off[63:32] != 0 || end_off > {1'b0, in_size_q} || (hi[64] && hi[63:0] != 0);
    end
  end

  assign drop = in_valid_q && outside;  // reported below

  // ---- join words to bursts ----------------------------------------------------------------------
  logic              pend_valid_q, pend_cpl_q, pend_last_q, joins, close, move, data_room, addr_room;
  logic [63:0]       pend_addr_q, start_q;
  logic [WORD_W-1:0] pend_data_q;
  logic [WB-1:0]     pend_strb_q;
  logic [5:0]        words_q;  // of the open burst, pend_q included
  logic [3:0]        wait_q;
  logic [DATA_LOG2:0] data_count;
  logic [ADDR_LOG2:0] addr_count;

  assign data_room = !data_count[DATA_LOG2];
  assign addr_room = !addr_count[ADDR_LOG2];
  assign joins = in_valid_q && in_addr_q == pend_addr_q + 64'(WB) && in_addr_q[7:0] != 0 && in_cpl_q == pend_cpl_q && !pend_last_q;
  assign close = pend_valid_q && data_room && addr_room &&
                 (in_valid_q ? !joins && !outside : pend_last_q || wait_q == FLUSH_CYCLES);
  assign in_take = in_valid_q && !outside && (!pend_valid_q || close || (joins && data_room));
  assign move = close || (pend_valid_q && in_take);  // pend_q goes to the queue

  always_ff @(posedge clk_i) begin
    if (in_take) begin
      pend_addr_q <= in_addr_q;
      pend_data_q <= in_data_q;
      pend_strb_q <= in_strb_q;
      pend_cpl_q <= in_cpl_q;
      pend_last_q <= in_last_q;
      if (pend_valid_q && !close) words_q <= words_q + 1'b1;
      else begin
        words_q <= 6'd1;
        start_q <= in_addr_q;
      end
    end
    if (in_take) wait_q <= '0;
    else if (wait_q != FLUSH_CYCLES) wait_q <= wait_q + 1'b1;
    if (!rst_ni) pend_valid_q <= 1'b0;
    else if (in_take) pend_valid_q <= 1'b1;
    else if (close) pend_valid_q <= 1'b0;
  end

  logic              data_empty, data_pop, q_last;
  logic [WORD_W-1:0] q_data;
  logic [WB-1:0]     q_strb;

  lxa_sfifo #(
    .W(1 + WB + WORD_W),
    .LOG2(DATA_LOG2)
  ) u_data (
    .clk_i,
    .rst_ni,
    .push_i(move),
    .data_i({close, pend_strb_q, pend_data_q}),
    .pop_i(data_pop),
    .data_o({q_last, q_strb, q_data}),
    .empty_o(data_empty),
    .count_o(data_count)
  );

  logic        addr_empty, aw_load, q_cpl, q_last_burst;
  logic [5:0]  q_words;
  logic [63:0] q_addr;

  lxa_sfifo #(
    .W(72),
    .LOG2(ADDR_LOG2)
  ) u_addr (
    .clk_i,
    .rst_ni,
    .push_i(close),
    .data_i({pend_cpl_q, pend_last_q, words_q, start_q}),
    .pop_i(aw_load),
    .data_o({q_cpl, q_last_burst, q_words, q_addr}),
    .empty_o(addr_empty),
    .count_o(addr_count)
  );

  // ---- address channel ---------------------------------------------------------------------------
  logic               aw_valid_q;
  logic [63:0]        aw_addr_q;
  logic [7:0]         aw_len_q;
  logic [OPEN_LOG2:0] open;

  assign aw_load = !addr_empty && !open[OPEN_LOG2] && (!aw_valid_q || m_axi_awready_i) && !halt_i;

  always_ff @(posedge clk_i) begin
    if (aw_load) begin
      aw_addr_q <= q_addr;
      aw_len_q <= 8'(32'(q_words) * RATIO - 1);
    end
    if (!rst_ni) aw_valid_q <= 1'b0;
    else if (aw_load) aw_valid_q <= 1'b1;
    else if (m_axi_awready_i) aw_valid_q <= 1'b0;
  end

  assign m_axi_awaddr_o = aw_addr_q;
  assign m_axi_awlen_o = aw_len_q;
  assign m_axi_awsize_o = 3'($clog2(BUS_W / 8));
  assign m_axi_awburst_o = 2'b01;
  assign m_axi_awvalid_o = aw_valid_q;

  // ---- data channel: bursts whose address is on its channel or has been taken ---------------------
  logic [OPEN_LOG2:0] due_q;  // bursts whose data has not all gone
  logic               w_hs, w_word_end, w_burst_end;

  assign m_axi_wvalid_o = due_q != 0;
  assign w_hs = m_axi_wvalid_o && m_axi_wready_i;
  assign data_pop = w_hs && w_word_end;
  assign w_burst_end = w_hs && m_axi_wlast_o;
  assign m_axi_wlast_o = q_last && w_word_end;

  if (RATIO == 1) begin : g_same
    assign w_word_end = 1'b1;
    assign m_axi_wdata_o = q_data;
    assign m_axi_wstrb_o = q_strb;
  end else begin : g_gear
    logic [$clog2(RATIO)-1:0] beat_q;
    assign w_word_end = beat_q == '1;
    assign m_axi_wdata_o = q_data[beat_q * BUS_W +: BUS_W];
    assign m_axi_wstrb_o = q_strb[beat_q * (BUS_W / 8) +: BUS_W / 8];
    always_ff @(posedge clk_i) begin
      if (!rst_ni) beat_q <= '0;
      else if (w_hs) beat_q <= beat_q + 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) due_q <= '0;
    else due_q <= due_q + (OPEN_LOG2 + 1)'(aw_load) - (OPEN_LOG2 + 1)'(w_burst_end);
  end

  // ---- responses ---------------------------------------------------------------------------------
  logic        open_empty, b_hs, b_cpl, b_last, b_err;
  logic [5:0]  b_words;
  logic [63:0] b_addr;

  assign m_axi_bready_o = 1'b1;
  assign b_hs = m_axi_bvalid_i && !open_empty;
  assign b_err = b_hs && m_axi_bresp_i[1];

  lxa_sfifo #(
    .W(72),
    .LOG2(OPEN_LOG2)
  ) u_open (
    .clk_i,
    .rst_ni,
    .push_i(aw_load),
    .data_i({q_cpl, q_last_burst, q_words, q_addr}),
    .pop_i(b_hs),
    .data_o({b_cpl, b_last, b_words, b_addr}),
    .empty_o(open_empty),
    .count_o(open)
  );

  // Words of the core that were taken and not acknowledged; one that was not written stays due, so its job is never done.
  logic [11:0] core_due_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) core_due_q <= '0;
    else core_due_q <= core_due_q + 12'(core_hs) - (b_hs && !b_err && !b_cpl ? 12'(b_words) : 12'd0);
  end

  // Behind a record that was not written none counts: CPL_COUNT has no holes.
  logic cpl_lost_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) cpl_lost_q <= 1'b0;
    else if (b_err && b_cpl) cpl_lost_q <= 1'b1;
  end

  assign wr_idle_o = core_due_q == 0;
  assign cpl_ack_o = b_hs && !b_err && b_cpl && b_last && !cpl_lost_q;

  // ---- state and errors --------------------------------------------------------------------------
  assign idle_o = open_empty && !aw_valid_q && due_q == 0;
  assign quiet_o = idle_o && !in_valid_q && !pend_valid_q && addr_empty;
  assign beat_o = w_hs;
  assign ack_o = b_hs;
  assign refused_o = m_axi_wvalid_o && !m_axi_wready_i;
  always_comb begin
    bytes_o = '0;
    if (w_hs) bytes_o = 16'($countones(m_axi_wstrb_o));
  end
  assign err_valid_o = b_err || drop;

  always_comb begin
    err_o = '0;
    if (b_err) begin
      err_o.base = in_base_q;
      err_o.status = 3'(lxa_regs_pkg::STATUS_WR_ERROR);
      err_o.stream = b_cpl ? 3'(lxa_regs_pkg::STREAM_CPL) : 3'(lxa_regs_pkg::STREAM_OUT);
      err_o.addr = b_addr;
    end else if (drop) begin
      err_o.base = in_base_q;
      err_o.status = 3'(lxa_regs_pkg::STATUS_WINDOW);
      err_o.stream = 3'(lxa_regs_pkg::STREAM_OUT);
      err_o.addr = lo;
    end
  end

  // ---- assertions --------------------------------------------------------------------------------
  logic                     aw_held_q, w_held_q;
  logic [71:0]              aw_was_q;
  logic [BUS_W+BUS_W/8:0]   w_was_q;
  logic [15:0]              beats_q;  // of bursts whose data has not all gone

  always_ff @(posedge clk_i) begin
    aw_held_q <= rst_ni && m_axi_awvalid_o && !m_axi_awready_i;
    aw_was_q <= {m_axi_awaddr_o, m_axi_awlen_o};
    w_held_q <= rst_ni && refused_o;
    w_was_q <= {m_axi_wdata_o, m_axi_wstrb_o, m_axi_wlast_o};
    if (!rst_ni) beats_q <= '0;
    else beats_q <= beats_q + (aw_load ? 16'(32'(q_words) * RATIO) : 16'd0) - 16'(w_hs);
    if (rst_ni) begin
      if (w_hs && due_q == 1) a_last: assert (m_axi_wlast_o == (beats_q == 16'd1));  // as long as was said
      if (aw_held_q) begin
        a_aw_valid: assert (m_axi_awvalid_o);
        a_aw_stable: assert (aw_was_q == {m_axi_awaddr_o, m_axi_awlen_o});
      end
      if (w_held_q) begin
        a_w_valid: assert (m_axi_wvalid_o);
        a_w_stable: assert (w_was_q == {m_axi_wdata_o, m_axi_wstrb_o, m_axi_wlast_o});
      end
      a_w_data: assert (due_q == 0 || !data_empty);  // a burst's data is queued before its address goes out
      if (in_valid_q) a_aligned: assert (in_addr_q[WB_LOG2-1:0] == 0);
      if (aw_load) a_boundary: assert ({1'b0, q_addr[7:0]} + (9'(q_words) << WB_LOG2) <= 9'd256);
    end
  end

endmodule
