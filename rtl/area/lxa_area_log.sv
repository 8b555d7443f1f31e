// SPDX-License-Identifier: MIT
// For `make area` only: the shift lane of powers of two alone, with an accumulator register of its own. A product is one bit, so
// the accumulator is a counter that starts at that bit. It counts down by counting its complement up, and stays as it was
// left: neg_o says that acc_o is the one's complement of the sum. Whoever reads it turns it once; a cycle without a
// product (a_live_i = 0 and w_i = 0) turns it, too.
module lxa_area_log #(
  parameter int unsigned ACC_W = 32,      // of one sum
  parameter bit SQRT2 = 1'b0,
  localparam int unsigned SUMS = SQRT2 ? 2 : 1
) (
  input  logic                  clk_i,
  input  logic                  first_i,
  input  logic                  a_live_i,
  input  logic [4:0]            a_e2_i,
  input  logic [7:0]            w_i,
  output logic [SUMS*ACC_W-1:0] acc_o,
  output logic                  neg_o
);
  logic [SUMS*ACC_W-1:0] acc_q;
  logic neg_q, keep, turn;
  logic [30:0] even, odd;
  logic even_top, odd_top, plus;
  lxa_shift_lane #(.SQRT2(SQRT2), .ACT_INT(1'b0), .WGT_INT(1'b0)) u_lane (
    .a_int_i(1'b0), .a_live_i, .a_e2_i, .a_val_i(9'd0), .w_int_i(1'b0), .w_i,
    .top_o(even_top), .even_o(even), .odd_top_o(odd_top), .odd_o(odd), .plus_o(plus)
  );

  // acc, as it is (keep), turned (turn), all ones (both) or 0 (neither), plus the bit of word that differs from neg
  function automatic logic [ACC_W-1:0] count(input logic [ACC_W-1:0] acc, input logic [30:0] word, input logic neg,
                                             input logic as_is, input logic turned);
    logic step, carry, bit_in;
    carry = 1'b0;
    for (int unsigned j = 0; j < ACC_W; j++) begin
      bit_in = (acc[j] && turned) || (!acc[j] && as_is);
      step = carry || (j < 31 && word[j % 31] != neg);
      carry = step && bit_in;
      count[j] = carry || !(bit_in || step);
    end
  endfunction

  assign keep = first_i ? plus : plus == neg_q;
  assign turn = first_i ? plus : plus != neg_q;
  always_ff @(posedge clk_i) begin
    neg_q <= plus;
    acc_q[0 +: ACC_W] <= count(acc_q[0 +: ACC_W], even, plus, keep, turn);
    if (SQRT2)
      acc_q[(SUMS-1)*ACC_W +: ACC_W] <= count(acc_q[(SUMS-1)*ACC_W +: ACC_W], odd, plus, keep, turn);
  end
  assign acc_o = ~acc_q;
  assign neg_o = neg_q;
endmodule
