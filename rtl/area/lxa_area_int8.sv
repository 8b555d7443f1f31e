// SPDX-License-Identifier: MIT
// For `make area` only: an int8 lane with an accumulator register of its own. BIASED: the products stay as lxa_int8_lane gives
// them, so the sum is 2^15 too large for each; who reads it takes that off, and no sign is extended here.
module lxa_area_int8 #(
  parameter int unsigned ACC_W = 32,
  parameter bit A_SIGNED = 1'b1,
  parameter bit NAIVE = 1'b0,
  parameter bit BIASED = 1'b0
) (
  input  logic             clk_i,
  input  logic             first_i,
  input  logic [7:0]       a_i,
  input  logic [7:0]       w_i,
  output logic [ACC_W-1:0] acc_o
);
  logic [ACC_W-1:0] acc_q, term;
  logic [15:0] product;
  lxa_int8_lane #(.A_SIGNED(A_SIGNED), .NAIVE(NAIVE)) u_lane (.a_i, .w_i, .product_o(product));
  assign term = BIASED ? ACC_W'(product) : ACC_W'($signed({!product[15], product[14:0]}));
  always_ff @(posedge clk_i) acc_q <= (first_i ? '0 : acc_q) + term;
  assign acc_o = acc_q;
endmodule
