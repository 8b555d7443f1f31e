// SPDX-License-Identifier: MIT
// One output channel of the shift array, as it is synthesized: the lanes of all input channels, their adder trees and
// the accumulate adder. sum = acc + sum of the products, odd ones times 2^HALF_W. The products come with a bias
// (lxa_shift_lane), which adds up to one constant power of two: the top bit of the tree's sum, inverted, is its sign.
module lxa_shift_column #(
  parameter int unsigned IC = lxa_cfg_pkg::SHIFT_IC,
  parameter int unsigned ACC_W = 64,
  parameter int unsigned HALF_W = 32,
  parameter bit SQRT2 = 1'b1,
  parameter bit ACT_INT = 1'b1,
  parameter bit WGT_INT = 1'b1
) (
  input  logic             a_int_i,
  input  logic [IC-1:0]    a_live_i,
  input  logic [IC*5-1:0]  a_e2_i,
  input  logic [IC*9-1:0]  a_val_i,
  input  logic             w_int_i,
  input  logic [IC*8-1:0]  w_i,
  input  logic             first_i,
  input  logic [ACC_W-1:0] acc_i,
  output logic [ACC_W-1:0] sum_o
);
  localparam int unsigned TW = 32 + $clog2(IC);

  logic [IC*32-1:0] even, odd;
  logic [IC-1:0] plus;
  for (genvar i = 0; i < IC; i++) begin : g_ic
    logic even_top, odd_top;
    lxa_shift_lane #(.SQRT2(SQRT2), .ACT_INT(ACT_INT), .WGT_INT(WGT_INT)) u_lane (
      .a_int_i, .a_live_i(a_live_i[i]), .a_e2_i(a_e2_i[5*i +: 5]), .a_val_i(a_val_i[9*i +: 9]),
      .w_int_i, .w_i(w_i[8*i +: 8]), .top_o(even_top), .even_o(even[32*i +: 31]),
      .odd_top_o(odd_top), .odd_o(odd[32*i +: 31]), .plus_o(plus[i])
    );
    assign even[32*i+31] = !even_top;
    assign odd[32*i+31] = !odd_top;
  end

  logic [TW-1:0] even_sum, odd_sum;
  logic [ACC_W-1:0] even_ext, odd_ext, acc;
  always_comb begin
    even_sum = '0;
    odd_sum = '0;
    for (int unsigned i = 0; i < IC; i++) begin
      even_sum = even_sum + TW'(even[32*i +: 32]) + TW'(plus[i]);
      if (SQRT2) odd_sum = odd_sum + TW'(odd[32*i +: 32]) + TW'(plus[i]);
    end
    even_ext = ACC_W'($signed({!even_sum[TW-1], even_sum[TW-2:0]}));
    odd_ext = SQRT2 ? ACC_W'($signed({!odd_sum[TW-1], odd_sum[TW-2:0]})) << HALF_W : '0;
    acc = first_i ? '0 : acc_i;
    sum_o = acc + even_ext + odd_ext;
  end
endmodule
