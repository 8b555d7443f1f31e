// SPDX-License-Identifier: MIT
// XNOR array: XNOR_OC x XNOR_IC binary MACs a cycle with the weights standing still, and its accumulators (two halves
// of ACC_PIXELS x XNOR_OC 32-bit sums). As lxa_shift_array: operands here, the rest in lxa_xnor_fast or
// lxa_xnor_synth. Bit planes: an operation takes one plane of the nibbles of its channels, which fill one word or two, and one of the
// weights; rtl/README.md, section 3.
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
  input  logic [lxa_cfg_pkg::WORD_W-1:0] next_i,   // the word behind it, for nibbles
  input  logic                           rd_en_i,
  input  logic [PW:0]      rd_acc_i,
  input  logic [GW-1:0]    rd_grp_i,
  output logic [lxa_cfg_pkg::OUT_LANES*32-1:0] rd_data_o
);
  localparam int unsigned IC = lxa_cfg_pkg::XNOR_IC;
  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W;
  localparam int unsigned NSH = $clog2(IC / 8);
  localparam int unsigned NIB1 = IC * 4 < WORD_W ? 1 : 0;  // the nibbles of a block are a part of a word, else one or two words

  // What the lanes need: sum += n -+ popcount((a ^ w) & mask) << sh.
  logic [IC-1:0] bits, a_d, mask_d;
  logic [31:0] n_d;
  logic [2:0] sh;
  logic valid, is_n4;
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
  assign is_n4 = op_i.fmt == 3'(lxa_regs_pkg::FMT_N4);
  // Bit i of each of 16 nibbles, moved together by folding: what a simulator does in a few operations is wires in a circuit.
  function automatic logic [15:0] plane(input logic [63:0] nibs, input logic [1:0] i);
    logic [63:0] x;
    x = (nibs >> i) & 64'h1111111111111111;
    x = (x | x >> 3) & 64'h0303030303030303;
    x = (x | x >> 6) & 64'h000f000f000f000f;
    x = (x | x >> 12) & 64'h000000ff000000ff;
    plane = {x[39:32], x[7:0]};
  endfunction

  always_comb begin
    a_d = op_i.in_img ? bits : {IC{op_i.pad_mode == 2'(lxa_regs_pkg::PAD_PLUS)}};
    mask_d = op_i.n >= 8'(IC) ? {IC{1'b1}} : ~({IC{1'b1}} << op_i.n);
    n_d = 32'(op_i.n);
    sh = 3'd1;
    if (is_n4) begin           // beyond the image: the value 0
      for (int unsigned k = 0; k < IC / 16; k++)
        a_d[16*k +: 16] = plane(k * 64 < WORD_W ? word_i[NIB1 * 8 * 32'(op_i.off[WBL-1:0]) + 64 * k % WORD_W +: 64] :
                                                  next_i[64 * k % WORD_W +: 64], op_i.plane);
      if (!op_i.in_img) a_d = '0;
    end else if (!op_i.in_img && op_i.pad_mode == 2'(lxa_regs_pkg::PAD_ZERO)) begin
      mask_d = '0;
      n_d = '0;
    end
    if (op_i.linear) begin
      sh = op_i.sh;
      n_d = op_i.wbits ? 32'($countones(a_d & mask_d)) << op_i.sh : 32'd0;
      if (op_i.neg) n_d = -n_d;
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
    .acc_i(op_acc), .a_i(a_d), .mask_i(mask_d), .n_i(n_d), .sh_i(sh), .neg_i(op_i.neg),
    .rd_en_i, .rd_acc_i, .rd_grp_i, .rd_data_o
  );
endmodule
