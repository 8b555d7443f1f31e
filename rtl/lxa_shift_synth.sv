// SPDX-License-Identifier: MIT
// Shift lanes and accumulators, the form that synthesizes: decoded operands, lxa_shift_column for each output channel,
// accumulator words of all output channels read, added to and written. The same function as lxa_shift_fast.
module lxa_shift_synth #(
  parameter int unsigned HALF_W = lxa_cfg_pkg::HALF_W,
  parameter bit SQRT2 = lxa_cfg_pkg::HAS_SQRT2 != 0,       // products may have an odd number of half octaves
  parameter bit ACT_INT = lxa_cfg_pkg::HAS_ACT_INT != 0,   // activations may be integers
  parameter bit WGT_INT = lxa_cfg_pkg::HAS_WGT_INT != 0,   // weights may be integers
  parameter int unsigned ACC_W = 2 * HALF_W,               // the drain sees it sign-extended to 64 bits
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
  input  logic                                 ld_int_i,
  input  logic                                 ld_s_i,
  input  logic [WIW-1:0]                       ld_idx_i,
  input  logic [lxa_cfg_pkg::WORD_W-1:0]       ld_word_i,
  // one operation: operands of all input channels, as nibbles and as bytes
  input  logic                                 valid_i,
  input  logic                                 swap_i,
  input  logic                                 first_i,
  input  logic [PW:0]                          acc_i,
  input  logic                                 in_img_i,
  input  logic                                 nib_i,        // nibbles (log4), else bytes
  input  logic                                 int_i,        // u8, s8
  input  logic                                 signed_i,     // s8
  input  logic                                 act_s_i,
  input  logic [lxa_cfg_pkg::SHIFT_IC*4-1:0]   nibs_i,
  input  logic [lxa_cfg_pkg::SHIFT_IC*8-1:0]   bytes_i,
  // drain
  input  logic                                 rd_en_i,
  input  logic [PW:0]                          rd_acc_i,
  // verilator lint_off UNUSEDSIGNAL
  input  logic [GW-1:0]                        rd_grp_i,
  // verilator lint_on UNUSEDSIGNAL
  output logic [lxa_cfg_pkg::OUT_LANES*64-1:0] rd_data_o
);
  localparam int unsigned OC = lxa_cfg_pkg::SHIFT_OC;
  localparam int unsigned IC = lxa_cfg_pkg::SHIFT_IC;
  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W;
  localparam int unsigned LANES = lxa_cfg_pkg::OUT_LANES;
  localparam int unsigned NPIX = 2 << PW;
  localparam int unsigned OGW = $clog2(OC / LANES) > 0 ? $clog2(OC / LANES) : 1;

  // The weights as lxa_shift_lane wants them, decoded as they are loaded: {0, not zero, negative, exponent}, or an integer.
  logic [WORD_W-1:0] ld_weights;
  always_comb begin
    for (int unsigned k = 0; k < WORD_W / 8; k++) begin
      logic [4:0] m;
      m = ld_word_i[8*k +: 5] - 5'd1;
      if (!SQRT2 || !ld_s_i) m = {m[3:0], 1'b0};
      ld_weights[8*k +: 8] = {1'b0, ld_word_i[8*k +: 7] != 7'd0, ld_word_i[8*k+7], m};
      if (WGT_INT && ld_int_i) ld_weights[8*k +: 8] = ld_word_i[8*k +: 8];
    end
  end

  logic [OC*IC*8-1:0] shadow_q, w_q;
  logic sh_int_q, w_int_q;
  always_ff @(posedge clk_i) begin
    if (ld_valid_i) begin
      for (int unsigned k = 0; k < SHIFT_WORDS; k++)
        if (ld_idx_i == WIW'(k)) shadow_q[k*WORD_W +: WORD_W] <= ld_weights;
      sh_int_q <= ld_int_i;
    end
    if (valid_i && swap_i) begin
      w_q <= shadow_q;
      w_int_q <= sh_int_q;
    end
  end

  // The activations, decoded once for all output channels.
  logic [IC-1:0] live_d, live_q;
  logic [IC*5-1:0] e2_d, e2_q;
  logic [IC*9-1:0] val_d, val_q;
  logic mac_q, int_q, first_q;
  logic [PW:0] idx_q;
  always_comb begin
    for (int unsigned i = 0; i < IC; i++) begin
      logic [7:0] q;
      logic [4:0] m;
      logic integer_act;
      integer_act = ACT_INT && int_i;
      q = nib_i ? {4'd0, nibs_i[4*i +: 4]} : bytes_i[8*i +: 8];
      m = q[4:0] - 5'd1;
      if (!SQRT2 || !act_s_i) m = {m[3:0], 1'b0};
      live_d[i] = (q != 8'd0 && in_img_i) || integer_act;
      e2_d[5*i +: 5] = integer_act ? 5'd0 : m;
      val_d[9*i +: 9] = ACT_INT && in_img_i ? {signed_i && q[7], q} : 9'd0;
    end
  end

  logic [OC*ACC_W-1:0] mem_q [NPIX];
  logic [OC*ACC_W-1:0] acc_q, sum;
  for (genvar o = 0; o < OC; o++) begin : g_oc
    lxa_shift_column #(.IC(IC), .ACC_W(ACC_W), .HALF_W(HALF_W), .SQRT2(SQRT2), .ACT_INT(ACT_INT), .WGT_INT(WGT_INT)) u_column (
      .a_int_i(int_q), .a_live_i(live_q), .a_e2_i(e2_q), .a_val_i(val_q), .w_int_i(w_int_q), .w_i(w_q[8*IC*o +: 8*IC]),
      .first_i(first_q), .acc_i(acc_q[ACC_W*o +: ACC_W]), .sum_o(sum[ACC_W*o +: ACC_W])
    );
  end

  always_ff @(posedge clk_i) begin
    if (mac_q) mem_q[idx_q] <= sum;
    mac_q <= valid_i;
    if (valid_i) begin
      acc_q <= mem_q[acc_i];
      idx_q <= acc_i;
      first_q <= first_i;
      int_q <= int_i;
      live_q <= live_d;
      e2_q <= e2_d;
      val_q <= val_d;
    end
    if (!rst_ni) mac_q <= 1'b0;
  end

  logic [OC*ACC_W-1:0] rdw_q;
  logic [OGW-1:0] rgrp_q;
  always_comb begin
    for (int unsigned j = 0; j < LANES; j++)
      rd_data_o[64*j +: 64] = 64'($signed(rdw_q[(32'(rgrp_q) * LANES + j) * ACC_W +: ACC_W]));
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
