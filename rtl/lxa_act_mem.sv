// SPDX-License-Identifier: MIT
// Activation scratchpad: two halves, one write port (loader), one registered read port (array). Even and odd words lie in
// banks of their own, so that a word and the one behind it can be read at once (operands that cross a word's end). Behind
// the last word of a half comes its first one.
module lxa_act_mem #(
  localparam int unsigned WBL = $clog2(lxa_cfg_pkg::WORD_W / 8),
  localparam int unsigned AW = $clog2(lxa_cfg_pkg::ACT_BYTES)
) (
  input  logic                           clk_i,
  input  logic                           we_i,
  input  logic [AW-WBL:0]                waddr_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0] wdata_i,
  input  logic                           re_i,
  input  logic                           both_i,  // the word behind it too
  input  logic [AW-WBL:0]                raddr_i,
  output logic [lxa_cfg_pkg::WORD_W-1:0] word_o,
  output logic [lxa_cfg_pkg::WORD_W-1:0] next_o   // valid after a read with both_i
);
  localparam int unsigned MW = AW - WBL;           // word address in a half
  localparam int unsigned DEPTH = 1 << MW;         // words of a bank: half of each half
  logic [lxa_cfg_pkg::WORD_W-1:0] even_q [DEPTH];
  logic [lxa_cfg_pkg::WORD_W-1:0] odd_q [DEPTH];
  logic [lxa_cfg_pkg::WORD_W-1:0] reven_q, rodd_q;
  logic swap_q;                                    // the word read is the odd one
  logic [MW-1:0] eaddr;

  assign eaddr = {raddr_i[MW], raddr_i[MW-1:1] + (MW-1)'(raddr_i[0])};
  assign word_o = swap_q ? rodd_q : reven_q;
  assign next_o = swap_q ? reven_q : rodd_q;
  always_ff @(posedge clk_i) begin
    if (re_i) begin
      swap_q <= raddr_i[0];
      if (both_i || !raddr_i[0]) reven_q <= even_q[eaddr];
      if (both_i || raddr_i[0]) rodd_q <= odd_q[raddr_i[MW:1]];
    end
    if (we_i) begin
      if (waddr_i[0]) odd_q[waddr_i[MW:1]] <= wdata_i;
      else even_q[waddr_i[MW:1]] <= wdata_i;
    end
  end
endmodule
