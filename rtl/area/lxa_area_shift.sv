// SPDX-License-Identifier: MIT
// For `make area` only: a shift lane with an accumulator register of its own, the odd sum above the even one.
module lxa_area_shift #(
  parameter int unsigned ACC_W = 32,      // of one sum
  parameter bit SQRT2 = 1'b0,
  parameter bit ACT_INT = 1'b0,
  parameter bit WGT_INT = 1'b0,
  parameter bit COUNT = 1'b0,             // without integers: a counter, up or down from a bit, instead of an adder
  localparam int unsigned SUMS = SQRT2 ? 2 : 1
) (
  input  logic                  clk_i,
  input  logic                  first_i,
  input  logic                  a_int_i,
  input  logic                  a_live_i,
  input  logic [4:0]            a_e2_i,
  input  logic [8:0]            a_val_i,
  input  logic                  w_int_i,
  input  logic [7:0]            w_i,
  output logic [SUMS*ACC_W-1:0] acc_o
);
  logic [SUMS*ACC_W-1:0] acc_q;
  logic [30:0] even, odd;
  logic even_top, odd_top, plus;
  lxa_shift_lane #(.SQRT2(SQRT2), .ACT_INT(ACT_INT), .WGT_INT(WGT_INT)) u_lane (
    .a_int_i, .a_live_i, .a_e2_i, .a_val_i, .w_int_i, .w_i,
    .top_o(even_top), .even_o(even), .odd_top_o(odd_top), .odd_o(odd), .plus_o(plus)
  );

  // acc + word + neg. Counting: at most one bit of the word differs from neg.
  function automatic logic [ACC_W-1:0] add(input logic [ACC_W-1:0] acc, input logic [31:0] word, input logic neg);
    logic turn, carry;
    if (COUNT) begin
      carry = 1'b0;
      for (int unsigned j = 0; j < ACC_W; j++) begin
        turn = carry || (j < 31 && word[j] != neg);
        carry = turn && acc[j] != neg;
        add[j] = acc[j] != turn;
      end
    end else begin
      add = acc + ACC_W'($signed(word)) + ACC_W'(neg);
    end
  endfunction

  always_ff @(posedge clk_i) begin
    acc_q[0 +: ACC_W] <= add(first_i ? '0 : acc_q[0 +: ACC_W], {even_top, even}, plus);
    if (SQRT2)
      acc_q[(SUMS-1)*ACC_W +: ACC_W] <= add(first_i ? '0 : acc_q[(SUMS-1)*ACC_W +: ACC_W], {odd_top, odd}, plus);
  end
  assign acc_o = acc_q;
endmodule
