// SPDX-License-Identifier: MIT
// One output channel of the XNOR array, as it is synthesized: IC lanes, their counter and the accumulate adder.
// sum = acc + n + popcount((a ^ w) & mask) << (PLANES ? sh : 1). The activations come as what a weight of 0 and a weight of 1
// would count, a & mask and ~a & mask, worked out once for all output channels: a lane is then one multiplexer. Whoever drives
// it folds subtraction into them and n: popcount(x & mask) = popcount(mask) - popcount(~x & mask).
module lxa_xnor_column #(
  parameter int unsigned IC = lxa_cfg_pkg::XNOR_IC,
  parameter int unsigned ACC_W = 32,
  parameter bit PLANES = 1'b0,                                              // bit planes: shifts of 0..6
  localparam int unsigned DW = $clog2(IC) + (PLANES ? 32'd8 : 32'd2)        // what one operation adds, signed
) (
  input  logic [IC-1:0]    if0_i,     // never 1 where if1_i is
  input  logic [IC-1:0]    if1_i,
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
  assign x = (if0_i & ~w_i) | (if1_i & w_i);
  assign count = DW'($countones(x)) << (PLANES ? sh_i : 3'd1);
  assign delta = n_i + count;
  assign sum_o = (first_i ? '0 : acc_i) + ACC_W'($signed(delta));
endmodule
