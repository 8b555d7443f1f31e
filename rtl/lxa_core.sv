// SPDX-License-Identifier: MIT
// Compute core: takes jobs in order, reads operands through four clients, writes results, reports completion in
// order. Wires the tiler, the loaders, the sequencer with its arrays, and the output stage. See ARCHITECTURE.md.
module lxa_core #(
  localparam int unsigned WBL = $clog2(lxa_cfg_pkg::WORD_W / 8),
  localparam int unsigned AW = $clog2(lxa_cfg_pkg::ACT_BYTES),
  localparam int unsigned PW = $clog2(lxa_cfg_pkg::ACC_PIXELS),
  localparam int unsigned SHIFT_WORDS = lxa_cfg_pkg::SHIFT_OC * lxa_cfg_pkg::SHIFT_IC * 8 / lxa_cfg_pkg::WORD_W,
  localparam int unsigned XNOR_WORDS = lxa_cfg_pkg::XNOR_OC * lxa_cfg_pkg::XNOR_IC / lxa_cfg_pkg::WORD_W,
  localparam int unsigned MAX_OC = lxa_cfg_pkg::XNOR_OC > lxa_cfg_pkg::SHIFT_OC ? lxa_cfg_pkg::XNOR_OC : lxa_cfg_pkg::SHIFT_OC,
  localparam int unsigned GW = $clog2(MAX_OC / lxa_cfg_pkg::OUT_LANES),
  localparam int unsigned PRW = GW + 3,
  localparam int unsigned WIW = $clog2(XNOR_WORDS > SHIFT_WORDS ? XNOR_WORDS : SHIFT_WORDS)
) (
  input  logic                             clk_i,
  input  logic                             rst_ni,        // synchronous; also soft reset
  input  logic                             job_valid_i,
  output logic                             job_ready_o,
  input  lxa_regs_pkg::desc_t              job_i,
  output logic                             done_valid_o,  // outputs of the oldest job are in memory
  input  logic                             done_ready_i,
  input  logic                             wr_idle_i,
  output logic                             act_req_valid_o,
  input  logic                             act_req_ready_i,
  output logic [63:0]                      act_req_addr_o,
  output logic [5:0]                       act_req_words_o,
  output logic [63:0]                      act_req_base_o,
  output logic [31:0]                      act_req_size_o,
  input  logic                             act_rsp_valid_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0]   act_rsp_data_i,
  output logic                             wgt_req_valid_o,
  input  logic                             wgt_req_ready_i,
  output logic [63:0]                      wgt_req_addr_o,
  output logic [5:0]                       wgt_req_words_o,
  output logic [63:0]                      wgt_req_base_o,
  output logic [31:0]                      wgt_req_size_o,
  input  logic                             wgt_rsp_valid_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0]   wgt_rsp_data_i,
  output logic                             par_req_valid_o,
  input  logic                             par_req_ready_i,
  output logic [63:0]                      par_req_addr_o,
  output logic [5:0]                       par_req_words_o,
  output logic [63:0]                      par_req_base_o,
  output logic [31:0]                      par_req_size_o,
  input  logic                             par_rsp_valid_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0]   par_rsp_data_i,
  output logic                             res_req_valid_o,
  input  logic                             res_req_ready_i,
  output logic [63:0]                      res_req_addr_o,
  output logic [5:0]                       res_req_words_o,
  output logic [63:0]                      res_req_base_o,
  output logic [31:0]                      res_req_size_o,
  input  logic                             res_rsp_valid_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0]   res_rsp_data_i,
  output logic                             wr_valid_o,
  input  logic                             wr_ready_i,
  output logic [63:0]                      wr_addr_o,
  output logic [lxa_cfg_pkg::WORD_W-1:0]   wr_data_o,
  output logic [lxa_cfg_pkg::WORD_W/8-1:0] wr_strb_o,
  output logic [63:0]                      wr_base_o,
  output logic [31:0]                      wr_size_o,
  output logic [2:0]                       state_o,       // what the array did: lxa_core_pkg::ST_*
  output logic [15:0]                      macs_inc_o,
  output logic                             step_o
);
  localparam int unsigned TW = lxa_core_pkg::TW;
  localparam int unsigned L = lxa_cfg_pkg::OUT_LANES;
  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W;
  localparam logic [7:0] MAX_JOBS = 8'd8;

  // jobs and tiles under way
  logic [7:0] accepted_q, retired_q, done_q;
  logic [TW:0] tiles_q;
  logic tiler_ready, tiler_busy, push, tile_free, ring_full, retire, job_room;
  lxa_core_pkg::tile_t tile;

  assign job_room = 8'(accepted_q - done_q) < MAX_JOBS;
  assign job_ready_o = tiler_ready && job_room;
  assign done_valid_o = retired_q != done_q;
  assign ring_full = tiles_q == (TW+1)'(lxa_core_pkg::TILES);

  always_ff @(posedge clk_i) begin
    if (job_valid_i && job_ready_o) accepted_q <= accepted_q + 8'd1;
    if (retire) retired_q <= retired_q + 8'd1;
    if (done_valid_o && done_ready_i) done_q <= done_q + 8'd1;
    tiles_q <= tiles_q + (TW+1)'(push) - (TW+1)'(tile_free);
    if (!rst_ni) begin
      accepted_q <= '0;
      retired_q <= '0;
      done_q <= '0;
      tiles_q <= '0;
    end
  end

  lxa_tiler u_tiler (
    .clk_i, .rst_ni, .job_valid_i(job_valid_i && job_room), .job_ready_o(tiler_ready), .job_i,
    .room_i(!ring_full), .push_o(push), .tile_o(tile), .busy_o(tiler_busy)
  );

  // activations
  logic act_full, act_free, act_re, act_both;
  logic [AW-WBL:0] act_waddr, act_raddr;
  logic [WORD_W-1:0] act_word, act_next;
  lxa_act_load u_act_load (
    .clk_i, .rst_ni, .push_i(push), .tile_i(tile), .retired_i(retired_q), .free_i(act_free), .full_o(act_full),
    .req_valid_o(act_req_valid_o), .req_ready_i(act_req_ready_i), .req_addr_o(act_req_addr_o),
    .req_words_o(act_req_words_o), .req_base_o(act_req_base_o), .req_size_o(act_req_size_o),
    .rsp_valid_i(act_rsp_valid_i), .mem_addr_o(act_waddr)
  );
  lxa_act_mem u_act_mem (
    .clk_i, .we_i(act_rsp_valid_i), .waddr_i(act_waddr), .wdata_i(act_rsp_data_i),
    .re_i(act_re), .both_i(act_both), .raddr_i(act_raddr), .word_o(act_word), .next_o(act_next)
  );

  // weights
  logic ld_valid, ld_lane, ld_int, ld_s, wgt_ready, wgt_use;
  logic [WIW-1:0] ld_idx;
  logic [WORD_W-1:0] ld_word;
  lxa_wgt_load u_wgt_load (
    .clk_i, .rst_ni, .push_i(push), .tile_i(tile),
    .req_valid_o(wgt_req_valid_o), .req_ready_i(wgt_req_ready_i), .req_addr_o(wgt_req_addr_o),
    .req_words_o(wgt_req_words_o), .req_base_o(wgt_req_base_o), .req_size_o(wgt_req_size_o),
    .rsp_valid_i(wgt_rsp_valid_i), .rsp_data_i(wgt_rsp_data_i),
    .ld_valid_o(ld_valid), .ld_lane_o(ld_lane), .ld_int_o(ld_int), .ld_s_o(ld_s), .ld_idx_o(ld_idx),
    .ld_word_o(ld_word), .ready_o(wgt_ready), .use_i(wgt_use)
  );

  // sequencer and arrays
  logic acc_full, acc_free, macs_idle;
  lxa_core_pkg::op_t op;
  lxa_seq u_seq (
    .clk_i, .rst_ni, .push_i(push), .tile_i(tile), .tiler_busy_i(tiler_busy), .ring_full_i(ring_full),
    .jobs_open_i(accepted_q != retired_q), .act_full_i(act_full), .act_free_o(act_free),
    .wgt_ready_i(wgt_ready), .wgt_use_o(wgt_use), .acc_free_i(acc_free), .acc_full_o(acc_full),
    .re_o(act_re), .both_o(act_both), .raddr_o(act_raddr), .op_o(op), .state_o, .macs_o(macs_inc_o), .macs_idle_o(macs_idle)
  );
  assign step_o = state_o == lxa_core_pkg::ST_BUSY;

  logic acc_re;
  logic [PW:0] rd_acc;
  logic [GW-1:0] rd_grp;
  logic [L*64-1:0] shift_rd;
  logic [L*32-1:0] xnor_rd;
  lxa_core_pkg::tile_t cfg;
  lxa_shift_array u_shift (
    .clk_i, .rst_ni, .ld_valid_i(ld_valid && !ld_lane), .ld_int_i(ld_int), .ld_s_i(ld_s), .ld_idx_i(ld_idx),
    .ld_word_i(ld_word), .op_i(op), .word_i(act_word), .next_i(act_next), .rd_en_i(acc_re && !cfg.lane), .rd_acc_i(rd_acc),
    .rd_grp_i(rd_grp), .rd_data_o(shift_rd)
  );
  lxa_xnor_array u_xnor (
    .clk_i, .rst_ni, .ld_valid_i(ld_valid && ld_lane), .ld_idx_i(ld_idx), .ld_word_i(ld_word), .op_i(op),
    .word_i(act_word), .next_i(act_next), .rd_en_i(acc_re && cfg.lane), .rd_acc_i(rd_acc), .rd_grp_i(rd_grp), .rd_data_o(xnor_rd)
  );

  // parameters and output stage
  logic par_full, par_free, par_re;
  logic [PRW:0] par_raddr;
  logic [L*128-1:0] par_row;
  lxa_par_load u_par_load (
    .clk_i, .rst_ni, .push_i(push), .tile_i(tile), .full_o(par_full), .free_i(par_free),
    .req_valid_o(par_req_valid_o), .req_ready_i(par_req_ready_i), .req_addr_o(par_req_addr_o),
    .req_words_o(par_req_words_o), .req_base_o(par_req_base_o), .req_size_o(par_req_size_o),
    .rsp_valid_i(par_rsp_valid_i), .rsp_data_i(par_rsp_data_i), .re_i(par_re), .raddr_i(par_raddr),
    .rdata_o(par_row)
  );

  logic res_valid, res_take;
  logic [L*64-1:0] res_grp;
  lxa_res_load u_res_load (
    .clk_i, .rst_ni, .push_i(push), .tile_i(tile), .retired_i(retired_q),
    .req_valid_o(res_req_valid_o), .req_ready_i(res_req_ready_i), .req_addr_o(res_req_addr_o),
    .req_words_o(res_req_words_o), .req_base_o(res_req_base_o), .req_size_o(res_req_size_o),
    .rsp_valid_i(res_rsp_valid_i), .rsp_data_i(res_rsp_data_i), .valid_o(res_valid), .take_i(res_take),
    .data_o(res_grp)
  );

  lxa_core_pkg::item_t item;
  logic out_en, rq_empty, pk_empty, g_valid, g_last;
  logic [L*32-1:0] g_code, g_high;
  logic [63:0] g_addr;
  // Everything of a job is written when the output stage is empty and, from the cycle after on, no write is open.
  lxa_drain u_drain (
    .clk_i, .rst_ni, .push_i(push), .tile_i(tile), .tile_o(tile_free), .acc_full_i(acc_full),
    .acc_free_o(acc_free), .par_full_i(par_full), .par_free_o(par_free), .res_valid_i(res_valid), .res_take_o(res_take), .en_i(out_en),
    .empty_i(rq_empty && pk_empty), .quiet_i(wr_idle_i && macs_idle), .retire_o(retire), .re_o(par_re),
    .acc_re_o(acc_re), .acc_o(rd_acc), .grp_o(rd_grp), .par_o(par_raddr), .item_o(item), .cfg_o(cfg)
  );
  lxa_requant u_requant (
    .clk_i, .rst_ni, .en_i(out_en), .cfg_i(cfg), .item_i(item), .shift_i(shift_rd), .xnor_i(xnor_rd),
    .par_i(par_row), .res_i(res_grp), .valid_o(g_valid), .code_o(g_code), .high_o(g_high), .addr_o(g_addr), .last_o(g_last), .empty_o(rq_empty)
  );
  lxa_pack u_pack (
    .clk_i, .rst_ni, .fmt_i(cfg.out_fmt), .valid_i(g_valid), .ready_o(out_en), .code_i(g_code), .high_i(g_high), .addr_i(g_addr),
    .last_i(g_last), .wr_valid_o, .wr_ready_i, .wr_addr_o, .wr_data_o, .wr_strb_o, .empty_o(pk_empty)
  );
  assign wr_base_o = cfg.out_base;
  assign wr_size_o = cfg.out_size;

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!push || !ring_full);
      assert (!tile_free || tiles_q != '0);
      assert (!retire || accepted_q != retired_q);
    end
  end
`endif
endmodule
