// SPDX-License-Identifier: MIT
// Reference for the area table: lxa_shift_column with int8 multipliers.
module lxa_int8_column #(
  parameter int unsigned IC = 16,
  parameter int unsigned ACC_W = 32,
  parameter bit A_SIGNED = 1'b1,
  parameter bit NAIVE = 1'b0
) (
  input  logic [IC*8-1:0]  a_i,
  input  logic [IC*8-1:0]  w_i,
  input  logic             first_i,
  input  logic [ACC_W-1:0] acc_i,
  output logic [ACC_W-1:0] sum_o
);
  localparam int unsigned TW = 16 + $clog2(IC);

  logic [IC*16-1:0] product;
  for (genvar i = 0; i < IC; i++) begin : g_ic
    lxa_int8_lane #(.A_SIGNED(A_SIGNED), .NAIVE(NAIVE)) u_lane (
      .a_i(a_i[8*i +: 8]), .w_i(w_i[8*i +: 8]), .product_o(product[16*i +: 16])
    );
  end

  logic [TW-1:0] tree;
  logic [ACC_W-1:0] acc;
  always_comb begin
    tree = '0;
    for (int unsigned i = 0; i < IC; i++) tree = tree + TW'(product[16*i +: 16]);
    acc = first_i ? '0 : acc_i;
    sum_o = acc + ACC_W'($signed({!tree[TW-1], tree[TW-2:0]}));
  end
endmodule
