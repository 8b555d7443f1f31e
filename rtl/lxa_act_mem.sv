// SPDX-License-Identifier: MIT
// Activation scratchpad: two halves, one write port (loader), one registered read port (array).
module lxa_act_mem #(
  localparam int unsigned WBL = $clog2(lxa_cfg_pkg::WORD_W / 8),
  localparam int unsigned AW = $clog2(lxa_cfg_pkg::ACT_BYTES)
) (
  input  logic                                        clk_i,
  input  logic                                        we_i,
  input  logic [AW-WBL:0] waddr_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0]              wdata_i,
  input  logic                                        re_i,
  input  logic [AW-WBL:0] raddr_i,
  output logic [lxa_cfg_pkg::WORD_W-1:0]              rdata_o
);
  localparam int unsigned DEPTH = 2 << (AW - WBL);
  logic [lxa_cfg_pkg::WORD_W-1:0] mem_q [DEPTH];
  logic [lxa_cfg_pkg::WORD_W-1:0] rdata_q;

  assign rdata_o = rdata_q;
  always_ff @(posedge clk_i) begin
    if (re_i) rdata_q <= mem_q[raddr_i];
    if (we_i) mem_q[waddr_i] <= wdata_i;
  end
endmodule
