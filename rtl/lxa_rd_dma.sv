// SPDX-License-Identifier: MIT
// AXI4 read master: takes requests of five clients, checks windows, issues bursts, hands the words back in order.
//
// Arbitration: descriptors first (rare, and an array without a job does nothing), then parameters and the residual (few
// words, bounded by the core's buffers, and the output stage that waits for them would in time block the array), then weights and
// activations, which share what is left: the one that has been given fewer words goes next. Counting words and not
// requests matters, because activation requests are as short as a tile's row while weight requests are full bursts; the
// debt is capped, so a stream that was quiet for long does not shut the other out when it comes back. Either stream
// alone gets everything. A request is one burst of at most 256 bytes, so the choice is made anew every few cycles.
//
// A request is taken (one cycle), checked against its window and put on the AR channel (the next). One request a cycle.
module lxa_rd_dma (
  input  logic                           clk_i,
  input  logic                           rst_ni,
  input  logic                           stop_i,  // issue nothing new
  // command engine: always one descriptor, not windowed
  input  logic                           cmd_req_valid_i,
  output logic                           cmd_req_ready_o,
  input  logic [63:0]                    cmd_req_addr_i,
  output logic                           cmd_rsp_valid_o,
  output logic                           cmd_rsp_err_o,
  // core
  input  logic                           act_req_valid_i,
  output logic                           act_req_ready_o,
  input  logic [63:0]                    act_req_addr_i,
  input  logic [5:0]                     act_req_words_i,
  input  logic [63:0]                    act_req_base_i,
  input  logic [31:0]                    act_req_size_i,
  output logic                           act_rsp_valid_o,
  input  logic                           wgt_req_valid_i,
  output logic                           wgt_req_ready_o,
  input  logic [63:0]                    wgt_req_addr_i,
  input  logic [5:0]                     wgt_req_words_i,
  input  logic [63:0]                    wgt_req_base_i,
  input  logic [31:0]                    wgt_req_size_i,
  output logic                           wgt_rsp_valid_o,
  input  logic                           par_req_valid_i,
  output logic                           par_req_ready_o,
  input  logic [63:0]                    par_req_addr_i,
  input  logic [5:0]                     par_req_words_i,
  input  logic [63:0]                    par_req_base_i,
  input  logic [31:0]                    par_req_size_i,
  output logic                           par_rsp_valid_o,
  input  logic                           res_req_valid_i,
  output logic                           res_req_ready_o,
  input  logic [63:0]                    res_req_addr_i,
  input  logic [5:0]                     res_req_words_i,
  input  logic [63:0]                    res_req_base_i,
  input  logic [31:0]                    res_req_size_i,
  output logic                           res_rsp_valid_o,
  output logic [lxa_cfg_pkg::WORD_W-1:0] rsp_data_o,  // for whichever valid is set
  // state
  output logic                           idle_o,  // no burst open
  output logic                           beat_o,  // a beat arrives in this cycle
  output logic                           err_valid_o,
  output lxa_fe_pkg::err_t               err_o,
  // AXI4
  output logic [63:0]                    m_axi_araddr_o,
  output logic [7:0]                     m_axi_arlen_o,
  output logic [2:0]                     m_axi_arsize_o,
  output logic [1:0]                     m_axi_arburst_o,
  output logic                           m_axi_arvalid_o,
  input  logic                           m_axi_arready_i,
  input  logic [lxa_cfg_pkg::BUS_W-1:0]  m_axi_rdata_i,
  /* verilator lint_off UNUSED */  // EXOKAY is no error
  input  logic [1:0]                     m_axi_rresp_i,
  /* verilator lint_on UNUSED */
  input  logic                           m_axi_rlast_i,
  input  logic                           m_axi_rvalid_i,
  output logic                           m_axi_rready_o
);

  localparam int unsigned BUS_W = lxa_cfg_pkg::BUS_W;
  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W;
  localparam int unsigned RATIO = WORD_W / BUS_W;
  localparam int unsigned WB_LOG2 = $clog2(WORD_W / 8);
  localparam int unsigned OUT_LOG2 = $clog2(lxa_cfg_pkg::RD_OUTSTANDING);
  localparam logic [2:0]  CMD = 3'd0, ACT = 3'd1, WGT = 3'd2, PAR = 3'd3, RES = 3'd4;

  // ---- choose a request --------------------------------------------------------------------------
  logic              sel_valid_q, sel_take, sel_free, grant;
  logic [2:0]        sel_client_q, pick;
  logic [63:0]       sel_addr_q, sel_base_q;
  logic [5:0]        sel_words_q;
  logic [31:0]       sel_size_q;
  logic signed [7:0] debt_q;  // words that activations have had more than weights, saturating

  always_comb begin
    if (cmd_req_valid_i) pick = CMD;
    else if (par_req_valid_i) pick = PAR;
    else if (res_req_valid_i) pick = RES;
    else if (act_req_valid_i && (!wgt_req_valid_i || debt_q <= 0)) pick = ACT;
    else pick = WGT;
  end

  assign sel_free = (!sel_valid_q || sel_take) && !stop_i;
  assign grant = sel_free && (cmd_req_valid_i || act_req_valid_i || wgt_req_valid_i || par_req_valid_i || res_req_valid_i);
  assign cmd_req_ready_o = sel_free && pick == CMD;
  assign act_req_ready_o = sel_free && pick == ACT;
  assign wgt_req_ready_o = sel_free && pick == WGT;
  assign par_req_ready_o = sel_free && pick == PAR;
  assign res_req_ready_o = sel_free && pick == RES;

  always_ff @(posedge clk_i) begin
    if (grant) begin
      sel_client_q <= pick;
      case (pick)
        ACT: begin
          sel_addr_q <= act_req_addr_i;
          sel_words_q <= act_req_words_i;
          sel_base_q <= act_req_base_i;
          sel_size_q <= act_req_size_i;
        end
        WGT: begin
          sel_addr_q <= wgt_req_addr_i;
          sel_words_q <= wgt_req_words_i;
          sel_base_q <= wgt_req_base_i;
          sel_size_q <= wgt_req_size_i;
        end
        PAR: begin
          sel_addr_q <= par_req_addr_i;
          sel_words_q <= par_req_words_i;
          sel_base_q <= par_req_base_i;
          sel_size_q <= par_req_size_i;
        end
        RES: begin
          sel_addr_q <= res_req_addr_i;
          sel_words_q <= res_req_words_i;
          sel_base_q <= res_req_base_i;
          sel_size_q <= res_req_size_i;
        end
        default: begin
          sel_addr_q <= cmd_req_addr_i;
          sel_words_q <= 6'(lxa_regs_pkg::DESC_W / WORD_W);
          sel_base_q <= cmd_req_addr_i;
          sel_size_q <= 32'(lxa_regs_pkg::DESC_W / 8);
        end
      endcase
    end
    if (!rst_ni) begin
      sel_valid_q <= 1'b0;
      debt_q <= '0;
    end else begin
      if (grant) sel_valid_q <= 1'b1;
      else if (sel_take) sel_valid_q <= 1'b0;
      if (grant && pick == ACT && debt_q < 8'sd32) debt_q <= debt_q + $signed({2'b0, act_req_words_i});
      if (grant && pick == WGT && debt_q > -8'sd32) debt_q <= debt_q - $signed({2'b0, wgt_req_words_i});
    end
  end

  // ---- check its window, issue it ----------------------------------------------------------------
  logic [63:0]       off, last;
  logic [32:0]       bytes, end_off;
  logic              outside, room, ar_valid_q;
  logic [63:0]       ar_addr_q;
  logic [7:0]        ar_len_q;
  logic [OUT_LOG2:0] open;
  logic              open_empty, pop;
  logic [2:0]        rsp_client;
  logic [63:0]       rsp_addr;

  always_comb begin
    bytes = '0;
    off = '0;
    end_off = '0;
    last = '0;
    outside = 1'b0;
    if (sel_valid_q) begin
      bytes = 33'(sel_words_q) << WB_LOG2;
      off = sel_addr_q - sel_base_q;
      end_off = {1'b0, off[31:0]} + bytes;
      last = sel_addr_q + {31'd0, bytes} - 64'd1;
      outside = sel_addr_q < sel_base_q || off[63:32] != 0 || end_off > {1'b0, sel_size_q} || last < sel_addr_q;
    end
  end

  assign room = open < (OUT_LOG2 + 1)'(lxa_cfg_pkg::RD_OUTSTANDING) && (!ar_valid_q || m_axi_arready_i);
  assign sel_take = sel_valid_q && !outside && room && !stop_i;

  always_ff @(posedge clk_i) begin
    if (sel_take) begin
      ar_addr_q <= sel_addr_q;
      ar_len_q <= 8'(32'(sel_words_q) * RATIO - 1);
    end
    if (!rst_ni) ar_valid_q <= 1'b0;
    else if (sel_take) ar_valid_q <= 1'b1;
    else if (m_axi_arready_i) ar_valid_q <= 1'b0;
  end

  lxa_sfifo #(
    .W(67),
    .LOG2(OUT_LOG2)
  ) u_open (
    .clk_i,
    .rst_ni,
    .push_i(sel_take),
    .data_i({sel_client_q, sel_addr_q}),
    .pop_i(pop),
    .data_o({rsp_client, rsp_addr}),
    .empty_o(open_empty),
    .count_o(open)
  );

  assign m_axi_araddr_o = ar_addr_q;
  assign m_axi_arlen_o = ar_len_q;
  assign m_axi_arsize_o = 3'($clog2(BUS_W / 8));
  assign m_axi_arburst_o = 2'b01;
  assign m_axi_arvalid_o = ar_valid_q;

  // ---- collect words -----------------------------------------------------------------------------
  // Clients have room for what they asked for, so data is never refused. A beat that nobody asked for is dropped.
  logic              beat, word_end, bus_err;
  logic              word_valid_q, word_err_q;
  logic [2:0]        word_client_q;
  logic [WORD_W-1:0] word_q, word_d;

  assign m_axi_rready_o = 1'b1;
  assign beat = m_axi_rvalid_i && !open_empty;
  assign beat_o = beat;
  assign pop = beat && m_axi_rlast_i;
  assign bus_err = beat && m_axi_rresp_i[1];

  if (RATIO == 1) begin : g_same
    assign word_d = m_axi_rdata_i;
    assign word_end = 1'b1;
  end else begin : g_gear
    logic [$clog2(RATIO)-1:0] beat_q;
    logic [WORD_W-BUS_W-1:0]  low_q;  // the word's earlier beats, newest on top
    assign word_d = {m_axi_rdata_i, low_q};
    assign word_end = beat_q == '1;
    always_ff @(posedge clk_i) begin
      if (beat) low_q <= word_d[WORD_W-1:BUS_W];
      if (!rst_ni) beat_q <= '0;
      else if (beat) beat_q <= beat_q + 1'b1;
    end
    always_ff @(posedge clk_i) begin
      if (rst_ni && pop) a_whole_words: assert (word_end);
    end
  end

  always_ff @(posedge clk_i) begin
    if (beat && word_end) begin
      word_q <= word_d;
      word_client_q <= rsp_client;
    end
    if (!rst_ni) begin
      word_valid_q <= 1'b0;
      word_err_q <= 1'b0;
    end else begin
      word_valid_q <= beat && word_end;
      word_err_q <= bus_err || (word_err_q && !word_valid_q);  // any beat of the word
    end
  end

  assign rsp_data_o = word_q;
  assign cmd_rsp_valid_o = word_valid_q && word_client_q == CMD;
  assign act_rsp_valid_o = word_valid_q && word_client_q == ACT;
  assign wgt_rsp_valid_o = word_valid_q && word_client_q == WGT;
  assign par_rsp_valid_o = word_valid_q && word_client_q == PAR;
  assign res_rsp_valid_o = word_valid_q && word_client_q == RES;
  assign cmd_rsp_err_o = word_err_q;

  // ---- state and errors --------------------------------------------------------------------------
  // An error on a descriptor goes with the data: the command engine reports it when it is that job's turn.
  assign idle_o = open_empty && !ar_valid_q;
  assign err_valid_o = (bus_err && rsp_client != CMD) || (sel_valid_q && outside);

  always_comb begin
    err_o = '0;
    if (bus_err && rsp_client != CMD) begin
      err_o.base = sel_base_q;
      err_o.status = 3'(lxa_regs_pkg::STATUS_RD_ERROR);
      err_o.stream = stream_of(rsp_client);
      err_o.addr = rsp_addr;
    end else if (sel_valid_q && outside) begin
      err_o.base = sel_base_q;
      err_o.status = 3'(lxa_regs_pkg::STATUS_WINDOW);
      err_o.stream = stream_of(sel_client_q);
      err_o.addr = sel_addr_q;
    end
  end

  function automatic logic [2:0] stream_of(input logic [2:0] client);
    stream_of = client == ACT ? 3'(lxa_regs_pkg::STREAM_ACT) : client == WGT ? 3'(lxa_regs_pkg::STREAM_WGT) :
                client == PAR ? 3'(lxa_regs_pkg::STREAM_PAR) : client == RES ? 3'(lxa_regs_pkg::STREAM_RES) :
                3'(lxa_regs_pkg::STREAM_CMD);
  endfunction

  // ---- assertions --------------------------------------------------------------------------------
  logic        ar_held_q;
  logic [71:0] ar_was_q;

  always_ff @(posedge clk_i) begin
    ar_held_q <= rst_ni && m_axi_arvalid_o && !m_axi_arready_i;
    ar_was_q <= {m_axi_araddr_o, m_axi_arlen_o};
    if (rst_ni) begin
      if (ar_held_q) begin
        a_ar_valid: assert (m_axi_arvalid_o);
        a_ar_stable: assert (ar_was_q == {m_axi_araddr_o, m_axi_arlen_o});
      end
      if (sel_valid_q && !outside) begin
        a_words: assert (sel_words_q != 0);
        a_aligned: assert (sel_addr_q[WB_LOG2-1:0] == 0);
        a_boundary: assert (sel_addr_q[63:8] == last[63:8]);
      end
    end
  end

endmodule
