// SPDX-License-Identifier: MIT
// For `make area` only: an int8 lane with an accumulator register of its own.
module lxa_area_int8 #(
  parameter int unsigned ACC_W = 32,
  parameter bit A_SIGNED = 1'b1,
  parameter bit NAIVE = 1'b0
) (
  input  logic             clk_i,
  input  logic             first_i,
  input  logic [7:0]       a_i,
  input  logic [7:0]       w_i,
  output logic [ACC_W-1:0] acc_o
);
  logic [ACC_W-1:0] acc_q;
  logic [15:0] product;
  lxa_int8_lane #(.A_SIGNED(A_SIGNED), .NAIVE(NAIVE)) u_lane (.a_i, .w_i, .product_o(product));
  always_ff @(posedge clk_i)
    acc_q <= (first_i ? '0 : acc_q) + ACC_W'($signed({!product[15], product[14:0]}));
  assign acc_o = acc_q;
endmodule
