// SPDX-License-Identifier: MIT
// Reference for the area table: lxa_shift_synth with int8 multipliers, the same number of MACs a cycle, the same tree, registers
// and accumulator memory. Operands need no decoding.
module lxa_int8_array #(
  parameter int unsigned ACC_W = 32,
  parameter bit A_SIGNED = 1'b1,
  parameter bit NAIVE = 1'b0,
  localparam int unsigned OC = lxa_cfg_pkg::SHIFT_OC,
  localparam int unsigned IC = lxa_cfg_pkg::SHIFT_IC,
  localparam int unsigned WORD_W = lxa_cfg_pkg::WORD_W,
  localparam int unsigned LANES = lxa_cfg_pkg::OUT_LANES,
  localparam int unsigned WORDS = OC * IC * 8 / WORD_W,
  localparam int unsigned PW = $clog2(lxa_cfg_pkg::ACC_PIXELS),
  localparam int unsigned OGW = $clog2(OC / LANES) > 0 ? $clog2(OC / LANES) : 1
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,
  input  logic                     ld_valid_i,
  input  logic [$clog2(WORDS)-1:0] ld_idx_i,
  input  logic [WORD_W-1:0]        ld_word_i,
  input  logic                     valid_i,
  input  logic                     swap_i,
  input  logic                     first_i,
  input  logic [PW:0]              acc_i,
  input  logic                     in_img_i,
  input  logic [IC*8-1:0]          bytes_i,
  input  logic                     rd_en_i,
  input  logic [PW:0]              rd_acc_i,
  input  logic [OGW-1:0]           rd_grp_i,
  output logic [LANES*ACC_W-1:0]   rd_data_o
);
  logic [OC*IC*8-1:0] shadow_q, w_q;
  logic [IC*8-1:0] a_q;
  logic mac_q, first_q;
  logic [PW:0] idx_q;
  logic [OC*ACC_W-1:0] mem_q [2 << PW];
  logic [OC*ACC_W-1:0] acc_q, sum, rdw_q;
  logic [OGW-1:0] rgrp_q;

  for (genvar o = 0; o < OC; o++) begin : g_oc
    lxa_int8_column #(.IC(IC), .ACC_W(ACC_W), .A_SIGNED(A_SIGNED), .NAIVE(NAIVE)) u_column (
      .a_i(a_q), .w_i(w_q[8*IC*o +: 8*IC]), .first_i(first_q), .acc_i(acc_q[ACC_W*o +: ACC_W]),
      .sum_o(sum[ACC_W*o +: ACC_W])
    );
  end

  always_ff @(posedge clk_i) begin
    if (ld_valid_i)
      for (int unsigned k = 0; k < WORDS; k++)
        if (ld_idx_i == ($clog2(WORDS))'(k)) shadow_q[k*WORD_W +: WORD_W] <= ld_word_i;
    if (mac_q) mem_q[idx_q] <= sum;
    mac_q <= valid_i;
    if (valid_i) begin
      acc_q <= mem_q[acc_i];
      idx_q <= acc_i;
      first_q <= first_i;
      a_q <= in_img_i ? bytes_i : '0;
      if (swap_i) w_q <= shadow_q;
    end
    if (!rst_ni) mac_q <= 1'b0;
    if (rd_en_i) begin
      rdw_q <= mem_q[rd_acc_i];
      rgrp_q <= rd_grp_i;
    end
  end
  assign rd_data_o = rdw_q[rgrp_q * (LANES * ACC_W) +: LANES * ACC_W];
endmodule
