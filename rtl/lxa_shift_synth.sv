// SPDX-License-Identifier: MIT
// Shift lanes and accumulators, the form that synthesizes: lxa_shift_lane for each weight, accumulator words of all output
// channels read, added to and written. The same function as lxa_shift_fast.
module lxa_shift_synth #(
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
  localparam int unsigned SW = 2 * lxa_cfg_pkg::HALF_W;
  localparam int unsigned OGW = $clog2(OC / LANES) > 0 ? $clog2(OC / LANES) : 1;

  logic [OC*IC*8-1:0] shadow_q, w_q;
  logic sh_int_q, sh_s_q, w_int_q, w_s_q;
  logic mac_q, int_q, first_q;
  logic [PW:0] idx_q;
  logic [IC-1:0] zero_q;
  logic [IC*5-1:0] e2_q;
  logic [IC*9-1:0] val_q;
  logic [OC*SW-1:0] mem_q [NPIX];
  logic [OC*SW-1:0] acc_q, sum;

  for (genvar o = 0; o < OC; o++) begin : g_oc
    logic [SW-1:0] prod [IC];
    logic [SW-1:0] total;
    for (genvar i = 0; i < IC; i++) begin : g_ic
      lxa_shift_lane u_lane (
        .a_int_i(int_q), .a_zero_i(zero_q[i]), .a_e2_i(e2_q[5*i +: 5]), .a_val_i(val_q[9*i +: 9]),
        .w_int_i(w_int_q), .w_s_i(w_s_q), .w_i(w_q[8*(o*IC+i) +: 8]), .product_o(prod[i])
      );
    end
    always_comb begin
      total = first_q ? '0 : acc_q[SW*o +: SW];
      for (int unsigned i = 0; i < IC; i++) total = total + prod[i];
    end
    assign sum[SW*o +: SW] = total;
  end

  logic [IC*5-1:0] e2_d;
  logic [IC*9-1:0] val_d;
  logic [IC-1:0] zero_d;
  always_comb begin
    for (int unsigned i = 0; i < IC; i++) begin
      logic [7:0] q;
      logic [4:0] m;
      q = nib_i ? {4'd0, nibs_i[4*i +: 4]} : bytes_i[8*i +: 8];
      m = q[4:0] - 5'd1;
      zero_d[i] = q == 8'd0 || !in_img_i;
      e2_d[5*i +: 5] = act_s_i ? m : {m[3:0], 1'b0};
      val_d[9*i +: 9] = in_img_i ? {signed_i && q[7], q} : 9'd0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (mac_q) mem_q[idx_q] <= sum;
    mac_q <= valid_i;
    if (valid_i) begin
      acc_q <= mem_q[acc_i];
      idx_q <= acc_i;
      first_q <= first_i;
      int_q <= int_i;
      zero_q <= zero_d;
      e2_q <= e2_d;
      val_q <= val_d;
      if (swap_i) begin
        w_q <= shadow_q;
        w_int_q <= sh_int_q;
        w_s_q <= sh_s_q;
      end
    end
    if (ld_valid_i) begin
      shadow_q[ld_idx_i * WORD_W +: WORD_W] <= ld_word_i;
      sh_int_q <= ld_int_i;
      sh_s_q <= ld_s_i;
    end
    if (!rst_ni) mac_q <= 1'b0;
  end

  logic [OC*SW-1:0] rdw_q;
  logic [OGW-1:0] rgrp_q;
  logic [LANES*SW-1:0] rdg;
  assign rdg = rdw_q[rgrp_q * (LANES * SW) +: LANES * SW];
  for (genvar j = 0; j < LANES; j++) begin : g_rd
    assign rd_data_o[64*j +: 64] = 64'($signed(rdg[SW*j +: SW]));
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
