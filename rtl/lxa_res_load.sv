// SPDX-License-Identifier: MIT
// Residual loader: fetches the residual operand in the order in which the drain needs it (tile, block of output channels,
// pixel) and hands it on a group of OUT_LANES channels at a time. It runs ahead of the drain by DEPTH words, across tiles
// and jobs; a job with a barrier waits for the earlier ones. Tiles without a residual never enter it.
//
// A pixel's channels of a block are one run of words. Beside the words goes an entry a pixel: where in its first word the
// run starts, how many groups it has (those with a channel below OC) and how long a group is. So the side that hands out
// needs no loops of its own and cannot lose step, whatever the descriptor says.
module lxa_res_load #(
  localparam int unsigned WBL = $clog2(lxa_cfg_pkg::WORD_W / 8),
  localparam int unsigned MAX_OC = lxa_cfg_pkg::XNOR_OC > lxa_cfg_pkg::SHIFT_OC ? lxa_cfg_pkg::XNOR_OC : lxa_cfg_pkg::SHIFT_OC,
  localparam int unsigned GW = $clog2(MAX_OC / lxa_cfg_pkg::OUT_LANES)
) (
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic                                 push_i,
  input  lxa_core_pkg::tile_t                  tile_i,
  input  logic [7:0]                           retired_i,   // jobs whose outputs are in memory: number of the next one
  output logic                                 req_valid_o,
  input  logic                                 req_ready_i,
  output logic [63:0]                          req_addr_o,
  output logic [5:0]                           req_words_o,
  output logic [63:0]                          req_base_o,
  output logic [31:0]                          req_size_o,
  input  logic                                 rsp_valid_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0]       rsp_data_i,
  output logic                                 valid_o,     // the next group is here
  input  logic                                 take_i,
  output logic [lxa_cfg_pkg::OUT_LANES*64-1:0] data_o       // of the group taken last
);
  localparam int unsigned TW = lxa_core_pkg::TW;
  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W;
  localparam int unsigned WB = WORD_W / 8;
  localparam int unsigned L = lxa_cfg_pkg::OUT_LANES;
  localparam int unsigned DW = 6;                        // log2 of DEPTH
  localparam int unsigned DEPTH = 1 << DW;
  localparam int unsigned GROUP_W = L * 64 > WORD_W ? L * 64 : WORD_W;
  localparam int unsigned PARTS = GROUP_W / WORD_W;      // words of the longest group
  localparam int unsigned PCW = PARTS > 1 ? $clog2(PARTS) : 1;
  localparam int unsigned EW = WBL + GW + 1 + 2;         // entry of a pixel

  // A tile is here that is not done with. All else rests without one: simulation is faster for it.
  logic awake_q;

  // ---- requests ----------------------------------------------------------------------------------
  // verilator lint_off UNUSEDSIGNAL
  lxa_core_pkg::tile_t head;             // scratch: the tile that is taken
  logic [$bits(tile_i)-1:0] ring_q [lxa_core_pkg::TILES];  // tiles; yosys takes an array of structures for bits of one
  lxa_core_pkg::tile_t t_q;
  // verilator lint_on UNUSEDSIGNAL
  logic [lxa_core_pkg::TILES-1:0] wait_q;  // the tile waits for all earlier jobs
  logic [7:0] job_q [lxa_core_pkg::TILES];
  logic [TW:0] wp_q, rp_q;
  logic run_q, push, take, start, rd_ready, fire;
  logic [15:0] ocb_q, oy_q, ox_q;
  logic [63:0] blk_q, row_q, px_q;       // addresses: block in the first pixel, row, pixel
  logic [1:0] size;                      // length of a group: L/2, L, 4L or 8L bytes
  logic [19:0] grp_bytes, blk_bytes, run_bytes;
  logic [GW:0] groups;                   // of a pixel, in this block
  logic ocb_end, oy_end, ox_end;
  logic [DW:0] used_q;                   // words requested and not handed out
  logic [DW:0] pw_q, pr_q;               // pixels: written, read

  assign push = push_i && tile_i.res_mode != 2'(lxa_regs_pkg::RES_NONE);
  assign req_base_o = t_q.res_base;
  assign req_size_o = t_q.res_size;

  always_comb begin
    {size, grp_bytes, blk_bytes, run_bytes, groups, ocb_end, oy_end, ox_end, take, start} = '0;
    if (awake_q) begin
      // t_q must not change while a request of it waits: a tile is taken only when the reader is free
      take = !run_q && rd_ready && wp_q != rp_q && (!wait_q[rp_q[TW-1:0]] || job_q[rp_q[TW-1:0]] == retired_i);
      start = run_q && rd_ready && (pw_q - pr_q) != (DW+1)'(DEPTH);
    end
    if (start) begin
      if (t_q.res_mode == 2'(lxa_regs_pkg::RES_RAW)) size = 2'd3;
      else begin
        case (t_q.res_fmt)
          3'(lxa_regs_pkg::FMT_LOG4): size = 2'd0;
          3'(lxa_regs_pkg::FMT_W32): size = 2'd2;
          default: size = 2'd1;
        endcase
      end
      grp_bytes = size == 2'd0 ? 20'(L / 2) : size == 2'd1 ? 20'(L) : size == 2'd2 ? 20'(L * 4) : 20'(L * 8);
      blk_bytes = t_q.lane ? grp_bytes * 20'(lxa_cfg_pkg::XNOR_OC / L) : grp_bytes * 20'(lxa_cfg_pkg::SHIFT_OC / L);
      ocb_end = ocb_q + 16'd1 == t_q.ocb;
      oy_end = oy_q + 16'd1 == t_q.th;
      ox_end = ox_q + 16'd1 == t_q.tw;
      if (ocb_end) groups = (GW+1)'((9'(t_q.oc_tail) + 9'(L - 1)) / 9'(L));
      else groups = t_q.lane ? (GW+1)'(lxa_cfg_pkg::XNOR_OC / L) : (GW+1)'(lxa_cfg_pkg::SHIFT_OC / L);
      run_bytes = 20'(px_q[WBL-1:0]) + 20'(groups) * grp_bytes;
    end
  end

  lxa_reader u_reader (
    .clk_i, .rst_ni, .start_i(start), .ready_o(rd_ready), .addr_i({px_q[63:WBL], WBL'(0)}),
    .words_i((32'(run_bytes) + 32'(WB - 1)) >> WBL), .room_i(16'(DEPTH) - 16'(used_q)),
    .req_valid_o, .req_ready_i, .req_addr_o, .req_words_o, .fire_o(fire)
  );

  // The tile is held in a process of its own: what reads it does not write it, so that simulation copies nothing.
  always_ff @(posedge clk_i) if (take) t_q <= ring_q[rp_q[TW-1:0]];

  always_ff @(posedge clk_i) begin
    if (push) begin
      ring_q[wp_q[TW-1:0]] <= tile_i;
      wait_q[wp_q[TW-1:0]] <= tile_i.barrier && tile_i.first;
      job_q[wp_q[TW-1:0]] <= tile_i.job;
      wp_q <= wp_q + 1'b1;
    end
    if (take) begin
      // verilator lint_off BLKSEQ
      head = ring_q[rp_q[TW-1:0]];
      // verilator lint_on BLKSEQ
      rp_q <= rp_q + 1'b1;
      run_q <= 1'b1;
      blk_q <= head.res_addr;
      row_q <= head.res_addr;
      px_q <= head.res_addr;
      ocb_q <= '0;
      oy_q <= '0;
      ox_q <= '0;
    end
    if (start) begin
      ox_q <= ox_q + 16'd1;
      px_q <= px_q + 64'({t_q.res_px, 3'b0});
      if (ox_end) begin
        ox_q <= '0;
        oy_q <= oy_q + 16'd1;
        row_q <= row_q + 64'(t_q.res_row);
        px_q <= row_q + 64'(t_q.res_row);
        if (oy_end) begin
          oy_q <= '0;
          ocb_q <= ocb_q + 16'd1;
          blk_q <= blk_q + 64'(blk_bytes);
          row_q <= blk_q + 64'(blk_bytes);
          px_q <= blk_q + 64'(blk_bytes);
          if (ocb_end) run_q <= 1'b0;
        end
      end
    end
    if (!rst_ni) begin
      wp_q <= '0;
      rp_q <= '0;
      run_q <= 1'b0;
    end
  end

  // ---- words and pixels under way ----------------------------------------------------------------
  logic [WORD_W-1:0] words_q [DEPTH];
  logic [EW-1:0] pixels_q [DEPTH];
  logic [DW:0] ww_q, wr_q;               // words: written, read
  logic w_pop, px_pop;

  always_ff @(posedge clk_i) if (rsp_valid_i) words_q[ww_q[DW-1:0]] <= rsp_data_i;
  always_ff @(posedge clk_i) if (start) pixels_q[pw_q[DW-1:0]] <= {px_q[WBL-1:0], groups, size};

  always_ff @(posedge clk_i) begin
    if (awake_q) begin
      ww_q <= ww_q + (DW+1)'(rsp_valid_i);
      wr_q <= wr_q + (DW+1)'(w_pop);
      pw_q <= pw_q + (DW+1)'(start);
      pr_q <= pr_q + (DW+1)'(px_pop);
      used_q <= used_q + (fire ? (DW+1)'(req_words_o) : '0) - (DW+1)'(w_pop);
      if (!run_q && wp_q == rp_q && pw_q == pr_q && !full_q) awake_q <= 1'b0;
    end
    if (push) awake_q <= 1'b1;
    if (!rst_ni) begin
      awake_q <= 1'b0;
      ww_q <= '0;
      wr_q <= '0;
      pw_q <= '0;
      pr_q <= '0;
      used_q <= '0;
    end
  end

  // ---- groups ------------------------------------------------------------------------------------
  logic full_q, step, px_last, part_last, word_last, first_q;
  logic [WBL-1:0] e_off;
  logic [GW:0] e_groups;
  logic [1:0] e_size;
  logic [GROUP_W-1:0] grp_q;             // the next group
  logic [L*64-1:0] data_q;
  logic [GW:0] g_q;
  logic [PCW-1:0] part_q;                // of a group longer than a word
  logic [WBL-1:0] pos_q, pos;            // of a shorter one in its word
  logic [WBL+3:0] len;                   // bytes of a group

  assign valid_o = full_q;
  assign data_o = data_q;

  always_comb begin
    {len, pos, px_last, part_last, word_last, step, e_off, e_groups, e_size} = '0;
    if (awake_q) step = ww_q != wr_q && pw_q != pr_q && (!full_q || take_i);
    if (step) begin
      {e_off, e_groups, e_size} = pixels_q[pr_q[DW-1:0]];
      len = e_size == 2'd0 ? (WBL+4)'(L / 2) : e_size == 2'd1 ? (WBL+4)'(L) :
            e_size == 2'd2 ? (WBL+4)'(L * 4) : (WBL+4)'(L * 8);
      px_last = g_q + 1'b1 == e_groups;
      if (len > (WBL+4)'(WB)) begin
        word_last = 1'b1;
        part_last = ((WBL+4)'(part_q) + 1'b1) << WBL >= len;
      end else begin
        pos = first_q ? e_off : pos_q;
        part_last = 1'b1;
        word_last = px_last || (WBL+4)'(pos) + len >= (WBL+4)'(WB);
      end
    end
    w_pop = step && word_last;
    px_pop = step && part_last && px_last;
  end

  // Each in a process that does not read it, so that simulation copies nothing.
  always_ff @(posedge clk_i) if (take_i) data_q <= grp_q[L*64-1:0];
  always_ff @(posedge clk_i) begin
    if (step) begin
      if (len > (WBL+4)'(WB)) grp_q[32'(part_q) * WORD_W +: WORD_W] <= words_q[wr_q[DW-1:0]];
      else grp_q[WORD_W-1:0] <= words_q[wr_q[DW-1:0]] >> {pos, 3'b0};
    end
  end

  always_ff @(posedge clk_i) begin
    if (take_i) full_q <= 1'b0;
    if (step) begin
      part_q <= part_last ? '0 : part_q + 1'b1;
      if (part_last) begin
        full_q <= 1'b1;
        first_q <= px_last;
        g_q <= px_last ? '0 : g_q + 1'b1;
        pos_q <= pos + WBL'(len);
      end
    end
    if (!rst_ni) begin
      full_q <= 1'b0;
      first_q <= 1'b1;
      g_q <= '0;
      part_q <= '0;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!take_i || full_q);
      assert (!push || (wp_q - rp_q) != (TW+1)'(lxa_core_pkg::TILES));
      assert (used_q <= (DW+1)'(DEPTH));
      assert (awake_q || (!rsp_valid_i && !take_i && used_q == '0));
      // a group lies within a word, or is whole words
      if (step) assert (len > (WBL+4)'(WB) ? e_off == '0 : (WBL+4)'(pos) + len <= (WBL+4)'(WB));
    end
  end
`endif
endmodule
