// SPDX-License-Identifier: MIT
// XNOR array: XNOR_OC x XNOR_IC binary MACs a cycle with the weights standing still, and its accumulators (two halves
// of ACC_PIXELS x XNOR_OC 32-bit sums). As lxa_shift_array, in two forms of the same function.
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
  // verilator lint_off UNUSEDSIGNAL
  input  logic [GW-1:0]    rd_grp_i,
  // verilator lint_on UNUSEDSIGNAL
  output logic [lxa_cfg_pkg::OUT_LANES*32-1:0] rd_data_o
);
  localparam int unsigned OC = lxa_cfg_pkg::XNOR_OC;
  localparam int unsigned IC = lxa_cfg_pkg::XNOR_IC;
  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W;
  localparam int unsigned LANES = lxa_cfg_pkg::OUT_LANES;
  localparam int unsigned NPIX = 2 << PW;
  localparam int unsigned NSH = $clog2(IC / 8);
  localparam int unsigned OGW = $clog2(OC / LANES) > 0 ? $clog2(OC / LANES) : 1;

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
  // verilator lint_off BLKSEQ
  localparam int unsigned PER = WORD_W / IC;
  localparam int unsigned OCL = $clog2(OC);
  logic [IC-1:0] w_q [2][OC];
  logic [31:0] acc_q [NPIX][OC];
  logic [IC-1:0] a_q, mask_q;
  logic [31:0] n_q, keep_q;
  logic mac_q, set_q;
  logic [PW:0] idx_q;

  always_ff @(posedge clk_i) begin
    // For all o, acc[o] = (acc[o] & keep) + n - 2 * popcount((a ^ w[o]) & mask). In C, as in lxa_shift_array; in two loops,
    // because the counts are scalar instructions and the sums vectors.
    if (mac_q)
      $c("{ IData p[", OC, "]; IData* const a = &", acc_q[idx_q][0], "; const auto* const w = &", w_q[set_q][0],
         "; const QData x = ", a_q, "; const QData m = ", mask_q, "; const IData k = ", keep_q, "; const IData n = ", n_q,
         "; for (int o = 0; o < ", OC, "; ++o) p[o] = __builtin_popcountll((x ^ w[o]) & m); for (int o = 0; o < ", OC,
         "; ++o) a[o] = (a[o] & k) + n - 2 * p[o]; }");
    mac_q = valid;
    if (valid) begin
      if (op_i.swap) set_q = !set_q;
      a_q = a_d;
      mask_q = mask_d;
      n_q = n_d;
      keep_q = op_i.first ? 32'd0 : ~32'd0;
      idx_q = op_acc;
    end
    if (ld_valid_i)
      for (int unsigned k = 0; k < PER; k++)
        w_q[!set_q][OCL'(32'(ld_idx_i) * PER + k)] = ld_word_i[k*IC +: IC];
    if (!rst_ni) begin
      mac_q = 1'b0;
      set_q = 1'b0;
      acc_q[0][0] = 32'd0;       // the one assignment of acc_q that Verilator sees
    end
  end

  logic [LANES*32-1:0] rd_q;
  assign rd_data_o = rd_q;
  always_ff @(posedge clk_i) begin
    if (rd_en_i)
      for (int unsigned j = 0; j < LANES; j++)
        rd_q[32*j +: 32] <= acc_q[rd_acc_i][OCL'(32'(rd_grp_i[OGW-1:0]) * LANES + j)];
  end
  // verilator lint_on BLKSEQ
`else
  logic [OC*IC-1:0] shadow_q, w_q;
  logic [IC-1:0] a_q, mask_q;
  logic [31:0] n_q;
  logic mac_q, first_q;
  logic [PW:0] idx_q;
  logic [OC*32-1:0] mem_q [NPIX];
  logic [OC*32-1:0] acc_q, sum;

  for (genvar o = 0; o < OC; o++) begin : g_oc
    logic [IC-1:0] x;
    assign x = (a_q ^ w_q[o*IC +: IC]) & mask_q;
    assign sum[32*o +: 32] = (first_q ? 32'd0 : acc_q[32*o +: 32]) + n_q - {31'($countones(x)), 1'b0};
  end

  always_ff @(posedge clk_i) begin
    if (mac_q) mem_q[idx_q] <= sum;
    mac_q <= valid;
    if (valid) begin
      acc_q <= mem_q[op_acc];
      idx_q <= op_acc;
      first_q <= op_i.first;
      a_q <= a_d;
      mask_q <= mask_d;
      n_q <= n_d;
      if (op_i.swap) w_q <= shadow_q;
    end
    if (ld_valid_i) shadow_q[ld_idx_i * WORD_W +: WORD_W] <= ld_word_i;
    if (!rst_ni) mac_q <= 1'b0;
  end

  logic [OC*32-1:0] rdw_q;
  logic [OGW-1:0] rgrp_q;
  assign rd_data_o = rdw_q[rgrp_q * (LANES * 32) +: LANES * 32];
  always_ff @(posedge clk_i) begin
    if (rd_en_i) begin
      rdw_q <= mem_q[rd_acc_i];
      rgrp_q <= rd_grp_i[OGW-1:0];
    end
  end
`ifndef SYNTHESIS
  always_ff @(posedge clk_i) assert (!rst_ni || !valid || !mac_q || idx_q != op_acc);
`endif
`endif
endmodule
