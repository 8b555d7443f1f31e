// SPDX-License-Identifier: MIT
// For `make area` only: int8 lanes with an accumulator register of their own.
module lxa_area_int8 #(
  parameter int unsigned IC = 1,
  parameter int unsigned ACC_W = 32,
  parameter bit A_SIGNED = 1'b1,
  parameter bit NAIVE = 1'b0
) (
  input  logic             clk_i,
  input  logic             first_i,
  input  logic [IC*8-1:0]  a_i,
  input  logic [IC*8-1:0]  w_i,
  output logic [ACC_W-1:0] acc_o
);
  logic [ACC_W-1:0] acc_q, sum;
  lxa_int8_column #(.IC(IC), .ACC_W(ACC_W), .A_SIGNED(A_SIGNED), .NAIVE(NAIVE)) u_col (
    .a_i, .w_i, .first_i, .acc_i(acc_q), .sum_o(sum)
  );
  always_ff @(posedge clk_i) acc_q <= sum;
  assign acc_o = acc_q;
endmodule

