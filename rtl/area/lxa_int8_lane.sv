// SPDX-License-Identifier: MIT
// Reference for the area table: an 8 x 8 bit multiplier, signed weights, signed or unsigned activations, as Baugh and
// Wooley have it: inverted partial products instead of sign extension. product_o = a * w + 2^15, never negative, so that
// the consumer needs no sign extension either. NAIVE: the same from the operator `*`, of which yosys 0.23 makes more.
module lxa_int8_lane #(
  parameter bit A_SIGNED = 1'b1,
  parameter bit NAIVE = 1'b0
) (
  input  logic [7:0]  a_i,
  input  logic [7:0]  w_i,
  output logic [15:0] product_o
);
  logic [15:0] sum, product;
  logic [7:0] row;
  always_comb begin
    sum = A_SIGNED ? 16'h100 : 16'h80;
    for (int unsigned j = 0; j < 8; j++) begin
      row = a_i & {8{w_i[j]}};
      if (j == 7) row = ~row;
      if (A_SIGNED) row[7] = !row[7];
      sum = sum + (16'(row) << j);
    end
  end
  assign product = 16'($signed({A_SIGNED && a_i[7], a_i}) * $signed(w_i));
  assign product_o = NAIVE ? product ^ 16'h8000 : sum;
endmodule
