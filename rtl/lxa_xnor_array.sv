// SPDX-License-Identifier: MIT
// XNOR array: XNOR_OC x XNOR_IC binary MACs a cycle with the weights standing still, and its accumulators (two halves
// of ACC_PIXELS x XNOR_OC 32-bit sums). As lxa_shift_array: operands here, the rest in lxa_xnor_fast or
// lxa_xnor_synth.
module lxa_xnor_array #(
  localparam int unsigned WBL = $clog2(lxa_cfg_pkg::WORD_W / 8),
  localparam int unsigned PW = $clog2(lxa_cfg_pkg::ACC_PIXELS),
  localparam int unsigned SHIFT_WORDS = lxa_cfg_pkg::SHIFT_OC * lxa_cfg_pkg::SHIFT_IC * 8 / lxa_cfg_pkg::WORD_W,
  localparam int unsigned XNOR_WORDS = lxa_cfg_pkg::XNOR_OC * lxa_cfg_pkg::XNOR_IC / lxa_cfg_pkg::WORD_W,
  localparam int unsigned MAX_OC = lxa_cfg_pkg::XNOR_OC > lxa_cfg_pkg::SHIFT_OC ? lxa_cfg_pkg::XNOR_OC : lxa_cfg_pkg::SHIFT_OC,
  localparam int unsigned GW = $clog2(MAX_OC / lxa_cfg_pkg::OUT_LANES),
  localparam int unsigned WIW = $clog2(XNOR_WORDS > SHIFT_WORDS ? XNOR_WORDS : SHIFT_WORDS)
) (
  input  logic                           clk_i,
  input  logic                           rst_ni,
  input  logic                           ld_valid_i,
  input  logic [WIW-1:0]   ld_idx_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0] ld_word_i,
  // verilator lint_off UNUSEDSIGNAL
  input  lxa_core_pkg::op_t              op_i,
  // verilator lint_on UNUSEDSIGNAL
  input  logic [lxa_cfg_pkg::WORD_W-1:0] word_i,
  input  logic                           rd_en_i,
  input  logic [PW:0]      rd_acc_i,
  input  logic [GW-1:0]    rd_grp_i,
  output logic [lxa_cfg_pkg::OUT_LANES*32-1:0] rd_data_o
);
  localparam int unsigned IC = lxa_cfg_pkg::XNOR_IC;
  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W;
  localparam int unsigned NSH = $clog2(IC / 8);

  // Operand, mask and constant of an operation: sum += n - 2 * popcount((a ^ w) & mask).
  logic [IC-1:0] bits, a_d, mask_d;
  logic [31:0] n_d;
  logic valid;
  logic [PW:0] op_acc;
  assign op_acc = {op_i.half, op_i.pix[PW-1:0]};
  generate
    if (WORD_W == IC) begin : g_bits1
      assign bits = word_i;
    end else begin : g_bits
      assign bits = word_i[op_i.off[WBL-1:NSH] * IC +: IC];
    end
  endgenerate
  assign valid = op_i.valid && op_i.lane;
  always_comb begin
    a_d = op_i.in_img ? bits : {IC{op_i.pad_mode == 2'(lxa_regs_pkg::PAD_PLUS)}};
    mask_d = op_i.n >= 8'(IC) ? {IC{1'b1}} : ~({IC{1'b1}} << op_i.n);
    n_d = 32'(op_i.n);
    if (!op_i.in_img && op_i.pad_mode == 2'(lxa_regs_pkg::PAD_ZERO)) begin
      mask_d = '0;
      n_d = '0;
    end
  end

`ifdef VERILATOR
`ifndef LXA_SYNTH_FORM
  `define LXA_FAST_XNOR
`endif
`endif
`ifdef LXA_FAST_XNOR
  lxa_xnor_fast u_lanes (
`else
  lxa_xnor_synth u_lanes (
`endif
    .clk_i, .rst_ni, .ld_valid_i, .ld_idx_i, .ld_word_i, .valid_i(valid), .swap_i(op_i.swap), .first_i(op_i.first),
    .acc_i(op_acc), .a_i(a_d), .mask_i(mask_d), .n_i(n_d), .rd_en_i, .rd_acc_i, .rd_grp_i, .rd_data_o
  );
endmodule
