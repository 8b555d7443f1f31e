// SPDX-License-Identifier: MIT
// For `make area` only: shift lanes with an accumulator register of their own.
module lxa_area_shift #(
  parameter int unsigned IC = 1,
  parameter int unsigned ACC_W = 32,
  parameter bit SQRT2 = 1'b0,
  parameter bit ACT_INT = 1'b0,
  parameter bit WGT_INT = 1'b0
) (
  input  logic             clk_i,
  input  logic             first_i,
  input  logic             a_int_i,
  input  logic [IC-1:0]    a_live_i,
  input  logic [IC*5-1:0]  a_e2_i,
  input  logic [IC*9-1:0]  a_val_i,
  input  logic             w_int_i,
  input  logic [IC*8-1:0]  w_i,
  output logic [ACC_W-1:0] acc_o
);
  logic [ACC_W-1:0] acc_q, sum;
  lxa_shift_column #(.IC(IC), .ACC_W(ACC_W), .HALF_W(ACC_W / 2), .SQRT2(SQRT2), .ACT_INT(ACT_INT), .WGT_INT(WGT_INT)) u_col (
    .a_int_i, .a_live_i, .a_e2_i, .a_val_i, .w_int_i, .w_i, .first_i, .acc_i(acc_q), .sum_o(sum)
  );
  always_ff @(posedge clk_i) acc_q <= sum;
  assign acc_o = acc_q;
endmodule
