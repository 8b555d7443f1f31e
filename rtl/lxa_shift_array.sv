// SPDX-License-Identifier: MIT
// Shift array: SHIFT_OC x SHIFT_IC multiplier-free MACs a cycle with the weights standing still, and its accumulators
// (two halves of ACC_PIXELS x SHIFT_OC 64-bit slots). Picks the operands out of the word, or of two for packed pixels, which start
// at any byte and of which lanes beyond the last one read 0; the rest is lxa_shift_fast in a
// simulation and lxa_shift_synth in a synthesis, or where LXA_SYNTH_FORM is defined.
module lxa_shift_array #(
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
  // shadow weights, one word at a time: word i holds weights of consecutive output channels
  input  logic                           ld_valid_i,
  input  logic                           ld_int_i,
  input  logic                           ld_s_i,
  input  logic [WIW-1:0]   ld_idx_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0] ld_word_i,
  // one operation and the activation word that goes with it; with packed pixels also the word behind it
  // verilator lint_off UNUSEDSIGNAL
  input  lxa_core_pkg::op_t              op_i,
  // verilator lint_on UNUSEDSIGNAL
  input  logic [lxa_cfg_pkg::WORD_W-1:0] word_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0] next_i,
  // drain
  input  logic                           rd_en_i,
  input  logic [PW:0]      rd_acc_i,
  input  logic [GW-1:0]    rd_grp_i,
  output logic [lxa_cfg_pkg::OUT_LANES*64-1:0] rd_data_o
);
  localparam int unsigned IC = lxa_cfg_pkg::SHIFT_IC;
  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W;
  localparam int unsigned NSH = $clog2(IC / 2);           // byte offset of a nibble group: lower bits are 0

  logic [IC*4-1:0] nibs;
  logic [IC*8-1:0] block, bytes;
  logic valid, a_int, is_nib;
  logic [PW:0] op_acc;
  assign op_acc = {op_i.half, op_i.pix[PW-1:0]};
  generate
    if (WORD_W == IC * 4) begin : g_nib1
      assign nibs = word_i;
    end else begin : g_nib
      assign nibs = word_i[op_i.off[WBL-1:NSH] * (IC * 4) +: IC * 4];
    end
    if (WORD_W == IC * 8) begin : g_byte1
      assign block = word_i;
    end else begin : g_byte
      assign block = word_i[op_i.off[WBL-1:NSH+1] * (IC * 8) +: IC * 8];
    end
  endgenerate
  always_comb begin
    bytes = block;
    if (op_i.pack) begin
      bytes = (IC*8)'({next_i, word_i} >> {op_i.off[WBL-1:0], 3'b0});
      if (op_i.n < 8'(IC)) bytes = bytes & ~({IC*8{1'b1}} << {op_i.n, 3'b0});
    end
  end
  assign valid = op_i.valid && !op_i.lane;
  assign is_nib = op_i.fmt == 3'(lxa_regs_pkg::FMT_LOG4);
  assign a_int = op_i.fmt == 3'(lxa_regs_pkg::FMT_U8) || op_i.fmt == 3'(lxa_regs_pkg::FMT_S8);

`ifdef VERILATOR
`ifndef LXA_SYNTH_FORM
  `define LXA_FAST_SHIFT
`endif
`endif
`ifdef LXA_FAST_SHIFT
  lxa_shift_fast u_lanes (
`else
  lxa_shift_synth u_lanes (
`endif
    .clk_i, .rst_ni, .ld_valid_i, .ld_int_i, .ld_s_i, .ld_idx_i, .ld_word_i, .valid_i(valid), .swap_i(op_i.swap),
    .first_i(op_i.first), .acc_i(op_acc), .in_img_i(op_i.in_img), .nib_i(is_nib), .int_i(a_int),
    .signed_i(op_i.fmt == 3'(lxa_regs_pkg::FMT_S8)), .act_s_i(op_i.act_s), .nibs_i(nibs), .bytes_i(bytes),
    .rd_en_i, .rd_acc_i, .rd_grp_i, .rd_data_o
  );
endmodule
