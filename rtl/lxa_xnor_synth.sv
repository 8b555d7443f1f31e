// SPDX-License-Identifier: MIT
// XNOR lanes and accumulators, the form that synthesizes: lxa_xnor_column for each output channel. The same function as lxa_xnor_fast.
module lxa_xnor_synth #(
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
  // one operation: sum += n - 2 * popcount((a ^ w) & mask)
  input  logic                                 valid_i,
  input  logic                                 swap_i,
  input  logic                                 first_i,
  input  logic [PW:0]                          acc_i,
  input  logic [lxa_cfg_pkg::XNOR_IC-1:0]      a_i,
  input  logic [lxa_cfg_pkg::XNOR_IC-1:0]      mask_i,
  // verilator lint_off UNUSEDSIGNAL
  input  logic [31:0]                          n_i,
  // verilator lint_on UNUSEDSIGNAL
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
  localparam int unsigned DW = $clog2(IC) + 2;

  logic [OC*IC-1:0] shadow_q, w_q;
  logic [IC-1:0] a_q, mask_q;
  logic [DW-1:0] n_q;
  logic mac_q, first_q;
  logic [PW:0] idx_q;
  logic [OC*32-1:0] mem_q [NPIX];
  logic [OC*32-1:0] acc_q, sum;

  for (genvar o = 0; o < OC; o++) begin : g_oc
    lxa_xnor_column #(.IC(IC)) u_column (
      .a_i(a_q), .mask_i(mask_q), .w_i(w_q[o*IC +: IC]), .n_i(n_q), .sh_i(3'd1), .first_i(first_q),
      .acc_i(acc_q[32*o +: 32]), .sum_o(sum[32*o +: 32])
    );
  end

  always_ff @(posedge clk_i) begin
    if (mac_q) mem_q[idx_q] <= sum;
    mac_q <= valid_i;
    if (valid_i) begin
      acc_q <= mem_q[acc_i];
      idx_q <= acc_i;
      first_q <= first_i;
      a_q <= ~a_i;      // counts what is equal: n - 2 * popcount(x) = n - 2 * popcount(mask) + 2 * popcount(~x)
      mask_q <= mask_i;
      n_q <= DW'(n_i) - (DW'($countones(mask_i)) << 1);
      if (swap_i) w_q <= shadow_q;
    end
    if (ld_valid_i)
      for (int unsigned k = 0; k < XNOR_WORDS; k++)
        if (ld_idx_i == WIW'(k)) shadow_q[k*WORD_W +: WORD_W] <= ld_word_i;
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
  always_ff @(posedge clk_i) assert (!rst_ni || !valid_i || !mac_q || idx_q != acc_i);
`endif
endmodule
