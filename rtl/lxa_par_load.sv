// SPDX-License-Identifier: MIT
// Parameter loader: fetches the per-channel records of each block of output channels into two buffers in turn, and
// gives the drain a row a cycle: one 16-byte row of each of OUT_LANES channels.
module lxa_par_load #(
  localparam int unsigned WBL = $clog2(lxa_cfg_pkg::WORD_W / 8),
  localparam int unsigned MAX_OC = lxa_cfg_pkg::XNOR_OC > lxa_cfg_pkg::SHIFT_OC ? lxa_cfg_pkg::XNOR_OC : lxa_cfg_pkg::SHIFT_OC,
  localparam int unsigned GW = $clog2(MAX_OC / lxa_cfg_pkg::OUT_LANES),
  localparam int unsigned PRW = GW + 3
) (
  input  logic                           clk_i,
  input  logic                           rst_ni,
  input  logic                           push_i,
  input  lxa_core_pkg::tile_t            tile_i,
  output logic                           full_o,      // pulse: a buffer is complete
  input  logic                           free_i,      // pulse: the drain has done with one
  output logic                           req_valid_o,
  input  logic                           req_ready_i,
  output logic [63:0]                    req_addr_o,
  output logic [5:0]                     req_words_o,
  output logic [63:0]                    req_base_o,
  output logic [31:0]                    req_size_o,
  input  logic                           rsp_valid_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0] rsp_data_i,
  input  logic                           re_i,
  input  logic [PRW:0]     raddr_i,     // buffer, row
  output logic [lxa_cfg_pkg::OUT_LANES*128-1:0] rdata_o
);
  localparam int unsigned TW = lxa_core_pkg::TW;
  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W;
  localparam int unsigned ROW_W = lxa_cfg_pkg::OUT_LANES * 128;
  localparam int unsigned PER = ROW_W / WORD_W;        // words in a row

  // verilator lint_off UNUSEDSIGNAL
  lxa_core_pkg::tile_t head;             // scratch: the tile that is taken
  logic [$bits(tile_i)-1:0] ring_q [lxa_core_pkg::TILES];  // tiles; yosys takes an array of structures for bits of one
  lxa_core_pkg::tile_t t_q;
  // verilator lint_on UNUSEDSIGNAL
  logic [TW:0] wp_q, rp_q;
  logic run_q, buf_q;
  logic [1:0] used_q;
  logic [15:0] ocb_q;
  logic [63:0] addr_q;
  logic [15:0] words;                                  // of a block
  logic [2:0] rows;                                    // of a channel
  logic rd_ready, start, load;
  // verilator lint_off UNUSEDSIGNAL
  logic fire_unused;
  // verilator lint_on UNUSEDSIGNAL

  always_comb begin
    rows = '0;
    words = '0;
    if (start) begin
      rows = 3'((6'(t_q.nthr) + 6'd6) >> 2);
      words = t_q.lane ? 16'(rows) * 16'(lxa_cfg_pkg::XNOR_OC * 128 / WORD_W) :
                         16'(rows) * 16'(lxa_cfg_pkg::SHIFT_OC * 128 / WORD_W);
    end
  end
  assign start = run_q && rd_ready && used_q != 2'd2;
  assign load = !run_q && rd_ready && wp_q != rp_q;
  assign req_base_o = t_q.par_base;
  assign req_size_o = t_q.par_size;

  lxa_reader u_reader (
    .clk_i, .rst_ni, .start_i(start), .ready_o(rd_ready), .addr_i(addr_q), .words_i(32'(words)),
    .room_i(16'hffff), .req_valid_o, .req_ready_i, .req_addr_o, .req_words_o, .fire_o(fire_unused)
  );

  logic [15:0] nwords_q [2];
  // The tile is held in a process of its own: what reads it does not write it, so that simulation copies nothing.
  always_ff @(posedge clk_i) if (load) t_q <= ring_q[rp_q[TW-1:0]];

  always_ff @(posedge clk_i) begin
    if (push_i) begin
      // verilator lint_off BLKSEQ
      ring_q[wp_q[TW-1:0]] = tile_i;         // nobody reads this entry now: blocking, so that simulation keeps no copy
      // verilator lint_on BLKSEQ
      wp_q <= wp_q + 1'b1;
    end
    if (load) begin
      // verilator lint_off BLKSEQ
      head = ring_q[rp_q[TW-1:0]];
      // verilator lint_on BLKSEQ
      addr_q <= head.par_base;
      rp_q <= rp_q + 1'b1;
      ocb_q <= '0;
      run_q <= 1'b1;
    end
    if (start) begin
      nwords_q[buf_q] <= words;
      buf_q <= !buf_q;
      addr_q <= addr_q + 64'({words, WBL'(0)});
      ocb_q <= ocb_q + 16'd1;
      if (ocb_q + 16'd1 == t_q.ocb) run_q <= 1'b0;
    end
    used_q <= used_q + 2'(start) - 2'(free_i);
    if (!rst_ni) begin
      wp_q <= '0;
      rp_q <= '0;
      run_q <= 1'b0;
      buf_q <= 1'b0;
      used_q <= '0;
    end
  end

  // answers and the buffers
  logic [ROW_W-1:0] mem_q [2 << PRW];
  logic [ROW_W-1:0] rdata_q;
  logic rbuf_q;
  logic [15:0] word_q;
  logic end_word;
  logic [15:0] wrow;
  localparam int unsigned PERL = $clog2(PER);

  always_comb begin
    end_word = 1'b0;
    wrow = '0;
    if (rsp_valid_i) begin
      end_word = word_q + 16'd1 == nwords_q[rbuf_q];
      wrow = word_q >> PERL;
    end
  end
  assign full_o = end_word;
  assign rdata_o = rdata_q;
  always_ff @(posedge clk_i) begin
    if (re_i) rdata_q <= mem_q[raddr_i];
    if (rsp_valid_i) begin
      for (int unsigned k = 0; k < PER; k++)
        if (16'(k) == (word_q & 16'(PER - 1)))
          mem_q[{rbuf_q, wrow[PRW-1:0]}][k*WORD_W +: WORD_W] <= rsp_data_i;
      word_q <= end_word ? '0 : word_q + 16'd1;
      if (end_word) rbuf_q <= !rbuf_q;
    end
    if (!rst_ni) begin
      word_q <= '0;
      rbuf_q <= 1'b0;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!rsp_valid_i || used_q != 2'd0);
      assert (!free_i || used_q != 2'd0);
      assert (!rsp_valid_i || wrow < 16'(1 << PRW));
    end
  end
`endif
endmodule
