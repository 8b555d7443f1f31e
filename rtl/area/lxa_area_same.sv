// SPDX-License-Identifier: MIT
// For check-area.sh only: same_o is 1 where the sum that lxa_area_log keeps, turned, is the plain one of lxa_area_shift.
module lxa_area_same #(
  parameter int unsigned ACC_W = 24,
  parameter bit SQRT2 = 1'b0,
  localparam int unsigned SUMS = SQRT2 ? 2 : 1
) (
  input  logic       clk_i,
  input  logic       first_i,
  input  logic       a_live_i,
  input  logic [4:0] a_e2_i,
  input  logic [7:0] w_i,
  output logic       same_o
);
  logic [SUMS*ACC_W-1:0] plain, kept;
  logic neg;
  lxa_area_shift #(.ACC_W(ACC_W), .SQRT2(SQRT2)) u_plain (
    .clk_i, .first_i, .a_int_i(1'b0), .a_live_i, .a_e2_i, .a_val_i(9'd0), .w_int_i(1'b0), .w_i, .acc_o(plain)
  );
  lxa_area_log #(.ACC_W(ACC_W), .SQRT2(SQRT2)) u_kept (
    .clk_i, .first_i, .a_live_i, .a_e2_i, .w_i, .acc_o(kept), .neg_o(neg)
  );
  assign same_o = plain == (kept ^ {(SUMS*ACC_W){neg}});
endmodule
