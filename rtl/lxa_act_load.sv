// SPDX-License-Identifier: MIT
// Activation loader: fetches the input region of each tile, row by row, into the halves of the activation scratchpad
// in turn. Runs ahead of the array by one half, across tiles and jobs; a job with a barrier waits for the earlier ones.
module lxa_act_load #(
  localparam int unsigned WBL = $clog2(lxa_cfg_pkg::WORD_W / 8),
  localparam int unsigned AW = $clog2(lxa_cfg_pkg::ACT_BYTES)
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                push_i,
  input  lxa_core_pkg::tile_t tile_i,
  input  logic [7:0]          retired_i,   // jobs whose outputs are in memory: number of the next one
  input  logic                free_i,      // the array has read a half for the last time
  output logic                full_o,      // pulse: the next half is complete
  output logic                req_valid_o,
  input  logic                req_ready_i,
  output logic [63:0]         req_addr_o,
  output logic [5:0]          req_words_o,
  output logic [63:0]         req_base_o,
  output logic [31:0]         req_size_o,
  input  logic                rsp_valid_i,
  output logic [AW-WBL:0] mem_addr_o   // of the word that arrives
);
  localparam int unsigned TW = lxa_core_pkg::TW;
  localparam int unsigned MW = AW - WBL; // word address in a half

  // verilator lint_off UNUSEDSIGNAL
  lxa_core_pkg::tile_t head;             // scratch: the tile that is taken
  logic [$bits(tile_i)-1:0] ring_q [lxa_core_pkg::TILES];  // tiles; yosys takes an array of structures for bits of one
  lxa_core_pkg::tile_t t_q;
  // verilator lint_on UNUSEDSIGNAL
  logic [lxa_core_pkg::TILES-1:0] wait_q; // the tile waits for all earlier jobs
  logic [7:0] job_q [lxa_core_pkg::TILES];
  logic [TW:0] wp_q, rp_q;
  logic run_q, half_q;                // request side
  logic [1:0] used_q;                 // halves being filled or read
  logic [15:0] rows_q;
  logic [63:0] row_q;
  logic rd_ready, rd_start;
  // what the answers need, one entry a half
  logic [1:0] pend_q;                 // regions requested and not complete
  logic rhalf_q;
  logic [15:0] r_words_q [2];
  logic [15:0] r_rows_q [2];
  logic [15:0] r_pitch_q [2];
  logic [15:0] word_q, rrow_q;
  logic [MW-1:0] base_q;
  // verilator lint_off UNUSEDSIGNAL
  logic fire_unused;
  // verilator lint_on UNUSEDSIGNAL
  logic empty, row_end, all_end, take;

  assign rd_start = run_q && rd_ready && rows_q != 16'd0;
  assign req_base_o = t_q.act_base;
  assign req_size_o = t_q.act_size;
  // t_q must not change while a request of it waits: a tile is taken only when the reader is free
  assign take = !run_q && rd_ready && wp_q != rp_q && used_q != 2'd2 &&
                (!wait_q[rp_q[TW-1:0]] || job_q[rp_q[TW-1:0]] == retired_i);

  lxa_reader u_reader (
    .clk_i, .rst_ni, .start_i(rd_start), .ready_o(rd_ready), .addr_i(row_q), .words_i(32'(t_q.act_words)),
    .room_i(16'hffff), .req_valid_o, .req_ready_i, .req_addr_o, .req_words_o, .fire_o(fire_unused)
  );

  // The tile is held in a process of its own: what reads it does not write it, so that simulation copies nothing.
  always_ff @(posedge clk_i) if (take) t_q <= ring_q[rp_q[TW-1:0]];

  always_ff @(posedge clk_i) begin
    if (push_i) begin
      // verilator lint_off BLKSEQ
      ring_q[wp_q[TW-1:0]] = tile_i;         // nobody reads this entry now: blocking, so that simulation keeps no copy
      // verilator lint_on BLKSEQ
      wait_q[wp_q[TW-1:0]] <= tile_i.barrier && tile_i.first;
      job_q[wp_q[TW-1:0]] <= tile_i.job;
      wp_q <= wp_q + 1'b1;
    end
    if (take) begin
      // verilator lint_off BLKSEQ
      head = ring_q[rp_q[TW-1:0]];
      // verilator lint_on BLKSEQ
      rp_q <= rp_q + 1'b1;
      rows_q <= head.act_words == 0 ? '0 : head.act_rows;
      row_q <= head.act_addr;
      r_words_q[half_q] <= head.act_words;
      r_rows_q[half_q] <= head.act_rows;
      r_pitch_q[half_q] <= head.act_pitch;
      run_q <= 1'b1;
      half_q <= !half_q;
    end
    if (rd_start) begin
      rows_q <= rows_q - 16'd1;
      row_q <= row_q + 64'(t_q.in_row);
    end
    if (run_q && rows_q <= 16'd1 && (rd_start || rows_q == 16'd0)) run_q <= 1'b0;
    used_q <= used_q + 2'(take) - 2'(free_i);
    if (!rst_ni) begin
      wp_q <= '0;
      rp_q <= '0;
      run_q <= 1'b0;
      half_q <= 1'b0;
      used_q <= '0;
    end
  end

  // answers
  always_comb begin
    empty = 1'b0;
    row_end = 1'b0;
    all_end = 1'b0;
    mem_addr_o = '0;
    if (pend_q != 2'd0) begin
      empty = r_words_q[rhalf_q] == 16'd0 || r_rows_q[rhalf_q] == 16'd0;
      row_end = word_q + 16'd1 == r_words_q[rhalf_q];
      all_end = empty || (rsp_valid_i && row_end && rrow_q + 16'd1 == r_rows_q[rhalf_q]);
      mem_addr_o = {rhalf_q, base_q + word_q[MW-1:0]};  // no cast here: yosys keeps its operand's width in a concatenation
    end
  end
  assign full_o = all_end;

  always_ff @(posedge clk_i) begin
    if (rsp_valid_i) begin
      word_q <= row_end ? '0 : word_q + 16'd1;
      if (row_end) begin
        rrow_q <= rrow_q + 16'd1;
        base_q <= base_q + MW'(r_pitch_q[rhalf_q]);
      end
    end
    if (all_end) begin
      rhalf_q <= !rhalf_q;
      rrow_q <= '0;
      base_q <= '0;
    end
    pend_q <= pend_q + 2'(take) - 2'(all_end);
    if (!rst_ni) begin
      rhalf_q <= 1'b0;
      word_q <= '0;
      rrow_q <= '0;
      base_q <= '0;
      pend_q <= '0;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!rsp_valid_i || pend_q != 2'd0);
      assert (!free_i || used_q != 2'd0);
      assert (!push_i || (wp_q - rp_q) != (TW+1)'(lxa_core_pkg::TILES));
    end
  end
`endif
endmodule
