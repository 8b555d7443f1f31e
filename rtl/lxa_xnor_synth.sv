// SPDX-License-Identifier: MIT
// XNOR lanes and accumulators, the form that synthesizes: lxa_xnor_column for each output channel. The same function as lxa_xnor_fast.
module lxa_xnor_synth #(
  parameter bit PLANES = lxa_cfg_pkg::HAS_PLANES != 0,
  parameter int unsigned ACC_W = lxa_cfg_pkg::XACC_W,
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
  // verilator lint_off UNUSEDSIGNAL
  input  logic [31:0]                          n_i,
  // verilator lint_on UNUSEDSIGNAL
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
  localparam int unsigned DW = $clog2(IC) + (PLANES ? 32'd8 : 32'd2);

  logic [OC*IC-1:0] shadow_q, w_q;
  logic [IC-1:0] if0_q, if1_q;
  logic [DW-1:0] n_q;
  logic [2:0] sh_d, sh_q;
  logic neg_d;
  assign sh_d = PLANES ? sh_i : 3'd1;
  assign neg_d = PLANES && neg_i;
  logic mac_q, first_q;
  logic [PW:0] idx_q;
  logic [OC*ACC_W-1:0] mem_q [NPIX];
  logic [OC*ACC_W-1:0] acc_q, sum;

  for (genvar o = 0; o < OC; o++) begin : g_oc
    lxa_xnor_column #(.IC(IC), .ACC_W(ACC_W), .PLANES(PLANES)) u_column (
      .if0_i(if0_q), .if1_i(if1_q), .w_i(w_q[o*IC +: IC]), .n_i(n_q), .sh_i(sh_q), .first_i(first_q),
      .acc_i(acc_q[ACC_W*o +: ACC_W]), .sum_o(sum[ACC_W*o +: ACC_W])
    );
  end

  always_ff @(posedge clk_i) begin
    if (mac_q) mem_q[idx_q] <= sum;
    mac_q <= valid_i;
    if (valid_i) begin
      acc_q <= mem_q[acc_i];
      idx_q <= acc_i;
      first_q <= first_i;
      if0_q <= (neg_d ? a_i : ~a_i) & mask_i;    // - popcount(x & mask) = popcount(~x & mask) - popcount(mask)
      if1_q <= (neg_d ? ~a_i : a_i) & mask_i;
      n_q <= DW'(n_i) - (neg_d ? '0 : DW'($countones(mask_i)) << sh_d);
      sh_q <= sh_d;
      if (swap_i) w_q <= shadow_q;
    end
    if (ld_valid_i)
      for (int unsigned k = 0; k < XNOR_WORDS; k++)
        if (ld_idx_i == WIW'(k)) shadow_q[k*WORD_W +: WORD_W] <= ld_word_i;
    if (!rst_ni) mac_q <= 1'b0;
  end

  logic [OC*ACC_W-1:0] rdw_q;
  logic [OGW-1:0] rgrp_q;
  always_comb begin
    for (int unsigned j = 0; j < LANES; j++)
      rd_data_o[32*j +: 32] = 32'($signed(rdw_q[(32'(rgrp_q) * LANES + j) * ACC_W +: ACC_W]));
  end
  always_ff @(posedge clk_i) begin
    if (rd_en_i) begin
      rdw_q <= mem_q[rd_acc_i];
      rgrp_q <= rd_grp_i[OGW-1:0];
    end
  end
`ifndef SYNTHESIS
  always_ff @(posedge clk_i) assert (!rst_ni || !valid_i || !mac_q || idx_q != acc_i);
`endif
endmodule
