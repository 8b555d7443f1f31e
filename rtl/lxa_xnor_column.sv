// SPDX-License-Identifier: MIT
// One output channel of the XNOR array, as it is synthesized: IC lanes, their counter and the accumulate adder.
// sum = acc + n + popcount((a ^ w) & mask) << (PLANES ? sh : 1). Whoever drives it folds subtraction into a and n, once for
// all output channels: popcount(x & mask) = popcount(mask) - popcount(~x & mask).
module lxa_xnor_column #(
  parameter int unsigned IC = lxa_cfg_pkg::XNOR_IC,
  parameter int unsigned ACC_W = 32,
  parameter bit PLANES = 1'b0,                                              // bit planes: shifts of 0..6
  localparam int unsigned DW = $clog2(IC) + (PLANES ? 32'd8 : 32'd2)        // what one operation adds, signed
) (
  input  logic [IC-1:0]    a_i,
  input  logic [IC-1:0]    mask_i,
  input  logic [IC-1:0]    w_i,
  input  logic [DW-1:0]    n_i,
  // verilator lint_off UNUSEDSIGNAL
  input  logic [2:0]       sh_i,
  // verilator lint_on UNUSEDSIGNAL
  input  logic             first_i,
  input  logic [ACC_W-1:0] acc_i,
  output logic [ACC_W-1:0] sum_o
);
  logic [IC-1:0] x;
  logic [DW-1:0] count, delta;
  assign x = (a_i ^ w_i) & mask_i;
  assign count = DW'($countones(x)) << (PLANES ? sh_i : 3'd1);
  assign delta = n_i + count;
  assign sum_o = (first_i ? '0 : acc_i) + ACC_W'($signed(delta));
endmodule
