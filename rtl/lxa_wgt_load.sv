// SPDX-License-Identifier: MIT
// Weight loader: streams the whole weight set once a tile, in order, into the weight buffer (a FIFO of words), and from
// there one word a cycle into the shadow weights of the array. Both sides run ahead, across tiles and jobs.
module lxa_wgt_load #(
  localparam int unsigned WB = lxa_cfg_pkg::WORD_W / 8,
  localparam int unsigned SHIFT_WORDS = lxa_cfg_pkg::SHIFT_OC * lxa_cfg_pkg::SHIFT_IC * 8 / lxa_cfg_pkg::WORD_W,
  localparam int unsigned XNOR_WORDS = lxa_cfg_pkg::XNOR_OC * lxa_cfg_pkg::XNOR_IC / lxa_cfg_pkg::WORD_W,
  localparam int unsigned WIW = $clog2(XNOR_WORDS > SHIFT_WORDS ? XNOR_WORDS : SHIFT_WORDS)
) (
  input  logic                           clk_i,
  input  logic                           rst_ni,
  input  logic                           push_i,
  // verilator lint_off UNUSEDSIGNAL
  input  lxa_core_pkg::tile_t            tile_i,
  // verilator lint_on UNUSEDSIGNAL
  output logic                           req_valid_o,
  input  logic                           req_ready_i,
  output logic [63:0]                    req_addr_o,
  output logic [5:0]                     req_words_o,
  output logic [63:0]                    req_base_o,
  output logic [31:0]                    req_size_o,
  input  logic                           rsp_valid_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0] rsp_data_i,
  // to the arrays
  output logic                           ld_valid_o,
  output logic                           ld_lane_o,
  output logic                           ld_int_o,     // int8 weights
  output logic                           ld_s_o,       // base of the log weights
  output logic [WIW-1:0]   ld_idx_o,
  output logic [lxa_cfg_pkg::WORD_W-1:0] ld_word_o,
  output logic                           ready_o,      // the shadow holds the next tile
  input  logic                           use_i         // the sequencer starts a step with it; the arrays take it over in the next cycle
);
  localparam int unsigned TW = lxa_core_pkg::TW;
  localparam int unsigned DEPTH = lxa_cfg_pkg::WGT_BYTES / WB;
  localparam int unsigned DW = $clog2(DEPTH);

  // ---- requests ----
  logic [63:0] rbase_q [lxa_core_pkg::TILES];
  logic [31:0] rsize_q [lxa_core_pkg::TILES];
  logic [31:0] rwords_q [lxa_core_pkg::TILES];
  logic [2:0] rmode_q [lxa_core_pkg::TILES];   // lane, int8, base
  logic [TW:0] wp_q, rp_q, up_q;
  logic [63:0] base_q;
  logic [31:0] size_q;
  logic [15:0] room_q;                 // words neither stored nor on their way
  logic start, rd_ready, fire, pop;

  assign start = rd_ready && !req_valid_o && wp_q != rp_q;
  assign req_base_o = base_q;
  assign req_size_o = size_q;

  lxa_reader u_reader (
    .clk_i, .rst_ni, .start_i(start), .ready_o(rd_ready), .addr_i(rbase_q[rp_q[TW-1:0]]),
    .words_i(rwords_q[rp_q[TW-1:0]]), .room_i(room_q), .req_valid_o, .req_ready_i, .req_addr_o,
    .req_words_o, .fire_o(fire)
  );

  always_ff @(posedge clk_i) begin
    if (push_i) begin
      rbase_q[wp_q[TW-1:0]] <= tile_i.wgt_base;
      rsize_q[wp_q[TW-1:0]] <= tile_i.wgt_size;
      rwords_q[wp_q[TW-1:0]] <= tile_i.wgt_words;
      rmode_q[wp_q[TW-1:0]] <= {tile_i.lane, tile_i.wgt_fmt == 3'(lxa_regs_pkg::WFMT_S8), tile_i.wgt_s};
      wp_q <= wp_q + 1'b1;
    end
    if (start) begin
      base_q <= rbase_q[rp_q[TW-1:0]];
      size_q <= rsize_q[rp_q[TW-1:0]];
      rp_q <= rp_q + 1'b1;
    end
    room_q <= room_q - (fire ? 16'(req_words_o) : 16'd0) + 16'(pop);
    if (!rst_ni) begin
      wp_q <= '0;
      rp_q <= '0;
      room_q <= 16'(DEPTH);
    end
  end

  // ---- buffer ----
  logic [lxa_cfg_pkg::WORD_W-1:0] mem_q [DEPTH];
  logic [lxa_cfg_pkg::WORD_W-1:0] rdata_q;
  logic [DW-1:0] mwp_q, mrp_q;
  logic [DW:0] cnt_q;

  always_ff @(posedge clk_i) begin
    if (rsp_valid_i) begin
      mem_q[mwp_q] <= rsp_data_i;
      mwp_q <= mwp_q + 1'b1;
    end
    if (pop) begin
      rdata_q <= mem_q[mrp_q];
      mrp_q <= mrp_q + 1'b1;
    end
    cnt_q <= cnt_q + (DW+1)'(rsp_valid_i) - (DW+1)'(pop);
    if (!rst_ni) begin
      mwp_q <= '0;
      mrp_q <= '0;
      cnt_q <= '0;
    end
  end

  // ---- to the shadow weights ----
  // The first word of a weight tile may be written at the very edge at which the arrays take over the one before, so its
  // pop comes with use_i, and steps of one pixel follow each other every SHIFT_WORDS (XNOR_WORDS) cycles.
  logic cfg_q, lane_q, int_q, s_q;     // cfg_q: configuration of a tile is held
  logic [31:0] left_q;
  logic [WIW-1:0] idx_q, last_idx, ld_idx_q;
  logic full_q;                        // all words of the weight tile are popped, no step has been started with them
  logic ld_valid_q, ld_lane_q, ld_int_q, ld_s_q;
  logic cfg_free;

  assign last_idx = lane_q ? WIW'(XNOR_WORDS - 1) : WIW'(SHIFT_WORDS - 1);
  assign pop = cfg_q && cnt_q != '0 && (!full_q || use_i);
  assign cfg_free = !cfg_q || (pop && left_q == 32'd1);
  assign ld_valid_o = ld_valid_q;
  assign ld_lane_o = ld_lane_q;
  assign ld_int_o = ld_int_q;
  assign ld_s_o = ld_s_q;
  assign ld_idx_o = ld_idx_q;
  assign ld_word_o = rdata_q;
  assign ready_o = full_q;             // the last word is written now, or was before; the swap comes a cycle later

  always_ff @(posedge clk_i) begin
    ld_valid_q <= pop;
    if (use_i) full_q <= 1'b0;
    if (pop) begin
      ld_idx_q <= idx_q;
      ld_lane_q <= lane_q;
      ld_int_q <= int_q;
      ld_s_q <= s_q;
      idx_q <= idx_q + 1'b1;
      left_q <= left_q - 32'd1;
      if (idx_q == last_idx) begin
        idx_q <= '0;
        full_q <= 1'b1;
      end
    end
    if (cfg_free) begin
      cfg_q <= 1'b0;
      if (wp_q != up_q) begin
        cfg_q <= 1'b1;
        {lane_q, int_q, s_q} <= rmode_q[up_q[TW-1:0]];
        left_q <= rwords_q[up_q[TW-1:0]];
        up_q <= up_q + 1'b1;
      end
    end
    if (!rst_ni) begin
      cfg_q <= 1'b0;
      up_q <= '0;
      idx_q <= '0;
      full_q <= 1'b0;
      ld_valid_q <= 1'b0;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!rsp_valid_i || cnt_q != (DW+1)'(DEPTH));
      assert (room_q <= 16'(DEPTH));
      assert (!use_i || ready_o);
      // two steps in neighbouring cycles would add to the same pixel at once
      assert (SHIFT_WORDS > 1 && XNOR_WORDS > 1);
    end
  end
`endif
endmodule
