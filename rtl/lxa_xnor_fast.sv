// SPDX-License-Identifier: MIT
// XNOR lanes and accumulators, the form that simulates fast. The same function as lxa_xnor_synth, cycle for cycle;
// for Verilator only.
`ifdef VERILATOR
module lxa_xnor_fast #(
  localparam int unsigned PW = $clog2(lxa_cfg_pkg::ACC_PIXELS),
  localparam int unsigned SHIFT_WORDS = lxa_cfg_pkg::SHIFT_OC * lxa_cfg_pkg::SHIFT_IC * 8 / lxa_cfg_pkg::WORD_W,
  localparam int unsigned XNOR_WORDS = lxa_cfg_pkg::XNOR_OC * lxa_cfg_pkg::XNOR_IC / lxa_cfg_pkg::WORD_W,
  localparam int unsigned MAX_OC = lxa_cfg_pkg::XNOR_OC > lxa_cfg_pkg::SHIFT_OC ? lxa_cfg_pkg::XNOR_OC : lxa_cfg_pkg::SHIFT_OC,
  localparam int unsigned GW = $clog2(MAX_OC / lxa_cfg_pkg::OUT_LANES),
  localparam int unsigned WIW = $clog2(XNOR_WORDS > SHIFT_WORDS ? XNOR_WORDS : SHIFT_WORDS)
) (
  input  logic                                 clk_i,
  input  logic                                 rst_ni,
  input  logic                                 ld_valid_i,
  input  logic [WIW-1:0]                       ld_idx_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0]       ld_word_i,
  // one operation: sum += n -+ popcount((a ^ w) & mask) << sh, - unless neg; sh = 1 for two binary operands
  input  logic                                 valid_i,
  input  logic                                 swap_i,
  input  logic                                 first_i,
  input  logic [PW:0]                          acc_i,
  input  logic [lxa_cfg_pkg::XNOR_IC-1:0]      a_i,
  input  logic [lxa_cfg_pkg::XNOR_IC-1:0]      mask_i,
  input  logic [31:0]                          n_i,
  input  logic [2:0]                           sh_i,
  input  logic                                 neg_i,
  // drain
  input  logic                                 rd_en_i,
  input  logic [PW:0]                          rd_acc_i,
  // verilator lint_off UNUSEDSIGNAL
  input  logic [GW-1:0]                        rd_grp_i,
  // verilator lint_on UNUSEDSIGNAL
  output logic [lxa_cfg_pkg::OUT_LANES*32-1:0] rd_data_o
);
  localparam int unsigned OC = lxa_cfg_pkg::XNOR_OC;
  localparam int unsigned IC = lxa_cfg_pkg::XNOR_IC;
  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W;
  localparam int unsigned LANES = lxa_cfg_pkg::OUT_LANES;
  localparam int unsigned NPIX = 2 << PW;
  localparam int unsigned OGW = $clog2(OC / LANES) > 0 ? $clog2(OC / LANES) : 1;

  // verilator lint_off BLKSEQ
  localparam int unsigned PER = WORD_W / IC;
  localparam int unsigned OCL = $clog2(OC);
  logic [IC-1:0] w_q [2][OC];
  logic [31:0] acc_q [NPIX][OC];
  logic [IC-1:0] a_q, mask_q;
  logic [31:0] n_q, keep_q, scale_q;
  logic mac_q, set_q;
  logic [PW:0] idx_q;

  always_ff @(posedge clk_i) begin
    // For all o, acc[o] = (acc[o] & keep) + n - scale * popcount((a ^ w[o]) & mask). In C, as in lxa_shift_fast; in two loops,
    // because the counts are scalar instructions and the sums vectors; two binary operands (scale 2) without a multiplication.
    if (mac_q) begin
      if (scale_q != 32'd2)
        $c("{ IData p[", OC, "]; IData* const a = &", acc_q[idx_q][0], "; const auto* const w = &", w_q[set_q][0],
           "; const QData x = ", a_q, "; const QData m = ", mask_q, "; const IData k = ", keep_q, "; const IData n = ", n_q,
           "; const IData c = ", scale_q, "; _Pragma(\"omp simd\") for (int o = 0; o < ", OC, "; ++o) p[o] = __builtin_popcountll((x ^ w[o]) & m); _Pragma(\"omp simd\") for (int o = 0; o < ",
           OC, "; ++o) a[o] = (a[o] & k) + n - c * p[o]; }");
      else
        $c("{ IData p[", OC, "]; IData* const a = &", acc_q[idx_q][0], "; const auto* const w = &", w_q[set_q][0],
         "; const QData x = ", a_q, "; const QData m = ", mask_q, "; const IData k = ", keep_q, "; const IData n = ", n_q,
         "; _Pragma(\"omp simd\") for (int o = 0; o < ", OC, "; ++o) p[o] = __builtin_popcountll((x ^ w[o]) & m); _Pragma(\"omp simd\") for (int o = 0; o < ", OC,
           "; ++o) a[o] = (a[o] & k) + n - 2 * p[o]; }");
    end
    mac_q = valid_i;
    if (valid_i) begin
      if (swap_i) set_q = !set_q;
      a_q = a_i;
      mask_q = mask_i;
      n_q = n_i;
      scale_q = neg_i ? -(32'd1 << sh_i) : 32'd1 << sh_i;
      keep_q = first_i ? 32'd0 : ~32'd0;
      idx_q = acc_i;
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
endmodule
`endif
