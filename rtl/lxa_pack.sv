// SPDX-License-Identifier: MIT
// Packs groups of codes into write beats: the groups of a pixel that land in the same word leave as one beat with byte
// strobes; a group wider than a word (w32, w64) leaves as several. A small FIFO decouples the bus.
module lxa_pack #(
  localparam int unsigned WB = lxa_cfg_pkg::WORD_W / 8,
  localparam int unsigned WBL = $clog2(lxa_cfg_pkg::WORD_W / 8)
) (
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic [2:0]                           fmt_i,
  input  logic                                 valid_i,
  output logic                                 ready_o,
  input  logic [lxa_cfg_pkg::OUT_LANES*32-1:0] code_i,
  input  logic [lxa_cfg_pkg::OUT_LANES*32-1:0] high_i,   // w64: the upper halves
  input  logic [63:0]                          addr_i,
  input  logic                                 last_i,
  output logic                                 wr_valid_o,
  input  logic                                 wr_ready_i,
  output logic [63:0]                          wr_addr_o,
  output logic [lxa_cfg_pkg::WORD_W-1:0]       wr_data_o,
  output logic [lxa_cfg_pkg::WORD_W/8-1:0]     wr_strb_o,
  output logic                                 empty_o
);
  localparam int unsigned L = lxa_cfg_pkg::OUT_LANES;
  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W;
  localparam int unsigned GROUP_W = L * 64 > WORD_W ? L * 64 : WORD_W;
  localparam int unsigned BEATS = GROUP_W / WORD_W;   // of a w64 group
  localparam int unsigned BEATS32 = L * 32 > WORD_W ? L * 32 / WORD_W : 1;
  localparam int unsigned BCW = BEATS > 1 ? $clog2(BEATS) : 1;
  localparam int unsigned DEPTH = 8;
  localparam int unsigned DW = 3;

  logic [63-WBL:0] addr_q [DEPTH];
  logic [WORD_W-1:0] data_q [DEPTH];
  logic [WB-1:0] strb_q [DEPTH];
  logic [DW:0] wp_q, rp_q;
  logic full, push, wide, wide_last, emit;
  logic [BCW-1:0] beat_q;
  logic [WORD_W-1:0] part_q;                          // beat under construction
  logic [WB-1:0] pstrb_q;

  assign full = (wp_q - rp_q) == (DW+1)'(DEPTH);
  assign wide = (fmt_i == 3'(lxa_regs_pkg::OFMT_W32) && BEATS32 > 1) || (fmt_i == 3'(lxa_regs_pkg::OFMT_W64) && BEATS > 1);
  assign wide_last = beat_q == (fmt_i == 3'(lxa_regs_pkg::OFMT_W64) ? BCW'(BEATS - 1) : BCW'(BEATS32 - 1));
  assign ready_o = !valid_i || (!full && (!wide || wide_last));
  assign push = valid_i && !full && (wide || emit);
  assign wr_valid_o = wp_q != rp_q;
  always_comb begin
    wr_addr_o = '0;
    wr_data_o = '0;
    wr_strb_o = '0;
    if (wr_valid_o) begin
      wr_addr_o = {addr_q[rp_q[DW-1:0]], WBL'(0)};
      wr_data_o = data_q[rp_q[DW-1:0]];
      wr_strb_o = strb_q[rp_q[DW-1:0]];
    end
  end
  assign empty_o = !valid_i && wp_q == rp_q && pstrb_q == '0;

  // bytes of a group that is not wider than a word, at its place
  logic [WBL:0] size;
  assign size = fmt_i == 3'(lxa_regs_pkg::OFMT_B1) ? (WBL+1)'(L / 8) :
                fmt_i == 3'(lxa_regs_pkg::OFMT_N4) ? (WBL+1)'(L / 2) :
                fmt_i == 3'(lxa_regs_pkg::OFMT_B8) ? (WBL+1)'(L) :
                fmt_i == 3'(lxa_regs_pkg::OFMT_W32) ? (WBL+1)'(L * 4) : (WBL+1)'(L * 8);
  assign emit = last_i || (WBL+1)'(addr_i[WBL-1:0]) + size >= (WBL+1)'(WB);

  always_ff @(posedge clk_i) begin
    if (valid_i && !full) begin
      // verilator lint_off UNUSEDSIGNAL
      logic [GROUP_W-1:0] g;
      // verilator lint_on UNUSEDSIGNAL
      g = '0;
      case (fmt_i)
        3'(lxa_regs_pkg::OFMT_B1): for (int unsigned j = 0; j < L; j++) g[j] = code_i[32*j];
        3'(lxa_regs_pkg::OFMT_N4): for (int unsigned j = 0; j < L; j++) g[4*j +: 4] = code_i[32*j +: 4];
        3'(lxa_regs_pkg::OFMT_B8): for (int unsigned j = 0; j < L; j++) g[8*j +: 8] = code_i[32*j +: 8];
        3'(lxa_regs_pkg::OFMT_W32): g[L*32-1:0] = code_i;
        default: for (int unsigned j = 0; j < L; j++) g[64*j +: 64] = {high_i[32*j +: 32], code_i[32*j +: 32]};
      endcase
      if (wide) begin
        beat_q <= wide_last ? '0 : beat_q + 1'b1;
        data_q[wp_q[DW-1:0]] <= g[beat_q * WORD_W +: WORD_W];
        strb_q[wp_q[DW-1:0]] <= '1;
        addr_q[wp_q[DW-1:0]] <= addr_i[63:WBL] + (64-WBL)'(beat_q);
      end else begin
        logic [WORD_W-1:0] word;
        logic [WB-1:0] strb;
        word = part_q | (g[WORD_W-1:0] << {addr_i[WBL-1:0], 3'b0});
        strb = pstrb_q | (~({WB{1'b1}} << size) << addr_i[WBL-1:0]);
        part_q <= emit ? '0 : word;
        pstrb_q <= emit ? '0 : strb;
        if (emit) begin
          data_q[wp_q[DW-1:0]] <= word;
          strb_q[wp_q[DW-1:0]] <= strb;
          addr_q[wp_q[DW-1:0]] <= addr_i[63:WBL];
        end
      end
    end
    if (push) wp_q <= wp_q + 1'b1;
    if (wr_valid_o && wr_ready_i) rp_q <= rp_q + 1'b1;
    if (!rst_ni) begin
      wp_q <= '0;
      rp_q <= '0;
      beat_q <= '0;
      part_q <= '0;
      pstrb_q <= '0;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert ((wp_q - rp_q) <= (DW+1)'(DEPTH));
      // a group lies within a word, or is whole words
      if (valid_i) assert (wide ? addr_i[WBL-1:0] == '0 : (WBL+1)'(addr_i[WBL-1:0]) + size <= (WBL+1)'(WB));
      if (wr_valid_o) assert (wr_strb_o != '0);
    end
  end
`endif
endmodule
