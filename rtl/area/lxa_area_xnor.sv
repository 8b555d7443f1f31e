// SPDX-License-Identifier: MIT
// For `make area` only: 64 XNOR lanes with an accumulator register of their own.
module lxa_area_xnor #(
  parameter int unsigned IC = 64,
  parameter int unsigned ACC_W = 32,
  parameter bit PLANES = 1'b0,
  localparam int unsigned DW = $clog2(IC) + (PLANES ? 32'd8 : 32'd2)
) (
  input  logic             clk_i,
  input  logic [IC-1:0]    if0_i,
  input  logic [IC-1:0]    if1_i,
  input  logic [IC-1:0]    w_i,
  input  logic [DW-1:0]    n_i,
  input  logic [2:0]       sh_i,
  input  logic             first_i,
  output logic [ACC_W-1:0] acc_o
);
  logic [ACC_W-1:0] acc_q, sum;
  lxa_xnor_column #(.IC(IC), .ACC_W(ACC_W), .PLANES(PLANES)) u_column (
    .if0_i, .if1_i, .w_i, .n_i, .sh_i, .first_i, .acc_i(acc_q), .sum_o(sum)
  );
  always_ff @(posedge clk_i) acc_q <= sum;
  assign acc_o = acc_q;
endmodule
